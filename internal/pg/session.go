package pg

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"pgrex/internal/pg/wal"
)

// Session is one connection to the server. All statements use the simple query
// protocol: several in one round trip, results as text that needs no types.
// Names of the system catalogs are qualified down to the operators, so that no
// search_path can put something else in their place.
type Session struct {
	conn      *pgconn.PgConn
	serverPID int
	release   int // major release as of [Instance.Version]
}

// Close ends the session and does not wait for the server to notice.
func (s *Session) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_ = s.conn.Close(ctx)
}

// ServerPID is the process that listens at the other end of a Unix socket, 0
// over TCP. If it is not [Processes].Postmaster, another server answers on
// this port.
func (s *Session) ServerPID() int { return s.serverPID }

// ServerState is what a server says of itself.
type ServerState struct {
	At         time.Time // when the server had answered
	InRecovery bool
	VersionNum int    // as server_version_num: 150004
	SyncNames  string // synchronous_standby_names in effect
	// Receive and Replay are positions of a standby, zero when the server has
	// none. Receive is none before the first attempt to stream, and after a
	// failed one it points to the start of a segment.
	Receive, Replay wal.LSN
	// Current is the position that a primary has written up to, and Flushed the one up
	// to which that is on disk, which is what standbys are sent; zero on a standby.
	Current, Flushed wal.LSN
	// Timeline is the one that a primary writes. On a standby it is the
	// newest one that it has received from or, without a receiver that may be
	// looked at, that the control file knows of.
	Timeline wal.Timeline
	// ReceiverStatus is the status in pg_stat_wal_receiver: "streaming",
	// "waiting" ...; "" when there is no receiver, [ReceiverHidden] when there
	// is one and the user lacks pg_monitor to see more.
	ReceiverStatus string
	// ReceiverHeard is when the receiver last heard from the primary; zero when
	// there is none, none that may be looked at, or one that has heard nothing
	// yet: it begins with the same time in both of its columns, and is
	// "streaming" before it asks for WAL.
	ReceiverHeard time.Time
	HotStandby    bool
	ReplayPaused  bool // asked for; from 14 on also by settings smaller than the primary's
}

// ReceiverHidden is the ReceiverStatus of a receiver that cannot be looked at.
const ReceiverHidden = "hidden"

// Position is the greater of received and replayed: what a standby has.
func (st ServerState) Position() wal.LSN { return max(st.Receive, st.Replay) }

// Sender is one row of pg_stat_replication.
type Sender struct {
	PID                        int
	Name, User, ClientAddr     string // Name is the application_name
	State, SyncState           string // "streaming" ..., "async" "potential" "sync" "quorum"
	Sent, Write, Flush, Replay wal.LSN
	Visible                    bool // false when the user lacks pg_monitor: all but Name, User and SlotName is empty
	// Physical says that a standby is at the other end. It is told from
	// pg_receivewal and pg_basebackup by the replay position, which only a
	// standby reports (shortly after it has connected), and from a logical
	// subscriber, which does too, by its slot.
	Physical  bool
	SlotName  string
	ReplyTime time.Time // by the standby's clock; zero before release 12
}

// ServerSetting is a configuration setting in effect and where it came from.
type ServerSetting struct {
	Name, Value string
	Source      string // as in pg_settings: "default", "configuration file", "command line" ...
	File        string // empty when not from a file or the user lacks pg_monitor
	Line        int
	Pending     bool // the file has changed, and the change needs a restart
}

// names puts the names of a release in a statement: before 10, xlog and
// location stand in place of wal and lsn.
func names(release int, sql string) string {
	if release < 900 {
		return sql
	}
	return strings.NewReplacer(
		"pg_last_wal_receive_lsn", "pg_last_xlog_receive_location",
		"pg_last_wal_replay_lsn", "pg_last_xlog_replay_location",
		"pg_current_wal_lsn", "pg_current_xlog_location",
		"pg_current_wal_flush_lsn", "pg_current_xlog_flush_location",
		"pg_wal_lsn_diff", "pg_xlog_location_diff",
		"pg_walfile_name", "pg_xlogfile_name",
		"pg_is_wal_replay_paused", "pg_is_xlog_replay_paused",
		"sent_lsn", "sent_location", "write_lsn", "write_location",
		"flush_lsn", "flush_location", "replay_lsn", "replay_location",
	).Replace(sql)
}

