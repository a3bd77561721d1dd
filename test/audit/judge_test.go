package audit

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgrex/test/lab"
)

var begin0 = time.Date(2026, 11, 29, 18, 0, 0, 0, time.UTC)

// at is a moment of a history, in seconds after its begin.
func at(seconds float64) time.Time {
	return begin0.Add(time.Duration(seconds * float64(time.Second)))
}

const n1, n2, n3 = "node01", "node02", "node03"

// sets is an attribute as all nodes come to see it, a moment after each other.
func sets(seconds float64, node, name, value string) []Event {
	return []Event{
		Attribute{At: at(seconds), View: n1, Node: node, Name: name, Value: value},
		Attribute{At: at(seconds + 0.003), View: n2, Node: node, Name: name, Value: value},
	}
}

func data(seconds float64, node, value string) []Event {
	return sets(seconds, node, "pgsql-data-status", value)
}

func score(seconds float64, node, value string) []Event {
	return sets(seconds, node, "master-pgsql", value)
}

func server(seconds float64, node string, what Moment) []Event {
	return []Event{Server{At: at(seconds), Node: node, What: what}}
}

func used(seconds float64, node string, names ...string) []Event {
	return []Event{
		List{At: at(seconds - 0.002), Node: node, Names: names, There: true},
		Server{At: at(seconds), Node: node, What: NamesUsed, Names: names},
	}
}

func lockComes(seconds float64, node string) []Event {
	return []Event{Lock{Before: at(seconds - 0.02), At: at(seconds), Node: node, There: true}}
}

func lockGoes(seconds float64, node string) []Event {
	return []Event{Lock{Before: at(seconds - 0.02), At: at(seconds), Node: node}}
}

func lockNoted(seconds float64, node string) []Event {
	return []Event{Lock{Before: at(seconds - 0.02), At: at(seconds), Node: node, There: true, Noted: true}}
}

// normal is a pair in its normal state, node01 being primary.
func normal() Record {
	r := Record{
		From: at(0), To: at(100), Nodes: []string{n1, n2},
		Polls:   map[string]Polls{n1: {5000, 5000, 5000}, n2: {5000, 5000, 5000}},
		Writes:  lab.Audit{Looked: map[string]int{n1: 4000, n2: 4000}, Accepted: map[string][]lab.Span{n1: {{From: at(0.1), To: at(99), Writes: 4000}}}},
		Rows:    []Rows{{Through: "vip-master", Verdict: lab.Verdict{Primary: n1, Acked: 3000}}},
		Settled: []Settlement{settledPair()},
		Actions: []lab.Action{{Node: n1, Resource: "pgsql", Name: "notify", Begin: at(1), End: at(1.2), Result: "ok"}},
		Periods: []Period{{From: at(0), To: at(100)}},
	}
	r.Events = slices.Concat(
		data(0, n1, "LATEST"), data(0, n2, "STREAMING|SYNC"), score(0, n1, "1000"), score(0, n2, "100"),
		[]Event{
			Server{At: at(0), Node: n1, What: Writable, Known: true}, Server{At: at(0), Node: n2, What: ReadOnly, Known: true},
			Lock{At: at(-50), Node: n1, There: true, First: true}, Lock{At: at(0.01), Node: n2, First: true},
			List{At: at(-40), Node: n1, Names: []string{n2}, There: true}, List{At: at(-40), Node: n2, There: true},
			Postmaster{At: at(0.01), Node: n1, PID: 101, Began: 1, First: true}, Postmaster{At: at(0.01), Node: n2, PID: 102, Began: 1, First: true},
			Data{At: at(0.01), Node: n1, File: 7, System: 99, First: true}, Data{At: at(0.01), Node: n2, File: 8, System: 99, First: true},
		})
	return r
}

func (r Record) with(events ...[]Event) Record {
	r.Events = slices.Concat(append([][]Event{r.Events}, events...)...)
	return r
}

func (r Record) expecting(e Expected) Record {
	r.Periods = []Period{{From: r.From, To: r.To, Expected: e}}
	return r
}

func (r Record) typing(seconds float64, node string, argv ...string) Record {
	r.Typed = append(slices.Clone(r.Typed), lab.Typed{At: at(seconds), Node: node, Argv: argv})
	return r
}

