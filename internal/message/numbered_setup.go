package message

// Archiving and the set-up.
const (
	ARS001 ID = "ARS-001"
	ARS002 ID = "ARS-002"
	ARS003 ID = "ARS-003"

	INI001 ID = "INI-001"
	INI002 ID = "INI-002"
	INI003 ID = "INI-003"
	INI004 ID = "INI-004"
	INI005 ID = "INI-005"
	INI006 ID = "INI-006"
	INI007 ID = "INI-007"
	INI008 ID = "INI-008"
	INI010 ID = "INI-010"
	INI011 ID = "INI-011"
	INI012 ID = "INI-012"
	INI013 ID = "INI-013"
	INI014 ID = "INI-014"
	INI015 ID = "INI-015"
	INI016 ID = "INI-016"
	INI017 ID = "INI-017"
	INI018 ID = "INI-018"
	INI019 ID = "INI-019"
	INI020 ID = "INI-020"
	INI021 ID = "INI-021"
	INI022 ID = "INI-022"
	INI023 ID = "INI-023"
	INI024 ID = "INI-024"
	INI025 ID = "INI-025"
	INI026 ID = "INI-026"
	INI027 ID = "INI-027"
	INI028 ID = "INI-028"
	INI029 ID = "INI-029"
	INI030 ID = "INI-030"
	INI032 ID = "INI-032"
	INI033 ID = "INI-033"
	INI034 ID = "INI-034"
	INI035 ID = "INI-035"
	INI036 ID = "INI-036"
	INI037 ID = "INI-037"
	INI038 ID = "INI-038"
	INI039 ID = "INI-039"
	INI040 ID = "INI-040"
	INI041 ID = "INI-041"
	INI101 ID = "INI-101"
	INI102 ID = "INI-102"
	INI103 ID = "INI-103"
	INI104 ID = "INI-104"
	INI105 ID = "INI-105"
	INI106 ID = "INI-106"
	INI107 ID = "INI-107"
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

	INI001: {kind: Information, text: text{
		"Nothing is to be done: this node is set up as {role}.",
		"変更は不要です。このノードは {role} として設定済みです。",
	}},
	INI002: {kind: Information, text: text{
		"Plan for {node} as {role}, PostgreSQL {release}:",
		"{node} を {role} として設定する内容（PostgreSQL {release}）:",
	}},
	INI003: {kind: Question, text: text{
		"Carry out these changes ({count})? (y/N)",
		"上記の変更（{count} 件）を行いますか? (y/N)",
	}},
	INI004: {kind: Information, text: text{
		"This node is set up as {role}.",
		"このノードを {role} として設定しました。",
	}},
	INI005: {kind: Question, text: text{
		"Password for {role} (it is not shown):",
		"{role} のパスワード（表示されません）:",
	}},
	INI006: {kind: Question, text: text{
		"The same password again:",
		"確認のためもう一度入力してください:",
	}},
	INI007: {kind: Information, text: text{
		"A password was generated. It is in {path} and nowhere else.",
		"パスワードを生成しました。{path} にだけ書かれています。",
	}},
	INI008: {kind: Information, text: text{
		"The password for {role} is the one in {path}.",
		"{role} のパスワードには {path} に書かれているものを使います。",
	}},
	INI010: {kind: Error, exit: 2, text: text{
		"init needs one argument: primary or standby.",
		"init には引数 primary か standby のどちらかを指定してください。",
	}},
	INI011: {kind: Error, exit: 2, text: text{
		"{option} needs an absolute path below a directory, made of letters, digits and . _ + @ - only, such as /dbfp/pgdata/data: {value}",
		"{option} には /dbfp/pgdata/data のような 2 階層以上の絶対パスを、英数字と . _ + @ - だけで指定してください: {value}",
	}},
	INI012: {kind: Error, exit: 2, text: text{
		"--port must be a number from 1 to 65535: {value}",
		"--port には 1 から 65535 までの数を指定してください: {value}",
	}},
	INI013: {kind: Error, exit: 2, text: text{
		"--repuser must begin with a small letter or _, go on with small letters, digits and _, and be no reserved word: {value}",
		"--repuser には英小文字か _ で始まり、英小文字、数字、_ だけからなる、予約語でない名前を指定してください: {value}",
	}},
	INI014: {kind: Error, exit: 2, text: text{
		"{option} ({value}) and {other} ({place}) must not be the same directory, nor one within the other.",
		"{option} ({value}) と {other} ({place}) に、同じディレクトリや一方が他方の中にあるディレクトリは指定できません。",
	}},
	INI015: {kind: Error, exit: 2, text: text{
		"{option} is missing. Give the address; those of the two nodes can also come from the D-LAN addresses of the configuration file.",
		"{option} がありません。アドレスを指定してください。両ノードのアドレスは、設定ファイルの D-LAN のアドレスからも取得できます。",
	}},
	INI016: {kind: Error, exit: 2, text: text{
		"{option} and {other} must be different addresses: {value}",
		"{option} と {other} には別のアドレスを指定してください: {value}",
	}},
	INI017: {kind: Error, exit: 2, text: text{
		"The password must have 1 to {max} bytes, no line break or other control character, and not look like a password hash.",
		"パスワードは 1 から {max} バイトまでで、改行などの制御文字を含まず、ハッシュ値の形でないものにしてください。",
	}},
	INI018: {kind: Error, exit: 2, text: text{
		"{option} must be an IP address: {value}",
		"{option} には IP アドレスを指定してください: {value}",
	}},
	INI019: {kind: Error, exit: 2, text: text{
		"{option} and {other} cannot be given together.",
		"{option} と {other} は同時に指定できません。",
	}},
	INI020: {kind: Error, exit: 3, text: text{
		"{path} is a database of PostgreSQL {data}, and the programs in {bin} are {programs}. Name the right ones with --bindir.",
		"{path} は PostgreSQL {data} のデータベースですが、{bin} のプログラムは {programs} です。--bindir で正しいディレクトリを指定してください。",
	}},
	INI021: {kind: Error, exit: 3, text: text{
		"{path} is there and is no directory (nor may it be a symbolic link). Give the directory itself, or move that away.",
		"{path} はディレクトリではありません（シンボリックリンクも使えません）。ディレクトリ自体を指定するか、別の場所に移してください。",
	}},
	INI022: {kind: Error, exit: 3, text: text{
		"{path} is not empty and does not belong to {user}. If it is meant for PostgreSQL: chown {user}: {path}",
		"{path} は空ではなく、所有者が {user} でもありません。PostgreSQL 用のディレクトリであれば chown {user}: {path} を実行してください。",
	}},
	INI023: {kind: Error, exit: 3, text: text{
		"{path} is where a file system is mounted. Choose a directory below it with --data, as PostgreSQL advises.",
		"{path} はファイルシステムのマウントポイントです。PostgreSQL の推奨どおり、その下のディレクトリを --data で指定してください。",
	}},
	INI024: {kind: Error, exit: 3, text: text{
		"{path} holds no database and is not empty. Look at what is in it and move it away, or choose another directory.",
		"{path} にはデータベースがなく、空でもありません。内容を確認して移すか、別のディレクトリを指定してください。",
	}},
	INI025: {kind: Error, exit: 3, text: text{
		"There is no user {user}. Install PostgreSQL, or name the user with --user.",
		"{user} というユーザがありません。PostgreSQL をインストールするか、--user で指定してください。",
	}},
	INI026: {kind: Error, exit: 3, text: text{
		"PostgreSQL's programs were not found{where}. Install the server, or name their directory with --bindir.",
		"PostgreSQL のプログラムが見つかりません{where}。サーバをインストールするか、--bindir でディレクトリを指定してください。",
	}},
	INI027: {kind: Error, exit: 3, text: text{
		"{path} is missing: archive_command would call it. Install it there, or choose cp with --archive-cp.",
		"archive_command で使う {path} がありません。インストールするか、--archive-cp で cp を使ってください。",
	}},
	INI028: {kind: Error, exit: 3, text: text{
		"Several releases of PostgreSQL are installed ({list}). Name one with --bindir.",
		"PostgreSQL が複数インストールされています ({list})。--bindir で指定してください。",
	}},
	INI029: {kind: Error, exit: 3, text: text{
		"--own-address {value} is no address of this node. Were own and peer exchanged? This node has {list}.",
		"--own-address {value} は自ノードのアドレスではありません。相手ノードと逆になっていないか確認してください。自ノードのアドレス: {list}",
	}},
	INI030: {kind: Information, text: text{
		"{path} holds a database already. It is left as it is but for what is shown here. It has to have the role {role}, with LOGIN, REPLICATION and the password of the password file. What is changed takes effect when the server is started again.",
		"{path} にはすでにデータベースがあります。ここに示した変更のほかには手を加えません。LOGIN と REPLICATION を持ち、パスワードファイルと同じパスワードのロール {role} が必要です。変更は次にサーバを起動したときに有効になります。",
	}},
	INI032: {kind: Warning, text: text{
		"The settings of {path} were not looked at: {err}",
		"{path} の設定を確認できませんでした: {err}",
	}},
	INI033: {kind: Warning, text: text{
		"What {path} sets has no effect: {names}. Remove it from what is read later, postgresql.auto.conf for example (ALTER SYSTEM RESET).",
		"{path} の設定が有効になっていません: {names}。postgresql.auto.conf など、後から読まれる設定を取り除いてください（ALTER SYSTEM RESET）。",
	}},
	INI034: {kind: Warning, text: text{
		"Pacemaker is not installed here. Run this command again when it is.",
		"Pacemaker がインストールされていません。インストール後にこのコマンドをもう一度実行してください。",
	}},
	INI035: {kind: Warning, text: text{
		"systemd could not be asked which services start at boot: {err}",
		"起動時に自動で開始されるサービスを systemd に問い合わせできません: {err}",
	}},
	INI036: {kind: Warning, text: text{
		"Another server, {name}, runs on port {port}. Stop it before the cluster is started.",
		"別のサーバ {name} がポート {port} で動作しています。クラスタを起動する前に停止してください。",
	}},
	INI037: {kind: Error, exit: 4, text: text{
		"A password is needed and cannot be asked for (no terminal). Use --password-file or --generate-password.",
		"パスワードが必要ですが、端末がないため入力できません。--password-file か --generate-password を指定してください。",
	}},
	INI038: {kind: Warning, text: text{
		"The two passwords differ. Type them again.",
		"2 回の入力が一致しません。もう一度入力してください。",
	}},
	INI039: {kind: Error, exit: 2, text: text{
		"--generate-password is for the primary. Copy the password file of the database's user from there to this node, with owner and mode, or use --password-file.",
		"--generate-password は primary 専用です。データベースの OS ユーザのパスワードファイルを primary から所有者とモードを保ってコピーするか、--password-file を指定してください。",
	}},
	INI040: {kind: Error, exit: 1, text: text{
		"The set-up has not come to its end. The steps above that are OK stay done. When the cause is removed, the same command does the rest.",
		"設定を完了できませんでした。[OK] となった変更はそのまま残ります。原因を取り除いて同じコマンドを実行すると、残りの設定を行います。",
	}},
	INI041: {kind: Error, exit: 3, text: text{
		"This node could not be looked at as a whole. Nothing was changed.",
		"このノードの状態を確認できません。変更は行っていません。",
	}},
	INI101: {kind: Label, text: text{
		"Directory {path} (owner {user}, mode {mode})",
		"ディレクトリ {path}（所有者 {user}、モード {mode}）",
	}},
	INI102: {kind: Label, text: text{
		"New file {path}",
		"ファイル {path} の作成",
	}},
	INI103: {kind: Label, text: text{
		"Change of {path}",
		"ファイル {path} の変更",
	}},
	INI104: {kind: Label, text: text{
		"No automatic start of {unit}",
		"{unit} の自動起動の無効化",
	}},
	INI105: {kind: Label, text: text{
		"Removal of what an interrupted run has left ({path})",
		"中断された実行が残したもの（{path}）の削除",
	}},
	INI106: {kind: Label, text: text{
		"New database in {path}",
		"データベース {path} の作成",
	}},
	INI107: {kind: Label, text: text{
		"Owner and mode of {path} ({user}, 0600)",
		"{path} の所有者とモードの変更（{user}、0600）",
	}},
}
