package node

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// begin starts a program that waits, and ends it with the test.
func begin(t *testing.T, dir string, argv ...string) int {
	t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

// program makes a program of a name that waits.
func program(t *testing.T, dir, name string) string {
	t.Helper()
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, b, 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func me(t *testing.T) string {
	t.Helper()
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return u.Username
}

// Only the daemons themselves are the stack.
//
// Conformance: AT-032 (unit)
func TestStack(t *testing.T) {
	system, elsewhere := t.TempDir(), t.TempDir()
	defer func(saved []string) { systemDirs = saved }(systemDirs)
	systemDirs = append(slices.Clone(systemDirs), system+"/")

	conf := filepath.Join(system, "corosync.conf")
	if err := os.WriteFile(conf, []byte("totem {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	updated := program(t, system, "pacemaker-based")
	daemons := map[string]int{
		"corosync":        begin(t, "/", program(t, system, "corosync"), "60"),
		"pacemakerd":      begin(t, "/", program(t, system, "pacemakerd"), "60"),
		"crmd":            begin(t, "/", program(t, system, "crmd"), "60"),
		"pacemaker-based": begin(t, "/", updated, "60"),
	}
	script := filepath.Join(system, "pengine")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nsleep 60; :\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	others := map[string]int{
		"a script called so":         begin(t, "/", script),
		"an editor of corosync.conf": begin(t, system, "tail", "-f", conf),
		"a grep for pacemakerd":      begin(t, "/", "sh", "-c", "sleep 60; : pacemakerd corosync"),
		"a program called so":        begin(t, "/", "bash", "-c", "exec -a pacemakerd sleep 60"),
		"one of another package":     begin(t, "/", program(t, elsewhere, "cib"), "60"),
		"one with a longer name":     begin(t, "/", program(t, system, "corosync-cmapctl"), "60"),
	}
	runs := func(pid int) string { // past the fork
		exe, _ := os.Readlink(proc(pid, "exe"))
		return strings.TrimSuffix(filepath.Base(exe), " (deleted)")
	}
	if os.Geteuid() == 0 {
		outside := begin(t, "/", "unshare", "--pid", "--fork", program(t, system, "pacemaker-attrd"), "60")
		soon(t, "a daemon in a container", func() bool {
			pids, _ := processes()
			i := slices.IndexFunc(pids, func(p int) bool { return parent(p) == outside && runs(p) == "pacemaker-attrd" })
			if i >= 0 {
				others["a daemon in a container"] = pids[i]
			}
			return i >= 0
		})
	}
	for daemon, pid := range daemons {
		soon(t, daemon, func() bool { return runs(pid) == daemon })
	}
	soon(t, "the script", func() bool { return name(others["a script called so"]) == "pengine" })
	if err := os.Remove(updated); err != nil { // by an update of the package
		t.Fatal(err)
	}
	found, err := Stack.On(t.Context(), Local{}, struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	for name, pid := range daemons {
		if want := (Process{pid, name, me(t)}); !slices.Contains(found, want) {
			t.Errorf("%v is not in %v", want, found)
		}
	}
	for what, pid := range others {
		if slices.ContainsFunc(found, func(p Process) bool { return p.PID == pid }) {
			t.Errorf("%s is taken for the stack: %v", what, found)
		}
	}
}

// Conformance: AT-035 (unit)
func TestDirUsers(t *testing.T) {
	top := t.TempDir()
	data, link := filepath.Join(top, "data"), filepath.Join(top, "link")
	for _, dir := range []string{filepath.Join(data, "base"), data + "2"} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(data, link); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{data + "/base/1", data + "2/1"} {
		if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	reader := begin(t, "/", "tail", "-f", data+"/base/1")
	shell := begin(t, data+"/base", "sleep", "60")
	// A shell that stands there and has started a reader, and a reader with a child.
	started := begin(t, data, "sh", "-c", "tail -f base/1 & wait")
	family := begin(t, "/", "sh", "-c", "exec 3<"+data+"/base/1; sleep 60 & wait")
	begin(t, data+"2", "tail", "-f", data+"2/1") // of another directory
	child := func(of int, program string) (pid int) {
		soon(t, program, func() bool {
			pids, _ := processes()
			i := slices.IndexFunc(pids, func(p int) bool { return parent(p) == of && name(p) == program })
			if i >= 0 {
				pid = pids[i]
			}
			return i >= 0
		})
		return pid
	}
	grandchild := child(started, "tail")
	child(family, "sleep")
	opened := func(pid int) bool {
		fds, _ := os.ReadDir(proc(pid, "fd"))
		return slices.ContainsFunc(fds, func(fd os.DirEntry) bool {
			target, _ := os.Readlink(proc(pid, "fd/"+fd.Name()))
			return target == data+"/base/1"
		})
	}
	for _, pid := range []int{reader, grandchild, family} {
		soon(t, "an open file", func() bool { return opened(pid) })
	}
	want := []DirUser{
		{Process{reader, "tail", me(t)}, false}, {Process{shell, "sleep", me(t)}, true},
		{Process{started, "sh", me(t)}, true}, {Process{grandchild, "tail", me(t)}, false},
		{Process{family, "sh", me(t)}, false},
	}
	slices.SortFunc(want, func(a, b DirUser) int { return a.PID - b.PID })
	for _, dirs := range [][]string{{data}, {data + "/"}, {link}, {"/nonexistent", data}} {
		found, err := DirUsers.On(t.Context(), Local{}, dirs)
		if err != nil || !slices.Equal(found, want) {
			t.Errorf("%v: %+v, want %+v, %v", dirs, found, want, err)
		}
	}
	if found, err := DirUsers.On(t.Context(), Local{}, []string{filepath.Join(top, "nothing")}); err != nil || len(found) != 0 {
		t.Errorf("%v %v", found, err)
	}
	if got, want := fmt.Sprint(want[0].Process), fmt.Sprintf("pid %d: ", want[0].PID); !strings.HasPrefix(got, want) {
		t.Errorf("%q", got)
	}
}