// failover is the crash of node01 and what follows, up to its return as a standby.
func failover() Record {
	r := normal().expecting(Expected{Restarts: []string{n1}, Promotion: true}).with(
		server(10, n1, Died), score(12, n1, "-INFINITY"),
		data(13, n1, "DISCONNECT"), lockComes(13.1, n2), server(13.2, n2, PromoteAsked),
		[]Event{Server{At: at(13.22), Node: n2, What: RedoDone, LSN: 0x5000100}}, server(13.3, n2, Writable),
		data(13.4, n2, "LATEST"), score(13.4, n2, "1000"),
		lockGoes(40, n1), []Event{Data{At: at(41), Node: n1, File: 0}, Data{At: at(42), Node: n1, File: 70, System: 99}},
		server(43, n1, Starting), []Event{Postmaster{At: at(43), Node: n1, PID: 200, Began: 43}}, server(43.2, n1, ReadOnly),
		data(44, n1, "STREAMING|ASYNC"), used(44.1, n2, n1), data(44.2, n1, "STREAMING|SYNC"), score(44.3, n1, "100"),
	).typing(39, n1, "pg-rex_slave_start", "-n", "-b", "--remove-lock")
	r.Writes.Accepted = map[string][]lab.Span{n1: {{From: at(0.1), To: at(9.9)}}, n2: {{From: at(13.4), To: at(99)}}}
	r.Rows[0].Primary = n2
	r.Settled = []Settlement{settledOther()}
	return r
}

// standbyLost is the crash of node02, which node01 goes on without.
func standbyLost() Record {
	return normal().expecting(Expected{Restarts: []string{n2}}).with(
		server(10, n2, Died), data(12, n2, "DISCONNECT"), score(12.05, n2, "-INFINITY"), used(12.1, n1),
		server(40, n2, Starting), server(40.2, n2, ReadOnly),
		data(41, n2, "STREAMING|ASYNC"), used(41.1, n1, n2), data(41.2, n2, "STREAMING|SYNC"), score(41.3, n2, "100"),
	)
}

// switched is a planned change of roles: a shutdown, after which the lock says who
// has all, and goes when that is primary.
func switched() Record {
	r := normal().expecting(Expected{Promotion: true}).typing(5, n2, "pg-rex_switchover", "--yes").with(
		score(6, n2, "2000"), server(7, n1, StopAsked), []Event{Server{At: at(7.5), Node: n1, What: ShutDown, LSN: 0x6000028}},
		lockNoted(7.6, n1), server(7.7, n1, Starting), data(8, n1, "DISCONNECT"), score(8, n1, "-INFINITY"), lockComes(8.1, n2),
		server(8.2, n2, PromoteAsked), []Event{Server{At: at(8.3), Node: n2, What: RedoDone, LSN: 0x6000028}}, server(8.4, n2, Writable),
		data(8.5, n2, "LATEST"), lockGoes(8.8, n1), server(12.1, n1, ReadOnly),
	)
	r.Writes.Accepted = map[string][]lab.Span{n1: {{From: at(0.1), To: at(6.9)}}, n2: {{From: at(8.5), To: at(99)}}}
	r.Settled = []Settlement{settledOther()}
	return r
}

func TestHistoriesThatAreFine(t *testing.T) {
	last := normal().typing(20, n1, "pg-rex_stop").expecting(Expected{Restarts: []string{n2}}).with(
		server(5, n2, Died), data(7, n2, "DISCONNECT"), score(7, n2, "-INFINITY"), used(7.1, n1), server(20, n1, StopAsked), server(20.1, n1, Died), lockGoes(20.2, n1))
	crashed := normal().expecting(Expected{Restarts: []string{n1, n2}}).with(
		server(5, n2, Died), data(7, n2, "DISCONNECT"), score(7, n2, "-INFINITY"), used(7.1, n1), server(20, n1, Died), lockGoes(20.2, n1))
	// It takes the rights of the other, and does not go on without it.
	cutOff := failover().with([]Event{
		Attribute{At: at(5), View: n1, Node: n2, Name: "pgsql-data-status", Value: "DISCONNECT"},
		Attribute{At: at(5), View: n1, Node: n2, Name: "master-pgsql", Value: "-INFINITY"},
	})
	for name, r := range map[string]Record{"the last one crashes": crashed, "the last one is stopped at once": last, "nothing happens": normal(), "a failover": failover(), "a failover from one that is cut off": cutOff, "a lost standby": standbyLost(), "a switchover": switched()} {
		report := Judge(r)
		for _, f := range report.Findings {
			t.Errorf("%s: %s", name, f)
		}
		for _, i := range Invariants() {
			if report.Looks[i] == 0 && !(name == "nothing happens" && (i == I4 || i == I5)) && !(i == I4 && name != "a failover" && name != "a failover from one that is cut off" && name != "a switchover") {
				t.Errorf("%s: %s was not looked at", name, i)
			}
		}
	}
}

