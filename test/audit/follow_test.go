package audit

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgrex/test/lab"
)

// The files of a node, one change after the other, and what a look makes of each.
func TestAFollowerSeesWhatChanges(t *testing.T) {
	root := t.TempDir()
	path := func(name string) string { return filepath.Join(root, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, text string) {
		t.Helper()
		must(os.MkdirAll(filepath.Dir(path(name)), 0o755))
		must(os.WriteFile(path(name)+".new", []byte(text), 0o600))
		must(os.Rename(path(name)+".new", path(name)))
	}
	controlOf := func(state uint32) string {
		b := make([]byte, 296)
		binary.NativeEndian.PutUint64(b, 99)
		binary.NativeEndian.PutUint32(b[8:], 1300)
		binary.NativeEndian.PutUint32(b[16:], state)
		binary.NativeEndian.PutUint64(b[32:], 0x6000028)
		return string(b)
	}
	logged := func(text string) {
		t.Helper()
		must(os.MkdirAll(filepath.Dir(path(lab.PostgreSQLLog)), 0o755))
		f, err := os.OpenFile(path(lab.PostgreSQLLog), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		must(err)
		_, err = fmt.Fprintf(f, "%s [7] LOG:  %s\n", time.Now().UTC().Format("2006-01-02 15:04:05.000 MST"), text)
		must(err)
		must(f.Close())
	}
	// A process that looks like a server's first one.
	must(os.MkdirAll(path("bin"), 0o755))
	sleep, err := exec.LookPath("sleep")
	must(err)
	must(os.Symlink(sleep, path("bin/postgres")))
	cmd := exec.Command(path("bin/postgres"), "600")
	must(cmd.Start())
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()

	var ended int
	f := newFollowerAt(n1, path, func(inner int) (int, error) {
		if inner != 21 {
			return 0, fmt.Errorf("no process %d", inner)
		}
		return cmd.Process.Pid, nil
	})
	f.ended = func(time.Time) { ended++ }
	write(controlFile, controlOf(6))
	write(namesFile, "synchronous_standby_names = '\"node02\"'\n")
	write(lab.PGArchive+"/000000010000000000000001", "x")
	write("/var/lib/pgsql/tmp/PGSQL.lock", "node=node01\n")
	for _, step := range []struct {
		name string
		do   func()
		want []string
	}{
		{"the first look", func() {}, []string{"Lock there first", "Postmaster 0 first", "List [node02]", "Data true first"}},
		{"nothing", func() {}, nil},
		{"the server starts", func() {
			write(lab.PGData+"/postmaster.pid", "21\n/dbfp\n1795975848\n5432\n")
			logged("starting PostgreSQL 15.18 on x86_64")
		}, []string{"Server starting", "Postmaster 21"}},
		{"it takes writes", func() { logged("database system is ready to accept connections") }, []string{"Server takes writes"}},
		{"the list is emptied", func() { write(namesFile, "synchronous_standby_names = ''\n") }, []string{"List []"}},
		{"the server uses it", func() { logged(`parameter "synchronous_standby_names" changed to ""`) }, []string{"Server waits for other standbys"}},
		{"the lock goes", func() { must(os.Remove(path("/var/lib/pgsql/tmp/PGSQL.lock"))) }, []string{"Lock gone"}},
		{"the lock comes", func() { write("/var/lib/pgsql/tmp/PGSQL.lock", "") }, []string{"Lock there"}},
		{"a timeline begins", func() { logged("selected new timeline ID: 3") }, []string{"Server begins a timeline"}},
		{"its history is written", func() {
			write(lab.PGWal+"/00000003.history", "1\t0/5000000\tno recovery target specified\n2\t0/6000000\tx\n")
		}, []string{"Fork 2 0/6000000"}},
		{"somebody edits postmaster.pid", func() { write(lab.PGData+"/postmaster.pid", "1\n/dbfp\n1795975848\n5432\n") }, []string{"Postmaster 1"}},
		{"half a postmaster.pid", func() { write(lab.PGData+"/postmaster.pid", "21\n") }, nil},
		{"the process is killed", func() { must(cmd.Process.Kill()); _ = cmd.Wait() }, []string{"Server ended without a shutdown, or its process is gone"}},
		{"the database is replaced", func() { write(controlFile, controlOf(6)) }, []string{"Data true"}},
		{"the database is gone", func() { must(os.Remove(path(controlFile))) }, []string{"Data false"}},
		{"a shutdown in order", func() { write(controlFile, controlOf(1)); logged("database system is shut down") }, []string{"Server is shut down in order", "Data true"}},
		{"an end at once", func() { write(controlFile, controlOf(6)); logged("database system is shut down") },
			[]string{"Server ended without a shutdown, or its process is gone", "Data true"}},
		{"archived WAL goes", func() {
			must(os.Remove(path(lab.PGArchive + "/000000010000000000000001")))
			must(os.Mkdir(filepath.Join(filepath.Dir(path(lab.PGArchive)), "rescue-20261129-180000"), 0o700))
			f.looks += listEvery - f.looks%listEvery
		}, []string{"Archive 1 of 1", "Rescue rescue-20261129-180000"}},
	} {
		step.do()
		time.Sleep(5 * time.Millisecond) // longer than a tick of the clock that files are stamped by
		now := time.Now()
		var got []string
		events, real := f.look(now, []string{n1, n2})
		if (real != Polls{1, 1, 1}) {
			t.Errorf("%s: seen %+v", step.name, real)
		}
		for _, e := range events {
			got = append(got, inWords(e))
			if e.when().After(now) || e.when().Before(now.Add(-time.Minute)) {
				t.Errorf("%s: %+v is not of now", step.name, e)
			}
		}
		if !slices.Equal(got, step.want) {
			t.Errorf("%s: %q, want %q", step.name, got, step.want)
		}
	}
	if ended != 1 {
		t.Errorf("the primary ended %d times", ended)
	}
	// The disk of a node is not seen any more: that is no look.
	must(os.Rename(root+"/dbfp", root+"/away"))
	must(os.RemoveAll(path("/var/lib/pgsql")))
	if _, real := f.look(time.Now(), nil); real != (Polls{}) {
		t.Errorf("nothing to be seen, and seen: %+v", real)
	}
}

func inWords(e Event) string {
	first := map[bool]string{true: " first"}
	text := ""
	switch e := e.(type) {
	case Lock:
		text = map[bool]string{true: "there", false: "gone"}[e.There] + first[e.First]
	case Postmaster:
		text = fmt.Sprint(e.PID) + first[e.First]
	case List:
		text = fmt.Sprint(e.Names)
	case Data:
		text = fmt.Sprint(e.File != 0) + first[e.First]
	case Server:
		text = string(e.What)
	case Fork:
		text = fmt.Sprintf("%d %s", e.Timeline, lsn(e.LSN))
	case Archive:
		text = fmt.Sprintf("%d of %d", len(e.Gone), e.Files)
	case Rescue:
		text = e.Dir
	}
	_, kind, _ := strings.Cut(reflect.TypeOf(e).String(), ".")
	return kind + " " + text
}
