package review

import (
	"slices"
	"strings"

	"pgrex/internal/definition"
	"pgrex/internal/message"
)

// The constraints of the model have the numbers of section 3.4: C1 to C4, O1
// to O5, L1 to L8. Each is looked for by its meaning.

// checks are what binds PostgreSQL to the checks of its node: C1 to C3, O1 to
// O3, L1 to L3 (W077).
func (c *checker) checks() {
	if len(c.Gateways) == 0 {
		c.add("W077", message.REV776, []string{c.Clone}, "number", "C1, O1, L1", "id", c.Clone, "agent", "ocf:pacemaker:ping")
	}
	for _, m := range c.Gateways {
		c.bound(m, "C1", "O1", "L1", "lt")
	}
	if len(c.Disks) == 0 {
		c.add("W077", message.REV776, []string{c.Clone}, "number", "C2, O2, L3", "id", c.Clone, "agent", "ocf:heartbeat:storage-mon")
	}
	for i, m := range c.Disks {
		switch {
		case m.Resource.Type == "storage-mon":
			c.bound(m, "C2", "O2", "L3'", "")
			c.healthStrategy(m)
		case c.ofSystemDisk(i):
			c.bound(m, "C2", "O2", "L3", "eq")
		default:
			c.bound(m, "C3", "O3", "L2", "eq")
		}
	}
}

// ofSystemDisk says which of the checks of disks is that of the operating
// system: the one whose attribute says so, else the first of several.
func (c *checker) ofSystemDisk(i int) bool {
	internal := func(m Monitor) bool { return strings.Contains(m.Attribute, "internal") }
	if slices.ContainsFunc(c.Disks, internal) {
		return internal(c.Disks[i])
	}
	return i == 0 && len(c.Disks) > 1
}

// bound looks at one check: colocation, order, and the rule that keeps
// PostgreSQL off a node where the attribute says no, which it does with the
// comparison bad ("" for one that Pacemaker makes itself).
func (c *checker) bound(m Monitor, colocation, order, rule, bad string) {
	c.colocation(colocation, c.Clone, m.Top, "")
	c.order(wanted{number: order, first: m.Top, then: c.Clone, firstAction: "start", thenAction: "start"})
	ways := c.banned(c.Clone)
	undefined := func(way []definition.Expression) bool {
		return len(way) == 1 && way[0].Attribute == m.Attribute && way[0].Operation == "not_defined"
	}
	says := func(way []definition.Expression) bool {
		return len(way) == 1 && way[0].Attribute == m.Attribute && (way[0].Operation == bad || bad == "lt" && way[0].Operation == "lte")
	}
	expression := "not_defined " + m.Attribute
	switch bad {
	case "lt":
		expression += " or " + m.Attribute + " lt " + limit(m)
	case "eq":
		expression += " or " + m.Attribute + " eq ERROR"
	}
	if !slices.ContainsFunc(ways, undefined) || bad != "" && !slices.ContainsFunc(ways, says) {
		c.placement(rule, c.Clone, expression, "-INFINITY")
	}
}

func limit(m Monitor) string { return orDefault(m.Resource.Params["multiplier"], "1") }

// healthStrategy is the other half of L3': a disk that is red moves nothing
// without it.
func (c *checker) healthStrategy(m Monitor) {
	if s, _ := c.d.Property("node-health-strategy"); s == "" || s == "none" {
		c.add("W077", message.REV777, []string{"node-health-strategy"}, "number", "L3'", "id", m.Resource.ID)
	}
}

// banned are the conditions under which a resource must not run on a node.
func (c *checker) banned(id string) [][]definition.Expression {
	var ways [][]definition.Expression
	for _, l := range c.locations {
		if l.Resource == id && l.Score == -definition.Infinity && (l.Role == "" || l.Role == "Started") {
			ways = append(ways, l.Any...)
		}
	}
	return ways
}

// atThePrimary is what binds the addresses to the primary: C4, O4, O5 (W077).
func (c *checker) atThePrimary() {
	if c.Group == "" {
		return // W076 tells
	}
	c.colocation("C4", c.Group, c.Clone, "Promoted")
	c.order(wanted{number: "O4", first: c.Clone, then: c.Group, firstAction: "promote", thenAction: "start", kind: "Mandatory"})
	c.order(wanted{number: "O5", first: c.Clone, then: c.Group, firstAction: "demote", thenAction: "stop", kind: "Optional"})
}

