package agent

import (
	"context"
	"errors"
	"strings"
	"time"

	"pgrex/internal/pg"
	"pgrex/internal/replication"
)

// settleTimeout is how long the control of the standbys waits for the server
// to report a standby synchronous that it has just been told to wait for.
const settleTimeout = 2 * time.Second

// control lets the cluster know what the primary sees of its standbys and
// settles which of them commits wait for.
//
// A standby that streams is put into the list first and gets its rights only
// when the server itself reports it synchronous, which takes milliseconds; the
// decision is made a second time then, on the state that is already known.
func (a *Agent) control(ctx context.Context, session *pg.Session, server pg.ServerState, senders []pg.Sender) error {
	s, err := a.cluster(ctx)
	if err != nil {
		return err
	}
	o, err := a.observation(s, server, senders)
	if err != nil {
		return err
	}
	if err := a.findStalled(ctx, session, &o, server, senders); err != nil {
		return err
	}
	changes := replication.Control(o)
	if err := a.apply(ctx, session, changes); err != nil {
		return err
	}
	if !gainsName(changes) {
		return nil
	}
	wait, cancel := context.WithTimeoutCause(ctx, settleTimeout, errors.New("the server does not report it synchronous"))
	defer cancel()
	return until(wait, "the standby to become synchronous", 10*time.Millisecond, func() (bool, error) {
		server, senders, err := session.Observe(ctx)
		if err != nil {
			return false, err
		}
		o, err := a.observation(a.state, server, senders)
		if err != nil || !anySynchronous(o) {
			return false, err
		}
		return true, a.apply(ctx, session, replication.Control(o))
	})
}

// stallTime is how long a standby whose node the cluster has lost may take to
// confirm WAL that waits for it. Across a network that works it takes
// milliseconds; the server itself gives up only after wal_sender_timeout.
const stallTime = 500 * time.Millisecond

// findStalled marks the standbys of lost nodes that confirm nothing. A node can
// be lost to the cluster while its server goes on: the networks are separate.
func (a *Agent) findStalled(ctx context.Context, session *pg.Session, o *replication.Observation, server pg.ServerState, senders []pg.Sender) error {
	var lost []pg.Sender
	for _, row := range senders {
		if n, ok := a.state.Node(row.Name); ok && !n.Online {
			lost = append(lost, row)
		}
	}
	waiting, err := unconfirmed(ctx, session, server, lost, stallTime)
	if err != nil {
		return err
	}
	for i := range o.Senders {
		_, o.Senders[i].Stalled = waiting[o.Senders[i].Name]
	}
	return nil
}

// unconfirmed are those of some standbys, by name, that confirm nothing of the WAL
// that waits for them, however long that takes up to patience.
func unconfirmed(ctx context.Context, session *pg.Session, server pg.ServerState, some []pg.Sender, patience time.Duration) (map[string]pg.Sender, error) {
	waiting := map[string]pg.Sender{}
	for _, row := range some {
		if row.Flush < server.Current {
			waiting[row.Name] = row
		}
	}
	if len(waiting) == 0 {
		return nil, nil
	}
	wait, cancel := context.WithTimeoutCause(ctx, patience, errStalled)
	defer cancel()
	err := until(wait, "standbys to confirm WAL", 20*time.Millisecond, func() (bool, error) {
		later, err := session.Senders(ctx) // a query cut short would end the session
		for _, row := range later {
			if before, waits := waiting[row.Name]; waits && row.Flush > before.Flush {
				delete(waiting, row.Name)
			}
		}
		return len(waiting) == 0, err
	})
	if errors.Is(err, errStalled) {
		err = nil
	}
	return waiting, err
}

var errStalled = errors.New("they do not")

func gainsName(changes []replication.Change) bool {
	for _, c := range changes {
		if names, ok := c.(replication.SetSyncNames); ok && len(names.New) > 0 {
			return true
		}
	}
	return false
}

func anySynchronous(o replication.Observation) bool {
	for _, row := range o.Senders {
		if row.State == "streaming" && (row.Sync == "sync" || row.Sync == "quorum") {
			return true
		}
	}
	return false
}

// streaming says whether every one of the nodes is known to be a standby that
// receives WAL; its first reply, a moment after the connection, is the proof.
func streaming(senders []pg.Sender, nodes []string) bool {
	for _, n := range nodes {
		found := false
		for _, row := range senders {
			found = found || strings.EqualFold(row.Name, n) && row.State == "streaming" && row.Physical
		}
		if !found {
			return false
		}
	}
	return true
}
