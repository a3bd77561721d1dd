package rebuild

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
	"pgrex/internal/run"
	"pgrex/test/servers/cache"
	"pgrex/test/servers/clients"
)

// templates are data directories to copy, by what initdb was told.
var templates struct {
	sync.Mutex
	byKind map[string]string
}

func TestMain(m *testing.M) {
	if os.Getenv(jobVariable) != "" {
		os.Exit(doJob())
	}
	status := m.Run()
	for _, dir := range templates.byKind {
		_ = os.RemoveAll(filepath.Dir(dir))
	}
	os.Exit(status)
}

// kind says what a server of a test is like.
type kind struct {
	user    string // "" is postgres
	segMiB  int    // 0 is 16
	walAway bool   // its WAL is in a directory of its own
}

// server is a real server with everything that it has in one directory.
type server struct {
	Server
	kind
	dir string
	t   *testing.T
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "" {
			t.Fatal("needs root, to become the user of the server")
		}
		t.Skip("needs root, to become the user of the server")
	}
}

// blank is a server that has no data yet. Those of one test have the same
// names for what lies below their directories.
func blank(t *testing.T, k kind) *server {
	t.Helper()
	needRoot(t)
	if k.user == "" {
		k.user = "postgres"
	}
	user, err := pg.LookupUser(testContext(t), run.Local{}, k.user)
	if err != nil {
		t.Fatal(err)
	}
	bin, err := cache.Chosen()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(bin + "/pg_rewind"); err != nil {
		t.Skip("this release has no programs of clients here") // another run of the same tests has
	}
	dir, err := os.MkdirTemp("/tmp", "pgr")
	if err != nil {
		t.Fatal(err)
	}
	user.Home = dir // for the password file
	s := &server{kind: k, dir: dir, t: t}
	s.Server = Server{
		Settings: pg.Settings{
			PgCtl: bin + "/pg_ctl", Data: dir + "/data", Config: dir + "/data/postgresql.conf", Port: freePort(t), DB: "template1",
			LogFile: dir + "/log", SocketDir: dir, TmpDir: dir + "/tmp", User: user,
		},
		Run: run.Local{}, Journal: dir + "/journal",
	}
	s.own(dir)
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(dir + "/log")
			t.Logf("server log:\n%s", log)
		}
		_ = s.instance().Signal(0, pg.Kill)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.instance().WaitGone(ctx); err != nil {
			t.Error(err)
		}
		clients.RemoveSegment(dir + "/data")
		_ = os.RemoveAll(dir)
	})
	return s
}

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (s *server) own(path string) {
	s.t.Helper()
	if err := os.Lchown(path, int(s.User.UID), int(s.User.GID)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) mkdir(path string) string {
	s.t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		s.t.Fatal(err)
	}
	s.own(path)
	return path
}

func (s *server) do(argv ...string) string {
	s.t.Helper()
	argv[0] = filepath.Join(filepath.Dir(s.PgCtl), argv[0])
	res, err := run.Local{}.Run(testContext(s.t), s.command(argv...))
	if err != nil {
		s.t.Fatalf("%v: %v", argv, err)
	}
	return strings.TrimSpace(string(res.Stdout))
}

// sql is what statements answer.
func (s *server) sql(text string) string {
	s.t.Helper()
	return s.do("psql", "-XAtq", "-h", s.dir, "-p", strconv.Itoa(s.Port), "-d", "template1", "-v", "ON_ERROR_STOP=1", "-c", text)
}

