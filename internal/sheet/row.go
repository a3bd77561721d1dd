package sheet

import (
	"strings"

	"pgrex/internal/message"
)

// row is a row of the spreadsheet under the columns of its table.
type row struct {
	r      *reader
	number int
	cells  []string
}

// cell is a cell by its column, counted from 0.
func (w row) cell(column int) string {
	if column < 0 || column >= len(w.cells) {
		return ""
	}
	return clean(w.cells[column])
}

// blank says that there is nothing to read. What is in column A is no data.
func (w row) blank() bool {
	for i := 1; i < len(w.cells); i++ {
		if strings.Trim(w.cells[i], blanks) != "" {
			return false
		}
	}
	return true
}

// get is the cell of a field, "" without the column.
func (w row) get(field string) string { return w.cell(w.column(field)) }

func (w row) column(field string) int {
	if i, ok := w.r.header.columns[field]; ok {
		return i
	}
	return -1
}

// word is how the sheet calls a field.
func (w row) word(field string) string {
	for word, f := range w.r.sub.fields {
		if f == field {
			return word
		}
	}
	return field
}

// used says whether a cell under a known column is filled in.
func (w row) used() bool {
	for _, i := range w.r.header.used {
		if w.cell(i) != "" {
			return true
		}
	}
	return false
}

// tell adds a message about a cell, by its column counted from 0; -1 is the row
// as a whole.
func (w row) tell(column int, id message.ID, args ...any) {
	m := Message{ID: id, Args: args, Row: w.number}
	if column >= 0 {
		m.Column = letters(column)
	}
	w.r.add(m)
}

// refuse is an error about a field. It answers false, for the rules of rows.
func (w row) refuse(field string, id message.ID, args ...any) bool {
	w.tell(w.column(field), id, args...)
	return false
}

// again is a message about a field that points to another row.
func (w row) again(field string, other int, id message.ID, args ...any) {
	w.tell(w.column(field), id, args...)
	w.r.messages[len(w.r.messages)-1].Hint = other
}

// need says whether a field is filled in, and complains if it is not.
func (w row) need(field string) bool {
	return w.get(field) != "" || w.refuse(field, message.ERR023, "column", w.word(field))
}

// ignored warns of fields that have no meaning in this row.
func (w row) ignored(fields ...string) {
	for _, f := range fields {
		if w.get(f) != "" {
			w.refuse(f, message.WRN024, "column", w.word(f))
		}
	}
}

// notBare is what a word without quotes cannot hold.
const notBare = blanks + `"'\`

// bare says whether fields can be written without quotes.
func (w row) bare(fields ...string) bool {
	ok := true
	for _, f := range fields {
		if text := w.get(f); strings.ContainsAny(text, notBare) {
			ok = w.refuse(f, message.ERR045, "text", text)
		}
	}
	return ok
}

// oneOf is the value of a field in lower case, which has to be one of a list.
func (w row) oneOf(field string, list ...string) (string, bool) {
	text := w.get(field)
	for _, possible := range list {
		if strings.EqualFold(text, possible) {
			return possible, true
		}
	}
	return "", w.refuse(field, message.ERR025, "column", w.word(field), "text", text, "list", strings.Join(list, ", "))
}

// known is the resource that a field names.
func (w row) known(field string) (*Resource, bool) {
	id := w.get(field)
	if res := w.r.sheet.byID[id]; res != nil {
		return res, true
	}
	return nil, w.refuse(field, message.ERR035, "id", id, "what", "id")
}

// primitive is the primitive that a field names.
func (w row) primitive(field string) (*Resource, bool) {
	id := w.get(field)
	if res := w.r.sheet.byID[id]; res != nil && res.Kind == Primitive {
		return res, true
	}
	return nil, w.refuse(field, message.ERR035, "id", id, "what", "Primitive")
}

// checkASCII complains of what tools of the cluster do not store as it is. The
// XML keeps descriptions.
func (w row) checkASCII() {
	for _, i := range w.r.header.used {
		if i >= len(w.cells) || isASCII(w.cells[i]) || isASCII(w.cell(i)) {
			continue
		}
		described := i == w.column("description") || i == w.column("value") && w.get("name") == "description"
		switch {
		case w.r.o.Target == Target11:
			w.tell(i, message.WRN020)
		case w.r.o.Format != XML || !described:
			w.tell(i, message.ERR020)
		}
	}
}

// add adds a message. A row that was commented out is told of at every
// verbosity once something is wrong below it.
func (r *reader) add(m Message) {
	r.messages = append(r.messages, m)
	if m.Level() == Info {
		return
	}
	if m.Level() == Error {
		r.errors++
	}
	for _, i := range r.hidden {
		r.messages[i].Always = true
	}
}
