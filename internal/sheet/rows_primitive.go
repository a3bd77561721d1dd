package sheet

import (
	"slices"

	"pgrex/internal/message"
)

// primitive reads the one row under P of a PRIMITIVE or STONITH table.
func (r *reader) primitive(w row) bool {
	if r.id != nil {
		w.tell(-1, message.ERR012, "detail", "P")
		return false
	}
	if !w.need("id") {
		return false
	}
	res, ok := w.primitive("id")
	if !ok {
		return false
	}
	device := r.table.name == "STONITH"
	if device && !res.stonith {
		return w.refuse("id", message.ERR035, "id", res.ID, "what", "Stonith")
	}
	if res.tableRow > 0 {
		w.again("id", res.tableRow, message.ERR036, "id", res.ID, "row", res.tableRow)
		return false
	}
	if !w.need("type") || w.get("provider") != "" && !w.need("class") || !w.bare("class", "provider", "type") {
		return false
	}
	res.Class, res.Provider, res.Type = w.get("class"), w.get("provider"), w.get("type")
	if device {
		res.Class = "stonith"
	}
	res.tableRow = w.number
	r.id = res
	return true
}

// parameter reads a row under A.
func (r *reader) parameter(w row) bool {
	if r.id == nil {
		return w.refuse("type", message.ERR037)
	}
	switch text := w.get("type"); {
	case text != "":
		kind, ok := w.parameterKind()
		if !ok {
			return false
		}
		r.kind, r.rule = kind, w.get("rule")
	case r.kind == "" || w.get("rule") != "":
		return w.need("type")
	}
	if w.get("name") == "" && w.get("value") == "" {
		return true
	}
	if r.kind == "operations" {
		if _, ok := w.oneOf("name", "$id", "$id-ref"); !ok {
			return false
		}
	}
	return w.attribute(&r.id.Lists, r.kind, r.rule)
}

func (w row) parameterKind() (string, bool) {
	if !w.r.sheet.Pcsgen {
		return w.oneOf("type", "params", "meta", "utilization", "operations")
	}
	kind, ok := w.oneOf("type", "options", "meta", "utilization")
	if kind == "options" {
		kind = "params"
	}
	return kind, ok
}

// first are the attributes of an operation that are written before others.
var first = []string{"role", "interval", "timeout", "on-fail", "start-delay"}

// operation reads a row under O.
func (r *reader) operation(w row) bool {
	if r.id == nil {
		return w.refuse("type", message.ERR037)
	}
	if !w.need("type") || !w.bare("type") {
		return false
	}
	op := Operation{Name: w.get("type")}
	for _, f := range r.header.free {
		if value := w.cell(f.column); value != "" {
			op.Attributes = append(op.Attributes, Pair{f.name, value})
		}
	}
	if len(op.Attributes) == 0 {
		w.refuse("type", message.INF028, "name", op.Name)
		return true
	}
	slices.SortStableFunc(op.Attributes, func(a, b Pair) int { return rank(a.Name) - rank(b.Name) })
	r.id.Operations = append(r.id.Operations, op)
	return true
}

func rank(attribute string) int {
	if i := slices.Index(first, attribute); i >= 0 {
		return i
	}
	return len(first)
}
