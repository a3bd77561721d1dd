package agent_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgrex/internal/ocf"
)

// watchedPair is a primary with its watcher and a synchronous standby. No
// monitor runs from here on.
func (s *site) watchedPair() {
	s.t.Helper()
	s.params["watch_server"] = "true"
	s.primaryWithStandby()
	s.watched()
	s.synchronous()
	s.forgetCalls()
}

// waitsFor is what commits of the primary wait for.
func (s *site) waitsFor() string {
	s.t.Helper()
	return strings.Trim(s.query("select current_setting('synchronous_standby_names')"), `"`)
}

// released waits until commits go on without node02, which has no rights then.
func (s *site) released() {
	s.t.Helper()
	s.until("the release of commits", func() bool {
		return s.waitsFor() == "" && strings.Contains(s.record().attrs("node02"), "master-pgsql=-INFINITY")
	}, func() string { return s.waitsFor() + " " + s.record().attrs("node02") })
	if got := s.record().Permanent["node02"]["pgsql-data-status"]; got != "DISCONNECT" {
		s.t.Errorf("data status %s", got)
	}
}

// synchronous waits until node02 is a synchronous standby with all its rights.
func (s *site) synchronous() {
	s.t.Helper()
	s.until("node02 to be synchronous", func() bool {
		r := s.record()
		return s.waitsFor() == "node02" && r.Transient["node02"]["master-pgsql"] == "100" && r.Permanent["node02"]["pgsql-data-status"] == "STREAMING|SYNC"
	}, func() string { return s.waitsFor() + " " + s.record().attrs("node02") })
}

// peerGoesAndComes loses the standby and gets it back, by the watcher alone.
func (s *site) peerGoesAndComes() {
	s.t.Helper()
	s.stopPeer()
	s.released()
	s.startPeer()
	s.synchronous()
}

// The watcher of a primary releases commits when the standby is gone, and takes
// it in again, long before the next monitor.
func TestWatcherFollowsTheStandby(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.watchedPair()
	s.peerGoesAndComes()
	for _, c := range s.calls() {
		if strings.HasPrefix(c, "crm_resource") {
			t.Errorf("of a standby that has gone the cluster knows by itself: %s", c)
		}
	}
	s.want("stop", ocf.Success)
}

// A standby that a monitor has found, and that is gone before the watcher has seen
// it: what the watcher knows is older than what the monitor has done.
func TestWatcherLearnsWhatAMonitorHasDone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.params["watch_server"] = "true"
	s.primaryAlone()
	s.change(func(r *record) {
		r.Role["node02"] = "Unpromoted"
		r.Transient["node02"]["master-pgsql"], r.Transient["node02"]["pgsql-status"] = "-INFINITY", "HS:alone"
	})
	s.watched()
	time.Sleep(freshAndMore) // it has seen that nobody is there
	w, err := s.instance().FindWatcher()
	s.must(err)
	s.must(w.Hold())
	s.join()
	s.until("a monitor that finds node02", func() bool { s.monitor(ocf.RunningPromoted); return s.waitsFor() == "node02" })
	s.stopPeer()
	w.Close()
	s.released()
	s.want("stop", ocf.Success)
}

// A node that Corosync has lost is a standby that confirms nothing.
func TestWatcherOfALostNode(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.watchedPair()
	s.frozenPeer()
	s.change(func(r *record) {
		r.Online["node02"] = false
		delete(r.Role, "node02")
		r.Transient["node02"] = map[string]string{}
	})
	s.query("select pg_logical_emit_message(false, 'x', 'y')::text") // node02 confirms nothing of it
	s.until("the release of commits", func() bool { return s.waitsFor() == "" })
	if got := s.record().Permanent["node02"]["pgsql-data-status"]; got != "DISCONNECT" {
		t.Errorf("data status %s", got)
	}
	s.want("stop", ocf.Success)
}

// While an action holds the watcher, or the cluster leaves the resource to
// somebody else, it changes nothing.
func TestWatcherKeepsStill(t *testing.T) {
	t.Run("held", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		s.watchedPair()
		w, err := s.instance().FindWatcher()
		s.must(err)
		s.must(w.Hold())
		s.stopPeer()
		s.nothing(time.Second)
		w.Close()
		s.released()
		s.want("stop", ocf.Success)
	})
	t.Run("unmanaged", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		s.watchedPair()
		s.change(func(r *record) { r.Unmanaged = true })
		s.stopPeer()
		s.nothing(time.Second)
		s.change(func(r *record) { r.Unmanaged = false })
		s.released() // it looks again for a while
		s.want("stop", ocf.Success)
	})
	t.Run("quorum is lost", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		s.watchedPair()
		s.change(func(r *record) { r.NoQuorum = true })
		s.stopPeer()
		s.nothing(time.Second)
		s.want("stop", ocf.Success)
	})
}

