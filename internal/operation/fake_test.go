package operation

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgrex/internal/crm"
	"pgrex/internal/node"
	"pgrex/internal/run"
)

// A made-up cluster of two nodes that commands are played on. A test describes
// how things are (roles, attributes, files), plays a command with [fakeCluster.play]
// and looks at its exit status, at what it said, and at the changes that it made:
//
//	c := healthyCluster(t)                      // a is primary, b its synchronous standby
//	c.b.set("HS:async", "STREAMING|ASYNC")
//	got := c.play(typed{input: "n\n", terminal: true}, "pg-rex_stop")
//	if got.status != 4 || len(c.changes()) != 0 { ... }
//
// Commands are typed on node a; b is the peer, which [Machine.Dial] answers
// with, or fails as dialErr says.
//
// What a node answers to an operation is found in this order: what the test has
// set with [answer] or [react]; what the fake knows (files, stack, clock,
// programs, the server's process and lock). Anything else fails the test.
// Locks are real ones, one file per node.

// fakeCluster is what both nodes share.
type fakeCluster struct {
	t         testing.TB
	dir       string
	conf      string // text of the configuration file
	addresses []netip.Addr
	dialErr   error
	machine   *Machine

	mu   sync.Mutex // of what follows, the nodes included
	a, b *fakeNode

	// The database resource, and the other resources with where they run.
	primitive, clone string
	params           map[string]string
	others           []fakeResource
	// Properties and what crm_mon says of the whole cluster.
	maintenance, fencing bool
	noDC                 bool
	failures             []fakeFailure
	failCounts           map[string]int // by "resource node"
	// change is called after each change with the node and the change, the lock
	// held: a test lets the cluster react here.
	change func(n *fakeNode, what string)
	made   []string
}

// fakeResource is a resource beside the database.
type fakeResource struct {
	id, parent string // parent: of its clone or group, "" for none
	clone      bool   // the parent is a clone
	kind       string // "IPaddr2"
	// where it runs: "primary" and "standby" follow the roles, "everywhere" is
	// where the stack runs, "nowhere", else the name of a node.
	where  string
	failed bool
	target string // its target role, "" for none
}

type fakeFailure struct {
	key, node string // "pgsql_start_0"
	exit      int
	reason    string
	at        time.Time
}

// fakeNode is one of the two nodes.
type fakeNode struct {
	c    *fakeCluster
	host string
	// files are those that operations on files know, by path.
	files map[string]string
	// stack are the processes of Corosync and Pacemaker, none while they are down.
	stack []node.Process
	// role is Promoted or Unpromoted, "" where no instance is active.
	role string
	// standby and pending are flags of crm_mon.
	standby, pending bool
	blocked          bool              // the database's instance failed and Pacemaker has given it up
	transient        map[string]string // node attributes, by name
	permanent        map[string]string
	server           int // pid of a server process, 0 for none
	lock             bool
	dirUsers         []node.DirUser
	// programs answer programs by their name, before the fake's own ones do.
	programs map[string]func(argv []string) (stdout string, status int)
	answers  map[string]func(context.Context, []byte) (any, error)
}

// The files of the fake.
const (
	fakeData  = "/dbfp/pgdata/data"
	fakeTmp   = "/var/lib/pgsql/tmp"
	oldConfig = `D-LAN_IPAddress = 192.168.2.1 , 192.168.2.2
Archive_dir = /dbfp/pgarch/arc1
STONITH = disable
VIP_SLAVE = enable
`
	newConfig = `HACLUSTER_NAME = salesdb
PG_REX_Primitive_ResourceID = pgsql
PG_REX_Primary_ResourceID = pgsql-clone
D_LAN_IPAddress = 192.168.2.1, 192.168.2.2
IC_LAN_IPAddress = (192.168.1.1, 192.168.1.2), (192.168.3.1, 192.168.3.2)
Archive_dir = /dbfp/pgarch/arc1
PEER_NODE_SSH_PASS_MODE = nopass
IPADDR_PRIMARY_ResourceID = ipaddr-primary
IPADDR_REPLICATION_ResourceID = ipaddr-replication
IPADDR_STANDBY_ResourceID = ipaddr-standby
PING_ResourceID = ping-clone
STONITH_ResourceID = fence1-ipmilan , fence2-ipmilan
`
)

