// Package wal holds the values that name a place in PostgreSQL's write-ahead
// log: positions, timelines and timeline histories. It reads and writes
// nothing; package pg obtains the values, others compare them.
package wal

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// LSN is a log sequence number: a byte position in the WAL. LSNs compare as
// numbers, and only within one timeline history: a greater LSN on an older
// timeline is not newer data.
type LSN uint64

// ParseLSN reads PostgreSQL's text form, two hexadecimal numbers of up to 32
// bits ("0/30000A0"). Release 19 pads the second one with zeros; both forms
// are read.
func ParseLSN(s string) (LSN, error) {
	hi, lo, ok := strings.Cut(s, "/")
	if !ok {
		return 0, fmt.Errorf("cannot read %q as a WAL position", s)
	}
	h, errHi := parseHex(hi, 8)
	l, errLo := parseHex(lo, 8)
	if errHi != nil || errLo != nil {
		return 0, fmt.Errorf("cannot read %q as a WAL position", s)
	}
	return LSN(h<<32 | l), nil
}

// ParsePadded reads the form of [LSN.Padded].
func ParsePadded(s string) (LSN, error) {
	if len(s) != 16 {
		return 0, fmt.Errorf("cannot read %q as a padded WAL position: want 16 hexadecimal digits", s)
	}
	v, err := parseHex(s, 16)
	if err != nil {
		return 0, fmt.Errorf("cannot read %q as a padded WAL position: want 16 hexadecimal digits", s)
	}
	return LSN(v), nil
}

// parseHex is stricter than strconv.ParseUint, which takes signs and, with
// base 0, prefixes.
func parseHex(s string, maxDigits int) (uint64, error) {
	if s == "" || len(s) > maxDigits {
		return 0, errors.New("wrong length")
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return 0, errors.New("not hexadecimal")
		}
	}
	return strconv.ParseUint(s, 16, 64)
}

// String is PostgreSQL's text form, as releases up to 18 write it.
func (l LSN) String() string { return fmt.Sprintf("%X/%X", uint64(l)>>32, uint32(l)) }

// Padded is the form of the node attributes: 16 upper-case hexadecimal digits,
// whose order as text is that of the positions.
func (l LSN) Padded() string { return fmt.Sprintf("%016X", uint64(l)) }

// Timeline is the ID of a timeline: 1 after initdb, one more with each promotion.
type Timeline uint32

// File names the timeline's history file in pg_wal.
func (t Timeline) File() string { return fmt.Sprintf("%08X.history", uint32(t)) }

// Sizes of a WAL page and of the headers that a record steps over where it
// crosses pages (src/include/access/xlog_internal.h, 64-bit servers).
const (
	PageSize        = 8192
	pageHeader      = 24
	firstPageHeader = 40 // of a segment
)

// RecordEnd is where a record of length bytes that begins at start ends.
func RecordEnd(start LSN, length uint32, segmentSize int) LSN {
	end, left := start, uint64(length)
	for {
		room := PageSize - uint64(end)%PageSize
		if left <= room {
			return end + LSN(left)
		}
		left -= room
		end += LSN(room)
		if uint64(end)%uint64(segmentSize) == 0 {
			end += firstPageHeader
		} else {
			end += pageHeader
		}
	}
}

// SegmentFile names the file that holds the position on the timeline, and where
// in it that is.
func SegmentFile(t Timeline, at LSN, segmentSize int) (name string, offset int64) {
	size := uint64(segmentSize)
	perID := uint64(1<<32) / size
	segment := uint64(at) / size
	return fmt.Sprintf("%08X%08X%08X", uint32(t), segment/perID, segment%perID), int64(uint64(at) % size)
}
