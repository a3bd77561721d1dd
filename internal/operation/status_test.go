package operation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgrex/internal/console"
	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/internal/resource"
)

var updateScreens = flag.Bool("update", false, "rewrite the golden files")

var statusClock = time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)

// inUTC makes local times those of the golden files.
func inUTC(t *testing.T) {
	t.Helper()
	local := time.Local
	time.Local = time.UTC
	t.Cleanup(func() { time.Local = local })
}

// reporting is a session that reports, in a language and a vocabulary.
func reporting(language string, w message.Words) *session {
	vocabulary := "new"
	if w == message.OldWords {
		vocabulary = "old"
	}
	s := &session{program: program{cmd: status(), invoked: "pg-rex_status"}, common: common{vocabulary: vocabulary, config: defaultConfig}}
	s.con = console.New(console.Options{Say: message.In(language).WithWords(w)})
	return s
}

func statusDatabase(t *testing.T, clone string) database {
	t.Helper()
	def := crm.Definition{Resource: "pgsql", Clone: clone, Params: map[string]string{
		"pgdata": fakeData, "repuser": "repuser", "rep_mode": "sync", "pgctl": "/usr/pgsql/bin/pg_ctl"}}
	params, err := ocf.ParseParams(resource.Env(def))
	if err != nil {
		t.Fatal(err)
	}
	return database{params: params, settings: resource.Settings(params, pg.User{Name: "postgres"}), def: def}
}

// recordedStatus are facts with what crm_mon of a release has said, edited: pairs of
// what stands there and what is to stand there.
func recordedStatus(t *testing.T, release string, edits ...string) statusFacts {
	t.Helper()
	text, err := os.ReadFile("../crm/testdata/overview-" + release + ".xml")
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(edits); i += 2 {
		if !bytes.Contains(text, []byte(edits[i])) {
			t.Fatalf("%q is not in the recording", edits[i])
		}
	}
	o, err := crm.ParseOverview([]byte(strings.NewReplacer(edits...).Replace(string(text))))
	if err != nil {
		t.Fatal(err)
	}
	delay := 1500 * time.Millisecond
	return statusFacts{
		Time: statusClock, Own: "node01", Root: true, View: "node01", Cluster: o, Database: statusDatabase(t, "msPostgresql"), HaveDB: true,
		Addresses:  []virtualIP{{"vip-master", "192.168.0.10", forPrimary}, {"vip-rep", "192.168.2.3", forReplication}, {"vip-slave", "192.168.0.20", forStandby}},
		Configured: true,
		Looks: map[string]look{"node01": {
			Stack: []node.Process{{PID: 1, Name: "corosync"}}, Lock: &lockFile{Path: "/var/lib/pgsql/tmp/PGSQL.lock", Exists: true}, Journal: &journalLook{}, PID: new(int),
			Server: &serverLook{Current: 0x3000000, Senders: []senderLook{
				{Name: "node02", Address: "192.168.2.2", State: "streaming", Sync: "sync", Behind: 4096, Delay: &delay}}},
			Disks: []disk{{"/dbfp/pgarch/arc1", 50 << 30, 100 << 30}},
		}},
	}
}

// calmed takes the failures, the ban and the fencing in progress out of the recording.
func calmed(f statusFacts) statusFacts {
	f.Cluster.Failures, f.Cluster.FailCounts, f.Cluster.Bans, f.Cluster.Fencings = nil, nil, nil, nil
	f.Cluster.Resources = slices.DeleteFunc(slices.Clone(f.Cluster.Resources), func(r crm.Resource) bool { return r.ID == "prmJob" })
	return f
}

// peerSeen adds what the peer says of itself.
func peerSeen(f statusFacts, l look) statusFacts {
	f.Looks = maps.Clone(f.Looks)
	f.Looks["node02"] = l
	return f
}

// withLook changes what node01 says of itself.
func withLook(f statusFacts, edit func(*look)) statusFacts {
	l := f.Looks["node01"]
	edit(&l)
	f.Looks = maps.Clone(f.Looks)
	f.Looks["node01"] = l
	return f
}

func lockAt(exists bool) *lockFile {
	return &lockFile{Path: "/var/lib/pgsql/tmp/PGSQL.lock", Exists: exists}
}

// stoppedNode is a node whose cluster is down.
func stoppedNode(lock bool) look {
	return look{Lock: lockAt(lock), Journal: &journalLook{}, PID: new(int)}
}

// savedFacts are what is left when the own cluster is down and the peer is not
// to be reached.
func savedFacts(t *testing.T) statusFacts {
	f := recordedStatus(t, "2.1.5")
	f.View, f.Cluster = "", crm.Overview{}
	f.Saved = crm.SavedNodes{{Name: "node01", ID: "1", Attrs: map[string]string{"pgsql-data-status": "DISCONNECT"}},
		{Name: "node02", ID: "2", Attrs: map[string]string{"pgsql-data-status": "LATEST"}}}
	f.Looks = map[string]look{"node01": stoppedNode(true)}
	return f
}

func peerOffline(t *testing.T) statusFacts {
	f := calmed(recordedStatus(t, "2.1.5", `<node name="node02" id="2" online="true"`, `<node name="node02" id="2" online="false"`))
	for i, n := range f.Cluster.Nodes {
		if n.Name == "node02" {
			f.Cluster.Nodes[i].Attrs, f.Cluster.Nodes[i].AttrsKnown = map[string]string{}, false
		}
	}
	for i, r := range f.Cluster.Resources {
		switch {
		case !slices.Contains(r.Nodes, "node02"):
		case r.ID == "vip-slave":
			f.Cluster.Resources[i].Nodes = []string{"node01"}
		default:
			f.Cluster.Resources[i].Nodes, f.Cluster.Resources[i].Active, f.Cluster.Resources[i].Role = nil, false, "Stopped"
		}
	}
	f.Saved = crm.SavedNodes{{Name: "node01", Attrs: map[string]string{"pgsql-data-status": "LATEST"}},
		{Name: "node02", Attrs: map[string]string{"pgsql-data-status": "DISCONNECT"}}}
	return f
}

