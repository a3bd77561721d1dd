package rejoin

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
	"pgrex/internal/rebuild"
	"pgrex/internal/run"
)

// node is what facts are gathered from: the server of this node and its archive.
type node struct {
	*pg.Instance
	in In
}

func here(ctx context.Context, in In) (node, error) {
	i, err := pg.Here(ctx, in.Server)
	if err != nil {
		return node{}, err
	}
	in.Server = i.Settings()
	return node{i, in}, nil
}

// GatherLocal looks at the data of this node, whose server must be stopped. An
// error means that nothing could be found out, and never that data is damaged.
func GatherLocal(ctx context.Context, in In) (Local, error) {
	return GatherLocalTelling(ctx, in, nil)
}

// GatherLocalTelling is GatherLocal that tells how far it has read the WAL.
func GatherLocalTelling(ctx context.Context, in In, progress pg.Progress) (Local, error) {
	n, err := here(ctx, in)
	if err != nil {
		return Local{}, err
	}
	l := Local{Data: in.Server.Data, ArchiveDir: in.Archive}
	if l.Archive, err = n.names(in.Archive); err != nil {
		return Local{}, err
	}
	mark, err := rebuild.Server{Settings: n.in.Server, Run: run.Local{}, Journal: in.Journal}.Incomplete()
	if err != nil {
		l.Unfinished = err.Error()
	}
	if mark != nil {
		l.Unfinished, l.Rewound = mark.String(), mark.What == rebuild.Rewind
	}
	l.Installed, _ = n.ProgramRelease(ctx) // without a program nothing can be compared
	l.Version, _ = n.Version()
	for _, name := range []string{"PG_VERSION", "postgresql.conf", "base", "global"} {
		l.Exists = l.Exists || n.exists(name)
	}
	l.BackupLabel = n.exists("backup_label")
	l.ArchiveSystem = n.archiveSystem(l.Archive)
	c, err := n.Control()
	if err != nil {
		l.Damage = err.Error()
		return l, nil
	}
	l.Control = &c
	if err := n.readWAL(ctx, &l, progress); err != nil {
		return Local{}, err
	}
	return l, nil
}

// readWAL finds the timeline of the data and the end of its WAL.
func (n node) readWAL(ctx context.Context, l *Local, progress pg.Progress) error {
	c := *l.Control
	names, err := n.names(n.WALDir())
	if err != nil {
		l.WALDamage = err.Error()
	}
	own := c.Timeline
	var a wal.Ancestry
	// What was replayed, or written after a promotion, may be of a newer
	// timeline than the last checkpoint.
	if c.MinRecoveryTimeline > own {
		if newer, err := n.ancestry(c.MinRecoveryTimeline); err == nil && newer.Contains(own) {
			own, a = c.MinRecoveryTimeline, newer
		}
	}
	if a == nil {
		if a, err = n.ancestry(own); err != nil {
			l.WALDamage = err.Error()
			return ctx.Err()
		}
	}
	l.Ancestry = a
	if l.End, err = n.WALEnd(ctx, c, a, progress); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		l.WALDamage = err.Error()
	} else {
		l.WALKnown = true
		n.followNewer(ctx, l, names)
	}
	if err := n.Marks(ctx, c, l.Ancestry, n.in.Archive); err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	// Files beyond the end are old ones that wait for their turn under new names.
	for _, name := range names {
		f, _ := wal.ParseName(name)
		if s, ok := f.Segment(c.SegmentSize); ok && f.Kind == wal.SegmentKind && l.WALKnown && s.Start(c.SegmentSize) < l.End.End {
			l.WAL = append(l.WAL, name)
		}
	}
	return nil
}

// followNewer goes on with WAL that a standby has received of a newer timeline
// and not replayed yet.
func (n node) followNewer(ctx context.Context, l *Local, names []string) {
	var newer []wal.Timeline
	for _, name := range names {
		if f, _ := wal.ParseName(name); f.Timeline > l.Ancestry.Timeline() && !slices.Contains(newer, f.Timeline) {
			newer = append(newer, f.Timeline)
		}
	}
	slices.Sort(newer)
	for _, t := range slices.Backward(newer) {
		a, err := n.ancestry(t)
		if err != nil {
			continue
		}
		at, _, relation := wal.Fork(l.Ancestry, a)
		if relation != wal.AncestorOf || at < l.End.End {
			continue
		}
		end, err := n.WALEnd(ctx, *l.Control, a, nil)
		if err == nil && end.Timeline == t {
			l.Ancestry, l.End = a, end
			return
		}
	}
}

