// Package doctor looks a PG-REX cluster over before it is needed: what is set
// up on each node against what PG-REX prescribes. Facts are gathered on the node
// that they are about and change nothing there ([Gather]); checks are functions
// of the facts of both nodes, the cluster's definition and the configuration of
// the commands ([Examine]), and look at nothing else.
//
// What is not known is never taken for well: a check that lacks a fact says so
// with the reason.
package doctor

import (
	"cmp"
	"slices"
	"strings"

	"pgrex/internal/message"
)

// State is what a check has found.
type State string

// The states.
const (
	OK       State = "ok"
	Notice   State = "notice"   // worth knowing
	Unknown  State = "unknown"  // could not be found out
	Warning  State = "warning"  // works, but worse than prescribed
	Error    State = "error"    // a start, a fail-over or the building of a standby will fail
	Critical State = "critical" // loss of data, or two primaries, are possible
	// Skipped is what nobody has asked for: an option leaves it out.
	Skipped State = "skipped"
)

// rank orders states, the worst last.
var rank = map[State]int{OK: 0, Notice: 1, Unknown: 2, Warning: 3, Error: 4, Critical: 5}

// exits are the exit statuses of pg-rex doctor. What could not be found out is
// not well: a script must not take it for that.
var exits = map[State]int{Unknown: 2, Warning: 2, Error: 3, Critical: 4}

// Exit is the exit status that a state asks for.
func (s State) Exit() int { return exits[s] }

// Phrase is a text in the language of who reads it: a numbered message, or, with
// no number, the one argument as it is (a command, a line of a file, an error).
// It travels between the nodes as JSON.
type Phrase struct {
	ID   message.ID `json:",omitempty"`
	Args []any      `json:",omitempty"`
}

// say is a numbered phrase, its placeholders as names and values in turn.
func say(id message.ID, args ...any) Phrase { return Phrase{id, args} }

// literal is a phrase that is the same in every language.
func literal(text string) Phrase { return Phrase{Args: []any{text}} }

// In is the text in a language, on one line.
func (p Phrase) In(say message.Printer) string {
	if p.ID != "" {
		return say.Text(p.ID, p.Args...)
	}
	if len(p.Args) == 1 {
		if text, ok := p.Args[0].(string); ok {
			return strings.Join(strings.Fields(text), " ")
		}
	}
	return ""
}

// IsZero says that there is no phrase.
func (p Phrase) IsZero() bool { return p.ID == "" && len(p.Args) == 0 }

// Finding is something that a check has found.
type Finding struct {
	Check string // "DR-04"
	State State
	Node  string // that it is about; "" for the cluster as a whole
	// Found is what is there, and for an unknown state why it is not known.
	Found    Phrase
	Expected Phrase
	Why      Phrase // one sentence
	// Cure are commands or lines of files, in their order.
	Cure []Phrase
}

// check is one check of the specification. decide returns nothing where all is
// well. Its findings need no Check.
type check struct {
	id     string
	decide func(c *Case) []Finding
}

// checks are all of them, by their numbers.
func checks() []check {
	return slices.Concat(serverChecks(), clusterChecks(), systemChecks())
}

// Report is what all checks have found.
type Report struct {
	Findings []Finding // the worst first
	Well     []string  // the checks that have found nothing, by their numbers
	Skipped  []string  // the checks that were not asked for
}

// Worst is the worst state of all.
func (r Report) Worst() State {
	worst := OK
	for _, f := range r.Findings {
		if rank[f.State] > rank[worst] {
			worst = f.State
		}
	}
	return worst
}

// Exit is the exit status of the command.
func (r Report) Exit() int {
	status := 0
	for _, f := range r.Findings {
		status = max(status, f.State.Exit())
	}
	return status
}

// Examine makes all checks.
func Examine(c *Case) Report { return examine(c, checks()) }

func examine(c *Case, list []check) Report {
	var r Report
	for _, k := range list {
		found := k.decide(c)
		skipped := len(found)
		found = slices.DeleteFunc(found, func(f Finding) bool { return f.State == Skipped })
		switch {
		case len(found) > 0:
		case skipped > 0:
			r.Skipped = append(r.Skipped, k.id)
		default:
			r.Well = append(r.Well, k.id)
		}
		for _, f := range found {
			f.Check = k.id
			r.Findings = append(r.Findings, f)
		}
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(rank[b.State]-rank[a.State], cmp.Compare(a.Check, b.Check))
	})
	return r
}
