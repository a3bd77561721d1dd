package lab

import (
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var testDefinition = Definition{Nodes: []string{"node01", "node02"}, Provider: "linuxhajapan", PGBin: "/usr/lib/postgresql/15/bin",
	dialect: dialect{Schema: promotedSchema, Promoted: "Promoted"}}

func renderCIB(t *testing.T) string {
	t.Helper()
	cib, err := testDefinition.CIB()
	if err != nil {
		t.Fatal(err)
	}
	return cib
}

func TestCIBNamesEveryIDOnce(t *testing.T) {
	idsOnce(t, renderCIB(t))
	paf := testDefinition
	paf.PAF = true
	cib, err := paf.CIB()
	if err != nil {
		t.Fatal(err)
	}
	idsOnce(t, cib)
	if strings.Count(cib, `id="pgsql"`) != 1 || !strings.Contains(cib, `type="pgsqlms"`) || strings.Contains(cib, "rep_mode") {
		t.Error("the cluster of PAF has another agent")
	}
}

func idsOnce(t *testing.T, cib string) {
	t.Helper()
	seen := map[string]bool{}
	for d := xml.NewDecoder(strings.NewReader(cib)); ; {
		token, err := d.Token()
		if token == nil {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range element.Attr {
			if a.Name.Local != "id" {
				continue
			}
			if seen[a.Value] {
				t.Errorf("id %q is used twice", a.Value)
			}
			seen[a.Value] = true
		}
	}
	if len(seen) < 50 {
		t.Errorf("only %d ids seen", len(seen))
	}
}

// The learner's text and the file that the cluster reads must say the same.
func TestTextAndXMLSayTheSame(t *testing.T) {
	crm, err := testDefinition.CRM()
	if err != nil {
		t.Fatal(err)
	}
	cib := renderCIB(t)
	for _, m := range regexp.MustCompile(`(?:^|\s)([a-z_-]+)=("[^"]*"|\S+)`).FindAllStringSubmatch(crm, -1) {
		name, value := m[1], strings.Trim(m[2], `"`)
		pair := `name="` + name + `" value="` + value + `"`
		attribute := name + `="` + value + `"`
		if !strings.Contains(cib, pair) && !strings.Contains(cib, attribute) {
			t.Errorf("the XML lacks %s=%s", name, value)
		}
	}
	var ops []string
	for _, m := range regexp.MustCompile(`op (\w+) interval=(\w+)`).FindAllStringSubmatch(crm, -1) {
		ops = append(ops, m[1]+m[2])
	}
	for _, m := range regexp.MustCompile(`<op [^>]*name="(\w+)" interval="(\w+)"`).FindAllStringSubmatch(cib, -1) {
		if i := slices.Index(ops, m[1]+m[2]); i >= 0 {
			ops = slices.Delete(ops, i, i+1)
		} else {
			t.Errorf("the text lacks op %s %s", m[1], m[2])
		}
	}
	if len(ops) > 0 {
		t.Errorf("the XML lacks operations: %v", ops)
	}
}

func TestPacemakerAcceptsTheCIB(t *testing.T) {
	verify, err := exec.LookPath("/usr/sbin/crm_verify")
	if err != nil {
		t.Skip("crm_verify is not installed")
	}
	file := filepath.Join(t.TempDir(), "cib.xml")
	if err := os.WriteFile(file, []byte(renderCIB(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(verify, "--verbose", "--xml-file", file).CombinedOutput(); err != nil {
		t.Errorf("crm_verify: %v\n%s", err, out)
	}
}

func TestThreeNodesRunThreeInstances(t *testing.T) {
	d := testDefinition
	d.Nodes = append(slices.Clone(d.Nodes), "node03")
	cib, err := d.CIB()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`name="clone-max" value="3"`, `name="node_list" value="node01 node02 node03"`} {
		if !strings.Contains(cib, want) {
			t.Errorf("the CIB lacks %s", want)
		}
	}
}
