package wal

import "testing"

// Conformance: AT-064, AT-112, AT-113 (unit)
func TestParseName(t *testing.T) {
	for file, want := range map[string]Name{
		"000000020000000000000003":                    {Kind: SegmentKind, Timeline: 2, seg: 3},
		"000000020000000A00000003.gz":                 {Kind: SegmentKind, Timeline: 2, log: 10, seg: 3, Suffix: ".gz"},
		"000000020000000000000003.bz2":                {Kind: SegmentKind, Timeline: 2, seg: 3, Suffix: ".bz2"},
		"000000020000000000000003.xz":                 {Kind: SegmentKind, Timeline: 2, seg: 3, Suffix: ".xz"},
		"000000020000000000000003.lz4":                {Kind: SegmentKind, Timeline: 2, seg: 3, Suffix: ".lz4"},
		"000000020000000000000003.zst":                {Kind: SegmentKind, Timeline: 2, seg: 3, Suffix: ".zst"},
		"000000020000000000000003.partial":            {Kind: PartialKind, Timeline: 2, seg: 3},
		"000000020000000000000003.partial.zst":        {Kind: PartialKind, Timeline: 2, seg: 3, Suffix: ".zst"},
		"0000000B.history":                            {Kind: HistoryKind, Timeline: 11},
		"0000000B.history.gz":                         {Kind: HistoryKind, Timeline: 11, Suffix: ".gz"},
		"000000020000000000000003.00000028.backup":    {Kind: BackupKind, Timeline: 2, seg: 3},
		"000000020000000000000003.00000028.backup.xz": {Kind: BackupKind, Timeline: 2, seg: 3, Suffix: ".xz"},
	} {
		got, ok := ParseName(file)
		want.Base = file[:len(file)-len(want.Suffix)]
		if !ok || got != want || got.String() != file {
			t.Errorf("%s: %+v %t, want %+v", file, got, ok, want)
		}
	}
	for _, file := range []string{
		"", ".", ".gz", "lost+found", "archive_status", "00000002000000000000000", "0000000200000000000000031",
		"00000002000000000000000a", "00000002000000000000000G", "+00000020000000000000003", "000000020000000000000003.",
		"000000020000000000000003.gz.gz", "000000020000000000000003.rcv", "000000020000000000000003.tmp",
		"000000020000000000000003.partial.partial", "0000000B.history.", "B.history", "0000000b.history",
		"000000020000000000000003.00000028", "000000020000000000000003.0000028.backup", "000000020000000000000003.0000002g.backup",
		"000000020000000000000003.history", "0000000B.partial", "000000020000000000000003.Z",
	} {
		if n, ok := ParseName(file); ok {
			t.Errorf("%q is taken for %+v", file, n)
		}
	}
}

// Conformance: AT-064, AT-112, AT-113 (unit)
func TestSegmentNumbers(t *testing.T) {
	for _, tt := range []struct {
		at   LSN
		size int
		want Segment
		file string
	}{
		{0, 16 << 20, 0, "000000070000000000000000"},
		{0x3000028, 16 << 20, 3, "000000070000000000000003"},
		{0x1_FF000000, 16 << 20, 0x1FF, "0000000700000001000000FF"},
		{0x1_FFFFFFFF, 16 << 20, 0x1FF, "0000000700000001000000FF"},
		{0x2_00000000, 16 << 20, 0x200, "000000070000000200000000"},
		{0x1_FF100010, 1 << 20, 0x1FF1, "000000070000000100000FF1"},
		{0x1_C4000000, 64 << 20, 0x71, "000000070000000100000031"},
		{0x1_C0000010, 1 << 30, 7, "000000070000000100000003"},
		{^LSN(0), 1 << 20, 1<<44 - 1, "00000007FFFFFFFF00000FFF"},
	} {
		s := SegmentOf(tt.at, tt.size)
		if s != tt.want || s.File(7, tt.size) != tt.file {
			t.Errorf("%v of %d: %d %s, want %d %s", tt.at, tt.size, s, s.File(7, tt.size), tt.want, tt.file)
		}
		if start := s.Start(tt.size); start > tt.at || uint64(tt.at-start) >= uint64(tt.size) {
			t.Errorf("%v of %d begins at %v", tt.at, tt.size, start)
		}
		n, ok := ParseName(tt.file + ".partial.gz")
		if back, known := n.Segment(tt.size); !ok || !known || back != s {
			t.Errorf("%s of %d comes back as %d %t", tt.file, tt.size, back, known)
		}
	}
	for file, size := range map[string]int{
		"000000010000000000000100":      16 << 20, // 0xFF is the last one
		"000000010000000000000004":      1 << 30,
		"000000010000000000000003":      3 << 20,
		"0000000100000000000000FF":      0,
		"000000010000000000000000.lz4":  1 << 31,
		"00000002.history":              16 << 20,
		"000000010000000000001000":      1 << 20,
		"0000000100000000000001000.zst": 1 << 20,
	} {
		n, _ := ParseName(file)
		if s, ok := n.Segment(size); ok {
			t.Errorf("%s of %d is segment %d", file, size, s)
		}
	}
}
