// Package structure holds the rules about the source as a whole: which package
// may import which, and what may be done in one place only. It reads every
// file of the repository, so that a package nobody thought of is held to the
// rules too.
package structure

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "pgrex"
)

// source is one parsed file.
type source struct {
	name string // from the top of the repository
	pkg  string // its folder
	test bool
	file *ast.File
	set  *token.FileSet
}

// The least that the walk has to find: fewer means that it has looked in the
// wrong place.
const leastPackages, leastFiles = 12, 80

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	packages := map[string]bool{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != root && (strings.HasPrefix(d.Name(), ".") || slices.Contains([]string{"testdata", "vendor", "bin", "dist"}, d.Name())):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, ".go"):
			return nil
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		all = append(all, source{name: name, pkg: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), file: parsed, set: set})
		packages[path.Dir(name)] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < leastPackages || len(all) < leastFiles {
		t.Fatalf("only %d packages in %d files found", len(packages), len(all))
	}
	return all
}

func (s source) imports() []string {
	var out []string
	for _, i := range s.file.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err == nil {
			out = append(out, p)
		}
	}
	return out
}

func (s source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.name, s.set.Position(n.Pos()).Line)
}

// uses are the names that a file takes from a package of the standard library.
func (s source) uses(imported string) map[string]ast.Node {
	local := path.Base(imported)
	found := false
	for _, i := range s.file.Imports {
		if i.Path.Value == strconv.Quote(imported) {
			found = true
			if i.Name != nil {
				local = i.Name.Name
			}
		}
	}
	names := map[string]ast.Node{}
	if !found {
		return names
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == local {
				names[sel.Sel.Name] = sel
			}
		}
		return true
	})
	return names
}

// rule is what one package may import besides the standard library, and what
// of that it may not. Tests are free, except that they obey forbidden rules
// marked so: a test may play any part of a package's surroundings.
type rule struct {
	pkg       string
	allowed   []string
	forbidden []string // of the standard library
	tests     bool     // the rule holds for tests as well
	why       string
}

