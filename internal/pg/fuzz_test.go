package pg

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"pgrex/internal/pg/wal"
	"pgrex/internal/run"
)

// Every bit that is read is under the check sum, in every layout.
func FuzzParseControl(f *testing.F) {
	files, _ := filepath.Glob("testdata/pg_control-*")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint16(16))
	}
	f.Add(image(1300), uint16(40))
	f.Add([]byte{}, uint16(0))
	f.Fuzz(func(t *testing.T, b []byte, at uint16) {
		_, _ = parseControl(b)
		if len(b) < 512 {
			return
		}
		l, known := controlLayouts[binary.NativeEndian.Uint32(b[8:])]
		if !known {
			return
		}
		b = slices.Clone(b)
		binary.NativeEndian.PutUint32(b[l.crc:], crc32.Checksum(b[:l.crc], crc32.MakeTable(crc32.Castagnoli)))
		c, err := parseControl(b)
		if err != nil || c.State.String() == "" {
			t.Fatalf("a right check sum: %+v, %v", c, err)
		}
		b[int(at)%len(b)] ^= 1
		again, err := parseControl(b)
		if inside := int(at)%len(b) < l.crc+4; inside && err == nil || !inside && (err != nil || again != c) {
			t.Errorf("bit %d changed: %+v, %v; was %+v", at, again, err, c)
		}
	})
}

