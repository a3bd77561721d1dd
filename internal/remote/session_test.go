package remote

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgrex/internal/message"
)

func TestRun(t *testing.T) {
	s := plain(t)
	s.banner = "Authorised use only\n"
	s.serve(t, "127.0.0.1")
	o, _ := options(t, s, "127.0.0.1")
	c := dial(t, o)
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<18) // more than a window
	for _, tt := range []struct {
		name  string
		argv  []string
		stdin []byte
		out   string
		err   string
		lines []string
	}{
		{name: "output only, no banner", argv: []string{"echo", "a b", "$HOME", "it's"}, out: "a b $HOME it's\n"},
		{name: "input", argv: []string{"cat"}, stdin: big, out: string(big)},
		{name: "input that nobody reads", argv: []string{"true"}, stdin: big},
		{name: "no such program", argv: []string{"no-such-program", "x"}, err: "SSH-005: Command not found on 127.0.0.1: no-such-program"},
		{name: "a failure", argv: []string{"sh", "-c", "echo out; echo cause >&2; exit 3"}, out: "out\n",
			err: "SSH-006: Command on 127.0.0.1 failed (exit status 3): sh -c 'echo out; echo cause >&2; exit 3' cause"},
		{name: "several lines", argv: []string{"sh", "-c", "echo one >&2; echo two >&2; exit 1"},
			err: "SSH-006: Command on 127.0.0.1 failed (exit status 1): sh -c 'echo one >&2; echo two >&2; exit 1' two", lines: []string{"one", "two"}},
		{name: "a signal", argv: []string{"exec", "sh", "-c", "kill -9 $$"}, err: "SSH-006: Command on 127.0.0.1 failed (exit status 137): exec sh -c 'kill -9 $$' "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, err := c.Run(t.Context(), tt.argv, tt.stdin)
			if string(out) != tt.out {
				t.Errorf("%d bytes of output, want %d", len(out), len(tt.out))
			}
			if tt.err == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var f *message.Failure
			if !errors.As(err, &f) || f.Error() != tt.err {
				t.Fatalf("%v, want %s", err, tt.err)
			}
			if tt.lines != nil && !slices.Equal(f.Lines, tt.lines) {
				t.Errorf("lines %q", f.Lines)
			}
		})
	}
}

