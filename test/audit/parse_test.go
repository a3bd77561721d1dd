package audit

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgrex/test/lab"
)

// Lines of Pacemaker 2.1.5, shortened in the middle only.
const (
	lineChanged = `Nov 29 18:10:07.987 node01 pacemaker-based     [90] (cib_perform_op) 	info: +  /cib/configuration/nodes/node[@id='2']/instance_attributes[@id='nodes-2']/nvpair[@id='nodes-2-pgsql-data-status']:  @value=STREAMING|SYNC`
	lineScore   = `Nov 29 18:10:08.019 node01 pacemaker-based     [90] (cib_perform_op) 	info: +  /cib/status/node_state[@id='2']/transient_attributes[@id='2']/instance_attributes[@id='status-2']/nvpair[@id='status-2-master-pgsql']:  @value=100`
	lineCreated = `Nov 29 18:10:18.675 node01 pacemaker-based     [90] (cib_perform_op) 	info: ++ /cib/status/node_state[@id='3']/transient_attributes[@id='3']/instance_attributes[@id='status-3']:  <nvpair id="status-3-master-pgsql" name="master-pgsql" value="-INFINITY"/>`
	lineNested  = `Nov 29 18:10:35.927 node01 pacemaker-based     [90] (cib_perform_op) 	info: ++                                       <nvpair id="status-2-pgsql-status" name="pgsql-status" value="PRI"/>`
	lineDeleted = `Nov 29 18:10:27.379 node01 pacemaker-based     [90] (cib_perform_op) 	info: -- /cib/status/node_state[@id='1']/transient_attributes[@id='1']/instance_attributes[@id='status-1']/nvpair[@id='status-1-pgsql-master-baseline']`
	lineLost    = `Nov 29 18:10:26.051 node01 pacemaker-based     [90] (cib_perform_op) 	info: -- /cib/status/node_state[@id='2']/transient_attributes[@id='2']`
	lineHistory = `Nov 29 18:10:00.179 node01 pacemaker-based     [90] (cib_perform_op) 	info: -- /cib/status/node_state[@id='1']/lrm[@id='1']`
	lineMoved   = `Nov 29 18:10:36.015 node01 pacemaker-based     [90] (cib_perform_op) 	info: +~ /cib/status/node_state[@id='3']/transient_attributes[@id='3']/instance_attributes[@id='status-3']/nvpair[@id='status-3-master-pgsql'] moved to offset 3`
	lineJoin    = `Nov 29 18:10:36.015 node01 pacemaker-based     [90] (cib_perform_op) 	info: +  /cib/status/node_state[@id='1']:  @join=down`
	lineNew     = `Nov 29 18:10:38.867 node01 pacemakerd          [1759] (main) 	notice: Starting Pacemaker 2.1.5 | build=a3f44794f94 features:agent-manpages cibsecrets corosync-ge-2`
	lineSent    = `Nov 29 18:10:08.015 node01 pacemaker-attrd     [93] (update_attr_on_host) 	notice: Setting master-pgsql[node02]: -INFINITY -> 100 | from node01 with no write delay`
)

