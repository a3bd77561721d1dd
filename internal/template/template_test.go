package template

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/japanese"

	"pgrex/internal/crm"
	"pgrex/internal/definition"
	"pgrex/internal/review"
)

// delivered are the sheets that the package installs.
func delivered() map[string]Site {
	sheets := map[string]Site{}
	for _, g := range []review.Generation{review.Pacemaker1, review.Pacemaker2, review.Pacemaker3} {
		s := Defaults(g)
		sheets[g.String()+" ipmi"] = s
		s.Fencing = false
		sheets[g.String()+" none"] = s
		if s.Fencing, s.Kdump = true, true; g != review.Pacemaker1 {
			sheets[g.String()+" kdump"] = s
		}
	}
	return sheets
}

func csvOf(t *testing.T, s Sheet) string {
	t.Helper()
	b, err := s.CSV(UTF8)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The sheets for Pacemaker 1.1 hold, table by table and row by row, what the
// golden ones do.
//
// Conformance: CD-040 (unit)
func TestSameTablesAsTheGoldenSheets(t *testing.T) {
	for file, fencing := range map[string]bool{"pgrex96-stonith.csv": true, "pgrex96-nostonith.csv": false} {
		s := Defaults(review.Pacemaker1)
		s.Fencing, s.BMCUser = fencing, "bmcuser"
		for i := range s.Nodes {
			s.Nodes[i].BMCPassword = "example-only"
		}
		want := tables(t, read(t, "testdata", file))
		for _, ja := range []bool{false, true} {
			got := tables(t, csvOf(t, Build(s, ja)))
			if len(got) != len(want) || len(got) < 25 {
				t.Fatalf("%s: %d tables, want %d", file, len(got), len(want))
			}
			for i := range want {
				if !reflect.DeepEqual(got[i].rows, want[i].rows) || !slices.Equal(got[i].names, want[i].names) || got[i].name != want[i].name {
					t.Errorf("%s:\n%vwant\n%v", file, got[i], want[i])
				}
			}
		}
	}
}

// The sheets for Pacemaker 2 mean what the complete examples of the
// specification say, and those for 3 do too but for the path of PostgreSQL.
//
// Conformance: CD-040 (unit)
func TestSameMeaningAsTheExamples(t *testing.T) {
	for file, variant := range map[string]string{"pacemaker2-stonith-kdump.crm": "kdump", "pacemaker2-nostonith.crm": "none", "pcs-stonith.xml": "ipmi", "pcs-nostonith.xml": "none"} {
		example, err := definition.Read([]byte(read(t, "..", "review", "testdata", file)))
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range []review.Generation{review.Pacemaker2, review.Pacemaker3} {
			s := delivered()[g.String()+" "+variant]
			s.BinDir = "/usr/lib/postgresql/15/bin"
			got, want := meaning(definitionOf(t, tables(t, csvOf(t, Build(s, true))))), meaning(example)
			if !slices.Equal(got, want) {
				t.Errorf("%v %s against %s:\n%s\nwant\n%s", g, variant, file, difference(got, want), difference(want, got))
			}
		}
	}
}

// meaning is a definition without names of constraints and without order.
func meaning(d definition.Definition) []string {
	var list []string
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	for name, value := range d.Properties() {
		add("property %s=%s", name, value)
	}
	for _, r := range d.Resources() {
		// pcs adds what the agent's meta-data have besides.
		r.Operations = slices.DeleteFunc(r.Operations, func(o crm.Operation) bool { return o.Name == "methods" || o.Name == "reload-agent" })
		sort.Slice(r.Operations, func(i, j int) bool {
			return fmt.Sprint(r.Operations[i]) < fmt.Sprint(r.Operations[j])
		})
		add("%+v", r)
	}
	for _, l := range d.Locations() {
		l.ID = ""
		if l.Node != "" {
			l.Any = [][]definition.Expression{{{Attribute: "#uname", Operation: "eq", Value: l.Node}}}
			l.Node = ""
		}
		add("location %+v", l)
	}
	for _, c := range d.Colocations() {
		c.ID = ""
		add("colocation %+v", c)
	}
	for _, o := range d.Orders() {
		o.ID = ""
		add("order %+v", o)
	}
	for _, l := range d.Levels() {
		add("level %+v", l)
	}
	sort.Strings(list)
	return list
}

func difference(a, b []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) }), "\n")
}

// The defaults of resources are not part of a resource's own values.
//
// Conformance: CD-040 (unit)
func TestDefaultsOfResources(t *testing.T) {
	for name, s := range delivered() {
		want := []string{"200", "1"}
		if strings.HasPrefix(name, "1.1") {
			want[0] = "INFINITY"
		}
		for _, x := range tables(t, csvOf(t, Build(s, false))) {
			if x.name == "RSC_DEFAULTS" && !reflect.DeepEqual(x.rows, [][]string{{"resource-stickiness", want[0]}, {"migration-threshold", "1"}}) {
				t.Errorf("%s: %v", name, x)
			}
		}
	}
}

