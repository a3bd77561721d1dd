package replication

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgrex/internal/pg/wal"
)

// world is the model that decisions are tried on: what the cluster records,
// what the file says, and what the server of the primary does.
type world struct {
	o Observation
}

func (w *world) clone() *world {
	c := *w
	c.o.Nodes = slices.Clone(w.o.Nodes)
	c.o.Senders = slices.Clone(w.o.Senders)
	c.o.FileNames = slices.Clone(w.o.FileNames)
	c.o.ServerNames = slices.Clone(w.o.ServerNames)
	return &c
}

// do applies one change as agent.apply would, half of a SetSyncNames (the file
// is written, the server has not read it) when half is true.
func (w *world) do(t *testing.T, c Change, half bool) {
	t.Helper()
	node := func(name string) *Node {
		for i := range w.o.Nodes {
			if w.o.Nodes[i].Name == name {
				return &w.o.Nodes[i]
			}
		}
		t.Fatalf("%v is about a node that is not there", c)
		return nil
	}
	switch c := c.(type) {
	case SetStatus:
		node(c.Node).Status = c.New
	case SetDataStatus:
		node(c.Node).DataStatus = c.New
	case SetScore:
		n := node(c.Node)
		n.Score, n.HasScore = c.New, true
	case ConfirmUnusable, Hold:
	case SetSyncNames:
		w.o.FileNames = slices.Clone(c.New)
		if !half {
			w.o.ServerNames = slices.Clone(c.New)
			// The server reports at once what it waits for.
			for i, s := range w.o.Senders {
				if s.State == "streaming" {
					w.o.Senders[i].Sync = "async"
					if contains(c.New, s.Name) {
						w.o.Senders[i].Sync = "sync"
					}
				}
			}
		}
	default:
		t.Fatalf("Control decides on %T", c)
	}
}

// unsafe names a standby that may be promoted although commits do not wait for
// it, or "". A node that has rights because of the state we began with is
// looked at only once Control has had its say, see the callers.
func (w *world) unsafe() string {
	for _, n := range w.o.Nodes {
		if n.Name == w.o.Own {
			continue
		}
		mayBePromoted := n.DataStatus.Promotable(Sync) || n.Online && n.HasScore && n.Score > 0
		if mayBePromoted && !contains(w.o.ServerNames, n.Name) {
			return fmt.Sprintf("%s may be promoted (data status %s, score %v) and commits wait for %v", n.Name, n.DataStatus, n.Score, w.o.ServerNames)
		}
	}
	return ""
}

// states calls fn with every state of a primary and one standby that the
// agent can meet, and returns their number.
func states(fn func(*world)) int {
	count := 0
	type row struct{ state, sync string }
	rows := []row{{}, {"streaming", "sync"}, {"flushed", "sync"}, {"stalled", "sync"}, {"streaming", "quorum"}, {"flushed", "quorum"}, {"streaming", "async"}, {"streaming", "potential"},
		{"catchup", "async"}, {"catchup", "sync"}, {"startup", "async"}, {"backup", "async"}, {"stopping", "sync"}, {"hidden", ""}}
	lists := [][]string{nil, {"node02"}}
	for _, r := range rows {
		for _, file := range lists {
			for _, server := range lists {
				for _, data := range []DataStatus{NoData, Disconnect, StreamingSync, StreamingAsync, "CATCHUP|ASYNC", Latest} {
					for _, score := range []Score{0, MinusInfinity, StandbyScore} {
						for _, status := range []Status{NoStatus, HSAlone, HSSync, HSAsync, HSConnected, Stopped, Unknown} {
							for facts := 0; facts < 1<<5; facts++ {
								n2 := Node{Name: "node02", DataStatus: data, Score: score, HasScore: score != 0, Status: status,
									Online: facts&1 != 0, Unclean: facts&2 != 0, Known: facts&16 == 0}
								if !n2.Known && n2 != (Node{Name: "node02"}) {
									continue // a node that the cluster does not list has no attributes
								}
								o := Observation{Own: "node01", Quorate: facts&4 != 0, Fencing: facts&8 != 0,
									FileNames: file, ServerNames: server,
									Nodes: []Node{{Name: "node01", Known: true, Online: true, Promoted: true}, n2}}
								if r.state == "hidden" {
									o.Senders = []Sender{{Name: "node02"}}
								} else if r.state == "flushed" {
									o.Senders = []Sender{{Name: "node02", State: "streaming", Sync: r.sync, Flushed: true}}
								} else if r.state == "stalled" {
									o.Senders = []Sender{{Name: "node02", State: "streaming", Sync: r.sync, Stalled: true}}
								} else if r.state != "" {
									o.Senders = []Sender{{Name: "node02", State: r.state, Sync: r.sync}}
								}
								count++
								fn(&world{o})
							}
						}
					}
				}
			}
		}
	}
	return count
}

// 14 rows, 4 lists, and the node either listed with its 16 facts or not.
const wantStates = 14 * 4 * (6*3*7*16 + 4)

