package faults

import (
	"slices"
	"testing"
	"time"

	"pgrex/test/drill"
	"pgrex/test/lab"
)

// telling are the scenarios of every run of the tests: between them they take
// everything away that a cluster has. "make faults" plays all.
var telling = map[kind][]string{
	twoSync:   {"F01", "F10", "F31", "F34", "F56"},
	twoFenced: {"F36", "F37"},
	threeSync: {"F71p", "F72"},
}

// The faults on the cluster of the manual, with the operator's repair by the
// operation commands.
//
// Conformance: 121, 122, 124 (lab)
func TestDrillsTwoNodes(t *testing.T) { playAll(t, twoSync) }

func playAll(t *testing.T, k kind) {
	all := drill.Scenarios()
	for _, id := range telling[k] {
		t.Run(id, func(t *testing.T) {
			i := slices.IndexFunc(all, func(s drill.Scenario) bool { return s.ID == id })
			if i < 0 {
				t.Fatal("there is no such scenario")
			}
			play(t, k, all[i])
		})
	}
}

// play plays one scenario. Monitors and time-outs are a third of the manual's
// here, and so is the time for which it is looked.
func play(t *testing.T, k kind, s drill.Scenario) {
	site, ctx := begin(t, k)
	s.Lasts = max(s.Lasts/3, decided)
	began := time.Now()
	r := drill.Play(ctx, site.Lab, s, func(text string) { t.Log(text) })
	if r.Err != nil {
		t.Error(r.Err)
	}
	t.Logf("FIGURE %s, %s: outage %.1f s, %d rows acknowledged, %d lost; %.0f s in all",
		s.ID, s.Name, r.Outage.Seconds(), r.Acked, r.Lost, time.Since(began).Seconds())
}

func (k kind) drills() drill.Kind { return drill.Kind{Nodes: k.nodes, Fencing: k.fenced} }

// equip gives the operator of a cluster the operation commands.
func equip(t *testing.T, l *lab.Lab, k kind) {
	t.Helper()
	must(t, l.InstallTools("../../bin/pg-rex", k.drills().Configuration()))
}
