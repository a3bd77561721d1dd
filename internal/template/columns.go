package template

// The columns of the tables, at the places that the sheet of pm_crmgen 2.2
// gives them.
var (
	remarks = text{"remarks", "備考"}
	summary = text{"summary", "概要"}

	nodeColumns = []column{
		{"uname", text{"node name", "ノード名"}, 2, 2}, {"ntype", text{"node type", "ノード種別"}, 4, 1},
		{"ptype", text{"parameter type", "パラメータ種別"}, 5, 2}, {"name", text{"item", "項目"}, 7, 2},
		{"value", text{"setting", "設定内容"}, 9, 2}, {"", remarks, 11, 3},
	}
	settingColumns = []column{
		{"name", text{"item", "項目"}, 2, 2}, {"value", text{"setting", "設定内容"}, 4, 3},
		{"", summary, 7, 4}, {"", remarks, 11, 3},
	}
	resourceColumns = []column{
		{"resourceItem", text{"kind of resource", "リソース構成要素"}, 2, 1}, {"resourceItem", text{}, 3, 1},
		{"resourceItem", text{}, 4, 1}, {"id", text{"resource ID", "リソースID"}, 5, 3},
		{"", summary, 8, 3}, {"", remarks, 11, 3},
	}
	attributeColumns = []column{
		{"id", text{"resource ID", "リソースID"}, 2, 2}, {"type", text{"type", "種別"}, 4, 1},
		{"name", text{"item", "項目"}, 5, 2}, {"value", text{"setting", "設定内容"}, 7, 3}, {"", remarks, 10, 4},
	}
	topologyColumns = []column{
		{"node", text{"node to be fenced", "STONITHの対象ノード"}, 2, 2},
		{"rsc", text{"ID of the STONITH resource", "実行するSTONITHリソースID"}, 4, 3},
		{"index", text{"order", "実行順序"}, 7, 2}, {"", remarks, 9, 5},
	}
	primitiveColumns = []column{
		{"id", text{"resource ID", "リソースID"}, 2, 2}, {"class", text{"class", "class"}, 4, 2},
		{"provider", text{"provider", "provider"}, 6, 2}, {"type", text{"type", "type"}, 8, 2}, {"", summary, 10, 4},
	}
	parameterColumns = []column{
		{"type", text{"parameter type", "パラメータ種別"}, 2, 1}, {"name", text{"item", "項目"}, 3, 2},
		{"value", text{"setting", "設定内容"}, 5, 5}, {"", summary, 10, 4},
	}
	locationColumns = []column{
		{"rsc", text{"resource ID", "リソースID"}, 2, 2}, {"score", text{"score", "スコア"}, 4, 1},
		{"bool_op", text{"and/or", "and/or"}, 5, 1}, {"attribute", text{"attribute", "条件属性名"}, 6, 2},
		{"op", text{"operator", "条件"}, 8, 1}, {"value", text{"value", "条件値"}, 9, 2},
		{"role", text{"role", "役割"}, 11, 1}, {"id_spec", text{"rule ID", "ルールID"}, 12, 1}, {"", remarks, 13, 1},
	}
	colocationColumns = []column{
		{"rsc", text{"resource ID", "制約関連リソースID"}, 2, 2}, {"with-rsc", text{"ID of the other resource", "制約対象リソースID"}, 4, 2},
		{"score", text{"score", "スコア（重み付け）"}, 6, 2}, {"rsc-role", text{"role", "制約関連リソースの役割"}, 8, 2},
		{"with-rsc-role", text{"role of the other", "制約対象リソースの役割"}, 10, 2}, {"", remarks, 12, 2},
	}
	orderColumns = []column{
		{"first-rsc", text{"ID of the first resource", "先に起動するリソースID"}, 2, 2},
		{"then-rsc", text{"ID of the second resource", "後に起動するリソースID"}, 4, 2},
		{"score", text{"score", "スコア（重み付け）"}, 6, 2}, {"first-action", text{"action of the first", "先起動リソースのアクション"}, 8, 2},
		{"then-action", text{"action of the second", "後起動リソースのアクション"}, 10, 2},
		{"symmetrical", text{"reverse stop (y/n)", "起動と逆順に停止(y/n)"}, 12, 1}, {"", remarks, 13, 1},
	}
	configColumns = []column{
		{"config", text{"further settings (written as they are)", "追加設定（記述内容がそのまま出力されます）"}, 2, 9}, {"", remarks, 11, 3},
	}
)

// operationColumns are those of a primitive. PostgreSQL has roles, where the
// others have the start delay.
func operationColumns(roles bool) []column {
	last := column{"start-delay", text{"start delay", "起動前待機時間"}, 9, 2}
	if roles {
		last = column{"role", text{"role", "役割"}, 9, 2}
	}
	return []column{
		{"type", text{"operation", "オペレーション"}, 2, 1}, {"timeout", text{"time-out", "タイムアウト値"}, 3, 2},
		{"interval", text{"interval", "監視間隔"}, 5, 2}, {"on-fail", text{"on failure", "障害時の動作"}, 7, 2},
		last, {"", remarks, 11, 3},
	}
}
