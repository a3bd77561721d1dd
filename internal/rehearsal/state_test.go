package rehearsal

import (
	"testing"

	"pgrex/internal/definition"
)

func TestLastAction(t *testing.T) {
	op := func(operation, interval, rc, call string) string {
		return `<lrm_rsc_op id="` + operation + interval + call + `" operation="` + operation + `" interval="` + interval + `" rc-code="` + rc + `" call-id="` + call + `"/>`
	}
	for _, tt := range []struct {
		name, id, ops, do string
		ok                bool
	}{
		{"nothing", "pgsql", "", "", false},
		{"the latest counts", "pgsql", op("promote", "0", "0", "12") + op("start", "0", "0", "9"), "promote", true},
		{"what failed", "pgsql", op("demote", "0", "1", "13") + op("promote", "0", "0", "12"), "demote", false},
		{"monitors only look", "pgsql", op("start", "0", "0", "9") + op("monitor", "10000", "7", "20"), "start", true},
		{"a probe that finds a primary", "pgsql:0", op("monitor", "0", "8", "3"), "promote", true},
		{"a probe that finds nothing", "pgsql", op("monitor", "0", "7", "3"), "stop", true},
		{"another resource", "ping", op("start", "0", "0", "3"), "", false},
	} {
		cib, err := definition.ParseCIB([]byte(`<cib><status><node_state uname="node01"><lrm><lrm_resources><lrm_resource id="` + tt.id + `">` +
			tt.ops + `</lrm_resource></lrm_resources></lrm></node_state></status></cib>`))
		if err != nil {
			t.Fatal(err)
		}
		if do, ok := lastAction(cib, "NODE01", "pgsql"); do != tt.do || ok != tt.ok {
			t.Errorf("%s: %q, %v", tt.name, do, ok)
		}
	}
}

func TestMilliseconds(t *testing.T) {
	for text, want := range map[string]int64{"10s": 10000, "9": 9000, "500ms": 500, "2min": 120000, "1h": 3600000, "x": 0, "": 0} {
		if got, ok := milliseconds(text); got != want || ok != (want > 0) {
			t.Errorf("%q: %d, %v", text, got, ok)
		}
	}
}
