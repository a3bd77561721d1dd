package doctor

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"pgrex/internal/crm"
	"pgrex/internal/definition"
	"pgrex/internal/message"
	"pgrex/internal/review"
)

// network is the network of a node that an address lies in; false for none.
func network(f Facts, a netip.Addr) (netip.Prefix, bool) {
	for _, i := range f.System.Interfaces.Value {
		for _, p := range i.Prefixes {
			if p.Contains(a) && p.Bits() < p.Addr().BitLen() {
				return p.Masked(), true
			}
		}
	}
	return netip.Prefix{}, false
}

// misplaced are the addresses that lie in a network that is not theirs, by the
// id of the resource, with the network that they should be in.
func (c *Case) misplaced(parts review.Cluster, f Facts) map[string]Phrase {
	out := map[string]Phrase{}
	dlan, known := network(f, c.Lans.Own)
	if !known {
		dlan, known = network(f, c.Lans.Peer)
	}
	for _, r := range parts.Replication {
		if v, ok := vipOf(r); ok && known && !dlan.Contains(v.Address) {
			out[r.ID] = say(message.DRA057, "id", r.ID, "ip", v.Address, "net", dlan)
		}
	}
	var slan netip.Prefix
	for _, r := range slices.Concat(parts.Primary, parts.Standby) {
		v, ok := vipOf(r)
		if !ok {
			continue
		}
		if known && dlan.Contains(v.Address) {
			out[r.ID] = say(message.DRB057, "id", r.ID, "ip", v.Address, "net", dlan)
			continue
		}
		switch in, there := network(f, v.Address); {
		case !slan.IsValid() && there:
			slan = in
		case slan.IsValid() && !slan.Contains(v.Address):
			out[r.ID] = say(message.DRC057, "id", r.ID, "ip", v.Address, "net", slan)
		}
	}
	return out
}

// addressesInTheirNetworks is DR-57.
func addressesInTheirNetworks(c *Case) []Finding {
	parts, missing := c.parts()
	if missing != nil {
		return missing
	}
	all := c.reviewed(Error, say(message.DRX057), "W076", "W081")
	own := c.Nodes[0]
	switch {
	case !c.Lans.Own.IsValid():
		return append(all, notKnown("", say(message.DRU057)))
	case !own.Facts.Known:
		return append(all, notKnown(own.Name, own.Facts.Why))
	}
	if missing := needs(own.Name, own.Facts.Value.System.Interfaces); missing != nil {
		return append(all, missing...)
	}
	wrong := c.misplaced(parts, own.Facts.Value)
	for _, r := range slices.Concat(parts.Replication, parts.Primary, parts.Standby) {
		if found, bad := wrong[r.ID]; bad {
			all = append(all, finding(Error, "", found, say(message.DRX057), say(message.DRW057), say(message.DRM057, "id", r.ID)))
		}
	}
	return all
}

// vips are the addresses of the definition.
func vips(d definition.Definition) []VIP {
	var all []VIP
	for _, r := range d.Resources() {
		if v, ok := vipOf(r); ok {
			all = append(all, v)
		}
	}
	return all
}

// interfacesOfAddresses is DR-58.
func interfacesOfAddresses(c *Case) []Finding {
	parts, missing := c.parts()
	if missing != nil {
		return missing
	}
	return eachNode(c, func(n Node, f Facts) []Finding {
		if missing := needs("", f.System.Interfaces); missing != nil {
			return missing
		}
		wrong := c.misplaced(parts, f)
		var all []Finding
		for _, v := range vips(c.Definition.Value.Definition) {
			if _, told := wrong[v.Resource]; told {
				continue
			}
			if found, cure := onInterface(v, f.System.Interfaces.Value); !found.IsZero() {
				all = append(all, finding(Error, "", found, say(message.DRX058), say(message.DRW058), cure))
			}
		}
		return all
	})
}

