package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgrex/internal/message"
	"pgrex/internal/run"
)

// The test program is a helper too: what the peer's side of a connection does
// is done by a process of its own.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == HelperCommand {
		if noise := os.Getenv("NODE_TEST_NOISE"); noise != "" {
			fmt.Print(noise)
		}
		if err := Serve(context.Background(), os.Args[2], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Operations of the tests.
var (
	fail = Define("test-fail", func(_ context.Context, what string) (int, error) {
		switch what {
		case "not-exist":
			_, err := os.ReadFile("/nonexistent")
			return 0, fmt.Errorf("as it happens: %w", err)
		case "exit":
			_, err := run.Local{}.Run(context.Background(), run.Command{Argv: []string{"sh", "-c", "echo sorry >&2; exit 7"}})
			return 0, err
		case "failure":
			return 0, message.Fail(message.CMN009, "id", "pgsql", "key", "pgdata").With("one", "two").Then("pg-rex_status").Because(errors.New("the cause"))
		case "deadline":
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			defer cancel()
			<-ctx.Done()
			return 0, context.Cause(ctx)
		case "plain":
			return 0, errors.New("no class")
		}
		return 1, nil
	})
	// hold says that it has begun by a file, and that it has ended by another.
	hold = Define("test-hold", func(ctx context.Context, dir string) (int, error) {
		if err := os.WriteFile(filepath.Join(dir, "begun"), nil, 0o600); err != nil {
			return 0, err
		}
		<-ctx.Done()
		return 0, os.WriteFile(filepath.Join(dir, "ended"), nil, 0o600)
	})
	pid  = Define("test-pid", func(context.Context, struct{}) (int, error) { return os.Getpid(), nil })
	echo = DefineStream("test-echo", func(_ context.Context, greeting string, conn io.ReadWriter) error {
		_, _ = io.WriteString(conn, greeting)
		_, err := io.Copy(conn, conn)
		return err
	})
	// mute neither reads nor writes.
	mute = DefineStream("test-mute", func(ctx context.Context, dir string, _ io.ReadWriter) error {
		_, err := hold.On(ctx, Local{}, dir)
		return err
	})
)

// overPipe serves each session in this process.
func overPipe(t *testing.T, noise string) Start {
	return func(_ context.Context, args ...string) (io.ReadWriteCloser, error) {
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			if _, err := io.WriteString(there, noise); err == nil {
				_ = Serve(context.Background(), args[1], there, there)
			}
		}()
		return here, nil
	}
}

// child is a session with a helper process.
type child struct {
	io.Reader
	io.WriteCloser
	cmd *exec.Cmd
}

func (c child) Close() error {
	_ = c.WriteCloser.Close()
	_ = c.cmd.Process.Kill()
	return c.cmd.Wait()
}

// overChild serves each session in a process of its own, with something that
// its login prints.
func overChild(t *testing.T, noise string) Start {
	return func(_ context.Context, args ...string) (io.ReadWriteCloser, error) {
		cmd := exec.Command("/proc/self/exe", args...)
		cmd.Env = append(os.Environ(), "NODE_TEST_NOISE="+noise)
		in, err := cmd.StdinPipe()
		if err != nil {
			return nil, err
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		cmd.Stderr = os.Stderr
		return child{out, in, cmd}, cmd.Start()
	}
}

// connect connects to a helper.
func connect(t *testing.T, start Start) *Peer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	p, err := Connect(ctx, start)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// eachWay runs a test on this node and through helpers of both kinds.
func eachWay(t *testing.T, test func(t *testing.T, n Node)) {
	name, err := HostName()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("own", func(t *testing.T) { test(t, Local{HostName: name}) })
	t.Run("pipe", func(t *testing.T) { test(t, connect(t, overPipe(t, ""))) })
	t.Run("child", func(t *testing.T) { test(t, connect(t, overChild(t, ""))) })
}

// soon waits until something is so.
func soon(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within 10 s", what)
		}
	}
}

