package audit

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgrex/test/lab"
)

// Settlement is one comparison of what the cluster says with what its servers say.
type Settlement struct {
	At     time.Time
	Status lab.Status
	// State is that of the controller that leads, S_IDLE when nothing is pending.
	State   string
	Answers map[string]Answer // of every node that runs
	Err     error             // nobody could be asked
}

// Answer is what a node's server says of itself.
type Answer struct {
	Running    bool // it takes connections
	InRecovery bool
	Names      []string // that commits wait for
	Senders    []Sender
	Reason     string // why it does not answer
}

// Sender is a row of pg_stat_replication.
type Sender struct{ Name, State, Sync string }

// questions are asked on the server's own socket, as its owner. The first two
// have an answer of one line, the last one has one for each sender.
var questions = []string{
	"SELECT pg_is_in_recovery()",
	"SELECT current_setting('synchronous_standby_names')",
	"SELECT application_name || '|' || coalesce(state, '') || '|' || coalesce(sync_state, '') FROM pg_stat_replication",
}

// settle asks until cluster and servers agree or the time is over, and returns
// the last comparison.
func (w *Watch) settle(ctx context.Context, e Expected) Settlement {
	within := e.Settle
	if within == 0 {
		within = 20 * time.Second
	}
	var last Settlement
	_ = lab.Until(ctx, "settled cluster", within, func(ctx context.Context) (string, bool) {
		s := w.compare(ctx)
		if ctx.Err() == nil || last.At.IsZero() {
			last = s
		}
		wrong := disagreements(s)
		return strings.Join(wrong, "; "), len(wrong) == 0
	})
	return last
}

func (w *Watch) compare(ctx context.Context) Settlement {
	s := Settlement{At: time.Now(), Answers: map[string]Answer{}}
	if s.Status, s.Err = w.lab.Status(ctx); s.Err != nil {
		return s
	}
	for _, n := range w.lab.Nodes() {
		if n.Name == s.Status.DC {
			out, err := n.Run(ctx, "crmadmin", "--status="+n.Name)
			if s.State = controllerState(out); err != nil {
				s.State = err.Error()
			}
		}
		if n.Running() {
			s.Answers[n.Name] = ask(ctx, w.lab, n)
		}
	}
	return s
}

// controllerState finds the word in what crmadmin prints on one line or two.
func controllerState(out string) string {
	for _, word := range strings.Fields(out) {
		if strings.HasPrefix(word, "S_") {
			return strings.TrimRight(word, ":,")
		}
	}
	return strings.TrimSpace(out)
}

func ask(ctx context.Context, l *lab.Lab, n *lab.Node) Answer {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	argv := []string{l.PGBin() + "/psql", "-X", "-A", "-t", "-q", "-d", "postgres", "-p", strconv.Itoa(lab.PGPort)}
	for _, q := range questions {
		argv = append(argv, "-c", q)
	}
	out, err := n.RunAs(ctx, "postgres", argv...)
	if err != nil {
		return Answer{Reason: err.Error()}
	}
	return parseAnswer(out)
}

func parseAnswer(out string) Answer {
	lines := strings.Split(strings.TrimRight(out, "\n"), "\n")
	if len(lines) < 2 && strings.TrimSpace(out) == "" {
		return Answer{Reason: "an empty answer"}
	}
	a := Answer{Running: true, InRecovery: lines[0] == "t"}
	if len(lines) > 1 {
		a.Names = parseNames(lines[1])
	}
	for _, line := range lines[min(2, len(lines)):] {
		if f := strings.Split(line, "|"); len(f) == 3 {
			a.Senders = append(a.Senders, Sender{f[0], f[1], f[2]})
		}
	}
	return a
}

// What a standby is to the cluster, by its row in pg_stat_replication.
type rights struct{ status, data, score string }

var standbyRights = map[string]rights{
	"sync":      {"HS:sync", "STREAMING|SYNC", "100"},
	"quorum":    {"HS:sync", "STREAMING|SYNC", "100"},
	"potential": {"HS:potential", "STREAMING|POTENTIAL", "-INFINITY"},
	"async":     {"HS:async", "STREAMING|ASYNC", "-INFINITY"},
}

