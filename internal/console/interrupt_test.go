package console

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgrex/internal/message"
	"pgrex/internal/run"
)

// The test program plays a command that takes signals, in a process of its own.
func TestMain(m *testing.M) {
	if scene := os.Getenv("CONSOLE_TEST_SCENE"); scene != "" {
		os.Exit(playScene(scene))
	}
	os.Exit(m.Run())
}

// playScene is a command with a safe step, a critical one that takes as long as
// a file is there, and a safe one again. It says "ready" when a signal may come.
func playScene(scene string) int {
	dir := os.Getenv("CONSOLE_TEST_DIR")
	log, err := os.OpenFile(filepath.Join(dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		panic(err)
	}
	c := New(Options{Op: "test", In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Terminal: true, Log: log, LogName: log.Name()})
	ctx, interrupts := Watch(context.Background(), c)
	wait := func(ctx context.Context) error {
		mark(dir, "ready")
		for there(dir, "hold") {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(5 * time.Millisecond):
			}
		}
		return nil
	}
	return c.Finish(func() error {
		switch scene {
		case "safe":
			if err := c.Do(message.STP101, nil, func() error { return wait(ctx) }); err != nil {
				return err
			}
		case "program":
			// Ctrl-C of a terminal goes to the whole group of processes.
			err := c.Do(message.STP101, nil, func() error {
				mark(dir, "ready")
				_, err := run.Local{}.Run(ctx, run.Command{Argv: []string{"sh", "-c", "trap 'echo signalled >>" + dir + "/log' INT; sleep 60 & wait"}})
				return err
			})
			if err != nil {
				return err
			}
		case "critical", "safe after changes":
			interrupts.Changing(message.CMN033)
			leave := func() {}
			if scene == "critical" {
				leave = interrupts.Critical()
			}
			err := c.Do(message.STP101, nil, func() error { return wait(ctx) })
			if err != nil {
				return err
			}
			mark(dir, "changed")
			leave()
			if err := context.Cause(ctx); err != nil {
				return err
			}
		}
		mark(dir, "end")
		return nil
	}())
}

func mark(dir, name string) {
	if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
		panic(err)
	}
}

func there(dir, name string) bool {
	_, err := os.Lstat(filepath.Join(dir, name))
	return err == nil
}

// scene is a played command.
type scene struct {
	t     *testing.T
	dir   string
	cmd   *exec.Cmd
	in    io.WriteCloser
	said  chan string
	lines []string
}

func begin(t *testing.T, name string) *scene {
	t.Helper()
	s := &scene{t: t, dir: t.TempDir(), said: make(chan string, 100)}
	mark(s.dir, "hold")
	s.cmd = exec.Command("/proc/self/exe")
	s.cmd.Env = append(os.Environ(), "CONSOLE_TEST_SCENE="+name, "CONSOLE_TEST_DIR="+s.dir)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	in, err := s.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s.in, s.cmd.Stdout, s.cmd.Stderr = in, w, w
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	go func() {
		defer close(s.said)
		// Words and not lines: a question does not end its line.
		words := bufio.NewScanner(out)
		words.Split(bufio.ScanWords)
		for words.Scan() {
			s.said <- words.Text()
		}
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		_ = s.cmd.Wait()
		_ = out.Close()
	})
	s.soon(func() bool { return there(s.dir, "ready") })
	return s
}

func (s *scene) soon(is func() bool) {
	s.t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("not within 10 s; said so far: %s", strings.Join(s.lines, " "))
		}
	}
}

// signal sends a signal to the whole group, as a terminal does.
func (s *scene) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := syscall.Kill(-s.cmd.Process.Pid, sig); err != nil {
		s.t.Fatal(err)
	}
}

// hears waits until a text has been said.
func (s *scene) hears(text string) {
	s.t.Helper()
	timeout := time.After(10 * time.Second)
	for !strings.Contains(strings.Join(s.lines, " "), text) {
		select {
		case word, ok := <-s.said:
			if !ok {
				s.t.Fatalf("%q was not said: %s", text, strings.Join(s.lines, " "))
			}
			s.lines = append(s.lines, word)
		case <-timeout:
			s.t.Fatalf("%q was not said within 10 s: %s", text, strings.Join(s.lines, " "))
		}
	}
}

func (s *scene) release() {
	if err := os.Remove(filepath.Join(s.dir, "hold")); err != nil {
		s.t.Fatal(err)
	}
}

// ends waits for the end and returns the exit status.
func (s *scene) ends() int {
	s.t.Helper()
	done := make(chan error, 1)
	go func() { done <- s.cmd.Wait() }()
	select {
	case err := <-done:
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			s.t.Fatal(err)
		}
	case <-time.After(10 * time.Second):
		s.t.Fatal("it does not end")
	}
	for word := range s.said {
		s.lines = append(s.lines, word)
	}
	return s.cmd.ProcessState.ExitCode()
}

// Conformance: AT-130 (unit)
func TestInterruptInASafeStep(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			s := begin(t, "safe")
			sent := time.Now()
			s.signal(sig)
			status := s.ends()
			if took := time.Since(sent); status != 8 || took > time.Second {
				t.Errorf("status %d after %v", status, took)
			}
			if got := strings.Join(s.lines, " "); got != "1. Stop Pacemaker ...[NG] Interrupted. Nothing was changed." {
				t.Errorf("said %q", got)
			}
			if there(s.dir, "end") {
				t.Error("it went on")
			}
		})
	}
}

