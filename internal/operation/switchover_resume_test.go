package operation

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgrex/internal/crm"
)

// killedAfter plays the command until it is killed after so many of its
// changes; it did not get there when it came to its end before.
func (w *switching) killedAfter(effects int, argv ...string) (got played, ended bool) {
	p := w.typedOn(w.a)
	p.killAt = effects
	// The kernel gives up the locks of a process that is gone.
	w.machine.LockFile += "."
	done := make(chan played, 1)
	go func() { done <- w.play(typed{}, argv...) }()
	select {
	case got = <-done:
		return got, true
	case <-p.killed:
		return played{}, false
	case <-time.After(time.Minute):
		w.t.Errorf("%q hangs", argv)
		return played{}, false
	}
}

// Wherever a switchover is killed, and wherever its continuation is, --resume
// brings it to its end, and --abort gives it up: there is one primary that
// serves, nothing is frozen, and no journal is left.
//
// Conformance: AT-104 (unit)
func TestSwitchoverKilled(t *testing.T) {
	limit := make(chan struct{}, 64)
	var all sync.WaitGroup
	// each plays a history: how often commands were killed, and what ends it.
	each := func(slow int, how string, kills ...int) (ended bool) {
		w := healthySwitching(t)
		w.slow = slow
		argv := []string{"pg-rex_switchover", "--yes"}
		for _, effects := range kills {
			got, ended := w.killedAfter(effects, argv...)
			if ended {
				if got.status != 0 && got.status != 3 {
					t.Errorf("slow %d, %s, killed after %v: %+v", slow, how, kills, got)
				}
				return true
			}
			argv = []string{"pg-rex_switchover", how}
		}
		switched := slices.ContainsFunc(w.changes(), func(c string) bool { return strings.HasSuffix(c, thaws) })
		got, _ := w.killedAfter(0, argv...)
		var want *fakeNode
		switch {
		case how == "--abort" && !switched:
			want = w.a
		case how == "--resume" || len(kills) == 1:
			want = w.b
		}
		left := w.journals() != [2]string{} // a run that ended with its last change has nothing to go on with
		if err := w.sound(want); got.status != 0 && (got.status != 3 || !strings.Contains(got.err, "CMN-045")) || err != nil || left {
			t.Errorf("slow %d, %s, killed after %v: %v\n%s%s\n%s", slow, how, kills, err, got.out, got.err, strings.Join(w.changes(), "\n"))
		}
		return false
	}
	start := func(do func()) {
		all.Add(1)
		go func() {
			defer all.Done()
			limit <- struct{}{}
			defer func() { <-limit }()
			do()
		}()
	}
	const most = 24 // changes of one run, and then some
	reached := make([]bool, most)
	for n := 1; n < most; n++ {
		for _, how := range []string{"--resume", "--abort"} {
			for _, slow := range []int{0, 3} {
				start(func() {
					if !each(slow, how, n) && slow == 0 && how == "--abort" {
						reached[n] = true
					}
				})
			}
			for again := 1; again < most; again++ {
				start(func() { each(0, how, n, again) })
			}
		}
	}
	all.Wait()
	if at := slices.Index(reached[1:], false) + 1; at < 15 || slices.Contains(reached[at:], true) {
		t.Errorf("killed after %v", reached)
	}
}

