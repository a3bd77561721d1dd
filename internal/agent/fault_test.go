package agent_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/test/servers/clients"
)

const recurring = "OCF_RESKEY_CRM_meta_interval=10000"

// inTime runs an action with a timeout and wants its answer a second before
// that: Pacemaker kills without a warning, and then nobody learns why.
func (s *site) inTime(timeout time.Duration, action string, code ocf.Code, extra ...string) answer {
	s.t.Helper()
	a := s.want(action, code, append(extra, fmt.Sprintf("OCF_RESKEY_CRM_meta_timeout=%d", timeout.Milliseconds()))...)
	if a.took > timeout-time.Second {
		s.t.Errorf("%s took %v of its %v", action, a.took, timeout)
	}
	return a
}

// breakages are configurations that no action needs in order to look at a
// server or to end it.
var breakages = []struct {
	name          string
	apply, repair func(*site)
}{
	{"config missing",
		func(s *site) { s.params["config"] = filepath.Join(s.dir, "nowhere.conf") },
		func(s *site) { delete(s.params, "config") }},
	{"pgctl missing",
		func(s *site) { s.params["pgctl"] = "/nowhere/pg_ctl" },
		func(s *site) { s.params["pgctl"] = filepath.Join(template.bin, "pg_ctl") }},
	{"pgdba unknown",
		func(s *site) { s.params["pgdba"] = "nosuchuser" },
		func(s *site) { delete(s.params, "pgdba") }},
	{"rep_mode unknown",
		func(s *site) { s.params["rep_mode"] = "nonsense" },
		func(s *site) { s.params["rep_mode"] = "sync" }},
	{"pgdata read-only", // to postgres, and so for good: only root could still write
		func(s *site) { s.must(os.Chmod(s.data, 0o500)) },
		func(s *site) {
			s.must(os.Chmod(s.data, 0o700))
			// The server could not remove it, and until init has buried the old
			// postmaster the next one takes it for alive.
			s.must(os.RemoveAll(filepath.Join(s.data, "postmaster.pid")))
		}},
	{"tmpdir missing",
		func(s *site) { s.params["tmpdir"] = filepath.Join(s.dir, "nowhere") },
		func(s *site) { s.params["tmpdir"] = filepath.Join(s.dir, "tmp") }},
	{"tmpdir read-only", // to postgres; the agent writes there as nobody else
		func(s *site) { s.must(os.Chmod(filepath.Join(s.dir, "tmp"), 0o555)) },
		func(s *site) { s.must(os.Chmod(filepath.Join(s.dir, "tmp"), 0o700)) }},
}

// Conformance: 24, 25 (PostgreSQL server)
func TestStopNeedsNoUsableConfiguration(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, b := range breakages {
		s.standby()
		b.apply(s)
		if a := s.do("monitor", recurring); a.code == ocf.NotRunning {
			t.Errorf("%s: monitor calls a running standby not running", b.name)
		}
		if a := s.do("stop"); a.code != ocf.Success {
			t.Errorf("%s: stop answered %v (%s)", b.name, a.code, a.reason)
		}
		if pid := s.postmaster(); pid != 0 {
			t.Fatalf("%s: stop left server %d running", b.name, pid)
		}
		s.want("monitor", ocf.NotRunning) // certain, whatever the configuration
		b.repair(s)
	}
}

// Conformance: 24, 25 (PostgreSQL server)
func TestPrimaryWithoutUsableConfiguration(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.primaryAlone()
	for _, b := range breakages {
		b.apply(s)
		// Without pgdba nobody can ask the server; then its control file says
		// what it may be.
		if a := s.do("monitor", recurring); a.code != ocf.RunningPromoted && a.code != ocf.FailedPromoted {
			t.Errorf("%s: monitor answered %v (%s)", b.name, a.code, a.reason)
		}
		b.repair(s)
	}
	for _, b := range breakages {
		b.apply(s)
	}
	s.want("demote", ocf.Success, "OCF_RESKEY_CRM_meta_notify_slave_uname=node02")
	if pid := s.postmaster(); pid != 0 {
		t.Errorf("demote left server %d running", pid)
	}
	s.want("stop", ocf.Success)
}

