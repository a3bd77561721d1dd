// Package message holds what an operator reads, in English and in Japanese,
// and lays it out on a terminal.
//
// There is one catalogue, so that one test can see that nothing lacks a
// language. What programs and the cluster read (exit reasons, logs, JSON) is
// English and is no part of it.
package message

import (
	"fmt"
	"strings"
)

// Key names a text of the catalogue.
type Key int

// text is one text in both languages. The placeholders are those of package
// fmt and the same in both; where the order of words wants another order of
// arguments, a language names them by number.
type text struct{ en, ja string }

// Printer gives the texts of one language. The zero Printer is English.
type Printer struct {
	japanese bool
	words    Words // of numbered messages; the zero value is today's
}

// For chooses the language as locale(7) says: the first of these variables
// that is set.
func For(getenv func(string) string) Printer {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := getenv(name); v != "" {
			return Printer{japanese: strings.HasPrefix(v, "ja")}
		}
	}
	return Printer{}
}

// Say is the text of a key with its placeholders filled in.
func (p Printer) Say(key Key, args ...any) string {
	t := catalogue[key].en
	if p.japanese {
		t = catalogue[key].ja
	}
	return fmt.Sprintf(t, args...)
}
