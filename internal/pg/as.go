package pg

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"
)

// As runs fn with the effective user, group and supplementary groups of u, and
// thereby with the right to the files and the peer identity of u. It does
// nothing special when that is who we are, or for the zero User.
//
// To Linux, ids are a property of the thread; only the C library and
// syscall.Setuid spread them over the process. fn runs on a thread of its own
// that changes ids by system call, so that no other goroutine sees it. The
// real ids stay, which is what allows the way back; if that fails the thread
// ends with its goroutine, because it stays locked. fn must not start
// goroutines that count on being u: those run on other threads.
func As(u User, fn func() error) error {
	if u.Name == "" || isUser(u) {
		return fn()
	}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		back, err := become(u)
		if err == nil {
			err = fn()
		}
		if back() {
			runtime.UnlockOSThread()
		}
		done <- err
	}()
	return <-done
}

func isUser(u User) bool {
	return uint32(syscall.Geteuid()) == u.UID && uint32(syscall.Getegid()) == u.GID
}

// keep tells setresuid and setresgid to leave an id as it is.
const keep = ^uintptr(0)

// become changes the effective ids of this thread. The way back is always
// there, also after an error, and says whether the thread is as it was.
func become(u User) (back func() bool, err error) {
	uid, gid := uintptr(syscall.Geteuid()), uintptr(syscall.Getegid())
	old, err := syscall.Getgroups()
	if err != nil {
		return func() bool { return true }, fmt.Errorf("cannot act as user %s: %w", u.Name, err)
	}
	groups := make([]uint32, len(old))
	for n, g := range old {
		groups[n] = uint32(g)
	}
	back = func() bool {
		// The user first: it brings the right to change the rest.
		return raw(syscall.SYS_SETRESUID, keep, uid, keep) == nil &&
			raw(syscall.SYS_SETRESGID, keep, gid, keep) == nil &&
			setgroups(groups) == nil
	}
	err = setgroups(u.Groups)
	if err == nil {
		err = raw(syscall.SYS_SETRESGID, keep, uintptr(u.GID), keep)
	}
	if err == nil {
		err = raw(syscall.SYS_SETRESUID, keep, uintptr(u.UID), keep)
	}
	if err != nil {
		err = fmt.Errorf("cannot act as user %s: %w", u.Name, err)
	}
	return back, err
}

// The numbers are right on 64-bit machines only: 32-bit ones have separate
// calls for ids above 65535.
var _ [8]byte = [unsafe.Sizeof(uintptr(0))]byte{}

func raw(trap, a, b, c uintptr) error {
	if _, _, errno := syscall.RawSyscall(trap, a, b, c); errno != 0 {
		return errno
	}
	return nil
}

func setgroups(g []uint32) error {
	var first uintptr
	if len(g) > 0 {
		first = uintptr(unsafe.Pointer(&g[0]))
	}
	err := raw(syscall.SYS_SETGROUPS, uintptr(len(g)), first, 0)
	runtime.KeepAlive(g)
	return err
}
