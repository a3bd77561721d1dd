package pg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pgrex/internal/run"
	"pgrex/test/servers/cache"
	"pgrex/test/servers/clients"
)

var template struct {
	sync.Once
	dir string
	err error
}

func TestMain(m *testing.M) {
	status := m.Run()
	if template.dir != "" {
		_ = os.RemoveAll(template.dir)
	}
	os.Exit(status)
}

// needServer returns the programs of the release under test, which is the
// machine's newest or what the environment names (see package cache), and the
// user of the server. A machine without them, or a test without root, skips;
// CI must not.
func needServer(t *testing.T) (bin string, u User) {
	t.Helper()
	skip := func(format string, args ...any) {
		t.Helper()
		if os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "" {
			t.Fatalf("cannot be left out here: "+format, args...)
		}
		t.Skipf(format, args...)
	}
	if os.Geteuid() != 0 {
		skip("needs root, to become the user of the server")
	}
	u, err := LookupUser(context.Background(), run.Local{}, "postgres")
	if err != nil {
		skip("needs the user postgres: %v", err)
	}
	bin, err = cache.Chosen()
	if err != nil {
		if os.Getenv(cache.Choice) != "" {
			t.Fatal(err) // somebody wants this one
		}
		skip("%v", err)
	}
	return bin, u
}

// server is a real server with everything it has in one directory whose name
// is short enough for a socket.
type server struct {
	*Instance
	bin, dir string
}

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// asPostgres runs a program of PostgreSQL.
func asPostgres(t *testing.T, u User, argv ...string) {
	t.Helper()
	var unset []string
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "PG") {
			unset = append(unset, name)
		}
	}
	_, err := run.Local{}.Run(testContext(t), run.Command{
		Argv: argv, Dir: "/", Env: []string{"HOME=" + u.Home}, Unset: unset,
		Credential: &syscall.Credential{Uid: u.UID, Gid: u.GID, Groups: u.Groups},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func emptyServer(t *testing.T) *server {
	t.Helper()
	bin, u := needServer(t)
	dir, err := os.MkdirTemp("/tmp", "pgt")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, int(u.UID), int(u.GID)); err != nil {
		t.Fatal(err)
	}
	s := &server{bin: bin, dir: dir}
	s.Instance = New(Settings{
		PgCtl: bin + "/pg_ctl", Data: dir + "/data", Config: dir + "/data/postgresql.conf",
		Port: 5432, DB: "template1", LogFile: dir + "/log", SocketDir: dir, TmpDir: dir + "/tmp", User: u,
	}, run.Local{})
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(dir + "/log")
			t.Logf("server log:\n%s", log)
		}
		_ = s.Signal(0, Kill)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.WaitGone(ctx); err != nil {
			t.Error(err)
		}
		clients.RemoveSegment(dir + "/data")
		_ = os.RemoveAll(dir)
	})
	return s
}

// newServer has a cluster with extra settings, not started.
func newServer(t *testing.T, settings ...string) *server {
	t.Helper()
	s := emptyServer(t)
	template.Do(func() {
		template.dir, template.err = os.MkdirTemp("/tmp", "pgi")
		if template.err == nil {
			template.err = os.Chown(template.dir, int(s.set.User.UID), int(s.set.User.GID))
		}
		if template.err == nil {
			asPostgres(t, s.set.User, s.bin+"/initdb", "-N", "-k", "-A", "peer", "-D", template.dir+"/data")
		}
	})
	if template.err != nil {
		t.Fatal(template.err)
	}
	asPostgres(t, s.set.User, "cp", "-a", template.dir+"/data", s.set.Data)
	s.configure(t, append([]string{
		"listen_addresses = ''", "unix_socket_directories = '" + s.dir + "'",
		"dynamic_shared_memory_type = mmap", // of which a killed server leaves nothing outside of its directory
		"fsync = off", "shared_buffers = 4MB", "max_wal_senders = 5", "logging_collector = off",
	}, settings...)...)
	return s
}

