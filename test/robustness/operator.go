package robustness

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pgrex/test/drill"
	"pgrex/test/lab"
)

// repair is what an operator does who does not know what has happened: looks at
// the cluster, and brings back every node that is not as it should be.
func (r *run) repair() error {
	// Nobody is there at once; and a fault that a monitor finds has been found by then.
	if err := lab.Pause(r, time.Until(r.struck.Add(r.o.monitors(12*time.Second)))); err != nil {
		return err
	}
	r.tell("the operator comes")
	for _, n := range r.Nodes() {
		if err := r.powered(n); err != nil {
			return err
		}
	}
	s, err := r.rest()
	if err != nil {
		return err
	}
	if len(r.Deviations(s)) == 0 {
		r.tell("nothing is left to repair")
		return r.waitNormal()
	}
	if freed, err := r.unblock(s); err != nil {
		return err
	} else if freed {
		if _, err := r.rest(); err != nil {
			return err
		}
	}
	leader, err := r.leader()
	if err != nil {
		return err
	}
	if leader == nil {
		if leader, err = r.restart(); err != nil {
			return err
		}
	}
	// Those that are out come first: of three nodes a second one that is taken out
	// would take the majority along.
	if s, err = r.Status(r); err != nil {
		return err
	}
	var out, in []*lab.Node
	for _, n := range r.Nodes() {
		if s.Nodes[n.Name].Online {
			in = append(in, n)
		} else {
			out = append(out, n)
		}
	}
	for _, n := range append(out, in...) {
		if n == leader {
			continue
		}
		// What a node before it has needed may have been what this one had to wait for.
		if s, err = r.Status(r); err != nil {
			return err
		}
		if follows(s, n.Name) {
			continue
		}
		if err := r.rejoin(n); err != nil {
			return err
		}
	}
	if s, err = r.Status(r); err != nil {
		return err
	}
	if len(s.Failed) > 0 {
		// Of a node that has not been away: it keeps its failures.
		r.tell("%s# crm_resource --cleanup", leader.Name)
		if _, err := leader.Run(r, "crm_resource", "--cleanup"); err != nil {
			return err
		}
	}
	return r.waitNormal()
}

// freeAddress lets the cluster start vip-master where it has failed on the primary,
// which takes the address for replication along, while nobody else can be primary.
func (r *run) freeAddress() error {
	s, err := r.Status(r)
	if err != nil {
		return err
	}
	asked, err := r.Node(s.Primary())
	if err != nil || s.VIPs["vip-master"] != "" {
		return nil // there is no primary, or it has its address
	}
	for _, f := range s.Failed {
		if f.Node == asked.Name && strings.HasPrefix(f.Operation, "vip-master_") {
			return r.operate(asked, "crm_resource", "--cleanup", "-r", "vip-master")
		}
	}
	return nil
}

// unblock lets the cluster go on that leaves an instance alone because its stop
// has failed: with the command that pg-rex_status names.
func (r *run) unblock(s lab.Status) (freed bool, err error) {
	asked, err := r.Node(s.Asked)
	if err != nil {
		return false, nil // nothing runs anywhere
	}
	for _, n := range r.Nodes() {
		if !s.Nodes[n.Name].Blocked {
			continue
		}
		if err := r.operate(asked, "crm_resource", "--cleanup", "-r", "pgsql", "-N", n.Name); err != nil {
			return freed, err
		}
		freed = true
	}
	return freed, nil
}

// follows says whether a node is a standby that needs no operator.
func follows(s lab.Status, name string) bool {
	n := s.Nodes[name]
	for _, f := range s.Failed {
		if f.Node == name {
			return false
		}
	}
	return n.Online && n.Role == lab.Unpromoted && !n.Failed && !n.Locked && strings.HasPrefix(n.Attributes["pgsql-status"], "HS:") &&
		strings.HasPrefix(n.Attributes["pgsql-data-status"], "STREAMING|") && n.Attributes["pgsql-status"] != "HS:alone"
}

