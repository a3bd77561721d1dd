package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"pgrex/test/lab"
)

// fence acts as the fence agent where the program is called by such a name: in
// the nodes of a lab with fencing.
func fence(ctx context.Context) (status int, done bool) {
	if !lab.IsFenceAgent(os.Args[0]) {
		return 0, false
	}
	return lab.Fence(ctx, os.Stdin, os.Stdout, os.Stderr), true
}

// powerCommand is the process behind the fence agents, which the lab starts.
func (a *app) powerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: lab.PowerCommand, Hidden: true, Args: atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return lab.ServePower(cmd.Context()) },
	}
	cmd.Flags().String("folder", "", a.say(msgFlagFolder)) // the lab finds the process by it
	return cmd
}

func (a *app) fencingCommand() *cobra.Command {
	var delay time.Duration
	var fail []string
	var lie bool
	cmd := &cobra.Command{
		Use: "fencing", Short: a.say(msgShortFencing), Long: a.say(msgLongFencing), Example: a.say(msgExampleFencing), Args: atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := lab.Open()
			if err != nil {
				return err
			}
			if err := l.SetPower(lab.PowerMode{Delay: delay, Fail: fail, Lie: lie}); err != nil {
				return err
			}
			a.print(msgFencingSet)
			return nil
		},
	}
	cmd.Flags().DurationVar(&delay, "delay", 0, a.say(msgFlagDelay))
	cmd.Flags().StringSliceVar(&fail, "fail", nil, a.say(msgFlagFail))
	cmd.Flags().BoolVar(&lie, "lie", false, a.say(msgFlagLie))
	return cmd
}
