package robustness

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"pgrex/test/drill"
	"pgrex/test/lab"
)

// Options say what a run is. With the same ones its plan is the same.
type Options struct {
	Seed    uint64
	Nodes   int // 2 or 3
	Fencing bool
	// Quick has monitors, time-outs and the watch of the gateway a third as long as
	// the manual's, or less: there is room for more faults in the same time.
	Quick bool
	// Time is how long faults are made; the last repair and the verdict come after.
	Time time.Duration
	// Faults ends the run earlier, after so many; 0: as many as there is time for.
	Faults int
	// Least and Most bound the time from one fault to the next. A cluster that is
	// not repaired by then gets its time.
	Least, Most time.Duration
	// Together is how many faults there may be at once; 0: 2.
	Together int
	// GoOn lets a run go on after a find, as long as the cluster can be repaired.
	GoOn bool
}

// Variant is the cluster of such a run.
func (o Options) Variant() lab.Variant {
	v := lab.Variant{Fencing: o.Fencing}
	if o.Quick {
		v = v.Quick()
	}
	return v
}

// monitors is a time that monitors need with the manual's intervals, with those
// of the run.
func (o Options) monitors(manual time.Duration) time.Duration {
	if o.Quick {
		return manual / 3
	}
	return manual
}

// Every reads a time from one fault to the next, such as 15s-45s.
func Every(text string) (least, most time.Duration, err error) {
	from, to, ok := strings.Cut(text, "-")
	if !ok {
		to = from
	}
	if least, err = time.ParseDuration(from); err == nil {
		most, err = time.ParseDuration(to)
	}
	if err == nil && (least <= 0 || most < least) {
		err = fmt.Errorf("%q is not a time from one fault to the next, such as 15s-45s", text)
	}
	return least, most, err
}

// Entry is one fault of the plan.
type Entry struct {
	Number int    // from 1
	Fault  string // number in the catalogue
	// Pause is the time since the fault before.
	Pause time.Duration
	// Overlaps says that the fault before is still there.
	Overlaps bool
}

// Episode is one fault, or several at once, and what comes afterwards.
type Episode struct {
	Entries []Entry
	// Lasts is how long after the last fault all of them are undone.
	Lasts time.Duration
	// Operator says that everything is repaired then. Else nobody comes while the
	// service is there, and the next fault meets what is left.
	Operator bool
}

// Plan is the faults of a run, one after the other.
type Plan struct {
	Options
	rng     *rand.Rand
	choices []choice
	deck    []choice // those that were not yet drawn of all of them
	number  int
}

// Parts of the seed's use, so that one does not depend on what another one draws.
const (
	planStream = iota
	clientStream
)

// NewPlan begins the plan of a run.
func NewPlan(o Options) *Plan {
	return &Plan{Options: o, rng: rand.New(rand.NewPCG(o.Seed, planStream)), choices: choicesFor(o)}
}

// Next draws the next episode: of a shuffled deck of all faults that fit, to which
// another one is added when nothing of it can be drawn. An episode has one fault,
// or up to so many at once, all numbers alike.
func (p *Plan) Next() Episode {
	together := cmp.Or(p.Together, 2)
	count := together - p.rng.IntN(together)
	first := p.draw(func(c choice) bool { return count == 1 || !c.alone })
	e := Episode{Entries: []Entry{p.entry(first, p.between(p.Least, p.Most), false)}}
	least := first.least
	for len(e.Entries) < count {
		next := p.draw(func(c choice) bool { return !c.alone && !e.has(c.id) })
		least = max(least, next.least)
		e.Entries = append(e.Entries, p.entry(next, p.between(0, 8*time.Second), true))
	}
	e.Lasts = p.between(3*time.Second, max(5*time.Second, min(25*time.Second, p.Most)))
	e.Lasts = max(e.Lasts, least)
	e.Operator = p.rng.IntN(4) > 0
	return e
}

func (e Episode) has(fault string) bool {
	return slices.ContainsFunc(e.Entries, func(entry Entry) bool { return entry.Fault == fault })
}

func (p *Plan) entry(c choice, pause time.Duration, overlaps bool) Entry {
	p.number++
	return Entry{Number: p.number, Fault: c.id, Pause: pause, Overlaps: overlaps}
}

