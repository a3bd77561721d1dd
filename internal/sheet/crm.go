package sheet

import (
	"fmt"
	"slices"
	"strings"
)

// crmText writes statements of crmsh.
type crmText struct {
	strings.Builder
	t Target
	// once leaves out values that a later one of the same name takes the place of.
	once bool
}

// next continues a statement on a line of its own.
const next = " \\\n"

// CRM is the definition as crmsh reads it, byte for byte what pm_crmgen makes of
// a sheet where the target is 1.1. For any other format it has each name once.
func (s *Sheet) CRM(o Options) string {
	c := &crmText{t: o.Target, once: o.Format != CRM && o.Format != ""}
	c.nodes(s)
	c.pairs("Cluster Option", "property", s.Properties)
	c.pairs("Resource Defaults", "rsc_defaults", s.RscDefaults)
	c.pairs("Operations Defaults", "op_defaults", s.OpDefaults)
	c.containers(s)
	c.topology(s)
	c.primitives(s)
	c.locations(s)
	c.constraints(s)
	c.list("Additional Config", s.Additional)
	c.alerts(s, o.Braces)
	return c.String()
}

// section begins a section.
func (c *crmText) section(title string) {
	if c.Len() > 0 {
		c.WriteByte('\n')
	}
	fmt.Fprintf(c, "### %s ###\n", title)
}

// list writes a section of statements; none when there are none.
func (c *crmText) list(title string, statements []string) {
	if len(statements) == 0 {
		return
	}
	c.section(title)
	for _, s := range statements {
		c.WriteString(s + "\n")
	}
}

// quote puts a value into quotes, as crmsh reads it back.
func quote(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}

func assign(p Pair) string { return p.Name + "=" + quote(p.Value) }

// values are pairs as they are written.
func (c *crmText) values(kind string, pairs []Pair) []Pair {
	pairs = c.t.words(kind, pairs)
	if c.once {
		return effective(pairs)
	}
	return pairs
}

// attributes are lists of attributes, each line after the end of the line
// before.
func (c *crmText) attributes(all lists, indent string) string {
	var b strings.Builder
	for _, l := range all {
		if len(l.Pairs) == 0 {
			continue
		}
		b.WriteString(next + indent + l.Kind)
		if l.Rule != "" {
			b.WriteString(" " + l.Rule)
		}
		for _, p := range c.values(l.Kind, l.Pairs) {
			b.WriteString(next + indent + "\t" + assign(p))
		}
	}
	return b.String()
}

func (c *crmText) nodes(s *Sheet) {
	var list []string
	for _, n := range s.Nodes {
		name := n.Name
		if n.Type != "" {
			name += ":" + n.Type
		}
		list = append(list, "node "+name+c.attributes(n.Lists, "\t"))
	}
	c.list("Cluster Node", list)
}

func (c *crmText) pairs(title, statement string, pairs []Pair) {
	var words []string
	for _, p := range c.values(statementKind[statement], pairs) {
		words = append(words, assign(p))
	}
	if len(words) > 0 {
		c.list(title, []string{statement + " " + strings.Join(words, next+"\t")})
	}
}

// statementKind says what the pairs of a statement are.
var statementKind = map[string]string{"rsc_defaults": "meta"}

// containers writes groups and clones in the order of their rows, with a title
// each time that the kind changes.
func (c *crmText) containers(s *Sheet) {
	titles := map[Kind]string{Group: "Group Configuration", Clone: "Clone Configuration", Ms: "Master/Slave Configuration"}
	before := Kind("")
	for _, r := range s.Resources {
		if r.Kind == Primitive {
			continue
		}
		kind := r.kindFor(c.t)
		if kind == before {
			c.WriteByte('\n')
		} else {
			c.section(titles[kind])
		}
		before = kind
		c.WriteString(string(kind) + " " + r.ID)
		for _, child := range r.Children {
			c.WriteString(next + "\t" + child.ID)
		}
		c.WriteString(c.attributes(r.listsFor(c.t), "\t") + "\n")
	}
}

// target is a node with its levels of fencing, each with its devices.
type target struct {
	node   string // "" for every node
	levels [][]string
}

// targets are the levels of fencing, by nodes and then by index.
func (s *Sheet) targets() []target {
	sorted := slices.Clone(s.Levels)
	slices.SortStableFunc(sorted, func(a, b FencingLevel) int {
		if c := strings.Compare(a.Node, b.Node); c != 0 {
			return c
		}
		return a.Index - b.Index
	})
	var list []target
	for i, l := range sorted {
		if i == 0 || l.Node != sorted[i-1].Node {
			list = append(list, target{node: l.Node})
		}
		t := &list[len(list)-1]
		if i > 0 && l.Node == sorted[i-1].Node && l.Index == sorted[i-1].Index {
			last := &t.levels[len(t.levels)-1]
			*last = append(*last, l.Device)
			continue
		}
		t.levels = append(t.levels, []string{l.Device})
	}
	return list
}