func (s *server) configure(t *testing.T, lines ...string) {
	t.Helper()
	f, err := os.OpenFile(s.set.Config, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(strings.Join(lines, "\n") + "\n"); err != nil {
		t.Fatal(err)
	}
}

// up starts the server and waits until it answers.
func (s *server) up(t *testing.T) {
	t.Helper()
	if err := s.PrepareStart(); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if s.processes(t).None() {
		t.Error("Start returned and there is no process to be seen")
	}
	eventually(t, "the server answers", func() bool {
		c, err := s.Connect(testContext(t))
		if err != nil {
			return false
		}
		c.Close()
		return true
	})
}

func eventually(t *testing.T, what string, fn func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !fn() {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (s *server) connect(t *testing.T) *Session {
	t.Helper()
	c, err := s.Connect(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func (s *server) processes(t *testing.T) Processes {
	t.Helper()
	p, err := s.Processes()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (s *server) state(t *testing.T) ServerState {
	t.Helper()
	st, err := s.connect(t).State(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// value is the first column of a statement's only row.
func (s *Session) value(t *testing.T, sql string) (string, error) {
	t.Helper()
	res, err := s.query(testContext(t), "ask", sql)
	if err != nil {
		return "", err
	}
	if len(res) != 1 || len(res[0].Rows) != 1 {
		return "", fmt.Errorf("%s: not one row", sql)
	}
	return string(res[0].Rows[0][0]), nil
}

// major is the release under test.
func (s *server) major(t *testing.T) int {
	t.Helper()
	v, err := s.Version()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// receiveWAL copies WAL from s like a standby of this name, and is none: with
// pg_receivewal where the release under test has it.
func (s *server) receiveWAL(t *testing.T, name string) {
	t.Helper()
	program := s.bin + "/pg_receivewal"
	if _, err := os.Stat(program); err != nil {
		conf, err := s.connConfig(testContext(t), s.dir)
		if err != nil {
			t.Fatal(err)
		}
		conf.RuntimeParams = map[string]string{"application_name": name}
		conf.DialFunc = func(ctx context.Context, _, address string) (net.Conn, error) {
			c, _, err := dialUnix(ctx, s.set.User, address)
			return c, err
		}
		end, err := clients.ReceiveWAL(testContext(t), conf)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(end)
		return
	}
	wals := filepath.Join(s.dir, "wals")
	if err := os.Mkdir(wals, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(wals, int(s.set.User.UID), int(s.set.User.GID)); err != nil {
		t.Fatal(err)
	}
	rcv := exec.Command(program, "-D", wals, "-d", "host="+s.dir+" port=5432 user=postgres application_name="+name, "--synchronous", "-s", "1")
	rcv.Env = []string{"LC_ALL=C"}
	rcv.SysProcAttr = &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: s.set.User.UID, Gid: s.set.User.GID}, Pdeathsig: syscall.SIGKILL,
	}
	if err := rcv.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rcv.Process.Kill(); _ = rcv.Wait() })
}

// standbyOf makes a standby with the files that the agent writes.
func standbyOf(t *testing.T, primary *server, name string, more ...Setting) *server {
	t.Helper()
	s := emptyServer(t)
	c := primary.connect(t)
	if err := clients.BaseBackup(func(sql string) (string, error) { return c.value(t, sql) }, primary.set.Data, s.set.Data); err != nil {
		t.Fatal(err)
	}
	s.configure(t, "unix_socket_directories = '"+s.dir+"'")
	if err := s.PrepareTmpDir(); err != nil {
		t.Fatal(err)
	}
	settings := []Setting{
		{"primary_conninfo", "host=" + primary.dir + " port=5432 user=postgres application_name=" + name},
		{"restore_command", `echo 'it''s \ "%p"' >/dev/null; false`},
		{"recovery_target_timeline", "latest"},
	}
	settings = append(settings, more...)
	var includes []string
	if s.IncludesRecovery() {
		includes = append(includes, s.RecoveryInclude())
	} else {
		settings = append(settings, Setting{"standby_mode", "on"})
	}
	if err := errors.Join(s.WriteRecovery(settings), s.WriteStandbySignal(), s.EnsureIncludes(includes...)); err != nil {
		t.Fatal(err)
	}
	s.up(t)
	return s
}

// A WAL receiver whom the primary turns away time and again calls itself
// streaming each time, and has heard nothing.
func TestServerReceiverTurnedAway(t *testing.T) {
	primary := newServer(t, "wal_retrieve_retry_interval = 20ms")
	primary.up(t)
	c := standbyOf(t, primary, "node-b", Setting{"primary_slot_name", "missing"}).connect(t)
	seen := 0
	eventually(t, "three receivers that stream", func() bool {
		for range 100 { // each of them is there for milliseconds
			st, err := c.State(testContext(t))
			if err != nil {
				t.Fatal(err)
			}
			if !st.ReceiverHeard.IsZero() {
				t.Fatalf("heard from a primary that said nothing: %+v", st)
			}
			if st.ReceiverStatus == "streaming" {
				seen++
			}
		}
		return seen >= 3
	})
}

func TestServerReplication(t *testing.T) {
	t.Setenv("PGHOST", "/nowhere")
	t.Setenv("PGPORT", "1")
	t.Setenv("PGUSER", "nobody")
	t.Setenv("PGDATABASE", "nowhere")
	t.Setenv("PGSERVICE", "none")
	t.Setenv("PGSSLMODE", "nonsense")
	t.Setenv("PGOPTIONS", "-c nonsense=1")
	t.Setenv("PGTARGETSESSIONATTRS", "standby")
	t.Setenv("PGCONNECT_TIMEOUT", "x")
	t.Setenv("PGPASSWORD", "secret")
	t.Setenv("PGSSLROOTCERT", "/nowhere")
	t.Setenv("PGMINPROTOCOLVERSION", "nonsense")

	primary := newServer(t)
	primary.up(t)
	st := primary.state(t)
	if st.InRecovery || st.Timeline != 1 || st.Current == 0 || st.Receive != 0 || st.VersionNum < 90600 || !st.HotStandby {
		t.Errorf("primary: %+v", st)
	}
	standby := standbyOf(t, primary, "node-b")

	c := standby.connect(t)
	if got, want := c.ServerPID(), standby.processes(t).Postmaster; got != want {
		t.Errorf("process %d listens, the postmaster is %d", got, want)
	}
	eventually(t, "the standby receives", func() bool {
		st, err := c.State(testContext(t))
		return err == nil && st.ReceiverStatus == "streaming" && st.Receive != 0
	})
	st, err := c.State(testContext(t))
	if err != nil || !st.InRecovery || st.Timeline != 1 || st.Replay == 0 || st.Current != 0 || st.ReplayPaused {
		t.Errorf("standby: %+v, %v", st, err)
	}
	set, err := c.Settings(testContext(t), append([]string{"restore_command", "primary_conninfo", "no_such_setting"}, RecoveryTargets...)...)
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := set["no_such_setting"]; ok {
		t.Errorf("%+v", v)
	}
	if standby.major(t) < 12 {
		if len(set) != 0 {
			t.Errorf("settings that the server does not have yet: %+v", set)
		}
	} else {
		if v := set["restore_command"]; v.Value != `echo 'it''s \ "%p"' >/dev/null; false` || v.File != standby.RecoveryFile() || v.Line != 2 {
			t.Errorf("restore_command arrives as %+v", v)
		}
		if v := set["recovery_target_lsn"]; v.Name == "" || v.Source != "default" {
			t.Errorf("recovery_target_lsn: %+v", v)
		}
	}

	// A WAL receiver program and a standby with the same name.
	primary.receiveWAL(t, "node-b")
	pc := primary.connect(t)
	if err := pc.Exec(testContext(t), "CREATE TABLE t (a int); INSERT INTO t VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	var list []Sender
	eventually(t, "both are seen with their positions", func() bool {
		_, list, err = pc.Observe(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		return len(list) == 2 && !slices.ContainsFunc(list, func(v Sender) bool { return v.Flush == 0 || v.State != "streaming" })
	})
	eventually(t, "the standby has heard of the table", func() bool {
		st, err := c.State(testContext(t))
		return err == nil && time.Since(st.ReceiverHeard) < time.Minute
	})
	physical := 0
	for _, v := range list {
		if v.Name != "node-b" || !v.Visible || v.State != "streaming" || v.User != "postgres" {
			t.Errorf("%+v", v)
		}
		if v.Physical {
			physical++
			told := standby.major(t) >= 12
			if v.Replay == 0 || v.ReplyTime.IsZero() == told || told && time.Since(v.ReplyTime).Abs() > time.Minute {
				t.Errorf("%+v", v)
			}
		}
	}
	if physical != 1 {
		t.Errorf("%d of %+v are standbys", physical, list)
	}

	// Without rights: the row is there, the rest is not.
	if err := pc.Exec(testContext(t), "CREATE ROLE watcher LOGIN"); err != nil {
		t.Fatal(err)
	}
	watcher := &server{Instance: New(primary.set, run.Local{}), dir: primary.dir}
	watcher.set.MonitorUser = "watcher"
	if _, err := watcher.Connect(testContext(t)); !errors.Is(err, ErrAuth) {
		t.Errorf("peer authentication as somebody else: %v", err)
	}
	hba := filepath.Join(primary.set.Data, "pg_hba.conf")
	old, _ := os.ReadFile(hba)
	if err := os.WriteFile(hba, append([]byte("local all watcher trust\n"), old...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := primary.Reload(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the watcher is let in", func() bool {
		w, err := watcher.Connect(testContext(t))
		if err != nil {
			return false
		}
		w.Close()
		return true
	})
	st, list, err = watcher.connect(t).Observe(testContext(t))
	if err != nil || st.Timeline != 1 || len(list) != 2 || list[0].Visible || list[0].Physical || list[0].Name != "node-b" {
		t.Errorf("watcher sees %+v, %+v, %v", st, list, err)
	}
	standbyWatcher := &server{Instance: New(standby.set, run.Local{})}
	standbyWatcher.set.MonitorUser = "watcher"
	hba = filepath.Join(standby.set.Data, "pg_hba.conf")
	if err := os.WriteFile(hba, []byte("local all watcher trust\nlocal all all peer\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := standby.Reload(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the watcher sees a hidden receiver", func() bool {
		w, err := standbyWatcher.Connect(testContext(t))
		if err != nil {
			return false
		}
		defer w.Close()
		st, err := w.State(testContext(t))
		return err == nil && st.InRecovery && st.ReceiverStatus == ReceiverHidden && st.Timeline == 1
	})

	if err := standby.Promote(testContext(t)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the standby is promoted", func() bool { st, err = c.State(testContext(t)); return err == nil && !st.InRecovery })
	if st.Timeline != 2 || st.Current == 0 || st.Replay != 0 {
		t.Errorf("promoted: %+v", st)
	}
	if has, err := standby.HasStandbySignal(); has || err != nil {
		t.Errorf("standby.signal %t, %v", has, err)
	}
	h, err := standby.History(2)
	if err != nil || len(h) != 1 || h[0].Timeline != 1 || h[0].SwitchPoint == 0 {
		t.Errorf("history %+v, %v", h, err)
	}
	eventually(t, "the control file follows", func() bool {
		ctl, err := standby.Control()
		return err == nil && ctl.Timeline == 2 && ctl.State == DBInProduction && ctl.DataChecksums
	})
	ctl, err := primary.Control()
	if other, _ := standby.Control(); err != nil || other.SystemID != ctl.SystemID || ctl.SystemID == 0 {
		t.Errorf("system identifiers %d and %d, %v", ctl.SystemID, other.SystemID, err)
	}
}

func TestServerSlots(t *testing.T) {
	s := newServer(t)
	if s.major(t) >= 13 {
		s.configure(t, "max_slot_wal_keep_size = 1MB")
	}
	s.up(t)
	c := s.connect(t)
	if err := c.Exec(testContext(t), "CREATE SCHEMA trap; CREATE VIEW trap.pg_replication_slots AS SELECT 1 AS pid; SET search_path = trap, pg_catalog"); err != nil {
		t.Fatal(err)
	}
	if got, want := c.release, s.major(t); got != want {
		t.Errorf("release %d, want %d", got, want)
	}
	slots := func() []Slot {
		list, err := c.Slots(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if got := slots(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	for _, name := range []string{"rex_b", "rex_a"} {
		if err := c.CreateSlot(testContext(t), name); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.CreateSlot(testContext(t), "rex_a"); SQLState(err) != "42710" {
		t.Errorf("made twice: %v", err)
	}
	if got := slots(); len(got) != 2 || got[0].Name != "rex_a" || got[0].Active || got[0].Lost || got[0].Retained < 0 || got[0].Retained > 16<<20 {
		t.Errorf("%+v", got)
	}
	for range 3 {
		if err := c.Exec(testContext(t), "CREATE TABLE t (a int); DROP TABLE t; SELECT pg_catalog.pg_switch_wal(); CHECKPOINT"); err != nil {
			t.Fatal(err)
		}
	}
	if got := slots(); len(got) != 2 {
		t.Errorf("%+v", got)
	} else if lost := s.major(t) >= 13; got[0].Lost != lost || !lost && got[0].Retained < 32<<20 {
		t.Errorf("after three segments: %+v", got)
	}
	for range 2 {
		err := c.DropSlot(testContext(t), "rex_a")
		if err != nil && SQLState(err) != "42704" {
			t.Error(err)
		}
	}
	if got := slots(); len(got) != 1 || got[0].Name != "rex_b" {
		t.Errorf("%+v", got)
	}
}

func TestServerSearchPathAndStatements(t *testing.T) {
	s := newServer(t)
	s.up(t)
	c := s.connect(t)
	const trap = `CREATE SCHEMA trap;
CREATE FUNCTION trap.pg_is_in_recovery() RETURNS bool LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION trap.current_setting(text) RETURNS text LANGUAGE sql AS 'SELECT ''0''::text';
CREATE VIEW trap.pg_stat_replication AS SELECT 1 AS pid;
CREATE FUNCTION trap.eq(int, int) RETURNS bool LANGUAGE sql AS 'SELECT 1/0 > 0';
CREATE OPERATOR trap.= (LEFTARG = int, RIGHTARG = int, PROCEDURE = trap.eq);
SET search_path = trap, pg_catalog`
	if err := c.Exec(testContext(t), trap); err != nil {
		t.Fatal(err)
	}
	st, list, err := c.Observe(testContext(t))
	if err != nil || st.InRecovery || st.VersionNum == 0 || len(list) != 0 {
		t.Errorf("%+v, %v, %v", st, list, err)
	}
	for sql, ok := range map[string]bool{
		`SELECT 'it''s'; SELECT $$a;b "c" $HOME %s` + "`id`" + `$$`: true,
		"": true, "SELECT 1/0": false, "SELECT 1; SELEC 2": false, "COPY t FROM STDIN": false,
	} {
		if err := c.Exec(testContext(t), sql); (err == nil) != ok {
			t.Errorf("%q: %v", sql, err)
		} else if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%q has more than one line", err)
		}
	}
	if res, err := c.query(testContext(t), "test", "SELECT 1", "SELECT 1/0", "SELECT 2"); err == nil || len(res) != 1 {
		t.Errorf("%d results before the failed one, %v", len(res), err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if err := c.Exec(ctx, "SELECT pg_catalog.pg_sleep(30)"); !errors.Is(err, ErrTimeout) || time.Since(begin) > 2*time.Second {
		t.Errorf("%v after %v", err, time.Since(begin))
	}
}

func TestServerPassword(t *testing.T) {
	s := newServer(t, "password_encryption = 'scram-sha-256'") // the default since 14
	s.up(t)
	if err := s.connect(t).Exec(testContext(t), "CREATE ROLE mon LOGIN PASSWORD 'geheim:\\'"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.set.Data, "pg_hba.conf"), []byte("local all mon scram-sha-256\nlocal all all peer\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	s.set.MonitorUser, s.set.MonitorPassword = "mon", `geheim:\`
	eventually(t, "the password is asked for and right", func() bool {
		c, err := s.Connect(testContext(t))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	s.set.MonitorPassword = "wrong"
	_, err := s.Connect(testContext(t))
	if !errors.Is(err, ErrAuth) || strings.Contains(err.Error(), "wrong") {
		t.Errorf("wrong password: %v", err)
	}
	s.set.MonitorPassword, s.set.User.Home = "", s.dir
	pass := filepath.Join(s.dir, ".pgpass")
	for mode, ok := range map[os.FileMode]bool{0o600: true, 0o644: false} {
		_ = os.Remove(pass)
		if err := os.WriteFile(pass, []byte("localhost:5432:*:mon:geheim\\:\\\\\n"), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(pass, int(s.set.User.UID), int(s.set.User.GID)); err != nil {
			t.Fatal(err)
		}
		if c, err := s.Connect(testContext(t)); (err == nil) != ok {
			t.Errorf("with .pgpass of mode %o: %v", mode, err)
		} else if err == nil {
			c.Close()
		}
	}
}

func TestServerOverTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	s := newServer(t, "unix_socket_directories = ''")
	if err := os.WriteFile(filepath.Join(s.set.Data, "pg_hba.conf"), []byte("host all postgres 127.0.0.1/32 trust\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.set.Host, s.set.Port = "127.0.0.1", port
	if _, err := s.Connect(testContext(t)); !errors.Is(err, ErrNoServer) {
		t.Errorf("before: %v", err)
	}
	s.up(t)
	if st := s.state(t); st.InRecovery || st.Timeline != 1 {
		t.Errorf("%+v", st)
	}
	want := s.processes(t).Postmaster
	if err := os.Remove(filepath.Join(s.set.Data, "postmaster.pid")); err != nil {
		t.Fatal(err)
	}
	if got := s.processes(t).Postmaster; got != want {
		t.Errorf("postmaster %d, want %d", got, want)
	}
	s.set.MonitorUser = "somebody"
	if _, err := s.Connect(testContext(t)); !errors.Is(err, ErrAuth) || strings.Contains(err.Error(), "\n") {
		t.Errorf("refused: %v", err)
	}
}

func TestServerErrorClasses(t *testing.T) {
	// Before release 12 WAL senders are among the connections.
	s := newServer(t, "max_connections = 5", "superuser_reserved_connections = 2", "max_wal_senders = 0")
	if _, err := s.Connect(testContext(t)); !errors.Is(err, ErrNoServer) {
		t.Errorf("no socket: %v", err)
	}
	// A socket that nobody listens on any more, and one whose owner sleeps.
	l, err := net.Listen("unix", filepath.Join(s.dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(s.dir, ".s.PGSQL.5432"), 0o777); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	_, err = s.Connect(ctx)
	cancel()
	if !errors.Is(err, ErrTimeout) {
		t.Errorf("no answer: %v", err)
	}
	// One that cannot fork: it says so and closes without having read anything,
	// before or after the client has sent its first message.
	closed := make(chan struct{})
	var says atomic.Value
	says.Store("Ecould not fork new process for connection: no room\n\x00")
	go func() {
		defer close(closed)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, says.Load().(string))
			_ = conn.Close()
		}
	}()
	for range 50 {
		if _, err := s.Connect(testContext(t)); err == nil || !strings.HasSuffix(err.Error(), ": could not fork new process for connection: no room") {
			t.Fatalf("no fork: %v", err)
		}
	}
	// One that dies says nothing.
	says.Store("")
	for range 50 {
		if _, err := s.Connect(testContext(t)); !errors.Is(err, ErrCut) {
			t.Fatalf("cut: %v", err)
		}
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = l.Close()
	<-closed
	if _, err := s.Connect(testContext(t)); !errors.Is(err, ErrNoServer) {
		t.Errorf("nobody listens: %v", err)
	}
	_ = os.Remove(filepath.Join(s.dir, ".s.PGSQL.5432"))

	s.up(t)
	var open []*Session
	for range 6 {
		c, err := s.Connect(testContext(t))
		if err != nil {
			if !errors.Is(err, ErrTooMany) {
				t.Errorf("full: %v", err)
			}
			break
		}
		open = append(open, c)
	}
	if len(open) != 5 {
		t.Errorf("%d connections", len(open))
	}
	for _, c := range open {
		c.Close()
	}
	eventually(t, "there is room again", func() bool {
		c, err := s.Connect(testContext(t))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	s.set.DB = "nowhere"
	if _, err := s.Connect(testContext(t)); err == nil || SQLState(err) != "3D000" || strings.Contains(err.Error(), "\n") {
		t.Errorf("no such database: %v", err)
	}
	s.set.DB = "template1"

	// Found by what the server has written down, without any parameter.
	s.set.SocketDir = ""
	s.connect(t)

	// A standby without hot_standby never accepts anybody.
	if err := s.Signal(s.processes(t).Postmaster, Fast); err != nil {
		t.Fatal(err)
	}
	if err := s.WaitGone(testContext(t)); err != nil {
		t.Fatal(err)
	}
	s.configure(t, "hot_standby = off")
	if s.IncludesRecovery() {
		s.configure(t, "restore_command = 'false'")
		err = s.WriteStandbySignal()
	} else {
		err = s.WriteRecovery([]Setting{{"restore_command", "false"}, {"standby_mode", "on"}})
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(testContext(t)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server says that it is starting", func() bool {
		_, err := s.Connect(testContext(t))
		return errors.Is(err, ErrStarting)
	})
}

func TestServerStopModes(t *testing.T) {
	s := newServer(t)
	if p := s.processes(t); !p.None() || p.PIDFile != 0 {
		t.Errorf("before: %+v", p)
	}
	for _, mode := range []StopMode{Smart, Fast, Immediate, Kill} {
		s.up(t)
		p := s.processes(t)
		if p.Postmaster == 0 || p.PIDFile != p.Postmaster || len(p.Others) != 0 {
			t.Errorf("running: %+v", p)
		}
		if mode == Kill { // the one that ignores everything else
			if err := syscall.Kill(p.Postmaster, syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			if err := s.Signal(p.Postmaster, Immediate); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			if err := s.WaitGone(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a frozen server is gone: %v", err)
			}
			cancel()
		}
		begin := time.Now()
		if err := s.Signal(p.Postmaster, mode); err != nil {
			t.Fatal(err)
		}
		if err := s.WaitGone(testContext(t)); err != nil {
			t.Fatal(err)
		}
		t.Logf("%v took %v", mode, time.Since(begin))
		want := DBShutDown
		if mode >= Immediate {
			want = DBInProduction
		}
		if c, err := s.Control(); err != nil || c.State != want {
			t.Errorf("after %v: %v, %v", mode, c.State, err)
		}
		if p := s.processes(t); !p.None() {
			t.Errorf("after %v: %+v", mode, p)
		}
		if err := s.Signal(p.Postmaster, mode); mode != Kill && !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("second %v: %v", mode, err)
		}
	}
	if err := s.Reload(); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("reload of a dead server: %v", err)
	}
}

// A pid file that names somebody else's process, as after a crash and a reboot.
//
// Conformance: 44 (PostgreSQL server)
func TestServerPIDReuse(t *testing.T) {
	s := newServer(t)
	sleep := exec.Command("sleep", "60")
	sleep.Dir = s.set.Data
	sleep.SysProcAttr = &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: s.set.User.UID, Gid: s.set.User.GID}, Pdeathsig: syscall.SIGKILL,
	}
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sleep.Process.Kill(); _ = sleep.Wait() }()
	pid := sleep.Process.Pid
	file := filepath.Join(s.set.Data, "postmaster.pid")
	if err := os.WriteFile(file, fmt.Appendf(nil, "%d\n%s\n", pid, s.set.Data), 0o644); err != nil {
		t.Fatal(err)
	}
	if p := s.processes(t); !p.None() || p.PIDFile != pid {
		t.Errorf("%+v", p)
	}
	for _, mode := range []StopMode{Smart, Fast, Immediate, Kill} {
		if err := s.Signal(pid, mode); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("%v: %v", mode, err)
		}
	}
	if err := s.Promote(testContext(t)); err == nil {
		t.Error("promote signals a foreign process")
	}
	if m, err := readStat(pid); err != nil || m.state == 'Z' {
		t.Error("the foreign process was killed")
	}
	// Another server of the same user is not ours either.
	other := newServer(t)
	other.up(t)
	foreign := other.processes(t).Postmaster
	if err := os.WriteFile(file, fmt.Appendf(nil, "%d\n", foreign), 0o644); err != nil {
		t.Fatal(err)
	}
	if p := s.processes(t); !p.None() {
		t.Errorf("%+v", p)
	}
	if err := s.Signal(foreign, Kill); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("%v", err)
	}
	other.connect(t)
}

// Conformance: 45 (PostgreSQL server)
func TestServerWithoutPIDFile(t *testing.T) {
	s := newServer(t)
	s.up(t)
	want := s.processes(t)
	file := filepath.Join(s.set.Data, "postmaster.pid")
	for _, text := range []string{"", "\n", "4194304\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if p := s.processes(t); p.Postmaster != want.Postmaster || len(p.Others) != 0 {
			t.Errorf("pid file %q: %+v, want %+v", text, p, want)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if p := s.processes(t); p.Postmaster != want.Postmaster || p.PIDFile != 0 || len(p.Others) != 0 {
		t.Errorf("no pid file: %+v, want %+v", p, want)
	}
	link := filepath.Join(s.dir, "link")
	if err := os.Symlink("data", link); err != nil {
		t.Fatal(err)
	}
	s.set.Data = link
	if p := s.processes(t); p.Postmaster != want.Postmaster {
		t.Errorf("through a link: %+v", p)
	}
	s.set.Data = filepath.Join(s.dir, "none")
	if p := s.processes(t); !p.None() {
		t.Errorf("no data directory: %+v", p)
	}
	// The directory disappears under the server.
	if err := os.Rename(filepath.Join(s.dir, "data"), s.set.Data); err != nil {
		t.Fatal(err)
	}
	if p := s.processes(t); p.Postmaster != want.Postmaster {
		t.Errorf("renamed: %+v", p)
	}
	if err := os.RemoveAll(s.set.Data); err != nil {
		t.Fatal(err)
	}
	if p := s.processes(t); p.Postmaster != want.Postmaster {
		t.Errorf("removed: %+v", p)
	}
	if err := s.Signal(want.Postmaster, Kill); err != nil {
		t.Error(err)
	}
	if err := s.WaitGone(testContext(t)); err != nil {
		t.Error(err)
	}
}

// A busy backend does not notice that its postmaster was killed.
func TestServerOrphans(t *testing.T) {
	s := newServer(t)
	s.up(t)
	c := s.connect(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	noJIT := "SET jit = off; "
	if s.major(t) < 11 {
		noJIT = "" // it has none
	}
	go func() {
		defer close(done)
		_ = c.Exec(ctx, noJIT+"SELECT /* busy */ pg_catalog.count(*) FROM pg_catalog.generate_series(1, 1000000000000) g WHERE g < 0")
	}()
	defer func() { cancel(); <-done }()
	pc := s.connect(t)
	eventually(t, "the backend is busy", func() bool {
		res, err := pc.query(testContext(t), "look", "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%/* busy */ pg%' AND pid <> pg_backend_pid() AND state = 'active'")
		return err == nil && len(res[0].Rows) == 1
	})
	postmaster := s.processes(t).Postmaster
	if err := syscall.Kill(postmaster, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "only the busy one is left", func() bool {
		p := s.processes(t)
		return p.Postmaster == 0 && len(p.Others) == 1
	})
	p := s.processes(t)
	if p.PIDFile != postmaster || p.Others[0] == postmaster {
		t.Errorf("%+v, the postmaster was %d", p, postmaster)
	}
	// Without the pid file it is no postmaster either.
	if err := os.Remove(filepath.Join(s.set.Data, "postmaster.pid")); err != nil {
		t.Fatal(err)
	}
	if p := s.processes(t); p.Postmaster != 0 || len(p.Others) != 1 {
		t.Errorf("%+v", p)
	}
	if err := s.Signal(0, Kill); err != nil {
		t.Error(err)
	}
	if err := s.WaitGone(testContext(t)); err != nil {
		t.Error(err)
	}
}

// Conformance: 66 (PostgreSQL server)
func TestServerStartOptions(t *testing.T) {
	s := newServer(t)
	t.Setenv("PGUSER", "nobody")
	t.Setenv("PGDATA", "/nowhere")
	t.Setenv("PGPASSWORD", "secret")
	odd := filepath.Join(s.dir, `it's $HOME "x"`+"`id`")
	if err := os.Mkdir(odd, 0o755); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(s.set.Config)
	if err != nil {
		t.Fatal(err)
	}
	s.set.Config = filepath.Join(odd, "my conf")
	b = append(b, "hba_file = '"+s.set.Data+"/pg_hba.conf'\nident_file = '"+s.set.Data+"/pg_ident.conf'\ndata_directory = '"+s.set.Data+"'\n"...)
	if err := os.WriteFile(s.set.Config, b, 0o644); err != nil {
		t.Fatal(err)
	}
	s.set.PgCtl += " -s"
	s.set.CtlOpt = "-t 7"
	s.set.StartOpt = `-c cluster_name='a $HOME  b' -c "application_name=it's"`
	s.set.Port = 5999
	s.up(t)
	set, err := s.connect(t).Settings(testContext(t), "cluster_name", "config_file", "port")
	if err != nil {
		t.Fatal(err)
	}
	if v := set["cluster_name"]; v.Value != "a $HOME  b" || v.Source != "command line" {
		t.Errorf("%+v", v)
	}
	if v := set["config_file"].Value; v != s.set.Config {
		t.Errorf("config_file %q", v)
	}
	if v := set["port"]; v.Value != "5999" || v.Source != "environment variable" {
		t.Errorf("%+v", v)
	}
	pid := s.processes(t).Postmaster
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		t.Fatal(err)
	}
	vars := strings.Split(string(env), "\x00")
	for _, v := range vars {
		for _, bad := range []string{"PGUSER=", "PGPASSWORD=", "LD_LIBRARY_PATH=", "HOME=/root"} {
			if strings.HasPrefix(v, bad) {
				t.Errorf("the server has %s", v)
			}
		}
	}
	for _, want := range []string{"LC_ALL=C", "PGPORT=5999", "HOME=" + s.set.User.Home} {
		if !slices.Contains(vars, want) {
			t.Errorf("the server lacks %s in %q", want, vars)
		}
	}
	// What signals our process group does not reach it. From 12 on pg_ctl even
	// gives it a session of its own.
	if sid, err := unix.Getsid(pid); err != nil || sid != pid && s.major(t) >= 12 {
		t.Errorf("session %d, %v", sid, err)
	}
	if group, err := unix.Getpgid(pid); err != nil || group == unix.Getpgrp() {
		t.Errorf("process group %d, %v", group, err)
	}
}

// With -W pg_ctl may be back before its shell has become the server, or before
// that is seen in the data directory.
func TestServerStartReturnsWithTheProcess(t *testing.T) {
	for name, before := range map[string]string{"seen": "sleep 0.4", "not seen": "cd /; sleep 0.1", "very late": "sleep 6"} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			slow := filepath.Join(s.dir, "slow")
			script := "#!/bin/sh\n(" + before + "; cd " + s.set.Data + "; exec setsid " + s.set.PgCtl + " \"$@\") &\n"
			if err := os.WriteFile(slow, []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			s.set.PgCtl = slow
			s.up(t)
		})
	}
}

// Up to release 15 a server that begins goes to the directory of its program, and
// comes back: it is no server of another directory then. The program is a shell here,
// to stay there for as long as the test needs.
func TestServerThatLooksForItsProgram(t *testing.T) {
	s := newServer(t)
	bin := filepath.Join(s.dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	bash, err := os.ReadFile("/bin/bash")
	if err != nil {
		t.Fatal(err)
	}
	server := filepath.Join(bin, "postgres")
	if err := os.WriteFile(server, bash, 0o755); err != nil {
		t.Fatal(err)
	}
	begin := func(then string, as *syscall.Credential, options ...string) *exec.Cmd {
		t.Helper()
		cmd := exec.Command(server, append([]string{"-c", then, server}, options...)...)
		cmd.Dir, cmd.SysProcAttr = bin, &syscall.SysProcAttr{Credential: as}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
		pid := strconv.Itoa(cmd.Process.Pid)
		eventually(t, "the program runs", func() bool {
			exe, _ := os.Readlink("/proc/" + pid + "/exe")
			return exe == server
		})
		return cmd
	}
	owner := &syscall.Credential{Uid: s.set.User.UID, Gid: s.set.User.GID}
	back := begin("sleep 0.3; cd "+s.set.Data+"; sleep 60; :", owner)
	if p := s.processes(t); !slices.Equal(p.Others, []int{back.Process.Pid}) || p.Postmaster != 0 {
		t.Errorf("it begins: %+v", p)
	}
	_ = back.Process.Kill()
	_ = back.Wait()
	begin("sleep 60; :", nil)
	if p := s.processes(t); !p.None() {
		t.Errorf("somebody else's: %+v", p)
	}
	begin("sleep 60; :", owner, "-D", bin)
	if p := s.processes(t); !p.None() {
		t.Errorf("another directory's: %+v", p)
	}
	begin("sleep 60; :", owner, "-D", s.set.Data)
	if p, err := s.Processes(); err == nil || !strings.Contains(err.Error(), "cannot tell") {
		t.Errorf("it stays there: %+v, %v", p, err)
	}
}

func TestServerDiesAtStart(t *testing.T) {
	s := newServer(t, "no_such_setting = 1")
	if err := s.PrepareStart(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.set.LogFile, []byte("FATAL:  an old story\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if err := s.Start(testContext(t)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is dead", func() bool { return s.processes(t).None() })
	if d := time.Since(begin); d > 2*time.Second {
		t.Errorf("took %v", d)
	}
	if got := s.LogTail(); !strings.Contains(got, "no_such_setting") || strings.Contains(got, "\n") {
		t.Errorf("LogTail: %q", got)
	}
	s.set.PgCtl = "/nowhere/pg_ctl"
	if err := s.Start(testContext(t)); err == nil {
		t.Error("no pg_ctl, no error")
	}
}

// Conformance: 65 (PostgreSQL server)
func TestPrepareStart(t *testing.T) {
	s := newServer(t)
	// A log directory of root's.
	logs := filepath.Join(s.dir, "rootlogs")
	if err := os.Mkdir(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	s.set.LogFile = filepath.Join(logs, "pg.log")
	s.set.SocketDir = filepath.Join(s.dir, "sock")
	if err := s.PrepareStart(); err != nil {
		t.Fatal(err)
	}
	var st syscall.Stat_t
	if err := syscall.Stat(s.set.LogFile, &st); err != nil || st.Uid != s.set.User.UID || st.Gid != s.set.User.GID {
		t.Errorf("log file: %+v, %v", st, err)
	}
	if err := syscall.Stat(s.set.SocketDir, &st); err != nil || st.Uid != s.set.User.UID || st.Mode&0o7777 != 0o2775 {
		t.Errorf("socket directory: %o, %v", st.Mode, err)
	}
	// pgdba leads root by a link to a directory of root's.
	trapped := filepath.Join(s.dir, "trap")
	if err := As(s.set.User, func() error { return os.Symlink(logs, trapped) }); err != nil {
		t.Fatal(err)
	}
	s.set.LogFile = filepath.Join(trapped, "evil")
	if err := s.PrepareStart(); !errors.Is(err, ErrPerm) {
		t.Errorf("log file behind a link: %v", err)
	}
	if _, err := os.Lstat(filepath.Join(logs, "evil")); err == nil {
		t.Error("root made a file for pgdba behind a link of pgdba's")
	}
	s.set.LogFile = "/dev/null"
	s.set.SocketDir = logs
	if err := s.PrepareStart(); !errors.Is(err, ErrPerm) {
		t.Errorf("socket directory of root's: %v", err)
	}
	s.set.SocketDir = filepath.Join(logs, "sock")
	if err := s.PrepareStart(); err != nil {
		t.Errorf("socket directory in a directory of root's: %v", err)
	}

	for name, path := range map[string]string{
		"in a directory of pgdba's": filepath.Join(s.dir, "a", "b", "tmp"),
		"in a directory of root's":  filepath.Join(logs, "x", "tmp"),
	} {
		s.set.TmpDir = path
		for range 2 {
			if err := s.PrepareTmpDir(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if err := syscall.Stat(path, &st); err != nil || st.Uid != s.set.User.UID || st.Mode&0o7777 != 0o700 {
			t.Errorf("%s: %o, %v", name, st.Mode, err)
		}
	}
	// Made by the administrator, as root: given to pgdba, like the shell agent does.
	s.set.TmpDir = filepath.Join(s.dir, "admin")
	if err := os.Mkdir(s.set.TmpDir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := s.PrepareTmpDir(); err != nil {
		t.Fatal(err)
	}
	// A link of pgdba's to a directory of root's.
	victim := filepath.Join(logs, "victim")
	if err := os.Mkdir(victim, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"link", "dir/victim"} {
		s.set.TmpDir = filepath.Join(s.dir, path)
		name, to := s.set.TmpDir, victim
		if strings.Contains(path, "/") {
			name, to = filepath.Dir(name), logs
		}
		if err := As(s.set.User, func() error { return os.Symlink(to, name) }); err != nil {
			t.Fatal(err)
		}
		if err := s.PrepareTmpDir(); err == nil {
			t.Errorf("%s: no error", path)
		}
	}
	s.set.TmpDir = filepath.Join(s.dir, "dir", "new", "tmp")
	if err := s.PrepareTmpDir(); !errors.Is(err, ErrPerm) {
		t.Errorf("tmpdir behind a link: %v", err)
	}
	if _, err := os.Lstat(filepath.Join(logs, "new")); err == nil {
		t.Error("root made a directory behind a link of pgdba's")
	}
	if err := syscall.Stat(victim, &st); err != nil || st.Uid != 0 {
		t.Errorf("root gave %s away: %+v, %v", victim, st, err)
	}
}

// Files are pgdba's, 0600, and a planted link leads nowhere.
//
// Conformance: 57, 71 (PostgreSQL server)
func TestFilesOwnerAndLinks(t *testing.T) {
	s := newServer(t)
	if err := s.PrepareTmpDir(); err != nil {
		t.Fatal(err)
	}
	victim := filepath.Join(s.dir, "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{s.LockFile(), s.SyncFile(), s.RecoveryFile(), s.set.TmpDir + "/xlog_note.0"} {
		if err := As(s.set.User, func() error { return os.Symlink(victim, path) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(s.WriteLock(LockInfo{Node: "n"}), s.WriteSyncNames(nil, false),
		s.WriteRecovery([]Setting{{"a", "b"}}), s.WriteNote(0, "x")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{s.LockFile(), s.SyncFile(), s.RecoveryFile(), s.set.TmpDir + "/xlog_note.0"} {
		var st syscall.Stat_t
		if err := syscall.Lstat(path, &st); err != nil || st.Mode != syscall.S_IFREG|0o600 || st.Uid != s.set.User.UID || st.Gid != s.set.User.GID {
			t.Errorf("%s: mode %o, owner %d, %v", path, st.Mode, st.Uid, err)
		}
	}
	if b, _ := os.ReadFile(victim); string(b) != "precious" {
		t.Errorf("overwritten: %q", b)
	}
	// postgresql.conf that is a link of pgdba's to a file of root's.
	s.set.Config = filepath.Join(s.dir, "conf")
	if err := As(s.set.User, func() error { return os.Symlink(victim, s.set.Config) }); err != nil {
		t.Fatal(err)
	}
	if err := s.EnsureIncludes(s.SyncInclude()); !errors.Is(err, ErrPerm) {
		t.Errorf("config behind a link: %v", err)
	}
	if b, _ := os.ReadFile(victim); string(b) != "precious" {
		t.Errorf("overwritten: %q", b)
	}
	// One of root's own, as in /etc.
	s.set.Config = victim
	if err := os.Chmod(victim, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.EnsureIncludes(s.SyncInclude()); err != nil {
		t.Error(err)
	}
	var st syscall.Stat_t
	if err := syscall.Stat(victim, &st); err != nil || st.Uid != 0 || st.Mode&0o7777 != 0o644 {
		t.Errorf("mode %o, owner %d, %v", st.Mode, st.Uid, err)
	}
	// And one of pgdba's.
	s.set.Config = filepath.Join(s.set.Data, "postgresql.conf")
	if err := s.EnsureIncludes(s.SyncInclude()); err != nil {
		t.Error(err)
	}
	if err := syscall.Stat(s.set.Config, &st); err != nil || st.Uid != s.set.User.UID || st.Mode&0o7777 != 0o600 {
		t.Errorf("mode %o, owner %d, %v", st.Mode, st.Uid, err)
	}

	for _, name := range []string{"recovery.conf", "recovery.signal"} {
		if err := os.WriteFile(filepath.Join(s.set.Data, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := s.RemoveLeftovers()
	want := 2
	if !s.IncludesRecovery() {
		want = 0 // recovery.conf is the standby's own
	}
	if err != nil || len(removed) != want {
		t.Errorf("removed %q, %v", removed, err)
	}
	if removed, err := s.RemoveLeftovers(); err != nil || len(removed) != 0 {
		t.Errorf("second time: %q, %v", removed, err)
	}
}

func TestAsStaysOnItsThread(t *testing.T) {
	_, u := needServer(t)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				select {
				case <-stop:
					return
				default:
				}
				if uid, gid := unix.Geteuid(), unix.Getegid(); uid != 0 || gid != 0 {
					t.Errorf("a goroutine outside runs as %d:%d", uid, gid)
					return
				}
			}
		}()
	}
	var inside sync.WaitGroup
	for range 50 {
		inside.Add(1)
		go func() {
			defer inside.Done()
			for range 20 {
				err := As(u, func() error {
					if unix.Geteuid() != int(u.UID) || unix.Getegid() != int(u.GID) {
						return fmt.Errorf("runs as %d:%d", unix.Geteuid(), unix.Getegid())
					}
					g, err := unix.Getgroups()
					if err != nil || len(g) != len(u.Groups) {
						return fmt.Errorf("groups %v, %v", g, err)
					}
					if _, err := os.ReadFile("/etc/shadow"); err == nil {
						return errors.New("reads /etc/shadow")
					}
					return As(u, func() error { return nil })
				})
				if err != nil {
					t.Error(err)
				}
				if _, err := os.ReadFile("/etc/shadow"); err != nil {
					t.Errorf("afterwards: %v", err)
				}
			}
		}()
	}
	inside.Wait()
	close(stop)
	wg.Wait()
	want := errors.New("mine")
	if err := As(u, func() error { return want }); err != want {
		t.Errorf("error %v", err)
	}
}

func TestServerConnectObserveTime(t *testing.T) {
	s := newServer(t)
	s.up(t)
	const n = 30
	begin := time.Now()
	for range n {
		c, err := s.Connect(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.Observe(testContext(t)); err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	t.Logf("Connect, Observe and Close: %v", time.Since(begin)/n)
	begin = time.Now()
	for range n {
		s.processes(t)
	}
	t.Logf("Processes with a pid file: %v", time.Since(begin)/n)
}

// A container may have a server whose data directory is called as ours, which
// is not there at the moment: it is somebody else's.
func TestServerOfAContainer(t *testing.T) {
	s := emptyServer(t) // without a data directory
	root := filepath.Join(s.dir, "root")
	libraries, err := exec.Command("ldd", "/bin/sleep").Output()
	if err != nil {
		t.Skip(err)
	}
	for _, path := range append(regexp.MustCompile(`/\S+`).FindAllString(string(libraries), -1), "/bin/sleep") {
		to := filepath.Join(root, path)
		text, err := os.ReadFile(path)
		if path == "/bin/sleep" {
			to = filepath.Join(root, "bin/postgres")
		}
		if err = errors.Join(err, os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, text, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(root, s.set.Data), 0o755); err != nil {
		t.Fatal(err)
	}
	begin := func(dir string, argv ...string) {
		c := exec.Command(argv[0], argv[1:]...)
		c.Dir = dir
		c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
		eventually(t, "it is postgres", func() bool {
			exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", c.Process.Pid))
			return err == nil && filepath.Base(exe) == "postgres"
		})
	}
	// With a root of its own the paths of a process look like everybody's.
	begin("/", "unshare", "--mount", "sh", "-c", `mount --bind "$1" "$1" && cd "$1" && mkdir old && pivot_root . old && cd "$2" && exec /bin/postgres 60`, "sh", root, s.set.Data)
	if p := s.processes(t); !p.None() {
		t.Errorf("the container's server is ours: %+v", p)
	}
	// The same outside of it: a directory that has gone away under its server.
	if err := os.Mkdir(s.set.Data, 0o755); err != nil {
		t.Fatal(err)
	}
	begin(s.set.Data, filepath.Join(root, "bin/postgres"), "60")
	if err := os.Remove(s.set.Data); err != nil {
		t.Fatal(err)
	}
	if p := s.processes(t); p.None() {
		t.Error("the server of a lost directory is not seen")
	}
}
