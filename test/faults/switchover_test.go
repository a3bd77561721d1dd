package faults

import (
	"context"
	"testing"
	"time"

	"pgrex/test/lab"
)

// A way to move the primary's role that an operator has; undo gives the node
// back to the cluster.
type switchover struct {
	name     string
	do, undo func(n *lab.Node) []string
}

var (
	byStandby = switchover{"crm_standby",
		func(n *lab.Node) []string { return []string{"crm_standby", "-N", n.Name, "-v", "on"} },
		func(n *lab.Node) []string { return []string{"crm_standby", "-N", n.Name, "-D"} },
	}
	byBan = switchover{"crm_resource --ban --promoted",
		func(n *lab.Node) []string {
			return []string{"crm_resource", "--ban", "--promoted", "--resource", "msPostgresql", "--node", n.Name}
		},
		func(n *lab.Node) []string {
			return []string{"crm_resource", "--clear", "--resource", "msPostgresql", "--node", n.Name}
		},
	}
)

// move switches over once and waits for the normal state; nothing but the
// operator's own command is undone.
func (s *site) move(t *testing.T, ctx context.Context, how switchover) {
	t.Helper()
	from, standbys := s.roles(t, ctx)
	run(t, ctx, from, how.do(from)...)
	must(t, s.WaitPrimary(ctx, standbys[0], lab.Timeouts.Takeover))
	run(t, ctx, from, how.undo(from)...)
	s.normal(t, ctx)
}

// A switchover there and back, by taking the node out of service: the old
// primary comes back as the synchronous standby by itself.
//
// Conformance: 83 (lab)
func TestSwitchoverThereAndBack(t *testing.T) {
	s, ctx := begin(t, twoSync)
	w := s.watch(ctx)
	first, _ := s.roles(t, ctx)
	s.move(t, ctx, byStandby)
	s.move(t, ctx, byStandby)
	if now, _ := s.roles(t, ctx); now != first {
		t.Errorf("%s is primary after a switchover there and back, %s was", now.Name, first.Name)
	}
	s.check(t, ctx, w.end(t, s))
}

// All nodes are stopped at once and started at once; with -long all resources too.
//
// Conformance: 84 (lab)
func TestWholeClusterStopAndStart(t *testing.T) {
	t.Run("nodes", func(t *testing.T) { stopNodes(t, 0) })
	// The standby is told while the cluster moves the role to it.
	t.Run("primary first", func(t *testing.T) { stopNodes(t, 50*time.Millisecond) })
	if *long {
		t.Run("resources", stopResources)
	}
}

func stopNodes(t *testing.T, later time.Duration) {
	s, ctx := begin(t, twoSync)
	w := s.watch(ctx)
	must(t, lab.Pause(ctx, time.Second))
	primary, _ := s.roles(t, ctx)
	together(t, s.Nodes(), func(n *lab.Node) error {
		if n != primary {
			if err := lab.Pause(ctx, later); err != nil {
				return err
			}
		}
		_, err := n.Run(ctx, "systemctl", "stop", "pacemaker")
		return err
	})
	together(t, s.Nodes(), func(n *lab.Node) error { return n.StopCluster(ctx) })
	r := w.end(t, s)
	together(t, s.Nodes(), func(n *lab.Node) error { return n.StartCluster(ctx) })
	s.normal(t, ctx)
	s.check(t, ctx, r)
}

func stopResources(t *testing.T) {
	s, ctx := begin(t, twoSync)
	w := s.watch(ctx)
	must(t, lab.Pause(ctx, time.Second))
	n := s.Nodes()[0]
	run(t, ctx, n, "crm_attribute", "--name", "stop-all-resources", "--update", "true")
	must(t, s.WaitStatus(ctx, "stop of all instances", time.Minute, func(st lab.Status) bool {
		for _, n := range st.Nodes {
			if n.Role != lab.Stopped {
				return false
			}
		}
		return true
	}))
	r := w.end(t, s)
	run(t, ctx, n, "crm_attribute", "--name", "stop-all-resources", "--delete")
	s.normal(t, ctx)
	s.check(t, ctx, r)
}

// Switchovers there and back in a loop, by moving the role alone, under a
// client that writes.
//
// Conformance: 83, 123 (lab)
func TestSwitchoversUnderLoad(t *testing.T) {
	rounds := 4
	if *long {
		rounds = 100
	}
	s, ctx := begin(t, twoSync)
	w := s.watch(ctx)
	for range rounds {
		s.move(t, ctx, byBan)
	}
	s.check(t, ctx, w.end(t, s))
}
