package template

import (
	"fmt"
	"path"
	"strings"
)

// primitive is one resource with all its values.
type primitive struct {
	number                    string // of its table
	id, class, provider, kind string
	about                     text
	params, meta              []parameter
	operations                []operation
	roles                     bool
}

type parameter struct {
	name  string
	value value
	about text
}

type operation struct{ name, timeout, interval, onFail, role string }

// usual are start, monitor and stop of a check or an address.
func usual(timeout, start, stop string) []operation {
	return []operation{
		{"start", timeout, "0s", start, ""}, {"monitor", timeout, "10s", "restart", ""}, {"stop", timeout, "0s", stop, ""},
	}
}

func (s Site) address(number, id, ip, nic string, about text) primitive {
	return primitive{number: number, id: id, class: "ocf", provider: "heartbeat", kind: "IPaddr2", about: about,
		params: []parameter{
			{"ip", own(ip), text{"virtual IP address", "仮想IPアドレス"}},
			{"nic", own(nic), text{"network interface", "ネットワークインタフェース名"}},
			{"cidr_netmask", own(s.Netmask), text{"length of the netmask", "ネットマスク長"}},
		},
		operations: usual("60s", "restart", s.onFail()),
	}
}

// addresses are those of primary, replication and standby.
func (s Site) addresses() []primitive {
	primary := s.address("7-1-1", "vip-master", s.Primary, s.ServiceNIC, text{"address of the primary for clients", "更新用の仮想IP（S-LAN、Primaryで稼働）"})
	replication := s.address("7-1-2", "vip-rep", s.Replication, s.ReplicationNIC, text{"address of the primary for replication", "レプリケーション用の仮想IP（D-LAN、Primaryで稼働）"})
	replication.meta = []parameter{{"migration-threshold", fixed("0"), text{"its failure moves nothing", "故障してもフェイルオーバーしない"}}}
	// It is repaired in place; its failure must not move the service.
	replication.operations = usual("60s", "stop", "ignore")
	list := []primitive{primary, replication}
	if s.Standby != "" {
		standby := s.address("7-1-3", "vip-slave", s.Standby, s.ServiceNIC, text{"address of the standby for reading clients", "参照用の仮想IP（S-LAN、通常はStandbyで稼働）"})
		standby.meta = []parameter{{"resource-stickiness", fixed("1"), text{"comes back to the standby", "Standbyの同期後に自動で戻る"}}}
		list = append(list, standby)
	}
	return list
}

func (s Site) names() string {
	var names []string
	for _, n := range s.Nodes {
		names = append(names, n.Name)
	}
	return strings.Join(names, " ")
}

// server is PostgreSQL.
func (s Site) server() primitive {
	number := "7-1-4"
	if s.Standby == "" {
		number = "7-1-3"
	}
	agent := strings.Split(s.Agent, ":")
	notify := "90s"
	if s.old() {
		notify = "60s"
	}
	return primitive{number: number, id: "pgsql", class: agent[0], provider: agent[1], kind: agent[2], roles: true,
		about: text{"PostgreSQL with streaming replication", "PostgreSQL（ストリーミングレプリケーション）"},
		params: []parameter{
			{"pgctl", own(path.Join(s.BinDir, "pg_ctl")), text{"path of pg_ctl", "pg_ctlコマンドのパス"}},
			{"psql", own(path.Join(s.BinDir, "psql")), text{"path of psql", "psqlコマンドのパス"}},
			{"pgdata", own(s.PGData), text{"data directory", "データベースクラスタのパス"}},
			{"pgdba", fixed("postgres"), text{"owner of the database", "PostgreSQLの管理ユーザ"}},
			{"pgport", own(s.Port), text{"port", "ポート番号"}},
			{"pgdb", fixed("template1"), text{"database that is checked", "監視に使用するデータベース"}},
			{"rep_mode", fixed("sync"), text{"synchronous replication", "レプリケーションモード（同期）"}},
			{"node_list", own(s.names()), text{"names of both nodes (uname -n)", "全ノード名（uname -n の値）"}},
			{"master_ip", own(s.Replication), text{"same as the address for replication", "レプリケーション用の仮想IPと同じ値"}},
			{"restore_command", own(fmt.Sprintf("/bin/cp %s/%%f %%p", s.Archive)), text{"pair of archive_command", "archive_commandと対になるコマンド"}},
			{"repuser", own(s.RepUser), text{"role for replication", "レプリケーション用ユーザ"}},
			{"primary_conninfo_opt", fixed("keepalives_idle=60 keepalives_interval=5 keepalives_count=5"), text{"keepalives of the connection", "レプリケーション接続のキープアライブ設定"}},
			{"stop_escalate", fixed("0"), text{"immediate shutdown at a demotion", "demote時に即時停止"}},
			{"xlog_check_count", fixed("0"), text{"the operator names the primary", "起動時にデータの新旧を比較しない"}},
		},
		operations: []operation{
			{"start", "300s", "0s", "restart", ""}, {"monitor", "60s", "10s", "restart", ""},
			{"monitor", "60s", "9s", "restart", s.promoted()}, {"promote", "300s", "0s", "restart", ""},
			{"demote", "300s", "0s", s.onFail(), ""}, {"notify", notify, "0s", "", ""}, {"stop", "300s", "0s", s.onFail(), ""},
		},
	}
}

