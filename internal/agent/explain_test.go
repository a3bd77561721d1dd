package agent_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgrex/internal/ocf"
)

// explained is what a test reads of explain's JSON.
type explained struct {
	Node     string
	Resource struct {
		Name, Provider, Clone string
		Parameters            []struct{ Name, Value, Source string }
	}
	Problems []string
	Server   struct {
		State      string
		Postmaster int
		Timeline   int
		Lock       struct {
			Exists bool
			Node   string
		}
		SyncNames string `json:"synchronous_standby_names"`
	}
	Standbys []struct {
		Name     string
		Sync     string `json:"sync_state"`
		Physical bool
	}
	Cluster struct {
		Nodes []struct {
			Name, Role, Status string
			Online             bool
		}
	}
	Decision struct {
		Changes []struct {
			Kind, Text, Reason string
			Writes             []string
		}
		Nothing, Then string
		OtherWrites   []string `json:"other_writes"`
		Code          *int     `json:"exit_status"`
		Reason        string   `json:"exit_reason"`
	}
	Log     []string
	Missing []struct{ Fact, Why, Cure string }
}

// writes are the attribute writes that explain foretells, in their order.
func (e explained) writes() []string {
	var all []string
	for _, c := range e.Decision.Changes {
		all = append(all, c.Writes...)
	}
	return slices.DeleteFunc(append(all, e.Decision.OtherWrites...), func(w string) bool { return !strings.HasPrefix(w, "crm_attribute ") })
}

// defineInCIB makes cibadmin show the site's parameters as a cluster defines them.
func (s *site) defineInCIB() {
	s.t.Helper()
	var params strings.Builder
	for _, name := range sorted(s.params) {
		fmt.Fprintf(&params, `<nvpair id="p-%s" name="%s" value="`, name, name)
		s.must(xml.EscapeText(&params, []byte(s.params[name])))
		params.WriteString(`"/>`)
	}
	cib := `<cib><configuration><resources><clone id="msPostgresql"><meta_attributes id="m"><nvpair id="m1" name="promotable" value="true"/>` +
		`<nvpair id="m2" name="notify" value="true"/></meta_attributes><primitive id="pgsql" class="ocf" provider="linuxhajapan" type="pgsql">` +
		`<instance_attributes id="p">` + params.String() + `</instance_attributes></primitive></clone></resources></configuration></cib>`
	s.must(os.WriteFile(filepath.Join(s.dir, "cib.xml"), []byte(cib), 0o644))
	bin := filepath.Join(s.dir, "bin")
	s.must(os.MkdirAll(bin, 0o755))
	script := "#!/bin/sh\n[ \"$*\" = -Q ] || exec " + filepath.Join(template.bin, "cibadmin") + " \"$@\"\n" +
		"echo cibadmin -Q >> $STANDIN_DIR/calls\nexec cat $STANDIN_DIR/cib.xml\n"
	s.must(os.WriteFile(filepath.Join(bin, "cibadmin"), []byte(script), 0o755))
}

// explain runs it as a person would: nothing of Pacemaker's in the environment.
func (s *site) explain(code int, env []string, args ...string) (stdout, stderr string) {
	s.t.Helper()
	cmd := exec.Command(filepath.Join(template.bin, "pgsql-ra"), append([]string{"explain"}, args...)...)
	cmd.Env = append([]string{"STANDIN_DIR=" + s.dir, "STANDIN_PG_CTL=" + filepath.Join(s.bin, "pg_ctl"),
		"PATH=" + filepath.Join(s.dir, "bin") + ":" + template.bin + ":/usr/bin:/bin"}, env...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		s.t.Fatalf("explain %v ends with %d, want %d\n%s%s", args, got, code, out.String(), errOut.String())
	}
	if strings.Contains(out.String(), "%!") {
		s.t.Errorf("a text and its arguments do not fit:\n%s", out.String())
	}
	return out.String(), errOut.String()
}

func (s *site) explained(code int, env []string, args ...string) explained {
	s.t.Helper()
	out, _ := s.explain(code, env, append(args, "--json")...)
	var e explained
	if err := json.Unmarshal([]byte(out), &e); err != nil {
		s.t.Fatalf("%v in\n%s", err, out)
	}
	return e
}

// footprint is everything that the agent may write, and the server's files
// where no server changes them.
func (s *site) footprint() string {
	s.t.Helper()
	var b strings.Builder
	running := s.postmaster() != 0
	s.must(filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(s.dir, path)
		switch {
		case d.IsDir() && (name == "peer" || name == "run" || running && filepath.Dir(name) == "data"):
			return filepath.SkipDir
		case !d.Type().IsRegular() || name == "calls" || name == "server.log" || name == "agent.log":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		fmt.Fprintf(&b, "%s %v %x\n", name, info.Mode(), sha256.Sum256(text))
		return err
	}))
	return fmt.Sprintf("%spostmaster %d\n", b.String(), s.postmaster())
}

