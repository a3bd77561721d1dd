package pg

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Processes are the live processes of the data directory.
type Processes struct {
	// Postmaster is its pid, 0 when there is none.
	Postmaster int
	// PIDFile is the pid that postmaster.pid names, alive or not; 0 when the
	// file is missing, empty or unreadable.
	PIDFile int
	// Others are live server processes without a postmaster: children of one
	// that was killed, a single-user server, or a postmaster so young or so
	// near its end that it listens nowhere and has no pid file. The children
	// of a live Postmaster are not listed.
	Others []int
}

// None reports that no process of the data directory is left.
func (p Processes) None() bool { return p.Postmaster == 0 && len(p.Others) == 0 }

// Processes finds the live processes of the data directory. Not being able to
// tell is an error, never "none".
//
// A process is the server's if the kernel says that it runs the program
// postgres in the data directory: /proc/PID/exe and /proc/PID/cwd. Titles can
// be set by anybody, and kill -0 answers for whatever process has the pid now.
// Every server process stays in the data directory all its life, and the pid
// file is proof only together with these two.
//
// Without a usable pid file all processes are looked at. The postmaster among
// them is the one whose parent is none of them and which listens on a socket:
// a child closes the listening sockets right after the fork, so that one that
// outlives its postmaster has none, while having lost its parent too.
func (i *Instance) Processes() (Processes, error) {
	dir, err := i.dataDir()
	if err != nil {
		return Processes{}, err
	}
	var p Processes
	pid, single := i.pidFile()
	p.PIDFile = pid
	if pid != 0 && !single {
		ours, err := dir.owns(pid)
		if err != nil {
			return p, err
		}
		if ours {
			p.Postmaster = pid
			return p, nil
		}
	}
	all, err := dir.members()
	if err != nil {
		return p, err
	}
	for _, m := range all {
		child := slices.ContainsFunc(all, func(o member) bool { return o.pid == m.parent })
		if !child && p.Postmaster == 0 {
			listens, err := listens(m.pid)
			if err != nil {
				return p, fmt.Errorf("cannot tell whether process %d is the postmaster: %w", m.pid, err)
			}
			if listens {
				p.Postmaster = m.pid
				continue
			}
		}
		p.Others = append(p.Others, m.pid)
	}
	if p.Postmaster != 0 {
		// Left over are those that are not its children.
		p.Others = slices.DeleteFunc(p.Others, func(pid int) bool {
			return slices.ContainsFunc(all, func(m member) bool { return m.pid == pid && m.parent == p.Postmaster })
		})
	}
	return p, nil
}

// pidFile reads the first line of postmaster.pid. A single-user server writes
// its pid there as a negative number.
func (i *Instance) pidFile() (pid int, single bool) {
	b, err := i.readFile(filepath.Join(i.set.Data, "postmaster.pid"))
	if err != nil {
		return 0, false
	}
	line, _, _ := strings.Cut(string(b), "\n")
	n, err := strconv.ParseInt(strings.TrimSpace(line), 10, 32)
	if err != nil {
		return 0, false
	}
	if n < 0 {
		return int(-n), true
	}
	return int(n), false
}

// dataDir is the identity of the data directory.
type dataDir struct {
	path     string // as configured
	dev, ino uint64 // of the directory; 0 when it cannot be asked
	uid      uint32 // its owner
	exists   bool
}

// dataDir asks for it. A directory that is not there has no identity, and
// neither has one on a disk that is gone; its processes are then recognised by
// the path that they were started in.
func (i *Instance) dataDir() (dataDir, error) {
	d := dataDir{path: filepath.Clean(i.set.Data)}
	var st syscall.Stat_t
	stat := func() error { return syscall.Stat(i.set.Data, &st) }
	err := stat()
	if errors.Is(err, fs.ErrPermission) {
		err = As(i.set.User, stat)
	}
	switch {
	case err == nil:
		d.dev, d.ino, d.uid, d.exists = st.Dev, st.Ino, st.Uid, true
		return d, nil
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ENOTDIR),
		errors.Is(err, syscall.EIO), errors.Is(err, syscall.ESTALE), errors.Is(err, syscall.ENOTCONN):
		d.uid = i.set.User.UID
		return d, nil
	}
	return d, fmt.Errorf("cannot look at the data directory %s: %w", i.set.Data, err)
}

// owns reports whether process pid is alive and a server process of the directory.
func (d dataDir) owns(pid int) (bool, error) {
	_, ours, err := d.look(pid)
	return ours, err
}

// look also says whether the process is a server at all.
func (d dataDir) look(pid int) (server, ours bool, err error) {
	proc := "/proc/" + strconv.Itoa(pid)
	exe, err := os.Readlink(proc + "/exe")
	if err != nil {
		return false, false, d.unreadable(pid, err)
	}
	if !isServer(exe) {
		return false, false, nil
	}
	ours, err = d.isCwd(proc)
	if err != nil {
		return true, false, d.unreadable(pid, err)
	}
	if !ours {
		return true, false, nil
	}
	m, err := readStat(pid)
	if err != nil {
		return true, false, d.unreadable(pid, err)
	}
	return true, m.state != 'Z' && m.state != 'X', nil
}

