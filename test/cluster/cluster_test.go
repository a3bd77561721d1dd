package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgrex/test/lab"
)

func TestNormalState(t *testing.T) {
	l, ctx := begin(t)
	figure(t, "pgrex-lab up: %.1f s from nothing to a synchronous pair", upTook.Seconds())
	primary, standby := pair(t, ctx)
	// The address for reading serves reads, and only those.
	out, err := primary.RunAs(ctx, "postgres", l.PGBin()+"/psql", "-h", standby.Address(lab.SLAN), "-Atc", "select pg_is_in_recovery()", "template1")
	if err == nil && strings.TrimSpace(out) != "t" {
		t.Errorf("the standby is not in recovery: %s", out)
	}
	crm, err := primary.Run(ctx, "crm_mon", "-1", "-A")
	must(t, err)
	for _, want := range []string{"Promoted: [ " + primary.Name + " ]", "Unpromoted: [ " + standby.Name + " ]"} {
		if !strings.Contains(crm, want) {
			t.Errorf("crm_mon does not show %q:\n%s", want, crm)
		}
	}
}

// The watcher of each node, and what it has below it, hold little memory and take no
// processor time while nothing happens.
func TestWatchersCost(t *testing.T) {
	_, ctx := begin(t)
	primary, standby := pair(t, ctx)
	const settled = 12 * time.Second // for so long a watcher may look after an event
	must(t, lab.Pause(ctx, settled))
	for _, n := range []*lab.Node{primary, standby} {
		out, err := n.Run(ctx, "pgrep", "-f", "/pgsql watch$")
		must(t, err)
		watcher := strings.TrimSpace(out)
		children, err := n.Run(ctx, "sh", "-c", "pgrep -P "+watcher+" || true")
		must(t, err)
		if n == primary && strings.TrimSpace(children) == "" {
			t.Errorf("the watcher of %s hears nothing of nodes that come and go", n.Name)
		}
		pids := append([]string{watcher}, strings.Fields(children)...)
		memory, before := 0, 0
		for _, pid := range pids {
			own, used := spends(t, ctx, n, pid)
			memory, before = memory+own, before+used
		}
		const lasts = 5 * time.Second
		must(t, lab.Pause(ctx, lasts))
		after := 0
		for _, pid := range pids {
			_, used := spends(t, ctx, n, pid)
			after += used
		}
		figure(t, "the watcher of %s and its %d helpers: %d kB of own memory, %d ms of processor time in %v", n.Name, len(pids)-1, memory, 10*(after-before), lasts)
		if memory > 10<<10 || after-before > 2 {
			t.Errorf("%s: %d kB, %d hundredths of a second in %v", n.Name, memory, after-before, lasts)
		}
	}
}

// spends is what a process of a node holds of memory that is its own, in kB, and the
// processor time that it has taken, in hundredths of a second (proc(5)).
func spends(t *testing.T, ctx context.Context, n *lab.Node, pid string) (memory, used int) {
	t.Helper()
	status, err := n.Run(ctx, "cat", "/proc/"+pid+"/status")
	must(t, err)
	_, rest, found := strings.Cut(status, "RssAnon:")
	if _, err := fmt.Sscan(rest, &memory); !found || err != nil {
		t.Fatalf("process %s of %s: %v", pid, n.Name, err)
	}
	stat, err := n.Run(ctx, "cat", "/proc/"+pid+"/stat")
	must(t, err)
	f := strings.Fields(stat[strings.LastIndex(stat, ")")+1:])
	var user, system int
	_, err1 := fmt.Sscan(f[11], &user)
	_, err2 := fmt.Sscan(f[12], &system)
	must(t, errors.Join(err1, err2))
	return memory, user + system
}

// Ten times: the primary's postmaster dies under writes, the standby takes
// over, the old primary is refused because of its lock, is rebuilt and comes
// back. No acknowledged row may be missing, and never may both nodes accept
// writes.
func TestTenTakeovers(t *testing.T) {
	const rounds = 10
	l, ctx := begin(t)
	var outages []float64
	var acked int
	for round := 1; round <= rounds; round++ {
		from, to := pair(t, ctx)
		writer, probe := l.StartWriter(ctx), l.StartWriteProbe(ctx)
		// The fault falls anywhere in the interval of the monitor.
		must(t, lab.Pause(ctx, time.Second+time.Duration(round)*time.Second/2))
		fault, err := from.KillPostgreSQL()
		must(t, err)
		must(t, l.WaitPrimary(ctx, to, lab.Timeouts.Takeover))
		_, err = writer.WaitAck(ctx, fault.Add(100*time.Millisecond), lab.Timeouts.FirstWrite)
		must(t, err)
		must(t, lab.Pause(ctx, time.Second))
		history, audit := writer.Stop(), probe.Stop()
		checkRows(t, ctx, history)
		checkOneWriter(t, audit)
		refusedByLock(t, ctx, from)
		outages = append(outages, history.LongestGap().Length().Seconds())
		acked += len(history.Acked)

		must(t, l.JoinStandby(ctx, from))
		forgetFailures(t, ctx, from)
		normalState(t, ctx)
		checkRows(t, ctx, history)
		t.Logf("round %d: %s to %s, outage %.2f s", round, from.Name, to.Name, outages[len(outages)-1])
	}
	figure(t, "outages of %d take-overs in s: %s; median %.2f, worst %.2f; rows acknowledged %d, lost 0", rounds, list(outages), lab.Median(outages), slices.Max(outages), acked)
}

