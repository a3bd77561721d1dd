package review

import (
	"slices"
	"strings"

	"pgrex/internal/definition"
	"pgrex/internal/message"
)

// Beyond finds what only doctor asks for: DR-53, DR-70 and DR-74. DR-53 and
// DR-70 are about definitions of PG-REX with fencing; DR-74 needs the
// generation.
func Beyond(d definition.Definition, o Options) []Finding {
	c := &checker{index: newIndex(d), o: o}
	var ok bool
	if c.Cluster, ok = c.cluster(); ok && c.Fencing {
		c.topology()
		c.delay()
	}
	if words := d.OldWords(); o.Generation >= Pacemaker2 && len(words) > 0 {
		c.add("DR-74", message.REV641, words, "target", o.Generation, "words", strings.Join(words, ", "))
	}
	return c.findings
}

// topology is DR-53.
func (c *checker) topology() {
	for _, l := range c.d.Levels() {
		for _, id := range l.Devices {
			i := slices.IndexFunc(c.Devices, func(d Device) bool { return d.Resource.ID == id })
			switch {
			case i < 0:
				c.add("DR-53", message.REV531, []string{id}, "node", l.Target, "level", l.Index, "id", id)
			case l.Target != "" && len(c.Devices[i].Targets) > 0 && !c.Devices[i].fences(l.Target):
				c.add("DR-53", message.REV532, []string{id}, "node", l.Target, "level", l.Index, "id", id)
			}
		}
	}
}

// delay is DR-70. Pacemaker 1.1 has no priority-fencing-delay, and
// stonith-helper waits there instead.
func (c *checker) delay() {
	if c.o.Generation == Pacemaker1 {
		return
	}
	set := func(value string) bool { return strings.Trim(value, "0smec ") != "" }
	delayed := 0
	for _, d := range c.Devices {
		if set(d.Resource.Params["pcmk_delay_base"]) || set(d.Resource.Params["delay"]) {
			delayed++
		}
	}
	// The delay is for the node with the greater priority, which is none while
	// every resource has 0.
	property, _ := c.d.Property("priority-fencing-delay")
	priority := orDefault(c.byID[c.Clone].Meta["priority"], c.Server.Meta["priority"])
	if delayed != 1 && !(set(property) && set(priority)) {
		c.add("DR-70", message.REV601, []string{"priority-fencing-delay"}, "id", c.Clone)
	}
}