func TestWhatIsPutAsideIsKept(t *testing.T) {
	diverged := failover().with([]Event{
		End{At: at(10), Node: n1, Timeline: 1, LSN: 0x5000200}, Fork{At: at(13.25), Node: n2, Timeline: 1, LSN: 0x5000140},
		Rescue{At: at(40.5), Node: n1, Dir: "rescue-20261129-180040"},
	})
	follows := failover().with([]Event{
		End{At: at(10), Node: n1, Timeline: 1, LSN: 0x5000100}, Fork{At: at(13.25), Node: n2, Timeline: 1, LSN: 0x5000140},
	})
	given := failover().with([]Event{
		End{At: at(10), Node: n1, Timeline: 1, LSN: 0x5000200}, Fork{At: at(13.25), Node: n2, Timeline: 1, LSN: 0x5000140},
	})
	given.Consents = append(given.Consents, Consent{At: at(20), Node: n1, WAL: true})
	for name, r := range map[string]Record{"kept": diverged, "nothing to keep": follows, "given up by the harness": given} {
		found, looks := judgeRescues(r)
		if len(found) > 0 || looks[I9] != 1 {
			t.Errorf("%s: %v after %d looks", name, found, looks[I9])
		}
	}
}

func TestAnEndIsToldOnce(t *testing.T) {
	found, _ := judgeFenced(normal().with(server(20, n2, StopAsked), server(20.1, n2, Died), server(20.12, n2, Died), server(30, n2, Starting), server(40, n2, Died)))
	if len(found) != 4 {
		t.Errorf("%v", found)
	}
}

// without leaves out the events that match.
func (r Record) without(out func(Event) bool) Record {
	r.Events = slices.DeleteFunc(slices.Clone(r.Events), out)
	return r
}

func isAttribute(node, name, value string) func(Event) bool {
	return func(e Event) bool {
		a, ok := e.(Attribute)
		return ok && a.At.After(at(0.1)) && a.Node == node && a.Name == name && a.Value == value
	}
}

