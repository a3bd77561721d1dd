// Package durable makes changes of directories survive a power failure.
package durable

import "os"

// SyncDir makes sure that the names in a directory are on the disk as they are
// now: a file that was written, synced and renamed is there under its new name
// only then (fsync(2)).
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
