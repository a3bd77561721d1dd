package sheet

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgrex/internal/message"
)

// shared is a file of upstream's, which is not ours to have in the repository.
func shared(t testing.TB, name string) []byte {
	t.Helper()
	dir := os.Getenv("PGREX_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	b, err := os.ReadFile(filepath.Join(dir, "data", name))
	switch {
	case err == nil:
		return b
	case os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "":
		t.Fatal(err)
	}
	t.Skipf("upstream's sheets are not here: %v (set PGREX_SHARED)", err)
	return nil
}

func golden(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata/golden", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// notes are messages as the lists of golden files write them, from a level on:
// CODE@row(argument).
func notes(list []Message, to Level) string {
	arguments := map[string]string{"E014": "column", "E015": "column", "E023": "column", "W024": "column", "E025": "column", "W026": "row",
		"I027": "column", "E034": "row", "E036": "row", "E038": "row", "E039": "row", "W040": "row", "E043": "row", "W044": "row", "E046": "id"}
	var out []string
	for _, m := range list {
		if m.Level() > to {
			continue
		}
		row, argument := "-", ""
		if m.Row > 0 {
			row = fmt.Sprint(m.Row)
		}
		if name, ok := arguments[m.Code()]; ok {
			for i := 0; i+1 < len(m.Args); i += 2 {
				if m.Args[i] == name {
					argument = fmt.Sprintf("(%v)", m.Args[i+1])
				}
			}
		} else if slices.Contains([]string{"E016", "W017", "W018", "W020", "E020", "W021", "E022", "E004"}, m.Code()) {
			argument = "(" + m.Column + ")"
		}
		out = append(out, m.Code()+"@"+row+argument)
	}
	if len(out) == 0 {
		return "-"
	}
	return strings.Join(out, " ")
}

// status is the exit status of a generator that has these messages.
func status(list []Message) int {
	switch errors, warnings := Count(list); {
	case errors > 0:
		return 1
	case warnings > 0:
		return 2
	}
	return 0
}

// Conformance: CD-001, CD-002 (unit)
func TestSheetsOfPGREX(t *testing.T) {
	for _, name := range []string{"pgrex96-stonith", "pgrex96-nostonith"} {
		want := string(golden(t, name+".crm"))
		sheets, err := filepath.Glob("testdata/golden/" + name + "*.csv")
		if err != nil || len(sheets) < 2 {
			t.Fatal(sheets, err)
		}
		for _, file := range sheets {
			s, list := Read(golden(t, filepath.Base(file)), Options{})
			if len(list) != 0 {
				t.Errorf("%s: %s", file, notes(list, Info))
			}
			if got := s.CRM(Options{}); got != want {
				t.Errorf("%s: %s", file, difference(got, want))
			}
		}
	}
}

// difference is the first line that differs.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		a, b := "(end)", "(end)"
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			return fmt.Sprintf("line %d is\n%q, want\n%q", i+1, a, b)
		}
	}
	return "the same"
}

// Notices of ours are no part of what pm_crmgen was seen to say.
//
// Conformance: CD-005, CD-006 (unit)
func TestMessageVectors(t *testing.T) {
	for dir, level := range map[string]Level{"messages": Warning, "product": Info} {
		count := 0
		for line := range strings.Lines(string(golden(t, dir+"/expected.tsv"))) {
			f := strings.Split(strings.TrimRight(line, "\n"), "\t")
			if strings.HasPrefix(line, "#") || len(f) != 3 {
				continue
			}
			count++
			name := filepath.Join(dir, f[0])
			s, list := Read(golden(t, name+".csv"), Options{})
			if got := notes(list, level); got != f[2] || fmt.Sprint(status(list)) != f[1] {
				t.Errorf("%s: %d %s, want %s %s", name, status(list), got, f[1], f[2])
			}
			for _, m := range list {
				for _, p := range []message.Printer{message.In("en"), message.In("ja")} {
					if text := m.Line("x.csv", p); strings.ContainsAny(text, "{}") {
						t.Errorf("%s: %s", name, text)
					}
				}
			}
			want, err := os.ReadFile("testdata/golden/" + name + ".crm")
			if os.IsNotExist(err) || f[1] == "1" {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := s.CRM(Options{}); got != string(want) {
				t.Errorf("%s: %s", name, difference(got, string(want)))
			}
		}
		if least := map[string]int{"messages": 60, "product": 8}[dir]; count < least {
			t.Errorf("only %d vectors in %s", count, dir)
		}
	}
}

// Conformance: CD-003, CD-004 (unit)
func TestSheetsOfUpstream(t *testing.T) {
	want := string(shared(t, "pm_crmgen_env.sheet2-example1.crm"))
	book := shared(t, "pm_crmgen_env.xls")
	example := shared(t, "pm_crmgen_env.sheet2-example1.csv")
	for _, tt := range []struct {
		content   []byte
		worksheet string
	}{{example, ""}, {book, "2"}, {book, "記入例_1"}} {
		s, list := Read(tt.content, Options{Worksheet: tt.worksheet})
		if got := s.CRM(Options{}); status(list) != 0 || got != want {
			t.Errorf("%q: %s\n%s", tt.worksheet, notes(list, Info), difference(got, want))
		}
	}
	// The second example has parameters with rules.
	s, list := Read(book, Options{Worksheet: "記入例_2"})
	if text := s.CRM(Options{}); status(list) != 0 || !strings.Contains(text, "\n\tparams rule ") && !strings.Contains(text, "\n\tparams ") || !strings.Contains(text, "#uname") {
		t.Errorf("%s\n%s", notes(list, Info), text)
	}
	for _, form := range [][]byte{shared(t, "pm_crmgen_env.sheet1-template.csv"), book} {
		if _, list := Read(form, Options{}); notes(list, Warning) != "E023@38(id)" {
			t.Errorf("the empty form: %s", notes(list, Warning))
		}
	}
}
