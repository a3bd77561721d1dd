package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"pgrex/test/lab"
)

// pollInterval is how often the files of a node are looked at: as often as its
// addresses are asked for a write. No program is started for a look.
const pollInterval = 20 * time.Millisecond

// listEvery is how many looks lie between two at the archive.
const listEvery = 50

const (
	controlFile = lab.PGData + "/global/pg_control"
	namesFile   = lab.AgentTmp + "/rep_mode.conf"
)

// follower follows the files of one node and keeps what was seen last. The
// disk of a node is seen whether it runs or not.
type follower struct {
	node string
	// path is where a file of the node is seen, and outer what its process is on
	// the machine.
	path  func(string) string
	outer func(int) (int, error)
	logs  [2]*tail
	// ended is told when a primary has ended without a shutdown.
	ended func(time.Time)

	looks      int
	last       time.Time // the look before
	lock       file
	names      file
	pidFile    file
	postmaster Postmaster
	process    int       // of the postmaster on the machine; 0: not known or gone
	search     time.Time // until when it is searched for
	control    uint64
	system     uint64
	archived   []string
	rescued    map[string]bool
	writable   bool     // the server was primary when it was last heard of
	histories  []Server // timelines that were begun and whose history is not read yet
}

// newFollower begins at the present end of the logs.
func newFollower(n *lab.Node) *follower {
	return newFollowerAt(n.Name, n.Path, n.OuterPID)
}

func newFollowerAt(name string, path func(string) string, outer func(int) (int, error)) *follower {
	f := &follower{node: name, path: path, outer: outer, ended: func(time.Time) {}, rescued: map[string]bool{}}
	for i, log := range []string{lab.PacemakerLog, lab.PostgreSQLLog} {
		f.logs[i] = newTail(path(log))
	}
	return f
}

func (f *follower) follow(ctx context.Context, w *Watch) {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		w.seen(f)
		select {
		case <-ctx.Done():
			w.seen(f) // what was logged meanwhile
			return
		case <-tick.C:
		}
	}
}

// look looks at everything once, and says what it could really see.
func (f *follower) look(now time.Time, nodes []string) (events []Event, real Polls) {
	events = append(events, f.readPacemaker(now, nodes)...)
	events = append(events, f.readPostgreSQL()...)
	count := func(n *int, look func(time.Time) ([]Event, bool)) {
		found, seen := look(now)
		events = append(events, found...)
		if seen {
			*n++
		}
	}
	count(&real.Lock, f.lookLock)
	count(&real.Server, f.lookPostmaster)
	events = append(events, f.lookNames(now)...)
	count(&real.Data, f.lookData)
	events = append(events, f.lookHistories()...)
	if f.looks%listEvery == 0 {
		events = append(events, f.lookArchive(now)...)
		events = append(events, f.lookRescues()...)
	}
	f.looks++
	f.last = now
	for _, e := range events {
		if s, ok := e.(Server); ok {
			f.note(s)
		}
	}
	return events, real
}

// note keeps whether the server is a primary.
func (f *follower) note(e Server) {
	switch e.What {
	case Writable:
		f.writable = true
	case Died:
		if f.writable {
			f.ended(e.At)
		}
		f.writable = false
	case Starting, ReadOnly, ShutDown:
		f.writable = false
	case NewTimeline:
		f.histories = append(f.histories, e)
	}
}

// seen adds what one look at a node has shown.
func (w *Watch) seen(f *follower) {
	events, real := f.look(time.Now(), w.record.Nodes)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.record.Events = append(w.record.Events, events...)
	p := w.record.Polls[f.node]
	p.Lock, p.Server, p.Data = p.Lock+real.Lock, p.Server+real.Server, p.Data+real.Data
	w.record.Polls[f.node] = p
}

func (f *follower) readPacemaker(now time.Time, nodes []string) []Event {
	var events []Event
	for _, line := range f.logs[0].lines() {
		if e, ok := parsePacemaker(f.node, line, now, nodes); ok {
			events = append(events, e)
		}
	}
	return events
}

func (f *follower) readPostgreSQL() []Event {
	var events []Event
	for _, line := range f.logs[1].lines() {
		e, ok := parsePostgreSQL(f.node, line)
		if !ok {
			continue
		}
		// A server says the same when it was ended at once.
		if e.What == ShutDown {
			e.What = Died
			if b, err := os.ReadFile(f.path(controlFile)); err == nil {
				if c, ok := parseControl(b); ok && c.shutDown {
					e.What, e.LSN = ShutDown, c.checkpoint
				}
			}
		}
		events = append(events, e)
	}
	return events
}

