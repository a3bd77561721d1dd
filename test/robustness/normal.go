package robustness

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgrex/test/lab"
)

// deviations are what is not as in the normal state of a cluster of so many nodes.
func deviations(s lab.Status, nodes int) []string {
	if nodes == 2 {
		return s.Deviations()
	}
	primary := s.Primary()
	if primary == "" || len(s.Nodes) != nodes {
		return []string{"no single primary: " + s.String()}
	}
	var wrong []string
	expect := func(what string, got, want any) {
		if got != want {
			wrong = append(wrong, fmt.Sprintf("%s is %v, want %v", what, got, want))
		}
	}
	expect("vip-master", s.VIPs["vip-master"], primary)
	expect("vip-rep", s.VIPs["vip-rep"], primary)
	candidates := 0
	for _, name := range slices.Sorted(maps.Keys(s.Nodes)) {
		n := s.Nodes[name]
		expect("online of "+name, n.Online, true)
		expect("PGSQL.lock of "+name, n.Locked, name == primary)
		status, score := n.Attributes["pgsql-status"], n.Attributes["master-pgsql"]
		got := strings.Join([]string{string(n.Role), status, n.Attributes["pgsql-data-status"], score}, " ")
		switch {
		case name == primary:
			expect(name, got, "Promoted PRI LATEST 1000")
		case score == "100":
			candidates++
			expect(name, got, "Unpromoted HS:sync STREAMING|SYNC 100")
			expect("vip-slave", s.VIPs["vip-slave"], name)
		default:
			expect(name, got, "Unpromoted HS:async STREAMING|ASYNC -INFINITY")
		}
	}
	expect("the number of candidates", candidates, 1)
	for _, f := range s.Failed {
		wrong = append(wrong, fmt.Sprintf("failed action %s on %s: %s", f.Operation, f.Node, f.Reason))
	}
	return wrong
}

// waitNormal waits for the normal state, with nothing left to do for the cluster,
// and with servers that say the same of themselves.
func (r *run) waitNormal() error {
	return lab.Until(r, "normal state", lab.Timeouts.Standby, func(ctx context.Context) (string, bool) {
		s, err := r.Status(ctx)
		if err != nil {
			return err.Error(), false
		}
		wrong := deviations(s, r.o.Nodes)
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