func (s *site) onlyRead() {
	s.t.Helper()
	for _, c := range s.calls() {
		if !slices.Contains([]string{"", "crm_mon -1 --output-as=xml", "crm_node -n", "cibadmin -Q", "cibadmin -Q -o nodes"}, c) {
			s.t.Errorf("explain called %s", c)
		}
	}
}

// explainStates are the states of all actions, and those in which a monitor
// has something to do.
var explainStates = append(slices.Clone(nodeStates), []struct {
	name string
	make func(*site)
}{
	{"primary whose standby has just come", func(s *site) {
		s.primaryAlone()
		s.change(func(r *record) {
			r.Role["node02"] = "Unpromoted"
			r.Transient["node02"]["master-pgsql"], r.Transient["node02"]["pgsql-status"] = "-INFINITY", "HS:alone"
		})
		s.join()
	}},
	{"primary whose standby is lost", func(s *site) { s.primaryWithStandby(); s.stopPeer() }},
	{"standby that the primary does not see", func(s *site) {
		s.standby()
		s.followed()
		s.change(func(r *record) {
			r.Permanent["node01"]["pgsql-data-status"] = "DISCONNECT"
			r.Transient["node01"]["pgsql-status"] = "HS:async"
		})
	}},
	{"standby in a vote", func(s *site) { s.standby(); s.monitor(ocf.Success) }},
	{"standby, with check_wal_receiver", func(s *site) { s.params["check_wal_receiver"] = "true"; s.standby(); s.followed() }},
	{"stopped, with check_wal_receiver", func(s *site) { s.params["check_wal_receiver"] = "true" }},
	{"primary without replication", func(s *site) {
		s.params["rep_mode"] = "none"
		delete(s.params, "restore_command")
		s.want("start", ocf.Success)
	}},
}...)

// What explain foretells is what the next monitor does, and explain itself has
// done nothing.
func TestExplainForetellsMonitor(t *testing.T) {
	for _, st := range explainStates {
		t.Run(st.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			st.make(s)
			s.defineInCIB()
			s.forgetCalls()
			before := s.footprint()
			e := s.explained(0, nil)
			for _, lang := range []string{"LANG=ja_JP.UTF-8", "LANG=C"} {
				s.explain(0, []string{lang})
			}
			s.onlyRead()
			if after := s.footprint(); after != before {
				t.Errorf("was\n%s\nand is\n%s", before, after)
			}
			s.forgetCalls()
			a := s.do("monitor", "OCF_RESKEY_CRM_meta_interval=10000")
			if e.Decision.Code == nil || *e.Decision.Code != int(a.code) {
				t.Errorf("monitor answers %v, foretold was %v", a.code, e.Decision)
			}
			done := slices.DeleteFunc(s.calls(), func(c string) bool { return !strings.HasPrefix(c, "crm_attribute ") })
			told := e.writes()
			for i := range told {
				told[i] = strings.ReplaceAll(told[i], "'", "") // the record does not quote
			}
			if e.Decision.Then != "" {
				done = done[:min(len(done), len(told))]
			}
			// check_wal_receiver is shown before the rest, and told after it.
			slices.Sort(done)
			slices.Sort(told)
			if !slices.Equal(done, told) {
				t.Errorf("monitor writes\n%s\nforetold was\n%s", strings.Join(done, "\n"), strings.Join(told, "\n"))
			}
			if (len(e.Decision.Changes) == 0) != (e.Decision.Nothing != "") {
				t.Errorf("nothing to do, or what there is to do: %+v", e.Decision)
			}
		})
	}
}

func TestExplainPrimaryWithStandby(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.primaryWithStandby()
	s.defineInCIB()
	e := s.explained(0, nil, "pgsql")
	if e.Node != "node01" || e.Resource.Clone != "msPostgresql" || len(e.Resource.Parameters) != len(s.params) {
		t.Errorf("resource %+v on %s", e.Resource, e.Node)
	}
	if e.Server.State != "primary" || e.Server.Postmaster != s.postmaster() || e.Server.Timeline != 2 ||
		e.Server.SyncNames != `"node02"` || !e.Server.Lock.Exists || e.Server.Lock.Node != "node01" {
		t.Errorf("server %+v", e.Server)
	}
	if len(e.Standbys) != 1 || e.Standbys[0].Name != "node02" || e.Standbys[0].Sync != "sync" || !e.Standbys[0].Physical {
		t.Errorf("standbys %+v", e.Standbys)
	}
	if n := e.Cluster.Nodes; len(n) != 2 || n[0].Role != "Promoted" || n[1].Status != "HS:sync" || !n[1].Online {
		t.Errorf("cluster %+v", n)
	}
	if e.Decision.Nothing == "" || len(e.Missing) > 0 {
		t.Errorf("decision %+v, missing %+v", e.Decision, e.Missing)
	}
	ja, _ := s.explain(0, []string{"LC_ALL=ja_JP.UTF-8"})
	for _, want := range []string{"リソース pgsql", "次の monitor が行うこと", "何も変更しない", "終了ステータスは 8 (Primary として動作中)"} {
		if !strings.Contains(ja, want) {
			t.Errorf("no %q in\n%s", want, ja)
		}
	}
	// By the name of the clone, and one node only.
	if e := s.explained(0, nil, "msPostgresql", "--node", "node02"); len(e.Cluster.Nodes) != 1 || e.Cluster.Nodes[0].Name != "node02" {
		t.Errorf("cluster %+v", e.Cluster)
	}
	if _, stderr := s.explain(2, nil, "--node=node03"); !strings.Contains(stderr, "node01 node02") {
		t.Errorf("says %q", stderr)
	}
}