// stateSQL: on a primary the name of the current WAL file tells the timeline;
// pg_control_checkpoint lags behind until the checkpoint after a promotion is
// complete. The functions in CASE raise an error in the other role.
const stateSQL = `SELECT pg_catalog.pg_is_in_recovery(),
 pg_catalog.current_setting('server_version_num'),
 pg_catalog.current_setting('synchronous_standby_names'),
 pg_catalog.pg_last_wal_receive_lsn(),
 pg_catalog.pg_last_wal_replay_lsn(),
 CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE pg_catalog.pg_current_wal_lsn() END,
 CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL
  ELSE pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()) END,
 (SELECT r.received_tli FROM pg_catalog.pg_stat_wal_receiver r LIMIT 1),
 (SELECT COALESCE(r.status, 'hidden') FROM pg_catalog.pg_stat_wal_receiver r LIMIT 1),
 (SELECT c.min_recovery_end_timeline FROM pg_catalog.pg_control_recovery() c),
 (SELECT c.timeline_id FROM pg_catalog.pg_control_checkpoint() c),
 pg_catalog.current_setting('hot_standby'),
 CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_is_wal_replay_paused() END,
 (SELECT EXTRACT(epoch FROM pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) r.last_msg_receipt_time)
  FROM pg_catalog.pg_stat_wal_receiver r
  WHERE r.last_msg_send_time OPERATOR(pg_catalog.<>) r.last_msg_receipt_time LIMIT 1),
 CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE pg_catalog.pg_current_wal_flush_lsn() END`

const sendersSQL = `SELECT s.pid, s.application_name, s.usename, s.client_addr, s.state, s.sync_state,
 s.sent_lsn, s.write_lsn, s.flush_lsn, s.replay_lsn, %s,
 (SELECT r.slot_name FROM pg_catalog.pg_replication_slots r WHERE r.active_pid OPERATOR(pg_catalog.=) s.pid LIMIT 1),
 (SELECT r.slot_type FROM pg_catalog.pg_replication_slots r WHERE r.active_pid OPERATOR(pg_catalog.=) s.pid LIMIT 1)
 FROM pg_catalog.pg_stat_replication s ORDER BY 1`

func stateQuery(release int) string { return names(release, stateSQL) }

func sendersQuery(release int) string {
	replyTime := "NULL"
	if since(release, 12) {
		replyTime = "EXTRACT(epoch FROM s.reply_time)"
	}
	return names(release, fmt.Sprintf(sendersSQL, replyTime))
}

// State asks the server for its state, in one round trip.
func (s *Session) State(ctx context.Context) (ServerState, error) {
	st, _, err := s.observe(ctx, false)
	return st, err
}

// Senders lists pg_stat_replication, in one round trip.
func (s *Session) Senders(ctx context.Context) ([]Sender, error) {
	res, err := s.query(ctx, "read pg_stat_replication", sendersQuery(s.release))
	if err != nil {
		return nil, err
	}
	return parseSenders(res)
}

// Observe is State and Senders in one round trip and one transaction. When
// only the latter fails it returns the state with the error.
func (s *Session) Observe(ctx context.Context) (ServerState, []Sender, error) {
	return s.observe(ctx, true)
}

func (s *Session) observe(ctx context.Context, senders bool) (ServerState, []Sender, error) {
	sql := []string{stateQuery(s.release)}
	if senders {
		sql = append(sql, sendersQuery(s.release))
	}
	res, err := s.query(ctx, "read the state of the server", sql...)
	// A promotion can complete between two of the functions.
	const wrongState = "55000"
	if SQLState(err) == wrongState {
		res, err = s.query(ctx, "read the state of the server", sql...)
	}
	if len(res) == 0 || len(res[0].Rows) == 0 {
		if err == nil {
			err = errors.New("cannot read the state of the server: no row")
		}
		return ServerState{}, nil, err
	}
	st, parseErr := parseState(res[0].Rows[0])
	st.At = time.Now()
	if parseErr != nil || err != nil || !senders {
		return st, nil, errors.Join(parseErr, err)
	}
	list, err := parseSenders(res[1:])
	return st, list, err
}

// query runs statements in one round trip. With an error it returns the
// results of those before the one that failed.
func (s *Session) query(ctx context.Context, doing string, sql ...string) ([]*pgconn.Result, error) {
	res, err := s.conn.Exec(ctx, strings.Join(sql, ";\n")).ReadAll()
	if err != nil {
		return complete(res), describe(ctx, "cannot "+doing, err)
	}
	return res, nil
}

func complete(res []*pgconn.Result) []*pgconn.Result {
	for n, r := range res {
		if r.Err != nil {
			return res[:n]
		}
	}
	return res
}

// row reads columns in order and remembers the first error.
type row struct {
	cols [][]byte
	err  error
}

func (r *row) text() (string, bool) {
	if len(r.cols) == 0 {
		r.fail(errors.New("too few columns"))
		return "", false
	}
	c := r.cols[0]
	r.cols = r.cols[1:]
	return string(c), c != nil
}

func (r *row) fail(err error) {
	if r.err == nil {
		r.err = fmt.Errorf("cannot understand the server's answer: %w", err)
	}
}

func (r *row) string() string { s, _ := r.text(); return s }

func (r *row) bool() bool { s, _ := r.text(); return s == "t" }

func (r *row) int() int {
	s, ok := r.text()
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		r.fail(err)
	}
	return int(n)
}

// seconds is a time span, which servers before 14 write as a double.
func (r *row) seconds() (time.Duration, bool) {
	s, ok := r.text()
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		r.fail(err)
	}
	return time.Duration(n * float64(time.Second)), true
}

