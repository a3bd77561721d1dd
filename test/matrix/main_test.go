package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgrex/test/report/tally"
)

// The rows are every release of PostgreSQL and of Debian, and each can be
// asked for by its name.
func TestRows(t *testing.T) {
	rows := all()
	for _, name := range []string{"10", "11", "12", "13", "14", "15", "16", "17", "18", "pacemaker-1.1", "bullseye", "trixie"} {
		got, err := chosen(rows, []string{name})
		if err != nil || len(got) != 1 || got[0].name != name {
			t.Errorf("row %s: %v, %v", name, got, err)
		}
	}
	if got, err := chosen(rows, nil); err != nil || len(got) != len(rows) {
		t.Errorf("without a name %d rows of %d, %v", len(got), len(rows), err)
	}
	if _, err := chosen(rows, []string{"10", "9.6"}); err == nil {
		t.Error("a row that is not there is accepted")
	}
}

// What did not run, or ran and failed, is seen in the table and in the exit
// status.
func TestTable(t *testing.T) {
	good := tally.Tally{Passed: 7, Took: 90 * time.Second}
	for _, tt := range []struct {
		name    string
		row     row
		strict  bool
		ok      bool
		say     string
		sayElse string
	}{
		{"passed", row{Tally: &good, ran: "PostgreSQL 10.23"}, true, true, "7       0       0        90       PostgreSQL 10.23", ""},
		{"failed", row{Tally: &tally.Tally{Passed: 7, Failed: 1, Failures: []string{"p TestC"}}}, false, false, "has failed tests", "failed: p TestC"},
		{"did not build", row{Tally: &tally.Tally{Err: errors.New("exit status 1")}}, false, false, "exit status 1", ""},
		{"skipped one", row{Tally: &tally.Tally{Passed: 1, Skipped: 1, Skips: []string{"p TestB: no server"}}}, false, true, "skipped: p TestB: no server", ""},
		{"skipped one in CI", row{Tally: &tally.Tally{Passed: 1, Skipped: 1}}, true, false, "may not skip", ""},
		{"skipped all", row{Tally: &tally.Tally{Skipped: 1}}, false, false, "skipped all its tests", ""},
		{"not there", row{absent: errors.New("not in the cache")}, false, true, "skipped: not in the cache", "all"},
		{"not there in CI", row{absent: errors.New("not in the cache")}, true, false, "skipped: not in the cache", "all"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.row.title = "x"
			last := &row{title: "last", Tally: &good}
			var out strings.Builder
			if ok := table(&out, []*row{&tt.row, last}, tt.strict); ok != tt.ok {
				t.Errorf("ok is %t", ok)
			}
			for _, say := range []string{tt.say, tt.sayElse, "last"} {
				if !strings.Contains(out.String(), say) {
					t.Errorf("it does not say %q:\n%s", say, &out)
				}
			}
		})
	}
}
