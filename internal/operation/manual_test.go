package operation

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"pgrex/internal/conf"
	"pgrex/internal/message"
	"pgrex/internal/node"
)

// The pages of all commands hold every option and its help, in both languages.
func TestManualHoldsEveryOption(t *testing.T) {
	pages := manualPages()
	options := 0
	for dir, p := range map[string]message.Printer{"": message.In("en"), "ja": message.In("ja")} {
		for _, c := range commands() {
			page := pages[filepath.Join(dir, "man8", c.names[0]+".8")]
			_, f, _ := c.cobra(c.names[0], new(common))
			f.set.VisitAll(func(x *pflag.Flag) {
				options++
				if want := ".TP\n" + optionTag(x, f) + "\n" + roffText(f.help[x.Name].in(p)) + "\n"; !strings.Contains(page, want) {
					t.Errorf("%s %s lacks %q", dir, c.names[0], want)
				}
			})
			for _, s := range c.exitStatuses() {
				if !strings.Contains(page, bold(s.status)+"\n"+roffText(s.text.in(p))) {
					t.Errorf("%s %s lacks exit status %s", dir, c.names[0], s.status)
				}
			}
			for _, old := range c.names[1:] {
				link := pages[filepath.Join(dir, "man8", old+".8")]
				if link != ".so man8/"+c.names[0]+".8\n" {
					t.Errorf("%s %s is %q", dir, old, link)
				}
			}
			if overview := pages[filepath.Join(dir, "man8", "pg-rex.8")]; !strings.Contains(overview, bold(c.name)) {
				t.Errorf("%s pg-rex.8 lacks %s", dir, c.name)
			}
		}
	}
	if options < 100 {
		t.Errorf("only %d options were looked at", options)
	}
}

// keysOfConf are the keys that internal/conf knows, by their names there.
func keysOfConf(t *testing.T) (names []string, table string) {
	t.Helper()
	text, err := os.ReadFile("../conf/keys.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^\tkey\w+ += "([^"]+)"`).FindAllStringSubmatch(string(text), -1) {
		names = append(names, m[1])
	}
	return names, string(text)
}

// The page of the configuration file holds every key that is known, each old
// spelling and the resources that are assumed.
func TestManualHoldsEveryKey(t *testing.T) {
	known, table := keysOfConf(t)
	if len(known) < 30 {
		t.Fatalf("only %d keys found in internal/conf", len(known))
	}
	var ours []string
	for _, k := range configKeys {
		ours = append(ours, k.name)
		for _, spelling := range strings.Split(k.old, ", ") {
			if spelling != "" && !strings.Contains(table, fmt.Sprintf("%q", spelling)) {
				t.Errorf("%s: internal/conf knows no spelling %s", k.name, spelling)
			}
		}
		if strings.HasSuffix(k.name, "_ResourceID") {
			for _, id := range strings.Split(k.absent, ", ") {
				if !strings.Contains(table, fmt.Sprintf("%q", id)) {
					t.Errorf("%s: internal/conf assumes no %s", k.name, id)
				}
			}
		}
	}
	if !slices.Equal(ours, known) {
		t.Errorf("the manual has the keys\n%v, internal/conf\n%v", ours, known)
	}
	for _, old := range regexp.MustCompile(`old: \[\]string\{([^}]*)\}`).FindAllStringSubmatch(table, -1) {
		for _, quoted := range strings.Split(old[1], ", ") {
			spelling := strings.Trim(quoted, `"`)
			if !slices.ContainsFunc(configKeys, func(k configKey) bool { return slices.Contains(strings.Split(k.old, ", "), spelling) }) {
				t.Errorf("the manual lacks the old spelling %s", spelling)
			}
		}
	}
}

// What the manual and the sample call the default is what holds without the key.
func TestManualDefaults(t *testing.T) {
	raw, _ := conf.Parse(nil)
	absent, _ := raw.Config()
	var b strings.Builder
	for _, k := range configKeys {
		if k.absent != none && !strings.HasSuffix(k.name, "_ResourceID") && k.name != "SSH_USER" && k.name != "POLL_INTERVAL" {
			fmt.Fprintf(&b, "%s = %s\n", k.name, k.absent)
		}
	}
	raw, problems := conf.Parse([]byte(b.String()))
	given, _ := raw.Config()
	if len(problems) > 0 {
		t.Errorf("%v", problems)
	}
	given.PeerPass, given.BackupPass = absent.PeerPass, absent.BackupPass // lines differ
	if fmt.Sprintf("%+v", given) != fmt.Sprintf("%+v", absent) {
		t.Errorf("with the defaults given\n%+v\nwithout\n%+v", given, absent)
	}
	if absent.PollInterval.Seconds() != 0.2 {
		t.Errorf("POLL_INTERVAL is %v by default", absent.PollInterval)
	}
}

// request is what a line that begins with a dot may be here.
var request = regexp.MustCompile(`^\.(TH|SH|TP|PP|br|nh|ad|so)( |$)`)

// escapes are the sequences that the pages may use.
var escapes = regexp.MustCompile(`\\(f[BIR]|e|-|\(aq|\(ga|\(ha|\(ti|\(dq|&)`)

