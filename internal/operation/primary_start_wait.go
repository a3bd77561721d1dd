package operation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"pgrex/internal/conf"
	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/node"
)

// configured are the resources beside the database that the configuration names.
func (s *session) configured() []conf.ResourceIDs {
	list := []conf.ResourceIDs{s.conf.Ping, s.conf.StorageMon}
	if s.conf.Stonith {
		list = append(list, s.conf.Fencing)
	}
	list = append(list, s.conf.PrimaryIP, s.conf.ReplicationIP)
	if s.conf.UseStandbyIP {
		list = append(list, s.conf.StandbyIP)
	}
	return list
}

// conditionName is what a condition is named in messages: the key without its ending.
func conditionName(r conf.ResourceIDs) string { return strings.TrimSuffix(r.Key, "_ResourceID") }

// watched are those of the configured resources that are waited for, by their
// keys. What the configuration leaves open, or the cluster does not have, is
// said once.
func (p *starter) watched(o crm.Overview) map[string]conf.ResourceIDs {
	watched := map[string]conf.ResourceIDs{}
	for _, r := range p.configured() {
		if len(r.IDs) == 0 {
			p.con.Tell(message.CMN021, "item", r.Key)
			continue
		}
		if r.IDs = present(o, r); len(r.IDs) == 0 {
			p.con.Tell(message.CFG024, "key", r.Key)
			continue
		}
		watched[r.Key] = r
	}
	return watched
}

// unready lists what is still missing of a primary with all that belongs to it,
// each with how it is at present.
func (p *starter) unready(o crm.Overview, watched map[string]conf.ResourceIDs) []string {
	own := p.own.Name()
	var missing []string
	need := func(name string, ok bool, state string) {
		if !ok {
			missing = append(missing, fmt.Sprintf("%s (%s)", name, state))
		}
	}
	ok, why := o.Online(own)
	need("Pacemaker", ok, why)
	all := func(r conf.ResourceIDs) {
		if w, used := watched[r.Key]; used {
			ok, why := o.AllRunOn(w.IDs, own)
			need(conditionName(w), ok, why)
		}
	}
	all(p.conf.Ping)
	all(p.conf.StorageMon)
	if w, used := watched[p.conf.Fencing.Key]; used {
		ok, why = o.AnyRunsOn(w.IDs, own)
		need(conditionName(w), ok, why)
	}
	ok, why = o.PrimaryRuns(p.promotable(p.db), p.db.def.Resource, own)
	need("PostgreSQL", ok, why)
	all(p.conf.PrimaryIP)
	all(p.conf.ReplicationIP)
	if w, used := watched[p.conf.StandbyIP.Key]; used {
		ok, why = o.AllRunOn(w.IDs, own)
		if !ok && p.peerWaits {
			ok, _ = o.AllRunOn(w.IDs, p.peerName) // a standby is there already
		}
		need(conditionName(w), ok, why)
	}
	return missing
}

// online waits until Pacemaker works on this node and takes changes.
func (p *starter) online(ctx context.Context, limit time.Duration) error {
	missing, err := p.until(ctx, "Pacemaker", limit, func(ctx context.Context) ([]string, error) {
		o, err := p.crm(p.own).Overview(ctx)
		if err != nil {
			return []string{fmt.Sprintf("Pacemaker (%v)", err)}, nil
		}
		ok, why := o.Online(p.own.Name())
		switch {
		case !ok:
			return []string{fmt.Sprintf("Pacemaker (%s)", why)}, nil
		case o.DC == "":
			return []string{"Pacemaker (no DC)"}, nil
		}
		return nil, nil
	})
	if err != nil {
		return err
	}
	return p.late(missing, limit, crm.Overview{})
}

// late is the failure of a wait that came to its end with something missing.
func (p *starter) late(missing []string, limit time.Duration, last crm.Overview) error {
	if len(missing) == 0 {
		return nil
	}
	return message.Fail(message.PST051, "sec", int(limit.Seconds()), "list", comma(missing)).
		With(p.inTrouble(last, p.db, p.own.Name())...).Then(p.called("status"))
}

// await waits until this node is primary and all that belongs to it runs. It
// ends at once when the database fails here, or when another node is primary.
func (p *starter) await(ctx context.Context, limit time.Duration) error {
	resource := p.db.def.Resource
	var watched map[string]conf.ResourceIDs
	var last crm.Overview
	missing, err := p.until(ctx, p.word(rolePrimary), limit, func(ctx context.Context) ([]string, error) {
		o, err := p.crm(p.own).Overview(ctx)
		if err != nil {
			return []string{fmt.Sprintf("Pacemaker (%v)", err)}, nil
		}
		last = o
		if watched == nil {
			watched = p.watched(o)
		}
		if failures := o.FailuresSince(resource, p.own.Name(), p.began); len(failures) > 0 {
			return nil, message.Fail(message.PST053, "id", resource, "node", failures[0].Node, "reason", failureText(failures[0])).Then(p.called("status"))
		}
		if promoted, _ := o.PrimaryRuns(p.promotable(p.db), resource, p.peerName); promoted {
			return nil, message.Fail(message.PST012, "peer", p.peerName).Then(p.called("status"))
		}
		p.arrives(ctx, p.own, p.own.Name(), o, p.db.all)
		return p.unready(o, watched), nil
	})
	if err != nil {
		return err
	}
	return p.late(missing, limit, last)
}

// settling is how long resources that nothing waits for may take to come up
// after those that are waited for, before they are called in trouble.
const settling = 5 * time.Second

// conclude tidies up after a success and says what comes next.
func (p *starter) conclude(ctx context.Context) error {
	for _, n := range p.nodes() {
		if _, err := node.Remove.On(ctx, n, p.savedFile()); err != nil {
			p.con.Detail("%v", err)
		}
	}
	if p.confirmedOff {
		if err := p.crm(p.own).ClearFencingHistory(ctx, p.peerName); err != nil {
			p.con.Detail("%v", err)
		} else {
			p.con.Tell(message.PST061, "peer", p.peerName)
		}
	}
	p.con.Tell(message.PST060, "node", p.own.Name())
	p.con.Tell(message.CMN055, "cmd", p.peerName+"# "+p.called("standby-start"))
	p.others(ctx)
	return nil
}

// known are the resources that conditions name.
func (s *session) known(db database) []string {
	known := []string{db.def.Resource}
	for _, r := range s.configured() {
		known = append(known, r.IDs...)
	}
	return known
}

// inTrouble says of a node which other resources do not run there: one of them
// may be what the database waits for.
func (s *session) inTrouble(o crm.Overview, db database, node string) (lines []string) {
	for _, t := range o.Troubles(node, s.known(db)) {
		lines = append(lines, s.con.Say().Text(message.CMN022, "id", t.Resource, "state", t.Kind, "node", node))
	}
	return lines
}

// others warns of resources that no condition names and that do not run here.
func (p *starter) others(ctx context.Context) {
	known := p.known(p.db)
	var troubles []crm.Trouble
	_, err := p.until(ctx, "Pacemaker", settling, func(ctx context.Context) ([]string, error) {
		o, err := p.crm(p.own).Overview(ctx)
		if err != nil {
			return nil, err
		}
		troubles = o.Troubles(p.own.Name(), known)
		var ids []string
		for _, t := range troubles {
			if t.Kind == crm.Stopped {
				ids = append(ids, t.Resource)
			}
		}
		return ids, nil
	})
	if err != nil {
		p.con.Detail("%v", err)
	}
	for _, t := range troubles {
		p.con.Tell(message.CMN022, "id", t.Resource, "state", t.Kind, "node", p.own.Name())
	}
}
