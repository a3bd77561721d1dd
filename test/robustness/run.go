// Package robustness plays faults of the catalogue at random, one after the other
// and several at once, while clients write, transfer, append and read. What a fault
// leaves is repaired by an operator who does not know what has happened, or not
// repaired before the next one. In the end it is judged whether everything that
// was acknowledged is there, and every answer was one that a single machine could
// have given. Everything random comes from one seed.
package robustness

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"pgrex/test/audit"
	"pgrex/test/drill"
	"pgrex/test/lab"
	"pgrex/test/robustness/history"
)

// Event is something that has happened in a run.
type Event struct {
	At   time.Time
	Text string
}

// run is one under way.
type run struct {
	*lab.Lab
	context.Context
	o       Options
	report  func(Event) // may be nil
	began   time.Time
	struck  time.Time // when the last fault was made
	clients *clients
	audit   *audit.Watch
	calls   audit.Expected // what the present episode calls for
	result  Result
	checked []int // of each writer, the acknowledged rows that were looked for
	known   roles // of the last time when there was a primary
	first   roles // of the last episode's first fault
	failed  map[string]bool

	mu     sync.Mutex
	events []Event
}

// roles are who is what.
type roles struct{ primary, standby, third *lab.Node }

// Prepare gives the operator of a cluster that has come up the operation
// commands, which know two nodes.
func Prepare(l *lab.Lab, o Options, tools string) error {
	if o.Nodes > 2 {
		return nil
	}
	return l.InstallTools(tools, drill.Kind{Nodes: o.Nodes, Fencing: o.Fencing}.Configuration())
}

// Play makes faults for the time of the options on a cluster in its normal state,
// brings it back there, and judges. Of what happens, report is told; it may be nil.
// The error says that the run could not be made; what it has found is in the result.
func Play(ctx context.Context, l *lab.Lab, o Options, folder string, report func(Event)) (Result, error) {
	r := &run{Lab: l, Context: ctx, o: o, report: report, began: time.Now(), failed: map[string]bool{}}
	r.result = Result{Options: o, Began: r.began, Folder: folder, Kinds: map[string]*Kind{}}
	if err := r.waitNormal(); err != nil {
		return r.result, err
	}
	var err error
	if r.clients, err = startClients(r, l, o.Seed); err != nil {
		return r.result, err
	}
	r.checked = make([]int, writers)
	r.audit = audit.Start(r, l)
	watching, done := context.WithCancel(r)
	var watch sync.WaitGroup
	watch.Add(1)
	go func() {
		defer watch.Done()
		r.watch(watching)
	}()
	r.play()
	done()
	watch.Wait()
	return r.result, r.judge()
}

// tell notes what happens, and reports it.
func (r *run) tell(format string, args ...any) {
	e := r.note(format, args...)
	if r.report != nil {
		r.report(e)
	}
}

func (r *run) note(format string, args ...any) Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := Event{time.Now(), fmt.Sprintf(format, args...)}
	r.events = append(r.events, e)
	return e
}

// find notes something that is wrong, or several such things.
func (r *run) find(err error) {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range several.Unwrap() {
			r.find(one)
		}
		return
	}
	if err == nil || r.failed[err.Error()] {
		return // nothing, or what was found before
	}
	r.failed[err.Error()] = true
	r.tell("WRONG: %v", err)
	r.result.Finds = append(r.result.Finds, err.Error())
}

// watch notes what changes in the cluster.
func (r *run) watch(ctx context.Context) {
	var before lab.Status
	for ctx.Err() == nil {
		if s, err := r.Status(ctx); err == nil {
			for _, change := range before.Changes(s) {
				r.note("%s", change)
			}
			before = s
		}
		_ = lab.Pause(ctx, 500*time.Millisecond)
	}
}

// play goes through the plan until its time is over or something is wrong, and
// brings the cluster back.
func (r *run) play() {
	r.struck = time.Now()
	repaired := true
	for plan := NewPlan(r.o); repaired && r.Err() == nil; {
		e := plan.Next()
		last := e.Entries[len(e.Entries)-1].Number
		if r.o.Faults > 0 && last > r.o.Faults || time.Since(r.began)+e.Entries[0].Pause > r.o.Time {
			break
		}
		if err := r.episode(e); err != nil && r.Err() == nil {
			r.find(err)
			repaired = r.o.GoOn && r.afterFind()
		}
	}
	if r.Err() == nil && repaired {
		r.calls = audit.Expected{Settle: lab.Timeouts.FirstWrite}
		r.find(r.repair())
	}
}

// afterFind says whether the run can go on.
func (r *run) afterFind() bool {
	if err := r.HealAll(r); err != nil {
		r.find(err)
		return false
	}
	if err := r.repair(); err != nil {
		r.find(fmt.Errorf("repair after a find: %w", err))
		return false
	}
	r.find(r.look())
	return true
}

