package agent_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"pgrex/internal/ocf"
)

// session runs statements of a client that is there before the trouble begins,
// until the test ends or they do.
func (s *site) session(sql string) (end func()) {
	s.t.Helper()
	return s.sessionAt(s.ownHost, sql)
}

func (s *site) sessionAt(host, sql string) (end func()) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	conn, err := pgconn.Connect(ctx, fmt.Sprintf("host=%s port=%d user=postgres dbname=template1", host, s.port))
	s.must(err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = conn.Exec(ctx, sql).ReadAll()
		_ = conn.Close(context.Background())
	}()
	end = func() { cancel(); <-done }
	s.t.Cleanup(end)
	return end
}

// A server on which no new session comes to life, because of a lock that each
// needs: it is slow while it writes for those that it has, and hung when it does
// nothing.
func TestSlowIsNotHung(t *testing.T) {
	const lock = "BEGIN; LOCK pg_database IN ACCESS EXCLUSIVE MODE; "
	const works = `DO $$ BEGIN FOR i IN 1..200 LOOP PERFORM pg_logical_emit_message(false, 'work', repeat('x', 10000)); PERFORM pg_sleep(0.1); END LOOP; END $$`
	t.Parallel()
	s := newSite(t)
	s.primaryAlone()
	end := s.session(lock + works)
	s.until("a lock", s.closed)
	if a := s.want("monitor", ocf.DegradedPromoted, recurring, "OCF_RESKEY_CRM_meta_timeout=4000"); !strings.Contains(a.reason, "slow, but at work") {
		t.Errorf("reason %q", a.reason)
	}
	end()
	s.monitor(ocf.RunningPromoted)

	s.session(lock + "SELECT pg_sleep(60)")
	s.until("a lock", s.closed)
	s.want("monitor", ocf.FailedPromoted, recurring, "OCF_RESKEY_CRM_meta_timeout=4000")
	s.want("stop", ocf.Success)
}

// The same of a standby, whose sessions wait for a lock that it replays: it is slow
// while WAL arrives.
func TestSlowStandbyIsNotHung(t *testing.T) {
	t.Parallel()
	s := apart(t)
	s.params["stop_escalate"] = "20"
	s.primaryWithStandby()
	s.want("demote", ocf.Success, withNode02) // and it comes back
	s.promotePeer()
	s.until("the standby to follow", func() bool {
		return queryAt(t, s.ownHost, s.port, "select count(*)::text from pg_stat_wal_receiver where status = 'streaming'") == "1"
	})
	s.sessionAt("127.0.0.1", "BEGIN; LOCK pg_database IN ACCESS EXCLUSIVE MODE; "+
		`DO $$ BEGIN FOR i IN 1..300 LOOP PERFORM pg_logical_emit_message(false, 'work', repeat('x', 10000)); PERFORM pg_sleep(0.1); END LOOP; END $$`)
	s.until("a lock that is replayed", s.closed)
	if a := s.want("monitor", ocf.Degraded, recurring, "OCF_RESKEY_CRM_meta_timeout=4000"); !strings.Contains(a.reason, "slow, but at work") {
		t.Errorf("reason %q", a.reason)
	}
}

// A postmaster that takes no connection any more is not slow, however much the
// sessions write that are there: nobody else will ever come in.
func TestNobodyIsAccepted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.primaryAlone()
	s.session(`DO $$ BEGIN FOR i IN 1..600 LOOP PERFORM pg_logical_emit_message(false, 'work', repeat('x', 10000)); PERFORM pg_sleep(0.1); END LOOP; END $$`)
	s.must(exec.Command("runuser", "-u", "postgres", "--", "prlimit", "--nofile=3:3", "--pid", fmt.Sprint(s.postmaster())).Run())
	s.until("a postmaster that can open nothing", s.closed)
	if a := s.want("monitor", ocf.FailedPromoted, recurring, "OCF_RESKEY_CRM_meta_timeout=4000"); !strings.Contains(a.reason, "does not serve") {
		t.Errorf("reason %q", a.reason)
	}
	s.want("stop", ocf.Success)
}

// closed says that no new session comes to life.
func (s *site) closed() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	conn, err := pgconn.Connect(ctx, fmt.Sprintf("host=%s port=%d user=postgres dbname=template1", s.ownHost, s.port))
	if err == nil {
		_ = conn.Close(ctx)
	}
	return err != nil
}

// A postmaster that waits for ever, here for a log collector that takes nothing
// any more, has no more time than one that is stopped, however long the monitor's.
func TestDeafPostmaster(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.must(appendTo(filepath.Join(s.data, "postgresql.conf"), "logging_collector = on\nlog_directory = 'log'\n"))
	s.primaryAlone()
	pid := s.postmaster()
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	s.must(err)
	collector := 0
	for _, child := range strings.Fields(string(children)) {
		title, _ := os.ReadFile("/proc/" + child + "/cmdline")
		if strings.Contains(string(title), "logger") {
			_, err = fmt.Sscan(child, &collector)
			s.must(err)
		}
	}
	if collector == 0 {
		t.Fatal("there is no log collector")
	}
	s.must(syscall.Kill(collector, syscall.SIGSTOP))
	s.session(`DO $$ BEGIN FOR i IN 1..2000 LOOP RAISE LOG '%', repeat('x', 200); END LOOP; END $$`)
	s.until("a postmaster that waits for its collector", func() bool {
		s.must(syscall.Kill(pid, syscall.SIGHUP)) // of which it says something
		return s.closed()
	})
	s.params["stop_escalate"] = "1"
	a := s.want("monitor", ocf.FailedPromoted, recurring, "OCF_RESKEY_CRM_meta_timeout=60000")
	if a.took < 10*time.Second || a.took > 20*time.Second || !strings.Contains(a.reason, "has slept") {
		t.Errorf("given up after %v: %s", a.took, a.reason)
	}
	s.want("stop", ocf.Success)
}