// What --resume and --abort make of each phase in the journal beside each thing
// that is to be seen.
func TestSwitchoverTakenUp(t *testing.T) {
	phases := []string{phaseCheckpoint, phaseFreeze, phaseStop, phaseProof, phaseSwitch, phaseRejoin}
	frozen := func(server int, lock bool, score string) func(*switching) {
		return func(w *switching) {
			w.frozen = true
			w.a.server, w.a.lock, w.b.transient["master-pgsql"] = server, lock, score
		}
	}
	moved := func(w *switching) {
		w.b.primary()
		w.a.set("HS:sync", "STREAMING|SYNC")
	}
	// What happens: the end of the switchover, a whole one, the way back,
	// nothing but the end of the journal, a refusal.
	const (
		goes, whole, back, closes, refused = "goes on", "whole", "back", "closes", "refused"
	)
	six := func(first string, middle string, last string) []string {
		return []string{first, middle, middle, middle, middle, last}
	}
	for _, tt := range []struct {
		name          string
		state         func(*switching)
		resume, abort []string // by phase
		primary       string   // after --abort
	}{
		{"the old primary serves", func(*switching) {}, six(whole, whole, whole), six(closes, closes, closes), "pgrex01"},
		{"frozen", frozen(2001, true, "100"), six(refused, goes, refused), six(closes, back, closes), ""},
		{"frozen and preferred", frozen(2001, true, preferred), six(refused, goes, refused), six(closes, back, closes), ""},
		{"frozen and stopped", frozen(0, true, preferred), six(refused, goes, refused), six(closes, back, closes), ""},
		{"frozen without the lock", frozen(0, false, preferred), six(refused, goes, refused), six(closes, back, closes), ""},
		{"the standby gone meanwhile", func(w *switching) { frozen(0, true, preferred)(w); w.b.stop() }, six(refused, refused, refused), six(closes, back, closes), ""},
		{"maintenance mode", func(w *switching) { w.maintenance = true }, six(refused, refused, refused), six(closes, back, closes), ""},
		{"maintenance mode after the switch", func(w *switching) { moved(w); w.maintenance = true }, six(refused, refused, refused), six(closes, closes, closes), ""},
		{"frozen after the switch", func(w *switching) { moved(w); w.frozen = true }, six(refused, refused, refused), six(closes, closes, closes), ""},
		{"frozen in the promotion", func(w *switching) { w.frozen = true; w.b.role = "Promoting"; w.a.role = "" }, six(refused, refused, refused), six(closes, closes, closes), ""},
		{"preferred", func(w *switching) { w.b.transient["master-pgsql"] = preferred; w.a.lock = false; w.slow = 3 }, six(goes, goes, goes), six(closes, closes, closes), "pgrex02"},
		{"no primary", func(w *switching) { w.a.role, w.a.server, w.a.lock = "", 0, false; w.slow = 1000 }, nil, six(closes, closes, closes), ""},
		{"the new primary alone", func(w *switching) { w.b.primary(); w.a.up().lock = false; w.staysDown = true; w.slow = 1000 }, nil, six(closes, closes, closes), "pgrex02"},
		{"the new primary serves", moved, six(goes, goes, goes), six(closes, closes, closes), "pgrex02"},
	} {
		for n, phase := range phases {
			for _, how := range []string{"--resume", "--abort"} {
				want := map[string][]string{"--resume": tt.resume, "--abort": tt.abort}[how]
				if want == nil {
					continue
				}
				t.Run(fmt.Sprint(tt.name, " ", phase, " ", how), func(t *testing.T) {
					t.Parallel()
					w := healthySwitching(t)
					tt.state(w)
					w.interruptedIn(phase)
					dry := w.play(typed{}, "pg-rex_switchover", how, "--dry-run")
					if len(w.changes()) > 0 || dry.status != map[bool]int{true: 3}[want[n] == refused] && tt.name != "the standby gone meanwhile" {
						t.Errorf("dry run: %+v\n%q", dry, w.changes())
					}
					got := w.play(typed{}, "pg-rex_switchover", how)
					made := w.changesOf()
					did := func(what string) bool { return slices.Contains(made, "pgrex01: "+what) }
					var err error
					ok := false
					switch want[n] {
					case refused:
						ok = got.status == 3 && len(w.changes()) == 0
					case closes:
						ok = got.status == 0 && len(made) == 0 && w.journals() == [2]string{} && strings.Contains(got.out, "has been given up") &&
							strings.Contains(got.out, "already exchanged") == (w.b.role == crm.Promoted || w.a.role != crm.Promoted || tt.name == "preferred")
						if tt.primary != "" {
							w.slow = 0
							err = w.sound(map[string]*fakeNode{"pgrex01": w.a, "pgrex02": w.b}[tt.primary])
						}
					case back:
						ok = got.status == 0 && !w.frozen && w.journals() == [2]string{} && w.a.lock && w.a.server != 0 && w.a.role == crm.Promoted &&
							w.b.transient["master-pgsql"] != preferred
					case goes, whole:
						ok = got.status == 0 && did("checkpoint") == (want[n] == whole)
						err = w.sound(w.b)
					}
					if !ok || err != nil {
						t.Errorf("%+v\n%v\n%s", got, err, strings.Join(w.changes(), "\n"))
					}
					w.unlocked()
				})
			}
		}
	}
}
