package setup

import (
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgrex/internal/message"
	"pgrex/internal/pg"
)

func example() Wanted {
	return Wanted{
		Role: Primary, User: pg.User{Name: "postgres", UID: 26, Home: "/var/lib/pgsql"}, Bin: "/usr/pgsql/bin",
		Data: "/dbfp/pgdata/data", WAL: "/dbfp/pgwal/pg_wal", Archive: "/dbfp/pgarch/arc1",
		Own: netip.MustParseAddr("192.168.2.1"), Peer: netip.MustParseAddr("192.168.2.2"), VIPRep: netip.MustParseAddr("192.168.2.3"),
		RepUser: "repuser", Port: 5432, Password: "repp:asswd", Helper: "/usr/sbin/pg-rex",
	}
}

// after is what is observed when a step has been carried out on a node.
func after(o Observed, w Wanted, s Step) Observed {
	o.Dirs = cloneMap(o.Dirs)
	o.Units = slices.Clone(o.Units)
	o.Debian = slices.Clone(o.Debian)
	file := func(f *File) {
		if f.Path == s.Path {
			f.Text, f.Exists = s.After, true
			if s.secret {
				f.UID, f.Mode = w.User.UID, 0o600
			}
		}
	}
	switch s.Kind {
	case MakeDir:
		o.Dirs[s.Path] = Dir{Exists: true, IsDir: true, UID: w.User.UID, Mode: s.Mode, Names: o.Dirs[s.Path].Names}
		if s.Path == real(o.SocketDir) {
			o.Dirs[o.SocketDir] = o.Dirs[s.Path]
		}
	case WriteUserFile, WriteSystemFile:
		for _, f := range []*File{&o.Conf, &o.HBA, &o.Own, &o.PgPass, &o.Pacemaker, &o.Tmpfiles} {
			file(f)
		}
		for n := range o.Debian {
			file(&o.Debian[n].StartConf)
		}
		o.RuntimeListed = o.RuntimeListed || s.Path == o.Tmpfiles.Path
	case DisableUnit:
		for n := range o.Units {
			if o.Units[n].Name == s.Unit {
				o.Units[n].Enabled = false
			}
		}
	case RemoveUnfinished:
		o.Unfinished, o.UnfinishedWAL = false, false
		o.Dirs[w.WAL] = Dir{Exists: true, IsDir: true, UID: w.User.UID, Mode: 0o700}
	case CreateDatabase:
		o.DataRelease = o.Release
		o.Dirs[w.Data] = Dir{Exists: true, IsDir: true, UID: w.User.UID, Mode: 0o700, Names: []string{"PG_VERSION"}}
		o.Own = File{Path: w.Data + "/" + OwnFile, Exists: true, Text: newSettings(o.Release, w)}
		o.HBA = File{Path: w.Data + "/pg_hba.conf", Exists: true, Text: newHBA(o.Release, w)}
		o.Conf = File{Path: w.Data + "/postgresql.conf", Exists: true, Text: withInclude("# made by initdb\n")}
	}
	// Settings are in effect when their file is included.
	if hasLine(o.Conf.Text, includeOwn) {
		o.Effective = cloneMap(o.Effective)
		for _, p := range prescribed(o.Release, w) {
			if value, set := pg.ConfValue(o.Own.Text, p.Name); set {
				o.Effective[p.Name] = inBaseUnit(value)
			}
		}
	}
	return o
}

func cloneMap[K comparable, V any](m map[K]V) map[K]V {
	c := map[K]V{}
	for k, v := range m {
		c[k] = v
	}
	return c
}

// inBaseUnit is a value as postgres -C prints it.
func inBaseUnit(value string) string {
	if number, ok := map[string]string{"20s": "20000", "5s": "5", "512MB": "512"}[value]; ok {
		return number
	}
	return value
}

