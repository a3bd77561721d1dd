package rejoin

import (
	"slices"

	"pgrex/internal/pg/wal"
)

// Loses says whether a rewind or a base backup takes away what the primary
// has not, or may do so because nobody can tell: an operator has to want it.
func (d Decision) Loses(l Local, p Primary) bool {
	end, known := l.position()
	switch {
	case slices.ContainsFunc(l.Archive, p.outgrown):
		return true // it was a primary of its own, or is the newer one
	case !l.Exists, l.Unfinished != "":
		return false // nothing here, or nothing that can be used
	case l.Control == nil, l.Control.SystemID != p.SystemID, d.Fork == 0, !known:
		return true
	}
	return end > min(d.Fork, p.Flush)
}

// Stale are those of some archived files that lie behind the end of their
// timeline in the primary's history, or are of a later timeline than its.
func (p Primary) Stale(names []string) []string {
	j := judge{l: Local{Archive: names}, p: p}
	return j.stale()
}

// outgrown says whether an archived file is a segment of a timeline after the primary's.
func (p Primary) outgrown(name string) bool {
	f, _ := wal.ParseName(name)
	return f.Kind == wal.SegmentKind && f.Timeline > p.Timeline
}
