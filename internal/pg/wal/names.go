package wal

import (
	"fmt"
	"strconv"
	"strings"
)

// Kind is what a file of pg_wal or of an archive holds.
type Kind int

const (
	// SegmentKind is a whole segment, "000000010000000000000002".
	SegmentKind Kind = iota + 1
	// PartialKind is the last segment of a timeline that was left in its
	// middle, "000000010000000000000002.partial".
	PartialKind
	// HistoryKind is a timeline history file, "00000002.history".
	HistoryKind
	// BackupKind is the label of a base backup, named after the segment and
	// the offset in it where the backup began,
	// "000000010000000000000002.00000028.backup".
	BackupKind
)

// Name is the name of a file of pg_wal or of an archive.
type Name struct {
	Kind     Kind
	Timeline Timeline
	// Base is the name as PostgreSQL gave it; Suffix is what compression has
	// added, "" or one of ".gz", ".bz2", ".xz", ".lz4" and ".zst".
	Base, Suffix string

	// The second and the third number of a segment's name. Only with the
	// segment size do they make a segment number.
	log, seg uint32
}

// HasWAL says whether the file is a segment or a part of one.
func (n Name) HasWAL() bool { return n.Kind == SegmentKind || n.Kind == PartialKind }

// compressions are the suffixes of programs that archive commands compress with.
var compressions = []string{".gz", ".bz2", ".xz", ".lz4", ".zst"}

// ParseName tells whether a file is one that PostgreSQL archives, perhaps
// compressed, and takes its name apart. Case counts: PostgreSQL writes upper
// case hexadecimal digits only.
func ParseName(file string) (Name, bool) {
	n := Name{Base: file}
	for _, suffix := range compressions {
		if base, ok := strings.CutSuffix(file, suffix); ok {
			n.Base, n.Suffix = base, suffix
			break
		}
	}
	stem, rest, _ := strings.Cut(n.Base, ".")
	switch {
	case len(stem) == 8 && rest == "history":
		n.Kind = HistoryKind
	case len(stem) == 24 && n.Base == stem:
		n.Kind = SegmentKind
	case len(stem) == 24 && rest == "partial":
		n.Kind = PartialKind
	case len(stem) == 24 && len(rest) == len("00000028.backup") && strings.HasSuffix(rest, ".backup"):
		n.Kind = BackupKind
		if _, ok := upperHex(rest[:8]); !ok {
			return Name{}, false
		}
	default:
		return Name{}, false
	}
	tli, ok := upperHex(stem[:8])
	n.Timeline = Timeline(tli)
	if ok && n.Kind != HistoryKind {
		var okSeg bool
		n.log, ok = upperHex(stem[8:16])
		n.seg, okSeg = upperHex(stem[16:])
		ok = ok && okSeg
	}
	if !ok {
		return Name{}, false
	}
	return n, true
}

// upperHex reads eight hexadecimal digits in upper case.
func upperHex(s string) (uint32, bool) {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'F') {
			return 0, false
		}
	}
	v, err := strconv.ParseUint(s, 16, 32)
	return uint32(v), err == nil && len(s) == 8
}

// String is the name of the file.
func (n Name) String() string { return n.Base + n.Suffix }

// Segment is the number of the segment that a segment, a partial segment or a
// backup label belongs to: [Segment.Start] is where it begins. A history file
// has none, nor has a name that cannot be of a server with that segment size.
func (n Name) Segment(segmentSize int) (Segment, bool) {
	if n.Kind == HistoryKind || n.Kind == 0 || !ValidSegmentSize(segmentSize) {
		return 0, false
	}
	perID := segmentsPerID(segmentSize)
	if uint64(n.seg) >= perID {
		return 0, false
	}
	return Segment(uint64(n.log)*perID + uint64(n.seg)), true
}

// ValidSegmentSize says whether a server can have segments of that size: a
// power of two from 1 MiB to 1 GiB.
func ValidSegmentSize(bytes int) bool {
	return bytes >= 1<<20 && bytes <= 1<<30 && bytes&(bytes-1) == 0
}

// segmentsPerID is how many segments share the second number of their names.
func segmentsPerID(segmentSize int) uint64 { return (1 << 32) / uint64(segmentSize) }

// Segment is the number of a segment: segments are counted from the beginning
// of the WAL, whatever their timeline.
type Segment uint64

// SegmentOf is the segment that holds the byte at a position.
func SegmentOf(at LSN, segmentSize int) Segment {
	return Segment(uint64(at) / uint64(segmentSize))
}

// Start is the position of a segment's first byte.
func (s Segment) Start(segmentSize int) LSN { return LSN(uint64(s) * uint64(segmentSize)) }

// File names the segment's file on a timeline.
func (s Segment) File(t Timeline, segmentSize int) string {
	perID := segmentsPerID(segmentSize)
	return fmt.Sprintf("%08X%08X%08X", uint32(t), uint64(s)/perID, uint64(s)%perID)
}
