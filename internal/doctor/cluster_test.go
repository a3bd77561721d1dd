package doctor

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgrex/internal/conf"
	"pgrex/internal/crm"
	"pgrex/internal/definition"
	"pgrex/internal/message"
	"pgrex/internal/review"
)

// edited is the complete example, with words and what replaces them in turn;
// each has to be there.
func edited(change ...string) definition.Definition {
	text, err := os.ReadFile("testdata/stonith.crm")
	if err != nil {
		panic(err)
	}
	out := string(text)
	for i := 0; i < len(change); i += 2 {
		if !strings.Contains(out, change[i]) {
			panic(fmt.Sprintf("%q is not in the definition", change[i]))
		}
		out = strings.ReplaceAll(out, change[i], change[i+1])
	}
	d, err := definition.Read([]byte(out))
	if err != nil {
		panic(err)
	}
	return d
}

// redefine gives a case an edited definition, as that of the cluster.
func redefine(change ...string) func(c *Case) {
	return func(c *Case) {
		d := edited(change...)
		c.Definition = Found(Definition{Definition: d, Source: "cibadmin -Q"})
		c.Running = c.Definition
		p, _ := d.Primitive("pgsql")
		c.Database = Found(NewDatabase(p))
		for _, v := range vips(d) { // nobody else has a new address
			for i := range c.Nodes {
				c.Nodes[i].Facts.Value.System.Answering[v.Address.String()] = Found([]string{})
			}
		}
	}
}

// withAlert adds an alert, which is not a word of crmsh that definitions are
// read from.
func withAlert(c *Case, path string) {
	target, _ := definition.NewTarget("pacemaker-3.9")
	text := strings.Replace(string(c.Definition.Value.Definition.CIB(target)), "</configuration>", `<alerts><alert id="mail" path="`+path+`"/></alerts></configuration>`, 1)
	d, err := definition.Read([]byte(text))
	if err != nil {
		panic(err)
	}
	c.Definition.Value.Definition = d
	c.Running = c.Definition
}

// overview changes how the cluster is.
func overview(change func(o *crm.Overview)) func(c *Case) {
	return func(c *Case) { change(&c.Cluster.Value) }
}

// system changes the facts of a node: 0 is node01.
func system(node int, change func(s *System)) func(c *Case) {
	return func(c *Case) { change(&c.Nodes[node].Facts.Value.System) }
}

func both(list ...func(c *Case)) func(c *Case) {
	return func(c *Case) {
		for _, f := range list {
			f(c)
		}
	}
}

func (s *System) addAddress(index int, address string) {
	list := slices.Clone(s.Interfaces.Value)
	list[index].Prefixes = append(slices.Clone(list[index].Prefixes), netip.MustParsePrefix(address))
	s.Interfaces.Value = list
}

const bond0, bond1 = 1, 2 // in the list of interfaces

// Each check of the cluster finds its one thing, with its severity, and no
// other check does.
//
// Conformance: CD-059 (unit)
func TestBrokenCluster(t *testing.T) {
	t.Parallel()
	showBroken(t, brokenCluster())
}

