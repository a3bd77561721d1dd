package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"pgrex/test/lab"
)

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: a.say(msgShortStatus),
		Args:  atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := lab.Open()
			if err != nil {
				return err
			}
			if !l.Ready() {
				a.print(msgIncomplete)
			}
			s, err := l.Status(cmd.Context())
			if err != nil {
				return err
			}
			for _, line := range a.table(s) {
				fmt.Fprintln(a.out, line)
			}
			return nil
		},
	}
}

func (a *app) sshCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ssh NODE [COMMAND...]",
		Short: a.say(msgShortSSH),
		Example: `  sudo pgrex-lab ssh node01
  sudo pgrex-lab ssh node01 pcs status --full
  sudo pgrex-lab ssh node02 crm_mon -1A`,
		Args: atLeast(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, n, err := openNode(args[0])
			if err != nil {
				return err
			}
			command := args[1:]
			if len(command) == 0 {
				command = []string{"bash", "--login"}
			}
			return enter(n, command)
		},
	}
	// Options behind the node's name belong to the command.
	cmd.Flags().SetInterspersed(false)
	return cmd
}

// enter runs a command in the node on this terminal.
func enter(n *lab.Node, command []string) error {
	argv, err := n.Enter(command...)
	if err != nil {
		return err
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/root", "USER=root", "LANG=C.UTF-8", "TERM=" + os.Getenv("TERM"),
	}
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return remoteError{exit.ExitCode()}
	}
	return err
}

func (a *app) logsCommand() *cobra.Command {
	var lines int
	cmd := &cobra.Command{
		Use:   "logs [NODE]",
		Short: a.say(msgShortLogs),
		Example: `  sudo pgrex-lab logs node02
  sudo pgrex-lab logs --lines 200`,
		Args: atMost(1),
		RunE: func(_ *cobra.Command, args []string) error {
			l, err := lab.Open()
			if err != nil {
				return err
			}
			nodes := l.Nodes()
			if len(args) == 1 {
				n, err := l.Node(args[0])
				if err != nil {
					return usageError{err}
				}
				nodes = []*lab.Node{n}
			}
			return a.logs(nodes, lines)
		},
	}
	cmd.Flags().IntVarP(&lines, "lines", "n", 50, a.say(msgFlagLines))
	return cmd
}

// logs reads the nodes' disks, so it also works for a node without power.
func (a *app) logs(nodes []*lab.Node, lines int) error {
	for _, n := range nodes {
		for _, path := range []string{lab.CorosyncLog, lab.PacemakerLog, lab.PostgreSQLLog} {
			content, err := n.ReadFile(path)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			all := strings.SplitAfter(strings.TrimRight(string(content), "\n"), "\n")
			fmt.Fprintf(a.out, "==> %s %s <==\n%s\n\n", n.Name, path, strings.Join(all[max(0, len(all)-lines):], ""))
		}
	}
	return nil
}
