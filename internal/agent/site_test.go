package agent_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/internal/run"
	"pgrex/test/servers/cache"
	"pgrex/test/servers/clients"
)

// site is one node with a real PostgreSQL server and a cluster of stand-ins.
type site struct {
	t       *testing.T
	bin     string // the programs of its PostgreSQL
	dir     string // everything of this site, owned by postgres
	data    string
	port    int
	params  map[string]string
	context map[string]string // what else Pacemaker puts into the environment
	peer    *exec.Cmd         // postmaster of node02, if there is one
	// peerName is what the peer calls itself, node02 where nothing is said.
	peerName string
	peerSlot string // of the primary that the peer uses, if any
	// ownHost is where the server of this site listens. Moved away from
	// 127.0.0.1, that is the address that the peer comes from and answers on.
	ownHost string
}

// needServer finds the programs of the PostgreSQL release under test, which is
// the machine's newest or what the environment names (see package cache), or
// says why a test cannot run. In CI that is a failure: a layer that did not
// run must not look like one that passed.
func needServer(t *testing.T) string {
	t.Helper()
	bin, err := cache.Chosen()
	if major, ok := releaseOf(t); ok {
		bin, err = cache.Bin(major)
	}
	if os.Geteuid() != 0 {
		err = errors.New("must be root to run a server as postgres")
	}
	if err == nil {
		return bin
	}
	if os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "" || os.Getenv(cache.Choice) != "" {
		t.Fatal(err)
	}
	t.Skip(err)
	return ""
}

// template is what all sites begin as.
var template struct {
	once sync.Once
	dir  string
	bin  string // the test binary under the names that it acts by
	err  error

	mu       sync.Mutex
	clusters map[string]*cluster // by the folder of the programs that made it
}

// cluster is a data directory to be copied.
type cluster struct {
	once sync.Once
	data string
	err  error
}

func clusterOf(pgBin string) (string, error) {
	template.mu.Lock()
	c := template.clusters[pgBin]
	if c == nil {
		c = &cluster{}
		template.clusters[pgBin] = c
	}
	n := len(template.clusters)
	template.mu.Unlock()
	c.once.Do(func() {
		c.data = filepath.Join(template.dir, "data"+strconv.Itoa(n))
		c.err = makeCluster(pgBin, c.data)
	})
	return c.data, c.err
}

// newSite makes a node whose server has never run as part of a cluster.
func newSite(t *testing.T) *site {
	t.Helper()
	return newSiteOf(t, needServer(t))
}

// newSiteOf is newSite for the release with these programs.
func newSiteOf(t *testing.T, pgBin string) *site {
	t.Helper()
	template.once.Do(func() {
		template.clusters = map[string]*cluster{}
		template.dir, template.bin, template.err = makeTemplate()
	})
	if template.err != nil {
		t.Fatal(template.err)
	}
	data, err := clusterOf(pgBin)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "ra")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, bin: pgBin, dir: dir, data: filepath.Join(dir, "data"), port: freePort(t), ownHost: "127.0.0.1", context: map[string]string{}}
	t.Cleanup(s.remove)
	s.must(os.Chmod(dir, 0o777))
	s.shell("cp", "-a", data, s.data)
	for _, d := range []string{"run", "tmp"} {
		s.must(os.MkdirAll(filepath.Join(dir, d), 0o700))
		s.shell("chown", "postgres:", filepath.Join(dir, d))
	}
	s.must(appendTo(filepath.Join(s.data, "postgresql.conf"), "unix_socket_directories = '"+filepath.Join(dir, "run")+"'\n"))
	s.params = map[string]string{
		"pgctl": filepath.Join(template.bin, "pg_ctl"), "psql": "/bin/true", "pgdata": s.data, "pgport": strconv.Itoa(s.port),
		"socketdir": filepath.Join(dir, "run"), "tmpdir": filepath.Join(dir, "tmp"), "logfile": filepath.Join(dir, "server.log"),
		"rep_mode": "sync", "node_list": "node01 node02", "master_ip": "127.0.0.1", "repuser": "repuser",
		"restore_command": "/bin/false", "xlog_check_count": "0", "stop_escalate": "0",
		"watch_server": "false", // it would call stand-ins when nobody expects that
	}
	s.change(func(*record) {})
	s.forgetCalls()
	return s
}

