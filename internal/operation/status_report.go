package operation

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/ocf"
)

// statusFacts are what a report is made of.
type statusFacts struct {
	Time time.Time
	Own  string
	Root bool
	// View is the node whose cluster answered, "" when none did: then Saved is
	// what Pacemaker has left in its file.
	View     string
	Cluster  crm.Overview
	Saved    crm.SavedNodes
	Silent   error // of an own cluster that runs and does not answer
	Database database
	HaveDB   bool
	// Addresses are the virtual IPs.
	Addresses []virtualIP
	// Looks are what nodes themselves say, of those that could be asked.
	Looks map[string]look
	// Stonith is what the configuration says; without one it says nothing.
	Stonith, Configured bool
	Network             []string // what is wrong with the node's own addresses
}

// virtualIP is a resource that is an address.
type virtualIP struct {
	ID, Address string
	For         addressUse
}

// addressUse is who a virtual IP is for.
type addressUse string

const (
	forPrimary     addressUse = "primary"
	forStandby     addressUse = "standby"
	forReplication addressUse = "replication"
	forOthers      addressUse = ""
)

// Report is the state of the cluster in words. Its names are those of the JSON
// form, which programs rely on.
type Report struct {
	Time    time.Time `json:"time"`
	Verdict string    `json:"verdict"` // healthy, degraded, down, unknown
	Summary string    `json:"summary"`
	// Source is the node whose cluster answered, "" when only its saved
	// definition could be read.
	Source      string              `json:"source"`
	Cluster     ClusterReport       `json:"cluster"`
	Nodes       []NodeReport        `json:"nodes"`
	Addresses   []AddressReport     `json:"addresses"`
	Replication []ReplicationReport `json:"replication"`
	Problems    []Problem           `json:"problems"`

	summary message.ID
	args    []any
}

// ClusterReport is the cluster as a whole; nothing of it is known while none answers.
type ClusterReport struct {
	Known       bool   `json:"known"`
	Version     string `json:"pacemaker_version"`
	Coordinator string `json:"dc"`
	Quorate     bool   `json:"quorate"`
	Fencing     bool   `json:"fencing"`
	Maintenance bool   `json:"maintenance_mode"`
}

// NodeReport is one node.
type NodeReport struct {
	Name string `json:"name"`
	Own  bool   `json:"own"`
	// Cluster is online, offline, stopped, unknown, or what keeps resources
	// off: unclean, pending, standby, standby_onfail, maintenance, shutdown.
	Cluster string `json:"cluster"`
	// Database is primary, standby, stopped, unknown, or starting, stopping,
	// promoting, demoting.
	Database   string `json:"database"`
	Sync       string `json:"sync"` // of a standby: sync, async, potential, quorum, connected, alone
	Status     string `json:"pgsql_status"`
	DataStatus string `json:"data_status"`
	// LockFile says whether the agent's lock file is there, null if not known.
	LockFile  *bool          `json:"lock_file"`
	LockPath  string         `json:"lock_file_path"`
	Failures  map[string]int `json:"fail_counts"`
	Operation string         `json:"operation"` // a command that is running or has not finished
	Phase     string         `json:"operation_phase"`

	asked bool // its server has answered
}

// AddressReport is one virtual IP.
type AddressReport struct {
	ID      string     `json:"id"`
	Address string     `json:"address"`
	For     addressUse `json:"for"`
	Node    string     `json:"node"`  // where it is, "" for nowhere
	Known   bool       `json:"known"` // false while no cluster answers
}

// ReplicationReport is one standby as the primary sees it.
type ReplicationReport struct {
	From    string   `json:"from"`
	To      string   `json:"to"`
	Address string   `json:"address"`
	State   string   `json:"state"`
	Sync    string   `json:"sync"`
	Bytes   *int64   `json:"lag_bytes"`   // null: not known
	Seconds *float64 `json:"lag_seconds"` // null: not known
}

// Severity says what a problem means for the verdict.
type Severity string

// The severities: a danger to data or service, what degrades, what is worth knowing.
const (
	Danger Severity = "danger"
	Wrong  Severity = "warning"
	Note   Severity = "note"
)

// Problem is something that wants attention.
type Problem struct {
	ID       message.ID `json:"id"`
	Severity Severity   `json:"severity"`
	Text     string     `json:"text"`
	Commands []Typed    `json:"commands"` // in order

	args []any
}

// Typed is a command for the operator to type.
type Typed struct {
	Node    string `json:"node"` // where; "" for any node of the cluster
	Command string `json:"command"`
	// Instead says that it is another way than the command before it.
	Instead bool `json:"instead"`
}

