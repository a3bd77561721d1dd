package archive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"pgrex/internal/durable"
	"pgrex/internal/message"
)

// storing ends the name, hidden by a dot before it, that a file has while it is
// copied into an archive.
const storing = ".pg-rex-archiving"

// Store copies the file source into the directory dir under its own name, for
// archive_command: the name is there when all of the file is on the disk, and
// never for anything else. A file of that name with the same content is
// success, because the server asks again for what it has not noted as done; one
// with other content stays as it is and is an error (ARS-002). What a killed
// copy has left is overwritten by the next one of the same file.
func Store(source, dir string) error {
	fail := func(err error) error { return message.Fail(message.ARS001, "source", source, "dir", dir).Because(err) }
	in, err := os.Open(source)
	if err != nil {
		return fail(err)
	}
	defer in.Close()
	if info, err := in.Stat(); err != nil || !info.Mode().IsRegular() {
		return fail(errors.Join(err, errors.New("not a regular file")))
	}
	target := filepath.Join(dir, filepath.Base(source))
	temporary := filepath.Join(dir, "."+filepath.Base(source)+storing)
	out, err := claim(temporary)
	if err != nil {
		return fail(err)
	}
	defer out.Close()
	defer os.Remove(temporary) // before the lock goes with the descriptor; has another name when all went well
	if _, err := os.Lstat(target); err == nil {
		return alike(in, source, target)
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	if err == nil {
		err = renameNew(temporary, target)
	}
	if errors.Is(err, fs.ErrExist) {
		return alike(in, source, target)
	}
	if err == nil {
		err = durable.SyncDir(dir)
	}
	if err != nil {
		return fail(err)
	}
	return nil
}

// claim opens the temporary file for this process alone and empties it.
func claim(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = fmt.Errorf("another process is archiving the same file (%s)", path)
	}
	// Its holder may have renamed it between the opening and the lock: what is
	// open now would be the archived file itself.
	if err == nil {
		var open, there os.FileInfo
		if open, err = f.Stat(); err == nil {
			there, err = os.Lstat(path)
		}
		if err == nil && !os.SameFile(open, there) {
			err = errors.New("another process has just archived the same file")
		}
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// renameNew gives a file a name that must not be there yet.
func renameNew(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		// A file system without that, such as NFS. A second name is refused too
		// when it is there; the first one goes with the deferred removal.
		err = unix.Link(from, to)
	}
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// alike is success if what is in the archive is what is to go there. It may be
// the work of a copy that was killed before it had synced the name.
func alike(in *os.File, source, target string) error {
	same, err := sameContent(in, target)
	if err == nil && !same {
		return message.Fail(message.ARS002, "source", source, "target", target)
	}
	if err == nil {
		err = durable.SyncDir(filepath.Dir(target))
	}
	if err != nil {
		return message.Fail(message.ARS001, "source", source, "dir", filepath.Dir(target)).Because(err)
	}
	return nil
}

// sameContent compares a file with an archived one, and brings the latter to
// the disk.
func sameContent(in *os.File, path string) (bool, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false, err
	}
	defer f.Close()
	a, errA := in.Stat()
	b, errB := f.Stat()
	if err := errors.Join(errA, errB); err != nil || !b.Mode().IsRegular() || a.Size() != b.Size() {
		return false, err
	}
	const block = 1 << 20
	x, y := make([]byte, block), make([]byte, block)
	for at := int64(0); at < a.Size(); at += block {
		n, errA := in.ReadAt(x, at)
		m, errB := f.ReadAt(y, at)
		if errA != nil && errA != io.EOF || errB != nil && errB != io.EOF {
			return false, errors.Join(errA, errB)
		}
		if string(x[:n]) != string(y[:m]) {
			return false, nil
		}
	}
	return true, f.Sync()
}
