package pg

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A watcher is a process that calls [Instance.Watch]. A data directory has one
// at most: it listens at an abstract socket named after the directory, and the
// kernel frees that name with the process, however it ends.

// Reasons of a watcher.
var (
	ErrNoWatcher = errors.New("there is no watcher")
	ErrWatched   = errors.New("there is a watcher already")
	ErrToldToEnd = errors.New("told to end")
)

// holdPatience is how long a look under way may go on when somebody wants to
// hold the watcher: it is about to do the same.
const holdPatience = 500 * time.Millisecond

// endPatience is how long a watcher may take to go when it is asked, or to let
// go of what it is doing.
const endPatience = time.Second

// What is said to a watcher, all of one length. Who only looks whether there is
// one says nothing.
const (
	endWord  = "end\n"
	holdWord = "hold" // it answers the same when it is at rest, and with whom
	lookWord = "look"
)

func (i *Instance) watchAddress() (*net.UnixAddr, error) {
	var st unix.Stat_t
	if err := unix.Stat(i.set.Data, &st); err != nil {
		return nil, fmt.Errorf("cannot look at %s: %w", i.set.Data, err)
	}
	return &net.UnixAddr{Net: "unix", Name: fmt.Sprintf("@pgsql-ra/watch/%d/%d", st.Dev, st.Ino)}, nil
}

// Duty is what a watcher does about what it sees.
type Duty struct {
	// Died is called with the pid of a postmaster that has ended. To be told to
	// end ends its context.
	Died func(ctx context.Context, postmaster int) error
	// Look looks after the server's standbys after the event of that time. It may
	// be ended between any two of its writes.
	Look func(ctx context.Context, event time.Time) Next
	// Events, if not nil, is called once the server is held; what it returns tells
	// of changes that the server does not know.
	Events func(ctx context.Context) <-chan struct{}
}

// Next says when to look again.
type Next struct {
	Processes []int         // the end of any of these is an event
	Again     time.Duration // without an event, 0 for not at all
}

// Watch waits until the postmaster of the data directory has ended, and calls
// Died. Until then it calls Look: at once, when there is an event, when it is
// asked to ([Watcher.Look]), and as the last look has said; not while anybody
// holds it ([Watcher.Hold]). Otherwise the error is ErrWatched, [ErrNoServer],
// ErrToldToEnd, or one of the system's. The process ends next: whoever ends a
// watcher takes that for the answer.
//
// The postmaster is held as a file descriptor (pidfd_open(2)), which never means
// another process of its number.
func (i *Instance) Watch(ctx context.Context, duty Duty) error {
	address, err := i.watchAddress()
	if err != nil {
		return err
	}
	listener, err := net.ListenUnix("unix", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return ErrWatched
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	asked := newRequests(cancel)
	go asked.serve(listener)
	postmaster, fd, err := i.holdPostmaster()
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- readable(fd) }()
	if err := keepLooking(ctx, duty, asked, postmaster, ended); err != nil {
		return err
	}
	go asked.atRest()
	err = duty.Died(ctx, postmaster)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// rest is what a watcher says of itself that looks at nothing.
type rest struct {
	postmaster int    // 0 when that has ended
	known      uint64 // the [Mark] of the processes that it holds
}

// keepLooking looks until the postmaster has ended.
func keepLooking(ctx context.Context, duty Duty, asked *requests, postmaster int, ended <-chan error) error {
	var (
		event   = time.Now()
		due     = time.After(0)
		looking *look // nil while it is at rest
		holders int
		held    []chan<- rest // who waits until it is at rest
		others  = processes{gone: make(chan int)}
		events  <-chan struct{}
	)
	if duty.Events != nil {
		events = duty.Events(ctx)
	}
	defer func() {
		if looking != nil {
			looking.stop()
			<-looking.next // and the programs that it has started
		}
	}()
	for {
		var start <-chan time.Time
		var done <-chan Next
		if looking != nil {
			done = looking.next
		} else {
			for _, h := range held {
				h <- rest{postmaster, Mark(slices.Collect(maps.Keys(others.held)))}
			}
			held = nil
			if holders == 0 {
				start = due
			}
		}
		happens := false
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-ended:
			return err
		case h := <-asked.hold:
			holders++
			held = append(held, h)
			if looking != nil {
				time.AfterFunc(holdPatience, looking.stop)
			}
		case <-asked.letGo:
			holders--
		case <-asked.look:
			happens = true
		case pid := <-others.gone:
			happens = others.forget(pid)
		case <-events:
			happens = true
		case <-start:
			due, looking = nil, begin(ctx, duty, event)
		case next := <-done:
			looking.stop()
			looking = nil
			happens = others.keep(next.Processes)
			if next.Again > 0 && due == nil {
				due = time.After(next.Again)
			}
		}
		if happens {
			event, due = time.Now(), time.After(0)
		}
	}
}

