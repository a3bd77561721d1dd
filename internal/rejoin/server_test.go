package rejoin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgrex/internal/message"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
	"pgrex/internal/run"
	"pgrex/test/servers/cache"
	"pgrex/test/servers/clients"
)

// server is a real server with its archive.
type server struct {
	*pg.Instance
	t        *testing.T
	set      pg.Settings
	dir, bin string
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// newServer has a directory and no data. It needs root, to become the user of
// the server, and a release with pg_basebackup.
func newServer(t *testing.T) *server {
	t.Helper()
	skip := func(why any) {
		t.Helper()
		if os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "" {
			t.Fatal("cannot be left out here: ", why)
		}
		t.Skip(why)
	}
	if os.Geteuid() != 0 {
		skip("needs root")
	}
	u, err := pg.LookupUser(context.Background(), run.Local{}, "postgres")
	if err != nil {
		skip(err)
	}
	bin, err := cache.Installed()
	if err != nil {
		skip(err)
	}
	dir, err := os.MkdirTemp("/tmp", "pgj")
	if err != nil {
		t.Fatal(err)
	}
	archive := dir + "/archive"
	if err := errors.Join(os.Mkdir(archive, 0o700), os.Chown(dir, int(u.UID), int(u.GID)), os.Chown(archive, int(u.UID), int(u.GID))); err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, dir: dir, bin: bin, set: pg.Settings{
		PgCtl: bin + "/pg_ctl", Data: dir + "/data", Config: dir + "/data/postgresql.conf",
		Port: 5432, DB: "template1", LogFile: dir + "/log", SocketDir: dir, TmpDir: dir + "/tmp", User: u,
	}}
	s.Instance = pg.New(s.set, run.Local{})
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(dir + "/log")
			t.Logf("server log:\n%s", log)
		}
		s.stop(pg.Kill)
		clients.RemoveSegment(dir + "/data")
		_ = os.RemoveAll(dir)
	})
	return s
}

func (s *server) program(argv ...string) {
	s.t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: s.set.User.UID, Gid: s.set.User.GID}}
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %v\n%s", argv, err, out)
	}
}

func (s *server) configure(lines ...string) {
	s.t.Helper()
	f, err := os.OpenFile(s.set.Config, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(strings.Join(lines, "\n") + "\n"); err != nil {
		s.t.Fatal(err)
	}
}

// initialise makes a new database without check sums.
func (s *server) initialise(segmentMiB int) {
	s.t.Helper()
	s.program(s.bin+"/initdb", "-N", "-A", "peer", "-D", s.set.Data, fmt.Sprintf("--wal-segsize=%d", segmentMiB))
	s.configure("listen_addresses = ''", "dynamic_shared_memory_type = mmap", "fsync = off", "shared_buffers = 4MB",
		"logging_collector = off", "checkpoint_timeout = 1h", "min_wal_size = 128MB", "wal_keep_size = 512MB", "archive_mode = always")
	s.own()
}

// own are the settings with the server's own directory.
func (s *server) own() {
	s.configure("unix_socket_directories = '"+s.dir+"'", "archive_command = 'cp %p "+s.dir+"/archive/%f'")
}

func (s *server) up() {
	s.t.Helper()
	_ = os.Remove(s.set.Data + "/postmaster.pid") // its pid may be that of a dead process nobody has waited for
	_ = os.Remove(s.dir + "/.s.PGSQL.5432.lock")
	if err := errors.Join(s.PrepareStart(), s.Start(within(s.t))); err != nil {
		s.t.Fatal(err)
	}
	s.until("the server answers", func() bool { return s.ask("") == nil })
}

func (s *server) until(what string, is func() bool) {
	s.t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("not in time: %s", what)
		}
	}
}

func (s *server) ask(sql string) error {
	c, err := s.Connect(within(s.t))
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Exec(within(s.t), sql)
}

