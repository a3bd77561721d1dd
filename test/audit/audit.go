// Package audit looks from outside whether the invariants of the fault catalogue
// hold while a cluster of the lab runs and is broken: files and logs of the
// nodes are followed as they change, and what was seen is judged afterwards by
// functions of what was recorded. It imports nothing of the product.
package audit

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"pgrex/test/lab"
)

// Invariant is one of those that hold whatever happens.
type Invariant string

// The invariants of the fault catalogue.
const (
	I1  Invariant = "I1"  // at most one node acknowledges writes
	I2  Invariant = "I2"  // acknowledged rows are on the present primary
	I3  Invariant = "I3"  // acknowledged order is kept; judged by the random run alone
	I4  Invariant = "I4"  // nobody is promoted whose data may lack commits
	I5  Invariant = "I5"  // a standby loses its rights before commits go on without it
	I6  Invariant = "I6"  // PGSQL.lock is there from before the first write
	I7  Invariant = "I7"  // no fencing and no restart that was not called for
	I8  Invariant = "I8"  // the cluster settles and says what the servers say
	I9  Invariant = "I9"  // nothing is emptied or thrown away without consent
	I10 Invariant = "I10" // every action ended before its time-out
)

// Invariants are those that this package judges, in their order.
func Invariants() []Invariant { return []Invariant{I1, I2, I4, I5, I6, I7, I8, I9, I10} }

// Finding is one breakage of an invariant, or a look that there should have been.
type Finding struct {
	Invariant Invariant
	At        time.Time // zero where it has no moment
	Node      string    // empty where it is the cluster's
	Text      string
}

