package wal

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The attributes compare as texts, the positions as numbers: both orders are one.
func FuzzPadded(f *testing.F) {
	f.Add("00000000030000A0", uint64(0x30000A0), uint64(0x3000060))
	f.Add("0000000000000000", uint64(0xFFFFFFFF), uint64(0x100000000))
	f.Add("00000000030000a0", uint64(0), ^uint64(0))
	f.Fuzz(func(t *testing.T, text string, a, b uint64) {
		if (LSN(a).Padded() < LSN(b).Padded()) != (a < b) {
			t.Errorf("%s and %s are in another order than %d and %d", LSN(a).Padded(), LSN(b).Padded(), a, b)
		}
		if l, err := ParsePadded(text); err == nil && l.Padded() != strings.ToUpper(text) {
			t.Errorf("%q is read as %s", text, l.Padded())
		}
	})
}

func FuzzParseHistory(f *testing.F) {
	f.Add([]byte("1\t0/3000060\tno recovery target specified\n\n2\t0/5000000\tbefore 2000-01-01 00:00:00+00\n"))
	f.Add([]byte("# comment\r\n1\t0/030000A0\r\n"))
	f.Add([]byte("1\t16/B374D848\tat restore point \"a\tb\"\n4294967295\tFFFFFFFF/FFFFFFFF\t\xff"))
	f.Add([]byte("2\t0/1\tr\n1\t0/2\tr\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		h, err := ParseHistory(text)
		if err != nil {
			return
		}
		var again strings.Builder
		last := Timeline(0)
		for n, e := range h {
			if e.Timeline <= last {
				t.Errorf("timeline %d follows %d", e.Timeline, last)
			}
			last = e.Timeline
			if end, on, relation := Fork(h[:n].Ancestry(e.Timeline), h.Ancestry(h[len(h)-1].Timeline+1)); end != e.SwitchPoint || on != e.Timeline || relation != AncestorOf && e.SwitchPoint != Unended {
				t.Errorf("the past of timeline %d does not end at %v: %v on %d, %v", last, e.SwitchPoint, end, on, relation)
			}
			fmt.Fprintf(&again, "%d\t%s\t%s\n", e.Timeline, e.SwitchPoint, e.Reason)
		}
		ended := !slices.ContainsFunc(h, func(e Entry) bool { return e.SwitchPoint == Unended })
		if end, on, relation := Fork(h.Ancestry(last+1), h.Ancestry(last+1)); ended && (end != Unended || on != last+1 || relation != Same) {
			t.Errorf("timeline %d is not in its own history: %v on %d, %v", last+1, end, on, relation)
		}
		if got, err := ParseHistory([]byte(again.String())); err != nil || fmt.Sprint(got) != fmt.Sprint(h) {
			t.Errorf("%q comes back as %v, %v, want %v", again.String(), got, err, h)
		}
	})
}

// A record holds its bytes and the headers of the pages that it crosses, and the
// file that holds a position is found again from its name.
func FuzzRecordEnd(f *testing.F) {
	f.Add(uint64(0x3001F90), uint32(0x78), uint8(0))
	f.Add(uint64(0x30FFF90), uint32(100), uint8(4))
	f.Add(uint64(0x1_FF100010), uint32(20000), uint8(10))
	f.Fuzz(func(t *testing.T, at uint64, length uint32, power uint8) {
		size := 1 << 20 << (power % 11) // 1 MB to 1 GB, what initdb takes
		start := LSN(at % (1 << 60))
		length %= 1 << 20
		end := RecordEnd(start, length, size)
		pages := LSN(length/(PageSize-firstPageHeader) + 1)
		if end < start+LSN(length) || end > start+LSN(length)+pages*firstPageHeader {
			t.Errorf("%d bytes at %v end at %v", length, start, end)
		}
		if next := RecordEnd(start, length+1, size); next <= end {
			t.Errorf("%d bytes at %v end at %v, one more at %v", length, start, end, next)
		}
		name, offset := SegmentFile(Timeline(length), start, size)
		var tli, high, low uint64
		if _, err := fmt.Sscanf(name, "%08X%08X%08X", &tli, &high, &low); err != nil || len(name) != 24 {
			t.Fatalf("%q: %v", name, err)
		}
		if got := LSN(high<<32 + low*uint64(size) + uint64(offset)); got != start || tli != uint64(length) || offset >= int64(size) {
			t.Errorf("%v on timeline %d is in %s at %d", start, length, name, offset)
		}
	})
}
