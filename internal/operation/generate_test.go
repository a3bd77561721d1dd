package operation

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const sheets = "../sheet/testdata/"

func content(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// newSheet writes a sheet.
func newSheet(t testing.TB, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "sheet.csv")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// wrong is a sheet with an error, doubtful one with a warning only.
const (
	wrong    = ",PROPERTY\n,,name,value\n,,,x\n"
	doubtful = ",PROPERTY\n,,name,value\n,,a,1\n,,a,2\n"
)

// Conformance: CD-001, CD-002, CD-008 (unit)
func TestGenerateAsPmCrmgen(t *testing.T) {
	for _, name := range []string{"pgrex96-stonith", "pgrex96-nostonith"} {
		want := content(t, sheets+"golden/"+name+".crm")
		files, err := filepath.Glob(sheets + "golden/" + name + "*.csv")
		if err != nil || len(files) < 2 {
			t.Fatal(files, err)
		}
		marked := newSheet(t, "\ufeff"+content(t, sheets+"golden/"+name+".utf8.csv"))
		for _, file := range append(files, marked) {
			if p := raw(t, 1000, "pm_crmgen", file); p.status != 0 || p.out != want || p.err != "" {
				t.Errorf("%s: %d, %q, the same text: %v", file, p.status, p.err, p.out == want)
			}
			out := filepath.Join(t.TempDir(), "x.crm")
			if p := raw(t, 1000, "pm_crmgen", "-o", out, file); p.status != 0 || p.out != "" || p.err != "" || content(t, out) != want {
				t.Errorf("%s to a file: %d, %q", file, p.status, p.err)
			}
		}
	}
}

// Conformance: CD-005, CD-006 (unit)
func TestGenerateVectors(t *testing.T) {
	count := 0
	for _, dir := range []string{"messages", "product"} {
		for line := range strings.Lines(content(t, sheets+"golden/"+dir+"/expected.tsv")) {
			f := strings.Split(strings.TrimSpace(line), "\t")
			if strings.HasPrefix(line, "#") || len(f) != 3 {
				continue
			}
			count++
			name := sheets + "golden/" + dir + "/" + f[0]
			want, err := os.ReadFile(name + ".crm")
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			if p := raw(t, 1000, "pm_crmgen", name+".csv"); strconv.Itoa(p.status) != f[1] || p.status != 1 && p.out != string(want) || (p.status == 0) != (p.err == "") {
				t.Errorf("%s: %d %q %q", name, p.status, p.out, p.err)
			}
		}
	}
	if count < 68 {
		t.Errorf("only %d vectors", count)
	}
}

// Conformance: CD-015 (unit)
func TestGenerateFromWhatCannotBeRead(t *testing.T) {
	for name, code := range map[string]string{filepath.Join(t.TempDir(), "none.csv"): "E001", t.TempDir(): "E002"} {
		p := raw(t, 1000, "pm_crmgen", name)
		if p.status != 1 || p.out != "" || !strings.Contains(p.err, ":- - ERROR "+code+" ") {
			t.Errorf("%s: %d %q %q", name, p.status, p.out, p.err)
		}
	}
}

// Conformance: CD-018 (unit)
func TestGenerateWritesNothingAfterAnError(t *testing.T) {
	dir := t.TempDir()
	there, none := filepath.Join(dir, "there.crm"), filepath.Join(dir, "none.crm")
	if err := os.WriteFile(there, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"crm", "pcs", "xml"} {
		for _, argv := range [][]string{{"-o", there}, {"-o", none}, {}} {
			argv = append([]string{"pm_crmgen", "--format", format, newSheet(t, wrong)}, argv...)
			if p := raw(t, 1000, argv...); p.status != 1 || p.out != "" || !strings.Contains(p.err, "sheet.csv:L3 C ERROR E023 ") {
				t.Errorf("%q: %d %q %q", argv, p.status, p.out, p.err)
			}
		}
	}
	names(t, dir, "there.crm")
	if content(t, there) != "before" {
		t.Error("the file has changed")
	}
	// What cannot be said in a format is an error of its own.
	p := raw(t, 1000, "pm_crmgen", "--format", "xml", "-o", none, sheets+"golden/messages/config.csv")
	if p.status != 1 || !strings.Contains(p.err, "E063") {
		t.Errorf("%d %q", p.status, p.err)
	}
	names(t, dir, "there.crm")
	// Nothing is written where there is nothing to write.
	p = raw(t, 1000, "pm_crmgen", "-V", "-o", none, sheets+"golden/messages/no-data.csv")
	if p.status != 2 || !strings.Contains(p.err, "W060") {
		t.Errorf("%d %q", p.status, p.err)
	}
	names(t, dir, "there.crm")
	// --check writes nothing at all.
	p = raw(t, 1000, "pm_crmgen", "--check", "-o", none, sheets+"golden/pgrex96-stonith.csv")
	if p.status != 0 || p.out+p.err != "" {
		t.Errorf("%d %q %q", p.status, p.out, p.err)
	}
	names(t, dir, "there.crm")
}

// names are those of all files of a directory.
func names(t testing.TB, dir string, want ...string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range list {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s holds %q, want %q", dir, got, want)
	}
}

// Conformance: CD-019 (unit)
func TestGenerateUsage(t *testing.T) {
	s := newSheet(t, doubtful)
	for _, program := range [][]string{{"pm_crmgen"}, {"pg-rex", "generate"}, {"pm_pcsgen"}} {
		for _, argv := range [][]string{{}, {s, s}, {"--nonesuch", s}, {"-x", s}, {"--target", "4", s}, {"--format", "y", s}, {"--lang", "fr", s}, {"--target", "1.1", "--format", "pcs", s}} {
			p := raw(t, 1000, append(slices.Clone(program), argv...)...)
			if p.status != 1 || p.out != "" || !strings.Contains(p.err, "--help") {
				t.Errorf("%q %q: %d %q %q", program, argv, p.status, p.out, p.err)
			}
			if len(argv) != 1 && !strings.Contains(p.err, "Usage: "+strings.Join(program, " ")) && !slices.Contains(argv, "--lang") {
				t.Errorf("%q %q: no usage: %q", program, argv, p.err)
			}
		}
		if p := raw(t, 1000, append(slices.Clone(program), "--help")...); p.status != 0 || p.err != "" || !strings.Contains(p.out, "Usage: ") {
			t.Errorf("%q --help: %d %q", program, p.status, p.err)
		}
	}
	for _, argv := range [][]string{{"pm_crmgen", "--version"}, {"pm_pcsgen", "-$"}, {"pm_pcsgen", "--version"}} {
		if p := raw(t, 1000, argv...); p.status != 0 || !strings.HasPrefix(p.out, argv[0]+" ") {
			t.Errorf("%q: %d %q %q", argv, p.status, p.out, p.err)
		}
	}
}

// Conformance: CD-020 (unit)
func TestGenerateVerbosity(t *testing.T) {
	s := newSheet(t, doubtful+",,b,\n")
	for _, tt := range []struct {
		argv          []string
		with, without string
		lines         int
	}{
		{nil, "-V", "W026", 1},
		{[]string{"-V"}, "sheet.csv:L4 C WARN W026 ", "I027", 2},
		{[]string{"-V", "-V"}, "W026", "I027", 2},
		{[]string{"-VVV"}, "sheet.csv:L5 D INFO I027 ", "DEBUG", 3},
		{[]string{"-V", "--lang", "ja"}, "行目ですでに設定されています", "I027", 2},
	} {
		// Options may stand before or after the name.
		for _, argv := range [][]string{append(slices.Clone(tt.argv), s), append([]string{s}, tt.argv...)} {
			p := raw(t, 1000, append([]string{"pm_crmgen"}, argv...)...)
			if p.status != 2 || !strings.Contains(p.out, "property a=\"1\"") || !strings.Contains(p.err, tt.with) || strings.Contains(p.err, tt.without) || strings.Count(p.err, "\n") != tt.lines {
				t.Errorf("%q: %d %q", argv, p.status, p.err)
			}
		}
	}
}

// Conformance: CD-012 (unit)
func TestGenerateTellsOfACommentedTable(t *testing.T) {
	hidden := "#,RSC_DEFAULTS\n,,name,value\n"
	for text, told := range map[string]bool{",PROPERTY\n,,name,value\n" + hidden + ",,,x\n": true, ",PROPERTY\n,,name,value\n" + hidden: false} {
		if p := raw(t, 1000, "pm_crmgen", newSheet(t, text)); strings.Contains(p.err, "sheet.csv:L3 B INFO I061 ") != told {
			t.Errorf("%q: %q", text, p.err)
		}
	}
}

func TestGenerateJSON(t *testing.T) {
	for _, option := range []string{"--json", "--output=json"} {
		p := raw(t, 1000, "pm_crmgen", option, newSheet(t, doubtful))
		var m jsonMessage
		if err := json.Unmarshal([]byte(p.err), &m); err != nil || p.status != 2 {
			t.Errorf("%d %q: %v", p.status, p.err, err)
		}
		if m.Text == "" || (m != jsonMessage{"W026", "WARN", "sheet.csv", 4, "C", 3, m.Text}) {
			t.Errorf("%+v", m)
		}
	}
}

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

// Conformance: CD-036 (unit)
func TestGenerateAsPmPcsgen(t *testing.T) {
	for name, private := range map[string]bool{"pcsgen-nostonith": false, "pcsgen-stonith": true} {
		s := newSheet(t, content(t, sheets+"examples/"+name+".csv"))
		p := raw(t, 1000, "pm_pcsgen", s)
		if p.status != 0 || p.out+p.err != "" {
			t.Errorf("%s: %d %q %q", name, p.status, p.out, p.err)
		}
		names(t, filepath.Dir(s), "sheet.csv", "sheet.sh", "sheet.xml")
		// Others may not read a password.
		want := map[string]fs.FileMode{".sh": 0o744, ".xml": 0o644}
		if private {
			want = map[string]fs.FileMode{".sh": 0o700, ".xml": 0o600}
		}
		for ending, mode := range want {
			if info, err := os.Stat(strings.TrimSuffix(s, ".csv") + ending); err != nil || info.Mode() != mode {
				t.Errorf("%s: %s has mode %v, %v", name, ending, info.Mode(), err)
			}
		}
	}
	// Both or none, under the names that are given.
	s := newSheet(t, doubtful)
	dir := t.TempDir()
	if p := raw(t, 1000, "pm_pcsgen", "--xml", filepath.Join(dir, "a"), "--sh", filepath.Join(dir, "none", "b"), s); p.status != 1 {
		t.Errorf("%d %q", p.status, p.err)
	}
	names(t, dir)
	p := raw(t, 1000, "pm_pcsgen", "--xml", filepath.Join(dir, "a"), "--sh", filepath.Join(dir, "b"), s)
	if p.status != 2 || !strings.Contains(p.err, "W026") { // warnings are shown without being asked for
		t.Errorf("%d %q", p.status, p.err)
	}
	names(t, dir, "a", "b")
}

// Whatever is wrong with a sheet and however much is to be told of it, a
// password in it is not.
//
// Conformance: CD-078 (unit)
func TestGenerateTellsNoPassword(t *testing.T) {
	const secret = "s3cr3t-of-the-bmc"
	for _, name := range []string{"examples/stonith.csv", "examples/pcsgen-stonith.csv"} {
		lines := strings.SplitAfter(strings.ReplaceAll(content(t, sheets+name), "change-me", secret), "\n")
		if !strings.Contains(strings.Join(lines, ""), secret) {
			t.Fatal("the sheet has no password")
		}
		told := 0
		for i := range lines {
			for _, format := range []string{"crm", "xml", "pcs"} {
				if i%3 != 0 || format != "crm" && i%10 != 0 {
					continue // most mistakes are found before the format matters
				}
				s := newSheet(t, strings.Join(slices.Delete(slices.Clone(lines), i, i+1), "")+",ADDITIONAL_CONFIG\n,,config\n,,\"primitive x y params password="+secret+"\"\n")
				p := raw(t, 1000, "pg-rex", "generate", "--target", "2", "--format", format, "-VVVVV", "-o", filepath.Join(filepath.Dir(s), "out"), s)
				told += len(p.err)
				if strings.Contains(p.out+p.err, secret) {
					t.Fatalf("without line %d: %s%s", i+1, p.out, p.err)
				}
			}
		}
		if told < 10000 {
			t.Errorf("only %d bytes were told", told)
		}
	}
}
