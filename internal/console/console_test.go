package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgrex/internal/message"
)

// screen is what a console writes to, and a clock that tests move.
type screen struct {
	out, err, log bytes.Buffer
	now           time.Time
}

func (s *screen) console(change func(o *Options)) *Console {
	s.now = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	o := Options{Op: "pg-rex_stop", Out: &s.out, Err: &s.err, Log: &s.log, LogName: "/var/log/x.log", In: strings.NewReader(""),
		Now: func() time.Time { return s.now }}
	if change != nil {
		change(&o)
	}
	return New(o)
}

func inJSON(o *Options)     { o.JSON = true }
func onTerminal(o *Options) { o.Terminal = true }

func TestSteps(t *testing.T) {
	var s screen
	c := s.console(nil)
	c.Step(message.STP101)
	c.OK()
	c.Step(message.STP102)
	c.SubStep(message.STP101)
	c.Skip()
	c.SubStep(message.STP102)
	s.now = s.now.Add(3200 * time.Millisecond)
	c.OK()
	c.Tell(message.STP012, "role", "Primary", "node", "a")
	c.Tell(message.STP013)
	if err := c.Do(message.STP101, nil, func() error { return errors.New("broken") }); err == nil {
		t.Error("the error is lost")
	}
	c.Step(message.STP101)
	if status := c.Finish(message.Fail(message.STP032, "pid", 7).With("a line").Because(errors.New("one\ntwo")).Then("pg-rex_status")); status != 1 {
		t.Errorf("exit status %d", status)
	}
	wantOut := `1. Stop Pacemaker
...[OK]
2. Confirm the stop
2.1 Stop Pacemaker
...[SKIP]
2.2 Confirm the stop
...[OK] (3.2 s)
Stopping Primary on a.
3. Stop Pacemaker
...[NG]
4. Stop Pacemaker
...[NG]
`
	wantErr := `STP-013: The role of this node is unknown.
STP-032: PostgreSQL is still running (pid 7).
  a line
  one
  two
next: pg-rex_status
`
	if s.out.String() != wantOut || s.err.String() != wantErr {
		t.Errorf("standard output:\n%s\nstandard error:\n%s", s.out.String(), s.err.String())
	}
	// The log has all of it, with time and process.
	stamp := regexp.MustCompile(`(?m)^2026-04-01T12:00:0\d\.\d{3}\+00:00 pg-rex_stop\[\d+\] `)
	logged := s.log.String()
	if n := strings.Count(logged, "\n"); len(stamp.FindAllString(logged, -1)) != n {
		t.Errorf("a line of the log has no time stamp:\n%s", logged)
	}
	if got := strings.Count(stamp.ReplaceAllString(logged, ""), "\n"); got != strings.Count(wantOut+wantErr, "\n")+1 || !strings.HasSuffix(logged, "- exit 1\n") {
		t.Errorf("the log:\n%s", logged)
	}
}

