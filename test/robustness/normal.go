package robustness

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgrex/test/lab"
)

// waitNormal waits for the normal state, with nothing left to do for the cluster,
// and with servers that say the same of themselves.
func (r *run) waitNormal() error {
	return lab.Until(r, "normal state", lab.Timeouts.Standby, func(ctx context.Context) (string, bool) {
		s, err := r.Status(ctx)
		if err != nil {
			return err.Error(), false
		}
		wrong := r.Deviations(s)
		if len(wrong) == 0 {
			wrong = r.disagreements(ctx, s)
		}
		return strings.Join(wrong, "; "), len(wrong) == 0
	})
}

// disagreements are what servers and cluster say differently of each other, and a
// cluster that is still at work.
func (r *run) disagreements(ctx context.Context, s lab.Status) []string {
	var wrong []string
	for _, n := range r.Nodes() {
		want := map[bool]string{true: "f", false: "t"}[n.Name == s.Primary()]
		got, err := r.sql(ctx, n, "SELECT pg_is_in_recovery()")
		if err != nil || got != want {
			wrong = append(wrong, fmt.Sprintf("pg_is_in_recovery() on %s is %q (%v), want %q", n.Name, got, err, want))
		}
		if n.Name != s.Primary() {
			continue
		}
		got, err = r.sql(ctx, n, "SELECT string_agg(application_name || ' ' || sync_state, ', ' ORDER BY application_name) FROM pg_stat_replication WHERE state = 'streaming'")
		if want := attached(s); err != nil || got != want {
			wrong = append(wrong, fmt.Sprintf("connected to %s are %q (%v), want %q", n.Name, got, err, want))
		}
	}
	if dc, err := r.Node(s.DC); err != nil {
		wrong = append(wrong, "no node leads the cluster")
	} else if out, err := dc.Run(ctx, "crmadmin", "--status="+s.DC); err != nil || !strings.Contains(out, "S_IDLE") {
		wrong = append(wrong, fmt.Sprintf("the cluster is at work: %s (%v)", strings.TrimSpace(out), err))
	}
	return wrong
}

// attached is what the primary has to say of its standbys by their attributes.
func attached(s lab.Status) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(s.Nodes)) {
		if state, ok := strings.CutPrefix(s.Nodes[name].Attributes["pgsql-status"], "HS:"); ok {
			all = append(all, name+" "+state)
		}
	}
	return strings.Join(all, ", ")
}

// sql runs one statement on a node's own socket as the administrator.
func (r *run) sql(ctx context.Context, n *lab.Node, statement string) (string, error) {
	out, err := n.RunAs(ctx, "postgres", r.PGBin()+"/psql", "-XAtqc", statement, "postgres")
	return strings.TrimSpace(out), err
}
