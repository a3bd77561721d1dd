package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgrex/internal/conf"
	"pgrex/internal/node"
	"pgrex/internal/run"
)

// scripted answers for the programs of a node: by the name, what they print,
// what they say of an error, and their exit status.
type scripted map[string]answer

type answer struct {
	out, err string
	status   int
}

func (p scripted) Run(_ context.Context, c run.Command) (run.Result, error) {
	a, ok := p[filepath.Base(c.Argv[0])]
	if !ok {
		return run.Result{}, fmt.Errorf("cannot run %s", c.Argv[0])
	}
	res := run.Result{Stdout: []byte(a.out), Stderr: []byte(a.err)}
	if a.status != 0 {
		return res, &run.ExitError{Argv: c.Argv, Status: a.status, Stderr: a.err}
	}
	return res, nil
}

// seekerOf is a node with some files, and programs that are in its PATH.
func seekerOf(t *testing.T, files map[string]string, p scripted) seeker {
	t.Helper()
	root := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		write(name, text, 0o644)
	}
	for name := range p {
		write("bin/"+name, "", 0o755)
	}
	return seeker{run: p, root: root, path: []string{root + "/bin"}}
}

func TestCorosyncLinks(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		down       []string // ids
		count      int
	}{
		{"3.1, both up", "Local node ID 1, transport knet\nLINK ID 0 udp\n\taddr\t= 192.168.1.1\n\tstatus:\n\t\tnodeid:          1:\tlocalhost\n\t\tnodeid:          2:\tconnected\n" +
			"LINK ID 1 udp\n\taddr\t= 192.168.3.1\n\tstatus:\n\t\tnodeid:          1:\tlocalhost\n\t\tnodeid:          2:\tconnected\n", nil, 2},
		{"3.1, one down", "LINK ID 0 udp\n\taddr\t= 192.168.1.1\n\tstatus:\n\t\tnodeid:          2:\tconnected\nLINK ID 1 udp\n\taddr\t= 192.168.3.1\n\tstatus:\n\t\tnodeid:          2:\tdisconnected\n", []string{"1"}, 2},
		{"3.0, one down", "LINK ID 0\n\taddr\t= 192.168.1.1\n\tstatus:\n\t\tnodeid  1:\tlink enabled:1\tlink connected:1\n\t\tnodeid  2:\tlink enabled:1\tlink connected:0\n", []string{"0"}, 1},
		{"2.4, up", "Printing ring status.\nLocal node ID 1\nRING ID 0\n\tid\t= 192.168.1.1\n\tstatus\t= ring 0 active with no faults\n", nil, 1},
		{"2.4, down", "RING ID 1\n\tid\t= 192.168.3.1\n\tstatus\t= Marking ringid 1 interface 192.168.3.1 FAULTY\n", []string{"1"}, 1},
	} {
		links := parseLinks(tt.text)
		var down []string
		for _, l := range links.Value {
			if len(l.Down) > 0 {
				down = append(down, l.ID)
			}
			if l.Address == "" {
				t.Errorf("%s: no address: %+v", tt.name, l)
			}
		}
		if !links.Known || len(links.Value) != tt.count || !slices.Equal(down, tt.down) {
			t.Errorf("%s: %+v", tt.name, links)
		}
	}
	if links := parseLinks("Could not initialize corosync configuration API error 2\n"); links.Known || links.Why.IsZero() {
		t.Errorf("%+v", links)
	}
}

func TestQuorum(t *testing.T) {
	text := "Quorum information\n------------------\nDate:             Sun Nov 29 10:00:00 2026\nQuorum provider:  corosync_votequorum\nNodes:            2\nNode ID:          1\nRing ID:          1.8\nQuorate:          Yes\n\n" +
		"Votequorum information\n----------------------\nExpected votes:   2\nHighest expected: 2\nTotal votes:      2\nQuorum:           1  \nFlags:            2Node Quorate WaitForAll \n"
	if q := parseQuorum(text); !q.Known || q.Value != (Quorum{Quorate: true, Nodes: 2, Votes: 2, Expected: 2}) {
		t.Errorf("%+v", q)
	}
	if q := parseQuorum(strings.Replace(text, "Quorate:          Yes", "Quorate:          No", 1)); !q.Known || q.Value.Quorate {
		t.Errorf("%+v", q)
	}
	if q := parseQuorum("Cannot initialize CMAP service\n"); q.Known {
		t.Errorf("%+v", q)
	}
}

