package message

// The texts of the agent: its help, and what explain prints.
const (
	Help Key = iota
	HelpHint
	UnknownWord

	ActionStart
	ActionStop
	ActionStatus
	ActionMonitor
	ActionPromote
	ActionDemote
	ActionNotify
	ActionReload
	ActionWatch
	ActionMethods
	ActionMetaData
	ActionValidateAll
	ActionUsage

	CodeSuccess
	CodeGeneric
	CodeArgs
	CodeUnimplemented
	CodePerm
	CodeInstalled
	CodeConfigured
	CodeNotRunning
	CodePromoted
	CodeFailedPromoted

	ExplainUsage
	ExplainUnknownOption
	ExplainNeedsValue
	ExplainOneResource
	SeveralResources
	NotThisAgent
	NoSuchResource
	NoResource
	CureName
	CureDefine
	NodeNotListed

	TitleResource
	TitleBare
	TitleParameters
	TitleOperations
	TitleProblems
	NoProblem
	TitleServer
	TitleStandbys
	NoStandbys
	TitleCluster
	TitleDecision
	TitleNotes
	TitleMissing

	FromDefinition
	FromFile
	FromEnvironment
	UnknownParameter

	RowServer
	RowPosition
	RowReceiver
	RowControl
	RowSyncNames
	RowLock
	ServerPrimary
	ServerStandby
	ServerStopped
	ServerUnclear
	Position
	StandbyPosition
	Control
	SyncNames
	SyncNamesFileOnly
	Nobody
	NoFile
	LockNone
	LockEmpty
	LockContent

	ColName
	ColAddress
	ColState
	ColSync
	ColSent
	ColFlush
	ColReplay
	ColRemark
	RemarkHidden
	RemarkNotPhysical

	ColNode
	ColCluster
	ColRole
	ColStatus
	ColData
	ColScore
	Online
	Offline
	Joining
	Unclean
	NotInCluster
	Promoted
	Unpromoted
	Yes
	No
	QuorumIgnored

	DoNothing
	WhySettled
	WhyFollowing
	WhyFed
	WhyStopped
	WhyUnusable
	WhyNotReplicated
	WhyNoCluster
	WhyNoServer
	WhyOtherNodes
	ThenRights
	Answers
	AnswersBecause
	AnswersUnknown
	RunsUnpromoted
	IfMonitorSQL
	Writes
	WritesSyncNames

	ChangeStatus
	ChangeDataStatus
	ChangeScore
	ChangeXlogLoc
	ChangeBaseline
	ChangeConfirm
	ChangeSyncNames
	ChangeHold
	ChangeAbstain
	ChangeVote
	ChangeForgetVotes
	Unset

	FactDefinition
	FactRules
	FactPrivilege
	FactNode
	FactServer
	FactFiles
	FactCluster
	CureRules
	CureRoot
	CureCluster

	keyCount // not a text
)