// powered waits until a node is up, and switches it on when nobody else does.
func (r *run) powered(n *lab.Node) error {
	device := time.Now() // one that takes power also gives it
	if r.o.Fencing {
		device = device.Add(10 * time.Second)
	}
	return lab.Until(r, "boot of "+n.Name, 2*lab.Timeouts.Boot, func(ctx context.Context) (string, bool) {
		if !n.Running() {
			if time.Now().Before(device) {
				return "it is off", false
			}
			r.tell("%s: power on", n.Name)
			if err := n.Boot(ctx); err != nil {
				return err.Error(), false
			}
		}
		out, err := n.Run(ctx, "systemctl", "is-active", "multi-user.target")
		return fmt.Sprint(out, err), err == nil
	})
}

// rest waits until the cluster changes nothing any more by itself, or is in its
// normal state. A node that has nothing running waits for nobody.
func (r *run) rest() (lab.Status, error) {
	soon := r.o.monitors(4 * time.Second)   // where a node is stopped beside a primary
	quiet := r.o.monitors(15 * time.Second) // longer than a monitor's interval
	var last lab.Status
	since := time.Now()
	err := lab.Until(r, "rest of the cluster", 90*time.Second, func(ctx context.Context) (string, bool) {
		s, err := r.Status(ctx)
		if err != nil {
			// Nothing runs anywhere: then there is nothing to wait for either.
			last = lab.Status{}
			return err.Error(), time.Since(since) > soon
		}
		if last.Nodes == nil || len(last.Changes(s)) > 0 || len(last.Failed) != len(s.Failed) {
			since = time.Now()
		}
		last = s
		stopped := false
		for _, n := range s.Nodes {
			stopped = stopped || n.Role == lab.Stopped
		}
		quietFor := time.Since(since)
		done := len(r.Deviations(s)) == 0 || quietFor > quiet || stopped && s.Primary() != "" && quietFor > soon
		if !done {
			_ = lab.Pause(ctx, 500*time.Millisecond)
		}
		return s.String(), done
	})
	return last, err
}

