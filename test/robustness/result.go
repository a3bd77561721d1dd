package robustness

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"pgrex/test/audit"
	"pgrex/test/lab"
	"pgrex/test/robustness/history"
)

// Kind is what came of the faults of one kind.
type Kind struct {
	Made    int `json:"made"`
	NotMade int `json:"not_made,omitempty"` // another fault was in the way
	// Outages are the longest times without an acknowledged commit, each from the
	// fault to the end of its episode.
	Outages []Seconds `json:"outages,omitempty"`
}

// Seconds is a time as a number of seconds in JSON.
type Seconds time.Duration

// MarshalJSON writes tenths.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%.1f", time.Duration(s).Seconds()), nil
}

// What an outage is counted under that does not belong to one fault.
const (
	Together = "together" // two faults at once
	Alone    = "alone"    // a cluster that was not whole
)

// Answers are those that a client can note, as they are counted.
var Answers = []history.Answer{history.OK, history.Failed, history.Unknown}

// Result is what came of a run.
type Result struct {
	Options `json:"-"`
	Began   time.Time
	Took    time.Duration // with the last repair and the verdict
	Folder  string        // where requests, events and, after a find, logs are kept
	// Kinds are the faults by their number, and Together and Alone.
	Kinds map[string]*Kind
	// Acked and Lost count rows: of the writers and of the probes of every node.
	Acked, Lost int
	Requests    map[history.Operation]map[history.Answer]int
	Audits      map[audit.Invariant]int // how often each invariant was looked at
	Finds       []string
}

// Faults counts those that were made.
func (r Result) Faults() int {
	sum := 0
	for _, k := range r.Kinds {
		sum += k.Made
	}
	return sum
}

// Line is the result as one line of JSON, for a record of runs.
func (r Result) Line() string {
	line, err := json.Marshal(struct {
		Began    string                                       `json:"began"`
		Seed     uint64                                       `json:"seed"`
		Nodes    int                                          `json:"nodes"`
		Fencing  bool                                         `json:"fencing"`
		Quick    bool                                         `json:"quick"`
		Every    string                                       `json:"every"`
		Together int                                          `json:"together,omitempty"`
		Took     Seconds                                      `json:"took"`
		Faults   int                                          `json:"faults"`
		Acked    int                                          `json:"acked"`
		Lost     int                                          `json:"lost"`
		Finds    []string                                     `json:"finds"`
		Kinds    map[string]*Kind                             `json:"kinds"`
		Requests map[history.Operation]map[history.Answer]int `json:"requests"`
		Audits   map[audit.Invariant]int                      `json:"audits,omitempty"`
	}{
		r.Began.UTC().Format(time.RFC3339), r.Seed, r.Options.Nodes, r.Fencing, r.Quick, fmt.Sprintf("%v-%v", r.Least, r.Most), r.Options.Together, Seconds(r.Took), r.Faults(),
		r.Acked, r.Lost, append([]string{}, r.Finds...), r.Kinds, r.Requests, r.Audits,
	})
	if err != nil {
		return fmt.Sprintf("{%q: %q}", "error", err)
	}
	return string(line)
}

func (r *run) kind(id string) *Kind {
	if r.result.Kinds[id] == nil {
		r.result.Kinds[id] = &Kind{}
	}
	return r.result.Kinds[id]
}

// account notes how long an episode was felt.
func (r *run) account(e Episode, began time.Time, whole bool, made int) {
	id := e.Entries[0].Fault
	switch {
	case made == 0:
		return
	case len(e.Entries) > 1:
		id = Together
	case !whole:
		id = Alone
	}
	outage := longestGap(r.clients.rows(), began, time.Now())
	r.kind(id).Outages = append(r.kind(id).Outages, Seconds(outage))
	r.tell("longest time without a commit: %.1f s", outage.Seconds())
}

// longestGap is the longest time from one acknowledgement of any writer to the
// next one of any writer, between two times, which count as ones.
func longestGap(rows []lab.History, since, until time.Time) time.Duration {
	ends := []time.Time{since, until}
	for _, h := range rows {
		for i := len(h.Acked) - 1; i >= 0 && h.Acked[i].End.After(since); i-- {
			ends = append(ends, h.Acked[i].End)
		}
	}
	slices.SortFunc(ends, time.Time.Compare)
	var longest time.Duration
	for i := 1; i < len(ends); i++ {
		longest = max(longest, ends[i].Sub(ends[i-1]))
	}
	return longest
}

