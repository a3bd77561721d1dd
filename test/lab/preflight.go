package lab

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Reasons for which a lab cannot be started or used; callers tell them apart
// with errors.Is to say what to do.
var (
	ErrNotRoot    = errors.New("the lab needs root")
	ErrNotRunning = errors.New("no lab is running")
	ErrRunning    = errors.New("a lab is already running on this machine")
)

// MissingError lists programs that the lab needs and the machine lacks.
type MissingError struct{ Programs []string }

func (e *MissingError) Error() string {
	return "missing on this machine: " + strings.Join(e.Programs, ", ")
}

// programs of the machine that are used by name, outside or inside the nodes.
// sbin folders are looked into even if they are not in the caller's PATH.
var programs = []string{
	"systemd-nspawn", "ip", "nft", "nsenter", "setpriv", "ssh-keygen", "sshd", "dbus-daemon", "ping",
	"corosync", "pacemakerd", "crm_mon", "cibadmin", "crm_attribute", "pcs", "crm",
}

// preflight says why a lab cannot run here, before anything is changed.
func preflight() error {
	if os.Geteuid() != 0 {
		return ErrNotRoot
	}
	var missing []string
	for _, p := range programs {
		if !installed(p) {
			missing = append(missing, p)
		}
	}
	if _, err := os.Stat("/usr/lib/ocf/resource.d/heartbeat/IPaddr2"); err != nil {
		missing = append(missing, "resource-agents")
	}
	if newestPGBin() == "" {
		missing = append(missing, "postgresql")
	}
	if len(missing) > 0 {
		return &MissingError{Programs: missing}
	}
	return onOneFileSystem("/usr", "/etc", "/var")
}

func installed(program string) bool {
	for _, dir := range []string{"/usr/sbin", "/usr/bin", "/sbin", "/bin"} {
		if _, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
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

// newestPGBin finds the programs of the newest PostgreSQL on the machine.
func newestPGBin() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return ""
	}
	version := func(path string) int {
		v, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return v
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(version(a), version(b)) })
	return filepath.Dir(newest)
}