// downCluster is a cluster whose stack is down on both nodes, as after a shutdown of
// the standby first and the primary second.
func downCluster(t testing.TB) *fakeCluster {
	t.Helper()
	c := &fakeCluster{
		t: t, dir: t.TempDir(), conf: newConfig, primitive: "pgsql", clone: "pgsql-clone", fencing: true,
		addresses: []netip.Addr{netip.MustParseAddr("192.168.1.1"), netip.MustParseAddr("192.168.2.1"), netip.MustParseAddr("192.168.3.1")},
		params: map[string]string{
			"pgdata": fakeData, "repuser": "repuser", "rep_mode": "sync", "node_list": "pgrex01 pgrex02", "tmpdir": fakeTmp,
			"pgctl": "/usr/lib/postgresql/15/bin/pg_ctl", "master_ip": "192.168.2.3",
		},
		others: []fakeResource{
			{id: "ipaddr-primary", parent: "primary-group", kind: "IPaddr2", where: "primary"},
			{id: "ipaddr-replication", parent: "primary-group", kind: "IPaddr2", where: "primary"},
			{id: "ipaddr-standby", kind: "IPaddr2", where: "standby"},
			{id: "ping", parent: "ping-clone", clone: true, kind: "ping", where: "everywhere"},
			{id: "fence1-ipmilan", kind: "fence_ipmilan", where: "pgrex02"},
			{id: "fence2-ipmilan", kind: "fence_ipmilan", where: "pgrex01"},
		},
		failCounts: map[string]int{},
	}
	make := func(host string) *fakeNode {
		return &fakeNode{c: c, host: host, files: map[string]string{}, transient: map[string]string{}, permanent: map[string]string{},
			programs: map[string]func([]string) (string, int){}, answers: map[string]func(context.Context, []byte) (any, error){}}
	}
	c.a, c.b = make("pgrex01"), make("pgrex02")
	c.a.permanent["pgsql-data-status"], c.b.permanent["pgsql-data-status"] = "LATEST", "STREAMING|SYNC"
	c.machine = &Machine{
		Own: c.a, User: 0, LockFile: filepath.Join(c.dir, "lock"), State: "/var/lib/pg-rex", Now: time.Now,
		Addresses: func() ([]netip.Addr, error) { return c.addresses, nil },
		Dial: func(context.Context, *session) (node.Node, error) {
			if c.dialErr != nil {
				return nil, c.dialErr
			}
			return c.b, nil
		},
	}
	c.save()
	return c
}

// save leaves the CIB as it is now on both nodes, for when the stack is down.
func (c *fakeCluster) save() {
	c.a.files[crm.CIBFile], c.b.files[crm.CIBFile] = c.cib(), c.cib()
}

// healthyCluster is a cluster with the primary on a and its synchronous standby on b.
func healthyCluster(t testing.TB) *fakeCluster {
	t.Helper()
	c := downCluster(t)
	c.a.up().primary()
	c.b.up().set("HS:sync", "STREAMING|SYNC")
	return c
}

// old makes of a cluster one of the old generation, the tutorial's, with its
// configuration of four lines.
func (c *fakeCluster) old() *fakeCluster {
	c.conf, c.clone, c.fencing = oldConfig, "msPostgresql", false
	c.others = []fakeResource{
		{id: "vip-master", parent: "master-group", kind: "IPaddr2", where: "primary"},
		{id: "vip-rep", parent: "master-group", kind: "IPaddr2", where: "primary"},
		{id: "vip-slave", kind: "IPaddr2", where: "standby"},
		{id: "prmPing", parent: "clnPing", clone: true, kind: "ping", where: "everywhere"},
	}
	c.save()
	return c
}

// up makes the stack run, without a database.
func (n *fakeNode) up() *fakeNode {
	n.stack = []node.Process{{PID: 1001, Name: "corosync", User: "root"}, {PID: 1002, Name: "pacemakerd", User: "root"}}
	n.role, n.server = "", 0
	n.transient = map[string]string{"pgsql-status": "STOP", "master-pgsql": "-INFINITY", "default_ping_set": "100"}
	return n
}

