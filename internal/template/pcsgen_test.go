package template

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"pgrex/internal/definition"
	"pgrex/internal/review"
)

func pcsgenSite() Site {
	s := Defaults(review.Pacemaker2)
	s.Pcsgen, s.Agent = true, AgentOfPcsgen
	return s
}

// Programs of others edit the sheet by its rows and column F.
func TestRowsOfPcsgen(t *testing.T) {
	for _, kdump := range []bool{false, true} {
		s := pcsgenSite()
		s.Kdump = kdump
		for i := range s.Nodes {
			s.Nodes[i].BMCPassword = "word" + s.Nodes[i].Name
		}
		for _, ja := range []bool{false, true} {
			records, err := csv.NewReader(strings.NewReader(csvOf(t, Build(s, ja)))).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			for row, want := range map[int]string{
				77: "192.168.0.10", 78: "bond0", 79: "24", 93: "192.168.2.3", 94: "bond1", 95: "24", 110: "192.168.0.20", 111: "bond0", 112: "24",
				134: "node01 node02", 135: "192.168.2.3", 137: "repuser", 159: "192.168.0.254", 176: "/dev/sda /dev/sdb",
				192: "node01", 193: "172.20.144.43", 194: "Administrator", 195: "wordnode01",
				210: "node02", 211: "172.20.144.44", 212: "Administrator", 213: "wordnode02", 226: "node01", 227: "node02",
			} {
				if got := records[row-1][5]; got != want {
					t.Errorf("F%d is %q, want %q", row, got, want)
				}
			}
		}
	}
	// They stay where they are when parts are left out.
	s := pcsgenSite()
	s.Standby, s.Fencing = "", false
	records, err := csv.NewReader(strings.NewReader(csvOf(t, Build(s, true)))).ReadAll()
	if err != nil || records[133][5] != "node01 node02" || records[175][5] != "/dev/sda /dev/sdb" {
		t.Errorf("%v %q %q", err, records[133], records[175])
	}
}

// The sheet means the same as the examples, but for what PG-REX 12 does
// otherwise (section 3.10).
func TestMeaningOfPcsgen(t *testing.T) {
	for file, change := range map[string]func(*Site){
		"pacemaker2-stonith-kdump.crm": func(s *Site) { s.Kdump = true },
		"pacemaker2-nostonith.crm":     func(s *Site) { s.Fencing = false },
	} {
		text := read(t, "..", "review", "testdata", file)
		for _, r := range [][2]string{
			{"multiplier=100 ", ""}, {"lt 100", "lt 1"}, {"default_ping_set", "ping-status"}, {"ocf:heartbeat:pgsql", AgentOfPcsgen},
			{"Optional: clnPing", "Mandatory: clnPing"}, {"Optional: clnStorage", "Mandatory: clnStorage"},
			{"not_defined ping-status or ping-status lt 1", "ping-status lt 1 or not_defined ping-status"},
		} {
			text = strings.ReplaceAll(text, r[0], r[1])
		}
		for older, newer := range idsOfPcsgen {
			text = strings.ReplaceAll(text, older, newer)
		}
		want, err := definition.Read([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		s := pcsgenSite()
		change(&s)
		if f := s.Check(); len(f) > 0 {
			t.Fatal(f)
		}
		got := definitionOf(t, tables(t, csvOf(t, Build(s, false))))
		if a, b := meaning(got), meaning(want); !slices.Equal(a, b) {
			t.Errorf("%s:\n%s\nwant\n%s", file, difference(a, b), difference(b, a))
		}
		for _, f := range review.Check(got, review.Options{Generation: s.Target}) {
			if f.Code != "W071" && f.Code != "W082" {
				t.Errorf("%s: %s %v", file, f.Code, f.Args)
			}
		}
	}
}
