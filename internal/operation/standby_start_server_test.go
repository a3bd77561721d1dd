package operation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgrex/internal/conf"
	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/run"
	"pgrex/test/servers/clients"
)

// joinLab is a made-up cluster whose databases are real: a primary that runs on
// the peer, and data of a standby on the own node, where no server runs.
type joinLab struct {
	*fakeCluster
	*databases
	t    *testing.T
	own  *halfReal
	port int
	// copied is what the own node's directory was like when it was copied last.
	copied string
}

// halfReal is a node whose cluster is made up and whose files and programs of
// PostgreSQL are real. Both nodes are this machine: what is below /n1/ in an
// operation is below /n2/ on the peer.
type halfReal struct {
	*fakeNode
	lab      *joinLab
	as, here string
	// program is called before a program of PostgreSQL.
	program func(ctx context.Context, argv []string) error
}

func (n *halfReal) Do(ctx context.Context, op string, in []byte) ([]byte, error) {
	isReal := bytes.Contains(in, []byte(n.lab.dir2()))
	if op == "run" {
		var c struct{ Command run.Command }
		if err := json.Unmarshal(in, &c); err != nil {
			return nil, err
		}
		if isReal = filepath.Dir(c.Command.Argv[0]) == n.lab.bin; isReal && n.program != nil {
			if err := n.program(ctx, c.Command.Argv); err != nil {
				return nil, err
			}
		}
	}
	if !isReal {
		return n.fakeNode.Do(ctx, op, in)
	}
	out, err := node.Local{HostName: n.host}.Do(ctx, op, bytes.ReplaceAll(in, []byte(n.as), []byte(n.here)))
	return bytes.ReplaceAll(out, []byte(n.here), []byte(n.as)), err
}

func (n *halfReal) Open(ctx context.Context, op string, in []byte) (io.ReadWriteCloser, error) {
	if op == "lock" {
		return n.fakeNode.Open(ctx, op, in)
	}
	return node.Local{HostName: n.host}.Open(ctx, op, bytes.ReplaceAll(in, []byte(n.as), []byte(n.here)))
}

// dir2 is the directory of both nodes.
func (l *joinLab) dir2() string { return l.databases.dir }

// n1 is a path of the own node.
func (l *joinLab) n1(name string) string { return filepath.Join(l.path("n1"), name) }

// newJoinLab starts the primary and keeps the data of a standby that was stopped.
func newJoinLab(t *testing.T, user string) *joinLab {
	t.Helper()
	l := &joinLab{t: t, databases: realDatabases(t)}
	if u, err := pg.LookupUser(t.Context(), run.Local{}, user); err == nil {
		l.databases.user = u
	}
	if out, err := exec.Command("chown", "-R", user, l.databases.dir).CombinedOutput(); err != nil {
		t.Fatal(string(out))
	}
	listener, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	l.port = listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	for _, dir := range []string{"n1", "n2", "n1/archive", "n2/archive", "n1/tmp", "n2/tmp"} {
		l.do("mkdir", "-m", "0700", l.path(dir))
	}
	l.do("cp", "-a", l.path("base"), l.path("n2/data"))
	l.settings("n2")
	hba := filepath.Join("n2/data", "pg_hba.conf")
	l.write("", hba, "local all all trust\nlocal replication all trust\nhost replication repuser 127.0.0.0/8 trust\n")
	t.Cleanup(func() {
		_ = exec.Command("runuser", "-u", l.user.Name, "--", l.bin+"/pg_ctl", "stop", "-m", "immediate", "-w", "-D", l.path("n2/data")).Run()
		clients.RemoveSegment(l.path("n2/data"))
		clients.RemoveSegment(l.path("n1/data"))
	})
	l.do(l.bin+"/pg_ctl", "start", "-w", "-D", l.path("n2/data"))
	if user != "postgres" {
		l.do(l.bin+"/psql", "-U", "postgres", "-h", l.path("n2"), "-p", fmt.Sprint(l.port), "-d", "template1", "-c", "CREATE ROLE "+user+" SUPERUSER LOGIN")
	}
	l.sql("CREATE ROLE repuser REPLICATION LOGIN", "CREATE TABLE t AS SELECT 1 AS n", "SELECT pg_switch_wal()")
	l.do(l.bin+"/pg_basebackup", "-h", l.path("n2"), "-p", fmt.Sprint(l.port), "-D", l.path("n1/data"), "-c", "fast", "-X", "stream")
	l.settings("n1")
	l.write("n1", "data/standby.signal", "")
	l.life("n1/data")
	l.do("rm", l.path("n1/data/standby.signal"))
	l.do("cp", "-a", l.path("n1"), l.path("standby"))
	l.again(t)
	return l
}

