package doctor

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgrex/internal/conf"
	"pgrex/internal/crm"
	"pgrex/internal/message"
)

// Each check of the operating system finds its one thing, with its severity,
// and no other check does.
//
// Conformance: CD-059 (unit)
func TestBrokenSystem(t *testing.T) {
	t.Parallel()
	showBroken(t, brokenSystem())
}

func brokenSystem() []broken {
	clock := func(ahead time.Duration) func(c *Case) {
		return func(c *Case) { c.Clock = Found(Clock{Ahead: ahead, Unsure: 10 * time.Millisecond}) }
	}
	unit := func(node int, name, state string) func(c *Case) {
		return system(node, func(s *System) { s.Units[name] = Found(state) })
	}
	otherLibraries := system(1, func(s *System) { s.Libraries = Found(Libraries{C: "glibc 2.41", ICU: "libicui18n.so.76"}) })
	return []broken{
		{"no fail_fast", "DR-80", Warning, "node02", system(1, func(s *System) { delete(s.Pacemaker.Environment.Value, "PCMK_fail_fast") })},
		{"fail_fast=no", "DR-80", Warning, "node01", system(0, func(s *System) { s.Pacemaker.Environment.Value["PCMK_fail_fast"] = "no" })},
		{"pacemaker at boot", "DR-81", Warning, "node01", unit(0, "pacemaker", "enabled")},
		{"corosync at boot", "DR-81", Warning, "node02", unit(1, "corosync", "enabled-runtime")},
		{"corosync.conf differs", "DR-82", Error, "", system(1, func(s *System) { s.Corosync.Conf.Value.Sum = "other" })},
		{"the key differs", "DR-82", Error, "", system(1, func(s *System) { s.Corosync.Key.Sum = "other" })},
		{"the key may be read", "DR-82", Error, "node02", system(1, func(s *System) { s.Corosync.Key.Mode = 0o444 })},
		{"no key", "DR-82", Error, "node02", system(1, func(s *System) { s.Corosync.Key = File{} })},
		{"a host name with capitals", "DR-83", Error, "node02", system(1, func(s *System) { s.Host.Name = "Node02" })},
		{"the other node is not resolved", "DR-83", Error, "node01", system(0, func(s *System) { s.Resolved["node02"] = Found([]netip.Addr{}) })},
		{"the own name is 127.0.1.1", "DR-83", Error, "node01", system(0, func(s *System) {
			s.Resolved["node01"] = Found([]netip.Addr{netip.MustParseAddr("127.0.1.1")})
		})},
		{"clocks apart", "DR-84", Warning, "", clock(-1500 * time.Millisecond)},
		{"clocks far apart", "DR-84", Error, "", clock(2 * time.Minute)},
		{"no time service", "DR-84", Warning, "node02", system(1, func(s *System) { s.Clocks = nil })},
		{"no login from the peer", "DR-85", Error, "node02", system(1, func(s *System) {
			s.Login = Found("root@192.168.2.1: Permission denied (publickey).")
		})},
		{"a firewall before PostgreSQL", "DR-86", Error, "node01", system(0, func(s *System) { s.Connected[5432] = Found(Reach{TimedOut: true}) })},
		{"a firewall before pcsd", "DR-86", Error, "node02", both(system(1, func(s *System) { s.Connected[pcsdPort] = Found(Reach{Refused: true}) }), system(0, func(s *System) {
			s.Listening.Value = append(s.Listening.Value, netip.MustParseAddrPort("[::]:2224"))
		}))},
		{"a firewall before ping", "DR-86", Error, "node01", system(0, func(s *System) { s.Pinged["192.168.2.2"] = Found(false) })},
		{"the power key shuts down", "DR-87", Warning, "node02", system(1, func(s *System) { s.PowerKey = Found("poweroff") })},
		{"no pg_rewind on the standby", "DR-88", Error, "node02", system(1, func(s *System) { delete(s.Files, "/usr/lib/postgresql/15/bin/pg_rewind") })},
		{"no ping", "DR-88", Error, "node01", system(0, func(s *System) { delete(s.Programs, "ping") })},
		{"another architecture", "DR-89", Error, "", system(1, func(s *System) { s.Host.Machine = "aarch64" })},
		{"another page size", "DR-89", Error, "", system(1, func(s *System) { s.Host.PageSize = 65536 })},
		{"another C library below a locale", "DR-89", Critical, "", both(otherLibraries, system(0, func(s *System) { s.Locales = Found([]string{"C", "ja_JP.UTF-8"}) }))},
		{"too few huge pages on the standby", "DR-90", Warning, "node02", both(set(1, "huge_pages", "on"), set(1, "shared_memory_size", "1024"), system(1, func(s *System) { s.Memory.Value.HugePages = 512 << 20 }))},
		{"more buffers than memory", "DR-90", Warning, "node02", both(set(1, "shared_buffers", "4GB"), system(1, func(s *System) { s.Memory.Value.Total = 2 << 30 }))},
		{"more buffers than the kernel gives out", "DR-90", Warning, "node01", both(set(0, "shared_buffers", "524288"), system(0, func(s *System) { s.Memory.Value.Overcommit, s.Memory.Value.CommitLimit = 2, 3<<30 }))},
		{"too little System V memory", "DR-90", Warning, "node01", both(set(0, "shared_memory_type", "sysv"), system(0, func(s *System) { s.Memory.Value.SharedMax = 32 << 20 }))},
		{"no watchdog for sbd", "DR-91", Error, "node01", unit(0, "sbd", "enabled")},
	}
}