// primary is a server that runs, with a replication role.
func primary(t *testing.T, k kind, settings ...string) *server {
	t.Helper()
	s := blank(t, k)
	segment := 16
	if k.segMiB != 0 {
		segment = k.segMiB
	}
	name := fmt.Sprintf("%s %d", s.User.Name, segment)
	templates.Lock()
	template := templates.byKind[name]
	if template == "" {
		top, err := os.MkdirTemp("/tmp", "pgi")
		if err != nil {
			t.Fatal(err)
		}
		s.own(top)
		template = top + "/data"
		s.do("initdb", "-N", "-k", "--auth-local=peer", "--auth-host=scram-sha-256",
			"--wal-segsize="+strconv.Itoa(segment), "-D", template)
		if templates.byKind == nil {
			templates.byKind = map[string]string{}
		}
		templates.byKind[name] = template
	}
	templates.Unlock()
	if _, err := (run.Local{}).Run(testContext(t), run.Command{Argv: []string{"cp", "-a", template, s.Data}}); err != nil {
		t.Fatal(err)
	}
	if k.walAway {
		if err := os.Rename(s.Data+"/pg_wal", s.dir+"/wal"); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(s.dir+"/wal", s.Data+"/pg_wal"); err != nil {
			t.Fatal(err)
		}
		s.own(s.Data + "/pg_wal")
	}
	s.configure(append([]string{
		"dynamic_shared_memory_type = mmap", "fsync = off", "shared_buffers = 4MB", "max_wal_senders = 5", "logging_collector = off",
		"wal_retrieve_retry_interval = 50ms", "wal_keep_size = 256MB", "listen_addresses = '127.0.0.1'",
	}, settings...)...)
	s.up()
	s.sql("CREATE ROLE repuser REPLICATION LOGIN PASSWORD 'se:cret'; CREATE TABLE t AS SELECT 'both'::text AS v")
	return s
}

