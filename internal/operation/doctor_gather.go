package operation

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"pgrex/internal/conf"
	"pgrex/internal/console"
	"pgrex/internal/crm"
	"pgrex/internal/definition"
	"pgrex/internal/doctor"
	"pgrex/internal/message"
	"pgrex/internal/node"
)

const (
	gatherTime = 30 * time.Second // for a node to tell all it knows
	dialTime   = 5 * time.Second  // for each address of the peer
	typingTime = 5 * time.Minute  // for somebody to type a password
)

// facts gathers everything that the checks go by.
func (e *examiner) facts(ctx context.Context) (*doctor.Case, error) {
	c := &doctor.Case{Connect: e.reach, Conf: e.configuration()}
	e.locate(c)
	if err := e.define(ctx, c); err != nil {
		return nil, err
	}
	in := doctor.In{Database: c.Database, Archive: c.ArchiveDir(), Lans: c.Lans, Connect: e.reach, Look: doctor.LookFor(c)}
	in.Own = true
	own := e.ask(ctx, e.own, in)
	in.Own = false
	own.Own = true
	c.Nodes = []doctor.Node{own}
	if e.nodes == "both" {
		c.Nodes = append(c.Nodes, e.askPeer(ctx, c, in))
	}
	if e.peer != nil {
		c.Clock = e.compareClocks(ctx)
	}
	return c, nil
}

func (e *examiner) compareClocks(ctx context.Context) doctor.Fact[doctor.Clock] {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	return doctor.MeasureClock(ctx, e.peer, e.machine.Now)
}

// configuration is that of the commands, as far as there is one.
func (e *examiner) configuration() doctor.Fact[conf.Config] {
	if e.conf.ArchiveDir == "" && e.conf.DLAN == (conf.Config{}).DLAN {
		return doctor.Missing[conf.Config](message.DRU008, "path", e.config)
	}
	return doctor.Found(e.conf)
}

func (e *examiner) locate(c *doctor.Case) {
	own, err := e.machine.Addresses()
	if err != nil {
		return
	}
	lans, _ := e.conf.Locate(own) // that an address is missing is for a check to say
	e.lans = e.withRings(lans, own)
	c.Lans = e.lans
}

// define finds the definitions and the state of the cluster.
func (e *examiner) define(ctx context.Context, c *doctor.Case) error {
	c.Running = e.running(ctx)
	c.Definition = c.Running
	if e.sheet != "" {
		d, err := e.readDefinition(ctx, e.own, e.sheet)
		if err != nil {
			return message.Fail(message.DRA900, "path", e.sheet).Because(err)
		}
		c.Definition = doctor.Found(doctor.Definition{Definition: d, Source: e.sheet})
	}
	c.Cluster = e.cluster(ctx)
	c.Database = e.database(c.Definition)
	return nil
}

// running is the definition of the cluster, or the one that a stopped cluster
// has left on this node.
func (e *examiner) running(ctx context.Context) doctor.Fact[doctor.Definition] {
	read := func(text []byte, source string) (doctor.Fact[doctor.Definition], error) {
		d, err := definition.Read(text)
		if err != nil {
			return doctor.Fact[doctor.Definition]{}, err
		}
		return doctor.Found(doctor.Definition{Definition: d, Source: source, CIB: text}), nil
	}
	asking, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	text, err := e.crm(e.own).CIB(asking)
	if err == nil {
		var found doctor.Fact[doctor.Definition]
		if found, err = read(text, "cibadmin -Q"); err == nil {
			return found
		}
	}
	saved, savedErr := node.ReadFile.On(ctx, e.own, crm.CIBFile)
	if savedErr == nil {
		var found doctor.Fact[doctor.Definition]
		if found, savedErr = read(saved, crm.CIBFile); savedErr == nil {
			return found
		}
	}
	return doctor.Missing[doctor.Definition](message.DRU007, "err", oneLine(errors.Join(err, savedErr)))
}

