package agent_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"golang.org/x/sys/unix"

	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/test/servers/clients"
)

// Tests of single statements of docs/conformance.md that no scenario of the
// other files comes to.

// upstream is a primary that is not of s's cluster: at the same port of
// another address, where master_ip leads then.
type upstream struct {
	*site
	conn *pgx.Conn
}

func (s *site) upstream() upstream {
	s.t.Helper()
	u := newSiteOf(s.t, s.bin)
	u.port = s.port
	u.params["pgport"] = strconv.Itoa(s.port)
	u.single("none")
	s.must(appendTo(filepath.Join(u.data, "postgresql.conf"), "listen_addresses = '127.0.0.2'\n"))
	u.want("start", ocf.Success, alone...)
	s.params["master_ip"] = "127.0.0.2"
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, fmt.Sprintf("host=127.0.0.2 port=%d user=postgres dbname=template1", s.port))
	s.must(err)
	s.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return upstream{u, conn}
}

func (u upstream) ask(sql string) (text string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return text, u.conn.QueryRow(ctx, sql).Scan(&text)
}

// A fresh base backup is consistent only when recovery begins where its label
// says; the server keeps the label under another name when it has done so.
//
// Conformance: 49, 61 (PostgreSQL server)
func TestFreshBaseBackup(t *testing.T) {
	for _, mode := range []string{"slave", "sync"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			u := s.upstream()
			s.must(os.RemoveAll(s.data))
			s.must(clients.BaseBackup(u.ask, u.data, s.data))
			label, err := os.ReadFile(filepath.Join(s.data, "backup_label"))
			s.must(err)
			s.must(appendTo(filepath.Join(s.data, "postgresql.conf"),
				"listen_addresses = '127.0.0.1'\nunix_socket_directories = '"+filepath.Join(s.dir, "run")+"'\n"))
			_, err = u.ask("with w as (select pg_create_restore_point('after')) select count(*)::text from w")
			s.must(err)
			s.params["check_wal_receiver"] = "true"
			var extra []string
			if mode == "slave" {
				s.single("slave")
				extra = alone
			}
			s.want("start", ocf.Success, extra...)
			if old, err := os.ReadFile(filepath.Join(s.data, "backup_label.old")); err != nil || !bytes.Equal(old, label) {
				t.Errorf("the server has not used backup_label: %v", err)
			}
			log, err := os.ReadFile(filepath.Join(s.dir, "server.log"))
			if err != nil || !strings.Contains(string(log), "consistent recovery state reached") {
				t.Errorf("%v, the server's log:\n%s", err, log)
			}
			s.until("the standby to stream", func() bool {
				return s.query("select count(*)::text from pg_stat_wal_receiver where status = 'streaming'") == "1"
			})
			shown := func() string { return s.record().Transient["node01"]["pgsql-receiver-status"] }
			s.want("monitor", ocf.Success, append(extra, recurring)...)
			if got := shown(); got != "normal" {
				t.Errorf("a standby that streams shows %q", got)
			}
			s.params["check_wal_receiver"] = "false"
			s.forgetCalls()
			s.want("monitor", ocf.Success, append(extra, recurring, "PATH="+template.bin)...)
			if calls := s.calls(); !slices.Equal(calls, []string{""}) {
				t.Errorf("the monitor of a standby that streams starts %q", calls)
			}
			s.params["check_wal_receiver"] = "true"
			s.crash()
			s.want("monitor", ocf.NotRunning, append(extra, recurring)...)
			if got := shown(); got != "ERROR" {
				t.Errorf("a server that is down shows %q", got)
			}
		})
	}
}

