package operation

import (
	"context"
	"errors"
	"io/fs"

	"pgrex/internal/definition"
	"pgrex/internal/message"
	"pgrex/internal/node"
)

// readDefinition reads a definition file of any form, for all commands that
// take one. What form it has is decided by its content.
func readDefinition(ctx context.Context, n node.Node, path string) (definition.Definition, error) {
	text, err := node.ReadFile.On(ctx, n, path)
	if errors.Is(err, fs.ErrNotExist) {
		return definition.Definition{}, message.Fail(message.PST030, "path", path)
	}
	if err != nil {
		return definition.Definition{}, message.Fail(message.PST032, "detail", reason(err))
	}
	d, err := definition.Read(text)
	if err != nil {
		problem := definition.ProblemOf(err)
		return definition.Definition{}, message.Fail(problem.ID, problem.Args...).With(path)
	}
	return d, nil
}

// agrees checks a definition against the configuration and the nodes of the
// cluster. Warnings are told, everything else is an error.
func (s *session) agrees(d definition.Definition, path string, nodes []string) error {
	want := definition.Wanted{
		Promotable: s.conf.Promotable.ID(), Primitive: s.conf.Primitive.ID(),
		Nodes: nodes, Stonith: s.conf.Stonith,
	}
	for _, r := range s.configured() {
		if !r.Assumed {
			want.Resources = append(want.Resources, r.IDs...)
		}
	}
	var wrong []error
	for _, problem := range d.Check(want) {
		if problem.ID.Kind() == message.Warning {
			s.con.Tell(problem.ID, problem.Args...)
			continue
		}
		wrong = append(wrong, message.Fail(problem.ID, problem.Args...).With(path))
	}
	return errors.Join(wrong...)
}

// unverified words what Pacemaker has against a definition.
func unverified(err error, path string) error {
	if err == nil {
		return nil
	}
	return message.Fail(message.PST036, "detail", err).With(path)
}
