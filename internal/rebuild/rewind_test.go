package rebuild

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"pgrex/internal/message"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
	"pgrex/internal/run"
)

// observed looks at what happens while a program runs.
type observed struct {
	run.Local
	program string
	// heard is called with all that the program has printed so far.
	heard func(text string)
	ended func() // when it has; may be nil
}

func (o observed) Run(ctx context.Context, c run.Command) (run.Result, error) {
	if filepath.Base(c.Argv[0]) == o.program && !slices.Contains(c.Argv, "--version") && c.Live != nil {
		var text strings.Builder
		live := c.Live
		c.Live = writer(func(b []byte) {
			text.Write(b)
			o.heard(text.String())
			_, _ = live.Write(b)
		})
		if o.ended != nil {
			defer o.ended()
		}
	}
	return o.Local.Run(ctx, c)
}

type writer func([]byte)

func (w writer) Write(b []byte) (int, error) { w(b); return len(b), nil }

var _ io.Writer = writer(nil)

// Conformance: AT-051, AT-052, AT-064, AT-085 (PostgreSQL server)
func TestRewind(t *testing.T) {
	for _, tt := range []struct {
		name string
		kind
		mode pg.StopMode
	}{
		{"stopped in order", kind{}, pg.Fast},
		{"crashed, another user, small segments, WAL elsewhere", kind{user: "daemon", segMiB: 1, walAway: true}, pg.Kill},
	} {
		t.Run(tt.name, func(t *testing.T) {
			old, now, d := diverged(t, tt.kind, tt.mode)
			ctx := testContext(t)

			r, err := old.PlanRescue(ctx, d)
			if err != nil || r.Commits != 3 || d.Bytes() <= 0 {
				t.Fatalf("%+v, %v: want three commits", r, err)
			}
			saved, err := old.Save(ctx, r, old.dir, nil, message.In("ja"))
			if err != nil {
				t.Fatal(err)
			}
			summary, _ := os.ReadFile(saved + "/summary.txt")
			if !strings.Contains(string(summary), d.Fork.String()) || !strings.Contains(string(summary), "コミットされた件数:       3\n") {
				t.Errorf("summary:\n%s", summary)
			}
			segment := segmentName(d, old.control().SegmentSize)
			for _, name := range []string{"pg_control", segment} {
				if st, err := os.Stat(filepath.Join(saved, name)); err != nil || st.Mode().Perm()&0o077 != 0 {
					t.Errorf("%s: %v, %v", name, st, err)
				}
			}

			if tt.mode == pg.Fast {
				before := digest(t, old.Data)
				if _, err := old.ProveRewind(ctx, now.source()); err != nil {
					t.Errorf("not proved: %v", err)
				}
				if digest(t, old.Data) != before || old.incomplete() != "" {
					t.Error("the proof has changed something")
				}
			}

			if len(contents(t, old.Data+"/pg_replslot")) == 0 {
				t.Error("the former primary has no slot that could be left")
			}
			old.write(old.Data+"/standby.signal", "")
			old.Run = observed{program: "pg_rewind", heard: func(string) {
				if old.incomplete() != Rewind {
					t.Error("no mark while the data is not whole")
				}
			}, ended: func() {
				eventually(t, "the mark that pg_rewind has removed is back", func() bool {
					return slices.Contains(contents(t, old.Data), MarkerName)
				})
			}}
			var done, total int64
			if err := old.Rewind(ctx, now.source(), func(d, t int64) { done, total = d, t }); err != nil {
				var failed *message.Failure
				_ = errors.As(err, &failed)
				t.Fatalf("%v\n%q", err, failed.Lines)
			}
			if total < 1<<20 || done != total {
				t.Errorf("progress ended at %d of %d", done, total)
			}
			if what := old.incomplete(); what != "" {
				t.Errorf("whole data is marked: %s", what)
			}
			if left := append(contents(t, old.Data+"/pg_replslot"), contents(t, old.Journal)...); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			if sockets := sockets(old); len(sockets) > 0 {
				t.Errorf("left: %v", sockets)
			}
			old.follow(now)
			if got := old.sql("SELECT count(*) FILTER (WHERE v = 'both'), count(*) FILTER (WHERE v LIKE 'new%'), count(*) FILTER (WHERE v = 'lost') FROM t"); got != "1|100000|0" {
				t.Errorf("rewound to %s", got)
			}
		})
	}
}

