package operation

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Conformance: CD-026 (unit)
func TestModeOfADefinition(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		name, sheet string
		want        fs.FileMode
	}{
		{"a.crm", sheets + "golden/pgrex96-stonith.csv", 0o600}, // passwd
		{"b.crm", sheets + "examples/stonith.csv", 0o600},       // password
		{"c.crm", sheets + "golden/pgrex96-nostonith.csv", 0o644},
		{"d.crm", newSheet(t, strings.ReplaceAll(content(t, sheets+"examples/nostonith.csv"), "repuser,repuser", "x_passwd,y")), 0o600},
		{"e.crm", newSheet(t, ",ADDITIONAL_CONFIG\n,,config\n,,primitive p ocf:x:y params a=1 db_password=z\n"), 0o600},
		{"f.crm", newSheet(t, ",ADDITIONAL_CONFIG\n,,config\n,,primitive p ocf:x:y params passwords=1 passwd_file=z\n"), 0o644},
		{"h.crm", newSheet(t, strings.Replace(content(t, sheets+"golden/messages/alert-ok.csv"), "attributes,z,1", "attributes,passwd,1", 1)), 0o600},
	} {
		for _, before := range []fs.FileMode{0, 0o666} {
			name := filepath.Join(dir, tt.name)
			if before != 0 {
				if err := os.Chmod(name, before); err != nil {
					t.Fatal(err)
				}
			}
			if p := raw(t, 1000, "pm_crmgen", "-o", name, tt.sheet); p.status != 0 {
				t.Fatalf("%d %q", p.status, p.err)
			}
			if info, err := os.Stat(name); err != nil || info.Mode() != tt.want {
				t.Errorf("%s: %v %v, want %v", tt.sheet, info.Mode(), err, tt.want)
			}
		}
	}
}

// A link stays a link, and what is no file is written to and not replaced.
func TestGenerateToOtherThanFiles(t *testing.T) {
	dir := t.TempDir()
	link, file := filepath.Join(dir, "link"), filepath.Join(dir, "file")
	if err := errors.Join(os.WriteFile(file, nil, 0o644), os.Symlink("file", link)); err != nil {
		t.Fatal(err)
	}
	s := newSheet(t, doubtful)
	if p := raw(t, 1000, "pm_crmgen", "-o", link, s); p.status != 2 || content(t, file) == "" {
		t.Errorf("%d %q", p.status, p.err)
	}
	names(t, dir, "file", "link")
	if target, err := os.Readlink(link); err != nil || target != "file" {
		t.Error(target, err)
	}
	if p := raw(t, 1000, "pm_crmgen", "-o", "/dev/null", s); p.status != 2 {
		t.Errorf("%d %q", p.status, p.err)
	}
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode()&fs.ModeCharDevice == 0 {
		t.Fatal("/dev/null is gone")
	}
	for name, code := range map[string]string{dir: "E005", "/dev/full": "E005", filepath.Join(file, "x"): "E005"} {
		if p := raw(t, 1000, "pm_crmgen", "-o", name, s); p.status != 1 || !strings.Contains(p.err, code) {
			t.Errorf("%s: %d %q", name, p.status, p.err)
		}
	}
}

// A program of the name pm_crmgen, for what this process cannot try.
func built(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pm_crmgen") // not below a directory that is root's alone
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	program := filepath.Join(dir, "pm_crmgen")
	if out, err := exec.Command("go", "build", "-o", program, "pgrex/cmd/pg-rex").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return program
}

// Conformance: CD-016, CD-017 (unit)
func TestGenerateWhereNothingCanBeWritten(t *testing.T) {
	program := built(t)
	dir := filepath.Join(filepath.Dir(program), "out")
	file, s := filepath.Join(dir, "x.crm"), filepath.Join(filepath.Dir(program), "s.csv")
	sheet := content(t, sheets+"golden/pgrex96-nostonith.csv")
	if err := errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(file, []byte("before"), 0o666), os.Chmod(file, 0o666), os.WriteFile(s, []byte(sheet), 0o644)); err != nil {
		t.Fatal(err)
	}
	run := func(cmd *exec.Cmd, code string) {
		t.Helper()
		var out, errOut bytes.Buffer
		cmd.Stdout, cmd.Stderr, cmd.Env = &out, &errOut, append(os.Environ(), "LC_ALL=C")
		_ = cmd.Run()
		if cmd.ProcessState.ExitCode() != 1 || out.Len() > 0 || !strings.Contains(errOut.String(), "ERROR "+code+" ") {
			t.Errorf("%d %q %q", cmd.ProcessState.ExitCode(), out.String(), errOut.String())
		}
		names(t, dir, "x.crm")
		if content(t, file) != "before" {
			t.Error("the file has changed")
		}
	}
	// A limit for the size of files ends a write in the middle, as a full disk does.
	run(exec.Command("prlimit", "--fsize=2000", program, "-o", file, s), "E006")

	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-o", file, s)
	if os.Getuid() == 0 {
		const nobody = 65534
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	run(cmd, "E005")

	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	cmd = exec.Command(program, s)
	cmd.Stdout = full
	if _ = cmd.Run(); cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("a full standard output is %d", cmd.ProcessState.ExitCode())
	}
}
