package agent_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/test/servers/clients"
)

const (
	withoutStandbys = "OCF_RESKEY_CRM_meta_notify_slave_uname= "
	withNode02      = "OCF_RESKEY_CRM_meta_notify_slave_uname=node02"
	stopsHere       = "OCF_RESKEY_CRM_meta_notify_stop_uname=node01"
)

// apart gives this node and its standby addresses of their own, as in a cluster,
// so that either can be asked on the cluster's port.
func apart(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	s.ownHost = "127.0.0.2"
	s.must(appendTo(s.data+"/postgresql.conf", "listen_addresses = '127.0.0.2'\n"))
	return s
}

// Nobody is asked where only this node can be ahead: it is what it was started as.
//
// Conformance: 79, 88 (PostgreSQL server)
func TestDemoteOfAStandby(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.standby()
	s.followed()
	pid := s.postmaster()
	s.want("demote", ocf.Success, withoutStandbys)
	if s.postmaster() != pid {
		t.Error("the standby was restarted or stopped")
	}
	if got := s.record().attrs("node01"); got != "master-pgsql=-INFINITY pgsql-status=HS:sync pgsql-data-status=STREAMING|SYNC" {
		t.Errorf("attributes: %s", got)
	}
	s.monitor(ocf.Success)
}

// A standby that was asked to become primary, and perhaps will, is no standby
// that may be left alone.
func TestDemoteAfterAKilledPromotion(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.primaryAlone() // makes the lock
	s.crash()
	s.shell("touch", s.data+"/standby.signal")
	s.want("stop", ocf.Success)
	s.shell("mv", s.dir+"/tmp/PGSQL.lock", s.dir+"/lock")
	s.change(func(r *record) { delete(r.Role, "node01") })
	s.standby()
	s.shell("mv", s.dir+"/lock", s.dir+"/tmp/PGSQL.lock")
	s.want("demote", ocf.Success)
	if s.postmaster() != 0 {
		t.Error("the server runs on with a lock")
	}
}

// A primary that nobody can replace goes on as a standby, unless the cluster
// stops the instance next or does not say what it is up to.
//
// Conformance: 79, 80 (PostgreSQL server)
func TestDemotedPrimaryComesBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, c := range []struct {
		name  string
		extra []string
		back  bool
	}{
		{"alone", []string{withoutStandbys}, true},
		{"alone, to be stopped", []string{withoutStandbys, stopsHere}, false},
		{"another is to be stopped", []string{withoutStandbys, "OCF_RESKEY_CRM_meta_notify_stop_uname=node10"}, true},
		{"by hand", nil, false},
	} {
		s.primaryAlone()
		s.want("demote", ocf.Success, c.extra...)
		status := "STOP"
		if c.back {
			status = "HS:alone"
			s.want("monitor", ocf.Success)
			if s.query("select pg_is_in_recovery()::text") != "true" {
				t.Errorf("%s: it came back as a primary", c.name)
			}
		} else if s.postmaster() != 0 {
			t.Errorf("%s: the server runs", c.name)
		}
		if got := s.record().attrs("node01"); !strings.Contains(got, "pgsql-status="+status) || !strings.Contains(got, "master-pgsql=-INFINITY") {
			t.Errorf("%s: attributes %s", c.name, got)
		}
		s.want("stop", ocf.Success)
		s.change(func(r *record) { delete(r.Role, "node01") })
	}
}

