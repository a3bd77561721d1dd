package archive

import (
	"slices"
	"testing"

	"pgrex/internal/pg/wal"
)

func TestOrphans(t *testing.T) {
	const size = 1 << 20
	seg := func(tl wal.Timeline, n int) string { return wal.Segment(n).File(tl, size) }
	for _, tt := range []struct {
		name string
		set  func(s *Standby)
		want []string
	}{
		{"nobody has them", func(*Standby) {}, []string{seg(1, 5), seg(1, 6)}},
		{"archived by the server here", func(s *Standby) { s.Done = []string{seg(1, 5), seg(1, 6)} }, nil},
		{"one in the archive here", func(s *Standby) { s.Archive = append(s.Archive, seg(1, 5)+".gz") }, []string{seg(1, 6)}},
		{"in the other archive", func(s *Standby) { s.Kept = []string{seg(1, 5), seg(1, 6) + ".zst"} }, nil},
		{"on the timeline that begins in it", func(s *Standby) { s.Kept = []string{seg(1, 5), seg(2, 6)} }, nil},
		{"an older timeline is no substitute", func(s *Standby) { s.WAL[0] = seg(2, 5); s.Kept = []string{seg(1, 5), seg(1, 6)} }, []string{seg(2, 5)}},
		{"half of one is none", func(s *Standby) { s.Kept = []string{seg(1, 5) + ".partial", seg(1, 6)} }, []string{seg(1, 5)}},
		{"an archive that begins with them", func(s *Standby) { s.Archive = nil }, nil},
		{"whole to the last byte", func(s *Standby) { s.End = 8 * size }, []string{seg(1, 5), seg(1, 6), seg(1, 7)}},
	} {
		s := Standby{WAL: []string{seg(1, 5), seg(1, 6), seg(1, 7)}, Archive: []string{seg(1, 4)}, End: 8*size - 1}
		tt.set(&s)
		if got := s.Orphans(size); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