// Without STONITH nothing is fenced, with it nothing is blocked.
//
// Conformance: CD-039 (unit)
func TestVariantsDoNotMix(t *testing.T) {
	for name, s := range delivered() {
		found := map[string]int{}
		for _, x := range tables(t, csvOf(t, Build(s, true))) {
			for _, cell := range append(slices.Concat(x.rows...), x.name, x.sub) {
				for _, word := range []string{"fence", "block", "stonith", "FENCING_TOPOLOGY"} {
					if strings.Contains(cell, word) && cell != "stonith-enabled" {
						found[word]++
					}
				}
			}
		}
		if s.Fencing && (found["block"] > 0 || found["fence"] < 5 || found["stonith"] < 2) {
			t.Errorf("%s: %v", name, found)
		}
		if !s.Fencing && (found["fence"]+found["stonith"]+found["FENCING_TOPOLOGY"] > 0 || found["block"] < 5) {
			t.Errorf("%s: %v", name, found)
		}
	}
}

// The delivered sheets have nothing against them but what they say themselves:
// no STONITH, and no password yet.
//
// Conformance: CD-040 (unit)
func TestDeliveredSheetsPassTheChecks(t *testing.T) {
	for name, s := range delivered() {
		want := []string{"W082", "W082"}
		if !s.Fencing {
			want = []string{"W071"}
		}
		var got []string
		d := definitionOf(t, tables(t, csvOf(t, Build(s, false))))
		for _, f := range review.Check(d, review.Options{Generation: s.Target}) {
			got = append(got, f.Code)
		}
		if !slices.Equal(got, want) || len(review.Beyond(d, review.Options{Generation: s.Target})) > 0 {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Without an address for reading clients there is nothing of it.
func TestWithoutStandbyAddress(t *testing.T) {
	s := Defaults(review.Pacemaker2)
	s.Standby = ""
	text := csvOf(t, Build(s, false))
	if strings.Contains(text, "vip-slave") || !strings.Contains(text, "#Table 7-1-3  Cluster settings - primitive resource (id=pgsql)") {
		t.Error(text)
	}
	for _, f := range review.Check(definitionOf(t, tables(t, text)), review.Options{Generation: s.Target}) {
		if f.Code != "W082" {
			t.Errorf("%s %v", f.ID, f.Args)
		}
	}
}

// Values of the site are where they belong, and passwords make a sheet secret.
func TestSiteValues(t *testing.T) {
	s := Site{Target: review.Pacemaker2, Fencing: true, Agent: "ocf:linuxhajapan:pgsql",
		Nodes:   []Node{{Name: "pg1", BMC: "10.9.0.1", BMCPassword: `a"b,c`}, {Name: "pg2", BMC: "10.9.0.2"}},
		Primary: "10.0.0.1", Replication: "10.1.0.1", Standby: "10.0.0.2", ServiceNIC: "ens1", ReplicationNIC: "ens2", Netmask: "16", Gateway: "10.0.0.254",
		SystemDisk: "/dev/vda", DataDisk: "/dev/vda", PGData: "/pg/data", Archive: "/pg/arc", BinDir: "/opt/pg/bin", Port: "5433", RepUser: "rep", BMCUser: "root"}
	if f := s.Check(); len(f) > 0 {
		t.Fatal(f)
	}
	sheet := Build(s, true)
	if !sheet.Secret || Build(Defaults(review.Pacemaker2), true).Secret {
		t.Error("which sheets are secret")
	}
	rows := fmt.Sprint(tables(t, csvOf(t, sheet)))
	for _, want := range []string{`"pg1 pg2"`, `"/bin/cp /pg/arc/%f %p"`, `"/opt/pg/bin/pg_ctl"`, `"drives" "/dev/vda"`, `"5433"`, `"rep"`, `"root"`,
		`"a\"b,c"`, `"change-me"`, `"ocf" "linuxhajapan" "pgsql"`, `"#uname" "eq" "pg2"`, `"nic" "ens2"`, `"cidr_netmask" "16"`, `"host_list" "10.0.0.254"`} {
		if !strings.Contains(rows, want) {
			t.Errorf("no %s in\n%s", want, rows)
		}
	}
	if strings.Contains(rows, "node01") || strings.Contains(rows, "192.168") {
		t.Errorf("values of the tutorial are left in\n%s", rows)
	}
}

func TestCheck(t *testing.T) {
	for want, change := range map[string]func(*Site){
		"":                 func(*Site) {},
		"TPL-001":          func(s *Site) { s.Nodes = s.Nodes[:1] },
		"TPL-002":          func(s *Site) { s.Nodes[0].Name = "Node01" },
		"TPL-002 ":         func(s *Site) { s.Nodes[1].Name = "" },
		"TPL-004":          func(s *Site) { s.Nodes[0].Name = "node02" },
		"TPL-005":          func(s *Site) { s.Primary = "192.168.0.300" },
		"TPL-005 TPL-005":  func(s *Site) { s.Gateway = ""; s.Nodes[1].BMC = "host" },
		"TPL-006":          func(s *Site) { s.Standby = s.Primary },
		"TPL-006 ":         func(s *Site) { s.Nodes[0].BMC = s.Nodes[1].BMC },
		"TPL-006  ":        func(s *Site) { s.Nodes[0].Addresses[2] = s.Replication },
		"TPL-022":          func(s *Site) { s.ServiceNIC = "" },
		"TPL-022 ":         func(s *Site) { s.ReplicationNIC = "bond 1" },
		"TPL-007":          func(s *Site) { s.Netmask = "33" },
		"TPL-007 ":         func(s *Site) { s.Port = "0" },
		"TPL-007  ":        func(s *Site) { s.Port = "+5432" },
		"TPL-003":          func(s *Site) { s.PGData = "dbfp" },
		"TPL-003 ":         func(s *Site) { s.Archive = "/a b" },
		"TPL-003  ":        func(s *Site) { s.BinDir = "/a;b" },
		"TPL-003 TPL-003 ": func(s *Site) { s.SystemDisk, s.DataDisk = `/dev/"`, "" },
		"TPL-023":          func(s *Site) { s.RepUser = "Rep" },
		"TPL-024":          func(s *Site) { s.Agent = "pgsql" },
		"TPL-008":          func(s *Site) { s.BMCUser = "" },
		"TPL-008 ":         func(s *Site) { s.Nodes[0].BMCPassword = " x" },
		"TPL-009":          func(s *Site) { s.Kdump = true },
	} {
		s := Defaults(review.Pacemaker1)
		change(&s)
		var got []string
		for _, f := range s.Check() {
			got = append(got, string(f.ID))
		}
		if want := strings.TrimSpace(want); strings.Join(got, " ") != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	s := Defaults(review.Pacemaker2)
	s.Primary, s.Netmask = "2001:db8::10", "64"
	s.Nodes[0].Addresses = nil
	if f := s.Check(); len(f) > 0 {
		t.Error(f)
	}
}

// Every encoding holds the same text; CP932 is what a Japanese program takes
// the file for, and lines end as it ends them.
func TestEncodings(t *testing.T) {
	for _, ja := range []bool{false, true} {
		sheet := Build(Defaults(review.Pacemaker1), ja)
		plain := csvOf(t, sheet)
		if lines := strings.Count(plain, "\n"); lines != len(sheet.Rows) || strings.Count(plain, "\r\n") != lines {
			t.Errorf("%d rows, %d lines", len(sheet.Rows), lines)
		}
		bom, err := sheet.CSV(UTF8BOM)
		if err != nil || string(bom) != "\ufeff"+plain {
			t.Errorf("%v, %.40q", err, bom)
		}
		cp932, err := sheet.CSV(CP932)
		back, err2 := japanese.ShiftJIS.NewDecoder().Bytes(cp932)
		if err != nil || err2 != nil || string(back) != plain {
			t.Errorf("%v, %v, %.200q", err, err2, back)
		}
		if ascii := !strings.ContainsFunc(plain, func(r rune) bool { return r > '~' }); ascii == ja {
			t.Errorf("Japanese %v, ASCII only %v", ja, ascii)
		}
	}
	sheet := Sheet{Rows: []Row{{{Text: "€한"}}}}
	if _, err := sheet.CSV(CP932); err == nil {
		t.Error("what CP932 does not have is written in it")
	}
}

// The workbook holds the cells of the CSV, each with its look.
func TestWorkbook(t *testing.T) {
	for _, ja := range []bool{false, true} {
		sheet := Build(Defaults(review.Pacemaker1), ja)
		b, err := sheet.XLSX()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := sheet.XLSX(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%v: not the same twice", err)
		}
		f, err := excelize.OpenReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if list := f.GetSheetList(); !slices.Equal(list, []string{sheet.Name}) {
			t.Errorf("worksheets %q", list)
		}
		seen := map[Style]int{}
		for r, row := range sheet.Rows {
			for c, cell := range row {
				name, _ := excelize.CoordinatesToCellName(c+1, r+1)
				if got, err := f.GetCellValue(sheet.Name, name); cell.Text != "" && (err != nil || got != cell.Text) {
					t.Errorf("%s is %q, want %q", name, got, cell.Text)
				}
				id, err := f.GetCellStyle(sheet.Name, name)
				look, err2 := f.GetStyle(id)
				if err != nil || err2 != nil {
					t.Fatal(err, err2)
				}
				seen[cell.Style]++
				fill := strings.Join(look.Fill.Color, "")
				font := ""
				if look.Font != nil {
					font = look.Font.Color
				}
				framed := len(look.Border) == 4 && look.Border[0].Color == blue
				ok := true
				switch cell.Style {
				case Name, Header:
					ok = fill == lightBlue && font == blue
				case Fixed:
					ok = fill == "" && framed && look.NumFmt == 49
				case Adapt:
					ok = fill == orange && framed && look.NumFmt == 49
				}
				if !ok {
					t.Errorf("%s (%d): fill %q, font %q, framed %v", name, cell.Style, fill, font, framed)
				}
			}
		}
		for _, style := range []Style{Title, Legend, Name, Header, Label, Fixed, Adapt, Note} {
			if seen[style] < 2 {
				t.Errorf("style %d is used %d times", style, seen[style])
			}
		}
	}
}
