package drill

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"pgrex/test/lab"
)

// lookTime bounds a look at something that is there, or is about to be.
const lookTime = 30 * time.Second

var logs = []string{lab.PacemakerLog, lab.PostgreSQLLog}

func (r *Run) logSizes() map[string]int {
	sizes := map[string]int{}
	for _, n := range r.Nodes() {
		for _, path := range logs {
			if text, err := n.ReadFile(path); err == nil {
				sizes[n.Name+path] = len(text)
			}
		}
	}
	return sizes
}

// since is what a node's log has got since the fault.
func (r *Run) since(n *lab.Node, path string) string {
	text, err := n.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(text[min(r.lengths[n.Name+path], len(text)):])
}

// told waits until a node's log has all these words since the fault.
func (r *Run) told(n *lab.Node, path string, words ...string) error {
	return lab.Until(r, n.Name+" to tell of it", lookTime, func(context.Context) (string, bool) {
		text := r.since(n, path)
		for _, w := range words {
			if !strings.Contains(text, w) {
				return fmt.Sprintf("no %q in %s", w, path), false
			}
		}
		return "", true
	})
}

// failure waits until the cluster has found an action of a node's server
// failed, with these words in its reason.
func (r *Run) failure(n *lab.Node, operation string, words ...string) error {
	what := fmt.Sprintf("a failed %s of %s", operation, n.Name)
	return lab.Until(r, what, lab.Timeouts.Takeover, func(ctx context.Context) (string, bool) {
		s, err := r.Status(ctx)
		if err != nil {
			return err.Error(), false
		}
		for _, f := range s.Failed {
			if f.Node == n.Name && strings.HasPrefix(f.Operation, "pgsql_"+operation+"_") && hasAll(f.Reason, words) {
				r.tell("%s on %s: %s", f.Operation, f.Node, f.Reason)
				return "", true
			}
		}
		return s.String(), false
	})
}

func hasAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// noFailure says that no action of the server failed on any node.
func (r *Run) noFailure() error {
	s, err := r.Status(r)
	if err != nil {
		return err
	}
	for _, f := range s.Failed {
		if strings.HasPrefix(f.Operation, "pgsql_") {
			return fmt.Errorf("%s failed on %s: %s", f.Operation, f.Node, f.Reason)
		}
	}
	return nil
}

// report is what is looked at of pg-rex_status --json.
type report struct {
	Verdict  string
	Problems []struct {
		Severity, Text string
		Commands       []struct{ Node, Command string }
	}
}

// status is the report that an operator gets on a node.
func (r *Run) status(n *lab.Node) (report, error) {
	s, err := n.Operate(r, "C.UTF-8", "", "pg-rex_status", "--json")
	if err != nil {
		return report{}, err
	}
	var found report
	if err := json.Unmarshal([]byte(s.Text), &found); err != nil {
		return found, fmt.Errorf("cannot read the status of %s: %w: %s", n.Name, err, s.Text)
	}
	return found, nil
}

// warned waits until the report on a node has a problem with all these words,
// and returns the commands that it names.
func (r *Run) warned(n *lab.Node, words ...string) ([]string, error) {
	var commands []string
	err := lab.Until(r, fmt.Sprintf("a warning on %s", n.Name), lookTime, func(context.Context) (string, bool) {
		found, err := r.status(n)
		if err != nil {
			return err.Error(), false
		}
		for _, p := range found.Problems {
			if p.Severity == "note" || !hasAll(p.Text, words) {
				continue
			}
			r.tell("pg-rex_status on %s, %s: %s", n.Name, found.Verdict, p.Text)
			for _, c := range p.Commands {
				commands = append(commands, c.Command)
			}
			return "", true
		}
		return fmt.Sprintf("%+v", found), false
	})
	return commands, err
}

// asTold types on a node what the report there names for a problem.
func (r *Run) asTold(n *lab.Node, words ...string) error {
	commands, err := r.warned(n, words...)
	if err != nil {
		return err
	}
	if len(commands) == 0 {
		return fmt.Errorf("the status of %s names no command", n.Name)
	}
	for _, c := range commands {
		if err := r.operate(n, strings.Fields(c)...); err != nil {
			return err
		}
	}
	return nil
}

// ended says that an action of the server on a node has ended since the fault,
// each time with this result and within a time.
func (r *Run) ended(n *lab.Node, action, result string, within time.Duration) error {
	actions, err := n.Actions(r.at)
	if err != nil {
		return err
	}
	found := false
	for _, a := range actions {
		if a.Resource != "pgsql" || a.Name != action {
			continue
		}
		found = true
		if took := a.End.Sub(a.Begin); a.Result != result || !a.Begin.IsZero() && took > within {
			return fmt.Errorf("%s of %s: %s after %.1f s", action, n.Name, a.Result, took.Seconds())
		}
	}
	if !found {
		return fmt.Errorf("no %s on %s", action, n.Name)
	}
	return nil
}

// sql asks a node's server as its administrator.
func (r *Run) sql(n *lab.Node, database, statement string) (string, error) {
	out, err := n.RunAs(r, "postgres", r.PGBin()+"/psql", "-XAtqc", statement, database)
	return strings.TrimSpace(out), err
}
