package message

// The outages that a configuration leads to: events, and what their seconds go to.
const (
	OUT001 ID = "OUT-001"
	OUT002 ID = "OUT-002"
	OUT003 ID = "OUT-003"
	OUT004 ID = "OUT-004"
	OUT005 ID = "OUT-005"
	OUT006 ID = "OUT-006"
	OUT007 ID = "OUT-007"
	OUT008 ID = "OUT-008"
	OUT009 ID = "OUT-009"
	OUT010 ID = "OUT-010"
	OUT011 ID = "OUT-011"
	OUT020 ID = "OUT-020"
	OUT021 ID = "OUT-021"
	OUT022 ID = "OUT-022"
	OUT023 ID = "OUT-023"
	OUT024 ID = "OUT-024"
	OUT025 ID = "OUT-025"
	OUT026 ID = "OUT-026"
	OUT027 ID = "OUT-027"
	OUT028 ID = "OUT-028"
	OUT029 ID = "OUT-029"
	OUT030 ID = "OUT-030"
	OUT031 ID = "OUT-031"
	OUT032 ID = "OUT-032"
	OUT033 ID = "OUT-033"
	OUT034 ID = "OUT-034"
	OUT035 ID = "OUT-035"
	OUT036 ID = "OUT-036"
	OUT037 ID = "OUT-037"
	OUT038 ID = "OUT-038"
	OUT039 ID = "OUT-039"
	OUT040 ID = "OUT-040"
	OUT041 ID = "OUT-041"
)

// outlookMessages are those of the outages to be expected.
var outlookMessages = map[ID]entry{
	OUT001: {text: text{"{PRI}'s server crashes: no writes", "{PRI} のサーバプロセスの異常終了: 書き込み停止"}},
	OUT002: {text: text{"{PRI}'s server hangs: no writes", "{PRI} のサーバのハング: 書き込み停止"}},
	OUT003: {text: text{"{PRI}'s node loses power: no writes", "{PRI} のノードの電源断: 書き込み停止"}},
	OUT004: {text: text{"{STB}'s server crashes: commits wait", "{STB} のサーバプロセスの異常終了: コミット待ち"}},
	OUT005: {text: text{"{STB}'s node loses power: commits wait", "{STB} のノードの電源断: コミット待ち"}},
	OUT006: {text: text{"only the D-LAN is cut: commits wait", "D-LAN のみの断: コミット待ち"}},
	OUT007: {text: text{"switchover (pg-rex_switchover): no writes", "計画切り替え（pg-rex_switchover）: 書き込み停止"}},
	OUT008: {text: text{"Outages to expect with this configuration (single failures; measured shares are those of the agent ocf:linuxhajapan:pgsql with a small database on a calm machine)", "この設定で予想される停止時間（単一の障害。実測に基づく部分は、エージェント ocf:linuxhajapan:pgsql、小さなデータベース、空いたマシンでの値）"}},
	OUT009: {text: text{"typical", "通常"}},
	OUT010: {text: text{"at most", "最長"}},
	OUT011: {text: text{"no end", "終わらない"}},

	OUT020: {text: text{"wait for the next monitor of {PRI} (every {interval})", "{PRI} の次の monitor を待つ（間隔 {interval}）"}},
	OUT021: {text: text{"processes that the dead server has left", "異常終了したサーバの残存プロセスの終了待ち"}},
	OUT022: {text: text{"Pacemaker, agent: demote, stop, promote, addresses", "Pacemaker とエージェント: demote、stop、promote、アドレスの移動"}},
	OUT023: {text: text{"the monitor gives the server up (a stopped postmaster after {stopped}; otherwise up to two thirds of its timeout of {timeout})", "monitor がサーバの応答待ちを打ち切る（postmaster が停止状態なら {stopped}、それ以外は最長でタイムアウト {timeout} の約 3 分の 2）"}},
	OUT024: {text: text{"the server is killed", "サーバの強制終了"}},
	OUT025: {text: text{"Corosync: token", "Corosync: token"}},
	OUT026: {text: text{"Corosync: consensus", "Corosync: consensus"}},
	OUT027: {text: text{"Pacemaker decides", "Pacemaker の判断"}},
	OUT028: {text: text{"priority-fencing-delay ({delay})", "priority-fencing-delay（{delay}）"}},
	OUT029: {text: text{"fencing, level {level} (typical: an assumption; at most its delays and timeouts, {timeout})", "フェンシング、レベル {level}（通常は仮定の値。最長は遅延とタイムアウトの合計 {timeout}）"}},
	OUT030: {text: text{"fencing, level {level}: kdump, which a node without power does not confirm ({timeout})", "フェンシング、レベル {level}: kdump（電源断のノードからは通知が来ない。{timeout}）"}},
	OUT031: {text: text{"promote, addresses", "promote、アドレスの移動"}},
	OUT032: {text: text{"wait for the next monitor of either node (every {primary} and {standby})", "どちらかのノードの次の monitor を待つ（間隔 {primary} と {standby}）"}},
	OUT033: {text: text{"wal_sender_timeout ({timeout}; 0 waits for TCP)", "wal_sender_timeout（{timeout}。0 なら TCP のタイムアウトを待つ）"}},
	OUT034: {text: text{"shutdown of {PRI} after a CHECKPOINT (beyond {limit} the switchover is taken back)", "CHECKPOINT 後の {PRI} の停止（{limit} を超えると切り替えを取りやめて元に戻す）"}},
	OUT035: {text: text{"role and addresses move", "役割とアドレスの移動"}},
	OUT036: {text: text{"no device confirms a node without power: an operator has to (stonith_admin --confirm NODE)", "電源断のノードを確認できるデバイスがない: 運用者が確認する（stonith_admin --confirm ノード名）"}},
	OUT037: {text: text{"client reconnects", "クライアントの再接続"}},
	OUT038: {text: text{"{PRI} goes on without {STB}", "{PRI} が {STB} なしで処理を続ける"}},
	OUT039: {text: text{"the agent's watcher tells the cluster (watch_server)", "エージェントのウォッチャがクラスタに通知（watch_server）"}},
	OUT040: {text: text{"{PRI}'s watcher sees {STB} disconnect (watch_server)", "{PRI} のウォッチャが {STB} の切断を検知（watch_server）"}},
	OUT041: {text: text{"{STB} of the lost node confirms nothing (watch_server)", "離脱したノードの {STB} から受信確認がないことをウォッチャが確認（watch_server）"}},
}
