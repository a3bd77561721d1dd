package run

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// adopt makes processes that a program leaves behind children of this
// process, instead of init's: only a parent learns for certain that a process
// has ended (prctl(2), PR_SET_CHILD_SUBREAPER). When this process ends, init
// takes them over.
func adopt() error {
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}

// Left are the pids that ended programs have left running here, see
// [Command.LeavesServer]. Call it when no other program is running.
func Left() []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if stat, err := os.ReadFile("/proc/" + e.Name() + "/stat"); err == nil && parent(string(stat)) == os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

// parent is the fourth field of /proc/PID/stat; the second, the program's
// name in parentheses, may hold anything.
func parent(stat string) int {
	_, rest, ok := strings.Cut(stat[strings.LastIndexByte(stat, ')')+1:], " ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 2 {
		return 0
	}
	ppid, _ := strconv.Atoi(fields[1])
	return ppid
}

// Ended says whether a process that was left behind has ended, and releases it.
func Ended(pid int) bool {
	got, err := unix.Wait4(pid, nil, unix.WNOHANG, nil)
	return got == pid || err == unix.ECHILD
}
