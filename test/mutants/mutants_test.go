package main

import (
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// The list does not rot: every place is still there, and every test.
func TestEveryFaultFits(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range mutants {
		if seen[m.fault] {
			t.Errorf("%s: twice", m.fault)
		}
		seen[m.fault] = true
		if m.fault == "" || m.says == "" || !slices.Contains([]string{unit, realServer}, m.layer) {
			t.Errorf("incomplete: %+v", m)
		}
		text, err := os.ReadFile(filepath.Join(root, m.file))
		if err != nil {
			t.Errorf("%s: %v", m.fault, err)
			continue
		}
		faulty, err := m.apply(string(text))
		if err != nil {
			t.Errorf("%s: %v", m.fault, err)
			continue
		}
		if faulty == string(text) {
			t.Errorf("%s: nothing changes", m.fault)
		}
		if _, err := parser.ParseFile(token.NewFileSet(), m.file, faulty, parser.SkipObjectResolution); err != nil {
			t.Errorf("%s: %v", m.fault, err)
		}
		if !testExists(t, m.pkg, m.test) {
			t.Errorf("%s: %s has no test %s", m.fault, m.pkg, m.test)
		}
	}
}

// A fault that does not compile shows nothing. All of them go into one build.
func TestFaultsCompile(t *testing.T) {
	dir := t.TempDir()
	faulty := map[string]string{}
	for _, m := range mutants {
		text, ok := faulty[m.file]
		if !ok {
			b, err := os.ReadFile(filepath.Join(root, m.file))
			if err != nil {
				t.Fatal(err)
			}
			text = string(b)
		}
		text, err := m.apply(text)
		if err != nil {
			t.Fatal(err)
		}
		faulty[m.file] = text
	}
	overlay, err := writeOverlay(root, dir, faulty)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-overlay="+overlay, "./internal/...")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func testExists(t *testing.T, pkg, test string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, pkg, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+test+"(t *testing.T) {") {
			return true
		}
	}
	return false
}

func TestPlaceMustBeTheOnlyOne(t *testing.T) {
	m := mutant{file: "f.go", old: "a", new: "b"}
	for text, want := range map[string]string{"-a-": "-b-", "aa": "", "": ""} {
		if got, err := m.apply(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q becomes %q, %v", text, got, err)
		}
	}
}

func TestEnded(t *testing.T) {
	const output = "=== RUN   TestA\n    --- FAIL: TestA/sub (0.00s)\n--- PASS: TestA (0.01s)\n--- FAIL: TestBee (0.00s)\n--- SKIP: TestC (0.00s)\n"
	for _, c := range []struct {
		result, test string
		want         bool
	}{{"PASS", "TestA", true}, {"FAIL", "TestA", false}, {"FAIL", "TestBee", true}, {"FAIL", "TestB", false}, {"PASS", "TestC", false}} {
		if got := ended(output, c.result, c.test); got != c.want {
			t.Errorf("%s %s: %t", c.result, c.test, got)
		}
	}
}

// A fault that nobody notices, a test that fails for another reason, and one
// that cannot be built are all told apart from one that is caught.
func TestVerdicts(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":    "module m\n\ngo 1.24\n",
		"a.go":      "package m\n\nfunc a() int { return 1 }\n\nfunc b() int { return 2 }\n",
		"a_test.go": "package m\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) {\n\tif a() != 1 {\n\t\tt.Error(\"a is\", a())\n\t}\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOWORK", "off")
	if err := withoutFault(dir, []mutant{{pkg: ".", test: "TestA"}}); err != nil {
		t.Error(err)
	}
	if err := withoutFault(dir, []mutant{{pkg: ".", test: "TestGone"}}); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("a test that is gone: %v", err)
	}
	for _, c := range []struct{ old, new, says, want string }{
		{"return 1", "return 7", "a is 7", ""},
		{"return 2", "return 7", "a is 7", "survives"},
		{"return 1", "return 7", "a is 8", "does not say"},
		{"return 1", "return no", "a is 7", "did not run"},
		{"return 1", "panic(1)", "a is 7", "does not say"},
		{"return 3", "return 7", "a is 7", "0 times"},
		{"return", "return 7 //", "a is 7", "2 times"},
	} {
		m := mutant{file: "a.go", old: c.old, new: c.new, pkg: ".", test: "TestA", says: c.says}
		err := m.caught(dir, t.TempDir())
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.new, err, c.want)
		}
	}
}
