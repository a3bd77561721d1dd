package lab

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// process is one entry of /proc, as far as the lab looks.
type process struct {
	pid    int
	parent int
	inner  int // its number in its own PID namespace
	depth  int // PID namespaces below this one: 0 for the machine's own processes, 1 for a node's
	argv   []string
}

// isNspawn says whether this is a systemd-nspawn that was started on this
// machine, and not one inside a container, which may run a lab of its own.
func (p process) isNspawn() bool {
	return p.depth == 0 && len(p.argv) > 0 && filepath.Base(p.argv[0]) == "systemd-nspawn"
}

// processes reads /proc. Processes that end meanwhile are left out.
func processes() []process {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var all []process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, ok := readProcess(pid); ok {
			all = append(all, p)
		}
	}
	return all
}

// readProcess reads one entry of /proc.
func readProcess(pid int) (process, bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return process{}, false
	}
	cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return process{}, false
	}
	p := parseProcStatus(string(status))
	p.pid = pid
	for arg := range bytes.SplitSeq(bytes.TrimSuffix(cmdline, []byte{0}), []byte{0}) {
		p.argv = append(p.argv, string(arg))
	}
	return p, true
}

func parseProcStatus(status string) process {
	var p process
	for line := range strings.Lines(status) {
		key, value, _ := strings.Cut(line, ":")
		fields := strings.Fields(value)
		if len(fields) == 0 {
			continue
		}
		switch key {
		case "PPid":
			p.parent, _ = strconv.Atoi(fields[0])
		case "NSpid":
			p.inner, _ = strconv.Atoi(fields[len(fields)-1])
			p.depth = len(fields) - 1
		}
	}
	return p
}

// container is a node's systemd-nspawn and, of its children, the node's first
// process. Either is 0 if it does not live.
type container struct{ nspawn, first int }

// container finds the node's. Between two looks it is mostly the same one, and
// to look at that alone spares reading of every process of the machine.
func (n *Node) container() (nspawn, first int) {
	if c := n.found.Load(); c != nil {
		p, ok := readProcess(c.nspawn)
		child, alive := readProcess(c.first)
		if ok && alive && n.isContainer(p) && isFirst(child, c.nspawn) {
			return c.nspawn, c.first
		}
	}
	all := processes()
	var c container
	for _, p := range all {
		if n.isContainer(p) {
			c.nspawn = p.pid
		}
	}
	if c.nspawn == 0 {
		return 0, 0
	}
	for _, p := range all {
		if isFirst(p, c.nspawn) {
			c.first = p.pid
			n.found.Store(&c)
		}
	}
	return c.nspawn, c.first
}

func (n *Node) isContainer(p process) bool {
	return p.isNspawn() && slices.Contains(p.argv, n.directoryArg())
}

func isFirst(p process, nspawn int) bool { return p.parent == nspawn && p.depth == 1 && p.inner == 1 }

func (n *Node) initPID() int {
	_, first := n.container()
	return first
}

// containerPIDs lists the node's processes that still live.
func (n *Node) containerPIDs() []int {
	var pids []int
	nspawn, _ := n.container()
	if nspawn != 0 {
		pids = append(pids, nspawn)
	}
	return append(pids, inNamespaces(n.netns())...)
}

// inNamespaces lists all processes in the named network namespaces, except this one.
func inNamespaces(names ...string) []int {
	wanted := map[uint64]bool{}
	for _, name := range names {
		var st unix.Stat_t
		if unix.Stat("/run/netns/"+name, &st) == nil {
			wanted[st.Ino] = true
		}
	}
	var pids []int
	for _, p := range processes() {
		var st unix.Stat_t
		if p.pid == os.Getpid() || unix.Stat(filepath.Join("/proc", strconv.Itoa(p.pid), "ns/net"), &st) != nil {
			continue
		}
		if wanted[st.Ino] {
			pids = append(pids, p.pid)
		}
	}
	return pids
}
