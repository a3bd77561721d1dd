package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"pgrex/test/lab"
)

// run is what came of one fault, or of the start of a node after it. Times are in
// seconds.
type run struct {
	Row    string    `json:"row"`
	Agent  string    `json:"agent"`
	Number int       `json:"number"`
	At     time.Time `json:"at"`
	// Outage is the longest time between two commits that the client was
	// acknowledged; of a start, how long it took.
	Outage float64 `json:"outage"`
	// Writable is until the new primary takes writes and has the clients' address:
	// since the fault, and since the last commit where it was planned. 0 where no
	// node takes over.
	Writable float64 `json:"writable,omitempty"`
	Phases   []phase `json:"phases,omitempty"`
	// Spent is whose the time until writable was.
	Spent *shares `json:"spent,omitempty"`
	// Never says that the agent did nothing until the fault was undone.
	Never bool `json:"never,omitempty"`
	Acked int  `json:"acked,omitempty"`
	Lost  int  `json:"lost"`
	// Predicted is the outage that pg-rex_doctor expects in this cluster, and
	// PredictedWorst the longest; 0 without.
	Predicted      float64 `json:"predicted,omitempty"`
	PredictedWorst float64 `json:"predictedWorst,omitempty"`
	// Busy is the share of the processors that was in use, from 0 to 1.
	Busy float64 `json:"busy"`
	// ProcessStart is how long a shell of a node takes to start a program and see it
	// end, in milliseconds: most of a failover is that.
	ProcessStart float64 `json:"processStart"`
	// Version is that of our programs, "" for another agent.
	Version string `json:"version,omitempty"`
}

// phase is a part of an outage.
type phase struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// shares are what the agent of PostgreSQL and those of the addresses took of the time
// until writable, and what is Pacemaker's and Corosync's own, in seconds.
type shares struct {
	Agent   float64 `json:"agent"`
	Address float64 `json:"address"`
	Own     float64 `json:"own"`
}

// measurement is one run under way.
type measurement struct {
	*lab.Lab
	context.Context
	agent    string
	label    string // what the agent is called in the table
	load     int    // clients of pgbench
	number   int
	seed     uint64
	keep     *keeper
	outlook  []prediction
	version  string
	programs float64   // see run.ProcessStart
	from, to *lab.Node // primary and standby of before the fault
	fault    time.Time
	loaded   sync.WaitGroup
	unload   context.CancelFunc // nil without load
}

// longestInterval is that of the monitors of the cluster.
const longestInterval = 9 * time.Second

// measure makes one fault on a cluster in its normal state, and leaves it so.
func (m *measurement) measure(w row) error {
	if err := m.roles(); err != nil {
		return err
	}
	var err error
	if m.programs, err = processStart(m, m.to); err != nil {
		return err
	}
	busy := busySince()
	writer := m.StartWriter(m)
	defer writer.Stop()
	// The fault falls anywhere in the interval of a monitor, and of each agent at
	// the same places.
	chance := rand.New(rand.NewPCG(m.seed, uint64(m.number)))
	if err := lab.Pause(m, 2*time.Second+time.Duration(chance.Int64N(int64(longestInterval)))); err != nil {
		return err
	}
	m.fault = time.Now()
	defer m.endLoad()
	if m.load > 0 {
		if err := m.startLoad(m.load); err != nil {
			return err
		}
	}
	if err := w.strike(m); err != nil {
		return err
	}
	never, limit := false, lab.Timeouts.Takeover
	if m.agent == paf && !w.planned {
		w.relent = waitForNobody
	}
	if w.relent != nil {
		limit = patience
	}
	switch {
	case m.agent == paf && !w.planned: // it may start the old primary again, and may wait for ever
		_, err = writer.WaitAck(m, m.fault.Add(100*time.Millisecond), limit)
	case w.moves:
		err = m.WaitPrimary(m, m.to, limit)
	}
	if err != nil && w.relent != nil && m.Err() == nil {
		never, w.moves, w.back = true, false, ""
		err = w.relent(m)
	}
	if err != nil {
		return err
	}
	after := m.fault.Add(100 * time.Millisecond)
	if w.moves && !never { // the old primary may have acknowledged until it was over
		after = time.Now()
	}
	if _, err := writer.WaitAck(m, after, lab.Timeouts.Takeover); err != nil {
		return err
	}
	if err := lab.Pause(m, 2*time.Second); err != nil {
		return err
	}
	h := writer.Stop()
	m.endLoad()
	r := run{Row: w.id, Agent: m.label, Number: m.number, At: m.fault, Acked: len(h.Acked), Busy: busy(), ProcessStart: m.programs, Version: m.version, Never: never}
	if err := m.judge(w, h, &r); err != nil {
		return err
	}
	for _, p := range m.outlook {
		if w.event != "" && strings.HasSuffix(p.What, w.event) {
			r.Predicted, r.PredictedWorst = p.Typical, p.Worst
		}
	}
	if err := m.keep.add(r); err != nil {
		return err
	}
	if m.agent == paf {
		return m.rejoin(never)
	}
	if never {
		return nil
	}
	return m.comeBack(w)
}

