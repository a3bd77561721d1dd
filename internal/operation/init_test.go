package operation

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"

	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/run"
	"pgrex/internal/setup"
	"pgrex/test/servers/cache"
)

// initMachine is a machine below one directory, without Pacemaker and systemd,
// that is to be set up.
type initMachine struct {
	t   *testing.T
	dir string
	m   *Machine
	bin string

	mu   sync.Mutex
	runs []string // programs with their arguments, as the node is asked
}

// bareNode is this machine without its init system.
type bareNode struct {
	node.Local
	i *initMachine
}

func (n bareNode) Do(ctx context.Context, op string, in []byte) ([]byte, error) {
	if op != "run" {
		return n.Local.Do(ctx, op, in)
	}
	before, _, _ := strings.Cut(string(in), `"Stdin"`)
	n.i.mu.Lock()
	n.i.runs = append(n.i.runs, before)
	n.i.mu.Unlock()
	if strings.Contains(before, `"systemctl"`) {
		return []byte("{}"), nil
	}
	return n.Local.Do(ctx, op, in)
}

// newInitMachine needs root and a server.
func newInitMachine(t *testing.T) *initMachine {
	t.Helper()
	skip := func(why any) {
		t.Helper()
		if os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "" {
			t.Fatalf("cannot be left out here: %v", why)
		}
		t.Skip(why)
	}
	if os.Geteuid() != 0 {
		skip("needs root, to become the user of the server")
	}
	u, err := pg.LookupUser(t.Context(), run.Local{}, "postgres")
	if err != nil {
		skip(err)
	}
	i := &initMachine{t: t}
	if i.bin, err = cache.Chosen(); err != nil {
		skip(err)
	}
	if i.dir, err = os.MkdirTemp("/tmp", "pgo"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(i.dir) })
	u.Home = i.dir + "/home"
	if err := errors.Join(os.Chmod(i.dir, 0o755), os.Mkdir(u.Home, 0o755), os.Chown(u.Home, int(u.UID), int(u.GID))); err != nil {
		t.Fatal(err)
	}
	i.m = Here()
	i.m.Own = bareNode{node.Local{HostName: "node01"}, i}
	i.m.LockFile, i.m.State = i.dir+"/lock", i.dir+"/state"
	i.m.Host = setup.Host{Debian: i.dir + "/debian", TmpfilesDirs: []string{i.dir + "/tmpfiles.d"}, TmpfilesOwn: i.dir + "/tmpfiles.d/pg-rex.conf"}
	i.m.Account = func(_ context.Context, name string) (pg.User, error) {
		if name != "postgres" {
			return pg.User{}, pg.ErrUnknownUser
		}
		return u, nil
	}
	i.m.Addresses = func() ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr("192.168.2.1")}, nil }
	return i
}

func (i *initMachine) play(how typed, args ...string) played {
	i.t.Helper()
	argv := append([]string{"pg-rex_init", "--config", i.dir + "/none.conf", "--log-file", i.dir + "/log", "--bindir", i.bin, "--data", i.dir + "/db/pgdata/data",
		"--wal", i.dir + "/db/pgwal/pg_wal", "--archive", i.dir + "/db/pgarch/arc1", "--archive-cp"}, args...)
	var out, errOut bytes.Buffer
	status := Run(argv, Streams{In: strings.NewReader(how.input), Out: &out, Err: &errOut, Terminal: how.terminal,
		Getenv: func(name string) string { return how.env[name] }}, i.m)
	return played{status, out.String(), errOut.String()}
}

