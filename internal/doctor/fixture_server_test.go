package doctor

import (
	"maps"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
)

// prescribed are the settings of section 5.3 as pg_settings shows them.
var prescribed = map[string]string{
	"listen_addresses": "*", "port": "5432", "wal_level": "replica", "hot_standby": "on", "max_wal_senders": "10", "max_replication_slots": "10",
	"wal_sender_timeout": "20000", "wal_receiver_status_interval": "5", "wal_receiver_timeout": "20000", "wal_keep_segments": "32", "wal_keep_size": "512",
	"max_standby_streaming_delay": "-1", "max_standby_archive_delay": "-1", "hot_standby_feedback": "on", "synchronous_commit": "on",
	"archive_mode": "always", "archive_command": "/bin/cp %p /dbfp/pgarch/arc1/%f", "restart_after_crash": "off", "superuser_reserved_connections": "10",
	"data_directory": "/dbfp/pgdata/data", "hba_file": "/dbfp/pgdata/data/pg_hba.conf", "ident_file": "/dbfp/pgdata/data/pg_ident.conf",
	"config_file": "/dbfp/pgdata/data/postgresql.conf", "unix_socket_directories": "/var/run/postgresql",
}

// recordedSettings are what servers of a release say without any file, with what
// PG-REX prescribes.
func recordedSettings(release int) map[string]Setting {
	text, err := os.ReadFile("../pg/testdata/settings/" + strconv.Itoa(release) + ".tsv")
	if err != nil {
		panic(err)
	}
	values := map[string]Setting{}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		values[f[0]] = Setting{Value: f[1], Where: "default"}
		if v, there := prescribed[f[0]]; there {
			file := f[0] != "unix_socket_directories" && !strings.HasSuffix(f[0], "_file") && f[0] != "data_directory"
			values[f[0]] = Setting{Value: v, Where: "/dbfp/pgdata/data/postgresql.conf:1", File: file}
		}
	}
	if release == 906 {
		values["archive_mode"] = Setting{Value: "on", Where: "/dbfp/pgdata/data/postgresql.conf:1", File: true}
	}
	return values
}

// healthyServer is the server of a node, the primary on the first.
func healthyServer(_ *Case, i int) Server { return serverOf(15, i) }

