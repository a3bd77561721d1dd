package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"pgrex/internal/message"
	"pgrex/internal/run"
)

// programDirs are where programs are looked for: the PATH, and where the
// system has those for root, which a login over ssh may leave out.
func programDirs() []string {
	dirs := filepath.SplitList(os.Getenv("PATH"))
	for _, d := range []string{"/usr/sbin", "/usr/bin", "/sbin", "/bin"} {
		if !slices.Contains(dirs, d) {
			dirs = append(dirs, d)
		}
	}
	return dirs
}

// find is the path of a program, "" where there is none.
func (s seeker) find(name string) string {
	for _, dir := range s.path {
		path := filepath.Join(dir, name)
		if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}

// program runs a program that only tells something.
func (s seeker) program(ctx context.Context, argv ...string) (run.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, perProgram)
	defer cancel()
	if path := s.find(argv[0]); path != "" {
		argv = slices.Concat([]string{path}, argv[1:])
	}
	return s.run.Run(ctx, run.Command{Argv: argv})
}

// units asks systemd what becomes of units at boot.
func (s seeker) units(ctx context.Context, names ...string) map[string]Fact[string] {
	all := map[string]Fact[string]{}
	for _, name := range names {
		if s.find("systemctl") == "" {
			all[name] = Missing[string](message.DRU081)
			continue
		}
		res, err := s.program(ctx, "systemctl", "is-enabled", name+".service")
		state := strings.TrimSpace(string(res.Stdout))
		if exit := (*run.ExitError)(nil); errors.As(err, &exit) {
			err = nil // which says that it is not enabled
			if state == "" && strings.Contains(exit.Stderr, "No such file") {
				state = "not-found" // as newer releases say it
			}
		}
		if err == nil && state == "" {
			err = errors.New("systemctl is-enabled says nothing")
		}
		all[name] = fact(state, err)
	}
	return all
}

func userExists(name string) bool {
	_, err := user.Lookup(name)
	return err == nil
}

// File is a file that something names.
type File struct {
	Exists, Dir, Executable bool
	Mode                    fs.FileMode
	Sum                     string // of what is in it, "" for a directory or one that may not be read
}

func (s seeker) file(path string) File {
	st, err := os.Stat(s.root + path)
	if err != nil {
		return File{}
	}
	f := File{Exists: true, Dir: st.IsDir(), Mode: st.Mode().Perm(), Executable: st.Mode().IsRegular() && st.Mode()&0o111 != 0}
	if st.Mode().IsRegular() {
		f.Sum = sum(s.root + path)
	}
	return f
}

func (s seeker) host() Host {
	var u unix.Utsname
	_ = unix.Uname(&u) // fails for a bad pointer only
	h := Host{Name: unix.ByteSliceToString(u.Nodename[:]), Machine: unix.ByteSliceToString(u.Machine[:]), PageSize: os.Getpagesize()}
	_, err := os.Stat(s.root + "/run/systemd/container")
	h.Container = err == nil
	return h
}

// keepers are programs that keep the clock right, as /proc names them: no more
// than 15 letters.
var keepers = []string{"chronyd", "ntpd", "ntpsec", "systemd-timesyn", "openntpd", "ptp4l", "phc2sys"}

func (s seeker) clockPrograms() []string {
	names, _ := filepath.Glob(s.root + "/proc/[0-9]*/comm")
	found := []string{}
	for _, file := range names {
		text, err := os.ReadFile(file)
		if name := strings.TrimSpace(string(text)); err == nil && slices.Contains(keepers, name) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