// isServer tells the server from the other programs of the installation.
// After an upgrade of the package the program of a running server is deleted.
func isServer(exe string) bool {
	name := filepath.Base(strings.TrimSuffix(exe, " (deleted)"))
	return name == "postgres" || name == "postmaster"
}

func (d dataDir) isCwd(proc string) (bool, error) {
	if d.exists {
		// Stat follows the link to the directory itself, not to its name: a
		// renamed or symlinked path is no obstacle.
		var st syscall.Stat_t
		if err := syscall.Stat(proc+"/cwd", &st); err != nil {
			return false, err
		}
		return st.Dev == d.dev && st.Ino == d.ino, nil
	}
	cwd, err := os.Readlink(proc + "/cwd")
	if err != nil {
		return false, err
	}
	// The name of a directory means something in one file system tree only: a
	// container may have a server at the same place.
	var root, own syscall.Stat_t
	if err := errors.Join(syscall.Stat(proc+"/root", &root), syscall.Stat("/", &own)); err != nil {
		return false, err
	}
	if root.Dev != own.Dev || root.Ino != own.Ino {
		return false, nil
	}
	return filepath.Clean(strings.TrimSuffix(cwd, " (deleted)")) == d.path, nil
}

// unreadable judges a failure to look at a process. One that is gone, a zombie
// or a kernel thread is nobody's; one that we may not look at is not the
// server's if it belongs to somebody else, because the server insists on being
// run by the owner of its data directory.
func (d dataDir) unreadable(pid int, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return nil
	}
	if errors.Is(err, fs.ErrPermission) {
		uid, ok := realUID(pid)
		if !ok || uid != d.uid {
			return nil
		}
		// One of the owner's that hides itself, an ssh-agent for example. The
		// name that it was started by does not prove a server, but the server
		// never changes it.
		if m, err := readStat(pid); err != nil || !isServer(m.comm) {
			return nil
		}
	}
	return fmt.Errorf("cannot tell what process %d is: %w", pid, reason(err))
}

// Pulse is what a process shows of itself.
type Pulse struct {
	State byte // R, S, D, T, Z ... (proc(5), stat)
	// Woken is how often it has given its processor away by itself: it does not
	// change while the process sleeps.
	Woken uint64
}

// Stopped says that a process is stopped, by SIGSTOP or a debugger: it takes
// signals and does not act on them.
func (p Pulse) Stopped() bool { return p.State == 'T' || p.State == 't' }

// Asleep says that a process waits for something other than a processor or a disk.
func (p Pulse) Asleep() bool { return p.State == 'S' }

// ReadPulse looks at a process (proc(5), status).
func ReadPulse(pid int) (Pulse, error) {
	path := "/proc/" + strconv.Itoa(pid) + "/status"
	text, err := os.ReadFile(path)
	if err != nil {
		return Pulse{}, err
	}
	var p Pulse
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch {
		case name == "State" && value != "":
			p.State = value[0]
		case name == "voluntary_ctxt_switches":
			p.Woken, err = strconv.ParseUint(value, 10, 64)
		}
	}
	if p.State == 0 || err != nil {
		return Pulse{}, fmt.Errorf("cannot understand %s: %q", path, text)
	}
	return p, nil
}

// ownWork are words in the titles of processes that a server starts without a
// client (src/backend/postmaster; the names of 10 to 18).
var ownWork = []string{"autovacuum", "walreceiver", "wal receiver", "parallel worker", "logical replication", "archiver", "logger",
	"checkpointer", "writer", "collector", "slotsync", "summarizer"}

// Accepted says whether the postmaster has taken a connection since a moment, by
// the sessions that are still there: one of them has been begun since.
func (i *Instance) Accepted(since time.Time) (bool, error) {
	from := ticksNow() - uint64(time.Since(since).Seconds()*ticksPerSecond)
	dir, err := i.dataDir()
	if err != nil {
		return false, err
	}
	all, err := dir.members()
	return err == nil && slices.ContainsFunc(all, func(m member) bool {
		child := slices.ContainsFunc(all, func(o member) bool { return o.pid == m.parent })
		if !child || m.start < from {
			return false
		}
		title, _ := os.ReadFile("/proc/" + strconv.Itoa(m.pid) + "/cmdline")
		return !slices.ContainsFunc(ownWork, func(w string) bool { return bytes.Contains(title, []byte(w)) })
	}), err
}

// Frozen says that a process is stopped, see [Pulse.Stopped].
func Frozen(pid int) bool {
	p, err := ReadPulse(pid)
	return err == nil && p.Stopped()
}

func realUID(pid int) (uint32, bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, false
	}
	_, rest, ok := strings.Cut(string(b), "\nUid:")
	if !ok {
		return 0, false
	}
	f := strings.Fields(rest)
	if len(f) == 0 {
		return 0, false
	}
	v, err := strconv.ParseUint(f[0], 10, 32)
	return uint32(v), err == nil
}

