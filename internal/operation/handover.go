package operation

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
)

// What a switchover does on the servers of the two nodes.

// senderRow is a connection that a primary sends WAL to.
type senderRow struct {
	Name, Address, State, Sync string
	Lag                        int64 // bytes not yet flushed there
}

// sending is what a primary says of its standbys.
type sending struct {
	InRecovery bool
	Position   wal.LSN
	Rows       []senderRow
	Settings   map[string]int // those that must not be smaller on a standby
}

// standbySettings must not be smaller on a standby than on its primary (manual,
// "Administrator's Overview" of hot standby).
var standbySettings = []string{
	"max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_transactions", "max_locks_per_transaction",
}

var observeServer = node.Define("observe-server", func(ctx context.Context, in serverIn) (sending, error) {
	i, err := in.instance(ctx)
	if err != nil {
		return sending{}, err
	}
	s, err := i.Connect(ctx)
	if err != nil {
		return sending{}, err
	}
	defer s.Close()
	st, rows, err := s.Observe(ctx)
	if err != nil {
		return sending{}, err
	}
	out := sending{InRecovery: st.InRecovery, Position: st.Current, Settings: map[string]int{}}
	if st.InRecovery {
		out.Position = st.Position()
	}
	for _, r := range rows {
		if r.Physical {
			out.Rows = append(out.Rows, senderRow{r.Name, r.ClientAddr, r.State, r.SyncState, int64(st.Current) - int64(r.Flush)})
		}
	}
	settings, err := s.Settings(ctx, standbySettings...)
	for name, v := range settings {
		if out.Settings[name], err = strconv.Atoi(v.Value); err != nil {
			return out, err
		}
	}
	return out, err
})

// stopIn asks for a fast shutdown that may take so long.
type stopIn struct {
	serverIn
	Limit time.Duration
}

// stopped is how a server was stopped.
type stopped struct {
	// Clean says that it wrote a shutdown checkpoint as a primary, which ends at End.
	Clean bool
	End   wal.LSN
	Left  int // processes that are left
}

// stopServer stops a server by a fast shutdown; one that is stopped already is
// only looked at. One that does not end in time is no error but has processes left.
var stopServer = node.Define("stop-server", func(ctx context.Context, in stopIn) (stopped, error) {
	i, err := in.instance(ctx)
	if err != nil {
		return stopped{}, err
	}
	p, err := i.Processes()
	if err != nil {
		return stopped{}, err
	}
	if p.Postmaster != 0 {
		if err := i.Signal(p.Postmaster, pg.Fast); err != nil {
			return stopped{}, err
		}
		wait, cancel := context.WithTimeout(ctx, in.Limit)
		err := i.WaitGone(wait)
		cancel()
		if err != nil && ctx.Err() != nil {
			return stopped{}, context.Cause(ctx)
		}
	}
	if p, err = i.Processes(); err != nil || !p.None() {
		return stopped{Left: len(p.Others) + 1}, err
	}
	c, err := i.Control()
	if err != nil {
		return stopped{}, err
	}
	if c.State != pg.DBShutDown {
		return stopped{}, nil
	}
	end, err := i.ShutdownEnd(c)
	return stopped{Clean: err == nil, End: end}, err
})

// reachIn asks a standby whether it has received all up to a position.
type reachIn struct {
	serverIn
	Target wal.LSN
	Limit  time.Duration
}

// reach waits until a standby has received all up to a position, and answers
// with what it has.
var reach = node.Define("reach", func(ctx context.Context, in reachIn) (wal.LSN, error) {
	i, err := in.instance(ctx)
	if err != nil {
		return 0, err
	}
	s, err := i.Connect(ctx)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	for end := time.Now().Add(in.Limit); ; {
		st, err := s.State(ctx)
		switch {
		case err != nil:
			return 0, err
		case !st.InRecovery:
			return 0, errors.New("the server is no standby any more")
		case st.Position() >= in.Target || time.Now().After(end):
			return st.Position(), nil
		}
		select {
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-time.After(serverPoll):
		}
	}
})

