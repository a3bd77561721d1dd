package doctor

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgrex/internal/message"
	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
)

const (
	confFile = "/dbfp/pgdata/data/postgresql.conf"
	autoFile = "/dbfp/pgdata/data/postgresql.auto.conf"
)

// addLine adds a line to the files of a server, before all others or at the end.
func addLine(s *Server, first bool, l pg.ConfLine) {
	if first {
		s.Lines.Value = slices.Insert(slices.Clone(s.Lines.Value), 0, l)
		return
	}
	s.Lines.Value = append(s.Lines.Value, l)
}

// params changes the parameters of the resource.
func params(change func(p *ocf.Params)) func(c *Case) {
	return func(c *Case) { change(&c.Database.Value.Params) }
}

func change(s *Server, kind string, do func(d *Directory)) {
	d := s.Directories[kind]
	do(&d)
	s.Directories[kind] = d
}

// Conformance: CD-059, CD-063, CD-064, CD-065, CD-066, CD-067, CD-068, CD-069, CD-071, CD-072 (unit)
func TestEveryServerCheck(t *testing.T) {
	program := func(name, version, err string) func(*Server) {
		return func(s *Server) {
			p := s.Programs[name]
			p.Version, p.Error = version, err
			s.Programs[name] = p
		}
	}
	role := func(do func(r *pg.Role)) func(c *Case) { return on(func(s *Server) { do(s.Survey.Value.Role) }, 0, 1) }
	hba := func(at int, r pg.HBARule) func(c *Case) {
		return on(func(s *Server) { s.HBA.Value = slices.Insert(slices.Clone(s.HBA.Value), at, r) }, 0, 1)
	}
	slot := func(retained int64) func(c *Case) {
		return on(func(s *Server) { s.Survey.Value.Slots = []pg.Slot{{Name: "left", Retained: retained}} }, 0)
	}
	unit := func(u Unit, d *DebianCluster) func(c *Case) {
		return on(func(s *Server) { s.Units.Value, s.Config.Debian = []Unit{u}, d }, 0)
	}
	debian := &DebianCluster{Config: "/etc/postgresql/15/main/postgresql.conf", Start: "auto", Unit: "postgresql@15-main.service"}
	showBroken(t, []broken{
		{"no program", "DR-01", Error, "node01", on(program("psql", "", "no such file or directory"), 0)},
		{"another major release", "DR-01", Error, "node01", on(program("postgres", "16.3", ""), 0, 1)},
		{"an old release", "DR-01", Error, "node01", on(func(s *Server) {
			s.Release = Found(905)
			for _, name := range []string{"postgres", "psql"} {
				program(name, "9.5.2", "")(s)
			}
			delete(s.Settings.Value, "wal_keep_size")
			s.Lines.Value = nil
		}, 0, 1)},
		{"another minor release", "DR-01", Warning, "", on(program("postgres", "15.9", ""), 1)},
		{"minimal", "DR-02", Error, "node01", sets("wal_level", "minimal")},
		{"off", "DR-03", Error, "node01", sets("hot_standby", "off")},
		{"off", "DR-04", Critical, "node01", sets("synchronous_commit", "off")},
		{"remote_write", "DR-04", Critical, "node01", sets("synchronous_commit", "remote_write")},
		{"of a role", "DR-04", Critical, "node01", on(func(s *Server) {
			s.Survey.Value.RoleSettings = []pg.RoleSetting{{Role: "batch", Name: "synchronous_commit", Value: "off"}}
		}, 0)},
		{"of a database", "DR-04", Critical, "node01", on(func(s *Server) {
			s.Survey.Value.RoleSettings = []pg.RoleSetting{{Database: "Sales", Name: "synchronous_commit", Value: "local"}}
		}, 0)},
		{"fsync", "DR-05", Critical, "node01", sets("fsync", "off")},
		{"full_page_writes", "DR-05", Critical, "node01", sets("full_page_writes", "off")},
		{"on", "DR-06", Error, "node01", sets("restart_after_crash", "on")},
		{"off", "DR-07", Error, "node01", sets("archive_mode", "off", "archive_command", "(disabled)")},
		{"on", "DR-07", Warning, "node01", sets("archive_mode", "on")},
		{"no command", "DR-08", Error, "node01", sets("archive_command", "")},
		{"another directory", "DR-08", Error, "node01", func(c *Case) {
			sets("archive_command", "/bin/cp %p /dbfp/pgarch/arc2/%f")(c)
			params(func(p *ocf.Params) { p.RestoreCommand = "/bin/cp /dbfp/pgarch/arc2/%f %p" })(c)
		}},
		{"no directory", "DR-08", Error, "node02", on(func(s *Server) { change(s, dirArchive, func(d *Directory) { d.Exists = false }) }, 1)},
		{"root's directory", "DR-08", Error, "node02", on(func(s *Server) { change(s, dirArchive, func(d *Directory) { d.UID = 0 }) }, 1)},
		{"a directory not to be written to", "DR-08", Error, "node02", on(func(s *Server) { change(s, dirArchive, func(d *Directory) { d.Writable = false }) }, 1)},
		{"our own archiver elsewhere", "DR-08", Error, "node01", func(c *Case) {
			sets("archive_command", "/usr/sbin/pg-rex archive %p /dbfp/pgarch/arc2")(c)
			params(func(p *ocf.Params) { p.RestoreCommand = "/bin/cp /dbfp/pgarch/arc2/%f %p" })(c)
		}},
		{"gzip and cp", "DR-09", Error, "node01", sets("archive_command", "/bin/gzip -c %p > /dbfp/pgarch/arc1/%f.gz")},
		{"synchronous_standby_names of ALTER SYSTEM", "DR-10", Critical, "node01", on(func(s *Server) {
			addLine(s, false, pg.ConfLine{File: autoFile, Line: 3, Name: "synchronous_standby_names"})
		}, 0)},
		{"primary_conninfo of ALTER SYSTEM", "DR-10", Error, "node01", on(func(s *Server) {
			addLine(s, false, pg.ConfLine{File: autoFile, Line: 3, Name: "primary_conninfo", Value: "host=192.168.2.3"})
		}, 0)},
		{"synchronous_standby_names by hand", "DR-10", Error, "node01", on(func(s *Server) {
			addLine(s, true, pg.ConfLine{File: confFile, Line: 3, Name: "synchronous_standby_names", Value: "*"})
		}, 0)},
		{"restore_command by hand", "DR-10", Error, "node01", on(func(s *Server) {
			addLine(s, true, pg.ConfLine{File: confFile, Line: 3, Name: "restore_command", Value: "true"})
		}, 0)},
		{"after the include lines", "DR-11", Error, "node01", on(func(s *Server) {
			addLine(s, false, pg.ConfLine{File: confFile, Line: 900, Name: "recovery_target_timeline", Value: "latest"})
		}, 0)},
		{"an include line twice", "DR-11", Error, "node01", on(func(s *Server) {
			addLine(s, false, pg.ConfLine{File: confFile, Line: 900, Name: "include", Value: "/var/lib/pgsql/tmp/rep_mode.conf"})
		}, 0)},
		{"localhost", "DR-12", Error, "node01", sets("listen_addresses", "localhost")},
		{"some addresses", "DR-12", Error, "node01", sets("listen_addresses", "192.168.0.10, 192.168.2.3")},
		{"another port", "DR-13", Error, "node01", sets("port", "5433")},
		{"none", "DR-14", Error, "node01", sets("max_wal_senders", "0")},
		{"two", "DR-14", Warning, "node01", sets("max_wal_senders", "2")},
		{"streaming", "DR-15", Warning, "node01", sets("max_standby_streaming_delay", "30000")},
		{"archive", "DR-15", Warning, "node01", sets("max_standby_archive_delay", "30000")},
		{"off", "DR-16", Warning, "node01", sets("hot_standby_feedback", "off")},
		{"no timeout", "DR-17", Error, "node01", sets("wal_sender_timeout", "0")},
		{"a long timeout", "DR-17", Warning, "node01", sets("wal_sender_timeout", "61000")},
		{"rare reports", "DR-17", Warning, "node01", sets("wal_receiver_status_interval", "10")},
		{"no reports", "DR-17", Warning, "node01", sets("wal_receiver_status_interval", "0")},
		{"none", "DR-18", Warning, "node01", sets("wal_receiver_timeout", "0")},
		{"few", "DR-19", Warning, "node01", sets("wal_keep_size", "511")},
		{"a slot that is left", "DR-20", Warning, "node01", slot(1 << 20)},
		{"a slot that holds much", "DR-20", Error, "node01", slot(26 << 30)},
		{"one slot only", "DR-20", Warning, "node01", func(c *Case) {
			params(func(p *ocf.Params) { p.SlotName = "rep" })(c)
			sets("max_replication_slots", "1", "max_slot_wal_keep_size", "1024")(c)
		}},
		{"slots without a limit", "DR-20", Warning, "node01", params(func(p *ocf.Params) { p.SlotName = "rep" })},
		{"neither", "DR-21", Warning, "node01", on(func(s *Server) { s.Control.Value.DataChecksums = false }, 0, 1)},
		{"a smaller standby", "DR-22", Error, "node02", func(c *Case) {
			on(func(s *Server) { s.Settings.Value["max_connections"] = Setting{Value: "50", Where: "x:1", File: true} }, 1)(c)
		}},
		{"a smaller primary", "DR-22", Error, "node01", on(func(s *Server) { s.Settings.Value["max_wal_senders"] = Setting{Value: "5"} }, 0)},
		{"another value", "DR-23", Warning, "", on(func(s *Server) { s.Settings.Value["superuser_reserved_connections"] = Setting{Value: "3"} }, 1)},
		{"no socketdir", "DR-24", Error, "node01", sets("unix_socket_directories", "/tmp")},
		{"another socketdir", "DR-24", Error, "node01", func(c *Case) {
			sets("unix_socket_directories", "/tmp, /run/pg")(c)
			params(func(p *ocf.Params) { p.SocketDir = "/run" })(c)
		}},
		{"no config", "DR-25", Error, "node01", on(func(s *Server) { s.Config.Exists = false }, 0)},
		{"data elsewhere", "DR-25", Error, "node01", sets("data_directory", "/var/lib/pgsql/data")},
		{"hba_file on one node", "DR-25", Error, "node02", on(func(s *Server) {
			s.Settings.Value["hba_file"] = Setting{Value: "/etc/pg_hba.conf", Where: "x:1", File: true}
		}, 1)},
		{"recovery.conf", "DR-26", Error, "node02", on(func(s *Server) { s.RecoveryConf = Found(true) }, 1)},
		{"waits", "DR-27", Warning, "node01", on(func(s *Server) {
			set := s.Settings.Value["max_connections"]
			set.Pending = true
			s.Settings.Value["max_connections"] = set
		}, 0)},
		{"a wrong line", "DR-28", Error, "node01", on(func(s *Server) {
			addLine(s, true, pg.ConfLine{File: confFile, Line: 4, Name: "fsink", Error: "unrecognized"})
		}, 0)},
		{"wal_keep_segments", "DR-28", Error, "node01", on(func(s *Server) {
			addLine(s, true, pg.ConfLine{File: confFile, Line: 4, Name: "wal_keep_segments", Value: "32"})
		}, 0)},
		{"a delay", "DR-29", Error, "node01", sets("recovery_min_apply_delay", "60000")},
		{"no rule", "DR-30", Error, "node01", on(func(s *Server) { s.HBA.Value = s.HBA.Value[:3] }, 0, 1)},
		{"reject before it", "DR-30", Error, "node01", hba(1, rule(89, "host replication all", "192.168.2.0", "255.255.255.0", "reject"))},
		{"all is not replication", "DR-30", Error, "node01", on(func(s *Server) {
			s.HBA.Value = append(s.HBA.Value[:2:2], rule(93, "host all all", "all", "", "scram-sha-256"))
		}, 0, 1)},
		{"the password is stored otherwise", "DR-31", Error, "node01", role(func(r *pg.Role) { r.Password = "md5" })},
		{"no password", "DR-31", Error, "node01", role(func(r *pg.Role) { r.Password = "" })},
		{"trust", "DR-31", Notice, "node01", hba(2, rule(91, "host replication repuser", "192.168.2.0", "255.255.255.0", "trust"))},
		{"refused", "DR-32", Error, "node01", on(func(s *Server) { s.Login = Found(Login{Error: "no entry", Refused: true}) }, 0)},
		{"mode 0644", "DR-33", Error, "node01", on(func(s *Server) { s.Password.Value.Mode = 0o644 }, 0)},
		{"root's file", "DR-33", Error, "node01", on(func(s *Server) { s.Password.Value.UID = 0 }, 0)},
		{"no entry", "DR-33", Error, "node01", on(func(s *Server) { s.Password.Value.Entries = s.Password.Value.Entries[:1] }, 0)},
		{"no file", "DR-33", Error, "node01", on(func(s *Server) { s.Password.Value = PasswordFile{Path: "/var/lib/pgsql/.pgpass"} }, 0)},
		{"another password first", "DR-33", Error, "node01", on(func(s *Server) {
			s.Password.Value.Entries = slices.Insert(s.Password.Value.Entries, 0, PasswordEntry{1, "*", "*", "*", "repuser", 2})
		}, 0)},
		{"none", "DR-34", Error, "node01", on(func(s *Server) { s.Survey.Value.Role = nil }, 0, 1)},
		{"no LOGIN", "DR-34", Error, "node01", role(func(r *pg.Role) { r.Login = false })},
		{"no REPLICATION", "DR-34", Error, "node01", role(func(r *pg.Role) { r.Replication = false })},
		{"expired", "DR-34", Error, "node01", role(func(r *pg.Role) { r.Expired = true })},
		{"one connection", "DR-34", Error, "node01", role(func(r *pg.Role) { r.Limit = 1 })},
		{"refused", "DR-35", Error, "node02", on(func(s *Server) { s.Connections.Value[0] = Connection{"192.168.2.3", "no", true} }, 1)},
		{"root's data", "DR-36", Error, "node01", on(func(s *Server) { change(s, dirData, func(d *Directory) { d.UID = 0 }) }, 0)},
		{"open data", "DR-36", Error, "node01", on(func(s *Server) { change(s, dirData, func(d *Directory) { d.Mode = 0o755 }) }, 0)},
		{"a link to nowhere", "DR-36", Error, "node01", on(func(s *Server) { change(s, dirWAL, func(d *Directory) { d.Exists = false }) }, 0)},
		{"the other node's share", "DR-36", Error, "node01", on(func(s *Server) { change(s, dirData, func(d *Directory) { d.Source = "node02:/dbfp" }) }, 0)},
		{"another layout", "DR-36", Error, "", on(func(s *Server) { change(s, dirWAL, func(d *Directory) { d.Real = "/wal" }) }, 1)},
		{"other ids", "DR-36", Error, "", on(func(s *Server) {
			s.User.Value.UID, s.Password.Value.UID = 27, 27
			for _, kind := range []string{dirData, dirWAL, dirArchive, dirTmp} {
				change(s, kind, func(d *Directory) { d.UID = 27 })
			}
		}, 1)},
		{"little", "DR-37", Warning, "node01", on(func(s *Server) { change(s, dirWAL, func(d *Directory) { d.Free = 19 << 30 }) }, 0)},
		{"very little", "DR-37", Error, "node01", on(func(s *Server) { change(s, dirArchive, func(d *Directory) { d.Free = 4 << 30 }) }, 0)},
		{"enabled", "DR-38", Critical, "node01", unit(Unit{Name: "postgresql.service", Enabled: "enabled", Active: "inactive"}, nil)},
		{"active", "DR-38", Critical, "node01", unit(Unit{Name: "postgresql-15.service", Enabled: "disabled", Active: "active", Data: "/dbfp/pgdata/data/"}, nil)},
		{"start.conf", "DR-38", Critical, "node01", unit(Unit{Name: "postgresql.service", Enabled: "enabled", Active: "active", Wrapper: true}, debian)},
		{"Debian's instance", "DR-38", Critical, "node01", unit(Unit{Name: "postgresql@15-main.service", Active: "active"}, debian)},
		{"a second server", "DR-39", Error, "node01", on(func(s *Server) { s.Processes.Value.Others = []int{200, 201} }, 0)},
		{"another program's pid", "DR-39", Error, "node02", on(func(s *Server) { s.Processes.Value.Postmaster = 0 }, 1)},
		{"another database", "DR-40", Critical, "", on(func(s *Server) { s.Control.Value.SystemID++ }, 1)},
		{"diverged", "DR-41", Critical, "", on(func(s *Server) {
			s.Ancestry = Found(wal.Ancestry{{Timeline: 1, End: 0x4000000}, {Timeline: 2, End: wal.Unended}})
		}, 1)},
		{"behind the fork", "DR-41", Critical, "", on(func(s *Server) { s.Ancestry = Found(wal.Ancestry{{Timeline: 1, End: wal.Unended}}) }, 1)},
		{"a lock on a standby", "DR-42", Error, "node02", on(func(s *Server) { s.Lock.Value.Exists = true }, 1)},
		{"the peer by address", "DR-43", Warning, "node01", on(func(s *Server) {
			addLine(s, true, pg.ConfLine{File: confFile, Line: 4, Name: "archive_cleanup_command", Value: "ssh 192.168.2.2 true"})
		}, 0)},
		{"the agent's file", "DR-43", Warning, "node01", on(func(s *Server) {
			s.Lines.Value = slices.DeleteFunc(s.Lines.Value, func(l pg.ConfLine) bool { return l.Include() || l.Name == "primary_conninfo" })
			s.Written = Found([]pg.ConfLine{{File: "/var/lib/pgsql/tmp/recovery.conf", Line: 1, Name: "primary_conninfo", Value: "host=node02 user=repuser"}})
		}, 0)},
		{"failed", "DR-44", Error, "node01", on(func(s *Server) {
			a := &s.Survey.Value.Archiver
			a.LastFailed, a.LastFailedTime = "000000020000000000000005", a.LastArchivedTime.Add(time.Second)
		}, 0)},
		{"not on the other node", "DR-45", Error, "node02", func(c *Case) {
			on(func(s *Server) {
				s.Settings.Value["shared_preload_libraries"] = Setting{Value: "pg_stat_statements, 'pg_hint_plan'"}
			}, 0, 1)(c)
			on(func(s *Server) {
				s.Settings.Value["shared_preload_libraries"] = Setting{Value: "pg_stat_statements,pg_hint_plan"}
			}, 0, 1)(c)
			on(func(s *Server) { s.Libraries = Found(append(s.Libraries.Value, "pg_hint_plan")) }, 0)(c)
		}},
		{"not there", "DR-46", Error, "node01", on(func(s *Server) { s.Runtime.Value[0].Exists = false }, 0)},
		{"not there after a reboot", "DR-46", Error, "node01", on(func(s *Server) { s.Runtime.Value[0].Made = false }, 0)},
		{"let in", "DR-47", Warning, "node01", on(func(s *Server) { s.HBA.Value = slices.Delete(slices.Clone(s.HBA.Value), 1, 2) }, 0, 1)},
	})
}

