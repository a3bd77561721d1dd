package cluster

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

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
