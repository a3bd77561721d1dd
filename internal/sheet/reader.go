package sheet

import (
	"strings"

	"pgrex/internal/message"
)

// Options say what is made of a sheet.
type Options struct {
	Target Target
	Format Format
	// NoColocations and NoOrders leave out what a LOCATION table implies.
	NoColocations, NoOrders bool
	Braces                  bool   // around recipients of alerts
	Worksheet               string // name or number of it, "" for the first one
}

// Format is what is written.
type Format string

// The formats.
const (
	CRM Format = "crm"
	PCS Format = "pcs"
	XML Format = "xml"
)

// Read reads the content of a file. With an error among the messages the sheet
// is not to be used.
func Read(content []byte, o Options) (*Sheet, []Message) {
	list, messages := rows(content, o.Worksheet)
	if messages != nil {
		return &Sheet{}, messages
	}
	r := &reader{rows: list, o: o, sheet: &Sheet{Pcsgen: isPcsgen(list), byID: map[string]*Resource{}}}
	r.tables = tables(r.sheet.Pcsgen)
	r.read()
	r.finish()
	return r.sheet, r.messages
}

// reader goes through the rows of a sheet.
type reader struct {
	rows     [][]string
	o        Options
	tables   map[string]*table
	sheet    *Sheet
	messages []Message
	errors   int
	hidden   []int // messages on commented table names within the present table

	table  *table // nil before the first one
	sub    *table // the table, or its sub-table; nil while there is none
	header *header
	skip   bool // up to the next table
	ended  bool

	// What rows of the present table have left for those that follow.
	subs       int // sub-tables P
	id         *Resource
	current    *Node
	kind, rule string // of the attributes
	target     string // of fencing levels
	levels     int    // fencing levels with a target
	depth      int    // of the last resource
	path       []*Resource
	expert     *Location
	open       *Rule
	alert      *Alert
	recipient  *Recipient
	wanted     bool // a recipient is, since the sub-table R began
	seen       seen
}

// seen are rows by what they say, across all tables of a kind.
type seen struct {
	places      map[string]place
	constraints map[string]int
}

// place is a cell.
type place struct {
	row    int
	column string
}

func (r *reader) read() {
	r.seen = seen{map[string]place{}, map[string]int{}}
	for i := range r.rows {
		r.row(i+1, r.rows[i])
		if r.ended {
			return
		}
	}
}

// row reads one row by what it is.
func (r *reader) row(number int, cells []string) {
	w := row{r: r, number: number, cells: cells}
	if isComment(cells) {
		if name := strings.ToUpper(w.cell(1)); r.tables[name] != nil {
			w.tell(1, message.INF061, "text", name)
			r.hidden = append(r.hidden, len(r.messages)-1)
		}
		return
	}
	if w.blank() {
		return
	}
	if name := w.cell(1); name != "" {
		r.name(w, strings.ToUpper(name))
		return
	}
	switch {
	case r.table == nil:
		w.tell(-1, message.ERR010)
		r.ended = true
	case r.skip:
	case r.sub == nil: // a table of sub-tables that has none yet
		w.tell(-1, r.noSub(), "detail", "P")
		r.skip = true
	case r.header == nil:
		r.columns(w)
	default:
		r.data(w)
	}
}

// noSub is the complaint about sub-tables of the present table.
func (r *reader) noSub() message.ID {
	if r.table.name == "ALERT" {
		return message.ERR013
	}
	return message.ERR012
}

// name reads the row of a table's name, or of a sub-table's.
func (r *reader) name(w row, name string) {
	if t := r.tables[name]; t != nil {
		*r = reader{rows: r.rows, o: r.o, tables: r.tables, sheet: r.sheet, messages: r.messages, errors: r.errors, seen: r.seen, table: t}
		r.depth = -1
		if t.sub == nil {
			r.sub = t
		}
		return
	}
	var sub *table
	if r.table != nil {
		sub = r.table.sub[name]
	}
	switch {
	case sub == nil:
		w.tell(1, message.ERR011, "text", w.cell(1))
		r.ended = true
		return
	case r.skip:
		return
	case r.subs == 0 && name != "P" || r.subs > 0 && name == "P":
		w.tell(1, r.noSub(), "detail", name)
		r.skip = true
		return
	case name == "P":
		r.subs++
	}
	r.sub, r.header = sub, nil
	r.kind, r.rule = "", ""
	if name == "R" {
		r.recipient, r.wanted = nil, true
	}
	r.columns(w)
}

// data reads a row of data.
func (r *reader) data(w row) {
	if !w.used() {
		return
	}
	w.checkASCII()
	if r.sub.data(r, w) {
		return
	}
	switch r.sub.onError {
	case nextTable:
		r.skip = true
	case stop:
		r.ended = true
	}
}
