package doctor

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"pgrex/internal/conf"
	"pgrex/internal/crm"
)

func healthyConf() conf.Config {
	ids := func(key string, ids ...string) conf.ResourceIDs { return conf.ResourceIDs{Key: key, IDs: ids} }
	return conf.Config{ArchiveDir: "/dbfp/pgarch/arc1", Stonith: true, UseStandbyIP: true, PeerPass: conf.Pass{Mode: conf.NoPass},
		Promotable: ids("PG_REX_Primary_ResourceID", "msPostgresql"), Primitive: ids("PG_REX_Primitive_ResourceID", "pgsql"),
		PrimaryIP: ids("IPADDR_PRIMARY_ResourceID", "vip-master"), ReplicationIP: ids("IPADDR_REPLICATION_ResourceID", "vip-rep"),
		StandbyIP: ids("IPADDR_STANDBY_ResourceID", "vip-slave"), Ping: ids("PING_ResourceID", "clnPing"),
		StorageMon: ids("STORAGE_MON_ResourceID", "clnStorage"), Fencing: ids("STONITH_ResourceID", "fence1-ipmi", "fence2-ipmi"),
		SSHPort: 22}
}

// healthyOverview is a cluster in which all resources of the definition run,
// each where it belongs.
func healthyOverview(c *Case) crm.Overview {
	o := crm.Overview{DC: "node01", Version: "2.1.5-1", Quorate: true, Fencing: true, NoQuorumPolicy: "stop",
		Nodes:    []crm.NodeStatus{{Name: "node01", Online: true, AttrsKnown: true}, {Name: "node02", Online: true, AttrsKnown: true}},
		Fencings: []crm.Fencing{{Target: "node01", Action: "reboot", State: "success", Completed: time.Unix(1700000000, 0)}}}
	add := func(id, clone, role string, nodes ...string) {
		o.Resources = append(o.Resources, crm.Resource{ID: id, Clone: clone, Parents: given(clone), Role: role, Active: true, Managed: true, Nodes: nodes})
	}
	add("pgsql", "msPostgresql", crm.Promoted, "node01")
	add("pgsql", "msPostgresql", crm.Unpromoted, "node02")
	for _, r := range c.Definition.Value.Resources() {
		switch node := "node01"; {
		case r.Kind != "primitive" || r.ID == "pgsql":
		case r.ID == "prmPing" || r.ID == "storage-mon":
			add(r.ID, map[string]string{"prmPing": "clnPing", "storage-mon": "clnStorage"}[r.ID], "Started", "node01")
			add(r.ID, map[string]string{"prmPing": "clnPing", "storage-mon": "clnStorage"}[r.ID], "Started", "node02")
		default:
			if r.ID == "vip-slave" || strings.HasPrefix(r.ID, "fence1") {
				node = "node02"
			}
			add(r.ID, "", "Started", node)
		}
	}
	return o
}

// corosyncConfText is that of both nodes.
const corosyncConfText = `totem {
	version: 2
	cluster_name: pgrex
	transport: knet
	token: 1000
	crypto_cipher: aes256
	crypto_hash: sha256
}
nodelist {
	node {
		name: node01
		nodeid: 1
		ring0_addr: 192.168.1.1
		ring1_addr: 192.168.3.1
	}
	node {
		name: node02
		nodeid: 2
		ring0_addr: 192.168.1.2
		ring1_addr: 192.168.3.2
	}
}
quorum {
	provider: corosync_votequorum
	two_node: 1
}
`

