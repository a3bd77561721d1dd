package ocf

import (
	"strconv"
	"strings"
	"time"
)

// Param is one parameter of the agent. Parsing, meta-data and manual are made
// from the same table.
type Param struct {
	Name    string
	Type    string // string, integer, boolean: what the meta-data say
	Default string
	Short   string
	Long    string
	Secret  bool // never shown: is or may hold a password
	// Reloadable parameters are read by the agent alone: the server need not be
	// started anew for them (action reload-agent). For why others are not, see
	// docs/decisions/0021-reload-agent.md.
	Reloadable bool

	emptyIsDefault bool
	// set stores a value; its answer is what would be allowed instead, or
	// empty when all is well.
	set func(p *Params, value string) (allowed string)
}

const (
	defaultPgData = "/var/lib/pgsql/data"
	defaultPgLibs = "/usr/lib"
)

// Table lists the parameters in the order of the meta-data. The default of
// config lies in the data directory in effect; empty is the default directory.
func Table(pgdata string) []Param {
	if pgdata == "" {
		pgdata = defaultPgData
	}
	return append(serverParams(pgdata), replicationParams()...)
}

// secretParams is the column Secret, for error texts.
var secretParams = func() map[string]bool {
	names := map[string]bool{}
	for _, p := range Table("") {
		names[p.Name] = p.Secret
	}
	return names
}()

func serverParams(pgdata string) []Param {
	return []Param{
		{
			Name: "pgctl", Type: "string", Default: "/usr/bin/pg_ctl", emptyIsDefault: true,
			Short: "pg_ctl program",
			Long:  "Path of the pg_ctl program. It starts and promotes the server; stopping and reloading are done with signals.",
			set:   text(func(p *Params) *string { return &p.PgCtl }),
		}, {
			Name: "start_opt", Type: "string",
			Short: "server options",
			Long:  "Options for the postgres program itself, added at each start (pg_ctl -o).",
			set:   text(func(p *Params) *string { return &p.StartOpt }),
		}, {
			Name: "ctl_opt", Type: "string",
			Short: "pg_ctl options",
			Long:  "Options for pg_ctl when it starts the server.",
			set:   text(func(p *Params) *string { return &p.CtlOpt }),
		}, {
			Name: "psql", Type: "string", Default: "/usr/bin/psql", emptyIsDefault: true, Reloadable: true,
			Short: "psql program",
			Long:  "Accepted for compatibility and not used: the agent talks to the server itself.",
			set:   text(func(p *Params) *string { return &p.Psql }),
		}, {
			Name: "pgdata", Type: "string", Default: defaultPgData, emptyIsDefault: true,
			Short: "data directory",
			Long:  "The data directory of the server.",
			set:   text(func(p *Params) *string { return &p.PgData }),
		}, {
			Name: "pgdba", Type: "string", Default: "postgres", emptyIsDefault: true,
			Short: "operating system user",
			Long:  "User of the operating system who owns the server. It is also the database role for queries where no other one is set.",
			set:   text(func(p *Params) *string { return &p.PgDBA }),
		}, {
			Name: "pghost", Type: "string",
			Short: "host name or address",
			Long:  "Address on which the server listens and at which the agent connects to it. When empty, the server's own configuration decides and the agent uses the Unix socket.",
			set:   text(func(p *Params) *string { return &p.PgHost }),
		}, {
			Name: "pgport", Type: "integer", Default: "5432",
			Short: "port",
			Long:  "Port of the server, 1 to 65535. If postgresql.conf sets a port, both must be the same.",
			set:   port,
		}, {
			Name: "pglibs", Type: "string", Default: defaultPgLibs,
			Short: "library directory",
			Long:  "Directory with the libraries of PostgreSQL, if it is one that the dynamic linker does not search by itself. The default changes nothing.",
			set:   libraries,
		}, {
			Name: "monitor_user", Type: "string", Reloadable: true,
			Short: "database role for monitoring",
			Long:  "Database role with which the agent watches the server; pgdba when empty. In replication the role must be allowed to read the replication statistics (pg_monitor).",
			set:   text(func(p *Params) *string { return &p.MonitorUser }),
		}, {
			Name: "monitor_password", Type: "string", Secret: true, Reloadable: true,
			Short: "password of monitor_user",
			Long:  "Password of monitor_user. Without it, the password file of pgdba (.pgpass) applies. It cannot be set without monitor_user.",
			set:   text(func(p *Params) *string { return &p.MonitorPassword }),
		}, {
			Name: "monitor_sql", Type: "string", Default: DefaultMonitorSQL, Reloadable: true,
			Short: "statement for monitoring",
			Long:  "SQL statement that shows whether the server works. Without replication every monitor runs it; in replication only the one of the primary does, and only when it is not the default.",
			set:   text(func(p *Params) *string { return &p.MonitorSQL }),
		}, {
			Name: "config", Type: "string", Default: pgdata + "/postgresql.conf", emptyIsDefault: true,
			Short: "configuration file",
			Long:  "The server's configuration file. In replication the agent adds include lines to it when it starts the server.",
			set:   text(func(p *Params) *string { return &p.Config }),
		}, {
			Name: "pgdb", Type: "string", Default: "template1", emptyIsDefault: true, Reloadable: true,
			Short: "database for queries",
			Long:  "Database to which the agent connects.",
			set:   text(func(p *Params) *string { return &p.PgDB }),
		}, {
			Name: "logfile", Type: "string", Default: "/dev/null", emptyIsDefault: true,
			Short: "server log until logging starts",
			Long:  "File for what the server prints while it starts, before its own logging is set up. It is created for pgdba when it does not exist.",
			set:   text(func(p *Params) *string { return &p.LogFile }),
		}, {
			Name: "socketdir", Type: "string",
			Short: "directory of the Unix socket",
			Long:  "Directory in which the agent finds the server's Unix socket. Needed when postgresql.conf sets unix_socket_directories and pghost is not set. It is created at start when it does not exist.",
			set:   text(func(p *Params) *string { return &p.SocketDir }),
		}, {
			Name: "stop_escalate", Type: "integer", Default: "90", Reloadable: true,
			Short: "seconds before an immediate shutdown",
			Long:  "How many seconds a fast shutdown may take before it becomes an immediate one, at most half of the time that the operation has left. 0 means immediate at once.",
			set:   seconds(0, func(p *Params) *time.Duration { return &p.StopEscalate }),
		},
	}
}

