package operation

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"pgrex/internal/console"
	"pgrex/internal/definition"
	"pgrex/internal/message"
	"pgrex/internal/rehearsal"
	"pgrex/internal/run"
)

// rehearser is pg-rex_simulate.
type rehearser struct {
	*session
	json bool
}

// liveWord stands for the running cluster in the place of a file.
const liveWord = "live"

func simulate() *command {
	return &command{
		name: "simulate", names: []string{"pg-rex_simulate"}, args: "[FILE|live]", max: 1, bare: true, roles: true, report: true,
		short: both{"play failures on a definition and show what the cluster would do", "故障時のクラスタの動作をリソース定義から予測する"},
		long: both{
			"Plays the failures that matter on a definition FILE (XML or the form of crmsh), or on the running cluster (live, the\ndefault), with Pacemaker's own scheduler, and says for each who becomes primary and where the addresses go. The\ncluster is not touched. Ends with 1 when a single failure would leave the clients without a primary.",
			"リソース定義 FILE（XML または crm 形式）、または動作中のクラスタ（live、省略時）に対して、主な故障が起きた場合の動作を\nPacemaker のスケジューラで予測し、どのノードが Primary になり、仮想 IP がどこに移るかを表示します。クラスタには何もしません。\n1 か所の故障で Primary がなくなる場合は終了ステータス 1 で終了します。",
		},
		setup: func(f *flags) func(context.Context, *session, []string) error {
			r := &rehearser{}
			f.boolean(&r.json, "json", "", both{"one JSON object instead of text (same as --output json)", "JSON オブジェクトで出力する（--output json と同じ）"})
			return func(ctx context.Context, s *session, args []string) error {
				r.session = s
				r.json = r.json || s.output == "json"
				path := liveWord
				if len(args) > 0 {
					path = args[0]
				}
				return r.run(ctx, path)
			}
		},
	}
}

func (r *rehearser) run(ctx context.Context, path string) error {
	report, err := r.rehearse(ctx, path)
	var f *message.Failure
	switch {
	case errors.As(err, &f):
		return err
	case err != nil:
		return message.Fail(message.SIM003, "detail", oneLine(err))
	}
	if err := r.show(path, report); err != nil {
		return err
	}
	if len(report.Failed()) > 0 {
		return console.Ended(1)
	}
	return nil
}

func (r *rehearser) rehearse(ctx context.Context, path string) (rehearsal.Report, error) {
	sim, err := rehearsal.NewSimulator(run.Local{})
	if err != nil {
		return rehearsal.Report{}, err
	}
	defer sim.Close()
	if path != liveWord {
		d, err := r.readDefinition(ctx, r.own, path)
		if err != nil {
			return rehearsal.Report{}, err
		}
		return r.ofDefinition(ctx, sim, d, path)
	}
	cib, err := r.runningCIB(ctx)
	if err != nil {
		return rehearsal.Report{}, err
	}
	report, err := sim.RehearseLive(ctx, cib)
	if !errors.Is(err, rehearsal.ErrNotHealthy) {
		return report, unsuitable(err)
	}
	r.con.Tell(message.SIM002)
	d, err := definition.Read(cib.Text())
	if err != nil {
		return rehearsal.Report{}, err
	}
	return r.ofDefinition(ctx, sim, d, path)
}

// ofDefinition has Pacemaker check the definition first: the scheduler would
// make something of a wrong one too.
func (r *rehearser) ofDefinition(ctx context.Context, sim *rehearsal.Simulator, d definition.Definition, path string) (rehearsal.Report, error) {
	target, err := definition.Installed(ctx, run.Local{})
	if err != nil {
		return rehearsal.Report{}, err
	}
	if err := definition.Verify(ctx, run.Local{}, d.CIB(target)); err != nil {
		return rehearsal.Report{}, unverified(err, path)
	}
	report, err := sim.Rehearse(ctx, d, target)
	return report, unsuitable(err)
}

// unsuitable words that something is missing in a definition.
func unsuitable(err error) error {
	if err != nil && errors.Is(err, rehearsal.ErrUnsuitable) {
		return message.Fail(message.SIM001, "detail", err)
	}
	return err
}

// resultJSON is one event for programs.
type resultJSON struct {
	Event     rehearsal.Kind    `json:"event"`
	Node      string            `json:"node,omitempty"`
	OnPrimary bool              `json:"on_primary"`
	Resource  string            `json:"resource,omitempty"`
	Single    bool              `json:"single_failure"`
	OK        bool              `json:"ok"`
	Problem   rehearsal.Problem `json:"problem,omitempty"`
	Primaries []string          `json:"primaries"`
	Addresses []placedJSON      `json:"addresses"`
	Fenced    []string          `json:"fenced"`
	Waits     bool              `json:"waits_for_fencing"`
	Blocked   []string          `json:"blocked"`
	Causes    []string          `json:"causes"` // ids of constraints
	Actions   []move            `json:"actions"`
	Title     string            `json:"title"`
	Text      string            `json:"text"`
}

type placedJSON struct {
	ID      string        `json:"id"`
	Address string        `json:"address"`
	Use     rehearsal.Use `json:"use"`
	Nodes   []string      `json:"nodes"`
}

func (r *rehearser) show(path string, report rehearsal.Report) error {
	if !r.json {
		r.con.Lines(r.rehearsalScreen(path, report)...)
		return nil
	}
	out := struct {
		Definition string       `json:"definition"`
		Live       bool         `json:"live"`
		Primary    string       `json:"primary"`
		Nodes      []string     `json:"nodes"`
		Fencing    bool         `json:"fencing"`
		OK         bool         `json:"ok"`
		Results    []resultJSON `json:"results"`
	}{path, report.Live, report.Primary, report.Model.Nodes, report.Model.Fencing, len(report.Failed()) == 0, []resultJSON{}}
	for _, res := range report.Results {
		out.Results = append(out.Results, r.resultJSON(report, res))
	}
	b, err := json.Marshal(out)
	if err == nil {
		_, err = r.streams.Out.Write(append(b, '\n'))
	}
	return err
}

func (r *rehearser) resultJSON(report rehearsal.Report, res rehearsal.Result) resultJSON {
	some := func(list []string) []string { return append([]string{}, list...) }
	j := resultJSON{Event: res.Kind, Node: res.Node, OnPrimary: res.OnPrimary, Resource: res.Resource, Single: res.Single,
		OK: !report.Bad(res), Problem: res.Problem(), Primaries: some(res.Primaries), Fenced: some(res.Fenced), Waits: res.Waits,
		Blocked: some(res.Blocked), Causes: some(res.Causes), Addresses: []placedJSON{}, Actions: moves(res.Steps),
		Title: r.eventTitle(res.Event), Text: strings.Join(r.outcome(report, res), " ")}
	for _, a := range res.Addresses {
		j.Addresses = append(j.Addresses, placedJSON{a.ID, a.IP, a.Use, some(a.Nodes)})
	}
	return j
}
