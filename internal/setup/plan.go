package setup

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"pgrex/internal/message"
)

// Kind is what a step does.
type Kind int

// The kinds of steps.
const (
	// MakeDir makes the directory Path for the server's user, or gives it to that
	// user where it is there.
	MakeDir Kind = iota
	// WriteUserFile replaces or makes a file as the server's user.
	WriteUserFile
	// WriteSystemFile replaces or makes a file of root's.
	WriteSystemFile
	// DisableUnit keeps a service from starting at boot. What runs goes on.
	DisableUnit
	// RemoveUnfinished removes what an interrupted set-up has left.
	RemoveUnfinished
	// CreateDatabase makes the first database, complete or not at all.
	CreateDatabase
)

// Step is one change, whole in itself.
type Step struct {
	Kind Kind
	Path string
	Mode uint32 // of a directory
	Unit string
	// Before and After are the texts of a file; New says that it is not there yet.
	Before, After string
	New           bool
	// WAL says that RemoveUnfinished empties the WAL directory too.
	WAL bool
	// Command is what CreateDatabase begins with, to be shown.
	Command []string
	// Files are those of a new database, to be shown.
	Files []Step
	// secret texts are passwords and shown without them.
	secret bool
}

// Label is the message that says what the step does.
func (s Step) Label(w Wanted) (message.ID, []any) {
	switch s.Kind {
	case MakeDir:
		return message.INI101, []any{"path", s.Path, "user", w.User.Name, "mode", octal(s.Mode)}
	case DisableUnit:
		return message.INI104, []any{"unit", s.Unit}
	case RemoveUnfinished:
		return message.INI105, []any{"path", s.Path}
	case CreateDatabase:
		return message.INI106, []any{"path", s.Path}
	}
	switch {
	case s.New:
		return message.INI102, []any{"path", s.Path}
	case s.Before == s.After:
		return message.INI107, []any{"path", s.Path, "user", w.User.Name}
	}
	return message.INI103, []any{"path", s.Path}
}

// Diff is the change of a file as lines of a unified diff, none for other steps.
// No password is in it.
func (s Step) Diff() []string {
	before, after := s.Before, s.After
	if s.secret {
		before, after = masked(s.Before, ""), masked(s.After, s.Before)
	}
	from := s.Path
	if s.New {
		from = "/dev/null"
	}
	text := string(diff.Diff(from, []byte(before), s.Path, []byte(after)))
	_, text, _ = strings.Cut(text, "\n") // a line that diff(1) writes for several files
	return slices.Collect(func(yield func(string) bool) {
		for line := range strings.Lines(text) {
			if !yield(strings.TrimSuffix(line, "\n")) {
				return
			}
		}
	})
}

// Plan is what is to be done, in its order, to make of a node what is wanted;
// nothing where it is that already. It supposes that there are no [Refusals].
func Plan(o Observed, w Wanted) []Step {
	steps := directories(o, w)
	steps = append(steps, runtime(o, w)...)
	// Before the database: a generated password is nowhere else.
	steps = append(steps, passwordFile(o, w)...)
	steps = append(steps, system(o, w)...)
	if w.Role == Standby {
		return steps
	}
	if o.Unfinished {
		steps = append(steps, Step{Kind: RemoveUnfinished, Path: w.staging(), WAL: o.UnfinishedWAL})
	}
	if o.DataRelease == 0 {
		return append(steps, database(o, w))
	}
	return append(steps, existing(o, w)...)
}

// directories are those of the data, the WAL and the archive. The data
// directory itself comes with the database, and so may the directories above
// the others be whatever the site has made of them.
func directories(o Observed, w Wanted) []Step {
	var steps []Step
	above := uint32(0o700)
	if !since(o.Release, 10) {
		above = 0o755
	}
	add := func(path string, mode uint32) {
		if !slices.ContainsFunc(steps, func(s Step) bool { return s.Path == path }) {
			steps = append(steps, Step{Kind: MakeDir, Path: path, Mode: mode})
		}
	}
	if o.DataRelease == 0 {
		// Of this one the server's user must be the owner: it gives the database its name.
		if d := o.Dirs[filepath.Dir(w.Data)]; !d.Exists || d.UID != w.User.UID {
			add(filepath.Dir(w.Data), above)
		}
		if !o.Dirs[filepath.Dir(w.WAL)].Exists {
			add(filepath.Dir(w.WAL), above)
		}
		if d := o.Dirs[w.WAL]; !d.Exists || d.UID != w.User.UID || d.Mode != 0o700 {
			add(w.WAL, 0o700)
		}
	}
	if d := o.Dirs[w.Archive]; !d.Exists || d.UID != w.User.UID || d.Mode != 0o700 {
		add(w.Archive, 0o700)
	}
	return steps
}

// runtime is the socket directory, where it is one that a reboot takes away:
// the start script of the distribution makes it, and that is not used.
func runtime(o Observed, w Wanted) []Step {
	if !transient(o.SocketDir) {
		return nil
	}
	var steps []Step
	if !o.RuntimeListed {
		steps = append(steps, fileStep(WriteSystemFile, o.Tmpfiles, o.Tmpfiles.Text+
			"# PG-REX: the directory of the server's socket.\nd "+real(o.SocketDir)+" 2775 "+w.User.Name+" "+strconv.FormatUint(uint64(w.User.GID), 10)+" - -\n"))
	}
	if !o.Dirs[o.SocketDir].Exists {
		steps = append(steps, Step{Kind: MakeDir, Path: real(o.SocketDir), Mode: 0o2775})
	}
	return steps
}

