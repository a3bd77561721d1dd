package archive

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgrex/internal/durable"
	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
	"pgrex/internal/run"
)

// receiveIn says what to expect.
type receiveIn struct {
	Dir   string
	Files []string
	// Aside are files that are moved to the directory AsideDir, in Dir, before
	// others take their names.
	Aside    []string
	AsideDir string
}

// receiveNote is what the receiver says, one in a line.
type receiveNote struct {
	Bytes int64  `json:",omitempty"` // received altogether
	Done  string `json:",omitempty"` // file that is complete
	Aside string `json:",omitempty"` // file that was moved away
	Name  string `json:",omitempty"` // file that is Left
	Left  *Left  `json:",omitempty"`
	Err   string `json:",omitempty"`
	End   bool   `json:",omitempty"`
}

// temporary begins the names of files that are not complete. Nobody takes them
// for archived ones.
const temporary = ".pg-rex-copy."

var receiveStream = node.DefineStream("archive-receive", func(ctx context.Context, in receiveIn, conn io.ReadWriter) error {
	r := &receiver{in: in, r: bufio.NewReaderSize(conn, pieceSize), notes: json.NewEncoder(conn)}
	err := r.receive(ctx)
	if err != nil {
		return r.notes.Encode(receiveNote{Err: err.Error()})
	}
	return r.notes.Encode(receiveNote{End: true})
})

type receiver struct {
	in    receiveIn
	r     *bufio.Reader
	notes *json.Encoder
	bytes int64
	told  time.Time // when bytes were last told of
	ids   map[string]int
}

func (r *receiver) receive(ctx context.Context) error {
	if err := r.sweep(); err != nil {
		return err
	}
	r.ids = map[string]int{}
	for {
		var h header
		if err := readPart(r.r, &h); err != nil {
			return fmt.Errorf("the sender is lost: %w", err)
		}
		switch {
		case h.End:
			return durable.SyncDir(r.in.Dir)
		case h.Fatal != "":
			return errors.New(h.Fatal)
		case !slices.Contains(r.in.Files, h.Name):
			return fmt.Errorf("%q was not asked for", h.Name)
		case h.Left != nil:
			if err := r.notes.Encode(receiveNote{Name: h.Name, Left: h.Left}); err != nil {
				return err
			}
		default:
			if err := r.file(ctx, h); err != nil {
				return fmt.Errorf("%s: %w", h.Name, err)
			}
		}
	}
}

// sweep removes what an earlier copy has left when it was killed.
func (r *receiver) sweep() error {
	entries, err := os.ReadDir(r.in.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), temporary) && e.Type().IsRegular() {
			if err := os.Remove(filepath.Join(r.in.Dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// file receives one file. It has its name when it is complete and on disk.
func (r *receiver) file(ctx context.Context, h header) error {
	if _, ok := wal.ParseName(h.Name); !ok {
		return errors.New("no file of an archive")
	}
	f, err := os.CreateTemp(r.in.Dir, temporary+"*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	err = r.content(f, h.Size)
	if err == nil {
		err = r.own(ctx, f, h)
	}
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Chtimes(f.Name(), h.Modified, h.Modified)
	}
	if err == nil {
		err = r.putAside(h.Name)
	}
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(r.in.Dir, h.Name))
	}
	if err != nil {
		return cause(err)
	}
	return r.notes.Encode(receiveNote{Done: h.Name, Bytes: r.bytes})
}

func (r *receiver) content(f *os.File, size int64) error {
	sum := sha256.New()
	w := io.MultiWriter(f, sum)
	got := int64(0)
	for {
		n, err := readLength(r.r)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		if _, err := io.CopyN(w, r.r, int64(n)); err != nil {
			return err
		}
		got += int64(n)
		r.bytes += int64(n)
		const often = 100 * time.Millisecond
		if now := time.Now(); now.Sub(r.told) > often {
			r.told = now
			if err := r.notes.Encode(receiveNote{Bytes: r.bytes}); err != nil {
				return err
			}
		}
	}
	var t trailer
	if err := readPart(r.r, &t); err != nil {
		return err
	}
	switch {
	case t.Err != "":
		return errors.New(t.Err)
	case got != size:
		return fmt.Errorf("%d bytes instead of %d", got, size)
	case t.Sum != hex.EncodeToString(sum.Sum(nil)):
		return errors.New("the check sum is wrong")
	}
	return nil
}

// own gives the file the mode and the owner that it has over there.
func (r *receiver) own(ctx context.Context, f *os.File, h header) error {
	if err := f.Chmod(h.Mode.Perm()); err != nil {
		return err
	}
	uid, err := r.id(ctx, "passwd", h.Owner)
	if err != nil {
		return err
	}
	gid, err := r.id(ctx, "group", h.Group)
	if err != nil {
		return err
	}
	return f.Chown(uid, gid)
}

// id is the number of a user or a group.
func (r *receiver) id(ctx context.Context, table, name string) (int, error) {
	if id, ok := r.ids[table+name]; ok {
		return id, nil
	}
	id, err := lookup(ctx, table, name)
	if err != nil {
		return 0, err
	}
	r.ids[table+name] = id
	return id, nil
}

func lookup(ctx context.Context, table, name string) (int, error) {
	if id, err := strconv.Atoi(name); err == nil {
		return id, nil // it has no name over there either
	}
	if table == "passwd" {
		u, err := pg.LookupUser(ctx, run.Local{}, name)
		return int(u.UID), err
	}
	if g, err := user.LookupGroup(name); err == nil {
		return strconv.Atoi(g.Gid)
	}
	res, err := run.Local{}.Run(ctx, run.Command{Argv: []string{"getent", "group", "--", name}})
	if err != nil {
		return 0, fmt.Errorf("cannot find group %s: %w", name, err)
	}
	f := strings.Split(string(res.Stdout), ":")
	if len(f) < 3 {
		return 0, fmt.Errorf("cannot find group %s: getent answers %q", name, res.Stdout)
	}
	return strconv.Atoi(f[2])
}

// putAside moves the file that has the name now out of the way, if it is to be kept.
func (r *receiver) putAside(name string) error {
	if !slices.Contains(r.in.Aside, name) {
		return nil
	}
	dir := filepath.Join(r.in.Dir, r.in.AsideDir)
	err := os.Mkdir(dir, 0o700)
	if err == nil {
		var like os.FileInfo
		if like, err = os.Stat(r.in.Dir); err == nil {
			err = giveTo(dir, like)
		}
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	err = os.Rename(filepath.Join(r.in.Dir, name), filepath.Join(dir, name))
	if err != nil {
		return err
	}
	if err := durable.SyncDir(dir); err != nil {
		return err
	}
	return r.notes.Encode(receiveNote{Aside: name})
}

// timesIn sets times of files.
type timesIn struct {
	Dir   string
	Times map[string]time.Time
}

// setTimes notes that files are the same as over there, so that their contents
// need not be compared again.
var setTimes = node.Define("archive-times", func(_ context.Context, in timesIn) (struct{}, error) {
	for name, at := range in.Times {
		if _, ok := wal.ParseName(name); !ok {
			return struct{}{}, fmt.Errorf("%q is no file of an archive", name)
		}
		if err := os.Chtimes(filepath.Join(in.Dir, name), at, at); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return struct{}{}, err
		}
	}
	return struct{}{}, nil
})