// A synchronous standby that has the shutdown checkpoint has everything: the
// lock says so, and the old primary can follow; it goes when the other node is
// primary. One that has not the checkpoint proves nothing.
//
// Conformance: 80 (PostgreSQL server)
func TestDemoteBesideAStandbyThatHasAll(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*site)
		extra  string
		has    bool // node02 has all, which the lock says
	}{
		{"restart", func(*site) {}, withNode02, true},
		{"to be stopped", func(*site) {}, stopsHere, true},
		{"immediate shutdown", func(s *site) { s.params["stop_escalate"] = "0" }, withNode02, false},
		{"standby does not answer", func(s *site) {
			// It streams on, and lets nobody in any more.
			s.must(os.WriteFile(s.dir+"/peer/pg_hba.conf", []byte("local all all trust\n"), 0o600))
			s.must(s.peer.Process.Signal(syscall.SIGHUP))
		}, withNode02, false},
		{"a third node may be promoted as well", func(s *site) {
			s.params["node_list"] = "node01 node02 node03"
			s.change(func(r *record) {
				r.Online["node03"], r.Transient["node03"] = true, map[string]string{}
				r.Permanent["node03"] = map[string]string{"pgsql-data-status": "STREAMING|SYNC"}
			})
		}, withNode02, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := apart(t)
			s.params["stop_escalate"] = "20"
			s.primaryWithStandby()
			if got := s.record().Permanent["node02"]["pgsql-data-status"]; got != "STREAMING|SYNC" {
				t.Fatalf("node02 is %s", got)
			}
			c.change(s)
			s.want("demote", ocf.Success, withNode02, c.extra)
			lock, exists, err := s.instance().ReadLock()
			s.must(err)
			if has := len(lock.Covered) == 1 && lock.Covered[0].Node == "node02"; !exists || has != c.has {
				t.Errorf("PGSQL.lock: %t, %+v", exists, lock)
			}
			back := c.has && c.extra != stopsHere
			if !back {
				if s.postmaster() != 0 {
					t.Errorf("server %d, want none", s.postmaster())
				}
				return
			}
			s.monitor(ocf.Success) // it waits for a server that starts
			if !s.lock() {
				t.Error("the lock is gone before another node is primary")
			}
			// It is not that of a primary any more: a second demotion stops nothing.
			s.want("demote", ocf.Success, withNode02)
			if s.postmaster() == 0 {
				t.Error("a standby was stopped by demote")
			}
			s.change(func(r *record) {
				r.Permanent["node01"]["pgsql-data-status"], r.Permanent["node02"]["pgsql-data-status"] = "DISCONNECT", "LATEST"
			})
			s.notify("post", "promote", map[string]string{"promote": "node02", "slave": "node01 node02"})
			if s.lock() {
				t.Error("the lock is left beside the next primary")
			}
		})
	}
}

// An old primary that is stopped before its first monitor has seen the next one: the
// standby's shutdown moves the checkpoint that its lock is compared with, so that it
// goes before.
func TestStopAfterTheRoleHasMoved(t *testing.T) {
	t.Parallel()
	s := apart(t)
	s.params["stop_escalate"] = "20"
	s.primaryWithStandby()
	s.want("demote", ocf.Success, withNode02)
	s.monitor(ocf.Success)
	if !s.lock() {
		t.Fatal("there is no lock")
	}
	s.change(func(r *record) {
		r.Permanent["node01"]["pgsql-data-status"], r.Permanent["node02"]["pgsql-data-status"] = "DISCONNECT", "LATEST"
	})
	s.want("stop", ocf.Success)
	if s.lock() {
		t.Error("the lock is left")
	}
}

// What was stopped in order before, with nobody in whose way its data is, comes back
// with one look at the cluster; what has crashed stays down, beside its lock.
//
// Conformance: 79, 80 (PostgreSQL server)
func TestDemoteOfAServerThatIsDown(t *testing.T) {
	t.Parallel()
	looks := func(s *site) (n int) {
		for _, c := range s.calls() {
			if strings.HasPrefix(c, "crm_mon") {
				n++
			}
		}
		return n
	}
	holder := []pg.Holder{{Node: "node02", Address: "127.0.0.1"}}
	for _, c := range []struct {
		name  string
		down  func(*site)
		extra string
		back  bool
		looks int
	}{
		{"stopped by pg-rex_switchover", func(s *site) {
			s.stopInOrder()
			s.must(s.instance().NoteHolders("node01", holder))
		}, "", true, 1},
		{"stopped, the lock removed by hand", func(s *site) {
			s.stopInOrder()
			s.must(s.instance().RemoveLock())
		}, "", true, 1},
		{"stopped, to be stopped", func(s *site) {
			s.stopInOrder()
			s.must(s.instance().NoteHolders("node01", holder))
		}, stopsHere, false, 1},
		{"stopped with its lock", (*site).stopInOrder, "", false, 1},
		{"the note is of an earlier shutdown", func(s *site) {
			s.stopInOrder()
			s.must(s.instance().NoteHolders("node01", holder))
			lock, _, err := s.instance().ReadLock()
			s.must(err)
			lock.Checkpoint--
			s.must(s.instance().WriteLock(lock))
		}, "", false, 1},
		{"crashed", (*site).crash, "", false, 1},
		{"crashed, and the standby is marked", func(s *site) {
			s.crash()
			s.change(func(r *record) { r.Permanent["node02"]["pgsql-data-status"] = "DISCONNECT" })
		}, "", true, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := apart(t)
			s.primaryWithStandby()
			c.down(s)
			s.forgetCalls()
			s.want("demote", ocf.Success, withNode02, c.extra)
			if n := looks(s); n != c.looks {
				t.Errorf("%d looks at the cluster, want %d", n, c.looks)
			}
			status := "STOP"
			if c.back {
				status = "HS:alone"
				s.monitor(ocf.Success)
			} else if s.postmaster() != 0 {
				t.Error("the server runs")
			}
			if got := s.record().attrs("node01"); !strings.Contains(got, "pgsql-status="+status) || !strings.Contains(got, "master-pgsql=-INFINITY") || strings.Contains(got, "baseline") {
				t.Errorf("attributes: %s", got)
			}
		})
	}
}