// cluster is how the cluster is now.
func (e *examiner) cluster(ctx context.Context) doctor.Fact[crm.Overview] {
	down, _, err := stackDown(ctx, e.own)
	if err == nil && down {
		return doctor.Missing[crm.Overview](message.DRU002)
	}
	asking, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	o, err := e.crm(e.own).Overview(asking)
	if err != nil {
		return doctor.Missing[crm.Overview](message.DRU003, "node", e.own.Name(), "err", oneLine(err))
	}
	return doctor.Found(o)
}

// database is the PostgreSQL resource of a definition.
func (e *examiner) database(d doctor.Fact[doctor.Definition]) doctor.Fact[doctor.Database] {
	if !d.Known {
		return doctor.Fact[doctor.Database]{Why: d.Why}
	}
	db, err := e.findDatabase(d.Value.Primitives(), d.Value.Source)
	var f *message.Failure
	if errors.As(err, &f) {
		return doctor.Missing[doctor.Database](f.ID, f.Args...)
	}
	return doctor.Found(doctor.NewDatabase(db.def))
}

// ask asks a node for its facts.
func (e *examiner) ask(ctx context.Context, n node.Node, in doctor.In) doctor.Node {
	ctx, cancel := context.WithTimeout(ctx, gatherTime)
	defer cancel()
	f, err := doctor.Gather.On(ctx, n, in)
	if err != nil {
		return doctor.Node{Name: n.Name(), Facts: doctor.Missing[doctor.Facts](message.DRU003, "node", n.Name(), "err", oneLine(err))}
	}
	return doctor.Node{Name: n.Name(), Facts: doctor.Found(f)}
}

// askPeer connects to the peer and asks it.
func (e *examiner) askPeer(ctx context.Context, c *doctor.Case, in doctor.In) doctor.Node {
	name := e.peerName(c)
	missing := func(id message.ID, args ...any) doctor.Node {
		return doctor.Node{Name: name, Facts: doctor.Missing[doctor.Facts](id, args...)}
	}
	switch {
	case e.machine.User != 0:
		return missing(message.DRU006)
	case !c.Lans.Peer.IsValid():
		return missing(message.DRU008, "path", e.config)
	}
	if err := e.reachPeer(ctx); err != nil {
		text := oneLine(err)
		var f *message.Failure
		if errors.As(err, &f) {
			text = e.con.Say().Text(f.ID, f.Args...)
		}
		return missing(message.DRU003, "node", name, "err", text)
	}
	return e.ask(ctx, e.peer, in)
}

// peerName is what the peer is called before it has said so itself.
func (e *examiner) peerName(c *doctor.Case) string {
	if c.Database.Known {
		others := slices.DeleteFunc(slices.Clone(c.Database.Value.Params.NodeList), func(s string) bool { return s == e.own.Name() })
		if len(others) == 1 {
			return others[0]
		}
	}
	if c.Lans.Peer.IsValid() {
		return c.Lans.Peer.String()
	}
	return both{"the peer", "相手ノード"}.in(e.con.Say())
}

// reachPeer connects to the peer without leaving anything there. Only where
// somebody sits at a terminal may a password be asked for.
func (e *examiner) reachPeer(ctx context.Context) error {
	silent := *e.session
	silent.untouched = true
	silent.conf.SSHConnectTimeout = min(silent.conf.SSHConnectTimeout, dialTime)
	silent.streams.Terminal = e.streams.Terminal && !e.json
	if !silent.streams.Terminal {
		silent.con = console.New(console.Options{Say: e.con.Say(), Out: io.Discard, Err: io.Discard})
	}
	limit := gatherTime
	if silent.streams.Terminal && e.conf.PeerPass.Mode == conf.Manual {
		limit = typingTime
	}
	// The connection lives as long as its context: it is ended only when it
	// has not come about in time.
	dialing, giveUp := context.WithCancelCause(ctx)
	timer := time.AfterFunc(limit, func() { giveUp(context.DeadlineExceeded) })
	peer, err := e.machine.Dial(dialing, &silent)
	timer.Stop()
	if err != nil {
		return err
	}
	e.peer = peer
	return nil
}
