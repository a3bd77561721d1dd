package main

import (
	"bufio"
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// claim is what one test says that it shows.
type claim struct {
	file    string // from the top of the repository
	test    string // function, "" for a script
	layer   layer
	list    *list
	numbers []int
}

func (c claim) String() string { return strings.TrimSpace(c.file + " " + c.test) }

// found is what the walk through the repository has come to.
type found struct {
	claims   []claim
	tests    map[string]bool   // names of all test functions
	mentions map[string]string // name of a test -> where a comment or a document speaks of it
	problems []string
	scripts  int
}

var (
	inGo = regexp.MustCompile(`^// Conformance: (\d+(?:, \d+)*|AT-\d{3}(?:, AT-\d{3})*|CD-\d{3}(?:, CD-\d{3})*) \((` + strings.Join(layerNames, "|") + `)\)$`)
	// A script says nothing of its layer: it has only one.
	inScript = regexp.MustCompile(`^# Conformance: (\d+(?:, \d+)*)$`)
	marked   = regexp.MustCompile(`^\W*Conformance\W*:`)
	testName = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w*`)
)

// scan reads every test of the repository below root, so that one that nobody
// thought of is counted too.
func scan(root string) (*found, error) {
	f := &found{tests: map[string]bool{}, mentions: map[string]string{}}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if file != root && (strings.HasPrefix(d.Name(), ".") || slices.Contains([]string{"vendor", "bin", "dist"}, d.Name())) {
				return filepath.SkipDir
			}
			return nil
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		goTest := strings.HasSuffix(name, "_test.go") && !slices.Contains(strings.Split(name, "/"), "testdata")
		if !goTest && path.Ext(name) != ".txtar" && path.Ext(name) != ".md" || name == document {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		switch {
		case goTest:
			return f.goFile(name, text)
		case path.Ext(name) == ".txtar":
			f.script(name, text)
		default:
			f.mention(name, string(text))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(f.claims, func(a, b claim) int { return strings.Compare(a.String(), b.String()) })
	f.check()
	return f, nil
}

func (f *found) problem(format string, args ...any) {
	f.problems = append(f.problems, fmt.Sprintf(format, args...))
}

func (f *found) mention(where, text string) {
	for _, name := range testName.FindAllString(text, -1) {
		f.mentions[name] = where
	}
}

// labs is where real clusters are.
var labs = []string{"test/cluster/", "test/faults/", "test/setup/", "test/suites/", "test/tools/"}

// goFile finds the tests of a file and what they say of themselves. A line
// that is not in the comment of a test counts for nobody, which is an error.
func (f *found) goFile(name string, text []byte) error {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	used := map[*ast.Comment]bool{}
	for _, d := range parsed.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv != nil || testName.FindString(fn.Name.Name) != fn.Name.Name || fn.Name.Name == "TestMain" {
			continue
		}
		f.tests[fn.Name.Name] = true
		if fn.Doc == nil {
			continue
		}
		for _, c := range fn.Doc.List {
			m := inGo.FindStringSubmatch(c.Text)
			if m == nil {
				continue
			}
			used[c] = true
			l := layer(slices.Index(layerNames, m[2]))
			if (l == lab) != slices.ContainsFunc(labs, func(dir string) bool { return strings.HasPrefix(name, dir) }) {
				f.problem("%s %s: the layer lab is %s, and nothing else is", name, fn.Name.Name, strings.Join(labs, ", "))
			}
			f.add(claim{file: name, test: fn.Name.Name, layer: l}, m[1])
		}
	}
	for _, group := range parsed.Comments {
		f.mention(name, group.Text())
		for _, c := range group.List {
			if marked.MatchString(c.Text) && !used[c] {
				f.problem("%s:%d: %q is not the line of a test: want // Conformance: 1, 2 (%s) in the comment of a test function",
					name, set.Position(c.Pos()).Line, c.Text, strings.Join(layerNames, " or "))
			}
		}
	}
	return nil
}

func (f *found) script(name string, text []byte) {
	f.scripts++
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		if m := inScript.FindStringSubmatch(lines.Text()); m != nil {
			f.add(claim{file: name, layer: script}, m[1])
		} else if strings.HasPrefix(lines.Text(), "#") && marked.MatchString(lines.Text()) {
			f.problem("%s:%d: %q: want # Conformance: 1, 2", name, n, lines.Text())
		}
	}
}

// add checks the numbers: each one a statement.
func (f *found) add(c claim, numbers string) {
	c.list = ofAgent
	switch {
	case strings.HasPrefix(numbers, "AT-"):
		c.list = ofOperations
	case strings.HasPrefix(numbers, "CD-"):
		c.list = ofDefinition
	}
	all := c.list.numbered()
	for _, text := range strings.Split(numbers, ", ") {
		n, err := strconv.Atoi(text[strings.LastIndex(text, "-")+1:])
		if err != nil || n < 1 || n >= len(all) {
			f.problem("%s: there is no statement %s, only %s to %s", c, text, c.list.mark(1), c.list.mark(len(all)-1))
			continue
		}
		if slices.Contains(c.numbers, n) {
			f.problem("%s: %s is there twice", c, text)
			continue
		}
		c.numbers = append(c.numbers, n)
	}
	f.claims = append(f.claims, c)
}

// check is for what only the whole tells: tests that are spoken of and do not
// exist, and statements whose tests and whose missing do not go together.
func (f *found) check() {
	var names []string
	for name := range f.mentions {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !f.tests[name] && name != "TestMain" {
			f.problem("%s speaks of %s: there is no such test", f.mentions[name], name)
		}
	}
	by := f.byNumber(ofAgent)
	for n, s := range ofAgent.numbered() {
		switch {
		case n == 0:
		case s.missing == "" && len(by[n]) == 0:
			f.problem("no test shows statement %d, and nothing says what is missing", n)
		case s.missing == "" && !shown(s, by[n]):
			f.problem("statement %d needs layer %s, and only %s claims it, which cannot show all of it", n, s.layer, by[n][0])
		case s.missing != "" && len(by[n]) > 0:
			f.problem("statement %d is said not to be shown, and %s claims it", n, by[n][0])
		}
	}
}

func (f *found) byNumber(l *list) map[int][]claim {
	by := map[int][]claim{}
	for _, c := range f.claims {
		if c.list != l {
			continue
		}
		for _, n := range c.numbers {
			by[n] = append(by[n], c)
		}
	}
	return by
}

// shown says whether one of the tests is of a layer that shows the statement;
// those of cheaper layers show a part of it.
func shown(s statement, claims []claim) bool {
	return slices.ContainsFunc(claims, func(c claim) bool { return c.layer >= s.layer })
}

// notShown are the statements without a test of their layer.
func (f *found) notShown(l *list) []int {
	by := f.byNumber(l)
	var none []int
	for n, s := range l.numbered() {
		if n > 0 && !shown(s, by[n]) {
			none = append(none, n)
		}
	}
	return none
}
