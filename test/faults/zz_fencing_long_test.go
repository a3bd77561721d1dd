//go:build long

package faults

import (
	"testing"
	"time"

	"pgrex/test/lab"
)

// F51: both sides of a cut interconnect shoot. The delay lets the primary win.
func TestBothShoot(t *testing.T) {
	s, ctx := begin(t, twoFenced)
	primary, standbys := s.roles(t, ctx)
	standby := standbys[0]
	w := s.watch(ctx)
	must(t, lab.Pause(ctx, 2*time.Second))
	cut := time.Now()
	for _, lan := range []lab.LAN{lab.ICLAN1, lab.ICLAN2} {
		must(t, s.Cut(ctx, lan, primary, lab.Silent))
	}
	s.rebooted(t, ctx, standby, cut)
	ack, err := w.writer.WaitAck(ctx, time.Now(), lab.Timeouts.Takeover)
	must(t, err)
	t.Logf("FIGURE both IC-LANs cut, with fencing: commits go on %.1f s after the cut", ack.End.Sub(cut).Seconds())
	s.onlyFenced(t, standby, cut)
	must(t, s.HealAll(ctx))
	s.rebuild(t, ctx, standby)
	s.normal(t, ctx)
	if now, _ := s.roles(t, ctx); now != primary {
		t.Errorf("%s is primary, %s was", now.Name, primary.Name)
	}
	s.check(t, ctx, w.end(t, s))
}

// F50: a device that fails keeps everybody from being promoted; repaired, the
// service comes back by itself.
func TestPrimaryLostAndNotFenced(t *testing.T) {
	s, ctx := begin(t, twoFenced)
	primary, standbys := s.roles(t, ctx)
	s.power(t, lab.PowerMode{Delay: 2 * time.Second, Fail: []string{"*"}})
	w := s.watch(ctx)
	must(t, lab.Pause(ctx, 2*time.Second))
	at := time.Now()
	must(t, primary.Kill(ctx))
	must(t, lab.Pause(ctx, 5*time.Second))
	s.nobodyPromoted(t, ctx, standbys[0])
	must(t, s.SetPower(lab.PowerMode{}))
	s.waitTakeOver(t, ctx, primary)
	_, err := w.writer.WaitAck(ctx, time.Now(), lab.Timeouts.FirstWrite)
	must(t, err)
	s.rebooted(t, ctx, primary, at)
	r := w.end(t, s)
	s.check(t, ctx, r)
	s.rebuild(t, ctx, primary)
	s.normal(t, ctx)
}
