package doctor

import (
	"slices"

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

// memoryEnough is DR-90.
func memoryEnough(c *Case) []Finding { return nil }