// A program that is running ends with the command, and the signal of the
// terminal does not reach it.
//
// Conformance: AT-130, AT-131 (unit)
func TestInterruptOfAProgram(t *testing.T) {
	s := begin(t, "program")
	sent := time.Now()
	s.signal(syscall.SIGINT)
	if status, took := s.ends(), time.Since(sent); status != 8 || took > time.Second {
		t.Errorf("status %d after %v", status, took)
	}
	if b, err := os.ReadFile(filepath.Join(s.dir, "log")); err != nil || strings.Contains(string(b), "signalled") {
		t.Errorf("the program got the signal: %s %v", b, err)
	}
}

// Conformance: AT-130 (unit)
func TestInterruptInACriticalStep(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			s := begin(t, "critical")
			s.signal(sig)
			s.hears("Interrupt received. It takes effect after the current step.")
			if there(s.dir, "changed") {
				t.Fatal("the step was not waited for")
			}
			s.release()
			if status := s.ends(); status != 8 || !there(s.dir, "changed") || there(s.dir, "end") {
				t.Errorf("status %d, step done: %v, went on: %v", status, there(s.dir, "changed"), there(s.dir, "end"))
			}
			if got := strings.Join(s.lines, " "); !strings.HasSuffix(got, "...[OK] No longer waiting. Pacemaker continues; check with pg-rex_status.") {
				t.Errorf("said %q", got)
			}
		})
	}
}

// The second SIGINT asks, and only y ends a critical step in the middle.
//
// Conformance: AT-130 (unit)
func TestInsistingInACriticalStep(t *testing.T) {
	for answer, left := range map[string]bool{"y": true, "n": false, "": false} {
		t.Run(fmt.Sprintf("%q", answer), func(t *testing.T) {
			s := begin(t, "critical")
			s.signal(syscall.SIGINT)
			s.hears("Interrupt received.")
			s.signal(syscall.SIGINT)
			s.hears("Stopping here leaves the cluster half changed. Stop anyway? (y/N)")
			if _, err := io.WriteString(s.in, answer+"\n"); err != nil {
				t.Fatal(err)
			}
			if !left {
				s.soon(func() bool {
					b, _ := os.ReadFile(filepath.Join(s.dir, "log"))
					return strings.Contains(string(b), "Stop anyway? (y/N) "+answer)
				})
				s.release()
			}
			if status := s.ends(); status != 8 || there(s.dir, "changed") == left {
				t.Errorf("status %d, step done: %v\n%s", status, there(s.dir, "changed"), strings.Join(s.lines, " "))
			}
		})
	}
}

// SIGTERM is no insistence: it comes from programs.
func TestTermDoesNotInsist(t *testing.T) {
	s := begin(t, "critical")
	s.signal(syscall.SIGTERM)
	s.hears("Interrupt received.")
	s.signal(syscall.SIGTERM)
	s.hears("Interrupt received. It takes effect after the current step. Interrupt received.")
	s.release()
	if status := s.ends(); status != 8 || strings.Contains(strings.Join(s.lines, " "), "Stop anyway?") {
		t.Errorf("status %d: %s", status, strings.Join(s.lines, " "))
	}
}

// Once something changes, a session that is lost is no reason to stop: it may
// have come over the address that moves.
//
// Conformance: AT-130 (unit)
func TestHangUpAfterChanges(t *testing.T) {
	for _, name := range []string{"critical", "safe after changes"} {
		t.Run(name, func(t *testing.T) {
			s := begin(t, name)
			s.signal(syscall.SIGHUP)
			s.hears("Connection to the terminal was lost; continuing, see " + filepath.Join(s.dir, "log") + ".")
			s.release()
			if status := s.ends(); status != 0 || !there(s.dir, "end") {
				t.Errorf("status %d: %s", status, strings.Join(s.lines, " "))
			}
			b, err := os.ReadFile(filepath.Join(s.dir, "log"))
			if err != nil || !strings.Contains(string(b), "...[OK]") || !strings.Contains(string(b), "exit 0") {
				t.Errorf("the log: %s %v", b, err)
			}
			if strings.Contains(strings.Join(s.lines, " "), "[OK]") {
				t.Error("it went on to write to the terminal")
			}
		})
	}
}

func TestInterruptWhileWaitingAfterChanges(t *testing.T) {
	s := begin(t, "safe after changes")
	s.signal(syscall.SIGINT)
	if status := s.ends(); status != 8 || !strings.Contains(strings.Join(s.lines, " "), "No longer waiting. Pacemaker continues") {
		t.Errorf("status %d: %s", status, strings.Join(s.lines, " "))
	}
}

// A reader that went away does not end a command.
func TestBrokenPipe(t *testing.T) {
	dir := t.TempDir()
	mark(dir, "hold")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "CONSOLE_TEST_SCENE=safe", "CONSOLE_TEST_DIR="+dir)
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = w.Close(), r.Close()
	if err := os.Remove(filepath.Join(dir, "hold")); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || !there(dir, "end") {
		t.Error(err)
	}
}
