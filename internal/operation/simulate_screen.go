package operation

import (
	"slices"
	"strings"

	"pgrex/internal/message"
	"pgrex/internal/rehearsal"
)

// rehearsalScreen is a rehearsal as text: each event with a mark, its outcome
// below.
func (s *session) rehearsalScreen(path string, report rehearsal.Report) []string {
	word := s.phrase
	from := path
	if path == liveWord {
		from = word("the running cluster", "動作中のクラスタ")
	}
	lines := []string{
		word("Definition: ", "リソース定義: ") + from,
		word("At the beginning ", "開始時の状態: ") + report.Primary + word(" is ", " が ") + s.words().Primary +
			word("; fencing is ", "、フェンシングは") + s.yesNo(report.Model.Fencing, both{"on", "有効"}, both{"OFF", "無効"}), "",
	}
	for _, res := range report.Results {
		lines = append(lines, s.mark(report, res)+s.eventTitle(res.Event))
		for _, l := range s.outcome(report, res) {
			lines = append(lines, "       "+l)
		}
	}
	lines = append(lines, "", word("[OK] as it should be  [--] no "+s.words().Primary+", after more than one failure  [!!] two of them, for lack of fencing  [NG] wrong",
		"[OK] 正常  [--] 複数の故障のため "+s.words().Primary+" なし  [!!] フェンシングなしのため "+s.words().Primary+" が 2 つ  [NG] 問題あり"), "")
	failed := len(report.Failed())
	if failed == 0 {
		lines = append(lines, word("No single failure leaves the clients without a "+s.words().Primary+".",
			"1 か所の故障で "+s.words().Primary+" が使えなくなることはありません。"))
		if !report.Model.Fencing {
			lines = append(lines, word("Without fencing a broken interconnect leaves two of them. Not for production.",
				"フェンシングが無効のため、インターコネクト LAN が故障すると両ノードが "+s.words().Primary+" になります。本番環境では使用しないでください。"))
		}
		return lines
	}
	return append(lines, word("Events with a wrong end: ", "問題のある動作: ")+decimal(failed)+word("", " 件"))
}

func (s *session) phrase(en, ja string) string { return both{en, ja}.in(s.con.Say()) }

func (s *session) yesNo(yes bool, a, b both) string {
	if yes {
		return a.in(s.con.Say())
	}
	return b.in(s.con.Say())
}

// mark says at a glance how an event ends.
func (s *session) mark(report rehearsal.Report, res rehearsal.Result) string {
	text := "OK"
	switch {
	case report.Bad(res):
		text = "NG"
	case res.Problem() == rehearsal.TwoPrimary:
		text = "!!"
	case res.Problem() != rehearsal.NoProblem:
		text = "--"
	}
	return message.Pad("["+text+"]", 6) + " "
}