func noPrimary(t *testing.T) statusFacts {
	f := calmed(recordedStatus(t, "2.1.5", `value="PRI"`, `value="STOP"`, `value="HS:sync"`, `value="HS:alone"`))
	for i, r := range f.Cluster.Resources {
		if r.Role == crm.Promoted || strings.HasPrefix(r.ID, "vip-") {
			f.Cluster.Resources[i].Role, f.Cluster.Resources[i].Active, f.Cluster.Resources[i].Nodes = "Stopped", false, nil
		}
	}
	l := f.Looks["node01"]
	l.Server = nil
	f.Looks["node01"] = l
	return f
}

func unfinished(t *testing.T, f statusFacts) statusFacts {
	f.Looks = maps.Clone(f.Looks)
	l := f.Looks["node01"]
	l.Journal = &journalLook{&journal{Command: "switchover", Node: "node01", Started: statusClock.Add(-time.Hour), Phase: "stop-primary"}}
	f.Looks["node01"] = l
	return f
}

// The screens as an operator sees them.
//
// Conformance: AT-134, AT-135, AT-136 (unit)
func TestStatusScreens(t *testing.T) {
	inUTC(t)
	synced := calmed(recordedStatus(t, "2.1.5", `stonith-enabled="false"`, `stonith-enabled="true"`))
	synced.Stonith = true
	peer := savedFacts(t)
	peer.View, peer.Cluster = "node02", crm.Overview{}
	failover := peerOffline(t) // seen from the node that was left
	failover.Own = "node02"
	failover.Looks = map[string]look{"node02": stoppedNode(true)}
	for name, f := range map[string]statusFacts{
		"healthy":    synced,
		"mixed":      recordedStatus(t, "2.1.5", `maintenance-mode="false"`, `maintenance-mode="true"`),
		"saved":      savedFacts(t),
		"rejoin":     failover,
		"down":       noPrimary(t),
		"unfinished": unfinished(t, synced),
	} {
		for _, language := range []string{"en", "ja"} {
			words := message.NewWords
			if name == "rejoin" {
				words = message.OldWords
			}
			t.Run(name+"-"+language, func(t *testing.T) {
				s := reporting(language, words)
				got := strings.Join(s.screen(s.report(f)), "\n") + "\n"
				goldenScreen(t, filepath.Join("testdata", "status", name+"-"+language+".golden"), got)
			})
		}
	}
}

func goldenScreen(t *testing.T, file, got string) {
	t.Helper()
	if *updateScreens {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\n%s\nwant\n%s", file, got, want)
	}
}

// All releases of Pacemaker give the same report, but for their number.
//
// Conformance: AT-134 (unit)
func TestStatusOfEveryPacemaker(t *testing.T) {
	inUTC(t)
	s := reporting("en", message.NewWords)
	want := s.report(recordedStatus(t, "2.1.5"))
	for _, release := range []string{"1.1.24", "2.0.5", "2.1.5-legacy-roles", "3.0.2"} {
		got := s.report(recordedStatus(t, release))
		got.Cluster.Version = want.Cluster.Version
		for i := range got.Problems { // its word for the same exit code
			got.Problems[i].Text = strings.Replace(got.Problems[i].Text, "unknown error", "error", 1)
		}
		if a, b := strings.Join(s.screen(got), "\n"), strings.Join(s.screen(want), "\n"); a != b {
			t.Errorf("%s:\n%s\nwant\n%s", release, a, b)
		}
	}
}

