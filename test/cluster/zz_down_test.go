package cluster

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"pgrex/test/lab"
)

func TestSecondUpIsRefused(t *testing.T) {
	_, ctx := begin(t)
	if _, err := lab.Up(ctx, lab.Config{}); !errors.Is(err, lab.ErrRunning) {
		t.Errorf("a second lab beside the first: %v", err)
	}
	normalState(t, ctx)
}

// TestDownLeavesNothing is the last test: it ends the lab that the others share.
func TestDownLeavesNothing(t *testing.T) {
	_, ctx := begin(t)
	must(t, lab.Down(ctx))
	for what, argv := range map[string][]string{
		"network namespaces": {"ip", "netns", "list"},
		"interfaces":         {"ip", "-o", "link", "show"},
		"mounts":             {"cat", "/proc/self/mounts"},
		"processes":          {"ps", "-ww", "-eo", "args"},
	} {
		out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
		must(t, err)
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, "pgrex-node") || strings.Contains(line, "pgrex-switch") || strings.Contains(line, lab.Root) {
				t.Errorf("%s are left: %s", what, strings.TrimSpace(line))
			}
		}
	}
	if _, err := os.Stat(lab.Root); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left: %v", lab.Root, err)
	}
	must(t, lab.Down(ctx)) // a second time there is nothing to do
}

// TestRemainsOfAKilledLab kills a command while it brings a lab up. The next lab
// takes its place; one that was brought up and kept is not touched.
func TestRemainsOfAKilledLab(t *testing.T) {
	if noLab != nil {
		begin(t)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	t.Cleanup(func() { must(t, lab.Down(context.Background())) })
	up := exec.Command("../../bin/pgrex-lab", "up", "--agent", "../../bin/pgsql-ra")
	must(t, up.Start())
	must(t, lab.Until(ctx, "the nodes", time.Minute, func(ctx context.Context) (string, bool) {
		l, err := lab.Open()
		if err != nil {
			return err.Error(), false
		}
		return "not both run", l.Nodes()[0].Running() && l.Nodes()[1].Running()
	}))
	if _, err := lab.Up(ctx, lab.Config{}); !errors.Is(err, lab.ErrRunning) {
		t.Fatalf("a lab that another command brings up: %v", err)
	}
	must(t, up.Process.Kill())
	_ = up.Wait() // it was killed

	var removed bool
	l, err := lab.Up(ctx, lab.Config{Agent: "../../bin/pgsql-ra", Bare: true, Report: func(s lab.Step) { removed = removed || s.ID == lab.StepRemains && s.Done }})
	must(t, err)
	if !removed {
		t.Error("nothing was said of the lab that was removed")
	}
	must(t, l.Keep())
	if _, err := lab.Up(ctx, lab.Config{}); !errors.Is(err, lab.ErrRunning) {
		t.Errorf("beside a lab that was kept: %v", err)
	}
	for _, n := range l.Nodes() {
		if !n.Running() {
			t.Errorf("%s does not run any more", n.Name)
		}
	}
}
