package pg

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"pgrex/internal/run"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// The statements of each release, as text: for 9.6, of which there is no server
// to be had, that is all that can be looked at. Its names are in the manual of
// 9.6, sections 9.26 (functions) and 28.2 (views).
//
// Conformance: 112 (unit)
func TestStatementsOfEachRelease(t *testing.T) {
	const golden = "testdata/statements.sql"
	var b bytes.Buffer
	for _, statement := range []struct {
		name string
		of   func(release int) string
	}{{"state", stateQuery}, {"standbys", sendersQuery}, {"slots", slotsQuery}} {
		last := ""
		for _, version := range []string{"9.6.24", "10.23", "11.22", "12.22", "13.22", "14.19", "15.14 (Debian 15.14-0+deb12u1)", "16.10", "17.6", "18.0", "18beta1"} {
			if sql := statement.of(releaseOf(version)); sql != last {
				fmt.Fprintf(&b, "-- %s, from %s on\n%s;\n\n", statement.name, version, sql)
				last = sql
			}
		}
	}
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("differs from %s; run with -update and look at the difference. Got:\n%s", golden, b.String())
	}
}

func TestReleaseOf(t *testing.T) {
	for text, want := range map[string]int{
		"9.6.24": 906, "10.23": 10, "15.8 (Debian 15.8-0+deb12u1)": 15, "18beta1": 18, "17rc1": 17, "16devel": 16, "": 0,
	} {
		if got := releaseOf(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	// A server whose version cannot be read is taken for one of today.
	if sql := stateQuery(0); sql != stateQuery(18) {
		t.Error(sql)
	}
}

// What libpq makes of a value is what was meant, and a plain value stays plain.
//
// Conformance: 70 (unit)
func TestConninfoValue(t *testing.T) {
	for value, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "fe80::1%eth0": "fe80::1%eth0", "node-1.example": "node-1.example", "a=b": "a=b", `"`: `"`, "ユーザ": "ユーザ",
		"": "''", "a b": "'a b'", "a'b": `'a\'b'`, `a\b`: `'a\\b'`, "a\tb": "'a\tb'", "a\nb": "'a\nb'",
	} {
		got := ConninfoValue(value)
		if got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
		conf, err := pgconn.ParseConfig("host=h user=" + got + " password=after")
		if value != "" && (err != nil || conf.User != value || conf.Password != "after") {
			t.Errorf("%q arrives as %q (%v)", value, conf.User, err)
		}
		if err := CheckConninfo("user=" + got + " password=after"); err != nil {
			t.Errorf("%q: %v", value, err)
		}
		back, err := unquoteConf(QuoteConf(got))
		if err != nil || back != got {
			t.Errorf("%q: the server reads %q, %v", got, back, err)
		}
	}
}

func TestCheckConninfo(t *testing.T) {
	for text, want := range map[string]string{
		"":  "",
		" ": "",
		"keepalives_idle=60 keepalives_interval=5": "",
		" password = 'a b' sslmode = require ":     "",
		`password='it\'s' x=1`:                     "",
		`password=a\ b x=1`:                        "",
		`password=x\`:                              "",
		"passfile= x=1":                            "", // libpq takes x=1 for the file
		"x=''":                                     "",
		"keepalives_idle":                          "not keyword=value",
		"a=1 keepalives_idle":                      "not keyword=value",
		"=1":                                       "not keyword=value",
		"two words=1":                              "not keyword=value",
		"'a'=1":                                    "not keyword=value",
		"password='geheim":                         "no closing quote after password=",
		`password='geheim\'`:                       "no closing quote after password=",
		"a=1 password = 'x":                        "no closing quote after password=",
	} {
		got := ""
		if err := CheckConninfo(text); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestCheckOptions(t *testing.T) {
	good := Settings{PgCtl: "/usr/bin/pg_ctl -s", StartOpt: `-c "a b"='c' \"`, CtlOpt: "-t 30", Data: "/data dir", LogFile: "/dev/null"}
	for want, change := range map[string]func(*Settings){
		"":          func(*Settings) {},
		"pgctl":     func(s *Settings) { s.PgCtl = `/usr/bin/pg_ctl -s "` },
		"start_opt": func(s *Settings) { s.StartOpt = "-c 'a" },
		"ctl_opt":   func(s *Settings) { s.CtlOpt = `-t 30\` },
		"pgdata":    func(s *Settings) { s.Data = "/data$(id)" },
		"logfile":   func(s *Settings) { s.LogFile = "/a\nb" },
	} {
		set := good
		change(&set)
		var names []string
		for _, bad := range New(set, run.Local{}).CheckOptions() {
			names = append(names, bad.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestReceiverComplaint(t *testing.T) {
	dir := t.TempDir()
	i := New(Settings{Data: dir, Config: filepath.Join(dir, "postgresql.conf"), LogFile: filepath.Join(dir, "server.log")}, run.Local{})
	if got := i.ReceiverComplaint(); got != "" {
		t.Errorf("without a log: %q", got)
	}
	log := []string{
		`2026-01-01 FATAL:  could not connect to the primary server: connection to server at "192.0.2.1" failed`,
		"2026-01-01 FATAL:  could not receive data from WAL stream: ERROR:  requested WAL segment 00000001 has already been removed",
		"2026-01-01 FATAL:  password authentication failed for user \"somebody\"",
		"2026-01-01 LOG:  waiting for WAL to become available at 0/3000000",
	}
	if err := os.WriteFile(i.set.LogFile, []byte(strings.Join(log, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := i.ReceiverComplaint(); !strings.HasSuffix(got, "has already been removed") {
		t.Errorf("got %q", got)
	}
	// The logging collector's file is the one that goes on.
	if err := os.Mkdir(filepath.Join(dir, "log"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "log/a.log"), []byte(log[0]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := i.ReceiverComplaint(); !strings.Contains(got, "could not connect") {
		t.Errorf("got %q", got)
	}
}

// Only what a dead process has left in its own way goes.
func TestAbandoned(t *testing.T) {
	const nobody = "999999999" // more than the kernel's greatest process id
	for name, want := range map[string]bool{
		temporaryPrefix + nobody + "-1":                    true,
		temporaryPrefix + nobody + "-":                     false,
		temporaryPrefix + nobody + "-x":                    false,
		temporaryPrefix + nobody:                           false,
		temporaryPrefix + "-1":                             false,
		temporaryPrefix + "x-1":                            false,
		temporaryPrefix + "-5-1":                           false,
		temporaryPrefix + "0-1":                            false,
		temporaryPrefix + "1-1":                            false, // init lives
		temporaryPrefix + fmt.Sprint(os.Getppid()) + "-1":  false,
		"x" + temporaryPrefix + nobody + "-1":              false,
		temporaryPrefix + "99999999999999999999-1":         false,
		temporaryPrefix + fmt.Sprintf("%d-1", os.Getpid()): true, // of a namesake: we have none on the way now
	} {
		if got := abandoned(name); got != want {
			t.Errorf("%s: %t, want %t", name, got, want)
		}
	}
	f, err := temporary(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !abandoned(filepath.Base(f.Name())) {
		t.Errorf("%s is not known again", f.Name())
	}
}

// The server's own program tells what a server would use, wherever it is set.
//
// Conformance: 60 (PostgreSQL server)
func TestServerWillUse(t *testing.T) {
	s := newServer(t)
	ask := func(want, where string) {
		t.Helper()
		got, err := s.WillUse(testContext(t), "hot_standby")
		if err != nil || got != want {
			t.Errorf("hot_standby: %q, %v, want %q", got, err, want)
		}
		if file := s.SetIn("hot_standby"); file != where {
			t.Errorf("hot_standby is set in %q, want %q", file, where)
		}
	}
	ask("on", "")
	s.set.StartOpt = "-c hot_standby=off"
	ask("off", "")
	s.set.StartOpt = ""
	s.configure(t, "hot_standby = off")
	ask("off", s.set.Config)
	auto := filepath.Join(s.set.Data, "postgresql.auto.conf")
	if err := s.writeFile(auto, "hot_standby = 'on'\n"); err != nil {
		t.Fatal(err)
	}
	ask("on", auto)
	s.set.PgCtl = "/nowhere/pg_ctl"
	if got, err := s.WillUse(testContext(t), "hot_standby"); err == nil {
		t.Errorf("got %q of no program", got)
	}
}

// Cleaning up is done with the rights of the server's user, and follows no link
// that this user may have planted.
//
// Conformance: 71 (PostgreSQL server)
func TestRemoveTemporary(t *testing.T) {
	s := newServer(t)
	foreign := filepath.Join(filepath.Dir(s.set.Data), "foreign")
	name := temporaryPrefix + "999999999-1"
	left := filepath.Join(s.set.Data, name)
	link, roots := left+"1", left+"2"
	for _, path := range []string{foreign, roots} {
		if err := os.WriteFile(path, []byte("root's"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err := As(s.set.User, func() error {
		return errors.Join(os.WriteFile(left, nil, 0o600), os.Symlink(foreign, link), os.Mkdir(left+"3", 0o700))
	})
	if err != nil {
		t.Fatal(err)
	}
	removed, err := s.RemoveTemporary()
	if err != nil || !slices.Equal(removed, []string{left}) {
		t.Errorf("removed %q, %v", removed, err)
	}
	for _, path := range []string{foreign, link, roots, left + "3"} {
		if _, err := os.Lstat(path); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Lstat(left); err == nil {
		t.Errorf("%s is still there", left)
	}
}

func TestCheckPaths(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		log, socket, tmp string
		bad              string
	}{
		{"/dev/null", "", dir + "/a/b", ""},
		{dir + "/new.log", dir + "/new", dir, ""},
		{dir, "", dir, "logfile"},
		{dir + "/no/log", "", dir, "logfile"},
		{file + "/log", "", dir, "logfile"},
		{"/dev/null", file, dir, "socketdir"},
		{"/dev/null", dir + "/no/run", dir, "socketdir"},
		{"/dev/null", "", file, "tmpdir"},
		{"/dev/null", "", file + "/a/b", "tmpdir"},
	} {
		i := New(Settings{LogFile: c.log, SocketDir: c.socket, TmpDir: c.tmp}, run.Local{})
		var names []string
		for _, bad := range i.CheckPaths(true) {
			names = append(names, bad.Name)
		}
		if got := strings.Join(names, " "); got != c.bad {
			t.Errorf("%+v: %q", c, got)
		}
		if own := i.CheckPaths(false); c.bad == "tmpdir" && len(own) > 0 {
			t.Errorf("%+v: tmpdir is of no interest, and yet %+v", c, own)
		}
	}
	after, err := os.ReadDir(dir)
	if err != nil || !slices.EqualFunc(before, after, func(a, b os.DirEntry) bool { return a.Name() == b.Name() }) {
		t.Errorf("looking has changed %v to %v (%v)", before, after, err)
	}
}

// A node that did not answer is not tried in another way.
func TestDialOnce(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dial := dialOnce()
	for range 2 {
		c, err := dial(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
	}
	_, first := dial(t.Context(), "tcp", "127.0.0.1:1")
	c, second := dial(t.Context(), "tcp", l.Addr().String())
	if first == nil || c != nil || !errors.Is(second, first) {
		t.Errorf("%v, then %v, %v", first, c, second)
	}
}
