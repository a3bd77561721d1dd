package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pgrex/test/drill"
	"pgrex/test/lab"
)

// row is one fault, and how the node that it takes comes back, which is measured
// as well.
type row struct {
	id, name string
	fencing  bool
	// event is how the name of the same fault ends in pg-rex_doctor's outlook; "" where
	// that has none.
	event string
	// strike makes the fault.
	strike func(*measurement) error
	// moves: another node takes over. freezes: commits wait for who is lost.
	moves, freezes bool
	// planned: what counts begins with the last commit before it.
	planned bool
	// loads: pgbench works meanwhile.
	loads bool
	// relent undoes the fault where the agent does nothing about it for patience.
	relent func(*measurement) error
	// back is the method by which the lost node is brought back; "" where it comes
	// back by itself.
	back method
}

// method is one of the ways in which pg-rex_slave_start brings a standby back.
type method string

const (
	asIs   method = "-n"
	rewind method = "-r"
	backup method = "-b"
)

// withoutCommands are the rows that a cluster of three nodes and more has too: who
// is lost is rebuilt by the lab.
var withoutCommands = []string{"F01", "F09", "F04", "F10"}

// withPAF are the rows that PAF has too.
var withPAF = []string{"F01", "F09", "switchover", "switchover-load", "F04", "F10"}

// ids of rows that are made beside others: by the node that comes back.
var starts = map[method]line{
	asIs:   {"start-n", "start of a standby as it is, until synchronous"},
	rewind: {"start-r", "start of a standby with a rewind, until synchronous"},
	backup: {"start-b", "start of a standby with a base backup, until synchronous"},
}

const (
	loneID   = "start-alone"
	loneName = "start of a lone primary, until clients can write"
)

// switched are, by switchover, until the old primary is a synchronous standby.
var switched = map[string]line{
	"switchover":      {"switchover-back", "switchover, until synchronous again"},
	"switchover-load": {"switchover-load-back", "switchover under pgbench, until synchronous again"},
}

// rows are all faults. Who is lost in one is a standby again before the next one.
func rows() []row {
	return []row{
		{id: "F01", name: "postmaster of the primary killed", event: "server crashes: no writes", moves: true, back: rewind, strike: killPrimary},
		{id: "F09", name: "power of the primary lost", event: "node loses power: no writes", moves: true, back: backup, strike: func(m *measurement) error { return m.from.Kill(m) }},
		{id: "F06", name: "postmaster of the primary stopped (SIGSTOP)", event: "server hangs: no writes", moves: true, back: backup, strike: sendPostmaster("STOP"), relent: sendPostmaster("CONT")},
		{id: "F07", name: "all server processes of the primary stopped (SIGSTOP)", event: "server hangs: no writes", moves: true, back: backup, strike: sendServer("STOP"), relent: sendServer("CONT")},
		{id: "switchover", name: "planned switchover", event: "switchover (pg-rex_switchover): no writes", moves: true, planned: true, strike: switchover},
		{id: "switchover-load", name: "planned switchover under pgbench", event: "switchover (pg-rex_switchover): no writes", moves: true, planned: true, loads: true, strike: switchoverUnderLoad},
		{id: "F04", name: "postmaster of the standby killed", event: "server crashes: commits wait", freezes: true, back: asIs, strike: func(m *measurement) error { _, err := m.to.KillPostgreSQL(); return err }},
		{id: "F10", name: "power of the standby lost", event: "node loses power: commits wait", freezes: true, back: asIs, strike: func(m *measurement) error { return m.to.Kill(m) }},
		{id: loneID, name: loneName, strike: alone},
		{id: "F09f", name: "power of the primary lost, with fencing", event: "node loses power: no writes", fencing: true, moves: true, back: backup, strike: func(m *measurement) error { return m.from.Kill(m) }},
	}
}

func ids() (all []string) {
	for _, w := range rows() {
		all = append(all, w.id)
	}
	return all
}

// chosen finds rows by their ids; all without any.
func chosen(list string) ([]row, error) {
	all := rows()
	if list == "" {
		return all, nil
	}
	var some []row
	for _, id := range strings.Split(list, ",") {
		i := slices.IndexFunc(all, func(w row) bool { return w.id == id })
		if i < 0 {
			return nil, fmt.Errorf("unknown row %q: there are %s", id, strings.Join(ids(), ", "))
		}
		some = append(some, all[i])
	}
	return some, nil
}

