package doctor

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"pgrex/internal/message"
)

// sameMachine is DR-89: what is copied as it is has to mean the same on both
// nodes.
func sameMachine(c *Case) []Finding {
	return bothNodes(c, func(own, peer Node) []Finding {
		a, b := own.Facts.Value.System, peer.Facts.Value.System
		if a.Host.Machine != b.Host.Machine || a.Host.PageSize != b.Host.PageSize {
			return []Finding{finding(Error, "", say(message.DRA089, "own", own.Name, "a", a.Host.Machine, "peer", peer.Name, "b", b.Host.Machine,
				"pageA", a.Host.PageSize, "pageB", b.Host.PageSize), say(message.DRX089), say(message.DRW089), say(message.DRM089))}
		}
		if missing := needs(own.Name, a.Libraries); missing != nil {
			return missing
		}
		if missing := needs(peer.Name, b.Libraries); missing != nil {
			return missing
		}
		if a.Libraries.Value == b.Libraries.Value {
			return nil
		}
		locales := a.Locales
		if !locales.Known {
			locales = b.Locales
		}
		if missing := needs("", locales); missing != nil {
			return missing
		}
		used := slices.DeleteFunc(slices.Clone(locales.Value), func(l string) bool { return l == "C" || l == "POSIX" })
		if len(used) == 0 {
			return nil
		}
		return []Finding{finding(Critical, "", say(message.DRB089, "own", own.Name, "a", a.Libraries.Value.String(),
			"peer", peer.Name, "b", b.Libraries.Value.String(), "locales", joined(used)), say(message.DRY089), say(message.DRV089), say(message.DRN089))}
	})
}

func (l Libraries) String() string {
	if l.ICU == "" {
		return l.C
	}
	return l.C + ", " + l.ICU
}

// neverOvercommit is the value of vm.overcommit_memory that lets the kernel give
// out no more than its limit.
const neverOvercommit = 2

// memoryEnough is DR-90: a node that has less for the server than the other one
// cannot take over.
func memoryEnough(c *Case) []Finding {
	return eachNode(c, func(n Node, f Facts) []Finding {
		if missing := needs("", f.Server.Settings, f.System.Memory); missing != nil {
			return missing
		}
		set := func(name string) string { return f.Server.Settings.Value[name].Value }
		m, need := f.System.Memory.Value, sharedMemory(set)
		gives := m.Total
		if m.Overcommit == neverOvercommit {
			gives = min(gives, m.CommitLimit)
		}
		var all []Finding
		short := func(found message.ID, have int64, cure message.ID) {
			all = append(all, finding(Warning, "", say(found, "need", need>>20, "have", have>>20), say(message.DRX090), say(message.DRW090), say(cure)))
		}
		switch {
		case set("huge_pages") == "on" && m.HugePages < need:
			short(message.DRA090, m.HugePages, message.DRM090)
		case gives < need:
			short(message.DRB090, gives, message.DRN090)
		case set("shared_memory_type") == "sysv" && m.SharedMax < need:
			short(message.DRC090, m.SharedMax, message.DRO090)
		}
		return all
	})
}

// sharedMemory is what the server takes at its start, in bytes: from release 15
// on it says so itself, in MB; before, its buffers are nearly all of it.
func sharedMemory(set func(name string) string) int64 {
	if n, err := strconv.ParseInt(set("shared_memory_size"), 10, 64); err == nil {
		return n << 20
	}
	const block, byDefault = 8 << 10, 16384
	text := cmp.Or(set("shared_buffers"), strconv.Itoa(byDefault))
	digits := strings.TrimRight(text, "kMGTB ")
	n, _ := strconv.ParseInt(digits, 10, 64)
	unit := map[string]int64{"kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}[strings.TrimSpace(text[len(digits):])]
	return n * cmp.Or(unit, block)
}
