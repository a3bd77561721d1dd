package operation

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/run"
)

// serverIn names a server on the node where an operation is done. The user's
// ids are looked up there.
type serverIn struct{ Settings pg.Settings }

// instance is the server, as its user.
func (in serverIn) instance(ctx context.Context) (*pg.Instance, error) {
	return pg.Here(ctx, in.Settings)
}

// onlooker is instance for who looks at processes and files alone: that needs
// no name service, which a server that is stopped does not need either.
func (in serverIn) onlooker(ctx context.Context) (*pg.Instance, error) {
	i, err := in.instance(ctx)
	if err == nil {
		return i, nil
	}
	set := in.Settings
	if set.User, _ = pg.Owner(set.User.Name, set.Data); set.User.Name == "" {
		return nil, err
	}
	return pg.New(set, run.Local{}), nil
}

// checkpoint makes the server write a checkpoint.
var checkpoint = node.Define("checkpoint", func(ctx context.Context, in serverIn) (time.Duration, error) {
	i, err := in.instance(ctx)
	if err != nil {
		return 0, err
	}
	s, err := i.Connect(ctx)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	begun := time.Now()
	err = s.Exec(ctx, "CHECKPOINT")
	return time.Since(begun), err
})

// syncDisks writes out what the system holds back. It returns with ctx, though
// the system goes on.
var syncDisks = node.Define("sync", func(ctx context.Context, _ struct{}) (struct{}, error) {
	done := make(chan struct{})
	go func() {
		unix.Sync()
		close(done)
	}()
	select {
	case <-done:
		return struct{}{}, nil
	case <-ctx.Done():
		return struct{}{}, context.Cause(ctx)
	}
})

// serverProcess is the pid of the server, 0 when no process of its data
// directory is left; of several it is the eldest.
var serverProcess = node.Define("server-process", func(ctx context.Context, in serverIn) (int, error) {
	i, err := in.onlooker(ctx)
	if err != nil {
		return 0, err
	}
	p, err := i.Processes()
	switch {
	case errors.Is(err, os.ErrNotExist):
		return 0, nil // no data directory
	case err != nil:
		return 0, err
	case p.Postmaster != 0:
		return p.Postmaster, nil
	case len(p.Others) > 0:
		return p.Others[0], nil
	}
	return 0, nil
})

// lockFile is the lock of the agent on a node: its path, and whether it is there.
// Held says that it is in nobody's way: others had all when the node was stopped.
type lockFile struct {
	Path   string
	Exists bool
	Held   bool
}

var findLock = node.Define("agent-lock", func(ctx context.Context, in serverIn) (lockFile, error) {
	i, err := in.onlooker(ctx)
	if err != nil {
		return lockFile{}, err
	}
	return lockOf(i)
})

func lockOf(i *pg.Instance) (lockFile, error) {
	lock, exists, err := i.ReadLock()
	if exists {
		err = nil // one that cannot be understood is a lock all the same
	}
	c, cerr := i.Control()
	return lockFile{Path: i.LockFile(), Exists: exists, Held: cerr == nil && lock.Held(c)}, err
}

// dropNotedLock removes the lock that a switchover has noted who has all in; one that
// was written since is another's.
var dropNotedLock = node.Define("drop-noted-lock", func(ctx context.Context, in serverIn) (struct{}, error) {
	none := struct{}{}
	i, err := in.instance(ctx)
	if err != nil {
		return none, err
	}
	if lock, _, err := i.ReadLock(); err != nil || len(lock.Covered) == 0 {
		return none, err
	}
	return none, i.RemoveLock()
})

var removeLock = node.Define("remove-agent-lock", func(ctx context.Context, in serverIn) (struct{}, error) {
	i, err := in.instance(ctx)
	if err == nil {
		err = i.RemoveLock()
	}
	return struct{}{}, err
})
