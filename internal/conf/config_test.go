package conf

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgrex/internal/message"
)

var samples = []string{"tutorial.conf", "new.conf"}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func addresses(list ...string) []netip.Addr {
	var all []netip.Addr
	for _, a := range list {
		all = append(all, netip.MustParseAddr(a))
	}
	return all
}

func twoAddresses(a, b string) [2]netip.Addr { return [2]netip.Addr(addresses(a, b)) }

// read goes through a text as a command does on the node with the addresses.
func read(text string, own ...string) (Config, Lans, []Problem) {
	raw, problems := Parse([]byte(text))
	c, more := raw.Config()
	problems = append(problems, more...)
	var lans Lans
	if own != nil {
		lans, more = c.Locate(addresses(own...))
		problems = append(problems, more...)
	}
	return c, lans, InOrder(problems)
}

// with is the new sample with lines added and some of its keys taken out.
func with(t *testing.T, lines string, without ...string) string {
	t.Helper()
	var kept []string
	for line := range strings.Lines(string(sample(t, "new.conf"))) {
		if key, _, _ := strings.Cut(line, " "); !slices.Contains(without, key) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "") + lines
}

// Conformance: AT-001, AT-011, AT-012 (unit)
func TestTutorialConfiguration(t *testing.T) {
	c, lans, problems := read(string(sample(t, "tutorial.conf")), "127.0.0.1", "192.168.2.2")
	if len(problems) > 0 {
		t.Fatalf("%q", told(problems))
	}
	c.dlan, c.iclan = setting{}, setting{}
	c.PeerPass, c.BackupPass = Pass{Mode: c.PeerPass.Mode}, Pass{Mode: c.BackupPass.Mode}
	assumed := func(key string, ids ...string) ResourceIDs { return ResourceIDs{Key: key, IDs: ids, Assumed: true} }
	want := Config{
		Old: true, DLAN: twoAddresses("192.168.2.1", "192.168.2.2"), ArchiveDir: "/dbfp/pgarch/arc1",
		Stonith: false, UseStandbyIP: true,
		PeerPass: Pass{Mode: Manual}, BackupPass: Pass{Mode: Manual},
		Promotable:    assumed("PG_REX_Master_ResourceID", "msPostgresql"),
		Primitive:     assumed("PG-REX_Primitive_ResourceID", "pgsql"),
		PrimaryIP:     assumed("VIP_MASTER_ResourceID", "vip-master"),
		ReplicationIP: assumed("VIP_REP_ResourceID", "vip-rep"),
		StandbyIP:     assumed("VIP_SLAVE_ResourceID", "vip-slave"),
		Ping:          assumed("PING_ResourceID", "clnPing"),
		StorageMon:    assumed("DISKD_ResourceID", "clnDiskd1", "clnDiskd2"),
		TimeoutStart:  300 * time.Second, TimeoutStop: 300 * time.Second, TimeoutPromote: 300 * time.Second,
		TimeoutPGStop: 600 * time.Second, PollInterval: 200 * time.Millisecond,
		SSHPort: 22, SSHConnectTimeout: 10 * time.Second, LogFile: "/var/log/pg-rex/pg-rex_tools.log",
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
	if want := (Pair{Own: netip.MustParseAddr("192.168.2.2"), Peer: netip.MustParseAddr("192.168.2.1")}); lans.Pair != want || lans.Rings != nil {
		t.Errorf("%+v", lans)
	}
}

// Conformance: AT-002, AT-012 (unit)
func TestNewConfiguration(t *testing.T) {
	c, lans, problems := read(string(sample(t, "new.conf")), "10.0.1.1", "10.0.2.1", "10.0.3.1")
	if len(problems) > 0 {
		t.Fatalf("%q", told(problems))
	}
	if c.Old || !c.Stonith || c.UseStandbyIP || c.ClusterName != "salesdb" || c.ArchiveDir != "/srv/pg/archive" || c.PeerPass.Mode != NoPass {
		t.Errorf("%+v", c)
	}
	if c.Promotable.ID() != "pgsql-clone" || c.Primitive.ID() != "pgsql" || c.Primitive.Assumed {
		t.Errorf("%+v, %+v", c.Promotable, c.Primitive)
	}
	// Keys that a new file leaves out are checks that are left out.
	for _, r := range []ResourceIDs{c.PrimaryIP, c.ReplicationIP, c.StandbyIP, c.Ping, c.StorageMon, c.Fencing} {
		if r.IDs != nil || r.Assumed {
			t.Errorf("%+v", r)
		}
	}
	if want := (Pair{Own: netip.MustParseAddr("10.0.2.1"), Peer: netip.MustParseAddr("10.0.2.2")}); lans.Pair != want {
		t.Errorf("%+v", lans)
	}
	if want := []string{"10.0.1.2", "10.0.3.2"}; !slices.Equal(lans.Fallback, want) || len(lans.Rings) != 2 {
		t.Errorf("%+v", lans)
	}
}

// Every optional key has an effect.
func TestEveryKey(t *testing.T) {
	c, _, problems := read(with(t, `
PGPATH = /usr/pgsql-17/bin
PEER_NODE_SSH_PASS_FILE = /root/peer
BACKUP_NODE_SSH_PASS_MODE = passfile
BACKUP_NODE_SSH_PASS_FILE = /root/backup
IPADDR_STANDBY = enable
IPADDR_PRIMARY_ResourceID = ipaddr-primary
IPADDR_REPLICATION_ResourceID = ipaddr-replication
IPADDR_STANDBY_ResourceID = ipaddr-standby
PING_ResourceID = ping-clone
STORAGE_MON_ResourceID = storage1 , storage2
STONITH_ResourceID = fence1-ipmilan , fence2-ipmilan
TIMEOUT_START = 1
TIMEOUT_STOP = 2
TIMEOUT_PROMOTE = 3
TIMEOUT_PGSTOP = 4
POLL_INTERVAL = 5
SSH_PORT = 2222
SSH_USER = rex
SSH_IDENTITY_FILE = /root/id
SSH_KNOWN_HOSTS = /root/hosts
SSH_CONNECT_TIMEOUT = 6
PEER_ADDRESS_FALLBACK = 10.9.0.1, node02
SUDO = yes
PG_OS_USER = enterprisedb
BASEBACKUP_MAX_RATE = 500
ARCHIVE_MAX_RATE = 64M
BASEBACKUP_CHECKPOINT = spread
ARCHIVE_KEEP_SEGMENTS = 7
LOG_FILE = /tmp/log
`, keyStandbyIP), "10.0.1.1", "10.0.2.1", "10.0.3.1")
	if len(problems) > 0 {
		t.Fatalf("%q", told(problems))
	}
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Name != "Old" && f.IsExported() && v.Field(i).IsZero() {
			t.Errorf("%s is not set", f.Name)
		}
	}
	if c.PGPath != "/usr/pgsql-17/bin" || c.PeerPass.File != "/root/peer" || c.BackupPass.File != "/root/backup" || c.BackupPass.Mode != PassFile ||
		c.PrimaryIP.ID() != "ipaddr-primary" || c.ReplicationIP.ID() != "ipaddr-replication" || c.StandbyIP.ID() != "ipaddr-standby" ||
		c.TimeoutStart != time.Second || c.TimeoutStop != 2*time.Second || c.TimeoutPromote != 3*time.Second ||
		c.TimeoutPGStop != 4*time.Second || c.PollInterval != 5*time.Second || c.SSHConnectTimeout != 6*time.Second ||
		c.SSHPort != 2222 || c.SSHUser != "rex" || c.SSHIdentityFile != "/root/id" || c.SSHKnownHosts != "/root/hosts" ||
		!c.Sudo || c.PGOSUser != "enterprisedb" || c.BaseBackupMaxRate != 500<<10 || c.ArchiveMaxRate != 64<<20 ||
		!c.SpreadCheckpoint || c.ArchiveKeepSegments != 7 || c.LogFile != "/tmp/log" {
		t.Errorf("%+v", c)
	}
	for _, tt := range []struct {
		got  ResourceIDs
		want []string
	}{
		{c.Ping, []string{"ping-clone"}},
		{c.StorageMon, []string{"storage1", "storage2"}},
		{c.Fencing, []string{"fence1-ipmilan", "fence2-ipmilan"}},
	} {
		if !slices.Equal(tt.got.IDs, tt.want) || tt.got.Assumed {
			t.Errorf("%+v, want %q", tt.got, tt.want)
		}
	}
}

