package replication

import (
	"fmt"
	"strings"

	"pgrex/internal/pg/wal"
)

// RefusePromotion says why the server of this node must not become primary,
// or "" when nothing speaks against it. The score that led here can be out of
// date; the permanent data status and the positions of the others are not.
func RefusePromotion(o StandbyObservation) string {
	own := o.own()
	if own.DataStatus != NoData && !own.DataStatus.Promotable(o.Mode) {
		return fmt.Sprintf("the data status of %s is %s: it may lack acknowledged commits", own.Name, own.DataStatus)
	}
	for _, n := range o.Nodes {
		if strings.EqualFold(n.Name, o.Own) || !n.Online {
			continue
		}
		// One that was found only now is demoted next, and cannot go on beside this
		// server: see [BeforePromotion].
		if found := o.Unforeseen && o.Mode == Sync && n.DataStatus == Latest; n.Promoted && !found {
			return fmt.Sprintf("%s is promoted already", n.Name)
		}
		usable := n.DataStatus == NoData || n.DataStatus.Promotable(o.Mode)
		if n.XlogLoc == "" || !usable || n.Branch.foreign(o.Branch) {
			continue
		}
		if compare(n.Branch, n.XlogLoc, o.Branch, o.Position.Padded()) > 0 {
			return fmt.Sprintf("%s has more WAL: %s on timeline %d, this node %s on %d",
				n.Name, n.XlogLoc, n.Branch.Timeline, o.Position.Padded(), o.Branch.Timeline)
		}
	}
	return ""
}

// RefuseAfterWaiting is [RefusePromotion] for a promotion that has waited for the
// end of the server of a lost primary, named last; ended says that it has come.
// What else made it safe has to be true still: a partition can heal meanwhile, and
// the primary is in its right again then.
func RefuseAfterWaiting(o StandbyObservation, last string, ended bool) string {
	why := RefusePromotion(o)
	switch {
	case why != "" || ended:
		return why
	case LostPrimary(o) == "":
		return last + " is back in the cluster's sight, and its server goes on as primary"
	case !o.Current:
		return last + " goes on as primary, and there is no majority here any more"
	}
	return ""
}

// BeforePromotion disqualifies everybody else, then marks this node, then
// promotes. Killed after any of these steps, no second node can be promoted
// with data that lacks what this one acknowledges later. The attributes come
// first, in any order or at once; what is then done has its order.
//
// A primary that may serve still does the same to this node before its commits
// go on without it. Each takes the other's rights first and then looks whether
// it has its own: of two that do so at the same time at least one stops.
func BeforePromotion(o StandbyObservation) (attributes, then []Change) {
	own := o.own()
	why := own.Name + " is being promoted"
	for _, n := range o.Nodes {
		if strings.EqualFold(n.Name, o.Own) {
			continue
		}
		if n.Known && n.DataStatus != Disconnect {
			attributes = append(attributes, SetDataStatus{Node: n.Name, Old: n.DataStatus, New: Disconnect, Why: why})
		}
		// A score that cannot be seen may be about to come back: a new leader of the
		// cluster forgets what a node had until that node repeats it.
		if n.Online && !(n.HasScore && n.Score == MinusInfinity) {
			attributes = append(attributes, SetScore{Node: n.Name, Old: n.Score, HadOld: n.HasScore, New: MinusInfinity, Why: why})
		}
	}
	if baseline := o.Position.Padded(); own.Baseline != baseline {
		attributes = append(attributes, SetBaseline{Node: own.Name, Old: own.Baseline, New: baseline, Why: "position at promotion"})
	}
	if last := o.lastPrimary(); last.mayServe() {
		then = append(then, ConfirmUnusable{Nodes: []string{last.Name}, Why: "its server may serve still"})
	}
	return attributes, append(then, CreateLock{Why: why}, Promote{Why: "Pacemaker asks for it"})
}

// AfterPromotion gives this node what belongs to a primary.
func AfterPromotion(o StandbyObservation) []Change {
	own := o.own()
	return assertOwn(Observation{Own: own.Name, Nodes: o.Nodes, Timeline: o.Branch.Timeline + 1})
}

// Unusable says whether the cluster's record shows that none of the named nodes
// may be promoted, and that this node still may: it is the answer to
// [ConfirmUnusable], which a promotion asks before it promotes and a primary
// before its commits go on without a standby. An error ends the question: another
// node is promoted beside a primary, or has taken this one's data status and goes
// before it. That the node to be replaced is known as promoted meanwhile changes
// nothing.
//
// What made this primary's verdict its own has to be true of this record too:
// the cluster can have been cut in two since, and what was written be known to
// this part alone.
func Unusable(o Observation, names []string) (bool, error) {
	me, _ := o.node(o.Own)
	primary := me.DataStatus == Latest
	switch {
	case primary && OtherPrimary(o.Own, o.Nodes) != "":
		return false, fmt.Errorf("%s is promoted too", OtherPrimary(o.Own, o.Nodes))
	case me.DataStatus != NoData && !me.DataStatus.Promotable(o.Mode):
		return false, fmt.Errorf("the data status of %s was taken, it is %s: another node is about to be promoted, or goes on without this one", o.Own, me.DataStatus)
	case me.HasScore && me.Score == MinusInfinity:
		return false, nil // taken as well, or what was given back has not arrived
	case primary && (!o.Quorate || mustHold(o, names) != ""):
		return false, nil
	}
	for _, n := range o.Nodes {
		if !contains(names, n.Name) {
			continue
		}
		// Of a primary the data status is enough, which nobody gives back; its node
		// may repeat its score at any time.
		if n.DataStatus.Promotable(o.Mode) || primary && n.HasScore && n.Score >= 0 {
			return false, nil
		}
	}
	return true, nil
}

