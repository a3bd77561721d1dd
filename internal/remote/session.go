package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"pgrex/internal/message"
)

const (
	// What a shell answers that does not find a program.
	statusNotFound = 127
	// So much of a program's error text is kept: its end.
	errorText = 8 << 10
	// So long a program has after the end of its input before it is left.
	endOfInput = 2 * time.Second
)

// Session is a program that runs on the host.
type Session struct {
	Stdin  io.WriteCloser
	Stdout io.Reader

	conn    *Conn
	argv    []string
	session *ssh.Session
	input   *io.PipeReader
	output  *io.PipeWriter
	stderr  tail
	stop    func() bool

	done     chan struct{} // closed when the program has ended
	err      error         // how
	killed   chan struct{} // closed when nobody is to wait for it any more
	killOnce sync.Once
	cause    error // why
}

// Start runs a program on the host, with sudo if the options want it. With the
// end of the context the session ends at once; the program loses its input and
// output and gets SIGTERM, which sshd does not pass on in a session of root: a
// program that must not live on has to watch its input. Whoever neither reads
// Stdout to its end nor calls Close keeps it waiting.
func (c *Conn) Start(ctx context.Context, argv []string) (*Session, error) {
	if c.sudo {
		argv = append([]string{"sudo", "-n", "--"}, argv...)
	}
	if slices.ContainsFunc(argv, func(word string) bool { return strings.Contains(word, "\x00") }) {
		return nil, fmt.Errorf("cannot run %s: an argument has a zero byte", argv[0])
	}
	type started struct {
		*Session
		err error
	}
	// A host that is gone does not answer, and nobody has to wait for that.
	result := make(chan started, 1)
	go func() {
		s, err := c.start(argv)
		result <- started{s, err}
	}()
	select {
	case r := <-result:
		if r.err != nil {
			return nil, r.err
		}
		r.stop = context.AfterFunc(ctx, func() { r.kill(context.Cause(ctx)) })
		go r.watch()
		return r.Session, nil
	case <-ctx.Done():
		go func() {
			if r := <-result; r.err == nil {
				r.session.Close()
			}
		}()
		return nil, context.Cause(ctx)
	}
}

func (c *Conn) start(argv []string) (*Session, error) {
	session, err := c.client.NewSession()
	if err != nil {
		return nil, c.lost(err)
	}
	s := &Session{conn: c, argv: argv, session: session, done: make(chan struct{}), killed: make(chan struct{})}
	stdin, err := session.StdinPipe()
	if err != nil {
		session.Close()
		return nil, err
	}
	// Pipes of our own, because those of the library cannot be closed while
	// the host is silent.
	s.input, s.Stdin = io.Pipe()
	s.Stdout, s.output = io.Pipe()
	session.Stdout = s.output
	session.Stderr = &s.stderr
	if err := session.Start(commandLine(argv)); err != nil {
		session.Close()
		return nil, c.lost(err)
	}
	go func() {
		// A program need not read its input; whoever writes it learns from the
		// closed pipe.
		_, err := io.Copy(stdin, s.input)
		s.input.CloseWithError(err)
		_ = stdin.Close()
	}()
	return s, nil
}

func (c *Conn) lost(err error) error {
	return message.Fail(message.SSH008, "host", c.target.host, "err", err)
}

// watch waits for the end of the program.
func (s *Session) watch() {
	err := s.session.Wait()
	s.stop()
	var missing *ssh.ExitMissingError
	if errors.As(err, &missing) {
		err = s.conn.lost(err)
		_ = s.output.CloseWithError(err)
	} else {
		err = s.verdict(err)
		_ = s.output.Close()
	}
	s.input.Close() // nobody may ever close the other end
	s.err = err
	close(s.done)
}

// verdict is what an operator is told about how the program ended.
func (s *Session) verdict(err error) error {
	var exit *ssh.ExitError
	if !errors.As(err, &exit) {
		// Nobody wanted the rest of the output.
		return nil
	}
	lines := s.stderr.lines()
	if exit.ExitStatus() == statusNotFound {
		return message.Fail(message.SSH005, "host", s.conn.target.host, "cmd", s.argv[0]).With(lines...)
	}
	last := ""
	if len(lines) > 0 {
		last = lines[len(lines)-1]
	}
	f := message.Fail(message.SSH006, "host", s.conn.target.host, "rc", exit.ExitStatus(), "cmd", commandLine(s.argv), "err", last)
	if len(lines) > 1 {
		f.With(lines...)
	}
	return f
}

// kill ends the session without waiting for the program.
func (s *Session) kill(cause error) {
	s.killOnce.Do(func() {
		s.cause = cause
		close(s.killed)
		// Input first: who has read the end writes no more.
		s.input.CloseWithError(cause)
		_ = s.output.CloseWithError(cause)
		go func() { // a host that is gone takes nothing
			_ = s.session.Signal(ssh.SIGTERM)
			_ = s.session.Close()
		}()
	})
}

// Wait waits for the end of the program, whose output has to be read by then.
// One that failed is a [*message.Failure], SSH-005 or SSH-006; a connection
// that was lost SSH-008.
func (s *Session) Wait() error {
	select {
	case <-s.killed:
		return s.cause
	case <-s.done:
	}
	select {
	case <-s.killed: // that it has ended since is what came of it
		return s.cause
	default:
		return s.err
	}
}

// Read reads from Stdout.
func (s *Session) Read(p []byte) (int, error) { return s.Stdout.Read(p) }

// Write writes to Stdin.
func (s *Session) Write(p []byte) (int, error) { return s.Stdin.Write(p) }

// Close closes the program's input, throws its output away and gives it a
// moment to end before the session is ended. It returns what Wait does for a program
// that ended by itself.
func (s *Session) Close() error {
	_ = s.Stdin.Close()
	go func() { _, _ = io.Copy(io.Discard, s.Stdout) }()
	select {
	case <-s.done:
	case <-s.killed:
	case <-time.After(endOfInput):
		s.kill(nil)
	}
	return s.Wait()
}

// Run runs a program on the host and returns its output.
func (c *Conn) Run(ctx context.Context, argv []string, stdin []byte) ([]byte, error) {
	s, err := c.Start(ctx, argv)
	if err != nil {
		return nil, err
	}
	go func() {
		_, _ = s.Stdin.Write(stdin) // a program need not read it
		_ = s.Stdin.Close()
	}()
	out, readErr := io.ReadAll(s.Stdout)
	if err := s.Wait(); err != nil {
		return out, err
	}
	return out, readErr
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - errorText; over > 0 {
		t.text = append([]byte(nil), t.text[over:]...)
	}
	return len(p), nil
}

func (t *tail) lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.FieldsFunc(string(t.text), func(r rune) bool { return r == '\n' || r == '\r' })
}
