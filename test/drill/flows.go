package drill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pgrex/test/lab"
)

// settles looks for a while at who is primary, in the nodes' own eyes: the role
// may move once, does not come back, and rests with one of them. Two may have it
// for a moment, while the old primary is not demoted yet; who acknowledges writes
// is the audit's question.
func (r *Run) settles(w *lab.Writer) (Course, error) {
	at, moves := r.Primary, 0
	for end := time.Now().Add(r.Lasts); time.Now().Before(end); {
		var promoted []*lab.Node
		for _, n := range r.Nodes() {
			if st, err := n.Status(r); err == nil && st.Nodes[n.Name].Role == lab.Promoted {
				promoted = append(promoted, n)
			}
		}
		if len(promoted) > 0 && !slices.Contains(promoted, at) {
			at, moves = promoted[0], moves+1
			r.tell("%s is primary", at.Name)
		}
		if err := lab.Pause(r, 200*time.Millisecond); err != nil {
			return Waits, err
		}
	}
	seen := Stays
	if at != r.Primary {
		seen = Moves
	}
	if moves > 1 {
		return seen, fmt.Errorf("the primary's role has moved %d times", moves)
	}
	if _, err := w.WaitAck(r, time.Now(), lab.Timeouts.Takeover); err != nil {
		return Waits, err
	}
	return seen, nil
}

// says looks whether a command of an operator says all of that on a node, by and by.
func says(n func(*Run) *lab.Node, command string, wanted ...string) func(*Run) error {
	return func(r *Run) error {
		const patience = 30 * time.Second
		return lab.Until(r, command+" with what it should say", patience, func(ctx context.Context) (string, bool) {
			s, err := n(r).Operate(ctx, "C.UTF-8", "", command)
			for _, w := range wanted {
				if !strings.Contains(s.Text, w) {
					return fmt.Sprintf("no %q in: %s (%v)", w, lastLines(s.Text, 12), err), false
				}
			}
			r.tell("%s# %s says %q", n(r).Name, command, wanted)
			return "", err == nil
		})
	}
}

// logged looks whether a node's Pacemaker has logged something since the fault.
func logged(n func(*Run) *lab.Node, wanted string) func(*Run) error {
	return func(r *Run) error { return r.told(n(r), lab.PacemakerLog, wanted) }
}

// together waits until both nodes see each other as members of one cluster.
func together(r *Run) error {
	return lab.Until(r, "one cluster of all nodes", lab.Timeouts.Standby, func(ctx context.Context) (string, bool) {
		for _, n := range r.Nodes() {
			st, err := n.Status(ctx)
			if err != nil {
				return err.Error(), false
			}
			for name, other := range st.Nodes {
				if !other.Online || st.DC == "" {
					return fmt.Sprintf("%s is offline for %s", name, n.Name), false
				}
			}
		}
		return "", true
	})
}

// inOrder does one thing after the other and stops at the first error.
func inOrder(all ...func(*Run) error) func(*Run) error {
	return func(r *Run) error {
		for _, do := range all {
			if err := do(r); err != nil {
				return err
			}
		}
		return nil
	}
}

// every looks at all of it and returns all errors.
func every(all ...func(*Run) error) func(*Run) error {
	return func(r *Run) error {
		var errs []error
		for _, look := range all {
			errs = append(errs, look(r))
		}
		return errors.Join(errs...)
	}
}

// pause lets time pass.
func pause(d time.Duration) func(*Run) error {
	return func(r *Run) error { return lab.Pause(r, d) }
}

// shell types a line on a node.
func shell(n func(*Run) *lab.Node, text string) func(*Run) error {
	return func(r *Run) error { return in(n(r), r, text) }
}

// fencing makes the fencing device behave in another way.
func fencing(m lab.PowerMode) func(*Run) error {
	return func(r *Run) error { return r.SetPower(m) }
}

// fencingFails makes the device of one node fail.
func fencingFails(n func(*Run) *lab.Node) func(*Run) error {
	return func(r *Run) error { return r.SetPower(lab.PowerMode{Fail: []string{n(r).Name}}) }
}

// killed ends daemons of Pacemaker on a node one after the other. Before the
// next one both nodes are together again, and have had time to act.
func killed(n func(*Run) *lab.Node, daemons ...string) func(*Run) error {
	return func(r *Run) error {
		for _, d := range daemons {
			if err := kill(n, "KILL", d)(r); err != nil {
				return err
			}
			if err := inOrder(pause(3*time.Second), together, pause(4*time.Second))(r); err != nil {
				return err
			}
		}
		return nil
	}
}

// kill sends a signal to a daemon of Pacemaker. It is found by the path of its
// program: the names that the kernel keeps are too short for these.
func kill(n func(*Run) *lab.Node, signal, daemon string) func(*Run) error {
	return func(r *Run) error {
		r.tell("%s: SIG%s of %s", n(r).Name, signal, daemon)
		_, err := n(r).Run(r, "pkill", "-"+signal, "-f", "^(/[a-z/]*/)?"+daemon)
		return err
	}
}
