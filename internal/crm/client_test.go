package crm

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgrex/internal/run"
)

// recorder is a Runner that notes what it is to run and gives prepared answers.
type recorder struct {
	calls   []string
	answers map[string]answer // by program
	limits  []time.Duration   // time that each call had
}

type answer struct {
	text []byte
	err  error
	hang bool
}

func (r *recorder) Run(ctx context.Context, c run.Command) (run.Result, error) {
	r.calls = append(r.calls, strings.Join(c.Argv, " "))
	limit := time.Duration(0)
	if end, ok := ctx.Deadline(); ok {
		limit = time.Until(end)
	}
	r.limits = append(r.limits, limit)
	a := r.answers[c.Argv[0]]
	if a.hang {
		<-ctx.Done()
		return run.Result{}, context.Cause(ctx)
	}
	return run.Result{Stdout: a.text}, a.err
}

func exit(status int) error {
	return &run.ExitError{Argv: []string{"crm_attribute"}, Status: status, Stderr: "crm_attribute: Error performing operation"}
}

func (r *recorder) want(t *testing.T, calls ...string) {
	t.Helper()
	if !slices.Equal(r.calls, calls) {
		t.Errorf("ran\n%s\nwant\n%s", strings.Join(r.calls, "\n"), strings.Join(calls, "\n"))
	}
	r.calls = nil
}

// The short options are the same from Pacemaker 1.1 to 3.0. Lifetime and node
// are always given: the defaults differ from tool to tool.
func TestAttributeCommands(t *testing.T) {
	r := &recorder{}
	c := &Client{Run: r}
	ctx := context.Background()
	if err := c.SetAttribute(ctx, Transient, "node02", PromotionScore("pgsql"), "-INFINITY"); err != nil {
		t.Error(err)
	}
	if err := c.SetAttribute(ctx, Permanent, "Node 2", "pgsql-data-status", "STREAMING|SYNC"); err != nil {
		t.Error(err)
	}
	if err := c.DeleteAttribute(ctx, Transient, "node01", "pgsql-xlog-loc"); err != nil {
		t.Error(err)
	}
	if err := c.DeleteAttribute(ctx, Permanent, "node01", "x"); err != nil {
		t.Error(err)
	}
	r.want(t,
		"crm_attribute -l reboot -N node02 -n master-pgsql -v -INFINITY",
		"crm_attribute -l forever -N Node 2 -n pgsql-data-status -v STREAMING|SYNC",
		"crm_attribute -l reboot -N node01 -n pgsql-xlog-loc -D",
		"crm_attribute -l forever -N node01 -n x -D")
}

// An attribute that is not there is what a deletion is for. Everything else
// is a failure, and of a write these statuses are, too.
//
// Conformance: 114 (unit)
func TestAttributeStatuses(t *testing.T) {
	for _, tt := range []struct {
		status   int
		deleteOK bool
	}{
		{6, true},    // 1.1: -ENXIO
		{105, true},  // 2 and 3: CRM_EX_NOSUCH
		{1, false},   // error
		{102, false}, // not connected
		{113, false}, // unsatisfied
		{-1, false},  // killed
	} {
		r := &recorder{answers: map[string]answer{"crm_attribute": {err: exit(tt.status)}}}
		c := &Client{Run: r}
		if err := c.DeleteAttribute(context.Background(), Transient, "node01", "a"); (err == nil) != tt.deleteOK {
			t.Errorf("delete with status %d: %v", tt.status, err)
		}
		err := c.SetAttribute(context.Background(), Transient, "node01", "a", "b")
		if got, ok := run.Status(err); !ok || got != tt.status || !strings.HasPrefix(err.Error(), "cannot set a on node01: ") {
			t.Errorf("set with status %d: %v", tt.status, err)
		}
		if len(r.calls) != 2 {
			t.Errorf("status %d: tried again: %q", tt.status, r.calls)
		}
	}
	r := &recorder{answers: map[string]answer{"crm_attribute": {err: os.ErrNotExist}}}
	if err := (&Client{Run: r}).DeleteAttribute(context.Background(), Transient, "n", "a"); err == nil {
		t.Error("a missing program deletes")
	}
}

