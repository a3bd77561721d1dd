package cluster

import (
	"testing"

	"pgrex/test/cost"
	"pgrex/test/lab"
)

const agentPath = "/usr/lib/ocf/resource.d/linuxhajapan/pgsql"

// TestFigures measures what a monitor costs, as Pacemaker starts it. Nothing
// is asserted of times; a monitor that starts more programs than it should is
// an error on any machine.
//
// Conformance: 50 (lab)
func TestFigures(t *testing.T) {
	_, ctx := begin(t)
	primary, standby := pair(t, ctx)
	for _, of := range []struct {
		role         string
		node         *lab.Node
		status, most int
	}{{"primary", primary, 8, 1}, {"standby", standby, 0, 1}} {
		env, err := cost.Environment(ctx, of.node)
		must(t, err)
		const times = 15
		use, err := cost.Median(times, func() (cost.Use, error) { return cost.Run(of.node, env, agentPath, "monitor") })
		must(t, err)
		if use.Status != of.status {
			t.Fatalf("monitor on the %s answered %d", of.role, use.Status)
		}
		programs, err := cost.Programs(ctx, of.node, env, agentPath, "monitor")
		must(t, err)
		figure(t, "monitor on the %s, median of %d: %.0f ms wall, %.0f ms CPU (with the %d programs it starts)", of.role, times,
			use.Wall.Seconds()*1000, use.CPU.Seconds()*1000, programs)
		if programs > of.most {
			t.Errorf("a steady %s's monitor starts %d programs, want at most %d", of.role, programs, of.most)
		}
	}
}