var catalogue = [keyCount]text{
	Help: {`pgsql-ra: the OCF resource agent ocf:linuxhajapan:pgsql. It runs PostgreSQL with
streaming replication under Pacemaker, which starts it with one action and the
resource's parameters in the environment.

usage: pgsql-ra ACTION
       pgsql-ra explain [RESOURCE] [--node NODE] [--json]
       pgsql-ra --help | --version

By hand
  explain     looks at what a monitor looks at and prints for each node what is
              there, what the next monitor on this node would do and why, and
              what it would write. It changes nothing. Run it as root on a node
              of the cluster; the parameters come from the cluster definition.
              --node NODE   only what concerns this node
              --json        for programs
              Exit status: 0 everything could be seen, 1 facts are missing (they
              are named), 2 wrong usage.

Actions (for Pacemaker; start, stop, promote and demote by hand only while the
cluster does not manage the resource)
%s

Environment
  OCF_RESKEY_<parameter>    parameters; "pgsql-ra meta-data" describes them.
                            explain prefers them to the cluster definition
  OCF_RESOURCE_INSTANCE     name of the resource, without one: default
  LC_ALL, LC_MESSAGES, LANG language of this text and of explain: ja or English
  Logs go where Pacemaker's variables say, on a terminal to standard error.

Exit status of an action
%s
`, `pgsql-ra: OCF リソースエージェント ocf:linuxhajapan:pgsql です。Pacemaker の管理下で
PostgreSQL のストリーミングレプリケーションを動かします。Pacemaker はアクションを
1 つ指定し、リソースのパラメータを環境変数に入れて、これを起動します。

使い方: pgsql-ra アクション
        pgsql-ra explain [リソース名] [--node ノード名] [--json]
        pgsql-ra --help | --version

手で実行するもの
  explain     monitor と同じものを調べ、ノードごとの状態、このノードの次の monitor が
              行うこととその理由、書き込む内容を表示します。何も変更しません。
              クラスタのノードで root で実行してください。パラメータはクラスタの
              定義から読みます。
              --node ノード名   そのノードに関するものだけ表示
              --json            プログラム向けの形式
              終了ステータス: 0 すべて確認できた、1 確認できないものがある (何かは
              表示されます)、2 使い方の誤り。

アクション (Pacemaker が使うもの。start、stop、promote、demote を手で実行してよいのは、
クラスタがリソースを管理していないときだけです)
%s

環境変数
  OCF_RESKEY_<パラメータ名> パラメータ。説明は pgsql-ra meta-data で表示します。
                            explain ではクラスタの定義より優先されます
  OCF_RESOURCE_INSTANCE     リソース名。なければ default
  LC_ALL, LC_MESSAGES, LANG このヘルプと explain の言語: ja なら日本語、ほかは英語
  ログの出力先は Pacemaker の環境変数に従います。端末では標準エラー出力です。

アクションの終了ステータス
%s
`},
	HelpHint: {"By hand: pgsql-ra explain, pgsql-ra --help", "手で実行するもの: pgsql-ra explain、pgsql-ra --help"},
	UnknownWord: {"There is no action %q. Actions: %s. By hand: explain, --help, --version.",
		"%q というアクションはありません。アクション: %s。手で実行するもの: explain、--help、--version。"},

	ActionStart:       {"starts the server, in replication as a standby", "サーバを起動する。レプリケーションでは Standby として起動する"},
	ActionStop:        {"ends every process of the data directory", "データディレクトリのすべてのプロセスを終了させる"},
	ActionStatus:      {"says whether the server runs, by its processes alone", "サーバが動いているかをプロセスだけで調べる"},
	ActionMonitor:     {"finds out what the server is and keeps attributes and standbys in order", "サーバの状態を調べ、属性と synchronous_standby_names を更新する"},
	ActionPromote:     {"makes the standby the primary", "Standby を Primary に昇格させる"},
	ActionDemote:      {"stops the primary, and starts it as a standby where that is proven safe", "Primary を停止し、安全と確認できれば Standby として起動する"},
	ActionNotify:      {"follows what happens on the other nodes", "ほかのノードの変化に対応する"},
	ActionReload:      {"takes over parameters that only the agent reads, while the server runs", "エージェントだけが使うパラメータの変更を、サーバを動かしたまま取り込む"},
	ActionWatch:       {"sleeps until the server dies, then tells the cluster; the agent starts it", "サーバが異常終了するまで待ち、クラスタに通知する（エージェントが起動する）"},
	ActionMethods:     {"lists the actions", "アクションの一覧を表示する"},
	ActionMetaData:    {"describes the parameters, as XML", "パラメータの説明を XML で表示する"},
	ActionValidateAll: {"checks the parameters, with OCF_CHECK_LEVEL=10 this node too", "パラメータを検査する。OCF_CHECK_LEVEL=10 ではこのノードも検査する"},
	ActionUsage:       {"a short form of this text, for tools", "このヘルプの短い形 (ツール用)"},

	CodeSuccess:        {"success; monitor: runs and is not the primary", "成功。monitor では、動作中で Primary ではない"},
	CodeGeneric:        {"failure", "失敗"},
	CodeArgs:           {"a value that this node cannot work with", "このノードでは使えない値"},
	CodeUnimplemented:  {"no such action", "アクションがない"},
	CodePerm:           {"a right is missing on this node", "このノードで権限が足りない"},
	CodeInstalled:      {"a program, file or user is missing on this node", "このノードにプログラム、ファイル、ユーザのいずれかがない"},
	CodeConfigured:     {"wrong configuration on every node", "設定の誤り (全ノード共通)"},
	CodeNotRunning:     {"not running", "動作していない"},
	CodePromoted:       {"runs as the primary", "Primary として動作中"},
	CodeFailedPromoted: {"is or may be the primary, and is broken", "Primary である (またはその可能性がある) が故障している"},

	ExplainUsage:         {"usage: pgsql-ra explain [RESOURCE] [--node NODE] [--json]", "使い方: pgsql-ra explain [リソース名] [--node ノード名] [--json]"},
	ExplainUnknownOption: {"there is no option %s", "%s というオプションはありません"},
	ExplainNeedsValue:    {"%s needs a value", "%s には値が必要です"},
	ExplainOneResource:   {"only one resource can be named, not %s too", "指定できるリソースは 1 つだけです (余分な引数: %s)"},
	SeveralResources:     {"the cluster has several resources of this agent: %s", "このエージェントのリソースがクラスタに複数あります: %s"},
	NotThisAgent:         {"the resource %s is ocf:%s:%s, not one of this agent", "リソース %s は ocf:%s:%s で、このエージェントのリソースではありません"},
	NoSuchResource:       {"the cluster definition has no resource %s", "クラスタの定義に %s というリソースはありません"},
	NoResource:           {"the cluster definition has no resource of this agent (ocf:linuxhajapan:pgsql, ocf:linuxhajp:pgsql or ocf:heartbeat:pgsql)", "クラスタの定義にこのエージェントのリソース (ocf:linuxhajapan:pgsql、ocf:linuxhajp:pgsql、ocf:heartbeat:pgsql) がありません"},
	CureName:             {"name one: pgsql-ra explain %s", "1 つを指定してください: pgsql-ra explain %s"},
	CureDefine:           {"define one (crm configure), or set its parameters as OCF_RESKEY_<parameter> in the environment", "定義する (crm configure) か、環境変数 OCF_RESKEY_<パラメータ名> でパラメータを渡してください"},
	NodeNotListed:        {"--node %s: not in node_list (%s)", "--node %s: node_list (%s) にありません"},

	TitleResource:   {"Resource %s (ocf:%s:%s, clone: %s), seen from %s", "リソース %s (ocf:%s:%s、クローン: %s)、調べたノード: %s"},
	TitleBare:       {"Resource %s, seen from %s", "リソース %s、調べたノード: %s"},
	TitleParameters: {"Parameters that are set (cluster definition: %d, environment: %d; the others have their defaults)", "設定されているパラメータ (クラスタの定義: %d 個、環境変数: %d 個、ほかは既定値)"},
	TitleOperations: {"Operations: %s", "オペレーション: %s"},
	TitleProblems:   {"Problems of the configuration", "設定の問題"},
	NoProblem:       {"Configuration: no problem found.", "設定: 問題は見つかりませんでした。"},
	TitleServer:     {"PostgreSQL on this node", "このノードの PostgreSQL"},
	TitleStandbys:   {"Standbys as this server sees them (pg_stat_replication)", "このサーバから見た Standby (pg_stat_replication)"},
	NoStandbys:      {"none is connected", "接続している Standby はありません"},
	TitleCluster:    {"Cluster (quorum: %s, fencing: %s)", "クラスタ (クォーラム: %s、フェンシング: %s)"},
	TitleDecision:   {"What the next monitor on this node would do", "このノードの次の monitor が行うこと"},
	TitleNotes:      {"What it would log as warning or error meanwhile", "その際にログに出る警告とエラー"},
	TitleMissing:    {"What could not be seen", "確認できなかったもの"},

	FromDefinition:   {"definition", "定義"},
	FromFile:         {"definition (file)", "定義 (ファイル)"},
	FromEnvironment:  {"environment", "環境変数"},
	UnknownParameter: {"%s is not a parameter of this agent: it is ignored", "%s はこのエージェントのパラメータではないため無視されます"},

	RowServer:         {"server", "サーバ"},
	RowPosition:       {"position", "WAL の位置"},
	RowReceiver:       {"WAL receiver", "WAL レシーバ"},
	RowControl:        {"control file", "制御ファイル"},
	RowSyncNames:      {"synchronous_standby_names", "synchronous_standby_names"},
	RowLock:           {"PGSQL.lock", "PGSQL.lock"},
	ServerPrimary:     {"primary, PostgreSQL %s, postmaster %d", "Primary、PostgreSQL %s、postmaster %d"},
	ServerStandby:     {"standby, PostgreSQL %s, postmaster %d", "Standby、PostgreSQL %s、postmaster %d"},
	ServerStopped:     {"not running", "停止"},
	ServerUnclear:     {"not known: %s", "不明: %s"},
	Position:          {"timeline %d, %s", "タイムライン %d、%s"},
	StandbyPosition:   {"timeline %d, received %s, replayed %s", "タイムライン %d、受信 %s、再生 %s"},
	Control:           {"%s, timeline %d, checkpoint %s", "%s、タイムライン %d、チェックポイント %s"},
	SyncNames:         {"rep_mode.conf: %s; server: %s", "rep_mode.conf: %s、サーバ: %s"},
	SyncNamesFileOnly: {"rep_mode.conf: %s", "rep_mode.conf: %s"},
	Nobody:            {"(nobody)", "(なし)"},
	NoFile:            {"(no file)", "(ファイルなし)"},
	LockNone:          {"none (%s)", "なし (%s)"},
	LockEmpty:         {"%s is there and empty: start would be refused", "%s があります (空)。start は拒否されます"},
	LockContent:       {"%s: %s was promoted on timeline %d at %s, %s", "%s: %s がタイムライン %d、%s で昇格 (%s)"},

	ColName:           {"name", "名前"},
	ColAddress:        {"address", "アドレス"},
	ColState:          {"state", "状態"},
	ColSync:           {"sync", "同期"},
	ColSent:           {"sent", "送信"},
	ColFlush:          {"flushed", "書き込み済み"},
	ColReplay:         {"replayed", "再生済み"},
	ColRemark:         {"remark", "備考"},
	RemarkHidden:      {"monitor_user may not see it (pg_monitor)", "monitor_user から見えない (pg_monitor が必要)"},
	RemarkNotPhysical: {"no physical standby", "物理 Standby ではない"},

	ColNode:       {"node", "ノード"},
	ColCluster:    {"cluster", "クラスタ"},
	ColRole:       {"role", "役割"},
	ColStatus:     {"status", "状態"},
	ColData:       {"data status", "データの状態"},
	ColScore:      {"score", "スコア"},
	Online:        {"online", "オンライン"},
	Offline:       {"offline", "オフライン"},
	Joining:       {"joining", "参加中"},
	Unclean:       {"unclean", "未フェンス"},
	NotInCluster:  {"not in the cluster", "クラスタにない"},
	Promoted:      {"promoted", "Promoted"},
	Unpromoted:    {"unpromoted", "Unpromoted"},
	Yes:           {"yes", "あり"},
	No:            {"no", "なし"},
	QuorumIgnored: {"no, and ignored", "なし (無視する設定)"},

	DoNothing:        {"change nothing: %s", "何も変更しない: %s"},
	WhySettled:       {"attributes and synchronous_standby_names are what pg_stat_replication asks for", "属性と synchronous_standby_names は pg_stat_replication の内容どおりになっている"},
	WhyFollowing:     {"there is a primary (%s), and this standby's attributes are for it to set", "Primary (%s) があり、この Standby の属性は Primary が設定する"},
	WhyFed:           {"a primary sends WAL to this standby, whose attributes are for the primary to set", "Primary から WAL を受信中で、この Standby の属性は Primary が設定する"},
	WhyStopped:       {"the server does not run, and what follows is for the cluster to decide", "サーバが停止しており、対応はクラスタが決める"},
	WhyUnusable:      {"with an unusable configuration only the server is looked after", "設定が使えないため、サーバだけを監視する"},
	WhyNotReplicated: {"without replication there is nothing to tell the cluster", "レプリケーションを使わないため、クラスタに伝えるものがない"},
	WhyNoCluster:     {"the cluster cannot be read; the monitor after it would try again", "クラスタの状態を読めない。その次の monitor が改めて行う"},
	WhyNoServer:      {"the server does not say what it is", "サーバの状態が分からない"},
	WhyOtherNodes:    {"nothing of it concerns %s", "%s に関するものはない"},
	ThenRights:       {"As soon as the server reports %s synchronous, the same monitor would give it data status, score and status.", "サーバが %s を同期と報告したら、同じ monitor がデータの状態、スコア、状態を設定します。"},
	Answers:          {"It would answer %d (%s).", "終了ステータスは %d (%s) です。"},
	AnswersBecause:   {"It would answer %d (%s): %s", "終了ステータスは %d (%s) です: %s"},
	AnswersUnknown:   {"What it would answer cannot be told.", "終了ステータスは分かりません。"},
	RunsUnpromoted:   {"runs, and is not the primary", "動作中で、Primary ではない"},
	IfMonitorSQL:     {"That is if monitor_sql succeeds, which explain does not run.", "monitor_sql が成功した場合です (explain は実行しません)。"},
	Writes:           {"writes: %s", "書き込み: %s"},
	WritesSyncNames:  {"writes %s and makes the server read it: synchronous_standby_names = %s", "%s に書き込み、サーバに読み直させる: synchronous_standby_names = %s"},

	ChangeStatus:      {"status of %s: %s -> %s (%s)", "%s の状態: %s → %s (%s)"},
	ChangeDataStatus:  {"data status of %s: %s -> %s (%s)", "%s のデータの状態: %s → %s (%s)"},
	ChangeScore:       {"promotion score of %s: %s -> %s (%s)", "%s の昇格スコア: %s → %s (%s)"},
	ChangeXlogLoc:     {"xlog-loc of %s: %s -> %s (%s)", "%s の xlog-loc: %s → %s (%s)"},
	ChangeBaseline:    {"master-baseline of %s: %s -> %s (%s)", "%s の master-baseline: %s → %s (%s)"},
	ChangeConfirm:     {"wait until the cluster shows that %s may not be promoted (%s)", "%s が昇格できないことがクラスタに反映されるまで待つ (%s)"},
	ChangeSyncNames:   {"synchronous_standby_names: %s -> %s (%s)", "synchronous_standby_names: %s → %s (%s)"},
	ChangeHold:        {"let commits go on waiting for %s (%s)", "コミットは引き続き %s を待つ (%s)"},
	ChangeAbstain:     {"%s does not claim the promotion (%s)", "%s は昇格を要求しない (%s)"},
	ChangeVote:        {"note the positions seen, as vote %d: %s", "確認した位置を記録する (%d 回目): %s"},
	ChangeForgetVotes: {"forget the votes noted (%s)", "記録した位置を消す (%s)"},
	Unset:             {"(unset)", "(未設定)"},

	FactDefinition: {"the definition of the resource", "リソースの定義"},
	FactRules:      {"attribute sets with rules", "ルール付きの属性セット"},
	FactPrivilege:  {"the server of this node", "このノードのサーバ"},
	FactNode:       {"the cluster's name of this node", "クラスタでのこのノードの名前"},
	FactServer:     {"the state of the server", "サーバの状態"},
	FactFiles:      {"files of the server and the agent", "サーバとエージェントのファイル"},
	FactCluster:    {"the state of the cluster", "クラスタの状態"},
	CureRules:      {"explain does not evaluate rules; what Pacemaker makes of them: crm_resource -r %s -g PARAMETER", "explain はルールを評価しません。Pacemaker の評価結果の確認: crm_resource -r %s -g パラメータ名"},
	CureRoot:       {"run it as root or as %s", "root または %s で実行してください"},
	CureCluster:    {"look at: systemctl status pacemaker; run it as root on a node of the cluster", "systemctl status pacemaker を確認し、クラスタのノードで root で実行してください"},
}
