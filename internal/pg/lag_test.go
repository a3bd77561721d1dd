package pg

import (
	"fmt"
	"testing"
	"time"
)

// The lag of a standby is the time that replay was behind.
//
// Conformance: AT-134 (PostgreSQL server)
func TestServerReplayLags(t *testing.T) {
	primary := newServer(t)
	if primary.major(t) >= 900 {
		t.Skip("the server does not measure it")
	}
	primary.up(t)
	standby := standbyOf(t, primary, "node-b")
	p, s := primary.connect(t), standby.connect(t)
	exec := func(c *Session, sql string) {
		t.Helper()
		if err := c.Exec(testContext(t), sql); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the standby streams", func() bool {
		list, err := p.Senders(testContext(t))
		return err == nil && len(list) == 1 && list[0].State == "streaming"
	})
	// The server pauses a moment after it was told to, and forgets what it has
	// measured when nothing happens: it is tried again.
	const pause = 300 * time.Millisecond
	tries := 0
	eventually(t, "the pause is seen", func() bool {
		tries++
		exec(s, "SELECT pg_wal_replay_pause()")
		time.Sleep(pause / 3)
		exec(p, fmt.Sprintf("CREATE TABLE t%d (a int)", tries))
		time.Sleep(pause + pause/3)
		exec(s, "SELECT pg_wal_replay_resume()")
		for range 20 {
			lags, err := p.ReplayLags(testContext(t))
			if err != nil {
				t.Fatal(err)
			}
			list, err := p.Senders(testContext(t))
			if err == nil && len(list) == 1 && lags[list[0].PID] >= pause {
				return true
			}
			time.Sleep(50 * time.Millisecond)
		}
		return false
	})
}