// stop is what the end of Pacemaker makes of a node. A primary leaves its lock
// where a standby could take over.
func (n *fakeNode) stop() {
	other := n.peer()
	if n.role == crm.Promoted {
		n.lock = other.role == crm.Unpromoted
	}
	n.stack, n.role, n.server, n.transient = nil, "", 0, map[string]string{}
	n.files[crm.CIBFile] = n.c.cib()
}

// primary makes the database run as a healthy primary.
func (n *fakeNode) primary() *fakeNode {
	n.role, n.server, n.lock = crm.Promoted, 2001, true
	n.transient["pgsql-status"], n.transient["master-pgsql"] = "PRI", "1000"
	n.permanent["pgsql-data-status"] = "LATEST"
	return n
}

// set makes the database run as a standby with a status and a data status.
func (n *fakeNode) set(status, dataStatus string) *fakeNode {
	n.role, n.server, n.lock = crm.Unpromoted, 2002, false
	n.transient["pgsql-status"], n.permanent["pgsql-data-status"] = status, dataStatus
	n.transient["master-pgsql"] = map[bool]string{true: "100", false: "-INFINITY"}[status == "HS:sync"]
	return n
}

func (n *fakeNode) peer() *fakeNode {
	if n == n.c.a {
		return n.c.b
	}
	return n.c.a
}

// answer sets what a node answers to an operation that changes nothing.
func answer[In, Out any](n *fakeNode, op string, do func(In) (Out, error)) {
	n.answers[op] = func(_ context.Context, raw []byte) (any, error) {
		var in In
		if err := json.Unmarshal(raw, &in); err != nil {
			return nil, err
		}
		return do(in)
	}
}

// react is answer for an operation that changes something: it is noted as op
// with its input.
func react[In, Out any](n *fakeNode, op string, do func(In) (Out, error)) {
	n.answers[op] = func(_ context.Context, raw []byte) (any, error) {
		var in In
		if err := json.Unmarshal(raw, &in); err != nil {
			return nil, err
		}
		n.changed(op + " " + string(raw))
		return do(in)
	}
}

// changed notes a change. The lock is not held.
func (n *fakeNode) changed(what string) {
	n.c.mu.Lock()
	defer n.c.mu.Unlock()
	n.c.made = append(n.c.made, n.host+": "+what)
	if n.c.change != nil {
		n.c.change(n, what)
	}
}

// changes are all that commands have changed so far, "pgrex01: systemctl stop
// pacemaker.service". Locks of operations and the log are none.
func (c *fakeCluster) changes() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.made)
}

// Name implements [node.Node].
func (n *fakeNode) Name() string { return n.host }