// Conformance: AT-019 (unit)
func TestEveryLineIsJSON(t *testing.T) {
	for name, play := range map[string]func(c *Console) error{
		"nothing": func(*Console) error { return nil },
		"everything": func(c *Console) error {
			c.Step(message.STP101)
			c.SubStep(message.STP102)
			c.Skip()
			c.OK()
			c.Tell(message.STP013)
			c.Lines("one", "\x1b[31mtwo\n", "三")
			c.Data(map[string]any{"node": "a"})
			c.Data(func() {}) // cannot be put in JSON
			c.Detail("a %s", "detail")
			for i := range int64(5) {
				c.Progress(i, 10)
				c.Waiting("Pacemaker", time.Now().Add(-time.Minute))
			}
			c.ProgressDone()
			_, err := c.Confirm(context.Background(), message.STP020, "peer", "b\"\n")
			return errors.Join(err, errors.New("plain"), &Interrupted{ID: message.CMN032})
		},
		"an open step": func(c *Console) error {
			c.Step(message.STP101)
			return message.Fail(message.STP031, "sec", 1, "list", "x").With("y").Because(errors.New("z"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, verbose := range []bool{false, true} {
				var s screen
				c := s.console(func(o *Options) { o.JSON, o.Verbose, o.Terminal = true, verbose, true })
				status := c.Finish(play(c))
				var last map[string]any
				for line := range strings.Lines(s.out.String()) {
					last = nil
					if err := json.Unmarshal([]byte(line), &last); err != nil {
						t.Fatalf("%v: %q", err, line)
					}
					for _, field := range []string{"time", "op", "state"} {
						if last[field] == "" || last[field] == nil {
							t.Errorf("%q has no %s", line, field)
						}
					}
					if _, exit := last["exit"]; exit != (last["state"] == "end") {
						t.Errorf("%q", line)
					}
				}
				if exit, ok := last["exit"].(float64); !ok || int(exit) != status {
					t.Errorf("the last line is %v, the status %d", last, status)
				}
				if s.err.Len() > 0 {
					t.Errorf("standard error: %s", s.err.String())
				}
			}
		})
	}
}

// What a line of JSON says of a step, of a message and of a failure.
func TestJSONFields(t *testing.T) {
	var s screen
	c := s.console(inJSON)
	c.Step(message.STP101)
	c.SubStep(message.STP012, "role", "Primary", "node", "a")
	s.now = s.now.Add(1500 * time.Millisecond)
	c.OK()
	c.Finish(message.Fail(message.STP032, "pid", 7).Then("pg-rex_status"))
	want := `{"step":"1","state":"begin","id":"STP-101","text":"Stop Pacemaker"}
{"step":"1.1","state":"begin","id":"STP-012","params":{"node":"a","role":"Primary"},"text":"Stopping Primary on a."}
{"step":"1.1","state":"ok","id":"STP-012","seconds":1.5}
{"step":"1.1","state":"error","id":"STP-032","params":{"pid":"7"},"text":"PostgreSQL is still running (pid 7).","next":"pg-rex_status"}
{"step":"1.1","state":"end","exit":1}
`
	got := regexp.MustCompile(`"time":"[^"]*","op":"pg-rex_stop",`).ReplaceAllString(s.out.String(), "")
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestQuestions(t *testing.T) {
	for _, tt := range []struct {
		name   string
		input  string
		change func(o *Options)
		yes    bool
		fails  message.ID
	}{
		{name: "y", input: "y\n", change: onTerminal, yes: true},
		{name: "Y", input: "Y\n", change: onTerminal, yes: true},
		{name: "y without the end of the line", input: "y", change: onTerminal, yes: true},
		{name: "y with blanks", input: " y \r\n", change: onTerminal, yes: true},
		{name: "n", input: "n\n", change: onTerminal},
		{name: "yes", input: "yes\n", change: onTerminal},
		{name: "empty", input: "\n", change: onTerminal},
		{name: "full width", input: "ｙ\n", change: onTerminal},
		{name: "end of input", change: onTerminal, fails: message.CMN052},
		{name: "no terminal", input: "y\n", fails: message.CMN051},
		{name: "JSON", input: "y\n", change: func(o *Options) { o.JSON, o.Terminal = true, true }, fails: message.CMN051},
		{name: "--yes", change: func(o *Options) { o.Yes = true }, yes: true},
		{name: "--yes beside a terminal", input: "n\n", change: func(o *Options) { o.Yes, o.Terminal = true, true }, yes: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s screen
			c := s.console(func(o *Options) {
				o.In = strings.NewReader(tt.input)
				if tt.change != nil {
					tt.change(o)
				}
			})
			yes, err := c.Confirm(context.Background(), message.STP023)
			if yes != tt.yes || (err == nil) != (tt.fails == "") || err != nil && (!message.IsFailure(err, tt.fails) || Status(err) != 4) {
				t.Errorf("%v %v", yes, err)
			}
			asked := strings.Contains(s.out.String()+s.err.String(), "This node may be Primary. Stop? (y/N)")
			if asked == (c.o.Yes) {
				t.Errorf("asked: %v\n%s%s", asked, s.out.String(), s.err.String())
			}
		})
	}
}

// Each question gets a line of its own; one that is called off waits for none.
func TestAsk(t *testing.T) {
	r, w := io.Pipe()
	var s screen
	c := s.console(func(o *Options) { o.Terminal, o.In = true, r })
	go func() { _, _ = io.WriteString(w, "r \n\nb\n") }()
	for _, want := range []string{"r", "", "b"} {
		if got, err := c.Ask(context.Background(), message.STP023); err != nil || got != want {
			t.Errorf("%q %v, want %q", got, err, want)
		}
	}
	cause := &Interrupted{ID: message.CMN032}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	if _, err := c.Ask(ctx, message.STP023); !errors.Is(err, cause) {
		t.Errorf("called off: %v", err)
	}
	if !strings.Contains(s.log.String(), "Stop? (y/N) r") {
		t.Errorf("the answer is not in the log:\n%s", s.log.String())
	}
}

func TestProgress(t *testing.T) {
	const mib = 1 << 20
	play := func(change func(o *Options)) *screen {
		var s screen
		c := s.console(change)
		begun := s.now
		for i := range int64(31) { // half a minute
			c.Progress(i*mib, 30*mib)
			s.now = s.now.Add(time.Second)
		}
		c.ProgressDone()
		for range 25 {
			c.Waiting("Pacemaker", begun.Add(31*time.Second))
			s.now = s.now.Add(time.Second)
		}
		c.Tell(message.STP013)
		c.ProgressDone()
		return &s
	}
	s := play(nil)
	lines := "10.0 MiB of 30.0 MiB (33%), 1.0 MiB/s, about 20s left\n20.0 MiB of 30.0 MiB (66%), 1.0 MiB/s, about 10s left\n" +
		"30.0 MiB of 30.0 MiB (100%), 1.0 MiB/s, about 0s left\nwaiting for Pacemaker: 10 s\nwaiting for Pacemaker: 20 s\n"
	if s.out.String() != lines {
		t.Errorf("not on a terminal:\n%q", s.out.String())
	}
	s = play(onTerminal)
	if got := s.out.String(); strings.Contains(got, "\n") || !strings.Contains(got, "(50%)") || !strings.Contains(got, "\r\x1b[Kwaiting for Pacemaker: 3 s") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("on a terminal:\n%q", got)
	}
	if strings.Contains(s.log.String(), "\x1b") || strings.Contains(s.log.String(), "%") {
		t.Errorf("the log has what was drawn:\n%q", s.log.String())
	}
	s = play(func(o *Options) { o.JSON, o.Terminal = true, true })
	if got := strings.Count(s.out.String(), `"state":"progress"`); got != 5 || strings.Contains(s.out.String(), "\x1b") {
		t.Errorf("%d lines of progress:\n%s", got, s.out.String())
	}
	// A total that is not known, and more than the total.
	var odd screen
	c := odd.console(nil)
	c.Progress(0, 0)
	odd.now = odd.now.Add(time.Minute)
	c.Progress(6*mib, 0)
	odd.now = odd.now.Add(time.Minute)
	c.Progress(6*mib, mib)
	if !strings.HasPrefix(odd.out.String(), "6.0 MiB of 0 B (0%), 102.4 KiB/s, about ? left\n") {
		t.Errorf("%q", odd.out.String())
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1 << 20: "1.0 MiB", 5 << 40: "5.0 TiB", 5 << 50: "5120.0 TiB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

// lostWriter is a terminal that is gone after some writes.
type lostWriter struct {
	left    int
	written int
}

func (w *lostWriter) Write(b []byte) (int, error) {
	if w.left == 0 {
		return 0, errors.New("input/output error")
	}
	w.left--
	w.written++
	return len(b), nil
}

// A terminal that is gone does not end the work; the log goes on.
func TestLostTerminal(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		var s screen
		w := &lostWriter{left: 1}
		c := s.console(func(o *Options) { o.Out, o.Err, o.JSON = w, w, asJSON })
		if err := c.Do(message.STP101, nil, func() error { return nil }); err != nil {
			t.Error(err)
		}
		w.left = 100
		c.Tell(message.STP013)
		if status := c.Finish(nil); status != 0 || w.written != 1 {
			t.Errorf("status %d, %d writes", status, w.written)
		}
		for _, text := range []string{"1. Stop Pacemaker", "...[OK]", "STP-013", "exit 0"} {
			if !strings.Contains(s.log.String(), text) {
				t.Errorf("%q is not in the log:\n%s", text, s.log.String())
			}
		}
	}
}

func TestDetail(t *testing.T) {
	for _, verbose := range []bool{false, true} {
		var s screen
		c := s.console(func(o *Options) { o.Verbose = verbose })
		c.Detail("ran %s", "x")
		if shown := strings.Contains(s.err.String(), "ran x"); shown != verbose || !strings.Contains(s.log.String(), "ran x") {
			t.Errorf("verbose %v: %q, log %q", verbose, s.err.String(), s.log.String())
		}
	}
	New(Options{Out: io.Discard, Err: io.Discard}).Detail("without a log")
}

// Errors become exit statuses in one place (specification of the commands, 1.8).
func TestStatus(t *testing.T) {
	for want, err := range map[int]error{
		0: nil,
		1: errors.New("anything"),
		2: message.Fail(message.CMN060, "opt", "-x"),
		3: message.Fail(message.CMN001),
		4: message.Fail(message.STP021),
		5: fmt.Errorf("more: %w", message.Fail(message.STP031)),
		6: message.Fail(message.SSH004),
		7: message.Fail(message.CMN041),
		8: message.Fail(message.CMN002).Because(&Interrupted{ID: message.CMN032}),
		9: errors.Join(message.Fail(message.CFG002), message.Fail(message.CFG003)),
	} {
		if got := Status(err); got != want {
			t.Errorf("%v: %d, want %d", err, got, want)
		}
	}
}

// All that was joined is said, each once.
func TestFinishSaysAll(t *testing.T) {
	var s screen
	c := s.console(nil)
	status := c.Finish(errors.Join(message.Fail(message.CFG002, "key", "A"), errors.Join(message.Fail(message.CFG002, "key", "B"), nil)))
	if got := s.err.String(); status != 9 || strings.Count(got, "CFG-002") != 2 || !strings.Contains(got, "A") || !strings.Contains(got, "B") {
		t.Errorf("%d %q", status, got)
	}
}

func TestLanguageOfTheConsole(t *testing.T) {
	var s screen
	c := s.console(func(o *Options) { o.Say = message.In("ja").WithWords(message.OldWords) })
	c.Step(message.STP101)
	c.Tell(message.STP014, "peer", "b")
	if got := s.out.String(); !strings.HasPrefix(got, "1. Pacemaker の停止\n") || !strings.Contains(got, "b の Master は Slave なしで") {
		t.Errorf("%q", got)
	}
}

func TestEndedSaysNothing(t *testing.T) {
	var out, errOut strings.Builder
	c := New(Options{Out: &out, Err: &errOut, Now: time.Now})
	if got := c.Finish(fmt.Errorf("rehearsal: %w", Ended(2))); got != 2 || out.String()+errOut.String() != "" {
		t.Errorf("%d, said %q and %q", got, out.String(), errOut.String())
	}
	if got := Status(Ended(0)); got != 0 {
		t.Errorf("%d, want 0", got)
	}
}
