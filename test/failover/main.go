// Command failover measures for how long clients cannot write: fault after fault,
// with our agent and with others, in turn, on the same cluster of the lab with the
// same Corosync and monitors. It prints a table, keeps every single run, draws where
// the seconds go, and judges nothing. Of the agents "tuned" is ours in a cluster with
// the profile of docs/tuning.md, "unwatched" ours without its watcher, "polled" the
// same with monitors every second and two, "undelayed" ours without
// priority-fencing-delay, and "paf" is there where resource-agents-paf is.
//
//	failover [-rounds 20] [-block 5] [-rows F01,F09] [-agents ours,tuned,shell,paf] [-nodes 2] [-load 0] [-seed 1] [-bin bin] [-output failover]
//	failover -report failover
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"pgrex/test/lab"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	var p plan
	var rows, agents, report string
	flag.IntVar(&p.rounds, "rounds", 20, "runs of each fault with each agent")
	flag.IntVar(&p.block, "block", 5, "runs with one agent before it is the other's turn")
	flag.StringVar(&rows, "rows", "", "faults to measure, all by default: "+strings.Join(ids(), ","))
	flag.StringVar(&agents, "agents", strings.Join(compared(), ","), "agents to measure")
	flag.IntVar(&p.nodes, "nodes", 2, "nodes of the cluster; with more than two only the rows that need no command: "+strings.Join(withoutCommands, ","))
	flag.IntVar(&p.load, "load", 0, "clients of pgbench beside the one that is measured")
	flag.Uint64Var(&p.seed, "seed", 1, "where in the interval of a monitor the faults fall")
	flag.StringVar(&p.bin, "bin", "bin", "folder of our programs")
	flag.StringVar(&p.output, "output", "failover", "folder of the results")
	flag.StringVar(&report, "report", "", "make table and figure of the runs in a folder anew, and measure nothing")
	flag.Parse()
	err := func() (err error) {
		if report != "" {
			return write(report)
		}
		if p.rows, err = chosen(rows); err != nil {
			return err
		}
		if p.agents, err = known(agents); err != nil {
			return err
		}
		if p.rounds < 1 || p.block < 1 || p.nodes < 2 || p.load < 0 {
			return errors.New("-rounds and -block are 1 at least, -nodes 2, -load 0")
		}
		if p.nodes > 2 {
			asked := len(p.rows)
			p.rows = slices.DeleteFunc(p.rows, func(w row) bool { return !slices.Contains(withoutCommands, w.id) })
			if rows != "" && len(p.rows) < asked {
				return fmt.Errorf("-rows %s: with %d nodes there are only %s", rows, p.nodes, strings.Join(withoutCommands, ", "))
			}
		}
		return errors.Join(p.run(ctx), write(p.output))
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "failover:", err)
		os.Exit(1)
	}
}

// plan is what is to be measured.
type plan struct {
	rounds, block int
	nodes, load   int
	rows          []row
	agents        []string
	seed          uint64
	bin, output   string
}

// Names of the agents.
const (
	ours      = "ours"
	tuned     = "tuned"
	unwatched = "unwatched"
	polled    = "polled"
	undelayed = "undelayed"
	shell     = "shell"
	paf       = "paf"
)

// isOurs says whether an agent is our own program.
func isOurs(agent string) bool {
	return slices.Contains([]string{ours, tuned, unwatched, polled, undelayed}, agent)
}

// compared are the agents that are measured unless others are named: those that this
// machine has.
func compared() []string {
	all := []string{ours, tuned, shell}
	if lab.HasPAF() {
		all = append(all, paf)
	}
	return all
}

func known(list string) ([]string, error) {
	names, all := strings.Split(list, ","), append(compared(), unwatched, polled, undelayed)
	for _, name := range names {
		switch {
		case slices.Contains(all, name):
		case name == paf:
			return nil, errors.New("PAF is not installed: apt-get install resource-agents-paf")
		default:
			return nil, fmt.Errorf("unknown agent %q: there are %s", name, strings.Join(all, ", "))
		}
	}
	return names, nil
}

