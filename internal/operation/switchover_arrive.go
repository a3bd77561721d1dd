package operation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"pgrex/internal/conf"
	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/node"
)

// arrive are the phases S8 to S13: from here on everything is safe to be left.
func (w *switcher) arrive(ctx context.Context, done <-chan served) error {
	w.con.Step(message.SWO109, "node", w.to.Name())
	limit := w.limit(w.conf.TimeoutPromote)
	to := w.to.Name()
	var since served
	missing, err := w.until(ctx, w.words().Primary, limit, func(ctx context.Context) ([]string, error) {
		// Every look takes processors from what it waits for.
		const seldom = time.Second
		if done != nil {
			select {
			case since = <-done:
				done = nil
			case <-time.After(seldom):
			case <-ctx.Done():
			}
		}
		o, err := w.look(ctx)
		if err != nil {
			return []string{err.Error()}, nil
		}
		if list := o.FailuresSince(w.db.def.Resource, to, w.began[to]); len(list) > 0 {
			return nil, message.Fail(message.SWO054, "id", list[0].Resource, "node", to, "reason", failureText(list[0])).Then(w.called("status"))
		}
		var missing []string
		note := func(ok bool, why string) {
			if !ok {
				missing = append(missing, why)
			}
		}
		note(o.Online(to))
		note(o.PrimaryRuns(w.clone, w.db.def.Resource, to))
		note(o.AllRunOn(present(o, w.conf.PrimaryIP), to))
		note(o.AllRunOn(present(o, w.conf.ReplicationIP), to))
		return missing, nil
	})
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return message.Fail(message.SWO051, "sec", int(limit.Seconds()), "list", comma(missing)).Then("pg-rex_switchover --resume")
	}
	w.con.OK()
	w.con.Tell(message.SWO060, "node", to)
	w.dropLock(ctx)
	if done != nil {
		const more = 5 * time.Second
		select {
		case since = <-done:
		case <-time.After(more):
		}
	}
	outage := "?"
	if !since.at.IsZero() && !w.outage.IsZero() {
		outage = fmt.Sprintf("%.2f", since.at.Sub(w.outage).Seconds())
	}
	if w.noRejoin {
		if err := w.finished(ctx); err != nil {
			return err
		}
		w.con.Tell(message.SWO062, "sec", outage)
		return nil
	}
	if err := w.comeBack(ctx); err != nil {
		if message.IsFailure(err, message.SWO053) {
			// There is nothing to go on with: it is for the command that starts a standby.
			err = errors.Join(err, w.finished(ctx))
		}
		return err
	}
	if err := w.tidy(ctx); err != nil {
		return err
	}
	w.con.Tell(message.SWO061, "node", w.from.Name())
	w.con.Data(map[string]any{"primary": to, "standby": w.from.Name(), "outage": outage})
	w.con.Tell(message.SWO062, "sec", outage)
	return nil
}

// dropLock removes the lock which says that the new primary had all, where the old
// one's own cluster knows of that primary: one that was cut off before would take its
// data for the latest. The next monitor of our agent would do so, the shell agent never
// does.
func (w *switcher) dropLock(ctx context.Context) {
	const patience = 10 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	o, err := w.crm(w.from).Overview(ctx)
	if err == nil && !succeeded(o, w.db.def.Resource, w.from.Name(), w.to.Name()) {
		err = fmt.Errorf("its cluster does not know that %s is primary: the lock is kept", w.to.Name())
	}
	if err == nil {
		_, err = dropNotedLock.On(ctx, w.from, serverIn{w.db.settings})
	}
	if err != nil {
		w.con.Detail("%s: %v", w.from.Name(), err)
	}
}

// succeeded says whether a cluster knows that a node has become primary after another.
func succeeded(o crm.Overview, resource, old, next string) bool {
	status := func(name string) string {
		n, _ := o.Node(name)
		return n.Attrs[crm.DataStatus(resource)]
	}
	const latest = "LATEST"
	return status(next) == latest && status(old) != latest && status(old) != ""
}

// failureText words a failed action: the agent's own reason, where it gave one.
func failureText(f crm.Failure) string {
	reason := f.Reason
	if reason == "" {
		reason = strings.TrimSpace(f.Exit + " " + f.Status)
	}
	return f.Operation + ": " + reason
}

// present are the resources that a key names. Ids that are only assumed count
// as far as the cluster has them; a configured one that it has not is waited for
// in vain, and named.
func present(o crm.Overview, r conf.ResourceIDs) []string {
	if !r.Assumed {
		return r.IDs
	}
	var there []string
	for _, id := range r.IDs {
		if len(o.Of(id)) > 0 {
			there = append(there, id)
		}
	}
	return there
}