// What a start finds of an earlier life, of the administrator's and of an
// attacker's, and what arrives in the server.
//
// Conformance: 53, 57, 68, 70, 71 (PostgreSQL server)
func TestStartAfterAnotherLife(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	u := postgresUser(t)
	own := func(path string) { s.must(os.Lchown(path, int(u.UID), int(u.GID))) }
	at := func(name string) string { return filepath.Join(s.dir, name) }

	// A configuration file of an editor that ends lines as it likes, elsewhere.
	conf, etc := at("data/postgresql.conf"), at("etc/postgresql.conf")
	text, err := os.ReadFile(conf)
	s.must(err)
	dos := strings.ReplaceAll(string(text), "\n", "\r\n") + "work_mem = 5MB"
	s.must(os.Mkdir(at("etc"), 0o755))
	s.must(os.WriteFile(etc, []byte(dos), 0o600))
	s.must(os.Chmod(etc, 0o640))
	s.must(os.Chown(etc, int(u.UID), 4)) // a group that a new file would not have
	attribute, context := "security.selinux", "system_u:object_r:postgresql_db_t:s0"
	if err := unix.Setxattr(etc, attribute, []byte(context), 0); err != nil { // a container may not
		attribute = "user.context"
		s.must(unix.Setxattr(etc, attribute, []byte(context), 0))
	}
	s.must(os.Remove(conf))
	s.must(os.Symlink(etc, conf)) // root's, as in /etc: pgdba's would lead nowhere

	victim := at("victim")
	s.must(os.WriteFile(victim, []byte("precious"), 0o600))
	for _, name := range []string{"tmp/rep_mode.conf", "tmp/recovery.conf"} {
		s.must(os.Symlink(victim, at(name)))
		own(at(name))
	}
	for _, name := range []string{"data/recovery.conf", "data/recovery.signal", "tmp/xlog_note.0", "tmp/xlog_note.1"} {
		s.must(os.WriteFile(at(name), nil, 0o600))
		own(at(name))
	}
	s.change(func(r *record) {
		r.Transient["node01"] = map[string]string{"pgsql-master-baseline": "0000000003000060", "pgsql-xlog-loc": "0000000003000060",
			"pgsql-xlog-branch": "7/1", "master-pgsql": "1000", "pgsql-status": "PRI"}
	})
	quoted := map[string]string{
		"restore_command":         `false 'a b' "c\d" \\ # it's`,
		"archive_cleanup_command": `true 'x\y' "it's" \'`,
		"recovery_end_command":    `: '' "it's" \\`,
	}
	for name, value := range quoted {
		s.params[name] = value
	}
	s.params["primary_conninfo_opt"] = `fallback_application_name='it\'s a \\ "name"'`

	s.want("start", ocf.Success)
	if got := s.record().attrs("node01"); got != "master-pgsql=-INFINITY pgsql-status=HS:alone" {
		t.Errorf("attributes %s", got)
	}
	if notes, _ := filepath.Glob(at("tmp/xlog_note.*")); len(notes) > 0 {
		t.Errorf("vote notes are left: %v", notes)
	}
	if got := s.query("select pg_is_in_recovery()::text"); got != "true" {
		t.Errorf("in recovery: %s", got)
	}
	standbySettings := at("tmp/recovery.conf")
	if s.release() >= 12 {
		for _, name := range []string{"data/recovery.conf", "data/recovery.signal"} {
			if _, err := os.Lstat(at(name)); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(s.agentLog(), "removed "+at(name)) {
				t.Errorf("%s: %v, or the log does not say that it was removed", name, err)
			}
		}
		for name, value := range quoted {
			if got := s.query("show " + name); got != value {
				t.Errorf("%s arrives as %s, want %s", name, got, value)
			}
		}
		if got := s.query("show primary_conninfo"); !strings.HasSuffix(got, " application_name=node01 "+s.params["primary_conninfo_opt"]) {
			t.Errorf("primary_conninfo arrives as %s", got)
		}
	} else {
		standbySettings = at("data/recovery.conf")
	}

	for _, name := range []string{at("tmp/rep_mode.conf"), standbySettings} {
		var st syscall.Stat_t
		if err := syscall.Lstat(name, &st); err != nil || st.Mode != syscall.S_IFREG|0o600 || st.Uid != u.UID {
			t.Errorf("%s: mode %o, owner %d, %v", name, st.Mode, st.Uid, err)
		}
	}
	if got, err := os.ReadFile(victim); err != nil || string(got) != "precious" {
		t.Errorf("a link was followed: %q, %v", got, err)
	}

	want := dos + "\r\n"
	if s.release() >= 12 {
		want += "include '" + at("tmp/recovery.conf") + "' # added by pgsql RA\r\n"
	}
	want += "include '" + at("tmp/rep_mode.conf") + "' # added by pgsql RA\r\n"
	got, err := os.ReadFile(etc)
	if err != nil || string(got) != want {
		t.Errorf("%v, postgresql.conf ends\n%q\nwant\n%q", err, tail(string(got), 5), tail(want, 5))
	}
	if to, err := os.Readlink(conf); err != nil || to != etc {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	var st syscall.Stat_t
	if err := syscall.Lstat(etc, &st); err != nil || st.Mode != syscall.S_IFREG|0o640 || st.Uid != u.UID || st.Gid != 4 {
		t.Errorf("mode %o, owner %d:%d, %v", st.Mode, st.Uid, st.Gid, err)
	}
	label := make([]byte, 100)
	if n, err := unix.Getxattr(etc, attribute, label); err != nil || string(label[:n]) != context {
		t.Errorf("context %q, %v", label[:max(n, 0)], err)
	}
	if got := s.query("show work_mem"); got != "5MB" {
		t.Errorf("the last line is lost: work_mem is %s", got)
	}
}

// Start makes what the server writes to besides its data; 4 where it cannot.
//
// Conformance: 65 (PostgreSQL server)
func TestStartMakesFiles(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	u := postgresUser(t)
	s.single("none")
	conf := filepath.Join(s.data, "postgresql.conf")
	closed := filepath.Join(s.dir, "closed")
	s.must(os.Mkdir(closed, 0o700)) // root's
	old := map[string]string{"logfile": s.params["logfile"], "socketdir": s.params["socketdir"]}
	for name, value := range map[string]string{"logfile": filepath.Join(closed, "log"), "socketdir": filepath.Join(closed, "run")} {
		s.params[name] = value
		if a := s.want("start", ocf.ErrPerm, alone...); !strings.Contains(a.reason, value) {
			t.Errorf("the reason does not name %s: %q", value, a.reason)
		}
		s.params[name] = old[name]
	}

	s.params["logfile"] = filepath.Join(s.dir, "new.log")
	s.params["socketdir"] = filepath.Join(s.dir, "new.run")
	s.must(appendTo(conf, "unix_socket_directories = '"+s.params["socketdir"]+"'\n"))
	s.want("start", ocf.Success, alone...)
	check := func(path string, mode uint32) {
		t.Helper()
		var st syscall.Stat_t
		if err := syscall.Lstat(path, &st); err != nil || st.Uid != u.UID || st.Gid != u.GID || st.Mode != mode {
			t.Errorf("%s: owner %d:%d, mode %o, %v", path, st.Uid, st.Gid, st.Mode, err)
		}
	}
	check(s.params["logfile"], syscall.S_IFREG|0o600)
	check(s.params["socketdir"], syscall.S_IFDIR|0o2775)
	s.want("stop", ocf.Success, alone...)

	// Since release 15 the server does not know the setting; what start does
	// before it depends on PG_VERSION alone.
	s.must(appendTo(conf, "stats_temp_directory = 'statistics'\n"))
	code := ocf.Success
	if s.release() >= 15 {
		s.must(os.WriteFile(filepath.Join(s.data, "PG_VERSION"), []byte("14\n"), 0o600))
		code = ocf.ErrGeneric
	}
	s.want("start", code, alone...)
	check(filepath.Join(s.data, "statistics"), syscall.S_IFDIR|0o700)
	s.want("stop", ocf.Success, alone...)
	s.must(appendTo(conf, "stats_temp_directory = '/sys/statistics'\n"))
	s.want("start", ocf.ErrPerm, alone...)
}

// top describes what a probe could have changed.
func (s *site) top() string {
	s.t.Helper()
	names, err := os.ReadDir(s.data)
	s.must(err)
	folders := []string{"tmp", "run"}
	for _, n := range names {
		if !n.IsDir() {
			folders = append(folders, filepath.Join("data", n.Name()))
		}
	}
	return s.files(folders...)
}

// probe is a monitor without interval, which changes no file.
func (s *site) probe(code ocf.Code, extra ...string) {
	s.t.Helper()
	before := s.top()
	s.want("monitor", code, extra...)
	if after := s.top(); after != before {
		s.t.Errorf("a probe has changed files from\n%s\nto\n%s", before, after)
	}
}

// A primary's monitor puts right what is said of it, and its verdict does not
// depend on whether it can.
//
// Conformance: 31, 32, 37, 38, 46, 47, 48 (PostgreSQL server)
func TestMonitorOfAPrimary(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.probe(ocf.NotRunning)
	s.primaryAlone()
	s.change(func(r *record) { r.Transient["node02"]["pgsql-status"] = "STOP" }) // it is not promoted instead
	lose := func(r *record) {
		delete(r.Transient["node01"], "master-pgsql")
		r.Transient["node01"]["pgsql-status"], r.Permanent["node01"]["pgsql-data-status"] = "HS:alone", "DISCONNECT"
	}
	const right = "master-pgsql=1000 pgsql-master-baseline pgsql-status=PRI pgsql-data-status=LATEST"
	says := func(want string) {
		t.Helper()
		if got := s.record().attrs("node01"); got != want {
			t.Errorf("node01 has %s, want %s", got, want)
		}
	}
	s.monitor(ocf.RunningPromoted)
	says(right)
	s.params["monitor_sql"] = "SELECT 1"
	s.change(lose)
	s.probe(ocf.RunningPromoted)
	says("master-pgsql=1000 pgsql-master-baseline pgsql-status=HS:alone pgsql-data-status=DISCONNECT")
	delete(s.params, "monitor_sql")
	s.change(lose)
	s.probe(ocf.RunningPromoted)
	says("master-pgsql=1000 pgsql-master-baseline pgsql-status=HS:alone pgsql-data-status=DISCONNECT")

	s.change(lose)
	s.monitor(ocf.RunningPromoted)
	says(right)
	s.change(func(r *record) { r.Transient["node01"]["master-pgsql"] = "100" })
	s.monitor(ocf.RunningPromoted)
	says(right)

	// psql is not needed, and what it would read cannot matter.
	rc := filepath.Join(s.dir, "psqlrc")
	s.must(os.WriteFile(rc, []byte("\\timing on\n\\quit\n"), 0o644))
	s.must(os.WriteFile(filepath.Join(s.dir, ".psqlrc"), []byte("\\timing on\n\\quit\n"), 0o644))
	s.params["psql"] = "/nowhere/psql"
	s.want("monitor", ocf.RunningPromoted, recurring, "PSQLRC="+rc, "HOME="+s.dir)

	for _, state := range []func(*record){
		func(r *record) { lose(r); r.Fail = "crm_attribute" },
		func(r *record) { lose(r); r.Fail, r.Hang = "", "crm_attribute" },
	} {
		s.change(state)
		s.forgetCalls()
		s.inTime(4*time.Second, "monitor", ocf.RunningPromoted, recurring)
		if s.record().attrs("node01") == right {
			t.Error("nothing had to be written: this shows nothing")
		}
	}
	s.change(func(r *record) { r.Hang = "" })
	s.monitor(ocf.RunningPromoted)
	says(right)

	s.must(syscall.Kill(s.postmaster(), syscall.SIGKILL))
	if a := s.do("monitor", recurring); a.code != ocf.NotRunning && a.code != ocf.FailedPromoted {
		t.Errorf("monitor right after the end of a primary answered %v (%s)", a.code, a.reason)
	}
}

// Conformance: 31, 32, 39, 40, 48 (PostgreSQL server)
func TestMonitorOfAStandby(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.standby()
	s.followed()
	status := func(want string) {
		t.Helper()
		if got := s.record().Transient["node01"]["pgsql-status"]; got != want {
			t.Errorf("status %s, want %s", got, want)
		}
	}
	s.probe(ocf.Success)
	if got := s.record().Transient["node01"]["master-pgsql"]; got != "-INFINITY" {
		t.Errorf("score %s of a standby that was just found", got)
	}
	for _, primarys := range []string{"HS:sync", "HS:async", "HS:potential", "HS:connected"} {
		s.change(func(r *record) { r.Transient["node01"]["pgsql-status"] = primarys })
		s.monitor(ocf.Success)
		status(primarys)
	}
	s.change(func(r *record) { r.Permanent["node01"]["pgsql-data-status"] = "DISCONNECT" })
	s.monitor(ocf.Success)
	status("HS:alone")

	s.followed()
	s.takeOver()
	s.monitor(ocf.Success)
	status("HS:alone")
	if got := s.record().Transient["node01"]["pgsql-xlog-loc"]; len(got) != 16 {
		t.Errorf("position %q: no vote", got)
	}
	s.must(syscall.Kill(s.postmaster(), syscall.SIGKILL))
	if a := s.do("monitor", recurring); a.code != ocf.NotRunning && a.code != ocf.ErrGeneric {
		t.Errorf("monitor right after the end of a standby answered %v (%s)", a.code, a.reason)
	}
}

// monitor_sql is the user's, character by character, at each place it is run.
//
// Conformance: 36 (PostgreSQL server)
func TestMonitorSQLIsLiteral(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.single("none")
	const literal = `it's "x" $HOME ${PATH} $(id) $$ $1 ; \ \' %s !! ` + "`id`" + ` 日本`
	s.params["monitor_sql"] = "CREATE TABLE IF NOT EXISTS seen (t text); INSERT INTO seen VALUES ('" + strings.ReplaceAll(literal, "'", "''") + "');"
	s.want("start", ocf.Success, alone...)
	s.want("start", ocf.Success, alone...)
	s.want("monitor", ocf.Success, append(alone, recurring)...)
	s.want("monitor", ocf.Success, alone...)
	if got := s.query("select string_agg(distinct t, '|') || count(*) from seen"); got != literal+"4" {
		t.Errorf("the server has seen %s", got)
	}
}

// A server that recovers serves nobody for a while. That is not its end.
//
// Conformance: 43 (PostgreSQL server)
func TestServerInRecoveryIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ready := filepath.Join(s.dir, "ready")
	// The first file that recovery asks for takes as long as the test likes.
	s.params["restore_command"] = "while test -d " + s.dir + " && ! test -e " + ready + "; do sleep 0.05; done; false"
	started := make(chan answer, 1)
	go func() { started <- s.do("start") }()
	s.until("the postmaster", func() bool { return s.postmaster() != 0 })
	pid := s.postmaster()
	a := s.inTime(3*time.Second, "monitor", ocf.ErrGeneric, recurring)
	if !strings.Contains(a.reason, "does not serve") {
		t.Errorf("reason %q", a.reason)
	}
	s.want("status", ocf.Success)
	waited := make(chan answer, 1)
	go func() { waited <- s.do("monitor", recurring) }()
	select {
	case a := <-started:
		t.Fatalf("start has not waited: %v (%s)", a.code, a.reason)
	case a := <-waited:
		t.Fatalf("monitor with time enough has not waited: %v (%s)", a.code, a.reason)
	case <-time.After(500 * time.Millisecond):
	}
	s.must(os.WriteFile(ready, nil, 0o644))
	if a := <-started; a.code != ocf.Success {
		t.Errorf("start answered %v (%s)", a.code, a.reason)
	}
	if a := <-waited; a.code != ocf.Success {
		t.Errorf("monitor answered %v (%s)", a.code, a.reason)
	}
	if now := s.postmaster(); now != pid {
		t.Errorf("postmaster %d, was %d", now, pid)
	}
}

