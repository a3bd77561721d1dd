package agent_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/test/servers/cache"
)

// The life of a node on each release of PostgreSQL in the cache, with a real
// server and a real standby, and the tests of what differs most between
// releases. All tests of this package and of internal/pg run on each release
// too, in test/matrix.
//
// Conformance: 54, 68, 74, 78, 99, 112 (PostgreSQL server)
func TestReleases(t *testing.T) {
	t.Parallel()
	have, err := cache.Releases()
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("CI") == "" && os.Getenv("PGREX_REQUIRE_ALL") == "" {
		if len(have) == 0 {
			t.Skip("no PostgreSQL in the cache: go run ./test/servers fetches it")
		}
		t.Logf("releases in the cache: %v", have)
	} else {
		have = have[:0] // a missing one is a failure
		for major := cache.Oldest; major <= cache.Newest; major++ {
			have = append(have, major)
		}
	}
	for _, major := range have {
		each := func(name string, test func(*testing.T)) { t.Run(strconv.Itoa(major)+"/"+name, test) }
		each("Life", func(t *testing.T) { testLife(t, major) })
		each("RestartOnPromote", TestRestartOnPromote)
		each("SwitchedOverPrimaryComesBack", TestSwitchedOverPrimaryComesBack)
		each("LonePrimaryComesBack", TestLonePrimaryComesBack)
		each("StartOfAServerThatCannotStart", TestStartOfAServerThatCannotStart)
	}
}

// releaseOf is the release that a test of TestReleases is for: its programs
// are those of the cache, whatever the environment names.
func releaseOf(t *testing.T) (major int, ok bool) {
	name, ok := strings.CutPrefix(t.Name(), "TestReleases/")
	if !ok {
		return 0, false
	}
	number, _, _ := strings.Cut(name, "/")
	major, err := strconv.Atoi(number)
	return major, err == nil
}

func testLife(t *testing.T, major int) {
	t.Parallel()
	s := newSite(t)
	if got := s.release(); got != major {
		t.Fatalf("the cluster is of release %d", got)
	}
	s.params["replication_slot_name"] = "rex"
	s.params["archive_cleanup_command"] = "/bin/true '%r'"
	s.params["recovery_end_command"] = "/bin/true"
	s.params["stop_escalate"] = "60" // a fast shutdown
	s.want("validate-all", ocf.Success, "OCF_CHECK_LEVEL=10")
	if major >= 12 {
		for _, name := range []string{"recovery.conf", "recovery.signal"} {
			s.must(os.WriteFile(filepath.Join(s.data, name), nil, 0o600))
		}
	}

	s.want("monitor", ocf.NotRunning)
	s.standby()
	s.checkStandbyFiles(major)
	s.checkControl(pg.DBInArchiveRecovery, 1)
	if got := s.query("select pg_is_in_recovery()::text"); got != "true" {
		t.Errorf("in recovery: %s", got)
	}

	s.monitor(ocf.Success)
	s.monitor(ocf.Success)
	if got := s.record().attrs("node01"); got != "master-pgsql=1000 pgsql-status=HS:alone pgsql-xlog-branch pgsql-xlog-loc" {
		t.Errorf("attributes after the vote: %s", got)
	}
	s.want("promote", ocf.Success)
	s.change(func(r *record) { r.Role["node01"] = "Promoted" })
	if !s.lock() {
		t.Error("no PGSQL.lock on a primary")
	}
	if got := s.query("select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"); got != "00000002" {
		t.Errorf("timeline after promote: %s", got)
	}
	for _, name := range []string{"standby.signal", "recovery.conf"} {
		if _, err := os.Lstat(filepath.Join(s.data, name)); err == nil {
			t.Errorf("%s is left on a primary", name)
		}
	}
	s.notify("post", "promote", map[string]string{"promote": "node01", "slave": "node01"})
	s.monitor(ocf.RunningPromoted)
	if got := s.record().attrs("node01"); got != "master-pgsql=1002 pgsql-master-baseline pgsql-status=PRI pgsql-data-status=LATEST" {
		t.Errorf("attributes of a primary: %s", got)
	}
	s.checkControl(pg.DBInProduction, 2)
	if h, err := s.instance().History(2); err != nil || len(h) != 1 || h[0].Timeline != 1 {
		t.Errorf("history of timeline 2: %v, %v", h, err)
	}

	s.change(func(r *record) {
		r.Role["node02"] = "Unpromoted"
		r.Transient["node02"]["master-pgsql"], r.Transient["node02"]["pgsql-status"] = "-INFINITY", "HS:alone"
	})
	s.peerSlot = "rex_node02"
	s.join()
	s.monitor(ocf.RunningPromoted)
	if got := s.record().attrs("node02"); got != "master-pgsql=100 pgsql-status=HS:sync pgsql-data-status=STREAMING|SYNC" {
		t.Errorf("attributes of the standby: %s", got)
	}
	if got := s.query("show synchronous_standby_names"); got != `"node02"` {
		t.Errorf("commits wait for %s", got)
	}
	const state = "select sync_state from pg_stat_replication"
	s.until("the server to wait for the standby", func() bool { return s.query(state) == "sync" })
	const slots = "select coalesce(string_agg(slot_name || ' ' || active::text, ', ' order by slot_name), '') from pg_replication_slots"
	if got := s.query(slots); got != "rex_node02 true" {
		t.Errorf("slots of a primary: %s", got)
	}

	s.stopPeer()
	s.monitor(ocf.RunningPromoted)
	if got := s.record().attrs("node02"); !strings.Contains(got, "master-pgsql=-INFINITY") || !strings.Contains(got, "DISCONNECT") {
		t.Errorf("attributes of the lost standby: %s", got)
	}
	if got := s.query("show synchronous_standby_names"); got != "" {
		t.Errorf("commits wait for %s, which is gone", got)
	}

	// Whoever goes while somebody else may be promoted has to be rebuilt.
	s.startPeer()
	s.monitor(ocf.RunningPromoted)
	if got := s.record().attrs("node02"); got != "master-pgsql=100 pgsql-status=HS:sync pgsql-data-status=STREAMING|SYNC" {
		t.Errorf("attributes of the standby when it is back: %s", got)
	}
	s.want("demote", ocf.Success, "OCF_RESKEY_CRM_meta_notify_slave_uname=node02", "OCF_RESKEY_CRM_meta_notify_master_uname=node01")
	s.change(func(r *record) { delete(r.Role, "node01") })
	s.checkStopped(pg.DBShutDown)
	if a := s.want("start", ocf.ErrGeneric); !strings.Contains(a.reason, "PGSQL.lock") {
		t.Errorf("reason %q", a.reason)
	}
	s.must(s.peer.Process.Signal(syscall.SIGQUIT))
	_ = s.peer.Wait()
	s.peer = nil
	s.must(os.Remove(filepath.Join(s.dir, "tmp", "PGSQL.lock")))
	s.standby()
	s.checkStandbyFiles(major)
	if got := s.query(slots); got != "" {
		t.Errorf("slots of a standby: %s", got)
	}
	s.monitor(ocf.Success)
	s.want("stop", ocf.Success)
	s.checkStopped(pg.DBShutDownInRecovery)
	if log := s.agentLog(); major >= 12 && strings.Count(log, "recovery.signal")+strings.Count(log, "recovery.conf:") < 2 {
		t.Errorf("the log says nothing of the files that were removed:\n%s", tail(log, 30))
	}
}

