package message

// The texts of doctor for the cluster definition and the operating system. The
// letters are those of doctorMessages, with T for a second reason why something
// is not known, V for a second one why it matters, and Y and Z for what else is
// expected.
const (
	DRU050 ID = "DRU-050"
	DRX050 ID = "DRX-050"
	DRX051 ID = "DRX-051"
	DRA052 ID = "DRA-052"
	DRB052 ID = "DRB-052"
	DRC052 ID = "DRC-052"
	DRX052 ID = "DRX-052"
	DRY052 ID = "DRY-052"
	DRZ052 ID = "DRZ-052"
	DRW052 ID = "DRW-052"
	DRV052 ID = "DRV-052"
	DRM052 ID = "DRM-052"
	DRN052 ID = "DRN-052"
	DRX053 ID = "DRX-053"
	DRX054 ID = "DRX-054"
	DRX055 ID = "DRX-055"
	DRY055 ID = "DRY-055"
	DRA056 ID = "DRA-056"
	DRB056 ID = "DRB-056"
	DRX056 ID = "DRX-056"
	DRW056 ID = "DRW-056"
	DRM056 ID = "DRM-056"
	DRU057 ID = "DRU-057"
	DRA057 ID = "DRA-057"
	DRB057 ID = "DRB-057"
	DRC057 ID = "DRC-057"
	DRX057 ID = "DRX-057"
	DRW057 ID = "DRW-057"
	DRM057 ID = "DRM-057"
	DRU058 ID = "DRU-058"
	DRA058 ID = "DRA-058"
	DRB058 ID = "DRB-058"
	DRC058 ID = "DRC-058"
	DRD058 ID = "DRD-058"
	DRX058 ID = "DRX-058"
	DRW058 ID = "DRW-058"
	DRM058 ID = "DRM-058"
	DRN058 ID = "DRN-058"
	DRO058 ID = "DRO-058"
	DRU059 ID = "DRU-059"
	DRT059 ID = "DRT-059"
	DRA059 ID = "DRA-059"
	DRB059 ID = "DRB-059"
	DRC059 ID = "DRC-059"
	DRX059 ID = "DRX-059"
	DRW059 ID = "DRW-059"
	DRM059 ID = "DRM-059"
	DRN059 ID = "DRN-059"
	DRO059 ID = "DRO-059"
	DRX060 ID = "DRX-060"
	DRA061 ID = "DRA-061"
	DRB061 ID = "DRB-061"
	DRX061 ID = "DRX-061"
	DRY061 ID = "DRY-061"
	DRW061 ID = "DRW-061"
	DRV061 ID = "DRV-061"
	DRM061 ID = "DRM-061"
	DRN061 ID = "DRN-061"
	DRX062 ID = "DRX-062"
	DRA063 ID = "DRA-063"
	DRB063 ID = "DRB-063"
	DRC063 ID = "DRC-063"
	DRD063 ID = "DRD-063"
	DRX063 ID = "DRX-063"
	DRY063 ID = "DRY-063"
	DRW063 ID = "DRW-063"
	DRV063 ID = "DRV-063"
	DRM063 ID = "DRM-063"
	DRN063 ID = "DRN-063"
	DRO063 ID = "DRO-063"
	DRA064 ID = "DRA-064"
	DRB064 ID = "DRB-064"
	DRX064 ID = "DRX-064"
	DRY064 ID = "DRY-064"
	DRW064 ID = "DRW-064"
	DRV064 ID = "DRV-064"
	DRM064 ID = "DRM-064"
	DRN064 ID = "DRN-064"
	DRA065 ID = "DRA-065"
	DRB065 ID = "DRB-065"
	DRX065 ID = "DRX-065"
	DRW065 ID = "DRW-065"
	DRM065 ID = "DRM-065"
	DRN065 ID = "DRN-065"
	DRA066 ID = "DRA-066"
	DRB066 ID = "DRB-066"
	DRC066 ID = "DRC-066"
	DRD066 ID = "DRD-066"
	DRX066 ID = "DRX-066"
	DRY066 ID = "DRY-066"
	DRW066 ID = "DRW-066"
	DRV066 ID = "DRV-066"
	DRM066 ID = "DRM-066"
	DRA067 ID = "DRA-067"
	DRB067 ID = "DRB-067"
	DRC067 ID = "DRC-067"
	DRD067 ID = "DRD-067"
	DRE067 ID = "DRE-067"
	DRX067 ID = "DRX-067"
	DRW067 ID = "DRW-067"
	DRA068 ID = "DRA-068"
	DRX068 ID = "DRX-068"
	DRW068 ID = "DRW-068"
	DRU069 ID = "DRU-069"
	DRT069 ID = "DRT-069"
	DRA069 ID = "DRA-069"
	DRB069 ID = "DRB-069"
	DRC069 ID = "DRC-069"
	DRX069 ID = "DRX-069"
	DRW069 ID = "DRW-069"
	DRM069 ID = "DRM-069"
	DRX070 ID = "DRX-070"
	DRA071 ID = "DRA-071"
	DRX071 ID = "DRX-071"
	DRW071 ID = "DRW-071"
	DRM071 ID = "DRM-071"
	DRX072 ID = "DRX-072"
	DRA073 ID = "DRA-073"
	DRX073 ID = "DRX-073"
	DRW073 ID = "DRW-073"
	DRM073 ID = "DRM-073"
	DRU074 ID = "DRU-074"
	DRX074 ID = "DRX-074"
	DRA075 ID = "DRA-075"
	DRX075 ID = "DRX-075"
	DRW075 ID = "DRW-075"
	DRM075 ID = "DRM-075"
	DRA076 ID = "DRA-076"
	DRB076 ID = "DRB-076"
	DRC076 ID = "DRC-076"
	DRD076 ID = "DRD-076"
	DRE076 ID = "DRE-076"
	DRF076 ID = "DRF-076"
	DRX076 ID = "DRX-076"
	DRW076 ID = "DRW-076"
	DRM076 ID = "DRM-076"
	DRA080 ID = "DRA-080"
	DRX080 ID = "DRX-080"
	DRW080 ID = "DRW-080"
	DRM080 ID = "DRM-080"
	DRU081 ID = "DRU-081"
	DRA081 ID = "DRA-081"
	DRX081 ID = "DRX-081"
	DRW081 ID = "DRW-081"
	DRU082 ID = "DRU-082"
	DRA082 ID = "DRA-082"
	DRB082 ID = "DRB-082"
	DRC082 ID = "DRC-082"
	DRX082 ID = "DRX-082"
	DRW082 ID = "DRW-082"
	DRN082 ID = "DRN-082"
	DRA083 ID = "DRA-083"
	DRB083 ID = "DRB-083"
	DRC083 ID = "DRC-083"
	DRX083 ID = "DRX-083"
	DRW083 ID = "DRW-083"
	DRM083 ID = "DRM-083"
	DRA084 ID = "DRA-084"
	DRB084 ID = "DRB-084"
	DRX084 ID = "DRX-084"
	DRW084 ID = "DRW-084"
	DRM084 ID = "DRM-084"
	DRN084 ID = "DRN-084"
	DRU085 ID = "DRU-085"
	DRA085 ID = "DRA-085"
	DRX085 ID = "DRX-085"
	DRW085 ID = "DRW-085"
	DRU086 ID = "DRU-086"
	DRA086 ID = "DRA-086"
	DRB086 ID = "DRB-086"
	DRX086 ID = "DRX-086"
	DRW086 ID = "DRW-086"
	DRM086 ID = "DRM-086"
	DRA087 ID = "DRA-087"
	DRX087 ID = "DRX-087"
	DRW087 ID = "DRW-087"
	DRM087 ID = "DRM-087"
	DRA088 ID = "DRA-088"
	DRX088 ID = "DRX-088"
	DRW088 ID = "DRW-088"
	DRM088 ID = "DRM-088"
	DRU089 ID = "DRU-089"
	DRT089 ID = "DRT-089"
	DRA089 ID = "DRA-089"
	DRB089 ID = "DRB-089"
	DRX089 ID = "DRX-089"
	DRY089 ID = "DRY-089"
	DRW089 ID = "DRW-089"
	DRV089 ID = "DRV-089"
	DRM089 ID = "DRM-089"
	DRN089 ID = "DRN-089"
	DRA090 ID = "DRA-090"
	DRB090 ID = "DRB-090"
	DRC090 ID = "DRC-090"
	DRX090 ID = "DRX-090"
	DRW090 ID = "DRW-090"
	DRM090 ID = "DRM-090"
	DRN090 ID = "DRN-090"
	DRO090 ID = "DRO-090"
	DRA091 ID = "DRA-091"
	DRX091 ID = "DRX-091"
	DRW091 ID = "DRW-091"
	DRM091 ID = "DRM-091"
	DRA092 ID = "DRA-092"
	DRB092 ID = "DRB-092"
	DRX092 ID = "DRX-092"
	DRW092 ID = "DRW-092"
	DRM092 ID = "DRM-092"
)

