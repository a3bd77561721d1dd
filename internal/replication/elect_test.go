package replication

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgrex/internal/pg/wal"
)

const at = wal.LSN(0x3000060)

func alone(data DataStatus) StandbyObservation {
	return StandbyObservation{
		Own: "node01", Position: at, CheckCount: 3, Notes: map[int]string{},
		Nodes: []Node{
			{Name: "node01", Known: true, Online: true, Status: HSAlone, DataStatus: data, Score: MinusInfinity, HasScore: true},
			{Name: "node02", Known: true, Online: true, Status: HSAlone, DataStatus: Disconnect, Score: MinusInfinity, HasScore: true},
		},
	}
}

// elect runs the election monitor by monitor until it is decided.
func elect(t *testing.T, o StandbyObservation, monitors int, between func(int, *StandbyObservation)) (Score, DataStatus, int) {
	t.Helper()
	own := &o.Nodes[0]
	for n := 1; n <= monitors; n++ {
		if between != nil {
			between(n, &o)
		}
		for _, c := range Elect(o) {
			switch c := c.(type) {
			case SetScore:
				own.Score = c.New
			case SetDataStatus:
				own.DataStatus = c.New
			case SetStatus:
				own.Status = c.New
			case SetXlogLoc:
				own.XlogLoc, own.Branch = c.New, c.Branch
			case RecordVote:
				if c.First {
					clear(o.Notes)
				}
				o.Notes[c.Index] = c.Text
			case ForgetVotes:
				clear(o.Notes)
			case Abstain:
			default:
				t.Fatalf("Elect decides on %T", c)
			}
		}
		if own.Score == PrimaryScore || own.DataStatus == Disconnect {
			return own.Score, own.DataStatus, n
		}
	}
	return own.Score, own.DataStatus, monitors
}

// Conformance: 107 (unit)
func TestElectClaimsAfterStableVotes(t *testing.T) {
	for count, want := range map[int]int{0: 2, 1: 2, 3: 4, 5: 6} {
		t.Run(fmt.Sprintf("xlog_check_count=%d", count), func(t *testing.T) {
			o := alone(Latest)
			o.CheckCount = count
			score, _, n := elect(t, o, 20, nil)
			if score != PrimaryScore || n != want {
				t.Errorf("score %v after %d monitors, want 1000 after %d", score, n, want)
			}
			if len(o.Notes) > 0 {
				t.Errorf("notes are left: %v", o.Notes)
			}
		})
	}
}

// Conformance: 107 (unit)
func TestElectAnyChangeStartsAgain(t *testing.T) {
	score, _, n := elect(t, alone(Latest), 20, func(monitor int, o *StandbyObservation) {
		if monitor == 3 {
			o.Nodes[1].XlogLoc = wal.LSN(1).Padded() // the other node votes late
		}
	})
	if score != PrimaryScore || n != 6 {
		t.Errorf("score %v after %d monitors, want 1000 after 6", score, n)
	}
}

// Conformance: 108 (unit)
func TestElectDataStatus(t *testing.T) {
	for data, claims := range map[DataStatus]bool{
		Latest: true, StreamingSync: true,
		Disconnect: false, StreamingAsync: false, "CATCHUP|ASYNC": false, "STREAMING|POTENTIAL": false, "|": false,
	} {
		t.Run(string(data), func(t *testing.T) {
			o := alone(data)
			if score, _, _ := elect(t, o, 20, nil); (score == PrimaryScore) != claims {
				t.Errorf("score %v, claims should be %t", score, claims)
			}
		})
	}
}

// Conformance: 108 (unit)
func TestElectUnknownDataNeedsEverybody(t *testing.T) {
	late := func(monitor int, o *StandbyObservation) {
		if monitor == 10 {
			o.Nodes[1].XlogLoc = wal.LSN(1).Padded()
		}
	}
	if score, _, n := elect(t, alone(NoData), 20, late); score != PrimaryScore || n != 13 {
		t.Errorf("score %v after %d monitors, want 1000 after 13, when both have voted", score, n)
	}
	o := alone(NoData)
	o.CheckCount = 0 // the operator has chosen this node
	if score, _, n := elect(t, o, 20, nil); score != PrimaryScore || n != 2 {
		t.Errorf("score %v after %d monitors, want 1000 after 2", score, n)
	}
}

