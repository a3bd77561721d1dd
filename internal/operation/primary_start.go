package operation

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"pgrex/internal/conf"
	"pgrex/internal/console"
	"pgrex/internal/crm"
	"pgrex/internal/definition"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/run"
)

// starter is pg-rex_primary_start.
type starter struct {
	*session
	peerDown, forceOld, dropLock bool
	keepCluster, restore, tidy   bool
	confirmed                    string // name of the peer that is down, by option

	// file is the definition to be loaded, nil for a start with the present one.
	file     *definition.Definition
	db       database
	saved    crm.SavedNodes // of the CIB that Pacemaker has left here; none with a file
	peerName string
	began    time.Time // by the clock of this node

	corosync     bool // a cluster is defined here or on the peer
	corosyncHere bool
	cib          bool   // Pacemaker has left a CIB here or on the peer
	epoch        int    // greatest admin_epoch of these
	peerWaits    bool   // the peer's cluster is up and waits for this node
	backup       string // where the former definition was saved, "" for nowhere
	started      bool   // Pacemaker was started here
	confirmedOff bool   // the cluster was told that the peer is off
}

func primaryStart() *command {
	return &command{
		name: "primary-start", names: []string{"pg-rex_primary_start", "pg-rex_master_start"}, args: "[FILE]", max: 1, peer: true,
		short: both{"start this node as primary", "自ノードを Primary（Master）として起動する"},
		long: both{
			"Starts Pacemaker on this node and waits until PostgreSQL is primary. With FILE, a resource definition in XML\nor in the form of crmsh, the cluster is set up first. The data of both nodes is compared before.",
			"自ノードの Pacemaker を起動し、PostgreSQL が Primary（Master）になるまで待ちます。リソース定義 FILE（XML または\ncrm 形式）を指定すると、先に HA クラスタを構築します。起動前に両ノードのデータを比較します。",
		},
		setup: func(f *flags) func(context.Context, *session, []string) error {
			p := &starter{}
			f.boolean(&p.peerDown, "peer-down", "", both{"the peer cannot be reached and is known to be powered off", "相手ノードに接続できず、電源断を確認済みである"})
			f.text(&p.confirmed, "confirm-peer-down", "", "NAME", both{"node name of the powered-off peer, instead of typing it", "電源断を確認した相手ノードの名前（入力の代わり）"})
			f.boolean(&p.forceOld, "force-old-data", "", both{"start although the data of the peer looks newer", "相手ノードのデータの方が新しく見える場合も起動する"})
			f.boolean(&p.dropLock, "remove-lock", "", both{"remove the lock file once the data has been checked", "データの確認後に起動禁止フラグを削除する"})
			f.boolean(&p.keepCluster, "no-recreate", "", both{"with FILE: keep Corosync as it is, replace the resource definition only", "FILE 指定時に Corosync を作り直さず、リソース定義だけを置き換える"})
			f.boolean(&p.restore, "restore", "", both{"put back the cluster definition saved by the last failed start", "失敗した前回の起動で保存されたクラスタ定義を元に戻す"})
			f.boolean(&p.tidy, "stop-on-failure", "", both{"stop Pacemaker again when the start does not succeed", "起動に失敗した場合は Pacemaker を停止する"})
			return func(ctx context.Context, s *session, args []string) error {
				p.session = s
				switch {
				case p.restore && len(args) > 0:
					return message.Fail(message.CMN061, "arg", args[0])
				case p.restore:
					return p.putBack(ctx)
				case len(args) > 0:
					return p.run(ctx, args[0])
				}
				return p.run(ctx, "")
			}
		},
	}
}

func (p *starter) run(ctx context.Context, path string) error {
	if err := p.gather(ctx, path); err != nil {
		return err
	}
	if err := p.check(ctx); err != nil {
		return err
	}
	if p.dryRun {
		p.con.Tell(message.CMN050)
		return nil
	}
	if p.replaces() {
		if yes, err := p.con.Confirm(ctx, message.PST040); err != nil || !yes {
			return declined(err, message.PST041)
		}
	}
	err := p.bringUp(ctx)
	var interrupted *console.Interrupted
	if err != nil && p.tidy && p.started && !errors.As(err, &interrupted) {
		p.con.NG()
		p.takeDown(ctx)
	}
	return err
}

