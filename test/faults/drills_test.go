package faults

import (
	"context"
	"slices"
	"testing"
	"time"

	"pgrex/test/drill"
)

// telling are the scenarios of every run of the tests: between them they take
// everything away that a cluster has. "make faults" plays all.
var telling = map[kind][]string{
	twoSync:   {"F01", "F09", "F24", "F31", "F34", "F36n", "F57"},
	twoFenced: {"F10f", "F37", "F37d"},
	threeSync: {"F71p", "F72"},
}

// The faults on the cluster of the manual, with the operator's repair by the
// operation commands.
//
// Conformance: 121, 122, 124 (lab)
func TestDrillsTwoNodes(t *testing.T) { playAll(t, twoSync, telling[twoSync]...) }

func playAll(t *testing.T, k kind, ids ...string) {
	for _, id := range ids {
		t.Run(id, func(t *testing.T) { play(t, k, id) })
	}
}

// play plays one scenario on a cluster of a kind. Monitors and time-outs are a
// third of the manual's here, and so is the time for which it is looked.
func play(t *testing.T, k kind, id string) {
	all := drill.Scenarios()
	i := slices.IndexFunc(all, func(s drill.Scenario) bool { return s.ID == id })
	if i < 0 {
		t.Fatal("there is no such scenario")
	}
	site, ctx := begin(t, k)
	playOn(t, ctx, site, all[i].On(k.drills()).Quick())
}

func playOn(t *testing.T, ctx context.Context, site *site, s drill.Scenario) {
	t.Helper()
	began := time.Now()
	r := drill.Play(ctx, site.Lab, s, func(text string) { t.Log(text) })
	if r.Err != nil {
		t.Error(r.Err)
	}
	t.Logf("FIGURE %s, %s: outage %.1f s, %d rows acknowledged, %d lost; %.0f s in all",
		s.ID, s.Name, r.Outage.Seconds(), r.Acked, r.Lost, time.Since(began).Seconds())
}

func (k kind) drills() drill.Kind {
	return drill.Kind{Nodes: k.nodes, Fencing: k.fenced, Async: k.async}
}
