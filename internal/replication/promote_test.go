package replication

import (
	"strings"
	"testing"
)

// A promotion that has waited is judged by what there is then.
func TestRefuseAfterWaiting(t *testing.T) {
	lost := func(set func(*StandbyObservation)) StandbyObservation {
		o := StandbyObservation{Own: "node03", Mode: Sync, Current: true, Nodes: []Node{
			{Name: "node01", Known: true, Online: true, DataStatus: StreamingAsync},
			{Name: "node02", Known: true, DataStatus: Latest},
			{Name: "node03", Known: true, Online: true, DataStatus: StreamingSync},
		}}
		set(&o)
		return o
	}
	back := func(o *StandbyObservation) { o.Nodes[1].Online = true }
	promoted := func(o *StandbyObservation) { o.Nodes[1].Online, o.Nodes[1].Promoted = true, true }
	minority := func(o *StandbyObservation) { o.Current = false }
	stale := func(o *StandbyObservation) { o.Nodes[2].DataStatus = Disconnect }
	as := func(*StandbyObservation) {}
	for _, tt := range []struct {
		name  string
		set   func(*StandbyObservation)
		ended bool
		want  string
	}{
		{"as before, it goes on", as, false, ""},
		{"as before, its server has ended", as, true, ""},
		{"back, it goes on", back, false, "node02 is back"},
		{"back, its server has ended", back, true, ""},
		{"back and promoted", promoted, true, "node02 is promoted already"},
		{"no majority any more", minority, false, "no majority"},
		{"no majority any more, but its server has ended", minority, true, ""},
		{"this standby has lost its right", stale, true, "DISCONNECT"},
	} {
		if got := RefuseAfterWaiting(lost(tt.set), "node02", tt.ended); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
