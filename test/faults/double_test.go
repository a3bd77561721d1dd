package faults

import (
	"testing"
	"time"

	"pgrex/test/lab"
)

// The primary is lost, and the new primary before the old one is back.
//
// Conformance: 122 (lab)
func TestSecondPrimaryLost(t *testing.T) {
	t.Run("server", secondServerLost)
	if *long {
		t.Run("node", secondNodeLost)
	}
}

// secondServerLost: the one that has everything is primary again on its own
// node, and the old one is refused.
func secondServerLost(t *testing.T) {
	s, ctx := begin(t, twoSync)
	first, standbys := s.roles(t, ctx)
	second := standbys[0]
	w := s.watch(ctx)
	must(t, lab.Pause(ctx, time.Second))
	_, err := first.KillPostgreSQL()
	must(t, err)
	must(t, s.WaitPrimary(ctx, second, lab.Timeouts.Takeover))
	_, err = w.writer.WaitAck(ctx, time.Now(), lab.Timeouts.FirstWrite)
	must(t, err)
	died, err := second.KillPostgreSQL()
	must(t, err)
	s.waitFailure(t, ctx, second)
	// One failure bans an instance from its node (migration-threshold=1): both may try again.
	s.forgetFailures(t, ctx)
	_, err = w.writer.WaitAck(ctx, died.Add(100*time.Millisecond), lab.Timeouts.Takeover)
	must(t, err)
	s.waitRefusal(t, ctx, first)
	must(t, s.WaitPrimary(ctx, second, lab.Timeouts.Takeover))
	r := w.end(t, s)
	s.check(t, ctx, r)
	s.rebuild(t, ctx, first)
	s.normal(t, ctx)
	s.check(t, ctx, r)
}

// secondNodeLost: the old primary comes back first and is refused, whatever it
// believes; the newer data is on a node whose lock only a person can judge.
func secondNodeLost(t *testing.T) {
	s, ctx := begin(t, twoSync)
	first, standbys := s.roles(t, ctx)
	second := standbys[0]
	w := s.watch(ctx)
	must(t, lab.Pause(ctx, time.Second))
	must(t, first.Kill(ctx))
	must(t, s.WaitPrimary(ctx, second, lab.Timeouts.Takeover))
	_, err := w.writer.WaitAck(ctx, time.Now(), lab.Timeouts.FirstWrite)
	must(t, err)
	must(t, lab.Pause(ctx, time.Second))
	must(t, second.Kill(ctx))
	r := w.end(t, s)

	must(t, first.Boot(ctx))
	must(t, first.StartCluster(ctx))
	s.waitRefusal(t, ctx, first)
	s.nobodyPromoted(t, ctx, first)
	must(t, second.Boot(ctx))
	must(t, second.StartCluster(ctx))
	s.waitRefusal(t, ctx, second)
	s.nobodyPromoted(t, ctx, first, second)

	s.declareLatest(t, ctx, second)
	s.check(t, ctx, r)
	s.rebuild(t, ctx, first)
	s.normal(t, ctx)
	s.check(t, ctx, r)
}
