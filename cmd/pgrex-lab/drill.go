package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pgrex/test/audit"
	"pgrex/test/drill"
	"pgrex/test/lab"
)

// unknownDrill is a fault that there is not.
type unknownDrill struct{ id string }

func (e unknownDrill) Error() string { return fmt.Sprintf("unknown fault %q", e.id) }

// drillsFailed says how many did not go as expected.
type drillsFailed struct{ failed, all int }

func (e drillsFailed) Error() string {
	return fmt.Sprintf("%d of %d faults went wrong", e.failed, e.all)
}

func (a *app) either(t drill.Text) string {
	if a.text.japanese {
		return t.JA
	}
	return t.EN
}

func (a *app) drillsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "drills", Short: a.say(msgShortDrills), Args: atMost(0),
		RunE: func(*cobra.Command, []string) error {
			rows := [][]string{{a.say(msgColDrill), a.say(msgColFault), a.say(msgColExpected), ""}}
			for _, s := range drill.Scenarios() {
				fencing := ""
				if s.Fencing {
					fencing = a.say(msgFenced)
				}
				rows = append(rows, []string{s.ID, a.either(s.Fault), a.either(s.Expect), fencing})
			}
			for _, e := range drill.NotPlayed() {
				rows = append(rows, []string{e.ID, a.either(e.Reason), e.Test, ""})
			}
			a.align(rows)
			return nil
		},
	}
}

func (a *app) drillCommand() *cobra.Command {
	var agent agentFlag
	var tools string
	var quick bool
	var patience time.Duration
	cmd := &cobra.Command{
		Use: "drill ID...", Short: a.say(msgShortDrill), Long: a.say(msgLongDrill), Example: a.say(msgExampleDrill), Args: atLeast(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			chosen, err := choose(args)
			if err != nil {
				return usageError{err}
			}
			self, path, commands, err := agent.programs(tools)
			if err != nil {
				return err
			}
			if patience > 0 {
				for i := range chosen {
					chosen[i].Brief = 2 * patience // a repair has several things to wait for
				}
				for _, limit := range []*time.Duration{&lab.Timeouts.Takeover, &lab.Timeouts.Standby, &lab.Timeouts.FirstWrite} {
					*limit = min(*limit, patience)
				}
			}
			return a.drill(cmd.Context(), chosen, lab.Config{Agent: path, Power: self}, commands, quick)
		},
	}
	agent.add(a, cmd)
	cmd.Flags().StringVar(&tools, "tools", "", a.say(msgFlagDrillTools))
	cmd.Flags().BoolVar(&quick, "quick", false, a.say(msgFlagQuick))
	cmd.Flags().DurationVar(&patience, "patience", 0, a.say(msgFlagPatience))
	return cmd
}

