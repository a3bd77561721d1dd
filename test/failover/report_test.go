package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgrex/test/lab"
)

func at(seconds float64) time.Time {
	return time.Unix(0, 0).Add(time.Duration(seconds * float64(time.Second)))
}

// Of each failover the phases follow each other and fill the outage, whatever
// the records lack.
func TestPhases(t *testing.T) {
	mark := func(id lab.MarkID, seconds float64) lab.Mark { return lab.Mark{ID: id, At: at(seconds)} }
	for _, tt := range []struct {
		name         string
		begin, first float64
		marks        []lab.Mark
		want         [6]float64 // detect, stop, notify, promote, address, client
		writable     float64
	}{
		{"a crash", 10, 15, []lab.Mark{mark(lab.MarkFault, 10), mark(lab.MarkDetected, 10.5), mark(lab.MarkDemoted, 11), mark(lab.MarkStopped, 12),
			mark(lab.MarkPromote, 12.5), mark(lab.MarkWritable, 13), mark(lab.MarkPromoted, 13.5), mark(lab.MarkVIP, 14.5)},
			[6]float64{0.5, 1.5, 0.5, 1, 1, 0.5}, 4.5},
		{"power lost: nothing is stopped", 10, 13, []lab.Mark{mark(lab.MarkDetected, 12), mark(lab.MarkPromote, 12.25), mark(lab.MarkPromoted, 12.5), mark(lab.MarkVIP, 12.75)},
			[6]float64{2, 0, 0.25, 0.25, 0.25, 0.25}, 2.75},
		{"known before the last commit", 10, 12, []lab.Mark{mark(lab.MarkDetected, 9), mark(lab.MarkStopped, 10.5), mark(lab.MarkPromote, 10.5),
			mark(lab.MarkWritable, 11.5), mark(lab.MarkPromoted, 11), mark(lab.MarkVIP, 11.25)}, [6]float64{0, 0.5, 0, 0.5, 0.25, 0.75}, 1.5},
		{"no records", 10, 12, nil, [6]float64{0, 0, 0, 0, 0, 2}, 0},
	} {
		got := phases(at(tt.begin), at(tt.first), tt.marks)
		for i, p := range got {
			if p.Seconds != tt.want[i] || p.Name != failoverPhases()[i] {
				t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
				break
			}
		}
		if w := writable(at(tt.begin), tt.marks).Seconds(); w != tt.writable {
			t.Errorf("%s: writable after %v, want %v", tt.name, w, tt.writable)
		}
	}
}

// What was kept becomes a table with every row of it, and a figure.
func TestWrite(t *testing.T) {
	folder := t.TempDir()
	k, err := newKeeper(folder)
	if err != nil {
		t.Fatal(err)
	}
	for n, outage := range []float64{2, 1, 4} {
		for _, agent := range []string{ours, shell} {
			p := phases(at(0), at(outage), []lab.Mark{{ID: lab.MarkDetected, At: at(outage / 2)}})
			if err := k.add(run{Row: "F01", Agent: agent, Number: n, Outage: outage, Writable: outage / 2, Phases: p, Acked: 100, Lost: n % 2, Predicted: 2.5, PredictedWorst: 6, Busy: 0.5, ProcessStart: 1.25, Version: "pgsql-ra 1.0",
				Spent: &shares{Agent: outage / 8, Address: outage / 16, Own: outage / 16}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := k.add(run{Row: starts[rewind].id, Agent: ours, Outage: 7.5,
		Phases: following(at(0), at(7.5), follow, end{beforePacemaker, at(2)}, end{join, time.Time{}}, end{starting, at(5)})}); err != nil {
		t.Fatal(err)
	}
	if err := k.add(run{Row: "F04", Agent: ours, Outage: 0.5, Phases: following(at(10), at(10.5), client, end{release, at(10.25)})}); err != nil {
		t.Fatal(err)
	}
	if err := k.add(run{Row: "F06", Agent: shell, Outage: 60.2, Never: true}); err != nil {
		t.Fatal(err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, machineFile), []byte("2 processors\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := write(folder); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, tableFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| postmaster of the primary killed (F01) | ours | 3 | **1.00** (0.50 to 2.00) | **2.00** (1.00 to 4.00) | 2.5 (worst 6.0) | 300 | 1 | 50 % | 1.2 |",
		"| postmaster of the primary killed (F01) | shell | 3 |",
		"(F06) | shell | 1 |  | no reaction in 60 s |",
		"(start-r) | ours | 1 |  | **7.50** (7.50 to 7.50) |  | 0 | 0 |",
		"2 processors\n\nOurs: pgsql-ra 1.0.\n\n| Row |",
		"| postmaster of the primary killed | ours | 1.00 | 0.00 | 0.00 | 0.00 | 0.00 | 1.00 | 0.25 | 0.12 | 0.12 |",
		"| postmaster of the standby killed | ours | 0.25 | 0.25 |\n",
		"| start of a standby with a rewind, until synchronous | ours | 2.00 | 0.00 | 3.00 | 2.50 |\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the table lacks %q:\n%s", want, text)
		}
	}
	figure, err := os.ReadFile(filepath.Join(folder, figureFile))
	if err != nil || !strings.Contains(string(figure), "<svg") || !strings.Contains(string(figure), "postmaster of the primary killed: ours") {
		t.Errorf("the figure lacks its row: %v", err)
	}
	if write(t.TempDir()) == nil {
		t.Error("a folder without runs has a table")
	}
}

func TestChosen(t *testing.T) {
	all, err := chosen("")
	if err != nil || len(all) != len(rows()) {
		t.Errorf("all rows: %d, %v", len(all), err)
	}
	some, err := chosen("F10,F01")
	if err != nil || len(some) != 2 || some[0].id != "F10" {
		t.Errorf("two rows: %v, %v", some, err)
	}
	if _, err := chosen("F99"); err == nil || !strings.Contains(err.Error(), "F01") {
		t.Errorf("an unknown row: %v", err)
	}
	if _, err := known("ours,perl"); err == nil {
		t.Error("an unknown agent is known")
	}
}
