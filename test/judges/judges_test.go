// Package judges shows the agent to the tools of others: the schemas of its
// meta-data, pcs, crmsh and Pacemaker's own command line. No cluster runs. It
// imports nothing of the product.
package judges

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	agentName = "ocf:linuxhajapan:pgsql"
	resources = "/usr/lib/ocf/resource.d"
)

// providers is a folder like resources that holds our provider only.
var (
	providers string
	notBuilt  error
)

func TestMain(m *testing.M) {
	providers, notBuilt = build()
	status := m.Run()
	_ = os.RemoveAll(providers)
	os.Exit(status)
}

// build makes the program anew: one that "make build" has left below bin may be old.
func build() (string, error) {
	dir, err := os.MkdirTemp("", "judges")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return dir, err
	}
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "linuxhajapan", "pgsql"), "pgrex/cmd/pgsql-ra")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return dir, fmt.Errorf("cannot build the agent: %w\n%s", err, out)
	}
	return dir, nil
}

// need skips a test where its tools are not, with the reason; in CI it fails.
func need(t *testing.T, programs ...string) {
	t.Helper()
	if notBuilt != nil {
		t.Fatal(notBuilt)
	}
	var err error
	for _, p := range programs {
		_, missing := exec.LookPath(p)
		err = errors.Join(err, missing)
	}
	if slices.Contains(programs, "unshare") && os.Geteuid() != 0 {
		err = errors.Join(err, errors.New("must be root to show the agent in "+resources))
	}
	if err == nil {
		return
	}
	if os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "" {
		t.Fatal(err)
	}
	t.Skip(err)
}

// run returns what the program printed on both streams, and whether it liked what it saw.
func run(t *testing.T, cmd *exec.Cmd) (string, bool) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), err == nil
}

// installed runs a program that finds the agent where it would be installed,
// and a home of its own. Nothing is installed: the mount is the program's own
// and goes with it.
func installed(t *testing.T, argv ...string) (string, bool) {
	t.Helper()
	const show = `mount -t overlay overlay -o "lowerdir=$0:` + resources + `" ` + resources + ` && exec "$@"`
	cmd := exec.Command("unshare", append([]string{"--mount", "sh", "-c", show, providers}, argv...)...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "LC_ALL=C.UTF-8")
	return run(t, cmd)
}

// likes wants a program to end well, and to print each of these texts.
func likes(t *testing.T, out string, ok bool, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(out, text) {
			t.Errorf("%q is missing", text)
			ok = false
		}
	}
	if !ok {
		t.Errorf("printed:\n%s", out)
	}
}

// The two forms of the meta-data, by what the caller says of itself:
// Pacemaker up to 2.0 and people, Pacemaker 2.1 and newer.
var forms = []struct {
	name string
	env  []string
}{
	{"OCF 1.0", nil},
	{"OCF 1.1", []string{"OCF_RA_VERSION_MAJOR=1", "OCF_RA_VERSION_MINOR=1"}},
}

