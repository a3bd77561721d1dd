package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// headings are the words that cobra itself puts into a help text.
var headings = strings.NewReplacer(
	"Usage:", "使い方:",
	"Examples:", "例:",
	"Available Commands:", "コマンド:",
	"Global Flags:", "共通オプション:",
	"Flags:", "オプション:",
	`Use "{{.CommandPath}} [command] --help" for more information about a command.`,
	`各コマンドの説明: {{.CommandPath}} [command] --help`,
)

// translate puts what cobra adds by itself into the operator's language: the
// headings, the command help and the option --help.
func (a *app) translate(root *cobra.Command) {
	if a.text.japanese {
		root.SetUsageTemplate(headings.Replace(root.UsageTemplate()))
	}
	root.InitDefaultHelpCmd()
	if help, _, err := root.Find([]string{"help"}); err == nil && help != root {
		help.Short, help.Long = a.say(msgShortHelp), ""
	}
	a.translateHelpFlag(root)
}

func (a *app) translateHelpFlag(cmd *cobra.Command) {
	cmd.InitDefaultHelpFlag()
	cmd.Flags().Lookup("help").Usage = a.say(msgFlagHelp)
	for _, sub := range cmd.Commands() {
		a.translateHelpFlag(sub)
	}
}