// settings are those of the server on a node.
func (l *joinLab) settings(n string) {
	listen := map[string]string{"n1": "", "n2": "127.0.0.2"}[n]
	l.write(n, "data/postgresql.auto.conf", fmt.Sprintf("listen_addresses = '%s'\nport = %d\nunix_socket_directories = '%s'\nfsync = off\nshared_buffers = 4MB\n"+
		"dynamic_shared_memory_type = mmap\nwal_log_hints = on\nwal_keep_size = 256MB\narchive_mode = on\narchive_command = 'cp %%p %s/archive/%%f'\n"+
		"primary_conninfo = 'host=%s port=%d'\n", listen, l.port, l.path(n), l.path(n), l.path("n2"), l.port))
}

func (l *joinLab) sql(statements ...string) {
	l.t.Helper()
	for _, s := range statements {
		l.do(l.bin+"/psql", "-XAtqc", s, "-h", l.path("n2"), "-p", fmt.Sprint(l.port), "-d", "template1", "-v", "ON_ERROR_STOP=1")
	}
}

// again puts the standby back to where it was, and makes a new cluster around it.
func (l *joinLab) again(t *testing.T) {
	t.Helper()
	l.t, l.databases.t = t, t
	if l.copied == "" || l.state() != l.copied {
		if err := os.RemoveAll(l.path("n1")); err != nil {
			t.Fatal(err)
		}
		l.do("cp", "-a", l.path("standby"), l.path("n1"))
		l.copied = l.state()
	}
	c := downCluster(t)
	l.fakeCluster = c
	c.conf = strings.NewReplacer("192.168.2.", "127.0.0.", "192.168.1.", "127.0.0.", "192.168.3.", "127.0.1.", "/dbfp/pgarch/arc1", l.n1("archive")).Replace(newConfig)
	c.addresses = []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.1.1")}
	for k, v := range map[string]string{
		"pgdata": l.n1("data"), "tmpdir": l.n1("tmp"), "pgctl": l.bin + "/pg_ctl", "pgport": fmt.Sprint(l.port), "socketdir": l.path("n1"),
		"pgdba": l.databases.user.Name, "config": l.n1("data/postgresql.conf"), "logfile": l.n1("log"),
	} {
		c.params[k] = v
	}
	c.a.files[conf.CorosyncPath] = ""
	c.a.programs["ping"] = func([]string) (string, int) { return "", 0 }
	c.b.up().primary()
	c.machine.State = l.n1("state")
	l.own = &halfReal{fakeNode: c.a, lab: l, as: l.path("n1"), here: l.path("n1")}
	peer := &halfReal{fakeNode: c.b, lab: l, as: l.path("n1"), here: l.path("n2")}
	c.machine.Own = l.own
	c.machine.Dial = func(context.Context, *session) (node.Node, error) { return peer, nil }
	c.change = func(n *fakeNode, what string) {
		if strings.Contains(what, "start pacemaker") {
			n.set("HS:sync", "STREAMING|SYNC")
		}
	}
}

// started are the changes to the cluster of a node that was started.
var stackStarted = []string{"pgrex01: systemctl start corosync.service", "pgrex01: systemctl start pacemaker.service"}

func (l *joinLab) start(args ...string) played {
	l.t.Helper()
	return l.play(typed{}, append([]string{"pg-rex_standby_start"}, args...)...)
}

