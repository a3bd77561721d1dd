package rebuild

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"pgrex/internal/message"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
)

// Conformance: AT-068, AT-069 (unit)
func TestIncomplete(t *testing.T) {
	for _, tt := range []struct {
		name    string
		prepare func(s Server) error
		want    string
	}{
		{"whole", func(Server) error { return nil }, ""},
		{"marked", func(s Server) error { return s.mark(Mark{What: Rewind, When: time.Now(), Source: "node02"}) }, Rewind},
		{"marked and whole again", func(s Server) error {
			if err := s.mark(Mark{What: Rewind}); err != nil {
				return err
			}
			return s.unmark()
		}, ""},
		{"pg_rewind has removed the mark", func(s Server) error {
			if err := s.mark(Mark{What: Rewind}); err != nil {
				return err
			}
			return os.Remove(s.Data + "/" + MarkerName)
		}, Rewind},
		{"the data has moved here", func(s Server) error {
			if err := s.mark(Mark{What: BaseBackup}); err != nil {
				return err
			}
			return os.RemoveAll(s.Journal)
		}, BaseBackup},
		{"no data directory yet", func(s Server) error {
			if err := os.RemoveAll(s.Data); err != nil {
				return err
			}
			return s.mark(Mark{What: BaseBackup})
		}, BaseBackup},
		{"a mark that cannot be read", func(s Server) error {
			return os.WriteFile(s.Data+"/"+MarkerName, nil, 0o600)
		}, MarkerName},
		{"of an earlier tool", func(s Server) error {
			return os.WriteFile(s.Data+"/postgresql.conf", []byte("port = 5432\nfoo = 1 # added by pg-rex_standby_start\n"), 0o600)
		}, Rewind},
	} {
		dir := t.TempDir()
		s := Server{Settings: pg.Settings{Data: dir + "/data"}, Journal: dir + "/journal"}
		if err := os.Mkdir(s.Data, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := tt.prepare(s); err != nil {
			t.Fatal(err)
		}
		m, err := s.Incomplete()
		if err != nil || (m == nil) != (tt.want == "") || m != nil && m.What != tt.want {
			t.Errorf("%s: %v, %v, want %q", tt.name, m, err, tt.want)
		}
	}
}

func TestDivergedFiles(t *testing.T) {
	seg := func(tli, n int) string { return fmt.Sprintf("%08X%08X%08X", tli, 0, n) }
	names := []string{
		seg(1, 2), seg(1, 3), seg(1, 4), seg(1, 5), seg(2, 3), seg(2, 4), seg(2, 4) + ".partial", seg(2, 5), seg(2, 6), seg(3, 5),
		seg(2, 4) + ".00000028.backup", "00000002.history", "00000003.history", "archive_status", "xlogtemp.1",
	}
	history := []string{"00000002.history", "00000003.history"}
	for _, tt := range []struct {
		name string
		d    Divergence
		size int
		want []string
	}{
		{"of its own timeline and later ones", Divergence{Fork: 0x4000100, End: 0x5000100, Branch: 2}, 16 << 20,
			[]string{seg(2, 4), seg(2, 4) + ".partial", seg(2, 5), seg(3, 5)}},
		{"end on the border of a segment", Divergence{Fork: 0x4000100, End: 0x5000000, Branch: 2}, 16 << 20,
			[]string{seg(2, 4), seg(2, 4) + ".partial"}},
		{"end not known", Divergence{Fork: 0x5000000, Branch: 1}, 16 << 20,
			[]string{seg(1, 5), seg(2, 5), seg(2, 6), seg(3, 5)}},
		{"small segments", Divergence{Fork: 0x400100, End: 0x500100, Branch: 2}, 1 << 20,
			[]string{seg(2, 4), seg(2, 4) + ".partial", seg(2, 5), seg(3, 5)}},
	} {
		if got := divergedFiles(names, tt.d, tt.size); !sameSet(got, append(tt.want, history...)) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func TestRescueIsApart(t *testing.T) {
	dir := t.TempDir()
	s := Server{Settings: pg.Settings{Data: dir + "/data"}}
	for _, d := range []string{"/data", "/wal", "/other"} {
		if err := os.Mkdir(dir+d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(dir+"/wal", dir+"/other/link"); err != nil {
		t.Fatal(err)
	}
	r := Rescue{Divergence: Divergence{Fork: wal.LSN(1)}, Commits: -1}
	for to, allowed := range map[string]bool{"/data": false, "/data/rescue": false, "/wal": false, "/other/link": false, "/other": true, "/new/one": true} {
		path, err := s.Save(t.Context(), r, dir+to, []string{dir + "/wal"}, message.Printer{})
		if (err == nil) != allowed {
			t.Errorf("%s: %s, %v", to, path, err)
		}
	}
}

// Conformance: AT-066, AT-067 (unit)
func TestRefusals(t *testing.T) {
	s := Server{Settings: pg.Settings{Data: "/pg/data", User: pg.User{Name: "postgres", Home: "/var/lib/pgsql"}}}
	good := func(kind Kind, path string, device uint64) PlaceFacts {
		return PlaceFacts{Place: Place{kind, path}, Real: path, Exists: true, IsDir: true, Writable: true, Movable: true, Device: device, Free: 1 << 30}
	}
	p := Primary{SegmentSize: 16 << 20, FreeSenders: 2, Sizes: map[string]int64{"/pg/data": 900 << 20, "/ts": 100 << 20}}
	for _, tt := range []struct {
		name   string
		change func(f *Facts, o *Options)
		want   []message.ID
	}{
		{"nothing wrong", func(*Facts, *Options) {}, nil},
		{"space of one disk for both", func(f *Facts, _ *Options) { f.Places[1].Device = 1 }, []message.ID{message.SST123}},
		{"emptying makes room", func(f *Facts, _ *Options) { f.Places[1].Device, f.Places[1].Bytes = 1, 100<<20 }, nil},
		{"keeping the old makes none", func(f *Facts, o *Options) {
			f.Places[1].Device, f.Places[1].Bytes, o.KeepOld = 1, 100<<20, true
		}, []message.ID{message.SST123}},
		{"the root", func(f *Facts, _ *Options) { f.Places[1].Path, f.Places[1].Real = "/", "/" }, []message.ID{message.SST124, message.SST121}},
		{"the root by a link", func(f *Facts, _ *Options) { f.Places[1].Real = "/var" }, []message.ID{message.SST121}},
		{"the home of the user", func(f *Facts, _ *Options) { f.Places[1].Real = "/var/lib/pgsql" }, []message.ID{message.SST121}},
		{"one within the other", func(f *Facts, _ *Options) { f.Places[1].Real = "/pg/data/ts" }, []message.ID{message.SST124}},
		{"twice the same", func(f *Facts, _ *Options) { f.Places[1].Real = "/pg/data" }, []message.ID{message.SST124}},
		{"names that begin alike", func(f *Facts, _ *Options) { f.Places[1].Real = "/pg/data2" }, nil},
		{"the archive within", func(f *Facts, _ *Options) { f.Apart = []string{"/ts/arc"} }, []message.ID{message.SST124}},
		{"a file", func(f *Facts, _ *Options) { f.Places[1].IsDir = false }, []message.ID{message.SST129}},
		{"one sender is enough without WAL", func(_ *Facts, o *Options) { o.Stream = false }, nil},
	} {
		f := Facts{Places: []PlaceFacts{good(Data, "/pg/data", 1), good(Tablespace, "/ts", 2)}}
		o := Options{Stream: true}
		tt.change(&f, &o)
		q := p
		if !o.Stream {
			q.FreeSenders = 1
		}
		var got []message.ID
		for _, no := range Refusals(s, f, q, o) {
			got = append(got, no.ID)
		}
		if !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(tt.want))) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestBackupOptions(t *testing.T) {
	p := Primary{WALDir: "/wal", FreeSlots: 1}
	for _, tt := range []struct {
		release int
		o       Options
		want    []string
	}{
		{906, Options{}, []string{"-P", "-w", "--checkpoint=fast", "--xlogdir=/wal"}},
		{906, Options{Stream: true}, []string{"-P", "-w", "--checkpoint=fast", "-X", "stream", "--xlogdir=/wal"}},
		{10, Options{Spread: true}, []string{"-P", "-w", "--checkpoint=spread", "-X", "none", "--waldir=/wal"}},
		{18, Options{Stream: true, MaxRate: 1 << 20},
			[]string{"-P", "-w", "--checkpoint=fast", "-X", "stream", "--waldir=/wal", "--max-rate=1024k", "--no-manifest"}},
		{15, Options{Stream: true, MaxRate: 1},
			[]string{"-P", "-w", "--checkpoint=fast", "-X", "stream", "--waldir=/wal", "--max-rate=32k", "--no-manifest"}},
	} {
		if got := backupOptions(tt.release, p, tt.o); !slices.Equal(got, tt.want) {
			t.Errorf("%d: %v, want %v", tt.release, got, tt.want)
		}
	}
	if got := backupOptions(15, Primary{}, Options{Stream: true}); !slices.Contains(got, "--no-slot") {
		t.Errorf("no slot free: %v", got)
	}
}

func TestKeywords(t *testing.T) {
	got := keywords(` sslmode=require  password = 'it\'s a \\' keepalives=1 empty='' `)
	want := []keyword{{"sslmode", "require"}, {"password", `it's a \`}, {"keepalives", "1"}, {"empty", ""}}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestSocketOf(t *testing.T) {
	const file = "4711\n/data\n1700000000\n6543\n%s\n127.0.0.1\n  1 2\nready\n"
	for dir, want := range map[string]string{
		"/run/pg": "/run/pg/.s.PGSQL.6543", "sockets": "/data/sockets/.s.PGSQL.6543", "": "",
	} {
		got, err := socketOf(fmt.Sprintf(file, dir), "/data")
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", dir, got, err)
		}
	}
}

func TestWatcher(t *testing.T) {
	var got [][2]int64
	w := &watcher{tell: func(done, total int64) { got = append(got, [2]int64{done, total}) }}
	for _, part := range []string{"pg_rewind: connected\n", "   12/45", "6 kB (2%) copied\n", "waiting\r", "123/456 kB (27%), 0/1 tablespace\r"} {
		if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	if want := [][2]int64{{12 << 10, 456 << 10}, {123 << 10, 456 << 10}}; !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}
