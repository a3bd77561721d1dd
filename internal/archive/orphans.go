package archive

import (
	"slices"

	"pgrex/internal/pg/wal"
)

// Standby is what a stopped server leaves to be archived when it is to run as a
// standby, which with archive_mode "on" archives nothing.
type Standby struct {
	WAL     []string // its segments
	Done    []string // those that it has archived, or another server was to archive
	Archive []string // its archive
	End     wal.LSN  // of its WAL
	Kept    []string // what the other archive has, and what the primary will archive
}

// Orphans are the segments that would be in no archive: whole ones that only
// this server was to archive. Where the archive begins later there is no gap.
func (s Standby) Orphans(segmentSize int) []string {
	var lost []string
	for _, name := range s.WAL {
		n, _ := wal.ParseName(name)
		segment, ok := n.Segment(segmentSize)
		if !ok || n.Kind != wal.SegmentKind || (segment+1).Start(segmentSize) > s.End || slices.Contains(s.Done, name) {
			continue
		}
		archived := func(older bool) func(string) bool {
			return func(file string) bool {
				a, _ := wal.ParseName(file)
				number, ok := a.Segment(segmentSize)
				if !ok || a.Kind != wal.SegmentKind {
					return false
				}
				if older {
					return number < segment
				}
				// A later timeline has all of the segment that it begins in.
				return number == segment && a.Timeline >= n.Timeline
			}
		}
		if slices.ContainsFunc(s.Archive, archived(true)) && !slices.ContainsFunc(s.Archive, archived(false)) && !slices.ContainsFunc(s.Kept, archived(false)) {
			lost = append(lost, name)
		}
	}
	return lost
}
