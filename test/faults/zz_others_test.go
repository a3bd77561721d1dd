package faults

import (
	"strings"
	"testing"
	"time"

	"pgrex/test/lab"
)

// The faults on other clusters than that of the other tests.
//
// Conformance: 121 (lab)
func TestFaultsOtherClusters(t *testing.T) {
	kinds := []kind{twoAsync, threeSync}
	if *long {
		kinds = []kind{twoAsync, threeAsync, threeSync}
	}
	for _, k := range kinds {
		t.Run(strings.ReplaceAll(k.String(), " ", "-"), func(t *testing.T) { breakAll(t, k) })
	}
}

// Primary and synchronous standby lose power together. The third node lacks
// rows that were acknowledged: neither it nor the old primary may go on, the
// standby may.
//
// Conformance: 122, 124 (lab)
func TestNewestStandbyLostToo(t *testing.T) {
	s, ctx := begin(t, threeSync)
	primary, standbys := s.roles(t, ctx)
	newest, third := standbys[0], standbys[1]
	w := s.watch(ctx)
	must(t, lab.Pause(ctx, time.Second))
	// The third one gets nothing more, so that it is certainly behind.
	must(t, s.Cut(ctx, lab.DLAN, third, lab.Silent))
	must(t, lab.Pause(ctx, time.Second))
	together(t, []*lab.Node{primary, newest}, func(n *lab.Node) error { return n.Kill(ctx) })
	r := w.end(t, s)
	must(t, s.Heal(ctx, lab.DLAN, third))

	end := s.logEnd(t, third)
	must(t, primary.Boot(ctx))
	must(t, primary.StartCluster(ctx))
	s.waitRefusal(t, ctx, primary)
	s.waitReason(t, ctx, third, end, "may lack acknowledged commits")
	s.nobodyPromoted(t, ctx, primary, third)
	must(t, newest.Boot(ctx))
	must(t, newest.StartCluster(ctx))
	must(t, s.WaitPrimary(ctx, newest, lab.Timeouts.Takeover))
	s.check(t, ctx, r)
	s.rebuild(t, ctx, primary)
	s.normal(t, ctx)
	s.check(t, ctx, r)
}
