package archive

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
	"pgrex/internal/run"
	"pgrex/test/servers/cache"
)

// server is a real server with its archive, all in one directory.
type server struct {
	t        *testing.T
	bin, dir string
	port     int
	user     pg.User
}

// newServer makes a database with segments of so many MiB and starts it.
func newServer(t *testing.T, segmentMiB int) *server {
	t.Helper()
	s := emptyServer(t, 5432)
	s.program("initdb", "-N", "-k", "-A", "trust", "--wal-segsize="+strconv.Itoa(segmentMiB), "-D", s.data())
	s.configure("wal_log_hints = on", "archive_mode = on", "wal_level = replica", "wal_keep_size = "+strconv.Itoa(10*segmentMiB)+"MB",
		"min_wal_size = "+strconv.Itoa(2*segmentMiB)+"MB", "max_wal_size = "+strconv.Itoa(4*segmentMiB)+"MB")
	s.start()
	return s
}

func emptyServer(t *testing.T, port int) *server {
	t.Helper()
	skip := func(why any) {
		t.Helper()
		if os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "" {
			t.Fatalf("cannot be left out here: %v", why)
		}
		t.Skip(why)
	}
	if os.Geteuid() != 0 {
		skip("needs root, to become the user of the server")
	}
	u, err := pg.LookupUser(testContext(t), run.Local{}, "postgres")
	if err != nil {
		skip(err)
	}
	bin, err := cache.Chosen()
	if err != nil {
		skip(err)
	}
	dir, err := os.MkdirTemp("/tmp", "pga")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, bin: bin, dir: dir, port: port, user: u}
	t.Cleanup(func() {
		_ = s.try("pg_ctl", "stop", "-m", "immediate", "-D", s.data())
		_ = os.RemoveAll(dir)
	})
	if err := errors.Join(os.Mkdir(s.archive(), 0o700), os.Chown(s.archive(), int(u.UID), int(u.GID)), os.Chown(dir, int(u.UID), int(u.GID))); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *server) data() string    { return filepath.Join(s.dir, "data") }
func (s *server) archive() string { return filepath.Join(s.dir, "arc") }

func (s *server) try(program string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, program), args...)
	cmd.Dir = "/"
	cmd.Env = []string{"HOME=/", "LC_ALL=C", "PGHOST=" + s.dir, "PGPORT=" + strconv.Itoa(s.port), "PGUSER=postgres"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: s.user.UID, Gid: s.user.GID}}
	if program == "pg_ctl" { // the server would keep a pipe open
		return cmd.Run()
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.New(program + ": " + err.Error() + ": " + string(out))
	}
	return nil
}

