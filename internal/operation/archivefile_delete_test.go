package operation

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
	"pgrex/internal/run"
)

// archiveTest is a node with a stopped database and an archive, and a peer that
// is the same machine seen through a helper.
type archiveTest struct {
	t             *testing.T
	dir           string
	data, archive string
	redo          wal.Segment
	timeline      wal.Timeline
	size          int
	machine       *Machine
	env           map[string]string
	answers       string // typed on a terminal; "" without one
	out, errOut   bytes.Buffer
}

func newArchiveTest(t *testing.T) *archiveTest {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgrex")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // other users look into it
		t.Fatal(err)
	}
	a := &archiveTest{t: t, dir: dir, env: map[string]string{}}
	a.data, a.archive = filepath.Join(a.dir, `da ta;$(touch x)`), filepath.Join(a.dir, "arc 'hive")
	for _, d := range []string{a.archive, filepath.Join(a.data, "global"), filepath.Join(a.data, "pg_wal"), filepath.Join(a.dir, "state")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	control, err := os.ReadFile("../pg/testdata/pg_control-15")
	if err != nil {
		t.Fatal(err)
	}
	// The fixture is of a new database: a checkpoint further on, so that
	// something can go (offsets of release 13 to 16).
	binary.NativeEndian.PutUint64(control[32:], 5*16<<20+96)
	binary.NativeEndian.PutUint64(control[40:], 5*16<<20+40)
	binary.NativeEndian.PutUint32(control[288:], crc32.Checksum(control[:288], crc32.MakeTable(crc32.Castagnoli)))
	a.write(filepath.Join(a.data, "global/pg_control"), string(control))
	a.write(filepath.Join(a.data, "PG_VERSION"), "15\n")
	c, err := pg.New(pg.Settings{Data: a.data}, run.Local{}).Control()
	if err != nil {
		t.Fatal(err)
	}
	a.redo, a.timeline, a.size = wal.SegmentOf(c.Redo, c.SegmentSize), c.Timeline, c.SegmentSize
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	a.write(filepath.Join(a.dir, "conf"), fmt.Sprintf(`HACLUSTER_NAME = c
PG_REX_Primitive_ResourceID = pgsql
PG_REX_Primary_ResourceID = pgsql-clone
D_LAN_IPAddress = 192.0.2.1, 192.0.2.2
IC_LAN_IPAddress = (192.0.2.17, 192.0.2.18)
Archive_dir = %s
PEER_NODE_SSH_PASS_MODE = nopass
PG_OS_USER = %s
`, a.archive, me.Username))
	a.machine = &Machine{
		Own: node.Local{HostName: "pgrex01"}, User: os.Geteuid(), Now: time.Now,
		Addresses: func() ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.17")}, nil
		},
		LockFile: filepath.Join(a.dir, "lock"), State: filepath.Join(a.dir, "state"),
		Dial: func(ctx context.Context, _ *session) (node.Node, error) {
			return node.Connect(ctx, func(_ context.Context, args ...string) (io.ReadWriteCloser, error) {
				here, there := net.Pipe()
				go func() {
					defer there.Close()
					_ = node.Serve(context.Background(), args[1], there, there)
				}()
				return here, nil
			})
		},
	}
	return a
}

func (a *archiveTest) write(path, text string) {
	a.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		a.t.Fatal(err)
	}
}

// segment names the segment that lies so many before the redo segment.
func (a *archiveTest) segment(before int) string {
	return (a.redo - wal.Segment(before)).File(a.timeline, a.size)
}

// fill puts the redo segment and two before it into the archive.
func (a *archiveTest) fill() *archiveTest {
	a.t.Helper()
	for n := range 3 {
		a.write(filepath.Join(a.archive, a.segment(n)), "wal")
	}
	return a
}

func (a *archiveTest) run(args ...string) int {
	a.t.Helper()
	a.out.Reset()
	a.errOut.Reset()
	argv := append([]string{"pg-rex_archivefile_delete", "--config", filepath.Join(a.dir, "conf"), "--log-file", filepath.Join(a.dir, "log"), "--lang", "en"}, args...)
	return Run(argv, Streams{In: strings.NewReader(a.answers), Out: &a.out, Err: &a.errOut, Terminal: a.answers != "",
		Getenv: func(k string) string { return a.env[k] }}, a.machine)
}

