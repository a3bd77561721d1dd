package run

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestRunReturnsStatusAsData(t *testing.T) {
	_, err := Local{}.Run(context.Background(), Command{Argv: []string{"ls", "/nowhere/at/all"}})
	if got, ok := Status(err); !ok || got != 2 {
		t.Fatalf("status %d, %t from %v, want 2", got, ok, err)
	}
	if !strings.Contains(err.Error(), "No such file") {
		t.Errorf("%q does not say what the program said", err)
	}
}

func TestRunKillsTheWholeGroupAtTheDeadline(t *testing.T) {
	late := errors.New("the action is over")
	ctx, cancel := context.WithTimeoutCause(context.Background(), 100*time.Millisecond, late)
	defer cancel()
	begin := time.Now()
	// A grandchild that holds the pipe is the case that a plain kill misses.
	_, err := Local{}.Run(ctx, Command{Argv: []string{"sh", "-c", "sleep 30; true"}})
	if !errors.Is(err, late) {
		t.Errorf("error %v does not carry the cause of the deadline", err)
	}
	if d := time.Since(begin); d > 5*time.Second {
		t.Errorf("returned after %v", d)
	}
}

func TestRunShowsOutputAsItComes(t *testing.T) {
	var live said
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	live.heard = func(text string) {
		if strings.Contains(text, "one") && strings.Contains(text, "two") {
			cancel() // the program itself would go on
		}
	}
	res, err := Local{}.Run(ctx, Command{Argv: []string{"sh", "-c", "echo one; echo two >&2; sleep 30"}, Live: &live})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v, not by what it said", err)
	}
	if string(res.Stdout) != "one\n" || string(res.Stderr) != "two\n" {
		t.Errorf("%q %q", res.Stdout, res.Stderr)
	}
}

type said struct {
	text  string
	heard func(string)
}

func (s *said) Write(b []byte) (int, error) {
	s.text += string(b)
	s.heard(s.text)
	return len(b), nil
}

func TestRunLeavesAServerAlive(t *testing.T) {
	res, err := Local{}.Run(context.Background(), Command{
		Argv:         []string{"sh", "-c", "setsid sleep 30 & echo $!"},
		LeavesServer: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(res.Stderr)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Errorf("what was left running is gone: %v", err)
	}
	if left := Left(); !slices.Contains(left, pid) || Ended(pid) {
		t.Errorf("%d is not among %v, or counts as ended", pid, left)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(3 * time.Second); !Ended(pid); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("its end is not noticed")
		}
	}
}

func TestRunEnvironment(t *testing.T) {
	t.Setenv("PGPASSWORD", "secret")
	t.Setenv("LANG", "ja_JP.UTF-8")
	res, err := Local{}.Run(context.Background(), Command{
		Argv: []string{"env"}, Env: []string{"PGPORT=1"}, Unset: []string{"PGPASSWORD"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"LC_ALL=C\n", "PGPORT=1\n"} {
		if !strings.Contains(string(res.Stdout), want) {
			t.Errorf("environment lacks %q", want)
		}
	}
	for _, bad := range []string{"PGPASSWORD", "LANG="} {
		if strings.Contains(string(res.Stdout), bad) {
			t.Errorf("environment holds %s", bad)
		}
	}
}

// A child must die with us even when we are killed outright: Pacemaker
// answers a time-out with SIGKILL, to the agent alone with on-fail=block.
func TestRunChildDiesWithParent(t *testing.T) {
	if os.Getenv("RUN_TEST_PARENT") != "" {
		_, _ = Local{}.Run(context.Background(), Command{Argv: []string{"sleep", "60"}})
		return
	}
	self := exec.Command(os.Args[0], "-test.run=^TestRunChildDiesWithParent$")
	self.Env = append(os.Environ(), "RUN_TEST_PARENT=1")
	if err := self.Start(); err != nil {
		t.Fatal(err)
	}
	child := childOf(t, self.Process.Pid)
	if err := self.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = self.Wait()
	deadline := time.Now().Add(3 * time.Second)
	for syscall.Kill(child, 0) == nil && !isZombie(child) {
		if time.Now().After(deadline) {
			t.Fatalf("child %d outlives its killed parent", child)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func childOf(t *testing.T, parent int) int {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for time.Now().Before(deadline) {
		tasks := "/proc/" + strconv.Itoa(parent) + "/task"
		threads, _ := os.ReadDir(tasks)
		for _, th := range threads {
			b, _ := os.ReadFile(tasks + "/" + th.Name() + "/children")
			if f := strings.Fields(string(b)); len(f) > 0 {
				pid, _ := strconv.Atoi(f[0])
				return pid
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the program never started its child")
	return 0
}

func isZombie(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(b), ") Z ")
}