func (r *row) lsn() wal.LSN {
	s, ok := r.text()
	if !ok {
		return 0
	}
	l, err := wal.ParseLSN(s)
	if err != nil {
		r.fail(err)
	}
	return l
}

func parseState(cols [][]byte) (ServerState, error) {
	r := row{cols: cols}
	st := ServerState{
		InRecovery: r.bool(),
		VersionNum: r.int(),
		SyncNames:  r.string(),
		Receive:    r.lsn(),
		Replay:     r.lsn(),
		Current:    r.lsn(),
	}
	file, received := r.string(), r.int()
	st.ReceiverStatus = r.string()
	controlled := max(r.int(), r.int())
	st.HotStandby = r.string() == "on"
	st.ReplayPaused = r.bool()
	if ago, ok := r.seconds(); ok {
		st.ReceiverHeard = time.Now().Add(-ago)
	}
	st.Flushed = r.lsn()
	if !st.InRecovery {
		// After a promotion the server still tells what it replayed last.
		st.Receive, st.Replay = 0, 0
		t, err := timelineOfFile(file)
		if err != nil {
			r.fail(err)
		}
		st.Timeline = t
		return st, r.err
	}
	st.Timeline = wal.Timeline(max(received, controlled))
	return st, r.err
}

// timelineOfFile: the first 8 of the 24 hexadecimal digits of a WAL file's name.
func timelineOfFile(name string) (wal.Timeline, error) {
	if len(name) != 24 {
		return 0, fmt.Errorf("%q is not the name of a WAL file", name)
	}
	v, err := strconv.ParseUint(name[:8], 16, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is not the name of a WAL file", name)
	}
	return wal.Timeline(v), nil
}

func parseSenders(res []*pgconn.Result) ([]Sender, error) {
	if len(res) == 0 {
		return nil, errors.New("cannot read pg_stat_replication: no answer")
	}
	var list []Sender
	for _, cols := range res[0].Rows {
		r := row{cols: cols}
		v := Sender{PID: r.int(), Name: r.string(), User: r.string(), ClientAddr: r.string()}
		v.State, v.Visible = r.text()
		v.SyncState = r.string()
		v.Sent, v.Write, v.Flush, v.Replay = r.lsn(), r.lsn(), r.lsn(), r.lsn()
		if text, ok := r.text(); ok {
			sec, err := strconv.ParseFloat(text, 64)
			if err != nil {
				r.fail(err)
			}
			whole, frac := math.Modf(sec)
			v.ReplyTime = time.Unix(int64(whole), int64(frac*1e9))
		}
		v.SlotName = r.string()
		kind := r.string()
		v.Physical = v.Visible && v.State != "backup" && v.Replay != 0 && kind != "logical"
		if r.err != nil {
			return nil, r.err
		}
		list = append(list, v)
	}
	return list, nil
}

// Settings returns the named settings and where they come from. One that the
// server does not know, or that the user may not see, is missing: only
// superusers and members of pg_monitor see primary_conninfo. Recovery
// settings are settings of the server from release 12 on.
func (s *Session) Settings(ctx context.Context, names ...string) (map[string]ServerSetting, error) {
	quoted := make([]string, len(names))
	for n, name := range names {
		quoted[n] = "'" + strings.ReplaceAll(strings.ToLower(name), "'", "''") + "'"
	}
	if len(quoted) == 0 {
		return map[string]ServerSetting{}, nil
	}
	res, err := s.query(ctx, "read pg_settings", `SELECT s.name, s.setting, s.source, s.sourcefile, s.sourceline, s.pending_restart
 FROM pg_catalog.pg_settings s WHERE pg_catalog.lower(s.name) OPERATOR(pg_catalog.=) ANY (ARRAY[`+strings.Join(quoted, ", ")+`])`)
	if err != nil {
		return nil, err
	}
	found := map[string]ServerSetting{}
	for _, cols := range res[0].Rows {
		r := row{cols: cols}
		v := ServerSetting{
			Name: r.string(), Value: r.string(), Source: r.string(),
			File: r.string(), Line: r.int(), Pending: r.bool(),
		}
		if r.err != nil {
			return nil, r.err
		}
		found[v.Name] = v
	}
	return found, nil
}

// RecoveryTargets are the settings of which none may be set on a standby that
// is to follow its primary for good.
var RecoveryTargets = []string{
	"recovery_target", "recovery_target_name", "recovery_target_time",
	"recovery_target_xid", "recovery_target_lsn",
}

// Exec runs sql literally: one or several statements, whose results are
// thrown away.
func (s *Session) Exec(ctx context.Context, sql string) error {
	results := s.conn.Exec(ctx, sql)
	for results.NextResult() {
		r := results.ResultReader()
		for r.NextRow() {
		}
		if _, err := r.Close(); err != nil {
			break // Close below returns it
		}
	}
	if err := results.Close(); err != nil {
		return describe(ctx, "cannot run the statement", err)
	}
	return nil
}
