package pg

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"pgrex/internal/run"
)

// What was cancelled is found in the log, and nothing else of it.
func TestAbandonedCommits(t *testing.T) {
	dir := t.TempDir()
	i := New(Settings{Data: dir, Config: filepath.Join(dir, "postgresql.conf"), LogFile: filepath.Join(dir, "server.log")}, run.Local{})
	if n := i.AbandonedCommits(); n != 0 {
		t.Errorf("%d without a log", n)
	}
	const log = "2026-01-01 WARNING:  canceling wait for synchronous replication due to user request\n" +
		"2026-01-01 DETAIL:  The transaction has already committed locally, but might not have been replicated to the standby.\n" +
		"2026-01-01 ERROR:  canceling statement due to user request\n" +
		"2026-01-01 WARNING:  canceling the wait for synchronous replication and terminating connection due to administrator command\n"
	if err := os.WriteFile(i.set.LogFile, []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := i.AbandonedCommits(); n != 2 {
		t.Errorf("%d commits, want 2", n)
	}
}

// A commit that waits for a standby that is not there, and is cancelled.
func TestServerCommitWaits(t *testing.T) {
	primary := newServer(t)
	if primary.major(t) >= 900 {
		t.Skip("the server does not say it")
	}
	primary.up(t)
	s, other := primary.connect(t), primary.connect(t)
	if w, err := s.CommitWaits(testContext(t)); err != nil || w != (CommitWaits{}) {
		t.Errorf("nothing waits, and it says %+v, %v", w, err)
	}
	for _, sql := range []string{"ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()"} {
		if err := s.Exec(testContext(t), sql); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the server waits for a standby", func() bool {
		set, err := other.Settings(testContext(t), "synchronous_standby_names")
		return err == nil && set["synchronous_standby_names"].Value == "nobody"
	})
	done := make(chan error, 1)
	go func() { done <- other.Exec(testContext(t), "CREATE TABLE waits (a int)") }()
	eventually(t, "a commit that waits", func() bool {
		w, err := s.CommitWaits(testContext(t))
		return err == nil && w.Sessions == 1 && w.Longest > 50*time.Millisecond
	})
	if err := s.Exec(testContext(t), "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("the commit: %v", err)
	}
	if w, err := s.CommitWaits(testContext(t)); err != nil || w.Sessions != 0 {
		t.Errorf("after it was cancelled: %+v, %v", w, err)
	}
}
