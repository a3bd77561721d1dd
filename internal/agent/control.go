package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"pgrex/internal/crm"
	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/internal/replication"
)

// settleTimeout is how long the control of the standbys waits for the server
// to report a standby synchronous that it has just been told to wait for.
const settleTimeout = 2 * time.Second

// control lets the cluster know what the primary sees of its standbys and
// settles which of them commits wait for.
//
// A standby that streams is put into the list first and gets its rights only
// when the server itself reports it synchronous, which takes milliseconds; the
// decision is made a second time then, on the state that is already known.
func (a *Agent) control(ctx context.Context, session *pg.Session, server pg.ServerState, senders []pg.Sender) error {
	s, err := a.cluster(ctx)
	if err != nil {
		return err
	}
	a.remember(ctx)
	changes, err := a.decide(ctx, session, s, server, senders)
	if err != nil {
		return err
	}
	if err := a.carryOut(ctx, session, changes); err != nil {
		return err
	}
	if !gainsName(changes) {
		return nil
	}
	wait, cancel := context.WithTimeoutCause(ctx, settleTimeout, errors.New("the server does not report it synchronous"))
	defer cancel()
	return until(wait, "the standby to become synchronous", 10*time.Millisecond, func() (bool, error) {
		server, senders, err := session.Observe(ctx)
		if err != nil {
			return false, err
		}
		o, err := a.observation(a.state, server, senders)
		if err != nil || !anySynchronous(o) {
			return false, err
		}
		changes, err := a.decide(ctx, session, a.state, server, senders)
		if err != nil {
			return false, err
		}
		return true, a.carryOut(ctx, session, changes)
	})
}

// carryOut applies a decision. Before the first write of one that lets commits go on
// without a standby another node is asked what it knows: this one may have stood
// still, and a majority have replaced it, or it is cut off and does not know yet.
// Then the verdicts are the other's to give, and what is written here would reach
// the new primary when the parts are together again. Without an answer commits go on
// waiting, until the next look.
func (a *Agent) carryOut(ctx context.Context, session *pg.Session, changes []replication.Change) error {
	if dropped := replication.Dropped(changes); len(dropped) > 0 {
		witness, mustAnswer := replication.Witness(replication.Observation{Own: a.node, Nodes: a.nodes(a.state)}, dropped)
		if witness != "" {
			if err := a.ask(ctx, witness); err != nil && (mustAnswer || errors.Is(err, errOvertaken)) {
				return fmt.Errorf("commits go on waiting for %v: %w", dropped, err)
			}
		}
	}
	return a.apply(ctx, session, changes)
}

// witnessPatience is how long another node has to say what it knows, which takes it
// milliseconds in the same membership.
const witnessPatience = time.Second

// ask fails where another node knows of a next primary, or does not answer.
func (a *Agent) ask(ctx context.Context, witness string) error {
	known, err := a.statusesAt(ctx, witness)
	if err != nil {
		return err
	}
	if why := replication.Overtaken(a.node, known); why != "" {
		return fmt.Errorf("%s %w: %s", witness, errOvertaken, why)
	}
	return nil
}

// statusesAt are the data statuses of all nodes by the record that a node has.
func (a *Agent) statusesAt(ctx context.Context, node string) (map[string]replication.DataStatus, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, witnessPatience, fmt.Errorf("%s does not say what it knows of the cluster", node))
	defer cancel()
	record, err := a.crm.PermanentAt(ctx, node)
	if err != nil {
		return nil, err
	}
	known := map[string]replication.DataStatus{}
	for name, attrs := range record {
		known[name] = replication.DataStatus(attrs[a.attr("data-status")])
	}
	return known, nil
}

var errOvertaken = errors.New("knows more")

// decide looks closer where the decision depends on it, and decides.
func (a *Agent) decide(ctx context.Context, session *pg.Session, s *crm.State, server pg.ServerState, senders []pg.Sender) ([]replication.Change, error) {
	o, err := a.observation(s, server, senders)
	if err != nil {
		return nil, err
	}
	if n := replication.Superseded(o); n != "" {
		return nil, fmt.Errorf("%s has become the primary after this node: %w", n, errSuperseded)
	}
	if err := a.findStalled(ctx, session, &o, server, senders); err != nil {
		return nil, err
	}
	if err := a.findFlushed(ctx, session, &o); err != nil {
		return nil, err
	}
	return replication.Control(o), nil
}

