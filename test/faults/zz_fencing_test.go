package faults

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgrex/test/lab"
)

// rebooted waits until a node that was fenced is up again, without its cluster
// stack, and that the switch has done it since a time.
func (s *site) rebooted(t *testing.T, ctx context.Context, n *lab.Node, since time.Time) {
	t.Helper()
	must(t, lab.Until(ctx, "fencing of "+n.Name, time.Minute, func(ctx context.Context) (string, bool) {
		events, err := s.PowerEvents(since)
		must(t, err)
		for _, e := range events {
			if e.Node == n.Name && e.Error == "" {
				_, err := n.Run(ctx, "systemctl", "is-active", "multi-user.target")
				return fmt.Sprintf("%+v, %v", e, err), err == nil
			}
		}
		return fmt.Sprintf("%+v", events), false
	}))
}

// onlyFenced wants that no other node's power was touched since a time.
func (s *site) onlyFenced(t *testing.T, n *lab.Node, since time.Time) {
	t.Helper()
	events, err := s.PowerEvents(since)
	must(t, err)
	for _, e := range events {
		if e.Error == "" && (n == nil || e.Node != n.Name) {
			t.Errorf("%s was switched: %+v", e.Node, e)
		}
	}
}

// power gives the device another behaviour until the end of the test.
func (s *site) power(t *testing.T, m lab.PowerMode) {
	t.Helper()
	must(t, s.SetPower(m))
	t.Cleanup(func() { must(t, s.SetPower(lab.PowerMode{})) })
}

// F36, F37 with fencing: the interconnect and the replication network are cut
// and neither side can fence the other, until after 50 s the standby's side can.
// The primary's commits have to freeze all the while: what it acknowledged alone
// would be lost with its node. The shell agent lost 136 rows here.
func TestSplitWhileFencingFails(t *testing.T) {
	s, ctx := begin(t, twoFenced)
	primary, standbys := s.roles(t, ctx)
	standby := standbys[0]
	w := s.watch(ctx)
	must(t, lab.Pause(ctx, 2*time.Second))
	s.power(t, lab.PowerMode{Delay: 4 * time.Second, Fail: []string{"*"}})
	cut := time.Now()
	for _, lan := range []lab.LAN{lab.ICLAN1, lab.ICLAN2, lab.DLAN} {
		must(t, s.Cut(ctx, lan, primary, lab.Silent))
	}
	must(t, lab.Pause(ctx, 50*time.Second))
	for _, n := range []*lab.Node{primary, standby} {
		st, err := n.Status(ctx)
		must(t, err)
		if role := st.Nodes[n.Name].Role; (role == lab.Promoted) != (n == primary) {
			t.Errorf("%s is %s after 50 s without fencing", n.Name, role)
		}
	}
	frozen := w.writer.History()
	if a, ok := frozen.FirstAckAfter(cut.Add(time.Second)); ok {
		t.Errorf("a commit was acknowledged %.1f s after the cut, which the standby cannot have", a.End.Sub(cut).Seconds())
	}
	s.onlyFenced(t, nil, cut)
	s.power(t, lab.PowerMode{Delay: time.Second, Fail: []string{standby.Name}})
	s.waitTakeOver(t, ctx, primary)
	ack, err := w.writer.WaitAck(ctx, time.Now(), lab.Timeouts.FirstWrite)
	must(t, err)
	t.Logf("FIGURE split while fencing fails for 50 s: service is back %.1f s after the cut", ack.End.Sub(cut).Seconds())
	s.rebooted(t, ctx, primary, cut)
	r := w.end(t, s)
	s.check(t, ctx, r)
	must(t, s.HealAll(ctx))
	must(t, s.SetPower(lab.PowerMode{}))
	s.rebuild(t, ctx, primary)
	s.normal(t, ctx)
	s.check(t, ctx, r)
}

// F09 with fencing: the standby is promoted after the fencing of the lost node
// only, also when that takes its time.
func TestPrimaryLostAndFenced(t *testing.T) {
	s, ctx := begin(t, twoFenced)
	primary, _ := s.roles(t, ctx)
	s.power(t, lab.PowerMode{Delay: 3 * time.Second})
	w := s.watch(ctx)
	must(t, lab.Pause(ctx, 2*time.Second))
	at := time.Now()
	must(t, primary.Kill(ctx))
	s.waitTakeOver(t, ctx, primary)
	ack, err := w.writer.WaitAck(ctx, time.Now(), lab.Timeouts.FirstWrite)
	must(t, err)
	events, err := s.PowerEvents(at)
	must(t, err)
	if len(events) == 0 || events[0].Time.After(ack.End) {
		t.Errorf("a commit was acknowledged before the node was fenced: %+v", events)
	}
	t.Logf("FIGURE power of the primary lost, fencing takes 3 s: service is back %.1f s after the fault", ack.End.Sub(at).Seconds())
	s.rebooted(t, ctx, primary, at)
	s.onlyFenced(t, primary, at)
	r := w.end(t, s)
	s.check(t, ctx, r)
	s.rebuild(t, ctx, primary)
	s.normal(t, ctx)
}

// F10 with fencing: commits freeze until the standby's node is off, then go on.
func TestStandbyLostAndFenced(t *testing.T) {
	s, ctx := begin(t, twoFenced)
	primary, standbys := s.roles(t, ctx)
	standby := standbys[0]
	w := s.watch(ctx)
	must(t, lab.Pause(ctx, 2*time.Second))
	at := time.Now()
	must(t, standby.Kill(ctx))
	ack, err := w.writer.WaitAck(ctx, at.Add(100*time.Millisecond), lab.Timeouts.Takeover)
	must(t, err)
	events, err := s.PowerEvents(at)
	must(t, err)
	if len(events) == 0 || events[0].Time.After(ack.End) {
		t.Errorf("commits went on before the standby's node was fenced: %+v", events)
	}
	t.Logf("FIGURE power of the standby lost, with fencing: commits go on %.1f s after the fault", ack.End.Sub(at).Seconds())
	s.rebooted(t, ctx, standby, at)
	s.onlyFenced(t, standby, at)
	s.rebuild(t, ctx, standby)
	s.normal(t, ctx)
	if now, _ := s.roles(t, ctx); now != primary {
		t.Errorf("%s is primary, %s was", now.Name, primary.Name)
	}
	s.check(t, ctx, w.end(t, s))
}
