// Package cost measures what one action of a resource agent costs on a node of
// the lab: time, processor time, memory and programs started. The agent is
// started by hand, with the environment that Pacemaker gives to it.
package cost

import (
	"context"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"pgrex/test/lab"
)

// Use is what one action used. CPU includes every program that was started and
// waited for; what the daemons did for it is not in it.
type Use struct {
	Wall, CPU time.Duration
	Status    int // exit status of the agent
}

// Environment is what Pacemaker gives to the recurring monitor of the node's
// instance, with the parameters as the running cluster has them.
func Environment(ctx context.Context, n *lab.Node) ([]string, error) {
	out, err := n.Run(ctx, "cibadmin", "-Q", "--xpath", "//primitive[@id='pgsql']/instance_attributes")
	if err != nil {
		return nil, err
	}
	var set struct {
		Pairs []struct {
			Name  string `xml:"name,attr"`
			Value string `xml:"value,attr"`
		} `xml:"nvpair"`
	}
	if err := xml.Unmarshal([]byte(out), &set); err != nil {
		return nil, fmt.Errorf("cannot read the parameters: %w", err)
	}
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
	return env, nil
}

// Run runs a program once in the node and nothing but env in its environment.
// Entering the node is in what it used: take [Entering] off.
func Run(n *lab.Node, env []string, argv ...string) (Use, error) {
	argv, err := n.Enter(slices.Concat([]string{"env", "-i"}, env, argv)...)
	if err != nil {
		return Use{}, err
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	begin := time.Now()
	if err := cmd.Run(); cmd.ProcessState == nil {
		return Use{}, err
	}
	wall := time.Since(begin)
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return Use{
		Wall: wall, CPU: time.Duration(usage.Utime.Nano() + usage.Stime.Nano()),
		Status: cmd.ProcessState.ExitCode(),
	}, nil
}

// Entering is what it takes to start nothing in the node.
func Entering(n *lab.Node, times int) (Use, error) {
	return Median(times, func() (Use, error) { return Run(n, nil, "true") })
}

// Median repeats a measurement and gives the median of each of its figures. All
// runs must have the same exit status.
func Median(times int, measure func() (Use, error)) (Use, error) {
	var runs []Use
	for range times {
		u, err := measure()
		if err != nil {
			return Use{}, err
		}
		if len(runs) > 0 && u.Status != runs[0].Status {
			return Use{}, fmt.Errorf("exit status %d after %d", u.Status, runs[0].Status)
		}
		runs = append(runs, u)
	}
	middle := func(value func(Use) int64) int64 {
		var all []int64
		for _, u := range runs {
			all = append(all, value(u))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	return Use{
		Wall:   time.Duration(middle(func(u Use) int64 { return int64(u.Wall) })),
		CPU:    time.Duration(middle(func(u Use) int64 { return int64(u.CPU) })),
		Status: runs[0].Status,
	}, nil
}

// getrusage is the number of the system call.
var getrusage = map[string]int{"amd64": 98, "arm64": 165}

// Resident is the memory in bytes of the largest program of an action, and of
// the small one that looks. A process begins with the record of the one that it
// was forked from, so that this cannot be asked from outside.
func Resident(ctx context.Context, n *lab.Node, env []string, argv ...string) (int, error) {
	number, known := getrusage[runtime.GOARCH]
	if !known {
		return 0, fmt.Errorf("cannot measure memory on %s", runtime.GOARCH)
	}
	script := fmt.Sprintf(`open(my $out, ">&", \*STDOUT); open(STDOUT, ">", "/dev/null"); system(@ARGV);`+
		` my $b = "\0" x 144; syscall(%d, -1, $b); print $out (unpack("q*", $b))[4]`, number)
	out, err := n.Run(ctx, slices.Concat([]string{"env", "-i"}, env, []string{"perl", "-e", script}, argv)...)
	if err != nil {
		return 0, err
	}
	kilobytes, err := strconv.Atoi(strings.TrimSpace(out))
	return kilobytes * 1024, err
}

// Programs counts the programs that an action starts beside the agent itself.
func Programs(ctx context.Context, n *lab.Node, env []string, argv ...string) (int, error) {
	const trace = "/root/cost.trace"
	_, _ = n.Run(ctx, slices.Concat([]string{"env", "-i"}, env,
		[]string{"strace", "-f", "-qq", "-e", "trace=execve", "-o", trace}, argv)...) // 8 on a primary is no failure
	text, err := os.ReadFile(n.Path(trace))
	if err != nil {
		return 0, err
	}
	count := 0
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "execve") && strings.HasSuffix(strings.TrimSpace(line), "= 0") {
			count++
		}
	}
	if count == 0 {
		return 0, fmt.Errorf("the trace shows not even the agent:\n%s", text)
	}
	return count - 1, nil
}
