package agent_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"pgrex/internal/ocf"
	"pgrex/internal/pg"
)

// Every action, twice in a row, from every state. The second must find
// nothing to do: same answer, same attributes, same files, same server.
//
// Conformance: 13, 72, 88 (PostgreSQL server)
func TestEveryActionTwice(t *testing.T) {
	const recurring = "OCF_RESKEY_CRM_meta_interval=10000"
	notRunning, running, promoted, refused := ocf.NotRunning, ocf.Success, ocf.RunningPromoted, ocf.ErrGeneric
	want := map[string]map[string][2]ocf.Code{
		"stopped": {"probe": {notRunning, notRunning}, "monitor": {notRunning, notRunning}, "status": {notRunning, notRunning},
			"start": {}, "stop": {}, "promote": {refused, refused}, "demote": {}, "notify": {}, "validate-all": {}},
		"stopped, lock left": {"probe": {notRunning, notRunning}, "monitor": {notRunning, notRunning}, "status": {notRunning, notRunning},
			"start": {refused, refused}, "stop": {}, "promote": {refused, refused}, "demote": {}, "notify": {}, "validate-all": {}},
		"standby without primary": {"probe": {running, running}, "monitor": {running, running}, "status": {},
			"start": {}, "stop": {}, "promote": {}, "demote": {}, "notify": {}, "validate-all": {}},
		"standby of node02": {"probe": {running, running}, "monitor": {running, running}, "status": {},
			"start": {}, "stop": {}, "promote": {refused, refused}, "demote": {}, "notify": {}, "validate-all": {}},
		"primary alone": {"probe": {promoted, promoted}, "monitor": {promoted, promoted}, "status": {},
			"start": {refused, refused}, "stop": {}, "promote": {}, "demote": {}, "notify": {}, "validate-all": {}},
		"primary with standby": {"probe": {promoted, promoted}, "monitor": {promoted, promoted}, "status": {},
			"start": {refused, refused}, "stop": {}, "promote": {}, "demote": {}, "notify": {}, "validate-all": {}},
		"primary crashed": {"probe": {notRunning, notRunning}, "monitor": {notRunning, notRunning}, "status": {notRunning, notRunning},
			"start": {refused, refused}, "stop": {}, "promote": {refused, refused}, "demote": {}, "notify": {}, "validate-all": {}},
	}
	tried := 0
	for _, state := range nodeStates {
		for name, codes := range want[state.name] {
			tried++
			t.Run(state.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				s := newSite(t)
				state.make(s)
				action, extra := name, ""
				switch name {
				case "probe":
					action = "monitor"
				case "monitor":
					extra = recurring
				}
				var before string
				found := s.snapshot()
				files := s.files("tmp", "data/postgresql.conf")
				for i, code := range codes {
					if name == "notify" {
						s.notify("post", "stop", map[string]string{"stop": "node02", "master": "node01"})
					} else {
						s.want(action, code, extra)
					}
					if i == 0 {
						before = s.snapshot()
					}
				}
				after := s.snapshot()
				if now := s.files("tmp", "data/postgresql.conf"); (name == "probe" || name == "status" || name == "validate-all") && now != files {
					t.Errorf("%s changed files:\n%s\nbefore:\n%s", name, now, files)
				}
				if name == "promote" && strings.HasPrefix(state.name, "primary ") && codes[0] == ocf.Success && after != found {
					t.Errorf("a promote of the primary changed\n%s\nto\n%s", found, after)
				}
				if name == "stop" && s.record().Transient["node01"]["pgsql-status"] != "STOP" {
					t.Errorf("stopped, node01 has %s", s.record().attrs("node01"))
				}
				if name == "monitor" && state.name == "standby without primary" {
					return // the vote goes on: see TestFirstStart
				}
				if before != after {
					t.Errorf("the second call changed\n%s\nto\n%s", before, after)
				}
			})
		}
	}
	if tried != len(nodeStates)*9 {
		t.Errorf("%d cases tried, want %d", tried, len(nodeStates)*9)
	}
}

