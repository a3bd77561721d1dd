package conf

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"pgrex/internal/message"
)

// Conformance: AT-010 (unit)
func TestPassword(t *testing.T) {
	dir := t.TempDir()
	elsewhere := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
		return name
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	file(in("good"), "s3cret word \r\nsecond line\n", 0o600)
	file(in("no-end"), "s3cret", 0o400)
	file(in("644"), "s3cret\n", 0o644)
	file(in("640"), "s3cret\n", 0o640)
	file(in("empty"), "", 0o600)
	file(in("empty-line"), "\ns3cret\n", 0o600)
	file(filepath.Join(elsewhere, "target"), "s3cret\n", 0o600)
	for link, target := range map[string]string{"link": "good", "link-out": filepath.Join(elsewhere, "target"), "dangling": "nothing"} {
		if err := os.Symlink(target, in(link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(in("fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	uid := os.Getuid()
	const key = "PEER_NODE_SSH_PASS_FILE"
	for _, tt := range []struct {
		name, path string
		uid        int
		password   string
		want       string
	}{
		{"good", in("good"), uid, "s3cret word ", ""},
		{"no line end, read only", in("no-end"), uid, "s3cret", ""},
		{"link beside the file", in("link"), uid, "s3cret word ", ""},
		{"not named", "", uid, "", "CFG-002 " + key + " is required."},
		{"relative", "good", uid, "", "CFG-003 Line 2: " + key + " must be an absolute path: good"},
		{"missing", in("none"), uid, "", "CFG-015 Line 2: Password file does not exist: " + in("none")},
		{"dangling link", in("dangling"), uid, "", "CFG-015 Line 2: Password file does not exist: " + in("dangling")},
		{"others may read", in("644"), uid, "", "CFG-007 Line 2: Permission of " + in("644") + " must be 600 (now 644)."},
		{"the group may read", in("640"), uid, "", "CFG-007 Line 2: Permission of " + in("640") + " must be 600 (now 640)."},
		{"empty", in("empty"), uid, "", "SSH-013 Line 2: The first line of the password file " + in("empty") + " is empty."},
		{"first line empty", in("empty-line"), uid, "", "SSH-013 Line 2: The first line of the password file " + in("empty-line") + " is empty."},
		{"of another user", in("good"), 987654, "", "SSH-011 Line 2: Password file " + in("good") + " must have permission 600 and belong to 987654."},
		{"folder", dir, uid, "", "SSH-010 Line 2: Not a regular file: " + dir},
		{"FIFO", in("fifo"), uid, "", "SSH-010 Line 2: Not a regular file: " + in("fifo")},
		{"link to elsewhere", in("link-out"), uid, "", "SSH-010 Line 2: Not a regular file: " + in("link-out")},
		{"below a file", in("good") + "/x", uid, "", "SSH-012 Line 2: Cannot read the password file " + in("good") + "/x."},
	} {
		text := "PEER_NODE_SSH_PASS_MODE = passfile\n"
		if tt.path != "" {
			text += key + " = " + tt.path
		}
		c, _, _ := read(text)
		password, problem := c.PeerPass.Password(tt.uid)
		var got []string
		if problem != nil {
			got = told([]Problem{*problem})
			if problem.ID.Exit() != 9 {
				t.Errorf("%s: ends with %d", tt.name, problem.ID.Exit())
			}
			if strings.Contains(got[0], "s3cret") {
				t.Errorf("%s: the problem tells the password", tt.name)
			}
		}
		want := []string{tt.want}
		if tt.want == "" {
			want = nil
		}
		if password != tt.password || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %q, want %q", tt.name, password, got, want)
		}
	}
}

// A file that cannot even be opened is told by its owner: that is what to mend.
func TestPasswordFileOfAnotherUserUnreadable(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
	const nobody = 65534
	dir := t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "password")
	if err := os.WriteFile(path, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var problem *Problem
	as(t, nobody, func() { _, problem = CheckPassFile(path, nobody) })
	if problem == nil || problem.ID != message.SSH011 {
		t.Errorf("%+v", problem)
	}
	if err := os.Chown(path, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	as(t, nobody, func() { _, problem = CheckPassFile(path, nobody) })
	if problem == nil || problem.ID != message.SSH012 {
		t.Errorf("%+v", problem)
	}
}

// Passwords that no mode asks for are nobody's affair.
func TestPasswordOfOtherModes(t *testing.T) {
	for _, mode := range []string{"manual", "nopass"} {
		c, _, _ := read("BACKUP_NODE_SSH_PASS_MODE = " + mode + "\nBACKUP_NODE_SSH_PASS_FILE = relative")
		if password, problem := c.BackupPass.Password(0); password != "" || problem != nil {
			t.Errorf("%s: %q, %+v", mode, password, problem)
		}
	}
}
