package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"pgrex/internal/conf"
	"pgrex/internal/message"
)

// logins is DR-85: each node reaches the other one as the tools do. Where the
// configuration gives them a password, a key is not needed.
func logins(c *Case) []Finding {
	state := Error
	if c.Conf.Known && c.Conf.Value.PeerPass.Mode != conf.NoPass {
		state = Notice
	}
	how := LookFor(c).SSH
	return bothNodes(c, func(own, peer Node) []Finding {
		return eachNode(c, func(n Node, f Facts) []Finding {
			if missing := needs("", f.System.Login); missing != nil {
				return missing
			}
			if f.System.Login.Value == "" {
				return nil
			}
			to, address := peer, c.Lans.Peer
			if n.Name == peer.Name {
				to, address = own, c.Lans.Own
			}
			return []Finding{finding(state, "", say(message.DRA085, "user", how.User, "node", to.Name, "err", f.System.Login.Value),
				say(message.DRX085), say(message.DRW085),
				literal(fmt.Sprintf("ssh-copy-id -p %d %s@%s", how.Port, how.User, address)))}
		})
	})
}

// ports is DR-86: what listens on a node is reached from the other one. Of what
// does not listen just now nothing is known; whether Corosync's own ports are
// open its links say (DR-69).
func ports(c *Case) []Finding {
	look := LookFor(c)
	return bothNodes(c, func(own, peer Node) []Finding {
		var all []Finding
		for _, way := range []struct {
			from, to Node
			address  netip.Addr
		}{{own, peer, c.Lans.Peer}, {peer, own, c.Lans.Own}} {
			from, to := way.from.Facts.Value.System, way.to.Facts.Value.System
			if missing := needs(way.to.Name, to.Listening); missing != nil {
				all = append(all, missing...)
				continue
			}
			all = append(all, pingedAt(way.from.Name, way.to.Name, from, way.address)...)
			for _, port := range []int{look.SSH.Port, look.Port, pcsdPort} {
				if !listensAt(to.Listening.Value, way.address, port) {
					if port == look.Port {
						all = append(all, notKnown(way.from.Name, say(message.DRU086, "node", way.to.Name, "port", port)))
					}
					continue
				}
				made := from.Connected[port]
				switch {
				case !made.Known:
					all = append(all, needs(way.from.Name, made)...)
				case !made.Value.Ok():
					all = append(all, finding(Error, way.from.Name, say(message.DRA086, "node", way.to.Name, "address", netip.AddrPortFrom(way.address, uint16(port))),
						say(message.DRX086), say(message.DRW086), say(message.DRM086, "node", way.to.Name, "port", strconv.Itoa(port)+"/tcp")))
				}
			}
		}
		return all
	})
}

func pingedAt(from, to string, facts System, address netip.Addr) []Finding {
	p := facts.Pinged[address.String()]
	switch {
	case !p.Known:
		return needs(from, p)
	case p.Value:
		return nil
	}
	return []Finding{finding(Error, from, say(message.DRB086, "node", to, "address", address), say(message.DRX086), say(message.DRW086),
		say(message.DRM086, "node", to, "port", "ICMP echo"))}
}

// listensAt says whether something waits for connections to an address and port.
func listensAt(list []netip.AddrPort, address netip.Addr, port int) bool {
	return slices.ContainsFunc(list, func(a netip.AddrPort) bool {
		return int(a.Port()) == port && (a.Addr() == address || a.Addr().IsUnspecified())
	})
}
