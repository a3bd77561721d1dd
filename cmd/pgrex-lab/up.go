package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"pgrex/test/lab"
)

func (a *app) upCommand() *cobra.Command {
	var agent agentFlag
	var nodes int
	var keep bool
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Build a cluster: primary on node01, synchronous standby on node02",
		Args:  atMost(0),
		Example: `  sudo pgrex-lab up
  sudo pgrex-lab up --nodes 3
  sudo pgrex-lab up --agent heartbeat    # the shell agent, for comparison`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := agent.path()
			if err != nil {
				return err
			}
			_, err = a.up(cmd.Context(), lab.Config{Nodes: nodes, Agent: path, KeepFailed: keep})
			return err
		},
	}
	agent.add(cmd)
	cmd.Flags().IntVar(&nodes, "nodes", 2, "number of nodes")
	cmd.Flags().BoolVar(&keep, "keep", false, "leave a lab that did not come up for inspection")
	return cmd
}

func (a *app) up(ctx context.Context, cfg lab.Config) (*lab.Lab, error) {
	begin := time.Now()
	cfg.Report = a.report
	l, err := lab.Up(ctx, cfg)
	if err != nil {
		return nil, err
	}
	a.print(msgUp, time.Since(begin).Seconds())
	return l, nil
}

func (a *app) downCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "Remove the lab, also one that was killed half-way",
		Args:  atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := lab.Down(cmd.Context()); err != nil {
				return err
			}
			a.print(msgDown)
			return nil
		},
	}
}

func (a *app) rejoinCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "rejoin NODE",
		Short:   "Rebuild a node from the primary and start it as standby",
		Example: "  sudo pgrex-lab rejoin node01",
		Args:    exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, n, err := openNode(args[0])
			if err != nil {
				return err
			}
			begin := time.Now()
			l.Report(a.report)
			if err := l.JoinStandby(cmd.Context(), n); err != nil {
				return err
			}
			a.print(msgRejoined, n.Name, time.Since(begin).Seconds())
			return nil
		},
	}
}
