package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pgrex/internal/conf"
	"pgrex/internal/message"
)

// systemChecks are those of the operating system.
func systemChecks() []check {
	return []check{
		{"DR-80", failFast},
		{"DR-81", notAtBoot},
		{"DR-82", corosyncFiles},
		{"DR-83", hostNames},
		{"DR-84", clocks},
		{"DR-85", logins},
		{"DR-86", ports},
		{"DR-87", powerKeyIgnored},
		{"DR-88", programsThere},
		{"DR-89", sameMachine},
		{"DR-90", memoryEnough},
		{"DR-91", watchdogThere},
		{"DR-92", logsKept},
	}
}

// failFast is DR-80.
func failFast(c *Case) []Finding {
	return eachNode(c, func(n Node, f Facts) []Finding {
		p := f.System.Pacemaker
		if missing := needs("", p.Environment); missing != nil {
			return missing
		}
		if value := p.Environment.Value["PCMK_fail_fast"]; !slices.Contains([]string{"yes", "true", "on", "y", "1"}, strings.ToLower(value)) {
			return []Finding{finding(Warning, "", say(message.DRA080, "file", p.File), say(message.DRX080), say(message.DRW080),
				say(message.DRM080, "file", p.File))}
		}
		return nil
	})
}

// notAtBoot is DR-81.
func notAtBoot(c *Case) []Finding {
	return eachNode(c, func(n Node, f Facts) []Finding {
		var all []Finding
		for _, unit := range []string{"corosync", "pacemaker"} {
			state := f.System.Units[unit]
			if missing := needs("", state); missing != nil {
				return missing
			}
			if strings.HasPrefix(state.Value, "enabled") {
				all = append(all, finding(Warning, "", say(message.DRA081, "unit", unit), say(message.DRX081), say(message.DRW081),
					literal("systemctl disable "+unit)))
			}
		}
		return all
	})
}

// corosyncFiles is DR-82.
func corosyncFiles(c *Case) []Finding {
	why, expected := say(message.DRW082), say(message.DRX082)
	all := eachNode(c, func(n Node, f Facts) []Finding {
		corosync := f.System.Corosync
		if missing := needs("", corosync.Conf); missing != nil {
			return missing
		}
		switch {
		case corosync.Key.Exists && corosync.Key.Mode != 0o400:
			return []Finding{finding(Error, "", say(message.DRA082, "path", corosyncKey, "mode", fmt.Sprintf("%04o", corosync.Key.Mode)), expected, why,
				literal("chmod 0400 "+corosyncKey))}
		case !corosync.Key.Exists && encrypts(corosync.Conf.Value.Settings):
			return []Finding{finding(Error, "", say(message.DRB082, "path", corosyncKey), expected, why, say(message.DRN082, "path", corosyncKey))}
		}
		return nil
	})
	return append(all, compare(c, func(own, peer Facts) []Finding {
		a, b := own.System.Corosync, peer.System.Corosync
		var found []Finding
		for path, different := range map[string]bool{
			conf.CorosyncPath: a.Conf.Value.Sum != b.Conf.Value.Sum && a.Conf.Known && b.Conf.Known,
			corosyncKey:       a.Key.Sum != b.Key.Sum && a.Key.Sum != "" && b.Key.Sum != "",
		} {
			if different {
				found = append(found, finding(Error, "", say(message.DRC082, "path", path), expected, why, say(message.DRN082, "path", path)))
			}
		}
		return found
	})...)
}

// encrypts says whether corosync.conf asks for the key: without a word of it
// Corosync 3 does not, and 2 does.
func encrypts(settings map[string]string) bool {
	on := func(value string) bool { return value != "" && value != "none" && value != "off" }
	return on(settings["totem/crypto_cipher"]) || on(settings["totem/crypto_hash"]) || settings["totem/secauth"] == "on"
}

// hostNames is DR-83.
func hostNames(c *Case) []Finding {
	return eachNode(c, func(n Node, f Facts) []Finding {
		var all []Finding
		add := func(found Phrase, cure Phrase) {
			all = append(all, finding(Error, "", found, say(message.DRX083), say(message.DRW083), cure))
		}
		if name := f.System.Host.Name; name != strings.ToLower(name) {
			add(say(message.DRA083, "name", name), literal("hostnamectl set-hostname "+strings.ToLower(name)))
		}
		for _, name := range sorted(keys(f.System.Resolved)) {
			addresses := f.System.Resolved[name]
			switch {
			case !addresses.Known:
				all = append(all, notKnown("", addresses.Why))
			case len(addresses.Value) == 0:
				add(say(message.DRB083, "name", name), say(message.DRM083, "name", name))
			case slices.ContainsFunc(addresses.Value, netip.Addr.IsLoopback):
				add(say(message.DRC083, "name", name, "ip", joinedAddresses(addresses.Value)), say(message.DRM083, "name", name))
			}
		}
		return all
	})
}

