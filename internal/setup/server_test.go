package setup

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgrex/internal/pg"
	"pgrex/internal/run"
	"pgrex/test/servers/cache"
	"pgrex/test/servers/clients"
)

// node is a node to be set up, below one directory of the machine.
type node struct {
	Setup
	t   *testing.T
	dir string
	sys *units
	// space is the network namespace of the server, "" for the machine's.
	space string
}

// inSpace runs programs in a network namespace.
type inSpace struct{ name string }

func (r inSpace) Run(ctx context.Context, c run.Command) (run.Result, error) {
	if r.name != "" && c.LeavesServer {
		c.Argv = append([]string{"ip", "netns", "exec", r.name}, c.Argv...)
	}
	return run.Local{}.Run(ctx, c)
}

// units plays systemctl and runs everything else.
type units struct {
	enabled map[string]bool
	calls   []string
	fail    error
	env     string // Environment of a unit
}

func (u *units) Run(ctx context.Context, c run.Command) (run.Result, error) {
	if c.Argv[0] != "systemctl" {
		return run.Local{}.Run(ctx, c)
	}
	u.calls = append(u.calls, strings.Join(c.Argv, " "))
	switch c.Argv[1] {
	case "disable":
		delete(u.enabled, c.Argv[2])
	case "show":
		return run.Result{Stdout: []byte("Environment=" + u.env + "\n")}, nil
	case "list-unit-files":
		var b strings.Builder
		for name := range u.enabled {
			fmt.Fprintf(&b, "%s enabled enabled\n", name)
		}
		return run.Result{Stdout: []byte(b.String())}, u.fail
	}
	return run.Result{}, nil
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// newNode needs root, to become the user of the server.
func newNode(t *testing.T, bin string) *node {
	t.Helper()
	skip := func(why any) {
		t.Helper()
		if os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "" {
			t.Fatal("cannot be left out here: ", why)
		}
		t.Skip(why)
	}
	if os.Geteuid() != 0 {
		skip("needs root")
	}
	u, err := pg.LookupUser(context.Background(), run.Local{}, "postgres")
	if err != nil {
		skip(err)
	}
	if bin == "" {
		if bin, err = cache.Chosen(); err != nil {
			skip(err)
		}
	}
	memory := "/dev/shm" // initdb syncs what it makes
	if _, err := os.Stat(memory); err != nil {
		memory = "/tmp"
	}
	dir, err := os.MkdirTemp(memory, "pgi")
	if err != nil {
		t.Fatal(err)
	}
	u.Home = dir + "/home"
	if err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(u.Home, 0o755), os.Mkdir(dir+"/tmpfiles.d", 0o755), os.Chown(u.Home, int(u.UID), int(u.GID)),
		os.WriteFile(dir+"/pacemaker", []byte("# PCMK_fail_fast=no\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	sys := &units{enabled: map[string]bool{"corosync.service": true, "pacemaker.service": true}}
	n := &node{t: t, dir: dir, sys: sys, Setup: Setup{
		Run:  sys,
		Host: Host{Pacemaker: []string{dir + "/none", dir + "/pacemaker"}, TmpfilesDirs: []string{dir + "/tmpfiles.d"}, TmpfilesOwn: dir + "/tmpfiles.d/pg-rex.conf", Debian: dir + "/debian"},
		Wanted: Wanted{
			Role: Primary, User: u, Bin: bin, Data: dir + "/dbfp/pgdata/data", WAL: dir + "/dbfp/pgwal/pg_wal", Archive: dir + "/dbfp/pgarch/arc1",
			Own: netip.MustParseAddr("127.0.0.2"), Peer: netip.MustParseAddr("127.0.0.3"), VIPRep: netip.MustParseAddr("127.0.0.4"),
			RepUser: "repuser", Port: freePort(t), Password: `pass:word\'"1`,
		},
	}}
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(dir + "/log")
			t.Logf("server log:\n%s", log)
		}
		n.stop()
		clients.RemoveSegment(n.Data)
		_ = os.RemoveAll(dir)
	})
	return n
}

// freePort is one that no server of another test has.
func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// server is the database that has been made, as the agent would start it.
func (n *node) server() *pg.Instance {
	return pg.New(pg.Settings{PgCtl: n.Bin + "/pg_ctl", Data: n.Data, Config: n.Data + "/postgresql.conf", Port: n.Port, DB: "template1",
		LogFile: n.dir + "/log", SocketDir: n.dir + "/socket", TmpDir: n.dir + "/tmp", User: n.User,
		// Small, and beside the other servers of the machine.
		StartOpt: "-c logging_collector=off -c unix_socket_directories=" + n.dir + "/socket" +
			" -c shared_buffers=4MB -c dynamic_shared_memory_type=mmap -c fsync=off"}, inSpace{n.space})
}

