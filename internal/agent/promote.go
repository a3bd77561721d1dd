package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/internal/replication"
	"pgrex/internal/run"
)

// promote makes the server of this node the primary.
//
// The other nodes lose their right to be promoted, and this one gets its lock,
// before PostgreSQL is promoted: killed half-way, no second node can follow
// with data that lacks what this one acknowledges. When the server provably
// never left recovery, all of that is taken back.
func (a *Agent) promote(ctx context.Context) (ocf.Code, error) {
	stopped, err := a.serverStopped(ctx)
	if err != nil {
		return ocf.ErrGeneric, err
	}
	if stopped {
		return ocf.ErrGeneric, ocf.Errorf(ocf.ErrGeneric, "cannot promote: PostgreSQL is not running")
	}
	ready := a.readAhead(ctx)
	session, err := a.connectPatiently(ctx)
	ready()
	if err != nil {
		return a.failed(), fmt.Errorf("cannot promote: %w", err)
	}
	defer session.Close()
	server, err := session.State(ctx)
	if err != nil {
		return ocf.ErrGeneric, fmt.Errorf("cannot promote: %w", err)
	}
	if !server.InRecovery {
		a.log.Info("the server is the primary already")
		return ocf.Success, nil
	}
	return a.promoteStandby(ctx, session, server)
}

func (a *Agent) promoteStandby(ctx context.Context, session *pg.Session, server pg.ServerState) (ocf.Code, error) {
	s, err := a.cluster(ctx)
	if err != nil {
		return ocf.ErrGeneric, fmt.Errorf("cannot promote: %w", err)
	}
	o, err := a.standbyObservation(s, server)
	if err != nil {
		return ocf.ErrGeneric, err
	}
	why := replication.RefusePromotion(o)
	if why == "" {
		why = a.holderWentOn(ctx, o)
	}
	if why == "" {
		if why, err = a.outlive(ctx, session, &o); err != nil {
			return ocf.ErrGeneric, fmt.Errorf("not promoted: %w", err)
		}
	}
	if why != "" {
		a.applyAll(ctx, replication.LoseScore(a.own(ctx), why))
		return ocf.ErrGeneric, ocf.Errorf(ocf.ErrGeneric, "not promoted: %s", why)
	}
	if err := a.pg.RemoveVoteNotes(); err != nil {
		return ocf.ErrGeneric, err
	}
	lock, hadLock, err := a.pg.ReadLock()
	if err != nil {
		return ocf.ErrGeneric, err
	}
	attributes, then := replication.BeforePromotion(o)
	err = a.applyTogether(ctx, attributes)
	if err == nil {
		err = a.apply(ctx, session, then)
	}
	if err != nil {
		return ocf.ErrGeneric, a.takeBack(ctx, o, lock, hadLock, err)
	}
	// The server accepts writes from here on; what is left is telling so, and
	// what a standby needs to follow. A primary without a slot is still one.
	a.report(a.keepPeerSlots(ctx))
	a.tellPromoted(ctx, o)
	return ocf.Success, nil
}

// tellPromoted writes what belongs to a primary, and tries for a while: a daemon of
// the cluster may just be started again. The server is promoted all the same, which
// the next monitor says as well; an answer that it is not would have it demoted, and
// nobody else may be promoted.
func (a *Agent) tellPromoted(ctx context.Context, o replication.StandbyObservation) {
	ctx, cancel := context.WithTimeoutCause(ctx, confirmTimeout, errors.New("the cluster does not take it"))
	defer cancel()
	var last error
	err := until(ctx, "the cluster to be told of the promotion", 100*time.Millisecond, func() (bool, error) {
		last = a.applyTogether(ctx, replication.AfterPromotion(a.after(o)))
		return last == nil, nil
	})
	if err != nil {
		a.report(errors.Join(err, last))
	}
}

// minorityPatience is how long a promotion waits for the end of a primary whose
// commits cannot go on without this server anyway.
const minorityPatience = 20 * time.Second

