package operation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"pgrex/internal/conf"
	"pgrex/internal/console"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/setup"
)

const (
	defaultConfig = "/etc/pg-rex_tools.conf"
	defaultLog    = "/var/log/pg-rex/pg-rex_tools.log"
)

// Streams are where a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// Terminal says that a person sits at them.
	Terminal bool
	Getenv   func(string) string
}

// Main is the program: it acts by the name it is called with and answers with
// its exit status.
func Main(argv []string, in, out, errOut *os.File) int {
	s := Streams{In: in, Out: out, Err: errOut, Getenv: os.Getenv,
		Terminal: term.IsTerminal(int(in.Fd())) && term.IsTerminal(int(out.Fd()))}
	if len(argv) == 3 && argv[1] == node.HelperCommand {
		if err := node.Serve(context.Background(), argv[2], in, out); err != nil {
			fmt.Fprintln(errOut, "pg-rex:", err)
			return 1
		}
		return 0
	}
	return Run(argv, s, Here())
}

// Machine is the node that a command is typed on.
type Machine struct {
	Own node.Node
	// Dial connects to the peer.
	Dial func(context.Context, *session) (node.Node, error)
	User int // effective user id
	// Addresses are those of this node.
	Addresses func() ([]netip.Addr, error)
	LockFile  string
	State     string // directory of journals and backups
	Host      setup.Host
	// Account finds a user of the operating system.
	Account func(context.Context, string) (pg.User, error)
	Now     func() time.Time
	// Settle is how long a monitor may go on that was begun before a freeze: many
	// times of what it takes.
	Settle time.Duration
}

// program is what the arguments ask for.
type program struct {
	cmd     *command
	invoked string // name that it was called by, with the subcommand
	old     bool   // by a name of the old vocabulary
	byName  bool   // by a name that says which vocabulary
	args    []string
}

// find finds the command that a program name and its arguments mean.
func find(argv []string) (program, bool) {
	base := filepath.Base(argv[0])
	args := argv[1:]
	for _, c := range commands() {
		if n := slices.Index(c.names, base); n >= 0 {
			return program{c, base, n > 0, len(c.names) > 1, args}, true
		}
	}
	if len(args) > 0 {
		for _, c := range commands() {
			old := strings.NewReplacer("primary", "master", "standby", "slave").Replace(c.name)
			if args[0] == c.name || args[0] == old {
				return program{c, "pg-rex " + args[0], args[0] != c.name, old != c.name, args[1:]}, true
			}
		}
	}
	return program{}, false
}

// Run runs the command that argv asks for.
func Run(argv []string, s Streams, m *Machine) int {
	say := message.For(s.Getenv)
	if status, done := completion(argv, s); done {
		return status
	}
	if status, done := writeManual(argv, s); done {
		return status
	}
	p, ok := find(argv)
	if !ok {
		return overview(argv, s, say)
	}
	var o common
	cc, f, run := p.cmd.cobra(p.invoked, &o)
	args := normalise(cc.Flags(), p.args, p.cmd.caseSensitive)
	err := cc.Flags().Parse(args)
	if o.lang != "" {
		say = message.In(o.lang)
	}
	con := console.Options{Op: strings.TrimPrefix(p.invoked, "pg-rex "), Say: say, JSON: o.output == "json" && !p.cmd.report, Yes: o.yes, Verbose: o.verbose,
		In: s.In, Terminal: s.Terminal, Out: s.Out, Err: s.Err, Now: m.Now}
	switch {
	case o.help:
		fmt.Fprint(s.Out, helpText(p.cmd, p.invoked, f, say))
		return 0
	case o.version:
		fmt.Fprintln(s.Out, versionLine(p.invoked))
		return 0
	case err != nil:
		console.New(con).Finish(wrongOption(err).Then(p.invoked + " --help"))
		if !con.JSON {
			fmt.Fprint(s.Err, "\n"+helpText(p.cmd, p.invoked, f, say))
		}
		return p.cmd.exitUsage()
	}
	rest := cc.Flags().Args()
	if fail := o.check(p, rest); fail != nil {
		console.New(con).Finish(fail.Then(p.invoked + " --help"))
		return p.cmd.exitUsage()
	}
	session := &session{machine: m, program: p, common: o, streams: s, own: m.Own}
	return session.conduct(con, func(ctx context.Context) error { return run(ctx, session, rest) })
}

