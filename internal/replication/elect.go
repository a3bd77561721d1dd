package replication

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"pgrex/internal/pg/wal"
)

// StandbyObservation is what a standby's decisions depend on.
type StandbyObservation struct {
	Own   string
	Mode  Mode
	Nodes []Node // node_list in its order, this node included
	// Position is the greater of the replayed and the received LSN.
	Position wal.LSN
	// Branch is the history that Position belongs to.
	Branch Branch
	// CheckCount is the parameter xlog_check_count. 0 means that the
	// operator names the first primary and nobody has to be waited for.
	CheckCount int
	// Notes are the vote notes by index.
	Notes map[int]string
	// Current says that a majority is here which nobody could do without: the
	// cluster's record is the newest there is. One of two nodes never is one.
	Current bool
	// Unforeseen says that the cluster knew of no promoted instance when it asked
	// for this promotion: one that is known now was found meanwhile.
	Unforeseen bool
}

func (o StandbyObservation) own() Node {
	n, _ := Observation{Nodes: o.Nodes}.node(o.Own)
	return n
}

// PrimaryExists says whether a promoted instance is known on any node. One
// whose node is offline counts until the cluster has taken it off the books.
func (o StandbyObservation) PrimaryExists() bool {
	for _, n := range o.Nodes {
		if n.Promoted {
			return true
		}
	}
	return false
}

// Elected says that the cluster may promote this node already: a vote could only
// write while it is about to.
func (o StandbyObservation) Elected() bool {
	own := o.own()
	return own.HasScore && own.Score > 0
}

// FollowPrimary is what a standby says of itself while a primary is known:
// its status is the primary's to set, except when it is not connected.
func FollowPrimary(o StandbyObservation) []Change {
	own := o.own()
	if own.DataStatus != Disconnect || own.Status == HSAlone {
		return nil
	}
	return []Change{SetStatus{Node: own.Name, Old: own.Status, New: HSAlone, Why: "the primary does not see this standby"}}
}

// Elect is what a standby does while there is no primary: it makes its
// position known and, when everybody's positions have stood still for long
// enough and its own is the greatest, claims the promotion.
//
// A standby whose data is known to lack acknowledged commits never claims, and
// none that cannot know whether its own record is out of date. One of which nothing is known claims only when all nodes have voted, or when
// xlog_check_count=0 says that the operator has chosen.
func Elect(o StandbyObservation) []Change {
	own := o.own()
	var changes []Change
	if own.Status != HSAlone {
		changes = append(changes, SetStatus{Node: own.Name, Old: own.Status, New: HSAlone, Why: "no primary"})
	}
	if own.DataStatus != NoData && !own.DataStatus.Promotable(o.Mode) {
		return append(changes, Abstain{Node: own.Name, Why: fmt.Sprintf(
			"data status %s: its data may lack acknowledged commits", own.DataStatus)})
	}
	if primary := o.unseenPrimary(); primary != "" {
		return append(changes, Abstain{Node: own.Name, Why: fmt.Sprintf(
			"%s was the primary, is not there and may have gone on alone: start it or, if it is lost for good, "+
				"set its attribute data-status to %s", primary, Disconnect)})
	}
	position := o.Position.Padded()
	if own.XlogLoc != position || own.Branch != o.Branch {
		changes = append(changes, SetXlogLoc{Node: own.Name, Old: own.XlogLoc, New: position, Branch: o.Branch, Why: "no primary"})
	}

	votes := o.votes(position)
	text := noteText(votes)
	last := o.lastNote()
	if o.Notes[last] != text {
		return append(changes, RecordVote{Index: 0, Text: text, First: true})
	}
	if last+1 < o.CheckCount {
		return append(changes, RecordVote{Index: last + 1, Text: text})
	}
	if own.DataStatus == NoData && o.CheckCount > 0 && len(votes) < len(o.Nodes) {
		return append(changes, Abstain{Node: own.Name, Why: fmt.Sprintf(
			"nothing is known of its data and only %d of %d nodes have voted", len(votes), len(o.Nodes))})
	}
	if best := votes[0]; compare(best.branch, best.position, o.Branch, position) > 0 {
		return append(changes,
			SetDataStatus{Node: own.Name, Old: own.DataStatus, New: Disconnect,
				Why: fmt.Sprintf("%s is further: %s on timeline %d", best.node, best.position, best.branch.Timeline)},
			ForgetVotes{Why: "lost"})
	}
	changes = append(changes, GainScore(own, fmt.Sprintf("greatest position, unchanged for %d looks", last+2))...)
	return append(changes, ForgetVotes{Why: "won"})
}