// state is what is below the own node's directory, names and times.
func (l *joinLab) state() string {
	l.t.Helper()
	out, err := exec.Command("find", l.path("n1"), "-printf", "%p %s %T@ %C@\n").Output()
	if err != nil {
		l.t.Fatal(err)
	}
	return string(out)
}

// journal leaves what an earlier run has written.
func (l *joinLab) journal(phase, methods string) {
	l.t.Helper()
	b, _ := json.Marshal(journal{Command: "standby-start", Node: "pgrex01", Started: time.Now(), Phase: phase, Facts: map[string]string{"methods": methods}})
	b = bytes.ReplaceAll(b, []byte(`\"`), []byte(`"`)) // options may follow the methods
	_ = os.Mkdir(l.n1("state"), 0o700)
	if err := os.WriteFile(l.n1("state/operation.json"), b, 0o600); err != nil {
		l.t.Fatal(err)
	}
}

func (l *joinLab) journalIsThere() bool {
	_, err := os.Stat(l.n1("state/operation.json"))
	return err == nil
}

// diverge lets the data here go a way of its own and is stopped in order.
func (l *joinLab) diverge() {
	l.t.Helper()
	text, err := os.ReadFile(l.n1("data/postgresql.auto.conf"))
	if err != nil {
		l.t.Fatal(err)
	}
	l.write("n1", "data/postgresql.auto.conf", string(text)+"archive_mode = off\n")
	l.write("n1", "data/standby.signal", "")
	l.life("n1/data", "promote")
}

// dies lets the machine die while a program is at work, and come back.
func (l *joinLab) dies(program string, args ...string) {
	l.t.Helper()
	l.own.program = func(_ context.Context, argv []string) error {
		if filepath.Base(argv[0]) == program && slices.Contains(argv, "-D") && !slices.Contains(argv, "--dry-run") {
			if out, err := exec.Command("cp", "-a", l.path("n1"), l.path("dead")).CombinedOutput(); err != nil {
				l.t.Error(string(out))
			}
			return errors.New("the machine is dead")
		}
		return nil
	}
	l.start(args...)
	l.own.program = nil
	if err := errors.Join(os.RemoveAll(l.path("n1")), os.Rename(l.path("dead"), l.path("n1"))); err != nil {
		l.t.Fatal(err)
	}
}

