package operation

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"pgrex/internal/conf"
	"pgrex/internal/console"
	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/node"
)

// Times of a look at the cluster: what somebody in a hurry is ready to wait.
const (
	statusTime = 10 * time.Second // for everything
	askTime    = 4 * time.Second  // for an answer of the cluster
	peerTime   = 3 * time.Second  // for reaching the peer, and for its answers
	serverTime = 2 * time.Second  // for an answer of the server
	peerAgain  = 30 * time.Second // until one that was not there is tried again
	watchEach  = 2                // seconds
)

// watcher is pg-rex_status.
type watcher struct {
	*session
	json bool
	each int // seconds between two reports, 0 for a single one
	// away is until when a peer that was not there is left alone.
	away time.Time
}

func status() *command {
	return &command{
		name: "status", names: []string{"pg-rex_status"}, report: true, max: 1,
		anyUser: true, lenient: true, unlocked: true, unfinished: true,
		short: both{"show the state of the cluster in words", "クラスタの状態をまとめて表示する"},
		long: both{
			"Shows on one screen the nodes with their roles, the virtual IPs, replication and how far it is behind,\nand what needs attention with the commands for it. Changes nothing. Any user may run it who may query\nthe cluster; root sees more.",
			"両ノードの役割、仮想 IP、レプリケーションの状態と遅延、対処が必要な項目とそのコマンドを 1 画面に表示します。\n何も変更しません。クラスタを参照できるユーザであれば実行できます（root の場合は表示項目が増えます）。",
		},
		setup: func(f *flags) func(context.Context, *session, []string) error {
			w := &watcher{}
			f.boolean(&w.json, "json", "", both{"one JSON object instead of text (same as --output json)", "JSON オブジェクトで出力する（--output json と同じ）"})
			f.set.IntVarP(&w.each, "watch", "w", 0, "")
			f.set.Lookup("watch").NoOptDefVal = strconv.Itoa(watchEach)
			f.help["watch"] = both{"show it again every SEC seconds (default 2) until Ctrl-C", "SEC 秒（既定値 2）ごとに表示を更新する（Ctrl-C で終了）"}
			f.value["watch"] = "[SEC]"
			return func(ctx context.Context, s *session, args []string) error {
				w.session = s
				w.json = w.json || s.output == "json"
				if err := w.interval(f.set.Changed("watch"), args); err != nil {
					return err
				}
				return w.run(ctx)
			}
		},
	}
}

// interval takes the seconds from --watch=SEC or --watch SEC.
func (w *watcher) interval(watch bool, args []string) error {
	bad := func(value string) error {
		return message.Fail(message.CMN062, "opt", "--watch", "value", value).Then(w.program.invoked + " --help")
	}
	switch {
	case len(args) > 0 && !watch:
		return message.Fail(message.CMN061, "arg", args[0]).Then(w.program.invoked + " --help")
	case len(args) > 0:
		n, err := strconv.Atoi(args[0])
		if err != nil || n < 1 {
			return bad(args[0])
		}
		w.each = n
	case watch && w.each < 1:
		return bad(strconv.Itoa(w.each))
	}
	return nil
}

func (w *watcher) run(ctx context.Context) error {
	if w.each == 0 {
		r, err := w.observe(ctx)
		if err != nil {
			return err
		}
		return w.show(r)
	}
	tick := time.NewTicker(time.Duration(w.each) * time.Second)
	defer tick.Stop()
	err := w.watch(ctx, tick.C)
	if w.redraws() {
		_, _ = io.WriteString(w.streams.Out, "\n")
	}
	var i *console.Interrupted
	if errors.As(err, &i) || errors.As(context.Cause(ctx), &i) {
		return nil // that is how it ends
	}
	return err
}

// watch shows a report at once and at every tick. A look that fails is shown
// and no reason to end: what is watched may be a node that restarts.
func (w *watcher) watch(ctx context.Context, tick <-chan time.Time) error {
	for {
		r, err := w.observe(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			r = w.blind(err)
		}
		if err := w.show(r); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick:
		}
	}
}

func (w *watcher) redraws() bool { return w.each > 0 && w.streams.Terminal && !w.json }

