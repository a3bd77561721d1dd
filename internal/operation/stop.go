package operation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/node"
)

// stopper is pg-rex_stop.
type stopper struct {
	*session
	fast, all, forcePrimary bool
}

func stop() *command {
	return &command{
		name: "stop", names: []string{"pg-rex_stop"}, lenient: true, unfinished: true,
		short: both{"stop Pacemaker and PostgreSQL on this node", "自ノードの Pacemaker と PostgreSQL を停止する"},
		long: both{
			"Stops Pacemaker, and with it PostgreSQL, on this node. Stop the standby first and the primary second:\nthen both can be started again without a base backup.",
			"自ノードの Pacemaker と PostgreSQL を停止します。Standby（Slave）、Primary（Master）の順に停止すると、\n次回はベースバックアップなしで両ノードを起動できます。",
		},
		setup: func(f *flags) func(context.Context, *session, []string) error {
			st := &stopper{}
			f.boolean(&st.fast, "fast", "f", both{"neither CHECKPOINT nor sync before the stop", "停止前の CHECKPOINT と sync を行わない"})
			f.boolean(&st.all, "all", "", both{"stop both nodes, the standby first", "両ノードを Standby から順に停止する"})
			f.boolean(&st.forcePrimary, "force-primary", "", both{"stop the primary although a standby is running", "Standby の動作中でも Primary を停止する"})
			return func(ctx context.Context, s *session, _ []string) error {
				st.session = s
				if st.all {
					return st.both(ctx)
				}
				return st.one(ctx, s.own, true)
			}
		},
	}
}

// role is what a node is, as far as the cluster can tell.
type role int

const (
	roleUnknown role = iota
	roleNone         // its cluster stack is down
	roleIdle         // the stack runs, the database does not
	roleStandbyAsync
	roleStandbySync
	rolePrimary
)

// roleOf reads the role of a node.
func (s *session) roleOf(o crm.Overview, db database, n string) role {
	status, known := o.Node(n)
	if !known || !status.Online {
		return roleNone
	}
	clone := s.promotable(db)
	if ok, _ := o.PrimaryRuns(clone, db.def.Resource, n); ok {
		return rolePrimary
	}
	switch o.Role(clone, db.def.Resource, n) {
	case crm.Promoted:
		return rolePrimary // the attributes lag behind, or are wrong; it is to be taken for one
	case "", crm.Unpromoted:
	default:
		return roleUnknown // an action is under way
	}
	switch state, _ := o.StandbyRuns(clone, db.def.Resource, n); {
	case state == crm.Sync:
		return roleStandbySync
	case state == crm.NotSync && status.Attrs[db.def.Resource+"-status"] != "":
		return roleStandbyAsync
	case state == crm.NotSync:
		return roleUnknown
	}
	switch status.Attrs[db.def.Resource+"-status"] {
	case "PRI":
		return roleUnknown
	}
	return roleIdle
}

// stopQuestion is what has to be asked before a node is stopped, "" for
// nothing (specification of the commands, 3.3).
func stopQuestion(own role, peers []role, maintenance bool) message.ID {
	if maintenance {
		return message.STP024
	}
	is := func(wanted ...role) bool {
		for _, p := range peers {
			for _, w := range wanted {
				if p == w {
					return true
				}
			}
		}
		return false
	}
	switch own {
	case rolePrimary:
		switch {
		case is(roleStandbySync):
			return message.STP020
		case is(roleStandbyAsync, roleIdle, roleUnknown):
			return message.STP022
		}
	case roleUnknown:
		if !is(rolePrimary) {
			return message.STP023
		}
	}
	return ""
}