func (f *follower) lookLock(now time.Time) (events []Event, seen bool) {
	path := f.path(lab.LockFile)
	if _, err := os.Lstat(path); err != nil && !isGone(path, err) {
		return nil, false
	}
	before := f.lock
	f.lock.read(path)
	noted := func(l file) bool { return strings.Contains(l.text, "covered=") }
	if f.looks > 0 && f.lock.there == before.there && noted(f.lock) == noted(before) {
		return nil, true
	}
	e := Lock{Before: f.last, At: now, Node: f.node, There: f.lock.there, Noted: noted(f.lock), First: f.looks == 0}
	if e.There && f.lock.modified.After(f.last) && f.lock.modified.Before(now) {
		e.At = f.lock.modified
	}
	return []Event{e}, true
}

// isGone says that a file is not there, which takes a folder that is: the disk of a
// node that is not seen has no files either.
func isGone(path string, err error) bool {
	if !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	_, err = os.Stat(filepath.Dir(path))
	return err == nil
}

// lookPostmaster looks at postmaster.pid, and whether the process that it names
// lives: a server that is killed says nothing and leaves its file.
func (f *follower) lookPostmaster(now time.Time) (events []Event, seen bool) {
	if changed := f.pidFile.read(f.path(lab.PGData + "/postmaster.pid")); changed || f.looks == 0 {
		e := Postmaster{At: now, Node: f.node, First: f.looks == 0}
		ok := true
		if f.pidFile.there {
			e.PID, e.Began, ok = parsePostmaster(f.pidFile.text)
		}
		switch {
		case !ok: // half a write, or somebody's: look again, and go by the process
			f.pidFile.forget()
		case e.First || e.PID != f.postmaster.PID || e.Began != f.postmaster.Began:
			// A file that somebody has edited tells of no other server.
			if e.PID != 0 && e.Began != f.postmaster.Began {
				f.process = 0
			}
			if e.PID != f.postmaster.PID || e.First {
				f.search = now.Add(time.Second)
			}
			f.postmaster = e
			events = append(events, e)
		}
	}
	// A search costs something, and is in vain when the file is all that is left.
	if f.process == 0 && f.postmaster.PID != 0 && now.Before(f.search) {
		if pid, err := f.outer(f.postmaster.PID); err == nil && isPostmaster(pid) {
			f.process = pid
		}
	}
	if f.process != 0 && !isPostmaster(f.process) {
		f.process, f.search = 0, time.Time{}
		events = append(events, Server{At: now, Node: f.node, What: Died})
	}
	// Seen is a file with its server, or a folder for one: a rebuild takes it away.
	_, err := os.Stat(f.path(filepath.Dir(lab.PGData)))
	return events, f.pidFile.there || err == nil
}

// isPostmaster says whether a process of the machine lives and is a server's
// first: its children have titles, and a dead one has no arguments any more.
func isPostmaster(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	program, _, _ := bytes.Cut(b, []byte{0})
	return err == nil && filepath.Base(string(program)) == "postgres"
}

func (f *follower) lookNames(now time.Time) []Event {
	if !f.names.read(f.path(namesFile)) && f.looks > 0 {
		return nil
	}
	at := now
	if f.names.there && f.names.modified.After(f.last) && f.names.modified.Before(now) {
		at = f.names.modified
	}
	return []Event{List{At: at, Node: f.node, Names: parseList(f.names.text), There: f.names.there}}
}

func (f *follower) lookData(now time.Time) (events []Event, seen bool) {
	path := f.path(controlFile)
	st, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, false
	}
	if err != nil {
		if _, err := os.Stat(f.path(filepath.Dir(lab.PGData))); err != nil {
			return nil, false // of the disk nothing is seen
		}
	}
	var inode uint64
	if err == nil {
		inode = inodeOf(st)
	}
	if inode == f.control && (f.looks%listEvery != 0 || inode == 0) && f.looks > 0 {
		return nil, true
	}
	system := uint64(0)
	if inode != 0 {
		b, err := os.ReadFile(path)
		c, ok := parseControl(b)
		if err != nil || !ok {
			return nil, false // half a write: look again
		}
		system = c.system
	}
	if inode == f.control && system == f.system && f.looks > 0 {
		return nil, true
	}
	f.control, f.system = inode, system
	return []Event{Data{At: now, Node: f.node, File: inode, System: system, First: f.looks == 0}}, true
}

