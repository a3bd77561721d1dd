package agent_test

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"pgrex/internal/ocf"
)

// joinedAlone is a primary whose commits wait for nobody, beside a standby that
// streams.
func (s *site) joinedAlone() {
	s.t.Helper()
	s.joined()
	if got := s.waitsFor(); got != "" {
		s.t.Fatalf("commits wait for %s", got)
	}
}

// stopped stops a process until goOn is called.
func (s *site) stopped(pid int) (goOn func()) {
	s.t.Helper()
	s.must(syscall.Kill(pid, syscall.SIGSTOP))
	goOn = func() { _ = syscall.Kill(pid, syscall.SIGCONT) }
	s.t.Cleanup(goOn)
	return goOn
}

// receiver is the process of the standby that writes what it is sent.
func (s *site) receiver() int {
	s.t.Helper()
	for _, child := range s.peerChildren() {
		title, _ := os.ReadFile("/proc/" + strconv.Itoa(child) + "/cmdline")
		if strings.Contains(strings.ReplaceAll(string(title), " ", ""), "walreceiver") {
			return child
		}
	}
	s.t.Fatal("the standby receives nothing")
	return 0
}

// rights is what node02 may.
func (s *site) rights() string {
	r := s.record()
	return r.Permanent["node02"]["pgsql-data-status"] + " " + r.Transient["node02"]["master-pgsql"]
}

const (
	noRights  = "STREAMING|ASYNC -INFINITY"
	allRights = "STREAMING|SYNC 100"
)

// A standby lacks a commit that was acknowledged while nobody waited for it, and is
// reported synchronous all the same: promoted now, it would lose that.
func TestStandbyThatIsBehindGainsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.joinedAlone()
	goOn := s.stopped(s.receiver())
	s.exec("create table acknowledged_alone (a int)")
	s.monitor(ocf.RunningPromoted)
	if got := s.waitsFor() + " " + s.rights(); got != "node02 "+noRights {
		t.Errorf("commits wait for, and it may: %s", got)
	}
	s.monitor(ocf.RunningPromoted) // the list is there, and it is behind as before
	if got := s.rights(); got != noRights {
		t.Errorf("the next monitor gives it %s", got)
	}
	goOn()
	s.until("its rights", func() bool { s.monitor(ocf.RunningPromoted); return s.rights() == allRights }, s.rights)
	s.want("stop", ocf.Success)
}

// Sessions show the list, the sender is "sync", and commits wait for nobody: the
// checkpointer has not read the new list yet, as in a checkpoint that is late.
func TestNoRightsWhileCommitsDoNotWait(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if s.release() < 10 {
		t.Skip("the server does not show its checkpointer")
	}
	s.joinedAlone()
	checkpointer, err := strconv.Atoi(s.query("select pid::text from pg_stat_activity where backend_type = 'checkpointer'"))
	s.must(err)
	goOn := s.stopped(checkpointer)
	s.monitor(ocf.RunningPromoted)
	if got := s.waitsFor() + " " + s.rights(); got != "node02 "+noRights {
		t.Errorf("the list, and what node02 may: %s", got)
	}
	receive := s.stopped(s.receiver())
	s.exec("create table nobody_waits (a int)") // returns
	receive()
	s.monitor(ocf.RunningPromoted)
	if got := s.rights(); got != noRights {
		t.Errorf("the next monitor gives it %s", got)
	}
	goOn()
	s.until("its rights", func() bool { s.monitor(ocf.RunningPromoted); return s.rights() == allRights }, s.rights)
	s.want("stop", ocf.Success)
}

// A primary that stood still while its standby was promoted, which the cluster has
// stopped when the two met: its commits wait, and its monitor ends it.
func TestSupersededPrimary(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.primaryWithStandby()
	s.until("its rights", func() bool { s.monitor(ocf.RunningPromoted); return s.rights() == allRights }, s.rights)
	s.change(func(r *record) {
		r.Permanent["node01"]["pgsql-data-status"], r.Permanent["node02"]["pgsql-data-status"] = "DISCONNECT", "LATEST"
		r.Transient["node02"]["pgsql-status"], r.Role["node02"] = "STOP", ""
	})
	before := s.record().attrs("node01") + s.record().attrs("node02")
	if a := s.monitor(ocf.FailedPromoted); !strings.Contains(a.reason, "node02 has become the primary after this node") {
		t.Errorf("reason %q", a.reason)
	}
	if got := s.record().attrs("node01") + s.record().attrs("node02"); got != before || s.waitsFor() != "node02" {
		t.Errorf("it speaks for the cluster: %s, commits wait for %q", got, s.waitsFor())
	}
	s.want("demote", ocf.Success)
	s.want("stop", ocf.Success)
	if !s.lock() {
		t.Error("PGSQL.lock is gone: it may start beside the next primary")
	}
}
