// Package setup makes a cluster of two nodes that have nothing but packages,
// with the commands that take the place of the manual's set-up pages, and looks
// at it with those that look. What is typed is what the README says.
//
// The tests share one lab and go on where the one before has stopped.
package setup

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pgrex/test/lab"
)

const configuration = `D-LAN_IPAddress = 192.168.2.1 , 192.168.2.2
Archive_dir = /dbfp/pgarch/arc1
STONITH = disable
VIP_SLAVE = enable
PEER_NODE_SSH_PASS_MODE = nopass
`

var (
	shared *lab.Lab
	noLab  error
)

func TestMain(m *testing.M) {
	ctx := context.Background()
	shared, noLab = lab.Up(ctx, lab.Config{Agent: "../../bin/pgsql-ra", Power: "../../bin/pgrex-lab", Bare: true})
	if noLab == nil {
		noLab = shared.InstallTools("../../bin/pg-rex", configuration)
	}
	if noLab == nil {
		noLab = empty(ctx)
	}
	code := m.Run()
	if os.Getenv("KEEP") == "1" && code != 0 {
		fmt.Println("KEEP=1: the lab stays up; look with bin/pgrex-lab status, end it with bin/pgrex-lab down")
	} else if shared != nil {
		if err := lab.Down(ctx); err != nil {
			fmt.Println("cannot take the lab down:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// empty takes away what the lab prepares for those who do not begin at the
// beginning, and the tools that nothing here may need.
func empty(ctx context.Context) error {
	for _, n := range shared.Nodes() {
		_, err := n.Run(ctx, "rm", "-rf", "/dbfp", shared.PostgresHome()+"/.pgpass", lab.AgentTmp, "/root/pgrex.crm",
			"/usr/sbin/crm", "/usr/bin/crm", "/usr/sbin/pcs", "/usr/bin/pcs")
		if err != nil {
			return err
		}
		for _, name := range []string{"sda", "sdb"} {
			if err := n.AddDisk(ctx, name, 64); err != nil {
				return err
			}
		}
	}
	return nil
}

func nodes(t *testing.T) (ctx context.Context, node01, node02 *lab.Node) {
	t.Helper()
	switch {
	case noLab == nil:
	case os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "":
		t.Fatal("no lab:", noLab)
	default:
		t.Skip("no lab:", noLab)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	t.Cleanup(cancel)
	return ctx, shared.Nodes()[0], shared.Nodes()[1]
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// typed is a command that has to end as wanted; its screen is shown.
func typed(t *testing.T, ctx context.Context, n *lab.Node, status int, argv ...string) string {
	t.Helper()
	begun := time.Now()
	s, err := n.Operate(ctx, "C.UTF-8", "", argv...)
	t.Logf("%s# %s: %d after %.1f s\n%s", n.Name, strings.Join(argv, " "), s.Status, time.Since(begun).Seconds(), s.Text)
	must(t, err)
	if s.Status != status {
		t.Fatalf("%s# %s: exit status %d, want %d", n.Name, strings.Join(argv, " "), s.Status, status)
	}
	return s.Text
}

// have says which of some texts a screen lacks.
func have(t *testing.T, screen string, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(screen, w) {
			t.Errorf("the screen does not say %q:\n%s", w, screen)
		}
	}
}

// From nothing to a synchronous pair: init on both nodes, a sheet, its
// definition, the start of the primary and of the standby.
//
// Conformance: CD-076 (lab)
func TestFromNothing(t *testing.T) {
	ctx, node01, node02 := nodes(t)
	const password = "/root/password"
	for _, n := range shared.Nodes() {
		must(t, n.WriteFile(password, []byte("reppasswd\n"), 0o600, "root"))
	}
	typed(t, ctx, node01, 0, "pg-rex_init", "primary", "--password-file", password, "--yes")
	typed(t, ctx, node02, 0, "pg-rex_init", "standby", "--password-file", password, "--yes")
	// Once more: there is nothing left to do.
	have(t, typed(t, ctx, node01, 0, "pg-rex_init", "primary", "--password-file", password), "othing")
	have(t, typed(t, ctx, node02, 0, "pg-rex_init", "standby", "--password-file", password), "othing")

	typed(t, ctx, node01, 0, "pg-rex", "sheet", "--stonith", "none", "--nodes", "node01,node02", "--agent", "ocf:linuxhajapan:pgsql",
		"--bin-dir", shared.PGBin(), "-o", "pgrex.csv")
	typed(t, ctx, node01, 0, "pg-rex", "simulate", "pgrex.csv")
	typed(t, ctx, node01, 0, "pg-rex_master_start", "--yes", "pgrex.csv")
	typed(t, ctx, node02, 0, "pg-rex_slave_start", "-b", "--yes")
	must(t, shared.WaitNormal(ctx))
}

func TestLook(t *testing.T) {
	ctx, node01, _ := nodes(t)
	s, err := node01.Operate(ctx, "C.UTF-8", "", "pg-rex_doctor")
	must(t, err)
	t.Logf("%d\n%s", s.Status, s.Text)
	typed(t, ctx, node01, 0, "pg-rex_simulate")
}
