// Package tools shows the operation commands on a real cluster, typed as an
// operator would: over ssh, in both languages. It begins with nodes that have
// nothing but packages and follows the manual from initdb to the last stop.
//
// The tests share one lab and go on where the one before has stopped. Those that
// need a cluster begin with it in its normal state.
package tools

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgrex/test/lab"
)

// long makes the tests that repeat something repeat it as often as is promised.
var long = flag.Bool("long", false, "20 switchovers, one killed in every phase, and the rare faults")

// configuration is the manual's, with the one line more that lets nobody type a
// password.
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
	flag.Parse()
	ctx := context.Background()
	shared, noLab = lab.Up(ctx, lab.Config{Agent: "../../bin/pgsql-ra", Power: "../../bin/pgrex-lab", Bare: true})
	if noLab == nil {
		noLab = shared.InstallTools("../../bin/pg-rex", configuration)
	}
	os.Exit(shared.EndTests(m.Run()))
}

// nodes hands out the two nodes. Where there can be no lab the test is skipped
// with the reason, in CI it fails.
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

// normal hands out primary and standby of a cluster in its normal state. One
// that another test has left otherwise is repaired, or the test fails.
func normal(t *testing.T) (ctx context.Context, primary, standby *lab.Node) {
	t.Helper()
	ctx, a, b := nodes(t)
	must(t, shared.WaitNormal(ctx))
	s, err := shared.Status(ctx)
	must(t, err)
	if s.Primary() == a.Name {
		return ctx, a, b
	}
	return ctx, b, a
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// locales are those that the operators of the tests have.
const (
	english  = "C.UTF-8"
	japanese = "ja_JP.UTF-8"
)

// typed is a command that has to end as wanted; its screen is shown where it does not.
func typed(t *testing.T, ctx context.Context, n *lab.Node, locale string, status int, argv ...string) string {
	t.Helper()
	return answered(t, ctx, n, locale, "", status, argv...)
}

// answered is typed by somebody who answers questions.
func answered(t *testing.T, ctx context.Context, n *lab.Node, locale, answers string, status int, argv ...string) string {
	t.Helper()
	begun := time.Now()
	s, err := n.Operate(ctx, locale, answers, argv...)
	t.Logf("%s# %s: %d after %.1f s\n%s", n.Name, strings.Join(argv, " "), s.Status, time.Since(begun).Seconds(), s.Text)
	must(t, err)
	if s.Status != status {
		t.Fatalf("%s# %s: exit status %d, want %d", n.Name, strings.Join(argv, " "), s.Status, status)
	}
	return s.Text
}

// changing is what differs from run to run on a screen.
var changing = []struct {
	is *regexp.Regexp
	as string
}{
	{regexp.MustCompile(` \((\d+\.\d) (s|秒)\)`), ""}, // how long a step took
	{regexp.MustCompile(`(?m)^.*\x1b\[K`), ""},       // what was rewritten in place
	{regexp.MustCompile(`(?m)^.*(waiting for|を待っています).*\n`), ""},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`), "<time>"},
	{regexp.MustCompile(`\d{8}-\d{6}`), "<time>"},
	{regexp.MustCompile(`\d+\.\d\d (s|秒)`), "<n> $1"},
	{regexp.MustCompile(`[0-9A-F]+/[0-9A-F]{6,}`), "<lsn>"},
	{regexp.MustCompile(`\d+(\.\d)? (B|KiB|MiB)\b`), "<n> B"},
}

var update = flag.Bool("update", false, "write the golden screens anew")

// golden compares a screen with the one in testdata.
func golden(t *testing.T, name, screen string) {
	t.Helper()
	for _, c := range changing {
		screen = c.is.ReplaceAllString(screen, c.as)
	}
	file := "testdata/" + name + ".golden"
	if *update {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(file, []byte(screen), 0o644))
		return
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if screen != string(want) {
		t.Errorf("the screen differs from %s (-update writes it anew):\n%s\nwant:\n%s", file, screen, want)
	}
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

// locked wants PGSQL.lock on a node, or none.
func locked(t *testing.T, n *lab.Node, want bool) {
	t.Helper()
	if got := n.Locked(); got != want {
		t.Errorf("PGSQL.lock on %s: %v, want %v", n.Name, got, want)
	}
}

// checkRows wants every acknowledged row on the primary.
func checkRows(t *testing.T, ctx context.Context, h lab.History) {
	t.Helper()
	v, err := shared.Check(ctx, h)
	must(t, err)
	if v.Acked == 0 {
		t.Error("no row was acknowledged: nothing was checked")
	}
	if len(v.Lost) > 0 {
		t.Errorf("%d of %d acknowledged rows are missing on %s: %v", len(v.Lost), v.Acked, v.Primary, v.Lost)
	}
}

// figure is a measured value for the record of the run; no test depends on it.
func figure(t *testing.T, format string, args ...any) {
	t.Helper()
	t.Log("FIGURE " + fmt.Sprintf(format, args...))
}
