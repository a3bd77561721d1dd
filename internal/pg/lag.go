package pg

import (
	"context"
	"time"
)

const lagSQL = `SELECT s.pid, EXTRACT(epoch FROM s.replay_lag) FROM pg_catalog.pg_stat_replication s
 WHERE s.replay_lag IS NOT NULL`

// ReplayLags is how long recent WAL took until a standby had replayed it, by
// the pid of its sender. A sender without recent WAL has none, and so has every
// one before release 10.
func (s *Session) ReplayLags(ctx context.Context) (map[int]time.Duration, error) {
	if !since(s.release, 10) {
		return nil, nil
	}
	res, err := s.query(ctx, "read pg_stat_replication", lagSQL)
	if err != nil {
		return nil, err
	}
	lags := map[int]time.Duration{}
	for _, cols := range res[0].Rows {
		r := row{cols: cols}
		pid := r.int()
		lag, _ := r.seconds()
		if r.err != nil {
			return nil, r.err
		}
		lags[pid] = lag
	}
	return lags, nil
}