func replicationParams() []Param {
	return []Param{
		{
			Name: "rep_mode", Type: "string", Default: string(RepNone),
			Short: "replication mode",
			Long:  "none: one server without replication. async, sync: streaming replication, asynchronous or synchronous, in a promotable clone. slave: one standby of a primary outside this resource.",
			set:   repMode,
		}, {
			Name: "node_list", Type: "string",
			Short: "nodes of the resource",
			Long:  "Names of all nodes that may run the resource, separated by blanks. Needed for async and sync.",
			set:   names(func(p *Params) *[]string { return &p.NodeList }),
		}, {
			Name: "restore_command", Type: "string",
			Short: "restore_command of the standby",
			Long:  "The standby's restore_command. It may be used in async, sync and slave.",
			set:   text(func(p *Params) *string { return &p.RestoreCommand }),
		}, {
			Name: "archive_cleanup_command", Type: "string",
			Short: "archive_cleanup_command of the standby",
			Long:  "The standby's archive_cleanup_command. Not set when empty.",
			set:   text(func(p *Params) *string { return &p.ArchiveCleanupCommand }),
		}, {
			Name: "recovery_end_command", Type: "string",
			Short: "recovery_end_command of the standby",
			Long:  "The standby's recovery_end_command. Not set when empty.",
			set:   text(func(p *Params) *string { return &p.RecoveryEndCommand }),
		}, {
			Name: "master_ip", Type: "string",
			Short: "address of the primary",
			Long:  "Address at which standbys reach the primary, normally a floating one that follows it. Needed for async, sync and slave.",
			set:   text(func(p *Params) *string { return &p.MasterIP }),
		}, {
			Name: "repuser", Type: "string", Default: "postgres",
			Short: "database role for replication",
			Long:  "Database role with which standbys connect to the primary. It needs the REPLICATION privilege.",
			set:   text(func(p *Params) *string { return &p.RepUser }),
		}, {
			Name: "primary_conninfo_opt", Type: "string", Secret: true,
			Short: "more options of primary_conninfo",
			Long:  "Further options for the standby's connection to the primary, as keyword=value pairs. host, port, user and application_name are set by the agent.",
			set:   text(func(p *Params) *string { return &p.PrimaryConninfoOpt }),
		}, {
			Name: "restart_on_promote", Type: "boolean", Default: "false", Reloadable: true,
			Short: "promote by a restart",
			Long:  "If true, a standby is promoted by restarting it as a primary, on the same timeline. Not recommended: a later divergence can neither be seen nor repaired by pg_rewind.",
			set:   boolean(func(p *Params) *bool { return &p.RestartOnPromote }),
		}, {
			Name: "replication_slot_name", Type: "string",
			Short: "prefix of replication slots",
			Long:  "If set, standbys use replication slots of this name, an underscore and the name of the node. Lower-case letters, digits and underscores. In async and sync the agent creates and drops the slots.",
			set:   text(func(p *Params) *string { return &p.SlotName }),
		}, {
			Name: "tmpdir", Type: "string", Default: "/var/lib/pgsql/tmp", emptyIsDefault: true,
			Short: "directory for files of the agent",
			Long:  "Directory for the settings that the agent writes for the server and for its lock file. It must survive a restart of the node.",
			set:   text(func(p *Params) *string { return &p.TmpDir }),
		}, {
			Name: "xlog_check_count", Type: "integer", Default: "3", Reloadable: true,
			Short: "equal observations before promotion",
			Long:  "While there is no primary: how many monitors in a row have to see the same WAL positions on all nodes before the standby that is furthest ahead may be promoted.",
			set:   checkCount,
		}, {
			Name: "crm_attr_timeout", Type: "integer", Default: "5", Reloadable: true,
			Short: "seconds for an attribute update",
			Long:  "How many seconds one update of a node attribute may take before it is given up; the next monitor tries again.",
			set:   seconds(1, func(p *Params) *time.Duration { return &p.CrmAttrTimeout }),
		}, {
			Name: "stop_escalate_in_slave", Type: "integer", Default: "90", Reloadable: true,
			Short: "stop_escalate of a standby",
			Long:  "Like stop_escalate, for a standby in replication.",
			set:   seconds(0, func(p *Params) *time.Duration { return &p.StopEscalateInSlave }),
		}, {
			Name: "check_wal_receiver", Type: "boolean", Default: "false", Reloadable: true,
			Short: "show the state of the WAL receiver",
			Long:  "If true, every monitor shows in a node attribute named after the resource, with -receiver-status at its end, whether the standby's WAL receiver works. Nothing else depends on it.",
			set:   boolean(func(p *Params) *bool { return &p.CheckWalReceiver }),
		}, {
			Name: "external_standby_node_list", Type: "string",
			Short: "standbys outside the cluster",
			Long:  "application_name of each standby that is not managed by the cluster but is to count as a synchronous one, separated by blanks. Only with rep_mode sync; all of them that stream are waited for.",
			set:   names(func(p *Params) *[]string { return &p.ExternalStandbys }),
		}, {
			Name: "watch_server", Type: "boolean", Default: "true", Reloadable: true,
			Short: "report a dead server at once, and follow its standbys",
			Long:  "If true, a process of the agent sleeps beside the server and tells the cluster within milliseconds when it dies; beside a primary it wakes when a standby or a node of the cluster goes, and does what the next monitor would. If false, that monitor does. For async and sync.",
			set:   boolean(func(p *Params) *bool { return &p.WatchServer }),
		},
	}
}

