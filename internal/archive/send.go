package archive

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/pg/wal"
)

// The stream from the sender to the receiver is a sequence of files: a header,
// the content in pieces, an empty piece, and a trailer. Headers and trailers are
// JSON behind their length, pieces bytes behind theirs. The last header says
// that it is the last.

// header announces a file.
type header struct {
	Name     string
	Size     int64
	Mode     fs.FileMode
	Owner    string // by name: ids may differ between nodes
	Group    string
	Modified time.Time

	// Left says why the file is not sent; no content follows.
	Left  *Left `json:",omitempty"`
	Fatal string
	End   bool // no file follows
}

// trailer ends a file.
type trailer struct {
	Sum string
	Err string // the content is not complete
}

// Left is a file that was not copied.
type Left struct {
	// Why is the failure; "" for one that is still being written, which no one
	// needs to wait for: what is archived last is streamed as well.
	Why message.ID
}

// sendIn says what to send.
type sendIn struct {
	Dir         string
	Files       []string
	SegmentSize int
	Newest      string // segment whose compression is checked
	MaxRate     int64  // bytes a second, 0: unlimited
}

// How often, and for how long, a file is waited for that is being written.
var (
	growingTries = 10
	growingPause = time.Second
)

const pieceSize = 256 << 10

var sendStream = node.DefineStream("archive-send", func(ctx context.Context, in sendIn, conn io.ReadWriter) error {
	s := &sender{in: in, w: bufio.NewWriterSize(conn, pieceSize), begun: time.Now()}
	err := s.send(ctx)
	if err != nil {
		_ = writePart(s.w, header{Fatal: err.Error()})
	}
	return errors.Join(err, writeAll(s.w, lastPart), s.w.Flush())
})

// lastPart is the header that ends every stream.
var lastPart = func() []byte {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	_ = errors.Join(writePart(w, header{End: true}), w.Flush()) // a buffer takes everything
	return b.Bytes()
}()

type sender struct {
	in    sendIn
	w     *bufio.Writer
	begun time.Time
	sent  int64
}

func (s *sender) send(ctx context.Context) error {
	type late struct {
		name  string
		first int64 // size when it was first seen
	}
	var waiting []late
	for _, name := range s.in.Files {
		ok, size, err := s.file(ctx, name)
		if err != nil {
			return err
		}
		if !ok {
			waiting = append(waiting, late{name, size})
		}
	}
	for try := 0; try < growingTries && len(waiting) > 0; try++ {
		if err := pause(ctx, growingPause); err != nil {
			return err
		}
		var still []late
		for _, l := range waiting {
			ok, _, err := s.file(ctx, l.name)
			if err != nil {
				return err
			}
			if !ok {
				still = append(still, l)
			}
		}
		waiting = still
	}
	for _, l := range waiting {
		left := &Left{}
		info, err := os.Stat(filepath.Join(s.in.Dir, l.name))
		if err == nil && info.Size() == l.first && l.name != s.in.Newest {
			left.Why = s.complaint(l.name, info.Size())
		}
		if err := writePart(s.w, header{Name: l.name, Left: left}); err != nil {
			return err
		}
	}
	return nil
}

// complaint is what is wrong with a file that nobody writes any more.
func (s *sender) complaint(name string, size int64) message.ID {
	n, _ := wal.ParseName(name)
	switch {
	case n.Kind == wal.SegmentKind && n.Suffix == "":
		return message.SST085
	case size == 0:
		return message.SST086
	}
	return message.SST088
}

// file sends a file if it is complete. One that has vanished needs no sending.
func (s *sender) file(ctx context.Context, name string) (complete bool, size int64, err error) {
	n, ok := wal.ParseName(name)
	if !ok {
		return false, 0, fmt.Errorf("%q is no file of an archive", name)
	}
	f, err := os.Open(filepath.Join(s.in.Dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return true, 0, nil
	}
	if err != nil {
		return false, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, 0, err
	}
	if !s.complete(ctx, n, info.Size()) {
		return false, info.Size(), context.Cause(ctx)
	}
	h := header{Name: name, Size: info.Size(), Mode: info.Mode().Perm(), Modified: info.ModTime()}
	h.Owner, h.Group = ownerOf(info)
	if err := writePart(s.w, h); err != nil {
		return false, 0, err
	}
	return true, h.Size, s.content(ctx, f, h.Size)
}

// complete says whether a file is one that nobody writes to any more, as far as
// it shows.
func (s *sender) complete(ctx context.Context, n wal.Name, size int64) bool {
	switch {
	case n.Kind == wal.SegmentKind && n.Suffix == "":
		return size == int64(s.in.SegmentSize)
	case n.String() == s.in.Newest:
		length, err := content(ctx, s.in.Dir, n, io.Discard)
		return err == nil && length == int64(s.in.SegmentSize)
	}
	return size > 0
}

func (s *sender) content(ctx context.Context, f *os.File, size int64) error {
	sum := sha256.New()
	r := io.TeeReader(io.LimitReader(interruptible{ctx, f}, size), sum)
	piece := make([]byte, pieceSize)
	var t trailer
	for left := size; left > 0; {
		n, err := r.Read(piece)
		if n > 0 {
			left -= int64(n)
			if err := errors.Join(writeLength(s.w, n), writeAll(s.w, piece[:n]), s.slow(ctx, n)); err != nil {
				return err
			}
		}
		if err != nil && left > 0 {
			t.Err = err.Error()
			break
		}
	}
	t.Sum = hex.EncodeToString(sum.Sum(nil))
	return errors.Join(writeLength(s.w, 0), writePart(s.w, t))
}

// slow keeps to the rate.
func (s *sender) slow(ctx context.Context, n int) error {
	s.sent += int64(n)
	if s.in.MaxRate <= 0 {
		return nil
	}
	due := time.Duration(float64(s.sent) / float64(s.in.MaxRate) * float64(time.Second))
	return pause(ctx, due-time.Since(s.begun))
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// ownerOf names who a file belongs to, by number where there is no name.
func ownerOf(info fs.FileInfo) (owner, group string) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", ""
	}
	owner, group = strconv.Itoa(int(st.Uid)), strconv.Itoa(int(st.Gid))
	if u, err := user.LookupId(owner); err == nil {
		owner = u.Username
	}
	if g, err := user.LookupGroupId(group); err == nil {
		group = g.Name
	}
	return owner, group
}

func writeAll(w io.Writer, b []byte) error {
	_, err := w.Write(b)
	return err
}

func writeLength(w io.Writer, n int) error {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(n))
	return writeAll(w, b[:])
}

func readLength(r io.Reader) (int, error) {
	var b [4]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 0, err
	}
	n := binary.BigEndian.Uint32(b[:])
	if n > pieceSize {
		return 0, fmt.Errorf("a piece of %d bytes is too long", n)
	}
	return int(n), nil
}

func writePart(w *bufio.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return errors.Join(writeLength(w, len(b)), writeAll(w, b))
}

func readPart(r io.Reader, v any) error {
	n, err := readLength(r)
	if err != nil {
		return err
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}
