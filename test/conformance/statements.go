package main

import (
	"fmt"
	"strconv"
)

// layer is a kind of test, from the cheapest to the one that is nearest to
// what users have.
type layer int

const (
	unit   layer = iota // one package, nothing started
	script              // the program, with Pacemaker's tools and pg_ctl replaced by stand-ins
	server              // the program with a real PostgreSQL server, Pacemaker's tools replaced
	lab                 // the program in a real cluster
)

// layerNames are the words in parentheses of a Conformance line.
var layerNames = []string{unit: "unit", script: "script", server: "PostgreSQL server", lab: "lab"}

func (l layer) String() string { return layerNames[l] }

// statement is one thing that the agent must do.
type statement struct {
	layer layer  // the cheapest that really shows it: a test of a cheaper one cannot
	text  string // one sentence
	// missing says what a test would have to show that none shows yet. It is
	// empty when tests show the statement.
	missing string
}

// group is a part of the list; the statements are numbered through all groups.
type group struct {
	title      string
	statements []statement
}

var groups = []group{
	{"General and meta-data", []statement{
		{script, "Anybody gets the meta-data, as well-formed XML, with an empty environment and nothing installed.", ""},
		{unit, "The meta-data hold the 33 parameters of the shell agent: order, names, types, defaults, none unique or required.", ""},
		{unit, "The default of config shown in the meta-data lies in the data directory in effect.", ""},
		{unit, "Actions and advised timeouts are those of the shell agent; the XML follows both schemas of resource agents, deviations named.", ""},
		{script, "methods lists ten names.", ""},
		{script, "usage and help are answers; an unknown action is refused with 3, no action with the usage and a failure.", ""},
		{script, "Arguments after the action count for nothing.", ""},
		{script, "Called by Pacemaker without an instance name the agent ends with 2; called by hand it works without one.", ""},
		{script, "Whoever is neither root nor pgdba gets 1 from every action that touches the server.", ""},
		{unit, "A parameter that is absent has its default; one that is set to nothing is empty, or has a defined meaning.", ""},
		{script, "Something else than a number, where one belongs, is refused with 6.", ""},
		{unit, "Booleans know the words of the shell functions, in any case.", ""},
		{server, "Success prints nothing; a failure prints one reason, on one line of at most 200 characters.", ""},
		{unit, "What begins a reason is Pacemaker's choice, ocf-exit-reason: without one.", ""},
		{unit, "Log lines go where Pacemaker's variables say, in the shape that log readers know; debug lines only when asked for.", ""},
		{script, "No password gets into a log, a reason, an argument or the environment of a program.", ""},
		{server, "Whatever hangs (server, cluster command, disk), the agent ends a second before its timeout and says why.", ""},
		{server, "A killed agent leaves no helper behind.", ""},
		{server, "The server has a session of its own, survives the agent and its process group, and holds none of its pipes.", ""},
	}},
	{"Validation", []statement{
		{script, "validate-all looks at user, monitoring user, password and numbers, and at nothing else, unless asked for more.", ""},
		{script, "Asked for more it finds a missing program or file (5), an unwritable data directory (4) and unusable parameters (6).", ""},
		{script, "validate-all changes no file.", ""},
		{script, "A password without its user is refused with 6 by start and promote.", ""},
		{server, "stop stops a running server, and answers 0, with a configuration in which nothing can be found.", ""},
		{server, "With such a configuration monitor does not call a running server stopped.", ""},
		{script, "Replication without notify=true is refused with 6, and the reason names the meta-attribute.", ""},
		{unit, "Slot names that collide or are too long for PostgreSQL, and application names that are, are refused with 6.", ""},
		{server, "A monitoring user that may not see the state of standbys is warned of at start and costs no standby its rights.", ""},
		{script, "With pghost nobody has to name the socket directory.", ""},
	}},
	{"Probe and monitor", []statement{
		{script, "A probe where nothing runs answers 7, also where nothing is installed.", ""},
		{server, "A probe takes a running standby's score and gives a running primary its own, also with a monitor_sql of the user's.", ""},
		{server, "A probe changes no file: configuration, tmpdir, top of the data directory.", ""},
		{unit, "A monitor is a probe when its interval is absent, empty or 0.", ""},
		{server, "Without replication monitor_sql decides between 0 and 1.", ""},
		{server, "monitor_sql of the user's runs on a primary and not on a standby; on a primary its failure is one.", ""},
		{server, "Quotes, dollars, backquotes and semicolons of monitor_sql reach the server as they are, in monitor and in start.", ""},
		{server, "A primary's monitor keeps its data status LATEST and its status PRI.", ""},
		{server, "A primary's monitor restores its score of 1000.", ""},
		{server, "A standby whose data status is DISCONNECT under a primary shows HS:alone; otherwise its status is the primary's to set.", ""},
		{server, "A standby without a primary shows HS:alone and votes.", ""},
		{server, "A server that takes connections and never answers makes monitor end in time with 1, or 9 where it may be primary.", ""},
		{server, "A primary without a free connection is a healthy one; the log warns.", ""},
		{server, "A server in recovery that serves nobody yet is not called stopped, nor restarted, and start waits for it.", ""},
		{server, "A pid file that names somebody else's process means that nothing runs, and stop signals nobody.", ""},
		{server, "A server whose pid file was deleted is found all the same.", ""},
		{server, "Start-up files of psql have no influence.", ""},
		{server, "A cluster that cannot be written to, or is slow, does not change the verdict of monitor.", ""},
		{server, "The monitor after a kill of the postmaster never answers 0 for a primary: 7 or 9; for a standby 7 or 1.", ""},
		{server, "check_wal_receiver shows normal, normal (master) or ERROR, ERROR also for a server that is down, and nothing after a stop.", ""},
		{server, "A steady primary's monitor starts at most 5 programs, a standby's at most 2.", ""},
	}},
	{"Start", []statement{
		{server, "Without replication, start of a running server is 0.", ""},
		{server, "In replication PGSQL.lock refuses start with 1 and a reason that names it; only status and score change.", ""},
		{server, "After start: HS:alone, score -INFINITY, no position, no baseline, no vote notes.", ""},
		{script, "The standby settings have the lines and the order of the shell agent, where the release looks for them.", ""},
		{script, "Mode sync begins with an empty list of synchronous standbys and one include line; mode async has none.", ""},
		{unit, "Include lines of the shell agent are recognised.", ""},
		{server, "The configuration file survives the edit: no final newline, CRLF, a link; owner, mode, extended attributes.", ""},
		{unit, "Include lines of a former tmpdir go.", ""},
		{server, "synchronous_standby_names of another file is refused with 6.", ""},
		{server, "Standby settings of postgresql.auto.conf are refused; the reason names setting and file.", ""},
		{server, "backup_label stays: a fresh base backup becomes consistent by recovery from the backup, in modes slave and sync.", ""},
		{server, "Start beside a server that lives and does not answer leaves its pid file alone, and it stays the only one.", ""},
		{server, "In replication, start on a running primary is 1 and changes nothing.", ""},
		{server, "A server that cannot start is reported within seconds, with what its log says.", ""},
		{server, "Log file, socket directory and, before release 15, the statistics' directory are made for pgdba; 4 where that cannot be.", ""},
		{server, "The server's environment has PGPORT, and neither PGUSER nor PGPASSWORD.", ""},
		{server, "A standby has no slots of other nodes after start.", ""},
		{server, "recovery.conf and recovery.signal left in the data directory are removed with a log line, and a standby starts.", ""},
		{server, "Mode slave starts a standby outside of a promotable clone and makes its tmpdir.", ""},
		{server, "Quotes and backslashes of the recovery parameters arrive in the server as they are.", ""},
		{server, "Files of the agent are pgdba's with mode 0600, and a link in tmpdir leads nowhere.", ""},
	}},
	{"Promote, demote and stop", []statement{
		{server, "Promote of a primary is 0 and changes nothing.", ""},
		{server, "When the server takes writes there is a lock, and the other nodes have lost data status and score.", ""},
		{server, "After promote: LATEST, 1000, PRI, a baseline; a new timeline, or with restart_on_promote the same.", ""},
		{server, "A server that dies of its promotion is reported at once; if it never left recovery, all is as before.", ""},
		{server, "A node whose data status is DISCONNECT is not promoted, whatever its score.", ""},
		{server, "While another standby has more WAL the promotion is refused and the score taken; no constraint is made.", ""},
		{server, "After promote every other node has its slot, with WAL reserved; a healthy one stays.", ""},
		{server, "After demote: server down, score -INFINITY, no baseline, STOP.", ""},
		{server, "Demote removes the lock when no standby was active, and keeps it beside one that is not proven to have everything.", ""},
		{server, "An empty list of standbys is none, one or more blanks; an absent one is not empty.", ""},
		{server, "Demote of a dead server is 0 and keeps the lock; a lone primary that crashed comes back without help.", ""},
		{lab, "A switchover there and back needs nobody's help and leaves no failure.", ""},
		{lab, "Stopping and starting the whole cluster needs nobody's help.", ""},
		{server, "Stop is fast, then immediate after the parameter of the role; STOP, empty list, no position, no baseline.", ""},
		{server, "A fast shutdown is tried however short the timeout, and the action ends in time.", ""},
		{server, "A server that hears no shutdown is killed, and stop answers 0.", ""},
		{server, "Stop of a stopped server is 0 with STOP; every action twice answers as OCF wants.", ""},
		{server, "ocf-tester has nothing to complain of.", ""},
	}},
	{"Notify", []statement{
		{server, "Notify answers 0 whatever fails, and logs it.", ""},
		{server, "After a start or stop the primary looks at its standbys, and nobody else does.", ""},
		{server, "After a promote nobody has a position, and only the promoted node a baseline.", ""},
		{server, "After a demote every standby has a baseline and HS:alone, the demoted node has not; node1 is not node10.", ""},
		{unit, "Variables of old and new names are read, alone and together; the new ones win.", ""},
		{server, "Of two names in the promoted list each acts as primary only if its server is one.", ""},
		{server, "A standby ahead of the node to be promoted says so in the log and in its data status, without a constraint.", ""},
	}},
	{"Control of the standbys and election", []statement{
		{unit, "Every combination of state, sync_state, mode and number of nodes has its values, written in one order.", ""},
		{unit, "quorum is as good as sync.", ""},
		{server, "The first standby that streams is put into the list, and has its rights within a second.", ""},
		{unit, "Of three nodes one standby is in the list; a second does not displace it.", ""},
		{server, "A lost standby has no rights any more before commits go on without it.", ""},
		{server, "Without quorum commits go on waiting.", ""},
		{unit, "External standbys are listed while they stream, in the syntax of the release; an equal list is not written.", ""},
		{server, "pg_receivewal, pg_basebackup and logical receivers are no standbys, whatever they call themselves.", ""},
		{unit, "Of two rows with one name the live one decides.", ""},
		{unit, "STOP and UNKNOWN of another node stay; of a node that is offline only the data status is written.", ""},
		{unit, "The vote is won after max(2, xlog_check_count + 1) equal looks; a change starts it again, a win removes the notes.", ""},
		{unit, "A data status that may lack commits never wins; LATEST and, when all have voted, an absent one do.", ""},
		{unit, "The node that has less marks itself DISCONNECT.", ""},
		{unit, "A greater position of an older timeline, or of another database, does not win.", ""},
		{unit, "Positions have 16 digits, are the greater of replayed and received, missing ones 0; release 19's form is read.", ""},
	}},
	{"Releases and environment", []statement{
		{server, "Every supported release of PostgreSQL gives the same results.", ""},
		{lab, "The tools of Pacemaker 1.1, 2.0, 2.1 and 3.0 are told the same: master-INSTANCE, lifetime reboot.", ""},
		{unit, "An attribute that is absent, one that is empty and a command that fails are three things.", ""},
		{unit, "Both XML dialects of crm_mon, both vocabularies of roles and any order of attributes are read.", ""},
		{unit, "The node's name is Pacemaker's, crm_node's or the host's, and capitals are handled.", ""},
		{lab, "A running cluster of the shell agent is taken over: no restart, no change of role.", ""},
		{server, "An empty PGSQL.lock stops start as it always did.", ""},
		{server, "A Japanese environment and Japanese messages of the server change nothing.", ""},
		{script, "The program is static, starts in under 10 ms and needs no file.", ""},
	}},
	{"Faults of a real cluster", []statement{
		{lab, "Kills, cut networks, a full disk, frozen servers: never two primaries, no lost commit in sync, service back.", ""},
		{lab, "A second failure before the first is repaired ends in a correct primary or in a refusal with a reason.", ""},
		{lab, "A hundred switchovers under load: no lost commit, no failure, no lock.", ""},
		{lab, "After a power loss of all nodes the newest data becomes primary, or the cluster waits and says why.", ""},
	}},
}

// list is one of the lists of statements, with how a number of it is written.
type list struct {
	groups []group
	mark   func(int) string
}

var (
	ofAgent      = &list{groups, strconv.Itoa}
	ofOperations = &list{operations, func(n int) string { return fmt.Sprintf("AT-%03d", n) }}
	ofDefinition = &list{definitions, func(n int) string { return fmt.Sprintf("CD-%03d", n) }}
)

// numbered is the list with its numbers: statement 1 is at index 1.
func (l *list) numbered() []statement {
	all := make([]statement, 1)
	for _, g := range l.groups {
		all = append(all, g.statements...)
	}
	return all
}