// Conformance: AT-068, AT-070, AT-074, AT-075, AT-076, AT-077, AT-078, AT-079, AT-080, AT-081, AT-082, AT-083, AT-086, AT-132 (PostgreSQL server)
func TestStandbyStartOnRealData(t *testing.T) {
	l := newJoinLab(t, "postgres")
	person := func(answer string) typed { return typed{input: answer, terminal: true} }
	noData := func() { l.do("rm", "-rf", l.n1("data")) }

	for _, tt := range []struct {
		name      string
		state     func()
		how       typed
		args      []string
		status    int
		says      []string
		never     string
		starts    bool
		untouched bool
	}{
		{name: "check only", args: []string{"-c"}, says: []string{"n) use the database as it is", "b) base backup"}, untouched: true},
		{name: "check only with -n", args: []string{"-c", "-n"}, says: []string{"-n, -r and -b are ignored because of -c."}, untouched: true},
		{name: "check only, nothing possible", args: []string{"-c"}, status: 3, says: []string{"SST-050"}, untouched: true, state: func() {
			noData()
			l.write("n1", "archive/00000001000000000000007F", "")
		}},
		{name: "check only beside a journal", args: []string{"-c"}, says: []string{"n) use"}, state: func() { l.journal(phaseArchive, "nb") }, untouched: true},
		{name: "-n of nothing", args: []string{"-n"}, status: 3, says: []string{"There is no database here.", "SST-050"}, state: noData, untouched: true},
		{name: "-r takes as is", args: []string{"-r"}, says: []string{"Starting with the database as it is."}, starts: true},
		{name: "-n -r -b takes the first", args: []string{"-n", "-r", "-b"}, says: []string{"Starting with the database as it is."}, starts: true},
		{name: "-n -b where n is impossible", args: []string{"-n", "-b"}, state: noData, says: []string{"Starting from a base backup."}, starts: true},
		{name: "--yes takes the best", args: []string{"--yes"}, says: []string{"Starting with the database as it is."}, starts: true},
		{name: "--yes where nothing is", args: []string{"--yes"}, state: noData, says: []string{"Starting from a base backup."}, starts: true},
		{name: "--yes where something would be lost", args: []string{"--yes"}, state: l.diverge, status: 4, says: []string{"SST-076", "next: pg-rex_standby_start -"}, untouched: true},
		{name: "end of input", how: person(""), status: 4, says: []string{"CMN-052"}, untouched: true},
		{name: "quit", how: person("x\nq\n"), status: 4, says: []string{"Please answer", "SST-052", "These directories will be emptied: "}, untouched: true},
		{name: "nobody to ask", status: 4, says: []string{"CMN-051"}, untouched: true},
		{name: "b typed, after the directories are named", how: person("b\n"), says: []string{"These directories will be emptied: " + l.n1("data")}, starts: true},
		{name: "dry run", args: []string{"-d", "-b"}, says: []string{"Dry-run finished."}, never: "is now running", untouched: true},
		{name: "dry run of an impossible base backup", args: []string{"-d", "-b"}, status: 3, says: []string{"SST-050"}, untouched: true,
			state: func() { l.params["repuser"] = "nobody" }},
		{name: "primary is down", args: []string{"-n"}, status: 3, says: []string{"SST-012", "next: pg-rex_primary_start"}, state: func() { l.b.up() }, untouched: true},
		{name: "primary is not the latest", args: []string{"-n"}, status: 3, says: []string{"SST-012"}, state: func() { l.b.permanent["pgsql-data-status"] = "DISCONNECT" }, untouched: true},
		{name: "primary corrects what is said of it", args: []string{"-n"}, starts: true, state: func() {
			l.b.permanent["pgsql-data-status"] = "DISCONNECT"
			looks := 0
			l.b.programs["crm_mon"] = func([]string) (string, int) {
				if looks++; looks == 3 {
					l.b.permanent["pgsql-data-status"] = "LATEST"
				}
				return l.mon(), 0
			}
		}},
		{name: "the primary's address has failed", args: []string{"-n"}, status: 3, untouched: true,
			says: []string{"SST-016: ipaddr-replication does not run on pgrex02", "next: pgrex02# crm_resource --cleanup -r ipaddr-replication"}, state: func() {
				i := slices.IndexFunc(l.others, func(r fakeResource) bool { return r.id == "ipaddr-replication" })
				l.others[i].where = "nowhere"
			}},
		{name: "the primary's address is disabled", args: []string{"-n"}, status: 3, untouched: true,
			says: []string{"SST-016: ipaddr-replication does not run on pgrex02", "next: pgrex02# crm_resource -r ipaddr-replication --meta -d target-role"}, state: func() {
				i := slices.IndexFunc(l.others, func(r fakeResource) bool { return r.id == "ipaddr-replication" })
				l.others[i].where, l.others[i].target = "nowhere", "Stopped"
			}},
		{name: "Pacemaker runs here", args: []string{"-n"}, status: 3, says: []string{"SST-011"}, state: func() { l.a.up() }, untouched: true},
		{name: "no cluster here", args: []string{"-n"}, status: 3, says: []string{"SST-020"}, state: func() { delete(l.a.files, conf.CorosyncPath) }, untouched: true},
		{name: "lock", args: []string{"-n"}, status: 3, says: []string{"SST-013", "may have been Primary", "--remove-lock"}, state: func() { l.write("n1", "tmp/PGSQL.lock", "") }, untouched: true},
		{name: "lock, base backup", args: []string{"-b"}, status: 3, says: []string{"SST-013"}, state: func() { l.write("n1", "tmp/PGSQL.lock", "") }, untouched: true},
		{name: "lock and data that is ahead", args: []string{"-n", "--remove-lock"}, status: 3, says: []string{"SST-050"}, untouched: true,
			state: func() { l.diverge(); l.write("n1", "tmp/PGSQL.lock", "") }},
		{name: "lock to be removed", args: []string{"-n", "--remove-lock"}, starts: true, state: func() { l.write("n1", "tmp/PGSQL.lock", "") }},
		{name: "one ring is silent", args: []string{"-b"}, status: 3, says: []string{"SST-014: No answer on IC-LAN address 127.0.1.2."}, untouched: true, state: func() {
			l.a.programs["ping"] = func(argv []string) (string, int) {
				if argv[len(argv)-1] == "127.0.1.2" {
					return "", 1
				}
				return "", 0
			}
		}},
		{name: "unfinished", how: person("n\n"), status: 7, says: []string{"CMN-040", "phase: rebuild", "--resume or --abort"}, untouched: true, state: func() { l.journal(phaseRebuild, "nb") }},
		{name: "resume of a rebuild", args: []string{"--resume"}, says: []string{"Starting with the database as it is."}, starts: true, state: func() { l.journal(phaseRebuild, "nb") }},
		{name: "resume of the copy", args: []string{"--resume"}, starts: true, state: func() { l.journal(phaseArchive, "nr") }},
		{name: "resume of the start", args: []string{"--resume"}, starts: true, state: func() { l.journal(phaseStart, "n") }},
		{name: "resume of the wait, stopped meanwhile", args: []string{"--resume"}, starts: true, state: func() { l.journal(phaseWait, "n") }},
		{name: "resume with the options of before", args: []string{"--resume"}, starts: true, never: "Copy archived WAL", state: func() {
			l.journal(phaseStart, "n\",\"options\":\"remove-lock shared")
			l.write("n1", "tmp/PGSQL.lock", "")
		}},
		{name: "resume of nothing", args: []string{"--resume"}, status: 3, says: []string{"CMN-045"}, untouched: true},
		{name: "resume of the peer's", args: []string{"--resume"}, status: 7, says: []string{"CMN-040", "on pgrex02"}, untouched: true, state: func() {
			l.journal(phaseWait, "n")
			text, _ := os.ReadFile(l.n1("state/operation.json"))
			_ = os.Remove(l.n1("state/operation.json"))
			_ = os.MkdirAll(l.path("n2/state"), 0o700)
			_ = os.WriteFile(l.path("n2/state/operation.json"), bytes.ReplaceAll(text, []byte("pgrex01"), []byte("pgrex02")), 0o600)
		}},
		{name: "-s leaves the archive alone", args: []string{"-n", "-s"}, starts: true, never: "Copy archived WAL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l.again(t)
			defer func() { _ = os.RemoveAll(l.path("n2/state")) }()
			if tt.state != nil {
				tt.state()
			}
			before := l.state()
			got := l.play(tt.how, append([]string{"pg-rex_standby_start"}, tt.args...)...)
			var changes []string
			if tt.starts {
				changes = stackStarted
				tt.says = append(tt.says, "pgrex01 is now running as Standby.")
			}
			l.want(got, tt.status, tt.says, changes...)
			if tt.never != "" && strings.Contains(got.out+got.err, tt.never) {
				t.Errorf("%q is said:\n%s", tt.never, got.out)
			}
			if tt.untouched && l.state() != before {
				t.Errorf("something has changed:\n%s\n%s", before, l.state())
			}
			if tt.starts && l.journalIsThere() {
				t.Error("the journal is left")
			}
			if _, err := os.Stat(l.n1("tmp/PGSQL.lock")); tt.starts && err == nil {
				t.Error("the lock is left")
			}
		})
	}

	for phase, next := range map[string]string{phaseRebuild: "pg-rex_standby_start -b", phaseArchive: "pg-rex_standby_start", phaseStart: "pg-rex_standby_start", phaseWait: "pg-rex_status"} {
		t.Run("abort in phase "+phase, func(t *testing.T) {
			l.again(t)
			l.journal(phase, "nb")
			l.machine.Dial = func(context.Context, *session) (node.Node, error) { return nil, errors.New("unreachable") }
			got := l.start("--abort")
			l.want(got, 0, []string{"has been given up", "next: " + next + "\n"})
			if l.journalIsThere() {
				t.Error("the journal is left")
			}
		})
	}

	t.Run("interrupted base backup", func(t *testing.T) {
		l.again(t)
		l.own.program = func(ctx context.Context, argv []string) error {
			if filepath.Base(argv[0]) == "pg_basebackup" && slices.Contains(argv, "-D") {
				_ = syscall.Kill(os.Getpid(), syscall.SIGINT)
				<-ctx.Done()
			}
			return nil
		}
		got := l.start("-b")
		l.want(got, 8, []string{"SST-092", "next: pg-rex_standby_start -b"})
		if entries, _ := os.ReadDir(l.n1("data")); len(entries) > 0 || !l.journalIsThere() {
			t.Errorf("%d files are left, or no journal", len(entries))
		}
		l.own.program = nil
		l.want(l.start("-b"), 0, []string{"Starting from a base backup."}, stackStarted...)
	})

	t.Run("base backup killed", func(t *testing.T) {
		l.again(t)
		l.dies("pg_basebackup", "-b")
		l.do("cp", l.path("standby/data/postgresql.conf"), l.path("standby/data/PG_VERSION"), l.n1("data"))
		got := l.start("-c")
		if got.status != 0 || strings.Count(got.out, "The database here is incomplete (pg_basebackup") != 2 || strings.Contains(got.out, "n) ") || strings.Contains(got.out, "r) ") || !strings.Contains(got.out, "b) ") {
			t.Errorf("%+v", got)
		}
		if got := l.start("--resume"); got.status != 0 || !strings.Contains(got.out, "Starting from a base backup.") {
			t.Errorf("%+v", got)
		}
	})

	t.Run("passwords", func(t *testing.T) {
		l.again(t)
		l.params["monitor_password"] = "fenced-in-secret"
		before, _ := filepath.Glob("/tmp/*")
		l.want(l.start("-n", "--verbose"), 0, nil, stackStarted...)
		after, _ := filepath.Glob("/tmp/*")
		log, _ := os.ReadFile(l.log())
		if bytes.Contains(log, []byte("fenced-in-secret")) || len(log) == 0 {
			t.Error("a secret is in the log, or there is none")
		}
		for _, f := range after {
			if text, _ := os.ReadFile(f); !slices.Contains(before, f) && bytes.Contains(text, []byte("fenced-in-secret")) {
				t.Error("a secret is in", f)
			}
		}
	})
}

