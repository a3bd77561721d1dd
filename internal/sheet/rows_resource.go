package sheet

import (
	"slices"
	"strings"

	"pgrex/internal/message"
)

// node reads a row of NODE.
func (r *reader) node(w row) bool {
	if !w.bare("uname", "ntype") {
		return false
	}
	switch uname := w.get("uname"); {
	case uname != "":
		r.enter(uname, w.get("ntype"))
	case r.current == nil:
		return w.need("uname")
	default:
		w.ignored("ntype")
	}
	if w.get("ptype") != "" {
		kind, ok := w.nodeKind()
		if !ok {
			return false
		}
		r.kind = kind
	}
	if w.get("name") == "" && w.get("value") == "" {
		return true
	}
	if r.kind == "" {
		return w.need("ptype")
	}
	return w.attribute(&r.current.Lists, r.kind, "")
}

// nodeKind is the kind of list of a node's attribute.
func (w row) nodeKind() (string, bool) {
	if !w.r.sheet.Pcsgen {
		return w.oneOf("ptype", "attributes", "utilization")
	}
	kind, ok := w.oneOf("ptype", "attribute", "utilization")
	if kind == "attribute" {
		kind = "attributes"
	}
	return kind, ok
}

// enter goes to the node of a name and a type.
func (r *reader) enter(name, kind string) {
	for _, n := range r.sheet.Nodes {
		if n.Name == name && n.Type == kind {
			r.current = n
			return
		}
	}
	r.current = &Node{Name: name, Type: kind}
	r.sheet.Nodes = append(r.sheet.Nodes, r.current)
}

// attribute reads name and value into a list.
func (w row) attribute(to *lists, kind, rule string) bool {
	name, value := w.get("name"), w.get("value")
	switch {
	case name == "":
		return w.need("name")
	case !w.bare("name"):
		return false
	case value == "":
		w.refuse("value", message.INF027, "column", "value", "name", name)
		return true
	}
	l := to.list(kind, rule)
	if first, twice := l.rows[name]; twice {
		w.again("name", first, message.WRN026, "name", name, "row", first)
	} else {
		l.rows[name] = w.number
	}
	l.Pairs = append(l.Pairs, Pair{name, value})
	return true
}

// pair reads a row of PROPERTY or of defaults.
func (r *reader) pair(w row, to *[]Pair, seen map[string]int) bool {
	name, value := w.get("name"), w.get("value")
	switch {
	case name == "":
		return w.need("name")
	case !w.bare("name"):
		return false
	case value == "":
		w.refuse("value", message.INF027, "column", "value", "name", name)
		return true
	}
	if first, twice := seen[name]; twice {
		w.again("name", first, message.WRN026, "name", name, "row", first)
	} else {
		seen[name] = w.number
	}
	*to = append(*to, Pair{name, value})
	return true
}

// kinds are the words for kinds of resources.
var kinds = map[string]Kind{
	"primitive": Primitive, "stonith": Primitive, "group": Group, "clone": Clone, "ms": Ms, "master": Ms, "promotable": Ms,
}

// kindWords are those that a sheet may use. Promotable is no word of the layout
// of pm_crmgen as long as nothing newer is asked for.
func (r *reader) kindWords() []string {
	words := []string{"Primitive", "Group", "Clone", "Ms", "Master"}
	if r.sheet.Pcsgen {
		return append(words, "Promotable", "Stonith")
	}
	if r.o.Target != Target11 {
		words = append(words, "Promotable")
	}
	return words
}

// resource reads a row of RESOURCES.
func (r *reader) resource(w row) bool {
	depth, text, column := -1, "", -1
	for d, i := range r.header.items {
		if w.cell(i) == "" {
			continue
		}
		if depth >= 0 {
			w.tell(i, message.ERR030)
			return false
		}
		depth, text, column = d, w.cell(i), i
	}
	known := r.kindWords()
	switch {
	case depth < 0:
		return w.need("resourceItem")
	case !slices.ContainsFunc(known, func(s string) bool { return strings.EqualFold(s, text) }):
		w.tell(column, message.ERR031, "text", text, "list", strings.Join(known, ", "))
		return false
	case depth > len(r.path):
		w.tell(column, message.ERR032)
		return false
	}
	res := &Resource{Kind: kinds[strings.ToLower(text)], ID: w.get("id"), row: w.number, stonith: strings.EqualFold(text, "stonith"), named: text}
	if depth > 0 {
		res.Parent = r.path[depth-1]
		if !holds(res.Parent.Kind, res.Kind) {
			w.tell(column, message.ERR033, "child", text, "parent", res.Parent.named)
			return false
		}
	}
	if !w.need("id") || !w.bare("id") {
		return false
	}
	if other := r.sheet.byID[res.ID]; other != nil {
		w.again("id", other.row, message.ERR034, "id", res.ID, "row", other.row)
		return false
	}
	if p := res.Parent; p != nil {
		if p.Kind != Group && len(p.Children) > 0 {
			w.tell(column, message.ERR046, "id", p.ID)
			return false
		}
		p.Children = append(p.Children, res)
	}
	r.path = append(r.path[:depth:depth], res)
	r.sheet.Resources = append(r.sheet.Resources, res)
	r.sheet.byID[res.ID] = res
	return true
}

// holds says whether a kind may lie in another.
func holds(parent, child Kind) bool {
	switch parent {
	case Group:
		return child == Primitive
	case Clone, Ms:
		return child == Primitive || child == Group
	}
	return false
}

// resourceAttribute reads a row of RSC_ATTRIBUTES.
func (r *reader) resourceAttribute(w row) bool {
	id := w.get("id")
	switch {
	case id != "":
		res, ok := w.known("id")
		if !ok {
			return false
		}
		r.id, r.kind = res, ""
		if r.sheet.Pcsgen {
			r.kind = "meta"
		}
	case r.id == nil:
		return w.need("id")
	}
	if w.get("type") != "" {
		kind, ok := w.oneOf("type", "params", "meta")
		if !ok {
			return false
		}
		r.kind = kind
	}
	if r.kind == "" {
		return w.need("type")
	}
	if w.get("name") == "" && w.get("value") == "" {
		return true
	}
	return w.attribute(&r.id.Lists, r.kind, "")
}

// additional reads a statement that is written as it is.
func (r *reader) additional(w row) bool {
	var lines []string
	text := strings.Trim(w.cells[w.column("config")], blanks)
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\r' || r == '\n' }) {
		if line = strings.TrimRight(line, blanks+`\`); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) > 0 {
		r.sheet.Additional = append(r.sheet.Additional, strings.Join(lines, " \\\n"))
	}
	return true
}
