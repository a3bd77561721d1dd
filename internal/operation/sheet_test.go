package operation

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/japanese"

	"pgrex/internal/review"
	"pgrex/internal/template"
)

// typeSheet runs the command in a language, in a directory of its own.
func typeSheet(t *testing.T, locale string, args ...string) (status int, out, errOut string) {
	t.Helper()
	var o, e strings.Builder
	s := Streams{Out: &o, Err: &e, Getenv: func(name string) string { return map[string]string{"LANG": locale}[name] }}
	status = Run(append([]string{"pg-rex", "sheet"}, args...), s, &Machine{User: 1000})
	return status, o.String(), e.String()
}

func TestSheetIsWritten(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "pgrex.csv")
	status, out, errOut := typeSheet(t, "ja_JP.UTF-8", "--stonith", "ipmi", "--nodes", "pg1,pg2", "-o", file)
	if status != 0 || errOut != "" || !strings.HasPrefix(out, "作成しました: "+file+"\npg1, pg2 の BMC のパスワードは、仮の値「change-me」") {
		t.Errorf("%d %s%s", status, out, errOut)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := japanese.ShiftJIS.NewDecoder().Bytes(b)
	if err != nil || !bytes.Contains(text, []byte("#表 2-1 クラスタ設定　…　クラスタ・プロパティ")) || !bytes.Contains(text, []byte(",node_list,,pg1 pg2,")) {
		t.Errorf("%v %s", err, text)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v %v", info.Mode(), err)
	}

	// Not again, unless it is said; then the new one is there and nothing else.
	if status, _, errOut := typeSheet(t, "C", "--stonith", "none", "--nodes", "a,b", "-o", file); status != 3 || !strings.HasPrefix(errOut, "TPL-012: ") {
		t.Errorf("%d %s", status, errOut)
	}
	if same, err := os.ReadFile(file); err != nil || !bytes.Equal(same, b) {
		t.Error("the file is another one")
	}
	if status, out, errOut := typeSheet(t, "C", "--stonith", "none", "--nodes", "a,b", "-o", file, "--force"); status != 0 || errOut != "" || out != "Written: "+file+"\n" {
		t.Errorf("%d %s%s", status, out, errOut)
	}
	b, err = os.ReadFile(file)
	if err != nil || !bytes.HasPrefix(b, []byte("\"# pm_crmgen environment sheet, file format version: 2.2  PG-REX, Pacemaker 2, without STONITH")) {
		t.Errorf("%v %.200q", err, b)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v %v", entries, err)
	}
}

