package operation

import (
	"strings"

	"pgrex/internal/definition/diff"
)

// consequences are what changes mean for a cluster in use.
var consequences = map[diff.Consequence]both{
	diff.Nothing:          {"Nothing that runs is affected.", "動作中のリソースには影響しません。"},
	diff.Starts:           {"The resource is started.", "リソースが起動します。"},
	diff.Stops:            {"The resource is stopped.", "リソースが停止します。"},
	diff.Restarts:         {"The resource is restarted, and with it what depends on it.", "リソースが再起動します。依存するリソースも再起動します。"},
	diff.RestartsDatabase: {"PostgreSQL is restarted on every node: clients are disconnected, and the primary may change.", "すべてのノードで PostgreSQL が再起動します。クライアントの接続は切断され、フェイルオーバする可能性があります。"},
	diff.StopsDatabase:    {"PostgreSQL is stopped on every node.", "すべてのノードで PostgreSQL が停止します。"},
	diff.Reloads:          {"The agent takes the value over; PostgreSQL goes on running.", "PostgreSQL を動かしたまま、エージェントが新しい値を読み込みます。"},
	diff.Monitors:         {"Monitoring or time limits change; nothing is restarted for it.", "監視間隔またはタイムアウト値が変わります。再起動は発生しません。"},
	diff.Failures:         {"The cluster reacts to a failure in another way.", "故障時の動作が変わります。"},
	diff.Places:           {"Resources may move to another node.", "リソースが別のノードに移動する可能性があります。"},
	diff.Sequence:         {"Resources are started and stopped in another order.", "リソースの起動・停止の順序が変わります。"},
	diff.FencingOff:       {"FENCING IS SWITCHED OFF: a broken interconnect can leave two primaries.", "フェンシングが無効になります。インターコネクト LAN の故障時に両ノードが Primary になる可能性があります。"},
	diff.FencingOn:        {"Fencing is switched on: a node that is lost or cannot stop a resource is reset.", "フェンシングが有効になります。応答しないノードや、リソースを停止できないノードは強制的に再起動されます。"},
	diff.FencesOtherwise:  {"Nodes are fenced in another way.", "フェンシングの方法が変わります。"},
	diff.Quorum:           {"The cluster acts in another way without quorum: the survivor of two nodes may stop.", "クォーラムがないときの動作が変わります。2 ノード構成では、残ったノードのリソースが停止する場合があります。"},
	diff.LetsGo:           {"The cluster no longer manages resources: there is no fail-over.", "クラスタがリソースを管理しなくなります。故障してもフェイルオーバしません。"},
	diff.TakesOver:        {"The cluster manages resources again.", "クラスタによるリソースの管理を再開します。"},
	diff.Alerts:           {"Other programs or recipients are told of events.", "イベントの通知先が変わります。"},
	diff.Promotes:         {"How many instances run, and which are promoted, may change.", "起動するインスタンスの数や昇格の動作が変わります。"},
	diff.Unclear:          {"The consequence is not known; see what the cluster would do.", "影響は判定できません。適用時のクラスタの動作を確認してください。"},
}

func (s *session) consequence(c diff.Change) string {
	return consequences[c.Consequence].in(s.con.Say())
}

var kindWords = map[diff.Kind]both{
	diff.Property: {"property", "クラスタ・プロパティ"}, diff.RscDefault: {"resource default", "リソース・デフォルト"},
	diff.OpDefault: {"operation default", "オペレーション・デフォルト"}, diff.Node: {"node", "ノード"}, diff.Resource: {"resource", "リソース"},
	diff.Parameter: {"parameter", "パラメータ"}, diff.Meta: {"meta attribute", "メタ属性"}, diff.Utilization: {"utilization", "使用量"},
	diff.Operation: {"operation", "オペレーション"}, diff.Location: {"location", "配置制約"}, diff.Colocation: {"colocation", "同居制約"},
	diff.Order: {"order", "起動順序制約"}, diff.Ticket: {"constraint", "制約"}, diff.Topology: {"fencing level", "STONITH の実行順序"},
	diff.Alert: {"alert", "アラート"}, diff.OtherSection: {"section", "セクション"},
}

// planScreen is a plan as text.
func (s *session) planScreen(p planned) []string {
	say := s.con.Say()
	word := func(en, ja string) string { return both{en, ja}.in(say) }
	if len(p.Changes) == 0 {
		return []string{word("The definitions are the same.", "定義に差分はありません。")}
	}
	count := map[diff.Op]int{}
	for _, c := range p.Changes {
		count[c.Op]++
	}
	lines := []string{
		word("Changes: ", "変更: ") + decimal(count[diff.Added]) + word(" added, ", " 件追加、") + decimal(count[diff.Changed]) +
			word(" changed, ", " 件変更、") + decimal(count[diff.Removed]) + word(" removed", " 件削除"), "",
	}
	for _, c := range p.Changes {
		lines = append(lines, "  "+s.changeLine(c))
		mark := "      "
		if c.Consequence.Serious() {
			mark = "    ! "
		}
		lines = append(lines, mark+s.consequence(c))
	}
	if p.Moves == nil {
		return lines
	}
	lines = append(lines, "", word("What the cluster would do at once (as its scheduler says)", "適用直後のクラスタの動作（スケジューラによる予測）"))
	if len(p.Moves) == 0 {
		return append(lines, "  "+word("nothing", "なし"))
	}
	for _, m := range p.Moves {
		lines = append(lines, "  "+m.text(word))
	}
	return lines
}

func (s *session) changeLine(c diff.Change) string {
	mark := map[diff.Op]string{diff.Added: "+", diff.Changed: "~", diff.Removed: "-"}[c.Op]
	parts := []string{mark, kindWords[c.Kind].in(s.con.Say()), c.Object}
	if c.Name != "" {
		parts = append(parts, c.Name)
	}
	line := strings.Join(parts, " ")
	switch {
	case c.Op == diff.Changed:
		return line + ": " + dash(c.Old) + " -> " + dash(c.New)
	case c.Old+c.New != "":
		return line + ": " + c.Old + c.New
	}
	return line
}