func (s *server) exec(sql ...string) {
	s.t.Helper()
	for _, q := range sql {
		if err := s.ask(q); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *server) state() pg.ServerState {
	s.t.Helper()
	c, err := s.Connect(within(s.t))
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	st, err := c.State(within(s.t))
	if err != nil {
		s.t.Fatal(err)
	}
	return st
}

func (s *server) stop(mode pg.StopMode) {
	p, err := s.Processes()
	if err != nil || p.None() {
		return
	}
	pid := p.Postmaster
	if mode == pg.Kill {
		pid = 0
	}
	if err := errors.Join(s.Signal(pid, mode), s.WaitGone(within(s.t))); err != nil {
		s.t.Error(err)
	}
}

// standby is a running standby.
func (s *server) standby() *server {
	s.t.Helper()
	b := newServer(s.t)
	b.program(s.bin+"/pg_basebackup", "-h", s.dir, "-p", "5432", "-D", b.set.Data, "-c", "fast", "-X", "stream", "-R")
	b.own()
	b.up()
	return b
}

// caughtUp waits until a standby has all WAL.
func (s *server) caughtUp(primary *server) {
	s.t.Helper()
	at := primary.state().Current
	s.until("the standby has all WAL", func() bool { return s.state().Replay >= at })
}

// diesBeside kills the primary when its standby has everything. Now and then a
// server writes a record of its own, which nobody can wait for: then it is tried
// again.
func (s *server) diesBeside(standby *server) {
	s.t.Helper()
	for range 5 {
		standby.caughtUp(s)
		s.stop(pg.Kill)
		if end, known := s.local().position(); known && standby.state().Replay >= end {
			return
		}
		s.up()
	}
	s.t.Fatal("the standby never has everything")
}

func (s *server) promote() {
	s.t.Helper()
	if err := s.Promote(within(s.t)); err != nil {
		s.t.Fatal(err)
	}
	s.until("promoted", func() bool { return !s.state().InRecovery })
}

func (s *server) in() In {
	return In{Server: s.set, Archive: s.dir + "/archive", Journal: s.dir + "/journal"}
}

// over passes a value the way that it takes from node to node.
func over[T any](t *testing.T, v T) T {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out T
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (s *server) local() Local {
	s.t.Helper()
	l, err := GatherLocal(within(s.t), over(s.t, s.in()))
	if err != nil {
		s.t.Fatal(err)
	}
	return over(s.t, l)
}

func (s *server) primary() Primary {
	s.t.Helper()
	p, err := GatherPrimary(within(s.t), over(s.t, s.in()))
	if err != nil {
		s.t.Fatal(err)
	}
	return over(s.t, p)
}

// want decides on the data of l to follow p.
func want(t *testing.T, what string, l, p *server, o Options, want string) Decision {
	t.Helper()
	d := Decide(l.local(), p.primary(), o)
	if got := said(d); got != want {
		t.Errorf("%s: %s, want %s\n%+v", what, got, want, d)
	}
	return d
}

func touch(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
}

// fill makes the primary leave some segments behind.
func (s *server) fill() {
	s.exec("INSERT INTO t SELECT g FROM generate_series(1, 1000) g")
	for range 3 {
		s.exec("INSERT INTO t VALUES (1)", "SELECT pg_switch_wal()")
	}
	s.exec("INSERT INTO t VALUES (1)")
}

// Conformance: AT-049, AT-050, AT-051, AT-052, AT-053, AT-054, AT-055, AT-057, AT-058, AT-059, AT-060, AT-061, AT-062, AT-063, AT-064, AT-068, AT-069 (PostgreSQL server)
// Conformance: AT-036, AT-037, AT-039 (PostgreSQL server)
func TestServerRejoin(t *testing.T) {
	for _, mib := range []int{1, 16, 64} {
		t.Run(fmt.Sprint(mib), func(t *testing.T) {
			a := newServer(t)
			a.initialise(mib)
			a.up()
			a.exec("CREATE TABLE t (n int)")
			a.fill()
			b := a.standby()
			a.fill()
			b.caughtUp(a)
			archived := func(s *server, name string) string { return filepath.Join(s.dir, "archive", name) }

			// One timeline, no history file.
			b.stop(pg.Fast)
			a.fill()
			want(t, "stopped standby", b, a, Options{}, "n+; r-; b+")
			a.exec("SELECT pg_switch_wal()", "SELECT pg_switch_wal()")
			if at := a.state().Current; at%wal.LSN(mib<<20) != 0 {
				t.Errorf("%v is on no border", at)
			}
			want(t, "on the border of a segment", b, a, Options{}, "n+; r-; b+")
			next := wal.SegmentOf(a.state().Current, mib<<20).File(1, mib<<20)
			touch(t, archived(a, next))
			want(t, "archive of the primary ahead", b, a, Options{}, "n 41; r 41 43; b 41")
			_ = os.Rename(archived(a, next), archived(b, next))
			want(t, "own archive ahead", b, a, Options{}, "n 38; r 38 43; b 38")
			_ = os.Remove(archived(b, next))

			// A new server has nothing to do with this one.
			c := newServer(t)
			want(t, "nothing here", c, a, Options{}, "n 30; r 30; b+")
			c.initialise(mib)
			for _, dir := range []string{"lost+found", "20240101_000000"} {
				if err := os.Mkdir(archived(c, dir), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			want(t, "another system", c, a, Options{}, "n 33; r 33; b+")
			touch(t, archived(c, wal.Segment(1).File(1, mib<<20)+".gz"))
			want(t, "another system and its archive", c, a, Options{}, "n 33; r 33; b 46")

			// The primary dies, and the standby that has everything goes on.
			b.up()
			a.diesBeside(b)
			b.stop(pg.Fast) // before its promotion, for a copy of it
			twin := newServer(t)
			twin.program("cp", "-a", b.set.Data, twin.set.Data)
			twin.own()
			b.up()
			b.promote()
			b.fill()
			want(t, "crashed primary", a, b, Options{}, "n+; r-; b+")
			// What it needs is gone everywhere.
			size := mib << 20
			p := b.primary()
			redo := a.local().Control.Redo
			first := wal.SegmentOf(redo, size)
			missing := wal.SegmentOf(p.Ancestry[0].End, size) + 1
			name := missing.File(2, size)
			b.exec("CHECKPOINT")
			b.until("the segment is archived", func() bool { _, err := os.Stat(archived(b, name)); return err == nil })
			aside := b.dir + "/aside"
			if err := os.Mkdir(aside, 0o700); err != nil {
				t.Fatal(err)
			}
			for n, path := range []string{archived(b, name), filepath.Join(b.WALDir(), name)} {
				if err := os.Rename(path, fmt.Sprintf("%s/%d", aside, n)); err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					want(t, "gone from the archive only", a, b, Options{}, "n+; r-; b+")
				}
			}
			d := want(t, "gone everywhere", a, b, Options{}, "n 47; r 43; b+")
			if r := d.Choice(AsIs).Reasons; len(r) != 1 || r[0].Args[1] != name {
				t.Errorf("missing %v, want %s, from %d", r, name, first)
			}
			if err := errors.Join(os.Rename(aside+"/0", archived(b, name)), os.Rename(aside+"/1", filepath.Join(b.WALDir(), name))); err != nil {
				t.Fatal(err)
			}

			// The old primary has written more.
			a.configure("wal_log_hints = off")
			a.up()
			a.exec("INSERT INTO t VALUES (2)")
			a.stop(pg.Kill)
			want(t, "more, hints off", a, b, Options{}, "n 40; r 43; b+")
			a.configure("wal_log_hints = on")
			a.up()
			a.exec("INSERT INTO t VALUES (2)", "CHECKPOINT")
			a.stop(pg.Kill)
			want(t, "more", a, b, Options{}, "n 40; r+; b+")
			a.up()
			a.stop(pg.Fast)
			d = want(t, "more, stopped in order", a, b, Options{}, "n 40; r+; b+")
			l := a.local()
			at, err := CommonCheckpoint(within(t), over(t, CheckpointIn{In: a.in(), Ancestry: l.Ancestry, Fork: d.Fork}))
			if err != nil || at == 0 || at >= d.Fork || !d.ProveRewind {
				t.Errorf("common checkpoint %v before %v, %v", at, d.Fork, err)
			}
			b.exec("ALTER SYSTEM SET full_page_writes = off", "SELECT pg_reload_conf()")
			b.until("full_page_writes is off", func() bool { return !b.primary().FullPageWrites })
			want(t, "full_page_writes off", a, b, Options{}, "n 40; r 42; b+")
			b.exec("ALTER SYSTEM RESET full_page_writes", "SELECT pg_reload_conf()")
			b.until("full_page_writes is on", func() bool { return b.primary().FullPageWrites })

			// Broken off.
			marker := filepath.Join(a.set.Data, ".pg-rex_incomplete")
			if err := os.WriteFile(marker, []byte(`{"what":"pg_rewind"}`), 0o600); err != nil {
				t.Fatal(err)
			}
			want(t, "mark of somebody else's", a, b, Options{}, "n 48 40; r 48; b+")
			if err := os.Chown(marker, int(a.set.User.UID), -1); err != nil {
				t.Fatal(err)
			}
			want(t, "rewind broken off", a, b, Options{}, "n 37 48 40; r 37 48; b+")
			starts(t, "rewind broken off", a.local(), nil, message.PST015)
			_ = os.Remove(marker)

			// Each of two has a timeline 2, from one position.
			if err := os.WriteFile(filepath.Join(twin.set.Data, "standby.signal"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			twin.configure("primary_conninfo = ''", "archive_command = 'true'")
			twin.program("cp", "/dev/null", twin.set.Data+"/postgresql.auto.conf")
			twin.up()
			twin.promote()
			twin.exec("INSERT INTO t VALUES (3)")
			own := twin.primary()
			if own.Timeline != 2 || own.Ancestry[0].End != p.Ancestry[0].End {
				t.Errorf("no twins: %v, %v", own.Ancestry, p.Ancestry)
			}
			twin.stop(pg.Fast)
			want(t, "two of one number", twin, b, Options{}, "n 36; r 36 43; b+")

			// Which of them may be primary.
			b.stop(pg.Fast)
			la, lb, lt := a.local(), b.local(), twin.local()
			starts(t, "the newer one", lb, &la, "")
			starts(t, "the older one", la, &lb, message.PST022)
			starts(t, "one of two", lb, &lt, message.PST023)
			starts(t, "the other of two", lt, &lb, message.PST023)
			starts(t, "beside another system", lb, ptr(c.local()), "")

			// Damaged data rules out methods and ends nothing.
			if err := os.RemoveAll(a.WALDir()); err != nil {
				t.Fatal(err)
			}
			b.up()
			want(t, "no WAL directory", a, b, Options{}, "n 40; r 48; b+")
			b.stop(pg.Fast)
			if err := os.WriteFile(filepath.Join(a.set.Data, "PG_VERSION"), []byte("9.6\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			starts(t, "another release", a.local(), nil, message.PST025)
			_ = os.WriteFile(filepath.Join(a.set.Data, "PG_VERSION"), []byte("15\n"), 0o600)
			if err := os.Remove(filepath.Join(a.set.Data, "global/pg_control")); err != nil {
				t.Fatal(err)
			}
			b.up()
			want(t, "no control file", a, b, Options{}, "n 48; r 48; b+")
			starts(t, "no control file", a.local(), nil, message.PST026)
			if err := os.RemoveAll(a.set.Data); err != nil {
				t.Fatal(err)
			}
			want(t, "nothing here any more", a, b, Options{}, "n 30; r 30; b+")
			starts(t, "nothing here any more", a.local(), nil, message.PST024)
		})
	}
}

// Conformance: AT-056 (PostgreSQL server)
func TestServerTimelinesLeftOut(t *testing.T) {
	a := newServer(t)
	a.initialise(1)
	a.program("touch", a.set.Data+"/standby.signal")
	a.up()
	a.promote()
	a.exec("CREATE TABLE t (n int)", "CHECKPOINT")
	b, c := a.standby(), a.standby()
	b.caughtUp(a)
	c.caughtUp(a)
	c.stop(pg.Fast)
	b.stop(pg.Fast)
	b.configure("recovery_target_timeline = 'current'")
	b.program("cp", b.WALDir()+"/00000002.history", b.WALDir()+"/00000003.history")
	b.up()
	b.promote()
	b.fill()
	p := b.primary()
	if p.Timeline != 4 || p.Ancestry.Contains(3) {
		t.Fatalf("%v", p.Ancestry)
	}
	want(t, "a standby of timeline 2", c, b, Options{}, "n+; r-; b+")
	a.exec("INSERT INTO t VALUES (1)")
	a.stop(pg.Fast)
	want(t, "the primary of timeline 2", a, b, Options{}, "n 40; r 43; b+")
}

func ptr[T any](v T) *T { return &v }

func starts(t *testing.T, what string, own Local, peer *Local, want message.ID) {
	t.Helper()
	s := PrimaryStart(own, peer, "node02", time.Minute)
	var got message.ID
	for _, f := range append(s.Refusals, s.Older) {
		if f != nil {
			got = f.ID
		}
	}
	if got != want {
		t.Errorf("%s: %s, want %s\n%+v", what, got, want, s)
	}
}
