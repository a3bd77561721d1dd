package replication

import (
	"fmt"
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

// Who may be taken for a candidate still, and whose promotion comes to nothing.
func TestUnusable(t *testing.T) {
	standby := Node{Name: "node02", Online: true, DataStatus: StreamingSync, HasScore: true, Score: StandbyScore}
	taken := Node{Name: "node02", Online: true, DataStatus: Disconnect, HasScore: true, Score: MinusInfinity}
	half := Node{Name: "node02", Online: true, DataStatus: Disconnect, HasScore: true, Score: StandbyScore}
	promoted := Node{Name: "node02", Online: true, DataStatus: Disconnect, HasScore: true, Score: MinusInfinity, Promoted: true}
	primary := Node{Name: "Node01", Online: true, DataStatus: Latest, HasScore: true, Score: PrimaryScore}
	candidate := Node{Name: "Node01", Online: true, DataStatus: StreamingSync, HasScore: true, Score: StandbyScore}
	lost := Node{Name: "Node01", Online: true, DataStatus: Disconnect, HasScore: true, Score: PrimaryScore}
	weak := Node{Name: "Node01", Online: true, DataStatus: Latest, HasScore: true, Score: MinusInfinity}
	gone := Node{Name: "node02", Known: true, Unclean: true, DataStatus: Disconnect}
	for _, tt := range []struct {
		name       string
		own, other Node
		sure       bool
		err        string
	}{
		{"a primary, its standby has its rights", primary, standby, false, ""},
		{"a primary, its standby has half of them", primary, half, false, ""},
		{"a primary, its standby has none", primary, taken, true, ""},
		{"a primary, its standby is promoted", primary, promoted, false, "node02 is promoted too"},
		{"a primary whose data status is gone", lost, taken, false, "was taken"},
		{"a primary whose score has not come", weak, taken, false, ""},
		{"a promotion, the primary is known as such meanwhile", candidate, promoted, true, ""},
		{"a promotion, the primary's node has repeated its score", candidate, Node{Name: "node02", Online: true, DataStatus: Disconnect, HasScore: true, Score: PrimaryScore}, true, ""},
		{"a promotion, the primary has its data status", candidate, Node{Name: "node02", Online: true, DataStatus: Latest, HasScore: true, Score: MinusInfinity}, false, ""},
		{"a promotion, a first one", Node{Name: "Node01"}, taken, true, ""},
	} {
		o := Observation{Own: "node01", Mode: Sync, Quorate: true, Nodes: []Node{tt.own, tt.other}}
		sure, err := Unusable(o, []string{"node02"})
		if sure != tt.sure || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %v, %v", tt.name, sure, err)
		}
		// Cut off between the write and the look: a primary's verdict holds for its
		// part of the cluster only. A promotion is the cluster's order.
		o.Quorate = false
		if sure, _ := Unusable(o, []string{"node02"}); sure != (tt.sure && tt.own.DataStatus != Latest) {
			t.Errorf("%s, without quorum: %v", tt.name, sure)
		}
		o.Quorate, o.Fencing = true, true
		o.Nodes[1] = gone
		if sure, _ := Unusable(o, []string{"node02"}); sure && tt.own.DataStatus == Latest {
			t.Errorf("%s, the standby's node is lost and not fenced: %v", tt.name, sure)
		}
	}
}

// A promoted node is beyond a promotion, unless it is the last primary, which the
// cluster has found only after it had asked, in mode sync.
func TestPromotionBesideAPromotedNode(t *testing.T) {
	for _, tt := range []struct {
		mode       Mode
		data       DataStatus
		unforeseen bool
		refused    bool
	}{
		{Sync, Latest, true, false},
		{Sync, Latest, false, true},
		{Sync, Disconnect, true, true},
		{Async, Latest, true, true},
	} {
		o := StandbyObservation{Own: "node02", Mode: tt.mode, Unforeseen: tt.unforeseen, Nodes: []Node{
			{Name: "node01", Known: true, Online: true, Promoted: true, DataStatus: tt.data, Status: HSAlone},
			{Name: "node02", Known: true, Online: true, DataStatus: StreamingSync},
		}}
		if why := RefusePromotion(o); (why != "") != tt.refused {
			t.Errorf("%+v: %q", tt, why)
		}
		if confirms := strings.Contains(fmt.Sprint(steps(o, false)), "confirm that node01 may not be promoted"); !tt.refused && !confirms {
			t.Errorf("%+v: node01 is not looked at", tt)
		}
	}
}

// Whose server may serve when this one is promoted: the last primary out of sight, and
// where the record has none, whoever is out of sight.
func TestMayGoOn(t *testing.T) {
	for _, own := range []DataStatus{NoData, Disconnect, StreamingSync, Latest} {
		for _, data := range []DataStatus{NoData, Disconnect, StreamingAsync, StreamingSync, Latest} {
			for facts := range 8 {
				online, known, mode := facts&1 != 0, facts&2 != 0, Sync
				if facts&4 != 0 {
					mode = Async
				}
				o := StandbyObservation{Own: "node01", Mode: mode, Nodes: []Node{
					{Name: "node01", Known: true, Online: true, DataStatus: own},
					{Name: "node02", Known: known, Online: online, DataStatus: data},
				}}
				want := known && !online || data == Latest && (!online || mode == Async)
				if got := MayGoOn(o); (got.Name == "node02") != want || got.Name == "node01" {
					t.Errorf("own %s, other %+v, mode %v: %q", own, o.Nodes[1], mode, got.Name)
				}
			}
		}
	}
	// Of several the last primary is asked for.
	o := StandbyObservation{Own: "node01", Mode: Sync, Nodes: []Node{
		{Name: "node01", Known: true, Online: true}, {Name: "node02", Known: true}, {Name: "node03", Known: true, DataStatus: Latest}}}
	if got := MayGoOn(o); got.Name != "node03" {
		t.Errorf("%q", got.Name)
	}
}

// A primary hears from those of the named nodes that are online; a promotion from nobody.
func TestInformed(t *testing.T) {
	for _, own := range []DataStatus{NoData, Disconnect, StreamingSync, Latest} {
		o := Observation{Own: "node01", Nodes: []Node{
			{Name: "node01", Known: true, Online: true, DataStatus: own},
			{Name: "Node02", Known: true, Online: true}, {Name: "node03", Known: true}, {Name: "node04", Known: true, Online: true},
		}}
		got := Informed(o, []string{"node02", "node03"})
		if want := own == Latest; (len(got) == 1 && got[0] == "Node02") != want || !want && got != nil {
			t.Errorf("%s: %v", own, got)
		}
	}
}
