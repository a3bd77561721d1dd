package lab

import (
	"strings"
	"testing"
)

func TestAddressesAreThoseOfTheManual(t *testing.T) {
	tests := []struct {
		index int
		lan   LAN
		want  string
	}{
		{1, SLAN, "192.168.0.11"}, {2, SLAN, "192.168.0.12"}, {3, SLAN, "192.168.0.13"},
		{1, DLAN, "192.168.2.1"}, {2, DLAN, "192.168.2.2"}, {3, DLAN, "192.168.2.4"}, {4, DLAN, "192.168.2.5"},
		{1, ICLAN1, "192.168.1.1"}, {2, ICLAN2, "192.168.3.2"},
	}
	for _, tt := range tests {
		if got := (&Node{Index: tt.index}).Address(tt.lan); got != tt.want {
			t.Errorf("node %d on %s has %s, want %s", tt.index, tt.lan, got, tt.want)
		}
	}
}

func TestAddressesAreUnique(t *testing.T) {
	l := newLab(state{Nodes: 9})
	seen := map[string]string{VIPMaster: "vip-master", VIPSlave: "vip-slave", VIPRep: "vip-rep", Gateway: "gateway", clientIP: "client"}
	for _, n := range l.Nodes() {
		for _, lan := range LANs() {
			address := n.Address(lan)
			if other, used := seen[address]; used {
				t.Errorf("%s of %s belongs to %s", address, n.Name, other)
			}
			seen[address] = n.Name
			// The kernel's limit for an interface name.
			if name := n.port(lan); len(name) > 15 {
				t.Errorf("interface name %q is too long", name)
			}
		}
	}
}

func TestTwoNodeSettingsAreForTwoNodesOnly(t *testing.T) {
	for nodes, want := range map[int]bool{2: true, 3: false} {
		conf := corosyncConf(newLab(state{Nodes: nodes}).Nodes(), 0)
		if got := strings.Contains(conf, "two_node: 1"); got != want {
			t.Errorf("%d nodes: two_node is %v, want %v", nodes, got, want)
		}
	}
}

func TestTunedVariant(t *testing.T) {
	v := Variant{Fencing: true}.Tuned()
	if conf := corosyncConf(newLab(state{Nodes: 2}).Nodes(), v.Token); !strings.Contains(conf, "token: 500\n") {
		t.Errorf("another token in\n%s", conf)
	}
	if conf := corosyncConf(newLab(state{Nodes: 2}).Nodes(), 0); !strings.Contains(conf, "token: 1000\n") {
		t.Errorf("another token in\n%s", conf)
	}
	cib, err := v.change(renderCIB(t), "node01", "node02")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`name="priority-fencing-delay" value="2s"`, `name="monitor" interval="3s" timeout="30s"`} {
		if !strings.Contains(cib, want) {
			t.Errorf("the definition does not have %s", want)
		}
	}
	if s := v.settings(); !strings.Contains(s, "wal_sender_timeout = 6s") || !strings.Contains(s, "wal_receiver_status_interval = 2s") {
		t.Error(s)
	}
}

func TestSelfReplicationIsRefusedFirst(t *testing.T) {
	hba := newLab(state{Nodes: 2}).hba()
	reject, allow := strings.Index(hba, "samehost reject"), strings.Index(hba, "replication repuser")
	if reject < 0 || allow < reject {
		t.Errorf("the refusal must come before the permissions:\n%s", hba)
	}
}

func TestProcStatus(t *testing.T) {
	p := parseProcStatus("Name:\tsystemd\nPPid:\t812\nNSpid:\t815\t1\n")
	if p.parent != 812 || p.inner != 1 || p.depth != 1 {
		t.Errorf("got %+v", p)
	}
	if p := parseProcStatus("PPid:\t1\nNSpid:\t812\n"); p.inner != 812 || p.depth != 0 {
		t.Errorf("got %+v", p)
	}
}