// situations calls fn for the combinations of what may be there.
func situations(fn func(o Observed, w Wanted)) {
	w := example()
	right := func(mode uint32) Dir { return Dir{Exists: true, IsDir: true, UID: w.User.UID, Mode: mode} }
	roots := Dir{Exists: true, IsDir: true, Mode: 0o755}
	pgpass := []File{
		{},
		{Exists: true, UID: 26, Mode: 0o600, Text: "# mine\nlocalhost:5432:*:me:secret\n"},
		{Exists: true, UID: 26, Mode: 0o600, Text: withPasswords("", w)},
		{Exists: true, UID: 26, Mode: 0o600, Text: "192.168.2.3:5432:replication:repuser:old\n*:*:*:*:other\n"},
		{Exists: true, UID: 0, Mode: 0o644, Text: withPasswords("", w)},
	}
	pacemaker := []File{{}, {Path: "/p", Exists: true, Text: "# PCMK_fail_fast=no\n"}, {Path: "/p", Exists: true, Text: "PCMK_fail_fast=yes\n"}, {Path: "/p", Exists: true, Text: "PCMK_fail_fast=no\nX=1"}}
	const start = "/etc/postgresql/15/main/start.conf"
	debian := [][]DebianCluster{
		nil,
		{{Name: "15/main", Data: "/var/lib/postgresql/15/main", Port: 5432, StartConf: File{Path: start, Exists: true, Text: "# how\nauto\n"}}},
		{{Name: "15/main", Data: "/var/lib/postgresql/15/main", Port: 5433, StartConf: File{Path: start, Exists: true, Text: "auto\n"}}},
		{{Name: "15/main", Data: w.Data, Port: 5433, StartConf: File{Path: start}}},
		{{Name: "15/main", Data: w.Data, Port: 5432, StartConf: File{Path: start, Exists: true, Text: "disabled\n"}}},
	}
	for n := range 2 * 2 * 5 * 3 * 5 * 3 {
		digit := func(base int) int { d := n % base; n /= base; return d }
		role, release, data, dirs, p, flags := digit(2), []int{906, 18}[digit(2)], digit(5), digit(3), digit(5), digit(3)
		w := w
		w.Role = Role(role)
		// Files that have nothing in common need not meet in every way.
		o := Observed{Release: release, SocketDir: "/var/run/postgresql", Dirs: map[string]Dir{}, PgPass: pgpass[p],
			Pacemaker: pacemaker[(p+data)%len(pacemaker)], Debian: debian[(p+dirs)%len(debian)],
			Tmpfiles: File{Path: "/etc/tmpfiles.d/pg-rex.conf"}, RuntimeListed: flags == 1}
		o.PgPass.Path = "/var/lib/pgsql/.pgpass"
		if flags == 2 {
			o.Units = []Unit{{Name: "corosync.service", Enabled: true}, {Name: "pacemaker.service", Enabled: true},
				{Name: "postgresql-15.service", Enabled: true, Data: w.Data}, {Name: "postgresql.service", Enabled: true}}
			o.SocketDir = "/tmp"
		}
		places := []string{filepath.Dir(w.Data), filepath.Dir(w.WAL), w.WAL, w.Archive}
		for _, path := range places {
			switch dirs {
			case 1:
				o.Dirs[path] = roots
			case 2:
				o.Dirs[path], o.Dirs[w.Data] = right(0o700), right(0o700)
			}
		}
		switch data {
		case 1, 2:
			o.Unfinished, o.UnfinishedWAL = true, data == 2
		case 3, 4:
			o.DataRelease = release
			o.Conf = File{Path: w.Data + "/postgresql.conf", Exists: true, Text: "port = 5432\ninclude '/x' " + agentMark + "\n"}
			o.HBA = File{Path: w.Data + "/pg_hba.conf", Exists: true, Text: "# TYPE\nlocal all all trust\nhost all all all md5\n"}
			o.Own = File{Path: w.Data + "/" + OwnFile}
			o.Effective = map[string]string{"port": "5432", "wal_level": "logical", "max_wal_senders": "0"}
			if data == 4 {
				o.ConfError = "broken"
			}
		}
		fn(o, w)
	}
}