func metadata(t *testing.T, env []string) []byte {
	t.Helper()
	cmd := exec.Command(filepath.Join(providers, "linuxhajapan", "pgsql"), "meta-data")
	cmd.Env = env
	if len(env) == 0 {
		cmd.Env = []string{"LC_ALL=C"} // nil would be the environment of the test
	}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Every schema of agents that comes with a Debian package. The one of OCF 1.1
// itself (ClusterLabs/OCF-spec, ra/1.1/ra-api.rng) is in none of them;
// Pacemaker and pcs have their own of it. What it demands beyond them is
// checked in package ocf.
//
// Conformance: 4 (unit)
func TestSchemas(t *testing.T) {
	need(t, "xmllint")
	for _, schema := range []struct {
		file string
		// optional: only Debian 13 has it.
		optional bool
		forms    []string
	}{
		{file: "/usr/share/resource-agents/ra-api-1.dtd", forms: []string{"OCF 1.0"}},
		{file: "/usr/share/resource-agents/metadata.rng", forms: []string{"OCF 1.0"}},
		{file: "/usr/share/pcs/data/ocf-1.0.rng", forms: []string{"OCF 1.0"}},
		{file: "/usr/share/pcs/data/ocf-1.1.rng", forms: []string{"OCF 1.0", "OCF 1.1"}},
		{file: "/usr/share/pacemaker/api/ocf-ra-1.1.rng", optional: true, forms: []string{"OCF 1.0", "OCF 1.1"}},
	} {
		if _, err := os.Stat(schema.file); err != nil && schema.optional {
			t.Logf("not here: %s", schema.file)
			continue
		}
		for _, form := range forms {
			if !slices.Contains(schema.forms, form.name) {
				continue
			}
			t.Run(filepath.Base(schema.file)+" "+form.name, func(t *testing.T) {
				how := []string{"--noout", "--nonet", "--relaxng", schema.file, "-"}
				if filepath.Ext(schema.file) == ".dtd" {
					how = []string{"--noout", "--nonet", "--valid", "-"} // it is the one that the document names
				}
				text := metadata(t, form.env)
				judge := func(text []byte) (string, bool) {
					cmd := exec.Command("xmllint", how...)
					cmd.Dir, cmd.Stdin = filepath.Dir(schema.file), bytes.NewReader(text)
					return run(t, cmd)
				}
				if out, ok := judge(text); !ok {
					t.Errorf("not valid:\n%s", out)
				}
				// A judge that likes everything is none.
				if _, ok := judge(bytes.Replace(text, []byte("<parameter "), []byte("<parametre "), 1)); ok {
					t.Error("an unknown element is valid")
				}
			})
		}
	}
}

// Pacemaker uses reload-agent only of an agent that says it is of OCF 1.1.
//
// Conformance: 4 (unit)
func TestFormsOfTheMetadata(t *testing.T) {
	need(t)
	for _, form := range forms {
		var m struct {
			Version    string `xml:"version"`
			Parameters []struct {
				Reloadable string `xml:"reloadable,attr"`
			} `xml:"parameters>parameter"`
			Actions []struct {
				Name string `xml:"name,attr"`
			} `xml:"actions>action"`
		}
		if err := xml.Unmarshal(metadata(t, form.env), &m); err != nil {
			t.Fatal(err)
		}
		reload, reloadable := false, false
		for _, a := range m.Actions {
			reload = reload || a.Name == "reload-agent"
		}
		for _, p := range m.Parameters {
			reloadable = reloadable || p.Reloadable == "1"
		}
		is11 := form.name == "OCF 1.1"
		if len(m.Parameters) != 34 || "OCF "+m.Version != form.name || reload != is11 || reloadable != is11 {
			t.Errorf("%s: version %s, %d parameters, reload-agent %t, reloadable parameters %t",
				form.name, m.Version, len(m.Parameters), reload, reloadable)
		}
	}
}

// Conformance: 4 (unit)
func TestToolsDescribeTheAgent(t *testing.T) {
	need(t, "unshare", "crm_resource", "pcs", "crm")
	for _, argv := range [][]string{
		{"crm_resource", "--show-metadata", agentName},
		{"pcs", "resource", "describe", "--full", agentName},
		{"crm", "ra", "info", agentName},
	} {
		t.Run(argv[0], func(t *testing.T) {
			out, ok := installed(t, argv...)
			likes(t, out, ok, "Manages a PostgreSQL server", "pgctl", "external_standby_node_list", "application_name of each standby", "promote", "Promoted")
			if strings.Contains(strings.ToLower(out), "error:") || strings.Contains(strings.ToLower(out), "warning:") {
				t.Errorf("it complains:\n%s", out)
			}
		})
	}
}

// parameters are those of a PG-REX cluster, operations its operations.
var (
	parameters = []string{"pgctl=/usr/lib/postgresql/15/bin/pg_ctl", "psql=/usr/lib/postgresql/15/bin/psql", "pgdata=/dbfp/pgdata/data",
		"pgdba=postgres", "pgport=5432", "pgdb=template1", "rep_mode=sync", "node_list=node01 node02", "master_ip=192.168.2.3",
		"restore_command=/bin/cp /dbfp/pgarch/arc1/%f %p", "repuser=repuser",
		"primary_conninfo_opt=keepalives_idle=60 keepalives_interval=5 keepalives_count=5", "stop_escalate=0", "xlog_check_count=0"}
	operations = strings.Fields(`op start interval=0s timeout=300s on-fail=restart
		op monitor interval=10s timeout=60s on-fail=restart
		op monitor interval=9s role=Promoted timeout=60s on-fail=restart
		op promote interval=0s timeout=300s on-fail=restart
		op demote interval=0s timeout=300s on-fail=block
		op notify interval=0s timeout=90s
		op stop interval=0s timeout=300s on-fail=block`)
	clone = strings.Fields("promotable msPostgresql promoted-max=1 promoted-node-max=1 clone-max=2 clone-node-max=1 notify=true")
)

// create makes the resource in a CIB that has nothing but the permission to be
// without fencing, with one parameter changed.
func create(t *testing.T, name, value string) (cib, out string, ok bool) {
	t.Helper()
	cib = filepath.Join(t.TempDir(), "cib.xml")
	text, err := exec.Command("cibadmin", "--empty").Output()
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("<crm_config/>"), []byte(`<crm_config><cluster_property_set id="options">`+
		`<nvpair id="options-stonith-enabled" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>`), 1)
	if err := os.WriteFile(cib, text, 0o644); err != nil {
		t.Fatal(err)
	}
	argv := []string{"pcs", "-f", cib, "resource", "create", "pgsql", agentName, "--agent-validation"}
	for _, p := range parameters {
		if !strings.HasPrefix(p, name+"=") {
			argv = append(argv, p)
		}
	}
	if name != "" {
		argv = append(argv, name+"="+value)
	}
	out, ok = installed(t, slices.Concat(argv, operations, clone)...)
	return cib, out, ok
}