// All nodes were stopped, the old primary first, and are started again: it starts
// beside the standby that had all, without a person, whether that has been primary
// meanwhile or not. Where that is not there, or the record is an old one, it does not.
//
// Conformance: 84 (PostgreSQL server)
func TestStoppedWithTheRest(t *testing.T) {
	t.Parallel()
	s := apart(t)
	s.params["stop_escalate"] = "20"
	s.primaryWithStandby()
	s.want("demote", ocf.Success, withNode02, stopsHere)
	s.want("stop", ocf.Success)
	lock, _, err := s.instance().ReadLock()
	s.must(err)
	c, err := s.instance().Control()
	s.must(err)
	if len(lock.Covered) != 1 || lock.Covered[0].Node != "node02" || lock.Checkpoint != c.Checkpoint {
		t.Fatalf("lock %+v, checkpoint %s", lock, c.Checkpoint)
	}
	record := func(own, other string, online bool) {
		s.change(func(r *record) {
			delete(r.Role, "node01")
			r.Online["node02"] = online
			r.Permanent["node01"]["pgsql-data-status"], r.Permanent["node02"]["pgsql-data-status"] = own, other
		})
	}
	refused := func(what string) {
		t.Helper()
		if a := s.want("start", ocf.ErrGeneric); !strings.Contains(a.reason, "PGSQL.lock") {
			t.Errorf("%s: reason %q", what, a.reason)
		}
	}
	record("STREAMING|SYNC", "LATEST", true)
	refused("another was primary, and this node is not marked")
	record("LATEST", "STREAMING|SYNC", false)
	refused("alone")
	away := lock
	away.Covered = []pg.Holder{{Node: "node02", Address: "127.0.0.99"}}
	s.must(s.instance().WriteLock(away))
	record("LATEST", "STREAMING|SYNC", true)
	refused("the other server does not answer")
	stale := lock
	stale.Checkpoint--
	s.must(s.instance().WriteLock(stale))
	refused("the server has run since")

	s.must(s.instance().WriteLock(lock))
	record("LATEST", "STREAMING|SYNC", false)
	time.AfterFunc(time.Second, func() { record("LATEST", "STREAMING|SYNC", true) })
	s.want("start", ocf.Success)
	if !s.lock() {
		t.Error("PGSQL.lock is gone before another node is primary")
	}
	s.want("stop", ocf.Success)

	s.promotePeer()
	refused("an old record: the other was primary")
	record("DISCONNECT", "LATEST", false)
	s.want("start", ocf.Success)
	s.monitor(ocf.Success)
	if s.lock() {
		t.Error("PGSQL.lock is left, and the other node's data is the latest")
	}
}

// An old primary that is a standby again beside its lock, cut off from the one that had
// all before that one's promotion is in its record, does not become primary beside it.
func TestHolderThatWentOn(t *testing.T) {
	t.Parallel()
	for _, promoted := range []bool{false, true} {
		t.Run(fmt.Sprintf("promoted %t", promoted), func(t *testing.T) {
			t.Parallel()
			s := apart(t)
			s.params["stop_escalate"] = "20"
			s.params["master_ip"] = "127.0.0.3" // the address has not come to node02 yet
			s.primaryWithStandby()
			s.want("demote", ocf.Success, withNode02)
			s.change(func(r *record) {
				delete(r.Role, "node01")
				r.Online["node02"] = false
			})
			if !promoted {
				s.want("promote", ocf.Success)
				return
			}
			s.promotePeer()
			if a := s.want("promote", ocf.ErrGeneric); !strings.Contains(a.reason, "node02") || !strings.Contains(a.reason, "has become primary") {
				t.Errorf("reason %q", a.reason)
			}
			if lock, _, err := s.instance().ReadLock(); err != nil || len(lock.Covered) != 1 {
				t.Errorf("lock %+v, %v", lock, err)
			}
		})
	}
}