func brokenCluster() []broken {
	standbyNoDisk := func(s *System) { delete(s.Devices, "/dev/sdb") }
	return []broken{
		{"STONITH disabled", "DR-50", Warning, "", both(redefine("stonith-enabled=true", "stonith-enabled=false", "on-fail=fence", "on-fail=block"),
			func(c *Case) { c.Conf.Value.Stonith = false })},
		{"demote with on-fail=stop", "DR-51", Error, "", redefine("op demote interval=0s timeout=300s on-fail=fence", "op demote interval=0s timeout=300s on-fail=stop")},
		{"a device may run on its target", "DR-52", Critical, "", redefine("location loc-fence1-ipmi fence1-ipmi -inf: node01\n", "")},
		{"a device does not run", "DR-52", Critical, "", overview(func(o *crm.Overview) {
			for i, r := range o.Resources {
				o.Resources[i].Active = r.Active && r.ID != "fence2-ipmi"
			}
		})},
		{"a device has failed", "DR-52", Critical, "", overview(func(o *crm.Overview) {
			for i, r := range o.Resources {
				o.Resources[i].Failed = r.ID == "fence2-ipmi"
			}
		})},
		{"a device is monitored every two days", "DR-52", Warning, "", redefine("interval=3600s", "interval=48h")},
		{"the last fencing failed", "DR-52", Warning, "node01", overview(func(o *crm.Overview) {
			o.Fencings = append(o.Fencings, crm.Fencing{Target: "node01", Action: "reboot", State: "failed", Completed: time.Unix(1700000100, 0)})
		})},
		{"the topology names a device of the other node", "DR-53", Error, "", redefine("node01: fence1-kdump fence1-ipmi", "node01: fence1-kdump fence2-ipmi")},
		{"notify left out", "DR-54", Critical, "", redefine("notify=true ", "")},
		{"both monitors with one interval", "DR-55", Error, "", redefine("interval=9s role=Promoted", "interval=10s role=Promoted")},
		{"no time for a notification", "DR-55", Warning, "", redefine("op notify interval=0s timeout=90s", "op notify interval=0s timeout=30s")},
		{"the cluster has another name", "DR-56", Error, "", overview(func(o *crm.Overview) { o.Nodes[1].Name = "db2" })},
		{"uname -n is another", "DR-56", Error, "node02", system(1, func(s *System) { s.Host.Name = "db2" })},
		{"vip-rep is not in the D-LAN", "DR-57", Error, "", system(0, func(s *System) {
			list := slices.Clone(s.Interfaces.Value)
			list[bond1].Prefixes = []netip.Prefix{netip.MustParsePrefix("192.168.2.1/31"), netip.MustParsePrefix("192.168.2.3/32")}
			s.Interfaces.Value = list
		})},
		{"vip-slave is in the D-LAN", "DR-57", Error, "", redefine("ip=192.168.0.20", "ip=192.168.2.20")},
		{"vip-slave is elsewhere", "DR-57", Error, "", redefine("ip=192.168.0.20", "ip=192.168.5.20")},
		{"two resources have one address", "DR-57", Error, "", both(redefine("ip=192.168.0.20", "ip=192.168.0.10"), system(1, func(s *System) {
			list := slices.Clone(s.Interfaces.Value)
			list[bond0].Prefixes = list[bond0].Prefixes[:1]
			s.Interfaces.Value = list
		}))},
		{"nic does not exist on the standby", "DR-58", Error, "node02", system(1, func(s *System) {
			list := slices.Clone(s.Interfaces.Value)
			list[bond1].Name = "bond2"
			s.Interfaces.Value = list
		})},
		{"nic has no address there", "DR-58", Error, "node02", system(1, func(s *System) {
			list := slices.Clone(s.Interfaces.Value)
			list[bond0].Prefixes, list[3].Prefixes = list[bond0].Prefixes[1:], append(list[3].Prefixes, list[bond0].Prefixes[0])
			s.Interfaces.Value = list
		})},
		{"the mask is another", "DR-58", Error, "node01", system(0, func(s *System) {
			list := slices.Clone(s.Interfaces.Value)
			list[bond1].Prefixes = append([]netip.Prefix{netip.MustParsePrefix("192.168.2.1/25")}, list[bond1].Prefixes[1:]...)
			s.Interfaces.Value = list
		})},
		{"the address is on both nodes", "DR-59", Critical, "", both(system(1, func(s *System) { s.addAddress(bond0, "192.168.0.10/24") }), overview(func(o *crm.Overview) {
			for i, r := range o.Resources {
				if r.ID == "vip-master" {
					o.Resources[i].Nodes = []string{"node01", "node02"}
				}
			}
		}))},
		{"the address is configured in the system", "DR-59", Critical, "node01", both(system(1, func(s *System) {
			list := slices.Clone(s.Interfaces.Value)
			list[bond0].Prefixes = list[bond0].Prefixes[:1]
			s.Interfaces.Value = list
		}), system(0, func(s *System) { s.addAddress(bond0, "192.168.0.20/24") }))},
		{"another host has the address", "DR-59", Critical, "", system(1, func(s *System) {
			s.Answering["192.168.0.10"] = Found([]string{"52:54:00:00:01:01", "00:11:22:33:44:55"})
		})},
		{"a colocation is missing", "DR-60", Error, "", redefine("colocation col-vips-primary inf: master-group msPostgresql:Promoted\n", "")},
		{"the gateway does not answer one node", "DR-61", Error, "node02", system(1, func(s *System) { s.Pinged["192.168.0.254"] = Found(false) })},
		{"a rule looks at an attribute that nobody keeps", "DR-62", Error, "", redefine("location loc-fence1-kdump", "location loc-x vip-master rule -inf: wether eq bad\nlocation loc-fence1-kdump")},
		{"the rule asks for more than there is", "DR-62", Error, "", redefine("multiplier=100", "multiplier=50")},
		{"a disk is missing on the standby", "DR-63", Error, "node02", both(system(1, standbyNoDisk), system(1, func(s *System) {
			for path, p := range s.Places {
				p.Value.Disks = []string{"sda"}
				s.Places[path] = p
			}
		}))},
		{"a partition is checked", "DR-63", Error, "node01", system(0, func(s *System) {
			s.Devices["/dev/sda"] = Device{Exists: true, Block: true, Disks: []string{"sda"}}
		})},
		{"the WAL is on a disk that nobody checks", "DR-63", Warning, "node01", system(0, func(s *System) {
			s.Places["/dbfp/pgdata/data/pg_wal"] = Found(Place{Disks: []string{"nvme0n1"}, Type: "xfs", Exists: true})
		})},
		{"the agent is missing on the standby", "DR-64", Error, "node02", system(1, func(s *System) { delete(s.Files, "/usr/lib/ocf/resource.d/heartbeat/pgsql") })},
		{"the agent is of another release", "DR-64", Error, "", system(1, func(s *System) {
			s.Files["/usr/lib/ocf/resource.d/heartbeat/pgsql"] = File{Exists: true, Executable: true, Sum: "other"}
		})},
		{"an agent that Pacemaker 2 does not have", "DR-64", Error, "", both(redefine("location loc-fence1-kdump", "primitive fence1-virt stonith:external/libvirt params hostlist=node01 op monitor interval=3600s timeout=60s\n"+
			"location loc-fence1-virt fence1-virt -inf: node01\nlocation loc-fence1-kdump"), func(c *Case) {
			c.Cluster.Value.Resources = append(c.Cluster.Value.Resources, crm.Resource{ID: "fence1-virt", Role: "Started", Active: true, Managed: true, Nodes: []string{"node02"}})
			for i := range c.Nodes {
				c.Nodes[i].Facts.Value.System.Files["/usr/lib/stonith/plugins/external/libvirt"] = File{Exists: true, Executable: true}
			}
		})},
		{"the directory of the data has no parent", "DR-65", Error, "node02", system(1, func(s *System) { delete(s.Files, "/dbfp/pgdata") })},
		{"restore_command starts nothing", "DR-65", Error, "node01", system(0, func(s *System) { delete(s.Files, "/bin/cp") })},
		{"pgdba is unknown", "DR-65", Error, "node02", system(1, func(s *System) { delete(s.Users, "postgres") })},
		{"no two_node", "DR-66", Error, "node01", system(0, func(s *System) { delete(s.Corosync.Conf.Value.Settings, "quorum/two_node") })},
		{"quorum is ignored with STONITH", "DR-66", Warning, "", redefine("stonith-enabled=true", "stonith-enabled=true no-quorum-policy=ignore")},
		{"no startup fencing", "DR-66", Warning, "", redefine("stonith-enabled=true", "stonith-enabled=true startup-fencing=false")},
		{"maintenance mode", "DR-67", Warning, "", overview(func(o *crm.Overview) { o.MaintenanceMode = true })},
		{"a node in standby", "DR-67", Warning, "node02", overview(func(o *crm.Overview) { o.Nodes[1].Standby = true })},
		{"a node in maintenance", "DR-67", Warning, "node02", overview(func(o *crm.Overview) {
			o.Nodes[1].Maintenance = true
			for i, r := range o.Resources {
				o.Resources[i].Managed = !slices.Contains(r.Nodes, "node02")
			}
		})},
		{"an unmanaged resource", "DR-67", Warning, "", overview(func(o *crm.Overview) { o.Resources[0].Managed = false })},
		{"a failure that excludes the node", "DR-68", Warning, "node02", overview(func(o *crm.Overview) {
			o.FailCounts = []crm.FailCount{{Resource: "pgsql", Node: "node02", Count: 1}}
		})},
		{"one link is down", "DR-69", Warning, "node01", system(0, func(s *System) { s.Corosync.Links.Value[1].Down = []string{"nodeid: 2: disconnected"} })},
		{"all links are down", "DR-69", Error, "node01", system(0, func(s *System) {
			for i := range s.Corosync.Links.Value {
				s.Corosync.Links.Value[i].Down = []string{"nodeid: 2: disconnected"}
			}
		})},
		{"a partition", "DR-69", Error, "node01", system(0, func(s *System) { s.Corosync.Quorum.Value.Nodes = 1 })},
		{"no quorum", "DR-69", Error, "node02", system(1, func(s *System) { s.Corosync.Quorum.Value.Quorate = false })},
		{"no delay of fencing", "DR-70", Warning, "", redefine("priority-fencing-delay=10s \\\n", "\\\n")},
		{"heartbeat over the D-LAN", "DR-71", Warning, "", system(0, func(s *System) { s.Corosync.Conf.Value.Rings[1].Rings[1] = "192.168.2.2" })},
		{"a placeholder", "DR-72", Error, "", redefine("Secret-1", "change-me")},
		{"old words", "DR-74", Warning, "", redefine("promoted-max", "master-max")},
		{"old words on Pacemaker 3", "DR-74", Error, "", both(redefine("promoted-max", "master-max"), overview(func(o *crm.Overview) { o.Version = "3.0.1" }))},
		{"an alert's program is missing on the standby", "DR-75", Warning, "node02", func(c *Case) {
			withAlert(c, "/usr/local/bin/mail.sh")
			c.Nodes[0].Facts.Value.System.Files["/usr/local/bin/mail.sh"] = File{Exists: true, Executable: true}
			c.Nodes[1].Facts.Value.System.Files["/usr/local/bin/mail.sh"] = File{Exists: true}
		}},
		{"the tools name a resource that is not there", "DR-76", Error, "", func(c *Case) { c.Conf.Value.Ping.IDs = []string{"clnPong"} }},
		{"the tools think of STONITH otherwise", "DR-76", Error, "", func(c *Case) { c.Conf.Value.Stonith = false }},
		{"the tools know no address for the standby", "DR-76", Error, "", func(c *Case) { c.Conf.Value.UseStandbyIP = false }},
	}
}

