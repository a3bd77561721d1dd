package agent

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"pgrex/internal/crm"
	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/internal/run"
)

// The watcher is this program once more, with the action below, beside a server
// that runs: it holds the postmaster as a file descriptor, sleeps until that
// ends, and tells the cluster, which would else learn of it from the next
// monitor only. It changes nothing itself; without it everything works, later.
//
// Start and every monitor see to it that there is one, and who stops the server
// ends it first: a death that is wanted is told to nobody. See
// docs/decisions/0048-watcher.md.
const watchAction = "watch"

// keepWatch starts a watcher for the running server unless there is one, or ends
// the one that is not wanted any more. It needs somebody to tell: not for a
// server that is handled by hand.
func (a *Agent) keepWatch() {
	if !a.usable || !a.replicated() || a.call.ByHand {
		return
	}
	if !a.params.WatchServer {
		a.endWatch()
		return
	}
	w, err := a.pg.FindWatcher()
	if err == nil {
		w.Close()
		return
	}
	if errors.Is(err, pg.ErrNoWatcher) {
		var self string
		if self, err = ownProgram(); err == nil {
			err = run.Detach(run.Command{Argv: []string{self, watchAction}})
		}
	}
	if err != nil {
		a.log.Warnf("no watcher, the next monitor will find out what becomes of the server: %v", oneLine(err))
	}
}

// ownProgram is the path by which Pacemaker has started us: a link need not
// have the name of what it leads to.
func ownProgram() (string, error) {
	if filepath.IsAbs(os.Args[0]) {
		return os.Args[0], nil
	}
	return os.Executable()
}

// endWatch ends the watcher and returns when it has ended, so that it says
// nothing of what happens to the server from now on.
func (a *Agent) endWatch() {
	w, err := a.pg.FindWatcher()
	if err == nil {
		err = w.End()
	}
	if err != nil && !errors.Is(err, pg.ErrNoWatcher) {
		a.log.Warnf("the watcher, if there is one, goes on: %v", oneLine(err))
	}
}

// watch is the watcher: it returns when the server has ended or it is told to.
// When there is no server the next monitor finds that out.
func (a *Agent) watch(ctx context.Context) (ocf.Code, error) {
	debug.FreeOSMemory()
	err := a.pg.Watch(ctx, a.tell)
	for _, harmless := range []error{pg.ErrWatched, pg.ErrNoServer, pg.ErrToldToEnd} {
		if errors.Is(err, harmless) {
			return ocf.Success, nil
		}
	}
	return ocf.Success, err
}

// tellPatience is how long a cluster that does not answer is asked. After that
// its monitor is as early.
const tellPatience = 10 * time.Second

// tell lets the cluster know that the server has died, if that is a surprise.
func (a *Agent) tell(ctx context.Context, postmaster int) error {
	ctx, cancel := context.WithTimeoutCause(ctx, tellPatience, errors.New("the cluster does not answer"))
	defer cancel()
	d := death{Resource: a.call.Resource, Node: a.node}
	c, err := a.pg.Control()
	if err != nil {
		return err
	}
	d.State = c.State
	p, err := a.pg.Processes()
	if err != nil {
		return err
	}
	d.Served = p.Postmaster != 0
	err = until(ctx, "the state of the cluster", 100*time.Millisecond, func() (bool, error) {
		o, err := a.crm.Overview(ctx)
		d.Cluster = o
		return err == nil, nil
	})
	if err != nil {
		return err
	}
	if why := d.expected(); why != "" {
		a.log.Infof("postmaster %d has ended: %s", postmaster, why)
		return nil
	}
	a.log.Warnf("postmaster %d has died: the cluster is told", postmaster)
	return a.crm.Fail(ctx, d.Resource, d.Node)
}

// death is what is known when a server has ended that nobody of us has stopped.
type death struct {
	State          pg.DBState // of its control file
	Served         bool       // another server runs in the data directory
	Resource, Node string
	Cluster        crm.Overview
}

// expected says why the cluster is not told, or "". Only a server that has died
// is worth the word: one that somebody has shut down in order is left to the
// next monitor, as without a watcher, and what the cluster does not manage, or
// is busy with, is not its affair now.
func (d death) expected() string {
	if d.State == pg.DBShutDown || d.State == pg.DBShutDownInRecovery {
		return "it was shut down in order"
	}
	if d.Served {
		return "another server runs in its place"
	}
	if d.Cluster.MaintenanceMode {
		return "the cluster is in maintenance"
	}
	if n, _ := d.Cluster.Node(d.Node); n.Maintenance {
		return "this node is in maintenance"
	}
	instances := d.Cluster.Of(d.Resource)
	i := slices.IndexFunc(instances, func(r crm.Resource) bool { return r.ActiveOn(d.Node) })
	if i < 0 {
		return "the cluster has it not running here"
	}
	switch r := instances[i]; {
	case !r.Managed || r.Maintenance || r.Blocked:
		return "the cluster does not manage it"
	case r.Failed:
		return "the cluster knows it already"
	case r.Role != crm.Promoted && r.Role != crm.Unpromoted:
		return "the cluster is at work on it: " + r.Role
	}
	return ""
}