// nothing changes for so long.
func (s *site) nothing(lasts time.Duration) {
	s.t.Helper()
	for end := time.Now().Add(lasts); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if s.waitsFor() != "node02" || s.record().Permanent["node02"]["pgsql-data-status"] != "STREAMING|SYNC" {
			s.t.Fatalf("changed: waits for %q, %s", s.waitsFor(), s.record().attrs("node02"))
		}
	}
}

// A standby that starts without a primary is elected without a further monitor,
// after as many observations as it takes.
func TestWatcherElects(t *testing.T) {
	for _, count := range []string{"0", "2"} {
		t.Run("xlog_check_count="+count, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.params["watch_server"], s.params["xlog_check_count"] = "true", count
			s.change(func(r *record) { r.Permanent["node01"]["pgsql-data-status"] = "LATEST" })
			s.standby()
			begin := time.Now()
			s.monitor(ocf.Success)
			s.until("the election", func() bool { return s.record().Transient["node01"]["master-pgsql"] == "1000" }, func() string { return s.record().attrs("node01") })
			if took := time.Since(begin); count == "2" && took < 2*time.Second {
				t.Errorf("three observations within %v", took)
			}
			s.want("stop", ocf.Success)
		})
	}
}

// Where there is a primary, or the cluster leaves the resource to somebody else,
// it does not vote; the next monitor does.
func TestWatcherDoesNotElect(t *testing.T) {
	for name, change := range map[string]func(*record){
		"a primary":               func(r *record) { r.Role["node02"] = "Promoted" },
		"unmanaged":               func(r *record) { r.Unmanaged = true },
		"not yet here":            func(r *record) { delete(r.Role, "node01") },
		"may be promoted already": func(r *record) { r.Transient["node01"]["master-pgsql"] = "100" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.params["watch_server"], s.params["xlog_check_count"] = "true", "0"
			s.change(func(r *record) { r.Permanent["node01"]["pgsql-data-status"] = "LATEST" })
			s.standby()
			s.change(change)
			before := s.record().attrs("node01")
			s.watched()
			for end := time.Now().Add(4 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
				if now := s.record().attrs("node01"); now != before {
					t.Fatalf("%s, was %s", now, before)
				}
			}
			s.want("stop", ocf.Success)
		})
	}
}

// A watcher that does not let go does not keep an action from its work.
func TestWatcherFrozenIsReplaced(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.watchedPair()
	first := s.watched()
	s.must(syscall.Kill(first, syscall.SIGSTOP))
	s.monitor(ocf.RunningPromoted)
	if second := s.watched(); second == first {
		t.Error("the frozen watcher is still there")
	}
	s.want("stop", ocf.Success)
}

// The watcher of a primary whose standby is in order costs what any watcher does.
func TestWatcherOfAPrimarySleeps(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.watchedPair()
	s.peerGoesAndComes()
	pid := s.watched()
	time.Sleep(freshAndMore)
	before := ticks(t, pid)
	time.Sleep(2 * time.Second)
	if used := ticks(t, pid) - before; used > 1 {
		t.Errorf("%d hundredths of a second of processor time in 2 s", used)
	}
	if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err != nil || anonymous(t, string(status)) > 10<<10 {
		t.Errorf("it holds too much memory: %v\n%s", err, status)
	}
	s.want("stop", ocf.Success)
}

// freshAndMore is for how long the watcher looks although all is well.
const freshAndMore = 3 * time.Second

// frozenPeer stops all processes of the standby.
func (s *site) frozenPeer() {
	s.t.Helper()
	for _, pid := range append(s.peerChildren(), s.peer.Process.Pid) {
		s.must(syscall.Kill(pid, syscall.SIGSTOP))
		s.t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	}
}

// peerChildren are the processes that the standby's postmaster has started.
func (s *site) peerChildren() (pids []int) {
	s.t.Helper()
	pid := s.peer.Process.Pid
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	s.must(err)
	for _, child := range strings.Fields(string(children)) {
		n, err := strconv.Atoi(child)
		s.must(err)
		pids = append(pids, n)
	}
	return pids
}
