package operation

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"pgrex/internal/console"
	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/pg/wal"
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

// check is phase S1: everything that a switchover needs is there, and nothing
// is in its way.
func (w *switcher) check(ctx context.Context) error {
	o, err := w.look(ctx)
	if err != nil {
		return message.Fail(message.CMN008, "path", "crm_mon").Because(err)
	}
	if err := w.releases(o.Version, 0); err != nil {
		return err
	}
	if o.MaintenanceMode || w.frozen(o) {
		return message.Fail(message.SWO014)
	}
	reasons := w.reasons(o)
	primaries, standbys := w.roles(o, rolePrimary), append(w.roles(o, roleStandbySync), w.roles(o, roleStandbyAsync)...)
	if len(primaries) == 1 && len(standbys) == 1 {
		w.from, w.to = primaries[0], standbys[0]
		more, err := w.replication(ctx, o)
		if err != nil {
			return err
		}
		reasons = append(reasons, more...)
	} else {
		var list []string
		for _, n := range []node.Node{w.own, w.peer} {
			list = append(list, n.Name()+" "+w.word(w.roleOf(o, w.db, n.Name())))
		}
		reasons = append(reasons, w.con.Say().Text(message.SWO016, "list", comma(list)))
	}
	if len(reasons) > 0 {
		return message.Fail(message.SWO011).With(reasons...).Then(w.called("status"))
	}
	return nil
}

// frozen says that somebody has told Pacemaker to leave the resource alone.
func (w *switcher) frozen(o crm.Overview) bool {
	for _, r := range o.Of(w.clone) {
		if !r.Managed || r.Maintenance {
			return true
		}
	}
	return false
}

// reasons against a switchover that the cluster knows.
func (w *switcher) reasons(o crm.Overview) []string {
	say := w.con.Say()
	var list []string
	for _, n := range []node.Node{w.own, w.peer} {
		if ok, why := o.Online(n.Name()); !ok {
			list = append(list, say.Text(message.SWO015, "node", n.Name(), "state", why))
		}
	}
	watched := []string{w.db.def.Resource, w.clone}
	for _, ids := range [][]string{w.conf.PrimaryIP.IDs, w.conf.ReplicationIP.IDs, w.conf.StandbyIP.IDs,
		w.conf.Ping.IDs, w.conf.StorageMon.IDs, w.conf.Fencing.IDs} {
		watched = append(watched, ids...)
	}
	ours := map[string]bool{}
	for _, id := range watched {
		for _, r := range o.Of(id) {
			ours[r.ID] = true
		}
	}
	seen := map[string]bool{}
	note := func(resource, node string) {
		if key := resource + "@" + node; ours[resource] && !seen[key] {
			seen[key] = true
			list = append(list, say.Text(message.SWO019, "resource", resource, "node", node))
		}
	}
	for _, f := range o.Failures {
		note(f.Resource, f.Node)
	}
	for _, c := range o.FailCounts {
		note(c.Resource, c.Node)
	}
	for _, b := range o.Bans {
		if ours[b.Resource] || b.Resource == w.clone {
			if b.ByCommand() {
				list = append(list, say.Text(message.SWO023, "id", b.ID, "resource", b.Resource, "node", b.Node))
			}
		}
	}
	return list
}

// replication are the reasons against it that the servers know.
func (w *switcher) replication(ctx context.Context, o crm.Overview) ([]string, error) {
	say := w.con.Say()
	var list []string
	if state, why := o.StandbyRuns(w.clone, w.db.def.Resource, w.to.Name()); state != crm.Sync {
		list = append(list, say.Text(message.SWO017, "state", why))
	}
	var seen [2]sending
	for i, n := range []node.Node{w.from, w.to} {
		var err error
		if seen[i], err = observeServer.On(ctx, n, serverIn{w.db.settings}); err != nil {
			return nil, message.Fail(message.SWO011).Because(fmt.Errorf("%s: %w", n.Name(), err)).Then(w.called("status"))
		}
	}
	p, s := seen[0], seen[1]
	address := w.lans.Peer.String()
	if w.to == w.own {
		address = w.lans.Own.String()
	}
	mine, fromThere := 0, 0
	for _, r := range p.Rows {
		if r.Address == address {
			fromThere++
		}
		if !strings.EqualFold(r.Name, w.to.Name()) {
			continue
		}
		mine++
		switch {
		case r.Address != address:
			list = append(list, say.Text(message.SWO024, "node", w.to.Name(), "address", r.Address, "expected", address))
		case r.State != "streaming" || r.Sync != "sync" && r.Sync != "quorum":
			list = append(list, say.Text(message.SWO017, "state", r.State+", "+r.Sync))
		}
		if r.Lag > w.maxLag {
			list = append(list, say.Text(message.SWO018, "bytes", console.Bytes(r.Lag), "limit", console.Bytes(w.maxLag)))
		}
	}
	if mine == 0 {
		list = append(list, say.Text(message.SWO017, "state", "-"))
	}
	if fromThere > 1 {
		w.con.Tell(message.SWO022, "node", w.to.Name())
	}
	for _, name := range standbySettings {
		if p.Settings[name] < s.Settings[name] {
			list = append(list, say.Text(message.SWO025, "name", name, "node", w.from.Name(), "a", p.Settings[name], "b", s.Settings[name]))
		}
	}
	return list, nil
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
	in := serveIn{serverIn{w.db.settings}, w.addresses(ctx, w.conf.PrimaryIP.IDs), w.limit(w.conf.TimeoutPromote)}
	if _, err := serving.On(ctx, w.to, in); err != nil {
		return served{}, err
	}
	return served{time.Now()}, nil
}

