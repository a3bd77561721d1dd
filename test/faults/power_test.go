package faults

import (
	"context"
	"testing"
	"time"

	"pgrex/test/lab"
)

// Both nodes lose power under load and come back in every order. The standby
// has everything that was acknowledged, which it knows once the primary's node
// is there too; the old primary's lock keeps that one back.
//
// Conformance: 124 (lab)
func TestPowerLossOfAll(t *testing.T) {
	orders := []string{"standby first", "both at once"}
	if *long {
		orders = append(orders, "old primary first")
	}
	for _, order := range orders {
		t.Run(order, func(t *testing.T) {
			s, ctx := begin(t, twoSync)
			primary, standbys := s.roles(t, ctx)
			standby := standbys[0]
			w := s.watch(ctx)
			must(t, lab.Pause(ctx, 2*time.Second))
			together(t, s.Nodes(), func(n *lab.Node) error { return n.Kill(ctx) })
			r := w.end(t, s)
			together(t, s.Nodes(), func(n *lab.Node) error { return n.Boot(ctx) })
			switch order {
			case "old primary first":
				must(t, primary.StartCluster(ctx))
				s.waitRefusal(t, ctx, primary)
				s.nobodyPromoted(t, ctx, primary)
				must(t, standby.StartCluster(ctx))
			case "standby first":
				// It cannot know whether the primary went on without it.
				end := s.logEnd(t, standby)
				must(t, standby.StartCluster(ctx))
				s.waitReason(t, ctx, standby, end, primary.Name+" was the primary")
				s.nobodyPromoted(t, ctx, standby)
				must(t, primary.StartCluster(ctx))
			default:
				together(t, s.Nodes(), func(n *lab.Node) error { return n.StartCluster(ctx) })
			}
			must(t, s.WaitPrimary(ctx, standby, lab.Timeouts.Takeover))
			s.waitRefusal(t, ctx, primary)
			s.check(t, ctx, r)
			s.rebuild(t, ctx, primary)
			s.normal(t, ctx)
			s.check(t, ctx, r)
		})
	}
}

// The standby loses power, the primary goes on alone and loses power too. The
// standby comes back first: what it last knew of itself is good, and out of date.
//
// Conformance: 122, 124 (lab)
func TestStaleStandbyComesBackAlone(t *testing.T) {
	s, ctx := begin(t, twoSync)
	primary, standbys := s.roles(t, ctx)
	stale := standbys[0]
	w := s.watch(ctx)
	must(t, lab.Pause(ctx, time.Second))
	must(t, stale.Kill(ctx))
	_, err := w.writer.WaitAck(ctx, time.Now(), lab.Timeouts.FirstWrite)
	must(t, err)
	must(t, lab.Pause(ctx, 2*time.Second))
	must(t, primary.Kill(ctx))
	r := w.end(t, s)

	must(t, stale.Boot(ctx))
	end := s.logEnd(t, stale)
	must(t, stale.StartCluster(ctx))
	s.waitReason(t, ctx, stale, end, primary.Name+" was the primary")
	s.nobodyPromoted(t, ctx, stale)
	must(t, primary.Boot(ctx))
	must(t, primary.StartCluster(ctx))
	s.waitRefusal(t, ctx, primary)
	s.waitReason(t, ctx, stale, end, "data status DISCONNECT")
	s.nobodyPromoted(t, ctx, primary, stale)
	s.declareLatest(t, ctx, primary)
	s.normal(t, ctx)
	s.check(t, ctx, r)
}

// declareLatest is what the operator does who has found out that a node's data
// is the latest: its lock removed, its failures forgotten.
func (s *site) declareLatest(t *testing.T, ctx context.Context, n *lab.Node) {
	t.Helper()
	run(t, ctx, n, "rm", lab.LockFile)
	run(t, ctx, n, "crm_resource", "--cleanup", "-r", "pgsql", "-N", n.Name)
	must(t, s.WaitPrimary(ctx, n, lab.Timeouts.Takeover))
	s.forgetFailures(t, ctx)
}