// gateway checks the service LAN.
func (s Site) gateway() primitive {
	return primitive{number: "7-2-1", id: "prmPing", class: "ocf", provider: "pacemaker", kind: "ping", about: text{"check of the service LAN", "ネットワーク監視（S-LAN）"},
		params: []parameter{
			{"name", fixed("default_ping_set"), text{"node attribute", "属性名"}},
			{"host_list", own(s.Gateway), text{"target, e.g. the gateway", "監視先（ゲートウェイなど）"}},
			{"multiplier", fixed("100"), text{"value of a target that answers", "応答した監視先1つあたりの値"}},
			{"attempts", fixed("2"), text{"packets", "送信回数"}},
			{"timeout", fixed("2"), text{"wait for an answer [s]", "応答待ち時間[秒]"}},
			{"debug", fixed("true"), text{"log which target is silent", "応答のない監視先をログに出力"}},
		},
		operations: usual("60s", "restart", s.onFail()),
	}
}

// disks check the disks: one resource for each up to Pacemaker 1.1, one for
// all since.
func (s Site) disks() []primitive {
	if !s.old() {
		drives := s.SystemDisk
		if s.DataDisk != s.SystemDisk {
			drives += " " + s.DataDisk
		}
		return []primitive{{number: "7-3-1", id: "storage-mon", class: "ocf", provider: "heartbeat", kind: "storage-mon", about: text{"check of the disks", "ディスク監視"},
			params: []parameter{
				{"drives", own(drives), text{"whole disks, separated by blanks", "監視するディスク（空白区切り）"}},
				{"io_timeout", fixed("10"), text{"wait for a disk [s]", "応答待ち時間[秒]"}},
			},
			operations: usual("120s", "restart", s.onFail()),
		}}
	}
	diskd := func(number, id, attribute, device string, about text) primitive {
		return primitive{number: number, id: id, class: "ocf", provider: "pacemaker", kind: "diskd", about: about,
			params: []parameter{
				{"name", fixed(attribute), text{"node attribute", "属性名"}},
				{"device", own(device), text{"whole disk", "監視するディスク"}},
				{"options", fixed("-e"), text{"options", "オプション"}},
				{"interval", fixed("10"), text{"interval [s]", "監視間隔[秒]"}},
				{"dampen", fixed("2"), text{"wait before a change counts [s]", "属性変更の反映待ち時間[秒]"}},
			},
			operations: usual("60s", "restart", s.onFail()),
		}
	}
	return []primitive{
		diskd("7-3-1", "prmDiskd1", "diskcheck_status_internal", s.SystemDisk, text{"check of the system disk", "内蔵ディスク監視（OS）"}),
		diskd("7-3-2", "prmDiskd2", "diskcheck_status", s.DataDisk, text{"check of the database disk", "ディスク監視（データベース）"}),
	}
}

// devices are the fencing devices of a node, in the order of their levels.
func (s Site) devices(i int) []primitive {
	if s.old() {
		return []primitive{s.helper(i), s.ipmiOfGlue(i)}
	}
	list := []primitive{s.ipmi(i)}
	if s.Kdump {
		list = []primitive{s.kdump(i), s.ipmi(i)}
	}
	for n := range list {
		list[n].number = fmt.Sprintf("7-%d-%d", 4+i, n+1)
	}
	return list
}

