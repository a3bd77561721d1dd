package lab

import (
	"slices"
	"strings"
	"time"
)

// MarkID names a moment of a failover.
type MarkID string

// The moments of a failover, in the order in which they come when all goes well.
const (
	MarkLastAck     MarkID = "last-ack"  // last commit that the old primary acknowledged
	MarkFault       MarkID = "fault"     // the lab's deed
	MarkDetected    MarkID = "detected"  // the cluster knows that the instance failed
	MarkDemoted     MarkID = "demoted"   // demote of the old primary is over
	MarkStopped     MarkID = "stopped"   // stop of the old primary is over
	MarkPromote     MarkID = "promote"   // promote of the new primary begins
	MarkWritable    MarkID = "writable"  // the new primary's PostgreSQL takes writes
	MarkPromoted    MarkID = "promoted"  // promote is over
	MarkVIP         MarkID = "vip"       // vip-master is up on the new primary
	MarkFirstAck    MarkID = "first-ack" // first commit acknowledged by the new primary
	postgresReadyPG        = "database system is ready to accept connections"
)

// Mark is one moment of a failover and the node where it was.
type Mark struct {
	ID   MarkID
	Node string
	At   time.Time
}

// Failover tells of one failover from the cluster's own records: Pacemaker's
// and PostgreSQL's logs of all nodes, and the acknowledgements of a Writer.
// What the records do not show is left out.
func (l *Lab) Failover(fault time.Time, from, to *Node, h History) ([]Mark, error) {
	var actions []Action
	for _, n := range []*Node{from, to} {
		a, err := n.Actions(fault)
		if err != nil {
			return nil, err
		}
		actions = append(actions, a...)
	}
	lost, err := to.LostAt(from, fault)
	if err != nil {
		return nil, err
	}
	lines, err := to.PostgreSQLLines(fault)
	if err != nil {
		return nil, err
	}
	return timeline(fault, lost, from.Name, to.Name, actions, lines, h), nil
}

// timeline puts the records together; lost is when the old primary's node was
// found to be gone, zero if it was not.
func timeline(fault, lost time.Time, from, to string, actions []Action, lines []LogLine, h History) []Mark {
	marks := []Mark{{MarkFault, from, fault}}
	add := func(id MarkID, node string, at time.Time) {
		if !at.IsZero() {
			marks = append(marks, Mark{id, node, at})
		}
	}
	first := func(node, resource, name string, ok func(Action) bool) Action {
		for _, a := range actions {
			if a.Node == node && a.Resource == resource && a.Name == name && ok(a) {
				return a
			}
		}
		return Action{}
	}
	went := func(a Action) bool { return a.Result == "ok" }
	if failed := detection(from, actions); !failed.IsZero() {
		add(MarkDetected, from, failed)
	} else {
		add(MarkDetected, to, lost)
	}
	add(MarkDemoted, from, first(from, "pgsql", "demote", went).End)
	add(MarkStopped, from, first(from, "pgsql", "stop", went).End)
	promote := first(to, "pgsql", "promote", went)
	add(MarkPromote, to, promote.Begin)
	add(MarkPromoted, to, promote.End)
	add(MarkVIP, to, first(to, "vip-master", "start", went).End)
	for _, line := range lines {
		if strings.Contains(line.Text, postgresReadyPG) {
			add(MarkWritable, to, line.At)
			break
		}
	}
	if g := h.LongestGap(); !g.From.IsZero() && g.To.After(fault) {
		add(MarkLastAck, from, g.From)
		add(MarkFirstAck, to, g.To)
	}
	slices.SortStableFunc(marks, func(a, b Mark) int { return a.At.Compare(b.At) })
	return marks
}

// detection is the first bad answer about the old primary's instance: of its
// monitor, or as a failure that was reported to the cluster from outside (asyncmon).
func detection(node string, actions []Action) time.Time {
	for _, a := range actions {
		watched := a.Name == "monitor" || a.Name == "asyncmon"
		if a.Node == node && a.Resource == "pgsql" && watched && a.Result != "ok" && a.Result != "promoted" && a.Result != "master" && a.Result != "cancelled" {
			return a.End
		}
	}
	return time.Time{}
}

// Spent is whose a time was: Agent is that in which the agent of PostgreSQL was at work
// on some node, Address that in which only those of the addresses were, and Own what is
// left, Pacemaker's and Corosync's own.
type Spent struct{ Agent, Address, Own time.Duration }

// Spent divides the time from begin to end by what the nodes' logs say of actions.
func (l *Lab) Spent(begin, end time.Time) (Spent, error) {
	var actions []Action
	for _, n := range l.Nodes() {
		a, err := n.Actions(begin)
		if err != nil {
			return Spent{}, err
		}
		actions = append(actions, a...)
	}
	return spent(begin, end, actions), nil
}

func spent(begin, end time.Time, actions []Action) Spent {
	moments := []time.Time{begin, end}
	for _, a := range actions {
		for _, at := range []time.Time{a.Begin, a.End} {
			if at.After(begin) && at.Before(end) {
				moments = append(moments, at)
			}
		}
	}
	slices.SortFunc(moments, time.Time.Compare)
	var s Spent
	for i, from := range moments[:len(moments)-1] {
		to := moments[i+1]
		at := func(resource string) bool {
			return slices.ContainsFunc(actions, func(a Action) bool {
				return strings.HasPrefix(a.Resource, resource) && !a.Begin.IsZero() && !a.Begin.After(from) && !a.End.Before(to)
			})
		}
		switch {
		case at("pgsql"):
			s.Agent += to.Sub(from)
		case at("vip-"):
			s.Address += to.Sub(from)
		default:
			s.Own += to.Sub(from)
		}
	}
	return s
}

// Released is when a primary stopped waiting for its standbys, since a time; zero if
// it did not.
func (n *Node) Released(since time.Time) (time.Time, error) {
	lines, err := n.PostgreSQLLines(since)
	for _, line := range lines {
		if strings.Contains(line.Text, `parameter "synchronous_standby_names" changed to ""`) {
			return line.At, err
		}
	}
	return time.Time{}, err
}

// Joined is when a node's Pacemaker began since a time, and when the server's start
// there began and ended; zero for what has not happened.
func (n *Node) Joined(since time.Time) (pacemaker, begin, end time.Time, err error) {
	lines, err := n.PacemakerLines(since)
	if err != nil {
		return
	}
	for _, line := range lines {
		if strings.Contains(line.Text, "pacemakerd") && strings.Contains(line.Text, "Starting Pacemaker") {
			pacemaker = line.At
			break
		}
	}
	actions, err := n.Actions(since)
	for _, a := range actions {
		if a.Resource == "pgsql" && a.Name == "start" {
			return pacemaker, a.Begin, a.End, err
		}
	}
	return
}
