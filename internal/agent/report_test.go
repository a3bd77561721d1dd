package agent

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"

	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/internal/run"
)

// reporter is an agent of which only the log is of interest.
func reporter(set pg.Settings) (*Agent, *bytes.Buffer) {
	var log bytes.Buffer
	l := logrus.New()
	l.SetOutput(&log)
	l.SetFormatter(&logrus.TextFormatter{DisableTimestamp: true, DisableQuote: true})
	return &Agent{node: "node01", log: l, pg: pg.New(set, run.Local{}),
		params: ocf.Params{SlotName: "rex", NodeList: []string{"node01", "node-2.x"}}}, &log
}

func TestReportSlots(t *testing.T) {
	const much = retainedWarning + 1<<20
	for _, c := range []struct {
		slot pg.Slot
		want string
	}{
		{pg.Slot{Name: "rex_node_2_x", Retained: much}, "level=warning msg=the replication slot rex_node_2_x of node-2.x is not in use and keeps 1025 MiB of WAL\n"},
		{pg.Slot{Name: "rex_node_2_x", Retained: much, Active: true}, ""},
		{pg.Slot{Name: "rex_node_2_x", Retained: retainedWarning}, ""},
		{pg.Slot{Name: "rex_gone", Retained: much}, "level=warning msg=the replication slot rex_gone of nobody in node_list is not in use and keeps 1025 MiB of WAL\n"},
		{pg.Slot{Name: "rex_node_2_x", Lost: true}, "level=warning msg=the replication slot rex_node_2_x of node-2.x was invalidated: it keeps no WAL, and the standby may need a rebuild\n"},
		{pg.Slot{Name: "rex_gone", Lost: true}, ""},
	} {
		a, log := reporter(pg.Settings{})
		a.reportSlots([]pg.Slot{c.slot})
		if log.String() != c.want {
			t.Errorf("%+v: %q", c.slot, log.String())
		}
	}
}

func TestReportFollowing(t *testing.T) {
	dir := t.TempDir()
	server := filepath.Join(dir, "server.log")
	why := "FATAL:  could not receive data from WAL stream: ERROR:  requested WAL segment 000000010000000000000003 has already been removed"
	if err := os.WriteFile(server, []byte("LOG:  something\n"+why+"\nLOG:  waiting for WAL\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		state pg.ServerState
		log   string
		want  string
	}{
		{pg.ServerState{ReceiverStatus: "streaming"}, server, ""},
		{pg.ServerState{ReceiverStatus: pg.ReceiverHidden}, server, ""},
		{pg.ServerState{}, server, "does not receive WAL from the primary: " + strings.Join(strings.Fields(why), " ")},
		{pg.ServerState{ReceiverStatus: "waiting"}, "/dev/null", "does not receive WAL from the primary: the server's log tells why"},
		{pg.ServerState{ReceiverStatus: "streaming", ReplayPaused: true}, server, "replay is paused"},
	} {
		a, log := reporter(pg.Settings{Data: dir, LogFile: c.log})
		a.reportFollowing(c.state)
		if got := log.String(); (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q", c.state, got)
		}
	}
}

func TestWordsOfTheLog(t *testing.T) {
	for line, want := range map[string]string{
		"2026-11-23 12:05:17.321 UTC [2287] FATAL: could not create lock file": "FATAL: could not create lock file",
		"2026-11-23 12:05:17.321 UTC [2287] PANIC:  could not write":           "PANIC: could not write",
		"server starting": "server starting",
	} {
		if got := words(line); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}
