// Command report runs the test layers one after the other, says at the end how
// many tests ran in each, and fails when one failed, was skipped where nothing
// may be skipped, or when a layer ran no test at all: a layer that did not run
// must never look like one that passed.
//
//	report NAME=PACKAGE[,PACKAGE...] ...
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// layer is a group of packages that shows one kind of thing.
type layer struct {
	name     string
	packages []string

	passed, failed, skipped int
	skips                   []string
	took                    time.Duration
	err                     error
}

// event is a line of go test -json, see "go doc test2json".
type event struct {
	Action, Package, Test, Output string
}

func main() {
	strict := os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != ""
	var layers []*layer
	for _, arg := range os.Args[1:] {
		name, packages, ok := strings.Cut(arg, "=")
		if !ok {
			fmt.Fprintf(os.Stderr, "report: %q is not NAME=PACKAGES\n", arg)
			os.Exit(2)
		}
		layers = append(layers, &layer{name: name, packages: strings.Split(packages, ",")})
	}
	for _, l := range layers {
		fmt.Printf("=== layer %s: %s\n", l.name, strings.Join(l.packages, " "))
		l.run()
	}
	if !summary(os.Stdout, layers, strict) {
		os.Exit(1)
	}
}

func (l *layer) run() {
	begin := time.Now()
	args := append([]string{"test", "-json", "-count=1", "-timeout=40m"}, l.packages...)
	cmd := exec.Command("go", args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err == nil {
		l.read(out, os.Stdout)
		err = cmd.Wait()
	}
	l.err, l.took = err, time.Since(begin)
}

// read counts the tests and passes on what a failed one has printed.
func (l *layer) read(r io.Reader, w io.Writer) {
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
			if strings.Contains(e.Output, "FIGURE ") {
				fmt.Fprint(w, e.Output)
			}
		case "build-output":
			fmt.Fprint(w, e.Output)
		case "pass", "fail", "skip":
			l.count(e, output[key], w)
			delete(output, key)
		}
	}
}

func (l *layer) count(e event, output []string, w io.Writer) {
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
		l.passed++
	case "fail":
		l.failed++
	case "skip":
		l.skipped++
		l.skips = append(l.skips, e.Package+" "+e.Test+": "+reason(output))
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

// summary prints the table and says whether everything that had to run has passed.
func summary(w io.Writer, layers []*layer, strict bool) bool {
	ok := true
	var passed, failed, skipped int
	fmt.Fprintf(w, "\n%-10s %8s %8s %8s %9s\n", "layer", "passed", "failed", "skipped", "seconds")
	for _, l := range layers {
		passed, failed, skipped = passed+l.passed, failed+l.failed, skipped+l.skipped
		fmt.Fprintf(w, "%-10s %8d %8d %8d %9.1f\n", l.name, l.passed, l.failed, l.skipped, l.took.Seconds())
		switch {
		case l.err != nil || l.failed > 0:
			ok = false
		case l.passed == 0:
			ok = false
			fmt.Fprintf(w, "layer %s ran no test\n", l.name)
		case strict && l.skipped > 0:
			ok = false
			fmt.Fprintf(w, "layer %s may not skip tests here\n", l.name)
		}
	}
	for _, l := range layers {
		for _, s := range l.skips {
			fmt.Fprintf(w, "skipped: %s\n", s)
		}
	}
	fmt.Fprintf(w, "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	return ok
}
