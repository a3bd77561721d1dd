package durable

import (
	"io/fs"
	"os"
	"path/filepath"
)

// WriteFile writes a file beside its place and renames it, so that under the
// name is what was there before or all of the new content, also after a power
// failure. A file that is there is replaced.
func WriteFile(path string, content []byte, mode fs.FileMode) error {
	const same = -1 // chown(2)
	return WriteOwned(path, content, mode, same, same)
}

// WriteOwned is [WriteFile] with an owner; -1 is that of the process.
func WriteOwned(path string, content []byte, mode fs.FileMode, uid, gid int) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone after the renaming
	defer f.Close()
	if _, err := f.Write(content); err != nil {
		return err
	}
	if err := f.Chown(uid, gid); err != nil {
		return err
	}
	if err := f.Chmod(mode); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}
