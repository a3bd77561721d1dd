package message

// The texts of doctor's checks. The digits are the number of the check, 000 for
// texts that several checks use. The letter says what a text is for: A to L what
// was found, M to S how it is cured, T to W why it matters, X to Z what is
// expected. DRU are the reasons why something is not known, and from 900 on are
// the errors of the command itself; their numbers are no checks.
const (
	DRU001 ID = "DRU-001"
	DRU002 ID = "DRU-002"
	DRU003 ID = "DRU-003"
	DRU005 ID = "DRU-005"
	DRU006 ID = "DRU-006"
	DRU007 ID = "DRU-007"
	DRU008 ID = "DRU-008"
	DRU009 ID = "DRU-009"
	DRU011 ID = "DRU-011"
	DRA900 ID = "DRA-900"
	DRA901 ID = "DRA-901"

	DRA000 ID = "DRA-000"
	DRB000 ID = "DRB-000"
	DRM000 ID = "DRM-000"
	DRN000 ID = "DRN-000"
	DRP000 ID = "DRP-000"
	DRQ000 ID = "DRQ-000"

	DRA001 ID = "DRA-001"
	DRB001 ID = "DRB-001"
	DRC001 ID = "DRC-001"
	DRD001 ID = "DRD-001"
	DRM001 ID = "DRM-001"
	DRN001 ID = "DRN-001"
	DRO001 ID = "DRO-001"
	DRV001 ID = "DRV-001"
	DRW001 ID = "DRW-001"
	DRX001 ID = "DRX-001"

	DRW002 ID = "DRW-002"

	DRW003 ID = "DRW-003"

	DRB004 ID = "DRB-004"
	DRW004 ID = "DRW-004"

	DRW005 ID = "DRW-005"

	DRW006 ID = "DRW-006"

	DRW007 ID = "DRW-007"

	DRA008 ID = "DRA-008"
	DRB008 ID = "DRB-008"
	DRC008 ID = "DRC-008"
	DRD008 ID = "DRD-008"
	DRE008 ID = "DRE-008"
	DRM008 ID = "DRM-008"
	DRV008 ID = "DRV-008"
	DRW008 ID = "DRW-008"
	DRX008 ID = "DRX-008"
	DRY008 ID = "DRY-008"

	DRA009 ID = "DRA-009"
	DRB009 ID = "DRB-009"
	DRW009 ID = "DRW-009"
	DRX009 ID = "DRX-009"

	DRA010 ID = "DRA-010"
	DRM010 ID = "DRM-010"
	DRV010 ID = "DRV-010"
	DRW010 ID = "DRW-010"
	DRX010 ID = "DRX-010"

	DRA011 ID = "DRA-011"
	DRB011 ID = "DRB-011"
	DRW011 ID = "DRW-011"
	DRX011 ID = "DRX-011"

	DRW012 ID = "DRW-012"

	DRW013 ID = "DRW-013"
	DRX013 ID = "DRX-013"

	DRW014 ID = "DRW-014"

	DRW015 ID = "DRW-015"

	DRW016 ID = "DRW-016"

	DRW017 ID = "DRW-017"

	DRW018 ID = "DRW-018"

	DRW019 ID = "DRW-019"

	DRA020 ID = "DRA-020"
	DRV020 ID = "DRV-020"
	DRW020 ID = "DRW-020"
	DRX020 ID = "DRX-020"

	DRA021 ID = "DRA-021"
	DRW021 ID = "DRW-021"
	DRX021 ID = "DRX-021"

	DRA022 ID = "DRA-022"
	DRW022 ID = "DRW-022"
	DRX022 ID = "DRX-022"

	DRA023 ID = "DRA-023"
	DRM023 ID = "DRM-023"
	DRW023 ID = "DRW-023"
	DRX023 ID = "DRX-023"

	DRA024 ID = "DRA-024"
	DRW024 ID = "DRW-024"
	DRX024 ID = "DRX-024"

	DRA025 ID = "DRA-025"
	DRB025 ID = "DRB-025"
	DRC025 ID = "DRC-025"
	DRM025 ID = "DRM-025"
	DRN025 ID = "DRN-025"
	DRV025 ID = "DRV-025"
	DRW025 ID = "DRW-025"
	DRX025 ID = "DRX-025"
	DRY025 ID = "DRY-025"

	DRA026 ID = "DRA-026"
	DRW026 ID = "DRW-026"
	DRX026 ID = "DRX-026"

	DRA027 ID = "DRA-027"
	DRM027 ID = "DRM-027"
	DRW027 ID = "DRW-027"
	DRX027 ID = "DRX-027"

	DRA028 ID = "DRA-028"
	DRM028 ID = "DRM-028"
	DRN028 ID = "DRN-028"
	DRW028 ID = "DRW-028"
	DRX028 ID = "DRX-028"

	DRW029 ID = "DRW-029"

	DRA030 ID = "DRA-030"
	DRB030 ID = "DRB-030"
	DRC030 ID = "DRC-030"
	DRM030 ID = "DRM-030"
	DRW030 ID = "DRW-030"
	DRX030 ID = "DRX-030"

	DRA031 ID = "DRA-031"
	DRB031 ID = "DRB-031"
	DRC031 ID = "DRC-031"
	DRM031 ID = "DRM-031"
	DRV031 ID = "DRV-031"
	DRW031 ID = "DRW-031"
	DRX031 ID = "DRX-031"

	DRA032 ID = "DRA-032"
	DRB032 ID = "DRB-032"
	DRM032 ID = "DRM-032"
	DRW032 ID = "DRW-032"
	DRX032 ID = "DRX-032"

	DRA033 ID = "DRA-033"
	DRB033 ID = "DRB-033"
	DRC033 ID = "DRC-033"
	DRD033 ID = "DRD-033"
	DRM033 ID = "DRM-033"
	DRN033 ID = "DRN-033"
	DRW033 ID = "DRW-033"
	DRX033 ID = "DRX-033"

	DRA034 ID = "DRA-034"
	DRB034 ID = "DRB-034"
	DRC034 ID = "DRC-034"
	DRD034 ID = "DRD-034"
	DRW034 ID = "DRW-034"
	DRX034 ID = "DRX-034"

	DRA035 ID = "DRA-035"
	DRM035 ID = "DRM-035"
	DRW035 ID = "DRW-035"
	DRX035 ID = "DRX-035"

	DRA036 ID = "DRA-036"
	DRB036 ID = "DRB-036"
	DRC036 ID = "DRC-036"
	DRD036 ID = "DRD-036"
	DRE036 ID = "DRE-036"
	DRF036 ID = "DRF-036"
	DRG036 ID = "DRG-036"
	DRM036 ID = "DRM-036"
	DRN036 ID = "DRN-036"
	DRO036 ID = "DRO-036"
	DRP036 ID = "DRP-036"
	DRQ036 ID = "DRQ-036"
	DRT036 ID = "DRT-036"
	DRV036 ID = "DRV-036"
	DRW036 ID = "DRW-036"
	DRX036 ID = "DRX-036"
	DRY036 ID = "DRY-036"
	DRZ036 ID = "DRZ-036"

	DRA037 ID = "DRA-037"
	DRM037 ID = "DRM-037"
	DRW037 ID = "DRW-037"
	DRX037 ID = "DRX-037"

	DRA038 ID = "DRA-038"
	DRB038 ID = "DRB-038"
	DRC038 ID = "DRC-038"
	DRM038 ID = "DRM-038"
	DRW038 ID = "DRW-038"
	DRX038 ID = "DRX-038"

	DRA039 ID = "DRA-039"
	DRB039 ID = "DRB-039"
	DRW039 ID = "DRW-039"
	DRX039 ID = "DRX-039"

	DRA040 ID = "DRA-040"
	DRM040 ID = "DRM-040"
	DRW040 ID = "DRW-040"
	DRX040 ID = "DRX-040"

	DRA041 ID = "DRA-041"
	DRM041 ID = "DRM-041"
	DRW041 ID = "DRW-041"
	DRX041 ID = "DRX-041"

	DRA042 ID = "DRA-042"
	DRB042 ID = "DRB-042"
	DRM042 ID = "DRM-042"
	DRW042 ID = "DRW-042"
	DRX042 ID = "DRX-042"

	DRA043 ID = "DRA-043"
	DRM043 ID = "DRM-043"
	DRW043 ID = "DRW-043"
	DRX043 ID = "DRX-043"

	DRA044 ID = "DRA-044"
	DRM044 ID = "DRM-044"
	DRW044 ID = "DRW-044"
	DRX044 ID = "DRX-044"

	DRA045 ID = "DRA-045"
	DRM045 ID = "DRM-045"
	DRW045 ID = "DRW-045"
	DRX045 ID = "DRX-045"

	DRA046 ID = "DRA-046"
	DRB046 ID = "DRB-046"
	DRM046 ID = "DRM-046"
	DRW046 ID = "DRW-046"
	DRX046 ID = "DRX-046"

	DRA047 ID = "DRA-047"
	DRM047 ID = "DRM-047"
	DRW047 ID = "DRW-047"
	DRX047 ID = "DRX-047"
)

