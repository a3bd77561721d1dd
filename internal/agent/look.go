package agent

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"pgrex/internal/crm"
	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/internal/replication"
)

// looker looks after the standbys of a primary for the watcher, and lets a standby
// vote while there is no primary. What it does is what a monitor does, when
// something happens in place of at its time.
type looker struct {
	a     *Agent
	moved atomic.Int64 // when the membership has changed last, in Unix nanoseconds

	// What the last look has seen of the standbys, after which event, and what is
	// to come of it.
	seen    string
	event   time.Time
	outlook replication.Outlook
	undone  bool     // what it was about to do is still to be done
	there   []string // who was connected then
	sending []int    // by which processes
}

const (
	// lookTime bounds one look; a monitor comes anyway.
	lookTime = 10 * time.Second
	// lookPatience is for how long after an event the standbys are looked at
	// again and again: an address moves, a standby connects.
	lookPatience = 10 * time.Second
	// freshTime is how long the cluster may take to say what an event was.
	freshTime = 2 * time.Second
	// doubtPace is how often a standby is looked at whose node is lost, until the
	// server gives it up after wal_sender_timeout.
	doubtPace = 500 * time.Millisecond
	// glanceTime is how long standbys may take to confirm WAL before the cluster is asked.
	glanceTime = 100 * time.Millisecond
	// voteTime is from one observation of an election to the next, and to the first
	// one after an event, which may itself have been a monitor.
	voteTime = time.Second
	// returnTime is how long a standby that has hung up has to come back, which
	// one that has only restarted its receiver does at once.
	returnTime = 100 * time.Millisecond
)

// look looks once after an event, or once more.
func (l *looker) look(ctx context.Context, event time.Time) pg.Next {
	if !l.a.usable || !l.a.replicated() {
		return pg.Next{}
	}
	limited, cancel := context.WithTimeoutCause(ctx, lookTime, fmt.Errorf("no answer within %v", lookTime))
	defer cancel()
	l.a.state = nil
	defer debug.FreeOSMemory()
	if event != l.event { // somebody else may have done more than we have seen
		l.event, l.undone = event, true
	}
	since := time.Since(event)
	next, err := l.attend(limited, since)
	if err == nil {
		return next
	}
	l.undone, next.Processes = true, l.sending
	if ctx.Err() == nil { // nobody has ended it
		l.a.log.Debugf("looked in vain: %v", oneLine(err))
	}
	if since < lookPatience {
		next.Again = pace(since)
	}
	return next
}

// pace is when to look again, so long after an event: soon at first.
func pace(since time.Duration) time.Duration {
	return min(max(since/5, 100*time.Millisecond), 3*time.Second)
}

func (l *looker) attend(ctx context.Context, since time.Duration) (pg.Next, error) {
	a := l.a
	session, err := a.connect(ctx)
	if err != nil {
		return pg.Next{}, err
	}
	defer session.Close()
	server, senders, err := l.observe(ctx, session)
	if err != nil {
		return pg.Next{}, err
	}
	if server.InRecovery {
		return l.vote(ctx, server, senders, since)
	}
	next := pg.Next{Processes: a.sending(senders)}
	seen := fingerprint(senders)
	// A node that comes has nobody connected yet.
	fresh := len(next.Processes) > 0 && time.Since(time.Unix(0, l.moved.Load())) < freshTime
	idle := seen == l.seen && !fresh && !l.undone && (l.outlook != replication.Doubtful || confirmed(ctx, session, server, senders))
	if !idle {
		if err = l.change(ctx, session, server, senders); err != nil {
			return next, err
		}
		l.seen = seen
	}
	l.there, l.sending = connected(senders), next.Processes
	switch {
	case l.outlook == replication.Doubtful:
		next.Again = min(pace(since), doubtPace)
	case fresh, (l.undone || l.outlook == replication.Open) && since < lookPatience, a.catchingUp(senders):
		next.Again = pace(since)
	}
	return next, nil
}