func there(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func TestErrorsKeepTheirClass(t *testing.T) {
	eachWay(t, func(t *testing.T, n Node) {
		ctx := t.Context()
		if _, err := fail.On(ctx, n, "not-exist"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "as it happens: open /nonexistent") {
			t.Errorf("not-exist: %v", err)
		}
		if _, err := fail.On(ctx, n, "plain"); err == nil || err.Error() != "no class" || errors.Is(err, fs.ErrNotExist) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("plain: %v", err)
		}
		if _, err := fail.On(ctx, n, "deadline"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("deadline: %v", err)
		}
		var exit *run.ExitError
		if _, err := fail.On(ctx, n, "exit"); !errors.As(err, &exit) || exit.Status != 7 || exit.Stderr != "sorry\n" || exit.Argv[0] != "sh" {
			t.Errorf("exit: %v %+v", err, exit)
		}
		var f *message.Failure
		_, err := fail.On(ctx, n, "failure")
		if !errors.As(err, &f) || f.ID != message.CMN009 || fmt.Sprint(f.Args) != "[id pgsql key pgdata]" || !slices.Equal(f.Lines, []string{"one", "two"}) ||
			f.Next != "pg-rex_status" || f.Err == nil || f.Err.Error() != "the cause" {
			t.Errorf("failure: %v %+v", err, f)
		}
		if out, err := fail.On(ctx, n, "nothing"); out != 1 || err != nil {
			t.Errorf("no failure: %d %v", out, err)
		}
	})
}

// Conformance: AT-131 (unit)
func TestPrograms(t *testing.T) {
	eachWay(t, func(t *testing.T, n Node) {
		r := Runner(n)
		ctx := t.Context()
		res, err := r.Run(ctx, run.Command{Argv: []string{"sh", "-c", "cat; echo $LC_ALL >&2"}, Stdin: []byte("a\x00\xff")})
		if err != nil || string(res.Stdout) != "a\x00\xff" || string(res.Stderr) != "C\n" {
			t.Errorf("%q %q %v", res.Stdout, res.Stderr, err)
		}
		res, err = r.Run(ctx, run.Command{Argv: []string{"sh", "-c", "echo half; exit 3"}})
		if status, ok := run.Status(err); !ok || status != 3 || string(res.Stdout) != "half\n" {
			t.Errorf("%q %v", res.Stdout, err)
		}
		_, err = r.Run(ctx, run.Command{Argv: []string{"sh", "-c", "kill -INT $$"}})
		if status, ok := run.Status(err); !ok || status == 0 {
			t.Errorf("ended by a signal: %v", err)
		}
		if _, err := r.Run(ctx, run.Command{Argv: []string{"/nonexistent/program"}}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("no such program: %v", err)
		}
		short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		begun := time.Now()
		if _, err := r.Run(short, run.Command{Argv: []string{"sleep", "60"}}); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) > 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}

func TestFiles(t *testing.T) {
	eachWay(t, func(t *testing.T, n Node) {
		ctx, dir := t.Context(), t.TempDir()
		path := filepath.Join(dir, "new", "file")
		for _, text := range []string{"first", "second\x00\xff"} {
			if _, err := WriteFile.On(ctx, n, File{path, []byte(text), 0o640}); err != nil {
				t.Fatal(err)
			}
			if b, err := ReadFile.On(ctx, n, path); err != nil || string(b) != text {
				t.Errorf("%q %v", b, err)
			}
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o640 {
			t.Errorf("%v %v", info.Mode(), err)
		}
		if entries, err := List.On(ctx, n, filepath.Dir(path)); err != nil || len(entries) != 1 || entries[0].Name != "file" || entries[0].Size != 8 || !entries[0].Regular {
			t.Errorf("%+v %v", entries, err) // nothing temporary is left
		}
		if ok, err := Exists.On(ctx, n, path); !ok || err != nil {
			t.Errorf("%v %v", ok, err)
		}
		for range 2 {
			if _, err := Remove.On(ctx, n, path); err != nil {
				t.Error(err)
			}
		}
		if ok, err := Exists.On(ctx, n, path); ok || err != nil {
			t.Errorf("%v %v", ok, err)
		}
		if _, err := Exists.On(ctx, n, "/proc/self/status/below-a-file"); err == nil {
			t.Error("what cannot be told is no error")
		}
		if _, err := ReadFile.On(ctx, n, path); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
		if _, err := List.On(ctx, n, path); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	})
}

// A caller that gives up is answered at once, and the other side ends what it does.
func TestCancellationReachesTheOtherSide(t *testing.T) {
	eachWay(t, func(t *testing.T, n Node) {
		dir := t.TempDir()
		cause := errors.New("called off")
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			soon(t, "the beginning", func() bool { return there(filepath.Join(dir, "begun")) })
			cancel(cause)
		}()
		begun := time.Now()
		_, err := hold.On(ctx, n, dir)
		if _, own := n.(Local); !own && !errors.Is(err, cause) {
			t.Errorf("ended with %v", err)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
		soon(t, "the end over there", func() bool { return there(filepath.Join(dir, "ended")) })
		// The connection is as good as before.
		if out, err := fail.On(t.Context(), n, ""); out != 1 || err != nil {
			t.Errorf("%d %v", out, err)
		}
	})
}

func TestCallsAreDoneBesideEachOther(t *testing.T) {
	eachWay(t, func(t *testing.T, n Node) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		dir := t.TempDir()
		go func() { _, _ = hold.On(ctx, n, dir) }()
		soon(t, "the beginning", func() bool { return there(filepath.Join(dir, "begun")) })
		if out, err := fail.On(t.Context(), n, ""); out != 1 || err != nil {
			t.Errorf("%d %v", out, err)
		}
		cancel()
		soon(t, "the end", func() bool { return there(filepath.Join(dir, "ended")) })
	})
}

func TestStream(t *testing.T) {
	eachWay(t, func(t *testing.T, n Node) {
		conn, err := echo.Open(t.Context(), n, "hello ")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		sent := bytes.Repeat([]byte("0123456789\x00\xff\n"), 50_000)
		go func() { _, _ = conn.Write(sent) }()
		got := make([]byte, len("hello ")+len(sent))
		if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, append([]byte("hello "), sent...)) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if _, err := (Stream[string]{"test-unknown"}).Open(t.Context(), n, ""); err == nil || !strings.Contains(err.Error(), "same release") {
			t.Errorf("an unknown stream: %v", err)
		}
		if _, err := (Op[string, int]{"test-unknown"}).On(t.Context(), n, ""); err == nil || !strings.Contains(err.Error(), "same release") {
			t.Errorf("an unknown operation: %v", err)
		}
	})
}

