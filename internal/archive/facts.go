package archive

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
	"pgrex/internal/run"
)

// ReadDatabase looks at the database of a node. Settings describe its server;
// of their User the name alone counts, the node has ids of its own for it. Port
// 0 is that at which the server runs.
func ReadDatabase(ctx context.Context, n node.Node, set pg.Settings, archive string) (Database, error) {
	return readDatabase.On(ctx, n, databaseIn{n.Name(), set, archive})
}

type databaseIn struct {
	Node    string
	Server  pg.Settings
	Archive string
}

func (in databaseIn) instance(ctx context.Context) (*pg.Instance, error) {
	set := in.Server
	if set.Port == 0 {
		set.Port = portOf(set.Data)
	}
	return pg.Here(ctx, set)
}

// portOf is where the running server of a data directory listens: line 4 of
// postmaster.pid (src/include/utils/pidfile.h).
func portOf(data string) int {
	b, _ := os.ReadFile(filepath.Join(data, "postmaster.pid")) // none: nothing is asked of a server that is down
	const portLine, usual = 4, 5432
	if lines := strings.Split(string(b), "\n"); len(lines) >= portLine {
		if port, err := strconv.Atoi(strings.TrimSpace(lines[portLine-1])); err == nil {
			return port
		}
	}
	return usual
}

var readDatabase = node.Define("archive-database", func(ctx context.Context, in databaseIn) (Database, error) {
	server, err := in.instance(ctx)
	if err != nil {
		return Database{}, err
	}
	c, err := server.Control()
	if err != nil {
		return Database{}, message.Fail(message.ARC009, "node", in.Node, "path", in.Server.Data).Because(err)
	}
	d := Database{
		Node: in.Node, SystemID: c.SystemID, SegmentSize: c.SegmentSize,
		Checkpoint: c.Checkpoint, Redo: c.Redo, RedoTimeline: c.Timeline, BackupStart: c.BackupStart,
	}
	if d.Oldest, err = oldestFile(server.WALDir(), c.SegmentSize); err != nil {
		return Database{}, err
	}
	label, err := readLabel(in.Server.Data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Database{}, err
	}
	d.Label = label
	procs, err := server.Processes()
	if err != nil {
		return Database{}, err
	}
	timeline := c.Timeline
	if procs.Postmaster != 0 {
		if timeline, err = d.ask(ctx, server, c); err != nil {
			return Database{}, err
		}
	}
	h, err := server.History(timeline)
	if err != nil {
		return Database{}, err
	}
	d.Ancestry = h.Ancestry(timeline)
	return d, server.Marks(ctx, c, d.Ancestry, in.Archive)
})

// ask asks a running server what no file says, and for its present timeline.
func (d *Database) ask(ctx context.Context, server *pg.Instance, c pg.Control) (wal.Timeline, error) {
	s, err := server.Connect(ctx)
	if err != nil && c.State == pg.DBInArchiveRecovery {
		return c.Timeline, nil // a standby that takes no connections yet has no slots that count
	}
	if err != nil {
		return 0, err
	}
	defer s.Close()
	st, err := s.State(ctx)
	if err != nil {
		return 0, err
	}
	d.Replicating = !st.InRecovery || st.ReceiverStatus == "streaming"
	if st.InRecovery {
		return c.Timeline, nil
	}
	slots, err := s.Slots(ctx)
	for _, slot := range slots {
		if slot.Retained > 0 && !slot.Lost {
			// The distance is to a position at least as new as the one read before.
			d.Slots = append(d.Slots, Slot{slot.Name, st.Current - min(st.Current, wal.LSN(slot.Retained))})
		}
	}
	return st.Timeline, err
}

// oldestFile is the oldest segment in a directory, "" without one.
func oldestFile(dir string, segmentSize int) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	oldest, number := "", wal.Segment(0)
	for _, e := range entries {
		n, ok := wal.ParseName(e.Name())
		if !ok || n.Kind != wal.SegmentKind || n.Suffix != "" {
			continue
		}
		if segment, ok := n.Segment(segmentSize); ok && (oldest == "" || segment < number) {
			oldest, number = e.Name(), segment
		}
	}
	return oldest, nil
}

func readLabel(data string) (*Label, error) {
	path := filepath.Join(data, "backup_label")
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	l, err := ParseLabel(b)
	if err != nil {
		return nil, message.Fail(message.CMN013, "path", path)
	}
	return &l, nil
}