// Pacemaker may kill the agent between any two writes, and in the middle of
// the one that is a file and a signal.
func TestControlIsSafeAfterEveryInterruption(t *testing.T) {
	failures := 0
	n := states(func(w *world) {
		if w.unsafe() != "" {
			return // not a state that the agent leads to; TestControlSettles has these
		}
		changes := Control(w.o)
		together := Taken(changes)
		for some := range 1 << together {
			v := w.clone()
			for i, c := range changes[:together] {
				if some>>i&1 == 1 {
					v.do(t, c, false)
				}
			}
			if why := v.unsafe(); why != "" && failures < 5 {
				failures++
				t.Errorf("after those of %b of %v\nfrom %+v\n%s", some, changes, w.o, why)
			}
		}
		for stop := 0; stop <= len(changes); stop++ {
			for _, half := range []bool{false, true} {
				v := w.clone()
				for _, c := range changes[:stop] {
					v.do(t, c, false)
				}
				if half && stop < len(changes) {
					v.do(t, changes[stop], true)
				}
				if why := v.unsafe(); why != "" && failures < 5 {
					failures++
					t.Errorf("after %d of %v\nfrom %+v\n%s", stop, changes, w.o, why)
				}
			}
		}
	})
	if n != wantStates {
		t.Errorf("%d states tried, want %d", n, wantStates)
	}
	t.Logf("%d states", n)
}

// From any state, interrupted anywhere, going on leads to a state in which
// nothing is left to do and nothing is wrong.
func TestControlSettles(t *testing.T) {
	failures := 0
	n := states(func(w *world) {
		changes := Control(w.o)
		for stop := 0; stop <= len(changes); stop++ {
			v := w.clone()
			for _, c := range changes[:stop] {
				v.do(t, c, false)
			}
			var left []Change
			for range 3 {
				left = Control(v.o)
				for _, c := range left {
					v.do(t, c, false)
				}
			}
			left = slices.DeleteFunc(Control(v.o), isHold)
			if len(left) > 0 && failures < 5 {
				failures++
				t.Errorf("still %v\nfrom %+v\nvia %v", left, w.o, changes[:stop])
			}
			// A row that cannot be read keeps the previous verdict, safe or not,
			// and so does a primary that may not speak for the cluster.
			hidden := len(v.o.Senders) == 1 && v.o.Senders[0].State == ""
			if why := v.unsafe(); why != "" && !hidden && v.o.Quorate && failures < 5 {
				failures++
				t.Errorf("settled in an unsafe state: %s\nfrom %+v", why, w.o)
			}
		}
	})
	if n != wantStates {
		t.Errorf("%d states tried, want %d", n, wantStates)
	}
}

// A standby gains the right to be promoted only with all that was acknowledged
// before commits waited for it; one that has it keeps it while they do.
func TestControlRightsNeedWhatWasWrittenBefore(t *testing.T) {
	given, kept := 0, 0
	states(func(w *world) {
		n2 := w.o.Nodes[1]
		rights := n2.DataStatus == StreamingSync
		for _, c := range Control(w.o) {
			switch c := c.(type) {
			case SetDataStatus:
				rights = rights || c.Node == n2.Name && c.New == StreamingSync
			case SetScore:
				rights = rights || c.Node == n2.Name && c.New > 0
			}
		}
		switch {
		case !rights:
		case n2.DataStatus == StreamingSync:
			kept++
		case len(w.o.Senders) == 0 || !w.o.Senders[0].Flushed || !contains(w.o.ServerNames, n2.Name):
			t.Fatalf("rights from %+v", w.o)
		default:
			given++
		}
	})
	if given == 0 || kept == 0 {
		t.Errorf("%d given, %d kept", given, kept)
	}
}

// What commits wait for is dropped only when the standby has lost its rights
// before, in front of everybody, and when nobody else can have promoted it.
func TestControlReleasesCommitsLast(t *testing.T) {
	released, held := 0, 0
	states(func(w *world) {
		changes := Control(w.o)
		confirmed := false
		for _, c := range changes {
			switch c := c.(type) {
			case ConfirmUnusable:
				confirmed = contains(c.Nodes, "node02")
			case SetSyncNames:
				if len(missing(w.o.ServerNames, c.New)) == 0 {
					continue
				}
				released++
				n2 := w.o.Nodes[1]
				if !confirmed {
					t.Fatalf("%v without confirmation, from %+v", c, w.o)
				}
				if !w.o.Quorate {
					t.Fatalf("%v without quorum, from %+v", c, w.o)
				}
				if w.o.Fencing && !n2.Online && (n2.Unclean || !n2.Known) {
					t.Fatalf("%v while the standby is not fenced, from %+v", c, w.o)
				}
			case Hold:
				held++
			}
		}
	})
	if released == 0 || held == 0 {
		t.Errorf("released %d times, held %d times: the states do not cover it", released, held)
	}
	t.Logf("released in %d states, held in %d", released, held)
}

func isHold(c Change) bool { _, ok := c.(Hold); return ok }