// Wherever a run is interrupted between two steps, the next one does exactly
// what is left; after a complete run nothing is.
func TestPlanGoesOnAfterEveryStep(t *testing.T) {
	t.Parallel()
	count, longest := 0, 0
	situations(func(o Observed, w Wanted) {
		count++
		if f := Refusals(o, w); len(f) > 0 {
			t.Fatalf("refused: %v\n%+v", f[0], o)
		}
		steps := Plan(o, w)
		longest = max(longest, len(steps))
		for n := range steps {
			o = after(o, w, steps[n])
			if rest := Plan(o, w); len(rest) != len(steps)-n-1 || len(rest) > 0 && !reflect.DeepEqual(rest, steps[n+1:]) {
				t.Fatalf("after %+v\nof %+v\nthe plan is\n%+v\nfor %+v", steps[n], steps, rest, o)
			}
		}
	})
	if count != 900 || longest < 11 {
		t.Errorf("%d situations, %d steps at most", count, longest)
	}
}

// A database that is there is neither made anew nor removed, and a standby's
// is not touched at all. A database comes last, when its password is on the disk.
func TestPlanLeavesDataAlone(t *testing.T) {
	t.Parallel()
	situations(func(o Observed, w Wanted) {
		steps := Plan(o, w)
		for n, s := range steps {
			switch {
			case s.Kind == CreateDatabase && (n != len(steps)-1 || o.DataRelease != 0 || w.Role == Standby),
				s.Kind == RemoveUnfinished && (!o.Unfinished || w.Role == Standby),
				s.Kind == MakeDir && (s.Path == w.Data || o.DataRelease != 0 && s.Path == w.WAL),
				s.Kind == WriteUserFile && w.Role == Standby && s.Path != o.PgPass.Path,
				s.Kind == DisableUnit && s.Unit == "postgresql.service":
				t.Fatalf("%+v\nin %+v", s, o)
			}
		}
	})
}

// No password is in what is shown or in arguments of programs.
//
// Conformance: CD-078 (unit)
func TestPlanShowsNoPassword(t *testing.T) {
	t.Parallel()
	shown := 0
	secrets := []string{"asswd", "secret", "old\n", "other\n"}
	situations(func(o Observed, w Wanted) {
		for _, s := range Plan(o, w) {
			id, args := s.Label(w)
			text := strings.Join(append(s.Diff(), message.Printer{}.Text(id, args...), strings.Join(s.Command, " ")), "\n") + "\n"
			for _, f := range s.Files {
				text += strings.Join(f.Diff(), "\n")
			}
			for _, secret := range secrets {
				if strings.Contains(text, secret) {
					t.Fatalf("%q is shown:\n%s", secret, text)
				}
			}
			if s.Path == o.PgPass.Path && s.Before != s.After {
				shown++
				if !strings.Contains(text, "+192.168.2.3:5432:replication:repuser:********") && !strings.Contains(text, "+192.168.2.2:5432:replication:repuser:********") {
					t.Fatalf("the change cannot be seen:\n%s", text)
				}
			}
		}
	})
	if shown == 0 {
		t.Error("no change of the password file was looked at")
	}
}