// A name service that is away for a while is no reason to move the primary: on
// the other node it may be away as well.
//
// Conformance: 24, 25 (PostgreSQL server)
func TestUserUnknownToTheNameService(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.standby()
	s.params["pgdba"] = "nosuchuser"
	s.want("monitor", ocf.Success, recurring)
	delete(s.params, "pgdba")
	s.want("stop", ocf.Success)

	s.primaryAlone()
	s.params["pgdba"] = "nosuchuser"
	s.want("monitor", ocf.RunningPromoted, recurring)
	s.want("demote", ocf.Success)
	if pid := s.postmaster(); pid != 0 {
		t.Errorf("demote left server %d running", pid)
	}
	s.want("monitor", ocf.NotRunning, recurring)
}

// A server that accepts connections and says nothing, as on a disk that hangs.
//
// Conformance: 17, 41, 62, 87 (PostgreSQL server)
func TestHungServer(t *testing.T) {
	for _, c := range []struct {
		role, end string
		make      func(*site)
		monitor   ocf.Code
	}{
		{"standby", "stop", func(s *site) { s.standby(); s.followed() }, ocf.ErrGeneric},
		{"primary", "demote", (*site).primaryAlone, ocf.FailedPromoted},
	} {
		t.Run(c.role, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			c.make(s)
			s.params["stop_escalate"], s.params["stop_escalate_in_slave"] = "90", "90"
			pid := s.postmaster()
			s.must(syscall.Kill(pid, syscall.SIGSTOP))
			before, err := os.ReadFile(filepath.Join(s.data, "postmaster.pid"))
			s.must(err)

			// A start must not put a second server beside one that is alive.
			s.inTime(2400*time.Millisecond, "start", ocf.ErrGeneric)
			after, err := os.ReadFile(filepath.Join(s.data, "postmaster.pid"))
			if err != nil || string(before) != string(after) || s.postmaster() != pid {
				t.Errorf("start has touched postmaster.pid of a live server, or the server: %v %q", err, after)
			}

			a := s.inTime(6*time.Second, "monitor", c.monitor, recurring)
			if !strings.Contains(a.reason, "does not serve") && !strings.Contains(a.reason, "does not answer") {
				t.Errorf("reason %q", a.reason)
			}
			// However long the time: what is stopped is not slow.
			a = s.want("monitor", c.monitor, recurring, "OCF_RESKEY_CRM_meta_timeout=60000")
			if a.took < 5*time.Second || a.took > 15*time.Second || !strings.Contains(a.reason, "is stopped") {
				t.Errorf("given up after %v: %s", a.took, a.reason)
			}
			s.inTime(6*time.Second, c.end, ocf.Success)
			if p, err := s.instance().Processes(); err != nil || !p.None() {
				t.Errorf("%s answered success and left %+v, %v", c.end, p, err)
			}
			log := s.agentLog()
			at := strings.Index(log, "fast shutdown,")
			if at < 0 || !strings.Contains(log[at:], "immediate shutdown,") || !strings.Contains(log[at:], "forced shutdown,") {
				t.Errorf("not fast, immediate, forced in this order:\n%s", log)
			}
		})
	}
}

// Pacemaker's tools can fail or hang while the server is well.
//
// Conformance: 17, 47 (PostgreSQL server)
func TestVerdictDoesNotNeedTheCluster(t *testing.T) {
	for _, tool := range []string{"crm_mon", "crm_attribute"} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			failing := func(r *record) { r.Fail = tool }
			hanging := func(r *record) { r.Fail, r.Hang = "", tool }
			healthy := func(r *record) { r.Fail, r.Hang = "", "" }

			s.standby()
			s.change(failing)
			s.monitor(ocf.Success)
			s.want("monitor", ocf.Success)
			s.change(hanging)
			s.inTime(4*time.Second, "monitor", ocf.Success, recurring)
			s.inTime(4*time.Second, "stop", ocf.Success)
			if s.postmaster() != 0 {
				t.Fatal("stop left the server running")
			}
			if log := s.agentLog(); strings.Contains(log, "immediate shutdown,") {
				t.Errorf("a slow cluster has cost the server its orderly shutdown:\n%s", log)
			}

			s.change(healthy)
			s.primaryAlone()
			s.change(failing)
			s.monitor(ocf.RunningPromoted)
			s.want("monitor", ocf.RunningPromoted)
			s.change(hanging)
			s.inTime(4*time.Second, "monitor", ocf.RunningPromoted, recurring)
			s.inTime(4*time.Second, "demote", ocf.Success)
			if s.postmaster() != 0 {
				t.Error("demote left the server running")
			}
		})
	}
}