// replaces says whether something of a former cluster is to be removed. That
// Corosync was set up alone, as in the old generation, is no cluster yet.
func (p *starter) replaces() bool {
	return p.file != nil && (p.corosync && p.creates() || p.cib)
}

// creates says whether Corosync is set up by this command: it has to be told
// the addresses and the name, and both nodes have to be there.
func (p *starter) creates() bool {
	return p.file != nil && !p.conf.Old && p.peer != nil && !(p.keepCluster && p.corosyncHere)
}

// gather finds the peer, the resource, and what there is of a cluster.
func (p *starter) gather(ctx context.Context, path string) error {
	if path != "" {
		if err := p.readFile(ctx, path); err != nil {
			return err
		}
	}
	if err := p.meet(ctx); err != nil {
		return err
	}
	if err := p.look(ctx); err != nil {
		return err
	}
	if p.file != nil {
		if err := p.checkFile(ctx, path); err != nil {
			return err
		}
	}
	if err := p.findResource(ctx); err != nil {
		return err
	}
	if !p.conf.Stonith {
		p.con.Tell(message.CMN020)
	}
	var err error
	p.began, err = node.Clock.On(ctx, p.own, struct{}{})
	return err
}

func (p *starter) readFile(ctx context.Context, path string) error {
	d, err := readDefinition(ctx, p.own, path)
	if err == nil {
		p.file = &d
	}
	return err
}

// meet connects to the peer and takes the locks. A peer that does not answer is
// taken for powered off only when the operator says so, by its name.
func (p *starter) meet(ctx context.Context) error {
	err := p.connect(ctx)
	switch {
	case err == nil:
		p.peerName = p.peer.Name()
		return p.lockBoth(ctx)
	case !message.IsFailure(err, message.SSH001):
		return err // it has answered, or something here is in the way
	}
	p.peerName = p.absent(ctx)
	if !p.peerDown {
		name := p.peerName
		if name == "" {
			name = p.lans.Peer.String()
		}
		return message.Fail(message.PST020, "peer", name).Because(err).Then(p.program.invoked + " --peer-down")
	}
	if p.peerName == "" {
		return message.Fail(message.CMN012).Because(err)
	}
	// The history of fencing, which could prove it, has gone with the cluster.
	name := p.confirmed
	if name == "" {
		if name, err = p.con.Ask(ctx, message.PST042); message.IsFailure(err, message.CMN051) {
			return message.Fail(message.PST041).Then(p.program.invoked + " --peer-down --confirm-peer-down NAME")
		} else if err != nil {
			return declined(err, message.PST041)
		}
	}
	if !strings.EqualFold(name, p.peerName) {
		return message.Fail(message.PST041).Because(errors.New("the peer is called " + p.peerName))
	}
	if err := p.lock(ctx, p.own); err != nil {
		return err
	}
	return p.unfinished(ctx, p.own)
}

// absent is the name of a peer that does not answer, from the definition or
// from what the last cluster has left here; "" where that is not known.
func (p *starter) absent(ctx context.Context) string {
	var names []string
	if p.file != nil {
		names = p.file.NodeList(p.conf.Primitive.ID())
	} else if text, err := node.ReadFile.On(ctx, p.own, crm.CIBFile); err == nil {
		nodes, _ := crm.ParseSavedNodes(text) // none of a CIB that cannot be read
		for _, n := range nodes {
			names = append(names, n.Name)
		}
	}
	names = slices.DeleteFunc(names, func(n string) bool { return strings.EqualFold(n, p.own.Name()) })
	if len(names) != 1 {
		return ""
	}
	return names[0]
}

