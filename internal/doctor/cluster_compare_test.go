package doctor

import (
	"strings"
	"testing"

	"pgrex/internal/definition"
	"pgrex/internal/message"
)

// A file that says the same in other words and order agrees with the cluster.
func TestDefinitionsAreCompared(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		file  definition.Definition
		wrong string // what has to be named, "" for nothing
	}{
		{"the same", edited(), ""},
		{"old words", edited("promoted-max", "master-max", "promoted-node-max", "master-node-max", "role=Promoted", "role=Master"), ""},
		{"another way to write a time", edited("timeout=60s", "timeout=1min"), ""},
		{"a value", edited("monitor interval=9s", "monitor interval=7s"), "pgsql monitor Promoted (7s)"},
		{"a time-out", edited("op demote interval=0s timeout=300s", "op demote interval=0s timeout=60s"), "pgsql demote (0s)"},
		{"a password, which is not shown", edited("Secret-1", "Secret-2"), "fence1-ipmi password"},
		{"a rule", edited("default_ping_set lt 100", "default_ping_set lt 50"), "location msPostgresql"},
		{"a constraint", edited("order ord-ping-pgsql Optional: clnPing msPostgresql symmetrical=false\n", ""), "order start clnPing, start msPostgresql"},
		{"a property", edited("only-green", "migrate-on-red"), "property node-health-strategy"},
	} {
		c := healthy(t)
		c.Definition = Found(Definition{Definition: tt.file, Source: "pgrex.crm"})
		// What the cluster adds itself, and what a command has left (DR-67).
		c.Running.Value.Definition = edited("stonith-enabled=true", "stonith-enabled=true dc-version=2.1.5 have-watchdog=false",
			"fencing_topology", "location cli-ban-pgsql-on-node01 msPostgresql -inf: node01\nfencing_topology")
		found := definitionsAgree(c)
		text := ""
		for _, f := range found {
			text += f.Found.In(message.In("en"))
			complete(t, f)
			if f.State != Notice {
				t.Errorf("%s: %s", tt.name, f.State)
			}
		}
		if (tt.wrong == "") != (text == "") || !strings.Contains(text, tt.wrong) || strings.Contains(text, "Secret") {
			t.Errorf("%s: %q, want %q", tt.name, text, tt.wrong)
		}
	}
}