// Conformance: 109 (unit)
func TestElectSmallerPositionGivesWay(t *testing.T) {
	o := alone(Latest)
	o.Nodes[1].XlogLoc = (at + 1).Padded()
	score, data, n := elect(t, o, 20, nil)
	if score == PrimaryScore || data != Disconnect || n != 4 {
		t.Errorf("score %v, data status %s after %d monitors", score, data, n)
	}
}

// A greater position on an older timeline is not newer data, and data of
// another database cluster is none at all.
//
// Conformance: 110 (unit)
func TestElectComparesTimelinesFirst(t *testing.T) {
	mine := Branch{SystemID: 7, Timeline: 3}
	tests := []struct {
		name     string
		branch   Branch
		position wal.LSN
		wins     bool
	}{
		{"same timeline, further", Branch{7, 3}, at + 8, false},
		{"older timeline, further", Branch{7, 2}, at + 8, true},
		{"newer timeline, not as far", Branch{7, 4}, at - 8, false},
		{"another database cluster, further", Branch{8, 9}, at + 8, true},
		{"unknown branch, further", Branch{}, at + 8, false},
		{"unknown branch, not as far", Branch{}, at - 8, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := alone(Latest)
			o.Branch = mine
			o.Nodes[1].XlogLoc, o.Nodes[1].Branch, o.Nodes[1].DataStatus = tt.position.Padded(), tt.branch, StreamingSync
			if score, data, _ := elect(t, o, 20, nil); (score == PrimaryScore) != tt.wins {
				t.Errorf("score %v, data status %s", score, data)
			}
			if why := RefusePromotion(o); (why == "") != tt.wins {
				t.Errorf("promotion refused: %q", why)
			}
		})
	}
}

func TestBranchText(t *testing.T) {
	for _, b := range []Branch{{}, {7300000000000000001, 12}, {1, 1}} {
		if got := ParseBranch(b.String()); got != b {
			t.Errorf("%q reads back as %v", b, got)
		}
	}
	for _, bad := range []string{"", "7", "x/1", "1/x", "1/2/3", "-1/2"} {
		if got := ParseBranch(bad); got != (Branch{}) {
			t.Errorf("%q is read as %v", bad, got)
		}
	}
}

func TestFollowPrimary(t *testing.T) {
	o := alone(Disconnect)
	o.Nodes[0].Status = HSSync
	o.Nodes[1].Promoted = true
	if !o.PrimaryExists() {
		t.Error("the promoted node is not seen")
	}
	check(t, FollowPrimary(o), []string{"status on node01: HS:sync -> HS:alone (the primary does not see this standby)"})
	o.Nodes[0].DataStatus = StreamingSync
	check(t, FollowPrimary(o), nil)
}

func TestRefusePromotion(t *testing.T) {
	tests := []struct {
		name   string
		change func(*StandbyObservation)
		refuse bool
	}{
		{"synchronous standby", func(*StandbyObservation) {}, false},
		{"stale score on a disconnected node", func(o *StandbyObservation) { o.Nodes[0].DataStatus = Disconnect }, true},
		{"asynchronous standby", func(o *StandbyObservation) { o.Nodes[0].DataStatus = StreamingAsync }, true},
		{"first start", func(o *StandbyObservation) { o.Nodes[0].DataStatus = NoData }, false},
		{"another node has more", func(o *StandbyObservation) {
			o.Nodes[1].DataStatus, o.Nodes[1].XlogLoc = StreamingSync, (at + 8).Padded()
		}, true},
		{"another node has more, of a dead branch", func(o *StandbyObservation) { o.Nodes[1].XlogLoc = (at + 8).Padded() }, false},
		{"another node is promoted", func(o *StandbyObservation) { o.Nodes[1].Promoted = true }, true},
		{"a promoted node that is offline", func(o *StandbyObservation) { o.Nodes[1].Promoted, o.Nodes[1].Online = true, false }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := alone(StreamingSync)
			tt.change(&o)
			if why := RefusePromotion(o); (why != "") != tt.refuse {
				t.Errorf("refused: %q, want %t", why, tt.refuse)
			}
		})
	}
}