// Informed are those of the named nodes that a primary has to hear from before its
// commits go on without them: those that are online. They are promoted by what their
// own copy of the record says, and a promotion asks the primary itself.
func Informed(o Observation, names []string) []string {
	if me, _ := o.node(o.Own); me.DataStatus != Latest {
		return nil
	}
	var informed []string
	for _, n := range o.Nodes {
		if contains(names, n.Name) && n.Online {
			informed = append(informed, n.Name)
		}
	}
	return informed
}

// UndoPromotion takes back what [BeforePromotion] did, in the reverse order,
// when it is certain that the server never left recovery: otherwise this node
// would be locked, the others disqualified, and nobody could be promoted. A node
// without a score could not be promoted before and cannot now; but a primary that
// goes on keeps its place, which a new leader of the cluster may not have seen.
func UndoPromotion(o StandbyObservation, hadLock bool) []Change {
	own := o.own()
	why := "the promotion did not happen"
	var changes []Change
	if own.Baseline != o.Position.Padded() {
		changes = append(changes, SetBaseline{Node: own.Name, Old: o.Position.Padded(), New: own.Baseline, Why: why})
	}
	if !hadLock {
		changes = append(changes, RemoveLock{Why: why})
	}
	for i := len(o.Nodes) - 1; i >= 0; i-- {
		n := o.Nodes[i]
		if strings.EqualFold(n.Name, o.Own) {
			continue
		}
		score := n.Score
		if !n.HasScore {
			score = MinusInfinity
			if n.Name == o.lastPrimary().Name && n.mayServe() {
				score = PrimaryScore
			}
		}
		if n.Online && score != MinusInfinity {
			changes = append(changes, SetScore{Node: n.Name, Old: MinusInfinity, HadOld: true, New: score, Why: why})
		}
		if n.Known && n.DataStatus != Disconnect {
			changes = append(changes, SetDataStatus{Node: n.Name, Old: Disconnect, New: n.DataStatus, Why: why})
		}
	}
	return changes
}

// Demotion is what is known when the server of a demoted primary is down.
type Demotion struct {
	Own     string
	Mode    Mode
	Nodes   []Node // as they are then, this one still with the status of a primary
	Quorate bool
	Fencing bool // stonith-enabled
	// Stopped is true when this demotion stopped the server; otherwise it had
	// ended before.
	Stopped bool
	// Standbys were active before the transition; they mean something only
	// when StandbysKnown is true.
	Standbys      []string
	StandbysKnown bool
	// Covered are the nodes that have proved to have the shutdown checkpoint,
	// the last that this node wrote; empty where it wrote none.
	Covered []string
}

// Demoted says what remains of PGSQL.lock. It may go when this node is ahead of
// nobody who can become primary: no standby was active in the cluster, the
// cluster's own record forbids every other node to be promoted, or each that
// may be has all that was written here. An unknown list and an unknown node
// prove nothing, and one that is out of sight may run, and be promoted there; so
// may one that was marked when it was out of sight, until it is fenced.
func Demoted(d Demotion) []Change {
	switch {
	case !d.last():
		return nil
	case d.Stopped && d.StandbysKnown && len(d.Standbys) == 0 && !d.outOfSight():
		return []Change{RemoveLock{Why: "no standby was running: this node has the latest data"}}
	case d.Quorate && othersHaveAll(d) && len(d.Covered) > 0:
		// Nobody lacks its data, but it may soon lack another's, and would not know if
		// its node were lost before the mark of the next primary has reached it.
		return []Change{NoteCovered{Nodes: d.Covered, Why: "every node that may be promoted has this node's shutdown checkpoint"}}
	case d.Quorate && othersHaveAll(d):
		return []Change{RemoveLock{Why: "no other node may be promoted: this node has the latest data"}}
	}
	return nil
}

// last says that nobody has become primary after this node. One that is promoted
// marks the data of all others before it accepts a write; a cluster whose leader
// has just changed may promote it while this node is not demoted yet.
func (d Demotion) last() bool { return noSuccessor(d.Own, d.Nodes) }

func noSuccessor(me string, nodes []Node) bool {
	for _, n := range nodes {
		own := strings.EqualFold(n.Name, me)
		if own && n.DataStatus != Latest || !own && (n.Promoted || n.DataStatus == Latest) {
			return false
		}
	}
	return len(nodes) > 0
}

