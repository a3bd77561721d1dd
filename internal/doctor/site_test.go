package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgrex/internal/crm"
	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/run"
	"pgrex/test/servers/cache"
	"pgrex/test/servers/clients"
)

// site is a real server with what belongs to it.
type site struct {
	*pg.Instance
	t        *testing.T
	dir, bin string
	user     pg.User
	in       In
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// newSite has directories and no data. It needs root, to become the user of the
// server.
func newSite(t *testing.T) *site {
	t.Helper()
	skip := func(why any) {
		t.Helper()
		if os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "" {
			t.Fatal("cannot be left out here: ", why)
		}
		t.Skip(why)
	}
	if os.Geteuid() != 0 {
		skip("needs root")
	}
	u, err := pg.LookupUser(context.Background(), run.Local{}, "postgres")
	if err != nil {
		skip(err)
	}
	bin, err := cache.Chosen()
	if err != nil {
		skip(err)
	}
	dir, err := os.MkdirTemp("/tmp", "pgd")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, dir: dir, bin: bin, user: u}
	s.owned("", "archive", "tmp", "socket")
	s.describe(map[string]string{"socketdir": dir + "/socket"})
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(dir + "/log")
			t.Logf("server log:\n%s", log)
		}
		s.stop()
		clients.RemoveSegment(dir + "/data")
		_ = os.RemoveAll(dir)
	})
	return s
}

// owned makes directories of the server's user.
func (s *site) owned(names ...string) {
	s.t.Helper()
	for _, name := range names {
		path := filepath.Join(s.dir, name)
		if err := os.MkdirAll(path, 0o700); err != nil {
			s.t.Fatal(err)
		}
		if err := os.Chown(path, int(s.user.UID), int(s.user.GID)); err != nil {
			s.t.Fatal(err)
		}
	}
}

// describe makes the resource of the parameters that every test has, and some more.
func (s *site) describe(more map[string]string) {
	given := map[string]string{
		"pgctl": s.bin + "/pg_ctl", "psql": s.bin + "/psql", "pgdata": s.dir + "/data", "pgdba": "postgres", "pgport": "5499", "tmpdir": s.dir + "/tmp",
		"logfile": s.dir + "/log", "rep_mode": "sync", "node_list": "node01 node02", "master_ip": "192.0.2.3", "repuser": "repuser",
		"restore_command": "/bin/cp " + s.dir + "/archive/%f %p",
	}
	maps.Copy(given, more)
	db := NewDatabase(crm.Definition{Resource: "pgsql", Params: given})
	set := db.Settings
	set.User = s.user
	s.Instance = pg.New(set, run.Local{})
	s.in = In{Database: Found(db), Archive: s.dir + "/archive", Own: true}
}

func (s *site) program(argv ...string) {
	s.t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: s.user.UID, Gid: s.user.GID}}
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %v\n%s", argv, err, out)
	}
}

// add adds lines to a file of the data directory.
func (s *site) add(name string, lines ...string) {
	s.t.Helper()
	s.addTo(filepath.Join(s.dir, "data", name), lines...)
}

func (s *site) addTo(path string, lines ...string) {
	s.t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = f.WriteString(strings.Join(lines, "\n") + "\n")
	if err := errors.Join(err, f.Chown(int(s.user.UID), int(s.user.GID)), f.Close()); err != nil {
		s.t.Fatal(err)
	}
}

