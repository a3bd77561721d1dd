package audit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgrex/test/lab"
)

// The changes of the cluster's record, as pacemaker-based of 2.0 to 3.0 logs
// them at level info when it has made them, so before who asked for one is told:
//
//	... (cib_perform_op) info: +  /cib/.../nvpair[@id='nodes-2-pgsql-data-status']:  @value=DISCONNECT
//	... (cib_perform_op) info: ++ ...  <nvpair id="status-2-master-pgsql" name="master-pgsql" value="100"/>
//	... (cib_perform_op) info: -- /cib/status/node_state[@id='2']/transient_attributes[@id='2']
//
// The times are of the kernel's coarse clock: up to 4 ms early, never late.
var (
	changedPair  = regexp.MustCompile(`: \+  /cib/\S*/nvpair\[@id='(?:nodes|status)-(\d+)-([^']+)'\]:  .*@value=(.*)$`)
	createdPair  = regexp.MustCompile(`: \+\+ .*<nvpair id="(?:nodes|status)-(\d+)-[^"]*" name="([^"]+)" value="([^"]*)"/>`)
	deletedPair  = regexp.MustCompile(`: -- /cib/\S*/nvpair\[@id='(?:nodes|status)-(\d+)-([^']+)'\]$`)
	forgotten    = regexp.MustCompile(`: -- /cib/status/node_state\[@id='(\d+)'\](?:/transient_attributes\[@id='\d+'\](?:/instance_attributes\[@id='[^']*'\])?)?$`)
	unescapeXML  = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&amp;", "&")
	cibChange    = "(cib_perform_op)"
	pacemakerUp  = "pacemakerd "
	pacemakerNew = ") 	notice: Starting Pacemaker "
)

// parsePacemaker reads one line of a node's pacemaker.log. Nodes have the
// numbers of their order.
func parsePacemaker(view, line string, near time.Time, nodes []string) (Event, bool) {
	line = strings.TrimRight(line, "\r\n")
	cib := strings.Contains(line, cibChange)
	if !cib && !strings.Contains(line, pacemakerUp) {
		return nil, false
	}
	at, ok := lab.SyslogTime(line, near)
	if !ok {
		return nil, false
	}
	if !cib {
		if strings.Contains(line, pacemakerNew) {
			return Forgotten{At: at, View: view}, true
		}
		return nil, false
	}
	name := func(id string) (string, bool) {
		i, err := strconv.Atoi(id)
		if err != nil || i < 1 || i > len(nodes) {
			return "", false
		}
		return nodes[i-1], true
	}
	attribute := func(m []string, value string) (Event, bool) {
		node, ok := name(m[1])
		return Attribute{At: at, View: view, Node: node, Name: m[2], Value: unescapeXML.Replace(value)}, ok
	}
	if m := changedPair.FindStringSubmatch(line); m != nil {
		return attribute(m, m[3])
	}
	if m := createdPair.FindStringSubmatch(line); m != nil {
		return attribute(m, m[3])
	}
	if m := deletedPair.FindStringSubmatch(line); m != nil {
		return attribute(m, "")
	}
	if m := forgotten.FindStringSubmatch(line); m != nil {
		node, ok := name(m[1])
		return Forgotten{At: at, View: view, Node: node}, ok
	}
	return nil, false
}

// The messages of PostgreSQL that tell what happens to a server.
var serverMessages = []struct {
	begins string
	what   Moment
}{
	{"starting PostgreSQL ", Starting},
	{"database system is ready to accept read-only connections", ReadOnly},
	{"database system is ready to accept read only connections", ReadOnly}, // before 14
	{"database system is ready to accept connections", Writable},
	{"received promote request", PromoteAsked},
	{"redo done at ", RedoDone},
	{"selected new timeline ID: ", NewTimeline},
	{"received smart shutdown request", StopAsked},
	{"received fast shutdown request", StopAsked},
	{"received immediate shutdown request", StopAsked},
	{"database system is shut down", ShutDown},
	{`parameter "synchronous_standby_names" changed to `, NamesUsed},
}

// parsePostgreSQL reads one line of a server's log.
func parsePostgreSQL(node, line string) (Server, bool) {
	const layout = "2006-01-02 15:04:05.000 MST"
	const level = "LOG:  "
	// What a server in single-user mode prompts with has no end of line.
	const prompt = "backend> "
	for strings.HasPrefix(line, prompt) {
		line = line[len(prompt):]
	}
	if len(line) < len(layout) {
		return Server{}, false
	}
	_, text, _ := strings.Cut(line[len(layout):], "] ") // log_line_prefix ends with the process
	text, ok := strings.CutPrefix(text, level)
	if !ok {
		return Server{}, false
	}
	for _, m := range serverMessages {
		rest, ok := strings.CutPrefix(strings.TrimRight(text, "\r\n"), m.begins)
		if !ok {
			continue
		}
		at, err := time.Parse(layout, line[:len(layout)])
		if err != nil {
			return Server{}, false
		}
		e := Server{At: at, Node: node, What: m.what}
		switch m.what {
		case NamesUsed:
			// The value is within quotes, which are not doubled in it.
			e.Names = parseNames(strings.TrimSuffix(strings.TrimPrefix(rest, `"`), `"`))
		case RedoDone:
			lsn, _, _ := strings.Cut(rest, " ")
			e.LSN, _ = parseLSN(lsn)
		case NewTimeline:
			e.Timeline, _ = strconv.ParseUint(rest, 10, 32)
		}
		return e, true
	}
	return Server{}, false
}

