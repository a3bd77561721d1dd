package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"pgrex/test/lab"
)

// warmUp is how long the client writes before the fault.
const warmUp = 3 * time.Second

func (a *app) demoCommand() *cobra.Command {
	var agent agentFlag
	var suite string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: a.say(msgShortDemo),
		Long:  a.say(msgLongDemo),
		Example: `  sudo pgrex-lab demo
  sudo KEEP=1 pgrex-lab demo`,
		Args: atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := agent.path()
			if err != nil {
				return err
			}
			return a.demo(cmd.Context(), lab.Config{Agent: path, Suite: suite})
		},
	}
	agent.add(a, cmd)
	a.addSuite(cmd, &suite)
	return cmd
}

// demo builds the lab, shows the failover, and takes the lab down again.
func (a *app) demo(ctx context.Context, cfg lab.Config) error {
	l, err := a.up(ctx, cfg)
	if err != nil {
		return err
	}
	err = a.show(ctx, l)
	if os.Getenv("KEEP") == "1" && ctx.Err() == nil {
		a.print(msgDemoKept, l.Nodes()[0].Name)
		return errors.Join(err, l.Keep())
	}
	// Ctrl-C has ended ctx, but the lab must go all the same.
	downErr := lab.Down(context.WithoutCancel(ctx))
	if downErr == nil {
		a.print(msgDown)
	}
	return errors.Join(err, downErr)
}

// show is the demo on a running lab.
func (a *app) show(ctx context.Context, l *lab.Lab) error {
	from, to := l.Nodes()[0], l.Nodes()[1]
	fmt.Fprintln(a.out)
	a.print(msgDemoWrite, lab.VIPMaster)
	writer := l.StartWriter(ctx)
	defer writer.Stop()
	if err := lab.Pause(ctx, warmUp); err != nil {
		return err
	}
	fault, err := from.KillPostgreSQL()
	if err != nil {
		return err
	}
	a.print(msgDemoKill, from.Name)
	if err := a.watch(ctx, l, writer, fault, to); err != nil {
		return err
	}
	// Some more commits, so that the end of the outage is no accident.
	if err := lab.Pause(ctx, warmUp/3); err != nil {
		return err
	}
	history := writer.Stop()
	if err := a.account(ctx, l, history, fault, from, to); err != nil {
		return err
	}
	return a.comeBack(ctx, l, from, history)
}

// account prints the timeline and what became of the rows.
func (a *app) account(ctx context.Context, l *lab.Lab, h lab.History, fault time.Time, from, to *lab.Node) error {
	marks, err := l.Failover(fault, from, to, h)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	a.print(msgTimeline)
	for _, m := range marks {
		fmt.Fprintf(a.out, "  %+8.2f  %-7s %s\n", m.At.Sub(fault).Seconds(), m.Node, a.markName(m.ID))
	}
	fmt.Fprintln(a.out)
	a.print(msgOutage, h.LongestGap().Length().Seconds())
	return a.checkRows(ctx, l, h, msgRows)
}

func (a *app) checkRows(ctx context.Context, l *lab.Lab, h lab.History, text messageKey) error {
	v, err := l.Check(ctx, h)
	if err != nil {
		return err
	}
	a.print(text, v.Acked, len(v.Lost), v.Primary)
	if len(v.Lost) > 0 {
		return errLost
	}
	return nil
}

// comeBack rebuilds the old primary as standby and looks at the rows once more.
func (a *app) comeBack(ctx context.Context, l *lab.Lab, n *lab.Node, h lab.History) error {
	fmt.Fprintln(a.out)
	a.print(msgDemoRejoin)
	if err := l.JoinStandby(ctx, n); err != nil {
		return err
	}
	if err := a.checkRows(ctx, l, h, msgRowsAgain); err != nil {
		return err
	}
	s, err := l.Status(ctx)
	if err != nil {
		return err
	}
	for _, line := range a.table(s) {
		fmt.Fprintln(a.out, line)
	}
	fmt.Fprintln(a.out)
	a.print(msgDemoEnd)
	return nil
}

func (a *app) markName(id lab.MarkID) string {
	names := map[lab.MarkID]messageKey{
		lab.MarkLastAck: msgMarkLastAck, lab.MarkFault: msgMarkFault, lab.MarkDetected: msgMarkDetected,
		lab.MarkDemoted: msgMarkDemoted, lab.MarkStopped: msgMarkStopped, lab.MarkPromote: msgMarkPromote,
		lab.MarkWritable: msgMarkWritable, lab.MarkPromoted: msgMarkPromoted, lab.MarkVIP: msgMarkVIP,
		lab.MarkFirstAck: msgMarkFirstAck,
	}
	return a.say(names[id])
}
