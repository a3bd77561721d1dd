// Package template makes environment sheets of PG-REX that are filled: the
// values of the model (specification, section 3), with those of a site in
// their places. The sheet is a value; csv.go and xlsx.go write it.
package template

// Columns is how many columns a sheet has, A to N.
const Columns = 14

// Style is the look of a cell. Administrators know it from the sheets that
// they have filled for years.
type Style int

// The styles.
const (
	Plain  Style = iota
	Title        // of the sheet and of each table
	Legend       // a line of text over the whole width
	Name         // of a table, blue on light blue
	Header       // of a column, the same
	Label        // what the column is in the reader's language
	Fixed        // a value of PG-REX, in a blue frame
	Adapt        // a value to be adapted to the site, orange
	Note         // in the column for remarks
)

// Cell is one cell. Span is how many columns it covers, 0 for one.
type Cell struct {
	Text  string
	Style Style
	Span  int
}

// Row is a row of the sheet, one line of the CSV.
type Row [Columns]Cell

// Sheet is a whole sheet.
type Sheet struct {
	Name     string // of the worksheet
	Rows     []Row
	Japanese bool
	Secret   bool // has passwords in it
}

// text is a text in English and Japanese.
type text struct{ en, ja string }

// column is a column of a table: its name in the header, what it is, and where
// it stands. One without a name is for remarks.
type column struct {
	name     string
	label    text
	at, span int
}

// value is what a row has in a column. own says that it is the site's.
type value struct {
	text string
	own  bool
}

func fixed(s string) value { return value{text: s} }
func own(s string) value   { return value{s, true} }

// fixedAll are values of PG-REX.
func fixedAll(texts ...string) []value {
	var list []value
	for _, s := range texts {
		list = append(list, fixed(s))
	}
	return list
}

// builder puts rows below each other.
type builder struct {
	rows     []Row
	japanese bool
}

func (b *builder) in(t text) string {
	if b.japanese {
		return t.ja
	}
	return t.en
}

func (b *builder) add(r Row) { b.rows = append(b.rows, r) }

func (b *builder) blank() { b.add(Row{}) }

// line is a comment over the whole width.
func (b *builder) line(style Style, t text) {
	b.add(Row{{Text: b.in(t), Style: style, Span: Columns}})
}

// title is the row above a table.
func (b *builder) title(number string, t text) {
	b.line(Title, text{"#Table " + number + "  Cluster settings - " + t.en, "#表 " + number + " クラスタ設定　…　" + t.ja})
}

// table begins a table without sub-tables.
func (b *builder) table(name string, columns []column) {
	b.name(name)
	b.header("", columns)
}

func (b *builder) name(name string) {
	r := Row{1: {Text: name, Style: Name, Span: Columns - 1}}
	b.add(r)
}

// header is the row of names and the row of labels below it, a comment. sub is
// the letter of a sub-table.
func (b *builder) header(sub string, columns []column) {
	names, labels := Row{1: {Text: sub, Style: Header}}, Row{0: {Text: "#"}, 1: {Style: Header}}
	labelled := 0
	for _, c := range columns {
		names[c.at] = Cell{c.name, Header, c.span}
		if c.label == (text{}) { // one label for several columns
			labels[labelled].Span += c.span
			continue
		}
		labelled = c.at
		labels[c.at] = Cell{b.in(c.label), Label, c.span}
	}
	b.add(names)
	b.add(labels)
}

// data is a row of values in the order of the columns; what is left out is empty.
func (b *builder) data(columns []column, values ...value) {
	var r Row
	for i, c := range columns {
		cell := Cell{Style: Fixed, Span: c.span}
		if i < len(values) {
			cell.Text = values[i].text
			if values[i].own {
				cell.Style = Adapt
			}
		}
		if c.name == "" {
			cell.Style = Note
		}
		r[c.at] = cell
	}
	b.add(r)
}

// spare are empty rows to be filled.
func (b *builder) spare(n int, columns []column) {
	for range n {
		b.data(columns)
	}
}