// fencingOperations are those of a device; interval "" is for no monitor.
func fencingOperations(interval string) []operation {
	list := []operation{{"start", "60s", "0s", "restart", ""}}
	if interval != "" {
		list = append(list, operation{"monitor", "60s", interval, "restart", ""})
	}
	return append(list, operation{"stop", "60s", "0s", "ignore", ""})
}

func (s Site) helper(i int) primitive {
	n := s.Nodes[i]
	return primitive{number: fmt.Sprintf("7-%d-1", 4+i), id: fmt.Sprintf("prmStonith%d-1", i+1), class: "stonith", kind: "external/stonith-helper",
		about: text{"the primary wins a mutual fencing", "相撃ち防止、被疑ノードの停止確認"},
		params: []parameter{
			{"pcmk_reboot_retries", fixed("1"), text{"tries", "実行回数"}},
			{"pcmk_reboot_timeout", fixed("40s"), text{"time-out", "タイムアウト値"}},
			{"hostlist", own(n.Name), text{"node to be fenced", "STONITHの対象ノード"}},
			{"dead_check_target", own(strings.Join(append(n.Addresses[:len(n.Addresses):len(n.Addresses)], n.BMC), " ")), text{"all addresses of the node and its BMC", "対象ノードの全IPアドレス（BMCを含む）"}},
			{"standby_check_command", fixed("/usr/sbin/crm_resource -r master-group -W | grep -qi `hostname`"), text{"succeeds on the primary", "Primaryで成功するコマンド"}},
			{"standby_wait_time", fixed("10"), text{"wait of the other node [s]", "Primary以外の待機時間[秒]"}},
			{"run_online_check", fixed("yes"), text{"look whether the node is back", "対象ノードの起動確認"}},
		},
		operations: fencingOperations(""),
	}
}

func (s Site) ipmiOfGlue(i int) primitive {
	n := s.Nodes[i]
	return primitive{number: fmt.Sprintf("7-%d-2", 4+i), id: fmt.Sprintf("prmStonith%d-2", i+1), class: "stonith", kind: "external/ipmi", about: text{"reset by IPMI", "IPMIによる電源制御"},
		params: []parameter{
			{"pcmk_reboot_timeout", fixed("60s"), text{"time-out", "タイムアウト値"}},
			{"hostname", own(n.Name), text{"node to be fenced", "STONITHの対象ノード"}},
			{"ipaddr", own(n.BMC), text{"address of the BMC", "BMCのIPアドレス"}},
			{"userid", own(s.BMCUser), text{"user of the BMC", "BMCのユーザ名"}},
			{"passwd", own(n.password()), text{"password of the BMC", "BMCのパスワード"}},
			{"interface", fixed("lanplus"), text{"protocol", "接続方式"}},
		},
		operations: fencingOperations("3600s"),
	}
}

func (s Site) kdump(i int) primitive {
	return primitive{id: fmt.Sprintf("fence%d-kdump", i+1), class: "stonith", kind: "fence_kdump", about: text{"the node is dumping its memory", "カーネルダンプ中であることの確認"},
		params: []parameter{
			{"pcmk_host_list", own(s.Nodes[i].Name), text{"node to be fenced", "STONITHの対象ノード"}},
			{"pcmk_reboot_action", fixed("off"), text{"the agent only knows off", "offのみ対応"}},
			{"timeout", fixed("30"), text{"wait for the message [s]", "通知の待ち時間[秒]"}},
		},
		operations: fencingOperations("60s"),
	}
}

func (s Site) ipmi(i int) primitive {
	n := s.Nodes[i]
	return primitive{id: fmt.Sprintf("fence%d-ipmi", i+1), class: "stonith", kind: "fence_ipmilan", about: text{"reset by IPMI", "IPMIによる電源制御"},
		params: []parameter{
			{"pcmk_host_list", own(n.Name), text{"node to be fenced", "STONITHの対象ノード"}},
			{"ip", own(n.BMC), text{"address of the BMC", "BMCのIPアドレス"}},
			{"username", own(s.BMCUser), text{"user of the BMC", "BMCのユーザ名"}},
			{"password", own(n.password()), text{"password of the BMC", "BMCのパスワード"}},
			{"lanplus", fixed("1"), text{"protocol", "接続方式"}},
		},
		operations: fencingOperations("3600s"),
	}
}