// healthy is the normal state of two nodes.
func healthy() Observation {
	return Observation{
		Own: "node01", Quorate: true, FileNames: []string{"node02"}, ServerNames: []string{"node02"},
		Nodes: []Node{
			{Name: "node01", Known: true, Online: true, Promoted: true, Status: Primary, DataStatus: Latest, Score: PrimaryScore, HasScore: true},
			{Name: "node02", Known: true, Online: true, Status: HSSync, DataStatus: StreamingSync, Score: StandbyScore, HasScore: true},
		},
		Senders: []Sender{{Name: "node02", State: "streaming", Sync: "sync"}},
	}
}

// Conformance: 98, 100 (unit)
func TestControlCases(t *testing.T) {
	lost := func(o *Observation) { o.Senders = nil }
	tests := []struct {
		name   string
		change func(*Observation)
		want   []string
	}{
		{"healthy: nothing to do", func(*Observation) {}, nil},
		{"standby lost: rights, then proof, then the list", lost, []string{
			"data-status on node02: STREAMING|SYNC -> DISCONNECT (not in pg_stat_replication)",
			"promotion score on node02: 100 -> -INFINITY (not in pg_stat_replication)",
			"confirm that node02 may not be promoted (before commits go on without it)",
			"synchronous_standby_names: node02 -> (nobody) (node02 is no longer a synchronous standby)",
		}},
		{"standby lost without quorum: commits wait, hands off", func(o *Observation) { lost(o); o.Quorate = false }, []string{
			"commits go on waiting for node02 (this partition has no quorum: verdicts on standbys are left alone)",
		}},
		{"standby's node lost, fencing not confirmed: commits wait", func(o *Observation) {
			lost(o)
			o.Fencing = true
			o.Nodes[1].Online, o.Nodes[1].Unclean = false, true
		}, []string{
			"data-status on node02: STREAMING|SYNC -> DISCONNECT (not in pg_stat_replication)",
			"commits go on waiting for node02 (node02 is offline and not fenced yet)",
		}},
		{"standby's node fenced: commits go on", func(o *Observation) {
			lost(o)
			o.Fencing = true
			o.Nodes[1].Online, o.Nodes[1].Status, o.Nodes[1].HasScore = false, NoStatus, false
		}, []string{
			"data-status on node02: STREAMING|SYNC -> DISCONNECT (not in pg_stat_replication)",
			"confirm that node02 may not be promoted (before commits go on without it)",
			"synchronous_standby_names: node02 -> (nobody) (node02 is no longer a synchronous standby)",
		}},
		{"standby's node lost, the server has not noticed: commits go on", func(o *Observation) {
			o.Senders[0].Stalled = true
			o.Nodes[1].Online, o.Nodes[1].Status, o.Nodes[1].HasScore = false, NoStatus, false
		}, []string{
			"data-status on node02: STREAMING|SYNC -> DISCONNECT (its node is offline and it confirms nothing)",
			"confirm that node02 may not be promoted (before commits go on without it)",
			"synchronous_standby_names: node02 -> (nobody) (node02 is no longer a synchronous standby)",
		}},
		{"standby's node lost, its server goes on: waited for", func(o *Observation) {
			o.Nodes[1].Online, o.Nodes[1].Status, o.Nodes[1].HasScore = false, NoStatus, false
		}, nil},
		{"a slow standby of a node that is there: waited for", func(o *Observation) { o.Senders[0].Stalled = true }, nil},
		{"standby stopped by itself: STOP is its own to end", func(o *Observation) {
			lost(o)
			o.Nodes[1].Status, o.Nodes[1].Score = Stopped, MinusInfinity
		}, []string{
			"data-status on node02: STREAMING|SYNC -> DISCONNECT (not in pg_stat_replication)",
			"promotion score on node02: -INFINITY -> -INFINITY (not in pg_stat_replication)",
			"confirm that node02 may not be promoted (before commits go on without it)",
			"synchronous_standby_names: node02 -> (nobody) (node02 is no longer a synchronous standby)",
		}},
		{"standby joins: waited for first, trusted later", func(o *Observation) {
			o.FileNames, o.ServerNames = nil, nil
			o.Senders[0].Sync = "async"
			n := &o.Nodes[1]
			n.Status, n.DataStatus, n.Score = HSAlone, Disconnect, MinusInfinity
		}, []string{
			"data-status on node02: DISCONNECT -> STREAMING|ASYNC (pg_stat_replication: streaming, async)",
			"synchronous_standby_names: (nobody) -> node02 (node02 is streaming)",
			"status on node02: HS:alone -> HS:async (pg_stat_replication: streaming, async)",
		}},
		{"the server reports it synchronous: not a right yet", func(o *Observation) {
			n := &o.Nodes[1]
			n.Status, n.DataStatus, n.Score = HSAsync, StreamingAsync, MinusInfinity
		}, nil},
		{"it has flushed what was written when commits waited for it already: rights", func(o *Observation) {
			n := &o.Nodes[1]
			n.Status, n.DataStatus, n.Score = HSAsync, StreamingAsync, MinusInfinity
			o.Senders[0].Flushed = true
		}, []string{
			"data-status on node02: STREAMING|ASYNC -> STREAMING|SYNC (pg_stat_replication: streaming, sync)",
			"promotion score on node02: -INFINITY -> 100 (pg_stat_replication: streaming, sync)",
			"status on node02: HS:async -> HS:sync (pg_stat_replication: streaming, sync)",
		}},
		{"standby catches up: no candidate", func(o *Observation) { o.Senders[0].State, o.Senders[0].Sync = "catchup", "async" }, []string{
			"data-status on node02: STREAMING|SYNC -> CATCHUP|ASYNC (pg_stat_replication: catchup, async)",
			"promotion score on node02: 100 -> -INFINITY (pg_stat_replication: catchup, async)",
			"confirm that node02 may not be promoted (before commits go on without it)",
			"synchronous_standby_names: node02 -> (nobody) (node02 is no longer a synchronous standby)",
			"status on node02: HS:sync -> HS:connected (pg_stat_replication: catchup, async)",
		}},
		{"row not visible to the monitoring user: verdict kept", func(o *Observation) { o.Senders[0] = Sender{Name: "node02"} }, nil},
		{"quorum is as good as sync", func(o *Observation) { o.Senders[0].Sync = "quorum" }, nil},
		{"a dead connection beside the live one does not count", func(o *Observation) {
			o.Senders = []Sender{{Name: "node02", State: "stopping", Sync: "async"}, {Name: "NODE02", State: "streaming", Sync: "sync"}}
		}, nil},
		{"own score and status lost: asserted again", func(o *Observation) {
			o.Nodes[0].HasScore, o.Nodes[0].Score, o.Nodes[0].Status, o.Nodes[0].DataStatus = false, 0, NoStatus, StreamingSync
		}, []string{
			"data-status on node01: STREAMING|SYNC -> LATEST (this server is the primary)",
			"promotion score on node01: (unset) -> 1000 (this server is the primary)",
			"status on node01: (unset) -> PRI (this server is the primary)",
		}},
		{"data status taken by a promotion of node02: hands off", func(o *Observation) { lost(o); o.Nodes[0].DataStatus = Disconnect }, []string{
			"commits go on waiting for node02 (node02 is about to be promoted and has taken the data status of this node: verdicts on standbys are left alone)",
		}},
		{"data status taken by a promotion, and that server has been stopped", func(o *Observation) {
			lost(o)
			o.Nodes[0].DataStatus, o.Nodes[1].Status = Disconnect, Stopped
		}, []string{
			"data-status on node01: DISCONNECT -> LATEST (this server is the primary)",
			"data-status on node02: STREAMING|SYNC -> DISCONNECT (not in pg_stat_replication)",
			"promotion score on node02: 100 -> -INFINITY (not in pg_stat_replication)",
			"confirm that node02 may not be promoted (before commits go on without it)",
			"synchronous_standby_names: node02 -> (nobody) (node02 is no longer a synchronous standby)",
		}},
		{"server did not read the file: repaired", func(o *Observation) { o.ServerNames = nil; o.Senders[0].Sync = "async" }, []string{
			"data-status on node02: STREAMING|SYNC -> STREAMING|ASYNC (pg_stat_replication: streaming, async)",
			"promotion score on node02: 100 -> -INFINITY (pg_stat_replication: streaming, async)",
			"synchronous_standby_names: (nobody) -> node02 (the server does not use what rep_mode.conf says)",
			"status on node02: HS:sync -> HS:async (pg_stat_replication: streaming, async)",
		}},
		{"a second primary in sight: hands off", func(o *Observation) { lost(o); o.Nodes[1].Promoted = true }, []string{
			"commits go on waiting for node02 (node02 is promoted too: verdicts on standbys are left alone)",
		}},
		{"three nodes: a second standby does not displace the first", func(o *Observation) {
			o.Nodes = append(o.Nodes, Node{Name: "node03", Known: true, Online: true, Status: HSAlone, DataStatus: Disconnect, Score: MinusInfinity, HasScore: true})
			o.Senders = append([]Sender{{Name: "node03", State: "streaming", Sync: "async"}}, o.Senders...)
		}, []string{
			"data-status on node03: DISCONNECT -> STREAMING|ASYNC (pg_stat_replication: streaming, async)",
			"status on node03: HS:alone -> HS:async (pg_stat_replication: streaming, async)",
		}},
		{"three nodes: the second takes over when the first is lost", func(o *Observation) {
			o.Nodes = append(o.Nodes, Node{Name: "node03", Known: true, Online: true, Status: HSAsync, DataStatus: StreamingAsync, Score: MinusInfinity, HasScore: true})
			o.Senders = []Sender{{Name: "node03", State: "streaming", Sync: "async"}}
		}, []string{
			"data-status on node02: STREAMING|SYNC -> DISCONNECT (not in pg_stat_replication)",
			"promotion score on node02: 100 -> -INFINITY (not in pg_stat_replication)",
			"confirm that node02 may not be promoted (before commits go on without it)",
			"synchronous_standby_names: node02 -> node03 (node02 is no longer a synchronous standby)",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := healthy()
			tt.change(&o)
			check(t, Control(o), tt.want)
		})
	}
}