func TestWriteTimeout(t *testing.T) {
	r := &recorder{answers: map[string]answer{"crm_attribute": {hang: true}}}
	c := &Client{Run: r, WriteTimeout: 30 * time.Millisecond}
	if err := c.SetAttribute(context.Background(), Transient, "n", "a", "b"); err == nil || !strings.Contains(err.Error(), "no answer within 30ms") {
		t.Errorf("error %v", err)
	}
	// The action's own deadline wins when it is nearer, and gives its reason.
	late := errors.New("the action is over")
	ctx, cancel := context.WithTimeoutCause(context.Background(), 10*time.Millisecond, late)
	defer cancel()
	c.WriteTimeout = time.Hour
	if err := c.DeleteAttribute(ctx, Transient, "n", "a"); !errors.Is(err, late) {
		t.Errorf("error %v", err)
	}
	if r.limits[0] > 30*time.Millisecond || r.limits[1] > 10*time.Millisecond {
		t.Errorf("limits %v", r.limits)
	}
	// Reading has the action's time.
	r.answers = map[string]answer{"crm_mon": {text: fixture(t, "crm_mon-2.1.5-sync.xml")}}
	if _, err := c.State(context.Background(), nil); err != nil || r.limits[2] != 0 {
		t.Errorf("state: %v, limit %v", err, r.limits[2])
	}
}

func TestState(t *testing.T) {
	const mon, cib = "crm_mon -1 --output-as=xml", "cibadmin -Q -o nodes"
	r := &recorder{answers: map[string]answer{
		"crm_mon":  {text: fixture(t, "crm_mon-2.1.5-sync.xml")},
		"cibadmin": {text: fixture(t, "cibadmin-2.1.5-nodes.xml")},
	}}
	c := &Client{Run: r}
	if _, err := c.State(context.Background(), []string{"node01", "node02", "elsewhere"}); err != nil {
		t.Fatal(err)
	}
	r.want(t, mon)

	// node01 is offline: its permanent attributes are in the CIB only.
	r.answers["crm_mon"] = answer{text: fixture(t, "crm_mon-2.0.5.xml")}
	if _, err := c.State(context.Background(), []string{"node02"}); err != nil {
		t.Fatal(err)
	}
	r.want(t, mon)
	s, err := c.State(context.Background(), []string{"node02", "NODE01"})
	if err != nil {
		t.Fatal(err)
	}
	r.want(t, mon, cib)
	if n, _ := s.Node("node01"); !n.AttrsKnown || n.Online || n.Attrs["pgsql-data-status"] != "LATEST" || len(n.Attrs) != 1 {
		t.Errorf("node01 is %+v", n)
	}
	if n, _ := s.Node("node02"); n.Attrs["master-pgsql"] != "100" || len(n.Attrs) != 3 {
		t.Errorf("node02 is %+v", n)
	}
}