func (n *node) start() *pg.Instance {
	n.t.Helper()
	i := n.server()
	if err := errors.Join(i.MakeDir(n.dir+"/socket", 0o700), i.PrepareStart(), i.Start(within(n.t))); err != nil {
		n.t.Fatal(err)
	}
	n.until("the server answers", func() bool {
		c, err := i.Connect(within(n.t))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return i
}

func (n *node) until(what string, is func() bool) {
	n.t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			n.t.Fatalf("not in time: %s", what)
		}
	}
}

func (n *node) stop() {
	i := n.server()
	if p, err := i.Processes(); err == nil && !p.None() {
		_ = errors.Join(i.Signal(p.Postmaster, pg.Fast), i.WaitGone(within(n.t)))
	}
}

func (n *node) look() Observed {
	n.t.Helper()
	o, err := n.Observe(within(n.t))
	if err != nil {
		n.t.Fatal(err)
	}
	return o
}

// setUp does what the command does, but for talking.
func (n *node) setUp() []Step {
	n.t.Helper()
	o := n.look()
	for _, f := range Refusals(o, n.Wanted) {
		n.t.Fatal(f)
	}
	steps := Plan(o, n.Wanted)
	for _, s := range steps {
		if err := n.Apply(within(n.t), o, s); err != nil {
			n.t.Fatalf("%+v: %v", s.Kind, err)
		}
	}
	return steps
}

// program runs one as the server's user, with the password file of the node.
func (n *node) program(name string, args ...string) (string, error) {
	cmd := exec.Command(n.Bin+"/"+name, args...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "PGPASSFILE="+n.User.Home+"/.pgpass", "HOME="+n.User.Home)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: n.User.UID, Gid: n.User.GID}}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// everyRelease runs a test on the releases of the cache, or on the machine's.
func everyRelease(t *testing.T, test func(t *testing.T, n *node)) {
	releases, err := cache.Releases()
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv(cache.Choice) != "" || len(releases) == 0 {
		test(t, newNode(t, ""))
		return
	}
	for _, r := range releases {
		t.Run(fmt.Sprint(r), func(t *testing.T) {
			t.Parallel()
			bin, err := cache.Bin(r)
			if err != nil {
				t.Fatal(err)
			}
			test(t, newNode(t, bin))
		})
	}
}

// On every release the database comes up with its settings, which are what the
// observation takes for right, has what pg_rewind asks for (check sums, full page
// writes), and a second run finds nothing to do. The releases of the cache come
// without pg_rewind itself: see TestRewind.
//
// Conformance: CD-077 (PostgreSQL server)
func TestPrimary(t *testing.T) {
	everyRelease(t, func(t *testing.T, n *node) {
		steps := n.setUp()
		if last := steps[len(steps)-1]; last.Kind != CreateDatabase {
			t.Errorf("the last step is %+v", last)
		}
		o := n.look()
		if again := Plan(o, n.Wanted); len(again) != 0 || o.DataRelease != o.Release {
			t.Errorf("a second run would do %+v", again)
		}
		if c, err := n.server().Control(); err != nil || !c.DataChecksums || c.State != pg.DBShutDown || o.Effective["full_page_writes"] != "on" {
			t.Errorf("%v %+v", err, c)
		}
		if link, err := os.Readlink(n.Data + "/" + walName(o.Release)); err != nil || link != n.WAL {
			t.Errorf("%v: the WAL is in %s", err, link)
		}
		n.exec(n.start(), "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_authid WHERE rolname = 'repuser' AND rolreplication AND rolcanlogin AND NOT rolsuper"+
			" AND rolpassword LIKE 'SCRAM-SHA-256$%') THEN RAISE 'the role is not as it should be'; END IF; END $$")
	})
}

// A copy of the database is promoted, the database goes on by itself, and is
// then rewound to the copy.
//
// Conformance: CD-077 (PostgreSQL server)
func TestRewind(t *testing.T) {
	n := installedNode(t)
	n.setUp()
	release := n.look().Release
	other := n.copyOf(release)
	other.promote(release)
	other.stop()
	n.exec(n.start(), "CREATE TABLE lost ()")
	n.stop()
	if out, err := n.program("pg_rewind", "--target-pgdata="+n.Data, "--source-pgdata="+other.Data); err != nil || !strings.Contains(out, "rewinding from last common checkpoint") {
		t.Errorf("%v: %s", err, out)
	}
}

