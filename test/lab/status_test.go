package lab

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func readStatus(t *testing.T, file string) Status {
	t.Helper()
	out, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	s, err := parseCrmMon(out)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStatusIsReadFromPacemaker3(t *testing.T) {
	s := readStatus(t, "crm_mon-3.0.0-sync.xml")
	if p := s.Primary(); p != "node01" {
		t.Errorf("Primary() = %q, want node01", p)
	}
	if n := s.Nodes["node02"]; n.Role != Unpromoted || n.Attributes["pgsql-status"] != "HS:sync" {
		t.Errorf("node02 is %+v", n)
	}
	want := map[string]string{"vip-master": "node01", "vip-rep": "node01", "vip-slave": "node02"}
	if !reflect.DeepEqual(s.VIPs, want) {
		t.Errorf("VIPs = %v, want %v", s.VIPs, want)
	}
}

func TestStatusOfSynchronousPair(t *testing.T) {
	got := readStatus(t, "crm_mon-2.1.5-sync.xml")
	want := Status{
		DC: "node01", Quorum: true,
		Nodes: map[string]NodeStatus{
			"node01": {Online: true, Role: Promoted, Attributes: map[string]string{
				"default_ping_set": "100", "master-pgsql": "1000", "pgsql-data-status": "LATEST",
				"pgsql-master-baseline": "0000000001B68698", "pgsql-status": "PRI",
			}},
			"node02": {Online: true, Role: Unpromoted, Attributes: map[string]string{
				"default_ping_set": "100", "master-pgsql": "100", "pgsql-data-status": "STREAMING|SYNC", "pgsql-status": "HS:sync",
			}},
		},
		VIPs: map[string]string{"vip-master": "node01", "vip-rep": "node01", "vip-slave": "node02"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if p := got.Primary(); p != "node01" {
		t.Errorf("Primary() = %q, want node01", p)
	}
}

func TestStatusDuringTakeOver(t *testing.T) {
	demoting := readStatus(t, "crm_mon-2.1.5-demoting.xml")
	if n := demoting.Nodes["node01"]; n.Role != Demoting || !n.Failed {
		t.Errorf("node01 is %+v, want demoting and failed", n)
	}
	promoting := readStatus(t, "crm_mon-2.1.5-promoting.xml")
	if n := promoting.Nodes["node02"]; n.Role != Promoting {
		t.Errorf("node02 is %+v, want promoting", n)
	}
	if n := promoting.Nodes["node01"]; n.Role != Stopped {
		t.Errorf("node01 is %+v, want stopped", n)
	}
	if p := promoting.Primary(); p != "" {
		t.Errorf("Primary() = %q while nobody is promoted", p)
	}
	want := []FailedAction{{Node: "node01", Operation: "pgsql_monitor_9000", Status: "not running"}}
	if !reflect.DeepEqual(promoting.Failed, want) {
		t.Errorf("Failed = %+v, want %+v", promoting.Failed, want)
	}
}

func TestChangesNameWhatIsDifferent(t *testing.T) {
	before := readStatus(t, "crm_mon-2.1.5-sync.xml")
	if got := before.Changes(before); got != nil {
		t.Errorf("nothing changed, but: %q", got)
	}
	after := readStatus(t, "crm_mon-2.1.5-sync.xml")
	n := after.Nodes["node02"]
	n.Role = Promoting
	n.Attributes["pgsql-status"] = "HS:alone"
	delete(n.Attributes, "default_ping_set")
	after.Nodes["node02"] = n
	after.VIPs["vip-slave"] = ""
	want := []string{
		"node02 role: Unpromoted → Promoting",
		"node02 default_ping_set: 100 → -",
		"node02 pgsql-status: HS:sync → HS:alone",
		"vip-slave: node02 → -",
	}
	if got := before.Changes(after); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestOlderRoleNamesAreUnderstood(t *testing.T) {
	for word, want := range map[string]Role{"Master": Promoted, "Slave": Unpromoted, "Promoted": Promoted, "Stopping": Stopping} {
		if got := parseRole(word); got != want {
			t.Errorf("parseRole(%q) = %q, want %q", word, got, want)
		}
	}
}