// snapshot is everything that an action may change, as one comparable text.
func (s *site) snapshot() string {
	s.t.Helper()
	r := s.record()
	var b strings.Builder
	fmt.Fprintf(&b, "node01: %s\nnode02: %s\nlock: %t\n", r.attrs("node01"), r.attrs("node02"), s.lock())
	for _, name := range []string{"tmp/rep_mode.conf", "tmp/recovery.conf", "data/standby.signal", "data/postgresql.conf"} {
		text, err := os.ReadFile(filepath.Join(s.dir, name))
		fmt.Fprintf(&b, "%s: %t %q\n", name, err == nil, tail(string(text), 4))
	}
	switch p, err := s.instance().Processes(); {
	case err != nil:
		fmt.Fprintf(&b, "server: %v\n", err)
	case p.Postmaster == 0:
		fmt.Fprintf(&b, "server: none, %d others\n", len(p.Others))
	default:
		fmt.Fprintf(&b, "server: in recovery %s, names %s\n", s.query("select pg_is_in_recovery()::text"), s.query("show synchronous_standby_names"))
	}
	return b.String()
}

// Every action killed after each of its external calls, with the rest of what
// it does undone, and called again: it ends where it would have ended, and at
// no moment could a node be promoted that lacks acknowledged commits.
//
// Conformance: 73 (PostgreSQL server)
func TestEveryActionKilled(t *testing.T) {
	recurring := []string{"OCF_RESKEY_CRM_meta_interval=10000"}
	lastStandby := []string{"OCF_RESKEY_CRM_meta_notify_slave_uname= ", "OCF_RESKEY_CRM_meta_notify_master_uname=node01"}
	withStandby := []string{"OCF_RESKEY_CRM_meta_notify_slave_uname=node02", "OCF_RESKEY_CRM_meta_notify_master_uname=node01"}
	joining := func(s *site) {
		s.primaryAlone()
		s.change(func(r *record) {
			r.Role["node02"] = "Unpromoted"
			r.Transient["node02"] = map[string]string{"master-pgsql": "-INFINITY", "pgsql-status": "HS:alone"}
		})
		s.join()
	}
	promoted := func(s *site) {
		s.change(func(r *record) { r.Role["node01"] = "Promoted" })
		s.monitor(ocf.RunningPromoted)
	}
	started := func(s *site) { s.monitor(ocf.Success) }
	cases := []struct {
		name, action string
		extra        []string
		make         func(*site)
		code         ocf.Code
		minCalls     int
		// after is the next monitor, where the action leaves something to it.
		after func(*site)
	}{
		{"start", "start", nil, func(*site) {}, ocf.Success, 5, nil},
		{"vote won", "monitor", recurring, func(s *site) { s.standby(); s.monitor(ocf.Success) }, ocf.Success, 2, nil},
		{"promote", "promote", nil, func(s *site) { s.standby(); s.followed(); s.takeOver() }, ocf.Success, 8, promoted},
		{"standby joins", "monitor", recurring, joining, ocf.RunningPromoted, 5, nil},
		{"standby lost", "monitor", recurring, func(s *site) { s.primaryWithStandby(); s.stopPeer() }, ocf.RunningPromoted, 4, nil},
		{"demote, standby active", "demote", withStandby, (*site).primaryWithStandby, ocf.Success, 4, nil},
		{"stop", "stop", nil, func(s *site) { s.standby(); s.monitor(ocf.Success) }, ocf.Success, 3, nil},
		{"demote, last node", "demote", lastStandby, (*site).primaryAlone, ocf.Success, 4, started},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			c.make(s)
			s.forgetCalls()
			s.want(c.action, c.code, c.extra...)
			calls := s.calls()
			if len(calls) < c.minCalls {
				t.Fatalf("only %d calls: %v", len(calls), calls)
			}
			if c.after != nil {
				c.after(s)
			}
			want := s.snapshot()
			s.remove()
			for n := 1; n <= len(calls); n++ {
				t.Run(fmt.Sprintf("after call %d", n), func(t *testing.T) {
					s := newSite(t)
					c.make(s)
					s.forgetCalls()
					if a := s.do(c.action, append(c.extra, fmt.Sprintf("STANDIN_KILL_AFTER=%d", n))...); !a.killed {
						t.Fatalf("not killed, answered %v %s", a.code, a.reason)
					}
					s.checkSafe()
					s.want(c.action, c.code, c.extra...)
					if c.after != nil {
						c.after(s)
					}
					s.checkSafe()
					if got := normal(s, s.snapshot()); got != normal(s, want) {
						t.Errorf("ends in\n%s\nwithout the kill in\n%s", got, want)
					}
				})
			}
		})
	}
}

