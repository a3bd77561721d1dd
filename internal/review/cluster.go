package review

import (
	"net/netip"
	"slices"
	"strings"

	"pgrex/internal/definition"
)

// Cluster is who is who in a definition of PG-REX. Parts are known by what they
// are and do, never by their ids, which every site chooses.
type Cluster struct {
	// Server is PostgreSQL, and Clone the promotable clone around it: the id of
	// what it lies in when that is none, its own when it lies in nothing.
	Server definition.Resource
	Clone  string
	// Group is what runs at the primary: the addresses of primary and
	// replication. "" where there is none.
	Group string
	// Primary are the addresses for clients in the group, Replication the one
	// that is master_ip. Standby are the addresses for reading clients.
	Primary, Replication, Standby []definition.Resource
	// Gateways and Disks check the node and keep an attribute of it.
	Gateways, Disks []Monitor
	Devices         []Device
	// Nodes are the names in node_list.
	Nodes []string
	// Fencing says whether STONITH is enabled, which it is unless it is said otherwise.
	Fencing bool
}

// Monitor is a resource that checks a node.
type Monitor struct {
	Resource  definition.Resource
	Top       string // the outermost resource that it lies in, its own id for none
	Attribute string // what it keeps
}

// Device is a fencing device.
type Device struct {
	Resource definition.Resource
	// Targets are the nodes that it can fence. Empty means that the device is
	// asked, and Pacemaker counts on it for any node.
	Targets []string
	// Helper says that it cuts no power itself, so that another device is needed.
	Helper bool
}

// index makes questions about a definition short.
type index struct {
	d         definition.Definition
	resources []definition.Resource
	byID      map[string]definition.Resource
	locations []definition.Location
}

func newIndex(d definition.Definition) index {
	x := index{d: d, resources: d.Resources(), byID: map[string]definition.Resource{}, locations: d.Locations()}
	for _, r := range x.resources {
		x.byID[r.ID] = r
	}
	return x
}

// chain are the ids of a resource and of all that it lies in, outwards.
func (x index) chain(id string) []string {
	var ids []string
	for id != "" {
		ids = append(ids, id)
		id = x.byID[id].Parent
	}
	return ids
}

// top is the outermost of them. XML may have a resource without an id.
func (x index) top(id string) string {
	for x.byID[id].Parent != "" {
		id = x.byID[id].Parent
	}
	return id
}

// Find finds the parts of PG-REX. It answers false for a definition that is
// none of PG-REX: without PostgreSQL, or with one that does not replicate.
func Find(d definition.Definition) (Cluster, bool) { return newIndex(d).cluster() }

func (x index) cluster() (Cluster, bool) {
	var c Cluster
	found := false
	for _, r := range x.resources {
		if r.Class != "ocf" || r.Type != "pgsql" {
			continue
		}
		promotable := x.byID[x.top(r.ID)].Promotable
		mode := r.Params["rep_mode"]
		if replicates := promotable || mode != "" && mode != "none"; replicates && (!found || promotable && !x.byID[c.Clone].Promotable) {
			c.Server, c.Clone, found = r, x.top(r.ID), true
		}
	}
	if !found {
		return c, false
	}
	c.Nodes = strings.Fields(c.Server.Params["node_list"])
	c.Fencing = fencing(x.d)
	c.Group = x.group(c)
	x.addresses(&c)
	for _, r := range x.resources {
		switch {
		case r.Class == "ocf" && (r.Type == "ping" || r.Type == "pingd"):
			c.Gateways = append(c.Gateways, x.monitor(r))
		case r.Class == "ocf" && (r.Type == "diskd" || r.Type == "storage-mon"):
			c.Disks = append(c.Disks, x.monitor(r))
		case r.Class == "stonith":
			c.Devices = append(c.Devices, device(r))
		}
	}
	return c, true
}

func fencing(d definition.Definition) bool {
	value, ok := d.Property("stonith-enabled")
	return !ok || isTrue(value)
}

// isTrue is Pacemaker's boolean.
func isTrue(s string) bool {
	return slices.Contains([]string{"true", "yes", "on", "y", "1"}, strings.ToLower(s))
}

func isAddress(r definition.Resource) bool {
	return r.Class == "ocf" && (r.Type == "IPaddr2" || r.Type == "IPaddr")
}