// healthySystem are the facts of the node with an index beside its PostgreSQL.
func healthySystem(c *Case, i int) System {
	look := LookFor(c)
	name := fmt.Sprintf("node%02d", i+1)
	prefix := func(format string) netip.Prefix { return netip.MustParsePrefix(fmt.Sprintf(format, i+1)) }
	s := System{
		Host: Host{Name: name, Machine: "x86_64", PageSize: 4096},
		Resolved: map[string]Fact[[]netip.Addr]{
			"node01": Found([]netip.Addr{netip.MustParseAddr("192.168.2.1")}), "node02": Found([]netip.Addr{netip.MustParseAddr("192.168.2.2")}),
		},
		Pinged: map[string]Fact[bool]{}, Answering: map[string]Fact[[]string]{},
		Connected: map[int]Fact[Reach]{22: Found(Reach{}), 5432: Found(Reach{}), pcsdPort: Found(Reach{Refused: true})},
		Listening: Found([]netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:22"), netip.MustParseAddrPort("[::]:22"), netip.MustParseAddrPort("0.0.0.0:5432")}),
		Login:     Found(""),
		Devices:   map[string]Device{}, Places: map[string]Fact[Place]{}, Files: map[string]File{}, Users: map[string]bool{"postgres": true},
		Programs: map[string]bool{},
		Corosync: Corosync{Running: true, Version: "3.1.7", Key: File{Exists: true, Mode: 0o400, Sum: "k"},
			Conf:   Found(CorosyncConf{Sum: "c", Settings: corosyncSettings(corosyncConfText), Rings: conf.CorosyncRings([]byte(corosyncConfText)).Nodes}),
			Links:  Found([]Link{{ID: "0", Address: "192.168.1.1"}, {ID: "1", Address: "192.168.3.1"}}),
			Quorum: Found(Quorum{Quorate: true, Nodes: 2, Votes: 2, Expected: 2}),
			Token:  time.Second, Consensus: 1200 * time.Millisecond},
		Units: map[string]Fact[string]{"corosync": Found("disabled"), "pacemaker": Found("disabled"), "sbd": Found("not-found")},
		Pacemaker: PacemakerSetup{Version: "2.1.5", File: "/etc/default/pacemaker",
			Environment: Found(map[string]string{"PCMK_fail_fast": "yes"}), Watchdog: Watchdog{Device: "/dev/watchdog"}},
		PowerKey:  Found("ignore"),
		Clocks:    []string{"chronyd"},
		Memory:    Found(Memory{Total: 16 << 30, CommitLimit: 10 << 30, SharedMax: 1 << 62}),
		Logs:      Logs{Dir: File{Exists: true, Dir: true}, Rotated: true},
		Libraries: Found(Libraries{C: "glibc 2.36", ICU: "libicui18n.so.72"}),
		Locales:   Found([]string{"C"}),
	}
	hw := func(last string) string { return fmt.Sprintf("52:54:00:00:0%d:%s", i+1, last) }
	s.Interfaces = Found([]Interface{
		{Name: "lo", Prefixes: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8")}},
		{Name: "bond0", Hardware: hw("01"), Prefixes: []netip.Prefix{prefix("192.168.0.1%d/24")}},
		{Name: "bond1", Hardware: hw("02"), Prefixes: []netip.Prefix{prefix("192.168.2.%d/24")}},
		{Name: "eth4", Hardware: hw("03"), Prefixes: []netip.Prefix{prefix("192.168.1.%d/24")}},
		{Name: "eth5", Hardware: hw("04"), Prefixes: []netip.Prefix{prefix("192.168.3.%d/24")}},
	})
	bond0, bond1 := &s.Interfaces.Value[1], &s.Interfaces.Value[2]
	own := map[string]*Interface{"192.168.0.10": bond0, "192.168.2.3": bond1}
	if i == 1 {
		own = map[string]*Interface{"192.168.0.20": bond0}
	}
	for _, v := range look.VIPs {
		s.Answering[v.Address.String()] = Found([]string{})
		if on := own[v.Address.String()]; on != nil {
			on.Prefixes = append(on.Prefixes, netip.PrefixFrom(v.Address, 24))
		}
	}
	for _, host := range append(look.Ping, "192.168.2.1", "192.168.2.2") {
		s.Pinged[host] = Found(true)
	}
	for _, device := range look.Devices {
		s.Devices[device] = Device{Exists: true, Block: true, Whole: true, Disks: []string{strings.TrimPrefix(device, "/dev/")}}
	}
	for _, path := range look.Places {
		s.Places[path] = Found(Place{Disks: []string{"sdb"}, Type: "xfs", Exists: true})
	}
	s.Places["/"] = Found(Place{Disks: []string{"sda"}, Type: "xfs", Exists: true})
	for _, path := range look.Files {
		s.Files[path] = File{Exists: true, Executable: true, Mode: 0o755, Sum: path}
	}
	for _, name := range look.Programs {
		s.Programs[name] = true
	}
	return s
}
