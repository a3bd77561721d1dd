package message

// The messages of environment sheets. Their numbers are those of the sheet's
// specification, E023 being ERR-023; GEN is what the generator says of a run.
const (
	ERR001 ID = "ERR-001"
	ERR002 ID = "ERR-002"
	ERR003 ID = "ERR-003"
	ERR004 ID = "ERR-004"
	ERR005 ID = "ERR-005"
	ERR006 ID = "ERR-006"
	ERR010 ID = "ERR-010"
	ERR011 ID = "ERR-011"
	ERR012 ID = "ERR-012"
	ERR013 ID = "ERR-013"
	ERR014 ID = "ERR-014"
	ERR015 ID = "ERR-015"
	ERR016 ID = "ERR-016"
	WRN017 ID = "WRN-017"
	WRN018 ID = "WRN-018"
	ERR019 ID = "ERR-019"
	WRN020 ID = "WRN-020"
	ERR020 ID = "ERR-020"
	WRN021 ID = "WRN-021"
	ERR022 ID = "ERR-022"
	ERR023 ID = "ERR-023"
	WRN024 ID = "WRN-024"
	ERR025 ID = "ERR-025"
	WRN026 ID = "WRN-026"
	INF027 ID = "INF-027"
	INF028 ID = "INF-028"
	ERR029 ID = "ERR-029"
	ERR030 ID = "ERR-030"
	ERR031 ID = "ERR-031"
	ERR032 ID = "ERR-032"
	ERR033 ID = "ERR-033"
	ERR034 ID = "ERR-034"
	ERR035 ID = "ERR-035"
	ERR036 ID = "ERR-036"
	ERR037 ID = "ERR-037"
	ERR038 ID = "ERR-038"
	ERR039 ID = "ERR-039"
	WRN040 ID = "WRN-040"
	WRN041 ID = "WRN-041"
	ERR042 ID = "ERR-042"
	ERR043 ID = "ERR-043"
	WRN044 ID = "WRN-044"
	ERR045 ID = "ERR-045"
	ERR046 ID = "ERR-046"
	ERR047 ID = "ERR-047"
	ERR048 ID = "ERR-048"
	WRN049 ID = "WRN-049"
	ERR050 ID = "ERR-050"
	ERR051 ID = "ERR-051"
	WRN060 ID = "WRN-060"
	INF061 ID = "INF-061"
	WRN062 ID = "WRN-062"
	ERR063 ID = "ERR-063"
	INF064 ID = "INF-064"
	GEN001 ID = "GEN-001"
	GEN002 ID = "GEN-002"
	GEN003 ID = "GEN-003"
	GEN004 ID = "GEN-004"
)

