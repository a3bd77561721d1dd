package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgrex/test/audit"
	"pgrex/test/robustness"
	"pgrex/test/robustness/history"
)

func TestRobustnessTable(t *testing.T) {
	seconds := func(all ...float64) (s []robustness.Seconds) {
		for _, n := range all {
			s = append(s, robustness.Seconds(n*float64(time.Second)))
		}
		return s
	}
	r := robustness.Result{
		Options: robustness.Options{Seed: 7, Nodes: 2, Fencing: true, Time: 10 * time.Minute, Least: 8 * time.Second, Most: 20 * time.Second},
		Took:    time.Minute, Folder: "robustness-7", Acked: 1234,
		Kinds: map[string]*robustness.Kind{
			"F01": {Made: 3, Outages: seconds(4, 2, 9)}, "F09": {Made: 1, NotMade: 1}, robustness.Together: {Outages: seconds(12)},
		},
		Audits:   map[audit.Invariant]int{audit.I5: 31},
		Requests: map[history.Operation]map[history.Answer]int{history.Append: {history.OK: 17, history.Unknown: 2}},
	}
	var out strings.Builder
	a := &app{out: &out}
	if err := a.played(r); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"4.0 s", "9.0 s", "(1)", "12.0 s", "Faults: 4", "1234", "17", "I5 31", "I10 0", `"seed":7`, `"finds":[]`, "Nothing was found"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing:\n%s", want, out.String())
		}
	}
	out.Reset()
	r.Finds = []string{"a row is lost"}
	var failed runFailed
	if err := a.played(r); !errors.As(err, &failed) || failed != (runFailed{1, 7}) {
		t.Errorf("%v", err)
	}
	for _, want := range []string{"FOUND: a row is lost", "make robustness SEED=7 MINUTES=10 NODES=2 EVERY=8s-20s FENCING=1"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing:\n%s", want, out.String())
		}
	}
}

func TestRobustnessOptions(t *testing.T) {
	for _, args := range [][]string{
		{"robustness", "--every", "often"}, {"robustness", "--nodes", "5"}, {"robustness", "--nodes", "3", "--fencing"}, {"robustness", "here"},
	} {
		a := &app{out: &strings.Builder{}}
		root := a.command()
		root.SetArgs(args)
		var usage usageError
		if err := root.Execute(); !errors.As(err, &usage) {
			t.Errorf("%v: %v", args, err)
		}
	}
}