func (n *node) exec(i *pg.Instance, sql string) {
	n.t.Helper()
	c, err := i.Connect(within(n.t))
	if err == nil {
		defer c.Close()
		err = c.Exec(within(n.t), sql)
	}
	if err != nil {
		n.t.Fatal(err)
	}
}

// copyOf is a node with a copy of the stopped database.
func (n *node) copyOf(release int) *node {
	n.t.Helper()
	c := newNode(n.t, n.Bin)
	c.Data, c.Port = c.dir+"/data", n.Port // which is in its settings
	for _, argv := range [][]string{{"cp", "-a", n.Data, c.Data}, {"rm", c.Data + "/" + walName(release)}, {"cp", "-a", n.WAL, c.Data + "/" + walName(release)}} {
		if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
			n.t.Fatalf("%v: %s", err, out)
		}
	}
	return c
}

// promote starts the database as a standby without a primary and promotes it.
func (n *node) promote(release int) {
	n.t.Helper()
	i := n.server()
	name, text := "recovery.conf", "standby_mode = on\nrecovery_target_timeline = latest\n"
	if since(release, 12) {
		name, text = "standby.signal", ""
	}
	if err := i.WriteFile(n.Data+"/"+name, text); err != nil {
		n.t.Fatal(err)
	}
	if err := n.start().Promote(within(n.t)); err != nil {
		n.t.Fatal(err)
	}
	n.until("the copy is promoted", func() bool {
		c, err := i.Connect(within(n.t))
		if err != nil {
			return false
		}
		defer c.Close()
		st, err := c.State(within(n.t))
		return err == nil && !st.InRecovery
	})
	n.exec(i, "CHECKPOINT") // the control file has the new timeline
}

// The node has its own address and vip-rep on one interface, the peer's is at the
// other end of the wire. A connection to vip-rep from the node that holds it comes
// from that node's own address. The peer's gets in with the password file.
//
// Conformance: CD-079 (PostgreSQL server)
func TestOwnReplicationIsRefused(t *testing.T) {
	n := installedNode(t)
	n.Own, n.Peer, n.VIPRep = netip.MustParseAddr("192.168.2.1"), netip.MustParseAddr("192.168.2.2"), netip.MustParseAddr("192.168.2.3")
	n.space = fmt.Sprintf("pgi%d-a", os.Getpid())
	other := fmt.Sprintf("pgi%d-b", os.Getpid())
	t.Cleanup(func() {
		for _, space := range []string{n.space, other} {
			_ = exec.Command("ip", "netns", "delete", space).Run()
		}
	})
	for _, line := range []string{
		"netns add " + n.space, "netns add " + other,
		"-n " + n.space + " link add wire type veth peer name wire netns " + other,
		"-n " + n.space + " addr add 192.168.2.1/24 dev wire", "-n " + n.space + " addr add 192.168.2.3/24 dev wire",
		"-n " + other + " addr add 192.168.2.2/24 dev wire",
		"-n " + n.space + " link set lo up", "-n " + n.space + " link set wire up", "-n " + other + " link set wire up",
	} {
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", line, err, out)
		}
	}
	n.setUp()
	n.start()
	for _, tt := range []struct {
		from, to, says string
	}{
		{n.space, "192.168.2.3", "pg_hba.conf rejects replication connection for host \"192.168.2.1\""},
		{n.space, "192.168.2.1", "pg_hba.conf rejects replication connection for host \"192.168.2.1\""},
		{other, "192.168.2.3", "systemid"},
	} {
		cmd := exec.Command("ip", "netns", "exec", tt.from, "runuser", "-u", n.User.Name, "--", n.Bin+"/psql", "--no-password",
			fmt.Sprintf("host=%s port=%d user=repuser dbname=replication replication=true", tt.to, n.Port), "-c", "IDENTIFY_SYSTEM")
		cmd.Dir = "/"
		cmd.Env = append(os.Environ(), "PGPASSFILE="+n.User.Home+"/.pgpass")
		if out, _ := cmd.CombinedOutput(); !strings.Contains(string(out), tt.says) {
			t.Errorf("from %s to %s: %s", tt.from, tt.to, out)
		}
	}
}
