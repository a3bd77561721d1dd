package lab

import (
	"fmt"
	"maps"
	"slices"
)

// Changes tells in words what is different in a later status. The first look,
// before which nothing is known, has no changes.
func (s Status) Changes(now Status) []string {
	if s.Nodes == nil {
		return nil
	}
	var found []string
	changed := func(what, from, to string) {
		if from != to {
			found = append(found, fmt.Sprintf("%s: %s → %s", what, orNone(from), orNone(to)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now.Nodes)) {
		a, b := s.Nodes[name], now.Nodes[name]
		changed(name+" online", fmt.Sprint(a.Online), fmt.Sprint(b.Online))
		changed(name+" role", string(a.Role), string(b.Role))
		changed(name+" failed", fmt.Sprint(a.Failed), fmt.Sprint(b.Failed))
		keys := maps.Clone(a.Attributes)
		if keys == nil {
			keys = map[string]string{}
		}
		maps.Copy(keys, b.Attributes)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			changed(name+" "+key, a.Attributes[key], b.Attributes[key])
		}
	}
	for _, vip := range slices.Sorted(maps.Keys(now.VIPs)) {
		changed(vip, s.VIPs[vip], now.VIPs[vip])
	}
	return found
}

func orNone(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
