package agent_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgrex/internal/ocf"
	"pgrex/internal/pg"
)

// Settings that keep a standby from following, or from being a primary later,
// are refused with their name, their value and the file that sets them,
// whichever file it is.
//
// Conformance: 59, 60 (PostgreSQL server)
func TestOverridesAreNamed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.params["replication_slot_name"] = "rex"
	s.params["recovery_end_command"] = "/bin/true"
	// A server that has once run without senders may be a standby without them.
	for _, argv := range [][]string{{"-o", "-c max_wal_senders=0 -c wal_level=replica", "start"}, {"stop"}} {
		s.must(command("", append([]string{"runuser", "-u", "postgres", "--", filepath.Join(s.bin, "pg_ctl"), "-w", "-D", s.data, "-l", "/dev/null"}, argv...)...))
	}
	auto, conf := filepath.Join(s.data, "postgresql.auto.conf"), filepath.Join(s.data, "postgresql.conf")
	included := filepath.Join(s.data, "more.conf")
	for _, c := range []struct {
		file, setting, shown string
		oldest               int // release that knows the setting as one of the server
	}{
		{auto, "primary_conninfo = 'host=127.0.0.2 password=geheim'", `primary_conninfo="host=127.0.0.2 password=***`, 12},
		{auto, "primary_slot_name = 'mine'", `primary_slot_name="mine"`, 12},
		{auto, "recovery_end_command = ''", `recovery_end_command=""`, 12},
		{auto, "recovery_target_timeline = '1'", `recovery_target_timeline="1"`, 12},
		{conf, "recovery_target_time = '2099-01-01'", `recovery_target_time="2099-01-01"`, 12},
		{auto, "recovery_target_xid = '99999'", `recovery_target_xid="99999"`, 12},
		{included, "recovery_target_lsn = 'F/0'", `recovery_target_lsn="F/0"`, 12},
		{auto, "recovery_target_name = 'evening'", `recovery_target_name="evening"`, 12},
		{auto, "synchronous_standby_names = 'somebody'", `synchronous_standby_names="somebody"`, 10},
		{auto, "max_wal_senders = 0", `max_wal_senders="0"`, 10},
		{auto, "max_replication_slots = 0", `max_replication_slots="0"`, 10},
	} {
		if s.release() < c.oldest {
			continue
		}
		name, _, _ := strings.Cut(c.setting, " ")
		before := map[string][]byte{}
		for _, file := range []string{auto, conf} {
			text, err := os.ReadFile(file)
			s.must(err)
			before[file] = text
		}
		if c.file == included {
			s.must(os.WriteFile(included, []byte(c.setting+"\n"), 0o644))
			s.must(appendTo(conf, "include 'more.conf'\n"))
		} else {
			s.must(appendTo(c.file, c.setting+"\n"))
		}
		a := s.want("start", ocf.ErrArgs)
		if !strings.Contains(a.reason, c.shown+" is set in "+c.file+" line ") || strings.Contains(a.reason, "geheim") {
			t.Errorf("%s in %s: reason %q", name, c.file, a.reason)
		}
		s.want("stop", ocf.Success)
		for file, text := range before {
			s.must(os.WriteFile(file, text, 0o600))
		}
	}
	s.want("start", ocf.Success)
}

// A standby without hot_standby answers nobody: start would wait for it until
// the end of its time. It is refused before anything is changed.
//
// Conformance: 60 (PostgreSQL server)
func TestHotStandbyIsNeeded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.params["pgctl"] = filepath.Join(s.bin, "pg_ctl")
	auto := filepath.Join(s.data, "postgresql.auto.conf")
	empty, err := os.ReadFile(auto)
	s.must(err)
	s.must(appendTo(auto, "hot_standby = 'off'\n"))
	files, attributes := s.files("data", "tmp"), s.record().attrs("node01")
	if a := s.want("start", ocf.ErrArgs); !strings.Contains(a.reason, `hot_standby="off" is set in `+auto) {
		t.Errorf("reason %q", a.reason)
	}
	s.must(os.WriteFile(auto, empty, 0o600))
	if a := s.want("start", ocf.ErrArgs, "OCF_RESKEY_start_opt=-c hot_standby=off"); !strings.Contains(a.reason, "start_opt") {
		t.Errorf("reason %q", a.reason)
	}
	s.must(appendTo(auto, "hot_standby = 'off'\n"))
	if now := s.files("data", "tmp"); now != files || s.record().attrs("node01") != attributes || s.postmaster() != 0 {
		t.Errorf("a start that refuses has changed\n%s\n%s\nto\n%s\n%s", files, attributes, now, s.record().attrs("node01"))
	}
	s.must(os.WriteFile(auto, empty, 0o600))
	s.want("start", ocf.Success)
}

// In mode slave the primary is not ours, and pg_basebackup -R may have said
// where it is: that is worth a line in the log.
func TestOverridesOfASingleStandby(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if s.release() < 12 {
		return // there is one place for these settings, and nothing to override them
	}
	s.single("slave")
	s.must(appendTo(filepath.Join(s.data, "postgresql.auto.conf"), "primary_conninfo = 'host=127.0.0.2'\nprimary_slot_name = 'mine'\n"))
	s.want("start", ocf.Success, alone...)
	if log := s.agentLog(); !strings.Contains(log, `WARNING: primary_conninfo="host=127.0.0.2" is set in `) {
		t.Errorf("the log does not tell:\n%s", log)
	}
}