// makeTemplate makes what is the same for all releases.
func makeTemplate() (dir, bin string, err error) {
	if dir, err = os.MkdirTemp("", "ra-template"); err != nil {
		return "", "", err
	}
	bin = filepath.Join(dir, "bin")
	// The agent starts pg_ctl as postgres, which cannot look into go's build folder.
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return "", "", err
	}
	steps := []func() error{
		func() error { return os.Chmod(dir, 0o755) },
		func() error { return os.Mkdir(bin, 0o755) },
		func() error { return os.WriteFile(filepath.Join(bin, "self"), self, 0o755) },
	}
	for _, name := range []string{"pgsql-ra", "crm_mon", "crm_attribute", "crm_node", "crm_resource", "cibadmin", "attrd_updater", "pg_ctl", "corosync-quorumtool"} {
		steps = append(steps, func() error { return os.Link(filepath.Join(bin, "self"), filepath.Join(bin, name)) })
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return "", "", err
		}
	}
	return dir, bin, nil
}

// makeCluster runs initdb once for all sites of a release. Before 15 an
// autovacuum process that a crash orphans waits tens of seconds for the
// statistics collector, which is dead too.
func makeCluster(pgBin, data string) error {
	// A killed server leaves nothing of its memory outside of its directory.
	conf := "dynamic_shared_memory_type = mmap\nfsync = off\nfull_page_writes = off\nautovacuum = off\nhot_standby = on\nmax_wal_senders = 5\nrestart_after_crash = off\n" +
		"shared_buffers = 1MB\nmax_connections = 20\nwal_retrieve_retry_interval = 50ms\n" +
		"listen_addresses = '127.0.0.1'\nsuperuser_reserved_connections = 3\n"
	asPostgres := []string{"runuser", "-u", "postgres", "--"}
	initdb := append(asPostgres, filepath.Join(pgBin, "initdb"), "-D", data, "--encoding=UTF-8", "--no-locale",
		"--auth-local=peer", "--auth-host=trust", "--no-sync")
	// Small segments are quicker to make. Before 11 their size is compiled in.
	if version, err := exec.Command(filepath.Join(pgBin, "postgres"), "--version").Output(); err != nil {
		return err
	} else if !strings.Contains(string(version), ") 10.") {
		initdb = append(initdb, "--wal-segsize=1")
		conf += "min_wal_size = 2MB\nmax_wal_size = 8MB\n"
	}
	for _, step := range []func() error{
		func() error { return command("", "install", "-d", "-o", "postgres", "-m", "0700", data) },
		func() error { return command("", initdb...) },
		func() error { return appendTo(filepath.Join(data, "postgresql.conf"), conf) },
		func() error {
			return command("CREATE ROLE repuser REPLICATION LOGIN\n",
				append(asPostgres, filepath.Join(pgBin, "postgres"), "--single", "-D", data, "postgres")...)
		},
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func command(stdin string, argv ...string) error {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdin = "/", strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", argv, err, out)
	}
	return nil
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (s *site) remove() {
	if s.t.Failed() {
		log, _ := os.ReadFile(filepath.Join(s.dir, "server.log"))
		agentLog, _ := os.ReadFile(filepath.Join(s.dir, "agent.log"))
		s.t.Logf("calls:\n%s\nagent:\n%s\nserver:\n%s", strings.Join(s.calls(), "\n"), tail(string(agentLog), 40), tail(string(log), 30))
	}
	if s.peer != nil {
		_ = s.peer.Process.Kill()
		_ = s.peer.Wait()
	}
	inst := s.instance()
	if p, err := inst.Processes(); err == nil && !p.None() {
		_ = inst.Signal(p.Postmaster, pg.Kill)
	}
	clients.RemoveSegment(s.data)
	clients.RemoveSegment(filepath.Join(s.dir, "peer"))
	_ = os.RemoveAll(s.dir)
}

func tail(s string, lines int) string {
	l := strings.Split(s, "\n")
	return strings.Join(l[max(0, len(l)-lines):], "\n")
}

func (s *site) instance() *pg.Instance {
	return pg.New(pg.Settings{Data: s.data, DB: "template1", Port: s.port, SocketDir: filepath.Join(s.dir, "run"),
		TmpDir: filepath.Join(s.dir, "tmp"), User: postgresUser(s.t)}, run.Local{})
}

func postgresUser(t *testing.T) pg.User {
	t.Helper()
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	return pg.User{Name: "postgres", UID: uint32(uid), GID: uint32(gid), Groups: []uint32{uint32(gid)}, Home: u.HomeDir}
}

// answer is what an action said.
type answer struct {
	code   ocf.Code
	reason string
	stdout string
	killed bool
	took   time.Duration
}

// do runs the agent as Pacemaker would.
func (s *site) do(action string, extra ...string) answer {
	s.t.Helper()
	cmd := exec.Command(filepath.Join(template.bin, "pgsql-ra"), action)
	env := []string{
		"PATH=" + template.bin + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"STANDIN_DIR=" + s.dir, "STANDIN_PG_CTL=" + filepath.Join(s.bin, "pg_ctl"),
		"OCF_ROOT=/usr/lib/ocf", "OCF_RA_VERSION_MAJOR=1", "OCF_RA_VERSION_MINOR=1",
		"OCF_RESOURCE_INSTANCE=pgsql", "OCF_RESOURCE_TYPE=pgsql", "OCF_RESOURCE_PROVIDER=linuxhajapan",
		"OCF_RESKEY_CRM_meta_on_node=node01", "OCF_RESKEY_CRM_meta_timeout=60000", "OCF_RESKEY_crm_feature_set=3.16.1",
		"OCF_RESKEY_CRM_meta_clone=0", "OCF_RESKEY_CRM_meta_notify=true",
		"OCF_RESKEY_CRM_meta_promoted_max=1", "OCF_RESKEY_CRM_meta_master_max=1",
		"HA_LOGFILE=" + filepath.Join(s.dir, "agent.log"), "PGHOST=nowhere.invalid", "PGPASSWORD=wrong", "LANG=ja_JP.UTF-8",
	}
	for k, v := range s.params {
		env = append(env, "OCF_RESKEY_"+k+"="+v)
	}
	for k, v := range s.context {
		env = append(env, "OCF_RESKEY_CRM_meta_"+k+"="+v)
	}
	cmd.Env = append(env, extra...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begin := time.Now()
	kill := filepath.Join(s.dir, "kill")
	_ = os.Remove(kill)
	s.must(cmd.Start())
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case <-ended:
				return
			case <-time.After(5 * time.Millisecond):
				if _, err := os.Stat(kill); err == nil {
					_ = cmd.Process.Kill()
					return
				}
			}
		}
	}()
	err := cmd.Wait()
	close(ended)
	a := answer{stdout: stdout.String(), took: time.Since(begin)}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		a.code = ocf.Code(exit.ExitCode())
		a.killed = exit.Sys().(syscall.WaitStatus).Signaled()
	} else if err != nil {
		s.t.Fatal(err)
	}
	a.reason = strings.TrimSuffix(strings.TrimPrefix(stderr.String(), "ocf-exit-reason:"), "\n")
	s.checkOutput(action, a, stderr.String())
	return a
}