const (
	healthy  = "healthy"
	degraded = "degraded"
	down     = "down"
	unknown  = "unknown"
)

// Limits from which on something is worth a word.
const (
	farBehind = 16 << 20    // bytes of WAL: a segment
	longWait  = time.Second // of a commit for the standby
	fullDisk  = 90          // percent
)

// reporter makes the report. It knows names, and nothing else of the session.
type reporter struct {
	*session
	f statusFacts
	r Report
	// primaries and standbys are the nodes of these roles.
	primaries, standbys []string
}

// report is the state of the cluster in words. It only looks at f, and at the
// words of the session.
func (s *session) report(f statusFacts) Report {
	r := &reporter{session: s, f: f, r: Report{Time: f.Time, Source: f.View, Nodes: []NodeReport{}, Addresses: []AddressReport{}, Replication: []ReplicationReport{}, Problems: []Problem{}}}
	r.nodes()
	r.addresses()
	r.replication()
	r.cluster()
	r.operations()
	r.nodeProblems()
	r.databaseProblems()
	r.addressProblems()
	r.doubleAddresses()
	r.linkProblems()
	r.resourceProblems()
	r.fencingProblems()
	r.diskProblems()
	r.verdict()
	order := []Severity{Danger, Wrong, Note}
	slices.SortStableFunc(r.r.Problems, func(a, b Problem) int {
		return cmp.Compare(slices.Index(order, a.Severity), slices.Index(order, b.Severity))
	})
	say := s.con.Say()
	r.r.Summary = say.Text(r.r.summary, r.r.args...)
	for i, p := range r.r.Problems {
		r.r.Problems[i].Text = say.Text(p.ID, p.args...)
		if p.Commands == nil {
			r.r.Problems[i].Commands = []Typed{}
		}
	}
	return r.r
}

func (r *reporter) problem(level Severity, id message.ID, commands []Typed, args ...any) {
	r.r.Problems = append(r.r.Problems, Problem{ID: id, Severity: level, Commands: commands, args: args})
}

func (r *reporter) known() bool { return r.f.View != "" }

// at are commands to be typed one after the other on a node.
func at(node string, commands ...string) []Typed {
	var list []Typed
	for _, c := range commands {
		list = append(list, Typed{Node: node, Command: c})
	}
	return list
}

func (r *reporter) resource() string { return r.f.Database.def.Resource }

func (r *reporter) lookAt(node string) look {
	for name, l := range r.f.Looks {
		if strings.EqualFold(name, node) {
			return l
		}
	}
	return look{}
}

func (r *reporter) asked(node string) bool {
	for name := range r.f.Looks {
		if strings.EqualFold(name, node) {
			return true
		}
	}
	return false
}

