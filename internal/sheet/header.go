package sheet

import (
	"regexp"
	"strings"

	"pgrex/internal/message"
)

// header is the columns of a table, counted from 0.
type header struct {
	columns map[string]int // by field
	used    []int          // all that are read, from the left
	items   []int          // resourceItem
	free    []freeColumn
}

// freeColumn is a column whose name says what its cells mean.
type freeColumn struct {
	column int
	name   string // as written; of LOCATION the kind: score, ping, pingd, diskd
	args   []string
}

// columns reads the names of columns. After an error the table is left out.
func (r *reader) columns(w row) {
	h := &header{columns: map[string]int{}}
	r.header = h
	ok := true
	for i := 2; i < len(w.cells); i++ {
		if name := w.cell(i); name != "" {
			ok = r.columnName(w, h, i, name) && ok
		}
	}
	for _, name := range r.sub.required {
		if _, found := h.columns[r.sub.field(name)]; !found {
			w.tell(-1, message.ERR014, "column", name)
			ok = false
		}
	}
	switch {
	case ok:
	case r.sub.onError == stop:
		r.ended = true
	default:
		r.skip = true
	}
}

func (t *table) field(word string) string {
	if f := t.fields[word]; f != "" {
		return f
	}
	return word
}

// find is the column of a table that a name means.
func (t *table) find(name string) (string, bool) {
	for _, list := range [][]string{t.required, t.optional} {
		for _, known := range list {
			if strings.EqualFold(known, name) {
				return known, true
			}
		}
	}
	return "", false
}

func (r *reader) columnName(w row, h *header, column int, name string) bool {
	known, ok := r.sub.find(name)
	if !ok {
		if r.sub.others != nil {
			return r.sub.others(r, w, column, name)
		}
		w.tell(column, message.WRN017, "text", name)
		return true
	}
	field := r.sub.field(known)
	first, twice := h.columns[field]
	switch {
	case known == "resourceItem":
		if id, ok := h.columns["id"]; ok && len(h.items) > 0 {
			w.tell(id, message.ERR019)
			return false
		}
		h.items = append(h.items, column)
	case twice:
		w.tell(column, message.ERR015, "column", known, "a", letters(first), "b", letters(column))
		return false
	}
	h.columns[field] = column
	h.used = append(h.used, column)
	return true
}

// operationColumn takes any name as that of an attribute.
func (r *reader) operationColumn(w row, column int, name string) bool {
	if !isASCII(name) {
		w.tell(column, message.WRN018, "text", name)
		return true
	}
	return r.free(w, column, name, name)
}

// free adds a column whose name says what its cells mean.
func (r *reader) free(w row, column int, written, name string, args ...string) bool {
	for _, f := range r.header.free {
		if w.cell(f.column) == written {
			w.tell(column, message.ERR015, "column", written, "a", letters(f.column), "b", letters(column))
			return false
		}
	}
	r.header.free = append(r.header.free, freeColumn{column, name, args})
	r.header.used = append(r.header.used, column)
	return true
}

// locationColumn takes score:N, ping:ATTR:VALUE, pingd:ATTR:VALUE and
// diskd:ATTR.
func (r *reader) locationColumn(w row, column int, name string) bool {
	part := strings.Split(name, ":")
	kind := strings.ToLower(part[0])
	switch {
	case kind == "score" && len(part) == 2:
		score, ok := score(part[1])
		if !ok {
			w.tell(column, message.ERR029, "text", part[1])
			return false
		}
		return r.free(w, column, name, kind, score)
	case (kind == "ping" || kind == "pingd") && len(part) == 3 && bareWords(part[1:]), kind == "diskd" && len(part) == 2 && bareWords(part[1:]):
		return r.free(w, column, name, kind, part[1:]...)
	}
	w.tell(column, message.ERR016, "text", name)
	return false
}

func bareWords(list []string) bool {
	for _, s := range list {
		if s == "" || strings.ContainsAny(s, notBare) {
			return false
		}
	}
	return true
}

var (
	infinity = regexp.MustCompile(`(?i)^([+-]?)inf(inity)?$`)
	integer  = regexp.MustCompile(`^[+-]?[0-9]{1,9}$`)
)

// score is a score as it is written.
func score(text string) (string, bool) {
	if m := infinity.FindStringSubmatch(text); m != nil {
		return m[1] + "INFINITY", true
	}
	return text, integer.MatchString(text)
}
