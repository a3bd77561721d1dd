package drill

import (
	"context"
	"time"

	"pgrex/test/lab"
)

// Quick is the scenario for a cluster of [lab.Variant.Quick]: what is looked at is
// looked at for a third as long, and for several monitors at least.
func (s Scenario) Quick() Scenario {
	s.Lasts = max(s.Lasts/3, 10*time.Second)
	return s
}

// Hasten lets the servers of such a cluster give a silent connection up after 6 s,
// not after the manual's 20.
func Hasten(ctx context.Context, l *lab.Lab) error {
	for _, n := range l.Nodes() {
		for _, statement := range []string{
			"alter system set wal_sender_timeout='6s'", "alter system set wal_receiver_timeout='6s'", "select pg_reload_conf()",
		} {
			if _, err := n.RunAs(ctx, "postgres", l.PGBin()+"/psql", "-XAtqc", statement, "template1"); err != nil {
				return err
			}
		}
	}
	return nil
}
