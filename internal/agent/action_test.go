package agent_test

import (
	"strings"
	"testing"

	"pgrex/internal/ocf"
)

// The states that an action can find this node in. Each is reached by the
// agent itself, as in a cluster.
var nodeStates = []struct {
	name string
	make func(*site)
}{
	{"stopped", func(*site) {}},
	{"stopped, lock left", func(s *site) { s.primaryAlone(); s.standbyTrusted(); s.crash(); s.want("demote", ocf.Success) }},
	{"standby without primary", (*site).standby},
	{"standby of node02", func(s *site) { s.standby(); s.followed() }},
	{"primary alone", (*site).primaryAlone},
	{"primary with standby", (*site).primaryWithStandby},
	{"primary crashed", func(s *site) { s.primaryAlone(); s.standbyTrusted(); s.crash() }},
}

// standbyTrusted is the record of a cluster whose standby may take over.
func (s *site) standbyTrusted() {
	s.change(func(r *record) { r.Permanent["node02"]["pgsql-data-status"] = "STREAMING|SYNC" })
}

func (s *site) standby() {
	s.t.Helper()
	s.want("start", ocf.Success)
	s.change(func(r *record) { r.Role["node01"] = "Unpromoted" })
}

// followed makes node02 the primary in the cluster's eyes, and this node its
// synchronous standby.
func (s *site) followed() {
	s.change(func(r *record) {
		r.Role["node02"] = "Promoted"
		r.Permanent["node01"]["pgsql-data-status"] = "STREAMING|SYNC"
		r.Permanent["node02"]["pgsql-data-status"] = "LATEST"
		r.Transient["node01"]["master-pgsql"], r.Transient["node02"]["master-pgsql"] = "100", "1000"
		r.Transient["node01"]["pgsql-status"], r.Transient["node02"]["pgsql-status"] = "HS:sync", "PRI"
	})
}

// takeOver makes node02 disappear, so that this node may be promoted.
func (s *site) takeOver() {
	s.change(func(r *record) { delete(r.Role, "node02") })
}

func (s *site) primaryAlone() {
	s.t.Helper()
	s.standby()
	s.followed()
	s.takeOver()
	s.want("promote", ocf.Success)
	s.change(func(r *record) { r.Role["node01"] = "Promoted" })
}

func (s *site) primaryWithStandby() {
	s.t.Helper()
	s.joined()
	s.monitor(ocf.RunningPromoted)
}

// joined is a primary beside a standby that no monitor of it has seen yet.
func (s *site) joined() {
	s.t.Helper()
	s.primaryAlone()
	s.change(func(r *record) {
		r.Role["node02"] = "Unpromoted"
		r.Transient["node02"]["master-pgsql"], r.Transient["node02"]["pgsql-status"] = "-INFINITY", "HS:alone"
	})
	s.join()
}

// Conformance: 74 (PostgreSQL server)
func TestFirstStart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.want("monitor", ocf.NotRunning)
	s.standby()
	if got := s.record().attrs("node01"); got != "master-pgsql=-INFINITY pgsql-status=HS:alone" {
		t.Errorf("attributes after start: %s", got)
	}
	s.monitor(ocf.Success)
	if got := s.record().attrs("node01"); !strings.HasPrefix(got, "master-pgsql=-INFINITY") {
		t.Errorf("claims after one look: %s", got)
	}
	s.monitor(ocf.Success)
	if got := s.record().attrs("node01"); got != "master-pgsql=1000 pgsql-status=HS:alone pgsql-xlog-branch pgsql-xlog-loc" {
		t.Errorf("attributes after the vote: %s", got)
	}
	s.want("promote", ocf.Success)
	if got := s.record().attrs("node01"); got != "master-pgsql=1002 pgsql-master-baseline pgsql-status=PRI pgsql-xlog-branch pgsql-xlog-loc pgsql-data-status=LATEST" {
		t.Errorf("attributes after promote: %s", got)
	}
	if !s.lock() {
		t.Error("no PGSQL.lock on a primary")
	}
	if got := s.query("select pg_walfile_name(pg_current_wal_lsn())"); !strings.HasPrefix(got, "00000002") {
		t.Errorf("WAL file %s: not a new timeline", got)
	}
	s.change(func(r *record) { r.Role["node01"] = "Promoted" })
	s.notify("post", "promote", map[string]string{"promote": "node01", "slave": "node01"})
	s.monitor(ocf.RunningPromoted)
	if got := s.record().attrs("node01"); got != "master-pgsql=1002 pgsql-master-baseline pgsql-status=PRI pgsql-data-status=LATEST" {
		t.Errorf("attributes of a primary: %s", got)
	}
}

// A lone primary that crashes comes back on its own node without anybody
// touching a file: its own record says that nobody else can be ahead.
//
// Conformance: 82 (PostgreSQL server)
func TestLonePrimaryComesBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.primaryAlone()
	s.crash()
	s.want("demote", ocf.Success)
	if s.lock() {
		t.Fatal("PGSQL.lock is left")
	}
	s.want("stop", ocf.Success)
	s.change(func(r *record) { delete(r.Role, "node01") })
	s.standby()
	s.monitor(ocf.Success)
	s.monitor(ocf.Success)
	s.want("promote", ocf.Success)
}

// An old primary that was stopped in order comes back by itself when the new
// one has all of it in its history, and only then.
//
// Conformance: 80 (PostgreSQL server)
func TestSwitchedOverPrimaryComesBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		has  bool
	}{{"all of it", true}, {"not the end of it", false}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := apart(t)
			s.params["stop_escalate"] = "20" // a fast shutdown, with its checkpoint
			s.primaryWithStandby()
			if !c.has {
				s.stopPeer()
			}
			s.want("demote", ocf.Success, withNode02, stopsHere)
			s.want("stop", ocf.Success)
			lock, exists, err := s.instance().ReadLock()
			s.must(err)
			if !exists {
				t.Fatal("no PGSQL.lock beside a synchronous standby")
			}
			lock.Covered = nil // the standby did not answer
			s.must(s.instance().WriteLock(lock))
			if !c.has {
				s.launchPeer()
			}
			s.promotePeer()
			c0, err := s.instance().Control()
			s.must(err)
			promoted := func(baseline string) {
				s.change(func(r *record) {
					delete(r.Role, "node01")
					r.Role["node02"], r.Online["node02"] = "Promoted", true
					r.Transient["node02"]["pgsql-master-baseline"] = baseline
				})
			}
			promoted(c0.Checkpoint.Padded())
			if a := s.want("start", ocf.ErrGeneric); !strings.Contains(a.reason, "PGSQL.lock") {
				t.Errorf("reason %q", a.reason)
			}
			// Beyond it, but of a second promotion, perhaps.
			promoted((c0.Checkpoint + 0x78).Padded())
			if !c.has {
				s.want("start", ocf.ErrGeneric)
				return
			}
			s.want("start", ocf.Success)
			if s.lock() {
				t.Error("PGSQL.lock is left on a standby")
			}
		})
	}
}