// checkStandbyFiles compares what makes this server a standby, byte for byte.
func (s *site) checkStandbyFiles(major int) {
	s.t.Helper()
	want := fmt.Sprintf("primary_conninfo = 'host=127.0.0.1 port=%d user=repuser application_name=node01'\n", s.port) +
		"restore_command = '/bin/false'\nrecovery_target_timeline = 'latest'\n"
	file, others := filepath.Join(s.dir, "tmp", "recovery.conf"), []string{filepath.Join(s.data, "recovery.conf"), filepath.Join(s.data, "recovery.signal")}
	includes := fmt.Sprintf("include '%s/tmp/recovery.conf' # added by pgsql RA\n", s.dir)
	if major < 12 {
		want += "standby_mode = 'on'\n"
		file, others = filepath.Join(s.data, "recovery.conf"), []string{filepath.Join(s.dir, "tmp", "recovery.conf"), filepath.Join(s.data, "standby.signal")}
		includes = ""
	}
	want += "archive_cleanup_command = '/bin/true ''%r'''\nrecovery_end_command = '/bin/true'\nprimary_slot_name = 'rex_node01'\n"
	includes += fmt.Sprintf("include '%s/tmp/rep_mode.conf' # added by pgsql RA\n", s.dir)

	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		s.t.Errorf("%s is %q, %v, want %q", file, got, err, want)
	}
	if has, err := s.instance().HasStandbySignal(); err != nil || has != (major >= 12) {
		s.t.Errorf("standby.signal: %t, %v", has, err)
	}
	for _, other := range others {
		if _, err := os.Lstat(other); err == nil {
			s.t.Errorf("%s is there", other)
		}
	}
	conf, err := os.ReadFile(filepath.Join(s.data, "postgresql.conf"))
	s.must(err)
	var lines string
	for line := range strings.Lines(string(conf)) {
		if strings.Contains(line, "added by pgsql RA") {
			lines += line
		}
	}
	if lines != includes {
		s.t.Errorf("postgresql.conf includes\n%swant\n%s", lines, includes)
	}
}

// checkControl compares the control file as we read it with what the server
// itself reads there.
func (s *site) checkControl(state pg.DBState, timeline int) {
	s.t.Helper()
	const sql = `select concat_ws(' ', s.system_identifier, c.checkpoint_lsn, c.redo_lsn, c.timeline_id,
 r.min_recovery_end_lsn, r.min_recovery_end_timeline, i.data_page_checksum_version > 0, i.bytes_per_wal_segment)
 from pg_control_system() s, pg_control_checkpoint() c, pg_control_recovery() r, pg_control_init() i`
	var ours, theirs string
	var c pg.Control
	s.until("the control file to be the same to us and to the server", func() bool {
		theirs = s.query(sql)
		var err error
		c, err = s.instance().Control()
		s.must(err)
		sums := map[bool]string{true: "t", false: "f"}[c.DataChecksums]
		ours = fmt.Sprint(c.SystemID, " ", c.Checkpoint, " ", c.Redo, " ", c.Timeline, " ", c.MinRecovery, " ", c.MinRecoveryTimeline, " ", sums, " ", c.SegmentSize)
		return ours == theirs && c.State == state && max(int(c.Timeline), int(c.MinRecoveryTimeline)) == timeline
	}, func() string { return fmt.Sprintf("state %v, ours %q, the server's %q", c.State, ours, theirs) })
}

func (s *site) checkStopped(state pg.DBState) {
	s.t.Helper()
	s.want("monitor", ocf.NotRunning)
	if p, err := s.instance().Processes(); err != nil || !p.None() {
		s.t.Errorf("processes %+v, %v", p, err)
	}
	if c, err := s.instance().Control(); err != nil || c.State != state {
		s.t.Errorf("the control file says %v, %v, want %v", c.State, err, state)
	}
}
