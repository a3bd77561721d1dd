package conf

import (
	"runtime"
	"syscall"
	"testing"
)

// as does something with the file permissions of a user.
func as(t *testing.T, uid int, do func()) {
	t.Helper()
	// The ids of one thread are changed, which nobody else may get: it ends
	// with the goroutine that does not unlock it.
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETFSUID, uintptr(uid), 0, 0); errno != 0 {
			t.Errorf("setfsuid: %v", errno)
			return
		}
		do()
	}()
	<-done
}
