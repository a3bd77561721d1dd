package doctor

import (
	"testing"

	"pgrex/internal/message"
)

func TestReportIsInOrder(t *testing.T) {
	finds := func(states ...State) func(*Case) []Finding {
		return func(*Case) []Finding {
			var list []Finding
			for _, s := range states {
				list = append(list, Finding{State: s, Found: literal("x")})
			}
			return list
		}
	}
	for _, tt := range []struct {
		name   string
		checks []check
		order  string
		worst  State
		exit   int
	}{
		{"all well", []check{{"DR-01", finds()}}, "", OK, 0},
		{"a notice", []check{{"DR-01", finds(Notice)}}, "DR-01 notice ", Notice, 0},
		{"not known", []check{{"DR-01", finds(Unknown)}}, "DR-01 unknown ", Unknown, 2},
		{"not asked for", []check{{"DR-01", finds(Skipped)}}, "", OK, 0},
		{"not asked for in part", []check{{"DR-01", finds(Skipped, Warning)}}, "DR-01 warning ", Warning, 2},
		{"a warning", []check{{"DR-02", finds(Warning, Notice)}, {"DR-01", finds(Unknown)}}, "DR-02 warning DR-01 unknown DR-02 notice ", Warning, 2},
		{"an error", []check{{"DR-01", finds(Warning)}, {"DR-02", finds(Error)}}, "DR-02 error DR-01 warning ", Error, 3},
		{"critical", []check{{"DR-01", finds(Error)}, {"DR-02", finds(Critical)}}, "DR-02 critical DR-01 error ", Critical, 4},
	} {
		r := examine(&Case{}, tt.checks)
		order := ""
		for _, f := range r.Findings {
			order += f.Check + " " + string(f.State) + " "
		}
		if skipped := tt.name == "not asked for"; skipped != (len(r.Skipped) > 0) || len(r.Well) > 0 && tt.exit+len(r.Findings) > 0 {
			t.Errorf("%s: skipped %v, well %v", tt.name, r.Skipped, r.Well)
		}
		if order != tt.order || r.Worst() != tt.worst || r.Exit() != tt.exit {
			t.Errorf("%s: %q, worst %s, exit %d", tt.name, order, r.Worst(), r.Exit())
		}
	}
}

// A fact that nobody has looked for is not known, and a check that lacks one is
// not well.
func TestWhatIsNotKnownIsSaid(t *testing.T) {
	c := &Case{Nodes: []Node{
		{Name: "a", Facts: Found(Facts{})},
		{Name: "b", Facts: Missing[Facts](message.DRU003, "node", "b", "err", "off")},
	}}
	each := eachNode(c, func(Node, Facts) []Finding { return needs("", Fact[int]{}) })
	if len(each) != 2 || each[0].Node != "a" || each[0].State != Unknown || each[1].Node != "b" || each[1].Found.ID != message.DRU003 {
		t.Errorf("%+v", each)
	}
	if found := bothNodes(c, func(Node, Node) []Finding { return nil }); len(found) != 1 || found[0].Node != "b" || found[0].State != Unknown {
		t.Errorf("%+v", found)
	}
	c.Nodes = c.Nodes[:1]
	if found := bothNodes(c, func(Node, Node) []Finding { return nil }); len(found) != 1 || found[0].State != Skipped {
		t.Errorf("%+v", found)
	}
}

func TestNumbersAreInOrder(t *testing.T) {
	last := ""
	for _, k := range checks() {
		if k.id <= last {
			t.Errorf("%s after %s", k.id, last)
		}
		last = k.id
	}
}