// refusedByLock checks that the dead primary cannot come back by itself, and
// that the cluster says why.
func refusedByLock(t *testing.T, ctx context.Context, n *lab.Node) {
	t.Helper()
	if !n.Locked() {
		t.Errorf("no PGSQL.lock on %s after its server died as primary", n.Name)
	}
	// A cleanup makes Pacemaker try the start again.
	forgetFailures(t, ctx, n)
	must(t, shared.WaitStatus(ctx, "refusal of start on "+n.Name, time.Minute, func(s lab.Status) bool {
		for _, f := range s.Failed {
			if f.Node == n.Name && strings.Contains(f.Operation, "start") && strings.Contains(f.Reason, "PGSQL.lock") {
				return true
			}
		}
		return false
	}))
}

func forgetFailures(t *testing.T, ctx context.Context, n *lab.Node) {
	t.Helper()
	_, err := n.Run(ctx, "crm_resource", "--cleanup", "-r", "pgsql", "-N", n.Name)
	must(t, err)
}

func checkRows(t *testing.T, ctx context.Context, h lab.History) {
	t.Helper()
	v, err := shared.Check(ctx, h)
	must(t, err)
	if v.Acked == 0 {
		t.Error("no row was acknowledged: nothing was checked")
	}
	if len(v.Lost) > 0 {
		t.Errorf("%d of %d acknowledged rows are missing on %s: %v", len(v.Lost), v.Acked, v.Primary, v.Lost)
	}
}

func checkOneWriter(t *testing.T, a lab.Audit) {
	t.Helper()
	for _, n := range shared.Nodes() {
		if a.Looked[n.Name] < 20 {
			t.Errorf("%s was asked only %d times", n.Name, a.Looked[n.Name])
		}
	}
	if len(a.Accepted) == 0 {
		t.Error("no node ever accepted a write")
	}
	for _, o := range a.Overlaps() {
		t.Errorf("%v accepted writes at once from %s to %s", o.Nodes, o.From.Format(time.StampMilli), o.To.Format(time.StampMilli))
	}
}

// A standby that goes loses score and data status before commits go on without
// it, and one that comes back is synchronous again.
func TestStandbyLostAndBack(t *testing.T) {
	l, ctx := begin(t)
	primary, standby := pair(t, ctx)
	writer := l.StartWriter(ctx)
	must(t, lab.Pause(ctx, time.Second))
	begin := time.Now()
	must(t, standby.StopCluster(ctx))
	_, err := writer.WaitAck(ctx, time.Now(), lab.Timeouts.FirstWrite)
	must(t, err)
	must(t, shared.WaitStatus(ctx, "standby taken off", time.Minute, func(s lab.Status) bool {
		return s.Primary() == primary.Name && s.VIPs["vip-slave"] == primary.Name
	}))
	if got := syncNames(t, ctx, primary); got != "" {
		t.Errorf("synchronous_standby_names is %q with no standby", got)
	}
	inOrder(t, ctx, primary, begin,
		"data-status on "+standby.Name+": STREAMING|SYNC -> DISCONNECT",
		"synchronous_standby_names: "+standby.Name+" -> (nobody)")
	must(t, standby.StartCluster(ctx))
	must(t, l.WaitStandby(ctx, standby, lab.Timeouts.Standby))
	if got := syncNames(t, ctx, primary); got != `"`+standby.Name+`"` {
		t.Errorf("synchronous_standby_names is %q with %s back", got, standby.Name)
	}
	history := writer.Stop()
	checkRows(t, ctx, history)
	figure(t, "standby stopped: longest pause of commits %.2f s", history.LongestGap().Length().Seconds())
}

func syncNames(t *testing.T, ctx context.Context, n *lab.Node) string {
	t.Helper()
	out, err := n.RunAs(ctx, "postgres", shared.PGBin()+"/psql", "-Atc", "show synchronous_standby_names", "template1")
	must(t, err)
	return strings.TrimSpace(out)
}

