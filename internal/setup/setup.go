// Package setup prepares a node for a PG-REX cluster: directories, the first
// database, its settings and access rules, the password file, and what the
// operating system must not do by itself. It does what the set-up pages of the
// manual do by hand.
//
// A run looks ([Observe]), decides ([Plan], [Refusals], [Notes], which are pure)
// and, when the operator agrees, carries out step by step ([Setup.Apply]).
// A second run finds nothing to do. A run that was interrupted, at whatever
// point, is taken up by the next one: every step is whole or has not happened,
// and a database has its name only when it is complete.
package setup

import (
	"net/netip"
	"path/filepath"

	"pgrex/internal/pg"
)

// Role is what the node is set up to be first. Later the roles change.
type Role int

// The roles. A standby gets its database from the primary, by the command that
// starts it.
const (
	Primary Role = iota
	Standby
)

// Wanted is how the node is to be.
type Wanted struct {
	Role Role
	// User owns the server and its files.
	User pg.User
	// Bin is the directory of PostgreSQL's programs.
	Bin string
	// Data, WAL and Archive are absolute paths.
	Data, WAL, Archive string
	// Own and Peer are the addresses of the nodes in the D-LAN, VIPRep is the
	// floating one there.
	Own, Peer, VIPRep netip.Addr
	RepUser           string
	Port              int
	// Password is that of RepUser; empty when it is in the password file already.
	Password string
	// Helper is the program that archive_command calls; empty for cp.
	Helper string
}

// Dir is what is known of a directory, or of what is in its place.
type Dir struct {
	Exists, IsDir bool
	UID           uint32
	Mode          uint32 // permission bits
	// Names are those of its entries, at most [maxNames] of them.
	Names []string
	// Mount says that a file system begins here.
	Mount bool
}

// maxNames is how many entries of a directory are looked at.
const maxNames = 20

// File is a text file as it is.
type File struct {
	Path   string
	Exists bool
	Text   string
	UID    uint32
	Mode   uint32 // permission bits
}

// Unit is a service of the init system.
type Unit struct {
	Name    string // with .service
	Enabled bool
	// Data is the data directory that it starts a server on, where it says so.
	Data string
}

// DebianCluster is a server that Debian's tools manage.
type DebianCluster struct {
	Name      string // release/name, as pg_lsclusters has it
	Data      string
	Port      int
	StartConf File // says whether it starts by itself
	Running   bool
}

// Observed is what there is on the node.
type Observed struct {
	// Release is the major release of the programs: 906 for 9.6, 10 to 18.
	Release int
	// SocketDir is where the server puts its socket unless it is told otherwise.
	SocketDir string
	// Dirs are the directories that matter, by path: those of data, WAL, archive
	// and socket, and the ones above data and WAL.
	Dirs map[string]Dir
	// DataRelease is the release of the database in the data directory, 0 when
	// there is none.
	DataRelease int
	// Unfinished says that an interrupted set-up has left its directory, and
	// UnfinishedWAL that this one's WAL is in the WAL directory.
	Unfinished, UnfinishedWAL bool
	// Conf, HBA and Own are postgresql.conf, pg_hba.conf and the file with our
	// settings, of the database that is there.
	Conf, HBA, Own File
	// Effective are the values that a server started now would have, as
	// postgres -C prints them.
	Effective map[string]string
	// ConfError says why those cannot be had.
	ConfError string
	// PgPass is the password file of the server's user.
	PgPass File
	// Pacemaker is the file with Pacemaker's environment; without a path there
	// is no Pacemaker.
	Pacemaker File
	// Units are services that start at boot.
	Units []Unit
	// UnitsError says why the init system could not be asked.
	UnitsError string
	Debian     []DebianCluster
	// RuntimeListed says that systemd-tmpfiles makes the socket directory, which
	// is gone after a reboot; Tmpfiles is the file of ours for that.
	RuntimeListed bool
	Tmpfiles      File
}

// since says whether a release is major or newer.
func since(release, major int) bool { return release >= major && release < 900 }

// staging is where a database is made before it gets its name.
func (w Wanted) staging() string {
	return filepath.Join(filepath.Dir(w.Data), "."+filepath.Base(w.Data)+".pg-rex-init")
}
