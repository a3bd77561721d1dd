package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/spf13/cobra"

	"pgrex/test/drill"
	"pgrex/test/lab"
)

func (a *app) upCommand() *cobra.Command {
	var agent agentFlag
	var suite string
	var nodes int
	var keep, fencing bool
	cmd := &cobra.Command{
		Use:     "up",
		Short:   a.say(msgShortUp),
		Args:    atMost(0),
		Example: a.say(msgExampleUp),
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := agent.path()
			if err != nil {
				return err
			}
			cfg := lab.Config{Nodes: nodes, Agent: path, Suite: suite, KeepFailed: keep, Variant: lab.Variant{Fencing: fencing}}
			if fencing {
				if cfg.Power, err = os.Executable(); err != nil {
					return err
				}
			}
			l, err := a.up(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			if nodes == 2 { // what the operation commands are made for
				_, _, commands, err := agent.programs("")
				if err != nil {
					return err
				}
				err = l.InstallTools(commands, drill.Kind{Nodes: nodes, Fencing: fencing}.Configuration())
				if errors.Is(err, os.ErrNotExist) {
					a.print(msgNoCommands, commands)
				} else if err != nil {
					return err
				}
			}
			return l.Keep()
		},
	}
	agent.add(a, cmd)
	a.addSuite(cmd, &suite)
	cmd.Flags().IntVar(&nodes, "nodes", 2, a.say(msgFlagNodes))
	cmd.Flags().BoolVar(&fencing, "fencing", false, a.say(msgFlagFencing))
	cmd.Flags().BoolVar(&keep, "keep", false, a.say(msgFlagKeep))
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
		Short: a.say(msgShortDown),
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
		Short:   a.say(msgShortRejoin),
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