// A standby is lost in one bad situation after the other: commits go on
// without it only once the cluster knows that it must not be promoted.
//
// Conformance: 101, 102 (PostgreSQL server)
func TestLostStandby(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.primaryWithStandby()
	s.stopPeer()
	rights := func(r *record) {
		r.Permanent["node02"]["pgsql-data-status"], r.Transient["node02"]["master-pgsql"] = "STREAMING|SYNC", "100"
	}
	promotable := func() bool {
		n := s.record()
		return n.Permanent["node02"]["pgsql-data-status"] != "DISCONNECT" || n.Online["node02"] && n.Transient["node02"]["master-pgsql"] != "-INFINITY"
	}
	cases := []struct {
		name              string
		change            func(*record)
		extra             []string
		rightsStay, waits bool
	}{
		{"crm_attribute fails", func(r *record) { r.Fail = "crm_attribute" }, nil, true, true},
		{"crm_attribute hangs", func(r *record) { r.Fail, r.Hang = "", "crm_attribute" }, []string{"OCF_RESKEY_crm_attr_timeout=1"}, true, true},
		{"crm_mon fails", func(r *record) { r.Hang, r.Fail = "", "crm_mon" }, nil, true, true},
		{"its own copy of the record is behind", func(r *record) { r.Fail, r.Behind = "", "node02" }, nil, false, true},
		{"no quorum: not ours to say", func(r *record) { r.Behind, r.NoQuorum = "", true }, nil, true, true},
		{"promoted while its rights are taken", func(r *record) { r.NoQuorum, r.Promoting = false, "node02" }, nil, false, true},
		{"offline and not fenced", func(r *record) {
			r.Promoting, r.Role["node02"] = "", "Unpromoted"
			r.NoQuorum, r.Fencing = false, true
			r.Online["node02"], r.Unclean["node02"] = false, true
		}, nil, false, true},
		{"fenced", func(r *record) {
			r.Unclean["node02"], r.Transient["node02"] = false, map[string]string{}
		}, nil, false, false},
	}
	for _, c := range cases {
		s.change(rights)
		s.change(c.change)
		s.want("monitor", ocf.RunningPromoted, append([]string{recurring}, c.extra...)...)
		if got := promotable(); got != c.rightsStay {
			t.Errorf("%s: node02 may be promoted: %t, want %t (%s)", c.name, got, c.rightsStay, s.record().attrs("node02"))
		}
		names := s.query("show synchronous_standby_names")
		if got := names != ""; got != c.waits {
			t.Errorf("%s: commits wait for %q", c.name, names)
		}
		s.checkSafe()
	}
}

