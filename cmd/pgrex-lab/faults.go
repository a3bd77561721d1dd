package main

import (
	"github.com/spf13/cobra"

	"pgrex/test/lab"
)

func (a *app) killCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "kill NODE",
		Short: a.say(msgShortKill),
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, n, err := openNode(args[0])
			if err != nil {
				return err
			}
			if err := n.Kill(cmd.Context()); err != nil {
				return err
			}
			a.print(msgKilled, n.Name)
			return nil
		},
	}
}

func (a *app) bootCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "boot NODE",
		Short: a.say(msgShortBoot),
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, n, err := openNode(args[0])
			if err != nil {
				return err
			}
			if err := n.Boot(cmd.Context()); err != nil {
				return err
			}
			a.print(msgBooted, n.Name)
			return nil
		},
	}
}

func (a *app) cutCommand() *cobra.Command {
	var silent bool
	cmd := &cobra.Command{
		Use:     "cut LAN NODE",
		Short:   a.say(msgShortCut),
		Long:    a.say(msgLongCut),
		Example: a.say(msgExampleCut),
		Args:    exactly(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, n, lan, err := openPort(args)
			if err != nil {
				return err
			}
			kind := lab.LinkDown
			if silent {
				kind = lab.Silent
			}
			if err := l.Cut(cmd.Context(), lan, n, kind); err != nil {
				return err
			}
			a.print(msgCut, n.Name, lan)
			return nil
		},
	}
	cmd.Flags().BoolVar(&silent, "silent", false, a.say(msgFlagSilent))
	return cmd
}

func (a *app) healCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "heal LAN NODE | --all",
		Short: a.say(msgShortHeal),
		Long:  a.say(msgLongHeal),
		Example: `  sudo pgrex-lab heal d-lan node02
  sudo pgrex-lab heal --all`,
		Args: func(cmd *cobra.Command, args []string) error {
			if all {
				return exactly(0)(cmd, args)
			}
			return exactly(2)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if all {
				l, err := lab.Open()
				if err != nil {
					return err
				}
				if err := l.HealAll(cmd.Context()); err != nil {
					return err
				}
				a.print(msgHealedAll)
				return nil
			}
			l, n, lan, err := openPort(args)
			if err != nil {
				return err
			}
			if err := l.Heal(cmd.Context(), lan, n); err != nil {
				return err
			}
			a.print(msgHealed, n.Name, lan)
			return nil
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, a.say(msgFlagAll))
	return cmd
}

// openPort reads the arguments LAN NODE.
func openPort(args []string) (*lab.Lab, *lab.Node, lab.LAN, error) {
	lan, err := lab.ParseLAN(args[0])
	if err != nil {
		return nil, nil, "", usageError{err}
	}
	l, n, err := openNode(args[1])
	return l, n, lan, err
}
