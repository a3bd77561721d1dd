package lab

import (
	"regexp"
	"strings"
	"time"
)

// Action is one action of an agent as Pacemaker's log tells of it.
type Action struct {
	Node, Resource, Name string
	Begin, End           time.Time // Begin is zero where the log does not show it
	Result               string
}

// Actions reads what a node's Pacemaker did with the agents since a time.
func (n *Node) Actions(since time.Time) ([]Action, error) {
	content, err := n.ReadFile(PacemakerLog)
	if err != nil {
		return nil, err
	}
	return parseActions(n.Name, string(content), since), nil
}

var (
	beginLine  = regexp.MustCompile(`executing - rsc:(\S+) action:(\S+) call_id:`)
	resultLine = regexp.MustCompile(`Result of (\S+) operation for (\S+) on [^:\s]+: ([^|]*)`)
)

// parseActions joins the executor's "executing" lines with the controller's
// "Result" lines. A recurring monitor shows a result only when it changes, and
// no begin.
func parseActions(node, log string, since time.Time) []Action {
	var actions []Action
	begun := map[string]time.Time{}
	for line := range strings.Lines(log) {
		at, ok := parseSyslogTime(line, since)
		if !ok || at.Before(since) {
			continue
		}
		if m := beginLine.FindStringSubmatch(line); m != nil {
			begun[m[1]+" "+m[2]] = at
		}
		if m := resultLine.FindStringSubmatch(line); m != nil {
			key := m[2] + " " + m[1]
			actions = append(actions, Action{
				Node: node, Resource: m[2], Name: m[1], Begin: begun[key], End: at, Result: plainResult(m[3]),
			})
			delete(begun, key)
		}
	}
	return actions
}

// plainResult makes the results of all versions look alike: "0 (ok)" before
// 2.1, "ok" in 2.1, "OK" in 3.0, with a reason in brackets for a failure.
func plainResult(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if m := numberedResult.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	s, _, _ = strings.Cut(s, " (")
	return s
}

var numberedResult = regexp.MustCompile(`^\d+ \((.*)\)$`)

// LostAt is when this node's Pacemaker learned, since a time, that a peer is
// gone; zero if it did not.
func (n *Node) LostAt(peer *Node, since time.Time) (time.Time, error) {
	content, err := n.ReadFile(PacemakerLog)
	if err != nil {
		return time.Time{}, err
	}
	return parsePeerLoss(peer.Name, string(content), since), nil
}

func parsePeerLoss(peer, log string, since time.Time) time.Time {
	for line := range strings.Lines(log) {
		at, ok := parseSyslogTime(line, since)
		if ok && !at.Before(since) && strings.Contains(line, "Node "+peer+" state is now lost") {
			return at
		}
	}
	return time.Time{}
}

// SyslogTime reads the time at the begin of a line of Pacemaker's log, which
// has no year: the one that brings it nearest to a known time is right.
func SyslogTime(line string, near time.Time) (time.Time, bool) { return parseSyslogTime(line, near) }

// parseSyslogTime reads "Nov 23 03:47:09.960", which has no year: the one that
// brings it nearest to a known time is right. Nodes log in UTC.
func parseSyslogTime(line string, near time.Time) (time.Time, bool) {
	const layout = "Jan _2 15:04:05.000"
	if len(line) < len(layout) {
		return time.Time{}, false
	}
	t, err := time.Parse(layout, line[:len(layout)])
	if err != nil {
		return time.Time{}, false
	}
	best := time.Time{}
	for year := near.UTC().Year() - 1; year <= near.UTC().Year()+1; year++ {
		c := time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
		if best.IsZero() || c.Sub(near).Abs() < best.Sub(near).Abs() {
			best = c
		}
	}
	return best, true
}

// LogLine is one line of PostgreSQL's log.
type LogLine struct {
	Node, Text string
	At         time.Time
}

// PostgreSQLLines reads a node's PostgreSQL log since a time.
func (n *Node) PostgreSQLLines(since time.Time) ([]LogLine, error) {
	content, err := n.ReadFile(PostgreSQLLog)
	if err != nil {
		return nil, err
	}
	return parsePostgreSQL(n.Name, string(content), since), nil
}

// parsePostgreSQL reads lines that begin with "2026-11-23 03:46:38.012 UTC";
// continuation lines do not.
func parsePostgreSQL(node, log string, since time.Time) []LogLine {
	const layout = "2006-01-02 15:04:05.000 MST"
	var found []LogLine
	for line := range strings.Lines(log) {
		if len(line) < len(layout) {
			continue
		}
		at, err := time.Parse(layout, line[:len(layout)])
		if err != nil || at.Before(since) {
			continue
		}
		found = append(found, LogLine{Node: node, Text: strings.TrimSpace(line[len(layout):]), At: at})
	}
	return found
}

// PacemakerLines reads a node's Pacemaker log since a time.
func (n *Node) PacemakerLines(since time.Time) ([]LogLine, error) {
	content, err := n.ReadFile(PacemakerLog)
	if err != nil {
		return nil, err
	}
	return parsePacemaker(n.Name, string(content), since), nil
}

func parsePacemaker(node, log string, since time.Time) []LogLine {
	var found []LogLine
	for line := range strings.Lines(log) {
		if at, ok := parseSyslogTime(line, since); ok && !at.Before(since) {
			found = append(found, LogLine{Node: node, Text: strings.TrimSpace(line[len("Jan _2 15:04:05.000"):]), At: at})
		}
	}
	return found
}
