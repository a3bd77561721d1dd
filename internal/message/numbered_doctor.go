package message

// The texts of doctor. The digits are the number of the check, 000 standing for
// texts that several checks use, and the letter says what a text is for: A to L
// what was found, M to T how it is cured, U why something is not known, W why it
// matters, X what is expected.
const (
	DRU001 ID = "DRU-001"
	DRU002 ID = "DRU-002"
	DRU003 ID = "DRU-003"
	DRU004 ID = "DRU-004"
	DRU005 ID = "DRU-005"
	DRU006 ID = "DRU-006"
	DRU007 ID = "DRU-007"
	DRU008 ID = "DRU-008"

	DRE001 ID = "DRE-001"
	DRE002 ID = "DRE-002"
)

// doctorMessages are those of doctor, the checks of the cluster definition and
// of the operating system apart.
var doctorMessages = map[ID]entry{
	DRU001: {text: text{"PostgreSQL is stopped", "PostgreSQL が停止している"}},
	DRU002: {text: text{"Pacemaker is stopped", "Pacemaker が停止している"}},
	DRU003: {text: text{"{node} cannot be asked: {err}", "{node} の情報を取得できない: {err}"}},
	DRU004: {text: text{"only this node was looked at", "自ノードだけを調べている"}},
	DRU005: {text: text{"it was not looked for", "調べていない"}},
	DRU006: {text: text{"root is needed to find it out", "root 権限がないため調べられない"}},
	DRU007: {text: text{"there is no cluster definition: {err}", "クラスタの定義がない: {err}"}},
	DRU008: {text: text{"the configuration file says nothing of it: {path}", "設定ファイルに指定がない: {path}"}},

	DRE001: {kind: Error, exit: 1, text: text{"The cluster definition {path} cannot be read.", "クラスタ定義ファイル {path} を読み込めません。"}},
	DRE002: {kind: Error, exit: 1, text: text{"Invalid value for {opt}: {value}", "{opt} の値が正しくありません: {value}"}},
}
