package remote

import (
	"slices"
	"strings"
)

// Words that a shell takes for its own where a program's name is expected.
var reserved = strings.Fields("case coproc do done elif else esac fi for function if in namespace select then time until while")

// Quote makes one word of a POSIX shell of any text without a zero byte. Plain
// words stay as they are, so that a command can be read in a message.
func Quote(word string) string {
	plain := word != "" && !slices.Contains(reserved, word) && !strings.ContainsFunc(word, func(r rune) bool {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("_-./:,+@%", r):
			return false
		}
		return true
	})
	if plain {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// commandLine is the one place where shell text is made.
func commandLine(argv []string) string {
	words := make([]string, len(argv))
	for i, word := range argv {
		words[i] = Quote(word)
	}
	return strings.Join(words, " ")
}
