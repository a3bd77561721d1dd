package pg

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgpassfile"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sys/unix"
)

// Classes of errors of [Instance.Connect] and of the methods of [Session], for errors.Is.
var (
	// ErrNoServer: there is no socket, or nobody listens on it.
	ErrNoServer = errors.New("no server answers")
	// ErrStarting: SQLSTATE 57P01 to 57P03. The server is alive, and starting
	// up, recovering, or shutting down.
	ErrStarting = errors.New("the server is starting up or shutting down")
	// ErrTooMany: SQLSTATE 53300. The server is alive and has no free
	// connection for this user.
	ErrTooMany = errors.New("the server has no free connection")
	// ErrTimeout: something accepts connections or statements and did not
	// answer before the deadline.
	ErrTimeout = errors.New("no answer in time")
	// ErrAuth: SQLSTATE class 28. The server is alive and does not let the user in.
	ErrAuth = errors.New("the server does not accept the user")
	// ErrCut: the connection ended without a word, as when the server dies.
	ErrCut = errors.New("the server has ended the connection")
)

// serverError is an error with its class and a text of one line.
type serverError struct {
	text         string
	class, cause error
}

func (e *serverError) Error() string { return e.text }

func (e *serverError) Unwrap() []error {
	if e.class == nil {
		return []error{e.cause}
	}
	return []error{e.class, e.cause}
}

// SQLState returns the SQLSTATE of a server's error message in err, "" without one.
func SQLState(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// describe gives err its class. doing begins with "cannot".
func describe(ctx context.Context, doing string, err error) error {
	e := &serverError{cause: err}
	var pg *pgconn.PgError
	var netErr net.Error
	switch {
	case errors.As(err, &pg):
		// The code decides; the message may be in any language.
		e.text = fmt.Sprintf("%s: %s (SQLSTATE %s)", doing, pg.Message, pg.Code)
		switch {
		case pg.Code == "57P03", pg.Code == "57P01", pg.Code == "57P02":
			e.class = ErrStarting
		case pg.Code == "53300":
			e.class = ErrTooMany
		case strings.HasPrefix(pg.Code, "28"):
			e.class = ErrAuth
		case pg.Code == "57014": // statement_timeout, or our own cancellation
			e.class = ErrTimeout
		}
	case ctx.Err() != nil, errors.As(err, &netErr) && netErr.Timeout():
		e.class = ErrTimeout
		e.text = doing + ": no answer in time"
		if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.DeadlineExceeded) {
			e.text += ": " + cause.Error()
		}
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT):
		e.class = ErrNoServer
		e.text = doing + ": no server listens there"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), cutOff(err):
		e.class = ErrCut
		e.text = doing + ": the server has ended the connection"
	default:
		e.text = doing + ": " + err.Error()
	}
	e.text = oneLine(e.text)
	return e
}

// oneLine makes text fit for an exit reason.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
}

// Connect opens the session of an action. On a Unix socket the connection is
// made with the effective ids of the server's user, which is what the server
// sees for peer authentication. Nothing comes from the environment or from
// files of root: no PG* variable, no service or password file but pgdba's own.
func (i *Instance) Connect(ctx context.Context) (*Session, error) {
	host, err := i.host()
	if err != nil {
		return nil, err
	}
	doing := "cannot connect to " + net.JoinHostPort(host, strconv.Itoa(i.set.Port))
	if filepath.IsAbs(host) {
		doing = "cannot connect to " + filepath.Join(host, socketName(i.set.Port))
	}
	conf, err := i.connConfig(ctx, host)
	if err != nil {
		return nil, err
	}
	s := &Session{}
	first := &hearer{}
	conf.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		if network != "unix" {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}
		c, pid, err := dialUnix(ctx, i.set.User, address)
		// pgconn dials once more, beside us, to cancel what it gives up.
		if err != nil || first.Conn != nil {
			return c, err
		}
		s.serverPID, first.Conn = pid, c
		return first, nil
	}
	s.conn, err = pgconn.ConnectConfig(ctx, conf)
	if err != nil {
		if text := first.lastWords(); text != "" {
			err = &serverError{text: doing + ": " + text, cause: err}
			return nil, err
		}
		return nil, describe(ctx, doing, err)
	}
	first.heard, first.done = nil, true
	s.release = releaseOf(s.conn.ParameterStatus("server_version"))
	return s, nil
}

