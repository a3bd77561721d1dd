package robustness

import (
	"path/filepath"
	"slices"
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
	if got := longestGap(rows, at(0.2), at(9.1)); got != 4*time.Second {
		t.Errorf("%v, want 4s: from 4 to 8", got)
	}
	if got := longestGap(rows, at(8.5), at(9.1)); got != time.Second/2 {
		t.Errorf("%v, want 0.5s: from the fault to 9", got)
	}
	if got := longestGap(rows, at(9.5), at(12)); got != 5*time.Second/2 {
		t.Errorf("%v, want 2.5s: nothing since the fault", got)
	}
}

func TestExpected(t *testing.T) {
	entries := func(ids ...string) (e Episode) {
		for _, id := range ids {
			e.Entries = append(e.Entries, Entry{Fault: id})
		}
		return e
	}
	n1, n2 := []string{"node01"}, []string{"node02"}
	both := append(n1[:1:1], n2...)
	for _, tt := range []struct {
		name               string
		e                  Episode
		whole, fencing     bool
		restarts, mayFence []string
	}{
		{"the role moves", entries("F01"), true, false, n1, nil},
		{"the primary stays", entries("F03"), true, false, nil, nil},
		{"the standby is to be brought back", entries("F04"), true, false, n2, nil},
		{"no fencing", entries("F09"), true, false, n1, nil},
		{"its power may be taken", entries("F09"), true, true, n1, n1},
		{"that of the standby", entries("F10"), true, true, n2, n2},
		{"nobody takes over", entries("F56"), true, false, both, nil},
		{"two at once", entries("F01", "F10"), true, true, both, both},
		{"two at once that need no fencing", entries("F01", "F04"), true, true, both, nil},
		{"not whole", entries("F03"), false, true, both, nil},
	} {
		r := &run{Lab: &lab.Lab{}, o: Options{Nodes: 2, Fencing: tt.fencing}}
		r.first = roles{primary: &lab.Node{Name: "node01"}, standby: &lab.Node{Name: "node02"}}
		x := r.expected(tt.e, tt.whole)
		if !slices.Equal(x.Restarts, tt.restarts) || !slices.Equal(x.MayFence, tt.mayFence) {
			t.Errorf("%s: restarts %v, want %v; may be fenced %v, want %v", tt.name, x.Restarts, tt.restarts, x.MayFence, tt.mayFence)
		}
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

func TestEveryRunHasAFolderOfItsOwn(t *testing.T) {
	name := filepath.Join(t.TempDir(), "runs", "robustness-7")
	for _, want := range []string{name, name + "-2", name + "-3"} {
		r := &run{result: Result{Folder: name}}
		if err := r.ownFolder(); err != nil || r.result.Folder != want {
			t.Errorf("%s, %v, want %s", r.result.Folder, err, want)
		}
	}
}
