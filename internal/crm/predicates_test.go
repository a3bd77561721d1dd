package crm

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	theClone    = "msPostgresql"
	theDatabase = "pgsql"
)

// The same cluster gets the same answers, whatever release describes it.
//
// Conformance: AT-046 (unit)
func TestPredicatesOnEveryRelease(t *testing.T) {
	for _, release := range releases {
		t.Run(release, func(t *testing.T) {
			o := overview(t, release)
			for _, node := range []string{"node01", "node02", "NODE02"} {
				if ok, why := o.Online(node); !ok || why != "" {
					t.Errorf("%s is not online: %s", node, why)
				}
			}
			for node, want := range map[string]struct {
				primary bool
				standby StandbyState
			}{"node01": {true, NotRunning}, "node02": {false, Sync}, "node03": {false, NotRunning}} {
				if got, why := o.PrimaryRuns(theClone, theDatabase, node); got != want.primary {
					t.Errorf("primary on %s: %t, %s", node, got, why)
				}
				if got, why := o.StandbyRuns(theClone, theDatabase, node); got != want.standby {
					t.Errorf("standby on %s: %d, %s", node, got, why)
				}
			}
		})
	}
}

// What takes a node out of service, one word of a node's line after the other.
//
// Conformance: AT-046 (unit)
func TestOnline(t *testing.T) {
	for _, release := range releases {
		for flag, word := range map[string]string{"standby": "standby", "standby_onfail": "standby_onfail", "maintenance": "maintenance",
			"pending": "pending", "unclean": "unclean", "shutdown": "shutdown", "online": "offline"} {
			from, to := ` `+flag+`="false"`, ` `+flag+`="true"`
			if flag == "online" {
				from, to = to, from
			}
			line := nodeLine(t, release, "node02")
			o := overview(t, release, line, strings.Replace(line, from, to, 1))
			if ok, why := o.Online("node02"); ok || why != word {
				t.Errorf("%s, %s: %t, %q", release, flag, ok, why)
			}
			if ok, why := o.Online("node01"); !ok {
				t.Errorf("%s, %s of node02 counts for node01: %s", release, flag, why)
			}
		}
	}
	o := overview(t, "2.1.5")
	if ok, why := o.Online("node0"); ok || why != "unknown" {
		t.Errorf("a part of a name: %t, %q", ok, why)
	}
	line := nodeLine(t, "2.1.5", "node01")
	o = overview(t, "2.1.5", line, strings.NewReplacer(`unclean="false"`, `unclean="true"`, `online="true"`, `online="false"`).Replace(line))
	if _, why := o.Online("node01"); why != "offline,unclean" {
		t.Errorf("two reasons: %q", why)
	}
}

func nodeLine(t *testing.T, release, node string) string {
	t.Helper()
	for line := range strings.Lines(string(fixture(t, "overview-"+release+".xml"))) {
		if strings.Contains(line, `<node name="`+node+`"`) && strings.Contains(line, "standby=") {
			return line
		}
	}
	t.Fatalf("%s: no %s", release, node)
	return ""
}

// The failure of another resource comes first in the list, and one that is
// older than the operation does not count.
//
// Conformance: AT-041, AT-042 (unit)
func TestFailuresSince(t *testing.T) {
	failed := at(6, 56, 30)
	for _, release := range releases {
		o := overview(t, release)
		if o.Failures[0].Resource == theDatabase {
			t.Fatalf("%s: the database's failure comes first", release)
		}
		for _, tt := range []struct {
			primitive, node string
			since           time.Time
			want            int
		}{
			{theDatabase, "node02", failed.Add(-time.Minute), 1},
			{theDatabase, "NODE02", failed, 1},
			{theDatabase, "node02", failed.Add(999 * time.Millisecond), 1}, // Pacemaker writes whole seconds
			{theDatabase, "node02", failed.Add(time.Second), 0},
			{theDatabase, "node02", failed.In(time.FixedZone("JST", 9*3600)), 1},
			{theDatabase, "node01", time.Time{}, 0},
			{theDatabase, "node0", time.Time{}, 0},
			{"pgsq", "node02", time.Time{}, 0},
			{"pg", "node02", time.Time{}, 0},
			{"vip-slave", "node02", at(5, 0, 0), 1},
			{"vip-slave", "node02", failed, 0},
		} {
			if got := o.FailuresSince(tt.primitive, tt.node, tt.since); len(got) != tt.want {
				t.Errorf("%s: %+v: %+v", release, tt, got)
			}
		}
		if got := o.FailuresSince(theDatabase, "node02", failed); len(got) != 1 || got[0].Reason != `cannot connect: "/tmp" <5432> & 100%` {
			t.Errorf("%s: %+v", release, got)
		}
	}
	// With the number of a clone's instance; without a time it may be new.
	o := overview(t, "2.1.5", `op_key="pgsql_monitor_10000"`, `op_key="pgsql:1_monitor_10000"`, `last-rc-change="2026-11-23 06:56:30Z"`, ``)
	if got := o.FailuresSince(theDatabase, "node02", at(23, 0, 0)); len(got) != 1 {
		t.Errorf("%+v", o.Failures)
	}
}

