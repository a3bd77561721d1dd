package operation

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pgrex/internal/console"
	"pgrex/internal/message"
)

// overview answers pg-rex without a command that we know: with the list of them.
func overview(argv []string, s Streams, say message.Printer) int {
	text := func() string {
		out := versionLine("pg-rex") + "\n\n" + both{"Usage: pg-rex COMMAND [OPTION]...", "使い方: pg-rex コマンド [オプション]..."}.in(say) + "\n\n"
		var rows [][]string
		for _, c := range commands() {
			rows = append(rows, []string{"  " + c.name, strings.Join(c.names, ", "), c.short.in(say)})
		}
		for _, line := range message.Align(rows) {
			out += line + "\n"
		}
		return out
	}
	switch {
	case len(argv) > 1 && slices.Contains([]string{"-v", "--version", "-version"}, argv[1]):
		fmt.Fprintln(s.Out, versionLine("pg-rex"))
		return 0
	case len(argv) == 1, slices.Contains([]string{"-h", "--help", "-help", "help"}, argv[1]):
		fmt.Fprint(s.Out, text())
		return 0
	}
	status := console.New(console.Options{Op: "pg-rex", Say: say, Out: s.Out, Err: s.Err}).
		Finish(message.Fail(message.CMN064, "name", argv[1]))
	fmt.Fprint(s.Err, "\n"+text())
	return status
}

// completion answers what shells ask while somebody types, and prints the
// script that makes them ask. cobra writes both from the same table of options
// as the help.
func completion(argv []string, s Streams) (status int, done bool) {
	if len(argv) < 2 || !slices.Contains([]string{cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd, "completion"}, argv[1]) {
		return 0, false
	}
	root := completionRoot(filepath.Base(argv[0]))
	root.SetArgs(argv[1:])
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	if err := root.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2, true
	}
	return 0, true
}

// completionRoot is the tree of commands under a name of the program.
func completionRoot(base string) *cobra.Command {
	for _, c := range commands() {
		if slices.Contains(c.names, base) {
			cc, _, _ := c.cobra(base, new(common))
			cc.Run = func(*cobra.Command, []string) {}
			return cc
		}
	}
	root := &cobra.Command{Use: base, SilenceErrors: true, SilenceUsage: true}
	for _, c := range commands() {
		cc, _, _ := c.cobra(c.name, new(common))
		cc.Run = func(*cobra.Command, []string) {}
		root.AddCommand(cc)
	}
	return root
}
