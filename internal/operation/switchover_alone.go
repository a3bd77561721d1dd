package operation

import (
	"context"

	"pgrex/internal/crm"
	"pgrex/internal/message"
)

// goBackAlone gives a switchover up whose other node is gone: where it was
// still frozen, Pacemaker is let go, after the old primary has been started
// again if that is this node.
func (w *switcher) goBackAlone(ctx context.Context) error {
	if err := w.lock(ctx, w.own); err != nil {
		return err
	}
	if err := w.unfinished(ctx, w.own); err != nil {
		return err
	}
	if w.found == nil {
		return message.Fail(message.CMN045)
	}
	w.begin(w.found.Facts, w.own)
	leave := w.interrupts.Critical()
	defer leave()
	ctx = context.WithoutCancel(ctx)
	if down, _, err := stackDown(ctx, w.own); err != nil {
		return err
	} else if !down {
		if err := w.letGoAlone(ctx); err != nil {
			return err
		}
	}
	if err := w.finished(ctx); err != nil {
		return err
	}
	w.con.Tell(message.CMN046)
	return nil
}

func (w *switcher) letGoAlone(ctx context.Context) error {
	var err error
	if w.db, err = w.runningDatabase(ctx, w.own); err != nil {
		return err
	}
	w.clone = w.found.Facts["clone"]
	o, err := w.crm(w.own).Overview(ctx)
	if err != nil {
		return message.Fail(message.CMN008, "path", "crm_mon").Because(err)
	}
	if !w.frozen(o) {
		return nil
	}
	if w.found.Facts["from"] == w.own.Name() {
		in := restartIn{serverIn{w.db.settings}, w.own.Name(), w.limit(w.conf.TimeoutStart)}
		if _, err := restart.On(ctx, w.own, in); err != nil {
			w.con.Tell(message.CMN063, "text", err)
		}
	}
	c := w.crm(w.own)
	if err := c.SetAttribute(ctx, crm.Transient, w.found.Facts["to"], crm.PromotionScore(w.db.def.Resource), ordinary); err != nil {
		w.con.Detail("%v", err)
	}
	if err := c.Thaw(ctx, w.clone); err != nil {
		return message.Fail(message.SWO043, "cmd", w.thawCommand()).Because(err)
	}
	return nil
}
