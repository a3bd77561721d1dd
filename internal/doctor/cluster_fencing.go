package doctor

import (
	"slices"
	"strings"
	"time"

	"pgrex/internal/crm"
	"pgrex/internal/definition"
	"pgrex/internal/message"
	"pgrex/internal/review"
)

// fencingWorks is DR-52: each node has a device that may not run there, that
// runs, and that is looked after.
func fencingWorks(c *Case) []Finding {
	all := c.reviewed(Critical, say(message.DRX052), "W073")
	parts, missing := c.parts()
	if missing != nil {
		return missing
	}
	if !parts.Fencing {
		return nil // DR-50 says so
	}
	for _, d := range parts.Devices {
		if !d.Helper && !monitoredDaily(d.Resource) {
			id := d.Resource.ID
			all = append(all, finding(Warning, "", say(message.DRC052, "id", id), say(message.DRZ052), say(message.DRV052),
				say(message.DRN052, "id", id)))
		}
	}
	if missing := needs("", c.Cluster); missing != nil {
		return append(all, missing...)
	}
	// One of a file that is still to be loaded cannot run.
	parts.Devices = slices.DeleteFunc(slices.Clone(parts.Devices), func(d review.Device) bool {
		return c.Running.Known && !c.Running.Value.HasResource(d.Resource.ID)
	})
	return append(append(all, devicesRun(c.Cluster.Value, parts)...), fencingFailed(c.Cluster.Value)...)
}

func monitoredDaily(r definition.Resource) bool {
	return slices.ContainsFunc(r.Operations, func(o crm.Operation) bool {
		every, ok := seconds(o.Interval)
		return o.Name == "monitor" && ok && every > 0 && every <= 24*time.Hour
	})
}

// devicesRun looks at the devices in the cluster: one that is not started
// anywhere is not counted on.
func devicesRun(o crm.Overview, parts review.Cluster) []Finding {
	var all []Finding
	for _, d := range parts.Devices {
		id := d.Resource.ID
		runs := slices.ContainsFunc(o.Of(id), func(r crm.Resource) bool { return r.Active && !r.Failed })
		if !runs {
			all = append(all, finding(Critical, "", say(message.DRA052, "id", id), say(message.DRX052), say(message.DRW052),
				literal("crm_resource --cleanup --resource "+id)))
		}
	}
	return all
}

// fencingFailed looks for nodes whose last fencing did not succeed.
func fencingFailed(o crm.Overview) []Finding {
	last := map[string]crm.Fencing{}
	for _, f := range o.Fencings {
		if before, seen := last[f.Target]; f.State != "pending" && (!seen || f.Completed.After(before.Completed)) {
			last[f.Target] = f
		}
	}
	var all []Finding
	for _, n := range o.Nodes {
		if f, seen := last[n.Name]; seen && f.State == "failed" {
			all = append(all, finding(Warning, n.Name,
				say(message.DRB052, "action", f.Action, "time", f.Completed.Local().Format(time.DateTime)), say(message.DRY052), say(message.DRW052),
				say(message.DRM052, "node", n.Name), literal("stonith_admin --cleanup --history "+n.Name)))
		}
	}
	return all
}

// seconds reads an interval or a time-out as Pacemaker does: a number alone is
// of seconds. "" is none.
func seconds(text string) (time.Duration, bool) {
	text = strings.ToLower(strings.ReplaceAll(text, " ", ""))
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz")
	unit := map[string]string{"": "s", "s": "s", "sec": "s", "ms": "ms", "msec": "ms", "m": "m", "min": "m", "h": "h", "hr": "h"}[text[len(digits):]]
	d, err := time.ParseDuration(digits + unit)
	return d, err == nil
}
