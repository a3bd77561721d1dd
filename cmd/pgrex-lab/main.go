// Command pgrex-lab runs a PG-REX cluster on this machine to try things out:
// it brings the lab of package lab up and down, looks into it, breaks it, and
// shows a failover from end to end.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"pgrex/test/lab"
)

// Exit statuses.
const (
	exitOK         = 0
	exitFailed     = 1 // what was asked for did not work
	exitUsage      = 2 // wrong arguments
	exitNotRunning = 3 // there is no lab
	exitRunning    = 4 // there is one already
	exitLost       = 5 // demo: acknowledged rows were lost
	exitStopped    = 130
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	if status, done := fence(ctx); done {
		os.Exit(status)
	}
	a := &app{out: os.Stdout, text: catalogueFor(os.Getenv)}
	err := a.command().ExecuteContext(ctx)
	stopped := ctx.Err() != nil
	cancel()
	if err == nil {
		os.Exit(exitOK)
	}
	var remote remoteError
	if errors.As(err, &remote) { // the command in the node has said why itself
		os.Exit(remote.status)
	}
	fmt.Fprintf(os.Stderr, "pgrex-lab: %v\n", a.describe(err))
	if cure := a.cure(err); cure != "" {
		fmt.Fprintln(os.Stderr, "  → "+cure)
	}
	os.Exit(status(err, stopped))
}

// usageError is a wrong command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// argsError is a wrong number of arguments; use is how it is right.
type argsError struct{ use string }

func (e argsError) Error() string { return "wrong number of arguments: " + e.use }

// errLost says that the demo lost acknowledged rows.
var errLost = errors.New("acknowledged rows were lost")

// remoteError carries the exit status of a command that was run in a node.
type remoteError struct{ status int }

func (e remoteError) Error() string { return fmt.Sprintf("exit status %d", e.status) }

func status(err error, stopped bool) int {
	var usage usageError
	switch {
	case stopped:
		return exitStopped
	case errors.As(err, &usage), errors.Is(err, lab.ErrUnknownSuite):
		return exitUsage
	case errors.Is(err, lab.ErrNotRunning):
		return exitNotRunning
	case errors.Is(err, lab.ErrRunning):
		return exitRunning
	case errors.Is(err, errLost):
		return exitLost
	}
	return exitFailed
}

// describe says errors that the operator can do something about in the
// operator's language; the cause of all others stays as it was reported.
func (a *app) describe(err error) string {
	var missing *lab.MissingError
	var suite *lab.SuiteError
	var unknown *lab.UnknownError
	var power *lab.PowerError
	var usage usageError
	var args argsError
	var agent agentError
	var noDrill unknownDrill
	var failed drillsFailed
	var found runFailed
	var noRun runError
	switch {
	case errors.Is(err, context.Canceled):
		return a.say(msgStopped)
	case errors.Is(err, lab.ErrNotRoot):
		return a.say(msgNotRoot)
	case errors.Is(err, lab.ErrNotRunning):
		return a.say(msgNotRunning)
	case errors.Is(err, lab.ErrRunning):
		return a.say(msgRunning)
	case errors.Is(err, errLost):
		return a.say(msgLost)
	case errors.As(err, &agent):
		return a.say(msgNoAgent, agent.error)
	case errors.As(err, &noDrill):
		return a.say(msgUnknownDrill, noDrill.id)
	case errors.As(err, &failed):
		return a.say(msgDrillsFailed, failed.failed, failed.all)
	case errors.As(err, &found):
		return a.say(msgRunFailed, found.finds, found.seed)
	case errors.As(err, &noRun):
		return a.say(msgNoRobustness, noRun.error)
	case errors.As(err, &unknown):
		text := msgUnknownNode
		if unknown.What == "network" {
			text = msgUnknownLAN
		}
		return a.say(text, unknown.Name, strings.Join(unknown.Known, ", "))
	case errors.As(err, &power):
		if power.On {
			return a.say(msgNodeIsOn, power.Node)
		}
		return a.say(msgNodeIsOff, power.Node)
	case errors.As(err, &args):
		return a.say(msgUsageArgs, args.use)
	case errors.As(err, &usage):
		return a.say(msgUsageOther, usage.error)
	case errors.As(err, &missing):
		if missing.Suite != "" {
			return a.say(msgMissingInSuite, missing.Suite, strings.Join(missing.Programs, ", "))
		}
		return a.say(msgMissing, strings.Join(missing.Programs, ", "))
	case errors.Is(err, lab.ErrUnknownSuite):
		return a.say(msgUnknownSuite, strings.Join(lab.Suites(), ", "))
	case errors.As(err, &suite):
		return a.say(msgSuiteFailed, suite.Suite, suite.Err)
	}
	return err.Error()
}

func (a *app) cure(err error) string {
	var missing *lab.MissingError
	var usage usageError
	var agent agentError
	switch {
	case errors.Is(err, lab.ErrNotRoot):
		return a.say(msgCureRoot)
	case errors.Is(err, lab.ErrNotRunning):
		return a.say(msgCureUp)
	case errors.Is(err, lab.ErrRunning):
		return a.say(msgCureDown)
	case errors.As(err, &missing):
		switch {
		case missing.Suite != "":
			return a.say(msgCureSuite, missing.Suite)
		case slices.Contains(missing.Programs, "debootstrap"):
			return a.say(msgCureDebootstrap)
		}
		return a.say(msgCureInstall)
	case errors.As(err, &usage):
		return a.say(msgCureHelp)
	case errors.As(err, &agent):
		return a.say(msgCureAgent)
	}
	return ""
}

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:           "pgrex-lab",
		Short:         a.say(msgShortRoot),
		SilenceErrors: true,
		SilenceUsage:  true,
		Long:          a.say(msgLongRoot),
		Example:       a.say(msgExampleRoot),
	}
	// Without these two cobra refuses an unknown command with an error of its own.
	root.Args = usage(cobra.NoArgs)
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(a.upCommand(), a.downCommand(), a.statusCommand(), a.sshCommand(), a.killCommand(),
		a.bootCommand(), a.cutCommand(), a.healCommand(), a.logsCommand(), a.rejoinCommand(), a.demoCommand(),
		a.suitesCommand(), a.fencingCommand(), a.powerCommand(), a.drillCommand(), a.drillsCommand(), a.robustnessCommand())
	a.translate(root)
	return root
}

// exactly and atLeast are cobra's checks with an error that is known as a usage error.
func exactly(n int) cobra.PositionalArgs { return usage(cobra.ExactArgs(n)) }
func atLeast(n int) cobra.PositionalArgs { return usage(cobra.MinimumNArgs(n)) }
func atMost(n int) cobra.PositionalArgs  { return usage(cobra.MaximumNArgs(n)) }

func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			if cmd.HasParent() {
				err = argsError{cmd.Parent().CommandPath() + " " + cmd.Use}
			}
			return usageError{err}
		}
		return nil
	}
}