// What is wrong, the verdict that it leads to, and what is to be typed.
//
// Conformance: AT-134, AT-135, AT-136 (unit)
func TestStatusVerdictsAndCommands(t *testing.T) {
	inUTC(t)
	base := func(edits ...string) statusFacts { return calmed(recordedStatus(t, "2.1.5", edits...)) }
	withServer := func(f statusFacts, change func(*serverLook)) statusFacts {
		l := f.Looks["node01"]
		server := *l.Server
		server.Senders = slices.Clone(server.Senders)
		change(&server)
		l.Server = &server
		f.Looks["node01"] = l
		return f
	}
	type typing = []string // as shown
	cleanupSlave := "# crm_resource --cleanup -r vip-slave"
	onSlave := func(f statusFacts, nodes ...string) statusFacts {
		f.Cluster.Resources = slices.Clone(f.Cluster.Resources)
		for i, r := range f.Cluster.Resources {
			if r.ID == "vip-slave" {
				f.Cluster.Resources[i].Nodes, f.Cluster.Resources[i].Active = nodes, len(nodes) > 0
				f.Cluster.Resources[i].Role = map[bool]string{true: "Started", false: "Stopped"}[len(nodes) > 0]
			}
		}
		return f
	}
	async := base(`"HS:sync"`, `"HS:async"`, `"STREAMING|SYNC"`, `"STREAMING|ASYNC"`)
	async.Database.params.RepMode = ocf.RepAsync
	fencing := base()
	fencing.Stonith = true
	failedFencing := base()
	failedFencing.Cluster.Fencings = []crm.Fencing{{Target: "node02", State: "failed", Completed: statusClock}}
	pendingFencing := base()
	pendingFencing.Cluster.Fencings = []crm.Fencing{{Target: "node02", State: "pending"}}
	failed := base()
	failed.Cluster.Failures = []crm.Failure{{Resource: "vip-slave", Node: "node02", Operation: "monitor", Time: statusClock, Exit: "error"},
		{Resource: "vip-slave", Node: "node02", Operation: "start", Time: statusClock.Add(time.Minute), Exit: "error", Reason: "no such device"}}
	counted := base()
	counted.Cluster.FailCounts = []crm.FailCount{{Resource: "pgsql", Node: "node02", Count: crm.Infinity}}
	banned := base()
	banned.Cluster.Bans = []crm.Ban{{ID: "loc-app", Resource: "prmApp", Node: "node02"}, {ID: "cli-ban-pgsql-on-node02", Resource: "pgsql", Node: "node02"}}
	onBoth := unfinished(t, base())
	onBoth = peerSeen(onBoth, look{Journal: onBoth.Looks["node01"].Journal})
	running := unfinished(t, base())
	l := running.Looks["node01"]
	l.Operation = &runningOperation{PID: 7, Command: "pg-rex_switchover", Host: "node01", Since: statusClock}
	running.Looks["node01"] = l
	full := base()
	l = full.Looks["node01"]
	l.Disks = []disk{{"/dbfp/pgarch/arc1", 5 << 30, 100 << 30}, {"/dbfp/pgdata/data/pg_wal", 5 << 30, 100 << 30}}
	full.Looks["node01"] = l
	alone := savedFacts(t)
	alone.Looks["node01"] = look{Lock: lockAt(false), PID: new(int), Server: &serverLook{}}
	*alone.Looks["node01"].PID = 4711
	bothDown := peerSeen(savedFacts(t), stoppedNode(false))
	twice := peerOffline(t)
	twice = peerSeen(twice, look{Stack: []node.Process{{Name: "corosync"}}, Server: &serverLook{}, PID: new(int)})
	lockOnStandby := base(`role="Unpromoted" active="true"`, `role="Stopped" active="false"`, `"HS:sync"`, `"STOP"`)
	lockOnStandby.Cluster.FailCounts = []crm.FailCount{{Resource: "pgsql", Node: "node02", Count: crm.Infinity}}
	lockOnStandby = peerSeen(lockOnStandby, look{Lock: lockAt(true)})
	unlockedStandby := base(`role="Unpromoted" active="true"`, `role="Stopped" active="false"`, `"HS:sync"`, `"STOP"`)
	job := base()
	job.Cluster.Resources = append(slices.Clone(job.Cluster.Resources), crm.Resource{ID: "prmJob", Role: "Stopped", Managed: true})
	disabled := base()
	disabled.Cluster.Resources = slices.Clone(disabled.Cluster.Resources)
	for i, r := range disabled.Cluster.Resources {
		disabled.Cluster.Resources[i].Disabled = r.Disabled || r.ID == "pgsql"
	}
	silent := savedFacts(t)
	silent.Silent = errors.New("no answer\nin time")
	silent.Looks["node01"] = look{Stack: []node.Process{{Name: "corosync"}}}
	heir := noPrimary(t)
	peerLost := noPrimary(t) // a standby that could not be promoted
	peerLost.Cluster.Nodes = slices.Clone(peerLost.Cluster.Nodes)
	peerLost.Cluster.Nodes[1].Attrs["pgsql-data-status"] = "DISCONNECT"
	// left is a standby that is there without its primary's node.
	left := func(dataStatus string) statusFacts {
		f := peerOffline(t)
		f.Own, f.View = "node02", "node02"
		f.Looks = map[string]look{"node02": {Lock: lockAt(false), Journal: &journalLook{}, Server: &serverLook{InRecovery: true}}}
		f.Saved = crm.SavedNodes{{Name: "node01", Attrs: map[string]string{"pgsql-data-status": "LATEST"}},
			{Name: "node02", Attrs: map[string]string{"pgsql-data-status": dataStatus}}}
		nodes := slices.Clone(f.Cluster.Nodes)
		for i := range nodes {
			nodes[i].Online, nodes[i].AttrsKnown, nodes[i].Attrs = nodes[i].Name == "node02", false, map[string]string{}
		}
		f.Cluster.Nodes, f.Cluster.Resources = nodes, slices.Clone(f.Cluster.Resources)
		for i, r := range f.Cluster.Resources {
			switch {
			case !slices.Contains(r.Nodes, "node01"):
			case r.ID == "pgsql":
				f.Cluster.Resources[i].Nodes, f.Cluster.Resources[i].Role = []string{"node02"}, "Unpromoted"
			case r.Clone != "":
				f.Cluster.Resources[i].Nodes = []string{"node02"}
			default:
				f.Cluster.Resources[i].Nodes, f.Cluster.Resources[i].Active, f.Cluster.Resources[i].Role = nil, false, "Stopped"
			}
		}
		return f
	}
	// Its record is older than what became of the other node.
	oldAlone := noPrimary(t)
	oldAlone.Looks = map[string]look{"node01": {Stack: []node.Process{{Name: "corosync"}}, Lock: lockAt(true), Journal: &journalLook{}, PID: new(int)}}
	oldAlone.Cluster.Nodes = slices.Clone(oldAlone.Cluster.Nodes)
	oldAlone.Cluster.Nodes[1].Online = false
	oldAlone.Cluster.Resources = slices.Clone(oldAlone.Cluster.Resources)
	for i, r := range oldAlone.Cluster.Resources {
		if slices.Contains(r.Nodes, "node02") {
			oldAlone.Cluster.Resources[i].Nodes, oldAlone.Cluster.Resources[i].Active, oldAlone.Cluster.Resources[i].Role = nil, false, "Stopped"
		}
	}
	complaining := func(words string) look {
		return look{Server: &serverLook{InRecovery: true, Complaint: words}}
	}
	network := base()
	network.Network = []string{"D-LAN_IPAddress contains no address of this node"}

	watch := "# pg-rex_status --watch"
	for name, tt := range map[string]struct {
		f       statusFacts
		verdict string
		says    []string // the verdict, then each problem in order: a part of its text
		types   typing
	}{
		"healthy":                       {base(), healthy, []string{"Healthy"}, nil},
		"asynchronous, as it should be": {async, healthy, []string{"asynchronous"}, nil},
		"node offline":                  {peerOffline(t), degraded, []string{"alone", "node02 is offline"}, typing{"node02# pg-rex_standby_start"}},
		"node stopped":                  {peerSeen(peerOffline(t), stoppedNode(false)), degraded, []string{"alone", "stopped on node02"}, typing{"node02# pg-rex_standby_start"}},
		"stopped with lock":             {peerSeen(peerOffline(t), stoppedNode(true)), degraded, []string{"alone", "stopped on node02", "lock file is left on node02 (/var/lib/pgsql/tmp/PGSQL.lock)"}, typing{"node02# pg-rex_standby_start --remove-lock"}},
		"running with lock":             {lockOnStandby, degraded, []string{"alone", "lock file is left"}, typing{"node02# pg-rex_stop", "node02# pg-rex_standby_start --remove-lock"}},
		"not started":                   {unlockedStandby, degraded, []string{"alone", "does not run on node02"}, typing{"# crm_resource --cleanup -r pgsql -N node02"}},
		"unclean":                       {base(`node02" id="2" online="true" standby="false" standby_onfail="false" maintenance="false" pending="false" unclean="false"`, `node02" id="2" online="false" standby="false" standby_onfail="false" maintenance="false" pending="false" unclean="true"`), degraded, []string{"alone", "unclean"}, typing{"# stonith_admin --confirm node02"}},
		"standby mode":                  {base(`node02" id="2" online="true" standby="false"`, `node02" id="2" online="true" standby="true"`), degraded, []string{"alone", "standby mode"}, typing{"# crm_attribute -N node02 -n standby -D"}},
		"node in maintenance":           {base(`node02" id="2" online="true" standby="false" standby_onfail="false" maintenance="false"`, `node02" id="2" online="true" standby="false" standby_onfail="false" maintenance="true"`), degraded, []string{"alone", "in maintenance"}, typing{"# crm_attribute -N node02 -n maintenance -D"}},
		"leaving":                       {base(`shutdown="false" expected_up="true" is_dc="false"`, `shutdown="true" expected_up="true" is_dc="false"`), degraded, []string{"alone", "leaving"}, typing{watch}},
		"maintenance mode":              {base(`maintenance-mode="false"`, `maintenance-mode="true"`), degraded, []string{"attention needed: 1", "Maintenance mode"}, typing{"# crm_attribute -t crm_config -n maintenance-mode -v false"}},
		"no quorum":                     {base(`with_quorum="true"`, `with_quorum="false"`, `no-quorum-policy="ignore"`, `no-quorum-policy="stop"`), degraded, []string{"attention needed: 1", "quorum"}, typing{"# corosync-quorumtool -s"}},
		"quorum not needed":             {base(`with_quorum="true"`, `with_quorum="false"`), healthy, []string{"Healthy"}, nil},
		"standby not connected":         {withServer(base(`"HS:sync"`, `"HS:alone"`), func(l *serverLook) { l.Senders = nil }), degraded, []string{"alone", "not connected to the Primary"}, typing{"node02# pg-rex_stop", "node02# pg-rex_standby_start"}},
		"standby catching up":           {withServer(base(`"HS:sync"`, `"HS:connected"`), func(l *serverLook) { l.Senders[0].State, l.Senders[0].Sync = "catchup", "async" }), degraded, []string{"alone", "catchup (async)"}, typing{watch}},
		"standby asynchronous":          {withServer(base(`"HS:sync"`, `"HS:async"`), func(l *serverLook) { l.Senders = nil }), degraded, []string{"alone", "HS:async"}, typing{watch}},
		"far behind":                    {withServer(base(), func(l *serverLook) { l.Senders[0].Behind = 16<<20 + 1 }), degraded, []string{"attention needed: 1", "node02 is 16.0 MiB behind"}, typing{watch}},
		"not far behind":                {withServer(base(), func(l *serverLook) { l.Senders[0].Behind = 16 << 20 }), healthy, []string{"Healthy"}, nil},
		"archiving fails": {withServer(base(), func(l *serverLook) {
			l.Archiving = &pg.Archiver{LastArchived: "000000010000000000000002", LastArchivedTime: time.Unix(1000, 0), LastFailed: "000000010000000000000003", LastFailedTime: time.Unix(2000, 0)}
		}), degraded, []string{"attention needed: 1", "(000000010000000000000003). WAL is kept"}, typing{"node01# pg-rex_doctor"}},
		"archiving has failed once": {withServer(base(), func(l *serverLook) {
			l.Archiving = &pg.Archiver{LastArchivedTime: time.Unix(2000, 0), LastFailed: "000000010000000000000003", LastFailedTime: time.Unix(1000, 0)}
		}), healthy, []string{"Healthy"}, typing{}},
		"replay paused":           {peerSeen(base(), look{Server: &serverLook{InRecovery: true, ReplayPaused: true}}), degraded, []string{"attention needed: 1", "paused"}, typing{`node02# su - postgres -c "psql -p 5432 -c 'SELECT pg_wal_replay_resume()'"`}},
		"no primary":              {peerLost, down, []string{"Down: no Primary is running", "lock file is left on node01", "node02 is not promoted: its data status is DISCONNECT"}, typing{"node02# pg-rex_stop", "node01# pg-rex_stop", "node01# pg-rex_primary_start --remove-lock", watch}},
		"standby locked out":      {peerSeen(withServer(base(`"HS:sync"`, `"HS:alone"`), func(l *serverLook) { l.Senders = nil }), complaining("FATAL:  could not connect to the primary server: FATAL:  password authentication failed")), degraded, []string{"alone", "not connected to the Primary: FATAL:  could not connect to the primary server: FATAL:  password"}, typing{"node02# pg-rex_doctor --connect"}},
		"standby with other data": {peerSeen(withServer(base(`"HS:sync"`, `"HS:alone"`), func(l *serverLook) { l.Senders = nil }), complaining("FATAL:  database system identifier differs")), degraded, []string{"alone", "system identifier differs"}, typing{"node02# pg-rex_stop", "node02# pg-rex_standby_start"}},
		"commits wait":            {withServer(base(), func(l *serverLook) { l.Waits, l.Abandoned = pg.CommitWaits{Sessions: 3, Longest: 2 * time.Second}, 2 }), degraded, []string{"attention needed: 2", "node01 wait for the Standby: 3, the longest for 2.0 s", "node01 were cancelled"}, typing{watch, watch}},
		"commits as ever": {withServer(base(), func(l *serverLook) {
			l.Waits, l.Abandoned = pg.CommitWaits{Sessions: 3, Longest: 999 * time.Millisecond}, 2
		}), healthy, []string{"Healthy"}, nil},
		"commits cancelled":           {withServer(peerOffline(t), func(l *serverLook) { l.Abandoned = 2 }), degraded, []string{"alone", "node02 is offline", "node01 were cancelled while they waited for the Standby (2 in"}, typing{"node02# pg-rex_standby_start", watch}},
		"no primary, standby behind":  {left("DISCONNECT"), down, []string{"Down: no Primary is running", "node01 is offline", "node02 is not promoted"}, typing{"node02# pg-rex_stop", "node01# pg-rex_primary_start", watch}},
		"no primary, standby alone":   {left("STREAMING|SYNC"), down, []string{"Down: no Primary is running", "node01 is offline", "node02 waits for node01, which was the Primary"}, typing{"node02# pg-rex_stop", "node01# pg-rex_primary_start", watch}},
		"old primary alone":           {oldAlone, down, []string{"Down: no Primary is running", "lock file is left on node01", "node02 is offline"}, typing{"node02# pg-rex_status", "node02# pg-rex_status"}},
		"promoting":                   {base(`role="Promoted"`, `role="Promoting"`), down, []string{"being started on node01", "changing its state"}, nil},
		"own stopped, peer not seen":  {savedFacts(t), unknown, []string{"cannot be seen", "stopped on node01", "lock file is left"}, typing{"node02# pg-rex_status"}},
		"both stopped":                {bothDown, down, []string{"stopped on every node", "stopped on node01", "lock file", "stopped on node02"}, typing{"node02# pg-rex_primary_start", "node01# pg-rex_standby_start --remove-lock", "node02# pg-rex_primary_start"}},
		"server without cluster":      {alone, degraded, []string{"no cluster watches", "outside of the cluster", "stopped on node01"}, typing{"node01# su - postgres -c '/usr/pgsql/bin/pg_ctl -D /dbfp/pgdata/data -m fast stop'", "node02# pg-rex_status"}},
		"two primaries":               {twice, degraded, []string{"Danger: Primary runs on more than one node: node01, node02", "different ways", "node02 is offline"}, nil},
		"failover under way":          {heir, down, []string{"Down: no Primary", "lock file is left on node01", "waits for a Primary"}, typing{watch, "node01# pg-rex_stop", "node01# pg-rex_standby_start --remove-lock", watch}},
		"cluster silent":              {silent, unknown, []string{"Unknown: the cluster on node01 does not answer", "no answer in time"}, typing{"node01# systemctl status corosync pacemaker"}},
		"standby IP on primary":       {onSlave(base(), "node01"), degraded, []string{"attention needed: 1", "vip-slave for the Standby runs on node01, the Primary, although node02"}, typing{cleanupSlave}},
		"standby IP on the only node": {onSlave(peerOffline(t), "node01"), degraded, []string{"alone", "offline"}, typing{"node02# pg-rex_standby_start"}},
		"standby IP nowhere":          {onSlave(base()), degraded, []string{"attention needed: 1", "vip-slave runs on no node"}, typing{cleanupSlave}},
		"failed action":               {failed, degraded, []string{"attention needed: 1", "vip-slave on node02: start failed at 2026-11-23 07:01:00 (error: no such device)"}, typing{"# crm_resource --cleanup -r vip-slave -N node02"}},
		"fail count":                  {counted, degraded, []string{"attention needed: 1", "pgsql has failed on node02 (fail count INFINITY)"}, typing{"# crm_resource --cleanup -r pgsql -N node02"}},
		"ban by a command":            {banned, degraded, []string{"attention needed: 1", "cli-ban-pgsql-on-node02"}, typing{"# crm_resource --clear -r pgsql -N node02"}},
		"another resource":            {job, degraded, []string{"attention needed: 1", "prmJob is stopped"}, typing{"# crm_resource --cleanup -r prmJob"}},
		"database disabled":           {disabled, degraded, []string{"attention needed: 1", "pgsql is disabled"}, typing{"# crm_resource -r msPostgresql --meta -d target-role"}},
		"fencing not enabled":         {fencing, degraded, []string{"attention needed: 1", "not in the cluster"}, typing{"# crm_attribute -t crm_config -n stonith-enabled -v true"}},
		"fencing failed":              {failedFencing, degraded, []string{"attention needed: 1", "Fencing of node02 failed"}, typing{"# stonith_admin --cleanup --history node02"}},
		"fencing under way":           {pendingFencing, healthy, []string{"Healthy", "being fenced"}, typing{watch}},
		"unfinished":                  {unfinished(t, base()), degraded, []string{"attention needed: 1", "pg-rex_switchover of 2026-11-23 06:00:00 on node01 did not finish (phase: stop-primary)"}, typing{"node01# pg-rex_switchover --resume", "node01# pg-rex_switchover --abort   (or this)"}},
		"unfinished on both nodes":    {onBoth, degraded, []string{"attention needed: 1", "did not finish"}, typing{"node01# pg-rex_switchover --resume", "node01# pg-rex_switchover --abort   (or this)"}},
		"lock of a promotion":         {peerSeen(base(), look{Lock: lockAt(true)}), healthy, []string{"Healthy", "node02 is changing its state (promoting)"}, typing{watch}},
		"at work":                     {running, healthy, []string{"Healthy", "pg-rex_switchover is running on node01"}, typing{"node01" + watch}},
		"disk full":                   {full, degraded, []string{"attention needed: 1", "/dbfp/pgarch/arc1 on node01 is 95% full (5.0 GiB free)"}, typing{"node01# pg-rex_archivefile_delete"}},
		"own address missing":         {network, degraded, []string{"attention needed: 1", "contains no address of this node"}, typing{"node01# ip address"}},
		"double address":              {peerSeen(base(), look{Addresses: []heldAddress{{netip.MustParsePrefix("192.168.2.3/24"), "bond1"}}}), degraded, []string{"attention needed: 1", "vip-rep (192.168.2.3) is on more than one node: the cluster runs it on node01, and node02 has it too"}, typing{"node02# ip address del 192.168.2.3/24 dev bond1"}},
		"address where it should be":  {withLook(base(), func(l *look) { l.Addresses = []heldAddress{{netip.MustParsePrefix("192.168.2.3/24"), "bond1"}} }), healthy, []string{"Healthy"}, nil},
		"link down":                   {peerSeen(withLook(base(), func(l *look) { l.LinksDown, l.Links = []string{"1"}, 2 }), look{LinksDown: []string{"1"}, Links: 2}), degraded, []string{"attention needed: 1", "Corosync link 1 is down (seen by node01, node02)"}, typing{"node01# corosync-cfgtool -s"}},
		"all links down":              {withLook(peerOffline(t), func(l *look) { l.LinksDown, l.Links = []string{"0", "1"}, 2 }), degraded, []string{"alone", "node02 is offline"}, typing{"node02# pg-rex_standby_start"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := reporting("en", message.NewWords)
			r := s.report(tt.f)
			if r.Verdict != tt.verdict {
				t.Errorf("verdict %s: %s", r.Verdict, r.Summary)
			}
			said := []string{r.Summary}
			var types []string
			for _, p := range r.Problems {
				// Two notes are in each of these: a resource that somebody has
				// disabled, and fencing that the configuration has disabled.
				if p.ID == message.CMN020 || strings.Contains(p.Text, "prmApp") {
					continue
				}
				said = append(said, p.Text)
				for _, c := range p.Commands {
					types = append(types, s.typed(c))
				}
			}
			if len(said) < len(tt.says) || tt.types != nil && len(said) != len(tt.says) {
				t.Errorf("says %q", said)
			}
			for i, text := range tt.says {
				if i < len(said) && !strings.Contains(said[i], text) {
					t.Errorf("%q is not in %q", text, said[i])
				}
			}
			if tt.types != nil && !slices.Equal(types, tt.types) {
				t.Errorf("types\n%s\nwant\n%s", strings.Join(types, "\n"), strings.Join(tt.types, "\n"))
			}
			for _, p := range r.Problems {
				if strings.ContainsAny(r.Summary+p.Text, "{}") {
					t.Errorf("%s: %s: %s", r.Summary, p.ID, p.Text)
				}
				if len(p.Commands) == 0 && p.ID != message.STS011 && p.ID != message.STS012 {
					t.Errorf("nothing is to be typed for %q", p.Text)
				}
			}
		})
	}
}

