package pg

import (
	"context"
	"strings"
	"time"
)

// Survey is what a running server says of how it is set up. Passwords are no
// part of it.
type Survey struct {
	VersionNum int // as server_version_num
	InRecovery bool
	// Settings are those in effect for a session without settings of its own,
	// by name. Of a secret only that it is set is told.
	Settings map[string]ServerSetting
	// Lines are the lines of the files as the server would read them now.
	Lines []ConfLine
	// HBA are the rules as the server would read them now; none before release 10.
	HBA []HBARule
	// Role is the replication role, nil when there is none of the name.
	Role *Role
	// RoleSettings are those of ALTER ROLE and ALTER DATABASE ... SET.
	RoleSettings []RoleSetting
	Archiver     Archiver
	Slots        []Slot
}

// Role is a role of the server.
type Role struct {
	Login, Replication bool
	// Limit is how many connections it may have, -1 for any number.
	Limit int
	// Expired says that its password no longer counts, at the server's time.
	Expired bool
	Until   string // as rolvaliduntil, "" for ever
	// Password says how its password is stored: "", "md5", "scram-sha-256" or "plain".
	Password string
}

// RoleSetting is a setting that holds for a role, a database, or a role in a
// database; an empty name stands for all.
type RoleSetting struct{ Database, Role, Name, Value string }

// Archiver is how archiving went last (pg_stat_archiver).
type Archiver struct {
	LastArchived, LastFailed         string
	LastArchivedTime, LastFailedTime time.Time // zero when there was none
}

// Fails says that the last attempt to archive a file has failed.
func (a Archiver) Fails() bool {
	return !a.LastFailedTime.IsZero() && !a.LastFailedTime.Before(a.LastArchivedTime)
}

// Archiver asks how archiving went last.
func (s *Session) Archiver(ctx context.Context) (Archiver, error) {
	res, err := s.query(ctx, "ask the server how archiving goes", surveyArchiverSQL)
	if err != nil {
		return Archiver{}, err
	}
	for _, cols := range res[0].Rows {
		r := &row{cols: cols}
		return archiver(r), r.err
	}
	return Archiver{}, nil
}

func archiver(r *row) (a Archiver) {
	a.LastArchived, a.LastArchivedTime = r.string(), r.time()
	a.LastFailed, a.LastFailedTime = r.string(), r.time()
	return a
}

const surveySettingsSQL = `SELECT s.name, s.setting, s.source, s.sourcefile, s.sourceline, s.pending_restart FROM pg_catalog.pg_settings s`

const surveyLinesSQL = `SELECT f.sourcefile, f.sourceline, f.name, f.setting, f.error FROM pg_catalog.pg_file_settings f ORDER BY f.seqno`

const surveyRoleSQL = `SELECT r.rolcanlogin, r.rolreplication, r.rolconnlimit,
 coalesce(r.rolvaliduntil OPERATOR(pg_catalog.<) pg_catalog.now(), false), coalesce(r.rolvaliduntil::pg_catalog.text, ''),
 CASE WHEN r.rolpassword IS NULL THEN '' WHEN r.rolpassword OPERATOR(pg_catalog.~~) 'SCRAM-SHA-256$%' THEN 'scram-sha-256'
  WHEN r.rolpassword OPERATOR(pg_catalog.~) '^md5[0-9a-f]{32}$' THEN 'md5' ELSE 'plain' END
 FROM pg_catalog.pg_authid r WHERE r.rolname OPERATOR(pg_catalog.=) `

const surveyRoleSettingsSQL = `SELECT coalesce(d.datname, ''), coalesce(r.rolname, ''), pg_catalog.unnest(s.setconfig)
 FROM pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_database d ON d.oid OPERATOR(pg_catalog.=) s.setdatabase
 LEFT JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) s.setrole ORDER BY 1, 2, 3`

const surveyArchiverSQL = `SELECT a.last_archived_wal, EXTRACT(epoch FROM a.last_archived_time), a.last_failed_wal, EXTRACT(epoch FROM a.last_failed_time)
 FROM pg_catalog.pg_stat_archiver a`

