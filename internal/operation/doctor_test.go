package operation

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"pgrex/internal/console"
	"pgrex/internal/doctor"
	"pgrex/internal/message"
	"pgrex/internal/pg"
)

const autoConf = fakeData + "/postgresql.auto.conf"

// examined is a cluster whose nodes answer doctor with a setting that they must
// not have, a program that is missing, and little else.
func examined(t *testing.T) *fakeCluster {
	t.Helper()
	c := healthyCluster(t)
	c.params["monitor_password"] = "geheim"
	c.save()
	for _, n := range []*fakeNode{c.a, c.b} {
		answer(n, "doctor", func(in doctor.In) (doctor.Facts, error) {
			if !in.Database.Known || in.Database.Value.Params.PgData != fakeData || in.Archive != "/dbfp/pgarch/arc1" && c.conf != "" {
				t.Errorf("asked with %+v", in)
			}
			s := doctor.Server{User: doctor.Found(pg.User{Name: "postgres", UID: 26}), Release: doctor.Found(15)}
			s.Programs = map[string]doctor.Program{"psql": {Path: "/usr/bin/psql", Error: "geheim: no such file"}}
			s.Lines = doctor.Found([]pg.ConfLine{{File: autoConf, Line: 3, Name: "synchronous_standby_names"}})
			s.Login = doctor.Found(doctor.Login{Error: "host=x password=geheim refused"})
			return doctor.Facts{Root: true, Server: s}, nil
		})
		answer(n, "doctor-clock", func(struct{}) (time.Time, error) { return c.machine.Now().Add(5 * time.Second), nil })
	}
	return c
}

func (p played) document(t *testing.T) doctorDocument {
	t.Helper()
	var d doctorDocument
	if err := json.Unmarshal([]byte(p.out), &d); err != nil {
		t.Fatalf("%v\n%s\n%s", err, p.out, p.err)
	}
	return d
}

// Text and JSON hold the same findings in the same order, and the exit status is
// that of the worst; nothing is changed, and no password is shown.
//
// Conformance: CD-075, CD-078 (unit)
func TestDoctorTextAndJSON(t *testing.T) {
	for _, language := range []string{"en", "ja"} {
		c := examined(t)
		text := c.play(typed{}, "pg-rex", "doctor", "--lang", language)
		asJSON := c.play(typed{}, "pg-rex_doctor", "--json", "--lang", language)
		d := asJSON.document(t)
		if text.status != 4 || asJSON.status != 4 || d.Exit != 4 || d.Worst != doctor.Critical {
			t.Fatalf("exit %d, %d, %+v\n%s%s", text.status, asJSON.status, d.Exit, text.out, text.err)
		}
		rest := text.out
		passes := func(what string) {
			t.Helper()
			_, after, found := strings.Cut(rest, what)
			if !found {
				t.Errorf("%s: %q is not in the text, or not in its place", language, what)
				return
			}
			rest = after
		}
		shown := 0
		for _, f := range d.Findings {
			if f.Severity == doctor.Unknown {
				continue
			}
			shown++
			head := f.Check + "  "
			if f.Node != "" {
				head += f.Node + ": "
			}
			passes(head + f.Found)
			for _, s := range append([]string{f.Expected, f.Why}, f.Cure...) {
				passes(s)
			}
		}
		_, unknown, _ := strings.Cut(text.out, both{"Not known", "確認できなかった項目"}[map[string]int{"en": 0, "ja": 1}[language]])
		for _, f := range d.Findings {
			if f.Severity == doctor.Unknown && (!strings.Contains(unknown, f.Check) || !strings.Contains(unknown, f.Found)) {
				t.Errorf("%s: %+v is not in the text", language, f)
			}
		}
		if n := strings.Count(text.out, "DR-10  "); shown < 3 || n != 2 {
			t.Errorf("%s: %d findings, %d of DR-10", language, shown, n)
		}
		if all := text.out + text.err + asJSON.out + asJSON.err; strings.Contains(all, "geheim") {
			t.Errorf("a password is shown:\n%s", all)
		}
		if made := c.changes(); len(made) > 0 {
			t.Errorf("changed: %v", made)
		}
	}
}

