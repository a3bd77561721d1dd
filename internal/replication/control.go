package replication

import (
	"strings"
)

// Control is what a primary does about itself and its standbys, at every
// monitor and after a standby was started or stopped.
//
// One rule gives the order: a standby that is no longer good loses data
// status and score before the primary stops waiting for it; a standby that is
// good again gets them only after the server itself says that commits wait for
// it. Without quorum, or with a second primary in sight or about to be, nothing
// is touched: the verdicts may be another primary's to give.
func Control(o Observation) []Change {
	if why := notOurs(o); why != "" {
		return []Change{Hold{Names: o.ServerNames, Why: why + ": verdicts on standbys are left alone"}}
	}
	changes := assertOwn(o)

	var verdicts []verdict
	for _, n := range o.Nodes {
		if !strings.EqualFold(n.Name, o.Own) {
			verdicts = append(verdicts, judge(n, o))
		}
	}
	names, changesNames := wantedNames(o, verdicts)
	dropped := missing(o.ServerNames, names)
	if changesNames && len(dropped) > 0 {
		if why := mustHold(o, dropped); why != "" {
			changes = append(changes, takeRights(verdicts, nil)...)
			changes = append(changes, Hold{Names: dropped, Why: why})
			changes = append(changes, showStatus(verdicts)...)
			return append(changes, giveRights(o, verdicts, o.ServerNames)...)
		}
	}

	changes = append(changes, takeRights(verdicts, dropped)...)
	if changesNames {
		if len(dropped) > 0 {
			changes = append(changes, ConfirmUnusable{Nodes: dropped, Why: "before commits go on without it"})
		}
		changes = append(changes, SetSyncNames{Old: o.ServerNames, New: names, Why: namesReason(o, names, dropped)})
	}
	changes = append(changes, showStatus(verdicts)...)
	return append(changes, giveRights(o, verdicts, names)...)
}

// Outlook is what a primary has to expect of its standbys when [Control] changes
// nothing.
type Outlook int

// The outlooks.
const (
	// Settled: each streams, or is gone with its node and waited for by nobody.
	// What this primary may not speak about is not its to wait for either.
	Settled Outlook = iota
	// Open: one is not there that may come, or does not stream yet.
	Open
	// Doubtful: commits wait for one that is connected and whose node the cluster
	// has lost. The next commit, which may be long in coming, tells whether it lives.
	Doubtful
)

// Expect says what is to come of the standbys.
func Expect(o Observation) Outlook {
	if notOurs(o) != "" {
		return Settled
	}
	outlook := Settled
	for _, n := range o.Nodes {
		s, seen := bestSender(o.Senders, n.Name)
		switch {
		case strings.EqualFold(n.Name, o.Own):
		case seen && n.Known && !n.Online:
			if contains(o.ServerNames, n.Name) {
				outlook = Doubtful
			}
		case seen && s.State == "streaming" && contains(o.ServerNames, n.Name) && o.gains(n):
			outlook = max(outlook, Open) // it has not flushed all yet
		case seen && (s.State == "streaming" || s.State == ""):
		case seen, n.Online, contains(o.ServerNames, n.Name):
			outlook = max(outlook, Open)
		}
	}
	return outlook
}

// verdict is the row of the table for one standby.
type verdict struct {
	node   Node
	keep   bool // nothing can be said: previous verdict stays
	data   DataStatus
	status Status // NoStatus: left as it is
	good   bool   // as current as the mode asks for: reported synchronous in mode sync
	ready  bool   // streaming, and only the list is missing
	why    string
}

// judge maps what the server says of a standby to what the cluster is told.
// The words are those of the shell agent.
func judge(n Node, o Observation) verdict {
	s, seen := bestSender(o.Senders, n.Name)
	v := verdict{node: n}
	switch {
	case !seen:
		v.data, v.why = Disconnect, "not in pg_stat_replication"
		return v
	case s.Stalled && !n.Online:
		v.data, v.why = Disconnect, "its node is offline and it confirms nothing"
		return v
	case s.State == "" || s.Sync == "":
		// A monitor_user without pg_monitor sees the row without its
		// contents: that is our blindness, not the standby's fault.
		v.keep, v.why = true, "state not visible to the monitoring user"
		return v
	}
	v.data = DataStatus(strings.ToUpper(s.State + "|" + s.Sync))
	v.why = "pg_stat_replication: " + s.State + ", " + s.Sync
	if s.State != "streaming" {
		v.status = HSConnected
		return v
	}
	switch s.Sync {
	case "sync", "quorum":
		// A row can be older than the list it is read with; what counts is
		// that commits wait for this standby now. And what was acknowledged before
		// they did it may still lack; one with rights has waited all the time.
		if !contains(o.ServerNames, n.Name) || o.gains(n) && !s.Flushed {
			v.ready, v.status, v.data = true, HSAsync, StreamingAsync
			break
		}
		v.good, v.status, v.data = true, HSSync, StreamingSync
	case "async":
		v.ready, v.status = true, HSAsync
		// With two nodes there is no other candidate; with more, the survivors vote.
		v.good = o.Mode == Async && len(o.Nodes) <= 2
	case "potential":
		v.status = HSPotential
	default:
		v.status = HSConnected
	}
	return v
}

