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

// notShownYet is how many statements of the operation commands have no test of
// their layer yet. It may only shrink, and is 0 when they are done; the agent's
// are all shown.
const notShownYet = 0

// definitionsNotShownYet is the same for the cluster definition and the set-up.
const definitionsNotShownYet = 0

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
	if got := f.notShown(ofAgent); len(got) > 0 {
		t.Errorf("of the agent are not shown: %v", got)
	}
	if got := f.notShown(ofOperations); len(got) != notShownYet {
		t.Errorf("of the operation commands %d are not shown, want %d: %v", len(got), notShownYet, got)
	}
	if got := f.notShown(ofDefinition); len(got) != definitionsNotShownYet {
		t.Errorf("of the cluster definition and the set-up %d are not shown, want %d: %v", len(got), definitionsNotShownYet, got)
	}
	t.Log("FIGURE conformance: agent: " + summary(f, ofAgent))
	t.Log("FIGURE conformance: operation commands: " + summary(f, ofOperations))
	t.Log("FIGURE conformance: cluster definition: " + summary(f, ofDefinition))
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
	for l, want := range map[*list]int{ofAgent: 124, ofOperations: 136, ofDefinition: 81} {
		all := l.numbered()[1:]
		if len(all) != want {
			t.Errorf("%d statements, want %d", len(all), want)
		}
		seen := map[string]bool{}
		for i, s := range all {
			if seen[s.text] || !strings.HasSuffix(s.text, ".") || len(s.text) > 160 || strings.ContainsAny(s.text, "|\n") {
				t.Errorf("statement %s is there twice, no sentence, too long, or breaks the table: %q", l.mark(i+1), s.text)
			}
			seen[s.text] = true
		}
	}
}

// What is wrong with a line is found, each time.
func TestScanRefuses(t *testing.T) {
	const head = "package x\n\nimport \"testing\"\n\n"
	for _, c := range []struct{ name, file, text, want string }{
		{"good", "x_test.go", head + "// Conformance: 2, 3 (unit)\nfunc TestA(t *testing.T) {}\n", ""},
		{"no such number", "x_test.go", head + "// Conformance: 125 (unit)\nfunc TestA(t *testing.T) {}\n", "no statement 125"},
		{"zero", "x_test.go", head + "// Conformance: 0 (unit)\nfunc TestA(t *testing.T) {}\n", "no statement 0"},
		{"twice", "x_test.go", head + "// Conformance: 2, 2 (unit)\nfunc TestA(t *testing.T) {}\n", "there twice"},
		{"of the operation commands", "x_test.go", head + "// Conformance: AT-002, AT-003 (unit)\nfunc TestA(t *testing.T) {}\n", ""},
		{"of the operation commands, of a cheap layer", "x_test.go", head + "// Conformance: AT-049 (unit)\nfunc TestA(t *testing.T) {}\n", ""},
		{"of the operation commands, no such number", "x_test.go", head + "// Conformance: AT-137 (unit)\nfunc TestA(t *testing.T) {}\n", "only AT-001 to AT-136"},
		{"of the operation commands, digits", "x_test.go", head + "// Conformance: AT-2 (unit)\nfunc TestA(t *testing.T) {}\n", "is not the line of a test"},
		{"of the definition", "x_test.go", head + "// Conformance: CD-001 (unit)\nfunc TestA(t *testing.T) {}\n", ""},
		{"of the definition, no such number", "x_test.go", head + "// Conformance: CD-082 (unit)\nfunc TestA(t *testing.T) {}\n", "only CD-001 to CD-081"},
		{"of both lists", "x_test.go", head + "// Conformance: 2, AT-003 (unit)\nfunc TestA(t *testing.T) {}\n", "is not the line of a test"},
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

// What only a cheaper layer shows is not shown, and the document says so.
func TestRenderCountsHonestly(t *testing.T) {
	f := &found{claims: []claim{
		{file: "a_test.go", test: "TestCheap", layer: unit, list: ofOperations, numbers: []int{1, 49}},
		{file: "b_test.go", test: "TestReal", layer: server, list: ofOperations, numbers: []int{50}},
	}}
	text := render(f)
	for _, want := range []string{
		"The operation commands: **2 of 136 statements are shown by a test.**",
		"`TestCheap`, of cheaper layers only, see below |",
		"| AT-049 | " + ofOperations.numbered()[49].text + " | a test of the layer PostgreSQL server |",
		"| AT-021 | " + ofOperations.numbered()[21].text + " | a test |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the document lacks %q", want)
		}
	}
	if strings.Contains(text, "| AT-001 | "+ofOperations.numbered()[1].text+" | a test") {
		t.Error("AT-001 is called missing")
	}
}
