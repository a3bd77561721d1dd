package pg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"pgrex/internal/durable"
)

// writeFile puts text where path is, as the user of the server: written beside
// it, synced, and renamed over it, so that a reader and a power failure find
// either the old file or the new one. A link at path is replaced, not
// followed. Mode 0600: the standby settings may hold a password.
func (i *Instance) writeFile(path, text string) error {
	err := As(i.set.User, func() error {
		dir := filepath.Dir(path)
		f, err := temporary(dir)
		if err != nil {
			return err
		}
		_, err = f.WriteString(text)
		if err == nil {
			err = f.Sync()
		}
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		if err == nil {
			err = os.Rename(f.Name(), path)
		}
		if err != nil {
			_ = os.Remove(f.Name())
			return err
		}
		return durable.SyncDir(dir)
	})
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, permission(err))
	}
	return nil
}

// A file on its way to its place is called temporaryPrefix, the process that
// writes it, a hyphen, and digits.
const temporaryPrefix = ".pgsql-ra-"

// temporary makes such a file: O_EXCL, 0600.
func temporary(dir string) (*os.File, error) {
	return os.CreateTemp(dir, temporaryPrefix+strconv.Itoa(os.Getpid())+"-*")
}

// abandoned says whether a file has the name of a temporary one and its writer
// is no more. Another agent may be at work in the same directory.
func abandoned(name string) bool {
	rest, ours := strings.CutPrefix(name, temporaryPrefix)
	writer, digits, complete := strings.Cut(rest, "-")
	pid, err := strconv.ParseInt(writer, 10, 32)
	if _, errDigits := strconv.ParseUint(digits, 10, 64); !ours || !complete || err != nil || errDigits != nil || pid <= 0 {
		return false
	}
	return int(pid) == os.Getpid() || errors.Is(syscall.Kill(int(pid), 0), syscall.ESRCH)
}

// RemoveTemporary removes the files that an action left when it was killed
// while it wrote one, wherever we write, and returns their paths for the log.
// It acts as the server's user and touches that user's own regular files only.
func (i *Instance) RemoveTemporary() (removed []string, err error) {
	dirs := []string{i.set.Data, i.set.TmpDir}
	if path, err := filepath.EvalSymlinks(i.set.Config); err == nil && filepath.Dir(path) != i.set.Data {
		dirs = append(dirs, filepath.Dir(path))
	}
	if i.set.SocketDir != "" {
		dirs = append(dirs, i.set.SocketDir)
	}
	err = As(i.set.User, func() error {
		var errs []error
		for _, dir := range dirs {
			entries, _ := os.ReadDir(dir) // if it is not there or not readable, start says so
			for _, e := range entries {
				if !e.Type().IsRegular() || !abandoned(e.Name()) {
					continue
				}
				path := filepath.Join(dir, e.Name())
				var st syscall.Stat_t
				if syscall.Lstat(path, &st) != nil || st.Uid != uint32(os.Geteuid()) {
					continue
				}
				if err := os.Remove(path); err != nil {
					errs = append(errs, fmt.Errorf("cannot remove %s: %w", path, permission(err)))
					continue
				}
				removed = append(removed, path)
			}
		}
		return errors.Join(errs...)
	})
	return removed, err
}

// removeFile removes a file, or the link at its place, for good; one that is
// not there is no error.
func (i *Instance) removeFile(path string) error {
	err := As(i.set.User, func() error {
		if err := os.Remove(path); err != nil {
			return err
		}
		return durable.SyncDir(filepath.Dir(path))
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove %s: %w", path, permission(err))
	}
	return nil
}

// permission makes lack of rights recognisable as ErrPerm.
func permission(err error) error {
	err = reason(err)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("%w: %w", ErrPerm, err)
	}
	return err
}

func (i *Instance) standbySignal() string { return filepath.Join(i.set.Data, "standby.signal") }

// WriteStandbySignal makes the server start as a standby (release 12 and newer).
func (i *Instance) WriteStandbySignal() error {
	if !i.IncludesRecovery() {
		return nil // recovery.conf says it, and the file would mean nothing
	}
	return i.writeFile(i.standbySignal(), "")
}

// EndStandby makes the server start as a primary, whatever its release.
func (i *Instance) EndStandby() error {
	if !i.IncludesRecovery() {
		return i.RemoveRecovery()
	}
	return i.RemoveStandbySignal()
}

// RemoveStandbySignal makes the server start as a primary.
func (i *Instance) RemoveStandbySignal() error { return i.removeFile(i.standbySignal()) }

