package rehearsal

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"

	"pgrex/internal/crm"
	"pgrex/internal/definition"
)

// Result is what comes of an event.
type Result struct {
	Event
	Primaries []string // nodes that serve as primary in the end
	Addresses []Placed
	Fenced    []string
	// Waits says that the cluster waits for a fencing and does nothing that
	// depends on it.
	Waits bool
	// Restless says that the cluster would try the same again and again.
	Restless bool
	Blocked  []string // "RESOURCE (NODE)": the cluster leaves them to the operator
	Steps    []Action // what the cluster does, in order
	Hazards  []Hazard
	// Causes are constraints each of which, left out, would have made it well.
	Causes []string
	Status map[string]string // what the agent says of each node in the end
}

// Placed is where an address is in the end.
type Placed struct {
	Address
	Nodes []string
}

// Problem is why a result is bad.
type Problem string

// The problems of a result.
const (
	NoProblem   Problem = ""
	NoPrimary   Problem = "no-primary"
	NoAddress   Problem = "no-address" // a primary that clients do not reach
	TwoPrimary  Problem = "two-primaries"
	OutOfOrder  Problem = "order" // an address is up before its database is
	CannotStart Problem = "cannot-start"
	Restless    Problem = "restless" // nobody knows how it ends
)

// Problem says what is wrong in the end, whatever was to be expected.
func (r Result) Problem() Problem {
	switch {
	case r.Restless:
		return Restless
	case len(r.Primaries) > 1:
		return TwoPrimary
	case len(r.Primaries) == 0 && r.Kind == FirstStart:
		return CannotStart
	case len(r.Primaries) == 0:
		return NoPrimary
	}
	for _, a := range r.Addresses {
		if a.Use == ForPrimary && !slices.Contains(a.Nodes, r.Primaries[0]) {
			return NoAddress
		}
	}
	if len(r.Hazards) > 0 {
		return OutOfOrder
	}
	return NoProblem
}

// Report is what a rehearsal has found.
type Report struct {
	Model   Model
	Primary string // in the beginning
	Live    bool   // the beginning was the cluster as it is
	Results []Result
}

// Failed are the results of single failures that leave the cluster without a
// primary for clients, or with two in spite of fencing.
func (r Report) Failed() []Result {
	var list []Result
	for _, res := range r.Results {
		if r.Bad(res) {
			list = append(list, res)
		}
	}
	return list
}

// Bad says whether a result is one that a definition must not have. Two
// primaries without fencing are what fencing is for, and no mistake of the rest.
func (r Report) Bad(res Result) bool {
	p := res.Problem()
	return res.Single && p != NoProblem && (p != TwoPrimary || r.Model.Fencing)
}

// Rehearse plays all events on a definition, from a state that it would have
// when all is well.
func (s *Simulator) Rehearse(ctx context.Context, d definition.Definition, t definition.Target) (Report, error) {
	configuration := d.Tree(t)
	m, err := FindModel(d.Primitives(), nil, configuration)
	if err != nil {
		return Report{}, err
	}
	report := Report{Model: m, Primary: m.Nodes[0]}
	cib := newState(m, configuration, unchecked(t))
	start, state, err := s.start(ctx, m, cib)
	if err != nil {
		return Report{}, err
	}
	report.Results = []Result{start}
	if start.Problem() == CannotStart || start.Problem() == NoAddress {
		report.Results[0].Causes, err = s.causes(ctx, cib, func(ctx context.Context, cib *definition.Element) (Result, error) {
			res, _, err := s.start(ctx, m, cib)
			return res, err
		})
		return report, err
	}
	more, err := s.all(ctx, m, state, m.Nodes[0])
	report.Results = append(report.Results, more...)
	return report, err
}

// ErrNotHealthy says that a cluster cannot be rehearsed on as it is: it has no
// primary, or not all nodes.
var ErrNotHealthy = errors.New("the cluster has no primary and standby at the moment")

