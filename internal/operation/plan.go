package operation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"pgrex/internal/console"
	"pgrex/internal/crm"
	"pgrex/internal/definition"
	"pgrex/internal/definition/diff"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/rehearsal"
	"pgrex/internal/run"
)

// planner is pg-rex_plan.
type planner struct {
	*session
	saved, exitCode, json bool
	against               string
}

// differs is the exit status of plan --exit-code where there are differences.
const differs = 2

func plan() *command {
	return &command{
		name: "plan", names: []string{"pg-rex_plan"}, args: "FILE", max: 1, bare: true, roles: true, report: true,
		short: both{"show what a definition would change in the cluster", "リソース定義の変更内容とその影響を表示する"},
		long: both{
			"Compares a definition FILE (XML or the form of crmsh) with that of the running cluster, and shows each difference\nwith its consequence and what the cluster would do at once. Changes nothing.",
			"リソース定義 FILE（XML または crm 形式）を動作中のクラスタの定義と比較し、差分とその影響、適用した場合の\nクラスタの動作を表示します。何も変更しません。",
		},
		setup: func(f *flags) func(context.Context, *session, []string) error {
			p := &planner{}
			f.boolean(&p.saved, "saved", "", both{"compare with the definition saved on this node, for a stopped cluster", "自ノードに保存されている定義と比較する（クラスタ停止中）"})
			f.text(&p.against, "against", "", "FILE", both{"compare with another file", "別のファイルと比較する"})
			f.boolean(&p.exitCode, "exit-code", "", both{"end with 2 when there are differences, with 0 when there are none", "差分があれば終了ステータス 2、なければ 0 で終了する"})
			f.boolean(&p.json, "json", "", both{"one JSON object instead of text (same as --output json)", "JSON オブジェクトで出力する（--output json と同じ）"})
			return func(ctx context.Context, s *session, args []string) error {
				p.session = s
				p.json = p.json || s.output == "json"
				switch {
				case len(args) == 0:
					return message.Fail(message.APP013).Then(s.program.invoked + " --help")
				case p.saved && p.against != "":
					return message.Fail(message.CMN062, "opt", "--saved", "value", "--against").Then(s.program.invoked + " --help")
				}
				return p.run(ctx, args[0])
			}
		},
	}
}

func (p *planner) run(ctx context.Context, path string) error {
	d, err := p.readDefinition(ctx, p.own, path)
	if err != nil {
		return err
	}
	var made planned
	switch {
	case p.against != "":
		made.Changes, err = p.files(ctx, d)
	case p.saved:
		var cib *definition.Element
		if cib, err = p.savedCIB(ctx); err == nil {
			made, err = p.compare(d, cib)
		}
	default:
		var cib *definition.Element
		if cib, err = p.runningCIB(ctx); err == nil {
			if made, err = p.compare(d, cib); err == nil {
				p.foresee(ctx, &made)
			}
		}
	}
	if err != nil {
		return err
	}
	if err := p.show(made); err != nil {
		return err
	}
	if p.exitCode && len(made.Changes) > 0 {
		return console.Ended(differs)
	}
	return nil
}

// planned is what a definition would change.
type planned struct {
	Changes          []diff.Change
	Moves            []move // nil where they are not known
	current, updated *definition.Element
}

// files compares with another file, in the words of the installed Pacemaker.
func (p *planner) files(ctx context.Context, d definition.Definition) ([]diff.Change, error) {
	old, err := p.readDefinition(ctx, p.own, p.against)
	if err != nil {
		return nil, err
	}
	target, err := definition.Installed(ctx, logged{p.con, p.own})
	if err != nil {
		return nil, err
	}
	return diff.Compare(old, d, target), nil
}

func (p *planner) savedCIB(ctx context.Context) (*definition.Element, error) {
	text, err := node.ReadFile.On(ctx, p.own, crm.CIBFile)
	var cib *definition.Element
	if err == nil {
		cib, err = definition.ParseCIB(text)
	}
	if err != nil {
		return nil, message.Fail(message.APP002, "path", crm.CIBFile).Because(err)
	}
	return cib, nil
}

func (p *planner) runningCIB(ctx context.Context) (*definition.Element, error) {
	cib, err := p.session.runningCIB(ctx)
	if f := (*message.Failure)(nil); errors.As(err, &f) {
		return nil, f.Then(p.program.invoked + " --saved FILE")
	}
	return cib, err
}

// runningCIB is the CIB of the cluster that runs on this node.
func (s *session) runningCIB(ctx context.Context) (*definition.Element, error) {
	ctx, cancel := context.WithTimeout(ctx, statusTime)
	defer cancel()
	cib, err := definition.Query(ctx, logged{s.con, s.own})
	if err != nil {
		return nil, message.Fail(message.APP001).Because(err)
	}
	return cib, nil
}

