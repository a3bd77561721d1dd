package operation

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgrex/internal/definition"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/rehearsal"
	"pgrex/internal/run"
)

const examplesOf = "../rehearsal/testdata/"

// onFile is a cluster whose definition is the example without fencing, in a
// file that the real tools of Pacemaker work on: what apply does with them is
// what they do.
type onFile struct {
	*fakeCluster
	cib  string // the file that stands for the cluster
	text string // of the definition
}

const ofTheModel = `HACLUSTER_NAME = salesdb
PG_REX_Primitive_ResourceID = pgsql
PG_REX_Primary_ResourceID = msPostgresql
D_LAN_IPAddress = 192.168.2.1, 192.168.2.2
IC_LAN_IPAddress = (192.168.1.1, 192.168.1.2), (192.168.3.1, 192.168.3.2)
Archive_dir = /dbfp/pgarch/arc1
PEER_NODE_SSH_PASS_MODE = nopass
IPADDR_PRIMARY_ResourceID = vip-master
IPADDR_REPLICATION_ResourceID = vip-rep
IPADDR_STANDBY_ResourceID = vip-slave
PING_ResourceID = clnPing
STONITH = disable
`

func needTools(t *testing.T) {
	t.Helper()
	for _, name := range []string{"crm_simulate", "crm_verify", "crm_diff", "cibadmin"} {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
}

func runningModel(t *testing.T) *onFile {
	t.Helper()
	needTools(t)
	text, err := os.ReadFile(examplesOf + "nostonith.crm")
	if err != nil {
		t.Fatal(err)
	}
	c := &onFile{fakeCluster: healthyCluster(t), text: strings.NewReplacer("node01", "pgrex01", "node02", "pgrex02").Replace(string(text))}
	c.conf = ofTheModel
	c.machine.State = t.TempDir()
	c.cib = filepath.Join(c.dir, "cib.xml")
	c.addresses = []netip.Addr{netip.MustParseAddr("192.168.1.1"), netip.MustParseAddr("192.168.2.1"), netip.MustParseAddr("192.168.3.1")}
	d, err := definition.Read([]byte(c.text))
	if err != nil {
		t.Fatal(err)
	}
	target, err := definition.NewTarget("pacemaker-3.9")
	if err != nil {
		t.Fatal(err)
	}
	cib := strings.NewReplacer("<nodes/>", `<nodes><node id="1" uname="pgrex01"><instance_attributes id="nodes-1"><nvpair id="nodes-1-d" name="pgsql-data-status" value="LATEST"/></instance_attributes></node>
<node id="2" uname="pgrex02"><instance_attributes id="nodes-2"><nvpair id="nodes-2-d" name="pgsql-data-status" value="STREAMING|SYNC"/></instance_attributes></node></nodes>`,
		"<cib ", `<cib crm_feature_set="3.16.1" have-quorum="1" `,
		"</cluster_property_set>", `<nvpair id="cib-bootstrap-options-dc" name="dc-version" value="2.1.5"/></cluster_property_set>`,
		"<status/>", `<status><node_state id="1" uname="pgrex01" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="1"><lrm_resources/></lrm></node_state></status>`).
		Replace(string(d.CIB(target)))
	if err := os.WriteFile(c.cib, []byte(cib), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, n := range []*fakeNode{c.a, c.b} {
		answerTools(n, c)
	}
	return c
}

// answerTools runs the real tools on the file.
func answerTools(n *fakeNode, c *onFile) {
	n.answers["run"] = func(ctx context.Context, raw []byte) (any, error) {
		var in struct{ Command run.Command }
		if err := json.Unmarshal(raw, &in); err != nil {
			return nil, err
		}
		if !slices.Contains([]string{"cibadmin", "crm_diff", "crm_verify"}, in.Command.Argv[0]) {
			return n.run(ctx, raw)
		}
		in.Command.Env = append(in.Command.Env, "CIB_file="+c.cib)
		res, err := run.Local{}.Run(ctx, in.Command)
		if slices.Contains(in.Command.Argv, "-P") {
			n.changed("cibadmin -P -p")
		}
		type answered struct {
			Result run.Result
			Err    any `json:",omitempty"`
		}
		a := answered{Result: res}
		if status, ended := run.Status(err); err != nil && ended {
			a.Err = map[string]any{"text": err.Error(), "exit": &run.ExitError{Argv: in.Command.Argv, Status: status, Stderr: err.Error()}}
		} else if err != nil {
			return nil, err
		}
		return a, nil
	}
}

// file writes a definition with a replacement and returns its name.
func (c *onFile) file(replace ...string) string {
	c.t.Helper()
	text := c.text
	for i := 0; i+1 < len(replace); i += 2 {
		if !strings.Contains(text, replace[i]) {
			c.t.Fatalf("%q is not there", replace[i])
		}
		text = strings.ReplaceAll(text, replace[i], replace[i+1])
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	name := fmt.Sprintf("/root/new%d.crm", len(c.a.files))
	c.a.files[name] = text
	return name
}

func (c *onFile) running() string {
	c.t.Helper()
	text, err := os.ReadFile(c.cib)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(text)
}

// backup is the one definition that was kept.
func (c *onFile) backup() string {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for name := range c.a.files {
		if strings.HasSuffix(name, "/definition.xml") {
			return name
		}
	}
	c.t.Fatal("no definition was kept")
	return ""
}

func TestApply(t *testing.T) {
	c := runningModel(t)
	before := c.running()
	file := c.file("pgport=5432", "pgport=5433", "migration-threshold=1\n", "migration-threshold=3\n", "colocation col-pgsql-ping inf: msPostgresql clnPing\n", "")
	got := c.play(typed{input: "y\n", terminal: true}, "pg-rex", "apply", file)
	backup := c.backup()
	if got.status != 0 {
		t.Fatalf("%+v", got)
	}
	for _, want := range []string{"1. Check the definition", "~ parameter pgsql pgport: 5432 -> 5433", "! PostgreSQL is restarted on every node",
		"- colocation msPostgresql with clnPing: INFINITY", "~ resource default migration-threshold: 1 -> 3", "Apply these changes to the running cluster? (y/N)",
		"The former definition was saved in " + backup, "To go back to the former one: pg-rex apply " + backup} {
		if !strings.Contains(got.out, want) {
			t.Errorf("%q is not said:\n%s", want, got.out)
		}
	}
	if !strings.HasPrefix(backup, c.machine.State+"/backup/") {
		t.Error(backup)
	}
	now := c.running()
	for _, want := range []string{`value="5433"`, `name="pgsql-data-status" value="STREAMING|SYNC"`, `name="dc-version"`, `<node_state id="1"`} {
		if !strings.Contains(now, want) {
			t.Errorf("%s is gone:\n%s", want, now)
		}
	}
	if strings.Contains(now, "col-pgsql-ping") || strings.Contains(now, `value="5432"`) {
		t.Error(now)
	}
	changes := c.changes()
	want := []string{"pgrex01: write " + backup, "pgrex01: cibadmin -P -p"}
	if !slices.Equal(changes, want) {
		t.Errorf("%q", changes)
	}
	c.unlocked()

	// Again: there is nothing to do.
	got = c.play(typed{}, "pg-rex", "apply", file)
	if got.status != 0 || !strings.Contains(got.out, "The running definition is the same. Nothing was changed.") || len(c.changes()) != 2 {
		t.Errorf("%+v %q", got, c.changes())
	}
	// And back.
	got = c.play(typed{}, "pg-rex", "apply", "--yes", backup)
	if got.status != 0 || strings.Contains(c.running(), "5433") || !strings.Contains(c.running(), "col-pgsql-ping") {
		t.Errorf("%+v\n%s", got, c.running())
	}
	if a, b := strings.Count(before, "<nvpair"), strings.Count(c.running(), "<nvpair"); a != b {
		t.Errorf("%d pairs before, %d after", a, b)
	}
}

// The agent changes the data status at any time: what it has written meanwhile
// stays.
func TestApplyLeavesTheDataStatusAlone(t *testing.T) {
	c := runningModel(t)
	c.change = func(_ *fakeNode, what string) {
		if !strings.HasPrefix(what, "write ") { // the last thing before the definition is loaded
			return
		}
		text := strings.Replace(c.running(), "STREAMING|SYNC", "DISCONNECT", 1)
		if err := os.WriteFile(c.cib, []byte(text), 0o600); err != nil {
			t.Error(err)
		}
	}
	got := c.play(typed{}, "pg-rex", "apply", "--yes", c.file("pgport=5432", "pgport=5433"))
	if now := c.running(); got.status != 0 || !strings.Contains(now, "DISCONNECT") || strings.Contains(now, "STREAMING|SYNC") || !strings.Contains(now, "5433") {
		t.Errorf("%+v\n%s", got, now)
	}
}

func TestApplyRefused(t *testing.T) {
	changed := []string{"pgport=5432", "pgport=5433"}
	for _, tt := range []struct {
		name    string
		replace []string
		prepare func(*onFile)
		args    []string
		input   string
		status  int
		says    string
	}{
		{"no", changed, nil, nil, "n\n", 4, "APP-005"},
		{"nobody to ask", changed, nil, nil, "", 4, "CMN-051"},
		{"dry run", changed, nil, []string{"--dry-run"}, "", 0, "~ parameter pgsql pgport: 5432 -> 5433"},
		{"unknown line", []string{"rsc_defaults", "rsc_default"}, nil, []string{"--yes"}, "", 3, "PST-037: Line 5"},
		{"schema", []string{"on-fail=block", "on-fail=explode"}, nil, []string{"--yes"}, "", 3, "PST-036"},
		{"without its primitive", []string{"vip-slave", "vip-other"}, nil, []string{"--yes"}, "", 3, "PST-035: Resource vip-slave"},
		{"other nodes", []string{"pgrex02", "pgrex03"}, nil, []string{"--yes"}, "", 3, "PST-034"},
		{"another operation", changed, func(c *onFile) {
			c.b.files[filepath.Join(c.machine.State, "operation.json")] = `{"Command":"switchover","Node":"pgrex02","Phase":"wait"}`
		}, []string{"--yes"}, "", 7, "CMN-040"},
		{"locked on the peer", changed, func(c *onFile) {
			l, _, err := node.Lock(context.Background(), c.b, c.machine.LockFile, node.Holder{PID: os.Getpid(), Command: "pg-rex_switchover", Host: "pgrex02", Since: time.Now()})
			if err != nil {
				c.t.Fatal(err)
			}
			c.t.Cleanup(func() { _ = l.Close() })
		}, []string{"--yes"}, "", 7, "CMN-042"},
		{"cluster down", changed, func(c *onFile) { c.cib = filepath.Join(c.dir, "nothing.xml") }, []string{"--yes"}, "", 3, "APP-001"},
		{"changed meanwhile", changed, func(c *onFile) {
			asked := 0
			tools := c.a.answers["run"]
			c.a.answers["run"] = func(ctx context.Context, raw []byte) (any, error) {
				if strings.Contains(string(raw), `"cibadmin","-Q"`) {
					if asked++; asked == 2 {
						_ = os.WriteFile(c.cib, []byte(strings.Replace(c.running(), `name="pgdb" value="template1"`, `name="pgdb" value="other"`, 1)), 0o600)
					}
				}
				return tools(ctx, raw)
			}
		}, []string{"--yes"}, "", 3, "APP-006"},
		{"no file named", nil, nil, nil, "", 2, "PST-030"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := runningModel(t)
			if tt.prepare != nil {
				tt.prepare(c)
			}
			argv := []string{"pg-rex", "apply"}
			if tt.replace != nil {
				argv = append(argv, c.file(tt.replace...))
			}
			got := c.play(typed{input: tt.input, terminal: tt.input != ""}, append(argv, tt.args...)...)
			if got.status != tt.status || !strings.Contains(got.out+got.err, tt.says) {
				t.Errorf("status %d, want %d with %q\n%s%s", got.status, tt.status, tt.says, got.out, got.err)
			}
			if len(c.changes()) != 0 {
				t.Errorf("changed %q", c.changes())
			}
		})
	}
}

func TestApplyWithoutThePeer(t *testing.T) {
	c := runningModel(t)
	c.dialErr = message.Fail(message.SSH001, "host", "192.168.2.2", "port", 22, "err", "no route to host")
	got := c.play(typed{}, "pg-rex", "apply", "--yes", c.file("pgport=5432", "pgport=5433"))
	if got.status != 0 || !strings.Contains(got.err, "APP-010: 192.168.2.2") || !strings.Contains(c.running(), "5433") {
		t.Errorf("%+v", got)
	}
}

// That the load failed is told, and the definition is as it was.
func TestApplyFails(t *testing.T) {
	c := runningModel(t)
	before := c.running()
	tools := c.a.answers["run"]
	c.a.answers["run"] = func(ctx context.Context, raw []byte) (any, error) {
		if strings.Contains(string(raw), `"-P"`) {
			return nil, fmt.Errorf("the update was not confirmed")
		}
		return tools(ctx, raw)
	}
	got := c.play(typed{}, "pg-rex", "apply", "--yes", c.file("pgport=5432", "pgport=5433"))
	if got.status != 1 || !strings.Contains(got.err, "APP-009") || c.running() != before || !strings.Contains(got.out, "...[NG]") {
		t.Errorf("%+v", got)
	}
	c.unlocked()
}

func TestPlan(t *testing.T) {
	c := runningModel(t)
	file := c.file("pgport=5432", "pgport=5433", "stonith-enabled=false", "stonith-enabled=true")
	same := c.file()
	got := c.play(typed{}, "pg-rex", "plan", file)
	for _, want := range []string{"Changes: 0 added, 2 changed, 0 removed", "~ property stonith-enabled: false -> true", "What the cluster would do at once"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("%q is not said:\n%s", want, got.out)
		}
	}
	if got.status != 0 {
		t.Errorf("%+v", got)
	}
	for _, tt := range []struct {
		argv   []string
		status int
		says   string
	}{
		{[]string{"--exit-code", file}, 2, "pgport"},
		{[]string{"--exit-code", same}, 0, "The definitions are the same."},
		{[]string{"--lang", "ja", same}, 0, "定義に差分はありません。"},
		{[]string{"--lang", "ja", file}, 0, "すべてのノードで PostgreSQL が再起動します。"},
		{[]string{file, "--against", same}, 0, "5432 -> 5433"},
		{[]string{same, "--against", file}, 0, "5433 -> 5432"},
		{[]string{file, "--against", same, "--saved"}, 2, "CMN-062"},
		{[]string{file, "--against", "/nowhere"}, 2, "PST-030"},
		{[]string{}, 2, "PST-030"},
	} {
		if got := c.play(typed{}, append([]string{"pg-rex", "plan"}, tt.argv...)...); got.status != tt.status || !strings.Contains(got.out+got.err, tt.says) {
			t.Errorf("%q: %+v", tt.argv, got)
		}
	}
	c.a.files["/var/lib/pacemaker/cib/cib.xml"] = c.running()
	if got := c.play(typed{}, "pg-rex", "plan", "--saved", file); got.status != 0 || !strings.Contains(got.out, "5432 -> 5433") || strings.Contains(got.out, "at once") {
		t.Errorf("%+v", got)
	}
	var made planJSON
	if got := c.play(typed{}, "pg-rex", "plan", "--json", file); json.Unmarshal([]byte(got.out), &made) != nil || made.Same || len(made.Changes) != 2 || made.Actions == nil {
		t.Errorf("%+v", got)
	}
	c.cib = "/nowhere"
	if got := c.play(typed{}, "pg-rex", "plan", file); got.status != 3 || !strings.Contains(got.err, "next: pg-rex plan --saved FILE") {
		t.Errorf("%+v", got)
	}
	if len(c.changes()) != 0 {
		t.Errorf("%q", c.changes())
	}
}

func TestMoves(t *testing.T) {
	list := moves([]rehearsal.Action{
		{Do: "demote", Resource: "db", Node: "a"}, {Do: "stop", Resource: "ip", Node: "a"}, {Do: "stop", Resource: "db", Node: "a"},
		{Do: "start", Resource: "ip", Node: "b"}, {Do: "start", Resource: "db", Node: "a"}, {Do: "fence", Node: "b"},
		{Do: "reload-agent", Resource: "x", Node: "a"}, {Do: "stop", Resource: "y", Node: "a"}, {Do: "start", Resource: "z", Node: "a"},
	})
	var got []string
	for _, m := range list {
		got = append(got, m.text(func(en, _ string) string { return en }))
	}
	want := []string{"db is demoted on a", "ip moves from a to b", "db is restarted on a", "node b is fenced", "x takes over parameters on a", "y is stopped on a", "z is started on a"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
