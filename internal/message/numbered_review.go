package message

// Findings of the checks of a finished definition. REV-701 is the first of
// check W070, its cure is REC-701, and REW-700 is why the check matters; RED is
// for what only doctor looks at.
const (
	REV701 ID = "REV-701"
	REV702 ID = "REV-702"
	REV711 ID = "REV-711"
	REV721 ID = "REV-721"
	REV722 ID = "REV-722"
	REV723 ID = "REV-723"
	REV731 ID = "REV-731"
	REV732 ID = "REV-732"
	REV741 ID = "REV-741"
	REV742 ID = "REV-742"
	REV743 ID = "REV-743"
	REV744 ID = "REV-744"
	REV751 ID = "REV-751"
	REV752 ID = "REV-752"
	REV761 ID = "REV-761"
	REV771 ID = "REV-771"
	REV772 ID = "REV-772"
	REV773 ID = "REV-773"
	REV774 ID = "REV-774"
	REV775 ID = "REV-775"
	REV776 ID = "REV-776"
	REV777 ID = "REV-777"
	REV781 ID = "REV-781"
	REV791 ID = "REV-791"
	REV792 ID = "REV-792"
	REV801 ID = "REV-801"
	REV802 ID = "REV-802"
	REV803 ID = "REV-803"
	REV811 ID = "REV-811"
	REV812 ID = "REV-812"
	REV821 ID = "REV-821"
	REV822 ID = "REV-822"

	// Of doctor: DR-53, DR-70, DR-74.
	REV531 ID = "REV-531"
	REV532 ID = "REV-532"
	REV601 ID = "REV-601"
	REV641 ID = "REV-641"

	// Of sheets that are made.
	TPL001 ID = "TPL-001"
	TPL002 ID = "TPL-002"
	TPL003 ID = "TPL-003"
	TPL004 ID = "TPL-004"
	TPL005 ID = "TPL-005"
	TPL006 ID = "TPL-006"
	TPL007 ID = "TPL-007"
	TPL008 ID = "TPL-008"
	TPL009 ID = "TPL-009"
	TPL010 ID = "TPL-010"
	TPL011 ID = "TPL-011"
	TPL012 ID = "TPL-012"
	TPL013 ID = "TPL-013"
	TPL014 ID = "TPL-014"
	TPL015 ID = "TPL-015"
	TPL016 ID = "TPL-016"
	TPL017 ID = "TPL-017"
	TPL018 ID = "TPL-018"
	TPL019 ID = "TPL-019"
	TPL020 ID = "TPL-020"
	TPL021 ID = "TPL-021"
	TPL022 ID = "TPL-022"
	TPL023 ID = "TPL-023"
	TPL024 ID = "TPL-024"
	TPL025 ID = "TPL-025"
)

