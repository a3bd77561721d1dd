package tally

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

const stream = `{"Action":"output","Package":"p","Test":"TestA","Output":"hello\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: VERSIONS PostgreSQL 9, Pacemaker 1\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: VERSIONS PostgreSQL 9, Pacemaker 1\n"}
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
	var tally Tally
	tally.read(strings.NewReader(stream), &out)
	if tally.Passed != 1 || tally.Failed != 1 || tally.Skipped != 1 {
		t.Errorf("%d passed, %d failed, %d skipped", tally.Passed, tally.Failed, tally.Skipped)
	}
	if got := out.String(); !strings.Contains(got, "wrong") || strings.Contains(got, "hello") {
		t.Errorf("printed %q", got)
	}
	if !slices.Equal(tally.Failures, []string{"p TestC"}) {
		t.Errorf("failures %q", tally.Failures)
	}
	if !slices.Equal(tally.Skips, []string{"p TestB: no server here"}) {
		t.Errorf("skips %q", tally.Skips)
	}
	if !slices.Equal(tally.Versions, []string{"PostgreSQL 9, Pacemaker 1"}) {
		t.Errorf("versions %q", tally.Versions)
	}
}

func TestVerdict(t *testing.T) {
	for _, tt := range []struct {
		name   string
		tally  Tally
		strict bool
		want   string
	}{
		{"passed", Tally{Passed: 1}, true, ""},
		{"failed", Tally{Passed: 1, Failed: 1}, false, "has failed tests"},
		{"did not build", Tally{Passed: 1, Err: errors.New("exit status 1")}, false, "failed: exit status 1"},
		{"nothing ran", Tally{}, false, "ran no test"},
		{"all skipped", Tally{Skipped: 1}, false, "skipped all its tests"},
		{"skipped by hand", Tally{Passed: 1, Skipped: 1}, false, ""},
		{"skipped in CI", Tally{Passed: 1, Skipped: 1}, true, "may not skip tests here"},
	} {
		if got := tt.tally.Verdict(tt.strict); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A run of the real go test: its counts, what it was given, and every word of
// the test that failed.
func TestRun(t *testing.T) {
	var out bytes.Buffer
	tally := Run(&out, []string{"TALLY_SAYS=what it was given"}, "./testdata/failing")
	if tally.Passed != 1 || tally.Failed != 1 || tally.Skipped != 1 || tally.Err == nil {
		t.Errorf("%d passed, %d failed, %d skipped, %v", tally.Passed, tally.Failed, tally.Skipped, tally.Err)
	}
	if !strings.Contains(out.String(), "what it was given") || strings.Contains(out.String(), "nobody wants to know") {
		t.Errorf("printed %q", &out)
	}
	if tally := Run(&out, nil, "./testdata/nothing"); tally.Err == nil || tally.Verdict(false) == "" {
		t.Error("a package that is not there has passed")
	}
}