// The names in the JSON form stay as they are, and lists are never null.
//
// Conformance: AT-134 (unit)
func TestStatusJSON(t *testing.T) {
	inUTC(t)
	s := reporting("en", message.NewWords)
	var shape func(v any, at string, into map[string]bool)
	shape = func(v any, at string, into map[string]bool) {
		switch v := v.(type) {
		case map[string]any:
			for name, inner := range v {
				into[at+name] = true
				if at+name != "nodes.fail_counts" {
					shape(inner, at+name+".", into)
				}
			}
		case []any:
			for _, inner := range v {
				shape(inner, at, into)
			}
		}
	}
	b, err := json.Marshal(s.report(recordedStatus(t, "2.1.5")))
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	shape(v, "", names)
	goldenScreen(t, filepath.Join("testdata", "status", "json-names.golden"), strings.Join(slices.Sorted(maps.Keys(names)), "\n")+"\n")

	empty, err := json.Marshal(s.report(savedFacts(t)))
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{`"replication":[]`, `"lock_file":null`} {
		if !bytes.Contains(empty, []byte(list)) {
			t.Errorf("%s is not in %s", list, empty)
		}
	}
}

// lookable lets the nodes of a fake cluster be looked at.
func lookable(c *fakeCluster) *fakeCluster {
	for _, n := range []*fakeNode{c.a, c.b} {
		answer(n, "look-around", func(in lookIn) (look, error) {
			c.mu.Lock()
			defer c.mu.Unlock()
			pid := n.server
			l := look{Stack: n.stack, Lock: lockAt(n.lock), Journal: &journalLook{}, PID: &pid}
			if text, ok := n.files[in.Journal]; ok {
				l.Journal.File = &journal{}
				if err := json.Unmarshal([]byte(text), l.Journal.File); err != nil {
					return look{}, err
				}
			}
			if n.role == crm.Promoted {
				l.Server = &serverLook{Senders: []senderLook{{Name: n.peer().host, State: "streaming", Sync: "sync"}}}
			}
			return l, nil
		})
	}
	return c
}