// findFlushed marks, of the standbys that are about to gain rights, those that have
// all that was acknowledged before commits waited for them. A standby can be
// reported synchronous while it is behind: it was fed beside another one, or the
// primary went on alone.
//
// The position that it has to reach is read when commits certainly wait for it.
// What is behind, or a server that is slow to wait, is left to the next look.
func (a *Agent) findFlushed(ctx context.Context, session *pg.Session, o *replication.Observation) error {
	gaining := replication.Gaining(*o)
	if len(gaining) == 0 {
		return nil
	}
	waits, err := a.pg.CommitsWait(ctx, session, settleTimeout)
	if err != nil {
		return err
	}
	if !waits {
		a.log.Warnf("commits do not wait for %v yet: the checkpointer has not taken the list over", gaining)
		return nil
	}
	server, senders, err := session.Observe(ctx)
	if err != nil || !equalNames(pg.ParseSyncNames(server.SyncNames), o.ServerNames) {
		return err
	}
	wait, cancel := context.WithTimeoutCause(ctx, settleTimeout, errBehind)
	defer cancel()
	err = until(wait, "what the server has written to be flushed", 10*time.Millisecond, func() (bool, error) {
		behind := 0
		for i := range o.Senders {
			if s := &o.Senders[i]; ocf.Contains(gaining, s.Name) {
				s.Flushed = flushed(senders, *s, server)
				if !s.Flushed {
					behind++
				}
			}
		}
		if behind == 0 {
			return true, nil
		}
		senders, err = session.Senders(ctx)
		return false, err
	})
	if errors.Is(err, errBehind) {
		a.log.Infof("%v: not all that was written before has been flushed", gaining)
		return nil
	}
	return err
}

var errBehind = errors.New("it is behind")

// flushed says whether the connection of a standby has confirmed all that the server
// had written at a time.
func flushed(senders []pg.Sender, s replication.Sender, then pg.ServerState) bool {
	for _, row := range senders {
		if row.Name == s.Name && row.State == s.State && row.SyncState == s.Sync && row.Flush >= then.Current {
			return true
		}
	}
	return false
}

// stallTime is how long a standby whose node the cluster has lost may take to
// confirm WAL that waits for it. Across a network that works it takes
// milliseconds; the server itself gives up only after wal_sender_timeout. One that
// is slower is followed again when it streams, as after any loss.
const stallTime = 250 * time.Millisecond

// findStalled marks the standbys of lost nodes that confirm nothing. A node can
// be lost to the cluster while its server goes on: the networks are separate.
func (a *Agent) findStalled(ctx context.Context, session *pg.Session, o *replication.Observation, server pg.ServerState, senders []pg.Sender) error {
	var lost []pg.Sender
	for _, row := range senders {
		if n, ok := a.state.Node(row.Name); ok && !n.Online {
			lost = append(lost, row)
		}
	}
	waiting, err := unconfirmed(ctx, session, server, lost, stallTime)
	if err != nil {
		return err
	}
	for i := range o.Senders {
		_, o.Senders[i].Stalled = waiting[o.Senders[i].Name]
	}
	return nil
}

// unconfirmed are those of some standbys, by name, that confirm nothing of the WAL
// that waits for them, however long that takes up to patience after the server said
// how far they are.
func unconfirmed(ctx context.Context, session *pg.Session, server pg.ServerState, some []pg.Sender, patience time.Duration) (map[string]pg.Sender, error) {
	waiting := map[string]pg.Sender{}
	for _, row := range some {
		if row.Flush < server.Flushed {
			waiting[row.Name] = row
		}
	}
	if len(waiting) == 0 {
		return nil, nil
	}
	// Reading the cluster may have taken longer, or this machine stood still.
	const atLeast = 50 * time.Millisecond
	wait, cancel := context.WithTimeoutCause(ctx, max(time.Until(server.At.Add(patience)), atLeast), errStalled)
	defer cancel()
	err := until(wait, "standbys to confirm WAL", 20*time.Millisecond, func() (bool, error) {
		later, err := session.Senders(ctx) // a query cut short would end the session
		for _, row := range later {
			if before, waits := waiting[row.Name]; waits && row.Flush > before.Flush {
				delete(waiting, row.Name)
			}
		}
		return len(waiting) == 0, err
	})
	if errors.Is(err, errStalled) {
		err = nil
	}
	return waiting, err
}

var errStalled = errors.New("they do not")

func gainsName(changes []replication.Change) bool {
	for _, c := range changes {
		if names, ok := c.(replication.SetSyncNames); ok && len(names.New) > 0 {
			return true
		}
	}
	return false
}

func anySynchronous(o replication.Observation) bool {
	for _, row := range o.Senders {
		if row.State == "streaming" && (row.Sync == "sync" || row.Sync == "quorum") {
			return true
		}
	}
	return false
}

// streaming says whether every one of the nodes is known to be a standby that
// receives WAL; its first reply, a moment after the connection, is the proof.
func streaming(senders []pg.Sender, nodes []string) bool {
	for _, n := range nodes {
		found := false
		for _, row := range senders {
			found = found || strings.EqualFold(row.Name, n) && row.State == "streaming" && row.Physical
		}
		if !found {
			return false
		}
	}
	return true
}
