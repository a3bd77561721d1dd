package node

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// LockFile is where the commands of a node exclude each other. The present
// tools keep their pid there too.
const LockFile = "/var/run/pg-rex_tools.pid"

// Holder says who holds the lock of a node.
type Holder struct {
	PID     int // on Host
	Command string
	Host    string
	Since   time.Time
}

// HeldError says that the lock is taken.
type HeldError struct {
	Holder Holder
	Node   string // where it is held
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("%s of %s (pid %d) holds the lock of %s since %s", e.Holder.Command, e.Holder.Host, e.Holder.PID, e.Node, e.Holder.Since.Format(time.DateTime))
}

type lockIn struct {
	Path string
	Me   Holder
}

// lockOut is what the stream of a lock says first: the lock is yours, with
// what a dead holder left, or who has it.
type lockOut struct {
	Held  *Holder
	Stale *Holder
	Err   string
}

var lockStream = DefineStream("lock", func(_ context.Context, in lockIn, conn io.ReadWriter) error {
	f, out := tryLock(in)
	if f != nil {
		defer f.Close()
	}
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}
	if _, err := conn.Write(append(b, '\n')); err != nil || f == nil {
		return err
	}
	_, _ = io.Copy(io.Discard, conn) // until the caller closes it, or dies
	// Left empty and not removed: whoever waits for the lock has the file open.
	_ = f.Truncate(0) // fails on one that could not be written into
	return nil
})

// tryLock takes the lock, which the kernel gives up when we die. The text in the
// file is for people, and for the message to the next one.
func tryLock(in lockIn) (*os.File, lockOut) {
	fail := func(err error) (*os.File, lockOut) { return nil, lockOut{Err: err.Error()} }
	if err := os.MkdirAll(filepath.Dir(in.Path), 0o755); err != nil {
		return fail(err)
	}
	f, err := os.OpenFile(in.Path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o644)
	readOnly := errors.Is(err, fs.ErrPermission)
	if readOnly { // root's: it can be held, and not be written into
		f, err = os.OpenFile(in.Path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	}
	if err != nil {
		return fail(err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	old := readHolder(f)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		f.Close()
		if old == nil {
			old = &Holder{Command: "?"} // taken this instant, or by a foreign program
		}
		return nil, lockOut{Held: old}
	}
	if err == nil && readOnly {
		return f, lockOut{}
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt(in.Me.text(), 0)
	}
	if err != nil {
		f.Close()
		return fail(err)
	}
	return f, lockOut{Stale: old}
}

// text begins with the pid alone in its line, as the present tools write it.
func (h Holder) text() []byte {
	return fmt.Appendf(nil, "%d\n%s\n%s\n%s\n", h.PID, h.Command, h.Host, h.Since.Format(time.RFC3339))
}

func readHolder(f *os.File) *Holder {
	const longest = 4096
	b := make([]byte, longest)
	n, _ := f.ReadAt(b, 0) // always with an error: the end of the file
	lines := strings.Split(string(b[:n]), "\n")
	var h Holder
	if _, err := fmt.Sscan(lines[0], &h.PID); err != nil {
		return nil
	}
	h.Command = "?"
	if len(lines) > 3 {
		h.Command, h.Host = lines[1], lines[2]
		h.Since, _ = time.Parse(time.RFC3339, lines[3])
	}
	return &h
}

// Lock takes the lock of a node at once or fails with a [*HeldError]. It is
// given up by closing it, and by the death of either side or of the connection
// between them. The end of ctx ends the attempt, not the lock: what is put right
// after an interruption is under it still. stale is who had it and died.
func Lock(ctx context.Context, n Node, path string, me Holder) (lock io.Closer, stale *Holder, err error) {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, end)
	conn, err := lockStream.Open(life, n, lockIn{path, me})
	if err != nil {
		end()
		if !stop() {
			err = context.Cause(ctx)
		}
		return nil, nil, err
	}
	conn = &closing{ReadWriteCloser: conn, then: end}
	var out lockOut
	line, err := bufio.NewReader(conn).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &out)
	}
	switch {
	case !stop():
		err = context.Cause(ctx)
	case err != nil:
		err = fmt.Errorf("no word about the lock: %w", err)
	case out.Held != nil:
		err = &HeldError{*out.Held, n.Name()}
	case out.Err != "":
		err = &fs.PathError{Op: "lock", Path: path, Err: errors.New(out.Err)}
	default:
		return conn, out.Stale, nil
	}
	_ = conn.Close()
	return nil, nil, err
}
