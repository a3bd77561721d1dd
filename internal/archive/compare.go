package archive

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"pgrex/internal/node"
	"pgrex/internal/pg/wal"
)

// Plan is what has to happen for one archive to have what the other one has.
type Plan struct {
	// Fetch are the files that are missing here or differ in size, and Bytes
	// how much that is. Histories and labels come first, segments in order.
	Fetch []string
	Bytes int64
	// Compare are files of the same size and another time: only their content
	// tells whether they are the same.
	Compare []string
	// Aside are local files that are to be kept although another one of their
	// name is fetched.
	Aside []string
	// Newer says that the archive here goes on after the end of the other one:
	// no segments are fetched.
	Newer bool
	// Newest is the newest segment over there, "" without one.
	Newest string
}

// Compare says what the archive that is listed as there has and the one that is
// listed as here has not.
func Compare(here, there []node.Entry) Plan {
	local := map[string]node.Entry{}
	newestHere := ""
	for _, f := range files(here) {
		local[f.Name] = f.Entry
		if f.name.Kind == wal.SegmentKind {
			newestHere = max(newestHere, f.name.Base)
		}
	}
	all := files(there)
	slices.SortFunc(all, func(a, b named) int {
		return cmp.Or(cmp.Compare(rank(a.name), rank(b.name)), strings.Compare(a.Name, b.Name))
	})
	var p Plan
	for _, f := range all {
		if f.name.Kind == wal.SegmentKind {
			p.Newest = f.Name
		}
	}
	newest, _ := wal.ParseName(p.Newest)
	p.Newer = newestHere > newest.Base
	for _, f := range all {
		if p.Newer && f.name.Kind == wal.SegmentKind {
			continue
		}
		old, have := local[f.Name]
		switch {
		case have && old.Size == f.Size && sameTime(old.Modified, f.Modified):
			continue
		case have && old.Size == f.Size:
			p.Compare = append(p.Compare, f.Name)
			continue
		case have && old.Size > 0 && f.name.Kind == wal.HistoryKind:
			// Two promotions, not two halves of a copy.
			p.Aside = append(p.Aside, f.Name)
		}
		p.Fetch = append(p.Fetch, f.Name)
		p.Bytes += f.Size
	}
	return p
}

// rank is the order of copying: what is small and explains the rest first.
func rank(n wal.Name) int {
	if n.Kind == wal.SegmentKind {
		return 1
	}
	return 0
}

// sameTime compares to the second: not every program that copies keeps more.
func sameTime(a, b time.Time) bool { return a.Unix() == b.Unix() }

// Conflicts sorts the files whose contents differ: those that lie after the
// fork are of the way that the local database has gone alone and are put aside;
// the others should be the same, and nobody can say which of the two is right.
// Without a fork all are of that kind.
func Conflicts(differ []string, fork *Position, segmentSize int) (aside, wrong []string) {
	for _, name := range differ {
		if n, ok := wal.ParseName(name); ok && fork != nil && after(n, *fork, segmentSize) {
			aside = append(aside, name)
		} else {
			wrong = append(wrong, name)
		}
	}
	return aside, wrong
}

// after says that a file holds something from after a position. The segment in
// which two databases part is different in both.
func after(n wal.Name, fork Position, segmentSize int) bool {
	if n.Timeline != fork.Timeline || n.Kind == wal.HistoryKind {
		return n.Timeline > fork.Timeline
	}
	segment, ok := n.Segment(segmentSize)
	return ok && segment >= wal.SegmentOf(fork.LSN, segmentSize)
}