// With external standbys every standby that streams is waited for.
//
// Conformance: 103 (unit)
func TestControlExternalStandbys(t *testing.T) {
	base := func() Observation {
		o := healthy()
		o.External = []string{"backup1", "backup2"}
		o.FileNames, o.ServerNames = []string{"node02", "backup1"}, []string{"node02", "backup1"}
		o.Senders = append(o.Senders, Sender{Name: "backup1", State: "streaming", Sync: "sync"})
		return o
	}
	tests := []struct {
		name   string
		change func(*Observation)
		want   []string
	}{
		{"the same set in another order: nothing to do", func(o *Observation) { slices.Reverse(o.FileNames) }, nil},
		{"another external one streams", func(o *Observation) {
			o.Senders = append(o.Senders, Sender{Name: "BACKUP2", State: "streaming", Sync: "async"})
		}, []string{"synchronous_standby_names: node02, backup1 -> node02, backup1, backup2 (backup2 is streaming)"}},
		{"one that catches up is not waited for yet", func(o *Observation) {
			o.Senders = append(o.Senders, Sender{Name: "backup2", State: "catchup", Sync: "async"})
		}, nil},
		{"an external one is lost", func(o *Observation) { o.Senders = o.Senders[:1] }, []string{
			"confirm that backup1 may not be promoted (before commits go on without it)",
			"synchronous_standby_names: node02, backup1 -> node02 (backup1 is no longer a synchronous standby)",
		}},
		{"the cluster's own standby is lost: rights first", func(o *Observation) { o.Senders = o.Senders[1:] }, []string{
			"data-status on node02: STREAMING|SYNC -> DISCONNECT (not in pg_stat_replication)",
			"promotion score on node02: 100 -> -INFINITY (not in pg_stat_replication)",
			"confirm that node02 may not be promoted (before commits go on without it)",
			"synchronous_standby_names: node02, backup1 -> backup1 (node02 is no longer a synchronous standby)",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := base()
			tt.change(&o)
			check(t, Control(o), tt.want)
		})
	}
}

