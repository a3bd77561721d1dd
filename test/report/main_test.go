package main

import (
	"strings"
	"testing"

	"pgrex/test/report/tally"
)

func TestSummary(t *testing.T) {
	good := &layer{name: "unit", Tally: &tally.Tally{Passed: 3}}
	bad := &layer{name: "lab", Tally: &tally.Tally{Passed: 1, Failed: 1, Failures: []string{"p TestC"}}}
	for _, tt := range []struct {
		layers []*layer
		ok     bool
		say    string
	}{
		{[]*layer{good}, true, "3 passed, 0 failed, 0 skipped"},
		{[]*layer{bad, good}, false, "layer lab has failed tests"},
		{[]*layer{bad, good}, false, "failed: p TestC"},
		{[]*layer{good, {name: "server", Tally: &tally.Tally{}}}, false, "layer server ran no test"},
	} {
		var out strings.Builder
		if ok := summary(&out, tt.layers, true); ok != tt.ok || !strings.Contains(out.String(), tt.say) {
			t.Errorf("ok is %t, want %t and %q:\n%s", ok, tt.ok, tt.say, &out)
		}
	}
}
