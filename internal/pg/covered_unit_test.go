package pg

import (
	"testing"

	"pgrex/internal/pg/wal"
)

func TestDescends(t *testing.T) {
	entry := func(t wal.Timeline, at wal.LSN) wal.Entry { return wal.Entry{Timeline: t, SwitchPoint: at} }
	own := wal.History{entry(1, 100), entry(2, 200)}.Ancestry(3)
	for _, tt := range []struct {
		name     string
		history  wal.History
		timeline wal.Timeline
		position wal.LSN
		want     bool
	}{
		{"the same timeline, all of it", wal.History{entry(1, 100), entry(2, 200)}, 3, 300, true},
		{"the same timeline, not all", wal.History{entry(1, 100), entry(2, 200)}, 3, 299, false},
		{"promoted after all of it", wal.History{entry(1, 100), entry(2, 200), entry(3, 300)}, 4, 350, true},
		{"promoted before the end", wal.History{entry(1, 100), entry(2, 200), entry(3, 299)}, 4, 350, false},
		{"promoted twice", wal.History{entry(1, 100), entry(2, 200), entry(3, 300), entry(4, 400)}, 5, 450, true},
		{"the first promotion went another way", wal.History{entry(1, 100), entry(2, 250), entry(3, 900)}, 4, 950, false},
		{"a timeline of the same number begun elsewhere", wal.History{entry(1, 100), entry(2, 250)}, 3, 900, false},
		{"one that was never ours", wal.History{entry(1, 100), entry(2, 200)}, 4, 900, false},
		{"an older one", wal.History{entry(1, 100)}, 2, 900, false},
	} {
		if got := descends(own, 300, tt.history.Ancestry(tt.timeline), tt.position); got != tt.want {
			t.Errorf("%s: %t", tt.name, got)
		}
	}
}
