package node

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Process is a live process of a node.
type Process struct {
	PID  int
	Name string // of the program
	User string
}

// String is how a process is shown.
func (p Process) String() string { return fmt.Sprintf("pid %d: %s (%s)", p.PID, p.Name, p.User) }

// stackPrograms are the daemons of Corosync and Pacemaker, with the names of
// Pacemaker 1.1 at the end.
var stackPrograms = []string{
	"corosync", "pacemakerd", "pacemaker-based", "pacemaker-fenced", "pacemaker-execd",
	"pacemaker-attrd", "pacemaker-schedulerd", "pacemaker-controld",
	"cib", "stonithd", "lrmd", "attrd", "pengine", "crmd",
}

// systemDirs hold the programs of the system: /opt/x/cib is no daemon of Pacemaker.
var systemDirs = []string{"/usr/", "/sbin/", "/bin/", "/lib/"}

// Stack lists the daemons of Corosync and Pacemaker that run on a node. They
// are told by the program that they run: an editor of corosync.conf is none of
// them, nor is one in a container on this machine.
var Stack = Define("stack", func(context.Context, struct{}) ([]Process, error) {
	pids, err := processes()
	if err != nil {
		return nil, err
	}
	own, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return nil, err
	}
	found := []Process{}
	for _, pid := range pids {
		exe, err := os.Readlink(proc(pid, "exe"))
		if err != nil {
			continue // gone, or a thread of the kernel
		}
		exe = strings.TrimSuffix(exe, " (deleted)") // replaced by an update
		system := slices.ContainsFunc(systemDirs, func(dir string) bool { return strings.HasPrefix(exe, dir) })
		if !system || !slices.Contains(stackPrograms, filepath.Base(exe)) {
			continue
		}
		if ns, err := os.Readlink(proc(pid, "ns/pid")); err != nil || ns != own {
			continue
		}
		found = append(found, Process{pid, filepath.Base(exe), owner(pid)})
	}
	return found, nil
})

// DirUser is a process that uses a directory.
type DirUser struct {
	Process
	// Stands says that the directory is only its working directory, as of a
	// shell that somebody left there.
	Stands bool
}

// DirUsers lists the processes that use one of some directories, or anything
// below. Of a family only the eldest is named.
var DirUsers = Define("dir-users", func(_ context.Context, dirs []string) ([]DirUser, error) {
	var real []string
	for _, d := range dirs {
		if r, err := filepath.EvalSymlinks(d); err == nil {
			d = r
		}
		real = append(real, strings.TrimSuffix(d, "/"))
	}
	within := func(link string) bool {
		target, err := os.Readlink(link)
		return err == nil && slices.ContainsFunc(real, func(d string) bool {
			return target == d || strings.HasPrefix(target, d+"/")
		})
	}
	pids, err := processes()
	if err != nil {
		return nil, err
	}
	users := map[int]DirUser{}
	for _, pid := range pids {
		if pid == os.Getpid() {
			continue
		}
		uses := within(proc(pid, "root"))
		fds, _ := os.ReadDir(proc(pid, "fd")) // none of a process that is gone
		for _, fd := range fds {
			uses = uses || within(proc(pid, "fd/"+fd.Name()))
		}
		if stands := within(proc(pid, "cwd")); uses || stands {
			users[pid] = DirUser{Process{pid, name(pid), owner(pid)}, !uses}
		}
	}
	found := []DirUser{}
	for pid, u := range users {
		// A shell that only stands there does not hide what was started from it.
		if elder, child := users[parent(pid)]; !child || elder.Stands && !u.Stands {
			found = append(found, u)
		}
	}
	slices.SortFunc(found, func(a, b DirUser) int { return a.PID - b.PID })
	return found, nil
})

func proc(pid int, what string) string { return "/proc/" + strconv.Itoa(pid) + "/" + what }

func processes() ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

func name(pid int) string {
	b, _ := os.ReadFile(proc(pid, "comm")) // "" for one that is gone
	return strings.TrimSpace(string(b))
}

func owner(pid int) string {
	id := status(pid, "Uid:")
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}

func parent(pid int) int {
	n, _ := strconv.Atoi(status(pid, "PPid:")) // 0 is nobody's parent here
	return n
}

// status is the first value of a line of /proc/PID/status.
func status(pid int, key string) string {
	b, _ := os.ReadFile(proc(pid, "status"))
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == key {
			return f[1]
		}
	}
	return ""
}