// Conformance: AT-007 (unit)
func TestAllErrorsAtOnce(t *testing.T) {
	c, _, problems := read(`HACLUSTER_NAME = -x
LOG_FILE = log
D_LAN_IPAddress = 10.0.2.1, 10.0.2.2
IC_LAN_IPAddress = (10.0.1.1, 10.0.1.2)
STONITH = off
IPADDR_STANDBY = yes
BACKUP_NODE_SSH_PASS_MODE = file
PEER_NODE_SSH_PASS_MODE = Manual
PG_REX_Primary_ResourceID =

Archive_dir = archive
PING_RESOURCEID = x
`, "10.0.1.9")
	want := []string{
		"CFG-021 Line 12: unknown key PING_RESOURCEID. Did you mean PING_ResourceID?",
		"CFG-002 Line 9: PG_REX_Primary_ResourceID is required.",
		"CFG-002 PG_REX_Primitive_ResourceID is required.",
		"CFG-003 Line 11: Archive_dir must be an absolute path: archive",
		"CFG-004 Line 5: STONITH must be enable or disable: off",
		"CFG-005 Line 6: IPADDR_STANDBY must be enable or disable: yes",
		"CFG-006 Line 8: PEER_NODE_SSH_PASS_MODE must be manual, passfile or nopass: Manual",
		"CFG-006 Line 7: BACKUP_NODE_SSH_PASS_MODE must be manual, passfile or nopass: file",
		"CFG-012 Line 3: D_LAN_IPAddress contains no address of this node: 10.0.2.1, 10.0.2.2",
		"CFG-012 Line 4: IC_LAN_IPAddress contains no address of this node: (10.0.1.1, 10.0.1.2)",
		`CFG-014 Line 1: HACLUSTER_NAME may contain letters, digits, "_" and "-" (not first): -x`,
		"CFG-003 Line 2: LOG_FILE must be an absolute path: log",
	}
	if got := told(problems); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, p := range problems[1:] {
		if !p.IsError() || p.ID.Exit() != 9 {
			t.Errorf("%s ends with %d", p.ID, p.ID.Exit())
		}
	}
	if c.ArchiveDir != "" || c.LogFile != "/var/log/pg-rex/pg-rex_tools.log" || c.ClusterName != "" || !c.Stonith || !c.UseStandbyIP {
		t.Errorf("a value that is not valid is used: %+v", c)
	}
}

