package main

import (
	"fmt"
	"strings"
)

// messageKey names a text for the operator. The catalogue has it in every language.
type messageKey int

const (
	msgStopped messageKey = iota
	msgNotRoot
	msgNotRunning
	msgRunning
	msgMissing
	msgLost
	msgCureRoot
	msgCureUp
	msgCureDown
	msgCureInstall
	msgCureHelp
	msgCureAgent

	msgMended
	msgStepNodes
	msgStepInitPG
	msgStepDefinition
	msgStepPrimary
	msgStepBackup
	msgStepStandby
	msgUp
	msgDown
	msgKilled
	msgBooted
	msgCut
	msgHealed
	msgHealedAll
	msgRejoined
	msgIncomplete

	msgColNode
	msgColPower
	msgColCluster
	msgColRole
	msgColData
	msgColScore
	msgColLock
	msgColVIP
	msgOn
	msgOff
	msgYes
	msgOnline
	msgOffline
	msgFailedAction

	msgDemoWrite
	msgDemoKill
	msgDemoWatch
	msgWatchAck
	msgWatchChange
	msgTimeline
	msgMarkLastAck
	msgMarkFault
	msgMarkDetected
	msgMarkDemoted
	msgMarkStopped
	msgMarkPromote
	msgMarkWritable
	msgMarkPromoted
	msgMarkVIP
	msgMarkFirstAck
	msgOutage
	msgRows
	msgRowsAgain
	msgDemoRejoin
	msgDemoKept
	msgDemoEnd

	messageCount // not a message
)

// message is one text in both languages.
type message struct{ en, ja string }

// catalogue is the texts of one language.
type catalogue struct{ japanese bool }

// catalogueFor chooses the language as locale(7) says: the first of these that is set.
func catalogueFor(getenv func(string) string) catalogue {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := getenv(name); v != "" {
			return catalogue{japanese: strings.HasPrefix(v, "ja")}
		}
	}
	return catalogue{}
}

func (c catalogue) format(key messageKey, args ...any) string {
	text := messages[key].en
	if c.japanese {
		text = messages[key].ja
	}
	return fmt.Sprintf(text, args...)
}