// disagreements are what is pending, and what cluster and servers do not agree on.
func disagreements(s Settlement) []string {
	if s.Err != nil {
		return []string{"the cluster does not answer: " + s.Err.Error()}
	}
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	switch {
	case s.Status.DC == "":
		say("nobody leads the cluster")
	case s.State != "S_IDLE":
		say("the cluster is busy: %s", s.State)
	}
	primary := ""
	for _, name := range slices.Sorted(maps.Keys(s.Status.Nodes)) {
		if a := s.Answers[name]; a.Running && !a.InRecovery {
			if primary != "" {
				say("the servers of %s and %s are both primary", primary, name)
			}
			primary = name
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Status.Nodes)) {
		n, a := s.Status.Nodes[name], s.Answers[name]
		if want := roleOf(n, a); n.Role != want {
			say("%s is %s to the cluster, and its server %s", name, n.Role, a)
		}
		switch {
		case name == primary:
			score := "1000"
			if got, _ := strconv.Atoi(n.Attributes["master-pgsql"]); got > 1000 && got < 2000 && someoneIsAway(s.Status) {
				score = n.Attributes["master-pgsql"] // above that of a primary that may come back
			}
			for _, wrong := range differences(n.Attributes, rights{"PRI", "LATEST", score}) {
				say("%s is primary: %s", name, wrong)
			}
			if !n.Locked {
				say("%s is primary and has no PGSQL.lock", name)
			}
		case primary != "":
			for _, wrong := range standbyDifferences(name, n, s.Answers[primary]) {
				say("%s", wrong)
			}
		}
	}
	if primary != "" {
		for _, name := range s.Answers[primary].Names {
			if n, known := s.Status.Nodes[name]; known && n.Attributes["pgsql-data-status"] != "STREAMING|SYNC" {
				say("commits wait for %s, whose data status is %q", name, n.Attributes["pgsql-data-status"])
			}
		}
	}
	return wrong
}

// someoneIsAway says that a node is out of sight, or has not said what it is.
func someoneIsAway(s lab.Status) bool {
	for _, n := range s.Nodes {
		if status := n.Attributes["pgsql-status"]; !n.Online || status == "" || status == "UNKNOWN" {
			return true
		}
	}
	return false
}

func (a Answer) String() string {
	switch {
	case !a.Running:
		return "does not answer (" + a.Reason + ")"
	case a.InRecovery:
		return "is in recovery"
	default:
		return "is primary"
	}
}

// roleOf is the role that goes with what a server says.
func roleOf(n lab.NodeStatus, a Answer) lab.Role {
	switch {
	case !a.Running || !n.Online:
		return lab.Stopped
	case a.InRecovery:
		return lab.Unpromoted
	default:
		return lab.Promoted
	}
}

func differences(attributes map[string]string, want rights) []string {
	var wrong []string
	for _, p := range []struct{ name, want string }{
		{"pgsql-status", want.status}, {"pgsql-data-status", want.data}, {"master-pgsql", want.score},
	} {
		if got := attributes[p.name]; got != p.want {
			wrong = append(wrong, fmt.Sprintf("%s is %q and not %q", p.name, got, p.want))
		}
	}
	return wrong
}

// standbyDifferences compares a node's attributes with what the primary's server
// says of its standby. Rights count whether its node is online or not.
func standbyDifferences(name string, n lab.NodeStatus, primary Answer) []string {
	i := slices.IndexFunc(primary.Senders, func(s Sender) bool { return strings.EqualFold(s.Name, name) && s.State == "streaming" })
	if i >= 0 && n.Online {
		var wrong []string
		sync := primary.Senders[i].Sync
		for _, w := range differences(n.Attributes, standbyRights[sync]) {
			wrong = append(wrong, fmt.Sprintf("%s streams, %s: %s", name, sync, w))
		}
		if named := slices.Contains(primary.Names, name); named != (sync == "sync" || sync == "quorum") {
			wrong = append(wrong, fmt.Sprintf("%s is %s, and commits wait for %q", name, sync, primary.Names))
		}
		return wrong
	}
	var wrong []string
	if data := n.Attributes["pgsql-data-status"]; data != "DISCONNECT" && data != "" {
		wrong = append(wrong, fmt.Sprintf("%s does not stream, and its data status is %q", name, data))
	}
	if score := n.Attributes["master-pgsql"]; score != "-INFINITY" && score != "" {
		wrong = append(wrong, fmt.Sprintf("%s does not stream, and its promotion score is %q", name, score))
	}
	if status := n.Attributes["pgsql-status"]; strings.HasPrefix(status, "HS:") && status != "HS:alone" && status != "HS:connected" {
		wrong = append(wrong, fmt.Sprintf("%s does not stream, and its status is %q", name, status))
	}
	if slices.Contains(primary.Names, name) {
		wrong = append(wrong, fmt.Sprintf("%s does not stream, and commits wait for it", name))
	}
	return wrong
}
