package agent

import (
	"pgrex/internal/ocf"
	"pgrex/internal/replication"
)

// replicated says whether the instance is part of a promotable clone that
// this agent keeps in replication.
func (a *Agent) replicated() bool { return a.params.RepMode.Replicated() }

func (a *Agent) mode() replication.Mode {
	if a.params.RepMode == ocf.RepAsync {
		return replication.Async
	}
	return replication.Sync
}