// labelLine is the first line of backup_label.
var labelLine = regexp.MustCompile(`^START WAL LOCATION: ([0-9A-Fa-f]+/[0-9A-Fa-f]+) \(file ([0-9A-F]{24})\)\r?\n`)

// ParseLabel reads a backup_label.
func ParseLabel(b []byte) (Label, error) {
	m := labelLine.FindSubmatch(b)
	if m == nil {
		return Label{}, errors.New("the first line is not START WAL LOCATION")
	}
	at, err := wal.ParseLSN(string(m[1]))
	return Label{File: string(m[2]), Start: at}, err
}

// Backup is a base backup, a plain directory.
type Backup struct {
	Label    Label
	SystemID uint64 // 0 if its control file cannot be read
}

// ReadBackup looks at a base backup on a node.
var ReadBackup = node.Define("archive-backup", func(_ context.Context, dir string) (Backup, error) {
	if info, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return Backup{}, message.Fail(message.ARC007, "path", dir)
	}
	label, err := readLabel(dir)
	if errors.Is(err, fs.ErrNotExist) {
		err = message.Fail(message.CMN013, "path", filepath.Join(dir, "backup_label")).Because(err)
	}
	if err != nil {
		return Backup{}, err
	}
	b := Backup{Label: *label}
	if c, err := pg.New(pg.Settings{Data: dir}, run.Local{}).Control(); err == nil {
		b.SystemID = c.SystemID
	}
	return b, nil
})

type checkpointIn struct {
	Database databaseIn
	Before   wal.LSN
}

// CommonCheckpoint finds the last checkpoint of a stopped database before a
// position, where another one has gone another way, and answers where recovery
// from it begins. That is what pg_rewind, and the start after it, need.
func CommonCheckpoint(ctx context.Context, n node.Node, set pg.Settings, archive string, before wal.LSN) (Position, error) {
	return commonCheckpoint.On(ctx, n, checkpointIn{databaseIn{n.Name(), set, archive}, before})
}

var commonCheckpoint = node.Define("archive-common-checkpoint", func(ctx context.Context, in checkpointIn) (Position, error) {
	server, err := in.Database.instance(ctx)
	if err != nil {
		return Position{}, err
	}
	c, err := server.Control()
	if err != nil {
		return Position{}, err
	}
	h, err := server.History(c.Timeline)
	if err != nil {
		return Position{}, err
	}
	a := h.Ancestry(c.Timeline)
	at, err := server.LastCheckpoint(ctx, c, a, in.Before, in.Database.Archive, nil)
	if err != nil {
		return Position{}, err
	}
	if at == 0 {
		return Position{}, fmt.Errorf("there is no checkpoint before %v in the WAL that is left", in.Before)
	}
	return redo([]string{server.WALDir(), in.Database.Archive}, a, at, c.SegmentSize)
})

// redo reads what a checkpoint record begins with: where recovery from it
// begins, and on which timeline (src/include/catalog/pg_control.h). The headers
// of the record and of its data come before.
func redo(dirs []string, a wal.Ancestry, at wal.LSN, segmentSize int) (Position, error) {
	const recordHeader, dataHeader, lsnSize, timelineSize = 24, 2, 8, 4
	var b [lsnSize + timelineSize]byte
	for i := range b {
		pos := wal.RecordEnd(at, uint32(recordHeader+dataHeader+i+1), segmentSize) - 1
		if err := readByte(dirs, a[a.At(at):], pos, segmentSize, b[i:i+1]); err != nil {
			return Position{}, err
		}
	}
	return Position{
		Timeline: wal.Timeline(binary.NativeEndian.Uint32(b[lsnSize:])),
		LSN:      wal.LSN(binary.NativeEndian.Uint64(b[:])),
	}, nil
}

// readByte reads a byte of the WAL. A segment in which a timeline ends is there
// under the name of the next one, too.
func readByte(dirs []string, a wal.Ancestry, at wal.LSN, segmentSize int, b []byte) error {
	err := fs.ErrNotExist
	for _, span := range a {
		name, offset := wal.SegmentFile(span.Timeline, at, segmentSize)
		for _, dir := range dirs {
			var f *os.File
			if f, err = os.Open(filepath.Join(dir, name)); err == nil {
				_, err = f.ReadAt(b, offset)
				f.Close()
				return err
			}
		}
	}
	return err
}
