package conf

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"pgrex/internal/message"
)

// blanks are what separates words. The full-width one is easily typed where
// Japanese is written.
const blanks = " \t\u3000"

// setting is one key as the file has it.
type setting struct {
	name  string // as spelled in the file
	value string // empty: not given
	line  int
}

// Raw is a configuration file taken apart, its values not yet looked at.
type Raw struct {
	given map[string]setting // by the spelling of today
	old   bool               // a spelling of the old generation was used
}

// Parse reads the text of a configuration file. What it could not understand
// it reports and leaves out.
func Parse(text []byte) (Raw, []Problem) {
	var problems []Problem
	bySpelling := map[string]setting{}
	for n, line := range strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n") {
		s := setting{line: n + 1}
		key, value, ok := parseLine(line)
		if !ok {
			problems = append(problems, Problem{ID: message.CFG020, Line: s.line,
				Args: []any{"line", s.line, "text", printable(line)}})
			continue
		}
		if key == "" {
			continue
		}
		s.name, s.value = key, value
		if _, known := find(key); !known {
			problems = append(problems, Problem{ID: message.CFG021, Line: s.line,
				Args: []any{"line", s.line, "key", key, "near", nearest(key)}})
			continue
		}
		if _, repeated := bySpelling[key]; repeated {
			problems = append(problems, Problem{ID: message.CFG022, Line: s.line, Args: []any{"key", key}})
		}
		bySpelling[key] = s
	}
	raw, conflicts := merge(bySpelling)
	return raw, append(problems, conflicts...)
}

// merge makes one setting of the spellings of each key.
func merge(bySpelling map[string]setting) (Raw, []Problem) {
	raw := Raw{given: map[string]setting{}}
	var problems []Problem
	for _, k := range keys {
		for _, spelling := range k.spellings() {
			s, ok := bySpelling[spelling]
			if !ok {
				continue
			}
			if s.value != "" && spelling != k.name && spelling != k.also {
				raw.old = true
			}
			first, another := raw.given[k.name]
			switch {
			case !another || first.value == "":
				raw.given[k.name] = s
			case s.value != "" && squeeze(s.value) != squeeze(first.value):
				problems = append(problems, Problem{ID: message.CFG023, Line: s.line,
					Args: []any{"old", s.name, "new", first.name}})
			}
		}
	}
	return raw, problems
}

// squeeze leaves out the blanks, which mean nothing in the lists that have
// more than one spelling.
func squeeze(value string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(blanks, r) {
			return -1
		}
		return r
	}, value)
}

// parseLine takes a line apart; an empty or commented one has no key.
func parseLine(line string) (key, value string, ok bool) {
	line = strings.Trim(strings.TrimSuffix(line, "\r"), blanks)
	if line == "" || line[0] == '#' {
		return "", "", true
	}
	key, rest, found := strings.Cut(line, "=")
	key = strings.TrimRight(key, blanks)
	if !found || !isKey(key) {
		return "", "", false
	}
	value, ok = parseValue(strings.TrimLeft(rest, blanks))
	return key, value, ok && isText(value)
}

func isKey(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") == ""
}

// isText keeps out what no value has and no terminal should be sent.
func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\t' })
}

// printable is a line as it can be shown.
func printable(line string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' {
			return utf8.RuneError
		}
		return r
	}, strings.TrimSuffix(strings.ToValidUTF8(line, string(utf8.RuneError)), "\r"))
}

// parseValue takes comment and quotes away. A quote opens only where a value,
// or an element of a list, begins; anywhere else it is part of the value.
func parseValue(s string) (string, bool) {
	if text, rest, ok := quoted(s); ok && (rest == "" || rest[0] == '#') {
		return text, true // the blanks in it belong to it
	}
	var out strings.Builder
	begins := true
	for s != "" && s[0] != '#' {
		if begins && s[0] == '"' {
			text, rest, ok := quoted(s)
			if !ok {
				return "", false
			}
			out.WriteString(text)
			s, begins = rest, false
			continue
		}
		r, size := utf8.DecodeRuneInString(s)
		begins = r == ',' || r == '(' || begins && strings.ContainsRune(blanks, r)
		out.WriteString(s[:size])
		s = s[size:]
	}
	return strings.TrimRight(out.String(), blanks), true
}

// quoted cuts a quoted text off, and the blanks after it. Nothing may follow
// but the end of what was quoted.
func quoted(s string) (text, rest string, ok bool) {
	s, ok = strings.CutPrefix(s, `"`)
	if !ok {
		return "", "", false
	}
	text, rest, ok = strings.Cut(s, `"`)
	rest = strings.TrimLeft(rest, blanks)
	return text, rest, ok && (rest == "" || strings.ContainsRune(",)#", rune(rest[0])))
}

// list are the elements of a value that is one.
func list(value string) []string {
	elements := strings.Split(value, ",")
	for i, e := range elements {
		elements[i] = strings.Trim(e, blanks)
	}
	return elements
}
