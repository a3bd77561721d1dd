package operation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"pgrex/internal/console"
	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
)

// checkpoint is phase S3: what the shutdown would have to write is written now.
func (w *switcher) checkpoint(ctx context.Context) error {
	w.con.Step(message.SWO104, "node", w.from.Name())
	if err := w.phase(ctx, phaseCheckpoint); err != nil {
		return errors.Join(err, w.finished(ctx)) // it may be on one node already
	}
	// One that took long leaves much to write for the shutdown's.
	const long = 30 * time.Second
	limit, cancel := context.WithTimeoutCause(ctx, w.limit(w.conf.TimeoutStop), errors.New("CHECKPOINT takes too long"))
	defer cancel()
	err := w.twice(limit, long)
	if err == nil {
		var p sending
		if p, err = observeServer.On(limit, w.from, serverIn{w.db.settings}); err == nil {
			var got wal.LSN
			got, err = reach.On(limit, w.to, reachIn{serverIn{w.db.settings}, p.Position, w.limit(proofTime)})
			if err == nil && got < p.Position {
				err = fmt.Errorf("%s has %v of %v", w.to.Name(), got, p.Position)
			}
		}
	}
	if err != nil {
		_ = w.finished(ctx) // nothing has been changed
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return message.Fail(message.SWO026, "node", w.to.Name()).Because(err)
	}
	w.con.OK()
	return nil
}

func (w *switcher) twice(ctx context.Context, long time.Duration) error {
	took, err := checkpoint.On(ctx, w.from, serverIn{w.db.settings})
	if err == nil && took > long {
		_, err = checkpoint.On(ctx, w.from, serverIn{w.db.settings})
	}
	return err
}

// proofTime is how long the standby has for the last of the WAL.
const proofTime = 30 * time.Second

// preferred is the promotion score that makes Pacemaker promote the standby as
// soon as it may: more than the 1000 of a primary. ordinary is that of a
// synchronous standby, which the agent gives.
const preferred, ordinary = "2000", "100"

// handOver are the phases S4 to S7, which must not be left in the middle: what
// cannot go forward goes back.
func (w *switcher) handOver(ctx context.Context) error {
	leave := w.interrupts.Critical()
	defer leave()
	w.interrupts.Changing(message.CMN035, "phase", phaseSwitch)
	ctx = context.WithoutCancel(ctx)
	for _, phase := range []func(context.Context) error{w.freeze, w.stop, w.prove} {
		if err := phase(ctx); err != nil || w.interrupts.Pending() {
			return w.undo(ctx, err)
		}
	}
	served := make(chan served, 1)
	go func() {
		at, err := w.serving(ctx)
		served <- at
		if err != nil {
			w.con.Detail("%s: %v", w.to.Name(), err)
		}
	}()
	if err := w.thaw(ctx); err != nil {
		return err
	}
	leave()
	return w.arrive(w.interrupts.Context(), served)
}

// served is when writes were taken again, zero for never.
type served struct{ at time.Time }

// serving waits for the new primary behind its address.
func (w *switcher) serving(ctx context.Context) (served, error) {
	in := serveIn{serverIn{w.db.settings}, w.addresses(w.conf.PrimaryIP.IDs), w.limit(w.conf.TimeoutPromote)}
	if _, err := serving.On(ctx, w.to, in); err != nil {
		return served{}, err
	}
	return served{time.Now()}, nil
}

// addresses are those that address resources put on a node.
func (w *switcher) addresses(ids []string) []string {
	var list []string
	for _, d := range w.db.all {
		if ip := d.Params["ip"]; ip != "" && slices.Contains(ids, d.Resource) {
			list = append(list, ip)
		}
	}
	return list
}

