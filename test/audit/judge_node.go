package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"pgrex/test/lab"
)

// lockState is the state of one node that I6 is judged by.
type lockState struct {
	there    bool
	writable bool
	primary  bool // the server was primary since the lock came
	asked    bool // it was asked to stop
	crashed  bool // a primary ended and nobody had asked it to
	halted   bool // a primary was asked to stop, and ended without a shutdown checkpoint
	runs     bool // the server, primary or not
	noted    bool // the lock is there, and says who had all
	// ended and shutdown are when and with which checkpoint the last primary was
	// shut down here; removed is when the lock went after it, without an operator.
	ended, removed time.Time
	shutdown       uint64
}

// end is the end of the server, with a shutdown or without.
func (s *lockState) end(e Server) {
	if s.writable {
		s.crashed = e.What != ShutDown && !s.asked
		s.halted = e.What != ShutDown && s.asked
		if e.What == ShutDown {
			s.ended, s.shutdown = e.At, e.LSN
		}
	}
	s.writable, s.asked, s.runs = false, false, false
}

// judgeLock is I6: the lock is there before a primary takes writes, and stays as
// long as data may be here that no other node has. It may go after a stop with no
// standby running, when nobody else may be promoted, or after a shutdown in order,
// when who is promoted then has all that was written here; so may the note in it be
// made which says who has all. With the lock no server starts, but with that note.
func judgeLock(r Record) ([]Finding, map[Invariant]int) {
	j := lockJudge{state: map[string]*lockState{}, data: map[string]string{}, consents: r.consents()}
	for _, n := range r.Nodes {
		j.state[n] = &lockState{}
	}
	for _, e := range r.sorted() {
		switch e := e.(type) {
		case Lock:
			j.lock(e)
		case Server:
			j.server(e)
		case Attribute:
			if e.Name == "pgsql-data-status" {
				j.data[e.Node] = e.Value
			}
		}
	}
	for _, n := range r.Nodes {
		j.looks += r.Polls[n].Lock
		if r.Polls[n].Lock == 0 {
			j.say(time.Time{}, n, "PGSQL.lock was never looked at")
		}
	}
	return j.found, map[Invariant]int{I6: j.looks}
}

type lockJudge struct {
	state    map[string]*lockState
	data     map[string]string // status of each node
	consents []Consent
	redone   []Server // what the promoted ones had replayed
	found    []Finding
	looks    int
}

func (j *lockJudge) say(at time.Time, node, format string, args ...any) {
	j.found = append(j.found, Finding{I6, at, node, fmt.Sprintf(format, args...)})
}

func (j *lockJudge) byHand(node string, at time.Time) bool {
	return allowed(j.consents, node, at, func(c Consent) bool { return c.Lock })
}

func (j *lockJudge) lock(e Lock) {
	s := j.state[e.Node]
	gone, released := s.there && !e.There, s.noted
	s.there, s.noted = e.There, e.Noted
	switch {
	case e.Noted && (released || e.First), gone && released && !s.writable:
		// Judged when the note was made.
	case e.Noted && (s.crashed || s.halted):
		j.say(e.At, e.Node, "PGSQL.lock says who has all, and there was no shutdown")
	case e.Noted:
		j.released(e, s)
	case e.First && !e.There && s.writable:
		j.say(e.At, e.Node, "the server takes writes without PGSQL.lock")
	case e.There:
		s.primary, s.crashed, s.halted = s.writable, false, false
	case !gone:
	case s.writable: // whoever has removed it
		j.say(e.At, e.Node, "PGSQL.lock is gone while the server takes writes")
	case j.byHand(e.Node, e.At):
		*s = lockState{runs: s.runs}
	case s.crashed || s.halted:
		for node, other := range j.state {
			if node != e.Node && (other.runs || s.crashed) && promotable(j.data[node]) {
				j.say(e.At, e.Node, "PGSQL.lock is gone without a shutdown, and %s has the data status %s", node, j.data[node])
			}
		}
	case s.primary:
		j.released(e, s)
	}
}

// released is the end of what the lock keeps out.
func (j *lockJudge) released(e Lock, s *lockState) {
	s.removed = e.At
	for _, p := range j.redone {
		if !p.At.Before(s.ended) {
			j.covered(e.Node, s, p)
		}
	}
}

