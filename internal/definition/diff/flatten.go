package diff

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pgrex/internal/definition"
)

// model is a definition as values.
type model struct {
	values map[key]value
	agents map[string]string // of primitives, "clone" and so on of others, by id
	within map[string]string // the outermost resource that one lies in
	byID   map[string]*definition.Element
}

// flatten takes a configuration apart.
func flatten(configuration *definition.Element) *model {
	m := &model{values: map[key]value{}, agents: map[string]string{}, within: map[string]string{}, byID: map[string]*definition.Element{}}
	configuration.Each(func(e *definition.Element) {
		if id := e.Attr("id"); id != "" && e.Name() != "node" {
			m.byID[id] = e
		}
	})
	for _, section := range configuration.Children() {
		switch section.Name() {
		case "crm_config":
			m.properties(section)
		case "rsc_defaults":
			m.sets(RscDefault, "", section, "meta_attributes")
		case "op_defaults":
			m.sets(OpDefault, "", section, "meta_attributes")
		case "nodes":
			for _, n := range section.Named("node") {
				m.sets(Node, strings.ToLower(n.Attr("uname")), n, "instance_attributes")
				m.sets(Node, strings.ToLower(n.Attr("uname")), n, "utilization")
			}
		case "resources":
			for _, e := range section.Children() {
				m.resource(e, "", e.Attr("id"))
			}
		case "constraints":
			for _, e := range section.Children() {
				m.constraint(e)
			}
		case "fencing-topology":
			for _, e := range section.Named("fencing-level") {
				target := strings.ToLower(first(e.Attr("target"), e.Attr("target-pattern"), e.Attr("target-attribute")+"="+e.Attr("target-value")))
				m.put(Topology, target, e.Attr("index"), e.Attr("devices"))
			}
		case "alerts":
			for _, e := range section.Children() {
				m.alert(e)
			}
		default:
			if len(section.Children()) > 0 {
				m.put(OtherSection, section.Name(), "", dump(section))
			}
		}
	}
	return m
}

func (m *model) put(kind Kind, object, name, text string) {
	k := key{kind, object, name}
	for n := 2; ; n++ { // the same thing said twice
		if _, there := m.values[k]; !there {
			break
		}
		k.name = name + " #" + strconv.Itoa(n)
	}
	m.values[k] = value{text: text, secret: definition.IsSecret(name)}
}

// properties leaves out what the cluster writes down itself. Of a property that
// is there twice the one in the first set counts.
func (m *model) properties(section *definition.Element) {
	for _, set := range section.Named("cluster_property_set") {
		for _, pair := range m.to(set).Named("nvpair") {
			pair = m.to(pair)
			if name := pair.Attr("name"); !definition.ClusterOwns(name) {
				if _, there := m.values[key{Property, name, ""}]; !there {
					m.put(Property, name, "", plain(name, pair.Attr("value")))
				}
			}
		}
	}
}

// to follows a reference.
func (m *model) to(e *definition.Element) *definition.Element {
	if to := m.byID[e.Attr("id-ref")]; to != nil {
		return to
	}
	return e
}

// sets takes the attribute sets of a kind. One with a rule has the rule in its
// names.
func (m *model) sets(kind Kind, object string, e *definition.Element, element string) {
	for _, set := range e.Named(element) {
		set = m.to(set)
		when := ""
		for _, r := range set.Named("rule") {
			when += " if " + m.rule(r)
		}
		for _, pair := range set.Named("nvpair") {
			pair = m.to(pair)
			name := pair.Attr("name")
			if kind == Node && strings.HasSuffix(name, "-data-status") {
				continue // a state that the agent keeps
			}
			if kind == RscDefault || kind == OpDefault {
				m.put(kind, name+when, "", plain(name, pair.Attr("value")))
				continue
			}
			m.put(kind, object, name+when, plain(name, pair.Attr("value")))
		}
	}
}

// resource takes a resource with all inside.
func (m *model) resource(e *definition.Element, place, outermost string) {
	id := e.Attr("id")
	m.agents[id], m.within[id] = e.Name(), outermost
	what := e.Name()
	switch e.Name() {
	case "primitive":
		parts := []string{e.Attr("class"), e.Attr("provider"), e.Attr("type")}
		what = strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ":")
		if what == "" {
			what = "template " + e.Attr("template")
		}
		m.agents[id] = what
	case "template", "group", "clone", "master":
	default: // a bundle, or what future releases have
		m.put(Resource, id, "", dump(e))
		return
	}
	if place != "" {
		what += " in " + place
	}
	m.put(Resource, id, "", what)
	m.sets(Parameter, id, e, "instance_attributes")
	m.sets(Meta, id, e, "meta_attributes")
	m.sets(Utilization, id, e, "utilization")
	for _, ops := range e.Named("operations") {
		for _, op := range m.to(ops).Named("op") {
			m.operation(id, op)
		}
	}
	number := 0
	for _, child := range e.Children() {
		if slices.Contains([]string{"primitive", "group", "clone", "master"}, child.Name()) {
			number++
			at := e.Name() + " " + id
			if e.Name() == "group" {
				at += " (" + strconv.Itoa(number) + ")"
			}
			m.resource(child, at, outermost)
		}
	}
}