var rules = []rule{
	{pkg: "cmd/pgsql-ra", allowed: []string{"internal/agent", "internal/ocf"},
		why: "a program hands its arguments over and ends with the answer"},
	{pkg: "internal/durable", forbidden: []string{"os/exec", "net"}, why: "it knows directories and nothing of what is in them"},
	{pkg: "internal/resource", allowed: []string{"internal/crm", "internal/ocf", "internal/pg"}, forbidden: []string{"os/exec", "net"},
		why: "it turns one value into another"},
	{pkg: "internal/node", allowed: []string{"internal/durable", "internal/message", "internal/run", "golang.org/x/sys/unix"}, forbidden: []string{"os/exec"},
		why: "it knows how work gets to a node and back, and nothing of the work"},
	{pkg: "internal/console", allowed: []string{"internal/message", "github.com/schollz/progressbar/v3"}, forbidden: []string{"os/exec", "net"},
		why: "it speaks with a person about anything"},
	{pkg: "internal/operation",
		allowed: []string{"internal/archive", "internal/conf", "internal/console", "internal/crm", "internal/definition", "internal/definition/diff", "internal/doctor", "internal/durable",
			"internal/message", "internal/node", "internal/ocf", "internal/outlook", "internal/pg", "internal/pg/wal", "internal/rebuild", "internal/rehearsal", "internal/rejoin",
			"internal/remote", "internal/resource", "internal/review", "internal/run", "internal/setup", "internal/sheet", "internal/template",
			"github.com/spf13/cobra", "github.com/spf13/pflag", "golang.org/x/sys/unix", "golang.org/x/term"},
		forbidden: []string{"os/exec"},
		why:       "the commands are where everything meets"},
	{pkg: "cmd/pg-rex", allowed: []string{"internal/operation"},
		why: "a program hands its arguments over and ends with the answer"},
	{pkg: "test/setup", allowed: []string{"test/lab"}, tests: true,
		why: "a cluster is set up as an operator does, and looked at as the lab does"},
	{pkg: "test/tools", allowed: []string{"test/lab"}, tests: true,
		why: "commands are typed as an operator does, and looked at as the lab does"},
	{pkg: "internal/agent",
		allowed: []string{"internal/crm", "internal/message", "internal/ocf", "internal/pg", "internal/replication", "internal/resource", "internal/run",
			"github.com/sirupsen/logrus", "golang.org/x/sys/unix"},
		forbidden: []string{"net"},
		why:       "the actions are where everything meets; what they talk to belongs to crm and pg"},
	{pkg: "internal/archive",
		allowed: []string{"internal/durable", "internal/message", "internal/node", "internal/pg", "internal/pg/wal", "internal/run",
			"github.com/klauspost/compress/zstd", "github.com/pierrec/lz4/v4", "github.com/ulikunitz/xz", "golang.org/x/sys/unix"},
		forbidden: []string{"os/exec", "net"},
		why:       "archived WAL of either node, nothing of the cluster; the compressions are those that archive commands use"},
	{pkg: "internal/conf", allowed: []string{"internal/message"}, forbidden: []string{"os/exec"},
		why: "what the configuration says and whether that can be; nothing of the cluster is asked"},
	{pkg: "internal/doctor", forbidden: []string{"os/exec"},
		allowed: []string{"internal/conf", "internal/crm", "internal/definition", "internal/message", "internal/node", "internal/ocf", "internal/pg",
			"internal/outlook", "internal/pg/wal", "internal/resource", "internal/review", "internal/run", "github.com/jackc/pgpassfile", "golang.org/x/sys/unix"},
		why: "facts of a node, and what follows from those of both; how a node is reached and what is printed is the commands' affair"},
	{pkg: "internal/ocf", allowed: []string{"github.com/sirupsen/logrus"}, forbidden: []string{"os/exec"},
		why: "the contract with Pacemaker knows neither PostgreSQL nor programs; its log goes through logrus"},
	{pkg: "internal/run", allowed: []string{"golang.org/x/sys/unix"},
		why: "it starts programs and knows none of them"},
	{pkg: "internal/crm", allowed: []string{"internal/run"}, forbidden: []string{"os/exec", "net"},
		why: "Pacemaker is spoken to through its tools only"},
	{pkg: "internal/definition", allowed: []string{"internal/durable", "internal/crm", "internal/message", "internal/run"}, forbidden: []string{"os/exec", "net"},
		why: "a definition file is read, checked and loaded; what a running cluster does belongs to crm"},
	{pkg: "internal/definition/diff", allowed: []string{"internal/definition", "internal/ocf"}, forbidden: []string{"os", "os/exec", "net", "time"},
		why: "two definitions are compared as values"},
	{pkg: "internal/rehearsal", allowed: []string{"internal/crm", "internal/definition", "internal/run"}, forbidden: []string{"os/exec", "net"},
		why: "failures are played on copies of a definition; what is said of them is not its affair"},
	{pkg: "internal/sheet", forbidden: []string{"os", "os/exec", "net"},
		allowed: []string{"internal/message", "github.com/shakinm/xlsReader/xls", "github.com/xuri/excelize/v2", "golang.org/x/text/encoding", "golang.org/x/text/encoding/japanese"},
		why:     "a sheet is bytes and becomes a text; encodings and workbooks are read by libraries"},
	{pkg: "internal/message", allowed: []string{"golang.org/x/text/width"}, forbidden: []string{"os", "os/exec", "net"},
		why: "texts are values: who prints them and for whom is the programs' affair"},
	{pkg: "internal/outlook", allowed: []string{"internal/message"}, forbidden: []string{"os", "os/exec", "net"},
		why: "arithmetic on what is configured: nothing is asked of anybody"},
	{pkg: "internal/pg",
		allowed: []string{"internal/durable", "internal/pg/wal", "internal/run", "github.com/jackc/pgx/v5/pgconn", "github.com/jackc/pgpassfile", "golang.org/x/sys/unix"},
		why:     "one server on this node, nothing of the cluster"},
	{pkg: "internal/pg/wal", forbidden: []string{"os", "os/exec", "net", "time"},
		why: "positions and timelines are values"},
	{pkg: "internal/rebuild",
		allowed: []string{"internal/durable", "internal/message", "internal/node", "internal/pg", "internal/pg/wal", "internal/run",
			"github.com/jackc/pgx/v5/pgproto3", "golang.org/x/sys/unix"},
		why: "data is renewed between two nodes; which way is decided elsewhere"},
	{pkg: "internal/rejoin", forbidden: []string{"os/exec", "net"},
		allowed: []string{"internal/message", "internal/pg", "internal/pg/wal", "internal/rebuild", "internal/run"},
		why:     "facts of one node at a time, and what follows from those of two; carrying it out is not its affair"},
	{pkg: "internal/remote", forbidden: []string{"os/exec"},
		allowed: []string{"internal/message", "github.com/kevinburke/ssh_config", "golang.org/x/crypto/ssh", "golang.org/x/crypto/ssh/agent",
			"golang.org/x/crypto/ssh/knownhosts", "golang.org/x/sys/unix"},
		why: "it reaches a host and knows nothing of what runs there"},
	{pkg: "internal/review", allowed: []string{"internal/crm", "internal/definition", "internal/message"},
		forbidden: []string{"os", "os/exec", "io/fs", "path/filepath", "net", "context"},
		why:       "a definition is judged by what it says; where it comes from is not asked"},
	{pkg: "internal/template", allowed: []string{"internal/message", "internal/review", "github.com/xuri/excelize/v2", "golang.org/x/text/encoding/japanese"},
		forbidden: []string{"os", "os/exec", "net", "path/filepath"},
		why:       "a sheet is a value that is made of a site's; where it is written is not its affair"},
	{pkg: "internal/replication", allowed: []string{"internal/pg/wal"}, tests: true,
		forbidden: []string{"os", "os/exec", "io/fs", "path/filepath", "net", "syscall", "time", "context"},
		why:       "decisions are made of what was observed: no clock, no file, no network"},
	{pkg: "internal/setup", forbidden: []string{"os/exec", "net"},
		allowed: []string{"internal/durable", "internal/message", "internal/pg", "internal/run",
			"github.com/jackc/pgpassfile", "github.com/rogpeppe/go-internal/diff"},
		why: "one node is prepared; nothing of a cluster is asked"},
	{pkg: "test/lab", allowed: []string{"github.com/jackc/pgx/v5", "github.com/jackc/pgx/v5/pgconn", "golang.org/x/sys/unix"}, tests: true,
		why: "it uses what is installed: an audit that read the cluster through the code under test would share its mistakes"},
	{pkg: "test/audit", allowed: []string{"test/lab"}, tests: true,
		why: "the invariants are looked at from outside"},
	{pkg: "test/drill", allowed: []string{"test/audit", "test/lab"}, tests: true,
		why: "faults are made, repaired and judged from outside"},
	{pkg: "test/robustness", allowed: []string{"test/audit", "test/drill", "test/lab", "test/robustness/history", "github.com/jackc/pgx/v5", "github.com/jackc/pgx/v5/pgconn"}, tests: true,
		why: "faults are drawn of those of the drills, repaired and judged from outside"},
	{pkg: "test/robustness/history", allowed: []string{"github.com/anishathalye/porcupine"}, tests: true,
		forbidden: []string{"os", "os/exec", "net", "context"},
		why:       "what clients have noted is judged as values"},
	{pkg: "cmd/pgrex-lab", allowed: []string{"internal/message", "test/audit", "test/drill", "test/lab", "test/robustness", "github.com/spf13/cobra", "golang.org/x/term"},
		why: "the lab's program sees the cluster as the lab does; of the product it has how texts are laid out"},
	{pkg: "test/cluster", allowed: []string{"test/cost", "test/lab"}, tests: true,
		why: "scenarios see the cluster as the lab does"},
	{pkg: "test/cost", allowed: []string{"test/lab"}, tests: true,
		why: "an agent is measured from outside, whoever's it is"},
	{pkg: "test/bench", allowed: []string{"test/cost", "test/lab"}, tests: true,
		why: "agents are compared from outside"},
	{pkg: "test/failover", allowed: []string{"test/drill", "test/lab", "gonum.org/v1/plot", "gonum.org/v1/plot/plotter", "gonum.org/v1/plot/vg", "gonum.org/v1/plot/vg/vgsvg"}, tests: true,
		why: "agents are compared from outside"},
	{pkg: "test/faults", allowed: []string{"test/drill", "test/lab"}, tests: true,
		why: "faults are injected and looked at as the lab does"},
	{pkg: "test/judges", tests: true, why: "others judge what is built, not what it is built of"},
	{pkg: "test/suites", allowed: []string{"test/lab"}, tests: true,
		why: "scenarios see the cluster as the lab does"},
	{pkg: "test/servers", allowed: []string{"test/servers/cache"}, tests: true,
		why: "fetching servers needs nothing of what is tested on them"},
	{pkg: "test/servers/cache", tests: true, why: "finding programs needs nothing of what is tested with them"},
	{pkg: "test/servers/clients", tests: true,
		allowed: []string{"github.com/jackc/pgx/v5/pgconn", "github.com/jackc/pgx/v5/pgproto3", "golang.org/x/sys/unix"},
		why:     "it plays programs of PostgreSQL, which know nothing of us"},
	{pkg: "test/report", allowed: []string{"test/report/tally"}, tests: true, why: "counting tests needs nothing of what they test"},
	{pkg: "test/report/tally", tests: true, why: "counting tests needs nothing of what they test"},
	{pkg: "test/matrix", allowed: []string{"test/lab", "test/report/tally", "test/servers/cache"}, tests: true,
		why: "it knows what there is to run on, and nothing of what is tested there"},
	{pkg: "test/conformance", tests: true, why: "it reads what tests say of themselves"},
	{pkg: "test/mutants", tests: true, why: "it breaks sources as texts and looks at tests from outside"},
	{pkg: "test/structure", tests: true, why: "it reads sources and nothing else"},
}