func (m *measurement) endLoad() {
	if m.unload != nil {
		m.unload()
		m.loaded.Wait()
	}
}

// roles waits for the normal state and notes who is what.
func (m *measurement) roles() error {
	if err := m.WaitNormal(m); err != nil {
		return err
	}
	s, err := m.Status(m)
	if err != nil {
		return err
	}
	for _, n := range m.Nodes() {
		if n.Name == s.Primary() {
			m.from = n
		} else if m.to == nil || s.Nodes[n.Name].Attributes["master-pgsql"] == "100" {
			m.to = n
		}
	}
	return nil
}

// judge works out the figures of a fault.
func (m *measurement) judge(w row, h lab.History, r *run) (err error) {
	gap := h.LongestGap()
	r.Outage = gap.Length().Seconds()
	if w.id == loneID { // the stops before it are no part of it
		first, ok := h.FirstAckAfter(m.fault)
		if !ok {
			return errors.New("nothing was acknowledged after the start")
		}
		r.Outage = first.End.Sub(m.fault).Seconds()
		if r.Phases, err = m.startPhases(m.from, m.fault, first.End); err != nil {
			return err
		}
	}
	switch {
	case w.moves:
		marks, err := m.Failover(m.fault, m.from, m.to, h)
		if err != nil {
			return err
		}
		begin := m.fault
		if w.planned {
			begin = gap.From
		}
		took := writable(begin, marks)
		r.Writable, r.Phases = took.Seconds(), phases(begin, gap.To, marks)
		s, err := m.Spent(begin, begin.Add(took))
		if err != nil {
			return err
		}
		r.Spent = &shares{s.Agent.Seconds(), s.Address.Seconds(), s.Own.Seconds()}
	case w.freezes:
		released, err := m.from.Released(m.fault)
		if err != nil {
			return err
		}
		r.Phases = following(m.fault, gap.To, client, end{release, released})
	}
	v, err := m.Check(m, h)
	r.Lost = len(v.Lost)
	return err
}

// writable is how long after begin both are there, server and address.
func writable(begin time.Time, marks []lab.Mark) time.Duration {
	var last time.Time
	for _, mark := range marks {
		if (mark.ID == lab.MarkWritable || mark.ID == lab.MarkVIP) && mark.At.After(last) {
			last = mark.At
		}
	}
	if last.IsZero() {
		return 0
	}
	return last.Sub(begin)
}

// ends are the phases of a failover by what ends them, in their order.
var ends = []struct {
	name string
	at   []lab.MarkID
}{
	{"detect", []lab.MarkID{lab.MarkDetected}},
	{"demote, stop", []lab.MarkID{lab.MarkDemoted, lab.MarkStopped}},
	{"notify", []lab.MarkID{lab.MarkPromote}},
	{"promote", []lab.MarkID{lab.MarkPromoted}},
	{"address", []lab.MarkID{lab.MarkVIP}},
}

const (
	client  = "client"  // what is left: until its first commit
	release = "release" // until the primary waits for nobody
)

// Phases of a start.
const (
	beforePacemaker = "before Pacemaker" // the command's own work, with the data too
	join            = "join"
	starting        = "start"
	follow          = "until there" // synchronous, or writable
)