// set changes a setting of the server of a node.
func set(node int, name, value string) func(c *Case) {
	return func(c *Case) {
		c.Nodes[node].Facts.Value.Server.Settings.Value[name] = Setting{Value: value, Where: "default"}
	}
}

// What is well, or only worth a notice, although something is not as usual.
func TestSystemIsWell(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		by   func(c *Case)
	}{
		{"other libraries with the locale C", system(1, func(s *System) { s.Libraries = Found(Libraries{C: "glibc 2.41"}) })},
		{"the clocks of containers are the machine's", system(1, func(s *System) { s.Clocks, s.Host.Container = nil, true })},
		{"the power key of a container is the machine's", system(1, func(s *System) { s.PowerKey, s.Host.Container = Found("poweroff"), true })},
		{"the power key without such a device", both(redefine("fence_ipmilan", "fence_aws", "fence_kdump", "fence_sbd"), func(c *Case) {
			for i := range c.Nodes {
				f := &c.Nodes[i].Facts.Value.System
				f.PowerKey = Found("poweroff")
				f.Files["/usr/sbin/fence_aws"], f.Files["/usr/sbin/fence_sbd"] = File{Executable: true}, File{Executable: true}
			}
		})},
		{"a password for the tools instead of a key", both(system(1, func(s *System) { s.Login = Found("Permission denied") }), func(c *Case) { c.Conf.Value.PeerPass.Mode = conf.PassFile })},
		{"a clock that was hard to ask", func(c *Case) { c.Clock = Found(Clock{Ahead: 3 * time.Second, Unsure: 2500 * time.Millisecond}) }},
		{"no key without encryption", both(system(0, func(s *System) {
			s.Corosync.Key = File{}
			delete(s.Corosync.Conf.Value.Settings, "totem/crypto_cipher")
		}),
			system(1, func(s *System) { s.Corosync.Key = File{} }), func(c *Case) {
				for i := range c.Nodes {
					delete(c.Nodes[i].Facts.Value.System.Corosync.Conf.Value.Settings, "totem/crypto_cipher")
					delete(c.Nodes[i].Facts.Value.System.Corosync.Conf.Value.Settings, "totem/crypto_hash")
				}
			})},
		{"sbd with its watchdog", system(0, func(s *System) { s.Units["sbd"] = Found("enabled"); s.Pacemaker.Watchdog.Present = true })},
		{"the other node answers for its address", system(0, func(s *System) { s.Answering["192.168.0.20"] = Found([]string{"52:54:00:00:02:01"}) })},
		{"a file with other names, still to be loaded", func(c *Case) {
			c.Conf.Value.Fencing.IDs, c.Conf.Value.PrimaryIP.IDs = nil, nil
			c.Definition = Found(Definition{Definition: edited("fence1-ipmi", "ipmi1", "fence2-ipmi", "ipmi2", "vip-master", "vip-primary"), Source: "new.crm"})
		}},
		{"no logs of Pacemaker", system(0, func(s *System) { s.Logs = Logs{} })},
		{"logs that are not rotated", system(0, func(s *System) { s.Logs.Rotated = false })},
		{"no disk below a file system", system(0, func(s *System) { s.Places["/"] = Found(Place{Type: "tmpfs", Exists: true}) })},
	} {
		c := healthy(t)
		tt.by(c)
		r := Examine(travelled(t, c))
		for _, l := range what(r) {
			t.Errorf("%s: %s", tt.name, l)
		}
		for _, f := range r.Findings {
			complete(t, f)
		}
	}
}

