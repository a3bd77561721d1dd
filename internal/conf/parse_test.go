package conf

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgrex/internal/message"
)

// values are what a text gives, by today's spelling.
func values(raw Raw) map[string]string {
	all := map[string]string{}
	for name, s := range raw.given {
		if s.value != "" {
			all[name] = s.value
		}
	}
	return all
}

// told are problems as an operator reads them.
func told(problems []Problem) []string {
	var all []string
	for _, p := range problems {
		all = append(all, string(p.ID)+" "+p.Text(message.Printer{}))
	}
	return all
}

// Conformance: AT-004, AT-005, AT-006 (unit)
func TestParseLines(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		key, value string // empty: no key is given
		problems   []string
	}{
		{name: "key and value", text: "Archive_dir = /a", key: keyArchiveDir, value: "/a"},
		{name: "no blanks", text: "Archive_dir=/a", key: keyArchiveDir, value: "/a"},
		{name: "blanks all around", text: "  Archive_dir   =   /a  \n", key: keyArchiveDir, value: "/a"},
		{name: "tabs", text: "\tArchive_dir\t=\t/a\t\n", key: keyArchiveDir, value: "/a"},
		{name: "full-width blanks", text: "\u3000Archive_dir\u3000=\u3000/a\u3000\n", key: keyArchiveDir, value: "/a"},
		{name: "mixed blanks before a comment", text: "Archive_dir = /a \u3000\t # where it is", key: keyArchiveDir, value: "/a"},
		{name: "blank inside", text: "Archive_dir = /a b", key: keyArchiveDir, value: "/a b"},
		{name: "CRLF", text: "Archive_dir = /a\r\n", key: keyArchiveDir, value: "/a"},
		{name: "blank before CRLF", text: "Archive_dir = /a\u3000\r\n", key: keyArchiveDir, value: "/a"},
		{name: "BOM", text: "\ufeffArchive_dir = /a\n", key: keyArchiveDir, value: "/a"},
		{name: "comment at once", text: "Archive_dir = /a# where", key: keyArchiveDir, value: "/a"},
		{name: "comment line", text: "# Archive_dir = /a"},
		{name: "comment after blanks", text: " \u3000# Archive_dir = /a"},
		{name: "comment in another encoding", text: "Archive_dir = /a # \xa5\xa2\xa1\xbc", key: keyArchiveDir, value: "/a"},
		{name: "empty lines", text: "\n\r\n \t\u3000\n"},
		{name: "empty text", text: ""},
		{name: "equals sign in the value", text: "Archive_dir = /a=b=c", key: keyArchiveDir, value: "/a=b=c"},
		{name: "number sign in quotes", text: `Archive_dir = "/a#b" # comment`, key: keyArchiveDir, value: "/a#b"},
		{name: "blanks in quotes", text: "Archive_dir = \"/a \u3000\"", key: keyArchiveDir, value: "/a \u3000"},
		{name: "quoted list", text: `D_LAN_IPAddress = "10.0.0.1, 10.0.0.2"`, key: keyDLAN, value: "10.0.0.1, 10.0.0.2"},
		{name: "quoted elements", text: `PING_ResourceID = "a#1" , "b" #c`, key: keyPing, value: "a#1, b"},
		{name: "quoted in a group", text: `IC_LAN_IPAddress = ("10.0.0.1", "10.0.0.2")`, key: keyICLAN, value: "(10.0.0.1, 10.0.0.2)"},
		{name: "quote inside a value", text: `Archive_dir = /a"b`, key: keyArchiveDir, value: `/a"b`},
		{name: "empty value", text: "PGPATH ="},
		{name: "empty value with comment", text: "PGPATH = # none"},
		{name: "empty quotes", text: `PGPATH = ""`},
		{name: "old spelling", text: "D-LAN_IPAddress = 10.0.0.1", key: keyDLAN, value: "10.0.0.1"},

		{name: "quote not closed", text: `Archive_dir = "/a`, problems: []string{`CFG-020 Line 1 cannot be understood: Archive_dir = "/a`}},
		{name: "text after a quote", text: `Archive_dir = "/a"b`, problems: []string{`CFG-020 Line 1 cannot be understood: Archive_dir = "/a"b`}},
		{name: "neither", text: "\nhello\n", problems: []string{"CFG-020 Line 2 cannot be understood: hello"}},
		{name: "no key", text: "= /a", problems: []string{"CFG-020 Line 1 cannot be understood: = /a"}},
		{name: "blank in the key", text: "Archive dir = /a\r\n", problems: []string{"CFG-020 Line 1 cannot be understood: Archive dir = /a"}},
		{name: "comment before the sign", text: "Archive_dir # = /a", problems: []string{"CFG-020 Line 1 cannot be understood: Archive_dir # = /a"}},
		{name: "control character", text: "Archive_dir = /\x1b[2J", problems: []string{"CFG-020 Line 1 cannot be understood: Archive_dir = /\ufffd[2J"}},
		{name: "not UTF-8", text: "Archive_dir = /\xa5\xa2", problems: []string{"CFG-020 Line 1 cannot be understood: Archive_dir = /\ufffd"}},
		{name: "last one wins", text: "Archive_dir = /a\nArchive_dir = /b", key: keyArchiveDir, value: "/b",
			problems: []string{"CFG-022 Line 2: Archive_dir is given more than once; the last value is used."}},
		{name: "the manual's mistake", text: "STORAGE_MON_ResouceID = x",
			problems: []string{"CFG-021 Line 1: unknown key STORAGE_MON_ResouceID. Did you mean STORAGE_MON_ResourceID?"}},
		{name: "wrong case", text: "archive_DIR = /a", problems: []string{"CFG-021 Line 1: unknown key archive_DIR. Did you mean Archive_dir?"}},
		{name: "old key, misspelt", text: "VIP_SLAV = enable", problems: []string{"CFG-021 Line 1: unknown key VIP_SLAV. Did you mean VIP_SLAVE?"}},
		{name: "dots in a key", text: "log.file = /a", problems: []string{"CFG-021 Line 1: unknown key log.file. Did you mean LOG_FILE?"}},
	} {
		raw, problems := Parse([]byte(tt.text))
		want := map[string]string{}
		if tt.key != "" {
			want[tt.key] = tt.value
		}
		if got := values(raw); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: values %q, want %q", tt.name, got, want)
		}
		if got := told(problems); !slices.Equal(got, tt.problems) {
			t.Errorf("%s: problems %q, want %q", tt.name, got, tt.problems)
		}
	}
}

