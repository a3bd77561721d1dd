package pg

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"pgrex/internal/pg/wal"
)

// WALEnd is how far the WAL of a stopped server goes.
type WALEnd struct {
	// End is where the next record would go, Last where the last one begins.
	End, Last wal.LSN
	// Timeline is the one that the last record is on.
	Timeline wal.Timeline
}

// ErrNoWAL says that the WAL cannot be read from where recovery would begin:
// it is missing or damaged there.
var ErrNoWAL = errors.New("no readable WAL where recovery begins")

// Progress is told how many bytes of how many have been read.
type Progress func(read, total int64)

// WALDir is the directory with the WAL, with links followed as far as possible.
func (i *Instance) WALDir() string {
	name := "pg_wal"
	if v, err := i.Version(); err == nil && !since(v, 10) {
		name = "pg_xlog"
	}
	path := filepath.Join(i.set.Data, name)
	var real string
	if err := As(i.set.User, func() (err error) { real, err = filepath.EvalSymlinks(path); return err }); err != nil {
		return path
	}
	return real
}

// WALWritten is when WAL was written last, zero for never: the newest change of a
// segment, because the server writes into files of full length. A segment is
// renamed unchanged when it is used again.
func (i *Instance) WALWritten() (time.Time, error) {
	var last time.Time
	dir := i.WALDir()
	err := As(i.set.User, func() error {
		files, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, f := range files {
			info, err := f.Info()
			if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
				continue
			}
			if err != nil {
				return err
			}
			if info.ModTime().After(last) {
				last = info.ModTime()
			}
		}
		return nil
	})
	return last, err
}

// WALEnd finds the end of the WAL in the data directory of a stopped server:
// the last record of an unbroken chain from the REDO point along the given
// ancestry, which must be one of the timeline in c.
//
// Of segments that are followed by another one, all but the last are only
// checked to be there and to be what their names say. The server syncs a
// segment before it begins the next, so a chain can break off only in the last
// one. The records in it and in the one before are read.
func (i *Instance) WALEnd(ctx context.Context, c Control, a wal.Ancestry, progress Progress) (WALEnd, error) {
	r, err := i.walReader(ctx, c, a, progress)
	if err != nil {
		return WALEnd{}, err
	}
	defer r.close()
	first := wal.SegmentOf(c.Redo, c.SegmentSize)
	last := first
	for {
		if _, err := r.page((last + 1).Start(c.SegmentSize)); errors.Is(err, errEndOfWAL) {
			break
		} else if err != nil {
			return WALEnd{}, err
		}
		last++
	}
	begin := first
	if last > first {
		begin = last - 1
	}
	r.total = int64(uint64(last-begin+1) * uint64(c.SegmentSize))
	for ; ; begin-- {
		at := c.Redo
		if begin > first {
			if at, err = r.firstRecord(begin); errors.Is(err, errEndOfWAL) {
				continue // one record fills the segment
			} else if err != nil {
				return WALEnd{}, err
			}
		}
		end, err := r.chain(at, wal.Unended, nil)
		if err != nil {
			return WALEnd{}, err
		}
		if end.Last != 0 {
			return end, nil
		}
		if begin == first {
			return WALEnd{}, fmt.Errorf("cannot read the WAL at %v: %w", c.Redo, ErrNoWAL)
		}
	}
}

// LastCheckpoint finds the last checkpoint record that begins before a position
// of the ancestry: what pg_rewind goes back to from a fork there. Zero says
// that there is none in the WAL that is left, be it in the data directory or,
// not compressed, in the archive.
func (i *Instance) LastCheckpoint(ctx context.Context, c Control, a wal.Ancestry, before wal.LSN, archive string, progress Progress) (wal.LSN, error) {
	r, err := i.walReader(ctx, c, a, progress)
	if err != nil {
		return 0, err
	}
	defer r.close()
	r.dirs = append(r.dirs, archive)
	if before == 0 {
		return 0, nil
	}
	for s := wal.SegmentOf(before-1, c.SegmentSize); ; s-- {
		var found wal.LSN
		at, err := r.firstRecord(s)
		if err == nil && at < before {
			r.total += int64(c.SegmentSize)
			_, err = r.chain(at, min(before, (s+1).Start(c.SegmentSize)), func(rec record) {
				if rec.checkpoint() {
					found = rec.at
				}
			})
		}
		switch {
		case found != 0:
			return found, nil
		case err != nil && !errors.Is(err, errEndOfWAL):
			return 0, err
		case err != nil && !r.has(s), s == 0:
			return 0, nil
		}
	}
}

