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
// monitor only. Of a primary it holds the senders too, and looks after the
// standbys when one ends (look.go). Without it everything works, later.
//
// Start and every monitor see to it that there is one, and who stops the server
// ends it first: a death that is wanted is told to nobody. Whatever else of ours
// changes something holds it meanwhile. See docs/decisions/0048-watcher.md.
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
	var err error
	w := a.watcher
	if w == nil {
		if w, err = a.pg.FindWatcher(); err == nil {
			err = a.hold(w)
		}
	}
	if err == nil && !a.watches(w) {
		a.endWatch()
		err = pg.ErrNoWatcher
	}
	if errors.Is(err, pg.ErrNoWatcher) {
		if w, err = a.startWatch(); err == nil {
			err = a.hold(w)
		}
	}
	if err != nil {
		a.log.Warnf("no watcher, the next monitor will find out what becomes of the server: %v", oneLine(err))
	}
}

// watches says whether a watcher is that of the server that runs now: one whose
// server has died may still be telling the cluster of it.
func (a *Agent) watches(w *pg.Watcher) bool {
	p, err := a.pg.Processes()
	return err != nil || p.Postmaster == 0 || p.Postmaster == w.Postmaster
}

// startWatch starts a watcher and returns when it can be held: there is none that
// an action could miss.
func (a *Agent) startWatch() (w *pg.Watcher, err error) {
	self, err := ownProgram()
	if err != nil {
		return nil, err
	}
	if err := run.Detach(run.Command{Argv: []string{self, watchAction}, Env: a.secrets}); err != nil {
		return nil, err
	}
	const patience = time.Second
	ctx, cancel := context.WithTimeoutCause(context.Background(), patience, errors.New("it does not come up"))
	defer cancel()
	err = until(ctx, "the watcher", 5*time.Millisecond, func() (bool, error) {
		w, err = a.pg.FindWatcher()
		if errors.Is(err, pg.ErrNoWatcher) {
			return false, nil
		}
		return err == nil, err
	})
	return w, err
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
	if a.watcher != nil {
		a.watcher.Close()
		a.watcher = nil
	}
	w, err := a.pg.FindWatcher()
	if err == nil {
		err = w.End()
	}
	if err != nil && !errors.Is(err, pg.ErrNoWatcher) {
		a.log.Warnf("the watcher, if there is one, goes on: %v", oneLine(err))
	}
}

// holdWatch keeps the watcher from looking after the standbys while an action
// does, until that ends. One that does not let go is ended.
func (a *Agent) holdWatch() {
	w, err := a.pg.FindWatcher()
	if err == nil {
		err = a.hold(w)
	}
	if err != nil && !errors.Is(err, pg.ErrNoWatcher) {
		a.log.Warnf("the watcher, if there is one, is not held: %v", oneLine(err))
	}
}

func (a *Agent) hold(w *pg.Watcher) error {
	err := w.Hold()
	if err != nil {
		w.Close()
		a.endWatch()
		return err
	}
	a.watcher = w
	return nil
}

// letGo ends [Agent.holdWatch], and has the watcher look after an action upon
// which standbys may come or go, or that has met others than it knows.
func (a *Agent) letGo() {
	if a.watcher == nil {
		return
	}
	news := a.met != nil && pg.Mark(*a.met) != a.watcher.Known
	if news || a.call.Action == "promote" || a.call.Action == "notify" && a.call.Notify.Type == "post" {
		if err := a.watcher.Look(); err != nil {
			a.log.Debugf("the watcher is gone: %v", err)
		}
	}
	a.watcher.Close()
}

// watch is the watcher: it returns when the server has ended or it is told to.
// When there is no server the next monitor finds that out.
func (a *Agent) watch(ctx context.Context) (ocf.Code, error) {
	l := &looker{a: a, undone: true}
	duty := pg.Duty{Died: a.tell, Look: l.look}
	if a.usable && a.replicated() {
		duty.Events = l.membership
	}
	debug.SetGCPercent(50) // memory is dear in what lives for months
	debug.FreeOSMemory()
	err := a.pg.Watch(ctx, duty)
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
	if d.Served, err = a.served(ctx); err != nil {
		return err
	}
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

// served says whether another server runs in the data directory of one that has
// ended. A child that was being forked at that moment still listens in its
// place, until it finds itself alone.
func (a *Agent) served(ctx context.Context) (bool, error) {
	const grace = 500 * time.Millisecond
	end := time.Now().Add(grace)
	var p pg.Processes
	err := until(ctx, "the children of the server", 20*time.Millisecond, func() (bool, error) {
		var err error
		p, err = a.pg.Processes()
		return err != nil || p.Postmaster == 0 || time.Now().After(end), err
	})
	return p.Postmaster != 0, err
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
	r, why := managed(d.Cluster, d.Resource, d.Node)
	switch {
	case why != "":
		return why
	case r.Failed:
		return "the cluster knows it already"
	case r.Role != crm.Promoted && r.Role != crm.Unpromoted:
		return "the cluster is at work on it: " + r.Role
	}
	return ""
}

// managed is the instance of a resource on a node, and why the cluster leaves it
// to somebody else, or "".
func managed(o crm.Overview, resource, node string) (crm.Resource, string) {
	if o.MaintenanceMode {
		return crm.Resource{}, "the cluster is in maintenance"
	}
	if n, _ := o.Node(node); n.Maintenance {
		return crm.Resource{}, "this node is in maintenance"
	}
	instances := o.Of(resource)
	i := slices.IndexFunc(instances, func(r crm.Resource) bool { return r.ActiveOn(node) })
	if i < 0 {
		return crm.Resource{}, "the cluster has it not running here"
	}
	r := instances[i]
	if !r.Managed || r.Maintenance || r.Blocked {
		return r, "the cluster does not manage it"
	}
	return r, ""
}