// GatherPrimary looks at the primary that runs on this node.
func GatherPrimary(ctx context.Context, in In) (Primary, error) {
	n, err := here(ctx, in)
	if err != nil {
		return Primary{}, err
	}
	c, err := n.Control()
	if err != nil {
		return Primary{}, err
	}
	v, err := n.Version()
	if err != nil {
		return Primary{}, err
	}
	p := Primary{SystemID: c.SystemID, SegmentSize: c.SegmentSize, Checkpointed: c.Timeline}
	p.VersionDir = fmt.Sprintf("PG_%d_%d", v, c.Catalog)
	if v == 906 {
		p.VersionDir = fmt.Sprintf("PG_9.6_%d", c.Catalog)
	}
	if dir := n.WALDir(); filepath.Dir(dir) != n.real(in.Server.Data) {
		p.WALDir = dir
	}
	// The files before the position: what is archived meanwhile must not look
	// as if it were ahead.
	if p.Archive, err = n.names(in.Archive); err != nil {
		return Primary{}, err
	}
	if p.WAL, err = n.names(n.WALDir()); err != nil {
		return Primary{}, err
	}
	s, err := n.Connect(ctx)
	if err != nil {
		return Primary{}, err
	}
	defer s.Close()
	if p.Source, err = s.Source(ctx); err != nil {
		return Primary{}, err
	}
	if p.InRecovery {
		return p, nil
	}
	if p.Ancestry, err = n.ancestry(p.Timeline); err == nil {
		err = n.Marks(ctx, c, p.Ancestry, in.Archive)
	}
	if err != nil && ctx.Err() != nil {
		return Primary{}, context.Cause(ctx)
	}
	return p, nil
}

// CheckpointIn asks for the last checkpoint before the fork ([Decision.Fork]).
type CheckpointIn struct {
	In
	Ancestry wal.Ancestry // of the data ([Local.Ancestry])
	Fork     wal.LSN
}

// CommonCheckpoint finds the last checkpoint of the data on this node before
// the fork, from which a rewind would begin; zero when the WAL goes back less.
func CommonCheckpoint(ctx context.Context, in CheckpointIn) (wal.LSN, error) {
	n, err := here(ctx, in.In)
	if err != nil {
		return 0, err
	}
	c, err := n.Control()
	if err != nil {
		return 0, err
	}
	return n.LastCheckpoint(ctx, c, in.Ancestry, in.Fork, in.Archive, nil)
}

// as does something as the user of the server.
func (n node) as(do func() error) error { return pg.As(n.in.Server.User, do) }

func (n node) exists(name string) bool {
	return n.as(func() error { _, err := os.Lstat(filepath.Join(n.in.Server.Data, name)); return err }) == nil
}

func (n node) real(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// names are the files of a directory that are named like WAL; none if there is
// no such directory.
func (n node) names(dir string) ([]string, error) {
	if dir == "" {
		return nil, nil
	}
	var entries []fs.DirEntry
	err := n.as(func() (err error) { entries, err = os.ReadDir(dir); return err })
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if _, ok := wal.ParseName(e.Name()); ok && !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// ancestry reads how a timeline came to be, from the WAL directory or else the
// archive.
func (n node) ancestry(t wal.Timeline) (wal.Ancestry, error) {
	h, err := n.History(t)
	if errors.Is(err, fs.ErrNotExist) && n.in.Archive != "" {
		var text []byte
		if text, err = n.read(filepath.Join(n.in.Archive, t.File()), 1<<20); err == nil {
			h, err = wal.ParseHistory(text)
		}
	}
	if err != nil {
		return nil, err
	}
	return h.Ancestry(t), nil
}

// read reads the beginning of a file, which may have been compressed.
func (n node) read(path string, limit int64) ([]byte, error) {
	var b []byte
	err := n.as(func() error {
		var err error
		for _, suffix := range []string{"", ".gz", ".bz2"} {
			var f *os.File
			if f, err = os.Open(path + suffix); errors.Is(err, fs.ErrNotExist) {
				continue
			} else if err != nil {
				return err
			}
			defer f.Close()
			var r io.Reader = f
			switch suffix {
			case ".gz":
				if r, err = gzip.NewReader(f); err != nil {
					return err
				}
			case ".bz2":
				r = bzip2.NewReader(f)
			}
			b, err = io.ReadAll(io.LimitReader(r, limit))
			return err
		}
		return fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	})
	return b, err
}

// archiveSystem is the system identifier in the header of the newest archived
// segment, or part of one, that can be read (struct XLogLongPageHeaderData).
func (n node) archiveSystem(names []string) uint64 {
	const at, header = 24, 40
	for _, name := range slices.Backward(names) {
		f, _ := wal.ParseName(name)
		if !f.HasWAL() {
			continue
		}
		b, err := n.read(filepath.Join(n.in.Archive, f.Base), header)
		if err == nil && len(b) == header && !bytes.Equal(b, make([]byte, header)) {
			return binary.NativeEndian.Uint64(b[at:])
		}
	}
	return 0
}