// When the server is promoted nobody else may be promotable and the lock must
// be there, whatever the others were; and what was done before can be undone
// from any point.
func TestPromotionOrder(t *testing.T) {
	count := 0
	for _, data := range []DataStatus{NoData, Latest, StreamingSync, StreamingAsync, Disconnect} {
		for _, score := range []Score{0, MinusInfinity, StandbyScore, PrimaryScore} {
			for facts := range 8 {
				count++
				o := alone(StreamingSync)
				o.Nodes[1] = Node{Name: "node02", Known: true, Online: facts&1 != 0, DataStatus: data, Score: score, HasScore: score != 0}
				lockBefore := facts&2 != 0
				changes := steps(o, facts&4 != 0)
				for stop := 0; stop <= len(changes); stop++ {
					n, lock, promoted := o.Nodes[1], lockBefore, false
					for _, c := range changes[:stop] {
						play(&n, &lock, &promoted, c)
					}
					rights := n.DataStatus != Disconnect || n.Online && n.Score != MinusInfinity
					if promoted && (rights || !lock) {
						t.Fatalf("promoted with the other node %+v, lock %t", n, lock)
					}
					for _, c := range UndoPromotion(o, lockBefore) {
						play(&n, &lock, &promoted, c)
					}
					if n.Score == MinusInfinity && score == 0 {
						n.Score = 0 // as good as none, and not worth a write
					}
					want := o.Nodes[1]
					if want.Online && data == Latest && score == 0 {
						want.Score = PrimaryScore // a primary that goes on keeps its place
					}
					if n != want || lock != lockBefore {
						t.Fatalf("undone after %d of %v: %+v, lock %t; want %+v, lock %t", stop, changes, n, lock, want, lockBefore)
					}
				}
			}
		}
	}
	if count != 5*4*8 {
		t.Errorf("%d states tried", count)
	}
}

// steps are those of a promotion, the attributes in one or the other order.
func steps(o StandbyObservation, reversed bool) []Change {
	attributes, then := BeforePromotion(o)
	if reversed {
		slices.Reverse(attributes)
	}
	return append(attributes, then...)
}

func play(other *Node, lock, promoted *bool, c Change) {
	switch c := c.(type) {
	case SetDataStatus:
		other.DataStatus = c.New
	case SetScore:
		other.Score = c.New
	case CreateLock:
		*lock = true
	case RemoveLock:
		*lock = false
	case Promote:
		*promoted = true
	}
}

func TestAfterPromotion(t *testing.T) {
	o := alone(StreamingSync)
	o.Nodes[0].Score = StandbyScore
	check(t, AfterPromotion(o), []string{
		"data-status on node01: STREAMING|SYNC -> LATEST (this server is the primary)",
		"promotion score on node01: 100 -> 1000 (this server is the primary)",
		"status on node01: HS:alone -> PRI (this server is the primary)",
	})
}

