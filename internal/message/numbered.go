package message

// The messages of the operation commands by their numbers, which people search
// manuals and logs for. A number is never given to another message.
const (
	// Common.
	CMN001 ID = "CMN-001"
	CMN002 ID = "CMN-002"
	CMN003 ID = "CMN-003"
	CMN004 ID = "CMN-004"
	CMN005 ID = "CMN-005"
	CMN006 ID = "CMN-006"
	CMN007 ID = "CMN-007"
	CMN008 ID = "CMN-008"
	CMN009 ID = "CMN-009"
	CMN010 ID = "CMN-010"
	CMN011 ID = "CMN-011"
	CMN012 ID = "CMN-012"
	CMN013 ID = "CMN-013"
	CMN014 ID = "CMN-014"
	CMN020 ID = "CMN-020"
	CMN021 ID = "CMN-021"
	CMN022 ID = "CMN-022"
	CMN030 ID = "CMN-030"
	CMN031 ID = "CMN-031"
	CMN032 ID = "CMN-032"
	CMN033 ID = "CMN-033"
	CMN034 ID = "CMN-034"
	CMN040 ID = "CMN-040"
	CMN041 ID = "CMN-041"
	CMN042 ID = "CMN-042"
	CMN043 ID = "CMN-043"
	CMN044 ID = "CMN-044"
	CMN045 ID = "CMN-045"
	CMN046 ID = "CMN-046"
	CMN050 ID = "CMN-050"
	CMN051 ID = "CMN-051"
	CMN052 ID = "CMN-052"
	CMN053 ID = "CMN-053"
	CMN054 ID = "CMN-054"
	CMN055 ID = "CMN-055"
	CMN056 ID = "CMN-056"
	CMN057 ID = "CMN-057"
	CMN035 ID = "CMN-035"
	CMN036 ID = "CMN-036"
	CMN060 ID = "CMN-060"
	CMN061 ID = "CMN-061"
	CMN062 ID = "CMN-062"
	CMN063 ID = "CMN-063"
	CMN064 ID = "CMN-064"

	// Configuration.
	CFG001 ID = "CFG-001"
	CFG002 ID = "CFG-002"
	CFG003 ID = "CFG-003"
	CFG004 ID = "CFG-004"
	CFG005 ID = "CFG-005"
	CFG006 ID = "CFG-006"
	CFG007 ID = "CFG-007"
	CFG008 ID = "CFG-008"
	CFG009 ID = "CFG-009"
	CFG010 ID = "CFG-010"
	CFG011 ID = "CFG-011"
	CFG012 ID = "CFG-012"
	CFG013 ID = "CFG-013"
	CFG014 ID = "CFG-014"
	CFG015 ID = "CFG-015"
	CFG016 ID = "CFG-016"
	CFG017 ID = "CFG-017"
	CFG018 ID = "CFG-018"
	CFG019 ID = "CFG-019"
	CFG020 ID = "CFG-020"
	CFG021 ID = "CFG-021"
	CFG022 ID = "CFG-022"
	CFG023 ID = "CFG-023"
	CFG024 ID = "CFG-024"

	// Remote access.
	SSH001 ID = "SSH-001"
	SSH002 ID = "SSH-002"
	SSH003 ID = "SSH-003"
	SSH004 ID = "SSH-004"
	SSH005 ID = "SSH-005"
	SSH006 ID = "SSH-006"
	SSH007 ID = "SSH-007"
	SSH008 ID = "SSH-008"
	SSH010 ID = "SSH-010"
	SSH011 ID = "SSH-011"
	SSH012 ID = "SSH-012"
	SSH013 ID = "SSH-013"
	SSH014 ID = "SSH-014"
	SSH015 ID = "SSH-015"
	SSH016 ID = "SSH-016"
	SSH017 ID = "SSH-017"
	SSH018 ID = "SSH-018"
	SSH019 ID = "SSH-019"
	SSH020 ID = "SSH-020"

	// Primary start.
	PST101 ID = "PST-101"
	PST102 ID = "PST-102"
	PST103 ID = "PST-103"
	PST104 ID = "PST-104"
	PST105 ID = "PST-105"
	PST106 ID = "PST-106"
	PST107 ID = "PST-107"
	PST108 ID = "PST-108"
	PST109 ID = "PST-109"
	PST011 ID = "PST-011"
	PST012 ID = "PST-012"
	PST013 ID = "PST-013"
	PST014 ID = "PST-014"
	PST015 ID = "PST-015"
	PST020 ID = "PST-020"
	PST021 ID = "PST-021"
	PST022 ID = "PST-022"
	PST023 ID = "PST-023"
	PST024 ID = "PST-024"
	PST025 ID = "PST-025"
	PST026 ID = "PST-026"
	PST027 ID = "PST-027"
	PST028 ID = "PST-028"
	PST029 ID = "PST-029"
	PST030 ID = "PST-030"
	PST031 ID = "PST-031"
	PST032 ID = "PST-032"
	PST033 ID = "PST-033"
	PST034 ID = "PST-034"
	PST035 ID = "PST-035"
	PST036 ID = "PST-036"
	PST037 ID = "PST-037"
	PST038 ID = "PST-038"
	PST039 ID = "PST-039"
	PST040 ID = "PST-040"
	PST041 ID = "PST-041"
	PST042 ID = "PST-042"
	PST043 ID = "PST-043"
	PST044 ID = "PST-044"
	PST045 ID = "PST-045"
	PST046 ID = "PST-046"
	PST047 ID = "PST-047"
	PST048 ID = "PST-048"
	PST049 ID = "PST-049"
	PST051 ID = "PST-051"
	PST052 ID = "PST-052"
	PST053 ID = "PST-053"
	PST060 ID = "PST-060"
	PST061 ID = "PST-061"
	PST062 ID = "PST-062"

	// Standby start.
	SST101 ID = "SST-101"
	SST102 ID = "SST-102"
	SST103 ID = "SST-103"
	SST104 ID = "SST-104"
	SST105 ID = "SST-105"
	SST106 ID = "SST-106"
	SST107 ID = "SST-107"
	SST108 ID = "SST-108"
	SST109 ID = "SST-109"
	SST110 ID = "SST-110"
	SST111 ID = "SST-111"
	SST112 ID = "SST-112"
	SST113 ID = "SST-113"
	SST011 ID = "SST-011"
	SST012 ID = "SST-012"
	SST013 ID = "SST-013"
	SST014 ID = "SST-014"
	SST015 ID = "SST-015"
	SST016 ID = "SST-016"
	SST020 ID = "SST-020"
	SST021 ID = "SST-021"
	SST022 ID = "SST-022"
	SST023 ID = "SST-023"
	SST024 ID = "SST-024"
	SST030 ID = "SST-030"
	SST031 ID = "SST-031"
	SST032 ID = "SST-032"
	SST033 ID = "SST-033"
	SST034 ID = "SST-034"
	SST035 ID = "SST-035"
	SST036 ID = "SST-036"
	SST037 ID = "SST-037"
	SST038 ID = "SST-038"
	SST039 ID = "SST-039"
	SST040 ID = "SST-040"
	SST041 ID = "SST-041"
	SST042 ID = "SST-042"
	SST043 ID = "SST-043"
	SST044 ID = "SST-044"
	SST045 ID = "SST-045"
	SST046 ID = "SST-046"
	SST047 ID = "SST-047"
	SST048 ID = "SST-048"
	SST049 ID = "SST-049"
	SST050 ID = "SST-050"
	SST051 ID = "SST-051"
	SST052 ID = "SST-052"
	SST053 ID = "SST-053"
	SST054 ID = "SST-054"
	SST055 ID = "SST-055"
	SST056 ID = "SST-056"
	SST057 ID = "SST-057"
	SST058 ID = "SST-058"
	SST059 ID = "SST-059"
	SST060 ID = "SST-060"
	SST061 ID = "SST-061"
	SST062 ID = "SST-062"
	SST063 ID = "SST-063"
	SST064 ID = "SST-064"
	SST065 ID = "SST-065"
	SST066 ID = "SST-066"
	SST067 ID = "SST-067"
	SST068 ID = "SST-068"
	SST069 ID = "SST-069"
	SST070 ID = "SST-070"
	SST071 ID = "SST-071"
	SST072 ID = "SST-072"
	SST073 ID = "SST-073"
	SST074 ID = "SST-074"
	SST080 ID = "SST-080"
	SST081 ID = "SST-081"
	SST082 ID = "SST-082"
	SST083 ID = "SST-083"
	SST084 ID = "SST-084"
	SST085 ID = "SST-085"
	SST086 ID = "SST-086"
	SST087 ID = "SST-087"
	SST088 ID = "SST-088"
	SST089 ID = "SST-089"
	SST090 ID = "SST-090"
	SST091 ID = "SST-091"
	SST092 ID = "SST-092"
	SST093 ID = "SST-093"
	SST099 ID = "SST-099"
	SST094 ID = "SST-094"
	SST095 ID = "SST-095"
	SST096 ID = "SST-096"
	SST120 ID = "SST-120"
	SST121 ID = "SST-121"
	SST122 ID = "SST-122"
	SST123 ID = "SST-123"
	SST124 ID = "SST-124"
	SST125 ID = "SST-125"
	SST126 ID = "SST-126"
	SST127 ID = "SST-127"
	SST128 ID = "SST-128"
	SST129 ID = "SST-129"
	SST075 ID = "SST-075"
	SST076 ID = "SST-076"
	SST077 ID = "SST-077"

	// Stop.
	STP101 ID = "STP-101"
	STP102 ID = "STP-102"
	STP010 ID = "STP-010"
	STP011 ID = "STP-011"
	STP012 ID = "STP-012"
	STP013 ID = "STP-013"
	STP014 ID = "STP-014"
	STP020 ID = "STP-020"
	STP021 ID = "STP-021"
	STP022 ID = "STP-022"
	STP023 ID = "STP-023"
	STP024 ID = "STP-024"
	STP025 ID = "STP-025"
	STP026 ID = "STP-026"
	STP031 ID = "STP-031"
	STP032 ID = "STP-032"
	STP040 ID = "STP-040"
	STP041 ID = "STP-041"
	STP042 ID = "STP-042"

	// Switchover.
	SWO100 ID = "SWO-100"
	SWO101 ID = "SWO-101"
	SWO102 ID = "SWO-102"
	SWO103 ID = "SWO-103"
	SWO104 ID = "SWO-104"
	SWO105 ID = "SWO-105"
	SWO106 ID = "SWO-106"
	SWO107 ID = "SWO-107"
	SWO108 ID = "SWO-108"
	SWO109 ID = "SWO-109"
	SWO110 ID = "SWO-110"
	SWO111 ID = "SWO-111"
	SWO112 ID = "SWO-112"
	SWO011 ID = "SWO-011"
	SWO012 ID = "SWO-012"
	SWO013 ID = "SWO-013"
	SWO014 ID = "SWO-014"
	SWO015 ID = "SWO-015"
	SWO016 ID = "SWO-016"
	SWO017 ID = "SWO-017"
	SWO018 ID = "SWO-018"
	SWO019 ID = "SWO-019"
	SWO020 ID = "SWO-020"
	SWO021 ID = "SWO-021"
	SWO022 ID = "SWO-022"
	SWO023 ID = "SWO-023"
	SWO024 ID = "SWO-024"
	SWO025 ID = "SWO-025"
	SWO026 ID = "SWO-026"
	SWO041 ID = "SWO-041"
	SWO042 ID = "SWO-042"
	SWO043 ID = "SWO-043"
	SWO044 ID = "SWO-044"
	SWO045 ID = "SWO-045"
	SWO046 ID = "SWO-046"
	SWO047 ID = "SWO-047"
	SWO051 ID = "SWO-051"
	SWO052 ID = "SWO-052"
	SWO053 ID = "SWO-053"
	SWO054 ID = "SWO-054"
	SWO060 ID = "SWO-060"
	SWO061 ID = "SWO-061"
	SWO062 ID = "SWO-062"

	// Archive deletion.
	ARC101 ID = "ARC-101"
	ARC102 ID = "ARC-102"
	ARC103 ID = "ARC-103"
	ARC104 ID = "ARC-104"
	ARC105 ID = "ARC-105"
	ARC002 ID = "ARC-002"
	ARC003 ID = "ARC-003"
	ARC004 ID = "ARC-004"
	ARC005 ID = "ARC-005"
	ARC006 ID = "ARC-006"
	ARC007 ID = "ARC-007"
	ARC008 ID = "ARC-008"
	ARC009 ID = "ARC-009"
	ARC010 ID = "ARC-010"
	ARC011 ID = "ARC-011"
	ARC012 ID = "ARC-012"
	ARC013 ID = "ARC-013"
	ARC014 ID = "ARC-014"
	ARC015 ID = "ARC-015"
	ARC016 ID = "ARC-016"
	ARC017 ID = "ARC-017"
	ARC018 ID = "ARC-018"
	ARC019 ID = "ARC-019"
	ARC020 ID = "ARC-020"
	ARC021 ID = "ARC-021"
	ARC022 ID = "ARC-022"
	ARC023 ID = "ARC-023"
	ARC024 ID = "ARC-024"
	ARC025 ID = "ARC-025"
	ARC026 ID = "ARC-026"
	ARC027 ID = "ARC-027"
	ARC028 ID = "ARC-028"
	ARC029 ID = "ARC-029"
	ARC030 ID = "ARC-030"
	ARC031 ID = "ARC-031"
	ARC032 ID = "ARC-032"
	ARC033 ID = "ARC-033"
	ARC034 ID = "ARC-034"
	ARC035 ID = "ARC-035"
	ARC036 ID = "ARC-036"
	ARC037 ID = "ARC-037"
	ARC038 ID = "ARC-038"
	ARC039 ID = "ARC-039"
	ARC040 ID = "ARC-040"
	ARC041 ID = "ARC-041"

	// Status.
	STS001 ID = "STS-001"
	STS002 ID = "STS-002"
	STS003 ID = "STS-003"
	STS004 ID = "STS-004"
	STS005 ID = "STS-005"
	STS006 ID = "STS-006"
	STS007 ID = "STS-007"
	STS008 ID = "STS-008"
	STS009 ID = "STS-009"
	STS010 ID = "STS-010"
	STS011 ID = "STS-011"
	STS012 ID = "STS-012"
	STS013 ID = "STS-013"
	STS014 ID = "STS-014"
	STS015 ID = "STS-015"
	STS016 ID = "STS-016"
	STS017 ID = "STS-017"
	STS018 ID = "STS-018"
	STS019 ID = "STS-019"
	STS025 ID = "STS-025"
	STS026 ID = "STS-026"
	STS027 ID = "STS-027"
	STS028 ID = "STS-028"
	STS029 ID = "STS-029"
	STS030 ID = "STS-030"
	STS031 ID = "STS-031"
	STS032 ID = "STS-032"
	STS033 ID = "STS-033"
	STS034 ID = "STS-034"
	STS035 ID = "STS-035"
	STS036 ID = "STS-036"
	STS037 ID = "STS-037"
	STS038 ID = "STS-038"
	STS039 ID = "STS-039"
	STS040 ID = "STS-040"
	STS041 ID = "STS-041"
	STS042 ID = "STS-042"
	STS043 ID = "STS-043"
	STS044 ID = "STS-044"
	STS045 ID = "STS-045"
	STS046 ID = "STS-046"
	STS047 ID = "STS-047"
	STS048 ID = "STS-048"
	STS049 ID = "STS-049"
	STS050 ID = "STS-050"
	STS051 ID = "STS-051"
	STS052 ID = "STS-052"
	STS053 ID = "STS-053"
	STS054 ID = "STS-054"
	STS055 ID = "STS-055"
	STS056 ID = "STS-056"
	STS057 ID = "STS-057"
	STS058 ID = "STS-058"
	STS059 ID = "STS-059"
)