// One primary, and everything that can be asked of it without changing it.
//
// Conformance: 35, 36, 42, 45, 50, 63 (PostgreSQL server)
func TestHealthyPrimary(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.primaryWithStandby()

	// The cost of a monitor: PATH holds nothing but the stand-ins, and those
	// note that they were called.
	s.monitor(ocf.RunningPromoted)
	s.forgetCalls()
	s.want("monitor", ocf.RunningPromoted, recurring, "PATH="+template.bin)
	if calls := s.calls(); len(calls) != 1 || !strings.HasPrefix(calls[0], "cibadmin -Q -l -A ") {
		t.Errorf("the monitor of a steady primary starts %q", calls)
	}

	// A start, a stray standby's name and a custom statement change nothing.
	before := s.snapshot()
	s.want("start", ocf.ErrGeneric)
	if _, err := os.Stat(filepath.Join(s.data, "standby.signal")); err == nil {
		t.Error("a start wrote standby.signal for a running primary")
	}
	for _, c := range []struct {
		sql  string
		want ocf.Code
	}{
		{"SELECT 1 / (CASE WHEN 'it''s `id` $HOME \"; $$' = 'it''s ' || chr(96) || 'id' || chr(96) || ' ' || chr(36) || 'HOME \"; ' || chr(36) || chr(36) THEN 1 ELSE 0 END)", ocf.RunningPromoted},
		{"SELECT 1/0", ocf.FailedPromoted},
	} {
		s.params["monitor_sql"] = c.sql
		s.monitor(c.want)
	}
	delete(s.params, "monitor_sql")
	if after := s.snapshot(); after != before {
		t.Errorf("changed\n%s\nto\n%s", before, after)
	}

	// Two names in the promoted list: the other one's claim is not this node's.
	s.notify("post", "stop", map[string]string{"stop": "node03", "master": "node02 node01"})

	// Every connection is taken, the reserved ones too.
	closeAll := s.exhaust()
	s.monitor(ocf.RunningPromoted)
	if log := s.agentLog(); !strings.Contains(log, "WARNING: ") || !strings.Contains(log, "53300") {
		t.Errorf("no warning that there is no free connection:\n%s", log)
	}
	closeAll()

	// The pid file is gone and the server is not.
	s.must(os.Remove(filepath.Join(s.data, "postmaster.pid")))
	s.monitor(ocf.RunningPromoted)
	s.want("status", ocf.Success)
	s.want("demote", ocf.Success, "OCF_RESKEY_CRM_meta_notify_slave_uname=node02")
	if s.postmaster() != 0 {
		t.Error("demote left the server without a pid file running")
	}
}

// exhaust opens sessions until the server has none left.
func (s *site) exhaust() (closeAll func()) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var open []*pgx.Conn
	for range 50 {
		conn, err := pgx.Connect(ctx, fmt.Sprintf("host=127.0.0.1 port=%d user=postgres dbname=template1", s.port))
		if err != nil {
			return func() {
				for _, c := range open {
					_ = c.Close(context.Background())
				}
			}
		}
		open = append(open, conn)
	}
	s.t.Fatal("50 sessions and room for more")
	return nil
}

// Conformance: 35, 50, 76 (PostgreSQL server)
func TestHealthyStandby(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.standby()
	s.followed()
	s.monitor(ocf.Success)
	s.forgetCalls()
	s.want("monitor", ocf.Success, recurring, "PATH="+template.bin)
	// Its primary_conninfo leads to itself, which is no primary.
	if calls := s.calls(); !slices.Equal(calls, []string{"crm_mon -1 --output-as=xml"}) {
		t.Errorf("the monitor of a standby without a primary to be heard starts %q", calls)
	}
	s.params["monitor_sql"] = "SELECT 1/0" // for a primary only
	s.monitor(ocf.Success)
	delete(s.params, "monitor_sql")

	// Its data may lack commits: a score that is out of date changes nothing of that.
	s.takeOver()
	s.change(func(r *record) {
		r.Permanent["node01"]["pgsql-data-status"], r.Transient["node01"]["master-pgsql"] = "DISCONNECT", "100"
	})
	other := s.record().attrs("node02")
	if a := s.want("promote", ocf.ErrGeneric); !strings.Contains(a.reason, "DISCONNECT") {
		t.Errorf("reason %q", a.reason)
	}
	if s.query("select pg_is_in_recovery()::text") != "true" || s.lock() {
		t.Error("promoted, or locked, all the same")
	}
	if r := s.record(); r.attrs("node02") != other || r.Transient["node01"]["master-pgsql"] != "-INFINITY" {
		t.Errorf("node01 %s\nnode02 %s, had %s", r.attrs("node01"), r.attrs("node02"), other)
	}
}