// What cannot be asked is not known, and no reason to fail.
//
// Conformance: CD-061 (unit)
func TestDoctorWithoutPeerOrCluster(t *testing.T) {
	c := examined(t)
	c.dialErr = message.Fail(message.SSH001, "host", "192.168.2.2", "user", "root")
	got := c.play(typed{}, "pg-rex_doctor", "--json")
	d := got.document(t)
	if got.status != 4 || len(d.Nodes) != 2 || d.Nodes[1].Known || d.Nodes[1].Name != "pgrex02" || d.Nodes[1].Because == "" {
		t.Errorf("%d: %+v", got.status, d.Nodes)
	}
	for _, f := range d.Findings {
		if f.Node == "pgrex02" && f.Severity != doctor.Unknown {
			t.Errorf("%+v", f)
		}
	}
	for _, id := range d.Well {
		if id <= "DR-47" {
			t.Errorf("%s is well without the peer", id)
		}
	}

	c = examined(t)
	c.a.stack, c.b.stack = nil, nil
	d = c.play(typed{}, "pg-rex_doctor", "--json").document(t)
	if d.Exit != 4 || !strings.HasSuffix(d.Source, "cib.xml") {
		t.Errorf("with Pacemaker stopped: %+v, by %s", d.Exit, d.Source)
	}

	c = examined(t)
	c.machine.User = 1000
	d = c.play(typed{}, "pg-rex_doctor", "--json").document(t)
	if len(d.Nodes) != 2 || d.Nodes[1].Known {
		t.Errorf("a user without rights has asked the peer: %+v", d.Nodes)
	}

	c = examined(t)
	d = c.play(typed{}, "pg-rex_doctor", "--json", "--node", "here").document(t)
	if len(d.Nodes) != 1 {
		t.Errorf("--node here: %+v", d.Nodes)
	}

	c = examined(t)
	c.conf = ""
	if got = c.play(typed{}, "pg-rex_doctor", "--json"); len(got.document(t).Nodes) != 2 {
		t.Errorf("without a configuration: %s", got.out)
	}
}

// What doctor cannot do at all ends with 1.
func TestDoctorFails(t *testing.T) {
	c := examined(t)
	const bad = "/root/bad.crm"
	c.a.files[bad] = "primitive\n"
	for _, argv := range [][]string{{"--sheet", "/nonexistent"}, {"--sheet", bad}, {"--node", "there"}, {"--nonsense"}, {"extra"}} {
		if got := c.play(typed{}, append([]string{"pg-rex_doctor"}, argv...)...); got.status != 1 || got.err == "" {
			t.Errorf("%v: %d, %s", argv, got.status, got.err)
		}
	}
}

// A definition of a file takes the place of the cluster's.
func TestDoctorChecksAFile(t *testing.T) {
	c := examined(t)
	const sheet = "/root/new.crm"
	text := "primitive pgsql ocf:linuxhajapan:pgsql params pgdata=" + fakeData + " repuser=repuser rep_mode=sync node_list=\"pgrex01 pgrex02\" pgport=5555\nms msPostgresql pgsql\n"
	c.a.files[sheet] = text
	port := 0
	answer(c.a, "doctor", func(in doctor.In) (doctor.Facts, error) {
		port = in.Database.Value.Params.PgPort
		return doctor.Facts{}, errors.New("enough")
	})
	d := c.play(typed{}, "pg-rex_doctor", "--json", "--node", "here", "--sheet", sheet).document(t)
	if port != 5555 || d.Source != sheet {
		t.Errorf("port %d, definition %s", port, d.Source)
	}
}

func TestDoctorFoldsLines(t *testing.T) {
	e := &examiner{session: &session{con: console.New(console.Options{})}}
	long := "ERROR     DR-01  node01: " + strings.Repeat("word ", 30)
	lines := e.fold(long, 60)
	for _, l := range lines {
		if message.Width(l) > 60 {
			t.Errorf("%q", l)
		}
	}
	if len(lines) < 2 || !strings.HasPrefix(lines[1], "    ") {
		t.Errorf("%q", lines)
	}
	cure := e.cureLabel() + strings.Repeat("word ", 30)
	if got := e.fold(cure, 60); len(got) != 1 || got[0] != cure {
		t.Errorf("%q", got)
	}
	if got := e.fold(long, 0); len(got) != 1 {
		t.Errorf("%q", got)
	}
}
