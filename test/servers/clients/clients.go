// Package clients does for tests what pg_basebackup and pg_receivewal do. Those
// programs refuse a server newer than they are, and the servers of the cache
// come without any.
package clients

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// Query runs one statement and returns the first column of its only row. All
// calls of one BaseBackup have to use the same session.
type Query func(sql string) (string, error)

// BaseBackup copies the data directory of a running server, with owners and
// modes, so that a standby of it can be started on the copy.
func BaseBackup(query Query, data, to string) error {
	fail := func(err error) error { return fmt.Errorf("cannot copy %s: %w", data, err) }
	text, err := query("select current_setting('server_version_num')")
	if err != nil {
		return fail(err)
	}
	num, err := strconv.Atoi(text)
	if err != nil {
		return fail(err)
	}
	begin, end := "select pg_backup_start('test', true)::text", "select labelfile from pg_backup_stop(false)"
	if num < 150000 {
		begin, end = "select pg_start_backup('test', true, false)::text", "select labelfile from pg_stop_backup(false, false)"
	}
	if _, err := query(begin); err != nil {
		return fail(err)
	}
	if err := copyTree(data, to, "postmaster.pid", "postmaster.opts", "pg_replslot", "pg_stat_tmp", "pg_wal"); err != nil {
		return fail(err)
	}
	label, err := query(end)
	if err != nil {
		return fail(err)
	}
	// What was written meanwhile, too.
	if err := copyTree(filepath.Join(data, "pg_wal"), filepath.Join(to, "pg_wal")); err != nil {
		return fail(err)
	}
	for _, dir := range []string{"pg_replslot", "pg_stat_tmp"} {
		if err := copyOwner(data, os.Mkdir(filepath.Join(to, dir), 0o700), filepath.Join(to, dir)); err != nil {
			return fail(err)
		}
	}
	file := filepath.Join(to, "backup_label")
	if err := copyOwner(data, os.WriteFile(file, []byte(label), 0o600), file); err != nil {
		return fail(err)
	}
	return nil
}

func copyOwner(like string, err error, path string) error {
	if err != nil {
		return err
	}
	var st syscall.Stat_t
	if err := syscall.Stat(like, &st); err != nil {
		return err
	}
	return os.Chown(path, int(st.Uid), int(st.Gid))
}

// copyTree copies a tree but for what is left out at its top. What disappears
// meanwhile is nothing that a backup needs.
func copyTree(from, to string, without ...string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err == nil {
			name, _ := filepath.Rel(from, path)
			if slices.Contains(without, name) {
				if d.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			err = copyOne(path, filepath.Join(to, name))
		}
		if errors.Is(err, fs.ErrNotExist) && path != from {
			return nil
		}
		return err
	})
}

func copyOne(from, to string) error {
	st, err := os.Lstat(from)
	if err != nil {
		return err
	}
	switch mode := st.Mode(); {
	case mode.IsDir():
		err = os.Mkdir(to, mode.Perm())
	case mode.IsRegular():
		err = copyFile(from, to, mode.Perm())
	default:
		return fmt.Errorf("%s is neither file nor directory", from)
	}
	return copyOwner(from, err, to)
}

func copyFile(from, to string, mode fs.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// ReceiveWAL connects as pg_receivewal --synchronous does and confirms all WAL
// that it gets as written and flushed, until end is called. On the wire the
// only difference from a standby is that nothing is ever confirmed as
// replayed. It comes back when the first confirmation is out.
func ReceiveWAL(ctx context.Context, conf *pgconn.Config) (end func(), err error) {
	conf.RuntimeParams["replication"] = "true"
	conn, err := pgconn.ConnectConfig(ctx, conf)
	if err != nil {
		return nil, fmt.Errorf("cannot receive WAL: %w", err)
	}
	r := &receiver{conn: conn}
	if err := r.start(ctx); err != nil {
		_ = conn.Close(ctx)
		return nil, fmt.Errorf("cannot receive WAL: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for r.next(ctx) == nil {
		}
		_ = conn.Close(ctx)
	}()
	return func() { cancel(); <-done }, nil
}

type receiver struct {
	conn *pgconn.PgConn
	pos  uint64 // end of what has been received
}

func (r *receiver) start(ctx context.Context) error {
	res, err := r.conn.Exec(ctx, "IDENTIFY_SYSTEM").ReadAll()
	if err != nil {
		return err
	}
	if len(res) != 1 || len(res[0].Rows) != 1 || len(res[0].Rows[0]) < 3 {
		return errors.New("IDENTIFY_SYSTEM has another answer than expected")
	}
	timeline, position := res[0].Rows[0][1], res[0].Rows[0][2]
	var high, low uint32
	if _, err := fmt.Sscanf(string(position), "%X/%X", &high, &low); err != nil {
		return err
	}
	r.pos = uint64(high)<<32 | uint64(low)
	r.conn.Frontend().Send(&pgproto3.Query{String: fmt.Sprintf("START_REPLICATION PHYSICAL %s TIMELINE %s", position, timeline)})
	if err := r.conn.Frontend().Flush(); err != nil {
		return err
	}
	for {
		msg, err := r.conn.ReceiveMessage(ctx)
		if err != nil {
			return err
		}
		switch msg := msg.(type) {
		case *pgproto3.ErrorResponse:
			return pgconn.ErrorResponseToPgError(msg)
		case *pgproto3.CopyBothResponse:
			return r.confirm()
		}
	}
}

// next handles one message (PostgreSQL manual, "Streaming Replication Protocol").
func (r *receiver) next(ctx context.Context) error {
	msg, err := r.conn.ReceiveMessage(ctx)
	if err != nil {
		return err
	}
	switch msg := msg.(type) {
	case *pgproto3.CopyData:
		const walHeader = 1 + 8 + 8 + 8 // kind, start, end on the server, time
		if b := msg.Data; len(b) >= walHeader && b[0] == 'w' {
			r.pos = binary.BigEndian.Uint64(b[1:]) + uint64(len(b)-walHeader)
		}
		return r.confirm()
	case *pgproto3.ErrorResponse, *pgproto3.CopyDone:
		return errors.New("the stream has ended")
	}
	return nil // a changed setting, after a reload
}

func (r *receiver) confirm() error {
	b := []byte{'r'}
	b = binary.BigEndian.AppendUint64(b, r.pos) // written
	b = binary.BigEndian.AppendUint64(b, r.pos) // flushed
	b = binary.BigEndian.AppendUint64(b, 0)     // replayed
	epoch := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	b = binary.BigEndian.AppendUint64(b, uint64(time.Since(epoch).Microseconds()))
	b = append(b, 0)
	r.conn.Frontend().Send(&pgproto3.CopyData{Data: b})
	return r.conn.Frontend().Flush()
}
