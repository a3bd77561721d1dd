package operation

import (
	"fmt"
	"strings"

	"pgrex/internal/message"
)

const configName = "pg-rex_tools.conf"

// configKey is a key of the configuration file for its manual page.
type configKey struct {
	name string
	old  string // spellings of the old generation
	// absent is what holds where the key is not given, values what it may be.
	absent, values string
	text           both
}

// none stands for a key without a default.
const none = "-"

var configKeys = []configKey{
	{"D_LAN_IPAddress", "D-LAN_IPAddress", none, "A, B", both{
		"address of each node in the D-LAN. The peer is reached at its one. Required.",
		"各ノードの D-LAN アドレス。相手ノードへの接続に使用します。必須。"}},
	{"IC_LAN_IPAddress", "", none, "(A1, B1) [, (A2, B2)]", both{
		"addresses in the interconnect, one group for each ring. Required, except with old spellings: then corosync.conf is read.",
		"インターコネクトのアドレス。リングごとに 1 組。必須（旧表記の設定では省略でき、その場合は corosync.conf を参照します）。"}},
	{"Archive_dir", "", none, "DIR", both{
		"directory of archived WAL, the same on both nodes. Required.",
		"アーカイブログのディレクトリ（両ノード共通）。必須。"}},
	{"STONITH", "", "enable", "enable, disable", both{
		"whether the cluster has fencing. Without it a warning is shown at every start and switchover: for tests only.",
		"フェンシング（STONITH）の使用有無。disable の場合、起動と切り替えのたびに警告を表示します（試験用途のみ）。"}},
	{"IPADDR_STANDBY", "VIP_SLAVE", "enable", "enable, disable", both{
		"whether there is a virtual IP address for the standby",
		"Standby 用の仮想 IP アドレスの使用有無。"}},
	{"PGPATH", "", none, "DIR", both{
		"directory of pg_basebackup and pg_rewind, where they are not beside the pgctl of the resource",
		"pg_basebackup と pg_rewind のディレクトリ。省略時はリソースの pgctl と同じディレクトリ。"}},
	{"PEER_NODE_SSH_PASS_MODE", "", "manual", "manual, passfile, nopass", both{
		"how the password for the peer is obtained: typed, from a file, or none (public key)",
		"相手ノードの SSH パスワードの指定方法: 入力、ファイル、なし（公開鍵認証）。"}},
	{"PEER_NODE_SSH_PASS_FILE", "", none, "FILE", both{
		"the file of passfile. It has to belong to the calling user with mode 600; its first line counts.",
		"passfile の場合のファイル。所有者は実行ユーザ、パーミッションは 600 とし、先頭行にパスワードを記載します。"}},
	{"BACKUP_NODE_SSH_PASS_MODE", "", "manual", "manual, passfile, nopass", both{
		"the same for the host on which base backups are",
		"ベースバックアップを保管するノードのパスワードの指定方法（同上）。"}},
	{"BACKUP_NODE_SSH_PASS_FILE", "", none, "FILE", both{
		"the file for that host",
		"同ノードのパスワードファイル。"}},
	{"PG_REX_Primary_ResourceID", "PG_REX_Master_ResourceID, PG-REX_Master_ResourceID", "msPostgresql", "ID", both{
		"the promotable clone. Required, except with old spellings.",
		"promotable リソース（Master/Slave リソース）の ID。必須（旧表記の設定では省略可）。"}},
	{"PG_REX_Primitive_ResourceID", "PG-REX_Primitive_ResourceID", "pgsql", "ID", both{
		"the PostgreSQL resource in it. Required, except with old spellings.",
		"その中の PostgreSQL リソースの ID。必須（旧表記の設定では省略可）。"}},
	{"IPADDR_PRIMARY_ResourceID", "VIP_MASTER_ResourceID", "vip-master", "ID", both{
		"virtual IP address that clients use; waited for",
		"業務用の仮想 IP アドレスのリソース ID（起動確認の対象）。"}},
	{"IPADDR_REPLICATION_ResourceID", "VIP_REP_ResourceID", "vip-rep", "ID", both{
		"virtual IP address that the standby replicates from; waited for",
		"レプリケーション用の仮想 IP アドレスのリソース ID（起動確認の対象）。"}},
	{"IPADDR_STANDBY_ResourceID", "VIP_SLAVE_ResourceID", "vip-slave", "ID", both{
		"virtual IP address of the standby; waited for",
		"Standby 用の仮想 IP アドレスのリソース ID（起動確認の対象）。"}},
	{"PING_ResourceID", "", "clnPing", "ID, ...", both{
		"clones that watch the network; all are waited for",
		"ネットワーク監視のクローンリソースの ID（すべてが起動確認の対象）。"}},
	{"STORAGE_MON_ResourceID", "DISKD_ResourceID", "clnDiskd1, clnDiskd2", "ID, ...", both{
		"clones that watch the disks; all are waited for",
		"ディスク監視のクローンリソースの ID（すべてが起動確認の対象）。"}},
	{"STONITH_ResourceID", "", "grpStonith1, grpStonith2", "ID, ...", both{
		"fencing resources; one of them on the node is enough",
		"STONITH リソースの ID（いずれか 1 つの起動を確認）。"}},
	{"HACLUSTER_NAME", "", none, "NAME", both{
		"name for a new cluster: letters, digits, _ and -. Required, except with old spellings.",
		"新しく作成するクラスタの名前（英数字、_、-）。必須（旧表記の設定では省略可）。"}},
	{"TIMEOUT_START", "", "300", "SEC", both{
		"how long a start may take, in seconds",
		"起動を待つ時間（秒）。"}},
	{"TIMEOUT_STOP", "", "300", "SEC", both{
		"how long a stop may take",
		"停止を待つ時間（秒）。"}},
	{"TIMEOUT_PROMOTE", "", "300", "SEC", both{
		"how long a promotion may take",
		"昇格を待つ時間（秒）。"}},
	{"TIMEOUT_PGSTOP", "", "600", "SEC", both{
		"how long the old primary may take to shut down in a switchover",
		"切り替え時に元の Primary の停止を待つ時間（秒）。"}},
	{"POLL_INTERVAL", "", "0.2", "SEC", both{
		"pause between two looks at the cluster; a whole number of seconds when it is given",
		"クラスタの状態を確認する間隔（秒）。指定する場合は整数です。"}},
	{"SSH_PORT", "", "22", "PORT", both{
		"port of sshd on the peer",
		"相手ノードの sshd のポート番号。"}},
	{"SSH_USER", "", "root", "NAME", both{
		"user to log in as. For pg-rex_archivefile_delete the default is the calling user.",
		"ログインユーザ。pg-rex_archivefile_delete の既定値は実行ユーザです。"}},
	{"SSH_IDENTITY_FILE", "", none, "FILE", both{
		"private key, instead of those that ssh would use",
		"秘密鍵（指定がなければ ssh の既定のもの）。"}},
	{"SSH_KNOWN_HOSTS", "", none, "FILE", both{
		"known host keys, instead of the files of the user and of the system",
		"既知のホスト鍵のファイル（指定がなければユーザとシステムのもの）。"}},
	{"SSH_CONNECT_TIMEOUT", "", "10", "SEC", both{
		"how long a connection may take to come up",
		"接続の確立を待つ時間（秒）。"}},
	{"PEER_ADDRESS_FALLBACK", "", none, "HOST, ...", both{
		"where else the peer is tried when its D-LAN address does not answer. The default is its addresses in the interconnect.",
		"D-LAN で応答がない場合に試す、相手ノードの別のアドレス。既定値はインターコネクトのアドレスです。"}},
	{"SUDO", "", "no", "yes, no", both{
		"whether programs are run by sudo on the peer, for a SSH_USER that is not root",
		"SSH_USER が root でない場合に、相手ノードで sudo を使用するかどうか。"}},
	{"PG_OS_USER", "", none, "NAME", both{
		"user who owns the database. The default is pgdba of the resource.",
		"DB クラスタを所有する OS ユーザ。既定値はリソースの pgdba です。"}},
	{"BASEBACKUP_MAX_RATE", "", none, "N[k|M]", both{
		"limit for a base backup per second, 32k to 1024M; a number alone means kilobytes. No limit by default.",
		"ベースバックアップの転送速度の上限（毎秒、32k～1024M、単位なしは KB）。既定値は無制限です。"}},
	{"ARCHIVE_MAX_RATE", "", none, "N[k|M]", both{
		"the same for the copy of archived WAL",
		"アーカイブログのコピーの上限（同上）。"}},
	{"BASEBACKUP_CHECKPOINT", "", "fast", "fast, spread", both{
		"checkpoint at the beginning of a base backup",
		"ベースバックアップ開始時のチェックポイントの種類。"}},
	{"ARCHIVE_KEEP_SEGMENTS", "", "0", "N", both{
		"segments that pg-rex_archivefile_delete keeps beyond those that are needed",
		"pg-rex_archivefile_delete で、必要な分より多く残すセグメント数。"}},
	{"LOG_FILE", "", defaultLog, "FILE", both{
		"log file",
		"ログファイル。"}},
}

