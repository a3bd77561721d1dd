package definition

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"pgrex/internal/durable"
)

// saved are the files that make up the cluster definition of a node, with the
// modes that their owners give them. The CIB has a digest beside it, without
// which Pacemaker does not accept it.
var saved = []struct {
	path string
	mode fs.FileMode
	name string // in the copy
}{
	{"/etc/corosync/corosync.conf", 0o644, "corosync.conf"},
	{"/etc/corosync/authkey", 0o400, "corosync.authkey"},
	{"/etc/pacemaker/authkey", 0o640, "pacemaker.authkey"},
	{"/var/lib/pacemaker/cib/cib.xml", 0o600, "cib.xml"},
	{"/var/lib/pacemaker/cib/cib.xml.sig", 0o600, "cib.xml.sig"},
}

// Save copies the cluster definition of this node into a new directory, which
// root alone can read: it holds keys and passwords. The files are found below
// root, "/" on a node. The copy has reached the disk when Save returns.
func Save(root, dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return fmt.Errorf("cannot save the cluster definition: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("cannot save the cluster definition: %w", err)
	}
	for _, f := range saved {
		text, err := os.ReadFile(filepath.Join(root, f.path))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = durable.WriteFile(filepath.Join(dir, f.name), text, 0o600)
		}
		if err != nil {
			return fmt.Errorf("cannot save the cluster definition: %w", err)
		}
	}
	return durable.SyncDir(filepath.Dir(dir))
}

// Restore puts back what [Save] has copied, and removes those of the files that
// were not there then. The cluster must not run on this node. Called again
// after an interruption, it completes what was begun.
func Restore(root, dir string) error {
	copies := map[string][]byte{}
	for _, f := range saved {
		text, err := os.ReadFile(filepath.Join(dir, f.name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("cannot restore the cluster definition: %w", err)
		}
		copies[f.name] = text
	}
	if copies["cib.xml"] == nil && copies["corosync.conf"] == nil {
		return fmt.Errorf("cannot restore the cluster definition: there is none in %s", dir)
	}
	for _, f := range saved {
		path := filepath.Join(root, f.path)
		text, ok := copies[f.name]
		var err error
		if !ok {
			if err = os.Remove(path); errors.Is(err, fs.ErrNotExist) {
				err = nil
			}
		} else {
			err = restoreFile(path, text, f.mode)
		}
		if err != nil {
			return fmt.Errorf("cannot restore the cluster definition: %w", err)
		}
	}
	return nil
}

// restoreFile gives the file to the owner of its directory: the CIB belongs to
// the user of Pacemaker, whose number is another one on every system.
func restoreFile(path string, text []byte, mode fs.FileMode) error {
	info, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("cannot find the owner of %s", filepath.Dir(path))
	}
	return durable.WriteOwned(path, text, mode, int(stat.Uid), int(stat.Gid))
}
