package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"pgrex/internal/durable"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/pg/wal"
)

// Cleaning says what is to be taken out of an archive.
type Cleaning struct {
	Dir   string
	Files []string // in this order
	// MoveTo names a new directory in Dir; "" removes the files.
	MoveTo string
}

// MoveName is the directory in the archive that files of a moment are moved to.
func MoveName(now time.Time) string { return now.Format("20060102_150405") }

// Cleaned is what became of one file.
type Cleaned struct {
	Name string
	Size int64
	Err  string // "" when all went well
}

// Total is what was done.
type Total struct {
	Files  int
	Bytes  int64
	Failed int
}

// cleanNote is what the stream says, one in a line.
type cleanNote struct {
	File *Cleaned   `json:",omitempty"`
	Stop message.ID `json:",omitempty"` // nothing was done
	Err  string     `json:",omitempty"`
	End  bool       `json:",omitempty"`
}

// The stream ends between two files when something is written to it.
var cleanStream = node.DefineStream("archive-clean", func(_ context.Context, in Cleaning, conn io.ReadWriter) error {
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		_, _ = conn.Read(make([]byte, 1))
	}()
	out := json.NewEncoder(conn)
	if id, err := in.prepare(); err != nil {
		return out.Encode(cleanNote{Stop: id, Err: err.Error()})
	}
	dirs := []string{in.Dir}
	if in.MoveTo != "" {
		dirs = append(dirs, in.target())
	}
files:
	for _, name := range in.Files {
		select {
		case <-stop:
			break files
		default:
		}
		size, err := in.one(name)
		done := Cleaned{Name: name, Size: size}
		if err != nil {
			done.Err = cause(err).Error()
		}
		if err := out.Encode(cleanNote{File: &done}); err != nil {
			return err
		}
	}
	for _, dir := range dirs {
		_ = durable.SyncDir(dir) // a file that comes back after a crash is removed the next time
	}
	return out.Encode(cleanNote{End: true})
})

func (c Cleaning) target() string { return filepath.Join(c.Dir, c.MoveTo) }

// prepare makes the directory that files are moved to. It belongs to whom the
// archive belongs.
func (c Cleaning) prepare() (message.ID, error) {
	if c.MoveTo == "" {
		return "", nil
	}
	if _, err := time.Parse("20060102_150405", c.MoveTo); err != nil {
		return message.ARC016, err
	}
	st, err := os.Stat(c.Dir)
	if err == nil {
		err = os.Mkdir(c.target(), 0o700)
	}
	switch {
	case errors.Is(err, os.ErrExist):
		return message.ARC015, err
	case err != nil:
		return message.ARC016, cause(err)
	}
	if err := giveTo(c.target(), st); err != nil {
		_ = os.Remove(c.target())
		return message.ARC017, cause(err)
	}
	return "", nil
}

// giveTo gives a file the owner and the group of another one.
func giveTo(path string, like os.FileInfo) error {
	st, ok := like.Sys().(*syscall.Stat_t)
	if !ok {
		return errors.New("no owner known")
	}
	return os.Lchown(path, int(st.Uid), int(st.Gid))
}

// one removes or moves a file.
func (c Cleaning) one(name string) (int64, error) {
	if _, ok := wal.ParseName(name); !ok {
		return 0, fmt.Errorf("%q is no file of an archive", name)
	}
	path := filepath.Join(c.Dir, name)
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return 0, err
	case !info.Mode().IsRegular():
		return 0, errors.New("not a regular file")
	case c.MoveTo != "":
		return info.Size(), os.Rename(path, filepath.Join(c.target(), name))
	}
	return info.Size(), os.Remove(path)
}

// Clean removes or moves files on a node. each learns of every file. Files that
// cannot be removed do not stop it, and are counted; the end of ctx stops it
// between two files.
func Clean(ctx context.Context, n node.Node, c Cleaning, each func(Cleaned)) (Total, error) {
	// Not under ctx itself: what was done is to be heard of also when it ends.
	conn, err := cleanStream.Open(context.WithoutCancel(ctx), n, c)
	if err != nil {
		return Total{}, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _, _ = conn.Write([]byte("\n")) })()
	var t Total
	in := json.NewDecoder(conn)
	for {
		var note cleanNote
		if err := in.Decode(&note); err != nil {
			return t, fmt.Errorf("lost %s after %d files: %w", n.Name(), t.Files, err)
		}
		switch {
		case note.Stop == message.ARC015:
			return t, message.Fail(note.Stop, "dir", c.target())
		case note.Stop != "":
			return t, message.Fail(note.Stop, "dir", c.target(), "err", note.Err)
		case note.End:
			return t, context.Cause(ctx)
		case note.File != nil:
			if note.File.Err == "" {
				t.Files++
				t.Bytes += note.File.Size
			} else {
				t.Failed++
			}
			each(*note.File)
		}
	}
}

// cause is an error without the path that the message names already.
func cause(err error) error {
	var p *os.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		return p.Err
	case errors.As(err, &l):
		return l.Err
	}
	return err
}