// Port and directory of the socket are those of the resource in every test here.
//
// Conformance: AT-085 (PostgreSQL server)
func TestStandbyStartAsAnotherUser(t *testing.T) {
	l := newJoinLab(t, "daemon")
	for _, method := range []string{"-n", "-b"} {
		l.again(t)
		l.want(l.start(method), 0, nil, stackStarted...)
		var owners []string
		out, err := exec.Command("find", l.n1("data"), "-printf", "%u\n").Output()
		for _, owner := range strings.Fields(string(out)) {
			if owner != "daemon" {
				owners = append(owners, owner)
			}
		}
		if err != nil || len(owners) > 0 {
			t.Errorf("%v, owners %q", err, owners)
		}
	}
}

// What the cluster says of the standby, while it is waited for.
//
// Conformance: AT-084 (PostgreSQL server)
func TestStandbyStartWaits(t *testing.T) {
	l := newJoinLab(t, "postgres")
	for _, tt := range []struct {
		name   string
		change func(n *fakeNode)
		status int
		says   []string
	}{
		{"not synchronous", func(n *fakeNode) { n.set("HS:async", "STREAMING|ASYNC") }, 5, []string{"SST-063", "HS:async", "STREAMING|ASYNC"}},
		{"not up", func(n *fakeNode) {
			n.up()
			n.c.others = append(n.c.others, fakeResource{id: "billing", kind: "Dummy", where: "everywhere", failed: true})
		}, 5, []string{"SST-060", "Resource billing is failed on ", "next: pg-rex_standby_start --resume"}},
		{"failed", func(n *fakeNode) {
			n.up()
			n.c.failures = append(n.c.failures, fakeFailure{key: "pgsql_start_0", node: n.host, exit: 1, reason: "no such luck", at: time.Now().Add(time.Second)})
		}, 1, []string{"SST-062", "no such luck"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l.again(t)
			l.change = func(n *fakeNode, what string) {
				if strings.Contains(what, "start pacemaker") {
					tt.change(n)
				}
			}
			l.want(l.start("-n", "--timeout", "1"), tt.status, tt.says, stackStarted...)
			if !l.journalIsThere() {
				t.Error("there is no journal")
			}
			l.change = nil
			l.failures = nil
			l.a.set("HS:sync", "STREAMING|SYNC")
			l.want(l.start("--resume"), 0, []string{"is now running"}, stackStarted...)
			if l.journalIsThere() {
				t.Error("the journal is left")
			}
		})
	}
}

