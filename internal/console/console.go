// Package console is what an operator sees of a command and answers to it:
// numbered steps, questions, progress, errors with their cure, as text in both
// languages or as lines of JSON, and all of it in the log file too. It is also
// where an error becomes the exit status of the program.
package console

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"pgrex/internal/message"
)

// Options say how a command speaks.
type Options struct {
	Op      string // name of the command
	Say     message.Printer
	JSON    bool
	Yes     bool // to every question that may be answered so
	Verbose bool
	// In is where answers come from. Terminal says that there is a person, who
	// sees In, Out and Err on one screen.
	In       io.Reader
	Terminal bool
	Out, Err io.Writer
	Log      io.Writer // nil for none
	LogName  string
	Now      func() time.Time
}

// Console is the conversation of one command. It is safe for concurrent use.
type Console struct {
	o     Options
	lines chan string // of In; closed at its end

	mu    sync.Mutex // of what follows
	step  int
	sub   int
	label message.ID // of the step that is open, "" without one
	begun time.Time  // of that step
	bar   *bar
	quiet bool // the terminal is gone
}

// New begins the conversation.
func New(o Options) *Console {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Console{o: o}
}

// Say is the printer of the console, for texts that become part of others.
func (c *Console) Say() message.Printer { return c.o.Say }

// event is a line of JSON.
type event struct {
	Time    string         `json:"time"`
	Op      string         `json:"op"`
	Step    string         `json:"step,omitempty"`
	State   string         `json:"state"`
	ID      message.ID     `json:"id,omitempty"`
	Params  map[string]any `json:"params,omitempty"`
	Text    string         `json:"text,omitempty"`
	Detail  []string       `json:"detail,omitempty"`
	Next    string         `json:"next,omitempty"`
	Exit    *int           `json:"exit,omitempty"`
	Seconds float64        `json:"seconds,omitempty"`
	Data    any            `json:"data,omitempty"`
}

func params(args []any) map[string]any {
	if len(args) == 0 {
		return nil
	}
	m := map[string]any{}
	for i := 0; i+1 < len(args); i += 2 {
		m[fmt.Sprint(args[i])] = fmt.Sprint(args[i+1])
	}
	return m
}

// number is that of the present step. The lock is held.
func (c *Console) number() string {
	switch {
	case c.step == 0:
		return ""
	case c.sub == 0:
		return fmt.Sprint(c.step)
	}
	return fmt.Sprintf("%d.%d", c.step, c.sub)
}

// emit shows one event: text lines on w, or JSON. The lock is held.
func (c *Console) emit(w io.Writer, e event, lines ...string) {
	c.clearBar()
	now := c.o.Now()
	if c.o.Log != nil {
		for _, l := range lines {
			fmt.Fprintf(c.o.Log, "%s %s[%d] %s\n", now.Format("2006-01-02T15:04:05.000-07:00"), c.o.Op, pid, l)
		}
	}
	if c.quiet {
		return
	}
	if c.o.JSON {
		e.Time, e.Op = now.Format("2006-01-02T15:04:05.000-07:00"), c.o.Op
		if e.Step == "" {
			e.Step = c.number()
		}
		b, err := json.Marshal(e)
		if err != nil {
			b, _ = json.Marshal(event{Time: e.Time, Op: e.Op, State: e.State, Text: err.Error()})
		}
		c.write(c.o.Out, string(b)+"\n")
		return
	}
	for _, l := range lines {
		c.write(w, l+"\n")
	}
}

// write writes to the terminal. One that is gone is no reason to stop: the log
// goes on.
func (c *Console) write(w io.Writer, s string) {
	if _, err := io.WriteString(w, s); err != nil {
		c.quiet = true
	}
}

// Step begins the next numbered step.
func (c *Console) Step(id message.ID, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.step++
	c.sub = 0
	c.open(id, args)
}

// SubStep begins the next step within the present one.
func (c *Console) SubStep(id message.ID, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sub++
	c.open(id, args)
}

func (c *Console) open(id message.ID, args []any) {
	c.label, c.begun = id, c.o.Now()
	text := c.o.Say.Text(id, args...)
	dot := "."
	if c.sub > 0 {
		dot = "" // as operators' scripts know it
	}
	c.emit(c.o.Out, event{State: "begin", ID: id, Params: params(args), Text: text}, c.number()+dot+" "+text)
}

// OK ends the step well.
func (c *Console) OK() { c.end("ok", "...[OK]") }

// NG ends the step with a failure, which the caller returns.
func (c *Console) NG() { c.end("ng", "...[NG]") }

// Skip ends the step without having done it.
func (c *Console) Skip() { c.end("skip", "...[SKIP]") }

func (c *Console) end(state, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.label == "" {
		return
	}
	took := c.o.Now().Sub(c.begun)
	const worthTelling = 2 * time.Second
	if took >= worthTelling {
		text += " " + c.o.Say.Text(message.CMN056, "sec", seconds(took))
	}
	c.emit(c.o.Out, event{State: state, ID: c.label, Seconds: took.Seconds()}, text)
	c.label = ""
}

// Do is a step that succeeds or fails as do does.
func (c *Console) Do(id message.ID, args []any, do func() error) error {
	c.Step(id, args...)
	if err := do(); err != nil {
		c.NG()
		return err
	}
	c.OK()
	return nil
}

