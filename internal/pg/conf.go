package pg

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// Setting is one line of a configuration file, its value not quoted.
type Setting struct{ Name, Value string }

// RecoveryFile is the path of the file with the standby settings: in tmpdir
// and included, or recovery.conf in the data directory before release 12.
// Without a readable PG_VERSION it is the former.
func (i *Instance) RecoveryFile() string {
	if v, err := i.Version(); err == nil && !since(v, 12) {
		return filepath.Join(i.set.Data, "recovery.conf")
	}
	return filepath.Join(i.set.TmpDir, "recovery.conf")
}

// SyncFile is the path of the file with synchronous_standby_names.
func (i *Instance) SyncFile() string { return filepath.Join(i.set.TmpDir, "rep_mode.conf") }

// WriteRecovery writes the standby settings, in the order given.
func (i *Instance) WriteRecovery(lines []Setting) error {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%s = %s\n", l.Name, QuoteConf(l.Value))
	}
	return i.writeFile(i.RecoveryFile(), b.String())
}

// RemoveRecovery removes the standby settings.
func (i *Instance) RemoveRecovery() error { return i.removeFile(i.RecoveryFile()) }

// QuoteConf quotes a value for postgresql.conf and for recovery.conf: within
// single quotes, those are doubled and backslashes escape (guc-file.l). A line
// break cannot stand there as itself.
func QuoteConf(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`, "\n", `\n`, "\r", `\r`).Replace(s) + "'"
}

// unquoteConf is the way back for what QuoteConf and people write; a value
// without quotes is itself.
func unquoteConf(s string) (string, error) {
	s = strings.TrimSpace(s)
	if !strings.HasPrefix(s, "'") {
		return s, nil
	}
	if len(s) < 2 || !strings.HasSuffix(s, "'") {
		return "", fmt.Errorf("no closing quote in %s", s)
	}
	in := s[1 : len(s)-1]
	var b strings.Builder
	for k := 0; k < len(in); k++ {
		switch c := in[k]; {
		case c == '\'':
			if k++; k == len(in) || in[k] != '\'' {
				return "", fmt.Errorf("lone quote in %s", s)
			}
			b.WriteByte('\'')
		case c == '\\':
			if k++; k == len(in) {
				return "", fmt.Errorf("no closing quote in %s", s)
			}
			switch in[k] {
			case 'n':
				b.WriteByte('\n')
			case 'r':
				b.WriteByte('\r')
			case 't':
				b.WriteByte('\t')
			default:
				b.WriteByte(in[k])
			}
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

// Configured says whether the configuration file itself sets a setting.
func (i *Instance) Configured(name string) bool {
	text, err := i.readFile(i.set.Config)
	if err != nil {
		return false
	}
	_, found := confValue(string(text), name)
	return found
}

// ConfValue is the last value of a setting in the text of one configuration
// file; includes and postgresql.auto.conf are not followed.
func ConfValue(text, name string) (string, bool) { return confValue(text, name) }

// confValue finds the last value of a setting in the text of one configuration
// file; includes and postgresql.auto.conf are not followed.
func confValue(text, name string) (string, bool) {
	var value string
	var found bool
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if len(line) <= len(name) || !strings.EqualFold(line[:len(name)], name) {
			continue
		}
		rest := strings.TrimLeft(line[len(name):], " \t")
		if len(rest) == len(line)-len(name) && !strings.HasPrefix(rest, "=") && !strings.HasPrefix(rest, "'") {
			continue // a longer name
		}
		rest = strings.TrimSpace(strings.TrimPrefix(rest, "="))
		if v, err := unquoteConf(rest[:confTokenEnd(rest)]); err == nil {
			value, found = v, true
		}
	}
	return value, found
}

// confTokenEnd is where the value at the beginning of s ends.
func confTokenEnd(s string) int {
	if !strings.HasPrefix(s, "'") {
		if n := strings.IndexAny(s, " \t#"); n >= 0 {
			return n
		}
		return len(s)
	}
	for k := 1; k < len(s); k++ {
		switch {
		case s[k] == '\\':
			k++
		case s[k] == '\'' && k+1 < len(s) && s[k+1] == '\'':
			k++
		case s[k] == '\'':
			return k + 1
		}
	}
	return len(s)
}

// syncSetting is the name of the only setting in rep_mode.conf.
const syncSetting = "synchronous_standby_names"

// ReadSyncNames returns the names in rep_mode.conf and whether the file exists.
func (i *Instance) ReadSyncNames() (names []string, exists bool, err error) {
	b, err := i.readFile(i.SyncFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("cannot read %s: %w", i.SyncFile(), reason(err))
	}
	value, ok := confValue(string(b), syncSetting)
	if !ok {
		return nil, true, fmt.Errorf("cannot read %s: it does not set %s", i.SyncFile(), syncSetting)
	}
	return ParseSyncNames(value), true, nil
}

// WriteSyncNames writes rep_mode.conf in one of the forms that the shell agent
// knows: no name, one name, and with external standbys the list of all that
// must have a commit. The caller reloads the server.
func (i *Instance) WriteSyncNames(names []string, external bool) error {
	v, err := i.Version()
	if err != nil {
		v = 0 // today's syntax
	}
	value, err := FormatSyncNames(names, external, v)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", i.SyncFile(), err)
	}
	return i.writeFile(i.SyncFile(), syncSetting+" = "+QuoteConf(value)+"\n")
}

// FormatSyncNames is the value of synchronous_standby_names for a release.
// Names are identifiers and quoted, because node names hold hyphens and dots.
// Without external standbys there is at most one: that all of several confirm
// is a promise the user did not ask for.
func FormatSyncNames(names []string, external bool, major int) (string, error) {
	quoted := make([]string, len(names))
	for n, name := range names {
		if name == "" || strings.ContainsRune(name, 0) {
			return "", fmt.Errorf("%q cannot be the name of a standby", name)
		}
		quoted[n] = `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
	switch {
	case len(names) == 0:
		return "", nil
	case len(names) == 1:
		return quoted[0], nil
	case !external:
		return "", fmt.Errorf("%d synchronous standbys without external ones", len(names))
	}
	list := strconv.Itoa(len(names)) + " (" + strings.Join(quoted, ", ") + ")"
	if major == 906 {
		return list, nil // FIRST is a word from release 10 on
	}
	return "FIRST " + list, nil
}
