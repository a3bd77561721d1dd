package diff

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pgrex/internal/definition"
)

func target(t *testing.T) definition.Target {
	t.Helper()
	tg, err := definition.NewTarget("pacemaker-3.9")
	if err != nil {
		t.Fatal(err)
	}
	return tg
}

func read(t *testing.T, text []byte) definition.Definition {
	t.Helper()
	d, err := definition.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func example(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("../../rehearsal/testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func lines(changes []Change) []string {
	var list []string
	for _, c := range changes {
		list = append(list, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s: %s -> %s = %s", c.Op, c.Kind, c.Object, c.Name, c.Old, c.New, c.Consequence)), " "))
	}
	return list
}

// The same model, made by crmsh and by pcs, in the older and in the newer words,
// is the same but for what pcs adds and calls otherwise.
func TestSpellingIsNoDifference(t *testing.T) {
	text := example(t, "stonith.crm")
	if got := Compare(read(t, text), read(t, text), target(t)); len(got) != 0 {
		t.Errorf("%q", lines(got))
	}
	for _, r := range [][2]string{
		{"clone msPostgresql pgsql", "ms msPostgresql pgsql"}, {"promotable=true promoted-max=1 promoted-node-max=1", "master-max=1 master-node-max=1"},
		{":Promoted", ":Master"}, {"role=Promoted", "role=Master"}, {"inf:", "INFINITY:"}, {"Optional:", "0:"}, {"Mandatory:", "INFINITY:"},
		{"interval=0s", "interval=0"}, {"timeout=60s", "timeout=60"}, {"stonith-enabled=true", "stonith-enabled=yes"}, {"symmetrical=false", "symmetrical=no"},
		{"loc-pgsql msP", "anotherid msP"}, {"ord-demote-vips", "zzz"},
		{"not_defined default_ping_set or default_ping_set lt 100", "default_ping_set lt 100 or not_defined default_ping_set"},
	} {
		if !bytes.Contains(text, []byte(r[0])) {
			t.Errorf("%q is not there", r[0])
		}
		text = bytes.ReplaceAll(text, []byte(r[0]), []byte(r[1]))
	}
	if got := Compare(read(t, example(t, "stonith.crm")), read(t, text), target(t)); len(got) != 0 {
		t.Errorf("%q", lines(got))
	}
	got := lines(Compare(read(t, example(t, "nostonith.crm")), read(t, example(t, "pcs-nostonith.xml")), target(t)))
	got = slices.DeleteFunc(got, func(s string) bool { return strings.HasSuffix(s, " = nothing") })
	for _, s := range got {
		if !strings.HasPrefix(s, "added operation ") {
			t.Errorf("%s", s)
		}
	}
}

func TestEveryKindOfChange(t *testing.T) {
	const base = "stonith.crm"
	for _, tt := range []struct {
		name, old, new string
		want           []string
	}{
		{"fencing off", "stonith-enabled=true", "stonith-enabled=false", []string{"changed property stonith-enabled : true -> false = fencing-off"}},
		{"fencing left out", "property stonith-enabled=true", "property", []string{"removed property stonith-enabled : true -> = nothing"}},
		{"delay", "priority-fencing-delay=10s", "priority-fencing-delay=20", []string{"changed property priority-fencing-delay : 10s -> 20s = fencing"}},
		{"stickiness", "resource-stickiness=200 ", "resource-stickiness=INFINITY ", []string{"changed rsc-default resource-stickiness : 200 -> INFINITY = places"}},
		{"threshold", "migration-threshold=1\n", "migration-threshold=3\n", []string{"changed rsc-default migration-threshold : 1 -> 3 = failures"}},
		{"parameter of the shell agent", "pgport=5432", "pgport=5433", []string{"changed parameter pgsql pgport: 5432 -> 5433 = restarts-database"}},
		{"reloadable, shell agent", "stop_escalate=0", "stop_escalate=10", []string{"changed parameter pgsql stop_escalate: 0 -> 10 = restarts-database"}},
		{"address", "ip=192.168.0.20", "ip=192.168.0.21", []string{"changed parameter vip-slave ip: 192.168.0.20 -> 192.168.0.21 = restarts"}},
		{"password", "pcmk_host_list=node01 ip=172.20.144.43 username=Administrator password=change-me", "pcmk_host_list=node01 ip=172.20.144.43 username=Administrator password=other",
			[]string{"changed parameter fence1-ipmi password: *** -> *** = fencing"}},
		{"parameter gone", " nic=bond1", "", []string{"removed parameter vip-rep nic: bond1 -> = restarts"}},
		{"operation's time", "op notify interval=0s timeout=90s", "op notify timeout=60s", []string{"changed operation pgsql notify: timeout=90s -> timeout=60s = monitors"}},
		{"operation's interval", "op monitor interval=9s role=Promoted", "op monitor interval=8s role=Promoted", []string{
			"added operation pgsql monitor 8s Promoted: -> on-fail=restart timeout=60s = monitors",
			"removed operation pgsql monitor 9s Promoted: on-fail=restart timeout=60s -> = monitors"}},
		{"on-fail", "op demote interval=0s timeout=300s on-fail=fence", "op demote interval=0s timeout=300s on-fail=block",
			[]string{"changed operation pgsql demote: on-fail=fence timeout=300s -> on-fail=block timeout=300s = failures"}},
		{"meta of the clone", "notify=true priority=1", "notify=true priority=1 target-role=Stopped", []string{"added meta msPostgresql target-role: -> Stopped = stops"}},
		{"notify", "notify=true", "notify=false", []string{"changed meta msPostgresql notify: true -> false = promotable"}},
		{"group turned round", "group master-group vip-master vip-rep", "group master-group vip-rep vip-master", []string{
			"changed resource vip-master : ocf:heartbeat:IPaddr2 in group master-group (1) -> ocf:heartbeat:IPaddr2 in group master-group (2) = places",
			"changed resource vip-rep : ocf:heartbeat:IPaddr2 in group master-group (2) -> ocf:heartbeat:IPaddr2 in group master-group (1) = places"}},
		{"score", "rule 200: pgsql-status", "rule 300: pgsql-status", []string{"changed location vip-slave where pgsql-status eq HS:sync : 200 -> 300 = places"}},
		{"rule", "default_ping_set lt 100", "default_ping_set lt 200", []string{
			"removed location msPostgresql where default_ping_set lt 100 or not_defined #health-storage-mon or not_defined default_ping_set : -INFINITY -> = places",
			"added location msPostgresql where default_ping_set lt 200 or not_defined #health-storage-mon or not_defined default_ping_set : -> -INFINITY = places"}},
		{"colocation", "colocation col-pgsql-ping inf: msPostgresql clnPing\n", "", []string{"removed colocation msPostgresql with clnPing : INFINITY -> = places"}},
		{"order", "order ord-demote-vips Optional:", "order ord-demote-vips Mandatory:", []string{
			"changed order demote msPostgresql then stop master-group : Optional symmetrical=false -> Mandatory symmetrical=false = order"}},
		{"topology", "node02: fence2-kdump fence2-ipmi", "node02: fence2-ipmi", []string{
			"changed fencing-level node02 1: fence2-kdump -> fence2-ipmi = fencing", "removed fencing-level node02 2: fence2-ipmi -> = fencing"}},
		{"agent", "primitive pgsql ocf:heartbeat:pgsql", "primitive pgsql ocf:linuxhajapan:pgsql",
			[]string{"changed resource pgsql : ocf:heartbeat:pgsql in clone msPostgresql -> ocf:linuxhajapan:pgsql in clone msPostgresql = restarts-database"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := example(t, base)
			if n := bytes.Count(text, []byte(tt.old)); n == 0 {
				t.Fatalf("%q is not there", tt.old)
			}
			changed := bytes.ReplaceAll(text, []byte(tt.old), []byte(tt.new))
			got := lines(Compare(read(t, text), read(t, changed), target(t)))
			if !slices.Equal(got, tt.want) {
				t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

func TestWholeResources(t *testing.T) {
	text := example(t, "stonith.crm")
	with := append(slices.Clone(text), "primitive extra ocf:heartbeat:IPaddr2 params ip=10.0.0.1 op monitor interval=10s\n"...)
	a, b := read(t, text), read(t, with)
	if got := lines(Compare(a, b, target(t))); !slices.Equal(got, []string{"added resource extra : -> ocf:heartbeat:IPaddr2 = starts"}) {
		t.Errorf("%q", got)
	}
	if got := lines(Compare(b, a, target(t))); !slices.Equal(got, []string{"removed resource extra : ocf:heartbeat:IPaddr2 -> = stops"}) {
		t.Errorf("%q", got)
	}
	empty := read(t, []byte("property stonith-enabled=true\n"))
	if got := lines(Compare(a, empty, target(t))); !slices.Contains(got, "removed resource msPostgresql : clone -> = stops-database") ||
		!slices.Contains(got, "removed resource vip-slave : ocf:heartbeat:IPaddr2 -> = stops") {
		t.Errorf("%q", got)
	}
}

// What our own agent takes over by itself is no restart.
func TestReloadableParameters(t *testing.T) {
	text := bytes.ReplaceAll(example(t, "stonith.crm"), []byte("ocf:heartbeat:pgsql"), []byte("ocf:linuxhajapan:pgsql"))
	for old, want := range map[string]Consequence{"stop_escalate=0": Reloads, "xlog_check_count=0": Reloads, "repuser=repuser": RestartsDatabase, "pgport=5432": RestartsDatabase} {
		name, _, _ := strings.Cut(old, "=")
		got := Compare(read(t, text), read(t, bytes.ReplaceAll(text, []byte(old), []byte(name+"=7"))), target(t))
		if len(got) != 1 || got[0].Consequence != want {
			t.Errorf("%s: %q", old, lines(got))
		}
	}
}

// The properties that the cluster writes down, references, alerts and sets of
// resources in XML.
func TestXML(t *testing.T) {
	const a = `<configuration><crm_config><cluster_property_set id="cib-bootstrap-options">
<nvpair id="x1" name="dc-version" value="2.1.5"/><nvpair id="x2" name="no-quorum-policy" value="ignore"/></cluster_property_set></crm_config>
<resources><primitive id="a" class="ocf" provider="heartbeat" type="Dummy"/><primitive id="b" class="ocf" provider="heartbeat" type="Dummy"/></resources>
<constraints><rsc_order id="o"><resource_set id="o-0"><resource_ref id="a"/><resource_ref id="b"/></resource_set></rsc_order></constraints>
<alerts><alert id="al" path="/usr/local/bin/tell.sh"><recipient id="r" value="ops@example.com"/></alert></alerts></configuration>`
	b := strings.NewReplacer("2.1.5", "3.0.0", "o-0", "other", `"al"`, `"al2"`, "ignore", "stop", "ops@", "dba@", `<resource_ref id="a"/><resource_ref id="b"/>`,
		`<resource_ref id="b"/><resource_ref id="a"/>`).Replace(a)
	got := lines(Compare(read(t, []byte(a)), read(t, []byte(b)), target(t)))
	want := []string{
		"changed property no-quorum-policy : ignore -> stop = quorum",
		"removed order rsc_order {resource_set {resource_ref id=a} {resource_ref id=b}} : -> = order",
		"added order rsc_order {resource_set {resource_ref id=b} {resource_ref id=a}} : -> = order",
		"changed alert /usr/local/bin/tell.sh : to ops@example.com -> to dba@example.com = alerts",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}