func keys[V any](m map[string]V) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	return all
}

func joinedAddresses(list []netip.Addr) string {
	var all []string
	for _, a := range list {
		all = append(all, a.String())
	}
	return joined(all)
}

// clocks is DR-84.
func clocks(c *Case) []Finding {
	why, expected := say(message.DRW084), say(message.DRX084)
	var all []Finding
	if len(c.Nodes) > 1 && c.Nodes[1].Facts.Known {
		if missing := needs(c.Nodes[1].Name, c.Clock); missing != nil {
			all = append(all, missing...)
		}
		// What the question took is not held against the clocks.
		apart := c.Clock.Value.Ahead.Abs() - c.Clock.Value.Unsure
		state := Warning
		if apart > time.Minute {
			state = Error
		}
		if apart > time.Second {
			all = append(all, finding(state, "", say(message.DRA084, "seconds", fmt.Sprintf("%.1f", c.Clock.Value.Ahead.Abs().Seconds())), expected, why,
				literal("chronyc makestep"), say(message.DRM084)))
		}
	}
	return append(all, eachNode(c, func(n Node, f Facts) []Finding {
		if len(f.System.Clocks) > 0 || f.System.Host.Container {
			return nil
		}
		return []Finding{finding(Warning, "", say(message.DRB084), expected, why, literal("systemctl enable --now chronyd"), say(message.DRN084))}
	})...)
}

// powerKeyIgnored is DR-87.
func powerKeyIgnored(c *Case) []Finding {
	parts, missing := c.parts()
	if missing != nil {
		return missing
	}
	var powers []string
	for _, d := range parts.Devices {
		if cutsPower(d.Resource.Type) {
			powers = append(powers, d.Resource.ID)
		}
	}
	if len(powers) == 0 || !parts.Fencing {
		return nil
	}
	return eachNode(c, func(n Node, f Facts) []Finding {
		if f.System.Host.Container {
			return nil
		}
		if missing := needs("", f.System.PowerKey); missing != nil {
			return missing
		}
		if f.System.PowerKey.Value == "ignore" {
			return nil
		}
		return []Finding{finding(Warning, "", say(message.DRA087, "action", f.System.PowerKey.Value, "id", powers[0]), say(message.DRX087), say(message.DRW087),
			say(message.DRM087), literal("systemctl kill -s HUP systemd-logind"))}
	})
}

// cutsPower says whether a fencing agent uses the power of the machine's own
// board, or waits for its crash kernel.
func cutsPower(agent string) bool {
	return slices.Contains([]string{"external/ipmi", "ipmilan", "fence_kdump"}, agent) ||
		slices.ContainsFunc([]string{"fence_ipmilan", "fence_ilo", "fence_idrac", "fence_drac", "fence_imm", "fence_redfish"}, func(s string) bool {
			return strings.HasPrefix(agent, s)
		})
}

// programsThere is DR-88.
func programsThere(c *Case) []Finding {
	var needed []string
	if c.Database.Known {
		if dir := binDir(c.Database.Value); dir != "" {
			for _, name := range serverPrograms {
				needed = append(needed, dir+"/"+name)
			}
		}
	}
	return eachNode(c, func(n Node, f Facts) []Finding {
		var missing []string
		for _, name := range toolPrograms {
			if !f.System.Programs[name] {
				missing = append(missing, name)
			}
		}
		for _, path := range needed {
			if !f.System.Files[path].Executable {
				missing = append(missing, path)
			}
		}
		if len(missing) == 0 {
			return nil
		}
		return []Finding{finding(Error, "", say(message.DRA088, "programs", joined(missing)), say(message.DRX088), say(message.DRW088),
			say(message.DRM088, "programs", joined(missing)))}
	})
}

// watchdogThere is DR-91.
func watchdogThere(c *Case) []Finding {
	return eachNode(c, func(n Node, f Facts) []Finding {
		sbd := f.System.Units["sbd"]
		if missing := needs("", sbd); missing != nil {
			return missing
		}
		w := f.System.Pacemaker.Watchdog
		if !strings.HasPrefix(sbd.Value, "enabled") || w.Present {
			return nil
		}
		return []Finding{finding(Error, "", say(message.DRA091, "device", w.Device), say(message.DRX091), say(message.DRW091),
			say(message.DRM091, "device", w.Device))}
	})
}

// logsKept is DR-92.
func logsKept(c *Case) []Finding {
	return eachNode(c, func(n Node, f Facts) []Finding {
		var found Phrase
		switch logs := f.System.Logs; {
		case !logs.Dir.Dir:
			found = say(message.DRA092, "dir", pacemakerLogs)
		case !logs.Rotated:
			found = say(message.DRB092, "dir", pacemakerLogs)
		default:
			return nil
		}
		return []Finding{finding(Notice, "", found, say(message.DRX092), say(message.DRW092), say(message.DRM092, "dir", pacemakerLogs))}
	})
}
