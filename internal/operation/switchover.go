package operation

import (
	"context"
	"strconv"
	"time"

	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/node"
)

// switcher is pg-rex_switchover.
type switcher struct {
	*session
	maxLag              int64
	checkOnly, noRejoin bool

	db       database
	clone    string
	from, to node.Node // the primary of before, and of afterwards
	began    map[string]time.Time
	outage   time.Time // when the old primary stopped to serve
	stopped  stopped   // how its server ended
}

// The phases, as the journal has them (specification of the commands, 3.4.3).
const (
	phaseCheckpoint = "checkpoint"
	phaseFreeze     = "freeze"
	phaseStop       = "stop"
	phaseProof      = "proof"
	phaseSwitch     = "switch"
	phaseRejoin     = "rejoin"
)

func switchover() *command {
	return &command{
		name: "switchover", names: []string{"pg-rex_switchover"}, peer: true, caseSensitive: true,
		short: both{"exchange the roles of the two nodes", "両ノードの役割を入れ替える"},
		long: both{
			"Makes the standby the primary and the primary the standby, without a base backup. It can be typed on\neither node. Nothing is given away before it is proven that the standby has all WAL.",
			"Primary（Master）と Standby（Slave）を入れ替えます。ベースバックアップは不要で、どちらのノードでも実行できます。\nStandby が全 WAL を受信したことを確認してから切り替えます。",
		},
		setup: func(f *flags) func(context.Context, *session, []string) error {
			w := &switcher{}
			lag := "16777216"
			f.boolean(&w.checkOnly, "check-only", "", both{"make the checks and show the plan", "確認だけを行い、切り替え内容を表示する"})
			f.text(&lag, "max-lag", "", "BYTES", both{"refuse when the standby is further behind (default 16777216)", "Standby の遅れがこのバイト数を超える場合は実行しない（既定値 16777216）"})
			f.boolean(&w.noRejoin, "no-rejoin", "", both{"do not wait for the old primary to come back", "元の Primary の再組み込みを待たない"})
			return func(ctx context.Context, s *session, _ []string) error {
				w.session = s
				var err error
				if w.maxLag, err = strconv.ParseInt(lag, 10, 64); err != nil || w.maxLag < 0 {
					return message.Fail(message.CMN062, "opt", "--max-lag", "value", lag)
				}
				return w.run(ctx)
			}
		},
	}
}

func (w *switcher) run(ctx context.Context) error {
	w.con.Tell(message.SWO100)
	if !w.conf.Stonith {
		w.con.Tell(message.CMN020)
	}
	w.con.Step(message.SWO101)
	if err := w.meet(ctx); err != nil {
		if w.abort && message.IsFailure(err, message.SSH001) {
			w.con.Skip()
			return w.goBackAlone(ctx)
		}
		return err
	}
	w.con.OK()
	switch {
	case w.abort:
		return w.goBack(ctx)
	case w.resume:
		return w.goOn(ctx)
	}
	w.con.Step(message.SWO102)
	if err := w.check(ctx); err != nil {
		return err
	}
	w.con.OK()
	w.plan()
	if w.checkOnly || w.dryRun {
		w.con.Tell(message.CMN050)
		return nil
	}
	if yes, err := w.con.Confirm(ctx, message.SWO020); err != nil || !yes {
		return declined(err, message.SWO021)
	}
	w.con.Tell(message.SWO103)
	w.begin(map[string]string{"from": w.from.Name(), "to": w.to.Name(), "clone": w.clone}, w.from, w.to)
	if err := w.checkpoint(ctx); err != nil {
		return err
	}
	return w.handOver(ctx)
}

// meet connects to the peer, takes the locks, and finds the resource.
func (w *switcher) meet(ctx context.Context) error {
	if err := w.connect(ctx); err != nil {
		return err
	}
	if err := w.lockBoth(ctx); err != nil {
		return err
	}
	w.began = map[string]time.Time{}
	for _, n := range []node.Node{w.own, w.peer} {
		now, err := node.Clock.On(ctx, n, struct{}{})
		if err != nil {
			return err
		}
		w.began[n.Name()] = now
	}
	var err error
	w.db, err = w.anyDatabase(ctx)
	if err != nil {
		return err
	}
	w.clone = w.promotable(w.db)
	return nil
}

// anyDatabase reads the resource from whichever of the two nodes has a cluster.
func (s *session) anyDatabase(ctx context.Context) (database, error) {
	db, err := s.runningDatabase(ctx, s.own)
	if err == nil || s.peer == nil {
		return db, err
	}
	if other, otherErr := s.runningDatabase(ctx, s.peer); otherErr == nil {
		return other, nil
	}
	return db, err
}

// look reads the cluster from whichever node has one.
func (w *switcher) look(ctx context.Context) (crm.Overview, error) {
	o, err := w.crm(w.own).Overview(ctx)
	if err == nil {
		return o, nil
	}
	if other, otherErr := w.crm(w.peer).Overview(ctx); otherErr == nil {
		return other, nil
	}
	return o, err
}

func (w *switcher) roles(o crm.Overview, r role) []node.Node {
	var found []node.Node
	for _, n := range []node.Node{w.own, w.peer} {
		if w.roleOf(o, w.db, n.Name()) == r {
			found = append(found, n)
		}
	}
	return found
}

// plan shows who is what now and afterwards.
func (w *switcher) plan() {
	words := w.words()
	w.con.Tell(message.SWO013)
	w.con.Lines(message.Align([][]string{
		{"  " + w.from.Name(), words.Primary, "->", words.Standby},
		{"  " + w.to.Name(), words.Standby, "->", words.Primary},
	})...)
}
