// Package faults breaks real clusters in the lab and looks at what becomes of
// them: two nodes and three, with and without fencing, and with -tags long in
// rep_mode async. It looks at the cluster
// with the installed programs only and imports nothing of the product.
//
// The runs are shortened: monitors every few seconds, few repetitions, and the
// most telling scenarios. -tags long has faults on every kind of cluster, -long
// 100 switchovers.
package faults

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"pgrex/test/lab"
)

var (
	agent = flag.String("agent", "../../bin/pgsql-ra", "the agent's `program`")
	long  = flag.Bool("long", false, "100 switchovers, and other things that take their time")
)

// kind is a cluster as its definition has it. Two nodes ignore the loss of
// quorum, as the manual's do; three stop where they are the minority.
type kind struct {
	nodes  int
	async  bool
	fenced bool
	manual bool // monitors and time-outs of the manual, not shorter ones
}

var (
	twoSync   = kind{nodes: 2}
	twoFenced = kind{nodes: 2, fenced: true}
	threeSync = kind{nodes: 3}
)

func (k kind) String() string {
	mode := "sync"
	if k.async {
		mode = "async"
	}
	if k.fenced {
		mode += " with fencing"
	}
	return fmt.Sprintf("%d nodes %s", k.nodes, mode)
}

// site is a running cluster of one kind.
type site struct {
	*lab.Lab
	kind kind
}

// current is the cluster that is up; nil if there is none that a next test can use.
var current *site

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if current != nil {
		code = current.EndTests(code)
	}
	os.Exit(code)
}