// The whole command, on clusters that are up, half up and down.
//
// Conformance: AT-134, AT-135, AT-136 (unit)
func TestStatusCommand(t *testing.T) {
	inUTC(t)
	down := "pg-rex_status"
	for name, tt := range map[string]struct {
		prepare func(*fakeCluster)
		args    []string
		status  int
		says    []string
		not     []string
	}{
		"in Japanese with old words": {func(*fakeCluster) {}, []string{"--lang", "ja", "--vocabulary", "old"}, 0, []string{"正常: Master は pgrex01", "Slave（同期）"}, nil},
		"own stack down, peer reachable": {func(c *fakeCluster) { c.a.stop(); c.b.primary() }, nil, 0,
			[]string{"Degraded: Primary on pgrex02 runs alone", "seen by pgrex02", "pgrex01# pg-rex_standby_start --remove-lock"}, nil},
		"own stack down, peer not reachable": {func(c *fakeCluster) { c.a.stop(); c.b.primary(); c.dialErr = errors.New("no route") }, nil, 0,
			[]string{"Unknown: the cluster is stopped on pgrex01", "from the saved definition only", "LATEST", "pgrex02# pg-rex_status"}, nil},
		"both down": {func(c *fakeCluster) { c.b.stop(); c.a.stop() }, nil, 0, []string{"Down: the cluster is stopped on every node.", "pgrex01# pg-rex_primary_start"}, nil},
		"both down, defined on the peer only": {func(c *fakeCluster) { c.b.stop(); c.a.stop(); delete(c.a.files, crm.CIBFile) }, nil, 0,
			[]string{"Down: the cluster is stopped on every node.", "pgrex01# pg-rex_primary_start"}, nil},
		"both down, nobody knows whose data are newest": {func(c *fakeCluster) {
			c.b.stop()
			c.a.stop()
			delete(c.a.permanent, "pgsql-data-status")
			delete(c.b.permanent, "pgsql-data-status")
			c.save()
		}, nil, 0, []string{"Down: the cluster is stopped on every node."}, []string{"_start"}},
		"peer is not asked for a password": {func(c *fakeCluster) {
			c.conf = strings.Replace(newConfig, "nopass", "manual", 1)
			c.dialErr = errors.New("x")
		}, nil, 0, []string{"Healthy"}, nil},
		"unfinished operation": {func(c *fakeCluster) {
			c.b.files["/var/lib/pg-rex/operation.json"] = `{"Command":"switchover","Node":"pgrex01","Started":"2026-11-23T06:00:00Z","Phase":"frozen"}`
		}, nil, 0, []string{"pg-rex_switchover of 2026-11-23 06:00:00 on pgrex01 did not finish (phase: frozen)", "pg-rex_switchover --resume", "pg-rex_switchover --abort"}, nil},
		"another user": {func(c *fakeCluster) {
			c.machine.User = 1000
			answer(c.a, "look-around", func(lookIn) (look, error) { return look{}, nil })
		}, nil, 0, []string{"Healthy", "unknown", "not known: only the Primary can tell"}, nil},
		"another user who may not look": {func(c *fakeCluster) {
			c.machine.User = 1000
			c.a.programs["crm_mon"] = func([]string) (string, int) { return "", 4 }
			delete(c.a.files, crm.CIBFile)
		}, nil, 3, []string{"CMN-001"}, nil},
		"nothing to show": {func(c *fakeCluster) {
			c.a.stop()
			delete(c.a.files, crm.CIBFile)
			c.dialErr = errors.New("no route")
		}, nil, 3, []string{"CMN-008"}, nil},
		"broken configuration":    {func(c *fakeCluster) { c.conf = newConfig + "STONITH = maybe\nnonsense\n" }, nil, 0, []string{"CMN-063", "Healthy"}, nil},
		"no configuration":        {func(c *fakeCluster) { c.conf = "" }, nil, 0, []string{"CMN-063", "Healthy", "present (normal)"}, []string{"CMN-020"}},
		"seconds without --watch": {func(*fakeCluster) {}, []string{"5"}, 2, []string{"CMN-061"}, nil},
		"seconds that are none":   {func(*fakeCluster) {}, []string{"--watch", "often"}, 2, []string{"CMN-062"}, nil},
		"no seconds":              {func(*fakeCluster) {}, []string{"--watch=0"}, 2, []string{"CMN-062"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := lookable(healthyCluster(t))
			tt.prepare(c)
			got := c.play(typed{}, append([]string{down}, tt.args...)...)
			c.want(got, tt.status, tt.says)
			for _, text := range tt.not {
				if strings.Contains(got.out+got.err, text) {
					t.Errorf("%q is said:\n%s%s", text, got.out, got.err)
				}
			}
		})
	}
}