// one stops one node.
func (st *stopper) one(ctx context.Context, n node.Node, ask bool) error {
	down, _, err := stackDown(ctx, n)
	if err != nil {
		return err
	}
	if down {
		return st.alreadyDown(ctx, n)
	}
	look, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	db, dbErr := st.runningDatabase(look, n)
	o, err := st.crm(n).Overview(look)
	own, peer := roleUnknown, ""
	var peers []role
	maintenance := o.MaintenanceMode
	if err != nil || dbErr != nil {
		// A cluster that does not answer can still be stopped.
		st.con.Detail("role of %s: %v %v", n.Name(), err, dbErr)
		if saved, _, err := st.savedDatabase(ctx, n); dbErr != nil && err == nil {
			db, dbErr = saved, nil
		}
	} else {
		own = st.roleOf(o, db, n.Name())
		for _, other := range o.Nodes {
			if strings.EqualFold(other.Name, n.Name()) {
				maintenance = maintenance || other.Maintenance
				continue
			}
			r := st.roleOf(o, db, other.Name)
			if peer == "" || r > slices.Max(peers) {
				peer = other.Name // the one that counts
			}
			peers = append(peers, r)
		}
	}
	if own == roleUnknown {
		st.con.Tell(message.STP013)
	} else {
		st.con.Tell(message.STP012, "role", st.word(own), "node", n.Name())
	}
	if blocked := o.BlockedOn(n.Name()); len(blocked) > 0 && !maintenance {
		return message.Fail(message.STP026, "node", n.Name(), "list", comma(blocked)).Then(cleanup(blocked[0], n.Name()))
	}
	if id := stopQuestion(own, peers, maintenance); id != "" && (ask || id == message.STP024) {
		if !st.forcePrimary || id == message.STP024 {
			if yes, err := st.con.Confirm(ctx, id, "peer", peer); err != nil || !yes {
				return declined(err, message.STP021)
			}
		}
	} else if (own == roleStandbySync || own == roleStandbyAsync) && slices.Contains(peers, rolePrimary) && !st.all {
		st.con.Tell(message.STP014, "peer", peer)
	}
	if st.dryRun {
		st.con.Tell(message.CMN050)
		return nil
	}
	limit := st.limit(st.conf.TimeoutStop)
	if !st.fast && dbErr == nil && own != roleIdle {
		st.settle(ctx, n, db, limit)
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return st.stopStack(ctx, n, db, dbErr == nil, own, maintenance, limit)
}

// lookTime bounds a look at a cluster that may not answer.
const lookTime = 20 * time.Second

// declined is the end of a command whose question was not answered by yes.
func declined(err error, id message.ID) error {
	if err != nil && !message.IsFailure(err, message.CMN052) {
		return err
	}
	return message.Fail(id)
}

func (st *stopper) alreadyDown(ctx context.Context, n node.Node) error {
	if db, _, err := st.savedDatabase(ctx, n); err == nil {
		pid, err := serverProcess.On(ctx, n, serverIn{db.settings})
		if err == nil && pid != 0 {
			return message.Fail(message.STP011, "pid", pid).Then(db.stopByHand())
		}
	}
	st.con.Tell(message.STP010)
	return nil
}

// stopByHand is what ends a server that no cluster manages any more.
func (d database) stopByHand() string {
	return fmt.Sprintf("runuser -u %s -- %s -D %s -m fast -w stop", d.settings.User.Name, d.settings.PgCtl, d.settings.Data)
}

// settle makes the shutdown short by writing out beforehand what it would write.
// That it fails is no reason not to stop.
func (st *stopper) settle(outer context.Context, n node.Node, db database, limit time.Duration) {
	ctx, cancel := context.WithTimeout(outer, limit)
	defer cancel()
	err := st.during("CHECKPOINT", func() error {
		_, err := checkpoint.On(ctx, n, serverIn{db.settings})
		return err
	})
	if err == nil {
		err = st.during("sync", func() error {
			_, err := syncDisks.On(ctx, n, struct{}{})
			return err
		})
	}
	if err != nil && context.Cause(outer) == nil {
		st.con.Tell(message.STP025, "err", err)
	}
}

func (st *stopper) stopStack(ctx context.Context, n node.Node, db database, haveDB bool, own role, maintenance bool, limit time.Duration) error {
	st.con.Step(message.STP101)
	st.interrupts.Changing(message.CMN033)
	leave := st.interrupts.Critical()
	begun := time.Now()
	// The context ends here only for an operator who insists.
	stopping, cancel := context.WithTimeout(ctx, limit)
	err := st.during("Pacemaker", func() error { return st.crm(n).StopStack(stopping) })
	late := stopping.Err() != nil && ctx.Err() == nil
	cancel()
	if err != nil && !late {
		return message.Fail(message.CMN002, "rc", "-", "cmd", "systemctl stop pacemaker corosync").Because(err)
	}
	st.con.OK()
	leave()
	st.con.Step(message.STP102)
	// The service manager goes on with a stop that took too long.
	missing, err := st.until(ctx, "Pacemaker", limit-time.Since(begun), func(ctx context.Context) ([]string, error) {
		down, left, err := stackDown(ctx, n)
		if down {
			return nil, nil
		}
		return lines(left), err
	})
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return message.Fail(message.STP031, "sec", int(limit.Seconds()), "list", comma(missing)).Then(st.called("status"))
	}
	// In maintenance mode the database is left running, as the operator knows.
	if haveDB && !maintenance {
		if pid, err := serverProcess.On(ctx, n, serverIn{db.settings}); err != nil || pid != 0 {
			return message.Fail(message.STP032, "pid", pid).Because(err).Then(db.stopByHand())
		}
	}
	st.con.OK()
	if own == roleUnknown || own == roleIdle || maintenance {
		st.con.Tell(message.STP041, "node", n.Name())
	} else {
		st.con.Tell(message.STP040, "role", st.word(own), "node", n.Name())
	}
	if haveDB {
		if l, err := findLock.On(ctx, n, serverIn{db.settings}); err == nil && l.Exists {
			st.con.Tell(message.STP042, "path", l.Path, "cmd", st.called("standby-start"))
		}
	}
	return nil
}

// both stops the standby, then the primary.
func (st *stopper) both(ctx context.Context) error {
	var wrong []error
	for _, p := range st.locate() {
		wrong = append(wrong, st.problem(p))
	}
	if len(wrong) > 0 {
		return errors.Join(wrong...)
	}
	if err := st.connect(ctx); err != nil {
		return err
	}
	if err := st.lock(ctx, st.peer); err != nil {
		return err
	}
	order := []node.Node{st.own, st.peer}
	for _, n := range order {
		if down, _, err := stackDown(ctx, n); err != nil || down {
			continue
		}
		db, err := st.runningDatabase(ctx, n)
		if err != nil {
			continue
		}
		o, err := st.crm(n).Overview(ctx)
		if err == nil && st.roleOf(o, db, st.own.Name()) == rolePrimary {
			order = []node.Node{st.peer, st.own}
		}
		break
	}
	for _, n := range order {
		if err := st.one(ctx, n, false); err != nil {
			return err
		}
	}
	return nil
}

// word is the word for a role.
func (s *session) word(r role) string {
	switch r {
	case rolePrimary:
		return s.words().Primary
	case roleStandbyAsync, roleStandbySync:
		return s.words().Standby
	}
	return "PostgreSQL"
}

// promotable is the id of the clone that the database lies in.
func (s *session) promotable(db database) string {
	if db.def.Clone != "" {
		return db.def.Clone
	}
	return s.conf.Promotable.ID()
}
