package replication

import (
	"fmt"
	"strings"
	"testing"
)

// side is one of two servers that act at the same time: the primary that lets its
// commits go on without the standby, and the standby that is promoted.
type side struct {
	decide func(nodes []Node) []Change
	rounds int // how often it decides
	todo   []Change
	undo   func(nodes []Node) []Change // what an error leads to
	done   bool                        // commits go on without the other, or it is promoted
}

// race is the cluster's record and what is on its way to it: data statuses are
// written at once, scores arrive later, in their order.
type race struct {
	nodes []Node
	late  []SetScore
	sides [2]side
	path  []string // how it came about
}

func (r *race) key() string {
	var b strings.Builder
	for _, n := range r.nodes {
		fmt.Fprint(&b, n.DataStatus, n.HasScore, n.Score, n.Promoted, ";")
	}
	for _, s := range r.late {
		fmt.Fprint(&b, s.Node, s.New, ";")
	}
	for _, s := range r.sides {
		fmt.Fprint(&b, s.rounds, s.done, len(s.todo), s.todo, ";")
	}
	return b.String()
}

func (r *race) node(name string) *Node {
	for i := range r.nodes {
		if r.nodes[i].Name == name {
			return &r.nodes[i]
		}
	}
	return nil
}

// next is r after side i has taken one step, or nil where it can take none.
func (r *race) next(i int) *race {
	c := *r
	c.nodes, c.late = append([]Node(nil), r.nodes...), append([]SetScore(nil), r.late...)
	s := &c.sides[i]
	c.path = append(r.path[:len(r.path):len(r.path)], r.nodes[i].Name+" looks")
	switch {
	case len(s.todo) == 0 && (s.rounds == 0 || s.done):
		return nil
	case len(s.todo) == 0:
		s.rounds, s.todo = s.rounds-1, s.decide(c.nodes)
		return &c
	}
	change := s.todo[0]
	c.path[len(c.path)-1] = fmt.Sprintf("%s: %v", r.nodes[i].Name, change)
	s.todo = s.todo[1:]
	switch change := change.(type) {
	case SetDataStatus:
		c.node(change.Node).DataStatus = change.New
	case SetScore:
		c.late = append(c.late, change)
	case ConfirmUnusable:
		sure, err := Unusable(Observation{Own: c.nodes[i].Name, Mode: Sync, Nodes: c.nodes, Quorate: true}, change.Nodes)
		if err == nil && !sure {
			return nil // it looks again
		}
		if err != nil {
			s.todo = s.undo(c.nodes)
		}
	case SetSyncNames, Promote:
		s.done = true
	}
	return &c
}

// A leader of the cluster that does not know what ran before promotes a standby
// while the primary, which sees that standby go, lets its commits go on. However
// the steps of the two fall, never do both get what they want, and there is an
// order in which each does.
func TestPrimaryAndPromotionAtTheSameTime(t *testing.T) {
	primary := func(nodes []Node) []Change {
		return Control(Observation{Own: "node01", Mode: Sync, Quorate: true, Nodes: append([]Node(nil), nodes...),
			FileNames: []string{"node02"}, ServerNames: []string{"node02"}})
	}
	observe := func(nodes []Node) StandbyObservation {
		return StandbyObservation{Own: "node02", Mode: Sync, Unforeseen: true, Nodes: append([]Node(nil), nodes...)}
	}
	// What a new leader of the cluster may have forgotten of either, and the order
	// in which the attributes of the promotion are written.
	for facts := range 8 {
		forgotten := struct{ primary, standby bool }{facts&1 != 0, facts&2 != 0}
		standby := func(nodes []Node) []Change {
			o := observe(nodes)
			if RefusePromotion(o) != "" {
				return nil
			}
			return steps(o, facts&4 != 0)
		}
		begin := &race{nodes: []Node{
			{Name: "node01", Known: true, Online: true, DataStatus: Latest, Status: Primary, HasScore: true, Score: PrimaryScore},
			{Name: "node02", Known: true, Online: true, DataStatus: StreamingSync, Status: HSSync, HasScore: true, Score: StandbyScore},
		}}
		for i, f := range []bool{forgotten.primary, forgotten.standby} {
			if n := &begin.nodes[i]; f {
				n.Status, n.HasScore, n.Score = NoStatus, false, 0
			}
		}
		begin.sides[0] = side{decide: primary, rounds: 3, undo: func([]Node) []Change { return nil }}
		begin.sides[1] = side{decide: standby, rounds: 1, undo: func([]Node) []Change { return UndoPromotion(observe(begin.nodes), false) }}
		seen, goesOn, promoted := map[string]bool{}, false, false
		var visit func(r *race)
		visit = func(r *race) {
			if k := r.key(); seen[k] {
				return
			} else {
				seen[k] = true
			}
			if r.sides[0].done && r.sides[1].done {
				t.Fatalf("commits go on without node02, and node02 is promoted:\n%s", strings.Join(r.path, "\n"))
			}
			goesOn, promoted = goesOn || r.sides[0].done, promoted || r.sides[1].done
			end := len(r.late) == 0
			for i := range r.sides {
				if n := r.next(i); n != nil {
					end = false
					visit(n)
				}
			}
			if p := r.node("node01"); end && !r.sides[1].done && (p.DataStatus != Latest || p.Score != PrimaryScore) {
				t.Fatalf("nobody is promoted, and the primary has %s %v:\n%s", p.DataStatus, p.Score, strings.Join(r.path, "\n"))
			}
			if !r.nodes[0].Promoted { // a probe finds the primary
				c := *r
				c.nodes = append([]Node(nil), r.nodes...)
				c.nodes[0].Promoted = true
				c.path = append(r.path[:len(r.path):len(r.path)], "node01 is found promoted")
				visit(&c)
			}
			if len(r.late) > 0 {
				c := *r
				c.nodes = append([]Node(nil), r.nodes...)
				n := c.node(r.late[0].Node)
				n.HasScore, n.Score = true, r.late[0].New
				c.late, c.path = r.late[1:], append(r.path[:len(r.path):len(r.path)], fmt.Sprintf("arrives: %v", r.late[0]))
				visit(&c)
			}
		}
		visit(begin)
		t.Logf("%d states", len(seen))
		if !goesOn || !promoted {
			t.Errorf("%+v: commits went on %v, promoted %v in some order", forgotten, goesOn, promoted)
		}
	}
}