// Every check of the specification is there, and is shown broken.
//
// Conformance: CD-059 (unit)
func TestEveryServerCheckIsThere(t *testing.T) {
	have := map[string]bool{}
	for _, k := range serverChecks() {
		have[k.id] = true
	}
	for n := 1; n <= 47; n++ {
		if id := "DR-" + string(rune('0'+n/10)) + string(rune('0'+n%10)); !have[id] {
			t.Errorf("%s is missing", id)
		}
	}
}

// findings are those of one check.
func findings(c *Case, id string) []Finding {
	var list []Finding
	for _, f := range Examine(c).Findings {
		if f.Check == id {
			list = append(list, f)
		}
	}
	return list
}

// Cures name the command or the line.
//
// Conformance: CD-063, CD-065 (unit)
func TestCuresNameTheCommand(t *testing.T) {
	for _, tt := range []struct {
		check string
		by    func(c *Case)
		cure  string
	}{
		{"DR-10", on(func(s *Server) {
			addLine(s, false, pg.ConfLine{File: autoFile, Line: 3, Name: "synchronous_standby_names"})
		}, 0), `runuser -u postgres -- /usr/lib/postgresql/15/bin/psql -p 5432 -c "ALTER SYSTEM RESET synchronous_standby_names"`},
		{"DR-28", on(func(s *Server) {
			addLine(s, true, pg.ConfLine{File: confFile, Line: 4, Name: "wal_keep_segments", Value: "40"})
		}, 0), "replace the line " + confFile + ":4 by: wal_keep_size = 640MB"},
		{"DR-09", sets("archive_command", "gzip -c %p > /dbfp/pgarch/arc1/%f.gz"),
			"in a maintenance window, because the resource may be restarted: crm_resource -r pgsql --set-parameter restore_command --parameter-value '/bin/gzip -cd /dbfp/pgarch/arc1/%f.gz > %p'"},
		{"DR-04", on(func(s *Server) {
			s.Survey.Value.RoleSettings = []pg.RoleSetting{{Role: "Batch", Database: "sales", Name: "synchronous_commit", Value: "off"}}
		}, 0), `on the primary: runuser -u postgres -- /usr/lib/postgresql/15/bin/psql -p 5432 -c "ALTER ROLE \"Batch\" IN DATABASE sales RESET synchronous_commit"`},
		{"DR-03", sets("hot_standby", "off"),
			"set hot_standby = on in " + confFile + " on both nodes; it takes effect when PostgreSQL is started again"},
		{"DR-06", sets("restart_after_crash", "on"),
			"set restart_after_crash = off in " + confFile + " on both nodes, then run on each: runuser -u postgres -- /usr/lib/postgresql/15/bin/pg_ctl reload -D /dbfp/pgdata/data"},
	} {
		c := healthy(t)
		tt.by(c)
		found := findings(c, tt.check)
		if len(found) == 0 || len(found[0].Cure) == 0 || found[0].Cure[0].In(message.In("en")) != tt.cure {
			t.Errorf("%s: %+v", tt.check, found)
		}
	}
}

