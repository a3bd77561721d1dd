package rebuild

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
)

// Kind says what a place is for.
type Kind int

// The kinds of places.
const (
	Data       Kind = iota + 1
	WAL             // outside of the data directory
	Tablespace      // a location; the server's part of it is one directory below
)

// Place is a directory that a base backup fills and that is emptied before.
type Place struct {
	Kind Kind
	Path string
}

// Primary is what has to be known of the server that a base backup is taken of.
type Primary struct {
	Address string // for replication
	Port    int
	User    string // the replication role
	// Options are more keywords of the connection (primary_conninfo_opt).
	Options     string
	SystemID    uint64
	SegmentSize int
	// WALDir is where its WAL is when that is outside of the data directory.
	WALDir      string
	Tablespaces []string
	// VersionDir is the directory that its release has in every tablespace
	// location: PG_15_202209061.
	VersionDir string
	// Sizes are the bytes below its directories ([Measure]), by path.
	Sizes                  map[string]int64
	FreeSenders, FreeSlots int
}

// places are the directories that a backup of that server fills here.
func (s Server) places(p Primary) []Place {
	all := []Place{{Data, s.Data}}
	if p.WALDir != "" {
		all = append(all, Place{WAL, p.WALDir})
	}
	for _, t := range p.Tablespaces {
		all = append(all, Place{Tablespace, t})
	}
	return all
}

// Measure is the size of everything below directories of a node. Links are not
// followed, and the WAL below a data directory does not count: of it a backup
// has only the newest.
var Measure = node.Define("measure", func(ctx context.Context, dirs []string) (map[string]int64, error) {
	sizes := map[string]int64{}
	for _, dir := range dirs {
		real, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return nil, err
		}
		err = filepath.WalkDir(real, func(path string, e fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist) && path != real:
				return nil // removed meanwhile
			case err != nil:
				return err
			case e.IsDir() && filepath.Dir(path) == real && (e.Name() == walName(10) || e.Name() == walName(906)):
				return fs.SkipDir
			case !e.Type().IsRegular():
				return context.Cause(ctx)
			}
			if info, err := e.Info(); err == nil {
				sizes[dir] += info.Size()
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return sizes, nil
})

// PlaceFacts are what is known of a place.
type PlaceFacts struct {
	Place
	Real   string // without symbolic links
	Exists bool
	IsDir  bool
	// Writable: the user of the server can fill it, or make it.
	Writable bool
	// Movable: it can be renamed.
	Movable bool
	// Foreign are entries that are not the database's.
	Foreign []string
	Bytes   int64  // that emptying it sets free
	Device  uint64 // the file system
	Free    int64  // bytes free there
}

// Facts are what is known before a base backup.
type Facts struct {
	Places []PlaceFacts
	// Apart are directories that no place may contain, with their real paths:
	// the archive, the directory of the agent.
	Apart []string
}

// Emptied lists the directories whose contents will go.
func (f Facts) Emptied() []string {
	var list []string
	for _, p := range f.Places {
		if p.Exists {
			list = append(list, p.Path)
		}
	}
	return list
}

// Look finds the facts. It changes nothing.
func (s Server) Look(ctx context.Context, p Primary, apart []string) (Facts, error) {
	marked, err := s.Incomplete()
	if err != nil && !errors.Is(err, fs.ErrPermission) { // which is a reason to refuse
		return Facts{}, err
	}
	var f Facts
	for _, dir := range apart {
		f.Apart = append(f.Apart, realPath(dir))
	}
	for _, place := range s.places(p) {
		facts := PlaceFacts{Place: place, Real: realPath(place.Path)}
		err := pg.As(s.User, func() error { return facts.look(ctx, s.User, p.VersionDir, marked != nil) })
		if err != nil {
			return Facts{}, err
		}
		f.Places = append(f.Places, facts)
	}
	return f, nil
}

// look finds the facts of one place with the rights of the server's user.
func (f *PlaceFacts) look(ctx context.Context, user pg.User, versionDir string, marked bool) error {
	parent := filepath.Dir(f.Real)
	st, err := os.Stat(f.Real)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f.Exists = err == nil
	f.IsDir = f.Exists && st.IsDir()
	there := f.Real
	for !f.Exists && there != "/" {
		there = filepath.Dir(there)
		if _, err := os.Stat(there); err == nil {
			break
		}
	}
	var fsys unix.Statfs_t
	if err := unix.Statfs(there, &fsys); err != nil {
		return err
	}
	f.Free = int64(fsys.Bavail) * fsys.Bsize
	f.Device = device(there)
	f.Writable = writable(there)
	f.Movable = f.IsDir && writable(parent) && device(parent) == f.Device && !sticky(parent, f.Real)
	if !f.IsDir {
		return nil
	}
	if f.Kind == Data && owner(f.Real) != user.UID {
		f.Writable = false // the server does not start in it
	}
	entries, err := os.ReadDir(f.Real)
	if err != nil {
		f.Writable = false
		return nil
	}
	database := f.Kind != Data || marked || slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return slices.Contains([]string{"PG_VERSION", "base", "global", walName(10), walName(906)}, e.Name())
	})
	for _, e := range entries {
		path := filepath.Join(f.Real, e.Name())
		if e.Name() == "lost+found" || owner(path) != user.UID || e.IsDir() && device(path) != f.Device || !belongs(f.Kind, e.Name(), versionDir, database) {
			f.Foreign = append(f.Foreign, e.Name())
			continue
		}
		if err := f.measure(ctx, user, path); err != nil {
			return err
		}
	}
	return nil
}

