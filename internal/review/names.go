package review

import (
	"maps"
	"slices"
	"strings"

	"pgrex/internal/message"
)

// mention is where a definition names a node.
type mention struct{ node, place string }

// names is W080: the agent and Pacemaker know a node by one name in lower case,
// so every place has to have that one.
func (c *checker) names() {
	stated := slices.Sorted(maps.Keys(c.d.NodeAttributes()))
	var mentions []mention
	add := func(place string, nodes ...string) {
		for _, n := range nodes {
			if n != "" {
				mentions = append(mentions, mention{n, place})
			}
		}
	}
	add(c.Server.ID+" node_list", c.Nodes...)
	add("node", stated...)
	for _, l := range c.locations {
		add(l.ID, l.Node)
		for _, way := range l.Any {
			for _, e := range way {
				if e.Attribute == "#uname" {
					add(l.ID, e.Value)
				}
			}
		}
	}
	for _, l := range c.d.Levels() {
		add("fencing_topology", l.Target)
	}
	for _, d := range c.Devices {
		add(d.Resource.ID, d.Targets...)
	}
	c.lowerCase(mentions)
	c.known(mentions)
	if len(stated) == 0 {
		return
	}
	for _, node := range c.Nodes {
		if !slices.Contains(lower(stated), strings.ToLower(node)) {
			c.add("W080", message.REV803, []string{node}, "node", node, "id", c.Server.ID)
		}
	}
}

func (c *checker) lowerCase(mentions []mention) {
	told := map[string]bool{}
	for _, m := range mentions {
		if m.node != strings.ToLower(m.node) && !told[m.node] {
			told[m.node] = true
			c.add("W080", message.REV801, []string{m.node}, "node", m.node, "lower", strings.ToLower(m.node), "place", m.place)
		}
	}
}

func (c *checker) known(mentions []mention) {
	told := map[mention]bool{}
	for _, m := range mentions {
		if !slices.Contains(lower(c.Nodes), strings.ToLower(m.node)) && !told[m] {
			told[m] = true
			c.add("W080", message.REV802, []string{m.node}, "node", m.node, "place", m.place, "id", c.Server.ID, "list", strings.Join(c.Nodes, " "))
		}
	}
}
