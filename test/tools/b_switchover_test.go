package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgrex/test/lab"
)

// Switchovers in a row under writes, typed on either node in turn: no
// acknowledged row is lost, nothing is left behind.
//
// Conformance: AT-096, AT-097, AT-100 (lab)
func TestSwitchovers(t *testing.T) {
	rounds := 3
	if *long {
		rounds = 20
	}
	var told, seen []float64
	acked := 0
	for round := range rounds {
		ctx, from, to := normal(t)
		typist := []*lab.Node{from, to}[round%2]
		locale := []string{english, japanese}[round/2%2]
		writer, probe := shared.StartWriter(ctx), shared.StartWriteProbe(ctx)
		must(t, lab.Pause(ctx, time.Second))
		screen := answered(t, ctx, typist, locale, "y\n", 0, "pg-rex_switchover")
		acknowledged(t, ctx, writer)
		history, audit := writer.Stop(), probe.Stop()
		must(t, shared.WaitNormal(ctx))
		s, err := shared.Status(ctx)
		must(t, err)
		if s.Primary() != to.Name || len(s.Failed) > 0 {
			t.Errorf("after a switchover from %s: %s", from.Name, s)
		}
		locked(t, from, false)
		for _, n := range shared.Nodes() {
			if left := n.Unfinished(); left != "" {
				t.Errorf("a journal is left on %s: %s", n.Name, left)
			}
		}
		checkRows(t, ctx, history)
		for _, o := range audit.Overlaps() {
			t.Errorf("%v accepted writes at once", o.Nodes)
		}
		noFailCounts(t, ctx, from)
		told = append(told, outage(t, screen))
		seen = append(seen, history.LongestGap().Length().Seconds())
		acked += len(history.Acked)
		if round == 0 {
			golden(t, "switchover", screen)
		}
	}
	slices.Sort(told)
	slices.Sort(seen)
	figure(t, "%d switchovers: outage as printed median %.2f s, worst %.2f s; at a client median %.2f s, worst %.2f s; rows acknowledged %d, lost 0",
		rounds, told[len(told)/2], told[len(told)-1], seen[len(seen)/2], seen[len(seen)-1], acked)
}

// acknowledged waits until the client writes again: an outage without an end
// would not be seen.
func acknowledged(t *testing.T, ctx context.Context, w *lab.Writer) {
	t.Helper()
	_, err := w.WaitAck(ctx, time.Now(), lab.Timeouts.FirstWrite)
	must(t, err)
}

// outage is what the command says of it.
func outage(t *testing.T, screen string) float64 {
	t.Helper()
	for _, before := range []string{"interrupted for ", "サービス停止時間 "} {
		if _, after, ok := strings.Cut(screen, before); ok {
			var s float64
			if _, err := fmt.Sscan(after, &s); err == nil {
				return s
			}
		}
	}
	t.Errorf("no outage on the screen:\n%s", screen)
	return 0
}

// noFailCounts wants a cluster that remembers no failure.
func noFailCounts(t *testing.T, ctx context.Context, n *lab.Node) {
	t.Helper()
	out, err := n.Run(ctx, "crm_mon", "-1", "--output-as=xml", "--failcounts")
	must(t, err)
	if strings.Contains(out, "fail-count=\"") {
		t.Errorf("fail counts are left:\n%s", out)
	}
}

// phases are those of a switchover, as its journal names them.
var phases = []string{"checkpoint", "freeze", "stop", "proof", "switch", "rejoin"}

// A switchover that is killed in one of its phases is gone on with, or given
// up; either way the cluster ends in its normal state and nothing is lost.
//
// Conformance: AT-104, AT-132 (lab)
func TestSwitchoverKilled(t *testing.T) {
	cases := []struct{ phase, option string }{{"stop", "--resume"}, {"proof", "--abort"}}
	if *long {
		cases = nil
		for _, p := range phases {
			for _, o := range []string{"--resume", "--abort"} {
				cases = append(cases, struct{ phase, option string }{p, o})
			}
		}
	}
	for _, c := range cases {
		t.Run(c.phase+c.option, func(t *testing.T) {
			ctx, from, to := normal(t)
			writer := shared.StartWriter(ctx)
			done := make(chan struct{})
			go func() {
				defer close(done)
				_, _ = from.Operate(ctx, english, "", "pg-rex_switchover", "--yes") // dies
			}()
			must(t, from.KillTool(ctx, "pg-rex_switchover", func() bool {
				return strings.Contains(from.Unfinished(), `"Phase": "`+c.phase+`"`)
			}))
			<-done
			have(t, typed(t, ctx, from, english, 7, "pg-rex_switchover", "--yes"), "CMN-040", "--resume", "--abort")
			typed(t, ctx, from, english, 0, "pg-rex_switchover", c.option)
			must(t, shared.WaitNormal(ctx))
			acknowledged(t, ctx, writer)
			history := writer.Stop()
			checkRows(t, ctx, history)
			s, err := shared.Status(ctx)
			must(t, err)
			switch given := c.option == "--abort" && slices.Index(phases, c.phase) < slices.Index(phases, "switch"); {
			case given && s.Primary() != from.Name:
				t.Errorf("given up in phase %s, and %s is primary", c.phase, s.Primary())
			case c.option == "--resume" && s.Primary() != to.Name:
				t.Errorf("gone on with in phase %s, and %s is primary", c.phase, s.Primary())
			}
			out, err := from.Run(ctx, "cibadmin", "-Q", "-A", "//nvpair[@name='maintenance' or @name='maintenance-mode']")
			if err == nil && strings.Contains(out, "value=\"true\"") {
				t.Errorf("something is left frozen:\n%s", out)
			}
			figure(t, "killed in %s, then %s: outage %.2f s", c.phase, c.option, history.LongestGap().Length().Seconds())
		})
	}
}
