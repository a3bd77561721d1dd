package doctor

import (
	"testing"

	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
)

// What looks like a mistake and is none.
func TestNoFinding(t *testing.T) {
	debian := func(start string) *DebianCluster {
		return &DebianCluster{Config: "/etc/postgresql/15/main/postgresql.conf", Start: start, Unit: "postgresql@15-main.service"}
	}
	units := func(d *DebianCluster, list ...Unit) func(c *Case) {
		return on(func(s *Server) { s.Units, s.Config.Debian = Found(list), d }, 0)
	}
	wrapper := Unit{Name: "postgresql.service", Enabled: "enabled", Active: "active", Wrapper: true}
	for _, tt := range []struct {
		what, check string
		by          func(c *Case)
	}{
		{"start.conf says manual", "DR-38", units(debian("manual"), wrapper)},
		{"Debian's unit without a cluster of its", "DR-38", units(nil, wrapper)},
		{"another server", "DR-38", units(nil, Unit{Name: "postgresql-15.service", Enabled: "enabled", Active: "active", Data: "/var/lib/pgsql/15/data"})},
		{"another cluster of Debian", "DR-38", units(debian("manual"), Unit{Name: "postgresql@14-old.service", Active: "active"})},
		{"a template", "DR-38", units(nil, Unit{Name: "postgresql@.service", Enabled: "enabled"})},
		{"a standby before the promotion's timeline", "DR-41", on(func(s *Server) {
			s.Ancestry = Found(wal.Ancestry{{Timeline: 1, End: wal.Unended}})
			s.Control.Value.Checkpoint, s.Control.Value.MinRecovery = 0x2000028, 0x3000000
		}, 1)},
		{"the lock of the running primary", "DR-42", func(*Case) {}},
		{"a spelling of postgres", "DR-24", func(c *Case) {
			sets("unix_socket_directories", `"/tmp", /run/postgresql`)(c)
			params(func(p *ocf.Params) { p.SocketDir = "/run/postgresql/" })(c)
		}},
		{"a host of its own", "DR-24", func(c *Case) {
			sets("unix_socket_directories", "/tmp")(c)
			params(func(p *ocf.Params) { p.PgHost = "127.0.0.1" })(c)
		}},
		{"wal_log_hints", "DR-21", func(c *Case) {
			on(func(s *Server) { s.Control.Value.DataChecksums = false }, 0, 1)(c)
			sets("wal_log_hints", "on")(c)
		}},
		{"compressed on both sides", "DR-09", func(c *Case) {
			sets("archive_command", "/bin/gzip -c %p > /dbfp/pgarch/arc1/%f.gz")(c)
			params(func(p *ocf.Params) { p.RestoreCommand = "/bin/gzip -cd /dbfp/pgarch/arc1/%f.gz > %p" })(c)
		}},
		{"our own archiver", "DR-09", sets("archive_command", "/usr/sbin/pg-rex archive %p /dbfp/pgarch/arc1")},
		{"our own archiver by its name", "DR-09", sets("archive_command", "pg-rex_archive %p /dbfp/pgarch/arc1/")},
		{"a role that waits for more", "DR-04", on(func(s *Server) {
			s.Survey.Value.RoleSettings = []pg.RoleSetting{{Role: "batch", Name: "synchronous_commit", Value: "remote_apply"}, {Role: "x", Name: "work_mem", Value: "off"}}
		}, 0)},
		{"a slot of an absent standby", "DR-20", func(c *Case) {
			params(func(p *ocf.Params) { p.SlotName = "rep" })(c)
			sets("max_slot_wal_keep_size", "1024")(c)
			on(func(s *Server) { s.Survey.Value.Slots = []pg.Slot{{Name: "rep_node02", Retained: 1 << 20}} }, 0)(c)
		}},
		{"data that the group may read", "DR-36", on(func(s *Server) { change(s, dirData, func(d *Directory) { d.Mode = 0o750 }) }, 0, 1)},
		{"an older password behind the right one", "DR-33", on(func(s *Server) {
			s.Password.Value.Entries = append(s.Password.Value.Entries, PasswordEntry{9, "other", "5432", "replication", "repuser", 2})
		}, 0)},
		{"md5 in the file, scram stored", "DR-31", on(func(s *Server) { s.HBA.Value[2].Method, s.HBA.Value[3].Method = "md5", "md5" }, 0, 1)},
		{"a pid file that a crash left", "DR-39", on(func(s *Server) { s.Processes.Value.Postmaster, s.Processes.Value.PIDFileAlive = 0, false }, 0)},
		{"any address of IPv4", "DR-12", sets("listen_addresses", "0.0.0.0")},
	} {
		c := healthy(t)
		tt.by(c)
		for _, f := range findings(travelled(t, c), tt.check) {
			t.Errorf("%s: %s", tt.what, line(f))
		}
	}
}

// A node whose history is behind the other's may have WAL of its own after the
// fork, on either side.
func TestOwnWALBehindTheFork(t *testing.T) {
	for node := range 2 {
		c := healthy(t)
		on(func(s *Server) { s.Ancestry = Found(wal.Ancestry{{Timeline: 1, End: wal.Unended}}) }, node)(c)
		if found := findings(c, "DR-41"); len(found) != 1 || found[0].State != Critical {
			t.Errorf("node %d: %+v", node, found)
		}
	}
}
