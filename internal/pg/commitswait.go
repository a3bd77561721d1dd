package pg

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

const checkpointerSQL = `SELECT a.pid, COALESCE(a.wait_event, '') FROM pg_catalog.pg_stat_activity a WHERE a.backend_type OPERATOR(pg_catalog.=) 'checkpointer'`

// CommitsWait returns when commits certainly wait for the list of standbys that the
// files of configuration have; false when that does not come within patience.
//
// A session that shows the list, and a sender that is "sync", prove nothing yet:
// whether commits wait at all is a flag in shared memory, and the checkpointer
// alone sets it when it reads its configuration again (SyncRepUpdateSyncStandbysDefined
// in src/backend/replication/syncrep.c). In a checkpoint that is behind its schedule it
// does not. So it is told to read once more, and has done so when it has woken since
// and waits again: in its main loop, or between two writes of a checkpoint, where it
// looks first (HandleCheckpointerInterrupts, CheckpointWriteDelay in checkpointer.c).
//
// Releases before 10 do not show the checkpointer, and are taken at their word.
func (i *Instance) CommitsWait(ctx context.Context, s *Session, patience time.Duration) (bool, error) {
	const doing = "cannot tell whether commits wait: %w"
	if !since(s.release, 10) {
		return true, nil
	}
	pid, _, err := s.checkpointer(ctx)
	if err != nil {
		return false, fmt.Errorf(doing, err)
	}
	if pid == 0 {
		return false, nil // it is being started, or may not be looked at
	}
	before, err := ReadPulse(pid)
	if err != nil {
		return false, fmt.Errorf(doing, err)
	}
	dir, err := i.dataDir()
	if err == nil {
		err = dir.signal(pid, syscall.SIGHUP)
	}
	if err != nil {
		return false, fmt.Errorf(doing, err)
	}
	end := time.Now().Add(patience)
	for {
		// One sleep from before the question to after the answer, which is about it.
		asked, err := ReadPulse(pid)
		if err != nil {
			return false, fmt.Errorf(doing, err)
		}
		if asked.Asleep() && asked.Woken > before.Woken {
			again, event, err := s.checkpointer(ctx)
			if err != nil {
				return false, fmt.Errorf(doing, err)
			}
			after, err := ReadPulse(pid)
			if err == nil && again == pid && after.Asleep() && after.Woken == asked.Woken && s.idles(event) {
				return true, nil
			}
		}
		if time.Now().After(end) {
			return false, nil
		}
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-time.After(waitInterval):
		}
	}
}

// idles says of what the checkpointer waits for that it has looked for a new
// configuration before. Until release 13 its pause in a checkpoint has no name.
func (s *Session) idles(event string) bool {
	return event == "CheckpointerMain" || event == "CheckpointWriteDelay" || event == "" && !since(s.release, 14)
}

// checkpointer is its pid, 0 where it is not to be seen, and what it waits for.
func (s *Session) checkpointer(ctx context.Context) (pid int, event string, err error) {
	res, err := s.query(ctx, "look at the checkpointer", checkpointerSQL)
	if err != nil || len(res[0].Rows) == 0 {
		return 0, "", err
	}
	r := row{cols: res[0].Rows[0]}
	pid = r.int()
	event, _ = r.text()
	return pid, event, r.err
}
