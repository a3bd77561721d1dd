package operation

import (
	"context"
	"strconv"

	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/rejoin"
)

// plainStart makes the server start neither as a primary nor in an archive
// recovery that somebody once asked for: the agent says what it is to be.
var plainStart = node.Define("plain-start", func(ctx context.Context, in serverIn) (struct{}, error) {
	i, err := in.instance(ctx)
	if err == nil {
		err = i.EndStandby()
	}
	return struct{}{}, err
})

// start hands the node over to Pacemaker.
func (j *joiner) start(ctx context.Context) error {
	j.con.Step(message.SST112, "num", strconv.Itoa(j.restorable()))
	if err := j.phase(ctx, phaseStart); err != nil {
		return err
	}
	if err := j.letSettle(ctx, j.own, j.peer, j.db.all); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	leave := j.interrupts.Critical()
	defer leave()
	if _, err := plainStart.On(ctx, j.own, serverIn{j.db.settings}); err != nil {
		return err
	}
	if j.removeLock || j.chosen != rejoin.AsIs {
		// What is here now is the primary's data, or has been compared with it.
		if _, err := removeLock.On(ctx, j.own, serverIn{j.db.settings}); err != nil {
			return err
		}
	}
	j.began, _ = node.Clock.On(ctx, j.own, struct{}{})
	if err := j.crm(j.own).StartStack(context.WithoutCancel(ctx)); err != nil {
		return message.Fail(message.CMN002, "rc", "-", "cmd", "systemctl start corosync pacemaker").Because(err)
	}
	j.con.OK()
	if err := j.phase(context.WithoutCancel(ctx), phaseWait); err != nil {
		return err
	}
	leave()
	j.interrupts.Changing(message.CMN033)
	return j.wait(j.interrupts.Context())
}

// wait waits for the synchronous standby.
func (j *joiner) wait(ctx context.Context) error {
	own := j.own.Name()
	j.con.Step(message.SST113)
	limit := j.limit(j.conf.TimeoutStart)
	state := crm.NotRunning
	var attributes string
	var last crm.Overview
	missing, err := j.until(ctx, j.words().Standby, limit, func(ctx context.Context) ([]string, error) {
		o, err := j.crm(j.own).Overview(ctx)
		if err != nil {
			return []string{"Pacemaker"}, nil
		}
		last = o
		j.arrives(ctx, j.peer, own, o, j.db.all)
		var missing []string
		note := func(name string, ok bool, why string) {
			if !ok {
				missing = append(missing, name+" ("+why+")")
			}
		}
		online, why := o.Online(own)
		note("Pacemaker", online, why)
		ping, why := o.AllRunOn(present(o, j.conf.Ping), own)
		note("PING", ping, why)
		storage, why := o.AllRunOn(present(o, j.conf.StorageMon), own)
		note("STORAGE_MON", storage, why)
		if j.conf.Stonith {
			fencing, why := o.AnyRunsOn(present(o, j.conf.Fencing), own)
			note("STONITH", fencing, why)
		}
		state, attributes = o.StandbyRuns(j.clone, j.db.def.Resource, own)
		note("PostgreSQL", state == crm.Sync, attributes)
		if j.conf.UseStandbyIP {
			ip, why := o.AllRunOn(present(o, j.conf.StandbyIP), own)
			note("IPADDR_STANDBY", ip, why)
		}
		// One that has been got over is none.
		if list := o.FailuresSince(j.db.def.Resource, own, j.began); len(missing) > 0 && len(list) > 0 {
			return nil, message.Fail(message.SST062, "id", list[0].Resource, "node", own, "reason", failureText(list[0])).Then(j.called("status"))
		}
		return missing, nil
	})
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		list := j.con.Say().Text(message.SST061, "list", comma(missing))
		if state == crm.NotSync {
			return message.Fail(message.SST063, "attrs", attributes).With(list).Then(j.called("status"))
		}
		return message.Fail(message.SST060, "sec", int(limit.Seconds())).With(list).With(j.inTrouble(last, j.db, own)...).
			Then(j.called("standby-start") + " --resume")
	}
	j.con.OK()
	if err := j.finished(ctx); err != nil {
		return err
	}
	j.con.Tell(message.SST070, "node", own)
	return nil
}

// giveUp closes the journal and says what is left to do. The peer may be down.
func (j *joiner) giveUp(ctx context.Context) error {
	if err := j.lock(ctx, j.own); err != nil {
		return err
	}
	if err := j.unfinished(ctx, j.own); err != nil {
		return err
	}
	if j.found == nil {
		return message.Fail(message.CMN045)
	}
	if j.dryRun {
		j.con.Tell(message.CMN050)
		return nil
	}
	j.begin(j.found.Facts, j.own)
	if err := j.finished(ctx); err != nil {
		return err
	}
	j.con.Tell(message.CMN046)
	next := j.called("standby-start")
	switch j.found.Phase {
	case phaseRebuild:
		next += " -b"
	case phaseWait:
		next = j.called("status")
	}
	j.con.Tell(message.CMN055, "cmd", next)
	return nil
}