// Whatever the plan tells of has its text in both languages, with all its values.
func TestTextsAreComplete(t *testing.T) {
	t.Parallel()
	check := func(id message.ID, args []any) {
		for _, language := range []string{"en", "ja"} {
			if text := message.In(language).Text(id, args...); strings.ContainsAny(text, "{}") || text == string(id) {
				t.Fatalf("%s: %s", id, text)
			}
		}
	}
	seen := map[message.ID]bool{}
	situations(func(o Observed, w Wanted) {
		for _, s := range Plan(o, w) {
			id, args := s.Label(w)
			seen[id] = true
			check(id, args)
		}
		o.UnitsError = "no bus"
		if len(o.Debian) > 0 {
			o.Debian = slices.Clone(o.Debian)
			o.Debian[0].Running = true
		}
		o.Own.Text = newSettings(o.Release, w)
		o.Conf.Text += includeOwn + "\n"
		for _, n := range Notes(o, w) {
			seen[n.ID] = true
			check(n.ID, n.Args)
		}
	})
	for _, id := range []message.ID{message.INI030, message.INI032, message.INI033, message.INI034, message.INI035, message.INI036,
		message.INI101, message.INI102, message.INI103, message.INI104, message.INI105, message.INI106, message.INI107} {
		if !seen[id] {
			t.Errorf("%s was never told", id)
		}
	}
}

func TestRefusals(t *testing.T) {
	dir := func(uid uint32, names ...string) Dir {
		return Dir{Exists: true, IsDir: true, UID: uid, Mode: 0o700, Names: names}
	}
	for _, tt := range []struct {
		name   string
		change func(o *Observed, w *Wanted)
		want   message.ID
	}{
		{"nothing there", func(*Observed, *Wanted) {}, ""},
		{"an empty directory", func(o *Observed, w *Wanted) { o.Dirs[w.Data] = dir(0) }, ""},
		{"files", func(o *Observed, w *Wanted) { o.Dirs[w.Data] = dir(26, "x") }, message.INI024},
		{"files on a standby", func(o *Observed, w *Wanted) { o.Dirs[w.Data], w.Role = dir(26, "x"), Standby }, ""},
		{"a mount point", func(o *Observed, w *Wanted) {
			o.Dirs[w.Data] = Dir{Exists: true, IsDir: true, Mount: true, Names: []string{"lost+found"}}
		}, message.INI023},
		{"a link", func(o *Observed, w *Wanted) { o.Dirs[w.Data] = Dir{Exists: true} }, message.INI021},
		{"a file for the archive", func(o *Observed, w *Wanted) { o.Dirs[w.Archive] = Dir{Exists: true} }, message.INI021},
		{"WAL of somebody", func(o *Observed, w *Wanted) { o.Dirs[w.WAL] = dir(26, "000000010000000000000001") }, message.INI024},
		{"WAL of an interrupted run", func(o *Observed, w *Wanted) {
			o.Dirs[w.WAL], o.Unfinished, o.UnfinishedWAL = dir(26, "000000010000000000000001"), true, true
		}, ""},
		{"the parent of others", func(o *Observed, w *Wanted) { o.Dirs[filepath.Dir(w.Data)] = dir(0, "home") }, message.INI022},
		{"the parent as root made it", func(o *Observed, w *Wanted) { o.Dirs[filepath.Dir(w.Data)] = dir(0, "data", "lost+found") }, ""},
		{"an archive of root's", func(o *Observed, w *Wanted) { o.Dirs[w.Archive] = dir(0, "000000010000000000000001") }, message.INI022},
		{"an archive in use", func(o *Observed, w *Wanted) { o.Dirs[w.Archive] = dir(26, "000000010000000000000001") }, ""},
		{"another release", func(o *Observed, w *Wanted) { o.DataRelease = 906 }, message.INI020},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, w := Observed{Release: 15, Dirs: map[string]Dir{}}, example()
			tt.change(&o, &w)
			got := Refusals(o, w)
			if tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || got[0].ID != tt.want) {
				t.Errorf("%v, want %q", got, tt.want)
			}
			for _, f := range got {
				if text := message.In("ja").Text(f.ID, f.Args...); strings.ContainsAny(text, "{}") {
					t.Error(text)
				}
			}
		})
	}
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(w *Wanted)
		want   message.ID
	}{
		{"the tutorial", func(*Wanted) {}, ""},
		{"IPv6", func(w *Wanted) {
			w.Own, w.Peer, w.VIPRep = netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2"), netip.MustParseAddr("fd00::3")
		}, ""},
		{"relative", func(w *Wanted) { w.Data = "dbfp/data" }, message.INI011},
		{"a blank", func(w *Wanted) { w.Archive = "/db fp/arc1" }, message.INI011},
		{"a quote", func(w *Wanted) { w.WAL = "/dbfp/it's" }, message.INI011},
		{"a percent sign", func(w *Wanted) { w.Archive = "/dbfp/100%" }, message.INI011},
		{"not clean", func(w *Wanted) { w.Data = "/dbfp/../etc" }, message.INI011},
		{"at the root", func(w *Wanted) { w.Data = "/data" }, message.INI011},
		{"the same", func(w *Wanted) { w.WAL = w.Data }, message.INI014},
		{"WAL within data", func(w *Wanted) { w.WAL = w.Data + "/pg_wal" }, message.INI014},
		{"data within the archive", func(w *Wanted) { w.Archive = "/dbfp/pgdata" }, message.INI014},
		{"beside each other", func(w *Wanted) { w.Archive = "/dbfp/pgdata/data2" }, ""},
		{"port 0", func(w *Wanted) { w.Port = 0 }, message.INI012},
		{"port 65536", func(w *Wanted) { w.Port = 65536 }, message.INI012},
		{"a role with a capital", func(w *Wanted) { w.RepUser = "Rep" }, message.INI013},
		{"a reserved role", func(w *Wanted) { w.RepUser = "pg_monitor" }, message.INI013},
		{"a word of pg_hba.conf", func(w *Wanted) { w.RepUser = "all" }, message.INI013},
		{"no peer", func(w *Wanted) { w.Peer = netip.Addr{} }, message.INI015},
		{"the peer twice", func(w *Wanted) { w.VIPRep = w.Peer }, message.INI016},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := example()
			tt.change(&w)
			got := w.Check()
			if tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || got[0].ID != tt.want) {
				t.Errorf("%v, want %q", got, tt.want)
			}
		})
	}
	for password, ok := range map[string]bool{"": false, "x": true, `a:b\'"c`: true, "ぱす": true, "a\nb": false, strings.Repeat("x", 201): false,
		"md5" + strings.Repeat("0", 32): false, "SCRAM-SHA-256$4096:x": false} {
		if f := CheckPassword(password); (f == nil) != ok {
			t.Errorf("%q: %v", password, f)
		}
	}
}