func TestBrokenHistories(t *testing.T) {
	for _, tt := range []struct {
		name   string
		record Record
		want   Invariant
		text   string
	}{
		{"two nodes accept writes", func() Record {
			r := failover()
			r.Writes.Accepted = map[string][]lab.Span{n1: {{From: at(0.1), To: at(13.5)}}, n2: {{From: at(13.4), To: at(99)}}}
			return r
		}(), I1, "accepted writes at once"},
		{"a node is not asked", func() Record {
			r := normal()
			r.Writes.Looked = map[string]int{n1: 10}
			return r
		}(), I1, "never asked"},
		{"rows are lost", func() Record {
			r := normal()
			r.Rows = []Rows{{Through: "vip-master", Verdict: lab.Verdict{Primary: n1, Acked: 10, Lost: []int64{4, 5}}}}
			return r
		}(), I2, "lacks 2 of 10 rows"},
		{"rows are not checked", func() Record {
			r := normal()
			r.Rows = nil
			return r
		}(), I2, "never looked at"},
		{"promoted although it may lack commits", failover().with(data(5, n2, "STREAMING|ASYNC")), I4, "STREAMING|ASYNC"},
		{"promoted by an old record", failover().with([]Event{
			// Only the lost primary has said so, before it went on alone.
			Attribute{At: at(5), View: n1, Node: n2, Name: "pgsql-data-status", Value: "DISCONNECT"},
			Attribute{At: at(5), View: n1, Node: n2, Name: "master-pgsql", Value: "-INFINITY"},
			Server{At: at(6), Node: n1, What: NamesUsed},
		}), I4, "DISCONNECT in the record of node01"},
		{"started as a primary by itself", standbyLost().with(score(39, n1, "-INFINITY"), data(39, n1, "DISCONNECT"), lockComes(40.25, n2), server(40.3, n2, Writable)), I4, "takes writes with"},
		{"no promotion is seen", normal().expecting(Expected{Promotion: true}), I4, "never looked at"},
		{"commits are released before anything is taken", standbyLost().without(isAttribute(n2, "pgsql-data-status", "DISCONNECT")).without(isAttribute(n2, "master-pgsql", "-INFINITY")),
			I5, "still has data status STREAMING|SYNC and promotion score 100"},
		{"the score is kept", standbyLost().without(isAttribute(n2, "master-pgsql", "-INFINITY")), I5, "promotion score 100"},
		{"the data status is taken too late", standbyLost().without(isAttribute(n2, "pgsql-data-status", "DISCONNECT")).with(data(12.2, n2, "DISCONNECT")), I5, "data status STREAMING|SYNC"},
		{"a new primary leaves the old one its data status", failover().without(isAttribute(n1, "pgsql-data-status", "DISCONNECT")), I5, "takes writes that do not wait"},
		{"rights are given to a standby that nobody waits for", standbyLost().without(func(e Event) bool {
			s, ok := e.(Server)
			return ok && s.What == NamesUsed && len(s.Names) == 1
		}), I5, "commits do not wait for it"},
		{"the release is not seen", standbyLost().without(func(e Event) bool {
			switch e := e.(type) {
			case Server:
				return e.What == NamesUsed
			case Attribute:
				return e.At.After(at(0))
			}
			return false
		}), I5, "never looked at"},
		{"no lock at the promotion", failover().without(func(e Event) bool {
			l, ok := e.(Lock)
			return ok && l.Node == n2 && l.There
		}), I6, "takes writes without PGSQL.lock"},
		{"the lock comes after the first write", failover().without(func(e Event) bool {
			l, ok := e.(Lock)
			return ok && l.Node == n2 && l.There
		}).with(lockComes(13.31, n2)), I6, "takes writes without PGSQL.lock"},
		{"the lock goes while the server writes", normal().with(lockGoes(20, n1)), I6, "gone while"},
		{"the lock goes after a crash", failover().with(lockGoes(20, n1)), I6, "without a shutdown, and node02 has the data status LATEST"},
		{"the lock goes after a stop at once beside a standby", normal().expecting(Expected{Restarts: []string{n1}}).with(
			server(20, n1, StopAsked), server(20.1, n1, Died), lockGoes(20.2, n1)), I6, "node02 has the data status STREAMING|SYNC"},
		{"the lock is not honoured", failover().with(server(20, n1, Starting)), I6, "although PGSQL.lock is there"},
		{"the lock says who has all, and nobody knows", failover().with(lockNoted(20, n1)), I6, "and there was no shutdown"},
		{"a primary with the lock of before", switched().with(lockNoted(20, n2), server(21, n2, Writable)), I6, "with a lock of before"},
		{"the lock goes, and the new primary has less", func() Record {
			r := switched()
			for i, e := range r.Events {
				if s, ok := e.(Server); ok && s.What == RedoDone {
					s.LSN = 0x5ffff00
					r.Events[i] = s
				}
			}
			return r
		}(), I6, "having replayed up to 0/5FFFF00"},
		{"fenced without a reason", func() Record {
			r := normal()
			r.Power = []lab.PowerEvent{{Time: at(20), PowerRequest: lab.PowerRequest{Action: "reboot", Node: n2}, PowerAnswer: lab.PowerAnswer{On: true}}}
			return r
		}(), I7, "was fenced"},
		{"not fenced", normal().expecting(Expected{Fenced: []string{n1}}), I7, "was not fenced"},
		{"restarted without a reason", normal().with([]Event{Postmaster{At: at(30), Node: n2, PID: 300, Began: 30}}), I7, "another one"},
		{"killed without a reason", normal().with(server(30, n2, Died)), I7, "ended without a shutdown"},
		{"stopped before its time", func() Record {
			r := standbyLost()
			r.Periods = []Period{{From: at(0), To: at(9)}, {From: at(9), To: at(100), Expected: Expected{Restarts: []string{n2}}}}
			return r.with(server(5, n2, StopAsked))
		}(), I7, "asked to stop"},
		{"an attribute says something else than the server", func() Record {
			r := normal()
			s := settledPair()
			s.Status.Nodes[n2].Attributes["pgsql-status"] = "HS:async"
			r.Settled = []Settlement{s}
			return r
		}(), I8, `pgsql-status is "HS:async"`},
		{"never settled", func() Record {
			r := normal()
			r.Settled = nil
			return r
		}(), I8, "never looked at"},
		{"the database is replaced by itself", normal().with([]Event{Data{At: at(20), Node: n2, File: 80, System: 99}}), I9, "replaced"},
		{"the database is emptied", normal().with([]Event{Data{At: at(20), Node: n2}}), I9, "control file is gone"},
		{"another database", normal().with([]Event{Data{At: at(20), Node: n2, File: 8, System: 100}}), I9, "system 100 and not 99"},
		{"consent on another node", normal().typing(10, n1, "pg-rex_standby_start").with([]Event{Data{At: at(20), Node: n2, File: 80, System: 99}}), I9, "replaced"},
		{"consent that comes too late", normal().typing(30, n2, "pg-rex_standby_start").with([]Event{Data{At: at(20), Node: n2, File: 80, System: 99}}), I9, "replaced"},
		{"what only the crashed one had is thrown away", failover().with([]Event{
			End{At: at(10), Node: n1, Timeline: 1, LSN: 0x5000200}, Fork{At: at(13.25), Node: n2, Timeline: 1, LSN: 0x5000140},
		}), I9, "WAL up to 0/5000200"},
		{"archived WAL is gone", normal().with([]Event{Archive{At: at(20), Node: n1, Gone: []string{"0000000100000000000000A1"}, Files: 4}}), I9, "1 of 4 archived files"},
		{"an action times out", func() Record {
			r := normal()
			r.Actions = append(r.Actions, lab.Action{Node: n2, Resource: "pgsql", Name: "monitor", End: at(60), Result: "timed out after 60s"})
			return r
		}(), I10, "monitor of pgsql"},
	} {
		report := Judge(tt.record)
		found := slices.ContainsFunc(report.Findings, func(f Finding) bool { return f.Invariant == tt.want && strings.Contains(f.Text, tt.text) })
		if !found {
			t.Errorf("%s: no %s %q in %v", tt.name, tt.want, tt.text, report.Findings)
		}
		for _, f := range report.Findings {
			if f.Invariant != tt.want && !strings.Contains(f.Text, "never looked at") {
				t.Errorf("%s: also %s", tt.name, f)
			}
		}
	}
}

