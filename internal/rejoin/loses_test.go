package rejoin

import (
	"slices"
	"testing"

	"pgrex/internal/pg/wal"
)

func TestLoses(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  func(l *Local, p *Primary)
		want bool
	}{
		{"a stopped standby", func(*Local, *Primary) {}, false},
		{"nothing here", func(l *Local, _ *Primary) { *l = Local{} }, false},
		{"half of a base backup", func(l *Local, _ *Primary) { l.Unfinished, l.Control = "pg_basebackup", nil }, false},
		{"no control file", func(l *Local, _ *Primary) { l.Control = nil }, true},
		{"another system", func(l *Local, _ *Primary) { l.Control.SystemID = 8 }, true},
		{"ahead on the same timeline", func(l *Local, p *Primary) { p.Flush = l.End.End - 8 }, true},
		{"promoted behind it", func(l *Local, p *Primary) { promoted(p, l.End.End) }, false},
		{"promoted before its end", func(l *Local, p *Primary) { promoted(p, l.End.End-8) }, true},
		{"archived on a timeline of its own", func(l *Local, _ *Primary) { l.Archive = append(l.Archive, files(2, 3, 3)...) }, true},
		{"history unknown", func(l *Local, _ *Primary) { l.Ancestry = nil }, true},
		{"crashed, end unknown", func(l *Local, _ *Primary) { crashed(l); l.WALKnown = false }, true},
	} {
		l, p := pair()
		tt.set(&l, &p)
		if got := Decide(l, p, Options{}).Loses(l, p); got != tt.want {
			t.Errorf("%s: %t", tt.name, got)
		}
	}
}

func TestStaleOfThePrimary(t *testing.T) {
	_, p := pair()
	p.Timeline, p.Ancestry = 2, wal.Ancestry{{Timeline: 1, End: 40*mib + 9}, {Timeline: 2, End: wal.Unended}}
	seg := func(tl wal.Timeline, at wal.LSN) string {
		return wal.SegmentOf(at, p.SegmentSize).File(tl, p.SegmentSize)
	}
	in := []string{seg(1, 39*mib), seg(1, 40*mib), seg(1, 41*mib) + ".gz", seg(2, 40*mib), seg(1, 40*mib) + ".partial", "00000002.history"}
	if got := p.Stale(in); !slices.Contains(got, seg(1, 40*mib)) || slices.Contains(got, seg(2, 40*mib)) || slices.Contains(got, in[4]) {
		t.Error(got)
	}
	// What this node has archived when it was a primary that nobody follows.
	alone := []string{seg(3, 40*mib), seg(3, 40*mib) + ".partial", "00000003.history.gz", seg(3, 40*mib) + ".00000028.backup"}
	if got := p.Stale(append(alone, "00000002.history", "notes.txt")); !slices.Equal(got, alone) {
		t.Error(got)
	}
}