// sheetMessages are those of the reader of environment sheets and the generator of definitions.
var sheetMessages = map[ID]entry{
	ERR001: {kind: Error, exit: 1, text: text{
		"Cannot open {name}: {err}",
		"{name} を開けません: {err}",
	}},
	ERR002: {kind: Error, exit: 1, text: text{
		"Cannot read this as a sheet: {err}",
		"環境定義書として読み込めません: {err}",
	}},
	ERR003: {kind: Error, exit: 1, text: text{
		"The encoding is none of ASCII, UTF-8 and CP932 (Shift_JIS). Save the worksheet as CSV in UTF-8.",
		"文字コードが ASCII、UTF-8、CP932（Shift_JIS）のいずれでもありません。ワークシートを UTF-8 の CSV で保存し直してください。",
	}},
	ERR004: {kind: Error, exit: 1, text: text{
		"The cell has the control character {char}. Delete it.",
		"セルに制御文字 {char} が含まれています。削除してください。",
	}},
	ERR005: {kind: Error, exit: 1, text: text{
		"Cannot create {name}: {err}",
		"{name} を作成できません: {err}",
	}},
	ERR006: {kind: Error, exit: 1, text: text{
		"Cannot write {name}: {err}",
		"{name} に書き込めません: {err}",
	}},
	ERR010: {kind: Error, exit: 1, text: text{
		"There is data before the first table name. Column B has to hold a table name first.",
		"最初の表名より前にデータがあります。先に列 B に表名を記入してください。",
	}},
	ERR011: {kind: Error, exit: 1, text: text{
		"Column B holds \"{text}\", which is no table name.",
		"列 B の「{text}」は表名ではありません。",
	}},
	ERR012: {kind: Error, exit: 1, text: text{
		"A PRIMITIVE table has one sub-table P with one row first, then A and O: {detail}",
		"PRIMITIVE 表は、先頭に 1 行だけの P、続いて A と O を記入します: {detail}",
	}},
	ERR013: {kind: Error, exit: 1, text: text{
		"An ALERT table begins with its only sub-table P: {detail}",
		"ALERT 表は、先頭に 1 つだけの P から始めます: {detail}",
	}},
	ERR014: {kind: Error, exit: 1, text: text{
		"The column {column} is missing.",
		"列 {column} がありません。",
	}},
	ERR015: {kind: Error, exit: 1, text: text{
		"The column {column} is there twice, in {a} and {b}.",
		"列 {column} が {a} と {b} の 2 か所にあります。",
	}},
	ERR016: {kind: Error, exit: 1, text: text{
		"The column \"{text}\" is not known in LOCATION.",
		"LOCATION 表に「{text}」という列はありません。",
	}},
	WRN017: {kind: Warning, text: text{
		"The column \"{text}\" is not known here and is ignored.",
		"「{text}」はこの表の列ではないため、無視します。",
	}},
	WRN018: {kind: Warning, text: text{
		"The name of the column \"{text}\" is not ASCII; the column is ignored.",
		"列名「{text}」に ASCII 以外の文字があるため、この列を無視します。",
	}},
	ERR019: {kind: Error, exit: 1, text: text{
		"The column id stands between columns resourceItem. Move it to their right.",
		"id 列が resourceItem 列の間にあります。右側に移してください。",
	}},
	WRN020: {kind: Warning, text: text{
		"The value is not ASCII.",
		"値に ASCII 以外の文字があります。",
	}},
	ERR020: {kind: Error, exit: 1, text: text{
		"The value is not ASCII; the tools of this Pacemaker store something else for it.",
		"値に ASCII 以外の文字があります。対象の Pacemaker のツールでは正しく登録できません。",
	}},
	WRN021: {kind: Warning, text: text{
		"\"{text}\" is neither yes nor no.",
		"「{text}」は yes でも no でもありません。",
	}},
	ERR022: {kind: Error, exit: 1, text: text{
		"\"{text}\" is no whole number from 1.",
		"「{text}」は 1 以上の整数ではありません。",
	}},
	ERR023: {kind: Error, exit: 1, text: text{
		"The column {column} has to be filled in here.",
		"列 {column} の記入が必要です。",
	}},
	WRN024: {kind: Warning, text: text{
		"The column {column} has no meaning here and is ignored.",
		"列 {column} はこの行では意味を持たないため、無視します。",
	}},
	ERR025: {kind: Error, exit: 1, text: text{
		"\"{text}\" cannot stand in the column {column}. Possible: {list}",
		"列 {column} に「{text}」は指定できません。指定できる値: {list}",
	}},
	WRN026: {kind: Warning, text: text{
		"{name} is set already, in row {row}. The later one takes effect.",
		"{name} は {row} 行目ですでに設定されています。後の値が有効になります。",
	}},
	INF027: {text: text{
		"The column {column} is empty; {name} is left out.",
		"列 {column} が空のため、{name} は出力しません。",
	}},
	INF028: {text: text{
		"The operation {name} has no attributes and is left out.",
		"オペレーション {name} は設定がないため、出力しません。",
	}},
	ERR029: {kind: Error, exit: 1, text: text{
		"\"{text}\" is neither a whole number nor INFINITY.",
		"「{text}」は整数でも INFINITY でもありません。",
	}},
	ERR030: {kind: Error, exit: 1, text: text{
		"More than one column resourceItem is filled in.",
		"resourceItem 列が 2 つ以上記入されています。",
	}},
	ERR031: {kind: Error, exit: 1, text: text{
		"\"{text}\" is no kind of resource. Possible: {list}",
		"「{text}」はリソース構成要素ではありません。指定できる値: {list}",
	}},
	ERR032: {kind: Error, exit: 1, text: text{
		"The resource stands too far to the right: it lies in nothing.",
		"リソースの記入位置が右すぎて、属する親がありません。",
	}},
	ERR033: {kind: Error, exit: 1, text: text{
		"{child} cannot lie in {parent}.",
		"{parent} の中に {child} は置けません。",
	}},
	ERR034: {kind: Error, exit: 1, text: text{
		"The id {id} is used already, in row {row}.",
		"ID {id} は {row} 行目ですでに使われています。",
	}},
	ERR035: {kind: Error, exit: 1, text: text{
		"{id} is no {what} of the RESOURCES table.",
		"{id} は RESOURCES 表の {what} にありません。",
	}},
	ERR036: {kind: Error, exit: 1, text: text{
		"{id} has its PRIMITIVE table in row {row} already.",
		"{id} の PRIMITIVE 表は {row} 行目にすでにあります。",
	}},
	ERR037: {kind: Error, exit: 1, text: text{
		"There is no id yet that this row could belong to: fill in P first.",
		"この行が属する ID がまだありません。先に P を記入してください。",
	}},
	ERR038: {kind: Error, exit: 1, text: text{
		"{id} of row {row} has no PRIMITIVE table.",
		"{row} 行目の {id} に対応する PRIMITIVE 表がありません。",
	}},
	ERR039: {kind: Error, exit: 1, text: text{
		"{id} of row {row} has nothing in it.",
		"{row} 行目の {id} に属するリソースがありません。",
	}},
	WRN040: {kind: Warning, text: text{
		"The same rule is given already, in row {row}, column {column}.",
		"同じ条件が {row} 行目の列 {column} にすでにあります。",
	}},
	WRN041: {kind: Warning, text: text{
		"Only rsc is filled in; the row says nothing.",
		"rsc だけが記入されており、制約になりません。",
	}},
	ERR042: {kind: Error, exit: 1, text: text{
		"No primitive of type {type} has the parameter name with the value {name}.",
		"パラメータ name が {name} である {type} のプリミティブがありません。",
	}},
	ERR043: {kind: Error, exit: 1, text: text{
		"bool_op is missing in row {row}, where the rule begins: it has several conditions.",
		"条件が複数あるルールですが、先頭の {row} 行目に bool_op がありません。",
	}},
	WRN044: {kind: Warning, text: text{
		"The same constraint is given already, in row {row}.",
		"同じ制約が {row} 行目にすでにあります。",
	}},
	ERR045: {kind: Error, exit: 1, text: text{
		"\"{text}\" has a blank, a quote or a backslash in it, which cannot be here.",
		"「{text}」には、ここでは使えない空白、引用符またはバックスラッシュが含まれています。",
	}},
	ERR046: {kind: Error, exit: 1, text: text{
		"{id} may have only one resource in it.",
		"{id} の中に置けるリソースは 1 つだけです。",
	}},
	ERR047: {kind: Error, exit: 1, text: text{
		"\"{text}\" is no comparison. Possible: {list}",
		"「{text}」は条件として指定できません。指定できる値: {list}",
	}},
	ERR048: {kind: Error, exit: 1, text: text{
		"\"{text}\" is neither and nor or.",
		"「{text}」は and でも or でもありません。",
	}},
	WRN049: {kind: Warning, text: text{
		"Doubtful level of fencing: {detail}",
		"STONITH の実行順序に疑問があります: {detail}",
	}},
	ERR050: {kind: Error, exit: 1, text: text{
		"The attributes of a recipient stand before the recipient.",
		"受信者より前に、受信者の属性が記入されています。",
	}},
	ERR051: {kind: Error, exit: 1, text: text{
		"There is no path yet that this row could belong to.",
		"この行が属するパスがまだありません。",
	}},
	WRN060: {kind: Warning, text: text{
		"The sheet holds no data; nothing is written.",
		"環境定義書に有効なデータがないため、何も出力しません。",
	}},
	INF061: {text: text{
		"This row is a comment, and so is the table name {text} in it. Rows below belong to the table above.",
		"この行はコメントのため、表名 {text} は無効です。以降の行は前の表に属します。",
	}},
	WRN062: {kind: Warning, text: text{
		"The score {score} of an order becomes {kind}.",
		"順序制約のスコア {score} は {kind} に置き換えられます。",
	}},
	ERR063: {kind: Error, exit: 1, text: text{
		"This cannot be said with --format {format}: {detail}",
		"--format {format} では表現できません: {detail}",
	}},
	INF064: {text: text{
		"The checks of the finished model are left out: {detail}",
		"完成したモデルの検査を省略しました: {detail}",
	}},
	GEN001: {text: text{
		"Errors: {errors}. Nothing was written.",
		"エラーが {errors} 件あるため中止しました。ファイルは出力していません。",
	}},
	GEN002: {text: text{
		"Warnings: {warnings}. Option -V shows them.",
		"警告が {warnings} 件あります。-V オプションで内容を表示します。",
	}},
	GEN003: {text: text{
		"Warnings: {warnings}.",
		"警告が {warnings} 件あります。",
	}},
	GEN004: {text: text{
		"There has to be exactly one file with a sheet.",
		"環境定義書のファイルを 1 つだけ指定してください。",
	}},
}