// compare says what a definition would change in a CIB: what is kept of it,
// such as the attributes of nodes, is no change.
func (s *session) compare(d definition.Definition, cib *definition.Element) (planned, error) {
	updated, err := d.Updated(cib)
	if err != nil {
		return planned{}, message.Fail(message.PST036, "detail", err)
	}
	changes, err := changesOf(cib, updated)
	return planned{Changes: changes, current: cib, updated: updated}, err
}

// changesOf compares two CIBs of one cluster.
func changesOf(old, updated *definition.Element) ([]diff.Change, error) {
	target, err := definition.NewTarget(updated.Attr("validate-with"))
	if err != nil {
		return nil, err
	}
	a, err := definition.Read(old.Text())
	if err != nil {
		return nil, fmt.Errorf("cannot read the CIB: %w", err)
	}
	b, err := definition.Read(updated.Text())
	if err != nil {
		return nil, fmt.Errorf("cannot read the CIB: %w", err)
	}
	return diff.Compare(a, b, target), nil
}

// foresee asks the scheduler what it would do. A plan without that is worth
// showing too.
func (s *session) foresee(ctx context.Context, p *planned) {
	if len(p.Changes) == 0 {
		p.Moves = []move{}
		return
	}
	sim, err := rehearsal.NewSimulator(run.Local{})
	var actions []rehearsal.Action
	if err == nil {
		defer sim.Close()
		actions, err = sim.Actions(ctx, p.updated)
	}
	if err != nil {
		s.con.Tell(message.APP012, "detail", oneLine(err))
		return
	}
	p.Moves = moves(actions)
}

// planJSON is a plan for programs.
type planJSON struct {
	Same    bool         `json:"same"`
	Changes []changeJSON `json:"changes"`
	// Actions are what the cluster would do at once; null where that is not known.
	Actions []move `json:"actions"`
}

type changeJSON struct {
	Op          diff.Op          `json:"op"`
	Kind        diff.Kind        `json:"kind"`
	Object      string           `json:"object"`
	Name        string           `json:"name,omitempty"`
	Old         string           `json:"old"`
	New         string           `json:"new"`
	Consequence diff.Consequence `json:"consequence"`
	Serious     bool             `json:"serious"`
	Text        string           `json:"text"`
}

func (s *session) planJSON(p planned) planJSON {
	out := planJSON{Same: len(p.Changes) == 0, Changes: []changeJSON{}, Actions: p.Moves}
	for _, c := range p.Changes {
		out.Changes = append(out.Changes, changeJSON{Op: c.Op, Kind: c.Kind, Object: c.Object, Name: c.Name, Old: c.Old, New: c.New,
			Consequence: c.Consequence, Serious: c.Consequence.Serious(), Text: s.consequence(c)})
	}
	return out
}

func (p *planner) show(made planned) error {
	if !p.json {
		p.con.Lines(p.planScreen(made)...)
		return nil
	}
	b, err := json.Marshal(p.planJSON(made))
	if err == nil {
		_, err = p.streams.Out.Write(append(b, '\n'))
	}
	return err
}

// move is what the cluster does with one resource, or to a node.
type move struct {
	// Do is start, stop, restart, move, promote, demote, reload, fence, or
	// another operation.
	Do       string `json:"do"`
	Resource string `json:"resource,omitempty"`
	From     string `json:"from,omitempty"`
	Node     string `json:"node"`
}

// moves puts single actions together: a stop and a start of one resource are a
// restart or a move.
func moves(actions []rehearsal.Action) []move {
	list := []move{}
	used := make([]bool, len(actions))
	for i, a := range actions {
		if used[i] {
			continue
		}
		m := move{Do: a.Do, Resource: a.Resource, Node: a.Node}
		switch a.Do {
		case "reload-agent":
			m.Do = "reload"
		case "stop":
			at := -1
			for j, b := range actions {
				if !used[j] && j > i && b.Do == "start" && b.Resource == a.Resource && (at < 0 || b.Node == a.Node) {
					at = j
				}
			}
			if at < 0 {
				break
			}
			used[at] = true
			m.Do, m.Node = "restart", actions[at].Node
			if m.Node != a.Node {
				m.Do, m.From = "move", a.Node
			}
		}
		list = append(list, m)
	}
	return list
}

func (m move) text(word func(en, ja string) string) string {
	switch m.Do {
	case "fence":
		return word("node "+m.Node+" is fenced", "ノード "+m.Node+" をフェンシング")
	case "move":
		return m.Resource + word(" moves from "+m.From+" to "+m.Node, ": "+m.From+" から "+m.Node+" へ移動")
	}
	verb := map[string]both{"start": {"is started", "起動"}, "stop": {"is stopped", "停止"}, "restart": {"is restarted", "再起動"},
		"promote": {"is promoted", "昇格"}, "demote": {"is demoted", "降格"}, "reload": {"takes over parameters", "パラメータの再読み込み"}}[m.Do]
	if verb == (both{}) {
		verb = both{m.Do, m.Do}
	}
	return word(m.Resource+" "+verb[0]+" on "+m.Node, m.Resource+": "+m.Node+" で"+verb[1])
}
