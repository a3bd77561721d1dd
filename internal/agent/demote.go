package agent

import (
	"context"
	"slices"
	"time"

	"pgrex/internal/crm"
	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/internal/replication"
)

// demote ends the server of the primary. Whether it comes back at once, as a
// standby, is a question of proof: PGSQL.lock says that its data may be ahead
// of the next primary's, and goes only when that cannot be (0005). Where the
// cluster stops the instance next, starting it would only cost time.
//
// A server that is down already has been demoted well enough, and so has a
// standby that nobody ever asked to be anything else.
func (a *Agent) demote(ctx context.Context) (ocf.Code, error) {
	// As in stop: a cluster that does not answer must not keep the server up.
	brief, cancel := a.share(ctx, 1, 5)
	defer cancel()
	own := a.own(brief)
	a.remember(brief)
	first := replication.LoseScore(own, "it is being demoted")
	if own.Baseline != "" {
		first = append(first, replication.SetBaseline{Node: own.Name, Old: own.Baseline, Why: "it is being demoted"})
	}
	found := a.findDown()
	if a.mayReturnAtOnce(found) {
		a.returnAtOnce(ctx, brief, own, first)
		return ocf.Success, nil
	}
	dead := a.deadWithLock(found)
	if dead {
		first = append(first, statusChange(own, replication.Stopped, "it has been demoted")...)
	}
	if err := a.applyTogether(brief, first); err != nil {
		a.log.Warn(oneLine(err))
	}
	if dead {
		a.endWatch()
		a.forgetReceiver(brief)
		return ocf.Success, nil
	}
	if a.neverPromoted() {
		a.log.Info("the server is a standby and stays one")
		switch own.Status {
		case replication.NoStatus, replication.Stopped, replication.Unknown, replication.Primary:
			a.applyAll(ctx, statusChange(own, replication.HSAlone, "a standby was found running"))
		}
		return ocf.Success, nil
	}
	a.forgetReceiver(brief)
	a.standbys = a.standbyAddresses(brief)

	wasRunning, err := a.stopServer(ctx, a.params.StopEscalate)
	if err != nil {
		a.applyAll(ctx, statusChange(own, replication.Unknown, "it could not be stopped"))
		return ocf.ErrGeneric, err
	}
	a.applyAll(ctx, a.demoted(ctx, wasRunning))
	if _, err := a.dropUnusedLock(); err != nil {
		a.log.Warn(err)
	}
	back, err := a.comeBack(ctx)
	a.report(err)
	status, why := replication.Stopped, "it has been demoted"
	if back {
		status, why = replication.HSAlone, "started as a standby"
	}
	a.applyAll(ctx, statusChange(own, status, why))
	return ocf.Success, nil
}

// downServer is a server that was found down by a demotion.
type downServer struct {
	known bool       // it is down, and the rest could be read
	free  bool       // [Agent.unlocked]
	state pg.DBState // that it was left in
}

func (a *Agent) findDown() downServer {
	p, err := a.pg.Processes()
	if err != nil || !p.None() {
		return downServer{}
	}
	free, err := a.unlocked()
	if err != nil {
		return downServer{}
	}
	c, err := a.pg.Control()
	return downServer{err == nil, free, c.State}
}

// mayReturnAtOnce says that the server was stopped in order before, with nobody in
// whose way its data is: pg-rex_switchover has seen to both, and clients wait.
func (a *Agent) mayReturnAtOnce(s downServer) bool {
	return s.known && s.free && s.state == pg.DBShutDown && a.wanted() && a.params.SlotName == ""
}

// returnAtOnce starts the server as a standby while the cluster is told that it is
// one. A standby takes nobody's place, whatever score its node still has.
func (a *Agent) returnAtOnce(ctx, brief context.Context, own replication.Node, first []replication.Change) {
	if own.XlogLoc != "" {
		first = append(first, replication.SetXlogLoc{Node: own.Name, Old: own.XlogLoc, Why: "it is being started"})
	}
	told := make(chan error, 1)
	first = append(first, statusChange(own, replication.HSAlone, "it comes back as a standby")...)
	go func() { told <- a.applyTogether(brief, first) }()
	a.endWatch()
	back, err := a.startUnserved(ctx, a.prepareFiles)
	if err := <-told; err != nil {
		a.log.Warn(oneLine(err))
	}
	a.report(err)
	if !back {
		own.Status = replication.HSAlone
		a.applyAll(ctx, statusChange(own, replication.Stopped, "it has not come back"))
	}
	a.forgetReceiver(ctx)
}

// deadWithLock says that the server has crashed as a primary and that its lock stays:
// there is nothing left to do here but to tell so.
func (a *Agent) deadWithLock(s downServer) bool {
	return s.known && !s.free && s.state == pg.DBInProduction && a.state != nil &&
		len(replication.Demoted(a.sees(a.demotion(false, nil), a.state))) == 0
}

// demoted is what is to become of the lock. A server that was stopped here took its
// time, and the cluster may have made another node primary meanwhile: it is looked at
// once more. So it is before a lock goes.
func (a *Agent) demoted(ctx context.Context, stopped bool) []replication.Change {
	d := a.demotion(stopped, a.covered(ctx, a.standbys))
	ctx, cancel := a.share(ctx, 1, 5)
	defer cancel()
	if !stopped && a.state != nil {
		if d = a.sees(d, a.state); len(replication.Demoted(d)) == 0 {
			return nil
		}
	}
	s, err := a.clusterNow(ctx)
	if err != nil {
		a.log.Warn(err)
		return nil
	}
	return replication.Demoted(a.sees(d, s))
}

