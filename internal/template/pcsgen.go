package template

import (
	"fmt"
	"slices"
)

// The sheet of the successor, pm_pcsgen, layout 1.1: other tables, the ids of
// PG-REX 12 and newer, and rows that do not move, because programs of others
// edit them by their numbers (specification, section 1.9).

// AgentOfPcsgen is the agent that sheets of this layout have.
const AgentOfPcsgen = "ocf:linuxhajp:pgsql"

// The rows, counted from 1, that the title of a table stands in.
const (
	rowPrimary     = 70  // values of the address in 77 to 79
	rowReplication = 86  // 93 to 95
	rowStandby     = 103 // 110 to 112
	rowServer      = 120 // node_list in 134, master_ip in 135, repuser in 137
	rowGateway     = 151 // host_list in 159
	rowDisks       = 169 // drives in 176
	rowFirst       = 185 // STONITH of node 1 in 192 to 195
	rowSecond      = 203 // of node 2 in 210 to 213
	rowAvoided     = 222 // nodes in 226 and 227
)

// idsOfPcsgen are the ids of PG-REX 12 and newer by those of PG-REX up to 11.
var idsOfPcsgen = map[string]string{
	"vip-master": "ipaddr-primary", "vip-rep": "ipaddr-replication", "vip-slave": "ipaddr-standby",
	"master-group": "primary-group", "msPostgresql": "pgsql-clone", "prmPing": "ping", "clnPing": "ping-clone",
	"clnStorage": "storage-mon-clone", "fence1-ipmi": "fence1-ipmilan", "fence2-ipmi": "fence2-ipmilan",
}

var (
	pcsNodeColumns = []column{
		{"uname", text{"node name", "ノード名"}, 2, 2}, {"type", text{"type", "種別"}, 4, 1}, {"name", text{"item", "項目"}, 5, 3},
		{"value", text{"setting", "設定内容"}, 8, 3}, {"", remarks, 11, 3},
	}
	pcsAttributeColumns = []column{
		{"id", text{"resource ID", "リソースID"}, 2, 2}, {"name", text{"item", "項目"}, 4, 3}, {"value", text{"setting", "設定内容"}, 7, 3}, {"", remarks, 10, 4},
	}
	pcsLevelColumns = []column{
		{"node", text{"node to be fenced", "STONITHの対象ノード"}, 2, 2}, {"id", text{"ID of the STONITH resource", "STONITHリソースID"}, 4, 3},
		{"level", text{"order", "実行順序"}, 7, 2}, {"", remarks, 9, 5},
	}
	pcsDeviceColumns = []column{
		{"id", text{"STONITH resource ID", "STONITHリソースID"}, 2, 4}, {"type", text{"type", "type"}, 6, 4}, {"", summary, 10, 4},
	}
	pcsOperationColumns = []column{
		{"type", text{"operation", "オペレーション"}, 2, 1}, {"timeout", text{"time-out", "タイムアウト値"}, 3, 1},
		{"interval", text{"interval", "監視間隔"}, 4, 1}, {"on-fail", text{"on failure", "障害時の動作"}, 5, 2},
		{"role", text{"role", "役割"}, 7, 2}, {"start-delay", text{"start delay", "起動前待機時間"}, 9, 2}, {"", remarks, 11, 3},
	}
	pcsNodeLocationColumns = []column{
		{"rsc", text{"resource ID", "リソースID"}, 2, 2}, {"prefers/avoids", text{"prefers/avoids", "prefers/avoids"}, 4, 1},
		{"node", text{"node", "ノード"}, 5, 3}, {"score", text{"score", "スコア"}, 8, 2}, {"", remarks, 10, 4},
	}
	pcsRuleColumns = []column{
		{"rsc", text{"resource ID", "リソースID"}, 2, 2}, {"score", text{"score", "スコア"}, 4, 1}, {"bool_op", text{"and/or", "and/or"}, 5, 1},
		{"attribute", text{"attribute", "条件属性名"}, 6, 2}, {"op", text{"operator", "条件"}, 8, 1}, {"value", text{"value", "条件値"}, 9, 2},
		{"role", text{"role", "役割"}, 11, 1}, {"", remarks, 12, 2},
	}
	pcsOrderColumns = []column{
		{"first-rsc", text{"ID of the first resource", "先に起動するリソースID"}, 2, 2},
		{"then-rsc", text{"ID of the second resource", "後に起動するリソースID"}, 4, 2},
		{"kind", text{"kind", "種別"}, 6, 2}, {"first-action", text{"action of the first", "先起動リソースのアクション"}, 8, 2},
		{"then-action", text{"action of the second", "後起動リソースのアクション"}, 10, 2},
		{"symmetrical", text{"reverse stop", "起動と逆順に停止"}, 12, 1}, {"", remarks, 13, 1},
	}
)