// label is the agent in the table: with what is not as in all other runs.
func (p plan) label(agent string) string {
	if p.nodes > 2 {
		agent += fmt.Sprintf(", %d nodes", p.nodes)
	}
	if p.load > 0 {
		agent += fmt.Sprintf(", %d clients", p.load)
	}
	return agent
}

func (p plan) program(name string) (string, error) {
	path, err := filepath.Abs(filepath.Join(p.bin, name))
	if err == nil {
		_, err = os.Stat(path)
	}
	return path, err
}

// run measures in blocks, so that whatever else the machine does meets all agents.
func (p plan) run(ctx context.Context) error {
	keep, err := newKeeper(p.output)
	if err != nil {
		return err
	}
	defer keep.Close()
	for _, fencing := range []bool{false, true} {
		rows := ofKind(p.rows, fencing)
		for first := 1; first <= p.rounds && len(rows) > 0; first += p.block {
			last := min(first+p.block-1, p.rounds)
			for _, agent := range p.agents {
				rows := rows
				if agent == paf {
					rows = slices.DeleteFunc(slices.Clone(rows), func(w row) bool { return !slices.Contains(withPAF, w.id) })
				}
				if len(rows) == 0 {
					continue
				}
				if err := p.cluster(ctx, agent, fencing, rows, first, last, keep); err != nil {
					return fmt.Errorf("%s, runs %d to %d: %w", agent, first, last, err)
				}
			}
		}
	}
	return nil
}

// cluster makes some runs of all rows of one kind with one agent.
func (p plan) cluster(ctx context.Context, agent string, fencing bool, rows []row, first, last int, keep *keeper) (err error) {
	cfg := lab.Config{Nodes: p.nodes, Variant: lab.Variant{Fencing: fencing}}
	switch agent {
	case paf:
		cfg.Variant.PAF = true
	case tuned:
		cfg.Variant = cfg.Variant.Tuned()
	case undelayed:
		cfg.Variant.PriorityDelay = lab.NoDelay
	case polled:
		cfg.Variant.Monitor, cfg.Variant.MonitorTimeout = time.Second, time.Minute
		fallthrough
	case unwatched:
		cfg.Variant.Unwatched = true
	}
	ran := "" // version of our programs
	if isOurs(agent) {
		if cfg.Agent, err = p.program("pgsql-ra"); err != nil {
			return err
		}
		if ran, err = version(ctx, cfg.Agent); err != nil {
			return err
		}
	}
	if cfg.Power, err = p.program("pgrex-lab"); err != nil {
		return err
	}
	tools, err := p.program("pg-rex")
	if err != nil {
		return err
	}
	fmt.Printf("%s, fencing %t: a cluster comes up\n", agent, fencing)
	l, err := lab.Up(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lab.Down(context.WithoutCancel(ctx))) }()
	load := p.load > 0 || slices.ContainsFunc(rows, func(w row) bool { return w.loads })
	if err := prepare(ctx, l, tools, fencing, load); err != nil {
		return err
	}
	described, err := machine(ctx, l.Nodes()[0], l.PGBin())
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(p.output, machineFile), []byte(described+"\n"), 0o644); err != nil {
		return err
	}
	var outlook []prediction
	if isOurs(agent) && p.nodes == 2 {
		if outlook, err = predict(ctx, l); err != nil {
			return err
		}
	}
	for number := first; number <= last; number++ {
		for _, w := range rows {
			m := &measurement{Lab: l, Context: ctx, agent: agent, label: p.label(agent), load: p.load, number: number, seed: p.seed, keep: keep, outlook: outlook, version: ran}
			if err := m.measure(w); err != nil {
				return fmt.Errorf("%s: %w", w.id, err)
			}
		}
	}
	return nil
}
