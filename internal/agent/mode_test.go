package agent_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgrex/internal/ocf"
)

// alone is a resource that is not a promotable clone.
var alone = []string{"OCF_RESKEY_CRM_meta_promoted_max=0", "OCF_RESKEY_CRM_meta_master_max=0"}

func (s *site) single(mode string) {
	s.params["rep_mode"], s.params["node_list"] = mode, ""
	s.context["promoted_max"], s.context["master_max"] = "0", "0"
}

// One server without replication needs no cluster: not a single program of
// Pacemaker's is run.
//
// Conformance: 34, 51 (PostgreSQL server)
func TestModeNone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.single("none")
	s.params["master_ip"] = ""
	s.want("monitor", ocf.NotRunning, alone...)
	for range 2 {
		s.want("start", ocf.Success, alone...)
	}
	if got := s.query("select pg_is_in_recovery()::text"); got != "false" {
		t.Errorf("in recovery: %s", got)
	}
	for range 2 {
		s.want("monitor", ocf.Success, append(alone, "OCF_RESKEY_CRM_meta_interval=10000")...)
	}
	s.want("monitor", ocf.ErrGeneric, append(alone, "OCF_RESKEY_monitor_sql=select 1/0")...)
	s.want("promote", ocf.ErrUnimplemented, alone...)
	for range 2 {
		s.want("stop", ocf.Success, alone...)
	}
	s.want("monitor", ocf.NotRunning, alone...)
	for _, call := range s.calls() {
		if strings.HasPrefix(call, "crm_") || strings.HasPrefix(call, "cib") {
			t.Errorf("ran %s", call)
		}
	}
	if _, err := os.Stat(filepath.Join(s.dir, "tmp", "recovery.conf")); err == nil {
		t.Error("standby settings of a single server")
	}
}

// A standby of a primary outside of the resource: standby settings at every
// start, no attributes.
//
// Conformance: 69 (PostgreSQL server)
func TestModeSlave(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.single("slave")
	s.must(os.RemoveAll(filepath.Join(s.dir, "tmp")))
	s.want("start", ocf.Success, alone...)
	if got := s.query("select pg_is_in_recovery()::text"); got != "true" {
		t.Errorf("in recovery: %s", got)
	}
	if got := s.standbySetting("primary_conninfo"); !strings.Contains(got, "application_name=node01") {
		t.Errorf("primary_conninfo is %q", got)
	}
	conf, err := os.ReadFile(filepath.Join(s.data, "postgresql.conf"))
	s.must(err)
	includes := 1
	if s.release() < 12 {
		includes = 0 // the server finds recovery.conf by itself
	}
	if n := strings.Count(string(conf), "# added by pgsql RA"); n != includes || strings.Contains(string(conf), "rep_mode.conf") {
		t.Errorf("%d include lines:\n%s", n, tail(string(conf), 4))
	}
	s.want("monitor", ocf.Success, alone...)
	s.want("stop", ocf.Success, alone...)
	if got := s.record().attrs("node01"); got != "" {
		t.Errorf("attributes %s", got)
	}
}

// Asynchronous replication: nobody is waited for, and of two nodes the standby
// may be promoted as it is.
func TestModeAsync(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	// A cluster that was synchronous before.
	s.want("start", ocf.Success)
	s.want("stop", ocf.Success)
	s.params["rep_mode"] = "async"
	s.primaryAlone()
	s.change(func(r *record) {
		r.Role["node02"] = "Unpromoted"
		r.Transient["node02"]["master-pgsql"], r.Transient["node02"]["pgsql-status"] = "-INFINITY", "HS:alone"
	})
	s.join()
	s.monitor(ocf.RunningPromoted)
	if got := s.record().attrs("node02"); got != "master-pgsql=100 pgsql-status=HS:async pgsql-data-status=STREAMING|ASYNC" {
		t.Errorf("attributes of the standby: %s", got)
	}
	if got := s.query("show synchronous_standby_names"); got != "" {
		t.Errorf("commits wait for %q", got)
	}
	conf, err := os.ReadFile(filepath.Join(s.data, "postgresql.conf"))
	s.must(err)
	if strings.Contains(string(conf), "rep_mode.conf") {
		t.Errorf("the list of names is still included:\n%s", tail(string(conf), 4))
	}
	s.stopPeer()
	s.monitor(ocf.RunningPromoted)
	if got := s.record().attrs("node02"); !strings.Contains(got, "master-pgsql=-INFINITY") || !strings.Contains(got, "DISCONNECT") {
		t.Errorf("attributes of the lost standby: %s", got)
	}
}