// episode plays faults and what comes afterwards.
func (r *run) episode(e Episode) error {
	whole, err := r.prepare(e)
	if err != nil {
		return err
	}
	began := time.Now()
	before := r.known.primary
	r.first = r.known
	r.calls = r.expected(e, whole)
	mends, err := r.strike(e, whole)
	if err != nil {
		for _, mend := range slices.Backward(mends) {
			err = errors.Join(err, mend())
		}
		return err
	}
	if err := lab.Pause(r, e.Lasts); err != nil {
		return err
	}
	for _, mend := range slices.Backward(mends) {
		if err := mend(); err != nil {
			return err
		}
	}
	simple := whole && len(e.Entries) == 1 && len(mends) == 1
	up, err := r.service(e, simple)
	if err != nil {
		return err
	}
	s := e.Entries[0].Scenario()
	if simple && s.Course == drill.Moves && s.Mend == nil {
		if err := r.moved(before); err != nil {
			return fmt.Errorf("%s: %w", s.ID, err)
		}
	}
	if simple && s.Course == drill.Stays {
		if err := r.stayed(before); err != nil {
			return fmt.Errorf("%s: %w", s.ID, err)
		}
	}
	if e.Operator || !up {
		if err := r.repair(); err != nil {
			return fmt.Errorf("repair: %w", err)
		}
	}
	r.account(e, began, whole, len(mends))
	return r.look()
}

// prepare waits for the time of the fault, and for a cluster that it can be made
// on. It says whether the cluster is in its normal state.
func (r *run) prepare(e Episode) (whole bool, err error) {
	const least = 2 * time.Second // of traffic between two episodes
	if err := lab.Pause(r, max(least, time.Until(r.struck.Add(e.Entries[0].Pause)))); err != nil {
		return false, err
	}
	s, err := r.Status(r)
	if err != nil {
		return false, err
	}
	whole = len(r.Deviations(s)) == 0
	standby := slices.ContainsFunc(e.Entries, func(entry Entry) bool { return choiceOf(entry.Fault).standby })
	r.roles(s)
	if s.Primary() == "" || standby && !follows(s, r.known.standby.Name) {
		r.tell("fault %d (%s) needs a primary and a standby", e.Entries[0].Number, e.Entries[0].Fault)
		if err := r.repair(); err != nil {
			return false, fmt.Errorf("repair: %w", err)
		}
		if s, err = r.Status(r); err != nil {
			return false, err
		}
		r.roles(s)
		whole = true
	}
	return whole, nil
}

// roles notes who is what, as far as a status says it: of two standbys, the
// standby is the one that may take over.
func (r *run) roles(s lab.Status) {
	primary, err := r.Node(s.Primary())
	if err != nil {
		return
	}
	now := roles{primary: primary}
	for _, n := range r.Nodes() {
		switch {
		case n == primary:
		case now.standby == nil:
			now.standby = n
		case s.Nodes[n.Name].Attributes["pgsql-status"] == "HS:sync":
			now.standby, now.third = n, now.standby
		default:
			now.third = n
		}
	}
	r.known = now
}

// strike makes the faults of an episode, and returns how each of them is undone
// that could be made: two can be in each other's way, and a cluster that is not
// whole in that of either.
func (r *run) strike(e Episode, whole bool) (mends []func() error, err error) {
	for _, entry := range e.Entries {
		s := entry.Scenario()
		if entry.Overlaps {
			if err := lab.Pause(r, entry.Pause); err != nil {
				return mends, err
			}
			if now, err := r.Status(r); err == nil {
				r.roles(now)
			}
		}
		what := fmt.Sprintf("fault %d: %s %s", entry.Number, s.ID, s.Name)
		if entry.Overlaps {
			what += ", while the one before lasts"
		} else {
			what += fmt.Sprintf("; undone %v after the last one, %s", e.Lasts, map[bool]string{true: "then the operator", false: "no operator while the service is there"}[e.Operator])
		}
		r.tell("%s (primary %s, standby %s)", what, r.known.primary.Name, r.known.standby.Name)
		r.struck = time.Now()
		// Strike and Mend may share what they know.
		played := &drill.Run{Lab: r.Lab, Context: r, Primary: r.known.primary, Standby: r.known.standby, Third: r.known.third,
			Lasts: e.Lasts, Writer: r.clients.writers[0], Tell: func(text string) { r.tell("  %s", strings.TrimSpace(text)) }}
		if err := s.Strike(played); err != nil {
			r.tell("fault %d cannot be made now: %v", entry.Number, err)
			r.kind(entry.Fault).NotMade++
			if s.Mend != nil {
				if err := s.Mend(played); err != nil {
					r.note("and not be undone: %v", err)
				}
			}
			if whole && len(e.Entries) == 1 {
				return mends, fmt.Errorf("%s cannot be made: %w", s.ID, err)
			}
			continue
		}
		r.kind(entry.Fault).Made++
		mends = append(mends, func() error { return r.mend(entry, s, played) })
	}
	return mends, nil
}