// Do implements [node.Node].
func (n *fakeNode) Do(ctx context.Context, op string, in []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	do := n.answers[op]
	if do == nil {
		do = n.known(op)
	}
	if do == nil {
		err := fmt.Errorf("the fake node has no answer to %q %s", op, in)
		n.c.t.Error(err)
		return nil, err
	}
	out, err := do(ctx, in)
	if err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

// Open implements [node.Node]: locks only.
func (n *fakeNode) Open(ctx context.Context, op string, in []byte) (io.ReadWriteCloser, error) {
	if op != "lock" {
		err := fmt.Errorf("the fake node has no stream %q", op)
		n.c.t.Error(err)
		return nil, err
	}
	var lock map[string]any
	if err := json.Unmarshal(in, &lock); err != nil {
		return nil, err
	}
	lock["Path"] = n.lockFile()
	in, err := json.Marshal(lock)
	if err != nil {
		return nil, err
	}
	return node.Local{HostName: n.host}.Open(ctx, op, in)
}

// lockFile is where the lock of operations on this node really is.
func (n *fakeNode) lockFile() string { return n.c.machine.LockFile + "." + n.host }

// known are the operations that the fake answers by itself.
func (n *fakeNode) known(op string) func(context.Context, []byte) (any, error) {
	path := func(raw []byte) string {
		var p string
		if err := json.Unmarshal(raw, &p); err != nil {
			n.c.t.Error(err)
		}
		return p
	}
	read := func(value func() any) func(context.Context, []byte) (any, error) {
		return func(context.Context, []byte) (any, error) {
			n.c.mu.Lock()
			defer n.c.mu.Unlock()
			return value(), nil
		}
	}
	switch op {
	case "identify":
		return read(func() any { return node.Identity{HostName: n.host, BootID: "boot-of-" + n.host} })
	case "stack-age":
		return read(func() any { return time.Hour })
	case "clock":
		return read(func() any { return time.Now() })
	case "stack":
		return read(func() any { return n.stack })
	case "dir-users":
		return read(func() any { return n.dirUsers })
	case "server-process":
		return read(func() any { return n.server })
	case "agent-lock":
		return read(func() any { return lockFile{Path: filepath.Join(fakeTmp, "PGSQL.lock"), Exists: n.lock} })
	case "read-file":
		return func(_ context.Context, raw []byte) (any, error) {
			n.c.mu.Lock()
			defer n.c.mu.Unlock()
			text, ok := n.files[path(raw)]
			if !ok {
				return nil, &fs.PathError{Op: "open", Path: path(raw), Err: fs.ErrNotExist}
			}
			return []byte(text), nil
		}
	case "exists":
		return func(_ context.Context, raw []byte) (any, error) {
			n.c.mu.Lock()
			defer n.c.mu.Unlock()
			_, ok := n.files[path(raw)]
			return ok || n.below(path(raw)) != nil, nil
		}
	case "list":
		return func(_ context.Context, raw []byte) (any, error) {
			n.c.mu.Lock()
			defer n.c.mu.Unlock()
			list := n.below(path(raw))
			if list == nil {
				return nil, &fs.PathError{Op: "open", Path: path(raw), Err: fs.ErrNotExist}
			}
			return list, nil
		}
	case "write-file":
		return func(_ context.Context, raw []byte) (any, error) {
			var f node.File
			if err := json.Unmarshal(raw, &f); err != nil {
				return nil, err
			}
			n.c.mu.Lock()
			n.files[f.Path] = string(f.Content)
			n.c.mu.Unlock()
			n.changed("write " + f.Path)
			return struct{}{}, nil
		}
	case "remove":
		return func(_ context.Context, raw []byte) (any, error) {
			n.c.mu.Lock()
			_, there := n.files[path(raw)]
			delete(n.files, path(raw))
			n.c.mu.Unlock()
			if there {
				n.changed("remove " + path(raw))
			}
			return struct{}{}, nil
		}
	case "remove-agent-lock":
		return func(context.Context, []byte) (any, error) {
			n.c.mu.Lock()
			n.lock = false
			n.c.mu.Unlock()
			n.changed("remove the lock of the agent")
			return struct{}{}, nil
		}
	case "checkpoint", "sync":
		return func(context.Context, []byte) (any, error) {
			n.changed(op)
			if op == "sync" {
				return struct{}{}, nil
			}
			return time.Millisecond, nil
		}
	case "run":
		return n.run
	}
	return nil
}

// below lists what files make of a directory, nil where there is none. The lock is held.
func (n *fakeNode) below(dir string) []node.Entry {
	var list []node.Entry
	for _, p := range slices.Sorted(maps.Keys(n.files)) {
		rest, ok := strings.CutPrefix(p, strings.TrimSuffix(dir, "/")+"/")
		if !ok {
			continue
		}
		name, _, deeper := strings.Cut(rest, "/")
		if len(list) == 0 || list[len(list)-1].Name != name {
			list = append(list, node.Entry{Name: name, Size: int64(len(n.files[p])), Regular: !deeper})
		}
	}
	return list
}

// run answers programs: the test's, then the fake's.
func (n *fakeNode) run(_ context.Context, raw []byte) (any, error) {
	var in struct{ Command run.Command }
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, err
	}
	argv := in.Command.Argv
	var out string
	var status int
	if script := n.programs[filepath.Base(argv[0])]; script != nil {
		out, status = script(argv)
	} else {
		out, status = n.program(argv)
	}
	if !onlyLooks(argv) {
		n.changed(strings.Join(argv, " "))
	}
	type answered struct {
		Result run.Result
		Err    any `json:",omitempty"`
	}
	a := answered{Result: run.Result{Stdout: []byte(out)}}
	if status != 0 {
		exit := &run.ExitError{Argv: argv, Status: status, Stderr: "said the fake"}
		a.Err = map[string]any{"text": exit.Error(), "exit": exit}
	}
	return a, nil
}

