// Package archive looks after the directory of archived WAL of a node: which of
// its files nobody needs any more, removing or moving those, and bringing the
// archive of one node up to that of the other. What is needed and what is to be
// copied is decided by functions of what was observed; the rest are operations
// that run on either node.
package archive

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"pgrex/internal/node"
	"pgrex/internal/pg/wal"
)

// Need is what one source needs of the archive: a segment of a timeline and all
// that follows.
type Need struct {
	Source   string // as an operator calls it
	Timeline wal.Timeline
	Segment  wal.Segment
	// Unusual needs are those that an operator may not expect: of a replication
	// slot, or of a node that is not replicating.
	Unusual bool
}

// NeedAt is the need of what begins to read at a position.
func NeedAt(source string, t wal.Timeline, at wal.LSN, segmentSize int) Need {
	return Need{Source: source, Timeline: t, Segment: wal.SegmentOf(at, segmentSize)}
}

// NeedFile is the need of what begins to read with a file.
func NeedFile(source, file string, segmentSize int) (Need, error) {
	n, ok := wal.ParseName(file)
	segment, okSegment := n.Segment(segmentSize)
	if !ok || !okSegment || n.Kind != wal.SegmentKind || n.Suffix != "" {
		return Need{}, fmt.Errorf("%q is not the name of a WAL file with segments of %d bytes", file, segmentSize)
	}
	return Need{Source: source, Timeline: n.Timeline, Segment: segment}, nil
}

// Horizon is where what is still needed begins.
type Horizon struct {
	// Segment is the first that is needed, on whatever timeline, and Timeline
	// the first whose history is.
	Segment     wal.Segment
	Timeline    wal.Timeline
	SegmentSize int
	// HeldBy are the sources that need the oldest WAL. Without them Held
	// segments more could go. Unusual says that one of their needs is.
	HeldBy  []string
	Held    uint64
	Unusual bool

	newest wal.Timeline // of all sources
}

// NewHorizon puts the needs together. keep segments more than needed are kept.
// Without a need there is no horizon.
//
// Segment numbers alone are compared: all sources follow one history, in which
// a later timeline goes on at a higher position, and pg_archivecleanup compares
// them so too.
func NewHorizon(needs []Need, keep uint64, segmentSize int) (Horizon, bool) {
	if len(needs) == 0 {
		return Horizon{}, false
	}
	h := Horizon{Segment: math.MaxUint64, Timeline: math.MaxUint32, SegmentSize: segmentSize}
	for _, n := range needs {
		h.Segment = min(h.Segment, n.Segment)
		h.Timeline = min(h.Timeline, n.Timeline)
		h.newest = max(h.newest, n.Timeline)
	}
	next := wal.Segment(math.MaxUint64)
	for _, n := range needs {
		switch {
		case n.Segment > h.Segment:
			next = min(next, n.Segment)
		default:
			h.Unusual = h.Unusual || n.Unusual
			if !slices.Contains(h.HeldBy, n.Source) {
				h.HeldBy = append(h.HeldBy, n.Source)
			}
		}
	}
	if next != math.MaxUint64 {
		h.Held = uint64(next - h.Segment)
	}
	h.Segment -= min(h.Segment, wal.Segment(keep))
	return h, true
}

// File names the horizon: the first segment that stays.
func (h Horizon) File() string { return h.Segment.File(h.Timeline, h.SegmentSize) }

// Deletable says whether nobody needs a file. One that was last written after
// latest stays; the zero time sets no such limit.
func (h Horizon) Deletable(n wal.Name, modified, latest time.Time) bool {
	if !latest.IsZero() && modified.After(latest) {
		return false
	}
	if n.Kind == wal.HistoryKind {
		return n.Timeline < h.Timeline
	}
	segment, ok := n.Segment(h.SegmentSize)
	// A timeline that no source has come to yet is newer than all they need,
	// whatever its segments are numbered.
	return ok && segment < h.Segment && n.Timeline <= h.newest
}

// Select takes the files out of a listing that nobody needs, oldest first, so
// that what is left has no gap wherever the removal ends. Histories go last:
// they say how the WAL that is left belongs together.
func (h Horizon) Select(listing []node.Entry, latest time.Time) []node.Entry {
	var found []named
	for _, f := range files(listing) {
		if h.Deletable(f.name, f.Modified, latest) {
			found = append(found, f)
		}
	}
	slices.SortFunc(found, func(a, b named) int {
		segA, walA := a.name.Segment(h.SegmentSize)
		segB, walB := b.name.Segment(h.SegmentSize)
		switch {
		case walA && !walB:
			return -1
		case walB && !walA:
			return 1
		}
		return cmp.Or(cmp.Compare(segA, segB), strings.Compare(a.Name, b.Name))
	})
	selected := make([]node.Entry, len(found))
	for i, f := range found {
		selected[i] = f.Entry
	}
	return selected
}

// named is a file of an archive with what its name says.
type named struct {
	node.Entry
	name wal.Name
}

// files are those of a listing that PostgreSQL archives. Directories, links and
// whatever else people keep there are left alone.
func files(listing []node.Entry) []named {
	var found []named
	for _, e := range listing {
		if n, ok := wal.ParseName(e.Name); ok && e.Regular {
			found = append(found, named{e, n})
		}
	}
	return found
}
