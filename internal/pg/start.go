package pg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"pgrex/internal/run"
)

// startTrace is what LogTail needs to find what the server said since Start.
type startTrace struct {
	said   string // by pg_ctl
	offset int64  // length of LogFile before
	begin  time.Time
}

// PrepareStart makes what the server needs outside its data directory: the log
// file, the socket directory and, before release 15, the directory of the
// statistics. What its user cannot use is an error with [ErrPerm].
func (i *Instance) PrepareStart() error {
	if err := i.prepareLogFile(); err != nil {
		return err
	}
	if dir := i.set.SocketDir; dir != "" {
		if err := i.prepareSocketDir(dir); err != nil {
			return err
		}
	}
	v, err := i.Version()
	if err != nil || since(v, 15) {
		return nil // PostgreSQL itself will say what is wrong with PG_VERSION
	}
	text, err := i.readFile(i.set.Config)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", i.set.Config, reason(err))
	}
	dir, ok := confValue(string(text), "stats_temp_directory")
	if !ok || dir == "" {
		return nil
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(i.set.Data, dir)
	}
	var st os.FileInfo
	err = As(i.set.User, func() error { st, err = os.Stat(dir); return err })
	if err == nil && st.IsDir() {
		return nil
	}
	return i.prepareDir(dir, 0o700, true)
}

func (i *Instance) prepareLogFile() error {
	path := i.set.LogFile
	fail := func(err error) error {
		return fmt.Errorf("cannot write log file %s as user %s: %w", path, i.set.User.Name, permission(err))
	}
	open := func(flag int) error {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|syscall.O_NONBLOCK|flag, 0o600)
		if err != nil {
			return err
		}
		return f.Close()
	}
	err := As(i.set.User, func() error { return open(0) })
	if err == nil || errors.Is(err, syscall.ENXIO) { // a pipe that nobody reads yet
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fail(err)
	}
	err = As(i.set.User, func() error { return open(os.O_CREATE | os.O_EXCL) })
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	if os.Geteuid() != 0 || !errors.Is(err, fs.ErrPermission) {
		return fail(err)
	}
	// A directory that only root writes, such as /var/log.
	if err := trusted(filepath.Dir(path)); err != nil {
		return fail(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	if err := giveAway(f, path, i.set.User); err != nil {
		_ = os.Remove(path)
		return fail(err)
	}
	if err := As(i.set.User, func() error { return open(0) }); err != nil {
		return fail(err) // a directory above is closed to the user
	}
	return nil
}

// prepareSocketDir makes the directory, its parent must be there, or tests an
// existing one by what the server will do: create a file.
func (i *Instance) prepareSocketDir(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := i.prepareDir(dir, 0o775|os.ModeSetgid, false); err != nil {
			return err
		}
	}
	err := As(i.set.User, func() error {
		f, err := temporary(dir)
		if err != nil {
			return err
		}
		_ = f.Close()
		return os.Remove(f.Name())
	})
	if err != nil {
		return fmt.Errorf("cannot create a socket in %s as user %s: %w", dir, i.set.User.Name, permission(err))
	}
	return nil
}

// Start launches the server with pg_ctl and does not wait until it accepts
// connections. When it returns without error, the server's process is there to
// be found by Processes, or it has already ended and LogTail tells why.
func (i *Instance) Start(ctx context.Context) error {
	fail := func(err error) error { return fmt.Errorf("cannot start the server: %w", err) }
	program, options, err := i.pgCtl()
	if err != nil {
		return fail(err)
	}
	extra, err := splitWords(i.set.CtlOpt)
	if err != nil {
		return fail(fmt.Errorf("ctl_opt: %w", err))
	}
	server, err := i.serverOptions()
	if err != nil {
		return fail(err)
	}
	for _, path := range []string{i.set.Data, i.set.LogFile} {
		if strings.ContainsAny(path, shellSpecial) {
			return fail(fmt.Errorf("pg_ctl cannot handle the path %q", path))
		}
	}
	argv := append([]string{program}, options...)
	argv = append(argv, extra...)
	argv = append(argv, "-D", i.set.Data, "-l", i.set.LogFile, "-o", server, "-W", "start")

	cmd := i.asUser(argv)
	cmd.Dir = i.set.Data
	cmd.LeavesServer = true
	if cmd.Credential != nil {
		// runuser opens a PAM session, which applies pgdba's resource limits;
		// plain setuid is for systems without it.
		if path := runuser(); path != "" {
			cmd.Argv = slices.Concat([]string{path, "-u", i.set.User.Name, "--"}, i.tied(ctx), argv)
			cmd.Credential = nil
		}
	}
	i.started = startTrace{begin: time.Now()}
	if st, err := os.Stat(i.set.LogFile); err == nil && st.Mode().IsRegular() {
		i.started.offset = st.Size()
	}
	i.untilReaped(ctx)
	since := ticksNow()
	res, err := i.run.Run(ctx, cmd)
	if err != nil { // otherwise it says what it does, and nothing of the server
		i.started.said = string(bytes.TrimSpace(res.Stderr))
		return fail(err)
	}
	return i.untilServer(ctx, since)
}