// unseenPrimary is an offline node that was the last primary as far as is known
// here, or "". A node that comes back alone reads the cluster's record as it
// was when it left, its own data status included; only the primary can tell
// what became of that since. When both have been there together, the newer
// record is everybody's.
//
// A standby whose primary dies in front of it has its score already and is
// promoted without a vote.
func (o StandbyObservation) unseenPrimary() string {
	own := o.own()
	if o.Mode != Sync || o.Current || own.DataStatus == NoData || own.DataStatus == Latest {
		return ""
	}
	return LostPrimary(o)
}

// LostPrimary is the node that was the last primary, as far as is known, where
// that node is not online, or "".
func LostPrimary(o StandbyObservation) string {
	if last := o.lastPrimary(); !last.Online {
		return last.Name
	}
	return ""
}

// lastPrimary is the other node that was the last primary, as far as is known;
// without a name where none is, and one that is not online before one that is.
func (o StandbyObservation) lastPrimary() Node {
	var last Node
	for _, n := range o.Nodes {
		if strings.EqualFold(n.Name, o.Own) || n.DataStatus != Latest {
			continue
		}
		if last.Name == "" || last.Online && !n.Online {
			last = n
		}
	}
	return last
}

// MayGoOn is the node that was the last primary, as far as is known, where its
// server may go on as one when this one is promoted, or a node without a name: one
// out of sight, and in mode async also one that the cluster's leader has not probed
// since it became the leader. In mode sync that one's commits wait for this server,
// which leaves it, and the cluster demotes it next.
//
// Where the record knows of no other primary, it may be this node's own marks that
// say so, of a time when it was cut off: any node out of sight may have become one.
func MayGoOn(o StandbyObservation) Node {
	last := o.lastPrimary()
	if last.Name == "" {
		for _, n := range o.Nodes {
			if n.Known && !n.Online && !strings.EqualFold(n.Name, o.Own) {
				return n
			}
		}
	}
	if last.Online && o.Mode == Sync {
		return Node{}
	}
	return last
}

type vote struct {
	node, position string
	branch         Branch
}

// votes lists the known positions, the newest first, ties in the order of
// node_list. Data of another database cluster has no vote.
func (o StandbyObservation) votes(own string) []vote {
	var votes []vote
	for _, n := range o.Nodes {
		v := vote{n.Name, n.XlogLoc, n.Branch}
		if strings.EqualFold(n.Name, o.Own) {
			v.position, v.branch = own, o.Branch
		}
		if v.position != "" && !v.branch.foreign(o.Branch) {
			votes = append(votes, v)
		}
	}
	slices.SortStableFunc(votes, func(a, b vote) int { return compare(b.branch, b.position, a.branch, a.position) })
	return votes
}

// noteText is one line per node in a fixed order, so that equal observations are equal texts.
func noteText(votes []vote) string {
	lines := make([]string, 0, len(votes))
	for _, v := range votes {
		lines = append(lines, v.node+" "+v.position+"\n")
	}
	sort.Strings(lines)
	return strings.Join(lines, "")
}

// lastNote is the highest k for which the notes 1 to k are all there.
func (o StandbyObservation) lastNote() int {
	k := 0
	for ; k < o.CheckCount; k++ {
		if _, ok := o.Notes[k+1]; !ok {
			break
		}
	}
	return k
}
