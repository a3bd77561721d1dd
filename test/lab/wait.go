package lab

import (
	"context"
	"fmt"
	"time"
)

// Timeouts is the one table of how long the lab waits for what. The values are
// several times what a slow machine needs: they end a hang, they measure nothing.
var Timeouts = struct {
	Boot       time.Duration // a container, until its multi-user.target is reached
	Die        time.Duration // a killed container, until its processes are gone
	Primary    time.Duration // cluster stack start until promoted with its addresses
	Standby    time.Duration // cluster stack start until HS:sync
	Takeover   time.Duration // fault until the other node is promoted with vip-master
	FirstWrite time.Duration // promoted until a client's commit is acknowledged
	Stop       time.Duration // stop of the cluster stack on a node
	Command    time.Duration // any single command that has no limit of its own
}{
	Boot:       60 * time.Second,
	Die:        20 * time.Second,
	Primary:    120 * time.Second,
	Standby:    120 * time.Second,
	Takeover:   180 * time.Second,
	FirstWrite: 60 * time.Second,
	Stop:       120 * time.Second,
	Command:    120 * time.Second,
}

const pollInterval = 50 * time.Millisecond

// Until polls a condition until it holds. The condition also returns what it
// saw; the error after a time-out names what was waited for and the last thing seen.
// Looking takes a quarter of the time at most: a cluster that is kept busy with
// answering is not the one that was to be looked at.
func Until(ctx context.Context, what string, timeout time.Duration, cond func(context.Context) (seen string, ok bool)) error {
	cause := fmt.Errorf("no %s within %v", what, timeout)
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, cause)
	defer cancel()
	last := "nothing"
	for {
		begun := time.Now()
		seen, ok := cond(ctx)
		if ok {
			return nil
		}
		// An observation that the deadline cut short says less than the one before it.
		if ctx.Err() == nil {
			last = seen
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w (last seen: %s)", what, context.Cause(ctx), last)
		case <-time.After(max(pollInterval, 3*time.Since(begun))):
		}
	}
}

// Pause lets time pass where a scenario wants it to, for instance traffic
// before a fault. It is not a way to wait for a condition.
func Pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