// parseNames are the names in a value of synchronous_standby_names.
func parseNames(value string) []string {
	if open := strings.Index(value, "("); open >= 0 {
		value = strings.TrimSuffix(strings.TrimSpace(value[open+1:]), ")")
	}
	var names []string
	for name := range strings.SplitSeq(value, ",") {
		if name = strings.Trim(strings.TrimSpace(name), `"`); name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// parseList reads rep_mode.conf.
func parseList(text string) []string {
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(line, "="); ok && strings.TrimSpace(key) == "synchronous_standby_names" {
			return parseNames(strings.Trim(strings.TrimSpace(value), "'"))
		}
	}
	return nil
}

func parseLSN(s string) (uint64, error) {
	high, low, ok := strings.Cut(s, "/")
	if !ok {
		return 0, fmt.Errorf("%q is no position", s)
	}
	h, err := strconv.ParseUint(high, 16, 32)
	l, err2 := strconv.ParseUint(low, 16, 32)
	return h<<32 | l, errors.Join(err, err2)
}

func lsn(n uint64) string { return fmt.Sprintf("%X/%X", n>>32, uint32(n)) }

// parseHistory reads the last line of a timeline's history file: which timeline
// was left, and where.
func parseHistory(text string) (timeline, position uint64, ok bool) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 2 || strings.HasPrefix(f[0], "#") {
			continue
		}
		tl, err := strconv.ParseUint(f[0], 10, 32)
		at, err2 := parseLSN(f[1])
		timeline, position, ok = tl, at, err == nil && err2 == nil
	}
	return timeline, position, ok
}

// lastRecord finds where the last record begins, in the output of pg_waldump.
func lastRecord(out string) (uint64, bool) {
	i := strings.LastIndex(out, ", lsn: ")
	if i < 0 {
		return 0, false
	}
	text, _, _ := strings.Cut(out[i+len(", lsn: "):], ",")
	n, err := parseLSN(text)
	return n, err == nil
}

// segmentStart is the timeline and the first position of a segment of the
// default size, by its name.
func segmentStart(name string) (timeline, position uint64, ok bool) {
	const size = 16 << 20
	if len(name) != 24 {
		return 0, 0, false
	}
	timeline, err := strconv.ParseUint(name[:8], 16, 32)
	high, err2 := strconv.ParseUint(name[8:16], 16, 32)
	low, err3 := strconv.ParseUint(name[16:], 16, 32)
	return timeline, high<<32 | low*size, errors.Join(err, err2, err3) == nil
}

// parsePostmaster reads postmaster.pid.
func parsePostmaster(text string) (pid int, began int64, ok bool) {
	lines := strings.Split(text, "\n")
	if len(lines) < 3 {
		return 0, 0, false // half a write
	}
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	began, err2 := strconv.ParseInt(strings.TrimSpace(lines[2]), 10, 64)
	return pid, began, err == nil && err2 == nil
}

// control is what is read of a control file.
type control struct {
	system     uint64 // system identifier
	checkpoint uint64 // begin of the last one
	shutDown   bool   // in order
}

// parseControl reads what lies at the same place in the control file of every
// release from 11 on (pg_control.h), in the byte order of the machine.
func parseControl(b []byte) (control, bool) {
	const versionAt, stateAt, checkpointAt, end = 8, 16, 32, 40
	const shutDown, shutDownInRecovery = 1, 2
	const oldest, newest = 1100, 2999 // release 11, and those to come
	if len(b) < end || binary.NativeEndian.Uint32(b[versionAt:]) < oldest || binary.NativeEndian.Uint32(b[versionAt:]) > newest {
		return control{}, false // half a write, or overwritten
	}
	state := binary.NativeEndian.Uint32(b[stateAt:])
	return control{
		system: binary.NativeEndian.Uint64(b), checkpoint: binary.NativeEndian.Uint64(b[checkpointAt:]),
		shutDown: state == shutDown || state == shutDownInRecovery,
	}, true
}

// consentOf says what an operator has agreed to by typing a command.
func consentOf(t lab.Typed) []Consent {
	if len(t.Argv) == 0 {
		return nil
	}
	name, args := filepath.Base(t.Argv[0]), t.Argv[1:]
	if name == "pg-rex" && len(args) > 0 {
		name, args = "pg-rex_"+strings.ReplaceAll(args[0], "-", "_"), args[1:]
	}
	c := Consent{At: t.At, Node: t.Node}
	switch strings.NewReplacer("master", "primary", "slave", "standby").Replace(name) {
	case "pg-rex_primary_start":
		c.Server, c.Lock = true, slices.Contains(args, "--remove-lock")
	case "pg-rex_standby_start", "pg-rex_init":
		c.Server, c.Lock, c.Start, c.Data, c.Archive = true, true, true, true, true
	case "pg-rex_stop":
		c.Server = true
	case "pg-rex_switchover": // it works on both nodes, and may go back
		c.Node, c.Server, c.Start = "", true, true
	case "pg-rex_archivefile_delete", "pg-rex_archive":
		c.Archive = true
	default:
		return nil
	}
	return []Consent{c}
}
