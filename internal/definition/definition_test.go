package definition

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgrex/internal/message"
	"pgrex/internal/run"
)

var files = []string{"pgrex96-stonith.crm", "pgrex96-nostonith.crm", "pacemaker21-stonith.crm"}

func testFile(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func read(t testing.TB, text []byte) Definition {
	t.Helper()
	d, err := Read(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func target(t testing.TB, schema string) Target {
	t.Helper()
	tg, err := NewTarget("pacemaker-" + schema)
	if err != nil {
		t.Fatal(err)
	}
	return tg
}

// need skips a test where a program is not installed; where nothing may be
// skipped the test fails.
func need(t *testing.T, what string, found bool) {
	t.Helper()
	switch {
	case found:
	case os.Getenv("CI") != "":
		t.Fatalf("%s is needed", what)
	default:
		t.Skipf("%s is not there", what)
	}
}

func needProgram(t *testing.T, name string) {
	t.Helper()
	_, err := exec.LookPath(name)
	need(t, name, err == nil)
}

// canonical is a CIB without what says nothing: ids that readers make up, the
// order of what has none.
func canonical(e *element, depth int) string {
	var attrs, children []string
	for _, a := range e.attrs {
		made := slices.Contains([]string{"rule", "expression", "nvpair", "instance_attributes", "meta_attributes", "op", "fencing-level", "cib"}, e.name)
		if !(a.name == "id" && made) && !(a.name == "boolean-op" && a.value == "and") && e.name != "cib" {
			attrs = append(attrs, a.name+"="+a.value)
		}
	}
	slices.Sort(attrs)
	for _, c := range e.children {
		children = append(children, canonical(c, depth+1))
	}
	if e.name != "group" {
		slices.Sort(children)
	}
	return fmt.Sprintf("%s%s %s\n%s", strings.Repeat(" ", depth), e.name, strings.Join(attrs, " "), strings.Join(children, ""))
}

func TestSameAsCrmsh(t *testing.T) {
	needProgram(t, "crm")
	for _, name := range files {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			cib := filepath.Join(dir, "cib.xml")
			empty := read(t, []byte("<configuration/>")).CIB(target(t, "3.9"))
			if err := os.WriteFile(cib, empty, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("crm", "-F", "configure", "load", "replace", filepath.Join("testdata", name))
			cmd.Env = append(os.Environ(), "CIB_file="+cib, "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_CACHE_HOME="+dir)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			text, err := os.ReadFile(cib)
			if err != nil {
				t.Fatal(err)
			}
			theirs, ours := read(t, text), read(t, testFile(t, name))
			for _, schema := range []string{"2.10", "3.9"} {
				tg := target(t, schema)
				a, b := canonical(theirs.translated(tg), 0), canonical(ours.translated(tg), 0)
				if a != b {
					t.Errorf("crmsh makes\n%s\nwe make\n%s", a, b)
				}
			}
			if len(theirs.primitives) < 6 {
				t.Errorf("only %d primitives", len(theirs.primitives))
			}
		})
	}
}

// Conformance: AT-026 (unit)
func TestDefinitionsAreValidForEveryRelease(t *testing.T) {
	needProgram(t, "crm_verify")
	for _, name := range files {
		d := read(t, testFile(t, name))
		for _, schema := range []string{"1.2", "2.0", "2.10", "3.0", "3.6", "3.7", "3.9"} {
			if err := Verify(context.Background(), run.Local{}, d.CIB(target(t, schema))); err != nil {
				t.Errorf("%s for schema %s: %v", name, schema, err)
			}
		}
	}
}

// From schema 4 on a location constraint has one rule. Every rule stays.
func TestOneRuleForEachLocation(t *testing.T) {
	for _, name := range files {
		d := read(t, testFile(t, name))
		rules := func(schema string) (all, most int) {
			ids := map[string]bool{}
			configuration := d.translated(target(t, schema))
			for _, c := range configuration.section("constraints").named("rsc_location") {
				n := len(c.named("rule"))
				all, most = all+n, max(most, n)
				if ids[c.attr("id")] {
					t.Errorf("%s: the id %s is there twice", name, c.attr("id"))
				}
				ids[c.attr("id")] = true
			}
			return all, most
		}
		before, several := rules("3.9")
		after, one := rules("4.0")
		if before == 0 || after != before || several < 2 || one != 1 {
			t.Errorf("%s: %d rules, up to %d in one, become %d, up to %d", name, before, several, after, one)
		}
	}
}

func TestWordsOfTheRelease(t *testing.T) {
	for _, name := range []string{"pgrex96-nostonith.crm", "pacemaker21-stonith.crm"} {
		d := read(t, testFile(t, name))
		for _, tt := range []struct {
			schema        string
			with, without []string
		}{
			{"2.10", []string{`<master id="msPostgresql"`, `"master-max"`, `"master-node-max"`, `role="Master"`}, []string{"romot"}},
			{"3.0", []string{`<clone id="msPostgresql"`, `name="promotable" value="true"`, `"promoted-max"`, `role="Master"`}, []string{"<master", `"master-max"`, "Promoted"}},
			{"3.7", []string{`<clone id="msPostgresql"`, `"promoted-max"`, `with-rsc-role="Promoted"`, `role="Promoted"`}, []string{"<master", `"Master"`, "master-max"}},
		} {
			text := string(d.CIB(target(t, tt.schema)))
			// Actions are called promote everywhere.
			text = strings.NewReplacer(`"promote"`, "", "-promote-", "", "ord-promote", "").Replace(text)
			for _, s := range tt.with {
				if !strings.Contains(text, s) {
					t.Errorf("%s for %s lacks %s", name, tt.schema, s)
				}
			}
			for _, s := range tt.without {
				if i := strings.Index(text, s); i >= 0 && !strings.Contains(text[max(0, i-60):i], "id=") {
					t.Errorf("%s for %s has %s: %s", name, tt.schema, s, text[max(0, i-60):i+40])
				}
			}
		}
	}
	// One that has no meta-attributes gets them.
	d := read(t, []byte("primitive p ocf:a:b\nms m p"))
	if s := string(d.CIB(target(t, "4.0"))); !strings.Contains(s, `name="promotable" value="true"`) || strings.Contains(s, "<master") {
		t.Error(s)
	}
	for _, bad := range []string{"", "none", "pacemaker-", "pacemaker-3", "transitional-0.6"} {
		if _, err := NewTarget(bad); err == nil {
			t.Errorf("schema %q is accepted", bad)
		}
	}
}

const two = "primitive a ocf:x:y\nprimitive b ocf:x:y\n"

var statements = []struct{ name, text, want string }{
	{"property", "property a=1 b='x y'\nproperty c=\"\"", `<cluster_property_set id="cib-bootstrap-options">
<nvpair id="cib-bootstrap-options-a" name="a" value="1"/>
<nvpair id="cib-bootstrap-options-b" name="b" value="x y"/>
<nvpair id="cib-bootstrap-options-c" name="c" value=""/>
</cluster_property_set>`},
	{"backslashes", `property a="C:\\new" b="C:\new" c='C:\\new'`, `<nvpair id="cib-bootstrap-options-a" name="a" value="C:\new"/>
<nvpair id="cib-bootstrap-options-b" name="b" value="C:\new"/>
<nvpair id="cib-bootstrap-options-c" name="c" value="C:\\new"/>`},
	{"property with id", `property $id="p1" a=1`, `<cluster_property_set id="p1">
<nvpair id="p1-a" name="a" value="1"/>`},
	{"resource defaults", "rsc_defaults a=1", `<rsc_defaults>
<meta_attributes id="rsc-options">
<nvpair id="rsc-options-a" name="a" value="1"/>`},
	{"operation defaults", "op_defaults $id=o timeout=9", `<op_defaults>
<meta_attributes id="o">
<nvpair id="o-timeout" name="timeout" value="9"/>`},
	{"node", "node $id=\"1\" n1:normal attributes standby=off utilization cpu=4", `<node id="1" uname="n1">
<instance_attributes id="nodes-1-instance_attributes">
<nvpair id="nodes-1-instance_attributes-standby" name="standby" value="off"/>
</instance_attributes>
<utilization id="nodes-1-utilization">
<nvpair id="nodes-1-utilization-cpu" name="cpu" value="4"/>
</utilization>
</node>`},
	{"node, newer", "node 2: n2 \\\n\tstandby=on", `<node id="2" uname="n2">
<instance_attributes id="nodes-2-instance_attributes">
<nvpair id="nodes-2-instance_attributes-standby" name="standby" value="on"/>`},
	{"primitive", "primitive p stonith:external/ipmi description=\"d\" params $id=\"pp\" a=\"say \\\"hi\\\"\" b=C:\\\\n c='a\"b' meta m=1 \\\n  operations $id=\"p-ops\" \\\n op monitor interval=9s role=master OCF_CHECK_LEVEL=10 \\\n op start", `<primitive id="p" class="stonith" type="external/ipmi" description="d">
<instance_attributes id="pp">
<nvpair id="pp-a" name="a" value="say &#34;hi&#34;"/>
<nvpair id="pp-b" name="b" value="C:\n"/>
<nvpair id="pp-c" name="c" value="a&#34;b"/>
</instance_attributes>
<meta_attributes id="p-meta_attributes">
<nvpair id="p-meta_attributes-m" name="m" value="1"/>
</meta_attributes>
<operations id="p-ops">
<op id="p-monitor-9s" name="monitor" interval="9s" role="Master">
<instance_attributes id="p-monitor-9s-instance_attributes">
<nvpair id="p-monitor-9s-instance_attributes-OCF_CHECK_LEVEL" name="OCF_CHECK_LEVEL" value="10"/>
</instance_attributes>
</op>
<op id="p-start-0" name="start" interval="0"/>
</operations>
</primitive>`},
	{"primitive without a word before its parameters", "primitive p ocf:x:y a=1 op monitor op_params d=1 op_meta e=2", `<primitive id="p" class="ocf" provider="x" type="y">
<instance_attributes id="p-instance_attributes">
<nvpair id="p-instance_attributes-a" name="a" value="1"/>
</instance_attributes>
<operations>
<op id="p-monitor-0" name="monitor" interval="0">
<instance_attributes id="p-monitor-0-instance_attributes">
<nvpair id="p-monitor-0-instance_attributes-d" name="d" value="1"/>
</instance_attributes>
<meta_attributes id="p-monitor-0-meta_attributes">
<nvpair id="p-monitor-0-meta_attributes-e" name="e" value="2"/>`},
	{"two operations that would have one id", "primitive p ocf:x:y op monitor role=Started op monitor role=Master", `<op id="p-monitor-0" name="monitor" role="Started" interval="0"/>
<op id="p-monitor-0-0" name="monitor" role="Master" interval="0"/>`},
	{"a node that is called like a resource", "primitive d stonith:x\nnode d", `<node id="d" uname="d"/>`},
	{"an id that the text gives goes first", "primitive p ocf:x:y a=1\nprimitive p-instance_attributes ocf:x:y", `<instance_attributes id="p-instance_attributes-0">`},
	{"group in clone", "clone c g meta interleave=true\ngroup g b a meta x=1\n" + two, `<clone id="c">
<meta_attributes id="c-meta_attributes">
<nvpair id="c-meta_attributes-interleave" name="interleave" value="true"/>
</meta_attributes>
<group id="g">
<meta_attributes id="g-meta_attributes">
<nvpair id="g-meta_attributes-x" name="x" value="1"/>
</meta_attributes>
<primitive id="b" class="ocf" provider="x" type="y"/>
<primitive id="a" class="ocf" provider="x" type="y"/>
</group>
</clone>`},
	{"master", "master m a\n" + two, "<master id=\"m\">\n<primitive id=\"a\""},
	{"fencing of each node", "primitive d1 stonith:x\nprimitive d2 stonith:x\nfencing_topology n1: d1 d2 n2: d1,d2", `<fencing-topology>
<fencing-level id="fencing-n1-1" target="n1" index="1" devices="d1"/>
<fencing-level id="fencing-n1-2" target="n1" index="2" devices="d2"/>
<fencing-level id="fencing-n2-1" target="n2" index="1" devices="d1,d2"/>
</fencing-topology>`},
	{"fencing of all nodes", "primitive d stonith:x\nfencing_topology d\nprimitive p ocf:x:y node_list='n2 n1'", `<fencing-level id="fencing-n1-1" target="n1" index="1" devices="d"/>
<fencing-level id="fencing-n2-1" target="n2" index="1" devices="d"/>`},
	{"fencing of all nodes that are named", "primitive d stonith:x\nfencing-topology d\nnode n7", `<fencing-level id="fencing-n7-1" target="n7" index="1" devices="d"/>`},
	{"location", two + "location l a -inf: n1\nlocation k b role=Master 100: n2", `<rsc_location id="l" rsc="a" score="-INFINITY" node="n1"/>
<rsc_location id="k" rsc="b" role="Master" score="100" node="n2"/>`},
	{"location by rules", two + "location l a rule $id=\"r1\" $role=\"Master\" INFINITY: #uname eq n1 or \\\n not_defined x or defined y \\\n rule a lt 3 and b number:gte 4 \\\n rule -5: rule2 ne v\nlocation k b rule $id-ref=\"r1\"", `<rsc_location id="l" rsc="a">
<rule id="r1" role="Master" score="INFINITY" boolean-op="or">
<expression id="r1-expression" attribute="#uname" operation="eq" value="n1"/>
<expression id="r1-expression-0" attribute="x" operation="not_defined"/>
<expression id="r1-expression-1" attribute="y" operation="defined"/>
</rule>
<rule id="l-rule" score="INFINITY" boolean-op="and">
<expression id="l-rule-expression" attribute="a" operation="lt" value="3"/>
<expression id="l-rule-expression-0" attribute="b" type="number" operation="gte" value="4"/>
</rule>
<rule id="l-rule-0" score="-5">
<expression id="l-rule-expression-1" attribute="rule2" operation="ne" value="v"/>
</rule>
</rsc_location>
<rsc_location id="k" rsc="b">
<rule id-ref="r1"/>
</rsc_location>`},
	{"colocation", two + "colocation c inf: a b:Promoted\ncollocation e -10: a:slave b node-attribute=rack", `<rsc_colocation id="c" score="INFINITY" rsc="a" with-rsc="b" with-rsc-role="Promoted"/>
<rsc_colocation id="e" score="-10" rsc="a" rsc-role="Slave" with-rsc="b" node-attribute="rack"/>`},
	{"order", two + "order o inf: a:promote b:start symmetrical=off\norder p 0: a b\norder q Serialize: a b symmetrical=true\norder r a b\norder s 50: a b", `<rsc_order id="o" kind="Mandatory" first="a" first-action="promote" then="b" then-action="start" symmetrical="false"/>
<rsc_order id="p" kind="Optional" first="a" then="b"/>
<rsc_order id="q" kind="Serialize" first="a" then="b" symmetrical="true"/>
<rsc_order id="r" first="a" then="b"/>
<rsc_order id="s" kind="Mandatory" first="a" then="b"/>`},
	{"parameters by rule", "primitive p ocf:x:y params 1: rule #uname eq n1 and defined x a=1 params a=2", `<instance_attributes id="p-instance_attributes" score="1">
<rule id="p-instance_attributes-rule" score="INFINITY" boolean-op="and">
<expression id="p-instance_attributes-rule-expression" attribute="#uname" operation="eq" value="n1"/>
<expression id="p-instance_attributes-rule-expression-0" attribute="x" operation="defined"/>
</rule>
<nvpair id="p-instance_attributes-a" name="a" value="1"/>
</instance_attributes>
<instance_attributes id="p-instance_attributes-0">`},
	{"ticket", two + "rsc_ticket t T: a:Master loss-policy=stop\nrsc_ticket u T: b", `<rsc_ticket id="t" ticket="T" rsc="a" rsc-role="Master" loss-policy="stop"/>
<rsc_ticket id="u" ticket="T" rsc="b"/>`},
	{"alert", "alert a /x.sh attributes p=1 meta timeout=5s to { r1 attributes q=2 } to r2 meta timeout=4s\nalert b /y.sh", `<alert id="a" path="/x.sh">
<instance_attributes id="a-instance_attributes">
<nvpair id="a-instance_attributes-p" name="p" value="1"/>
</instance_attributes>
<meta_attributes id="a-meta_attributes">
<nvpair id="a-meta_attributes-timeout" name="timeout" value="5s"/>
</meta_attributes>
<recipient id="a-recipient-1" value="r1">
<instance_attributes id="a-recipient-1-instance_attributes">
<nvpair id="a-recipient-1-instance_attributes-q" name="q" value="2"/>
</instance_attributes>
</recipient>
<recipient id="a-recipient-2" value="r2">
<meta_attributes id="a-recipient-2-meta_attributes">
<nvpair id="a-recipient-2-meta_attributes-timeout" name="timeout" value="4s"/>
</meta_attributes>
</recipient>
</alert>
<alert id="b" path="/y.sh"/>`},
	{"text of another system", "\ufeff# c\r\nproperty a=1 \\\r\n\tb=\u3042\r\n", `name="b" value="` + "\u3042" + `"`},
}

func TestStatements(t *testing.T) {
	for _, tt := range statements {
		d, err := Read([]byte(tt.text))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var lines []string
		for _, l := range strings.Split(string(d.configuration.text()), "\n") {
			lines = append(lines, strings.TrimSpace(l))
		}
		if _, err := Read(d.CIB(target(t, "3.9"))); err != nil {
			t.Errorf("%s: as XML: %v", tt.name, err)
		}
		if got := strings.Join(lines, "\n"); !strings.Contains(got, tt.want) {
			t.Errorf("%s: no\n%s\nin\n%s", tt.name, tt.want, got)
		}
	}
}

// Conformance: AT-026 (unit)
func TestUnknownLines(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		line       int
	}{
		{"statement", "property a=1\n\n# c\ntag t a", 4},
		{"nothing", "# nothing\n", 1},
		{"alert", "alert a", 1},
		{"word in an alert", "alert a /x.sh select nodes", 1},
		{"brace in an alert", "alert a /x.sh to { r attributes a=1", 1},
		{"ticket", two + "rsc_ticket t T a", 3},
		{"resource of a ticket", "rsc_ticket t T: a", 1},
		{"template", "rsc_template t ocf:x:y", 1},
		{"XML in crmsh text", "property a=1\nxml <primitive/>", 2},
		{"name without value", "primitive p ocf:x:y \\\n\tparams a=1 \\\n\t\tb", 3},
		{"mistyped keyword", "primitive p ocf:x:y \\\n\tparam a=1", 2},
		{"nothing after a keyword", "primitive p ocf:x:y params meta a=1", 1},
		{"rule in parameters", "primitive p ocf:x:y \\\nparams rule #uname is n1 a=1", 2},
		{"rule without parameters", "primitive p ocf:x:y \\\nparams rule #uname eq n1", 2},
		{"reference in parameters", "primitive p ocf:x:y params @x", 1},
		{"set by reference", "primitive p ocf:x:y params $id-ref=q", 1},
		{"twice a name", "primitive p ocf:x:y a=1 \\\n a=2", 2},
		{"twice a name in an operation", "primitive p ocf:x:y op start timeout=1 \\\n timeout=2", 2},
		{"twice a name in two statements", "property a=1\nproperty a=2", 2},
		{"twice an id", two + "primitive a ocf:x:y", 3},
		{"short type", "primitive p Dummy", 1},
		{"type without provider", "primitive p ocf:Dummy", 1},
		{"template of a primitive", "primitive p @t", 1},
		{"id that XML does not have", "primitive 1p ocf:x:y", 1},
		{"remote node", "node n1:remote", 1},
		{"node twice", "node n1\nnode N1", 2},
		{"operation without name", "primitive p ocf:x:y op interval=1", 1},
		{"role of an operation", "primitive p ocf:x:y op monitor \\\n role=Leader", 2},
		{"member that is not there", "primitive a ocf:x:y\ngroup g a \\\n  nobody", 3},
		{"member of two groups", two + "group g a b\ngroup h a", 4},
		{"group in group", two + "group g a\ngroup h g b", 4},
		{"clone of a clone", two + "clone c a\nclone d c", 4},
		{"clone of two", two + "clone c a b", 3},
		{"constraint of nothing", two + "colocation c inf: a nobody", 3},
		{"constraint of a constraint", two + "location l a 1: n1\nlocation k l 1: n1", 4},
		{"set of resources", two + "colocation c inf: a ( b c )", 3},
		{"three resources", two + "order o a b a", 3},
		{"pattern", "location l /a.*/ 1: n", 1},
		{"score", two + "location l a many: n1", 3},
		{"score of an order", two + "order o -inf: a b", 3},
		{"action", two + "order o a:run b", 3},
		{"role", two + "colocation c inf: a:Leader b", 3},
		{"not a truth value", two + "order o a b symmetrical=maybe", 3},
		{"and beside or", two + "location l a rule 1: x eq 1 and y eq 2 \\\n or z eq 3", 4},
		{"date", two + "location l a rule date gt 2020-01-01", 3},
		{"comparison", two + "location l a rule x is 3", 3},
		{"no value", two + "location l a rule x eq", 3},
		{"value from elsewhere", two + "location l a rule x eq meta{y}", 3},
		{"rule that is not there", two + "location l a rule $id-ref=r", 3},
		{"neither score nor rule", two + "location l a", 3},
		{"level without device", "primitive d stonith:x\nfencing_topology n1: \\\n n2: d", 2},
		{"device that is none", two + "fencing_topology n1: a", 3},
		{"level of unknown nodes", "primitive d stonith:x\nfencing_topology d", 2},
		{"node of two levels", "primitive d stonith:x\nfencing_topology n1: d \\\n n1: d", 3},
		{"quote", "property a=\"1 \\\n b=2\"", 1},
		{"backslash in a word", "property a=1\\\nb=2", 1},
		{"comment that goes on", "# c \\\nproperty a=1", 1},
		{"comment inside", "property a=1 \\\n# c\nrsc_defaults a=1", 2},
		{"control character", "property a=1\nproperty b=\x01", 2},
		{"not UTF-8", "property a=1\nproperty b=\xff", 2},
	} {
		_, err := Read([]byte(tt.text))
		var e *LineError
		if !errors.As(err, &e) || e.Line != tt.line {
			t.Errorf("%s: %v, want an error of line %d", tt.name, err, tt.line)
			continue
		}
		p := ProblemOf(err)
		if p.ID != message.PST037 || !slices.Equal(p.Args, []any{"line", e.Line, "text", e.Text}) {
			t.Errorf("%s: %+v", tt.name, p)
		}
	}
}

func TestLineErrorsKeepSecrets(t *testing.T) {
	_, err := Read([]byte("primitive p stonith:x \\\n  params ip=10.0.0.1 passwd=\"geheim one\" two\""))
	var e *LineError
	if !errors.As(err, &e) || e.Text != "params ip=10.0.0.1 passwd=***" || strings.Contains(err.Error(), "geheim") {
		t.Errorf("%v", err)
	}
}

func TestReadXML(t *testing.T) {
	d := read(t, []byte(`<?xml version="1.0" encoding="UTF-8"?>
<!-- made by hand -->
<cib validate-with="pacemaker-3.9"><configuration>
 <crm_config><cluster_property_set id="other"><nvpair id="x1" name="stonith-enabled" value="false"/></cluster_property_set>
 <cluster_property_set id="cib-bootstrap-options"><nvpair value="true" name="stonith-enabled" id="x2"/></cluster_property_set></crm_config>
 <resources><clone id="cl"><meta_attributes id="m"><nvpair name="promotable" value="true" id="m1"/></meta_attributes>
 <primitive type="pgsql" id="pg" class="ocf" provider="heartbeat"><instance_attributes id="any-name">
 <nvpair value="a&amp;b &lt;&quot;&#x3042;" id="q" name="restore_command"/></instance_attributes></primitive></clone></resources>
</configuration><status/></cib>`))
	p, ok := d.Clone("cl")
	if !ok || p.Resource != "pg" || !p.Promotable || p.Params["restore_command"] != "a&b <\"\u3042" {
		t.Errorf("%+v", p)
	}
	if v, ok := d.Property("stonith-enabled"); !ok || v != "true" {
		t.Errorf("stonith-enabled is %q", v)
	}
	again := read(t, d.CIB(target(t, "3.9")))
	if a, b := canonical(d.configuration, 0), canonical(again.configuration, 0); a != b {
		t.Errorf("written and read it is\n%s\nfor\n%s", b, a)
	}
	for name, bad := range map[string]string{
		"not closed":         "<cib><configuration>",
		"another document":   "<html/>",
		"no configuration":   "<cib/>",
		"two configurations": "<cib><configuration/><configuration/></cib>",
		"two roots":          "<configuration/><configuration/>",
		"document type":      `<!DOCTYPE cib><configuration/>`,
		"entity":             `<!DOCTYPE c [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><configuration><x y="&b;"/></configuration>`,
		"file as entity":     `<!DOCTYPE c [<!ENTITY f SYSTEM "file:///etc/passwd">]><configuration/>`,
		"unknown entity":     `<configuration><x y="&a;"/></configuration>`,
		"text":               "<configuration>text</configuration>",
		"attribute twice":    `<configuration a="1" a="2"/>`,
		"id twice":           `<configuration><resources><primitive id="a"/><primitive id="a"/></resources></configuration>`,
		"section twice":      `<configuration><resources/><resources/></configuration>`,
		"namespace":          `<configuration xmlns="x"/>`,
		"instruction":        `<configuration/><?php x?>`,
		"not UTF-8":          "<configuration a=\"\xff\"/>",
		"too deep":           "<configuration>" + strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100) + "</configuration>",
	} {
		if _, err := Read([]byte(bad)); err == nil {
			t.Errorf("%s is accepted", name)
		} else if p := ProblemOf(err); p.ID != message.PST032 {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if _, err := Read(make([]byte, maxSize+1)); err == nil {
		t.Error("any size is accepted")
	}
}

func wanted() Wanted {
	return Wanted{Promotable: "msPostgresql", Primitive: "pgsql", Nodes: []string{"node02", "node01"}, Stonith: true,
		Resources: []string{"vip-master", "vip-rep", "vip-slave", "clnPing", "clnDiskd1", "clnDiskd2", "grpStonith1", "grpStonith2"}}
}

// Conformance: AT-024 (unit)
func TestCheck(t *testing.T) {
	old := string(testFile(t, "pgrex96-stonith.crm"))
	replace := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(old) }
	problem := func(id message.ID, args ...any) Problem { return Problem{id, args} }
	for _, tt := range []struct {
		name, text string
		want       []Problem
	}{
		{"as it should be", old, nil},
		{"case of node names", replace(`"node01 node02"`, `"NODE01 Node02"`), nil},
		{"no pgdata", replace(`pgdata="/dbfp/pgdata/data"`, `x="y"`), []Problem{problem(message.PST031, "id", "pgsql", "key", "pgdata")}},
		{"empty repuser", replace(`repuser="repuser"`, `repuser=""`), []Problem{problem(message.PST031, "id", "pgsql", "key", "repuser")}},
		{"neither master_ip nor node_list", replace("master_ip=", "x=", "node_list=", "y="),
			[]Problem{problem(message.PST031, "id", "pgsql", "key", "master_ip"), problem(message.PST031, "id", "pgsql", "key", "node_list")}},
		{"foreign node", replace(`"node01 node02"`, `"node01 node03"`), []Problem{problem(message.PST034, "a", "node01 node03", "b", "node02 node01")}},
		{"a node too many", replace(`"node01 node02"`, `"node01 node02 node03"`), []Problem{problem(message.PST034, "a", "node01 node02 node03", "b", "node02 node01")}},
		{"foreign node in a rule", replace("#uname eq node01", "#uname eq pm01"), []Problem{problem(message.PST034, "a", "node01 node02 pm01", "b", "node02 node01")}},
		{"foreign node to fence", replace("node02: prm", "pm02: prm"), []Problem{problem(message.PST034, "a", "node01 node02 pm02", "b", "node02 node01")}},
		{"another promotable", replace("msPostgresql", "msOther"), []Problem{problem(message.PST035, "id", "msPostgresql")}},
		{"a clone that is not promotable", replace("ms msPostgresql", "clone msPostgresql"), []Problem{problem(message.PST035, "id", "msPostgresql")}},
		{"another primitive in the clone", replace("ms msPostgresql \\\n\tpgsql \\", "ms msPostgresql \\\n\tother \\") + "\nms msOther pgsql\nprimitive other ocf:x:y",
			[]Problem{problem(message.PST035, "id", "msPostgresql")}},
		{"another clone of a configured id", replace("clnDiskd2", "clnDisk"), []Problem{problem(message.PST035, "id", "clnDiskd2")}},
		{"no fencing", replace(`stonith-enabled="true"`, `stonith-enabled="no"`), []Problem{problem(message.PST038, "a", false, "b", "enable")}},
		{"fencing by default", replace(`stonith-enabled="true"`, `x="true"`), nil},
		{"all at once", "property stonith-enabled=false", []Problem{
			problem(message.PST035, "id", "pgsql"), problem(message.PST035, "id", "msPostgresql"), problem(message.PST035, "id", "vip-master"),
			problem(message.PST035, "id", "vip-rep"), problem(message.PST035, "id", "vip-slave"), problem(message.PST035, "id", "clnPing"),
			problem(message.PST035, "id", "clnDiskd1"), problem(message.PST035, "id", "clnDiskd2"), problem(message.PST035, "id", "grpStonith1"),
			problem(message.PST035, "id", "grpStonith2"), problem(message.PST038, "a", false, "b", "enable")}},
	} {
		got := read(t, []byte(tt.text)).Check(wanted())
		if fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
		for _, p := range got {
			for _, printer := range []message.Printer{message.In("en"), message.In("ja")} {
				if text := printer.Text(p.ID, p.Args...); strings.ContainsAny(text, "{}") {
					t.Errorf("%s: %q lacks a value", tt.name, text)
				}
			}
			if wantExit := map[bool]int{true: 0, false: 3}[p.ID == message.PST038]; p.ID.Exit() != wantExit {
				t.Errorf("%s ends with %d", p.ID, p.ID.Exit())
			}
		}
	}
	w := wanted()
	w.Stonith = false
	if got := read(t, []byte(old)).Check(w); len(got) != 1 || got[0].ID != message.PST038 || got[0].ID.Kind() != message.Warning {
		t.Errorf("%v", got)
	}
}

// Conformance: AT-025 (unit)
func TestTmpdirOfTheDefinition(t *testing.T) {
	old := string(testFile(t, "pgrex96-nostonith.crm"))
	with := strings.Replace(old, `repuser="repuser"`, `repuser="repuser" tmpdir="/var/tmp/pg sql"`, 1)
	xml := string(read(t, []byte(with)).CIB(target(t, "3.9")))
	for name, text := range map[string]string{"crm": with, "XML": xml,
		"XML with other ids": strings.ReplaceAll(xml, "pgsql-instance_attributes", "something-else")} {
		p, ok := read(t, []byte(text)).Primitive("pgsql")
		if !ok || p.Params["tmpdir"] != "/var/tmp/pg sql" {
			t.Errorf("%s: %q", name, p.Params["tmpdir"])
		}
	}
	if p, _ := read(t, []byte(old)).Primitive("pgsql"); p.Params["tmpdir"] != "" {
		t.Errorf("%q", p.Params["tmpdir"])
	}
	// The ids are those that crmsh gives, which other tools look for.
	if !strings.Contains(xml, `<nvpair id="pgsql-instance_attributes-pgdata" name="pgdata"`) {
		t.Error("the id of pgdata is another one")
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range files {
		f.Add(testFile(f, name))
		d, err := Read(testFile(f, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(d.CIB(target(f, "3.9")))
	}
	for _, tt := range statements {
		f.Add([]byte(tt.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := Read(text)
		if err != nil {
			var e *LineError
			if errors.As(err, &e) && (e.Line < 1 || e.Line > 1+strings.Count(string(text), "\n")) {
				t.Fatalf("error of line %d", e.Line)
			}
			return
		}
		d.Check(wanted())
		for _, schema := range []string{"2.10", "3.0", "3.9"} {
			tg := target(t, schema)
			once := d.CIB(tg)
			again, err := Read(once)
			if err != nil {
				t.Fatalf("%v\n%s", err, once)
			}
			if twice := again.CIB(tg); string(twice) != string(once) {
				t.Fatalf("%s\nbecomes\n%s", once, twice)
			}
		}
	})
}

func TestStatementsAreValid(t *testing.T) {
	needProgram(t, "crm_verify")
	for _, tt := range statements {
		d := read(t, []byte(tt.text+"\nproperty $id=zz stonith-enabled=false"))
		for _, schema := range []string{"2.10", "3.9"} {
			if err := Verify(context.Background(), run.Local{}, d.CIB(target(t, schema))); err != nil {
				t.Errorf("%s for schema %s: %v", tt.name, schema, err)
			}
		}
	}
}