// A promotion that was killed before the server heard of it leaves the lock as it was.
func TestLockBeforeAKilledPromotion(t *testing.T) {
	t.Parallel()
	s := apart(t)
	s.params["stop_escalate"] = "20"
	s.primaryWithStandby()
	s.want("demote", ocf.Success, withNode02)
	noted, _, err := s.instance().ReadLock()
	s.must(err)
	s.must(s.instance().CreateLock("node01")) // what promote does last before the server is asked
	s.change(func(r *record) {
		delete(r.Role, "node01")
		r.Online["node02"] = false
	})
	s.want("stop", ocf.Success)
	if a := s.want("start", ocf.ErrGeneric); !strings.Contains(a.reason, "PGSQL.lock") {
		t.Errorf("reason %q", a.reason)
	}
	if lock, _, err := s.instance().ReadLock(); err != nil || !reflect.DeepEqual(lock, noted) {
		t.Errorf("lock %+v, before %+v, %v", lock, noted, err)
	}
}

// majority makes this a cluster of three of which two are here.
func (s *site) majority() {
	s.t.Helper()
	s.params["node_list"] = "node01 node02 node03"
	s.change(func(r *record) {
		r.Online["node03"], r.Transient["node03"], r.Permanent["node03"] = true, map[string]string{}, map[string]string{}
	})
}