// A pid is nobody's property: after a crash another process can have it.
//
// Conformance: 44 (PostgreSQL server)
func TestPidOfSomebodyElse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	u := postgresUser(t)
	// Of the same user, in the data directory, and called postgres.
	other := exec.Command("sleep", "300")
	other.Args[0], other.Dir = "postgres", s.data
	other.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: u.UID, Gid: u.GID}, Pdeathsig: syscall.SIGKILL}
	s.must(other.Start())
	ended := make(chan error, 1)
	go func() { ended <- other.Wait() }()
	t.Cleanup(func() { _ = other.Process.Kill() })

	file := filepath.Join(s.data, "postmaster.pid")
	s.must(os.WriteFile(file, fmt.Appendf(nil, "%d\n%s\n1\n%d\n", other.Process.Pid, s.data, s.port), 0o600))
	s.must(os.Chown(file, int(u.UID), int(u.GID)))
	s.want("monitor", ocf.NotRunning)
	s.monitor(ocf.NotRunning)
	s.want("status", ocf.NotRunning)
	s.want("demote", ocf.Success)
	s.want("stop", ocf.Success)
	select {
	case err := <-ended:
		t.Errorf("the process was signalled: %v", err)
	default:
	}
	// PostgreSQL takes it for another server and says so; the agent never
	// deletes the file, because nobody can prove that it is stale.
	if a := s.want("start", ocf.ErrGeneric); !strings.Contains(a.reason, "postmaster.pid") {
		t.Errorf("reason %q", a.reason)
	}
	s.want("stop", ocf.Success)
	select {
	case err := <-ended:
		t.Errorf("the process was signalled: %v", err)
	default:
	}
}

// files is a checksum of every file below the given folders.
func (s *site) files(folders ...string) string {
	s.t.Helper()
	var b strings.Builder
	for _, folder := range folders {
		s.must(filepath.WalkDir(filepath.Join(s.dir, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			fi, err := d.Info()
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "%s %v %d", path, fi.Mode(), fi.Sys().(*syscall.Stat_t).Uid)
			if fi.Mode().IsRegular() {
				text, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				fmt.Fprintf(&b, " %x", sha256.Sum256(text))
			}
			b.WriteString("\n")
			return nil
		}))
	}
	return b.String()
}

// A lock without content is what the shell agent and people write: nobody
// knows what it stands for, so nothing removes it and nothing is touched.
//
// Conformance: 52, 118 (PostgreSQL server)
func TestEmptyLock(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.standby() // so that its control file tells of recovery
	s.want("stop", ocf.Success)
	lock := filepath.Join(s.dir, "tmp", "PGSQL.lock")
	s.must(os.WriteFile(lock, nil, 0o644))
	s.change(func(r *record) {
		r.Transient["node01"] = map[string]string{"pgsql-master-baseline": "0000000003000060", "pgsql-xlog-loc": "0000000003000060"}
		r.Permanent["node01"]["pgsql-data-status"] = "LATEST"
	})
	before := s.files("data", "tmp", "run")
	for range 2 {
		if a := s.want("start", ocf.ErrGeneric); !strings.Contains(a.reason, lock) {
			t.Errorf("reason %q does not name %s", a.reason, lock)
		}
	}
	if after := s.files("data", "tmp", "run"); after != before {
		t.Errorf("files changed from\n%s\nto\n%s", before, after)
	}
	const want = "master-pgsql=-INFINITY pgsql-master-baseline pgsql-status=STOP pgsql-xlog-loc pgsql-data-status=LATEST"
	if got := s.record().attrs("node01"); got != want {
		t.Errorf("attributes %s", got)
	}
	s.want("stop", ocf.Success)
	s.want("demote", ocf.Success, "OCF_RESKEY_CRM_meta_notify_slave_uname= ")
	if !s.lock() {
		t.Error("the lock is gone")
	}
}