// blind is the report of nothing but why there is none.
func (w *watcher) blind(err error) Report {
	text := err.Error()
	var f *message.Failure
	if errors.As(err, &f) {
		text = w.con.Say().Text(f.ID, f.Args...)
	}
	return Report{Time: w.machine.Now(), Verdict: unknown, Summary: text, Nodes: []NodeReport{},
		Addresses: []AddressReport{}, Replication: []ReplicationReport{}, Problems: []Problem{}}
}

func (w *watcher) show(r Report) error {
	if w.json {
		b, err := json.Marshal(r)
		if err == nil {
			_, err = w.streams.Out.Write(append(b, '\n'))
		}
		return err
	}
	lines := w.screen(r)
	if w.redraws() {
		// As a whole, so that nothing flickers; what does not fit would scroll
		// the beginning away.
		columns, rows := terminalSize(w.streams.Out)
		var b strings.Builder
		b.WriteString("\x1b[H")
		for i, l := range fit(lines, columns, rows) {
			if i > 0 {
				b.WriteString("\r\n")
			}
			b.WriteString(l + "\x1b[K")
		}
		b.WriteString("\x1b[J")
		_, err := io.WriteString(w.streams.Out, b.String())
		return err
	}
	if w.each > 0 {
		lines = append(lines, "")
	}
	_, err := io.WriteString(w.streams.Out, strings.Join(lines, "\n")+"\n")
	return err
}

// observe looks at everything that can be seen from here and makes a report of it.
func (w *watcher) observe(ctx context.Context) (Report, error) {
	ctx, cancel := context.WithTimeout(ctx, statusTime)
	defer cancel()
	f, err := w.facts(ctx)
	if err != nil {
		return Report{}, err
	}
	return w.report(f), nil
}

func (w *watcher) facts(ctx context.Context) (statusFacts, error) {
	f := statusFacts{Time: w.machine.Now(), Own: w.own.Name(), Root: w.machine.User == 0, Looks: map[string]look{},
		Stonith: w.conf.Stonith, Configured: w.conf.ArchiveDir != ""}
	w.locate(&f)
	reached := make(chan struct{})
	go func() {
		defer close(reached)
		w.reach(ctx)
	}()
	ownErr := w.ask(ctx, w.own, &f)
	<-reached
	if f.View == "" && w.peer != nil {
		_ = w.ask(ctx, w.peer, &f)
	}
	if f.View == "" {
		err := w.saved(ctx, w.own, &f)
		if err != nil && w.peer != nil { // a node that was never started has none
			err = w.saved(ctx, w.peer, &f)
		}
		switch {
		case err != nil && !f.Root:
			return f, message.Fail(message.CMN001, "user", userName(w.machine.User)).Because(ownErr)
		case err != nil:
			return f, err
		}
	}
	w.lookAll(ctx, &f)
	if own := f.Looks[f.Own]; f.View != f.Own && len(own.Stack) > 0 {
		f.Silent = ownErr
	}
	return f, nil
}

// locate finds the peer's address. That this node lacks one of its own is worth
// knowing here, and no reason to stop.
func (w *watcher) locate(f *statusFacts) {
	own, err := w.machine.Addresses()
	if err != nil {
		return
	}
	lans, problems := w.conf.Locate(own)
	w.lans = w.withRings(lans, own)
	for _, p := range problems {
		f.Network = append(f.Network, p.Text(w.con.Say()))
	}
}

// reach connects to the peer, if that can be done without asking anybody.
func (w *watcher) reach(ctx context.Context) {
	quiet := w.conf.PeerPass.Mode == conf.NoPass || w.conf.PeerPass.Mode == conf.PassFile
	if w.peer != nil || !quiet || w.machine.User != 0 || !w.lans.Peer.IsValid() || w.machine.Now().Before(w.away) {
		return
	}
	// The connection lives as long as its context: it is ended only when it
	// has not come about in time.
	dialing, giveUp := context.WithCancelCause(context.WithoutCancel(ctx))
	timer := time.AfterFunc(peerTime, func() { giveUp(context.DeadlineExceeded) })
	stop := context.AfterFunc(ctx, func() { giveUp(context.Cause(ctx)) })
	silent := *w.session
	silent.streams.Terminal = false // nobody is asked for a password
	silent.con = console.New(console.Options{Say: w.con.Say(), Out: io.Discard, Err: io.Discard})
	// Half of it, so that there is time for a second address.
	silent.conf.SSHConnectTimeout = min(silent.conf.SSHConnectTimeout, peerTime/2)
	peer, err := w.machine.Dial(dialing, &silent)
	stop()
	if !timer.Stop() && err == nil {
		err = context.DeadlineExceeded
	}
	if err != nil {
		giveUp(err)
		w.con.Detail("peer: %v", err)
		w.away = w.machine.Now().Add(peerAgain)
		return
	}
	w.peer = peer
}

