package archive

import (
	"fmt"

	"pgrex/internal/message"
	"pgrex/internal/pg/wal"
)

// Slot is a replication slot that keeps WAL.
type Slot struct {
	Name    string
	Restart wal.LSN // no later than its restart_lsn
}

// Label is what the label of a base backup says.
type Label struct {
	File  string // the first WAL file that the backup needs
	Start wal.LSN
}

// Database is what a node says of its database.
type Database struct {
	Node        string
	SystemID    uint64
	SegmentSize int
	// Ancestry ends with the present timeline of a running primary, else with
	// that of the last checkpoint.
	Ancestry wal.Ancestry
	// Checkpoint is where the record of the last one is, and Redo where recovery
	// begins, on RedoTimeline. BackupStart is where a backup began whose recovery
	// has not come to an end, 0 without one.
	Checkpoint, Redo, BackupStart wal.LSN
	RedoTimeline                  wal.Timeline
	// Label is that of a restored backup that was never started.
	Label *Label
	// Replicating: it is a primary, or a standby to which WAL is streamed.
	Replicating bool
	Slots       []Slot
	// Oldest is the oldest WAL file in its pg_wal, "" without any.
	Oldest string
	// Common is where recovery begins from the last checkpoint that the database
	// shares with the other node's, where it has gone another way since.
	// NoCommon says why that was not found.
	Common   *Position
	NoCommon string
}

// Position is a place in the WAL.
type Position struct {
	Timeline wal.Timeline
	LSN      wal.LSN
}

// Strayed says where a database left the way of the other one, with more in it
// than the other one has, so that it has to be rewound to follow.
func Strayed(d, other Database) (wal.LSN, bool) {
	at, _, relation := wal.Fork(d.Ancestry, other.Ancestry)
	// A descendant has all that the other one has.
	return at, !d.Replicating && relation != wal.Same && relation != wal.DescendantOf && d.Checkpoint >= at
}

// Needs are what a database needs of the archive.
func (d Database) Needs(p message.Printer) ([]Need, error) {
	var needs []Need
	var failed error
	from := func(source string, t wal.Timeline, at wal.LSN, unusual bool) {
		n := NeedAt(source, t, at, d.SegmentSize)
		n.Unusual = unusual
		needs = append(needs, n)
	}
	file := func(source, name string) {
		n, err := NeedFile(source, name, d.SegmentSize)
		n.Unusual = true
		needs, failed = append(needs, n), err
	}
	database, rewind := p.Text(message.ARC035, "node", d.Node), p.Text(message.ARC037, "node", d.Node)
	from(database, d.RedoTimeline, d.Redo, !d.Replicating)
	if d.BackupStart != 0 {
		from(database, d.RedoTimeline, d.BackupStart, true)
	}
	if d.Label != nil {
		file(database, d.Label.File)
	}
	for _, s := range d.Slots {
		from(p.Text(message.ARC036, "slot", s.Name, "node", d.Node), d.Ancestry[d.Ancestry.At(s.Restart)].Timeline, s.Restart, true)
	}
	switch {
	case failed != nil:
	case d.Common != nil:
		from(rewind, d.Common.Timeline, d.Common.LSN, true)
	case d.NoCommon != "" && d.Oldest == "":
		failed = fmt.Errorf("%s has no WAL and has gone another way: %s", d.Node, d.NoCommon)
	case d.NoCommon != "":
		file(rewind, d.Oldest)
	}
	return needs, failed
}
