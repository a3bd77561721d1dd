// Command report runs the test layers one after the other, says at the end how
// many tests ran in each, and fails when one failed, was skipped where nothing
// may be skipped, or when a layer ran no test at all: a layer that did not run
// must never look like one that passed.
//
//	report NAME=PACKAGE[,PACKAGE...] ...
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"pgrex/test/report/tally"
)

// layer is a group of packages that shows one kind of thing.
type layer struct {
	name     string
	packages []string
	*tally.Tally
}

func main() {
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
		l.Tally = tally.Run(os.Stdout, nil, l.packages...)
	}
	if !summary(os.Stdout, layers, tally.Strict()) {
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