// measure adds what is below a path, and finds directories there that the user
// of the server cannot empty or that are not of this file system.
func (f *PlaceFacts) measure(ctx context.Context, user pg.User, path string) error {
	return filepath.WalkDir(path, func(path string, e fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var st unix.Stat_t
		if err == nil {
			err = unix.Lstat(path, &st)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		// On an overlay only directories are of one device.
		if err != nil || e.IsDir() && (st.Dev != f.Device || st.Uid != user.UID) {
			name, _ := filepath.Rel(f.Real, path)
			f.Foreign = append(f.Foreign, name)
			return fs.SkipDir
		}
		const block = 512
		f.Bytes += st.Blocks * block
		return nil
	})
}

// belongs says whether an entry at the top of a place is the database's.
// Anything may lie in a data directory, but only if it is one.
func belongs(kind Kind, name, versionDir string, database bool) bool {
	switch kind {
	case WAL:
		_, isWAL := wal.ParseName(name)
		return isWAL || slices.Contains([]string{"archive_status", "summaries", "RECOVERYHISTORY", "RECOVERYXLOG"}, name) ||
			strings.HasPrefix(name, "xlogtemp.") || strings.HasSuffix(name, ".tmp") || strings.HasSuffix(name, ".deleted")
	case Tablespace:
		return name == versionDir
	default:
		return database || name == MarkerName || strings.HasPrefix(name, "pg_") || strings.HasPrefix(name, "backup_label")
	}
}

func writable(dir string) bool {
	return unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK|unix.X_OK, unix.AT_EACCESS) == nil
}

func device(path string) uint64 {
	var st syscall.Stat_t
	if syscall.Lstat(path, &st) != nil {
		return 0
	}
	return st.Dev
}

func owner(path string) uint32 {
	var st syscall.Stat_t
	if syscall.Lstat(path, &st) != nil {
		return ^uint32(0)
	}
	return st.Uid
}

// sticky says whether the parent lets only owners rename, as /tmp does, and
// the directory is somebody else's.
func sticky(parent, dir string) bool {
	st, err := os.Stat(parent)
	return err == nil && st.Mode()&os.ModeSticky != 0 && owner(dir) != uint32(os.Geteuid())
}

// system are directories that no base backup may go to, whatever is in them.
var system = []string{
	"/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/media", "/mnt", "/opt", "/proc", "/root", "/run", "/sbin",
	"/srv", "/sys", "/tmp", "/usr", "/usr/lib", "/usr/local", "/usr/share", "/var", "/var/lib", "/var/log", "/var/run", "/var/tmp",
}

// Options say how a base backup is taken.
type Options struct {
	Stream  bool  // the WAL that belongs to it too
	KeepOld bool  // rename what is there instead of emptying it
	MaxRate int64 // bytes per second; 0 is unlimited
	Spread  bool  // a checkpoint that takes its time
}

// senders is how many WAL senders the backup takes.
func (o Options) senders() int {
	if o.Stream {
		return 2
	}
	return 1
}

// Refusals are the reasons why a base backup cannot be taken: messages that
// belong into SST-049.
func Refusals(s Server, f Facts, p Primary, o Options) []*message.Failure {
	var no []*message.Failure
	refuse := func(id message.ID, args ...any) { no = append(no, message.Fail(id, args...)) }
	for i, a := range f.Places {
		switch {
		case slices.Contains(system, a.Real) || slices.Contains(system, filepath.Clean(a.Path)) || a.Real == filepath.Clean(s.User.Home):
			refuse(message.SST121, "dir", a.Path)
		case a.Exists && !a.IsDir:
			refuse(message.SST129, "dir", a.Path)
		case !a.Writable:
			refuse(message.SST122, "user", s.User.Name, "dir", a.Path)
		case len(a.Foreign) > 0:
			refuse(message.SST120, "dir", a.Path, "list", strings.Join(a.Foreign[:min(len(a.Foreign), 10)], ", "))
		case o.KeepOld && a.Exists && !a.Movable:
			refuse(message.SST127, "dir", a.Path)
		}
		for j, b := range f.Places {
			if i != j && within(a.Real, b.Real) && (a.Real != b.Real || i < j) {
				refuse(message.SST124, "a", a.Path, "b", b.Path)
			}
		}
		for _, dir := range f.Apart {
			if within(dir, a.Real) {
				refuse(message.SST124, "a", dir, "b", a.Path)
			}
		}
	}
	no = append(no, spaceRefusals(f, p, o)...)
	if p.FreeSenders < o.senders() {
		refuse(message.SST126, "num", p.FreeSenders, "need", o.senders())
	}
	return no
}

// spaceRefusals compares per file system: places share one, or do not.
func spaceRefusals(f Facts, p Primary, o Options) []*message.Failure {
	need, have, first := map[uint64]int64{}, map[uint64]int64{}, map[uint64]string{}
	walInData := int64(0)
	// What is written while the backup runs belongs to it; a few segments are
	// made in any case.
	walBytes := int64(3 * p.SegmentSize)
	if p.WALDir == "" {
		walInData = walBytes
	}
	for _, a := range f.Places {
		if _, seen := have[a.Device]; !seen {
			have[a.Device], first[a.Device] = a.Free, a.Path
		}
		switch a.Kind {
		case Data:
			need[a.Device] += p.Sizes[a.Path] + walInData
		case WAL:
			need[a.Device] += walBytes
		default:
			need[a.Device] += p.Sizes[a.Path]
		}
		if !o.KeepOld {
			have[a.Device] += a.Bytes
		}
	}
	var no []*message.Failure
	for _, a := range f.Places {
		if d := a.Device; first[d] == a.Path && need[d] > have[d] {
			no = append(no, message.Fail(message.SST123, "dir", a.Path, "need", mebibytes(need[d]), "free", mebibytes(have[d])))
		}
	}
	return no
}