// operation takes one operation, which its name, interval and role make.
func (m *model) operation(resource string, op *definition.Element) {
	name := op.Attr("name")
	if interval := plain("interval", op.Attr("interval")); interval != "" && interval != "0s" {
		name += " " + interval
	}
	if role := op.Attr("role"); role != "" {
		name += " " + role
	}
	var parts []string
	for _, a := range op.Attrs() {
		if !slices.Contains([]string{"id", "name", "interval", "role"}, a[0]) {
			parts = append(parts, a[0]+"="+plain(a[0], a[1]))
		}
	}
	slices.Sort(parts)
	for _, child := range op.Children() {
		parts = append(parts, dump(child))
	}
	m.put(Operation, resource, name, strings.Join(parts, " "))
}

func (m *model) alert(e *definition.Element) {
	object := e.Attr("path")
	var parts []string
	for _, r := range e.Named("recipient") {
		parts = append(parts, "to "+r.Attr("value"))
	}
	for _, child := range e.Children() {
		if child.Name() != "recipient" {
			parts = append(parts, dump(child))
		}
	}
	m.put(Alert, object, "", strings.Join(parts, ", "))
}

// constraint takes a constraint: what it is about as the object, its weight as
// the value.
func (m *model) constraint(e *definition.Element) {
	if len(e.Named("resource_set")) > 0 {
		m.put(constraintKind(e), dump(e), "", "")
		return
	}
	switch e.Name() {
	case "rsc_location":
		m.location(e)
	case "rsc_colocation":
		object := with(e.Attr("rsc"), e.Attr("rsc-role")) + " with " + with(e.Attr("with-rsc"), e.Attr("with-rsc-role"))
		if by := e.Attr("node-attribute"); by != "" {
			object += " by " + by
		}
		m.put(Colocation, object, "", score(e.Attr("score")))
	case "rsc_order":
		firstAction := first(e.Attr("first-action"), "start")
		object := firstAction + " " + e.Attr("first") + " then " + first(e.Attr("then-action"), firstAction) + " " + e.Attr("then")
		m.put(Order, object, "", orderWeight(e))
	default:
		m.put(constraintKind(e), dump(e), "", "")
	}
}

func constraintKind(e *definition.Element) Kind {
	switch e.Name() {
	case "rsc_location":
		return Location
	case "rsc_colocation":
		return Colocation
	case "rsc_order":
		return Order
	}
	return Ticket
}

func orderWeight(e *definition.Element) string {
	kind := e.Attr("kind")
	if kind == "" {
		kind = "Mandatory"
		if score(e.Attr("score")) == "0" {
			kind = "Optional"
		}
	}
	symmetrical := first(plain("", e.Attr("symmetrical")), "true")
	if kind == "Serialize" {
		symmetrical = "false"
	}
	return kind + " symmetrical=" + symmetrical
}

func (m *model) location(e *definition.Element) {
	object := with(first(e.Attr("rsc"), e.Attr("rsc-pattern")), e.Attr("role"))
	if node := e.Attr("node"); node != "" {
		m.put(Location, object+" on "+strings.ToLower(node), "", score(e.Attr("score")))
		return
	}
	for _, r := range e.Named("rule") {
		r = m.to(r)
		of := object
		if role := r.Attr("role"); role != "" {
			of = with(e.Attr("rsc"), role)
		}
		m.put(Location, of+" where "+m.rule(r), "", first(score(r.Attr("score")), r.Attr("score-attribute")))
	}
}

// rule is a rule in the words of crmsh.
func (m *model) rule(r *definition.Element) string {
	var parts []string
	for _, e := range r.Children() {
		switch e.Name() {
		case "expression":
			text := e.Attr("operation") + " " + e.Attr("attribute")
			if value := e.Attr("value"); value != "" {
				text = e.Attr("attribute") + " " + e.Attr("operation") + " " + value
			}
			parts = append(parts, text)
		case "rule":
			parts = append(parts, "("+m.rule(m.to(e))+")")
		default:
			parts = append(parts, dump(e))
		}
	}
	slices.Sort(parts) // neither and nor or has an order
	return strings.Join(parts, " "+first(r.Attr("boolean-op"), "and")+" ")
}

func with(resource, role string) string {
	if role == "" || role == "Started" {
		return resource
	}
	return resource + ":" + role
}

func first(texts ...string) string {
	for _, s := range texts {
		if s != "" && s != "=" {
			return s
		}
	}
	return ""
}

// dump is an element with all inside, without ids.
func dump(e *definition.Element) string {
	var b strings.Builder
	b.WriteString(e.Name())
	attrs := e.Attrs()
	slices.SortFunc(attrs, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	hidden := definition.IsSecret(e.Attr("name"))
	for _, a := range attrs {
		reference := e.Name() == "resource_ref" || e.Name() == "obj_ref" || e.Name() == "bundle"
		switch {
		case a[0] == "id" && !reference:
		case a[0] == "value" && hidden:
			b.WriteString(" value=***")
		default:
			fmt.Fprintf(&b, " %s=%s", a[0], plain(a[0], a[1]))
		}
	}
	for _, c := range e.Children() {
		b.WriteString(" {" + dump(c) + "}")
	}
	return b.String()
}
