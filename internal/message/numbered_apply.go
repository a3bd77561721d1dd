package message

// Plan, apply and simulate.
const (
	APP001 ID = "APP-001"
	APP002 ID = "APP-002"
	APP003 ID = "APP-003"
	APP004 ID = "APP-004"
	APP005 ID = "APP-005"
	APP006 ID = "APP-006"
	APP007 ID = "APP-007"
	APP008 ID = "APP-008"
	APP009 ID = "APP-009"
	APP010 ID = "APP-010"
	APP011 ID = "APP-011"
	APP012 ID = "APP-012"
	APP101 ID = "APP-101"
	APP102 ID = "APP-102"
	APP103 ID = "APP-103"

	SIM001 ID = "SIM-001"
	SIM002 ID = "SIM-002"
	SIM003 ID = "SIM-003"
)

// applyMessages are those of plan, apply and simulate.
var applyMessages = map[ID]entry{
	APP001: {kind: Error, exit: 3, text: text{
		"The definition of the running cluster cannot be read on this node.",
		"自ノードで動作中のクラスタの定義を読み込めません。",
	}},
	APP002: {kind: Error, exit: 3, text: text{
		"The definition saved on this node cannot be read ({path}).",
		"自ノードに保存されている定義を読み込めません（{path}）。",
	}},
	APP003: {kind: Information, text: text{
		"The running definition is the same. Nothing was changed.",
		"動作中の定義と同じです。何も変更していません。",
	}},
	APP004: {kind: Question, text: text{
		"Apply these changes to the running cluster? (y/N)",
		"この変更を動作中のクラスタに適用しますか? (y/N)",
	}},
	APP005: {kind: Error, exit: 4, text: text{
		"Not applied. Nothing was changed.",
		"適用を中止しました。何も変更していません。",
	}},
	APP006: {kind: Error, exit: 3, text: text{
		"The running definition was changed while this command was waiting. Nothing was applied.",
		"確認している間に動作中の定義が変更されました。適用していません。",
	}},
	APP007: {kind: Information, text: text{
		"The former definition was saved in {path}.",
		"変更前の定義を {path} に保存しました。",
	}},
	APP008: {kind: Information, text: text{
		"The definition was applied. To go back to the former one: {cmd}",
		"定義を適用しました。変更前の定義に戻すコマンド: {cmd}",
	}},
	APP009: {kind: Error, exit: 1, text: text{
		"The definition was not loaded: {detail}",
		"定義を反映できませんでした: {detail}",
	}},
	APP010: {kind: Warning, text: text{
		"{peer} cannot be reached. Whether an operation is running there was not checked.",
		"{peer} に接続できないため、そのノードで実行中の操作がないことを確認していません。",
	}},
	APP011: {kind: Error, exit: 1, text: text{
		"The definition was loaded, and the cluster now has another one.",
		"定義を反映しましたが、クラスタの定義が指定した内容と一致しません。",
	}},
	APP012: {kind: Warning, text: text{
		"What the cluster would do at once is not known: {detail}",
		"適用直後のクラスタの動作を予測できません: {detail}",
	}},
	APP101: {kind: Label, text: text{
		"Check the definition",
		"定義の検査",
	}},
	APP102: {kind: Label, text: text{
		"Save the running definition",
		"動作中の定義の保存",
	}},
	APP103: {kind: Label, text: text{
		"Load the definition",
		"定義の反映",
	}},

	SIM001: {kind: Error, exit: 3, text: text{
		"The definition cannot be rehearsed: {detail}",
		"この定義では動作を確認できません: {detail}",
	}},
	SIM002: {kind: Warning, text: text{
		"The cluster has no {PRI} with a running {STB} at the moment. The rehearsal begins from a healthy state made of its definition.",
		"現在、{PRI} と {STB} の両方が動作している状態ではありません。定義から作成した正常な状態をもとに確認します。",
	}},
	SIM003: {kind: Error, exit: 1, text: text{
		"The rehearsal failed: {detail}",
		"動作の確認に失敗しました: {detail}",
	}},
}
