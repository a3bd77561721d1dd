package agent_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pgrex/internal/ocf"
)

// built is the program as it is built, under the name of the resource type.
var built = sync.OnceValues(func() (string, error) {
	program := filepath.Join(template.dir, "built", "pgsql")
	cmd := exec.Command("go", "build", "-o", program, "pgrex/cmd/pgsql-ra")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot build the agent: %w\n%s", err, out)
	}
	return program, nil
})

// tester has ocf-tester of resource-agents judge the program, with the
// parameters of the site and with what Pacemaker would add to them. Its output
// is the test's log, and returned.
func (s *site) tester(meta ...string) string {
	s.t.Helper()
	program, err := built()
	s.must(err)
	argv := []string{"-n", "pgsql"}
	for _, name := range sorted(s.params) {
		argv = append(argv, "-o", name+"="+s.params[name])
	}
	for _, m := range meta {
		argv = append(argv, "-o", m)
	}
	cmd := exec.Command("/usr/sbin/ocf-tester", append(argv, program)...)
	cmd.Env = []string{
		"PATH=" + template.bin + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"STANDIN_DIR=" + s.dir, "STANDIN_PG_CTL=" + filepath.Join(s.bin, "pg_ctl"),
		"HA_LOGFILE=" + filepath.Join(s.dir, "agent.log"),
	}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err = cmd.Run()
	s.t.Logf("ocf-tester:\n%s", said.String())
	if err != nil || !strings.Contains(said.String(), program+" passed all tests") {
		s.t.Errorf("ocf-tester: %v", err)
	}
	// A failed test begins with the status that came; what is optional does not.
	if strings.Contains(said.String(), "* rc=") {
		s.t.Error("ocf-tester complains")
	}
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	s.t.Logf("FIGURE ocf-tester, rep_mode=%s: %s", s.params["rep_mode"], filepath.Base(lines[len(lines)-1]))
	return said.String()
}

// ocf-tester wants an action that the agent does not have in this
// configuration answered with 3, and calls that optional.
//
// Conformance: 4, 88, 89 (PostgreSQL server)
func TestTesterWithoutReplication(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.single("none")
	s.params["master_ip"], s.params["restore_command"] = "", ""
	out := s.tester()
	for _, action := range []string{"promote", "demote", "reload"} {
		if !strings.Contains(out, "does not support the "+action+" action (optional)") {
			t.Errorf("nothing is said of %s", action)
		}
	}
	if s.postmaster() != 0 {
		t.Error("the server is left running")
	}
}

// ocf-tester promotes and demotes without a cluster that would do what it says
// between the calls. The variables are those of a cluster whose other node is
// down: this one has its data alone, and so nothing speaks against promoting it
// again after each demote.
//
// Conformance: 79, 80, 88, 89 (PostgreSQL server)
func TestTesterWithReplication(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"sync", "async"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.params["rep_mode"] = mode
			s.change(func(r *record) {
				r.Online["node02"] = false
				r.Permanent["node01"]["pgsql-data-status"], r.Permanent["node02"]["pgsql-data-status"] = "LATEST", "DISCONNECT"
			})
			out := s.tester("crm_feature_set=3.16.1", "CRM_meta_on_node=node01", "CRM_meta_notify=true",
				"CRM_meta_promoted_max=1", "CRM_meta_master_max=1",
				"CRM_meta_notify_promoted_uname= ", "CRM_meta_notify_master_uname= ",
				"CRM_meta_notify_unpromoted_uname= ", "CRM_meta_notify_slave_uname= ",
				"CRM_meta_notify_stop_uname= ")
			for _, action := range []string{"promote", "demote"} {
				if strings.Contains(out, "does not support the "+action+" action") {
					t.Errorf("%s was not tried", action)
				}
			}
			if s.postmaster() != 0 || s.lock() {
				t.Errorf("left behind: postmaster %d, PGSQL.lock %t", s.postmaster(), s.lock())
			}
			if got := s.record().attrs("node01"); !strings.Contains(got, "pgsql-status=STOP") || !strings.Contains(got, "master-pgsql=-INFINITY") {
				t.Errorf("attributes in the end: %s", got)
			}
			// Each of three promotions begins a timeline: the demoted server
			// was promoted again, not found to be a primary still.
			histories, err := filepath.Glob(filepath.Join(s.data, "pg_wal", "*.history"))
			if err != nil || len(histories) != 3 {
				t.Errorf("new timelines: %q, %v", histories, err)
			}
		})
	}
}

// crm_resource and, by way of it, pcs resource debug-monitor name the resource
// to the agent as the user has named it to them. By the name of the clone the
// agent must find, and write, the same attributes.
//
// Conformance: 31 (PostgreSQL server)
func TestForceCheck(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.standby()
	program, err := built()
	s.must(err)
	providers := filepath.Join(s.dir, "ocf")
	s.must(os.MkdirAll(filepath.Join(providers, "linuxhajapan"), 0o755))
	s.must(os.Link(program, filepath.Join(providers, "linuxhajapan", "pgsql")))
	var parameters strings.Builder
	for _, name := range sorted(s.params) {
		fmt.Fprintf(&parameters, `<nvpair id="p-%s" name="%s" value="%s"/>`, name, name, s.params[name])
	}
	cib := filepath.Join(s.dir, "cib.xml")
	s.must(os.WriteFile(cib, []byte(`<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.0" epoch="1" num_updates="0" admin_epoch="0">`+
		`<configuration><crm_config/><nodes/><resources><clone id="msPostgresql"><meta_attributes id="m">`+
		`<nvpair id="m-promotable" name="promotable" value="true"/><nvpair id="m-notify" name="notify" value="true"/></meta_attributes>`+
		`<primitive id="pgsql" class="ocf" provider="linuxhajapan" type="pgsql"><instance_attributes id="p">`+parameters.String()+
		`</instance_attributes></primitive></clone></resources><constraints/></configuration><status/></cib>`), 0o644))
	real, err := exec.LookPath("crm_resource") // before the stand-in is
	s.must(err)
	check := func(name string) (string, int) {
		// The mount belongs to the program and goes with it.
		const show = `mount -t overlay overlay -o "lowerdir=$0:/usr/lib/ocf/resource.d" /usr/lib/ocf/resource.d && exec "$@"`
		cmd := exec.Command("unshare", "--mount", "sh", "-c", show, providers, real, "--force-check", "--resource", name)
		cmd.Env = []string{
			"PATH=" + template.bin + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "CIB_file=" + cib,
			"STANDIN_DIR=" + s.dir, "STANDIN_PG_CTL=" + filepath.Join(s.bin, "pg_ctl"), "HA_LOGFILE=" + filepath.Join(s.dir, "agent.log"),
		}
		out, _ := cmd.CombinedOutput()
		return string(out), cmd.ProcessState.ExitCode()
	}
	for _, name := range []string{"pgsql", "msPostgresql"} {
		s.change(func(r *record) { r.Transient["node01"]["master-pgsql"] = "100" })
		if out, status := check(name); status != int(ocf.Success) || !strings.Contains(out, name+" (ocf:linuxhajapan:pgsql) returned 0 (ok)") {
			t.Errorf("%s: %d\n%s", name, status, out)
		}
		if got := s.record().attrs("node01"); got != "master-pgsql=-INFINITY pgsql-status=HS:alone" {
			t.Errorf("attributes after %s: %s", name, got)
		}
	}
}
