//go:build long

package tools

import "testing"

// A database that runs and does not get WAL at the limit: the screen says what
// it lacks, and the same start is gone on with when that has been mended.
//
// Conformance: AT-084, AT-132 (lab)
func TestNotSynchronous(t *testing.T) {
	ctx, _, standby := normal(t)
	typed(t, ctx, standby, english, 0, "pg-rex_stop")
	const passwords = "/var/lib/postgresql/.pgpass"
	content, err := standby.ReadFile(passwords)
	must(t, err)
	must(t, standby.WriteFile(passwords, []byte("# none\n"), 0o600, "postgres"))
	screen := typed(t, ctx, standby, english, 5, "pg-rex_slave_start", "-n", "--timeout", "15")
	have(t, screen, "SST-063", "pgsql-status")
	must(t, standby.WriteFile(passwords, content, 0o600, "postgres"))
	typed(t, ctx, standby, english, 0, "pg-rex_slave_start", "--resume")
	must(t, shared.WaitNormal(ctx))
	locked(t, standby, false)
}
