// Command bench compares what a monitor costs: the shell agent's and ours, in
// turn, on the same nodes of the same cluster, for primary and standby and for
// clusters of two, three and five nodes. It prints a table and judges nothing.
//
//	bench [-agent bin/pgsql-ra] [-nodes 2,3,5] [-times 15]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"pgrex/test/cost"
	"pgrex/test/lab"
)

const (
	ours  = "/usr/lib/ocf/resource.d/linuxhajapan/pgsql"
	shell = "/usr/lib/ocf/resource.d/heartbeat/pgsql"
	// functions is the node's own copy of the library of the shell agents.
	functions = "/root/ocf-functions"
)

func main() {
	agent := flag.String("agent", "bin/pgsql-ra", "the agent to measure")
	nodes := flag.String("nodes", "2,3,5", "sizes of the clusters")
	times := flag.Int("times", 15, "runs of each monitor; the table shows medians")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := all(ctx, *agent, *nodes, *times); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func all(ctx context.Context, agent, sizes string, times int) error {
	fmt.Printf("%5s  %-7s  %-5s  %8s  %8s  %8s  %9s\n", "nodes", "role", "agent", "wall ms", "CPU ms", "programs", "resident")
	for _, text := range strings.Split(sizes, ",") {
		size, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is not a number of nodes", text)
		}
		if err := cluster(ctx, agent, size, times); err != nil {
			return fmt.Errorf("%d nodes: %w", size, err)
		}
	}
	return nil
}

func cluster(ctx context.Context, agent string, size, times int) (err error) {
	l, err := lab.Up(ctx, lab.Config{Agent: agent, Nodes: size})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lab.Down(context.WithoutCancel(ctx))) }()
	s, err := l.Status(ctx)
	if err != nil {
		return err
	}
	for _, role := range []string{"primary", "standby"} {
		if err := compare(ctx, l, s, role, times); err != nil {
			return fmt.Errorf("%s: %w", role, err)
		}
	}
	return nil
}

// compare measures both agents on one node, run by run in turn, so that
// whatever else the machine does meets both.
func compare(ctx context.Context, l *lab.Lab, s lab.Status, role string, times int) error {
	n, status, err := instance(l, s, role)
	if err != nil {
		return err
	}
	env, err := cost.Environment(ctx, n)
	if err != nil {
		return err
	}
	if err := mendFunctions(ctx, n); err != nil {
		return err
	}
	env = append(env, "OCF_FUNCTIONS_DIR="+functions)
	entering, err := cost.Entering(n, times)
	if err != nil {
		return err
	}
	runs := map[string][]cost.Use{}
	for range times {
		for _, path := range []string{shell, ours} {
			u, err := cost.Run(n, env, path, "monitor")
			if err != nil {
				return err
			}
			if u.Status != status {
				return fmt.Errorf("%s answered %d, want %d", path, u.Status, status)
			}
			runs[path] = append(runs[path], u)
		}
	}
	var both [2]cost.Use
	var programs [2]int
	var resident int
	for i, path := range []string{shell, ours} {
		next := 0
		both[i], _ = cost.Median(times, func() (cost.Use, error) { next++; return runs[path][next-1], nil })
		both[i].Wall, both[i].CPU = both[i].Wall-entering.Wall, both[i].CPU-entering.CPU
		if programs[i], err = cost.Programs(ctx, n, env, path, "monitor"); err != nil {
			return err
		}
		if resident, err = cost.Resident(ctx, n, env, path, "monitor"); err != nil {
			return err
		}
		fmt.Printf("%5d  %-7s  %-5s  %8s  %8s  %8d  %6.1f MB\n", len(l.Nodes()), role, []string{"shell", "ours"}[i],
			ms(both[i].Wall), ms(both[i].CPU), programs[i], float64(resident)/1e6)
	}
	fmt.Printf("%5d  %-7s  %-5s  %8.1f  %8.1f  %8s\n", len(l.Nodes()), role, "times",
		float64(both[0].Wall)/float64(both[1].Wall), float64(both[0].CPU)/float64(both[1].CPU), ratio(programs))
	start, err := cost.Median(times, func() (cost.Use, error) { return cost.Run(n, nil, ours, "meta-data") })
	if err != nil {
		return err
	}
	if resident, err = cost.Resident(ctx, n, nil, ours, "meta-data"); err != nil {
		return err
	}
	fmt.Printf("%5d  %-7s  meta-data of ours: %s ms, %s ms CPU, %.1f MB\n", len(l.Nodes()), role,
		ms(start.Wall-entering.Wall), ms(start.CPU-entering.CPU), float64(resident)/1e6)
	return nil
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond)) }

func ratio(programs [2]int) string {
	if programs[1] == 0 {
		return "all"
	}
	return fmt.Sprintf("%.1f", float64(programs[0])/float64(programs[1]))
}

// instance is the node of the role and what its monitor has to answer.
func instance(l *lab.Lab, s lab.Status, role string) (*lab.Node, int, error) {
	for _, n := range l.Nodes() {
		switch {
		case role == "primary" && n.Name == s.Primary():
			const runningPromoted = 8
			return n, runningPromoted, nil
		case role == "standby" && s.Nodes[n.Name].Attributes["pgsql-status"] == "HS:sync":
			return n, 0, nil
		}
	}
	return nil, 0, fmt.Errorf("the cluster has none: %s", s)
}

// mendFunctions makes the copy of the shell agents' library with the word that
// Debian 12's lacks (resource-agents before 4.13 on Pacemaker 2.1).
func mendFunctions(ctx context.Context, n *lab.Node) error {
	_, err := n.Run(ctx, "sh", "-c", "rm -rf "+functions+" && cp -a /usr/lib/ocf/lib/heartbeat "+functions+
		" && sed -i 's/crm_attribute -p \\$@/crm_attribute -p ${OCF_RESOURCE_INSTANCE} $@/' "+functions+"/ocf-shellfuncs")
	return err
}
