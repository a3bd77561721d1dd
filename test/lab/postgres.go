package lab

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// Roles of the lab's databases. The passwords protect nothing: the networks are
// the lab's own, and the database ends with it.
const (
	replicationUser     = "repuser"
	replicationPassword = "reppasswd"

	clientUser     = "lab"
	clientPassword = "labpasswd"
	clientDB       = "lab"
)

// schema is what Writer and WriteProbe write to. It is made before the first
// start of the cluster, so that no test has to wait for it.
const schema = `CREATE TABLE written (run text, n bigint, at timestamptz DEFAULT clock_timestamp(), PRIMARY KEY (run, n));
`

// InitPrimary makes the first database on the first node, as the tutorial does:
// initdb, replication role, access rules, settings. PostgreSQL is stopped afterwards.
func (l *Lab) InitPrimary(ctx context.Context) error {
	n := l.nodes[0]
	return l.step(Step{ID: StepInitPG, Node: n.Name}, func() error {
		_, err := n.RunAs(ctx, postgresMe, l.pg("initdb"), "-D", PGData, "-X", PGWal,
			"--encoding=UTF-8", "--no-locale", "--data-checksums")
		if err != nil {
			return err
		}
		if err := n.WriteFile(PGData+"/pg_hba.conf", []byte(l.hba()), 0o600, postgresMe); err != nil {
			return err
		}
		conf, err := n.ReadFile(PGData + "/postgresql.conf")
		if err != nil {
			return err
		}
		conf = append(conf, l.Settings()...)
		if err := n.WriteFile(PGData+"/postgresql.conf", conf, 0o600, postgresMe); err != nil {
			return err
		}
		return l.createRoles(ctx, n)
	})
}

func (l *Lab) createRoles(ctx context.Context, n *Node) error {
	if _, err := n.RunAs(ctx, postgresMe, l.pg("pg_ctl"), "-w", "-D", PGData, "-l", "/dev/null", "-o", "-c archive_mode=off -c synchronous_standby_names=", "start"); err != nil {
		return err
	}
	roles := fmt.Sprintf("CREATE ROLE %s REPLICATION LOGIN PASSWORD '%s';\n", replicationUser, replicationPassword)
	if err := l.psql(ctx, n, roles+clients()); err != nil {
		return err
	}
	_, err := n.RunAs(ctx, postgresMe, l.pg("pg_ctl"), "-w", "-D", PGData, "-m", "fast", "stop")
	return err
}

// clients is what the lab's clients need in the database.
func clients() string {
	return fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s';\nCREATE DATABASE %s OWNER %s;\n\\connect %s\nSET ROLE %s;\n",
		clientUser, clientPassword, clientDB, clientUser, clientDB, clientUser) + schema
}

// psql runs statements on the node's own socket as the database's administrator.
func (l *Lab) psql(ctx context.Context, n *Node, statements string) error {
	argv := asUser(postgresMe, []string{l.pg("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", "postgres"})
	_, err := n.runInput(ctx, statements, argv...)
	return err
}

func (l *Lab) pg(program string) string { return filepath.Join(l.state.PGBin, program) }

// hba lets a node replicate from every other node but not from itself: after a
// failover a connection to vip-rep may end at the node that made it.
func (l *Lab) hba() string {
	var b strings.Builder
	b.WriteString("local all all peer\nhost replication all samehost reject\n")
	for _, n := range l.nodes {
		fmt.Fprintf(&b, "host replication %s %s/32 scram-sha-256\n", replicationUser, n.Address(DLAN))
	}
	fmt.Fprintf(&b, "host all all 127.0.0.1/32 scram-sha-256\nhost %s %s 192.168.0.0/24 scram-sha-256\n", clientDB, clientUser)
	return b.String()
}

// settings are those of the PG-REX manual; the last group is the lab's own, so
// that there is one log file to read with times that can be compared.
const settings = `
# PG-REX
listen_addresses = '*'
port = 5432
wal_level = replica
hot_standby = on
max_wal_senders = 10
max_replication_slots = 10
wal_sender_timeout = 20s
wal_receiver_status_interval = 5s
wal_receiver_timeout = 20s
wal_keep_size = 512MB
max_standby_streaming_delay = -1
max_standby_archive_delay = -1
hot_standby_feedback = on
synchronous_commit = on
fsync = on
full_page_writes = on
archive_mode = always
archive_command = '/bin/cp %p /dbfp/pgarch/arc1/%f'
restart_after_crash = off
superuser_reserved_connections = 10
password_encryption = scram-sha-256

# the lab
logging_collector = on
log_directory = '/var/log/postgresql'
log_filename = 'postgresql.log'
log_rotation_age = 0
log_rotation_size = 0
log_line_prefix = '%m [%p] '
log_timezone = 'UTC'
`
