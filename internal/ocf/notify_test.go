package ocf

import (
	"slices"
	"strings"
	"testing"
)

// notifyEnv takes pairs of the middle of a variable's name and its value.
func notifyEnv(pairs ...string) Env {
	env := Env{}
	for i := 0; i < len(pairs); i += 2 {
		env[meta+"notify_"+pairs[i]] = pairs[i+1]
	}
	return env
}

func wantNodes(t *testing.T, what string, got []string, want string) {
	t.Helper()
	if strings.Join(got, " ") != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// Conformance: 94 (unit)
func TestNotifyLists(t *testing.T) {
	tests := []struct {
		name                 string
		env                  Env
		promoted, unpromoted string
		known                bool
	}{
		{"absent", notifyEnv(), "", "", false},
		{"empty list is one blank", notifyEnv("promoted_uname", " ", "unpromoted_uname", " "), "", "", true},
		{"empty string", notifyEnv("slave_uname", ""), "", "", true},
		{"several blanks", notifyEnv("unpromoted_uname", "  node2   node3 "), "", "node2 node3", true},
		{"old names", notifyEnv("master_uname", "node1", "slave_uname", "node2"), "node1", "node2", true},
		{"new names", notifyEnv("promoted_uname", "node1", "unpromoted_uname", "node2"), "node1", "node2", true},
		{"new names win", notifyEnv("master_uname", "old1", "slave_uname", "old2", "promoted_uname", "node1", "unpromoted_uname", "node2"), "node1", "node2", true},
		{"new empty list wins", notifyEnv("master_uname", "old1", "slave_uname", "old2", "promoted_uname", " ", "unpromoted_uname", " "), "", "", true},
		{"two promoted", notifyEnv("promoted_uname", "node1 node2"), "node1 node2", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := parseNotify(tt.env)
			wantNodes(t, "promoted", n.Promoted, tt.promoted)
			wantNodes(t, "unpromoted", n.Unpromoted, tt.unpromoted)
			if n.UnpromotedKnown != tt.known {
				t.Errorf("UnpromotedKnown is %v", n.UnpromotedKnown)
			}
		})
	}
}

func TestNotifyReadsEveryVariable(t *testing.T) {
	n := parseNotify(notifyEnv("type", "post", "operation", "demote", "start_uname", "a", "stop_uname", "b",
		"promote_uname", "c", "demote_uname", "d", "active_uname", "e", "available_uname", "f"))
	if n.Type != "post" || n.Operation != "demote" {
		t.Errorf("got %s-%s", n.Type, n.Operation)
	}
	wantNodes(t, "lists", slices.Concat(n.Start, n.Stop, n.Promote, n.Demote, n.Active, n.Available), "a b c d e f")
}

func TestContains(t *testing.T) {
	list := []string{"node10", "Node2"}
	for name, want := range map[string]bool{"node1": false, "node10": true, "node2": true, "NODE2": true, "": false} {
		if Contains(list, name) != want {
			t.Errorf("%q: got %v", name, !want)
		}
	}
}
