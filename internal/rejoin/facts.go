// Package rejoin decides how the data of a stopped node can follow a primary
// again: as it is, after a rewind, or as a new base backup; and whether a node
// may be started as primary beside what the other one has.
//
// Facts are gathered on the node that they are about ([GatherLocal],
// [GatherPrimary]). Data that is damaged is a fact too and no error: it rules
// out what needs it. What follows from the facts of both nodes is decided
// without looking at anything else ([Decide], [PrimaryStart]).
package rejoin

import (
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
)

// In names what to look at on a node.
type In struct {
	// Server describes the server there. Of its User the name alone counts.
	Server  pg.Settings
	Archive string // directory of archived WAL
	Journal string // directory where an unfinished rebuild is recorded
}

// Local is the data of a node whose server is stopped.
type Local struct {
	Data, ArchiveDir string
	// Exists says that the data directory has something of a database in it.
	Exists bool
	// Version is the release of the data, Installed that of the server
	// program, as of [pg.Instance.Version]; 0 if unknown.
	Version, Installed int
	// Control is nil when the control file cannot be read, and Damage says why.
	Control *pg.Control
	Damage  string
	// Unfinished is what has left the data half done, "" when nothing has;
	// Rewound says that it was a rewind.
	Unfinished string
	Rewound    bool
	// BackupLabel says that this is a base backup not yet recovered.
	BackupLabel bool
	// Ancestry is empty when the history of the data is not known.
	Ancestry wal.Ancestry
	// End is the end of the WAL. Without WALKnown it is empty, and WALDamage
	// says what is wrong with the WAL.
	End       pg.WALEnd
	WALKnown  bool
	WALDamage string
	// WAL are the names of the segments in the WAL directory up to the end,
	// Archive those of the files in the archive that PostgreSQL archives.
	WAL, Archive []string
	// ArchiveSystem is the system identifier in the newest archived segment
	// that could be looked into, 0 without one.
	ArchiveSystem uint64
}

// Primary is a running primary.
type Primary struct {
	pg.Source
	SystemID    uint64
	SegmentSize int
	// Checkpointed is the timeline in its control file. After a promotion it is
	// older than Timeline until a checkpoint has been made, and pg_rewind
	// would go by it.
	Checkpointed wal.Timeline
	// Ancestry is empty when the history file of its timeline is missing.
	Ancestry wal.Ancestry
	// WALDir is where its WAL is when that is outside of the data directory.
	WALDir string
	// VersionDir is the directory of its release in every tablespace.
	VersionDir   string
	WAL, Archive []string
}

// Release is its major release, as of [pg.Instance.Version].
func (p Primary) Release() int {
	if p.VersionNum < 100000 {
		return p.VersionNum / 100 // 90624
	}
	return p.VersionNum / 10000
}

// position is where data of l ends as far as is known: the end of its WAL, or
// what the control file vouches for when WAL is missing that nothing needs.
func (l Local) position() (wal.LSN, bool) {
	switch {
	case l.Control == nil:
		return 0, false
	case l.WALKnown:
		return max(l.End.End, l.Control.MinRecovery), true
	}
	switch l.Control.State {
	case pg.DBShutDown, pg.DBShutDownInRecovery, pg.DBInArchiveRecovery:
		// The checkpoint was the last record, or a standby has written no page
		// that MinRecovery does not cover.
		return max(l.Control.MinRecovery, l.Control.Checkpoint+1), true
	}
	return 0, false
}

// timeline is that of the data, by the control file if its history is not known.
func (l Local) timeline() wal.Timeline {
	if t := l.Ancestry.Timeline(); t != 0 {
		return t
	}
	return max(l.Control.Timeline, l.Control.MinRecoveryTimeline)
}
