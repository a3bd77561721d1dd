package crm

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"pgrex/internal/run"
)

// Client runs Pacemaker's tools.
type Client struct {
	Run run.Runner
	// WriteTimeout bounds one attribute write (parameter crm_attr_timeout).
	WriteTimeout time.Duration
	// FeatureSet is what Pacemaker says of its release, "3.16.1" for 2.1.5;
	// empty when the agent was started by hand.
	FeatureSet string
}

// Lifetime says how long a node attribute lives.
type Lifetime string

// Transient attributes vanish when the node leaves the cluster; permanent ones
// are part of the CIB and survive everything.
const (
	Transient Lifetime = "reboot"
	Permanent Lifetime = "forever"
)

// Exit statuses of crm_attribute for an attribute that does not exist:
// CRM_EX_NOSUCH of Pacemaker 2 and 3, and -ENXIO of 1.1.
const (
	noSuchAttribute       = 105
	noSuchAttributeLegacy = 6
)

// State reads the cluster: one crm_mon, and one cibadmin more only while a
// node whose permanent attributes are wanted is not online.
func (c *Client) State(ctx context.Context, wanted []string) (State, error) {
	s, err := c.monitor(ctx)
	if err != nil {
		return State{}, err
	}
	return s, c.complete(ctx, &s, wanted)
}

// complete reads the permanent attributes of wanted nodes that are not online.
func (c *Client) complete(ctx context.Context, s *State, wanted []string) error {
	for _, name := range wanted {
		if n, ok := s.Node(name); ok && !n.AttrsKnown {
			return c.readPermanent(ctx, s)
		}
	}
	return nil
}

// Complete is State after a glance that was not enough. What crm_mon leaves out
// the glance has seen.
func (c *Client) Complete(ctx context.Context, seen State) (State, error) {
	s, err := c.monitor(ctx)
	if err != nil {
		return State{}, err
	}
	for i, n := range s.Nodes {
		if before, ok := seen.Node(n.Name); ok && !n.AttrsKnown {
			s.Nodes[i].Attrs, s.Nodes[i].AttrsKnown = before.Attrs, true
		}
	}
	return s, nil
}

// monitor runs crm_mon. Until 2.0.2 it writes XML by an option that newer
// releases keep for old callers; one build of 2.0.2 has the feature set of 2.0.3.
func (c *Client) monitor(ctx context.Context) (State, error) {
	forms := []string{"--output-as=xml", "--as-xml"}
	if before(c.FeatureSet, 3, 2) {
		forms = forms[1:]
	}
	var res run.Result
	var err error
	for _, form := range forms {
		res, err = c.Run.Run(ctx, run.Command{Argv: []string{"crm_mon", "-1", form}})
		status, ended := run.Status(err)
		if !ended || status != wrongUsage && !(status == wrongUsageLegacy && c.FeatureSet == "") {
			break
		}
	}
	if err != nil {
		return State{}, fmt.Errorf("cannot read the cluster's state: %w", err)
	}
	return ParseMon(res.Stdout)
}

// Exit statuses of crm_mon for an option that it does not have: CRM_EX_USAGE,
// and that of 1.1.
const (
	wrongUsage       = 64
	wrongUsageLegacy = 1
)

// before says whether a feature set is older than major.minor; an unknown one is not.
func before(set string, major, minor int) bool {
	var a, b int
	if n, err := fmt.Sscanf(set, "%d.%d", &a, &b); n != 2 || err != nil {
		return false
	}
	return a < major || a == major && b < minor
}

func (c *Client) readPermanent(ctx context.Context, s *State) error {
	res, err := c.Run.Run(ctx, run.Command{Argv: []string{"cibadmin", "-Q", "-o", "nodes"}})
	if err != nil {
		return fmt.Errorf("cannot read the permanent attributes of the nodes: %w", err)
	}
	return s.addPermanent(res.Stdout)
}

// PermanentAt are the permanent attributes of all nodes in the copy of the CIB that
// another node has, by node and name. The question goes through the cluster's
// messages: an answer says that both are in the same membership now. A node that is
// not in it does not answer, and ctx ends the wait.
func (c *Client) PermanentAt(ctx context.Context, node string) (map[string]map[string]string, error) {
	res, err := c.Run.Run(ctx, run.Command{Argv: []string{"cibadmin", "-Q", "-N", node, "-o", "nodes"}})
	if err != nil {
		return nil, fmt.Errorf("cannot read the permanent attributes that %s knows: %w", node, err)
	}
	return parsePermanent(res.Stdout)
}

// SetAttribute writes a node attribute. A permanent one is in this node's copy of the
// CIB when it returns, and on its way to the others; a transient one is with the
// attribute daemon and reaches the CIB a moment later.
func (c *Client) SetAttribute(ctx context.Context, l Lifetime, node, name, value string) error {
	if err := c.attribute(ctx, l, node, name, "-v", value); err != nil {
		return fmt.Errorf("cannot set %s on %s: %w", name, node, err)
	}
	return nil
}

// DeleteAttribute removes a node attribute; one that does not exist is no error.
func (c *Client) DeleteAttribute(ctx context.Context, l Lifetime, node, name string) error {
	err := c.attribute(ctx, l, node, name, "-D")
	if status, ok := run.Status(err); ok && (status == noSuchAttribute || status == noSuchAttributeLegacy) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot delete %s on %s: %w", name, node, err)
	}
	return nil
}

// attribute uses the short options, which are the same in every release.
func (c *Client) attribute(ctx context.Context, l Lifetime, node, name string, what ...string) error {
	if c.WriteTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.WriteTimeout,
			fmt.Errorf("no answer within %v", c.WriteTimeout))
		defer cancel()
	}
	argv := append([]string{"crm_attribute", "-l", string(l), "-N", node, "-n", name}, what...)
	_, err := c.Run.Run(ctx, run.Command{Argv: argv})
	return err
}

// LocalNode is the cluster's name of this node. The name that Pacemaker hands
// to the action is free; crm_node costs a program, and the host name is the
// guess that is left without a cluster.
func (c *Client) LocalNode(ctx context.Context, onNode string) (string, error) {
	if onNode != "" {
		return onNode, nil
	}
	if res, err := c.Run.Run(ctx, run.Command{Argv: []string{"crm_node", "-n"}}); err == nil {
		if name := strings.TrimSpace(string(res.Stdout)); name != "" {
			return name, nil
		}
	}
	name, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("cannot find the name of this node: %w", err)
	}
	return name, nil
}

// PromotionScore is the name of the attribute that holds the promotion score
// of a resource, in every release of Pacemaker up to 3.0.
func PromotionScore(resource string) string { return "master-" + resource }
