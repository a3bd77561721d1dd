package rebuild

import (
	"context"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"pgrex/internal/message"
	"pgrex/internal/run"
)

// withTablespaces puts some data of the server into two tablespaces.
func (s *server) withTablespaces() []string {
	s.t.Helper()
	locations := []string{s.mkdir(s.dir + "/space one"), s.mkdir(s.dir + "/two")}
	s.sql("CREATE TABLESPACE a LOCATION '" + locations[0] + "'")
	s.sql("CREATE TABLESPACE b LOCATION '" + locations[1] + "'")
	s.sql("CREATE TABLE ta TABLESPACE a AS SELECT * FROM t")
	s.sql("CREATE TABLE tb TABLESPACE b AS SELECT * FROM t")
	return locations
}

// A base backup empties and fills directories that cannot be removed, the WAL
// in one of its own.
//
// Conformance: AT-066, AT-085 (PostgreSQL server)
func TestBaseBackup(t *testing.T) {
	for _, tt := range []struct {
		name string
		kind
		Options
	}{
		{"with its WAL", kind{segMiB: 1, walAway: true}, Options{Stream: true}},
		{"without WAL, another user", kind{user: "daemon", walAway: true}, Options{MaxRate: 1 << 30}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := primary(t, kind{user: tt.user, segMiB: tt.segMiB})
			s := blank(t, tt.kind)
			for _, dir := range []string{s.Data, s.dir + "/wal"} {
				mount(t, s.mkdir(dir+".disk"), s.mkdir(dir), "", unix.MS_BIND, "")
			}
			// Old data, as far as it matters.
			for _, dir := range []string{"/global", "/base", "/pg_tblspc"} {
				s.mkdir(s.Data + dir)
			}
			for _, name := range []string{"/data/PG_VERSION", "/data/global/pg_control", "/data/my.notes", "/wal/000000010000000000000001"} {
				s.write(s.dir+name, "old")
			}
			s.mkdir(s.dir + "/wal/archive_status")
			facts := p.facts(s)
			f := s.look(facts)
			if want := []string{s.Data, s.dir + "/wal"}; !slices.Equal(f.Emptied(), want) {
				t.Errorf("to be emptied: %v, want %v", f.Emptied(), want)
			}
			if no := Refusals(s.Server, f, facts, tt.Options); len(no) > 0 {
				t.Fatal(no)
			}
			s.Run = observed{program: "pg_basebackup", heard: func(string) {
				if s.incomplete() != BaseBackup {
					t.Error("no mark while the data is not whole")
				}
			}}
			var last int64
			if err := s.BaseBackup(testContext(t), f, facts, tt.Options, func(done, total int64) { last = done }); err != nil {
				t.Fatal(err)
			}
			if last < 1<<20 {
				t.Errorf("progress ended at %d", last)
			}
			if what := s.incomplete(); what != "" {
				t.Errorf("whole data is marked: %s", what)
			}
			if link, _ := os.Readlink(s.Data + "/pg_wal"); link != s.dir+"/wal" {
				t.Errorf("the WAL is in %q", link)
			}
			if _, err := os.Stat(s.Data + "/my.notes"); err == nil {
				t.Error("old files are left")
			}
			s.follow(p)
			if got := s.sql("SELECT v FROM t"); got != "both" {
				t.Errorf("copied %q", got)
			}
		})
	}
}

// Two nodes have their tablespaces in the same places. Here both are one node:
// the primary's are moved away, old data of the standby's lies where they were,
// and pg_basebackup is told to copy the ones to the others.
//
// Conformance: AT-065 (PostgreSQL server)
func TestBaseBackupWithTablespaces(t *testing.T) {
	p := primary(t, kind{})
	s := blank(t, kind{})
	locations := p.withTablespaces()
	facts := p.facts(s, locations...)
	for i, name := range []string{"/one", "/two"} {
		real := p.dir + name + ".primary"
		if err := os.Rename(locations[i], real); err != nil {
			t.Fatal(err)
		}
		p.mkdir(locations[i])
		for _, link := range contents(t, p.Data+"/pg_tblspc") {
			path := p.Data + "/pg_tblspc/" + link
			if to, _ := os.Readlink(path); to == locations[i] {
				_ = os.Remove(path)
				if err := os.Symlink(real, path); err != nil {
					t.Fatal(err)
				}
			}
		}
		p.mkdir(locations[i] + "/" + facts.VersionDir)
		p.write(locations[i]+"/"+facts.VersionDir+"/16384", "old")
	}
	s.Run = mapped{from: []string{p.dir + "/one.primary", p.dir + "/two.primary"}, to: locations}
	if err := s.BaseBackup(testContext(t), s.look(facts), facts, Options{Stream: true}, nil); err != nil {
		t.Fatal(err)
	}
	s.follow(p)
	if got := s.sql("SELECT ta.v || tb.v FROM ta, tb"); got != "bothboth" {
		t.Errorf("copied %q", got)
	}
	for _, dir := range locations {
		if got := contents(t, dir); !slices.Equal(got, []string{facts.VersionDir}) {
			t.Errorf("%s holds %v", dir, got)
		}
	}
}