// doctorMessages are those of doctor, the checks of the cluster definition and
// of the operating system apart.
var doctorMessages = map[ID]entry{
	DRU001: {text: text{"PostgreSQL is stopped", "PostgreSQL が停止している"}},
	DRU002: {text: text{"Pacemaker is stopped", "Pacemaker が停止している"}},
	DRU003: {text: text{"{node} cannot be asked: {err}", "{node} の情報を取得できない: {err}"}},
	DRU005: {text: text{"it was not looked for", "調べていない"}},
	DRU006: {text: text{"root is needed to find it out", "root 権限がないため調べられない"}},
	DRU007: {text: text{"there is no cluster definition: {err}", "クラスタの定義がない: {err}"}},
	DRU008: {text: text{"the configuration file says nothing of it: {path}", "設定ファイルに指定がない: {path}"}},
	DRU009: {text: text{"another server answers at the socket (pid {pid})", "ソケットに応答したのは別のサーバ（pid {pid}）"}},
	DRU011: {text: text{"the D-LAN addresses of the nodes are not known", "D-LAN アドレスが分からない"}},

	DRA900: {kind: Error, exit: 1, text: text{"The cluster definition {path} cannot be read.", "クラスタ定義ファイル {path} を読み込めません。"}},
	DRA901: {kind: Error, exit: 1, text: text{"Invalid value for {opt}: {value}", "{opt} の値が正しくありません: {value}"}},

	DRA000: {text: text{"{name} is {value} ({where})", "{name} が {value} になっている（{where}）"}},
	DRB000: {text: text{"{name} is {value} (the default)", "{name} が {value} になっている（既定値）"}},
	DRM000: {text: text{"set {line} in {file} on both nodes, then run on each: {command}", "両ノードの {file} に {line} を設定し、各ノードで実行: {command}"}},
	DRN000: {text: text{"set {line} in {file} on both nodes; it takes effect when PostgreSQL is started again", "両ノードの {file} に {line} を設定する（PostgreSQL の次回起動時に有効になる）"}},
	DRP000: {text: text{"on the primary: {command}", "{PRI} で実行: {command}"}},
	DRQ000: {text: text{"in a maintenance window, because the resource may be restarted: {command}", "リソースが再起動することがあるため、保守時間帯に実行: {command}"}},

	DRA001: {text: text{"{path} cannot be used: {err}", "{path} を実行できない: {err}"}},
	DRB001: {text: text{"the data directory is of PostgreSQL {release}", "データディレクトリが PostgreSQL {release} のもの"}},
	DRC001: {text: text{"{path} is of PostgreSQL {version}, the data directory of {release}", "{path} は PostgreSQL {version}、データディレクトリは {release} のもの"}},
	DRD001: {text: text{"PostgreSQL is {a} on {node} and {b} on {other}", "PostgreSQL のバージョンが {node} では {a}、{other} では {b}"}},
	DRM001: {text: text{"correct the parameter {param} of the resource, or install that release on {node}", "リソースのパラメータ {param} を修正するか、{node} に正しいバージョンをインストールする"}},
	DRN001: {text: text{"move the database to a supported release (pg_upgrade, pg_dump)", "サポート対象のバージョンへ移行する（pg_upgrade、pg_dump）"}},
	DRO001: {text: text{"bring both nodes to the newer minor release, the standby first", "両ノードを新しい方のマイナーバージョンに揃える（{STB} 側から）"}},
	DRV001: {text: text{"Nodes that differ in the minor release work together, but a failover then changes the behaviour as well.", "マイナーバージョンが異なると、フェイルオーバー時に動作まで変わることがある。"}},
	DRW001: {text: text{"Programs of another release cannot start or rewind this data, so the next start fails.", "メジャーバージョンの異なるプログラムではデータを扱えず、次回の起動に失敗する。"}},
	DRX001: {text: text{"PostgreSQL 9.6 to 18, the same release on both nodes, programs and data of one major release", "PostgreSQL 9.6～18。両ノードで同じバージョン、プログラムとデータのメジャーバージョンが一致"}},

	DRW002: {text: text{"WAL of a lower level is not enough for a standby, which then refuses to start.", "この wal_level の WAL では {STB} を構築できず、{STB} の起動に失敗する。"}},

	DRW003: {text: text{"The agent's monitor cannot query a standby that takes no connections, and counts it as failed.", "接続を受け付けない {STB} には監視のための問い合わせができず、監視が失敗する。"}},

	DRB004: {text: text{"{statement} = {value} is stored", "{statement} = {value} が設定されている"}},
	DRW004: {text: text{"With it, a transaction that was acknowledged to the client can be lost at a failover.", "コミット完了をクライアントに返したトランザクションが、フェイルオーバー時に失われるおそれがある。"}},

	DRW005: {text: text{"A crash of the operating system can then destroy the database.", "OS のクラッシュ時にデータベースが破損するおそれがある。"}},

	DRW006: {text: text{"The postmaster would restart by itself after a crash of a backend, behind the back of Pacemaker.", "バックエンドの異常終了時に、Pacemaker の関知しないところで postmaster が自動的に再起動してしまう。"}},

	DRW007: {text: text{"Without a complete archive on both nodes, a new primary may be unable to serve a node that comes back.", "両ノードに完全なアーカイブがないと、新しい {PRI} から復帰ノードへ WAL を提供できないことがある。"}},

	DRA008: {text: text{"cannot tell where archive_command copies to: {command}", "archive_command のコピー先を判別できない: {command}"}},
	DRB008: {text: text{"archive_command is a plain cp", "archive_command が cp のみ"}},
	DRC008: {text: text{"the archive directory {path} does not exist", "アーカイブディレクトリ {path} がない"}},
	DRD008: {text: text{"the archive directory {path} belongs to uid {uid}", "アーカイブディレクトリ {path} の所有者が uid {uid}"}},
	DRE008: {text: text{"user {user} cannot write to the archive directory {path}", "ユーザ {user} がアーカイブディレクトリ {path} に書き込めない"}},
	DRM008: {text: text{"optional: an archive_command that copies to a temporary name, syncs and renames, such as the archive helper of this product", "任意: 一時名へのコピー、同期、改名を行う archive_command（本製品のアーカイブ用コマンドなど）に変更する"}},
	DRV008: {text: text{"cp overwrites a file of the same name and leaves the copy in memory, where a power failure loses it.", "cp は同名のファイルを上書きし、ディスクへの同期も行わないため、電源断でアーカイブを失うことがある。"}},
	DRW008: {text: text{"WAL that cannot be archived fills the WAL directory until the server stops.", "アーカイブできない WAL が WAL ディレクトリに溜まり、容量を使い切るとサーバが停止する。"}},
	DRX008: {text: text{"a command that copies into {dir}", "{dir} へコピーするコマンド"}},
	DRY008: {text: text{"a copy that is synced and never overwrites another file", "同期を行い、別内容の既存ファイルを上書きしないコピー"}},

	DRA009: {text: text{"archive_command ({archive}) and restore_command ({restore}) do not fit together", "archive_command（{archive}）と restore_command（{restore}）が対応していない"}},
	DRB009: {text: text{"cannot tell the places of archive_command ({archive}) and restore_command ({restore})", "archive_command（{archive}）または restore_command（{restore}）のファイル名を判別できない"}},
	DRW009: {text: text{"A standby that needs archived WAL does not find it, or gets a compressed file that it cannot read.", "{STB} が必要なアーカイブ WAL を見つけられない、または圧縮されたまま取り出してしまい、レプリケーションを再開できない。"}},
	DRX009: {text: text{"a restore_command that reads {path}", "{path} を読み取る restore_command"}},

	DRA010: {text: text{"{name} is set in {where}", "{where} で {name} が設定されている"}},
	DRM010: {text: text{"remove the line {where}", "{where} の行を削除する"}},
	DRV010: {text: text{"postgresql.auto.conf is read last and silently replaces what the resource agent sets: commits stop being synchronous, or hang.", "postgresql.auto.conf は最後に読み込まれてリソースエージェントの設定を無効にするため、コミットが同期されなくなるか、応答しなくなる。"}},
	DRW010: {text: text{"It takes the place of what the resource agent writes, so the next start fails or the standby follows the wrong server.", "リソースエージェントの設定より優先されるため、次回の起動に失敗するか、{STB} が誤った接続先に追従する。"}},
	DRX010: {text: text{"set by the resource agent only", "リソースエージェントだけが設定する"}},

	DRA011: {text: text{"{name} is set in {where}, after the include lines of the resource agent", "{where}（リソースエージェントの include 行より後）で {name} が設定されている"}},
	DRB011: {text: text{"{path} is included once more in {where}", "{where} で {path} が重複して include されている"}},
	DRW011: {text: text{"The last line of a name holds, so the setting of the resource agent has no effect.", "同じ名前の設定は最後の行が有効になるため、リソースエージェントの設定が効かない。"}},
	DRX011: {text: text{"one include line of the resource agent for each of its files, at the end", "リソースエージェントの include 行がファイルごとに 1 行、末尾にある"}},

	DRW012: {text: text{"Only '*' includes the virtual IPs, which come and go while the server runs.", "サーバの稼働中に付け替わる仮想 IP で接続を受け付けるには '*' が必要になる。"}},

	DRW013: {text: text{"The resource agent looks for the server at another port, and takes a running server for a failed one.", "リソースエージェントが別のポートに接続するため、稼働中のサーバを故障と判断する。"}},
	DRX013: {text: text{"port = {port}, the pgport of the resource", "port = {port}（リソースの pgport と同じ値）"}},

	DRW014: {text: text{"A standby and a base backup with its WAL stream need three senders.", "{STB} とベースバックアップ（WAL ストリーム込み）で WAL sender を 3 つ使う。"}},

	DRW015: {text: text{"Replay cancels queries on the standby that it conflicts with.", "{STB} での問い合わせが、WAL の再生と競合したときに取り消される。"}},

	DRW016: {text: text{"Without feedback, long queries on the standby conflict with replay, and a promotion has to wait for them.", "{STB} の長い問い合わせが WAL の再生と競合し、昇格が遅れる原因になる。"}},

	DRW017: {text: text{"A standby that has vanished holds up commits until it is noticed, and one that reports too rarely is taken for dead.", "故障した {STB} の検知が遅れるとコミットが待たされ、逆に応答間隔が長すぎると正常な {STB} が切断される。"}},

	DRW018: {text: text{"A standby whose primary has vanished does not notice it.", "{PRI} が故障しても {STB} が検知できない。"}},

	DRW019: {text: text{"A standby that was away for a moment finds its WAL gone and needs the archive.", "短時間停止しただけの {STB} でも必要な WAL が残っておらず、アーカイブからの取得が必要になる。"}},

	DRA020: {text: text{"the replication slot {slot} is not used and keeps {size} of WAL", "使われていないレプリケーションスロット {slot} が WAL を {size} 保持している"}},
	DRV020: {text: text{"With replication_slot_name each node needs slots, and a dead standby must not fill the WAL directory.", "replication_slot_name を使う場合は両ノードにスロットが必要で、停止した {STB} のために WAL が溜まり続けないよう上限も必要になる。"}},
	DRW020: {text: text{"The server keeps WAL for it until the WAL directory is full.", "スロットのために WAL が削除されず、WAL ディレクトリの容量を使い切るおそれがある。"}},
	DRX020: {text: text{"no physical slot that nobody uses", "使われていない物理スロットがない"}},

	DRA021: {text: text{"neither data checksums nor wal_log_hints", "データチェックサムと wal_log_hints がどちらも無効"}},
	DRW021: {text: text{"pg_rewind refuses such data, and a former primary can come back by a base backup only.", "pg_rewind を使えず、旧 {PRI} の復帰にベースバックアップが必要になる。"}},
	DRX021: {text: text{"initdb --data-checksums, or wal_log_hints = on", "initdb --data-checksums または wal_log_hints = on"}},

	DRA022: {text: text{"{name} is {a}, and {b} on {other}", "{name} が {a}（{other} では {b}）"}},
	DRW022: {text: text{"A standby with a smaller value than its primary does not start, or pauses replay.", "{PRI} より小さい値の {STB} は起動できないか、WAL の再生が止まる。"}},
	DRX022: {text: text{"the same value on both nodes", "両ノードで同じ値"}},

	DRA023: {text: text{"{name} is {a} on {node} and {b} on {other}", "{name} が {node} では {a}、{other} では {b}"}},
	DRM023: {text: text{"give {name} one value in {file} on both nodes", "両ノードの {file} で {name} を同じ値にする"}},
	DRW023: {text: text{"After a failover the other settings are in force.", "フェイルオーバー後に設定が変わってしまう。"}},
	DRX023: {text: text{"the same value on both nodes", "両ノードで同じ値"}},

	DRA024: {text: text{"unix_socket_directories is {value} ({where}), the parameter socketdir of the resource is {given}", "unix_socket_directories が {value}（{where}）、リソースのパラメータ socketdir が {given}"}},
	DRW024: {text: text{"The resource agent does not find the socket, and refuses to start the server.", "リソースエージェントがソケットを見つけられず、サーバの起動を拒否する。"}},
	DRX024: {text: text{"socketdir names one of these directories", "socketdir にこのディレクトリのいずれかを指定"}},

	DRA025: {text: text{"the configuration file {path} does not exist", "設定ファイル {path} がない"}},
	DRB025: {text: text{"data_directory is {value} ({where}), the pgdata of the resource is {data}", "data_directory が {value}（{where}）、リソースの pgdata が {data}"}},
	DRC025: {text: text{"{name} is {a} on {node} and {b} on {other}", "{name} が {node} では {a}、{other} では {b}"}},
	DRM025: {text: text{"put {path} back, or name the right file with the parameter config", "{path} を復元するか、パラメータ config に正しいファイルを指定する"}},
	DRN025: {text: text{"give {name} the same value on both nodes and copy the file", "両ノードの {name} を同じ値にし、ファイルを複製する"}},
	DRV025: {text: text{"A base backup copies what is in the data directory, and nothing outside of it.", "ベースバックアップで複製されるのはデータディレクトリ内だけで、外にあるファイルは複製されない。"}},
	DRW025: {text: text{"The resource agent starts the server with these files, so the start fails or another database is started.", "リソースエージェントはこのファイルでサーバを起動するため、起動に失敗するか、別のデータベースが起動する。"}},
	DRX025: {text: text{"the parameters config and pgdata name the files of this server", "パラメータ config と pgdata がこのサーバのファイルを指す"}},
	DRY025: {text: text{"the same place on both nodes", "両ノードで同じ場所"}},

	DRA026: {text: text{"{path} exists, which PostgreSQL {release} does not know", "PostgreSQL {release} では使われない {path} がある"}},
	DRW026: {text: text{"The server refuses to start with it, or does not become a standby.", "サーバが起動を拒否するか、{STB} として起動しない。"}},
	DRX026: {text: text{"recovery.conf before release 12 only, standby.signal from 12 on only", "recovery.conf は 11 以前、standby.signal は 12 以降だけ"}},

	DRA027: {text: text{"{name} has a new value that waits for a restart; {value} is in effect", "{name} の変更が再起動待ち（現在の値は {value}）"}},
	DRM027: {text: text{"restart PostgreSQL in a maintenance window: crm resource restart {resource}", "保守時間帯に PostgreSQL を再起動する: crm resource restart {resource}"}},
	DRW027: {text: text{"The value changes at the next failover, when nobody expects it.", "次のフェイルオーバー時に、意図せず設定が切り替わる。"}},
	DRX027: {text: text{"the files and the running server agree", "ファイルと稼働中のサーバの設定が一致"}},

	DRA028: {text: text{"{where}: {err}", "{where}: {err}"}},
	DRM028: {text: text{"correct or remove the line {where}", "{where} の行を修正または削除する"}},
	DRN028: {text: text{"replace the line {where} by: {line}", "{where} の行を次の行に置き換える: {line}"}},
	DRW028: {text: text{"The server does not start with it.", "この行があるとサーバが起動しない。"}},
	DRX028: {text: text{"no line that the server refuses", "サーバが受け付けない行がない"}},

	DRW029: {text: text{"A standby that replays with a delay takes that long to be promoted.", "WAL の再生を遅らせた {STB} は、その分だけ昇格に時間がかかる。"}},

	DRA030: {text: text{"no rule of pg_hba.conf lets {user} in from {address} for replication", "{address} からの {user} のレプリケーション接続を許可する pg_hba.conf の行がない"}},
	DRB030: {text: text{"the first rule for replication from {address} refuses it: {where}: {rule}", "{address} からのレプリケーション接続に最初に一致する行が拒否している: {where}: {rule}"}},
	DRC030: {text: text{"only the server can tell whether the rule is meant for {address}: {where}: {rule}", "{address} に一致するか判別できない行がある: {where}: {rule}"}},
	DRM030: {text: text{"put this line before other rules of replication in {file} on both nodes: {line}; then run: {command}", "両ノードの {file} で、レプリケーションの他の行より前に次の行を追加: {line}。その後に実行: {command}"}},
	DRW030: {text: text{"The standby cannot connect, and no base backup can be taken.", "{STB} が接続できず、ベースバックアップも取得できない。"}},
	DRX030: {text: text{"the first rule that matches lets the replication role in from both D-LAN addresses", "最初に一致する行が、両ノードの D-LAN アドレスからのレプリケーション接続を許可する"}},

	DRA031: {text: text{"replication needs no password: {where}: {rule}", "レプリケーション接続にパスワードが不要な設定: {where}: {rule}"}},
	DRB031: {text: text{"{where} asks for {method}, the password is stored as {stored}", "{where} の認証方式は {method}、保存されているパスワードの形式は {stored}"}},
	DRC031: {text: text{"{where} asks for {method}, and {user} has no password", "{where} の認証方式は {method}、{user} にパスワードがない"}},
	DRM031: {text: text{"set the password again on the primary: psql, then {statement}", "{PRI} でパスワードを設定し直す: psql で {statement}"}},
	DRV031: {text: text{"Whoever has that address can read the whole database.", "このアドレスを使える者は誰でもデータベース全体を読み出せる。"}},
	DRW031: {text: text{"The server cannot check the password that way, and refuses every standby.", "この方式ではパスワードを照合できず、{STB} の接続がすべて拒否される。"}},
	DRX031: {text: text{"md5 or scram-sha-256, and a password that is stored for it", "md5 または scram-sha-256 と、それに対応する形式のパスワード"}},

	DRA032: {text: text{"the server does not let {user} in: {err}", "サーバが {user} の接続を拒否した: {err}"}},
	DRB032: {text: text{"pg_hba.conf does not let {user} in over the socket without a password: {rule}", "pg_hba.conf の設定では {user} がパスワードなしでソケット接続できない: {rule}"}},
	DRM032: {text: text{"put before other local rules of pg_hba.conf on both nodes: {line}", "両ノードの pg_hba.conf で、他の local の行より前に次の行を追加: {line}"}},
	DRW032: {text: text{"The resource agent cannot look at the server, and takes it for failed.", "リソースエージェントがサーバの状態を確認できず、故障と判断する。"}},
	DRX032: {text: text{"a login over the socket without a password (peer or trust)", "パスワードなしのソケット接続（peer または trust）"}},

	DRA033: {text: text{"{path} has mode {mode}", "{path} のモードが {mode}"}},
	DRB033: {text: text{"{path} belongs to uid {uid}", "{path} の所有者が uid {uid}"}},
	DRC033: {text: text{"{path} has no line for {line}", "{path} に {line} の行がない"}},
	DRD033: {text: text{"line {first} of {path} comes before line {later} and has another password, for {line}", "{path} の {first} 行目が {later} 行目より先に一致し、パスワードが異なる（{line}）"}},
	DRM033: {text: text{"add to {path}: {line}:PASSWORD", "{path} に追加: {line}:パスワード"}},
	DRN033: {text: text{"correct or remove line {first} of {path}", "{path} の {first} 行目を修正または削除する"}},
	DRW033: {text: text{"The client ignores the file or takes the wrong password, so a standby cannot connect.", "ファイルが無視されるか誤ったパスワードが使われ、{STB} が接続できない。"}},
	DRX033: {text: text{"mode 0600, the database's user as owner, and a line for vip-rep and one for the peer's D-LAN address", "モード 0600、所有者は DB の OS ユーザ、vip-rep と相手ノードの D-LAN アドレスの行がある"}},

	DRA034: {text: text{"the replication role {user} does not exist", "レプリケーション用ロール {user} がない"}},
	DRB034: {text: text{"{user} lacks {word}", "{user} に {word} 属性がない"}},
	DRC034: {text: text{"the password of {user} has expired ({time})", "{user} のパスワードが期限切れ（{time}）"}},
	DRD034: {text: text{"{user} may have {limit} connections", "{user} の接続数の上限が {limit}"}},
	DRW034: {text: text{"The standby cannot connect, and a base backup takes two connections.", "{STB} が接続できない。ベースバックアップには 2 接続が必要。"}},
	DRX034: {text: text{"{user} with LOGIN and REPLICATION, not expired, two connections or more", "{user} に LOGIN と REPLICATION があり、期限内で、2 接続以上可能"}},

	DRA035: {text: text{"no replication connection to {address}: {err}", "{address} へのレプリケーション接続に失敗: {err}"}},
	DRM035: {text: text{"look at pg_hba.conf and the log of that server, at .pgpass of this node, and at the firewall", "接続先の pg_hba.conf とサーバログ、このノードの .pgpass、ファイアウォールを確認する"}},
	DRW035: {text: text{"A standby on this node cannot follow, and no base backup can be taken.", "このノードは {STB} として追従できず、ベースバックアップも取得できない。"}},
	DRX035: {text: text{"a replication connection to vip-rep and to the peer", "vip-rep と相手ノードへのレプリケーション接続が可能"}},

	DRA036: {text: text{"{path} does not exist", "{path} がない"}},
	DRB036: {text: text{"{path} does not lead to a directory: {target}", "{path} の先にディレクトリがない: {target}"}},
	DRC036: {text: text{"{path} belongs to uid {uid}", "{path} の所有者が uid {uid}"}},
	DRD036: {text: text{"{path} has mode {mode}", "{path} のモードが {mode}"}},
	DRE036: {text: text{"{path} lies on the other node: {source}", "{path} が相手ノードの領域にある: {source}"}},
	DRF036: {text: text{"{user} is {a} on {node} and {b} on {other}", "{user} の uid:gid が {node} では {a}、{other} では {b}"}},
	DRG036: {text: text{"{path} is {a} on {node} and {b} on {other}", "{path} の実体が {node} では {a}、{other} では {b}"}},
	DRM036: {text: text{"build it: initdb on the first node, pg-rex_standby_start on the other", "1 台目は initdb、もう 1 台は pg-rex_standby_start で構築する"}},
	DRN036: {text: text{"make the directory that {path} leads to, or correct the link", "{path} のリンク先を作成するか、リンクを修正する"}},
	DRO036: {text: text{"give {path} a disk of this node's own", "{path} を自ノードのディスクに置く"}},
	DRP036: {text: text{"give the user the same ids on both nodes and change the owner of its files", "両ノードで uid/gid を揃え、ファイルの所有者を変更する"}},
	DRQ036: {text: text{"move {path} to the same place on both nodes while the server is stopped", "サーバの停止中に、両ノードの {path} を同じ場所に移す"}},
	DRT036: {text: text{"A base backup and the archive are written to the same paths with the same ids on the other node.", "ベースバックアップとアーカイブは、相手ノードの同じパスに同じ uid/gid で書き込まれる。"}},
	DRV036: {text: text{"Until this node has data there is no standby to fail over to.", "データがない間は、フェイルオーバー先の {STB} がない。"}},
	DRW036: {text: text{"The server does not start, or both nodes depend on one disk.", "サーバが起動しない、または両ノードが 1 つのディスクに依存する。"}},
	DRX036: {text: text{"owner {user}, mode {mode}", "所有者 {user}、モード {mode}"}},
	DRY036: {text: text{"data on both nodes", "両ノードにデータがある"}},
	DRZ036: {text: text{"the same layout and ids on both nodes", "両ノードでディレクトリ構成と uid/gid が同じ"}},

	DRA037: {text: text{"{path} has {percent} % free ({size})", "{path} の空きが {percent} %（{size}）"}},
	DRM037: {text: text{"make room below {path}, or enlarge the file system", "{path} の空きを増やすか、ファイルシステムを拡張する"}},
	DRW037: {text: text{"A full disk stops the server.", "ディスクを使い切るとサーバが停止する。"}},
	DRX037: {text: text{"20 % or more", "20 % 以上"}},

	DRA038: {text: text{"{unit} is enabled", "{unit} の自動起動が有効"}},
	DRB038: {text: text{"{unit} is active", "{unit} が起動中"}},
	DRC038: {text: text{"{path} says auto", "{path} が auto"}},
	DRM038: {text: text{"hand the server over to Pacemaker in a maintenance window: systemctl stop {unit}, then start it with the cluster", "保守時間帯にサーバを Pacemaker の管理に移す: systemctl stop {unit} の後、クラスタから起動する"}},
	DRW038: {text: text{"The system would start an old primary by itself, and two servers would accept writes.", "OS の起動時に旧 {PRI} が自動起動し、2 台のサーバが同時に更新を受け付けるおそれがある。"}},
	DRX038: {text: text{"only Pacemaker starts this server", "サーバを起動するのは Pacemaker だけ"}},

	DRA039: {text: text{"processes of {data} without their postmaster: {pids}", "postmaster のない {data} のプロセス: {pids}"}},
	DRB039: {text: text{"{path} names process {pid}, which is another program", "{path} の pid {pid} は別のプログラム"}},
	DRW039: {text: text{"The next start is refused, or two servers destroy the data.", "次回の起動が拒否されるか、2 つのサーバがデータを破壊する。"}},
	DRX039: {text: text{"one server for the data directory, or none", "データディレクトリのサーバは 1 つ、または停止"}},

	DRA040: {text: text{"the data of {node} ({a}) and of {other} ({b}) are of different database clusters", "{node}（{a}）と {other}（{b}）のデータが別のデータベースクラスタのもの（システム識別子が不一致）"}},
	DRM040: {text: text{"find out which data is right, then rebuild the other node: pg-rex_standby_start there", "正しいデータを確認し、もう一方のノードを再構築する: そのノードで pg-rex_standby_start"}},
	DRW040: {text: text{"The standby can never follow, and a failover would serve other data.", "{STB} は追従できず、フェイルオーバーすると別のデータで業務を行うことになる。"}},
	DRX040: {text: text{"the same system identifier", "システム識別子が同じ"}},

	DRA041: {text: text{"the data of the nodes has diverged on timeline {timeline} at {position}", "両ノードのデータがタイムライン {timeline} の {position} で分岐している"}},
	DRM041: {text: text{"keep what the node that is given up has, then rebuild it: pg-rex_standby_start there", "破棄する側のデータを必要に応じて退避し、そのノードを再構築する: pg-rex_standby_start"}},
	DRW041: {text: text{"What only one of the nodes has would be lost when the other one is promoted.", "片方のノードだけにある更新が、もう一方の昇格で失われる。"}},
	DRX041: {text: text{"the history of the standby is part of the primary's", "{STB} の履歴が {PRI} の履歴に含まれる"}},

	DRA042: {text: text{"{path} exists and the node is no primary", "{PRI} ではないノードに {path} が残っている"}},
	DRB042: {text: text{"{path} is left of a promotion that never happened; the resource agent removes it", "昇格が行われなかったため {path} が残っている（リソースエージェントが削除する）"}},
	DRM042: {text: text{"rebuild the node (pg-rex_standby_start), or if its data is certainly the latest: rm {path}", "ノードを再構築する（pg-rex_standby_start）。データが最新と確認できる場合は rm {path}"}},
	DRW042: {text: text{"The resource agent refuses to start this server, whose data may not be the latest.", "データが最新でない可能性があるため、リソースエージェントが起動を拒否する。"}},
	DRX042: {text: text{"no lock but that of the running primary", "稼働中の {PRI} 以外に起動禁止フラグがない"}},

	DRA043: {text: text{"{name} ({where}) names {host}", "{name}（{where}）が {host} を指している"}},
	DRM043: {text: text{"replace the name in {where}", "{where} の指定を変更する"}},
	DRW043: {text: text{"After a failover it goes to a node that is no longer the primary, or is down.", "フェイルオーバー後は、{PRI} でないノードや停止中のノードを指すことになる。"}},
	DRX043: {text: text{"vip-rep ({address}), which is where the primary is", "{PRI} を指す vip-rep（{address}）"}},

	DRA044: {text: text{"archiving of {file} has failed ({time}), and nothing was archived since", "{file} のアーカイブに失敗し（{time}）、その後の成功がない"}},
	DRM044: {text: text{"look at the log of the server for the message of archive_command, and run the command by hand as the database's user", "サーバログで archive_command のメッセージを確認し、DB の OS ユーザでコマンドを手動実行する"}},
	DRW044: {text: text{"WAL piles up until the WAL directory is full, and the archive has a gap.", "WAL が溜まり続けて容量を使い切るおそれがあり、アーカイブにも欠落が生じる。"}},
	DRX044: {text: text{"the last attempt to archive succeeded", "最後のアーカイブが成功"}},

	DRA045: {text: text{"the library {name} is preloaded and not installed", "事前ロードするライブラリ {name} がインストールされていない"}},
	DRM045: {text: text{"install the extension with {name} on {node}", "{name} を含む拡張を {node} にインストールする"}},
	DRW045: {text: text{"The server does not start on this node.", "このノードではサーバが起動しない。"}},
	DRX045: {text: text{"libraries of shared_preload_libraries on both nodes", "shared_preload_libraries のライブラリが両ノードにある"}},

	DRA046: {text: text{"{path} ({name}) does not exist", "{path}（{name}）がない"}},
	DRB046: {text: text{"{path} ({name}) is gone after a reboot", "{path}（{name}）が再起動で消える"}},
	DRM046: {text: text{"put into {file}: {line}", "{file} に記述: {line}"}},
	DRW046: {text: text{"Only the start script of the distribution makes it, which PG-REX does not use.", "ディストリビューションの起動スクリプトだけが作成し、PG-REX はそれを使わない。"}},
	DRX046: {text: text{"the directory exists, and systemd-tmpfiles makes it again at boot", "ディレクトリがあり、OS 起動時に systemd-tmpfiles が再作成する"}},

	DRA047: {text: text{"a replication connection from this node itself ({address}) is let in: {where}: {rule}", "自ノード（{address}）からのレプリケーション接続が許可されている: {where}: {rule}"}},
	DRM047: {text: text{"put this line before the other rules of replication in {file} on both nodes: {line}", "両ノードの {file} で、レプリケーションの他の行より前に次の行を追加: {line}"}},
	DRW047: {text: text{"A standby that connects to vip-rep while its own node holds it would replicate from itself.", "vip-rep を自ノードが保持しているときに、自分自身からレプリケーションしてしまう。"}},
	DRX047: {text: text{"the first rule that matches it is reject", "最初に一致する行が reject"}},
}