// vote is the part of a standby's monitor that a cluster without a primary waits for.
func (l *looker) vote(ctx context.Context, server pg.ServerState, senders []pg.Sender, since time.Duration) (pg.Next, error) {
	a := l.a
	if a.fed(server, senders) || since > lookPatience {
		return pg.Next{}, nil
	}
	if since < voteTime {
		return pg.Next{Again: voteTime - since}, nil
	}
	cluster, s, err := a.crm.Whole(ctx, a.params.NodeList)
	if err != nil {
		return pg.Next{}, err
	}
	r, why := managed(cluster, a.call.Resource, a.node)
	o, err := a.standbyObservation(&s, server)
	if err != nil || why != "" || r.Role != crm.Unpromoted || o.PrimaryExists() || o.Elected() {
		return pg.Next{}, err
	}
	changes := replication.Elect(o)
	next := pg.Next{}
	if slices.ContainsFunc(changes, func(c replication.Change) bool { _, undecided := c.(replication.RecordVote); return undecided }) {
		next.Again = voteTime
	}
	return next, a.apply(ctx, nil, changes)
}

// observe waits a moment for standbys that have just hung up.
func (l *looker) observe(ctx context.Context, session *pg.Session) (server pg.ServerState, senders []pg.Sender, err error) {
	end := time.Now().Add(returnTime)
	err = until(ctx, "the standbys", 20*time.Millisecond, func() (bool, error) {
		server, senders, err = session.Observe(ctx)
		back := slices.Clone(l.there)
		for _, name := range connected(senders) {
			back = slices.DeleteFunc(back, func(n string) bool { return strings.EqualFold(n, name) })
		}
		return err == nil && (server.InRecovery || len(back) == 0 || time.Now().After(end)), err
	})
	return server, senders, err
}

// change does what a monitor would, unless it is not for us to do, and finds out
// what is to come of the standbys.
func (l *looker) change(ctx context.Context, session *pg.Session, server pg.ServerState, senders []pg.Sender) error {
	a := l.a
	l.undone = true
	cluster, s, err := a.crm.Whole(ctx, a.params.NodeList)
	if err != nil {
		return err
	}
	if r, why := managed(cluster, a.call.Resource, a.node); why != "" || r.Role != crm.Promoted {
		return nil
	}
	a.state = &s
	if err := a.control(ctx, session, server, senders); err != nil {
		return err
	}
	o, err := a.observation(a.state, server, senders)
	if err != nil {
		return err
	}
	l.outlook, l.undone = replication.Expect(o), len(replication.Gaining(o)) > 0
	return nil
}

// membership tells of nodes that come and go.
func (l *looker) membership(ctx context.Context) <-chan struct{} {
	const pause = 10 * time.Second // between two tries
	events := make(chan struct{}, 1)
	changed := func() {
		l.moved.Store(time.Now().UnixNano())
		select {
		case events <- struct{}{}:
		default: // one is enough
		}
	}
	go func() {
		for ctx.Err() == nil {
			if err := l.a.crm.Membership(ctx, changed); err != nil {
				l.a.log.Debug(oneLine(err))
			}
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
	}()
	return events
}

// sending are the processes that send to nodes of the cluster.
func (a *Agent) sending(senders []pg.Sender) (pids []int) {
	for _, row := range senders {
		if row.PID != 0 && ocf.Contains(a.params.NodeList, row.Name) {
			pids = append(pids, row.PID)
		}
	}
	return pids
}

// confirmed says whether the standbys have all that was sent to them, or are
// about to: those of lost nodes live then, and the cluster need not be asked.
func confirmed(ctx context.Context, session *pg.Session, server pg.ServerState, senders []pg.Sender) bool {
	waiting, err := unconfirmed(ctx, session, server, senders, glanceTime)
	return err == nil && len(waiting) == 0
}

// catchingUp says whether a standby of the cluster is about to stream.
func (a *Agent) catchingUp(senders []pg.Sender) bool {
	return slices.ContainsFunc(senders, func(row pg.Sender) bool {
		return ocf.Contains(a.params.NodeList, row.Name) && (row.State == "startup" || row.State == "catchup")
	})
}

func connected(senders []pg.Sender) (names []string) {
	for _, row := range senders {
		names = append(names, row.Name)
	}
	return names
}

// fingerprint is what a verdict on standbys depends on.
func fingerprint(senders []pg.Sender) string {
	var b strings.Builder
	for _, row := range senders {
		fmt.Fprintf(&b, "%d %s %s %s %t %t\n", row.PID, row.Name, row.State, row.SyncState, row.Physical, row.Visible)
	}
	return b.String()
}