// freeze is phase S4: Pacemaker leaves the resource alone, and knows already
// whom to prefer when it no longer does.
func (w *switcher) freeze(ctx context.Context) error {
	w.con.Step(message.SWO105)
	if err := w.phase(ctx, phaseFreeze); err != nil {
		return err
	}
	c := w.crm(w.from)
	if err := c.Freeze(ctx, w.clone); err != nil {
		return err
	}
	// A monitor that is under way may still write scores; then none begins any more.
	select {
	case <-time.After(w.machine.Settle):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	err := c.SetAttribute(ctx, crm.Transient, w.to.Name(), crm.PromotionScore(w.db.def.Resource), preferred)
	if err == nil {
		w.con.OK()
	}
	return err
}

// stop is phase S5.
func (w *switcher) stop(ctx context.Context) error {
	w.con.Step(message.SWO106, "node", w.from.Name())
	if err := w.phase(ctx, phaseStop); err != nil {
		return err
	}
	w.outage = time.Now()
	var err error
	w.stopped, err = stopServer.On(ctx, w.from, stopIn{serverIn{w.db.settings}, w.limit(w.conf.TimeoutPGStop)})
	if err != nil {
		return message.Fail(message.SWO041).Because(err)
	}
	if w.stopped.Left > 0 {
		return message.Fail(message.SWO041).Because(fmt.Errorf("%d processes are left", w.stopped.Left))
	}
	w.con.OK()
	return nil
}

// prove is phase S6: the standby has all that the primary has ever written, which
// the primary's lock says from now on: it is in nobody's way. It goes when the other
// node is primary (arrive): lost before that, this one would take its data for the latest.
func (w *switcher) prove(ctx context.Context) error {
	w.con.Step(message.SWO107)
	if err := w.phase(ctx, phaseProof); err != nil {
		return err
	}
	if !w.stopped.Clean {
		return message.Fail(message.SWO042, "a", "?", "b", "?").Because(errors.New("the server was not shut down cleanly"))
	}
	end := w.stopped.End
	got, err := reach.On(ctx, w.to, reachIn{serverIn{w.db.settings}, end, min(proofTime, w.limit(proofTime))})
	if err != nil || got < end {
		return message.Fail(message.SWO042, "a", got, "b", end).Because(err)
	}
	w.con.Detail("%s has %v, the shutdown checkpoint of %s ends at %v", w.to.Name(), got, w.from.Name(), end)
	in := heldIn{serverIn{w.db.settings}, w.from.Name(), pg.Holder{Node: w.to.Name(), Address: w.addressOf(w.to)}}
	if _, err := noteHolder.On(ctx, w.from, in); err != nil {
		return err
	}
	w.con.OK()
	return nil
}

// addressOf is that of a node on the D-LAN.
func (w *switcher) addressOf(n node.Node) string {
	if n.Name() == w.own.Name() {
		return w.lans.Own.String()
	}
	return w.lans.Peer.String()
}

// thaw is phase S7: Pacemaker is let go and does the rest.
func (w *switcher) thaw(ctx context.Context) error {
	w.con.Step(message.SWO108)
	if err := w.phase(ctx, phaseSwitch); err != nil {
		return w.undo(ctx, err)
	}
	err := w.letGo(ctx)
	if err != nil {
		return message.Fail(message.SWO043, "cmd", w.thawCommand()).Because(err)
	}
	w.con.OK()
	return nil
}

// letGo ends the freeze, by way of the other node where one cannot.
func (w *switcher) letGo(ctx context.Context) error {
	err := w.crm(w.to).Thaw(ctx, w.clone)
	if err != nil {
		err = w.crm(w.from).Thaw(ctx, w.clone)
	}
	return err
}

func (w *switcher) thawCommand() string {
	return "crm_resource --meta -r " + w.clone + " -d maintenance"
}

// undo makes the old primary serve again and Pacemaker look after it. err is
// what made it necessary, nil when the operator wished so.
func (w *switcher) undo(ctx context.Context, err error) error {
	w.con.NG()
	if backErr := w.restore(ctx); backErr != nil {
		return errors.Join(err, backErr)
	}
	if finishErr := w.finished(ctx); finishErr != nil {
		return errors.Join(err, finishErr)
	}
	w.interrupts.Changing(message.SWO045, "node", w.from.Name())
	if err == nil {
		return &console.Interrupted{ID: message.SWO045, Args: []any{"node", w.from.Name()}}
	}
	var f *message.Failure
	if !errors.As(err, &f) {
		err = message.Fail(message.SWO046, "node", w.from.Name()).Because(err)
	}
	return err
}

// restore starts the old primary again, prefers the standby no longer, and lets
// Pacemaker go: each of them whether or not the others could be done. A node
// that does not answer any more is what Pacemaker is there for.
func (w *switcher) restore(ctx context.Context) error {
	_, backErr := restart.On(ctx, w.from, restartIn{serverIn{w.db.settings}, w.from.Name(), w.limit(w.conf.TimeoutStart)})
	score := func(n node.Node) error {
		return w.crm(n).SetAttribute(ctx, crm.Transient, w.to.Name(), crm.PromotionScore(w.db.def.Resource), ordinary)
	}
	scoreErr := score(w.from)
	if scoreErr != nil {
		scoreErr = score(w.to)
	}
	if err := w.letGo(ctx); err != nil {
		return message.Fail(message.SWO043, "cmd", w.thawCommand()).Because(errors.Join(err, backErr, scoreErr))
	}
	if backErr != nil {
		return message.Fail(message.SWO044, "node", w.from.Name()).Because(errors.Join(backErr, scoreErr)).Then(w.called("status"))
	}
	return scoreErr
}
