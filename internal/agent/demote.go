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
	own := a.own(brief)
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
	notify := a.call.Notify
	a.applyAll(ctx, replication.Demoted(wasRunning, notify.UnpromotedKnown, notify.Unpromoted))
	if _, err := a.dropUnusedLock(); err != nil {
		a.log.Warn(err)
	}
	a.applyAll(ctx, statusChange(own, replication.Stopped, "it has been demoted"))
	return ocf.Success, nil
}
