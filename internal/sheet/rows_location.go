package sheet

import (
	"slices"
	"strings"

	"pgrex/internal/message"
)

// monitored is a yes in a column of LOCATION: a resource runs only where a
// monitoring resource finds everything in order.
type monitored struct {
	resource, kind, attribute string
	place                     place
}

// location reads a row of the older LOCATION table.
func (r *reader) location(w row) bool {
	if !w.need("rsc") {
		return false
	}
	res, ok := w.known("rsc")
	if !ok {
		return false
	}
	filled := false
	for _, f := range r.header.free {
		text := w.cell(f.column)
		if text == "" {
			continue
		}
		filled = true
		if f.name == "score" {
			for _, node := range strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(blanks, c) }) {
				if strings.ContainsAny(node, notBare) {
					w.tell(f.column, message.ERR045, "text", node)
					return false
				}
				r.place(w, f.column, res.ID, &Rule{Score: f.args[0], Expressions: []Expression{{"#uname", "eq", node}}})
			}
			continue
		}
		switch yes, ok := boolean(text); {
		case !ok:
			w.tell(f.column, message.WRN021, "text", text)
		case yes:
			bad := Expression{f.args[0], "eq", "ERROR"}
			if f.name != "diskd" {
				bad = Expression{f.args[0], "lt", f.args[1]}
			}
			r.place(w, f.column, res.ID, &Rule{Score: "-INFINITY", Op: "or", Expressions: []Expression{{f.args[0], "not_defined", ""}, bad}})
			r.watch(monitored{res.ID, f.name, f.args[0], place{w.number, letters(f.column)}})
		}
	}
	if !filled {
		w.refuse("rsc", message.WRN041)
	}
	return true
}

// place adds a rule, and warns of one that is there already.
func (r *reader) place(w row, column int, resource string, rule *Rule) {
	l := r.sheet.plain.of(resource)
	l.Rules = append(l.Rules, rule)
	key := resource + " " + rule.text(Target11)
	if first, twice := r.seen.places[key]; twice {
		w.tell(column, message.WRN040, "row", first.row, "column", first.column)
		return
	}
	r.seen.places[key] = place{w.number, letters(column)}
}

// watch notes what a monitoring resource implies, at its place among the
// constraints. Which resource that is, the end of the sheet knows.
func (r *reader) watch(m monitored) {
	r.sheet.monitored = append(r.sheet.monitored, m)
	n := len(r.sheet.monitored)
	r.sheet.Colocations = append(r.sheet.Colocations, Colocation{pending: n})
	r.sheet.Orders = append(r.sheet.Orders, Order{pending: n})
}

// boolean is a yes or no.
func boolean(text string) (value, ok bool) {
	switch strings.ToLower(text) {
	case "yes", "y", "true":
		return true, true
	case "no", "n", "false":
		return false, true
	}
	return false, false
}

// locationNode reads a row of LOCATION_NODE.
func (r *reader) locationNode(w row) bool {
	ok := w.need("rsc")
	for _, f := range []string{"prefers/avoids", "node"} {
		ok = w.need(f) && ok
	}
	if !ok || !w.bare("node") {
		return false
	}
	res, ok := w.known("rsc")
	if !ok {
		return false
	}
	way, ok := w.oneOf("prefers/avoids", "prefers", "avoids")
	if !ok {
		return false
	}
	s := "INFINITY"
	if w.get("score") != "" {
		if s, ok = w.score(); !ok {
			return false
		}
	}
	if way == "avoids" {
		s = negative(s)
	}
	r.sheet.ofNodes.all = append(r.sheet.ofNodes.all, &Location{Resource: res.ID, Node: w.get("node"), Score: s})
	return true
}

func negative(score string) string {
	if s, minus := strings.CutPrefix(score, "-"); minus {
		return s
	}
	return "-" + strings.TrimPrefix(score, "+")
}

// score is the score of a row.
func (w row) score() (string, bool) {
	s, ok := score(w.get("score"))
	if !ok {
		w.refuse("score", message.ERR029, "text", w.get("score"))
	}
	return s, ok
}

// locationRule reads a row of LOCATION_EXPERT or LOCATION_RULE: a rule, or one
// more expression of the rule above.
func (r *reader) locationRule(w row) bool {
	if !w.bare("score", "bool_op", "attribute", "op", "value", "role") {
		return false
	}
	if w.get("rsc") != "" {
		res, ok := w.known("rsc")
		if !ok {
			return false
		}
		if l := r.sheet.expert.of(res.ID); l != r.expert {
			r.expert, r.open = l, nil
		}
	}
	switch {
	case r.expert == nil:
		return w.need("rsc")
	case w.reference():
		r.expert.Rules = append(r.expert.Rules, &Rule{IDSpec: w.get("id_spec"), Reference: true, row: w.number})
		r.open = nil
		return true
	case w.get("score") != "":
		return r.begin(w)
	case r.open == nil:
		return w.need("score")
	}
	w.ignored("bool_op", "role", "id_spec")
	if r.open.Op == "" {
		w.again("bool_op", r.open.row, message.ERR043, "row", r.open.row)
		return false
	}
	return r.condition(w)
}

// reference says that the row does no more than to name a rule from elsewhere.
func (w row) reference() bool {
	spec := w.get("id_spec")
	if !strings.HasPrefix(spec, "$id-ref=") && !strings.HasPrefix(spec, "id-ref=") {
		return false
	}
	for _, f := range []string{"score", "bool_op", "attribute", "op", "value", "role"} {
		if w.get(f) != "" {
			return false
		}
	}
	return true
}

// begin begins a rule.
func (r *reader) begin(w row) bool {
	s, ok := w.score()
	if !ok {
		return false
	}
	rule := &Rule{IDSpec: w.get("id_spec"), Role: w.get("role"), Score: s, row: w.number}
	switch op := strings.ToLower(w.get("bool_op")); op {
	case "", "and", "or":
		rule.Op = op
	default:
		return w.refuse("bool_op", message.ERR048, "text", w.get("bool_op"))
	}
	r.open = rule
	r.expert.Rules = append(r.expert.Rules, rule)
	return r.condition(w)
}

var comparisons = []string{"lt", "gt", "lte", "gte", "eq", "ne", "defined", "not_defined"}

// condition adds an expression to the rule that is open.
func (r *reader) condition(w row) bool {
	if ok := w.need("attribute"); !w.need("op") || !ok {
		return false
	}
	e := Expression{w.get("attribute"), strings.ToLower(w.get("op")), w.get("value")}
	switch {
	case !slices.Contains(comparisons, e.Op):
		return w.refuse("op", message.ERR047, "text", w.get("op"), "list", strings.Join(comparisons, ", "))
	case strings.HasSuffix(e.Op, "defined"):
		w.ignored("value")
		e.Value = ""
	case !w.need("value"):
		return false
	}
	r.open.Expressions = append(r.open.Expressions, e)
	return true
}
