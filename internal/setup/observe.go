package setup

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"pgrex/internal/pg"
	"pgrex/internal/run"
)

// Host is where things are on a node.
type Host struct {
	// Pacemaker are the places of the file with its environment, the first that
	// exists counts.
	Pacemaker []string
	// TmpfilesDirs are those that systemd-tmpfiles reads, TmpfilesOwn is our file.
	TmpfilesDirs []string
	TmpfilesOwn  string
	// Debian is where the configurations of Debian's servers are.
	Debian string
}

// ThisHost is a node as distributions make it.
func ThisHost() Host {
	return Host{
		Pacemaker:    []string{"/etc/sysconfig/pacemaker", "/etc/default/pacemaker"},
		TmpfilesDirs: []string{"/etc/tmpfiles.d", "/run/tmpfiles.d", "/usr/local/lib/tmpfiles.d", "/usr/lib/tmpfiles.d"},
		TmpfilesOwn:  "/etc/tmpfiles.d/pg-rex.conf",
		Debian:       "/etc/postgresql",
	}
}

// Setup sets one node up.
type Setup struct {
	Run  run.Runner
	Host Host
	Wanted
}

// instance is the server that w describes, in a data directory.
func (s Setup) instance(data, config string) *pg.Instance {
	return pg.New(pg.Settings{PgCtl: filepath.Join(s.Bin, "pg_ctl"), Data: data, Config: config, Port: s.Port, User: s.User}, s.Run)
}

// Observe looks at the node and changes nothing.
func (s Setup) Observe(ctx context.Context) (Observed, error) {
	o := Observed{Dirs: map[string]Dir{}}
	i := s.instance(s.Data, "")
	var err error
	if o.Release, err = i.ProgramRelease(ctx); err != nil {
		return o, err
	}
	if o.SocketDir, err = s.socketDir(ctx); err != nil {
		return o, err
	}
	for _, path := range []string{s.Data, s.WAL, s.Archive} {
		if o.Dirs[path], err = lookAt(path, syscall.Lstat); err != nil {
			return o, err
		}
	}
	// A site may have linked what is above them.
	for _, path := range []string{filepath.Dir(s.Data), filepath.Dir(s.WAL), o.SocketDir} {
		if o.Dirs[path], err = lookAt(path, syscall.Stat); err != nil {
			return o, err
		}
	}
	if err := s.observeDatabase(ctx, &o); err != nil {
		return o, err
	}
	files := []struct {
		to   *File
		path string
	}{{&o.PgPass, filepath.Join(s.User.Home, ".pgpass")}, {&o.Pacemaker, s.pacemaker()}, {&o.Tmpfiles, s.Host.TmpfilesOwn}}
	for _, f := range files {
		if f.path == "" {
			continue
		}
		if *f.to, err = readFile(f.path); err != nil {
			return o, err
		}
	}
	o.RuntimeListed = s.runtimeListed(o.SocketDir)
	s.observeUnits(ctx, &o)
	o.Debian, err = s.debianClusters()
	return o, err
}

// socketDir is what the server's program has been built with.
func (s Setup) socketDir(ctx context.Context) (string, error) {
	cmd := s.instance(s.Data, "").Command(filepath.Join(s.Bin, "postgres"), "--describe-config")
	cmd.Dir = "/"
	res, err := s.Run.Run(ctx, cmd)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(res.Stdout)) {
		if f := strings.Split(line, "\t"); len(f) > 4 && f[0] == "unix_socket_directories" {
			first, _, _ := strings.Cut(f[4], ",")
			return strings.TrimSpace(first), nil
		}
	}
	return "", errors.New("postgres --describe-config does not say where its socket is")
}

func lookAt(path string, stat func(string, *syscall.Stat_t) error) (Dir, error) {
	var st syscall.Stat_t
	err := stat(path, &st)
	if errors.Is(err, fs.ErrNotExist) {
		return Dir{}, nil
	}
	if err != nil {
		return Dir{}, fmt.Errorf("cannot look at %s: %w", path, err)
	}
	d := Dir{Exists: true, IsDir: st.Mode&syscall.S_IFMT == syscall.S_IFDIR, UID: st.Uid, Mode: st.Mode & 0o777}
	if !d.IsDir {
		return d, nil
	}
	var above syscall.Stat_t
	if syscall.Lstat(filepath.Dir(path), &above) == nil {
		d.Mount = above.Dev != st.Dev
	}
	f, err := os.Open(path)
	if err != nil {
		return d, err
	}
	defer f.Close()
	d.Names, err = f.Readdirnames(maxNames)
	slices.Sort(d.Names)
	if len(d.Names) == 0 {
		return d, nil // io.EOF
	}
	return d, err
}

// readFile reads a small file of whoever's it is.
func readFile(path string) (File, error) {
	f := File{Path: path}
	var st syscall.Stat_t
	err := syscall.Stat(path, &st)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err == nil && st.Mode&syscall.S_IFMT != syscall.S_IFREG {
		err = errors.New("not a regular file")
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return f, fmt.Errorf("cannot read %s: %w", path, err)
	}
	f.Exists, f.Text, f.UID, f.Mode = true, string(text), st.Uid, st.Mode&0o777
	return f, nil
}