func (p *Plan) draw(fits func(choice) bool) choice {
	for {
		if i := slices.IndexFunc(p.deck, fits); i >= 0 {
			c := p.deck[i]
			p.deck = slices.Delete(p.deck, i, i+1)
			return c
		}
		again := slices.Clone(p.choices)
		p.rng.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		p.deck = append(p.deck, again...)
	}
}

func (p *Plan) between(least, most time.Duration) time.Duration {
	d := least
	if most > least {
		d += time.Duration(p.rng.Int64N(int64(most - least)))
	}
	return d.Round(100 * time.Millisecond)
}

// choice is a scenario that can be played at random: it can be undone, needs
// nothing special of the cluster, and what is left of it is repaired by bringing
// every node back.
type choice struct {
	id string
	on clusters
	// alone: not together with another one. Two of them could destroy what is the
	// only copy, make the two primaries of the documented limits without fencing,
	// or leave what cannot be undone.
	alone bool
	// standby: it strikes a standby, which therefore has to be one.
	standby bool
	// waits: nobody takes over, and the operator has to come.
	waits bool
	// check: it is undone only when what the scenario looks at has happened.
	check bool
	// least is how long it lasts at least, so that it comes to an end of its own.
	least time.Duration
	// fenced: the cluster may take the power of a node, where it can.
	fenced target
}

type target string

const (
	nobody     target = ""
	thePrimary target = "primary"
	theStandby target = "standby"
)

// clusters is a set of kinds of cluster.
type clusters int

const (
	plain    clusters = 1 << iota // two nodes, no fencing
	fenced                        // two nodes with fencing
	three                         // three nodes, no fencing
	everyOne = plain | fenced | three
)

func (o Options) kind() clusters {
	switch {
	case o.Nodes == 3:
		return three
	case o.Fencing:
		return fenced
	}
	return plain
}

// shot is a time in which who is to be fenced has been.
const shot = 15 * time.Second

