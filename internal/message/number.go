package message

import (
	"fmt"
	"maps"
	"strings"
	"sync"
)

// ID is the number of a message of the operation commands, "PST-012".
type ID string

// Kind says what a message is for.
type Kind int

// The kinds of messages.
const (
	Information Kind = iota
	Label            // of a step
	Warning
	Question
	Error
)

// numbered are all of them, when somebody asks for one. Each part of the product keeps
// its own in a file of its own. The agent asks for none: a function, because the
// linker leaves the tables out of a program that never calls it, where a variable made
// of them would be filled at every start.
func numbered() map[ID]entry {
	joinOnce.Do(func() {
		joined = join(operationMessages, sheetMessages, reviewMessages, applyMessages, setupMessages, doctorMessages, doctorClusterMessages, outlookMessages)
	})
	return joined
}

var (
	joinOnce sync.Once
	joined   map[ID]entry
)

// join makes one table of several; a number that is given twice is a mistake
// that TestNumbersAreGivenOnce finds.
func join(tables ...map[ID]entry) map[ID]entry {
	all := map[ID]entry{}
	for _, t := range tables {
		maps.Copy(all, t)
	}
	return all
}

// entry is one numbered message. Its placeholders are names in braces and the
// same in both languages; {PRI} and {STB} are the words for the two roles, and
// nobody passes them.
type entry struct {
	kind Kind
	exit int // exit status of a program that ends with this error
	text text
}

// Kind is what the message is for.
func (id ID) Kind() Kind { return numbered()[id].kind }

// Exit is the exit status of a program that ends with this message, 0 for one
// that is no error.
func (id ID) Exit() int { return numbered()[id].exit }

// Words are the words for the two roles.
type Words struct{ Primary, Standby string }

// The two vocabularies: that of Pacemaker 1.1 and PG-REX up to 11, and today's.
var (
	OldWords = Words{"Master", "Slave"}
	NewWords = Words{"Primary", "Standby"}
)

// WithWords is the printer with other words for the roles.
func (p Printer) WithWords(w Words) Printer {
	p.words = w
	return p
}

// Japanese says whether the texts are Japanese ones.
func (p Printer) Japanese() bool { return p.japanese }

// In is the printer of a language, "ja" or anything else for English.
func In(language string) Printer { return Printer{japanese: strings.HasPrefix(language, "ja")} }

// Text is a numbered message with its placeholders filled in: names and values
// in turn, "peer", "node02". What a value contains is never replaced again.
func (p Printer) Text(id ID, args ...any) string {
	t, ok := numbered()[id]
	if !ok {
		return string(id)
	}
	w := p.words
	if w == (Words{}) {
		w = NewWords
	}
	values := []string{"{PRI}", w.Primary, "{STB}", w.Standby}
	for i := 0; i+1 < len(args); i += 2 {
		values = append(values, fmt.Sprintf("{%s}", args[i]), fmt.Sprint(args[i+1]))
	}
	s := t.text.en
	if p.japanese {
		s = t.text.ja
	}
	return strings.NewReplacer(values...).Replace(s)
}