// The environment counts more than the definition, and is enough without one.
func TestExplainParameters(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.defineInCIB()
	e := s.explained(0, []string{"OCF_RESKEY_xlog_check_count=many"})
	if !slices.ContainsFunc(e.Problems, func(p string) bool { return strings.Contains(p, `xlog_check_count="many"`) }) {
		t.Errorf("problems %q", e.Problems)
	}
	var env []string
	for name, value := range s.params {
		env = append(env, "OCF_RESKEY_"+name+"="+value)
	}
	s.must(os.WriteFile(filepath.Join(s.dir, "cib.xml"), []byte("no XML"), 0o644))
	if e = s.explained(0, env); e.Resource.Name != "default" || e.Server.State != "stopped" {
		t.Errorf("%+v", e)
	}
	if !slices.ContainsFunc(e.Problems, func(p string) bool { return strings.Contains(p, "rep_mode") }) {
		t.Errorf("outside of a clone: problems %q", e.Problems)
	}
}

// All that is wrong is told, also what only start looks at.
func TestExplainHidesNoProblem(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.standby()
	s.params["stop_escalate"], s.params["pgctl"], s.params["master_ip"], s.params["pgprot"] = "soon", "/nowhere/pg_ctl", "", "5432"
	s.defineInCIB()
	e := s.explained(0, nil)
	for _, want := range []string{"stop_escalate", "/nowhere/pg_ctl", "master_ip", "pgprot"} {
		if !slices.ContainsFunc(e.Problems, func(p string) bool { return strings.Contains(p, want) }) {
			t.Errorf("no %s among %q", want, e.Problems)
		}
	}
	if e.Server.State != "standby" || len(e.Decision.Changes) > 0 || !strings.Contains(e.Decision.Nothing, "unusable") {
		t.Errorf("%+v", e.Decision)
	}
}

func TestExplainNamesWhatIsMissing(t *testing.T) {
	for _, tt := range []struct {
		name   string
		damage func(*site)
		fact   string
		state  string // of the server, as far as it can be told
	}{
		{"crm_mon fails", func(s *site) { s.change(func(r *record) { r.Fail = "crm_mon" }) }, "state of the cluster", "standby"},
		{"no control file", func(s *site) { s.must(os.Remove(filepath.Join(s.data, "global", "pg_control"))) }, "files", "unknown"}, // the server needs it to answer
		{"a lock that nobody understands", func(s *site) {
			s.must(os.WriteFile(filepath.Join(s.dir, "tmp", "PGSQL.lock"), []byte("gone fishing\n"), 0o644))
		}, "files", "standby"},
		{"a rule in the definition", func(s *site) {
			text, err := os.ReadFile(filepath.Join(s.dir, "cib.xml"))
			s.must(err)
			s.must(os.WriteFile(filepath.Join(s.dir, "cib.xml"), bytes.Replace(text, []byte(`<instance_attributes id="p">`),
				[]byte(`<instance_attributes id="ruled"><rule id="r"/><nvpair id="x" name="pghost" value="elsewhere"/></instance_attributes><instance_attributes id="p">`), 1), 0o644))
		}, "rules", "standby"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.standby()
			s.defineInCIB()
			tt.damage(s)
			e := s.explained(1, nil)
			if len(e.Missing) == 0 || !strings.Contains(e.Missing[0].Fact, tt.fact) || e.Missing[0].Why == "" {
				t.Errorf("missing %+v", e.Missing)
			}
			if e.Server.State != tt.state {
				t.Errorf("what is there is not told: %+v", e.Server)
			}
			s.explain(1, []string{"LANG=ja_JP.UTF-8"})
		})
	}
}

func TestExplainShowsNoPassword(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.primaryWithStandby()
	s.params["monitor_user"], s.params["monitor_password"] = "postgres", "geheim'1"
	s.params["primary_conninfo_opt"] = `sslmode=prefer password='geheim 2' keepalives=1`
	s.params["restore_command"] = "/bin/get --password=geheim3 %f %p"
	s.defineInCIB()
	for _, args := range [][]string{nil, {"--json"}} {
		out, _ := s.explain(0, []string{"OCF_RESKEY_pghost=127.0.0.1"}, args...)
		if strings.Contains(out, "geheim") || !strings.Contains(out, "sslmode=prefer") {
			t.Errorf("%v\n%s", args, out)
		}
	}
}
