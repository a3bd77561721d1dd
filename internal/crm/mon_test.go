package crm

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"sort"
	"strings"
	"testing"
)

// fixture reads a file whose name says which release printed it, or which
// release's documented form it has: those of 2.1.5 come from a real cluster.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// describe shows a state as lines that can be compared.
func describe(s State) string {
	var b strings.Builder
	fmt.Fprintf(&b, "quorate %t, ignores quorum %t, fencing %t\n", s.Quorate, s.IgnoresQuorum, s.Fencing)
	for _, n := range s.Nodes {
		fmt.Fprintf(&b, "%s %s online %t pending %t unclean %t", n.Name, n.ID, n.Online, n.Pending, n.Unclean)
		if !n.AttrsKnown {
			b.WriteString(" attributes unknown")
		}
		var names []string
		for name := range n.Attrs {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			fmt.Fprintf(&b, " %s=%s", name, n.Attrs[name])
		}
		b.WriteString("\n")
	}
	for _, i := range s.Instances {
		fmt.Fprintf(&b, "%s on %s: %s", i.Resource, i.Node, i.Role)
		if i.Failed {
			b.WriteString(" failed")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// Conformance: 115 (unit)
func TestParseMon(t *testing.T) {
	const others215 = `prmPing on node01: Started
prmPing on node02: Started
`
	tests := []struct{ file, want string }{
		{"crm_mon-2.1.5-sync.xml", `quorate true, ignores quorum true, fencing false
node01 1 online true pending false unclean false default_ping_set=100 master-pgsql=1000 pgsql-data-status=LATEST pgsql-master-baseline=0000000001B68698 pgsql-status=PRI
node02 2 online true pending false unclean false default_ping_set=100 master-pgsql=100 pgsql-data-status=STREAMING|SYNC pgsql-status=HS:sync
vip-slave on node02: Started
vip-master on node01: Started
vip-rep on node01: Started
pgsql on node01: Promoted
pgsql on node02: Unpromoted
` + others215},
		// On its way to or from being promoted an instance may be a primary.
		{"crm_mon-2.1.5-promoting.xml", `quorate true, ignores quorum true, fencing false
node01 1 online true pending false unclean false default_ping_set=100 master-pgsql=-INFINITY pgsql-data-status=LATEST pgsql-status=STOP
node02 2 online true pending false unclean false default_ping_set=100 master-pgsql=100 pgsql-data-status=STREAMING|SYNC pgsql-master-baseline=0000000003000060 pgsql-status=HS:alone
pgsql on node02: Promoted
` + others215},
		{"crm_mon-2.1.5-demoting.xml", `quorate true, ignores quorum true, fencing false
node01 1 online true pending false unclean false default_ping_set=100 master-pgsql=1000 pgsql-data-status=LATEST pgsql-master-baseline=0000000001B68698 pgsql-status=PRI
node02 2 online true pending false unclean false default_ping_set=100 master-pgsql=100 pgsql-data-status=STREAMING|SYNC pgsql-status=HS:sync
vip-slave on node02: Started
vip-master on node01: Started
vip-rep on node01: Started
pgsql on node01: Promoted failed
pgsql on node02: Unpromoted
` + others215},
		{"crm_mon-2.0.5.xml", `quorate true, ignores quorum false, fencing true
node01 1 online false pending false unclean true attributes unknown
node02 2 online true pending false unclean false master-pgsql=100 pgsql-data-status=STREAMING|SYNC pgsql-status=HS:sync
pgsql on node01: Promoted
pgsql on node02: Unpromoted
`},
		{"crm_mon-2.0.5-as-xml.xml", `quorate false, ignores quorum true, fencing false
node01 1 online false pending true unclean false
node02 2 online true pending false unclean false pgsql-status=HS:alone
pgsql on node02: Unpromoted failed
`},
		{"crm_mon-3.0.0.xml", `quorate true, ignores quorum false, fencing true
Node01 1 online true pending false unclean false master-pgsql=1000
Node02 2 online true pending false unclean false master-pgsql=100 odd=<&"
vip on Node01: Started
pgsql on Node01: Promoted
pgsql on Node02: Unpromoted
`},
	}
	files, _ := filepath.Glob("testdata/crm_mon-*.xml")
	if len(files) != len(tests) {
		t.Errorf("%d fixtures, %d of them tested", len(files), len(tests))
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			s, err := ParseMon(fixture(t, tt.file))
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(s); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// The order of XML attributes means nothing, and newer releases add some.
//
// Conformance: 115 (unit)
func TestParseMonAttributeOrder(t *testing.T) {
	element := regexp.MustCompile(`<([\w-]+)((?: [\w-]+="[^"]*")+)(/?)>`)
	attribute := regexp.MustCompile(`[\w-]+="[^"]*"`)
	files, _ := filepath.Glob("testdata/crm_mon-*.xml")
	turned := 0
	for _, file := range files {
		text := fixture(t, filepath.Base(file))
		other := element.ReplaceAllStringFunc(string(text), func(s string) string {
			m := element.FindStringSubmatch(s)
			attrs := attribute.FindAllString(m[2], -1)
			for i, j := 0, len(attrs)-1; i < j; i, j = i+1, j-1 {
				attrs[i], attrs[j] = attrs[j], attrs[i]
			}
			turned++
			return "<" + m[1] + ` new="x" ` + strings.Join(attrs, " ") + ` newer=""` + m[3] + ">"
		})
		want, err := ParseMon(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseMon([]byte(other)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\n%s\nwant\n%s", file, err, describe(got), describe(want))
		}
	}
	if turned < 100 {
		t.Errorf("only %d elements turned round", turned)
	}
}

func TestParseMonRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing", "", "cannot read the XML"},
		{"a sentence", "Error: cluster is not available on this node", "cannot read the XML"},
		{"half of it", string(fixture(t, "crm_mon-2.1.5-sync.xml")[:2000]), "cannot read the XML"},
		// What 2.1.5 prints on a node without a cluster, in either dialect.
		{"an error status", `<pacemaker-result api-version="2.25" request="crm_mon -1 --output-as=xml"><status code="102" message="Not connected"><errors><error>crm_mon: Connection to cluster failed: Connection refused</error></errors></status></pacemaker-result>`, "102: Not connected"},
		{"no cluster, --as-xml", `<crm_mon version="2.1.5"/>`, "lists no node"},
		{"an error status with nodes", `<pacemaker-result><nodes><node name="a"/></nodes><status code="1" message="Error occurred"/></pacemaker-result>`, "1: Error occurred"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := ParseMon([]byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v and %+v, want an error with %q", err, s, tt.want)
			}
		})
	}
}

// Release 3.0.2 has a second name for the property and calls the first one deprecated.
func TestFencingUnderBothNames(t *testing.T) {
	for _, name := range []string{"stonith-enabled", "fencing-enabled"} {
		s, err := ParseMon([]byte(`<pacemaker-result><summary><cluster_options ` + name + `="true"/></summary><nodes><node name="a"/></nodes></pacemaker-result>`))
		if err != nil || !s.Fencing {
			t.Errorf("%s: %v, fencing %t", name, err, s.Fencing)
		}
	}
}

func TestNodeNamesIgnoreCase(t *testing.T) {
	s, err := ParseMon(fixture(t, "crm_mon-3.0.0.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := s.Node("NODE01"); !ok || n.Name != "Node01" {
		t.Errorf("NODE01 is %+v, %t", n, ok)
	}
	if _, ok := s.Node("Node0"); ok {
		t.Error("a part of a name is found")
	}
	if !s.Promoted("pgsql", "node01") || s.Promoted("pgsql", "node02") || s.Promoted("pg", "node01") {
		t.Error("who is promoted where")
	}
}

func FuzzParseMon(f *testing.F) {
	files, _ := filepath.Glob("testdata/crm_mon-*.xml")
	for _, file := range files {
		f.Add(fixture(f, filepath.Base(file)))
	}
	f.Add([]byte(`<crm_mon version="2.1.5"/>`))
	f.Add([]byte(`<a><nodes><node name="x" online="maybe"/></nodes><resources><bundle><replica><resource id=":" active="1"><node/></resource></replica></bundle></resources></a>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ParseMon(text)
		if err != nil {
			return
		}
		if len(s.Nodes) == 0 {
			t.Error("no error and no node")
		}
		for _, n := range s.Nodes {
			if n.Attrs == nil || n.Online && !n.AttrsKnown || n.Online && n.Pending {
				t.Errorf("%+v", n)
			}
		}
		for _, i := range s.Instances {
			if strings.Contains(i.Resource, ":") || i.Role == "Master" || i.Role == "Slave" {
				t.Errorf("%+v", i)
			}
		}
		_ = s.addPermanent(text)
	})
}
