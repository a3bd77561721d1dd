package template

import (
	"fmt"
	"slices"
)

// Build makes the sheet of a site, which has to be one without mistakes (see
// [Site.Check]).
func Build(s Site, japanese bool) Sheet {
	b := &builder{japanese: japanese}
	if s.Pcsgen {
		b.pcsgen(s)
	} else {
		b.crmgen(s)
	}
	secret := s.Fencing && slices.ContainsFunc(s.Nodes, func(n Node) bool { return n.BMCPassword != "" })
	return Sheet{Name: b.in(text{"environment sheet", "環境定義書"}), Rows: b.rows, Japanese: japanese, Secret: secret}
}

// crmgen is the layout of pm_crmgen 2.2.
func (b *builder) crmgen(s Site) {
	b.head(s)
	b.settings(s)
	b.structure(s)
	b.levels(s)
	for _, p := range s.primitives() {
		b.primitive(p)
	}
	b.placement(s)
	b.bindings(s)
	b.config("12-1")
}

// primitives are all of them, in the order of their tables.
func (s Site) primitives() []primitive {
	list := append(s.addresses(), s.server(), s.gateway())
	list = append(list, s.disks()...)
	if s.Fencing {
		for i := range s.Nodes {
			list = append(list, s.devices(i)...)
		}
	}
	return list
}

// variant says which fencing a sheet is for.
func (s Site) variant() text {
	switch {
	case !s.Fencing:
		return text{"without STONITH (for trials only)", "STONITHなし（試用専用）"}
	case s.Kdump:
		return text{"with STONITH (kdump, then IPMI)", "STONITHあり（kdump、IPMI）"}
	}
	return text{"with STONITH (IPMI)", "STONITHあり（IPMI）"}
}

var legend = text{
	"# Orange: adapt to your site. Blue frame: value of PG-REX, leave as it is; empty cells may be filled. Rows with # in column A are ignored.",
	"# 橙色のセル: 環境に合わせて変更する値　青枠のセル: PG-REXの設定値（通常は変更不要、空欄は必要に応じて記入）　A列が # の行は無視されます",
}

func (b *builder) head(s Site) {
	variant := s.variant()
	b.line(Title, text{
		fmt.Sprintf("# pm_crmgen environment sheet, file format version: 2.2  PG-REX, Pacemaker %s, %s", s.Target, variant.en),
		fmt.Sprintf("# pm_crmgen 環境定義書 ファイル形式バージョン: 2.2　PG-REX　Pacemaker %s　%s", s.Target, variant.ja),
	})
	b.line(Legend, legend)
	target := ""
	if !s.old() {
		target = "--target " + s.Target.String() + " "
	}
	b.line(Legend, text{
		"# Save as CSV, then: pm_crmgen " + target + "-o pgrex.crm FILE.csv",
		"# CSV形式で保存し、次のコマンドで定義を作成します: pm_crmgen " + target + "-o pgrex.crm ファイル名.csv",
	})
	b.blank()
	b.title("1-1", text{"node attributes", "クラスタ・ノード属性"})
	b.table("NODE", nodeColumns)
	b.spare(2, nodeColumns)
	b.blank()
}

// setting is a row of PROPERTY and the defaults.
type setting struct {
	name, value string
	about       text
}

func (b *builder) list(number string, title text, name string, list []setting, spare int) {
	b.title(number, title)
	b.table(name, settingColumns)
	for _, x := range list {
		b.data(settingColumns, fixed(x.name), fixed(x.value), fixed(b.in(x.about)))
	}
	b.spare(spare, settingColumns)
	b.blank()
}

func (b *builder) settings(s Site) {
	quorum := setting{"no-quorum-policy", "ignore", text{"two nodes: the survivor goes on", "クォーラム喪失時の動作: 継続（2ノード構成）"}}
	stonith := setting{"stonith-enabled", fmt.Sprint(s.Fencing), text{"reset of a failed node", "障害ノード対処（STONITH制御）"}}
	var list []setting
	switch {
	case s.old():
		list = []setting{quorum, stonith, {"startup-fencing", "false", text{"no STONITH of nodes not seen yet", "起動時に状態不明ノードへのSTONITHを行わない"}}}
	case s.Fencing:
		list = []setting{stonith, {"priority-fencing-delay", "10s", text{"the primary wins a mutual fencing", "相撃ち時にPrimaryを優先する待ち時間"}}}
	default:
		list = []setting{quorum, stonith}
	}
	if !s.old() {
		list = append(list, setting{"node-health-strategy", "only-green", text{"leave nodes with a broken disk", "ディスク故障を検知したノードから移動"}})
	}
	spare := 1
	if s.Pcsgen { // what follows has its rows
		spare = 0
	}
	b.list("2-1", text{"cluster properties", "クラスタ・プロパティ"}, "PROPERTY", list, spare)
	stickiness := "200"
	if s.old() {
		stickiness = "INFINITY"
	}
	b.list("3-1", text{"resource defaults", "リソース・デフォルト"}, "RSC_DEFAULTS", []setting{
		{"resource-stickiness", stickiness, text{"no automatic failback", "自動フェイルバックなし"}},
		{"migration-threshold", "1", text{"failover at the first failure", "1回の故障でフェイルオーバー"}},
	}, 0)
	b.list("3-2", text{"operation defaults", "オペレーション・デフォルト"}, "OP_DEFAULTS", nil, 1)
}

