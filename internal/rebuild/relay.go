package rebuild

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/run"
)

// A program of this node reaches the server of the other one as its superuser
// through a relay: a socket in a directory that nobody but the user of the
// server may enter, and behind it the connection of the two nodes. Over there
// the server's own socket is opened by the user of the server. So neither a
// port nor a password nor a rule in pg_hba.conf is needed that others could use.

// relayStream is one connection to the server of a node.
var relayStream = node.DefineStream("pg-relay", func(ctx context.Context, set pg.Settings, conn io.ReadWriter) error {
	server, err := dialServer(ctx, set)
	if err != nil {
		refuse(conn, err)
		return err
	}
	defer server.Close()
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	go func() {
		_, _ = io.Copy(server, conn)
		_ = server.Close() // the program is gone
	}()
	_, err = io.Copy(conn, server)
	return err
})

// dialServer opens the socket of the server that runs with this data directory.
func dialServer(ctx context.Context, set pg.Settings) (net.Conn, error) {
	user, err := pg.LookupUser(ctx, run.Local{}, set.User.Name)
	if err != nil {
		return nil, err
	}
	var text []byte
	pidFile := filepath.Join(set.Data, "postmaster.pid")
	if err := pg.As(user, func() (err error) { text, err = os.ReadFile(pidFile); return err }); err != nil {
		return nil, fmt.Errorf("no server runs in %s: %w", set.Data, err)
	}
	socket, err := socketOf(string(text), set.Data)
	if err != nil {
		return nil, err
	}
	for {
		var conn net.Conn
		err := pg.As(user, func() (err error) { conn, err = net.Dial("unix", socket); return err })
		if !errors.Is(err, syscall.EAGAIN) { // more connections wait than the server has room for
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// socketOf is the socket that a postmaster.pid tells of: the port is in line
// 4, the directory in line 5 (src/include/utils/pidfile.h).
func socketOf(pidFile, data string) (string, error) {
	lines := strings.Split(pidFile, "\n")
	const port, dir = 3, 4
	if len(lines) <= dir || strings.TrimSpace(lines[dir]) == "" {
		return "", fmt.Errorf("the server of %s has no Unix socket (unix_socket_directories)", data)
	}
	path := strings.TrimSpace(lines[dir])
	if !filepath.IsAbs(path) {
		path = filepath.Join(data, path)
	}
	return filepath.Join(path, ".s.PGSQL."+strings.TrimSpace(lines[port])), nil
}

// refuse tells the program why there is no server, in the protocol's words.
func refuse(w io.Writer, err error) {
	b, encodeErr := (&pgproto3.ErrorResponse{Severity: "FATAL", Code: "08001", Message: err.Error()}).Encode(nil)
	if encodeErr == nil {
		_, _ = w.Write(b)
	}
}

// relay is a socket that leads to the server of a node.
type relay struct {
	dir      string // private to the user of the server
	listener net.Listener
	cancel   context.CancelFunc
	busy     sync.WaitGroup
}

// openRelay makes the socket under the name that libpq looks for.
func (s Server) openRelay(ctx context.Context, n node.Node, source pg.Settings) (*relay, error) {
	fail := func(err error) (*relay, error) {
		return nil, fmt.Errorf("cannot make a socket for %s: %w", Rewind, err)
	}
	parent := "/run" // short enough for a socket's name, and gone after a crash of the node
	if st, err := os.Stat(parent); err != nil || !st.IsDir() {
		parent = os.TempDir()
	}
	dir, err := os.MkdirTemp(parent, "pg-rex-")
	if err != nil {
		return fail(err)
	}
	r := &relay{dir: dir}
	path := filepath.Join(dir, ".s.PGSQL."+strconv.Itoa(s.Port))
	if r.listener, err = net.Listen("unix", path); err == nil {
		err = errors.Join(s.give(path), s.give(dir))
	}
	if err != nil {
		r.close()
		return fail(err)
	}
	ctx, r.cancel = context.WithCancel(ctx)
	r.busy.Add(1)
	go func() {
		defer r.busy.Done()
		for {
			conn, err := r.listener.Accept()
			if err != nil {
				return // closed
			}
			r.busy.Add(1)
			go func() {
				defer r.busy.Done()
				defer conn.Close()
				carry(ctx, n, source, conn)
			}()
		}
	}()
	return r, nil
}

// give makes the user of the server the owner.
func (s Server) give(path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Lchown(path, int(s.User.UID), int(s.User.GID))
}

// carry joins a connection with the server.
func carry(ctx context.Context, n node.Node, source pg.Settings, conn net.Conn) {
	server, err := relayStream.Open(ctx, n, source)
	if err != nil {
		refuse(conn, err)
		return
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(server, conn)
		_ = server.Close() // the program is gone
	}()
	_, _ = io.Copy(conn, server)
	_ = conn.Close() // the server is gone
	<-done
}

// close ends all connections and removes what openRelay has made.
func (r *relay) close() {
	if r.cancel != nil {
		r.cancel()
	}
	if r.listener != nil {
		_ = r.listener.Close()
	}
	r.busy.Wait()
	_ = os.RemoveAll(r.dir)
}
