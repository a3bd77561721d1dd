// Package setup makes a cluster of two nodes that have nothing but packages,
// with the commands that take the place of the manual's set-up pages, and looks
// at it with those that look. What is typed is what the README says.
//
// The tests share one lab and go on where the one before has stopped.
package setup

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"slices"
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

var suite = flag.String("suite", "", "release of Debian in the nodes (default: that of the machine)")

var (
	shared *lab.Lab
	noLab  error
)

func TestMain(m *testing.M) {
	flag.Parse()
	ctx := context.Background()
	shared, noLab = lab.Up(ctx, lab.Config{Agent: "../../bin/pgsql-ra", Power: "../../bin/pgrex-lab", Bare: true, Suite: *suite})
	if noLab == nil {
		noLab = shared.InstallTools("../../bin/pg-rex", configuration)
	}
	if noLab == nil {
		noLab = empty(ctx)
	}
	os.Exit(shared.EndTests(m.Run()))
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
		if err := disks(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// disks gives a node the two disks that the manual's nodes have.
func disks(ctx context.Context, n *lab.Node) error {
	const mebibytes = 64
	return errors.Join(n.AddDisk(ctx, "sda", mebibytes), n.AddDisk(ctx, "sdb", mebibytes))
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
		"--bin-dir", shared.PGBin(), "--target", generation(), "-o", "pgrex.csv")
	typed(t, ctx, node01, 0, "pg-rex", "simulate", "pgrex.csv")
	typed(t, ctx, node01, 0, "pg-rex_master_start", "--yes", "pgrex.csv")
	typed(t, ctx, node02, 0, "pg-rex_slave_start", "-b", "--yes")
	must(t, shared.WaitNormal(ctx))
}

// generation is that of Pacemaker in the nodes.
func generation() string {
	if *suite == "trixie" || *suite == "forky" {
		return "3"
	}
	return "2"
}

// report is what pg-rex_doctor --json prints, as far as tests look.
type report struct {
	Exit     int
	Findings []struct{ Check, Severity, Node, Found string }
}

// doctor has the cluster looked at, from a node.
func doctor(t *testing.T, ctx context.Context, n *lab.Node, options ...string) report {
	t.Helper()
	s, err := n.Operate(ctx, "C.UTF-8", "", append([]string{"pg-rex_doctor", "--json"}, options...)...)
	must(t, err)
	var r report
	if err := json.Unmarshal([]byte(s.Text), &r); err != nil || r.Exit != s.Status {
		t.Fatalf("pg-rex_doctor: %d, %v\n%s", s.Status, err, s.Text)
	}
	return r
}

// above are the numbers of findings that are more than a notice, each once.
func (r report) above() []string {
	var list []string
	for _, f := range r.Findings {
		if f.Severity != "notice" && !slices.Contains(list, f.Check+" "+f.Severity) {
			list = append(list, f.Check+" "+f.Severity)
		}
	}
	return list
}

// state is what doctor might change of a node: files with their sizes and
// times, the CIB with its version. What a running server writes itself is left out.
func state(t *testing.T, ctx context.Context, n *lab.Node) string {
	t.Helper()
	files, err := n.Run(ctx, "find", "/etc", "/root", "/tmp", "/usr/sbin", "/var/lib/pgsql", "/var/lib/postgresql", "/var/lib/pacemaker", "/dbfp",
		"(", "-path", "/dbfp/pgdata/data/*/*", "-o", "-path", "/dbfp/pgwal/pg_wal/*", "-o", "-name", "current_logfiles", "-o", "-name", "postmaster.*", ")", "-prune",
		"-o", "-type", "f", "-printf", "%p %s %m %u %T@ %C@\\n")
	must(t, err)
	cib, err := n.Run(ctx, "cibadmin", "-Q")
	must(t, err)
	if strings.Count(files, "\n") < 300 {
		t.Fatalf("only %d files were looked at", strings.Count(files, "\n"))
	}
	return files + cib
}

// A cluster that was set up as it should be: doctor misses fencing and nothing
// else, and leaves everything as it is.
//
// Conformance: CD-058, CD-060 (lab)
func TestDoctor(t *testing.T) {
	ctx, node01, node02 := nodes(t)
	t.Logf("%s", typed(t, ctx, node01, 2, "pg-rex_doctor"))
	for _, from := range []*lab.Node{node01, node02} {
		before := state(t, ctx, node01) + state(t, ctx, node02)
		r := doctor(t, ctx, from, "--connect")
		if got := r.above(); !slices.Equal(got, []string{"DR-50 warning"}) {
			t.Errorf("%s finds %q, want DR-50 alone:\n%+v", from.Name, got, r.Findings)
		}
		if after := state(t, ctx, node01) + state(t, ctx, node02); after != before {
			t.Errorf("something has changed:\n%s", difference(before, after))
		}
	}
}

// difference are the lines that only one of two texts has.
func difference(a, b string) string {
	var out strings.Builder
	for _, side := range []struct{ mark, text, other string }{{"-", a, b}, {"+", b, a}} {
		lines := strings.Split(side.other, "\n")
		for line := range strings.Lines(side.text) {
			if !slices.Contains(lines, strings.TrimSuffix(line, "\n")) {
				out.WriteString(side.mark + " " + line)
			}
		}
	}
	return out.String()
}

// The definition with fencing is loaded into the running cluster, and the one
// of before again, on nodes that have neither crmsh nor pcs. With fencing doctor
// finds nothing.
//
// Conformance: CD-057 (lab)
func TestApply(t *testing.T) {
	ctx, node01, node02 := nodes(t)
	// Every node has a switch by the name and with the parameters of a BMC.
	must(t, node01.WriteFile("/root/bmc", []byte("node01=one\nnode02=two\n"), 0o600, "root"))
	typed(t, ctx, node01, 0, "pg-rex", "sheet", "--stonith", "ipmi", "--nodes", "node01,node02", "--agent", "ocf:linuxhajapan:pgsql",
		"--bin-dir", shared.PGBin(), "--target", generation(), "--bmc-passwords", "bmc", "-o", "fenced.csv")
	typed(t, ctx, node01, 0, "pg-rex", "generate", "--target", generation(), "-o", "fenced.crm", "fenced.csv")
	have(t, typed(t, ctx, node01, 0, "pg-rex_simulate", "fenced.crm"), "node01 is fenced. node02 becomes")
	configure(t, strings.Replace(configuration, "STONITH = disable", "STONITH = enable\nSTONITH_ResourceID = fence1-ipmi , fence2-ipmi", 1))
	have(t, typed(t, ctx, node01, 2, "pg-rex_plan", "--exit-code", "fenced.crm"), "stonith-enabled: false -> true", "fence1-ipmi")
	started := server(t, ctx, node01)
	screen := typed(t, ctx, node01, 0, "pg-rex_apply", "--yes", "fenced.crm")
	typed(t, ctx, node01, 0, "pg-rex_plan", "--exit-code", "fenced.csv")
	text, err := node01.ReadFile("/root/fenced.crm")
	must(t, err)
	must(t, node02.WriteFile("/root/fenced.crm", text, 0o600, "root"))
	have(t, typed(t, ctx, node02, 0, "pg-rex_apply", "fenced.crm"), "Nothing was changed")
	must(t, shared.WaitStatus(ctx, "both devices", time.Minute, func(lab.Status) bool {
		out, err := node01.Run(ctx, "crm_mon", "-1")
		return err == nil && strings.Count(out, "fence_ipmilan):\t Started") == 2
	}))
	must(t, shared.WaitNormal(ctx))
	if got := doctor(t, ctx, node01, "--connect").above(); len(got) > 0 {
		t.Errorf("doctor finds %q with fencing", got)
	}
	if now := server(t, ctx, node01); now != started {
		t.Errorf("the server was restarted: %s, before %s", now, started)
	}

	// What goes wrong changes nothing.
	must(t, node01.WriteFile("/root/wrong.crm", []byte("primitive pgsql ocf:linuxhajapan:pgsql\nfrobnicate\n"), 0o600, "root"))
	have(t, typed(t, ctx, node01, 3, "pg-rex_apply", "--yes", "wrong.crm"), "frobnicate")

	_, back, _ := strings.Cut(screen, "pg-rex_apply /")
	back, _, _ = strings.Cut("/"+back, "\n")
	configure(t, configuration)
	typed(t, ctx, node01, 0, "pg-rex_apply", "--yes", back)
	must(t, shared.WaitNormal(ctx))
	if got := doctor(t, ctx, node01).above(); !slices.Equal(got, []string{"DR-50 warning"}) {
		t.Errorf("doctor finds %q where it was before", got)
	}
	if now := server(t, ctx, node01); now != started {
		t.Errorf("the server was restarted: %s, before %s", now, started)
	}
}

// server is the process of a node's server.
func server(t *testing.T, ctx context.Context, n *lab.Node) string {
	t.Helper()
	out, err := n.Run(ctx, "head", "-n", "1", lab.PGData+"/postmaster.pid")
	must(t, err)
	return strings.TrimSpace(out)
}

func configure(t *testing.T, text string) {
	t.Helper()
	for _, n := range shared.Nodes() {
		must(t, n.WriteFile("/etc/pg-rex_tools.conf", []byte(text), 0o644, "root"))
	}
}

// Whatever is down, doctor says what it knows, and of the rest that it is not
// known. The last test: it leaves everything stopped.
//
// Conformance: CD-061, CD-081 (lab)
func TestDoctorOfWhatIsDown(t *testing.T) {
	ctx, node01, node02 := nodes(t)
	unknown := func(r report, node string) (n int) {
		for _, f := range r.Findings {
			if f.Severity == "unknown" && (node == "" || f.Node == node) {
				n++
			}
		}
		return n
	}
	typed(t, ctx, node02, 0, "pg-rex_stop")
	for _, from := range []*lab.Node{node01, node02} {
		r := doctor(t, ctx, from)
		if r.Exit < 2 || r.Exit > 3 {
			t.Errorf("%s, standby and its Pacemaker stopped: %d, %q", from.Name, r.Exit, r.above())
		}
	}
	must(t, node02.Kill(ctx))
	begun := time.Now()
	r := doctor(t, ctx, node01)
	if took := time.Since(begun); unknown(r, "node02") == 0 || took > 40*time.Second {
		t.Errorf("node02 off: %q after %v", r.above(), took)
	}
	typed(t, ctx, node01, 0, "pg-rex_stop", "--yes")
	if r := doctor(t, ctx, node01, "--node", "here"); r.Exit == 1 || r.Exit == 4 {
		t.Errorf("everything here stopped: %d, %+v", r.Exit, r.Findings)
	}

	must(t, node02.Boot(ctx))
	out, err := node02.Run(ctx, "stat", "-c", "%U %F", "/run/postgresql")
	must(t, err)
	if strings.TrimSpace(out) != "postgres directory" {
		t.Errorf("after the boot the socket directory is %q", out)
	}
}
