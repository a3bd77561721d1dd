package operation

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"pgrex/internal/message"
)

// helpText is the help of a command under one of its names.
func helpText(c *command, invoked string, f *flags, p message.Printer) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", versionLine(invoked))
	usage := both{"Usage", "使い方"}.in(p)
	fmt.Fprintf(&b, "%s: %s [%s]", usage, invoked, both{"OPTION", "オプション"}.in(p)+"...")
	if c.args != "" {
		fmt.Fprintf(&b, " %s", c.args)
	}
	fmt.Fprintf(&b, "\n\n%s\n\n%s:\n", strings.TrimSpace(c.long.in(p)), both{"Options", "オプション"}.in(p))
	var rows [][]string
	f.set.VisitAll(func(x *pflag.Flag) {
		if x.Name == "additional_information" {
			return // kept for those who know it
		}
		rows = append(rows, []string{optionName(x, f), f.help[x.Name].in(p)})
	})
	for _, line := range message.Align(rows) {
		fmt.Fprintf(&b, "  %s\n", strings.TrimRight(line, " "))
	}
	return b.String()
}

func optionName(x *pflag.Flag, f *flags) string {
	name := "    --" + x.Name
	if x.Shorthand != "" {
		name = "-" + x.Shorthand + ", --" + x.Name
	}
	if v := f.value[x.Name]; v != "" {
		name += " " + v
	}
	return name
}

// Version is that of the program; the main package sets it.
var Version = "development"

func versionLine(invoked string) string {
	return invoked + " (pg-rex_operation_tools) " + Version
}
