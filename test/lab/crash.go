package lab

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// KillPostgreSQL kills the node's postmaster with SIGKILL and returns the moment.
func (n *Node) KillPostgreSQL() (time.Time, error) {
	content, err := n.ReadFile(PGData + "/postmaster.pid")
	if err != nil {
		return time.Time{}, fmt.Errorf("cannot kill PostgreSQL on %s: %w", n.Name, err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	inner, err := strconv.Atoi(first)
	if err != nil {
		return time.Time{}, fmt.Errorf("cannot read postmaster.pid of %s: %w", n.Name, err)
	}
	pid, err := n.OuterPID(inner)
	if err != nil {
		return time.Time{}, err
	}
	at := time.Now()
	return at, unix.Kill(pid, unix.SIGKILL)
}

// OuterPID translates a process number of the node into the machine's.
func (n *Node) OuterPID(inner int) (int, error) {
	in := map[int]bool{}
	for _, pid := range inNamespaces(n.netns()) {
		in[pid] = true
	}
	for _, p := range processes() {
		if in[p.pid] && p.depth == 1 && p.inner == inner {
			return p.pid, nil
		}
	}
	return 0, fmt.Errorf("%s has no process %d", n.Name, inner)
}