func TestLinesOfPacemaker(t *testing.T) {
	near := time.Date(2026, 11, 29, 18, 11, 0, 0, time.UTC)
	moment := func(s string) time.Time {
		m, err := time.Parse("2006 Jan _2 15:04:05.000", "2026 Nov 29 "+s)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for line, want := range map[string]Event{
		lineChanged: Attribute{moment("18:10:07.987"), n1, n2, "pgsql-data-status", "STREAMING|SYNC"},
		lineScore:   Attribute{moment("18:10:08.019"), n1, n2, "master-pgsql", "100"},
		lineCreated: Attribute{moment("18:10:18.675"), n1, n3, "master-pgsql", "-INFINITY"},
		lineNested:  Attribute{moment("18:10:35.927"), n1, n2, "pgsql-status", "PRI"},
		lineDeleted: Attribute{moment("18:10:27.379"), n1, n1, "pgsql-master-baseline", ""},
		lineLost:    Forgotten{moment("18:10:26.051"), n1, n2},
		lineHistory: nil, lineMoved: nil, lineJoin: nil, lineSent: nil,
		lineNew: Forgotten{moment("18:10:38.867"), n1, ""},
	} {
		got, ok := parsePacemaker(n1, line+"\n", near, []string{n1, n2, n3})
		if ok != (want != nil) || ok && !reflect.DeepEqual(got, want) {
			t.Errorf("%s\nis %+v (%v), want %+v", line, got, ok, want)
		}
	}
}

func TestLinesOfPostgreSQL(t *testing.T) {
	moment := time.Date(2026, 11, 29, 18, 10, 7, 936000000, time.UTC)
	for text, want := range map[string]Server{
		`LOG:  starting PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu`:                          {What: Starting},
		`LOG:  database system is ready to accept read-only connections`:                                           {What: ReadOnly},
		`LOG:  database system is ready to accept connections`:                                                     {What: Writable},
		`LOG:  selected new timeline ID: 12`:                                                                       {What: NewTimeline, Timeline: 12},
		`LOG:  received promote request`:                                                                           {What: PromoteAsked},
		`LOG:  received immediate shutdown request`:                                                                {What: StopAsked},
		`LOG:  database system is shut down`:                                                                       {What: ShutDown},
		`LOG:  redo done at 0/9000028 system usage: CPU: user: 0.00 s, system: 0.00 s, elapsed: 46.71 s`:           {What: RedoDone, LSN: 0x9000028},
		`LOG:  parameter "synchronous_standby_names" changed to ""node02""`:                                        {What: NamesUsed, Names: []string{n2}},
		`LOG:  parameter "synchronous_standby_names" changed to "2 ("node02", "node03")"`:                          {What: NamesUsed, Names: []string{n2, n3}},
		`LOG:  parameter "synchronous_standby_names" changed to ""`:                                                {What: NamesUsed},
		`LOG:  database system was shut down at 2026-11-29 18:09:38 UTC`:                                           {},
		`ERROR:  cannot execute INSERT in a read-only transaction`:                                                 {},
		`FATAL:  the database system is starting up`:                                                               {},
		`LOG:  statement: SELECT 'starting PostgreSQL '`:                                                           {},
		`LOG:  standby "node02" is now a synchronous standby with priority 1`:                                      {},
		`STATEMENT:  SELECT ' LOG:  database system is shut down'`:                                                 {},
		`LOG:  parameter "wal_sender_timeout" changed to "6s"`:                                                     {},
		`LOG:  background worker "logical replication launcher" (PID 72) exited with exit code 1`:                  {},
		`LOG:  checkpoint complete: wrote 931 buffers (5.7%); 0 WAL file(s) added, 0 removed, 0 recycled; write=0`: {},
	} {
		got, ok := parsePostgreSQL(n1, "2026-11-29 18:10:07.936 UTC [395] "+text+"\n")
		if want.What != "" {
			want.Node, want.At = n1, moment
		}
		if ok != (want.What != "") || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\nis %+v, want %+v", text, got, want)
		}
	}
	if got, ok := parsePostgreSQL(n1, "backend> backend> 2026-11-29 18:10:07.936 UTC [395] LOG:  starting PostgreSQL 15.18\n"); !ok || got.What != Starting || !got.At.Equal(moment) {
		t.Errorf("a line behind a prompt is %+v", got)
	}
	for _, line := range []string{"", "\n", "/bin/cp: cannot stat 'x'\n", "2026-11-29 18:10:07.936 UTC"} {
		if _, ok := parsePostgreSQL(n1, line); ok {
			t.Errorf("%q tells something", line)
		}
	}
}

func TestSmallFiles(t *testing.T) {
	if pid, began, ok := parsePostmaster("2033\n/dbfp/pgdata/data\n1795975848\n5432\n"); pid != 2033 || began != 1795975848 || !ok {
		t.Error(pid, began, ok)
	}
	for _, half := range []string{"", "2033\n", "2033\n/dbfp/pgdata/data\n17959x\n"} {
		if _, _, ok := parsePostmaster(half); ok {
			t.Errorf("%q is whole", half)
		}
	}
	if got := parseList("synchronous_standby_names = '\"node02\"'\n"); !slices.Equal(got, []string{n2}) {
		t.Error(got)
	}
	if got := parseList("synchronous_standby_names = ''\n"); len(got) != 0 {
		t.Error(got)
	}
	b := make([]byte, 296)
	binary.NativeEndian.PutUint64(b, 7000000000000000001)
	binary.NativeEndian.PutUint32(b[8:], 1300)
	binary.NativeEndian.PutUint32(b[16:], 1)
	binary.NativeEndian.PutUint64(b[32:], 0x6000028)
	if c, ok := parseControl(b); !ok || c != (control{7000000000000000001, 0x6000028, true}) {
		t.Error(c, ok)
	}
	binary.NativeEndian.PutUint32(b[16:], 6)
	if c, ok := parseControl(b); !ok || c.shutDown {
		t.Error(c, ok)
	}
	binary.NativeEndian.PutUint32(b[8:], 0x8f31c2d7)
	if _, ok := parseControl(b); ok {
		t.Error("noise is a control file")
	}
	if _, ok := parseControl(b[:10]); ok {
		t.Error("half a control file is one")
	}
	a := parseAnswer("f\n\"node02\"\nnode02|streaming|sync\npg_basebackup|backup|async\n")
	if !a.Running || a.InRecovery || !slices.Equal(a.Names, []string{n2}) || len(a.Senders) != 2 || a.Senders[0] != (Sender{n2, "streaming", "sync"}) {
		t.Errorf("%+v", a)
	}
	if a := parseAnswer("t\n\n"); !a.Running || !a.InRecovery || len(a.Names) != 0 || len(a.Senders) != 0 {
		t.Errorf("%+v", a)
	}
	for _, out := range []string{"Controller on node01 in state S_IDLE: ok\n", "Status of crmd@node01: S_IDLE (ok)\n", "S_IDLE\n"} {
		if got := controllerState(out); got != "S_IDLE" {
			t.Errorf("%q is %q", out, got)
		}
	}
}