func TestExpectationsAndExceptions(t *testing.T) {
	r := normal()
	r.Power = []lab.PowerEvent{
		{Time: at(20), PowerRequest: lab.PowerRequest{Action: "reboot", Node: n2}, PowerAnswer: lab.PowerAnswer{On: true}},
		{Time: at(19), PowerRequest: lab.PowerRequest{Action: "reboot", Node: n1}, PowerAnswer: lab.PowerAnswer{Error: "the switch does not answer"}},
	}
	r.Actions = append(r.Actions, lab.Action{Node: n2, Resource: "pgsql", Name: "stop", End: at(60), Result: "timed out"})
	r = r.with(server(21, n2, Starting), lockGoes(30, n1), []Event{
		Postmaster{At: at(40), Node: n1, PID: 1, Began: 1}, Postmaster{At: at(41), Node: n1}, Postmaster{At: at(42), Node: n1, PID: 101, Began: 1}, // edited, removed
	}).expecting(Expected{
		Fenced: []string{n2}, TimesOut: []string{n2}, Spared: map[Invariant]string{I6: "the scenario removes it"},
	})
	for _, f := range Judge(r).Findings {
		t.Errorf("%s, which was expected", f)
	}
}

func settledPair() Settlement {
	return Settlement{
		At: at(99), State: "S_IDLE",
		Status: lab.Status{DC: n1, Nodes: map[string]lab.NodeStatus{
			n1: {Online: true, Role: lab.Promoted, Locked: true, Attributes: map[string]string{"pgsql-status": "PRI", "pgsql-data-status": "LATEST", "master-pgsql": "1000"}},
			n2: {Online: true, Role: lab.Unpromoted, Attributes: map[string]string{"pgsql-status": "HS:sync", "pgsql-data-status": "STREAMING|SYNC", "master-pgsql": "100"}},
		}},
		Answers: map[string]Answer{
			n1: {Running: true, Names: []string{n2}, Senders: []Sender{{n2, "streaming", "sync"}}},
			n2: {Running: true, InRecovery: true},
		},
	}
}

