package operation

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/rejoin"
	"pgrex/internal/run"
	"pgrex/test/servers/cache"
)

// databases makes data directories of real servers.
type databases struct {
	t        *testing.T
	bin, dir string
	user     pg.User
}

func realDatabases(t *testing.T) *databases {
	t.Helper()
	skip := func(why any) {
		t.Helper()
		if os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "" {
			t.Fatalf("cannot be left out here: %v", why)
		}
		t.Skip(why)
	}
	if os.Geteuid() != 0 {
		skip("needs root, to become the user of the server")
	}
	u, err := pg.LookupUser(context.Background(), run.Local{}, "postgres")
	if err != nil {
		skip(err)
	}
	bin, err := cache.Chosen()
	if err != nil {
		skip(err)
	}
	dir, err := os.MkdirTemp("/tmp", "pgo")
	if err != nil {
		t.Fatal(err)
	}
	d := &databases{t, bin, dir, u}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chown(dir, int(u.UID), int(u.GID)); err != nil {
		t.Fatal(err)
	}
	d.do(bin+"/initdb", "-N", "-A", "trust", "-D", d.path("base"))
	d.write("base", "postgresql.auto.conf", "listen_addresses = ''\nunix_socket_directories = '"+dir+"'\nfsync = off\nshared_buffers = 4MB\n")
	d.life("base")
	return d
}

func (d *databases) path(name string) string { return filepath.Join(d.dir, name) }

func (d *databases) do(argv ...string) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: d.user.UID, Gid: d.user.GID}}
	log, err := os.Create(d.path("output")) // a pipe would be kept open by the server
	if err != nil {
		d.t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(log.Name())
		d.t.Fatalf("%q: %v\n%s", argv, err, text)
	}
}

func (d *databases) write(name, file, text string) {
	d.t.Helper()
	path := filepath.Join(d.path(name), file)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Chown(path, int(d.user.UID), int(d.user.GID)); err != nil {
		d.t.Fatal(err)
	}
}

// life starts a server, has it do something, and stops it in order.
func (d *databases) life(name string, does ...string) {
	d.t.Helper()
	ctl := func(argv ...string) { d.do(append([]string{d.bin + "/pg_ctl", "-w", "-D", d.path(name)}, argv...)...) }
	ctl("start")
	for _, action := range does {
		ctl(action)
	}
	ctl("stop", "-m", "fast")
}

// copy is a copy of the first database, promoted as often as wanted.
func (d *databases) copy(name string, promotions int) string {
	d.t.Helper()
	d.do("cp", "-a", d.path("base"), d.path(name))
	for range promotions {
		d.write(name, "standby.signal", "")
		d.life(name, "promote")
	}
	return name
}

// of makes a database that of a node of a made-up cluster.
func (d *databases) of(n *fakeNode, name string) {
	journal := d.t.TempDir()
	n.answers["gather-local"] = func(ctx context.Context, raw []byte) (any, error) {
		var in rejoin.In
		if err := json.Unmarshal(raw, &in); err != nil {
			return nil, err
		}
		in.Server.Data, in.Server.PgCtl, in.Archive, in.Journal = d.path(name), d.bin+"/pg_ctl", "", journal
		return rejoin.GatherLocal(ctx, in)
	}
}

// Conformance: AT-035, AT-036, AT-037, AT-039 (PostgreSQL server)
func TestPrimaryStartOnRealData(t *testing.T) {
	d := realDatabases(t)
	d.copy("promoted", 1)
	d.copy("promoted-too", 1)
	latest := func(c *fakeCluster) {
		c.a.permanent["pgsql-data-status"], c.b.permanent["pgsql-data-status"] = "LATEST", "LATEST"
		c.save()
	}
	withFile := func(c *fakeCluster) {
		c.old()
		c.conf += "POLL_INTERVAL = 1\n"
		c.a.files["/root/pgrex.crm"] = crmFile
	}
	broken := func(name string, breakIt func(path string)) string {
		d.copy(name, 0)
		breakIt(d.path(name))
		return name
	}
	major := broken("major", func(string) { d.write("major", "PG_VERSION", "14\n") })
	label := broken("label", func(string) { d.write("label", "backup_label", "START WAL LOCATION: 0/2000028\n") })
	rewound := broken("rewound", func(string) { d.write("rewound", ".pg-rex_incomplete", `{"What":"rewind"}`) })
	control := broken("control", func(string) { d.write("control", "global/pg_control", "") })
	for _, tt := range []struct {
		name, own, peer string
		prepare         func(*fakeCluster)
		args            []string
		status          int
		says            string
	}{
		{"both the same", "base", "base", nil, nil, 0, ""},
		{"peer promoted", "base", "promoted", nil, nil, 3, "PST-022: The data of pgrex02 is newer (timeline 2"},
		{"peer promoted, with a definition", "base", "promoted", withFile, []string{"--yes", "/root/pgrex.crm"}, 3, "PST-022"},
		{"peer promoted and given up", "base", "promoted", nil, []string{"--yes", "--force-old-data"}, 0, "is newer"},
		{"both promoted", "promoted", "promoted-too", nil, nil, 3, "PST-023"},
		{"own promoted, both latest on record", "promoted", "base", latest, nil, 0, ""},
		{"peer without data", "base", "none", nil, nil, 0, "pgrex02 has no database"},
		{"no data", "none", "base", nil, nil, 3, "PST-024"},
		{"another release", major, "base", nil, nil, 3, "PST-025"},
		{"no control file", control, "base", nil, nil, 3, "PST-026"},
		{"backup to be recovered", label, "base", nil, nil, 3, "PST-027"},
		{"rewind not finished", rewound, "base", nil, nil, 3, "PST-015"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := startable(t)
			if tt.prepare != nil {
				tt.prepare(c)
			}
			d.of(c.a, tt.own)
			d.of(c.b, tt.peer)
			got := c.play(typed{}, append([]string{"pg-rex_primary_start"}, tt.args...)...)
			if got.status != tt.status || !strings.Contains(got.out+got.err, tt.says) || tt.status != 0 && len(c.changes()) > 0 && tt.prepare == nil {
				t.Errorf("%+v\n%q", got, c.changes())
			}
		})
	}

	t.Run("a program in the data", func(t *testing.T) {
		cmd := exec.CommandContext(context.Background(), "tail", "-f", filepath.Join(d.path("base"), "PG_VERSION"))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}()
		c := startable(t)
		d.of(c.a, "base")
		answer(c.a, "dir-users", func([]string) ([]node.DirUser, error) {
			for { // until it has opened the file
				users, err := node.DirUsers.On(context.Background(), node.Local{}, []string{d.path("base")})
				if err != nil || len(users) > 0 {
					return users, err
				}
			}
		})
		got := c.play(typed{}, "pg-rex_primary_start")
		c.want(got, 3, []string{"CMN-011", ": tail (root)", "pid "})
	})
}