// forgetLog begins a new log of the agent.
func (s *site) forgetLog() {
	s.t.Helper()
	s.must(os.WriteFile(filepath.Join(s.dir, "agent.log"), nil, 0o666))
}

// helpers are the processes that the agent has started for this site, servers
// apart, by their name and pid.
func (s *site) helpers() []string {
	var found []string
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range entries {
		env, err := os.ReadFile(p + "/environ")
		if err != nil || !bytes.Contains(env, []byte("STANDIN_DIR="+s.dir+"\x00")) {
			continue
		}
		exe, _ := os.Readlink(p + "/exe")
		argv, _ := os.ReadFile(p + "/cmdline")
		name, _, _ := strings.Cut(string(argv), "\x00")
		if filepath.Base(exe) != "postgres" && name != "" {
			found = append(found, filepath.Base(name)+" "+filepath.Base(p))
		}
	}
	return found
}

// Pacemaker kills at a time-out, and sometimes the agent alone.
//
// Conformance: 18 (PostgreSQL server)
func TestKilledAgentLeavesNoHelper(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	killed := func(tool, action string) {
		t.Helper()
		s.change(func(r *record) { r.Hang = tool })
		done := make(chan answer, 1)
		go func() { done <- s.do(action, recurring) }()
		s.until(tool+" to hang", func() bool {
			return slices.ContainsFunc(s.helpers(), func(h string) bool { return strings.HasPrefix(h, tool+" ") })
		})
		s.must(os.WriteFile(filepath.Join(s.dir, "kill"), nil, 0o666))
		if a := <-done; !a.killed {
			t.Fatalf("%s was not killed", action)
		}
		s.change(func(r *record) { r.Hang = "" })
		var left []string
		for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			if left = s.helpers(); len(left) == 0 {
				return
			}
		}
		t.Errorf("%s killed while %s hangs: left are %v", action, tool, left)
		for _, h := range left {
			_, pid, _ := strings.Cut(h, " ")
			n, _ := strconv.Atoi(pid)
			_ = syscall.Kill(n, syscall.SIGKILL)
		}
	}
	killed("crm_mon", "start")
	killed("crm_attribute", "start")
	killed("pg_ctl", "start")
	s.standby()
	s.followed()
	s.takeOver()
	killed("crm_mon", "monitor")
	killed("pg_ctl", "promote")
	killed("crm_attribute", "stop")
}

