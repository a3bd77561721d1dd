package drill

import (
	"slices"
	"testing"

	"pgrex/test/audit"
	"pgrex/test/lab"
)

func TestScenariosAreComplete(t *testing.T) {
	var ids []string
	for _, s := range Scenarios() {
		ids = append(ids, s.ID)
		for _, text := range []Text{s.Fault, s.Expect} {
			if text.EN == "" || text.JA == "" || text.EN == text.JA {
				t.Errorf("%s lacks a language: %+v", s.ID, text)
			}
		}
		if s.Name == "" || s.Strike == nil {
			t.Errorf("%s has no name or no fault", s.ID)
		}
		if s.Course != Stays && s.Repair == nil {
			t.Errorf("%s: %s, and nobody repairs what is left", s.ID, s.Course)
		}
		for _, role := range slices.Concat(s.Restarts, s.MayTimeOut) {
			if !slices.Contains([]string{"primary", "standby", "third"}, role) {
				t.Errorf("%s: %q is no role", s.ID, role)
			}
		}
		for i, why := range s.Spared {
			if !slices.Contains(audit.Invariants(), i) || why == "" {
				t.Errorf("%s is spared %s because %q", s.ID, i, why)
			}
		}
		if (s.Fenced != "" || s.MayFence) && (!s.Fencing || s.Fenced != "primary" && s.Fenced != "standby") {
			t.Errorf("%s: fenced %q, fencing %v", s.ID, s.Fenced, s.Fencing)
		}
	}
	if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) || len(ids) < 20 {
		t.Errorf("%d scenarios, in the order %v", len(ids), ids)
	}
}

func TestExpectedOfAScenario(t *testing.T) {
	r := &Run{Primary: &lab.Node{Name: "node02"}, Standby: &lab.Node{Name: "node01"}}
	repair := func(*Run) error { return nil }
	for _, tt := range []struct {
		s                          Scenario
		restarts, timesOut, fenced []string
		promotion                  bool
	}{
		{s: Scenario{Course: Moves, Repair: repair}, restarts: []string{"node02"}, promotion: true},
		{s: Scenario{Course: Stays}},
		{s: Scenario{Course: Stays, Repair: repair}, restarts: []string{"node01"}},
		{s: Scenario{Course: Waits, Repair: repair}, restarts: []string{"node02", "node01"}},
		{s: Scenario{Course: Stays, Fenced: "standby", Repair: repair}, restarts: []string{"node01"}, fenced: []string{"node01"}},
		{s: Scenario{Course: Stays, Restarts: []string{"standby", "third"}, MayTimeOut: []string{"primary"}}, restarts: []string{"node01"}, timesOut: []string{"node02"}},
	} {
		e := r.expected(tt.s, lab.History{})
		if !slices.Equal(e.Restarts, tt.restarts) || !slices.Equal(e.TimesOut, tt.timesOut) || !slices.Equal(e.Fenced, tt.fenced) || e.Promotion != tt.promotion || len(e.Histories) != 1 {
			t.Errorf("%s, fenced %q: %+v", tt.s.Course, tt.s.Fenced, e)
		}
	}
}
