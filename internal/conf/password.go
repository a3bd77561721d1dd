package conf

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"pgrex/internal/message"
)

// Password checks how the file names the password file, where the mode is to
// read one, and reads it. In the other modes there is no password here and
// nothing to check. uid is the calling user.
func (p Pass) Password(uid int) (string, *Problem) {
	switch {
	case p.Mode != PassFile:
		return "", nil
	case p.File == "":
		return "", &Problem{ID: message.CFG002, Args: []any{"key", p.key}, Line: p.line, step: p.step}
	case !filepath.IsAbs(p.File):
		return "", &Problem{ID: message.CFG003, Args: []any{"key", p.key, "value", p.File}, Line: p.line, step: p.step}
	}
	password, problem := CheckPassFile(p.File, uid)
	if problem != nil {
		problem.Line, problem.step = p.line, p.step
	}
	return password, problem
}

// CheckPassFile reads the password in a file that nobody but the calling user
// can have written or read. Nothing of its content is in a problem.
func CheckPassFile(path string, uid int) (string, *Problem) {
	wrong := func(id message.ID, args ...any) (string, *Problem) {
		return "", &Problem{ID: id, Args: append([]any{"path", path}, args...)}
	}
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return wrong(message.CFG015)
	}
	dir, dirErr := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil || dirErr != nil {
		return wrong(message.SSH012)
	}
	if filepath.Dir(target) != dir {
		return wrong(message.SSH010) // a link to elsewhere
	}
	// What is checked is what was opened. A FIFO must not hold the command up.
	f, openErr := os.OpenFile(target, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	stat := f.Stat
	if openErr != nil {
		stat = func() (fs.FileInfo, error) { return os.Lstat(target) }
	}
	defer func() { _ = f.Close() }()
	info, err := stat()
	if err != nil {
		return wrong(message.SSH012)
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.Mode().IsRegular():
		return wrong(message.SSH010)
	case info.Mode().Perm()&0o077 != 0:
		return wrong(message.CFG007, "mode", fmt.Sprintf("%03o", info.Mode().Perm()))
	case !known || int(owner.Uid) != uid:
		return wrong(message.SSH011, "user", userName(uid))
	case openErr != nil:
		return wrong(message.SSH012)
	}
	line, err := bufio.NewReader(f).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return wrong(message.SSH012)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return wrong(message.SSH013)
	}
	return line, nil
}

func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}
