package doctor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/review"
)

// leftByOperators is DR-67: what keeps the cluster from acting because somebody
// has told it so.
func leftByOperators(c *Case) []Finding {
	var all []Finding
	add := func(node string, found Phrase, cure string) {
		all = append(all, finding(Warning, node, found, say(message.DRX067), say(message.DRW067), literal(cure)))
	}
	if c.Running.Known {
		for _, l := range c.Running.Value.Locations() {
			if strings.HasPrefix(l.ID, "cli-") {
				add("", say(message.DRA067, "id", l.ID, "rsc", l.Resource), "crm_resource --clear --resource "+l.Resource)
			}
		}
	}
	if missing := needs("", c.Running, c.Cluster); missing != nil {
		return append(all, missing...)
	}
	o := c.Cluster.Value
	if o.MaintenanceMode {
		add("", say(message.DRB067), "crm_attribute --type crm_config --name maintenance-mode --delete")
	}
	for _, n := range o.Nodes {
		if n.Standby {
			add(n.Name, say(message.DRC067), "crm_attribute --node "+n.Name+" --name standby --delete")
		}
		if n.Maintenance && !o.MaintenanceMode {
			add(n.Name, say(message.DRD067), "crm_attribute --node "+n.Name+" --name maintenance --delete")
		}
	}
	var told []string
	for _, r := range o.Resources {
		byNode := slices.ContainsFunc(r.Nodes, func(name string) bool { n, _ := o.Node(name); return n.Maintenance })
		if !r.Managed && !o.MaintenanceMode && !byNode && !r.Orphaned && !slices.Contains(told, r.ID) {
			told = append(told, r.ID)
			add("", say(message.DRE067, "id", r.ID), "crm_resource --resource "+r.ID+" --meta --delete-parameter is-managed")
		}
	}
	return all
}

// failuresCounted is DR-68.
func failuresCounted(c *Case) []Finding {
	if missing := needs("", c.Running, c.Cluster); missing != nil {
		return missing
	}
	var all []Finding
	for _, f := range c.Cluster.Value.FailCounts {
		p, _ := c.Running.Value.Primitive(f.Resource)
		threshold, err := strconv.Atoi(p.Meta["migration-threshold"])
		if err != nil {
			threshold = crm.Infinity
		}
		if threshold == 0 || f.Count < threshold {
			continue
		}
		count := strconv.Itoa(f.Count)
		if f.Count >= crm.Infinity {
			count = "INFINITY"
		}
		all = append(all, finding(Warning, f.Node, say(message.DRA068, "id", f.Resource, "count", count), say(message.DRX068), say(message.DRW068),
			literal(fmt.Sprintf("crm_resource --cleanup --resource %s --node %s", f.Resource, f.Node))))
	}
	return all
}

// gatewaysAnswer is DR-61.
func gatewaysAnswer(c *Case) []Finding {
	parts, missing := c.parts()
	if missing != nil {
		return missing
	}
	var targets []string
	var all []Finding
	for _, m := range parts.Gateways {
		hosts := strings.Fields(m.Resource.Params["host_list"])
		targets = append(targets, hosts...)
		if len(hosts) == 1 {
			all = append(all, finding(Notice, "", say(message.DRB061, "id", m.Resource.ID, "host", hosts[0]), say(message.DRY061), say(message.DRV061),
				say(message.DRN061, "id", m.Resource.ID)))
		}
	}
	return append(all, eachNode(c, func(n Node, f Facts) []Finding {
		var found []Finding
		for _, host := range targets {
			p := f.System.Pinged[host]
			if missing := needs("", p); missing != nil {
				found = append(found, missing...)
			} else if !p.Value {
				found = append(found, finding(Error, "", say(message.DRA061, "host", host), say(message.DRX061), say(message.DRW061),
					literal("ping -c 2 "+host), say(message.DRM061)))
			}
		}
		return found
	})...)
}

// quorumFits is DR-66.
func quorumFits(c *Case) []Finding {
	parts, missing := c.parts()
	if missing != nil {
		return missing
	}
	d, generation := c.Definition.Value, c.generation()
	policy, given := d.Property("no-quorum-policy")
	if !given {
		policy = "stop"
	}
	startup, _ := d.Property("startup-fencing")
	var all []Finding
	switch {
	case policy == "ignore" && parts.Fencing && generation >= review.Pacemaker2:
		all = append(all, finding(Warning, "", say(message.DRB066), say(message.DRY066), say(message.DRV066),
			literal("crm_attribute --type crm_config --name no-quorum-policy --delete")))
	case policy != "ignore":
		all = append(all, twoNodes(c, policy)...)
	}
	off := slices.Contains([]string{"false", "no", "off", "n", "0"}, strings.ToLower(startup))
	switch {
	case off && parts.Fencing && generation >= review.Pacemaker2:
		all = append(all, finding(Warning, "", say(message.DRC066), say(message.DRY066), say(message.DRV066),
			literal("crm_attribute --type crm_config --name startup-fencing --delete")))
	case !off && parts.Fencing && generation == review.Pacemaker1:
		all = append(all, finding(Warning, "", say(message.DRD066), say(message.DRY066), say(message.DRV066),
			literal("crm_attribute --type crm_config --name startup-fencing --update false")))
	}
	return all
}

// twoNodes makes sure that the last node has quorum, where it needs it.
func twoNodes(c *Case, policy string) []Finding {
	var known bool
	for _, n := range c.Nodes {
		settings := n.Facts.Value.System.Corosync.Conf
		known = known || settings.Known
		if settings.Known && settings.Value.Settings["quorum/two_node"] != "1" {
			return []Finding{finding(Error, n.Name, say(message.DRA066, "policy", policy), say(message.DRX066), say(message.DRW066),
				say(message.DRM066))}
		}
	}
	if !known {
		return needs(c.Nodes[0].Name, c.Nodes[0].Facts, c.Nodes[0].Facts.Value.System.Corosync.Conf)
	}
	return nil
}

// corosyncTogether is DR-69. Where Corosync is stopped on a node, the other one
// cannot be connected with it.
func corosyncTogether(c *Case) []Finding {
	for _, n := range c.Nodes {
		if missing := needs(n.Name, n.Facts, n.Facts.Value.System.Corosync.Links, n.Facts.Value.System.Corosync.Quorum); missing != nil {
			return missing
		}
	}
	return eachNode(c, func(n Node, f Facts) []Finding {
		var all []Finding
		add := func(state State, found Phrase, cure ...Phrase) {
			all = append(all, finding(state, "", found, say(message.DRX069), say(message.DRW069), cure...))
		}
		links, quorum := f.System.Corosync.Links.Value, f.System.Corosync.Quorum.Value
		var down []string
		for _, l := range links {
			if len(l.Down) > 0 {
				down = append(down, l.ID)
			}
		}
		state := Warning
		if len(down) == len(links) {
			state = Error
		}
		if len(down) > 0 {
			add(state, say(message.DRA069, "links", joined(down), "count", len(links)), literal("corosync-cfgtool -s"), say(message.DRM069))
		}
		if want := len(f.System.Corosync.Conf.Value.Rings); want > 0 && quorum.Nodes < want {
			add(Error, say(message.DRB069, "nodes", quorum.Nodes, "want", want), literal("corosync-quorumtool -s"), say(message.DRM069))
		}
		if !quorum.Quorate {
			add(Error, say(message.DRC069, "votes", quorum.Votes, "expected", quorum.Expected), literal("corosync-quorumtool -s"), say(message.DRM069))
		}
		return all
	})
}