// reviewMessages are those of the checks of a finished definition.
var reviewMessages = map[ID]entry{
	// W070
	REV701: {kind: Warning, text: text{
		"Resource {id}: agent {agent} is not part of Pacemaker {target}.",
		"リソース {id}: エージェント {agent} は Pacemaker {target} に含まれません。",
	}},
	"REC-701": {text: text{
		"Use {replacement} instead.",
		"代わりに {replacement} を使用してください。",
	}},
	REV702: {kind: Warning, text: text{
		"Resource {id}: agent {agent} is not part of Pacemaker {target}.",
		"リソース {id}: エージェント {agent} は Pacemaker {target} に含まれません。",
	}},
	"REC-702": {text: text{
		"Remove the resource and its fencing level, and set the property priority-fencing-delay=10s.",
		"このリソースとその STONITH 実行順序を削除し、プロパティ priority-fencing-delay=10s を設定してください。",
	}},
	"REW-700": {text: text{
		"A definition is loaded only if every agent it names is installed.",
		"定義に含まれるエージェントが 1 つでもインストールされていないと、定義を読み込めません。",
	}},

	// W071
	REV711: {kind: Warning, text: text{
		"STONITH is disabled (stonith-enabled=false). This is for trials, not for production.",
		"STONITH が無効です（stonith-enabled=false）。試用向けの構成であり、本番環境では使用できません。",
	}},
	"REW-710": {text: text{
		"When the interconnect breaks or a node hangs, the other node promotes at once: two instances of {PRI} with the same service address. " +
			"When a stop fails, the resource is blocked until the operator acts; after a failed stop of the address of {PRI} the peer is promoted but has no addresses.",
		"インターコネクトの切断やノードのハングが起きると、相手ノードは直ちに昇格し、同じサービス用アドレスを持つ {PRI} が 2 つ存在する状態になります。" +
			"また、停止に失敗したリソースは運用者が対処するまでブロックされ、{PRI} 用アドレスの停止に失敗すると、相手ノードは昇格してもアドレスを持てません。",
	}},
	"REC-711": {text: text{
		"Define a fencing device for each node and set stonith-enabled=true.",
		"ノードごとにフェンシングデバイスを定義し、stonith-enabled=true を設定してください。",
	}},

	// W072
	REV721: {kind: Warning, text: text{
		"Resource {id}: operation {op} has on-fail=block although STONITH is enabled.",
		"リソース {id}: STONITH が有効ですが、オペレーション {op} の on-fail が block です。",
	}},
	"REC-721": {text: text{
		"Set on-fail=fence for {op} of {id}.",
		"{id} の {op} に on-fail=fence を設定してください。",
	}},
	REV722: {kind: Warning, text: text{
		"Resource {id}: operation {op} has on-fail=fence although STONITH is disabled.",
		"リソース {id}: STONITH が無効ですが、オペレーション {op} の on-fail が fence です。",
	}},
	"REC-722": {text: text{
		"Set on-fail=block for {op} of {id}, or enable STONITH.",
		"{id} の {op} に on-fail=block を設定するか、STONITH を有効にしてください。",
	}},
	REV723: {kind: Warning, text: text{
		"Resource {id}: operation {op} has on-fail=stop, which stops PostgreSQL on both nodes.",
		"リソース {id}: オペレーション {op} の on-fail が stop です。失敗すると両ノードの PostgreSQL が停止します。",
	}},
	"REC-723": {text: text{
		"Set on-fail={cure} for {op} of {id}.",
		"{id} の {op} に on-fail={cure} を設定してください。",
	}},
	"REW-720": {text: text{
		"When a database or its address cannot be stopped, only fencing makes a promotion on the other node safe; without fencing the resource has to be blocked.",
		"データベースやアドレスを停止できない場合、相手ノードを安全に昇格できるのはフェンシング後だけです。STONITH を使わない構成では、リソースをブロックする必要があります。",
	}},

	// W073
	REV731: {kind: Warning, text: text{
		"STONITH is enabled and there is no fencing device for node {node}.",
		"STONITH が有効ですが、ノード {node} を対象とするフェンシングデバイスがありません。",
	}},
	"REC-731": {text: text{
		"Define a device that cuts the power of {node}, with pcmk_host_list={node} (external/ipmi: hostname={node}).",
		"{node} の電源を切断できるデバイスを、pcmk_host_list={node}（external/ipmi では hostname={node}）を指定して定義してください。",
	}},
	REV732: {kind: Warning, text: text{
		"Fencing device {id} may run on its own target {node}.",
		"フェンシングデバイス {id} が、その対象であるノード {node} 自身で動作できます。",
	}},
	"REC-732": {text: text{
		"Add a placement: {id} or its group, -INFINITY on {node}.",
		"配置制約を追加し、{id}（またはそのグループ）を {node} で -INFINITY にしてください。",
	}},
	"REW-730": {text: text{
		"A node that has to be fenced and cannot be keeps the service from failing over.",
		"フェンシングが必要なノードをフェンシングできないと、フェイルオーバーが行われません。",
	}},

	// W074
	REV741: {kind: Warning, text: text{
		"Clone {id} has no notify=true.",
		"クローン {id} に notify=true がありません。",
	}},
	"REC-741": {text: text{
		"Set meta notify=true of {id}.",
		"{id} の meta に notify=true を設定してください。",
	}},
	REV742: {kind: Warning, text: text{
		"Clone {id} has clone-max={value}; there are {count} nodes.",
		"クローン {id} の clone-max は {value} ですが、ノード数は {count} です。",
	}},
	"REC-742": {text: text{
		"Set meta clone-max={count} of {id}.",
		"{id} の meta に clone-max={count} を設定してください。",
	}},
	REV743: {kind: Warning, text: text{
		"Clone {id} has {name}={value}; there can be only one primary.",
		"クローン {id} の {name} が {value} です。{PRI} は 1 つだけです。",
	}},
	"REC-743": {text: text{
		"Set meta {name}=1 of {id}.",
		"{id} の meta に {name}=1 を設定してください。",
	}},
	REV744: {kind: Warning, text: text{
		"Resource {id} replicates and lies in no promotable clone.",
		"リソース {id} はレプリケーションを行いますが、昇格可能なクローン（ms）に含まれていません。",
	}},
	"REC-744": {text: text{
		"Put {id} into a promotable clone (ms) with notify=true.",
		"{id} を notify=true の昇格可能なクローン（ms）に入れてください。",
	}},
	"REW-740": {text: text{
		"The agent chooses the primary and switches the synchronous mode in its notify action, with one instance on each node.",
		"リソースエージェントは、各ノード 1 インスタンスを前提に、notify 処理の中で {PRI} の決定と同期モードの切り替えを行います。",
	}},

	// W075
	REV751: {kind: Warning, text: text{
		"Resource {id} has two monitors with the interval {interval}.",
		"リソース {id} に、間隔が {interval} の monitor が 2 つあります。",
	}},
	"REC-751": {text: text{
		"Give each monitor of {id} an interval of its own, e.g. 10s and 9s for the promoted role.",
		"{id} の monitor の間隔を互いに異なる値にしてください（例: 10s、昇格側の役割は 9s）。",
	}},
	REV752: {kind: Warning, text: text{
		"Resource {id} has no monitor for the promoted role.",
		"リソース {id} に、昇格側の役割（Master／Promoted）の monitor がありません。",
	}},
	"REC-752": {text: text{
		"Add a monitor with the role Promoted (Master on Pacemaker 1.1) and an interval of its own, e.g. 9s.",
		"役割 Promoted（Pacemaker 1.1 では Master）の monitor を、他と異なる間隔（例: 9s）で追加してください。",
	}},
	"REW-750": {text: text{
		"Pacemaker runs only one of two monitors with the same interval, so that one of the roles is not watched.",
		"間隔が同じ monitor は片方しか実行されず、どちらかの役割が監視されなくなります。",
	}},

	// W076
	REV761: {kind: Warning, text: text{
		"master_ip of {id} ({ip}) is no address of group {group}, which has {addresses}.",
		"{id} の master_ip（{ip}）が、グループ {group} のアドレス（{addresses}）の中にありません。",
	}},
	"REC-761": {text: text{
		"Set master_ip to the address for replication, and put that address into the group with the primary's.",
		"master_ip にレプリケーション用アドレスを設定し、そのアドレスを {PRI} 用アドレスと同じグループに入れてください。",
	}},
	"REW-760": {text: text{
		"Standbys follow this address; if it does not move with the primary they lose it at a failover.",
		"{STB} はこのアドレスに接続します。{PRI} と一緒に移動しないと、フェイルオーバー後に {PRI} へ接続できなくなります。",
	}},

	// W077
	REV771: {kind: Warning, text: text{
		"Constraint {number} is missing: {rsc} with {with}, INFINITY.",
		"制約 {number} がありません: {rsc} を {with} と同居（INFINITY）。",
	}},
	"REC-771": {text: text{
		"Add a colocation of {rsc} with {with}, score INFINITY.",
		"同居制約を追加してください: {rsc} を {with} と、スコア INFINITY。",
	}},
	REV772: {kind: Warning, text: text{
		"Constraint {number} is turned round in {id}: it has to be {rsc} with {with}, INFINITY.",
		"制約 {number}（{id}）の向きが逆です。{rsc} を {with} と同居（INFINITY）させる必要があります。",
	}},
	"REC-772": {text: text{
		"Turn the colocation {id} round: {rsc} with {with}, score INFINITY.",
		"同居制約 {id} の向きを入れ替えてください: {rsc} を {with} と、スコア INFINITY。",
	}},
	REV773: {kind: Warning, text: text{
		"Constraint {number} is missing: {first} then {then}, {kind}, symmetrical=false.",
		"制約 {number} がありません: {first} の次に {then}（{kind}、symmetrical=false）。",
	}},
	"REC-773": {text: text{
		"Add an order: {first} then {then}, kind {kind} (score 0 is Optional, INFINITY is Mandatory), symmetrical=false.",
		"起動順序制約を追加してください: {first} の次に {then}、種別 {kind}（スコア 0 は Optional、INFINITY は Mandatory）、symmetrical=false。",
	}},
	REV774: {kind: Warning, text: text{
		"Constraint {number} is not as it has to be in {id}: {first} then {then}, {kind}, symmetrical=false.",
		"制約 {number}（{id}）が正しくありません。{first} の次に {then}（{kind}、symmetrical=false）である必要があります。",
	}},
	"REC-774": {text: text{
		"Correct the order {id}: {first} then {then}, kind {kind} (score 0 is Optional, INFINITY is Mandatory), symmetrical=false.",
		"起動順序制約 {id} を修正してください: {first} の次に {then}、種別 {kind}（スコア 0 は Optional、INFINITY は Mandatory）、symmetrical=false。",
	}},
	REV775: {kind: Warning, text: text{
		"Constraint {number} is missing: {id}, {score} when {rule}.",
		"制約 {number} がありません: {id} を「{rule}」のとき {score}。",
	}},
	"REC-775": {text: text{
		"Add a placement of {id}: rule {score}: {rule}",
		"{id} の配置制約を追加してください: rule {score}: {rule}",
	}},
	REV776: {kind: Warning, text: text{
		"Constraints {number} are missing: nothing of the kind of {agent} checks the nodes for {id}.",
		"制約 {number} がありません: {id} のためにノードを監視するリソース（{agent} など）がありません。",
	}},
	"REC-776": {text: text{
		"Add a clone of {agent} and the constraints between it and {id}.",
		"{agent} のクローンと、{id} との間の制約を追加してください。",
	}},
	REV777: {kind: Warning, text: text{
		"Constraint {number} is incomplete: the property node-health-strategy is not set, so what {id} finds moves nothing.",
		"制約 {number} が不完全です: プロパティ node-health-strategy が未設定のため、{id} が異常を検出してもリソースが移動しません。",
	}},
	"REC-777": {text: text{
		"Set the property node-health-strategy=only-green.",
		"プロパティ node-health-strategy=only-green を設定してください。",
	}},
	"REW-770": {text: text{
		"The constraints of PG-REX keep the service on a healthy node, the addresses at the primary, and clients away from a database that is not ready.",
		"PG-REX の制約は、サービスを健全なノードで動かし、アドレスを {PRI} に置き、準備のできていないデータベースにクライアントを接続させないためのものです。",
	}},

	// W078
	REV781: {kind: Warning, text: text{
		"Placement {id} of {rsc} looks at the attribute {attribute}, which no resource of the definition maintains.",
		"{rsc} の配置制約 {id} が参照する属性 {attribute} を更新するリソースが、定義にありません。",
	}},
	"REC-781": {text: text{
		"Make the attribute in the rule and the parameter name of the resource that checks equal.",
		"ルールの属性名と、監視リソースのパラメータ name を一致させてください。",
	}},
	"REW-780": {text: text{
		"An attribute that is never set makes the rule hold always or never.",
		"設定されることのない属性では、ルールが常に成立するか、決して成立しないかのどちらかになります。",
	}},

	// W079
	REV791: {kind: Warning, text: text{
		"Resource {id}: the time-out of {op} is {timeout}; the agent advises {advice}.",
		"リソース {id}: {op} のタイムアウト値は {timeout} ですが、エージェントの推奨値は {advice} です。",
	}},
	"REC-791": {text: text{
		"Set timeout={advice} or more for {op} of {id}.",
		"{id} の {op} に timeout={advice} 以上を設定してください。",
	}},
	REV792: {kind: Warning, text: text{
		"Resource {id} brings {attribute} to {most} at most; the rule asks for {limit}.",
		"リソース {id} による {attribute} の最大値は {most} ですが、ルールは {limit} を要求しています。",
	}},
	"REC-792": {text: text{
		"Make multiplier times the number of targets in host_list at least {limit}, or lower the limit of the rule.",
		"multiplier × host_list の宛先数を {limit} 以上にするか、ルールのしきい値を下げてください。",
	}},
	"REW-790": {text: text{
		"A value that cannot be met fails the resource, or keeps PostgreSQL from running anywhere.",
		"達成できない値を設定すると、リソースが故障と判定されたり、PostgreSQL がどのノードでも起動できなくなったりします。",
	}},

	// W080
	REV801: {kind: Warning, text: text{
		"Node name {node} in {place} is not in lower case.",
		"{place} のノード名 {node} が小文字ではありません。",
	}},
	"REC-801": {text: text{
		"Write {lower} everywhere, as uname -n of the node has to say.",
		"すべての箇所を {lower} に統一し、そのノードの uname -n も同じ名前にしてください。",
	}},
	REV802: {kind: Warning, text: text{
		"{place} names the node {node}, which is not in node_list of {id} ({list}).",
		"{place} にあるノード名 {node} が、{id} の node_list（{list}）にありません。",
	}},
	"REC-802": {text: text{
		"Use the same node names in {place} and in node_list of {id}.",
		"{place} と {id} の node_list のノード名を一致させてください。",
	}},
	REV803: {kind: Warning, text: text{
		"Node {node} is in node_list of {id} and not among the nodes of the definition.",
		"{id} の node_list にあるノード {node} が、定義のノードの中にありません。",
	}},
	"REC-803": {text: text{
		"Add {node} to the nodes (table NODE), or correct node_list of {id}.",
		"ノード（NODE 表）に {node} を追加するか、{id} の node_list を修正してください。",
	}},
	"REW-800": {text: text{
		"The agent compares node names in lower case; a name that differs anywhere is another node, which gets no rule, no device and no replication.",
		"リソースエージェントはノード名を小文字で比較します。どこかで名前が異なると別のノードと見なされ、制約・フェンシング・レプリケーションが効きません。",
	}},

	// W081
	REV811: {kind: Warning, text: text{
		"Resources {a} and {b} have the same address {ip}.",
		"リソース {a} と {b} のアドレスが同じです（{ip}）。",
	}},
	"REC-811": {text: text{
		"Give {a} and {b} addresses of their own.",
		"{a} と {b} に異なるアドレスを設定してください。",
	}},
	REV812: {kind: Warning, text: text{
		"Resource {id} has the address {ip}, which is node {node}'s own.",
		"リソース {id} のアドレス {ip} は、ノード {node} 自身のアドレスです。",
	}},
	"REC-812": {text: text{
		"Give {id} an address that no host has.",
		"{id} には、どのホストも使用していないアドレスを設定してください。",
	}},
	"REW-810": {text: text{
		"An address that two have is answered by either, and one of them is cut off.",
		"同じアドレスが 2 か所にあると、どちらが応答するかが定まらず、通信できなくなります。",
	}},

	// W082
	REV821: {kind: Warning, text: text{
		`{id}: the value of {name} still has the placeholder "{text}".`,
		"{id}: {name} の値に、仮の値「{text}」が残っています。",
	}},
	"REC-821": {text: text{
		"Put the value of your site in its place.",
		"実際の環境の値に置き換えてください。",
	}},
	REV822: {kind: Warning, text: text{
		"Resource {id}: the password {name} is empty.",
		"リソース {id}: パスワード {name} が空です。",
	}},
	"REC-822": {text: text{
		"Set {name} of {id}.",
		"{id} の {name} を設定してください。",
	}},
	"REW-820": {text: text{
		"With a value that is nobody's the resource fails, often only when it is needed.",
		"仮の値のままではリソースは正しく動作せず、必要になったときに初めて発覚することがあります。",
	}},

	// DR-53
	REV531: {kind: Warning, text: text{
		"The fencing topology of node {node}, level {level}, names the device {id}, which does not exist.",
		"ノード {node} の STONITH 実行順序 {level} にあるデバイス {id} が存在しません。",
	}},
	"REC-531": {text: text{
		"Correct the name in the topology, or define {id}.",
		"実行順序のデバイス名を修正するか、{id} を定義してください。",
	}},
	REV532: {kind: Warning, text: text{
		"The fencing topology of node {node}, level {level}, names the device {id}, which cannot fence that node.",
		"ノード {node} の STONITH 実行順序 {level} にあるデバイス {id} は、そのノードを対象としていません。",
	}},
	"REC-532": {text: text{
		"Use a device with {node} among its targets.",
		"{node} を対象とするデバイスを指定してください。",
	}},
	"REW-530": {text: text{
		"A level that cannot succeed costs its time-out at every fencing, or makes it impossible.",
		"成功し得ない段階があると、フェンシングのたびにタイムアウトを待つか、フェンシング自体ができなくなります。",
	}},

	// DR-70
	REV601: {kind: Warning, text: text{
		"Neither priority-fencing-delay nor a delay of exactly one fencing device is set.",
		"priority-fencing-delay も、1 つのフェンシングデバイスだけに対する遅延も設定されていません。",
	}},
	"REC-601": {text: text{
		"Set the property priority-fencing-delay=10s and meta priority=1 of {id}.",
		"プロパティ priority-fencing-delay=10s と、{id} の meta に priority=1 を設定してください。",
	}},
	"REW-600": {text: text{
		"When the interconnect breaks, both nodes fence each other at the same moment and both go down.",
		"インターコネクトが切断されると、両ノードが同時に相手をフェンシングし、両方とも停止することがあります。",
	}},

	// DR-74
	REV641: {kind: Warning, text: text{
		"The definition uses words that Pacemaker {target} calls otherwise: {words}",
		"定義に、Pacemaker {target} では変更された用語が使われています: {words}",
	}},
	"REC-641": {text: text{
		"Write the definition anew with --target {target}.",
		"--target {target} を指定して定義を作成し直してください。",
	}},
	"REW-640": {text: text{
		"Pacemaker 2 still takes the old words with a warning; the schema of Pacemaker 3 has them no longer.",
		"旧用語は Pacemaker 2 では警告付きで使用できますが、Pacemaker 3 のスキーマにはありません。",
	}},

	// Sheets.
	TPL001: {kind: Error, exit: 2, text: text{
		"PG-REX has two nodes; --nodes names {count}. Give both names with a comma between them: --nodes node01,node02",
		"PG-REX は 2 ノード構成ですが、--nodes には {count} ノードが指定されています。両ノードの名前をカンマで区切って指定してください: --nodes node01,node02",
	}},
	TPL002: {kind: Error, exit: 2, text: text{
		`"{name}" cannot be a node name. Use the name that uname -n gives on the node, in lower-case letters, digits, hyphens and dots.`,
		"「{name}」はノード名として使用できません。そのノードの uname -n の値を、英小文字・数字・ハイフン・ピリオドで指定してください。",
	}},
	TPL003: {kind: Error, exit: 2, text: text{
		`--{opt} "{value}" has to be an absolute path without blanks and quotes.`,
		"--{opt} の値「{value}」は、空白や引用符を含まない絶対パスで指定してください。",
	}},
	TPL004: {kind: Error, exit: 2, text: text{
		"Both nodes are called {name}. Give two different names.",
		"両ノードの名前が同じです（{name}）。異なる名前を指定してください。",
	}},
	TPL005: {kind: Error, exit: 2, text: text{
		`{opt}: "{value}" is no IP address.`,
		"{opt}: 「{value}」は IP アドレスではありません。",
	}},
	TPL006: {kind: Error, exit: 2, text: text{
		"{a} and {b} have the same address {ip}. Each needs one of its own.",
		"{a} と {b} のアドレスが同じです（{ip}）。それぞれ異なるアドレスを指定してください。",
	}},
	TPL007: {kind: Error, exit: 2, text: text{
		`--{opt} "{value}" has to be a number from 1 to {most}.`,
		"--{opt} の値「{value}」は、1 から {most} までの数値で指定してください。",
	}},
	TPL008: {kind: Error, exit: 2, text: text{
		"{what} has to be of printable ASCII characters, without a blank at either end.",
		"{what} は、印字可能な ASCII 文字（前後に空白なし）で指定してください。",
	}},
	TPL009: {kind: Error, exit: 2, text: text{
		"--kdump is for Pacemaker 2 and 3. Leave it out with --target 1.1, where stonith-helper has its place.",
		"--kdump は Pacemaker 2 以降用です。--target 1.1 では stonith-helper を使用するため、指定しないでください。",
	}},
	TPL010: {kind: Error, exit: 2, text: text{
		"Option --{opt} is needed.",
		"オプション --{opt} を指定してください。",
	}},
	TPL011: {kind: Error, exit: 2, text: text{
		`"{path}" is neither .xlsx nor .csv. The ending of the name says what is written.`,
		"「{path}」の拡張子が .xlsx でも .csv でもありません。拡張子によって出力形式が決まります。",
	}},
	TPL012: {kind: Error, exit: 3, text: text{
		"{path} exists and is left as it is. Give another name, or --force to replace it.",
		"{path} は既に存在するため、上書きしません。別の名前を指定するか、--force を指定してください。",
	}},
	TPL013: {kind: Error, exit: 1, text: text{
		"{path} cannot be written.",
		"{path} に書き込めません。",
	}},
	TPL014: {kind: Error, exit: 3, text: text{
		"The password file {path} cannot be read.",
		"パスワードファイル {path} を読み込めません。",
	}},
	TPL015: {kind: Error, exit: 3, text: text{
		"The password file {path} can be read by others. Take their rights away: chmod 600 {path}",
		"パスワードファイル {path} を他のユーザも読み取れます。権限を変更してください: chmod 600 {path}",
	}},
	TPL016: {kind: Error, exit: 3, text: text{
		"Line {line} of {path} is not NODE=PASSWORD for one of the nodes {nodes}, or names a node again.",
		"{path} の {line} 行目が、{nodes} のいずれかに対する「ノード名=パスワード」の形式でないか、ノードが重複しています。",
	}},
	TPL017: {kind: Information, text: text{
		`The password of the BMC of {nodes} is "{text}" in the sheet. Put the real one in its place; until then W082 is reported.`,
		"{nodes} の BMC のパスワードは、仮の値「{text}」です。実際のパスワードに置き換えてください（それまでは W082 が報告されます）。",
	}},
	TPL018: {kind: Information, text: text{
		"Written: {path}",
		"作成しました: {path}",
	}},
	TPL019: {kind: Error, exit: 2, text: text{
		"--{a} does not go together with --{b}. Leave one of them out.",
		"--{a} と --{b} は同時に指定できません。どちらかを外してください。",
	}},
	TPL020: {kind: Information, text: text{
		"The password of a BMC is in the file, which only its owner can read.",
		"ファイルには BMC のパスワードが含まれています（所有者のみ読み取り可能）。",
	}},
	TPL021: {kind: Error, exit: 2, text: text{
		`"{value}" names no node. Use NODE=VALUE with one of {nodes}, once for each.`,
		"「{value}」にノード名がありません。{nodes} のいずれかについて「ノード名=値」の形式で、1 回ずつ指定してください。",
	}},
	TPL022: {kind: Error, exit: 2, text: text{
		`--{opt} "{value}" has to be the name of a network interface, such as bond0.`,
		"--{opt} の値「{value}」は、bond0 などのネットワークインタフェース名で指定してください。",
	}},
	TPL023: {kind: Error, exit: 2, text: text{
		`--{opt} "{value}" has to be the name of a role in lower-case letters, digits and underscores.`,
		"--{opt} の値「{value}」は、英小文字・数字・アンダースコアからなるロール名で指定してください。",
	}},
	TPL024: {kind: Error, exit: 2, text: text{
		`--{opt} "{value}" has to be a resource agent of the form ocf:PROVIDER:pgsql.`,
		"--{opt} の値「{value}」は、ocf:プロバイダ:pgsql の形式のリソースエージェントで指定してください。",
	}},
	TPL025: {kind: Error, exit: 2, text: text{
		"--layout pcsgen is for Pacemaker 2 and 3; --target 1.1 has pm_crmgen's.",
		"--layout pcsgen は Pacemaker 2 以降用です。--target 1.1 では pm_crmgen の様式を使用してください。",
	}},
}