// member is one server process.
type member struct {
	pid, parent int
	comm        string
	state       byte   // R, S, D, T, Z ...
	start       uint64 // clock ticks since boot
}

// members finds all live server processes of the directory. One that [dataDir.wanders]
// is looked at again.
func (d dataDir) members() ([]member, error) {
	const limit = 2 * time.Second
	since := map[member]time.Time{} // by pid and start
	for {
		var all []member
		wandering := false
		err := eachProcess(func(pid int) error {
			server, ours, err := d.look(pid)
			if err == nil && server && !ours {
				if m, is := d.wanders(pid); is {
					wandering = true
					m = member{pid: m.pid, start: m.start}
					if since[m].IsZero() {
						since[m] = time.Now()
					}
					if time.Since(since[m]) > limit {
						return fmt.Errorf("cannot tell what process %d is: a server that has been in the directory of its program for %v", pid, limit)
					}
					return nil
				}
				ours, err = d.owns(pid) // it may have come back between the two
			}
			if err != nil || !ours {
				return err
			}
			m, err := readStat(pid)
			if err != nil {
				return d.unreadable(pid, err)
			}
			all = append(all, m)
			return nil
		})
		if err != nil || !wandering {
			return all, err
		}
		time.Sleep(time.Millisecond)
	}
}

// wanders reports whether a process is a server that looks for its own program: up to
// release 15 it goes to the directory of that and comes back, within a millisecond
// where it is not made to wait (src/common/exec.c, resolve_symlinks). One that was
// told another directory is none of this one's.
func (d dataDir) wanders(pid int) (m member, is bool) {
	proc := "/proc/" + strconv.Itoa(pid)
	exe, err := os.Readlink(proc + "/exe")
	if err != nil || !isServer(exe) {
		return m, false
	}
	cwd, err := os.Readlink(proc + "/cwd")
	if err != nil || cwd != filepath.Dir(exe) {
		return m, false
	}
	if argv, err := os.ReadFile(proc + "/cmdline"); err == nil {
		_, told, found := bytes.Cut(argv, []byte("\x00-D\x00"))
		path, _, _ := bytes.Cut(told, []byte{0})
		var st syscall.Stat_t
		if found && syscall.Stat(string(path), &st) == nil && (st.Dev != d.dev || st.Ino != d.ino) {
			return m, false
		}
	}
	uid, ok := realUID(pid)
	m, err = readStat(pid)
	return m, ok && uid == d.uid && err == nil && m.state != 'Z' && m.state != 'X'
}

func eachProcess(fn func(pid int) error) error {
	proc, err := os.Open("/proc")
	if err != nil {
		return fmt.Errorf("cannot list processes: %w", err)
	}
	defer proc.Close()
	names, err := proc.Readdirnames(-1)
	if err != nil {
		return fmt.Errorf("cannot list processes: %w", err)
	}
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if err := fn(pid); err != nil {
			return err
		}
	}
	return nil
}

// readStat reads /proc/PID/stat; proc(5) numbers its fields from 1. The second
// one is a name in parentheses that may hold anything.
func readStat(pid int) (member, error) {
	path := "/proc/" + strconv.Itoa(pid) + "/stat"
	b, err := os.ReadFile(path)
	if err != nil {
		return member{}, err
	}
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 0 || end < open {
		return member{}, fmt.Errorf("cannot understand %s: %q", path, b)
	}
	f := strings.Fields(string(b[end+1:]))
	if len(f) < 20 {
		return member{}, fmt.Errorf("cannot understand %s: %q", path, b)
	}
	m := member{pid: pid, comm: string(b[open+1 : end]), state: f[0][0]}
	m.parent, _ = strconv.Atoi(f[1])
	m.start, _ = strconv.ParseUint(f[19], 10, 64)
	return m, nil
}

// listens reports whether the process holds a listening socket.
func listens(pid int) (bool, error) {
	proc := "/proc/" + strconv.Itoa(pid)
	fds, err := os.ReadDir(proc + "/fd")
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	held := map[string]bool{}
	for _, fd := range fds {
		to, err := os.Readlink(proc + "/fd/" + fd.Name())
		if err != nil {
			continue // closed in the meantime
		}
		if inode, ok := strings.CutPrefix(to, "socket:["); ok {
			held[strings.TrimSuffix(inode, "]")] = true
		}
	}
	if len(held) == 0 {
		return false, nil
	}
	// The files of the process show its own network namespace. Flags of a
	// listening Unix socket are __SO_ACCEPTCON; 0A is TCP_LISTEN.
	tables := []struct {
		file         string
		state, inode int
		listening    string
	}{{"unix", 3, 6, "00010000"}, {"tcp", 3, 9, "0A"}, {"tcp6", 3, 9, "0A"}}
	for _, t := range tables {
		b, err := os.ReadFile(proc + "/net/" + t.file)
		if err != nil {
			continue // no IPv6, or the process is gone
		}
		for line := range strings.Lines(string(b)) {
			f := strings.Fields(line)
			if len(f) > t.inode && f[t.state] == t.listening && held[f[t.inode]] {
				return true, nil
			}
		}
	}
	return false, nil
}