// Names that are not plain words arrive in the server as they were given.
//
// Conformance: 70 (PostgreSQL server)
func TestConninfoIsQuoted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.params["repuser"] = `o'neill\x y`
	s.params["master_ip"] = "no such host"
	s.want("start", ocf.Success)
	want := `host='no such host' port=` + s.params["pgport"] + ` user='o\'neill\\x y' application_name=node01`
	got := s.standbySetting("primary_conninfo")
	if s.release() < 12 {
		got = strings.ReplaceAll(got, `\\`, `\`) // as the file has it
	}
	if !strings.HasPrefix(got, want) {
		t.Errorf("primary_conninfo is\n%s\nwant\n%s", got, want)
	}
	s.until("the WAL receiver to try", func() bool {
		return strings.Contains(s.instance().ReceiverComplaint()+s.serverLog(), "no such host")
	})
	if log := s.serverLog(); strings.Contains(log, "invalid connection string") || strings.Contains(log, "missing \"=\"") {
		t.Errorf("libpq does not understand it:\n%s", tail(log, 5))
	}
}

// serverLog is what the server has logged.
func (s *site) serverLog() string {
	s.t.Helper()
	text, err := os.ReadFile(s.params["logfile"])
	s.must(err)
	return string(text)
}

// A parameter that only the agent reads is taken over by a running server's
// agent, and nothing else happens.
func TestReloadAgent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.primaryWithStandby()
	s.forgetCalls()
	pid, files, before := s.postmaster(), s.files("tmp"), s.record().attrs("node01")+s.record().attrs("node02")
	s.params["monitor_sql"] = "select 1/0"
	s.want("reload-agent", ocf.Success)
	if now := s.files("tmp"); now != files || s.postmaster() != pid || s.record().attrs("node01")+s.record().attrs("node02") != before {
		t.Errorf("reload-agent has changed something:\n%s\n%s", files, now)
	}
	if calls := s.calls(); len(calls) != 1 || calls[0] != "" {
		t.Errorf("it ran %q", calls)
	}
	s.monitor(ocf.FailedPromoted) // with the new statement
	delete(s.params, "monitor_sql")
	s.params["monitor_password"] = "geheim"
	s.want("reload-agent", ocf.Success) // a failure would restart the database
	if log, _ := os.ReadFile(filepath.Join(s.dir, "agent.log")); !strings.Contains(string(log), "monitor_password") {
		t.Errorf("the log does not say what is wrong:\n%s", log)
	}
	if s.postmaster() != pid {
		t.Error("a refused reload has restarted the server")
	}
}

// Half-written files of an action that was killed go with the next start.
//
// Conformance: 71 (PostgreSQL server)
func TestStartClearsAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.want("start", ocf.Success)
	s.want("stop", ocf.Success)
	var left []string
	err := pg.As(postgresUser(t), func() error {
		for _, folder := range []string{"data", "tmp", "run"} {
			path := filepath.Join(s.dir, folder, ".pgsql-ra-999999999-7")
			left = append(left, path)
			if err := os.WriteFile(path, []byte("primary_conn"), 0o600); err != nil {
				return err
			}
		}
		return nil
	})
	s.must(err)
	s.want("monitor", ocf.NotRunning)
	for _, path := range left {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("a probe has changed something: %v", err)
		}
	}
	s.want("start", ocf.Success)
	for _, path := range left {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
}

// Two resources with one tmpdir would share lock and settings.
func TestTmpDirOfAnother(t *testing.T) {
	t.Parallel()
	first, second := newSite(t), newSite(t)
	first.want("start", ocf.Success)
	own := second.params["tmpdir"]
	second.params["tmpdir"] = first.params["tmpdir"]
	files := first.files("tmp") + second.files("data", "tmp")
	if a := second.want("start", ocf.ErrArgs); !strings.Contains(a.reason, "tmpdir") || !strings.Contains(a.reason, first.data) {
		t.Errorf("reason %q", a.reason)
	}
	if now := first.files("tmp") + second.files("data", "tmp"); now != files {
		t.Errorf("a start that refuses has changed\n%s\nto\n%s", files, now)
	}
	// The one who has it may come back, and one whose server is down is in nobody's way.
	first.want("start", ocf.Success)
	first.want("stop", ocf.Success)
	second.want("start", ocf.Success)
	second.want("stop", ocf.Success)
	second.params["tmpdir"] = own
	second.want("start", ocf.Success)
}

// A standby tries again soon, unless the server is configured otherwise.
func TestRetrySettings(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	want := "500ms"
	if s.release() < 12 {
		want = "5s" // a standby's settings are in recovery.conf, where this one cannot be
	}
	const setting = "select current_setting('wal_retrieve_retry_interval')"
	s.standby()
	if got := s.query(setting); got != "50ms" {
		t.Errorf("configured as 50 ms, used %s", got)
	}
	s.want("stop", ocf.Success)
	conf := filepath.Join(s.data, "postgresql.conf")
	text, err := os.ReadFile(conf)
	s.must(err)
	s.must(os.WriteFile(conf, []byte(strings.ReplaceAll(string(text), "wal_retrieve_retry_interval", "#")), 0o600))
	s.standby()
	if got := s.query(setting); got != want {
		t.Errorf("used %s, want %s", got, want)
	}
}
