package conf

import (
	"net/netip"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"pgrex/internal/message"
)

// PassMode is how the password for a host is obtained.
type PassMode string

// The modes, as the file names them.
const (
	Manual   PassMode = "manual"
	PassFile PassMode = "passfile"
	NoPass   PassMode = "nopass"
)

// Pass is how one logs in to a host. See [Pass.Password] for what else is
// checked when somebody does.
type Pass struct {
	Mode PassMode
	File string // of PassFile

	key  string // that names the file
	line int
	step step
}

// ResourceIDs are the resources that one key names.
type ResourceIDs struct {
	Key string // as the file spells it, or would
	IDs []string
	// Assumed ids are not from the file but those of the old generation's
	// published definition. They count only if the CIB has them; where it has
	// none of them, CFG-024 says that the check is skipped.
	Assumed bool
}

// ID is the first of the ids, empty when there is none.
func (r ResourceIDs) ID() string {
	if len(r.IDs) == 0 {
		return ""
	}
	return r.IDs[0]
}

// Config is the configuration. What was not given or not valid has its default.
type Config struct {
	// Old says that the file is one of the old generation.
	Old bool

	// DLAN are the two addresses of the D-LAN, in no order; see [Config.Locate].
	DLAN [2]netip.Addr
	// ICLAN are the pairs of the rings, none when corosync.conf has to say.
	ICLAN [][2]netip.Addr
	// ArchiveDir is where archived WAL is, on both nodes.
	ArchiveDir string
	// Stonith is false where somebody tests without fencing: CMN-020 is due.
	Stonith bool
	// UseStandbyIP says that there is a virtual IP for the standby.
	UseStandbyIP bool
	// PGPath is where PostgreSQL's programs are, empty: pg_config knows.
	PGPath               string
	PeerPass, BackupPass Pass
	// ClusterName is the name for a new cluster, which the old generation has none of.
	ClusterName string

	Promotable, Primitive               ResourceIDs
	PrimaryIP, ReplicationIP, StandbyIP ResourceIDs
	Ping, StorageMon, Fencing           ResourceIDs

	TimeoutStart, TimeoutStop, TimeoutPromote time.Duration
	// TimeoutPGStop is how long the shutdown of a primary may take in a switchover.
	TimeoutPGStop time.Duration
	PollInterval  time.Duration

	SSHPort                        int
	SSHUser                        string // empty: root, the calling user for archive deletion
	SSHIdentityFile, SSHKnownHosts string // empty: the client's defaults
	SSHConnectTimeout              time.Duration
	// PeerAddressFallback are addresses and names, of both nodes as the file is
	// the same on both; see [Lans.Fallback].
	PeerAddressFallback []string
	// Sudo says that remote commands go through sudo for a user who is not root.
	Sudo bool

	PGOSUser                          string // empty: pgdba of the resource
	BaseBackupMaxRate, ArchiveMaxRate int64  // bytes per second, 0: unlimited
	// SpreadCheckpoint before a base backup, instead of a fast one.
	SpreadCheckpoint    bool
	ArchiveKeepSegments int
	LogFile             string

	dlan, iclan setting
}

// reader goes through the settings and notes what is wrong with them.
type reader struct {
	raw      Raw
	problems []Problem
}

// Config looks at all values at once and reports all that is wrong with them.
func (r Raw) Config() (Config, []Problem) {
	rd := &reader{raw: r}
	c := Config{Old: r.old}
	rd.required()
	c.ArchiveDir = rd.path(stepArchiveDir, keyArchiveDir, "")
	c.Stonith = rd.choice(stepStonith, message.CFG004, keyStonith, "enable", "disable")
	c.UseStandbyIP = rd.choice(stepStandbyIP, message.CFG005, keyStandbyIP, "enable", "disable")
	c.PeerPass = rd.pass(stepPeerPassFile, keyPeerPassMode, keyPeerPassFile)
	c.BackupPass = rd.pass(stepBackupPassFile, keyBackupPassMode, keyBackupPassFile)
	rd.resources(&c)
	rd.lans(&c)
	c.ClusterName = rd.clusterName()
	c.PGPath = rd.path(stepPrograms, keyPGPath, "")
	rd.additional(&c)
	return c, rd.problems
}

// get is a setting; one that was not given has the spelling that fits the file.
func (rd *reader) get(name string) setting {
	s, ok := rd.raw.given[name]
	if !ok {
		s.name = name
		if k, _ := find(name); rd.raw.old && len(k.old) > 0 {
			s.name = k.old[0]
		}
	}
	return s
}