func TestPositionsInWAL(t *testing.T) {
	history := "1\t0/5000000\tno recovery target specified\n\n2\t0/6000140\tno recovery target specified\n"
	if tl, at, ok := parseHistory(history); tl != 2 || at != 0x6000140 || !ok {
		t.Error(tl, at, ok)
	}
	if _, _, ok := parseHistory("1\t"); ok {
		t.Error("half a history is one")
	}
	const dump = "rmgr: Heap        len (rec/tot):     71/    71, tx:        740, lsn: 0/05000100, prev 0/050000C8, desc: INSERT off 3\n" +
		"rmgr: Transaction len (rec/tot):     34/    34, tx:        740, lsn: 0/05000148, prev 0/05000100, desc: COMMIT 2026\n"
	if at, ok := lastRecord(dump); at != 0x5000148 || !ok {
		t.Error(at, ok)
	}
	if _, ok := lastRecord("pg_waldump: error: could not find a valid record after 0/5000000\n"); ok {
		t.Error("nothing is a record")
	}
	if tl, at, ok := segmentStart("00000002000000010000000A"); tl != 2 || at != 0x10A000000 || !ok {
		t.Errorf("%d %X %v", tl, at, ok)
	}
	for _, name := range []string{"00000002.history", "archive_status", "00000002000000010000000A.partial", "0000000200000001000000xA"} {
		if _, _, ok := segmentStart(name); ok {
			t.Error(name)
		}
	}
}

func TestConsents(t *testing.T) {
	all := Consent{Data: true, Lock: true, Start: true, Server: true, Archive: true}
	for _, tt := range []struct {
		argv []string
		want Consent
	}{
		{[]string{"pg-rex_slave_start", "-n", "-b"}, all},
		{[]string{"/usr/sbin/pg-rex", "standby-start"}, all},
		{[]string{"pg-rex", "standby_start"}, all},
		{[]string{"pg-rex_master_start"}, Consent{Server: true}},
		{[]string{"pg-rex_primary_start", "--remove-lock"}, Consent{Server: true, Lock: true}},
		{[]string{"pg-rex_stop", "--yes"}, Consent{Server: true}},
		{[]string{"pg-rex_archivefile_delete", "-m"}, Consent{Archive: true}},
		{[]string{"pg-rex_status"}, Consent{}},
		{[]string{"crm", "resource", "cleanup"}, Consent{}},
	} {
		want := []Consent{tt.want}
		want[0].At, want[0].Node = at(3), n2
		if tt.want == (Consent{}) {
			want = nil
		}
		if got := consentOf(lab.Typed{At: at(3), Node: n2, Argv: tt.argv}); !reflect.DeepEqual(got, want) {
			t.Errorf("%v: %+v, want %+v", tt.argv, got, want)
		}
	}
	got := consentOf(lab.Typed{At: at(3), Node: n2, Argv: []string{"pg-rex_switchover"}})
	if len(got) != 1 || got[0].Node != "" || got[0].Lock || got[0].Data || !got[0].Start || !got[0].Server {
		t.Errorf("a switchover: %+v", got)
	}
}

// A log grows, its lines come in pieces, it vanishes, is cut, is another one.
func TestTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	add := func(text string) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		must(err)
		_, err = f.WriteString(text)
		must(err)
		must(f.Close())
	}
	add("before\n")
	l := newTail(path)
	for i, step := range []struct {
		do   func()
		want []string
	}{
		{func() {}, nil},
		{func() { add("one\ntw") }, []string{"one\n"}},
		{func() { add("o\nthree\n") }, []string{"two\n", "three\n"}},
		{func() { must(os.Remove(path)) }, nil},
		{func() { add("new\n") }, []string{"new\n"}},
		{func() { must(os.Truncate(path, 0)); add("x\n") }, []string{"x\n"}},
		{func() { must(os.WriteFile(path+".2", []byte("other file\n"), 0o600)); must(os.Rename(path+".2", path)) }, []string{"other file\n"}},
		{func() {}, nil},
	} {
		step.do()
		if got := l.lines(); !slices.Equal(got, step.want) {
			t.Errorf("step %d: %q, want %q", i, got, step.want)
		}
	}
}
