package agent

import (
	"context"
	"fmt"
	"strings"

	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/internal/run"
)

// slotSession is a session of pgdba: monitor_user need not have the right to
// manage slots.
func (a *Agent) slotSession(ctx context.Context) (*pg.Session, error) {
	set := a.pg.Settings()
	set.MonitorUser, set.MonitorPassword = "", ""
	session, err := pg.New(set, run.Local{}).Connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot manage replication slots as %s: %w", a.params.PgDBA, err)
	}
	return session, nil
}

// peerSlots are the slots of the other nodes, by the node's name.
func (a *Agent) peerSlots() map[string]string {
	slots := map[string]string{}
	for _, n := range a.params.NodeList {
		if !strings.EqualFold(n, a.node) {
			slots[ocf.SlotName(a.params.SlotName, n)] = n
		}
	}
	return slots
}

// withSlots calls fn with a session of pgdba and the slots that the server has,
// by name. Without replication_slot_name there is nothing to do.
func (a *Agent) withSlots(ctx context.Context, fn func(*pg.Session, map[string]pg.Slot) error) error {
	if a.params.SlotName == "" {
		return nil
	}
	session, err := a.slotSession(ctx)
	if err != nil {
		return err
	}
	defer session.Close()
	slots, err := session.Slots(ctx)
	if err != nil {
		return err
	}
	have := map[string]pg.Slot{}
	for _, s := range slots {
		have[s.Name] = s
	}
	return fn(session, have)
}

// dropPeerSlots removes the slots that this node had for the others while it
// was primary: nobody moves them on, and the WAL they keep would fill the disk.
func (a *Agent) dropPeerSlots(ctx context.Context) error {
	return a.withSlots(ctx, func(session *pg.Session, have map[string]pg.Slot) error {
		for name, node := range a.peerSlots() {
			if _, exists := have[name]; !exists {
				continue
			}
			a.log.Infof("dropping the replication slot %s of %s: this server is a standby", name, node)
			if err := session.DropSlot(ctx, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// keepPeerSlots makes sure that the primary has a slot for every other node: a
// good one stays, so that its standby loses nothing, and one that the server
// has invalidated is made anew.
func (a *Agent) keepPeerSlots(ctx context.Context) error {
	return a.withSlots(ctx, func(session *pg.Session, have map[string]pg.Slot) error {
		for name, node := range a.peerSlots() {
			if err := a.keepSlot(ctx, session, name, node, have); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *Agent) keepSlot(ctx context.Context, session *pg.Session, name, node string, have map[string]pg.Slot) error {
	s, exists := have[name]
	if exists && !s.Lost {
		a.reportRetained(s, node)
		return nil
	}
	if exists {
		a.log.Warnf("the replication slot %s of %s was invalidated: made anew, the standby may need a rebuild", name, node)
		if err := session.DropSlot(ctx, name); err != nil {
			return err
		}
	}
	if err := session.CreateSlot(ctx, name); err != nil {
		return err
	}
	a.log.Infof("created the replication slot %s for %s", name, node)
	return nil
}

// retainedWarning is how much WAL an unused slot may keep before the log says so.
const retainedWarning = 1 << 30

func (a *Agent) reportRetained(s pg.Slot, node string) {
	if !s.Active && s.Retained > retainedWarning {
		a.log.Warnf("the replication slot %s of %s is not in use and keeps %d MiB of WAL", s.Name, node, s.Retained>>20)
	}
}

// watchSlots reports what fills a primary's disk for nobody: WAL that slots not
// in use keep, those of nodes that are gone and of other users included.
func (a *Agent) watchSlots(ctx context.Context, session *pg.Session) error {
	if a.params.SlotName == "" {
		return nil
	}
	slots, err := session.Slots(ctx)
	if err == nil {
		a.reportSlots(slots)
	}
	return err
}

func (a *Agent) reportSlots(slots []pg.Slot) {
	peers := a.peerSlots()
	for _, s := range slots {
		node, ours := peers[s.Name]
		if !ours {
			node = "nobody in node_list"
		}
		if ours && s.Lost {
			a.log.Warnf("the replication slot %s of %s was invalidated: it keeps no WAL, and the standby may need a rebuild", s.Name, node)
		}
		a.reportRetained(s, node)
	}
}