// own is the short name of a package of this module, "" for others.
func own(imported string) string {
	short, ok := strings.CutPrefix(imported, module+"/")
	if !ok {
		return ""
	}
	return short
}

func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".") && own(imported) == ""
}

func TestImportsPointOneWay(t *testing.T) {
	byPkg := map[string]rule{}
	for _, r := range rules {
		if r.why == "" {
			t.Errorf("the rule for %s has no reason", r.pkg)
		}
		byPkg[r.pkg] = r
	}
	seen := map[string]bool{}
	used := map[string]bool{}
	for _, s := range sources(t) {
		seen[s.pkg] = true
		r, ok := byPkg[s.pkg]
		if !ok {
			t.Errorf("%s: no rule for package %s: say what it may import and why", s.name, s.pkg)
			continue
		}
		for _, imported := range s.imports() {
			name := imported
			if o := own(imported); o != "" {
				name = o
			}
			used[s.pkg+" "+name] = true
			if s.test && !r.tests {
				continue
			}
			if slices.Contains(r.forbidden, imported) || !standard(imported) && !slices.Contains(r.allowed, name) {
				t.Errorf("%s imports %s: %s", s.name, name, r.why)
			}
		}
	}
	for _, r := range rules {
		if !seen[r.pkg] {
			t.Errorf("there is a rule for %s and no such package", r.pkg)
			continue
		}
		for _, name := range r.allowed {
			if !used[r.pkg+" "+name] {
				t.Errorf("%s may import %s and does not: strike it", r.pkg, name)
			}
		}
	}
}

