package pg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
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

// endPatience is how long a watcher may take to go when it is asked, and how
// long it listens to somebody who has nothing to say.
const endPatience = time.Second

const endWord = "end"

func (i *Instance) watchAddress() (*net.UnixAddr, error) {
	var st unix.Stat_t
	if err := unix.Stat(i.set.Data, &st); err != nil {
		return nil, fmt.Errorf("cannot look at %s: %w", i.set.Data, err)
	}
	return &net.UnixAddr{Net: "unix", Name: fmt.Sprintf("@pgsql-ra/watch/%d/%d", st.Dev, st.Ino)}, nil
}

// Watch waits until the postmaster of the data directory has ended, and calls
// died with its pid. Otherwise the error is ErrWatched, [ErrNoServer],
// ErrToldToEnd, or one of the system's. To be told ends the context of died too.
// The process ends next: whoever ends a watcher takes that for the answer.
//
// The postmaster is held as a file descriptor (pidfd_open(2)), which never means
// another process of its number.
func (i *Instance) Watch(ctx context.Context, died func(ctx context.Context, postmaster int) error) error {
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
	go obey(listener, cancel)
	postmaster, fd, err := i.holdPostmaster()
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- readable(fd) }()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case err := <-ended:
		if err != nil {
			return err
		}
	}
	err = died(ctx, postmaster)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
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

// obey calls cancel when somebody of our user asks for it. Who only looks
// whether there is a watcher says nothing.
func obey(listener *net.UnixListener, cancel context.CancelCauseFunc) {
	for {
		conn, err := listener.AcceptUnix()
		if err != nil {
			return
		}
		if _, err := peer(conn); err != nil {
			conn.Close()
			continue
		}
		go func() {
			word := make([]byte, len(endWord))
			_ = conn.SetReadDeadline(time.Now().Add(endPatience))
			if _, err := io.ReadFull(conn, word); err == nil && string(word) == endWord {
				cancel(ErrToldToEnd) // and the connection stays until this process has ended
				return
			}
			conn.Close()
		}()
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
	PID  int
	conn *net.UnixConn
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

// Close leaves the watcher alone.
func (w *Watcher) Close() { w.conn.Close() }

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
