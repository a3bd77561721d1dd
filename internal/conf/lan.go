package conf

import (
	"net"
	"net/netip"
	"slices"

	"pgrex/internal/message"
)

// Pair are the addresses of both nodes on one LAN. One that is not known is
// the zero Addr.
type Pair struct{ Own, Peer netip.Addr }

// Lans are the addresses by node.
type Lans struct {
	Pair         // of the D-LAN
	Rings []Pair // of the IC-LAN; none when corosync.conf has to say
	// Fallback are the addresses and names at which the peer is tried when it
	// does not answer on the D-LAN: the configured ones that are not this
	// node's, or those of the IC-LAN. A name may still be this node's own.
	Fallback []string
}

// Locate finds out which of the addresses are this node's.
func (c Config) Locate(own []netip.Addr) (Lans, []Problem) {
	var lans Lans
	var problems []Problem
	if c.DLAN != [2]netip.Addr{} {
		lans.Pair, problems = locate(c.DLAN, own, stepLocateDLAN, c.dlan.line, c.dlan.name, c.dlan.value)
	}
	for _, addresses := range c.ICLAN {
		value := "(" + addresses[0].String() + ", " + addresses[1].String() + ")"
		ring, more := locate(addresses, own, stepLocateICLAN, c.iclan.line, c.iclan.name, value)
		lans.Rings = append(lans.Rings, ring)
		problems = append(problems, more...)
	}
	lans.Fallback = c.fallback(own, lans.Rings)
	return lans, problems
}

func locate(addresses [2]netip.Addr, own []netip.Addr, at step, line int, key, value string) (Pair, []Problem) {
	first, second := isOwn(addresses[0], own), isOwn(addresses[1], own)
	problem := Problem{Args: []any{"key", key, "value", value}, Line: line, step: at}
	switch {
	case first && second:
		problem.ID = message.CFG013
	case first:
		return Pair{Own: addresses[0], Peer: addresses[1]}, nil
	case second:
		return Pair{Own: addresses[1], Peer: addresses[0]}, nil
	default:
		problem.ID = message.CFG012
	}
	return Pair{}, []Problem{problem}
}

func (c Config) fallback(own []netip.Addr, rings []Pair) []string {
	var hosts []string
	for _, host := range c.PeerAddressFallback {
		if a, err := netip.ParseAddr(host); err != nil || !isOwn(a, own) {
			hosts = append(hosts, host)
		}
	}
	if c.PeerAddressFallback == nil {
		for _, ring := range rings {
			if ring.Peer.IsValid() {
				hosts = append(hosts, ring.Peer.String())
			}
		}
	}
	return hosts
}

// isOwn compares without zones: the kernel names addresses without them.
func isOwn(a netip.Addr, own []netip.Addr) bool {
	return slices.Contains(own, a.Unmap().WithZone(""))
}

// OwnPrefixes are the addresses of this node with the networks they are in.
func OwnPrefixes() ([]netip.Prefix, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, message.Fail(message.CFG011, "err", err)
	}
	var prefixes []netip.Prefix
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			prefixes = append(prefixes, p)
		}
	}
	return prefixes, nil
}

// OwnAddresses are the addresses of this node.
func OwnAddresses() ([]netip.Addr, error) {
	prefixes, err := OwnPrefixes()
	var addresses []netip.Addr
	for _, p := range prefixes {
		addresses = append(addresses, p.Addr())
	}
	return addresses, err
}
