package operation

import (
	"net/netip"
	"slices"
	"testing"

	"pgrex/internal/conf"
)

// Where the configuration says nothing of the IC-LAN, as in the old generation,
// Corosync does.
func TestRingsOfCorosync(t *testing.T) {
	const corosync = `nodelist {
	node {
		name: pgrex01
		ring0_addr: 192.168.1.1
		ring1_addr: 192.168.3.1
	}
	node {
		name: pgrex02
		ring0_addr: 192.168.1.2
		ring1_addr: 192.168.3.2
	}
}
`
	const dlan = "D-LAN_IPAddress = 192.168.2.1 , 192.168.2.2\nArchive_dir = /a\n"
	for _, tt := range []struct {
		name, conf, corosync string
		rings                int
		fallback             []string
	}{
		{"old", dlan, corosync, 2, []string{"192.168.1.2", "192.168.3.2"}},
		{"no cluster yet", dlan, "", 0, nil},
		{"another cluster", dlan, "nodelist {\n\tnode {\n\t\tring0_addr: 10.0.0.1\n\t}\n}\n", 0, nil},
		{"addresses of their own", dlan + "PEER_ADDRESS_FALLBACK = 172.16.0.2\n", corosync, 2, []string{"172.16.0.2"}},
		{"new", dlan + "IC_LAN_IPAddress = (192.168.1.1 , 192.168.1.2)\n", corosync, 1, []string{"192.168.1.2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := downCluster(t)
			delete(c.a.files, conf.CorosyncPath)
			if tt.corosync != "" {
				c.a.files[conf.CorosyncPath] = tt.corosync
			}
			c.addresses = nil
			for _, a := range []string{"192.168.1.1", "192.168.2.1", "192.168.3.1"} {
				c.addresses = append(c.addresses, netip.MustParseAddr(a))
			}
			raw, _ := conf.Parse([]byte(tt.conf))
			s := &session{machine: c.machine, own: c.a}
			s.conf, _ = raw.Config()
			if problems := s.locate(); len(problems) > 0 {
				t.Fatal(problems)
			}
			if len(s.lans.Rings) != tt.rings || !slices.Equal(s.lans.Fallback, tt.fallback) {
				t.Errorf("rings %v, fallback %v", s.lans.Rings, s.lans.Fallback)
			}
		})
	}
}
