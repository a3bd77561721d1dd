package operation

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
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
	if p := raw(t, 1000, "pm_pcsgen", "--target", "1.1", s); p.status != 1 || !strings.Contains(p.err, "--target") {
		t.Errorf("%d %q", p.status, p.err)
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
		if m.Text == "" || (m != jsonMessage{"W026", "WARN", "sheet.csv", "", 4, "C", 3, m.Text}) {
			t.Errorf("%+v", m)
		}
	}
}

// Conformance: CD-021, CD-022 (unit)
func TestGenerateOptions(t *testing.T) {
	s := newSheet(t, content(t, sheets+"golden/messages/loc-auto.csv")+content(t, sheets+"golden/messages/alert-ok.csv"))
	whole := raw(t, 1000, "pm_crmgen", s)
	for _, tt := range []struct {
		option string
		change func(string) string
	}{
		{"-C", func(s string) string { return without(s, "\n### Resource Colocation ###", "colocation ") }},
		{"-O", func(s string) string { return without(s, "\n### Resource Order ###", "order ") }},
		{"-b", func(s string) string {
			return strings.NewReplacer("to r1 ", "to { r1 ", `z="1"`, `z="1" }`, "to r2", "to { r2 }").Replace(s)
		}},
	} {
		if p := raw(t, 1000, "pm_crmgen", tt.option, s); p.status != 0 || p.out == whole.out || p.out != tt.change(whole.out) {
			t.Errorf("%s: %d %q\n%s", tt.option, p.status, p.err, p.out)
		}
	}
}

// without is a text without a title and the statement below it.
func without(text, title, statement string) string {
	before, rest, _ := strings.Cut(text, title+"\n"+statement)
	_, after, _ := strings.Cut(rest, "\n")
	return before + after
}

// What PG-REX asks of a finished definition is told where the words are not
// those of pm_crmgen's time, or where it is asked for.
//
// Conformance: CD-037, CD-052 (unit)
func TestGenerateReviews(t *testing.T) {
	stonith, open := newSheet(t, content(t, sheets+"golden/pgrex96-stonith.csv")), newSheet(t, content(t, sheets+"golden/pgrex96-nostonith.csv"))
	p := raw(t, 1000, "pm_crmgen", "--target", "2", "-V", stonith)
	for _, want := range []string{"W070", "diskd", "storage-mon", "stonith-helper", "priority-fencing-delay"} {
		if !strings.Contains(p.err, want) {
			t.Errorf("%q is not said: %s", want, p.err)
		}
	}
	if p.status != 2 {
		t.Errorf("status %d, want 2", p.status)
	}
	p = raw(t, 1000, "pm_crmgen", "--target", "2", "-V", open)
	if got := strings.Count(p.err, "W071"); got != 1 || !strings.Contains(p.err, "two instances") {
		t.Errorf("W071 %d times: %s", got, p.err)
	}
	if p := raw(t, 1000, "pm_crmgen", open); p.status != 0 || p.err != "" {
		t.Errorf("as the program of old: %d %q", p.status, p.err)
	}
	if p := raw(t, 1000, "pm_crmgen", "--strict", open); p.status != 1 || p.out != "" || !strings.Contains(p.err, "ERROR W071") {
		t.Errorf("strictly: %d %q", p.status, p.err)
	}
}

// Conformance: CD-036 (unit)
func TestGenerateAsPmPcsgen(t *testing.T) {
	for name, private := range map[string]bool{"pcsgen-nostonith": false, "pcsgen-stonith": true} {
		s := newSheet(t, content(t, sheets+"examples/"+name+".csv"))
		p := raw(t, 1000, "pm_pcsgen", s)
		finding := map[bool]string{false: "W071", true: "W082"}[private] // no fencing; a password to be filled in
		if p.status != 2 || p.out != "" || !strings.Contains(p.err, finding) {
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

// A worksheet is named by its name or its number, and messages name it.
func TestGenerateOfAWorksheet(t *testing.T) {
	book := filepath.Join(t.TempDir(), "pgrex.xlsx")
	if p := raw(t, 1000, "pg-rex", "sheet", "--stonith", "ipmi", "--nodes", "a,b", "-o", book); p.status != 0 {
		t.Fatalf("%+v", p)
	}
	f, err := excelize.OpenFile(book)
	if err != nil {
		t.Fatal(err)
	}
	name := f.GetSheetList()[0]
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	first := raw(t, 1000, "pg-rex", "generate", book)
	for _, worksheet := range []string{"1", name} {
		p := raw(t, 1000, "pg-rex", "generate", "-V", "--sheet", worksheet, book)
		if p.status != 2 || p.out != first.out || !strings.Contains(p.err, "pgrex.xlsx["+worksheet+"]:- - WARN W082") {
			t.Errorf("--sheet %s: %d %s", worksheet, p.status, p.err)
		}
	}
	if p := raw(t, 1000, "pg-rex", "generate", "--json", "--sheet", "1", book); !strings.Contains(p.err, `"worksheet":"1"`) {
		t.Errorf("%s", p.err)
	}
	if p := raw(t, 1000, "pg-rex", "generate", "--sheet", "9", book); p.status != 1 || !strings.Contains(p.err, name) {
		t.Errorf("--sheet 9: %d %s", p.status, p.err)
	}
}