// hearer remembers how an answer begins.
type hearer struct {
	net.Conn
	heard []byte
	done  bool
}

const enoughHeard = 256

// Read keeps on where the server has cut the connection or says its last
// words: pgconn gives up on both before it has read to the end.
func (h *hearer) Read(b []byte) (int, error) {
	n, err := h.Conn.Read(b)
	h.hear(b[:n])
	if cutOff(err) || h.words() != nil {
		h.drain()
	}
	return n, err
}

// Write hears what the server had to say where it has closed already: one that
// cannot fork does so without waiting for the first message.
func (h *hearer) Write(b []byte) (int, error) {
	n, err := h.Conn.Write(b)
	if cutOff(err) {
		h.drain()
	}
	return n, err
}

func cutOff(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}

func (h *hearer) hear(b []byte) {
	if !h.done {
		h.heard = append(h.heard, b[:min(len(b), enoughHeard-len(h.heard))]...)
		h.done = len(h.heard) == enoughHeard
	}
}

// drain hears the rest. A cut is reported once, before what came ahead of it.
func (h *hearer) drain() {
	for tries := 0; !h.done; {
		var rest [enoughHeard]byte
		n, err := h.Conn.Read(rest[:])
		h.hear(rest[:n])
		if tries++; err != nil && (tries > 1 || !cutOff(err)) {
			h.done = true
		}
	}
}

// words is what a postmaster says that cannot fork: "E" and a line, in the
// protocol of before release 7.4, where a length would stand today. No message
// is as long as letters there would mean. Nil where it is something else.
func (h *hearer) words() []byte {
	const longest = 1 << 24
	if len(h.heard) < 5 || h.heard[0] != 'E' || binary.BigEndian.Uint32(h.heard[1:]) < longest {
		return nil
	}
	return h.heard[1:]
}

// lastWords is the line of a postmaster that cannot fork, "" without one.
func (h *hearer) lastWords() string {
	line, _, _ := bytes.Cut(h.words(), []byte{'\n'})
	return oneLine(string(line))
}

// connConfig builds the parameters of a connection. pgconn insists on parsing
// a connection string, and that merges PG* variables and files in root's home:
// every keyword that it knows is therefore given, and what it makes of the
// others is thrown away.
func (i *Instance) connConfig(ctx context.Context, host string) (*pgconn.Config, error) {
	// The one variable that cannot be overridden, only taken away: with it,
	// parsing fails when the service is not defined.
	if err := os.Unsetenv("PGSERVICE"); err != nil {
		return nil, err
	}
	conf, err := pgconn.ParseConfig(strings.Join([]string{
		"host=" + quoteConninfo(host), "port=" + strconv.Itoa(i.set.Port),
		"user=nobody password=x dbname=x passfile='' servicefile='' connect_timeout=0",
		"sslmode=prefer sslcert='' sslkey='' sslrootcert='' sslpassword='' sslsni=1 sslnegotiation=postgres sslcertmode=disable",
		"krbspn='' krbsrvname='' target_session_attrs=any channel_binding=prefer require_auth=''",
		"min_protocol_version=3.0 max_protocol_version=3.0",
	}, " "))
	if err != nil {
		return nil, fmt.Errorf("cannot connect to port %d of %q: %w", i.set.Port, host, err)
	}
	conf.ConnectTimeout = 0 // ctx has the deadline
	conf.KerberosSpn, conf.KerberosSrvName = "", ""
	conf.Database = i.set.DB
	conf.User = i.set.MonitorUser
	if conf.User == "" {
		conf.User = i.set.User.Name
	}
	conf.Password = i.set.MonitorPassword
	if conf.Password == "" {
		conf.Password = i.storedPassword(host, conf.Database, conf.User)
	}
	conf.RuntimeParams = map[string]string{
		"application_name": "pgsql-ra",
		"client_encoding":  "UTF8",
	}
	if deadline, ok := ctx.Deadline(); ok {
		// So that the server gives up as well when we do.
		ms := max(time.Until(deadline).Milliseconds(), 1)
		conf.RuntimeParams["statement_timeout"] = strconv.FormatInt(ms, 10)
	}
	return conf, nil
}