// mustInt is for system calls that cannot fail.
func mustInt(n int, err error) int {
	if err != nil {
		panic(err)
	}
	return n
}

// Conformance: 19, 66 (PostgreSQL server)
func TestServerIsOnItsOwn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.params["monitor_password"] = "geheim"
	s.params["monitor_user"] = "postgres"
	// That start comes back at all says that nobody holds its pipes: they are
	// read until their end.
	s.want("start", ocf.Success, "PGUSER=nobody", "PGPASSWORD=geheim")
	pid := s.postmaster()
	// The agent has its session and its group from us, as it has them from Pacemaker.
	if sid, err := unix.Getsid(pid); err != nil || sid == mustInt(unix.Getsid(0)) {
		t.Errorf("server %d is in our session %d, %v", pid, sid, err)
	}
	if group, err := unix.Getpgid(pid); err != nil || group == unix.Getpgrp() {
		t.Errorf("server %d is in our process group %d, %v", pid, group, err)
	}
	for fd := range 3 {
		if to, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd)); err != nil || strings.HasPrefix(to, "pipe:") {
			t.Errorf("descriptor %d leads to %s, %v", fd, to, err)
		}
	}
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	s.must(err)
	vars := strings.Split(string(env), "\x00")
	if !slices.Contains(vars, "PGPORT="+strconv.Itoa(s.port)) {
		t.Errorf("no PGPORT in %q", vars)
	}
	for _, v := range vars {
		if strings.HasPrefix(v, "PGUSER=") || strings.HasPrefix(v, "PGPASSWORD=") || strings.Contains(v, "geheim") {
			t.Errorf("the server has %s", v)
		}
	}

	// Killed when the server is up and only the cluster was still to be told.
	s.want("stop", ocf.Success)
	s.change(func(r *record) {
		r.Transient["node01"] = map[string]string{"master-pgsql": "-INFINITY", "pgsql-status": "STOP"}
		r.Hang = "crm_attribute"
	})
	done := make(chan answer, 1)
	go func() { done <- s.do("start") }()
	s.until("the agent to tell the cluster", func() bool {
		return slices.ContainsFunc(s.helpers(), func(h string) bool { return strings.HasPrefix(h, "crm_attribute ") })
	})
	pid = s.postmaster()
	s.must(os.WriteFile(filepath.Join(s.dir, "kill"), nil, 0o666))
	if a := <-done; !a.killed {
		t.Fatal("start was not killed")
	}
	s.change(func(r *record) { r.Hang = "" })
	if now := s.postmaster(); pid == 0 || now != pid || s.query("select pg_is_in_recovery()::text") != "true" {
		t.Errorf("server %d, was %d", now, pid)
	}
}

