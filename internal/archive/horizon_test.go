package archive

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/pg/wal"
)

const mib = 1 << 20

func need(t *testing.T, source, file string, segmentSize int) Need {
	t.Helper()
	n, err := NeedFile(source, file, segmentSize)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func entries(names ...string) []node.Entry {
	var all []node.Entry
	for _, n := range names {
		all = append(all, node.Entry{Name: n, Regular: true, Size: 1})
	}
	return all
}

func names(list []node.Entry) []string {
	var all []string
	for _, e := range list {
		all = append(all, e.Name)
	}
	return all
}

// example is the archive of the worked example.
var example = []string{
	"000000010000000000000001", "000000010000000000000002", "000000010000000000000002.00000028.backup",
	"000000010000000000000005", "00000002.history",
	"000000020000000000000002", "000000020000000000000002.00000028.backup", "000000020000000000000003",
	"000000020000000000000003.00000028.backup", "000000020000000000000004", "00000002000000000000000C",
}

// exampleGone is what goes, in that order.
var exampleGone = []string{
	"000000010000000000000001", "000000010000000000000002", "000000010000000000000002.00000028.backup",
	"000000020000000000000002", "000000020000000000000002.00000028.backup",
}

func exampleHorizon(t *testing.T) Horizon {
	t.Helper()
	h, ok := NewHorizon([]Need{
		need(t, "backup", "000000020000000000000004", 16*mib),
		need(t, "own", "000000020000000000000003", 16*mib),
		need(t, "peer", "00000002000000000000000C", 16*mib),
	}, 0, 16*mib)
	if !ok {
		t.Fatal("no horizon")
	}
	return h
}

// Conformance: AT-110 (unit)
func TestWorkedExample(t *testing.T) {
	h := exampleHorizon(t)
	if h.File() != "000000020000000000000003" {
		t.Errorf("horizon %s", h.File())
	}
	if got := names(h.Select(entries(example...), time.Time{})); !slices.Equal(got, exampleGone) {
		t.Errorf("selected\n%q, want\n%q", got, exampleGone)
	}
	if !slices.Equal(h.HeldBy, []string{"own"}) || h.Held != 1 {
		t.Errorf("held by %q, %d", h.HeldBy, h.Held)
	}
}

// Conformance: AT-112 (unit)
func TestEverySuffixCounts(t *testing.T) {
	h, _ := NewHorizon([]Need{{"db", 3, 5, false}}, 0, 16*mib)
	for _, suffix := range []string{"", ".gz", ".bz2", ".xz", ".lz4", ".zst"} {
		for name, gone := range map[string]bool{
			"000000030000000000000004":                 true,
			"000000030000000000000005":                 false,
			"000000020000000000000004.partial":         true,
			"000000020000000000000005.partial":         false,
			"000000030000000000000004.00000028.backup": true,
			"000000030000000000000005.00000028.backup": false,
			"00000002.history":                         true,
			"00000003.history":                         false,
		} {
			if got := h.Select(entries(name+suffix), time.Time{}); len(got) == 1 != gone {
				t.Errorf("%s: selected %q", name+suffix, names(got))
			}
		}
	}
	foreign := entries("000000030000000000000001.lzo", "lost+found", "20240101_000000", "00000003000000000000000a", "000000030000000000000001.tmp")
	foreign = append(foreign, node.Entry{Name: "000000030000000000000001"}) // a directory
	if got := h.Select(foreign, time.Time{}); len(got) > 0 {
		t.Errorf("selected %q", names(got))
	}
}

// Conformance: AT-113 (unit)
func TestHorizonOfEverySegmentSize(t *testing.T) {
	at, err := wal.ParseLSN("1/0C000028")
	if err != nil {
		t.Fatal(err)
	}
	for size, c := range map[int]struct{ first, before string }{
		mib:      {"0000000100000001000000C0", "0000000100000001000000BF"},
		16 * mib: {"00000001000000010000000C", "00000001000000010000000B"},
		64 * mib: {"000000010000000100000003", "000000010000000100000002"},
		1 << 30:  {"000000010000000100000000", "000000010000000000000003"},
	} {
		h, _ := NewHorizon([]Need{NeedAt("db", 1, at, size)}, 0, size)
		got := names(h.Select(entries(c.first, c.before), time.Time{}))
		if h.File() != c.first || !slices.Equal(got, []string{c.before}) {
			t.Errorf("size %d: horizon %s, selected %q", size, h.File(), got)
		}
	}
	h, _ := NewHorizon([]Need{{"db", 1, 100, false}}, 0, 64*mib)
	if got := h.Select(entries("000000010000000000000040"), time.Time{}); len(got) > 0 {
		t.Error("a file of another segment size is selected")
	}
}

// Conformance: AT-121 (unit)
func TestNothingToDelete(t *testing.T) {
	h, _ := NewHorizon([]Need{{"db", 1, 2, false}}, 0, 16*mib)
	if got := h.Select(entries("000000010000000000000002"), time.Time{}); len(got) > 0 {
		t.Errorf("selected %q", names(got))
	}
	if _, ok := NewHorizon(nil, 0, 16*mib); ok {
		t.Error("a horizon of nothing")
	}
}

func TestHorizonKeeps(t *testing.T) {
	needs := []Need{{"a", 2, 10, false}, {"b", 3, 40, true}, {"c", 2, 10, false}}
	h, _ := NewHorizon(needs, 3, 16*mib)
	if h.Segment != 7 || h.Timeline != 2 || h.Held != 30 || h.Unusual || !slices.Equal(h.HeldBy, []string{"a", "c"}) {
		t.Errorf("%+v", h)
	}
	if h, _ := NewHorizon(needs, 11, 16*mib); h.Segment != 0 {
		t.Errorf("more is kept than there is: %+v", h)
	}
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	list := entries("000000020000000000000001", "000000020000000000000002")
	list[0].Modified, list[1].Modified = day.Add(-time.Second), day.Add(time.Second)
	if got := names(h.Select(list, day)); !slices.Equal(got, []string{"000000020000000000000001"}) {
		t.Errorf("older than a day: %q", got)
	}
	// WAL of a promotion that none of the sources knows.
	if got := h.Select(entries("000000040000000000000001"), time.Time{}); len(got) > 0 {
		t.Errorf("selected %q", names(got))
	}
}

func TestNeedFileRefuses(t *testing.T) {
	for _, name := range []string{"", "000000010000000000000001.gz", "00000001.history", "000000010000000000000100", "../000000010000000000000001"} {
		if n, err := NeedFile("x", name, 16*mib); err == nil {
			t.Errorf("%q: %+v", name, n)
		}
	}
}

func history(pairs ...uint64) wal.History {
	var h wal.History
	for i := 0; i < len(pairs); i += 2 {
		h = append(h, wal.Entry{Timeline: wal.Timeline(pairs[i]), SwitchPoint: wal.LSN(pairs[i+1])})
	}
	return h
}

// Conformance: AT-119 (unit)
func TestNeeds(t *testing.T) {
	primary := Database{Node: "a", Ancestry: history(1, 5*16*mib).Ancestry(2), RedoTimeline: 2, Redo: 9 * 16 * mib,
		SegmentSize: 16 * mib, Replicating: true, Checkpoint: 9*16*mib + 40}
	stopped := Database{Node: "b", Ancestry: history().Ancestry(1), RedoTimeline: 1, Redo: 6 * 16 * mib, Checkpoint: 6*16*mib + 40, SegmentSize: 16 * mib,
		Oldest: "000000010000000000000002"}
	if fork, ok := Strayed(stopped, primary); !ok || fork != 5*16*mib {
		t.Errorf("strayed at %v, %v", fork, ok)
	}
	if _, ok := Strayed(primary, stopped); ok {
		t.Error("the primary has strayed from the stopped one")
	}
	behind := stopped
	behind.Checkpoint = 4 * 16 * mib
	if _, ok := Strayed(behind, primary); ok {
		t.Error("one that has not gone on has strayed")
	}

	both := stopped
	both.Ancestry = history(1, 4*16*mib).Ancestry(2)
	if fork, ok := Strayed(both, primary); !ok || fork != 4*16*mib {
		t.Errorf("both were promoted: strayed at %v, %v", fork, ok)
	}
	newer := stopped
	newer.Ancestry = history(1, 5*16*mib, 2, 20*16*mib).Ancestry(3)
	if _, ok := Strayed(newer, primary); ok {
		t.Error("one that has all of the other has strayed")
	}

	segments := func(d Database) []wal.Segment {
		t.Helper()
		n, err := d.Needs(message.Printer{})
		if err != nil {
			t.Fatal(err)
		}
		var all []wal.Segment
		for _, x := range n {
			all = append(all, x.Segment)
		}
		return all
	}
	primary.Slots = []Slot{{"s", 4*16*mib + 1}}
	n, err := primary.Needs(message.Printer{})
	want := []Need{{"Database of a", 2, 9, false}, {"Replication slot s of a", 1, 4, true}}
	if err != nil || !reflect.DeepEqual(n, want) {
		t.Errorf("%+v, %v", n, err)
	}
	stopped.NoCommon = "gone"
	if got := segments(stopped); !slices.Equal(got, []wal.Segment{6, 2}) {
		t.Errorf("with an unknown common checkpoint: %v", got)
	}
	stopped.Common = &Position{1, 3 * 16 * mib}
	if got := segments(stopped); !slices.Equal(got, []wal.Segment{6, 3}) {
		t.Errorf("with a common checkpoint: %v", got)
	}
	unfinished := Database{SegmentSize: 16 * mib, Redo: 8 * 16 * mib, BackupStart: 6 * 16 * mib}
	if got := segments(unfinished); !slices.Equal(got, []wal.Segment{8, 6}) {
		t.Errorf("a backup that is not recovered to its end: %v", got)
	}
	restored := Database{SegmentSize: 16 * mib, Redo: 8 * 16 * mib, Label: &Label{File: "000000010000000000000007"}}
	if got := segments(restored); !slices.Equal(got, []wal.Segment{8, 7}) {
		t.Errorf("a restored backup: %v", got)
	}
	if _, err := (Database{NoCommon: "gone", SegmentSize: mib}).Needs(message.Printer{}); err == nil {
		t.Error("a database without WAL needs nothing")
	}
}

func TestParseLabel(t *testing.T) {
	l, err := ParseLabel([]byte("START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\nCHECKPOINT LOCATION: 0/2000060\n"))
	if err != nil || l.File != "000000010000000000000002" || l.Start != 0x2000028 {
		t.Errorf("%+v, %v", l, err)
	}
	for _, bad := range []string{"", "START WAL LOCATION: 0/2000028 (file x)\n", "\nSTART WAL LOCATION: 0/2000028 (file 000000010000000000000002)\n", "START WAL LOCATION: 0/2000028 (file 000000010000000000000002)"} {
		if _, err := ParseLabel([]byte(bad)); err == nil {
			t.Errorf("%q is a label", strings.TrimSpace(bad))
		}
	}
}
