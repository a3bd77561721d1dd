package rehearsal

import (
	"context"
	"slices"

	"pgrex/internal/crm"
	"pgrex/internal/definition"
)

// play is one event under way.
type play struct {
	sim     *Simulator
	model   Model
	cib     *definition.Element
	failing []string // as [failure] says them
	result  Result
}

// Hazard is an action that does not wait for what it has to wait for.
type Hazard struct {
	Action Action
	// Early says what it should wait for: "promote" for the promotion on its
	// node, "end" for the end of the former primary.
	Early string
}

// maxRounds is more than any cluster needs to come to rest.
const maxRounds = 10

func (p *play) apply(e Event) {
	for _, w := range e.watched {
		for _, n := range e.nodes {
			setAttribute(p.cib, n, w.Name, w.Bad)
		}
	}
	for n, status := range e.statuses {
		p.model.set(p.cib, n, status)
	}
}

// settle has the cluster and the agent act in turn until neither has anything
// to do, or until it is clear that they would go on for ever.
func (p *play) settle(ctx context.Context, inject ...string) error {
	for range maxRounds {
		before := p.promoted()
		t, after, err := p.sim.play(ctx, p.cib, append(slices.Clone(inject), failures(p.failing)...)...)
		if err != nil {
			return err
		}
		inject, p.cib = nil, after
		p.note(t, before)
		changed := p.model.followAgent(p.cib)
		if !changed && (len(t.Actions) == 0 || !p.failed(t)) {
			return nil
		}
	}
	p.result.Restless = true
	return nil
}

// failed says whether an action of a transition was one that fails.
func (p *play) failed(t transition) bool { return slices.ContainsFunc(t.Actions, p.fails) }

func (p *play) fails(a Action) bool {
	return slices.Contains(p.failing, failure(a.Resource, a.Do, a.Node))
}

// promoted are the nodes whose last action was a promotion.
func (p *play) promoted() []string {
	var list []string
	for _, n := range p.model.Nodes {
		if do, ok := lastAction(p.cib, n, p.model.Primitive); do == "promote" && ok {
			list = append(list, n)
		}
	}
	return list
}

// note takes down what a transition does, and what in it does not wait for
// what it must.
func (p *play) note(t transition, promoted []string) {
	db := p.model.Primitive
	for _, a := range t.Actions {
		if t.waitsForOne(a, p.fails) {
			continue // it is not done
		}
		a.Failed = p.fails(a)
		if a.Do == "fence" && !slices.Contains(p.result.Fenced, a.Node) {
			p.result.Fenced = append(p.result.Fenced, a.Node)
		}
		if !slices.ContainsFunc(p.result.Steps, func(s Action) bool { return s.Resource == a.Resource && s.Do == a.Do && s.Node == a.Node }) {
			p.result.Steps = append(p.result.Steps, a)
		}
		switch {
		case a.Resource == db && a.Do == "promote":
			for _, other := range promoted {
				ends := func(b Action) bool {
					return b.Node == other && (b.Do == "fence" || b.Resource == db && (b.Do == "demote" || b.Do == "stop"))
				}
				if other != a.Node && (p.model.Fencing || alive(p.cib, other)) && !t.waitsForOne(a, ends) {
					p.result.Hazards = append(p.result.Hazards, Hazard{a, "end"})
				}
			}
		case a.Do == "start" && p.use(a.Resource) == ForPrimary && !slices.Contains(promoted, a.Node):
			if !t.waitsForOne(a, func(b Action) bool { return b.Resource == db && b.Do == "promote" && b.Node == a.Node }) {
				p.result.Hazards = append(p.result.Hazards, Hazard{a, "promote"})
			}
		}
	}
}

// waitsForOne says whether an action waits for at least one of some others.
func (t transition) waitsForOne(a Action, ends func(Action) bool) bool {
	return slices.ContainsFunc(t.Actions, func(b Action) bool { return ends(b) && t.waitsFor(a.id, b.id) })
}

func (p *play) use(resource string) Use {
	for _, a := range p.model.Addresses {
		if a.ID == resource {
			return a.Use
		}
	}
	return ""
}

// withoutFencing is what happens when nobody confirms a fencing: all that
// waits for it is left undone, however often the cluster tries.
func (p *play) withoutFencing(ctx context.Context) error {
	t, _, err := p.sim.play(ctx, p.cib, p.result.inject...)
	if err != nil {
		return err
	}
	p.result.Waits = slices.ContainsFunc(t.Actions, func(a Action) bool { return a.Do == "fence" })
	before := p.promoted()
	for _, n := range before {
		if n != p.result.Node {
			p.result.Primaries = append(p.result.Primaries, n)
		}
	}
	for _, a := range t.Actions {
		if a.AfterFencing || a.Do == "fence" {
			continue
		}
		p.result.Steps = append(p.result.Steps, a)
		if a.Resource == p.model.Primitive && a.Do == "promote" {
			p.result.Primaries = append(p.result.Primaries, a.Node)
		}
	}
	o, err := p.sim.look(ctx, p.cib)
	if err != nil {
		return err
	}
	for _, a := range p.model.Addresses {
		nodes := slices.DeleteFunc(activeOn(o, a.ID), func(n string) bool { return n == p.result.Node })
		p.result.Addresses = append(p.result.Addresses, Placed{a, nodes})
	}
	return nil
}

// conclude looks at how things are in the end.
func (p *play) conclude(ctx context.Context) error {
	o, err := p.sim.look(ctx, p.cib)
	if err != nil {
		return err
	}
	p.result.Primaries = p.model.primaries(o)
	p.result.Addresses = nil
	for _, a := range p.model.Addresses {
		p.result.Addresses = append(p.result.Addresses, Placed{a, activeOn(o, a.ID)})
	}
	for _, r := range o.Resources {
		if !r.Blocked {
			continue
		}
		for _, n := range r.Nodes {
			p.result.Blocked = append(p.result.Blocked, r.ID+" ("+n+")")
		}
	}
	p.result.Status = map[string]string{}
	for _, n := range p.model.Nodes {
		p.result.Status[n] = attribute(p.cib, n, p.model.Primitive+"-status")
	}
	return nil
}

// primaries are the nodes that serve: promoted, in the cluster, and working.
func (m Model) primaries(o crm.Overview) []string {
	var list []string
	for _, r := range o.Resources {
		if r.ID != m.Primitive || r.Role != crm.Promoted || r.Failed {
			continue
		}
		for _, n := range r.Nodes {
			if s, ok := o.Node(n); ok && s.Online && !s.Unclean {
				list = append(list, n)
			}
		}
	}
	return list
}

// activeOn are the nodes on which a resource works.
func activeOn(o crm.Overview, id string) []string {
	list := []string{}
	for _, r := range o.Resources {
		if r.ID == id && r.Active && !r.Failed {
			for _, n := range r.Nodes {
				if s, ok := o.Node(n); ok && s.Online {
					list = append(list, n)
				}
			}
		}
	}
	return list
}