// No check is without a test that breaks its one thing.
func TestEveryCheckIsBroken(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{}
	for _, b := range slices.Concat(brokenCluster(), brokenSystem(), onlyNoticed()) {
		shown[b.check] = true
	}
	for _, k := range slices.Concat(clusterChecks(), systemChecks()) {
		if !shown[k.id] {
			t.Errorf("nothing is broken for %s", k.id)
		}
	}
}

// A ban that a manual move has left is told with the command that clears it.
//
// Conformance: CD-073 (unit)
func TestBanOfAMove(t *testing.T) {
	t.Parallel()
	showBroken(t, []broken{{"a ban", "DR-67", Warning, "", redefine("fencing_topology", "location cli-ban-msPostgresql-on-node01 msPostgresql -inf: node01\nfencing_topology")}})
	c := healthy(t)
	redefine("fencing_topology", "location cli-ban-msPostgresql-on-node01 msPostgresql -inf: node01\nfencing_topology")(c)
	found := leftByOperators(c)
	if len(found) != 1 || found[0].Cure[0].In(message.In("en")) != "crm_resource --clear --resource msPostgresql" {
		t.Errorf("%+v", found)
	}
}

// The target of the gateway check is asked by doctor itself: it is found when
// neither PostgreSQL nor the cluster runs.
//
// Conformance: CD-074 (unit)
func TestGatewayIsAskedWithoutACluster(t *testing.T) {
	t.Parallel()
	c := healthy(t)
	c.Cluster = Missing[crm.Overview](message.DRU002)
	for i := range c.Nodes {
		c.Nodes[i].Facts.Value.System.Pinged["192.168.0.254"] = Found(i == 0)
	}
	errors := slices.DeleteFunc(gatewaysAnswer(c), func(f Finding) bool { return f.State == Notice })
	if len(errors) != 1 || errors[0].State != Error || errors[0].Node != "node02" {
		t.Errorf("%+v", errors)
	}
}

