// Package suites shows on real clusters that the agent works with the
// Pacemaker, the PostgreSQL and the tools of each release of Debian that the lab
// can run. What is the same in all releases is shown by package cluster, on one.
package suites

import (
	"context"
	"encoding/xml"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"pgrex/test/lab"
)

// pacemaker is what each suite is there for: the release that its version begins with.
var pacemaker = map[string]string{"bullseye": "2.0.", "bookworm": "2.1.", "trixie": "3.0.", "forky": "3."}

// The life of a pair on each suite that PGREX_SUITES names: up, a crash of the
// primary under writes, its node taken out of service, an end in order.
//
// Conformance: 113 (lab)
func TestSuites(t *testing.T) {
	names := strings.Fields(os.Getenv("PGREX_SUITES"))
	if len(names) == 0 {
		t.Skip("PGREX_SUITES names no suite: make suites runs this")
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) { lifeOn(t, name) })
	}
}

func lifeOn(t *testing.T, suite string) {
	ctx, cancel := context.WithTimeout(context.Background(), 45*time.Minute)
	t.Cleanup(cancel)
	l, err := lab.Up(ctx, lab.Config{Agent: "../../bin/pgsql-ra", Suite: suite, KeepFailed: os.Getenv("KEEP") == "1", Report: func(s lab.Step) {
		if s.Done {
			t.Logf("%s %s: %.1f s", s.ID, s.Node, s.Took.Seconds())
		}
	}})
	if err != nil {
		giveUp(t, err)
	}
	t.Cleanup(func() { end(t, l) })
	versions, err := l.Packages(ctx)
	must(t, err)
	t.Logf("VERSIONS Pacemaker %s, Corosync %s, PostgreSQL %s, resource-agents %s",
		versions["pacemaker"], versions["corosync"], versions["postgresql"], versions["resource-agents"])
	if !strings.HasPrefix(versions["pacemaker"], pacemaker[suite]) {
		t.Errorf("Pacemaker is %s, not %s", versions["pacemaker"], pacemaker[suite])
	}
	must(t, l.WaitNormal(ctx))
	checkLifetimes(t, ctx, l)
	outage := crash(t, ctx, l)
	moved := outOfService(t, ctx, l)
	stopInOrder(t, ctx, l)
	t.Logf("FIGURE %s: outage %.2f s after a crash, %.2f s with crm_standby, no acknowledged row lost", suite, outage.Seconds(), moved.Seconds())
}

// giveUp skips a suite for which there can be no lab, with the reason; in CI it
// fails. A cluster that does not come up is no reason to skip.
func giveUp(t *testing.T, err error) {
	t.Helper()
	var missing *lab.MissingError
	var unbuilt *lab.SuiteError
	noLab := errors.Is(err, lab.ErrNotRoot) || errors.As(err, &missing) || errors.As(err, &unbuilt)
	if noLab && os.Getenv("CI") == "" && os.Getenv("PGREX_REQUIRE_ALL") == "" {
		t.Skip(err)
	}
	t.Fatal(err)
}

// end removes the lab; of a failed test it first shows what the nodes said last.
func end(t *testing.T, l *lab.Lab) {
	ctx := context.Background()
	if t.Failed() {
		for _, n := range l.Nodes() {
			said, _ := n.Run(ctx, "sh", "-c",
				"grep -E 'pgsql\\(pgsql\\)|pacemaker-controld.*(notice|warning|error)|pacemaker-schedulerd.*(notice|error)' "+lab.PacemakerLog+" | tail -n 60; tail -n 15 "+lab.PostgreSQLLog)
			t.Logf("%s:\n%s", n.Name, said)
		}
	}
	_, err := l.End(ctx, t.Failed())
	must(t, err)
}

// cib is the part of the cluster's own record where attributes live.
type cib struct {
	Permanent []struct {
		Node  string   `xml:"uname,attr"`
		Pairs []nvpair `xml:"instance_attributes>nvpair"`
	} `xml:"configuration>nodes>node"`
	Transient []struct {
		Node  string   `xml:"uname,attr"`
		Pairs []nvpair `xml:"transient_attributes>instance_attributes>nvpair"`
	} `xml:"status>node_state"`
}

type nvpair struct {
	Name string `xml:"name,attr"`
}

