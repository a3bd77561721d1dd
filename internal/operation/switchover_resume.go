package operation

import (
	"context"

	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/node"
)

// takeUp takes up the journal of an earlier run.
func (w *switcher) takeUp() error {
	if w.found == nil {
		return message.Fail(message.CMN045)
	}
	w.clone = w.found.Facts["clone"]
	for _, n := range []node.Node{w.own, w.peer} {
		switch n.Name() {
		case w.found.Facts["from"]:
			w.from = n
		case w.found.Facts["to"]:
			w.to = n
		}
	}
	if w.from == nil || w.to == nil {
		return message.Fail(message.CMN045)
	}
	w.begin(w.found.Facts, w.from, w.to)
	return nil
}

// situation is how far an interrupted switchover came, by what is to be seen.
type situation int

const (
	situationOld    situation = iota // the old primary serves, nothing is frozen
	situationFrozen                  // it serves, or not, and Pacemaker is told to leave it alone
	situationMoving                  // Pacemaker is at work
	situationNew                     // the new primary serves
)

func (w *switcher) situation(ctx context.Context) (situation, error) {
	o, err := w.look(ctx)
	if err != nil {
		return 0, message.Fail(message.CMN008, "path", "crm_mon").Because(err)
	}
	if w.frozen(o) {
		return situationFrozen, nil
	}
	if ok, _ := o.PrimaryRuns(w.clone, w.db.def.Resource, w.to.Name()); ok {
		return situationNew, nil
	}
	if ok, _ := o.PrimaryRuns(w.clone, w.db.def.Resource, w.from.Name()); ok {
		// Told to move it, Pacemaker may not have begun yet.
		if n, _ := o.Node(w.to.Name()); n.Attrs[crm.PromotionScore(w.db.def.Resource)] == preferred {
			return situationMoving, nil
		}
		return situationOld, nil
	}
	return situationMoving, nil
}

// goOn continues at the first phase whose effect is not to be seen.
func (w *switcher) goOn(ctx context.Context) error {
	if err := w.takeUp(); err != nil {
		return err
	}
	at, err := w.situation(ctx)
	if err != nil {
		return err
	}
	switch at {
	case situationNew, situationMoving:
		w.interrupts.Changing(message.CMN035, "phase", phaseRejoin)
		return w.arrive(ctx, nil)
	case situationOld:
		w.con.Step(message.SWO102)
		if err := w.check(ctx); err != nil {
			return err
		}
		w.con.OK()
		if err := w.checkpoint(ctx); err != nil {
			return err
		}
	}
	// Frozen: every phase from here on finds what has been done already.
	return w.handOver(ctx)
}

// goBack gives the switchover up: before the switch the old primary serves
// again, after it only the journal is closed.
func (w *switcher) goBack(ctx context.Context) error {
	if err := w.takeUp(); err != nil {
		return err
	}
	at, err := w.situation(ctx)
	if err != nil {
		return err
	}
	leave := w.interrupts.Critical()
	defer leave()
	ctx = context.WithoutCancel(ctx)
	switch at {
	case situationFrozen:
		w.con.Step(message.SWO112, "node", w.from.Name())
		lock, err := findLock.On(ctx, w.from, serverIn{w.db.settings})
		if err != nil {
			return err
		}
		// Gone only when this program took it, with the proof.
		w.lock = primaryLock{Exists: !lock.Exists}
		if _, err := restart.On(ctx, w.from, restartIn{serverIn{w.db.settings}, w.lock, w.limit(w.conf.TimeoutStart)}); err != nil {
			w.con.Tell(message.CMN063, "text", err)
		}
		c := w.crm(w.from)
		if err := c.SetAttribute(ctx, crm.Transient, w.to.Name(), crm.PromotionScore(w.db.def.Resource), "100"); err != nil {
			return err
		}
		if err := c.Thaw(ctx, w.clone); err != nil {
			return message.Fail(message.SWO043, "cmd", w.thawCommand()).Because(err)
		}
		w.con.OK()
	case situationNew, situationMoving:
		w.con.Tell(message.SWO047, "node", w.to.Name(), "other", w.from.Name())
	}
	if err := w.finished(ctx); err != nil {
		return err
	}
	w.con.Tell(message.CMN046)
	return nil
}