// tied is put before a program that runuser starts, so that it dies with
// runuser, as runuser dies with us: between the two is a fork, at which the
// kernel forgets such a wish. util-linux before 2.33 cannot do that.
func (i *Instance) tied(ctx context.Context) []string {
	wrap := []string{"setpriv", "--pdeathsig", "KILL", "--"}
	if _, err := i.run.Run(ctx, run.Command{Argv: append(slices.Clone(wrap), "true")}); err != nil {
		return nil
	}
	return wrap
}

// untilReaped waits until the parent of the server that the pid file names has seen
// its end, if it has ended. Until then its pid exists, and for a new server that is
// a server.
func (i *Instance) untilReaped(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	pid, _ := i.pidFile()
	for ctx.Err() == nil {
		if m, err := readStat(pid); err != nil || m.state != 'Z' {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(waitInterval):
		}
	}
}

// untilServer waits until what pg_ctl has left behind is the server: with -W
// it does not wait for the shell that it starts to be replaced by postgres.
func (i *Instance) untilServer(ctx context.Context, since uint64) error {
	dir, err := i.dataDir()
	if err != nil {
		return err
	}
	// While one look lasts, a process can start another that was not listed
	// any more, and end: nothing is there only when two looks find nothing. And a
	// server that has ended has said why: without a word it is looked for longer.
	const silence = time.Second
	// Somebody else may have gone to the directory just now. What pg_ctl left behind,
	// and we are its parent now, is waited for however long a busy machine lets it wait.
	const limit = 5 * time.Second
	begin, nothing := time.Now(), 0
	for {
		pending, server, left := false, false, false
		err := eachProcess(func(pid int) error {
			m, err := readStat(pid)
			if err != nil || m.start < since || m.state == 'Z' || m.state == 'X' || pid == os.Getpid() {
				return nil
			}
			if in, err := dir.isCwd("/proc/" + strconv.Itoa(pid)); err != nil || !in {
				if _, wanders := dir.wanders(pid); !wanders {
					return nil
				}
			}
			pending = true
			left = left || m.parent == os.Getpid()
			ours, err := dir.owns(pid)
			server = server || ours && !tellsVersion(pid)
			return err
		})
		if nothing++; pending {
			nothing = 0
		}
		if err != nil || server || nothing >= 2 && (i.saidSinceStart() || time.Since(begin) > silence) {
			return err
		}
		if !left && time.Since(begin) > limit {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(waitInterval):
		}
	}
}

// saidSinceStart reports whether there is something new in the log file, or no way
// to know.
func (i *Instance) saidSinceStart() bool {
	st, err := os.Stat(i.set.LogFile)
	return err != nil || !st.Mode().IsRegular() || st.Size() != i.started.offset
}

// tellsVersion recognises "postgres -V", by which pg_ctl looks whether the
// program is of its own release before it starts the server.
func tellsVersion(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	return err == nil && bytes.HasSuffix(b, []byte("\x00-V\x00"))
}

const ticksPerSecond = 100 // USER_HZ, the same on all our machines

// ticksNow is the present in the unit of [member].start, less one for rounding.
func ticksNow() uint64 {
	b, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return 0
	}
	up, _, _ := strings.Cut(string(b), " ")
	sec, err := strconv.ParseFloat(up, 64)
	if err != nil || sec < 1 {
		return 0
	}
	return uint64(sec*ticksPerSecond) - 1
}

// Promote asks a standby to become primary and does not wait for it.
func (i *Instance) Promote(ctx context.Context) error {
	fail := func(err error) error { return fmt.Errorf("cannot promote the server: %w", err) }
	// pg_ctl signals whatever process has the pid in postmaster.pid.
	p, err := i.Processes()
	if err != nil {
		return fail(err)
	}
	if p.Postmaster == 0 {
		return fail(fmt.Errorf("no server runs in %s: %w", i.set.Data, os.ErrProcessDone))
	}
	if p.Postmaster != p.PIDFile {
		return fail(fmt.Errorf("process %d is the server, but postmaster.pid names %d", p.Postmaster, p.PIDFile))
	}
	program, options, err := i.pgCtl()
	if err != nil {
		return fail(err)
	}
	argv := append([]string{program}, options...)
	cmd := i.asUser(append(argv, "-D", i.set.Data, "-W", "promote"))
	cmd.Dir = i.set.Data
	if _, err := i.run.Run(ctx, cmd); err != nil {
		return fail(err)
	}
	return nil
}