// Without synchronous replication nobody is waited for; with two nodes the
// standby is a candidate all the same, with more the survivors vote.
func TestControlAsync(t *testing.T) {
	base := func() Observation {
		o := healthy()
		o.Mode, o.FileNames, o.ServerNames = Async, nil, nil
		o.Senders[0].Sync = "async"
		n := &o.Nodes[1]
		n.Status, n.DataStatus, n.Score = HSAlone, Disconnect, MinusInfinity
		return o
	}
	t.Run("two nodes", func(t *testing.T) {
		check(t, Control(base()), []string{
			"data-status on node02: DISCONNECT -> STREAMING|ASYNC (pg_stat_replication: streaming, async)",
			"promotion score on node02: -INFINITY -> 100 (pg_stat_replication: streaming, async)",
			"status on node02: HS:alone -> HS:async (pg_stat_replication: streaming, async)",
		})
	})
	t.Run("three nodes", func(t *testing.T) {
		o := base()
		o.Nodes = append(o.Nodes, Node{Name: "node03", Known: true, DataStatus: Disconnect})
		check(t, Control(o), []string{
			"data-status on node02: DISCONNECT -> STREAMING|ASYNC (pg_stat_replication: streaming, async)",
			"status on node02: HS:alone -> HS:async (pg_stat_replication: streaming, async)",
		})
	})
	t.Run("lost", func(t *testing.T) {
		o := base()
		o.Senders = nil
		o.Nodes[1].DataStatus, o.Nodes[1].Score, o.Nodes[1].Status = StreamingAsync, StandbyScore, HSAsync
		check(t, Control(o), []string{
			"data-status on node02: STREAMING|ASYNC -> DISCONNECT (not in pg_stat_replication)",
			"promotion score on node02: 100 -> -INFINITY (not in pg_stat_replication)",
		})
	})
}

func check(t *testing.T, got []Change, want []string) {
	t.Helper()
	var lines []string
	for _, c := range got {
		lines = append(lines, c.String())
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got:\n  %s\nwant:\n  %s", strings.Join(lines, "\n  "), strings.Join(want, "\n  "))
	}
}

