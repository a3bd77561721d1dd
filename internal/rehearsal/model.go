// Package rehearsal plays failures on a cluster definition: what Pacemaker's
// own scheduler would do when a node is lost, a server or an address fails, the
// gateway is out of reach. It works on copies; no cluster is touched.
//
// The scheduler is Pacemaker's, run as crm_simulate. The agent, which changes
// node attributes when roles change, is played here. What is said about the
// results in words belongs to operation.
package rehearsal

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgrex/internal/crm"
	"pgrex/internal/definition"
)

// Model is what a definition is made of, found by what things are and not by
// what they are called.
type Model struct {
	Nodes     []string // the first one is taken for the primary where none runs
	Primitive string   // PostgreSQL
	Clone     string   // the promotable clone that it lies in
	Fencing   bool
	// Delay says that the node with the primary fences first
	// (priority-fencing-delay).
	Delay     bool
	Addresses []Address
	Watched   []Watched

	monitors map[string]string // intervals in ms, by role: "Promoted", ""
	byID     map[string]crm.Definition
}

// Use is what a virtual IP is for.
type Use string

// The uses of virtual IPs.
const (
	ForPrimary     Use = "primary"     // clients of the primary
	ForReplication Use = "replication" // standbys, by the parameter master_ip
	ForStandby     Use = "standby"     // clients that read
	ForOther       Use = "other"
)

// Address is a virtual IP.
type Address struct {
	ID, IP string
	Use    Use
}

// Watched is a node attribute that an agent keeps, and that decides where
// PostgreSQL may run.
type Watched struct {
	Name      string
	Disk      bool // else the gateway
	Good, Bad string
}

// ErrUnsuitable says that a definition is none of PG-REX.
var ErrUnsuitable = errors.New("this is no definition of PG-REX")

// FindModel finds the parts of a definition. nodes are those of the cluster,
// where there is one; else node_list names them. An error says what is missing.
func FindModel(primitives []crm.Definition, nodes []string, configuration *definition.Element) (Model, error) {
	delay, _ := milliseconds(property(configuration, "priority-fencing-delay"))
	m := Model{Delay: delay > 0, byID: map[string]crm.Definition{}, monitors: map[string]string{}, Fencing: fencing(configuration)}
	for _, d := range primitives {
		m.byID[d.Resource] = d
		if d.Type == "pgsql" && d.Promotable && m.Primitive == "" {
			m.Primitive, m.Clone = d.Resource, d.Clone
		}
		if w, ok := watched(d); ok {
			m.Watched = append(m.Watched, w)
		}
	}
	if m.Primitive == "" {
		return Model{}, fmt.Errorf("%w: there is no primitive of type pgsql in a promotable clone", ErrUnsuitable)
	}
	db := m.byID[m.Primitive]
	if m.Nodes = nodes; len(m.Nodes) < 2 {
		m.Nodes = strings.Fields(strings.ToLower(db.Params["node_list"]))
	}
	if len(m.Nodes) < 2 {
		return Model{}, fmt.Errorf("%w: it names fewer than two nodes", ErrUnsuitable)
	}
	for _, op := range db.Operations {
		if ms, ok := milliseconds(op.Interval); ok && op.Name == "monitor" && ms > 0 {
			role := ""
			if op.Role == crm.Promoted {
				role = crm.Promoted
			}
			m.monitors[role] = strconv.FormatInt(ms, 10)
		}
	}
	m.Addresses = m.addresses(primitives, configuration)
	return m, nil
}

// property is a property of the cluster under any of its names, "" where it is
// not set.
func property(configuration *definition.Element, names ...string) (value string) {
	configuration.Section("crm_config").Each(func(e *definition.Element) {
		if e.Name() == "nvpair" && slices.Contains(names, e.Attr("name")) && value == "" {
			value = e.Attr("value")
		}
	})
	return value
}

// fencing is stonith-enabled as Pacemaker takes it: on unless it is said otherwise.
func fencing(configuration *definition.Element) bool {
	value := property(configuration, "stonith-enabled", "fencing-enabled")
	return value == "" || slices.Contains([]string{"true", "yes", "on", "y", "1"}, strings.ToLower(value))
}

