package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Reasons for which a lab cannot be started or used; callers tell them apart
// with errors.Is to say what to do.
var (
	ErrNotRoot      = errors.New("the lab needs root")
	ErrNotRunning   = errors.New("no lab is running")
	ErrRunning      = errors.New("a lab is already running on this machine")
	ErrUnknownSuite = errors.New("unknown suite")
)

// UnknownError says that the lab has no node or no network of a name.
type UnknownError struct {
	What, Name string // What is "node" or "network"
	Known      []string
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("the lab has no %s %q: use one of %s", e.What, e.Name, strings.Join(e.Known, ", "))
}

// PowerError says that a node is on or off and should not be.
type PowerError struct {
	Node string
	On   bool
}

func (e *PowerError) Error() string {
	if e.On {
		return e.Node + " is running already"
	}
	return e.Node + " is not running"
}

// MissingError lists programs that the lab needs and the machine lacks, or the
// root file system of a suite.
type MissingError struct {
	Suite    string // empty: the machine
	Programs []string
}

func (e *MissingError) Error() string {
	where := "on this machine"
	if e.Suite != "" {
		where = "in the root file system of " + e.Suite
	}
	return "missing " + where + ": " + strings.Join(e.Programs, ", ")
}

// Programs that are used by name, outside of the nodes and inside. sbin folders
// are looked into even if they are not in the caller's PATH.
var (
	outside = []string{"systemd-nspawn", "ip", "nft", "nsenter", "ssh-keygen"}
	inside  = []string{
		"setpriv", "sshd", "dbus-daemon", "ping",
		"corosync", "pacemakerd", "crm_mon", "cibadmin", "crm_attribute", "pcs", "crm",
	}
)

// preflight says why a lab cannot run on this machine, before anything is changed.
func preflight() error {
	if os.Geteuid() != 0 {
		return ErrNotRoot
	}
	if missing := machine.missing(outside); len(missing) > 0 {
		return &MissingError{Programs: missing}
	}
	return nil
}

// preflight says why nodes cannot run on this base.
func (b base) preflight(suite string) error {
	missing := b.missing(inside)
	if _, err := os.Stat(b.in("/usr/lib/ocf/resource.d/heartbeat/IPaddr2")); err != nil {
		missing = append(missing, "resource-agents")
	}
	if b.pgBin() == "" {
		missing = append(missing, "postgresql")
	}
	if len(missing) > 0 {
		return &MissingError{Suite: suite, Programs: missing}
	}
	return onOneFileSystem(b.in("/usr"), b.in("/etc"), b.in("/var"))
}

func (b base) missing(programs []string) []string {
	var missing []string
	for _, p := range programs {
		if !b.installed(p) {
			missing = append(missing, p)
		}
	}
	return missing
}

func (b base) installed(program string) bool {
	for _, dir := range []string{"/usr/sbin", "/usr/bin", "/sbin", "/bin"} {
		if _, err := exec.LookPath(b.in(filepath.Join(dir, program))); err == nil {
			return true
		}
	}
	return false
}

// onOneFileSystem refuses a machine whose system is spread over several file
// systems: an overlay of the root would show their mount points empty.
func onOneFileSystem(dirs ...string) error {
	for _, dir := range dirs {
		mounts, err := mountsBelow(dir)
		if err != nil {
			return err
		}
		if slices.Contains(mounts, dir) {
			return fmt.Errorf("%s is a file system of its own: the lab needs it on the root file system", dir)
		}
	}
	return nil
}