// checkLifetimes: of the agent's attributes the data status alone outlives the
// stay of a node in the cluster, under whatever release it was set.
func checkLifetimes(t *testing.T, ctx context.Context, l *lab.Lab) {
	t.Helper()
	out, err := l.Nodes()[0].Run(ctx, "cibadmin", "-Q")
	must(t, err)
	var c cib
	must(t, xml.Unmarshal([]byte(out), &c))
	permanent, transient := map[string]bool{}, map[string]bool{}
	for _, n := range c.Permanent {
		for _, p := range n.Pairs {
			permanent[n.Node+" "+p.Name] = true
		}
	}
	for _, n := range c.Transient {
		for _, p := range n.Pairs {
			transient[n.Node+" "+p.Name] = true
		}
	}
	for _, n := range l.Nodes() {
		for name, forever := range map[string]bool{"pgsql-data-status": true, "pgsql-status": false, "master-pgsql": false} {
			key := n.Name + " " + name
			if permanent[key] != forever || transient[key] == forever {
				t.Errorf("%s: permanent %v, transient %v, want it permanent: %v", key, permanent[key], transient[key], forever)
			}
		}
	}
}

// crash kills the primary's postmaster under writes and brings the node back.
func crash(t *testing.T, ctx context.Context, l *lab.Lab) time.Duration {
	t.Helper()
	return moveAway(t, ctx, l, func(from *lab.Node) error {
		_, err := from.KillPostgreSQL()
		return err
	}, func(from, _ *lab.Node) error {
		if !from.Locked() {
			t.Errorf("no PGSQL.lock on %s after its server died as primary", from.Name)
		}
		return nil
	})
}

// outOfService puts the primary's node into standby and back.
func outOfService(t *testing.T, ctx context.Context, l *lab.Lab) time.Duration {
	t.Helper()
	return moveAway(t, ctx, l, func(from *lab.Node) error {
		_, err := from.Run(ctx, "crm_standby", "-N", from.Name, "-v", "on")
		return err
	}, func(from, to *lab.Node) error {
		_, err := to.Run(ctx, "crm_standby", "-N", from.Name, "-D")
		return err
	})
}

// moveAway makes the standby take over from the primary under writes, brings
// the old primary back, and returns how long writes were refused.
func moveAway(t *testing.T, ctx context.Context, l *lab.Lab, fault func(from *lab.Node) error, repair func(from, to *lab.Node) error) time.Duration {
	t.Helper()
	from, to := pair(t, ctx, l)
	writer, probe := l.StartWriter(ctx), l.StartWriteProbe(ctx)
	must(t, lab.Pause(ctx, 2*time.Second))
	must(t, fault(from))
	must(t, l.WaitPrimary(ctx, to, lab.Timeouts.Takeover))
	_, err := writer.WaitAck(ctx, time.Now(), lab.Timeouts.FirstWrite)
	must(t, err)
	history, audit := writer.Stop(), probe.Stop()
	checkRows(t, ctx, l, history)
	for _, o := range audit.Overlaps() {
		t.Errorf("%v accepted writes at once from %s to %s", o.Nodes, o.From.Format(time.StampMilli), o.To.Format(time.StampMilli))
	}
	must(t, repair(from, to))
	must(t, l.JoinStandby(ctx, from))
	_, err = from.Run(ctx, "crm_resource", "--cleanup", "-r", "pgsql", "-N", from.Name)
	must(t, err)
	must(t, l.WaitNormal(ctx))
	checkRows(t, ctx, l, history)
	return history.LongestGap().Length()
}

// stopInOrder stops standby and primary, which leaves nothing that forbids a start.
func stopInOrder(t *testing.T, ctx context.Context, l *lab.Lab) {
	t.Helper()
	primary, standby := pair(t, ctx, l)
	must(t, standby.StopCluster(ctx))
	must(t, l.WaitStatus(ctx, "end of "+standby.Name, time.Minute, func(s lab.Status) bool { return !s.Nodes[standby.Name].Online }))
	must(t, primary.StopCluster(ctx))
	for _, n := range l.Nodes() {
		if n.Locked() {
			t.Errorf("PGSQL.lock is left on %s after a stop in order", n.Name)
		}
	}
}

func pair(t *testing.T, ctx context.Context, l *lab.Lab) (primary, standby *lab.Node) {
	t.Helper()
	s, err := l.Status(ctx)
	must(t, err)
	primary, err = l.Node(s.Primary())
	must(t, err)
	for _, n := range l.Nodes() {
		if n != primary {
			standby = n
		}
	}
	return primary, standby
}

func checkRows(t *testing.T, ctx context.Context, l *lab.Lab, h lab.History) {
	t.Helper()
	v, err := l.Check(ctx, h)
	must(t, err)
	if v.Acked == 0 {
		t.Error("no row was acknowledged: nothing was checked")
	}
	if len(v.Lost) > 0 {
		t.Errorf("%d of %d acknowledged rows are missing on %s: %v", len(v.Lost), v.Acked, v.Primary, v.Lost)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