// comeBack waits for the old primary as a synchronous standby. The agent brings
// it up as soon as it is demoted; an agent that does not, or that could not,
// leaves the instance stopped, and then it is started as an operator would.
func (w *switcher) comeBack(ctx context.Context) error {
	from := w.from.Name()
	if err := w.phase(ctx, phaseRejoin); err != nil {
		return err
	}
	w.con.Step(message.SWO110, "node", from)
	stays, err := w.staysUp(ctx)
	if err != nil {
		return err
	}
	if stays {
		w.con.Skip()
	} else if err := w.stopOld(ctx); err != nil {
		return err
	}
	w.con.Step(message.SWO111, "node", from)
	if !stays {
		if err := w.letSettle(ctx, w.from, w.to, w.db.all); err != nil {
			return err
		}
		if err := w.crm(w.from).StartStack(ctx); err != nil {
			return message.Fail(message.SWO053, "node", from, "other", w.to.Name()).Because(err).Then(w.called("standby-start"))
		}
	}
	limit := w.limit(w.conf.TimeoutStart)
	missing, err := w.until(ctx, w.words().Standby, limit, func(ctx context.Context) ([]string, error) {
		o, err := w.crm(w.to).Overview(ctx)
		if err != nil {
			return []string{err.Error()}, nil
		}
		w.arrives(ctx, w.to, from, o, w.db.all)
		if list := o.FailuresSince(w.db.def.Resource, from, w.began[from]); len(list) > 0 {
			return nil, message.Fail(message.SWO053, "node", from, "other", w.to.Name()).
				Because(errors.New(failureText(list[0]))).Then(w.called("standby-start"))
		}
		var missing []string
		if ok, why := o.Online(from); !ok {
			missing = append(missing, why)
		}
		if state, why := o.StandbyRuns(w.clone, w.db.def.Resource, from); state != crm.Sync {
			missing = append(missing, why)
		}
		if w.conf.UseStandbyIP {
			if ok, why := o.AllRunOn(present(o, w.conf.StandbyIP), from); !ok {
				missing = append(missing, why)
			}
		}
		return missing, nil
	})
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return message.Fail(message.SWO051, "sec", int(limit.Seconds()), "list", comma(missing)).Then("pg-rex_switchover --resume")
	}
	w.con.OK()
	return nil
}

// staysUp waits for what becomes of the old primary: whether its server comes
// back by itself.
func (w *switcher) staysUp(ctx context.Context) (bool, error) {
	from := w.from.Name()
	const patience = 10 * time.Second
	up := false
	_, err := w.until(ctx, from, patience, func(ctx context.Context) ([]string, error) {
		o, err := w.crm(w.to).Overview(ctx)
		if err != nil {
			return []string{err.Error()}, nil
		}
		state, why := o.StandbyRuns(w.clone, w.db.def.Resource, from)
		failed := len(o.FailuresSince(w.db.def.Resource, from, w.began[from])) > 0
		up = state != crm.NotRunning && !failed
		if up || failed {
			return nil, nil
		}
		return []string{why}, nil
	})
	return up, err
}

// stopOld stops the cluster of the old primary, so that it can be started anew,
// and forgets the failure of its server, which was ours.
func (w *switcher) stopOld(ctx context.Context) error {
	from := w.from.Name()
	limit := w.limit(w.conf.TimeoutStop)
	if err := w.crm(w.from).Cleanup(ctx, w.db.def.Resource, from); err != nil {
		w.con.Detail("%v", err)
	}
	stopping, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := w.crm(w.from).StopStack(stopping); err != nil {
		return message.Fail(message.SWO052, "node", from, "sec", int(limit.Seconds()), "other", w.to.Name()).Because(err)
	}
	w.began[from], _ = node.Clock.On(ctx, w.from, struct{}{})
	w.con.OK()
	return nil
}

// tidy is phase S13: failures that this run has caused are forgotten, and the
// journals closed.
func (w *switcher) tidy(ctx context.Context) error {
	o, err := w.look(ctx)
	if err == nil {
		for _, n := range []node.Node{w.own, w.peer} {
			if o.FailCount(w.db.def.Resource, n.Name()) != 0 || len(o.FailuresSince(w.db.def.Resource, n.Name(), w.began[n.Name()])) > 0 {
				err = errors.Join(err, w.crm(w.to).Cleanup(ctx, w.db.def.Resource, n.Name()))
			}
		}
	}
	if err != nil {
		w.con.Detail("%v", err)
	}
	return w.finished(ctx)
}
