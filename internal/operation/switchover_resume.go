package operation

import (
	"context"
	"slices"

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
	situationOld    situation = iota // the old primary serves
	situationFrozen                  // it serves, or not, and we told Pacemaker to leave it alone
	situationMoving                  // Pacemaker is at work
	situationNew                     // the new primary serves
)

func (w *switcher) situation(o crm.Overview) situation {
	primitive, from, to := w.db.def.Resource, w.from.Name(), w.to.Name()
	role := o.Role(w.clone, primitive, to)
	ours := slices.Contains([]string{phaseFreeze, phaseStop, phaseProof, phaseSwitch}, w.found.Phase)
	if ours && w.frozen(o) && role != crm.Promoted && role != "Promoting" {
		return situationFrozen
	}
	if ok, _ := o.PrimaryRuns(w.clone, primitive, to); ok {
		return situationNew
	}
	// Told to move it, Pacemaker may not have begun yet.
	n, _ := o.Node(to)
	moves := n.Attrs[crm.PromotionScore(primitive)] == preferred && !w.frozen(o)
	if ok, _ := o.PrimaryRuns(w.clone, primitive, from); ok && !moves {
		return situationOld
	}
	return situationMoving
}

// goOn continues at the first phase whose effect is not to be seen.
func (w *switcher) goOn(ctx context.Context) error {
	if err := w.takeUp(); err != nil {
		return err
	}
	o, err := w.look(ctx)
	if err != nil {
		return message.Fail(message.CMN008, "path", "crm_mon").Because(err)
	}
	at := w.situation(o)
	switch {
	case o.MaintenanceMode, w.frozen(o) && at != situationFrozen:
		return message.Fail(message.SWO014) // somebody else's
	case w.checkOnly || w.dryRun:
		w.con.Tell(message.CMN050)
		return nil
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
	case situationFrozen:
		if state, why := o.StandbyRuns(w.clone, w.db.def.Resource, w.to.Name()); state == crm.NotRunning {
			return message.Fail(message.SWO011).With(w.con.Say().Text(message.SWO017, "state", why)).Then("pg-rex_switchover --abort")
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
	o, err := w.look(ctx)
	if err != nil {
		return message.Fail(message.CMN008, "path", "crm_mon").Because(err)
	}
	if w.checkOnly || w.dryRun {
		w.con.Tell(message.CMN050)
		return nil
	}
	leave := w.interrupts.Critical()
	defer leave()
	ctx = context.WithoutCancel(ctx)
	switch w.situation(o) {
	case situationFrozen:
		w.con.Step(message.SWO112, "node", w.from.Name())
		if err := w.restore(ctx); err != nil {
			return err
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