// phases divide the time from begin to the first commit.
func phases(begin, first time.Time, marks []lab.Mark) []phase {
	var all []end
	for _, e := range ends {
		last := end{name: e.name}
		for _, mark := range marks {
			if slices.Contains(e.at, mark.ID) && mark.At.After(last.at) && mark.At.Before(first) {
				last.at = mark.At
			}
		}
		all = append(all, last)
	}
	return following(begin, first, client, all...)
}

// end is when a phase was over; zero where the records do not show it.
type end struct {
	name string
	at   time.Time
}

// following are phases that follow each other from begin to the last moment, and the
// last one. What the records do not show, and what was over when another phase ended,
// lasts no time.
func following(begin, last time.Time, rest string, ends ...end) []phase {
	var all []phase
	for _, e := range ends {
		if e.at.Before(begin) || e.at.After(last) {
			e.at = begin
		}
		all = append(all, phase{e.name, e.at.Sub(begin).Seconds()})
		begin = e.at
	}
	return append(all, phase{rest, last.Sub(begin).Seconds()})
}

// startPhases divide the time in which a node was started.
func (m *measurement) startPhases(n *lab.Node, typed, done time.Time) ([]phase, error) {
	pacemaker, begin, over, err := n.Joined(typed)
	return following(typed, done, follow, end{beforePacemaker, pacemaker}, end{join, begin}, end{starting, over}), err
}

// comeBack brings back who was lost, by our commands, and measures that.
func (m *measurement) comeBack(w row) error {
	switch {
	case len(m.Nodes()) > 2:
		return m.rebuild(w)
	case w.id == loneID:
		return m.start(m.to, asIs)
	case w.back == "" && m.agent != shell: // the switchover does
		if err := m.synchronous(m.from); err != nil {
			return err
		}
		if err := m.keepStart(switched[w.id].id, time.Since(m.fault), nil); err != nil {
			return err
		}
		return m.WaitNormal(m)
	case w.back == "":
		if _, err := m.to.Run(m, "crm_standby", "-N", m.from.Name, "-D"); err != nil {
			return err
		}
		return m.start(m.from, backup)
	case w.moves:
		return m.start(m.from, w.back)
	}
	return m.start(m.to, w.back)
}

// rebuild brings back who was lost where the commands know no third node.
func (m *measurement) rebuild(w row) error {
	lost := m.to
	if w.moves {
		lost = m.from
	}
	if err := lost.SwitchOn(m); err != nil {
		return err
	}
	if err := m.JoinStandby(m, lost); err != nil {
		return err
	}
	if _, err := lost.Run(m, "crm_resource", "--cleanup"); err != nil {
		return err
	}
	return m.WaitNormal(m)
}

// waitForNobody is what a person does with PAF, which leaves it to people for whom
// commits wait.
func waitForNobody(m *measurement) error {
	primary, err := m.primary()
	if err != nil {
		return err
	}
	return m.WaitForNobody(m, primary)
}

func (m *measurement) primary() (*lab.Node, error) {
	s, err := m.Status(m)
	if err != nil {
		return nil, err
	}
	return m.Node(s.Primary())
}

// rejoin makes the cluster of PAF whole again: it has no commands for that.
func (m *measurement) rejoin(released bool) error {
	primary, err := m.primary()
	if err != nil {
		return err
	}
	other := m.from
	if primary == m.from {
		other = m.to
	}
	const itself = 20 * time.Second // so long it may take to come back
	if !other.Running() || m.WaitStandby(m, other, itself) != nil {
		if other.Running() { // a stop that has failed would be waited for
			if err := other.Kill(m); err != nil {
				return err
			}
		}
		if err := other.SwitchOn(m); err != nil {
			return err
		}
		if err := m.JoinStandby(m, other); err != nil {
			return err
		}
	}
	if released {
		if err := m.WaitForStandbys(m, primary); err != nil {
			return err
		}
	}
	for _, undo := range []string{"--clear", "--cleanup"} {
		if _, err := primary.Run(m, "crm_resource", undo, "-r", "msPostgresql"); err != nil {
			return err
		}
	}
	return m.WaitNormal(m)
}

