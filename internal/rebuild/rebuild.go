// Package rebuild renews the data of a stopped standby, by pg_rewind or by a
// base backup, and keeps what that would lose. Which of the two ways is taken
// is decided elsewhere; here a way is proved to be open and gone.
//
// From the first change until the data is whole again a mark says that it is
// not ([Server.Incomplete]). Everything in the directories of the server is
// done with the rights of its user.
package rebuild

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"pgrex/internal/pg"
	"pgrex/internal/run"
)

// Server is the server of this node whose data is renewed.
type Server struct {
	pg.Settings
	Run run.Runner
	// Journal is root's directory for what must be known after a crash.
	Journal string
}

// Progress is told how many bytes of how many are done. It is called from
// another goroutine, one call at a time.
type Progress func(done, total int64)

func (s Server) instance() *pg.Instance { return pg.New(s.Settings, s.Run) }

// program is a program of the server's release: they lie beside pg_ctl.
func (s Server) program(name string) (string, error) {
	ctl, _, _ := strings.Cut(s.PgCtl, " -") // options may follow
	path, err := exec.LookPath(strings.TrimSpace(ctl))
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err == nil {
		path = filepath.Join(filepath.Dir(path), name)
		_, err = os.Stat(path)
	}
	if err != nil {
		return "", fmt.Errorf("cannot find %s beside %s: %w", name, ctl, err)
	}
	return path, nil
}

// command is a program call as the user of the server, whose password file is
// used. No other variable of PostgreSQL reaches the program.
func (s Server) command(argv ...string) run.Command {
	c := run.Command{Argv: argv, Dir: "/"}
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "PG") {
			c.Unset = append(c.Unset, name)
		}
	}
	c.Env = append(c.Env, "HOME="+s.User.Home, "USER="+s.User.Name, "LOGNAME="+s.User.Name,
		"PGPASSFILE="+filepath.Join(s.User.Home, ".pgpass"))
	if s.Libs != "" {
		libs := s.Libs
		if old := os.Getenv("LD_LIBRARY_PATH"); old != "" {
			libs = old + ":" + libs
		}
		c.Env = append(c.Env, "LD_LIBRARY_PATH="+libs)
	}
	if os.Geteuid() == 0 {
		c.Credential = &syscall.Credential{Uid: s.User.UID, Gid: s.User.GID, Groups: s.User.Groups}
	}
	return c
}

var releaseNumber = regexp.MustCompile(`\) (\d+)(?:\.(\d+))?`)

// release is the major release of a program, as of [pg.Instance.Version].
func (s Server) release(ctx context.Context, program string) (int, error) {
	res, err := s.Run.Run(ctx, s.command(program, "--version"))
	if err != nil {
		return 0, err
	}
	m := releaseNumber.FindStringSubmatch(string(res.Stdout))
	if m == nil {
		return 0, fmt.Errorf("cannot tell the release of %s from %q", program, res.Stdout)
	}
	major, _ := strconv.Atoi(m[1])
	if major >= 10 {
		return major, nil
	}
	minor, _ := strconv.Atoi(m[2])
	return major*100 + minor, nil
}

// since says whether a release is major or newer.
func since(release, major int) bool { return release >= major && release < 900 }

// walName is what the directory of the WAL is called in the data directory.
func walName(release int) string {
	if since(release, 10) {
		return "pg_wal"
	}
	return "pg_xlog"
}

var percentLine = regexp.MustCompile(`(\d+)/(\d+) kB \(\d+%\)`)

// watcher finds progress, as pg_rewind and pg_basebackup print it, in their output.
type watcher struct {
	tell Progress
	line []byte
}

func (w *watcher) Write(b []byte) (int, error) {
	for _, c := range b {
		if c != '\n' && c != '\r' {
			w.line = append(w.line, c)
			continue
		}
		if m := percentLine.FindSubmatch(w.line); m != nil && w.tell != nil {
			const kB = 1024
			done, errDone := strconv.ParseInt(string(m[1]), 10, 64)
			total, errTotal := strconv.ParseInt(string(m[2]), 10, 64)
			if errDone == nil && errTotal == nil {
				w.tell(done*kB, total*kB)
			}
		}
		w.line = w.line[:0]
	}
	return len(b), nil
}