// item is a row of RESOURCES.
type item struct {
	depth    int
	kind, id string
	about    text
	device   bool
}

// items are the resources, each after what it lies in.
func (s Site) items() []item {
	clone := text{"clone", "クローン定義"}
	promotable := "Promotable"
	disks := []item{{0, "Clone", "clnStorage", clone, false}, {1, "Primitive", "storage-mon", text{"disks", "ディスク監視"}, false}}
	if s.old() {
		promotable = "Master"
		disks = []item{
			{0, "Clone", "clnDiskd1", clone, false}, {1, "Primitive", "prmDiskd1", text{"system disk", "内蔵ディスク監視"}, false},
			{0, "Clone", "clnDiskd2", clone, false}, {1, "Primitive", "prmDiskd2", text{"database disk", "データベースディスク監視"}, false},
		}
	}
	list := []item{
		{0, "Group", "master-group", text{"addresses at the primary", "Primaryの仮想IP"}, false},
		{1, "Primitive", "vip-master", text{"for clients", "更新用"}, false},
		{1, "Primitive", "vip-rep", text{"for replication", "レプリケーション用"}, false},
	}
	if s.Standby != "" {
		list = append(list, item{0, "Primitive", "vip-slave", text{"for reading clients", "参照用の仮想IP"}, false})
	}
	list = append(list,
		item{0, promotable, "msPostgresql", text{"promotable clone", "Primary/Standby定義"}, false},
		item{1, "Primitive", "pgsql", text{"PostgreSQL", "PostgreSQL"}, false},
		item{0, "Clone", "clnPing", clone, false},
		item{1, "Primitive", "prmPing", text{"service LAN", "ネットワーク監視"}, false})
	list = append(list, disks...)
	if !s.Fencing {
		return list
	}
	for i, n := range s.Nodes {
		depth := 0
		if s.old() {
			list = append(list, item{0, "Group", fmt.Sprintf("grpStonith%d", i+1), text{"STONITH of " + n.Name, n.Name + "のSTONITH"}, false})
			depth = 1
		}
		for _, d := range s.devices(i) {
			list = append(list, item{depth, "Primitive", d.id, d.about, true})
		}
	}
	return list
}

// metaAttribute is one of a clone.
type metaAttribute struct{ id, name, value string }

// metas are the meta-attributes of the clones; an empty id means the one above.
func (s Site) metas() []metaAttribute {
	most, mostOnNode := "promoted-max", "promoted-node-max"
	if s.old() {
		most, mostOnNode = "master-max", "master-node-max"
	}
	list := []metaAttribute{{"msPostgresql", most, "1"}, {"", mostOnNode, "1"}, {"", "clone-max", "2"}, {"", "clone-node-max", "1"}, {"", "notify", "true"}}
	if !s.old() {
		list = append(list, metaAttribute{"", "priority", "1"}, metaAttribute{"clnStorage", "allow-unhealthy-nodes", "true"})
	}
	return list
}

func (b *builder) structure(s Site) {
	b.title("4-1", text{"resources", "リソース構成"})
	b.table("RESOURCES", resourceColumns)
	for _, x := range s.items() {
		values := make([]value, 5)
		values[x.depth], values[3], values[4] = fixed(x.kind), fixed(x.id), fixed(b.in(x.about))
		b.data(resourceColumns, values...)
	}
	b.blank()
	b.title("5-1", text{"parameters of groups and clones", "リソース・パラメータ"})
	b.table("RSC_ATTRIBUTES", attributeColumns)
	for _, m := range s.metas() {
		kind := ""
		if m.id != "" {
			kind = "meta"
		}
		b.data(attributeColumns, fixedAll(m.id, kind, m.name, m.value)...)
	}
	b.blank()
}