// A monitoring user without rights sees a row and nothing in it. That is told,
// and the standby does not pay for it.
//
// Conformance: 28 (PostgreSQL server)
func TestMonitoringUserWithoutRights(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.primaryWithStandby()
	s.exec("CREATE ROLE watcher LOGIN")
	hba := filepath.Join(s.data, "pg_hba.conf")
	old, err := os.ReadFile(hba)
	s.must(err)
	s.must(os.WriteFile(hba, append([]byte("local all watcher trust\n"), old...), 0o600))
	s.exec("SELECT pg_reload_conf()")
	s.params["monitor_user"] = "watcher"
	before := s.record().attrs("node02")
	s.until("the watcher to be let in", func() bool { return s.do("monitor", recurring).code == ocf.RunningPromoted })
	s.monitor(ocf.RunningPromoted)
	if got := s.record().attrs("node02"); got != before || !strings.Contains(got, "STREAMING|SYNC") {
		t.Errorf("node02 has %s, had %s", got, before)
	}
	if names := s.query("show synchronous_standby_names"); names != `"node02"` {
		t.Errorf("commits wait for %s", names)
	}
	if log := s.agentLog(); !strings.Contains(log, "ERROR: ") || !strings.Contains(log, "grant pg_monitor") {
		t.Errorf("nothing is said:\n%s", tail(log, 5))
	}
	s.want("demote", ocf.Success, "OCF_RESKEY_CRM_meta_notify_slave_uname= ")
	s.forgetLog()
	s.want("start", ocf.Success)
	if log := s.agentLog(); s.release() >= 12 && (!strings.Contains(log, "WARNING: ") || !strings.Contains(log, "grant pg_monitor")) {
		t.Errorf("start says nothing:\n%s", tail(log, 10))
	}
}

// exec runs statements that return nothing of interest.
func (s *site) exec(sql string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := pgconn.Connect(ctx, fmt.Sprintf("host=127.0.0.1 port=%d user=postgres dbname=template1", s.port))
	s.must(err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql).ReadAll()
	s.must(err)
}

// A primary hears of starts and stops and looks at once. That there is another
// name in the list does not make it one less.
//
// Conformance: 90, 91, 95, 99 (PostgreSQL server)
func TestNotifiedPrimary(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.primaryAlone()
	s.change(func(r *record) {
		r.Role["node02"] = "Unpromoted"
		r.Transient["node02"]["master-pgsql"], r.Transient["node02"]["pgsql-status"] = "-INFINITY", "HS:alone"
	})
	const streams = "master-pgsql=100 pgsql-status=HS:sync pgsql-data-status=STREAMING|SYNC"
	s.join()
	// The wait is for the agent; a busy machine gets three tries.
	best := time.Hour
	for range 3 {
		begin := time.Now()
		s.notify("post", "start", map[string]string{"start": "node02", "master": "node02 node01"})
		best = min(best, time.Since(begin))
		if got := s.record().attrs("node02"); got != streams {
			t.Fatalf("node02 has %s", got)
		}
		if names := s.query("show synchronous_standby_names"); names != `"node02"` {
			t.Fatalf("commits wait for %s", names)
		}
		s.stopPeer()
		s.notify("post", "stop", map[string]string{"stop": "node02", "master": "node02 node01"})
		if got := s.record().attrs("node02"); !strings.Contains(got, "master-pgsql=-INFINITY") || !strings.Contains(got, "DISCONNECT") {
			t.Fatalf("the stopped node02 has %s", got)
		}
		s.startPeer()
		if best < time.Second {
			break
		}
	}
	if best > time.Second {
		t.Errorf("a standby that streams has its rights after %v", best)
	}
	// Not in the list: not the primary of this cluster.
	before := s.record().attrs("node02")
	s.notify("post", "start", map[string]string{"start": "node02", "master": "node02"})
	if got := s.record().attrs("node02"); got != before {
		t.Errorf("node02 has %s, had %s", got, before)
	}
	// Whatever fails is logged, and that is all.
	s.change(func(r *record) { r.Fail = "crm_attribute" })
	s.forgetLog()
	s.notify("post", "start", map[string]string{"start": "node02", "master": "node01"})
	if log := s.agentLog(); !strings.Contains(log, "ERROR: ") || !strings.Contains(log, "crm_attribute") {
		t.Errorf("the failure is not in the log:\n%s", log)
	}
}

