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

// dampening is how long the cluster holds changes of its attributes back: the
// longest of those that resources ask for, which is 5 s for ping when nothing
// is said.
func dampening(all []crm.Definition) time.Duration {
	var longest time.Duration
	for _, d := range all {
		value := d.Params["dampen"]
		if value == "" && (d.Type == "ping" || d.Type == "pingd") {
			value = "5s"
		}
		if value != "" && strings.Trim(value, "0123456789") == "" {
			value += "s"
		}
		if t, err := time.ParseDuration(value); err == nil {
			longest = max(longest, t)
		}
	}
	return longest
}

// letSettle waits until what a node has left behind in the cluster is written
// down. While the cluster holds changes of an attribute back, because the node
// has left, its coming back can take that attribute from the primary: Pacemaker
// may take over the state of the node that joins, in which it is missing. The
// rule on the gateway then demotes the primary (seen with 2.1.5: 13 s without
// service).
func (s *session) letSettle(ctx context.Context, n node.Node, all []crm.Definition) error {
	const margin = time.Second
	age, err := stackAge.On(ctx, n, struct{}{})
	if err != nil {
		s.con.Detail("how long Pacemaker has been down on %s: %v", n.Name(), err)
		return nil
	}
	left := dampening(all) + margin - age
	if left <= 0 {
		return nil
	}
	s.con.Tell(message.CMN057, "node", n.Name(), "sec", strconv.FormatFloat(left.Seconds(), 'f', 1, 64))
	select {
	case <-time.After(left):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