// mapped lets pg_basebackup copy tablespaces to other places.
type mapped struct {
	run.Local
	from, to []string
}

func (m mapped) Run(ctx context.Context, c run.Command) (run.Result, error) {
	if c.Live != nil {
		for i := range m.from {
			c.Argv = append(c.Argv, "--tablespace-mapping="+m.from[i]+"="+m.to[i])
		}
	}
	return m.Local.Run(ctx, c)
}

// A base backup that is not possible changes nothing.
//
// Conformance: AT-066, AT-067, AT-076 (PostgreSQL server)
func TestBaseBackupRefused(t *testing.T) {
	p := primary(t, kind{})
	for _, tt := range []struct {
		name    string
		prepare func(s *server, facts *Primary)
		want    message.ID
	}{
		{"possible", func(*server, *Primary) {}, ""},
		{"lost+found in the data directory", func(s *server, _ *Primary) {
			if err := os.Mkdir(s.Data+"/lost+found", 0o700); err != nil {
				t.Fatal(err)
			}
		}, message.SST120},
		{"lost+found in the WAL directory", func(s *server, facts *Primary) {
			facts.WALDir = s.mkdir(s.dir + "/wal")
			s.mkdir(facts.WALDir + "/lost+found")
		}, message.SST120},
		{"a directory of root's deep below", func(s *server, _ *Primary) {
			if err := os.MkdirAll(s.Data+"/base/1/x", 0o755); err != nil {
				t.Fatal(err)
			}
			s.own(s.Data + "/base/1")
		}, message.SST120},
		{"another disk below", func(s *server, _ *Primary) {
			mount(t, "tmpfs", s.mkdir(s.Data+"/pg_wal"), "tmpfs", 0, "size=1m")
		}, message.SST120},
		{"a directory of something else", func(s *server, facts *Primary) {
			facts.WALDir = s.mkdir(s.dir + "/home")
			s.write(facts.WALDir+"/letter", "dear")
		}, message.SST120},
		{"a tablespace of another release", func(s *server, facts *Primary) {
			facts.Tablespaces = []string{s.mkdir(s.dir + "/space")}
			s.mkdir(s.dir + "/space/PG_9.6_201608131")
		}, message.SST120},
		{"no space", func(s *server, facts *Primary) {
			facts.Sizes[s.Data] = 1 << 60
		}, message.SST123},
		{"a small disk", func(s *server, _ *Primary) {
			mount(t, "tmpfs", s.Data, "tmpfs", 0, "size=40m,mode=0700")
			s.own(s.Data)
		}, message.SST123},
		{"data directory of root", func(s *server, _ *Primary) {
			if err := os.Chown(s.Data, 0, 0); err != nil {
				t.Fatal(err)
			}
		}, message.SST122},
		{"parent of root", func(s *server, facts *Primary) {
			if err := os.Mkdir(s.dir+"/roots", 0o755); err != nil {
				t.Fatal(err)
			}
			facts.WALDir = s.dir + "/roots/wal"
		}, message.SST122},
		{"archive below", func(s *server, facts *Primary) {
			facts.WALDir = s.dir
		}, message.SST124},
		{"wrong password", func(s *server, _ *Primary) {
			s.write(s.dir+"/.pgpass", "*:*:*:repuser:wrong\n")
		}, message.SST125},
		{"password of the resource", func(s *server, facts *Primary) {
			s.write(s.dir+"/.pgpass", "*:*:*:repuser:wrong\n")
			facts.Options = "sslmode=prefer password=se:cret"
		}, ""},
		{"another database", func(_ *server, facts *Primary) { facts.SystemID++ }, message.SST128},
		{"nobody free", func(_ *server, facts *Primary) { facts.FreeSenders = 1 }, message.SST126},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := blank(t, kind{})
			s.mkdir(s.Data)
			s.mkdir(s.Data + "/base")
			s.write(s.Data+"/PG_VERSION", "15\n")
			facts := p.facts(s)
			tt.prepare(s, &facts)
			before := digest(t, s.dir)
			no := Refusals(s.Server, s.look(facts), facts, Options{Stream: true})
			if failed := s.TryConnection(testContext(t), facts); failed != nil {
				no = append(no, failed)
			}
			if digest(t, s.dir) != before {
				t.Error("looking has changed something")
			}
			if tt.want == "" {
				if len(no) > 0 {
					t.Fatal(no)
				}
				if err := s.BaseBackup(testContext(t), s.look(facts), facts, Options{Stream: true}, nil); err != nil {
					t.Error(err)
				}
				return
			}
			if !slices.ContainsFunc(no, func(f *message.Failure) bool { return f.ID == tt.want }) {
				t.Fatalf("refused for %v, want %s", no, tt.want)
			}
			if tt.want == message.SST125 || tt.want == message.SST128 {
				return // found by TryConnection, which is the caller's to do before
			}
			if err := s.BaseBackup(testContext(t), s.look(facts), facts, Options{Stream: true}, nil); !message.IsFailure(err, message.SST049) {
				t.Errorf("%v, want SST-049", err)
			}
			if digest(t, s.dir) != before {
				t.Error("the refusal has changed something")
			}
		})
	}
}

