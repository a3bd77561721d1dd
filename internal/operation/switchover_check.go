package operation

import (
	"context"
	"fmt"
	"strings"

	"pgrex/internal/console"
	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/node"
)

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