func (s *server) program(program string, args ...string) {
	s.t.Helper()
	if err := s.try(program, args...); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) configure(lines ...string) {
	s.t.Helper()
	lines = append(lines, "listen_addresses = ''", "unix_socket_directories = '"+s.dir+"'", "port = "+strconv.Itoa(s.port), "fsync = off",
		"dynamic_shared_memory_type = mmap", "shared_buffers = 4MB", "archive_command = 'cp %p "+s.archive()+"/%f'", "")
	f, err := os.OpenFile(filepath.Join(s.data(), "postgresql.conf"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = f.WriteString(strings.Join(lines, "\n"))
	if err := errors.Join(err, f.Close()); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) start() {
	s.t.Helper()
	s.program("pg_ctl", "start", "-w", "-l", filepath.Join(s.dir, "log"), "-D", s.data())
}

func (s *server) sql(statements ...string) {
	s.t.Helper()
	for _, q := range statements {
		s.program("psql", "-X", "-d", "template1", "-c", q)
	}
}

// fill writes so many segments.
func (s *server) fill(segments int) {
	s.t.Helper()
	for range segments {
		s.sql("SELECT pg_logical_emit_message(false, 'x', 'y')", "SELECT pg_switch_wal()")
	}
	s.sql("CHECKPOINT")
}

func (s *server) settings() pg.Settings {
	return pg.Settings{Data: s.data(), Port: s.port, SocketDir: s.dir, DB: "template1", User: pg.User{Name: "postgres"}}
}

// standby is a copy of the server that follows it.
func (s *server) standby(port int) *server {
	s.t.Helper()
	b := emptyServer(s.t, port)
	s.program("pg_basebackup", "-D", b.data(), "-X", "stream", "-c", "fast", "-R")
	b.configure()
	b.start()
	return b
}

func look(t *testing.T, n node.Node, s *server) Database {
	t.Helper()
	d, err := ReadDatabase(testContext(t), n, s.settings(), s.archive())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func horizonOf(t *testing.T, databases ...Database) Horizon {
	t.Helper()
	var all []Need
	for _, d := range databases {
		n, err := d.Needs(message.Printer{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, n...)
	}
	h, ok := NewHorizon(all, 0, databases[0].SegmentSize)
	if !ok {
		t.Fatal("no horizon")
	}
	return h
}

func eventually(t *testing.T, what string, fn func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !fn(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

// Nothing that pg_controldata calls needed is deleted, and everything before is,
// whatever the size of segments.
//
// Conformance: AT-113 (PostgreSQL server)
func TestHorizonOfRealServers(t *testing.T) {
	for _, size := range []int{1, 64} {
		t.Run(strconv.Itoa(size)+" MiB", func(t *testing.T) {
			s := newServer(t, size)
			s.fill(3)
			b := s.standby(5433)
			eventually(t, "the standby streams", func() bool { return look(t, node.Local{}, b).Replicating })
			s.fill(3)
			here, there := look(t, node.Local{HostName: "a"}, s), look(t, peer(t), b)
			if here.SystemID != there.SystemID || here.SegmentSize != size*mib || !here.Replicating {
				t.Errorf("%+v\n%+v", here, there)
			}
			var h Horizon
			first := ""
			// The standby may make a restartpoint between two looks.
			eventually(t, "the horizon is the oldest redo file", func() bool {
				h = horizonOf(t, look(t, node.Local{HostName: "a"}, s), look(t, peer(t), b))
				first = min(redoFile(t, s), redoFile(t, b))
				return h.File() == first && h.Segment >= 3
			})
			list, err := node.List.On(testContext(t), node.Local{}, s.archive())
			if err != nil {
				t.Fatal(err)
			}
			gone := names(h.Select(list, time.Time{}))
			for _, f := range files(list) {
				if f.name.Kind == wal.SegmentKind && slices.Contains(gone, f.Name) != (f.Name < first) {
					t.Errorf("%s: deleted %v, first needed %s", f.Name, slices.Contains(gone, f.Name), first)
				}
			}
			if _, err := Clean(testContext(t), node.Local{}, Cleaning{Dir: s.archive(), Files: gone}, func(Cleaned) {}); err != nil {
				t.Error(err)
			}
		})
	}
}

// redoFile is what the tool of PostgreSQL says.
func redoFile(t *testing.T, s *server) string {
	t.Helper()
	out, err := exec.Command(filepath.Join(s.bin, "pg_controldata"), s.data()).Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if v, ok := strings.CutPrefix(line, "Latest checkpoint's REDO WAL file:"); ok {
			return strings.TrimSpace(v)
		}
	}
	t.Fatal("no redo file")
	return ""
}

// Conformance: AT-119 (PostgreSQL server)
func TestSlotHoldsTheHorizon(t *testing.T) {
	s := newServer(t, 1)
	s.sql("SELECT pg_create_physical_replication_slot('behind', true)")
	before := look(t, node.Local{}, s)
	s.fill(5)
	d := look(t, node.Local{HostName: "a"}, s)
	h := horizonOf(t, d)
	if want := wal.SegmentOf(before.Redo, mib); h.Segment < want || h.Segment > want+1 || !slices.Equal(h.HeldBy, []string{"Replication slot behind of a"}) || h.Held < 4 {
		t.Errorf("horizon %+v, the slot was made in %d", h, want)
	}
	s.sql("SELECT pg_drop_replication_slot('behind')")
	if h := horizonOf(t, look(t, node.Local{}, s)); h.File() != redoFile(t, s) {
		t.Errorf("without the slot: %s", h.File())
	}
}

// A primary that went on alone needs the WAL from its last checkpoint before the
// promotion of the other one: pg_rewind begins to read there.
//
// Conformance: AT-119 (PostgreSQL server)
func TestStrayedDatabaseHoldsTheHorizon(t *testing.T) {
	a := newServer(t, 1)
	a.fill(2)
	b := a.standby(5433)
	a.fill(2)
	eventually(t, "the standby has replayed", func() bool {
		d := look(t, node.Local{}, b)
		if d.Checkpoint != look(t, node.Local{}, a).Checkpoint {
			_ = b.try("psql", "-X", "-d", "template1", "-c", "CHECKPOINT")
			return false
		}
		return true
	})
	common := look(t, node.Local{}, a).Redo
	b.program("pg_ctl", "promote", "-w", "-D", b.data())
	a.fill(3) // alone
	a.program("pg_ctl", "stop", "-m", "fast", "-D", a.data())
	b.fill(6)

	primary, stopped := look(t, node.Local{HostName: "b"}, b), look(t, node.Local{HostName: "a"}, a)
	fork, ok := Strayed(stopped, primary)
	if !ok || fork <= common {
		t.Fatalf("fork %v, %v", fork, ok)
	}
	got, err := CommonCheckpoint(testContext(t), peer(t), a.settings(), a.archive(), fork)
	if err != nil || got != (Position{1, common}) {
		t.Errorf("last common checkpoint %+v, %v, want %s", got, err, common)
	}
	stopped.Common = &got
	h := horizonOf(t, stopped, primary)
	if h.Segment != wal.SegmentOf(common, mib) || !slices.Equal(h.HeldBy, []string{"Rewind of a"}) {
		t.Errorf("%+v, want segment %d", h, wal.SegmentOf(common, mib))
	}
	for _, dir := range []string{filepath.Join(a.data(), "pg_wal"), a.archive()} {
		for n := wal.Segment(0); n <= h.Segment; n++ {
			_ = os.Remove(filepath.Join(dir, n.File(1, mib)))
		}
	}
	if got, err := CommonCheckpoint(testContext(t), node.Local{}, a.settings(), a.archive(), fork); err == nil {
		t.Errorf("found %+v in WAL that is gone", got)
	}
}

// Conformance: AT-114 (PostgreSQL server)
func TestReadBackup(t *testing.T) {
	s := newServer(t, 1)
	s.fill(2)
	dir := filepath.Join(s.dir, "base backup")
	s.program("pg_basebackup", "-D", dir, "-X", "none", "-c", "fast")
	b, err := ReadBackup.On(testContext(t), peer(t), dir)
	d := look(t, node.Local{}, s)
	if err != nil || b.SystemID != d.SystemID || wal.SegmentOf(b.Label.Start, mib).File(1, mib) != b.Label.File {
		t.Errorf("%+v, %v", b, err)
	}
	if _, err := ReadBackup.On(testContext(t), peer(t), dir+"2"); !message.IsFailure(err, message.ARC007) {
		t.Errorf("no directory: %v", err)
	}
	write(t, dir, "backup_label", "something else\n")
	if _, err := ReadBackup.On(testContext(t), peer(t), dir); !message.IsFailure(err, message.CMN013) {
		t.Errorf("bad label: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "backup_label")); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadBackup.On(testContext(t), peer(t), dir); !message.IsFailure(err, message.CMN013) {
		t.Errorf("no label: %v", err)
	}
	if _, err := ReadDatabase(testContext(t), node.Local{HostName: "a"}, pg.Settings{Data: "/nonexistent"}, dir); !message.IsFailure(err, message.ARC009) {
		t.Errorf("no database: %v", err)
	}
}