// Conformance: AT-068, AT-070 (PostgreSQL server)
func TestBaseBackupInterrupted(t *testing.T) {
	p := primary(t, kind{})
	for _, way := range []string{"pg_basebackup is killed", "the operation ends", "we are killed"} {
		t.Run(way, func(t *testing.T) {
			s := blank(t, kind{})
			s.mkdir(s.Data)
			s.mkdir(s.Data + "/base")
			s.write(s.Data+"/PG_VERSION", "15\n")
			facts := p.facts(s)
			slow := Options{Stream: true, MaxRate: 1 << 20}
			underWay := func() bool { return len(contents(t, s.Data+"/base")) > 0 && len(programs(s.Data)) > 0 }
			if way == "we are killed" {
				killJob(t, job{Server: s.Server, Facts: s.look(facts), From: facts, Options: slow}, underWay)
				if err := s.EndLeftovers(testContext(t)); err != nil || len(programs(s.Data)) > 0 {
					t.Errorf("left: %v, %v", programs(s.Data), err)
				}
				if s.incomplete() != BaseBackup || empty(s.Data) {
					t.Errorf("marked as %q", s.incomplete())
				}
			} else {
				ctx, cancel := context.WithCancel(testContext(t))
				defer cancel()
				failed := make(chan error)
				f := s.look(facts)
				go func() { failed <- s.BaseBackup(ctx, f, facts, slow, nil) }()
				eventually(t, "it is under way", underWay)
				if way == "the operation ends" {
					cancel()
				} else {
					signalPrograms(t, "pg_basebackup", s.Data, syscall.SIGKILL)
				}
				if err := <-failed; !message.IsFailure(err, message.SST092) {
					t.Errorf("%v, want SST-092", err)
				}
				if left := contents(t, s.Data); len(left) > 0 || len(programs(s.Data)) > 0 || s.incomplete() != "" {
					t.Errorf("left: %v, %v, %s", left, programs(s.Data), s.incomplete())
				}
			}
			if err := s.BaseBackup(testContext(t), s.look(facts), facts, Options{Stream: true}, nil); err != nil {
				t.Fatalf("the next try: %v", err)
			}
			if what := s.incomplete(); what != "" || s.control().SystemID != facts.SystemID {
				t.Errorf("marked: %s", what)
			}
		})
	}
}

func TestBaseBackupKeepsOld(t *testing.T) {
	p := primary(t, kind{})
	s := blank(t, kind{walAway: true})
	s.mkdir(s.Data)
	s.write(s.Data+"/PG_VERSION", "old")
	s.mkdir(s.dir + "/wal")
	s.write(s.dir+"/wal/00000002.history", "old")
	facts := p.facts(s)
	keep := Options{Stream: true, KeepOld: true}

	// The second of two that cannot be renamed: the first is as it was.
	f := s.look(facts)
	if err := unix.Mount(s.dir+"/wal", s.dir+"/wal", "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	err := s.BaseBackup(testContext(t), f, facts, keep, nil)
	if err := unix.Unmount(s.dir+"/wal", 0); err != nil {
		t.Fatal(err)
	}
	if !message.IsFailure(err, message.SST049) || !slices.Equal(contents(t, s.Data), []string{"PG_VERSION"}) || s.incomplete() != "" {
		t.Errorf("%v, and left %v %s", err, contents(t, s.Data), s.incomplete())
	}

	if err := s.BaseBackup(testContext(t), s.look(facts), facts, keep, nil); err != nil {
		t.Fatal(err)
	}
	for dir, file := range map[string]string{"data": "PG_VERSION", "wal": "00000002.history"} {
		i := slices.IndexFunc(contents(t, s.dir), func(name string) bool { return strings.HasPrefix(name, dir+".old-") })
		if i < 0 {
			t.Fatalf("no old %s among %v", dir, contents(t, s.dir))
		}
		if got := contents(t, s.dir+"/"+contents(t, s.dir)[i]); !slices.Equal(got, []string{file}) {
			t.Errorf("of the old %s there is %v", dir, got)
		}
	}
	s.follow(p)

	tmp := blank(t, kind{})
	mount(t, "tmpfs", tmp.mkdir(tmp.Data), "tmpfs", 0, "mode=0700")
	tmp.own(tmp.Data)
	no := Refusals(tmp.Server, tmp.look(p.facts(tmp)), p.facts(tmp), keep)
	if len(no) != 1 || no[0].ID != message.SST127 {
		t.Errorf("a disk that cannot be renamed: %v", no)
	}
}