// Conformance: 64 (PostgreSQL server)
func TestStartOfAServerThatCannotStart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	conf, err := os.ReadFile(filepath.Join(s.data, "postgresql.conf"))
	s.must(err)
	for _, c := range []struct {
		file, text, reason string
		silent             bool // the program says so only when it starts
	}{
		{"postgresql.conf", "no_such_setting = 1\n", "no_such_setting", false},
		{"postgresql.conf", "shared_buffers = many\n", "shared_buffers", false},
		{"postgresql.conf", "shared_preload_libraries = 'nosuchlibrary'\n", "nosuchlibrary", true},
	} {
		s.must(appendTo(filepath.Join(s.data, c.file), c.text))
		reasoned := func(reason string) {
			a := s.want("start", ocf.ErrGeneric)
			if a.took > 3*time.Second {
				t.Errorf("%s: took %v", reason, a.took)
			}
			if !strings.Contains(a.reason, reason) {
				t.Errorf("the reason does not say what the server did: %q", a.reason)
			}
			s.want("monitor", ocf.NotRunning)
		}
		reasoned(c.reason)
		if !c.silent {
			// With the default of logfile the server's words are nowhere.
			log, ctl := s.params["logfile"], s.params["pgctl"]
			s.params["logfile"], s.params["pgctl"] = "/dev/null", filepath.Join(s.bin, "pg_ctl")
			reasoned(c.reason)
			s.params["logfile"], s.params["pgctl"] = log, ctl
		}
		s.must(os.WriteFile(filepath.Join(s.data, c.file), conf, 0o600))
	}
	s.want("start", ocf.Success)
}

// Conformance: 59, 60 (PostgreSQL server)
func TestSettingsOfAnotherFile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	auto := filepath.Join(s.data, "postgresql.auto.conf")
	empty, err := os.ReadFile(auto)
	s.must(err)
	for _, c := range []struct{ setting, reason string }{
		{"synchronous_standby_names = 'somebody'\n", "synchronous_standby_names"},
		{"primary_conninfo = 'host=127.0.0.2'\n", auto},
		{"restore_command = '/bin/true'\n", auto},
	} {
		if s.release() < 12 && c.reason == auto {
			continue // settings of recovery.conf only
		}
		s.must(appendTo(auto, c.setting))
		name, _, _ := strings.Cut(c.setting, " ")
		if a := s.want("start", ocf.ErrArgs); !strings.Contains(a.reason, name) || !strings.Contains(a.reason, c.reason) {
			t.Errorf("%s: reason %q", strings.TrimSpace(c.setting), a.reason)
		}
		s.want("stop", ocf.Success)
		s.must(os.WriteFile(auto, empty, 0o600))
	}
}

// The data of another database than the primary's is refused at once, and named;
// a primary that cannot be asked is no reason for it.
func TestStartOfAnotherDatabase(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	u := s.upstream()
	s.change(func(r *record) { r.Role["node02"] = "Promoted" })
	other := filepath.Join(s.dir, "other")
	s.must(makeCluster(s.bin, other))
	control, err := os.ReadFile(filepath.Join(other, "global/pg_control"))
	s.must(err)
	own, err := os.ReadFile(filepath.Join(s.data, "global/pg_control"))
	s.must(err)
	s.must(os.WriteFile(filepath.Join(s.data, "global/pg_control"), control, 0o600))
	a := s.want("start", ocf.ErrArgs)
	if !strings.HasPrefix(a.reason, "database system identifier differs from the primary's (") || !strings.HasSuffix(a.reason, "take a base backup") || len(a.reason) > 127 {
		t.Errorf("reason %q", a.reason)
	}
	if s.postmaster() != 0 {
		t.Error("the server was started")
	}
	u.crash()
	s.must(os.WriteFile(filepath.Join(s.data, "global/pg_control"), own, 0o600))
	s.want("start", ocf.Success)
}