// Conformance: AT-007 (unit)
func TestRequiredKeys(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"new", "Archive_dir = x", "PG_REX_Primary_ResourceID PG_REX_Primitive_ResourceID D_LAN_IPAddress IC_LAN_IPAddress HACLUSTER_NAME"},
		{"old", "VIP_SLAVE = enable", "Archive_dir D-LAN_IPAddress"},
	} {
		_, _, problems := read(tt.text)
		var got []string
		for _, p := range problems {
			if p.ID == message.CFG002 {
				got = append(got, p.Args[1].(string))
			}
		}
		want := strings.Fields(tt.want)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", tt.name, got, want)
		}
	}
}

// Conformance: AT-008, AT-009, AT-011, AT-013 (unit)
func TestValues(t *testing.T) {
	for _, tt := range []struct {
		line string
		want []string // nil: valid
	}{
		{"D_LAN_IPAddress = 10.0.2.1", []string{"CFG-009 Line 8: D_LAN_IPAddress needs two addresses separated by a comma: 10.0.2.1"}},
		{"D_LAN_IPAddress = 10.0.2.1, 10.0.2.2, 10.0.2.3", []string{"CFG-009 Line 8: D_LAN_IPAddress needs two addresses separated by a comma: 10.0.2.1, 10.0.2.2, 10.0.2.3"}},
		{"D_LAN_IPAddress = 10.0.2.1,", []string{"CFG-009 Line 8: D_LAN_IPAddress needs two addresses separated by a comma: 10.0.2.1,"}},
		{"D_LAN_IPAddress = 10.0.2.1, node02", []string{"CFG-009 Line 8: D_LAN_IPAddress needs two addresses separated by a comma: 10.0.2.1, node02"}},
		{"D_LAN_IPAddress = 10.0.2.8, 10.0.2.9", []string{"CFG-012 Line 8: D_LAN_IPAddress contains no address of this node: 10.0.2.8, 10.0.2.9"}},
		{"D_LAN_IPAddress = 10.0.2.1, 10.0.1.1", []string{"CFG-013 Line 8: D_LAN_IPAddress contains no address of the peer: 10.0.2.1, 10.0.1.1"}},
		{"D_LAN_IPAddress = 10.0.2.1, 10.0.2.1", []string{"CFG-013 Line 8: D_LAN_IPAddress contains no address of the peer: 10.0.2.1, 10.0.2.1"}},
		{"D_LAN_IPAddress = 10.0.2.2, 10.0.2.1", nil},
		{"D_LAN_IPAddress = 2001:DB8::1, 2001:db8::2", nil},

		{"IC_LAN_IPAddress = (10.0.1.1, 10.0.1.2)", nil},
		{"IC_LAN_IPAddress = ( 10.0.1.1 ,10.0.1.2 ),(10.0.3.2,10.0.3.1)", nil},
		{"IC-LAN_IPAddress = (10.0.1.1, 10.0.1.2)", nil},
		{"IC_LAN_IPAddress = 10.0.1.1, 10.0.1.2", []string{"CFG-010 Line 8: IC_LAN_IPAddress must look like (A1, B1) or (A1, B1), (A2, B2): 10.0.1.1, 10.0.1.2"}},
		{"IC_LAN_IPAddress = (10.0.1.1, 10.0.1.2", []string{"CFG-010 Line 8: IC_LAN_IPAddress must look like (A1, B1) or (A1, B1), (A2, B2): (10.0.1.1, 10.0.1.2"}},
		{"IC_LAN_IPAddress = (10.0.1.1, 10.0.1.2) (10.0.3.1, 10.0.3.2)", []string{"CFG-010 Line 8: IC_LAN_IPAddress must look like (A1, B1) or (A1, B1), (A2, B2): (10.0.1.1, 10.0.1.2) (10.0.3.1, 10.0.3.2)"}},
		{"IC_LAN_IPAddress = (10.0.1.1, (10.0.1.2))", []string{"CFG-010 Line 8: IC_LAN_IPAddress must look like (A1, B1) or (A1, B1), (A2, B2): (10.0.1.1, (10.0.1.2))"}},
		{"IC_LAN_IPAddress = (10.0.1.1, 10.0.1.2),", []string{"CFG-010 Line 8: IC_LAN_IPAddress must look like (A1, B1) or (A1, B1), (A2, B2): (10.0.1.1, 10.0.1.2),"}},
		{"IC_LAN_IPAddress = (10.0.1.1, 10.0.1.2), (10.0.3.1, 10.0.3.2), (10.0.4.1, 10.0.4.2)",
			[]string{"CFG-010 Line 8: IC_LAN_IPAddress must look like (A1, B1) or (A1, B1), (A2, B2): (10.0.1.1, 10.0.1.2), (10.0.3.1, 10.0.3.2), (10.0.4.1, 10.0.4.2)"}},
		{"IC_LAN_IPAddress = (10.0.1.1), (10.0.3.1, 10.0.3.2)", []string{"CFG-009 Line 8: IC_LAN_IPAddress needs two addresses separated by a comma: (10.0.1.1)"}},
		{"IC_LAN_IPAddress = (10.0.1.8, 10.0.1.9), (10.0.3.1, 10.0.1.1)", []string{
			"CFG-012 Line 8: IC_LAN_IPAddress contains no address of this node: (10.0.1.8, 10.0.1.9)",
			"CFG-013 Line 8: IC_LAN_IPAddress contains no address of the peer: (10.0.3.1, 10.0.1.1)"}},

		{"STONITH = disable", nil},
		{"STONITH = Enable", []string{"CFG-004 Line 9: STONITH must be enable or disable: Enable"}},
		{"STONITH_ResourceID = shared", nil},
		{"STONITH_ResourceID = a b", []string{"CFG-008 Line 9: STONITH_ResourceID needs resource ids separated by commas."}},
		{"STONITH_ResourceID = a,,b", []string{"CFG-008 Line 9: STONITH_ResourceID needs resource ids separated by commas."}},
		{"VIP_SLAVE = off", []string{"CFG-023 Line 9: VIP_SLAVE and IPADDR_STANDBY are the same setting but differ."}},
		{"HACLUSTER_NAME = -x", []string{`CFG-014 Line 8: HACLUSTER_NAME may contain letters, digits, "_" and "-" (not first): -x`}},
		{"HACLUSTER_NAME = a b", []string{`CFG-014 Line 8: HACLUSTER_NAME may contain letters, digits, "_" and "-" (not first): a b`}},
		{"HACLUSTER_NAME = pgrex_cluster-2", nil},
		{"PGPATH = bin", []string{"CFG-003 Line 9: PGPATH must be an absolute path: bin"}},

		{"POLL_INTERVAL = 0", []string{"CFG-016 Line 9: POLL_INTERVAL must be a whole number from 1 to 60: 0"}},
		{"TIMEOUT_START = 5m", []string{"CFG-016 Line 9: TIMEOUT_START must be a whole number from 1 to 86400: 5m"}},
		{"SSH_PORT = 65536", []string{"CFG-016 Line 9: SSH_PORT must be a whole number from 1 to 65535: 65536"}},
		{"ARCHIVE_KEEP_SEGMENTS = -1", []string{"CFG-016 Line 9: ARCHIVE_KEEP_SEGMENTS must be a whole number from 0 to 1000000000: -1"}},
		{"SUDO = true", []string{"CFG-017 Line 9: SUDO must be no or yes: true"}},
		{"BASEBACKUP_CHECKPOINT = slow", []string{"CFG-017 Line 9: BASEBACKUP_CHECKPOINT must be fast or spread: slow"}},
		{"BASEBACKUP_MAX_RATE = 32k", nil},
		{"BASEBACKUP_MAX_RATE = 1024M", nil},
		{"BASEBACKUP_MAX_RATE = 31", []string{"CFG-018 Line 9: BASEBACKUP_MAX_RATE must be a rate per second from 32k to 1024M, such as 500k or 64M: 31"}},
		{"ARCHIVE_MAX_RATE = 1025M", []string{"CFG-018 Line 9: ARCHIVE_MAX_RATE must be a rate per second from 32k to 1024M, such as 500k or 64M: 1025M"}},
		{"ARCHIVE_MAX_RATE = 2G", []string{"CFG-018 Line 9: ARCHIVE_MAX_RATE must be a rate per second from 32k to 1024M, such as 500k or 64M: 2G"}},
	} {
		key, _, _ := strings.Cut(tt.line, " ")
		k, _ := find(key)
		without := k.name
		if key == "VIP_SLAVE" {
			without = ""
		}
		_, _, problems := read(with(t, tt.line, without), "10.0.2.1", "10.0.1.1", "10.0.3.1", "2001:db8::2")
		if got := told(problems); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q", tt.line, got)
		}
	}
}

