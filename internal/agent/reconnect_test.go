package agent_test

import (
	"context"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgrex/internal/ocf"
)

// hole is an address that takes connections and never says a word, as one does that
// has moved while a client was connecting.
type hole struct {
	net.Listener
	taken atomic.Int32
}

func newHole(t *testing.T) *hole {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hole{Listener: l}
	var done sync.WaitGroup
	done.Add(1)
	go func() {
		defer done.Done()
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			h.taken.Add(1)
		}
	}()
	t.Cleanup(func() { _ = l.Close(); done.Wait() })
	return h
}

// A standby whose receiver was connecting when the address of the primary moved would
// wait for that connection until the kernel gives it up.
func TestReceiverThatConnectsForEver(t *testing.T) {
	t.Parallel()
	h := newHole(t)
	s := newSite(t)
	s.params["primary_conninfo_opt"] = "port=" + strconv.Itoa(h.Addr().(*net.TCPAddr).Port)
	s.standby()
	s.followed()
	connected := func(times int32) {
		t.Helper()
		s.until(strconv.Itoa(int(times))+" connections", func() bool { return h.taken.Load() >= times })
	}
	connected(1)
	s.monitor(ocf.Success)
	time.Sleep(time.Second)
	if n := h.taken.Load(); n != 1 {
		t.Fatalf("%d connections: the first one was not left in peace", n)
	}
	s.notify("post", "promote", map[string]string{"promote": "node02", "promoted": " ", "unpromoted": "node01 node02", "active": "node01 node02"})
	connected(2)
	time.Sleep(20500 * time.Millisecond)
	s.monitor(ocf.Success)
	connected(3)
	// Of its own promotion a node has nothing to connect to.
	s.notify("post", "promote", map[string]string{"promote": "node01", "promoted": " ", "unpromoted": "node01 node02", "active": "node01 node02"})
	time.Sleep(time.Second)
	if n := h.taken.Load(); n != 3 {
		t.Errorf("%d connections after its own promotion", n)
	}
}

// The standby that is to be promoted comes back to the old primary as long as the
// address is there, and hears nothing more from it when that has moved. It is sent
// away, and only by a promotion elsewhere.
func TestFollowedAfterDemote(t *testing.T) {
	t.Parallel()
	s := apart(t)
	s.params["stop_escalate"] = "20"
	s.primaryWithStandby()
	s.want("demote", ocf.Success, withNode02)
	sender := func() string { return s.query("select coalesce(max(pid), 0)::text from pg_stat_replication") }
	s.until("the server", func() bool {
		session, err := s.instance().Connect(context.Background())
		if err == nil {
			session.Close()
		}
		return err == nil
	})
	s.until("node02 to come back", func() bool { return sender() != "0" })
	before := sender()
	s.monitor(ocf.Success)
	if now := sender(); now != before {
		t.Fatalf("sender %s, then %s: the monitor has sent it away", before, now)
	}
	s.notify("post", "promote", map[string]string{"promote": "node02", "promoted": " ", "unpromoted": "node01 node02", "active": "node01 node02"})
	s.until("the end of that sender", func() bool { return sender() != before })
}