// What is only worth a notice is found as one.
//
// Conformance: CD-059 (unit)
func TestNotices(t *testing.T) {
	t.Parallel()
	showBroken(t, onlyNoticed())
}

func onlyNoticed() []broken {
	return []broken{
		{"no directory", "DR-92", Notice, "node02", system(1, func(s *System) { s.Logs = Logs{} })},
		{"no rotation", "DR-92", Notice, "node01", system(0, func(s *System) { s.Logs.Rotated = false })},
		{"one target", "DR-61", Notice, "", func(*Case) {}},
		{"another file", "DR-73", Notice, "", func(c *Case) {
			c.Definition.Value.Definition, c.Definition.Value.Source = edited("interval=9s", "interval=7s"), "pgrex.crm"
		}},
	}
}

// With the peer off, and with the cluster or the server stopped, what cannot be
// found out is not known, and what can is still found out.
//
// Conformance: CD-061 (unit)
func TestWhatCannotBeSeen(t *testing.T) {
	t.Parallel()
	stopped := func(c *Case) {
		c.Cluster = Missing[crm.Overview](message.DRU002)
		for i := range c.Nodes {
			s := &c.Nodes[i].Facts.Value.System
			s.Corosync.Running = false
			s.Corosync.Links, s.Corosync.Quorum = Missing[[]Link](message.DRU069), Missing[Quorum](message.DRU069)
			list := slices.Clone(s.Interfaces.Value)
			list[bond0].Prefixes, list[bond1].Prefixes = list[bond0].Prefixes[:1], list[bond1].Prefixes[:1]
			s.Interfaces.Value = list
		}
	}
	off := func(c *Case) {
		c.Nodes[1].Facts = Missing[Facts](message.DRU003, "node", "node02", "err", "no route to host")
		c.Clock = Fact[Clock]{}
		s := &c.Nodes[0].Facts.Value.System
		s.Pinged["192.168.2.2"], s.Login = Found(false), Found("No route to host")
	}
	for _, tt := range []struct {
		name    string
		by      func(c *Case)
		unknown []string
	}{
		{"Pacemaker stopped", stopped, []string{"DR-52", "DR-67", "DR-68", "DR-69"}},
		{"PostgreSQL stopped on the standby", system(1, func(s *System) {
			s.Listening.Value = s.Listening.Value[:2]
			s.Locales = Missing[[]string](message.DRU001)
		}), []string{"DR-86"}},
		{"the peer off", off, []string{"DR-56", "DR-58", "DR-59", "DR-61", "DR-63", "DR-64", "DR-65", "DR-69", "DR-75", "DR-76",
			"DR-80", "DR-81", "DR-82", "DR-83", "DR-84", "DR-85", "DR-86", "DR-87", "DR-88", "DR-89", "DR-90", "DR-91", "DR-92"}},
		{"this node only", func(c *Case) { c.Nodes = c.Nodes[:1] }, nil},
		{"no definition", func(c *Case) {
			c.Definition = Missing[Definition](message.DRU007, "err", "none")
			c.Running, c.Database = c.Definition, Missing[Database](message.DRU007, "err", "none")
		}, []string{"DR-50", "DR-51", "DR-52", "DR-53", "DR-54", "DR-55", "DR-56", "DR-57", "DR-58", "DR-59", "DR-60", "DR-61", "DR-62", "DR-63", "DR-64",
			"DR-65", "DR-66", "DR-67", "DR-68", "DR-70", "DR-71", "DR-72", "DR-73", "DR-74", "DR-75", "DR-76", "DR-87"}},
		{"no arping", system(0, func(s *System) { s.Answering["192.168.0.20"] = Missing[[]string](message.DRU059) }), []string{"DR-59"}},
		{"no configuration of the tools", func(c *Case) { c.Conf = Missing[conf.Config](message.DRU008, "path", "/etc/pg-rex_tools.conf") }, []string{"DR-76"}},
	} {
		c := healthy(t)
		tt.by(c)
		var unknown []string
		for _, f := range Examine(travelled(t, c)).Findings {
			complete(t, f)
			switch {
			case f.Check < "DR-50":
			case f.State == Unknown:
				unknown = append(unknown, f.Check)
			case rank[f.State] > rank[Notice]:
				t.Errorf("%s: %s", tt.name, line(f))
			}
		}
		slices.Sort(unknown)
		if unknown = slices.Compact(unknown); !slices.Equal(unknown, tt.unknown) {
			t.Errorf("%s: not known %v, want %v", tt.name, unknown, tt.unknown)
		}
	}
}