// The address of a point-to-point interface has no network that others could be in.
func TestNetworkOfAnAddress(t *testing.T) {
	f := Facts{System: System{Interfaces: Found([]Interface{
		{Name: "a", Prefixes: []netip.Prefix{netip.MustParsePrefix("10.0.0.3/32"), netip.MustParsePrefix("10.0.0.1/24")}},
	})}}
	if got, ok := network(f, netip.MustParseAddr("10.0.0.3")); !ok || got.String() != "10.0.0.0/24" {
		t.Errorf("%v", got)
	}
	if got, ok := network(f, netip.MustParseAddr("10.0.1.3")); ok {
		t.Errorf("%v", got)
	}
}

// The archive of the tools is where the definition restores from, and each node
// has its address of the D-LAN. Other checks look at these as well.
func TestToolsAndTheirPlaces(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		by   func(c *Case)
		want []string
	}{
		{"as it is", func(*Case) {}, nil},
		{"a slash at the end", func(c *Case) { c.Conf.Value.ArchiveDir = "/dbfp/pgarch/arc1/" }, nil},
		{"another archive", func(c *Case) { c.Conf.Value.ArchiveDir = "/dbfp/pgarch/arc" }, []string{"DRF-076 "}},
		{"the peer has another address", func(c *Case) { c.Lans.Peer = netip.MustParseAddr("192.168.2.9") }, []string{"DRA-076 node02"}},
		{"no address is this node's", func(c *Case) { c.Lans = conf.Lans{} }, []string{"DRA-076 node01", "DRA-076 node02"}},
		{"the sample's names need not be there", func(c *Case) { c.Conf.Value.Ping = conf.ResourceIDs{IDs: []string{"clnPong"}, Assumed: true} }, nil},
	} {
		c := healthy(t)
		tt.by(c)
		var got []string
		for _, f := range toolsConfigured(c) {
			got = append(got, string(f.Found.ID)+" "+f.Node)
			complete(t, f)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Without STONITH there is nothing to say of devices, and block is right.
func TestWithoutSTONITH(t *testing.T) {
	t.Parallel()
	c := healthy(t)
	define(t, c, "nostonith.crm", nil)
	c.Conf.Value.Stonith = false
	want := []string{"DR-50 warning"}
	var got []string
	for _, f := range Examine(c).Findings {
		if rank[f.State] > rank[Notice] {
			got = append(got, f.Check+" "+string(f.State))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestGeneration(t *testing.T) {
	for _, tt := range []struct {
		cluster, node string
		want          review.Generation
	}{
		{"1.1.24-1", "", review.Pacemaker1}, {"2.1.5-10.el9", "", review.Pacemaker2}, {"3.0.1", "", review.Pacemaker3}, {"4.0", "", review.Pacemaker3},
		{"", "2.0.5", review.Pacemaker2}, {"", "", 0}, {"?", "", 0},
	} {
		c := &Case{Nodes: []Node{{Facts: Found(Facts{System: System{Pacemaker: PacemakerSetup{Version: tt.node}}})}}}
		if tt.cluster != "" {
			c.Cluster = Found(crm.Overview{Version: tt.cluster})
		}
		if got := c.generation(); got != tt.want {
			t.Errorf("%q, %q: %v", tt.cluster, tt.node, got)
		}
	}
}
