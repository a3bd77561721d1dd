package operation

import (
	"testing"

	"pgrex/internal/crm"
)

// The lock of an old primary goes only where its own cluster knows of the next one.
func TestSucceeded(t *testing.T) {
	for _, tt := range []struct {
		old, next string
		want      bool
	}{
		{"DISCONNECT", "LATEST", true},
		{"STREAMING|SYNC", "LATEST", true},
		{"LATEST", "STREAMING|SYNC", false},
		{"LATEST", "LATEST", false},
		{"", "LATEST", false},
		{"DISCONNECT", "", false},
		{"DISCONNECT", "STREAMING|SYNC", false},
	} {
		var o crm.Overview
		for name, status := range map[string]string{"node01": tt.old, "node02": tt.next} {
			n := crm.NodeStatus{Name: name, Attrs: map[string]string{}}
			if status != "" {
				n.Attrs["pgsql-data-status"] = status
			}
			o.Nodes = append(o.Nodes, n)
		}
		if got := succeeded(o, "pgsql", "node01", "node02"); got != tt.want {
			t.Errorf("%s, then %s: %t", tt.old, tt.next, got)
		}
	}
	if succeeded(crm.Overview{}, "pgsql", "node01", "node02") {
		t.Error("a cluster that knows nothing knows of a successor")
	}
}