// The conversation: a plan with everything in it, one question, numbered steps,
// and nothing to do the second time. A password that is made is in the password
// file only: neither on the screen nor in the log nor in arguments of programs.
//
// Conformance: CD-078 (unit)
func TestInitPrimary(t *testing.T) {
	i := newInitMachine(t)
	want := func(got played, status int, says ...string) {
		t.Helper()
		if got.status != status {
			t.Errorf("exit status %d, want %d\n%s%s", got.status, status, got.out, got.err)
		}
		for _, text := range says {
			if !strings.Contains(got.out+got.err, text) {
				t.Errorf("%q is not said:\n%s%s", text, got.out, got.err)
			}
		}
	}
	nothing := func() {
		t.Helper()
		if _, err := os.Stat(i.dir + "/db"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("something was made: %v", err)
		}
	}
	plan := []string{
		"Plan for node01 as Primary, PostgreSQL ", "initdb -D " + i.dir + "/db/pgdata/data -X " + i.dir + "/db/pgwal/pg_wal --encoding=UTF-8 --no-locale",
		"     +++ " + i.dir + "/db/pgdata/data/pg-rex.conf", "     +archive_command = '/bin/cp %p " + i.dir + "/db/pgarch/arc1/%f'",
		"     +host replication all samehost reject", "     +host replication repuser 192.168.2.1/32 scram-sha-256",
		"     +192.168.2.3:5432:replication:repuser:********", "     +192.168.2.2:5432:replication:repuser:********",
	}
	want(i.play(typed{}, "primary", "--dry-run"), 0, append(plan, "Dry-run finished. Nothing was changed.")...)
	nothing()
	want(i.play(typed{}, "primary"), 4, "INI-037")
	want(i.play(typed{}, "primary", "--generate-password"), 4, append(plan, "CMN-051")...)
	want(i.play(typed{terminal: true, input: "n\n"}, "primary", "--generate-password"), 4, "Carry out these changes (", "CMN-052")
	nothing()

	got := i.play(typed{terminal: true, input: "y\n"}, "primary", "--generate-password")
	want(got, 0, append(plan, "...[OK]", "It is in "+i.dir+"/home/.pgpass and nowhere else.", "This node is set up as Primary.", "next: pg-rex_primary_start FILE")...)
	text, err := os.ReadFile(i.dir + "/home/.pgpass")
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	password := first[strings.LastIndex(first, ":")+1:]
	log, err := os.ReadFile(i.dir + "/log")
	if err != nil {
		t.Fatal(err)
	}
	if len(password) < 20 || len(i.runs) < 5 || strings.Contains(got.out+got.err+string(log)+strings.Join(i.runs, "\n"), password) {
		t.Errorf("password %q of %d programs", password, len(i.runs))
	}

	want(i.play(typed{}, "primary"), 0, "Nothing is to be done: this node is set up as Primary.")
	got = i.play(typed{env: map[string]string{"LANG": "ja_JP.UTF-8"}}, "primary", "--generate-password")
	want(got, 0, "変更は不要です。このノードは Primary として設定済みです。")
	if again, _ := os.ReadFile(i.dir + "/home/.pgpass"); string(again) != string(text) {
		t.Error("a second run has changed the password")
	}
	// Another password is a change, whose old and new value nobody sees.
	file := i.dir + "/password"
	if err := os.WriteFile(file, []byte("another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got = i.play(typed{}, "primary", "--password-file", file, "--dry-run")
	want(got, 0, "Change of "+i.dir+"/home/.pgpass", "-192.168.2.3:5432:replication:repuser:********\n", "+192.168.2.3:5432:replication:repuser:******** (another password)\n")
}

func TestInitStandby(t *testing.T) {
	i := newInitMachine(t)
	file := i.dir + "/password"
	if err := os.WriteFile(file, []byte("repp asswd\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := i.play(typed{}, "slave", "--yes", "--password-file", file, "--own-address", "192.168.2.1", "--peer-address", "192.168.2.9", "--vip-rep", "192.168.2.8")
	text, err := os.ReadFile(i.dir + "/home/.pgpass")
	if got.status != 0 || err != nil || !strings.Contains(got.out, "next: pg-rex_standby_start") || strings.Contains(got.out, "initdb") ||
		string(text) != "192.168.2.9:5432:replication:repuser:repp asswd\n192.168.2.8:5432:replication:repuser:repp asswd\n" &&
			string(text) != "192.168.2.8:5432:replication:repuser:repp asswd\n192.168.2.9:5432:replication:repuser:repp asswd\n" {
		t.Errorf("%+v %v %q", got, err, text)
	}
	if _, err := os.Stat(i.dir + "/db/pgdata/data"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a data directory: %v", err)
	}
}

// Every wrong value is an error that names it, and nothing is made.
func TestInitOptions(t *testing.T) {
	i := newInitMachine(t)
	open := i.dir + "/open"
	if err := os.WriteFile(open, []byte("x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args   string
		status int
		says   string
	}{
		{"", 2, "INI-010"},
		{"both", 2, "INI-010"},
		{"primary --password-file x --generate-password", 2, "INI-019"},
		{"standby --generate-password", 2, "INI-039"},
		{"primary --own-address node01", 2, "INI-018: --own-address must be an IP address: node01"},
		{"primary --own-address 192.168.2.2 --peer-address 192.168.2.1", 3, "INI-029"},
		{"primary --peer-address 10.0.0.1", 2, "INI-015: --vip-rep is missing"},
		{"primary --data db", 2, "INI-011: --data"},
		{"primary --port 0", 2, "INI-012"},
		{"primary --port many", 2, "CMN-062"},
		{"primary --repuser Rep", 2, "INI-013"},
		{"primary --user nobody-here", 3, "INI-025: There is no user nobody-here"},
		{"primary --bindir /none", 3, "INI-026: PostgreSQL's programs were not found (/none)"},
		{"primary --password-file /none", 9, "CFG-015"},
		{"primary --password-file " + open, 9, "CFG-007"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			got := i.play(typed{}, strings.Fields(tt.args)...)
			if got.status != tt.status || !strings.Contains(got.err, tt.says) {
				t.Errorf("%d, want %d and %q\n%s%s", got.status, tt.status, tt.says, got.out, got.err)
			}
			if _, err := os.Stat(i.dir + "/db"); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("something was made: %v", err)
			}
		})
	}
	i.m.User = 1000
	if got := i.play(typed{}, "primary"); got.status != 3 || !strings.Contains(got.err, "CMN-001") {
		t.Errorf("%+v", got)
	}
}

// pg-rex archive says nothing when all is well, and its status is one with which
// the server tries again when it is not.
func TestArchiveCommand(t *testing.T) {
	dir := t.TempDir()
	source := dir + "/000000010000000000000001"
	if err := errors.Join(os.WriteFile(source, []byte("wal"), 0o600), os.Mkdir(dir+"/arc1", 0o700)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := raw(t, 1000, "pg-rex", "archive", source, dir+"/arc1"); got != (played{}) {
			t.Errorf("%+v", got)
		}
	}
	if err := os.WriteFile(source, []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := raw(t, 1000, "pg-rex_archive", source, dir+"/arc1"); got.status != 1 || !strings.Contains(got.err, "ARS-002: "+dir+"/arc1/000000010000000000000001") {
		t.Errorf("%+v", got)
	}
	if got := raw(t, 1000, "pg-rex", "archive", source); got.status != 2 || !strings.Contains(got.err, "ARS-003") {
		t.Errorf("%+v", got)
	}
}
