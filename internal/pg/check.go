package pg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"pgrex/internal/run"
)

// BadSetting is one of [Settings] that cannot be used, by the agent's name for
// it, and what would be allowed instead.
type BadSetting struct{ Name, Value, Allowed string }

// CheckOptions finds what Start could not put on a command line.
func (i *Instance) CheckOptions() []BadSetting {
	var bad []BadSetting
	const words = "words as in a shell: quotes closed, no backslash at the end"
	if _, _, err := i.pgCtl(); err != nil {
		bad = append(bad, BadSetting{"pgctl", i.set.PgCtl, "a path and " + words})
	}
	if _, err := splitWords(i.set.StartOpt); err != nil {
		bad = append(bad, BadSetting{"start_opt", i.set.StartOpt, words})
	}
	if _, err := splitWords(i.set.CtlOpt); err != nil {
		bad = append(bad, BadSetting{"ctl_opt", i.set.CtlOpt, words})
	}
	for _, path := range []struct{ name, value string }{{"pgdata", i.set.Data}, {"logfile", i.set.LogFile}} {
		if strings.ContainsAny(path.value, shellSpecial) {
			bad = append(bad, BadSetting{path.name, path.value, "a path that pg_ctl can handle: no double quote, $, `, backslash or line break"})
		}
	}
	return bad
}

// shellSpecial are the characters that pg_ctl does not protect in paths: it
// writes them between double quotes into a shell command.
const shellSpecial = "\"$`\\\n"

// CheckConninfo reports what libpq would not read as keyword=value pairs
// (conninfo_parse in fe-connect.c). It does not know all keywords: which there
// are depends on the release.
func CheckConninfo(s string) error {
	const blanks = " \t\n\v\f\r"
	for s = strings.TrimLeft(s, blanks); s != ""; s = strings.TrimLeft(s, blanks) {
		key, rest, found := strings.Cut(s, "=")
		key = strings.TrimRight(key, blanks)
		if !found || key == "" || strings.IndexFunc(key, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) >= 0 {
			return errors.New("not keyword=value")
		}
		rest = strings.TrimLeft(rest, blanks)
		quoted := strings.HasPrefix(rest, "'")
		rest = strings.TrimPrefix(rest, "'")
		k, closed := 0, false
		for ; k < len(rest) && !closed; k++ {
			switch c := rest[k]; {
			case c == '\\':
				k++
			case quoted:
				closed = c == '\''
			default:
				closed = strings.IndexByte(blanks, c) >= 0
			}
		}
		if quoted && !closed {
			return fmt.Errorf("no closing quote after %s=", key)
		}
		s = rest[min(k, len(rest)):]
	}
	return nil
}

// CheckPaths finds what PrepareStart and PrepareTmpDir could not make usable
// for the server's user, and changes nothing. ownFiles says that tmpdir will
// be needed.
func (i *Instance) CheckPaths(ownFiles bool) []BadSetting {
	var bad []BadSetting
	add := func(name, path, what string, err error) {
		if err != nil {
			bad = append(bad, BadSetting{name, path, fmt.Sprintf("%s that user %s can write: %v", what, i.set.User.Name, reason(err))})
		}
	}
	add("logfile", i.set.LogFile, "a file", i.checkFile(i.set.LogFile))
	if i.set.SocketDir != "" {
		add("socketdir", i.set.SocketDir, "a directory", i.checkDir(i.set.SocketDir, false))
	}
	if ownFiles {
		add("tmpdir", i.set.TmpDir, "a directory", i.checkDir(i.set.TmpDir, true))
	}
	return bad
}