// choose finds scenarios by their numbers and puts those together that share a
// kind of cluster.
func choose(ids []string) ([]drill.Scenario, error) {
	all := drill.Scenarios()
	chosen := all
	if !slices.Contains(ids, "all") {
		chosen = nil
		for _, id := range ids {
			i := slices.IndexFunc(all, func(s drill.Scenario) bool { return s.ID == id })
			if i < 0 {
				return nil, unknownDrill{id}
			}
			chosen = append(chosen, all[i])
		}
	}
	slices.SortStableFunc(chosen, func(a, b drill.Scenario) int {
		return cmp.Or(cmp.Compare(a.Kind().Nodes, b.Kind().Nodes), cmp.Compare(btoi(a.Fencing), btoi(b.Fencing)), cmp.Compare(btoi(a.Async), btoi(b.Async)))
	})
	return chosen, nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// drill plays the scenarios, each on the cluster that the one before has left
// when that is of its kind and well.
func (a *app) drill(ctx context.Context, scenarios []drill.Scenario, cfg lab.Config, tools string, quick bool) (err error) {
	var l *lab.Lab
	defer func() {
		err = end(ctx, l, err)
	}()
	var results []drill.Result
	defer func() { // whatever ends them: what was played is shown
		err = errors.Join(err, a.drilled(results))
	}()
	for i, s := range scenarios {
		if l != nil && (s.Kind() != scenarios[i-1].Kind() || results[i-1].Err != nil) {
			if err := lab.Down(ctx); err != nil {
				return err
			}
			l = nil
		}
		if l == nil {
			cfg.Nodes, cfg.Variant = s.Kind().Nodes, lab.Variant{Fencing: s.Fencing, Async: s.Async}
			if quick {
				cfg.Variant = cfg.Variant.Quick()
			}
			if l, err = a.up(ctx, cfg); err != nil {
				return err
			}
			if err := l.InstallTools(tools, s.Kind().Configuration()); err != nil {
				return err
			}
		}
		if quick {
			s = s.Quick()
		}
		fmt.Fprintf(a.out, "\n%s  %s\n", s.ID, a.either(s.Fault))
		a.print(msgDrillExpect, a.either(s.Expect))
		r := drill.Play(ctx, l, s, func(text string) { fmt.Fprintln(a.out, text) })
		results = append(results, r)
		if r.Err != nil {
			a.print(msgDrillWrong, r.Err)
		} else {
			a.print(msgDrillWell)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// drilled shows what came of those that were played, what was wrong with each,
// and the outages of each course.
func (a *app) drilled(results []drill.Result) error {
	if len(results) == 0 {
		return nil
	}
	rows := [][]string{{a.say(msgColDrill), a.say(msgColFault), a.say(msgColExpected), a.say(msgColSeen), a.say(msgColOutage),
		a.say(msgColAcked), a.say(msgColLost), a.say(msgColVerdict)}}
	var wrong []string
	for _, r := range results {
		verdict := "[OK]"
		if r.Err != nil {
			verdict = "[NG]"
			wrong = append(wrong, r.ID+"  "+strings.ReplaceAll(r.Err.Error(), "\n", "\n     "))
		}
		rows = append(rows, []string{r.ID, a.either(r.Fault), r.Course.String(), r.Seen.String(), seconds(r.Outage),
			fmt.Sprint(r.Acked), fmt.Sprint(r.Lost), verdict})
	}
	fmt.Fprintln(a.out)
	a.align(rows)
	a.outages(results)
	a.audited(results)
	if len(wrong) > 0 {
		a.print(msgDrillsWrong)
		fmt.Fprintln(a.out, strings.Join(wrong, "\n"))
		return drillsFailed{len(wrong), len(results)}
	}
	return nil
}

// outages shows how long nothing was acknowledged in the scenarios of each course.
func (a *app) outages(results []drill.Result) {
	rows := [][]string{{a.say(msgColExpected), a.say(msgColScenarios), a.say(msgColMedian), a.say(msgColWorst), a.say(msgColAcked), a.say(msgColLost)}}
	for _, c := range drill.Courses() {
		var outages []time.Duration
		acked, lost := 0, 0
		for _, r := range results {
			if r.Course == c {
				outages, acked, lost = append(outages, r.Outage), acked+r.Acked, lost+r.Lost
			}
		}
		if len(outages) > 0 {
			rows = append(rows, []string{c.String(), fmt.Sprint(len(outages)), seconds(lab.Median(outages)), seconds(slices.Max(outages)),
				fmt.Sprint(acked), fmt.Sprint(lost)})
		}
	}
	fmt.Fprintln(a.out)
	a.align(rows)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// invariants say in words what the audits look at.
var invariants = map[audit.Invariant]messageKey{
	audit.I1: msgInvariant1, audit.I2: msgInvariant2, audit.I4: msgInvariant4, audit.I5: msgInvariant5, audit.I6: msgInvariant6,
	audit.I7: msgInvariant7, audit.I8: msgInvariant8, audit.I9: msgInvariant9, audit.I10: msgInvariant10,
}

// audited shows how often each invariant was looked at in all of them.
func (a *app) audited(results []drill.Result) {
	looks, findings := map[audit.Invariant]int{}, map[audit.Invariant]int{}
	for _, r := range results {
		for i, n := range r.Looks {
			looks[i] += n
		}
		for _, f := range r.Findings {
			findings[f.Invariant]++
		}
	}
	rows := [][]string{{a.say(msgColDrill), a.say(msgColInvariant), a.say(msgColLooks), a.say(msgColFindings)}}
	for _, i := range audit.Invariants() {
		rows = append(rows, []string{string(i), a.say(invariants[i]), fmt.Sprint(looks[i]), fmt.Sprint(findings[i])})
	}
	fmt.Fprintln(a.out)
	a.align(rows)
}
