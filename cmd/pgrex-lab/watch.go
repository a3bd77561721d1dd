package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	layout "pgrex/internal/message"
	"pgrex/test/lab"
)

// watch shows the cluster until the new primary has acknowledged a commit and
// owns vip-master: redrawn in place on a terminal, else one line per change.
func (a *app) watch(ctx context.Context, l *lab.Lab, w *lab.Writer, fault time.Time, to *lab.Node) error {
	screen := a.newScreen(fault)
	var before lab.Status
	var promoted time.Time // when it was first seen
	return lab.Until(ctx, "take-over by "+to.Name, lab.Timeouts.Takeover, func(ctx context.Context) (string, bool) {
		// The surviving node knows first.
		s, err := to.Status(ctx)
		if err != nil {
			return err.Error(), false
		}
		l.Complete(&s)
		h := w.History()
		screen.show(before, s, h)
		before = s
		if s.Primary() != to.Name || s.VIPs["vip-master"] != to.Name {
			return s.String(), false
		}
		if promoted.IsZero() {
			promoted = time.Now()
		}
		_, written := h.FirstAckAfter(promoted)
		return s.String(), written
	})
}

// screen shows the status of the cluster as it changes.
type screen interface {
	show(before, now lab.Status, h lab.History)
}

func (a *app) newScreen(fault time.Time) screen {
	if f, ok := a.out.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		return &liveScreen{app: a, fault: fault}
	}
	return &plainScreen{app: a, fault: fault}
}

// liveScreen redraws the status in place.
type liveScreen struct {
	*app
	fault time.Time
	drawn int // lines to go back over
}

const (
	cursorUp  = "\x1b[%dA"
	clearDown = "\x1b[J"
)

func (s *liveScreen) show(_, now lab.Status, h lab.History) {
	lines := []string{s.say(msgDemoWatch, time.Since(s.fault).Seconds()) + "   " + s.acked(h), ""}
	lines = append(lines, s.table(now)...)
	var b strings.Builder
	if s.drawn > 0 {
		fmt.Fprintf(&b, cursorUp, s.drawn)
	}
	b.WriteString(clearDown)
	for _, line := range lines {
		b.WriteString("  " + fit(line, s.columns()-2) + "\n")
	}
	io.WriteString(s.out, b.String())
	s.drawn = len(lines)
}

func (s *liveScreen) acked(h lab.History) string {
	if len(h.Acked) == 0 {
		return ""
	}
	last := h.Acked[len(h.Acked)-1]
	return s.say(msgWatchAck, len(h.Acked), time.Since(last.End).Seconds())
}

func (s *liveScreen) columns() int {
	if f, ok := s.out.(*os.File); ok {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 10 {
			return w
		}
	}
	return 80
}

// fit cuts a line to a width: a line that wraps would break the redrawing.
func fit(line string, columns int) string {
	var b strings.Builder
	used := 0
	for _, r := range line {
		used += layout.Width(string(r))
		if used > columns {
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

// plainScreen prints each change once.
type plainScreen struct {
	*app
	fault time.Time
}

func (s *plainScreen) show(before, now lab.Status, _ lab.History) {
	for _, c := range before.Changes(now) {
		s.print(msgWatchChange, time.Since(s.fault).Seconds(), c)
	}
}