// initialise makes a database that is configured as prescribed.
func (s *site) initialise() {
	s.t.Helper()
	s.program(s.bin+"/initdb", "-N", "-A", "peer", "--no-locale", "-E", "UTF8", "--data-checksums", "-D", s.dir+"/data")
	s.owned("data/conf.d")
	release, err := s.Version()
	if err != nil {
		s.t.Fatal(err)
	}
	keep := "wal_keep_size = 512MB"
	if !pg.Has(release, "wal_keep_size") {
		keep = "wal_keep_segments = 32"
	}
	s.add("conf.d/replication.conf", "wal_level = 'hot_standby'", "wal_sender_timeout = 20s", "wal_receiver_status_interval = 5s", "wal_receiver_timeout = 20s",
		keep, "max_standby_streaming_delay = -1", "max_standby_archive_delay = -1", "hot_standby_feedback = yes",
		"archive_mode = always", "archive_command = '/bin/cp %p "+s.dir+"/archive/%f'")
	s.add("postgresql.conf", "include_dir 'conf.d'", "listen_addresses = '*'", "port = 5499", "restart_after_crash = 0", "superuser_reserved_connections = 10",
		"dynamic_shared_memory_type = mmap", "shared_buffers = 4MB", "Unix_Socket_Directories = '"+s.dir+"/socket'", "max_wal_senders = 8", "logging_collector = off",
		"password_encryption = 'scram-sha-256'")
	if s.IncludesRecovery() {
		s.add("postgresql.conf", s.RecoveryInclude())
		s.addTo(s.RecoveryFile(), "primary_conninfo = 'host=192.0.2.3 user=repuser password=geheim'")
	}
	s.add("postgresql.conf", s.SyncInclude())
	s.addTo(s.SyncFile(), "synchronous_standby_names = ''")
	s.add("postgresql.auto.conf", "max_connections = '50'")
	s.add("pg_hba.conf", "host replication all samehost reject", `host replication "repuser" 192.0.2.1/32 scram-sha-256`, "host all,x +y 10.0.0.0 255.0.0.0 md5 # z")
}

func (s *site) up() {
	s.t.Helper()
	_ = os.Remove(s.dir + "/data/postmaster.pid")
	if err := errors.Join(s.PrepareStart(), s.Start(within(s.t))); err != nil {
		s.t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); s.exec("") != nil; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatal(s.exec(""))
		}
	}
}

func (s *site) exec(sql string) error {
	c, err := s.Connect(within(s.t))
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Exec(within(s.t), sql)
}

func (s *site) must(sql string) {
	s.t.Helper()
	if err := s.exec(sql); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) stop() {
	p, err := s.Processes()
	if err != nil || p.None() {
		return
	}
	if err := errors.Join(s.Signal(p.Postmaster, pg.Fast), s.WaitGone(within(s.t))); err != nil {
		s.t.Error(err)
	}
}

// gather gathers the facts as a node does.
func (s *site) gather() Server {
	s.t.Helper()
	f, err := Gather.On(within(s.t), node.Local{HostName: "node01"}, s.in)
	if err != nil {
		s.t.Fatal(err)
	}
	return f.Server
}

// decided are the findings about a server, as of node01 and without a peer.
func (s *site) decided(server Server) map[string]Finding {
	c := &Case{Database: s.in.Database, Nodes: []Node{{Name: "node01", Own: true, Facts: Found(Facts{Root: true, Server: server})}}}
	all := map[string]Finding{}
	for _, f := range examine(c, serverChecks()).Findings {
		if old, there := all[f.Check]; !there || rank[f.State] > rank[old.State] {
			all[f.Check] = f
		}
	}
	return all
}

// snapshot is every file of the site with its content and times, but for what a
// running server writes itself.
func (s *site) snapshot() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	own := []string{"/log", "/data/pg_stat", "/data/pg_stat_tmp", "/data/pg_dynshmem", "/data/pg_wal", "/data/global/pg_control"}
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // gone again
		}
		if slices.Contains(own, strings.TrimPrefix(path, s.dir)) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		fi, err := d.Info()
		if err == nil {
			all[path] = fmt.Sprint(fi.Mode(), fi.Size(), fi.ModTime())
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// agent runs the resource agent as Pacemaker does.
func (s *site) agent(action string) {
	s.t.Helper()
	program := s.dir + "/pgsql"
	if out, err := exec.Command("go", "build", "-o", program, "pgrex/cmd/pgsql-ra").CombinedOutput(); err != nil {
		s.t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(program, action)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "OCF_ROOT=/usr/lib/ocf", "OCF_RESOURCE_INSTANCE=pgsql", "OCF_RESKEY_CRM_meta_timeout=60000",
		"OCF_RESKEY_CRM_meta_on_node=node01", "HA_LOGFILE=" + s.dir + "/agent.log"}
	for name, value := range s.in.Database.Value.Given {
		cmd.Env = append(cmd.Env, "OCF_RESKEY_"+name+"="+value)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%s: %v\n%s", action, err, out)
	}
}
