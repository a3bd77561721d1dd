package doctor

import (
	"context"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgrex/internal/conf"
	"pgrex/internal/run"
)

// tellers are the programs that gathering may start, with the words that make
// sure that they only tell something.
var tellers = map[string]string{
	"ping": "-n -q -c 2", "arping": "-D -c 2", "ssh": "-o BatchMode=yes -o StrictHostKeyChecking=yes -o UpdateHostKeys=no", "systemctl": "is-enabled",
	"corosync": "-v", "corosync-cfgtool": "-s", "corosync-quorumtool": "-s", "corosync-cmapctl": "-g", "pacemakerd": "--version", "getconf": "GNU_LIBC_VERSION",
}

// recorder notes what is started.
type recorder struct {
	mu    sync.Mutex
	argvs [][]string
}

func (r *recorder) Run(_ context.Context, c run.Command) (run.Result, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.argvs = append(r.argvs, c.Argv)
	return run.Result{}, nil
}

// Gathering leaves every file as it is, its time included, and starts only
// programs that tell something.
//
// Conformance: CD-060 (unit)
func TestGatheringChangesNothing(t *testing.T) {
	t.Parallel()
	all := scripted{}
	for name := range tellers {
		all[name] = answer{}
	}
	s := seekerOf(t, map[string]string{
		conf.CorosyncPath: corosyncConfText, corosyncKey: "key", "/etc/default/pacemaker": "", "/etc/default/sbd": "", "/dev/watchdog": "",
		"/etc/systemd/logind.conf": "", "/etc/logrotate.d/pacemaker": "", "/var/log/pacemaker/pacemaker.log": "", "/dbfp/pgdata/data/PG_VERSION": "15\n",
		"/proc/meminfo": "", "/proc/net/tcp": "", "/proc/sys/vm/overcommit_memory": "0\n", "/proc/sys/kernel/shmmax": "0\n",
	}, all)
	started := &recorder{}
	s.run = started
	c := healthy(t)
	s.in = In{Lans: c.Lans, Look: LookFor(c)}
	s.in.Look.VIPs[0].Interface = "lo"
	before := snapshot(t, s.root)
	s.gather(t.Context())
	if after := snapshot(t, s.root); !slices.Equal(before, after) {
		t.Errorf("before\n%s\nafter\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
	seen := map[string]bool{}
	for _, argv := range append(started.argvs, s.loginArgv()...) {
		name := filepath.Base(argv[0])
		seen[name] = true
		if words, known := tellers[name]; !known || !strings.HasPrefix(strings.Join(argv[1:], " "), words) {
			t.Errorf("started: %q", argv)
		}
	}
	for _, name := range []string{"ping", "arping", "ssh", "systemctl", "corosync", "pacemakerd"} {
		if !seen[name] {
			t.Errorf("%s was not started: the test has seen too little", name)
		}
	}
}

// loginArgv is what is started for a login, for which a test has no other node.
func (s seeker) loginArgv() [][]string {
	r := &recorder{}
	s.run = r
	s.login(context.Background(), s.in.Lans.Peer)
	return r.argvs
}

// snapshot are all files below a directory with what would show a change.
func snapshot(t *testing.T, root string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			list = append(list, strings.Join([]string{path, info.Mode().String(), info.ModTime().String(), sum(path)}, " "))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}