func (i *Instance) checkFile(path string) error {
	err := As(i.set.User, func() error {
		fi, err := os.Stat(path)
		if err == nil && fi.IsDir() {
			return unix.EISDIR
		}
		if err != nil {
			return err
		}
		return unix.Faccessat(unix.AT_FDCWD, path, unix.W_OK, unix.AT_EACCESS)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return i.checkParent(filepath.Dir(path))
	}
	return err
}

// checkDir also takes a directory that is to be made: below its parent, or
// with parents below whatever of the path is there.
func (i *Instance) checkDir(path string, parents bool) error {
	err := As(i.set.User, func() error {
		fi, err := os.Stat(path)
		if err == nil && !fi.IsDir() {
			return unix.ENOTDIR
		}
		if err != nil {
			return err
		}
		return unix.Faccessat(unix.AT_FDCWD, path, unix.W_OK|unix.X_OK, unix.AT_EACCESS)
	})
	if os.Geteuid() == 0 && parents && errors.Is(err, fs.ErrPermission) {
		return nil // PrepareTmpDir gives it to the user
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(path)
	if _, err := os.Stat(parent); parents && errors.Is(err, fs.ErrNotExist) && parent != path {
		return i.checkDir(parent, true)
	}
	return i.checkParent(parent)
}

// checkParent asks whether something can be made in dir: by root in any directory.
func (i *Instance) checkParent(dir string) error {
	fi, err := os.Stat(dir)
	switch {
	case err != nil:
		return err
	case !fi.IsDir():
		return unix.ENOTDIR
	case os.Geteuid() == 0:
		return nil
	}
	return unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK|unix.X_OK, unix.AT_EACCESS)
}

// WillUse is the value that a server started now would have for a setting: its
// program, beside pg_ctl, reads the same files and options (postgres -C).
func (i *Instance) WillUse(ctx context.Context, setting string) (string, error) {
	res, err := i.askProgram(ctx, setting)
	if err != nil {
		return "", fmt.Errorf("cannot ask the server's program for %s: %w", setting, err)
	}
	return string(bytes.TrimSpace(res.Stdout)), nil
}

func (i *Instance) askProgram(ctx context.Context, setting string) (run.Result, error) {
	program, err := i.Program("postgres")
	if err != nil {
		return run.Result{}, err
	}
	words, err := i.serverWords()
	if err != nil {
		return run.Result{}, err
	}
	cmd := i.asUser(append([]string{program, "-D", i.set.Data}, append(words, "-C", setting)...))
	cmd.Dir = i.set.Data
	return i.run.Run(ctx, cmd)
}

// Program is the path of a program that lies beside pg_ctl.
func (i *Instance) Program(name string) (string, error) {
	program, _, err := i.pgCtl()
	if err == nil {
		program, err = exec.LookPath(program)
	}
	if err == nil {
		program, err = filepath.EvalSymlinks(program)
	}
	return filepath.Join(filepath.Dir(program), name), err
}

var confComplaint = regexp.MustCompile(`(?m)(?:LOG|ERROR|FATAL): +(.*) in file "([^"]*)" line (\d+)(.*)$`)

// ConfErrors is what the server's program has to say against the files that it
// would read at a start, nothing when it takes them.
func (i *Instance) ConfErrors(ctx context.Context) ([]ConfLine, error) {
	_, err := i.askProgram(ctx, "data_directory")
	var exit *run.ExitError
	if !errors.As(err, &exit) {
		return nil, err
	}
	var list []ConfLine
	for _, m := range confComplaint.FindAllStringSubmatch(exit.Stderr, -1) {
		line, _ := strconv.Atoi(m[3])
		list = append(list, ConfLine{File: m[2], Line: line, Error: m[1] + m[4]})
	}
	if len(list) == 0 {
		list = append(list, ConfLine{File: i.set.Config, Error: telling(exit.Stderr)})
	}
	return list, nil
}

// SetIn is the file that sets a setting: postgresql.auto.conf, which the server
// reads last, or the configuration file; "" when neither does by itself.
func (i *Instance) SetIn(setting string) string {
	for _, path := range []string{filepath.Join(i.set.Data, "postgresql.auto.conf"), i.set.Config} {
		if text, err := i.readFile(path); err == nil {
			if _, found := confValue(string(text), setting); found {
				return path
			}
		}
	}
	return ""
}