// A stream that neither reads nor writes ends with the connection too.
func TestStreamEndsWithItsConnection(t *testing.T) {
	for name, end := range map[string]func(conn io.Closer, cancel func()){
		"closed":    func(conn io.Closer, _ func()) { _ = conn.Close() },
		"cancelled": func(_ io.Closer, cancel func()) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			conn, err := mute.Open(ctx, connect(t, overPipe(t, "")), dir)
			if err != nil {
				t.Fatal(err)
			}
			soon(t, "the beginning", func() bool { return there(filepath.Join(dir, "begun")) })
			end(conn, cancel)
			soon(t, "the end", func() bool { return there(filepath.Join(dir, "ended")) })
		})
	}
}

// What the login over there prints is no answer, whatever it looks like.
//
// Conformance: AT-127 (unit)
func TestNoiseBeforeTheGreeting(t *testing.T) {
	for name, noise := range map[string]string{
		"a banner":             "Authorised use only.\nLast login: yesterday\n",
		"without a newline":    "profile: LC_ALL=ja_JP.UTF-8",
		"Japanese":             "ようこそ\r\n\r\n",
		"much":                 strings.Repeat("all work and no play\n", 10_000),
		"binary":               "\x00\x00\x00\x05{}\xff\xfe\n",
		"another's greeting":   "pg-rex-AAAAAAAAAAAAAAAAAAAAAAAAAA 1\n",
		"what looks like data": `{"id":1,"out":{"HostName":"wrong"}}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			for _, start := range []Start{overPipe(t, noise), overChild(t, strings.ReplaceAll(noise, "\x00", "\x01"))} {
				if len(noise) > 100_000 {
					start = overPipe(t, noise) // longer than a variable of the environment may be
				}
				p := connect(t, start)
				if want, _ := HostName(); p.Name() != want {
					t.Errorf("the name of the peer is %q", p.Name())
				}
				conn, err := echo.Open(t.Context(), p, "hello")
				if err != nil {
					t.Fatal(err)
				}
				got := make([]byte, 5)
				if _, err := io.ReadFull(conn, got); err != nil || string(got) != "hello" {
					t.Errorf("%q %v", got, err)
				}
				_ = conn.Close()
			}
		})
	}
}

func TestNoHelper(t *testing.T) {
	says := func(text func(marker string) string) Start {
		return func(_ context.Context, args ...string) (io.ReadWriteCloser, error) {
			here, there := net.Pipe()
			go func() {
				_, _ = io.WriteString(there, text(args[1]))
				_ = there.Close()
			}()
			return here, nil
		}
	}
	for name, tt := range map[string]struct {
		start Start
		says  string
		is    error
	}{
		"nothing":         {says(func(string) string { return "" }), "no answer", io.EOF},
		"another program": {says(func(string) string { return "a\nbash: pg-rex: command not found\n" }), `no answer but "bash: pg-rex: command not found"`, io.EOF},
		"another release": {says(func(m string) string { return "noise " + m + " 99\n" }), "99", ErrRelease},
		"endless noise":   {says(func(string) string { return strings.Repeat("y\n", longestNoise) }), "among all that the login prints", nil},
		"not started":     {func(context.Context, ...string) (io.ReadWriteCloser, error) { return nil, io.ErrClosedPipe }, "", io.ErrClosedPipe},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Connect(t.Context(), tt.start)
			if err == nil || !strings.Contains(err.Error(), tt.says) || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("silence", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := Connect(ctx, func(context.Context, ...string) (io.ReadWriteCloser, error) {
			here, _ := net.Pipe()
			return here, nil
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

// A peer that dies ends what is asked of it, and whatever is asked later.
func TestPeerDies(t *testing.T) {
	p := connect(t, overChild(t, ""))
	id, err := pid.On(t.Context(), p, struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	pending := make(chan error)
	go func() {
		_, err := hold.On(t.Context(), p, dir)
		pending <- err
	}()
	soon(t, "the beginning", func() bool { return there(filepath.Join(dir, "begun")) })
	kill(t, id)
	select {
	case err := <-pending:
		if err == nil || !strings.Contains(err.Error(), "connection to the peer is lost") {
			t.Errorf("the pending call: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the pending call waits for ever")
	}
	if _, err := fail.On(t.Context(), p, ""); err == nil {
		t.Error("a dead peer answers")
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The helper ends with the connection, and what it does with it.
func TestHelperEndsWithItsConnection(t *testing.T) {
	p := connect(t, overPipe(t, ""))
	dir := t.TempDir()
	go func() { _, _ = hold.On(context.Background(), p, dir) }()
	soon(t, "the beginning", func() bool { return there(filepath.Join(dir, "begun")) })
	p.Close()
	soon(t, "the end", func() bool { return there(filepath.Join(dir, "ended")) })
}

// No frame makes the reader take more memory than was sent, or panic.
func FuzzReadFrame(f *testing.F) {
	var good bytes.Buffer
	if err := writeFrame(&good, request{ID: 1, Op: "run", In: []byte(`{"a":1}`)}); err != nil {
		f.Fatal(err)
	}
	f.Add(good.Bytes())
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, '{'})
	f.Add([]byte{0x0f, 0xff, 0xff, 0xff, '{'})
	f.Fuzz(func(t *testing.T, b []byte) {
		var q request
		if err := readFrame(bytes.NewReader(b), &q); err != nil {
			return
		}
		var again bytes.Buffer
		if err := writeFrame(&again, q); err != nil {
			t.Error(err)
		}
	})
}