// The whole table: what each state of a standby that just came makes of it, in
// both modes and with two and three nodes. The order of the lines is the order
// of the writes.
//
// Conformance: 97 (unit)
func TestControlTable(t *testing.T) {
	tried := 0
	for _, state := range []string{"", "startup", "catchup", "backup", "stopping", "streaming"} {
		for _, sync := range []string{"async", "potential", "sync", "quorum"} {
			for _, mode := range []Mode{Sync, Async} {
				for _, nodes := range []int{2, 3} {
					if state == "" && sync != "async" {
						continue // no row
					}
					tried++
					t.Run(fmt.Sprintf("%s %s mode %d, %d nodes", state, sync, mode, nodes), func(t *testing.T) {
						o := tableObservation(state, sync, mode, nodes)
						check(t, Control(o), tableChanges(state, sync, mode, nodes))
					})
				}
			}
		}
	}
	if tried != (1+5*4)*2*2 {
		t.Errorf("%d cases tried", tried)
	}
}

func tableObservation(state, sync string, mode Mode, nodes int) Observation {
	o := healthy()
	o.Mode, o.Senders, o.FileNames, o.ServerNames = mode, nil, nil, nil
	n := &o.Nodes[1]
	n.Status, n.DataStatus, n.Score = HSAlone, "before", StandbyScore
	if state != "" {
		o.Senders = []Sender{{Name: "node02", State: state, Sync: sync, Flushed: true}}
	}
	if sync == "sync" || sync == "quorum" || sync == "potential" {
		o.FileNames, o.ServerNames = []string{"node02"}, []string{"node02"}
	}
	if nodes == 3 {
		o.Nodes = append(o.Nodes, Node{Name: "node03", Known: true, Online: true, DataStatus: Disconnect, Score: MinusInfinity, HasScore: true})
	}
	return o
}

// tableChanges is the table in words of its own, not the code's.
func tableChanges(state, sync string, mode Mode, nodes int) []string {
	data, score, status := strings.ToUpper(state+"|"+sync), "-INFINITY", "HS:connected"
	why := fmt.Sprintf("(pg_stat_replication: %s, %s)", state, sync)
	named, gains, loses := sync == "sync" || sync == "quorum" || sync == "potential", false, false
	switch {
	case state == "":
		data, status, why = "DISCONNECT", "", "(not in pg_stat_replication)"
	case state != "streaming":
		loses = named && mode == Sync
	case sync == "async":
		status, gains = "HS:async", mode == Sync
		if mode == Async && nodes == 2 {
			score = "100"
		}
	case sync == "potential":
		status, loses = "HS:potential", mode == Sync
	default: // sync, and quorum, which is as good
		data, score, status = "STREAMING|SYNC", "100", "HS:sync"
	}
	lines := []string{fmt.Sprintf("data-status on node02: before -> %s %s", data, why)}
	if score != "100" {
		lines = append(lines, fmt.Sprintf("promotion score on node02: 100 -> %s %s", score, why))
	}
	if loses {
		lines = append(lines, "confirm that node02 may not be promoted (before commits go on without it)",
			"synchronous_standby_names: node02 -> (nobody) (node02 is no longer a synchronous standby)")
	}
	if gains {
		lines = append(lines, "synchronous_standby_names: (nobody) -> node02 (node02 is streaming)")
	}
	if status != "" {
		lines = append(lines, fmt.Sprintf("status on node02: HS:alone -> %s %s", status, why))
	}
	return lines
}

// A dead connection that has not timed out yet stands beside the live one, in
// any order.
//
// Conformance: 105 (unit)
func TestControlTwoRowsOfOneName(t *testing.T) {
	live := Sender{Name: "node02", State: "streaming", Sync: "sync"}
	for _, dead := range []Sender{
		{Name: "node02", State: "stopping", Sync: "async"}, {Name: "node02", State: "startup", Sync: "async"},
		{Name: "node02", State: "catchup", Sync: "async"}, {Name: "node02", State: "streaming", Sync: "async"},
		{Name: "node02", State: "streaming", Sync: "potential"}, {Name: "node02"},
		{Name: "node02", State: "streaming", Sync: "sync", Stalled: true},
	} {
		for _, rows := range [][]Sender{{dead, live}, {live, dead}} {
			o := healthy()
			o.Senders = rows
			if dead.Stalled { // counts only where the cluster has lost the node
				o.Nodes[1].Online, o.Nodes[1].Status, o.Nodes[1].HasScore = false, NoStatus, false
			}
			if got := Control(o); len(got) > 0 {
				t.Errorf("%+v: %v", rows, got)
			}
		}
	}
}

// STOP and UNKNOWN are a node's own to end, and what dies with a node that is
// offline is not written; its data status, which does not, is.
//
// Conformance: 106 (unit)
func TestControlLeavesOthersAlone(t *testing.T) {
	written := 0
	states(func(w *world) {
		n := w.o.Nodes[1]
		for _, c := range Control(w.o) {
			switch c := c.(type) {
			case SetStatus:
				if c.Node == n.Name && (!n.Online || n.Status == Stopped || n.Status == Unknown) {
					t.Fatalf("%v, from %+v", c, n)
				}
			case SetScore:
				if c.Node == n.Name && !n.Online {
					t.Fatalf("%v, from %+v", c, n)
				}
			case SetDataStatus:
				if c.Node == n.Name && !n.Online {
					written++
				}
			}
		}
	})
	if written == 0 {
		t.Error("the data status of a node that is offline is never written")
	}
	for _, status := range []Status{Stopped, Unknown} {
		o := healthy()
		o.Nodes[1].Status = status
		check(t, Control(o), nil) // streaming, and still not ours to say
	}
}