// The peer is looked at where that needs no answer of anybody, and not for long.
//
// Conformance: AT-135 (unit)
func TestStatusAsksNobody(t *testing.T) {
	for mode, want := range map[string]int{"nopass": 1, "manual": 0} {
		c := lookable(healthyCluster(t))
		c.conf = strings.Replace(newConfig, "nopass", mode, 1)
		dialled := 0
		c.machine.Dial = func(ctx context.Context, s *session) (node.Node, error) {
			dialled++
			if s.streams.Terminal || s.conf.SSHConnectTimeout > peerTime {
				t.Errorf("terminal %v, %v", s.streams.Terminal, s.conf.SSHConnectTimeout)
			}
			return c.b, nil
		}
		c.want(c.play(typed{terminal: true}, "pg-rex_status"), 0, []string{"Healthy"})
		if dialled != want {
			t.Errorf("%s: dialled %d times", mode, dialled)
		}
	}
}

// --json is one object and nothing else.
//
// Conformance: AT-134 (unit)
func TestStatusCommandJSON(t *testing.T) {
	c := lookable(healthyCluster(t))
	got := c.play(typed{}, "pg-rex_status", "--json")
	var r Report
	if err := json.Unmarshal([]byte(got.out), &r); err != nil || r.Verdict != healthy || len(r.Nodes) != 2 || got.err != "" || got.status != 0 {
		t.Errorf("%v: %d %s%s", err, got.status, got.out, got.err)
	}
}

