package pg

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"strconv"
	"time"

	"pgrex/internal/pg/wal"
)

// DBState is the state of the cluster as the control file has it. It is what
// the server wrote last: "in production" also after a crash.
type DBState int

// The states, numbered as in the file.
const (
	DBStartingUp DBState = iota
	DBShutDown
	DBShutDownInRecovery
	DBShuttingDown
	DBInCrashRecovery
	DBInArchiveRecovery
	DBInProduction
)

// String words the state as pg_controldata does in the C locale.
func (s DBState) String() string {
	names := [...]string{
		"starting up", "shut down", "shut down in recovery", "shutting down",
		"in crash recovery", "in archive recovery", "in production",
	}
	if s < 0 || int(s) >= len(names) {
		return "unrecognized status code " + strconv.Itoa(int(s))
	}
	return names[s]
}

// Control is what we use of global/pg_control.
type Control struct {
	SystemID uint64
	State    DBState
	// Checkpoint is the position of the last checkpoint (on a standby:
	// restartpoint) record and Redo where recovery from it begins. After a
	// clean shutdown of a primary nothing follows Checkpoint.
	Checkpoint, Redo wal.LSN
	// Timeline is that of the last checkpoint.
	Timeline wal.Timeline
	// MinRecovery is what a standby must reach before it is consistent; zero
	// on a primary. It follows what is replayed with some delay.
	MinRecovery         wal.LSN
	MinRecoveryTimeline wal.Timeline
	// BackupStart is where the base backup began that recovery has not got
	// beyond the end of yet, BackupEnd where it ended, if that is known; both
	// zero when there is no such backup. BackupEndRequired says that a record
	// of its end has still to come.
	BackupStart, BackupEnd wal.LSN
	BackupEndRequired      bool
	DataChecksums          bool
	WALLogHints            bool
	SegmentSize            int    // bytes of a WAL segment
	Catalog                uint32 // version of the catalogs, in names of directories in tablespaces
}

// controlLayout is where the fields are that have moved between releases:
// offsets in the struct ControlFileData of a 64-bit server, from the release's
// src/include/catalog/pg_control.h.
type controlLayout struct {
	copy        int // copy of the checkpoint record
	minRecovery int // and after it, always in one order, the backup's positions, wal_level and wal_log_hints
	segmentSize int
	checksums   int
	crc         int
}

// controlLayouts by version of the format, which is not that of the server.
// 9.6 and 10 also hold the previous checkpoint's position, 11 dropped it, 12
// widened the next transaction id in the checkpoint record, and 18 added a
// flag after the checksum version. 13 and 17 changed the number, not the place
// of what we read. The fixtures in testdata are proof for all but 9.6, of which
// there is no server to be had.
var controlLayouts = map[uint32]controlLayout{
	960:  {copy: 48, minRecovery: 136, segmentSize: 228, checksums: 252, crc: 256}, // 9.6
	1002: {copy: 48, minRecovery: 136, segmentSize: 228, checksums: 252, crc: 288}, // 10
	1100: {copy: 40, minRecovery: 128, segmentSize: 220, checksums: 244, crc: 280}, // 11
	1201: {copy: 40, minRecovery: 136, segmentSize: 228, checksums: 252, crc: 288}, // 12
	1300: {copy: 40, minRecovery: 136, segmentSize: 228, checksums: 252, crc: 288}, // 13 to 16
	1700: {copy: 40, minRecovery: 136, segmentSize: 228, checksums: 252, crc: 288}, // 17
	1800: {copy: 40, minRecovery: 136, segmentSize: 228, checksums: 252, crc: 292}, // 18
}

// errTorn says that the check sum of a control file is wrong.
var errTorn = errors.New("check sum does not match")

// Control reads the control file. That is done here and not with
// pg_controldata, which is missing where only the server package's libraries
// are, and costs a process.
func (i *Instance) Control() (Control, error) {
	path := filepath.Join(i.set.Data, "global", "pg_control")
	// The server overwrites the file in place: a reader can see half of it.
	const tries = 5
	var err error
	for range tries {
		var b []byte
		b, err = i.readFile(path)
		if err != nil {
			return Control{}, fmt.Errorf("cannot read %s: %w", path, reason(err))
		}
		var c Control
		c, err = parseControl(b)
		if err == nil {
			return c, nil
		}
		if !errors.Is(err, errTorn) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return Control{}, fmt.Errorf("cannot read %s: %w", path, err)
}

func parseControl(b []byte) (Control, error) {
	// Up to here the layout never changes ("Keep these fields at the same offset").
	const version = 8
	// The file is as long as a page to tell truncation; all we read is in the
	// first 512 bytes, which a disk writes at once.
	const used = 512
	if len(b) < used {
		return Control{}, fmt.Errorf("%d bytes are too few: %w", len(b), errTorn)
	}
	order := binary.NativeEndian
	v := order.Uint32(b[version:])
	l, ok := controlLayouts[v]
	if !ok {
		return Control{}, fmt.Errorf("control file version %d is not known", v)
	}
	sum := crc32.Checksum(b[:l.crc], crc32.MakeTable(crc32.Castagnoli))
	if sum != order.Uint32(b[l.crc:]) {
		return Control{}, errTorn
	}
	return Control{
		SystemID:            order.Uint64(b[0:]),
		State:               DBState(order.Uint32(b[16:])),
		Checkpoint:          wal.LSN(order.Uint64(b[32:])),
		Redo:                wal.LSN(order.Uint64(b[l.copy:])),
		Timeline:            wal.Timeline(order.Uint32(b[l.copy+8:])),
		MinRecovery:         wal.LSN(order.Uint64(b[l.minRecovery:])),
		MinRecoveryTimeline: wal.Timeline(order.Uint32(b[l.minRecovery+8:])),
		BackupStart:         wal.LSN(order.Uint64(b[l.minRecovery+16:])),
		BackupEnd:           wal.LSN(order.Uint64(b[l.minRecovery+24:])),
		BackupEndRequired:   b[l.minRecovery+32] != 0,
		WALLogHints:         b[l.minRecovery+40] != 0,
		DataChecksums:       order.Uint32(b[l.checksums:]) != 0,
		Catalog:             order.Uint32(b[12:]),
		SegmentSize:         int(order.Uint32(b[l.segmentSize:])),
	}, nil
}

// History reads the history file of a timeline. Timeline 1 has none.
func (i *Instance) History(t wal.Timeline) (wal.History, error) {
	if t <= 1 {
		return nil, nil
	}
	dir := "pg_wal"
	if v, err := i.Version(); err == nil && !since(v, 10) {
		dir = "pg_xlog"
	}
	path := filepath.Join(i.set.Data, dir, t.File())
	b, err := i.readFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", path, err)
	}
	h, err := wal.ParseHistory(b)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", path, err)
	}
	return h, nil
}