// demotion is what this action knows of it.
func (a *Agent) demotion(stopped bool, covered []string) replication.Demotion {
	return replication.Demotion{
		Own: a.node, Mode: a.mode(), Stopped: stopped, Covered: covered,
		Standbys: a.call.Notify.Unpromoted, StandbysKnown: a.call.Notify.UnpromotedKnown,
	}
}

// sees adds what the cluster says.
func (a *Agent) sees(d replication.Demotion, s *crm.State) replication.Demotion {
	d.Nodes, d.Quorate, d.Fencing = a.nodes(s), mayAct(s), s.Fencing
	return d
}

// neverPromoted is certain that the server is a standby and that nobody has
// asked it to become primary: its control file says so, and the lock that
// precedes every promotion is not there, or is that of an earlier one.
func (a *Agent) neverPromoted() bool {
	p, err := a.pg.Processes()
	if err != nil || p.Postmaster == 0 {
		return false
	}
	c, err := a.pg.Control()
	if err != nil || c.State != pg.DBInArchiveRecovery {
		return false
	}
	lock, exists, err := a.pg.ReadLock()
	return err == nil && (!exists || lock.Held(c))
}

// standbyAddresses is where the standbys of this primary come from, by node. It
// is of use only when the server will write a shutdown checkpoint for them.
func (a *Agent) standbyAddresses(ctx context.Context) map[string]string {
	if a.params.StopEscalate <= 0 || !a.usable {
		return nil
	}
	senders, err := a.senders(ctx)
	if err != nil {
		a.log.Info(oneLine(err)) // a server that is gone, most likely
	}
	found := map[string]string{}
	for _, row := range senders {
		if row.Physical && row.State == "streaming" && row.ClientAddr != "" && ocf.Contains(a.params.NodeList, row.Name) {
			found[row.Name] = row.ClientAddr
		}
	}
	return found
}

// askPatience is the time for all standbys to say how far they are. The server
// has already waited for them when it shut down: they answer at once or not.
const askPatience = time.Second

// covered are those standbys that have all that this node wrote. A standby
// that does not answer, or may not be asked, has proved nothing.
func (a *Agent) covered(ctx context.Context, standbys map[string]string) []string {
	if len(standbys) == 0 {
		return nil
	}
	c, err := a.pg.Control()
	if err != nil {
		a.log.Warn(err)
		return nil
	}
	end, err := a.pg.ShutdownEnd(c)
	if err != nil {
		a.log.Info(err) // an immediate shutdown, most likely
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	var names []string
	for name, addr := range standbys {
		p, err := a.pg.AskPeer(ctx, addr, a.params.RepUser, a.params.PrimaryConninfoOpt)
		switch {
		case err != nil:
			a.log.Warn(err)
		case p.SystemID == c.SystemID && p.Timeline == c.Timeline && p.Position >= end:
			names = append(names, name)
		default:
			a.log.Warnf("%s is at %s on timeline %d, this node was stopped at %s on %d", name, p.Position, p.Timeline, end, c.Timeline)
		}
	}
	slices.Sort(names)
	return names
}

// unlocked says whether the lock is in nobody's way: it is not there, or others
// have all that is here.
func (a *Agent) unlocked() (bool, error) {
	lock, exists, err := a.pg.ReadLock()
	if err != nil || !exists {
		return err == nil, err
	}
	c, err := a.pg.Control()
	return err == nil && lock.Held(c), err
}

// comeBack starts the server again, as the standby that Pacemaker takes a
// demoted instance for, and says whether it did. Without proof that nobody lacks
// its data (by the lock) it stays down, and so it does when it is to
// be stopped anyway, or when nobody has said what the cluster is up to.
//
// Nobody waits until it serves: the promotion of the next primary comes after
// this action, and the monitor that follows sees what has become of the server.
// But it has to be there for a stop that may follow at once, by its pid file.
// Only slots that this node had for its standbys are removed first (WAL would be
// kept for nobody), and that takes a server.
func (a *Agent) comeBack(ctx context.Context) (bool, error) {
	if !a.wanted() {
		return false, nil
	}
	if free, err := a.unlocked(); err != nil || !free {
		return false, err
	}
	if a.params.SlotName != "" {
		_, err := a.bringUp(ctx)
		return err == nil, err
	}
	return a.startUnserved(ctx, func() error { return a.prepare(ctx) })
}

// wanted says that the cluster goes on with this instance, as a standby.
func (a *Agent) wanted() bool {
	n := a.call.Notify
	return n.UnpromotedKnown && !ocf.Contains(n.Stop, a.node) && a.usable
}

// startUnserved starts the server and says whether it is there.
func (a *Agent) startUnserved(ctx context.Context, prepare func() error) (bool, error) {
	if err := prepare(); err != nil {
		return false, err
	}
	starting, cancel := a.share(ctx, 1, 2) // the cluster has to be told in any case
	defer cancel()
	if err := a.pg.Start(starting); err != nil {
		return false, a.withReason(ctx, "cannot start PostgreSQL", err)
	}
	ended, err := a.serverStopped(ctx)
	return !ended || err != nil, err // what cannot be told may run
}
