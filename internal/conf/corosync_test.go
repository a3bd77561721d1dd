package conf

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"
)

const nodeList = `# a comment with { in it
totem {
    version: 2
    interface {
        ringnumber: 0
        bindnetaddr: 10.0.1.0
    }
}
nodelist {
    node {
        ring1_addr: 10.0.3.1
        ring0_addr: 10.0.1.1
        name: node01
        nodeid: 1
    }
    node{
        ring0_addr: node02
        ring1_addr: 10.0.3.2
        nodeid: 2
    }
}
logging { # name: x
    name: nobody
}
quorum { }
`

const multicast = `totem {
	transport: udp
	interface {
		ringnumber: 1
		bindnetaddr: 10.0.3.0
		mcastaddr: 239.255.1.2
	}
	interface {
		ringnumber: 0
		member {
			memberaddr: 10.9.9.9
		}
		bindnetaddr: 10.0.1.5
	}
}
`

func TestCorosyncFile(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       Corosync
	}{
		{"list of nodes", nodeList, Corosync{
			Nodes: []CorosyncNode{{"node01", []string{"10.0.1.1", "10.0.3.1"}}, {"node02", []string{"node02", "10.0.3.2"}}},
			Bind:  addresses("10.0.1.0"),
		}},
		{"networks", multicast, Corosync{Bind: addresses("10.0.1.5", "10.0.3.0")}},
		{"networks without numbers", "totem {\ninterface {\nbindnetaddr: 10.0.3.0\n}\ninterface {\nbindnetaddr: 10.0.1.0\n}\n}\n",
			Corosync{Bind: addresses("10.0.3.0", "10.0.1.0")}},
		{"address for a name", "nodelist {\nnode {\nring0_addr: 10.0.1.1\n}\n}\n", Corosync{Nodes: []CorosyncNode{{"", []string{"10.0.1.1"}}}}},
		{"nothing", "", Corosync{}},
		{"nonsense", "}\n}\nnodelist {\nnode {\nringx_addr: a\n", Corosync{}},
	} {
		got := CorosyncRings([]byte(tt.text))
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

func TestCorosyncRings(t *testing.T) {
	hosts := map[string][]netip.Addr{"node02": addresses("127.0.1.1", "10.0.1.2")}
	lookup := func(host string) []netip.Addr { return hosts[host] }
	nobody := func(string) []netip.Addr { return nil }
	for _, tt := range []struct {
		name     string
		own      []string
		lookup   func(string) []netip.Addr
		want     []Pair
		problems []string
	}{
		{"first node", []string{"127.0.0.1", "10.0.1.1", "10.0.3.1"}, lookup,
			[]Pair{{addresses("10.0.1.1")[0], addresses("10.0.1.2")[0]}, {addresses("10.0.3.1")[0], addresses("10.0.3.2")[0]}}, nil},
		{"second node, by its name", []string{"127.0.1.1", "10.0.1.2", "10.0.3.2"}, lookup,
			[]Pair{{addresses("10.0.1.2")[0], addresses("10.0.1.1")[0]}, {addresses("10.0.3.2")[0], addresses("10.0.3.1")[0]}}, nil},
		{"peer's name unknown", []string{"10.0.1.1", "10.0.3.1"}, nobody,
			[]Pair{{Own: addresses("10.0.1.1")[0]}, {addresses("10.0.3.1")[0], addresses("10.0.3.2")[0]}},
			[]string{"CFG-013 /etc/corosync/corosync.conf contains no address of the peer: (10.0.1.1, node02)"}},
		{"one interface down", []string{"10.0.1.1"}, lookup,
			[]Pair{{addresses("10.0.1.1")[0], addresses("10.0.1.2")[0]}, {addresses("10.0.3.1")[0], addresses("10.0.3.2")[0]}},
			[]string{"CFG-012 /etc/corosync/corosync.conf contains no address of this node: (10.0.3.1, 10.0.3.2)"}},
		{"another cluster", []string{"10.7.1.1"}, lookup, nil,
			[]string{"CFG-012 /etc/corosync/corosync.conf contains no address of this node: 10.0.1.1, 10.0.3.1, node02, 10.0.3.2"}},
		{"everything here", []string{"10.0.1.1", "10.0.3.2"}, lookup, nil,
			[]string{"CFG-013 /etc/corosync/corosync.conf contains no address of the peer: 10.0.1.1, 10.0.3.1, node02, 10.0.3.2"}},
	} {
		got, problems := CorosyncRings([]byte(nodeList)).Rings(addresses(tt.own...), tt.lookup)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v", tt.name, got)
		}
		if told := told(problems); !slices.Equal(told, tt.problems) {
			t.Errorf("%s: %q", tt.name, told)
		}
	}
}

func TestCorosyncOwnRings(t *testing.T) {
	var own []netip.Prefix
	for _, p := range []string{"127.0.0.1/8", "10.0.1.4/24", "10.0.1.5/24", "10.0.2.1/24"} {
		own = append(own, netip.MustParsePrefix(p))
	}
	got := CorosyncRings([]byte(multicast)).OwnRings(own)
	if want := []netip.Addr{netip.MustParseAddr("10.0.1.5"), {}}; !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	c := Corosync{Bind: addresses("10.0.2.0")}
	if got := c.OwnRings(own); !slices.Equal(got, addresses("10.0.2.1")) {
		t.Errorf("%v", got)
	}
}