// nodes makes the list of nodes, this one first.
func (r *reporter) nodes() {
	var names []string
	for _, n := range r.f.Cluster.Nodes {
		names = append(names, n.Name)
	}
	if !r.known() {
		for _, n := range r.f.Saved {
			names = append(names, n.Name)
		}
	}
	for name := range r.f.Looks {
		if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
			names = append(names, name)
		}
	}
	own := func(name string) bool { return strings.EqualFold(name, r.f.Own) }
	slices.SortFunc(names, func(a, b string) int {
		if own(a) != own(b) {
			return map[bool]int{true: -1, false: 1}[own(a)]
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		r.r.Nodes = append(r.r.Nodes, r.node(name, own(name)))
	}
	for _, n := range r.r.Nodes {
		switch n.Database {
		case "primary":
			r.primaries = append(r.primaries, n.Name)
		case "standby":
			r.standbys = append(r.standbys, n.Name)
		}
	}
}

func (r *reporter) node(name string, own bool) NodeReport {
	l := r.lookAt(name)
	n := NodeReport{Name: name, Own: own, Failures: map[string]int{}, asked: l.Server != nil}
	n.Cluster, n.Database = r.clusterState(name), unknown
	id := r.resource()
	if status, ok := r.f.Cluster.Node(name); ok && r.f.HaveDB {
		n.Status, n.DataStatus = status.Attrs[id+"-status"], status.Attrs[crm.DataStatus(id)]
	}
	if n.DataStatus == "" && r.f.HaveDB {
		n.DataStatus = r.f.Saved.DataStatus(id, name)
	}
	if r.f.HaveDB {
		n.Database, n.Sync = r.databaseState(name, n)
	}
	if l.Lock != nil {
		n.LockFile, n.LockPath = &l.Lock.Exists, l.Lock.Path
	}
	for _, c := range r.f.Cluster.FailCounts {
		if strings.EqualFold(c.Node, name) {
			n.Failures[c.Resource] = c.Count
		}
	}
	switch {
	case l.Operation != nil:
		n.Operation = l.Operation.Command
	case l.Journal != nil && l.Journal.File != nil:
		n.Operation, n.Phase = r.called(l.Journal.File.Command), l.Journal.File.Phase
	}
	return n
}

func (r *reporter) clusterState(name string) string {
	if !r.known() {
		switch l := r.lookAt(name); {
		case !r.asked(name):
			return unknown
		case len(l.Stack) == 0 && r.f.Root:
			return "stopped"
		}
		return unknown
	}
	if ok, why := r.f.Cluster.Online(name); !ok {
		// One word has to do; the first is the gravest but for a node that is
		// to be fenced.
		if n, _ := r.f.Cluster.Node(name); n.Unclean {
			return "unclean"
		}
		first, _, _ := strings.Cut(why, ",")
		if first == "offline" && r.asked(name) && len(r.lookAt(name).Stack) == 0 && r.f.Root {
			return "stopped"
		}
		return first
	}
	return "online"
}

func (r *reporter) databaseState(name string, n NodeReport) (state, sync string) {
	l := r.lookAt(name)
	if !r.known() || n.Cluster == "offline" || n.Cluster == "stopped" || n.Cluster == "unclean" {
		switch {
		case l.Server != nil && !l.Server.InRecovery:
			return "primary", ""
		case l.Server != nil:
			return "standby", "alone"
		case l.PID != nil && *l.PID != 0:
			return unknown, ""
		case l.PID != nil:
			return "stopped", ""
		}
		return unknown, ""
	}
	clone := r.promotable(r.f.Database)
	switch role := r.f.Cluster.Role(clone, r.resource(), name); role {
	case crm.Promoted:
		return "primary", ""
	case "Starting", "Stopping", "Promoting", "Demoting", "Migrating":
		return strings.ToLower(role), ""
	case crm.Unpromoted:
		if n.Status == "PRI" {
			return "demoting", "" // the agent has not written anew yet
		}
		_, sync, _ = strings.Cut(n.Status, ":")
		return "standby", cmp.Or(sync, "alone")
	}
	return "stopped", ""
}

func (r *reporter) addresses() {
	for _, ip := range r.f.Addresses {
		a := AddressReport{ID: ip.ID, Address: ip.Address, For: ip.For, Known: r.known()}
		for _, n := range r.f.Cluster.Nodes {
			if ok, _ := r.f.Cluster.RunsOn(ip.ID, n.Name); ok {
				a.Node = n.Name
			}
		}
		r.r.Addresses = append(r.r.Addresses, a)
	}
}

// replication is what those nodes say whose server sends.
func (r *reporter) replication() {
	for _, n := range r.r.Nodes {
		server := r.lookAt(n.Name).Server
		if server == nil || server.InRecovery {
			continue
		}
		for _, s := range server.Senders {
			line := ReplicationReport{From: n.Name, To: s.Name, Address: s.Address, State: s.State, Sync: s.Sync}
			if s.Behind >= 0 {
				line.Bytes = &s.Behind
			}
			if s.Delay != nil {
				sec := s.Delay.Seconds()
				line.Seconds = &sec
			}
			r.r.Replication = append(r.r.Replication, line)
		}
	}
}

func (r *reporter) cluster() {
	c := r.f.Cluster
	r.r.Cluster = ClusterReport{Known: r.known(), Version: c.Version, Coordinator: c.DC, Quorate: c.Quorate, Fencing: c.Fencing, Maintenance: c.MaintenanceMode}
	for _, text := range r.f.Network {
		r.problem(Wrong, message.CMN063, at(r.f.Own, "ip address"), "text", text)
	}
	if r.f.Silent != nil {
		r.problem(Wrong, message.STS027, at(r.f.Own, "systemctl status corosync pacemaker"), "node", r.f.Own, "err", oneLine(r.f.Silent))
	}
	if !r.known() {
		return
	}
	switch {
	case c.DC == "":
		r.problem(Wrong, message.STS026, at("", r.watching()))
	case !c.Quorate && c.NoQuorumPolicy != "ignore":
		r.problem(Danger, message.STS017, at("", "corosync-quorumtool -s"))
	}
	if c.MaintenanceMode {
		r.problem(Wrong, message.STS018, at("", "crm_attribute -t crm_config -n maintenance-mode -v false"))
	}
	if len(r.primaries) > 1 {
		r.problem(Danger, message.STS028, []Typed{{Command: r.called("stop")}}, "nodes", comma(r.primaries))
	}
}

func (r *reporter) watching() string { return r.called("status") + " --watch" }

// operations are those that run, and those that did not come to their end.
func (r *reporter) operations() {
	var told []journal
	for _, n := range r.r.Nodes {
		l := r.lookAt(n.Name)
		if o := l.Operation; o != nil {
			r.problem(Note, message.STS029, at(n.Name, r.watching()), "cmd", o.Command, "node", n.Name, "time", stamp(o.Since))
		}
	}
	for _, n := range r.r.Nodes {
		l := r.lookAt(n.Name)
		if l.Journal == nil || l.Journal.File == nil {
			continue
		}
		j := *l.Journal.File
		same := func(o journal) bool { return o.Command == j.Command && o.Started.Equal(j.Started) }
		// The journal of an operation is on every node that it changes.
		if slices.ContainsFunc(told, same) || r.lookAt(j.Node).Operation != nil {
			continue
		}
		told = append(told, j)
		cmd := r.called(j.Command)
		next := at(j.Node, cmd)
		for _, c := range commands() {
			if c.name == j.Command && c.resumable() {
				next = []Typed{{Node: j.Node, Command: cmd + " --resume"}, {Node: j.Node, Command: cmd + " --abort", Instead: true}}
			}
		}
		r.problem(Wrong, message.STS030, next, "cmd", cmd, "time", stamp(j.Started), "node", j.Node, "phase", j.Phase)
	}
}

// lockLeft says whether a lock file keeps the database of a node from starting.
// On a primary it is as it should be, and a standby that has one is being made
// the primary: the agent writes it first.
func (r *reporter) lockLeft(n NodeReport) bool {
	if l := r.lookAt(n.Name).Lock; l != nil && l.Held {
		return false // in nobody's way
	}
	return n.hasLock() && (n.Database == "stopped" || n.Database == unknown && n.Cluster == "stopped")
}

func (n NodeReport) hasLock() bool { return n.LockFile != nil && *n.LockFile }

// rejoin is how the database of a node is started again.
func (r *reporter) rejoin(n NodeReport) []Typed {
	var list []string
	if n.Cluster != "stopped" && n.Cluster != "offline" && n.Cluster != unknown {
		list = append(list, r.called("stop"))
	}
	other := slices.ContainsFunc(r.primaries, func(p string) bool { return p != n.Name })
	if !other && r.unseen() {
		return at(r.other(n.Name), r.called("status")) // it depends on what is there
	}
	var before []Typed
	start := r.called("standby-start")
	switch newest, heir := r.newest(), r.heir(); {
	case other:
	case heir != "" && heir != n.Name:
		before = at("", r.watching()) // the cluster is about to promote it
	case newest == "":
		return nil
	case r.rival(newest) != "":
		return at(r.rival(newest), r.called("status")) // it may have gone on since
	case newest == n.Name:
		start = r.called("primary-start")
		before = r.stops(n.Name)
	default:
		before = append(r.stops(newest), at(newest, r.called("primary-start"))...)
	}
	if r.lockLeft(n) {
		start += " --remove-lock"
	}
	return append(before, at(n.Name, append(list, start)...)...)
}

// stops end the standbys that run beside a node that is to be the primary,
// which is not started beside them.
func (r *reporter) stops(primary string) []Typed {
	var list []Typed
	for _, n := range r.r.Nodes {
		if n.Name != primary && n.Database == "standby" {
			list = append(list, at(n.Name, r.called("stop"))...)
		}
	}
	return list
}

// rival is a node of which nothing is seen but the record that it may become
// primary, "" for none: what is written down here can be older than that.
func (r *reporter) rival(name string) string {
	for _, n := range r.r.Nodes {
		if n.Name != name && !r.asked(n.Name) && !r.online(n.Name) && r.mayLead(n) {
			return n.Name
		}
	}
	return ""
}

func (r *reporter) online(name string) bool {
	n, ok := r.f.Cluster.Node(name)
	return ok && n.Online
}

// mayLead says whether the data status of a node lets it become primary.
func (r *reporter) mayLead(n NodeReport) bool {
	return n.DataStatus == "LATEST" || n.DataStatus == "STREAMING|SYNC" || n.DataStatus == "STREAMING|ASYNC" && !r.wantSync()
}

// lostPrimary is the node that a standby waits for because it was the primary
// and may have gone on alone, "" for none. A majority of more than two nodes
// waits for nobody: its record is the newest (the agent decides the same way).
func (r *reporter) lostPrimary(standby string) string {
	online := 0
	for _, n := range r.r.Nodes {
		if r.online(n.Name) {
			online++
		}
	}
	c := r.f.Cluster
	majority := c.Quorate && c.NoQuorumPolicy != "ignore" && len(r.r.Nodes) > 2 && 2*online > len(r.r.Nodes)
	if !r.wantSync() || majority {
		return ""
	}
	for _, n := range r.r.Nodes {
		if n.Name != standby && n.DataStatus == "LATEST" && !r.online(n.Name) {
			return n.Name
		}
	}
	return ""
}

// unseen says whether there is a node that neither the cluster nor the node
// itself says anything about: it may have the primary.
func (r *reporter) unseen() bool {
	return !r.known() && slices.ContainsFunc(r.r.Nodes, func(n NodeReport) bool { return n.Cluster == unknown && !n.Own })
}

func (r *reporter) other(name string) string {
	for _, n := range r.r.Nodes {
		if n.Name != name {
			return n.Name
		}
	}
	return ""
}

// newest is the node that has the newest data by what is written down, "" when
// nothing is: then no node may be proposed for the primary.
func (r *reporter) newest() string {
	for _, wanted := range []string{"LATEST", "STREAMING|SYNC"} {
		for _, n := range r.r.Nodes {
			if n.DataStatus == wanted {
				return n.Name
			}
		}
	}
	return ""
}

// heir is a running standby that the cluster may make the primary, "" for none.
func (r *reporter) heir() string {
	for _, n := range r.r.Nodes {
		if r.known() && n.Database == "standby" && n.Cluster == "online" && r.mayLead(n) && r.lostPrimary(n.Name) == "" {
			return n.Name
		}
	}
	return ""
}

func (r *reporter) nodeProblems() {
	for _, n := range r.r.Nodes {
		rejoin := r.rejoin(n)
		if r.lockLeft(n) {
			rejoin = nil // follows with the lock
		}
		switch n.Cluster {
		case "stopped":
			r.problem(Wrong, message.STS011, rejoin, "node", n.Name)
		case "offline":
			r.problem(Wrong, message.STS012, rejoin, "node", n.Name)
		case "unclean":
			r.problem(Danger, message.STS013, at("", "stonith_admin --confirm "+n.Name), "node", n.Name)
		case "standby", "standby_onfail":
			r.problem(Wrong, message.STS014, at("", "crm_attribute -N "+n.Name+" -n standby -D"), "node", n.Name)
		case "maintenance":
			r.problem(Wrong, message.STS015, at("", "crm_attribute -N "+n.Name+" -n maintenance -D"), "node", n.Name)
		case "pending", "shutdown":
			r.problem(Note, message.STS016, at("", r.watching()), "node", n.Name)
		}
		if r.lockLeft(n) {
			r.problem(Wrong, message.STS019, r.rejoin(n), "node", n.Name, "path", n.LockPath)
		}
		if pid := r.lookAt(n.Name).PID; n.Cluster == "stopped" && pid != nil && *pid != 0 {
			p := r.f.Database.params
			r.problem(Danger, message.STS025, at(n.Name, fmt.Sprintf("su - %s -c '%s -D %s -m fast stop'", p.PgDBA, p.PgCtl, p.PgData)), "node", n.Name, "pid", *pid)
		}
	}
}

func (r *reporter) wantSync() bool { return r.f.Database.params.RepMode != ocf.RepAsync }

func (r *reporter) databaseProblems() {
	if !r.known() || !r.f.HaveDB {
		return
	}
	for _, n := range r.r.Nodes {
		switch {
		case n.Database == "stopped" && n.Cluster == "online" && !r.lockLeft(n) && !r.failed(r.resource(), n.Name):
			r.problem(Wrong, message.STS031, at("", cleanup(r.resource(), n.Name)), "node", n.Name)
		case n.Database == "standby" && n.Cluster != "offline" && !(n.Sync == "sync" || n.Sync == "async" && !r.wantSync()):
			r.notSync(n)
		case slices.Contains([]string{"starting", "stopping", "promoting", "demoting", "migrating"}, n.Database):
			r.problem(Note, message.STS032, at("", r.watching()), "node", n.Name, "what", r.state(n.Database))
		}
		if n.Database == "standby" && n.hasLock() {
			r.problem(Note, message.STS032, at("", r.watching()), "node", n.Name, "what", r.state("promoting"))
		}
		server := r.lookAt(n.Name).Server
		if server != nil && server.Archiving != nil && server.Archiving.Fails() {
			a := server.Archiving
			r.problem(Wrong, message.STS052, at(n.Name, r.called("doctor")), "node", n.Name, "file", a.LastFailed, "time", stamp(a.LastFailedTime))
		}
		if n.Database == "standby" && server != nil && server.ReplayPaused {
			r.problem(Wrong, message.STS033, at(n.Name, fmt.Sprintf(`su - %s -c "psql -p %d -c 'SELECT pg_wal_replay_resume()'"`, r.f.Database.params.PgDBA, r.f.Database.settings.Port)), "node", n.Name)
		}
	}
	r.commits()
	for _, line := range r.r.Replication {
		if line.Bytes != nil && *line.Bytes > farBehind {
			r.problem(Wrong, message.STS034, at("", r.watching()), "standby", line.To, "size", size(*line.Bytes))
		}
	}
}

// commits are those that wait for the standby, and those that were ended while
// they did: clients may take the one for the other.
func (r *reporter) commits() {
	for _, name := range r.primaries {
		server := r.lookAt(name).Server
		if server == nil {
			continue
		}
		waits := server.Waits.Sessions > 0 && server.Waits.Longest >= longWait
		if waits {
			r.problem(Wrong, message.STS055, at("", r.watching()), "node", name, "num", server.Waits.Sessions,
				"sec", strconv.FormatFloat(server.Waits.Longest.Seconds(), 'f', 1, 64))
		}
		// What a synchronous standby has confirmed since covers them.
		if server.Abandoned > 0 && (waits || r.syncStandby() == "") {
			r.problem(Wrong, message.STS056, at("", r.watching()), "node", name, "num", server.Abandoned)
		}
	}
}

// notSync says why a standby is not synchronous, as far as that can be seen.
func (r *reporter) notSync(n NodeReport) {
	if len(r.primaries) == 0 {
		// What is to be typed stands with the node that the standby waits for.
		switch lost := r.lostPrimary(n.Name); {
		case n.DataStatus != "" && !r.mayLead(n):
			r.problem(Wrong, message.STS058, at("", r.watching()), "node", n.Name, "value", n.DataStatus)
		case lost != "":
			r.problem(Wrong, message.STS059, at("", r.watching()), "node", n.Name, "other", lost)
		default:
			r.problem(Note, message.STS035, at("", r.watching()), "node", n.Name)
		}
		return
	}
	for _, line := range r.r.Replication {
		if strings.EqualFold(line.To, n.Name) {
			r.problem(Wrong, message.STS036, at("", r.watching()), "node", n.Name, "state", line.State, "sync", line.Sync)
			return
		}
	}
	switch n.Sync {
	case "alone":
		if why := r.lookAt(n.Name).complaint(); why != "" {
			next := at(n.Name, r.called("doctor")+" --connect")
			if unfit(why) {
				next = at(n.Name, r.called("stop"), r.called("standby-start"))
			}
			r.problem(Wrong, message.STS057, next, "node", n.Name, "why", why)
			return
		}
		r.problem(Wrong, message.STS037, at(n.Name, r.called("stop"), r.called("standby-start")), "node", n.Name)
	default:
		r.problem(Wrong, message.STS038, at("", r.watching()), "node", n.Name, "state", n.Status)
	}
}

// complaint is why the server of a node receives nothing, "" where it does not say.
func (l look) complaint() string {
	if l.Server == nil {
		return ""
	}
	return l.Server.Complaint
}

// unfit says whether a receiver complains of the data here, which has to be
// prepared anew, and not of the way to the primary.
func unfit(complaint string) bool {
	return slices.ContainsFunc([]string{"timeline", "starting point", "system identifier", "already been removed"},
		func(words string) bool { return strings.Contains(complaint, words) })
}

func cleanup(resource, node string) string {
	return cleanupAll(resource) + " -N " + node
}

func (r *reporter) addressProblems() {
	if !r.known() {
		return
	}
	for _, a := range r.r.Addresses {
		standby := r.syncStandby()
		switch {
		case a.Node == "" && (a.For == forPrimary || a.For == forReplication) && len(r.primaries) == 0:
			// follows the primary
		case a.Node == "" && a.For == forStandby && len(r.primaries) == 0 && standby == "":
		case a.Node == "":
			r.problem(Wrong, message.STS039, at("", cleanupAll(a.ID)), "id", a.ID)
		case a.For == forStandby && slices.Contains(r.primaries, a.Node) && standby != "":
			r.problem(Wrong, message.STS040, at("", cleanupAll(a.ID)), "id", a.ID, "node", a.Node, "standby", standby)
		case (a.For == forPrimary || a.For == forReplication) && len(r.primaries) == 1 && a.Node != r.primaries[0]:
			r.problem(Danger, message.STS041, at("", cleanupAll(a.ID)), "id", a.ID, "node", a.Node, "primary", r.primaries[0])
		}
	}
}

// doubleAddresses are those that a node has besides the one on which the cluster
// has them: they could not be stopped there, or the cluster is in two parts.
func (r *reporter) doubleAddresses() {
	for _, a := range r.r.Addresses {
		ip, err := netip.ParseAddr(a.Address)
		if err != nil || a.Node == "" {
			continue
		}
		for _, n := range r.r.Nodes {
			i := slices.IndexFunc(r.lookAt(n.Name).Addresses, func(h heldAddress) bool { return h.Prefix.Addr() == ip })
			if i < 0 || strings.EqualFold(n.Name, a.Node) {
				continue
			}
			held := r.lookAt(n.Name).Addresses[i]
			r.problem(Danger, message.STS054, at(n.Name, "ip address del "+held.Prefix.String()+" dev "+held.Device),
				"id", a.ID, "ip", a.Address, "node", a.Node, "other", n.Name)
		}
	}
}

// linkProblems are links of Corosync that are down while others are not. When
// all are, the other node is lost, which is told of that.
func (r *reporter) linkProblems() {
	var links, nodes []string
	for _, n := range r.r.Nodes {
		if l := r.lookAt(n.Name); len(l.LinksDown) > 0 && len(l.LinksDown) < l.Links {
			links, nodes = append(links, l.LinksDown...), append(nodes, n.Name)
		}
	}
	if len(links) == 0 {
		return
	}
	slices.Sort(links)
	r.problem(Wrong, message.STS053, at(nodes[0], "corosync-cfgtool -s"), "links", comma(slices.Compact(links)), "nodes", comma(nodes))
}

// syncStandby is a standby that could take over, "" for none.
func (r *reporter) syncStandby() string {
	for _, n := range r.r.Nodes {
		if n.Database == "standby" && n.Cluster == "online" && (n.Sync == "sync" || n.Sync == "async" && !r.wantSync()) {
			return n.Name
		}
	}
	return ""
}

func (r *reporter) failed(resource, node string) bool {
	return slices.ContainsFunc(r.f.Cluster.Failures, func(f crm.Failure) bool { return f.Resource == resource && strings.EqualFold(f.Node, node) }) ||
		r.f.Cluster.FailCount(resource, node) > 0
}

// resourceProblems are failed actions, what commands have left in the
// definition, and resources that do not run.
func (r *reporter) resourceProblems() {
	if !r.known() {
		return
	}
	type place struct{ resource, node string }
	last := map[place]crm.Failure{}
	var order []place
	for _, f := range r.f.Cluster.Failures {
		p := place{f.Resource, f.Node}
		before, seen := last[p]
		if !seen {
			order = append(order, p)
		}
		if !seen || f.Time.After(before.Time) {
			last[p] = f
		}
	}
	for _, c := range r.f.Cluster.FailCounts {
		if p := (place{c.Resource, c.Node}); !slices.Contains(order, p) {
			order = append(order, p)
		}
	}
	for _, p := range order {
		if n := r.reportOf(p.node); p.resource == r.resource() && r.lockLeft(n) {
			continue // the lock is why, and the start clears it
		}
		next := at("", cleanup(p.resource, p.node))
		count := r.f.Cluster.FailCount(p.resource, p.node)
		f, seen := last[p]
		switch {
		case !seen:
			r.problem(Wrong, message.STS043, next, "resource", p.resource, "node", p.node, "num", times(count))
		case f.Time.IsZero():
			r.problem(Wrong, message.STS044, next, "resource", p.resource, "node", p.node, "op", f.Operation, "why", why(f))
		default:
			r.problem(Wrong, message.STS042, next, "resource", p.resource, "node", p.node, "op", f.Operation, "time", stamp(f.Time), "why", why(f))
		}
	}
	for _, b := range r.f.Cluster.Bans {
		if b.ByCommand() {
			r.problem(Wrong, message.STS045, at("", "crm_resource --clear -r "+b.Resource+" -N "+b.Node), "resource", b.Resource, "node", b.Node, "id", b.ID)
		}
	}
	r.troubles()
}

func why(f crm.Failure) string {
	text := f.Exit
	if f.Status != "" && f.Status != "complete" {
		text = f.Status
	}
	if f.Reason != "" {
		text += ": " + f.Reason
	}
	return text
}

func times(count int) string {
	if count >= crm.Infinity {
		return "INFINITY"
	}
	return fmt.Sprint(count)
}

func (r *reporter) reportOf(node string) NodeReport {
	for _, n := range r.r.Nodes {
		if strings.EqualFold(n.Name, node) {
			return n
		}
	}
	return NodeReport{}
}

// troubles are resources that do not run, each told once, and not again when it
// has failed or when its node is not there.
func (r *reporter) troubles() {
	covered := []string{r.resource()}
	for _, a := range r.r.Addresses {
		covered = append(covered, a.ID)
	}
	said := map[string]bool{}
	for _, n := range r.r.Nodes {
		if n.Cluster != "online" {
			continue
		}
		for _, t := range r.f.Cluster.Troubles(n.Name, covered) {
			single := !slices.ContainsFunc(r.f.Cluster.Of(t.Resource), func(i crm.Resource) bool { return i.Clone != "" })
			if r.failed(t.Resource, n.Name) || single && said[t.Resource] {
				continue
			}
			said[t.Resource] = true
			next, level := at("", cleanupAll(t.Resource)), Wrong
			if t.Kind == crm.Disabled {
				next, level = at("", enable(t.Resource)), Note
			}
			if single && (t.Kind == crm.Stopped || t.Kind == crm.Disabled) {
				r.problem(level, message.STS046, next, "resource", t.Resource, "state", r.state(string(t.Kind)))
				continue
			}
			r.problem(level, message.STS047, next, "resource", t.Resource, "node", n.Name, "state", r.state(string(t.Kind)))
		}
	}
	for _, i := range r.f.Cluster.Of(r.resource()) {
		if i.Disabled {
			r.problem(Danger, message.STS046, at("", enable(r.promotable(r.f.Database))), "resource", r.resource(), "state", r.state(string(crm.Disabled)))
			break
		}
	}
}

func (r *reporter) fencingProblems() {
	for _, e := range r.f.Cluster.Fencings {
		args := []any{"node", e.Target, "time", stamp(e.Completed)}
		switch e.State {
		case "failed":
			r.problem(Wrong, message.STS048, at("", "stonith_admin --cleanup --history "+e.Target), args...)
		case "pending":
			r.problem(Note, message.STS049, at("", r.watching()), args[:2]...)
		}
	}
	switch {
	case !r.f.Configured:
	case !r.f.Stonith:
		r.problem(Note, message.CMN020, at("", "vi "+r.config))
	case r.known() && !r.f.Cluster.Fencing:
		r.problem(Wrong, message.STS050, at("", "crm_attribute -t crm_config -n stonith-enabled -v true"))
	}
}

func (r *reporter) diskProblems() {
	for _, n := range r.r.Nodes {
		said := map[[2]int64]bool{} // one file system is told once
		for _, d := range r.lookAt(n.Name).Disks {
			used := 100 - d.Free*100/max(d.Total, 1)
			if key := [2]int64{d.Free, d.Total}; used < fullDisk || said[key] {
				continue
			} else {
				said[key] = true
			}
			r.problem(Wrong, message.STS051, at(n.Name, r.called("archivefile-delete")), "node", n.Name, "path", d.Path, "pct", used, "size", size(d.Free))
		}
	}
}

// verdict is the one line.
func (r *reporter) verdict() {
	set := func(verdict string, id message.ID, args ...any) {
		r.r.Verdict, r.r.summary, r.r.args = verdict, id, args
	}
	wrong := 0
	for _, p := range r.r.Problems {
		if p.Severity != Note {
			wrong++
		}
	}
	all := func(state string) bool {
		return len(r.r.Nodes) > 0 && !slices.ContainsFunc(r.r.Nodes, func(n NodeReport) bool { return n.Cluster != state })
	}
	standby := r.syncStandby()
	starting := slices.IndexFunc(r.r.Nodes, func(n NodeReport) bool { return n.Database == "promoting" || n.Database == "starting" })
	switch {
	case len(r.primaries) > 1:
		set(degraded, message.STS007, "nodes", comma(r.primaries))
	case len(r.primaries) == 1 && !r.known():
		set(degraded, message.STS008, "node", r.primaries[0])
	case !r.known() && all("stopped"):
		set(down, message.STS006)
	case !r.known() && r.f.Silent != nil:
		set(unknown, message.STS010, "node", r.f.Own)
	case !r.known():
		set(unknown, message.STS005, "node", r.f.Own)
	case len(r.primaries) == 0 && starting >= 0:
		set(down, message.STS009, "node", r.r.Nodes[starting].Name)
	case len(r.primaries) == 0:
		set(down, message.STS004)
	case standby == "":
		set(degraded, message.STS002, "node", r.primaries[0])
	case wrong > 0:
		set(degraded, message.STS003, "node", r.primaries[0], "standby", standby, "sync", r.state(r.reportOf(standby).Sync), "num", wrong)
	default:
		set(healthy, message.STS001, "node", r.primaries[0], "standby", standby, "sync", r.state(r.reportOf(standby).Sync))
	}
}