// onInterface says what is against an address on the interfaces of a node.
func onInterface(v VIP, list []Interface) (found, cure Phrase) {
	name := v.Interface
	if name == "" {
		if name = inNetwork(list, v.Address); name == "" {
			return say(message.DRC058, "id", v.Resource, "ip", v.Address), say(message.DRN058, "ip", v.Address)
		}
	}
	i := slices.IndexFunc(list, func(i Interface) bool { return i.Name == name })
	if i < 0 {
		return say(message.DRA058, "id", v.Resource, "nic", name), say(message.DRM058, "id", v.Resource)
	}
	var bits []string
	for _, p := range list[i].Prefixes {
		if p.Contains(v.Address) && p.Addr() != v.Address {
			bits = append(bits, strconv.Itoa(p.Bits()))
		}
	}
	switch {
	case len(bits) == 0:
		return say(message.DRB058, "id", v.Resource, "nic", name, "ip", v.Address), say(message.DRN058, "ip", v.Address)
	case v.Bits != "" && !slices.Contains(bits, v.Bits):
		return say(message.DRD058, "id", v.Resource, "bits", v.Bits, "nic", name, "is", strings.Join(bits, " ")), say(message.DRO058, "id", v.Resource, "is", bits[0])
	}
	return Phrase{}, Phrase{}
}

// addressesOnce is DR-59: an address that the cluster moves is where the
// cluster has put it and nowhere else.
func addressesOnce(c *Case) []Finding {
	if missing := needs("", c.Definition); missing != nil {
		return missing
	}
	expected, why := say(message.DRX059), say(message.DRW059)
	var all []Finding
	known := c.hardware()
	for _, v := range vips(c.Definition.Value.Definition) {
		var on []string
		for _, n := range c.Nodes {
			if name := holder(n.Facts.Value.System.Interfaces.Value, v.Address); name != "" {
				on = append(on, n.Name)
				if !c.mayHold(n, v.Address) {
					all = append(all, finding(Critical, n.Name, say(message.DRB059, "id", v.Resource, "ip", v.Address, "nic", name), expected, why,
						literal("ip address del "+v.Address.String()+" dev "+name), say(message.DRM059, "ip", v.Address)))
				}
			}
		}
		if len(on) > 1 {
			all = append(all, finding(Critical, "", say(message.DRA059, "id", v.Resource, "ip", v.Address, "nodes", joined(on)), expected, why,
				say(message.DRN059, "id", v.Resource)))
		}
		if other := foreign(c, v, known); other != "" {
			all = append(all, finding(Critical, "", say(message.DRC059, "id", v.Resource, "ip", v.Address, "hw", other), expected, why,
				say(message.DRO059, "hw", other)))
		}
	}
	return append(all, eachNode(c, func(n Node, f Facts) []Finding {
		for _, v := range vips(c.Definition.Value.Definition) {
			if missing := needs("", f.System.Interfaces, f.System.Answering[v.Address.String()]); missing != nil {
				return missing // one is enough: they have the same reason
			}
		}
		return nil
	})...)
}

// mayHold says whether the cluster has, or may have, an address on a node.
func (c *Case) mayHold(n Node, a netip.Addr) bool {
	if !n.Facts.Value.System.Corosync.Running {
		return false
	}
	if !c.Cluster.Known || !c.Running.Known {
		return true
	}
	return slices.ContainsFunc(vips(c.Running.Value.Definition), func(v VIP) bool {
		return v.Address == a && slices.ContainsFunc(c.Cluster.Value.Of(v.Resource), func(r crm.Resource) bool {
			return slices.ContainsFunc(r.Nodes, func(name string) bool { return strings.EqualFold(name, n.Name) })
		})
	})
}

// hardware are the hardware addresses of the nodes.
func (c *Case) hardware() []string {
	var all []string
	for _, n := range c.Nodes {
		for _, i := range n.Facts.Value.System.Interfaces.Value {
			all = append(all, strings.ToLower(i.Hardware))
		}
	}
	return all
}

// foreign is another host that has an address. Where the peer could not be
// asked, who answers may be the peer.
func foreign(c *Case, v VIP, known []string) string {
	for _, n := range c.Nodes {
		if !n.Facts.Known {
			return ""
		}
	}
	if len(c.Nodes) < 2 {
		return ""
	}
	for _, n := range c.Nodes {
		for _, hw := range n.Facts.Value.System.Answering[v.Address.String()].Value {
			if !slices.Contains(known, hw) {
				return hw
			}
		}
	}
	return ""
}