// serverPoll lies between two questions to a server on its own node.
const serverPoll = 10 * time.Millisecond

// serveIn asks for the moment in which a node serves.
type serveIn struct {
	serverIn
	Addresses []string // that have to be on the node
	Limit     time.Duration
}

// serving waits until the server of a node takes writes and the addresses at
// which its clients look for it are there. The write is a record of WAL that
// says nothing, in a transaction of its own.
var serving = node.Define("serving", func(ctx context.Context, in serveIn) (time.Time, error) {
	i, err := in.instance(ctx)
	if err != nil {
		return time.Time{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, in.Limit, fmt.Errorf("it takes no writes within %v", in.Limit))
	defer cancel()
	var s *pg.Session
	defer func() {
		if s != nil {
			s.Close()
		}
	}()
	for {
		if ready, err := hasAddresses(in.Addresses); err == nil && ready {
			if s == nil {
				s, _ = i.Connect(ctx) // not yet, maybe
			}
			if s != nil {
				st, err := s.State(ctx)
				if err == nil && !st.InRecovery {
					err = s.Exec(ctx, "SELECT pg_catalog.pg_logical_emit_message(true, 'pg-rex', '')")
					if err == nil {
						return time.Now(), nil
					}
				}
				if err != nil {
					s.Close()
					s = nil
				}
			}
		}
		select {
		case <-ctx.Done():
			return time.Time{}, context.Cause(ctx)
		case <-time.After(serverPoll):
		}
	}
})

func hasAddresses(wanted []string) (bool, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return false, err
	}
	for _, w := range wanted {
		if !slices.ContainsFunc(all, func(a net.Addr) bool {
			n, ok := a.(*net.IPNet)
			return ok && n.IP.Equal(net.ParseIP(w))
		}) {
			return false, nil
		}
	}
	return true, nil
}

// restartIn starts the primary of a node again.
type restartIn struct {
	serverIn
	Node  string
	Limit time.Duration
}

// restart makes the server of a primary serve again, with its lock first: it is
// about to have data that nobody else has. One that is still shutting down
// cannot be called back and is made to end.
var restart = node.Define("restart-primary", func(ctx context.Context, in restartIn) (struct{}, error) {
	none := struct{}{}
	i, err := in.instance(ctx)
	if err != nil {
		return none, err
	}
	if err := i.CreateLock(in.Node); err != nil {
		return none, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, in.Limit, fmt.Errorf("the server does not answer within %v", in.Limit))
	defer cancel()
	started, ended := false, false
	for {
		p, err := i.Processes()
		if err != nil {
			return none, err
		}
		if p.None() {
			if started {
				return none, fmt.Errorf("the server ended: %s", i.LogTail())
			}
			started = true
			if err := i.PrepareStart(); err != nil {
				return none, err
			}
			if err := i.Start(ctx); err != nil {
				return none, err
			}
		}
		s, err := i.Connect(ctx)
		if err == nil {
			st, err := s.State(ctx)
			s.Close()
			if err == nil && st.InRecovery {
				return none, errors.New("the server came back as a standby")
			}
			if err == nil {
				return none, nil
			}
		} else if errors.Is(err, pg.ErrStarting) && !started && !ended && p.Postmaster != 0 {
			ended = true
			_ = i.Signal(p.Postmaster, pg.Immediate) // it may have ended by itself
		}
		select {
		case <-ctx.Done():
			return none, errors.Join(context.Cause(ctx), errors.New(i.LogTail()))
		case <-time.After(serverPoll):
		}
	}
})

// heldIn names who has all that was written on a node.
type heldIn struct {
	serverIn
	Node   string
	Holder pg.Holder
}

var noteHolder = node.Define("note-holder", func(ctx context.Context, in heldIn) (struct{}, error) {
	i, err := in.instance(ctx)
	if err == nil {
		err = i.NoteHolders(in.Node, []pg.Holder{in.Holder})
	}
	return struct{}{}, err
})