// wal_level has old spellings, which servers show as what they mean.
//
// Conformance: CD-064 (unit)
func TestOldSpellingsOfWALLevel(t *testing.T) {
	for _, release := range []int{906, 15} {
		for _, written := range []string{"hot_standby", "archive", "Hot_Standby", "replica", "logical"} {
			v, err := pg.Canonical("wal_level", written)
			if err != nil {
				t.Fatal(err)
			}
			c := ofRelease(t, release)
			sets("wal_level", v)(c)
			if found := findings(c, "DR-02"); len(found) > 0 {
				t.Errorf("%d, %s: %s", release, written, line(found[0]))
			}
		}
	}
}

// ofRelease is a healthy cluster of a release of PostgreSQL.
func ofRelease(t *testing.T, release int) *Case {
	t.Helper()
	c := healthy(t)
	for i := range c.Nodes {
		c.Nodes[i].Facts.Value.Server = serverOf(release, i)
	}
	return c
}

// Releases have names, defaults and units of their own: with what each says
// without a file, and what is prescribed, nothing is above a notice; without the
// latter, what is found names settings that the release has.
//
// Conformance: CD-062 (unit)
func TestEveryRelease(t *testing.T) {
	for _, release := range []int{906, 10, 11, 12, 13, 14, 15, 16, 17, 18} {
		c := ofRelease(t, release)
		for _, l := range what(Examine(travelled(t, c))) {
			t.Errorf("%d: %s", release, l)
		}
		for name := range prescribed {
			if set, there := serverOf(release, 0).Settings.Value[name]; pg.Has(release, name) && (!there || set.Value == "") {
				t.Errorf("%d: nothing is recorded of %s", release, name)
			}
		}
		for _, tt := range []struct {
			check, older, newer string
			since               int
			value               string
		}{
			{"DR-19", "wal_keep_segments", "wal_keep_size", 13, "0"},
			{"DR-16", "hot_standby_feedback", "hot_standby_feedback", 0, "off"},
			{"DR-14", "max_wal_senders", "max_wal_senders", 0, "1"},
		} {
			name := tt.older
			if tt.since > 0 && pg.Since(release, tt.since) {
				name = tt.newer
			}
			c := ofRelease(t, release)
			sets(name, tt.value)(c)
			found := findings(c, tt.check)
			if len(found) != 2 || !strings.Contains(line(found[0]), name+" is "+tt.value) {
				t.Errorf("%d: %s: %+v", release, tt.check, found)
			}
		}
		c = ofRelease(t, release)
		sets("hot_standby_feedback", "off")(c)
		want := Warning
		if release == 17 || release == 18 {
			want = Error
		}
		if found := findings(c, "DR-16"); found[0].State != want {
			t.Errorf("%d: DR-16 is %s", release, found[0].State)
		}
	}
}

// Files of another generation are a mistake in one and belong to the other.
//
// Conformance: CD-062 (unit)
func TestSignalFilesOfReleases(t *testing.T) {
	for _, tt := range []struct {
		release          int
		recovery, signal bool
		found            int
	}{{906, true, false, 0}, {11, true, false, 0}, {11, true, true, 1}, {12, false, true, 0}, {12, true, true, 1}, {18, true, false, 1}} {
		c := ofRelease(t, tt.release)
		on(func(s *Server) { s.RecoveryConf, s.StandbySignal = Found(tt.recovery), Found(tt.signal) }, 1)(c)
		if found := findings(c, "DR-26"); len(found) != tt.found {
			t.Errorf("%+v: %+v", tt, found)
		}
	}
}
