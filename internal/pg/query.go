package pg

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"pgrex/internal/pg/wal"
)

// Source is what somebody has to know of a server to make a standby of it.
type Source struct {
	VersionNum int // as server_version_num
	InRecovery bool
	// Timeline and Flush are where a primary is: the timeline that it writes
	// and up to where that is safe on its disk. Zero on a standby.
	Timeline wal.Timeline
	Flush    wal.LSN

	FullPageWrites bool
	ArchiveMode    string
	Port           int
	// FreeSenders and FreeSlots are how many more WAL senders and replication
	// slots it can have.
	FreeSenders, FreeSlots int
	Tablespaces            []Tablespace
}

// Tablespace is one outside of the data directory.
type Tablespace struct {
	OID            uint32
	Name, Location string
}

const sourceSQL = `SELECT pg_catalog.current_setting('server_version_num'), pg_catalog.pg_is_in_recovery(),
 CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL
  ELSE pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()) END,
 CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE pg_catalog.pg_current_wal_flush_lsn() END,
 pg_catalog.current_setting('full_page_writes'), pg_catalog.current_setting('archive_mode'),
 pg_catalog.current_setting('port'),
 pg_catalog.current_setting('max_wal_senders')::pg_catalog.int4
  OPERATOR(pg_catalog.-) (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_replication),
 pg_catalog.current_setting('max_replication_slots')::pg_catalog.int4
  OPERATOR(pg_catalog.-) (SELECT pg_catalog.count(*) FROM pg_catalog.pg_replication_slots)`

const tablespacesSQL = `SELECT t.oid, t.spcname, pg_catalog.pg_tablespace_location(t.oid) FROM pg_catalog.pg_tablespace t
 WHERE pg_catalog.pg_tablespace_location(t.oid) OPERATOR(pg_catalog.<>) '' ORDER BY 1`

// Source asks the server for what a new standby has to know, in one round trip.
func (s *Session) Source(ctx context.Context) (Source, error) {
	sql := sourceSQL
	if s.release == 906 {
		sql = strings.ReplaceAll(sql, "pg_current_wal_flush_lsn", "pg_current_xlog_flush_location")
	}
	res, err := s.query(ctx, "ask the server about itself", names(s.release, sql), tablespacesSQL)
	if err != nil {
		return Source{}, err
	}
	return parseSource(res)
}

func parseSource(res []*pgconn.Result) (Source, error) {
	if len(res) != 2 || len(res[0].Rows) != 1 {
		return Source{}, errors.New("cannot ask the server about itself: no answer")
	}
	r := row{cols: res[0].Rows[0]}
	src := Source{VersionNum: r.int(), InRecovery: r.bool()}
	file := r.string()
	src.Flush = r.lsn()
	src.FullPageWrites, src.ArchiveMode = r.string() == "on", r.string()
	src.Port, src.FreeSenders, src.FreeSlots = r.int(), r.int(), r.int()
	if !src.InRecovery {
		t, err := timelineOfFile(file)
		if err != nil {
			r.fail(err)
		}
		src.Timeline = t
	}
	for _, cols := range res[1].Rows {
		c := row{cols: cols}
		src.Tablespaces = append(src.Tablespaces, Tablespace{OID: uint32(c.int()), Name: c.string(), Location: c.string()})
		if c.err != nil {
			r.fail(c.err)
		}
	}
	return src, r.err
}

var programRelease = regexp.MustCompile(`\) (\d+)(?:\.(\d+))?`)

// ProgramRelease is the major release of the server program on this node, as of
// [Instance.Version]. That of the data may be another one.
func (i *Instance) ProgramRelease(ctx context.Context) (int, error) {
	program, err := i.Program("postgres")
	if err != nil {
		return 0, fmt.Errorf("cannot find the server's program beside %s: %w", i.set.PgCtl, err)
	}
	res, err := i.run.Run(ctx, i.asUser([]string{program, "--version"}))
	if err != nil {
		return 0, err
	}
	m := programRelease.FindStringSubmatch(string(res.Stdout))
	if m == nil {
		return 0, fmt.Errorf("cannot tell the release of %s from %q", program, res.Stdout)
	}
	major, _ := strconv.Atoi(m[1])
	if major < 10 {
		minor, _ := strconv.Atoi(m[2])
		return major*100 + minor, nil
	}
	return major, nil
}