func (s *server) configure(lines ...string) {
	s.t.Helper()
	f, err := os.OpenFile(s.Config, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.WriteString(f, strings.Join(lines, "\n")+"\n"); err != nil {
		s.t.Fatal(err)
	}
}

// up starts the server where it lies, whose configuration may be another one's.
func (s *server) up() {
	s.t.Helper()
	s.configure("port = "+strconv.Itoa(s.Port), "unix_socket_directories = '"+s.dir+"'")
	inst := s.instance()
	if err := errors.Join(inst.PrepareStart(), inst.Start(testContext(s.t))); err != nil {
		s.t.Fatal(err)
	}
	eventually(s.t, "the server answers", func() bool {
		c, err := inst.Connect(testContext(s.t))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// follow starts the server as a standby with the files that the agent writes.
func (s *server) follow(p *server) {
	s.t.Helper()
	inst := s.instance()
	settings := []pg.Setting{
		{Name: "primary_conninfo", Value: fmt.Sprintf("host=%s port=%d user=%s", p.dir, p.Port, s.User.Name)},
		{Name: "recovery_target_timeline", Value: "latest"},
	}
	if err := errors.Join(inst.PrepareTmpDir(), inst.WriteRecovery(settings), inst.WriteStandbySignal(),
		inst.EnsureIncludes(inst.RecoveryInclude())); err != nil {
		s.t.Fatal(err)
	}
	s.up()
	eventually(s.t, "the standby has replayed everything", func() bool {
		return s.sql("SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= '"+p.sql("SELECT pg_current_wal_flush_lsn()")+"'") == "t"
	})
}

func (s *server) down(mode pg.StopMode) {
	s.t.Helper()
	p, err := s.instance().Processes()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := errors.Join(s.instance().Signal(p.Postmaster, mode), s.instance().WaitGone(testContext(s.t))); err != nil {
		s.t.Fatal(err)
	}
	// What remains of our child would count as a server that runs.
	eventually(s.t, "it is released", func() bool { return run.Ended(p.Postmaster) })
}

func (s *server) promote() {
	s.t.Helper()
	s.do("pg_ctl", "promote", "-D", s.Data, "-w")
}

func (s *server) control() pg.Control {
	s.t.Helper()
	c, err := s.instance().Control()
	if err != nil {
		s.t.Fatal(err)
	}
	return c
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

// remote is the server's node, spoken to through a helper.
func (s *server) remote() node.Node {
	s.t.Helper()
	peer, err := node.Connect(testContext(s.t), func(_ context.Context, args ...string) (io.ReadWriteCloser, error) {
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			_ = node.Serve(context.Background(), args[len(args)-1], there, there)
		}()
		return here, nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(peer.Close)
	return peer
}

func (s *server) source() Source {
	return Source{Node: s.remote(), Settings: s.Settings}
}

// facts are what a base backup of the server has to know, with the places
// where to's own directories have their names.
func (s *server) facts(to *server, tablespaces ...string) Primary {
	s.t.Helper()
	p := Primary{
		Address: "127.0.0.1", Port: s.Port, User: "repuser", SystemID: s.control().SystemID, SegmentSize: s.control().SegmentSize,
		Tablespaces: tablespaces, FreeSenders: 5, FreeSlots: 10,
		VersionDir: "PG_" + s.sql("SELECT current_setting('server_version_num')::int / 10000") + "_" +
			s.sql("SELECT catalog_version_no FROM pg_control_system()"),
	}
	if to.walAway {
		p.WALDir = to.dir + "/wal"
	}
	sizes, err := Measure.On(testContext(s.t), s.remote(), append([]string{s.Data}, tablespaces...))
	if err != nil {
		s.t.Fatal(err)
	}
	p.Sizes = map[string]int64{to.Data: sizes[s.Data]}
	for _, t := range tablespaces {
		p.Sizes[t] = sizes[t]
	}
	to.write(to.dir+"/.pgpass", `*:*:*:repuser:se\:cret`+"\n")
	return p
}

func (s *server) write(path, text string) {
	s.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.own(path)
}

func (s *server) look(p Primary) Facts {
	s.t.Helper()
	f, err := s.Look(testContext(s.t), p, []string{s.TmpDir, s.dir + "/archive"})
	if err != nil {
		s.t.Fatal(err)
	}
	return f
}

// incomplete is what the mark says, "" without one.
func (s *server) incomplete() string {
	s.t.Helper()
	m, err := s.Incomplete()
	if err != nil {
		s.t.Fatal(err)
	}
	if m == nil {
		return ""
	}
	return m.What
}

// digest tells whether anything below a directory has changed.
func digest(t *testing.T, dir string) string {
	t.Helper()
	sum := sha256.New()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(sum, path, info.Mode(), info.ModTime(), info.Size())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

func contents(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func mount(t *testing.T, source, target, fstype string, flags uintptr, data string) {
	t.Helper()
	if err := unix.Mount(source, target, fstype, flags, data); err != nil {
		t.Fatalf("cannot mount %s: %v", target, err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(target, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// diverged are a former primary with commits of its own, which is stopped in
// that way, and the one that was promoted meanwhile.
func diverged(t *testing.T, k kind, mode pg.StopMode) (old, now *server, d Divergence) {
	t.Helper()
	old = primary(t, k)
	now = blank(t, k)
	p := old.facts(now)
	if err := now.BaseBackup(testContext(t), now.look(p), p, Options{Stream: true}, nil); err != nil {
		t.Fatal(err)
	}
	now.follow(old)
	now.promote()
	now.sql("INSERT INTO t SELECT 'new' || n FROM generate_series(1, 100000) n")
	for range 3 {
		old.sql("INSERT INTO t VALUES ('lost')")
	}
	old.sql("SELECT pg_create_physical_replication_slot('stale', true)")
	end, err := wal.ParseLSN(old.sql("SELECT pg_current_wal_flush_lsn()"))
	if err != nil {
		t.Fatal(err)
	}
	old.down(mode)
	h, err := now.instance().History(2)
	if err != nil {
		t.Fatal(err)
	}
	return old, now, Divergence{Node: "node01", Source: "node02", Fork: h[0].SwitchPoint, End: end, Branch: 1, Own: 1, Peer: 2}
}
