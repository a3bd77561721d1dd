package main

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

var update = flag.Bool("update", false, "write docs/conformance.md anew")

// notShownYet may only shrink, and is empty when the project is done.
var notShownYet []int

func TestConformanceIsUpToDate(t *testing.T) {
	f, err := scan(root)
	if err != nil {
		t.Fatal(err)
	}
	// Fewer means that the walk has looked in the wrong place.
	if len(f.tests) < 150 || f.scripts < 4 {
		t.Fatalf("only %d tests and %d scripts found", len(f.tests), f.scripts)
	}
	for _, p := range f.problems {
		t.Error(p)
	}
	if got := f.notShown(); !slices.Equal(got, notShownYet) {
		t.Errorf("not shown are %v, want %v", got, notShownYet)
	}
	t.Log("FIGURE conformance: " + summary(f))
	name, text := filepath.Join(root, document), render(f)
	if *update {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(name)
	if err != nil || string(have) != text {
		t.Errorf("%s is not what the tests say (%v): go run ./test/conformance", document, err)
	}
}

func TestStatements(t *testing.T) {
	all := numbered()[1:]
	if len(all) != 124 {
		t.Errorf("%d statements, want 124", len(all))
	}
	seen := map[string]bool{}
	for i, s := range all {
		if seen[s.text] || !strings.HasSuffix(s.text, ".") || len(s.text) > 160 || strings.ContainsAny(s.text, "|\n") {
			t.Errorf("statement %d is there twice, no sentence, too long, or breaks the table: %q", i+1, s.text)
		}
		seen[s.text] = true
	}
}

// What is wrong with a line is found, each time.
func TestScanRefuses(t *testing.T) {
	const head = "package x\n\nimport \"testing\"\n\n"
	for _, c := range []struct{ name, file, text, want string }{
		{"good", "x_test.go", head + "// Conformance: 2, 3 (unit)\nfunc TestA(t *testing.T) {}\n", ""},
		{"no such number", "x_test.go", head + "// Conformance: 125 (unit)\nfunc TestA(t *testing.T) {}\n", "no statement 125"},
		{"zero", "x_test.go", head + "// Conformance: 0 (unit)\nfunc TestA(t *testing.T) {}\n", "no statement 0"},
		{"twice", "x_test.go", head + "// Conformance: 2, 2 (unit)\nfunc TestA(t *testing.T) {}\n", "out of order"},
		{"no layer", "x_test.go", head + "// Conformance: 2\nfunc TestA(t *testing.T) {}\n", "is not the line of a test"},
		{"unknown layer", "x_test.go", head + "// Conformance: 2 (moon)\nfunc TestA(t *testing.T) {}\n", "is not the line of a test"},
		{"too cheap", "x_test.go", head + "// Conformance: 24 (unit)\nfunc TestA(t *testing.T) {}\n", "needs layer PostgreSQL server"},
		{"lab elsewhere", "x_test.go", head + "// Conformance: 2 (lab)\nfunc TestA(t *testing.T) {}\n", "the layer lab is test/cluster/"},
		{"of a helper", "x_test.go", head + "// Conformance: 2 (unit)\nfunc helper(t *testing.T) {}\n", "is not the line of a test"},
		{"of a method", "x_test.go", head + "type s int\n\n// Conformance: 2 (unit)\nfunc (s) TestA(t *testing.T) {}\n", "is not the line of a test"},
		{"of nothing", "x_test.go", head + "// Conformance: 2 (unit)\n\nfunc TestA(t *testing.T) {}\n", "is not the line of a test"},
		{"a test that is not there", "x_test.go", head + "// As TestB does.\nfunc TestA(t *testing.T) {}\n", "speaks of TestB"},
		{"in a document", "docs/x.md", "See `TestB`.\n", "speaks of TestB"},
		{"script", "a/testdata/x.txtar", "# Conformance: 6, 7\n", ""},
		{"script with a layer", "a/testdata/x.txtar", "# Conformance: 6 (script)\n", "want # Conformance"},
		{"script, no such number", "a/testdata/x.txtar", "# Conformance: 600\n", "no statement 600"},
		{"a server's statement in a script", "a/testdata/x.txtar", "# Conformance: 24\n", "needs layer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			name := filepath.Join(dir, c.file)
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			f, err := scan(dir)
			if err != nil {
				t.Fatal(err)
			}
			problems := slices.DeleteFunc(f.problems, func(p string) bool { return strings.HasPrefix(p, "no test shows") })
			switch {
			case c.want == "" && (len(problems) > 0 || len(f.claims) != 1):
				t.Errorf("%d claims, problems %q", len(f.claims), problems)
			case c.want != "" && !strings.Contains(strings.Join(problems, "\n"), c.want):
				t.Errorf("problems %q, want %q", problems, c.want)
			}
		})
	}
}