func TestDemotedLock(t *testing.T) {
	base := func() Demotion {
		return Demotion{Own: "node01", Quorate: true, Fencing: true, Stopped: true, StandbysKnown: true, Standbys: []string{"node02"}, Nodes: []Node{
			{Name: "node01", Known: true, Online: true, Promoted: true, Status: Primary, DataStatus: Latest},
			{Name: "node02", Known: true, Online: true, DataStatus: StreamingSync},
		}}
	}
	unfenced := Node{Name: "node02", Known: true, Unclean: true, DataStatus: Disconnect}
	tests := []struct {
		name    string
		change  func(*Demotion)
		removed bool // the lock; else it is noted in it who has all
		noted   bool
	}{
		{"a synchronous standby is active", func(*Demotion) {}, false, false},
		{"last node stops", func(d *Demotion) { d.Standbys = nil }, true, false},
		{"... and the synchronous standby is out of sight", func(d *Demotion) { d.Standbys, d.Nodes[1].Online = nil, false }, false, false},
		{"... and out of sight is one that may not be promoted", func(d *Demotion) {
			d.Standbys, d.Nodes[1].Online, d.Nodes[1].DataStatus = nil, false, Disconnect
		}, true, false},
		{"... and another is being promoted", func(d *Demotion) { d.Standbys, d.Nodes[1].Promoted = nil, true }, false, false},
		{"... and another has marked this node's data before its promotion", func(d *Demotion) {
			d.Standbys, d.Nodes[0].DataStatus = nil, Disconnect
		}, false, false},
		{"... and another has the latest data", func(d *Demotion) { d.Standbys, d.Nodes[1].DataStatus = nil, Latest }, false, false},
		{"... and the cluster does not answer", func(d *Demotion) { d.Standbys, d.Nodes = nil, nil }, false, false},
		{"nobody can tell who is active", func(d *Demotion) { d.Standbys, d.StandbysKnown = nil, false }, false, false},
		{"server had crashed beside a synchronous standby", func(d *Demotion) { d.Stopped, d.Standbys = false, nil }, false, false},
		{"lone primary had crashed", func(d *Demotion) { d.Stopped, d.Nodes[1].DataStatus = false, Disconnect }, true, false},
		{"... without quorum", func(d *Demotion) { d.Stopped, d.Nodes[1].DataStatus, d.Quorate = false, Disconnect, false }, false, false},
		{"... on a node that has been away since", func(d *Demotion) {
			d.Stopped, d.Nodes[1].DataStatus, d.Nodes[0].Status = false, Disconnect, NoStatus
		}, false, false},
		{"... and another has become primary", func(d *Demotion) { d.Stopped, d.Nodes[1].DataStatus = false, Latest }, false, false},
		{"... and nothing is known of the other", func(d *Demotion) { d.Stopped, d.Nodes[1].DataStatus = false, NoData }, false, false},
		{"... and its own data is not the latest", func(d *Demotion) {
			d.Stopped, d.Nodes[1].DataStatus, d.Nodes[0].DataStatus = false, Disconnect, Disconnect
		}, false, false},
		{"a standby that lags is no candidate", func(d *Demotion) { d.Nodes[1].DataStatus = "CATCHUP|ASYNC" }, true, false},
		{"the synchronous standby has the shutdown checkpoint", func(d *Demotion) { d.Covered = []string{"node02"} }, false, true},
		{"... without quorum", func(d *Demotion) { d.Covered, d.Quorate = []string{"node02"}, false }, false, false},
		{"... of two that may be promoted", func(d *Demotion) {
			d.Covered = []string{"node02"}
			d.Nodes = append(d.Nodes, Node{Name: "node03", Known: true, DataStatus: StreamingSync})
		}, false, false},
		{"... beside one that may not", func(d *Demotion) {
			d.Covered = []string{"node02"}
			d.Nodes = append(d.Nodes, Node{Name: "node03", Known: true, DataStatus: StreamingAsync})
		}, false, true},
		{"... beside one of which nothing is known", func(d *Demotion) {
			d.Covered = []string{"node02"}
			d.Nodes = append(d.Nodes, Node{Name: "node03", Known: true})
		}, false, false},
		// F37: the primary had marked the standby, and gave up before that was fenced.
		{"the other was marked and is not fenced yet", func(d *Demotion) { d.Nodes[1] = unfenced }, false, false},
		{"... and nobody was active", func(d *Demotion) { d.Standbys, d.Nodes[1] = nil, unfenced }, false, false},
		{"... and has the shutdown checkpoint", func(d *Demotion) { d.Covered, d.Nodes[1] = []string{"node02"}, unfenced }, false, true},
		{"... and is fenced now", func(d *Demotion) { d.Nodes[1] = unfenced; d.Nodes[1].Unclean = false }, true, false},
		{"... in a cluster that cannot fence", func(d *Demotion) { d.Fencing, d.Nodes[1] = false, unfenced }, true, false},
		{"an asynchronous standby is one in mode async", func(d *Demotion) { d.Mode, d.Nodes[1].DataStatus = Async, StreamingAsync }, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := base()
			tt.change(&d)
			got := Demoted(d)
			if removed := len(got) == 1 && kind(got[0]) == "RemoveLock"; removed != tt.removed {
				t.Errorf("changes %v", got)
			}
			if noted := len(got) == 1 && kind(got[0]) == "NoteCovered"; noted != tt.noted {
				t.Errorf("noted %t: %v", noted, got)
			}
		})
	}
}