// places are where something may be done that is forbidden elsewhere, tests
// apart: a folder with all below it, or one file.
type places map[string]string

func (p places) allow(name string, used map[string]bool) bool {
	for place := range p {
		if name == place || strings.HasPrefix(name, place+"/") {
			used[place] = true
			return true
		}
	}
	return false
}

func (p places) check(t *testing.T, what string, used map[string]bool) {
	t.Helper()
	for place, why := range p {
		if !used[place] {
			t.Errorf("%s is allowed in %s (%s) and not done there: strike it", what, place, why)
		}
	}
}

func TestProgramsAreStartedInOnePlace(t *testing.T) {
	start := places{
		"internal/run":  "deadline, process group and environment are seen to there",
		"test":          "the lab and the report are programs about programs",
		"cmd/pgrex-lab": "it hands its terminal over to a node's shell",
	}
	used := map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		starts := map[string]ast.Node{}
		for name, n := range s.uses("os/exec") {
			// Looking for a program and reading how one ended start none.
			if !slices.Contains([]string{"LookPath", "ErrNotFound", "ErrDot", "ExitError", "Error"}, name) {
				starts["exec."+name] = n
			}
		}
		for imported, names := range map[string][]string{"os": {"StartProcess"}, "syscall": {"Exec", "ForkExec", "StartProcess"}, "golang.org/x/sys/unix": {"Exec"}} {
			for name, n := range s.uses(imported) {
				if slices.Contains(names, name) {
					starts[path.Base(imported)+"."+name] = n
				}
			}
		}
		for name, n := range starts {
			if !start.allow(s.name, used) {
				t.Errorf("%s: %s: programs are started by internal/run", s.at(n), name)
			}
		}
	}
	start.check(t, "starting programs", used)
}

