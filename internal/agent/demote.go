package agent

import (
	"context"

	"pgrex/internal/ocf"
	"pgrex/internal/replication"
)

// demote stops the server of the primary. It stays down, as operators and
// their procedures know it: its data may be ahead of the next primary's until
// somebody has compared them, and PGSQL.lock says so.
//
// A server that is down already has been demoted well enough.
func (a *Agent) demote(ctx context.Context) (ocf.Code, error) {
	// As in stop: a cluster that does not answer must not keep the server up.
	brief, cancel := a.share(ctx, 1, 5)
	defer cancel()
	own, before := a.own(brief), a.demotion(brief)
	first := replication.LoseScore(own, "it is being demoted")
	if own.Baseline != "" {
		first = append(first, replication.SetBaseline{Node: own.Name, Old: own.Baseline, Why: "it is being demoted"})
	}
	a.applyAll(brief, first)
	a.forgetReceiver(brief)

	wasRunning, err := a.stopServer(ctx, a.params.StopEscalate)
	if err != nil {
		a.applyAll(ctx, statusChange(own, replication.Unknown, "it could not be stopped"))
		return ocf.ErrGeneric, err
	}
	before.Stopped = wasRunning
	a.applyAll(ctx, replication.Demoted(before))
	if _, err := a.dropUnusedLock(); err != nil {
		a.log.Warn(err)
	}
	a.applyAll(ctx, statusChange(own, replication.Stopped, "it has been demoted"))
	return ocf.Success, nil
}

// demotion is what speaks for or against the lock, as long as the attributes
// still tell of the primary.
func (a *Agent) demotion(ctx context.Context) replication.Demotion {
	d := replication.Demotion{
		Own: a.node, Mode: a.mode(),
		Standbys: a.call.Notify.Unpromoted, StandbysKnown: a.call.Notify.UnpromotedKnown,
	}
	if s, err := a.cluster(ctx); err == nil {
		d.Nodes, d.Quorate = a.nodes(s), s.Quorate || s.IgnoresQuorum
	}
	return d
}
