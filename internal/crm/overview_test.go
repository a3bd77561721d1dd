package crm

import (
	"context"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgrex/internal/run"
)

// What one cluster looks like to each release. 2.1.5 is what its crm_mon makes
// of a recorded CIB with some failures and bans added, and with a history of
// fencing, which no CIB has. The others were made of this after the sources of
// their release; all are valid by its schemas.
var releases = []string{"1.1.24", "2.0.5", "2.1.5-legacy-roles", "2.1.5", "3.0.2"}

func overview(t testing.TB, release string, edits ...string) Overview {
	t.Helper()
	text := string(fixture(t, "overview-"+release+".xml"))
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			t.Fatalf("%s has no %s", release, edits[i])
		}
		text = strings.ReplaceAll(text, edits[i], edits[i+1])
	}
	o, err := ParseOverview([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func at(hour, minute, second int) time.Time {
	return time.Date(2026, 11, 23, hour, minute, second, 0, time.UTC)
}

// Conformance: AT-046 (unit)
func TestParseOverviewOfEveryRelease(t *testing.T) {
	files, err := filepath.Glob("testdata/overview-*.xml")
	if err != nil || len(files) != len(releases) {
		t.Fatalf("%v: %d recordings, %d of them tested", err, len(files), len(releases))
	}
	database := func(node, role string) Resource {
		return Resource{ID: "pgsql", Parents: []string{"msPostgresql"}, Clone: "msPostgresql", Role: role, Active: true, Managed: true, Nodes: []string{node}}
	}
	ping := func(node string) Resource {
		return Resource{ID: "prmPing", Parents: []string{"clnPing"}, Clone: "clnPing", Role: "Started", Active: true, Managed: true, Nodes: []string{node}}
	}
	grouped := func(id string) Resource {
		return Resource{ID: id, Parents: []string{"master-group"}, Role: "Started", Active: true, Managed: true, Nodes: []string{"node01"}}
	}
	want := Overview{
		DC: "node01", Quorate: true, NoQuorumPolicy: "ignore",
		Nodes: []NodeStatus{
			{Name: "node01", ID: "1", Online: true, AttrsKnown: true, Attrs: map[string]string{"default_ping_set": "100", "master-pgsql": "1000",
				"pgsql-data-status": "LATEST", "pgsql-master-baseline": "0000000001B68698", "pgsql-status": "PRI"}},
			{Name: "node02", ID: "2", Online: true, AttrsKnown: true, Attrs: map[string]string{"default_ping_set": "100", "master-pgsql": "100",
				"pgsql-data-status": "STREAMING|SYNC", "pgsql-status": "HS:sync"}},
		},
		Resources: []Resource{
			database("node01", Promoted), database("node02", Unpromoted),
			{ID: "prmApp", Role: "Stopped", Disabled: true, Managed: true},
			{ID: "prmJob", Role: "Stopped", Managed: true},
			grouped("vip-master"), grouped("vip-rep"),
			{ID: "vip-slave", Role: "Started", Active: true, Managed: true, Nodes: []string{"node02"}},
			ping("node01"), ping("node02"),
		},
		Failures: []Failure{
			{Resource: "vip-slave", Node: "node02", Operation: "monitor", Interval: 10 * time.Second, Status: "complete", ExitCode: 7, Exit: "not running", Time: at(5, 0, 0)},
			{Resource: "pgsql", Node: "node02", Operation: "monitor", Interval: 10 * time.Second, Status: "complete", ExitCode: 1, Exit: "error",
				Reason: `cannot connect: "/tmp" <5432> & 100%`, Time: at(6, 56, 30)},
		},
		FailCounts: []FailCount{{Resource: "vip-slave", Node: "node02", Count: Infinity}, {Resource: "pgsql", Node: "node02", Count: 1}},
		Bans: []Ban{{ID: "loc-app", Resource: "prmApp", Node: "node02", Score: -Infinity},
			{ID: "cli-ban-vip-slave-on-node01", Resource: "vip-slave", Node: "node01", Score: -Infinity}},
		Fencings: []Fencing{
			{Target: "node02", Action: "off", State: "success", Client: "stonith_admin.4711", Origin: "node01", Delegate: "a human", Completed: at(6, 55, 1)},
			{Target: "node03", Action: "reboot", State: "pending", Client: "pacemaker-controld.812", Origin: "node01"},
		},
	}
	versions := map[string]string{"1.1.24": "1.1.24-1.el7", "2.0.5": "2.0.5-ba59be7122", "2.1.5": "2.1.5-a3f44794f94", "2.1.5-legacy-roles": "2.1.5-a3f44794f94", "3.0.2": "3.0.2"}
	features := map[string]string{"2.1.5": "3.16.1", "2.1.5-legacy-roles": "3.16.1", "3.0.2": "3.20.5"}
	for _, release := range releases {
		t.Run(release, func(t *testing.T) {
			want := want
			want.Version = versions[release]
			want.Nodes = slices.Clone(want.Nodes)
			for i := range want.Nodes {
				want.Nodes[i].FeatureSet = features[release]
			}
			if release == "1.1.24" { // other names for the same
				want.Failures, want.Fencings = slices.Clone(want.Failures), slices.Clone(want.Fencings)
				want.Failures[1].Exit, want.Fencings[1].Client = "unknown error", "crmd.812"
			}
			if got := overview(t, release); !reflect.DeepEqual(got, want) {
				t.Errorf("got\n%+v\nwant\n%+v", got, want)
			}
		})
	}
	if want.Bans[0].ByCommand() || !want.Bans[1].ByCommand() {
		t.Error("which ban a command has left")
	}
}

// Every flag is read from the attribute of its name.
func TestParseOverviewFlags(t *testing.T) {
	o := overview(t, "2.1.5",
		`stonith-enabled="false"`, `stonith-enabled="true"`, `maintenance-mode="false"`, `maintenance-mode="true"`,
		`no-quorum-policy="ignore"`, `no-quorum-policy="stop"`, `with_quorum="true"`, `with_quorum="false"`)
	if !o.Fencing || !o.MaintenanceMode || o.NoQuorumPolicy != "stop" || o.Quorate {
		t.Errorf("%+v", o)
	}
	if o = overview(t, "3.0.2", `fencing-enabled="false"`, `fencing-enabled="true"`); !o.Fencing {
		t.Error("fencing-enabled")
	}
	if o = overview(t, "2.1.5", `current_dc present="true"`, `current_dc present="false"`); o.DC != "" {
		t.Errorf("the coordinator that is not there is %q", o.DC)
	}
	for attr, get := range map[string]func(Resource) bool{
		"failed":          func(r Resource) bool { return r.Failed },
		"blocked":         func(r Resource) bool { return r.Blocked },
		"removed":         func(r Resource) bool { return r.Orphaned },
		"orphaned":        func(r Resource) bool { return r.Orphaned },
		"maintenance":     func(r Resource) bool { return r.Maintenance },
		"failure_ignored": func(r Resource) bool { return r.FailureIgnored },
		"managed":         func(r Resource) bool { return !r.Managed },
	} {
		from, to := attr+`="false"`, attr+`="true"`
		if attr == "managed" {
			from, to = to, from
		}
		if r := overview(t, "3.0.2").Of("vip-slave")[0]; get(r) {
			t.Errorf("%s without reason", attr)
		}
		if r := overview(t, "3.0.2", from, to).Of("vip-slave")[0]; !get(r) {
			t.Errorf("%s is not seen", attr)
		}
	}
}

// What the agent has said is shown as it has said it, even if it looks like XML.
func TestReasonsAreReadAsWritten(t *testing.T) {
	for release, text := range map[string]string{"1.1.24": `&amp;lt;`, "2.0.5": `&amp;amp;lt;`, "2.1.5": `&amp;amp;lt;`, "3.0.2": `&amp;amp;lt;`} {
		plain := map[bool]string{true: `&lt;5432`, false: `&amp;lt;5432`}[release == "1.1.24"]
		if got := overview(t, release, plain, text+"5432").Failures[1].Reason; got != `cannot connect: "/tmp" &lt;5432> & 100%` {
			t.Errorf("%s: %s", release, got)
		}
	}
}

// Groups in clones, and bundles, whose replicas have no name.
func TestParseOverviewNesting(t *testing.T) {
	o, err := ParseOverview([]byte(`<pacemaker-result><nodes><node name="n"/></nodes><resources>
<clone id="c"><group id="g:0"><resource id="a:0" role="Started" active="true"><node name="n"/></resource></group>
<group id="g:1"><resource id="a:1" role="Stopped"/></group></clone>
<bundle id="b"><replica id="0"><resource id="ip"/><resource id="box"/></replica></bundle><resource id="last"/></resources></pacemaker-result>`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Resource{
		{ID: "a", Parents: []string{"c", "g"}, Clone: "c", Role: "Started", Active: true, Nodes: []string{"n"}},
		{ID: "a", Parents: []string{"c", "g"}, Clone: "c", Role: "Stopped"},
		{ID: "ip", Parents: []string{"b"}}, {ID: "box", Parents: []string{"b"}}, {ID: "last"},
	}
	if !reflect.DeepEqual(o.Resources, want) {
		t.Errorf("got\n%+v\nwant\n%+v", o.Resources, want)
	}
	if len(o.Of("c")) != 2 || len(o.Of("g")) != 2 || len(o.Of("b")) != 2 || len(o.Of("l")) != 0 {
		t.Error("what lies in what")
	}
}

func TestParseOverviewAttributeOrder(t *testing.T) {
	element := regexp.MustCompile(`<([\w-]+)((?: [\w-]+="[^"]*")+)(/?)>`)
	attribute := regexp.MustCompile(`[\w-]+="[^"]*"`)
	for _, release := range releases {
		text := string(fixture(t, "overview-"+release+".xml"))
		other := element.ReplaceAllStringFunc(text, func(s string) string {
			m := element.FindStringSubmatch(s)
			attrs := attribute.FindAllString(m[2], -1)
			slices.Reverse(attrs)
			return "<" + m[1] + ` new="x" ` + strings.Join(attrs, " ") + m[3] + ">"
		})
		if got, err := ParseOverview([]byte(other)); err != nil || !reflect.DeepEqual(got, overview(t, release)) {
			t.Errorf("%s: %v\n%+v", release, err, got)
		}
	}
}

func TestParseOverviewRefuses(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", "cannot read the XML"},
		{"Usage: crm_mon mode [options]", "cannot read the XML"},
		{string(fixture(t, "overview-2.1.5.xml")[:3000]), "cannot read the XML"},
		{`<crm_mon version="2.1.5"/>`, "lists no node"},
		{`<pacemaker-result><nodes><node name="a"/></nodes><status code="102" message="Not connected"/></pacemaker-result>`, "102: Not connected"},
	} {
		if _, err := ParseOverview([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.40q: %v", tt.text, err)
		}
	}
}

func TestOperationKeys(t *testing.T) {
	for _, tt := range []struct {
		key, resource, operation string
		interval                 time.Duration
	}{
		{"pgsql_monitor_9000", "pgsql", "monitor", 9 * time.Second},
		{"pgsql:1_start_0", "pgsql", "start", 0},
		{"my_data_base_promote_0", "my_data_base", "promote", 0},
		{"vip_migrate_to_0", "vip", "migrate_to", 0},
		{"vip_migrate_from_0", "vip", "migrate_from", 0},
		{"pgsql_post_notify_promote_0", "pgsql", "notify", 0},
		{"pgsql:0_pre_notify_demote_0", "pgsql", "notify", 0},
		{"pgsql_last_failure_0", "pgsql", "last_failure", 0},
		{"id", "id", "", 0}, // what 2.0.3 to 2.0.5 write for a history without keys
		{"", "", "", 0},
		{"_", "_", "", 0},
		{"0", "0", "", 0},
	} {
		r, op, i := operationKey(tt.key)
		if r != tt.resource || op != tt.operation || i != tt.interval {
			t.Errorf("%s: %q, %q, %v", tt.key, r, op, i)
		}
	}
}

func TestTimesOfTheReleases(t *testing.T) {
	for text, want := range map[string]time.Time{
		"Mon Nov 23 03:59:44 2026":   at(3, 59, 44),
		"Tue Nov  3 03:59:44 2026":   time.Date(2026, 11, 3, 3, 59, 44, 0, time.UTC),
		"2026-11-23 03:59:44Z":       at(3, 59, 44),
		"2026-11-23 12:59:44 +09:00": at(3, 59, 44),
		"2026-11-23 00:29:44 -03:30": at(3, 59, 44),
		"2026-11-23T12:59:44+09:00":  at(3, 59, 44),
		"1795406384":                 at(3, 59, 44),
		"":                           {},
		"never":                      {},
	} {
		if got := monTime(text); !got.Equal(want) || got.Location() != time.UTC && !got.IsZero() {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

func TestOverviewInTheFormOfTheRelease(t *testing.T) {
	const newForm, oldForm = "crm_mon -1 --output-as=xml -r", "crm_mon -1 --as-xml -r"
	for _, tt := range []struct {
		unknown string
		status  int
		want    []string
	}{
		{"", 0, []string{newForm}},
		{"--output-as=xml", wrongUsageLegacy, []string{newForm, oldForm}},
		{"--output-as=xml", wrongUsage, []string{newForm, oldForm}},
	} {
		r := &forms{unknown: tt.unknown, status: tt.status,
			recorder: recorder{answers: map[string]answer{"crm_mon": {text: fixture(t, "overview-1.1.24.xml")}}}}
		if o, err := (&Client{Run: r}).Overview(context.Background()); err != nil || o.DC != "node01" {
			t.Errorf("%+v: %v", tt, err)
		}
		r.want(t, tt.want...)
	}
	r := &forms{unknown: "--output-as=xml", status: 102}
	if _, err := (&Client{Run: r}).Overview(context.Background()); err == nil || !strings.HasPrefix(err.Error(), "cannot read the cluster's state: ") {
		t.Errorf("error %v", err)
	}
	r.want(t, newForm)
}

// The times of old releases have no zone: they are asked for in ours.
func TestOverviewAsksForUTC(t *testing.T) {
	var env []string
	r := runnerFunc(func(c run.Command) (run.Result, error) {
		env = c.Env
		return run.Result{Stdout: fixture(t, "overview-1.1.24.xml")}, nil
	})
	if _, err := (&Client{Run: r}).Overview(context.Background()); err != nil || !slices.Contains(env, "TZ=UTC0") {
		t.Errorf("%v, environment %q", err, env)
	}
}

type runnerFunc func(run.Command) (run.Result, error)

func (f runnerFunc) Run(_ context.Context, c run.Command) (run.Result, error) { return f(c) }

func FuzzParseOverview(f *testing.F) {
	for _, release := range releases {
		f.Add(fixture(f, "overview-"+release+".xml"))
	}
	f.Add([]byte(`<a><nodes><node name="x" online="maybe"/></nodes><resources><bundle><replica><resource id=":" active="1"><node/></resource></replica></bundle></resources>` +
		`<failures><failure op_key="_0"/><failure id="a_notify_0" last-rc-change="99999999999999999"/></failures></a>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		o, err := ParseOverview(text)
		if err != nil {
			return
		}
		if len(o.Nodes) == 0 {
			t.Error("no error and no node")
		}
		for _, n := range o.Nodes {
			ok, why := o.Online(n.Name)
			if n.Attrs == nil || n.AttrsKnown != n.Online || ok != (why == "") {
				t.Errorf("%+v: %t, %q", n, ok, why)
			}
			o.Troubles(n.Name, nil)
			for _, r := range o.Resources {
				if ok, why := o.RunsOn(r.ID, n.Name); ok && why != "" {
					t.Errorf("%+v: %q", r, why)
				}
				o.PrimaryRuns(r.Clone, r.ID, n.Name)
				o.StandbyRuns(r.Clone, r.ID, n.Name)
			}
		}
		for _, r := range o.Resources {
			if strings.Contains(r.ID, ":") || r.Role == "Master" || r.Role == "Slave" {
				t.Errorf("%+v", r)
			}
		}
		for _, x := range o.Failures {
			if strings.Contains(x.Resource, ":") {
				t.Errorf("%+v", x)
			}
		}
		_, _ = ParseSavedNodes(text)
	})
}

// What is put together is taken apart again, whatever a resource is called.
func FuzzOperationKey(f *testing.F) {
	f.Add("pgsql", "monitor", uint16(9000))
	f.Add("a_start_0", "migrate_to", uint16(0))
	f.Add("_", "promote", uint16(1))
	f.Fuzz(func(t *testing.T, resource, operation string, ms uint16) {
		known := []string{"start", "stop", "monitor", "promote", "demote", "migrate_to", "migrate_from"}
		if !slices.Contains(known, operation) || strings.Contains(resource, ":") || strings.Contains(resource, "_notify_") {
			operationKey(resource + operation)
			return
		}
		r, op, interval := operationKey(resource + "_" + operation + "_" + strconv.Itoa(int(ms)))
		if r != resource || op != operation || interval != time.Duration(ms)*time.Millisecond {
			t.Errorf("%q, %q, %v", r, op, interval)
		}
	})
}
