package drill

import (
	"slices"
	"testing"
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
		if (s.Fenced != "" || s.MayFence) && (!s.Fencing || s.Fenced != "primary" && s.Fenced != "standby") {
			t.Errorf("%s: fenced %q, fencing %v", s.ID, s.Fenced, s.Fencing)
		}
	}
	if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) || len(ids) < 20 {
		t.Errorf("%d scenarios, in the order %v", len(ids), ids)
	}
}
