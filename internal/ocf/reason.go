package ocf

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxReason is the length of an exit reason in characters. It is stored in the
// CIB and shown by crm_mon in one line.
const maxReason = 200

// keptReason is how much of a reason Pacemaker 2 keeps, in bytes
// (EXIT_REASON_MAX_LEN in lib/services/services_linux.c). It cuts between any two bytes.
const keptReason = 127

const defaultReasonPrefix = "ocf-exit-reason:"

// PrintReason writes the exit reason, one line of at most 200 characters.
// Pacemaker looks on standard error for the last occurrence of the prefix and
// keeps the rest of that line, so the prefix inside the text (quoted from
// another agent's output) would cut off what stands before it and is removed.
// An error in writing is not reported: there is nobody left to tell.
func PrintReason(w io.Writer, env Env, text string) {
	prefix := env.Get("OCF_EXIT_REASON_PREFIX")
	if prefix == "" {
		prefix = defaultReasonPrefix
	}
	text = oneLine(strings.ReplaceAll(text, prefix, " "))
	if !isASCII(text) {
		text = unmarked.Replace(text)
	}
	fmt.Fprintf(w, "%s%s\n", prefix, shorten(text, maxReason, keptReason))
}

// unmarked takes out what has a meaning in XML. crm_xml_escape of Pacemaker 2.1
// stops at the first character that is not ASCII; a quote behind it, or half a
// character at the end, makes XML of the answer that nobody can read. Pacemaker
// then does not learn that the action is over, and a start is tried for ever.
var unmarked = strings.NewReplacer(`"`, "'", "<", "(", ">", ")", "&", "+")

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// oneLine makes text of any origin fit for a line: control characters and line
// breaks (those of Unicode too) become blanks, bytes that are no UTF-8 become
// question marks, runs of blanks become one.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	return strings.Join(strings.Fields(s), " ")
}

// cut shortens s to at most limit characters, never inside one.
func cut(s string, limit int) string {
	const dots = "..."
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:max(limit-len(dots), 0)]) + dots
}

// shorten is s with at most so many characters or, where it is not ASCII, so
// many bytes, never ending inside a character.
func shorten(s string, characters, bytes int) string {
	const dots = "..."
	s = cut(s, characters)
	if isASCII(s) || len(s) <= bytes {
		return s
	}
	for bytes -= len(dots); !utf8.RuneStart(s[bytes]); bytes-- {
	}
	return s[:bytes] + dots
}