func text(field func(*Params) *string) func(*Params, string) string {
	return func(p *Params, value string) string {
		*field(p) = value
		return ""
	}
}

func names(field func(*Params) *[]string) func(*Params, string) string {
	return func(p *Params, value string) string {
		*field(p) = strings.Fields(value)
		return ""
	}
}

func boolean(field func(*Params) *bool) func(*Params, string) string {
	return func(p *Params, value string) string {
		*field(p) = IsTrue(value)
		return ""
	}
}

// seconds takes any whole number, and numbers below the least one as that one:
// the shell agent works with them in the same way.
func seconds(least int64, field func(*Params) *time.Duration) func(*Params, string) string {
	return func(p *Params, value string) string {
		n, err := whole(value)
		if err != nil {
			return "a whole number of seconds"
		}
		*field(p) = time.Duration(max(n, least)) * time.Second
		return ""
	}
}

// checkCount keeps 0: it means that the operator chooses the first primary.
func checkCount(p *Params, value string) string {
	n, err := whole(value)
	if err != nil {
		return "a whole number"
	}
	p.XlogCheckCount = int(max(n, 0))
	return ""
}

func port(p *Params, value string) string {
	n, err := whole(value)
	if err != nil || n < 1 || n > 65535 {
		return "a port number, 1 to 65535"
	}
	p.PgPort = int(n)
	return ""
}

func libraries(p *Params, value string) string {
	if value == defaultPgLibs {
		value = ""
	}
	p.PgLibs = value
	return ""
}

// repMode takes every text: [Params.standInRepMode] sees to unknown ones.
func repMode(p *Params, value string) string {
	p.RepMode = RepMode(value)
	return ""
}

// whole reads a decimal number. 32 bits keep every number of seconds within a
// time.Duration.
func whole(value string) (int64, error) {
	return strconv.ParseInt(strings.TrimSpace(value), 10, 32)
}