func ofKind(all []row, fencing bool) []row {
	return slices.DeleteFunc(slices.Clone(all), func(w row) bool { return w.fencing != fencing })
}

// sendPostmaster sends a signal to that of the primary.
func sendPostmaster(name string) func(*measurement) error {
	return func(m *measurement) error {
		_, err := m.from.Run(m, "sh", "-c", `kill -`+name+` "$(head -n1 `+lab.PGData+`/postmaster.pid)"`)
		return err
	}
}

// sendServer sends a signal to all processes of the primary's server.
func sendServer(name string) func(*measurement) error {
	return func(m *measurement) error {
		_, err := m.from.Run(m, "pkill", "-"+name, "-U", "postgres")
		return err
	}
}

// patience is how long an agent has for a fault that is relented.
const patience = time.Minute

func killPrimary(m *measurement) error { _, err := m.from.KillPostgreSQL(); return err }

// switchover is pg-rex_switchover with our agent, and what has no command for
// it with the other.
func switchover(m *measurement) error {
	switch m.agent {
	case shell:
		_, err := m.from.Run(m, "crm_standby", "-N", m.from.Name, "-v", "on")
		return err
	case paf:
		_, err := m.from.Run(m, "crm_resource", "--move", "-r", "msPostgresql", "-N", m.to.Name, "--promoted")
		return err
	}
	return m.operate(m.from, "pg-rex_switchover", "--yes")
}

// loadClients is pgbench's share beside the client that is measured.
const loadClients = 8

func switchoverUnderLoad(m *measurement) error {
	if err := m.startLoad(cmp.Or(m.load, loadClients)); err != nil {
		return err
	}
	return switchover(m)
}

// startLoad lets clients of pgbench work on the primary, and the fault begin then.
func (m *measurement) startLoad(clients int) error {
	if m.unload != nil {
		return nil
	}
	m.loaded.Add(1)
	loading, stop := context.WithCancel(m)
	m.unload = stop
	go func() { // it ends with the primary
		defer m.loaded.Done()
		_, _ = m.from.RunAs(loading, "postgres", m.PGBin()+"/pgbench", "-n", "-c", fmt.Sprint(clients), "-T", "120", loadDatabase)
	}()
	err := lab.Pause(m, 5*time.Second)
	m.fault = time.Now()
	return err
}

const loadDatabase = "postgres"

// prepare gives a new cluster what the rows need. What pgbench works on is there only
// where it is to work: base backup and rewind take longer with it.
func prepare(ctx context.Context, l *lab.Lab, tools string, fencing, load bool) error {
	if err := l.InstallTools(tools, drill.Kind{Nodes: len(l.Nodes()), Fencing: fencing}.Configuration()); err != nil || !load {
		return err
	}
	s, err := l.Status(ctx)
	if err != nil {
		return err
	}
	primary, err := l.Node(s.Primary())
	if err != nil {
		return err
	}
	_, err = primary.RunAs(ctx, "postgres", l.PGBin()+"/pgbench", "-i", "-q", "-s", "5", loadDatabase)
	return err
}

// prediction is an outage that pg-rex_doctor expects, in seconds.
type prediction struct {
	What    string  `json:"what"`
	Typical float64 `json:"typical_s"` // 0 for one without an end
	Worst   float64 `json:"worst_s"`
}

// predict asks our doctor for the outages to expect in this cluster.
func predict(ctx context.Context, l *lab.Lab) ([]prediction, error) {
	s, err := l.Nodes()[0].Operate(ctx, "C.UTF-8", "", "pg-rex_doctor", "--output", "json")
	if err != nil {
		return nil, err
	}
	var report struct {
		Outages []prediction `json:"outages"`
	}
	_, text, _ := strings.Cut(s.Text, "{")
	if err := json.NewDecoder(strings.NewReader("{" + text)).Decode(&report); err != nil {
		return nil, fmt.Errorf("pg-rex_doctor: %w: %s", err, s.Text)
	}
	if len(report.Outages) == 0 {
		return nil, errors.New("pg-rex_doctor says nothing of outages: " + s.Text)
	}
	return report.Outages, nil
}

// alone stops both nodes, the standby first, and starts the primary again.
func alone(m *measurement) error {
	for _, n := range []*lab.Node{m.to, m.from} {
		if err := m.operate(n, "pg-rex_stop", "--yes"); err != nil {
			return err
		}
	}
	m.fault = time.Now()
	return m.operate(m.from, "pg-rex_master_start", "--yes")
}