// HasStandbySignal reports whether the server would start as a standby, or
// has: it removes the file itself when it is promoted.
func (i *Instance) HasStandbySignal() (bool, error) {
	err := As(i.set.User, func() error {
		_, err := os.Stat(i.standbySignal())
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot look at %s: %w", i.standbySignal(), reason(err))
	}
	return true, nil
}

// RemoveLeftovers removes files of an earlier life that would keep a server of
// release 12 or newer from starting (recovery.conf) or let it end recovery
// (recovery.signal, which loses against standby.signal but says the opposite).
// It returns their paths for the log, also with an error.
func (i *Instance) RemoveLeftovers() (removed []string, err error) {
	v, err := i.Version()
	if err != nil {
		return nil, err
	}
	if !since(v, 12) {
		return nil, nil
	}
	for _, name := range []string{"recovery.conf", "recovery.signal"} {
		path := filepath.Join(i.set.Data, name)
		err := As(i.set.User, func() error { _, err := os.Lstat(path); return err })
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := i.removeFile(path); err != nil {
			return removed, err
		}
		removed = append(removed, path)
	}
	return removed, nil
}

// PrepareTmpDir makes the directory of our files: of the server's user, 0700.
func (i *Instance) PrepareTmpDir() error { return i.prepareDir(i.set.TmpDir, 0o700, true) }

// MakeDir makes a directory, with those above it, that belongs to the user of
// the server, or gives it to that user.
func (i *Instance) MakeDir(path string, mode os.FileMode) error {
	return i.prepareDir(path, mode, true)
}

// WriteFile puts a new text where path is, mode 0600, as the user of the server.
func (i *Instance) WriteFile(path, text string) error { return i.writeFile(path, text) }

// ReadFile reads a file as the user of the server.
func (i *Instance) ReadFile(path string) ([]byte, error) { return i.readFile(path) }

func (i *Instance) ownerFile() string { return filepath.Join(i.set.TmpDir, "owner") }

// ClaimTmpDir leaves word in tmpdir of whose lock and settings are in it.
func (i *Instance) ClaimTmpDir() error {
	if text, err := i.readFile(i.ownerFile()); err == nil && string(text) == i.set.Data+"\n" {
		return nil
	}
	return i.writeFile(i.ownerFile(), i.set.Data+"\n")
}

// TmpDirTaken is the data directory of another server that uses tmpdir and runs
// on this node, "" when there is none.
func (i *Instance) TmpDirTaken() string {
	text, err := i.readFile(i.ownerFile())
	data := strings.TrimSuffix(string(text), "\n")
	if err != nil || data == "" || data == i.set.Data {
		return ""
	}
	own, errOwn := os.Stat(i.set.Data)
	other, errOther := os.Stat(data)
	if errOther != nil || errOwn == nil && os.SameFile(own, other) {
		return "" // moved, or written in another way
	}
	if p, err := New(Settings{Data: data, User: i.set.User}, i.run).Processes(); err != nil || p.None() {
		return ""
	}
	return data
}

// prepareDir makes a directory that belongs to the server's user. What that
// user can do itself is done as that user; root's rights are used only for
// what root or nobody has put there, so that no link of pgdba's leads root to
// give a foreign directory away.
func (i *Instance) prepareDir(path string, mode os.FileMode, parents bool) error {
	fail := func(err error) error {
		return fmt.Errorf("cannot make directory %s for user %s: %w", path, i.set.User.Name, err)
	}
	if !filepath.IsAbs(path) {
		return fail(errors.New("not an absolute path"))
	}
	mk := os.Mkdir
	if parents {
		mk = os.MkdirAll
	}
	err := As(i.set.User, func() error {
		if err := mk(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return chmodOwn(path, mode)
	})
	if err == nil || os.Geteuid() != 0 || !errors.Is(err, fs.ErrPermission) {
		if err != nil {
			return fail(permission(err))
		}
		return nil
	}
	if err := trusted(filepath.Dir(path)); err != nil {
		return fail(err)
	}
	if parents {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fail(permission(err))
		}
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fail(permission(err))
	}
	f, err := os.OpenFile(path, syscall.O_DIRECTORY|syscall.O_NOFOLLOW|os.O_RDONLY, 0)
	if err != nil {
		return fail(permission(err))
	}
	defer f.Close()
	if err := giveAway(f, path, i.set.User); err != nil {
		return fail(err)
	}
	if err := fchmod(f, mode); err != nil {
		return fail(permission(err))
	}
	return nil
}

// chmodOwn sets the mode of our own directory. One of somebody else that we
// may use as it is stays as it is only if the mode is right.
func chmodOwn(path string, mode os.FileMode) error {
	f, err := os.OpenFile(path, syscall.O_DIRECTORY|os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	var st syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &st); err != nil {
		return err
	}
	if st.Uid != uint32(os.Geteuid()) {
		return fs.ErrPermission
	}
	if st.Mode&0o7777 == rawMode(mode) {
		return nil
	}
	return fchmod(f, mode)
}

func fchmod(f *os.File, mode os.FileMode) error {
	return syscall.Fchmod(int(f.Fd()), rawMode(mode))
}

// rawMode keeps the set-group-id bit where chmod(2) wants it.
func rawMode(mode os.FileMode) uint32 {
	m := uint32(mode.Perm())
	if mode&os.ModeSetgid != 0 {
		m |= syscall.S_ISGID
	}
	return m
}

// trusted reports an error if somebody other than root has put a symbolic link
// into path: following it, root would act at a place of that user's choice.
func trusted(path string) error {
	path = filepath.Clean(path)
	for p := path; ; p = filepath.Dir(p) {
		var st syscall.Stat_t
		err := syscall.Lstat(p, &st)
		switch {
		case err == nil && st.Mode&syscall.S_IFMT == syscall.S_IFLNK && st.Uid != 0:
			return fmt.Errorf("%w: %s is a symbolic link of user %d", ErrPerm, p, st.Uid)
		case err != nil && !errors.Is(err, syscall.ENOENT):
			return fmt.Errorf("cannot look at %s: %w", p, permission(err))
		}
		if p == "/" || p == "." {
			return nil
		}
	}
}

// giveAway makes u the owner of an open file, after a last look at where the
// kernel has found it: what trusted has seen may have changed since.
func giveAway(f *os.File, path string, u User) error {
	var st syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &st); err != nil {
		return err
	}
	if st.Uid == u.UID {
		return nil
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return err
	}
	if err := trusted(filepath.Dir(path)); err != nil {
		return err
	}
	at, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(int(f.Fd())))
	if err != nil {
		return err
	}
	if want := filepath.Join(dir, filepath.Base(path)); at != want {
		return fmt.Errorf("%w: %s turned out to be %s", ErrPerm, path, at)
	}
	return syscall.Fchown(int(f.Fd()), int(u.UID), int(u.GID))
}

