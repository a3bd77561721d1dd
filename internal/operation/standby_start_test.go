package operation

import (
	"context"
	"net/netip"
	"testing"

	"pgrex/internal/conf"
	"pgrex/internal/message"
)

// Without a list of nodes, each node is asked for its own addresses.
func TestBoundRings(t *testing.T) {
	addresses := func(list ...string) (all []netip.Addr) {
		for _, a := range list {
			addr, _ := netip.ParseAddr(a) // "" is none
			all = append(all, addr)
		}
		return all
	}
	for _, tt := range []struct {
		name      string
		own, peer []netip.Addr
		want      []string
	}{
		{"two rings", addresses("10.0.0.1", "10.0.1.1"), addresses("10.0.0.2", "10.0.1.2"), []string{"10.0.0.2", "10.0.1.2"}},
		{"one has no address there", addresses("10.0.0.1", "10.0.1.1"), addresses("10.0.0.2", ""), nil},
		{"none", nil, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := downCluster(t)
			answer(c.a, "ring-addresses", func(struct{}) ([]netip.Addr, error) { return tt.own, nil })
			answer(c.b, "ring-addresses", func(struct{}) ([]netip.Addr, error) { return tt.peer, nil })
			s := &session{machine: c.machine, own: c.a, peer: c.b}
			rings, err := s.rings(context.Background())
			if (err == nil) != (tt.want != nil) || err != nil && !message.IsFailure(err, message.CFG012) || len(rings) != len(tt.want) {
				t.Fatal(rings, err)
			}
			for i, r := range rings {
				if r != (conf.Pair{Own: tt.own[i], Peer: netip.MustParseAddr(tt.want[i])}) {
					t.Error(rings)
				}
			}
		})
	}
}