// addresses are those that address resources put on a node.
func (w *switcher) addresses(ctx context.Context, ids []string) []string {
	defs, err := w.crm(w.to).Definitions(ctx, "")
	if err != nil {
		return nil
	}
	var list []string
	for _, d := range defs {
		for _, id := range ids {
			if d.Resource == id && d.Params["ip"] != "" {
				list = append(list, d.Params["ip"])
			}
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
	case <-time.After(monitorsEnd):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	err := c.SetAttribute(ctx, crm.Transient, w.to.Name(), crm.PromotionScore(w.db.def.Resource), preferred)
	if err == nil {
		w.con.OK()
	}
	return err
}

// monitorsEnd is how long a monitor that was begun before a freeze may go on:
// many times of what it takes.
const monitorsEnd = 500 * time.Millisecond

// stop is phase S5.
func (w *switcher) stop(ctx context.Context) error {
	w.con.Step(message.SWO106, "node", w.from.Name())
	if err := w.phase(ctx, phaseStop); err != nil {
		return err
	}
	w.outage = time.Now()
	st, err := stopServer.On(ctx, w.from, stopIn{serverIn{w.db.settings}, w.limit(w.conf.TimeoutPGStop)})
	if err != nil {
		return message.Fail(message.SWO041).Because(err)
	}
	if st.Left > 0 {
		return message.Fail(message.SWO041).Because(fmt.Errorf("%d processes are left", st.Left))
	}
	w.con.OK()
	return nil
}

// prove is phase S6: the standby has all that the primary has ever written, so
// the primary's lock says nothing any more and goes.
func (w *switcher) prove(ctx context.Context) error {
	w.con.Step(message.SWO107)
	if err := w.phase(ctx, phaseProof); err != nil {
		return err
	}
	st, err := stopServer.On(ctx, w.from, stopIn{serverIn{w.db.settings}, 0})
	if err == nil && !st.Clean {
		err = errors.New("the server was not shut down cleanly")
	}
	if err != nil {
		return message.Fail(message.SWO042, "a", "?", "b", "?").Because(err)
	}
	got, err := reach.On(ctx, w.to, reachIn{serverIn{w.db.settings}, st.End, min(proofTime, w.limit(proofTime))})
	if err != nil || got < st.End {
		return message.Fail(message.SWO042, "a", got, "b", st.End).Because(err)
	}
	w.con.Detail("%s has %v, the shutdown checkpoint of %s ends at %v", w.to.Name(), got, w.from.Name(), st.End)
	if _, err := removeLock.On(ctx, w.from, serverIn{w.db.settings}); err != nil {
		return err
	}
	w.con.OK()
	return nil
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

// arrive are the phases S8 to S13: from here on everything is safe to be left.
func (w *switcher) arrive(ctx context.Context, done <-chan served) error {
	w.con.Step(message.SWO109, "node", w.to.Name())
	limit := w.limit(w.conf.TimeoutPromote)
	to := w.to.Name()
	missing, err := w.until(ctx, w.words().Primary, limit, func(ctx context.Context) ([]string, error) {
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
		note(o.AllRunOn(existing(o, w.conf.PrimaryIP.IDs), to))
		note(o.AllRunOn(existing(o, w.conf.ReplicationIP.IDs), to))
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
	outage := "?"
	if done != nil {
		const more = 5 * time.Second
		select {
		case s := <-done:
			if !s.at.IsZero() && !w.outage.IsZero() {
				outage = fmt.Sprintf("%.2f", s.at.Sub(w.outage).Seconds())
			}
		case <-time.After(more):
		}
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

func failureText(f crm.Failure) string {
	text := f.Operation + ": " + f.Exit
	if f.Reason != "" {
		text += " (" + f.Reason + ")"
	}
	return text
}

// existing are those of some resources that the cluster has.
func existing(o crm.Overview, ids []string) []string {
	var list []string
	for _, id := range ids {
		if len(o.Of(id)) > 0 {
			list = append(list, id)
		}
	}
	return list
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
			if ok, why := o.AllRunOn(existing(o, w.conf.StandbyIP.IDs), from); !ok {
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