// lookHistories reads the history files of timelines that were begun here, which
// are written a moment later than is said.
func (f *follower) lookHistories() []Event {
	var events []Event
	f.histories = slices.DeleteFunc(f.histories, func(e Server) bool {
		b, err := os.ReadFile(f.path(fmt.Sprintf("%s/%08X.history", lab.PGWal, e.Timeline)))
		if err != nil {
			return errors.Is(err, fs.ErrNotExist) && time.Since(e.At) > time.Minute
		}
		timeline, position, ok := parseHistory(string(b))
		if ok {
			events = append(events, Fork{At: e.At, Node: f.node, Timeline: timeline, LSN: position})
		}
		return ok
	})
	return events
}

// lookRescues looks for directories that a rebuild has put aside what it would
// lose into: beside the archive, as the manual says.
func (f *follower) lookRescues() []Event {
	entries, err := os.ReadDir(filepath.Dir(f.path(lab.PGArchive)))
	if err != nil {
		return nil
	}
	var events []Event
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), "rescue-") || f.rescued[e.Name()] {
			continue
		}
		f.rescued[e.Name()] = true
		if info, err := e.Info(); err == nil {
			events = append(events, Rescue{At: info.ModTime(), Node: f.node, Dir: e.Name()})
		}
	}
	return events
}

func (f *follower) lookArchive(now time.Time) []Event {
	entries, err := os.ReadDir(f.path(lab.PGArchive))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	var gone []string
	for _, name := range f.archived {
		if _, there := slices.BinarySearch(names, name); !there { // ReadDir sorts
			gone = append(gone, name)
		}
	}
	before := len(f.archived)
	f.archived = names
	if len(gone) == 0 {
		return nil
	}
	return []Event{Archive{At: now, Node: f.node, Gone: gone, Files: before}}
}

func inodeOf(st fs.FileInfo) uint64 {
	if s, ok := st.Sys().(*syscall.Stat_t); ok {
		return s.Ino
	}
	return 0
}

// file is a small file that is read when it has changed.
type file struct {
	text     string
	there    bool
	inode    uint64
	size     int64
	modified time.Time
}

// read says whether the content is another one than before.
func (f *file) read(path string) bool {
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		changed := f.there
		*f = file{}
		return changed
	}
	if err != nil || f.there && inodeOf(st) == f.inode && st.Size() == f.size && st.ModTime().Equal(f.modified) {
		return false
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	changed := !f.there || f.text != string(b)
	*f = file{text: string(b), there: true, inode: inodeOf(st), size: st.Size(), modified: st.ModTime()}
	return changed
}

// forget makes the next read read.
func (f *file) forget() { *f = file{} }

// tail reads what is added to a log. A log that is gone is waited for; one that
// was replaced or cut is read from its begin.
type tail struct {
	path  string
	inode uint64
	at    int64
	part  string // a line without its end
}

// newTail begins at the end of the log as it is now.
func newTail(path string) *tail {
	t := &tail{path: path}
	if st, err := os.Stat(path); err == nil {
		t.inode, t.at = inodeOf(st), st.Size()
	}
	return t
}

// most is how much of a log is read at a time.
const most = 4 << 20

// lines are the complete lines that were added.
func (t *tail) lines() []string {
	st, err := os.Stat(t.path)
	if err != nil {
		return nil
	}
	if inodeOf(st) != t.inode || st.Size() < t.at {
		t.inode, t.at, t.part = inodeOf(st), 0, ""
	}
	if st.Size() == t.at {
		return nil
	}
	file, err := os.Open(filepath.Clean(t.path))
	if err != nil {
		return nil
	}
	defer file.Close()
	b, err := io.ReadAll(io.NewSectionReader(file, t.at, most))
	if err != nil {
		return nil
	}
	t.at += int64(len(b))
	text := t.part + string(b)
	end := strings.LastIndexByte(text, '\n') + 1
	t.part = text[end:]
	return slices.Collect(strings.Lines(text[:end]))
}
