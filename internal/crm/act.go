package crm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

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

const maintenanceMode = "maintenance-mode"

// MaintenanceMode reads the cluster property as it is written; set is false
// where it is not.
func (c *Client) MaintenanceMode(ctx context.Context) (value string, set bool, err error) {
	res, err := c.Run.Run(ctx, run.Command{Argv: []string{"crm_attribute", "-t", "crm_config", "-n", maintenanceMode, "-G", "-q"}})
	switch status, _ := run.Status(err); {
	case err == nil:
		return strings.TrimSpace(string(res.Stdout)), true, nil
	case status == noSuchAttribute || status == noSuchAttributeLegacy:
		return "", false, nil
	}
	return "", false, fmt.Errorf("cannot read the cluster property %s: %w", maintenanceMode, err)
}

// SetMaintenanceMode writes the cluster property. With true the cluster leaves
// all resources as they are.
func (c *Client) SetMaintenanceMode(ctx context.Context, value string) error {
	return c.do(ctx, "set the cluster property "+maintenanceMode,
		"crm_attribute", "-t", "crm_config", "-n", maintenanceMode, "-v", value)
}

// UnsetMaintenanceMode removes the cluster property.
func (c *Client) UnsetMaintenanceMode(ctx context.Context) error {
	err := c.do(ctx, "remove the cluster property "+maintenanceMode,
		"crm_attribute", "-t", "crm_config", "-n", maintenanceMode, "-D")
	if status, _ := run.Status(err); status == noSuchAttribute || status == noSuchAttributeLegacy {
		return nil
	}
	return err
}

// SetStandby keeps resources off a node until it is told otherwise.
func (c *Client) SetStandby(ctx context.Context, node string) error {
	return c.SetAttribute(ctx, Permanent, node, "standby", "on")
}

// UnsetStandby lets a node have resources again, whatever kept them off: the
// attribute may be there in either lifetime.
func (c *Client) UnsetStandby(ctx context.Context, node string) error {
	return errors.Join(c.DeleteAttribute(ctx, Permanent, node, "standby"), c.DeleteAttribute(ctx, Transient, node, "standby"))
}

// Cleanup forgets the failures of a resource on a node, fail counts included.
func (c *Client) Cleanup(ctx context.Context, resource, node string) error {
	return c.do(ctx, fmt.Sprintf("clean up %s on %s", resource, node),
		"crm_resource", "--cleanup", "--resource", resource, "--node", node)
}

// Stack is what the service manager says of the cluster's services: active,
// inactive, failed, activating, deactivating; of one that is not installed
// inactive or unknown.
type Stack struct{ Corosync, Pacemaker string }

// Stopped says whether neither service runs, starts or stops.
func (s Stack) Stopped() bool {
	for _, state := range []string{s.Corosync, s.Pacemaker} {
		if !slices.Contains([]string{"inactive", "failed", "unknown"}, state) {
			return false
		}
	}
	return true
}

// Stack asks the service manager, which is systemd: the releases of Pacemaker
// that ran without it are no longer supported anywhere.
func (c *Client) Stack(ctx context.Context) (Stack, error) {
	res, err := c.Run.Run(ctx, run.Command{Argv: []string{"systemctl", "is-active", "corosync.service", "pacemaker.service"}})
	// The status says whether both are active; the answer is the text.
	if _, ended := run.Status(err); err != nil && !ended {
		return Stack{}, fmt.Errorf("cannot ask for the state of the cluster's services: %w", err)
	}
	lines := strings.Fields(string(res.Stdout))
	if len(lines) != 2 {
		if err == nil {
			err = fmt.Errorf("systemctl answered %q", res.Stdout)
		}
		return Stack{}, fmt.Errorf("cannot ask for the state of the cluster's services: %w", err)
	}
	return Stack{Corosync: lines[0], Pacemaker: lines[1]}, nil
}

// StartStack starts Corosync, then Pacemaker, and returns when their services
// are up; the cluster may still be forming.
func (c *Client) StartStack(ctx context.Context) error {
	if err := c.do(ctx, "start Corosync", "systemctl", "start", "corosync.service"); err != nil {
		return err
	}
	return c.do(ctx, "start Pacemaker", "systemctl", "start", "pacemaker.service")
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

// pause lies between two looks at the cluster: each costs a program or two.
const pause = 100 * time.Millisecond

// WaitWritable waits until the cluster has elected a coordinator: before that
// nothing can be written to the CIB.
func (c *Client) WaitWritable(ctx context.Context) error {
	var last error
	for {
		o, err := c.Overview(ctx)
		switch {
		case err == nil && o.DC != "":
			return nil
		case ctx.Err() == nil: // else the look was cut off
			last = err
		}
		select {
		case <-ctx.Done():
			err := fmt.Errorf("the cluster has elected no coordinator: %w", context.Cause(ctx))
			if last != nil {
				err = fmt.Errorf("%w (%w)", err, last)
			}
			return err
		case <-time.After(pause):
		}
	}
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

// KnownNodes are the names of all nodes that the cluster has known, members or not.
func (c *Client) KnownNodes(ctx context.Context) ([]string, error) {
	res, err := c.Run.Run(ctx, run.Command{Argv: []string{"crm_node", "-l"}})
	if err != nil {
		return nil, fmt.Errorf("cannot list the nodes of the cluster: %w", err)
	}
	var names []string
	for line := range strings.Lines(string(res.Stdout)) {
		// ID NAME STATE; one without a name was never heard of by it.
		if f := strings.Fields(line); len(f) > 1 && f[1] != "(null)" {
			names = append(names, f[1])
		}
	}
	return names, nil
}

// RemoveNode makes Pacemaker forget a stopped node that Corosync does not know any more.
func (c *Client) RemoveNode(ctx context.Context, node string) error {
	return c.do(ctx, "remove the node "+node, "crm_node", "-f", "-R", node)
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