// ask reads the cluster as a node sees it.
func (w *watcher) ask(ctx context.Context, n node.Node, f *statusFacts) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	o, err := w.crm(n).Overview(ctx)
	if err != nil {
		return err
	}
	f.View, f.Cluster = n.Name(), o
	if defs, err := w.crm(n).Definitions(ctx, ""); err == nil {
		w.define(defs, f)
	}
	for _, other := range o.Nodes {
		if !other.AttrsKnown { // what is written down of it is in the CIB
			if text, err := w.crm(n).CIB(ctx); err == nil {
				f.Saved, _ = crm.ParseSavedNodes(text)
			}
			break
		}
	}
	return nil
}

// saved reads what Pacemaker has left on a node.
func (w *watcher) saved(ctx context.Context, n node.Node, f *statusFacts) error {
	text, err := node.ReadFile.On(ctx, n, crm.CIBFile)
	if err == nil {
		f.Saved, err = crm.ParseSavedNodes(text)
	}
	var defs []crm.Definition
	if err == nil {
		defs, err = crm.ParseDefinitions(text)
	}
	if err != nil {
		return message.Fail(message.CMN008, "path", crm.CIBFile).Because(err)
	}
	w.define(defs, f)
	return nil
}

// define takes the database and the virtual IPs from the definitions.
func (w *watcher) define(defs []crm.Definition, f *statusFacts) {
	if db, err := w.findDatabase(defs, ""); err == nil {
		f.Database, f.HaveDB = db, true
	} else {
		w.con.Detail("%v", err)
	}
	uses := []struct {
		is  addressUse
		ids conf.ResourceIDs
	}{{forPrimary, w.conf.PrimaryIP}, {forReplication, w.conf.ReplicationIP}, {forStandby, w.conf.StandbyIP}}
	f.Addresses = nil
	seen := map[string]bool{}
	add := func(d crm.Definition, use addressUse) {
		if !seen[d.Resource] {
			seen[d.Resource] = true
			f.Addresses = append(f.Addresses, virtualIP{d.Resource, d.Params["ip"], use})
		}
	}
	for _, u := range uses {
		for _, d := range defs {
			if d.Resource == u.ids.ID() {
				add(d, u.is)
			}
		}
	}
	for _, d := range defs {
		if strings.HasPrefix(d.Type, "IPaddr") || strings.HasPrefix(d.Type, "IPv6addr") {
			add(d, forOthers)
		}
	}
}

// lookAll asks the nodes that can be asked for what only they know.
func (w *watcher) lookAll(ctx context.Context, f *statusFacts) {
	in := lookIn{Journal: w.journalFile(), Running: w.machine.LockFile, Archive: w.conf.ArchiveDir}
	if f.HaveDB {
		in.Settings = &f.Database.settings
	}
	nodes := []node.Node{w.own}
	if w.peer != nil {
		nodes = append(nodes, w.peer)
	}
	looks, errs := make([]look, len(nodes)), make([]error, len(nodes))
	var all sync.WaitGroup
	for i, n := range nodes {
		all.Add(1)
		go func() {
			defer all.Done()
			ctx, cancel := context.WithTimeout(ctx, peerTime)
			defer cancel()
			looks[i], errs[i] = lookAround.On(ctx, n, in)
		}()
	}
	all.Wait()
	for i, n := range nodes {
		if errs[i] == nil {
			f.Looks[n.Name()] = looks[i]
			continue
		}
		w.con.Detail("%s: %v", n.Name(), errs[i])
		if n != w.peer {
			continue
		}
		if _, err := node.Identify.On(ctx, n, struct{}{}); err != nil { // not only of another release
			if c, ok := w.peer.(interface{ Close() }); ok {
				c.Close()
			}
			w.peer, w.away = nil, w.machine.Now().Add(peerAgain)
		}
	}
}