// settledOther is the same with exchanged roles.
func settledOther() Settlement {
	s := settledPair()
	s.Status.Nodes[n1], s.Status.Nodes[n2] = s.Status.Nodes[n2], s.Status.Nodes[n1]
	s.Answers = map[string]Answer{
		n2: {Running: true, Names: []string{n1}, Senders: []Sender{{n1, "streaming", "sync"}}},
		n1: {Running: true, InRecovery: true},
	}
	return s
}

func TestDisagreements(t *testing.T) {
	alone := func() Settlement { // node02 is lost
		s := settledPair()
		s.Status.Nodes[n2] = lab.NodeStatus{Role: lab.Stopped, Attributes: map[string]string{"pgsql-data-status": "DISCONNECT"}}
		s.Answers = map[string]Answer{n1: {Running: true}}
		return s
	}
	three := func() Settlement {
		s := settledPair()
		s.Status.Nodes[n3] = lab.NodeStatus{Online: true, Role: lab.Unpromoted,
			Attributes: map[string]string{"pgsql-status": "HS:async", "pgsql-data-status": "STREAMING|ASYNC", "master-pgsql": "-INFINITY"}}
		a := s.Answers[n1]
		a.Senders = append(a.Senders, Sender{n3, "streaming", "async"})
		s.Answers[n1], s.Answers[n3] = a, Answer{Running: true, InRecovery: true}
		return s
	}
	for _, tt := range []struct {
		name string
		of   func() Settlement
		do   func(*Settlement)
		want string // empty: nothing
	}{
		{"a pair", settledPair, func(*Settlement) {}, ""},
		{"a primary alone", alone, func(*Settlement) {}, ""},
		{"three nodes", three, func(*Settlement) {}, ""},
		{"busy", settledPair, func(s *Settlement) { s.State = "S_TRANSITION_ENGINE" }, "busy"},
		{"nobody leads", settledPair, func(s *Settlement) { s.Status.DC = "" }, "nobody leads"},
		{"a role that is not the server's", settledPair, func(s *Settlement) { s.Answers[n2] = Answer{Running: true} }, "both primary"},
		{"a dead server", settledPair, func(s *Settlement) { s.Answers[n2] = Answer{Reason: "no socket"} }, "does not answer (no socket)"},
		{"no lock", settledPair, func(s *Settlement) {
			n := s.Status.Nodes[n1]
			n.Locked = false
			s.Status.Nodes[n1] = n
		}, "no PGSQL.lock"},
		{"rights of a lost node", alone, func(s *Settlement) { s.Status.Nodes[n2].Attributes["pgsql-data-status"] = "STREAMING|SYNC" }, "does not stream"},
		{"score of a lost node", alone, func(s *Settlement) { s.Status.Nodes[n2].Attributes["master-pgsql"] = "100" }, "promotion score"},
		{"commits wait for a lost node", alone, func(s *Settlement) { s.Answers[n1] = Answer{Running: true, Names: []string{n2}} }, "commits wait for"},
		{"a second one with rights", three, func(s *Settlement) { s.Status.Nodes[n3].Attributes["pgsql-data-status"] = "STREAMING|SYNC" }, "node03 streams, async"},
	} {
		s := tt.of()
		tt.do(&s)
		got := strings.Join(disagreements(s), "; ")
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