// replicationConn is a connection that calls itself node02.
func (s *site) replicationConn(kind string) *pgconn.PgConn {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := pgconn.Connect(ctx, fmt.Sprintf("host=127.0.0.1 port=%d user=repuser dbname=template1 application_name=node02 replication=%s", s.port, kind))
	s.must(err)
	s.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	})
	return conn
}

// send begins a command whose answer nobody reads.
func (s *site) send(conn *pgconn.PgConn, msg pgproto3.FrontendMessage) {
	s.t.Helper()
	conn.Frontend().Send(msg)
	s.must(conn.Frontend().Flush())
}

// A base backup that is being taken, and a logical subscriber that confirms
// all that it gets, under the name of a node.
//
// Conformance: 104 (PostgreSQL server)
func TestBackupAndSubscriberAreNoStandbys(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.must(appendTo(filepath.Join(s.data, "postgresql.conf"), "wal_level = logical\n"))
	s.primaryAlone()
	s.change(func(r *record) { r.Role["node02"] = "Unpromoted" })

	subscriber := s.replicationConn("database")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, err := subscriber.Exec(ctx, "CREATE_REPLICATION_SLOT subscriber TEMPORARY LOGICAL pgoutput").ReadAll()
	s.must(err)
	s.send(subscriber, &pgproto3.Query{String: "START_REPLICATION SLOT subscriber LOGICAL 0/0 (proto_version '1', publication_names 'p')"})
	position, err := strconv.ParseUint(s.query("select (pg_current_wal_lsn() - '0/0')::text"), 10, 64)
	s.must(err)
	reply := []byte{'r'}
	for range 3 { // written, flushed, applied
		reply = binary.BigEndian.AppendUint64(reply, position)
	}
	reply = binary.BigEndian.AppendUint64(reply, uint64(time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).Microseconds()))
	s.send(subscriber, &pgproto3.CopyData{Data: append(reply, 0)})
	s.send(s.replicationConn("true"), &pgproto3.Query{String: "BASE_BACKUP"})
	s.until("both to be seen", func() bool {
		return s.query("select string_agg(state, ' ' order by state) from pg_stat_replication where application_name = 'node02' and (state = 'backup' or replay_lsn is not null)") == "backup streaming"
	})
	s.monitor(ocf.RunningPromoted)
	if got := s.record().Permanent["node02"]["pgsql-data-status"]; got != "DISCONNECT" {
		t.Errorf("node02 counts as %s", got)
	}
	if names := s.query("show synchronous_standby_names"); names != "" {
		t.Errorf("commits wait for %s", names)
	}
}

// freeze stops every process of the server, the postmaster first.
func (s *site) freeze() {
	s.t.Helper()
	s.must(syscall.Kill(s.postmaster(), syscall.SIGSTOP))
	entries, _ := filepath.Glob("/proc/[0-9]*")
	frozen := 0
	for _, p := range entries {
		if cwd, err := os.Readlink(p + "/cwd"); err == nil && cwd == s.data {
			pid, err := strconv.Atoi(filepath.Base(p))
			s.must(err)
			s.must(syscall.Kill(pid, syscall.SIGSTOP))
			frozen++
		}
	}
	if frozen < 3 {
		s.t.Fatalf("only %d processes found", frozen)
	}
}

// However short the time, a fast shutdown comes first and the end in time.
//
// Conformance: 86, 87 (PostgreSQL server)
func TestStopOfAFrozenServer(t *testing.T) {
	for _, seconds := range []int{5, 10} {
		t.Run(fmt.Sprintf("%d s", seconds), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.standby()
			s.params["stop_escalate_in_slave"] = strconv.Itoa(seconds)
			s.freeze()
			s.inTime(time.Duration(seconds)*time.Second, "stop", ocf.Success)
			if p, err := s.instance().Processes(); err != nil || !p.None() {
				t.Errorf("left are %+v, %v", p, err)
			}
			if fast, rest, _ := strings.Cut(s.agentLog(), "fast shutdown,"); rest == "" || strings.Contains(fast, "immediate shutdown,") {
				t.Errorf("no fast shutdown before the others:\n%s", s.agentLog())
			}
			if strings.Count(s.agentLog(), "waiting up to 500ms") != 2 {
				t.Errorf("a server that hears nothing is waited for:\n%s", s.agentLog())
			}
		})
	}
}