// observeDatabase looks for a database and for what an interrupted set-up has left.
func (s Setup) observeDatabase(ctx context.Context, o *Observed) error {
	if left, err := lookAt(s.staging(), syscall.Lstat); err != nil {
		return err
	} else if left.IsDir {
		o.Unfinished = true
		link, err := os.Readlink(filepath.Join(s.staging(), walName(o.Release)))
		o.UnfinishedWAL = err == nil && link == s.WAL
	}
	i := s.instance(s.Data, "")
	if _, err := os.Stat(filepath.Join(s.Data, "PG_VERSION")); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var err error
	if o.DataRelease, err = i.Version(); err != nil {
		return err
	}
	if s.Role == Standby {
		return nil
	}
	conf := s.configFile()
	dir := filepath.Dir(conf)
	for _, f := range []struct {
		to   *File
		path string
	}{{&o.Conf, conf}, {&o.HBA, filepath.Join(dir, "pg_hba.conf")}, {&o.Own, filepath.Join(dir, OwnFile)}} {
		if *f.to, err = readFile(f.path); err != nil {
			return err
		}
	}
	o.Effective = map[string]string{}
	i = s.instance(s.Data, conf)
	for _, p := range prescribed(o.Release, s.Wanted) {
		value, err := i.WillUse(ctx, p.Name)
		if err != nil {
			o.ConfError = err.Error()
			return ctx.Err()
		}
		o.Effective[p.Name] = value
	}
	return nil
}

// walName is what the directory of the WAL is called in the data directory.
func walName(release int) string {
	if since(release, 10) {
		return "pg_wal"
	}
	return "pg_xlog"
}

// configFile is the configuration of the database that is there: in it, or
// where Debian has it.
func (s Setup) configFile() string {
	inData := filepath.Join(s.Data, "postgresql.conf")
	if _, err := os.Stat(inData); err == nil {
		return inData
	}
	clusters, _ := s.debianClusters() // a broken one is told of elsewhere
	for _, c := range clusters {
		if c.Data == s.Data {
			return filepath.Join(filepath.Dir(c.StartConf.Path), "postgresql.conf")
		}
	}
	return inData
}

func (s Setup) pacemaker() string {
	for _, path := range s.Host.Pacemaker {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// runtimeListed says whether a line of tmpfiles.d(5) makes the socket directory.
func (s Setup) runtimeListed(dir string) bool {
	for _, from := range s.Host.TmpfilesDirs {
		files, _ := filepath.Glob(filepath.Join(from, "*.conf"))
		for _, path := range files {
			text, err := os.ReadFile(path)
			if err != nil {
				continue // systemd-tmpfiles cannot read it either
			}
			for line := range strings.Lines(string(text)) {
				f := strings.Fields(line)
				if len(f) > 1 && strings.ContainsRune("dDvqQ", rune(f[0][0])) && real(strings.TrimSuffix(f[1], "/")) == real(dir) {
					return true
				}
			}
		}
	}
	return false
}

// observeUnits asks systemd which of the services start at boot.
func (s Setup) observeUnits(ctx context.Context, o *Observed) {
	res, err := s.Run.Run(ctx, run.Command{Argv: []string{"systemctl", "list-unit-files", "--no-legend", "--no-pager", "--plain",
		"corosync.service", "pacemaker.service", "postgresql*.service"}})
	// Status 1 says that there is none of them.
	if status, ended := run.Status(err); err != nil && (!ended || status != 1 || len(bytes.TrimSpace(res.Stderr)) > 0) {
		o.UnitsError = err.Error()
		return
	}
	lines := bufio.NewScanner(bytes.NewReader(res.Stdout))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 2 {
			continue
		}
		u := Unit{Name: f[0], Enabled: f[1] == "enabled" || f[1] == "enabled-runtime"}
		if u.Enabled && strings.HasPrefix(u.Name, "postgresql") && !strings.Contains(u.Name, "@.") {
			u.Data = s.unitData(ctx, u.Name)
		}
		o.Units = append(o.Units, u)
	}
}

// unitData is PGDATA in the environment of a unit, as Red Hat's units have it.
func (s Setup) unitData(ctx context.Context, unit string) string {
	res, err := s.Run.Run(ctx, run.Command{Argv: []string{"systemctl", "show", "--property=Environment", unit}})
	if err != nil {
		return ""
	}
	_, list, _ := strings.Cut(strings.TrimSpace(string(res.Stdout)), "=")
	for _, kv := range strings.Fields(list) {
		if data, ok := strings.CutPrefix(strings.Trim(kv, `"`), "PGDATA="); ok {
			return filepath.Clean(data)
		}
	}
	return ""
}

// debianClusters are the servers whose configuration is below /etc/postgresql.
func (s Setup) debianClusters() ([]DebianCluster, error) {
	var all []DebianCluster
	confs, _ := filepath.Glob(filepath.Join(s.Host.Debian, "*", "*", "postgresql.conf"))
	for _, conf := range confs {
		text, err := os.ReadFile(conf)
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", conf, err)
		}
		dir := filepath.Dir(conf)
		c := DebianCluster{Name: filepath.Base(filepath.Dir(dir)) + "/" + filepath.Base(dir), Port: 5432}
		if data, ok := pg.ConfValue(string(text), "data_directory"); ok {
			c.Data = filepath.Clean(data)
		}
		if port, ok := pg.ConfValue(string(text), "port"); ok {
			if c.Port, err = strconv.Atoi(port); err != nil {
				return nil, fmt.Errorf("%s: port %q is not a number", conf, port)
			}
		}
		if c.StartConf, err = readFile(filepath.Join(dir, "start.conf")); err != nil {
			return nil, err
		}
		if p, err := s.instance(c.Data, conf).Processes(); c.Data != "" && err == nil {
			c.Running = !p.None()
		}
		all = append(all, c)
	}
	return all, nil
}
