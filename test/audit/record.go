package audit

import (
	"maps"
	"slices"
	"time"

	"pgrex/test/lab"
)

// Record is all that was seen of a cluster. Every judgement is a function of it.
type Record struct {
	From, To time.Time
	Nodes    []string
	Events   []Event // in no order
	Polls    map[string]Polls
	Actions  []lab.Action
	Power    []lab.PowerEvent
	Typed    []lab.Typed
	Consents []Consent // beside what was typed
	Writes   lab.Audit
	Rows     []Rows
	Settled  []Settlement
	Periods  []Period // without a gap from From to To
	Blind    []string // what could not be looked at
}

// Period is a time with what was expected of it.
type Period struct {
	From, To time.Time
	Expected
}

// Polls is how often files of a node were looked at.
type Polls struct {
	Lock, Server, Data int
}

// Event is one change that was seen: [Attribute], [Forgotten], [Server], [Lock],
// [Postmaster], [List], [Data], [Archive], [End], [Fork] or [Rescue].
type Event interface{ when() time.Time }

// Attribute is a node's attribute in the cluster's record as one node has it.
type Attribute struct {
	At    time.Time
	View  string // whose record
	Node  string
	Name  string
	Value string // empty: it was deleted
}

// Forgotten is the loss of all transient attributes of a node, which Pacemaker
// forgets when it has lost the node. An empty Node means those of all.
type Forgotten struct {
	At   time.Time
	View string
	Node string
}

// Moment is what happens to a server.
type Moment string

// The moments of a server.
const (
	Starting     Moment = "starting"
	ReadOnly     Moment = "takes read-only connections"
	PromoteAsked Moment = "is asked to leave recovery"
	RedoDone     Moment = "has replayed all"
	NewTimeline  Moment = "begins a timeline"
	Writable     Moment = "takes writes"
	StopAsked    Moment = "is asked to stop"
	ShutDown     Moment = "is shut down in order" // its control file says so
	Died         Moment = "ended without a shutdown, or its process is gone"
	NamesUsed    Moment = "waits for other standbys"
)

// Server is something that happened to a node's server.
type Server struct {
	At    time.Time
	Node  string
	What  Moment
	Names []string // NamesUsed: whom commits wait for from now on
	// LSN is, with RedoDone, the begin of the last record that was replayed, and
	// with ShutDown that of the shutdown checkpoint; 0 where it is not known.
	LSN      uint64
	Timeline uint64 // NewTimeline
	// Known says that the server was so when the looking began.
	Known bool
}

// Lock is PGSQL.lock coming or going. Between the look at Before and that at At it
// was the other way round; a lock that comes tells itself since when it is there.
type Lock struct {
	Before, At time.Time
	Node       string
	There      bool
	// Noted: it says who had all that was written on the node when that was stopped,
	// and keeps it out no more.
	Noted bool
	First bool // the first look: it may be there for long
}

// Postmaster is what postmaster.pid says; no PID: there is none.
type Postmaster struct {
	At    time.Time
	Node  string
	PID   int
	Began int64 // seconds since 1970
	First bool
}

// List is what the agent has written for the server as those to wait for.
type List struct {
	At    time.Time
	Node  string
	Names []string
	There bool
}

// Data is which database lies in a node's data directory. No File: there is none.
type Data struct {
	At     time.Time
	Node   string
	File   uint64 // inode of the control file, which a server and pg_rewind keep
	System uint64 // system identifier
	First  bool
}

// Archive is archived WAL that is gone.
type Archive struct {
	At    time.Time
	Node  string
	Gone  []string
	Files int // before
}

// End is the last record in the WAL of a primary that ended without a shutdown.
type End struct {
	At       time.Time // of the end of the server
	Node     string
	Timeline uint64
	LSN      uint64 // where the record begins
}

// Fork is where a promoted server has left the timeline of the primary before it.
type Fork struct {
	At       time.Time
	Node     string // the promoted one
	Timeline uint64 // that it left
	LSN      uint64
}

// Rescue is a directory in which WAL was kept that a rebuild would lose.
type Rescue struct {
	At   time.Time
	Node string
	Dir  string
}

func (e End) when() time.Time        { return e.At }
func (e Fork) when() time.Time       { return e.At }
func (e Rescue) when() time.Time     { return e.At }
func (e Attribute) when() time.Time  { return e.At }
func (e Forgotten) when() time.Time  { return e.At }
func (e Server) when() time.Time     { return e.At }
func (e Lock) when() time.Time       { return e.At }
func (e Postmaster) when() time.Time { return e.At }
func (e List) when() time.Time       { return e.At }
func (e Data) when() time.Time       { return e.At }
func (e Archive) when() time.Time    { return e.At }

// Consent is what an operator has agreed to by a command, from its begin on. An
// empty Node stands for all.
type Consent struct {
	At      time.Time
	Node    string
	Data    bool // the database may be replaced
	Lock    bool // the lock may be removed, whatever it says
	Start   bool // the server may be started although the lock is there
	Server  bool // the server may be stopped and started
	Archive bool // archived WAL may be removed
	WAL     bool // and what only this node has, without a copy: it is not the product that rebuilds it
}

// sorted are the events in the order of time; those of one moment stay as they came.
func (r Record) sorted() []Event {
	events := slices.Clone(r.Events)
	slices.SortStableFunc(events, func(a, b Event) int { return a.when().Compare(b.when()) })
	return events
}

func (r Record) clone() Record {
	r.Events, r.Periods, r.Settled = slices.Clone(r.Events), slices.Clone(r.Periods), slices.Clone(r.Settled)
	r.Consents, r.Blind, r.Polls = slices.Clone(r.Consents), slices.Clone(r.Blind), maps.Clone(r.Polls)
	return r
}

// expected is what was expected of a moment.
func (r Record) expected(at time.Time) Expected {
	if at.IsZero() && len(r.Periods) > 0 { // of the whole: the last counts
		return r.Periods[len(r.Periods)-1].Expected
	}
	for _, p := range r.Periods {
		if !at.After(p.To) {
			return p.Expected
		}
	}
	if len(r.Periods) == 0 {
		return Expected{}
	}
	return r.Periods[len(r.Periods)-1].Expected
}

// spare leaves out what the scenario itself breaks.
func (r Record) spare(found []Finding) []Finding {
	return slices.DeleteFunc(found, func(f Finding) bool {
		_, spared := r.expected(f.At).Spared[f.Invariant]
		return spared
	})
}

// consents are what was typed and what the caller has said.
func (r Record) consents() []Consent {
	all := slices.Clone(r.Consents)
	for _, t := range r.Typed {
		all = append(all, consentOf(t)...)
	}
	return all
}

// allowed says whether there was such a consent for a node before a moment.
func allowed(consents []Consent, node string, at time.Time, ok func(Consent) bool) bool {
	return slices.ContainsFunc(consents, func(c Consent) bool {
		return (c.Node == "" || c.Node == node) && !c.At.After(at) && ok(c)
	})
}