// normal takes out what differs from site to site.
func normal(s *site, text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "data/postgresql.conf") && !strings.HasPrefix(line, "tmp/recovery.conf") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// checkSafe holds at any moment of any action.
func (s *site) checkSafe() {
	s.t.Helper()
	p, err := s.instance().Processes()
	s.must(err)
	if p.Postmaster == 0 || s.query("select pg_is_in_recovery()::text") == "true" {
		return
	}
	if !s.lock() {
		s.t.Error("the server accepts writes without PGSQL.lock")
	}
	names := pg.ParseSyncNames(s.query("show synchronous_standby_names"))
	r := s.record()
	data, score := r.Permanent["node02"]["pgsql-data-status"], r.Transient["node02"]["master-pgsql"]
	promotable := data == "LATEST" || data == "STREAMING|SYNC" || score == "100" || score == "1000"
	if promotable && !ocf.Contains(names, "node02") {
		s.t.Errorf("node02 may be promoted (%s, %s) and commits wait for %q", data, score, names)
	}
}

// A promotion that never happened must not lock the node out: Pacemaker
// answers a killed promote with demote, stop and start.
func TestKilledPromotionIsForgotten(t *testing.T) {
	t.Parallel()
	var began, ended atomic.Int32 // promotions that were killed before the server was asked, and after
	t.Cleanup(func() {
		if began.Load() == 0 || ended.Load() == 0 {
			t.Errorf("killed %d times before the promotion and %d times in it", began.Load(), ended.Load())
		}
	})
	for n := 1; n <= 7; n++ {
		t.Run(fmt.Sprintf("after call %d", n), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.standby()
			s.followed()
			s.takeOver()
			s.forgetCalls()
			if a := s.do("promote", fmt.Sprintf("STANDIN_KILL_AFTER=%d", n)); !a.killed {
				if n <= 6 || a.code != ocf.Success { // it looks at the cluster as often as it has to
					t.Fatalf("not killed: %v", a)
				}
				return
			}
			calls := s.calls()
			promoted := strings.HasPrefix(calls[len(calls)-1], "pg_ctl")
			if !promoted && slices.ContainsFunc(calls, func(c string) bool { return strings.HasPrefix(c, "pg_ctl") }) {
				return // what is told after the promotion may be told in any order, and be all of it
			}
			if promoted {
				s.until("the end of recovery", func() bool { return s.query("select pg_is_in_recovery()::text") == "false" })
			}
			s.want("demote", ocf.Success, "OCF_RESKEY_CRM_meta_notify_slave_uname=node01")
			s.want("stop", ocf.Success)
			if promoted {
				ended.Add(1)
				if a := s.want("start", ocf.ErrGeneric); !strings.Contains(a.reason, "PGSQL.lock") {
					t.Errorf("reason %q", a.reason)
				}
			} else {
				began.Add(1)
				s.want("start", ocf.Success)
			}
		})
	}
}

// The server dies in the middle of its promotion: everything is taken back,
// so that the other node is as promotable as before.
func TestPromotionOfADyingServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.standby()
	s.followed()
	s.takeOver()
	s.change(func(r *record) { r.Fail = "pg_ctl" }) // the server is never told
	before := s.record()
	s.want("promote", ocf.ErrGeneric)
	s.must(syscall.Kill(s.postmaster(), 0))
	if s.lock() {
		t.Error("the lock of a promotion that did not happen stays")
	}
	if got, want := s.record().attrs("node02"), before.attrs("node02"); got != want {
		t.Errorf("node02 has %s, had %s", got, want)
	}
}

func TestPromoteNeedsAPromotableClone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, action := range []string{"promote", "demote"} {
		a := s.want(action, ocf.ErrUnimplemented, "OCF_RESKEY_CRM_meta_promoted_max=0", "OCF_RESKEY_CRM_meta_master_max=0")
		if !strings.Contains(a.reason, "promotable clone") {
			t.Errorf("%s: reason %q", action, a.reason)
		}
	}
	if calls := strings.Join(s.calls(), ""); calls != "" {
		t.Errorf("a refused call ran %s", calls)
	}
}
