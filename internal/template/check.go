package template

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"pgrex/internal/message"
)

var (
	nodeName = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$`)
	nicName  = regexp.MustCompile(`^[A-Za-z0-9._@-]{1,15}$`)
	roleName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)
	// Paths become words of shell commands and of lists.
	plainPath = regexp.MustCompile(`^/[A-Za-z0-9._/+@:-]+$`)
	agentName = regexp.MustCompile(`^ocf:[A-Za-z0-9_-]+:pgsql$`)
)

// Check finds everything that is wrong with the values. Options are named as
// the command has them.
func (s Site) Check() []*message.Failure {
	c := &checker{seen: map[netip.Addr]string{}}
	c.nodes(s.Nodes)
	c.address("vip-master", s.Primary)
	c.address("vip-rep", s.Replication)
	if s.Standby != "" {
		c.address("vip-slave", s.Standby)
	}
	c.address("gateway", s.Gateway)
	c.match("nic", s.ServiceNIC, nicName, message.TPL022)
	c.match("rep-nic", s.ReplicationNIC, nicName, message.TPL022)
	c.number("netmask", s.Netmask, s.prefixBits())
	c.number("port", s.Port, 65535)
	for _, p := range []struct{ option, path string }{
		{"os-disk", s.SystemDisk}, {"data-disk", s.DataDisk}, {"pgdata", s.PGData}, {"archive", s.Archive}, {"bin-dir", s.BinDir},
	} {
		c.match(p.option, p.path, plainPath, message.TPL003)
	}
	c.match("repuser", s.RepUser, roleName, message.TPL023)
	c.match("agent", s.Agent, agentName, message.TPL024)
	if s.Pcsgen && s.old() {
		c.fail(message.Fail(message.TPL025))
	}
	if s.Fencing {
		c.fencing(s)
	}
	return c.failures
}

type checker struct {
	seen     map[netip.Addr]string
	failures []*message.Failure
}

func (c *checker) fail(f *message.Failure) { c.failures = append(c.failures, f) }

func (c *checker) match(option, value string, form *regexp.Regexp, id message.ID) {
	if !form.MatchString(value) {
		c.fail(message.Fail(id, "opt", option, "value", value))
	}
}

func (c *checker) nodes(nodes []Node) {
	if len(nodes) != 2 {
		c.fail(message.Fail(message.TPL001, "count", len(nodes)))
		return
	}
	for _, n := range nodes {
		if !nodeName.MatchString(n.Name) {
			c.fail(message.Fail(message.TPL002, "name", n.Name))
		}
	}
	if nodes[0].Name == nodes[1].Name {
		c.fail(message.Fail(message.TPL004, "name", nodes[0].Name))
	}
}

// address takes an address that nobody else may have.
func (c *checker) address(option, value string) {
	ip, err := netip.ParseAddr(value)
	if err != nil || ip.Zone() != "" {
		c.fail(message.Fail(message.TPL005, "opt", option, "value", value))
		return
	}
	if other, there := c.seen[ip]; there {
		c.fail(message.Fail(message.TPL006, "a", other, "b", option, "ip", ip))
		return
	}
	c.seen[ip] = option
}

func (s Site) prefixBits() int {
	if ip, err := netip.ParseAddr(s.Primary); err == nil && ip.Is6() {
		return 128
	}
	return 32
}

func (c *checker) number(option, value string, most int) {
	if n, err := strconv.Atoi(value); err != nil || n < 1 || n > most || strconv.Itoa(n) != value {
		c.fail(message.Fail(message.TPL007, "opt", option, "value", value, "most", most))
	}
}

// fencing looks at what only devices have. The nodes' own addresses are in the
// sheet of Pacemaker 1.1 only.
func (c *checker) fencing(s Site) {
	for _, n := range s.Nodes {
		c.address("bmc "+n.Name, n.BMC)
		if s.old() {
			for _, a := range n.Addresses {
				c.address("addresses "+n.Name, a)
			}
		}
		if n.BMCPassword != "" && !printable(n.BMCPassword) {
			c.fail(message.Fail(message.TPL008, "what", "password "+n.Name))
		}
	}
	if s.BMCUser == "" || !printable(s.BMCUser) {
		c.fail(message.Fail(message.TPL008, "what", "bmc-user"))
	}
	if s.Kdump && s.old() {
		c.fail(message.Fail(message.TPL009))
	}
}

// printable says whether a text goes through a sheet unchanged: blanks at the
// ends would be taken away.
func printable(s string) bool {
	return strings.TrimSpace(s) == s && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
