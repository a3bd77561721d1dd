package lab

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"
)

func clock(t *testing.T, hms string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04:05.000", "2026-11-23 "+hms)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func fixture(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// The logs are those of a demo with the shell agent: kill -9 at 04:11:50.917.
func TestTimelineOfCrash(t *testing.T) {
	fault := clock(t, "04:11:50.917")
	actions := append(
		parseActions("node01", fixture(t, "pacemaker-2.1.5-crash-node01.log"), fault),
		parseActions("node02", fixture(t, "pacemaker-2.1.5-crash-node02.log"), fault)...)
	lines := parsePostgreSQL("node02", fixture(t, "postgresql-15-promote.log"), fault)
	h := History{Acked: []Attempt{
		{N: 1, Begin: clock(t, "04:11:50.880"), End: clock(t, "04:11:50.887")},
		{N: 9, Begin: clock(t, "04:12:07.150"), End: clock(t, "04:12:07.267")},
		{N: 10, Begin: clock(t, "04:12:07.272"), End: clock(t, "04:12:07.278")},
	}}
	got := timeline(fault, time.Time{}, "node01", "node02", actions, lines, h)
	want := []Mark{
		{MarkLastAck, "node01", clock(t, "04:11:50.887")},
		{MarkFault, "node01", fault},
		{MarkDetected, "node01", clock(t, "04:11:57.131")},
		{MarkDemoted, "node01", clock(t, "04:11:58.775")},
		{MarkStopped, "node01", clock(t, "04:12:02.111")},
		{MarkPromote, "node02", clock(t, "04:12:03.099")},
		{MarkWritable, "node02", clock(t, "04:12:04.239")},
		{MarkPromoted, "node02", clock(t, "04:12:05.067")},
		{MarkVIP, "node02", clock(t, "04:12:06.771")},
		{MarkFirstAck, "node02", clock(t, "04:12:07.267")},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// The same of Pacemaker 3, with the product's agent: the words in the log differ.
func TestTimelineIsReadFromPacemaker3(t *testing.T) {
	fault := clock(t, "04:39:14.040")
	actions := append(
		parseActions("node01", fixture(t, "pacemaker-3.0.0-crash-node01.log"), fault),
		parseActions("node02", fixture(t, "pacemaker-3.0.0-crash-node02.log"), fault)...)
	var got []MarkID
	for _, m := range timeline(fault, time.Time{}, "node01", "node02", actions, nil, History{}) {
		got = append(got, m.ID)
	}
	want := []MarkID{MarkFault, MarkDetected, MarkDemoted, MarkStopped, MarkPromote, MarkPromoted, MarkVIP}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestResultsOfAllVersionsLookAlike(t *testing.T) {
	for logged, want := range map[string]string{
		"0 (ok) ": "ok", "ok ": "ok", "OK ": "ok", "not running ": "not running", "7 (not running) ": "not running",
		"Cancelled ": "cancelled", "error (Simulated failure) ": "error", "Promoted ": "promoted",
	} {
		if got := plainResult(logged); got != want {
			t.Errorf("plainResult(%q) = %q, want %q", logged, got, want)
		}
	}
}

func TestLogsBeforeTheFaultDoNotCount(t *testing.T) {
	after := clock(t, "04:12:05.000")
	for _, a := range parseActions("node02", fixture(t, "pacemaker-2.1.5-crash-node02.log"), after) {
		if a.End.Before(after) {
			t.Errorf("%+v is from before the fault", a)
		}
	}
}

func TestNodeLossIsADetection(t *testing.T) {
	fault := clock(t, "04:11:50.000")
	const log = "Nov 23 04:11:40.119 node02 pacemaker-controld  [70] (update_peer_state_iter) \tnotice: Node node01 state is now lost | nodeid=1\n" +
		"Nov 23 04:11:52.119 node02 pacemaker-controld  [70] (update_peer_state_iter) \tnotice: Node node01 state is now lost | nodeid=1\n"
	lost := parsePeerLoss("node01", log, fault)
	got := timeline(fault, lost, "node01", "node02", nil, nil, History{})
	want := []Mark{{MarkFault, "node01", fault}, {MarkDetected, "node02", clock(t, "04:11:52.119")}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSyslogTimeTakesTheNearestYear(t *testing.T) {
	newYear := time.Date(2027, 1, 1, 0, 0, 5, 0, time.UTC)
	for line, want := range map[string]time.Time{
		"Dec 31 23:59:59.500 node01 x": time.Date(2026, 12, 31, 23, 59, 59, 5e8, time.UTC),
		"Jan  1 00:00:09.000 node01 x": time.Date(2027, 1, 1, 0, 0, 9, 0, time.UTC),
	} {
		if got, ok := parseSyslogTime(line, newYear); !ok || !got.Equal(want) {
			t.Errorf("%q is %v, want %v", line, got, want)
		}
	}
	if _, ok := parseSyslogTime("Nov 23 04:01:30  pgsql(pgsql)[8525]:    INFO: x", newYear); ok {
		t.Error("a line without fractions of a second was taken for one of Pacemaker's daemons")
	}
}

// The time of a failover is somebody's at every moment: the agent's before the
// addresses', and of nobody's action the cluster's own.
func TestSpent(t *testing.T) {
	at := func(seconds float64) time.Time {
		return time.Unix(100, 0).Add(time.Duration(seconds * float64(time.Second)))
	}
	action := func(resource, name string, begin, end float64) Action {
		return Action{Node: "node01", Resource: resource, Name: name, Begin: at(begin), End: at(end)}
	}
	actions := []Action{
		action("pgsql", "demote", -1, 1), action("vip-rep", "stop", 0.5, 2), // one beside the other
		action("pgsql", "promote", 3, 4), action("vip-master", "start", 4.25, 5), action("vip-master", "start", 4.5, 6.5),
		{Node: "node02", Resource: "pgsql", Name: "monitor", End: at(7)}, // no begin: it may have been any time
	}
	if got, want := spent(at(0), at(6), actions), (Spent{Agent: 2 * time.Second, Address: 2750 * time.Millisecond, Own: 1250 * time.Millisecond}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := spent(at(0), at(3), nil); got.Own != 3*time.Second {
		t.Errorf("of nothing known: %+v", got)
	}
}
