package lab

import (
	"fmt"
	"path/filepath"
)

// Root holds all state of the lab: a tmpfs with the nodes' disks and the state file.
const Root = "/run/pgrex-lab"

// Every namespace of the lab begins with nsPrefix, so that Down finds them by name.
const (
	nsPrefix = "pgrex-"
	switchNS = nsPrefix + "switch"
	clientNS = nsPrefix + "client"
)

// Addresses and names of the PG-REX manual.
const (
	VIPMaster = "192.168.0.10"
	VIPSlave  = "192.168.0.20"
	VIPRep    = "192.168.2.3"
	Gateway   = "192.168.0.254"
	clientIP  = "192.168.0.100"

	PGPort     = 5432
	PGData     = "/dbfp/pgdata/data"
	PGWal      = "/dbfp/pgwal/pg_wal"
	PGArchive  = "/dbfp/pgarch/arc1"
	AgentTmp   = "/var/lib/pgsql/tmp"
	LockFile   = AgentTmp + "/PGSQL.lock"
	postgresMe = "postgres"

	// PostgreSQLLog is fixed, without a date, so that logs are found without a search.
	PostgreSQLLog = "/var/log/postgresql/postgresql.log"
	PacemakerLog  = "/var/log/pacemaker/pacemaker.log"
	CorosyncLog   = "/var/log/corosync/corosync.log"
)

// LAN is one of the four networks; its value is also the name of its bridge.
type LAN string

// The networks of the manual.
const (
	SLAN   LAN = "s-lan"   // clients, 192.168.0.0/24, bond0
	DLAN   LAN = "d-lan"   // replication, 192.168.2.0/24, bond1
	ICLAN1 LAN = "ic-lan1" // heartbeat, 192.168.1.0/24, eno1
	ICLAN2 LAN = "ic-lan2" // heartbeat, 192.168.3.0/24, eno3
)

// LANs lists the networks in the order of the manual.
func LANs() []LAN { return []LAN{SLAN, DLAN, ICLAN1, ICLAN2} }

// Device is the name of the network's interface inside a node.
func (l LAN) Device() string {
	return map[LAN]string{SLAN: "bond0", DLAN: "bond1", ICLAN1: "eno1", ICLAN2: "eno3"}[l]
}

// number is the third byte of the network's addresses.
func (l LAN) number() int {
	return map[LAN]int{SLAN: 0, DLAN: 2, ICLAN1: 1, ICLAN2: 3}[l]
}

// ParseLAN finds a network by its name.
func ParseLAN(name string) (LAN, error) {
	for _, l := range LANs() {
		if string(l) == name {
			return l, nil
		}
	}
	unknown := &UnknownError{What: "network", Name: name}
	for _, l := range LANs() {
		unknown.Known = append(unknown.Known, string(l))
	}
	return "", unknown
}

// Address is the node's own address on a network. On the D-LAN the third and
// later nodes leave out .3, which is vip-rep.
func (n *Node) Address(lan LAN) string {
	host := n.Index
	switch {
	case lan == SLAN:
		host += 10
	case lan == DLAN && n.Index > 2:
		host++
	}
	return fmt.Sprintf("192.168.%d.%d", lan.number(), host)
}

func nodeName(index int) string { return fmt.Sprintf("node%02d", index) }

// netns is the node's network namespace.
func (n *Node) netns() string { return nsPrefix + n.Name }

// port is the node's interface on the switch.
func (n *Node) port(lan LAN) string { return n.Name + "-" + string(lan) }

// mac is fixed, as on real hardware: with a new one at every boot the
// neighbours would send to the old one until their ARP entry expires.
func (n *Node) mac(lan LAN) string {
	return fmt.Sprintf("02:00:5e:00:%02x:%02x", lan.number(), n.Index)
}

func (n *Node) dir() string     { return filepath.Join(Root, "nodes", n.Name) }
func (n *Node) upper() string   { return filepath.Join(n.dir(), "upper") }
func (n *Node) work() string    { return filepath.Join(n.dir(), "work") }
func (n *Node) console() string { return filepath.Join(n.dir(), "console.log") }

// Path is where a file of the node is seen from the machine, whether the node
// runs or not. It is right for files on the node's disk, not for its /run, /tmp, /proc.
func (n *Node) Path(inNode string) string { return filepath.Join(n.root(), inNode) }

func (n *Node) root() string { return filepath.Join(n.dir(), "root") }