// Conformance: AT-011, AT-012 (unit)
func TestWhatIsDisabledIsNotChecked(t *testing.T) {
	for _, tt := range []struct {
		text        string
		standby, on []string // resources of the standby's virtual IP and of fencing
	}{
		{"VIP_SLAVE = disable\nVIP_SLAVE_ResourceID = x\nSTONITH_ResourceID = a , b", nil, []string{"a", "b"}},
		{"VIP_SLAVE = enable\nSTONITH = disable\nSTONITH_ResourceID = a , , b", []string{"vip-slave"}, nil},
		{"IPADDR_STANDBY = disable\nIPADDR_STANDBY_ResourceID = x", nil, nil},
		{"IPADDR_STANDBY_ResourceID = x\nSTONITH_ResourceID = a", []string{"x"}, []string{"a"}},
		{"VIP_SLAVE_ResourceID = x", []string{"x"}, []string{"grpStonith1", "grpStonith2"}},
	} {
		c, _, problems := read("Archive_dir = /a\n" + tt.text)
		if !slices.Equal(c.StandbyIP.IDs, tt.standby) || !slices.Equal(c.Fencing.IDs, tt.on) {
			t.Errorf("%q: %+v, %+v", tt.text, c.StandbyIP, c.Fencing)
		}
		if slices.ContainsFunc(problems, func(p Problem) bool { return p.ID == message.CFG008 }) {
			t.Errorf("%q: %q", tt.text, told(problems))
		}
	}
}