// RehearseLive plays all events on a running cluster's CIB, state included. Its
// secrets stay in it: the state has digests of all parameters, and the scheduler
// would take others for changed ones.
func (s *Simulator) RehearseLive(ctx context.Context, cib *definition.Element) (Report, error) {
	d, err := definition.Read(cib.Text())
	if err != nil {
		return Report{}, err
	}
	t, err := definition.NewTarget(cib.Attr("validate-with"))
	if err != nil {
		return Report{}, err
	}
	cib = cib.Clone()
	cib.Set("validate-with", unchecked(t))
	cib.Set("have-quorum", "1")
	o, err := s.look(ctx, cib)
	if err != nil {
		return Report{}, err
	}
	var nodes []string
	for _, n := range o.Nodes {
		if !n.Online {
			return Report{}, ErrNotHealthy
		}
		nodes = append(nodes, n.Name)
	}
	m, err := FindModel(d.Primitives(), nodes, cib.Section("configuration"))
	if err != nil {
		return Report{}, err
	}
	primaries := m.primaries(o)
	if len(primaries) != 1 || len(nodes) < 2 {
		return Report{}, ErrNotHealthy
	}
	slices.SortStableFunc(m.Nodes, func(a, b string) int { return rank(a == primaries[0]) - rank(b == primaries[0]) })
	results, err := s.all(ctx, m, cib, primaries[0])
	return Report{Model: m, Primary: primaries[0], Live: true, Results: results}, err
}

func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}

// start brings a cluster up to a primary and a synchronous standby.
func (s *Simulator) start(ctx context.Context, m Model, cib *definition.Element) (Result, *definition.Element, error) {
	cib = cib.Clone()
	p := &play{sim: s, model: m, cib: cib, result: Result{Event: Event{Kind: FirstStart, Node: m.Nodes[0], OnPrimary: true, Single: true}}}
	if err := p.settle(ctx); err != nil {
		return Result{}, nil, err
	}
	// The agent lets one node be promoted.
	setAttribute(p.cib, m.Nodes[0], crm.PromotionScore(m.Primitive), scorePrimary)
	if err := p.settle(ctx); err != nil {
		return Result{}, nil, err
	}
	for _, n := range m.Nodes[1:] {
		if do, ok := lastAction(p.cib, n, m.Primitive); do == "start" && ok {
			m.set(p.cib, n, statusSync)
		}
	}
	if err := p.settle(ctx); err != nil {
		return Result{}, nil, err
	}
	err := p.conclude(ctx)
	return p.result, p.cib, err
}

