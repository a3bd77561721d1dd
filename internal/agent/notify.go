package agent

import (
	"context"
	"errors"
	"slices"
	"time"

	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/internal/replication"
)

// joinPatience is how long the primary waits, when a standby has been
// started, for it to begin streaming. A standby that needs longer is met by
// the next monitor.
const joinPatience = 2 * time.Second

var errNotStreaming = errors.New("it is not streaming yet")

// notify hears what happens to the clone's other instances. Pacemaker ignores
// the answer, so that nothing here can be vetoed.
func (a *Agent) notify(ctx context.Context) (ocf.Code, error) {
	n := a.call.Notify
	var err error
	switch {
	case !a.usable, !a.replicated():
	case n.Type == "pre" && n.Operation == "promote":
		err = a.beforePromote(ctx)
	case n.Type != "post":
	case n.Operation == "promote":
		err = a.afterPromote(ctx)
	case n.Operation == "demote":
		err = a.afterDemote(ctx)
	case n.Operation == "start", n.Operation == "stop":
		err = a.afterStartOrStop(ctx)
	}
	if err != nil {
		return ocf.ErrGeneric, err
	}
	return ocf.Success, nil
}

// beforePromote notes that this standby is ahead of the one to be promoted and
// will not be able to follow it. The promotion goes on whatever is answered
// here, and a constraint would be left for a person to find: the data status
// says it, and keeps this node from being chosen until it was rebuilt.
func (a *Agent) beforePromote(ctx context.Context) error {
	if a.mode() != replication.Sync || len(a.params.NodeList) < 3 {
		return nil // with two nodes there is no third that could be ahead
	}
	s, err := a.cluster(ctx)
	if err != nil {
		return err
	}
	changes := replication.GiveWay(a.node, a.nodes(s), a.call.Notify.Promote)
	for _, c := range changes {
		a.log.Errorf("this standby cannot follow the next primary and has to be rebuilt: %v", c)
	}
	return a.apply(ctx, nil, changes)
}

// afterPromote ends the vote: positions are of no use any more, and the
// baseline belongs to the new primary alone. So does the address that standbys
// connect to, which comes next: whatever receives here does so from before.
//
// The address waits for this action on every node. Of a primary that was demoted just
// now nothing is left in the record, and its lock is left to its monitor, or its stop.
func (a *Agent) afterPromote(ctx context.Context) error {
	n := a.call.Notify
	if !ocf.Contains(n.Promote, a.node) {
		notes, err := a.pg.Notes()
		demoted := ocf.Contains(n.Demote, a.node) && err == nil && len(notes) == 0 // or it has voted since
		ready := func() {}
		if !demoted {
			ready = a.readAhead(ctx)
		}
		a.reconnect(0)
		err = a.endSenders(ctx)
		ready()
		a.report(err)
		if demoted {
			return nil
		}
		a.dropServedLock(ctx)
	}
	own := a.own(ctx)
	var changes []replication.Change
	if own.XlogLoc != "" {
		changes = append(changes, replication.SetXlogLoc{Node: own.Name, Old: own.XlogLoc, Why: "a primary was promoted"})
	}
	if own.Baseline != "" && !ocf.Contains(n.Promote, a.node) {
		changes = append(changes, replication.SetBaseline{Node: own.Name, Old: own.Baseline, Why: "another node was promoted"})
	}
	return a.applyTogether(ctx, changes)
}

// notRead stands for an attribute's value of before. Who has to wait for an action's end
// does not wait for the cluster's record too: what is written is the same in any case.
const notRead = "(not read)"

// afterDemote records where each standby stands now that the primary is gone. The
// promotion waits for it.
func (a *Agent) afterDemote(ctx context.Context) error {
	n := a.call.Notify
	remains := func(node string) bool { return !ocf.Contains(n.Demote, node) }
	if ocf.Contains(n.Demote, a.node) || slices.ContainsFunc(n.Promoted, remains) {
		return nil // of two primaries that have met one is left
	}
	server, err := a.serverState(ctx)
	if err != nil || !server.InRecovery {
		return err
	}
	why := "the primary was demoted"
	return a.applyTogether(ctx, []replication.Change{
		replication.SetBaseline{Node: a.node, Old: notRead, New: server.Position().Padded(), Why: why},
		replication.SetStatus{Node: a.node, Old: notRead, New: replication.HSAlone, Why: why},
	})
}

// serverState is what the server is at this moment.
func (a *Agent) serverState(ctx context.Context) (pg.ServerState, error) {
	session, err := a.connect(ctx)
	if err != nil {
		return pg.ServerState{}, err
	}
	defer session.Close()
	return session.State(ctx)
}

// afterStartOrStop lets the primary look at its standbys at once.
func (a *Agent) afterStartOrStop(ctx context.Context) error {
	if !ocf.Contains(a.call.Notify.Promoted, a.node) {
		return nil
	}
	session, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer session.Close()
	server, senders, err := session.Observe(ctx)
	if err != nil || server.InRecovery {
		return err
	}
	if started := a.call.Notify.Start; a.call.Notify.Operation == "start" && len(started) > 0 {
		wait, cancel := context.WithTimeoutCause(ctx, joinPatience, errNotStreaming)
		err := until(wait, "the started standby", 20*time.Millisecond, func() (bool, error) {
			server, senders, err = session.Observe(ctx)
			return err == nil && streaming(senders, started), err
		})
		cancel()
		if err != nil && !errors.Is(err, errNotStreaming) {
			return err
		}
	}
	return a.control(ctx, session, server, senders)
}
