package sheet

import (
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgrex/internal/definition"
)

// element is an element of a CIB, read without the code under test.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Children []element  `xml:",any"`
}

func (e element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (e element) named(name string) []element {
	var list []element
	for _, c := range e.Children {
		if c.XMLName.Local == name {
			list = append(list, c)
		}
	}
	return list
}

func parse(t testing.TB, cib string) element {
	t.Helper()
	var e element
	if err := xml.Unmarshal([]byte(cib), &e); err != nil {
		t.Fatalf("%v\n%.500s", err, cib)
	}
	return e
}

// meaning is a CIB as lines in an order of their own: without made ids, and with
// one form for what can be said in two. Operations that pcs adds of the agent's
// meta-data are those that none of the wanted resources has: only those of
// operations count that are named in ops, as "resource name"; nil counts all.
func meaning(e element, ops map[string]bool) string {
	var lines []string
	for _, section := range e.named("configuration")[0].Children {
		for _, c := range section.Children {
			lines = append(lines, split(c, ops)...)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// split takes apart the rules of a location, and says with a node what a rule
// says with #uname.
func split(e element, ops map[string]bool) []string {
	rules := e.named("rule")
	if e.XMLName.Local != "rsc_location" || len(rules) == 0 {
		return []string{canonical(e, ops)}
	}
	var lines []string
	for _, r := range rules {
		x := r.named("expression")
		if len(x) == 1 && x[0].attr("attribute") == "#uname" && x[0].attr("operation") == "eq" {
			lines = append(lines, fmt.Sprintf("rsc_location node=%s rsc=%s score=%s()", x[0].attr("value"), e.attr("rsc"), r.attr("score")))
			continue
		}
		one := e
		one.Children = []element{r}
		lines = append(lines, canonical(one, ops))
	}
	return lines
}

func canonical(e element, ops map[string]bool) string {
	name := e.XMLName.Local
	keepID := slices.Contains([]string{"primitive", "group", "clone", "master", "alert"}, name)
	attrs := []string{name}
	for _, a := range e.Attrs {
		key, value := a.Name.Local, a.Value
		switch {
		case key == "id" && !keepID, key == "boolean-op" && value == "and", strings.HasSuffix(key, "-action") && value == "start", strings.HasSuffix(key, "-role") && value == "Started":
			continue
		case key == "interval" && value == "0":
			value = "0s"
		}
		attrs = append(attrs, key+"="+value)
	}
	slices.Sort(attrs[1:])
	var children []string
	for _, c := range e.Children {
		if c.XMLName.Local == "operations" && name == "primitive" {
			var kept []element
			for _, op := range c.Children {
				if ops == nil || ops[e.attr("id")+" "+op.attr("name")] {
					kept = append(kept, op)
				}
			}
			c.Children = kept
		}
		if len(c.Children)+len(c.Attrs) > 0 {
			children = append(children, canonical(c, ops))
		}
	}
	if name != "group" {
		slices.Sort(children)
	}
	return strings.Join(attrs, " ") + "(" + strings.Join(children, " ") + ")"
}

// operations are those of a CIB, as [meaning] takes them.
func operations(e element, ops map[string]bool) map[string]bool {
	if e.XMLName.Local == "primitive" {
		for _, list := range e.named("operations") {
			for _, op := range list.Children {
				ops[e.attr("id")+" "+op.attr("name")] = true
			}
		}
	}
	for _, c := range e.Children {
		operations(c, ops)
	}
	return ops
}

// cib is the XML that a crmsh text is read as.
func cib(t testing.TB, text string, target Target) string {
	t.Helper()
	d, err := definition.Read([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	tg, err := definition.NewTarget(target.Schema())
	if err != nil {
		t.Fatal(err)
	}
	return string(d.CIB(tg))
}

// program leaves the test out where a program is not installed, unless nothing
// may be left out.
func program(t testing.TB, name string) {
	t.Helper()
	_, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}

// verify has Pacemaker check a CIB; warnings do not count.
func verify(t testing.TB, what, cib string) {
	t.Helper()
	cmd := exec.Command("crm_verify", "-V", "-p")
	cmd.Stdin = strings.NewReader(cib)
	out, err := cmd.CombinedOutput()
	if err != nil && !strings.Contains(string(out), "Warnings found during check") {
		t.Errorf("%s: %v\n%s", what, err, out)
	}
}

// crmsh loads a text into an empty CIB, and answers with the CIB.
func crmsh(t testing.TB, text string) string {
	t.Helper()
	dir := t.TempDir()
	file, cibFile := filepath.Join(dir, "x.crm"), filepath.Join(dir, "cib.xml")
	for name, content := range map[string]string{file: text, cibFile: `<cib validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0">` +
		`<configuration><crm_config/><nodes/><resources/><constraints/></configuration><status/></cib>`} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// -F: agents that are not installed here are no mistake of the text.
	cmd := exec.Command("crm", "-F", "configure", "load", "replace", file)
	cmd.Env = append(os.Environ(), "CIB_file="+cibFile, "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_CACHE_HOME="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b, err := os.ReadFile(cibFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func example(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata/examples", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// read reads a sheet that has no mistake.
func read(t testing.TB, content string, o Options) *Sheet {
	t.Helper()
	s, list := Read([]byte(content), o)
	if errors, _ := Count(list); errors > 0 {
		t.Fatalf("%s\n%.300s", notes(list, Info), content)
	}
	return s
}

// The sheets of both layouts say what the complete examples of the
// specification say.
//
// Conformance: CD-056 (unit)
func TestCompleteExamples(t *testing.T) {
	o := Options{Target: Target2}
	for _, name := range []string{"nostonith", "stonith"} {
		want := meaning(parse(t, cib(t, example(t, name+".crm"), Target2)), nil)
		for _, layout := range []string{"", "pcsgen-"} {
			text := read(t, example(t, layout+name+".csv"), o).CRM(o)
			if got := meaning(parse(t, cib(t, text, Target2)), nil); got != want {
				t.Errorf("%s%s: %s", layout, name, difference(got, want))
			}
		}
	}
}

// Conformance: CD-034, CD-035 (unit)
func TestCrmshMakesTheSame(t *testing.T) {
	program(t, "crm")
	program(t, "crm_verify")
	for _, tt := range []struct {
		sheet  string
		target Target
	}{
		{example(t, "nostonith.csv"), Target2}, {example(t, "stonith.csv"), Target2}, {example(t, "pcsgen-stonith.csv"), Target11},
		{string(golden(t, "pgrex96-stonith.csv")), Target11}, {string(golden(t, "pgrex96-nostonith.csv")), Target2},
		{string(golden(t, "messages/alert-ok.csv")) + ",PROPERTY\n,,name,value\n,,stonith-enabled,false\n", Target2},
	} {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			o := Options{Target: tt.target, Braces: true}
			text := read(t, tt.sheet, o).CRM(o)
			theirs := crmsh(t, text)
			verify(t, "crmsh", theirs)
			ours := cib(t, text, Target2)
			verify(t, "ours", ours)
			// crmsh keeps the words of the text; ours are read back as those of the target.
			d, err := definition.Read([]byte(theirs))
			if err != nil {
				t.Fatal(err)
			}
			tg, _ := definition.NewTarget(Target2.Schema())
			if got, want := meaning(parse(t, string(d.CIB(tg))), nil), meaning(parse(t, ours), nil); got != want {
				t.Errorf("crmsh has another CIB: %s", difference(got, want))
			}
		})
	}
}

// replay runs what a script has called pcs with, each call in a process of its
// own, as the program pcs does it. Starting Python for each of them takes most
// of the time otherwise.
const replay = `
import os, sys
from pcs import app
for call in open("calls").read().split("\n\n")[:-1]:
    argv = call.split("\n")
    if argv[2:4] == ["stonith", "create"]: argv.append("--force") # the agents are not installed here
    pid = os.fork()
    if pid == 0:
        app.main(argv)
        sys.exit(0)
    if os.waitpid(pid, 0)[1] != 0: sys.exit("pcs failed: %r" % argv)
`

// pcs runs a script of pcs commands, and answers with the CIB that it makes.
func pcs(t testing.TB, script string) string {
	t.Helper()
	dir := t.TempDir()
	// Each argument is a line, and a call ends with a blank one.
	const stub = "#!/bin/sh\nprintf '%s\\n' \"$@\" '' >> calls\n"
	for name, text := range map[string]string{"pcs": stub, "x.sh": script, "replay.py": replay} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, argv := range [][]string{{"./x.sh", "made.cib"}, {"/usr/bin/python3", "replay.py"}} {
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s\n%s", err, out, script)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "made.cib"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Conformance: CD-034, CD-036 (unit)
func TestPcsMakesTheSame(t *testing.T) {
	t.Parallel()
	program(t, "pcs")
	program(t, "crm_verify")
	o := Options{Target: Target2, Format: XML}
	s := read(t, example(t, "pcsgen-stonith.csv")+",ALERT\n,P,path\n,,/a.sh\n,A,type,name,value\n,,attributes,x,a b\n,,meta,timeout,5s\n,R,recipient\n,,r1\n", o)
	commands, list := s.PCS(o)
	if len(list) > 0 {
		t.Fatal(notes(list, Info))
	}
	ours := cib(t, s.CRM(o), Target2)
	verify(t, "ours", ours)
	theirs := pcs(t, Script(commands))
	verify(t, "theirs", theirs)
	want := parse(t, ours)
	ops := operations(want, map[string]bool{})
	if len(ops) < 20 {
		t.Fatalf("only %d operations", len(ops))
	}
	if got, want := meaning(parse(t, theirs), ops), meaning(want, nil); got != want {
		t.Errorf("pcs makes another CIB: %s", difference(got, want))
	}
}