// pgCtl splits the parameter into program and options: the program ends at
// the first blank with a hyphen after it.
func (i *Instance) pgCtl() (program string, options []string, err error) {
	program, rest, found := strings.Cut(i.set.PgCtl, " -")
	if found {
		if options, err = splitWords("-" + rest); err != nil {
			return "", nil, fmt.Errorf("pgctl: %w", err)
		}
	}
	return strings.TrimSpace(program), options, nil
}

// serverOptions is the argument of pg_ctl -o, which pg_ctl hands to a shell:
// every word is quoted for that. Quotes in start_opt group words as they did
// in the shell agent; nothing in it is expanded.
func (i *Instance) serverOptions() (string, error) {
	words, err := i.serverWords()
	if err != nil {
		return "", err
	}
	for n, w := range words {
		words[n] = quoteShell(w)
	}
	return strings.Join(words, " "), nil
}

// serverWords are the options that we give the server.
func (i *Instance) serverWords() ([]string, error) {
	words := []string{"-c", "config_file=" + i.set.Config}
	if i.set.Host != "" && !filepath.IsAbs(i.set.Host) {
		words = append(words, "-h", i.set.Host)
	}
	more, err := splitWords(i.set.StartOpt)
	if err != nil {
		return nil, fmt.Errorf("start_opt: %w", err)
	}
	return append(words, more...), nil
}

// quoteShell makes one word of s for a POSIX shell.
func quoteShell(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_=/.,:+@%", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// splitWords splits at blanks, with the quoting of a shell and without its
// expansions.
func splitWords(s string) ([]string, error) {
	var words []string
	var word strings.Builder
	in, open, quote := false, false, byte(0)
	for k := 0; k < len(s); k++ {
		c := s[k]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == '\'':
			word.WriteByte(c)
		case c == '\\' && k+1 < len(s) && (quote == 0 || strings.IndexByte("\"\\$`", s[k+1]) >= 0):
			k++
			word.WriteByte(s[k])
			in = true
		case c == '\\' && k+1 == len(s):
			open = true
		case quote != 0:
			word.WriteByte(c)
		case c == '\'' || c == '"':
			quote, in = c, true
		case c == ' ' || c == '\t' || c == '\n':
			if in {
				words = append(words, word.String())
				word.Reset()
				in = false
			}
		default:
			word.WriteByte(c)
			in = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("no closing quote in %q", s)
	}
	if open {
		return nil, fmt.Errorf("nothing after the last backslash in %q", s)
	}
	if in {
		words = append(words, word.String())
	}
	return words, nil
}

// asUser is a command that runs as the user of the server, with the
// environment of a server: its port for a configuration that sets none, its
// home, and no other PG* variable, lest the WAL receiver takes a password or a
// service from it.
func (i *Instance) asUser(argv []string) run.Command {
	u := i.set.User
	c := run.Command{Argv: argv, Env: []string{"PGPORT=" + strconv.Itoa(i.set.Port)}}
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "PG") && name != "PGPORT" {
			c.Unset = append(c.Unset, name)
		}
	}
	if i.set.Libs != "" {
		libs := i.set.Libs
		if old := os.Getenv("LD_LIBRARY_PATH"); old != "" {
			libs = old + ":" + libs
		}
		c.Env = append(c.Env, "LD_LIBRARY_PATH="+libs)
	}
	if u.Name == "" || isUser(u) {
		return c
	}
	c.Env = append(c.Env, "HOME="+u.Home, "USER="+u.Name, "LOGNAME="+u.Name)
	c.Credential = &syscall.Credential{Uid: u.UID, Gid: u.GID, Groups: u.Groups}
	return c
}

// Command is a program that runs as the user of the server and has the
// environment of a server.
func (i *Instance) Command(argv ...string) run.Command { return i.asUser(argv) }

