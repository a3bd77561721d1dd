package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pgrex/test/audit"
	"pgrex/test/lab"
	"pgrex/test/robustness"
)

// runError says why a random run cannot be made as asked for.
type runError struct{ error }

// runFailed says how much a random run has found.
type runFailed struct {
	finds int
	seed  uint64
}

func (e runFailed) Error() string { return fmt.Sprintf("%d finds, seed %d", e.finds, e.seed) }

func (a *app) robustnessCommand() *cobra.Command {
	var agent agentFlag
	var o robustness.Options
	var tools, every, output string
	var minutes float64
	cmd := &cobra.Command{
		Use: "robustness", Short: a.say(msgShortRobustness), Long: a.say(msgLongRobustness), Example: a.say(msgExampleRobustness), Args: atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if o.Least, o.Most, err = robustness.Every(every); err != nil {
				return usageError{runError{err}}
			}
			if o.Nodes != 2 && o.Nodes != 3 || o.Nodes == 3 && o.Fencing {
				return usageError{runError{errors.New("--nodes is 2, or 3 without --fencing")}}
			}
			if o.Together < 1 || o.Together > 8 {
				return usageError{runError{errors.New("--together is 1 to 8")}}
			}
			if !cmd.Flags().Changed("seed") {
				o.Seed = uint64(rand.Uint32())
			}
			o.Time = time.Duration(minutes * float64(time.Minute))
			self, path, commands, err := agent.programs(tools)
			if err != nil {
				return err
			}
			if output == "" {
				output = fmt.Sprintf("robustness-%d", o.Seed)
			}
			cfg := lab.Config{Nodes: o.Nodes, Agent: path, Power: self, Variant: o.Variant()}
			return a.robustness(cmd.Context(), o, cfg, commands, output)
		},
	}
	agent.add(a, cmd)
	f := cmd.Flags()
	f.Uint64Var(&o.Seed, "seed", 0, a.say(msgFlagSeed))
	f.Float64Var(&minutes, "minutes", 10, a.say(msgFlagMinutes))
	f.IntVar(&o.Nodes, "nodes", 2, a.say(msgFlagNodes))
	f.BoolVar(&o.Fencing, "fencing", false, a.say(msgFlagFencing))
	f.BoolVar(&o.Quick, "quick", false, a.say(msgFlagQuick))
	f.IntVar(&o.Faults, "faults", 0, a.say(msgFlagFaults))
	f.IntVar(&o.Together, "together", 2, a.say(msgFlagTogether))
	f.StringVar(&every, "every", "15s-45s", a.say(msgFlagEvery))
	f.StringVar(&output, "output", "", a.say(msgFlagOutput))
	f.BoolVar(&o.GoOn, "go-on", false, a.say(msgFlagGoOn))
	f.StringVar(&tools, "tools", "", a.say(msgFlagDrillTools))
	return cmd
}

// robustness builds a cluster, makes the run on it, and shows what came of it.
func (a *app) robustness(ctx context.Context, o robustness.Options, cfg lab.Config, tools, output string) (err error) {
	a.print(msgRunSeed, o.Seed, o.Nodes, o.Fencing, o.Least, o.Most, o.Time)
	l, err := a.up(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = end(ctx, l, err) }()
	if err := robustness.Prepare(l, o, tools); err != nil {
		return err
	}
	a.print(msgRunBegan)
	began := time.Now()
	result, err := robustness.Play(ctx, l, o, output, func(e robustness.Event) {
		fmt.Fprintf(a.out, "%+8.1f  %s\n", e.At.Sub(began).Seconds(), e.Text)
	})
	if err != nil {
		return err
	}
	return a.played(result)
}

// end takes the lab down, or keeps it for a look at what went wrong.
func end(ctx context.Context, l *lab.Lab, err error) error {
	_, endErr := l.End(ctx, err != nil)
	return errors.Join(err, endErr)
}

// played shows what came of a run.
func (a *app) played(r robustness.Result) error {
	fmt.Fprintln(a.out)
	a.align(a.kinds(r))
	fmt.Fprintln(a.out)
	a.print(msgRunSum, r.Faults(), r.Acked, r.Lost, r.Took.Seconds())
	rows := [][]string{{a.say(msgColRequest), a.say(msgColOK), a.say(msgColFailed), a.say(msgColUnknown)}}
	for _, op := range slices.Sorted(maps.Keys(r.Requests)) {
		row := []string{string(op)}
		for _, answer := range robustness.Answers {
			row = append(row, fmt.Sprint(r.Requests[op][answer]))
		}
		rows = append(rows, row)
	}
	a.align(rows)
	var looks []string
	for _, id := range audit.Invariants() {
		looks = append(looks, fmt.Sprintf("%s %d", id, r.Audits[id]))
	}
	a.print(msgRunAudits, strings.Join(looks, ", "))
	a.print(msgRunFolder, r.Folder)
	a.print(msgRunLine, r.Line())
	if len(r.Finds) == 0 {
		a.print(msgRunWell)
		return nil
	}
	for _, find := range r.Finds {
		a.print(msgRunWrong, find)
	}
	a.print(msgRunAgain, again(r.Options))
	return runFailed{len(r.Finds), r.Seed}
}

// kinds is the table of the faults.
func (a *app) kinds(r robustness.Result) [][]string {
	rows := [][]string{{a.say(msgColDrill), a.say(msgColFault), a.say(msgColTimes), a.say(msgColNotMade), a.say(msgColMedian), a.say(msgColWorst)}}
	add := func(id, name string) {
		k := r.Kinds[id]
		if k == nil {
			return
		}
		median, worst := "-", "-"
		if len(k.Outages) > 0 {
			median, worst = seconds(time.Duration(lab.Median(k.Outages))), seconds(time.Duration(slices.Max(k.Outages)))
		}
		made := fmt.Sprint(k.Made)
		if k.Made+k.NotMade == 0 {
			id, made = "", fmt.Sprintf("(%d)", len(k.Outages)) // they are counted above
		}
		rows = append(rows, []string{id, name, made, fmt.Sprint(k.NotMade), median, worst})
	}
	for _, s := range robustness.Scenarios() {
		add(s.ID, a.either(s.Fault))
	}
	add(robustness.Together, a.say(msgRunTogether))
	add(robustness.Alone, a.say(msgRunAlone))
	return rows
}

// again is the command that makes the same plan.
func again(o robustness.Options) string {
	command := fmt.Sprintf("make robustness SEED=%d MINUTES=%v NODES=%d EVERY=%v-%v", o.Seed, o.Time.Minutes(), o.Nodes, o.Least, o.Most)
	if o.Fencing {
		command += " FENCING=1"
	}
	if o.Quick {
		command += " QUICK=1"
	}
	if o.Together != 2 { // the default of the command
		command += fmt.Sprintf(" TOGETHER=%d", o.Together)
	}
	if o.Faults > 0 {
		command += fmt.Sprintf(" FAULTS=%d", o.Faults)
	}
	return command
}
