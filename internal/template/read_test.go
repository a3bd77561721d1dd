package template

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgrex/internal/definition"
)

// The tests read sheets with a reader of their own, of twenty lines: what is
// made must not be judged by what reads it in the product.

// table is one table, or one sub-table: names of the used columns and rows.
type table struct {
	name, sub string
	columns   []int
	names     []string
	rows      [][]string
}

func tables(t *testing.T, text string) []table {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var list []table
	header := false
	for _, r := range records {
		if len(r) != Columns {
			t.Fatalf("%d columns in %q", len(r), r)
		}
		switch {
		case strings.HasPrefix(r[0], "#") || strings.Join(r, "") == "":
		case len(r[1]) > 1:
			list = append(list, table{name: r[1]})
			header = true
		case header || r[1] != "":
			current := &list[len(list)-1]
			if r[1] != "" {
				list = append(list, table{name: current.name, sub: r[1]})
				current = &list[len(list)-1]
			}
			for i, name := range r[2:] {
				if name != "" {
					current.columns, current.names = append(current.columns, i+2), append(current.names, name)
				}
			}
			header = false
		default:
			current := &list[len(list)-1]
			var row []string
			for _, c := range current.columns {
				row = append(row, r[c])
			}
			if strings.Join(row, "") != "" {
				current.rows = append(current.rows, row)
			}
		}
	}
	return slices.DeleteFunc(list, func(t table) bool { return len(t.rows) == 0 })
}

func (t table) String() string {
	s := fmt.Sprintf("%s %s %q\n", t.name, t.sub, t.names)
	for _, r := range t.rows {
		s += fmt.Sprintf("  %q\n", r)
	}
	return s
}

// definitionOf is what a sheet means, as crmsh text that is read.
func definitionOf(t *testing.T, list []table) definition.Definition {
	t.Helper()
	var b, containers strings.Builder
	meta := map[string]string{}
	for _, x := range list {
		if x.name == "RSC_ATTRIBUTES" {
			id := ""
			for _, r := range x.rows {
				id = orLast(r[0], id)
				meta[id] += fmt.Sprintf(" %s=%q", r[len(r)-2], r[len(r)-1])
			}
		}
	}
	rsc, n := "", 0
	levels := map[string]string{}
	for _, x := range list {
		set, kind := "", ""
		for i, r := range x.rows {
			switch x.name + x.sub {
			case "STONITHP":
				fmt.Fprintf(&b, "\nprimitive %s stonith:%s", r[0], r[1])
			case "LOCATION_NODE":
				fmt.Fprintf(&b, "\nlocation n%d %s -%s: %s", i, r[0], map[string]string{"avoids": r[3]}[r[1]], r[2])
			case "PROPERTY":
				fmt.Fprintf(&b, "property %s=%q\n", r[0], r[1])
			case "RSC_DEFAULTS":
				fmt.Fprintf(&b, "rsc_defaults %s=%q\n", r[0], r[1])
			case "RESOURCES":
				switch statement := map[string]string{"Group": "group", "Clone": "clone", "Master": "ms", "Promotable": "clone"}[r[0]]; {
				case statement != "":
					m := meta[r[3]]
					if r[0] == "Promotable" {
						m += " promotable=true"
					}
					fmt.Fprintf(&containers, "\n%s %s", statement, r[3])
					for j := i + 1; j < len(x.rows) && x.rows[j][0] == ""; j++ {
						containers.WriteString(" " + x.rows[j][3])
					}
					if m != "" {
						containers.WriteString(" meta" + m)
					}
				}
			case "PRIMITIVEP":
				agent := strings.Join(slices.DeleteFunc(slices.Clone(r[1:4]), func(s string) bool { return s == "" }), ":")
				fmt.Fprintf(&b, "\nprimitive %s %s", r[0], agent)
			case "PRIMITIVEA", "STONITHA":
				if r[0] != "" && r[0] != set {
					set = r[0]
					b.WriteString(" " + strings.Replace(set, "options", "params", 1))
				}
				fmt.Fprintf(&b, " %s=\"%s\"", r[1], r[2])
			case "PRIMITIVEO", "STONITHO":
				b.WriteString(" op " + r[0])
				for j, name := range x.names[1:] {
					if r[j+1] != "" {
						fmt.Fprintf(&b, " %s=%q", name, r[j+1])
					}
				}
			case "FENCING_TOPOLOGY", "STONITH_LEVEL":
				kind = orLast(r[0], kind)
				levels[kind] += " " + r[1]
			case "LOCATION_EXPERT", "LOCATION_RULE":
				rsc = orLast(r[0], rsc)
				expression := strings.TrimSpace(r[3] + " " + r[4] + " " + r[5])
				if r[4] == "not_defined" {
					expression = "not_defined " + r[3]
				}
				if r[1] != "" {
					n, kind = n+1, r[2]
					fmt.Fprintf(&b, "\nlocation l%d %s rule %s: %s", n, rsc, r[1], expression)
				} else {
					fmt.Fprintf(&b, " %s %s", kind, expression)
				}
			case "COLOCATION":
				fmt.Fprintf(&b, "\ncolocation c%d %s: %s %s", i, r[2], withSuffix(r[0], r[3]), withSuffix(r[1], r[4]))
			case "ORDER":
				fmt.Fprintf(&b, "\norder o%d %s: %s %s symmetrical=%s", i, orLast(r[2], "Mandatory"), withSuffix(r[0], r[3]), withSuffix(r[1], r[4]), map[string]string{"n": "false", "false": "false"}[r[5]])
			case "RSC_ATTRIBUTES":
			default:
				t.Fatalf("a table %s %s", x.name, x.sub)
			}
		}
	}
	text := b.String() + containers.String()
	for node, devices := range levels {
		text += fmt.Sprintf("\nfencing_topology %s:%s", node, devices)
	}
	d, err := definition.Read([]byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return d
}

func orLast(s, last string) string {
	if s == "" {
		return last
	}
	return s
}

func withSuffix(id, suffix string) string {
	if suffix == "" {
		return id
	}
	return id + ":" + suffix
}

func read(t *testing.T, names ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(names...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