// runuser is the path of runuser(1), "" without it. It is not always in the
// PATH that Pacemaker gives its agents.
func runuser() string {
	if path, err := exec.LookPath("runuser"); err == nil {
		return path
	}
	for _, path := range []string{"/usr/sbin/runuser", "/sbin/runuser"} {
		if st, err := os.Stat(path); err == nil && st.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}

// LogTail is the line that tells best why the server died after Start, "" when
// there is none: from the log file, else from the file of the logging
// collector, else what pg_ctl said.
func (i *Instance) LogTail() string {
	if line := telling(i.readTail(i.set.LogFile, i.started.offset)); line != "" &&
		!strings.Contains(line, "HINT:") && !strings.Contains(line, "logging collector") {
		return line
	}
	if path := i.collectorFile(); path != "" {
		if line := telling(i.readTail(path, 0)); line != "" {
			return line
		}
	}
	return telling(i.started.said)
}

// complaints are what a WAL receiver says, in English, when it cannot get WAL:
// no connection, WAL that is gone, another history, a slot that is not there.
var complaints = []string{
	"could not connect to the primary server", "could not receive data from WAL stream", "could not start WAL streaming",
	"could not receive database system identifier", "database system identifier differs",
	"highest timeline", "requested starting point", "new timeline", "terminating walreceiver", "invalid connection string",
}

// ReceiverComplaint is what the WAL receiver said last, "" when there is
// nothing in the end of the log.
func (i *Instance) ReceiverComplaint() string {
	for _, path := range []string{i.collectorFile(), i.set.LogFile} {
		found := ""
		for line := range strings.Lines(i.readTail(path, 0)) {
			for _, words := range complaints {
				if strings.Contains(line, words) {
					found = oneLine(line)
				}
			}
		}
		if found != "" {
			return found
		}
	}
	return ""
}

// collectorFile is the newest file of the logging collector that was written
// since Start. current_logfiles names it from release 10 on, if the server
// came that far; "log" is the default directory since then.
func (i *Instance) collectorFile() string {
	var newest string
	var when time.Time
	look := func(path string) {
		if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() &&
			st.ModTime().After(when) && !st.ModTime().Before(i.started.begin.Add(-time.Second)) {
			newest, when = path, st.ModTime()
		}
	}
	_ = As(i.set.User, func() error {
		if b, err := os.ReadFile(filepath.Join(i.set.Data, "current_logfiles")); err == nil {
			for line := range strings.Lines(string(b)) {
				if kind, path, ok := strings.Cut(strings.TrimSpace(line), " "); ok && kind == "stderr" {
					if !filepath.IsAbs(path) {
						path = filepath.Join(i.set.Data, path)
					}
					look(path)
				}
			}
		}
		dirs := []string{"log", "pg_log"}
		if b, err := os.ReadFile(i.set.Config); err == nil {
			if dir, ok := confValue(string(b), "log_directory"); ok {
				dirs = []string{dir}
			}
		}
		for _, dir := range dirs {
			if !filepath.IsAbs(dir) {
				dir = filepath.Join(i.set.Data, dir)
			}
			entries, _ := os.ReadDir(dir)
			for _, e := range entries {
				if strings.HasSuffix(e.Name(), ".log") {
					look(filepath.Join(dir, e.Name()))
				}
			}
		}
		return nil
	})
	return newest
}

// readTail is the end of a log, from offset on if that is not too far back.
func (i *Instance) readTail(path string, offset int64) string {
	const limit = 16 << 10
	var b []byte
	_ = As(i.set.User, func() error {
		f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		st, err := f.Stat()
		if err != nil || !st.Mode().IsRegular() {
			return err
		}
		if offset > st.Size() {
			offset = 0 // rotated
		}
		b, err = io.ReadAll(io.NewSectionReader(f, max(offset, st.Size()-limit), limit))
		return err
	})
	return string(b)
}

// telling picks the line of a log that tells most: the last FATAL or PANIC that
// is not an answer to a client which came too early or too late, or what stands before it when that only says that the configuration has
// errors; else the last line that is not routine. Severities are translated
// with lc_messages, and then it is the last line.
func telling(log string) string {
	var last, fatal, before string
	for line := range strings.Lines(log) {
		line = oneLine(line)
		if line == "" {
			continue
		}
		switch {
		case strings.Contains(line, "FATAL: the database system is "), strings.Contains(line, "FATAL: sorry, too many clients"):
			continue
		case strings.Contains(line, "FATAL:"), strings.Contains(line, "PANIC:"):
			fatal, before = line, last
		case strings.Contains(line, "database system is shut down"):
			continue
		}
		last = line
	}
	switch {
	case fatal == "":
		return last
	case strings.Contains(fatal, "contains errors") && before != "":
		return before
	default:
		return fatal
	}
}
