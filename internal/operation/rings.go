package operation

import (
	"context"
	"net/netip"

	"pgrex/internal/conf"
	"pgrex/internal/message"
	"pgrex/internal/node"
)

// ringAddresses are the addresses of a node on the rings that its
// corosync.conf binds to networks.
var ringAddresses = node.Define("ring-addresses", func(ctx context.Context, _ struct{}) ([]netip.Addr, error) {
	text, err := node.ReadFile.On(ctx, node.Local{}, conf.CorosyncPath)
	if err != nil {
		return nil, err
	}
	own, err := conf.OwnPrefixes()
	return conf.CorosyncRings(text).OwnRings(own), err
})

// rings are the addresses of both nodes on the IC-LAN. Where Corosync has no
// list of nodes, each node knows its own alone.
func (s *session) rings(ctx context.Context) ([]conf.Pair, error) {
	if len(s.lans.Rings) > 0 {
		return s.lans.Rings, nil
	}
	var addresses [2][]netip.Addr
	for i, n := range []node.Node{s.own, s.peer} {
		var err error
		if addresses[i], err = ringAddresses.On(ctx, n, struct{}{}); err != nil {
			return nil, err
		}
	}
	var rings []conf.Pair
	for i := range min(len(addresses[0]), len(addresses[1])) {
		ring := conf.Pair{Own: addresses[0][i], Peer: addresses[1][i]}
		if !ring.Own.IsValid() || !ring.Peer.IsValid() {
			return nil, message.Fail(message.CFG012, "key", "bindnetaddr", "value", conf.CorosyncPath)
		}
		rings = append(rings, ring)
	}
	if len(rings) == 0 { // nothing that could answer
		return nil, message.Fail(message.CFG012, "key", "ring0_addr", "value", conf.CorosyncPath)
	}
	return rings, nil
}
