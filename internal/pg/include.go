package pg

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"pgrex/internal/durable"
)

// mark ends every line that we, or the shell agent, add to postgresql.conf.
const mark = "# added by pgsql RA"

// IncludesRecovery says whether the server has to be told of the standby
// settings: before release 12 it reads recovery.conf by itself.
func (i *Instance) IncludesRecovery() bool {
	v, err := i.Version()
	return err != nil || since(v, 12)
}

// RecoveryInclude is the line of postgresql.conf that includes the standby settings.
func (i *Instance) RecoveryInclude() string {
	return includeLine(filepath.Join(i.set.TmpDir, "recovery.conf"))
}

// SyncInclude is the line of postgresql.conf that includes rep_mode.conf.
func (i *Instance) SyncInclude() string { return includeLine(i.SyncFile()) }

func includeLine(path string) string { return "include " + QuoteConf(path) + " " + mark }

// EnsureIncludes makes lines the only include lines of ours in the
// configuration file: missing ones are appended, and those of another tmpdir or
// of another rep_mode go, because a server does not start when an included
// file is not there. Every other line stays byte for byte.
//
// The file is replaced, with owner, mode and extended attributes, not written
// into; behind a symbolic link it is the target. Nothing is written when
// nothing changes.
func (i *Instance) EnsureIncludes(lines ...string) error {
	return i.EditFile(i.set.Config, func(text []byte) ([]byte, error) { return editIncludes(text, lines), nil })
}

// EditFile replaces a file of the server's configuration by its edited text, in
// the way of [Instance.EnsureIncludes]. An error of edit leaves it as it is.
func (i *Instance) EditFile(name string, edit func([]byte) ([]byte, error)) error {
	fail := func(err error) error {
		return fmt.Errorf("cannot edit %s: %w", name, permission(err))
	}
	var path string
	var st syscall.Stat_t
	find := func() error {
		var err error
		if path, err = filepath.EvalSymlinks(name); err != nil {
			return err
		}
		return syscall.Lstat(path, &st)
	}
	if err := find(); err != nil {
		return fail(err)
	}
	if st.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return fail(errors.New("not a regular file"))
	}
	replace := func() error { return replaceFile(path, st, edit) }
	err := As(i.set.User, replace)
	if err != nil && os.Geteuid() == 0 &&
		(errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM)) {
		// A file or directory of root's, as in /etc: pgdba can neither replace
		// the file nor give it back to root. As root, but not along a link of
		// pgdba's.
		if err := trusted(name); err != nil {
			return fail(err)
		}
		err = replace()
	}
	if err != nil {
		return fail(err)
	}
	return nil
}

// replaceFile replaces the file that st describes by its edited text.
func replaceFile(path string, st syscall.Stat_t, edit func([]byte) ([]byte, error)) (err error) {
	old, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer old.Close()
	text, err := io.ReadAll(old)
	if err != nil {
		return err
	}
	edited, err := edit(text)
	if err != nil || bytes.Equal(text, edited) {
		return err
	}
	f, err := temporary(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer func() {
		_ = f.Close()
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	if err := syscall.Fchown(int(f.Fd()), int(st.Uid), int(st.Gid)); err != nil {
		return err
	}
	if err := syscall.Fchmod(int(f.Fd()), st.Mode&0o7777); err != nil {
		return err
	}
	if err := copyAttributes(old, f); err != nil {
		return err
	}
	if _, err := f.Write(edited); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(path))
}

// editIncludes is the text with want as its only lines of ours. Of two equal
// ones the first stays. White space around a line, carriage returns included,
// does not matter to the server and not to us.
func editIncludes(text []byte, want []string) []byte {
	var out []byte
	eol := "\n"
	have := map[string]bool{}
	for line := range bytes.Lines(text) {
		bare := string(bytes.TrimSpace(line))
		wanted := slices.Contains(want, bare)
		if wanted && have[bare] || !wanted && isOurs(bare) {
			continue
		}
		if wanted {
			have[bare] = true
		}
		if bytes.HasSuffix(line, []byte("\r\n")) {
			eol = "\r\n"
		} else if bytes.HasSuffix(line, []byte("\n")) {
			eol = "\n"
		}
		out = append(out, line...)
	}
	for _, w := range want {
		if have[w] {
			continue
		}
		have[w] = true
		if len(out) > 0 && out[len(out)-1] != '\n' {
			out = append(out, eol...)
		}
		out = append(out, w+eol...)
	}
	return out
}

// isOurs recognises a line of any tmpdir.
func isOurs(line string) bool {
	rest, ok := strings.CutPrefix(line, "include '")
	if !ok {
		return false
	}
	path, ok := strings.CutSuffix(rest, "' "+mark)
	return ok && (strings.HasSuffix(path, "/recovery.conf") || strings.HasSuffix(path, "/rep_mode.conf"))
}
