package wal

import (
	"fmt"
	"strconv"
	"strings"
)

// Entry is one line of a timeline history file: Timeline was left at SwitchPoint.
type Entry struct {
	Timeline    Timeline
	SwitchPoint LSN
	Reason      string
}

// History is the content of a timeline history file: the ancestors of a
// timeline, oldest first. Timeline 1 has no file and an empty history.
type History []Entry

// ParseHistory reads the file that PostgreSQL writes at a promotion: parent
// timeline, switch point and reason, separated by tabs; empty lines and lines
// that begin with # are comments (PostgreSQL manual, "Timelines").
func ParseHistory(b []byte) (History, error) {
	var h History
	for n, line := range strings.Split(string(b), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.SplitN(line, "\t", 3)
		if len(f) < 2 {
			return nil, fmt.Errorf("cannot read timeline history: line %d is %q", n+1, line)
		}
		tli, err := strconv.ParseUint(strings.TrimSpace(f[0]), 10, 32)
		if err != nil || tli == 0 {
			return nil, fmt.Errorf("cannot read timeline history: line %d is %q", n+1, line)
		}
		lsn, err := ParseLSN(strings.TrimSpace(f[1]))
		if err != nil {
			return nil, fmt.Errorf("cannot read timeline history: line %d: %w", n+1, err)
		}
		if len(h) > 0 && h[len(h)-1].Timeline >= Timeline(tli) {
			return nil, fmt.Errorf("cannot read timeline history: timeline %d follows %d", tli, h[len(h)-1].Timeline)
		}
		e := Entry{Timeline: Timeline(tli), SwitchPoint: lsn}
		if len(f) == 3 {
			e.Reason = strings.TrimSpace(f[2])
		}
		h = append(h, e)
	}
	return h, nil
}