// look finds out what there is of a cluster.
func (p *starter) look(ctx context.Context) error {
	for _, n := range p.nodes() {
		there, err := node.Exists.On(ctx, n, conf.CorosyncPath)
		if err != nil {
			return err
		}
		if n == p.own && !there && (p.file == nil || p.conf.Old || p.peer == nil) {
			id := message.PST033
			if p.file != nil {
				id = message.PST039
			}
			return message.Fail(id, "path", conf.CorosyncPath).Then(p.program.invoked + " FILE")
		}
		p.corosync = p.corosync || there
		p.corosyncHere = p.corosyncHere || there && n == p.own
		text, err := node.ReadFile.On(ctx, n, crm.CIBFile)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return message.Fail(message.CMN008, "path", crm.CIBFile).Because(err)
		}
		p.cib, p.epoch = true, max(p.epoch, adminEpoch(text))
	}
	return nil
}

// findResource reads the resource from the definition, or from the CIB of the
// last cluster.
func (p *starter) findResource(ctx context.Context) error {
	var err error
	if p.file != nil {
		d, _ := p.file.Primitive(p.conf.Primitive.ID())
		p.db, err = p.findDatabase([]crm.Definition{d}, "FILE")
		return err
	}
	var text []byte
	if p.db, text, err = p.savedDatabase(ctx, p.own); err != nil {
		return err
	}
	if p.saved, err = crm.ParseSavedNodes(text); err != nil {
		return message.Fail(message.CMN008, "path", crm.CIBFile).Because(err)
	}
	return nil
}

// nodes are those that can be reached, this one first.
func (p *starter) nodes() []node.Node {
	if p.peer == nil {
		return []node.Node{p.own}
	}
	return []node.Node{p.own, p.peer}
}

// checkFile checks the definition before anything is removed for its sake.
func (p *starter) checkFile(ctx context.Context, path string) error {
	if err := p.agrees(*p.file, path, []string{p.own.Name(), p.peerName}); err != nil {
		return err
	}
	runner := logged{p.con, p.own}
	target, err := definition.Installed(ctx, runner)
	if err == nil {
		err = definition.Verify(ctx, runner, p.file.CIB(target))
	}
	return unverified(err, path)
}

// bringUp makes the cluster, starts it and waits for the primary. It must not
// be left in the middle until the cluster has all that it needs to go on alone.
func (p *starter) bringUp(ctx context.Context) error {
	leave := p.interrupts.Critical()
	defer leave()
	p.interrupts.Changing(message.CMN033)
	limit := p.limit(p.conf.TimeoutStart)
	if p.dropLock {
		if _, err := removeLock.On(ctx, p.own, serverIn{p.db.settings}); err != nil {
			return err
		}
	}
	if p.file != nil {
		if err := p.defineCluster(ctx); err != nil {
			return p.restorable(err)
		}
	}
	if _, err := endStandby.On(ctx, p.own, serverIn{p.db.settings}); err != nil {
		return err
	}
	p.con.Step(message.PST107)
	if err := p.startStack(ctx, limit); err != nil {
		return p.restorable(err)
	}
	if p.file == nil {
		if err := p.online(ctx, limit); err != nil {
			return err
		}
	}
	p.con.OK()
	if p.file != nil {
		p.con.Step(message.PST108)
		if err := p.load(ctx, limit); err != nil {
			return p.restorable(err)
		}
		p.con.OK()
	}
	if err := p.permit(ctx); err != nil {
		return err
	}
	leave()
	p.con.Step(message.PST109)
	if err := p.await(ctx, limit); err != nil {
		return err
	}
	p.con.OK()
	return p.conclude(ctx)
}

func (p *starter) startStack(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	p.started = true
	if err := p.crm(p.own).StartStack(ctx); err != nil {
		rc := "-"
		if status, ended := run.Status(err); ended {
			rc = decimal(status)
		}
		return message.Fail(message.CMN002, "rc", rc, "cmd", "systemctl start corosync pacemaker").Because(err).Then(p.called("status"))
	}
	return nil
}

// takeDown stops Pacemaker again after a failure, whose message is still to come.
func (p *starter) takeDown(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.limit(p.conf.TimeoutStop))
	defer cancel()
	if err := p.crm(p.own).StopStack(ctx); err != nil {
		p.con.Detail("stop after a failure: %v", err)
		return
	}
	p.con.Tell(message.STP041, "node", p.own.Name())
}
