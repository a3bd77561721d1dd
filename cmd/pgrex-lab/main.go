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
	case errors.As(err, &usage):
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
	case errors.As(err, &missing):
		return a.say(msgMissing, missing.Error())
	}
	return err.Error()
}

func (a *app) cure(err error) string {
	var missing *lab.MissingError
	var usage usageError
	switch {
	case errors.Is(err, lab.ErrNotRoot):
		return a.say(msgCureRoot)
	case errors.Is(err, lab.ErrNotRunning):
		return a.say(msgCureUp)
	case errors.Is(err, lab.ErrRunning):
		return a.say(msgCureDown)
	case errors.As(err, &missing):
		return a.say(msgCureInstall)
	case errors.As(err, &usage):
		return a.say(msgCureHelp)
	case errors.Is(err, errNoAgent):
		return a.say(msgCureAgent)
	}
	return ""
}

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:           "pgrex-lab",
		Short:         "A PG-REX cluster on this machine, to try things out",
		SilenceErrors: true,
		SilenceUsage:  true,
		Long: `pgrex-lab runs a real PG-REX cluster on this machine: containers with systemd,
Corosync, Pacemaker and PostgreSQL, and the four networks of the manual.
It changes nothing outside of /run/pgrex-lab and of network namespaces that
begin with "pgrex-". All commands need root.`,
		Example: `  sudo pgrex-lab demo                    # a failover from end to end
  sudo pgrex-lab up                      # primary and synchronous standby
  sudo pgrex-lab status
  sudo pgrex-lab ssh node01 pcs status
  sudo pgrex-lab kill node01             # power loss of the primary
  sudo pgrex-lab boot node01
  sudo pgrex-lab rejoin node01           # base backup, then standby again
  sudo pgrex-lab down`,
	}
	// Without these two cobra refuses an unknown command with an error of its own.
	root.Args = usage(cobra.NoArgs)
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(a.upCommand(), a.downCommand(), a.statusCommand(), a.sshCommand(), a.killCommand(),
		a.bootCommand(), a.cutCommand(), a.healCommand(), a.logsCommand(), a.rejoinCommand(), a.demoCommand())
	return root
}

// exactly and atLeast are cobra's checks with an error that is known as a usage error.
func exactly(n int) cobra.PositionalArgs { return usage(cobra.ExactArgs(n)) }
func atLeast(n int) cobra.PositionalArgs { return usage(cobra.MinimumNArgs(n)) }
func atMost(n int) cobra.PositionalArgs  { return usage(cobra.MaximumNArgs(n)) }

func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}
