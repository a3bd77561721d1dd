package pg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"pgrex/internal/pg/wal"
)

// LockInfo is what PGSQL.lock says about the primary that wrote it.
type LockInfo struct {
	Node     string
	Timeline wal.Timeline
	Position wal.LSN
	Time     time.Time
	// Covered are the nodes that had all that was written here when this one was
	// stopped, with the shutdown checkpoint at Checkpoint; empty where none has
	// proved it.
	Covered    []Holder
	Checkpoint wal.LSN
	// Before is what the lock said before the promotion that it was written for, nil
	// for nothing: it is that again where the promotion never happens.
	Before *LockInfo
}

// Holder is a node that has all that another one wrote, and the address at which
// its server is asked.
type Holder struct{ Node, Address string }

func (h Holder) String() string { return h.Node + "@" + h.Address }

// Held says whether those that are Covered have all that is in the data directory
// still: it has been a standby's at most since the lock was noted.
func (l LockInfo) Held(c Control) bool {
	unchanged := c.State == DBShutDown || c.State == DBShutDownInRecovery || c.State == DBInArchiveRecovery
	return len(l.Covered) > 0 && unchanged && c.Checkpoint == l.Checkpoint
}

// LockFile is the path of PGSQL.lock. Its presence means: this node has been
// primary, and nobody has proved that its data did not run ahead of the others.
func (i *Instance) LockFile() string { return filepath.Join(i.set.TmpDir, "PGSQL.lock") }

// ReadLock reads the lock. An empty one, as the shell agent and people write
// it, exists with zero info. One that exists and cannot be read or understood
// exists with an error.
func (i *Instance) ReadLock() (info LockInfo, exists bool, err error) {
	path := i.LockFile()
	fail := func(err error) error { return fmt.Errorf("cannot read %s: %w", path, reason(err)) }
	var st os.FileInfo
	err = As(i.set.User, func() error { st, err = os.Lstat(path); return err })
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return LockInfo{}, false, nil
	case err != nil:
		return LockInfo{}, false, fail(err)
	case st.Size() == 0:
		return LockInfo{}, true, nil
	case !st.Mode().IsRegular():
		return LockInfo{}, true, fail(errors.New("not a regular file"))
	}
	b, err := i.readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return LockInfo{}, false, nil
	}
	if err != nil {
		return LockInfo{}, true, fail(err)
	}
	info, err = parseLock(string(b))
	if err != nil {
		return LockInfo{}, true, fail(err)
	}
	return info, true, nil
}

func parseLock(text string) (LockInfo, error) {
	var l LockInfo
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		var err error
		switch {
		case !ok:
			err = fmt.Errorf("%q is not key=value", line)
		case key == "node":
			l.Node = value
		case key == "timeline":
			var t uint64
			t, err = strconv.ParseUint(value, 10, 32)
			l.Timeline = wal.Timeline(t)
		case key == "position":
			l.Position, err = wal.ParseLSN(value)
		case key == "time":
			l.Time, err = time.Parse(time.RFC3339, value)
		case key == "covered":
			for _, word := range strings.Fields(value) {
				node, address, _ := strings.Cut(word, "@")
				l.Covered = append(l.Covered, Holder{node, address})
			}
		case key == "checkpoint":
			l.Checkpoint, err = wal.ParseLSN(value)
		case key == "before":
			var text string
			if text, err = strconv.Unquote(value); err == nil {
				var before LockInfo
				before, err = parseLock(text)
				l.Before = &before
			}
		}
		if err != nil {
			return LockInfo{}, err
		}
	}
	return l, nil
}

func (l LockInfo) format() string {
	text := fmt.Sprintf("node=%s\ntimeline=%d\nposition=%s\ntime=%s\n",
		oneLine(l.Node), l.Timeline, l.Position, l.Time.Format(time.RFC3339))
	if len(l.Covered) > 0 {
		var words []string
		for _, h := range l.Covered {
			words = append(words, h.String())
		}
		text += fmt.Sprintf("covered=%s\ncheckpoint=%s\n", oneLine(strings.Join(words, " ")), l.Checkpoint)
	}
	if l.Before != nil {
		text += fmt.Sprintf("before=%s\n", strconv.Quote(l.Before.format()))
	}
	return text
}

// WriteLock writes the lock; when it returns, the lock survives a power failure.
func (i *Instance) WriteLock(l LockInfo) error { return i.writeFile(i.LockFile(), l.format()) }

// CreateLock marks a node as one whose data may run ahead of the others'. An
// existing lock stays as it is, whatever it says: it tells of the first time. One of
// an earlier time, of which others had all, says nothing of what comes now.
func (i *Instance) CreateLock(node string) error {
	old, exists, err := i.ReadLock()
	switch {
	case exists && len(old.Covered) == 0:
		return nil
	case err != nil:
		return err
	}
	info := LockInfo{Node: node, Time: time.Now()}
	if len(old.Covered) > 0 {
		info.Before = &old
	}
	if c, err := i.Control(); err == nil {
		info.Timeline, info.Position = max(c.Timeline, c.MinRecoveryTimeline), max(c.Checkpoint, c.MinRecovery)
	}
	return i.WriteLock(info)
}

// NoteHolders keeps the lock, of a server that was stopped with a checkpoint, and
// adds to it who has all that was written here. One that says nothing is written anew.
func (i *Instance) NoteHolders(node string, holders []Holder) error {
	c, err := i.Control()
	if err != nil {
		return err
	}
	info, _, err := i.ReadLock()
	if err != nil || info.Timeline == 0 {
		info = LockInfo{Node: node, Timeline: c.Timeline, Position: c.Checkpoint, Time: time.Now()}
	}
	info.Covered, info.Checkpoint, info.Before = holders, c.Checkpoint, nil
	return i.WriteLock(info)
}

// RemoveLock removes the lock.
func (i *Instance) RemoveLock() error { return i.removeFile(i.LockFile()) }