// Conformance: 20 (unit)
func TestCreateWithPcs(t *testing.T) {
	need(t, "unshare", "crm_resource", "pcs", "cibadmin", "crm_verify")
	cib, out, ok := create(t, "", "")
	likes(t, out, ok)
	if out != "" {
		t.Errorf("it says:\n%s", out)
	}
	out, ok = installed(t, "crm_verify", "--xml-file", cib, "-V")
	likes(t, out, ok)
	if out != "" {
		t.Errorf("crm_verify says:\n%s", out)
	}
	out, ok = installed(t, "pcs", "-f", cib, "resource", "config")
	likes(t, out, ok, "Clone: msPostgresql", "class=ocf provider=linuxhajapan type=pgsql", `node_list="node01 node02"`, "notify=true")
}

// pcs asks the agent about the values, and shows what it answers.
//
// Conformance: 11 (unit)
func TestPcsShowsOurReason(t *testing.T) {
	need(t, "unshare", "crm_resource", "pcs", "cibadmin")
	for _, tt := range []struct{ name, value, want string }{
		{"pgport", "five", `cannot use pgport="five": must be a port number, 1 to 65535`},
		{"stop_escalate", "soon", `cannot use stop_escalate="soon": must be a whole number of seconds`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cib, out, ok := create(t, tt.name, tt.value)
			if ok {
				t.Error("pcs takes it")
			}
			likes(t, out, true, "Validation result from agent", "ocf-exit-reason:"+tt.want)
			if text, err := os.ReadFile(cib); err != nil || strings.Contains(string(text), "pgsql") {
				t.Errorf("%v; the CIB has the resource", err)
			}
		})
	}
}