// Every value that is written is one that is taken for right, and what the agent
// sets itself is never there.
func TestSettings(t *testing.T) {
	forbidden := []string{"primary_conninfo", "primary_slot_name", "restore_command", "recovery_target", "synchronous_standby_names"}
	for _, release := range []int{906, 10, 11, 12, 13, 14, 15, 16, 17, 18} {
		w := example()
		text := newSettings(release, w)
		for _, name := range forbidden {
			if strings.Contains(text, name) {
				t.Errorf("%d sets %s", release, name)
			}
		}
		for _, s := range prescribed(release, w) {
			if !s.right(inBaseUnit(s.Value)) {
				t.Errorf("%d: %s = %s is not right", release, s.Name, s.Value)
			}
		}
		has := func(line string) bool { return hasLine(text, line) }
		if has("wal_keep_size = 512MB") != (release >= 13 && release < 900) || has("wal_keep_segments = 32") != (release < 13 || release == 906) ||
			has("archive_mode = always") != (release != 906) || has("password_encryption = scram-sha-256") != (release != 906) ||
			!has("archive_command = '/usr/sbin/pg-rex archive %p /dbfp/pgarch/arc1'") {
			t.Errorf("%d:\n%s", release, text)
		}
	}
	w := example()
	w.Helper = ""
	if text := newSettings(15, w); !hasLine(text, "archive_command = '/bin/cp %p /dbfp/pgarch/arc1/%f'") {
		t.Error(text)
	}
	for value, ok := range map[string]bool{"0": false, "2": false, "3": true, "10": true, "many": false} {
		if got := atLeast(3)(value); got != ok {
			t.Errorf("%s: %v", value, got)
		}
	}
}