// outOfSight says whether a node may be promoted that this one does not see: a
// standby that stopped in order has been marked before it left.
func (d Demotion) outOfSight() bool {
	for _, n := range d.Nodes {
		if !strings.EqualFold(n.Name, d.Own) && (!n.Online && n.DataStatus.Promotable(d.Mode) || n.Known && n.unfenced(d.Fencing)) {
			return true
		}
	}
	return false
}

// othersHaveAll says whether every node that may be promoted has all of this
// node's WAL. Which ones may be rests on what this node has written as primary:
// before a commit goes on without a standby, that standby is marked. It counts
// only while the node is still in the cluster that it was primary of, which
// the transient status shows.
func othersHaveAll(d Demotion) bool {
	for _, n := range d.Nodes {
		own := strings.EqualFold(n.Name, d.Own)
		switch {
		case own && n.Status != Primary, !own && !n.Known:
			return false
		case !own && (n.DataStatus == NoData || n.DataStatus.Promotable(d.Mode) || n.unfenced(d.Fencing)) && !contains(d.Covered, n.Name):
			return false
		}
	}
	return true
}

// Shutdown is how the last run of a server ended, after its control file.
type Shutdown struct {
	Clean      bool    // with a shutdown checkpoint, as a primary
	Checkpoint wal.LSN // where that begins; nothing follows it
}

// OtherPrimary names another node that is online and promoted, "" without one.
func OtherPrimary(own string, nodes []Node) string {
	for _, n := range nodes {
		if n.Promoted && (n.Online || n.Pending) && !strings.EqualFold(n.Name, own) {
			return n.Name
		}
	}
	return ""
}

// Follower names the present primary that has replayed this node's shutdown
// checkpoint, or "": all that this node ever wrote is then part of the
// primary's history. The primary's baseline is the position at which it was
// promoted, and a standby replays whole records only.
func Follower(own string, nodes []Node, s Shutdown) string {
	for _, n := range nodes {
		if strings.EqualFold(n.Name, own) || !n.Promoted || !n.Online {
			continue
		}
		baseline, err := wal.ParsePadded(n.Baseline)
		if s.Clean && err == nil && baseline > s.Checkpoint {
			return n.Name
		}
	}
	return ""
}

// Return is what the start of an old primary knows whose lock says who had all that
// it wrote.
type Return struct {
	Own     string
	Mode    Mode
	Nodes   []Node
	Quorate bool
	// Covered had all when this node was stopped. Those of them that have Answered
	// just now are standbys still, on the timeline on which it was primary.
	Covered, Answered []string
}

// MayReturn says whether this node may come back beside its lock. Where nobody has been primary
// since, by the record and by their own word, this node lacks nothing; the record
// alone may be an old one. Where one of those that had all is, this node is marked,
// and cannot be promoted before it has followed. Not yet is true while that may
// still come: one of them is on its way.
func MayReturn(r Return) (ok, notYet bool) {
	if noSuccessor(r.Own, r.Nodes) {
		return unfollowed(r)
	}
	successor := ""
	for _, n := range r.Nodes {
		switch {
		case strings.EqualFold(n.Name, r.Own):
			if n.DataStatus != Disconnect {
				return false, false
			}
		case n.Promoted || n.DataStatus == Latest:
			if successor != "" || !contains(r.Covered, n.Name) {
				return false, false
			}
			successor = n.Name
		}
	}
	return successor != "", false
}

// Followed says by the record that another node's data is the latest, and this
// node's is not: it is marked, and cannot be promoted before it has followed.
func Followed(own string, nodes []Node) bool {
	marked, latest := false, false
	for _, n := range nodes {
		if strings.EqualFold(n.Name, own) {
			marked = n.DataStatus != Latest && n.DataStatus != NoData
		} else if n.DataStatus == Latest {
			latest = true
		}
	}
	return marked && latest
}

func unfollowed(r Return) (ok, notYet bool) {
	ok = r.Quorate
	for _, n := range r.Nodes {
		candidate, covered := n.DataStatus == NoData || n.DataStatus.Promotable(r.Mode), contains(r.Covered, n.Name)
		switch {
		case strings.EqualFold(n.Name, r.Own):
		case n.Known && candidate && !covered:
			return false, false
		case !n.Known, (candidate || covered) && !(n.Online && contains(r.Answered, n.Name)):
			ok = false
		}
	}
	return ok, !ok
}

// GiveWay is what a standby says of itself that stood further than one of the
// candidates when the last primary was demoted: what it has beyond that was
// acknowledged to nobody, and is in the way of following.
func GiveWay(own string, nodes []Node, candidates []string) []Change {
	o := Observation{Nodes: nodes}
	me, _ := o.node(own)
	mine, err := wal.ParsePadded(me.Baseline)
	if err != nil || contains(candidates, own) || me.DataStatus == Disconnect {
		return nil
	}
	for _, name := range candidates {
		n, _ := o.node(name)
		if baseline, err := wal.ParsePadded(n.Baseline); err == nil && mine > baseline {
			return []Change{SetDataStatus{Node: me.Name, Old: me.DataStatus, New: Disconnect,
				Why: fmt.Sprintf("ahead of %s, which is to be promoted: %s, %s", n.Name, me.Baseline, n.Baseline)}}
		}
	}
	return nil
}
