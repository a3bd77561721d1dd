package definition

import (
	"slices"
	"strconv"
)

// Infinity is the score of what has to be.
const Infinity = 1000000

// Location says where a resource may or may not run. Resource sets and
// patterns of resources are not in the lists of this file: PG-REX has none.
type Location struct {
	ID, Resource string
	// Node is set for a constraint without rules.
	Node  string
	Role  string // in new words, "" for all
	Score int
	// Any is what a rule asks for: one of these lists, all of which hold. Nil
	// for a constraint without rules.
	Any [][]Expression
}

// Expression compares an attribute of a node.
type Expression struct {
	Attribute string
	Operation string // "eq", "not_defined", and so on; "" for what is none of a node's attributes
	Value     string
}

// Locations are the placements, one for each rule.
func (d Definition) Locations() []Location {
	var list []Location
	for _, e := range d.configuration.section("constraints").named("rsc_location") {
		l := Location{ID: e.attr("id"), Resource: e.attr("rsc"), Node: e.attr("node"), Role: newRole(e.attr("role")), Score: points(e.attr("score"))}
		rules := e.named("rule")
		if len(rules) == 0 {
			list = append(list, l)
		}
		for _, rule := range rules {
			rule = d.target(rule)
			one := l
			one.Node, one.Score, one.Any = "", points(rule.attr("score")), d.alternatives(rule)
			if role := newRole(rule.attr("role")); role != "" {
				one.Role = role
			}
			list = append(list, one)
		}
	}
	return list
}

// maxAlternatives is far more than any rule of PG-REX has; it keeps a rule of
// many parts, each with many, from filling the memory.
const maxAlternatives = 256

// alternatives brings a rule into the form of [Location.Any].
func (d Definition) alternatives(rule *element) [][]Expression {
	or := rule.attr("boolean-op") == "or"
	var ways [][]Expression
	for _, child := range rule.children {
		var part [][]Expression
		switch child.name {
		case "rule":
			part = d.alternatives(d.target(child))
		case "expression":
			part = [][]Expression{{{child.attr("attribute"), child.attr("operation"), child.attr("value")}}}
		default: // a date, or what Pacemaker will have later
			part = [][]Expression{{{}}}
		}
		switch {
		case ways == nil:
			ways = part
		case or:
			ways = append(ways, part...)
		default:
			ways = product(ways, part)
		}
		if len(ways) > maxAlternatives {
			return [][]Expression{{{}}}
		}
	}
	return ways
}

func product(a, b [][]Expression) [][]Expression {
	var out [][]Expression
	for _, x := range a {
		for _, y := range b {
			out = append(out, append(slices.Clone(x), y...))
		}
	}
	return out
}

// points is a score as a number, as Pacemaker reads it.
func points(text string) int {
	s, ok := score(text)
	switch {
	case s == "INFINITY":
		return Infinity
	case s == "-INFINITY":
		return -Infinity
	case !ok:
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return min(max(n, -Infinity), Infinity)
}

// Colocation says that a resource runs where another does.
type Colocation struct {
	ID, Resource, With string
	Role, WithRole     string // in new words; "" for Started, which is the same
	Score              int
}

// Colocations are those of the definition, sets left out.
func (d Definition) Colocations() []Colocation {
	var list []Colocation
	started := func(role string) string {
		if role = newRole(role); role == "Started" {
			return ""
		}
		return role
	}
	for _, e := range d.configuration.section("constraints").named("rsc_colocation") {
		if e.attr("rsc") != "" {
			list = append(list, Colocation{ID: e.attr("id"), Resource: e.attr("rsc"), With: e.attr("with-rsc"),
				Role: started(e.attr("rsc-role")), WithRole: started(e.attr("with-rsc-role")), Score: points(e.attr("score"))})
		}
	}
	return list
}

// Order says that something is done before something else.
type Order struct {
	ID                 string
	First, FirstAction string // the action is "start" where none is written
	Then, ThenAction   string
	Kind               string // "Mandatory", "Optional" or "Serialize"
	Symmetrical        bool   // holds the other way round when stopping
}

// Orders are those of the definition, sets left out.
func (d Definition) Orders() []Order {
	var list []Order
	for _, e := range d.configuration.section("constraints").named("rsc_order") {
		if e.attr("first") == "" {
			continue
		}
		o := Order{ID: e.attr("id"), First: e.attr("first"), Then: e.attr("then"),
			FirstAction: e.attr("first-action"), ThenAction: e.attr("then-action"), Kind: e.attr("kind")}
		if o.FirstAction == "" {
			o.FirstAction = "start"
		}
		if o.ThenAction == "" {
			o.ThenAction = o.FirstAction
		}
		if o.Kind == "" { // before there were kinds, 0 stood for Optional
			o.Kind = "Mandatory"
			if s := e.attr("score"); s != "" && points(s) == 0 {
				o.Kind = "Optional"
			}
		}
		s := e.attr("symmetrical")
		o.Symmetrical = s == "" && o.Kind != "Serialize" || isTrue(s)
		list = append(list, o)
	}
	return list
}