// all plays the events, several at a time, each from the same state. Where the
// standby of them is out of step that is another event's beginning.
func (s *Simulator) all(ctx context.Context, m Model, state *definition.Element, primary string) ([]Result, error) {
	standby := ""
	for _, n := range m.Nodes {
		if !strings.EqualFold(n, primary) && standby == "" {
			standby = n
		}
	}
	events := m.events(primary, standby)
	results, errs := make([]Result, len(events)), make([]error, len(events))
	var wait sync.WaitGroup
	slots := make(chan struct{}, max(2, runtime.NumCPU()))
	for i, e := range events {
		if e.Kind == Split {
			continue // made of two others
		}
		wait.Add(1)
		go func() {
			defer wait.Done()
			slots <- struct{}{}
			defer func() { <-slots }()
			results[i], errs[i] = s.event(ctx, m, state, e)
		}()
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for i, e := range events {
		if e.Kind == Split {
			results[i] = m.split(e, results)
		}
	}
	return results, s.explain(ctx, m, state, results)
}

// explain finds out why events end without a primary. What was the reason for
// one is tried first for the next.
func (s *Simulator) explain(ctx context.Context, m Model, state *definition.Element, results []Result) error {
	var known []string
	for i, r := range results {
		if p := r.Problem(); !r.Single || r.Kind == Split || !slices.Contains([]Problem{NoPrimary, NoAddress, Restless}, p) {
			continue
		}
		again := func(ctx context.Context, cib *definition.Element) (Result, error) {
			return s.event(ctx, m, cib, r.Event)
		}
		causes, err := s.among(ctx, known, state, again)
		if err == nil && len(causes) == 0 {
			causes, err = s.causes(ctx, state, again)
		}
		if err != nil {
			return err
		}
		results[i].Causes = causes
		for _, c := range causes {
			if !slices.Contains(known, c) {
				known = append(known, c)
			}
		}
	}
	return nil
}

// event plays one event.
func (s *Simulator) event(ctx context.Context, m Model, state *definition.Element, e Event) (Result, error) {
	p := &play{sim: s, model: m, cib: state.Clone(), result: Result{Event: e}}
	before := e
	if e.Kind == StandbySync { // it was out of step
		before.statuses = map[string]string{e.Node: statusAlone}
		p.apply(before)
		if err := p.settle(ctx); err != nil {
			return Result{}, err
		}
		p.result.Steps, p.result.Hazards = nil, nil
	}
	p.apply(e)
	p.failing = e.failing
	for _, n := range m.Nodes { // the agent does not start what was a primary when it failed
		if do, ok := lastAction(state, n, m.Primitive); do == "promote" && ok {
			p.failing = append(slices.Clone(p.failing), failure(m.Primitive, "start", n))
		}
	}
	if e.Kind == FencingFails {
		if err := p.withoutFencing(ctx); err != nil {
			return Result{}, err
		}
		return p.result, nil
	}
	if err := p.settle(ctx, e.inject...); err != nil {
		return Result{}, err
	}
	err := p.conclude(ctx)
	return p.result, err
}

// split puts together what both sides of a broken interconnect do: each sees
// the other one lost. With fencing one of them is shot before it has done
// anything; without, both go on.
func (m Model) split(e Event, results []Result) Result {
	r := Result{Event: e, Status: map[string]string{}}
	for _, side := range results {
		if side.Kind != NodeLost {
			continue
		}
		if m.Fencing && side.OnPrimary {
			continue // the primary's side is the one that is expected to win
		}
		r.Primaries = append(r.Primaries, side.Primaries...)
		r.Fenced = append(r.Fenced, side.Fenced...)
		r.Steps = append(r.Steps, side.Steps...)
		for _, a := range side.Addresses {
			i := slices.IndexFunc(r.Addresses, func(p Placed) bool { return p.ID == a.ID })
			if i < 0 {
				r.Addresses = append(r.Addresses, Placed{Address: a.Address, Nodes: slices.Clone(a.Nodes)})
				continue
			}
			r.Addresses[i].Nodes = append(r.Addresses[i].Nodes, a.Nodes...)
		}
	}
	return r
}

// again plays something once more on another state.
type again func(context.Context, *definition.Element) (Result, error)

// causes are the constraints of a state each of which is why an event goes
// wrong: without it, all is well. Where devices may run is none of these.
func (s *Simulator) causes(ctx context.Context, state *definition.Element, play again) ([]string, error) {
	configuration := state.Section("configuration")
	devices := map[string]bool{}
	configuration.Section("resources").Each(func(e *definition.Element) { devices[e.Attr("id")] = e.Attr("class") == "stonith" })
	var ids []string
	for _, c := range configuration.Section("constraints").Children() {
		if !devices[c.Attr("rsc")] {
			ids = append(ids, c.Attr("id"))
		}
	}
	return s.among(ctx, ids, state, play)
}

// among are those of some constraints without which all is well.
func (s *Simulator) among(ctx context.Context, ids []string, state *definition.Element, play again) ([]string, error) {
	cures, errs := make([]bool, len(ids)), make([]error, len(ids))
	var wait sync.WaitGroup
	slots := make(chan struct{}, max(2, runtime.NumCPU()))
	for i, id := range ids {
		wait.Add(1)
		go func() {
			defer wait.Done()
			slots <- struct{}{}
			defer func() { <-slots }()
			without := state.Clone()
			without.Section("configuration").Section("constraints").Remove(func(e *definition.Element) bool { return e.Attr("id") == id })
			res, err := play(ctx, without)
			p := res.Problem()
			cures[i], errs[i] = err == nil && (p == NoProblem || p == OutOfOrder), err
		}()
	}
	wait.Wait()
	var found []string
	for i, id := range ids {
		if cures[i] {
			found = append(found, id)
		}
	}
	return found, errors.Join(errs...)
}
