package review

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgrex/internal/definition"
	"pgrex/internal/message"
)

// Each check finds its one change, and nothing else does.
//
// Conformance: CD-044, CD-048, CD-049, CD-050, CD-051, CD-053, CD-054 (unit)
func TestEveryCheck(t *testing.T) {
	const monitorOfPing = "multiplier=100 attempts=2 timeout=2 debug=true \\\n\top start interval=0s timeout=60s on-fail=restart \\\n\top monitor interval=10s timeout=60s"
	for _, c := range []struct {
		name    string
		changes []string
		want    []string
	}{
		// W071 is there unless fencing is said to be used; without the property it is.
		{noFence, []string{"stonith-enabled=false", "stonith-enabled=off"}, nil},

		// W072
		{withKdump, []string{"op demote interval=0s timeout=300s on-fail=fence", "op demote interval=0s timeout=300s on-fail=block"}, []string{"W072 721 pgsql"}},
		{withKdump, []string{"op demote interval=0s timeout=300s on-fail=fence", "op demote interval=0s timeout=300s on-fail=stop"}, []string{"W072 723 pgsql"}},
		{noFence, []string{"op demote interval=0s timeout=300s on-fail=block", "op demote interval=0s timeout=300s on-fail=stop"}, []string{"W072 723 pgsql"}},
		{noFence, []string{"op stop interval=0s timeout=120s on-fail=block", "op stop interval=0s timeout=120s on-fail=fence"}, []string{"W072 722 storage-mon"}},

		// W073
		{withKdump, []string{"location loc-fence1-ipmi fence1-ipmi -inf: node01\n", ""}, []string{"W073 732 fence1-ipmi node01", "W077 775 L8 fence1-ipmi"}},
		{withKdump, []string{"pcmk_host_list=node01 ip=", "pcmk_host_list=node02 ip=", "fence1-ipmi -inf: node01", "fence1-ipmi -inf: node02"}, []string{"W073 731 node01"}}, // kdump cuts no power
		{withKdump, []string{"pcmk_host_list=node01 ip=", "ip="}, nil}, // the device says itself what it can fence
		{withKdump, []string{"pcmk_host_list=node01 ip=", "pcmk_host_map=node01:7;node02:8 ip="}, nil},
		{old, []string{`hostname="node01"`, `hostname="node02"`, "rule -INFINITY: #uname eq node01", "rule -INFINITY: #uname eq node01 \\\n\trule -INFINITY: #uname eq node02"}, []string{"W073 731 node01"}}, // nor does stonith-helper
		{withKdump, []string{"pcmk_host_list=node01 ip=", "pcmk_host_list=node02 ip=", "fence1-ipmi -inf: node01", "fence1-ipmi -inf: node02", "stonith-enabled=true", "stonith-enabled=true stonith-watchdog-timeout=10s"}, nil},

		// W074
		{withKdump, []string{" notify=true", ""}, []string{"W074 741 msPostgresql"}},
		{old, []string{` \` + "\n\t\tnotify=\"true\"", ""}, []string{"W074 741 msPostgresql"}},
		{byPcs, []string{`name="notify" value="true"`, `name="notify" value="false"`}, []string{"W074 741 msPostgresql"}},
		{withKdump, []string{"clone-max=2", "clone-max=3"}, []string{"W074 742 msPostgresql"}},
		{withKdump, []string{"clone-max=2 ", ""}, nil}, // as many as there are nodes
		{withKdump, []string{"promoted-max=1", "promoted-max=2"}, []string{"W074 743 msPostgresql"}},
		{old, []string{`master-max="1"`, `master-max="2"`}, []string{"W074 743 msPostgresql"}},

		// W075
		{withKdump, []string{"interval=9s", "interval=10s"}, []string{"W075 751 pgsql"}},
		{old, []string{`interval="9s"`, `interval="10000ms"`}, []string{"W075 751 pgsql"}},
		{withKdump, []string{"\top monitor interval=9s role=Promoted timeout=60s on-fail=restart \\\n", ""}, []string{"W075 752 pgsql"}},
		{withKdump, []string{"role=Promoted", "role=Unpromoted"}, []string{"W075 752 pgsql"}},

		// W076
		{withKdump, []string{"master_ip=192.168.2.3", "master_ip=192.168.2.4"}, []string{"W076 761 pgsql"}},
		{withKdump, []string{"master_ip=192.168.2.3", "master_ip=192.168.0.20"}, []string{"W076 761 pgsql"}}, // vip-slave's
		{withKdump, []string{"params ip=192.168.2.3", "params ip=192.168.2.4"}, []string{"W076 761 pgsql"}},

		// W078
		{withKdump, []string{"name=default_ping_set", "name=other"}, []string{"W077 775 L1 msPostgresql", "W078 781 loc-pgsql msPostgresql"}},
		{withKdump, []string{"rule -inf: not_defined default_ping_set", "rule -inf: not_defined nobody or not_defined default_ping_set"}, []string{"W078 781 loc-pgsql msPostgresql"}},
		{withKdump, []string{"rule -inf: not_defined default_ping_set", "rule -inf: not_defined rack or not_defined default_ping_set",
			"group master-group", "node node01 rack=1\nnode node02 rack=2\ngroup master-group"}, nil},

		{withKdump, []string{"name=default_ping_set ", "", "default_ping_set", "pingd"}, nil}, // as the agent calls it

		// W079
		{withKdump, []string{monitorOfPing, strings.Replace(monitorOfPing, "interval=10s timeout=60s", "interval=10s timeout=59s", 1)}, []string{"W079 791 prmPing"}},
		{withKdump, []string{"op notify interval=0s timeout=90s", "op notify interval=0s timeout=60s"}, []string{"W079 791 pgsql"}},
		{withKdump, []string{"\top notify interval=0s timeout=90s \\\n", ""}, []string{"W079 791 pgsql"}}, // 20 s by default
		{withKdump, []string{"\top notify interval=0s timeout=90s \\\n", "", "rsc_defaults", "op_defaults timeout=100\nrsc_defaults"}, nil},
		{withKdump, []string{"op promote interval=0s timeout=300s", "op promote interval=0s timeout=2min"}, nil},
		{old, []string{`op notify interval="0s" timeout="60s"`, `op notify interval="0s" timeout="59s"`}, []string{"W079 791 pgsql"}},
		{withKdump, []string{"multiplier=100", "multiplier=50"}, []string{"W079 792 prmPing"}},
		{withKdump, []string{"multiplier=100", "multiplier=50", "host_list=192.168.0.254", `host_list="192.168.0.254 192.168.0.253"`}, nil},
		{withKdump, []string{" multiplier=100", "", "default_ping_set lt 100", "default_ping_set lt 1"}, nil},

		// W080
		{withKdump, []string{`node_list="node01 node02"`, `node_list="Node01 node02"`}, []string{"W080 801 Node01"}},
		{withKdump, []string{"fence1-kdump -inf: node01", "fence1-kdump -inf: NODE01"}, []string{"W080 801 NODE01"}},
		{withKdump, []string{`node_list="node01 node02"`, `node_list="node01 node03"`},
			[]string{"W073 731 node03", "W080 802 node02", "W080 802 node02", "W080 802 node02", "W080 802 node02", "W080 802 node02"}},
		{old, []string{"hostlist=\"node01\"", "hostlist=\"node1\""}, []string{"W073 732 prmStonith1-1 node1", "W077 775 L8 prmStonith1-1", "W080 802 node1"}},
		{withKdump, []string{"group master-group", "node node01\ngroup master-group"}, []string{"W080 803 node02"}},
		{withKdump, []string{"group master-group", "node node01\nnode node02\ngroup master-group"}, nil},

		// W081
		{withKdump, []string{"params ip=192.168.0.20", "params ip=192.168.0.10"}, []string{"W081 811 vip-slave vip-master"}},
		{withKdump, []string{"params ip=192.168.0.20", "params ip=192.168.0.11"}, []string{"W081 812 vip-slave node01"}},

		// W082; values are looked at wherever they are
		{withKdump, []string{"drives=\"/dev/sda /dev/sdb\"", "drives=\"/dev/xxx\""}, []string{"W082 821 storage-mon"}},
		{withKdump, []string{"nic=bond0", "nic={{nic}}"}, []string{"W082 821 vip-master", "W082 821 vip-slave"}},
		{noFence, []string{"repuser=repuser", "repuser=XXX"}, []string{"W082 821 pgsql"}},
		{old, []string{`passwd="example-only"`, `passwd=""`}, []string{"W082 822 prmStonith1-2", "W082 822 prmStonith2-2"}},
		{noFence, []string{"no-quorum-policy=ignore", "no-quorum-policy={{policy}}"}, []string{"W082 821 property"}},
	} {
		addresses := map[string][]netip.Addr{"node01": {netip.MustParseAddr("192.168.0.11")}}
		got := shorts(t, Check(changed(t, c.name, c.changes...), Options{Generation: generationOf(c.name), Addresses: addresses}))
		want := append(slices.Clone(base[c.name]), c.want...)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s with %q:\n%q\nwant\n%q", c.name, c.changes, got, want)
		}
	}
}

// Agents that a generation does not have are named with what takes their
// place, and their time-outs are those of today's agents.
func TestAgentsOfAnotherGeneration(t *testing.T) {
	want := []string{"W070 701 prmDiskd1", "W070 701 prmDiskd2", "W070 702 prmStonith1-1", "W070 701 prmStonith1-2",
		"W070 702 prmStonith2-1", "W070 701 prmStonith2-2", "W079 791 pgsql"}
	for _, g := range []Generation{Pacemaker2, Pacemaker3} {
		got := Check(changed(t, old), Options{Generation: g})
		if !slices.Equal(shorts(t, got), want) {
			t.Errorf("%v: %q", g, shorts(t, got))
		}
		for i, replacement := range map[int]string{0: "ocf:heartbeat:storage-mon", 2: "priority-fencing-delay", 3: "stonith:fence_ipmilan"} {
			if _, _, cure := got[i].Texts(message.In("en")); !strings.Contains(cure, replacement) {
				t.Errorf("%q lacks %s", cure, replacement)
			}
		}
	}
	d := parse(t, "primitive p ocf:pacemaker:pingd\nprimitive q ocf:heartbeat:pgsql params pgdata=/d\n")
	got := Check(d, Options{Generation: Pacemaker2})
	if !slices.Equal(shorts(t, got), []string{"W070 701 p"}) { // a server alone is none of PG-REX
		t.Errorf("%q", shorts(t, got))
	}
}

func TestBeyond(t *testing.T) {
	for _, c := range []struct {
		name    string
		changes []string
		want    []string
	}{
		{withKdump, []string{"node01: fence1-kdump fence1-ipmi", "node01: fence2-kdump fence1-ipmi"}, []string{"DR-53 532 fence2-kdump"}},
		{withKdump, []string{"priority-fencing-delay=10s", "priority-fencing-delay=0s"}, []string{"DR-70 601 priority-fencing-delay"}},
		{withKdump, []string{" priority=1", ""}, []string{"DR-70 601 priority-fencing-delay"}},
		{withKdump, []string{" priority=1", "", "username=Administrator", "pcmk_delay_base=5s username=Administrator"}, []string{"DR-70 601 priority-fencing-delay"}},
		{withKdump, []string{" priority=1", "", "ip=172.20.144.43", "ip=172.20.144.43 pcmk_delay_base=5s"}, nil},
	} {
		if got := shorts(t, Beyond(changed(t, c.name, c.changes...), Options{Generation: Pacemaker2})); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.changes, got, c.want)
		}
	}
	d := changed(t, byPcs, "</configuration>", `<fencing-topology><fencing-level id="l" target="node01" index="1" devices="nobody"/></fencing-topology></configuration>`)
	if got := shorts(t, Beyond(d, Options{})); !slices.Equal(got, []string{"DR-53 531 nobody"}) {
		t.Errorf("%q", got)
	}
	got := Beyond(changed(t, oldNoFence), Options{Generation: Pacemaker3})
	if len(got) != 1 || got[0].Code != "DR-74" || !slices.Equal(got[0].Objects, []string{"Master", "master-max", "master-node-max", "ms"}) {
		t.Errorf("%q", shorts(t, got))
	}
}

// Parts are found whatever they are called.
func TestFind(t *testing.T) {
	for name := range base {
		renamed := strings.NewReplacer("vip-master", "ipaddr-primary", "vip-rep", "ipaddr-replication", "vip-slave", "ipaddr-standby",
			"master-group", "primary-group", "msPostgresql", "pgsql-clone", "clnPing", "ping-clone", "prmPing", "ping").Replace(readFile(t, name))
		d := parse(t, renamed)
		c, ok := Find(d)
		ids := func(list []definition.Resource) string {
			var s []string
			for _, r := range list {
				s = append(s, r.ID)
			}
			return strings.Join(s, " ")
		}
		got := fmt.Sprintln(ok, c.Server.ID, c.Clone, c.Group, ids(c.Primary), ids(c.Replication), ids(c.Standby), c.Gateways[0].Top, c.Nodes)
		if want := "true pgsql pgsql-clone primary-group ipaddr-primary ipaddr-replication ipaddr-standby ping-clone [node01 node02]\n"; got != want {
			t.Errorf("%s: %s", name, got)
		}
		if got := shorts(t, Check(d, Options{Generation: generationOf(name)})); !slices.Equal(got, base[name]) {
			t.Errorf("%s renamed: %q", name, got)
		}
	}
}
