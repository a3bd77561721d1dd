package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	layout "pgrex/internal/message"
	"pgrex/test/lab"
)

// app is what all commands share.
type app struct {
	out  io.Writer
	text catalogue
}

func (a *app) say(key messageKey, args ...any) string { return a.text.format(key, args...) }

func (a *app) print(key messageKey, args ...any) { fmt.Fprintln(a.out, a.say(key, args...)) }

// agentError says why there is no agent to install.
type agentError struct{ error }

// shellAgent in place of a path asks for ocf:heartbeat:pgsql.
const shellAgent = "heartbeat"

// agentFlag is the --agent option of the commands that build a lab.
type agentFlag struct{ value string }

func (f *agentFlag) add(a *app, cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.value, "agent", "", a.say(msgFlagAgent))
}

// path is the agent's file; empty for the shell agent.
func (f *agentFlag) path() (string, error) {
	if f.value == shellAgent {
		return "", nil
	}
	path := f.value
	if path == "" {
		self, err := os.Executable()
		if err != nil {
			return "", err
		}
		path = filepath.Join(filepath.Dir(self), "pgsql-ra")
	}
	if _, err := os.Stat(path); err != nil {
		return "", agentError{err}
	}
	return path, nil
}

// programs are what a lab with an operator needs: this program itself, which
// switches the power, the agent's, and the operation commands', which lie beside
// this one unless tools names another.
func (f *agentFlag) programs(tools string) (self, agent, commands string, err error) {
	if self, err = os.Executable(); err != nil {
		return "", "", "", err
	}
	if agent, err = f.path(); err != nil {
		return "", "", "", err
	}
	return self, agent, cmp.Or(tools, filepath.Join(filepath.Dir(self), "pg-rex")), nil
}

// node finds a node of the running lab.
func openNode(name string) (*lab.Lab, *lab.Node, error) {
	l, err := lab.Open()
	if err != nil {
		return nil, nil, err
	}
	n, err := l.Node(name)
	if err != nil {
		return nil, nil, usageError{err}
	}
	return l, n, nil
}

// report prints the steps as they end.
func (a *app) report(s lab.Step) {
	if !s.Done {
		if s.ID == lab.StepSuite { // minutes
			a.print(msgSuiteBegin, s.Suite)
		}
		return
	}
	result := "[OK]"
	if s.Err != nil {
		result = "[NG]"
	}
	fmt.Fprintf(a.out, "%s %s %5.1f s\n", result, layout.Pad(a.stepName(s), stepWidth), s.Took.Seconds())
	if s.Mended {
		fmt.Fprintln(a.out, "     "+a.say(msgMended))
	}
}

const stepWidth = 58

func (a *app) stepName(s lab.Step) string {
	switch s.ID {
	case lab.StepRemains:
		return a.say(msgStepRemains)
	case lab.StepSuite:
		return a.say(msgStepSuite, s.Suite)
	case lab.StepNodes:
		return a.say(msgStepNodes)
	case lab.StepInitPG:
		return a.say(msgStepInitPG, s.Node)
	case lab.StepDefinition:
		return a.say(msgStepDefinition, s.Node)
	case lab.StepPrimary:
		return a.say(msgStepPrimary, s.Node)
	case lab.StepBackup:
		return a.say(msgStepBackup, s.Node)
	case lab.StepStandby:
		return a.say(msgStepStandby, s.Node)
	}
	return string(s.ID)
}