// gains says that a synchronous standby has no right to be promoted yet.
func (o Observation) gains(n Node) bool { return o.Mode == Sync && n.DataStatus != StreamingSync }

// Gaining are the standbys, by node, that the server reports synchronous, that
// commits wait for, and that have no right to be promoted yet.
func Gaining(o Observation) (names []string) {
	for _, n := range o.Nodes {
		s, seen := bestSender(o.Senders, n.Name)
		synchronous := s.State == "streaming" && (s.Sync == "sync" || s.Sync == "quorum")
		if seen && synchronous && contains(o.ServerNames, n.Name) && o.gains(n) && !strings.EqualFold(n.Name, o.Own) {
			names = append(names, n.Name)
		}
	}
	return names
}

// bestSender picks the row that decides. Two rows of one name are a dead
// connection that has not timed out yet and the one that replaced it.
func bestSender(rows []Sender, name string) (Sender, bool) {
	var best Sender
	found := false
	for _, s := range rows {
		if !strings.EqualFold(s.Name, name) {
			continue
		}
		if !found || rank(s) > rank(best) || rank(s) == rank(best) && s.Replay > best.Replay {
			best, found = s, true
		}
	}
	return best, found
}

func rank(s Sender) int {
	r := map[string]int{"": 0, "stopping": 1, "backup": 1, "startup": 2, "catchup": 3, "streaming": 4}[s.State]
	r = r*10 + map[string]int{"": 0, "async": 1, "potential": 2, "quorum": 3, "sync": 3}[s.Sync]
	if s.Stalled {
		r -= 100 // a live connection of any kind says more
	}
	return r
}

// assertOwn keeps what a primary says of itself.
func assertOwn(o Observation) []Change {
	own, _ := o.node(o.Own)
	var changes []Change
	if own.DataStatus != Latest {
		changes = append(changes, SetDataStatus{Node: own.Name, Old: own.DataStatus, New: Latest, Why: "this server is the primary"})
	}
	changes = append(changes, giveScore(own, o.primaryScore(), "this server is the primary")...)
	if own.Status != Primary {
		changes = append(changes, SetStatus{Node: own.Name, Old: own.Status, New: Primary, Why: "this server is the primary"})
	}
	return changes
}

// primaryScore is what this primary says of itself. While another node is out of
// sight it may meet one there that was the primary before it, and stood still or was
// cut off: it comes back with its score as it was, and of two primaries the cluster
// keeps the one with the greater. Every promotion begins a timeline, so that is the
// newer one. It stays so until that node has said that it is none.
func (o Observation) primaryScore() Score {
	for _, n := range o.Nodes {
		if n.Known && (!n.Online || n.mayServe()) && !strings.EqualFold(n.Name, o.Own) {
			return PrimaryScore + Score(o.Timeline%maxNewer)
		}
	}
	return PrimaryScore
}

// maxNewer keeps such a score below the one that pg-rex_switchover gives, 2000. Once
// in so many promotions the newer of two primaries is not told by it.
const maxNewer = 1000

// LoseScore takes from a node the right to be promoted, if it has not lost it.
func LoseScore(n Node, why string) []Change { return giveScore(n, MinusInfinity, why) }

// GainScore gives a node the score of a primary, if it does not have it.
func GainScore(n Node, why string) []Change { return giveScore(n, PrimaryScore, why) }

// Found gives a primary that a probe has found the score to stay one, unless
// another node has taken over from it meanwhile, or is about to.
func Found(own string, mode Mode, nodes []Node) []Change {
	if successor(Observation{Own: own, Mode: mode, Nodes: nodes}) != "" {
		return nil
	}
	var found Node
	for _, n := range nodes {
		switch {
		case strings.EqualFold(n.Name, own):
			found = n
		case n.Promoted || n.DataStatus == Latest:
			return nil
		}
	}
	if found.Name == "" {
		return nil
	}
	return GainScore(found, "a primary was found running")
}

func giveScore(n Node, s Score, why string) []Change {
	if n.HasScore && n.Score == s {
		return nil
	}
	return []Change{SetScore{Node: n.Name, Old: n.Score, HadOld: n.HasScore, New: s, Why: why}}
}