// mend undoes a fault. What is on a node that has meanwhile lost its power can be
// undone when it has it again.
func (r *run) mend(entry Entry, s drill.Scenario, played *drill.Run) error {
	if choiceOf(entry.Fault).check {
		if err := s.Check(played); err != nil {
			return fmt.Errorf("%s: %w", s.ID, err)
		}
	}
	if s.Mend == nil {
		return nil
	}
	r.tell("fault %d is undone", entry.Number)
	err := s.Mend(played)
	if err == nil {
		return nil
	}
	r.tell("not yet: %v", err)
	for _, n := range r.Nodes() {
		if err := r.powered(n); err != nil {
			return err
		}
	}
	if err := s.Mend(played); err != nil {
		return fmt.Errorf("%s cannot be undone: %w", s.ID, err)
	}
	return nil
}

// service waits until commits are acknowledged, on a new connection too. Of one
// fault on a whole cluster the service has to come back by itself, unless it is
// one after which nobody may take over.
func (r *run) service(e Episode, simple bool) (up bool, err error) {
	const patient = 40 * time.Second // of an operator
	waits := slices.ContainsFunc(e.Entries, func(entry Entry) bool { return choiceOf(entry.Fault).waits })
	running := slices.ContainsFunc(r.Nodes(), (*lab.Node).Running)
	if waits || !running {
		return false, nil
	}
	limit := patient
	if simple {
		limit = lab.Timeouts.Takeover / 2
	}
	err = lab.Until(r, "commit on a new connection", limit, func(ctx context.Context) (string, bool) {
		s := session{address: lab.VIPMaster}
		defer s.close()
		answer, text := s.request(ctx, func(ctx context.Context, conn *pgx.Conn) (bool, error) {
			_, err := conn.Exec(ctx, "UPDATE service SET at = clock_timestamp()")
			return false, err
		})
		return text, answer == history.OK
	})
	if err == nil { // and the clients have found it
		_, err = r.clients.writers[0].WaitAck(r, time.Now(), lab.Timeouts.FirstWrite)
	}
	switch {
	case err == nil:
		return true, nil
	case r.Err() != nil:
		return false, context.Cause(r)
	case simple:
		return false, fmt.Errorf("%s: the service does not come back: %w", e.Entries[0].Fault, err)
	}
	r.tell("the service does not come back by itself")
	return false, nil
}

// moved waits until another node is primary in its own eyes; the old one may not
// answer at all. A service that is there is not enough: what a monitor has to find
// may not have been found yet.
func (r *run) moved(before *lab.Node) error {
	return lab.Until(r, "take-over from "+before.Name, lab.Timeouts.Takeover/2, func(ctx context.Context) (string, bool) {
		var seen []string
		for _, n := range r.Nodes() {
			if n == before || !n.Running() {
				continue
			}
			s, err := n.Status(ctx)
			if err == nil && s.Primary() == n.Name && s.VIPs["vip-master"] == n.Name {
				return "", true
			}
			seen = append(seen, fmt.Sprintf("%s sees %s %v", n.Name, s, err))
		}
		return strings.Join(seen, "; "), false
	})
}

// stayed waits until the primary is still the one of before, for everybody: a node
// whose promotion was refused is promoted in the cluster's eyes until it has
// been stopped.
func (r *run) stayed(before *lab.Node) error {
	var s lab.Status
	err := lab.Until(r, "a single primary", lab.Timeouts.Takeover/2, func(ctx context.Context) (string, bool) {
		var err error
		s, err = r.Status(ctx)
		return fmt.Sprint(s, err), err == nil && s.Primary() != ""
	})
	if err == nil && s.Primary() != before.Name {
		err = fmt.Errorf("%s should have stayed primary: %s", before.Name, s)
	}
	return err
}

// look is the verdict after an episode: never two writers, no power taken and no
// server restarted without a reason, a cluster that has settled, every
// acknowledged row there.
func (r *run) look() error {
	var errs []error
	for _, f := range r.audit.Look(r, r.calls) {
		errs = append(errs, errors.New(f.String()))
	}
	s, err := r.Status(r)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	primary, err := r.Node(s.Primary())
	if err != nil {
		return errors.Join(append(errs, fmt.Errorf("there is no primary: %s", s))...)
	}
	return errors.Join(append(errs, r.rows(primary))...)
}

const clock = "15:04:05.000"

// rows looks for the acknowledged rows that were not looked for yet.
func (r *run) rows(primary *lab.Node) error {
	for i, h := range r.clients.rows() {
		part := h
		part.Acked, part.Unknown = h.Acked[r.checked[i]:], nil
		v, err := r.CheckNode(r, primary, part)
		if err != nil {
			return err
		}
		if len(v.Lost) > 0 {
			return fmt.Errorf("%d of the last %d rows that writer%d was acknowledged are not on %s, from number %d on", len(v.Lost), v.Acked, i+1, primary.Name, v.Lost[0])
		}
		r.checked[i] = len(h.Acked)
	}
	return nil
}