// onlyLooks says whether a program changes nothing.
func onlyLooks(argv []string) bool {
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(argv, w) })
	}
	switch filepath.Base(argv[0]) {
	case "crm_mon", "crm_verify", "ping", "pg_config", "uname", "getent":
		return true
	case "cibadmin":
		return has("-Q", "--query")
	case "crm_attribute":
		return has("-G", "--query")
	case "systemctl":
		return has("is-active", "is-enabled", "cat", "show")
	case "crm_node":
		return has("-l", "-p", "-n", "-q")
	case "attrd_updater":
		return has("-Q")
	case "corosync-cmapctl":
		return has("-g")
	case "stonith_admin":
		return !has("-c", "--cleanup", "-C", "--confirm")
	}
	return has("--version", "-V")
}

// notConnected is what Pacemaker's tools answer while it is down.
const notConnected = 102

// program plays Pacemaker's tools and the service manager.
func (n *fakeNode) program(argv []string) (stdout string, status int) {
	n.c.mu.Lock()
	defer n.c.mu.Unlock()
	value := func(option string) string {
		if i := slices.Index(argv, option); i >= 0 && i+1 < len(argv) {
			return argv[i+1]
		}
		return ""
	}
	name := filepath.Base(argv[0])
	if name != "systemctl" && len(n.stack) < 2 {
		return "", notConnected
	}
	switch name {
	case "crm_mon":
		return n.c.mon(), 0
	case "cibadmin":
		return n.c.cib(), 0
	case "crm_node":
		switch {
		case slices.Contains(argv, "-n"):
			return n.host + "\n", 0
		case slices.Contains(argv, "-l"):
			return "1 pgrex01 member\n2 pgrex02 member\n", 0
		}
		var present []string
		for _, m := range []*fakeNode{n.c.a, n.c.b} {
			if len(m.stack) > 0 {
				present = append(present, m.host)
			}
		}
		return strings.Join(present, " ") + "\n", 0
	case "corosync-cmapctl":
		return "runtime.votequorum.wait_for_all_status (u8) = 0\n", 0
	case "systemctl":
		return n.systemctl(argv[1], value(argv[1]))
	case "crm_attribute":
		return n.c.attribute(argv, value)
	case "attrd_updater": // nothing is held back
		var held strings.Builder
		for _, m := range []*fakeNode{n.c.a, n.c.b} {
			if v, set := m.transient[value("-n")]; set {
				fmt.Fprintf(&held, "name=%q host=%q value=%q\n", value("-n"), m.host, v)
			}
		}
		return held.String(), 0
	case "crm_resource", "stonith_admin":
		return "", 0
	}
	return "no such program in the fake", 127
}

func (n *fakeNode) systemctl(do, unit string) (string, int) {
	switch do {
	case "stop":
		if strings.HasPrefix(unit, "pacemaker") && len(n.stack) > 1 {
			left := n.stack[:1]
			n.stop()
			n.stack = left
		} else if strings.HasPrefix(unit, "corosync") {
			n.stack = nil
		}
	case "start":
		if strings.HasPrefix(unit, "corosync") && len(n.stack) == 0 {
			n.stack = []node.Process{{PID: 1001, Name: "corosync", User: "root"}}
		} else if strings.HasPrefix(unit, "pacemaker") && len(n.stack) < 2 {
			n.up()
		}
	case "is-active":
		state := map[bool]string{true: "active\n", false: "inactive\n"}
		out := state[len(n.stack) > 0] + state[len(n.stack) > 1]
		if len(n.stack) < 2 {
			return out, 3
		}
		return out, 0
	}
	return "", 0
}

