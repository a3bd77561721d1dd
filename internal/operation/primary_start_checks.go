package operation

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/rejoin"
)

// What is checked before this node is started as primary. Nothing is changed.

var gatherLocal = node.Define("gather-local", rejoin.GatherLocal)

// dataDirs are the directories that a server keeps its data in.
var dataDirs = node.Define("data-dirs", func(ctx context.Context, in serverIn) ([]string, error) {
	i, err := in.instance(ctx)
	if err != nil {
		return nil, err
	}
	set := i.Settings()
	dirs := []string{set.Data, i.WALDir()}
	err = pg.As(set.User, func() error {
		links, err := filepath.Glob(filepath.Join(set.Data, "pg_tblspc", "*"))
		for _, l := range links {
			if dir, err := os.Readlink(l); err == nil {
				dirs = append(dirs, dir)
			}
		}
		return err
	})
	return dirs, err
})

// endStandby removes what would make the server a standby of before. The agent
// makes it one again, of the primary that the cluster has then.
var endStandby = node.Define("end-standby", func(ctx context.Context, in serverIn) (struct{}, error) {
	i, err := in.instance(ctx)
	if err == nil {
		err = i.EndStandby()
	}
	if err == nil {
		_, err = i.RemoveLeftovers()
	}
	return struct{}{}, err
})

// check goes through the steps up to the first change.
func (p *starter) check(ctx context.Context) error {
	err := p.con.Do(message.PST101, nil, func() error { return p.stackIsDown(ctx) })
	if err != nil {
		return err
	}
	if err := p.unused(ctx); err != nil {
		return err
	}
	if p.peer == nil {
		p.con.Step(message.PST102)
		p.con.Skip() // there is nobody to ask
	} else if err := p.con.Do(message.PST102, nil, func() error { return p.peerAllows(ctx) }); err != nil {
		return err
	}
	var doubts []*message.Failure
	if p.file != nil {
		err = p.compare(ctx, doubts)
	} else {
		err = p.con.Do(message.PST103, nil, func() error {
			if value := p.saved.DataStatus(p.db.def.Resource, p.own.Name()); !mayBecomePrimary(value) {
				doubts = append(doubts, message.Fail(message.PST013, "attr", crm.DataStatus(p.db.def.Resource), "value", value))
			}
			return p.compare(ctx, doubts)
		})
	}
	if err != nil {
		return err
	}
	return p.con.Do(message.PST104, nil, func() error { return p.noLock(ctx) })
}

// mayBecomePrimary says whether the data status on record allows it: of a node
// of which nothing is known it does.
func mayBecomePrimary(dataStatus string) bool {
	return slices.Contains([]string{"", "LATEST", "STREAMING|SYNC"}, dataStatus)
}

func (p *starter) stackIsDown(ctx context.Context) error {
	down, running, err := stackDown(ctx, p.own)
	if err == nil && !down {
		err = message.Fail(message.PST011).With(lines(running)...).Then(p.called("status"))
	}
	return err
}

// unused makes sure that no program uses the data. One that only stands in its
// directory harms nobody here.
func (p *starter) unused(ctx context.Context) error {
	dirs, err := dataDirs.On(ctx, p.own, serverIn{p.db.settings})
	if err != nil {
		return err
	}
	users, err := node.DirUsers.On(ctx, p.own, dirs)
	if err != nil {
		return err
	}
	var use, stand []string
	for _, u := range users {
		if u.Stands {
			stand = append(stand, u.String())
		} else {
			use = append(use, u.String())
		}
	}
	if len(use) > 0 {
		return message.Fail(message.CMN011, "path", p.db.settings.Data).With(use...)
	}
	if len(stand) > 0 {
		p.con.Tell(message.PST049, "path", p.db.settings.Data, "list", comma(stand))
	}
	return nil
}

