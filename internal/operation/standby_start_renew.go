package operation

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"pgrex/internal/archive"
	"pgrex/internal/console"
	"pgrex/internal/message"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
	"pgrex/internal/rebuild"
	"pgrex/internal/rejoin"
)

// renew rewinds or copies, after what that would lose has been put aside.
func (j *joiner) renew(ctx context.Context) error {
	if j.chosen == rejoin.AsIs {
		return nil
	}
	if err := j.phase(ctx, phaseRebuild); err != nil {
		return err
	}
	tell := func(done, total int64) { j.con.Progress(done, total) }
	defer j.con.ProgressDone()
	if j.chosen == rejoin.Rewind {
		return j.con.Do(message.SST109, nil, func() error {
			defer j.interrupts.Critical()()
			ctx := context.WithoutCancel(ctx)
			if err := j.rescue(ctx); err != nil {
				return err
			}
			if j.decision.CheckpointFirst {
				if _, err := checkpoint.On(ctx, j.peer, serverIn{j.db.settings}); err != nil {
					return err
				}
			}
			return j.server.Rewind(ctx, j.source(), tell)
		})
	}
	return j.con.Do(message.SST110, nil, func() error {
		p, err := j.origin(ctx)
		if err != nil {
			return err
		}
		if err := j.rescue(ctx); err != nil {
			return err
		}
		return j.server.BaseBackup(ctx, j.places, p, j.backupOptions(), tell)
	})
}

// rescue keeps the WAL that only this node has, and what explains it.
func (j *joiner) rescue(ctx context.Context) error {
	if j.local.Control == nil || j.local.Control.SystemID != j.primary.SystemID || j.decision.Fork == 0 || !j.loses(j.chosen) {
		return nil // nothing here that the primary does not have, or nothing to compare it with
	}
	r, err := j.server.PlanRescue(ctx, j.divergence())
	if errors.Is(err, fs.ErrNotExist) {
		j.con.Detail("%v", err)
		return nil // what is not there cannot be saved, and must not be in the way
	}
	if err != nil {
		return err
	}
	if len(r.Files) == 0 {
		return nil
	}
	dir, err := j.server.Save(ctx, r, filepath.Dir(j.conf.ArchiveDir), j.places.Emptied(), j.con.Say())
	if err != nil {
		return message.Fail(message.SST068).Because(err)
	}
	j.con.Tell(message.SST095, "dir", dir)
	return nil
}

func (j *joiner) divergence() rebuild.Divergence {
	// Without a fork what is here may be ahead of what the primary has.
	fork := min(j.decision.Fork, j.primary.Flush)
	if len(j.orphans) > 0 {
		n, _ := wal.ParseName(j.orphans[0])
		if s, ok := n.Segment(j.primary.SegmentSize); ok {
			fork = min(fork, s.Start(j.primary.SegmentSize))
		}
	}
	return rebuild.Divergence{
		Node: j.own.Name(), Source: j.peer.Name(), Fork: fork, End: j.local.End.End,
		Branch: j.decision.ForkTimeline, Own: j.local.End.Timeline, Peer: j.primary.Timeline,
	}
}

// copyArchive brings the archive here up to that of the primary.
func (j *joiner) copyArchive(ctx context.Context) error {
	stale := j.decision.Stale
	if j.shared || j.noArchiveSync && len(stale) == 0 {
		return nil
	}
	if err := j.phase(ctx, phaseArchive); err != nil {
		return err
	}
	return j.con.Do(message.SST111, nil, func() error {
		defer j.con.ProgressDone()
		c := j.archiveCopy()
		// Recovery would take them for the primary's, and the comparison for newer
		// ones than the primary's.
		if err := c.PutAside(ctx, stale); err != nil {
			return err
		}
		for _, name := range stale {
			j.con.Tell(message.SST077, "name", name, "dir", filepath.Join(c.ToDir, c.AsideDir))
		}
		var w archive.Work
		if !j.noArchiveSync {
			var err error
			if w, err = c.Prepare(ctx); err != nil {
				return err
			}
		}
		unwanted := append(j.primary.Stale(w.Fetch), stale...)
		isUnwanted := func(name string) bool { return slices.Contains(unwanted, name) }
		w.Fetch, w.Aside = slices.DeleteFunc(w.Fetch, isUnwanted), slices.DeleteFunc(w.Aside, isUnwanted)
		if w.Newer {
			j.con.Tell(message.SST084)
		}
		err := c.Run(ctx, w, j.watch())
		var f *message.Failure
		if err == nil || errors.As(err, &f) || ctx.Err() != nil {
			return err
		}
		return message.Fail(message.SST069, "dir", c.ToDir).Because(err)
	})
}

func (j *joiner) archiveCopy() archive.Copy {
	c := archive.Copy{
		From: j.peer, To: j.own, FromDir: j.conf.ArchiveDir, ToDir: j.conf.ArchiveDir, SegmentSize: j.primary.SegmentSize,
		MaxRate: j.conf.ArchiveMaxRate, AsideDir: archive.AsideName(time.Now()),
	}
	if j.decision.Relation != wal.Same && j.decision.Fork != 0 {
		c.Fork = &archive.Position{Timeline: j.decision.ForkTimeline, LSN: j.decision.Fork}
	}
	return c
}

// watch tells the operator of a copy of archived WAL.
func (s *session) watch() archive.Watch {
	return archive.Watch{
		Progress: s.con.Progress,
		File:     func(name string) { s.con.Detail("copied %s", name) },
		Aside:    func(name, dir string) { s.con.Tell(message.SST090, "name", name, "dir", dir) },
		Growing:  func(name string) { s.con.Detail("left out %s: it is still being written", name) },
	}
}

// rehearse says what would be done.
func (j *joiner) rehearse(ctx context.Context) error {
	if j.chosen == rejoin.Rewind && j.decision.ProveRewind {
		j.con.Tell(message.SST065, "size", console.Bytes(j.rewindBytes))
	}
	if j.chosen == rejoin.BaseBackup {
		p, err := j.origin(ctx)
		if err != nil {
			return err
		}
		var total int64
		for _, size := range p.Sizes {
			total += size
		}
		j.con.Tell(message.SST066, "size", console.Bytes(total))
	}
	if !j.shared && !j.noArchiveSync {
		w, err := j.archiveCopy().Prepare(ctx)
		if err != nil {
			return err
		}
		j.con.Tell(message.SST067, "num", len(w.Fetch))
	}
	j.con.Tell(message.CMN050)
	return nil
}

// restorable is how many segments recovery will take from the archive here.
func (j *joiner) restorable() int {
	c, err := pg.New(j.server.Settings, nil).Control()
	if err != nil {
		return 0
	}
	entries, _ := os.ReadDir(j.conf.ArchiveDir) // none: nothing to restore
	var last wal.Segment
	for _, e := range entries {
		if n, ok := wal.ParseName(e.Name()); ok && n.Kind == wal.SegmentKind {
			if s, ok := n.Segment(c.SegmentSize); ok {
				last = max(last, s)
			}
		}
	}
	first := wal.SegmentOf(c.Redo, c.SegmentSize)
	if last < first {
		return 0
	}
	return int(last-first) + 1
}