// wantedNames is the list that commits should wait for, and whether the file
// or the server has to be changed for it. One standby at a time is
// synchronous; a second one does not displace it.
func wantedNames(o Observation, verdicts []verdict) ([]string, bool) {
	if o.Mode == Async {
		return o.ServerNames, false // nobody is waited for, and nothing is managed
	}
	var names []string
	if len(o.External) > 0 {
		names = streamingNames(o, verdicts)
		return names, !sameNames(names, o.FileNames) || !sameNames(names, o.ServerNames)
	}
	for _, v := range verdicts {
		named := contains(o.FileNames, v.node.Name) || contains(o.ServerNames, v.node.Name)
		if len(names) == 0 && named && (v.good || v.ready || v.keep) {
			names = append(names, asWritten(v.node.Name))
		}
	}
	for _, v := range verdicts {
		if len(names) == 0 && v.ready {
			names = append(names, asWritten(v.node.Name))
		}
	}
	return names, !sameNames(names, o.FileNames) || !sameNames(names, o.ServerNames)
}

// streamingNames are all standbys that stream, in the cluster and outside of
// it: with external standbys every one of them is waited for.
func streamingNames(o Observation, verdicts []verdict) []string {
	var names []string
	for _, v := range verdicts {
		named := contains(o.FileNames, v.node.Name) || contains(o.ServerNames, v.node.Name)
		if v.good || v.ready || v.status == HSPotential || v.keep && named {
			names = append(names, asWritten(v.node.Name))
		}
	}
	for _, e := range o.External {
		if s, ok := bestSender(o.Senders, e); ok && (s.State == "streaming" || s.State == "" && contains(o.ServerNames, e)) {
			names = append(names, asWritten(e))
		}
	}
	return names
}

// asWritten is the spelling in synchronous_standby_names: application_name is
// the node name in lower case, as the shell agent writes it.
func asWritten(node string) string { return strings.ToLower(node) }

// mustHold says why commits must go on waiting for the names that would be
// dropped, or "" when they need not.
//
// With fencing, an unclean node may be promoted on the other side of a
// partition that has not seen our verdict yet; it is out of the game only when
// it is online with us (and has lost its rights in front of everybody) or has
// been confirmed dead. Without fencing nobody can know: availability is kept,
// as the tutorial's cluster without STONITH has it.
func mustHold(o Observation, dropped []string) string {
	for _, name := range dropped {
		if n, ok := o.node(name); ok && n.unfenced(o.Fencing) {
			return name + " is offline and not fenced yet"
		}
	}
	return ""
}

// takeRights lowers data status and score of every standby that is not good.
// The nodes in certain are written even where the attribute seems right
// already: what is read can be older than what another node wrote last, and
// commits are about to go on without them.
func takeRights(verdicts []verdict, certain []string) []Change {
	var changes []Change
	for _, v := range verdicts {
		if v.good || v.keep {
			continue
		}
		sure := contains(certain, v.node.Name)
		if v.node.Known && (v.node.DataStatus != v.data || sure) {
			changes = append(changes, SetDataStatus{Node: v.node.Name, Old: v.node.DataStatus, New: v.data, Why: v.why})
		}
		if v.node.Online && (v.node.HasScore && v.node.Score != MinusInfinity || sure) {
			changes = append(changes, SetScore{Node: v.node.Name, Old: v.node.Score, HadOld: v.node.HasScore, New: MinusInfinity, Why: v.why})
		}
	}
	return changes
}

// showStatus tells what state a standby without rights is in.
func showStatus(verdicts []verdict) []Change {
	var changes []Change
	for _, v := range verdicts {
		if !v.good && !v.keep {
			changes = append(changes, statusOf(v)...)
		}
	}
	return changes
}

// giveRights raises data status, score and status of a standby that is good
// and, where commits wait for somebody, stays among those they wait for.
func giveRights(o Observation, verdicts []verdict, names []string) []Change {
	var changes []Change
	for _, v := range verdicts {
		if !v.good || o.Mode == Sync && !contains(names, v.node.Name) {
			continue
		}
		if v.node.Known && v.node.DataStatus != v.data {
			changes = append(changes, SetDataStatus{Node: v.node.Name, Old: v.node.DataStatus, New: v.data, Why: v.why})
		}
		if v.node.Online && v.node.HasScore && v.node.Score != StandbyScore {
			changes = append(changes, SetScore{Node: v.node.Name, Old: v.node.Score, HadOld: true, New: StandbyScore, Why: v.why})
		}
		changes = append(changes, statusOf(v)...)
	}
	return changes
}

// statusOf writes the status of a standby, but never over STOP or UNKNOWN:
// only the node itself knows when those end.
func statusOf(v verdict) []Change {
	n := v.node
	if v.status == NoStatus || v.status == n.Status || !n.Online || n.Status == Stopped || n.Status == Unknown {
		return nil
	}
	return []Change{SetStatus{Node: n.Name, Old: n.Status, New: v.status, Why: v.why}}
}