// Tell says something: information, or a warning.
func (c *Console) Tell(id message.ID, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	state, w, text := "info", c.o.Out, c.o.Say.Text(id, args...)
	if id.Kind() == message.Warning {
		state, w = "warning", c.o.Err
		c.emit(w, event{State: state, ID: id, Params: params(args), Text: text}, string(id)+": "+text)
		return
	}
	c.emit(w, event{State: state, ID: id, Params: params(args), Text: text}, text)
}

// Lines shows lines as they are, below what was said before: a list, a table.
func (c *Console) Lines(lines ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.emit(c.o.Out, event{State: "info", Detail: lines}, lines...)
}

// Data is a result for programs, which people get in other words.
func (c *Console) Data(v any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.o.JSON {
		c.emit(c.o.Out, event{State: "data", Data: v})
	}
}

// Detail is for the log, and for the screen of those who asked for it.
func (c *Console) Detail(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	if c.o.Verbose {
		c.emit(c.o.Err, event{State: "detail", Text: text}, "  "+text)
	} else if c.o.Log != nil {
		fmt.Fprintf(c.o.Log, "%s %s[%d] - %s\n", c.o.Now().Format("2006-01-02T15:04:05.000-07:00"), c.o.Op, pid, text)
	}
}

// Confirm asks a question that is answered by y or N, and says whether the
// answer was yes. Option --yes answers it.
func (c *Console) Confirm(ctx context.Context, id message.ID, args ...any) (bool, error) {
	if c.o.Yes {
		c.Detail("%s: yes, by option", id)
		return true, nil
	}
	answer, err := c.Ask(ctx, id, args...)
	return answer == "y" || answer == "Y", err
}

// Ask asks a question and returns the line that was typed, without what blanks
// are around it. Without a person to ask, or at the end of the input, it fails.
func (c *Console) Ask(ctx context.Context, id message.ID, args ...any) (string, error) {
	text := c.o.Say.Text(id, args...)
	c.mu.Lock()
	if !c.o.Terminal || c.o.JSON {
		c.emit(c.o.Err, event{State: "ask", ID: id, Params: params(args), Text: text}, text)
		c.mu.Unlock()
		return "", message.Fail(message.CMN051)
	}
	c.clearBar()
	c.write(c.o.Out, text+" ")
	if c.lines == nil {
		c.lines = make(chan string)
		go c.read()
	}
	c.mu.Unlock()
	select {
	case line, ok := <-c.lines:
		if !ok {
			return "", message.Fail(message.CMN052)
		}
		c.Detail("%s %s", text, line)
		return strings.TrimSpace(line), nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

func (c *Console) read() {
	defer close(c.lines)
	s := bufio.NewScanner(c.o.In)
	for s.Scan() {
		c.lines <- s.Text()
	}
}

// Status is the exit status of the program for what a command returned: the one
// place that turns errors into numbers (specification of the commands, 1.8).
func Status(err error) int {
	const (
		failed  = 1
		stopped = 8
	)
	var f *message.Failure
	var i *Interrupted
	var ended Ended
	switch {
	case err == nil:
		return 0
	case errors.As(err, &ended):
		return int(ended)
	case errors.As(err, &i):
		return stopped
	case errors.As(err, &f) && f.ID.Exit() != 0:
		return f.ID.Exit()
	}
	return failed
}

// Ended is what a command returns that has said everything itself: its exit
// status, 0 included.
type Ended int

func (e Ended) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// Finish says what a command returned, and answers with the exit status.
func (c *Console) Finish(err error) int {
	status := Status(err)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.label != "" && err != nil {
		c.emit(c.o.Out, event{State: "ng", ID: c.label}, "...[NG]")
		c.label = ""
	}
	for _, each := range split(err) {
		c.complain(each)
	}
	if c.o.JSON {
		c.emit(c.o.Out, event{State: "end", Exit: &status})
	}
	if c.o.Log != nil {
		fmt.Fprintf(c.o.Log, "%s %s[%d] - exit %d\n", c.o.Now().Format("2006-01-02T15:04:05.000-07:00"), c.o.Op, pid, status)
	}
	return status
}

// split takes apart what was joined.
func split(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // only what was joined is taken apart
		if isJoin(err) {
			var all []error
			for _, e := range joined.Unwrap() {
				all = append(all, split(e)...)
			}
			return all
		}
	}
	return []error{err}
}

// isJoin tells errors.Join from other errors with several causes.
func isJoin(err error) bool { return fmt.Sprintf("%T", err) == "*errors.joinError" }

func (c *Console) complain(err error) {
	var f *message.Failure
	var i *Interrupted
	var ended Ended
	switch {
	case errors.As(err, &ended): // said already
	case errors.As(err, &i):
		text := c.o.Say.Text(i.ID, i.Args...)
		c.emit(c.o.Err, event{State: "error", ID: i.ID, Params: params(i.Args), Text: text}, text)
	case errors.As(err, &f):
		text := c.o.Say.Text(f.ID, f.Args...)
		lines := []string{fmt.Sprintf("%s: %s", f.ID, text)}
		detail := f.Lines
		if f.Err != nil {
			detail = append(detail, strings.Split(f.Err.Error(), "\n")...)
		}
		for _, l := range detail {
			lines = append(lines, "  "+l)
		}
		if f.Next != "" {
			lines = append(lines, c.o.Say.Text(message.CMN055, "cmd", f.Next))
		}
		c.emit(c.o.Err, event{State: "error", ID: f.ID, Params: params(f.Args), Text: text, Detail: detail, Next: f.Next}, lines...)
	default:
		c.emit(c.o.Err, event{State: "error", Text: err.Error()}, err.Error())
	}
}
