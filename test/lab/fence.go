package lab

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// Exit statuses of a fence agent (FenceAgentAPI.md of ClusterLabs' fence-agents).
const (
	fenceOK     = 0
	fenceFailed = 1
	fenceIsOff  = 2 // answer to status
)

// IsFenceAgent says whether a program of that name is to act as the fence agent.
func IsFenceAgent(program string) bool { return slices.Contains(fenceNames, filepath.Base(program)) }

// Fence is the fence agent: what is asked comes as lines name=value on standard
// input. It returns the exit status.
func Fence(ctx context.Context, in io.Reader, out, errOut io.Writer) int {
	options := map[string]string{"action": "reboot"}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if name, value, ok := strings.Cut(strings.TrimSpace(lines.Text()), "="); ok {
			options[name] = value
		}
	}
	node := ""
	for _, name := range []string{"plug", "port", "nodename"} {
		if node == "" {
			node = options[name]
		}
	}
	switch action := options["action"]; action {
	case "metadata":
		fmt.Fprint(out, fenceMetadata)
		return fenceOK
	case "monitor", "list", "validate-all", "start", "stop":
		return fenceOK
	case "status", "on", "off", "reboot":
		a, err := AskPower(ctx, filepath.Join(powerFolder, socketName), PowerRequest{action, node})
		switch {
		case err != nil:
			fmt.Fprintf(errOut, "cannot change the power of %q: %v\n", node, err)
			return fenceFailed
		case action == "status" && !a.On:
			return fenceIsOff
		}
		return fenceOK
	default:
		fmt.Fprintf(errOut, "unknown action %q\n", action)
		return fenceFailed
	}
}

const fenceMetadata = `<?xml version="1.0" ?>
<resource-agent name="fence_pgrex" shortdesc="Power of the nodes of a PG-REX lab">
<longdesc>Switches nodes of the lab off and on for real. Takes and ignores what fence_ipmilan and fence_kdump are given.</longdesc>
<vendor-url/>
<parameters>
<parameter name="action" unique="0" required="1"><getopt mixed="-o, --action=[action]"/><content type="string" default="reboot"/></parameter>
<parameter name="plug" unique="0" required="0"><getopt mixed="-n, --plug=[id]"/><content type="string"/></parameter>
<parameter name="ip" unique="0" required="0"><getopt mixed="-a, --ip=[ip]"/><content type="string"/></parameter>
<parameter name="username" unique="0" required="0"><getopt mixed="-l, --username=[name]"/><content type="string"/></parameter>
<parameter name="password" unique="0" required="0"><getopt mixed="-p, --password=[password]"/><content type="string"/></parameter>
<parameter name="lanplus" unique="0" required="0"><getopt mixed="-P, --lanplus"/><content type="boolean" default="0"/></parameter>
<parameter name="timeout" unique="0" required="0"><getopt mixed="-t, --timeout=[seconds]"/><content type="string" default="60"/></parameter>
</parameters>
<actions>
<action name="on"/><action name="off"/><action name="reboot"/><action name="status"/><action name="list"/><action name="monitor"/><action name="metadata"/><action name="validate-all"/>
</actions>
</resource-agent>
`