func TestFailCount(t *testing.T) {
	o := overview(t, "2.1.5")
	for _, tt := range []struct {
		primitive, node string
		want            int
	}{{theDatabase, "node02", 1}, {"vip-slave", "node02", Infinity}, {theDatabase, "node01", 0}, {"pgsq", "node02", 0}, {theDatabase, "node2", 0}} {
		if got := o.FailCount(tt.primitive, tt.node); got != tt.want {
			t.Errorf("%s on %s: %d, want %d", tt.primitive, tt.node, got, tt.want)
		}
	}
}

// Each of the three facts is needed, and a change of role is not over before its end.
//
// Conformance: AT-046 (unit)
func TestPrimaryRuns(t *testing.T) {
	for _, tt := range []struct {
		from, to, why string
	}{
		{`role="Promoted"`, `role="Promoting"`, "role=Promoting, pgsql-data-status=LATEST, pgsql-status=PRI"},
		{`role="Promoted"`, `role="Demoting"`, "role=Demoting, pgsql-data-status=LATEST, pgsql-status=PRI"},
		{`role="Promoted"`, `role="Unpromoted"`, "role=Unpromoted, pgsql-data-status=LATEST, pgsql-status=PRI"},
		{`role="Promoted" active="true"`, `role="Promoted" active="false"`, "role=Stopped, pgsql-data-status=LATEST, pgsql-status=PRI"},
		{`value="LATEST"`, `value="LATEST2"`, "role=Promoted, pgsql-data-status=LATEST2, pgsql-status=PRI"},
		{`value="LATEST"`, `value="DISCONNECT"`, "role=Promoted, pgsql-data-status=DISCONNECT, pgsql-status=PRI"},
		{`name="pgsql-status" value="PRI"`, `name="pgsql-status" value="STOP"`, "role=Promoted, pgsql-data-status=LATEST, pgsql-status=STOP"},
		{`id="pgsql" resource_agent`, `id="pgsqlx" resource_agent`, "role=Stopped, pgsql-data-status=LATEST, pgsql-status=PRI"},
		{`name="pgsql-status"`, `name="pgsql2-status"`, "role=Promoted, pgsql-data-status=LATEST, pgsql-status="},
	} {
		o := overview(t, "2.1.5", tt.from, tt.to)
		if ok, why := o.PrimaryRuns(theClone, theDatabase, "node01"); ok || why != tt.why {
			t.Errorf("%s: %t, %s", tt.to, ok, why)
		}
	}
	o := overview(t, "2.1.5")
	for _, names := range [][3]string{{"msPostgres", theDatabase, "node01"}, {theClone, "pgsq", "node01"}, {theClone, theDatabase, "node0"}} {
		if ok, _ := o.PrimaryRuns(names[0], names[1], names[2]); ok {
			t.Errorf("%q is a primary", names)
		}
	}
}

// Conformance: AT-046 (unit)
func TestStandbyRuns(t *testing.T) {
	for _, tt := range []struct {
		from, to string
		want     StandbyState
	}{
		{`role="Unpromoted"`, `role="Starting"`, NotRunning},
		{`role="Unpromoted"`, `role="Promoted"`, NotRunning},
		{`role="Unpromoted" active="true"`, `role="Unpromoted" active="false"`, NotRunning},
		{`value="STREAMING|SYNC"`, `value="STREAMING|ASYNC"`, NotSync},
		{`value="STREAMING|SYNC"`, `value="DISCONNECT"`, NotSync},
		{`value="HS:sync"`, `value="HS:async"`, NotSync},
		{`value="HS:sync"`, `value="HS:alone"`, NotSync},
		{`name="pgsql-status"`, `name="x"`, NotSync},
		{`value="HS:sync"`, `value="HS:sync"`, Sync},
	} {
		o := overview(t, "2.1.5", tt.from, tt.to)
		if got, why := o.StandbyRuns(theClone, theDatabase, "node02"); got != tt.want {
			t.Errorf("%s: %d, %s", tt.to, got, why)
		}
	}
}

// Two nodes of which the name of one begins like that of the other.
func TestNamesAreComparedAsAWhole(t *testing.T) {
	o := overview(t, "2.1.5", `"node01"`, `"pg10"`, `"node02"`, `"pg1"`)
	if ok, _ := o.RunsOn("vip-master", "pg1"); ok {
		t.Error("pg1 is taken for pg10")
	}
	if ok, _ := o.RunsOn("vip-slave", "pg1"); !ok {
		t.Error("pg1 is not found beside pg10")
	}
	if ok, _ := o.PrimaryRuns(theClone, theDatabase, "pg1"); ok {
		t.Error("the primary is on pg10")
	}
	if got, _ := o.StandbyRuns(theClone, theDatabase, "pg1"); got != Sync {
		t.Error("the standby is on pg1")
	}
	if ok, _ := o.RunsOn("vip.slave", "pg1"); ok {
		t.Error("a dot stands for anything")
	}
}