// peerAllows makes sure that the peer neither is primary nor may become one
// beside this node. Its cluster may be up only to wait for this node.
func (p *starter) peerAllows(ctx context.Context) error {
	down, running, err := stackDown(ctx, p.peer)
	if err != nil {
		return err
	}
	if down {
		pid, err := serverProcess.On(ctx, p.peer, serverIn{p.db.settings})
		if err == nil && pid != 0 {
			err = message.Fail(message.CMN011, "path", p.peerName+":"+p.db.settings.Data).With("pid " + decimal(pid))
		}
		return err
	}
	alone := message.Fail(message.PST021, "peer", p.peerName).With(lines(running)...).Then(p.peerName + "# " + p.called("stop"))
	look, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	o, err := p.crm(p.peer).Overview(look)
	if err != nil {
		return alone.Because(err)
	}
	switch p.roleOf(o, p.db, p.peerName) {
	case rolePrimary:
		return message.Fail(message.PST012, "peer", p.peerName).Then(p.called("standby-start"))
	case roleStandbyAsync, roleStandbySync:
		return message.Fail(message.PST029, "peer", p.peerName).Then(p.peerName + "# " + p.called("stop"))
	}
	if state, _ := o.StandbyRuns(p.promotable(p.db), p.db.def.Resource, p.peerName); state != crm.NotRunning {
		return message.Fail(message.PST029, "peer", p.peerName).Then(p.peerName + "# " + p.called("stop"))
	}
	waits, err := p.crm(p.peer).WaitsForNodes(look)
	if err != nil || !waits || p.file != nil {
		return alone.Because(err)
	}
	p.peerWaits = true
	return nil
}

// compare looks at the data of both nodes. What speaks against this node being
// the one that goes on, doubts among it, the operator may overrule.
func (p *starter) compare(ctx context.Context, doubts []*message.Failure) error {
	in := rejoin.In{Server: p.db.settings, Archive: p.conf.ArchiveDir, Journal: p.machine.State}
	own, err := gatherLocal.On(ctx, p.own, in)
	if err != nil {
		return err
	}
	var peer *rejoin.Local
	if p.peer != nil {
		theirs, err := gatherLocal.On(ctx, p.peer, in)
		if err != nil && !p.forceOld {
			return err
		}
		if err == nil {
			peer = &theirs
		}
	}
	start := rejoin.PrimaryStart(own, peer, p.peerName, startTimeout(p.db.def))
	if len(start.Refusals) > 0 {
		start.Refusals[len(start.Refusals)-1].Then(p.called("standby-start"))
		return together(start.Refusals)
	}
	if start.Unrelated {
		p.con.Tell(message.PST062, "peer", p.peerName)
	}
	if start.Older != nil {
		doubts = append(doubts, start.Older)
	}
	if len(doubts) > 0 {
		if err := p.overrule(ctx, doubts); err != nil {
			return err
		}
	}
	if start.Warning != nil {
		p.con.Tell(start.Warning.ID, start.Warning.Args...)
	}
	return nil
}

// together are several failures, which are told one after the other.
func together(failures []*message.Failure) error {
	var all []error
	for _, f := range failures {
		all = append(all, f)
	}
	return errors.Join(all...)
}

// overrule asks whether this node is to go on in spite of what speaks against it.
func (p *starter) overrule(ctx context.Context, doubts []*message.Failure) error {
	if !p.forceOld {
		doubts[len(doubts)-1].Then(p.peerName + "# " + p.called("primary-start"))
		return together(doubts)
	}
	for _, f := range doubts {
		p.con.Lines(p.con.Say().Text(f.ID, f.Args...))
	}
	if yes, err := p.con.Confirm(ctx, message.PST043, "peer", p.peerName); err != nil || !yes {
		return declined(err, message.PST041)
	}
	return nil
}

// noLock makes sure that the agent has not locked the data. With the option
// the lock is removed when all is decided.
func (p *starter) noLock(ctx context.Context) error {
	lock, err := findLock.On(ctx, p.own, serverIn{p.db.settings})
	if err != nil {
		return err
	}
	if lock.Exists && !p.dropLock {
		return message.Fail(message.PST014, "path", lock.Path).Then(p.program.invoked + " --remove-lock")
	}
	p.dropLock = lock.Exists
	return nil
}

// startTimeout is how long the cluster gives the server to start.
func startTimeout(d crm.Definition) time.Duration {
	const byDefault = 20 * time.Second
	for _, op := range d.Operations {
		if op.Name == "start" {
			if t, ok := clusterTime(op.Timeout); ok {
				return t
			}
		}
	}
	return byDefault
}

// clusterTime reads a time as Pacemaker does: a number alone is seconds.
func clusterTime(text string) (time.Duration, bool) {
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz")
	n, err := strconv.Atoi(digits)
	unit, known := map[string]time.Duration{
		"": time.Second, "s": time.Second, "sec": time.Second, "ms": time.Millisecond, "msec": time.Millisecond,
		"us": time.Microsecond, "usec": time.Microsecond, "m": time.Minute, "min": time.Minute, "h": time.Hour, "hr": time.Hour,
	}[text[len(digits):]]
	return time.Duration(n) * unit, err == nil && known
}

func decimal(n int) string { return strconv.Itoa(n) }