func (c *crmText) topology(s *Sheet) {
	targets := s.targets()
	if len(targets) == 0 {
		return
	}
	c.section("Fencing Topology")
	c.WriteString("fencing_topology")
	for _, t := range targets {
		c.WriteString(next + "\t")
		if t.node != "" {
			c.WriteString(t.node + ": ")
		}
		for i, devices := range t.levels {
			if i > 0 {
				c.WriteByte(' ')
			}
			c.WriteString(strings.Join(devices, ","))
		}
	}
	c.WriteByte('\n')
}

func (c *crmText) primitives(s *Sheet) {
	first := true
	for _, r := range s.Resources {
		if r.Kind != Primitive {
			continue
		}
		if first {
			c.section("Primitive Configuration")
		} else {
			c.WriteByte('\n')
		}
		first = false
		c.WriteString("primitive " + r.ID + " " + r.Agent() + c.attributes(r.Lists, "\t"))
		for _, op := range r.Operations {
			c.WriteString(next + "\top " + op.Name)
			for _, p := range op.Attributes {
				if p.Name == "role" {
					p.Value = c.t.role(p.Value)
				}
				c.WriteString(" " + assign(p))
			}
		}
		c.WriteByte('\n')
	}
}

// Agent is class:provider:type as far as they are given.
func (r *Resource) Agent() string {
	var parts []string
	for _, s := range []string{r.Class, r.Provider, r.Type} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ":")
}

func (e Expression) text() string {
	if e.Op == "defined" || e.Op == "not_defined" {
		return e.Op + " " + e.Attribute
	}
	return e.Attribute + " " + e.Op + " " + e.Value
}

// condition is the expressions of a rule.
func (r *Rule) condition() string {
	var list []string
	for _, e := range r.Expressions {
		list = append(list, e.text())
	}
	return strings.Join(list, " "+r.Op+" ")
}

// text is what follows the word rule.
func (r *Rule) text(t Target) string {
	if r.Reference {
		return r.IDSpec
	}
	var words []string
	if r.IDSpec != "" {
		words = append(words, r.IDSpec)
	}
	if r.Role != "" {
		words = append(words, "$role="+quote(t.role(r.Role)))
	}
	return strings.Join(append(words, r.Score+":", r.condition()), " ")
}

func (c *crmText) locations(s *Sheet) {
	if len(s.Locations) == 0 {
		return
	}
	c.section("Resource Location")
	for i, l := range s.Locations {
		fmt.Fprintf(c, "location rsc_location-%s-%d %s", l.Resource, i+1, l.Resource)
		if l.Node != "" {
			c.WriteString(" " + l.Score + ": " + l.Node)
		}
		for _, r := range l.Rules {
			c.WriteString(next + "\trule " + r.text(c.t))
		}
		c.WriteByte('\n')
	}
}

// with is a resource with what stands after a colon, if anything.
func with(resource, suffix string) string {
	if suffix == "" {
		return resource
	}
	return resource + ":" + suffix
}

func (c *crmText) constraints(s *Sheet) {
	var colocations, orders, tickets []string
	for i, x := range s.Colocations {
		colocations = append(colocations, fmt.Sprintf("colocation rsc_colocation-%s-%s-%d %s: %s %s", x.Resource, x.With, i+1, x.Score,
			with(x.Resource, c.t.role(x.Role)), with(x.With, c.t.role(x.WithRole))))
	}
	for i, x := range s.Orders {
		text := fmt.Sprintf("order rsc_order-%s-%s-%d %s: %s %s", x.First, x.Then, i+1, x.weight(c.t), with(x.First, x.FirstAction), with(x.Then, x.ThenAction))
		if x.Symmetrical != "" {
			text += " symmetrical=" + x.Symmetrical
		}
		orders = append(orders, text)
	}
	for i, x := range s.Tickets {
		text := fmt.Sprintf("rsc_ticket rsc_ticket-%s-%d %s: %s", x.Ticket, i+1, x.Ticket, with(x.Resource, c.t.role(x.Role)))
		if x.LossPolicy != "" {
			text += " loss-policy=" + x.LossPolicy
		}
		tickets = append(tickets, text)
	}
	c.list("Resource Colocation", colocations)
	c.list("Resource Order", orders)
	c.list("Resource Ticket", tickets)
}

func (c *crmText) alerts(s *Sheet, braces bool) {
	left, right := "", ""
	if braces {
		left, right = "{ ", " }"
	}
	var list []string
	for i, a := range s.Alerts {
		text := fmt.Sprintf("alert alert_%d %s", i+1, a.Path) + c.attributes(a.Lists, "\t")
		for _, r := range a.Recipients {
			text += next + "\tto " + left + r.Value + c.attributes(r.Lists, "\t\t") + right
		}
		list = append(list, text)
	}
	c.list("Alert Configuration", list)
}