// leader is the node that is primary in its own eyes and in those of its server;
// nil if none is.
func (r *run) leader() (*lab.Node, error) {
	var found []*lab.Node
	for _, n := range r.Nodes() {
		s, err := n.Status(r)
		if err != nil || s.Nodes[n.Name].Role != lab.Promoted {
			continue
		}
		if out, err := r.sql(r, n, "SELECT pg_is_in_recovery()"); err == nil && out == "f" {
			found = append(found, n)
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("more than one node is primary after everything was undone: %s and %s", found[0].Name, found[1].Name)
}

// restart starts the node as primary that was one last.
func (r *run) restart() (*lab.Node, error) {
	last, err := r.lastPrimary()
	if err != nil {
		return nil, err
	}
	r.tell("no node is primary; %s was the last one", last.Name)
	if r.o.Nodes > 2 {
		return r.restartOfThree(last)
	}
	stop := slices.DeleteFunc(slices.Clone(r.Nodes()), func(n *lab.Node) bool { return n == last })
	for _, n := range append(stop, last) {
		if err := r.stop(n); err != nil {
			return nil, err
		}
	}
	if r.o.Fencing { // a node that starts alone makes sure of those it has not seen
		for _, n := range stop {
			r.calls.MayFence = append(r.calls.MayFence, n.Name)
		}
	}
	const start = "pg-rex_master_start"
	err = r.operate(last, start, "--remove-lock", "--yes")
	// One that was promoted, and has lost its power before it accepted a write, is
	// newer: the command says so.
	for _, n := range stop {
		if err != nil && strings.Contains(err.Error(), "next: "+n.Name+"# "+start) {
			return n, r.operate(n, start, "--remove-lock", "--yes")
		}
	}
	return last, err
}

// restartOfThree does without the commands, which are for two nodes: all nodes
// start, because one alone has no quorum, and the lock is removed by hand.
func (r *run) restartOfThree(last *lab.Node) (*lab.Node, error) {
	for _, n := range r.Nodes() {
		r.tell("%s: cluster stopped", n.Name)
		r.audit.Consent(n.Name) // by hand, which the audit does not see typed
		if err := n.StopCluster(r); err != nil {
			return nil, err
		}
	}
	if _, err := last.Run(r, "rm", "-f", lab.LockFile); err != nil {
		return nil, err
	}
	for _, n := range r.Nodes() {
		r.tell("%s: cluster started", n.Name)
		if err := n.StartCluster(r); err != nil {
			return nil, err
		}
	}
	var found *lab.Node
	err := r.WaitStatus(r, "a primary", lab.Timeouts.Primary, func(s lab.Status) bool {
		var err error
		found, err = r.Node(s.Primary())
		return err == nil && s.VIPs["vip-master"] == s.Primary()
	})
	return found, err
}

// lastPrimary is the node that was the last to accept a write.
func (r *run) lastPrimary() (*lab.Node, error) {
	var last *lab.Node
	var at time.Time
	writes := r.audit.Writes()
	for _, n := range r.Nodes() {
		for _, span := range writes.Accepted[n.Name] {
			if span.To.After(at) {
				last, at = n, span.To
			}
		}
	}
	if last == nil {
		return nil, errors.New("no node has ever accepted a write")
	}
	return last, nil
}

// rejoin brings a node back as a standby, whatever state it is in. The commands
// are for clusters of two nodes; with three the lab takes a base backup.
func (r *run) rejoin(n *lab.Node) error {
	if r.o.Nodes > 2 {
		if err := r.freeAddress(); err != nil {
			return err
		}
		r.tell("%s: base backup, cluster started", n.Name)
		r.audit.Consent(n.Name)
		return r.JoinStandby(r, n)
	}
	if err := r.stop(n); err != nil {
		return err
	}
	start := func() error { return r.operate(n, "pg-rex_slave_start", "-n", "-r", "-b", "--remove-lock", "--yes") }
	err := start()
	if err == nil || !strings.Contains(err.Error(), "SST-016") {
		return err
	}
	// The primary's address stays away until somebody says that it may come back.
	leader, command, named := strings.Cut(drill.Named(err), "# ")
	primary, unknown := r.Node(leader)
	if !named || unknown != nil {
		return err
	}
	if err := r.operate(primary, strings.Fields(command)...); err != nil {
		return err
	}
	return start()
}

// stop stops a node. Of a server that Pacemaker, dead itself, has left behind the
// command says what to type.
func (r *run) stop(n *lab.Node) error {
	err := r.operate(n, "pg-rex_stop", "--yes", "-f")
	if err == nil || !strings.Contains(err.Error(), "STP-011") && !strings.Contains(err.Error(), "STP-032") {
		return err
	}
	command := drill.Named(err)
	if command == "" {
		return err
	}
	return r.operate(n, strings.Fields(command)...)
}

// operate types a command on a node; it has to succeed.
func (r *run) operate(n *lab.Node, argv ...string) error {
	command := n.Name + "# " + strings.Join(argv, " ")
	r.tell("%s", command)
	s, err := n.Operate(r, "C.UTF-8", "", argv...)
	if err == nil && s.Status != 0 {
		r.screen(command, s)
		lines := strings.Split(strings.TrimSpace(s.Text), "\n")
		err = fmt.Errorf("%s: exit status %d: %s", command, s.Status, strings.Join(lines[max(0, len(lines)-8):], " / "))
	}
	return err
}

// screen keeps what a command has said for those who look for the reason.
func (r *run) screen(command string, s lab.Screen) {
	for line := range strings.Lines(s.Text) {
		r.note("%s: %s", command, strings.TrimRight(line, "\n"))
	}
}
