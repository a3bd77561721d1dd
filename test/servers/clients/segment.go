package clients

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// RemoveSegment removes the shared memory segment that a killed server leaves
// behind: the kernel has room for 4096 of them, and a machine where tests run
// often would be full one day. postmaster.pid has its key and id in line 7.
func RemoveSegment(data string) {
	const line = 7
	text, _ := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	lines := strings.Split(string(text), "\n")
	if len(lines) < line {
		return
	}
	if f := strings.Fields(lines[line-1]); len(f) == 2 {
		if id, err := strconv.Atoi(f[1]); err == nil {
			_, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil)
		}
	}
}
