package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pgrex/internal/ocf"
	"pgrex/internal/pg"
)

// How long a sign may last before a server is given up that has not answered.
// Without one of them it has all the time that the monitor has.
const (
	// stoppedTime: no load stops a postmaster, and it answers nobody.
	stoppedTime = 5 * time.Second
	// deafTime: a postmaster with a connection waiting that sleeps all the same.
	// One that lacks a processor is runnable, and one that lacks its disk is in
	// uninterruptible sleep: either is slow.
	deafTime = 10 * time.Second
	// movingTime is how new the last write of WAL is of a server that works.
	movingTime = 5 * time.Second
)

// signs are for how long, without a break, a postmaster has shown what no load does.
type signs struct {
	stopped time.Duration // by SIGSTOP or a debugger
	deaf    time.Duration // asleep, not having woken since it was asked
}

// hung says why a server is given up before the time is over; "" is to wait on.
func hung(s signs) string {
	switch {
	case s.stopped >= stoppedTime:
		return "is stopped (SIGSTOP, or a debugger) and hears nothing"
	case s.deaf >= deafTime:
		return fmt.Sprintf("has slept for %v beside a connection that waits for it", deafTime)
	}
	return ""
}

// later are the signs after another look at the postmaster, so long after the one
// before; asked is how it was just before it was asked.
func (s signs) later(asked, now pg.Pulse, passed time.Duration) signs {
	if now.Stopped() {
		s.stopped += passed
	} else {
		s.stopped = 0
	}
	if now.Asleep() && now.Woken == asked.Woken {
		s.deaf += passed
	} else {
		s.deaf = 0
	}
	return s
}

// unlessHung is a context that ends when the postmaster shows that it will not
// answer, see [hung]. It is to be made before the server is asked.
func (a *Agent) unlessHung(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	p, err := a.pg.Processes()
	if err != nil || p.Postmaster == 0 {
		return ctx, func() { cancel(nil) }
	}
	asked, err := pg.ReadPulse(p.Postmaster)
	if err != nil {
		return ctx, func() { cancel(nil) }
	}
	go func() {
		const often = 200 * time.Millisecond
		ticker := time.NewTicker(often)
		defer ticker.Stop()
		var s signs
		for before := time.Now(); ; {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			now, err := pg.ReadPulse(p.Postmaster)
			if err != nil {
				return // it has ended, and connections with it
			}
			// A monitor that was kept from running has not looked in the meantime.
			s = s.later(asked, now, min(time.Since(before), 2*often))
			before = time.Now()
			if why := hung(s); why != "" {
				cancel(fmt.Errorf("postmaster %d %s", p.Postmaster, why))
				return
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}

// unanswered judges a server that has not answered in its time. One that has begun
// the session and writes WAL serves those who are connected: it is slow, by its load
// or because of a lock that a new session needs, and to move the service would help
// nobody. One that takes no connection at all in that time will not do so.
func (a *Agent) unanswered(query context.Context, asked time.Time, cause error) (ocf.Code, error) {
	if query.Err() != context.DeadlineExceeded || errors.Is(cause, pg.ErrStarting) {
		return a.failed(), cause // it has said no, or will not answer
	}
	if taken, err := a.pg.Accepted(asked); err != nil || !taken {
		return a.failed(), errors.Join(cause, err)
	}
	written, err := a.pg.WALWritten()
	if err != nil || written.Before(asked) || time.Since(written) > movingTime {
		return a.failed(), cause
	}
	c, err := a.pg.Control()
	if err != nil {
		return ocf.ErrGeneric, errors.Join(cause, err)
	}
	code, known := map[pg.DBState]ocf.Code{pg.DBInProduction: ocf.DegradedPromoted, pg.DBInArchiveRecovery: ocf.Degraded}[c.State]
	if !known {
		return a.failed(), cause
	}
	if !a.replicated() {
		code = ocf.Degraded
	}
	return code, fmt.Errorf("slow, but at work (WAL was written %v ago): %w", time.Since(written).Round(time.Millisecond), cause)
}