var messages = [messageCount]message{
	msgStopped:     {"stopped", "中断されました"},
	msgNotRoot:     {"the lab needs root", "root 権限が必要です"},
	msgNotRunning:  {"no lab is running", "ラボは起動していません"},
	msgRunning:     {"a lab is already running on this machine", "このマシンではすでにラボが起動しています"},
	msgMissing:     {"cannot start the lab: %s", "ラボを起動できません: %s"},
	msgLost:        {"acknowledged rows were lost", "コミット済みの行が失われました"},
	msgCureRoot:    {"run with sudo", "sudo を付けて実行してください"},
	msgCureUp:      {"start one with: pgrex-lab up", "起動するには: pgrex-lab up"},
	msgCureDown:    {"look at it with: pgrex-lab status, remove it with: pgrex-lab down", "状態を見るには: pgrex-lab status  片付けるには: pgrex-lab down"},
	msgCureInstall: {"install them with: make deps (or test/lab/install-debian.sh)", "インストールするには: make deps (または test/lab/install-debian.sh)"},
	msgCureHelp:    {"see: pgrex-lab --help", "使い方は: pgrex-lab --help"},
	msgCureAgent:   {"build it with: make build, or name it with --agent PATH, or use the shell agent: --agent heartbeat", "make build でビルドするか、--agent パス で指定してください (シェル版を使うには --agent heartbeat)"},

	msgMended:         {"the shell agent's function library was corrected in the nodes (resource-agents 4.12: crm_attribute -p without a name)", "ノード内のシェル版エージェントの関数ライブラリを修正しました (resource-agents 4.12: crm_attribute -p に名前がない)"},
	msgStepNodes:      {"networks made, nodes booted", "ネットワーク作成、ノード起動"},
	msgStepInitPG:     {"%s: database initialized", "%s: データベース初期化"},
	msgStepDefinition: {"%s: cluster definition in place", "%s: クラスタ定義の配置"},
	msgStepPrimary:    {"%s: primary started, virtual addresses up", "%s: Primary 起動、仮想 IP 割り当て"},
	msgStepBackup:     {"%s: base backup taken", "%s: ベースバックアップ取得"},
	msgStepStandby:    {"%s: standby started, replication running", "%s: Standby 起動、レプリケーション開始"},
	msgUp:             {"The cluster is up after %.1f s. Enter a node: pgrex-lab ssh node01   End: pgrex-lab down", "クラスタが起動しました (%.1f 秒)。ノードに入る: pgrex-lab ssh node01  終了: pgrex-lab down"},
	msgDown:           {"The lab is gone.", "ラボを片付けました。"},
	msgKilled:         {"%s has lost its power.", "%s の電源を落としました。"},
	msgBooted:         {"%s is up; its cluster stack is not started.", "%s が起動しました。クラスタは起動していません。"},
	msgCut:            {"%s is cut off from %s.", "%s を %s から切り離しました。"},
	msgHealed:         {"%s is connected to %s again.", "%s を %s に再接続しました。"},
	msgHealedAll:      {"All networks are connected again.", "すべてのネットワークを再接続しました。"},
	msgRejoined:       {"%s is a synchronous standby again after %.1f s.", "%s が同期 Standby に戻りました (%.1f 秒)。"},
	msgIncomplete:     {"This lab did not come up completely.", "このラボは完全には起動していません。"},

	msgColNode:      {"node", "ノード"},
	msgColPower:     {"power", "電源"},
	msgColCluster:   {"cluster", "クラスタ"},
	msgColRole:      {"role", "役割"},
	msgColData:      {"data", "データ"},
	msgColScore:     {"score", "スコア"},
	msgColLock:      {"lock", "ロック"},
	msgColVIP:       {"addresses", "仮想 IP"},
	msgOn:           {"on", "オン"},
	msgOff:          {"off", "オフ"},
	msgYes:          {"yes", "あり"},
	msgOnline:       {"online", "オンライン"},
	msgOffline:      {"offline", "オフライン"},
	msgFailedAction: {"failed: %s on %s: %s %s", "失敗した処理: %s (%s): %s %s"},

	msgDemoWrite:    {"A client commits rows through vip-master (%s) …", "クライアントが vip-master (%s) 経由でコミットを続けます …"},
	msgDemoKill:     {"kill -9 of the primary's PostgreSQL on %s", "%s の Primary PostgreSQL を kill -9 しました"},
	msgDemoWatch:    {"%5.1f s since the fault", "故障から %5.1f 秒"},
	msgWatchAck:     {"%d commits acknowledged, the last one %.1f s ago", "コミット成功 %d 件、最後の成功は %.1f 秒前"},
	msgWatchChange:  {"%7.2f s  %s", "%7.2f 秒  %s"},
	msgTimeline:     {"What happened (seconds since the fault):", "経過 (故障からの秒数):"},
	msgMarkLastAck:  {"last commit acknowledged by the old primary", "旧 Primary が最後に成功を返したコミット"},
	msgMarkFault:    {"PostgreSQL killed", "PostgreSQL 強制終了"},
	msgMarkDetected: {"failure known to the cluster", "クラスタが故障を検知"},
	msgMarkDemoted:  {"demote finished", "demote 完了"},
	msgMarkStopped:  {"stop finished", "stop 完了"},
	msgMarkPromote:  {"promote started", "promote 開始"},
	msgMarkWritable: {"PostgreSQL ready for writes", "PostgreSQL 書き込み可能"},
	msgMarkPromoted: {"promote finished", "promote 完了"},
	msgMarkVIP:      {"vip-master up", "vip-master 割り当て完了"},
	msgMarkFirstAck: {"first commit acknowledged by the new primary", "新 Primary が最初に成功を返したコミット"},
	msgOutage:       {"Write outage: %.2f s", "書き込み停止時間: %.2f 秒"},
	msgRows:         {"Rows acknowledged: %d, lost: %d (on %s)", "コミット成功: %d 行、消失: %d 行 (%s で確認)"},
	msgRowsAgain:    {"Rows after the rejoin: acknowledged: %d, lost: %d (on %s)", "復帰後の確認: コミット成功: %d 行、消失: %d 行 (%s で確認)"},
	msgDemoRejoin:   {"The old primary comes back as standby …", "旧 Primary を Standby として復帰させます …"},
	msgDemoKept:     {"The lab is still up. Enter a node: pgrex-lab ssh %s   End: pgrex-lab down", "ラボは起動したままです。ノードに入る: pgrex-lab ssh %s  終了: pgrex-lab down"},
	msgDemoEnd:      {"Nothing was lost, and the cluster is redundant again.", "データの消失はなく、冗長構成に戻りました。"},
}
