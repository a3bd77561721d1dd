package doctor

import (
	"encoding/json"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"pgrex/internal/conf"
	"pgrex/internal/definition"
	"pgrex/internal/message"
)

// healthy is a cluster that is set up as the specification says (section 5), its
// primary on node01: nothing is above a notice. Tests break one thing in it.
func healthy(t *testing.T) *Case {
	t.Helper()
	c := &Case{Conf: Found(healthyConf()), Connect: true,
		Lans: conf.Lans{Pair: conf.Pair{Own: netip.MustParseAddr("192.168.2.1"), Peer: netip.MustParseAddr("192.168.2.2")}}}
	define(t, c, "stonith.crm", nil)
	c.Cluster, c.Clock = Found(healthyOverview(c)), Found(Clock{})
	for i, name := range []string{"node01", "node02"} {
		c.Nodes = append(c.Nodes, Node{Name: name, Own: i == 0,
			Facts: Found(Facts{Root: true, Server: healthyServer(c, i), System: healthySystem(c, i)})})
	}
	return c
}

// define gives a case another definition: a file of testdata, changed by words
// and what replaces them in turn.
func define(t *testing.T, c *Case, file string, change []string) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.NewReplacer(change...).Replace(string(text))
	if len(change) > 0 && edited == string(text) {
		t.Fatalf("%v changes nothing in %s", change, file)
	}
	d, err := definition.Read([]byte(edited))
	if err != nil {
		t.Fatal(err)
	}
	c.Definition = Found(Definition{Definition: d, Source: "cibadmin -Q"})
	c.Running = c.Definition
	p, _ := d.Primitive("pgsql")
	c.Database = Found(NewDatabase(p))
}

// broken is one thing that is wrong, and what has to be found then.
type broken struct {
	what  string
	check string
	state State
	node  string // "" for the cluster as a whole
	by    func(c *Case)
}

// showBroken breaks one thing at a time. Nothing else may be found that is above
// a notice, and all that is found has to say what is needed to act on it.
func showBroken(t *testing.T, list []broken) {
	t.Helper()
	for _, b := range list {
		t.Run(b.check+" "+b.what, func(t *testing.T) {
			c := healthy(t)
			b.by(c)
			found := false
			for _, f := range Examine(travelled(t, c)).Findings {
				switch {
				case f.Check == b.check && f.State == b.state:
					found = found || f.Node == b.node // it may be so on both
				case rank[f.State] > rank[Notice]:
					t.Errorf("also found: %s", line(f))
				}
				complete(t, f)
			}
			if !found {
				t.Errorf("not found: %s %s on %q", b.check, b.state, b.node)
			}
		})
	}
}

// travelled is a case whose facts have been sent from node to node.
func travelled(t *testing.T, c *Case) *Case {
	t.Helper()
	for i := range c.Nodes {
		text, err := json.Marshal(c.Nodes[i].Facts)
		if err != nil {
			t.Fatal(err)
		}
		c.Nodes[i].Facts = Fact[Facts]{}
		if err := json.Unmarshal(text, &c.Nodes[i].Facts); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// complete makes sure that a finding says all that it has to, in both languages.
func complete(t *testing.T, f Finding) {
	t.Helper()
	phrases := []Phrase{f.Found}
	if f.State != Unknown {
		phrases = append(phrases, f.Expected, f.Why)
		phrases = append(phrases, f.Cure...)
		if len(f.Cure) == 0 {
			t.Errorf("%s: no cure", line(f))
		}
	}
	for _, p := range phrases {
		for _, language := range []string{"en", "ja"} {
			if text := p.In(message.In(language)); text == "" || strings.Contains(text, "{") && p.ID != "" {
				t.Errorf("%s: %+v is %q (%s)", line(f), p, text, language)
			}
		}
	}
}

func line(f Finding) string {
	return strings.Join([]string{f.Check, string(f.State), f.Node, f.Found.In(message.In("en"))}, " ")
}

// what lists findings above a notice.
func what(r Report) []string {
	var list []string
	for _, f := range r.Findings {
		if rank[f.State] > rank[Notice] {
			list = append(list, line(f))
		}
	}
	slices.Sort(list)
	return list
}

func TestHealthyClusterIsWell(t *testing.T) {
	r := Examine(travelled(t, healthy(t)))
	for _, l := range what(r) {
		t.Error(l)
	}
	for _, f := range r.Findings {
		complete(t, f)
	}
}
