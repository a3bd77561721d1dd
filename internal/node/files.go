package node

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"pgrex/internal/durable"
	"pgrex/internal/run"
)

// Identity is what a node says of itself.
type Identity struct {
	HostName string
	UID      int
	BootID   string
}

// Identify asks a node who it is.
var Identify = Define("identify", func(context.Context, struct{}) (Identity, error) {
	name, err := HostName()
	if err != nil {
		return Identity{}, err
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return Identity{}, err
	}
	return Identity{HostName: name, UID: os.Geteuid(), BootID: string(boot[:len(boot)-1])}, nil
})

// HostName is what uname -n says.
func HostName() (string, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "", err
	}
	return unix.ByteSliceToString(u.Nodename[:]), nil
}

// Clock is the time on a node: that of its log, and of its failed actions.
var Clock = Define("clock", func(context.Context, struct{}) (time.Time, error) { return time.Now(), nil })

// Runner starts programs on a node.
func Runner(n Node) run.Runner { return runner{n} }

type runner struct{ n Node }

type runIn struct {
	Command run.Command
	Timeout time.Duration // what is left of the caller's; 0 without one
}

type runOut struct {
	Result run.Result
	Err    *wireError
}

var runProgram = Define("run", func(ctx context.Context, in runIn) (runOut, error) {
	if in.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, in.Timeout)
		defer cancel()
	}
	res, err := run.Local{}.Run(ctx, in.Command)
	out := runOut{Result: res}
	if err != nil {
		out.Err = toWire(err)
	}
	return out, nil
})

// Run implements [run.Runner].
func (r runner) Run(ctx context.Context, c run.Command) (run.Result, error) {
	in := runIn{Command: c}
	if end, ok := ctx.Deadline(); ok {
		in.Timeout = max(time.Until(end), time.Millisecond)
	}
	out, err := runProgram.On(ctx, r.n, in)
	switch {
	case err != nil:
		return run.Result{}, err
	case out.Err != nil && ctx.Err() != nil:
		return out.Result, context.Cause(ctx)
	case out.Err != nil && out.Err.Exit != nil:
		return out.Result, out.Err.Exit
	case out.Err != nil:
		return out.Result, out.Err
	}
	return out.Result, nil
}

// ReadFile reads a file of the node.
var ReadFile = Define("read-file", func(_ context.Context, path string) ([]byte, error) {
	return os.ReadFile(path)
})

// File is a file to be written as a whole: with this content after a crash too,
// or as it was before.
type File struct {
	Path    string
	Content []byte
	Mode    fs.FileMode
}

// WriteFile writes a file and makes missing directories above it, for root
// alone.
var WriteFile = Define("write-file", func(_ context.Context, f File) (struct{}, error) {
	dir := filepath.Dir(f.Path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return struct{}{}, err
	}
	tmp, err := os.CreateTemp(dir, "."+filepath.Base(f.Path)+".*")
	if err != nil {
		return struct{}{}, err
	}
	defer os.Remove(tmp.Name()) // gone already when all went well
	_, err = tmp.Write(f.Content)
	err = errors.Join(err, tmp.Chmod(f.Mode), tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), f.Path)
	}
	if err == nil {
		err = durable.SyncDir(dir)
	}
	return struct{}{}, err
})

// Remove removes a file; one that is not there is no error.
var Remove = Define("remove", func(_ context.Context, path string) (struct{}, error) {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return struct{}{}, err
})

// Exists says whether there is something of that name. Not being able to tell
// is an error.
var Exists = Define("exists", func(_ context.Context, path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
})

// Entry is one entry of a directory.
type Entry struct {
	Name     string
	Size     int64
	Regular  bool
	Modified time.Time
}

// List lists a directory, by name.
var List = Define("list", func(_ context.Context, dir string) ([]Entry, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	all := make([]Entry, 0, len(entries))
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		if err != nil {
			return nil, err
		}
		all = append(all, Entry{e.Name(), info.Size(), info.Mode().IsRegular(), info.ModTime()})
	}
	return all, nil
})
