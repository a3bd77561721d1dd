package setup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgrex/internal/pg"
	"pgrex/internal/run"
	"pgrex/test/servers/cache"
)

// breaking ends a run at one of its programs: before it, after it, or in the
// middle, where it is killed.
type breaking struct {
	run.Runner
	program string // its name
	when    string
	after   time.Duration
}

var errBroken = errors.New("interrupted")

func (b breaking) Run(ctx context.Context, c run.Command) (run.Result, error) {
	if filepath.Base(c.Argv[0]) != b.program || b.program == "postgres" && c.Argv[1] != "--single" {
		return b.Runner.Run(ctx, c)
	}
	if b.when == "before" {
		return run.Result{}, errBroken
	}
	if b.when == "within" {
		short, cancel := context.WithTimeout(ctx, b.after)
		defer cancel()
		res, err := b.Runner.Run(short, c)
		return res, errors.Join(err, errBroken)
	}
	res, err := b.Runner.Run(ctx, c)
	return res, errors.Join(err, errBroken)
}

// installedNode is a node with the machine's own release.
func installedNode(t *testing.T) *node {
	t.Helper()
	t.Parallel()
	bin, err := cache.Installed()
	if err != nil {
		bin = "" // newNode says that it cannot go on
	}
	return newNode(t, bin)
}

// Wherever the making of the database is interrupted, nothing has its name, and
// the next run makes it all the same, in directories that nothing is left in.
func TestInterruptedDatabase(t *testing.T) {
	n := installedNode(t)
	for _, b := range []breaking{
		{program: "initdb", when: "within", after: 100 * time.Millisecond},
		{program: "initdb", when: "after"},
		{program: "postgres", when: "before"},
		{program: "postgres", when: "within", after: 20 * time.Millisecond},
		{program: "postgres", when: "after"},
	} {
		broken := n.Setup
		b.Runner = n.sys
		broken.Run = b
		o := n.look()
		if f := Refusals(o, n.Wanted); len(f) > 0 {
			t.Fatalf("%+v: %v", b, f[0])
		}
		steps := Plan(o, n.Wanted)
		for _, s := range steps {
			err := broken.Apply(within(t), o, s)
			if (s.Kind == CreateDatabase) != errors.Is(err, errBroken) {
				t.Fatalf("%+v %+v: %v", b, s, err)
			}
			if err != nil && strings.Contains(err.Error(), "word") {
				t.Errorf("the password is in %v", err)
			}
		}
		if _, err := os.Stat(n.Data); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%+v: the database has its name", b)
		}
	}
	o := n.look()
	if !o.Unfinished || !o.UnfinishedWAL {
		t.Errorf("what is left is not recognised: %+v", o)
	}
	if steps := n.setUp(); len(steps) != 2 || steps[0].Kind != RemoveUnfinished || steps[1].Kind != CreateDatabase {
		t.Errorf("%+v", steps)
	}
	if o := n.look(); len(Plan(o, n.Wanted)) != 0 || o.Unfinished {
		t.Errorf("%+v", o)
	}
	left, err := os.ReadDir(filepath.Dir(n.Data))
	if err != nil || len(left) != 1 {
		t.Errorf("%v: %v", err, left)
	}
	n.start()
}

