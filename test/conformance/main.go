// Command conformance writes docs/conformance.md: what the agent and the
// operation commands must do, and which tests show it.
//
// The tests themselves say so, each in its comment on a line of its own:
//
//	// Conformance: 31, 33 (PostgreSQL server)
//
// with AT- before its number for a statement of the operation commands:
//
//	// Conformance: AT-012, AT-013 (unit)
//
// and CD- for one of the cluster definition and the set-up:
//
//	// Conformance: CD-005 (unit)
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
	fmt.Println("agent:", summary(f, ofAgent))
	fmt.Println("operation commands:", summary(f, ofOperations))
	fmt.Println("cluster definition and set-up:", summary(f, ofDefinition))
	for _, l := range []*list{ofOperations, ofDefinition} {
		for _, n := range f.notShown(l) {
			fmt.Println("not shown:", l.mark(n), l.numbered()[n].text)
		}
	}
	if len(f.problems) > 0 {
		os.Exit(1)
	}
}

func summary(f *found, l *list) string {
	all := len(l.numbered()) - 1
	return fmt.Sprintf("%d of %d statements are shown by a test.", all-len(f.notShown(l)), all)
}

// render is the document.
func render(f *found) string {
	var b strings.Builder
	b.WriteString(`# Conformance

What the agent, the operation commands and the cluster definition must do, statement by statement, and
the tests that show it. The layer is the cheapest that really shows the
statement: unit (one package), script (the program with stand-ins for
Pacemaker's tools and pg_ctl), PostgreSQL server (the program with a real
server), lab (a real cluster). The operation commands have no scripts.

Written from the comments of the tests by ` + "`go run ./test/conformance`" + `; change
those, not this file.

The agent: **` + summary(f, ofAgent) + `**

The operation commands: **` + summary(f, ofOperations) + `**

The cluster definition and the set-up: **` + summary(f, ofDefinition) + `**
`)
	table(&b, f, ofAgent)
	b.WriteString("\n# The operation commands\n")
	table(&b, f, ofOperations)
	b.WriteString("\n# The cluster definition and the set-up\n")
	table(&b, f, ofDefinition)
	b.WriteString("\n# Not shown yet\n\n## The agent\n\n")
	missing(&b, f, ofAgent)
	b.WriteString("\n## The operation commands\n\n")
	missing(&b, f, ofOperations)
	b.WriteString("\n## The cluster definition and the set-up\n\n")
	missing(&b, f, ofDefinition)
	return b.String()
}

func table(b *strings.Builder, f *found, l *list) {
	by, n := f.byNumber(l), 0
	for _, g := range l.groups {
		b.WriteString("\n## " + g.title + "\n\n| | statement | layer | tests |\n| --- | --- | --- | --- |\n")
		for _, s := range g.statements {
			n++
			fmt.Fprintf(b, "| %s | %s | %s | %s |\n", l.mark(n), s.text, s.layer, tests(s, by[n]))
		}
	}
}

func missing(b *strings.Builder, f *found, l *list) {
	none := f.notShown(l)
	if len(none) == 0 {
		b.WriteString("Nothing.\n")
		return
	}
	b.WriteString("| | statement | what is missing |\n| --- | --- | --- |\n")
	all, by := l.numbered(), f.byNumber(l)
	for _, n := range none {
		what := all[n].missing
		switch {
		case what != "":
		case len(by[n]) == 0:
			what = "a test"
		default:
			what = "a test of the layer " + all[n].layer.String()
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", l.mark(n), all[n].text, what)
	}
}

func tests(s statement, claims []claim) string {
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
	if !shown(s, claims) {
		cells = append(cells, "of cheaper layers only, see below")
	}
	return strings.Join(cells, ", ")
}
