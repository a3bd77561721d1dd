// Package replication decides; it changes nothing.
//
// It takes a typed [Observation] of the cluster and of the local PostgreSQL
// server and returns an ordered list of [Change] values, each with its
// reason. The order is part of the decision, because Pacemaker may kill the
// agent between any two of them: rights are taken away first, then what
// commits wait for is changed, then rights are given. The tests apply every
// prefix of every decision and check the invariants after each.
//
// Reading the observation and carrying out the changes belong to package
// agent; this package does no I/O and reads no clock.
package replication

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"pgrex/internal/pg/wal"
)

// Mode is how standbys are fed (parameter rep_mode, replicated values only).
type Mode int

// The replicated modes.
const (
	Sync Mode = iota
	Async
)

// Status is the value of the node attribute R-status. Location rules of the
// read-only address and the operation commands read these texts.
type Status string

// The values of R-status; NoStatus is an absent attribute.
const (
	NoStatus    Status = ""
	Primary     Status = "PRI"
	HSAlone     Status = "HS:alone"
	HSAsync     Status = "HS:async"
	HSSync      Status = "HS:sync"
	HSPotential Status = "HS:potential"
	HSConnected Status = "HS:connected"
	Stopped     Status = "STOP"
	Unknown     Status = "UNKNOWN"
)

// mayServe says that the node's server may be a primary still: no action has told
// that it is anything else. A new leader of the cluster may not know it yet.
func (n Node) mayServe() bool {
	return n.Online && (n.Promoted || n.Status == Primary || n.Status == NoStatus || n.Status == Unknown)
}

// DataStatus is the value of the permanent node attribute R-data-status: how
// current a node's data is known to be. Beside the constants it is
// "<STATE>|<SYNC>" as the primary's server reports the standby.
type DataStatus string

// The values of R-data-status that decisions ask for by name.
const (
	NoData         DataStatus = ""
	Latest         DataStatus = "LATEST"
	Disconnect     DataStatus = "DISCONNECT"
	StreamingSync  DataStatus = "STREAMING|SYNC"
	StreamingAsync DataStatus = "STREAMING|ASYNC"
)

// Promotable says whether data of this status may become primary when all
// that is known is the attribute. An absent status is not enough here; see
// [Elect] for the one case in which it is.
func (d DataStatus) Promotable(m Mode) bool {
	switch d {
	case Latest, StreamingSync:
		return true
	case StreamingAsync:
		return m == Async
	default:
		return false
	}
}

// Score is a promotion score, the attribute master-R. Pacemaker promotes the
// instance with the highest positive one.
type Score int

// The scores that the agent gives. MinusInfinity bans promotion. A primary out of
// whose sight a node is has more than PrimaryScore, see [Observation.primaryScore].
const (
	PrimaryScore  Score = 1000
	StandbyScore  Score = 100
	MinusInfinity Score = -1000000
)

// String is the form that Pacemaker's tools take and print.
func (s Score) String() string {
	switch {
	case s <= MinusInfinity:
		return "-INFINITY"
	case s >= -MinusInfinity:
		return "INFINITY"
	default:
		return fmt.Sprint(int(s))
	}
}

// ParseScore reads what [Score.String] writes.
func ParseScore(s string) (Score, error) {
	switch strings.ToUpper(strings.TrimSpace(s)) {
	case "-INFINITY":
		return MinusInfinity, nil
	case "INFINITY", "+INFINITY":
		return -MinusInfinity, nil
	}
	var n int
	if _, err := fmt.Sscanf(s, "%d", &n); err != nil || fmt.Sprint(n) != strings.TrimPrefix(strings.TrimSpace(s), "+") {
		return 0, fmt.Errorf("%q is not a promotion score", s)
	}
	return min(max(Score(n), MinusInfinity), -MinusInfinity), nil
}