// begin hands out a cluster of a kind in its normal state: the one that is up
// when it is of that kind and the test before has left it well, else a new one.
func begin(t *testing.T, k kind) (*site, context.Context) {
	t.Helper()
	limit := 15 * time.Minute
	if *long {
		limit = 2 * time.Hour
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	if current == nil || current.kind != k {
		up(t, ctx, k)
	}
	s := current
	t.Cleanup(func() {
		if t.Failed() {
			s.keepLogs(t)
			if os.Getenv("KEEP") == "1" {
				os.Exit(s.EndTests(1))
			}
			s.kind = kind{} // no test asks for this one
		}
	})
	s.normal(t, ctx)
	return s, ctx
}

func up(t *testing.T, ctx context.Context, k kind) {
	t.Helper()
	if current != nil {
		must(t, lab.Down(ctx))
		current = nil
	}
	started := time.Now()
	v := lab.Variant{Async: k.async, Fencing: k.fenced}
	if !k.manual {
		v = v.Quick()
	}
	cfg := lab.Config{Nodes: k.nodes, Agent: *agent, Variant: v}
	if k.fenced {
		cfg.Power = "../../bin/pgrex-lab"
	}
	l, err := lab.Up(ctx, cfg)
	if err != nil && os.Getenv("CI") == "" && os.Getenv("PGREX_REQUIRE_ALL") == "" {
		t.Skip(err)
	}
	must(t, err)
	current = &site{l, k}
	must(t, l.InstallTools("../../bin/pg-rex", k.drills().Configuration()))
	t.Logf("a cluster of %s came up in %.1f s", k, time.Since(started).Seconds())
}

// keepLogs shows what the nodes said last.
func (s *site) keepLogs(t *testing.T) {
	t.Helper()
	for _, n := range s.Nodes() {
		if !n.Running() {
			t.Logf("%s is off", n.Name)
			continue
		}
		out, _ := n.Run(context.Background(), "sh", "-c",
			"grep -E 'pgsql\\(pgsql\\)|pacemaker-controld.*(notice|warning|error)|pacemaker-schedulerd.*(notice|error)' "+lab.PacemakerLog+" | tail -n 60; tail -n 15 "+lab.PostgreSQLLog)
		t.Logf("%s:\n%s", n.Name, out)
	}
	if st, err := s.Status(context.Background()); err == nil {
		t.Logf("cluster: %s", st)
	}
}

// roles are the primary and the standbys of the moment, the one that is to
// take over first.
func (s *site) roles(t *testing.T, ctx context.Context) (primary *lab.Node, standbys []*lab.Node) {
	t.Helper()
	st, err := s.Status(ctx)
	must(t, err)
	for _, n := range s.Nodes() {
		switch {
		case n.Name == st.Primary():
			primary = n
		case st.Nodes[n.Name].Attributes["master-pgsql"] == "100":
			standbys = append([]*lab.Node{n}, standbys...)
		default:
			standbys = append(standbys, n)
		}
	}
	if primary == nil {
		t.Fatalf("no primary: %s", st)
	}
	return primary, standbys
}

// normal waits for the state in which every test begins and ends, and asks the
// servers themselves as well: one of them is a primary, and every other streams from it.
func (s *site) normal(t *testing.T, ctx context.Context) {
	t.Helper()
	must(t, lab.Until(ctx, "normal state", time.Minute, func(ctx context.Context) (string, bool) {
		st, err := s.Status(ctx)
		if err != nil {
			return err.Error(), false
		}
		wrong := s.Deviations(st)
		return strings.Join(wrong, "; "), len(wrong) == 0
	}))
	primary, _ := s.roles(t, ctx)
	for _, n := range s.Nodes() {
		want := "t"
		if n == primary {
			want = "f"
		}
		if got := s.sql(t, ctx, n, "select pg_is_in_recovery()"); got != want {
			t.Errorf("pg_is_in_recovery() on %s is %q while %s is promoted", n.Name, got, primary.Name)
		}
	}
	must(t, lab.Until(ctx, "streaming of all standbys", time.Minute, func(ctx context.Context) (string, bool) {
		got := s.sql(t, ctx, primary, "select count(*) from pg_stat_replication where state = 'streaming'")
		return got + " stream", got == fmt.Sprint(s.kind.nodes-1)
	}))
	if counts := run(t, ctx, primary, "crm_mon", "-1f"); strings.Contains(counts, "fail-count=") {
		t.Errorf("there are fail counts:\n%s", counts)
	}
}

// watch is a client that writes through vip-master, and one that writes on
// every node's own address.
type watch struct {
	writer *lab.Writer
	probe  *lab.WriteProbe
}

func (s *site) watch(ctx context.Context) watch {
	return watch{s.StartWriter(ctx), s.StartWriteProbe(ctx)}
}

// record is what the clients of a watch were told.
type record struct {
	through lab.History            // vip-master
	own     map[string]lab.History // each node's own address
	looked  int
}

// end ends the writing and judges what needs no primary: that never two nodes
// accepted writes at once.
func (w watch) end(t *testing.T, s *site) record {
	t.Helper()
	history, audit := w.writer.Stop(), w.probe.Stop()
	r := record{through: history, own: audit.Rows}
	for _, n := range s.Nodes() {
		r.looked += audit.Looked[n.Name]
		if audit.Looked[n.Name] == 0 {
			t.Errorf("%s was never asked to accept a write", n.Name)
		}
	}
	if r.looked < 50 {
		t.Errorf("the nodes were asked only %d times to accept a write", r.looked)
	}
	for _, o := range audit.Overlaps() {
		t.Errorf("%v accepted writes at once from %s to %s", o.Nodes, o.From.Format(time.StampMilli), o.To.Format(time.StampMilli))
	}
	return r
}

// check looks for every acknowledged row on the present primary. In mode async
// rows may be lost with a primary, and are only counted.
func (s *site) check(t *testing.T, ctx context.Context, r record) {
	t.Helper()
	all := map[string]lab.History{"vip-master": r.through}
	for node, h := range r.own {
		all[node] = h
	}
	var acked, lost int
	for address, h := range all {
		v, err := s.Check(ctx, h)
		must(t, err)
		acked, lost = acked+v.Acked, lost+len(v.Lost)
		if len(v.Lost) > 0 && !s.kind.async {
			t.Errorf("%d of %d rows acknowledged through %s are missing on %s: %v", len(v.Lost), v.Acked, address, v.Primary, v.Lost)
		}
	}
	if len(r.through.Acked) == 0 {
		t.Error("no row was acknowledged: nothing was checked")
	}
	t.Logf("%d rows acknowledged, %d lost, longest pause %.1f s; the nodes were asked %d times for a write",
		acked, lost, r.through.LongestGap().Length().Seconds(), r.looked)
}

// sql asks a node's server over its socket.
func (s *site) sql(t *testing.T, ctx context.Context, n *lab.Node, query string) string {
	t.Helper()
	out, err := n.RunAs(ctx, "postgres", s.PGBin()+"/psql", "-XAtc", query, "template1")
	must(t, err)
	return strings.TrimSpace(out)
}

func run(t *testing.T, ctx context.Context, n *lab.Node, argv ...string) string {
	t.Helper()
	out, err := n.Run(ctx, argv...)
	must(t, err)
	return out
}

// together does the same for several nodes at once.
func together(t *testing.T, nodes []*lab.Node, do func(*lab.Node) error) {
	t.Helper()
	errs := make([]error, len(nodes))
	var wg sync.WaitGroup
	for i, n := range nodes {
		wg.Add(1)
		go func() {
			defer wg.Done()
			errs[i] = do(n)
		}()
	}
	wg.Wait()
	for _, err := range errs {
		must(t, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
