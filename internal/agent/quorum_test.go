package agent

import (
	"testing"

	"pgrex/internal/crm"
)

// Votes are back before the other nodes are: of three nodes one alone does not act
// on quorum that it cannot see.
func TestMayAct(t *testing.T) {
	for _, tt := range []struct {
		nodes, online    int
		quorate, ignores bool
		fencing, may     bool
	}{
		{2, 1, true, false, false, true},
		{2, 1, false, false, false, false},
		{2, 1, false, true, false, true},
		{3, 1, true, false, false, false},
		{3, 1, false, true, false, true},
		{3, 2, true, false, false, true},
		{3, 2, false, false, false, false},
		{4, 2, true, false, false, true},
		{5, 2, true, false, false, false},
		{5, 3, true, false, false, true},
		{3, 1, true, false, true, false},
		{3, 2, true, false, true, true},
		{2, 1, true, false, true, true},
		{3, 1, false, false, true, false},
	} {
		s := &crm.State{Quorate: tt.quorate, IgnoresQuorum: tt.ignores, Fencing: tt.fencing, Nodes: make([]crm.Node, tt.nodes)}
		for i := range tt.online {
			s.Nodes[i].Online = true
		}
		if got := mayAct(s); got != tt.may {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}
