// Command mutants shows that the tests notice a broken agent. It puts one
// deliberate fault after the other into the decisions and the actions, and runs
// the one test that has to fail for it.
//
// The source stays as it is: the compiler is given the faulty file in its place
// (go test -overlay). First all the tests run without a fault and must pass; with
// the fault each must fail, and say what belongs to the fault.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
)

func main() {
	// From the top of the repository, as "go run ./test/mutants".
	only := flag.String("run", "", "only the faults whose text matches this `regexp`")
	flag.Parse()
	if err := run(".", *only); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(root, only string) error {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	chosen := slices.DeleteFunc(slices.Clone(mutants), func(m mutant) bool { return !pattern.MatchString(m.fault) })
	if len(chosen) == 0 {
		return fmt.Errorf("no fault matches %q", only)
	}
	dir, err := os.MkdirTemp("", "pgrex-mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := withoutFault(root, chosen); err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "fault\tfile\ttest\tlayer\tresult")
	bad := 0
	for _, m := range chosen {
		fmt.Printf("with a fault: %s: %s\n", m.fault, m.test)
		result := "caught"
		if err := m.caught(root, dir); err != nil {
			bad++
			result = "ERROR: " + strings.SplitN(err.Error(), "\n", 2)[0]
			fmt.Fprintf(os.Stderr, "mutants: %s: %v\n", m.fault, err)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", m.fault, m.file, m.test, m.layer, result)
	}
	fmt.Println()
	table.Flush()
	if bad > 0 {
		return fmt.Errorf("%d of %d faults are not caught", bad, len(chosen))
	}
	fmt.Printf("\n%d faults, all caught\n", len(chosen))
	return nil
}

// withoutFault runs the tests as they are: one that fails, is skipped or no
// longer exists would otherwise seem to catch its fault.
func withoutFault(root string, chosen []mutant) error {
	tests := map[string][]string{}
	var packages []string
	for _, m := range chosen {
		if !slices.Contains(packages, m.pkg) {
			packages = append(packages, m.pkg)
		}
		if !slices.Contains(tests[m.pkg], m.test) {
			tests[m.pkg] = append(tests[m.pkg], m.test)
		}
	}
	for _, pkg := range packages {
		fmt.Printf("without a fault: %s: %s\n", pkg, strings.Join(tests[pkg], ", "))
		out, err := goTest(root, pkg, tests[pkg])
		if err != nil {
			return fmt.Errorf("the tests of %s do not pass without a fault: %w\n%s", pkg, err, out)
		}
		for _, test := range tests[pkg] {
			if !ended(out, "PASS", test) {
				return fmt.Errorf("%s of %s does not exist or was skipped:\n%s", test, pkg, out)
			}
		}
	}
	return nil
}

// caught puts the fault in and wants the test to fail because of it.
func (m mutant) caught(root, dir string) error {
	overlay, err := m.overlay(root, dir)
	if err != nil {
		return err
	}
	out, err := goTest(root, m.pkg, []string{m.test}, "-overlay="+overlay)
	var exit *exec.ExitError
	switch {
	case err == nil:
		return errors.New("it survives: the test passes with it")
	case !errors.As(err, &exit):
		return err
	case !ended(out, "FAIL", m.test):
		return fmt.Errorf("the test did not run to its end:\n%s", out)
	case !strings.Contains(out, m.says):
		return fmt.Errorf("the test fails and does not say %q:\n%s", m.says, out)
	}
	return nil
}

// overlay writes the faulty file and what tells the compiler of it.
func (m mutant) overlay(root, dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		return "", err
	}
	faulty, err := m.apply(string(text))
	if err != nil {
		return "", err
	}
	return writeOverlay(root, dir, map[string]string{m.file: faulty})
}

// writeOverlay writes files in place of those of the repository into dir, and
// the list of them that go's -overlay wants.
func writeOverlay(root, dir string, texts map[string]string) (string, error) {
	replace := map[string]string{}
	for file, text := range texts {
		path, err := filepath.Abs(filepath.Join(root, file))
		if err != nil {
			return "", err
		}
		replace[path] = filepath.Join(dir, strings.ReplaceAll(file, "/", "-"))
		if err := os.WriteFile(replace[path], []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, list, 0o644)
}

// apply is the text with the fault. A place that is gone, or is no longer the
// only one, is an error: nobody would see that nothing is tried any more.
func (m mutant) apply(text string) (string, error) {
	if n := strings.Count(text, m.old); n != 1 {
		return "", fmt.Errorf("%s holds %q %d times, want 1", m.file, m.old, n)
	}
	return strings.Replace(text, m.old, m.new, 1), nil
}

func goTest(root, pkg string, tests []string, more ...string) (string, error) {
	var names []string
	for _, t := range tests {
		names = append(names, regexp.QuoteMeta(t))
	}
	args := append([]string{"test", "-v", "-vet=off", "-count=1", "-timeout=10m", "-run=^(" + strings.Join(names, "|") + ")$"}, more...)
	cmd := exec.Command("go", append(args, pkg)...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// ended says whether go test -v reports that a test has come to this end.
func ended(output, result, test string) bool {
	return strings.Contains("\n"+output, "\n--- "+result+": "+test+" (")
}
