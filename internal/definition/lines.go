package definition

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// LineError says which line of a crmsh text is not understood.
type LineError struct {
	Line   int    // counted from 1
	Text   string // the line, without secrets
	Reason string
}

func (e *LineError) Error() string {
	return fmt.Sprintf("line %d: %s: %q", e.Line, e.Reason, e.Text)
}

// secret finds a password and all after it: where quotes are wrong, nobody
// knows where the value ends.
var secret = regexp.MustCompile(`(?i)([\w-]*(?:pass|pwd|secret|token|key)[\w-]*\s*=).*`)

func lineError(lines []string, line int, reason string) *LineError {
	text := strings.TrimSpace(strings.ToValidUTF8(lines[line-1], "?"))
	text = secret.ReplaceAllString(text, "$1***")
	text = strings.Map(func(r rune) rune {
		if isChar(r) {
			return r
		}
		return '?'
	}, text)
	if r := []rune(text); len(r) > 120 {
		text = string(r[:120]) + "..."
	}
	return &LineError{Line: line, Text: text, Reason: reason}
}

// word is one word of a statement. Words are what quotes hold together.
type word struct {
	text string
	line int
}

// splitStatements splits a crmsh text into statements of at least one word. A
// backslash at the end of a line continues the statement; a line that begins
// with "#" is a comment, but not inside of a statement, where "#uname" may
// stand.
func splitStatements(lines []string) ([][]word, error) {
	var statements [][]word
	var statement []word
	continued := false
	for i, line := range lines {
		fail := func(reason string) error { return lineError(lines, i+1, reason) }
		if !utf8.ValidString(line) {
			return nil, fail("the text is not UTF-8")
		}
		if strings.ContainsFunc(line, func(r rune) bool { return !isChar(r) }) {
			return nil, fail("it has a control character")
		}
		line = strings.Trim(line, " \t")
		body, backslash := strings.CutSuffix(line, `\`)
		if !continued && strings.HasPrefix(line, "#") {
			if backslash {
				return nil, fail("a comment is continued")
			}
			continue
		}
		if backslash {
			if body != "" && !strings.HasSuffix(body, " ") && !strings.HasSuffix(body, "\t") {
				return nil, fail("there is no blank before the backslash at the end")
			}
			line = body
		}
		texts, err := splitWords(line)
		if err != nil {
			return nil, fail(err.Error())
		}
		for _, text := range texts {
			statement = append(statement, word{text, i + 1})
		}
		if continued = backslash; !continued && len(statement) > 0 {
			statements, statement = append(statements, statement), nil
		}
	}
	if len(statement) > 0 {
		statements = append(statements, statement)
	}
	return statements, nil
}

// isChar says whether XML and people can read a character.
func isChar(r rune) bool {
	return r == '\t' || r >= 0x20 && r != 0x7f && r != 0xfffe && r != 0xffff
}

// splitWords splits as a shell does, because crmsh does: in double quotes a
// backslash takes the meaning from a quote or another backslash only, in
// single quotes from nothing.
func splitWords(line string) ([]string, error) {
	var words []string
	var b strings.Builder
	inWord := false
	quote := rune(0)
	escaped := false
	for _, r := range line {
		switch {
		case escaped:
			if quote != 0 && r != quote && r != '\\' {
				b.WriteRune('\\')
			}
			b.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, inWord = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			b.WriteRune(r)
		case r == '"' || r == '\'':
			quote, inWord = r, true
		case r == ' ' || r == '\t':
			if inWord {
				words = append(words, b.String())
				b.Reset()
				inWord = false
			}
		default:
			b.WriteRune(r)
			inWord = true
		}
	}
	if quote != 0 || escaped {
		return nil, errors.New("a quote is not closed")
	}
	if inWord {
		words = append(words, b.String())
	}
	return words, nil
}

var secretName = regexp.MustCompile(`(?i)pass|pwd|secret|token|key`)

// IsSecret says whether the value of a parameter with such a name is to be shown
// to nobody.
func IsSecret(name string) bool { return secretName.MatchString(name) }