// Settings of a database that is there: what is right stays, what is wrong is
// corrected where it is, and what has no effect is told of.
func TestAmended(t *testing.T) {
	w := example()
	right := map[string]string{}
	for _, s := range prescribed(15, w) {
		right[s.Name] = inBaseUnit(s.Value)
	}
	right["wal_level"], right["max_wal_senders"], right["synchronous_commit"] = "logical", "50", "remote_apply"
	o := Observed{Release: 15, Effective: right}
	if text, elsewhere := amended(o, w); text != "" || elsewhere != nil {
		t.Errorf("%q %v", text, elsewhere)
	}
	right["fsync"] = "off"
	if text, _ := amended(o, w); text != ownHeader+"fsync = on\n" {
		t.Errorf("%q", text)
	}
	o.Own.Text, o.Conf.Text = "# mine\nwork_mem = 1GB\nfsync = off\n", includeOwn
	if text, elsewhere := amended(o, w); text != "# mine\nwork_mem = 1GB\nfsync = on\n" || elsewhere != nil {
		t.Errorf("%q %v", text, elsewhere)
	}
	o.Own.Text = "fsync = on\n"
	if text, elsewhere := amended(o, w); text != o.Own.Text || !slices.Equal(elsewhere, []string{"fsync"}) {
		t.Errorf("%q %v", text, elsewhere)
	}
}

func TestWithInclude(t *testing.T) {
	agent := "include '/var/lib/pgsql/tmp/rep_mode.conf' " + agentMark + "\n"
	for before, want := range map[string]string{
		"":                       includeOwn + "\n",
		"a = 1":                  "a = 1\n" + includeOwn + "\n",
		"a = 1\n" + agent:        "a = 1\n" + includeOwn + "\n" + agent,
		"include 'pg-rex.conf'":  "include 'pg-rex.conf'",
		"#include 'pg-rex.conf'": "#include 'pg-rex.conf'\n" + includeOwn + "\n",
		" include  'pg-rex.conf' # PG-REX\nb = 2\n": " include  'pg-rex.conf' # PG-REX\nb = 2\n",
	} {
		if got := withInclude(before); got != want {
			t.Errorf("%q gives %q, want %q", before, got, want)
		}
	}
}

func TestWithRules(t *testing.T) {
	w := example()
	ours := strings.Join(w.rules(15), "\n") + "\n"
	same := func(text string) {
		t.Helper()
		if got := withRules(text, 15, w); got != text {
			t.Errorf("changed:\n%s", got)
		}
	}
	same(newHBA(15, w))
	same(strings.ReplaceAll(ours, "scram-sha-256", "md5"))
	same("host all all 10.0.0.0/8 md5\nlocal  all\tall trust # Debian\n" + strings.Join(strings.SplitAfter(ours, "\n")[1:], ""))
	w.Own, w.Peer = w.Peer, w.Own // seen from the other node
	same(newHBA(15, example()))
	for _, text := range []string{
		"", "# empty\n", "local all all md5\n" + ours, "host replication all all reject\n" + ours, "# x\n\nhost all all all md5",
		strings.ReplaceAll(ours, "samehost reject", "samehost trust"), strings.ReplaceAll(ours, "192.168.2.2", "192.168.2.9"),
		strings.ReplaceAll(ours, "host replication all samehost reject\n", "") + "host replication all samehost reject\n",
		"local all postgres peer\n" + strings.ReplaceAll(ours, "local all postgres peer\n", "hostssl all,replication all 0.0.0.0/0 md5\n"),
	} {
		got := withRules(text, 15, w)
		rest := strings.Replace(got, hbaHeader+ours, "", 1)
		if !hasRules(got, w.rules(15)) || rest != text || withRules(got, 15, w) != got {
			t.Errorf("%q becomes\n%s", text, got)
		}
	}
	if rules := strings.Join(w.rules(906), "\n"); strings.Contains(rules, "scram") || !strings.Contains(rules, "192.168.2.1/32 md5") {
		t.Error(rules)
	}
}