// notOurs says why this primary may not speak for the cluster, or "".
func notOurs(o Observation) string {
	if !o.Quorate {
		return "this partition has no quorum"
	}
	if n := OtherPrimary(o.Own, o.Nodes); n != "" {
		return n + " is promoted too"
	}
	if n := Superseded(o); n != "" {
		return n + " has become the primary after this node"
	}
	if n := successor(o); n != "" {
		return n + " is about to be promoted and has taken the data status of this node"
	}
	return ""
}

// Superseded names the node that has become the primary after this one, or "": it has
// taken this node's data status and is the latest by its own, and commits wait for it
// here. So nothing was acknowledged here since it was promoted, and nothing is lost
// when this server ends. A primary that has gone on alone meanwhile is another
// matter: of two such parts of a cluster either may be right.
func Superseded(o Observation) string {
	own, _ := o.node(o.Own)
	if own.DataStatus != Disconnect {
		return ""
	}
	for _, n := range o.Nodes {
		if n.DataStatus == Latest && contains(o.ServerNames, n.Name) {
			return n.Name
		}
	}
	return ""
}

// successor names the node that is about to be promoted in place of this primary,
// or "". A promotion marks the data of all others, and takes the mark back where
// it is refused; one that was killed may go on until that server is stopped. Only
// then may this primary say again that its data is the latest.
//
// It is one that may be promoted by the record, or one that commits wait for,
// which this primary may have marked in the same moment.
func successor(o Observation) string {
	other, taken := "", false
	for _, n := range o.Nodes {
		may := n.DataStatus == NoData || n.DataStatus.Promotable(o.Mode) || contains(o.ServerNames, n.Name)
		switch {
		case strings.EqualFold(n.Name, o.Own):
			taken = n.DataStatus == Disconnect
		case other == "" && (n.Online || n.Pending) && n.Status != Stopped && may:
			other = n.Name
		}
	}
	if !taken {
		return ""
	}
	return other
}

// Witness is the node whose copy of the cluster's record is to be asked before
// commits go on without the named ones, or "" where none can be: one of them that is
// online, else any other one. This node's own copy can be of before it stood still,
// or was cut off. Without one that is online it is one that is joining, which may
// not be there to answer.
func Witness(o Observation, dropped []string) (witness string, mustAnswer bool) {
	joining := ""
	for _, n := range o.Nodes {
		switch {
		case strings.EqualFold(n.Name, o.Own):
		case n.Online && contains(dropped, n.Name):
			return n.Name, true
		case n.Online && witness == "":
			witness = n.Name
		case n.Pending && (joining == "" || contains(dropped, n.Name)):
			joining = n.Name
		}
	}
	if witness == "" {
		return joining, false
	}
	return witness, true
}

// Overtaken says by the data statuses that another node knows why this primary may
// not let commits go on without a standby, or "".
func Overtaken(own string, known map[string]DataStatus) string {
	mine := NoData
	for name, d := range known {
		if strings.EqualFold(name, own) {
			mine = d
		} else if d == Latest {
			return name + " has become the primary"
		}
	}
	if mine != NoData && !mine.Promotable(Sync) {
		return "the data status of " + own + " is " + string(mine) + ", taken by the next primary"
	}
	return ""
}

// Dropped are the names that a decision lets commits go on without.
func Dropped(changes []Change) []string {
	for _, c := range changes {
		if c, ok := c.(ConfirmUnusable); ok {
			return c.Nodes
		}
	}
	return nil
}

// Taken is how many changes at the beginning of a decision take rights from standbys
// before that is confirmed: in any order, and any of them without the others. What
// this primary's own data is has to be said before the others' is denied.
func Taken(changes []Change) int {
	for i, c := range changes {
		switch c := c.(type) {
		case SetScore:
			if c.New != MinusInfinity && c.New < PrimaryScore {
				return 0
			}
		case SetDataStatus:
			if c.New == Latest || c.New == StreamingSync {
				return 0
			}
		case ConfirmUnusable:
			return i
		default:
			return 0
		}
	}
	return 0
}

func missing(from, in []string) []string {
	var out []string
	for _, n := range from {
		if !contains(in, n) {
			out = append(out, n)
		}
	}
	return out
}

func namesReason(o Observation, names, dropped []string) string {
	switch {
	case len(dropped) > 0:
		return strings.Join(dropped, ", ") + " is no longer a synchronous standby"
	case sameNames(names, o.FileNames):
		return "the server does not use what rep_mode.conf says"
	case len(names) > 0:
		return strings.Join(missing(names, o.ServerNames), ", ") + " is streaming"
	default:
		return "rep_mode.conf names a standby that nobody waits for"
	}
}
