// Command matrix runs the tests on everything that the product supports: the
// server tests on each release of PostgreSQL, the stand-ins of older Pacemaker,
// and the scenarios of a cluster on each release of Debian. It goes on after a
// failure, prints one table in the end, and fails when anything did.
//
//	matrix [-jobs N] [ROW...]
//
// Without a row all are run; "matrix -list" names them.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"

	"pgrex/test/lab"
	"pgrex/test/report/tally"
	"pgrex/test/servers/cache"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "matrix:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("matrix", flag.ContinueOnError)
	// A server test is done in tenths of seconds and some of them measure time.
	jobs := flags.Int("jobs", max(1, runtime.NumCPU()/2), "how many releases of PostgreSQL at a time")
	list := flags.Bool("list", false, "name the rows and end")
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: matrix [-jobs N] [ROW...]    run the tests on everything that is supported; without ROW all")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	rows, err := chosen(all(), flags.Args())
	if err != nil {
		return err
	}
	if *list {
		for _, r := range rows {
			fmt.Println(r.name)
		}
		return nil
	}
	runRows(os.Stdout, rows, *jobs)
	if !table(os.Stdout, rows, tally.Strict()) {
		return errors.New("not everything has passed")
	}
	return nil
}

// row is one thing to run on.
type row struct {
	name, title string
	lab         bool // needs the machine for itself: there is one lab, and it measures time
	env, args   []string
	versions    func() (string, error) // nil if the tests say what they run on

	*tally.Tally
	ran    string // on what
	absent error  // why the row did not run
}

// The tests that have rows of their own, or run all releases themselves.
const (
	oldPacemaker = "^TestPacemaker11"
	allReleases  = "^TestReleases$"
)

func all() []*row {
	var rows []*row
	for major := cache.Oldest; major <= cache.Newest; major++ {
		n := strconv.Itoa(major)
		rows = append(rows, &row{
			name: n, title: "PostgreSQL " + n, env: []string{cache.Choice + "=" + n},
			args:     []string{"-skip", oldPacemaker + "|" + allReleases, "./internal/pg", "./internal/agent"},
			versions: func() (string, error) { return serverVersion(major) },
		})
	}
	rows = append(rows, &row{
		name: "pacemaker-1.1", title: "Pacemaker 1.1", args: []string{"-run", oldPacemaker, "./internal/agent"},
		versions: func() (string, error) { return "stand-ins for 1.1.18 to 1.1.24", nil },
	})
	for _, suite := range lab.Suites() {
		rows = append(rows, &row{
			name: suite, title: "Debian " + suite, lab: true, env: []string{"PGREX_SUITES=" + suite},
			args: []string{"-timeout=60m", "./test/suites"},
		})
	}
	return rows
}

func chosen(rows []*row, names []string) ([]*row, error) {
	if len(names) == 0 {
		return rows, nil
	}
	var out []*row
	for _, name := range names {
		n := slices.IndexFunc(rows, func(r *row) bool { return r.name == name })
		if n < 0 {
			return nil, fmt.Errorf("there is no row %q: -list names them", name)
		}
		out = append(out, rows[n])
	}
	return out, nil
}

// serverVersion asks a server of the cache.
func serverVersion(major int) (string, error) {
	bin, err := cache.Bin(major)
	if err != nil {
		return "", err
	}
	out, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return "", fmt.Errorf("cannot ask PostgreSQL %d for its version: %w", major, err)
	}
	_, version, _ := strings.Cut(strings.TrimSpace(string(out)), ") ")
	return "PostgreSQL " + version, nil
}

// runRows runs rows side by side, those with a lab one after the other behind
// them.
func runRows(w io.Writer, rows []*row, jobs int) {
	var wg sync.WaitGroup
	var print sync.Mutex
	do := func(r *row) {
		var out bytes.Buffer
		r.run(&out)
		print.Lock()
		defer print.Unlock()
		fmt.Fprintf(w, "=== %s: %s\n", r.title, r.counts())
		_, _ = out.WriteTo(w)
	}
	free := make(chan struct{}, jobs)
	for _, r := range rows {
		if r.lab {
			continue
		}
		free <- struct{}{}
		wg.Add(1)
		go func() {
			defer wg.Done()
			do(r)
			<-free
		}()
	}
	wg.Wait()
	for _, r := range rows {
		if r.lab {
			do(r)
		}
	}
}

func (r *row) run(w io.Writer) {
	if r.versions != nil {
		if r.ran, r.absent = r.versions(); r.absent != nil {
			return
		}
	}
	r.Tally = tally.Run(w, r.env, r.args...)
	if r.versions == nil {
		r.ran = strings.Join(r.Versions, "; ")
	}
}

func (r *row) counts() string {
	if r.absent != nil {
		return "skipped: " + r.absent.Error()
	}
	return fmt.Sprintf("%d passed, %d failed, %d skipped in %.0f s", r.Passed, r.Failed, r.Skipped, r.Took.Seconds())
}

// table prints what came of the rows and says whether all that had to run has
// passed.
func table(w io.Writer, rows []*row, strict bool) bool {
	ok := true
	var notes []string
	note := func(r *row, format string, args ...any) {
		notes = append(notes, r.title+": "+fmt.Sprintf(format, args...))
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w)
	fmt.Fprintln(t, "\tpassed\tfailed\tskipped\tseconds\tversions")
	for _, r := range rows {
		if r.absent != nil {
			fmt.Fprintf(t, "%s\t-\t-\tall\t-\t\n", r.title)
			note(r, "skipped: %v", r.absent)
			ok = ok && !strict
			continue
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%.0f\t%s\n", r.title, r.Passed, r.Failed, r.Skipped, r.Took.Seconds(), r.ran)
		if wrong := r.Verdict(strict); wrong != "" {
			ok = false
			note(r, "%s", wrong)
		}
		for _, f := range r.Failures {
			note(r, "failed: %s", f)
		}
		for _, s := range r.Skips {
			note(r, "skipped: %s", s)
		}
	}
	_ = t.Flush()
	for _, n := range notes {
		fmt.Fprintln(w, n)
	}
	return ok
}