func (c *checker) colocation(number, resource, with, role string) {
	withRole := with
	if role != "" {
		withRole += ":" + role
	}
	args := []any{"number", number, "rsc", resource, "with", withRole}
	reversed := ""
	for _, col := range c.d.Colocations() {
		switch {
		case col.Score != definition.Infinity:
		case col.Resource == resource && col.With == with && col.WithRole == role && (col.Role == "" || col.Role == role):
			return
		case col.Resource == with && col.With == resource:
			reversed = col.ID
		}
	}
	if reversed != "" {
		c.add("W077", message.REV772, []string{reversed}, append(args, "id", reversed)...)
		return
	}
	c.add("W077", message.REV771, []string{resource, with}, args...)
}

// wanted is an order of the model.
type wanted struct {
	number, first, then     string
	firstAction, thenAction string
	kind                    string // "" for either
}

// order looks for one that is wanted. An order between the same two that is
// another one is named: turned round, symmetrical, or of the other kind.
func (c *checker) order(w wanted) {
	similar := ""
	for _, o := range c.d.Orders() {
		forward := o.First == w.first && o.Then == w.then && o.FirstAction == w.firstAction && o.ThenAction == w.thenAction
		reversed := o.First == w.then && o.Then == w.first && o.FirstAction == w.thenAction && o.ThenAction == w.firstAction
		if forward && !o.Symmetrical && o.Kind != "Serialize" && (w.kind == "" || o.Kind == w.kind) {
			return
		}
		if forward || reversed {
			similar = o.ID
		}
	}
	args := []any{"number", w.number, "kind", orDefault(w.kind, "Optional"),
		"first", withAction(w.first, w.firstAction), "then", withAction(w.then, w.thenAction)}
	if similar != "" {
		c.add("W077", message.REV774, []string{similar}, append(args, "id", similar)...)
		return
	}
	c.add("W077", message.REV773, []string{w.first, w.then}, args...)
}

func withAction(id, action string) string {
	if action == "start" {
		return id
	}
	return id + ":" + action
}

func (c *checker) placement(number, id, rule, score string) {
	c.add("W077", message.REV775, []string{id}, "number", number, "id", id, "rule", rule, "score", score)
}

// readers are the rules of the addresses for reading clients: L4 to L7 (W077).
func (c *checker) readers() {
	status := c.statusAttribute()
	is := func(op, value string) definition.Expression {
		return definition.Expression{Attribute: status, Operation: op, Value: value}
	}
	for _, r := range c.Standby {
		inStep, alone := c.preference(r.ID, is("eq", "HS:sync")), c.preference(r.ID, is("eq", "PRI"))
		if inStep <= 0 || alone > 0 && inStep <= alone {
			c.placement("L4", r.ID, status+" eq HS:sync", "200")
		}
		if alone <= 0 {
			c.placement("L5", r.ID, status+" eq PRI", "100")
		}
		ways := c.banned(r.ID)
		if !slices.ContainsFunc(ways, isExactly(is("not_defined", ""))) {
			c.placement("L6", r.ID, "not_defined "+status, "-INFINITY")
		}
		if !slices.ContainsFunc(ways, isExactly(is("ne", "HS:sync"), is("ne", "PRI"))) {
			c.placement("L7", r.ID, status+" ne HS:sync and "+status+" ne PRI", "-INFINITY")
		}
	}
}

// preference is the score that a resource gets where one expression holds.
func (c *checker) preference(id string, e definition.Expression) int {
	score := 0
	for _, l := range c.locations {
		if l.Resource == id && slices.ContainsFunc(l.Any, isExactly(e)) {
			score += l.Score
		}
	}
	return score
}

// isExactly says whether a condition consists of these expressions, in any order.
func isExactly(want ...definition.Expression) func([]definition.Expression) bool {
	return func(way []definition.Expression) bool {
		return len(way) == len(want) && !slices.ContainsFunc(want, func(e definition.Expression) bool { return !slices.Contains(way, e) })
	}
}

// offTarget is L8 (W077).
func (c *checker) offTarget() {
	if !c.Fencing {
		return
	}
	for _, d := range c.Devices {
		if node := c.onItself(d); node != "" {
			c.placement("L8", d.Resource.ID, "#uname eq "+node, "-INFINITY")
		}
	}
}
