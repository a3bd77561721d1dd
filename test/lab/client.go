package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sys/unix"
)

// Limits of the lab's database clients. A client that waits longer than these
// for a dead server would measure its own patience and not the cluster.
const (
	connectTimeout   = time.Second
	statementTimeout = 3 * time.Second
	// unackedTimeout ends a connection whose packets nobody acknowledges, as
	// after a power loss.
	unackedTimeout = 1500 * time.Millisecond
)

// connect opens a connection from the client on the S-LAN to an address there.
func connect(ctx context.Context, address string, onNotice pgconn.NoticeHandler) (*pgx.Conn, error) {
	cfg, err := clientConfig(address, onNotice)
	if err != nil {
		return nil, err
	}
	return open(ctx, cfg)
}

// Connect opens a connection from the client on the S-LAN to an address there,
// for clients that look at what others see. Nothing ends a statement of it on the
// server, neither a limit nor a cancel request when ctx ends: a wait for the
// standby that is cancelled makes rows visible that may not outlive the primary.
// onNotice is told of the server's warnings; it may be nil.
func Connect(ctx context.Context, address string, onNotice pgconn.NoticeHandler) (*pgx.Conn, error) {
	cfg, err := clientConfig(address, onNotice)
	if err != nil {
		return nil, err
	}
	delete(cfg.RuntimeParams, "statement_timeout")
	dialled := false
	cfg.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		if dialled { // pgconn dials once more to send a cancel request
			return nil, errNoCancel
		}
		dialled = true
		return dialFromClient(ctx, network, address)
	}
	return open(ctx, cfg)
}

var errNoCancel = errors.New("this client cancels nothing")

func clientConfig(address string, onNotice pgconn.NoticeHandler) (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig("sslmode=disable")
	if err != nil {
		return nil, err
	}
	cfg.Host, cfg.Port = address, PGPort
	cfg.Fallbacks = nil
	cfg.User, cfg.Password, cfg.Database = clientUser, clientPassword, clientDB
	cfg.ConnectTimeout = connectTimeout
	cfg.RuntimeParams = map[string]string{
		"application_name":  "pgrex-lab",
		"statement_timeout": strconv.FormatInt(statementTimeout.Milliseconds(), 10),
	}
	cfg.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	cfg.DialFunc = dialFromClient
	cfg.OnNotice = onNotice
	cfg.ValidateConnect = nil // whatever PGTARGETSESSIONATTRS says: standbys are asked too
	// One round trip per statement, also for the first one of a new connection.
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	return cfg, nil
}

func open(ctx context.Context, cfg *pgx.ConnConfig) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return pgx.ConnectConfig(ctx, cfg)
}

// dialFromClient opens a TCP connection whose socket belongs to the client's
// network namespace. A socket stays in the namespace in which it was made, so
// only the thread that makes it has to be there, for as long as that takes.
func dialFromClient(ctx context.Context, network, address string) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result, 1)
	// A goroutine of its own: if its thread cannot be brought back, it stays
	// locked, and the runtime ends it together with the goroutine.
	go func() {
		runtime.LockOSThread()
		back, err := enterNamespace(clientNS)
		if err != nil {
			runtime.UnlockOSThread()
			done <- result{err: err}
			return
		}
		conn, err := dialer.DialContext(ctx, network, address)
		if back() == nil {
			runtime.UnlockOSThread()
		}
		done <- result{conn, err}
	}()
	r := <-done
	return r.conn, r.err
}

var dialer = &net.Dialer{
	KeepAlive: -1,
	Control: func(_, _ string, c syscall.RawConn) error {
		var optErr error
		err := c.Control(func(fd uintptr) {
			optErr = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(unackedTimeout.Milliseconds()))
		})
		if err != nil {
			return err
		}
		return optErr
	},
}

// enterNamespace moves the calling thread, which must be locked, into a network
// namespace and returns the way back.
func enterNamespace(name string) (back func() error, err error) {
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	target, err := os.Open("/run/netns/" + name)
	if err != nil {
		home.Close()
		return nil, err
	}
	defer target.Close()
	if err := unix.Setns(int(target.Fd()), unix.CLONE_NEWNET); err != nil {
		home.Close()
		return nil, fmt.Errorf("cannot enter network namespace %s: %w", name, err)
	}
	return func() error {
		defer home.Close()
		return unix.Setns(int(home.Fd()), unix.CLONE_NEWNET)
	}, nil
}

// session is a connection that is opened when needed and given up at the first
// doubt. It is for one goroutine.
type session struct {
	address string
	patient bool // stay connected to a server that refuses because it is a standby
	conn    *pgx.Conn
	warned  bool // the server sent a warning with the present statement
}

// insert runs one statement that commits by itself. Only a commit that the
// server reported without any warning counts: when a wait for the standby is
// cancelled, the server says so in a warning and reports success.
func (s *session) insert(ctx context.Context, statement string, args ...any) error {
	if s.conn == nil {
		conn, err := connect(ctx, s.address, func(*pgconn.PgConn, *pgconn.Notice) { s.warned = true })
		if err != nil {
			return err
		}
		s.conn = conn
	}
	s.warned = false
	// A little later than the server's own limit, which leaves the connection usable.
	within, cancel := context.WithTimeout(ctx, statementTimeout+500*time.Millisecond)
	defer cancel()
	_, err := s.conn.Exec(within, statement, args...)
	if err == nil && s.warned {
		err = errNotReplicated
	}
	if err != nil && !(s.patient && isReadOnly(err)) {
		s.close()
	}
	return err
}

// isReadOnly says whether a server refused a write because it is a standby.
func isReadOnly(err error) bool {
	const readOnlySQLTransaction = "25006"
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == readOnlySQLTransaction
}

var errNotReplicated = errors.New("the server committed with a warning: the row may not be on the standby")

func (s *session) close() {
	if s.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	_ = s.conn.Close(ctx) // nothing is left to lose: all statements are over
	s.conn = nil
}
