package doctor

import (
	"net/netip"
	"strings"

	"pgrex/internal/conf"
	"pgrex/internal/message"
	"pgrex/internal/review"
)

// toolsConfigured is DR-76: the configuration of the commands speaks of the
// cluster that is there.
func toolsConfigured(c *Case) []Finding {
	parts, missing := c.parts()
	if missing != nil {
		return missing
	}
	if missing := needs("", c.Conf); missing != nil {
		return missing
	}
	var all []Finding
	for _, found := range disagreements(c, c.Conf.Value, parts) {
		all = append(all, finding(Error, "", found, say(message.DRX076), say(message.DRW076), say(message.DRM076)))
	}
	for i, n := range c.Nodes {
		wanted := []netip.Addr{c.Lans.Own, c.Lans.Peer}[min(i, 1)]
		switch {
		case !n.Facts.Known:
			all = append(all, notKnown(n.Name, n.Facts.Why))
		case !wanted.IsValid() || holder(n.Facts.Value.System.Interfaces.Value, wanted) == "":
			all = append(all, finding(Error, n.Name, say(message.DRA076, "key", dlanKey(c.Conf.Value)), say(message.DRX076), say(message.DRW076), say(message.DRM076)))
		}
	}
	return all
}

func dlanKey(c conf.Config) string {
	if c.Old {
		return "D-LAN_IPAddress"
	}
	return "D_LAN_IPAddress"
}

func disagreements(c *Case, conf conf.Config, parts review.Cluster) []Phrase {
	d := c.Definition.Value
	var all []Phrase
	for _, ids := range resourceKeys(conf) {
		for _, id := range ids.IDs {
			// Those of the old generation's sample count where they are there.
			if !ids.Assumed && !d.HasResource(id) {
				all = append(all, say(message.DRB076, "key", ids.Key, "id", id))
			}
		}
	}
	if conf.Stonith != parts.Fencing {
		all = append(all, say(message.DRC076, "a", onOff(conf.Stonith), "b", parts.Fencing))
	}
	if conf.UseStandbyIP != (len(parts.Standby) > 0) {
		key := "IPADDR_STANDBY"
		if conf.Old {
			key = "VIP_SLAVE"
		}
		id := message.DRD076
		if conf.UseStandbyIP {
			id = message.DRE076
		}
		all = append(all, say(id, "key", key))
	}
	if restore := parts.Server.Params["restore_command"]; conf.ArchiveDir != "" && !readsFrom(restore, conf.ArchiveDir) {
		all = append(all, say(message.DRF076, "dir", conf.ArchiveDir, "restore", restore))
	}
	return all
}

// readsFrom says whether a command names a directory, or something in it.
func readsFrom(command, dir string) bool {
	dir = strings.TrimRight(dir, "/")
	for word := range strings.FieldsSeq(command) {
		if word = strings.Trim(word, `"'`); word == dir || strings.HasPrefix(word, dir+"/") {
			return true
		}
	}
	return false
}

func onOff(b bool) string {
	if b {
		return "enable"
	}
	return "disable"
}

// resourceKeys are the keys of the configuration that name resources.
func resourceKeys(c conf.Config) []conf.ResourceIDs {
	all := []conf.ResourceIDs{c.Promotable, c.Primitive, c.PrimaryIP, c.ReplicationIP, c.Ping, c.StorageMon}
	if c.UseStandbyIP {
		all = append(all, c.StandbyIP)
	}
	if c.Stonith {
		all = append(all, c.Fencing)
	}
	return all
}

// heartbeatNetworks is DR-71: what tells that a node is alive must not fail
// together with the LANs that are watched.
func heartbeatNetworks(c *Case) []Finding {
	parts, missing := c.parts()
	if missing != nil {
		return missing
	}
	n := c.Nodes[0]
	if missing := needs(n.Name, n.Facts, n.Facts.Value.System.Corosync.Conf); missing != nil {
		return missing
	}
	type lan struct {
		name string
		net  netip.Prefix
	}
	var lans []lan
	if net, ok := network(n.Facts.Value, c.Lans.Own); ok {
		lans = append(lans, lan{"D-LAN", net})
	}
	for _, r := range parts.Primary {
		if v, ok := vipOf(r); ok {
			if net, ok := network(n.Facts.Value, v.Address); ok {
				lans = append(lans, lan{"S-LAN", net})
			}
		}
	}
	var all []Finding
	for _, host := range n.Facts.Value.System.Corosync.Conf.Value.Rings {
		for _, ring := range host.Rings {
			a, err := netip.ParseAddr(ring)
			for _, l := range lans {
				if err == nil && l.net.Contains(a) {
					all = append(all, finding(Warning, "", say(message.DRA071, "ip", ring, "lan", l.name, "net", l.net), say(message.DRX071), say(message.DRW071),
						say(message.DRM071)))
				}
			}
		}
	}
	return all
}
