package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgrex/test/drill"
)

func TestChooseDrills(t *testing.T) {
	all, err := choose([]string{"all"})
	if err != nil || len(all) != len(drill.Scenarios()) {
		t.Errorf("%d of %d, %v", len(all), len(drill.Scenarios()), err)
	}
	fenced := false
	for _, s := range all {
		if fenced && !s.Fencing {
			t.Errorf("%s without fencing comes after one with it: a cluster too many", s.ID)
		}
		fenced = s.Fencing
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
	bad := well
	bad.Err = errors.New("lost")
	var failed drillsFailed
	if err := a.drilled([]drill.Result{well, bad}); !errors.As(err, &failed) || failed != (drillsFailed{1, 2}) || !strings.Contains(out.String(), "[NG]") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
