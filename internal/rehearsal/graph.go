package rehearsal

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

// Action is one step of what the cluster would do.
type Action struct {
	// Resource is a primitive without its instance number, "" for fencing.
	Resource string
	// Do is start, stop, promote, demote, reload, fence, or another operation
	// of the resource as Pacemaker calls it.
	Do   string
	Node string // where, or who is fenced
	// AfterFencing says that the action waits for a fencing to be confirmed.
	AfterFencing bool
	Failed       bool

	id int
}

// graph is the file of crm_simulate --save-graph, the same from Pacemaker 1.1 on.
type graph struct {
	Synapses []struct {
		Actions struct {
			List []graphAction `xml:",any"`
		} `xml:"action_set"`
		Inputs []struct {
			List []graphAction `xml:",any"`
		} `xml:"inputs>trigger"`
	} `xml:"synapse"`
}

type graphAction struct {
	XMLName   xml.Name
	ID        int    `xml:"id,attr"`
	Operation string `xml:"operation,attr"`
	Key       string `xml:"operation_key,attr"`
	Node      string `xml:"on_node,attr"`
	Primitive struct {
		ID string `xml:"id,attr"`
	} `xml:"primitive"`
}

// transition is what the cluster does about one state, in an order that every
// wait allows.
type transition struct {
	Actions []Action
	// inputs are the ids of what each action waits for, pseudo actions included.
	inputs map[int][]int
}

// parseGraph reads a transition graph.
func parseGraph(text []byte) (transition, error) {
	var g graph
	if err := xml.Unmarshal(text, &g); err != nil {
		return transition{}, fmt.Errorf("cannot read the graph of crm_simulate: %w", err)
	}
	t := transition{inputs: map[int][]int{}}
	byID := map[int]Action{}
	for _, s := range g.Synapses {
		var waits []int
		for _, in := range s.Inputs {
			for _, a := range in.List {
				waits = append(waits, a.ID)
			}
		}
		for _, a := range s.Actions.List {
			t.inputs[a.ID] = append(t.inputs[a.ID], waits...)
			if known, ok := action(a); ok {
				byID[a.ID] = known
			}
		}
	}
	var fencing []int
	for id, a := range byID {
		if a.Do == "fence" {
			fencing = append(fencing, id)
		}
	}
	for _, id := range t.order() {
		a, ok := byID[id]
		if !ok {
			continue
		}
		a.AfterFencing = slices.ContainsFunc(fencing, func(f int) bool { return f != id && t.waitsFor(id, f) })
		t.Actions = append(t.Actions, a)
	}
	return t, nil
}

// action is an action that is carried out on a node; pseudo actions only order
// the others, and monitors only look.
func action(a graphAction) (Action, bool) {
	out := Action{Resource: withoutInstance(a.Primitive.ID), Do: a.Operation, Node: a.Node, id: a.ID}
	switch {
	case a.XMLName.Local == "crm_event" && a.Operation == "stonith":
		out.Do, out.Resource = "fence", ""
		return out, true
	case a.XMLName.Local != "rsc_op", slices.Contains([]string{"monitor", "notify", "cancel", "delete", "lrm_delete", "clear_failcount"}, a.Operation):
		return out, false
	}
	return out, true
}

func withoutInstance(id string) string {
	id, _, _ = strings.Cut(id, ":")
	return id
}

// waitsFor says whether an action waits for another, directly or not.
func (t transition) waitsFor(id, other int) bool {
	seen := map[int]bool{}
	var visit func(int) bool
	visit = func(at int) bool {
		if seen[at] {
			return false
		}
		seen[at] = true
		return slices.ContainsFunc(t.inputs[at], func(in int) bool { return in == other || visit(in) })
	}
	return visit(id)
}

// order lists all actions, each behind what it waits for.
func (t transition) order() []int {
	var list []int
	ids := make([]int, 0, len(t.inputs))
	for id := range t.inputs {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	seen := map[int]bool{}
	var visit func(int)
	visit = func(id int) {
		if seen[id] {
			return
		}
		seen[id] = true
		for _, in := range slices.Sorted(slices.Values(t.inputs[id])) {
			visit(in)
		}
		list = append(list, id)
	}
	for _, id := range ids {
		visit(id)
	}
	return list
}
