package rehearsal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgrex/internal/definition"
	"pgrex/internal/run"
)

// The examples of section 4 of the specification of the definition, and the
// form of Pacemaker 1.1 of the same model (4.5).
var examples = []struct {
	file    string
	stonith bool
}{
	{"testdata/stonith.crm", true},                       // 4.2
	{"testdata/nostonith.crm", false},                    // 4.1
	{"testdata/pcs-stonith.xml", true},                   // 4.3, as pcs 0.11.5 makes it
	{"testdata/pcs-nostonith.xml", false},                // 4.4
	{"../definition/testdata/pgrex96-stonith.crm", true}, // 4.5
}

func needSimulator(t *testing.T) *Simulator {
	t.Helper()
	if _, err := exec.LookPath("crm_simulate"); err != nil {
		if os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	s, err := NewSimulator(run.Local{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func parse(t *testing.T, text []byte) (definition.Definition, definition.Target) {
	t.Helper()
	d, err := definition.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	target, err := definition.Installed(context.Background(), run.Local{})
	if err != nil {
		t.Fatal(err)
	}
	return d, target
}

// rehearse plays a definition up to its start, and what comes after that only
// where it matters.
func rehearse(t *testing.T, text []byte, kind Kind) Report {
	t.Helper()
	s := needSimulator(t)
	d, target := parse(t, text)
	m, err := FindModel(d.Primitives(), nil, d.Tree(target))
	if err != nil {
		t.Fatal(err)
	}
	start, _, err := s.start(context.Background(), m, newState(m, d.Tree(target), unchecked(target)))
	r := Report{Model: m, Results: []Result{start}}
	if kind != FirstStart || start.Problem() == CannotStart {
		r, err = s.Rehearse(context.Background(), d, target)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// playAll plays the examples once for all tests.
var playAll = sync.OnceValues(func() ([]Report, error) {
	reports, errs := make([]Report, len(examples)), make([]error, len(examples))
	var wait sync.WaitGroup
	for i, e := range examples {
		wait.Add(1)
		go func() {
			defer wait.Done()
			reports[i], errs[i] = playFile(e.file)
		}()
	}
	wait.Wait()
	return reports, errors.Join(errs...)
})

func playFile(name string) (Report, error) {
	ctx := context.Background()
	s, err := NewSimulator(run.Local{})
	if err != nil {
		return Report{}, err
	}
	defer s.Close()
	text, err := os.ReadFile(name)
	if err != nil {
		return Report{}, err
	}
	d, err := definition.Read(text)
	if err != nil {
		return Report{}, err
	}
	target, err := definition.Installed(ctx, run.Local{})
	if err != nil {
		return Report{}, err
	}
	return s.Rehearse(ctx, d, target)
}

func played(t *testing.T) []Report {
	t.Helper()
	needSimulator(t)
	reports, err := playAll()
	if err != nil {
		t.Fatal(err)
	}
	return reports
}

func (r Report) find(kind Kind, onPrimary bool, use Use) (Result, bool) {
	for _, res := range r.Results {
		if res.Kind == kind && res.OnPrimary == onPrimary && (use == "" || res.Use == use) {
			return res, true
		}
	}
	return Result{}, false
}

// shape is what can be compared between definitions that name things alike.
func shape(r Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v fenced%v waits=%v blocked%v", r.Primaries, r.Fenced, r.Waits, r.Blocked)
	addresses := slices.Clone(r.Addresses)
	slices.SortFunc(addresses, func(a, b Placed) int { return strings.Compare(a.ID, b.ID) })
	for _, a := range addresses {
		fmt.Fprintf(&b, " %s%v", a.ID, a.Nodes)
	}
	return b.String()
}

// rows are the table of section 3.7: what comes of each event, with fencing and
// without. The start is: node01 primary with vip-master and vip-rep, node02 in
// step with vip-slave.
var rows = []struct {
	event           string
	kind            Kind
	primary         bool // it happens to the primary
	use             Use
	with, without   string
	steps, notSteps string // "promote pgsql@node02", must and must not be done
}{
	{"node01 promoted", FirstStart, true, "", healthy, healthy, "promote pgsql@node01, start vip-master@node01, start vip-rep@node01", ""},
	{"HS:alone -> HS:sync", StandbySync, false, "", healthy, healthy, "stop vip-slave@node01, start vip-slave@node02", "stop vip-master@node01"},
	{"HS:sync -> HS:alone", StandbyAlone, false, "", allOn1, allOn1, "stop vip-slave@node02, start vip-slave@node01", "stop vip-master@node01"},
	{"gateway lost on node01", GatewayLost, true, "", movedTo2, movedTo2,
		"demote pgsql@node01, stop vip-rep@node01, stop vip-master@node01, promote pgsql@node02, start vip-master@node02, stop pgsql@node01", ""},
	{"gateway lost on both", GatewayLostBoth, false, "", nothing, nothing, "stop pgsql@node01, stop pgsql@node02", "promote pgsql@node02"},
	{"disk red on node01", DiskFails, true, "", movedTo2, movedTo2, "promote pgsql@node02", ""},
	{"pgsql monitor failed on node01", ServerFails, true, "", movedTo2, movedTo2, "demote pgsql@node01, stop pgsql@node01, promote pgsql@node02", "start pgsql@node01"},
	{"vip-master monitor failed", AddressFails, true, ForPrimary, movedTo2, movedTo2, "demote pgsql@node01, promote pgsql@node02", "stop pgsql@node01"},
	{"vip-rep monitor failed", AddressFails, true, ForReplication, healthy, healthy, "stop vip-rep@node01, start vip-rep@node01", "stop vip-master@node01"},
	{"vip-rep start failed", AddressStartFails, true, ForReplication, noRep, noRep, "start vip-rep@node01 failed", "stop vip-master@node01"},
	{"vip-rep stop failed", AddressStopFails, true, ForReplication, healthy, healthy, "stop vip-rep@node01 failed, start vip-rep@node01", "stop vip-master@node01"},
	{"vip-rep stop failed during a fail-over", AddressStaysBehind, true, ForReplication, movedTo2, movedTo2, "start vip-rep@node02", "fence @node01"},
	{"vip-slave monitor failed", AddressFails, false, ForStandby, allOn1, allOn1, "start vip-slave@node01", "stop vip-master@node01"},
	{"pgsql stop failed", StopFails, true, "", fencedTo2, "[] fenced[] waits=false blocked[pgsql (node01)] vip-master[] vip-rep[] vip-slave[node02]", "stop pgsql@node01 failed", "start pgsql@node01"},
	{"pgsql demote failed", DemoteFails, true, "", fencedTo2, "[] fenced[] waits=false blocked[pgsql (node01)] vip-master[] vip-rep[] vip-slave[node02]", "demote pgsql@node01 failed", "start pgsql@node01"},
	{"vip-master stop failed", AddressStopFails, true, ForPrimary, fencedTo2,
		"[node02] fenced[] waits=false blocked[vip-master (node01)] vip-master[] vip-rep[] vip-slave[node02]", "promote pgsql@node02", ""},
	{"node01 lost", NodeLost, true, "", fencedTo2, movedTo2, "promote pgsql@node02, start vip-master@node02", ""},
}

const (
	healthy   = "[node01] fenced[] waits=false blocked[] vip-master[node01] vip-rep[node01] vip-slave[node02]"
	allOn1    = "[node01] fenced[] waits=false blocked[] vip-master[node01] vip-rep[node01] vip-slave[node01]"
	noRep     = "[node01] fenced[] waits=false blocked[] vip-master[node01] vip-rep[] vip-slave[node02]"
	movedTo2  = "[node02] fenced[] waits=false blocked[] vip-master[node02] vip-rep[node02] vip-slave[node02]"
	fencedTo2 = "[node02] fenced[node01] waits=false blocked[] vip-master[node02] vip-rep[node02] vip-slave[node02]"
	nothing   = "[] fenced[] waits=false blocked[] vip-master[] vip-rep[] vip-slave[]"
)

func (a Action) String() string {
	s := a.Do + " " + a.Resource + "@" + a.Node
	if a.Failed {
		s += " failed"
	}
	return s
}

// Conformance: CD-041, CD-055 (unit)
func TestTableOfTheModel(t *testing.T) {
	for i, r := range played(t) {
		e := examples[i]
		if r.Model.Fencing != e.stonith {
			t.Errorf("%s: fencing is %v", e.file, r.Model.Fencing)
		}
		for _, row := range rows {
			res, ok := r.find(row.kind, row.primary, row.use)
			if !ok {
				t.Errorf("%s: %s is not played", e.file, row.event)
				continue
			}
			want := row.without
			if e.stonith {
				want = row.with
			}
			if got := shape(res); got != want {
				t.Errorf("%s: %s: %s\nwant %s", e.file, row.event, got, want)
			}
			var steps []string
			for _, s := range res.Steps {
				steps = append(steps, s.String())
			}
			for _, s := range strings.Split(row.steps, ", ") {
				if !slices.Contains(steps, s) {
					t.Errorf("%s: %s: %q is not done, but %q", e.file, row.event, s, steps)
				}
			}
			if row.notSteps != "" && slices.Contains(steps, row.notSteps) {
				t.Errorf("%s: %s: %q is done", e.file, row.event, row.notSteps)
			}
		}
		for _, res := range r.Failed() {
			t.Errorf("%s: %s %s: %s %s", e.file, res.Kind, res.Resource, res.Problem(), shape(res))
		}
	}
}

// What must hold in every event of every example.
//
// Conformance: CD-042, CD-043, CD-045, CD-046 (unit)
func TestWhatHoldsInEveryEvent(t *testing.T) {
	promotions, addresses, readers := 0, 0, 0
	for i, r := range played(t) {
		e := examples[i]
		for _, res := range r.Results {
			at := fmt.Sprintf("%s: %s %s %s", e.file, res.Kind, res.Node, res.Resource)
			if e.stonith && len(res.Primaries) > 1 {
				t.Errorf("%s: primaries %v", at, res.Primaries)
			}
			if len(res.Hazards) > 0 && (e.stonith || res.Kind != Split) {
				t.Errorf("%s: %+v", at, res.Hazards)
			}
			promoted := map[string]bool{r.Primary: res.Kind != FirstStart}
			for _, s := range res.Steps {
				switch {
				case s.Resource == "pgsql" && s.Do == "promote":
					promoted[s.Node] = !s.Failed
					promotions++
					if e.stonith && res.Kind == NodeLost && !s.AfterFencing {
						t.Errorf("%s: %s does not wait for the fencing", at, s)
					}
					if res.Kind == FencingFails {
						t.Errorf("%s: %s without the fencing", at, s)
					}
				case s.Resource == "vip-master" && s.Do == "start":
					addresses++
					if !promoted[s.Node] {
						t.Errorf("%s: %s before the promotion", at, s)
					}
				}
			}
			for _, a := range res.Addresses {
				for _, n := range a.Nodes {
					if status := res.Status[n]; a.Use == ForStandby && res.Status != nil && res.Kind != Split {
						readers++
						if status != statusPrimary && status != statusSync {
							t.Errorf("%s: %s runs on %s, which is %q", at, a.ID, n, status)
						}
					}
				}
			}
		}
	}
	if promotions < 30 || addresses < 30 || readers < 30 {
		t.Errorf("only %d promotions, %d addresses, %d readers seen", promotions, addresses, readers)
	}
}

// The examples are accepted by Pacemaker, and those of one variant mean the same.
//
// Conformance: CD-055 (unit)
func TestExamplesAreValidAndMeanTheSame(t *testing.T) {
	needSimulator(t)
	for _, e := range examples {
		d, target := parse(t, readFile(t, e.file))
		if err := definition.Verify(context.Background(), run.Local{}, d.CIB(target)); err != nil {
			t.Errorf("%s: %v", e.file, err)
		}
	}
	reports := played(t)
	for _, pair := range [][2]int{{0, 2}, {1, 3}} {
		a, b := reports[pair[0]], reports[pair[1]]
		if len(a.Results) != len(b.Results) {
			t.Fatalf("%d and %d results", len(a.Results), len(b.Results))
		}
		for _, x := range a.Results {
			y, ok := b.find(x.Kind, x.OnPrimary, x.Use)
			if !ok || shape(x) != shape(y) {
				t.Errorf("%s: %s\nand %s", x.Kind, shape(x), shape(y))
			}
		}
	}
}

func TestMistakesAreFound(t *testing.T) {
	t.Parallel()
	stonith := readFile(t, "testdata/stonith.crm")
	lines := func(more string) []byte { return append(slices.Clone(stonith), more+"\n"...) }
	replaced := func(old, new string) []byte {
		if !bytes.Contains(stonith, []byte(old)) {
			t.Fatalf("%q is not there", old)
		}
		return bytes.ReplaceAll(stonith, []byte(old), []byte(new))
	}
	for _, tt := range []struct {
		name    string
		text    []byte
		kind    Kind
		problem Problem
		causes  []string
	}{
		{"never promoted", lines("colocation bad -inf: msPostgresql:Promoted clnPing"), FirstStart, CannotStart, []string{"bad"}},
		{"not on the other node", lines("location bad msPostgresql rule $role=Promoted -inf: #uname eq node02"), ServerFails, NoPrimary, []string{"bad"}},
		{"addresses before the promotion", replaced("order ord-promote-vips Mandatory: msPostgresql:promote master-group:start symmetrical=false", ""),
			FirstStart, OutOfOrder, nil},
		{"two at once", replaced("promoted-max=1", "promoted-max=2"), FirstStart, TwoPrimary, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := rehearse(t, tt.text, tt.kind)
			i := slices.IndexFunc(r.Results, func(res Result) bool { return res.Kind == tt.kind && res.OnPrimary })
			if i < 0 {
				t.Fatalf("not played: %+v", r.Results)
			}
			res := r.Results[i]
			if res.Problem() != tt.problem || !slices.ContainsFunc(r.Failed(), func(f Result) bool { return f.Kind == tt.kind }) {
				t.Errorf("%q, failed %v: %s", res.Problem(), len(r.Failed()), shape(res))
			}
			if !slices.Equal(res.Causes, tt.causes) {
				t.Errorf("causes %q", res.Causes)
			}
		})
	}
}

// A running cluster is played on as it is: here it has failed over before.
func TestLive(t *testing.T) {
	t.Parallel()
	s := needSimulator(t)
	ctx := context.Background()
	d, target := parse(t, readFile(t, "testdata/stonith.crm"))
	m, err := FindModel(d.Primitives(), []string{"node02", "node01"}, d.Tree(target))
	if err != nil {
		t.Fatal(err)
	}
	cib := newState(m, d.Tree(target), target.Schema)
	_, running, err := s.start(ctx, m, cib)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.RehearseLive(ctx, running)
	if err != nil {
		t.Fatal(err)
	}
	if r.Primary != "node02" || !r.Live || len(r.Failed()) != 0 {
		t.Errorf("primary %s, live %v, %d failed", r.Primary, r.Live, len(r.Failed()))
	}
	res, ok := r.find(NodeLost, true, "")
	if want := strings.NewReplacer("node01", "node02", "node02", "node01", "fenced[node01]", "fenced[node02]").Replace(fencedTo2); !ok || shape(res) != want {
		t.Errorf("%s, want %s", shape(res), want)
	}
	if _, err := s.RehearseLive(ctx, cib); !errors.Is(err, ErrNotHealthy) {
		t.Errorf("a cluster without a primary: %v", err)
	}
}

// What the cluster would do about a changed definition, which is what plan shows.
func TestActions(t *testing.T) {
	t.Parallel()
	s := needSimulator(t)
	ctx := context.Background()
	text := bytes.ReplaceAll(readFile(t, "testdata/stonith.crm"), []byte("change-me"), []byte("-")) // what a rehearsal makes of it
	d, target := parse(t, text)
	m, err := FindModel(d.Primitives(), nil, d.Tree(target))
	if err != nil {
		t.Fatal(err)
	}
	_, running, err := s.start(ctx, m, newState(m, d.Tree(target), target.Schema))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ old, new, want string }{
		{"resource-stickiness=200 ", "resource-stickiness=200 ", "[]"},
		{"cidr_netmask=24 \\\n\tmeta resource-stickiness=1", "cidr_netmask=16 \\\n\tmeta resource-stickiness=1", "[stop vip-slave@node02 start vip-slave@node02]"},
		{"colocation col-pgsql-ping inf: msPostgresql clnPing", "location away vip-slave -inf: node02", "[stop vip-slave@node02 start vip-slave@node01]"},
	} {
		if !bytes.Contains(text, []byte(tt.old)) {
			t.Fatalf("%q is not there", tt.old)
		}
		changed, _ := parse(t, bytes.Replace(text, []byte(tt.old), []byte(tt.new), 1))
		cib, err := changed.Updated(running)
		if err != nil {
			t.Fatal(err)
		}
		actions, err := s.Actions(ctx, cib)
		if got := fmt.Sprint(actions); err != nil || got != tt.want {
			t.Errorf("%s: %v: %s", tt.new, err, got)
		}
	}
	if left, _ := os.ReadDir(s.dir); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

// What the cluster tries again for ever is said, and no reason to stop.
func TestRestless(t *testing.T) {
	t.Parallel()
	s := needSimulator(t)
	ctx := context.Background()
	text := bytes.Replace(readFile(t, "testdata/stonith.crm"), []byte("migration-threshold=1\n"), []byte("migration-threshold=INFINITY\n"), 1)
	d, target := parse(t, append(text, "property start-failure-is-fatal=false\n"...))
	m, err := FindModel(d.Primitives(), nil, d.Tree(target))
	if err != nil {
		t.Fatal(err)
	}
	_, state, err := s.start(ctx, m, newState(m, d.Tree(target), unchecked(target)))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range m.events("node01", "node02") {
		if e.Kind != ServerFails || !e.OnPrimary {
			continue
		}
		res, err := s.event(ctx, m, state, e)
		if err != nil || res.Problem() != Restless || !(Report{Model: m}).Bad(res) {
			t.Errorf("%v: %q %s", err, res.Problem(), shape(res))
		}
		return
	}
	t.Error("nothing played")
}
