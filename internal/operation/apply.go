package operation

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"pgrex/internal/definition"
	"pgrex/internal/definition/diff"
	"pgrex/internal/message"
	"pgrex/internal/node"
)

// applier is pg-rex_apply.
type applier struct {
	*session
	path string
}

func apply() *command {
	return &command{
		name: "apply", names: []string{"pg-rex_apply"}, args: "FILE", max: 1, peer: true,
		short: both{"replace the definition of the running cluster", "動作中のクラスタのリソース定義を置き換える"},
		long: both{
			"Replaces the definition of the running cluster by FILE (XML or the form of crmsh). The definition is checked first\nand the changes are shown with their consequences. The former definition is kept. Neither crmsh nor pcs is needed.",
			"動作中のクラスタのリソース定義を FILE（XML または crm 形式）に置き換えます。先に定義を検査し、差分とその影響を表示して\n確認を求めます。変更前の定義は保存します。crmsh や pcs は不要です。",
		},
		setup: func(f *flags) func(context.Context, *session, []string) error {
			return func(ctx context.Context, s *session, args []string) error {
				if len(args) == 0 {
					return message.Fail(message.PST030, "path", "FILE").Then(s.program.invoked + " --help")
				}
				a := &applier{session: s, path: args[0]}
				return a.run(ctx)
			}
		},
	}
}

func (a *applier) run(ctx context.Context) error {
	d, err := readDefinition(ctx, a.own, a.path)
	if err != nil {
		return err
	}
	if err := a.alone(ctx); err != nil {
		return err
	}
	var made planned
	err = a.con.Do(message.APP101, nil, func() error {
		made, err = a.check(ctx, d)
		return err
	})
	if err != nil {
		return err
	}
	if len(made.Changes) == 0 {
		a.con.Tell(message.APP003)
		return nil
	}
	a.foresee(ctx, &made)
	a.con.Lines(a.planScreen(made)...)
	a.con.Data(a.planJSON(made))
	if a.dryRun {
		a.con.Tell(message.CMN050)
		return nil
	}
	if yes, err := a.con.Confirm(ctx, message.APP004); err != nil || !yes {
		return declined(err, message.APP005)
	}
	leave := a.interrupts.Critical()
	defer leave()
	return a.change(ctx, made)
}

// alone takes the locks of both nodes. The peer may be down: that is no reason
// to leave a definition as it is.
func (a *applier) alone(ctx context.Context) error {
	err := a.connect(ctx)
	if err == nil {
		return a.lockBoth(ctx)
	}
	if !message.IsFailure(err, message.SSH001) {
		return err // it has answered, or something here is in the way
	}
	a.con.Tell(message.APP010, "peer", a.lans.Peer)
	if err := a.lock(ctx, a.own); err != nil {
		return err
	}
	return a.unfinished(ctx, a.own)
}

// check finds everything that speaks against a definition, and what it changes.
func (a *applier) check(ctx context.Context, d definition.Definition) (planned, error) {
	cib, err := a.runningCIB(ctx)
	if err != nil {
		return planned{}, err
	}
	if err := a.agrees(d, a.path, nodesOf(cib)); err != nil {
		return planned{}, err
	}
	made, err := a.compare(d, cib)
	if err == nil {
		err = unverified(definition.Verify(ctx, logged{a.con, a.own}, made.updated.Text()), a.path)
	}
	return made, err
}

// nodesOf are the nodes that the cluster knows.
func nodesOf(cib *definition.Element) []string {
	var names []string
	for _, n := range cib.Section("configuration").Section("nodes").Named("node") {
		names = append(names, n.Attr("uname"))
	}
	return names
}

// change loads the definition, unless the running one is no longer what was
// shown to the operator.
func (a *applier) change(ctx context.Context, made planned) error {
	now, err := a.runningCIB(ctx)
	if err != nil {
		return err
	}
	meanwhile, err := changesOf(made.current, now)
	if err != nil {
		return err
	}
	if len(meanwhile) > 0 {
		return message.Fail(message.APP006).With(a.changeLines(meanwhile)...).Then(strings.Join(append([]string{a.program.invoked}, a.program.args...), " "))
	}
	a.con.Step(message.APP102)
	backup := filepath.Join(a.machine.State, "backup", a.machine.Now().Format("20060102-150405"), "definition.xml")
	if _, err := node.WriteFile.On(ctx, a.own, node.File{Path: backup, Content: now.Text(), Mode: 0o600}); err != nil {
		return message.Fail(message.APP009, "detail", err)
	}
	a.con.OK()
	a.con.Tell(message.APP007, "path", backup)
	back := a.program.invoked + " " + backup
	a.con.Step(message.APP103)
	if err := definition.Change(ctx, logged{a.con, a.own}, made.current, made.updated); err != nil {
		return message.Fail(message.APP009, "detail", err)
	}
	if err := a.arrived(ctx, made, back); err != nil {
		return err
	}
	a.con.OK()
	a.con.Tell(message.APP008, "cmd", back)
	return nil
}

// arrived looks whether the cluster has what was loaded.
func (a *applier) arrived(ctx context.Context, made planned, back string) error {
	now, err := a.runningCIB(ctx)
	var missing []diff.Change
	if err == nil {
		missing, err = changesOf(now, made.updated)
	}
	switch {
	case err != nil:
		return errors.Join(message.Fail(message.APP011).Then(back), err)
	case len(missing) > 0:
		return message.Fail(message.APP011).With(a.changeLines(missing)...).Then(back)
	}
	return nil
}

func (s *session) changeLines(changes []diff.Change) []string {
	var lines []string
	for _, c := range changes {
		lines = append(lines, s.changeLine(c))
	}
	return lines
}