func TestCorosyncConf(t *testing.T) {
	s := seekerOf(t, map[string]string{conf.CorosyncPath: corosyncConfText + "# quorum { two_node: 0 }\n"}, scripted{"corosync": {out: "Corosync Cluster Engine, version '3.1.7'\n"}})
	c := s.corosync(t.Context())
	if c.Version != "3.1.7" || c.Token != time.Second || c.Consensus != 0 || c.Key.Exists || c.Conf.Value.Settings["quorum/two_node"] != "1" ||
		len(c.Conf.Value.Rings) != 2 || c.Conf.Value.Rings[1].Rings[1] != "192.168.3.2" || c.Conf.Value.Sum == "" {
		t.Errorf("%+v", c)
	}
	if c := seekerOf(t, nil, nil).corosync(t.Context()); c.Conf.Known || c.Conf.Why.IsZero() || c.Version != "" {
		t.Errorf("%+v", c)
	}
}

func TestEnvironmentOfPacemaker(t *testing.T) {
	for _, tt := range []struct {
		files      map[string]string
		file, want string
	}{
		{map[string]string{"/etc/default/pacemaker": "# PCMK_fail_fast=no\nexport PCMK_fail_fast=\"yes\" # reboot\n"}, "/etc/default/pacemaker", "yes"},
		{map[string]string{"/etc/sysconfig/pacemaker": "PCMK_fail_fast=no\nPCMK_fail_fast='yes'\n"}, "/etc/sysconfig/pacemaker", "yes"},
		{map[string]string{"/etc/debian_version": "12.1\n"}, "/etc/default/pacemaker", ""},
		{nil, "/etc/sysconfig/pacemaker", ""},
	} {
		s := seekerOf(t, tt.files, nil)
		if file, values := s.environment("pacemaker"); file != tt.file || !values.Known || values.Value["PCMK_fail_fast"] != tt.want {
			t.Errorf("%v: %s %+v", tt.files, file, values)
		}
	}
}