// Conformance: AT-128 (unit)
func TestSudo(t *testing.T) {
	bin := t.TempDir()
	script := "#!/bin/sh\n[ \"$1 $2\" = '-n --' ] || exit 99\nshift 2\n" +
		"case $1 in allowed) shift; echo \"as root: $*\";; *) echo 'sudo: a password is required' >&2; exit 1;; esac\n"
	if err := os.WriteFile(filepath.Join(bin, "sudo"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	s := plain(t)
	s.env = []string{"PATH=" + bin + ":/usr/bin:/bin"}
	s.serve(t, "127.0.0.1")
	o, _ := options(t, s, "127.0.0.1")
	o.Sudo = true
	c := dial(t, o)
	if out, err := c.Run(t.Context(), []string{"allowed", "a b", "-x"}, nil); string(out) != "as root: a b -x\n" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
	_, err := c.Run(t.Context(), []string{"/usr/sbin/pcs", "cluster", "stop"}, nil)
	want := "SSH-006: Command on 127.0.0.1 failed (exit status 1): sudo -n -- /usr/sbin/pcs cluster stop sudo: a password is required"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	// Root needs none, and nobody gets it unasked.
	for name, change := range map[string]func(*Options){
		"root": func(o *Options) { o.User = "root" }, "not wanted": func(o *Options) { o.Sudo = false },
	} {
		o := o
		change(&o)
		c := dial(t, o)
		if out, err := c.Run(t.Context(), []string{"echo", "directly"}, nil); string(out) != "directly\n" || err != nil {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
}

func TestSessionEndsWithItsContext(t *testing.T) {
	s := plain(t)
	s.serve(t, "127.0.0.1")
	o, _ := options(t, s, "127.0.0.1")
	c := dial(t, o)
	cause := errors.New("a signal")
	ctx, cancel := context.WithCancelCause(t.Context())
	p, err := c.Start(ctx, []string{"sh", "-c", "echo ready; exec sleep 60"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(p, make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, func() { cancel(cause) })
	start := time.Now()
	_, readErr := p.Read(make([]byte, 1))
	_, writeErr := p.Write([]byte("x"))
	if waitErr := p.Wait(); readErr != cause || writeErr != cause || waitErr != cause || time.Since(start) > time.Second {
		t.Errorf("read: %v, write: %v, wait: %v after %v", readErr, writeErr, waitErr, time.Since(start))
	}
	select {
	case <-p.done:
	case <-time.After(5 * time.Second):
		t.Error("the program runs on")
	}
	if _, err := c.Start(ctx, []string{"true"}); err != cause {
		t.Errorf("started after the end: %v", err)
	}
	if out, err := c.Run(t.Context(), []string{"echo", "on"}, nil); string(out) != "on\n" || err != nil {
		t.Errorf("the connection is of no use any more: %q, %v", out, err)
	}
}

func TestSessionClose(t *testing.T) {
	s := plain(t)
	s.serve(t, "127.0.0.1")
	o, _ := options(t, s, "127.0.0.1")
	c := dial(t, o)
	for _, tt := range []struct {
		name string
		line string
		want message.ID
		long bool
	}{
		{name: "ends with its input", line: "cat"},
		{name: "failed", line: "echo hello; exit 7", want: message.SSH006},
		{name: "has more to say", line: "head -c 4000000 /dev/zero"},
		{name: "does not end", line: "exec sleep 60", long: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := c.Start(t.Context(), []string{"sh", "-c", tt.line})
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			err = p.Close()
			if tt.want == "" && err != nil || tt.want != "" && !message.IsFailure(err, tt.want) {
				t.Errorf("%v, want %s", err, tt.want)
			}
			if took := time.Since(start); took > endOfInput+time.Second || !tt.long && took >= endOfInput {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestLostConnection(t *testing.T) {
	s := plain(t)
	s.serve(t, "127.0.0.1")
	o, _ := options(t, s, "127.0.0.1")
	c := dial(t, o)
	p, err := c.Start(t.Context(), []string{"sleep", "60"})
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, func() { c.Close() })
	if _, err := io.ReadAll(p); !message.IsFailure(err, message.SSH008) {
		t.Errorf("half an output looks whole: %v", err)
	}
	if err := p.Wait(); !message.IsFailure(err, message.SSH008) {
		t.Errorf("%v", err)
	}
	if _, err := c.Run(t.Context(), []string{"true"}, nil); !message.IsFailure(err, message.SSH008) {
		t.Errorf("%v", err)
	}
}

// Whoever feeds a program learns that it has ended.
func TestInputAfterTheEnd(t *testing.T) {
	s := plain(t)
	s.serve(t, "127.0.0.1")
	o, _ := options(t, s, "127.0.0.1")
	p, err := dial(t, o).Start(t.Context(), []string{"true"})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() {
		_, err := io.Copy(p.Stdin, bytes.NewReader(make([]byte, 1<<20)))
		written <- err
	}()
	select {
	case err := <-written:
		if err == nil {
			t.Error("a program that has ended takes input")
		}
	case <-time.After(5 * time.Second):
		t.Error("still writing")
	}
}

func TestZeroByte(t *testing.T) {
	c := &Conn{}
	if _, err := c.Start(t.Context(), []string{"echo", "a\x00b"}); err == nil {
		t.Error("an argument was cut short")
	}
}

func TestErrorTextIsBounded(t *testing.T) {
	var text tail
	for range 100 {
		_, _ = text.Write(bytes.Repeat([]byte("x"), 1000))
	}
	_, _ = text.Write([]byte("\nlast\n"))
	if lines := text.lines(); len(text.text) != errorText || lines[len(lines)-1] != "last" {
		t.Errorf("%d bytes", len(text.text))
	}
}

func TestQuote(t *testing.T) {
	for word, want := range map[string]string{
		"pcs": "pcs", "/usr/sbin/pcs": "/usr/sbin/pcs", "-n": "-n", "": "''", "a b": "'a b'", "it's": `'it'\''s'`,
		"x=y": "'x=y'", "if": "'if'", "~": "'~'", "日本": "'日本'", "$(id)": "'$(id)'",
	} {
		if got := Quote(word); got != want {
			t.Errorf("Quote(%q) = %s, want %s", word, got, want)
		}
	}
}

// Words come out of a shell as they went in, and none is taken for shell text
// even in the place of the program.
func FuzzQuote(f *testing.F) {
	for _, seed := range []string{"", "a", "a b", "it's", "''", `\`, `\'`, "\n", "a\n", "$HOME", "`id`", "$(id)", "*", "~root", "-n", "!x", "#x",
		"a;b", "\t", "\x80\xff", "日本", "if", "x=y", "{a,b}", "%s", "&", "\r"} {
		f.Add(seed, "x")
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		if strings.Contains(one+two, "\x00") || len(one)+len(two) > 10000 {
			t.Skip()
		}
		out, err := exec.Command("/bin/sh", "-c", commandLine([]string{"printf", `%s\n`, one, two})).Output()
		if want := one + "\n" + two + "\n"; err != nil || string(out) != want {
			t.Errorf("%q, %v, want %q", out, err, want)
		}
	})
}

func TestReservedWordsAreNames(t *testing.T) {
	bin := t.TempDir()
	for _, shell := range []string{"/bin/sh", "/bin/bash"} {
		if _, err := os.Stat(shell); err != nil {
			t.Logf("%s is not here", shell)
			continue
		}
		for _, word := range append([]string{"!", "{", "[[", "x=y"}, reserved...) {
			if err := os.WriteFile(filepath.Join(bin, word), []byte("#!/bin/sh\necho ran\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(shell, "-c", commandLine([]string{word}))
			cmd.Env = []string{"PATH=" + bin}
			if out, err := cmd.Output(); string(out) != "ran\n" || err != nil {
				t.Errorf("%s, %s: %q, %v", shell, word, out, err)
			}
		}
	}
}
