package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgrex/test/lab"
)

// judge looks through a record for breakages of one invariant, or two, and
// counts how often it looked at each.
type judge func(Record) ([]Finding, map[Invariant]int)

var judges = []judge{judgeWrites, judgeRows, judgePromotions, judgeRelease, judgeLock, judgeFenced, judgeSettled, judgeData, judgeRescues, judgeActions}

// Judge finds all breakages in a record, and what was never looked at.
func Judge(r Record) Report {
	report := Report{Looks: map[Invariant]int{}, Rows: r.Rows, Writes: r.Writes}
	for _, j := range judges {
		found, looks := j(r)
		report.Findings = append(report.Findings, found...)
		for i, n := range looks {
			report.Looks[i] += n
		}
	}
	for _, text := range r.Blind {
		report.Findings = append(report.Findings, Finding{Text: text})
	}
	report.Findings = r.spare(append(report.Findings, unseen(r, report.Looks)...))
	slices.SortStableFunc(report.Findings, func(a, b Finding) int { return a.At.Compare(b.At) })
	return report
}

// unseen are the invariants that nobody has looked at although there was
// something to look at.
func unseen(r Record, looks map[Invariant]int) []Finding {
	promotion := slices.ContainsFunc(r.Periods, func(p Period) bool { return p.Promotion })
	promoted := slices.ContainsFunc(r.Actions, func(a lab.Action) bool {
		return a.Resource == "pgsql" && a.Name == "promote" && a.Result == "ok" && !a.Begin.IsZero()
	})
	var found []Finding
	for _, i := range Invariants() {
		applies := true
		switch i {
		case I4:
			applies = promotion || promoted
		case I5:
			applies = promotion || promoted || released(r)
		}
		if applies && looks[i] == 0 {
			found = append(found, Finding{Invariant: i, Text: "was never looked at"})
		}
	}
	return found
}

// judgeWrites is I1: no two nodes acknowledge writes at once.
func judgeWrites(r Record) ([]Finding, map[Invariant]int) {
	var found []Finding
	looks := 0
	for _, node := range r.Nodes {
		looks += r.Writes.Looked[node]
		if r.Writes.Looked[node] == 0 {
			found = append(found, Finding{Invariant: I1, Node: node, Text: "was never asked for a write"})
		}
	}
	for _, o := range r.Writes.Overlaps() {
		found = append(found, Finding{I1, o.From, strings.Join(o.Nodes[:], " and "), fmt.Sprintf("accepted writes at once for %v", o.To.Sub(o.From))})
	}
	return found, map[Invariant]int{I1: looks}
}

// judgeRows is I2: every acknowledged row is on the present primary.
func judgeRows(r Record) ([]Finding, map[Invariant]int) {
	var found []Finding
	looks := 0
	for _, rows := range r.Rows {
		looks += rows.Acked
		switch {
		case rows.Err != nil:
			found = append(found, Finding{Invariant: I2, Text: rows.Err.Error()})
		case len(rows.Lost) > 0:
			found = append(found, Finding{Invariant: I2, Node: rows.Primary,
				Text: fmt.Sprintf("lacks %d of %d rows acknowledged through %s", len(rows.Lost), rows.Acked, rows.Through)})
		}
	}
	return found, map[Invariant]int{I2: looks}
}

// promotable says whether a data status lets its node be promoted in sync mode.
func promotable(data string) bool { return data == "LATEST" || data == "STREAMING|SYNC" }

// judgePromotions is I4. What counts is the last that any node's record said of
// the promoted one: its own may be older. Not that of a node whose server waits
// for it: a primary that is cut off notes that a standby may lack rows before
// there are any, and while its commits wait there are none.
func judgePromotions(r Record) ([]Finding, map[Invariant]int) {
	var found []Finding
	looks := 0
	data, asked := map[[2]string]Attribute{}, map[string]bool{} // by view and node
	written, used := map[string][]string{}, map[string][]string{}
	for _, e := range r.sorted() {
		switch e := e.(type) {
		case List:
			if _, known := used[e.Node]; !known {
				used[e.Node] = e.Names
			}
			written[e.Node] = e.Names
		case Attribute:
			if e.Name == "pgsql-data-status" {
				data[[2]string{e.View, e.Node}] = e
			}
		case Server:
			switch e.What {
			case Starting:
				asked[e.Node], used[e.Node] = false, written[e.Node]
			case NamesUsed:
				used[e.Node] = e.Names
			}
			promoted := e.What == PromoteAsked || e.What == Writable && !asked[e.Node]
			if e.Known || !promoted {
				continue
			}
			asked[e.Node] = true
			looks++
			var last Attribute
			for _, view := range r.Nodes {
				d := data[[2]string{view, e.Node}]
				if d.At.After(last.At) && (view == e.Node || !slices.Contains(used[view], e.Node)) {
					last = d
				}
			}
			// Of a node that never had a primary beside it nothing is known.
			if last.Value != "" && !promotable(last.Value) {
				found = append(found, Finding{I4, e.At, e.Node, fmt.Sprintf("%s with the data status %s in the record of %s", e.What, last.Value, last.View)})
			}
		}
	}
	return found, map[Invariant]int{I4: looks}
}