// group is what the definition keeps at the primary; where it says nothing of
// the kind, any group with addresses. Of several it is the one that master_ip
// lies in: others are the site's own.
func (x index) group(c Cluster) string {
	var bound, groups []string
	for _, col := range x.d.Colocations() {
		// Turned round, it is recognised all the same, and told as such.
		for _, pair := range [][2]string{{col.Resource, col.With}, {col.With, col.Resource}} {
			promoted := col.WithRole == "Promoted" || col.Role == "Promoted"
			if promoted && pair[1] == c.Clone && len(x.addressesIn(pair[0])) > 0 {
				bound = append(bound, pair[0])
			}
		}
	}
	for _, r := range x.resources {
		if r.Kind == "group" && len(x.addressesIn(r.ID)) > 0 {
			groups = append(groups, r.ID)
		}
	}
	for _, id := range append(slices.Clone(bound), groups...) {
		if slices.ContainsFunc(x.addressesIn(id), func(r definition.Resource) bool {
			return sameAddress(r.Params["ip"], c.Server.Params["master_ip"])
		}) {
			return id
		}
	}
	if all := append(bound, groups...); len(all) > 0 {
		return all[0]
	}
	return ""
}

// addressesIn are the addresses in a resource, or itself.
func (x index) addressesIn(id string) []definition.Resource {
	var list []definition.Resource
	for _, r := range x.resources {
		if isAddress(r) && slices.Contains(x.chain(r.ID), id) {
			list = append(list, r)
		}
	}
	return list
}

func (x index) addresses(c *Cluster) {
	var outside, placed []definition.Resource
	for _, r := range x.resources {
		switch {
		case !isAddress(r):
		case c.Group != "" && slices.Contains(x.chain(r.ID), c.Group):
			if sameAddress(r.Params["ip"], c.Server.Params["master_ip"]) {
				c.Replication = append(c.Replication, r)
			} else {
				c.Primary = append(c.Primary, r)
			}
		case !x.atPrimary(r.ID, c.Clone):
			outside = append(outside, r)
			if x.hasRule(r.ID, c.statusAttribute()) {
				placed = append(placed, r)
			}
		}
	}
	// One address outside of the group is that for readers. Of several, those
	// are that follow the state of PostgreSQL; others are the site's own.
	c.Standby = placed
	if len(placed) == 0 && len(outside) == 1 {
		c.Standby = outside
	}
}

// atPrimary says whether a resource is bound to the promoted instance.
func (x index) atPrimary(id, clone string) bool {
	return slices.ContainsFunc(x.d.Colocations(), func(c definition.Colocation) bool {
		return c.With == clone && c.WithRole == "Promoted" && slices.Contains(x.chain(id), c.Resource)
	})
}

func (x index) hasRule(id, attribute string) bool {
	for _, l := range x.locations {
		for _, way := range l.Any {
			for _, e := range way {
				if e.Attribute == attribute && slices.Contains(x.chain(id), l.Resource) {
					return true
				}
			}
		}
	}
	return false
}

// statusAttribute is where the agent says what PostgreSQL is on a node.
func (c Cluster) statusAttribute() string { return c.Server.ID + "-status" }

// sameAddress compares addresses in whatever form they are written.
func sameAddress(a, b string) bool {
	x, err1 := netip.ParseAddr(strings.TrimSpace(a))
	y, err2 := netip.ParseAddr(strings.TrimSpace(b))
	return err1 == nil && err2 == nil && x == y
}

func (x index) monitor(r definition.Resource) Monitor {
	return Monitor{Resource: r, Top: x.top(r.ID), Attribute: attributeOf(r)}
}

// attributeOf is the node attribute that a resource keeps, "" for none. The
// defaults are those of the agents.
func attributeOf(r definition.Resource) string {
	if r.Class != "ocf" {
		return ""
	}
	name := r.Params["name"]
	switch r.Type {
	case "ping", "pingd":
		return orDefault(name, "pingd")
	case "diskd":
		return orDefault(name, "diskd")
	case "attribute":
		return orDefault(name, "opa-"+r.ID)
	case "storage-mon":
		return "#health-" + r.ID
	case "HealthCPU":
		return "#health-cpu"
	case "HealthSMART":
		return "#health-smart"
	case "HealthIOWait":
		return "#health-iowait"
	}
	return ""
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// device reads the targets of a fencing device: those that Pacemaker is told,
// else those that the plug-ins of cluster-glue are.
func device(r definition.Resource) Device {
	d := Device{Resource: r, Helper: slices.Contains([]string{"external/stonith-helper", "fence_kdump"}, r.Type)}
	add := func(names ...string) {
		for _, n := range names {
			if n != "" && !slices.Contains(d.Targets, n) {
				d.Targets = append(d.Targets, n)
			}
		}
	}
	separators := func(r rune) bool { return strings.ContainsRune(" ,;\t", r) }
	add(strings.FieldsFunc(r.Params["pcmk_host_list"], separators)...)
	for _, pair := range strings.FieldsFunc(r.Params["pcmk_host_map"], separators) {
		node, _, _ := strings.Cut(pair, ":")
		add(node)
	}
	if len(d.Targets) == 0 && strings.HasPrefix(r.Type, "external/") {
		for _, name := range []string{"hostlist", "hostname"} {
			for _, host := range strings.FieldsFunc(r.Params[name], separators) {
				host, _, _ = strings.Cut(host, ":") // of external/libvirt
				add(host)
			}
		}
	}
	return d
}
