package conf

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"pgrex/internal/message"
)

// CorosyncPath is where corosync has its configuration.
const CorosyncPath = "/etc/corosync/corosync.conf"

// Corosync is what corosync.conf says of the nodes.
type Corosync struct {
	Nodes []CorosyncNode
	// Bind are the networks, or own addresses, of the rings of a cluster that
	// has no addresses in its list of nodes.
	Bind []netip.Addr
}

// CorosyncNode is a node of the list of nodes.
type CorosyncNode struct {
	Name  string   // empty where the file leaves it to the host name
	Rings []string // an address or a host name per ring
}

// CorosyncRings reads corosync.conf. Lines that it does not know are passed
// over: whether corosync likes its file is corosync's affair.
func CorosyncRings(text []byte) Corosync {
	type numbered struct {
		n     int
		value string
	}
	byNumber := func(a, b numbered) int { return cmp.Compare(a.n, b.n) }

	var c Corosync
	var sections []string
	var rings []numbered // of the node at hand
	var name string
	var binds []numbered
	var bind numbered
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if section, _, opens := strings.Cut(line, "{"); opens {
			sections = append(sections, strings.TrimSpace(section))
			switch strings.Join(sections, "/") {
			case "nodelist/node":
				rings, name = nil, ""
			case "totem/interface":
				bind = numbered{n: len(binds)}
			}
			continue
		}
		in := strings.Join(sections, "/")
		if strings.HasPrefix(line, "}") {
			switch {
			case in == "nodelist/node":
				slices.SortStableFunc(rings, byNumber)
				node := CorosyncNode{Name: name}
				for _, r := range rings {
					node.Rings = append(node.Rings, r.value)
				}
				if _, err := netip.ParseAddr(first(node.Rings)); err != nil && name == "" {
					node.Name = first(node.Rings)
				}
				c.Nodes = append(c.Nodes, node)
			case in == "totem/interface" && bind.value != "":
				binds = append(binds, bind)
			}
			sections = sections[:max(0, len(sections)-1)]
			continue
		}
		key, value, _ := strings.Cut(line, ":")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch {
		case in == "nodelist/node" && key == "name":
			name = value
		case in == "nodelist/node" && strings.HasPrefix(key, "ring") && strings.HasSuffix(key, "_addr"):
			if n, err := strconv.Atoi(key[len("ring") : len(key)-len("_addr")]); err == nil {
				rings = append(rings, numbered{n, value})
			}
		case in == "totem/interface" && key == "bindnetaddr":
			bind.value = value
		case in == "totem/interface" && (key == "ringnumber" || key == "linknumber"):
			if n, err := strconv.Atoi(value); err == nil {
				bind.n = n
			}
		}
	}
	slices.SortStableFunc(binds, byNumber)
	for _, b := range binds {
		if a, err := netip.ParseAddr(b.value); err == nil {
			c.Bind = append(c.Bind, a.Unmap())
		}
	}
	return c
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// Rings are the addresses of both nodes by the list of nodes. lookup is asked
// for those of a host name.
func (c Corosync) Rings(own []netip.Addr, lookup func(host string) []netip.Addr) ([]Pair, []Problem) {
	mine := slices.IndexFunc(c.Nodes, func(n CorosyncNode) bool {
		return slices.ContainsFunc(n.Rings, func(host string) bool { return isOwn(resolve(host, lookup), own) })
	})
	if mine < 0 {
		return nil, []Problem{{ID: message.CFG012, Args: []any{"key", CorosyncPath, "value", c.addresses()}, step: stepLocateICLAN}}
	}
	// A PG-REX has two nodes.
	peer := slices.IndexFunc(c.Nodes, func(n CorosyncNode) bool {
		return !slices.ContainsFunc(n.Rings, func(host string) bool { return isOwn(resolve(host, lookup), own) })
	})
	if peer < 0 {
		return nil, []Problem{{ID: message.CFG013, Args: []any{"key", CorosyncPath, "value", c.addresses()}, step: stepLocateICLAN}}
	}
	var rings []Pair
	var problems []Problem
	for i := range min(len(c.Nodes[mine].Rings), len(c.Nodes[peer].Rings)) {
		ownHost, peerHost := c.Nodes[mine].Rings[i], c.Nodes[peer].Rings[i]
		ring := Pair{Own: resolve(ownHost, lookup), Peer: resolve(peerHost, lookup)}
		args := []any{"key", CorosyncPath, "value", "(" + ownHost + ", " + peerHost + ")"}
		if !isOwn(ring.Own, own) {
			problems = append(problems, Problem{ID: message.CFG012, Args: args, step: stepLocateICLAN})
		}
		if !ring.Peer.IsValid() {
			problems = append(problems, Problem{ID: message.CFG013, Args: args, step: stepLocateICLAN})
		}
		rings = append(rings, ring)
	}
	return rings, problems
}

// resolve is the address that a host of the list of nodes stands for. Many
// systems give their own name a loopback address, which no ring uses.
func resolve(host string, lookup func(host string) []netip.Addr) netip.Addr {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap()
	}
	for _, a := range lookup(host) {
		if !a.IsLoopback() {
			return a.Unmap()
		}
	}
	return netip.Addr{}
}

func (c Corosync) addresses() string {
	var all []string
	for _, n := range c.Nodes {
		all = append(all, n.Rings...)
	}
	return strings.Join(all, ", ")
}

// OwnRings are the addresses of the node whose addresses are given, by the
// networks that the rings are bound to: one per ring, the zero Addr where no
// interface is in the network.
func (c Corosync) OwnRings(own []netip.Prefix) []netip.Addr {
	var rings []netip.Addr
	for _, bind := range c.Bind {
		var ring netip.Addr
		for _, p := range own {
			if p.Addr() == bind {
				ring = bind
				break
			}
			if !ring.IsValid() && p.Contains(bind) {
				ring = p.Addr()
			}
		}
		rings = append(rings, ring)
	}
	return rings
}
