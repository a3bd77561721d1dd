// Command report runs the test layers, says at the end how many tests ran in
// each, and fails when one failed, was skipped where nothing may be skipped, or
// when a layer ran no test at all: a layer that did not run must never look like
// one that passed.
//
//	report NAME=PACKAGE[,PACKAGE...] ... [ // NAME=PACKAGE[,PACKAGE...] ... ]
//
// Layers run one after the other; those behind // beside those before it. There
// is one lab, which mostly waits, and two processors.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"pgrex/test/report/tally"
)

// layer is a group of packages that shows one kind of thing.
type layer struct {
	name     string
	packages []string
	*tally.Tally
}

// lanes are the layers that the arguments name, by what runs beside each other.
func lanes(args []string) (lanes [][]*layer, err error) {
	lanes = [][]*layer{nil}
	for _, arg := range args {
		if arg == "//" {
			lanes = append(lanes, nil)
			continue
		}
		name, packages, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not NAME=PACKAGES", arg)
		}
		last := &lanes[len(lanes)-1]
		*last = append(*last, &layer{name: name, packages: strings.Split(packages, ",")})
	}
	return lanes, nil
}

func main() {
	lanes, err := lanes(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(2)
	}
	out := tally.Serial(os.Stdout)
	var all []*layer
	var running sync.WaitGroup
	for _, lane := range lanes {
		all = append(all, lane...)
		running.Add(1)
		go func() {
			defer running.Done()
			for _, l := range lane {
				fmt.Fprintf(out, "=== layer %s: %s\n", l.name, strings.Join(l.packages, " "))
				l.Tally = tally.Run(out, nil, l.packages...)
			}
		}()
	}
	running.Wait()
	if !summary(os.Stdout, all, tally.Strict()) {
		os.Exit(1)
	}
}

// summary prints the table and says whether everything that had to run has passed.
func summary(w io.Writer, layers []*layer, strict bool) bool {
	ok := true
	var passed, failed, skipped int
	fmt.Fprintf(w, "\n%-10s %8s %8s %8s %9s\n", "layer", "passed", "failed", "skipped", "seconds")
	for _, l := range layers {
		passed, failed, skipped = passed+l.Passed, failed+l.Failed, skipped+l.Skipped
		fmt.Fprintf(w, "%-10s %8d %8d %8d %9.1f\n", l.name, l.Passed, l.Failed, l.Skipped, l.Took.Seconds())
		if wrong := l.Verdict(strict); wrong != "" {
			ok = false
			fmt.Fprintf(w, "layer %s %s\n", l.name, wrong)
		}
	}
	for _, l := range layers {
		for _, f := range l.Failures {
			fmt.Fprintf(w, "failed: %s\n", f)
		}
		for _, s := range l.Skips {
			fmt.Fprintf(w, "skipped: %s\n", s)
		}
	}
	fmt.Fprintf(w, "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	return ok
}
