package wal

import (
	"reflect"
	"testing"
)

// Conformance: 111 (unit)
func TestParseLSN(t *testing.T) {
	for text, want := range map[string]LSN{
		"0/30000A0":         0x30000A0,
		"0/030000A0":        0x30000A0, // release 19
		"00000016/B374D848": 0x16B374D848,
		"16/b374d848":       0x16B374D848,
		"FFFFFFFF/FFFFFFFF": ^LSN(0),
		"0/0":               0,
	} {
		if got, err := ParseLSN(text); err != nil || got != want {
			t.Errorf("ParseLSN(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "/", "0", "0/", "/0", "0/+1", "0/-1", "0x1/0", "1/000000000", "G/0", " 0/0", "0/0\n", "1/2/3"} {
		if got, err := ParseLSN(text); err == nil {
			t.Errorf("ParseLSN(%q) = %v, want an error", text, got)
		}
	}
}

// Conformance: 111 (unit)
func TestPadded(t *testing.T) {
	if got := LSN(0x30000A0).Padded(); got != "00000000030000A0" {
		t.Errorf("padded: %s", got)
	}
	for _, text := range []string{"", "30000A0", "00000000030000A0 ", "+0000000030000A0", "000000000030000A0"} {
		if got, err := ParsePadded(text); err == nil {
			t.Errorf("ParsePadded(%q) = %v, want an error", text, got)
		}
	}
}

func FuzzLSN(f *testing.F) {
	f.Add("0/30000A0", uint64(0))
	f.Add("00000000030000A0", uint64(0xFFFFFFFF00000000))
	f.Fuzz(func(t *testing.T, text string, n uint64) {
		l := LSN(n)
		if got, err := ParseLSN(l.String()); err != nil || got != l {
			t.Errorf("%s comes back as %v, %v", l, got, err)
		}
		if got, err := ParsePadded(l.Padded()); err != nil || got != l {
			t.Errorf("%s comes back as %v, %v", l.Padded(), got, err)
		}
		if got, err := ParseLSN(text); err == nil {
			if again, err := ParseLSN(got.String()); err != nil || again != got {
				t.Errorf("%q is read as %v, which is read as %v, %v", text, got, again, err)
			}
		}
		_, _ = ParseHistory([]byte(text))
	})
}

func TestParseHistory(t *testing.T) {
	// Written by PostgreSQL 15 after two promotions.
	const text = "1\t0/3000060\tno recovery target specified\n\n2\t0/5000000\tbefore 2000-01-01 00:00:00+00\n"
	got, err := ParseHistory([]byte(text))
	want := History{
		{1, 0x3000060, "no recovery target specified"},
		{2, 0x5000000, "before 2000-01-01 00:00:00+00"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, %v", got, err)
	}
	for _, bad := range []string{"x\t0/1\n", "1\n", "1\t77\n", "2\t0/1\tr\n1\t0/2\tr\n", "0\t0/1\tr\n"} {
		if h, err := ParseHistory([]byte(bad)); err == nil {
			t.Errorf("ParseHistory(%q) = %v, want an error", bad, h)
		}
	}
}

func TestRecordEnd(t *testing.T) {
	const size = 1 << 20
	for _, tt := range []struct {
		start  LSN
		length uint32
		want   LSN
	}{
		{0x3000028, 0x78, 0x30000A0},
		{0x3001F88, 0x78, 0x3002000},            // fills its page
		{0x3001F90, 0x78, 0x3002000 + 0x18 + 8}, // goes on behind a page header
		{0x30FFF90, 0x78, 0x3100000 + 0x28 + 8}, // and behind the header of a segment
		{0x3001F90, 0x70 + 8168 + 8, 0x3004000 + 0x18 + 8},
	} {
		if got := RecordEnd(tt.start, tt.length, size); got != tt.want {
			t.Errorf("%v + %d: %v, want %v", tt.start, tt.length, got, tt.want)
		}
	}
}

func TestSegmentFile(t *testing.T) {
	for _, tt := range []struct {
		at     LSN
		size   int
		want   string
		offset int64
	}{
		{0x3000028, 16 << 20, "000000020000000000000003", 0x28},
		{0x1_FF000000, 16 << 20, "0000000200000001000000FF", 0},
		{0x1_FF100010, 1 << 20, "000000020000000100000FF1", 0x10},
		{0x1_C0000010, 1 << 30, "000000020000000100000003", 0x10},
	} {
		if name, offset := SegmentFile(2, tt.at, tt.size); name != tt.want || offset != tt.offset {
			t.Errorf("%v: %s %d, want %s %d", tt.at, name, offset, tt.want, tt.offset)
		}
	}
}
