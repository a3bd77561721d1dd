package robustness

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgrex/test/drill"
)

func plan(o Options, episodes int) []Episode {
	p := NewPlan(o)
	var all []Episode
	for range episodes {
		all = append(all, p.Next())
	}
	return all
}

func options(seed uint64) Options {
	return Options{Seed: seed, Nodes: 2, Least: 15 * time.Second, Most: 45 * time.Second}
}

func TestPlanIsAFunctionOfTheSeed(t *testing.T) {
	one, again, other := plan(options(1), 40), plan(options(1), 40), plan(options(2), 40)
	if !reflect.DeepEqual(one, again) {
		t.Error("the same seed makes two plans")
	}
	if reflect.DeepEqual(one, other) {
		t.Error("two seeds make the same plan")
	}
}

func TestPlanIsAsTheCatalogueSays(t *testing.T) {
	const episodes = 2000
	for _, kind := range []Options{{Nodes: 2}, {Nodes: 2, Fencing: true}, {Nodes: 3}} {
		o := options(7)
		o.Nodes, o.Fencing = kind.Nodes, kind.Fencing
		times, overlapping, repaired, number := map[string]int{}, 0, 0, 0
		for _, e := range plan(o, episodes) {
			if len(e.Entries) > 2 {
				t.Errorf("more than two at once: %+v", e)
			}
			if e.Operator {
				repaired++
			}
			for i, entry := range e.Entries {
				number++
				times[entry.Fault]++
				if entry.Number != number || entry.Overlaps != (i > 0) {
					t.Fatalf("fault %d: %+v", number, e)
				}
				if entry.Overlaps {
					overlapping++
				} else if entry.Pause < o.Least || entry.Pause > o.Most {
					t.Errorf("%v after the one before, want %v to %v", entry.Pause, o.Least, o.Most)
				}
				if len(e.Entries) > 1 && choiceOf(entry.Fault).alone {
					t.Errorf("%s is together with another one", entry.Fault)
				}
			}
		}
		if share := float64(overlapping) / float64(number); share < 0.30 || share > 0.37 {
			t.Errorf("%d of %d faults overlap the one before, want one in three", overlapping, number)
		}
		if repaired < episodes*2/3 || repaired == episodes {
			t.Errorf("the operator comes after %d of %d", repaired, episodes)
		}
		most, least := 0, number
		for _, c := range choicesFor(o) {
			most, least = max(most, times[c.id]), min(least, times[c.id])
		}
		if len(times) != len(choicesFor(o)) || most > 3*least {
			t.Errorf("of %d faults some come %d times and some %d times: %v", len(choicesFor(o)), most, least, times)
		}
	}
}

// Up to four at once, all numbers alike.
func TestPlanTogether(t *testing.T) {
	o := options(7)
	o.Together = 4
	const episodes = 2000
	sizes := map[int]int{}
	for _, e := range plan(o, episodes) {
		sizes[len(e.Entries)]++
		var seen []string
		for _, entry := range e.Entries {
			if c := choiceOf(entry.Fault); slices.Contains(seen, c.id) || len(e.Entries) > 1 && c.alone || e.Lasts < c.least {
				t.Errorf("%s twice, not alone or too short: %+v", c.id, e)
			}
			seen = append(seen, entry.Fault)
		}
	}
	for n := 1; n <= o.Together; n++ {
		if share := sizes[n] * o.Together * 100 / episodes; share < 85 || share > 115 {
			t.Errorf("episodes by their size: %v", sizes)
		}
	}
	if len(sizes) != o.Together {
		t.Errorf("episodes by their size: %v", sizes)
	}
}

func TestChoicesAreScenarios(t *testing.T) {
	var seen []string
	for _, c := range choices {
		i := slices.IndexFunc(drill.Scenarios(), func(s drill.Scenario) bool { return s.ID == c.id })
		if i < 0 || slices.Contains(seen, c.id) {
			t.Errorf("%s is in the catalogue at %d, and in the list before: %v", c.id, i, seen)
			continue
		}
		seen = append(seen, c.id)
		s := drill.Scenarios()[i]
		if s.Fencing && c.on&^fenced != 0 {
			t.Errorf("%s needs fencing, and is played without", c.id)
		}
		if s.Nodes == 3 && c.on&^three != 0 {
			t.Errorf("%s needs three nodes, and is played on two", c.id)
		}
		if string(c.fenced) != s.Fenced && s.Fenced != "" {
			t.Errorf("%s: the power of the %s is taken, and not of the %s", c.id, s.Fenced, c.fenced)
		}
		if c.waits && s.Course != drill.Waits {
			t.Errorf("%s: the operator has to come, and its course is %s", c.id, s.Course)
		}
		if s.Prepare != nil || s.Tidy != nil || s.Async {
			t.Errorf("%s needs a cluster of its own", c.id)
		}
		if c.check && s.Check == nil {
			t.Errorf("%s looks at nothing", c.id)
		}
	}
}

func TestEvery(t *testing.T) {
	for _, tt := range []struct {
		text        string
		least, most time.Duration
		wrong       bool
	}{
		{"15s-45s", 15 * time.Second, 45 * time.Second, false},
		{"20s", 20 * time.Second, 20 * time.Second, false},
		{"45s-15s", 0, 0, true},
		{"0s-1s", 0, 0, true},
		{"often", 0, 0, true},
	} {
		least, most, err := Every(tt.text)
		if (err != nil) != tt.wrong || err == nil && (least != tt.least || most != tt.most) {
			t.Errorf("%s: %v to %v, %v", tt.text, least, most, err)
		}
	}
}
