package sheet

import (
	"fmt"
	"slices"
	"strings"

	"pgrex/internal/message"
)

// finish does what needs the whole sheet. After an error much that it would
// complain of is only missing.
func (r *reader) finish() {
	if r.errors > 0 {
		return
	}
	s := r.sheet
	s.Locations = slices.Concat(s.plain.all, s.ofNodes.all, s.expert.all)
	r.complete()
	r.derive()
	r.doubtLevels()
	r.doubtOrders()
	if r.errors == 0 && s.empty() {
		r.add(Message{ID: message.WRN060})
	}
}

// complete looks for resources that are only announced.
func (r *reader) complete() {
	for _, res := range r.sheet.Resources {
		switch {
		case res.Kind == Primitive && res.tableRow == 0:
			r.add(Message{ID: message.ERR038, Args: []any{"id", res.ID, "row", res.row}})
		case res.Kind != Primitive && len(res.Children) == 0:
			r.add(Message{ID: message.ERR039, Args: []any{"id", res.ID, "row", res.row}})
		}
	}
}

// derive puts the constraints in place that a LOCATION table implies. Those
// that are written in the sheet as well are not there twice.
func (r *reader) derive() {
	colocations := map[Colocation]bool{}
	var written []Colocation
	for _, c := range r.sheet.Colocations {
		if c.pending == 0 {
			colocations[c] = true
		}
	}
	orders := map[Order]bool{}
	for _, o := range r.sheet.Orders {
		if o.pending == 0 {
			o.row = 0
			orders[o] = true
		}
	}
	clones := make([][]string, len(r.sheet.monitored))
	for i, m := range r.sheet.monitored {
		clones[i] = r.monitors(m)
	}
	for _, c := range r.sheet.Colocations {
		if c.pending == 0 {
			written = append(written, c)
			continue
		}
		for _, clone := range clones[c.pending-1] {
			d := Colocation{Resource: r.sheet.monitored[c.pending-1].resource, With: clone, Score: "INFINITY"}
			if !colocations[d] && !r.o.NoColocations {
				colocations[d] = true
				written = append(written, d)
			}
		}
	}
	r.sheet.Colocations = written
	var after []Order
	for _, o := range r.sheet.Orders {
		if o.pending == 0 {
			after = append(after, o)
			continue
		}
		for _, clone := range clones[o.pending-1] {
			d := Order{First: clone, Then: r.sheet.monitored[o.pending-1].resource, Score: "0", Symmetrical: "false"}
			if !orders[d] && !r.o.NoOrders {
				orders[d] = true
				after = append(after, d)
			}
		}
	}
	r.sheet.Orders = after
}

// monitors are the outermost containers of the primitives that maintain an
// attribute.
func (r *reader) monitors(m monitored) []string {
	var list []string
	for _, res := range r.sheet.Resources {
		if res.Kind == Primitive && res.Type == m.kind && res.Lists.value("params", "name") == m.attribute {
			list = append(list, res.top().ID)
		}
	}
	if len(list) == 0 {
		r.add(Message{ID: message.ERR042, Args: []any{"type", m.kind, "name", m.attribute}, Row: m.place.row, Column: m.place.column})
	}
	return list
}

// doubtLevels warns of levels that fence nobody. A sheet without any fencing
// device is not judged: its levels stand for something else.
func (r *reader) doubtLevels() {
	if !slices.ContainsFunc(r.sheet.Resources, (*Resource).isStonith) {
		return
	}
	names := r.sheet.NodeList()
	for _, l := range r.sheet.Levels {
		m := Message{ID: message.WRN049, Row: l.row}
		switch {
		case !r.sheet.byID[l.Device].isStonith():
			m.Args = []any{"detail", fmt.Sprintf("%s: class %q", l.Device, r.sheet.byID[l.Device].Class)}
		case len(names) > 0 && l.Node != "" && !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, l.Node) }):
			m.Args = []any{"detail", fmt.Sprintf("%s: node_list=%q", l.Node, strings.Join(names, " "))}
		default:
			continue
		}
		r.add(m)
	}
}

// doubtOrders warns of scores that are lost where orders have kinds.
func (r *reader) doubtOrders() {
	if r.o.Target == Target11 {
		return
	}
	for _, o := range r.sheet.Orders {
		if kind := o.kind(); o.Kind == "" && kind == "Mandatory" && !strings.HasSuffix(o.Score, "INFINITY") {
			r.add(Message{ID: message.WRN062, Args: []any{"score", o.Score, "kind", kind}, Row: o.row})
		}
	}
}
