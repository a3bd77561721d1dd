package doctor

import (
	"context"
	"encoding/json"
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
	"pgrex/internal/message"
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

// What a running server says, and what its files say once it is stopped, are the
// same facts. Looking changes nothing and keeps passwords to itself; a setting of
// a single role is found; the settings of the session that looks are not taken
// for everybody's. What the server would refuse is found either way.
//
// Conformance: CD-063, CD-065, CD-070, CD-078 (PostgreSQL server)
func TestGather(t *testing.T) {
	s := newSite(t)
	s.initialise()
	s.up()
	s.must("CREATE ROLE repuser LOGIN REPLICATION PASSWORD 'geheim'")
	s.must("ALTER ROLE repuser SET synchronous_commit = off")
	s.must("ALTER ROLE postgres SET synchronous_commit = local")
	s.must("SELECT pg_create_physical_replication_slot('left', true)")
	s.must("CHECKPOINT")

	before := s.snapshot()
	running := s.gather()
	if after := s.snapshot(); !maps.Equal(before, after) {
		t.Errorf("looking has changed %v", changed(before, after))
	}
	if !running.Survey.Known || !running.Running.Value || running.Login.Value.Error != "" {
		t.Fatalf("%+v, %+v, %+v", running.Survey.Why, running.Running, running.Login)
	}
	if r := running.Survey.Value.Role; r == nil || !r.Login || !r.Replication || r.Limit != -1 || r.Password != "scram-sha-256" {
		t.Errorf("role %+v", r)
	}
	if len(running.Survey.Value.Slots) != 1 || running.Control.Value.SystemID == 0 || !running.Control.Value.DataChecksums || running.Ancestry.Value.Timeline() != 1 {
		t.Errorf("%+v, %+v", running.Survey.Value, running.Control)
	}
	if v := running.Settings.Value["synchronous_commit"].Value; v != "on" {
		t.Errorf("synchronous_commit is %s", v)
	}
	found := s.decided(running)
	if f := found["DR-04"]; f.State != Critical || !strings.Contains(f.Found.In(message.In("en")), "ALTER ROLE") {
		t.Errorf("DR-04: %+v", f)
	}
	if f := found["DR-20"]; f.State != Warning {
		t.Errorf("DR-20: %+v", f)
	}
	if _, err := os.Stat(s.bin + "/psql"); err != nil {
		delete(found, "DR-01") // servers without clients
	}
	for id, f := range found {
		if rank[f.State] > rank[Notice] && f.State != Unknown && !slices.Contains([]string{"DR-04", "DR-20", "DR-33", "DR-38"}, id) {
			t.Errorf("%s", line(f))
		}
	}

	s.stop()
	stopped := s.gather()
	if stopped.Survey.Known || stopped.Running.Value || !stopped.Settings.Known {
		t.Fatalf("%+v, %+v", stopped.Running, stopped.Settings.Why)
	}
	for _, name := range pg.KnownSettings() {
		a, b := running.Settings.Value[name], stopped.Settings.Value[name]
		if a.Value != b.Value || a.File != b.File {
			t.Errorf("%s: %+v while it runs, %+v when it is stopped", name, a, b)
		}
	}
	if !slices.Equal(running.Lines.Value, stopped.Lines.Value) {
		t.Errorf("lines differ: %+v\n%+v", running.Lines.Value, stopped.Lines.Value)
	}
	if len(running.HBA.Value) == 0 || fmt.Sprint(running.HBA.Value) != fmt.Sprint(stopped.HBA.Value) {
		t.Errorf("rules differ:\n%v\n%v", running.HBA.Value, stopped.HBA.Value)
	}
	for _, f := range []Server{running, stopped} {
		if text, _ := json.Marshal(f); strings.Contains(string(text), "geheim") {
			t.Error("a password is among the facts")
		}
	}
	s.up()
	s.mistakes()
}

func changed(a, b map[string]string) []string {
	var names []string
	for name := range b {
		if a[name] != b[name] {
			names = append(names, name+": "+a[name]+" -> "+b[name])
		}
	}
	return names
}

// mistakes are found with the server running and stopped; what waits for a
// restart is none.
func (s *site) mistakes() {
	t := s.t
	s.must("ALTER SYSTEM SET max_wal_senders = 9")
	s.must("SELECT pg_reload_conf()")
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if s.gather().Settings.Value["max_wal_senders"].Pending {
			break
		}
		if time.Now().After(end) {
			t.Fatal("max_wal_senders does not wait for a restart")
		}
	}
	s.must("ALTER SYSTEM SET max_worker_processes = 9") // and is not read yet
	if f := s.decided(s.gather())["DR-28"]; f.State != "" {
		t.Errorf("DR-28: %+v", f)
	}
	release, _ := s.Version()
	old, replaced := "wal_keep_segments = 32", "wal_keep_size = 512MB"
	if !pg.Has(release, "wal_keep_size") {
		old, replaced = "wal_keep_size = 1GB", "wal_keep_segments = 64"
	}
	s.add("postgresql.conf", old, "work_mem = lots")
	s.add("postgresql.auto.conf", "synchronous_standby_names = 'x'")
	for _, tt := range []struct {
		name    string
		pending State
	}{{"running", Warning}, {"stopped", ""}} {
		server := s.gather()
		found := s.decided(server)
		if f := found["DR-10"]; f.State != Critical {
			t.Errorf("%s: DR-10: %+v", tt.name, f)
		}
		if f := found["DR-27"]; f.State != tt.pending {
			t.Errorf("%s: DR-27: %+v", tt.name, f)
		}
		c := &Case{Database: s.in.Database, Nodes: []Node{{Name: "node01", Own: true, Facts: Found(Facts{Server: server})}}}
		var all string
		for _, f := range examine(c, serverChecks()).Findings {
			if f.Check == "DR-28" {
				all += f.Found.In(message.In("en")) + ", " + f.Cure[0].In(message.In("en")) + "\n"
			}
		}
		if !strings.Contains(all, replaced) || !strings.Contains(all, "postgresql.conf:") || strings.Contains(all, "max_wal_senders") {
			t.Errorf("%s: %s", tt.name, all)
		}
		if tt.name == "running" {
			s.stop()
		}
	}
}

