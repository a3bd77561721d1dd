package agent

import (
	"context"
	"strings"
	"time"

	"pgrex/internal/crm"
	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/internal/replication"
)

// cluster reads the cluster's state, once per action.
func (a *Agent) cluster(ctx context.Context) (*crm.State, error) {
	if a.state == nil {
		s, err := a.crm.State(ctx, a.params.NodeList)
		if err != nil {
			return nil, err
		}
		a.state = &s
	}
	return a.state, nil
}

// readAhead begins to read the cluster's state while the action does something
// else, which may not need it before ready has returned. What was read while that
// took long is read again when it is needed.
func (a *Agent) readAhead(ctx context.Context) (ready func()) {
	const fresh = 100 * time.Millisecond // as good as read now
	read := make(chan time.Time, 1)
	go func() {
		_, _ = a.cluster(ctx) // who needs it asks again, and sees the error
		read <- time.Now()
	}()
	return func() {
		if time.Since(<-read) > fresh {
			a.state = nil
		}
	}
}

// clusterNow reads it again.
func (a *Agent) clusterNow(ctx context.Context) (*crm.State, error) {
	a.state = nil
	return a.cluster(ctx)
}

// nodes is node_list as the cluster sees it.
func (a *Agent) nodes(s *crm.State) []replication.Node {
	var nodes []replication.Node
	for _, name := range a.params.NodeList {
		n, known := s.Node(name)
		node := replication.Node{Name: name, Known: known}
		if known {
			node = replication.Node{
				// This one is here, even while its Pacemaker is joining.
				Name: n.Name, Known: true, Online: n.Online || n.Pending && strings.EqualFold(n.Name, a.node), Pending: n.Pending, Unclean: n.Unclean,
				Promoted:   s.Promoted(a.call.Resource, n.Name),
				Status:     replication.Status(n.Attrs[a.attr("status")]),
				DataStatus: replication.DataStatus(n.Attrs[a.attr("data-status")]),
				XlogLoc:    n.Attrs[a.attr("xlog-loc")],
				Branch:     replication.ParseBranch(n.Attrs[a.attr("xlog-branch")]),
				Baseline:   n.Attrs[a.attr("master-baseline")],
			}
			if text, ok := n.Attrs[crm.PromotionScore(a.call.Resource)]; ok {
				score, err := replication.ParseScore(text)
				node.Score, node.HasScore = score, err == nil
			}
		}
		nodes = append(nodes, node)
	}
	return nodes
}

// own is this node among nodes; without a readable cluster nothing is known of it.
func (a *Agent) own(ctx context.Context) replication.Node {
	s, err := a.cluster(ctx)
	if err != nil {
		a.log.Warn(err)
		return a.ownAmong(nil)
	}
	return a.ownAmong(a.nodes(s))
}

func (a *Agent) ownAmong(nodes []replication.Node) replication.Node {
	for _, n := range nodes {
		if strings.EqualFold(n.Name, a.node) {
			return n
		}
	}
	return replication.Node{Name: a.node, Known: true, Online: true}
}

// remember has the record filled again where it has lost this node's attributes. When
// parts of a cluster join, Pacemaker 2.1.5 may delete those of nodes that are there;
// its attribute daemon has them still, and does not write what has not changed. With
// that of the gateway gone, PostgreSQL is stopped everywhere, for good.
func (a *Agent) remember(ctx context.Context) {
	if a.state == nil {
		return
	}
	n, known := a.state.Node(a.node)
	if !known || !n.Online || n.Attrs[a.attr("status")] != "" {
		return
	}
	const patience = 2 * time.Second // the actions that follow have their own work
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a.log.Warn("the cluster's record has lost this node's attributes: those that its daemon holds are written again")
	a.report(a.crm.WriteHeld(ctx))
}

// noteAttribute keeps the state that was read in step with what was written.
func (a *Agent) noteAttribute(node, name, value string) {
	a.noting.Lock()
	defer a.noting.Unlock()
	if a.state == nil {
		return
	}
	for i := range a.state.Nodes {
		if !strings.EqualFold(a.state.Nodes[i].Name, node) {
			continue
		}
		if value == "" {
			delete(a.state.Nodes[i].Attrs, name)
		} else {
			a.state.Nodes[i].Attrs[name] = value
		}
	}
}

// observation is what the primary's decision is made from.
func (a *Agent) observation(s *crm.State, server pg.ServerState, senders []pg.Sender) (replication.Observation, error) {
	var file []string
	if a.params.RepMode == ocf.RepSync {
		var err error
		if file, _, err = a.pg.ReadSyncNames(); err != nil {
			return replication.Observation{}, err
		}
	}
	o := replication.Observation{
		Own: a.node, Nodes: a.nodes(s), Mode: a.mode(), External: a.params.ExternalStandbys,
		Quorate: mayAct(s), Fencing: s.Fencing, Timeline: server.Timeline,
		FileNames: file, ServerNames: pg.ParseSyncNames(server.SyncNames),
	}
	for _, row := range senders {
		// A connection that only calls itself like a node is not that standby.
		if !row.Visible && ocf.Contains(a.params.NodeList, row.Name) {
			a.log.Errorf("monitor_user may not see the state of %s and the last verdict stays: grant pg_monitor to it", row.Name)
		}
		external := ocf.Contains(a.params.ExternalStandbys, row.Name)
		if row.Visible && (!row.Physical || !external && !strings.EqualFold(row.User, a.params.RepUser)) {
			continue
		}
		o.Senders = append(o.Senders, replication.Sender{Name: row.Name, State: row.State, Sync: row.SyncState, Replay: row.Replay})
	}
	return o, nil
}

// standbyObservation is what the decisions of a standby are made from.
func (a *Agent) standbyObservation(s *crm.State, server pg.ServerState) (replication.StandbyObservation, error) {
	notes, err := a.pg.Notes()
	if err != nil {
		return replication.StandbyObservation{}, err
	}
	c, err := a.pg.Control()
	if err != nil {
		return replication.StandbyObservation{}, err
	}
	return replication.StandbyObservation{
		// Two nodes have no majority without each other, whatever votequorum says.
		Current: s.Quorate && !s.IgnoresQuorum && len(s.Nodes) > 2 && 2*online(s) > len(s.Nodes),
		Branch:  replication.Branch{SystemID: c.SystemID, Timeline: server.Timeline},
		Own:     a.node, Mode: a.mode(), Nodes: a.nodes(s),
		Position: server.Position(), CheckCount: a.params.XlogCheckCount, Notes: notes,
		Unforeseen: a.call.Notify.UnpromotedKnown && len(a.call.Notify.Promoted) == 0,
	}, nil
}

// mayAct says whether the part of the cluster that this node is in may act. Just
// after a partition has healed there is quorum again while the other nodes, and
// what they have written, are not in the record yet. Half of them may have it too:
// one of two, or with a tie breaker. Fewer may have quorum by last_man_standing, and
// do not act on it: the others, come back without them, are a majority that takes
// its own record for the newest ([replication.StandbyObservation.Current]).
func mayAct(s *crm.State) bool {
	return s.IgnoresQuorum || s.Quorate && 2*online(s) >= len(s.Nodes)
}

// online counts the nodes that are.
func online(s *crm.State) int {
	count := 0
	for _, n := range s.Nodes {
		if n.Online {
			count++
		}
	}
	return count
}