var operationMessages = map[ID]entry{
	// Common.
	CMN001: {kind: Error, exit: 3, text: text{
		"This command must be run as root (current user: {user}).",
		"root ユーザで実行してください（現在のユーザ: {user}）。",
	}},
	CMN002: {kind: Error, exit: 1, text: text{
		"Command failed (exit status {rc}): {cmd}",
		"コマンドが失敗しました（終了ステータス {rc}）: {cmd}",
	}},
	CMN003: {kind: Error, exit: 9, text: text{
		"Cannot run pg_config: {path}",
		"pg_config を実行できません: {path}",
	}},
	CMN004: {kind: Error, exit: 9, text: text{
		"PostgreSQL programs missing in {dir}: {list}",
		"{dir} に PostgreSQL のコマンドがありません: {list}",
	}},
	CMN005: {kind: Error, exit: 3, text: text{
		"Pacemaker {ver} is too old. Required: {min} or later.",
		"Pacemaker {ver} は対象外です。{min} 以降が必要です。",
	}},
	CMN006: {kind: Error, exit: 3, text: text{
		"PostgreSQL {ver} is not supported. Supported: {range}.",
		"PostgreSQL {ver} は対象外です。対応バージョン: {range}",
	}},
	CMN007: {kind: Warning, text: text{
		"Version {ver} of {product} has not been tested with this tool.",
		"{product} {ver} は動作未確認のバージョンです。",
	}},
	CMN008: {kind: Error, exit: 3, text: text{
		"Cannot read the cluster information (CIB): {path}",
		"クラスタ情報 (CIB) を読めません: {path}",
	}},
	CMN009: {kind: Error, exit: 3, text: text{
		"Resource {id} has no value for parameter {key}.",
		"リソース {id} にパラメータ {key} が設定されていません。",
	}},
	CMN010: {kind: Error, exit: 3, text: text{
		"Unexpected output of pg_controldata on {node}: {key} is missing.",
		"{node} の pg_controldata の出力に {key} がありません。",
	}},
	CMN011: {kind: Error, exit: 3, text: text{
		"These processes are using the database directory {path}:",
		"DB クラスタ {path} を使用中のプロセスがあります:",
	}},
	CMN012: {kind: Error, exit: 6, text: text{
		"Could not obtain the node name of the peer.",
		"相手ノードの名前を取得できませんでした。",
	}},
	CMN013: {kind: Error, exit: 3, text: text{
		"The first line of backup_label is not valid: {path}",
		"backup_label の 1 行目が正しい形式ではありません: {path}",
	}},
	CMN014: {kind: Error, exit: 1, text: text{
		"Command was ended by signal {sig}: {cmd}",
		"コマンドがシグナル {sig} で終了しました: {cmd}",
	}},
	CMN020: {kind: Warning, text: text{
		"STONITH is disabled. Use this setting for tests only.",
		"STONITH が無効です。検証用途以外では使用しないでください。",
	}},
	CMN021: {kind: Information, text: text{
		"Unset, not checked: {item}",
		"未設定のため確認しません: {item}",
	}},
	CMN022: {kind: Warning, text: text{
		"Resource {id} is {state} on {node} (not part of this tool's checks).",
		"リソース {id} が {node} で {state} です（本ツールの確認対象外）。",
	}},
	CMN030: {kind: Information, text: text{
		"Interrupt received. It takes effect after the current step.",
		"中断要求を受け付けました。実行中の手順が終わってから中断します。",
	}},
	CMN031: {kind: Question, text: text{
		"Stopping here leaves the cluster half changed. Stop anyway? (y/N)",
		"ここで中断するとクラスタが中途半端な状態になります。中断しますか? (y/N)",
	}},
	CMN032: {kind: Information, text: text{
		"Interrupted. Nothing was changed.",
		"中断しました。変更は行っていません。",
	}},
	CMN033: {kind: Information, text: text{
		"No longer waiting. Pacemaker continues; check with pg-rex_status.",
		"待ち合わせを中断しました。Pacemaker の処理は継続中です。pg-rex_status で確認してください。",
	}},
	CMN034: {kind: Information, text: text{
		"Connection to the terminal was lost; continuing, see {log}.",
		"端末との接続が切れました。処理は継続します（ログ: {log}）。",
	}},
	CMN040: {kind: Error, exit: 7, text: text{
		"{cmd} of {time} on {node} did not finish (phase: {phase}). Run it with --resume or --abort.",
		"{time} に {node} で実行した {cmd} が途中で終わっています（段階: {phase}）。--resume または --abort を付けて実行してください。",
	}},
	CMN041: {kind: Error, exit: 7, text: text{
		"{cmd} is running on this node (pid {pid}, since {time}).",
		"このノードで {cmd} を実行中です（pid {pid}、開始 {time}）。",
	}},
	CMN042: {kind: Error, exit: 7, text: text{
		"{cmd} is running on {node} (since {time}).",
		"{node} で {cmd} を実行中です（開始 {time}）。",
	}},
	CMN043: {kind: Error, exit: 3, text: text{
		"Cannot create the lock file {path}: {err}",
		"ロックファイル {path} を作成できません: {err}",
	}},
	CMN044: {kind: Information, text: text{
		"Took over a stale lock of pid {pid}.",
		"残っていたロック（pid {pid}）を引き継ぎました。",
	}},
	CMN045: {kind: Error, exit: 3, text: text{
		"There is no unfinished operation to go on with.",
		"続行または取りやめの対象となる操作はありません。",
	}},
	CMN046: {kind: Information, text: text{
		"The unfinished operation has been given up.",
		"途中で終わっていた操作を取りやめました。",
	}},
	CMN050: {kind: Information, text: text{
		"Dry-run finished. Nothing was changed.",
		"確認のみ（dry-run）で終了しました。変更は行っていません。",
	}},
	CMN051: {kind: Error, exit: 4, text: text{
		"No answer can be given (input is not a terminal). Use --yes.",
		"問い合わせに応答できません（端末ではありません）。--yes を指定してください。",
	}},
	CMN052: {kind: Error, exit: 4, text: text{
		"Cancelled. Nothing was changed.",
		"処理を取りやめました。変更は行っていません。",
	}},
	CMN053: {kind: Information, text: text{
		"waiting for {what}: {sec} s",
		"{what} を待っています: {sec} 秒経過",
	}},
	CMN054: {kind: Information, text: text{
		"{done} of {total} ({pct}%), {rate}/s, about {eta} left",
		"{done} / {total} ({pct}%)、{rate}/秒、残り約 {eta}",
	}},
	CMN055: {kind: Information, text: text{
		"next: {cmd}",
		"次の操作: {cmd}",
	}},
	CMN057: {kind: Information, text: text{
		"Pacemaker on {node} was stopped a moment ago; starting it in {sec} s, when the cluster has noticed.",
		"{node} の Pacemaker は停止直後のため、クラスタへの反映を待って {sec} 秒後に起動します。",
	}},
	CMN056: {kind: Information, text: text{
		"({sec} s)",
		"({sec} 秒)",
	}},
	CMN035: {kind: Information, text: text{
		"Interrupted in phase {phase}. Go on with --resume, or go back with --abort.",
		"{phase} の途中で中断しました。続けるには --resume、元に戻すには --abort を付けて実行してください。",
	}},
	CMN036: {kind: Information, text: text{
		"Interrupted. The same command can be run again.",
		"中断しました。同じコマンドをもう一度実行できます。",
	}},
	CMN060: {kind: Error, exit: 2, text: text{
		"Unknown option: {opt}",
		"不明なオプションです: {opt}",
	}},
	CMN061: {kind: Error, exit: 2, text: text{
		"Too many arguments: {arg}",
		"引数が多すぎます: {arg}",
	}},
	CMN062: {kind: Error, exit: 2, text: text{
		"Option {opt} cannot have this value: {value}",
		"オプション {opt} に指定できない値です: {value}",
	}},
	CMN063: {kind: Warning, text: text{
		"The configuration has a mistake; going on without it. {text}",
		"設定に誤りがありますが、このコマンドは続行します。{text}",
	}},
	CMN064: {kind: Error, exit: 2, text: text{
		"Unknown command: {name}",
		"不明なコマンドです: {name}",
	}},

	// Configuration.
	CFG001: {kind: Error, exit: 9, text: text{
		"Cannot read the configuration file {path}: {err}",
		"設定ファイル {path} を読めません: {err}",
	}},
	CFG002: {kind: Error, exit: 9, text: text{
		"{key} is required.",
		"{key} は必須です。",
	}},
	CFG003: {kind: Error, exit: 9, text: text{
		"{key} must be an absolute path: {value}",
		"{key} は絶対パスで指定してください: {value}",
	}},
	CFG004: {kind: Error, exit: 9, text: text{
		"STONITH must be enable or disable: {value}",
		"STONITH には enable か disable を指定してください: {value}",
	}},
	CFG005: {kind: Error, exit: 9, text: text{
		"{key} must be enable or disable: {value}",
		"{key} には enable か disable を指定してください: {value}",
	}},
	CFG006: {kind: Error, exit: 9, text: text{
		"{key} must be manual, passfile or nopass: {value}",
		"{key} には manual / passfile / nopass のどれかを指定してください: {value}",
	}},
	CFG007: {kind: Error, exit: 9, text: text{
		"Permission of {path} must be 600 (now {mode}).",
		"{path} の権限を 600 にしてください（現在 {mode}）。",
	}},
	CFG008: {kind: Error, exit: 9, text: text{
		"STONITH_ResourceID needs resource ids separated by commas.",
		"STONITH_ResourceID はリソース ID をカンマ区切りで指定してください。",
	}},
	CFG009: {kind: Error, exit: 9, text: text{
		"{key} needs two addresses separated by a comma: {value}",
		"{key} にはアドレスを 2 つ、カンマ区切りで指定してください: {value}",
	}},
	CFG010: {kind: Error, exit: 9, text: text{
		"IC_LAN_IPAddress must look like (A1, B1) or (A1, B1), (A2, B2): {value}",
		"IC_LAN_IPAddress は (A1, B1) または (A1, B1), (A2, B2) の形で指定してください: {value}",
	}},
	CFG011: {kind: Error, exit: 9, text: text{
		"Cannot obtain the addresses of this node: {err}",
		"自ノードの IP アドレスを取得できません: {err}",
	}},
	CFG012: {kind: Error, exit: 9, text: text{
		"{key} contains no address of this node: {value}",
		"{key} に自ノードのアドレスがありません: {value}",
	}},
	CFG013: {kind: Error, exit: 9, text: text{
		"{key} contains no address of the peer: {value}",
		"{key} に相手ノードのアドレスがありません: {value}",
	}},
	CFG014: {kind: Error, exit: 9, text: text{
		"HACLUSTER_NAME may contain letters, digits, \"_\" and \"-\" (not first): {value}",
		"HACLUSTER_NAME に使えるのは英数字、\"_\"、\"-\"（先頭以外）です: {value}",
	}},
	CFG015: {kind: Error, exit: 9, text: text{
		"Password file does not exist: {path}",
		"パスワードファイルがありません: {path}",
	}},
	CFG016: {kind: Error, exit: 9, text: text{
		"{key} must be a whole number from {min} to {max}: {value}",
		"{key} には {min} から {max} までの整数を指定してください: {value}",
	}},
	CFG017: {kind: Error, exit: 9, text: text{
		"{key} must be {first} or {second}: {value}",
		"{key} には {first} か {second} を指定してください: {value}",
	}},
	CFG018: {kind: Error, exit: 9, text: text{
		"{key} must be a rate per second from 32k to 1024M, such as 500k or 64M: {value}",
		"{key} には 32k から 1024M までの毎秒の転送量を 500k や 64M のように指定してください: {value}",
	}},
	CFG019: {kind: Information, text: text{
		"Line {line}: {text}",
		"{line} 行目: {text}",
	}},
	CFG020: {kind: Error, exit: 9, text: text{
		"Line {line} cannot be understood: {text}",
		"{line} 行目を解釈できません: {text}",
	}},
	CFG021: {kind: Warning, text: text{
		"Line {line}: unknown key {key}. Did you mean {near}?",
		"{line} 行目: {key} という項目はありません。{near} の誤りではありませんか?",
	}},
	CFG022: {kind: Warning, text: text{
		"{key} is given more than once; the last value is used.",
		"{key} が複数回指定されています。最後の値を使います。",
	}},
	CFG023: {kind: Error, exit: 9, text: text{
		"{old} and {new} are the same setting but differ.",
		"{old} と {new} は同じ設定ですが、値が異なります。",
	}},
	CFG024: {kind: Information, text: text{
		"No resource for {key} in the cluster; the check is skipped.",
		"{key} に該当するリソースがないため、確認を省略します。",
	}},

	// Remote access.
	SSH001: {kind: Error, exit: 6, text: text{
		"Cannot connect to {host}:{port}: {err}",
		"{host}:{port} に接続できません: {err}",
	}},
	SSH002: {kind: Error, exit: 6, text: text{
		"Host key of {host} is not known. Log in once from this node and confirm it.",
		"{host} のホスト鍵が未登録です。このノードから一度ログインして登録してください。",
	}},
	SSH003: {kind: Error, exit: 6, text: text{
		"Host key of {host} has CHANGED. Connection refused.",
		"{host} のホスト鍵が登録内容と異なります。接続を中止しました。",
	}},
	SSH004: {kind: Error, exit: 6, text: text{
		"Authentication as {user}@{host} failed.",
		"{user}@{host} の認証に失敗しました。",
	}},
	SSH005: {kind: Error, exit: 6, text: text{
		"Command not found on {host}: {cmd}",
		"{host} にコマンドがありません: {cmd}",
	}},
	SSH006: {kind: Error, exit: 6, text: text{
		"Command on {host} failed (exit status {rc}): {cmd} {err}",
		"{host} でのコマンド実行に失敗しました（終了ステータス {rc}）: {cmd} {err}",
	}},
	SSH007: {kind: Warning, text: text{
		"{host} does not answer; using {other} instead.",
		"{host} が応答しないため {other} を使用します。",
	}},
	SSH008: {kind: Error, exit: 6, text: text{
		"The connection to {host} was lost: {err}",
		"{host} との接続が切れました: {err}",
	}},
	SSH010: {kind: Error, exit: 9, text: text{
		"Not a regular file: {path}",
		"通常のファイルではありません: {path}",
	}},
	SSH011: {kind: Error, exit: 9, text: text{
		"Password file {path} must have permission 600 and belong to {user}.",
		"パスワードファイル {path} は所有者 {user}、権限 600 にしてください。",
	}},
	SSH012: {kind: Error, exit: 9, text: text{
		"Cannot read the password file {path}.",
		"パスワードファイル {path} を読めません。",
	}},
	SSH013: {kind: Error, exit: 9, text: text{
		"The first line of the password file {path} is empty.",
		"パスワードファイル {path} の 1 行目が空です。",
	}},
	SSH014: {kind: Error, exit: 6, text: text{
		"A password is needed but there is no terminal.",
		"パスワードの入力が必要ですが、端末がありません。",
	}},
	SSH015: {kind: Question, text: text{
		"Password for {user}@{host}:",
		"{user}@{host} のパスワード:",
	}},
	SSH016: {kind: Information, text: text{
		"Password accepted.",
		"認証できました。",
	}},
	SSH017: {kind: Warning, text: text{
		"The key {path} has a passphrase and is not in the agent. It is not used.",
		"鍵 {path} はパスフレーズで保護されており、エージェントにも登録されていないため使用しません。",
	}},
	SSH018: {kind: Warning, text: text{
		"{path} is not used: {err}",
		"{path} は使用しません: {err}",
	}},
	SSH019: {kind: Warning, text: text{
		"Cannot record the host key in {path}: {err}",
		"{path} にホスト鍵を登録できません: {err}",
	}},
	SSH020: {kind: Question, text: text{
		"New host {host}, key {type} {fingerprint}. Trust it? (y/N)",
		"未登録のホスト {host}（{type} {fingerprint}）です。信頼しますか? (y/N)",
	}},

	// Primary start.
	PST101: {kind: Label, text: text{
		"Pacemaker and Corosync are stopped on this node",
		"自ノードの Pacemaker / Corosync の停止確認",
	}},
	PST102: {kind: Label, text: text{
		"No {PRI} is running on the peer",
		"相手ノードで {PRI} が動作していないことの確認",
	}},
	PST103: {kind: Label, text: text{
		"This node may become {PRI}",
		"自ノードを {PRI} にできることの確認",
	}},
	PST104: {kind: Label, text: text{
		"Lock file",
		"起動禁止フラグの確認",
	}},
	PST105: {kind: Label, text: text{
		"Remove the existing HA cluster",
		"既存の HA クラスタの削除",
	}},
	PST106: {kind: Label, text: text{
		"Set up the HA cluster",
		"HA クラスタの構築",
	}},
	PST107: {kind: Label, text: text{
		"Start Pacemaker",
		"Pacemaker の起動",
	}},
	PST108: {kind: Label, text: text{
		"Load the resource definition",
		"リソース定義の投入",
	}},
	PST109: {kind: Label, text: text{
		"Wait for {PRI}",
		"{PRI} の起動待ち",
	}},
	PST011: {kind: Error, exit: 3, text: text{
		"Pacemaker or Corosync is already running on this node.",
		"自ノードで Pacemaker または Corosync が動作中です。",
	}},
	PST012: {kind: Error, exit: 3, text: text{
		"A {PRI} is already running on {peer}.",
		"{peer} で {PRI} が動作中です。",
	}},
	PST013: {kind: Error, exit: 3, text: text{
		"{attr} of this node is \"{value}\". Its data may be old, so it cannot become {PRI}.",
		"自ノードの {attr} が \"{value}\" です。データが古い可能性があるため {PRI} にできません。",
	}},
	PST014: {kind: Error, exit: 3, text: text{
		"Lock file exists: {path}. Check the data, then remove it.",
		"起動禁止フラグがあります: {path}。データの状態を確認したうえで削除してください。",
	}},
	PST015: {kind: Error, exit: 3, text: text{
		"A rewind of this database was not completed.",
		"この DB クラスタは巻き戻しが完了していません。",
	}},
	PST020: {kind: Error, exit: 6, text: text{
		"{peer} cannot be reached. If it is certainly powered off, use --peer-down.",
		"{peer} に接続できません。電源断が確実な場合に限り --peer-down を指定してください。",
	}},
	PST021: {kind: Error, exit: 3, text: text{
		"Pacemaker is running on {peer} without a {PRI}. Stop it first.",
		"{peer} で Pacemaker が動作しています（{PRI} なし）。先に停止してください。",
	}},
	PST022: {kind: Error, exit: 3, text: text{
		"The data of {peer} is newer (timeline {tli}, position {lsn}). Start {PRI} there.",
		"{peer} のデータの方が新しい状態です（タイムライン {tli}、位置 {lsn}）。{peer} を {PRI} にしてください。",
	}},
	PST023: {kind: Error, exit: 3, text: text{
		"The data of the two nodes has diverged (fork at timeline {tli}, {lsn}). Decide which one to keep.",
		"両ノードのデータが分岐しています（タイムライン {tli}、位置 {lsn}）。どちらを使うか決めてください。",
	}},
	PST024: {kind: Error, exit: 3, text: text{
		"No database in {path}.",
		"{path} に DB クラスタがありません。",
	}},
	PST025: {kind: Error, exit: 3, text: text{
		"Database version {a} does not match the server version {b}.",
		"DB クラスタのバージョン {a} がサーバのバージョン {b} と異なります。",
	}},
	PST026: {kind: Error, exit: 3, text: text{
		"The control file of {path} cannot be read.",
		"{path} の制御ファイルを読めません。",
	}},
	PST027: {kind: Error, exit: 3, text: text{
		"{path} has a backup_label. Recover the backup with PostgreSQL alone first.",
		"{path} に backup_label があります。先に PostgreSQL 単体でリカバリしてください。",
	}},
	PST028: {kind: Warning, text: text{
		"Crash recovery of about {size} of WAL is needed; the start may exceed its time-out.",
		"約 {size} の WAL のリカバリが必要です。起動がタイムアウトするおそれがあります。",
	}},
	PST029: {kind: Error, exit: 3, text: text{
		"{peer} is running as {STB}. Stop it, or start {PRI} there.",
		"{peer} が {STB} として動作中です。停止するか、{peer} を {PRI} として起動してください。",
	}},
	PST030: {kind: Error, exit: 2, text: text{
		"Definition file not found: {path}",
		"リソース定義ファイルがありません: {path}",
	}},
	PST031: {kind: Error, exit: 3, text: text{
		"The definition lacks parameter {key} of resource {id}.",
		"リソース定義に {id} の {key} がありません。",
	}},
	PST032: {kind: Error, exit: 3, text: text{
		"The definition cannot be read: {detail}",
		"リソース定義を読み込めません: {detail}",
	}},
	PST033: {kind: Error, exit: 3, text: text{
		"No HA cluster on this node ({path} missing). Give a definition file.",
		"自ノードに HA クラスタがありません（{path} なし）。リソース定義ファイルを指定してください。",
	}},
	PST034: {kind: Error, exit: 3, text: text{
		"Node names in the definition ({a}) do not match this cluster ({b}).",
		"リソース定義のノード名（{a}）が実際のノード名（{b}）と一致しません。",
	}},
	PST035: {kind: Error, exit: 3, text: text{
		"Resource {id} of the configuration is not in the definition.",
		"設定ファイルの {id} がリソース定義にありません。",
	}},
	PST036: {kind: Error, exit: 3, text: text{
		"The definition is not valid: {detail}",
		"リソース定義に誤りがあります: {detail}",
	}},
	PST037: {kind: Error, exit: 3, text: text{
		"Line {line} of the crm file is not supported: {text}",
		"crm ファイルの {line} 行目は未対応の記述です: {text}",
	}},
	PST038: {kind: Warning, text: text{
		"The definition says stonith-enabled={a}, the configuration file STONITH={b}.",
		"リソース定義は stonith-enabled={a}、設定ファイルは STONITH={b} で、一致しません。",
	}},
	PST039: {kind: Error, exit: 3, text: text{
		"{path} is missing. With a configuration file of the old generation Corosync has to be set up beforehand.",
		"{path} がありません。旧世代の設定ファイルを使う場合は、あらかじめ Corosync を設定してください。",
	}},
	PST040: {kind: Question, text: text{
		"An HA cluster is already defined. Delete and create it again? (y/N)",
		"HA クラスタが既に存在します。削除して作り直しますか? (y/N)",
	}},
	PST041: {kind: Error, exit: 4, text: text{
		"Cancelled. The cluster was not changed.",
		"取りやめました。クラスタは変更していません。",
	}},
	PST042: {kind: Question, text: text{
		"Type the node name of the powered-off peer to confirm:",
		"電源断を確認した相手ノードの名前を入力してください:",
	}},
	PST043: {kind: Question, text: text{
		"Transactions only on {peer} will be lost. Start anyway? (y/N)",
		"{peer} にだけあるトランザクションは失われます。起動しますか? (y/N)",
	}},
	PST044: {kind: Information, text: text{
		"The former definition was saved in {dir}.",
		"変更前の定義を {dir} に保存しました。",
	}},
	PST045: {kind: Information, text: text{
		"{peer} cannot be reached: Corosync stays as it is, only the resource definition is replaced.",
		"{peer} に接続できないため、Corosync の設定は変更せず、リソース定義だけを置き換えます。",
	}},
	PST046: {kind: Error, exit: 3, text: text{
		"No start has failed with a saved definition. There is nothing to put back.",
		"失敗した起動で保存された定義はありません。元に戻すものはありません。",
	}},
	PST047: {kind: Information, text: text{
		"The definition saved in {dir} was put back on {node}.",
		"{dir} に保存した定義を {node} に戻しました。",
	}},
	PST048: {kind: Information, text: text{
		"{attr} of {node} was set from \"{old}\" to \"{new}\", because this node is to be {PRI}.",
		"自ノードを {PRI} とするため、{node} の {attr} を \"{old}\" から \"{new}\" に変更しました。",
	}},
	PST049: {kind: Warning, text: text{
		"Programs were left standing in the database directory {path}: {list}",
		"DB クラスタ {path} をカレントディレクトリとするプロセスがあります: {list}",
	}},
	PST051: {kind: Error, exit: 5, text: text{
		"{PRI} did not come up within {sec} s. Not ready: {list}",
		"{sec} 秒以内に {PRI} が起動しませんでした。未完了: {list}",
	}},
	PST052: {kind: Error, exit: 1, text: text{
		"Loading the definition failed: {detail}",
		"リソース定義の投入に失敗しました: {detail}",
	}},
	PST053: {kind: Error, exit: 1, text: text{
		"Resource {id} failed on {node}: {reason}",
		"{node} でリソース {id} が故障しました: {reason}",
	}},
	PST060: {kind: Information, text: text{
		"{node} is now running as {PRI}.",
		"{node} が {PRI} として起動しました。",
	}},
	PST061: {kind: Information, text: text{
		"Cleared the fencing record of {peer} made by this start.",
		"今回の起動で記録された {peer} の STONITH 履歴を消去しました。",
	}},
	PST062: {kind: Information, text: text{
		"{peer} has no database, or that of another cluster. Its data was not compared.",
		"{peer} の DB クラスタがないか、別の DB クラスタのため、データの比較は行いません。",
	}},

	// Standby start.
	SST101: {kind: Label, text: text{
		"Pacemaker and Corosync are stopped on this node",
		"自ノードの Pacemaker / Corosync の停止確認",
	}},
	SST102: {kind: Label, text: text{
		"{PRI} is running on the peer",
		"相手ノードで {PRI} が動作していることの確認",
	}},
	SST103: {kind: Label, text: text{
		"Lock file",
		"起動禁止フラグの確認",
	}},
	SST104: {kind: Label, text: text{
		"State of the database",
		"DB クラスタの状態確認",
	}},
	SST105: {kind: Label, text: text{
		"Start with the database as it is",
		"DB クラスタをそのまま使えるか",
	}},
	SST106: {kind: Label, text: text{
		"Start after a rewind",
		"巻き戻しで起動できるか",
	}},
	SST107: {kind: Label, text: text{
		"Start from a base backup",
		"ベースバックアップを取得できるか",
	}},
	SST108: {kind: Label, text: text{
		"IC-LAN connection",
		"IC-LAN の疎通確認",
	}},
	SST109: {kind: Label, text: text{
		"Rewind the database",
		"DB クラスタの巻き戻し",
	}},
	SST110: {kind: Label, text: text{
		"Take a base backup from {PRI}",
		"{PRI} からのベースバックアップ取得",
	}},
	SST111: {kind: Label, text: text{
		"Copy archived WAL from {PRI}",
		"{PRI} のアーカイブログの取り込み",
	}},
	SST112: {kind: Label, text: text{
		"Start {STB} (segments to restore: {num})",
		"{STB} の起動（リストア対象 WAL: {num} 個）",
	}},
	SST113: {kind: Label, text: text{
		"Wait for {STB}",
		"{STB} の起動待ち",
	}},
	SST011: {kind: Error, exit: 3, text: text{
		"Pacemaker or Corosync is already running on this node.",
		"自ノードで Pacemaker または Corosync が動作中です。",
	}},
	SST012: {kind: Error, exit: 3, text: text{
		"No {PRI} is running on {peer}.",
		"{peer} で {PRI} が動作していません。",
	}},
	SST013: {kind: Error, exit: 3, text: text{
		"Lock file exists: {path}. This node may have been {PRI}. Check before removing it.",
		"起動禁止フラグがあります: {path}。前回 {PRI} だった可能性があります。確認のうえ削除してください。",
	}},
	SST014: {kind: Error, exit: 3, text: text{
		"No answer on IC-LAN address {addr}.",
		"IC-LAN のアドレス {addr} から応答がありません。",
	}},
	SST015: {kind: Information, text: text{
		"-n, -r and -b are ignored because of -c.",
		"-c が指定されたため -n / -r / -b は無視します。",
	}},
	SST016: {kind: Error, exit: 3, text: text{
		"{ids} does not run on {peer}: a {STB} could not connect to the {PRI}.",
		"{peer} で {ids} が動作していません。{STB} が {PRI} に接続できません。",
	}},
	SST020: {kind: Error, exit: 3, text: text{
		"No HA cluster on this node ({path} missing).",
		"自ノードに HA クラスタがありません（{path} なし）。",
	}},
	SST021: {kind: Error, exit: 3, text: text{
		"{peer} has no timeline history file.",
		"{peer} にタイムライン履歴ファイルがありません。",
	}},
	SST022: {kind: Error, exit: 3, text: text{
		"History file in an unknown compression: {name}",
		"未対応の圧縮形式の履歴ファイルです: {name}",
	}},
	SST023: {kind: Error, exit: 3, text: text{
		"{peer} lacks the history file of its timeline {tli}.",
		"{peer} に現在のタイムライン {tli} の履歴ファイルがありません。",
	}},
	SST024: {kind: Error, exit: 3, text: text{
		"No WAL file found on {peer}: {path}",
		"{peer} に WAL がありません: {path}",
	}},
	SST030: {kind: Information, text: text{
		"There is no database here.",
		"このノードに DB クラスタがありません。",
	}},
	SST031: {kind: Information, text: text{
		"The version of the database cannot be determined.",
		"DB クラスタのバージョンが分かりません。",
	}},
	SST032: {kind: Information, text: text{
		"Database version {a} differs from server version {b}.",
		"DB クラスタのバージョン {a} とサーバのバージョン {b} が異なります。",
	}},
	SST033: {kind: Information, text: text{
		"System identifiers differ ({a} / {b}).",
		"システム識別子が異なります（{a} / {b}）。",
	}},
	SST034: {kind: Information, text: text{
		"Timeline here ({a}) is ahead of {PRI} ({b}).",
		"自ノードのタイムライン（{a}）が {PRI}（{b}）より先です。",
	}},
	SST035: {kind: Information, text: text{
		"Timeline {a} of this node is not an ancestor of {PRI}'s ({file}).",
		"自ノードのタイムライン {a} は {PRI} の履歴（{file}）に含まれていません。",
	}},
	SST036: {kind: Information, text: text{
		"Both nodes left timeline {tli} at different points.",
		"タイムライン {tli} の分岐点が両ノードで異なります。",
	}},
	SST037: {kind: Information, text: text{
		"An earlier rewind was not completed.",
		"前回の巻き戻しが完了していません。",
	}},
	SST038: {kind: Information, text: text{
		"The archive here has WAL later than {PRI}'s position: {name}",
		"自ノードのアーカイブに {PRI} より先の WAL があります: {name}",
	}},
	SST039: {kind: Information, text: text{
		"WAL here is ahead of {PRI} ({a} > {b}).",
		"自ノードの WAL が {PRI} より進んでいます（{a} > {b}）。",
	}},
	SST040: {kind: Information, text: text{
		"{PRI} was promoted before position {lsn} of this node.",
		"{PRI} は自ノードの位置 {lsn} より前で昇格しています。",
	}},
	SST041: {kind: Information, text: text{
		"The archive of {PRI} has WAL later than its own position: {name}",
		"{PRI} のアーカイブに現在位置より先の WAL があります: {name}",
	}},
	SST042: {kind: Information, text: text{
		"full_page_writes is off on {PRI}.",
		"{PRI} の full_page_writes が無効です。",
	}},
	SST043: {kind: Information, text: text{
		"Neither data checksums nor wal_log_hints is on in this database.",
		"この DB クラスタはチェックサム、wal_log_hints ともに無効です。",
	}},
	SST044: {kind: Information, text: text{
		"No common checkpoint left to rewind to.",
		"巻き戻し先となる共通のチェックポイントが残っていません。",
	}},
	SST045: {kind: Information, text: text{
		"pg_rewind cannot be used in this state ({state}).",
		"この状態（{state}）では pg_rewind を使用できません。",
	}},
	SST046: {kind: Information, text: text{
		"Archived WAL of another database exists: {dir}",
		"別の DB クラスタのアーカイブログが残っています: {dir}",
	}},
	SST047: {kind: Information, text: text{
		"WAL segment {name} is not available anywhere.",
		"WAL セグメント {name} がどこにも残っていません。",
	}},
	SST048: {kind: Information, text: text{
		"The database here is incomplete ({what}).",
		"自ノードの DB クラスタは不完全です（{what}）。",
	}},
	SST049: {kind: Information, text: text{
		"Base backup not possible: {reason}",
		"ベースバックアップを取得できません: {reason}",
	}},
	SST050: {kind: Error, exit: 3, text: text{
		"None of the requested methods is possible.",
		"指定された方法では起動できません。",
	}},
	SST051: {kind: Information, text: text{
		"Possible methods:",
		"起動できる方法:",
	}},
	SST052: {kind: Error, exit: 4, text: text{
		"{STB} was not started.",
		"{STB} の起動を取りやめました。",
	}},
	SST053: {kind: Information, text: text{
		"Please answer with one of the letters shown.",
		"表示された文字のどれかを入力してください。",
	}},
	SST054: {kind: Warning, text: text{
		"These directories will be emptied: {list}",
		"次のディレクトリの内容を消去します: {list}",
	}},
	SST055: {kind: Information, text: text{
		"n) use the database as it is",
		"n) DB クラスタをそのまま使う",
	}},
	SST056: {kind: Information, text: text{
		"r) rewind, then start",
		"r) 巻き戻してから起動する",
	}},
	SST057: {kind: Information, text: text{
		"b) base backup, then start",
		"b) ベースバックアップを取得して起動する",
	}},
	SST058: {kind: Information, text: text{
		"q) quit",
		"q) 起動しない",
	}},
	SST059: {kind: Question, text: text{
		"Method ({letters}):",
		"起動方法 ({letters}):",
	}},
	SST060: {kind: Error, exit: 5, text: text{
		"{STB} did not come up within {sec} s.",
		"{sec} 秒以内に {STB} が起動しませんでした。",
	}},
	SST061: {kind: Error, exit: 5, text: text{
		"Not ready: {list}",
		"未完了: {list}",
	}},
	SST062: {kind: Error, exit: 1, text: text{
		"Resource {id} failed on {node}: {reason}",
		"{node} でリソース {id} が故障しました: {reason}",
	}},
	SST063: {kind: Error, exit: 5, text: text{
		"PostgreSQL runs, but replication is not synchronous ({attrs}).",
		"PostgreSQL は起動していますが、同期レプリケーションになっていません（{attrs}）。",
	}},
	SST064: {kind: Information, text: text{
		"(about {size} of WAL to replay)",
		"（再生する WAL: 約 {size}）",
	}},
	SST065: {kind: Information, text: text{
		"The rewind would copy about {size}.",
		"巻き戻しでコピーする量: 約 {size}",
	}},
	SST066: {kind: Information, text: text{
		"The base backup would copy about {size}.",
		"ベースバックアップでコピーする量: 約 {size}",
	}},
	SST067: {kind: Information, text: text{
		"Archive files to copy: {num}.",
		"取り込むアーカイブファイル: {num} 個",
	}},
	SST068: {kind: Error, exit: 1, text: text{
		"What only this node has could not be put aside. The database here is unchanged.",
		"自ノードにだけ存在する更新を退避できませんでした。自ノードの DB クラスタは変更していません。",
	}},
	SST069: {kind: Error, exit: 1, text: text{
		"Archived WAL could not be copied to {dir}. What is there is complete, and the database is as it was.",
		"アーカイブログを {dir} に取り込めませんでした。取り込み済みのファイルは完全で、DB クラスタはそのままです。",
	}},
	SST070: {kind: Information, text: text{
		"{node} is now running as {STB}.",
		"{node} が {STB} として起動しました。",
	}},
	SST071: {kind: Information, text: text{
		"Starting with the database as it is.",
		"DB クラスタをそのまま使って起動します。",
	}},
	SST072: {kind: Information, text: text{
		"Starting after a rewind.",
		"巻き戻してから起動します。",
	}},
	SST073: {kind: Information, text: text{
		"Starting from a base backup.",
		"ベースバックアップを取得して起動します。",
	}},
	SST074: {kind: Information, text: text{
		"This node is ahead of the fork point ({a} > {b}); rewinding.",
		"自ノードは分岐点より進んでいます（{a} > {b}）。巻き戻します。",
	}},
	SST080: {kind: Information, text: text{
		"Using TCP forwarding for pg_rewind.",
		"pg_rewind に TCP 転送を使用します。",
	}},
	SST081: {kind: Error, exit: 1, text: text{
		"The WAL directory of {PRI} could not be determined.",
		"{PRI} の WAL ディレクトリを特定できませんでした。",
	}},
	SST082: {kind: Error, exit: 1, text: text{
		"pg_rewind could not connect. Check forwarding in sshd and pg_hba.conf on {peer}.",
		"pg_rewind が接続できませんでした。{peer} の sshd の転送設定と pg_hba.conf を確認してください。",
	}},
	SST083: {kind: Error, exit: 1, text: text{
		"Unexpected files in the WAL directory after the base backup: {list}",
		"ベースバックアップ後の WAL ディレクトリに想定外のファイルがあります: {list}",
	}},
	SST084: {kind: Information, text: text{
		"The archive here is newer; copying is skipped.",
		"自ノードのアーカイブの方が新しいため、取り込みを省略します。",
	}},
	SST085: {kind: Error, exit: 1, text: text{
		"Size of archived WAL {name} is not {size}.",
		"アーカイブログ {name} のサイズが {size} ではありません。",
	}},
	SST086: {kind: Error, exit: 1, text: text{
		"Archive file {name} is empty.",
		"アーカイブファイル {name} が空です。",
	}},
	SST087: {kind: Warning, text: text{
		"{name}: unknown compression, contents not verified.",
		"{name}: 未対応の圧縮形式のため、内容を確認していません。",
	}},
	SST088: {kind: Error, exit: 1, text: text{
		"Archived WAL {name} is damaged or incomplete.",
		"アーカイブログ {name} が壊れているか不完全です。",
	}},
	SST089: {kind: Error, exit: 3, text: text{
		"Starting now would leave a gap in the archive (first: {name}).",
		"このまま起動するとアーカイブログが欠けます（先頭: {name}）。",
	}},
	SST090: {kind: Warning, text: text{
		"{name} differs from {PRI}'s; the local file was moved to {dir}.",
		"{name} の内容が {PRI} と異なるため、自ノード側を {dir} に移しました。",
	}},
	SST091: {kind: Error, exit: 3, text: text{
		"{name} differs from {PRI}'s although it is before the fork point.",
		"{name} は分岐点より前ですが、{PRI} と内容が異なります。",
	}},
	SST092: {kind: Error, exit: 1, text: text{
		"The base backup failed. There is no usable database here now.",
		"ベースバックアップに失敗しました。自ノードに使用できる DB クラスタはありません。",
	}},
	SST093: {kind: Error, exit: 1, text: text{
		"The rewind failed. Only a base backup is possible now.",
		"巻き戻しに失敗しました。次回はベースバックアップの取得が必要です。",
	}},
	SST099: {kind: Error, exit: 1, text: text{
		"Internal error: {detail}",
		"内部エラー: {detail}",
	}},
	SST094: {kind: Error, exit: 1, text: text{
		"The rewind was not begun. The database here is unchanged.",
		"巻き戻しは開始されませんでした。自ノードの DB クラスタは変更されていません。",
	}},
	SST095: {kind: Information, text: text{
		"What this node has and {PRI} does not was saved in {dir}.",
		"自ノードにだけ存在する更新を {dir} に退避しました。",
	}},
	SST096: {kind: Information, text: text{
		"Saved before the database of {node} was rebuilt from {source}, {time}.\n\n" +
			"Fork point:                    {fork}\n" +
			"End of the WAL of this node:   {end}\n" +
			"Timeline of this node:         {own}\n" +
			"Timeline of {PRI}:          {peer}\n" +
			"WAL after the fork point:      {bytes} bytes\n" +
			"Transactions committed in it:  {commits}\n\n" +
			"These transactions are lost on rebuilding. pg_waldump shows them in the segments saved here.\n\n" +
			"Files:\n{files}\n",
		"{source} から {node} の DB クラスタを再構築する前に退避（{time}）\n\n" +
			"分岐点:                         {fork}\n" +
			"自ノードの WAL の終端:          {end}\n" +
			"自ノードのタイムライン:         {own}\n" +
			"{PRI} のタイムライン:       {peer}\n" +
			"分岐点より後の WAL:             {bytes} バイト\n" +
			"そこでコミットされた件数:       {commits}\n\n" +
			"再構築により、これらのトランザクションは失われます。内容は退避した WAL セグメントを pg_waldump で確認できます。\n\n" +
			"ファイル:\n{files}\n",
	}},
	SST120: {kind: Information, text: text{
		"{dir} holds what is not of the database: {list}",
		"{dir} に DB クラスタのものでないファイルがあります: {list}",
	}},
	SST121: {kind: Information, text: text{
		"{dir} is a directory of the system.",
		"{dir} はシステムのディレクトリです。",
	}},
	SST122: {kind: Information, text: text{
		"User {user} cannot write in {dir}.",
		"ユーザ {user} は {dir} に書き込めません。",
	}},
	SST123: {kind: Information, text: text{
		"Not enough space for {dir}: {need} needed, {free} free.",
		"{dir} の空き容量が不足しています（必要: {need}、空き: {free}）。",
	}},
	SST124: {kind: Information, text: text{
		"{a} lies within {b}.",
		"{a} が {b} の中にあります。",
	}},
	SST125: {kind: Information, text: text{
		"User {user} cannot open a replication connection to {addr}: {reason}",
		"ユーザ {user} は {addr} にレプリケーション接続できません: {reason}",
	}},
	SST126: {kind: Information, text: text{
		"{PRI} has {num} free WAL senders, {need} are needed (max_wal_senders).",
		"{PRI} の WAL sender の空きが不足しています（空き: {num}、必要: {need}、max_wal_senders）。",
	}},
	SST127: {kind: Information, text: text{
		"{dir} cannot be renamed, which --keep-old asks for.",
		"--keep-old が指定されていますが、{dir} の名前を変更できません。",
	}},
	SST128: {kind: Information, text: text{
		"Another database answers at {addr} (system identifiers {a} / {b}).",
		"{addr} で応答した DB クラスタは別のものです（システム識別子 {a} / {b}）。",
	}},
	SST129: {kind: Information, text: text{
		"{dir} is not a directory.",
		"{dir} はディレクトリではありません。",
	}},
	SST075: {kind: Warning, text: text{
		"What only {node} has, or may have, will be lost.",
		"{node} だけにあるデータ（その可能性があるものを含む）は失われます。",
	}},
	SST076: {kind: Error, exit: 4, text: text{
		"What only {node} has, or may have, would be lost. --yes does not decide that: name the method.",
		"{node} だけにあるデータ（その可能性があるものを含む）が失われます。--yes では実行しないため、方法をオプションで指定してください。",
	}},
	SST077: {kind: Warning, text: text{
		"{name} is not of {PRI}'s history; it was moved to {dir}.",
		"{name} は {PRI} の履歴から外れたタイムラインの WAL のため、{dir} に移しました。",
	}},

	// Stop.
	STP101: {kind: Label, text: text{
		"Stop Pacemaker",
		"Pacemaker の停止",
	}},
	STP102: {kind: Label, text: text{
		"Confirm the stop",
		"停止の確認",
	}},
	STP010: {kind: Information, text: text{
		"Pacemaker and Corosync are not running. Nothing to do.",
		"Pacemaker / Corosync は停止しています。処理は不要です。",
	}},
	STP011: {kind: Error, exit: 3, text: text{
		"Pacemaker is stopped but PostgreSQL is running (pid {pid}).",
		"Pacemaker は停止していますが、PostgreSQL が動作中です（pid {pid}）。",
	}},
	STP012: {kind: Information, text: text{
		"Stopping {role} on {node}.",
		"{node} の {role} を停止します。",
	}},
	STP013: {kind: Warning, text: text{
		"The role of this node is unknown.",
		"自ノードの役割を判定できません。",
	}},
	STP014: {kind: Information, text: text{
		"{PRI} continues on {peer} without {STB}.",
		"{peer} の {PRI} は {STB} なしで稼働を続けます。",
	}},
	STP020: {kind: Question, text: text{
		"{STB} is running on {peer}. Stopping {PRI} causes a fail-over (for a planned change use pg-rex_switchover). Stop? (y/N)",
		"{peer} で {STB} が動作中です。{PRI} を停止するとフェイルオーバが発生します（計画的な切り替えには pg-rex_switchover を使用してください）。停止しますか? (y/N)",
	}},
	STP021: {kind: Error, exit: 4, text: text{
		"Not stopped.",
		"停止を取りやめました。",
	}},
	STP022: {kind: Question, text: text{
		"{peer} is not synchronous. No fail-over will happen and service stops. Stop? (y/N)",
		"{peer} は同期状態ではありません。フェイルオーバせずサービスが停止します。停止しますか? (y/N)",
	}},
	STP023: {kind: Question, text: text{
		"This node may be {PRI}. Stop? (y/N)",
		"自ノードが {PRI} の可能性があります。停止しますか? (y/N)",
	}},
	STP024: {kind: Question, text: text{
		"Maintenance mode is on: PostgreSQL will keep running. Stop Pacemaker? (y/N)",
		"メンテナンスモード中のため PostgreSQL は停止しません。Pacemaker を停止しますか? (y/N)",
	}},
	STP025: {kind: Warning, text: text{
		"CHECKPOINT or sync did not complete: {err}",
		"CHECKPOINT または sync が完了しませんでした: {err}",
	}},
	STP026: {kind: Error, exit: 3, text: text{
		"The cluster has given up on {node}: {list}. It cannot be stopped before that is cleaned up.",
		"{node} に blocked 状態のリソースがあります: {list}。クリーンアップするまで停止できません。",
	}},
	STP031: {kind: Error, exit: 5, text: text{
		"Pacemaker did not stop within {sec} s. Remaining: {list}",
		"{sec} 秒以内に Pacemaker が停止しませんでした。残っているプロセス: {list}",
	}},
	STP032: {kind: Error, exit: 1, text: text{
		"PostgreSQL is still running (pid {pid}).",
		"PostgreSQL が停止していません（pid {pid}）。",
	}},
	STP040: {kind: Information, text: text{
		"{role} on {node} has been stopped.",
		"{node} の {role} を停止しました。",
	}},
	STP041: {kind: Information, text: text{
		"Pacemaker on {node} has been stopped.",
		"{node} の Pacemaker を停止しました。",
	}},
	STP042: {kind: Information, text: text{
		"The lock file {path} remains. To rejoin, run {cmd} after checking the data.",
		"起動禁止フラグ {path} が残っています。再組み込みはデータ確認後に {cmd} を実行してください。",
	}},

	// Switchover.
	SWO100: {kind: Information, text: text{
		"**** Preparation ****",
		"**** 準備 ****",
	}},
	SWO101: {kind: Label, text: text{
		"Read the configuration and node names",
		"設定とノード名の取得",
	}},
	SWO102: {kind: Label, text: text{
		"Check the cluster before switching",
		"切り替え前のクラスタ状態の確認",
	}},
	SWO103: {kind: Information, text: text{
		"**** Switching ****",
		"**** 切り替え開始 ****",
	}},
	SWO104: {kind: Label, text: text{
		"CHECKPOINT on {node}",
		"{node} で CHECKPOINT を実行",
	}},
	SWO105: {kind: Label, text: text{
		"Suspend monitoring by Pacemaker",
		"Pacemaker の監視を一時停止",
	}},
	SWO106: {kind: Label, text: text{
		"Stop PostgreSQL of {PRI} ({node})",
		"{PRI}（{node}）の PostgreSQL を停止",
	}},
	SWO107: {kind: Label, text: text{
		"Confirm that {STB} has received all WAL",
		"{STB} が全 WAL を受信したことの確認",
	}},
	SWO108: {kind: Label, text: text{
		"Resume monitoring and switch",
		"監視を再開して切り替え",
	}},
	SWO109: {kind: Label, text: text{
		"Wait for {node} to become {PRI}",
		"{node} が {PRI} になるのを待つ",
	}},
	SWO110: {kind: Label, text: text{
		"Stop Pacemaker on {node}",
		"{node} の Pacemaker を停止",
	}},
	SWO111: {kind: Label, text: text{
		"Start {STB} on {node}",
		"{node} で {STB} を起動",
	}},
	SWO112: {kind: Label, text: text{
		"Make {node} {PRI} again",
		"{node} を {PRI} に戻す",
	}},
	SWO011: {kind: Error, exit: 3, text: text{
		"Switchover is not possible now:",
		"現在の状態では切り替えできません:",
	}},
	SWO012: {kind: Information, text: text{
		"[ Cluster now ]",
		"[ 現在のクラスタ状態 ]",
	}},
	SWO013: {kind: Information, text: text{
		"[ Now and after switching ]",
		"[ 現在 / 切り替え後 ]",
	}},
	SWO014: {kind: Error, exit: 3, text: text{
		"Maintenance mode is already on. Finish that work first.",
		"既にメンテナンスモードです。先にその作業を完了してください。",
	}},
	SWO015: {kind: Information, text: text{
		"{node}: Pacemaker is not online ({state}).",
		"{node}: Pacemaker がオンラインではありません（{state}）。",
	}},
	SWO016: {kind: Information, text: text{
		"Exactly one {PRI} and one {STB} are needed (found: {list}).",
		"{PRI} と {STB} が 1 台ずつ必要です（現在: {list}）。",
	}},
	SWO017: {kind: Information, text: text{
		"Replication is not synchronous ({state}).",
		"同期レプリケーションではありません（{state}）。",
	}},
	SWO018: {kind: Information, text: text{
		"{STB} is {bytes} behind (limit {limit}).",
		"{STB} が {bytes} 遅れています（上限 {limit}）。",
	}},
	SWO019: {kind: Information, text: text{
		"Failure recorded: {resource} on {node}. Clear it first.",
		"故障が記録されています: {node} の {resource}。先に解消してください。",
	}},
	SWO020: {kind: Question, text: text{
		"There is no fail-over protection while switching, and service stops for a moment. Go on? (y/N)",
		"切り替え中は冗長性がなく、サービスが一時停止します。続行しますか? (y/N)",
	}},
	SWO021: {kind: Error, exit: 4, text: text{
		"Not switched.",
		"切り替えを取りやめました。",
	}},
	SWO022: {kind: Warning, text: text{
		"Several replication clients connect from {node}.",
		"{node} から複数のレプリケーション接続があります。",
	}},
	SWO023: {kind: Information, text: text{
		"A constraint keeps {resource} away from {node}: {id}. Remove it first (crm_resource --clear -r {resource}).",
		"制約 {id} により {resource} は {node} で動作できません。先に削除してください（crm_resource --clear -r {resource}）。",
	}},
	SWO024: {kind: Information, text: text{
		"{node} replicates from address {address}, not from its D-LAN address {expected}.",
		"{node} のレプリケーション接続元が D-LAN のアドレス {expected} ではなく {address} です。",
	}},
	SWO025: {kind: Information, text: text{
		"{name} of {node} is {a}, less than {b} of the other node: it could not become {STB}.",
		"{node} の {name}（{a}）が相手ノード（{b}）より小さいため、{STB} になれません。",
	}},
	SWO026: {kind: Error, exit: 3, text: text{
		"CHECKPOINT did not reach {node}. Nothing was changed.",
		"CHECKPOINT が {node} まで完了しませんでした。変更は行っていません。",
	}},
	SWO041: {kind: Error, exit: 1, text: text{
		"{PRI} could not be stopped. Nothing was switched; monitoring is on again.",
		"{PRI} を停止できませんでした。切り替えは行わず、監視を再開しました。",
	}},
	SWO042: {kind: Error, exit: 1, text: text{
		"{STB} did not receive the last WAL ({a} < {b}). {PRI} was started again.",
		"{STB} が最後の WAL を受信していません（{a} < {b}）。元の {PRI} を再開しました。",
	}},
	SWO043: {kind: Error, exit: 1, text: text{
		"Maintenance mode could not be switched off. Run at once: {cmd}",
		"メンテナンスモードを解除できませんでした。直ちに実行してください: {cmd}",
	}},
	SWO044: {kind: Error, exit: 1, text: text{
		"Nothing was switched, but PostgreSQL on {node} could not be started again. Pacemaker is in charge and may fail over.",
		"切り替えは行っていませんが、{node} の PostgreSQL を再開できませんでした。Pacemaker の制御に戻したため、フェイルオーバする場合があります。",
	}},
	SWO045: {kind: Information, text: text{
		"Interrupted. Nothing was switched; {node} is serving as {PRI} again.",
		"中断しました。切り替えは行わず、{node} が {PRI} として稼働を再開しました。",
	}},
	SWO046: {kind: Error, exit: 1, text: text{
		"Nothing was switched; {node} is serving as {PRI} again.",
		"切り替えは行わず、{node} が {PRI} として稼働を再開しました。",
	}},
	SWO047: {kind: Information, text: text{
		"The roles were already exchanged: {PRI} is {node}. If {other} is no {STB} yet, start it there.",
		"役割は既に入れ替わっています（{PRI} は {node}）。{other} が {STB} になっていない場合は、{other} で起動してください。",
	}},
	SWO051: {kind: Error, exit: 5, text: text{
		"Not ready within {sec} s: {list}",
		"{sec} 秒以内に完了しませんでした: {list}",
	}},
	SWO052: {kind: Error, exit: 5, text: text{
		"Pacemaker on {node} did not stop within {sec} s. {PRI} is serving on {other}.",
		"{node} の Pacemaker が {sec} 秒以内に停止しませんでした。{PRI} は {other} で稼働中です。",
	}},
	SWO053: {kind: Error, exit: 1, text: text{
		"{node} could not rejoin. {PRI} is serving on {other}.",
		"{node} を再組み込みできませんでした。{PRI} は {other} で稼働中です。",
	}},
	SWO054: {kind: Error, exit: 1, text: text{
		"Resource {id} failed on {node}: {reason}",
		"{node} でリソース {id} が故障しました: {reason}",
	}},
	SWO060: {kind: Information, text: text{
		"**** {node} is {PRI} now ****",
		"**** {node} が {PRI} になりました ****",
	}},
	SWO061: {kind: Information, text: text{
		"**** {node} is {STB} now ****",
		"**** {node} が {STB} になりました ****",
	}},
	SWO062: {kind: Information, text: text{
		"Switchover finished. Service was interrupted for {sec} s.",
		"切り替えが完了しました（サービス停止時間 {sec} 秒）。",
	}},

	// Archive deletion.
	ARC101: {kind: Information, text: text{
		"**** 1. Preparation ****",
		"**** 1. 準備 ****",
	}},
	ARC102: {kind: Information, text: text{
		"**** 2. First WAL file needed ****",
		"**** 2. 必要な先頭 WAL の取得 ****",
	}},
	ARC103: {kind: Information, text: text{
		"**** 3. Limit ****",
		"**** 3. 削除境界の決定 ****",
	}},
	ARC104: {kind: Information, text: text{
		"**** 4. Delete ****",
		"**** 4. 削除 ****",
	}},
	ARC105: {kind: Information, text: text{
		"**** 4. Move ****",
		"**** 4. 移動 ****",
	}},
	ARC002: {kind: Error, exit: 2, text: text{
		"Give exactly one of -m and -r.",
		"-m と -r はどちらか一方だけを指定してください。",
	}},
	ARC003: {kind: Error, exit: 2, text: text{
		"Backup must be given as [host:]/path: {value}",
		"バックアップは [ホスト:]/パス の形で指定してください: {value}",
	}},
	ARC004: {kind: Error, exit: 2, text: text{
		"Not a valid host name: {value}",
		"ホスト名が正しくありません: {value}",
	}},
	ARC005: {kind: Error, exit: 2, text: text{
		"Not a valid absolute path: {value}",
		"絶対パスが正しくありません: {value}",
	}},
	ARC006: {kind: Error, exit: 2, text: text{
		"The database directory is not known. Use -D.",
		"DB クラスタの場所が分かりません。-D で指定してください。",
	}},
	ARC007: {kind: Error, exit: 3, text: text{
		"Backup directory does not exist: {path}",
		"バックアップのディレクトリがありません: {path}",
	}},
	ARC008: {kind: Error, exit: 6, text: text{
		"Cannot connect to the backup host {host}: {err}",
		"バックアップ格納先 {host} に接続できません: {err}",
	}},
	ARC009: {kind: Error, exit: 3, text: text{
		"No control data from {node}: {path}",
		"{node} の制御情報を取得できません: {path}",
	}},
	ARC010: {kind: Information, text: text{
		"No limit could be determined. Nothing to do.",
		"削除境界を決められないため、何もしません。",
	}},
	ARC011: {kind: Error, exit: 3, text: text{
		"{peer} has no database; its needs are unknown.",
		"{peer} に DB クラスタがないため、必要な WAL を判断できません。",
	}},
	ARC012: {kind: Information, text: text{
		"There is nothing to delete.",
		"削除できるファイルはありません。",
	}},
	ARC013: {kind: Error, exit: 3, text: text{
		"-f without a backup would make every base backup unusable. Use --no-backup to allow it.",
		"バックアップ指定なしの -f では既存のベースバックアップが使えなくなります。許可する場合は --no-backup を指定してください。",
	}},
	ARC014: {kind: Error, exit: 1, text: text{
		"Could not delete {name}: {err}",
		"{name} を削除できませんでした: {err}",
	}},
	ARC015: {kind: Error, exit: 3, text: text{
		"Target directory already exists: {dir}",
		"移動先が既に存在します: {dir}",
	}},
	ARC016: {kind: Error, exit: 1, text: text{
		"Could not create {dir}: {err}",
		"{dir} を作成できませんでした: {err}",
	}},
	ARC017: {kind: Error, exit: 1, text: text{
		"Could not set the owner of {dir}: {err}",
		"{dir} の所有者を変更できませんでした: {err}",
	}},
	ARC018: {kind: Error, exit: 1, text: text{
		"Could not move {name}: {err}",
		"{name} を移動できませんでした: {err}",
	}},
	ARC019: {kind: Error, exit: 3, text: text{
		"Cannot read the archive directory {dir}: {err}",
		"アーカイブディレクトリ {dir} を読めません: {err}",
	}},
	ARC020: {kind: Question, text: text{
		"Host that holds the base backup (empty: this host):",
		"ベースバックアップのあるホスト（空なら自ノード）:",
	}},
	ARC021: {kind: Question, text: text{
		"Backup {host}:{path} – correct? (y/N)",
		"バックアップは {host}:{path} でよろしいですか? (y/N)",
	}},
	ARC022: {kind: Error, exit: 4, text: text{
		"Cancelled. Nothing was deleted.",
		"取りやめました。削除は行っていません。",
	}},
	ARC023: {kind: Question, text: text{
		"No backup named: only {a} and {b} ({path}) count, and base backups taken before become unusable. Go on? (y/N)",
		"バックアップの指定がないため、{a} と {b} の DB クラスタ（{path}）だけを基準にします。取得済みのベースバックアップは使えなくなります。続行しますか? (y/N)",
	}},
	ARC024: {kind: Question, text: text{
		"Absolute path of the base backup (empty: none):",
		"ベースバックアップの絶対パス（空なら指定なし）:",
	}},
	ARC025: {kind: Information, text: text{
		"{source}: needs {name} and later",
		"{source}: {name} 以降が必要",
	}},
	ARC026: {kind: Information, text: text{
		"Limit: {name}",
		"削除境界: {name}",
	}},
	ARC027: {kind: Information, text: text{
		"to delete: {name}",
		"対象: {name}",
	}},
	ARC028: {kind: Information, text: text{
		"deleted: {name}",
		"削除: {name}",
	}},
	ARC029: {kind: Information, text: text{
		"moved: {name}",
		"移動: {name}",
	}},
	ARC030: {kind: Information, text: text{
		"{num} files ({size}) deleted from {dir}.",
		"{dir} から {num} 個（{size}）を削除しました。",
	}},
	ARC031: {kind: Information, text: text{
		"{num} files ({size}) moved to {dir}.",
		"{num} 個（{size}）を {dir} に移動しました。",
	}},
	ARC032: {kind: Information, text: text{
		"Only this node was cleaned. Run the command on {peer} as well.",
		"自ノードだけを整理しました。{peer} でも実行してください。",
	}},
	ARC033: {kind: Warning, text: text{
		"{source} holds {count} segments back.",
		"{source} のために {count} セグメントを残します。",
	}},
	ARC034: {kind: Error, exit: 3, text: text{
		"{a} and {b} belong to different databases ({x} / {y}).",
		"{a} と {b} は別のデータベースのものです（{x} / {y}）。",
	}},
	ARC035: {kind: Information, text: text{
		"Database of {node}",
		"{node} の DB クラスタ",
	}},
	ARC036: {kind: Information, text: text{
		"Replication slot {slot} of {node}",
		"{node} のレプリケーションスロット {slot}",
	}},
	ARC037: {kind: Information, text: text{
		"Rewind of {node}",
		"{node} の巻き戻し",
	}},
	ARC038: {kind: Information, text: text{
		"Backup {path}",
		"バックアップ {path}",
	}},
	ARC039: {kind: Question, text: text{
		"The database of {peer} is left out, and WAL that it needs may go. Go on? (y/N)",
		"{peer} の DB クラスタを基準に含めないため、{peer} に必要な WAL も対象になり得ます。続行しますか? (y/N)",
	}},
	ARC040: {kind: Information, text: text{
		"Interrupted after {num} files ({size}). What is left has no gap. Run the command again to go on.",
		"{num} 個（{size}）で中断しました。残りのアーカイブログに抜けはありません。続けるにはもう一度実行してください。",
	}},
	ARC041: {kind: Error, exit: 2, text: text{
		"Not the name of a WAL file: {value}",
		"WAL ファイルの名前ではありません: {value}",
	}},

	STS001: {kind: Information, text: text{
		"Healthy: {PRI} on {node}, {STB} on {standby} ({sync}).",
		"正常: {PRI} は {node}、{STB} は {standby}（{sync}）です。",
	}},
	STS002: {kind: Information, text: text{
		"Degraded: {PRI} on {node} runs alone; no {STB} can take over.",
		"縮退: {PRI} は {node} だけで動作中です。引き継げる {STB} がありません。",
	}},
	STS003: {kind: Information, text: text{
		"Degraded: {PRI} on {node}, {STB} on {standby} ({sync}); attention needed: {num}.",
		"要対処: {PRI} は {node}、{STB} は {standby}（{sync}）です。対処が必要な項目が {num} 件あります。",
	}},
	STS004: {kind: Information, text: text{
		"Down: no {PRI} is running.",
		"停止: {PRI} が動作していません。",
	}},
	STS005: {kind: Information, text: text{
		"Unknown: the cluster is stopped on {node}, and the other node cannot be seen from here.",
		"不明: {node} のクラスタは停止しており、相手ノードの状態は確認できません。",
	}},
	STS006: {kind: Information, text: text{
		"Down: the cluster is stopped on every node.",
		"停止: すべてのノードでクラスタが停止しています。",
	}},
	STS007: {kind: Information, text: text{
		"Danger: {PRI} runs on more than one node: {nodes}.",
		"危険: 複数のノードで {PRI} が動作しています: {nodes}",
	}},
	STS008: {kind: Information, text: text{
		"Degraded: PostgreSQL on {node} accepts writes, but no cluster watches over it.",
		"縮退: {node} の PostgreSQL は更新を受け付けていますが、クラスタの管理外です。",
	}},
	STS009: {kind: Information, text: text{
		"Down: no {PRI} is running yet; PostgreSQL is being started on {node}.",
		"停止中: {PRI} はまだ動作していません。{node} で起動処理中です。",
	}},
	STS010: {kind: Information, text: text{
		"Unknown: the cluster on {node} does not answer, and the other node cannot be seen from here.",
		"不明: {node} のクラスタは応答がなく、相手ノードの状態も確認できません。",
	}},
	STS011: {kind: Warning, text: text{
		"The cluster is stopped on {node}.",
		"{node} のクラスタは停止しています。",
	}},
	STS012: {kind: Warning, text: text{
		"{node} is offline: its cluster is stopped, or it cannot be reached.",
		"{node} はオフラインです。クラスタが停止しているか、通信できません。",
	}},
	STS013: {kind: Warning, text: text{
		"{node} is unclean: it has to be fenced, and the cluster waits for that. Confirm it by hand only when its power is off.",
		"{node} は unclean です。クラスタはフェンシングの完了を待っています。手動で完了とするのは、電源断を確認した場合だけにしてください。",
	}},
	STS014: {kind: Warning, text: text{
		"{node} is in standby mode: no resource may run there.",
		"{node} はスタンバイモードです。リソースは動作できません。",
	}},
	STS015: {kind: Warning, text: text{
		"{node} is in maintenance: the cluster leaves its resources alone.",
		"{node} はメンテナンス中です。クラスタはこのノードのリソースを制御しません。",
	}},
	STS016: {kind: Warning, text: text{
		"{node} is just joining or leaving the cluster.",
		"{node} はクラスタへの参加または離脱の処理中です。",
	}},
	STS017: {kind: Warning, text: text{
		"There is no quorum: the cluster starts nothing.",
		"クォーラムがありません。クラスタはリソースを起動しません。",
	}},
	STS018: {kind: Warning, text: text{
		"Maintenance mode is on: the cluster does nothing, not even when something fails.",
		"メンテナンスモードが有効です。故障が起きてもクラスタは何も行いません。",
	}},
	STS019: {kind: Warning, text: text{
		"A lock file is left on {node} ({path}): it was {PRI} before, and PostgreSQL does not start there while the file exists.",
		"{node} に起動禁止フラグ {path} が残っています。以前 {PRI} だったノードで、フラグがある間は PostgreSQL を起動できません。",
	}},
	STS025: {kind: Warning, text: text{
		"PostgreSQL runs on {node} (pid {pid}) outside of the cluster.",
		"{node} の PostgreSQL（pid {pid}）がクラスタの管理外で動作しています。",
	}},
	STS026: {kind: Warning, text: text{
		"The cluster has not elected its coordinator (DC) yet.",
		"クラスタの DC がまだ選出されていません。",
	}},
	STS027: {kind: Warning, text: text{
		"The cluster runs on {node} but does not answer: {err}",
		"{node} のクラスタは動作していますが、応答がありません: {err}",
	}},
	STS028: {kind: Warning, text: text{
		"{PRI} runs on more than one node ({nodes}): their data go different ways. Stop the one that clients do not use.",
		"複数のノード（{nodes}）で {PRI} が動作しており、データが食い違っていきます。クライアントが使用していない側を停止してください。",
	}},
	STS029: {kind: Warning, text: text{
		"{cmd} is running on {node} since {time}.",
		"{node} で {cmd} を実行中です（開始 {time}）。",
	}},
	STS030: {kind: Warning, text: text{
		"{cmd} of {time} on {node} did not finish (phase: {phase}).",
		"{time} に {node} で実行した {cmd} が途中で終わっています（段階: {phase}）。",
	}},
	STS031: {kind: Warning, text: text{
		"PostgreSQL does not run on {node}.",
		"{node} で PostgreSQL が動作していません。",
	}},
	STS032: {kind: Warning, text: text{
		"PostgreSQL on {node} is changing its state ({what}).",
		"{node} の PostgreSQL は状態遷移中です（{what}）。",
	}},
	STS033: {kind: Warning, text: text{
		"Replay is paused on {node}.",
		"{node} で WAL の再生が一時停止されています。",
	}},
	STS034: {kind: Warning, text: text{
		"{standby} is {size} behind.",
		"{standby} の再生が {size} 遅れています。",
	}},
	STS035: {kind: Warning, text: text{
		"{STB} on {node} waits for a {PRI}.",
		"{node} の {STB} は {PRI} を待っています。",
	}},
	STS036: {kind: Warning, text: text{
		"{STB} on {node} is not synchronous yet: replication is {state} ({sync}).",
		"{node} の {STB} はまだ同期していません（レプリケーション: {state}、{sync}）。",
	}},
	STS037: {kind: Warning, text: text{
		"{STB} on {node} is not connected to the {PRI}: its data may not fit, or the network is down.",
		"{node} の {STB} は {PRI} に接続していません。データの不整合、またはネットワークの障害が考えられます。",
	}},
	STS038: {kind: Warning, text: text{
		"{STB} on {node} is not synchronous ({state}).",
		"{node} の {STB} は同期していません（{state}）。",
	}},
	STS039: {kind: Warning, text: text{
		"Virtual IP {id} runs on no node.",
		"仮想 IP {id} はどのノードでも動作していません。",
	}},
	STS040: {kind: Warning, text: text{
		"Virtual IP {id} for the {STB} runs on {node}, the {PRI}, although {standby} could have it.",
		"{STB} 用の仮想 IP {id} が {PRI}（{node}）で動作しています。{standby} で動作できる状態です。",
	}},
	STS041: {kind: Warning, text: text{
		"Virtual IP {id} runs on {node}, but {PRI} is {primary}.",
		"仮想 IP {id} は {node} で動作していますが、{PRI} は {primary} です。",
	}},
	STS042: {kind: Warning, text: text{
		"{resource} on {node}: {op} failed at {time} ({why}).",
		"{node} の {resource}: {op} が {time} に失敗しました（{why}）。",
	}},
	STS043: {kind: Warning, text: text{
		"{resource} has failed on {node} (fail count {num}).",
		"{node} の {resource} に故障回数が記録されています（{num}）。",
	}},
	STS044: {kind: Warning, text: text{
		"{resource} on {node}: {op} failed ({why}).",
		"{node} の {resource}: {op} が失敗しました（{why}）。",
	}},
	STS045: {kind: Warning, text: text{
		"A command has kept {resource} off {node} (constraint {id}).",
		"コマンドによる制約 {id} が残っているため、{resource} は {node} で動作できません。",
	}},
	STS046: {kind: Warning, text: text{
		"Resource {resource} is {state}.",
		"リソース {resource} の状態が「{state}」です。",
	}},
	STS047: {kind: Warning, text: text{
		"Resource {resource} is {state} on {node}.",
		"{node} のリソース {resource} の状態が「{state}」です。",
	}},
	STS048: {kind: Warning, text: text{
		"Fencing of {node} failed at {time}.",
		"{time} に {node} のフェンシングが失敗しました。",
	}},
	STS049: {kind: Warning, text: text{
		"{node} is being fenced.",
		"{node} をフェンシング中です。",
	}},
	STS050: {kind: Warning, text: text{
		"STONITH is enabled in the configuration file but not in the cluster.",
		"設定ファイルでは STONITH が有効ですが、クラスタでは無効です。",
	}},
	STS051: {kind: Warning, text: text{
		"{path} on {node} is {pct}% full ({size} free).",
		"{node} の {path} の使用率が {pct}% です（残り {size}）。",
	}},
	STS052: {kind: Warning, text: text{
		"Archiving fails on {node}, last at {time} ({file}). WAL is kept there until it succeeds.",
		"{node} で WAL のアーカイブに失敗しています（最終失敗: {time}、{file}）。成功するまで WAL が残り続けます。",
	}},
	STS053: {kind: Warning, text: text{
		"Corosync link {links} is down (seen by {nodes}); the cluster goes on with the others.",
		"Corosync のリンク {links} が切れています（検知したノード: {nodes}）。クラスタは残りのリンクで動作しています。",
	}},
	STS054: {kind: Warning, text: text{
		"{id} ({ip}) is on more than one node: the cluster runs it on {node}, and {other} has it too.",
		"{id}（{ip}）が複数のノードにあります。クラスタは {node} で起動していますが、{other} にも残っています。",
	}},
	STS055: {kind: Warning, text: text{
		"Commits on {node} wait for the {STB}: {num}, the longest for {sec} s.",
		"{node} でコミットが {STB} の応答を待っています（{num} 件、最長 {sec} 秒）。",
	}},
	STS056: {kind: Warning, text: text{
		"Commits on {node} were cancelled while they waited for the {STB} ({num} in the end of the server's log): they are in the database there, and perhaps nowhere else.",
		"{node} で {STB} の応答待ちのコミットが取り消されています（サーバログの末尾に {num} 件）。{node} のデータベースにはコミット済みですが、{STB} に届いていない可能性があります。",
	}},
	STS057: {kind: Warning, text: text{
		"{STB} on {node} is not connected to the {PRI}: {why}",
		"{node} の {STB} は {PRI} に接続していません: {why}",
	}},
	STS058: {kind: Warning, text: text{
		"{STB} on {node} is not promoted: its data status is {value}, so it may lack acknowledged commits.",
		"{node} の {STB} は昇格しません。data-status が {value} のため、完了済みのコミットを受信していない可能性があります。",
	}},
	STS059: {kind: Warning, text: text{
		"{STB} on {node} waits for {other}, which was the {PRI}, is not there, and may have gone on alone.",
		"{node} の {STB} は {other} を待っています。{other} は直前の {PRI} で、現在は見えず、単独で更新を続けた可能性があります。",
	}},
}
