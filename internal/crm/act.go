package crm

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"pgrex/internal/run"
)

// do runs a program for what it does. Each of the actions may be repeated: what
// is there already is no error.
func (c *Client) do(ctx context.Context, what string, argv ...string) error {
	if _, err := c.Run.Run(ctx, run.Command{Argv: argv}); err != nil {
		return fmt.Errorf("cannot %s: %w", what, err)
	}
	return nil
}

// Cleanup forgets the failures of a resource on a node, fail counts included.
func (c *Client) Cleanup(ctx context.Context, resource, node string) error {
	return c.do(ctx, fmt.Sprintf("clean up %s on %s", resource, node),
		"crm_resource", "--cleanup", "--resource", resource, "--node", node)
}

// Fail tells the cluster that a resource on a node has failed, as a monitor would.
func (c *Client) Fail(ctx context.Context, resource, node string) error {
	return c.do(ctx, fmt.Sprintf("report the failure of %s on %s", resource, node),
		"crm_resource", "--fail", "--resource", resource, "--node", node)
}

// Held are the values of a transient attribute by node, as the attribute daemon
// has them. It may hold a change back from the CIB for a while (attrd_updater(8),
// --delay).
func (c *Client) Held(ctx context.Context, name string) (map[string]string, error) {
	res, err := c.Run.Run(ctx, run.Command{Argv: []string{"attrd_updater", "-Q", "-A", "-n", name}})
	if err != nil {
		return nil, fmt.Errorf("cannot query %s: %w", name, err)
	}
	values := map[string]string{}
	for line := range strings.Lines(string(res.Stdout)) {
		if m := heldLine.FindStringSubmatch(line); m != nil {
			values[m[1]] = m[2]
		}
	}
	return values, nil
}

var heldLine = regexp.MustCompile(`host="([^"]*)" value="([^"]*)"`)

// WriteHeld has the attribute daemon write into the CIB at once what it holds
// back, of all attributes and nodes.
func (c *Client) WriteHeld(ctx context.Context) error {
	return c.do(ctx, "have the node attributes written", "attrd_updater", "-R")
}

// StartStack starts Corosync, then Pacemaker, and returns when their services
// are up; the cluster may still be forming.
func (c *Client) StartStack(ctx context.Context) error {
	if err := c.startUnit(ctx, "Corosync", "corosync.service"); err != nil {
		return err
	}
	return c.startUnit(ctx, "Pacemaker", "pacemaker.service")
}

// startUnit says of a start that fails what the unit's journal does: systemctl itself
// only says where to look.
func (c *Client) startUnit(ctx context.Context, what, unit string) error {
	err := c.do(ctx, "start "+what, "systemctl", "start", unit)
	if err == nil || ctx.Err() != nil {
		return err
	}
	res, jerr := c.Run.Run(ctx, run.Command{Argv: []string{"journalctl", "--unit=" + unit, "--lines=5", "--output=cat", "--no-pager"}})
	if said := strings.Join(strings.Fields(string(res.Stdout)), " "); jerr == nil && said != "" {
		return fmt.Errorf("%w; the journal of %s: %s", err, unit, said)
	}
	return err
}

// StopStack stops Pacemaker, which stops all resources of this node, then
// Corosync. When the deadline passes the service manager goes on with what it
// has begun, and Corosync is left running below a Pacemaker that is.
func (c *Client) StopStack(ctx context.Context) error {
	if err := c.do(ctx, "stop Pacemaker", "systemctl", "stop", "pacemaker.service"); err != nil {
		return err
	}
	return c.do(ctx, "stop Corosync", "systemctl", "stop", "corosync.service")
}

// waitForAll is 1 while Corosync waits to see all nodes once before it has
// quorum (wait_for_all, part of two_node), and is not there without that option.
const waitForAll = "runtime.votequorum.wait_for_all_status"

