package main

import (
	"errors"
	"strings"
	"testing"
)

const stream = `{"Action":"output","Package":"p","Test":"TestA","Output":"hello\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:3: no server here\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:9: wrong\n"}
{"Action":"fail","Package":"p","Test":"TestC"}
{"Action":"fail","Package":"p"}
{"Action":"skip","Package":"empty"}
`

func TestReadCounts(t *testing.T) {
	var out strings.Builder
	l := &layer{name: "unit"}
	l.read(strings.NewReader(stream), &out)
	if l.passed != 1 || l.failed != 1 || l.skipped != 1 {
		t.Errorf("%d passed, %d failed, %d skipped", l.passed, l.failed, l.skipped)
	}
	if got := out.String(); !strings.Contains(got, "wrong") || strings.Contains(got, "hello") {
		t.Errorf("printed %q", got)
	}
	if len(l.skips) != 1 || !strings.HasSuffix(l.skips[0], "no server here") {
		t.Errorf("skips %q", l.skips)
	}
}

func TestSummaryVerdict(t *testing.T) {
	tests := []struct {
		name   string
		layer  layer
		strict bool
		ok     bool
	}{
		{"passed", layer{passed: 1}, true, true},
		{"failed", layer{passed: 1, failed: 1}, false, false},
		{"did not build", layer{passed: 1, err: errors.New("exit status 1")}, false, false},
		{"nothing ran", layer{}, false, false},
		{"skipped by hand", layer{passed: 1, skipped: 1}, false, true},
		{"skipped in CI", layer{passed: 1, skipped: 1}, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			if ok := summary(&out, []*layer{&tt.layer}, tt.strict); ok != tt.ok {
				t.Errorf("ok is %t:\n%s", ok, &out)
			}
		})
	}
}