func TestRunsOn(t *testing.T) {
	for _, tt := range []struct {
		id, node, from, to, why string // why is "" where it runs
	}{
		{"vip-master", "node01", "", "", ""},
		{"vip-master", "NODE01", "", "", ""},
		{"vip-master", "node02", "", "", "vip-master=Stopped"},
		{"vip", "node01", "", "", "vip=unknown"},
		{"clnPing", "node01", "", "", ""},
		{"clnPing", "node02", "", "", ""},
		{"clnPing", "node03", "", "", "prmPing=Stopped"},
		{theClone, "node02", "", "", ""},
		{"master-group", "node01", "", "", ""},
		{"master-group", "node02", "", "", "vip-master=Stopped, vip-rep=Stopped"},
		{"prmJob", "node01", "", "", "prmJob=Stopped"},
		{"vip-slave", "node02", `role="Started"`, `role="Starting"`, "vip-slave=Starting"},
		{"vip-slave", "node02", ` failed="false"`, ` failed="true"`, "vip-slave=failed"},
		{"vip-slave", "node02", `blocked="false" managed="true" failed="false"`, `blocked="true" managed="true" failed="true"`, "vip-slave=failed,blocked"},
		{"vip-slave", "node02", ` failed="false" failure_ignored="false"`, ` failed="true" failure_ignored="true"`, ""},
		{"vip-slave", "node02", `active="true"`, `active="false"`, "vip-slave=Stopped"},
		{"master-group", "node01", `id="vip-rep" resource_agent="ocf:heartbeat:IPaddr2" role="Started"`, `id="vip-rep" role="Stopping"`, "vip-rep=Stopping"},
	} {
		var edits []string
		if tt.from != "" {
			edits = []string{tt.from, tt.to}
		}
		o := overview(t, "2.1.5", edits...)
		if ok, why := o.RunsOn(tt.id, tt.node); ok != (tt.why == "") || why != tt.why {
			t.Errorf("%+v: %t, %q", tt, ok, why)
		}
	}
}

// One instance that runs is enough, whichever is listed first.
func TestRunsOnWithTwoInstances(t *testing.T) {
	runs := Resource{ID: "a", Clone: "c", Parents: []string{"c"}, Role: "Started", Active: true, Nodes: []string{"n"}}
	starts := runs
	starts.Role = "Starting"
	for _, list := range [][]Resource{{runs, starts}, {starts, runs}} {
		if ok, why := (Overview{Resources: list}).RunsOn("c", "n"); !ok {
			t.Errorf("%+v: %s", list, why)
		}
	}
}

func TestAllAndAnyRunOn(t *testing.T) {
	o := overview(t, "2.1.5")
	for _, tt := range []struct {
		ids      []string
		all, any bool
		why      string
	}{
		{nil, true, true, ""},
		{[]string{"clnPing", "vip-master"}, true, true, ""},
		{[]string{"clnPing", "vip-slave"}, false, true, "vip-slave=Stopped"},
		{[]string{"vip-slave", "prmJob"}, false, false, "vip-slave=Stopped, prmJob=Stopped"},
	} {
		if ok, why := o.AllRunOn(tt.ids, "node01"); ok != tt.all || why != tt.why {
			t.Errorf("all of %q: %t, %q", tt.ids, ok, why)
		}
		if ok, why := o.AnyRunsOn(tt.ids, "node01"); ok != tt.any || !ok && why != tt.why || ok && why != "" {
			t.Errorf("any of %q: %t, %q", tt.ids, ok, why)
		}
	}
}

func TestTroubles(t *testing.T) {
	known := []string{theClone, "master-group", "vip-slave"}
	disabled := Trouble{"prmApp", Disabled}
	job := Trouble{"prmJob", Stopped}
	for _, tt := range []struct {
		name, node string
		known      []string
		edits      []string
		want       []Trouble
	}{
		{"nothing of note but what runs nowhere", "node01", known, nil, []Trouble{disabled, job}},
		{"named by its own id", "node01", []string{"prmApp", "prmJob"}, nil, nil},
		{"what runs elsewhere is no trouble", "node02", []string{"prmApp", "prmJob"}, nil, nil},
		{"a clone has to run everywhere", "node03", []string{"prmApp", "prmJob", theClone}, nil, []Trouble{{"prmPing", Stopped}}},
		{"failed", "node02", append(slices.Clone(known), "prmApp", "prmJob"),
			[]string{`id="prmPing" resource_agent="ocf:pacemaker:ping" role="Started" active="true" orphaned="false" blocked="false" managed="true" failed="false"`,
				`id="prmPing" role="Started" active="true" failed="true"`}, []Trouble{{"prmPing", Failed}}},
		{"blocked", "node01", append(slices.Clone(known), "prmApp", "prmJob"),
			[]string{`id="prmPing" resource_agent="ocf:pacemaker:ping" role="Started" active="true" orphaned="false" blocked="false" managed="true" failed="false"`,
				`id="prmPing" role="Started" active="true" blocked="true" failed="true"`}, []Trouble{{"prmPing", Blocked}}},
		{"removed from the configuration", "node01", known, []string{`orphaned="false"`, `orphaned="true"`}, nil},
	} {
		if got := overview(t, "2.1.5", tt.edits...).Troubles(tt.node, tt.known); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