// configPage is pg-rex_tools.conf(5).
func configPage(p message.Printer) string {
	r := newPage(p, configName, "5")
	r.section(manName)
	fmt.Fprintf(r, "%s \\- %s\n", roffText(configName), roffText(both{"configuration of the PG-REX operation commands", "PG-REX 運用コマンドの設定ファイル"}.in(p)))
	r.section(manSynopsis)
	r.WriteString(italic(defaultConfig) + "\n")
	r.section(manDescription)
	r.text(both{
		"The file is the same on both nodes: which addresses are whose is found by comparing them with those of the machine. " +
			"A line is KEY = VALUE; # begins a comment, except in double quotes. Lists are separated by commas. " +
			"A key without a value counts as absent, and of a repeated one the last counts. The file is UTF-8. " +
			"All mistakes are reported at once, and a key that does not exist is warned of.\n\n" +
			"The spellings of the tools up to PG-REX 11 are known. When one is used, the words in messages are Master and Slave, " +
			"and resources that are not named are those of the published definition, as far as the cluster has them.",
		"両ノードに同じファイルを配置します。どのアドレスが自ノードのものかは、実際のアドレスとの比較で判断します。" +
			"各行は「キー = 値」で、# 以降はコメントです（二重引用符の中を除く）。リストはカンマで区切ります。" +
			"値のないキーは指定がないものとみなし、同じキーが複数ある場合は最後のものが有効です。文字コードは UTF-8 です。" +
			"誤りはまとめて報告し、存在しないキーには警告を表示します。\n\n" +
			"PG-REX 11 までの表記も使用できます。その場合、メッセージ中の呼び方は Master／Slave となり、指定のないリソース ID には、" +
			"公開されている定義のもの（クラスタに存在する場合）を使用します。",
	})
	r.section(both{"KEYS", "キー"})
	for _, k := range configKeys {
		r.item(bold(k.name)+" = "+italic(k.values), k.text)
		if k.old != "" {
			fmt.Fprintf(r, ".br\n%s: %s\n", both{"Old spelling", "旧表記"}.in(p), roffText(k.old))
		}
		if k.absent != none {
			fmt.Fprintf(r, ".br\n%s: %s\n", k.absentTitle().in(p), roffText(k.absent))
		}
	}
	seeAlso(r, configName)
	return r.String()
}

// absentTitle says when the default holds.
func (k configKey) absentTitle() both {
	if strings.HasSuffix(k.name, "_ResourceID") {
		return both{"Default with old spellings", "旧表記の設定での既定値"}
	}
	return both{"Default", "既定値"}
}
