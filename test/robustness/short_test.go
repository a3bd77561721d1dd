package robustness

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pgrex/test/lab"
)

var (
	agent = flag.String("agent", "../../bin/pgsql-ra", "the agent's `program`")
	tools = flag.String("tools", "../../bin/pg-rex", "the operation commands' `program`")
)

// A run of a few faults; make robustness makes long ones.
func TestShortRandomRun(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 12*time.Minute)
	defer cancel()
	o := Options{Seed: 32, Nodes: 2, Quick: true, Time: 60 * time.Second, Faults: 3, Least: 5 * time.Second, Most: 15 * time.Second}
	l, err := lab.Up(ctx, lab.Config{Nodes: o.Nodes, Agent: *agent, Variant: o.Variant()})
	if err != nil && os.Getenv("CI") == "" && os.Getenv("PGREX_REQUIRE_ALL") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := l.End(context.Background(), t.Failed()); err != nil {
			t.Error(err)
		}
	})
	if err := Prepare(l, o, *tools); err != nil {
		t.Fatal(err)
	}
	// Kept after a failure only: what is below the test's own folder goes with it.
	folder := filepath.Join(t.TempDir(), "run")
	r, err := Play(ctx, l, o, folder, func(e Event) { t.Logf("%s %s", e.At.UTC().Format(clock), e.Text) })
	if err != nil {
		t.Fatal(err)
	}
	for _, find := range r.Finds {
		t.Error(find)
	}
	if t.Failed() {
		kept := fmt.Sprintf("../../robustness-%d", o.Seed)
		if err := os.CopyFS(kept, os.DirFS(folder)); err != nil {
			t.Error(err)
		}
		t.Logf("requests, events and logs: %s; again: make robustness QUICK=1 SEED=%d FAULTS=%d EVERY=%v-%v", kept, o.Seed, o.Faults, o.Least, o.Most)
	}
	if r.Faults() == 0 || r.Acked == 0 {
		t.Errorf("nothing is shown: %d faults, %d rows acknowledged", r.Faults(), r.Acked)
	}
	t.Log(r.Line())
}