// eventTitle is an event in words.
func (s *session) eventTitle(e rehearsal.Event) string {
	role := s.words().Standby
	if e.OnPrimary {
		role = s.words().Primary
	}
	at := s.phrase(e.Node+" ("+role+")", e.Node+"（"+role+"）")
	address := e.Resource + s.use(e.Use)
	fails := func(en, ja string) string {
		return s.phrase(address+": "+en+" on "+e.Node, e.Node+" の "+address+" の"+ja)
	}
	switch e.Kind {
	case rehearsal.FirstStart:
		return s.phrase("Start of the cluster with "+e.Node+" as "+s.words().Primary, e.Node+" を "+s.words().Primary+" とするクラスタの起動")
	case rehearsal.StandbyAlone:
		return s.phrase(at+" no longer replicates synchronously", at+"の同期レプリケーションが切れる")
	case rehearsal.StandbySync:
		return s.phrase(at+" replicates synchronously again", at+"の同期レプリケーションが復旧する")
	case rehearsal.NodeLost:
		return s.phrase(at+" is lost", at+"のノードダウン")
	case rehearsal.FencingFails:
		return s.phrase(at+" is lost and cannot be fenced", at+"のノードダウン後、フェンシングも失敗")
	case rehearsal.Split:
		return s.phrase("All interconnects fail", "インターコネクト LAN の全断")
	case rehearsal.ServerFails:
		return s.phrase("PostgreSQL fails on "+at, at+"の PostgreSQL の故障")
	case rehearsal.DemoteFails:
		return s.phrase("PostgreSQL fails on "+at+", and its demotion too", at+"の PostgreSQL の故障後、降格（demote）も失敗")
	case rehearsal.StopFails:
		return s.phrase("PostgreSQL fails on "+at+", and its stop too", at+"の PostgreSQL の故障後、停止（stop）も失敗")
	case rehearsal.PromoteFails:
		return s.phrase("Fail-over, and the promotion of "+at+" fails", "フェイルオーバ時に "+at+"の昇格（promote）が失敗")
	case rehearsal.GatewayLost:
		return s.phrase(at+" cannot reach the gateway", at+"からゲートウェイに到達できない")
	case rehearsal.GatewayLostBoth:
		return s.phrase("No node can reach the gateway", "両ノードからゲートウェイに到達できない")
	case rehearsal.DiskFails:
		return s.phrase("A disk of "+at+" fails ("+e.Resource+")", at+"のディスク故障（"+e.Resource+"）")
	case rehearsal.AddressFails:
		return fails("fails", "故障")
	case rehearsal.AddressStartFails:
		return fails("fails and cannot be started", "故障後、起動（start）も失敗")
	case rehearsal.AddressStopFails:
		return fails("fails and cannot be stopped", "故障後、停止（stop）も失敗")
	case rehearsal.AddressStaysBehind:
		return fails("cannot be stopped during a fail-over", "停止（stop）がフェイルオーバ中に失敗")
	}
	return string(e.Kind)
}

func (s *session) use(u rehearsal.Use) string {
	switch u {
	case rehearsal.ForPrimary:
		return s.phrase(" (address of the "+s.words().Primary+")", "（"+s.words().Primary+" 用仮想 IP）")
	case rehearsal.ForReplication:
		return s.phrase(" (address for replication)", "（レプリケーション用仮想 IP）")
	case rehearsal.ForStandby:
		return s.phrase(" (address of the "+s.words().Standby+")", "（"+s.words().Standby+" 用仮想 IP）")
	}
	return ""
}

// outcome is how an event ends, in sentences.
func (s *session) outcome(report rehearsal.Report, res rehearsal.Result) []string {
	word := s.phrase
	var lines []string
	first := ""
	if len(res.Fenced) > 0 {
		first = word(comma(res.Fenced)+" is fenced. ", comma(res.Fenced)+" をフェンシングします。")
	}
	if res.Waits {
		first = word("The cluster waits for the fencing of "+res.Node+". ", res.Node+" のフェンシングの完了を待ち続けます。")
	}
	lines = append(lines, first+s.whoIsPrimary(report, res))
	if res.Kind == rehearsal.Split && report.Model.Fencing {
		lines = append(lines, s.shootOut(report))
	}
	if places := s.addressLine(res); places != "" && !res.Restless {
		lines = append(lines, places)
	}
	if len(res.Blocked) > 0 {
		lines = append(lines, word("Left to the operator, because an operation failed: ", "操作に失敗したため、オペレータの対処が必要です: ")+comma(res.Blocked))
	}
	return append(lines, s.reasons(report, res)...)
}