// watched is the attribute of a primitive that watches something.
func watched(d crm.Definition) (Watched, bool) {
	name := d.Params["name"]
	switch d.Type {
	case "ping", "pingd":
		if name == "" {
			name = "pingd"
		}
		each, err := strconv.Atoi(d.Params["multiplier"])
		if err != nil {
			each = 1
		}
		hosts := max(1, len(strings.Fields(d.Params["host_list"])))
		return Watched{Name: name, Good: strconv.Itoa(each * hosts), Bad: "0"}, true
	case "diskd":
		if name == "" {
			name = "diskd"
		}
		return Watched{Name: name, Disk: true, Good: "normal", Bad: "ERROR"}, true
	case "storage-mon":
		return Watched{Name: "#health-storage-mon", Disk: true, Good: "green", Bad: "red"}, true
	}
	return Watched{}, false
}

// addresses are the virtual IPs. Those of the primary are held together with
// the promoted role, that of the standby goes by the agent's status.
func (m Model) addresses(primitives []crm.Definition, configuration *definition.Element) []Address {
	withPrimary, byStatus := map[string]bool{}, map[string]bool{}
	constraints := configuration.Section("constraints")
	for _, c := range constraints.Named("rsc_colocation") {
		if c.Attr("with-rsc") == m.Clone && promotedRole(c.Attr("with-rsc-role")) {
			withPrimary[c.Attr("rsc")] = true
		}
	}
	for _, c := range constraints.Named("rsc_location") {
		c.Each(func(e *definition.Element) {
			if e.Attr("attribute") == m.Primitive+"-status" {
				byStatus[c.Attr("rsc")] = true
			}
		})
	}
	for _, g := range configuration.Section("resources").Named("group") {
		for _, member := range g.Named("primitive") {
			id := member.Attr("id")
			withPrimary[id] = withPrimary[id] || withPrimary[g.Attr("id")]
			byStatus[id] = byStatus[id] || byStatus[g.Attr("id")]
		}
	}
	var list []Address
	for _, d := range primitives {
		if !strings.HasPrefix(d.Type, "IPaddr") && !strings.HasPrefix(d.Type, "IPv6addr") {
			continue
		}
		a := Address{ID: d.Resource, IP: d.Params["ip"], Use: ForOther}
		if a.IP == "" {
			a.IP = d.Params["ipv6addr"]
		}
		switch {
		case a.IP != "" && a.IP == m.byID[m.Primitive].Params["master_ip"]:
			a.Use = ForReplication
		case withPrimary[a.ID]:
			a.Use = ForPrimary
		case byStatus[a.ID]:
			a.Use = ForStandby
		}
		list = append(list, a)
	}
	return list
}

func promotedRole(role string) bool { return role == "Promoted" || role == "Master" }

// monitor is the interval of a primitive's monitor in milliseconds.
func (m Model) monitor(resource string) string {
	for _, op := range m.byID[resource].Operations {
		if ms, ok := milliseconds(op.Interval); ok && op.Name == "monitor" && ms > 0 {
			return strconv.FormatInt(ms, 10)
		}
	}
	return "10000"
}

// monitorOf is that of PostgreSQL in a role.
func (m Model) monitorOf(role string) string {
	if ms, ok := m.monitors[role]; ok {
		return ms
	}
	return "10000"
}

var duration = regexp.MustCompile(`^([0-9]+) *(|s|sec|ms|msec|m|min|h|hr)$`)

// milliseconds reads an interval as Pacemaker does: a number alone is seconds.
func milliseconds(text string) (int64, bool) {
	parts := duration.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(parts[1], 10, 64)
	unit := map[string]time.Duration{"": time.Second, "s": time.Second, "sec": time.Second, "ms": time.Millisecond, "msec": time.Millisecond,
		"m": time.Minute, "min": time.Minute, "h": time.Hour, "hr": time.Hour}[parts[2]]
	return n * unit.Milliseconds(), err == nil
}
