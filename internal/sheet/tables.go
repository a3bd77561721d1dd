package sheet

import (
	"strings"
)

// after says where reading goes on after an error in the data of a table.
type after int

const (
	nextRow after = iota
	nextTable
	stop
)

// table is a table of a sheet, or a sub-table.
type table struct {
	name     string
	required []string // columns, in the words of the sheet
	optional []string
	// fields are the columns whose word in this layout is not the one that the
	// rules of rows know.
	fields map[string]string
	// others takes a column that is none of these; nil ignores it with a warning.
	others  func(r *reader, w row, column int, name string) bool
	onError after
	// data reads one row, and says whether it was free of errors.
	data func(r *reader, w row) bool
	sub  map[string]*table // by their letters
}

// tables are those of a layout by their names.
func tables(pcsgen bool) map[string]*table {
	list := []*table{
		pairTable("PROPERTY", func(s *Sheet) *[]Pair { return &s.Properties }),
		pairTable("RSC_DEFAULTS", func(s *Sheet) *[]Pair { return &s.RscDefaults }),
		pairTable("OP_DEFAULTS", func(s *Sheet) *[]Pair { return &s.OpDefaults }),
		{name: "RESOURCES", required: []string{"resourceItem", "id"}, onError: stop, data: (*reader).resource},
		{name: "ADDITIONAL_CONFIG", required: []string{"config"}, data: (*reader).additional},
		{name: "ALERT", sub: map[string]*table{
			"P": {name: "P", required: []string{"path"}, onError: nextTable, data: (*reader).alertPath},
			"A": {name: "A", required: []string{"type", "name", "value"}, onError: nextTable, data: (*reader).alertAttribute},
			"R": {name: "R", required: []string{"recipient"}, onError: nextTable, data: (*reader).alertRecipient},
		}},
	}
	if pcsgen {
		list = append(list, pcsgenTables()...)
	} else {
		list = append(list, crmgenTables()...)
	}
	byName := map[string]*table{}
	for _, t := range list {
		byName[t.name] = t
	}
	return byName
}

func crmgenTables() []*table {
	return []*table{
		{name: "NODE", required: []string{"uname", "ptype", "name", "value"}, optional: []string{"ntype"}, onError: nextTable, data: (*reader).node},
		{name: "RSC_ATTRIBUTES", required: []string{"id", "type", "name", "value"}, onError: nextTable, data: (*reader).resourceAttribute},
		{name: "FENCING_TOPOLOGY", required: []string{"node", "rsc", "index"}, data: (*reader).level},
		{name: "PRIMITIVE", sub: map[string]*table{
			"P": {name: "P", required: []string{"id", "class", "provider", "type"}, onError: nextTable, data: (*reader).primitive},
			"A": {name: "A", required: []string{"type", "name", "value"}, optional: []string{"rule"}, onError: nextTable, data: (*reader).parameter},
			"O": {name: "O", required: []string{"type"}, others: (*reader).operationColumn, onError: nextTable, data: (*reader).operation},
		}},
		{name: "LOCATION", required: []string{"rsc"}, others: (*reader).locationColumn, data: (*reader).location},
		{name: "LOCATION_EXPERT", required: []string{"rsc", "score", "bool_op", "attribute", "op", "value"}, optional: []string{"role", "id_spec"},
			onError: nextTable, data: (*reader).locationRule},
		{name: "COLOCATION", required: []string{"rsc", "with-rsc", "score"}, optional: []string{"rsc-role", "with-rsc-role"}, data: (*reader).colocation},
		{name: "ORDER", required: []string{"first-rsc", "then-rsc", "score"}, optional: []string{"first-action", "then-action", "symmetrical"}, data: (*reader).order},
		{name: "RSC_TICKET", required: []string{"ticket", "rsc"}, optional: []string{"role", "loss-policy"}, data: (*reader).ticket},
	}
}

func pcsgenTables() []*table {
	attributes := &table{name: "A", required: []string{"type", "name", "value"}, onError: nextTable, data: (*reader).parameter}
	operations := &table{name: "O", required: []string{"type"}, others: (*reader).operationColumn, onError: nextTable, data: (*reader).operation}
	return []*table{
		{name: "NODE", required: []string{"uname", "type", "name", "value"}, fields: map[string]string{"type": "ptype"}, onError: nextTable, data: (*reader).node},
		{name: "RSC_ATTRIBUTES", required: []string{"id", "name", "value"}, onError: nextTable, data: (*reader).resourceAttribute},
		{name: "STONITH_LEVEL", required: []string{"node", "id", "level"}, fields: map[string]string{"id": "rsc", "level": "index"}, data: (*reader).level},
		{name: "PRIMITIVE", sub: map[string]*table{
			"P": {name: "P", required: []string{"id", "class", "provider", "type"}, onError: nextTable, data: (*reader).primitive},
			"A": attributes, "O": operations,
		}},
		{name: "STONITH", sub: map[string]*table{
			"P": {name: "P", required: []string{"id", "type"}, onError: nextTable, data: (*reader).primitive},
			"A": attributes, "O": operations,
		}},
		{name: "LOCATION_NODE", required: []string{"rsc", "prefers/avoids", "node", "score"}, data: (*reader).locationNode},
		{name: "LOCATION_RULE", required: []string{"rsc", "score", "bool_op", "attribute", "op", "value"}, optional: []string{"role"},
			onError: nextTable, data: (*reader).locationRule},
		{name: "COLOCATION", required: []string{"rsc", "with-rsc", "score"}, optional: []string{"rsc-role", "with-rsc-role"}, data: (*reader).colocation},
		{name: "ORDER", required: []string{"first-rsc", "then-rsc", "kind"}, optional: []string{"first-action", "then-action", "symmetrical"}, data: (*reader).order},
	}
}

func pairTable(name string, of func(*Sheet) *[]Pair) *table {
	seen := map[string]int{} // rows by name
	return &table{name: name, required: []string{"name", "value"}, data: func(r *reader, w row) bool { return r.pair(w, of(r.sheet), seen) }}
}

// isPcsgen says whether the layout is that of pm_pcsgen: one of its own tables
// is there, or the first comment names the program.
func isPcsgen(rows [][]string) bool {
	commented := false
	for _, cells := range rows {
		if isComment(cells) {
			if !commented && strings.Contains(strings.ToLower(cells[0]), "pm_pcsgen") {
				return true
			}
			commented = true
			continue
		}
		if len(cells) < 2 {
			continue
		}
		switch strings.ToUpper(clean(cells[1])) {
		case "STONITH_LEVEL", "STONITH", "LOCATION_NODE", "LOCATION_RULE":
			return true
		}
	}
	return false
}

func isComment(cells []string) bool {
	return len(cells) > 0 && strings.HasPrefix(strings.TrimLeft(cells[0], blanks), "#")
}

// blanks are what is of no importance around a value; U+3000 is the full-width
// space.
const blanks = " \t\r\n\u3000"

// clean is a cell without the blanks around it, and with a single one for a
// line end inside of it and the blanks around that.
func clean(cell string) string {
	cell = strings.Trim(cell, blanks)
	if !strings.ContainsAny(cell, "\r\n") {
		return cell
	}
	var parts []string
	for _, line := range strings.FieldsFunc(cell, func(r rune) bool { return r == '\r' || r == '\n' }) {
		if line = strings.Trim(line, blanks); line != "" {
			parts = append(parts, line)
		}
	}
	return strings.Join(parts, " ")
}