// notePrefix begins the names of the vote notes in tmpdir; a number follows.
const notePrefix = "xlog_note."

// Notes returns the vote notes by number.
func (i *Instance) Notes() (map[int]string, error) {
	names, err := i.noteNames()
	if err != nil {
		return nil, err
	}
	notes := map[int]string{}
	for n, name := range names {
		b, err := i.readFile(filepath.Join(i.set.TmpDir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read vote note %s: %w", name, reason(err))
		}
		notes[n] = string(b)
	}
	return notes, nil
}

func (i *Instance) noteNames() (map[int]string, error) {
	var entries []os.DirEntry
	err := As(i.set.User, func() error {
		var err error
		entries, err = os.ReadDir(i.set.TmpDir)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot list %s: %w", i.set.TmpDir, reason(err))
	}
	names := map[int]string{}
	for _, e := range entries {
		text, ok := strings.CutPrefix(e.Name(), notePrefix)
		if n, err := strconv.Atoi(text); ok && err == nil && n >= 0 && strconv.Itoa(n) == text {
			names[n] = e.Name()
		}
	}
	return names, nil
}

// WriteNote writes vote note n.
func (i *Instance) WriteNote(n int, text string) error {
	return i.writeFile(filepath.Join(i.set.TmpDir, notePrefix+strconv.Itoa(n)), text)
}

// RemoveVoteNotes removes all vote notes.
func (i *Instance) RemoveVoteNotes() error {
	names, err := i.noteNames()
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := i.removeFile(filepath.Join(i.set.TmpDir, name)); err != nil {
			return err
		}
	}
	return nil
}

// copyAttributes gives a new file the extended attributes of the old one:
// SELinux context, access control list.
func copyAttributes(from, to *os.File) error {
	size, err := unix.Flistxattr(int(from.Fd()), nil)
	if errors.Is(err, unix.ENOTSUP) || size == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	buf := make([]byte, size+256)
	size, err = unix.Flistxattr(int(from.Fd()), buf)
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(buf[:size]), "\x00"), "\x00") {
		want, err := getAttribute(from, name)
		if err != nil {
			return fmt.Errorf("cannot read attribute %s: %w", name, err)
		}
		// What is right by inheritance is not set: that needs a right of its own.
		if have, err := getAttribute(to, name); err == nil && have == want {
			continue
		}
		if err := unix.Fsetxattr(int(to.Fd()), name, []byte(want), 0); err != nil {
			return fmt.Errorf("cannot set attribute %s: %w", name, err)
		}
	}
	return nil
}

func getAttribute(f *os.File, name string) (string, error) {
	buf := make([]byte, 64<<10) // the kernel's limit
	n, err := unix.Fgetxattr(int(f.Fd()), name, buf)
	if err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}