// transient says that a path is on the file system that is empty after a boot.
func transient(path string) bool {
	return strings.HasPrefix(path, "/run/") || strings.HasPrefix(path, "/var/run/")
}

// real is a path below /run without the old name of that, which tmpfiles warns of.
func real(path string) string {
	if rest, old := strings.CutPrefix(path, "/var/run/"); old {
		return "/run/" + rest
	}
	return path
}

func passwordFile(o Observed, w Wanted) []Step {
	after := o.PgPass.Text
	if w.Password != "" {
		after = withPasswords(after, w)
	}
	wrongMode := o.PgPass.Exists && (o.PgPass.Mode&0o077 != 0 || o.PgPass.UID != w.User.UID)
	if after == o.PgPass.Text && !wrongMode {
		return nil
	}
	s := fileStep(WriteUserFile, o.PgPass, after)
	s.secret = true
	return []Step{s}
}

func fileStep(kind Kind, f File, after string) Step {
	return Step{Kind: kind, Path: f.Path, Before: f.Text, After: after, New: !f.Exists}
}

// database is the step that makes the first one.
func database(o Observed, w Wanted) Step {
	in := func(name string) string { return filepath.Join(w.Data, name) }
	return Step{
		Kind: CreateDatabase, Path: w.Data, Command: initdb(o.Release, w, w.Data),
		Files: []Step{
			{Kind: WriteUserFile, Path: in(OwnFile), After: newSettings(o.Release, w), New: true},
			{Kind: WriteUserFile, Path: in("pg_hba.conf"), After: newHBA(o.Release, w), New: true},
		},
	}
}

// initdb is the command (specification 5.2) that makes a database in a directory.
func initdb(release int, w Wanted, data string) []string {
	argv := []string{filepath.Join(w.Bin, "initdb"), "-D", data, "-X", w.WAL, "--encoding=UTF-8", "--no-locale"}
	if !since(release, 18) { // there it is the default
		argv = append(argv, "--data-checksums")
	}
	return argv
}

// existing is what a database that is there lacks. Access comes first and what
// makes the settings hold comes last.
func existing(o Observed, w Wanted) []Step {
	var steps []Step
	add := func(f File, after string) {
		if after != f.Text {
			steps = append(steps, fileStep(WriteUserFile, f, after))
		}
	}
	add(o.HBA, withRules(o.HBA.Text, o.Release, w))
	if o.ConfError != "" {
		return steps
	}
	own, _ := amended(o, w)
	add(o.Own, own)
	if own != "" {
		add(o.Conf, withInclude(o.Conf.Text))
	}
	return steps
}

// system is what the operating system has to do and to leave.
func system(o Observed, w Wanted) []Step {
	var steps []Step
	if o.Pacemaker.Path != "" {
		if after := withVariable(o.Pacemaker.Text, "PCMK_fail_fast", "yes"); after != o.Pacemaker.Text {
			steps = append(steps, fileStep(WriteSystemFile, o.Pacemaker, after))
		}
	}
	for _, u := range o.Units {
		if u.Enabled && (clusterUnits[u.Name] || u.Data == w.Data) {
			steps = append(steps, Step{Kind: DisableUnit, Unit: u.Name})
		}
	}
	for _, c := range o.Debian {
		if c.Data != w.Data && c.Port != w.Port {
			continue
		}
		if after := manualStart(c.StartConf.Text); after != c.StartConf.Text {
			steps = append(steps, fileStep(WriteSystemFile, c.StartConf, after))
		}
	}
	return steps
}

// clusterUnits are those that only an operator starts.
var clusterUnits = map[string]bool{"corosync.service": true, "pacemaker.service": true}

// withVariable is an environment file that sets a variable: in place of the line
// that sets it, below the one that shows it as a comment, or at the end.
func withVariable(text, name, value string) string {
	want := name + "=" + value
	var out []string
	lines := slices.Collect(strings.Lines(text))
	last, shown := -1, -1
	for n, line := range lines {
		line = strings.TrimSpace(line)
		if bare, ok := strings.CutPrefix(line, name+"="); ok {
			if strings.Trim(strings.TrimSpace(bare), `"'`) == value && !slices.ContainsFunc(lines[n+1:], func(l string) bool {
				return strings.HasPrefix(strings.TrimSpace(l), name+"=")
			}) {
				return text
			}
			last = n
		}
		if strings.HasPrefix(strings.TrimLeft(line, "# "), name+"=") {
			shown = n
		}
	}
	for n, line := range lines {
		switch {
		case n == last:
			out = append(out, want+"\n")
		case n == shown && last < 0:
			out = append(out, strings.TrimSuffix(line, "\n")+"\n", want+"\n")
		default:
			out = append(out, line)
		}
	}
	if last < 0 && shown < 0 {
		if len(out) > 0 && !strings.HasSuffix(out[len(out)-1], "\n") {
			out = append(out, "\n")
		}
		out = append(out, want+"\n")
	}
	return strings.Join(out, "")
}

// manualStart is a start.conf of Debian's with which a server does not start by
// itself. What is disabled altogether stays so.
func manualStart(text string) string {
	var out strings.Builder
	found := false
	for line := range strings.Lines(text) {
		word := strings.TrimSpace(line)
		switch {
		case word == "manual" || word == "disabled":
			return text
		case word == "auto":
			found = true
			line = "manual\n"
		}
		out.WriteString(line)
	}
	if !found {
		out.WriteString("manual\n")
	}
	return out.String()
}