// The last line that sets a setting counts, whatever stands before it; and what
// is read can be written again.
func FuzzConfValue(f *testing.F) {
	for _, text := range []string{
		"#stats = 'no'\n Stats 'a'\nstats_more = 'x'\n\tstats='b' # c\r\nstatsx 1\nstats = 3#c", "stats", "stats=", "stats '", "stats = 'a", `stats = 'a\`, "stats = 'it''s'", "stats = a b\n",
		"include 'x'\nstats\t=\toff", "\xef\xbb\xbfstats = on", "stats = '\\t\\x'",
	} {
		f.Add(text, "it's")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		if got, found := confValue(text, "stats"); found {
			if again, found := confValue("stats="+QuoteConf(got), "stats"); !found || again != got {
				t.Errorf("%q is found as %q, %t", got, again, found)
			}
		}
		if got, found := confValue(text+"\nstats = "+QuoteConf(value), "stats"); !found || got != value {
			t.Errorf("%q behind %q is found as %q, %t", value, text, got, found)
		}
		if got, err := unquoteConf(text); err == nil {
			if again, err := unquoteConf(QuoteConf(got)); err != nil || again != got {
				t.Errorf("%q comes back as %q, %v", got, again, err)
			}
		}
	})
}

// Names are read back from what is written for every release, through the
// quoting of the value and that of the file.
func FuzzSyncNames(f *testing.F) {
	for _, text := range []string{"", "node02", `"node-b"`, "FIRST 2 (a, \"b\")", "ANY 1 (*)", "2 (a,b", `"a""b"`, `a"b,c"`, "(((", `"(",","`, `"`, `""""`, "a,,b", "\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		names := ParseSyncNames(text)
		if slices.Contains(names, "") {
			t.Fatalf("a standby without a name: %q", names)
		}
		for _, major := range []int{906, 10, 18} {
			value, err := FormatSyncNames(names, true, major)
			if err != nil {
				if !strings.ContainsRune(text, 0) {
					t.Errorf("%q cannot be written: %v", names, err)
				}
				return
			}
			stored, ok := confValue(syncSetting+" = "+QuoteConf(value)+"\n", syncSetting)
			if got := ParseSyncNames(stored); !ok || len(got) != len(names) || len(got) > 0 && !reflect.DeepEqual(got, names) {
				t.Errorf("%q comes back as %q from %s", names, got, value)
			}
		}
	})
}

func FuzzQuoteConninfo(f *testing.F) {
	for _, s := range []string{"", "it's", `a\b`, `\'`, " ", "a b", "x' host='evil", "line\nbreak", `\`, "パス"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.ContainsRune(s, 0) {
			return
		}
		conf, err := pgconn.ParseConfig("host=/nowhere password=" + quoteConninfo(s) + " user=u dbname=" + quoteConninfo("d"+s) + " passfile='' servicefile='' sslmode=disable")
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if conf.Password != s || conf.Database != "d"+s || conf.Host != "/nowhere" || conf.User != "u" {
			t.Errorf("%q comes back as %q, %q, at %q as %q", s, conf.Password, conf.Database, conf.Host, conf.User)
		}
	})
}

func FuzzLock(f *testing.F) {
	f.Add("node=node-1\ntimeline=3\nposition=0/30000A0\ntime=2026-08-01T12:00:00Z\n", "node-1", uint32(3), uint64(0x30000A0), int64(1785585600))
	f.Add("# by hand\n\n", "", uint32(0), uint64(0), int64(0))
	f.Add("node = x\r\nfuture=1\ntime=2026-08-01T12:00:00+09:00", "#n\n=", ^uint32(0), ^uint64(0), int64(253402300799))
	f.Add("covered= a  b\ncheckpoint=0/1", "covered=", uint32(1), uint64(1), int64(1))
	f.Add("node\n", "a\nposition=0/1", uint32(1), uint64(1), int64(-1))
	f.Fuzz(func(t *testing.T, text, node string, timeline uint32, position uint64, seconds int64) {
		if l, err := parseLock(text); err == nil {
			if again, err := parseLock(l.format()); err != nil || again.format() != l.format() {
				t.Errorf("%q is read as %+v, which is read as %+v, %v", text, l, again, err)
			}
		}
		const year10000 = 253402300800
		want := LockInfo{Node: oneLine(node), Timeline: wal.Timeline(timeline), Position: wal.LSN(position), Time: time.Unix(max(seconds%year10000, 0), 0).UTC()}
		asGiven := want
		asGiven.Node = node
		if got, err := parseLock(asGiven.format()); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v comes back as %+v, %v", asGiven, got, err)
		}
	})
}

// Files that other programs and people write.
func FuzzFiles(f *testing.F) {
	f.Add([]byte("4711\n/dbfp/pgdata/data\n1785585600\n5432\n/var/run/postgresql\n*\n 5432001    131072\nready   \n"), 1)
	f.Add([]byte("-4711\n/data\n"), 0)
	f.Add([]byte("15\n"), 12)
	f.Add([]byte("9.6\n"), -1)
	f.Add([]byte("\n\n\n\nsockets\n"), 1<<40)
	f.Add([]byte(" 0x10\n\xff"), 3)
	f.Add([]byte("-9223372036854775808\n"), 2)
	f.Fuzz(func(t *testing.T, text []byte, number int) {
		dir := t.TempDir()
		i := New(Settings{Data: dir, TmpDir: dir, Port: 5432}, run.Local{})
		for _, name := range []string{"postmaster.pid", "PG_VERSION"} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if pid, single := i.pidFile(); pid < 0 || single && pid == 0 {
			t.Errorf("pid %d, single %t", pid, single)
		}
		if socket := i.socketFromPIDFile(); socket != "" && !filepath.IsAbs(socket) {
			t.Errorf("socket in %q", socket)
		}
		if v, err := i.Version(); (err == nil) != (v > 0) {
			t.Errorf("version %d, %v", v, err)
		}
		number = max(number, -number, 0)
		if err := i.WriteNote(number, string(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := i.Notes(); err != nil || !reflect.DeepEqual(got, map[int]string{number: string(text)}) {
			t.Errorf("note %d %q comes back as %q, %v", number, text, got, err)
		}
	})
}

// What the server answers is text that a release may word in a new way.
func FuzzAnswer(f *testing.F) {
	f.Add("t|150004|node02|0/3000060|0/30000A0|||1|streaming|1|1|on|f||", "|")
	f.Add("f|180000||||0/3000060|000000020000000000000003||||2|on|||0/3000060", "|")
	f.Add("", "|")
	f.Add("t,x,,77", ",")
	f.Add("7300000000000000001|2|0/3000060|", "|")
	f.Fuzz(func(t *testing.T, text, separator string) {
		var cells [][]byte
		for _, cell := range strings.Split(text, separator) {
			if cell == "" {
				cells = append(cells, nil)
				continue
			}
			cells = append(cells, []byte(cell))
		}
		st, err := parseState(cells)
		if err == nil && len(cells) < 13 {
			t.Errorf("%d columns give %+v", len(cells), st)
		}
		if err == nil && !st.InRecovery && st.Position() != 0 {
			t.Errorf("a primary with a position of a standby: %+v", st)
		}
		if _, err := parsePeer([]*pgconn.Result{{Rows: [][][]byte{cells}}}); err == nil && len(cells) < 3 {
			t.Errorf("%d columns give a peer", len(cells))
		}
		if _, err := parseSenders([]*pgconn.Result{{Rows: [][][]byte{cells}}}); err == nil && len(cells) < 13 {
			t.Errorf("%d columns give a sender", len(cells))
		}
	})
}

// Configuration files are written by people.
func FuzzConfigurationFiles(f *testing.F) {
	f.Add("port = 5432 # x\n'\n=\nname 'it''s'\n")
	f.Add(hbaText)
	f.Add("wal_sender_timeout = 1e400min\nfsync = \n\\")
	f.Add("host \"a\"\",b\" ,c d ::1/0 e\\\n")
	f.Fuzz(func(t *testing.T, text string) {
		for line := range strings.Lines(text) {
			if l, there := confLine(line); there && l.Error == "" {
				again, _ := confLine(l.Name + " = " + QuoteConf(l.Value))
				if again.Error != "" || again.Name != l.Name || again.Value != l.Value {
					t.Errorf("%q is %+v, and written anew %+v", line, l, again)
				}
				for _, name := range []string{"fsync", "wal_sender_timeout", "wal_level", l.Name} {
					if v, err := Canonical(name, l.Value); err == nil {
						if w, err := Canonical(name, v); err != nil || w != v {
							t.Errorf("%s: %q becomes %q and then %q, %v", name, l.Value, v, w, err)
						}
					}
				}
			}
			r, there := hbaRule(line)
			if there && r.Error == "" && r.Method == "" && len(r.Databases) == 0 {
				t.Errorf("%q is a rule %+v", line, r)
			}
			MatchHBA([]HBARule{r}, HBAConn{Replication: true, User: "u", From: netip.MustParseAddr("10.0.0.1")})
		}
		if strings.Contains(Conceal(text), "password") && !strings.Contains(text, "host") && !strings.Contains(text, "user") && !strings.Contains(text, "port") {
			t.Errorf("%q is told as %q", text, Conceal(text))
		}
	})
}