// Marks puts the check sum of its first record to each timeline of an ancestry,
// as far as the WAL that is left has it.
func (i *Instance) Marks(ctx context.Context, c Control, a wal.Ancestry, archive string) error {
	r, err := i.walReader(ctx, c, a, nil)
	if err != nil {
		return err
	}
	defer r.close()
	r.dirs = append(r.dirs, archive)
	for n := range a {
		if n == 0 || a[n].End == a.Begin(n) {
			continue // the first timeline is as unique as the system identifier
		}
		rec, err := r.record(a.Begin(n), 0)
		if err == nil {
			a[n].Mark = rec.crc
		} else if !errors.Is(err, errEndOfWAL) {
			return err
		}
	}
	return nil
}

// Of the WAL's format we use what has not changed from release 9.5 on
// (src/include/access/xlog_internal.h, xlogrecord.h). The page magic, another
// one in each release, is of no use to us.
const (
	shortHeader, longHeader = 24, 40
	firstIsContRecord       = 0x0001
	hasLongHeader           = 0x0002
	firstIsOverwrite        = 0x0008
	recordHeader            = 24
	maxRecord               = 1020 << 20
	xlogManager             = 0 // of resource managers, the one of the WAL itself
	xlogSwitch              = 0x40
	xlogCheckpointShutdown  = 0x00
	xlogCheckpointOnline    = 0x10
)

// errEndOfWAL says that what is there is no valid WAL.
var errEndOfWAL = errors.New("no valid WAL")

// walReader reads the WAL along an ancestry.
type walReader struct {
	ctx      context.Context
	user     User
	dirs     []string
	size     int
	system   uint64
	ancestry wal.Ancestry
	progress Progress
	total    int64
	done     int64

	file     *os.File
	segment  wal.Segment
	timeline wal.Timeline // that the file is named after
	chunk    []byte
	chunkAt  wal.LSN
}

func (i *Instance) walReader(ctx context.Context, c Control, a wal.Ancestry, progress Progress) (*walReader, error) {
	if !wal.ValidSegmentSize(c.SegmentSize) {
		return nil, fmt.Errorf("cannot read the WAL: %d bytes are no segment size", c.SegmentSize)
	}
	if progress == nil {
		progress = func(int64, int64) {}
	}
	return &walReader{
		ctx: ctx, user: i.set.User, dirs: []string{i.WALDir()}, size: c.SegmentSize, system: c.SystemID,
		ancestry: a, progress: progress, chunk: make([]byte, 0, 128<<10),
	}, nil
}

func (r *walReader) close() {
	if r.file != nil {
		_ = r.file.Close()
		r.file = nil
	}
}

// open opens the file of a segment: like the server, that of the newest
// timeline that can have it.
func (r *walReader) open(s wal.Segment) error {
	if r.file != nil && r.segment == s {
		return nil
	}
	r.close()
	r.chunk = r.chunk[:0]
	for n := len(r.ancestry) - 1; n >= 0; n-- {
		if wal.SegmentOf(r.ancestry.Begin(n), r.size) > s {
			continue
		}
		for _, dir := range r.dirs {
			path := filepath.Join(dir, s.File(r.ancestry[n].Timeline, r.size))
			err := As(r.user, func() (err error) { r.file, err = os.Open(path); return err })
			if err == nil {
				r.segment, r.timeline = s, r.ancestry[n].Timeline
				return nil
			}
			r.file = nil
			if !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("cannot read %s: %w", path, reason(err))
			}
		}
	}
	return errEndOfWAL
}

// has says whether there is a file of the segment.
func (r *walReader) has(s wal.Segment) bool { return r.open(s) == nil }

// page is the page that begins at a position, its header checked.
func (r *walReader) page(at wal.LSN) ([]byte, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, context.Cause(r.ctx)
	}
	if err := r.open(wal.SegmentOf(at, r.size)); err != nil {
		return nil, err
	}
	if len(r.chunk) == 0 || at < r.chunkAt || at >= r.chunkAt+wal.LSN(len(r.chunk)) {
		r.chunk = r.chunk[:cap(r.chunk)]
		r.chunkAt = at - at%wal.LSN(len(r.chunk))
		n, err := r.file.ReadAt(r.chunk, int64(r.chunkAt-r.segment.Start(r.size)))
		r.chunk = r.chunk[:n-n%wal.PageSize]
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("cannot read %s: %w", r.file.Name(), reason(err))
		}
		if r.total > 0 {
			r.done = min(r.done+int64(n), r.total)
			r.progress(r.done, r.total)
		}
		if at >= r.chunkAt+wal.LSN(len(r.chunk)) {
			return nil, errEndOfWAL // the file is too short
		}
	}
	p := r.chunk[at-r.chunkAt:][:wal.PageSize]
	o := binary.NativeEndian
	long := o.Uint16(p[2:])&hasLongHeader != 0
	if wal.Timeline(o.Uint32(p[4:])) != r.ancestry[r.ancestry.At(at)].Timeline || wal.LSN(o.Uint64(p[8:])) != at ||
		long != (at == r.segment.Start(r.size)) ||
		long && (o.Uint64(p[24:]) != r.system || int(o.Uint32(p[32:])) != r.size || o.Uint32(p[36:]) != wal.PageSize) {
		return nil, errEndOfWAL
	}
	return p, nil
}

