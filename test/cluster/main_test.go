// Package cluster shows on a real cluster what the product promises: two nodes
// with their own Corosync, Pacemaker and PostgreSQL, in the lab. It looks at
// the cluster with the installed programs only and imports nothing of the
// product.
//
// The tests share one cluster; each begins and ends in the normal state.
package cluster

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"pgrex/test/lab"
)

// shared is the cluster of all tests, nil where there can be none.
var (
	shared *lab.Lab
	noLab  error
	upTook time.Duration
)

func TestMain(m *testing.M) {
	ctx := context.Background()
	begin := time.Now()
	shared, noLab = lab.Up(ctx, lab.Config{Agent: "../../bin/pgsql-ra", Report: report})
	upTook = time.Since(begin)
	os.Exit(shared.EndTests(m.Run()))
}

func report(s lab.Step) {
	if s.Done {
		fmt.Printf("lab: %s %s %.1f s\n", s.ID, s.Node, s.Took.Seconds())
	}
}

// begin hands out the shared cluster in its normal state. Where there can be
// no lab the test is skipped with the reason, in CI it fails.
func begin(t *testing.T) (*lab.Lab, context.Context) {
	t.Helper()
	l, ctx := beginWithout(t)
	normalState(t, ctx)
	return l, ctx
}

// writeSome is how long a client writes before a fault.
const writeSome = 2 * time.Second

// beginWithout is begin without a look at the cluster.
func beginWithout(t *testing.T) (*lab.Lab, context.Context) {
	t.Helper()
	if noLab != nil {
		if os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "" {
			t.Fatal(noLab)
		}
		t.Skip(noLab)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	t.Cleanup(cancel)
	t.Cleanup(func() {
		if t.Failed() {
			keepLogs(t)
		}
	})
	return shared, ctx
}

// keepLogs shows what the nodes said last.
func keepLogs(t *testing.T) {
	t.Helper()
	for _, n := range shared.Nodes() {
		if !n.Running() {
			continue
		}
		out, _ := n.Run(context.Background(), "sh", "-c",
			"grep -E 'pgsql\\(pgsql\\)|pacemaker-controld.*(notice|warning|error)|pacemaker-schedulerd.*(notice|error)' /var/log/pacemaker/pacemaker.log | tail -n 60; tail -n 15 /dbfp/pgdata/data/log/* 2>/dev/null")
		t.Logf("%s:\n%s", n.Name, out)
	}
	if s, err := shared.Status(context.Background()); err == nil {
		t.Logf("cluster: %s", s)
	}
}

// pair is the primary and the standby of the moment.
func pair(t *testing.T, ctx context.Context) (primary, standby *lab.Node) {
	t.Helper()
	s, err := shared.Status(ctx)
	must(t, err)
	for _, n := range shared.Nodes() {
		if n.Name == s.Primary() {
			primary = n
		} else {
			standby = n
		}
	}
	if primary == nil {
		t.Fatalf("no primary: %s", s)
	}
	return primary, standby
}

// normalState waits for the normal state, in which every test begins and ends.
func normalState(t *testing.T, ctx context.Context) {
	t.Helper()
	must(t, shared.WaitNormal(ctx))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// figure is a measured value; the report prints these lines of passed tests too.
func figure(t *testing.T, format string, args ...any) {
	t.Helper()
	t.Log("FIGURE " + fmt.Sprintf(format, args...))
}