// PostgreSQL dies of its promotion.
//
// Conformance: 75 (PostgreSQL server)
func TestServerDiesWhilePromoted(t *testing.T) {
	for _, c := range []struct {
		when     string
		takeBack bool
	}{{"before", true}, {"after", false}} {
		t.Run(c.when+" it leaves recovery", func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.standby()
			s.followed()
			s.takeOver()
			own, other := s.record().attrs("node01"), s.record().attrs("node02")
			a := s.want("promote", ocf.ErrGeneric, "STANDIN_KILL_SERVER="+c.when)
			if a.took > 15*time.Second { // and not all of the time
				t.Errorf("took %v", a.took)
			}
			if got := s.lock(); got == c.takeBack {
				t.Errorf("lock: %t", got)
			}
			r := s.record()
			if back := r.attrs("node02") == other; back != c.takeBack {
				t.Errorf("node02 has %s, had %s", r.attrs("node02"), other)
			}
			if back := r.attrs("node01") == own; c.takeBack && !back {
				t.Errorf("node01 has %s, had %s", r.attrs("node01"), own)
			}
			s.waitGone()
			s.want("monitor", ocf.NotRunning)
		})
	}
}

// What Pacemaker puts into the list of standbys decides about the lock.
//
// Conformance: 80, 81, 82 (PostgreSQL server)
func TestDemoteReadsTheListOfStandbys(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const list = "OCF_RESKEY_CRM_meta_notify_slave_uname="
	for _, c := range []struct {
		extra string
		crash bool
		lock  bool
	}{
		{list + " ", false, false},
		{list, false, false},
		{list + "  ", false, false},
		{"OCF_RESKEY_CRM_meta_notify_unpromoted_uname= ", false, false},
		{"", false, true},
		{list + "node02", false, true},
		{list + " ", true, true}, // nobody can tell what it wrote last
	} {
		s.must(os.RemoveAll(filepath.Join(s.dir, "tmp", "PGSQL.lock")))
		s.primaryAlone()
		s.standbyTrusted() // else nobody but this node could be ahead
		if c.crash {
			s.crash()
		}
		s.want("demote", ocf.Success, c.extra)
		if got := s.lock(); got != c.lock {
			t.Errorf("%q, crashed %t: lock %t, want %t", c.extra, c.crash, got, c.lock)
		}
	}
}

// Node names are whole words: node1 is not node10.
//
// Conformance: 92, 93, 95 (PostgreSQL server)
func TestNotify(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.change(func(r *record) {
		*r = record{Online: map[string]bool{"node1": true, "node10": true}, Unclean: map[string]bool{}, Role: map[string]string{},
			Transient: map[string]map[string]string{"node1": {}, "node10": {}}, Permanent: map[string]map[string]string{"node1": {}, "node10": {}}}
	})
	s.params["node_list"], s.context["on_node"] = "node1 node10", "node1"
	s.want("start", ocf.Success)
	attrs := func(want string) {
		t.Helper()
		if got := s.record().attrs("node1"); got != want {
			t.Errorf("node1 has %q, want %q", got, want)
		}
	}
	s.change(func(r *record) {
		r.Transient["node1"] = map[string]string{"pgsql-status": "HS:sync", "pgsql-xlog-loc": "0000000003000060"}
	})

	s.forgetCalls()
	for _, n := range [][2]string{{"pre", "start"}, {"pre", "stop"}, {"pre", "promote"}, {"pre", "demote"}, {"post", "migrate"}, {"post", ""}, {"", ""}, {"during", "promote"}} {
		s.notify(n[0], n[1], map[string]string{"master": "node1", "demote": "node1", "promote": "node1", "slave": "node10"})
	}
	if calls := strings.Join(s.calls(), ", "); calls != "" {
		t.Errorf("notifications that mean nothing start %s", calls)
	}

	s.notify("post", "demote", map[string]string{"master": "node1", "demote": "node1"})
	attrs("pgsql-status=HS:sync pgsql-xlog-loc") // it is the one that was demoted
	s.notify("post", "demote", map[string]string{"promoted": "node10 node2", "demote": "node10"})
	attrs("pgsql-status=HS:sync pgsql-xlog-loc") // another primary is left
	s.notify("post", "demote", map[string]string{"promoted": "node10", "demote": "node10", "master": "node10"})
	attrs("pgsql-master-baseline pgsql-status=HS:alone pgsql-xlog-loc")
	s.notify("post", "promote", map[string]string{"promote": "node1", "slave": "node1 node10"})
	attrs("pgsql-master-baseline pgsql-status=HS:alone")
	s.change(func(r *record) { r.Transient["node1"]["pgsql-xlog-loc"] = "0000000003000060" })
	s.notify("post", "promote", map[string]string{"promote": "node10", "slave": "node1 node10"})
	attrs("pgsql-status=HS:alone")

	// A standby that a stale list calls primary leaves the others alone.
	s.change(func(r *record) { r.Transient["node10"] = map[string]string{"master-pgsql": "100"} })
	s.notify("post", "stop", map[string]string{"stop": "node10", "master": "node1 node10"})
	if got := s.record().attrs("node10"); got != "master-pgsql=100" {
		t.Errorf("a standby has judged node10: %s", got)
	}
}

