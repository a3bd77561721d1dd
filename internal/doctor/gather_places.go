package doctor

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgpassfile"
	"golang.org/x/sys/unix"

	"pgrex/internal/pg"
	"pgrex/internal/run"
)

// directories looks at where the data, the WAL, the archive and the files of
// the agent are.
func (g *gatherer) directories() {
	set := g.Settings()
	wal := g.data("pg_wal")
	if v, err := g.Version(); err == nil && v == 906 {
		wal = g.data("pg_xlog")
	}
	g.out.Directories = map[string]Directory{
		dirData: g.directory(set.Data), dirWAL: g.directory(wal), dirTmp: g.directory(set.TmpDir),
	}
	if g.in.Archive != "" {
		g.out.Directories[dirArchive] = g.directory(g.in.Archive)
	}
}

func (g *gatherer) directory(path string) Directory {
	d := Directory{Path: path, Real: path}
	var st syscall.Stat_t
	var disk unix.Statfs_t
	err := pg.As(g.Settings().User, func() (err error) {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			d.Real = real
		}
		if err := syscall.Stat(path, &st); err != nil {
			return err
		}
		d.Writable = unix.Faccessat(unix.AT_FDCWD, path, unix.W_OK|unix.X_OK, unix.AT_EACCESS) == nil
		return unix.Statfs(path, &disk)
	})
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			d.Error = err.Error()
		}
		return d
	}
	d.Exists, d.UID, d.GID, d.Mode, d.Device = true, int(st.Uid), int(st.Gid), st.Mode&0o7777, st.Dev
	d.Free, d.Total = int64(disk.Bavail)*disk.Bsize, int64(disk.Blocks)*disk.Bsize
	d.Source = mounted(st.Dev)
	return d
}

// mounted is what is mounted on a device: the field after the separator and the
// type of file system (proc(5), mountinfo).
func mounted(device uint64) string {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	want := strconv.Itoa(int(unix.Major(device))) + ":" + strconv.Itoa(int(unix.Minor(device)))
	for line := range strings.Lines(string(text)) {
		before, after, _ := strings.Cut(line, " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if len(left) > 2 && len(right) > 1 && left[2] == want {
			return right[1]
		}
	}
	return ""
}

// password reads pgdba's password file.
func (g *gatherer) password() {
	u := g.Settings().User
	p := PasswordFile{Path: filepath.Join(u.Home, ".pgpass")}
	var text []byte
	var st os.FileInfo
	err := pg.As(u, func() (err error) {
		if st, err = os.Stat(p.Path); err == nil {
			text, err = os.ReadFile(p.Path)
		}
		return err
	})
	if errors.Is(err, fs.ErrPermission) && os.Geteuid() == 0 && st != nil { // not pgdba's: that is a finding
		text, err = os.ReadFile(p.Path)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		g.out.Password = Found(p)
		return
	case err != nil:
		g.out.Password.Why = literal(err.Error())
		return
	}
	p.Exists, p.Mode = true, uint32(st.Mode().Perm())
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		p.UID = int(sys.Uid)
	}
	p.Entries = passwordEntries(text)
	g.out.Password = Found(p)
}

// passwordEntries are the lines, with a number in place of each password.
func passwordEntries(text []byte) []PasswordEntry {
	secrets := map[string]int{}
	var list []PasswordEntry
	n := 0
	for line := range bytes.Lines(text) {
		n++
		f, err := pgpassfile.ParsePassfile(bytes.NewReader(line))
		if err != nil || len(f.Entries) != 1 {
			continue
		}
		e := f.Entries[0]
		if _, known := secrets[e.Password]; !known {
			secrets[e.Password] = len(secrets) + 1
		}
		list = append(list, PasswordEntry{n, e.Hostname, e.Port, e.Database, e.Username, secrets[e.Password]})
	}
	return list
}

// debianRoot is where postgresql-common keeps its clusters.
func debianRoot() string {
	if root := os.Getenv("PG_CLUSTER_CONF_ROOT"); root != "" { // as its own programs do
		return root
	}
	return "/etc/postgresql"
}

// debianCluster finds the cluster of pg_createcluster that has a data directory.
func debianCluster(etc, data string) *DebianCluster {
	files, _ := filepath.Glob(filepath.Join(etc, "*", "*", "postgresql.conf"))
	for _, file := range files {
		lines, err := pg.New(pg.Settings{Config: file, Data: "/nonexistent"}, run.Local{}).ReadConf()
		if err != nil {
			continue
		}
		for _, l := range lines {
			if l.Name != "data_directory" || filepath.Clean(l.Value) != filepath.Clean(data) {
				continue
			}
			dir := filepath.Dir(file)
			return &DebianCluster{Config: file, Start: startConf(filepath.Join(dir, "start.conf")),
				Unit: "postgresql@" + filepath.Base(filepath.Dir(dir)) + "-" + filepath.Base(dir) + ".service"}
		}
	}
	return nil
}

