package sheet

import (
	"errors"
	"fmt"
	"strings"

	"pgrex/internal/message"
)

// parseCSV splits a text into the cells of its records. encoding/csv is not
// used: it passes over blank lines, by which the rows would be counted wrong,
// does not know CR as a line end, and takes quotes in the middle of a cell,
// which people write, only together with quotes that are never closed.
func parseCSV(text string) ([][]string, *Message) {
	p := csvParser{text: text}
	var rows [][]string
	for p.pos < len(text) {
		row := len(rows) + 1
		cells, err := p.record()
		if err != nil {
			return nil, &Message{ID: message.ERR002, Args: []any{"err", err}, Row: row, Column: letters(len(cells))}
		}
		rows = append(rows, cells)
	}
	return rows, nil
}

type csvParser struct {
	text  string
	pos   int
	cells []string // of the record before, to guess the number of cells
}

// record takes one record with its line end.
func (p *csvParser) record() ([]string, error) {
	cells := make([]string, 0, len(p.cells))
	for {
		cell, err := p.cell()
		if err != nil {
			return cells, err
		}
		cells = append(cells, cell)
		switch {
		case p.pos == len(p.text):
		case p.text[p.pos] == ',':
			p.pos++
			continue
		case strings.HasPrefix(p.text[p.pos:], "\r\n"):
			p.pos += 2
		default: // CR or LF
			p.pos++
		}
		p.cells = cells
		return cells, nil
	}
}

// cell takes one cell, and leaves what ends it.
func (p *csvParser) cell() (string, error) {
	rest := p.text[p.pos:]
	if !strings.HasPrefix(rest, `"`) {
		end := strings.IndexAny(rest, ",\r\n")
		if end < 0 {
			end = len(rest)
		}
		p.pos += end
		return rest[:end], nil
	}
	var b strings.Builder
	for rest = rest[1:]; ; {
		end := strings.IndexByte(rest, '"')
		if end < 0 {
			return "", errors.New("a quote is not closed")
		}
		b.WriteString(rest[:end])
		rest = rest[end+1:]
		if !strings.HasPrefix(rest, `"`) {
			break
		}
		b.WriteByte('"')
		rest = rest[1:]
	}
	if rest != "" && !strings.ContainsRune(",\r\n", rune(rest[0])) {
		return "", errors.New("text follows a closing quote")
	}
	p.pos = len(p.text) - len(rest)
	return b.String(), nil
}

// controlCharacters finds cells that nobody can have meant. There is an end to
// the list: what has more of them is no text.
func controlCharacters(rows [][]string) []Message {
	const most = 20
	var list []Message
	for n, row := range rows {
		for column, cell := range row {
			i := strings.IndexFunc(cell, isControl)
			if i < 0 {
				continue
			}
			r := []rune(cell[i:])[0]
			list = append(list, Message{ID: message.ERR004, Args: []any{"char", fmt.Sprintf("U+%04X", r)}, Row: n + 1, Column: letters(column)})
			if len(list) == most {
				return list
			}
		}
	}
	return list
}

func isControl(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\r' && r != '\n' || r == 0x7f || r == 0xfffe || r == 0xffff
}
