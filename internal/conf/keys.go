package conf

import (
	"slices"
	"strings"
)

// The keys, in the spelling of today.
const (
	keyDLAN           = "D_LAN_IPAddress"
	keyICLAN          = "IC_LAN_IPAddress"
	keyArchiveDir     = "Archive_dir"
	keyStonith        = "STONITH"
	keyStandbyIP      = "IPADDR_STANDBY"
	keyPGPath         = "PGPATH"
	keyPeerPassMode   = "PEER_NODE_SSH_PASS_MODE"
	keyPeerPassFile   = "PEER_NODE_SSH_PASS_FILE"
	keyBackupPassMode = "BACKUP_NODE_SSH_PASS_MODE"
	keyBackupPassFile = "BACKUP_NODE_SSH_PASS_FILE"
	keyPromotable     = "PG_REX_Primary_ResourceID"
	keyPrimitive      = "PG_REX_Primitive_ResourceID"
	keyPrimaryIPID    = "IPADDR_PRIMARY_ResourceID"
	keyReplicationID  = "IPADDR_REPLICATION_ResourceID"
	keyStandbyIPID    = "IPADDR_STANDBY_ResourceID"
	keyPing           = "PING_ResourceID"
	keyStorageMon     = "STORAGE_MON_ResourceID"
	keyStonithIDs     = "STONITH_ResourceID"
	keyClusterName    = "HACLUSTER_NAME"

	keyTimeoutStart   = "TIMEOUT_START"
	keyTimeoutStop    = "TIMEOUT_STOP"
	keyTimeoutPromote = "TIMEOUT_PROMOTE"
	keyTimeoutPGStop  = "TIMEOUT_PGSTOP"
	keyPollInterval   = "POLL_INTERVAL"
	keySSHPort        = "SSH_PORT"
	keySSHUser        = "SSH_USER"
	keySSHIdentity    = "SSH_IDENTITY_FILE"
	keySSHKnownHosts  = "SSH_KNOWN_HOSTS"
	keySSHTimeout     = "SSH_CONNECT_TIMEOUT"
	keyFallback       = "PEER_ADDRESS_FALLBACK"
	keySudo           = "SUDO"
	keyOSUser         = "PG_OS_USER"
	keyBackupRate     = "BASEBACKUP_MAX_RATE"
	keyArchiveRate    = "ARCHIVE_MAX_RATE"
	keyCheckpoint     = "BASEBACKUP_CHECKPOINT"
	keyKeepSegments   = "ARCHIVE_KEEP_SEGMENTS"
	keyLogFile        = "LOG_FILE"
)

// key is one setting with all its spellings.
type key struct {
	name string
	// old are the spellings that only files of the old generation have.
	old []string
	// also is a spelling that is taken and says nothing of the generation.
	also string
	// assumed are the resources that the published definition of the old
	// generation has, for files that do not name any.
	assumed []string
}

var keys = []key{
	{name: keyDLAN, old: []string{"D-LAN_IPAddress"}},
	{name: keyICLAN, also: "IC-LAN_IPAddress"},
	{name: keyArchiveDir},
	{name: keyStonith},
	{name: keyStandbyIP, old: []string{"VIP_SLAVE"}},
	{name: keyPGPath},
	{name: keyPeerPassMode},
	{name: keyPeerPassFile},
	{name: keyBackupPassMode},
	{name: keyBackupPassFile},
	{name: keyPromotable, old: []string{"PG_REX_Master_ResourceID", "PG-REX_Master_ResourceID"}, assumed: []string{"msPostgresql"}},
	{name: keyPrimitive, old: []string{"PG-REX_Primitive_ResourceID"}, assumed: []string{"pgsql"}},
	{name: keyPrimaryIPID, old: []string{"VIP_MASTER_ResourceID"}, assumed: []string{"vip-master"}},
	{name: keyReplicationID, old: []string{"VIP_REP_ResourceID"}, assumed: []string{"vip-rep"}},
	{name: keyStandbyIPID, old: []string{"VIP_SLAVE_ResourceID"}, assumed: []string{"vip-slave"}},
	{name: keyPing, assumed: []string{"clnPing"}},
	{name: keyStorageMon, old: []string{"DISKD_ResourceID"}, assumed: []string{"clnDiskd1", "clnDiskd2"}},
	{name: keyStonithIDs, assumed: []string{"grpStonith1", "grpStonith2"}},
	{name: keyClusterName},

	{name: keyTimeoutStart},
	{name: keyTimeoutStop},
	{name: keyTimeoutPromote},
	{name: keyTimeoutPGStop},
	{name: keyPollInterval},
	{name: keySSHPort},
	{name: keySSHUser},
	{name: keySSHIdentity},
	{name: keySSHKnownHosts},
	{name: keySSHTimeout},
	{name: keyFallback},
	{name: keySudo},
	{name: keyOSUser},
	{name: keyBackupRate},
	{name: keyArchiveRate},
	{name: keyCheckpoint},
	{name: keyKeepSegments},
	{name: keyLogFile},
}

// spellings are all that a file may say, today's first.
func (k key) spellings() []string {
	all := append([]string{k.name}, k.old...)
	if k.also != "" {
		all = append(all, k.also)
	}
	return all
}

// find is the key with a spelling.
func find(spelling string) (key, bool) {
	for _, k := range keys {
		if slices.Contains(k.spellings(), spelling) {
			return k, true
		}
	}
	return key{}, false
}

// nearest is the spelling that somebody may have meant. Case weighs nothing:
// it is the mistake that is easiest to make and hardest to see.
func nearest(unknown string) string {
	unknown = unknown[:min(len(unknown), 64)] // all that matters of what is no key at all
	best, least := "", -1
	for _, k := range keys {
		for _, s := range k.spellings() {
			d := distance(strings.ToLower(unknown), strings.ToLower(s))
			if least < 0 || d < least {
				best, least = s, d
			}
		}
	}
	return best
}

// distance is how many bytes have to be put in, taken out or changed to make
// one text of the other (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