// wrongOption words what pflag complains of.
func wrongOption(err error) *message.Failure {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return message.Fail(message.CMN060, "opt", "-"+unknown.GetSpecifiedName())
	case errors.As(err, &unknown):
		return message.Fail(message.CMN060, "opt", "--"+unknown.GetSpecifiedName())
	case errors.As(err, &missing):
		return message.Fail(message.CMN062, "opt", "--"+missing.GetFlag().Name, "value", `""`)
	case errors.As(err, &invalid):
		return message.Fail(message.CMN062, "opt", "--"+invalid.GetFlag().Name, "value", invalid.GetValue())
	}
	return message.Fail(message.CMN060, "opt", err.Error())
}

func (o *common) check(p program, args []string) *message.Failure {
	bad := func(option, value string) *message.Failure {
		return message.Fail(message.CMN062, "opt", "--"+option, "value", value)
	}
	switch {
	case len(args) > p.cmd.max:
		return message.Fail(message.CMN061, "arg", args[p.cmd.max])
	case o.output != "text" && o.output != "json":
		return bad("output", o.output)
	case o.lang != "" && o.lang != "ja" && o.lang != "en":
		return bad("lang", o.lang)
	case o.vocabulary != "" && o.vocabulary != "old" && o.vocabulary != "new":
		return bad("vocabulary", o.vocabulary)
	case o.timeout < 0:
		return bad("timeout", fmt.Sprint(o.timeout))
	case o.resume && o.abort:
		return bad("resume", "--abort")
	}
	return nil
}

// conduct makes everything ready that commands have in common, runs one, and
// puts everything away again.
func (s *session) conduct(con console.Options, run func(context.Context) error) int {
	if s.program.cmd.bare {
		con.Say = con.Say.WithWords(s.words())
	}
	s.con = console.New(con)
	if s.program.cmd.bare {
		ctx, interrupts := console.Watch(context.Background(), s.con)
		s.interrupts = interrupts
		return s.con.Finish(run(ctx))
	}
	configured, problems := s.configure()
	if log := s.openLog(); log != nil {
		defer log.Close()
		con.Log, con.LogName = log, s.logName()
	}
	con.Say = con.Say.WithWords(s.words())
	s.con = console.New(con)
	s.con.Detail("%s %s", s.program.invoked, strings.Join(s.program.args, " "))
	ctx, interrupts := console.Watch(context.Background(), s.con)
	s.interrupts = interrupts
	defer s.close()
	err := s.prepare(ctx, configured, problems)
	if err == nil {
		err = run(ctx)
	}
	var i *console.Interrupted
	if cause := context.Cause(ctx); err != nil && errors.As(cause, &i) && !errors.As(err, &i) {
		if errors.Is(err, context.Canceled) {
			err = cause // what was under way failed because it was called off
		} else {
			err = errors.Join(cause, err)
		}
	}
	return s.con.Finish(err)
}

// prepare checks what every command needs, in the order of the specification (3.0).
func (s *session) prepare(ctx context.Context, configured bool, problems []conf.Problem) error {
	c := s.program.cmd
	if !c.anyUser && s.machine.User != 0 {
		return message.Fail(message.CMN001, "user", userName(s.machine.User))
	}
	var fatal []error
	for _, p := range problems {
		switch {
		case c.unconfigured && !configured:
		case !p.IsError():
			s.con.Tell(p.ID, p.Args...)
		case c.lenient:
			s.con.Tell(message.CMN063, "text", p.Text(s.con.Say()))
		default:
			fatal = append(fatal, s.problem(p))
		}
	}
	if len(fatal) > 0 {
		return errors.Join(fatal...)
	}
	if !configured && !c.lenient {
		return message.Fail(message.CFG001, "path", s.config, "err", "?")
	}
	if c.unlocked || c.peer {
		return nil // commands that talk to the peer take both locks, in one order
	}
	if err := s.lock(ctx, s.own); err != nil {
		return err
	}
	return s.unfinished(ctx, s.own)
}