// A former primary with commits that the new one has not: WAL of a way of its
// own is in its pg_wal and in its archive.
//
// Conformance: AT-051, AT-069 (PostgreSQL server)
func TestStandbyStartRewinds(t *testing.T) {
	l := newJoinLab(t, "postgres")
	ctl := func(n string, argv ...string) {
		l.do(append([]string{l.bin + "/pg_ctl", "-w", "-D", l.path(n + "/data")}, argv...)...)
	}
	ctl("n1", "start")
	for _, sql := range []string{"INSERT INTO t VALUES (2)", "SELECT pg_switch_wal()", "INSERT INTO t VALUES (3)", "SELECT pg_switch_wal()", "INSERT INTO t VALUES (4)"} {
		l.do(l.bin+"/psql", "-XAtqc", sql, "-h", l.path("n1"), "-p", fmt.Sprint(l.port), "-d", "template1", "-v", "ON_ERROR_STOP=1")
	}
	ctl("n1", "stop", "-m", "fast")
	ctl("n2", "stop", "-m", "fast")
	l.write("n2", "data/standby.signal", "")
	ctl("n2", "start")
	ctl("n2", "promote")
	l.sql("INSERT INTO t VALUES (5)", "CHECKPOINT", "SELECT pg_switch_wal()", "INSERT INTO t VALUES (6)")
	for _, dir := range []string{"standby", "dead"} {
		l.do("rm", "-rf", l.path(dir))
	}
	l.do("cp", "-a", l.path("n1"), l.path("standby"))
	whole := func(t *testing.T) {
		t.Helper()
		l.settings("n1")
		l.write("n1", "data/standby.signal", "")
		l.life("n1/data")
	}
	aside := func(t *testing.T) []string {
		t.Helper()
		found, err := filepath.Glob(l.n1("archive/.pg-rex-conflict-*/00000001*"))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}

	t.Run("-n", func(t *testing.T) {
		l.again(t)
		before := l.state()
		l.want(l.start("-n"), 3, []string{"Primary was promoted before position", "SST-050"})
		if l.state() != before {
			t.Error("something has changed")
		}
	})
	t.Run("--yes", func(t *testing.T) {
		l.again(t)
		l.want(l.start("--yes"), 4, []string{"SST-076", "next: pg-rex_standby_start -r"})
	})
	t.Run("-r", func(t *testing.T) {
		l.again(t)
		l.want(l.start("-r"), 0, []string{"SST-075: What only pgrex01 has", "rewinding.", "SST-077: 00000001", "is now running"}, stackStarted...)
		if saved, _ := filepath.Glob(l.n1("rescue-*/00000001*")); len(saved) == 0 {
			t.Error("no WAL is kept")
		}
		if len(aside(t)) == 0 {
			t.Error("archived WAL of the way of its own is in the archive still")
		}
		whole(t)
	})
	t.Run("-r without copying the archive", func(t *testing.T) {
		l.again(t)
		l.want(l.start("-r", "--no-archive-sync"), 0, []string{"SST-077"}, stackStarted...)
		if len(aside(t)) == 0 {
			t.Error("archived WAL of the way of its own is in the archive still")
		}
	})
	// It was the primary of a part of the cluster that nobody goes on from.
	t.Run("-r beside the history of a timeline after the primary's", func(t *testing.T) {
		l.again(t)
		const left = "00000003.history"
		l.write("n1", "archive/"+left, "1\t0/2000000\tno recovery target specified\n")
		l.want(l.start("-r"), 0, []string{"SST-077: " + left}, stackStarted...)
		if _, err := os.Stat(l.n1("archive/" + left)); err == nil {
			t.Error("recovery would follow it")
		}
		whole(t)
	})
	t.Run("killed", func(t *testing.T) {
		l.again(t)
		l.dies("pg_rewind", "-r")
		got := l.start("-c")
		l.want(got, 0, []string{"An earlier rewind was not completed.", "b) base backup"})
		if strings.Contains(got.out, "n) ") || strings.Contains(got.out, "r) ") {
			t.Error(got.out)
		}
		l.want(l.start(), 7, []string{"CMN-040", "phase: rebuild"})
		l.want(l.start("-r"), 3, []string{"SST-050", "next: pg-rex_standby_start -c"})
		l.want(l.start("-b"), 0, []string{"Starting from a base backup."}, stackStarted...)
		whole(t)
	})
}

