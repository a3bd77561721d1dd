// Command conformance writes docs/conformance.md: what the agent must do, and
// which tests show it.
//
// The tests themselves say so, each in its comment on a line of its own:
//
//	// Conformance: 31, 33 (PostgreSQL server)
//
// in a script, which has no function and one layer:
//
//	# Conformance: 6, 7
//
// A line stands only where the test really shows the statement, alone or
// together with the others that have its number; one of those at least is of the
// layer that the statement needs.
package main

import (
	"fmt"
	"os"
	"strings"
)

const document = "docs/conformance.md"

func main() {
	// From the top of the repository, as "go run ./test/conformance".
	f, err := scan(".")
	if err == nil && len(f.claims) == 0 {
		err = fmt.Errorf("no test found: run it from the top of the repository")
	}
	if err == nil {
		err = os.WriteFile(document, []byte(render(f)), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
	for _, p := range f.problems {
		fmt.Fprintln(os.Stderr, "conformance:", p)
	}
	fmt.Println(summary(f))
	if len(f.problems) > 0 {
		os.Exit(1)
	}
}

func summary(f *found) string {
	all := len(numbered()) - 1
	return fmt.Sprintf("%d of %d statements are shown by a test.", all-len(f.notShown()), all)
}

// render is the document.
func render(f *found) string {
	var b strings.Builder
	b.WriteString(`# Conformance

What the agent must do, statement by statement, and the tests that show it. The
layer is the cheapest that really shows the statement: unit (one package),
script (the program with stand-ins for Pacemaker's tools and pg_ctl), PostgreSQL
server (the program with a real server), lab (a real cluster).

Written from the comments of the tests by ` + "`go run ./test/conformance`" + `; change
those, not this file.

`)
	b.WriteString("**" + summary(f) + "**\n")
	by, n := f.byNumber(), 0
	for _, g := range groups {
		b.WriteString("\n## " + g.title + "\n\n| | statement | layer | tests |\n| --- | --- | --- | --- |\n")
		for _, s := range g.statements {
			n++
			fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", n, s.text, s.layer, tests(by[n]))
		}
	}
	b.WriteString("\n## Not shown yet\n\n")
	none := f.notShown()
	if len(none) == 0 {
		b.WriteString("Nothing.\n")
		return b.String()
	}
	b.WriteString("| | statement | what is missing |\n| --- | --- | --- |\n")
	all := numbered()
	for _, n := range none {
		fmt.Fprintf(&b, "| %d | %s | %s |\n", n, all[n].text, all[n].missing)
	}
	return b.String()
}

func tests(claims []claim) string {
	if len(claims) == 0 {
		return "none, see below"
	}
	var cells []string
	for _, c := range claims {
		// Functions are found by name; a script is its file.
		name := c.test
		if name == "" {
			name = c.file
		}
		cells = append(cells, "`"+name+"`")
	}
	return strings.Join(cells, ", ")
}