// Conformance: AT-003 (unit)
func TestParseSpellings(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		value      string // of the D-LAN
		old        bool
		problems   []string
	}{
		{name: "new", text: "D_LAN_IPAddress = 10.0.0.1, 10.0.0.2", value: "10.0.0.1, 10.0.0.2"},
		{name: "old", text: "D-LAN_IPAddress = 10.0.0.1, 10.0.0.2", value: "10.0.0.1, 10.0.0.2", old: true},
		{name: "both, equal but for blanks", text: "D-LAN_IPAddress = 10.0.0.1,10.0.0.2\nD_LAN_IPAddress = 10.0.0.1 , 10.0.0.2",
			value: "10.0.0.1 , 10.0.0.2", old: true},
		{name: "old beside an empty new one", text: "D_LAN_IPAddress =\nD-LAN_IPAddress = 10.0.0.1", value: "10.0.0.1", old: true},
		{name: "new beside an empty old one", text: "D_LAN_IPAddress = 10.0.0.1\nD-LAN_IPAddress =", value: "10.0.0.1"},
		{name: "both, different", text: "D_LAN_IPAddress = 10.0.0.1, 10.0.0.2\n\nD-LAN_IPAddress = 10.0.0.1, 10.0.0.3",
			value: "10.0.0.1, 10.0.0.2", old: true,
			problems: []string{"CFG-023 Line 3: D-LAN_IPAddress and D_LAN_IPAddress are the same setting but differ."}},
		{name: "two old ones", text: "PG_REX_Master_ResourceID = a\nPG-REX_Master_ResourceID = b", old: true,
			problems: []string{"CFG-023 Line 2: PG-REX_Master_ResourceID and PG_REX_Master_ResourceID are the same setting but differ."}},
		{name: "a hyphen that no old file has", text: "IC-LAN_IPAddress = (10.0.0.1, 10.0.0.2)"},
	} {
		raw, problems := Parse([]byte(tt.text))
		if got := raw.given[keyDLAN].value; got != tt.value || raw.old != tt.old {
			t.Errorf("%s: %q, old %v", tt.name, got, raw.old)
		}
		if got := told(problems); !slices.Equal(got, tt.problems) {
			t.Errorf("%s: %q", tt.name, got)
		}
		for _, p := range problems {
			if p.IsError() && p.ID.Exit() != 9 {
				t.Errorf("%s: %s ends with %d", tt.name, p.ID, p.ID.Exit())
			}
		}
	}
}

func TestEverySpellingIsKnownOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range keys {
		for _, s := range k.spellings() {
			if seen[s] || !isKey(s) {
				t.Errorf("%s is no key, or one twice", s)
			}
			seen[s] = true
			raw, problems := Parse([]byte(s + " = x"))
			if raw.given[k.name].value != "x" || len(problems) > 0 {
				t.Errorf("%s: %v, %q", s, raw.given, told(problems))
			}
			if raw.old != slices.Contains(k.old, s) {
				t.Errorf("%s: old %v", s, raw.old)
			}
		}
	}
}

func TestProblemInJapanese(t *testing.T) {
	_, problems := Parse([]byte("PGPATH = /a\nPGPATH = /b\n?\n"))
	var got []string
	for _, p := range problems {
		got = append(got, p.Text(message.In("ja")))
	}
	want := []string{"2 行目: PGPATH が複数回指定されています。最後の値を使います。", "3 行目を解釈できません: ?"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if problems[0].IsError() || !problems[1].IsError() {
		t.Error("a repeated key is a warning, a line that cannot be understood an error")
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range samples {
		f.Add(string(sample(f, name)))
	}
	f.Add("\ufeffIC_LAN_IPAddress=(\"a#\", b) , (c,d)#\r\n\u3000=\nSTONITH_ResourceID=a,,\nBASEBACKUP_MAX_RATE=1M\x00")
	f.Fuzz(func(t *testing.T, text string) {
		raw, problems := Parse([]byte(text))
		c, more := raw.Config()
		_, located := c.Locate(nil)
		for _, p := range slices.Concat(problems, more, located) {
			if lines := strings.Count(text, "\n") + 1; p.Line < 0 || p.Line > lines {
				t.Errorf("%s: line %d of %d", p.ID, p.Line, lines)
			}
			for _, printer := range []message.Printer{{}, message.In("ja")} {
				if s := p.Text(printer); s == "" || strings.ContainsAny(s, "\n\r\x00\x1b") {
					t.Errorf("%s: %q", p.ID, s)
				}
			}
		}
		for name, s := range raw.given {
			// What was read can be written down and read again.
			if strings.Contains(s.value, `"`) {
				continue
			}
			again, _ := Parse([]byte(name + ` = "` + s.value + `"`))
			if got := again.given[name].value; got != s.value {
				t.Errorf("%s: %q was %q", name, got, s.value)
			}
		}
		if len(c.ICLAN) > 2 || c.SSHPort < 1 || c.PollInterval <= 0 || c.TimeoutStart <= 0 {
			t.Errorf("%+v", c)
		}
	})
}
