//go:build lab

package lab

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

// TestLab takes a real cluster through a power loss and back. It needs root, the
// packages of install-debian.sh and about two minutes, so it has a build tag:
//
//	sudo go test -tags lab ./test/lab -run TestLab -v
//
// PGREX_AGENT names the agent to install; without it the shell agent runs.
func TestLab(t *testing.T) {
	ctx := t.Context()
	l, err := Up(ctx, Config{Agent: os.Getenv("PGREX_AGENT"), Report: func(s Step) {
		if s.Done {
			t.Logf("%s %s: %v", s.ID, s.Node, s.Took.Round(time.Millisecond))
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := Down(context.WithoutCancel(ctx)); err != nil {
			t.Error(err)
		}
		if left := labProcesses(); len(left) > 0 || len(namespaces()) > 0 {
			t.Errorf("left over: processes %v, namespaces %v", left, namespaces())
		}
	})
	if _, err := Up(ctx, Config{}); err == nil {
		t.Error("a second lab was started beside the first")
	}
	t.Run("a cut network can be healed", func(t *testing.T) { testCuts(t, l) })
	t.Run("power loss of the primary", func(t *testing.T) { testPowerLoss(t, l) })
}

func testCuts(t *testing.T, l *Lab) {
	ctx := t.Context()
	one, other := l.Nodes()[0], l.Nodes()[1]
	reaches := func() bool {
		_, err := one.Run(ctx, "ping", "-c", "1", "-W", "1", other.Address(ICLAN2))
		return err == nil
	}
	for _, kind := range []CutKind{LinkDown, Silent, Deaf, Mute} {
		if !reaches() {
			t.Fatal("the nodes do not reach each other before the cut")
		}
		if err := l.Cut(ctx, ICLAN2, other, kind); err != nil {
			t.Fatal(err)
		}
		if reaches() {
			t.Errorf("the cut of kind %d lets packets through", kind)
		}
		link, err := other.Run(ctx, "ip", "link", "show", "dev", ICLAN2.Device())
		if err != nil {
			t.Fatal(err)
		}
		if seen, want := strings.Contains(link, "NO-CARRIER"), kind == LinkDown; seen != want {
			t.Errorf("kind %d: the node sees the cut: %v, want %v", kind, seen, want)
		}
		if err := l.HealAll(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if !reaches() {
		t.Error("the nodes do not reach each other after the healing")
	}
}

func testPowerLoss(t *testing.T, l *Lab) {
	ctx := t.Context()
	old, survivor := l.Nodes()[0], l.Nodes()[1]
	writer, probe := l.StartWriter(ctx), l.StartWriteProbe(ctx)
	defer writer.Stop()
	defer probe.Stop()
	if _, err := writer.WaitAck(ctx, time.Now(), Timeouts.FirstWrite); err != nil {
		t.Fatal(err)
	}
	fault := time.Now()
	if err := old.Kill(ctx); err != nil {
		t.Fatal(err)
	}
	if err := l.WaitPrimary(ctx, survivor, Timeouts.Takeover); err != nil {
		t.Fatal(err)
	}
	if _, err := writer.WaitAck(ctx, time.Now(), Timeouts.FirstWrite); err != nil {
		t.Fatal(err)
	}
	if err := old.Boot(ctx); err != nil {
		t.Fatal(err)
	}
	if err := l.JoinStandby(ctx, old); err != nil {
		t.Fatal(err)
	}
	history, audit := writer.Stop(), probe.Stop()
	verdict, err := l.Check(ctx, history)
	if err != nil {
		t.Fatal(err)
	}
	marks, err := l.Failover(fault, old, survivor, history)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range marks {
		t.Logf("%+.2f s %s %s", m.At.Sub(fault).Seconds(), m.Node, m.ID)
	}
	t.Logf("outage %v, %+v, looked %v", history.LongestGap().Length(), verdict, audit.Looked)
	if len(verdict.Lost) > 0 {
		t.Errorf("lost rows: %v", verdict.Lost)
	}
	if found := audit.Overlaps(); len(found) > 0 {
		t.Errorf("two nodes accepted writes at once: %v", found)
	}
	for _, n := range l.Nodes() {
		if audit.Looked[n.Name] == 0 || len(audit.Accepted[n.Name]) == 0 {
			t.Errorf("%s was asked %d times and accepted %v", n.Name, audit.Looked[n.Name], audit.Accepted[n.Name])
		}
	}
}
