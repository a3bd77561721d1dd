package agent

import (
	"context"

	"pgrex/internal/ocf"
	"pgrex/internal/replication"
)

// stop ends the server of an unpromoted instance, whatever state its
// configuration is in: a failed stop gets the node fenced.
//
// The right to be promoted goes first, so that nobody chooses this node while
// its server is on the way down. What cannot be written does not keep the
// server from being stopped.
func (a *Agent) stop(ctx context.Context) (ocf.Code, error) {
	if !a.replicated() {
		return a.stopAlone(ctx)
	}
	// The cluster may cost a fifth of the time, not the time that the server needs.
	brief, cancel := a.share(ctx, 1, 5)
	defer cancel()
	own := a.own(brief)
	a.remember(brief)
	first := replication.LoseScore(own, "it is being stopped")
	if own.XlogLoc != "" {
		first = append(first, replication.SetXlogLoc{Node: own.Name, Old: own.XlogLoc, Why: "it is being stopped"})
	}
	a.applyAll(brief, first)
	a.forgetReceiver(brief)
	// The shutdown of a standby moves what the lock is compared with.
	a.dropServedLock(brief)

	if _, err := a.stopServer(ctx, a.params.StopEscalateInSlave); err != nil {
		a.applyAll(ctx, statusChange(own, replication.Unknown, "it could not be stopped"))
		return ocf.ErrGeneric, err
	}
	a.applyAll(ctx, statusChange(own, replication.Stopped, "it has been stopped"))
	if err := a.prepareSyncNames(); err != nil {
		a.log.Warn(err) // start writes it again
	}
	if own.Baseline != "" {
		a.applyAll(ctx, []replication.Change{replication.SetBaseline{Node: own.Name, Old: own.Baseline, Why: "it has been stopped"}})
	}
	return ocf.Success, nil
}

// stopAlone stops a server that is not part of a promotable clone.
func (a *Agent) stopAlone(ctx context.Context) (ocf.Code, error) {
	a.forgetReceiver(ctx)
	if _, err := a.stopServer(ctx, a.params.StopEscalate); err != nil {
		return ocf.ErrGeneric, err
	}
	return ocf.Success, nil
}

func statusChange(own replication.Node, status replication.Status, why string) []replication.Change {
	if own.Status == status {
		return nil
	}
	return []replication.Change{replication.SetStatus{Node: own.Name, Old: own.Status, New: status, Why: why}}
}