// A promotion that has come to nothing leaves its mark on the primary. Who cannot
// have made it does not keep commits waiting for a node that is gone.
func TestTakenByNobody(t *testing.T) {
	begin := func() Observation {
		o := healthy()
		o.Nodes[0].DataStatus, o.Senders = Disconnect, nil
		o.Nodes = append(o.Nodes, Node{Name: "node03", Known: true, Online: true, Status: HSAsync, DataStatus: StreamingAsync, Score: MinusInfinity, HasScore: true})
		return o
	}
	for _, tt := range []struct {
		name   string
		change func(*Observation)
		holds  bool
	}{
		{"by the node that commits wait for", func(*Observation) {}, true},
		{"by one that this primary has marked meanwhile", func(o *Observation) { o.Nodes[1].DataStatus = Disconnect }, true},
		{"that one has been stopped", func(o *Observation) { o.Nodes[1].Status = Stopped }, false},
		{"that one's node is lost", func(o *Observation) { o.Nodes[1].Online, o.Nodes[1].HasScore = false, false }, false},
		{"the third may be promoted", func(o *Observation) { o.Nodes[1].Status, o.Nodes[2].DataStatus = Stopped, StreamingSync }, true},
		{"of the third nothing is known", func(o *Observation) { o.Nodes[1].Status, o.Nodes[2].DataStatus = Stopped, NoData }, true},
	} {
		o := begin()
		tt.change(&o)
		_, holds := Control(o)[0].(Hold)
		if holds != tt.holds {
			t.Errorf("%s: %v", tt.name, Control(o))
		}
	}
}

// Of two primaries that meet the cluster keeps the newer one, however the older one
// has seen the cluster.
func TestPrimaryScore(t *testing.T) {
	score := func(timeline wal.Timeline, online bool) Score {
		o := healthy()
		o.Nodes[1].Online, o.Timeline = online, timeline
		return o.primaryScore()
	}
	if got := score(7, true); got != PrimaryScore {
		t.Errorf("beside everybody: %d", got)
	}
	for _, old := range []Score{score(7, true), score(7, false)} {
		if newer := score(8, false); newer <= old {
			t.Errorf("%d beside %d", newer, old)
		}
	}
	o := healthy()
	o.Nodes[1].Status, o.Timeline = NoStatus, 7
	if got := o.primaryScore(); got != PrimaryScore+7 {
		t.Errorf("beside one that has not said what it is: %d", got)
	}
	if got := score(1<<31, false); got < PrimaryScore || got >= 2000 {
		t.Errorf("late: %d", got)
	}
	after := AfterPromotion(StandbyObservation{Own: "node02", Branch: Branch{SystemID: 1, Timeline: 7},
		Nodes: []Node{{Name: "node01", Known: true}, {Name: "node02", Known: true, Online: true, HasScore: true, Score: StandbyScore}}})
	if i := slices.IndexFunc(after, func(c Change) bool { s, ok := c.(SetScore); return ok && s.New == PrimaryScore+8 }); i < 0 {
		t.Errorf("after a promotion: %v", after)
	}
}

func TestSuperseded(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Observation)
		want   string
	}{
		{"it has stood still", func(*Observation) {}, "node02"},
		{"and the next primary has been stopped", func(o *Observation) { o.Nodes[1].Status = Stopped }, "node02"},
		{"and the next primary is away", func(o *Observation) { o.Nodes[1].Online = false }, "node02"},
		{"it has gone on alone", func(o *Observation) { o.ServerNames = nil }, ""},
		{"the promotion is under way", func(o *Observation) { o.Nodes[1].DataStatus = StreamingSync }, ""},
		{"it is the primary", func(o *Observation) { o.Nodes[0].DataStatus = Latest }, ""},
	} {
		o := healthy()
		o.Nodes[0].DataStatus, o.Nodes[1].DataStatus, o.Nodes[1].Status = Disconnect, Latest, Primary
		tt.change(&o)
		if got := Superseded(o); got != tt.want {
			t.Errorf("%s: %q", tt.name, got)
		}
		if _, holds := Control(o)[0].(Hold); tt.want != "" && (!holds || len(Control(o)) != 1) {
			t.Errorf("%s: %v", tt.name, Control(o))
		}
	}
}