// watching is what --watch shows while a test turns the clock.
func watchFake(t *testing.T, terminal, asJSON bool, then func(c *fakeCluster)) string {
	t.Helper()
	c := lookable(healthyCluster(t))
	var out bytes.Buffer
	s := reporting("en", message.NewWords)
	s.machine, s.own, s.streams = c.machine, c.a, Streams{Out: &out, Terminal: terminal}
	ctx, cancel := context.WithCancelCause(context.Background())
	tick, done := make(chan time.Time), make(chan error)
	w := &watcher{session: s, each: 2, json: asJSON}
	go func() { done <- w.watch(ctx, tick) }()
	tick <- statusClock // taken when the first report is there
	c.mu.Lock()
	then(c)
	c.mu.Unlock()
	tick <- statusClock
	tick <- statusClock
	cause := &console.Interrupted{ID: message.CMN032}
	cancel(cause)
	if err := <-done; !errors.Is(err, cause) {
		t.Errorf("ends with %v", err)
	}
	return out.String()
}

// Watching redraws on a terminal, and appends elsewhere.
func TestStatusWatch(t *testing.T) {
	stop := func(c *fakeCluster) { c.b.role, c.b.transient["pgsql-status"] = "", "STOP" }
	text := watchFake(t, true, false, stop)
	first, last := strings.Index(text, "Healthy"), strings.LastIndex(text, "Degraded")
	if first < 0 || last < first || strings.Count(text, "\x1b[H") < 3 || !strings.HasPrefix(text, "\x1b[H") {
		t.Errorf("%q", text)
	}
	text = watchFake(t, false, false, stop)
	if !strings.Contains(text, "Healthy") || !strings.Contains(text, "\n\nDegraded") || strings.Contains(text, "\x1b") {
		t.Errorf("%q", text)
	}
	lines := strings.Split(strings.TrimSpace(watchFake(t, true, true, stop)), "\n")
	for i, line := range lines {
		var r Report
		if err := json.Unmarshal([]byte(line), &r); err != nil || i == 0 && r.Verdict != healthy || i == len(lines)-1 && r.Verdict != degraded {
			t.Errorf("%v %s", err, line)
		}
	}
	// A cluster that cannot be seen for a while ends nothing.
	text = watchFake(t, false, false, func(c *fakeCluster) {
		c.a.programs["crm_mon"] = func([]string) (string, int) { return "", 102 }
		delete(c.a.files, crm.CIBFile)
	})
	if !strings.Contains(text, crm.CIBFile) {
		t.Errorf("%q", text)
	}
}