// judge stops all clients and looks at everything they have noted. The error says
// that this could not be done.
func (r *run) judge() error {
	if err := context.Cause(r); err != nil {
		return errors.Join(err, r.keep(r.clients.end()))
	}
	_ = lab.Pause(r, 2*time.Second) // of traffic after the last repair
	requests := r.clients.end()
	r.result.count(requests)
	r.calls.Histories = map[string]lab.History{}
	for i, h := range r.clients.rows() {
		r.calls.Histories[fmt.Sprintf("vip-master (writer%d)", i+1)] = h
	}
	report := r.audit.Stop(r, r.calls)
	for _, f := range report.Findings {
		r.find(errors.New(f.String()))
	}
	r.result.Audits = report.Looks
	for _, rows := range report.Rows {
		r.result.Acked += rows.Acked
		r.result.Lost += len(rows.Lost)
	}
	if t, err := readTruth(r, lab.VIPMaster); err != nil {
		r.find(fmt.Errorf("cannot read what is there at the end: %w", err))
	} else {
		for _, err := range slices.Concat(history.Transfers(requests, t.bank), history.Register(requests, t.lists, time.Minute),
			history.Snapshots(requests, total, t.lists)) {
			r.find(err)
		}
	}
	for _, op := range []history.Operation{history.Write, history.Move, history.Append, history.Read, history.Snapshot} {
		if r.result.Requests[op][history.OK] == 0 {
			r.find(fmt.Errorf("no %s was answered: nothing is shown", op))
		}
	}
	r.result.Took = time.Since(r.began)
	return r.keep(requests)
}

func (r *Result) count(requests []history.Request) {
	r.Requests = map[history.Operation]map[history.Answer]int{}
	for _, q := range requests {
		if r.Requests[q.Op] == nil {
			r.Requests[q.Op] = map[history.Answer]int{}
		}
		r.Requests[q.Op][q.Answer]++
	}
}

// keep writes what is needed to look at the run later: requests, events and the
// result, and the logs of all nodes where something was found.
func (r *run) keep(requests []history.Request) error {
	if err := r.ownFolder(); err != nil {
		return err
	}
	if err := keepLines(filepath.Join(r.result.Folder, "requests.jsonl.gz"), func(lines *json.Encoder) error {
		for _, q := range requests {
			if err := lines.Encode(q); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.result.Folder, "result.json"), []byte(r.result.Line()+"\n"), 0o644); err != nil {
		return err
	}
	logs := len(r.result.Finds) > 0 || r.Err() != nil
	return r.merge(filepath.Join(r.result.Folder, map[bool]string{true: "merged.log", false: "events.log"}[logs]), logs)
}

// ownFolder makes the folder of the result, beside that of an earlier run.
func (r *run) ownFolder() error {
	if err := os.MkdirAll(filepath.Dir(r.result.Folder), 0o755); err != nil {
		return err
	}
	name := r.result.Folder
	for i := 2; ; i++ {
		err := os.Mkdir(r.result.Folder, 0o755)
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		r.result.Folder = fmt.Sprintf("%s-%d", name, i)
	}
}

func keepLines(path string, write func(*json.Encoder) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	packed := gzip.NewWriter(f)
	return errors.Join(write(json.NewEncoder(packed)), packed.Close(), f.Close())
}

// merge writes the events of the run, with the logs of all nodes between them, by
// time.
func (r *run) merge(path string, logs bool) error {
	var lines []lab.LogLine
	for _, e := range r.events {
		lines = append(lines, lab.LogLine{Node: "run", Text: e.Text, At: e.At})
	}
	if logs {
		for _, n := range r.Nodes() {
			for program, read := range map[string]func(time.Time) ([]lab.LogLine, error){"pacemaker": n.PacemakerLines, "postgresql": n.PostgreSQLLines} {
				found, err := read(r.began)
				if err != nil {
					return err
				}
				for _, line := range found {
					line.Text = program + " " + line.Text
					lines = append(lines, line)
				}
			}
		}
	}
	slices.SortStableFunc(lines, func(a, b lab.LogLine) int { return a.At.Compare(b.At) })
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(f)
	for _, line := range lines {
		fmt.Fprintf(out, "%s %-6s %s\n", line.At.UTC().Format(clock), line.Node, line.Text)
	}
	return errors.Join(out.Flush(), f.Close())
}
