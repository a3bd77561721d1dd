package pg

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgrex/internal/run"
)

// What must survive a power failure is on the disk under another name before it
// takes its place, and the folder with its name is on the disk afterwards. Only
// the system calls show that.
func TestFilesSurvivePowerLoss(t *testing.T) {
	const folder = "PGREX_TEST_FOLDER"
	if dir := os.Getenv(folder); dir != "" { // we are what is traced
		i := New(Settings{TmpDir: dir}, run.Local{})
		if err := i.WriteLock(LockInfo{Node: "node01", Time: time.Now()}); err != nil {
			t.Error(err)
		}
		if err := i.RemoveLock(); err != nil {
			t.Error(err)
		}
		return
	}
	needServer(t) // root, and the machine of the server tests, which has strace
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	cmd := exec.Command("strace", "-f", "-y", "-o", trace, "-e", "trace=fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat",
		os.Args[0], "-test.run=^TestFilesSurvivePowerLoss$")
	cmd.Env = append(os.Environ(), folder+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	var calls []string
	call := regexp.MustCompile(`(fsync|fdatasync|rename|unlink)(?:at2?)?\((.*)`)
	for line := range strings.Lines(string(text)) {
		m := call.FindStringSubmatch(line)
		switch {
		case m == nil || !strings.Contains(m[2], dir):
		case strings.Contains(m[2], "<"+dir+"/.pgsql-ra-"):
			calls = append(calls, m[1]+" new file")
		case strings.Contains(m[2], "<"+dir+">)"):
			calls = append(calls, m[1]+" folder")
		case strings.Contains(m[2], `/PGSQL.lock"`):
			calls = append(calls, m[1]+" lock")
		}
	}
	const want = "fsync new file, rename lock, fsync folder, unlink lock, fsync folder"
	if got := strings.Join(calls, ", "); got != want {
		t.Errorf("%s, want %s\n%s", got, want, text)
	}
}
