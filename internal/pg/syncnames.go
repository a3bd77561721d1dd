package pg

import "strings"

// ParseSyncNames returns the names in a value of synchronous_standby_names, in
// any of its forms: a plain list, "N (list)", "FIRST N (list)", "ANY N (list)".
// Names are SQL identifiers: doubled quotes stand for one, unquoted names are
// lower case to PostgreSQL, which compares without case anyway.
func ParseSyncNames(value string) []string {
	if open := unquotedIndex(value, '('); open >= 0 {
		value = strings.TrimSuffix(strings.TrimSpace(value[open+1:]), ")")
	}
	var names []string
	for len(value) > 0 {
		end := unquotedIndex(value, ',')
		item := value
		if end >= 0 {
			item, value = value[:end], value[end+1:]
		} else {
			value = ""
		}
		item = strings.TrimSpace(item)
		if len(item) >= 2 && item[0] == '"' && item[len(item)-1] == '"' {
			item = strings.ReplaceAll(item[1:len(item)-1], `""`, `"`)
		}
		if item != "" {
			names = append(names, item)
		}
	}
	return names
}

// unquotedIndex is the place of the first c outside of double quotes, or -1.
func unquotedIndex(s string, c byte) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == c && !quoted:
			return i
		}
	}
	return -1
}
