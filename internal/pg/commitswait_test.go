package pg

import (
	"syscall"
	"testing"
	"time"
)

// Whether commits wait is for the checkpointer to say: asleep, in a checkpoint that
// takes its time, and stopped.
func TestServerCommitsWait(t *testing.T) {
	primary := newServer(t, "checkpoint_timeout = 1h", "checkpoint_completion_target = 0.9")
	if primary.major(t) >= 900 {
		t.Skip("the server does not show its checkpointer")
	}
	primary.up(t)
	s, other := primary.connect(t), primary.connect(t)
	certain := func(what string, patience time.Duration, want bool) {
		t.Helper()
		begin := time.Now()
		if got, err := primary.CommitsWait(testContext(t), s, patience); got != want || err != nil {
			t.Errorf("%s: %v, %v, after %v", what, got, err, time.Since(begin))
		}
	}
	certain("asleep", 5*time.Second, true)

	for _, sql := range []string{"CREATE TABLE much AS SELECT generate_series(1, 100000) AS a", "CHECKPOINT", "UPDATE much SET a = a + 1"} {
		if err := other.Exec(testContext(t), sql); err != nil {
			t.Fatal(err)
		}
	}
	pid, _, err := s.checkpointer(testContext(t))
	if err != nil || pid == 0 {
		t.Fatalf("no checkpointer: %v", err)
	}
	start := "SELECT pg_backup_start('slow')"
	if primary.major(t) < 15 {
		start = "SELECT pg_start_backup('slow')"
	}
	go func() { _ = other.Exec(testContext(t), start) }() // a checkpoint of its whole time
	eventually(t, "a checkpoint that takes its time", func() bool {
		_, event, err := s.checkpointer(testContext(t))
		return err == nil && event != "CheckpointerMain"
	})
	certain("in a checkpoint", 5*time.Second, true)

	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	certain("stopped", 200*time.Millisecond, false)
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	certain("going on", 5*time.Second, true)
}
