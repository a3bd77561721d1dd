package doctor

import (
	"slices"
	"testing"

	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/pg"
)

// states are the states of the checks by node: the worst of each.
func states(r Report) map[string]State {
	all := map[string]State{}
	for _, id := range r.Well {
		all[id] = OK
	}
	for _, f := range r.Findings {
		if rank[f.State] >= rank[all[f.Check]] {
			all[f.Check] = f.State
		}
	}
	return all
}

// stopped are the facts of a node whose server does not run.
func stopped(s *Server) {
	s.Running = Found(false)
	s.Processes.Value.Postmaster, s.Processes.Value.PIDFile = 0, 0
	s.Survey, s.Login = Missing[pg.Survey](message.DRU001), Missing[Login](message.DRU001)
	s.Lock.Value.Exists = false
}

// With the servers stopped, what the files say is checked, and what only a
// server can tell is not known.
//
// Conformance: CD-061 (unit)
func TestServersStopped(t *testing.T) {
	c := healthy(t)
	on(stopped, 0, 1)(c)
	r := Examine(travelled(t, c))
	var got []string
	for id, s := range states(r) {
		switch {
		case s == Unknown:
			got = append(got, id)
		case rank[s] > rank[Notice]:
			t.Errorf("%s is %s", id, s)
		}
	}
	slices.Sort(got)
	want := []string{"DR-04", "DR-20", "DR-31", "DR-34", "DR-44"}
	if own := slices.DeleteFunc(got, func(id string) bool { return id > "DR-47" }); !slices.Equal(own, want) {
		t.Errorf("not known: %v, want %v", own, want)
	}
	for _, f := range r.Findings {
		if f.State == Unknown && f.Check < "DR-48" && f.Found.ID != message.DRU001 {
			t.Errorf("%s", line(f))
		}
	}
}

// With the peer off, no check that is about it is well.
//
// Conformance: CD-061 (unit)
func TestPeerOff(t *testing.T) {
	c := healthy(t)
	c.Nodes[1].Facts = Missing[Facts](message.DRU003, "node", "node02", "err", "no route to host")
	r := examine(c, serverChecks())
	if len(r.Well) > 0 {
		t.Errorf("well: %v", r.Well)
	}
	for _, f := range r.Findings {
		if f.State != Notice && (f.State != Unknown || f.Node != "node02") {
			t.Errorf("%s", line(f))
		}
	}
}

// With Pacemaker stopped the definition that it has left is enough.
//
// Conformance: CD-061 (unit)
func TestPacemakerStopped(t *testing.T) {
	c := healthy(t)
	c.Cluster = Missing[crm.Overview](message.DRU002)
	if r := examine(c, serverChecks()); r.Worst() != Notice {
		t.Errorf("%v", what(r))
	}
	c.Definition = Missing[Definition](message.DRU007, "err", "no such file")
	c.Database = Fact[Database]{Why: c.Definition.Why}
	for i := range c.Nodes {
		c.Nodes[i].Facts.Value.Server = gatherServer(t.Context(), In{Database: c.Database})
	}
	r := examine(c, serverChecks())
	if len(r.Well) > 0 || r.Worst() != Unknown {
		t.Errorf("well: %v; %v", r.Well, what(r))
	}
}

// A check that has no facts at all is not well: neither of a node that says
// nothing, nor of one that is not asked about.
//
// Conformance: CD-061 (unit)
func TestNothingKnownIsNotWell(t *testing.T) {
	for name, c := range map[string]*Case{
		"no facts":  {Nodes: []Node{{Name: "a", Own: true, Facts: Found(Facts{})}, {Name: "b", Facts: Found(Facts{})}}},
		"one node":  {Nodes: []Node{{Name: "a", Own: true, Facts: Found(Facts{})}}},
		"no answer": {Nodes: []Node{{Name: "a", Own: true}, {Name: "b"}}},
		"a user and nothing else": {Nodes: []Node{{Name: "a", Facts: Found(Facts{Server: Server{User: Found(pg.User{Name: "postgres"})}})},
			{Name: "b", Facts: Found(Facts{Server: Server{User: Found(pg.User{Name: "postgres"})}})}}},
	} {
		r := examine(c, serverChecks())
		if len(r.Well) > 0 {
			t.Errorf("%s: well: %v", name, r.Well)
		}
		for _, f := range r.Findings {
			if f.State != Unknown {
				t.Errorf("%s: %s", name, line(f))
			}
		}
	}
}

// The sizes of a standby are compared before it is started.
//
// Conformance: CD-072 (unit)
func TestSmallerStandbyBeforeItsStart(t *testing.T) {
	c := healthy(t)
	on(stopped, 1)(c)
	on(func(s *Server) {
		s.Settings.Value["max_connections"] = Setting{Value: "50", Where: "postgresql.conf:3", File: true}
	}, 1)(c)
	found := findings(travelled(t, c), "DR-22")
	if len(found) != 1 || found[0].State != Error || found[0].Node != "node02" {
		t.Errorf("%+v", found)
	}
}

// Only what is certain is said of rules that the server alone understands.
func TestRulesThatCannotBeTold(t *testing.T) {
	c := healthy(t)
	on(func(s *Server) {
		s.HBA.Value = append([]pg.HBARule{rule(80, "host replication all", "standby.example.com", "", "reject")}, s.HBA.Value...)
	}, 0, 1)(c)
	for _, id := range []string{"DR-30"} {
		if found := findings(c, id); len(found) == 0 || found[0].State != Unknown {
			t.Errorf("%s: %+v", id, found)
		}
	}
}

// Copies are told from each other by their places.
func TestCopyPlaces(t *testing.T) {
	for command, want := range map[string][]copyPlace{
		"/bin/cp %p /a/b/%f":                       {{"/a/b", ""}},
		"test ! -f /a/%f && cp %p '/a/%f'":         {{"/a", ""}},
		"/bin/gzip -c %p > /a/%f.gz":               {{"/a", ".gz"}},
		"gzip -cd /a/%f.gz>%p":                     {{"/a", ".gz"}},
		"cp /a/%f %p || gzip -cd /a//%f.gz > %p":   {{"/a", ""}, {"/a", ".gz"}},
		"pgbackrest --stanza=main archive-push %p": nil,
		"script %f %p":                             nil,
		"":                                         nil,
	} {
		if got := copyPlaces(command); !slices.Equal(got, want) {
			t.Errorf("%q: %v", command, got)
		}
	}
}
