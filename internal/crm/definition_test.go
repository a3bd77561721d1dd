package crm

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgrex/internal/run"
)

func definition(t *testing.T, name, resource string) Definition {
	t.Helper()
	list, err := ParseDefinitions(fixture(t, name))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range list {
		if d.Resource == resource {
			return d
		}
	}
	t.Fatalf("%s is not among %+v", resource, list)
	return Definition{}
}

// The CIB of a running cluster, all of it.
func TestDefinition(t *testing.T) {
	list, err := ParseDefinitions(fixture(t, "cibadmin-2.1.5-query.xml"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range list {
		names = append(names, d.Provider+":"+d.Type+" "+d.Resource)
	}
	want := []string{"heartbeat:IPaddr2 vip-master", "heartbeat:IPaddr2 vip-rep", "heartbeat:IPaddr2 vip-slave",
		"linuxhajapan:pgsql pgsql", "pacemaker:ping prmPing"}
	if !slices.Equal(names, want) {
		t.Errorf("primitives %q, want %q", names, want)
	}
	d := definition(t, "cibadmin-2.1.5-query.xml", "pgsql")
	if d.Clone != "msPostgresql" || !d.Promotable || d.Meta["notify"] != "true" || d.Meta["migration-threshold"] != "1" || len(d.Skipped) != 0 {
		t.Errorf("definition %+v", d)
	}
	if len(d.Params) != 14 || d.Params["node_list"] != "node01 node02" || d.Params["restore_command"] != "/bin/cp /dbfp/pgarch/arc1/%f %p" {
		t.Errorf("parameters %q", d.Params)
	}
	monitors := slices.DeleteFunc(d.Operations, func(o Operation) bool { return o.Name != "monitor" })
	if !slices.Equal(monitors, []Operation{
		{Name: "monitor", Interval: "10s", Timeout: "60s", OnFail: "restart"},
		{Name: "monitor", Interval: "9s", Role: Promoted, Timeout: "60s", OnFail: "restart"},
	}) {
		t.Errorf("monitors %+v", monitors)
	}
	if other := definition(t, "cibadmin-2.1.5-query.xml", "vip-rep"); other.Clone != "" || other.Promotable {
		t.Errorf("a member of a group is %+v", other)
	}
}

// Templates, shared sets, scores and rules. What is expected is what
// crm_resource --get-parameter of Pacemaker 2.1.5 answers for this file.
func TestDefinitionFromSeveralPlaces(t *testing.T) {
	d := definition(t, "cib-template.xml", "pgsql")
	if d.Provider != "linuxhajapan" || d.Type != "pgsql" {
		t.Errorf("agent %s:%s", d.Provider, d.Type)
	}
	want := map[string]string{
		"pgdata": "/primitive/data", "pgport": "5432", "repuser": "repuser", "start_opt": "5432",
		"master_ip": "high", "tmpdir": "low", "logfile": "second", "socketdir": "one",
		"pgdb": "fromclone", "pgdba": "postgres", "rep_mode": "sync",
	}
	if !maps.Equal(d.Params, want) {
		t.Errorf("parameters %q, want %q", d.Params, want)
	}
	if d.Meta["notify"] != "true" || !d.Promotable {
		t.Errorf("meta-attributes %q", d.Meta)
	}
	if !slices.Equal(d.Skipped, []string{"ruled", "own-stop"}) {
		t.Errorf("skipped %q", d.Skipped)
	}
	var ops []string
	for _, o := range d.Operations {
		ops = append(ops, strings.Join([]string{o.Name, o.Interval, o.Role, o.Timeout}, " "))
	}
	if got := strings.Join(ops, ", "); got != "monitor 10s  77s, stop 0s  , monitor 9s Promoted 60s, start 0s  300s" {
		t.Errorf("operations %s", got)
	}
}

// The element of clusters before Pacemaker 2, which newer ones still read.
func TestDefinitionInMaster(t *testing.T) {
	list, err := ParseDefinitions([]byte(`<cib><configuration><resources><master id="ms"><primitive id="p" class="ocf" provider="heartbeat" type="pgsql">` +
		`<operations><op name="monitor" interval="9s" role="Master"/></operations></primitive></master></resources></configuration></cib>`))
	if err != nil || len(list) != 1 || list[0].Clone != "ms" || !list[0].Promotable || list[0].Operations[0].Role != Promoted {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestDefinitionsFail(t *testing.T) {
	for name, tt := range map[string]struct {
		answer answer
		want   string
	}{
		"cluster down": {answer{err: exit(102)}, "cannot read the CIB: "},
		"no XML":       {answer{text: []byte("No such device")}, "cannot read the XML of the CIB"},
		"another file": {answer{text: []byte("<nodes/>")}, "it has no configuration"},
	} {
		c := &Client{Run: &recorder{answers: map[string]answer{"cibadmin": tt.answer}}}
		if _, err := c.Definitions(context.Background(), ""); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// envRunner notes the environment of its one program.
type envRunner struct{ env []string }

func (r *envRunner) Run(_ context.Context, c run.Command) (run.Result, error) {
	r.env = c.Env
	return run.Result{Stdout: []byte("<cib><configuration/></cib>")}, nil
}

func TestDefinitionsFromFile(t *testing.T) {
	r := &envRunner{}
	c := &Client{Run: r}
	if _, err := c.Definitions(context.Background(), CIBFile); err != nil || !slices.Equal(r.env, []string{"CIB_file=" + CIBFile}) {
		t.Errorf("environment %q, %v", r.env, err)
	}
	if _, err := c.Definitions(context.Background(), ""); err != nil || len(r.env) != 0 {
		t.Errorf("environment %q, %v", r.env, err)
	}
}