// covered wants who is promoted to have replayed the shutdown checkpoint of a
// former primary that has no lock any more.
func (j *lockJudge) covered(node string, s *lockState, promoted Server) {
	if promoted.Node == node || s.removed.IsZero() || s.shutdown == 0 || promoted.LSN == 0 {
		return
	}
	j.looks++
	if promoted.LSN < s.shutdown {
		j.say(s.removed, node, "PGSQL.lock is gone, and %s is promoted having replayed up to %s: the last that was written here is at %s",
			promoted.Node, lsn(promoted.LSN), lsn(s.shutdown))
	}
}

func (j *lockJudge) server(e Server) {
	s := j.state[e.Node]
	switch e.What {
	case Starting:
		j.looks++
		if s.there && !s.noted && !allowed(j.consents, e.Node, e.At, func(c Consent) bool { return c.Lock || c.Start }) {
			j.say(e.At, e.Node, "the server starts although PGSQL.lock is there")
		}
		s.end(Server{What: Died}) // if it ended between two looks
		s.runs = true
	case ReadOnly:
		s.runs = true
	case StopAsked:
		s.asked = true
	case Writable:
		j.looks++
		switch {
		case e.Known:
		case !s.there:
			j.say(e.At, e.Node, "the server takes writes without PGSQL.lock")
		case s.noted:
			j.say(e.At, e.Node, "the server takes writes with a lock of before")
		}
		*s = lockState{there: s.there, writable: true, primary: true, runs: true}
	case ShutDown, Died:
		s.end(e)
	case RedoDone:
		j.redone = append(j.redone, e)
		for node, other := range j.state {
			j.covered(node, other, e)
		}
	}
}

// judgeFenced is I7: fencing and restarts that nothing called for.
func judgeFenced(r Record) ([]Finding, map[Invariant]int) {
	var found []Finding
	looks := len(r.Power)
	for _, p := range r.Periods {
		fenced := map[string]bool{}
		for _, e := range r.Power {
			if e.Error != "" || e.Lie || e.Time.Before(p.From) || e.Time.After(p.To) {
				continue
			}
			fenced[e.Node] = true
			if !slices.Contains(p.Fenced, e.Node) && !slices.Contains(p.MayFence, e.Node) {
				found = append(found, Finding{I7, e.Time, e.Node, "was fenced, which nothing called for"})
			}
		}
		for _, node := range p.Fenced {
			if !fenced[node] {
				found = append(found, Finding{I7, p.To, node, "was not fenced"})
			}
		}
	}
	consents := r.consents()
	quiet := func(e Expected, node string, at time.Time) bool {
		return slices.Contains(e.Restarts, node) || slices.Contains(e.Fenced, node) || slices.Contains(e.MayFence, node) ||
			allowed(consents, node, at, func(c Consent) bool { return c.Server })
	}
	serves, ended := map[string]Postmaster{}, map[string]bool{}
	for _, e := range r.sorted() {
		var node, text string
		switch e := e.(type) {
		case Server:
			node = e.Node
			switch e.What {
			case Starting, StopAsked:
				text = "the server " + string(e.What)
				ended[node] = false
			case ShutDown:
				ended[node] = true
			case Died: // its log and its process say so, one after the other
				if !ended[node] {
					text = "the server " + string(e.What)
				}
				ended[node] = true
			}
		case Postmaster:
			node = e.Node
			before := serves[node]
			if e.PID != 0 { // a file that is gone says nothing of the server
				serves[node] = e
			}
			// A file that somebody has edited tells of no other server.
			if before.PID != 0 && e.PID != 0 && before.PID != e.PID && before.Began != e.Began {
				text = fmt.Sprintf("the server is another one: process %d and not %d", e.PID, before.PID)
			}
		}
		if text != "" && !quiet(r.expected(e.when()), node, e.when()) {
			found = append(found, Finding{I7, e.when(), node, text + ", which nothing called for"})
		}
	}
	for _, n := range r.Nodes {
		looks += r.Polls[n].Server
		if r.Polls[n].Server == 0 {
			found = append(found, Finding{Invariant: I7, Node: n, Text: "the server was never looked at"})
		}
	}
	return found, map[Invariant]int{I7: looks}
}

// judgeSettled is I8.
func judgeSettled(r Record) ([]Finding, map[Invariant]int) {
	var found []Finding
	looks := 0
	for _, s := range r.Settled {
		if s.Err == nil {
			looks++
		}
		for _, wrong := range disagreements(s) {
			found = append(found, Finding{Invariant: I8, At: s.At, Text: wrong})
		}
	}
	return found, map[Invariant]int{I8: looks}
}