// levels is the order of the devices of each node, where there are several.
func (b *builder) levels(s Site) {
	if !s.Fencing || !s.old() && !s.Kdump {
		return
	}
	b.title("6-1", text{"order of STONITH", "STONITHの実行順序"})
	b.table("FENCING_TOPOLOGY", topologyColumns)
	for i, n := range s.Nodes {
		name := own(n.Name)
		for level, d := range s.devices(i) {
			b.data(topologyColumns, name, fixed(d.id), fixed(fmt.Sprint(level+1)))
			name = fixed("")
		}
	}
	b.blank()
}

func (b *builder) primitive(p primitive) {
	b.title(p.number, text{"primitive resource (id=" + p.id + ")", "Primitiveリソース (id=" + p.id + ")"})
	b.name("PRIMITIVE")
	b.header("P", primitiveColumns)
	b.data(primitiveColumns, fixed(p.id), fixed(p.class), fixed(p.provider), fixed(p.kind), fixed(b.in(p.about)))
	b.parameters(p, "params")
	columns := operationColumns(p.roles)
	b.header("O", columns)
	for _, o := range p.operations {
		b.data(columns, fixedAll(o.name, o.timeout, o.interval, o.onFail, o.role)...)
	}
	b.blank()
}

// parameters are the sub-table of a resource's values; kind is what the layout
// calls those of the agent.
func (b *builder) parameters(p primitive, kind string) {
	b.header("A", parameterColumns)
	for set, list := range [][]parameter{p.params, p.meta} {
		for i, x := range list {
			first := ""
			if i == 0 {
				first = []string{kind, "meta"}[set]
			}
			b.data(parameterColumns, fixed(first), fixed(x.name), x.value, fixed(b.in(x.about)))
		}
	}
}

func (b *builder) placement(s Site) {
	b.title("8-1", text{"placement", "リソース配置制約"})
	b.table("LOCATION_EXPERT", locationColumns)
	row := func(rsc, score, operator, attribute, op, val string) {
		b.data(locationColumns, fixedAll(rsc, score, operator, attribute, op, val)...)
	}
	row("msPostgresql", "-inf", "or", "default_ping_set", "not_defined", "")
	row("", "", "", "default_ping_set", "lt", "100")
	if s.old() {
		for _, attribute := range []string{"diskcheck_status", "diskcheck_status_internal"} {
			row("", "-inf", "or", attribute, "not_defined", "")
			row("", "", "", attribute, "eq", "ERROR")
		}
	} else {
		row("", "", "", "#health-storage-mon", "not_defined", "")
	}
	if s.Standby != "" {
		row("vip-slave", "200", "", "pgsql-status", "eq", "HS:sync")
		row("", "100", "", "pgsql-status", "eq", "PRI")
		row("", "-inf", "", "pgsql-status", "not_defined", "")
		row("", "-inf", "and", "pgsql-status", "ne", "HS:sync")
		row("", "", "", "pgsql-status", "ne", "PRI")
	}
	if s.Fencing {
		for i, n := range s.Nodes {
			ids := []string{fmt.Sprintf("grpStonith%d", i+1)}
			if !s.old() {
				ids = nil
				for _, d := range s.devices(i) {
					ids = append(ids, d.id)
				}
			}
			for _, id := range ids {
				b.data(locationColumns, fixed(id), fixed("-inf"), fixed(""), fixed("#uname"), fixed("eq"), own(n.Name))
			}
		}
	}
	b.blank()
}

// bindings are colocations and orders.
func (b *builder) bindings(s Site) {
	checks := []string{"clnPing", "clnStorage"}
	if s.old() {
		checks = []string{"clnPing", "clnDiskd1", "clnDiskd2"}
	}
	b.title("9-1", text{"colocation", "リソース同居制約"})
	b.table("COLOCATION", colocationColumns)
	for _, c := range checks {
		b.data(colocationColumns, fixedAll("msPostgresql", c, "inf")...)
	}
	b.data(colocationColumns, fixedAll("master-group", "msPostgresql", "inf", "", s.promoted())...)
	b.blank()

	b.title("10-1", text{"order", "リソース起動順序制約"})
	b.table("ORDER", orderColumns)
	for _, c := range checks {
		b.data(orderColumns, fixedAll(c, "msPostgresql", "0", "", "", "n")...)
	}
	b.data(orderColumns, fixedAll("msPostgresql", "master-group", "inf", "promote", "start", "n")...)
	b.data(orderColumns, fixedAll("msPostgresql", "master-group", "0", "demote", "stop", "n")...)
	b.blank()
}

func (b *builder) config(number string) {
	b.title(number, text{"further settings", "追加設定"})
	b.table("ADDITIONAL_CONFIG", configColumns)
	b.spare(2, configColumns)
}
