package agent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"pgrex/internal/crm"
	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/internal/replication"
)

// confirmTimeout bounds the wait until the cluster's record shows that a
// standby has lost its rights. The attribute daemon needs milliseconds.
const confirmTimeout = 5 * time.Second

// apply carries out a decision in its order and stops at the first failure:
// what comes later rests on what came before.
//
// What is taken from standbys before it is confirmed is taken at the same time:
// commits wait meanwhile.
func (a *Agent) apply(ctx context.Context, session *pg.Session, changes []replication.Change) error {
	if n := replication.Taken(changes); n > 1 {
		if err := a.applyTogether(ctx, changes[:n]); err != nil {
			return err
		}
		changes = changes[n:]
	}
	for _, c := range changes {
		switch c.(type) {
		case replication.Hold, replication.Abstain:
			a.log.Warn(c)
		case replication.RecordVote, replication.ForgetVotes:
			a.log.Debug(c)
		default:
			a.log.Info(c)
		}
		if err := a.applyOne(ctx, session, c); err != nil {
			return err
		}
	}
	return nil
}

// applyTogether carries out changes of attributes that do not depend on each
// other, at the same time: each is a program that mostly waits for the cluster.
// Which of them are done where one fails is left open.
func (a *Agent) applyTogether(ctx context.Context, changes []replication.Change) error {
	errs := make([]error, len(changes))
	var done sync.WaitGroup
	for i, c := range changes {
		done.Add(1)
		go func() {
			defer done.Done()
			errs[i] = a.apply(ctx, nil, []replication.Change{c})
		}()
	}
	done.Wait()
	return errors.Join(errs...)
}

// applyAll is for actions that take away: a step that fails is reported and
// the rest is done all the same.
func (a *Agent) applyAll(ctx context.Context, changes []replication.Change) {
	for _, c := range changes {
		if err := a.apply(ctx, nil, []replication.Change{c}); err != nil {
			a.log.Warn(err)
		}
	}
}

func (a *Agent) applyOne(ctx context.Context, session *pg.Session, c replication.Change) error {
	switch c := c.(type) {
	case replication.SetStatus:
		return a.setAttribute(ctx, crm.Transient, c.Node, a.attr("status"), string(c.New))
	case replication.SetDataStatus:
		return a.setAttribute(ctx, crm.Permanent, c.Node, a.attr("data-status"), string(c.New))
	case replication.SetScore:
		return a.setAttribute(ctx, crm.Transient, c.Node, crm.PromotionScore(a.call.Resource), c.New.String())
	case replication.SetXlogLoc:
		// The branch first: a position without one counts as being on anybody's.
		if err := a.setAttribute(ctx, crm.Transient, c.Node, a.attr("xlog-branch"), c.Branch.String()); err != nil {
			return err
		}
		return a.setAttribute(ctx, crm.Transient, c.Node, a.attr("xlog-loc"), c.New)
	case replication.SetBaseline:
		return a.setAttribute(ctx, crm.Transient, c.Node, a.attr("master-baseline"), c.New)
	case replication.ConfirmUnusable:
		return a.confirmUnusable(ctx, c.Nodes)
	case replication.SetSyncNames:
		return a.setSyncNames(ctx, session, c.New)
	case replication.Hold, replication.Abstain:
		return nil
	case replication.CreateLock:
		return a.pg.CreateLock(a.node)
	case replication.RemoveLock:
		return a.pg.RemoveLock()
	case replication.NoteCovered:
		return a.noteCovered(c.Nodes)
	case replication.RecordVote:
		if c.First {
			if err := a.pg.RemoveVoteNotes(); err != nil {
				return err
			}
		}
		return a.pg.WriteNote(c.Index, c.Text)
	case replication.ForgetVotes:
		return a.pg.RemoveVoteNotes()
	case replication.Promote:
		return a.promoteServer(ctx, session)
	default:
		return ocf.Errorf(ocf.ErrGeneric, "unknown change %T", c)
	}
}

func (a *Agent) setAttribute(ctx context.Context, l crm.Lifetime, node, name, value string) error {
	var err error
	if value == "" {
		err = a.crm.DeleteAttribute(ctx, l, node, name)
	} else {
		err = a.crm.SetAttribute(ctx, l, node, name, value)
	}
	if err == nil {
		a.noteAttribute(node, name, value)
	}
	return err
}

// confirmUnusable reads the cluster again until nobody can take the nodes for
// candidates any more.
func (a *Agent) confirmUnusable(ctx context.Context, names []string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, confirmTimeout, errors.New("the cluster's record does not show it"))
	defer cancel()
	return until(ctx, fmt.Sprintf("%v to lose the right to be promoted", names), 20*time.Millisecond, func() (bool, error) {
		s, err := a.clusterNow(ctx)
		if err != nil {
			return false, err
		}
		o := replication.Observation{Own: a.node, Mode: a.mode(), Nodes: a.nodes(s), Quorate: mayAct(s), Fencing: s.Fencing}
		sure, err := replication.Unusable(o, names)
		if err != nil || !sure {
			return false, err
		}
		return a.known(ctx, replication.Informed(o, names)), nil
	})
}

// known says whether these nodes know of themselves that they may not be promoted. What
// was written is in this node's copy of the record when it returns; that it has reached
// theirs is not said, and the two can be cut from each other in between.
func (a *Agent) known(ctx context.Context, nodes []string) bool {
	for _, name := range nodes {
		statuses, err := a.statusesAt(ctx, name)
		if err != nil {
			a.log.Debug(oneLine(err))
			return false
		}
		if d := statuses[name]; d == replication.NoData || d.Promotable(a.mode()) {
			return false
		}
	}
	return true
}

// setSyncNames changes what commits wait for and sees the server use it.
func (a *Agent) setSyncNames(ctx context.Context, session *pg.Session, names []string) error {
	if err := a.pg.WriteSyncNames(names, len(a.params.ExternalStandbys) > 0); err != nil {
		return err
	}
	if err := a.pg.Reload(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, confirmTimeout, errors.New("the server does not take it over"))
	defer cancel()
	return until(ctx, "the server to use the new synchronous_standby_names", 10*time.Millisecond, func() (bool, error) {
		st, err := session.State(ctx)
		return err == nil && equalNames(pg.ParseSyncNames(st.SyncNames), names), err
	})
}

func equalNames(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for _, n := range a {
		if !ocf.Contains(b, n) {
			return false
		}
	}
	return true
}

// noteCovered adds to this node's lock who has all that was written here.
func (a *Agent) noteCovered(nodes []string) error {
	var holders []pg.Holder
	for _, n := range nodes {
		holders = append(holders, pg.Holder{Node: n, Address: a.standbys[n]})
	}
	return a.pg.NoteHolders(a.node, holders)
}

// dropServedLock removes the lock of an old primary that is a standby again, once
// the record has it that another node's data is the latest.
func (a *Agent) dropServedLock(ctx context.Context) {
	lock, exists, err := a.pg.ReadLock()
	if err != nil || !exists || len(lock.Covered) == 0 {
		return
	}
	s, err := a.cluster(ctx)
	if err != nil || !replication.Followed(a.node, a.nodes(s)) {
		return
	}
	a.log.Infof("removing %s: %v had all of this node's data, and another node is primary", a.pg.LockFile(), lock.Covered)
	a.report(a.pg.RemoveLock())
}