// startConf is the word in start.conf; without the file it is "auto".
func startConf(path string) string {
	text, _ := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		if word := strings.TrimSpace(line); word != "" {
			return word
		}
	}
	return "auto"
}

// units lists the units of systemd that are named like PostgreSQL's.
func units(ctx context.Context, r run.Runner) Fact[[]Unit] {
	res, err := r.Run(ctx, run.Command{Argv: []string{"systemctl", "list-unit-files", "--no-legend", "--no-pager", "--plain", "postgresql*.service"}})
	if _, exited := run.Status(err); err != nil && !exited {
		return Fact[[]Unit]{Why: literal(err.Error())}
	}
	found := []Unit{}
	names := map[string]bool{}
	for line := range strings.Lines(string(res.Stdout)) {
		if f := strings.Fields(line); len(f) >= 2 {
			found = append(found, Unit{Name: f[0], Enabled: f[1]})
			names[f[0]] = true
		}
	}
	loaded, _ := r.Run(ctx, run.Command{Argv: []string{"systemctl", "list-units", "--all", "--no-legend", "--no-pager", "--plain", "postgresql*.service"}})
	for line := range strings.Lines(string(loaded.Stdout)) {
		if f := strings.Fields(line); len(f) > 3 && !names[f[0]] {
			found = append(found, Unit{Name: f[0]})
		}
	}
	for i := range found {
		if !strings.Contains(found[i].Name, "@.") {
			found[i].show(ctx, r)
		}
	}
	return Found(found)
}

var pgdata = regexp.MustCompile(`\bPGDATA=([^\s"]+)`)

// unitDirs are where systemd finds units, the first of a name counts.
var unitDirs = []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}

// show finds out what a unit starts and whether it runs. The latter cannot be
// told where systemd does not run.
func (u *Unit) show(ctx context.Context, r run.Runner) {
	for _, dir := range unitDirs {
		if text, err := os.ReadFile(filepath.Join(dir, u.Name)); err == nil {
			u.read(string(text))
			break
		}
	}
	res, err := r.Run(ctx, run.Command{Argv: []string{"systemctl", "show", "--no-pager", "-p", "ActiveState,Environment", u.Name}})
	if err == nil {
		u.read(string(res.Stdout))
	}
}

// read takes what is of use from the lines of a unit, or of systemctl show.
func (u *Unit) read(text string) {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "ActiveState":
			u.Active = value
		case "Environment":
			if m := pgdata.FindStringSubmatch(value); m != nil {
				u.Data = m[1]
			}
		case "ExecStart":
			u.Wrapper = value == "/bin/true"
		}
	}
}

// runtime looks at the directories that the server needs outside of its data.
func (g *gatherer) runtime() {
	if !g.out.Settings.Known {
		g.out.Runtime.Why = g.out.Settings.Why
		return
	}
	made := tmpfiles("/etc/tmpfiles.d", "/run/tmpfiles.d", "/usr/lib/tmpfiles.d")
	found := []RuntimeDir{}
	for _, name := range []string{"unix_socket_directories", "stats_temp_directory"} {
		for _, path := range strings.Split(g.out.Settings.Value[name].Value, ",") {
			path = strings.TrimSpace(path)
			if !filepath.IsAbs(path) {
				continue // within the data directory, or none, or an abstract socket
			}
			d := RuntimeDir{Setting: name, Path: path, Volatile: volatile(path), Made: made[same(path)]}
			d.Exists, _ = g.exists(path)
			found = append(found, d)
		}
	}
	g.out.Runtime = Found(found)
}

// same is one name for the two of /run.
func same(path string) string {
	return strings.Replace(filepath.Clean(path)+"/", "/var/run/", "/run/", 1)
}

func volatile(path string) bool { return strings.HasPrefix(same(path), "/run/") }

// tmpfiles are the directories that systemd-tmpfiles makes.
func tmpfiles(dirs ...string) map[string]bool {
	made := map[string]bool{}
	for _, dir := range dirs {
		files, _ := filepath.Glob(filepath.Join(dir, "*.conf"))
		for _, file := range files {
			text, _ := os.ReadFile(file)
			for line := range strings.Lines(string(text)) {
				if f := strings.Fields(line); len(f) > 1 && strings.HasPrefix(strings.ToLower(f[0]), "d") {
					made[same(f[1])] = true
				}
			}
		}
	}
	return made
}
