package definition

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgrex/internal/run"
)

// recorder notes what is run, and runs it unless it has an answer.
type recorder struct {
	calls   []run.Command
	answers map[string]string
}

func (r *recorder) Run(ctx context.Context, c run.Command) (run.Result, error) {
	r.calls = append(r.calls, c)
	if text, ok := r.answers[strings.Join(c.Argv, " ")]; ok {
		return run.Result{Stdout: []byte(text)}, nil
	}
	return run.Local{}.Run(ctx, c)
}

const running = `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="7" num_updates="3" admin_epoch="0">
  <configuration>
    <crm_config><cluster_property_set id="old"><nvpair id="old-1" name="no-quorum-policy" value="freeze"/></cluster_property_set></crm_config>
    <nodes><node id="1" uname="node01"><instance_attributes id="nodes-1"><nvpair id="nodes-1-s" name="pgsql-data-status" value="LATEST"/></instance_attributes></node>
    <node id="2" uname="node02"/></nodes>
    <resources><primitive id="left" class="ocf" provider="pacemaker" type="Dummy"/></resources>
    <constraints/>
  </configuration>
  <status><node_state id="1" uname="node01" in_ccm="true" crmd="online"/></status>
</cib>
`

func liveCIB(t *testing.T) (file string) {
	t.Helper()
	needProgram(t, "cibadmin")
	file = filepath.Join(t.TempDir(), "cib.xml")
	if err := os.WriteFile(file, []byte(running), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CIB_file", file) // the tools take it for the cluster
	return file
}

// Conformance: AT-026 (unit)
func TestLoad(t *testing.T) {
	file := liveCIB(t)
	r := &recorder{}
	text := testFile(t, "pgrex96-stonith.crm")
	if err := Load(context.Background(), r, read(t, text)); err != nil {
		t.Fatal(err)
	}
	for _, c := range r.calls {
		if filepath.Base(c.Argv[0]) != "cibadmin" || strings.Contains(strings.Join(c.Argv, " "), "example-only") {
			t.Errorf("%q is run", c.Argv)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	root, err := parseXML(got)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := parseXML([]byte(running))
	if a, b := canonical(before.section("status"), 0), canonical(root.section("status"), 0); a != b {
		t.Errorf("the state was\n%s\nand is\n%s", a, b)
	}
	configuration := root.section("configuration")
	if got := canonical(configuration.section("nodes"), 0); got != "nodes \n node id=1 uname=node01\n node id=2 uname=node02\n" {
		t.Errorf("nodes are\n%s", got)
	}
	want := read(t, text).translated(target(t, "3.9"))
	want.section("nodes").children = configuration.section("nodes").children
	if a, b := canonical(want, 0), canonical(configuration, 0); a != b {
		t.Errorf("loaded is\n%s\ninstead of\n%s", b, a)
	}
}

func TestLoadRefusedChangesNothing(t *testing.T) {
	file := liveCIB(t)
	for name, text := range map[string]string{
		"schema":       `<configuration><resources><nonsense id="a"/></resources></configuration>`,
		"unknown node": "node node09 attributes a=1",
	} {
		if err := Load(context.Background(), run.Local{}, read(t, []byte(text))); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != running {
		t.Errorf("the CIB is now (%v)\n%s", err, got)
	}
}

func TestLoadMergesNodes(t *testing.T) {
	r := &recorder{answers: map[string]string{"cibadmin -Q": strings.Replace(running, "3.9", "2.10", 1), "cibadmin -R -o configuration -p": ""}}
	// The data status is that of the cluster which the definition comes from.
	d := read(t, []byte("node NODE02 attributes rack=7 pgsql-data-status=LATEST other-data-status=1\nprimitive pgsql ocf:x:y\nms m pgsql"))
	if err := Load(context.Background(), r, d); err != nil {
		t.Fatal(err)
	}
	root, err := parseXML(r.calls[1].Stdin)
	if err != nil {
		t.Fatal(err)
	}
	const want = `nodes ` + `
 node id=1 uname=node01
 node id=2 uname=node02
  instance_attributes ` + `
   nvpair name=other-data-status value=1
   nvpair name=rack value=7
`
	if got := canonical(root.section("nodes"), 0); got != want {
		t.Errorf("nodes are\n%s", got)
	}
	if root.name != "configuration" || len(root.section("resources").named("master")) != 1 {
		t.Errorf("%s", root.text())
	}
	r = &recorder{answers: map[string]string{"cibadmin -Q": strings.Replace(running, "pacemaker-3.9", "none", 1)}}
	if err := Load(context.Background(), r, d); err == nil || len(r.calls) != 1 {
		t.Errorf("%v after %d calls", err, len(r.calls))
	}
}

// Conformance: AT-024 (unit)
func TestVerify(t *testing.T) {
	needProgram(t, "crm_verify")
	r := &recorder{}
	good := read(t, testFile(t, "pgrex96-stonith.crm")).CIB(target(t, "3.9"))
	if err := Verify(context.Background(), r, good); err != nil {
		t.Error(err)
	}
	if argv := r.calls[0].Argv; slices.ContainsFunc(argv, func(s string) bool { return len(s) > 10 }) {
		t.Errorf("%q is run", argv)
	}
	for name, tt := range map[string]struct{ old, new, detail string }{
		"no device": {`class="stonith"`, `class="systemd"`, "STONITH"},
		"schema":    {`on-fail="fence"`, `on-fail="explode"`, "error"},
		"reference": {`with-rsc="clnPing"`, `with-rsc="clnPong"`, "clnPong"},
	} {
		bad := strings.ReplaceAll(string(good), tt.old, tt.new)
		var e *InvalidError
		if err := Verify(context.Background(), run.Local{}, []byte(bad)); !errors.As(err, &e) || !strings.Contains(e.Detail, tt.detail) || strings.Contains(e.Detail, "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Serialized orders have no direction: a warning.
	odd := "property stonith-enabled=false\n" + two + "order o Serialize: a b symmetrical=true"
	if err := Verify(context.Background(), run.Local{}, read(t, []byte(odd)).CIB(target(t, "3.9"))); err != nil {
		t.Errorf("a warning: %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	var e *InvalidError
	if err := Verify(context.Background(), run.Local{}, good); err == nil || errors.As(err, &e) {
		t.Errorf("without crm_verify: %v", err)
	}
}

func TestInstalled(t *testing.T) {
	needProgram(t, "cibadmin")
	tg, err := Installed(context.Background(), run.Local{})
	if err != nil || tg.major < 1 || !strings.HasPrefix(tg.Schema, "pacemaker-") {
		t.Errorf("%+v, %v", tg, err)
	}
	r := &recorder{answers: map[string]string{"cibadmin --empty": `<cib validate-with="pacemaker-2.10"/>`}}
	if tg, err := Installed(context.Background(), r); err != nil || tg.promotableClones() {
		t.Errorf("%+v, %v", tg, err)
	}
	r.answers["cibadmin --empty"] = "<cib/>"
	if _, err := Installed(context.Background(), r); err == nil {
		t.Error("a CIB without schema is accepted")
	}
}
