package pg

import (
	"context"
	"errors"
	"os/exec"
	"testing"
	"time"
)

// gone is a process that has ended.
func gone(t *testing.T) int {
	t.Helper()
	c := exec.Command("true")
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	return c.Process.Pid
}

// going is a process that ends soon.
func going(t *testing.T) int {
	t.Helper()
	c := exec.Command("sleep", "0.2")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = c.Wait() }()
	return c.Process.Pid
}

// The end of a process that a look reports is an event, when it comes after the
// look has seen the process as much as while it is held.
func TestKeepLooking(t *testing.T) {
	for name, process := range map[string]func(*testing.T) int{"ended during the look": gone, "held": going} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pid := process(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			looks := make(chan struct{}, 2)
			duty := Duty{Look: func(context.Context, time.Time) Next {
				looks <- struct{}{}
				if len(looks) == cap(looks) {
					cancel(ErrToldToEnd)
					return Next{}
				}
				return Next{Processes: []int{pid}}
			}}
			time.AfterFunc(10*time.Second, func() { cancel(errors.New("it has not looked again")) })
			if err := keepLooking(ctx, duty, newRequests(cancel), 1, nil); !errors.Is(err, ErrToldToEnd) {
				t.Errorf("after %d looks: %v", len(looks), err)
			}
		})
	}
}

func TestMark(t *testing.T) {
	if Mark([]int{2, 1}) != Mark([]int{1, 2}) || Mark([]int{1}) == Mark([]int{2}) || Mark(nil) != Mark([]int{}) {
		t.Error("a mark stands for a set")
	}
}
