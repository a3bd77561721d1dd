package node

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"pgrex/internal/message"
	"pgrex/internal/run"
)

// A session begins with a line of the helper that repeats the marker it was
// called with: everything before it is what the login over there prints. Frames
// follow in both directions, a length and JSON. After the answer to a request
// for a stream the session is that stream.

// ErrRelease says that the program on the peer is one that we cannot speak to.
var ErrRelease = errors.New("the program there is of another release")

// protocol changes whenever two releases would not understand each other.
const protocol = 1

// Limits of what is read from the other side.
const (
	longestNoise = 1 << 20
	longestFrame = 256 << 20
)

type request struct {
	ID     int             `json:"id"`
	Op     string          `json:"op,omitempty"`
	In     json.RawMessage `json:"in,omitempty"`
	Stream bool            `json:"stream,omitempty"`
	Cancel bool            `json:"cancel,omitempty"` // of the request with this id
}

type reply struct {
	ID  int             `json:"id"`
	Out json.RawMessage `json:"out,omitempty"`
	Err *wireError      `json:"err,omitempty"`
}

func greeting(marker string) string { return fmt.Sprintf("%s %d\n", marker, protocol) }

// skipNoise reads up to the helper's greeting.
func skipNoise(r *bufio.Reader, marker string) error {
	var last []byte
	for read := 0; read < longestNoise; {
		line, err := r.ReadBytes('\n')
		read += len(line)
		// Noise need not end its last line.
		if i := bytes.Index(line, []byte(marker+" ")); i >= 0 {
			if got := string(line[i:]); got != greeting(marker) {
				return fmt.Errorf("%w (%s)", ErrRelease, strings.TrimSpace(got[len(marker):]))
			}
			return nil
		}
		if err != nil {
			if text := strings.TrimSpace(string(last) + string(line)); text != "" {
				return fmt.Errorf("no answer but %q: %w", text, err)
			}
			return fmt.Errorf("no answer: %w", err)
		}
		last = line
	}
	return errors.New("no answer among all that the login prints")
}

func writeFrame(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(b)), uint32(len(b)))
	_, err = w.Write(append(frame, b...))
	return err
}

func readFrame(r io.Reader, v any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > longestFrame {
		return fmt.Errorf("a frame of %d bytes is too long", n)
	}
	var b bytes.Buffer
	if _, err := io.CopyN(&b, r, int64(n)); err != nil {
		return err
	}
	return json.Unmarshal(b.Bytes(), v)
}

// wireError carries an error to the other side with what callers look for.
type wireError struct {
	Text    string         `json:"text"`
	Class   string         `json:"class,omitempty"` // of package fs
	Exit    *run.ExitError `json:"exit,omitempty"`
	Failure *failureOnWire `json:"failure,omitempty"`
}

type failureOnWire struct {
	ID          message.ID
	Args, Lines []string
	Next        string
	Cause       string
}

// classes are the errors of the system that callers tell apart.
var classes = map[string]error{
	"exist": fs.ErrExist, "not-exist": fs.ErrNotExist, "permission": fs.ErrPermission,
	"no-space": syscall.ENOSPC, "done": os.ErrProcessDone, "deadline": os.ErrDeadlineExceeded,
	"too-late": context.DeadlineExceeded,
}

func toWire(err error) *wireError {
	w := &wireError{Text: err.Error()}
	for name, class := range classes {
		if errors.Is(err, class) {
			w.Class = name
		}
	}
	_ = errors.As(err, &w.Exit)
	var f *message.Failure
	if errors.As(err, &f) {
		w.Failure = &failureOnWire{ID: f.ID, Lines: f.Lines, Next: f.Next}
		for _, a := range f.Args {
			w.Failure.Args = append(w.Failure.Args, fmt.Sprint(a))
		}
		if f.Err != nil {
			w.Failure.Cause = f.Err.Error()
		}
	}
	return w
}

func (w *wireError) Error() string { return w.Text }

func (w *wireError) Unwrap() []error {
	var all []error
	if class := classes[w.Class]; class != nil {
		all = append(all, class)
	}
	if w.Exit != nil {
		all = append(all, w.Exit)
	}
	if w.Failure != nil {
		f := &message.Failure{ID: w.Failure.ID, Lines: w.Failure.Lines, Next: w.Failure.Next}
		for _, a := range w.Failure.Args {
			f.Args = append(f.Args, a)
		}
		if w.Failure.Cause != "" {
			f.Err = errors.New(w.Failure.Cause)
		}
		all = append(all, f)
	}
	return all
}
