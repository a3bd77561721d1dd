package operation

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/run"
)

// stackAge is how long Pacemaker has been down on a node, as the service manager
// knows; an hour where it has not run since the boot.
var stackAge = node.Define("stack-age", func(ctx context.Context, _ struct{}) (time.Duration, error) {
	res, err := run.Local{}.Run(ctx, run.Command{Argv: []string{
		"systemctl", "show", "--property=InactiveEnterTimestampMonotonic", "--value", "pacemaker.service"}})
	if err != nil {
		return 0, err
	}
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return 0, err
	}
	return ageOf(string(res.Stdout), time.Duration(now.Nano()))
})

// ageOf is how long ago something was that systemd has in microseconds since
// the boot.
func ageOf(stamp string, now time.Duration) (time.Duration, error) {
	at, err := strconv.ParseInt(strings.TrimSpace(stamp), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("systemctl answered %q", stamp)
	}
	if at == 0 {
		return time.Hour, nil
	}
	return now - time.Duration(at)*time.Microsecond, nil
}

// dampened are the attributes whose changes the cluster holds back for a while,
// so that those of several nodes take effect together, with for how long: as
// the resource's dampen says, which is 5 s for ping when nothing is said.
func dampened(all []crm.Definition) map[string]time.Duration {
	list := map[string]time.Duration{}
	for _, d := range all {
		ping := d.Type == "ping" || d.Type == "pingd"
		value := d.Params["dampen"]
		if value == "" && ping {
			value = "5s"
		}
		if value != "" && strings.Trim(value, "0123456789") == "" {
			value += "s"
		}
		name := d.Params["name"]
		if name == "" && ping {
			name = "pingd"
		}
		if t, err := time.ParseDuration(value); err == nil && name != "" {
			list[name] = max(list[name], t)
		}
	}
	return list
}

// heldOnlyOf says whether the CIB has of every node but one what the attribute
// daemon has of it.
func heldOnlyOf(name string, held map[string]string, o crm.Overview, node string) bool {
	for _, n := range o.Nodes {
		if n.Online && n.Name != node && n.Attrs[name] != held[n.Name] {
			return false
		}
	}
	return true
}

// writeHeld has the cluster write at once what it holds back of a node that
// comes or has gone. Where something of another node is held back as well, it
// is left to its time, and written is false. in is a node of the cluster, o how
// that sees it.
func (s *session) writeHeld(ctx context.Context, in node.Node, of string, o crm.Overview, all []crm.Definition) (written bool, err error) {
	for name := range dampened(all) {
		held, err := s.crm(in).Held(ctx, name)
		if err != nil {
			return false, err
		}
		if !heldOnlyOf(name, held, o, of) {
			return false, nil
		}
	}
	if err := s.crm(in).WriteHeld(ctx); err != nil {
		return false, err
	}
	return true, nil
}

// arrives has the state of a node that has just come written at once, as soon
// as its resources have told it: PostgreSQL may wait for it by a rule.
func (s *session) arrives(ctx context.Context, in node.Node, own string, o crm.Overview, all []crm.Definition) {
	n, found := o.Node(own)
	if ping, _ := o.AllRunOn(present(o, s.conf.Ping), own); !found || !ping {
		return
	}
	for name := range dampened(all) {
		if n.Attrs[name] != "" {
			continue
		}
		if _, err := s.writeHeld(ctx, in, own, o, all); err != nil {
			s.con.Detail("%v", err)
		}
		return
	}
}

// letSettle makes sure that what a node has left behind in the cluster is written
// down. While the cluster holds changes of an attribute back, because the node
// has left, its coming back can take that attribute from the primary: Pacemaker
// may take over the state of the node that joins, in which it is missing. The
// rule on the gateway then demotes the primary (seen with 2.1.5: 13 s without
// service). in is a node of the cluster.
func (s *session) letSettle(ctx context.Context, n, in node.Node, all []crm.Definition) error {
	const margin = time.Second
	age, err := stackAge.On(ctx, n, struct{}{})
	if err != nil {
		s.con.Detail("how long Pacemaker has been down on %s: %v", n.Name(), err)
		return nil
	}
	var longest time.Duration
	for _, t := range dampened(all) {
		longest = max(longest, t)
	}
	left := longest + margin - age
	if longest == 0 || left <= 0 {
		return nil
	}
	o, err := s.crm(in).Overview(ctx)
	if err == nil {
		var written bool
		if written, err = s.writeHeld(ctx, in, n.Name(), o, all); written {
			return nil
		}
	}
	if err != nil {
		s.con.Detail("%v", err)
	}
	s.con.Tell(message.CMN057, "node", n.Name(), "sec", strconv.FormatFloat(left.Seconds(), 'f', 1, 64))
	select {
	case <-time.After(left):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
