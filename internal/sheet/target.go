package sheet

import (
	"fmt"
	"strconv"
	"strings"
)

// Target is the generation of Pacemaker whose words are written.
type Target int

// The targets.
const (
	Target11 Target = iota // 1.1
	Target2                // 2.1 and later
	Target3
)

// ParseTarget reads 1.1, 2 or 3.
func ParseTarget(text string) (Target, error) {
	for i, name := range []string{"1.1", "2", "3"} {
		if text == name {
			return Target(i), nil
		}
	}
	return 0, fmt.Errorf("%q is no target", text)
}

// Schema is the oldest schema of the CIB that has all words of the target:
// alerts came with 2.5, the roles Promoted and Unpromoted with 3.7.
func (t Target) Schema() string {
	switch t {
	case Target2:
		return "pacemaker-3.7"
	case Target3:
		return "pacemaker-4.0"
	}
	return "pacemaker-2.5"
}

// role is the name of a role. A sheet may use those of either generation.
func (t Target) role(role string) string {
	return t.word(role, "Master", "Promoted", "Slave", "Unpromoted")
}

// meta is the name of a meta-attribute.
func (t Target) meta(name string) string {
	return t.word(name, "master-max", "promoted-max", "master-node-max", "promoted-node-max")
}

// word takes the word of the target out of pairs of an older and a newer one,
// and leaves others as they are.
func (t Target) word(word string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		if strings.EqualFold(word, pairs[i]) || strings.EqualFold(word, pairs[i+1]) {
			if t == Target11 {
				return pairs[i]
			}
			return pairs[i+1]
		}
	}
	return word
}

// pair is an attribute of a resource in the words of the target.
func (t Target) pair(kind string, p Pair) Pair {
	if kind == "meta" {
		p.Name = t.meta(p.Name)
		if p.Name == "target-role" {
			p.Value = t.role(p.Value)
		}
	}
	return p
}

// words are pairs in the words of the target.
func (t Target) words(kind string, pairs []Pair) []Pair {
	var list []Pair
	for _, p := range pairs {
		list = append(list, t.pair(kind, p))
	}
	return list
}

// effective are pairs of which each name is there once, with its last value:
// that is what takes effect when a text that has it twice is loaded.
func effective(pairs []Pair) []Pair {
	var list []Pair
	at := map[string]int{}
	for _, p := range pairs {
		if i, twice := at[p.Name]; twice {
			list[i].Value = p.Value
			continue
		}
		at[p.Name] = len(list)
		list = append(list, p)
	}
	return list
}

// listsFor are the attributes of a resource. A promotable clone says so itself
// from target 2 on, and not before.
func (r *Resource) listsFor(t Target) lists {
	if r.Kind != Ms {
		return r.Lists
	}
	own := make(lists, 0, len(r.Lists))
	for _, l := range r.Lists {
		c := &List{Kind: l.Kind, Rule: l.Rule}
		for _, e := range l.Pairs {
			if l.Kind != "meta" || e.Name != "promotable" {
				c.Pairs = append(c.Pairs, e)
			}
		}
		own = append(own, c)
	}
	if t != Target11 {
		meta := own.list("meta", "")
		meta.Pairs = append([]Pair{{"promotable", "true"}}, meta.Pairs...)
	}
	return own
}

// kindFor is the kind of a container in the words of the target.
func (r *Resource) kindFor(t Target) Kind {
	if r.Kind == Ms && t != Target11 {
		return Clone
	}
	return r.Kind
}

// kind is the kind that an order has: scores stand for kinds since Pacemaker
// knows those, 0 for Optional.
func (o Order) kind() string {
	if o.Kind != "" {
		return o.Kind
	}
	if n, err := strconv.Atoi(o.Score); err == nil && n == 0 {
		return "Optional"
	}
	return "Mandatory"
}

// weight is what stands before the colon of an order.
func (o Order) weight(t Target) string {
	switch {
	case t != Target11:
		return o.kind()
	case o.Kind == "Optional":
		return "0"
	case o.Kind == "Mandatory":
		return "INFINITY"
	case o.Kind != "":
		return o.Kind // Serialize has no score
	}
	return o.Score
}
