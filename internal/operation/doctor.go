package operation

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"pgrex/internal/console"
	"pgrex/internal/doctor"
	"pgrex/internal/message"
	"pgrex/internal/ocf"
)

// examiner is pg-rex_doctor.
type examiner struct {
	*session
	json  bool
	nodes string // "here" or "both"
	sheet string // file with the definition, "" for that of the cluster
	reach bool   // connections to other hosts are tried
	// secrets are the parameters of the resource, for what must not be shown.
	secrets ocf.Params
}

// doctorExits are the exit statuses of doctor.
var doctorExits = []exitStatus{
	{"0", both{"nothing above a notice", "問題なし（参考情報のみ）"}},
	{"1", both{"the check itself failed, or wrong options", "点検自体の失敗、またはオプションの誤り"}},
	{"2", both{"warnings, or something that is not known", "警告または確認できない項目がある"}},
	{"3", both{"errors", "エラーがある"}},
	{"4", both{"critical findings", "重大な問題がある"}},
}

func doctorCommand() *command {
	return &command{
		name: "doctor", names: []string{"pg-rex_doctor"}, report: true,
		anyUser: true, lenient: true, unlocked: true, unfinished: true, exits: doctorExits,
		short: both{"check how both nodes are set up", "両ノードの設定を点検する"},
		long: both{
			"Checks PostgreSQL, the cluster definition and the operating system of both nodes against what PG-REX needs, and says\nwhat is wrong, why it matters and how it is cured, the worst first. Changes nothing. What cannot be found out, because\na server or Pacemaker is stopped or the peer does not answer, is listed as not known.",
			"両ノードの PostgreSQL、クラスタ定義、OS の設定が PG-REX の条件を満たすかを点検し、問題点、影響、対処方法を重大なものから\n順に表示します。何も変更しません。PostgreSQL や Pacemaker の停止、相手ノードの無応答などで確認できない項目は「不明」として\n表示します。",
		},
		setup: func(f *flags) func(context.Context, *session, []string) error {
			e := &examiner{nodes: "both"}
			f.text(&e.nodes, "node", "", "here|both", both{"look at this node only, or at both (default both)", "自ノードだけ、または両ノード（既定値）を点検する"})
			f.text(&e.sheet, "sheet", "", "FILE", both{"cluster definition to check, instead of that of the cluster", "点検するクラスタ定義ファイル（指定しない場合はクラスタの定義を点検する）"})
			f.boolean(&e.reach, "connect", "", both{"also try to open replication connections", "レプリケーション接続も実際に試す"})
			f.boolean(&e.json, "json", "", both{"one JSON object instead of text (same as --output json)", "JSON オブジェクトで出力する（--output json と同じ）"})
			return func(ctx context.Context, s *session, _ []string) error {
				e.session = s
				e.json = e.json || s.output == "json"
				return e.run(ctx)
			}
		},
	}
}

func (e *examiner) run(ctx context.Context) error {
	if e.nodes != "here" && e.nodes != "both" {
		return message.Fail(message.DRA901, "opt", "--node", "value", e.nodes).Then(e.program.invoked + " --help")
	}
	c, err := e.facts(ctx)
	if err != nil {
		return err
	}
	e.secrets = c.Database.Value.Params
	r := doctor.Examine(c)
	if err := e.show(c, r); err != nil {
		return err
	}
	if err := e.showOutages(c); err != nil {
		return err
	}
	return console.Ended(r.Exit())
}

func (e *examiner) show(c *doctor.Case, r doctor.Report) error {
	if e.json {
		b, err := json.Marshal(e.document(c, r))
		if err == nil {
			_, err = e.streams.Out.Write(append(b, '\n'))
		}
		return err
	}
	columns, _ := terminalSize(e.streams.Out)
	for _, l := range e.screen(c, r) {
		if _, err := fmt.Fprintln(e.streams.Out, strings.Join(e.fold(l, columns), "\n")); err != nil {
			return err
		}
	}
	return nil
}

// fold makes a line fit a terminal, 0 columns for none. Commands stay whole:
// they are copied.
func (e *examiner) fold(line string, columns int) []string {
	const hanging = "    "
	if columns <= 2*len(hanging) || strings.HasPrefix(line, e.cureLabel()) {
		return []string{line}
	}
	lines := wrap(line, columns-len(hanging))
	for i := range lines[1:] {
		lines[i+1] = hanging + lines[i+1]
	}
	return lines
}
