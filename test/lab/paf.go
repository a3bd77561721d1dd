package lab

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// PAF is the agent of PostgreSQL Automatic Failover, for comparison: Debian's
// resource-agents-paf.
const (
	pafAgent    = "/usr/lib/ocf/resource.d/heartbeat/pgsqlms"
	pafSettings = "/etc/pgrex-paf.conf"
)

// HasPAF says whether the machine has that agent for its nodes.
func HasPAF() bool {
	_, err := os.Stat(machine.in(pafAgent))
	return err == nil
}

// pafConf is what the administrator writes on a node, outside of the data
// directory, which a base backup copies.
func (l *Lab) pafConf(n *Node) string {
	return fmt.Sprintf("primary_conninfo = 'host=%s port=%d user=%s application_name=%s'\nrecovery_target_timeline = 'latest'\n",
		VIPRep, PGPort, replicationUser, n.Name) + "synchronous_standby_names = '" + l.anyNode() + "'\n"
}

// anyNode is one list for all nodes, as no agent changes it with the roles.
func (l *Lab) anyNode() string {
	return "ANY 1 (" + strings.Join(l.definition().Nodes, ",") + ")"
}

// WaitForNobody is what a person does where the commits of the node wait for a
// standby that is lost.
func (l *Lab) WaitForNobody(ctx context.Context, n *Node) error { return l.waitFor(ctx, n, "") }

// WaitForStandbys undoes WaitForNobody.
func (l *Lab) WaitForStandbys(ctx context.Context, n *Node) error {
	return l.waitFor(ctx, n, l.anyNode())
}

func (l *Lab) waitFor(ctx context.Context, n *Node, names string) error {
	text, err := n.ReadFile(pafSettings)
	if err != nil {
		return err
	}
	text = append(text, ("synchronous_standby_names = '" + names + "'\n")...)
	if err := n.WriteFile(pafSettings, text, 0o644, postgresMe); err != nil {
		return err
	}
	_, err = n.RunAs(ctx, postgresMe, l.pg("pg_ctl"), "-D", PGData, "reload")
	return err
}

// confirms says whether the primary's server counts a node among those that
// confirm its commits.
func (l *Lab) confirms(ctx context.Context, primary, standby string) bool {
	n, err := l.Node(primary)
	if err != nil {
		return false
	}
	out, err := n.RunAs(ctx, postgresMe, l.pg("psql"), "-XAtc",
		"SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND sync_state IN ('sync', 'quorum') AND application_name = '"+standby+"'")
	return err == nil && strings.TrimSpace(out) == "1"
}
