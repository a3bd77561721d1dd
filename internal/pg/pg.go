// Package pg owns one PostgreSQL instance on this node: which processes it
// is, how to talk to it, its control file, and the files that configure it as
// primary or standby. It decides nothing about the cluster and knows nothing
// of Pacemaker.
//
// Processes are recognised by what the kernel says about them, SQL goes over
// one connection that is opened as the operating system user of the server,
// and files are written as that user. Nothing passes through a shell except
// the server options of pg_ctl, which quotes are put around in one place.
package pg

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"pgrex/internal/run"
)

// Settings say where the instance is and how to reach it. They are the agent's
// parameters, already checked.
type Settings struct {
	// PgCtl is the program, possibly with options after a blank and a hyphen.
	PgCtl    string
	StartOpt string // appended to the options of the server
	CtlOpt   string // appended to pg_ctl at start
	Data     string // data directory
	Config   string // postgresql.conf
	// Host is what the server listens on and what we connect to: a host name
	// or address, or a directory when it begins with a slash. May be empty.
	Host string
	Port int
	// Libs goes to LD_LIBRARY_PATH; empty means that the variable is left alone.
	Libs string
	// MonitorUser is the database user; empty means the name of User.
	MonitorUser     string
	MonitorPassword string
	DB              string
	LogFile         string
	SocketDir       string
	TmpDir          string
	// User owns the server. The zero User, for when the name service cannot
	// tell, makes everything happen as the present user.
	User User
}

// Instance is one PostgreSQL instance on this node.
type Instance struct {
	set Settings
	run run.Runner
	// started is what pg_ctl said at the last Start.
	started startTrace
}

// New returns the instance that s describes. It touches nothing.
func New(s Settings, r run.Runner) *Instance {
	return &Instance{set: s, run: r}
}

// Settings returns what the instance was made with.
func (i *Instance) Settings() Settings { return i.set }

// ErrPerm is the class of errors that say that a file or directory cannot be
// used by the user of the server.
var ErrPerm = errors.New("not usable by the user of the server")

// Version returns the major release that the data directory was made by: 12
// to 18 as they are, 906 for 9.6; 0 with an error if it cannot be read.
func (i *Instance) Version() (int, error) {
	path := filepath.Join(i.set.Data, "PG_VERSION")
	b, err := i.readFile(path)
	if err != nil {
		return 0, fmt.Errorf("cannot read %s: %w", path, reason(err))
	}
	text := strings.TrimSpace(string(b))
	major, minor, dotted := strings.Cut(text, ".")
	m, err := strconv.Atoi(major)
	if err != nil || m <= 0 {
		return 0, fmt.Errorf("cannot read %s: %q is not a version", path, text)
	}
	if !dotted {
		return m, nil
	}
	n, err := strconv.Atoi(minor)
	if err != nil || n < 0 || n > 99 {
		return 0, fmt.Errorf("cannot read %s: %q is not a version", path, text)
	}
	return m*100 + n, nil
}

// since reports whether release v, as of [Instance.Version], is major or newer.
func since(v, major int) bool { return v >= major && v < 900 }

// Since reports whether a release, as of [Instance.Version], is major or newer.
func Since(release, major int) bool { return since(release, major) }

// readFile reads a file as the user of the server: root has no rights on an
// NFS export with root_squash, and should not be led to read for pgdba what
// pgdba may not.
func (i *Instance) readFile(path string) ([]byte, error) {
	var b []byte
	err := As(i.set.User, func() error {
		var err error
		b, err = os.ReadFile(path)
		return err
	})
	return b, err
}

// reason takes the path out of err where the message around it names it already.
func reason(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