// doctorClusterMessages are those of doctor's checks of the cluster definition
// and of the operating system, numbered as in doctorMessages.
var doctorClusterMessages = map[ID]entry{
	DRU050: {text: text{"the definition has no replicated PostgreSQL resource", "定義にレプリケーション構成の PostgreSQL リソースがない"}},
	DRX050: {text: text{"stonith-enabled=true, with a fencing device for each node", "stonith-enabled=true で、ノードごとにフェンシングデバイスがあること"}},

	DRX051: {text: text{"on-fail of stop and demote: fence with STONITH, block without", "stop と demote の on-fail は、STONITH ありなら fence、なしなら block"}},

	DRA052: {text: text{"fencing device {id} does not run", "フェンシングデバイス {id} が動作していない"}},
	DRB052: {text: text{"the last fencing of this node ({action}, {time}) failed", "このノードに対する最後のフェンシング（{action}、{time}）が失敗している"}},
	DRC052: {text: text{"fencing device {id} is not monitored daily", "フェンシングデバイス {id} が 1 日 1 回以上監視されていない"}},
	DRX052: {text: text{"for each node a device that runs, and not on that node", "各ノードを対象とするデバイスが、そのノード以外で動作していること"}},
	DRY052: {text: text{"no failure newer than the last success", "最後の成功より新しい失敗がないこと"}},
	DRZ052: {text: text{"a monitor at least once a day, e.g. interval=3600s", "1 日 1 回以上の monitor（例: interval=3600s）"}},
	DRW052: {text: text{"A node that has to be fenced and cannot be keeps the service from failing over.", "フェンシングすべきノードをフェンシングできないと、フェイルオーバーが行われない。"}},
	DRV052: {text: text{"A device that is not asked is found to be broken when it is needed.", "監視していないデバイスの故障は、必要になったときに初めて発覚する。"}},
	DRM052: {text: text{"stonith_admin --reboot {node}   (restarts {node}: try it when that harms nobody, with the cause repaired)", "stonith_admin --reboot {node}   （{node} が再起動する。原因を取り除き、影響のない時間に試すこと）"}},
	DRN052: {text: text{"add op monitor interval=3600s timeout=60s to {id}", "{id} に op monitor interval=3600s timeout=60s を追加する"}},

	DRX053: {text: text{"each level names devices that exist and can fence the node", "各レベルに、そのノードを対象とする実在のデバイスがあること"}},

	DRX054: {text: text{"a promotable clone with notify=true, clone-max = number of nodes, promoted-max=1", "notify=true、clone-max=ノード数、promoted-max=1 の昇格可能なクローン"}},

	DRX055: {text: text{"one monitor for each role, with intervals that differ, e.g. 10s and 9s (Promoted)", "役割ごとに間隔の異なる monitor（例: 10s と 9s（Promoted））"}},
	DRY055: {text: text{"time-outs no shorter than the agent advises", "エージェントの推奨値以上のタイムアウト"}},

	DRA056: {text: text{"node_list has {list}; the nodes of the cluster are {nodes}", "node_list は {list} だが、クラスタのノードは {nodes}"}},
	DRB056: {text: text{"uname -n of the node says {name}, which is not in node_list ({list})", "uname -n の {name} が node_list（{list}）にない"}},
	DRX056: {text: text{"the same names, in lower case, in node_list, in the cluster and as uname -n", "node_list、クラスタ、uname -n のノード名がすべて小文字で一致すること"}},
	DRW056: {text: text{"The agent takes a name that differs for another node, which gets neither replication nor rights.", "名前が異なると、エージェントは別のノードと見なし、レプリケーションも昇格の権利も与えない。"}},
	DRM056: {text: text{"correct node_list of {id}, or the host name", "{id} の node_list またはホスト名を修正する"}},

	DRU057: {text: text{"the D-LAN addresses are not known", "D-LAN のアドレスが分からない"}},
	DRA057: {text: text{"{id} ({ip}) is not in the D-LAN ({net})", "{id}（{ip}）が D-LAN（{net}）のアドレスではない"}},
	DRB057: {text: text{"{id} ({ip}) is in the D-LAN ({net}), and clients use it", "クライアント用の {id}（{ip}）が D-LAN（{net}）のアドレスになっている"}},
	DRC057: {text: text{"{id} ({ip}) is not in the network of the other service address ({net})", "{id}（{ip}）が、もう一方のサービス用アドレスのネットワーク（{net}）にない"}},
	DRX057: {text: text{"master_ip = the replication address, in the D-LAN; the service addresses in the S-LAN; each once", "master_ip はレプリケーション用アドレスで D-LAN に、サービス用アドレスは S-LAN にあり、重複がないこと"}},
	DRW057: {text: text{"An address in another network is not reached, or its traffic takes the wrong LAN.", "別のネットワークのアドレスには到達できないか、通信が本来と異なる LAN を通る。"}},
	DRM057: {text: text{"correct ip and nic of {id}", "{id} の ip と nic を修正する"}},

	DRU058: {text: text{"there is no interface {nic}", "インターフェース {nic} がない"}},
	DRA058: {text: text{"the interface {nic} of {id} does not exist", "{id} の nic に指定された {nic} が存在しない"}},
	DRB058: {text: text{"the interface {nic} has no address in the network of {id} ({ip})", "{nic} に、{id}（{ip}）と同じネットワークのアドレスがない"}},
	DRC058: {text: text{"no interface has an address in the network of {id} ({ip})", "{id}（{ip}）と同じネットワークのアドレスを持つインターフェースがない"}},
	DRD058: {text: text{"cidr_netmask of {id} is {bits}; that of {nic} is {is}", "{id} の cidr_netmask は {bits} だが、{nic} のマスク長は {is}"}},
	DRX058: {text: text{"on both nodes nic exists and has an address of its own in that network, with the same mask", "両ノードに nic があり、同じネットワーク・同じマスク長の固定アドレスを持つこと"}},
	DRW058: {text: text{"The address cannot be brought up on this node, and a failover to it fails.", "このノードでアドレスを起動できず、フェイルオーバーに失敗する。"}},
	DRM058: {text: text{"correct nic of {id}, or name the interface alike on both nodes", "{id} の nic を修正するか、両ノードのインターフェース名をそろえる"}},
	DRN058: {text: text{"give an interface of this node a fixed address in the network of {ip}", "このノードのインターフェースに {ip} と同じネットワークの固定アドレスを設定する"}},
	DRO058: {text: text{"set cidr_netmask={is} of {id}", "{id} に cidr_netmask={is} を設定する"}},

	DRU059: {text: text{"neither arping nor ping works, so other hosts with the same address are not looked for", "arping も ping も使えないため、同じアドレスを持つ他のホストの有無を調べられない"}},
	DRT059: {text: text{"other hosts are looked for with IPv4 addresses only", "同じアドレスを持つ他のホストの有無は、IPv4 でのみ調べられる"}},
	DRA059: {text: text{"{id} ({ip}) is on several nodes: {nodes}", "{id}（{ip}）が複数のノードにある: {nodes}"}},
	DRB059: {text: text{"{ip} is on {nic}, where the cluster has not put {id}", "{nic} に {ip} があるが、クラスタは {id} をこのノードで起動していない"}},
	DRC059: {text: text{"another host ({hw}) answers for {id} ({ip})", "{id}（{ip}）に、両ノード以外のホスト（{hw}）が応答する"}},
	DRX059: {text: text{"the cluster alone brings the address up, on one node at a time", "アドレスを起動するのはクラスタだけで、常に 1 ノードにだけあること"}},
	DRW059: {text: text{"With an address in two places clients write to the wrong server, or to none.", "アドレスが 2 か所にあると、クライアントは誤ったサーバに書き込むか、接続できなくなる。"}},
	DRM059: {text: text{"take {ip} out of the network configuration of the system", "OS のネットワーク設定から {ip} を削除する"}},
	DRN059: {text: text{"find out which node is {PRI}, and take the address of {id} off the other one", "どちらが {PRI} かを確認し、もう一方のノードから {id} のアドレスを外す"}},
	DRO059: {text: text{"find the host with the hardware address {hw} and give it another address", "MAC アドレス {hw} のホストを探し、別のアドレスに変更する"}},

	DRX060: {text: text{"all constraints of PG-REX (C1-C4, O1-O5, L1-L8)", "PG-REX の制約（C1～C4、O1～O5、L1～L8）がすべてあること"}},

	DRA061: {text: text{"{host} does not answer to ping", "{host} が ping に応答しない"}},
	DRB061: {text: text{"{id} has one target only ({host})", "{id} の宛先が 1 つだけ（{host}）"}},
	DRX061: {text: text{"every target of the gateway check answers from both nodes", "ネットワーク監視のすべての宛先が両ノードからの ping に応答すること"}},
	DRY061: {text: text{"two or more targets", "宛先が 2 つ以上あること"}},
	DRW061: {text: text{"A node that cannot reach the gateway does not run PostgreSQL; when none can, the service stops.", "宛先に到達できないノードでは PostgreSQL が動作せず、両ノードとも到達できないとサービスが停止する。"}},
	DRV061: {text: text{"When the only target is down for a moment, PostgreSQL stops on both nodes.", "唯一の宛先が一時的に応答しないだけで、両ノードの PostgreSQL が停止する。"}},
	DRM061: {text: text{"repair the way to it, or set host_list to a host that is always there", "経路を修復するか、host_list を常に応答する宛先に変更する"}},
	DRN061: {text: text{"add a second address that is always there to host_list of {id}, if the network has one", "可能なら {id} の host_list に常に応答する宛先をもう 1 つ追加する"}},

	DRX062: {text: text{"rules look at attributes that a resource maintains, with limits that it can reach", "ルールが参照する属性を更新するリソースがあり、しきい値に達しうること"}},

	DRA063: {text: text{"the disk {device}, which is checked, does not exist or is no block device", "監視対象のディスク {device} が存在しないか、ブロックデバイスではない"}},
	DRB063: {text: text{"{device}, which is checked, is a part of {disks}", "監視対象の {device} はディスク全体ではなく {disks} の一部"}},
	DRC063: {text: text{"no check covers the disk {disk}, with {paths}", "{paths} のあるディスク {disk} が監視されていない"}},
	DRD063: {text: text{"{path} is on no disk of this node (file system {type})", "{path} はこのノードのディスク上にない（ファイルシステム {type}）"}},
	DRX063: {text: text{"whole disks that exist on both nodes", "両ノードに存在するディスク全体を指定していること"}},
	DRY063: {text: text{"the disks of data, WAL, archive and system are all checked", "データ、WAL、アーカイブ、OS のディスクがすべて監視されていること"}},
	DRW063: {text: text{"A broken disk that nobody checks does not lead to a failover.", "監視していないディスクが故障しても、フェイルオーバーしない。"}},
	DRV063: {text: text{"A check of a disk that is not there fails, and PostgreSQL may not run on the node.", "存在しないディスクの監視は失敗し、そのノードで PostgreSQL を起動できない。"}},
	DRM063: {text: text{"add the disk {disk} to the disk check (drives or device)", "ディスク監視の対象（drives または device）に {disk} を追加する"}},
	DRN063: {text: text{"check this file system by other means", "このファイルシステムは別の手段で監視する"}},
	DRO063: {text: text{"correct drives (or device) of the disk check; lsblk lists the disks", "ディスク監視の drives（または device）を修正する。ディスクの一覧は lsblk で確認できる"}},

	DRA064: {text: text{"the agent {path} is missing or not executable", "エージェント {path} がないか、実行できない"}},
	DRB064: {text: text{"the agent {path} differs between the nodes", "エージェント {path} の内容が両ノードで異なる"}},
	DRX064: {text: text{"every agent of the definition is installed on both nodes", "定義に含まれるエージェントがすべて両ノードにインストールされていること"}},
	DRY064: {text: text{"the same release of the PostgreSQL agent on both nodes", "PostgreSQL のエージェントが両ノードで同じ版であること"}},
	DRW064: {text: text{"A resource without its agent cannot be started here.", "エージェントがないと、このノードでリソースを起動できない。"}},
	DRV064: {text: text{"Two releases of the agent may not agree on attributes and files.", "版が異なると、属性やファイルの扱いが一致しないことがある。"}},
	DRM064: {text: text{"install the package that has {path}", "{path} を含むパッケージをインストールする"}},
	DRN064: {text: text{"install the same release on both nodes", "両ノードに同じ版をインストールする"}},

	DRA065: {text: text{"{path}, which the definition names, does not exist", "定義で指定されている {path} が存在しない"}},
	DRB065: {text: text{"the user {user} (pgdba) does not exist", "ユーザー {user}（pgdba）が存在しない"}},
	DRX065: {text: text{"what the parameters of PostgreSQL name exists on both nodes", "PostgreSQL リソースのパラメーターで指定したものが両ノードに存在すること"}},
	DRW065: {text: text{"PostgreSQL cannot be started on this node.", "このノードで PostgreSQL を起動できない。"}},
	DRM065: {text: text{"make or install {path}, as on the other node", "もう一方のノードと同じように {path} を作成またはインストールする"}},
	DRN065: {text: text{"add the user {user}, with the same uid and gid as on the other node", "ユーザー {user} を、もう一方のノードと同じ uid・gid で作成する"}},

	DRA066: {text: text{"no-quorum-policy is {policy}, and corosync.conf has no two_node: 1", "no-quorum-policy が {policy} だが、corosync.conf に two_node: 1 がない"}},
	DRB066: {text: text{"no-quorum-policy=ignore is set", "no-quorum-policy=ignore が設定されている"}},
	DRC066: {text: text{"startup-fencing=false is set", "startup-fencing=false が設定されている"}},
	DRD066: {text: text{"startup-fencing=false is not set", "startup-fencing=false が設定されていない"}},
	DRX066: {text: text{"two_node: 1 in the section quorum of corosync.conf", "corosync.conf の quorum セクションに two_node: 1 があること"}},
	DRY066: {text: text{"with STONITH: neither property set; on Pacemaker 1.1 no-quorum-policy=ignore and startup-fencing=false", "STONITH ありの場合はどちらのプロパティも設定しない（Pacemaker 1.1 では no-quorum-policy=ignore と startup-fencing=false を設定する）"}},
	DRW066: {text: text{"When one node is lost, the other one loses quorum and stops PostgreSQL too.", "片方のノードを失うと、残ったノードもクォーラムを失って PostgreSQL を停止する。"}},
	DRV066: {text: text{"These properties decide what a node does that does not see the other one.", "これらのプロパティは、相手が見えないノードの動作を決める。"}},
	DRM066: {text: text{"add two_node: 1 to the section quorum of corosync.conf on both nodes, and restart Corosync there", "両ノードの corosync.conf の quorum セクションに two_node: 1 を追加し、Corosync を再起動する"}},

	DRA067: {text: text{"the constraint {id} is left from a move or ban of {rsc} by hand", "手動の move または ban による {rsc} の制約 {id} が残っている"}},
	DRB067: {text: text{"the cluster is in maintenance mode", "クラスタがメンテナンスモードになっている"}},
	DRC067: {text: text{"the node is in standby mode", "ノードがスタンバイモード（standby）になっている"}},
	DRD067: {text: text{"the node is in maintenance mode", "ノードがメンテナンスモードになっている"}},
	DRE067: {text: text{"the resource {id} is unmanaged", "リソース {id} がクラスタの管理対象外（unmanaged）になっている"}},
	DRX067: {text: text{"nothing that keeps the cluster from moving the service", "サービスの移動を妨げる設定が残っていないこと"}},
	DRW067: {text: text{"The cluster does not fail over as long as this is there.", "これが残っている間は、フェイルオーバーが行われない。"}},

	DRA068: {text: text{"{id} has failed here (fail-count {count}) and may not run on this node", "{id} がこのノードで故障しており（フェイルカウント {count}）、このノードでは動作できない"}},
	DRX068: {text: text{"fail-counts below migration-threshold", "フェイルカウントが migration-threshold 未満であること"}},
	DRW068: {text: text{"A resource with as many failures is not started on the node again.", "フェイルカウントが上限に達したリソースは、そのノードで再び起動されない。"}},

	DRU069: {text: text{"Corosync is stopped", "Corosync が停止している"}},
	DRT069: {text: text{"the answer of {program} is not understood", "{program} の出力を解釈できない"}},
	DRA069: {text: text{"Corosync: link {links} of {count} is down", "Corosync のリンク {links} が切れている（全 {count} 本）"}},
	DRB069: {text: text{"Corosync sees {nodes} of {want} nodes", "Corosync から見えるノードは {want} 台中 {nodes} 台"}},
	DRC069: {text: text{"this node has no quorum ({votes} of {expected} votes)", "このノードにクォーラムがない（{expected} 票中 {votes} 票）"}},
	DRX069: {text: text{"both nodes in one partition with quorum, all links up", "両ノードが 1 つのパーティションにあってクォーラムを持ち、全リンクが接続されていること"}},
	DRW069: {text: text{"With the last link the nodes lose sight of each other, and one of them is fenced or both become {PRI}.", "最後のリンクも切れると、ノードは互いを見失い、片方がフェンシングされるか、両方が {PRI} になる。"}},
	DRM069: {text: text{"look at cables, switches and the firewall of the IC-LAN", "IC-LAN のケーブル、スイッチ、ファイアウォールを確認する"}},

	DRX070: {text: text{"priority-fencing-delay, or a fixed delay (pcmk_delay_base) on exactly one device", "priority-fencing-delay、または 1 つのデバイスだけに固定の遅延（pcmk_delay_base）"}},

	DRA071: {text: text{"Corosync uses {ip}, which is in the {lan} ({net})", "Corosync が {lan}（{net}）のアドレス {ip} を使っている"}},
	DRX071: {text: text{"heartbeat over networks of its own (IC-LAN)", "ハートビート専用のネットワーク（IC-LAN）を使うこと"}},
	DRW071: {text: text{"When that LAN fails, the nodes lose sight of each other besides.", "その LAN の障害時に、ノードが互いを見失う。"}},
	DRM071: {text: text{"change the addresses of the links in corosync.conf of both nodes, and restart Corosync", "両ノードの corosync.conf のリンクのアドレスを変更し、Corosync を再起動する"}},

	DRX072: {text: text{"values of this site", "実際の環境の値が設定されていること"}},

	DRA073: {text: text{"{file} and the cluster differ in: {places}", "{file} とクラスタの定義が次の点で異なる: {places}"}},
	DRX073: {text: text{"the file says what the cluster has", "ファイルとクラスタの定義が一致すること"}},
	DRW073: {text: text{"The next start with this file changes the cluster.", "次にこのファイルを使って起動すると、クラスタの設定が変わる。"}},
	DRM073: {text: text{"correct the file, or load it when the cluster is started anew", "ファイルを修正するか、クラスタの再構築時に読み込む"}},

	DRU074: {text: text{"the release of Pacemaker is not known", "Pacemaker のバージョンが分からない"}},
	DRX074: {text: text{"the words of Pacemaker {target}", "Pacemaker {target} の用語"}},

	DRA075: {text: text{"the program {path} of an alert is missing or not executable", "アラートのプログラム {path} がないか、実行できない"}},
	DRX075: {text: text{"the program exists on both nodes and is executable", "両ノードにプログラムがあり、実行できること"}},
	DRW075: {text: text{"Nobody is told of what happens on this node.", "このノードで起きたことが通知されない。"}},
	DRM075: {text: text{"install {path} on this node, or chmod +x {path}", "このノードに {path} をインストールするか、chmod +x {path} を実行する"}},

	DRA076: {text: text{"this node does not have its address of {key}", "このノードに {key} のアドレスがない"}},
	DRB076: {text: text{"{key} names {id}, which is not in the definition", "{key} に指定された {id} が定義にない"}},
	DRC076: {text: text{"STONITH = {a} in the configuration; stonith-enabled is {b} in the definition", "設定は STONITH = {a} だが、定義の stonith-enabled は {b}"}},
	DRD076: {text: text{"{key} = disable, and the definition has an address for the {STB}", "{key} = disable だが、定義に {STB} 用の仮想 IP がある"}},
	DRE076: {text: text{"{key} = enable, and the definition has no address for the {STB}", "{key} = enable だが、定義に {STB} 用の仮想 IP がない"}},
	DRF076: {text: text{"Archive_dir is {dir}; restore_command of the definition does not read from there: {restore}", "Archive_dir は {dir} だが、定義の restore_command はそこから読み込まない: {restore}"}},
	DRX076: {text: text{"/etc/pg-rex_tools.conf says what the cluster has", "/etc/pg-rex_tools.conf とクラスタの定義が一致すること"}},
	DRW076: {text: text{"The operation commands check the wrong resources, or reach the wrong host.", "運用補助コマンドが誤ったリソースを確認したり、誤ったホストに接続したりする。"}},
	DRM076: {text: text{"correct /etc/pg-rex_tools.conf on both nodes", "両ノードの /etc/pg-rex_tools.conf を修正する"}},

	DRA080: {text: text{"PCMK_fail_fast=yes is not in {file}", "{file} に PCMK_fail_fast=yes がない"}},
	DRX080: {text: text{"PCMK_fail_fast=yes", "PCMK_fail_fast=yes"}},
	DRW080: {text: text{"When a daemon of Pacemaker crashes, the node lives on half dead instead of leaving the service to the other one.", "Pacemaker のデーモンが異常終了したとき、ノードが再起動されずに中途半端な状態で残る。"}},
	DRM080: {text: text{"add the line PCMK_fail_fast=yes to {file}; it counts from the next start of Pacemaker", "{file} に PCMK_fail_fast=yes の行を追加する（次回の Pacemaker 起動時から有効）"}},

	DRU081: {text: text{"this system has no systemd", "systemd のないシステム"}},
	DRA081: {text: text{"{unit} starts at boot", "{unit} が OS 起動時に自動起動する"}},
	DRX081: {text: text{"pacemaker and corosync disabled: an operator starts them", "pacemaker と corosync の自動起動は無効（運用者が起動する）"}},
	DRW081: {text: text{"A node that comes back after a failure joins before anybody has looked at its data.", "故障したノードが、データを確認する前にクラスタに復帰してしまう。"}},

	DRU082: {text: text{"there is no {path}", "{path} がない"}},
	DRA082: {text: text{"{path} has mode {mode}", "{path} のモードが {mode}"}},
	DRB082: {text: text{"there is no {path}, and corosync.conf asks for encryption", "corosync.conf では暗号化が有効だが、{path} がない"}},
	DRC082: {text: text{"{path} differs between the nodes", "{path} の内容が両ノードで異なる"}},
	DRX082: {text: text{"corosync.conf and authkey are the same on both nodes, authkey with mode 0400", "corosync.conf と authkey が両ノードで同じで、authkey のモードは 0400"}},
	DRW082: {text: text{"Nodes with different files do not find each other, and whoever reads the key can join the cluster.", "ファイルが異なるとノードは互いを見つけられず、鍵が読まれると第三者がクラスタに参加できる。"}},
	DRN082: {text: text{"copy {path} from the other node, after a look at which one is right", "正しい方を確認し、もう一方のノードから {path} をコピーする"}},

	DRA083: {text: text{"uname -n says {name}, with capitals", "uname -n の {name} に大文字が含まれている"}},
	DRB083: {text: text{"the name {name} is not resolved", "名前 {name} を解決できない"}},
	DRC083: {text: text{"the name {name} leads to {ip}", "名前 {name} が {ip} に解決される"}},
	DRX083: {text: text{"names in lower case, resolved on both nodes, and not to 127.x", "ホスト名は小文字で、両ノードで名前解決でき、127.x にならないこと"}},
	DRW083: {text: text{"The cluster and the agent know the nodes by these names.", "クラスタとエージェントは、この名前でノードを識別する。"}},
	DRM083: {text: text{"in /etc/hosts of this node: a line with the address of {name}, and {name} on no 127.x line", "このノードの /etc/hosts に {name} のアドレスの行を書き、127.x の行から {name} を除く"}},

	DRA084: {text: text{"the clocks are {seconds} s apart", "両ノードの時刻が {seconds} 秒ずれている"}},
	DRB084: {text: text{"no program keeps the clock right (chronyd, ntpd, systemd-timesyncd)", "時刻同期のプログラム（chronyd、ntpd、systemd-timesyncd）が動作していない"}},
	DRX084: {text: text{"less than 1 s apart, with a time service on both nodes", "ずれが 1 秒未満で、両ノードで時刻同期が動作していること"}},
	DRW084: {text: text{"Logs of the two nodes cannot be put together, and times of failures are taken wrong.", "両ノードのログを突き合わせられず、故障時刻の判断も誤る。"}},
	DRM084: {text: text{"before a start of the cluster: correct the clock of the node that is wrong", "クラスタの起動前に、時刻の誤っているノードを合わせる"}},
	DRN084: {text: text{"or start the time service that this system has (chrony, ntp, systemd-timesyncd)", "または、このシステムの時刻同期サービス（chrony、ntp、systemd-timesyncd）を起動する"}},

	DRU085: {text: text{"there is no ssh client", "ssh クライアントがない"}},
	DRA085: {text: text{"no login as {user} on {node} over the D-LAN without a question: {err}", "D-LAN 経由で {user} として {node} に問い合わせなしでログインできない: {err}"}},
	DRX085: {text: text{"login by key, both ways, with the host key known", "双方向で、鍵認証により（ホスト鍵も登録済みで）ログインできること"}},
	DRW085: {text: text{"The operation commands cannot work on the other node.", "運用補助コマンドが相手ノードで作業できない。"}},

	DRU086: {text: text{"nothing listens on port {port} of {node} just now", "現在 {node} のポート {port} で待ち受けているプログラムがない"}},
	DRA086: {text: text{"{address} of {node} is not reached, although something listens there", "{node} の {address} で待ち受けているが、接続できない"}},
	DRB086: {text: text{"{node} ({address}) does not answer to ping", "{node}（{address}）が ping に応答しない"}},
	DRX086: {text: text{"open between the nodes: ssh, PostgreSQL, 2224/tcp (pcsd), 5404-5412/udp (Corosync), ICMP echo", "ノード間で ssh、PostgreSQL、2224/tcp（pcsd）、5404～5412/udp（Corosync）、ICMP エコーが通ること"}},
	DRW086: {text: text{"Replication or the operation commands do not reach the other node.", "レプリケーションや運用補助コマンドが相手ノードに届かない。"}},
	DRM086: {text: text{"open {port} in the firewall of {node} for the other node", "{node} のファイアウォールで、相手ノードからの {port} を許可する"}},

	DRA087: {text: text{"the power key leads to {action}, and {id} counts on a reset at once", "電源ボタンの動作が {action} になっている（{id} によるフェンシングは即時のリセットが前提）"}},
	DRX087: {text: text{"HandlePowerKey=ignore", "HandlePowerKey=ignore"}},
	DRW087: {text: text{"A BMC that presses the key starts a slow shutdown instead of a reset, and the failover waits for it.", "BMC の電源操作で通常のシャットダウンが始まり、フェンシングとフェイルオーバーが遅れる。"}},
	DRM087: {text: text{"in /etc/systemd/logind.conf, section [Login]: HandlePowerKey=ignore", "/etc/systemd/logind.conf の [Login] セクション: HandlePowerKey=ignore"}},

	DRA088: {text: text{"missing or not executable: {programs}", "存在しないか実行できないプログラム: {programs}"}},
	DRX088: {text: text{"the programs that the operation commands start", "運用補助コマンドが使うプログラムがあること"}},
	DRW088: {text: text{"A start, a switchover or the building of a {STB} stops half way.", "起動、切り替え、{STB} の構築が途中で止まる。"}},
	DRM088: {text: text{"install the packages that have {programs}", "{programs} を含むパッケージをインストールする"}},

	DRU089: {text: text{"the path of the server's programs is not known", "サーバのプログラムの場所が分からない"}},
	DRT089: {text: text{"no server runs that says which locales its databases use", "データベースのロケールを確認できるサーバが動作していない"}},
	DRA089: {text: text{"{own}: {a}, page size {pageA}; {peer}: {b}, page size {pageB}", "{own}: {a}（ページサイズ {pageA}）、{peer}: {b}（ページサイズ {pageB}）"}},
	DRB089: {text: text{"libraries that sort texts: {own} has {a}, {peer} has {b}; in use: {locales}", "文字列の照合順序を決めるライブラリ: {own} は {a}、{peer} は {b}（使用中のロケール: {locales}）"}},
	DRX089: {text: text{"the same architecture and page size", "アーキテクチャとページサイズが同じであること"}},
	DRY089: {text: text{"the same releases of the C library and of ICU, or the locale C only", "C ライブラリと ICU の版が同じか、ロケールが C だけであること"}},
	DRW089: {text: text{"The files of a database of one machine cannot be used on another kind.", "データベースのファイルは、種類の異なるマシンでは使えない。"}},
	DRV089: {text: text{"After a failover indexes on texts are in the wrong order: rows are not found, and unique ones are there twice.", "フェイルオーバー後に文字列の索引の順序が合わなくなり、行が見つからない、一意制約が破れるなどの問題が起きる。"}},
	DRM089: {text: text{"use machines of the same kind", "同じ種類のマシンを使う"}},
	DRN089: {text: text{"bring both nodes to the same release of the system, then REINDEX what sorts texts", "両ノードの OS を同じ版にそろえ、文字列の索引を REINDEX する"}},

	DRA090: {text: text{"huge_pages=on: the server needs {need} MiB of huge pages, and the node has {have} MiB", "huge_pages=on: サーバには {need} MiB のヒュージページが必要だが、このノードには {have} MiB しかない"}},
	DRB090: {text: text{"shared_buffers ({need} MiB) is more than the memory that the node gives out ({have} MiB)", "shared_buffers（{need} MiB）が、このノードで確保できるメモリ（{have} MiB）を超えている"}},
	DRC090: {text: text{"shared_memory_type=sysv: kernel.shmmax is {have} MiB, and the server needs {need} MiB", "shared_memory_type=sysv: kernel.shmmax が {have} MiB で、サーバに必要な {need} MiB に足りない"}},
	DRX090: {text: text{"memory, huge pages and kernel.shmmax for the server, on both nodes", "両ノードのメモリ、ヒュージページ、kernel.shmmax がサーバに足りること"}},
	DRW090: {text: text{"The server cannot be started on this node.", "このノードでサーバを起動できない。"}},
	DRM090: {text: text{"raise vm.nr_hugepages, in /etc/sysctl.d on both nodes", "両ノードの /etc/sysctl.d で vm.nr_hugepages を増やす"}},
	DRN090: {text: text{"lower shared_buffers, or add memory", "shared_buffers を減らすか、メモリを増やす"}},
	DRO090: {text: text{"raise kernel.shmmax, in /etc/sysctl.d on both nodes", "両ノードの /etc/sysctl.d で kernel.shmmax を増やす"}},

	DRA091: {text: text{"sbd is enabled, and there is no watchdog {device}", "sbd が有効だが、ウォッチドッグ {device} がない"}},
	DRX091: {text: text{"the watchdog of sbd exists", "sbd のウォッチドッグデバイスがあること"}},
	DRW091: {text: text{"Sbd does not start without it, and neither does the cluster.", "ウォッチドッグがないと sbd が起動せず、クラスタも起動できない。"}},
	DRM091: {text: text{"load the driver of the watchdog (e.g. modprobe softdog), or set SBD_WATCHDOG_DEV; now it is {device}", "ウォッチドッグのドライバー（例: modprobe softdog）を読み込むか、SBD_WATCHDOG_DEV を設定する（現在は {device}）"}},

	DRA092: {text: text{"the directory of logs {dir} does not exist", "ログのディレクトリ {dir} がない"}},
	DRB092: {text: text{"logrotate knows nothing of {dir}", "logrotate の設定に {dir} がない"}},
	DRX092: {text: text{"a directory for the logs of Pacemaker and its agents, with rotation", "Pacemaker とエージェントのログ用ディレクトリがあり、ローテーションされること"}},
	DRW092: {text: text{"Without logs nobody finds out why the cluster acted, and without rotation they fill the disk.", "ログがないとクラスタの動作の理由が分からず、ローテーションがないとディスクがあふれる。"}},
	DRM092: {text: text{"make {dir} and a file for it in /etc/logrotate.d, as the package of Pacemaker does", "Pacemaker のパッケージと同じように {dir} と /etc/logrotate.d の設定を用意する"}},
}