func TestOnlyProgramsExit(t *testing.T) {
	exit := places{
		"cmd":              "a program ends itself",
		"test/report":      "it is a program",
		"test/matrix":      "it is a program",
		"test/servers":     "it is a program",
		"test/conformance": "it is a program",
		"test/mutants":     "it is a program",
		"test/bench":       "it is a program",
		"test/failover":    "it is a program",
	}
	used := map[string]bool{}
	for _, s := range sources(t) {
		for imported, names := range map[string][]string{
			"os":                         {"Exit"},
			"syscall":                    {"Exit"},
			"log":                        {"Fatal", "Fatalf", "Fatalln"},
			"github.com/sirupsen/logrus": {"Fatal", "Fatalf", "Fatalln", "Exit"},
		} {
			for name, n := range s.uses(imported) {
				if !slices.Contains(names, name) || s.test && s.hasTestMain() {
					continue
				}
				if s.test || !exit.allow(s.name, used) {
					t.Errorf("%s: %s.%s skips the exit reason and everything deferred: return an error", s.at(n), path.Base(imported), name)
				}
			}
		}
	}
	exit.check(t, "os.Exit", used)
}

// hasTestMain says whether a file is the main of a test binary, which may also
// play other programs.
func (s source) hasTestMain() bool {
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "TestMain" {
			return true
		}
	}
	return false
}

func TestWaitsHaveConditions(t *testing.T) {
	sleep := places{
		"test": "the lab waits for machines",
		"internal/pg/control.go": "half a write of the control file lasts less than the pause, and the tries are counted: " +
			"no deadline can pass meanwhile",
		"internal/pg/process.go": "a server is in the directory of its program for a millisecond, and one that stays is given up after a time of its own",
	}
	used := map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		for name, n := range s.uses("time") {
			if name == "Sleep" && !sleep.allow(s.name, used) {
				t.Errorf("%s: time.Sleep sees no deadline: wait with a context", s.at(n))
			}
		}
	}
	delete(sleep, "test") // may be done there, need not
	sleep.check(t, "time.Sleep", used)
}

// A shell gives quotes and dollar signs in parameters a meaning of their own.
func TestNoShell(t *testing.T) {
	shells := []string{"sh", "bash", "dash", "/bin/sh", "/bin/bash", "/usr/bin/sh", "/usr/bin/bash"}
	for _, s := range sources(t) {
		if s.test || strings.HasPrefix(s.name, "test/") || strings.HasPrefix(s.name, "cmd/pgrex-lab/") {
			continue // the lab's nodes are asked by way of one
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			var list []ast.Expr
			switch n := n.(type) {
			case *ast.CallExpr:
				list = n.Args
			case *ast.CompositeLit:
				list = n.Elts
			}
			for i := 0; i+1 < len(list); i++ {
				program, flag := literal(list[i]), literal(list[i+1])
				if slices.Contains(shells, program) && strings.HasPrefix(flag, "-") && strings.HasSuffix(flag, "c") {
					t.Errorf("%s: %s %s: arguments are lists, not shell text", s.at(n), program, flag)
				}
			}
			return true
		})
	}
}

func literal(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		if text, err := strconv.Unquote(lit.Value); err == nil {
			return text
		}
	}
	return ""
}

// Every package says once what it owns and what it leaves to others.
func TestPackageComments(t *testing.T) {
	comments, files := map[string][]string{}, map[string]int{}
	onlyTests := map[string]bool{}
	for _, s := range sources(t) {
		if _, known := onlyTests[s.pkg]; !known {
			onlyTests[s.pkg] = true
		}
		onlyTests[s.pkg] = onlyTests[s.pkg] && s.test
	}
	for _, s := range sources(t) {
		if s.test && !onlyTests[s.pkg] {
			if s.file.Doc != nil {
				t.Errorf("%s has a package comment: it belongs to a file that is not a test", s.name)
			}
			continue
		}
		files[s.pkg]++
		if s.file.Doc == nil {
			continue
		}
		comments[s.pkg] = append(comments[s.pkg], s.name)
		want := "Package " + s.file.Name.Name + " "
		if s.file.Name.Name == "main" {
			want = "Command " + path.Base(s.pkg) + " "
		}
		if !strings.HasPrefix(s.file.Doc.Text(), want) {
			t.Errorf("%s: the package comment does not begin with %q", s.name, want)
		}
	}
	for pkg := range files {
		if len(comments[pkg]) != 1 {
			t.Errorf("%s has %d package comments %v, want 1", pkg, len(comments[pkg]), comments[pkg])
		}
	}
}

// The module's language level is what the oldest supported toolchain speaks.
func TestLanguageLevel(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "\ngo 1.24") || strings.Contains(string(text), "\ntoolchain ") {
		t.Error("go.mod asks for another Go than 1.24")
	}
}
