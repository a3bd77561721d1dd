package doctor

import (
	"slices"

	"pgrex/internal/message"
)

// disksChecked is DR-63: the disks that are checked are there as a whole, and
// they are those that PG-REX lies on.
func disksChecked(c *Case) []Finding {
	parts, missing := c.parts()
	if missing != nil {
		return missing
	}
	if len(parts.Disks) == 0 {
		return nil // DR-60 says so
	}
	var names []string
	for _, m := range parts.Disks {
		names = append(names, devicesOf(m.Resource)...)
	}
	return eachNode(c, func(n Node, f Facts) []Finding {
		all, covered := devicesThere(f, names)
		on := map[string][]string{} // directories by disks that are not checked
		for _, path := range c.places() {
			place := f.System.Places[path]
			switch {
			case !place.Known:
				all = append(all, needs("", place)...)
			case !place.Value.Exists: // that it is missing others say
			case len(place.Value.Disks) == 0:
				all = append(all, finding(Notice, "", say(message.DRD063, "path", path, "type", place.Value.Type), say(message.DRY063), say(message.DRW063),
					say(message.DRN063)))
			}
			for _, disk := range place.Value.Disks {
				if place.Value.Exists && !slices.Contains(covered, disk) {
					on[disk] = append(on[disk], path)
				}
			}
		}
		for _, disk := range sorted(keys(on)) {
			all = append(all, finding(Warning, "", say(message.DRC063, "paths", joined(on[disk]), "disk", disk), say(message.DRY063), say(message.DRW063),
				say(message.DRM063, "disk", disk)))
		}
		return all
	})
}

// devicesThere looks at the devices that are checked on a node, and says of
// which disks they are.
func devicesThere(f Facts, names []string) (all []Finding, covered []string) {
	for _, name := range names {
		d := f.System.Devices[name]
		var found Phrase
		switch {
		case !d.Exists || !d.Block:
			found = say(message.DRA063, "device", name)
		case !d.Whole:
			found = say(message.DRB063, "device", name, "disks", joined(d.Disks))
		}
		if !found.IsZero() {
			all = append(all, finding(Error, "", found, say(message.DRX063), say(message.DRV063), say(message.DRO063)))
		}
		covered = append(covered, d.Disks...)
	}
	return all, covered
}

// places are the directories of PG-REX and the system's.
func (c *Case) places() []string {
	all := []string{"/"}
	if c.Conf.Known {
		all = append(all, given(c.Conf.Value.ArchiveDir)...)
	}
	if c.Database.Known {
		all = append(all, dataPlaces(c.Database.Value)...)
	}
	return all
}

// dataPlaces are the directory of the data and that of the WAL, by the names
// of either in all releases.
func dataPlaces(d Database) []string {
	data := d.Params.PgData
	if data == "" {
		return nil
	}
	return []string{data, data + "/pg_wal", data + "/pg_xlog"}
}