func kind(c Change) string { return reflect.TypeOf(c).Name() }

// Every record that two other nodes can have, and every answer of the one that had
// all that this node wrote when it was stopped.
func TestMayReturn(t *testing.T) {
	var states []Node
	for _, data := range []DataStatus{NoData, Disconnect, StreamingAsync, StreamingSync, Latest} {
		for flags := range 8 {
			states = append(states, Node{DataStatus: data, Known: flags&1 != 0, Online: flags&2 != 0, Promoted: flags&4 != 0})
		}
	}
	seen := map[string]int{}
	for _, mine := range []DataStatus{NoData, Disconnect, StreamingSync, Latest} {
		for facts := range 4 {
			quorate, answered := facts&1 != 0, facts&2 != 0
			for _, two := range states {
				for _, three := range states {
					two.Name, three.Name = "node02", "node03"
					r := Return{Own: "node01", Mode: Sync, Quorate: quorate, Covered: []string{"node02"},
						Nodes: []Node{{Name: "node01", Known: true, Online: true, DataStatus: mine}, two, three}}
					if answered {
						r.Answered = []string{"node02"}
					}
					ok, notYet := MayReturn(r)
					// What must hold, in other words than the code's.
					primary := func(n Node) bool { return n.Promoted || n.DataStatus == Latest }
					rival := three.DataStatus == NoData || three.DataStatus == StreamingSync || !three.Known
					untouched := mine == Latest && !primary(two) && !primary(three) && two.Known && two.Online && answered && !rival
					followed := mine == Disconnect && primary(two) && !primary(three)
					if want := quorate && untouched || followed; ok != want {
						t.Errorf("%+v: %t", r, ok)
					}
					if notYet && (ok || primary(three) || mine != Latest || primary(two)) {
						t.Errorf("%+v: waits for nothing", r)
					}
					switch {
					case ok && untouched:
						seen["untouched"]++
					case ok:
						seen["followed"]++
					case notYet:
						seen["not yet"]++
					}
				}
			}
		}
	}
	if len(seen) != 3 {
		t.Errorf("seen %v", seen)
	}
	if ok, _ := MayReturn(Return{Own: "node01", Quorate: true}); ok {
		t.Error("no record proves nothing")
	}
}

func TestFollowed(t *testing.T) {
	for _, c := range []struct {
		mine, other DataStatus
		want        bool
	}{
		{Disconnect, Latest, true}, {StreamingSync, Latest, true}, {Latest, Latest, false}, {NoData, Latest, false},
		{Disconnect, StreamingSync, false}, {Disconnect, Disconnect, false},
	} {
		nodes := []Node{{Name: "node01", DataStatus: c.mine}, {Name: "node02", DataStatus: c.other}}
		if got := Followed("NODE01", nodes); got != c.want {
			t.Errorf("%s beside %s: %t", c.mine, c.other, got)
		}
	}
}