// start brings a node back, and measures how long that takes.
func (m *measurement) start(n *lab.Node, how method) error {
	if err := n.SwitchOn(m); err != nil {
		return err
	}
	if err := m.operate(n, "pg-rex_stop", "--yes", "-f"); err != nil {
		return err
	}
	typed, done := time.Now(), make(chan error, 1)
	go func() { done <- m.operate(n, "pg-rex_slave_start", string(how), "--remove-lock", "--yes") }()
	err := m.synchronous(n)
	there := time.Now()
	if err := errors.Join(err, <-done); err != nil {
		return err
	}
	phases, err := m.startPhases(n, typed, there)
	if err != nil {
		return err
	}
	if err := m.keepStart(starts[how].id, there.Sub(typed), phases); err != nil {
		return err
	}
	return m.WaitNormal(m)
}

func (m *measurement) keepStart(id string, took time.Duration, phases []phase) error {
	return m.keep.add(run{Row: id, Agent: m.label, Number: m.number, At: m.fault, Outage: took.Seconds(), Phases: phases, ProcessStart: m.programs, Version: m.version})
}

func (m *measurement) synchronous(n *lab.Node) error {
	return m.WaitStandby(m, n, lab.Timeouts.Standby)
}

func (m *measurement) operate(n *lab.Node, argv ...string) error {
	s, err := n.Operate(m, "C.UTF-8", "", argv...)
	if err == nil && s.Status != 0 {
		err = fmt.Errorf("%s# %s: exit status %d: %s", n.Name, strings.Join(argv, " "), s.Status, s.Text)
	}
	return err
}

// processStart measures what [run.ProcessStart] says.
func processStart(ctx context.Context, n *lab.Node) (float64, error) {
	const times = 50
	var took [2]time.Duration
	for i, count := range []int{0, times} {
		begun := time.Now()
		if _, err := n.Run(ctx, "sh", "-c", fmt.Sprintf("i=0; while [ $i -lt %d ]; do /bin/true; i=$((i+1)); done", count)); err != nil {
			return 0, err
		}
		took[i] = time.Since(begun)
	}
	return float64((took[1] - took[0]).Microseconds()) / 1000 / times, nil
}

// version is what one of our programs says of itself.
func version(ctx context.Context, program string) (string, error) {
	out, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", program, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// machine describes what the runs are made on, in one line of Markdown.
func machine(ctx context.Context, n *lab.Node, pgbin string) (string, error) {
	out, err := n.Run(ctx, "sh", "-c", `echo "$(nproc) processors ($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)), Linux $(uname -r)"
pacemakerd --version | head -n 1
corosync -v | head -n 1
`+pgbin+`/postgres --version
awk '/^MemTotal/ {printf "%.0f GiB of memory\n", $2/1048576}' /proc/meminfo; echo "nodes on tmpfs"`)
	if err != nil {
		return "", err
	}
	return strings.Join(strings.Split(strings.TrimSpace(out), "\n"), "; ") + ".", nil
}

// busySince returns what gives the share of the processors in use since now.
func busySince() func() float64 {
	idle, all := processors()
	return func() float64 {
		i, a := processors()
		return 1 - float64(i-idle)/float64(max(a-all, 1))
	}
}

// processors are the times of /proc/stat since the boot (proc(5)).
func processors() (idle, all int64) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(strings.TrimPrefix(line, "cpu")) {
		var n int64
		_, _ = fmt.Sscan(field, &n)
		if i < 8 { // what guests use is counted before
			all += n
		}
		if i == 3 || i == 4 { // idle, or waiting for a disk
			idle += n
		}
	}
	return idle, all
}

// keeper keeps single runs as they are made.
type keeper struct{ *os.File }

const runsFile = "runs.jsonl"

func newKeeper(folder string) (*keeper, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(folder, runsFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	return &keeper{f}, nil
}

func (k *keeper) add(r run) error {
	text, err := json.Marshal(r)
	if err == nil {
		_, err = k.Write(append(text, '\n'))
	}
	fmt.Printf("%-16s %-6s %2d  %6.2f s  until writable %6.2f s  %d rows, %d lost, %2.0f %% busy%s\n", r.Row, r.Agent, r.Number, r.Outage, r.Writable,
		r.Acked, r.Lost, 100*r.Busy, told(r.Phases))
	return err
}

func told(phases []phase) string {
	var b strings.Builder
	for _, p := range phases {
		fmt.Fprintf(&b, "  %s %.2f", p.Name, p.Seconds)
	}
	return b.String()
}