// outlive waits for the end of a primary that the cluster has lost and that
// answers all the same, and says why this server may not be promoted beside it.
//
// Only a majority waits: the other side is a minority then, and its cluster
// stops the server, which may take longer than the election here. Two nodes
// cannot know. After the wait o is what there is then.
func (a *Agent) outlive(ctx context.Context, session *pg.Session, o *replication.StandbyObservation) (string, error) {
	why, last := a.primaryAnswers(ctx, *o), replication.LostPrimary(*o)
	if why == "" || !o.Current || last == "" {
		return why, nil
	}
	a.log.Infof("%s; this is the majority: waiting for the other side to stop that server", why)
	waiting, cancel := a.share(ctx, 1, 2)
	defer cancel()
	if o.Mode == replication.Sync {
		waiting, cancel = context.WithTimeout(waiting, minorityPatience)
		defer cancel()
	}
	err := until(waiting, "the end of that server", 20*time.Millisecond, func() (bool, error) {
		// With the whole time of a question: one cut short by the end of the wait
		// would be taken for the end of the server.
		return a.primaryAnswers(ctx, *o) == "", nil
	})
	ended := err == nil
	if !ended && o.Mode != replication.Sync {
		return why, nil
	}
	s, err := a.clusterNow(ctx)
	if err != nil {
		return "", err
	}
	server, err := session.State(ctx)
	if err != nil {
		return "", err
	}
	if *o, err = a.standbyObservation(s, server); err != nil {
		return "", err
	}
	if no := replication.RefuseAfterWaiting(*o, last, ended); no != "" || ended {
		return no, nil
	}
	a.log.Warnf("%s; promoted all the same: without quorum it keeps this server in its list, and its commits wait for it", why)
	return "", nil
}

// askPrimary asks the server at master_ip who it is. Across a network that works
// the answer takes milliseconds.
func (a *Agent) askPrimary(ctx context.Context) (pg.Peer, error) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	return a.pg.AskPeer(ctx, a.params.MasterIP, a.params.RepUser, a.params.PrimaryConninfoOpt)
}

// primaryAnswers says that the last primary, which the cluster has lost or not
// looked at, serves all the same: the cluster's networks are cut, and the one
// that replicates is not. Where nodes are fenced it should be off by now; a
// device may say so and have done nothing.
//
// A lost node does not answer at all, and costs a moment. Whether this server
// receives from it does not matter: a receiver can be between two connections. Where
// the address has come here, the question would be to this server.
func (a *Agent) primaryAnswers(ctx context.Context, o replication.StandbyObservation) string {
	last := replication.MayGoOn(o)
	if last.Name == "" || pg.IsHere(a.params.MasterIP) {
		return ""
	}
	peer, err := a.askPrimary(ctx)
	// A server that turns the question away is alive, and the one this receives from.
	turnedAway := errors.Is(err, pg.ErrTooMany) || errors.Is(err, pg.ErrAuth)
	if err != nil {
		a.log.Info(err)
	}
	if err != nil && !turnedAway || err == nil && peer.SystemID != o.Branch.SystemID {
		return ""
	}
	if last.Online {
		return fmt.Sprintf("%s has not been demoted: its server answers at master_ip=%s", last.Name, a.params.MasterIP)
	}
	return fmt.Sprintf("%s is out of the cluster's sight, but a server answers at master_ip=%s: it goes on as primary there", last.Name, a.params.MasterIP)
}