// Which parameter bounds the fast shutdown, and what is left of a server that
// was stopped.
//
// Conformance: 79, 85, 86 (PostgreSQL server)
func TestStopParameters(t *testing.T) {
	escalate := func(s *site) { s.params["stop_escalate"], s.params["stop_escalate_in_slave"] = "70", "8" }
	stopped := func(s *site, action, wait string, extra ...string) {
		s.t.Helper()
		s.forgetLog()
		s.inTime(60*time.Second, action, ocf.Success, extra...)
		if log := s.agentLog(); !regexp.MustCompile("fast shutdown, waiting up to "+wait).MatchString(log) || strings.Contains(log, "immediate shutdown,") {
			s.t.Errorf("%s: no fast shutdown of %s alone:\n%s", action, wait, log)
		}
		if s.postmaster() != 0 {
			s.t.Errorf("%s leaves the server running", action)
		}
	}
	t.Run("none and slave", func(t *testing.T) {
		t.Parallel()
		for _, mode := range []string{"slave", "none"} {
			s := newSite(t)
			s.single(mode)
			escalate(s)
			s.want("start", ocf.Success, alone...)
			stopped(s, "stop", `2[789]\.`, alone...) // half of the time: 70 s are more than there is
		}
	})
	t.Run("replication", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		escalate(s)
		s.standby()
		s.change(func(r *record) {
			for _, name := range []string{"pgsql-xlog-loc", "pgsql-xlog-branch", "pgsql-master-baseline"} {
				r.Transient["node01"][name] = "0000000003000060"
			}
		})
		list := filepath.Join(s.dir, "tmp", "rep_mode.conf")
		s.must(os.WriteFile(list, []byte("synchronous_standby_names = '\"node02\"'\n"), 0o600))
		stopped(s, "stop", `8s`)
		if got := s.record().attrs("node01"); got != "master-pgsql=-INFINITY pgsql-status=STOP" {
			t.Errorf("attributes after stop: %s", got)
		}
		if text, err := os.ReadFile(list); err != nil || string(text) != "synchronous_standby_names = ''\n" {
			t.Errorf("list after stop: %q, %v", text, err)
		}
		s.primaryAlone()
		s.standbyTrusted() // and does not tell how far it is: this server stays down
		stopped(s, "demote", `2[789]\.`, "OCF_RESKEY_CRM_meta_notify_slave_uname=node02")
		if got := s.record().attrs("node01"); got != "master-pgsql=-INFINITY pgsql-status=STOP pgsql-data-status=LATEST" {
			t.Errorf("attributes after demote: %s", got)
		}
	})
	t.Run("fast, then immediate", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		escalate(s)
		s.params["stop_escalate_in_slave"] = "1"
		s.standby()
		// The postmaster waits for a child that hears nothing for a while.
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", s.postmaster()))
		s.must(err)
		child := mustInt(strconv.Atoi(strings.Fields(string(text))[0]))
		s.must(syscall.Kill(child, syscall.SIGSTOP))
		time.AfterFunc(1500*time.Millisecond, func() { _ = syscall.Kill(child, syscall.SIGCONT) })
		s.want("stop", ocf.Success)
		_, rest, ok := strings.Cut(s.agentLog(), "fast shutdown, waiting up to 1s")
		if !ok || !strings.Contains(rest, "immediate shutdown,") || strings.Contains(rest, "forced shutdown,") {
			t.Errorf("not fast, then immediate:\n%s", s.agentLog())
		}
	})
}

// A node that another one is ahead of gives way by itself: no constraint is
// left for a person to find.
//
// Conformance: 77 (PostgreSQL server)
func TestPromotionGivesWay(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.standby()
	s.followed()
	s.takeOver()
	c, err := s.instance().Control()
	s.must(err)
	for _, other := range []struct{ position, branch string }{
		{"00000FFF00000000", fmt.Sprintf("%d/1", c.SystemID)},
		{"0000000000000001", fmt.Sprintf("%d/2", c.SystemID)},
	} {
		s.change(func(r *record) {
			r.Transient["node01"]["master-pgsql"] = "1000"
			r.Transient["node02"] = map[string]string{"pgsql-xlog-loc": other.position, "pgsql-xlog-branch": other.branch, "master-pgsql": "-INFINITY"}
			r.Permanent["node02"]["pgsql-data-status"] = "STREAMING|SYNC"
		})
		before := s.record().attrs("node02")
		s.forgetCalls()
		if a := s.want("promote", ocf.ErrGeneric); !strings.Contains(a.reason, "node02 has more WAL") {
			t.Errorf("reason %q", a.reason)
		}
		r := s.record()
		if r.attrs("node02") != before || r.Transient["node01"]["master-pgsql"] != "-INFINITY" {
			t.Errorf("node01 %s\nnode02 %s", r.attrs("node01"), r.attrs("node02"))
		}
		if s.lock() || s.query("select pg_is_in_recovery()::text") != "true" {
			t.Error("promoted, or locked, all the same")
		}
		want := []string{"crm_mon -1 --output-as=xml", "crm_attribute -l reboot -N node01 -n master-pgsql -v -INFINITY"}
		if calls := s.calls(); !slices.Equal(calls, want) {
			t.Errorf("ran %q", calls)
		}
	}
}

// A slot that is good holds what its standby still needs.
//
// Conformance: 78 (PostgreSQL server)
func TestHealthySlotStays(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.params["replication_slot_name"] = "rex"
	s.params["node_list"] = "node01 node02 node03"
	s.change(func(r *record) {
		r.Online["node03"], r.Transient["node03"], r.Permanent["node03"] = true, map[string]string{}, map[string]string{}
	})
	s.standby()
	s.followed()
	s.takeOver()
	s.exec("SELECT pg_create_physical_replication_slot('rex_node02', true)")
	s.want("promote", ocf.Success)
	if got := s.query("select string_agg(slot_name, ' ' order by slot_name) from pg_replication_slots where restart_lsn is not null"); got != "rex_node02 rex_node03" {
		t.Errorf("slots %s", got)
	}
	log := s.agentLog()
	if !strings.Contains(log, "created the replication slot rex_node03") || strings.Contains(log, "slot rex_node02") {
		t.Errorf("a slot that was good was touched, or the missing one not made:\n%s", log)
	}
}

