package definition

import (
	"context"
	"os"
	"strings"
	"testing"

	"pgrex/internal/run"
)

// inUse is a CIB of a cluster that works.
const inUse = `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="41" num_updates="7" admin_epoch="0">
  <configuration>
    <crm_config><cluster_property_set id="cib-bootstrap-options"><nvpair id="p1" name="no-quorum-policy" value="freeze"/>
      <nvpair id="p2" name="dc-version" value="2.1.5"/><nvpair id="p3" name="have-watchdog" value="false"/></cluster_property_set></crm_config>
    <nodes><node id="1" uname="node01"><instance_attributes id="nodes-1"><nvpair id="n1" name="pgsql-data-status" value="LATEST"/><nvpair id="n2" name="rack" value="1"/></instance_attributes></node>
    <node id="2" uname="node02"/></nodes>
    <resources><primitive id="left" class="ocf" provider="pacemaker" type="Dummy"/></resources>
    <constraints/>
    <acls><acl_role id="watch"><acl_permission id="w" kind="read" xpath="/cib"/></acl_role></acls>
  </configuration>
  <status><node_state id="1" uname="node01" in_ccm="true" crmd="online"/></status>
</cib>
`

func TestUpdated(t *testing.T) {
	current, err := ParseCIB([]byte(inUse))
	if err != nil {
		t.Fatal(err)
	}
	before := string(current.Text())
	d := read(t, []byte("property stonith-enabled=false\nnode NODE02 attributes rack=7 pgsql-data-status=LATEST\nnode node01 attributes rack=6\n"+
		"primitive pgsql ocf:x:y op monitor interval=9s role=Master\nms m pgsql\n"))
	updated, err := d.Updated(current)
	if err != nil {
		t.Fatal(err)
	}
	if string(current.Text()) != before {
		t.Error("the present CIB is changed")
	}
	const want = `acls ` + `
 acl_role id=watch
  acl_permission id=w kind=read xpath=/cib
`
	configuration := updated.section("configuration")
	if got := canonical(configuration.section("acls"), 0); got != want {
		t.Errorf("%s", got)
	}
	const nodes = `nodes ` + `
 node id=1 uname=node01
  instance_attributes ` + `
   nvpair name=pgsql-data-status value=LATEST
   nvpair name=rack value=6
 node id=2 uname=node02
  instance_attributes ` + `
   nvpair name=rack value=7
`
	if got := canonical(configuration.section("nodes"), 0); got != nodes {
		t.Errorf("nodes are\n%s", got)
	}
	properties := canonical(configuration.section("crm_config"), 0)
	for _, s := range []string{"name=stonith-enabled value=false", "name=dc-version value=2.1.5", "name=have-watchdog value=false"} {
		if !strings.Contains(properties, s) {
			t.Errorf("%q is not among the properties\n%s", s, properties)
		}
	}
	if strings.Contains(properties, "no-quorum-policy") {
		t.Error(properties)
	}
	text := string(updated.Text())
	if strings.Contains(text, `"left"`) || !strings.Contains(text, `role="Promoted"`) || !strings.Contains(text, "<node_state") || !strings.Contains(text, `epoch="41"`) {
		t.Error(text)
	}
	if _, err := read(t, []byte("node node09 attributes a=1\nproperty a=b\n")).Updated(current); err == nil || !strings.Contains(err.Error(), "node09") {
		t.Errorf("an unknown node: %v", err)
	}
}

func TestChange(t *testing.T) {
	needProgram(t, "crm_diff")
	file := liveCIB(t)
	t.Setenv("TMPDIR", t.TempDir())
	if err := os.WriteFile(file, []byte(inUse), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	r := &recorder{}
	current, err := Query(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	d := read(t, testFile(t, "pacemaker21-stonith.crm"))
	updated, err := d.Updated(current)
	if err != nil {
		t.Fatal(err)
	}
	if err := Change(ctx, r, current, updated); err != nil {
		t.Fatal(err)
	}
	now, err := Query(ctx, run.Local{})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := canonical(updated.section("configuration"), 0), canonical(now.section("configuration"), 0); a != b {
		t.Errorf("the CIB has\n%s\ninstead of\n%s", b, a)
	}
	for _, c := range r.calls {
		if argv := strings.Join(c.Argv, " "); strings.Contains(argv, "example-only") || strings.Contains(argv, "password") {
			t.Errorf("%q is run", c.Argv)
		}
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("%v: %v is left", err, left)
	}
	if err := Change(ctx, run.Local{}, updated, updated); err == nil {
		t.Error("no difference is loaded")
	}
}

func TestIsSecret(t *testing.T) {
	for name, want := range map[string]bool{"password": true, "passwd": true, "monitor_password": true, "ip": false, "primary_conninfo_opt": false, "username": false} {
		if IsSecret(name) != want {
			t.Errorf("%s", name)
		}
	}
}
