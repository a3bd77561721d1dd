package main

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgrex/test/audit"
	"pgrex/test/drill"
)

func TestChooseDrills(t *testing.T) {
	all, err := choose([]string{"all"})
	if err != nil || len(all) != len(drill.Scenarios()) {
		t.Errorf("%d of %d, %v", len(all), len(drill.Scenarios()), err)
	}
	seen := map[drill.Kind]bool{}
	for i, s := range all {
		if seen[s.Kind()] && s.Kind() != all[i-1].Kind() {
			t.Errorf("%s needs %+v, which has been before: a cluster too many", s.ID, s.Kind())
		}
		seen[s.Kind()] = true
	}
	some, err := choose([]string{"F36", "F01"})
	if err != nil || len(some) != 2 || some[0].ID != "F01" {
		t.Errorf("%v, %v", some, err)
	}
	var unknown unknownDrill
	if _, err := choose([]string{"F01", "F99"}); !errors.As(err, &unknown) || unknown.id != "F99" {
		t.Errorf("%v", err)
	}
}

func TestDrillTable(t *testing.T) {
	var out strings.Builder
	a := &app{out: &out}
	well := drill.Result{Scenario: drill.Scenario{ID: "F01", Course: drill.Moves}, Seen: drill.Moves, Outage: 4500 * time.Millisecond, Acked: 7}
	if err := a.drilled([]drill.Result{well}); err != nil || !strings.Contains(out.String(), "4.5 s") || !strings.Contains(out.String(), "[OK]") {
		t.Errorf("%v\n%s", err, out.String())
	}
	bad, slow := well, well
	bad.ID, bad.Err, bad.Outage = "F02", errors.New("rows are gone"), 9*time.Second
	slow.Outage = 8 * time.Second
	var failed drillsFailed
	if err := a.drilled([]drill.Result{well, bad, slow}); !errors.As(err, &failed) || failed != (drillsFailed{1, 3}) || !strings.Contains(out.String(), "[NG]") {
		t.Errorf("%v\n%s", err, out.String())
	}
	for _, want := range []string{`moves +3 +8\.0 s +9\.0 s +21 +0`, `F02  rows are gone`} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

func TestAuditTable(t *testing.T) {
	var out strings.Builder
	a := &app{out: &out}
	for _, i := range audit.Invariants() {
		if a.say(invariants[i]) == "" {
			t.Errorf("%s has no words", i)
		}
	}
	one := drill.Result{Looks: map[audit.Invariant]int{audit.I1: 40, audit.I5: 2}}
	other := drill.Result{Looks: map[audit.Invariant]int{audit.I1: 2}, Findings: []audit.Finding{{Invariant: audit.I5, Text: "too early"}}}
	a.audited([]drill.Result{one, other})
	found := map[string][]string{}
	for line := range strings.Lines(out.String()) {
		if f := strings.Fields(line); len(f) > 2 {
			found[f[0]] = f[len(f)-2:]
		}
	}
	for i, want := range map[string][]string{"I1": {"42", "0"}, "I5": {"2", "1"}, "I10": {"0", "0"}} {
		if !slices.Equal(found[i], want) {
			t.Errorf("%s: %v, want %v in\n%s", i, found[i], want, out.String())
		}
	}
}