// whileWaiting changes what there is once a promotion waits for the other side.
func (s *site) whileWaiting(change func(*record)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	s.t.Cleanup(func() { cancel(); <-done })
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if log, _ := os.ReadFile(filepath.Join(s.dir, "agent.log")); strings.Contains(string(log), "waiting for the other side") {
				s.change(change)
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
}

// The cluster's networks are cut and the one that replicates is not: the
// primary goes on, and this standby can know it.
func TestPromotionBesideALivingPrimary(t *testing.T) {
	t.Parallel()
	const notProbed = "the cluster has not looked at it: in mode sync its commits wait for this server"
	for _, c := range []struct {
		name    string
		change  func(*site, upstream)
		refused bool
	}{
		{"its server answers", func(*site, upstream) {}, true},
		{"its server lets nobody in any more", func(s *site, u upstream) {
			s.must(os.WriteFile(u.data+"/pg_hba.conf", []byte("local all all trust\n"), 0o600))
			s.must(syscall.Kill(u.postmaster(), syscall.SIGHUP))
		}, true},
		{"the fencing device has lied", func(s *site, _ upstream) { s.change(func(r *record) { r.Fencing = true }) }, true},
		{"this node has marked it itself, of a time when it was cut off", func(s *site, _ upstream) {
			s.change(func(r *record) {
				r.Permanent["node01"]["pgsql-data-status"], r.Permanent["node02"]["pgsql-data-status"] = "LATEST", "DISCONNECT"
			})
		}, true},
		{notProbed, func(s *site, _ upstream) { s.change(func(r *record) { r.Online["node02"] = true }) }, false},
		{"the cluster has not looked at it, in mode async", func(s *site, _ upstream) {
			s.params["rep_mode"] = "async"
			s.change(func(r *record) { r.Online["node02"] = true })
		}, true},
		{"its server is gone", func(s *site, u upstream) {
			u.crash()
			s.until("the receiver to notice", func() bool {
				return s.query("select count(*)::text from pg_stat_wal_receiver where status = 'streaming'") == "0"
			})
		}, false},
		{"nobody listens at master_ip", func(s *site, _ upstream) { s.params["master_ip"] = "127.0.0.3" }, false},
		{"this is the majority, and the other side stops it", func(s *site, u upstream) {
			s.majority()
			pid := u.postmaster()
			s.whileWaiting(func(*record) { _ = syscall.Kill(pid, syscall.SIGKILL) })
		}, false},
		{"this is the majority, and the other side keeps it: in mode sync its commits wait for this server", func(s *site, _ upstream) {
			s.majority()
			s.context["timeout"] = "8000"
		}, false},
		{"this is the majority, and the other side comes back", func(s *site, _ upstream) {
			s.majority()
			s.context["timeout"] = "20000"
			s.whileWaiting(func(r *record) { r.Online["node02"] = true })
		}, true},
		{"this is the majority, and it is lost", func(s *site, _ upstream) {
			s.majority()
			s.context["timeout"] = "8000"
			s.whileWaiting(func(r *record) { r.Online["node03"] = false })
		}, true},
		{"this is the majority, and the other side keeps it, in mode async", func(s *site, _ upstream) {
			s.majority()
			s.params["rep_mode"], s.context["timeout"] = "async", "8000"
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			u := s.upstream()
			s.must(os.RemoveAll(s.data))
			s.must(clients.BaseBackup(u.ask, u.data, s.data))
			s.must(appendTo(s.data+"/postgresql.conf", "listen_addresses = '127.0.0.1'\nunix_socket_directories = '"+s.dir+"/run'\n"))
			s.standby()
			s.until("the standby to stream", func() bool {
				return s.query("select count(*)::text from pg_stat_wal_receiver where status = 'streaming'") == "1"
			})
			s.followed()
			s.takeOver()
			s.change(func(r *record) { r.Online["node02"] = false })
			c.change(s, u)
			if !c.refused {
				s.want("promote", ocf.Success)
				if confirmed := strings.Contains(s.agentLog(), "confirm that node02 may not be promoted"); confirmed != (c.name == notProbed) {
					t.Errorf("looked whether node02 has taken the rights of this node: %v", confirmed)
				}
				return
			}
			a := s.want("promote", ocf.ErrGeneric)
			if !strings.Contains(a.reason, "node02") || !strings.Contains(a.reason, "127.0.0.2") && !strings.Contains(a.reason, " as primary") {
				t.Errorf("reason %q", a.reason)
			}
			if s.lock() || s.query("select pg_is_in_recovery()::text") != "true" {
				t.Error("it was promoted, or is locked as if it had been")
			}
			if got := s.record().attrs("node01"); !strings.HasPrefix(got, "master-pgsql=-INFINITY") {
				t.Errorf("attributes %s", got)
			}
			s.monitor(ocf.Success)
		})
	}
}

// Pacemaker has lost the attributes of this node, the gateway's among them: who
// notices has what its daemon holds written again.
func TestRecordThatHasLostThisNode(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.primaryAlone()
	s.change(func(r *record) { r.Role["node01"] = "Promoted" })
	s.monitor(ocf.RunningPromoted)
	rewritten := func() bool { return slices.Contains(s.calls(), "attrd_updater -R") }
	if rewritten() {
		t.Error("written again, and nothing was lost")
	}
	lost := func() {
		s.forgetCalls()
		s.change(func(r *record) { r.Transient["node01"] = map[string]string{} })
	}
	lost()
	s.monitor(ocf.RunningPromoted)
	if got := s.record().attrs("node01"); !rewritten() || !strings.Contains(got, "pgsql-status=PRI") {
		t.Errorf("monitor: %v, attributes %s", s.calls(), got)
	}
	lost()
	s.want("monitor", ocf.RunningPromoted)
	if !rewritten() {
		t.Errorf("probe: %v", s.calls())
	}
	lost()
	s.want("demote", ocf.Success, withoutStandbys, stopsHere)
	if !rewritten() {
		t.Errorf("demote: %v", s.calls())
	}
	lost()
	s.want("stop", ocf.Success)
	if !rewritten() {
		t.Errorf("stop: %v", s.calls())
	}
}

// A promotion that comes to nothing gives a lock back that said who had all.
func TestPromotionGivesANotedLockBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.standby()
	s.takeOver()
	before := pg.LockInfo{Node: "node01", Timeline: 1, Position: 7, Time: time.Unix(1795000000, 0).UTC(),
		Covered: []pg.Holder{{Node: "node02", Address: "127.0.0.1"}}, Checkpoint: 7}
	s.must(s.instance().WriteLock(before))
	s.want("promote", ocf.ErrGeneric, "STANDIN_KILL_SERVER=before")
	after, _, err := s.instance().ReadLock()
	if err != nil || !slices.Equal(after.Covered, before.Covered) || after.Checkpoint != before.Checkpoint {
		t.Errorf("%+v, %v", after, err)
	}
}
