package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pgrex/internal/ocf"
	"pgrex/internal/pg"
)

// settleGrace is how long processes of the data directory without a
// postmaster may take to become clear: children of a dead one end as soon as
// they notice, and one that has just been started still has to say who it is.
const settleGrace = 2 * time.Second

// serverStopped is certain that no process of the data directory is left, or
// gives the error that forbids to say so.
func (a *Agent) serverStopped(ctx context.Context) (stopped bool, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, settleGrace, errors.New("they do not end"))
	defer cancel()
	var p pg.Processes
	err = until(ctx, "the processes that a dead postmaster has left", 20*time.Millisecond, func() (bool, error) {
		if p, err = a.pg.Processes(); err != nil {
			return false, fmt.Errorf("cannot tell whether PostgreSQL is running: %w", err)
		}
		return p.Postmaster != 0 || p.None(), nil
	})
	if err != nil && len(p.Others) > 0 {
		err = fmt.Errorf("the postmaster is dead, but pids %v of it still run: %w", p.Others, err)
	}
	return p.None(), err
}

// connectPatiently opens a session, waiting while the server is starting up.
// It returns errServerDied when the server ends meanwhile.
func (a *Agent) connectPatiently(ctx context.Context) (*pg.Session, error) {
	return a.connectUnless(ctx, func() (bool, error) {
		p, err := a.pg.Processes()
		return p.Postmaster == 0, err
	})
}

// connect opens a session with the server of our data directory; another one
// may answer on the same port.
func (a *Agent) connect(ctx context.Context) (*pg.Session, error) {
	session, err := a.pg.Connect(ctx)
	if err != nil {
		return nil, err
	}
	p, err := a.pg.Processes()
	if err == nil && p.Postmaster != 0 && session.ServerPID() != 0 && session.ServerPID() != p.Postmaster {
		err = fmt.Errorf("another server (pid %d) answers in place of the one of %s (pid %d): check pgport and socketdir",
			session.ServerPID(), a.params.PgData, p.Postmaster)
	}
	if err != nil {
		session.Close()
		return nil, err
	}
	return session, nil
}

// connectUnless is connectPatiently with another way to see that the server has ended.
func (a *Agent) connectUnless(ctx context.Context, ended func() (bool, error)) (*pg.Session, error) {
	var session *pg.Session
	var last error
	err := until(ctx, "PostgreSQL to accept connections", 25*time.Millisecond, func() (bool, error) {
		gone, err := ended()
		if err != nil {
			return false, err
		}
		if gone {
			return false, errServerDied
		}
		session, last = a.connect(ctx)
		switch {
		case last == nil:
			return true, nil
		case errors.Is(last, pg.ErrStarting), errors.Is(last, pg.ErrNoServer), errors.Is(last, pg.ErrTooMany), errors.Is(last, pg.ErrCut):
			return false, nil
		default:
			return false, last
		}
	})
	if err != nil && last != nil && !errors.Is(err, last) && !errors.Is(err, errServerDied) {
		err = fmt.Errorf("%w; its last answer: %v", err, last)
	}
	return session, err
}

var errServerDied = errors.New("the server has ended")

// failed is the answer for a server that runs and is broken: it may be the
// primary when its control file says that it was in production.
func (a *Agent) failed() ocf.Code {
	if c, err := a.pg.Control(); err == nil && c.State == pg.DBInProduction && a.replicated() {
		return ocf.FailedPromoted
	}
	return ocf.ErrGeneric
}

// stopServer ends every process of the data directory: a fast shutdown for as
// long as escalate allows, an immediate one, and at last SIGKILL. It needs
// neither pg_ctl nor a readable configuration.
func (a *Agent) stopServer(ctx context.Context, escalate time.Duration) (wasRunning bool, err error) {
	p, err := a.pg.Processes()
	if err != nil {
		return false, fmt.Errorf("cannot tell whether PostgreSQL is running: %w", err)
	}
	a.endWatch()
	if p.None() {
		return false, nil
	}
	for _, step := range stopPlan(ctx, escalate) {
		if p.Postmaster == 0 && step.mode != pg.Kill {
			continue // orphans have nobody who would pass a shutdown on to them
		}
		if step.mode != pg.Kill && pg.Frozen(p.Postmaster) {
			a.log.Warnf("postmaster %d is stopped (SIGSTOP, or a debugger) and hears nothing", p.Postmaster)
			step.wait = min(step.wait, frozenPatience)
		}
		a.log.Infof("%s shutdown, waiting up to %v", step.name, step.wait.Round(time.Millisecond))
		if err := a.pg.Signal(p.Postmaster, step.mode); err != nil {
			a.log.Warn(err)
		}
		wait, cancel := context.WithTimeoutCause(ctx, step.wait, errors.New(step.name+" shutdown took too long"))
		err = a.pg.WaitGone(wait)
		cancel()
		if err == nil {
			return p.Postmaster != 0, nil
		}
		a.log.Warn(err)
	}
	return p.Postmaster != 0, fmt.Errorf("PostgreSQL is still running: %w", err)
}

type stopStep struct {
	mode pg.StopMode
	name string
	wait time.Duration
}

// The postmaster itself kills its children 5 s after an immediate shutdown;
// one that does not end by then is stopped, or waits for a dead disk.
const immediatePatience = 8 * time.Second

// A postmaster that was stopped hears of a shutdown only when somebody lets it
// go on.
const frozenPatience = 500 * time.Millisecond

// stopPlan divides the time that is left. A fast shutdown is always tried
// unless escalate says that it is not wanted, and gets at most half, so that
// what follows is never out of time.
func stopPlan(ctx context.Context, escalate time.Duration) []stopStep {
	left := 24 * time.Hour
	if end, ok := ctx.Deadline(); ok {
		left = time.Until(end)
	}
	var plan []stopStep
	if escalate > 0 {
		wait := min(escalate, left/2)
		plan = append(plan, stopStep{pg.Fast, "fast", wait})
		left -= wait
	}
	wait := min(immediatePatience, left/2)
	return append(plan,
		stopStep{pg.Immediate, "immediate", wait},
		stopStep{pg.Kill, "forced", left - wait})
}