// row fills up with empty rows, so that the next one has the number.
func (b *builder) row(number int) {
	for len(b.rows) < number-1 {
		b.blank()
	}
}

// pcsID is the id that this layout has for one of the other.
func pcsID(id string) string {
	if newer, ok := idsOfPcsgen[id]; ok {
		return newer
	}
	return id
}

func (b *builder) pcsgen(s Site) {
	b.pcsHead(s)
	b.pcsStructure(s)
	addresses := s.addresses()
	for i, row := range []int{rowPrimary, rowReplication, rowStandby} {
		if i < len(addresses) {
			b.pcsPrimitive(row, addresses[i])
		}
	}
	b.pcsPrimitive(rowServer, s.server())
	b.pcsPrimitive(rowGateway, s.pcsGateway())
	b.pcsPrimitive(rowDisks, s.disks()[0])
	if s.Fencing {
		for i, row := range []int{rowFirst, rowSecond} {
			d := s.ipmi(i)
			d.number = fmt.Sprintf("8-%d-1", i+1)
			b.pcsPrimitive(row, d)
		}
	}
	b.pcsPlacement(s)
	b.pcsBindings(s)
	b.config("13-1")
	if s.Kdump {
		// After all that has its rows; tables may stand in any order.
		for i := range s.Nodes {
			b.blank()
			d := s.kdump(i)
			d.number = fmt.Sprintf("8-%d-2", i+1)
			b.pcsPrimitive(0, d)
		}
	}
}

func (b *builder) pcsHead(s Site) {
	variant := s.variant()
	b.line(Title, text{
		fmt.Sprintf("# pm_pcsgen environment sheet, layout 1.1  PG-REX, Pacemaker %s, %s", s.Target, variant.en),
		fmt.Sprintf("# pm_pcsgen 環境定義書 様式 1.1　PG-REX　Pacemaker %s　%s", s.Target, variant.ja),
	})
	b.line(Legend, legend)
	b.title("1-1", text{"node attributes", "クラスタ・ノード属性"})
	b.table("NODE", pcsNodeColumns)
	b.spare(1, pcsNodeColumns)
	b.blank()
	b.settings(s)
}

// pcsStructure are the resources, their meta-attributes and levels.
func (b *builder) pcsStructure(s Site) {
	b.title("4-1", text{"resources", "リソース構成"})
	b.table("RESOURCES", resourceColumns)
	for _, x := range s.items() {
		if x.device {
			x.kind = "Stonith"
		}
		values := make([]value, 5)
		values[x.depth], values[3], values[4] = fixed(x.kind), fixed(pcsID(x.id)), fixed(b.in(x.about))
		b.data(resourceColumns, values...)
	}
	b.blank()
	b.title("5-1", text{"meta-attributes of groups and clones", "リソース・パラメータ"})
	b.table("RSC_ATTRIBUTES", pcsAttributeColumns)
	for _, r := range s.metas() {
		b.data(pcsAttributeColumns, fixedAll(pcsID(r.id), r.name, r.value)...)
	}
	b.blank()
	b.title("6-1", text{"order of STONITH", "STONITHの実行順序"})
	b.table("STONITH_LEVEL", pcsLevelColumns)
	if s.Kdump {
		for i, n := range s.Nodes {
			for level, d := range s.devices(i) {
				b.data(pcsLevelColumns, own(n.Name), fixed(pcsID(d.id)), fixed(fmt.Sprint(level+1)))
			}
		}
	}
}

