package rehearsal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"pgrex/internal/crm"
	"pgrex/internal/definition"
	"pgrex/internal/run"
)

// Simulator runs Pacemaker's scheduler on copies of a CIB. It needs a directory
// for its files, which nobody else can read: what crm_simulate writes has the
// parameters of resources in it.
type Simulator struct {
	run run.Runner
	dir string
}

// NewSimulator makes a simulator; Close removes its files.
func NewSimulator(r run.Runner) (*Simulator, error) {
	dir, err := os.MkdirTemp("", "pg-rex-simulate-")
	if err != nil {
		return nil, err
	}
	return &Simulator{run: r, dir: dir}, nil
}

// Close removes the files of the simulator.
func (s *Simulator) Close() { _ = os.RemoveAll(s.dir) }

// play has the scheduler react once to a CIB, with the options of crm_simulate
// for what happens first. It returns what was done and the CIB after it.
func (s *Simulator) play(ctx context.Context, cib *definition.Element, options ...string) (transition, *definition.Element, error) {
	fail := func(err error) (transition, *definition.Element, error) {
		return transition{}, nil, fmt.Errorf("cannot simulate: %w", err)
	}
	dir, err := os.MkdirTemp(s.dir, "")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(dir)
	after, graph := filepath.Join(dir, "after.xml"), filepath.Join(dir, "graph.xml")
	argv := append([]string{"crm_simulate", "-S", "-Q", "-p", "-O", after, "-G", graph}, options...)
	// The tool keeps a copy of its own, by its process id.
	env := []string{"CIB_shadow_dir=" + dir}
	if _, err := s.run.Run(ctx, run.Command{Argv: argv, Stdin: cib.Text(), Env: env}); err != nil {
		return fail(err)
	}
	text, err := os.ReadFile(graph)
	if err != nil {
		return fail(err)
	}
	t, err := parseGraph(text)
	if err != nil {
		return fail(err)
	}
	if text, err = os.ReadFile(after); err != nil {
		return fail(err)
	}
	now, err := definition.ParseCIB(text)
	if err != nil {
		return fail(err)
	}
	return t, now, nil
}

// look is how a CIB would be shown by crm_mon.
func (s *Simulator) look(ctx context.Context, cib *definition.Element) (crm.Overview, error) {
	f, err := os.CreateTemp(s.dir, "*.xml")
	if err != nil {
		return crm.Overview{}, err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(cib.Text())
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return crm.Overview{}, err
	}
	client := crm.Client{Run: onFile{s.run, f.Name()}}
	return client.Overview(ctx)
}

// onFile has Pacemaker's tools work on a file instead of the cluster.
type onFile struct {
	run  run.Runner
	file string
}

// Run implements [run.Runner].
func (o onFile) Run(ctx context.Context, c run.Command) (run.Result, error) {
	c.Env = append(c.Env, "CIB_file="+o.file)
	return o.run.Run(ctx, c)
}

// Actions is what the cluster would do about a CIB as it is.
func (s *Simulator) Actions(ctx context.Context, cib *definition.Element) ([]Action, error) {
	t, _, err := s.play(ctx, cib)
	return t.Actions, err
}

// unchecked is the schema to simulate with. A definition has been verified
// before it is played a hundred times; checking it each time takes longer than
// all the rest. From Pacemaker 3 on there is no CIB without a schema.
func unchecked(t definition.Target) string {
	if t.PromotedOnly() {
		return t.Schema
	}
	return "none"
}
