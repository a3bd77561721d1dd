package pg

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"pgrex/internal/pg/wal"
)

// Peer is what a server says of itself on a replication connection.
type Peer struct {
	SystemID uint64
	Timeline wal.Timeline
	// Position is what a standby has received and written to disk, or replayed.
	Position wal.LSN
}

// dialPatience is for the kernel of the peer, which takes the connection
// whatever its server is doing. Across a LAN that is less than a millisecond; a
// node that is gone says nothing.
const dialPatience = 200 * time.Millisecond

// AskPeer asks the server at addr, on the port of this one, who it is and how
// far it has come (IDENTIFY_SYSTEM; manual, "Streaming Replication Protocol").
// It needs what a standby needs to follow, and nothing more: user is the
// replication role, the password is in pgdba's password file or in opt, which
// is primary_conninfo_opt.
func (i *Instance) AskPeer(ctx context.Context, addr, user, opt string) (Peer, error) {
	p, s, err := i.askPeer(ctx, addr, user, opt)
	if err != nil {
		return Peer{}, fmt.Errorf("cannot ask %s how far it is: %w", addr, err)
	}
	s.Close()
	return p, nil
}

// Descends asks the server at addr, as [Instance.AskPeer] does, whether all that
// was written here before the shutdown that the control file tells of is part of its
// history (TIMELINE_HISTORY; manual, "Streaming Replication Protocol").
func (i *Instance) Descends(ctx context.Context, addr, user, opt string, c Control) (bool, error) {
	end, err := i.ShutdownEnd(c)
	if err != nil {
		return false, err
	}
	p, s, err := i.askPeer(ctx, addr, user, opt)
	if err != nil {
		return false, fmt.Errorf("cannot ask %s for its history: %w", addr, err)
	}
	defer s.Close()
	if p.SystemID != c.SystemID || p.Timeline < c.Timeline {
		return false, nil
	}
	own, err := i.History(c.Timeline)
	if err != nil {
		return false, err
	}
	other, err := s.history(ctx, p.Timeline)
	if err != nil {
		return false, fmt.Errorf("cannot ask %s for its history: %w", addr, err)
	}
	return descends(own.Ancestry(c.Timeline), end, other.Ancestry(p.Timeline), p.Position), nil
}

// descends says whether what was written up to end in one ancestry is part of another's,
// whose server is at a position. The number of a timeline proves nothing: two nodes may
// each have begun one.
func descends(own wal.Ancestry, end wal.LSN, other wal.Ancestry, position wal.LSN) bool {
	switch at, _, relation := wal.Fork(own, other); relation {
	case wal.Same:
		return position >= end
	case wal.AncestorOf:
		return end <= at
	}
	return false
}

// history asks a server on a replication connection for that of a timeline. The first
// one has none.
func (s *Session) history(ctx context.Context, t wal.Timeline) (wal.History, error) {
	if t <= 1 {
		return nil, nil
	}
	res, err := s.query(ctx, "read its history", fmt.Sprintf("TIMELINE_HISTORY %d", t))
	if err == nil && (len(res) != 1 || len(res[0].Rows) != 1 || len(res[0].Rows[0]) != 2) {
		err = errors.New("the answer is not one row of two columns")
	}
	if err != nil {
		return nil, err
	}
	return wal.ParseHistory(res[0].Rows[0][1])
}

// askPeer is the session of a question, still open, and the first answer.
func (i *Instance) askPeer(ctx context.Context, addr, user, opt string) (Peer, *Session, error) {
	conf, err := i.connConfig(ctx, addr)
	if err != nil {
		return Peer{}, nil, err
	}
	conf.User, conf.Database = user, "replication"
	conf.Password = i.storedPassword(addr, conf.Database, user)
	if own, err := pgconn.ParseConfig("host=localhost user=nobody password='' " + opt); err == nil && own.Password != "" {
		conf.Password = own.Password
	}
	conf.RuntimeParams = map[string]string{"replication": "true", "application_name": "pgsql-ra"}
	conf.DialFunc = dialOnce()
	conn, err := pgconn.ConnectConfig(ctx, conf)
	if err != nil {
		return Peer{}, nil, describe(ctx, "cannot connect", err)
	}
	s := &Session{conn: conn}
	res, err := s.query(ctx, "identify it", "IDENTIFY_SYSTEM")
	var p Peer
	if err == nil {
		p, err = parsePeer(res)
	}
	if err != nil {
		s.Close()
		return Peer{}, nil, err
	}
	return p, s, nil
}

// IsHere says whether an address is one of this node's.
func IsHere(address string) bool {
	want, err := netip.ParseAddr(address)
	all, ierr := net.InterfaceAddrs()
	if err != nil || ierr != nil {
		return false
	}
	return slices.ContainsFunc(all, func(a net.Addr) bool {
		p, err := netip.ParsePrefix(a.String())
		return err == nil && p.Addr() == want.Unmap()
	})
}

// dialOnce does not try a node again that has not answered: with encryption
// preferred, a connection is made in up to two ways.
func dialOnce() pgconn.DialFunc {
	var failed error
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if failed != nil {
			return nil, failed
		}
		c, err := (&net.Dialer{Timeout: dialPatience}).DialContext(ctx, network, address)
		failed = err
		return c, err
	}
}

func parsePeer(res []*pgconn.Result) (Peer, error) {
	const columns = 3 // and the database, which is of no interest
	if len(res) != 1 || len(res[0].Rows) != 1 || len(res[0].Rows[0]) < columns {
		return Peer{}, errors.New("the answer is not one row of four columns")
	}
	row := res[0].Rows[0]
	id, errID := strconv.ParseUint(string(row[0]), 10, 64)
	tli, errTLI := strconv.ParseUint(string(row[1]), 10, 32)
	at, errAt := wal.ParseLSN(string(row[2]))
	return Peer{SystemID: id, Timeline: wal.Timeline(tli), Position: at}, errors.Join(errID, errTLI, errAt)
}

// ShutdownEnd is where the shutdown checkpoint ends that the control file of a
// cleanly stopped primary tells of: who has WAL up to there has all of it. The
// length of the record is its first field, which no page boundary divides
// (src/include/access/xlogrecord.h).
func (i *Instance) ShutdownEnd(c Control) (wal.LSN, error) {
	if c.State != DBShutDown {
		return 0, fmt.Errorf("the server was not shut down in order: its control file says %q", c.State)
	}
	dir := "pg_wal"
	if v, err := i.Version(); err == nil && !since(v, 10) {
		dir = "pg_xlog"
	}
	name, offset := wal.SegmentFile(c.Timeline, c.Checkpoint, c.SegmentSize)
	path := filepath.Join(i.set.Data, dir, name)
	var length [4]byte
	err := As(i.set.User, func() error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = f.ReadAt(length[:], offset)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("cannot read the shutdown checkpoint in %s: %w", path, reason(err))
	}
	n := binary.LittleEndian.Uint32(length[:])
	// A header of 24 bytes and a checkpoint of 80 or more; anything else is no such record.
	if n < 100 || n > wal.PageSize {
		return 0, fmt.Errorf("cannot read the shutdown checkpoint in %s: a record of %d bytes", path, n)
	}
	return wal.RecordEnd(c.Checkpoint, n, c.SegmentSize), nil
}