// Ctrl-C is how watching ends, and no error.
func TestStatusWatchEndsWell(t *testing.T) {
	c := lookable(healthyCluster(t))
	s := reporting("en", message.NewWords)
	s.machine, s.own, s.streams = c.machine, c.a, Streams{Out: new(bytes.Buffer)}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(&console.Interrupted{ID: message.CMN032})
	if err := (&watcher{session: s, each: 1}).run(ctx); err != nil {
		t.Error(err)
	}
}

func TestStatusFitsTheScreen(t *testing.T) {
	lines := []string{"  a long line of words", "  ノードが停止しています", "c", "d"}
	want := []string{"  a long line", "  of words", "  ノードが停止", "  しています", "c", "d"}
	const columns = 15
	if got := fit(lines, columns, len(want)); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := fit(lines, columns, 3); !slices.Equal(got, append(want[:2:2], "...")) {
		t.Errorf("%q", got)
	}
	if got := fit(lines, 0, 0); !slices.Equal(got, lines) {
		t.Errorf("%q", got)
	}
}

// What a node says of itself, as far as it can without a server: here and now.
func TestLookAround(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "operation.json")
	local := node.Local{HostName: "here"}
	ctx := context.Background()
	l, err := lookAround.On(ctx, local, lookIn{Journal: file, Running: filepath.Join(dir, "pid"), Archive: dir})
	if err != nil || l.Journal == nil || l.Journal.File != nil || l.Operation != nil || len(l.Disks) != 1 || l.Disks[0].Total == 0 || l.Lock != nil ||
		!slices.Contains(l.Addresses, heldAddress{netip.MustParsePrefix("127.0.0.1/8"), "lo"}) {
		t.Errorf("%v %+v", err, l)
	}
	if err := os.WriteFile(file, []byte(`{"Command":"switchover","Phase":"frozen"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	lock := filepath.Join(dir, "PGSQL.lock")
	if err := os.WriteFile(lock, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	set := pg.Settings{Data: data, TmpDir: dir, User: pg.User{Name: "root"}, SocketDir: dir, Port: 1}
	l, err = lookAround.On(ctx, local, lookIn{Settings: &set, Journal: file})
	if err != nil || l.Journal == nil || l.Journal.File == nil || l.Journal.File.Phase != "frozen" || l.Server != nil ||
		l.Lock == nil || *l.Lock != (lockFile{Path: lock, Exists: true}) || l.PID == nil || *l.PID != 0 {
		t.Errorf("%v %+v", err, l)
	}
	if err := os.WriteFile(file, []byte(`{`), 0o600); err != nil {
		t.Fatal(err)
	}
	if j := lookJournal(file); j != nil {
		t.Errorf("a torn journal is %+v", j)
	}
}

// The lock of a command that was killed still names it, and it does not run.
func TestRunningOperation(t *testing.T) {
	own, err := node.HostName()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "pid")
	write := func(text string) *runningOperation {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return lookOperation(file)
	}
	const nobody = "4194999" // above the greatest pid of Linux
	for _, text := range []string{"", "1\n", nobody + "\npg-rex_switchover\n" + own + "\n2026-11-23T06:00:00Z\n",
		"1\npg-rex_switchover\n" + own + "\n2026-11-23T06:00:00Z\n", "1\npg-rex_switchover\nelsewhere\n2026-11-23T06:00:00Z\n"} {
		if o := write(text); o != nil {
			t.Errorf("%q is %+v", text, o)
		}
	}
}