// headerOf is the length of a page's header.
func headerOf(p []byte) uint64 {
	if binary.NativeEndian.Uint16(p[2:])&hasLongHeader != 0 {
		return longHeader
	}
	return shortHeader
}

// record is one record of the WAL.
type record struct {
	at, prev, end wal.LSN
	crc           uint32
	info, manager byte
}

func (r record) is(info byte) bool { return r.manager == xlogManager && r.info&0xF0 == info }

func (r record) checkpoint() bool { return r.is(xlogCheckpointShutdown) || r.is(xlogCheckpointOnline) }

func align(n uint64) uint64 { return (n + 7) &^ 7 }

// record reads and checks the record at a position. With prev not 0 it must be
// the one that follows that.
func (r *walReader) record(at, prev wal.LSN) (record, error) {
again:
	start := at - at%wal.PageSize
	p, err := r.page(start)
	if err != nil {
		return record{}, err
	}
	o := binary.NativeEndian
	off, head := uint64(at-start), headerOf(p)
	if off == 0 {
		off = head
		at += wal.LSN(head)
	}
	if r.timeline < r.ancestry[r.ancestry.At(at)].Timeline {
		return record{}, errEndOfWAL // the ancestry has left this file's timeline
	}
	if off < head || off == head && o.Uint16(p[2:])&firstIsContRecord != 0 {
		return record{}, errEndOfWAL
	}
	length := uint64(o.Uint32(p[off:]))
	if length < recordHeader || length > maxRecord {
		return record{}, errEndOfWAL
	}
	rec := record{at: at}
	var header [recordHeader]byte
	var sum uint32
	table := crc32.MakeTable(crc32.Castagnoli)
	for got := uint64(0); ; {
		n := min(length-got, wal.PageSize-off)
		part := p[off : off+n]
		if got < recordHeader {
			k := copy(header[got:], part)
			if got+uint64(k) == recordHeader {
				rec.prev = wal.LSN(o.Uint64(header[8:]))
				if prev != 0 && rec.prev != prev || rec.prev >= at {
					return record{}, errEndOfWAL
				}
			}
			part = part[k:]
		}
		sum = crc32.Update(sum, table, part)
		if got += n; got == length {
			rec.end = start + wal.LSN(off+align(n))
			break
		}
		start += wal.PageSize
		if p, err = r.page(start); err != nil {
			return record{}, err
		}
		flags := o.Uint16(p[2:])
		if flags&firstIsOverwrite != 0 {
			// The server has found, after a crash, that the rest was never
			// written, and goes on with another record.
			at = start
			goto again
		}
		if flags&firstIsContRecord == 0 || uint64(o.Uint32(p[16:])) != length-got {
			return record{}, errEndOfWAL
		}
		off = headerOf(p)
	}
	rec.crc = o.Uint32(header[20:])
	if crc32.Update(sum, table, header[:20]) != rec.crc {
		return record{}, errEndOfWAL
	}
	rec.info, rec.manager = header[16], header[17]
	if rec.is(xlogSwitch) {
		rec.end = (wal.SegmentOf(rec.end-1, r.size) + 1).Start(r.size)
	}
	return rec, nil
}

// firstRecord is where the first record that begins in a segment begins.
func (r *walReader) firstRecord(s wal.Segment) (wal.LSN, error) {
	for at := s.Start(r.size); wal.SegmentOf(at, r.size) == s; at += wal.PageSize {
		p, err := r.page(at)
		if err != nil {
			return 0, err
		}
		head := headerOf(p)
		if binary.NativeEndian.Uint16(p[2:])&firstIsContRecord == 0 {
			return at + wal.LSN(head), nil
		}
		if rest := align(uint64(binary.NativeEndian.Uint32(p[16:]))); rest < wal.PageSize-head {
			return at + wal.LSN(head+rest), nil
		}
	}
	return 0, errEndOfWAL
}

// chain reads records from a position on until they end, or begin at or after
// another one. Without any valid record the result is empty.
func (r *walReader) chain(at, before wal.LSN, each func(record)) (WALEnd, error) {
	var end WALEnd
	for at < before {
		rec, err := r.record(at, end.Last)
		if errors.Is(err, errEndOfWAL) {
			break
		}
		if err != nil {
			return WALEnd{}, err
		}
		if rec.at >= before {
			break
		}
		end = WALEnd{End: rec.end, Last: rec.at, Timeline: r.ancestry[r.ancestry.At(rec.at)].Timeline}
		at = rec.end
		if each != nil {
			each(rec)
		}
	}
	return end, nil
}