// inOrder checks that the agent's log on a node holds the texts in this order.
func inOrder(t *testing.T, ctx context.Context, n *lab.Node, since time.Time, texts ...string) {
	t.Helper()
	log, err := n.Run(ctx, "grep", "-F", "pgsql(pgsql)", "/var/log/pacemaker/pacemaker.log")
	must(t, err)
	for _, text := range texts {
		i := strings.LastIndex(log, text)
		if i < 0 {
			t.Fatalf("the agent's log of %s since %s does not say, or not in this order: %q", n.Name, since.Format(time.TimeOnly), text)
		}
		log = log[i:]
	}
}

// The standby's node dies without a word: commits wait until the cluster knows,
// and nothing is promoted.
func TestPowerLossOfTheStandby(t *testing.T) {
	l, ctx := begin(t)
	primary, standby := pair(t, ctx)
	writer := l.StartWriter(ctx)
	must(t, lab.Pause(ctx, 2*time.Second))
	fault := time.Now()
	must(t, standby.Kill(ctx))
	_, err := writer.WaitAck(ctx, fault.Add(100*time.Millisecond), lab.Timeouts.FirstWrite)
	must(t, err)
	if got := syncNames(t, ctx, primary); got != "" {
		t.Errorf("synchronous_standby_names is %q while commits go on alone", got)
	}
	inOrder(t, ctx, primary, fault,
		"data-status on "+standby.Name+": STREAMING|SYNC -> DISCONNECT",
		"confirm that "+standby.Name+" may not be promoted",
		"synchronous_standby_names: "+standby.Name+" -> (nobody)")
	must(t, standby.Boot(ctx))
	must(t, standby.StartCluster(ctx))
	must(t, l.WaitStandby(ctx, standby, lab.Timeouts.Standby))
	normalState(t, ctx)
	history := writer.Stop()
	checkRows(t, ctx, history)
	figure(t, "power of the standby lost: commits wait %.2f s", history.LongestGap().Length().Seconds())
}

// Stopped in order, standby first, the cluster starts again without anybody
// touching a file.
func TestCleanStopAndStart(t *testing.T) {
	l, ctx := begin(t)
	primary, standby := pair(t, ctx)
	writer := l.StartWriter(ctx)
	must(t, lab.Pause(ctx, time.Second))
	history := writer.Stop()
	must(t, standby.StopCluster(ctx))
	must(t, shared.WaitStatus(ctx, "standby gone", time.Minute, func(s lab.Status) bool { return !s.Nodes[standby.Name].Online }))
	must(t, primary.StopCluster(ctx))
	for _, n := range l.Nodes() {
		if n.Locked() {
			t.Errorf("PGSQL.lock is left on %s after a stop in order", n.Name)
		}
	}
	must(t, primary.StartCluster(ctx))
	must(t, l.WaitPrimary(ctx, primary, lab.Timeouts.Primary))
	must(t, standby.StartCluster(ctx))
	must(t, l.WaitStandby(ctx, standby, lab.Timeouts.Standby))
	normalState(t, ctx)
	checkRows(t, ctx, history)
}

// Taking the primary's node out of service moves everything to the standby.
func TestNodeStandby(t *testing.T) {
	l, ctx := begin(t)
	from, to := pair(t, ctx)
	writer, probe := l.StartWriter(ctx), l.StartWriteProbe(ctx)
	must(t, lab.Pause(ctx, time.Second))
	fault := time.Now()
	_, err := from.Run(ctx, "crm_standby", "-N", from.Name, "-v", "on")
	must(t, err)
	must(t, l.WaitPrimary(ctx, to, lab.Timeouts.Takeover))
	_, err = writer.WaitAck(ctx, fault.Add(time.Second), lab.Timeouts.FirstWrite)
	must(t, err)
	must(t, lab.Pause(ctx, time.Second))
	history, audit := writer.Stop(), probe.Stop()
	checkRows(t, ctx, history)
	checkOneWriter(t, audit)
	figure(t, "crm node standby of the primary: outage %.2f s", history.LongestGap().Length().Seconds())
	_, err = to.Run(ctx, "crm_standby", "-N", from.Name, "-D")
	must(t, err)
	must(t, l.JoinStandby(ctx, from))
	forgetFailures(t, ctx, from)
	normalState(t, ctx)
	checkRows(t, ctx, history)
}

func list(v []float64) string {
	var out []string
	for _, f := range v {
		out = append(out, fmt.Sprintf("%.2f", f))
	}
	return strings.Join(out, " ")
}