// checkOutput holds what is true of every answer.
func (s *site) checkOutput(action string, a answer, stderr string) {
	s.t.Helper()
	quiet := a.killed || a.code == ocf.Success || a.code == ocf.RunningPromoted || a.code == ocf.NotRunning
	if quiet && stderr != "" {
		s.t.Errorf("%s answered %v and said %q", action, a.code, stderr)
	}
	if !quiet && (strings.Count(stderr, "\n") != 1 || len([]rune(a.reason)) > 200 || !strings.HasPrefix(stderr, "ocf-exit-reason:")) {
		s.t.Errorf("%s answered %v with a reason that is not one short line: %q", action, a.code, stderr)
	}
	if a.stdout != "" {
		s.t.Errorf("%s printed %q", action, a.stdout)
	}
}

func (s *site) want(action string, code ocf.Code, extra ...string) answer {
	s.t.Helper()
	a := s.do(action, extra...)
	if a.code != code || a.killed {
		log, _ := os.ReadFile(filepath.Join(s.dir, "agent.log"))
		s.t.Fatalf("%s answered %v (%s), want %v\nagent:\n%s", action, a.code, a.reason, code, tail(string(log), 25))
	}
	return a
}

// monitor is the recurring one; a plain "monitor" is a probe.
func (s *site) monitor(code ocf.Code) answer {
	s.t.Helper()
	return s.want("monitor", code, "OCF_RESKEY_CRM_meta_interval=10000")
}

