package faults

import (
	"context"
	"testing"
	"time"

	"pgrex/test/lab"
)

// Two nodes without fencing lose sight of each other, and only the cluster
// networks are cut: the standby still receives from the primary, and must not
// become a second one. With the replication network cut as well nobody could
// know; that is the documented limit of a cluster without fencing.
//
// Conformance: 121 (lab)
func TestClusterNetworkCutBetweenTwo(t *testing.T) {
	s, ctx := begin(t, twoSync)
	primary, standbys := s.roles(t, ctx)
	w := s.watch(ctx)
	must(t, lab.Pause(ctx, 2*time.Second))
	cut := time.Now()
	for _, lan := range []lab.LAN{lab.ICLAN1, lab.ICLAN2} {
		must(t, s.Cut(ctx, lan, primary, lab.Silent))
	}
	must(t, lab.Until(ctx, "loss of "+primary.Name, time.Minute, func(ctx context.Context) (string, bool) {
		st, err := standbys[0].Status(ctx)
		return st.String(), err == nil && !st.Nodes[primary.Name].Online
	}))
	s.nobodyPromoted(t, ctx, standbys[0])
	_, err := w.writer.WaitAck(ctx, cut.Add(decided), lab.Timeouts.FirstWrite)
	must(t, err)
	must(t, s.HealAll(ctx))
	must(t, s.WaitStatus(ctx, "both nodes together", time.Minute, func(st lab.Status) bool {
		return st.Nodes[primary.Name].Online && st.Nodes[standbys[0].Name].Online
	}))
	s.forgetFailures(t, ctx)
	s.normal(t, ctx)
	if now, _ := s.roles(t, ctx); now != primary {
		t.Errorf("%s is primary, %s was", now.Name, primary.Name)
	}
	s.check(t, ctx, w.end(t, s))
}