// judgeData is I9, as far as it can be seen: a database is replaced and archived
// WAL goes only where an operator has asked for it.
func judgeData(r Record) ([]Finding, map[Invariant]int) {
	var found []Finding
	looks := 0
	consents := r.consents()
	last := map[string]Data{}
	for _, e := range r.sorted() {
		switch e := e.(type) {
		case Data:
			looks++
			before := last[e.Node]
			last[e.Node] = e
			if e.First || before.File == 0 || allowed(consents, e.Node, e.At, func(c Consent) bool { return c.Data }) {
				continue
			}
			switch {
			case e.File == 0:
				found = append(found, Finding{I9, e.At, e.Node, "the control file is gone, and nobody has asked for it"})
			case before.System != e.System:
				found = append(found, Finding{I9, e.At, e.Node, fmt.Sprintf("the database is another one: system %d and not %d", e.System, before.System)})
			case before.File != e.File:
				found = append(found, Finding{I9, e.At, e.Node, "the database was replaced, and nobody has asked for it"})
			}
		case Archive:
			looks++
			if !allowed(consents, e.Node, e.At, func(c Consent) bool { return c.Archive }) {
				found = append(found, Finding{I9, e.At, e.Node, fmt.Sprintf("%d of %d archived files are gone, and nobody has asked for it: %s",
					len(e.Gone), e.Files, strings.Join(e.Gone[:min(3, len(e.Gone))], ", "))})
			}
		}
	}
	for _, n := range r.Nodes {
		looks += r.Polls[n].Data
	}
	return found, map[Invariant]int{I9: looks}
}

// mayLose says whether it was agreed, between two times, that a node's own WAL goes.
func (r Record) mayLose(node string, from, to time.Time) bool {
	return slices.ContainsFunc(r.Consents, func(c Consent) bool {
		return c.WAL && (c.Node == "" || c.Node == node) && c.At.After(from) && c.At.Before(to)
	})
}

// judgeRescues is I9 where WAL is thrown away that only one node had: a crashed
// primary that has written beyond the point where the new one took over comes
// back as a standby only after that was put aside.
func judgeRescues(r Record) ([]Finding, map[Invariant]int) {
	var found []Finding
	looks := 0
	events := r.sorted()
	for _, e := range events {
		end, ok := e.(End)
		if !ok {
			continue
		}
		fork, ok := first(events, func(f Fork) bool {
			return f.Node != end.Node && f.Timeline == end.Timeline && f.At.After(end.At)
		})
		if !ok {
			continue
		}
		looks++
		back, ok := first(events, func(s Server) bool { return s.Node == end.Node && s.What == ReadOnly && s.At.After(end.At) })
		if !ok || end.LSN < fork.LSN || r.mayLose(end.Node, end.At, back.At) {
			continue
		}
		if _, kept := first(events, func(k Rescue) bool { return k.Node == end.Node && k.At.After(end.At) && k.At.Before(back.At) }); !kept {
			found = append(found, Finding{I9, back.At, end.Node, fmt.Sprintf(
				"is a standby again, and what only it had was not kept: WAL up to %s, and %s went its own way at %s", lsn(end.LSN), fork.Node, lsn(fork.LSN))})
		}
	}
	return found, map[Invariant]int{I9: looks}
}

// first is the first event of a kind that is as wanted.
func first[E Event](events []Event, wanted func(E) bool) (E, bool) {
	for _, e := range events {
		if e, ok := e.(E); ok && wanted(e) {
			return e, true
		}
	}
	var none E
	return none, false
}

// judgeActions is I10: no action was ended by its time-out.
func judgeActions(r Record) ([]Finding, map[Invariant]int) {
	var found []Finding
	actions := slices.Clone(r.Actions)
	slices.SortStableFunc(actions, func(a, b lab.Action) int { return cmp.Or(a.End.Compare(b.End), cmp.Compare(a.Node, b.Node)) })
	for _, a := range actions {
		if strings.HasPrefix(a.Result, "timed out") && !slices.Contains(r.expected(a.End).TimesOut, a.Node) {
			found = append(found, Finding{I10, a.End, a.Node, fmt.Sprintf("%s of %s: %s", a.Name, a.Resource, a.Result)})
		}
	}
	looks := len(actions)
	for _, s := range r.Settled {
		if s.Err == nil {
			looks++ // the failed actions of a status are looked at, too
		}
		for _, f := range s.Status.Failed {
			if strings.Contains(strings.ToLower(f.Reason+" "+f.Status), "timed out") && !slices.Contains(r.expected(s.At).TimesOut, f.Node) {
				found = append(found, Finding{I10, s.At, f.Node, fmt.Sprintf("%s: %s %s", f.Operation, f.Status, f.Reason)})
			}
		}
	}
	return found, map[Invariant]int{I10: looks}
}