func (rd *reader) report(at step, s setting, id message.ID, args ...any) {
	rd.problems = append(rd.problems, Problem{ID: id, Args: args, Line: s.line, step: at})
}

func (rd *reader) required() {
	need := []string{keyArchiveDir, keyDLAN}
	if !rd.raw.old {
		need = append(need, keyPromotable, keyPrimitive, keyICLAN, keyClusterName)
	}
	for _, name := range need {
		if s := rd.get(name); s.value == "" {
			rd.report(stepRequired, s, message.CFG002, "key", s.name)
		}
	}
}

func (rd *reader) path(at step, name, absent string) string {
	s := rd.get(name)
	if s.value == "" {
		return absent
	}
	if !filepath.IsAbs(s.value) {
		rd.report(at, s, message.CFG003, "key", s.name, "value", s.value)
		return absent
	}
	return s.value
}

// choice is whether a setting has the first of two values, which is its default.
func (rd *reader) choice(at step, wrong message.ID, name, first, second string) bool {
	s := rd.get(name)
	if s.value != "" && s.value != first && s.value != second {
		rd.report(at, s, wrong, "key", s.name, "value", s.value, "first", first, "second", second)
	}
	return s.value != second
}

func (rd *reader) pass(at step, mode, file string) Pass {
	s, f := rd.get(mode), rd.get(file)
	p := Pass{Mode: Manual, File: f.value, key: f.name, line: f.line, step: at}
	switch m := PassMode(s.value); m {
	case Manual, PassFile, NoPass:
		p.Mode = m
	case "":
	default:
		rd.report(stepPassMode, s, message.CFG006, "key", s.name, "value", s.value)
	}
	return p
}

func (rd *reader) resources(c *Config) {
	c.Promotable = rd.ids(keyPromotable, false)
	c.Primitive = rd.ids(keyPrimitive, false)
	c.PrimaryIP = rd.ids(keyPrimaryIPID, false)
	c.ReplicationIP = rd.ids(keyReplicationID, false)
	c.Ping = rd.ids(keyPing, true)
	c.StorageMon = rd.ids(keyStorageMon, true)
	if c.UseStandbyIP {
		c.StandbyIP = rd.ids(keyStandbyIPID, false)
	}
	if c.Stonith {
		c.Fencing = rd.ids(keyStonithIDs, true)
		for _, id := range c.Fencing.IDs {
			if id == "" || strings.ContainsAny(id, blanks) {
				rd.report(stepStonithIDs, rd.get(keyStonithIDs), message.CFG008)
				c.Fencing.IDs = nil
				break
			}
		}
	}
}

func (rd *reader) ids(name string, many bool) ResourceIDs {
	s := rd.get(name)
	r := ResourceIDs{Key: s.name}
	switch {
	case s.value == "" && rd.raw.old:
		k, _ := find(name)
		r.IDs, r.Assumed = k.assumed, true
	case s.value == "":
	case many:
		r.IDs = list(s.value)
	default:
		r.IDs = []string{s.value}
	}
	return r
}

func (rd *reader) lans(c *Config) {
	c.dlan, c.iclan = rd.get(keyDLAN), rd.get(keyICLAN)
	if c.dlan.value != "" {
		addresses, ok := pair(c.dlan.value)
		if !ok {
			rd.report(stepDLAN, c.dlan, message.CFG009, "key", c.dlan.name, "value", c.dlan.value)
		}
		c.DLAN = addresses
	}
	if c.iclan.value == "" {
		return
	}
	groups, ok := groups(c.iclan.value)
	if !ok {
		rd.report(stepICLAN, c.iclan, message.CFG010, "value", c.iclan.value)
		return
	}
	valid := true
	for _, g := range groups {
		addresses, ok := pair(g)
		if !ok {
			rd.report(stepICLAN, c.iclan, message.CFG009, "key", c.iclan.name, "value", "("+g+")")
			valid = false
		}
		c.ICLAN = append(c.ICLAN, addresses)
	}
	if !valid {
		c.ICLAN = nil
	}
}

// pair are the two addresses of a list that has no more.
func pair(value string) (addresses [2]netip.Addr, ok bool) {
	elements := list(value)
	if len(elements) != 2 {
		return addresses, false
	}
	for i, e := range elements {
		a, err := netip.ParseAddr(e)
		if err != nil {
			return [2]netip.Addr{}, false
		}
		addresses[i] = a.Unmap()
	}
	return addresses, true
}

