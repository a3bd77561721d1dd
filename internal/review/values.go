package review

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgrex/internal/definition"
	"pgrex/internal/message"
)

// attributes is W078: a rule on an attribute that nobody keeps bans for ever,
// or never.
func (c *checker) attributes() {
	kept := map[string]bool{}
	for _, r := range c.resources {
		kept[attributeOf(r)] = true
	}
	for _, suffix := range []string{"-status", "-data-status", "-master-baseline", "-xlog-loc"} {
		kept[c.Server.ID+suffix] = true
	}
	kept["master-"+c.Server.ID] = true
	for _, attributes := range c.d.NodeAttributes() {
		for name := range attributes {
			kept[name] = true
		}
	}
	// Those of Pacemaker itself.
	for _, name := range []string{"#uname", "#id", "#kind", "#is_dc", "#ra-version", "#site-name", "#cluster-name"} {
		kept[name] = true
	}
	told := map[string]bool{}
	for _, l := range c.locations {
		for _, way := range l.Any {
			for _, e := range way {
				if e.Operation != "" && !kept[e.Attribute] && !told[l.ID+" "+e.Attribute] {
					told[l.ID+" "+e.Attribute] = true
					c.add("W078", message.REV781, []string{l.ID, l.Resource}, "id", l.ID, "rsc", l.Resource, "attribute", e.Attribute)
				}
			}
		}
	}
}

// advice are the time-outs that the agents' meta-data advise, in seconds, by
// type and operation.
var advice = map[string]map[string]int{
	"pgsql":       {"start": 120, "stop": 120, "monitor": 30, "promote": 120, "demote": 120, "notify": 90},
	"IPaddr2":     {"start": 20, "stop": 20, "monitor": 20},
	"ping":        {"start": 60, "stop": 20, "monitor": 60},
	"storage-mon": {"start": 10, "stop": 120, "monitor": 120},
}

// notifyOfOld is what PG-REX of Pacemaker 1.1 has for notify.
const notifyOfOld = 60

// timeouts is the first half of W079.
func (c *checker) timeouts() {
	for _, r := range c.resources {
		if r.Class != "ocf" || advice[r.Type] == nil {
			continue
		}
		for _, op := range slices.Sorted(maps.Keys(advice[r.Type])) {
			want := advice[r.Type][op]
			if op == "notify" && c.o.Generation == Pacemaker1 {
				want = notifyOfOld
			}
			for _, timeout := range c.timeoutsOf(r, op) {
				if d, ok := duration(timeout); ok && d < time.Duration(want)*time.Second {
					c.add("W079", message.REV791, []string{r.ID}, "id", r.ID, "op", op, "timeout", timeout, "advice", strconv.Itoa(want)+"s")
				}
			}
		}
	}
}

// timeoutsOf are the time-outs of all operations of a name. Where one is not
// written, the default holds, at last Pacemaker's 20 s. An instance that is
// not in a promotable clone is neither promoted nor demoted; no monitor at all
// means that there is none.
func (c *checker) timeoutsOf(r definition.Resource, name string) []string {
	otherwise := orDefault(c.d.OperationDefault("timeout"), "20s")
	var list []string
	for _, op := range r.Operations {
		if op.Name == name {
			list = append(list, orDefault(op.Timeout, otherwise))
		}
	}
	always := slices.Contains([]string{"start", "stop"}, name) ||
		c.byID[c.top(r.ID)].Promotable && slices.Contains([]string{"promote", "demote", "notify"}, name)
	if len(list) == 0 && always {
		list = []string{otherwise}
	}
	return list
}

// duration reads a time as Pacemaker does: a number is of seconds.
func duration(text string) (time.Duration, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz ")
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil {
		return 0, false
	}
	units := map[string]time.Duration{
		"": time.Second, "s": time.Second, "sec": time.Second, "ms": time.Millisecond, "msec": time.Millisecond,
		"us": time.Microsecond, "usec": time.Microsecond, "m": time.Minute, "min": time.Minute, "h": time.Hour, "hr": time.Hour,
	}
	unit, ok := units[strings.TrimSpace(text[len(digits):])]
	return time.Duration(n) * unit, ok
}

// reachable is the second half of W079: where even all targets together give
// less than a rule asks for, PostgreSQL runs nowhere.
func (c *checker) reachable() {
	for _, m := range c.Gateways {
		multiplier, err := strconv.Atoi(limit(m))
		hosts := len(strings.Fields(m.Resource.Params["host_list"]))
		if err != nil || hosts == 0 {
			continue
		}
		most := multiplier * hosts
		for _, way := range c.banned(c.Clone) {
			for _, e := range way {
				value, err := strconv.Atoi(e.Value)
				if err != nil || e.Attribute != m.Attribute {
					continue
				}
				if e.Operation == "lt" && most < value || e.Operation == "lte" && most <= value {
					c.add("W079", message.REV792, []string{m.Resource.ID}, "id", m.Resource.ID, "attribute", m.Attribute, "most", most, "limit", e.Value)
				}
			}
		}
	}
}

// uniqueAddresses is W081.
func (c *checker) uniqueAddresses() {
	seen := map[netip.Addr]string{}
	for _, r := range c.resources {
		ip, err := netip.ParseAddr(strings.TrimSpace(r.Params["ip"]))
		if !isAddress(r) || err != nil {
			continue
		}
		if other, there := seen[ip]; there {
			c.add("W081", message.REV811, []string{other, r.ID}, "a", other, "b", r.ID, "ip", ip)
			continue
		}
		seen[ip] = r.ID
		for _, node := range slices.Sorted(maps.Keys(c.o.Addresses)) {
			if slices.Contains(c.o.Addresses[node], ip) {
				c.add("W081", message.REV812, []string{r.ID, node}, "id", r.ID, "ip", ip, "node", node)
			}
		}
	}
}

// placeholders is W082. Values are not shown: they may be passwords.
func (c *checker) placeholders() {
	properties := c.d.Properties()
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		c.placeholder("property", name, properties[name])
	}
	for _, r := range c.resources {
		for _, values := range []map[string]string{r.Params, r.Meta} {
			for _, name := range slices.Sorted(maps.Keys(values)) {
				c.placeholder(r.ID, name, values[name])
				if IsSecret(name) && strings.TrimSpace(values[name]) == "" {
					c.add("W082", message.REV822, []string{r.ID}, "id", r.ID, "name", name)
				}
			}
		}
	}
	for _, l := range c.locations {
		c.placeholder(l.ID, "node", l.Node)
		for _, way := range l.Any {
			for _, e := range way {
				c.placeholder(l.ID, e.Attribute, e.Value)
			}
		}
	}
}

// leftovers are what sheets and templates have where a site has to put its own.
var leftovers = []string{"xxx", "{{", Placeholder, "changeme"}

// Placeholder stands for a password that nobody has given yet.
const Placeholder = "change-me"

func (c *checker) placeholder(id, name, value string) {
	for _, p := range leftovers {
		if strings.Contains(strings.ToLower(value), p) {
			c.add("W082", message.REV821, []string{id}, "id", id, "name", name, "text", p)
			return
		}
	}
}

// IsSecret says whether a parameter of that name is a password.
func IsSecret(name string) bool {
	return name == "password" || name == "passwd" || strings.HasSuffix(name, "_password") || strings.HasSuffix(name, "_passwd")
}