// WAL that this node was to archive as a primary, and has not, is not given up.
func TestStandbyStartKeepsUnarchivedWAL(t *testing.T) {
	l := newJoinLab(t, "postgres")
	l.sql("INSERT INTO t VALUES (2)", "SELECT pg_switch_wal()", "INSERT INTO t VALUES (3)", "SELECT pg_switch_wal()", "INSERT INTO t VALUES (4)")
	l.write("n1", "data/standby.signal", "")
	l.do(l.bin+"/pg_ctl", "start", "-w", "-D", l.n1("data"))
	l.do(l.bin+"/psql", "-XAtqc", "DO $$BEGIN WHILE NOT EXISTS (SELECT FROM t WHERE n = 4) LOOP PERFORM pg_sleep(0.02); END LOOP; END$$",
		"-h", l.path("n1"), "-p", fmt.Sprint(l.port), "-d", "template1")
	l.do(l.bin+"/pg_ctl", "stop", "-w", "-m", "fast", "-D", l.n1("data"))
	l.do("rm", l.n1("data/standby.signal"))
	archived, _ := filepath.Glob(l.n1("archive/*"))
	if len(archived) == 0 {
		l.do("cp", l.path("n2/archive/000000010000000000000001"), l.n1("archive/"))
	}
	all, _ := filepath.Glob(l.n1("data/pg_wal/00000001*"))
	segment := filepath.Base(all[len(all)-2])
	for _, s := range []string{".done", ".ready"} {
		_ = os.Remove(l.n1("data/pg_wal/archive_status/" + segment + s))
	}
	l.write("n1", "data/pg_wal/archive_status/"+segment+".ready", "")
	_ = os.Remove(l.path("n2/archive/" + segment))
	_ = os.Remove(l.path("n2/data/pg_wal/archive_status/" + segment + ".ready"))
	l.do("rm", "-rf", l.path("standby"))
	l.do("cp", "-a", l.path("n1"), l.path("standby"))
	l.again(t)
	l.want(l.start("-n"), 3, []string{"Starting now would leave a gap in the archive (first: " + segment + ")", "SST-050"})
	l.want(l.start("--yes"), 4, []string{"SST-076", "next: pg-rex_standby_start -b"})
	l.do("cp", l.n1("data/pg_wal/"+segment), l.n1("archive/"))
	l.want(l.start("-n"), 0, nil, stackStarted...)
}