// Conformance: 114 (unit)
func TestStateFails(t *testing.T) {
	good, offline := answer{text: fixture(t, "crm_mon-2.1.5-sync.xml")}, answer{text: fixture(t, "crm_mon-2.0.5.xml")}
	for name, tt := range map[string]struct {
		mon, cib answer
		want     string
	}{
		"crm_mon fails":      {answer{text: good.text, err: exit(102)}, answer{}, "cannot read the cluster's state: "},
		"crm_mon says so":    {answer{text: []byte(`<pacemaker-result><status code="102" message="Not connected"/></pacemaker-result>`)}, answer{}, "102"},
		"cibadmin fails":     {offline, answer{err: exit(105)}, "cannot read the permanent attributes"},
		"cibadmin says none": {offline, answer{text: []byte("No such device")}, "cannot read the nodes section"},
	} {
		c := &Client{Run: &recorder{answers: map[string]answer{"crm_mon": tt.mon, "cibadmin": tt.cib}}}
		if _, err := c.State(context.Background(), []string{"node01"}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Conformance: 116 (unit)
func TestLocalNode(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, onNode string
		answer       answer
		want         string
		calls        []string
	}{
		{"Pacemaker says it", "Node01", answer{text: []byte("other\n")}, "Node01", nil},
		{"crm_node knows it", "", answer{text: []byte("Node01\n")}, "Node01", []string{"crm_node -n"}},
		{"crm_node fails", "", answer{text: []byte("junk\n"), err: exit(102)}, host, []string{"crm_node -n"}},
		{"crm_node says nothing", "", answer{text: []byte("\n")}, host, []string{"crm_node -n"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{answers: map[string]answer{"crm_node": tt.answer}}
			got, err := (&Client{Run: r}).LocalNode(context.Background(), tt.onNode)
			if err != nil || got != tt.want {
				t.Errorf("%q, %v, want %q", got, err, tt.want)
			}
			r.want(t, tt.calls...)
		})
	}
}

// What is not there, what is there and empty, and what cannot be read: only
// the last one is an error, and the first two differ.
//
// Conformance: 114 (unit)
func TestAbsentAndEmptyAttributes(t *testing.T) {
	const mon = `<pacemaker-result><nodes><node name="node01" online="true"/></nodes><node_attributes><node name="node01">` +
		`<attribute name="empty" value=""/></node></node_attributes><status code="0" message="OK"/></pacemaker-result>`
	s, err := (&Client{Run: &recorder{answers: map[string]answer{"crm_mon": {text: []byte(mon)}}}}).State(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	n, _ := s.Node("node01")
	if value, there := n.Attrs["empty"]; !there || value != "" {
		t.Errorf("the empty one is %q, there: %t", value, there)
	}
	if value, there := n.Attrs["absent"]; there {
		t.Errorf("the absent one is %q", value)
	}
	for _, status := range []int{6, 105, 102} { // of crm_mon they all mean that nothing was read
		r := &recorder{answers: map[string]answer{"crm_mon": {text: []byte(mon), err: exit(status)}}}
		if _, err := (&Client{Run: r}).State(context.Background(), nil); err == nil {
			t.Errorf("crm_mon ends with %d and the state is known", status)
		}
	}
}

// forms answers crm_mon by its option, as releases with and without it do.
type forms struct {
	recorder
	unknown string
	status  int
}

func (f *forms) Run(ctx context.Context, c run.Command) (run.Result, error) {
	res, err := f.recorder.Run(ctx, c)
	if slices.Contains(c.Argv, f.unknown) {
		return run.Result{}, &run.ExitError{Argv: c.Argv, Status: f.status, Stderr: "unrecognized option"}
	}
	return res, err
}

// Conformance: 113 (unit)
func TestStateInTheFormOfTheRelease(t *testing.T) {
	text, err := os.ReadFile("testdata/crm_mon-2.0.5-as-xml.xml")
	if err != nil {
		t.Fatal(err)
	}
	const newForm, oldForm = "crm_mon -1 --output-as=xml", "crm_mon -1 --as-xml"
	for _, tt := range []struct {
		featureSet, unknown string
		status              int
		want                []string
	}{
		{"3.0.14", "--output-as=xml", 1, []string{oldForm}},
		{"3.1.0", "--output-as=xml", 64, []string{oldForm}},
		{"3.2.0", "--output-as=xml", 64, []string{newForm, oldForm}},
		{"3.2.0", "", 0, []string{newForm}},
		{"3.20.5", "", 0, []string{newForm}},
		{"", "--output-as=xml", 1, []string{newForm, oldForm}},
		{"", "", 0, []string{newForm}},
	} {
		r := &forms{unknown: tt.unknown, status: tt.status,
			recorder: recorder{answers: map[string]answer{"crm_mon": {text: text}}}}
		if _, err := (&Client{Run: r, FeatureSet: tt.featureSet}).State(context.Background(), nil); err != nil {
			t.Errorf("%q: %v", tt.featureSet, err)
		}
		r.want(t, tt.want...)
	}
	// A cluster that is down is asked once.
	r := &forms{unknown: "--output-as=xml", status: 102}
	if _, err := (&Client{Run: r}).State(context.Background(), nil); err == nil {
		t.Error("no error")
	}
	r.want(t, newForm)
}