// A password comes from a file, is in the sheet, which is then the owner's
// alone, and is nowhere else.
func TestSheetWithPasswords(t *testing.T) {
	dir := t.TempDir()
	file, passwords := filepath.Join(dir, "pgrex.xlsx"), filepath.Join(dir, "passwords")
	give := func(text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(passwords, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(passwords, mode); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"--stonith", "ipmi", "--nodes", "pg1,pg2", "-o", file, "--bmc-passwords", passwords, "--bmc", "pg1=10.0.0.1", "--bmc=pg2=10.0.0.2", "--target", "3"}
	for _, c := range []struct {
		text string
		mode os.FileMode
		want string
	}{
		{"pg1=secretword\n", 0o644, "TPL-015"},
		{"pg1=secretword\npg3=x\n", 0o600, "TPL-016"},
		{"pg1=secretword\npg1=secretword\n", 0o600, "TPL-016"},
		{"secretword\n", 0o600, "TPL-016"},
		{"pg1=\n", 0o600, "TPL-016"},
		{"pg1=secretword \n", 0o600, "TPL-008"},
	} {
		give(c.text, c.mode)
		if status, out, errOut := typeSheet(t, "C", args...); status == 0 || !strings.HasPrefix(errOut, c.want+": ") || strings.Contains(out+errOut, "secretword") {
			t.Errorf("%q: %d %s%s", c.text, status, out, errOut)
		}
		if _, err := os.Lstat(file); err == nil {
			t.Fatalf("%q: a file is written", c.text)
		}
	}
	give("# of the BMCs\r\npg1 =secret=word\r\npg2=another\r\n", 0o600)
	status, out, errOut := typeSheet(t, "C", args...)
	info, err := os.Stat(file)
	if status != 0 || errOut != "" || strings.Contains(out, "secret=word") || err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%d %s%s %v", status, out, errOut, err)
	}
	f, err := excelize.OpenFile(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, want := range []string{"secret=word", "another", "10.0.0.1", "10.0.0.2"} {
		if found, err := f.SearchSheet("environment sheet", want); err != nil || len(found) != 1 {
			t.Errorf("%s is in %v, %v", want, found, err)
		}
	}
}

func TestSheetRefuses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "x.csv")
	good := []string{"--stonith", "ipmi", "--nodes", "a,b", "-o", file}
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{nil, 2, "TPL-010 TPL-010 TPL-010"},
		{[]string{"--stonith", "ipmi", "--nodes", "a", "-o", file}, 2, "TPL-001"},
		{[]string{"--stonith", "ipmi", "--nodes", "a,b,c", "-o", file}, 2, "TPL-001"},
		{[]string{"--stonith", "ipmi", "--nodes", "a,B", "-o", file, "--vip-master", "x", "--port", "0"}, 2, "TPL-002 TPL-005 TPL-007"},
		{[]string{"--stonith", "sbd", "--nodes", "a,b", "-o", file}, 2, "CMN-062"},
		{[]string{"--stonith", "ipmi", "--nodes", "a,b", "-o", filepath.Join(dir, "x.ods")}, 2, "TPL-011"},
		{[]string{"--stonith", "ipmi", "--nodes", "a,b", "-o", filepath.Join(dir, "x.xlsx"), "--encoding", "utf8"}, 2, "TPL-019"},
		{[]string{"--stonith", "none", "--nodes", "a,b", "-o", file, "--kdump"}, 2, "TPL-019"},
		{[]string{"--stonith", "none", "--nodes", "a,b", "-o", file, "--bmc-user", "x"}, 2, "TPL-019"},
		{append([]string{"--target", "4"}, good...), 2, "CMN-062"},
		{append([]string{"--encoding", "euc-jp"}, good...), 2, "CMN-062"},
		{append([]string{"--target", "1.1", "--kdump"}, good...), 2, "TPL-009"},
		{append([]string{"--layout", "other"}, good...), 2, "CMN-062"},
		{append([]string{"--layout", "pcsgen", "--target", "1.1"}, good...), 2, "TPL-025"},
		{append([]string{"--bmc", "c=10.0.0.1"}, good...), 2, "TPL-021"},
		{append([]string{"--bmc", "10.0.0.1"}, good...), 2, "TPL-021"},
		{append([]string{"--bmc", "a=10.0.0.1", "--bmc", "a=10.0.0.2"}, good...), 2, "TPL-021"},
		{append([]string{"--bmc", "a=bmc1"}, good...), 2, "TPL-005"},
		{append([]string{"--target", "1.1", "--addresses", "a=192.168.0.11,192.168.0.10"}, good...), 2, "TPL-006"},
		{append([]string{"--bmc-passwords", filepath.Join(dir, "none")}, good...), 3, "TPL-014"},
		{[]string{"--stonith", "ipmi", "--nodes", "a,b", "-o", filepath.Join(dir, "no", "x.csv")}, 1, "TPL-013"},
	} {
		status, _, errOut := typeSheet(t, "C", c.args...)
		var got []string
		for line := range strings.Lines(errOut) {
			if len(line) > 7 && line[3] == '-' && line[7] == ':' {
				got = append(got, line[:7])
			}
		}
		if status != c.status || strings.Join(got, " ") != c.want {
			t.Errorf("%q: %d %q, want %d %s", c.args, status, got, c.status, c.want)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("%v %v", entries, err)
	}
}

// What the packages install is made by this command, one sheet for each
// generation, variant and language, and is what the tests of the sheets look at.
//
// Conformance: CD-040 (unit)
func TestDeliveredSheetsAreMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.csv")
	for _, g := range []review.Generation{review.Pacemaker1, review.Pacemaker2, review.Pacemaker3} {
		for variant, args := range map[string][]string{"stonith": {"--stonith", "ipmi"}, "nostonith": {"--stonith", "none"}, "stonith-kdump": {"--stonith", "ipmi", "--kdump"}} {
			site := template.Defaults(g)
			site.Fencing, site.Kdump = variant != "nostonith", variant == "stonith-kdump"
			if len(site.Check()) > 0 {
				continue // no kdump with Pacemaker 1.1
			}
			for lang, encoding := range map[string]template.Encoding{"ja": template.CP932, "en": template.UTF8} {
				status, _, errOut := typeSheet(t, "C", append(args, "--force", "--lang", lang, "--target", g.String(), "--nodes", "node01,node02", "-o", file)...)
				got, err := os.ReadFile(file)
				want, err2 := template.Build(site, lang == "ja").CSV(encoding)
				if status != 0 || errOut != "" || err != nil || err2 != nil || !bytes.Equal(got, want) {
					t.Errorf("%v %s %s: %d %s, %v, %v", g, variant, lang, status, errOut, err, err2)
				}
			}
		}
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	_, step, _ := strings.Cut(string(makefile), "define sheets\n")
	step, _, _ = strings.Cut(step, "endef")
	for _, part := range []string{"for target in 1.1 2 3", "for lang in ja en", "for variant in stonith nostonith stonith-kdump", "'$(1)'/pg-rex/sheets/"} {
		if !strings.Contains(step, part) {
			t.Errorf("the step of the Makefile lacks %q:\n%s", part, step)
		}
	}
	nfpm, err := os.ReadFile("../../packaging/nfpm.yaml")
	if err != nil || !strings.Contains(string(nfpm), "- src: dist/share/pg-rex/sheets/*\n    dst: /usr/share/pg-rex/sheets/\n") {
		t.Errorf("the packages do not install the sheets: %v", err)
	}
}
