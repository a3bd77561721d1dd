package rehearsal

import (
	"pgrex/internal/crm"
)

// Kind is what happens in an event.
type Kind string

// The kinds of events. Where a node or a resource matters the event names it.
const (
	FirstStart        Kind = "start"
	StandbyAlone      Kind = "standby-alone" // it no longer keeps up
	StandbySync       Kind = "standby-sync"  // it does again
	NodeLost          Kind = "node-lost"
	FencingFails      Kind = "node-lost-fencing-fails"
	Split             Kind = "split" // the interconnect is gone
	ServerFails       Kind = "server-fails"
	DemoteFails       Kind = "demote-fails"
	StopFails         Kind = "stop-fails"
	PromoteFails      Kind = "promote-fails"
	GatewayLost       Kind = "gateway-lost"
	GatewayLostBoth   Kind = "gateway-lost-both"
	DiskFails         Kind = "disk-fails"
	AddressFails      Kind = "address-fails"
	AddressStartFails Kind = "address-start-fails"
	AddressStopFails  Kind = "address-stop-fails"
	// AddressStaysBehind is a stop that fails while the primary moves away.
	AddressStaysBehind Kind = "address-stop-fails-in-failover"
)

// Event is something that happens to a healthy cluster.
type Event struct {
	Kind      Kind
	Node      string // "" where it is no node's
	OnPrimary bool   // the node is the primary's
	Resource  string // "" where it is no resource's
	Use       Use    // of the resource that is an address
	// Single says that one thing has failed: the cluster has to have a primary
	// in the end.
	Single bool

	inject   []string          // options of crm_simulate for the first look
	failing  []string          // actions that fail whenever they are tried
	watched  []Watched         // that become bad
	nodes    []string          // where
	statuses map[string]string // of the agent, by node
}

// events are all that is played on a definition, in the order of the report.
func (m Model) events(primary, standby string) []Event {
	atPrimary := func(kind Kind, single bool) Event {
		return Event{Kind: kind, Node: primary, OnPrimary: true, Single: single}
	}
	atStandby := func(kind Kind, single bool) Event { return Event{Kind: kind, Node: standby, Single: single} }
	with := func(e Event, inject, failing []string) Event {
		e.inject, e.failing = inject, failing
		return e
	}
	const gone = "7" // the agent's answer for a server that does not run
	broken := []string{"--op-inject", m.Primitive + "_monitor_" + m.monitorOf(crm.Promoted) + "@" + primary + "=" + gone}
	fails := func(resource, do, node string) []string { return []string{failure(resource, do, node)} }
	lost := func(node string) []string { return []string{"--node-fail", node} }
	down := func(e Event, w Watched, nodes ...string) Event {
		e.watched, e.nodes = []Watched{w}, nodes
		if w.Disk {
			e.Resource = w.Name
		}
		return e
	}

	list := []Event{
		{Kind: StandbyAlone, Node: standby, Single: true, statuses: map[string]string{standby: statusAlone}},
		{Kind: StandbySync, Node: standby, Single: true, statuses: map[string]string{standby: statusSync}},
		with(atPrimary(NodeLost, true), lost(primary), nil),
		with(atStandby(NodeLost, true), lost(standby), nil),
	}
	if m.Fencing {
		list = append(list, with(atPrimary(FencingFails, false), lost(primary), nil), with(atStandby(FencingFails, false), lost(standby), nil))
	}
	list = append(list, Event{Kind: Split, Single: true},
		with(atPrimary(ServerFails, true), broken, nil),
		with(atStandby(ServerFails, true), []string{"--op-inject", m.Primitive + "_monitor_" + m.monitorOf("") + "@" + standby + "=" + gone}, nil),
		with(atPrimary(DemoteFails, false), broken, fails(m.Primitive, "demote", primary)),
		with(atPrimary(StopFails, false), broken, fails(m.Primitive, "stop", primary)),
		with(atStandby(PromoteFails, false), broken, fails(m.Primitive, "promote", standby)))
	for _, w := range m.Watched {
		kind := GatewayLost
		if w.Disk {
			kind = DiskFails
		}
		list = append(list, down(atPrimary(kind, true), w, primary), down(atStandby(kind, true), w, standby))
		if !w.Disk {
			list = append(list, down(Event{Kind: GatewayLostBoth}, w, m.Nodes...))
		}
	}
	for _, a := range m.Addresses {
		node, onPrimary := primary, true
		if a.Use == ForStandby {
			node, onPrimary = standby, false
		}
		of := func(kind Kind, single bool, inject, failing []string) Event {
			return Event{Kind: kind, Node: node, OnPrimary: onPrimary, Resource: a.ID, Use: a.Use, Single: single, inject: inject, failing: failing}
		}
		failed := []string{"--op-inject", a.ID + "_monitor_" + m.monitor(a.ID) + "@" + node + "=" + gone}
		list = append(list, of(AddressFails, true, failed, nil))
		switch a.Use {
		case ForReplication:
			list = append(list, of(AddressStartFails, true, failed, fails(a.ID, "start", node)),
				of(AddressStopFails, true, failed, fails(a.ID, "stop", node)),
				of(AddressStaysBehind, false, broken, fails(a.ID, "stop", node)))
		case ForPrimary:
			list = append(list, of(AddressStopFails, false, failed, fails(a.ID, "stop", node)))
		}
	}
	return list
}

// failure is an action that fails, in the words of crm_simulate.
func failure(resource, do, node string) string { return resource + "_" + do + "_0@" + node + "=1" }

func failures(list []string) []string {
	var options []string
	for _, f := range list {
		options = append(options, "--op-fail", f)
	}
	return options
}
