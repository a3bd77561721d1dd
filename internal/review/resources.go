package review

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pgrex/internal/crm"
	"pgrex/internal/definition"
	"pgrex/internal/message"
)

// agentName is a resource's agent as definitions write it.
func agentName(r definition.Resource) string {
	if r.Provider == "" {
		return r.Class + ":" + r.Type
	}
	return r.Class + ":" + r.Provider + ":" + r.Type
}

// plugIns are the plug-ins of cluster-glue that PG-REX sites have, with the
// fence agents that do the same.
var plugIns = map[string]string{
	"ipmi": "fence_ipmilan", "libvirt": "fence_virsh", "vcenter": "fence_vmware_rest", "ec2": "fence_aws", "sbd": "fence_sbd",
}

// agents finds those that Pacemaker 2 and 3 do not have (W070).
func (c *checker) agents() {
	if c.o.Generation < Pacemaker2 {
		return
	}
	for _, r := range c.resources {
		if r.Kind != "primitive" {
			continue
		}
		replacement := ""
		name, plugIn := strings.CutPrefix(r.Type, "external/")
		switch {
		case r.Class == "stonith" && name == "stonith-helper":
			c.add("W070", message.REV702, []string{r.ID}, "id", r.ID, "agent", agentName(r), "target", c.o.Generation)
			continue
		case r.Class == "stonith" && plugIn:
			replacement = "stonith:" + orDefault(plugIns[name], "fence_"+name)
		case r.Class == "ocf" && r.Type == "diskd":
			replacement = "ocf:heartbeat:storage-mon"
		case r.Class == "ocf" && r.Type == "pingd":
			replacement = "ocf:pacemaker:ping"
		default:
			continue
		}
		c.add("W070", message.REV701, []string{r.ID}, "id", r.ID, "agent", agentName(r), "target", c.o.Generation, "replacement", replacement)
	}
}

// stonith is W071.
func (c *checker) stonith() {
	if !c.Fencing {
		c.add("W071", message.REV711, []string{"stonith-enabled"})
	}
}

// onFail is W072.
func (c *checker) onFail() {
	for _, r := range c.resources {
		for _, op := range r.Operations {
			args := []any{"id", r.ID, "op", op.Name}
			stops := op.Name == "stop" || op.Name == "demote"
			switch {
			case op.Name == "demote" && op.OnFail == "stop":
				c.add("W072", message.REV723, []string{r.ID}, append(args, "cure", map[bool]string{true: "fence", false: "block"}[c.Fencing])...)
			case c.Fencing && stops && op.OnFail == "block":
				c.add("W072", message.REV721, []string{r.ID}, args...)
			case !c.Fencing && op.OnFail == "fence":
				c.add("W072", message.REV722, []string{r.ID}, args...)
			}
		}
	}
}

// devices is W073.
func (c *checker) devices() {
	if !c.Fencing {
		return
	}
	watchdog, _ := c.d.Property("stonith-watchdog-timeout")
	selfFencing := strings.Trim(watchdog, "0s") != ""
	for _, node := range c.Nodes {
		powered := slices.ContainsFunc(c.Devices, func(d Device) bool {
			return !d.Helper && (len(d.Targets) == 0 || d.fences(node))
		})
		if !powered && !selfFencing {
			c.add("W073", message.REV731, []string{node}, "node", node)
		}
	}
	for _, d := range c.Devices {
		if node := c.onItself(d); node != "" {
			c.add("W073", message.REV732, []string{d.Resource.ID, node}, "id", d.Resource.ID, "node", node)
		}
	}
}

func (d Device) fences(node string) bool {
	return slices.Contains(lower(d.Targets), strings.ToLower(node))
}

// onItself is the one target of a device that may run there, "" for none. A
// device for several nodes has to run on one of them; Pacemaker then has
// another node use it.
func (c *checker) onItself(d Device) string {
	if len(d.Targets) != 1 || c.keptOff(d.Resource.ID, d.Targets[0]) {
		return ""
	}
	return d.Targets[0]
}

// keptOff says whether a resource, or what it lies in, must not run on a node.
func (c *checker) keptOff(id, node string) bool {
	chain := c.chain(id)
	return slices.ContainsFunc(c.locations, func(l definition.Location) bool {
		if !slices.Contains(chain, l.Resource) || l.Score != -definition.Infinity {
			return false
		}
		return strings.EqualFold(l.Node, node) || slices.ContainsFunc(l.Any, func(way []definition.Expression) bool {
			return len(way) == 1 && way[0].Attribute == "#uname" && way[0].Operation == "eq" && strings.EqualFold(way[0].Value, node)
		})
	})
}

// clone is W074.
func (c *checker) clone() {
	clone := c.byID[c.Clone]
	about := []string{c.Clone}
	if !clone.Promotable {
		c.add("W074", message.REV744, []string{c.Server.ID}, "id", c.Server.ID)
		return
	}
	if !isTrue(clone.Meta["notify"]) {
		c.add("W074", message.REV741, about, "id", c.Clone)
	}
	if value, given := clone.Meta["clone-max"]; given && value != strconv.Itoa(len(c.Nodes)) {
		c.add("W074", message.REV742, about, "id", c.Clone, "value", value, "count", len(c.Nodes))
	}
	for _, name := range []string{"promoted-max", "master-max"} {
		if value, given := clone.Meta[name]; given && value != "1" {
			c.add("W074", message.REV743, about, "id", c.Clone, "name", name, "value", value)
		}
	}
}

// monitors is W075.
func (c *checker) monitors() {
	promoted := false
	for _, r := range c.resources {
		byInterval := map[string]bool{}
		for _, op := range r.Operations {
			if op.Name != "monitor" {
				continue
			}
			interval := op.Interval
			if d, ok := duration(op.Interval); ok {
				interval = d.String()
			}
			if byInterval[interval] {
				c.add("W075", message.REV751, []string{r.ID}, "id", r.ID, "interval", op.Interval)
			}
			byInterval[interval] = true
			promoted = promoted || r.ID == c.Server.ID && op.Role == crm.Promoted
		}
	}
	if !promoted {
		c.add("W075", message.REV752, []string{c.Server.ID}, "id", c.Server.ID)
	}
}

// masterAddress is W076.
func (c *checker) masterAddress() {
	if len(c.Replication) > 0 {
		return
	}
	ip := orDefault(c.Server.Params["master_ip"], "-")
	var there []string
	for _, r := range c.Primary {
		there = append(there, fmt.Sprintf("%s=%s", r.ID, r.Params["ip"]))
	}
	c.add("W076", message.REV761, []string{c.Server.ID}, "id", c.Server.ID, "ip", ip,
		"group", orDefault(c.Group, "-"), "addresses", orDefault(strings.Join(there, " "), "-"))
}
