package doctor

import (
	"net/netip"

	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
)

// Server are the facts about the PostgreSQL server of a node. Without a
// definition, or without its user on the node, none is known.
type Server struct {
	User     Fact[pg.User] // pgdba
	Release  Fact[int]     // of the data directory, as of [pg.Instance.Version]
	Programs map[string]Program
	// Config is the configuration file that Lines are of.
	Config Config
	Lines  Fact[[]pg.ConfLine]
	// Settings are those in effect, by name: of the running server, else as the
	// files and the defaults of the release have them. Values are those of
	// pg_settings.
	Settings Fact[map[string]Setting]
	HBA      Fact[[]pg.HBARule]
	// Running says that there is a postmaster; Survey is what it says of itself.
	Running Fact[bool]
	Survey  Fact[pg.Survey]
	// Login is what a login of pgdba over the socket has ended with.
	Login       Fact[Login]
	Processes   Fact[Processes]
	Control     Fact[pg.Control]
	Ancestry    Fact[wal.Ancestry]
	Lock        Fact[Lock]
	Password    Fact[PasswordFile]
	Directories map[string]Directory // by what they are for
	// RecoveryConf and StandbySignal say that these files are in the data directory.
	RecoveryConf, StandbySignal Fact[bool]
	Units                       Fact[[]Unit]
	Runtime                     Fact[[]RuntimeDir]
	Libraries                   Fact[[]string] // files in the server's library directory
	Addresses                   Fact[[]netip.Prefix]
	Connections                 Fact[[]Connection]
	// Written is what the agent has last written of the standby settings, the
	// connection without its password.
	Written Fact[[]pg.ConfLine]
}

// Program is a program of the server.
type Program struct {
	Path    string
	Version string // as it says, "15.8"; "" when it does not
	Error   string
}

// Config says where the configuration file is.
type Config struct {
	Path   string // that was read
	Exists bool   // the one of the definition
	// Debian is the cluster of pg_createcluster that has this data directory.
	Debian *DebianCluster
}

// DebianCluster is a cluster of pg_createcluster.
type DebianCluster struct {
	Config string
	Start  string // start.conf: "auto", "manual" or "disabled"
	Unit   string // of systemd
}

// Setting is a setting in effect.
type Setting struct {
	Value string
	Where string // "file:line", else what set it: "default", "command line"
	// File says that a file sets it.
	File bool
	// Pending says that a file has another value that needs a restart.
	Pending bool
}

// Login is how a login over the socket went.
type Login struct {
	Error   string // "" when it succeeded
	Refused bool   // the server does not accept the user
}

// Processes are those of the data directory.
type Processes struct {
	pg.Processes
	// PIDFileAlive says that the process named by postmaster.pid lives, whatever
	// it is.
	PIDFileAlive bool
}

// Lock is the lock of the agent.
type Lock struct {
	Path     string
	Exists   bool
	Timeline wal.Timeline // of the primary that wrote it, 0 for an empty one
	Noted    bool         // it says who had all when that was stopped
}

// PasswordFile is pgdba's.
type PasswordFile struct {
	Path    string
	Exists  bool
	Mode    uint32
	UID     int
	Entries []PasswordEntry
}

// PasswordEntry is a line of it. Of two lines with the same password Secret is
// the same; the password itself stays on its node.
type PasswordEntry struct {
	Line                       int
	Host, Port, Database, User string
	Secret                     int
}

// The directories that are looked at.
const (
	dirData    = "data"
	dirWAL     = "wal"
	dirArchive = "archive"
	dirTmp     = "tmp"
)

// Directory is a directory of the server.
type Directory struct {
	Path   string // as configured
	Real   string // without links
	Exists bool
	Error  string // why it could not be looked at
	UID    int
	GID    int
	Mode   uint32
	Device uint64
	// Source is what is mounted there: a device, or host:/path.
	Source      string
	Free, Total int64 // bytes
	// Writable says that pgdba may write there.
	Writable bool
}

// Unit is a unit of systemd that starts PostgreSQL.
type Unit struct {
	Name, Enabled, Active string // as systemctl names the states
	Data                  string // PGDATA of its environment, "" for none
	// Wrapper says that it starts nothing itself: Debian's unit for all clusters.
	Wrapper bool
}

// RuntimeDir is a directory that the server needs and does not make.
type RuntimeDir struct {
	Setting, Path string
	Exists        bool
	// Volatile says that it is gone after a reboot; Made, that systemd-tmpfiles
	// makes it again.
	Volatile, Made bool
}

// Connection is a replication connection that was tried.
type Connection struct {
	To    string
	Error string // "" when it was opened
	// Refused says that the server does not accept it; else it may be down.
	Refused bool
}