// segmentName is the segment in which the histories part.
func segmentName(d Divergence, segmentSize int) string {
	return wal.SegmentOf(d.Fork, segmentSize).File(d.Branch, segmentSize)
}

// sockets are those of relays for a server.
func sockets(s *server) []string {
	found, _ := filepath.Glob(fmt.Sprintf("/run/pg-rex-*/.s.PGSQL.%d", s.Port))
	return found
}

// The archive has what pg_wal has no more: restore_command is the resource's.
//
// Conformance: AT-051 (PostgreSQL server)
func TestRewindFetchesWALFromTheArchive(t *testing.T) {
	old, now, d := diverged(t, kind{segMiB: 1}, pg.Fast)
	archive := old.mkdir(old.dir + "/archive")
	for _, name := range contents(t, old.Data+"/pg_wal") {
		// All from before the last segment of this timeline's part.
		if strings.HasPrefix(name, "00000001") && name <= segmentName(d, 1<<20) {
			if err := os.Rename(old.Data+"/pg_wal/"+name, archive+"/"+name); err != nil {
				t.Fatal(err)
			}
		}
	}
	src := now.source()
	if _, err := old.ProveRewind(testContext(t), src); !message.IsFailure(err, message.SST094) {
		t.Errorf("without the archive: %v", err)
	}
	src.RestoreCommand = "cp " + archive + "/%f \"%p\""
	if err := old.Rewind(testContext(t), src, nil); err != nil {
		t.Fatal(err)
	}
}

// Conformance: AT-069 (PostgreSQL server)
func TestRewindThatIsInterrupted(t *testing.T) {
	for _, way := range []string{"pg_rewind is killed", "the operation ends", "we are killed"} {
		t.Run(way, func(t *testing.T) {
			old, now, _ := diverged(t, kind{}, pg.Fast)
			ctx, cancel := context.WithCancel(testContext(t))
			defer cancel()
			if way == "we are killed" {
				killJob(t, job{Server: old.Server, Source: now.Settings}, func() bool { return len(sockets(old)) > 0 })
				for _, path := range sockets(old) { // nothing of it survives a restart of the node
					_ = os.RemoveAll(filepath.Dir(path))
				}
			} else {
				old.Run = observed{program: "pg_rewind", heard: func(text string) {
					switch {
					case !needToCopy.MatchString(text):
					case way == "the operation ends":
						cancel()
					default:
						signalPrograms(t, "pg_rewind", old.Data, syscall.SIGKILL)
					}
				}}
				if err := old.Rewind(ctx, now.source(), nil); !message.IsFailure(err, message.SST093) || strings.Contains(err.Error(), "SST-094") {
					t.Errorf("%v, want SST-093 alone", err)
				}
				old.Run = run.Local{}
				// The data says it by itself, although pg_rewind has removed the mark.
				if err := os.RemoveAll(old.Journal); err != nil {
					t.Fatal(err)
				}
			}
			if old.incomplete() != Rewind {
				t.Fatalf("marked as %q", old.incomplete())
			}
			p := now.facts(old)
			if err := old.BaseBackup(testContext(t), old.look(p), p, Options{Stream: true}, nil); err != nil {
				t.Fatal(err)
			}
			if what := old.incomplete(); what != "" {
				t.Errorf("whole data is marked: %s", what)
			}
		})
	}
}

