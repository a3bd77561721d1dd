package definition

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Target is the schema that a cluster holds its CIB to. It decides the words:
// Pacemaker refuses what its schema does not have.
type Target struct {
	Schema       string // "pacemaker-3.9"
	major, minor int
}

// NewTarget is the target of a schema, as the attribute validate-with of a CIB
// names it.
func NewTarget(schema string) (Target, error) {
	t := Target{Schema: schema}
	version, ok := strings.CutPrefix(schema, "pacemaker-")
	if version == "next" {
		t.major = 99
		return t, nil
	}
	major, minor, dot := strings.Cut(version, ".")
	var err1, err2 error
	t.major, err1 = strconv.Atoi(major)
	t.minor, err2 = strconv.Atoi(minor)
	if !ok || !dot || err1 != nil || err2 != nil {
		return Target{}, fmt.Errorf("the CIB has an unknown schema %q", schema)
	}
	return t, nil
}

// promotableClones says whether a promotable clone is a clone with a
// meta-attribute. Schemas of Pacemaker 1.1 have the element master instead;
// schema 4 no longer has that one.
func (t Target) promotableClones() bool { return t.major >= 3 }

// PromotedOnly says whether Pacemaker is a release that no longer knows the
// older words, 3.0 or newer.
func (t Target) PromotedOnly() bool { return t.major >= 4 }

// oneRule says whether a location constraint has one rule at most, as from
// schema 4 on.
func (t Target) oneRule() bool { return t.major >= 4 }

// promotedRoles says whether the roles are called Promoted and Unpromoted, as
// from Pacemaker 2.1.0 on.
func (t Target) promotedRoles() bool { return t.major > 3 || t.major == 3 && t.minor >= 7 }

// CIB is the definition as a whole CIB in the words of the target, without
// state.
func (d Definition) CIB(t Target) []byte {
	return document(d.translated(t), t.Schema).text()
}

// words that changed, the older one first.
var (
	roles = [][2]string{{"Master", "Promoted"}, {"Slave", "Unpromoted"}}
	metas = [][2]string{{"master-max", "promoted-max"}, {"master-node-max", "promoted-node-max"}}
)

// translate takes the newer or the older word of a pair, and leaves others.
func translate(pairs [][2]string, word string, newer bool) string {
	for _, p := range pairs {
		if strings.EqualFold(word, p[0]) || strings.EqualFold(word, p[1]) {
			return p[index(newer)]
		}
	}
	return word
}

func (d Definition) translated(t Target) *element {
	configuration := d.configuration.clone()
	configuration.each(func(e *element) {
		for _, name := range []string{"role", "rsc-role", "with-rsc-role"} {
			if v := e.attr(name); v != "" {
				e.set(name, translate(roles, v, t.promotedRoles()))
			}
		}
		switch {
		case e.name == "nvpair" && e.attr("name") == "target-role":
			e.set("value", translate(roles, e.attr("value"), t.promotedRoles()))
		case e.name == "master" || e.name == "clone" && promotable(e):
			e.translatePromotable(t)
		}
	})
	if t.oneRule() {
		splitRules(configuration)
	}
	return configuration
}

// splitRules makes of a location constraint with several rules one for each of
// them, which means the same: the scores of all that hold are added up.
func splitRules(configuration *element) {
	ids := map[string]bool{}
	configuration.each(func(e *element) { ids[e.attr("id")] = true })
	constraints := configuration.section("constraints")
	var split []*element
	for _, c := range constraints.children {
		rules := c.named("rule")
		if c.name != "rsc_location" || len(rules) < 2 {
			split = append(split, c)
			continue
		}
		for n, rule := range rules {
			one := c.clone()
			one.children = slices.DeleteFunc(one.children, func(e *element) bool { return e.name == "rule" })
			one.add(rule)
			if n > 0 {
				id := fmt.Sprintf("%s-%d", c.attr("id"), n+1)
				for ids[id] {
					id += "-rule"
				}
				ids[id] = true
				one.set("id", id)
				// What else is in it, a set of resources, has ids of its own.
				one.each(func(e *element) {
					if e.name == "resource_set" {
						e.set("id", fmt.Sprintf("%s-%d", e.attr("id"), n+1))
					}
				})
			}
			split = append(split, one)
		}
	}
	constraints.children = split
}

func promotable(clone *element) bool {
	pair := clone.meta("promotable")
	return pair != nil && isTrue(pair.attr("value"))
}

// isTrue is Pacemaker's boolean.
func isTrue(s string) bool {
	return slices.Contains([]string{"true", "yes", "on", "y", "1"}, strings.ToLower(s))
}

// meta is a meta-attribute of the resource itself.
func (e *element) meta(name string) *element {
	for _, set := range e.named("meta_attributes") {
		for _, pair := range set.named("nvpair") {
			if pair.attr("name") == name {
				return pair
			}
		}
	}
	return nil
}

func (e *element) translatePromotable(t Target) {
	for _, set := range e.named("meta_attributes") {
		if !t.promotableClones() {
			set.children = slices.DeleteFunc(set.children, func(p *element) bool { return p.attr("name") == "promotable" })
		}
		for _, pair := range set.named("nvpair") {
			word := translate(metas, pair.attr("name"), t.promotableClones())
			if e.meta(word) == nil {
				pair.set("name", word)
			}
		}
	}
	if !t.promotableClones() {
		e.name = "master"
		return
	}
	e.name = "clone"
	pair := e.meta("promotable")
	if pair == nil {
		set := e.ownMeta()
		pair = set.add(newElement("nvpair", "id", set.attr("id")+"-promotable", "name", "promotable"))
	}
	pair.set("value", "true")
}

// ownMeta is a set of meta-attributes that holds for the resource at any time.
func (e *element) ownMeta() *element {
	for _, set := range e.named("meta_attributes") {
		if set.attr("id-ref") == "" && len(set.named("rule")) == 0 {
			return set
		}
	}
	set := newElement("meta_attributes", "id", e.attr("id")+"-meta_attributes-promotable")
	// Attributes stand before what the clone is of.
	e.children = append([]*element{set}, e.children...)
	return set
}