func (f Finding) String() string {
	at := ""
	if !f.At.IsZero() {
		at = f.At.UTC().Format("15:04:05.000 ")
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s%s %s", f.Invariant, at, f.Node, f.Text))
}

// Report is what came of all looks.
type Report struct {
	Findings []Finding
	Looks    map[Invariant]int // how often each was really looked at
	Rows     []Rows            // what became of acknowledged rows
	Writes   lab.Audit         // of the probes
}

// Rows is what a check of acknowledged rows has found.
type Rows struct {
	Through string // vip-master, or the node that was asked itself
	lab.Verdict
	Err error
}

// Expected is what a scenario calls for. Nodes are given by their names.
type Expected struct {
	Fenced    []string // must be fenced
	MayFence  []string // may be fenced
	Restarts  []string // their server may be stopped, killed or started
	TimesOut  []string // their actions may time out: something is frozen there
	Promotion bool     // somebody is to be promoted
	// Histories are what clients were told, by where they wrote to.
	Histories map[string]lab.History
	// Settle is how long the cluster gets to settle; 0: 20 s.
	Settle time.Duration
	// Spared are invariants that the scenario itself breaks, each with the
	// reason; they are looked at all the same.
	Spared map[Invariant]string
}

// Watch is an audit under way.
type Watch struct {
	lab   *lab.Lab
	probe *lab.WriteProbe
	stop  context.CancelFunc
	done  sync.WaitGroup

	mu       sync.Mutex
	record   Record
	reported map[string]bool // findings that a Look has told of
	from     time.Time       // begin of the present period
}

// Start begins to look at a cluster, and to ask every node for writes. It ends
// with Stop or when ctx does.
func Start(ctx context.Context, l *lab.Lab) *Watch {
	now := time.Now()
	w := &Watch{lab: l, reported: map[string]bool{}, from: now}
	w.record = Record{From: now, Polls: map[string]Polls{}}
	for _, n := range l.Nodes() {
		w.record.Nodes = append(w.record.Nodes, n.Name)
	}
	followers := make([]*follower, 0, len(l.Nodes()))
	for _, n := range l.Nodes() {
		followers = append(followers, newFollower(n))
	}
	// The logs are followed from before the state is asked for, so that no
	// change falls between the two.
	if s, err := l.Status(ctx); err != nil {
		w.record.Blind = append(w.record.Blind, fmt.Sprintf("the cluster did not say how it was at the begin: %v", err))
	} else {
		w.add(begin(now, s)...)
	}
	ctx, w.stop = context.WithCancel(ctx)
	for i, f := range followers {
		f.writable = slices.ContainsFunc(w.record.Events, func(e Event) bool {
			s, ok := e.(Server)
			return ok && s.Node == f.node && s.What == Writable
		})
		f.ended = func(at time.Time) { w.endOfWAL(ctx, l.Nodes()[i], at) }
		w.done.Add(1)
		go func() {
			defer w.done.Done()
			f.follow(ctx, w)
		}()
	}
	w.probe = l.StartWriteProbe(ctx)
	return w
}

// begin is the cluster's state as events, for those that only come to be told
// of what changes.
func begin(at time.Time, s lab.Status) []Event {
	var events []Event
	for view := range s.Nodes {
		for name, n := range s.Nodes {
			for key, value := range n.Attributes {
				events = append(events, Attribute{At: at, View: view, Node: name, Name: key, Value: value})
			}
		}
	}
	for name, n := range s.Nodes {
		switch n.Role {
		case lab.Promoted:
			events = append(events, Server{At: at, Node: name, What: Writable, Known: true})
		case lab.Unpromoted:
			events = append(events, Server{At: at, Node: name, What: ReadOnly, Known: true})
		}
	}
	return events
}

func (w *Watch) add(events ...Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.record.Events = append(w.record.Events, events...)
}

// Consent says that from now on the database and the archive of a node may be
// replaced, its lock removed, and its server started and stopped: for what is
// not typed as an operator's command, which is seen by itself.
func (w *Watch) Consent(node string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.record.Consents = append(w.record.Consents, Consent{At: time.Now(), Node: node, Data: true, Lock: true, Start: true, Server: true, Archive: true, WAL: true})
}

// Look judges in between what can be judged without stopping (I1, I7, I8), for
// the time since the Look before it or the start, and returns what is new. It
// waits until the cluster has settled, or has not.
func (w *Watch) Look(ctx context.Context, e Expected) []Finding {
	r := w.period(ctx, e)
	var found []Finding
	for _, j := range []judge{judgeWrites, judgeFenced, judgeSettled} {
		f, _ := j(r)
		found = append(found, f...)
	}
	return w.news(r.spare(found))
}

// period closes the present period and returns the record up to now.
func (w *Watch) period(ctx context.Context, e Expected) Record {
	settled := w.settle(ctx, e)
	now := time.Now()
	power, err := w.lab.PowerEvents(w.record.From)
	typed := w.lab.Typed(w.record.From)
	writes := w.probe.Audit()
	w.mu.Lock()
	defer w.mu.Unlock()
	r := &w.record
	r.To, r.Power, r.Typed, r.Writes = now, power, typed, writes
	if err != nil {
		r.Blind = append(r.Blind, err.Error())
	}
	r.Settled = append(r.Settled, settled)
	r.Periods = append(r.Periods, Period{From: w.from, To: now, Expected: e})
	w.from = now
	return r.clone()
}

// news are those findings that were not told before.
func (w *Watch) news(found []Finding) []Finding {
	w.mu.Lock()
	defer w.mu.Unlock()
	var fresh []Finding
	for _, f := range found {
		if !w.reported[f.String()] {
			w.reported[f.String()] = true
			fresh = append(fresh, f)
		}
	}
	return fresh
}

// Stop ends the looking and judges everything, what a Look has told included.
func (w *Watch) Stop(ctx context.Context, e Expected) Report {
	if ctx.Err() != nil { // nobody answers any more
		e.Spared = maps.Clone(e.Spared)
		if e.Spared == nil {
			e.Spared = map[Invariant]string{}
		}
		e.Spared[I2], e.Spared[I8] = "it was interrupted", "it was interrupted"
	}
	r := w.period(ctx, e)
	w.stop()
	w.done.Wait()
	r.Writes = w.probe.Stop()
	w.mu.Lock()
	r.Events, r.Polls, r.Blind = slices.Clone(w.record.Events), maps.Clone(w.record.Polls), slices.Clone(w.record.Blind)
	w.mu.Unlock()
	for _, n := range w.lab.Nodes() {
		a, err := n.Actions(r.From)
		if err != nil {
			r.Blind = append(r.Blind, fmt.Sprintf("cannot read the log of Pacemaker on %s: %v", n.Name, err))
		}
		r.Actions = append(r.Actions, a...)
	}
	all := map[string]lab.History{}
	for through, h := range e.Histories {
		all[through] = h
	}
	for node, h := range r.Writes.Rows {
		all[node] = h
	}
	for through, h := range all {
		v, err := w.lab.Check(ctx, h)
		r.Rows = append(r.Rows, Rows{Through: through, Verdict: v, Err: err})
	}
	slices.SortFunc(r.Rows, func(a, b Rows) int { return cmp.Compare(a.Through, b.Through) })
	return Judge(r)
}
