package run

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// Detach starts a program that goes on when this one has ended, and does not
// wait for it: in a session of its own, so that nobody who ends us with our
// children ends it too, and with none of our files open.
func Detach(c Command) error {
	if len(c.Argv) == 0 {
		return errors.New("cannot run a program without a name")
	}
	cmd := exec.Command(c.Argv[0], c.Argv[1:]...)
	cmd.Env, cmd.Dir = environment(os.Environ(), c), "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: c.Credential}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot run %s: %w", c.Argv[0], err)
	}
	return cmd.Process.Release()
}