// notify tells the agent of an event; empty lists are one blank, as Pacemaker has them.
func (s *site) notify(kind, operation string, lists map[string]string) {
	s.t.Helper()
	env := []string{"OCF_RESKEY_CRM_meta_notify_type=" + kind, "OCF_RESKEY_CRM_meta_notify_operation=" + operation}
	newName := map[string]string{"promoted": "master", "unpromoted": "slave"}
	for _, l := range []string{"start", "stop", "promote", "demote", "active", "promoted", "unpromoted", "master", "slave"} {
		v := lists[l]
		if v == "" { // the pairs are the same list, and the new name wins
			v = lists[newName[l]]
		}
		if v == "" {
			v = " "
		}
		env = append(env, "OCF_RESKEY_CRM_meta_notify_"+l+"_uname="+v)
	}
	s.want("notify", ocf.Success, env...)
}

func (s *site) record() *record {
	s.t.Helper()
	r, err := readRecord(s.dir)
	s.must(err)
	return r
}

func (s *site) change(fn func(*record)) {
	s.t.Helper()
	lock, err := lockRecord(s.dir)
	s.must(err)
	defer lock.Close()
	r, err := readRecord(s.dir)
	if errors.Is(err, os.ErrNotExist) {
		r, err = newRecord(), nil
	}
	s.must(err)
	fn(r)
	s.must(r.write(s.dir))
}

// attrs shows node's attributes as one comparable text.
func (r *record) attrs(node string) string {
	var out []string
	for _, set := range []map[string]string{r.Transient[node], r.Permanent[node]} {
		for _, k := range sorted(set) {
			if k == "pgsql-master-baseline" || k == "pgsql-xlog-loc" || k == "pgsql-xlog-branch" {
				out = append(out, k) // the position itself differs from run to run
				continue
			}
			out = append(out, k+"="+set[k])
		}
	}
	return strings.Join(out, " ")
}

func (s *site) calls() []string {
	text, _ := os.ReadFile(filepath.Join(s.dir, "calls"))
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// forgetCalls begins a new list, which root and postgres append to.
func (s *site) forgetCalls() {
	s.t.Helper()
	name := filepath.Join(s.dir, "calls")
	s.must(os.WriteFile(name, nil, 0o666))
	s.must(os.Chmod(name, 0o666))
}

// query asks the local server.
func (s *site) query(sql string) string {
	s.t.Helper()
	return queryAt(s.t, s.ownHost, s.port, sql)
}

// standbySetting is a setting of a standby, which the server does not tell before release 12.
func (s *site) standbySetting(name string) string {
	s.t.Helper()
	if s.release() >= 12 {
		return s.query("show " + name)
	}
	text, err := os.ReadFile(filepath.Join(s.data, "recovery.conf"))
	if err != nil {
		text, err = os.ReadFile(filepath.Join(s.data, "recovery.done")) // promoted
	}
	s.must(err)
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+" = '"); ok {
			return strings.ReplaceAll(strings.TrimSuffix(value, "'"), "''", "'")
		}
	}
	return ""
}

func queryAt(t *testing.T, host string, port int, sql string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conninfo := fmt.Sprintf("host=%s port=%d user=postgres dbname=template1", host, port)
	conn, err := pgx.Connect(ctx, conninfo)
	for err != nil && ctx.Err() == nil { // a server that is still starting, behind a killed start
		time.Sleep(20 * time.Millisecond)
		conn, err = pgx.Connect(ctx, conninfo)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var text string
	if err := conn.QueryRow(ctx, sql).Scan(&text); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return text
}

func (s *site) lock() bool {
	_, err := os.Lstat(filepath.Join(s.dir, "tmp", "PGSQL.lock"))
	return err == nil
}

func (s *site) postmaster() int {
	s.t.Helper()
	p, err := s.instance().Processes()
	s.must(err)
	return p.Postmaster
}

// crash kills the postmaster and waits until its children have noticed.
func (s *site) crash() { s.t.Helper(); s.down(syscall.SIGKILL) }

// stopInOrder is a fast shutdown by somebody else.
func (s *site) stopInOrder() { s.t.Helper(); s.down(syscall.SIGINT) }

func (s *site) down(sig syscall.Signal) {
	s.t.Helper()
	pid := s.postmaster()
	s.must(syscall.Kill(pid, sig))
	// PostgreSQL takes a zombie for a living server; it is init's to bury.
	s.until("the end of the postmaster", func() bool { return syscall.Kill(pid, 0) != nil })
	s.waitGone()
}

// waitGone waits for the children of a dead postmaster. Before 15 one that
// waits for the statistics collector takes 10 s to notice.
func (s *site) waitGone() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	s.must(s.instance().WaitGone(ctx))
}