// look is one that is under way.
type look struct {
	next chan Next
	stop context.CancelFunc
}

func begin(ctx context.Context, duty Duty, event time.Time) *look {
	ctx, stop := context.WithCancel(ctx)
	l := &look{make(chan Next, 1), stop}
	go func() { l.next <- duty.Look(ctx, event) }()
	return l
}

// processes are some that are held until they end.
type processes struct {
	held map[int]*os.File
	gone chan int
}

// Mark stands for a set of processes.
func Mark(pids []int) uint64 {
	slices.Sort(pids)
	h := fnv.New64a()
	fmt.Fprint(h, pids)
	return h.Sum64()
}

// keep holds these and no others, and says whether one has ended since it was
// seen. Another one that cannot be held tells nothing of its end.
func (p *processes) keep(pids []int) (ended bool) {
	for pid := range p.held {
		if !slices.Contains(pids, pid) {
			p.forget(pid)
		}
	}
	for _, pid := range pids {
		if p.held[pid] != nil {
			continue
		}
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			ended = ended || err == unix.ESRCH
			continue
		}
		if err := unix.SetNonblock(fd, true); err != nil { // the runtime waits for it, no thread does
			unix.Close(fd)
			continue
		}
		f := os.NewFile(uintptr(fd), "process")
		if p.held == nil {
			p.held = map[int]*os.File{}
		}
		p.held[pid] = f
		go p.wait(pid, f)
	}
	return ended
}

func (p *processes) wait(pid int, f *os.File) {
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	ended := false
	err = raw.Read(func(fd uintptr) bool {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		ended = err == nil && n > 0
		return ended
	})
	if err == nil && ended {
		p.gone <- pid
	}
}

// forget lets go of one, and says whether it was held.
func (p *processes) forget(pid int) bool {
	f := p.held[pid]
	if f == nil {
		return false
	}
	f.Close()
	delete(p.held, pid)
	return true
}

// holdPostmaster opens the postmaster as a file descriptor.
func (i *Instance) holdPostmaster() (pid, fd int, err error) {
	before, err := i.Processes()
	if err != nil {
		return 0, 0, err
	}
	if before.Postmaster == 0 {
		return 0, 0, ErrNoServer
	}
	fd, err = unix.PidfdOpen(before.Postmaster, 0)
	if err == unix.ESRCH {
		return 0, 0, ErrNoServer
	}
	if err != nil {
		return 0, 0, fmt.Errorf("cannot hold postmaster %d: %w", before.Postmaster, err)
	}
	// The number may have passed to somebody else before it was opened.
	after, err := i.Processes()
	if err == nil && after.Postmaster != before.Postmaster {
		err = ErrNoServer
	}
	if err != nil {
		unix.Close(fd)
		return 0, 0, err
	}
	return before.Postmaster, fd, nil
}

// readable returns when a file descriptor is.
func readable(fd int) error {
	for {
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1)
		if err != unix.EINTR {
			return err
		}
	}
}

// requests are what others of our user ask of the watcher.
type requests struct {
	end   context.CancelCauseFunc
	hold  chan chan<- rest // answered when the watcher is at rest
	letGo chan struct{}
	look  chan struct{}
}

func newRequests(end context.CancelCauseFunc) *requests {
	return &requests{end, make(chan chan<- rest), make(chan struct{}), make(chan struct{})}
}

func (r *requests) serve(listener *net.UnixListener) {
	for {
		conn, err := listener.AcceptUnix()
		if err != nil {
			return
		}
		if _, err := peer(conn); err != nil {
			conn.Close()
			continue
		}
		go r.obey(conn)
	}
}

// atRest answers for a watcher that looks at nothing any more.
func (r *requests) atRest() {
	for {
		select {
		case h := <-r.hold:
			h <- rest{}
		case <-r.letGo:
		case <-r.look:
		}
	}
}