func TestPowerKey(t *testing.T) {
	main := func(value string) map[string]string {
		return map[string]string{"/etc/systemd/logind.conf": "[Login]\n#HandlePowerKey=poweroff\n" + value}
	}
	with := func(files map[string]string, more ...string) map[string]string {
		for i := 0; i < len(more); i += 2 {
			files[more[i]] = more[i+1]
		}
		return files
	}
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  string // "" for not known
	}{
		{"not set", main(""), "poweroff"},
		{"set", main("HandlePowerKey=ignore\n"), "ignore"},
		{"a drop-in counts more", with(main("HandlePowerKey=ignore\n"), "/usr/lib/systemd/logind.conf.d/10.conf", "[Login]\nHandlePowerKey=suspend\n"), "suspend"},
		{"of one name that of /etc", with(main(""), "/usr/lib/systemd/logind.conf.d/10.conf", "HandlePowerKey=suspend\n", "/etc/systemd/logind.conf.d/10.conf", "HandlePowerKey=ignore\n"), "ignore"},
		{"the last name", with(main(""), "/usr/lib/systemd/logind.conf.d/20.conf", "HandlePowerKey=suspend\n", "/etc/systemd/logind.conf.d/10.conf", "HandlePowerKey=ignore\n"), "suspend"},
		{"of the distribution", map[string]string{"/usr/lib/systemd/logind.conf": "HandlePowerKey=ignore\n"}, "ignore"},
		{"another system", nil, ""},
	} {
		if got := seekerOf(t, tt.files, nil).powerKey(); got.Known != (tt.want != "") || got.Value != tt.want {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

func TestMemory(t *testing.T) {
	s := seekerOf(t, map[string]string{
		"/proc/meminfo":                  "MemTotal:       16316428 kB\nCommitLimit:    10000000 kB\nHugePages_Total:     600\nHugepagesize:       2048 kB\n",
		"/proc/sys/vm/overcommit_memory": "2\n", "/proc/sys/kernel/shmmax": "18446744073692774399\n",
	}, nil)
	if m := s.memory(); !m.Known || m.Value != (Memory{Total: 16316428 << 10, CommitLimit: 10000000 << 10, Overcommit: 2, HugePages: 1200 << 20, SharedMax: 1 << 62}) {
		t.Errorf("%+v", m)
	}
	if m := seekerOf(t, nil, nil).memory(); m.Known {
		t.Errorf("%+v", m)
	}
}

func TestUnits(t *testing.T) {
	for _, tt := range []struct {
		answer answer
		want   string
	}{
		{answer{out: "enabled\n"}, "enabled"},
		{answer{out: "disabled\n", status: 1}, "disabled"},
		{answer{out: "not-found\n", status: 4}, "not-found"},
		{answer{err: "Failed to get unit file state for sbd.service: No such file or directory\n", status: 1}, "not-found"},
	} {
		if got := seekerOf(t, nil, scripted{"systemctl": tt.answer}).units(t.Context(), "sbd")["sbd"]; !got.Known || got.Value != tt.want {
			t.Errorf("%+v: %+v", tt.answer, got)
		}
	}
	for name, p := range map[string]scripted{"no systemd": nil, "no answer": {"systemctl": {err: "Failed to connect to bus\n", status: 1}}} {
		if got := seekerOf(t, nil, p).units(t.Context(), "sbd")["sbd"]; got.Known || got.Why.IsZero() {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestListening(t *testing.T) {
	s := seekerOf(t, map[string]string{
		"/proc/net/tcp":  "  sl  local_address rem_address   st\n   0: 00000000:0016 00000000:0000 0A\n   1: 0100007F:1538 00000000:0000 0A\n   2: 0102A8C0:0016 0202A8C0:D431 01\n",
		"/proc/net/tcp6": "  sl  local_address rem_address   st\n   0: 00000000000000000000000001000000:0CEA 0:0 0A\n   1: 0000000000000000FFFF00000102A8C0:1538 0:0 0A\n",
	}, nil)
	want := []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:22"), netip.MustParseAddrPort("127.0.0.1:5432"), netip.MustParseAddrPort("[::1]:3306"), netip.MustParseAddrPort("192.168.2.1:5432")}
	if got := s.listening(); !slices.Equal(got.Value, want) {
		t.Errorf("%v", got)
	}
	a := netip.MustParseAddr("192.168.2.1")
	if !listensAt(want, a, 22) || !listensAt(want, a, 5432) || listensAt(want[:2], a, 5432) || listensAt(want, a, 2224) {
		t.Error("what listens is not told apart")
	}
}

func TestConnection(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := netip.MustParseAddrPort(l.Addr().String())
	if c := connection(t.Context(), address); !c.Known || !c.Value.Ok() {
		t.Errorf("%+v", c)
	}
	l.Close()
	if c := connection(t.Context(), address); !c.Known || !c.Value.Refused {
		t.Errorf("%+v", c)
	}
}

func TestAnswering(t *testing.T) {
	own := []Interface{{Name: "bond0", Prefixes: []netip.Prefix{netip.MustParsePrefix("192.168.0.11/24")}}}
	vip := VIP{Resource: "vip-master", Address: netip.MustParseAddr("192.168.0.10")}
	const arp = "IP address       HW type     Flags       HW address            Mask     Device\n" +
		"192.168.0.10     0x1         0x2         52:54:00:AA:BB:CC     *        bond0\n" +
		"192.168.0.10     0x1         0x2         52:54:00:00:00:01     *        bond1\n" +
		"192.168.0.20     0x1         0x0         00:00:00:00:00:00     *        bond0\n"
	for _, tt := range []struct {
		name   string
		vip    VIP
		p      scripted
		want   []string
		reason bool
	}{
		{"nobody", vip, scripted{"arping": {out: "ARPING 192.168.0.10 from 0.0.0.0 bond0\nSent 2 probes (2 broadcast(s))\nReceived 0 response(s)\n"}}, []string{}, false},
		{"somebody", vip, scripted{"arping": {out: "ARPING 192.168.0.10 from 0.0.0.0 bond0\nUnicast reply from 192.168.0.10 [52:54:00:AA:BB:CC]  0.8ms\nSent 1 probes (1 broadcast(s))\n", status: 1}}, []string{"52:54:00:aa:bb:cc"}, false},
		{"not allowed", vip, scripted{"arping": {err: "arping: socket: Operation not permitted\n", status: 2}}, nil, true},
		{"neither arping nor ping", vip, nil, nil, true},
		{"the kernel knows", vip, scripted{"ping": {status: 1}}, []string{"52:54:00:aa:bb:cc"}, false},
		{"the kernel has had no answer", VIP{Address: netip.MustParseAddr("192.168.0.20")}, scripted{"ping": {status: 1}}, []string{}, false},
		{"the own address", VIP{Address: netip.MustParseAddr("192.168.0.11")}, nil, []string{}, false},
		{"no interface", VIP{Address: vip.Address, Interface: "bond7"}, scripted{"arping": {}}, nil, true},
		{"no network", VIP{Address: netip.MustParseAddr("10.0.0.1")}, scripted{"arping": {}}, nil, true},
	} {
		got := seekerOf(t, map[string]string{"/proc/net/arp": arp}, tt.p).answering(t.Context(), tt.vip, own)
		if got.Known == tt.reason || !slices.Equal(got.Value, tt.want) || tt.reason && got.Why.IsZero() {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

func TestLogin(t *testing.T) {
	other := netip.MustParseAddr("192.168.2.2")
	for _, tt := range []struct {
		name string
		p    scripted
		want string
	}{
		{"in", scripted{"ssh": {}}, ""},
		{"in, and what it runs fails", scripted{"ssh": {status: 1}}, ""},
		{"refused", scripted{"ssh": {err: "** banner **\nroot@192.168.2.2: Permission denied (publickey,password).\n", status: 255}}, "root@192.168.2.2: Permission denied (publickey,password)."},
	} {
		if got := seekerOf(t, nil, tt.p).login(t.Context(), other); !got.Known || got.Value != tt.want {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
	if got := seekerOf(t, nil, nil).login(t.Context(), other); got.Known {
		t.Errorf("%+v", got)
	}
}

// The other node is that whose D-LAN address this one does not have, whoever asks.
func TestOtherNode(t *testing.T) {
	in := In{Lans: conf.Lans{Pair: conf.Pair{Own: netip.MustParseAddr("192.168.2.1"), Peer: netip.MustParseAddr("192.168.2.2")}}}
	on := func(address string) []Interface {
		return []Interface{{Name: "bond1", Prefixes: []netip.Prefix{netip.MustParsePrefix(address)}}}
	}
	for own, want := range map[string]string{"192.168.2.1/24": "192.168.2.2", "192.168.2.2/24": "192.168.2.1", "10.0.0.1/8": ""} {
		got, ok := seeker{in: in}.other(on(own))
		if ok != (want != "") || ok && got.String() != want {
			t.Errorf("%s: %v", own, got)
		}
	}
	if _, ok := (seeker{}).other(on("192.168.2.1/24")); ok {
		t.Error("without addresses there is no other node")
	}
}

// The disks of a partition on LVM, on a RAID of two, as the kernel shows them.
func TestDisksOfADevice(t *testing.T) {
	s := seekerOf(t, nil, nil)
	dir := func(name string) string { return s.root + "/sys/devices/" + name }
	for _, d := range []string{"sda/sda2", "sdb/sdb1", "dm-0/slaves", "md0/slaves", "nvme0n1"} {
		if err := os.MkdirAll(dir(d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, part := range []string{"sda/sda2", "sdb/sdb1"} {
		if err := os.WriteFile(dir(part)+"/partition", []byte("1\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"dm-0/slaves/md0": "md0", "md0/slaves/sda2": "sda/sda2", "md0/slaves/sdb1": "sdb/sdb1"} {
		if err := os.Symlink(dir(to), dir(link)); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string][]string{"dm-0": {"sda", "sdb"}, "sda/sda2": {"sda"}, "nvme0n1": {"nvme0n1"}} {
		if got := s.disks(dir(name)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	here := seeker{}
	if d := here.device("/dev/null"); !d.Exists || d.Block {
		t.Errorf("%+v", d)
	}
	if d := here.device("/dev/no-such-disk"); d.Exists {
		t.Errorf("%+v", d)
	}
	if p := here.place("/proc/self/no/such/directory"); !p.Known || len(p.Value.Disks) != 0 || p.Value.Type != "proc" || p.Value.Exists {
		t.Errorf("%+v", p)
	}
}

// All facts of this machine can be gathered, by whoever runs the test, and
// travel as they are.
func TestGatherSystemHere(t *testing.T) {
	t.Parallel()
	look := Look{Names: []string{"localhost"}, Places: []string{"/"}, Files: []string{"/bin/sh"}, Users: []string{"root", "no-such-user"},
		Programs: []string{"sh", "no-such-program"}, Devices: []string{"/dev/null"}, Port: 5432, SSH: SSH{User: "root", Port: 22}, Libraries: "/bin/sh"}
	f, err := Gather.On(t.Context(), node.Local{}, In{Look: look})
	if err != nil {
		t.Fatal(err)
	}
	s := f.System
	if s.Host.Name == "" || s.Host.Machine == "" || s.Host.PageSize < 4096 || !s.Interfaces.Known || !s.Listening.Known || !s.Memory.Known ||
		!s.Files["/bin/sh"].Executable || s.Files["/bin/sh"].Sum == "" || !s.Users["root"] || s.Users["no-such-user"] ||
		!s.Programs["sh"] || s.Programs["no-such-program"] || !s.Devices["/dev/null"].Exists || !s.Places["/"].Value.Exists {
		t.Errorf("%+v", s)
	}
	if c := MeasureClock(t.Context(), node.Local{}, time.Now); !c.Known || c.Value.Ahead.Abs() > c.Value.Unsure+time.Millisecond {
		t.Errorf("%+v", c)
	}
	if _, err := json.Marshal(s); err != nil {
		t.Error(err)
	}
}
