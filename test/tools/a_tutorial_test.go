package tools

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"pgrex/test/lab"
)

// The manual from initdb to the last pg-rex_stop, in its order and with its
// file names. What differs is PostgreSQL's: settings that newer releases call
// otherwise.
//
// Conformance: AT-001, AT-022, AT-047, AT-048, AT-087 (lab)
func TestTutorial(t *testing.T) {
	ctx, node01, node02 := nodes(t)
	const data, wal, archive = "/dbfp/pgdata/data", "/dbfp/pgxlog/pg_xlog", "/dbfp/pgarch/arc1"
	bin := shared.PGBin()

	// 1. Directories and the database.
	for _, n := range []*lab.Node{node01, node02} {
		for _, dir := range []string{"/dbfp/pgdata", "/dbfp/pgxlog", archive} {
			_, err := n.Run(ctx, "mkdir", "-p", dir)
			must(t, err)
		}
		_, err := n.Run(ctx, "chown", "-R", "postgres:postgres", "/dbfp")
		must(t, err)
		// 4. The password of replication, for both addresses of the other node.
		other := node02
		if n == node02 {
			other = node01
		}
		pass := lab.VIPRep + ":5432:replication:repuser:reppasswd\n" + other.Address(lab.DLAN) + ":5432:replication:repuser:reppasswd\n"
		must(t, n.WriteFile(shared.PostgresHome()+"/.pgpass", []byte(pass), 0o600, "postgres"))
	}
	as := func(n *lab.Node, argv ...string) string {
		t.Helper()
		out, err := n.RunAs(ctx, "postgres", argv...)
		must(t, err)
		return out
	}
	as(node01, bin+"/initdb", "-D", data, "-X", wal, "--encoding=UTF-8", "--no-locale", "--data-checksums")
	// 2. The role. 3. Who may connect. 5. Settings.
	as(node01, bin+"/pg_ctl", "-D", data, "-w", "-l", "/dev/null", "start")
	as(node01, bin+"/psql", "-c", "CREATE ROLE repuser REPLICATION LOGIN PASSWORD 'reppasswd'", "postgres")
	as(node01, bin+"/pg_ctl", "-D", data, "stop")
	must(t, node01.WriteFile(data+"/pg_hba.conf", []byte(shared.HBA()), 0o600, "postgres"))
	conf, err := node01.ReadFile(data + "/postgresql.conf")
	must(t, err)
	must(t, node01.WriteFile(data+"/postgresql.conf", append(conf, shared.Settings()...), 0o600, "postgres"))

	// The definition, as pm_crmgen makes it.
	const crm = "PG-REX9.6_pm_crmgen_env.crm"
	text, err := shared.Definition().CRM()
	must(t, err)
	must(t, node01.WriteFile("/root/"+crm, []byte(text), 0o600, "root"))

	// Start the Master, then the Slave.
	_, err = node01.Run(ctx, "rm", "-f", lab.LockFile)
	must(t, err)
	screen := typed(t, ctx, node01, japanese, 0, "pg-rex_master_start", crm)
	golden(t, "master_start.ja", screen)
	_, err = node02.Run(ctx, "rm", "-f", lab.LockFile)
	must(t, err)
	screen = answered(t, ctx, node02, japanese, "b\n", 0, "pg-rex_slave_start")
	golden(t, "slave_start.ja", screen)
	must(t, shared.WaitNormal(ctx))
	link, err := node02.Run(ctx, "readlink", data+"/pg_wal")
	must(t, err)
	if strings.TrimSpace(link) != wal {
		t.Errorf("pg_wal of the Slave points to %s, want %s", link, wal)
	}

	// Does it work?
	for _, sql := range []string{"CREATE ROLE user1 LOGIN", "CREATE DATABASE testdb OWNER user1"} {
		as(node01, bin+"/psql", "-c", sql, "postgres")
	}
	as(node01, bin+"/psql", "-c", "CREATE TABLE bar (id int, name text); INSERT INTO bar VALUES (1, 'apple'); GRANT SELECT ON bar TO user1", "testdb")
	// A commit waits until the Slave has it, not until it shows it.
	must(t, lab.Until(ctx, "the row on the Slave", lab.Timeouts.Command, func(ctx context.Context) (string, bool) {
		out, err := node02.RunAs(ctx, "postgres", bin+"/psql", "-Atc", "SELECT * FROM bar", "testdb")
		return fmt.Sprintf("%q, %v", out, err), strings.TrimSpace(out) == "1|apple"
	}))
	must(t, shared.CreateClients(ctx, node01))

	// Stop the Slave, then the Master.
	golden(t, "stop_slave.ja", typed(t, ctx, node02, japanese, 0, "pg-rex_stop"))
	golden(t, "stop_master.ja", typed(t, ctx, node01, japanese, 0, "pg-rex_stop"))
	for _, n := range []*lab.Node{node01, node02} {
		locked(t, n, false)
	}
}

// After a stop in the right order both start again without a base backup.
//
// Conformance: AT-028, AT-049, AT-087 (lab)
func TestStartAgain(t *testing.T) {
	ctx, node01, node02 := nodes(t)
	golden(t, "master_start", typed(t, ctx, node01, english, 0, "pg-rex_master_start"))
	golden(t, "slave_start", answered(t, ctx, node02, english, "n\n", 0, "pg-rex_slave_start"))
	must(t, shared.WaitNormal(ctx))
}
