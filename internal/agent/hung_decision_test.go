package agent

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"pgrex/internal/pg"
)

func TestHung(t *testing.T) {
	for _, tt := range []struct {
		s    signs
		hung bool
	}{
		{signs{}, false},
		{signs{stopped: stoppedTime - 1}, false},
		{signs{stopped: stoppedTime}, true},
		{signs{deaf: stoppedTime}, false},
		{signs{deaf: deafTime - 1}, false},
		{signs{deaf: deafTime}, true},
		{signs{stopped: stoppedTime - 1, deaf: deafTime - 1}, false},
	} {
		if got := hung(tt.s) != ""; got != tt.hung {
			t.Errorf("%+v: %t", tt.s, got)
		}
	}
}

// Of all states only those count that no load makes, and only without a break.
func TestSigns(t *testing.T) {
	const asked = 7
	for state, want := range map[byte]signs{
		'R': {}, 'D': {}, 'Z': {}, 'I': {}, 'S': {deaf: 2}, 'T': {stopped: 2}, 't': {stopped: 2},
	} {
		now := pg.Pulse{State: state, Woken: asked}
		s := signs{}.later(pg.Pulse{Woken: asked}, now, time.Nanosecond).later(pg.Pulse{Woken: asked}, now, time.Nanosecond)
		if s != want {
			t.Errorf("two looks at %c: %+v, want %+v", state, s, want)
		}
	}
	long := signs{stopped: time.Hour, deaf: time.Hour}
	if s := long.later(pg.Pulse{Woken: asked}, pg.Pulse{State: 'S', Woken: asked + 1}, time.Second); s != (signs{}) {
		t.Errorf("it has woken: %+v", s)
	}
	if s := long.later(pg.Pulse{Woken: asked}, pg.Pulse{State: 'R', Woken: asked}, time.Second); s != (signs{}) {
		t.Errorf("it wants to run: %+v", s)
	}
}

func TestPulse(t *testing.T) {
	c := exec.Command("sleep", "60")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill(); _ = c.Wait() }()
	is := func(what string, ok func(pg.Pulse) bool) (p pg.Pulse) {
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			var err error
			if p, err = pg.ReadPulse(c.Process.Pid); err == nil && ok(p) {
				return p
			}
			if time.Now().After(end) {
				t.Fatalf("not %s: %+v %v", what, p, err)
			}
		}
	}
	first := is("asleep", pg.Pulse.Asleep)
	time.Sleep(50 * time.Millisecond)
	if p := is("asleep", pg.Pulse.Asleep); p.Woken != first.Woken {
		t.Errorf("it sleeps, and has woken %d times after %d", p.Woken, first.Woken)
	}
	if err := c.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	is("stopped", pg.Pulse.Stopped)
	if p, err := pg.ReadPulse(os.Getpid()); err != nil || p.Stopped() || p.Woken == 0 {
		t.Errorf("of ourselves: %+v %v", p, err)
	}
	if _, err := pg.ReadPulse(1 << 30); err == nil {
		t.Error("a process that is not there has a pulse")
	}
}
