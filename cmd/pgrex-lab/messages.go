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
	msgMissingInSuite
	msgCureSuite
	msgCureDebootstrap
	msgUnknownSuite
	msgSuiteFailed
	msgSuiteBegin
	msgStepSuite
	msgSuiteRemoved
	msgColSuite
	msgColBuilt
	msgHelpSuite
	msgShortSuites
	msgLongSuites
	msgShortSuitesBuild
	msgShortSuitesClean

	msgShortRoot
	msgLongRoot
	msgExampleRoot
	msgShortUp
	msgExampleUp
	msgFlagAgent
	msgFlagNodes
	msgFlagKeep
	msgFlagFencing
	msgShortFencing
	msgLongFencing
	msgExampleFencing
	msgFlagDelay
	msgFlagFail
	msgFlagLie
	msgFlagFolder
	msgFencingSet
	msgShortDrill
	msgLongDrill
	msgExampleDrill
	msgShortDrills
	msgFlagDrillTools
	msgDrillExpect
	msgDrillWell
	msgDrillWrong
	msgUnknownDrill
	msgDrillsFailed
	msgColDrill
	msgColFault
	msgColExpected
	msgColSeen
	msgColOutage
	msgColAcked
	msgColLost
	msgColVerdict
	msgColScenarios
	msgDrillsWrong
	msgFenced
	msgColInvariant
	msgColLooks
	msgColFindings
	msgInvariant1
	msgInvariant2
	msgInvariant4
	msgInvariant5
	msgInvariant6
	msgInvariant7
	msgInvariant8
	msgInvariant9
	msgInvariant10
	msgShortDown
	msgShortRejoin
	msgShortDemo
	msgLongDemo
	msgShortKill
	msgShortBoot
	msgShortCut
	msgLongCut
	msgExampleCut
	msgFlagSilent
	msgShortHeal
	msgLongHeal
	msgFlagAll
	msgShortStatus
	msgShortSSH
	msgShortLogs
	msgFlagLines
	msgShortHelp
	msgFlagHelp
	msgUsageArgs
	msgUsageOther
	msgUnknownNode
	msgUnknownLAN
	msgNodeIsOn
	msgNodeIsOff
	msgNoAgent

	msgMended
	msgStepRemains
	msgStepNodes
	msgStepInitPG
	msgStepDefinition
	msgStepPrimary
	msgStepBackup
	msgStepStandby
	msgUp
	msgNoCommands
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

	msgShortRobustness
	msgLongRobustness
	msgExampleRobustness
	msgFlagSeed
	msgFlagMinutes
	msgFlagFaults
	msgFlagEvery
	msgFlagOutput
	msgFlagGoOn
	msgFlagTogether
	msgFlagQuick
	msgFlagPatience
	msgNoRobustness
	msgRunSeed
	msgRunBegan
	msgRunTogether
	msgRunAlone
	msgRunSum
	msgRunRequests
	msgRunAudits
	msgRunWell
	msgRunWrong
	msgRunAgain
	msgRunFolder
	msgRunLine
	msgRunFailed
	msgColTimes
	msgColNotMade
	msgColMedian
	msgColWorst
	msgColRequest
	msgColOK
	msgColFailed
	msgColUnknown

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

	msgMissingInSuite:   {"the root file system of %s lacks: %s", "%s のルートファイルシステムに不足しているもの: %s"},
	msgCureSuite:        {"build it anew: pgrex-lab suites clean %s", "作り直すには: pgrex-lab suites clean %s"},
	msgCureDebootstrap:  {"install it with: test/lab/install-debian.sh debootstrap", "インストールするには: test/lab/install-debian.sh debootstrap"},
	msgUnknownSuite:     {"unknown suite: use one of %s", "不明なリリースです。指定できるのは %s です"},
	msgSuiteFailed:      {"cannot build the root file system of %s: %v", "%s のルートファイルシステムを作成できません: %v"},
	msgSuiteBegin:       {"Building the root file system of %s. This is done once and takes some minutes …", "%s のルートファイルシステムを作成しています。初回のみで、数分かかります …"},
	msgStepSuite:        {"root file system of %s", "%s のルートファイルシステム作成"},
	msgSuiteRemoved:     {"The root file system of %s is removed.", "%s のルートファイルシステムを削除しました。"},
	msgColSuite:         {"suite", "リリース"},
	msgColBuilt:         {"root file system", "ルートファイルシステム"},
	msgHelpSuite:        {"release of Debian in the nodes: %s (default: the machine's own)", "ノードの Debian リリース: %s (省略時はこのマシンと同じ)"},
	msgShortSuites:      {"List the releases of Debian that nodes can run", "ノードで使える Debian リリースの一覧"},
	msgLongSuites:       {"List the releases of Debian that nodes can run (--suite). The root file system of a release\nis built by debootstrap at its first use and kept below /var/cache/pgrex/suites, or\nPGREX_SUITE_DIR. The archive is the one of this machine's apt, or PGREX_MIRROR.", "ノードで使える Debian リリース (--suite) を一覧表示します。リリースのルートファイルシステムは\n初回に debootstrap で作成し、/var/cache/pgrex/suites (または PGREX_SUITE_DIR) に保存します。\n取得元はこのマシンの apt と同じアーカイブ、または PGREX_MIRROR です。"},
	msgShortSuitesBuild: {"Build root file systems ahead of their first use", "ルートファイルシステムをあらかじめ作成する"},
	msgShortSuitesClean: {"Remove root file systems (default: all)", "ルートファイルシステムを削除する (省略時はすべて)"},

	msgShortRoot: {"A PG-REX cluster on this machine, to try things out", "このマシンで動く学習・検証用の PG-REX クラスタ"},
	msgLongRoot: {`pgrex-lab runs a real PG-REX cluster on this machine: containers with systemd,
Corosync, Pacemaker and PostgreSQL, and the four networks of the manual.
It changes nothing outside of /run/pgrex-lab and of network namespaces that
begin with "pgrex-"; with --suite it keeps root file systems below /var/cache/pgrex.
All commands need root.`, `pgrex-lab は本物の PG-REX クラスタをこのマシンで動かします。ノードは systemd、Corosync、
Pacemaker、PostgreSQL が動くコンテナで、マニュアルどおり 4 つのネットワークにつながります。
/run/pgrex-lab と、名前が pgrex- で始まるネットワーク名前空間のほかは変更しません。
--suite を使うと /var/cache/pgrex にルートファイルシステムを保存します。
すべてのコマンドに root 権限が必要です。`},
	msgExampleRoot: {`  sudo pgrex-lab demo                    # a failover from end to end
  sudo pgrex-lab up                      # primary and synchronous standby
  sudo pgrex-lab status
  sudo pgrex-lab ssh node01 pcs status
  sudo pgrex-lab kill node01             # power loss of the primary
  sudo pgrex-lab boot node01
  sudo pgrex-lab rejoin node01           # base backup, then standby again
  sudo pgrex-lab down`, `  sudo pgrex-lab demo                    # フェイルオーバを最初から最後まで見る
  sudo pgrex-lab up                      # Primary と同期 Standby を起動
  sudo pgrex-lab status
  sudo pgrex-lab ssh node01 pcs status
  sudo pgrex-lab kill node01             # Primary の電源断
  sudo pgrex-lab boot node01
  sudo pgrex-lab rejoin node01           # ベースバックアップを取り Standby に戻す
  sudo pgrex-lab down`},
	msgShortUp: {"Build a cluster: primary on node01, synchronous standby on node02", "クラスタを作る (node01 が Primary、node02 が同期 Standby)"},
	msgExampleUp: {`  sudo pgrex-lab up
  sudo pgrex-lab up --nodes 3
  sudo pgrex-lab up --suite trixie       # the nodes run Debian 13
  sudo pgrex-lab up --agent heartbeat    # the shell agent, for comparison`, `  sudo pgrex-lab up
  sudo pgrex-lab up --nodes 3
  sudo pgrex-lab up --suite trixie       # ノードを Debian 13 にする
  sudo pgrex-lab up --agent heartbeat    # 比較用にシェル版エージェントを使う`},
	msgFlagAgent:    {"agent to install: path of pgsql-ra, or heartbeat for the shell agent (default: pgsql-ra beside this program)", "インストールするエージェント: pgsql-ra のパス。heartbeat ならシェル版 (省略時はこのプログラムと同じ場所の pgsql-ra)"},
	msgFlagNodes:    {"number of nodes", "ノード数"},
	msgFlagKeep:     {"leave a lab that did not come up for inspection", "起動に失敗したラボを調査用に残す"},
	msgFlagFencing:  {"a cluster with STONITH, whose device cuts the power of the nodes", "STONITH を使うクラスタにする (ノードの電源を実際に切るデバイス付き)"},
	msgShortFencing: {"Set how the fencing device behaves", "STONITH デバイスの動作を変える"},
	msgLongFencing:  {"Set how the fencing device of a lab with --fencing behaves from now on; without options it works at once.", "--fencing で起動したラボの STONITH デバイスの動作を変えます。オプションがなければ即座に電源を切る通常の動作に戻します。"},
	msgExampleFencing: {`  sudo pgrex-lab fencing --delay 30s     # a slow one
  sudo pgrex-lab fencing --fail node01   # node01 cannot be switched off
  sudo pgrex-lab fencing                 # as it was`, `  sudo pgrex-lab fencing --delay 30s     # 電源操作に時間がかかる
  sudo pgrex-lab fencing --fail node01   # node01 の電源を切れない
  sudo pgrex-lab fencing                 # 通常の動作に戻す`},
	msgFlagDelay:  {"how long a change of power takes", "電源操作にかかる時間"},
	msgFlagFail:   {"nodes whose power cannot be changed, * for all", "電源操作に失敗するノード (* ならすべて)"},
	msgFlagLie:    {"say that the power was changed, and do nothing", "電源を操作せずに成功と答える"},
	msgFlagFolder: {"folder of the socket", "ソケットのあるフォルダ"},
	msgFencingSet: {"The fencing device behaves as asked for.", "STONITH デバイスの動作を変更しました。"},
	msgShortDrill: {"Play faults of the catalogue on a cluster of their own", "故障カタログの故障を専用のクラスタで再現する"},
	msgLongDrill: {`Play one fault or several (or all): a cluster is built, the fault is made under writes, what happens is printed with the
seconds since the fault, the operator's repair is typed, and the invariants are audited all the time. pg-rex and pgsql-ra are
taken from the folder of this program.`, `故障を 1 つ、または複数 (all ですべて) 再現します。クラスタを作り、書き込み中に故障を起こし、故障からの経過を表示し、
運用コマンドで復旧します。その間、不変条件が守られていることを外から監査し続けます。pg-rex と pgsql-ra は、このプログラムと同じ
ディレクトリのものを使います。`},
	msgExampleDrill: {`  sudo pgrex-lab drill F01
  sudo pgrex-lab drill F09 F10 F36
  sudo pgrex-lab drill all`, `  sudo pgrex-lab drill F01
  sudo pgrex-lab drill F09 F10 F36
  sudo pgrex-lab drill all`},
	msgShortDrills:    {"List the faults that drill can play", "drill で再現できる故障の一覧"},
	msgFlagDrillTools: {"program of the operation commands (default: pg-rex beside this program)", "運用コマンドのプログラム (省略時はこのプログラムと同じ場所の pg-rex)"},
	msgDrillExpect:    {"Expected: %s", "想定: %s"},
	msgDrillWell:      {"As expected.", "想定どおりです。"},
	msgDrillWrong:     {"NOT as expected: %v", "想定と異なります: %v"},
	msgUnknownDrill:   {"unknown fault %q: see pgrex-lab drills", "不明な故障 %q です。一覧は pgrex-lab drills で表示できます"},
	msgDrillsFailed:   {"%d of %d faults did not go as expected", "想定と異なった故障: %d 件 (全 %d 件)"},
	msgColDrill:       {"id", "番号"},
	msgColFault:       {"fault", "故障"},
	msgColExpected:    {"expected", "想定"},
	msgColSeen:        {"seen", "結果"},
	msgColOutage:      {"outage", "停止時間"},
	msgColAcked:       {"acknowledged", "コミット成功"},
	msgColLost:        {"lost", "消失"},
	msgColVerdict:     {"verdict", "判定"},
	msgColScenarios:   {"scenarios", "件数"},
	msgDrillsWrong:    {"\nNot as expected:", "\n想定と異なったもの:"},
	msgFenced:         {"with fencing", "フェンシングあり"},
	msgColInvariant:   {"invariant", "不変条件"},
	msgColLooks:       {"looks", "確認回数"},
	msgColFindings:    {"findings", "違反"},
	msgInvariant1:     {"at most one node acknowledges writes", "書き込みに成功を返すノードは常に 1 台以下"},
	msgInvariant2:     {"acknowledged rows are on the primary (looks: rows)", "コミットに成功した行は Primary にある (回数は行数)"},
	msgInvariant4:     {"nobody is promoted whose data may lack commits", "データが不足し得るノードは昇格しない"},
	msgInvariant5:     {"a standby loses its rights before commits go on without it", "Standby なしでコミットが進む前に、その昇格資格がなくなる"},
	msgInvariant6:     {"PGSQL.lock is there from before the first write", "起動禁止フラグは最初の書き込みより前からある"},
	msgInvariant7:     {"no fencing and no restart that was not called for", "想定外のフェンシングもサーバの再起動もない"},
	msgInvariant8:     {"the cluster settles and says what the servers say", "クラスタが落ち着き、属性がサーバの状態と一致する"},
	msgInvariant9:     {"no data is thrown away without consent", "承諾なしにデータが消されない"},
	msgInvariant10:    {"no action ends by its time-out", "タイムアウトで終わるアクションがない"},
	msgShortDown:      {"Remove the lab, also one that was killed half-way", "ラボを片付ける (起動途中で強制終了されたものも)"},
	msgShortRejoin:    {"Rebuild a node from the primary and start it as standby", "ノードのデータを Primary から作り直し、Standby として起動する"},
	msgShortDemo:      {"Show a failover: kill the primary under load, count what was lost, rejoin", "フェイルオーバの実演: 書き込み中に Primary を強制終了し、消失を数え、復帰させる"},
	msgLongDemo: {`Build a cluster, write to it, kill the primary's PostgreSQL with kill -9, show
the take-over as it happens, print when what happened and how long writes were
refused, bring the old primary back as standby, and remove everything.
With KEEP=1 in the environment the cluster stays up.`, `クラスタを作って書き込みを続け、Primary の PostgreSQL を kill -9 で強制終了します。
切り替わりの様子を表示し、いつ何が起き、書き込みが何秒止まったかを示したあと、
旧 Primary を Standby として復帰させ、すべて片付けます。
環境変数 KEEP=1 を付けるとクラスタは起動したまま残ります。`},
	msgShortKill: {"Power loss: the node is gone at once, its disk stays", "電源断: ノードは即座に止まり、ディスクは残る"},
	msgShortBoot: {"Boot a node again with the disk it had", "元のディスクのままノードを起動する"},
	msgShortCut:  {"Take a node off a network", "ノードをネットワークから切り離す"},
	msgLongCut:   {"Take a node off a network. LAN is one of s-lan, d-lan, ic-lan1, ic-lan2.", "ノードをネットワークから切り離します。LAN は s-lan、d-lan、ic-lan1、ic-lan2 のいずれかです。"},
	msgExampleCut: {`  sudo pgrex-lab cut d-lan node02        # the node sees that the link is down
  sudo pgrex-lab cut ic-lan1 node01 --silent # packets vanish, the link looks well`, `  sudo pgrex-lab cut d-lan node02        # リンクダウンがノードからも見える
  sudo pgrex-lab cut ic-lan1 node01 --silent # リンクは正常に見えるがパケットが消える`},
	msgFlagSilent:  {"drop packets inside the node in place of taking the link down", "リンクを落とさず、ノード内でパケットを捨てる"},
	msgShortHeal:   {"Connect a node to a network again", "ノードをネットワークに再接続する"},
	msgLongHeal:    {"Connect a node to a network again, however it was cut. LAN is one of s-lan, d-lan, ic-lan1, ic-lan2.", "切り離し方によらず、ノードをネットワークに再接続します。LAN は s-lan、d-lan、ic-lan1、ic-lan2 のいずれかです。"},
	msgFlagAll:     {"all networks of all nodes", "すべてのノードのすべてのネットワーク"},
	msgShortStatus: {"Show nodes, roles, data, virtual addresses", "ノード、役割、データ、仮想 IP の状態を表示する"},
	msgShortSSH:    {"Enter a node as root, or run a command there", "root でノードに入る、またはコマンドを実行する"},
	msgShortLogs:   {"Show the end of the logs of Corosync, Pacemaker and PostgreSQL", "Corosync、Pacemaker、PostgreSQL のログの末尾を表示する"},
	msgFlagLines:   {"lines of each log", "各ログの表示行数"},
	msgShortHelp:   {"Help about any command", "コマンドの使い方を表示する"},
	msgFlagHelp:    {"show this help", "この説明を表示する"},
	msgUsageArgs:   {"%s: arguments are missing or too many", "%s: 引数の数が正しくありません"},
	msgUsageOther:  {"wrong command line: %v", "コマンドラインが正しくありません: %v"},
	msgUnknownNode: {"the lab has no node %q: its nodes are %s", "ノード %q はありません。このラボのノードは %s です"},
	msgUnknownLAN:  {"unknown network %q: use one of %s", "不明なネットワーク %q です。指定できるのは %s です"},
	msgNodeIsOn:    {"%s is running already", "%s はすでに起動しています"},
	msgNodeIsOff:   {"%s is not running", "%s は起動していません"},
	msgNoAgent:     {"cannot find the agent: %v", "エージェントが見つかりません: %v"},

	msgMended:         {"the shell agent's function library was corrected in the nodes (resource-agents 4.12: crm_attribute -p without a name)", "ノード内のシェル版エージェントの関数ライブラリを修正しました (resource-agents 4.12: crm_attribute -p に名前がない)"},
	msgStepRemains:    {"the remains of a lab removed whose command was killed", "強制終了されたコマンドが残したラボの削除"},
	msgStepNodes:      {"networks made, nodes booted", "ネットワーク作成、ノード起動"},
	msgStepInitPG:     {"%s: database initialized", "%s: データベース初期化"},
	msgStepDefinition: {"%s: cluster definition in place", "%s: クラスタ定義の配置"},
	msgStepPrimary:    {"%s: primary started, virtual addresses up", "%s: Primary 起動、仮想 IP 割り当て"},
	msgStepBackup:     {"%s: base backup taken", "%s: ベースバックアップ取得"},
	msgStepStandby:    {"%s: standby started, replication running", "%s: Standby 起動、レプリケーション開始"},
	msgUp:             {"The cluster is up after %.1f s. Enter a node: pgrex-lab ssh node01   End: pgrex-lab down", "クラスタが起動しました (%.1f 秒)。ノードに入る: pgrex-lab ssh node01  終了: pgrex-lab down"},
	msgNoCommands:     {"The nodes have no operation commands: there is no %s.", "ノードに運用コマンドを入れていません: %s がありません。"},
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

	msgShortRobustness: {"Play faults at random under writes, and judge every answer", "書き込み中に故障をランダムに起こし、すべての応答を検証する"},
	msgLongRobustness: {`Faults of the catalogue are made at random, one in three while the one before lasts. Clients write rows, transfer between
accounts, append to lists and read on the standby. Afterwards the operator repairs what is left with the operation commands
(of three nodes with a base backup), or nobody does before the next fault. In the end every acknowledged row has to be there,
every answer has to be one that a single machine could have given, and never may two nodes have accepted writes at once.
The same seed makes the same plan of faults. What is needed to look into a run is kept in a folder.`, `カタログの故障をランダムに起こします。3 件に 1 件は直前の故障が続いている間に重ねます。クライアントは、行の書き込み、
口座間の振替、リストへの追記、Standby での参照を続けます。故障のあとは運用コマンド (3 ノードではベースバックアップ) で復旧
するか、次の故障まで放置します。最後に、コミット成功の行がすべて残っていること、すべての応答が単一のサーバと矛盾しないこと、
2 つのノードが同時に書き込みを受け付けなかったことを検証します。同じシードなら故障の計画は同じです。調査に必要なものは
ディレクトリに残します。`},
	msgExampleRobustness: {`  sudo pgrex-lab robustness --minutes 10
  sudo pgrex-lab robustness --seed 7 --minutes 30 --fencing --every 8s-20s
  sudo pgrex-lab robustness --seed 7 --minutes 10 --nodes 3`, `  sudo pgrex-lab robustness --minutes 10
  sudo pgrex-lab robustness --seed 7 --minutes 30 --fencing --every 8s-20s
  sudo pgrex-lab robustness --seed 7 --minutes 10 --nodes 3`},
	msgFlagSeed:     {"number from which the plan of faults is made (default: another one each time)", "故障の計画のもとになる番号 (省略時は毎回異なる)"},
	msgFlagMinutes:  {"how long faults are made, in minutes", "故障を起こし続ける時間 (分)"},
	msgFlagFaults:   {"end after so many faults (default: as many as there is time for)", "この件数の故障で終える (省略時は時間のある限り)"},
	msgFlagEvery:    {"time from one fault to the next", "故障から次の故障までの時間"},
	msgFlagOutput:   {"folder for requests, events and logs (default: robustness-SEED)", "リクエスト、経過、ログを残すディレクトリ (省略時は robustness-シード)"},
	msgFlagTogether: {"how many faults there may be at once, 1 to 8", "同時に起こす故障の上限 (1 から 8)"},
	msgFlagGoOn:     {"go on after a find, as long as the cluster can be repaired", "問題が見つかっても、クラスタを復旧できる限り続ける"},
	msgFlagPatience: {"for an agent that fails many: wait so long (60s) for what does not come, and throw the cluster away then", "多くの故障に失敗するエージェント向け: 期待した状態を待つ時間の上限 (例 60s)。超えた場合は復旧せずにクラスタを作り直す"},
	msgFlagQuick:    {"monitors every 3 s and short time-outs: less waiting than in the manual's cluster", "監視間隔を 3 秒とし、タイムアウトも短くする (マニュアルの設定より待ち時間が短い)"},
	msgNoRobustness: {"cannot make such a run: %v", "この条件では実行できません: %v"},
	msgRunSeed:      {"Seed %d: %d nodes, fencing %v, faults every %v to %v for %v", "シード %d: %d ノード、フェンシング %v、故障の間隔 %v～%v、時間 %v"},
	msgRunBegan:     {"The clients are at work. Seconds since the beginning:", "クライアントの処理を開始しました。以下の数字は開始からの秒数です。"},
	msgRunTogether:  {"two faults at once", "2 つの故障が重なったもの"},
	msgRunAlone:     {"a fault of a cluster that was not whole", "冗長でない状態での故障"},
	msgRunSum:       {"Faults: %d   rows acknowledged: %d   lost: %d   %.0f s", "故障: %d 件   コミット成功: %d 行   消失: %d 行   %.0f 秒"},
	msgRunRequests:  {"Requests by answer:", "リクエストの結果:"},
	msgRunAudits:    {"Looks at the invariants: %s", "不変条件の確認回数: %s"},
	msgRunWell:      {"Nothing was found.", "問題は見つかりませんでした。"},
	msgRunWrong:     {"FOUND: %s", "問題: %s"},
	msgRunAgain:     {"Again: %s", "再実行: %s"},
	msgRunFolder:    {"Requests, events and logs: %s", "リクエスト、経過、ログ: %s"},
	msgRunLine:      {"For the record: %s", "記録用: %s"},
	msgRunFailed:    {"the run has found %d things that are wrong (seed %d)", "問題が %d 件見つかりました (シード %d)"},
	msgColTimes:     {"faults", "件数"},
	msgColNotMade:   {"not made", "未実施"},
	msgColMedian:    {"outage, median", "停止時間 (中央値)"},
	msgColWorst:     {"worst", "最大"},
	msgColRequest:   {"request", "リクエスト"},
	msgColOK:        {"ok", "成功"},
	msgColFailed:    {"failed", "失敗"},
	msgColUnknown:   {"unknown", "不明"},
}
