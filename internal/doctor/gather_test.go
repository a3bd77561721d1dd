package doctor

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgrex/internal/message"
	"pgrex/internal/pg"
	"pgrex/test/servers/cache"
)

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