// attribute plays crm_attribute. The lock is held.
func (c *fakeCluster) attribute(argv []string, value func(string) string) (string, int) {
	const noSuchObject = 105
	name := value("-n")
	if value("-t") == "crm_config" {
		switch {
		case name != "maintenance-mode":
			return "", noSuchObject
		case slices.Contains(argv, "-G"):
			if !c.maintenance {
				return "", noSuchObject
			}
			return "true\n", 0
		}
		c.maintenance = value("-v") == "true"
		return "", 0
	}
	n := c.a
	if value("-N") == c.b.host {
		n = c.b
	}
	attrs := n.transient
	if value("-l") == string(crm.Permanent) {
		attrs = n.permanent
	}
	switch {
	case slices.Contains(argv, "-D"):
		delete(attrs, name)
	case slices.Contains(argv, "-G"):
		if v, ok := attrs[name]; ok {
			return v + "\n", 0
		}
		return "", noSuchObject
	default:
		attrs[name] = value("-v")
	}
	return "", 0
}

// mon is what crm_mon says. The lock is held.
func (c *fakeCluster) mon() string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	nodes := []*fakeNode{c.a, c.b}
	up := func(n *fakeNode) bool { return len(n.stack) > 1 }
	p(`<pacemaker-result api-version="2.25"><summary>`)
	p(`<current_dc present="%t" version="2.1.5-a3f44794f94" name="pgrex01" id="1" with_quorum="true"/>`, !c.noDC)
	p(`<cluster_options stonith-enabled="%t" maintenance-mode="%t" no-quorum-policy="ignore"/></summary><nodes>`, c.fencing, c.maintenance)
	for i, n := range nodes {
		p(`<node name="%s" id="%d" online="%t" standby="%t" standby_onfail="false" maintenance="%t" pending="%t" unclean="false" shutdown="false" type="member"/>`,
			n.host, i+1, up(n), n.standby, c.maintenance, n.pending)
	}
	p(`</nodes><resources><clone id="%s" multi_state="true">`, c.clone)
	target := ""
	instance := func(id, kind, role string, failed, blocked bool, on ...string) {
		p(`<resource id="%s" resource_agent="%s" role="%s"%s active="%t" orphaned="false" blocked="%t" managed="%t" failed="%t" failure_ignored="false">`,
			id, kind, role, target, len(on) > 0, blocked, !c.maintenance, failed)
		for _, host := range on {
			p(`<node name="%s" id="1" cached="true"/>`, host)
		}
		p(`</resource>`)
	}
	for _, n := range nodes {
		if up(n) && n.role != "" {
			instance(c.primitive, "ocf:linuxhajapan:pgsql", n.role, n.blocked, n.blocked, n.host)
		} else {
			instance(c.primitive, "ocf:linuxhajapan:pgsql", "Stopped", false, false)
		}
	}
	p(`</clone>`)
	c.eachOther(p, func(r fakeResource) {
		on := c.places(r)
		role := map[bool]string{true: "Started", false: "Stopped"}[len(on) > 0]
		if target = ""; r.target != "" {
			target = ` target_role="` + r.target + `"`
		}
		switch {
		case r.clone:
			for _, host := range on {
				instance(r.id, "ocf:heartbeat:"+r.kind, role, r.failed, false, host)
			}
			if len(on) == 0 {
				instance(r.id, "ocf:heartbeat:"+r.kind, role, r.failed, false)
			}
		default:
			instance(r.id, "ocf:heartbeat:"+r.kind, role, r.failed, false, on...)
		}
	})
	p(`</resources><node_attributes>`)
	for _, n := range nodes {
		if !up(n) {
			continue
		}
		p(`<node name="%s">`, n.host)
		for _, set := range []map[string]string{n.transient, n.permanent} {
			for _, name := range slices.Sorted(maps.Keys(set)) {
				p(`<attribute name="%s" value="%s"/>`, name, escape(set[name]))
			}
		}
		p(`</node>`)
	}
	p(`</node_attributes><node_history>`)
	for _, n := range nodes {
		p(`<node name="%s">`, n.host)
		for _, key := range slices.Sorted(maps.Keys(c.failCounts)) {
			if id, host, _ := strings.Cut(key, " "); host == n.host {
				p(`<resource_history id="%s" fail-count="%d"/>`, id, c.failCounts[key])
			}
		}
		p(`</node>`)
	}
	p(`</node_history><failures>`)
	for _, f := range c.failures {
		p(`<failure op_key="%s" node="%s" exitstatus="error" exitcode="%d" exitreason="%s" status="complete" last-rc-change="%s"/>`,
			f.key, f.node, f.exit, escape(f.reason), f.at.UTC().Format("2006-01-02 15:04:05Z07:00"))
	}
	p(`</failures><status code="0" message="OK"/></pacemaker-result>`)
	return b.String()
}

