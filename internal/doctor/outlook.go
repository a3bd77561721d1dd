package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgrex/internal/crm"
	"pgrex/internal/definition"
	"pgrex/internal/ocf"
	"pgrex/internal/outlook"
	"pgrex/internal/review"
)

// Outages are those to expect of the configuration, none without a definition.
func Outages(c *Case) []outlook.Outage {
	parts, missing := c.parts()
	if missing != nil {
		return nil
	}
	o := outlook.Configuration{Corosync: c.corosyncTimes(), Fencing: c.fencingTimes(parts), WALSenderTimeout: time.Minute, ShutdownLimit: 10 * time.Minute}
	// The shell agent has no watcher, and in ours the word has to be false.
	watch, given := parts.Server.Params["watch_server"]
	o.Watched = parts.Server.Provider != "heartbeat" && (!given || ocf.IsTrue(watch))
	for _, op := range parts.Server.Operations {
		every, _ := seconds(op.Interval)
		limit, given := seconds(op.Timeout)
		if !given {
			limit = operationTimeout
		}
		switch {
		case op.Name != "monitor" || every == 0:
		case op.Role == crm.Promoted:
			o.PrimaryMonitor = outlook.Monitor{Interval: every, Timeout: limit}
		default:
			o.StandbyMonitor = outlook.Monitor{Interval: every, Timeout: limit}
		}
	}
	if c.Conf.Known && c.Conf.Value.TimeoutPGStop > 0 {
		o.ShutdownLimit = c.Conf.Value.TimeoutPGStop
	}
	for _, n := range c.Nodes {
		set, known := n.Facts.Value.Server.Settings.Value["wal_sender_timeout"]
		if ms, err := strconv.Atoi(set.Value); known && err == nil {
			o.WALSenderTimeout = time.Duration(ms) * time.Millisecond
		}
	}
	return outlook.All(o)
}

// operationTimeout and fencingTimeout are what Pacemaker takes where the
// definition says nothing.
const operationTimeout, fencingTimeout = 20 * time.Second, time.Minute

// corosyncTimes are those of this node. What is in force while Corosync runs has
// the share of every node in it already.
func (c *Case) corosyncTimes() outlook.Corosync {
	corosync := c.Nodes[0].Facts.Value.System.Corosync
	t := outlook.Corosync{Token: corosync.Token, Consensus: corosync.Consensus, Coefficient: milliseconds(corosync.Conf.Value.Settings["totem/token_coefficient"])}
	if !corosync.Running {
		t.Nodes = len(corosync.Conf.Value.Rings)
	}
	var major, minor int
	_, _ = fmt.Sscanf(corosync.Version, "%d.%d", &major, &minor) // an unknown one counts as today's
	return t.Defaults(major, minor)
}

func (c *Case) fencingTimes(parts review.Cluster) outlook.Fencing {
	if !parts.Fencing {
		return outlook.Fencing{}
	}
	d := c.Definition.Value.Definition
	f := outlook.Fencing{Enabled: true}
	if priority := priorityOf(d, parts); priority != 0 {
		delay, _ := d.Property("priority-fencing-delay")
		f.PriorityDelay, _ = seconds(delay)
	}
	primary := ""
	for _, node := range parts.Nodes {
		if c.Cluster.Known && c.Cluster.Value.Role(parts.Clone, parts.Server.ID, node) == crm.Promoted {
			primary = node
		}
	}
	for i, node := range parts.Nodes {
		if primary == node || primary == "" && i == 0 {
			f.PrimaryLevels = levels(d, parts, node)
		} else {
			f.StandbyLevels = levels(d, parts, node)
		}
	}
	return f
}

// priorityOf is the priority of the database: without one the delay is for nobody.
func priorityOf(d definition.Definition, parts review.Cluster) int {
	for _, r := range d.Resources() {
		if r.ID == parts.Clone || r.ID == parts.Server.ID {
			if n, err := strconv.Atoi(r.Meta["priority"]); err == nil && n != 0 {
				return n
			}
		}
	}
	return 0
}

// levels are those of a node; without a topology each of its devices is tried
// until one succeeds.
func levels(d definition.Definition, parts review.Cluster, node string) []outlook.Level {
	device := func(id string) (outlook.Device, bool) {
		i := slices.IndexFunc(parts.Devices, func(v review.Device) bool { return v.Resource.ID == id })
		if i < 0 {
			return outlook.Device{}, false
		}
		return deviceTimes(d, parts.Devices[i], node), true
	}
	var all []outlook.Level
	list := slices.DeleteFunc(d.Levels(), func(l definition.Level) bool { return l.Target != node })
	slices.SortStableFunc(list, func(a, b definition.Level) int {
		x, _ := strconv.Atoi(a.Index)
		y, _ := strconv.Atoi(b.Index)
		return cmp.Compare(x, y)
	})
	for _, l := range list {
		var level outlook.Level
		for _, id := range l.Devices {
			if v, ok := device(id); ok {
				level = append(level, v)
			}
		}
		all = append(all, level)
	}
	if len(list) > 0 {
		return all
	}
	for _, v := range parts.Devices {
		if slices.Contains(v.Targets, node) || len(v.Targets) == 0 {
			all = append(all, outlook.Level{deviceTimes(d, v, node)})
		}
	}
	return all
}

func deviceTimes(d definition.Definition, v review.Device, node string) outlook.Device {
	params := v.Resource.Params
	first := func(texts ...string) time.Duration {
		for _, text := range texts {
			if t, ok := seconds(text); ok && t > 0 {
				return t
			}
		}
		return fencingTimeout
	}
	all, _ := d.Property("stonith-timeout")
	out := outlook.Device{DelayBase: delayOf(params["pcmk_delay_base"], node), DelayMax: delayOf(params["pcmk_delay_max"], node)}
	if out.WaitsForDump = v.Resource.Type == "fence_kdump"; out.WaitsForDump {
		out.Timeout = first(params["timeout"])
		return out
	}
	limit := params["pcmk_reboot_timeout"]
	if params["pcmk_reboot_action"] == "off" {
		limit = params["pcmk_off_timeout"]
	}
	out.Timeout = first(limit, all)
	return out
}

// delayOf reads a delay, which may be one for each node: "node01:5s;node02:0s".
func delayOf(text, node string) time.Duration {
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ';' || r == ' ' || r == ',' }) {
		name, value, byNode := strings.Cut(part, ":")
		if !byNode {
			value = name
		}
		if !byNode || name == node {
			t, _ := seconds(value)
			return t
		}
	}
	return 0
}