// Data that pg_rewind has not touched stays usable.
func TestRewindThatDoesNotBegin(t *testing.T) {
	old, now, _ := diverged(t, kind{}, pg.Fast)
	src := now.source()
	src.Settings.Data = "/nowhere"
	if err := old.Rewind(testContext(t), src, nil); !message.IsFailure(err, message.SST094) {
		t.Errorf("no server: %v, want SST-094", err)
	}
	hba, err := os.ReadFile(now.Data + "/pg_hba.conf")
	if err != nil {
		t.Fatal(err)
	}
	src = now.source()
	session, err := now.instance().Connect(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	// The server answers the question for its timeline, and not pg_rewind.
	now.write(now.Data+"/pg_hba.conf", "local template1 all peer\nlocal all all reject\n")
	if err := session.Exec(testContext(t), "SELECT pg_reload_conf()"); err != nil {
		t.Fatal(err)
	}
	other := old.Server
	other.DB = "postgres"
	eventually(t, "SST-082", func() bool { return message.IsFailure(other.Rewind(testContext(t), src, nil), message.SST082) })
	now.write(now.Data+"/pg_hba.conf", string(hba))
	if err := session.Exec(testContext(t), "SELECT pg_reload_conf()"); err != nil {
		t.Fatal(err)
	}
	if what := old.incomplete(); what != "" {
		t.Errorf("marked as %s", what)
	}
	if err := old.Rewind(testContext(t), src, nil); err != nil {
		t.Errorf("the next try: %v", err)
	}
}

// Only the user of the server gets to the other server.
func TestRelayIsPrivate(t *testing.T) {
	s := primary(t, kind{})
	r, err := s.openRelay(testContext(t), s.remote(), s.Settings)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	st, err := os.Stat(r.dir)
	if err != nil || st.Mode().Perm() != 0o700 || owner(r.dir) != s.User.UID {
		t.Errorf("%v, %v", st, err)
	}
	if got := s.do("psql", "-XAtc", "SELECT 1", s.relayConninfo(r)); got != "1" {
		t.Errorf("the server's user gets %q", got)
	}
	s.down(pg.Fast)
	_, err = run.Local{}.Run(testContext(t), s.command(filepath.Dir(s.PgCtl)+"/psql", "-XAtc", "SELECT 1", s.relayConninfo(r)))
	if err == nil || !strings.Contains(err.Error(), "no server runs in "+s.Data) {
		t.Errorf("a server that is gone: %v", err)
	}
}

// Releases before 11 copy the slots of the other server.
func TestNoSlotsAfterRewind(t *testing.T) {
	s := primary(t, kind{})
	s.down(pg.Fast)
	s.mkdir(s.Data + "/pg_replslot/stale")
	s.write(s.Data+"/pg_replslot/stale/state", "")
	s.write(s.Data+"/recovery.signal", "")
	if err := s.afterRewind(); err != nil {
		t.Fatal(err)
	}
	if left := contents(t, s.Data+"/pg_replslot"); len(left) > 0 || slices.Contains(contents(t, s.Data), "recovery.signal") {
		t.Errorf("left: %v", left)
	}
}

func TestHalfSegments(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/archive_status", 0o700); err != nil {
		t.Fatal(err)
	}
	const size = 1 << 20
	for name, bytes := range map[string]int{
		"000000010000000000000001": size, "000000010000000000000002": 0, "000000010000000000000003": 10, "00000002.history": 5,
		"archive_status/000000010000000000000001.ready": 0, "archive_status/000000010000000000000002.ready": 0,
		"archive_status/000000010000000000000003.done": 0, "archive_status/000000010000000000000004.ready": 0,
		"archive_status/00000002.history.ready": 0,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, bytes), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := removeHalfSegments(dir, size); err != nil {
		t.Fatal(err)
	}
	got := append(contents(t, dir), contents(t, dir+"/archive_status")...)
	want := []string{"000000010000000000000001", "000000010000000000000003", "00000002.history", "archive_status",
		"000000010000000000000001.ready", "000000010000000000000003.done", "000000010000000000000004.ready", "00000002.history.ready"}
	if !slices.Equal(got, want) {
		t.Errorf("left %v, want %v", got, want)
	}
}
