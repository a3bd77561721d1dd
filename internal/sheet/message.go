package sheet

import (
	"fmt"
	"strings"

	"pgrex/internal/message"
)

// Message is something that an administrator has to be told of a sheet.
type Message struct {
	ID     message.ID
	Args   []any  // names and values in turn
	Row    int    // of the spreadsheet, counted from 1; 0: the sheet as a whole
	Column string // its letters, "" for none
	// Hint is the row to compare with, 0 for none. The text names it too.
	Hint int
	// Always says that it is shown at every verbosity.
	Always bool
	// Strict makes an error of a warning.
	Strict bool
}

// Level is how grave a message is, and from which verbosity on it is shown.
type Level int

// The levels.
const (
	Error   Level = 0
	Warning Level = 1
	Info    Level = 3
)

func (l Level) String() string {
	switch l {
	case Error:
		return "ERROR"
	case Warning:
		return "WARN"
	}
	return "INFO"
}

// Level is that of the message.
func (m Message) Level() Level {
	switch m.ID.Kind() {
	case message.Error:
		return Error
	case message.Warning:
		if m.Strict {
			return Error
		}
		return Warning
	}
	return Info
}

// Code is the number as the specification of sheets has it: E023.
func (m Message) Code() string {
	kind, number, _ := strings.Cut(string(m.ID), "-")
	return kind[:1] + number
}

// Text is what the message says.
func (m Message) Text(p message.Printer) string { return p.Text(m.ID, m.Args...) }

// Line is the message as a line: FILE:Ln COL LEVEL CODE text. What it is not
// about is "-".
func (m Message) Line(file string, p message.Printer) string {
	row, column := "-", "-"
	if m.Row > 0 {
		row = fmt.Sprintf("L%d", m.Row)
	}
	if m.Column != "" {
		column = m.Column
	}
	return fmt.Sprintf("%s:%s %s %s %s %s", file, row, column, m.Level(), m.Code(), m.Text(p))
}

// Count counts the errors and the warnings.
func Count(list []Message) (errors, warnings int) {
	for _, m := range list {
		switch m.Level() {
		case Error:
			errors++
		case Warning:
			warnings++
		}
	}
	return errors, warnings
}

// letters are those of a column counted from 0: A, Z, AA.
func letters(column int) string {
	s := ""
	for column++; column > 0; column = (column - 1) / 26 {
		s = string(rune('A'+(column-1)%26)) + s
	}
	return s
}
