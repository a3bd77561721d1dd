package operation

import (
	"context"
	"crypto/rand"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgrex/internal/conf"
	"pgrex/internal/crm"
	"pgrex/internal/definition"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/run"
)

// What is done to the cluster's own files: saved, cleared, written, put back.

const (
	corosyncKey = "/etc/corosync/authkey"
	cibDir      = "/var/lib/pacemaker/cib"
)

var saveDefinition = node.Define("save-definition", func(_ context.Context, dir string) (struct{}, error) {
	return struct{}{}, definition.Save("/", dir)
})

var restoreDefinition = node.Define("restore-definition", func(_ context.Context, dir string) (struct{}, error) {
	return struct{}{}, definition.Restore("/", dir)
})

// clearCIB moves everything that Pacemaker has kept of its CIB into a
// directory: it would fall back to the older ones. A node that has none is
// clear already.
var clearCIB = node.Define("clear-cib", func(_ context.Context, dir string) (struct{}, error) {
	return struct{}{}, moveCIB(cibDir, dir)
})

func moveCIB(from, to string) error {
	entries, err := os.ReadDir(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = os.MkdirAll(to, 0o700)
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || !strings.HasPrefix(e.Name(), "cib") {
			continue
		}
		// The directories may be on two file systems.
		text, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, e.Name()), text, 0o600)
		}
		if err == nil {
			err = os.Remove(filepath.Join(from, e.Name()))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// savedFile says which backup a start that has not succeeded has made.
func (p *starter) savedFile() string { return filepath.Join(p.machine.State, "saved-definition") }

// defineCluster removes the former cluster and sets up Corosync, as far as
// there is one and that is wanted. The stack is down on both nodes.
func (p *starter) defineCluster(ctx context.Context) error {
	if p.peer == nil {
		p.con.Tell(message.PST045, "peer", p.peerName)
	}
	if p.corosync || p.cib {
		if err := p.save(ctx); err != nil {
			return err
		}
	}
	if p.replaces() {
		p.con.Step(message.PST105)
		for _, n := range p.nodes() {
			if _, err := clearCIB.On(ctx, n, filepath.Join(p.backup, "cib")); err != nil {
				return fmt.Errorf("cannot remove the CIB of %s: %w", n.Name(), err)
			}
		}
		p.con.OK()
	}
	if !p.creates() {
		return nil
	}
	p.con.Step(message.PST106)
	if err := p.createCluster(ctx); err != nil {
		return err
	}
	p.con.OK()
	return nil
}

// save copies the definition of each node and notes where it is.
func (p *starter) save(ctx context.Context) error {
	p.backup = filepath.Join(p.machine.State, "backup", p.machine.Now().Format("20060102-150405"))
	for _, n := range p.nodes() {
		_, err := saveDefinition.On(ctx, n, p.backup)
		if err == nil {
			_, err = node.WriteFile.On(ctx, n, node.File{Path: p.savedFile(), Content: []byte(p.backup + "\n"), Mode: 0o600})
		}
		if err != nil {
			return fmt.Errorf("cannot save the definition of %s: %w", n.Name(), err)
		}
	}
	p.con.Tell(message.PST044, "dir", p.backup)
	return nil
}

// createCluster writes Corosync's files. Those of this node come last: what is
// here decides whether there is a cluster.
func (p *starter) createCluster(ctx context.Context) error {
	key := make([]byte, 256) // as long as corosync-keygen makes them
	if _, err := rand.Read(key); err != nil {
		return err
	}
	members := []member{{name: p.own.Name()}, {name: p.peerName}}
	for _, ring := range p.lans.Rings {
		members[0].rings = append(members[0].rings, ring.Own.String())
		members[1].rings = append(members[1].rings, ring.Peer.String())
	}
	text := corosyncText(p.conf.ClusterName, members)
	for _, n := range []node.Node{p.peer, p.own} {
		for _, f := range []node.File{
			{Path: corosyncKey, Content: key, Mode: 0o400},
			{Path: conf.CorosyncPath, Content: []byte(text), Mode: 0o644},
		} {
			if _, err := node.WriteFile.On(ctx, n, f); err != nil {
				return fmt.Errorf("cannot write %s on %s: %w", f.Path, n.Name(), err)
			}
		}
	}
	return nil
}

// member is a node of a cluster to be made.
type member struct {
	name  string
	rings []string
}

// corosyncText is the configuration of a cluster as pcs makes it. Of two nodes,
// two_node makes one enough, and includes that each waits for the other at its
// start (wait_for_all).
func corosyncText(cluster string, members []member) string {
	var b strings.Builder
	fmt.Fprintf(&b, `totem {
    version: 2
    cluster_name: %s
    transport: knet
    crypto_cipher: aes256
    crypto_hash: sha256
}

nodelist {
`, cluster)
	for i, m := range members {
		b.WriteString("    node {\n")
		for ring, address := range m.rings {
			fmt.Fprintf(&b, "        ring%d_addr: %s\n", ring, address)
		}
		fmt.Fprintf(&b, "        name: %s\n        nodeid: %d\n    }\n", m.name, i+1)
	}
	b.WriteString(`}

quorum {
    provider: corosync_votequorum
    two_node: 1
}

logging {
    to_syslog: yes
    timestamp: on
}
`)
	return b.String()
}

// load waits for a cluster that takes changes and gives it the definition.
func (p *starter) load(ctx context.Context, limit time.Duration) error {
	if err := p.online(ctx, limit); err != nil {
		return err
	}
	runner := logged{p.con, p.own}
	err := definition.Load(ctx, runner, *p.file)
	if err == nil && p.peer == nil && p.cib {
		// The peer may come back with its former CIB: of two the one with the
		// greater admin_epoch counts, whatever has happened to the other since.
		_, err = runner.Run(ctx, run.Command{Argv: []string{"cibadmin", "-M", "-X", fmt.Sprintf(`<cib admin_epoch="%d"/>`, p.epoch+1)}})
	}
	if err != nil {
		return message.Fail(message.PST052, "detail", err)
	}
	return nil
}

// adminEpoch is the first part of the version of a CIB.
func adminEpoch(cib []byte) int {
	var root struct {
		AdminEpoch string `xml:"admin_epoch,attr"`
	}
	_ = xml.Unmarshal(cib, &root) // one that cannot be read has none
	n, _ := strconv.Atoi(root.AdminEpoch)
	return n
}

// permit tells the cluster what it cannot know: that the data of this node is
// the one that goes on, and that nobody has to wait for the peer.
func (p *starter) permit(ctx context.Context) error {
	client := p.crm(p.own)
	o, err := client.Overview(ctx)
	if err != nil {
		return err
	}
	if err := p.declare(ctx, o); err != nil {
		return err
	}
	if p.peerWaits {
		return nil
	}
	done, err := client.UnblockQuorum(ctx, []string{p.peerName}, o.Fencing)
	p.confirmedOff = done && o.Fencing
	return err
}

// declare changes the data statuses that would make the agent wait for the
// peer, whose data has been compared or given up by the operator. The agent of
// a standby does not stand in for a primary that is not there; and one of which
// nothing is known, or that is known to be behind, does not without the others.
func (p *starter) declare(ctx context.Context, o crm.Overview) error {
	text, err := p.crm(p.own).CIB(ctx)
	if err != nil {
		return err
	}
	nodes, err := crm.ParseSavedNodes(text)
	if err != nil {
		return err
	}
	resource := p.db.def.Resource
	own := nodes.DataStatus(resource, p.own.Name())
	set := func(n, old, value string) error {
		attr := crm.DataStatus(resource)
		if err := p.crm(p.own).SetAttribute(ctx, crm.Permanent, n, attr, value); err != nil {
			return err
		}
		p.con.Tell(message.PST048, "attr", attr, "node", n, "old", old, "new", value)
		return nil
	}
	for _, n := range nodes {
		online, _ := o.Online(n.Name)
		// Only such a standby waits, and only for a node that is not there.
		if own != "STREAMING|SYNC" || online || nodes.DataStatus(resource, n.Name) != "LATEST" {
			continue
		}
		if err := set(n.Name, "LATEST", "DISCONNECT"); err != nil {
			return err
		}
	}
	if own == "" && p.db.params.XlogCheckCount > 0 && !p.peerWaits || !mayBecomePrimary(own) {
		return set(p.own.Name(), own, "LATEST")
	}
	return nil
}

// restorable adds to a failure before the end of loading how to get back.
func (p *starter) restorable(err error) error {
	var f *message.Failure
	if p.backup == "" {
		return err
	}
	next := p.program.invoked + " --restore"
	if p.started && !p.tidy {
		next = p.called("stop") + " ; " + next
	}
	if errors.As(err, &f) {
		f.Next = next
		return err
	}
	return message.Fail(message.PST052, "detail", err).Then(next)
}

// putBack restores the definition that was there before a start that failed.
func (p *starter) putBack(ctx context.Context) error {
	if err := p.meet(ctx); err != nil {
		return err
	}
	if err := p.stackIsDown(ctx); err != nil {
		return err
	}
	if p.peer != nil {
		if down, running, err := stackDown(ctx, p.peer); err != nil || !down {
			return message.Fail(message.PST021, "peer", p.peerName).With(lines(running)...).Because(err).Then(p.peerName + "# " + p.called("stop"))
		}
	}
	leave := p.interrupts.Critical()
	defer leave()
	found := false
	// This node last: what is noted here says that there is something to do.
	nodes := p.nodes()
	slices.Reverse(nodes)
	for _, n := range nodes {
		text, err := node.ReadFile.On(ctx, n, p.savedFile())
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		dir := strings.TrimSpace(string(text))
		if err == nil && !p.dryRun {
			if _, err = restoreDefinition.On(ctx, n, dir); err == nil {
				_, err = node.Remove.On(ctx, n, p.savedFile())
			}
		}
		if err != nil {
			return fmt.Errorf("cannot restore the definition of %s: %w", n.Name(), err)
		}
		found = true
		if !p.dryRun {
			p.con.Tell(message.PST047, "dir", dir, "node", n.Name())
		}
	}
	switch {
	case !found:
		return message.Fail(message.PST046)
	case p.dryRun:
		p.con.Tell(message.CMN050)
	default:
		p.con.Tell(message.CMN055, "cmd", p.program.invoked)
	}
	return nil
}