func TestFallback(t *testing.T) {
	_, lans, problems := read(with(t, "PEER_ADDRESS_FALLBACK = 172.16.0.1, 172.16.0.2, ::ffff:10.0.1.1, node02"),
		"10.0.2.1", "10.0.1.1", "10.0.3.1", "172.16.0.1")
	if want := []string{"172.16.0.2", "node02"}; !slices.Equal(lans.Fallback, want) || len(problems) > 0 {
		t.Errorf("%q, %q", lans.Fallback, told(problems))
	}
}

// The kernel names an address in one way, a file may in several.
func TestLocateOtherForms(t *testing.T) {
	for _, tt := range []struct{ line, own, peer string }{
		{"D_LAN_IPAddress = ::ffff:10.0.2.1, ::ffff:10.0.2.2", "10.0.2.1", "10.0.2.2"},
		{"D_LAN_IPAddress = fe80::1%eth0, fe80::2%eth0", "fe80::1%eth0", "fe80::2%eth0"},
		{"D_LAN_IPAddress = 2001:0DB8:0::2, 2001:DB8::1", "2001:db8::1", "2001:db8::2"},
	} {
		_, lans, problems := read(with(t, tt.line, keyDLAN), "10.0.1.1", "10.0.3.1", "10.0.2.1", "fe80::1", "2001:db8::1")
		if lans.Own.String() != tt.own || lans.Peer.String() != tt.peer || len(problems) > 0 {
			t.Errorf("%s: %+v, %q", tt.line, lans, told(problems))
		}
	}
}

func TestOwnAddresses(t *testing.T) {
	own, err := OwnAddresses()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(own, netip.MustParseAddr("127.0.0.1")) {
		t.Errorf("%v", own)
	}
}