// hbaSQL: file_name is a column from release 16 on, and the only file before.
func hbaSQL(release int) string {
	file := "pg_catalog.current_setting('hba_file')"
	if since(release, 16) {
		file = "h.file_name"
	}
	join := func(column string) string { return "pg_catalog.array_to_string(h." + column + ", pg_catalog.chr(1))" }
	return "SELECT " + file + ", h.line_number, h.type, " + join("database") + ", " + join("user_name") + ", h.address, h.netmask, h.auth_method, " +
		join("options") + ", h.error FROM pg_catalog.pg_hba_file_rules h WHERE true ORDER BY 1, 2"
}

// secrets are settings that may hold a password.
var secrets = []string{"primary_conninfo"}

// Survey asks the server how it is set up, in one round trip. It takes a
// superuser. role is the name of the replication role.
func (s *Session) Survey(ctx context.Context, role string) (Survey, error) {
	sql := []string{
		"SELECT pg_catalog.current_setting('server_version_num'), pg_catalog.pg_is_in_recovery()",
		surveySettingsSQL, surveyLinesSQL, surveyRoleSQL + quoteText(role), surveyRoleSettingsSQL, surveyArchiverSQL, slotsQuery(s.release),
	}
	if since(s.release, 10) {
		sql = append(sql, hbaSQL(s.release))
	}
	res, err := s.query(ctx, "ask the server how it is set up", sql...)
	if err != nil {
		return Survey{}, err
	}
	v := Survey{Settings: map[string]ServerSetting{}}
	rows := func(n int) [][][]byte { return res[n].Rows }
	var failed error
	each := func(n int, do func(r *row)) {
		for _, cols := range rows(n) {
			r := &row{cols: cols}
			do(r)
			if failed == nil {
				failed = r.err
			}
		}
	}
	each(0, func(r *row) { v.VersionNum, v.InRecovery = r.int(), r.bool() })
	each(1, func(r *row) {
		set := ServerSetting{Name: r.string(), Value: r.string(), Source: r.string(), File: r.string(), Line: r.int(), Pending: r.bool()}
		set.Value = concealed(set.Name, set.Value)
		v.Settings[set.Name] = set
	})
	each(2, func(r *row) {
		l := ConfLine{File: r.string(), Line: r.int(), Name: r.string(), Value: r.string(), Error: r.string()}
		l.Name = strings.ToLower(l.Name)
		l.Value = concealed(l.Name, l.Value)
		v.Lines = append(v.Lines, l)
	})
	each(3, func(r *row) {
		v.Role = &Role{Login: r.bool(), Replication: r.bool(), Limit: r.int(), Expired: r.bool(), Until: r.string(), Password: r.string()}
	})
	each(4, func(r *row) {
		set := RoleSetting{Database: r.string(), Role: r.string()}
		set.Name, set.Value, _ = strings.Cut(r.string(), "=")
		v.RoleSettings = append(v.RoleSettings, set)
	})
	each(5, func(r *row) {
		v.Archiver = archiver(r)
	})
	each(6, func(r *row) {
		v.Slots = append(v.Slots, Slot{Name: r.string(), Active: r.bool(), Lost: r.bool(), Retained: int64(r.int())})
	})
	if len(res) > 7 {
		each(7, func(r *row) { v.HBA = append(v.HBA, hbaRow(r)) })
	}
	return v, failed
}

func hbaRow(r *row) HBARule {
	names := func() []string {
		s := r.string()
		if s == "" {
			return nil
		}
		return strings.Split(s, "\x01")
	}
	return HBARule{File: r.string(), Line: r.int(), Type: r.string(), Databases: names(), Users: names(),
		Address: r.string(), Netmask: r.string(), Method: r.string(), Options: names(), Error: r.string()}
}

// time is a point in time as seconds since 1970, zero for none.
func (r *row) time() time.Time {
	d, ok := r.seconds()
	if !ok {
		return time.Time{}
	}
	return time.Unix(0, 0).Add(d)
}

// quoteText quotes any text for SQL, whatever standard_conforming_strings says.
func quoteText(s string) string {
	return " E'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(s) + "'"
}

// QuoteName is the name of a role or a database for SQL, with quotes where it
// needs them.
func QuoteName(s string) string {
	plain := s != "" && strings.IndexFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && r != '_' }) < 0
	if plain {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}