// A server that speaks Japanese, an administrator who does, and no word of it
// in a decision.
//
// Conformance: 119 (PostgreSQL server)
func TestJapaneseServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	locales := filepath.Join(s.dir, "locales")
	s.must(os.Mkdir(locales, 0o755))
	if out, err := exec.Command("localedef", "--no-archive", "-i", "ja_JP", "-f", "UTF-8", filepath.Join(locales, "ja_JP.UTF-8")).CombinedOutput(); err != nil {
		why := fmt.Sprintf("cannot make a Japanese locale (package locales): %v\n%s", err, out)
		if os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	japanese := []string{"LOCPATH=" + locales, "LANG=ja_JP.UTF-8", "LC_ALL=ja_JP.UTF-8", "LC_MESSAGES=ja_JP.UTF-8", "LANGUAGE=ja"}
	s.must(appendTo(filepath.Join(s.data, "postgresql.conf"), "lc_messages = 'ja_JP.UTF-8'\n"))
	s.want("start", ocf.Success, japanese...)
	s.change(func(r *record) { r.Role["node01"] = "Unpromoted" })
	if got := s.query("show lc_messages"); got != "ja_JP.UTF-8" {
		t.Fatalf("lc_messages is %s", got)
	}
	s.followed()
	s.takeOver()
	s.want("promote", ocf.Success, japanese...)
	s.change(func(r *record) { r.Role["node01"] = "Promoted" })
	closeAll := s.exhaust()
	s.want("monitor", ocf.RunningPromoted, append(japanese, recurring)...)
	if log := s.agentLog(); !strings.Contains(log, "53300") {
		t.Errorf("the busy server was not noticed:\n%s", log)
	}
	closeAll()
	a := s.want("monitor", ocf.FailedPromoted, append(japanese, recurring, "OCF_RESKEY_monitor_sql=SELECT 1/0")...)
	// The packages of Debian have the translations, the servers of the cache not all.
	if japaneseText := strings.Contains(a.reason, "ゼロ") || strings.Contains(a.reason, "除算"); !japaneseText && strings.HasPrefix(s.bin, "/usr/lib/postgresql/") {
		t.Errorf("the server does not speak Japanese: %q", a.reason)
	}
	s.crash()
	s.want("monitor", ocf.NotRunning, append(japanese, recurring)...)
	s.want("demote", ocf.Success, append(japanese, "OCF_RESKEY_CRM_meta_notify_slave_uname= ")...)
	s.want("stop", ocf.Success, japanese...)
	s.must(appendTo(filepath.Join(s.data, "postgresql.conf"), "shared_preload_libraries = 'nosuchlibrary'\n"))
	_ = os.Remove(filepath.Join(s.dir, "tmp", "PGSQL.lock"))
	if a := s.want("start", ocf.ErrGeneric, japanese...); !strings.Contains(a.reason, "nosuchlibrary") {
		t.Errorf("the reason does not quote the log: %q", a.reason)
	}
	if c, err := s.instance().Control(); err != nil || c.State == pg.DBInArchiveRecovery {
		t.Errorf("%+v, %v", c, err)
	}
}

// A standby that is ahead of the next primary says so, in the log and where the
// cluster reads it, and leaves no constraint for a person to find.
//
// Conformance: 96 (PostgreSQL server)
func TestStandbyAheadOfTheCandidate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const less, more = "0000000003000060", "00000000030000A0"
	for _, c := range []struct {
		name, nodes, mode, own, candidate, promote string
		want                                       string
	}{
		{"ahead", "node01 node02 node03", "sync", more, less, "node02", "DISCONNECT"},
		{"equal", "node01 node02 node03", "sync", less, less, "node02", "STREAMING|ASYNC"},
		{"behind", "node01 node02 node03", "sync", less, more, "node02", "STREAMING|ASYNC"},
		{"is the candidate", "node01 node02 node03", "sync", more, less, "node01", "STREAMING|ASYNC"},
		{"nothing known of the candidate", "node01 node02 node03", "sync", more, "", "node02", "STREAMING|ASYNC"},
		{"two nodes", "node01 node02", "sync", more, less, "node02", "STREAMING|ASYNC"},
		{"async", "node01 node02 node03", "async", more, less, "node02", "STREAMING|ASYNC"},
	} {
		s.params["node_list"], s.params["rep_mode"] = c.nodes, c.mode
		s.change(func(r *record) {
			r.Online["node03"], r.Transient["node03"], r.Permanent["node03"] = true, map[string]string{}, map[string]string{}
			r.Transient["node01"] = map[string]string{"pgsql-master-baseline": c.own}
			r.Transient["node02"] = map[string]string{}
			if c.candidate != "" {
				r.Transient["node02"]["pgsql-master-baseline"] = c.candidate
			}
			r.Permanent["node01"]["pgsql-data-status"] = "STREAMING|ASYNC"
		})
		s.forgetCalls()
		s.forgetLog()
		s.notify("pre", "promote", map[string]string{"promote": c.promote, "slave": c.nodes})
		if got := s.record().Permanent["node01"]["pgsql-data-status"]; got != c.want {
			t.Errorf("%s: data status %s, want %s", c.name, got, c.want)
		}
		if logged := strings.Contains(s.agentLog(), "ERROR: "); logged != (c.want == "DISCONNECT") {
			t.Errorf("%s: the log says\n%s", c.name, s.agentLog())
		}
		for _, call := range s.calls() {
			if !strings.HasPrefix(call, "crm_mon ") && !strings.HasPrefix(call, "crm_attribute ") && call != "" {
				t.Errorf("%s: ran %s", c.name, call)
			}
		}
	}
}
