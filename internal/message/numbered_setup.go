package message

// Archiving and the set-up.
const (
	ARS001 ID = "ARS-001"
	ARS002 ID = "ARS-002"
	ARS003 ID = "ARS-003"
)

// setupMessages are those of archive and init.
var setupMessages = map[ID]entry{
	ARS001: {kind: Error, exit: 1, text: text{
		"Cannot archive {source} in {dir}.",
		"{source} を {dir} にアーカイブできません。",
	}},
	ARS002: {kind: Error, exit: 1, text: text{
		"{target} is there already and differs from {source}. Nothing was overwritten. Find out which of the two is right, and move the other away.",
		"{target} はすでにあり、内容が {source} と異なります。上書きはしていません。正しいほうを調べ、もう一方を別の場所に移してください。",
	}},
	ARS003: {kind: Error, exit: 2, text: text{
		"Two arguments are needed: the file to archive and the directory, as in archive_command = '{example}'.",
		"引数が 2 つ必要です: アーカイブするファイルとディレクトリ（例: archive_command = '{example}'）。",
	}},
}