// A standby outside of the cluster is waited for while it streams, and gets no
// attributes.
func TestExternalStandby(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.params["external_standby_node_list"] = "Backup1"
	s.primaryAlone()
	s.peerName = "backup1"
	s.join()
	s.monitor(ocf.RunningPromoted)
	if got := s.query("show synchronous_standby_names"); got != `"backup1"` {
		t.Errorf("commits wait for %s", got)
	}
	s.stopPeer()
	s.monitor(ocf.RunningPromoted)
	if got := s.query("show synchronous_standby_names"); got != "" {
		t.Errorf("commits wait for %s, which is gone", got)
	}
}

// Conformance: 67, 78 (PostgreSQL server)
func TestReplicationSlots(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.params["replication_slot_name"] = "rex"
	s.params["node_list"] = "node01 node02 Node-3.x"
	s.change(func(r *record) {
		r.Online["Node-3.x"], r.Transient["Node-3.x"], r.Permanent["Node-3.x"] = true, map[string]string{}, map[string]string{}
	})
	s.primaryAlone()
	const slots = "select coalesce(string_agg(slot_name || ' ' || (restart_lsn is not null)::text, ', ' order by slot_name), '') from pg_replication_slots"
	if got := s.query(slots); got != "rex_node02 true, rex_node_3_x true" {
		t.Errorf("slots of a primary: %s", got)
	}
	if got := s.standbySetting("primary_slot_name"); got != "rex_node01" {
		t.Errorf("primary_slot_name is %s", got)
	}
	// The slots of the others go with the role.
	s.want("demote", ocf.Success, "OCF_RESKEY_CRM_meta_notify_slave_uname= ", "OCF_RESKEY_CRM_meta_notify_master_uname=node01")
	s.want("start", ocf.Success)
	if got := s.query(slots); got != "" {
		t.Errorf("slots of a standby: %s", got)
	}
}

// A promotion by restart stays on the timeline.
//
// Conformance: 74 (PostgreSQL server)
func TestRestartOnPromote(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.params["restart_on_promote"] = "true"
	s.primaryAlone()
	if got := s.record().attrs("node01"); got != "master-pgsql=1002 pgsql-master-baseline pgsql-status=PRI pgsql-data-status=LATEST" {
		t.Errorf("attributes of a primary: %s", got)
	}
	if got := s.query("select pg_walfile_name(pg_current_wal_lsn())"); !strings.HasPrefix(got, "00000001") {
		t.Errorf("WAL file %s: another timeline", got)
	}
	for _, name := range []string{"standby.signal", "recovery.conf"} {
		if _, err := os.Lstat(filepath.Join(s.data, name)); err == nil {
			t.Errorf("%s is left on a primary", name)
		}
	}
	s.monitor(ocf.RunningPromoted)
}

// Conformance: 49 (PostgreSQL server)
func TestCheckWalReceiver(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.params["check_wal_receiver"] = "true"
	s.params["master_ip"] = "127.0.0.9" // nobody listens there
	shown := func() string { return s.record().Transient["node01"]["pgsql-receiver-status"] }
	s.standby()
	s.followed()
	s.monitor(ocf.Success)
	if got := shown(); got != "ERROR" {
		t.Errorf("a standby without a primary shows %q", got)
	}
	s.takeOver()
	s.want("promote", ocf.Success)
	s.change(func(r *record) { r.Role["node01"] = "Promoted" })
	s.monitor(ocf.RunningPromoted)
	if got := shown(); got != "normal (master)" {
		t.Errorf("a primary shows %q", got)
	}
	s.want("demote", ocf.Success)
	if got := shown(); got != "" {
		t.Errorf("a stopped server shows %q", got)
	}
}