// groups are the insides of one or two pairs of parentheses.
func groups(value string) ([]string, bool) {
	var all []string
	for rest := value; ; {
		inside, ok := strings.CutPrefix(rest, "(")
		if !ok {
			return nil, false
		}
		group, after, ok := strings.Cut(inside, ")")
		if !ok || strings.Contains(group, "(") || len(all) == 2 {
			return nil, false
		}
		all = append(all, strings.Trim(group, blanks))
		after = strings.Trim(after, blanks)
		if after == "" {
			return all, true
		}
		if rest, ok = strings.CutPrefix(after, ","); !ok {
			return nil, false
		}
		rest = strings.TrimLeft(rest, blanks)
	}
}

var clusterName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]*$`)

func (rd *reader) clusterName() string {
	s := rd.get(keyClusterName)
	if s.value != "" && !clusterName.MatchString(s.value) {
		rd.report(stepClusterName, s, message.CFG014, "value", s.value)
		return ""
	}
	return s.value
}

// defaultPoll is a fifth of a second and not the two seconds of the present
// tools: a look at the cluster costs one program, and people wait for it.
const defaultPoll = 200 * time.Millisecond

// additional are the keys that the present tools do not have.
func (rd *reader) additional(c *Config) {
	const day = 24 * 60 * 60
	c.TimeoutStart = rd.seconds(keyTimeoutStart, 300, day)
	c.TimeoutStop = rd.seconds(keyTimeoutStop, 300, day)
	c.TimeoutPromote = rd.seconds(keyTimeoutPromote, 300, day)
	c.TimeoutPGStop = rd.seconds(keyTimeoutPGStop, 600, day)
	c.PollInterval = rd.seconds(keyPollInterval, 0, 60)
	if c.PollInterval == 0 {
		c.PollInterval = defaultPoll
	}
	c.SSHPort = rd.number(keySSHPort, 22, 1, 65535)
	c.SSHUser = rd.get(keySSHUser).value
	c.SSHIdentityFile = rd.path(stepOther, keySSHIdentity, "")
	c.SSHKnownHosts = rd.path(stepOther, keySSHKnownHosts, "")
	c.SSHConnectTimeout = rd.seconds(keySSHTimeout, 10, 600)
	for _, host := range list(rd.get(keyFallback).value) {
		if host != "" {
			c.PeerAddressFallback = append(c.PeerAddressFallback, host)
		}
	}
	c.Sudo = !rd.choice(stepOther, message.CFG017, keySudo, "no", "yes")
	c.PGOSUser = rd.get(keyOSUser).value
	c.BaseBackupMaxRate = rd.rate(keyBackupRate)
	c.ArchiveMaxRate = rd.rate(keyArchiveRate)
	c.SpreadCheckpoint = !rd.choice(stepOther, message.CFG017, keyCheckpoint, "fast", "spread")
	c.ArchiveKeepSegments = rd.number(keyKeepSegments, 0, 0, 1_000_000_000)
	c.LogFile = rd.path(stepOther, keyLogFile, "/var/log/pg-rex/pg-rex_tools.log")
}

func (rd *reader) seconds(name string, absent, most int) time.Duration {
	return time.Duration(rd.number(name, absent, 1, most)) * time.Second
}

func (rd *reader) number(name string, absent, least, most int) int {
	s := rd.get(name)
	if s.value == "" {
		return absent
	}
	n, err := strconv.Atoi(s.value)
	if err != nil || n < least || n > most {
		rd.report(stepOther, s, message.CFG016, "key", s.name, "min", least, "max", most, "value", s.value)
		return absent
	}
	return n
}

// rate is in bytes per second. Units and limits are those of pg_basebackup,
// for which a number alone means kilobytes.
func (rd *reader) rate(name string) int64 {
	s := rd.get(name)
	if s.value == "" {
		return 0
	}
	digits, unit := strings.TrimSuffix(s.value, "k"), int64(1<<10)
	if m, ok := strings.CutSuffix(s.value, "M"); ok {
		digits, unit = m, 1<<20
	}
	n, err := strconv.ParseInt(digits, 10, 32)
	if bytes := n * unit; err == nil && bytes >= 32<<10 && bytes <= 1024<<20 {
		return bytes
	}
	rd.report(stepOther, s, message.CFG018, "key", s.name, "value", s.value)
	return 0
}
