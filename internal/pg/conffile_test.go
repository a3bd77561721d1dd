package pg

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgrex/internal/run"
)

func files(t *testing.T, content map[string]string) *Instance {
	t.Helper()
	dir := t.TempDir()
	for name, text := range content {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "DIR", dir)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return New(Settings{Data: dir, Config: filepath.Join(dir, "postgresql.conf"), TmpDir: dir}, run.Local{})
}

// told are lines as "file:line name=value !error".
func told(i *Instance, lines []ConfLine) []string {
	var all []string
	for _, l := range lines {
		s := strings.TrimPrefix(l.At(), i.set.Data+"/") + " " + l.Name + "=" + l.Value
		if l.Error != "" {
			s += " !" + l.Error
		}
		all = append(all, s)
	}
	return all
}

func TestReadConf(t *testing.T) {
	i := files(t, map[string]string{
		"postgresql.conf": `# comment
port = 5433	# another
Listen_Addresses '*'
archive_command='cp "%p" ''/x''/%f' # quoted
wal_keep_size=512MB
include 'sub/a.conf'
include_if_exists 'none.conf'
include_dir = 'conf.d'
include 'missing.conf'
my.setting = 1
= 3
work_mem
fsync = on off
log_line_prefix = 'no end
primary_conninfo = 'host=vip user=rep password=geheim application_name=n'
`,
		"sub/a.conf":           "include 'b.conf'\nfsync off\n",
		"sub/b.conf":           "include 'a.conf'\n",
		"conf.d/2.conf":        "b = 2\n",
		"conf.d/1.conf":        "a = 1\n",
		"conf.d/.hidden.conf":  "c = 3\n",
		"conf.d/x.txt":         "c = 3\n",
		"postgresql.auto.conf": "wal_level = 'logical'\n",
	})
	lines, err := i.ReadConf()
	if err != nil {
		t.Fatal(err)
	}
	got := told(i, lines)
	deep := 0
	got = slices.DeleteFunc(got, func(s string) bool {
		inner := strings.HasPrefix(s, "sub/")
		if inner && strings.Contains(s, "too deep") {
			deep++
		}
		return inner
	})
	want := []string{
		"postgresql.conf:2 port=5433", "postgresql.conf:3 listen_addresses=*", `postgresql.conf:4 archive_command=cp "%p" '/x'/%f`,
		"postgresql.conf:5 wal_keep_size=512MB", "postgresql.conf:6 include=sub/a.conf", "postgresql.conf:7 include_if_exists=none.conf",
		"postgresql.conf:8 include_dir=conf.d", "conf.d/1.conf:1 a=1", "conf.d/2.conf:1 b=2",
		"postgresql.conf:9 include=missing.conf !open " + i.set.Data + "/missing.conf: no such file or directory",
		"postgresql.conf:10 my.setting=1", "postgresql.conf:11 =3 !syntax error", "postgresql.conf:12 work_mem= !no value",
		`postgresql.conf:13 fsync=on !syntax error near "off"`, "postgresql.conf:14 log_line_prefix= !no closing quote in 'no end",
		"postgresql.conf:15 primary_conninfo=host=vip user=rep", "postgresql.auto.conf:1 wal_level=logical",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if deep != 1 {
		t.Errorf("files that include each other: %d errors", deep)
	}
	if _, err := files(t, nil).ReadConf(); err == nil {
		t.Error("no file is no error")
	}
}

func TestConcealLeavesNoPassword(t *testing.T) {
	for in, want := range map[string]string{
		"host=a password=b user=c":                        "host=a user=c",
		"password='x host=wrong' host = a":                "host=a",
		`password=x\ host=wrong port=1`:                   "port=1",
		"user='re p' hostaddr=10.0.0.1 password='it\\'s'": "hostaddr=10.0.0.1 user='re p'",
		"": "",
	} {
		if got := Conceal(in); got != want {
			t.Errorf("%q gives %q", in, got)
		}
	}
}

// What is known of the settings is what servers of each release say; 9.6 is by
// its manual.
func TestSettingsAreThoseOfTheReleases(t *testing.T) {
	for _, release := range []int{906, 10, 11, 12, 13, 14, 15, 16, 17, 18} {
		b, err := os.ReadFile("testdata/settings/" + strconv.Itoa(release) + ".tsv")
		if err != nil {
			t.Fatal(err)
		}
		recorded := map[string]bool{}
		for line := range strings.Lines(string(b)) {
			f := strings.Split(strings.TrimRight(line, "\n"), "\t")
			g, known := gucs[f[0]]
			recorded[f[0]] = true
			if !known {
				continue
			}
			if !Has(release, f[0]) || Gone(release, f[0]) {
				t.Errorf("%d has %s", release, f[0])
			}
			if restart := f[5] == "postmaster" || f[5] == "internal"; restart != NeedsRestart(release, f[0]) {
				t.Errorf("%d: %s: context %s", release, f[0], f[5])
			}
			if (g.kind == number) != (f[3] == "integer") || g.unit != f[2] {
				t.Errorf("%d: %s is %s in %q", release, f[0], f[3], f[2])
			}
			place := strings.HasPrefix(f[1], "DATA") || f[0] == "archive_command" || f[0] == "port"
			if def := DefaultSetting(release, f[0]); def != f[4] && !place {
				t.Errorf("%d: %s is %q, not %q", release, f[0], f[4], def)
			}
			if c, err := Canonical(f[0], f[1]); err != nil || c != f[1] {
				t.Errorf("%d: %s: %q becomes %q, %v", release, f[0], f[1], c, err)
			}
		}
		for _, name := range KnownSettings() {
			if Has(release, name) && !recorded[name] {
				t.Errorf("%d has no %s", release, name)
			}
		}
	}
}

func TestCanonical(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"wal_sender_timeout", "20s", "20000"}, {"wal_sender_timeout", "1min", "60000"}, {"wal_sender_timeout", "1.5 s", "1500"},
		{"wal_sender_timeout", "20000", "20000"}, {"wal_receiver_status_interval", "5000ms", "5"}, {"wal_keep_size", "1GB", "1024"},
		{"wal_keep_size", "524288kB", "512"}, {"max_connections", "0x64", "100"}, {"max_standby_archive_delay", "-1", "-1"},
		{"fsync", "YES", "on"}, {"fsync", "f", "off"}, {"fsync", "1", "on"}, {"hot_standby", "of", "off"},
		{"synchronous_commit", "True", "on"}, {"synchronous_commit", "Remote_Apply", "remote_apply"}, {"archive_mode", "yes", "on"},
		{"archive_mode", "ALWAYS", "always"}, {"wal_level", "hot_standby", "replica"}, {"archive_command", "Cp %p", "Cp %p"}, {"other", "X", "X"},
	} {
		if got, err := Canonical(tt.name, tt.in); err != nil || got != tt.want {
			t.Errorf("%s = %q becomes %q, %v", tt.name, tt.in, got, err)
		}
	}
	for _, tt := range [][2]string{{"fsync", "maybe"}, {"max_connections", "many"}, {"max_connections", "10s"}, {"wal_sender_timeout", "1GB"}, {"wal_keep_size", ""}, {"fsync", ""}} {
		if got, err := Canonical(tt[0], tt[1]); err == nil {
			t.Errorf("%s = %q becomes %q", tt[0], tt[1], got)
		}
	}
}