func serverOf(release, i int) Server {
	const uid, gid = 26, 26
	version := "15.8"
	if release != 15 {
		version = releaseName(release) + ".4"
	}
	bin := "/usr/lib/postgresql/" + releaseName(release) + "/bin/"
	device := uint64(8 << 8)
	directory := func(path, real string) Directory {
		device++
		return Directory{Path: path, Real: real, Exists: true, UID: uid, GID: gid, Mode: 0o700, Device: device,
			Source: "/dev/sdb1", Free: 50 << 30, Total: 100 << 30, Writable: true}
	}
	walDir, method := "pg_wal", "scram-sha-256"
	if release == 906 {
		walDir = "pg_xlog"
	}
	if release == 906 || release < 14 {
		method = "md5"
	}
	peer := []string{"192.168.2.2", "192.168.2.1"}[i]
	conf := "/dbfp/pgdata/data/postgresql.conf"
	s := Server{
		User: Found(pg.User{Name: "postgres", UID: uid, GID: gid, Home: "/var/lib/pgsql"}), Release: Found(release),
		Programs: map[string]Program{"pg_ctl": {bin + "pg_ctl", version, ""}, "postgres": {bin + "postgres", version, ""}, "psql": {bin + "psql", version, ""}},
		Config:   Config{Path: conf, Exists: true},
		Settings: Found(recordedSettings(release)),
		HBA: Found([]pg.HBARule{
			rule(85, "local all all", "", "", "peer"),
			rule(90, "host replication all", "samehost", "", "reject"),
			rule(91, "host replication repuser", "192.168.2.1", "255.255.255.255", method),
			rule(92, "host replication repuser", "192.168.2.2", "255.255.255.255", method),
		}),
		Running: Found(true), Login: Found(Login{}), Processes: Found(Processes{pg.Processes{Postmaster: 100, PIDFile: 100}, true}),
		Survey: Found(pg.Survey{VersionNum: release * 10000, InRecovery: i == 1,
			Role:     &pg.Role{Login: true, Replication: true, Limit: -1, Password: method},
			Archiver: pg.Archiver{LastArchived: "000000020000000000000004", LastArchivedTime: time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)}}),
		Control:  Found(pg.Control{SystemID: 7000000000000000001, State: pg.DBInProduction, Checkpoint: 0x5000028, Timeline: 2, DataChecksums: true, SegmentSize: 16 << 20}),
		Ancestry: Found(wal.Ancestry{{Timeline: 1, End: 0x3000000}, {Timeline: 2, End: wal.Unended}}),
		Lock:     Found(Lock{Path: "/var/lib/pgsql/tmp/PGSQL.lock", Exists: i == 0, Timeline: 2}),
		Password: Found(PasswordFile{Path: "/var/lib/pgsql/.pgpass", Exists: true, Mode: 0o600, UID: uid, Entries: []PasswordEntry{
			{1, "192.168.2.3", "5432", "replication", "repuser", 1}, {2, peer, "5432", "replication", "repuser", 1}}}),
		Directories: map[string]Directory{
			dirData: directory("/dbfp/pgdata/data", "/dbfp/pgdata/data"), dirWAL: directory("/dbfp/pgdata/data/"+walDir, "/dbfp/pgwal/"+walDir),
			dirArchive: directory("/dbfp/pgarch/arc1", "/dbfp/pgarch/arc1"), dirTmp: directory("/var/lib/pgsql/tmp", "/var/lib/pgsql/tmp"),
		},
		RecoveryConf: Found(false), StandbySignal: Found(false),
		Units:       Found([]Unit{{Name: "postgresql@.service", Enabled: "disabled"}, {Name: "postgresql.service", Enabled: "disabled", Active: "inactive"}}),
		Runtime:     Found([]RuntimeDir{{"unix_socket_directories", "/var/run/postgresql", true, true, true}}),
		Libraries:   Found([]string{"plpgsql", "pg_stat_statements"}),
		Addresses:   Found([]netip.Prefix{netip.MustParsePrefix([]string{"192.168.2.1/24", "192.168.2.2/24"}[i])}),
		Connections: Found([]Connection{{To: peer}}), Written: Found([]pg.ConfLine{}),
	}
	if release == 906 {
		s.Survey.Value.VersionNum = 90624
		s.RecoveryConf = Found(i == 1)
	}
	s.Lines = Found(linesOf(release, s.Settings.Value))
	return s
}

// linesOf are the lines of the files: the settings, and the include lines of the
// agent at the end.
func linesOf(release int, values map[string]Setting) []pg.ConfLine {
	const conf = "/dbfp/pgdata/data/postgresql.conf"
	var lines []pg.ConfLine
	for name := range maps.Keys(values) {
		if values[name].File {
			lines = append(lines, pg.ConfLine{File: conf, Line: len(lines) + 1, Name: name, Value: values[name].Value})
		}
	}
	add := func(path, name, value string) {
		lines = append(lines, pg.ConfLine{File: conf, Line: len(lines) + 1, Name: "include", Value: path},
			pg.ConfLine{File: path, Line: 1, Name: name, Value: value})
	}
	if pg.Has(release, "restore_command") {
		add("/var/lib/pgsql/tmp/recovery.conf", "primary_conninfo", "host=192.168.2.3 port=5432 user=repuser")
	}
	add("/var/lib/pgsql/tmp/rep_mode.conf", "synchronous_standby_names", "node02")
	return lines
}

func rule(line int, head, address, mask, method string) pg.HBARule {
	f := strings.Fields(head)
	return pg.HBARule{File: "/dbfp/pgdata/data/pg_hba.conf", Line: line, Type: f[0], Databases: []string{f[1]}, Users: []string{f[2]}, Address: address, Netmask: mask, Method: method}
}

// on changes the facts of one server, or of both.
func on(change func(s *Server), nodes ...int) func(c *Case) {
	return func(c *Case) {
		for i := range c.Nodes {
			for _, n := range nodes {
				if n == i {
					change(&c.Nodes[i].Facts.Value.Server)
				}
			}
		}
	}
}

// sets gives settings of both servers another value.
func sets(pairs ...string) func(c *Case) {
	return on(func(s *Server) {
		for i := 0; i < len(pairs); i += 2 {
			set := s.Settings.Value[pairs[i]]
			set.Value, set.Where, set.File = pairs[i+1], "/dbfp/pgdata/data/postgresql.conf:9", true
			s.Settings.Value[pairs[i]] = set
		}
	}, 0, 1)
}
