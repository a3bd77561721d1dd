package pg

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgrex/internal/pg/wal"
	"pgrex/internal/run"
	"pgrex/test/servers/cache"
)

// image builds a control file in the layout of version v, each field a value
// of its own.
func image(v uint32) []byte {
	b := make([]byte, 8192)
	l := controlLayouts[v]
	o := binary.NativeEndian
	o.PutUint64(b[0:], 7000000000000000001)
	o.PutUint32(b[8:], v)
	o.PutUint32(b[16:], uint32(DBInProduction))
	o.PutUint64(b[32:], 0x30000A0)
	o.PutUint64(b[l.copy:], 0x3000060)
	o.PutUint32(b[l.copy+8:], 7)
	o.PutUint64(b[l.minRecovery:], 0x4000000)
	o.PutUint32(b[l.minRecovery+8:], 8)
	o.PutUint64(b[l.minRecovery+16:], 0x5000000)
	o.PutUint64(b[l.minRecovery+24:], 0x6000000)
	b[l.minRecovery+32] = 1
	b[l.minRecovery+40] = 1
	o.PutUint32(b[12:], 202209061)
	o.PutUint32(b[l.segmentSize:], 16<<20)
	o.PutUint32(b[l.checksums:], 1)
	o.PutUint32(b[l.crc:], crc32.Checksum(b[:l.crc], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

func TestParseControlOfEachLayout(t *testing.T) {
	want := Control{
		SystemID: 7000000000000000001, State: DBInProduction, Checkpoint: 0x30000A0, Redo: 0x3000060,
		Timeline: 7, MinRecovery: 0x4000000, MinRecoveryTimeline: 8, DataChecksums: true, SegmentSize: 16 << 20,
		BackupStart: 0x5000000, BackupEnd: 0x6000000, BackupEndRequired: true, WALLogHints: true, Catalog: 202209061,
	}
	for v := range controlLayouts {
		b := image(v)
		if got, err := parseControl(b); err != nil || got != want {
			t.Errorf("version %d: %+v, %v", v, got, err)
		}
		b[20] ^= 1
		if _, err := parseControl(b); !errors.Is(err, errTorn) {
			t.Errorf("version %d: a torn file gives %v", v, err)
		}
	}
	b := image(1300)
	binary.NativeEndian.PutUint32(b[8:], 4711)
	if _, err := parseControl(b); err == nil || errors.Is(err, errTorn) {
		t.Errorf("unknown version gives %v", err)
	}
	if _, err := parseControl(b[:100]); err == nil {
		t.Error("a short file is accepted")
	}
}

// The fixtures are the first 512 bytes of files made by initdb of each release.
func TestParseControlFixtures(t *testing.T) {
	used := map[uint32]bool{960: true} // no server of 9.6 is to be had
	for release := cache.Oldest; release <= cache.Newest; release++ {
		file := fmt.Sprintf("testdata/pg_control-%d", release)
		b, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
			continue
		}
		used[binary.NativeEndian.Uint32(b[8:])] = true
		c, err := parseControl(b)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if c.State != DBShutDown || c.Timeline != 1 || c.SegmentSize != 16<<20 || c.SystemID>>32 < 1.5e9 ||
			c.Checkpoint != c.Redo || c.MinRecovery != 0 || c.Checkpoint>>24 != 1 || c.DataChecksums && release < 15 || !c.DataChecksums && release >= 18 {
			t.Errorf("%s: %+v", file, c)
		}
	}
	for v := range controlLayouts {
		if !used[v] {
			t.Errorf("no release writes version %d", v)
		}
	}
}

func TestVersion(t *testing.T) {
	i := New(Settings{Data: t.TempDir()}, run.Local{})
	if v, err := i.Version(); err == nil || v != 0 || !strings.Contains(err.Error(), "PG_VERSION") {
		t.Errorf("no file: %d, %v", v, err)
	}
	for text, want := range map[string]int{"15\n": 15, "18": 18, "9.6\n": 906, "10\n": 10, "": 0, "x": 0, "9.x": 0} {
		if err := os.WriteFile(filepath.Join(i.set.Data, "PG_VERSION"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := i.Version(); got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}

// What changed with 10 and 12. No server of 9.6 is to be had: this is all that
// shows what is done for it.
func TestNamesOfEachRelease(t *testing.T) {
	for _, c := range []struct {
		release, recovery, signal, history, lag string
	}{
		{"9.6", "data/recovery.conf", "", "data/pg_xlog/00000002.history", "pg_xlog_location_diff"},
		{"10", "data/recovery.conf", "", "data/pg_wal/00000002.history", "pg_wal_lsn_diff"},
		{"11", "data/recovery.conf", "", "data/pg_wal/00000002.history", "pg_wal_lsn_diff"},
		{"12", "tmp/recovery.conf", "data/standby.signal", "data/pg_wal/00000002.history", "pg_wal_lsn_diff"},
		{"18", "tmp/recovery.conf", "data/standby.signal", "data/pg_wal/00000002.history", "pg_wal_lsn_diff"},
	} {
		dir := t.TempDir()
		i := New(Settings{Data: dir + "/data", TmpDir: dir + "/tmp"}, run.Local{})
		for _, d := range []string{"data", "tmp", "data/pg_xlog", "data/pg_wal"} {
			if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "data/PG_VERSION"), []byte(c.release+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, c.history), []byte("1\t0/3000000\tno recovery target specified\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(i.WriteRecovery([]Setting{{"a", "b"}}), i.WriteStandbySignal()); err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, name := range []string{"data/recovery.conf", "tmp/recovery.conf", "data/standby.signal"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
				found = append(found, name)
			}
		}
		want := []string{c.recovery}
		if c.signal != "" {
			want = append(want, c.signal)
		}
		if !reflect.DeepEqual(found, want) || i.IncludesRecovery() != (c.signal != "") {
			t.Errorf("%s: a standby has %q, want %q; included: %t", c.release, found, want, i.IncludesRecovery())
		}
		if h, err := i.History(2); err != nil || len(h) != 1 {
			t.Errorf("%s: history %v, %v", c.release, h, err)
		}
		if err := i.EndStandby(); err != nil {
			t.Fatal(err)
		}
		starts := c.recovery // what makes it a standby, apart from settings
		if c.signal != "" {
			starts = c.signal
		}
		if _, err := os.Stat(filepath.Join(dir, starts)); err == nil {
			t.Errorf("%s: %s is left after EndStandby", c.release, starts)
		}
		sql := names(releaseOf(c.release), stateSQL+sendersSQL+"pg_wal_lsn_diff")
		if got := strings.Contains(sql, "xlog") || strings.Contains(sql, "location"); got != (c.release == "9.6") || !strings.HasSuffix(sql, c.lag) {
			t.Errorf("%s: %s", c.release, sql)
		}
		if strings.Contains(sql, "lsn") && c.release == "9.6" {
			t.Errorf("%s: %s", c.release, sql)
		}
	}
}

func FuzzQuoteConf(f *testing.F) {
	for _, s := range []string{"", "it's", `a\b`, `\'`, "cp %p 'x y'", "line\nbreak", "\\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q := QuoteConf(s)
		if strings.ContainsAny(q, "\n\r") {
			t.Errorf("%q spreads over lines", q)
		}
		if got, err := unquoteConf(q); err != nil || got != s {
			t.Errorf("%q comes back as %q, %v", s, got, err)
		}
		if got, ok := confValue("# x\nname = "+q+" # c 'x'\n", "name"); !ok || got != s {
			t.Errorf("%q is found as %q, %t", s, got, ok)
		}
	})
}

func TestConfValue(t *testing.T) {
	const text = "#stats = 'no'\n Stats 'a'\nstats_more = 'x'\n\tstats='b' # c\r\nstatsx 1\nlast = 3#c"
	for name, want := range map[string]string{"stats": "b", "last": "3"} {
		if got, ok := confValue(text, name); !ok || got != want {
			t.Errorf("%s = %q, %t", name, got, ok)
		}
	}
	if v, ok := confValue(text, "none"); ok {
		t.Errorf("found %q", v)
	}
}

func TestSplitAndQuoteShell(t *testing.T) {
	for text, want := range map[string][]string{
		"":                            nil,
		"  -p 5433 ":                  {"-p", "5433"},
		`-c "listen_addresses=*"`:     {"-c", "listen_addresses=*"},
		`-c a='b c'd "e \" $f" \ g`:   {"-c", "a=b cd", `e " $f`, " g"},
		`'' "" x`:                     {"", "", "x"},
		"-c x=`id` $(id) $HOME ; | &": {"-c", "x=`id`", "$(id)", "$HOME", ";", "|", "&"},
	} {
		got, err := splitWords(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, bad := range []string{`'`, `a "b`, `a\`, `\`, `'a' b\`} {
		if got, err := splitWords(bad); err == nil {
			t.Errorf("%q: %q", bad, got)
		}
	}
}

func TestQuoteShellThroughAShell(t *testing.T) {
	words := []string{"", "plain-1_2=/x.y", "a b", "it's", `$HOME "x" \ ` + "`id`", "*", "~", "#", "a\nb", "é"}
	quoted := make([]string, len(words))
	for n, w := range words {
		quoted[n] = quoteShell(w)
	}
	out, err := exec.Command("sh", "-c", `printf '%s\0' `+strings.Join(quoted, " ")).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); !reflect.DeepEqual(got, words) {
		t.Errorf("got %q", got)
	}
}

// Conformance: 103 (unit)
func TestSyncNames(t *testing.T) {
	i := New(Settings{Data: t.TempDir(), TmpDir: t.TempDir()}, run.Local{})
	if _, exists, err := i.ReadSyncNames(); exists || err != nil {
		t.Errorf("no file: %t, %v", exists, err)
	}
	for _, c := range []struct {
		version  string
		names    []string
		external bool
		want     string
	}{
		{"15", nil, false, "synchronous_standby_names = ''\n"},
		{"15", nil, true, "synchronous_standby_names = ''\n"},
		{"15", []string{"nodename"}, false, "synchronous_standby_names = '\"nodename\"'\n"},
		{"15", []string{"node-a"}, true, "synchronous_standby_names = '\"node-a\"'\n"},
		{"15", []string{"node-a", "node-b"}, true, "synchronous_standby_names = 'FIRST 2 (\"node-a\", \"node-b\")'\n"},
		{"9.6", []string{"node-a", "node-b"}, true, "synchronous_standby_names = '2 (\"node-a\", \"node-b\")'\n"},
		{"15", []string{`o'n"e`}, false, "synchronous_standby_names = '\"o''n\"\"e\"'\n"},
	} {
		if err := os.WriteFile(filepath.Join(i.set.Data, "PG_VERSION"), []byte(c.version), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := i.WriteSyncNames(c.names, c.external); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(i.SyncFile())
		if err != nil || string(b) != c.want {
			t.Errorf("%q %t: %q, %v", c.names, c.external, b, err)
		}
		names, exists, err := i.ReadSyncNames()
		if err != nil || !exists || len(names) != len(c.names) || len(names) > 0 && !reflect.DeepEqual(names, c.names) {
			t.Errorf("%q comes back as %q, %t, %v", c.names, names, exists, err)
		}
	}
	if err := i.WriteSyncNames([]string{"a", "b"}, false); err == nil {
		t.Error("two names without external standbys are accepted")
	}
}

const (
	includeA = "include '/var/lib/pgsql/tmp/recovery.conf' # added by pgsql RA"
	includeB = "include '/var/lib/pgsql/tmp/rep_mode.conf' # added by pgsql RA"
	includeX = "include '/old/tmp/rep_mode.conf' # added by pgsql RA"
)

// Conformance: 56, 58 (unit)
func TestEditIncludes(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", includeA + "\n" + includeB + "\n"},
		{"appended", "a = 1\n", "a = 1\n" + includeA + "\n" + includeB + "\n"},
		{"no final newline", "fsync = off", "fsync = off\n" + includeA + "\n" + includeB + "\n"},
		{"present", includeB + "\n  " + includeA + " \t\nz = 1\n", includeB + "\n  " + includeA + " \t\nz = 1\n"},
		{"present, no final newline", includeA + "\n" + includeB, includeA + "\n" + includeB},
		{"CRLF", "a = 1\r\n" + includeA + "\r\n", "a = 1\r\n" + includeA + "\r\n" + includeB + "\r\n"},
		{"CRLF without the last", "a = 1\r\nb = 2", "a = 1\r\nb = 2\r\n" + includeA + "\r\n" + includeB + "\r\n"},
		{"twice", includeA + "\n" + includeB + "\n" + includeA + "\n", includeA + "\n" + includeB + "\n"},
		{"another tmpdir", includeX + "\na = 1\n" + includeA + "\n" + includeB + "\n", "a = 1\n" + includeA + "\n" + includeB + "\n"},
		{"comments and others stay", "#" + includeX + "\ninclude '/old/tmp/rep_mode.conf'\n" + includeA + "\n" + includeB + "\n",
			"#" + includeX + "\ninclude '/old/tmp/rep_mode.conf'\n" + includeA + "\n" + includeB + "\n"},
	} {
		if got := string(editIncludes([]byte(c.in), []string{includeA, includeB})); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	if got := string(editIncludes([]byte("a\n"+includeA+"\n"+includeB+"\n"), []string{includeA})); got != "a\n"+includeA+"\n" {
		t.Errorf("rep_mode async: %q", got)
	}
}

func FuzzEditIncludes(f *testing.F) {
	f.Add([]byte("a = 1\r\nb"))
	f.Add([]byte(includeA + "\n" + includeX + "\n\n" + includeA))
	f.Fuzz(func(t *testing.T, text []byte) {
		want := []string{includeA, includeB}
		got := editIncludes(text, want)
		if again := editIncludes(got, want); !bytes.Equal(got, again) {
			t.Errorf("second edit changes %q to %q", got, again)
		}
		for _, w := range want {
			n := 0
			for line := range bytes.Lines(got) {
				if string(bytes.TrimSpace(line)) == w {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%q holds %q %d times", got, w, n)
			}
		}
		others := func(b []byte) (lines []string) {
			for line := range bytes.Lines(b) {
				if bare := string(bytes.TrimSpace(line)); bare != includeA && bare != includeB && !isOurs(bare) {
					lines = append(lines, strings.TrimRight(string(line), "\r\n"))
				}
			}
			return lines
		}
		if before, after := others(text), others(got); !reflect.DeepEqual(before, after) {
			t.Errorf("other lines: %q became %q", before, after)
		}
	})
}

func TestEnsureIncludesKeepsTheFile(t *testing.T) {
	dir := t.TempDir()
	real := filepath.Join(dir, "real", "postgresql.conf")
	link := filepath.Join(dir, "postgresql.conf")
	if err := os.Mkdir(filepath.Dir(real), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(real, []byte("fsync = off"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	i := New(Settings{Config: link, TmpDir: "/t"}, run.Local{})
	if err := i.EnsureIncludes(i.RecoveryInclude(), i.SyncInclude()); err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(real)
	const want = "fsync = off\ninclude '/t/recovery.conf' # added by pgsql RA\ninclude '/t/rep_mode.conf' # added by pgsql RA\n"
	if string(b) != want {
		t.Errorf("got %q", b)
	}
	st, err := os.Lstat(link)
	if err != nil || st.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", st.Mode(), err)
	}
	before, _ := os.Stat(real)
	if before.Mode().Perm() != 0o640 {
		t.Errorf("mode %v", before.Mode())
	}
	if err := i.EnsureIncludes(i.RecoveryInclude(), i.SyncInclude()); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.Stat(real); !os.SameFile(before, after) {
		t.Error("written although nothing changes")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "real", ".pgsql-ra-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	i.set.Config = filepath.Join(dir, "none")
	if err := i.EnsureIncludes(); err == nil || !strings.Contains(err.Error(), i.set.Config) {
		t.Errorf("missing file: %v", err)
	}
}

func TestLock(t *testing.T) {
	i := New(Settings{TmpDir: t.TempDir()}, run.Local{})
	if _, exists, err := i.ReadLock(); exists || err != nil {
		t.Fatalf("no lock: %t, %v", exists, err)
	}
	if err := os.WriteFile(i.LockFile(), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if l, exists, err := i.ReadLock(); !exists || err != nil || !reflect.DeepEqual(l, LockInfo{}) {
		t.Errorf("empty lock: %+v, %t, %v", l, exists, err)
	}
	want := LockInfo{Node: "node-1", Timeline: 3, Position: wal.LSN(0x30000A0), Time: time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)}
	covered := want
	covered.Covered, covered.Checkpoint = []Holder{{"node-2", "192.168.2.2"}, {"node-3", "fd00::3"}}, wal.LSN(0x40000A0)
	for _, want := range []LockInfo{want, covered} {
		if err := i.WriteLock(want); err != nil {
			t.Fatal(err)
		}
		if l, exists, err := i.ReadLock(); !exists || err != nil || !reflect.DeepEqual(l, want) {
			t.Errorf("got %+v, %t, %v", l, exists, err)
		}
	}
	if err := os.WriteFile(i.LockFile(), []byte("position=nowhere\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, exists, err := i.ReadLock(); !exists || err == nil {
		t.Errorf("broken lock: %t, %v", exists, err)
	}
	for range 2 {
		if err := i.RemoveLock(); err != nil {
			t.Errorf("remove: %v", err)
		}
	}
}

func TestNotes(t *testing.T) {
	i := New(Settings{TmpDir: t.TempDir()}, run.Local{})
	if err := os.WriteFile(filepath.Join(i.set.TmpDir, "xlog_note.x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for n, text := range []string{"node1 0000\n", "node1 0001\n"} {
		if err := i.WriteNote(n, text); err != nil {
			t.Fatal(err)
		}
	}
	got, err := i.Notes()
	if want := map[int]string{0: "node1 0000\n", 1: "node1 0001\n"}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	if err := i.RemoveVoteNotes(); err != nil {
		t.Fatal(err)
	}
	if got, err := i.Notes(); err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestTelling(t *testing.T) {
	for want, log := range map[string]string{
		`LOG: unrecognized configuration parameter "foo" in file "/c" line 8`: "LOG:  unrecognized configuration parameter \"foo\" in file \"/c\" line 8\n" +
			"FATAL:  configuration file \"/c\" contains errors\n",
		"FATAL: lock file exists": "LOG: starting\nFATAL:  lock file exists\nHINT: other\nLOG: database system is shut down\n",
		"FATAL: requested timeline 2 is not a child of this server's history": "FATAL:  requested timeline 2 is not a child of this server's history\n" +
			"FATAL:  the database system is in recovery mode\nLOG:  database system is shut down\n",
		"schlimm": "LOG: x\nschlimm\n\n",
		"":        "",
	} {
		if got := telling(log); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// getent stands for the name service with users that are not in /etc/passwd.
type getent struct{ answers map[string]string }

func (g getent) Run(_ context.Context, c run.Command) (run.Result, error) {
	out, ok := g.answers[strings.Join(c.Argv, " ")]
	if !ok {
		return run.Result{}, &run.ExitError{Argv: c.Argv, Status: 2}
	}
	return run.Result{Stdout: []byte(out)}, nil
}

func TestLookupUser(t *testing.T) {
	ctx := context.Background()
	g := getent{map[string]string{
		"getent passwd -- ldapdba":     "ldapdba:x:70000:70001:DB, admin:/home/ldapdba:/bin/sh\n",
		"getent initgroups -- ldapdba": "ldapdba               70001 70002 70003\n",
	}}
	want := User{Name: "ldapdba", UID: 70000, GID: 70001, Groups: []uint32{70001, 70002, 70003}, Home: "/home/ldapdba"}
	if u, err := LookupUser(ctx, g, "ldapdba"); err != nil || !reflect.DeepEqual(u, want) {
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := LookupUser(ctx, g, "nobodyknowsme"); !errors.Is(err, ErrUnknownUser) {
		t.Errorf("unknown: %v", err)
	}
	if u, err := LookupUser(ctx, g, "root"); err != nil || u.UID != 0 || u.Home == "" {
		t.Errorf("root: %+v, %v", u, err)
	}
	if _, err := LookupUser(ctx, broken{}, "nobodyknowsme"); err == nil || errors.Is(err, ErrUnknownUser) {
		t.Errorf("a name service that cannot tell gives %v", err)
	}
}

type broken struct{}

func (broken) Run(context.Context, run.Command) (run.Result, error) {
	return run.Result{}, errors.New("cannot run getent")
}

// A server that has not received yet tells no position of it, and one that has
// failed to may tell the start of a segment, behind what it has replayed.
//
// Conformance: 111 (unit)
func TestPosition(t *testing.T) {
	row := func(receive, replay string) [][]byte {
		cell := func(s string) []byte {
			if s == "" {
				return nil
			}
			return []byte(s)
		}
		return [][]byte{[]byte("t"), []byte("150018"), []byte(""), cell(receive), cell(replay), nil, nil, nil, nil, []byte("1"), []byte("1"), []byte("on"), []byte("f"), nil, nil}
	}
	for _, c := range []struct{ receive, replay, want string }{
		{"0/3000060", "0/30000A0", "00000000030000A0"},
		{"0/30000A0", "0/3000060", "00000000030000A0"},
		{"", "0/30000A0", "00000000030000A0"},
		{"0/30000A0", "", "00000000030000A0"},
		{"", "", "0000000000000000"},
		{"1/0", "0/FFFFFFFF", "0000000100000000"},
		{"0/030000A0", "0/03000060", "00000000030000A0"}, // release 19
	} {
		st, err := parseState(row(c.receive, c.replay))
		if err != nil || st.Position().Padded() != c.want {
			t.Errorf("received %q, replayed %q: %s, %v, want %s", c.receive, c.replay, st.Position().Padded(), err, c.want)
		}
	}
}

// A server that becomes primary gets a lock that keeps it out: one that says who had
// all of an earlier time does not.
func TestCreateLock(t *testing.T) {
	i := New(Settings{TmpDir: t.TempDir()}, run.Local{})
	for _, c := range []struct {
		name   string
		before *LockInfo
		kept   bool
	}{
		{"none", nil, false},
		{"of a primary", &LockInfo{Node: "node01", Timeline: 3}, true},
		{"in nobody's way", &LockInfo{Node: "node01", Timeline: 3, Covered: []Holder{{Node: "node02", Address: "192.168.2.2"}}}, false},
	} {
		if err := i.RemoveLock(); err != nil {
			t.Fatal(err)
		}
		if c.before != nil {
			if err := i.WriteLock(*c.before); err != nil {
				t.Fatal(err)
			}
		}
		if err := i.CreateLock("node01"); err != nil {
			t.Error(err)
		}
		after, exists, err := i.ReadLock()
		noted := c.before != nil && !c.kept
		if noted != (after.Before != nil) || noted && !reflect.DeepEqual(*after.Before, *c.before) {
			t.Errorf("%s: it does not say what was there before: %+v", c.name, after.Before)
		}
		if err != nil || !exists || len(after.Covered) > 0 || (after.Timeline == 3) != c.kept {
			t.Errorf("%s: %+v, %t, %v", c.name, after, exists, err)
		}
	}
}