func (a *archiveTest) left() []string {
	a.t.Helper()
	list, err := os.ReadDir(a.archive)
	if err != nil {
		a.t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// want checks how a run ended and which of the three segments are left.
func (a *archiveTest) want(status, wantStatus int, id message.ID, left int) {
	a.t.Helper()
	if status != wantStatus {
		a.t.Errorf("exit %d, want %d", status, wantStatus)
	}
	if id != "" && !strings.Contains(a.errOut.String(), string(id)) {
		a.t.Errorf("no %s", id)
	}
	if got := a.left(); len(got) != left {
		a.t.Errorf("left: %q", got)
	}
	if a.t.Failed() {
		a.t.Logf("output:\n%s\nerrors:\n%s", &a.out, &a.errOut)
	}
}

func (a *archiveTest) backup(name, file string) string {
	a.t.Helper()
	dir := filepath.Join(a.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		a.t.Fatal(err)
	}
	a.write(filepath.Join(dir, "backup_label"), "START WAL LOCATION: 0/2000028 (file "+file+")\n")
	return dir
}

// Conformance: AT-115 (unit)
func TestArchivefileDeleteOptions(t *testing.T) {
	a := newArchiveTest(t).fill()
	bad := a.backup("bad", "nothing")
	for _, c := range []struct {
		args   []string
		status int
		id     message.ID
	}{
		{nil, 2, message.ARC002},
		{[]string{"-m", "-r"}, 2, message.ARC002},
		{[]string{"-rm"}, 2, message.ARC002},
		{[]string{"-r", "relative/path"}, 2, message.ARC003},
		{[]string{"-r", "host:relative"}, 2, message.ARC003},
		{[]string{"-r", "bad host:/path"}, 2, message.ARC003},
		{[]string{"-r", "-oProxyCommand=x:/path"}, 2, message.CMN060},
		{[]string{"-r", "--backup", "-oProxyCommand=x:/path"}, 2, message.ARC003},
		{[]string{"-r", "--backup-wal", "0001"}, 2, message.ARC041},
		{[]string{"-r", "--keep", "-2", "/x"}, 2, message.CMN062},
		{[]string{"-r", "--older-than", "-2", "/x"}, 2, message.CMN062},
		{[]string{"-r", "/a", "/b"}, 2, message.CMN061},
		{[]string{"-r", "-f", "-D", "data", "--no-backup"}, 2, message.ARC005},
		{[]string{"-r", "-f", "-D", a.data, filepath.Join(a.dir, "no such dir;$(x)")}, 3, message.ARC007},
		{[]string{"-r", "-f", "-D", a.data, bad}, 3, message.CMN013},
		{[]string{"-r", "-f", "-D", filepath.Join(a.dir, "no data"), "--no-backup"}, 3, message.ARC009},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			a.t = t
			a.want(a.run(c.args...), c.status, c.id, 3)
		})
	}
}

// Conformance: AT-116 (unit)
func TestArchivefileDeleteAsksForABackup(t *testing.T) {
	for name, c := range map[string]struct {
		args    []string
		answers string
		status  int
		id      message.ID
		left    int
	}{
		"none, no":             {[]string{"-r"}, "\n\nn\n", 4, message.ARC022, 3},
		"none, yes":            {[]string{"-r"}, "\n\ny\n", 0, "", 1},
		"none, end of input":   {[]string{"-r"}, "\n\n", 4, message.ARC022, 3},
		"named, not correct":   {[]string{"-r"}, "\nBACKUP\nn\n", 4, message.ARC022, 3},
		"named, correct":       {[]string{"-r"}, "\nBACKUP\ny\n", 0, "", 2},
		"host with blanks":     {[]string{"-r"}, "a b\n", 2, message.ARC004, 3},
		"relative":             {[]string{"-r"}, "\nbackup\n", 2, message.ARC005, 3},
		"no terminal":          {[]string{"-r"}, "", 4, message.CMN051, 3},
		"force":                {[]string{"-r", "-f"}, "", 3, message.ARC013, 3},
		"yes":                  {[]string{"-r", "--yes"}, "", 3, message.ARC013, 3},
		"force, no backup":     {[]string{"-r", "-f", "--no-backup"}, "", 0, "", 1},
		"force, dry run":       {[]string{"-r", "-f", "--no-backup", "--dry-run"}, "", 0, "", 3},
		"force, keep":          {[]string{"-r", "-f", "--no-backup", "--keep", "1"}, "", 0, "", 2},
		"force, fresh files":   {[]string{"-r", "-f", "--no-backup", "--older-than", "1"}, "", 0, "", 3},
		"force, moved":         {[]string{"-m", "-f", "--no-backup"}, "", 0, "", 2},
		"peer left out, no":    {[]string{"-r", "--no-backup", "--peer-has-no-database"}, "n\n", 4, message.ARC022, 3},
		"peer left out, yes":   {[]string{"-r", "--no-backup", "--peer-has-no-database"}, "y\n", 0, "", 1},
		"both, and left out":   {[]string{"-r", "-f", "--no-backup", "--both-nodes", "--peer-has-no-database"}, "", 2, message.CMN062, 3},
		"backup of a tool":     {[]string{"-r", "-f", "--backup-wal", "WAL"}, "", 0, "", 2},
		"a name, and a backup": {[]string{"-r", "-f", "--backup-wal", "WAL", "BACKUP2"}, "", 0, "", 3},
	} {
		t.Run(name, func(t *testing.T) {
			a := newArchiveTest(t).fill()
			a.answers = strings.ReplaceAll(c.answers, "BACKUP", a.backup("back up", a.segment(1)))
			args := []string{"-D", a.data}
			for _, arg := range c.args {
				arg = strings.ReplaceAll(arg, "BACKUP2", a.backup("2", a.segment(2)))
				args = append(args, strings.ReplaceAll(arg, "WAL", a.segment(1)))
			}
			a.want(a.run(args...), c.status, c.id, c.left)
		})
	}
}