func (s *session) whoIsPrimary(report rehearsal.Report, res rehearsal.Result) string {
	pri := s.words().Primary
	switch n := comma(res.Primaries); {
	case res.Restless:
		return s.phrase("The cluster tries the same again and again: it does not come to rest. Look at migration-threshold.",
			"クラスタが同じ回復処理を繰り返し、状態が落ち着きません。migration-threshold を確認してください。")
	case len(res.Primaries) > 1:
		return s.phrase(n+" are "+pri+" at the same time.", n+" が同時に "+pri+" になります。")
	case len(res.Primaries) == 0 && res.Waits:
		return s.phrase("Until that is confirmed nobody becomes "+pri+".", "完了するまで "+pri+" になるノードはありません。")
	case len(res.Primaries) == 0:
		return s.phrase("No node is "+pri+".", pri+" になるノードはありません。")
	case res.Primaries[0] == report.Primary && res.Kind != rehearsal.FirstStart:
		return s.phrase(n+" stays "+pri+".", n+" が "+pri+" のまま動作します。")
	default:
		return s.phrase(n+" becomes "+pri+".", n+" が "+pri+" になります。")
	}
}

// shootOut says who wins when each node wants to fence the other.
func (s *session) shootOut(report rehearsal.Report) string {
	if report.Model.Delay {
		return s.phrase("Each node tries to fence the other one. priority-fencing-delay lets "+report.Primary+" be first.",
			"両ノードが互いをフェンシングしようとしますが、priority-fencing-delay により "+report.Primary+" が優先されます。")
	}
	return s.phrase("Each node tries to fence the other one. Without priority-fencing-delay the other way round is possible too.",
		"両ノードが互いをフェンシングしようとします。priority-fencing-delay が設定されていないため、逆の結果になる場合もあります。")
}

// addressLine says where the addresses are.
func (s *session) addressLine(res rehearsal.Result) string {
	var parts []string
	for _, a := range res.Addresses {
		where := s.phrase("nowhere", "停止")
		if len(a.Nodes) > 0 {
			where = strings.Join(a.Nodes, "+")
		}
		parts = append(parts, a.ID+" "+where)
	}
	return strings.Join(parts, s.phrase(", ", "、"))
}

// reasons say why the end is not a good one.
func (s *session) reasons(report rehearsal.Report, res rehearsal.Result) []string {
	word := s.phrase
	pri := s.words().Primary
	var lines []string
	switch res.Problem() {
	case rehearsal.NoAddress:
		lines = append(lines, word("Clients do not reach the "+pri+": its address is not there.", pri+" 用仮想 IP がないため、クライアントは "+pri+" に接続できません。"))
	case rehearsal.OutOfOrder:
		lines = append(lines, s.hazards(res)...)
	case rehearsal.NoPrimary:
		if res.Kind == rehearsal.GatewayLostBoth {
			lines = append(lines, word("That is intended: no node could serve clients.", "どのノードもクライアントに応答できないため、意図した動作です。"))
		}
	}
	if len(res.Causes) > 0 {
		return append(lines, word("Cause: without this constraint it would end well: ", "原因: 次の制約がなければ正常に動作します: ")+comma(res.Causes))
	}
	if !report.Bad(res) || !slices.Contains([]rehearsal.Problem{rehearsal.NoPrimary, rehearsal.CannotStart, rehearsal.NoAddress}, res.Problem()) {
		return lines
	}
	return append(lines, word("No single constraint is the cause. Look at what the resources themselves say: meta attributes, on-fail, migration-threshold, fencing.",
		"原因となる制約は 1 つに特定できません。メタ属性、on-fail、migration-threshold、フェンシングの設定を確認してください。"))
}

func (s *session) hazards(res rehearsal.Result) []string {
	var lines []string
	for _, h := range res.Hazards {
		if h.Early == "promote" {
			lines = append(lines, s.phrase(h.Action.Resource+" may start on "+h.Action.Node+" before the promotion is finished: an order is missing.",
				"昇格の完了前に "+h.Action.Node+" で "+h.Action.Resource+" が起動する可能性があります（起動順序制約の不足）。"))
			continue
		}
		lines = append(lines, s.phrase("The promotion on "+h.Action.Node+" does not wait for the end of the former "+s.words().Primary+".",
			h.Action.Node+" の昇格が、それまでの "+s.words().Primary+" の停止を待ちません。"))
	}
	return lines
}
