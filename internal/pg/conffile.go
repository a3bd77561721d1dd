package pg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ConfLine is a line of a file that the server reads at its start: a setting,
// or a directive that includes files, named as the directive is.
type ConfLine struct {
	File  string
	Line  int
	Name  string // lower case
	Value string // not quoted
	// Error says what is wrong with the line, "" for nothing.
	Error string
}

// Include says whether the line includes a file or a directory.
func (l ConfLine) Include() bool { return slices.Contains(includes, l.Name) }

// At is where the line stands, for people.
func (l ConfLine) At() string { return fmt.Sprintf("%s:%d", l.File, l.Line) }

var includes = []string{"include", "include_if_exists", "include_dir"}

// maxIncludes is how deep included files may include others (guc-file.l).
const maxIncludes = 10

// AutoConf is the file that ALTER SYSTEM writes. The server reads it last.
const AutoConf = "postgresql.auto.conf"

// ReadConf reads the configuration as a server that is started now would: the
// configuration file with all that it includes, then that of ALTER SYSTEM. The
// lines are in the order in which they are read: the last one of a name holds.
// Lines that are wrong are among them, with what is wrong. An error means that
// the configuration file itself cannot be read.
func (i *Instance) ReadConf() ([]ConfLine, error) {
	r := confReader{i: i}
	if err := r.file(i.set.Config, 0); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", i.set.Config, reason(err))
	}
	data := i.set.Data
	for _, l := range r.lines {
		if l.Name == "data_directory" && filepath.IsAbs(l.Value) {
			data = l.Value
		}
	}
	auto := filepath.Join(data, AutoConf)
	if err := r.file(auto, 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.lines = append(r.lines, ConfLine{File: auto, Error: reason(err).Error()})
	}
	return r.lines, nil
}

// ReadRecovery reads the standby settings that the agent has last written, none
// before its first start. Of the connection only where it goes is told.
func (i *Instance) ReadRecovery() ([]ConfLine, error) {
	r := confReader{i: i}
	if err := r.file(i.RecoveryFile(), 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot read %s: %w", i.RecoveryFile(), reason(err))
	}
	return r.lines, nil
}

type confReader struct {
	i     *Instance
	lines []ConfLine
}

func (r *confReader) file(path string, depth int) error {
	text, err := r.i.readFile(path)
	if err != nil {
		return err
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		l, there := confLine(line)
		if !there {
			continue
		}
		l.File, l.Line, l.Value = path, n, concealed(l.Name, l.Value)
		r.lines = append(r.lines, l)
		if !l.Include() || l.Error != "" {
			continue
		}
		at := len(r.lines) - 1
		if err := r.include(l, depth); err != nil {
			r.lines[at].Error = err.Error()
		}
	}
	return nil
}

func (r *confReader) include(l ConfLine, depth int) error {
	if depth == maxIncludes {
		return errors.New("files include each other too deep")
	}
	path := l.Value
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(l.File), path)
	}
	if l.Name != "include_dir" {
		err := r.file(path, depth+1)
		if l.Name == "include_if_exists" && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	var entries []fs.DirEntry
	err := As(r.i.set.User, func() (err error) { entries, err = os.ReadDir(path); return err })
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && strings.HasSuffix(e.Name(), ".conf") && !e.IsDir() {
			err = errors.Join(err, r.file(filepath.Join(path, e.Name()), depth+1))
		}
	}
	return err
}

// confLine takes a line apart as guc-file.l does. There is none in a blank or a
// comment.
func confLine(line string) (l ConfLine, there bool) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return l, false
	}
	end := strings.IndexFunc(line, func(c rune) bool { return !nameRune(c) })
	if end < 0 {
		end = len(line)
	}
	l.Name = strings.ToLower(line[:end])
	rest := strings.TrimLeft(line[end:], " \t")
	rest = strings.TrimLeft(strings.TrimPrefix(rest, "="), " \t")
	token := confTokenEnd(rest)
	after := strings.TrimSpace(rest[token:])
	value, err := unquoteConf(rest[:token])
	l.Value = value
	switch {
	case end == 0 || line[0] >= '0' && line[0] <= '9' || line[0] == '.':
		l.Name, l.Error = "", "syntax error"
	case err != nil:
		l.Error = err.Error()
	case token == 0:
		l.Error = "no value"
	case after != "" && after[0] != '#':
		l.Error = fmt.Sprintf("syntax error near %q", after)
	}
	return l, true
}

func nameRune(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '$' || c >= 0x80
}

// Conceal leaves of a connection string nothing but where it goes: a password
// may be in it.
func Conceal(conninfo string) string {
	var kept []string
	for _, key := range []string{"host", "hostaddr", "port", "user"} {
		if v := conninfoValue(conninfo, key); v != "" {
			kept = append(kept, key+"="+ConninfoValue(v))
		}
	}
	return strings.Join(kept, " ")
}

// concealed is a value that may be shown.
func concealed(name, value string) string {
	if slices.Contains(secrets, name) {
		return Conceal(value)
	}
	return value
}

// conninfoValue is the value of a keyword in a connection string, of several the
// last one.
func conninfoValue(conninfo, key string) string {
	var value string
	rest := conninfo
	for {
		name, after, found := strings.Cut(rest, "=")
		if !found {
			return value
		}
		after = strings.TrimLeft(after, " \t\n")
		v, n := conninfoToken(after)
		if strings.TrimSpace(name) == key {
			value = v
		}
		rest = after[n:]
	}
}

// conninfoToken is the value at the beginning of s and how long it is there.
func conninfoToken(s string) (string, int) {
	var b strings.Builder
	quoted := strings.HasPrefix(s, "'")
	k := 0
	if quoted {
		k = 1
	}
	for ; k < len(s); k++ {
		switch c := s[k]; {
		case c == '\\' && k+1 < len(s):
			k++
			b.WriteByte(s[k])
		case quoted && c == '\'':
			return b.String(), k + 1
		case !quoted && strings.IndexByte(" \t\n\r", c) >= 0:
			return b.String(), k
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), k
}
