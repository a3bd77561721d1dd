package agent_test

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pgrex/internal/ocf"
	"pgrex/test/servers/cache"
)

// A server as Debian makes it has its configuration elsewhere and its socket
// where that says. Without config the agent finds no configuration, without
// socketdir it does not know the socket; with both it starts the server.
func TestServerOfPgCreatecluster(t *testing.T) {
	t.Parallel()
	bin, err := cache.Installed()
	if err != nil || !strings.HasPrefix(bin, "/usr/lib/postgresql/") {
		bin = needServer(t) // says that it cannot go on
	}
	s := newSiteOf(t, bin)
	s.shell("rm", "-rf", s.data)
	root, socket := filepath.Join(s.dir, "etc"), filepath.Join(s.dir, "run")
	release := filepath.Base(filepath.Dir(bin))
	cmd := exec.Command("pg_createcluster", "-u", "postgres", "-d", s.data, "-s", socket, "-l", filepath.Join(s.dir, "debian.log"),
		"-p", strconv.Itoa(s.port), "--start-conf=manual", release, "main", "--", "--no-sync")
	cmd.Env = append(cmd.Environ(), "PG_CLUSTER_CONF_ROOT="+root)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	conf := filepath.Join(root, release, "main", "postgresql.conf")
	// The least that replication needs, and nothing outside of the site.
	s.must(appendTo(conf, "wal_level = replica\nhot_standby = on\ndynamic_shared_memory_type = mmap\n"))
	s.must(exec.Command("sed", "-i", "/stats_temp_directory/d", conf).Run()) // up to 14, below /var/run
	s.single("none")

	s.want("start", ocf.ErrInstalled, alone...)
	s.params["config"] = conf
	delete(s.params, "socketdir")
	if a := s.do("start", alone...); a.code == ocf.Success || !strings.Contains(a.reason, "socketdir") {
		t.Errorf("without socketdir: %v %q", a.code, a.reason)
	}
	s.params["socketdir"] = socket
	s.want("start", ocf.Success, alone...)
	s.want("monitor", ocf.Success, alone...)
	s.want("stop", ocf.Success, alone...)
}