// eachOther writes the resources beside the database within their groups and clones.
func (c *fakeCluster) eachOther(p func(string, ...any), write func(fakeResource)) {
	parent := func(i int) string {
		if i < 0 || i >= len(c.others) {
			return ""
		}
		return c.others[i].parent
	}
	for i, r := range c.others {
		tag := map[bool]string{true: "clone", false: "group"}[r.clone]
		if r.parent != "" && parent(i-1) != r.parent {
			p(`<%s id="%s">`, tag, r.parent)
		}
		write(r)
		if r.parent != "" && parent(i+1) != r.parent {
			p(`</%s>`, tag)
		}
	}
}

// places are where a resource runs. The lock is held.
func (c *fakeCluster) places(r fakeResource) []string {
	var on []string
	for _, n := range []*fakeNode{c.a, c.b} {
		runs := map[string]bool{
			"primary": n.role == crm.Promoted, "everywhere": true, n.host: true,
			"standby": n.transient[c.primitive+"-status"] == "HS:sync" || n.role == crm.Promoted && n.peer().transient[c.primitive+"-status"] != "HS:sync",
		}[r.where]
		if len(n.stack) > 1 && runs {
			on = append(on, n.host)
		}
	}
	return on
}

// cib is the CIB as it is now, transient attributes left out.
func (c *fakeCluster) cib() string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	pairs := func(of string, set map[string]string) {
		p(`<instance_attributes id="%s-attributes">`, of)
		for _, name := range slices.Sorted(maps.Keys(set)) {
			p(`<nvpair id="%s-%s" name="%s" value="%s"/>`, of, name, name, escape(set[name]))
		}
		p(`</instance_attributes>`)
	}
	p(`<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="7" num_updates="0" admin_epoch="0"><configuration><crm_config>`)
	p(`<cluster_property_set id="cib-bootstrap-options">`)
	p(`<nvpair id="opt-stonith" name="stonith-enabled" value="%t"/>`, c.fencing)
	if c.maintenance {
		p(`<nvpair id="opt-maintenance" name="maintenance-mode" value="true"/>`)
	}
	p(`</cluster_property_set></crm_config><nodes>`)
	for i, n := range []*fakeNode{c.a, c.b} {
		if n == nil {
			continue
		}
		p(`<node id="%d" uname="%s">`, i+1, n.host)
		pairs(fmt.Sprintf("nodes-%d", i+1), n.permanent)
		p(`</node>`)
	}
	p(`</nodes><resources><clone id="%s"><meta_attributes id="m"><nvpair id="m-p" name="promotable" value="true"/></meta_attributes>`, c.clone)
	p(`<primitive id="%s" class="ocf" provider="linuxhajapan" type="pgsql">`, c.primitive)
	pairs(c.primitive, c.params)
	p(`</primitive></clone>`)
	c.eachOther(p, func(r fakeResource) {
		p(`<primitive id="%s" class="ocf" provider="heartbeat" type="%s">`, r.id, r.kind)
		if r.kind == "ping" {
			pairs(r.id, map[string]string{"name": "default_ping_set"})
		}
		p(`</primitive>`)
	})
	p(`</resources><constraints/></configuration><status/></cib>`)
	return b.String()
}

func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}

// typed is how a command is typed.
type typed struct {
	input    string // what is answered
	terminal bool
	env      map[string]string
}

// played is what came of a command.
type played struct {
	status   int
	out, err string
}

