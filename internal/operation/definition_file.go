package operation

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"pgrex/internal/definition"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/sheet"
)

// readDefinition reads a definition file of any form, for all commands that
// take one: crmsh text, CIB XML, or an environment sheet. What form it has is
// decided by its content.
func (s *session) readDefinition(ctx context.Context, n node.Node, path string) (definition.Definition, error) {
	text, err := node.ReadFile.On(ctx, n, path)
	if errors.Is(err, fs.ErrNotExist) {
		return definition.Definition{}, message.Fail(message.PST030, "path", path)
	}
	if err != nil {
		return definition.Definition{}, message.Fail(message.PST032, "detail", reason(err))
	}
	if sheet.IsSheet(text) {
		if text, err = s.written(text, path); err != nil {
			return definition.Definition{}, err
		}
	}
	d, err := definition.Read(text)
	if err != nil {
		problem := definition.ProblemOf(err)
		return definition.Definition{}, message.Fail(problem.ID, problem.Args...).With(path)
	}
	return d, nil
}

// written is what a sheet says, as crmsh text. The words are today's; the
// definition has those of the cluster when it is loaded.
func (s *session) written(content []byte, path string) ([]byte, error) {
	o := sheet.Options{Target: sheet.Target2, Format: sheet.XML}
	made, messages := sheet.Read(content, o)
	var lines []string
	for _, m := range messages {
		// A sheet without data would remove whatever the cluster has.
		if m.Level() == sheet.Error || m.ID == message.WRN060 {
			lines = append(lines, m.Line(filepath.Base(path), s.con.Say()))
		}
	}
	if len(lines) > 0 {
		return nil, message.Fail(message.GEN005, "path", path, "errors", len(lines)).With(lines...).Then("pg-rex generate --check -V " + path)
	}
	return []byte(made.CRM(o)), nil
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