var choices = []choice{
	{id: "F01", on: everyOne},
	{id: "F01w", on: everyOne},
	{id: "F02", on: everyOne},
	{id: "F03", on: everyOne},
	{id: "F03c", on: everyOne},
	{id: "F03k", on: everyOne, standby: true},
	{id: "F03w", on: everyOne},
	{id: "F04", on: everyOne, standby: true},
	{id: "F05", on: everyOne, standby: true},
	{id: "F05s", on: everyOne, standby: true},
	{id: "F06", on: everyOne},
	{id: "F07", on: everyOne},
	{id: "F08", on: everyOne, standby: true},
	{id: "F08c", on: everyOne, standby: true},
	{id: "F09", on: everyOne, fenced: thePrimary},
	{id: "F10", on: everyOne, standby: true, fenced: theStandby},
	{id: "F11", on: plain, alone: true, standby: true, waits: true},
	{id: "F12", on: plain | fenced},
	{id: "F12r", on: plain | fenced},
	{id: "F13", on: plain | fenced},
	{id: "F14", on: plain, alone: true, standby: true, waits: true},
	{id: "F14f", on: fenced, alone: true, standby: true, fenced: thePrimary},
	{id: "F15f", on: fenced, alone: true, standby: true, fenced: thePrimary},
	{id: "F16", on: plain, alone: true, standby: true, waits: true},
	{id: "F17", on: plain | fenced, alone: true, standby: true},
	{id: "F17o", on: plain | fenced, alone: true, standby: true},
	{id: "F17p", on: plain | fenced, alone: true, standby: true},
	{id: "F18", on: plain | fenced, alone: true, standby: true},
	{id: "F19", on: everyOne},
	{id: "F20", on: everyOne},
	{id: "F22", on: everyOne},
	{id: "F25", on: plain | fenced, alone: true},
	{id: "F29", on: plain | fenced, alone: true, standby: true},
	{id: "F30", on: plain | fenced, alone: true},
	{id: "F31", on: everyOne},
	{id: "F31d", on: everyOne},
	{id: "F32", on: everyOne, standby: true},
	{id: "F33", on: plain | fenced, alone: true, standby: true},
	{id: "F34", on: everyOne, standby: true},
	{id: "F34l", on: everyOne, standby: true},
	{id: "F35", on: everyOne},
	{id: "F36", on: fenced, least: shot, standby: true, fenced: theStandby},
	{id: "F36n", on: plain, alone: true, standby: true},
	{id: "F37", on: fenced, least: shot, standby: true, fenced: thePrimary},
	{id: "F37g", on: fenced, least: shot, standby: true, alone: true, fenced: thePrimary},
	{id: "F37n", on: plain, alone: true, standby: true, check: true},
	{id: "F37p", on: plain, alone: true, standby: true},
	{id: "F38", on: fenced, least: shot, standby: true, fenced: theStandby},
	{id: "F38n", on: plain, alone: true, standby: true, check: true},
	{id: "F38w", on: plain, alone: true, standby: true, check: true},
	{id: "F39", on: everyOne, alone: true, standby: true},
	{id: "F39s", on: everyOne, alone: true, standby: true},
	{id: "F40", on: fenced, least: shot, standby: true, fenced: theStandby},
	{id: "F40d", on: everyOne, standby: true},
	{id: "F40n", on: plain, alone: true, standby: true},
	{id: "F40s", on: everyOne},
	{id: "F41", on: fenced, standby: true, fenced: thePrimary}, // alone nobody fences it
	{id: "F41f", on: fenced, standby: true, fenced: theStandby},
	{id: "F42", on: plain},
	{id: "F42f", on: fenced, standby: true, alone: true},
	{id: "F42p", on: fenced, standby: true, fenced: thePrimary},
	{id: "F42q", on: fenced, standby: true, fenced: thePrimary},
	{id: "F42s", on: plain, standby: true},
	{id: "F42t", on: fenced, standby: true, fenced: theStandby},
	{id: "F43", on: everyOne},
	{id: "F43f", on: fenced, fenced: thePrimary},
	{id: "F44", on: plain, standby: true},
	{id: "F45", on: everyOne},
	{id: "F46", on: everyOne, alone: true},
	{id: "F48", on: everyOne, standby: true},
	{id: "F49", on: everyOne, alone: true, standby: true},
	{id: "F50", on: fenced, fenced: thePrimary},
	{id: "F50f", on: fenced, least: shot, alone: true, standby: true, fenced: thePrimary},
	{id: "F51", on: fenced, least: shot, alone: true, standby: true, fenced: theStandby},
	{id: "F55", on: plain, alone: true, standby: true, waits: true},
	{id: "F56", on: plain, alone: true, standby: true, waits: true},
	{id: "F57", on: plain, alone: true, standby: true, waits: true},
	{id: "F60", on: plain, alone: true, standby: true},
	{id: "F66p", on: plain, alone: true, standby: true},
	{id: "F67", on: plain, alone: true, standby: true},
	{id: "F67n", on: plain, alone: true, standby: true},
	{id: "F68", on: plain, alone: true, standby: true},
	{id: "F68f", on: fenced, alone: true, standby: true, fenced: thePrimary},
	{id: "F70", on: everyOne, alone: true},
	{id: "F71s", on: three, alone: true, standby: true},
	{id: "F71p", on: three, alone: true, standby: true},
	{id: "F71d", on: three, alone: true, standby: true, waits: true},
	{id: "F72", on: three, alone: true, standby: true, waits: true},
	{id: "F74", on: plain | fenced, alone: true, standby: true},
}

func choicesFor(o Options) []choice {
	var fit []choice
	for _, c := range choices {
		if c.on&o.kind() != 0 {
			fit = append(fit, c)
		}
	}
	return fit
}

func choiceOf(id string) choice {
	return choices[slices.IndexFunc(choices, func(c choice) bool { return c.id == id })]
}

// Scenario is a fault of the plan.
func (e Entry) Scenario() drill.Scenario {
	all := drill.Scenarios()
	return all[slices.IndexFunc(all, func(s drill.Scenario) bool { return s.ID == e.Fault })]
}

// Scenarios are the faults that runs are made of, in the catalogue's order.
func Scenarios() []drill.Scenario {
	all := drill.Scenarios()
	return slices.DeleteFunc(all, func(s drill.Scenario) bool {
		return !slices.ContainsFunc(choices, func(c choice) bool { return c.id == s.ID })
	})
}