// join makes node02's server stream from this one.
func (s *site) join() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, fmt.Sprintf("host=%s port=%d user=postgres dbname=template1", s.ownHost, s.port))
	s.must(err)
	defer conn.Close(ctx)
	query := func(sql string) (text string, err error) { return text, conn.QueryRow(ctx, sql).Scan(&text) }
	dir := filepath.Join(s.dir, "peer")
	s.must(clients.BaseBackup(query, s.data, dir))
	if s.release() >= 12 {
		s.must(os.WriteFile(filepath.Join(dir, "standby.signal"), nil, 0o600))
		s.shell("chown", "postgres:", filepath.Join(dir, "standby.signal"))
	}
	s.startPeer()
}

// release is the major release of the site's PostgreSQL.
func (s *site) release() int {
	s.t.Helper()
	v, err := s.instance().Version()
	s.must(err)
	return v
}

// peerPort is that of the cluster where the two servers have addresses of their own.
func (s *site) peerPort() int {
	if s.ownHost != "127.0.0.1" {
		return s.port
	}
	return freePort(s.t)
}

func (s *site) startPeer() {
	s.t.Helper()
	name := s.launchPeer()
	s.until("the peer to stream", func() bool {
		return s.query("select count(*)::text from pg_stat_replication where application_name = '"+name+"' and state = 'streaming' and replay_lsn is not null") == "1"
	})
}

// promotePeer makes the peer a primary.
func (s *site) promotePeer() {
	s.t.Helper()
	before := s.askPeer()
	s.must(os.WriteFile(filepath.Join(s.dir, "peer", "promote"), nil, 0o644)) // as pg_ctl does
	s.must(s.peer.Process.Signal(syscall.SIGUSR1))
	s.until("the peer to begin a timeline", func() bool { return s.askPeer().Timeline > before.Timeline })
}

// askPeer waits until the peer says who it is.
func (s *site) askPeer() (p pg.Peer) {
	s.t.Helper()
	s.until("the peer to answer", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		var err error
		p, err = s.instance().AskPeer(ctx, "127.0.0.1", "repuser", "")
		return err == nil
	})
	return p
}

// launchPeer starts the peer and returns what it calls itself.
func (s *site) launchPeer() string {
	s.t.Helper()
	name := "node02"
	if s.peerName != "" {
		name = s.peerName
	}
	conninfo := "host=" + s.ownHost + " user=repuser application_name=" + name + " port=" + strconv.Itoa(s.port)
	args := []string{"-D", filepath.Join(s.dir, "peer"), "-p", strconv.Itoa(s.peerPort()), "-c", "unix_socket_directories=", "-c", "listen_addresses=127.0.0.1"}
	if s.release() >= 12 {
		args = append(args, "-c", "primary_conninfo="+conninfo, "-c", "primary_slot_name="+s.peerSlot)
	} else {
		conf := "standby_mode = on\nrecovery_target_timeline = latest\nprimary_conninfo = '" + conninfo + "'\n"
		if s.peerSlot != "" {
			conf += "primary_slot_name = '" + s.peerSlot + "'\n"
		}
		path := filepath.Join(s.dir, "peer", "recovery.conf")
		s.must(os.WriteFile(path, []byte(conf), 0o644))
		owner := postgresUser(s.t)
		s.must(os.Chown(path, int(owner.UID), int(owner.GID))) // the end of recovery renames it
	}
	s.peer = exec.Command(filepath.Join(s.bin, "postgres"), args...)
	u := postgresUser(s.t)
	s.peer.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: u.UID, Gid: u.GID}, Pdeathsig: syscall.SIGKILL}
	s.must(s.peer.Start())
	return name
}

func (s *site) stopPeer() {
	s.t.Helper()
	s.must(s.peer.Process.Signal(syscall.SIGQUIT))
	_ = s.peer.Wait()
	s.peer = nil
	s.until("the peer's row to go", func() bool { return s.query("select count(*)::text from pg_stat_replication") == "0" })
}

// until waits for cond; details say in the end how far it was from that.
func (s *site) until(what string, cond func() bool, details ...func() string) {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); !cond(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			for _, d := range details {
				what += ": " + d()
			}
			s.t.Fatalf("waited 20 s for %s", what)
		}
	}
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) shell(argv ...string) {
	s.t.Helper()
	s.must(command("", argv...))
}
