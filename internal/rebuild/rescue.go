package rebuild

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"pgrex/internal/durable"
	"pgrex/internal/message"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
)

// Divergence is where two nodes went their own ways.
type Divergence struct {
	Node, Source string // this node, and the one that its data will follow
	Fork         wal.LSN
	// End is the end of this node's WAL, 0 when it could not be found.
	End wal.LSN
	// Branch is the timeline on which Fork lies, Own the one that this node's WAL ends on.
	Branch, Own wal.Timeline
	Peer        wal.Timeline
}

// Bytes is how much WAL of this node's lies after the fork.
func (d Divergence) Bytes() int64 { return max(0, int64(d.End)-int64(d.Fork)) }

// Rescue is what would be lost, and the files that hold it.
type Rescue struct {
	Divergence
	Files []RescuedFile
	// Commits counts the transactions; -1 when that cannot be told.
	Commits int64
}

// RescuedFile is one file to be saved.
type RescuedFile struct {
	Path string
	Size int64
}

// Size is what the files take.
func (r Rescue) Size() int64 {
	var sum int64
	for _, f := range r.Files {
		sum += f.Size
	}
	return sum
}

// divergedFiles picks, from the names in the directory of the WAL, the
// segments that hold what came after the fork, and all history files.
// Segments behind the end of the WAL are old ones that wait to be used again.
func divergedFiles(names []string, d Divergence, segmentSize int) []string {
	var picked []string
	for _, name := range names {
		n, ok := wal.ParseName(name)
		if !ok {
			continue
		}
		if n.Kind == wal.HistoryKind {
			picked = append(picked, name)
			continue
		}
		segment, ok := n.Segment(segmentSize)
		if !ok || n.Kind == wal.BackupKind || n.Timeline < d.Branch || segment < wal.SegmentOf(d.Fork, segmentSize) {
			continue
		}
		if d.End != 0 && segment > wal.SegmentOf(d.End-1, segmentSize) {
			continue
		}
		picked = append(picked, name)
	}
	return picked
}

// PlanRescue finds what would be lost. Nothing is changed.
func (s Server) PlanRescue(ctx context.Context, d Divergence) (Rescue, error) {
	fail := func(err error) (Rescue, error) {
		return Rescue{}, fmt.Errorf("cannot tell what a rebuild would lose: %w", err)
	}
	inst := s.instance()
	release, err := inst.Version()
	if err != nil {
		return fail(err)
	}
	control, err := inst.Control()
	if err != nil {
		return fail(err)
	}
	r := Rescue{Divergence: d, Commits: s.commits(ctx, release, d)}
	dir := filepath.Join(s.Data, walName(release))
	err = pg.As(s.User, func() error {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		paths := []string{filepath.Join(s.Data, "global", "pg_control")}
		for _, name := range divergedFiles(names, d, control.SegmentSize) {
			paths = append(paths, filepath.Join(dir, name))
		}
		for _, path := range paths {
			st, err := os.Stat(path)
			if err != nil {
				return err
			}
			r.Files = append(r.Files, RescuedFile{path, st.Size()})
		}
		return nil
	})
	if err != nil {
		return fail(err)
	}
	return r, nil
}

var commitCount = regexp.MustCompile(`(?m)^Transaction/COMMIT(?:_PREPARED)?\s+(\d+)`)

// commits counts the transactions after the fork, -1 when there is no program
// that can, or the WAL changes its timeline, which that program does not follow.
func (s Server) commits(ctx context.Context, release int, d Divergence) int64 {
	name := "pg_waldump"
	if !since(release, 10) {
		name = "pg_xlogdump"
	}
	program, err := s.program(name)
	if err != nil || d.End <= d.Fork || d.Own != d.Branch {
		return -1
	}
	res, err := s.Run.Run(ctx, s.command(program, "-p", filepath.Join(s.Data, walName(release)),
		"-t", strconv.Itoa(int(d.Own)), "-s", d.Fork.String(), "-e", d.End.String(), "--rmgr=Transaction", "--stats=record"))
	if err != nil {
		return -1
	}
	var sum int64
	for _, m := range commitCount.FindAllSubmatch(res.Stdout, -1) {
		n, _ := strconv.ParseInt(string(m[1]), 10, 64) // digits
		sum += n
	}
	return sum
}

// Save copies the files into a new directory below dir, with a summary, and
// returns its path. It refuses a place that the rebuild would empty, which are
// the directories named by apart.
func (s Server) Save(ctx context.Context, r Rescue, dir string, apart []string, say message.Printer) (string, error) {
	now := time.Now()
	path := filepath.Join(dir, "rescue-"+now.Format("20060102-150405"))
	fail := func(err error) (string, error) {
		return "", fmt.Errorf("cannot save what this node alone has in %s: %w", path, err)
	}
	for _, other := range append([]string{s.Data}, apart...) {
		if within(realPath(path), realPath(other)) {
			return fail(fmt.Errorf("it lies within %s", other))
		}
	}
	// Where the user of the server may write, root must not: whoever owns a
	// directory can put a link to somewhere else into it.
	writer := s.User
	err := pg.As(writer, func() error { return os.Mkdir(path, 0o700) })
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		writer = pg.User{}
		if err = os.MkdirAll(dir, 0o700); err == nil {
			err = os.Mkdir(path, 0o700)
		}
	}
	if err != nil {
		return fail(err)
	}
	err = s.fill(ctx, r, path, writer, say, now)
	if err != nil {
		_ = pg.As(writer, func() error { return os.RemoveAll(path) })
		return fail(err)
	}
	return path, nil
}

func (s Server) fill(ctx context.Context, r Rescue, path string, writer pg.User, say message.Printer, now time.Time) error {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err == nil && int64(st.Bavail)*st.Bsize < r.Size() {
		return fmt.Errorf("%d bytes are needed: %w", r.Size(), unix.ENOSPC)
	}
	var list []string
	for _, f := range r.Files {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if err := s.save(f.Path, filepath.Join(path, filepath.Base(f.Path)), writer); err != nil {
			return err
		}
		list = append(list, fmt.Sprintf("%12d %s", f.Size, f.Path))
	}
	unknown := func(ok bool, v any) any {
		if ok {
			return v
		}
		return "?"
	}
	text := say.Text(message.SST096, "node", r.Node, "source", r.Source, "time", now.Format(time.DateTime),
		"fork", r.Fork, "end", unknown(r.End != 0, r.End), "own", r.Own, "peer", r.Peer,
		"bytes", unknown(r.End != 0, r.Bytes()), "commits", unknown(r.Commits >= 0, r.Commits), "files", strings.Join(list, "\n"))
	return pg.As(writer, func() error {
		if err := durable.WriteFile(filepath.Join(path, "summary.txt"), []byte(text), 0o600); err != nil {
			return err
		}
		return durable.SyncDir(filepath.Dir(path))
	})
}

// save copies one file so that it is there after a power failure.
func (s Server) save(from, to string, writer pg.User) error {
	var in, out *os.File
	err := pg.As(s.User, func() (err error) { in, err = os.Open(from); return err })
	if err != nil {
		return err
	}
	defer in.Close()
	err = pg.As(writer, func() (err error) {
		out, err = os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		return err
	})
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// realPath is a path without symbolic links, as far as it is there.
func realPath(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	parent := filepath.Dir(path)
	if parent == path {
		return path
	}
	return filepath.Join(realPath(parent), filepath.Base(path))
}

// within says whether a path is another one or lies below it.
func within(path, other string) bool {
	return path == other || strings.HasPrefix(path, strings.TrimSuffix(other, "/")+"/")
}