func (b *builder) pcsPrimitive(row int, p primitive) {
	b.row(row)
	p.id = pcsID(p.id)
	if p.class == "stonith" {
		b.title(p.number, text{"STONITH resource (id=" + p.id + ")", "STONITHリソース (id=" + p.id + ")"})
		b.name("STONITH")
		b.header("P", pcsDeviceColumns)
		b.data(pcsDeviceColumns, fixed(p.id), fixed(p.kind), fixed(b.in(p.about)))
	} else {
		b.title(p.number, text{"primitive resource (id=" + p.id + ")", "Primitiveリソース (id=" + p.id + ")"})
		b.name("PRIMITIVE")
		b.header("P", primitiveColumns)
		b.data(primitiveColumns, fixed(p.id), fixed(p.class), fixed(p.provider), fixed(p.kind), fixed(b.in(p.about)))
	}
	b.parameters(p, "options")
	b.header("O", pcsOperationColumns)
	for _, o := range p.operations {
		b.data(pcsOperationColumns, fixedAll(o.name, o.timeout, o.interval, o.onFail, o.role)...)
	}
	b.blank()
}

// pcsGateway counts each target as 1.
func (s Site) pcsGateway() primitive {
	p := s.gateway()
	p.params[0].value = fixed("ping-status")
	p.params = slices.DeleteFunc(p.params, func(x parameter) bool { return x.name == "multiplier" })
	return p
}

func (b *builder) pcsPlacement(s Site) {
	b.row(rowAvoided)
	if s.Fencing {
		b.title("9-1", text{"placement by node", "リソース配置制約（ノード）"})
		b.table("LOCATION_NODE", pcsNodeLocationColumns)
		for _, device := range []func(int) primitive{s.ipmi, s.kdump} {
			for i, n := range s.Nodes {
				if d := device(i); d.kind != "fence_kdump" || s.Kdump {
					b.data(pcsNodeLocationColumns, fixed(pcsID(d.id)), fixed("avoids"), own(n.Name), fixed("INFINITY"))
				}
			}
		}
		b.blank()
	}
	b.title("9-2", text{"placement by rule", "リソース配置制約（ルール）"})
	b.table("LOCATION_RULE", pcsRuleColumns)
	rules := [][]string{
		{"pgsql-clone", "-INFINITY", "or", "ping-status", "lt", "1"}, {"", "", "", "ping-status", "not_defined"},
		{"", "", "", "#health-storage-mon", "not_defined"},
	}
	if s.Standby != "" {
		rules = append(rules, []string{"ipaddr-standby", "200", "", "pgsql-status", "eq", "HS:sync"}, []string{"", "100", "", "pgsql-status", "eq", "PRI"},
			[]string{"", "-INFINITY", "", "pgsql-status", "not_defined"}, []string{"", "-INFINITY", "and", "pgsql-status", "ne", "HS:sync"},
			[]string{"", "", "", "pgsql-status", "ne", "PRI"})
	}
	for _, r := range rules {
		b.data(pcsRuleColumns, fixedAll(r...)...)
	}
	b.blank()
}

func (b *builder) pcsBindings(s Site) {
	checks := []string{"ping-clone", "storage-mon-clone"}
	b.title("10-1", text{"colocation", "リソース同居制約"})
	b.table("COLOCATION", colocationColumns)
	for _, c := range checks {
		b.data(colocationColumns, fixedAll("pgsql-clone", c, "INFINITY")...)
	}
	b.data(colocationColumns, fixedAll("primary-group", "pgsql-clone", "INFINITY", "", s.promoted())...)
	b.blank()
	b.title("11-1", text{"order", "リソース起動順序制約"})
	b.table("ORDER", pcsOrderColumns)
	for _, c := range checks {
		b.data(pcsOrderColumns, fixedAll(c, "pgsql-clone", "", "", "", "false")...)
	}
	b.data(pcsOrderColumns, fixedAll("pgsql-clone", "primary-group", "Mandatory", "promote", "start", "false")...)
	b.data(pcsOrderColumns, fixedAll("pgsql-clone", "primary-group", "Optional", "demote", "stop", "false")...)
	b.blank()
}
