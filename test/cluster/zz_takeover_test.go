package cluster

import (
	"os"
	"strings"
	"testing"

	"pgrex/test/lab"
)

// TestZTakeOverFromTheShellAgent changes the provider in the definition of a
// running cluster, with the resource unmanaged meanwhile: nothing restarts, no
// role changes, the attributes are continued. Then the primary dies, and the
// new agent does what the old one would have done. It has a cluster of its own
// and comes after the test that ends the shared one.
//
// Conformance: 117 (lab)
func TestZTakeOverFromTheShellAgent(t *testing.T) {
	_, ctx := beginWithout(t)
	must(t, lab.Down(ctx))
	old, err := lab.Up(ctx, lab.Config{Report: report})
	if err != nil {
		// The shell agent's start was seen to hang on a busy machine; that is
		// not what this test is about.
		t.Logf("a second try: %v", err)
		old, err = lab.Up(ctx, lab.Config{Report: report})
	}
	must(t, err)
	shared = old
	t.Cleanup(func() {
		if err := lab.Down(ctx); err != nil {
			t.Error(err)
		}
	})
	normalState(t, ctx)
	primary, standby := pair(t, ctx)
	before := servers(t, primary, standby)

	run := func(argv ...string) {
		t.Helper()
		_, err := primary.Run(ctx, argv...)
		must(t, err)
	}
	run("crm_resource", "--resource", "msPostgresql", "--meta", "--set-parameter", "is-managed", "--parameter-value", "false")
	agent, err := os.ReadFile("../../bin/pgsql-ra")
	must(t, err)
	for _, n := range old.Nodes() {
		_, err := n.Run(ctx, "mkdir", "-p", "/usr/lib/ocf/resource.d/linuxhajapan")
		must(t, err)
		must(t, n.WriteFile(agentPath, agent, 0o755, "root"))
	}
	run("cibadmin", "--modify", "--allow-create", "--xml-text", `<primitive id="pgsql" class="ocf" provider="linuxhajapan" type="pgsql"/>`)
	run("crm_resource", "--refresh", "--resource", "msPostgresql")
	run("crm_resource", "--resource", "msPostgresql", "--meta", "--delete-parameter", "is-managed")
	run("crm_resource", "--wait")
	normalState(t, ctx)
	if after := servers(t, primary, standby); after != before {
		t.Errorf("servers were restarted: %s, before %s", after, before)
	}
	if now, _ := pair(t, ctx); now.Name != primary.Name {
		t.Errorf("%s is primary, %s was", now.Name, primary.Name)
	}
	out, err := primary.Run(ctx, "crm_resource", "--resource", "pgsql", "--query-xml")
	must(t, err)
	if !strings.Contains(out, `provider="linuxhajapan"`) {
		t.Fatalf("the definition still names another agent:\n%s", out)
	}

	writer := old.StartWriter(ctx)
	must(t, lab.Pause(ctx, writeSome))
	fault, err := primary.KillPostgreSQL()
	must(t, err)
	must(t, old.WaitPrimary(ctx, standby, lab.Timeouts.Takeover))
	_, err = writer.WaitAck(ctx, fault, lab.Timeouts.FirstWrite)
	must(t, err)
	checkRows(t, ctx, writer.Stop())
}

// servers are the postmasters by pid file, which says pid and start time.
func servers(t *testing.T, nodes ...*lab.Node) string {
	t.Helper()
	var all []string
	for _, n := range nodes {
		text, err := n.ReadFile(lab.PGData + "/postmaster.pid")
		must(t, err)
		lines := strings.Split(string(text), "\n")
		all = append(all, n.Name+" pid "+lines[0]+" since "+lines[2])
	}
	return strings.Join(all, ", ")
}