// play runs a command on node a, with the cluster's configuration and a log of
// its own: argv are program and arguments, to which --config and --log-file are added.
func (c *fakeCluster) play(how typed, argv ...string) played {
	c.t.Helper()
	config := filepath.Join(c.dir, "pg-rex_tools.conf")
	if c.conf != "" {
		if err := os.WriteFile(config, []byte(c.conf), 0o600); err != nil {
			c.t.Fatal(err)
		}
	}
	argv = slices.Clone(argv)
	if p, ok := find(argv); ok && !p.cmd.bare { // those know no configuration
		argv = append(argv, "--config", config, "--log-file", c.log())
	}
	var out, errOut bytes.Buffer
	s := Streams{In: strings.NewReader(how.input), Out: &out, Err: &errOut, Terminal: how.terminal,
		Getenv: func(name string) string { return how.env[name] }}
	status := Run(argv, s, c.machine)
	return played{status, out.String(), errOut.String()}
}

// log is the name of the log file of what is played.
func (c *fakeCluster) log() string { return filepath.Join(c.dir, "pg-rex_tools.log") }

// unlocked checks that a command has given up the locks of both nodes.
func (c *fakeCluster) unlocked() {
	c.t.Helper()
	for _, n := range []*fakeNode{c.a, c.b} {
		// It is given up when the other side of the stream has noticed.
		deadline := time.Now().Add(5 * time.Second)
		for {
			l, _, err := node.Lock(context.Background(), n, c.machine.LockFile, node.Holder{Command: "a test", Host: n.host})
			var held *node.HeldError
			if err == nil {
				_ = l.Close()
				break
			}
			if !errors.As(err, &held) || time.Now().After(deadline) {
				c.t.Fatalf("the lock of %s: %v", n.host, err)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// want fails the test unless a command has ended with a status, has said each
// of some texts, and has changed exactly what is listed.
func (c *fakeCluster) want(got played, status int, says []string, changes ...string) {
	c.t.Helper()
	if got.status != status {
		c.t.Errorf("exit status %d, want %d\n%s%s", got.status, status, got.out, got.err)
	}
	for _, text := range says {
		if !strings.Contains(got.out+got.err, text) {
			c.t.Errorf("%q is not said:\n%s%s", text, got.out, got.err)
		}
	}
	if made := c.changes(); !slices.Equal(made, changes) {
		c.t.Errorf("changed\n%s\nwant\n%s", strings.Join(made, "\n"), strings.Join(changes, "\n"))
	}
	c.unlocked()
}

// The fake itself: what it says of the cluster is what the commands read.
func TestFakeCluster(t *testing.T) {
	c := healthyCluster(t)
	ctx := context.Background()
	client := &crm.Client{Run: node.Runner(c.a)}
	o, err := client.Overview(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if ok, why := o.PrimaryRuns("pgsql-clone", "pgsql", "pgrex01"); !ok {
		t.Error(why)
	}
	if state, why := o.StandbyRuns("pgsql-clone", "pgsql", "pgrex02"); state != crm.Sync {
		t.Error(why)
	}
	for id, host := range map[string]string{"ipaddr-primary": "pgrex01", "ipaddr-standby": "pgrex02", "ping-clone": "pgrex02"} {
		if ok, why := o.RunsOn(id, host); !ok {
			t.Error(id, why)
		}
	}
	defs, err := client.Definitions(ctx, "")
	if err != nil || len(defs) != 7 || defs[0].Clone != "pgsql-clone" || !defs[0].Promotable || defs[0].Params["pgdata"] != fakeData {
		t.Errorf("%v %+v", err, defs)
	}
	saved, err := crm.ParseSavedNodes([]byte(c.a.files[crm.CIBFile]))
	if err != nil || saved.DataStatus("pgsql", "pgrex02") != "STREAMING|SYNC" {
		t.Errorf("%v %+v", err, saved)
	}
	if len(c.changes()) != 0 {
		t.Errorf("looking has changed %q", c.changes())
	}
	if err := client.StopStack(ctx); err != nil || len(c.a.stack) != 0 || !c.a.lock || len(c.changes()) != 2 {
		t.Errorf("%v %+v %q", err, c.a, c.changes())
	}
	c.unlocked()
}
