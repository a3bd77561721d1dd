package lab

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// Node is one machine of the cluster. Its disk outlives Kill and ends with Down.
type Node struct {
	Name  string
	Index int // from 1; the node's addresses follow from it
	base  base
	power bool // it sees the folder of the power
	// checksDisk says that its cluster has a disk check, and it a disk.
	checksDisk bool
	found      atomic.Pointer[container] // as it was found last
}

// Boot starts the node, for the first time or after Kill, and waits until it is up.
func (n *Node) Boot(ctx context.Context) error {
	if n.Running() {
		return &PowerError{Node: n.Name, On: true}
	}
	// A node that was switched off from inside leaves its network behind.
	n.removeNetwork(ctx)
	if err := removeNspawnFolders(nsPrefix + n.Name); err != nil {
		return err
	}
	if err := n.plug(ctx); err != nil {
		return err
	}
	if err := n.startContainer(); err != nil {
		return fmt.Errorf("cannot start the container of %s: %w", n.Name, err)
	}
	err := Until(ctx, "boot of "+n.Name, Timeouts.Boot, func(ctx context.Context) (string, bool) {
		out, err := n.Run(ctx, "systemctl", "is-active", "multi-user.target")
		if err != nil {
			return err.Error() + n.lastWords(), false
		}
		return out, true
	})
	if err != nil {
		return err
	}
	if n.checksDisk {
		if err := n.AddDisk(ctx, SystemDisk, systemDiskSize); err != nil {
			return err
		}
	}
	// Twice, on a busy machine, a node was up without the directory of the
	// server's socket. One that does not know the server's user, which is a fault
	// of a drill, is up all the same.
	_, _ = n.Run(ctx, SocketDirectory...)
	return nil
}

// SwitchOn boots a node that does not run, and waits until it is up: a fencing
// device may have been faster.
func (n *Node) SwitchOn(ctx context.Context) error {
	if !n.Running() {
		if err := n.Boot(ctx); err != nil && !n.Running() {
			return err
		}
	}
	return Until(ctx, "boot of "+n.Name, Timeouts.Boot, func(ctx context.Context) (string, bool) {
		out, err := n.Run(ctx, "systemctl", "is-active", "multi-user.target")
		return fmt.Sprint(out, err), err == nil
	})
}

// SocketDirectory is what the boot of a node does to make the directory of the
// server's socket.
var SocketDirectory = []string{"systemd-tmpfiles", "--create", "--prefix=/run/postgresql"}

// lastWords is the end of what the container wrote: why systemd-nspawn gave up.
func (n *Node) lastWords() string {
	text, err := os.ReadFile(n.console())
	if err != nil || len(text) == 0 {
		return ""
	}
	return "; its console: " + lastLines(string(text), 3)
}

