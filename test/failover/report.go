package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pgrex/test/lab"
)

const (
	tableFile   = "table.md"
	figureFile  = "failover.svg"
	machineFile = "machine.md" // of the last runs
)

// write makes table and figure of the runs that a folder holds.
func write(folder string) error {
	runs, err := read(filepath.Join(folder, runsFile))
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		return fmt.Errorf("%s holds no runs", folder)
	}
	machine, err := os.ReadFile(filepath.Join(folder, machineFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	text := table(runs)
	if v := versions(runs); len(v) > 0 {
		text = "Ours: " + strings.Join(v, ", ") + ".\n\n" + text
	}
	if len(machine) > 0 {
		text = string(machine) + "\n" + text
	}
	fmt.Print("\n" + text)
	if err := os.WriteFile(filepath.Join(folder, tableFile), []byte(text), 0o644); err != nil {
		return err
	}
	return figure(runs, filepath.Join(folder, figureFile))
}

func read(path string) (runs []run, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		var r run
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		runs = append(runs, r)
	}
	return runs, lines.Err()
}

// line is one line of the table.
type line struct{ id, name string }

// lines are those of all rows, and of the starts that are measured beside them.
func lines() (all []line) {
	for _, w := range rows() {
		all = append(all, line{w.id, w.name})
	}
	for _, w := range rows() {
		if back, ok := switched[w.id]; ok {
			all = append(all, back)
		}
	}
	for _, how := range []method{asIs, rewind, backup} {
		all = append(all, starts[how])
	}
	return all
}

// agentsOf are the agents by their names in the table, in the order in which they
// were measured first.
func agentsOf(runs []run) (all []string) {
	for _, r := range runs {
		if !slices.Contains(all, r.Agent) {
			all = append(all, r.Agent)
		}
	}
	return all
}

// versions are those of our programs in these runs.
func versions(runs []run) (all []string) {
	for _, r := range runs {
		if r.Version != "" && !slices.Contains(all, r.Version) {
			all = append(all, r.Version)
		}
	}
	return all
}

// of are the runs of a line with an agent.
func of(runs []run, id, agent string) []run {
	return slices.DeleteFunc(slices.Clone(runs), func(r run) bool { return r.Row != id || r.Agent != agent })
}

// table is all rows in Markdown, medians with best and worst, and then the phases.
func table(runs []run) string {
	var b strings.Builder
	b.WriteString("| Row | Agent | Runs | Until writable, s | Outage, s | Predicted, s | Rows acknowledged | Lost | Busy | Start of a program, ms |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, l := range lines() {
		for _, agent := range agentsOf(runs) {
			some := of(runs, l.id, agent)
			if len(some) == 0 {
				continue
			}
			acked, lost := 0, 0
			for _, r := range some {
				acked, lost = acked+r.Acked, lost+r.Lost
			}
			predicted := ""
			if last := some[len(some)-1]; last.Predicted > 0 {
				predicted = fmt.Sprintf("%.1f (worst %.1f)", last.Predicted, last.PredictedWorst)
			}
			fmt.Fprintf(&b, "| %s (%s) | %s | %d | %s | %s | %s | %d | %d | %.0f %% | %.1f |\n", l.name, l.id, agent, len(some),
				spread(some, func(r run) float64 { return r.Writable }), spread(some, func(r run) float64 { return r.Outage }),
				predicted, acked, lost, 100*lab.Median(values(some, func(r run) float64 { return r.Busy })),
				lab.Median(values(some, func(r run) float64 { return r.ProcessStart })))
		}
	}
	for _, names := range phaseNames(runs) {
		b.WriteString("\nMedian of each phase, s:\n\n| Row | Agent | " + strings.Join(names, " | ") + " |")
		failover := slices.Equal(names, failoverPhases())
		if failover {
			b.WriteString(" until writable in the agent | in IPaddr2 | in Pacemaker and Corosync |")
		}
		b.WriteString("\n| --- | --- |" + strings.Repeat(" --- |", len(names)) + strings.Repeat(" --- |", 3*count(failover)) + "\n")
		for _, l := range lines() {
			for _, agent := range agentsOf(runs) {
				some := of(runs, l.id, agent)
				if len(some) == 0 || !slices.Equal(namesOf(some), names) {
					continue
				}
				fmt.Fprintf(&b, "| %s | %s |", l.name, agent)
				for _, name := range names {
					fmt.Fprintf(&b, " %.2f |", lab.Median(values(some, lasting(name))))
				}
				if failover {
					b.WriteString(spentBy(some))
				}
				b.WriteString("\n")
			}
		}
	}
	return b.String()
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// spentBy is whose the time until writable was, as three cells.
func spentBy(runs []run) string {
	of := func(of func(shares) float64) float64 {
		return lab.Median(values(runs, func(r run) float64 {
			if r.Spent == nil {
				return 0
			}
			return of(*r.Spent)
		}))
	}
	return fmt.Sprintf(" %.2f | %.2f | %.2f |", of(func(s shares) float64 { return s.Agent }),
		of(func(s shares) float64 { return s.Address }), of(func(s shares) float64 { return s.Own }))
}

// phaseNames are the different rows of phases that there are, in the order of the lines.
func phaseNames(runs []run) (all [][]string) {
	for _, l := range lines() {
		for _, agent := range agentsOf(runs) {
			names := namesOf(of(runs, l.id, agent))
			if len(names) > 0 && !slices.ContainsFunc(all, func(have []string) bool { return slices.Equal(have, names) }) {
				all = append(all, names)
			}
		}
	}
	return all
}

// namesOf are those of the phases of runs of one line, of the first that has any.
func namesOf(runs []run) (names []string) {
	for _, r := range runs {
		for _, p := range r.Phases {
			names = append(names, p.Name)
		}
		if len(names) > 0 {
			break
		}
	}
	return names
}

func failoverPhases() (names []string) {
	for _, e := range ends {
		names = append(names, e.name)
	}
	return append(names, client)
}

// lasting is how long a phase lasts in a run.
func lasting(name string) func(run) float64 {
	return func(r run) float64 {
		for _, p := range r.Phases {
			if p.Name == name {
				return p.Seconds
			}
		}
		return 0
	}
}

func values(runs []run, of func(run) float64) (all []float64) {
	for _, r := range runs {
		all = append(all, of(r))
	}
	return all
}

// spread is median, best and worst.
func spread(runs []run, of func(run) float64) string {
	v := values(runs, of)
	if slices.Max(v) == 0 {
		return ""
	}
	if slices.ContainsFunc(runs, func(r run) bool { return r.Never }) {
		return fmt.Sprintf("no reaction in %.0f s", patience.Seconds())
	}
	return fmt.Sprintf("**%.2f** (%.2f to %.2f)", lab.Median(v), slices.Min(v), slices.Max(v))
}