// ConninfoValue is a value as it stands in a connection string: itself where
// libpq takes it so, else quoted.
func ConninfoValue(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t\n\v\f\r'\\") {
		return s
	}
	return quoteConninfo(s)
}

// quoteConninfo quotes a value for a connection string (PostgreSQL manual,
// "Keyword/Value Connection Strings").
func quoteConninfo(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// storedPassword is that of pgdba's ~/.pgpass; like libpq we do not use a file
// that others may read.
func (i *Instance) storedPassword(host, database, user string) string {
	if i.set.User.Home == "" {
		return ""
	}
	path := filepath.Join(i.set.User.Home, ".pgpass")
	var text []byte
	err := As(i.set.User, func() error {
		st, err := os.Stat(path)
		if err != nil || !st.Mode().IsRegular() || st.Mode().Perm()&0o077 != 0 {
			return fs.ErrPermission
		}
		text, err = os.ReadFile(path)
		return err
	})
	if err != nil {
		return ""
	}
	f, err := pgpassfile.ParsePassfile(bytes.NewReader(text))
	if err != nil {
		return ""
	}
	port := strconv.Itoa(i.set.Port)
	if p := f.FindPassword(host, port, database, user); p != "" || !filepath.IsAbs(host) {
		return p
	}
	// "localhost" also stands for the default socket directory, which is
	// another one in each distribution.
	return f.FindPassword("localhost", port, database, user)
}

// host is what to connect to: the parameters in the order that psql would be
// given them, then what the running server wrote down, then the usual places.
func (i *Instance) host() (string, error) {
	switch {
	case i.set.Host != "":
		return i.set.Host, nil
	case i.set.SocketDir != "":
		return i.set.SocketDir, nil
	}
	dirs := []string{"/var/run/postgresql", "/tmp"}
	if dir := i.socketFromPIDFile(); dir != "" {
		dirs = append([]string{dir}, dirs...)
	}
	for _, dir := range dirs {
		if _, err := os.Lstat(filepath.Join(dir, socketName(i.set.Port))); err == nil {
			return dir, nil
		}
	}
	return "", &serverError{
		text:  fmt.Sprintf("cannot connect: no socket %s in %s", socketName(i.set.Port), strings.Join(dirs, ", ")),
		class: ErrNoServer, cause: fs.ErrNotExist,
	}
}

// socketFromPIDFile is line 5 of postmaster.pid: the first directory with a
// socket of the server (src/include/utils/pidfile.h).
func (i *Instance) socketFromPIDFile() string {
	b, err := i.readFile(filepath.Join(i.set.Data, "postmaster.pid"))
	if err != nil {
		return ""
	}
	lines := strings.Split(string(b), "\n")
	const socketDirLine = 5
	if len(lines) < socketDirLine {
		return ""
	}
	dir := strings.TrimSpace(lines[socketDirLine-1])
	if dir != "" && !filepath.IsAbs(dir) {
		dir = filepath.Join(i.set.Data, dir)
	}
	return dir
}

func socketName(port int) string { return ".s.PGSQL." + strconv.Itoa(port) }

// dialUnix connects as u, and tells which process listens.
//
// connect on a Unix socket ends at once, even when the server never accepts:
// the server sees the ids that the thread has at that moment (unix(7),
// SO_PEERCRED). With a full queue it says EAGAIN: a server that is alive and
// does not take connections.
func dialUnix(ctx context.Context, u User, path string) (net.Conn, int, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, 0, err
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close() // net.FileConn works on a duplicate
	for {
		err = As(u, func() error { return unix.Connect(fd, &unix.SockaddrUnix{Name: path}) })
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
			return nil, 0, err
		}
		select {
		case <-ctx.Done():
			return nil, 0, context.Cause(ctx)
		case <-time.After(waitInterval):
		}
	}
	// Of the listener, this is whoever called listen: the postmaster.
	pid := 0
	if cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
		pid = int(cred.Pid)
	}
	c, err := net.FileConn(f)
	return c, pid, err
}