// Whoever is asked first is one that the commits would go on without: it is the one
// that can have been promoted.
func TestWitness(t *testing.T) {
	n := func(name string, online bool) Node { return Node{Name: name, Known: true, Online: online} }
	joining := func(name string) Node { return Node{Name: name, Known: true, Pending: true} }
	for _, tt := range []struct {
		nodes   []Node
		dropped []string
		want    string
		must    bool
	}{
		{[]Node{n("Node01", true), n("node02", true)}, []string{"node02"}, "node02", true},
		{[]Node{n("Node01", true), n("node02", false)}, []string{"node02"}, "", true},
		{[]Node{n("Node01", true), n("node02", true), n("Node03", true)}, []string{"node03"}, "Node03", true},
		{[]Node{n("Node01", true), n("node02", false), n("node03", true)}, []string{"node02"}, "node03", true},
		{[]Node{n("Node01", true), n("node02", true)}, []string{"backup1"}, "node02", true},
		{[]Node{joining("Node01"), joining("node02")}, []string{"node02"}, "node02", false},
		{[]Node{n("Node01", true), joining("node02"), n("node03", true)}, []string{"node02"}, "node03", true},
		{[]Node{n("Node01", true), joining("node02"), joining("node03")}, []string{"node03"}, "node03", false},
	} {
		got, must := Witness(Observation{Own: "node01", Nodes: tt.nodes}, tt.dropped)
		if got != tt.want || got != "" && must != tt.must {
			t.Errorf("%+v: %q, %t", tt, got, must)
		}
	}
}

func TestOvertaken(t *testing.T) {
	for _, tt := range []struct {
		own, other DataStatus
		want       string
	}{
		{Latest, StreamingSync, ""},
		{Latest, Disconnect, ""},
		{NoData, NoData, ""},
		{StreamingSync, Disconnect, ""}, // its promotion was not told to its end
		{Disconnect, StreamingSync, "taken by the next primary"},
		{Disconnect, Latest, "node02 has become the primary"},
		{Latest, Latest, "node02 has become the primary"},
	} {
		got := Overtaken("node01", map[string]DataStatus{"Node01": tt.own, "node02": tt.other})
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}

func TestFound(t *testing.T) {
	for _, tt := range []struct {
		name   string
		own    DataStatus
		other  Node
		gained bool
	}{
		{"the cluster was started beside it", Latest, Node{DataStatus: StreamingSync}, true},
		{"its promotion was not told to its end", StreamingSync, Node{DataStatus: Disconnect}, true},
		{"nothing is known of its data", NoData, Node{}, true},
		{"another is being promoted", Latest, Node{Promoted: true, DataStatus: StreamingSync}, false},
		{"another is about to be promoted", Disconnect, Node{DataStatus: StreamingSync, Online: true, Status: HSSync}, false},
		{"another was about to be promoted and has been stopped", Disconnect, Node{DataStatus: StreamingSync, Online: true, Status: Stopped}, true},
		{"another cannot have been about to be promoted", Disconnect, Node{DataStatus: StreamingAsync, Online: true, Status: HSAsync}, true},
		{"another has taken over", Disconnect, Node{DataStatus: Latest}, false},
	} {
		tt.other.Name = "node02"
		nodes := []Node{{Name: "Node01", Known: true, Online: true, DataStatus: tt.own}, tt.other}
		if got := Found("node01", Sync, nodes); (len(got) == 1) != tt.gained {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	if got := Found("node01", Sync, nil); got != nil {
		t.Errorf("without a cluster: %v", got)
	}
}

func TestExpect(t *testing.T) {
	const own, other = "node01", "node02"
	online := Node{Name: other, Known: true, Online: true}
	offline := Node{Name: other, Known: true}
	row := func(state, sync string) []Sender { return []Sender{{Name: other, State: state, Sync: sync}} }
	for _, c := range []struct {
		name    string
		node    Node
		senders []Sender
		names   []string
		want    Outlook
	}{
		{"synchronous", Node{Name: other, Known: true, Online: true, DataStatus: StreamingSync}, row("streaming", "sync"), []string{other}, Settled},
		{"synchronous and without rights yet", online, row("streaming", "sync"), []string{other}, Open},
		{"not visible", online, row("", ""), []string{other}, Settled},
		{"catching up", online, row("catchup", "async"), nil, Open},
		{"node there, standby not", online, nil, nil, Open},
		{"gone", offline, nil, nil, Settled},
		{"gone and still waited for", offline, nil, []string{other}, Open},
		{"node lost, standby connected", offline, row("streaming", "sync"), []string{other}, Doubtful},
		{"node lost, standby connected, not waited for", offline, row("streaming", "async"), nil, Settled},
		{"never seen", Node{Name: other}, nil, nil, Settled},
	} {
		o := Observation{Own: own, Quorate: true, Nodes: []Node{{Name: own, Known: true, Online: true}, c.node}, Senders: c.senders, ServerNames: c.names}
		if got := Expect(o); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
		o.Quorate = false
		if got := Expect(o); got != Settled {
			t.Errorf("%s, without quorum: %d", c.name, got)
		}
	}
	three := Observation{Own: own, Quorate: true, Nodes: []Node{{Name: own, Known: true, Online: true}, offline, {Name: "node03", Known: true, Online: true}},
		Senders: row("streaming", "sync"), ServerNames: []string{other}}
	if got := Expect(three); got != Doubtful {
		t.Errorf("one doubtful, one open: %d", got)
	}
}
