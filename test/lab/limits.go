package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// controlGroups is where version 1 of the kernel's control groups is. A frozen
// group of version 2 lets SIGKILL through, one of version 1 does not.
const controlGroups = "/sys/fs/cgroup"

// controllers are those that the lab puts processes of a node under.
var controllers = []string{"freezer", "memory", "pids"}

func (n *Node) group(controller string) string {
	return filepath.Join(controlGroups, controller, nsPrefix+n.Name)
}

// restrain puts processes, by the machine's numbers, into the node's group of a controller.
func (n *Node) restrain(controller string, pids []int) error {
	if len(pids) == 0 {
		return fmt.Errorf("%s has no such process", n.Name)
	}
	if _, err := os.Stat(filepath.Join(controlGroups, controller, "cgroup.procs")); err != nil {
		return fmt.Errorf("this machine has no control groups (version 1) of %s: %w", controller, err)
	}
	if err := os.MkdirAll(n.group(controller), 0o755); err != nil {
		return err
	}
	for _, pid := range pids {
		err := os.WriteFile(filepath.Join(n.group(controller), "cgroup.procs"), []byte(strconv.Itoa(pid)), 0)
		if err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("cannot restrain process %d of %s: %w", pid, n.Name, err)
		}
	}
	return nil
}

func (n *Node) setLimit(controller, name, value string) error {
	return os.WriteFile(filepath.Join(n.group(controller), controller+"."+name), []byte(value), 0)
}

// FreezeServer stops server processes where no signal reaches them, SIGKILL
// included, as a disk does that answers no more; those whose title has the
// word, or all for "". Thaw, Kill and Down let them go on.
func (n *Node) FreezeServer(ctx context.Context, word string) error {
	return n.freeze(ctx, n.serverPIDs(word))
}

// Freeze stops all processes of the node, as a hypervisor stops a machine; its
// network is another matter, see Cut. Thaw, Kill and Down let them go on. What is
// started in the node meanwhile runs.
func (n *Node) Freeze(ctx context.Context) error { return n.freeze(ctx, n.containerPIDs()) }

func (n *Node) freeze(ctx context.Context, pids []int) error {
	if err := n.restrain("freezer", pids); err != nil {
		return err
	}
	if err := n.setLimit("freezer", "state", "FROZEN"); err != nil {
		return err
	}
	return Until(ctx, "frozen processes on "+n.Name, Timeouts.Die, func(context.Context) (string, bool) {
		state, err := os.ReadFile(filepath.Join(n.group("freezer"), "freezer.state"))
		return fmt.Sprint(string(state), err), strings.TrimSpace(string(state)) == "FROZEN"
	})
}

// Thaw lets go on what FreezeServer has stopped; nothing frozen is no error.
func (n *Node) Thaw() error {
	err := n.setLimit("freezer", "state", "THAWED")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// LimitMemory lets the node's postmaster, and what it starts from now on, take
// no more than so much memory besides what they have; the kernel kills what goes
// beyond.
func (n *Node) LimitMemory(mebibytes int) error {
	if err := n.restrain("memory", n.postmasterPIDs()); err != nil {
		return err
	}
	return n.setLimit("memory", "limit_in_bytes", strconv.Itoa(mebibytes<<20))
}

// OutOfMemoryKills is how many processes the kernel has killed for the limit of LimitMemory.
func (n *Node) OutOfMemoryKills() (int, error) {
	text, err := os.ReadFile(filepath.Join(n.group("memory"), "memory.oom_control"))
	if err != nil {
		return 0, err
	}
	_, count, found := strings.Cut(string(text), "\noom_kill ")
	if !found {
		return 0, errors.New("this kernel does not count what it kills for want of memory")
	}
	return strconv.Atoi(strings.TrimSpace(count))
}

// LimitProcesses lets the node's server start no further process.
func (n *Node) LimitProcesses() error {
	pids := n.serverPIDs("")
	if err := n.restrain("pids", pids); err != nil {
		return err
	}
	return n.setLimit("pids", "max", strconv.Itoa(len(pids)))
}

// Unlimit undoes LimitMemory and LimitProcesses.
func (n *Node) Unlimit() error {
	for controller, unlimited := range map[string][2]string{"memory": {"limit_in_bytes", "-1"}, "pids": {"max", "max"}} {
		if err := n.setLimit(controller, unlimited[0], unlimited[1]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// removeGroups removes the control groups of nodes that do not run.
func removeGroups() error {
	for _, controller := range controllers {
		left, err := filepath.Glob(filepath.Join(controlGroups, controller, nsPrefix+"*"))
		if err != nil {
			return err
		}
		for _, group := range left {
			if err := unix.Rmdir(group); err != nil {
				return fmt.Errorf("cannot remove %s: %w", group, err)
			}
		}
	}
	return nil
}

// thawAll lets every frozen process of the lab go on, of which a frozen one
// would not die.
func thawAll() {
	frozen, _ := filepath.Glob(filepath.Join(controlGroups, "freezer", nsPrefix+"*", "freezer.state"))
	for _, state := range frozen {
		_ = os.WriteFile(state, []byte("THAWED"), 0)
	}
}

// serverPIDs are the machine's numbers of the node's server processes whose
// title has the word; of all, postmaster included, for "".
func (n *Node) serverPIDs(word string) []int {
	var pids []int
	in := inNamespaces(n.netns())
	for _, p := range processes() {
		title := strings.Join(p.argv, " ")
		ours := isPostmaster(p) || strings.HasPrefix(title, "postgres: ")
		if ours && slices.Contains(in, p.pid) && strings.Contains(title, word) {
			pids = append(pids, p.pid)
		}
	}
	return pids
}

func (n *Node) postmasterPIDs() []int {
	var pids []int
	in := inNamespaces(n.netns())
	for _, p := range processes() {
		if isPostmaster(p) && slices.Contains(in, p.pid) {
			pids = append(pids, p.pid)
		}
	}
	return pids
}

func isPostmaster(p process) bool {
	return p.depth == 1 && len(p.argv) > 1 && filepath.Base(p.argv[0]) == "postgres" && slices.Contains(p.argv, "-D")
}
