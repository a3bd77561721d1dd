package cluster

import (
	"context"
	"encoding/xml"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgrex/test/lab"
)

const agentPath = "/usr/lib/ocf/resource.d/linuxhajapan/pgsql"

// TestFigures measures what a monitor costs, as Pacemaker starts it. Nothing
// is asserted of times; a monitor that starts more programs than it should is
// an error on any machine.
func TestFigures(t *testing.T) {
	_, ctx := begin(t)
	primary, standby := pair(t, ctx)
	for _, n := range []*lab.Node{primary, standby} {
		role, code := "standby", 0
		if n == primary {
			role, code = "primary", 8
		}
		env := agentEnvironment(t, ctx, n)
		var wall, cpu []float64
		for range 15 {
			w, c, status := runAgent(t, n, env, "monitor")
			if status != code {
				t.Fatalf("monitor on the %s answered %d", role, status)
			}
			wall, cpu = append(wall, w.Seconds()*1000), append(cpu, c.Seconds()*1000)
		}
		programs := countPrograms(t, ctx, n, env)
		figure(t, "monitor on the %s, median of 15: %.0f ms wall, %.0f ms CPU (with the %d programs it starts)", role, median(wall), median(cpu), programs)
		if programs != 1 {
			t.Errorf("a steady %s's monitor starts %d programs, want 1", role, programs)
		}
	}
}

// agentEnvironment is what Pacemaker gives to the recurring monitor, with the
// parameters as the running cluster has them.
func agentEnvironment(t *testing.T, ctx context.Context, n *lab.Node) []string {
	t.Helper()
	out, err := n.Run(ctx, "cibadmin", "-Q", "--xpath", "//primitive[@id='pgsql']/instance_attributes")
	must(t, err)
	var set struct {
		Pairs []struct {
			Name  string `xml:"name,attr"`
			Value string `xml:"value,attr"`
		} `xml:"nvpair"`
	}
	must(t, xml.Unmarshal([]byte(out), &set))
	env := []string{
		"OCF_ROOT=/usr/lib/ocf", "OCF_RA_VERSION_MAJOR=1", "OCF_RA_VERSION_MINOR=1", "OCF_RESOURCE_INSTANCE=pgsql",
		"OCF_RESOURCE_TYPE=pgsql", "OCF_RESOURCE_PROVIDER=linuxhajapan", "HA_LOGFILE=/var/log/pacemaker/pacemaker.log",
		"OCF_RESKEY_CRM_meta_on_node=" + n.Name, "OCF_RESKEY_CRM_meta_timeout=60000", "OCF_RESKEY_CRM_meta_interval=10000",
		"OCF_RESKEY_crm_feature_set=3.16.1", "OCF_RESKEY_CRM_meta_clone=0", "OCF_RESKEY_CRM_meta_notify=true",
		"OCF_RESKEY_CRM_meta_promoted_max=1", "OCF_RESKEY_CRM_meta_master_max=1", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
	}
	for _, p := range set.Pairs {
		env = append(env, "OCF_RESKEY_"+p.Name+"="+p.Value)
	}
	return env
}

func runAgent(t *testing.T, n *lab.Node, env []string, action string) (wall, cpu time.Duration, status int) {
	t.Helper()
	argv, err := n.Enter(append(append([]string{"env", "-i"}, env...), agentPath, action)...)
	must(t, err)
	cmd := exec.Command(argv[0], argv[1:]...)
	begin := time.Now()
	_ = cmd.Run()
	wall = time.Since(begin)
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return wall, time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), cmd.ProcessState.ExitCode()
}

// countPrograms counts the programs that one monitor starts beside itself.
func countPrograms(t *testing.T, ctx context.Context, n *lab.Node, env []string) int {
	t.Helper()
	const trace = "/root/monitor.trace"
	argv := append([]string{"env", "-i"}, env...)
	argv = append(argv, "strace", "-f", "-qq", "-e", "trace=execve", "-o", trace, agentPath, "monitor")
	_, _ = n.Run(ctx, argv...) // 8 on a primary is no failure
	text, err := os.ReadFile(n.Path(trace))
	must(t, err)
	count := 0
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "execve") && strings.HasSuffix(strings.TrimSpace(line), "= 0") {
			count++
		}
	}
	if count == 0 {
		t.Fatalf("the trace shows not even the agent:\n%s", text)
	}
	return count - 1
}
