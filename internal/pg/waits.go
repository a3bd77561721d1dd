package pg

import (
	"context"
	"strings"
	"time"
)

// A commit that waits for a standby does so in this wait event, from release 10 on.
const waitsSQL = `SELECT pg_catalog.count(*), EXTRACT(epoch FROM pg_catalog.max(pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) a.query_start))
 FROM pg_catalog.pg_stat_activity a WHERE a.wait_event OPERATOR(pg_catalog.=) 'SyncRep'`

// CommitWaits are the sessions whose commit waits for a synchronous standby.
type CommitWaits struct {
	Sessions int
	Longest  time.Duration // since the statement began that commits
}

// CommitWaits reads what commits wait for the standby now. Before release 10 a
// server does not say it.
func (s *Session) CommitWaits(ctx context.Context) (CommitWaits, error) {
	if !since(s.release, 10) {
		return CommitWaits{}, nil
	}
	res, err := s.query(ctx, "read pg_stat_activity", waitsSQL)
	if err != nil {
		return CommitWaits{}, err
	}
	var w CommitWaits
	for _, cols := range res[0].Rows {
		r := row{cols: cols}
		w.Sessions = r.int()
		w.Longest, _ = r.seconds()
		if r.err != nil {
			return CommitWaits{}, r.err
		}
	}
	return w, nil
}

// cancelled is what a server says, in English, of a commit that somebody ends
// while it waits for the standby: by a cancel or a time-out of the statement, or
// by the end of the session. The transaction is committed all the same.
var cancelled = []string{
	"canceling wait for synchronous replication due to user request",
	"canceling the wait for synchronous replication and terminating connection",
}

// AbandonedCommits is how many commits are in the end of the log that were ended
// while they waited for the standby.
func (i *Instance) AbandonedCommits() int {
	for _, path := range []string{i.collectorFile(), i.set.LogFile} {
		found := 0
		for line := range strings.Lines(i.readTail(path, 0)) {
			for _, words := range cancelled {
				if strings.Contains(line, words) {
					found++
				}
			}
		}
		if found > 0 {
			return found
		}
	}
	return 0
}