// A database of somebody else's making is not made anew. It gets what it lacks,
// keeps what is right, and comes up with it.
func TestExistingDatabase(t *testing.T) {
	n := installedNode(t)
	n.Run = n.sys
	i := n.instance(n.Data, n.Data+"/postgresql.conf")
	if err := i.MakeDir(filepath.Dir(n.Data), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := n.program("initdb", "-N", "-A", "trust", "-D", n.Data); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	const mine = "wal_level = logical\nmax_wal_senders = 20\n"
	agent := "include_if_exists '/none/rep_mode.conf' " + agentMark + "\n"
	add := func(name, text string) {
		t.Helper()
		if err := i.EditFile(n.Data+"/"+name, func(b []byte) ([]byte, error) { return append(b, text...), nil }); err != nil {
			t.Fatal(err)
		}
	}
	add("postgresql.conf", mine+agent)
	before, err := i.Control()
	if err != nil {
		t.Fatal(err)
	}
	if steps := n.setUp(); len(steps) == 0 || steps[len(steps)-1].Path != n.Data+"/postgresql.conf" {
		t.Errorf("%+v", steps)
	}
	o := n.look()
	if again := Plan(o, n.Wanted); len(again) != 0 {
		t.Errorf("a second run would do %+v", again)
	}
	for name, want := range map[string]string{"wal_level": "logical", "max_wal_senders": "20", "archive_mode": "always", "wal_sender_timeout": "20000", "hot_standby_feedback": "on"} {
		if o.Effective[name] != want {
			t.Errorf("%s is %s, want %s", name, o.Effective[name], want)
		}
	}
	if !strings.HasSuffix(o.Conf.Text, mine+includeOwn+"\n"+agent) {
		t.Errorf("postgresql.conf ends with %q", o.Conf.Text[max(0, len(o.Conf.Text)-300):])
	}
	if now, err := i.Control(); err != nil || now.SystemID != before.SystemID {
		t.Errorf("%v: another database", err)
	}
	add("postgresql.auto.conf", "hot_standby_feedback = off\n")
	o = n.look()
	if notes := Notes(o, n.Wanted); len(Plan(o, n.Wanted)) != 0 || len(notes) != 1 || !strings.Contains(notes[0].Args[1].(string), "hot_standby_feedback") {
		t.Errorf("%+v", notes)
	}
	n.start()
}

// Debian has the configuration elsewhere, and a word of its own against the
// automatic start.
func TestDebianDatabase(t *testing.T) {
	n := installedNode(t)
	dir := n.Host.Debian + "/15/main"
	i := n.instance(n.Data, dir+"/postgresql.conf")
	if err := errors.Join(i.MakeDir(filepath.Dir(n.Data), 0o700), i.MakeDir(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	if out, err := n.program("initdb", "-N", "-A", "trust", "-D", n.Data); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range []string{"postgresql.conf", "pg_hba.conf"} {
		if err := os.Rename(n.Data+"/"+name, dir+"/"+name); err != nil {
			t.Fatal(err)
		}
	}
	err := i.EditFile(dir+"/postgresql.conf", func(b []byte) ([]byte, error) {
		return append(b, "data_directory = '"+n.Data+"'\nhba_file = '"+dir+"/pg_hba.conf'\n"...), nil
	})
	if err := errors.Join(err, i.WriteFile(dir+"/start.conf", "# how\nauto\n")); err != nil {
		t.Fatal(err)
	}
	n.setUp()
	o := n.look()
	if again := Plan(o, n.Wanted); len(again) != 0 || o.ConfError != "" {
		t.Errorf("a second run would do %+v (%s)", again, o.ConfError)
	}
	if o.Conf.Path != dir+"/postgresql.conf" || o.Own.Path != dir+"/pg-rex.conf" || o.Effective["archive_mode"] != "always" || o.Debian[0].StartConf.Text != "# how\nmanual\n" {
		t.Errorf("%+v", o)
	}
}

// A standby gets everything but a database, for which pg_basebackup finds its
// places; the socket directory comes back after a boot.
func TestStandby(t *testing.T) {
	n := installedNode(t)
	n.Role = Standby
	n.sys.enabled["postgresql-15.service"] = true
	n.sys.env = "X=1 PGDATA=" + n.Data + "/"
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	left := fmt.Sprintf("%s/.pgsql-ra-%d-1", n.User.Home, gone.Process.Pid)
	if err := n.instance(n.Data, "").WriteFile(left, "192.168.2.3:5432:replication:repuser:half"); err != nil {
		t.Fatal(err)
	}
	o := n.look()
	o.SocketDir = "/run/postgresql-of-a-test"
	for _, s := range Plan(o, n.Wanted) {
		if s.Kind == MakeDir && s.Path == o.SocketDir {
			continue // not on this machine
		}
		if err := n.Apply(within(t), o, s); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Error("what a killed run has left is there")
	}
	if len(n.sys.enabled) != 0 {
		t.Errorf("still enabled: %v", n.sys.enabled)
	}
	if _, err := os.Stat(n.Data); !errors.Is(err, os.ErrNotExist) {
		t.Error("there is a data directory")
	}
	if !n.runtimeListed("/var/run/postgresql-of-a-test") || n.runtimeListed("/run/other") {
		t.Error("the socket directory would not come back")
	}
	info, err := os.Stat(n.Host.TmpfilesOwn)
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v %v", err, info)
	}
	for _, path := range []string{filepath.Dir(n.Data), n.WAL, n.Archive} {
		if d, err := lookAt(path, syscall.Lstat); err != nil || d.UID != n.User.UID || d.Mode != 0o700 {
			t.Errorf("%s: %v %+v", path, err, d)
		}
	}
	if f, err := readFile(n.User.Home + "/.pgpass"); err != nil || f.Mode != 0o600 || f.UID != n.User.UID || KnownPassword(Observed{PgPass: f}, n.Wanted) != n.Password {
		t.Errorf("%v %+v", err, f)
	}
	if f, err := readFile(n.dir + "/pacemaker"); err != nil || f.Text != "# PCMK_fail_fast=no\nPCMK_fail_fast=yes\n" {
		t.Errorf("%v %+v", err, f)
	}
}

// A file that somebody changes between plan and step stays as that somebody
// wants it.
func TestChangedMeanwhile(t *testing.T) {
	n := installedNode(t)
	o := n.look()
	for _, s := range Plan(o, n.Wanted) {
		if s.Kind != WriteUserFile && s.Kind != WriteSystemFile {
			continue
		}
		const theirs = "somebody's\n"
		if err := os.WriteFile(s.Path, []byte(theirs), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := n.Apply(within(t), o, s); !errors.Is(err, errChanged) {
			t.Errorf("%s: %v", s.Path, err)
		}
		if text, _ := os.ReadFile(s.Path); string(text) != theirs {
			t.Errorf("%s is now %q", s.Path, text)
		}
	}
}

// What systemd cannot be asked is told, and no reason to stop.
func TestWithoutSystemd(t *testing.T) {
	n := installedNode(t)
	n.sys.fail = errBroken
	o := n.look()
	if notes := Notes(o, n.Wanted); len(notes) != 1 || !strings.Contains(notes[0].Args[1].(string), "interrupted") {
		t.Errorf("%+v", notes)
	}
}

// A program that fails is told of with what it said, and its file is named.
func TestBadInitdb(t *testing.T) {
	n := installedNode(t)
	o := n.look()
	for _, s := range Plan(o, n.Wanted) {
		if s.Kind != CreateDatabase {
			if err := n.Apply(within(t), o, s); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := pg.As(n.User, func() error { return os.WriteFile(n.WAL+"/x", nil, 0o600) }); err != nil {
		t.Fatal(err)
	}
	if err := n.createDatabase(within(t), o.Release); err == nil || !strings.Contains(err.Error(), "exists but is not empty") {
		t.Errorf("%v", err)
	}
}

// The server archives with our helper, as archive_command has it, and goes on
// when a file is there already that it has not noted as archived.
func TestArchiving(t *testing.T) {
	n := installedNode(t)
	n.Helper = n.dir + "/pg-rex"
	if out, err := exec.Command("go", "build", "-o", n.Helper, "pgrex/cmd/pg-rex").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	n.setUp()
	i := n.start()
	archived := func(segment string) {
		t.Helper()
		n.exec(i, "CREATE TABLE t"+segment+" (); SELECT pg_switch_wal()")
		n.until(segment+" is archived", func() bool {
			_, err := os.Stat(n.Data + "/pg_wal/archive_status/0000000100000000000000" + segment + ".done")
			return err == nil
		})
	}
	archived("01")
	// As after a crash between the copy and the note of it.
	done := n.Data + "/pg_wal/archive_status/000000010000000000000001.done"
	if err := os.Rename(done, strings.TrimSuffix(done, "done")+"ready"); err != nil {
		t.Fatal(err)
	}
	archived("02")
	if _, err := os.Stat(done); err != nil {
		t.Error(err)
	}
	entries, err := os.ReadDir(n.Archive)
	if err != nil || len(entries) != 2 {
		t.Errorf("%v: %v", err, entries)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Size() != 16<<20 || info.Mode().Perm() != 0o600 {
			t.Errorf("%v: %v", err, info)
		}
	}
}