// A cluster of pg_createcluster has its files elsewhere. A definition that does
// not say so is found; with config and socketdir the agent starts the server.
//
// Conformance: CD-080 (PostgreSQL server)
func TestDebianCluster(t *testing.T) {
	s := newSite(t)
	create, err := exec.LookPath("pg_createcluster")
	if err != nil {
		if os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "" {
			t.Fatal("cannot be left out here: ", err)
		}
		t.Skip(err)
	}
	if s.bin, err = cache.Installed(); err != nil { // that is what postgresql-common knows of
		t.Fatal(err)
	}
	etc := s.dir + "/etc"
	t.Setenv("PG_CLUSTER_CONF_ROOT", etc)
	release := filepath.Base(filepath.Dir(s.bin))
	cmd := exec.Command(create, "--port", "5499", "--datadir", s.dir+"/data", "--logfile", s.dir+"/log", "--socketdir", s.dir+"/socket", "--start-conf", "auto", release, "pgrex",
		"--", "-N", "--data-checksums", "--no-locale", "-E", "UTF8")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	conf := etc + "/" + release + "/pgrex/postgresql.conf"
	s.addTo(conf, "dynamic_shared_memory_type = mmap", "shared_buffers = 4MB")

	s.describe(nil) // neither config nor socketdir
	found := s.decided(s.gather())
	if f := found["DR-24"]; f.State != Error || !strings.HasSuffix(f.Cure[0].In(message.In("en")), "--set-parameter socketdir --parameter-value "+s.dir+"/socket") {
		t.Errorf("DR-24: %+v", f)
	}
	if f := found["DR-25"]; f.State != Error || !strings.HasSuffix(f.Cure[0].In(message.In("en")), "--set-parameter config --parameter-value "+conf) {
		t.Errorf("DR-25: %+v", f)
	}
	if f := found["DR-38"]; f.State != Critical {
		t.Logf("DR-38 (no enabled unit on this machine?): %+v", f)
	}

	more := map[string]string{"config": conf, "socketdir": s.dir + "/socket", "rep_mode": "none"}
	s.describe(more)
	found = s.decided(s.gather())
	for _, id := range []string{"DR-24", "DR-25"} {
		if f, there := found[id]; there && f.State != Unknown {
			t.Errorf("%s: %+v", id, f)
		}
	}
	s.agent("start")
	if p, err := s.Processes(); err != nil || p.Postmaster == 0 {
		t.Errorf("the agent has not started the server: %+v, %v", p, err)
	}
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