// Whoever copies WAL under the name of a node is not that node.
//
// Conformance: 104 (PostgreSQL server)
func TestReceiverIsNoStandby(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.primaryAlone()
	s.change(func(r *record) { r.Role["node02"] = "Unpromoted" })
	conf, err := pgconn.ParseConfig(fmt.Sprintf("host=127.0.0.1 port=%d user=repuser application_name=node02", s.port))
	s.must(err)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	end, err := clients.ReceiveWAL(ctx, conf)
	s.must(err)
	t.Cleanup(end)
	s.until("the receiver to stream", func() bool {
		return s.query("select count(*)::text from pg_stat_replication where application_name = 'node02' and state = 'streaming' and flush_lsn is not null") == "1"
	})
	s.monitor(ocf.RunningPromoted)
	if got := s.record().Permanent["node02"]["pgsql-data-status"]; got != "DISCONNECT" {
		t.Errorf("node02 counts as %s", got)
	}
	if names := s.query("show synchronous_standby_names"); names != "" {
		t.Errorf("commits wait for %s", names)
	}
}

// PostgreSQL and Pacemaker compare names without case. The attributes carry
// the cluster's spelling, application_name and the list the lower case.
//
// Conformance: 116 (PostgreSQL server)
func TestNodeNamesInCapitals(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.change(func(r *record) {
		*r = record{Online: map[string]bool{"NODE01": true, "NODE02": true}, Unclean: map[string]bool{}, Role: map[string]string{},
			Transient: map[string]map[string]string{"NODE01": {}, "NODE02": {}}, Permanent: map[string]map[string]string{"NODE01": {}, "NODE02": {}}}
	})
	s.context["on_node"] = "NODE01"
	s.want("start", ocf.Success)
	s.monitor(ocf.Success)
	s.monitor(ocf.Success)
	s.want("promote", ocf.Success)
	s.change(func(r *record) {
		r.Role["NODE01"], r.Role["NODE02"] = "Promoted", "Unpromoted"
		r.Transient["NODE02"] = map[string]string{"master-pgsql": "-INFINITY", "pgsql-status": "HS:alone"}
	})
	s.join()
	s.monitor(ocf.RunningPromoted)
	r := s.record()
	if got := r.attrs("NODE02"); got != "master-pgsql=100 pgsql-status=HS:sync pgsql-data-status=STREAMING|SYNC" {
		t.Errorf("NODE02 has %s", got)
	}
	if names := pg.ParseSyncNames(s.query("show synchronous_standby_names")); !slices.Equal(names, []string{"node02"}) {
		t.Errorf("commits wait for %q", names)
	}
	if got := s.standbySetting("primary_conninfo"); !strings.Contains(got, "application_name=node01") {
		t.Errorf("primary_conninfo %s", got)
	}
	s.notify("post", "promote", map[string]string{"promote": "NODE01", "slave": "NODE01"})
	if got := s.record().attrs("NODE01"); got != "master-pgsql=1000 pgsql-master-baseline pgsql-status=PRI pgsql-data-status=LATEST" {
		t.Errorf("NODE01 has %s", got)
	}
	s.want("demote", ocf.Success, "OCF_RESKEY_CRM_meta_notify_slave_uname= ")
	if s.lock() {
		t.Error("the lock of the last node stays")
	}
}

func (s *site) agentLog() string {
	text, _ := os.ReadFile(filepath.Join(s.dir, "agent.log"))
	return string(text)
}
