package doctor

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"pgrex/internal/definition"
	"pgrex/internal/message"
)

// definitionsAgree is DR-73: the file and the running definition, where a file
// was given.
func definitionsAgree(c *Case) []Finding {
	if c.Definition.Known && c.Running.Known && c.Definition.Value.Source == c.Running.Value.Source {
		return skipped()
	}
	if missing := needs("", c.Definition, c.Running); missing != nil {
		return missing
	}
	places := differences(statements(c.Definition.Value.Definition), statements(c.Running.Value.Definition))
	if len(places) == 0 {
		return nil
	}
	const shown = 8
	more := ""
	if len(places) > shown {
		more = fmt.Sprintf(" … (+%d)", len(places)-shown)
		places = places[:shown]
	}
	return []Finding{finding(Notice, "", say(message.DRA073, "file", c.Definition.Value.Source, "places", strings.Join(places, "; ")+more),
		say(message.DRX073), say(message.DRW073), say(message.DRM073))}
}

// differences are the places that only one has, or in which they differ.
func differences(a, b map[string]string) []string {
	var places []string
	for place := range a {
		if other, there := b[place]; !there || other != a[place] {
			places = append(places, place)
		}
	}
	for place := range b {
		if _, there := a[place]; !there {
			places = append(places, place)
		}
	}
	slices.Sort(places)
	return places
}

// keptByPacemaker are properties that the cluster writes itself.
var keptByPacemaker = []string{"dc-version", "cluster-infrastructure", "cluster-name", "have-watchdog", "last-lrm-refresh"}

// statements are what a definition says, by what it says it of: ids of
// constraints and of sets of attributes mean nothing. Values, which may be
// secret, are compared and never shown.
func statements(d definition.Definition) map[string]string {
	all := map[string]string{}
	for name, value := range d.Properties() {
		if !slices.Contains(keptByPacemaker, name) {
			all["property "+name] = value
		}
	}
	for _, r := range d.Resources() {
		all[r.ID] = fmt.Sprintf("%s %s:%s:%s in %q, promotable %v", r.Kind, r.Class, r.Provider, r.Type, r.Parent, r.Promotable)
		for name, value := range r.Params {
			all[r.ID+" "+name] = value
		}
		for name, value := range r.Meta {
			if name != "promotable" {
				all[r.ID+" "+cmp.Or(newMeta[name], name)] = value
			}
		}
		for _, o := range r.Operations {
			every, _ := seconds(o.Interval)
			limit, _ := seconds(o.Timeout)
			all[strings.TrimSpace(fmt.Sprintf("%s %s %s", r.ID, o.Name, role(o.Role)))+fmt.Sprintf(" (%v)", every)] = fmt.Sprintf("%v %s", limit, o.OnFail)
		}
	}
	for _, l := range d.Locations() {
		if !strings.HasPrefix(l.ID, "cli-") { // DR-67
			all[fmt.Sprintf("location %s %s%s: %s", l.Resource, l.Node, ways(l.Any), points(l.Score))] = l.Role
		}
	}
	for _, c := range d.Colocations() {
		all[fmt.Sprintf("colocation %s %s", c.Resource, c.With)] = fmt.Sprintf("%s %s %d", c.Role, c.WithRole, c.Score)
	}
	for _, o := range d.Orders() {
		all[fmt.Sprintf("order %s %s, %s %s", o.FirstAction, o.First, o.ThenAction, o.Then)] = fmt.Sprintf("%s %v", o.Kind, o.Symmetrical)
	}
	for _, l := range d.Levels() {
		all[fmt.Sprintf("fencing %s level %s", l.Target, l.Index)] = strings.Join(l.Devices, ",")
	}
	for _, path := range d.Alerts() {
		all["alert "+path] = ""
	}
	return all
}

// newMeta are today's names of meta-attributes.
var newMeta = map[string]string{"master-max": "promoted-max", "master-node-max": "promoted-node-max"}

// role leaves out the one that says nothing.
func role(name string) string {
	if name == "Started" {
		return ""
	}
	return name
}

func points(score int) string {
	switch score {
	case definition.Infinity:
		return "INFINITY"
	case -definition.Infinity:
		return "-INFINITY"
	}
	return strconv.Itoa(score)
}

// ways is what a rule asks for, in an order of its own.
func ways(any [][]definition.Expression) string {
	alternatives := map[string]bool{}
	for _, way := range any {
		var parts []string
		for _, e := range way {
			parts = append(parts, strings.TrimSpace(e.Operation+" "+e.Attribute+" "+e.Value))
		}
		slices.Sort(parts)
		alternatives[strings.Join(parts, " and ")] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(alternatives)), " or ")
}
