// Package diff compares two cluster definitions by what they mean: ids that
// readers make up, the order of what has none, and different spellings of the
// same value are no difference. Each difference comes with its consequence for
// a cluster that runs by the old definition and is given the new one.
//
// What the scheduler would really do is asked in rehearsal; texts belong to
// operation.
package diff

import (
	"cmp"
	"maps"
	"slices"

	"pgrex/internal/definition"
)

// Op says what has happened to something.
type Op string

// The ways in which two definitions differ.
const (
	Added   Op = "added"
	Changed Op = "changed"
	Removed Op = "removed"
)

// Kind is the kind of what differs.
type Kind string

// The kinds, in the order in which changes are listed.
const (
	Property     Kind = "property"
	RscDefault   Kind = "rsc-default"
	OpDefault    Kind = "op-default"
	Node         Kind = "node"
	Resource     Kind = "resource" // as a whole
	Parameter    Kind = "parameter"
	Meta         Kind = "meta"
	Utilization  Kind = "utilization"
	Operation    Kind = "operation"
	Location     Kind = "location"
	Colocation   Kind = "colocation"
	Order        Kind = "order"
	Ticket       Kind = "ticket"
	Topology     Kind = "fencing-level"
	Alert        Kind = "alert"
	OtherSection Kind = "other"
)

var kinds = []Kind{Property, RscDefault, OpDefault, Node, Resource, Parameter, Meta, Utilization, Operation, Location, Colocation, Order,
	Ticket, Topology, Alert, OtherSection}

// Change is one difference.
type Change struct {
	Op   Op
	Kind Kind
	// Object is the resource, property, node or alert; of a constraint it is
	// what is constrained, in the words of crmsh.
	Object string
	Name   string // of the parameter, attribute or operation; "" where the object is all
	// Old and New are the values, "" where there is none. Secrets are never in them.
	Old, New    string
	Consequence Consequence
}

// key says what a value is the value of.
type key struct {
	kind         Kind
	object, name string
}

// value is what two definitions are compared by.
type value struct {
	text   string
	secret bool
}

// Compare lists how the new definition differs from the old one, both in the
// words of one target.
func Compare(old, updated definition.Definition, t definition.Target) []Change {
	a, b := flatten(old.Tree(t)), flatten(updated.Tree(t))
	keys := map[key]bool{}
	for _, m := range []*model{a, b} {
		for k := range m.values {
			keys[k] = true
		}
	}
	var list []Change
	for _, k := range slices.SortedFunc(maps.Keys(keys), byOrder) {
		was, hadIt := a.values[k]
		is, hasIt := b.values[k]
		if hadIt && hasIt && was.text == is.text {
			continue
		}
		c := Change{Op: Changed, Kind: k.kind, Object: k.object, Name: k.name, Old: shown(was, hadIt), New: shown(is, hasIt)}
		switch {
		case !hadIt:
			c.Op = Added
		case !hasIt:
			c.Op = Removed
		}
		// What belongs to a resource comes and goes with it.
		if slices.Contains([]Kind{Parameter, Meta, Utilization, Operation}, k.kind) && (a.agents[k.object] == "" || b.agents[k.object] == "") {
			continue
		}
		c.Consequence = consequence(c, a, b)
		list = append(list, c)
	}
	return list
}

func shown(v value, there bool) string {
	if there && v.secret {
		return "***"
	}
	return v.text
}

func byOrder(a, b key) int {
	return cmp.Or(slices.Index(kinds, a.kind)-slices.Index(kinds, b.kind), cmp.Compare(a.object, b.object), cmp.Compare(a.name, b.name))
}