// obey does what is asked on a connection, and holds the watcher as long as that
// is there, whatever becomes of the process at its other end.
func (r *requests) obey(conn *net.UnixConn) {
	holds := false
	word := make([]byte, len(endWord))
	_ = conn.SetReadDeadline(time.Now().Add(endPatience)) // for who has nothing to say
	for {
		if _, err := io.ReadFull(conn, word); err != nil {
			break
		}
		switch string(word) {
		case endWord:
			r.end(ErrToldToEnd)
			return // the connection stays until this process has ended
		case lookWord:
			r.look <- struct{}{}
		case holdWord:
			if holds {
				continue
			}
			holds = true
			_ = conn.SetReadDeadline(time.Time{})
			answer := make(chan rest, 1)
			r.hold <- answer
			a := <-answer
			text := binary.NativeEndian.AppendUint64([]byte(holdWord), a.known)
			// Who is not there any more lets go next.
			_, _ = conn.Write(binary.NativeEndian.AppendUint32(text, uint32(a.postmaster)))
		}
	}
	conn.Close()
	if holds {
		r.letGo <- struct{}{}
	}
}

// peer is the process at the other end of a connection, when it is of our user:
// anybody on the machine may use the socket's name.
func peer(conn *net.UnixConn) (pid int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *unix.Ucred
	if cerr := raw.Control(func(fd uintptr) { cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); cerr != nil {
		return 0, cerr
	}
	if err == nil && int(cred.Uid) != os.Geteuid() {
		err = fmt.Errorf("process %d of user %d is not the watcher", cred.Pid, cred.Uid)
	}
	if err != nil {
		return 0, err
	}
	return int(cred.Pid), nil
}

// Watcher is a connection to the watcher of a data directory.
type Watcher struct {
	PID int
	// Known is the [Mark] of the processes that it held when it was held, and
	// Postmaster whose end it waits for; 0 when that has come.
	Known      uint64
	Postmaster int
	conn       *net.UnixConn
}

// FindWatcher connects to the watcher, which is not disturbed by that. Without
// one the error is ErrNoWatcher.
func (i *Instance) FindWatcher() (*Watcher, error) {
	address, err := i.watchAddress()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoWatcher
	}
	if err != nil {
		return nil, err
	}
	conn, err := net.DialUnix("unix", nil, address)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return nil, ErrNoWatcher
	}
	if err != nil {
		return nil, err
	}
	pid, err := peer(conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &Watcher{PID: pid, conn: conn}, nil
}

// Close leaves the watcher alone, and lets go of it.
func (w *Watcher) Close() { w.conn.Close() }

// Hold makes the watcher look at nothing until [Watcher.Close], or the end of
// this process. A look under way comes to its end, or is ended. The error says that it does not
// answer, or does not know how.
func (w *Watcher) Hold() error {
	_ = w.conn.SetDeadline(time.Now().Add(holdPatience + endPatience))
	defer w.conn.SetDeadline(time.Time{})
	const mark, pid = 8, 4
	answer := make([]byte, len(holdWord)+mark+pid)
	_, err := w.conn.Write([]byte(holdWord))
	if err == nil {
		_, err = io.ReadFull(w.conn, answer)
	}
	if err != nil {
		return fmt.Errorf("the watcher %d does not let go: %w", w.PID, err)
	}
	w.Known = binary.NativeEndian.Uint64(answer[len(holdWord):])
	w.Postmaster = int(binary.NativeEndian.Uint32(answer[len(holdWord)+mark:]))
	return nil
}

// Look has the watcher look as soon as nobody holds it.
func (w *Watcher) Look() error {
	_, err := w.conn.Write([]byte(lookWord))
	return err
}

// End ends the watcher, by force after a second, and returns when its process has
// ended, with all that it has started.
func (w *Watcher) End() error {
	defer w.Close()
	var errs []error
	for _, ask := range []func() error{
		func() error { _, err := w.conn.Write([]byte(endWord)); return err },
		func() error { return unix.Kill(w.PID, unix.SIGKILL) },
	} {
		err := ask()
		if err == nil {
			_ = w.conn.SetReadDeadline(time.Now().Add(endPatience))
			_, err = io.ReadAll(w.conn) // the end of the process closes it
		}
		if err == nil || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, unix.ESRCH) {
			return nil
		}
		errs = append(errs, err)
	}
	return fmt.Errorf("the watcher %d does not end: %w", w.PID, errors.Join(errs...))
}
