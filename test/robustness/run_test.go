package robustness

import (
	"testing"
	"time"

	"pgrex/test/lab"
)

func TestLongestGapIsOfAllWritersTogether(t *testing.T) {
	epoch := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	at := func(s float64) time.Time { return epoch.Add(time.Duration(s * float64(time.Second))) }
	rows := []lab.History{
		{Acked: []lab.Attempt{{End: at(0)}, {End: at(1)}, {End: at(9)}}},
		{Acked: []lab.Attempt{{End: at(0.5)}, {End: at(4)}, {End: at(8)}}},
	}
	if got := longestGap(rows, at(0.2)); got != 4*time.Second {
		t.Errorf("%v, want 4s: from 4 to 8", got)
	}
	if got := longestGap(rows, at(8.5)); got != time.Second/2 {
		t.Errorf("%v, want 0.5s: from the fault to 9", got)
	}
}

func TestFollows(t *testing.T) {
	well := lab.NodeStatus{Online: true, Role: lab.Unpromoted, Attributes: map[string]string{"pgsql-status": "HS:sync", "pgsql-data-status": "STREAMING|SYNC"}}
	for name, change := range map[string]func(*lab.NodeStatus){
		"offline": func(n *lab.NodeStatus) { n.Online = false },
		"stopped": func(n *lab.NodeStatus) { n.Role = lab.Stopped },
		"locked":  func(n *lab.NodeStatus) { n.Locked = true },
		"alone": func(n *lab.NodeStatus) {
			n.Attributes = map[string]string{"pgsql-status": "HS:alone", "pgsql-data-status": "DISCONNECT"}
		},
	} {
		n := well
		change(&n)
		if follows(lab.Status{Nodes: map[string]lab.NodeStatus{"node02": n}}, "node02") {
			t.Errorf("%s: needs no operator", name)
		}
	}
	s := lab.Status{Nodes: map[string]lab.NodeStatus{"node02": well}}
	if !follows(s, "node02") {
		t.Error("a standby that is well needs an operator")
	}
	s.Failed = []lab.FailedAction{{Node: "node02", Operation: "vip-slave_monitor_10000"}}
	if follows(s, "node02") {
		t.Error("a failed action needs no operator")
	}
}
