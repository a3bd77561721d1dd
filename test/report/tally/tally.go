// Package tally runs go test and counts what came of it, for all that print
// how many tests ran: what did not run must nowhere look like what passed.
package tally

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// Tally is what came of one run.
type Tally struct {
	Passed, Failed, Skipped int

	Failures []string // tests, "PACKAGE TEST"
	Skips    []string // the same, with what they said
	Versions []string // what tests said they ran on
	Took     time.Duration
	Err      error // go test did not end well, which a failed test is the usual cause of
}

// Strict says whether nothing may be skipped here.
func Strict() bool { return os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "" }

// Verdict is what is wrong with the run, "" if nothing is.
func (t *Tally) Verdict(strict bool) string {
	switch {
	case t.Failed > 0:
		return "has failed tests"
	case t.Err != nil:
		return fmt.Sprintf("failed: %v", t.Err)
	case t.Passed == 0 && t.Skipped > 0:
		return "skipped all its tests"
	case t.Passed == 0:
		return "ran no test"
	case strict && t.Skipped > 0:
		return "may not skip tests here"
	}
	return ""
}

// Run runs go test with these arguments and what env adds to the environment.
// What failed tests print goes to w.
func Run(w io.Writer, env []string, args ...string) *Tally {
	begin := time.Now()
	t := &Tally{}
	w = Serial(w) // go's own words and those of the tests come side by side
	cmd := exec.Command("go", append([]string{"test", "-json", "-count=1", "-timeout=40m"}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = w
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err == nil {
		t.read(out, w)
		err = cmd.Wait()
	}
	t.Err, t.Took = err, time.Since(begin)
	return t
}

// Serial lets one write at a time, for several that write side by side.
func Serial(w io.Writer) io.Writer { return &serial{to: w} }

type serial struct {
	mu sync.Mutex
	to io.Writer
}

func (s *serial) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to.Write(b)
}

// event is a line of go test -json, see "go doc test2json".
type event struct {
	Action, Package, Test, Output string
}

// What tests say for the reader of the report: figures at once, versions in
// the end.
const (
	figure   = "FIGURE "
	versions = "VERSIONS "
)

// read counts the tests and passes on what a failed one has printed.
func (t *Tally) read(r io.Reader, w io.Writer) {
	output := map[string][]string{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(w, lines.Text())
			continue
		}
		key := e.Package + " " + e.Test
		switch e.Action {
		case "output":
			output[key] = append(output[key], e.Output)
			if strings.Contains(e.Output, figure) {
				fmt.Fprint(w, e.Output)
			}
			if _, said, ok := strings.Cut(e.Output, versions); ok && !slices.Contains(t.Versions, strings.TrimSpace(said)) {
				t.Versions = append(t.Versions, strings.TrimSpace(said))
			}
		case "build-output":
			fmt.Fprint(w, e.Output)
		case "pass", "fail", "skip":
			t.count(e, output[key], w)
			delete(output, key)
		}
	}
}

func (t *Tally) count(e event, output []string, w io.Writer) {
	if e.Action == "fail" {
		fmt.Fprint(w, strings.Join(output, ""))
	}
	if e.Test == "" {
		if e.Action != "skip" { // a package without tests
			fmt.Fprintf(w, "%-5s %s\n", e.Action, e.Package)
		}
		return
	}
	switch e.Action {
	case "pass":
		t.Passed++
	case "fail":
		t.Failed++
		t.Failures = append(t.Failures, e.Package+" "+e.Test)
	case "skip":
		t.Skipped++
		t.Skips = append(t.Skips, e.Package+" "+e.Test+": "+reason(output))
	}
}

// reason is what the test said when it skipped itself.
func reason(output []string) string {
	for _, line := range output {
		if _, why, ok := strings.Cut(line, "_test.go:"); ok {
			_, why, _ = strings.Cut(why, ": ")
			return strings.TrimSpace(why)
		}
	}
	return "no reason given"
}