// slack is by how much the times of Pacemaker's log may be early.
const slack = 5 * time.Millisecond

// release is the state that I5 is judged by.
type release struct {
	nodes   []string
	data    map[[2]string]string // of a node (second) in the record of another (first)
	score   map[[2]string]string
	written map[string][]string // list of names in the file
	used    map[string][]string // and in the server
	since   map[string]time.Time
	takes   map[string]bool // the server takes writes
	former  map[string]bool // and its node is primary no longer, so that it is about to end
}

// has says which rights a node has in the eyes of another.
func (s *release) has(view, node string) string {
	var list []string
	key := [2]string{view, node}
	if d := s.data[key]; promotable(d) {
		list = append(list, "data status "+d)
	}
	if p := s.score[key]; p != "" && p != "-INFINITY" && !strings.HasPrefix(p, "-") {
		list = append(list, "promotion score "+p)
	}
	return strings.Join(list, " and ")
}

// judgeRelease is I5: a node that commits do not wait for has no rights. What
// counts is the record of the primary's own node, which tells it whether to go
// on alone.
func judgeRelease(r Record) ([]Finding, map[Invariant]int) {
	var found []Finding
	looks := 0
	s := release{
		nodes: r.Nodes, data: map[[2]string]string{}, score: map[[2]string]string{}, written: map[string][]string{}, used: map[string][]string{},
		since: map[string]time.Time{}, takes: map[string]bool{}, former: map[string]bool{},
	}
	look := func(at time.Time, primary, node, what string) {
		looks++
		if has := s.has(primary, node); has != "" {
			found = append(found, Finding{I5, at, primary, fmt.Sprintf("%s: %s still has %s", what, node, has)})
		}
	}
	for _, e := range r.sorted() {
		switch e := e.(type) {
		case List:
			s.written[e.Node] = e.Names
			if _, known := s.since[e.Node]; !known {
				s.used[e.Node], s.since[e.Node] = e.Names, e.At
			}
		case Attribute:
			s.attribute(e, look)
		case Forgotten:
			for key := range s.score {
				if key[0] == e.View && (e.Node == "" || key[1] == e.Node) {
					delete(s.score, key)
				}
			}
		case Server:
			s.server(e, look)
		}
	}
	return found, map[Invariant]int{I5: looks}
}

func (s *release) attribute(e Attribute, look func(at time.Time, primary, node, what string)) {
	key := [2]string{e.View, e.Node}
	switch e.Name {
	case "pgsql-data-status":
		if s.data[key] == e.Value {
			return
		}
		s.data[key] = e.Value
	case "master-pgsql":
		if s.score[key] == e.Value {
			return
		}
		s.score[key] = e.Value
	default:
		return
	}
	if e.Node == e.View {
		if e.Name == "pgsql-data-status" {
			s.former[e.View] = e.Value != "LATEST"
		}
		return
	}
	// Rights are given to those that commits wait for by then.
	if s.serves(e.View) && !slices.Contains(s.used[e.View], e.Node) && e.At.Sub(s.since[e.View]) > -slack {
		look(e.At, e.View, e.Node, "commits do not wait for it")
	}
}

// serves says whether a node's server releases commits.
func (s *release) serves(node string) bool { return s.takes[node] && !s.former[node] }

func (s *release) server(e Server, look func(at time.Time, primary, node, what string)) {
	switch e.What {
	case Starting:
		s.used[e.Node], s.since[e.Node], s.takes[e.Node] = s.written[e.Node], e.At, false
	case StopAsked, ShutDown, Died:
		s.takes[e.Node] = false
	case NamesUsed:
		before := s.used[e.Node]
		s.used[e.Node], s.since[e.Node] = e.Names, e.At
		for _, node := range before {
			if s.serves(e.Node) && !slices.Contains(e.Names, node) && slices.Contains(s.nodes, node) {
				look(e.At, e.Node, node, "commits stop waiting for it")
			}
		}
	case Writable:
		s.takes[e.Node], s.former[e.Node] = true, false
		for _, node := range s.nodes {
			if !e.Known && node != e.Node && !slices.Contains(s.used[e.Node], node) {
				look(e.At, e.Node, node, "takes writes that do not wait for it")
			}
		}
	}
}

// released says whether a list that had names was written without them while
// its server took writes: then there was a release to look at.
func released(r Record) bool {
	written, writable := map[string][]string{}, map[string]bool{}
	for _, e := range r.sorted() {
		switch e := e.(type) {
		case List:
			for _, node := range written[e.Node] {
				if writable[e.Node] && !slices.Contains(e.Names, node) && e.There {
					return true
				}
			}
			written[e.Node] = e.Names
		case Server:
			switch e.What {
			case Writable:
				writable[e.Node] = true
			case Starting, StopAsked, ShutDown, Died:
				writable[e.Node] = false
			}
		}
	}
	return false
}
