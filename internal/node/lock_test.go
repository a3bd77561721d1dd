package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var since = time.Date(2026, 4, 1, 12, 30, 0, 0, time.UTC)

var holder = Holder{PID: 4711, Command: "pg-rex_switchover", Host: "pgrex01", Since: since}

// lockIsFree waits until the lock can be had, as another command would have it,
// and returns who left it.
func lockIsFree(t *testing.T, path string) (stale *Holder) {
	t.Helper()
	soon(t, "the lock", func() bool {
		l, left, err := Lock(t.Context(), Local{}, path, Holder{PID: 1, Command: "next", Host: "pgrex02", Since: since})
		if err != nil {
			return false
		}
		_ = l.Close()
		stale = left
		return true
	})
	return stale
}

// Conformance: AT-129 (unit)
func TestLock(t *testing.T) {
	eachWay(t, func(t *testing.T, n Node) {
		path := filepath.Join(t.TempDir(), "run", "lock")
		l, stale, err := Lock(t.Context(), n, path, holder)
		if err != nil || stale != nil {
			t.Fatal(stale, err)
		}
		if b, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(b), "4711\n") {
			t.Errorf("%q %v", b, err) // as the present tools read it
		}
		for _, other := range []Node{Local{HostName: "own"}, n} {
			_, _, err = Lock(t.Context(), other, path, Holder{PID: 1})
			var held *HeldError
			if !errors.As(err, &held) || held.Node != other.Name() || held.Holder.PID != 4711 || held.Holder.Command != "pg-rex_switchover" ||
				held.Holder.Host != "pgrex01" || !held.Holder.Since.Equal(since) {
				t.Errorf("the second holder: %v", err)
			}
		}
		if err := l.Close(); err != nil && !strings.Contains(err.Error(), "killed") {
			t.Error(err)
		}
		// A helper that was killed had no time to clear the file.
		if stale := lockIsFree(t, path); stale != nil && stale.PID != 4711 {
			t.Errorf("after it was given up: %+v", stale)
		}
	})
}

func TestLockGivenUpLeavesNoTrace(t *testing.T) {
	for name, n := range map[string]Node{"own": Local{HostName: "own"}, "pipe": connect(t, overPipe(t, ""))} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "lock")
			l, _, err := Lock(t.Context(), n, path, holder)
			if err != nil {
				t.Fatal(err)
			}
			_ = l.Close()
			if stale := lockIsFree(t, path); stale != nil {
				t.Errorf("%+v", stale)
			}
		})
	}
}

// Whatever dies, the helper that has the lock open or the connection to it, the
// lock is free, and the next one learns whose it was.
//
// Conformance: AT-129 (unit)
func TestLockOfADeadHolder(t *testing.T) {
	for name, die := range map[string]func(c child) error{
		"the helper is killed":   func(c child) error { return c.cmd.Process.Kill() },
		"the connection is lost": func(c child) error { return c.WriteCloser.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			var sessions []child
			start := func(ctx context.Context, args ...string) (io.ReadWriteCloser, error) {
				conn, err := overChild(t, "")(ctx, args...)
				if err == nil {
					sessions = append(sessions, conn.(child))
				}
				return conn, err
			}
			path := filepath.Join(t.TempDir(), "lock")
			l, _, err := Lock(t.Context(), connect(t, start), path, holder)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if err := die(sessions[len(sessions)-1]); err != nil {
				t.Fatal(err)
			}
			stale := lockIsFree(t, path)
			if killed := strings.Contains(name, "killed"); killed != (stale != nil) || killed && stale.PID != 4711 {
				t.Errorf("left behind: %+v", stale)
			}
		})
	}
}

// What is put right after an interruption is done under the lock still.
func TestLockOutlivesItsContext(t *testing.T) {
	eachWay(t, func(t *testing.T, n Node) {
		path := filepath.Join(t.TempDir(), "lock")
		ctx, cancel := context.WithCancel(t.Context())
		l, _, err := Lock(ctx, n, path, holder)
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		time.Sleep(50 * time.Millisecond) // it would be gone at once
		var held *HeldError
		if _, _, err := Lock(t.Context(), Local{}, path, Holder{PID: 1}); !errors.As(err, &held) {
			t.Errorf("after the end of the context: %v", err)
		}
		_ = l.Close()
		lockIsFree(t, path)
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	// The file cannot be made either: what counts is that nobody waits for it.
	if _, _, err := Lock(ctx, connect(t, overPipe(t, "")), "/proc/self/status/lock", holder); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the context: %v", err)
	}
}

// What other programs have left in the file.
func TestLockTakesOver(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "<nil>",
		"\n":                           "<nil>",
		"rubbish":                      "<nil>",
		"1234":                         "&{1234 ?  0001-01-01 00:00:00 +0000 UTC}", // of the present tools
		"1234\n":                       "&{1234 ?  0001-01-01 00:00:00 +0000 UTC}",
		strings.Repeat("9999999", 999): "<nil>",
		string(holder.text()):          "&{4711 pg-rex_switchover pgrex01 2026-04-01 12:30:00 +0000 UTC}",
	} {
		path := filepath.Join(t.TempDir(), "lock")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		l, stale, err := Lock(t.Context(), Local{}, path, Holder{PID: 5, Command: "c", Host: "h", Since: since})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(stale); got != want {
			t.Errorf("%.40q: %s, want %s", text, got, want)
		}
		if b, _ := os.ReadFile(path); string(b) != "5\nc\nh\n2026-04-01T12:30:00Z\n" {
			t.Errorf("%q", b) // nothing of the former holder
		}
		_ = l.Close()
	}
}

func TestLockThatCannotBeMade(t *testing.T) {
	eachWay(t, func(t *testing.T, n Node) {
		dir := t.TempDir()
		if err := os.Symlink(filepath.Join(dir, "elsewhere"), filepath.Join(dir, "link")); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{filepath.Join(dir, "link"), "/proc/self/status/lock"} {
			var held *HeldError
			if _, _, err := Lock(t.Context(), n, path, holder); err == nil || errors.As(err, &held) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: %v", path, err)
			}
		}
		if there(filepath.Join(dir, "elsewhere")) {
			t.Error("a symbolic link was followed")
		}
	})
}