func TestFollower(t *testing.T) {
	tests := []struct {
		name     string
		primary  Node
		shutdown Shutdown
		found    bool
	}{
		{"promoted beyond the checkpoint", Node{Promoted: true, Online: true, Baseline: (at + 0x78).Padded()}, Shutdown{true, at}, true},
		{"promoted before the checkpoint", Node{Promoted: true, Online: true, Baseline: at.Padded()}, Shutdown{true, at}, false},
		{"stopped without a checkpoint", Node{Promoted: true, Online: true, Baseline: (at + 0x78).Padded()}, Shutdown{false, at}, false},
		{"not promoted", Node{Online: true, Baseline: (at + 0x78).Padded()}, Shutdown{true, at}, false},
		{"promoted and gone", Node{Promoted: true, Baseline: (at + 0x78).Padded()}, Shutdown{true, at}, false},
		{"position not known", Node{Promoted: true, Online: true}, Shutdown{true, at}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.primary.Name = "node02"
			if got := Follower("node01", []Node{{Name: "node01"}, tt.primary}, tt.shutdown); (got != "") != tt.found {
				t.Errorf("found %q", got)
			}
		})
	}
}

func TestScoreText(t *testing.T) {
	for _, s := range []Score{MinusInfinity, -1, 0, StandbyScore, PrimaryScore, -MinusInfinity} {
		if got, err := ParseScore(s.String()); err != nil || got != s {
			t.Errorf("%v reads back as %v, %v", s, got, err)
		}
	}
	for _, bad := range []string{"", "x", "1x", "1 2", "--1"} {
		if got, err := ParseScore(bad); err == nil {
			t.Errorf("%q is read as %v", bad, got)
		}
	}
}

// A node that comes back alone reads the record as it was when it left. Commits
// that the primary acknowledged alone afterwards are known to the primary only.
//
// Conformance: 124 (unit)
func TestElectWaitsForThePrimaryThatMayHaveGoneOn(t *testing.T) {
	record := func(own, other DataStatus, online bool) StandbyObservation {
		o := alone(own)
		o.Nodes[1].DataStatus, o.Nodes[1].Online = other, online
		return o
	}
	third := Node{Name: "node03", Known: true, Online: true, DataStatus: StreamingAsync}
	for _, tt := range []struct {
		name   string
		o      StandbyObservation
		change func(*StandbyObservation)
		claims bool
	}{
		{"primary is away", record(StreamingSync, Latest, false), nil, false},
		{"primary is there, and has nothing to add", record(StreamingSync, Latest, true), nil, true},
		{"declared lost", record(StreamingSync, Disconnect, false), nil, true},
		{"it was the primary itself", record(Latest, Disconnect, false), nil, true},
		{"a majority knows", record(StreamingSync, Latest, false), func(o *StandbyObservation) {
			o.Nodes, o.Current = append(o.Nodes, third), true
		}, true},
		{"three nodes without quorum", record(StreamingSync, Latest, false), func(o *StandbyObservation) {
			o.Nodes = append(o.Nodes, third)
		}, false},
		{"async promises nothing of the kind", record(StreamingAsync, Latest, false), func(o *StandbyObservation) { o.Mode = Async }, true},
	} {
		if tt.change != nil {
			tt.change(&tt.o)
		}
		if score, _, _ := elect(t, tt.o, 8, nil); (score == PrimaryScore) != tt.claims {
			t.Errorf("%s: score %v, want a claim: %t", tt.name, score, tt.claims)
		}
	}
}

// A score that the cluster may promote on is nothing to vote about.
func TestElected(t *testing.T) {
	for score, want := range map[Score]bool{PrimaryScore: true, StandbyScore: true, 0: false, MinusInfinity: false} {
		o := StandbyObservation{Own: "node01", Nodes: []Node{{Name: "node01", Known: true, Score: score, HasScore: true}}}
		if o.Elected() != want {
			t.Errorf("score %d: %t", score, o.Elected())
		}
	}
	if (StandbyObservation{Own: "node01", Nodes: []Node{{Name: "node01", Known: true}}}).Elected() {
		t.Error("without a score")
	}
}
