// Package sheet reads environment sheets, in which an administrator describes a
// cluster, and writes what they say: the crmsh text that pm_crmgen makes of
// them, or pcs commands. A sheet is a CSV file or a worksheet of Excel.
//
// The layouts are those of pm_crmgen (2.2) and of pm_pcsgen (1.1). Reading
// never stops a program: whatever is wrong becomes a [Message] with its row and
// column, and one run shows as many of them as possible.
//
// What a finished definition means to a cluster belongs to other packages.
package sheet

import (
	"slices"
	"strings"
)

// Sheet is what a sheet says, in its own words and its own order.
type Sheet struct {
	Pcsgen      bool // the layout is that of pm_pcsgen
	Nodes       []*Node
	Properties  []Pair
	RscDefaults []Pair
	OpDefaults  []Pair
	Resources   []*Resource // all of them, in the order of their rows
	Levels      []FencingLevel
	Locations   []*Location
	Colocations []Colocation
	Orders      []Order
	Tickets     []Ticket
	Additional  []string // statements, of several lines
	Alerts      []*Alert
	byID        map[string]*Resource
	monitored   []monitored
	// Locations by the tables that they come from, in the order in which they are written.
	plain, ofNodes, expert locationList
}

// Pair is a name with its value.
type Pair struct{ Name, Value string }

// List is a list of attributes.
type List struct {
	Kind  string // params, meta, utilization, operations or attributes
	Rule  string // condition as crmsh has it, "" for none
	Pairs []Pair
	rows  map[string]int // of the first pair of a name
}

// lists are the attributes of something, in the order of their first rows.
type lists []*List

// list is the list of a kind and a rule, which is made when it is not there.
func (l *lists) list(kind, rule string) *List {
	for _, e := range *l {
		if e.Kind == kind && e.Rule == rule {
			return e
		}
	}
	e := &List{Kind: kind, Rule: rule, rows: map[string]int{}}
	*l = append(*l, e)
	return e
}

// value is the value of a name outside of rules.
func (l lists) value(kind, name string) string {
	for _, e := range l {
		if e.Kind == kind && e.Rule == "" {
			for _, p := range e.Pairs {
				if p.Name == name {
					return p.Value
				}
			}
		}
	}
	return ""
}

// Node is a node with its attributes.
type Node struct {
	Name, Type string
	Lists      lists
}

// Kind is a kind of resource, in the word of crmsh.
type Kind string

// The kinds of resources. A promotable clone is called Ms whatever the target.
const (
	Primitive Kind = "primitive"
	Group     Kind = "group"
	Clone     Kind = "clone"
	Ms        Kind = "ms"
)

// Resource is a primitive or a container.
type Resource struct {
	Kind     Kind
	ID       string
	Parent   *Resource
	Children []*Resource
	Lists    lists
	// Of a primitive only.
	Class, Provider, Type string
	Operations            []Operation

	row      int    // in RESOURCES
	tableRow int    // of P in its PRIMITIVE table, 0 without one
	stonith  bool   // a Stonith of pm_pcsgen
	named    string // kind in the word of the sheet
}

// top is the outermost container.
func (r *Resource) top() *Resource {
	for r.Parent != nil {
		r = r.Parent
	}
	return r
}

// isStonith says whether it is a fencing device.
func (r *Resource) isStonith() bool { return r.Class == "stonith" }

// Operation is an operation of a primitive.
type Operation struct {
	Name       string
	Attributes []Pair
}

// FencingLevel is one row of the fencing topology.
type FencingLevel struct {
	Node   string // "" for every node
	Device string
	Index  int
	row    int
}

// Location is a location constraint: rules, or one node with a score.
type Location struct {
	Resource string
	Rules    []*Rule
	Node     string // "" for rules
	Score    string // of Node
}

// locationList is locations with rules, one of a resource.
type locationList struct {
	all []*Location
	by  map[string]*Location
}

// of is the location of a resource, which is made when it is not there.
func (l *locationList) of(resource string) *Location {
	if l.by == nil {
		l.by = map[string]*Location{}
	}
	if l.by[resource] == nil {
		l.by[resource] = &Location{Resource: resource}
		l.all = append(l.all, l.by[resource])
	}
	return l.by[resource]
}

// Rule is a rule of a location constraint.
type Rule struct {
	IDSpec      string // "$id=…", as given
	Reference   bool   // IDSpec is all there is
	Role, Score string
	Op          string // and, or; "" for a single expression
	Expressions []Expression
	row         int
}

// Expression is a condition of a rule.
type Expression struct{ Attribute, Op, Value string }

// Colocation is a colocation constraint.
type Colocation struct {
	Resource, With, Score string
	Role, WithRole        string
	derived               bool
	pending               int // 1 + index in monitored, before it is known
}

// Order is an order constraint. It has a score or a kind.
type Order struct {
	First, Then             string
	Score, Kind             string
	FirstAction, ThenAction string
	Symmetrical             string // as written: "true", "false", "" or what is neither
	derived                 bool
	pending                 int
	row                     int
}

// Ticket is a ticket constraint.
type Ticket struct{ Ticket, Resource, Role, LossPolicy string }

// Alert is an alert with its recipients.
type Alert struct {
	Path       string
	Lists      lists
	Recipients []*Recipient
}

// Recipient is a recipient of an alert.
type Recipient struct {
	Value string
	Lists lists
}

// empty says that there is nothing to write.
func (s *Sheet) empty() bool {
	return len(s.Nodes)+len(s.Properties)+len(s.RscDefaults)+len(s.OpDefaults)+len(s.Resources)+len(s.Levels)+
		len(s.Locations)+len(s.Colocations)+len(s.Orders)+len(s.Tickets)+len(s.Additional)+len(s.Alerts) == 0
}

// HasPassword says whether the definition holds a password: a parameter that is
// called so.
func (s *Sheet) HasPassword() bool {
	for _, r := range s.Resources {
		for _, l := range r.Lists {
			if slices.ContainsFunc(l.Pairs, func(p Pair) bool { return isPassword(p.Name) }) {
				return true
			}
		}
	}
	return false
}

func isPassword(name string) bool {
	return slices.Contains([]string{"password", "passwd"}, name) || strings.HasSuffix(name, "_password") || strings.HasSuffix(name, "_passwd")
}

// NodeList is the parameter node_list of the PostgreSQL primitive as names.
func (s *Sheet) NodeList() []string {
	for _, r := range s.Resources {
		if r.Type == "pgsql" {
			return strings.Fields(r.Lists.value("params", "node_list"))
		}
	}
	return nil
}

// nodeNames are the nodes of the cluster as far as the sheet says.
func (s *Sheet) nodeNames() []string {
	var names []string
	for _, n := range s.Nodes {
		names = append(names, n.Name)
	}
	if len(names) == 0 {
		names = slices.Clone(s.NodeList())
	}
	slices.Sort(names)
	return slices.Compact(names)
}
