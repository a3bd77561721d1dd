package template

import "pgrex/internal/review"

// Site are the values that differ from site to site.
type Site struct {
	// Target decides on words, agents and ids; it has to be one of the three.
	Target review.Generation
	// Fencing is by IPMI, Kdump puts a level before it that recognises a node
	// that is dumping its memory (Pacemaker 2 and 3).
	Fencing, Kdump bool
	// Pcsgen asks for the layout of pm_pcsgen, with its ids, instead of that of
	// pm_crmgen. It has no words of Pacemaker 1.1.
	Pcsgen bool
	Nodes  []Node // two
	// Agent is the resource agent of PostgreSQL, "ocf:heartbeat:pgsql".
	Agent string
	// Addresses of primary, replication and standby. The last one is "" where
	// reading clients have none of their own.
	Primary, Replication, Standby string
	ServiceNIC, ReplicationNIC    string
	Netmask                       string // length of the prefix
	Gateway                       string // that the service LAN is checked by
	SystemDisk, DataDisk          string // whole devices
	PGData, Archive               string
	BinDir                        string // of pg_ctl and psql
	Port                          string
	RepUser                       string
	BMCUser                       string
}

// Node is one of the two nodes.
type Node struct {
	Name string
	// Addresses are all of the node but that of its BMC. stonith-helper of
	// Pacemaker 1.1 takes a node for dead that answers on none of them.
	Addresses   []string
	BMC         string
	BMCPassword string // "" for one that is to be filled in
}

// Defaults are the values of the tutorial.
func Defaults(target review.Generation) Site {
	s := Site{
		Target: target, Fencing: true, Agent: "ocf:heartbeat:pgsql",
		Nodes: []Node{
			{Name: "node01", Addresses: []string{"192.168.0.11", "192.168.1.1", "192.168.2.1", "192.168.3.1"}, BMC: "172.20.144.43"},
			{Name: "node02", Addresses: []string{"192.168.0.12", "192.168.1.2", "192.168.2.2", "192.168.3.2"}, BMC: "172.20.144.44"},
		},
		Primary: "192.168.0.10", Replication: "192.168.2.3", Standby: "192.168.0.20",
		ServiceNIC: "bond0", ReplicationNIC: "bond1", Netmask: "24", Gateway: "192.168.0.254",
		SystemDisk: "/dev/sda", DataDisk: "/dev/sdb",
		PGData: "/dbfp/pgdata/data", Archive: "/dbfp/pgarch/arc1", BinDir: "/usr/lib/postgresql/15/bin",
		Port: "5432", RepUser: "repuser", BMCUser: "Administrator",
	}
	switch target {
	case review.Pacemaker1: // of the tutorial
		s.BinDir = "/usr/pgsql-9.6/bin"
	case review.Pacemaker3: // Debian 13, where it comes from
		s.BinDir = "/usr/lib/postgresql/17/bin"
	}
	return s
}

// old says whether the words are those of Pacemaker 1.1.
func (s Site) old() bool { return s.Target == review.Pacemaker1 }

// onFail is what happens where a resource that cannot be stopped endangers the data.
func (s Site) onFail() string {
	if s.Fencing {
		return "fence"
	}
	return "block"
}

// promoted is the name of the role.
func (s Site) promoted() string {
	if s.old() {
		return "Master"
	}
	return "Promoted"
}

// password is that of a node's BMC.
func (n Node) password() string {
	if n.BMCPassword == "" {
		return review.Placeholder
	}
	return n.BMCPassword
}
