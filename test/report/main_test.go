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

func TestLanes(t *testing.T) {
	got, err := lanes([]string{"unit=./a,./b", "server=./c", "//", "lab=./d"})
	if err != nil || len(got) != 2 || len(got[0]) != 2 || len(got[1]) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	if l := got[0][0]; l.name != "unit" || len(l.packages) != 2 || got[1][0].name != "lab" {
		t.Errorf("%+v, %+v", l, got[1][0])
	}
	if _, err := lanes([]string{"unit"}); err == nil {
		t.Error("a layer without packages is accepted")
	}
}
