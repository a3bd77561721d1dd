// Package run is the one place of the project that starts other programs.
//
// It owns what is easy to get wrong: arguments are a list and never shell
// text, every program has a deadline, a program that overruns is killed with
// its whole process group, no program outlives the one that started it unless
// that is asked for, and the exit status is data ([ExitError]) that the caller
// who knows the program interprets. What a program's output means belongs to
// the packages that wrap it (crm, pg).
package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Command describes one program call.
type Command struct {
	// Argv is the program, found through PATH if it has no slash, and its arguments.
	Argv []string
	// Env is added to the environment of the agent; LC_ALL=C is always set,
	// because the output of programs is read by other programs.
	Env []string
	// Unset names variables that the program must not see.
	Unset []string
	// Stdin is what the program reads; nothing when empty.
	Stdin []byte
	// Dir is the working directory; empty means the present one.
	Dir string
	// Credential, when set, is the user that the program runs as.
	Credential *syscall.Credential
	// Live, when set, is given what the program writes on both its outputs, as
	// it comes. It stays on this node.
	Live io.Writer `json:"-"`
	// LiveOnly is for a program that goes on for long: its output is not kept.
	LiveOnly bool
	// LeavesServer is for pg_ctl start: what the program leaves behind must
	// survive us and must not hold our pipes, so its output goes to a file
	// and nothing is killed once it has returned. [Left] finds it.
	LeavesServer bool
}

// Result is what a program that was started and ended has said.
type Result struct {
	Stdout, Stderr []byte
}

// Runner runs programs. [Local] runs them on this machine; tests have their own.
type Runner interface {
	// Run returns an *ExitError when the program ended with a status other
	// than 0, the cause of the context when its deadline passed, and another
	// error when the program could not be started.
	Run(ctx context.Context, c Command) (Result, error)
}

// ExitError says that a program ran and ended with a status other than 0.
type ExitError struct {
	Argv   []string
	Status int // -1 when a signal ended it
	Stderr string
}

// Error names the program, not its arguments: they may hold a connection string.
func (e *ExitError) Error() string {
	s := fmt.Sprintf("%s exited with status %d", filepath.Base(e.Argv[0]), e.Status)
	if line := lastLine(e.Stderr); line != "" {
		s += ": " + line
	}
	return s
}

// Status returns the exit status carried by err and whether there is one.
func Status(err error) (int, bool) {
	var e *ExitError
	if errors.As(err, &e) {
		return e.Status, true
	}
	return 0, false
}

// Local runs programs on this machine.
type Local struct{}

// waitDelay bounds the wait for the pipes of a program that has ended or was
// killed while a grandchild still holds them.
const waitDelay = 500 * time.Millisecond

// Run implements [Runner].
func (Local) Run(ctx context.Context, c Command) (Result, error) {
	if len(c.Argv) == 0 {
		return Result{}, errors.New("cannot run a program without a name")
	}
	// The kernel delivers Pdeathsig when the thread that forked dies, not the
	// process; a locked thread lives as long as this call.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.Env = environment(os.Environ(), c)
	cmd.Dir = c.Dir
	cmd.WaitDelay = waitDelay
	cmd.SysProcAttr = &syscall.SysProcAttr{
		// pg_ctl before release 12 gives the server no session of its own.
		Setsid:     c.LeavesServer,
		Setpgid:    !c.LeavesServer,
		Pdeathsig:  syscall.SIGKILL,
		Credential: c.Credential,
	}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

	var out, errOut bytes.Buffer
	if c.LeavesServer {
		f, err := outputFile()
		if err != nil {
			return Result{}, fmt.Errorf("cannot run %s: %w", c.Argv[0], err)
		}
		defer f.Close()
		if err := adopt(); err != nil {
			return Result{}, fmt.Errorf("cannot run %s: %w", c.Argv[0], err)
		}
		cmd.Stdout, cmd.Stderr = f, f
		err = cmd.Run()
		if text, readErr := readBack(f); readErr == nil {
			errOut.Write(text)
		}
		return finish(ctx, c, &out, &errOut, err)
	}
	if len(c.Stdin) > 0 {
		cmd.Stdin = bytes.NewReader(c.Stdin)
	}
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if c.Live != nil {
		live := &oneByOne{w: c.Live}
		cmd.Stdout, cmd.Stderr = io.MultiWriter(&out, live), io.MultiWriter(&errOut, live)
		if c.LiveOnly {
			cmd.Stdout, cmd.Stderr = live, io.Discard
		}
	}
	return finish(ctx, c, &out, &errOut, cmd.Run())
}

// oneByOne is one writer for two outputs.
type oneByOne struct {
	mu sync.Mutex
	w  io.Writer
}

func (o *oneByOne) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.w.Write(b)
}

func finish(ctx context.Context, c Command, out, errOut *bytes.Buffer, err error) (Result, error) {
	res := Result{Stdout: out.Bytes(), Stderr: errOut.Bytes()}
	var exit *exec.ExitError
	switch {
	case err == nil:
		return res, nil
	case ctx.Err() != nil:
		return res, fmt.Errorf("%s did not end in time: %w", filepath.Base(c.Argv[0]), context.Cause(ctx))
	case errors.As(err, &exit):
		return res, &ExitError{Argv: c.Argv, Status: exit.ExitCode(), Stderr: errOut.String()}
	case errors.Is(err, exec.ErrWaitDelay):
		// The program itself ended well; only a pipe stayed open.
		return res, nil
	default:
		return res, fmt.Errorf("cannot run %s: %w", c.Argv[0], err)
	}
}

// outputFile is a file without a name: nothing is left behind when we die.
func outputFile() (*os.File, error) {
	f, err := os.CreateTemp("", "pgsql-ra-*")
	if err != nil {
		return nil, err
	}
	return f, os.Remove(f.Name())
}

func readBack(f *os.File) ([]byte, error) {
	const limit = 64 << 10
	buf := make([]byte, limit)
	n, err := f.ReadAt(buf, 0)
	if n > 0 {
		return buf[:n], nil
	}
	return nil, err
}

// environment is the inherited environment without c.Unset, with c.Env and LC_ALL=C.
func environment(inherited []string, c Command) []string {
	drop := map[string]bool{"LC_ALL": true, "LANG": true, "LANGUAGE": true}
	for _, name := range c.Unset {
		drop[name] = true
	}
	for _, kv := range c.Env {
		name, _, _ := strings.Cut(kv, "=")
		drop[name] = true
	}
	env := []string{"LC_ALL=C"}
	for _, kv := range inherited {
		if name, _, _ := strings.Cut(kv, "="); !drop[name] {
			env = append(env, kv)
		}
	}
	return append(env, c.Env...)
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