// WaitsForNodes says whether Corosync waits for nodes it has not seen since it
// was started.
func (c *Client) WaitsForNodes(ctx context.Context) (bool, error) {
	res, err := c.Run.Run(ctx, run.Command{Argv: []string{"corosync-cmapctl", "-g", waitForAll}})
	if err != nil {
		var exit *run.ExitError
		if errors.As(err, &exit) && strings.Contains(string(res.Stdout)+exit.Stderr, "CS_ERR_NOT_EXIST") {
			return false, nil
		}
		return false, fmt.Errorf("cannot ask Corosync whether it waits for nodes: %w", err)
	}
	_, value, found := strings.Cut(string(res.Stdout), "=")
	if !found {
		return false, fmt.Errorf("cannot ask Corosync whether it waits for nodes: it answered %q", res.Stdout)
	}
	return strings.TrimSpace(value) == "1", nil
}

// UnblockQuorum lets the cluster go on without nodes that are known to be
// powered off; without Corosync waiting it does nothing, and done is false.
// With fencing, the cluster is told first that they are off: it would fence
// them as soon as it had quorum. Pacemaker looks at its resources anew by
// itself when it gains quorum.
func (c *Client) UnblockQuorum(ctx context.Context, absent []string, fencing bool) (done bool, err error) {
	if waits, err := c.WaitsForNodes(ctx); err != nil || !waits {
		return false, err
	}
	present, err := c.Members(ctx)
	if err != nil {
		return false, err
	}
	for _, node := range absent {
		if slices.ContainsFunc(present, func(p string) bool { return strings.EqualFold(p, node) }) {
			return false, fmt.Errorf("cannot go on without %s: it is a member of the cluster", node)
		}
	}
	if fencing {
		for _, node := range absent {
			if err := c.do(ctx, "confirm that "+node+" is off", "stonith_admin", "-C", node); err != nil {
				return false, err
			}
		}
	}
	err = c.do(ctx, "end Corosync's wait for nodes", "corosync-cmapctl", "-s", "quorum.cancel_wait_for_all", "u8", "1")
	return err == nil, err
}

// Membership calls changed whenever nodes have joined or left Corosync, as this
// node sees it, and once at its beginning. Pacemaker knows it a moment later.
// Into a pipe the tool would write when its buffer is full; stdbuf(1) changes that.
func (c *Client) Membership(ctx context.Context, changed func()) error {
	_, err := c.Run.Run(ctx, run.Command{Argv: []string{"stdbuf", "-oL", "corosync-quorumtool", "-m"}, Live: says(changed), LiveOnly: true})
	if err != nil {
		return fmt.Errorf("cannot follow the membership of the cluster: %w", err)
	}
	return nil
}

// says is a writer that tells of something written.
type says func()

func (s says) Write(b []byte) (int, error) {
	s()
	return len(b), nil
}

// ClearFencingHistory forgets what fencing a node has seen.
func (c *Client) ClearFencingHistory(ctx context.Context, node string) error {
	return c.do(ctx, "clear the fencing history of "+node, "stonith_admin", "-c", "-H", node)
}

// Members are the names of the nodes in this node's partition.
func (c *Client) Members(ctx context.Context) ([]string, error) {
	res, err := c.Run.Run(ctx, run.Command{Argv: []string{"crm_node", "-p"}})
	if err != nil {
		return nil, fmt.Errorf("cannot list the members of the cluster: %w", err)
	}
	return strings.Fields(string(res.Stdout)), nil
}

// Freeze makes Pacemaker leave one resource as it is, by its meta-attribute
// maintenance; Thaw ends that. Unlike the cluster property maintenance-mode,
// whose every change holds Pacemaker up for a second, this takes effect at once,
// and only for this resource.
func (c *Client) Freeze(ctx context.Context, resource string) error {
	return c.do(ctx, "suspend the monitoring of "+resource,
		"crm_resource", "--meta", "-r", resource, "-p", "maintenance", "-v", "true")
}

// Thaw is the end of [Client.Freeze]; a resource that is not frozen stays as it is.
func (c *Client) Thaw(ctx context.Context, resource string) error {
	return c.do(ctx, "resume the monitoring of "+resource,
		"crm_resource", "--meta", "-r", resource, "-d", "maintenance")
}