// Node is what the cluster knows of one node of node_list.
type Node struct {
	Name       string // the cluster's spelling
	Known      bool   // the cluster lists the node; the other facts mean nothing otherwise
	Online     bool
	Pending    bool // its Corosync is there, its Pacemaker is not yet, or no more
	Unclean    bool // the cluster wants it fenced and has no confirmation yet
	Promoted   bool // an active instance in the promoted role runs there
	Status     Status
	DataStatus DataStatus
	Score      Score
	HasScore   bool
	// Positions as attributes, "" when absent.
	XlogLoc, Baseline string
	// Branch says which history XlogLoc belongs to; the shell agent does not
	// write it, and an unknown branch counts as our own.
	Branch Branch
}

// unfenced says that the node may run, and be promoted, on the other side of a
// partition: the cluster has fencing, and no confirmation for that node. A mark
// that was made since has not reached it.
func (n Node) unfenced(fencing bool) bool {
	return fencing && !n.Online && (n.Unclean || !n.Known)
}

// Branch names a history of WAL: the database cluster that it comes from, and
// the timeline. Positions compare only within one; a later timeline is newer
// than any position of an earlier one. The zero Branch is unknown.
type Branch struct {
	SystemID uint64
	Timeline wal.Timeline
}

// String is the value of the node attribute R-xlog-branch, "" for an unknown one.
func (b Branch) String() string {
	if b == (Branch{}) {
		return ""
	}
	return fmt.Sprintf("%d/%d", b.SystemID, b.Timeline)
}

// ParseBranch reads what [Branch.String] writes; anything else is unknown.
func ParseBranch(s string) Branch {
	id, timeline, ok := strings.Cut(s, "/")
	sys, err1 := strconv.ParseUint(id, 10, 64)
	tli, err2 := strconv.ParseUint(timeline, 10, 32)
	if !ok || err1 != nil || err2 != nil {
		return Branch{}
	}
	return Branch{SystemID: sys, Timeline: wal.Timeline(tli)}
}

// foreign says that two known branches are of different database clusters.
func (b Branch) foreign(other Branch) bool {
	return b.SystemID != 0 && other.SystemID != 0 && b.SystemID != other.SystemID
}

// compare orders what two nodes have, the newer being the greater.
func compare(a Branch, aPosition string, b Branch, bPosition string) int {
	if a.Timeline != 0 && b.Timeline != 0 && a.Timeline != b.Timeline {
		return cmp.Compare(a.Timeline, b.Timeline)
	}
	return strings.Compare(aPosition, bPosition) // of the same width
}

// Sender is one row of pg_stat_replication of a connection that is a physical
// standby, as package pg has verified it.
type Sender struct {
	Name   string // application_name
	State  string // startup, catchup, streaming, backup, stopping; "" when not visible
	Sync   string // async, potential, sync, quorum; "" when not visible
	Replay wal.LSN
	// Stalled is true when WAL waits to be confirmed and two looks have seen
	// no progress. It counts only for a node that the cluster has lost: the
	// server needs wal_sender_timeout to notice that nobody is there.
	Stalled bool
	// Flushed is true when the standby has on disk what the server had written at
	// a moment at which commits waited for it already: then it has every commit
	// that was ever acknowledged. Only a standby that is to gain rights is asked.
	Flushed bool
}

// Observation is everything that the primary's decision depends on.
type Observation struct {
	Own   string // name of this node
	Nodes []Node // node_list in its order, this node included
	Mode  Mode
	// External are standbys outside of the cluster, by application_name. They
	// are waited for when they stream, and are never promoted (rep_mode sync).
	External []string
	// Quorate is true when this partition may act: it has quorum, or the
	// cluster is told to ignore quorum.
	Quorate bool
	Fencing bool // stonith-enabled
	// Timeline is the one that this primary writes.
	Timeline wal.Timeline
	Senders  []Sender
	// FileNames are the names in rep_mode.conf, ServerNames those that the
	// server works with; they differ after an interrupted change.
	FileNames, ServerNames []string
}

// node returns the entry of a name, compared as PostgreSQL and Pacemaker do: without case.
func (o Observation) node(name string) (Node, bool) {
	for _, n := range o.Nodes {
		if strings.EqualFold(n.Name, name) {
			return n, true
		}
	}
	return Node{}, false
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

func sameNames(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for _, n := range a {
		if !contains(b, n) {
			return false
		}
	}
	return true
}
