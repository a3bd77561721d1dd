package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/internal/replication"
)

// status says whether the server runs, by its processes alone.
func (a *Agent) status(ctx context.Context) (ocf.Code, error) {
	stopped, err := a.serverStopped(ctx)
	switch {
	case err != nil:
		return ocf.ErrGeneric, err
	case stopped:
		return ocf.NotRunning, nil
	default:
		return ocf.Success, nil
	}
}

// monitor finds out what the server is and, between probes, does what a
// primary or a standby owes the cluster.
//
// The verdict rests on the server alone. Whatever goes wrong with attributes
// afterwards is logged and tried again by the next monitor: a slow CIB must
// not fail a healthy primary.
func (a *Agent) monitor(ctx context.Context) (ocf.Code, error) {
	stopped, err := a.serverStopped(ctx)
	if err != nil {
		return a.failed(), err
	}
	if stopped {
		a.report(a.showDown(ctx))
		return ocf.NotRunning, nil
	}
	// The server gets two thirds of the time, its verdict's consequences the rest.
	query, cancel := a.share(ctx, 2, 3)
	defer cancel()
	asked := time.Now()
	query, cancel = a.unlessHung(query)
	defer cancel()
	session, err := a.connectForMonitor(query)
	if errors.Is(err, pg.ErrTooMany) || a.nameless && errors.Is(err, pg.ErrAuth) {
		return a.busyVerdict(err)
	}
	if errors.Is(err, errServerDied) {
		return a.diedMeanwhile(ctx)
	}
	if err != nil {
		return a.unanswered(query, asked, fmt.Errorf("PostgreSQL runs but does not serve: %w", err))
	}
	defer session.Close()
	if !a.call.Probe() {
		a.keepWatch() // before anything is seen that it might change
	}

	server, senders, err := session.Observe(query)
	if err != nil && server.VersionNum == 0 {
		return a.unanswered(query, asked, fmt.Errorf("PostgreSQL does not answer: %w", err))
	}
	if err != nil {
		// The server has said what it is; its view of the standbys is another matter.
		a.log.Warnf("the standbys keep their last verdict: %v", oneLine(err))
		return a.roleCode(server), nil
	}
	a.report(a.showReceiver(ctx, server))
	if !a.replicated() {
		if err := session.Exec(query, a.params.MonitorSQL); err != nil {
			return ocf.ErrGeneric, fmt.Errorf("monitor_sql failed: %w", err)
		}
		return ocf.Success, nil
	}
	if server.InRecovery {
		a.report(a.attendStandby(ctx, server, senders))
		return ocf.Success, nil
	}
	if a.params.MonitorSQL != ocf.DefaultMonitorSQL {
		if err := session.Exec(query, a.params.MonitorSQL); err != nil {
			return ocf.FailedPromoted, fmt.Errorf("monitor_sql failed: %w", err)
		}
	}
	err = a.attendPrimary(ctx, session, server, senders)
	if errors.Is(err, errSuperseded) {
		return ocf.FailedPromoted, err
	}
	a.report(err)
	return ocf.RunningPromoted, nil
}

// errSuperseded fails a primary that another one has come after: the cluster may not
// see two of them, where that one has been stopped meanwhile.
var errSuperseded = errors.New("this server has acknowledged nothing since, and ends")

// diedMeanwhile answers for a server that was there a moment ago.
func (a *Agent) diedMeanwhile(ctx context.Context) (ocf.Code, error) {
	stopped, err := a.serverStopped(ctx)
	switch {
	case err != nil:
		return a.failed(), err
	case !stopped:
		return a.failed(), errors.New("PostgreSQL has been started anew by somebody else")
	default:
		return ocf.NotRunning, nil
	}
}

func (a *Agent) roleCode(server pg.ServerState) ocf.Code {
	if server.InRecovery || !a.replicated() {
		return ocf.Success
	}
	return ocf.RunningPromoted
}

// connectForMonitor waits for a server that is starting up, but not for a free
// connection: that one is needed by nobody to know that the server lives.
func (a *Agent) connectForMonitor(ctx context.Context) (*pg.Session, error) {
	session, err := a.connect(ctx)
	if err == nil || !errors.Is(err, pg.ErrStarting) && !errors.Is(err, pg.ErrNoServer) {
		return session, err
	}
	return a.connectPatiently(ctx)
}