// A page that breaks the rules of roff shows up as text that is missing or in
// the wrong place; groff says so where it is installed.
func TestManualIsWellFormed(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil && (os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "") {
		t.Error("groff is needed")
	}
	if err != nil {
		t.Log("groff is not installed: only the form was looked at")
	}
	for name, page := range manualPages() {
		for n, line := range strings.Split(strings.TrimSuffix(page, "\n"), "\n") {
			switch {
			case line == "", strings.HasPrefix(line, "'"), strings.HasPrefix(line, ".") && !request.MatchString(line):
				t.Errorf("%s:%d: %q", name, n+1, line)
			}
			if rest := escapes.ReplaceAllString(line, ""); strings.Contains(rest, `\`) {
				t.Errorf("%s:%d: a backslash that is no escape: %q", name, n+1, line)
			}
		}
		if groff == "" || strings.HasPrefix(page, ".so") {
			continue
		}
		argv := []string{"-K", "utf8", "-mandoc", "-Tutf8", "-ww"}
		if strings.HasPrefix(name, "ja") {
			argv = append(argv, "-mja") // where lines of Japanese may be broken
		}
		cmd := exec.Command(groff, argv...)
		cmd.Stdin = strings.NewReader(page)
		var complaints strings.Builder
		cmd.Stderr = &complaints
		if out, err := cmd.Output(); err != nil || complaints.Len() > 0 || len(out) < len(page)/3 {
			t.Errorf("%s: %v, %d bytes\n%s", name, err, len(out), complaints.String())
		}
	}
}

// What texts contain is shown as it is.
func TestRoffText(t *testing.T) {
	for text, want := range map[string]string{
		".so x":        `\&.so x`,
		"'quoted'":     `\(aqquoted\(aq`,
		`C:\n -x`:      `C:\en \-x`,
		"a~b^c`d\"e":   `a\(tib\(hac\(gad\(dqe`,
		"日本語":          "日本語",
		"in. the text": "in. the text",
	} {
		if got := roffText(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// The hidden argument writes the pages, and an unwritable place is an error.
func TestManualIsWritten(t *testing.T) {
	dir := t.TempDir()
	var out, errOut strings.Builder
	s := Streams{Out: &out, Err: &errOut, Getenv: func(string) string { return "" }}
	if status := Run([]string{"pg-rex", "manual", dir}, s, &Machine{}); status != 0 || out.Len()+errOut.Len() > 0 {
		t.Errorf("status %d, %s%s", status, out.String(), errOut.String())
	}
	for name, want := range manualPages() {
		if have, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(have) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	file := filepath.Join(dir, "man8", "pg-rex.8")
	if status := Run([]string{"pg-rex", "manual", file}, s, &Machine{}); status == 0 || errOut.Len() == 0 {
		t.Errorf("into a file: status %d, %q", status, errOut.String())
	}
}

// What is installed has every name of the program, and the sample for sudo the
// call that is made.
func TestPackagesHaveEveryName(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	makefile, nfpm := read("Makefile"), read("packaging/nfpm.yaml")
	_, list, _ := strings.Cut(makefile, "\nNAMES = ")
	list, _, _ = strings.Cut(list, "\n\n")
	installedNames := strings.Fields(strings.ReplaceAll(list, "\\", ""))
	var names []string
	for _, c := range commands() {
		names = append(names, c.names...)
		for _, name := range c.names {
			for _, link := range []string{"dst: /usr/sbin/" + name + ",", "dst: /usr/local/bin/" + name + ","} {
				if !strings.Contains(nfpm, link) {
					t.Errorf("packaging/nfpm.yaml lacks %q", link)
				}
			}
		}
	}
	if !slices.Equal(installedNames, names) {
		t.Errorf("the Makefile installs %v, the commands are %v", installedNames, names)
	}
	if call := " = " + installed + " " + node.HelperCommand + " pg-rex-*\n"; !strings.Contains(read("packaging/sudoers.sample"), call) {
		t.Errorf("the sample for sudo lacks %q", call)
	}
}

// The samples that come with the packages are configurations without mistakes,
// also with every line of theirs that is only proposed.
func TestSampleConfigurations(t *testing.T) {
	known, _ := keysOfConf(t)
	for name, old := range map[string]bool{"pg-rex_tools.conf.sample": false, "pg-rex_tools.conf.old-sample": true} {
		text, err := os.ReadFile(filepath.Join("../../packaging", name))
		if err != nil {
			t.Error(err)
			continue
		}
		proposed := regexp.MustCompile(`(?m)^#([A-Z][A-Za-z_-]+ *=)`)
		for _, content := range []string{string(text), proposed.ReplaceAllString(string(text), "$1")} {
			raw, problems := conf.Parse([]byte(content))
			c, more := raw.Config()
			for _, p := range append(problems, more...) {
				t.Errorf("%s: %s", name, p.Text(message.In("en")))
			}
			if c.Old != old {
				t.Errorf("%s: of the old generation %v", name, c.Old)
			}
		}
		if old {
			continue // it shows what differs
		}
		for _, key := range known {
			if !regexp.MustCompile(`(?m)^#?` + key + ` *=`).Match(text) {
				t.Errorf("%s lacks %s", name, key)
			}
		}
	}
}
