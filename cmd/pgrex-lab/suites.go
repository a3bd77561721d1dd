package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pgrex/test/lab"
)

// addSuite is the --suite option of the commands that build a lab.
func (a *app) addSuite(cmd *cobra.Command, suite *string) {
	cmd.Flags().StringVar(suite, "suite", "", a.say(msgHelpSuite, strings.Join(lab.Suites(), ", ")))
}

func (a *app) suitesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "suites",
		Short: a.say(msgShortSuites),
		Long:  a.say(msgLongSuites),
		Example: `  sudo pgrex-lab suites
  sudo pgrex-lab suites build trixie
  sudo pgrex-lab suites clean`,
		Args: atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := lab.ListSuites(cmd.Context())
			if err != nil {
				return err
			}
			a.listSuites(all)
			return nil
		},
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "build SUITE...",
		Short: a.say(msgShortSuitesBuild),
		Args:  atLeast(1),
		RunE: func(cmd *cobra.Command, names []string) error {
			for _, name := range names {
				if err := lab.BuildSuite(cmd.Context(), name, a.report); err != nil {
					return err
				}
			}
			return nil
		},
	}, &cobra.Command{
		Use:   "clean [SUITE...]",
		Short: a.say(msgShortSuitesClean),
		RunE: func(cmd *cobra.Command, names []string) error {
			if len(names) == 0 {
				names = lab.Suites()
			}
			for _, name := range names {
				if err := lab.RemoveSuite(cmd.Context(), name); err != nil {
					return err
				}
				a.print(msgSuiteRemoved, name)
			}
			return nil
		},
	})
	return cmd
}

func (a *app) listSuites(all []lab.SuiteStatus) {
	packages := []string{"pacemaker", "corosync", "resource-agents", "postgresql"}
	rows := [][]string{slices.Concat([]string{a.say(msgColSuite), a.say(msgColBuilt)}, packages)}
	for _, s := range all {
		built := "-"
		if s.Built {
			built = s.Path
		}
		row := []string{s.Name, built}
		for _, p := range packages {
			row = append(row, orDash(s.Packages[p]))
		}
		rows = append(rows, row)
	}
	a.align(rows)
}