// holderWentOn says that a node which had all of this old primary's data when it was
// demoted, and is out of sight since, has become primary. The record need not know it:
// the cluster may have been cut in two before the mark of that promotion came here.
func (a *Agent) holderWentOn(ctx context.Context, o replication.StandbyObservation) string {
	lock, _, err := a.pg.ReadLock()
	if err != nil || len(lock.Covered) == 0 {
		return ""
	}
	c, err := a.pg.Control()
	if err != nil || !lock.Held(c) {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	for _, h := range lock.Covered {
		if slices.ContainsFunc(o.Nodes, func(n replication.Node) bool { return n.Online && strings.EqualFold(n.Name, h.Node) }) {
			continue // what it says goes through the record
		}
		p, err := a.pg.AskPeer(ctx, h.Address, a.params.RepUser, a.params.PrimaryConninfoOpt)
		if err == nil && p.SystemID == o.Branch.SystemID && p.Timeline > o.Branch.Timeline {
			return fmt.Sprintf("%s is out of the cluster's sight, and has become primary: its server at %s is on timeline %d", h.Node, h.Address, p.Timeline)
		}
	}
	return ""
}

// after is o with the attributes as they are now.
func (a *Agent) after(o replication.StandbyObservation) replication.StandbyObservation {
	o.Nodes = a.nodes(a.state)
	return o
}

// promoteServer ends recovery and returns when the server accepts writes.
func (a *Agent) promoteServer(ctx context.Context, session *pg.Session) error {
	a.promoteAsked = true
	if a.params.RestartOnPromote {
		return a.restartAsPrimary(ctx)
	}
	// A promote that was killed may have asked already; then pg_ctl refuses
	// and the control file says why.
	if err := a.pg.Promote(ctx); err != nil && !a.leavingRecovery() {
		if status, ended := run.Status(err); ended && status > 0 {
			a.promoteAsked = false // pg_ctl itself says that it did not ask
		}
		return a.withLog("cannot promote PostgreSQL", err)
	}
	return until(ctx, "PostgreSQL to leave recovery", 10*time.Millisecond, func() (bool, error) {
		st, err := session.State(ctx)
		// Our backend may answer for a moment after the postmaster has died.
		if p, perr := a.pg.Processes(); perr == nil && p.Postmaster == 0 {
			return false, a.withLog("PostgreSQL ended while it was promoted", errServerDied)
		}
		if err == nil {
			return !st.InRecovery, nil
		}
		return false, fmt.Errorf("PostgreSQL does not answer while it is promoted: %w", err)
	})
}

// restartAsPrimary is the promotion of restart_on_promote=true: the server is
// stopped and started without its standby settings, on the same timeline.
func (a *Agent) restartAsPrimary(ctx context.Context) error {
	a.log.Warn("restart_on_promote: the timeline stays the same, so that a later divergence can neither be seen nor repaired by pg_rewind")
	if _, err := a.stopServer(ctx, a.params.StopEscalateInSlave); err != nil {
		return err
	}
	if err := a.pg.EndStandby(); err != nil {
		return err
	}
	session, err := a.launch(ctx)
	if err != nil {
		return err
	}
	defer session.Close()
	st, err := session.State(ctx)
	if err == nil && st.InRecovery {
		err = errors.New("the server came up as a standby again")
	}
	return err
}

func (a *Agent) leavingRecovery() bool {
	c, err := a.pg.Control()
	return err == nil && c.State == pg.DBInProduction
}

// takeBack undoes what precedes a promotion, but only with proof that the
// server never became primary: it is still in recovery and nobody has asked it
// to leave, or it is dead and its control file says that it was in recovery. A lock
// that said who has all says so again.
func (a *Agent) takeBack(ctx context.Context, o replication.StandbyObservation, lock pg.LockInfo, hadLock bool, cause error) error {
	stopped, err := a.serverStopped(ctx)
	if err != nil {
		return errors.Join(cause, err)
	}
	c, err := a.pg.Control() // after it: what has ended says no more
	if err != nil {
		return errors.Join(cause, err)
	}
	inRecovery := c.State == pg.DBInArchiveRecovery || c.State == pg.DBShutDownInRecovery
	if !inRecovery || !stopped && a.promoteAsked {
		return cause
	}
	a.applyAll(ctx, replication.UndoPromotion(o, hadLock))
	if len(lock.Covered) > 0 {
		a.report(a.pg.WriteLock(lock))
	}
	return cause
}