// Conformance: AT-120 (unit)
func TestArchivefileDeleteNeedsThePeer(t *testing.T) {
	a := newArchiveTest(t).fill()
	a.machine.Dial = func(context.Context, *session) (node.Node, error) {
		return nil, message.Fail(message.SSH001, "addr", "192.0.2.2", "port", 22, "err", "no route to host")
	}
	a.want(a.run("-r", "-f", "--no-backup", "-D", a.data), 6, message.SSH001, 3)
	if !strings.Contains(a.errOut.String(), "--peer-has-no-database") {
		t.Error("nothing says how to go on")
	}
	a.want(a.run("-r", "-f", "--no-backup", "--peer-has-no-database", "-D", a.data), 0, "", 1)
}

// Conformance: AT-121 (unit)
func TestArchivefileDeleteOfNothing(t *testing.T) {
	a := newArchiveTest(t).fill()
	a.want(a.run("-r", "-f", "--backup-wal", a.segment(2), "-D", a.data), 0, "", 3)
	if !strings.Contains(a.out.String(), "nothing to delete") {
		t.Error("ARC-012 is missing")
	}
}

// Conformance: AT-123, AT-118 (unit)
func TestArchivefileDeleteIsAlone(t *testing.T) {
	a := newArchiveTest(t).fill()
	ctx := context.Background()
	lock, _, err := node.Lock(ctx, a.machine.Own, a.machine.LockFile, node.Holder{PID: 1, Command: "pg-rex_switchover", Host: "pgrex01", Since: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	a.want(a.run("-r", "-f", "--no-backup", "-D", a.data), 7, message.CMN041, 3)
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	a.machine.LockFile += ".2" // the first one is given up soon
	a.write(filepath.Join(a.machine.State, "operation.json"), `{"Command": "switchover", "Node": "pgrex01", "Phase": "S7"}`)
	a.want(a.run("-r", "-f", "--no-backup", "-D", a.data), 7, message.CMN040, 3)
}

// Conformance: AT-118 (unit)
func TestArchivefileDeleteFindsTheDatabase(t *testing.T) {
	a := newArchiveTest(t).fill()
	a.machine.User = 1 // whoever that is, not root
	if _, err := user.LookupId("1"); err != nil {
		t.Fatal(err)
	}
	a.want(a.run("-r", "-f", "--no-backup"), 2, message.ARC006, 3)
	a.env["PGDATA"] = a.data
	a.want(a.run("-r", "-f", "--no-backup"), 0, "", 1)
}

// Conformance: AT-114, AT-117 (unit)
func TestBackupOnAnotherHost(t *testing.T) {
	dir := filepath.Join(t.TempDir(), `a b;$(touch x)'"`)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	local := func(ctx context.Context, argv []string, _ []byte) ([]byte, error) {
		out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).Output()
		if err != nil {
			err = message.Fail(message.SSH006).Because(err)
		}
		return out, err
	}
	b, ok := parseBackup("store:" + dir + "//")
	if !ok || b.host != "store" || b.dir != dir {
		t.Fatalf("%+v, %v", b, ok)
	}
	if _, err := readLabel(context.Background(), local, b); !message.IsFailure(err, message.CMN013) {
		t.Errorf("no label: %v", err)
	}
	label := "START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\nCHECKPOINT LOCATION: 0/2000060\n"
	if err := os.WriteFile(filepath.Join(dir, "backup_label"), []byte(label), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := readLabel(context.Background(), local, b)
	if err != nil || got.Label.File != "000000010000000000000002" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := readLabel(context.Background(), local, backup{"store", dir + "2"}); !message.IsFailure(err, message.ARC007) {
		t.Errorf("no directory: %v", err)
	}
	if b, ok := parseBackup("localhost:/x"); !ok || b.host != "" {
		t.Errorf("%+v, %v", b, ok)
	}
}

func TestArchivefileDeleteOldestBackupCounts(t *testing.T) {
	a := newArchiveTest(t).fill()
	a.want(a.run("-r", "-f", "-D", a.data, "--backup", a.backup("1", a.segment(0)), "--backup", a.backup("2", a.segment(1))), 0, "", 2)
	if got := a.left(); !slices.Contains(got, a.segment(1)) {
		t.Errorf("left %q", got)
	}
}