// busyVerdict judges a server that lives and has no connection left for us, or
// does not know us because the name service does not.
func (a *Agent) busyVerdict(cause error) (ocf.Code, error) {
	c, err := a.pg.Control()
	if err != nil {
		return ocf.ErrGeneric, errors.Join(cause, err)
	}
	a.log.Warnf("%v; its control file says %q, which has to do", cause, c.State)
	switch c.State {
	case pg.DBInProduction:
		return a.roleCode(pg.ServerState{}), nil
	case pg.DBInArchiveRecovery:
		return ocf.Success, nil
	default:
		return ocf.ErrGeneric, cause
	}
}

func (a *Agent) report(err error) {
	if err != nil {
		a.log.Warnf("not done, the next time will try again: %v", oneLine(err))
	}
}

// share is a context with a part of the time that ctx has left.
func (a *Agent) share(ctx context.Context, part, of int) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	wait := time.Until(end) * time.Duration(part) / time.Duration(of)
	return context.WithTimeoutCause(ctx, wait, fmt.Errorf("no answer within %v", wait.Round(time.Millisecond)))
}

// attendStandby is what a standby does for the cluster at each monitor.
func (a *Agent) attendStandby(ctx context.Context, server pg.ServerState, senders []pg.Sender) error {
	if !a.usable {
		return nil
	}
	if !a.call.Probe() {
		a.dropServedLock(ctx)
	}
	if a.fed(server, senders) {
		a.reportFollowing(server)
		return nil
	}
	s, err := a.cluster(ctx)
	if err != nil {
		return err
	}
	if a.call.Probe() {
		a.remember(ctx)
		// The cluster has just met this server and must not promote it on an old score.
		return a.apply(ctx, nil, replication.LoseScore(a.own(ctx), "a standby was found running"))
	}
	o, err := a.standbyObservation(s, server)
	if err != nil {
		return err
	}
	if o.PrimaryExists() {
		a.reportFollowing(server)
		if server.ReceiverStatus == "" {
			a.reconnect(connecting)
		}
		return a.apply(ctx, nil, replication.FollowPrimary(o))
	}
	return a.apply(ctx, nil, replication.Elect(o))
}

// hearing is how long ago the primary may have spoken to be taken for alive.
// One whose power is lost says nothing more and hangs nothing up.
const hearing = 10 * time.Second

// fed says that a primary sends WAL to this standby at the moment. Then there
// is nothing to vote about, and what the cluster is told of this node is the
// primary's to say: the cluster need not be asked, which costs more than all
// the rest of a monitor. A standby that has been led to itself, by an address
// in the wrong place, feeds on nothing.
func (a *Agent) fed(server pg.ServerState, senders []pg.Sender) bool {
	return !a.call.Probe() && a.receives(server, senders) && time.Since(server.ReceiverHeard) < hearing
}

// receives says that the server is connected to another one as its standby, as
// far as it knows.
func (a *Agent) receives(server pg.ServerState, senders []pg.Sender) bool {
	for _, row := range senders {
		if strings.EqualFold(row.Name, a.node) {
			return false
		}
	}
	return server.ReceiverStatus == "streaming"
}

// attendPrimary is what a primary does for the cluster at each monitor.
func (a *Agent) attendPrimary(ctx context.Context, session *pg.Session, server pg.ServerState, senders []pg.Sender) error {
	if !a.usable {
		return nil
	}
	if a.call.Probe() {
		s, err := a.cluster(ctx)
		if err != nil {
			return err
		}
		// The gateway's attribute decides upon this answer, and may be lost as well.
		a.remember(ctx)
		return a.apply(ctx, nil, replication.Found(a.node, a.mode(), a.nodes(s)))
	}
	a.report(a.watchSlots(ctx, session))
	sending := a.sending(senders)
	a.met = &sending
	if a.steady(ctx, server, senders) {
		return nil
	}
	return a.control(ctx, session, server, senders)
}

// steady says that there is nothing to do for the cluster, at the price of a
// glance. All nodes are members in order then, and the roles, which a glance
// does not tell, could only be a reason to write nothing: the decision is the
// same with and without them when it is to change nothing.
func (a *Agent) steady(ctx context.Context, server pg.ServerState, senders []pg.Sender) bool {
	s, settled, err := a.crm.Glance(ctx)
	if err != nil {
		return false // the full look says why
	}
	if !settled {
		if full, err := a.crm.Complete(ctx, s); err == nil {
			a.state = &full
		}
		return false
	}
	o, err := a.observation(&s, server, senders)
	return err == nil && len(replication.Control(o)) == 0 && len(replication.Gaining(o)) == 0
}