func TestReadable(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"wal_sender_timeout", "60000", "60s"}, {"wal_sender_timeout", "1500", "1500ms"}, {"wal_keep_size", "512", "512MB"}, {"max_slot_wal_keep_size", "-1", "-1"},
		{"wal_receiver_status_interval", "10", "10s"}, {"wal_keep_size", "0", "0"}, {"max_connections", "100", "100"}, {"fsync", "on", "on"}, {"other", "5", "5"},
	} {
		if got := Readable(tt.name, tt.in); got != tt.want {
			t.Errorf("%s = %s reads %s", tt.name, tt.in, got)
		}
	}
}

func TestConfErrorsOfAProgram(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "postgres")
	script := "#!/bin/sh\necho '2026-01-01 LOG:  unrecognized configuration parameter \"x\" in file \"/c.conf\" line 7' >&2\necho '2026-01-01 FATAL:  configuration file \"/c.conf\" contains errors' >&2\nexit 1\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pg_ctl"), nil, 0o700); err != nil {
		t.Fatal(err)
	}
	i := New(Settings{PgCtl: filepath.Join(dir, "pg_ctl"), Data: dir, Config: "/c.conf"}, run.Local{})
	got, err := i.ConfErrors(context.Background())
	want := ConfLine{File: "/c.conf", Line: 7, Error: `unrecognized configuration parameter "x"`}
	if err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("%+v, %v", got, err)
	}
}