func TestWithPasswords(t *testing.T) {
	w := example()
	for _, text := range []string{
		"", "# mine\n", "*:*:*:*:other\n", "192.168.2.3:5432:replication:repuser:old\n# x\n", "192.168.2.3:5432:replication:repuser:old",
		"192.168.2.3:5432:replication:repuser:old\n192.168.2.3:5432:replication:repuser:older\n",
	} {
		got := withPasswords(text, w)
		for _, host := range w.hosts() {
			if p := storedPassword(got, host, w); p != w.Password {
				t.Errorf("%q gives %q for %s:\n%s", text, p, host, got)
			}
		}
		if again := withPasswords(got, w); again != got {
			t.Errorf("%q: a second time gives %q", got, again)
		}
		if strings.Contains(text, "#") && !strings.Contains(got, "#") || strings.Contains(got, ":old") {
			t.Errorf("%q becomes %q", text, got)
		}
	}
	w.VIPRep, w.Password = netip.MustParseAddr("fd00::3"), `a\b:c`
	if got := withPasswords("", w); !strings.Contains(got, `fd00\:\:3:5432:replication:repuser:a\\b\:c`) || KnownPassword(Observed{PgPass: File{Text: got}}, w) != w.Password {
		t.Error(got)
	}
}

func TestWithVariable(t *testing.T) {
	for before, want := range map[string]string{
		"":                              "X=yes\n",
		"A=1":                           "A=1\nX=yes\n",
		"# X=no\nA=1\n":                 "# X=no\nX=yes\nA=1\n",
		"X=yes\n":                       "X=yes\n",
		"X=\"yes\"\n":                   "X=\"yes\"\n",
		"X=no\nA=1\n":                   "X=yes\nA=1\n",
		"X=yes\nX=no\n":                 "X=yes\nX=yes\n",
		"# X=yes\n":                     "# X=yes\nX=yes\n",
		"# XY=1\n":                      "# XY=1\nX=yes\n",
		"# the variable X decides\nA=1": "# the variable X decides\nA=1\nX=yes\n",
	} {
		if got := withVariable(before, "X", "yes"); got != want {
			t.Errorf("%q gives %q, want %q", before, got, want)
		}
	}
}

func TestManualStart(t *testing.T) {
	for before, want := range map[string]string{"": "manual\n", "# a\nauto\n": "# a\nmanual\n", "manual\n": "manual\n", "disabled": "disabled", "auto": "manual\n"} {
		if got := manualStart(before); got != want {
			t.Errorf("%q gives %q, want %q", before, got, want)
		}
	}
}

func TestInitdb(t *testing.T) {
	for release, want := range map[int]string{
		906: "/usr/pgsql/bin/initdb -D /dbfp/pgdata/data -X /dbfp/pgwal/pg_wal --encoding=UTF-8 --no-locale --data-checksums",
		17:  "/usr/pgsql/bin/initdb -D /dbfp/pgdata/data -X /dbfp/pgwal/pg_wal --encoding=UTF-8 --no-locale --data-checksums",
		18:  "/usr/pgsql/bin/initdb -D /dbfp/pgdata/data -X /dbfp/pgwal/pg_wal --encoding=UTF-8 --no-locale",
	} {
		if got := strings.Join(initdb(release, example(), "/dbfp/pgdata/data"), " "); got != want {
			t.Errorf("%d: %s", release, got)
		}
	}
	if got := ReleaseName(906) + " " + ReleaseName(18); got != "9.6 18" {
		t.Error(got)
	}
}
