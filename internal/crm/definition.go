package crm

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pgrex/internal/run"
)

// CIBFile is where Pacemaker keeps the CIB of a node whose cluster is down.
const CIBFile = "/var/lib/pacemaker/cib/cib.xml"

// Definition is one primitive as the CIB defines it, everything included that
// it has from a template, from shared attribute sets and from what it lies in.
type Definition struct {
	Resource string // its id
	Provider string
	Type     string
	Clone    string // id of the clone that it lies in, "" outside of one
	// Promotable says that the clone is a promotable one.
	Promotable bool
	// Params are the instance attributes, Meta the meta-attributes.
	Params, Meta map[string]string
	Operations   []Operation
	// Skipped are the attribute sets and operations that depend on rules.
	// Rules need a node and a time to be evaluated for, which is Pacemaker's
	// part: what they would give is in none of the fields above.
	Skipped []string
}

// Operation is one operation, as written.
type Operation struct {
	Name, Interval, Role, Timeout, OnFail string
}

// Definitions reads the primitives of the CIB, from the cluster, or from a
// file where the cluster does not run.
func (c *Client) Definitions(ctx context.Context, file string) ([]Definition, error) {
	query := run.Command{Argv: []string{"cibadmin", "-Q"}}
	if file != "" {
		query.Env = []string{"CIB_file=" + file}
	}
	res, err := c.Run.Run(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("cannot read the CIB: %w", err)
	}
	return ParseDefinitions(res.Stdout)
}

// element is any element of the CIB. Definitions refer to each other by id, so
// that no fixed set of types would do.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Children []element  `xml:",any"`
}

func (e *element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// named lists the children of a name.
func (e *element) named(name string) []*element {
	var list []*element
	for i := range e.Children {
		if e.Children[i].XMLName.Local == name {
			list = append(list, &e.Children[i])
		}
	}
	return list
}

// cib is a parsed CIB.
type cib struct {
	byID map[string]*element
}

// ParseDefinitions reads the XML of cibadmin -Q.
func ParseDefinitions(text []byte) ([]Definition, error) {
	var root element
	if err := xml.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("cannot read the XML of the CIB: %w", err)
	}
	configuration := root.named("configuration")
	if root.XMLName.Local != "cib" || len(configuration) == 0 {
		return nil, errors.New("cannot read the XML of the CIB: it has no configuration")
	}
	x := cib{byID: map[string]*element{}}
	x.index(configuration[0])
	var list []Definition
	for _, resources := range configuration[0].named("resources") {
		x.walk(resources, configuration[0].named("rsc_defaults"), func(chain []*element) {
			list = append(list, x.definition(chain))
		})
	}
	return list, nil
}

func (x cib) index(e *element) {
	if id := e.attr("id"); id != "" {
		x.byID[id] = e
	}
	for i := range e.Children {
		x.index(&e.Children[i])
	}
}

// walk calls found for each primitive with what its attributes come from, the
// nearest first: the primitive itself, what it lies in, the defaults.
func (x cib) walk(e *element, around []*element, found func([]*element)) {
	for i := range e.Children {
		child := &e.Children[i]
		switch child.XMLName.Local {
		case "primitive":
			found(append([]*element{child}, around...))
		case "group", "clone", "master", "bundle":
			x.walk(child, append([]*element{child}, around...), found)
		}
	}
}

func (x cib) definition(chain []*element) Definition {
	primitive := x.expand(chain[0])
	chain[0] = primitive
	d := Definition{
		Resource: primitive.attr("id"), Provider: primitive.attr("provider"), Type: primitive.attr("type"),
	}
	d.Params = x.attributes(chain, "instance_attributes", &d)
	d.Meta = x.attributes(chain, "meta_attributes", &d)
	for _, e := range chain {
		switch e.XMLName.Local {
		case "master": // as clones were called up to schema 3
			d.Clone, d.Promotable = e.attr("id"), true
		case "clone":
			d.Clone, d.Promotable = e.attr("id"), isTrue(d.Meta["promotable"])
		}
	}
	d.Operations = x.operations(primitive, &d)
	return d
}

// expand is the primitive with its template before its own contents, as
// Pacemaker puts them together.
func (x cib) expand(primitive *element) *element {
	template := x.byID[primitive.attr("template")]
	if template == nil {
		return primitive
	}
	out := *primitive
	out.Attrs = append(slices.Clone(primitive.Attrs), template.Attrs...)
	out.Children = append(slices.Clone(template.Children), primitive.Children...)
	return &out
}

// target follows id-ref, which stands for the whole element of that id.
func (x cib) target(e *element) *element {
	if to := x.byID[e.attr("id-ref")]; to != nil {
		return to
	}
	return e
}

// attributes merges the sets of a kind. What is nearer counts more; of the sets
// of one element the one with the greater score, of equal ones the last; within
// a set the first of a name (as crm_resource 2.1 shows them).
func (x cib) attributes(chain []*element, kind string, d *Definition) map[string]string {
	values := map[string]string{}
	for _, e := range chain {
		var sets []*element
		for _, set := range e.named(kind) {
			sets = append(sets, x.target(set))
		}
		slices.Reverse(sets)
		slices.SortStableFunc(sets, func(a, b *element) int { return score(b) - score(a) })
		for _, set := range sets {
			if len(set.named("rule")) > 0 {
				d.Skipped = append(d.Skipped, set.attr("id"))
				continue
			}
			for _, pair := range set.named("nvpair") {
				x.add(values, pair)
			}
		}
	}
	return values
}

// add takes an attribute that is not there yet. A reference may give the
// attribute another name.
func (x cib) add(values map[string]string, pair *element) {
	to := x.target(pair)
	name := pair.attr("name")
	if name == "" {
		name = to.attr("name")
	}
	if _, there := values[name]; !there {
		values[name] = to.attr("value")
	}
}

// operations are those of the primitive, then those of its template that it
// does not have with the same name and interval.
func (x cib) operations(primitive *element, d *Definition) []Operation {
	sections := primitive.named("operations")
	slices.Reverse(sections)
	var list []Operation
	for _, section := range sections {
		for _, op := range x.target(section).named("op") {
			o := Operation{Name: op.attr("name"), Interval: op.attr("interval"), Role: role(op.attr("role")),
				Timeout: op.attr("timeout"), OnFail: op.attr("on-fail")}
			same := func(other Operation) bool { return other.Name == o.Name && other.Interval == o.Interval }
			if slices.ContainsFunc(list, same) {
				continue
			}
			if hasRule(op) {
				d.Skipped = append(d.Skipped, op.attr("id"))
			}
			list = append(list, o)
		}
	}
	return list
}

func hasRule(op *element) bool {
	for _, kind := range []string{"instance_attributes", "meta_attributes"} {
		for _, set := range op.named(kind) {
			if len(set.named("rule")) > 0 {
				return true
			}
		}
	}
	return false
}

// score orders attribute sets; most have none, which counts as 0.
func score(set *element) int {
	const infinity = 1000000
	switch text := set.attr("score"); text {
	case "INFINITY", "+INFINITY":
		return infinity
	case "-INFINITY":
		return -infinity
	default:
		n, err := strconv.Atoi(text)
		if err != nil {
			return 0
		}
		return min(max(n, -infinity), infinity)
	}
}

// isTrue is Pacemaker's boolean.
func isTrue(s string) bool {
	switch strings.ToLower(s) {
	case "true", "on", "yes", "y", "1":
		return true
	}
	return false
}
