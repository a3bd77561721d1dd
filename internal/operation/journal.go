package operation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"pgrex/internal/message"
	"pgrex/internal/node"
)

// journal is what is written down about an operation before each of its
// phases, on every node that it changes: so that after a power failure too
// somebody can say how far it came, and go on.
type journal struct {
	Command string // subcommand, "switchover"
	Node    string // where it was typed
	Started time.Time
	Phase   string
	// Facts are what the operation has to know to go on: names of nodes,
	// former values. Never a secret.
	Facts map[string]string
}

func (s *session) journalFile() string { return filepath.Join(s.machine.State, "operation.json") }

// readJournal reads the journal of a node, nil when nothing is unfinished there.
func (s *session) readJournal(ctx context.Context, n node.Node) (*journal, error) {
	b, err := node.ReadFile.On(ctx, n, s.journalFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var j journal
	if err == nil {
		err = json.Unmarshal(b, &j)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read %s of %s: %w", s.journalFile(), n.Name(), err)
	}
	return &j, nil
}

// unfinished fails when an operation on a node has not come to its end, except
// for the command that is asked to go on with it or to give it up.
func (s *session) unfinished(ctx context.Context, n node.Node) error {
	if s.program.cmd.unfinished {
		return nil
	}
	j, err := s.readJournal(ctx, n)
	if err != nil || j == nil {
		return err
	}
	if j.Command == s.program.cmd.name && (s.resume || s.abort || s.takesUp && n == s.own) {
		s.found = j
		return nil
	}
	if n != s.own && s.program.cmd.name == "primary-start" && j.Command == "standby-start" {
		return nil // it cannot be gone on with before there is a primary
	}
	cmd := s.called(j.Command)
	where := ""
	if n != s.own && j.Command != "switchover" { // which can be taken up on either node
		where = n.Name() + "# "
	}
	return message.Fail(message.CMN040, "cmd", cmd, "time", stamp(j.Started), "node", j.Node, "phase", j.Phase).
		Then(where + cmd + " --resume")
}

// begin starts the journal of this operation on some nodes. It is written with
// the first phase.
func (s *session) begin(facts map[string]string, nodes ...node.Node) {
	s.journal = &journal{Command: s.program.cmd.name, Node: s.own.Name(), Started: s.machine.Now(), Facts: facts}
	if s.found != nil {
		s.journal.Started, s.journal.Node = s.found.Started, s.found.Node
	}
	s.journalNodes = nodes
}

// phase writes down that a phase begins. Nothing of it may be done when that fails.
func (s *session) phase(ctx context.Context, name string) error {
	s.journal.Phase = name
	b, err := json.MarshalIndent(s.journal, "", "  ")
	if err != nil {
		return err
	}
	b = append(b, '\n')
	for _, n := range s.journalNodes {
		f := node.File{Path: s.journalFile(), Content: b, Mode: 0o600}
		if _, err := node.WriteFile.On(ctx, n, f); err != nil {
			return fmt.Errorf("cannot write %s on %s: %w", s.journalFile(), n.Name(), err)
		}
	}
	s.con.Detail("phase %s", name)
	return nil
}

// finished closes the journal. It is done whether or not the operator has
// given up meanwhile.
func (s *session) finished(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	var errs []error
	for _, n := range s.journalNodes {
		_, err := node.Remove.On(ctx, n, s.journalFile())
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
