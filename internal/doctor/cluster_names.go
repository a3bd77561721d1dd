package doctor

import (
	"slices"
	"strings"

	"pgrex/internal/message"
)

// nodeNames is DR-56: node_list, the cluster and the kernel of each node call
// the nodes the same.
func nodeNames(c *Case) []Finding {
	all := c.reviewed(Error, say(message.DRX056), "W080")
	parts, missing := c.parts()
	if missing != nil {
		return missing
	}
	lists := strings.Join(parts.Nodes, " ")
	if c.Cluster.Known {
		var names []string
		for _, n := range c.Cluster.Value.Nodes {
			names = append(names, n.Name)
		}
		if !slices.Equal(sorted(names), sorted(parts.Nodes)) {
			all = append(all, finding(Error, "", say(message.DRA056, "list", lists, "nodes", strings.Join(names, " ")),
				say(message.DRX056), say(message.DRW056), say(message.DRM056, "id", parts.Server.ID)))
		}
	}
	return append(all, eachNode(c, func(n Node, f Facts) []Finding {
		name := f.System.Host.Name
		// One that only differs in case is for DR-83.
		if slices.ContainsFunc(parts.Nodes, func(s string) bool { return strings.EqualFold(s, name) }) {
			return nil
		}
		return []Finding{finding(Error, "", say(message.DRB056, "name", name, "list", lists),
			say(message.DRX056), say(message.DRW056), say(message.DRM056, "id", parts.Server.ID))}
	})...)
}

func sorted(names []string) []string {
	out := slices.Clone(names)
	slices.Sort(out)
	return out
}

// agentsThere is DR-64: what the definition names is installed, the agent of
// the database in one release.
func agentsThere(c *Case) []Finding {
	all := c.reviewed(Error, say(message.DRX064), "W070")
	parts, missing := c.parts()
	if missing != nil {
		return missing
	}
	var files []string
	for _, r := range c.Definition.Value.Resources() {
		if file := agentProgram(r); file != "" && !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	all = append(all, eachNode(c, func(n Node, f Facts) []Finding {
		var found []Finding
		for _, file := range files {
			if !f.System.Files[file].Executable {
				found = append(found, finding(Error, "", say(message.DRA064, "path", file), say(message.DRX064), say(message.DRW064),
					say(message.DRM064, "path", file)))
			}
		}
		return found
	})...)
	server := agentProgram(parts.Server)
	return append(all, compare(c, func(own, peer Facts) []Finding {
		a, b := own.System.Files[server].Sum, peer.System.Files[server].Sum
		if a == b || a == "" || b == "" {
			return nil
		}
		return []Finding{finding(Error, "", say(message.DRB064, "path", server), say(message.DRY064), say(message.DRV064),
			say(message.DRN064))}
	})...)
}

// compare makes a part of a check that compares the nodes, beside parts that
// have already said which node could not be asked.
func compare(c *Case, do func(own, peer Facts) []Finding) []Finding {
	if len(c.Nodes) < 2 || !c.Nodes[0].Facts.Known || !c.Nodes[1].Facts.Known {
		return nil
	}
	return do(c.Nodes[0].Facts.Value, c.Nodes[1].Facts.Value)
}

// pathsOfAgent is DR-65.
func pathsOfAgent(c *Case) []Finding {
	if missing := needs("", c.Database); missing != nil {
		return missing
	}
	d := c.Database.Value
	return eachNode(c, func(n Node, f Facts) []Finding {
		var found []Finding
		for _, path := range agentPaths(d) {
			if !f.System.Files[path].Exists {
				found = append(found, finding(Error, "", say(message.DRA065, "path", path), say(message.DRX065), say(message.DRW065),
					say(message.DRM065, "path", path)))
			}
		}
		if user := d.Params.PgDBA; !f.System.Users[user] {
			found = append(found, finding(Error, "", say(message.DRB065, "user", user), say(message.DRX065), say(message.DRW065),
				say(message.DRN065, "user", user)))
		}
		return found
	})
}

// alertsThere is DR-75.
func alertsThere(c *Case) []Finding {
	if missing := needs("", c.Definition); missing != nil {
		return missing
	}
	return eachNode(c, func(n Node, f Facts) []Finding {
		var found []Finding
		for _, path := range c.Definition.Value.Alerts() {
			if !f.System.Files[path].Executable {
				found = append(found, finding(Warning, "", say(message.DRA075, "path", path), say(message.DRX075), say(message.DRW075),
					say(message.DRM075, "path", path)))
			}
		}
		return found
	})
}