func (n *Node) startContainer() error {
	argv := []string{
		"systemd-nspawn", "--quiet", "--boot", n.directoryArg(), "--machine=" + nsPrefix + n.Name, "--hostname=" + n.Name,
		"--register=no", "--keep-unit", "--link-journal=no",
		"--network-namespace-path=/run/netns/" + n.netns(),
		"--console=pipe", "--capability=all", "--resolv-conf=off", "--timezone=off",
	}
	if n.power {
		argv = append(argv, "--bind="+powerDir+":"+powerFolder)
	}
	// Where the machine itself runs systemd, the container needs a piece of the
	// control group tree of its own that systemd leaves to it.
	if _, err := os.Stat("/run/systemd/system"); err == nil {
		argv = append([]string{
			"systemd-run", "--scope", "--quiet", "--collect", "--unit=" + nsPrefix + "lab-" + n.Name,
			"--property=Delegate=yes", "--",
		}, argv...)
	}
	console, err := os.OpenFile(n.console(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer console.Close()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = cleanEnv()
	if n.base != machine {
		// A systemd from 258 on boots with version 2 of control groups only, which
		// is not what a container gets by itself on a machine with both; all
		// suites know it.
		cmd.Env = append(cmd.Env, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1")
	}
	cmd.Stdout, cmd.Stderr = console, console
	// In a session of its own the node outlives the command that started it, and
	// does not hear that command's Ctrl-C.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	// Nor does it keep what that command was handed by its caller, such as a lock
	// that is to end with the command.
	if err := unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	go cmd.Wait()
	return nil
}

// directoryArg is also how the node's process is found again.
func (n *Node) directoryArg() string { return "--directory=" + n.root() }

// Running says whether the node's first process lives.
func (n *Node) Running() bool { return n.initPID() != 0 }

// Kill is a power loss: first the network is gone, so that no dying process can
// say good-bye to its peers, then every process ends without notice.
func (n *Node) Kill(ctx context.Context) error {
	pid := n.initPID()
	if pid == 0 {
		return &PowerError{Node: n.Name}
	}
	if err := n.unplug(ctx); err != nil {
		return err
	}
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		return fmt.Errorf("cannot kill %s: %w", n.Name, err)
	}
	// What is frozen dies no sooner than it goes on, and then does nothing else.
	if err := n.Thaw(); err != nil {
		return err
	}
	err := Until(ctx, "end of "+n.Name, Timeouts.Die, func(context.Context) (string, bool) {
		pids := n.containerPIDs()
		return fmt.Sprintf("processes %v", pids), len(pids) == 0
	})
	if err != nil {
		return err
	}
	// The namespace outlives the container, and the addresses it still holds
	// would go on answering.
	n.removeNetwork(ctx)
	return nil
}

// removeNetwork takes ports and namespace away; what is not there is no error.
// The ports go first and by name, because the kernel removes a namespace's
// interfaces some time later.
func (n *Node) removeNetwork(ctx context.Context) {
	for _, lan := range LANs() {
		_, _ = run(ctx, "ip", "-n", switchNS, "link", "delete", n.port(lan))
	}
	_, _ = run(ctx, "ip", "netns", "delete", n.netns())
}

// Run executes a program inside the node as root and returns its standard output.
func (n *Node) Run(ctx context.Context, argv ...string) (string, error) {
	return n.runInput(ctx, "", argv...)
}

func (n *Node) runInput(ctx context.Context, stdin string, argv ...string) (string, error) {
	enter, err := n.Enter(argv...)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, Timeouts.Command)
	defer cancel()
	out, err := runInput(ctx, stdin, enter...)
	if err != nil {
		return out, fmt.Errorf("%s: %w", n.Name, withoutPrefix(err, argv))
	}
	return out, nil
}

// RunAs executes a program inside the node as another user with that user's
// home, and without PAM, which would cost a session each time.
func (n *Node) RunAs(ctx context.Context, user string, argv ...string) (string, error) {
	return n.Run(ctx, asUser(user, argv)...)
}

func asUser(user string, argv []string) []string {
	return append([]string{"setpriv", "--reuid=" + user, "--regid=" + user, "--init-groups", "--reset-env", "--"}, argv...)
}

// Enter is the argument list that executes a program inside the running node.
func (n *Node) Enter(argv ...string) ([]string, error) {
	pid := n.initPID()
	if pid == 0 {
		return nil, &PowerError{Node: n.Name}
	}
	return append([]string{
		"nsenter", "-t", strconv.Itoa(pid), "-m", "-u", "-i", "-n", "-p", "-r", "-w", "--",
	}, argv...), nil
}

// withoutPrefix lets an error show the program that was asked for, not nsenter.
func withoutPrefix(err error, argv []string) error {
	if exit, ok := err.(*ExitError); ok {
		return &ExitError{Argv: argv, Status: exit.Status, Stderr: exit.Stderr}
	}
	return err
}

// StartCluster starts Corosync and Pacemaker and returns when systemd has them started.
func (n *Node) StartCluster(ctx context.Context) error {
	start := func() (said string, err error) {
		if _, err = n.Run(ctx, "systemctl", "start", "corosync", "pacemaker"); err == nil {
			return "", nil
		}
		said, jerr := n.Run(context.WithoutCancel(ctx), "journalctl", "--no-pager", "--output=cat", "--lines=12", "--unit=corosync", "--unit=pacemaker")
		return said, errors.Join(fmt.Errorf("%w; its journal: %s", err, said), jerr)
	}
	said, err := start()
	// Once, on a busy machine, the control group of the Corosync before was still
	// being removed, into which the service manager wanted to put the next one.
	if strings.Contains(said, "status=219/CGROUP") {
		_, err = start()
	}
	return err
}

// StopCluster stops Pacemaker, and with it PostgreSQL and the addresses, then Corosync.
func (n *Node) StopCluster(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, Timeouts.Stop)
	defer cancel()
	_, err := n.Run(ctx, "systemctl", "stop", "pacemaker", "corosync")
	return err
}

// ReadFile reads a file of the node's disk, whether the node runs or not.
func (n *Node) ReadFile(path string) ([]byte, error) { return os.ReadFile(n.Path(path)) }

// WriteFile writes a file on the node's disk.
func (n *Node) WriteFile(path string, content []byte, mode os.FileMode, owner string) error {
	if err := os.MkdirAll(filepath.Dir(n.Path(path)), 0o755); err != nil {
		return err
	}
	return n.base.writeOwned(n.Path(path), content, mode, owner)
}

// Locked says whether the agent's lock file is there, which forbids a start.
func (n *Node) Locked() bool {
	_, err := os.Lstat(n.Path(LockFile))
	return err == nil
}
