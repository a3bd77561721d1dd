package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
)

// A lab belongs to the process that has brought it up until that has kept it
// for later (Lab.Keep) or ended. One whose owner was killed is a left-over, which
// the next Up removes; nobody else could know that it may go.

// ownerAddress is a name that one process of the machine can listen on. The
// kernel frees it with the process, however that ends, and no file stays behind.
const ownerAddress = "@pgrex-lab"

// owner is this process's hold on the lab, nil where it has none.
var owner struct {
	sync.Mutex
	listener net.Listener
}

// own takes the hold, or says that a process has it: this one, as long as it has
// a lab, or another.
func own() error {
	owner.Lock()
	defer owner.Unlock()
	if owner.listener != nil {
		return ErrRunning
	}
	l, err := net.Listen("unix", ownerAddress)
	if errors.Is(err, syscall.EADDRINUSE) {
		return ErrRunning
	}
	owner.listener = l
	return err
}

// release gives the hold up.
func release() {
	owner.Lock()
	defer owner.Unlock()
	if owner.listener != nil {
		owner.listener.Close()
		owner.listener = nil
	}
}

func owns() bool {
	owner.Lock()
	defer owner.Unlock()
	return owner.listener != nil
}

// Keep lets the lab outlive this process.
func (l *Lab) Keep() error {
	l.state.Kept = true
	if err := l.state.save(); err != nil {
		return err
	}
	release()
	return nil
}

// exists says whether there is anything of a lab.
func exists() (bool, error) {
	mounts, err := mountsBelow(Root)
	return len(mounts) > 0 || len(namespaces()) > 0, err
}

// claim mounts the lab's root for this process and writes what it will be, or
// says that another lab has it. What a killed owner has left goes first.
func claim(ctx context.Context, s state, report func(Step)) error {
	if err := own(); err != nil {
		return err
	}
	err := makeRoom(ctx, report)
	if err == nil {
		err = mountRoot()
	}
	if err == nil {
		if err = s.save(); err != nil {
			err = errors.Join(err, unmountBelow(Root))
		}
	}
	if err != nil {
		release()
	}
	return err
}

// makeRoom removes the remains of a lab that nobody owns, unless it was kept.
func makeRoom(ctx context.Context, report func(Step)) error {
	there, err := exists()
	if err != nil || !there {
		return err
	}
	if old, err := loadState(); err == nil && old.Kept {
		return ErrRunning
	}
	return step(report, Step{ID: StepRemains}, func(*Step) error { return clear(ctx) })
}

// End takes the lab down; after a failure it keeps the lab instead where the
// environment asks for that with KEEP=1. A nil lab is none.
func (l *Lab) End(ctx context.Context, failed bool) (kept bool, err error) {
	if l == nil {
		return false, nil
	}
	if failed && os.Getenv("KEEP") == "1" {
		return true, l.Keep()
	}
	return false, Down(context.WithoutCancel(ctx))
}

// EndTests ends the lab that the tests of a package have shared. It returns
// their exit code, or 1 if the lab would not go.
func (l *Lab) EndTests(code int) int {
	kept, err := l.End(context.Background(), code != 0)
	if err != nil {
		fmt.Println("cannot end the lab:", err)
		return 1
	}
	if kept {
		fmt.Println("KEEP=1: the lab stays up; look with bin/pgrex-lab status, end it with bin/pgrex-lab down")
	}
	return code
}
