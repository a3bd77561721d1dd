package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"pgrex/test/lab"
)

// endOfWAL notes what a primary has written last that ended without a shutdown,
// before an operator throws it away. The files are read from outside, whether
// the node runs or not.
func (w *Watch) endOfWAL(ctx context.Context, n *lab.Node, at time.Time) {
	w.done.Add(1)
	go func() {
		defer w.done.Done()
		timeline, position, err := endOfWAL(ctx, filepath.Join(w.lab.PGBin(), "pg_waldump"), n.Path(lab.PGWal))
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.record.Blind = append(w.record.Blind, fmt.Sprintf("cannot find the end of the WAL of %s: %v", n.Name, err))
			return
		}
		w.add(End{At: at, Node: n.Name, Timeline: timeline, LSN: position})
	}()
}

// endOfWAL finds the last record in the segment that was written last, of those
// that have one: a checkpoint makes empty ones ready, and pg_waldump finds nothing
// in a reused one.
func endOfWAL(ctx context.Context, program, dir string) (timeline, position uint64, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, 0, err
	}
	type segment struct {
		name    string
		written time.Time
	}
	var segments []segment
	for _, e := range entries {
		info, err := e.Info()
		if _, _, ok := segmentStart(e.Name()); ok && err == nil {
			segments = append(segments, segment{e.Name(), info.ModTime()})
		}
	}
	slices.SortFunc(segments, func(a, b segment) int { return b.written.Compare(a.written) })
	for _, s := range segments {
		timeline, _, _ := segmentStart(s.name)
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		// It ends with an error at the end of the WAL. Asked for a file, it takes the
		// length of segments from that: another one may be empty.
		out, _ := exec.CommandContext(ctx, program, filepath.Join(dir, s.name)).Output()
		cancel()
		if position, ok := lastRecord(string(out)); ok {
			return timeline, position, nil
		}
	}
	return 0, 0, errors.New("no record was found")
}
