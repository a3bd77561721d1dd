package definition

import (
	"maps"
	"slices"
	"strings"

	"pgrex/internal/crm"
)

// Resource is a resource of any kind as the definition writes it.
type Resource struct {
	// Kind is "primitive", "group", "clone" or "bundle". A promotable clone is a
	// clone in every vocabulary.
	Kind string
	ID   string
	// Parent is the resource that it lies in, "" at the top.
	Parent string
	// Class, Provider and Type are those of a primitive.
	Class, Provider, Type string
	Promotable            bool
	// Params and Meta are its own: what it would inherit is not in them. Those
	// that depend on a rule are left out.
	Params, Meta map[string]string
	// Operations are all that are written, in their order, also two with one
	// interval.
	Operations []crm.Operation
}

// Resources are all resources, each before what lies in it.
func (d Definition) Resources() []Resource {
	var list []Resource
	var walk func(e *element, parent string)
	walk = func(e *element, parent string) {
		for _, child := range e.children {
			switch child.name {
			case "primitive", "group", "clone", "master", "bundle":
				list = append(list, d.resource(child, parent))
				walk(child, child.attr("id"))
			}
		}
	}
	walk(d.configuration.section("resources"), "")
	return list
}

func (d Definition) resource(e *element, parent string) Resource {
	r := Resource{
		Kind: e.name, ID: e.attr("id"), Parent: parent,
		Class: e.attr("class"), Provider: e.attr("provider"), Type: e.attr("type"),
		Params: d.values(e, "instance_attributes"), Meta: d.values(e, "meta_attributes"),
		Operations: operationsOf(e),
	}
	if e.name == "master" {
		r.Kind, r.Promotable = "clone", true
	}
	if e.name == "clone" {
		r.Promotable = isTrue(r.Meta["promotable"])
	}
	if template := d.byID(e.attr("template")); template != nil {
		r.Class, r.Provider, r.Type = template.attr("class"), template.attr("provider"), template.attr("type")
		if p, ok := d.Primitive(r.ID); ok {
			r.Params = p.Params
		}
		own := r.Operations
		for _, o := range operationsOf(template) {
			if !slices.ContainsFunc(own, func(p crm.Operation) bool { return p.Name == o.Name && p.Interval == o.Interval }) {
				r.Operations = append(r.Operations, o)
			}
		}
	}
	return r
}

// byID is the element of an id, nil for none.
func (d Definition) byID(id string) *element {
	var found *element
	if id == "" {
		return nil
	}
	d.configuration.each(func(e *element) {
		if found == nil && e.attr("id") == id && !slices.Contains(notIDs, e.name) {
			found = e
		}
	})
	return found
}

// target follows id-ref.
func (d Definition) target(e *element) *element {
	if to := d.byID(e.attr("id-ref")); to != nil {
		return to
	}
	return e
}

// values are the attributes of the sets of one kind. Of a name that is there
// twice the first counts.
func (d Definition) values(e *element, kind string) map[string]string {
	values := map[string]string{}
	for _, set := range e.named(kind) {
		if set = d.target(set); len(set.named("rule")) > 0 {
			continue
		}
		for _, pair := range set.named("nvpair") {
			if _, there := values[pair.attr("name")]; !there {
				values[pair.attr("name")] = pair.attr("value")
			}
		}
	}
	return values
}

func operationsOf(primitive *element) []crm.Operation {
	var list []crm.Operation
	for _, section := range primitive.named("operations") {
		for _, op := range section.named("op") {
			list = append(list, crm.Operation{
				Name: op.attr("name"), Interval: op.attr("interval"), Role: newRole(op.attr("role")),
				Timeout: op.attr("timeout"), OnFail: op.attr("on-fail"),
			})
		}
	}
	return list
}

func newRole(role string) string { return translate(roles, role, true) }

// OperationDefault is a default of all operations, "" for none.
func (d Definition) OperationDefault(name string) string {
	for _, section := range d.configuration.named("op_defaults") {
		if value, ok := d.values(section, "meta_attributes")[name]; ok {
			return value
		}
	}
	return ""
}

// Properties are the properties of the cluster, by name.
func (d Definition) Properties() map[string]string {
	values := map[string]string{}
	for _, set := range d.configuration.section("crm_config").named("cluster_property_set") {
		for _, pair := range set.named("nvpair") {
			name := pair.attr("name")
			values[name], _ = d.Property(name)
		}
	}
	return values
}

// NodeAttributes are the permanent attributes of the nodes that have a
// statement of their own, by node.
func (d Definition) NodeAttributes() map[string]map[string]string {
	nodes := map[string]map[string]string{}
	for _, node := range d.configuration.section("nodes").named("node") {
		nodes[node.attr("uname")] = d.values(node, "instance_attributes")
	}
	return nodes
}

// Level is one level of the fencing of a node.
type Level struct {
	Target  string // the node; "" where the level is for several, by a pattern or an attribute
	Index   string
	Devices []string
}

// Levels are the levels of the fencing topology as written.
func (d Definition) Levels() []Level {
	var list []Level
	for _, level := range d.configuration.section("fencing-topology").named("fencing-level") {
		l := Level{Target: level.attr("target"), Index: level.attr("index")}
		for _, device := range strings.Split(level.attr("devices"), ",") {
			l.Devices = append(l.Devices, strings.TrimSpace(device))
		}
		list = append(list, l)
	}
	return list
}

// OldWords are the words of the definition that newer releases of Pacemaker
// call otherwise, each once, sorted: "ms", "master-max", "Master".
func (d Definition) OldWords() []string {
	words := map[string]bool{}
	old := func(pairs [][2]string, word string) {
		for _, p := range pairs {
			if strings.EqualFold(word, p[0]) {
				words[p[0]] = true
			}
		}
	}
	d.configuration.each(func(e *element) {
		for _, name := range []string{"role", "rsc-role", "with-rsc-role"} {
			old(roles, e.attr(name))
		}
		switch {
		case e.name == "master":
			words["ms"] = true
		case e.name == "nvpair" && e.attr("name") == "target-role":
			old(roles, e.attr("value"))
		case e.name == "nvpair":
			old(metas, e.attr("name"))
		}
	})
	return slices.Sorted(maps.Keys(words))
}
