package message

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var inBraces = regexp.MustCompile(`\{([^{}]*)\}`)

// names are the placeholders of a numbered text, those for the roles left out.
func names(s string) []string {
	set := map[string]bool{}
	for _, m := range inBraces.FindAllStringSubmatch(s, -1) {
		if m[1] != "PRI" && m[1] != "STB" {
			set[m[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// Conformance: AT-133 (unit)
func TestEveryNumberHasBothLanguages(t *testing.T) {
	for id, m := range numbered() {
		if m.text.en == "" || m.text.ja == "" {
			t.Errorf("%s lacks a language: %+v", id, m)
		}
		if en, ja := names(m.text.en), names(m.text.ja); !slices.Equal(en, ja) {
			t.Errorf("%s: %v in English, %v in Japanese", id, en, ja)
		}
		if strings.ContainsFunc(m.text.en, wide) {
			t.Errorf("%s is not English: %q", id, m.text.en)
		}
		if !strings.ContainsFunc(m.text.ja, wide) && m.text.ja != m.text.en {
			t.Errorf("%s is not Japanese: %q", id, m.text.ja)
		}
		if (m.kind == Error) != (m.exit != 0) {
			t.Errorf("%s: kind %d with exit status %d", id, m.kind, m.exit)
		}
		for _, s := range []string{m.text.en, m.text.ja} {
			line := strings.TrimSuffix(s, "\n") // of a file, several lines
			if strings.TrimSpace(line) != line || strings.Count(s, "{") != strings.Count(s, "}") || strings.Contains(s, "%s") || strings.Contains(s, "%d") {
				t.Errorf("%s: %q", id, s)
			}
			if question := strings.Contains(s, "(y/N)"); question && m.kind != Question {
				t.Errorf("%s asks and is no question: %q", id, s)
			}
		}
	}
}

func TestNumbersAreGivenOnce(t *testing.T) {
	count := 0
	for _, table := range []map[ID]entry{operationMessages, sheetMessages, reviewMessages, applyMessages, setupMessages, doctorMessages, doctorClusterMessages, outlookMessages} {
		count += len(table)
	}
	if count != len(numbered()) {
		t.Errorf("%d messages have %d numbers", count, len(numbered()))
	}
}

// Every message of the specification is there, with its kind, its exit status
// and its parameters (section 7, in testdata/section7.txt: number, kind, names).
//
// Conformance: AT-133 (unit)
func TestEveryMessageOfTheSpecification(t *testing.T) {
	b, err := os.ReadFile("testdata/section7.txt")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[byte]Kind{'L': Label, 'I': Information, 'W': Warning, 'Q': Question, 'E': Error}
	count := 0
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		count++
		m, ok := numbered()[ID(f[0])]
		if !ok {
			t.Errorf("%s is missing", f[0])
			continue
		}
		exit := 0
		if f[1][0] == 'E' {
			exit, _ = strconv.Atoi(f[1][1:])
		}
		if m.kind != kinds[f[1][0]] || m.exit != exit {
			t.Errorf("%s: kind %d, exit status %d; the specification says %s", f[0], m.kind, m.exit, f[1])
		}
		if got := names(m.text.en); !slices.Equal(got, f[2:]) {
			t.Errorf("%s has the parameters %v; the specification says %v", f[0], got, f[2:])
		}
	}
	const least = 270
	if count < least {
		t.Errorf("only %d messages in the list", count)
	}
}

// What a value contains is never replaced again, and nothing is left to be replaced.
func TestTextReplacesOnce(t *testing.T) {
	p := Printer{}.WithWords(OldWords)
	if got := p.Text(STP014, "peer", "{PRI}{peer}"); got != "Master continues on {PRI}{peer} without Slave." {
		t.Errorf("%q", got)
	}
	if got := (Printer{}).Text("XXX-999", "a", 1); got != "XXX-999" {
		t.Errorf("%q", got)
	}
}

// takesNames are the functions that take a number followed by names and values.
var takesNames = []string{"Fail", "Tell", "Text", "Step", "SubStep", "Confirm", "Ask", "Changing"}

// Whoever uses a message passes exactly what it has placeholders for: one that
// is left would be shown to an operator, one too many is a mistake in the name.
//
// Conformance: AT-133 (unit)
func TestCallsPassWhatTheTextHas(t *testing.T) {
	checked, used := 0, map[ID]bool{}
	const root = "../.."
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		at := func(n ast.Node) string { return set.Position(n.Pos()).String() }
		check := func(n ast.Node, id ID, args []ast.Expr) {
			checked++
			var passed []string
			for i := 0; i < len(args); i += 2 {
				name, ok := literal(args[i])
				if !ok || i+1 == len(args) {
					t.Errorf("%s: %s: names and values do not alternate", at(n), id)
					return
				}
				passed = append(passed, name)
			}
			slices.Sort(passed)
			if want := names(numbered()[id].text.en); !slices.Equal(passed, want) {
				t.Errorf("%s: %s is given %v and has %v", at(n), id, passed, want)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if id, ok := number(n); ok {
					used[id] = true
				}
			case *ast.CallExpr:
				at := slices.IndexFunc(n.Args, func(a ast.Expr) bool { _, ok := number(a); return ok })
				if at < 0 || n.Ellipsis.IsValid() {
					return true
				}
				id, _ := number(n.Args[at])
				rest := n.Args[at+1:]
				switch f := called(n); {
				case f == "Do" && len(rest) == 2:
					check(n, id, list(rest[0]))
				case slices.Contains(takesNames, f):
					check(n, id, rest)
				case f == "wrong" && file.Name.Name == "conf": // adds the path
				case len(rest) > 0: // a function of a package's own that passes them on
					if _, ok := literal(rest[0]); ok {
						check(n, id, rest)
					}
				}
			case *ast.CompositeLit:
				var id ID
				var args ast.Expr
				for _, e := range n.Elts {
					if kv, ok := e.(*ast.KeyValueExpr); ok {
						switch key, _ := kv.Key.(*ast.Ident); {
						case key == nil:
						case key.Name == "ID":
							id, _ = number(kv.Value)
						case key.Name == "Args":
							args = kv.Value
						}
					}
				}
				if lit, ok := args.(*ast.CompositeLit); ok && id != "" {
					check(n, id, lit.Elts)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	const least = 150
	if checked < least {
		t.Errorf("only %d uses found", checked)
	}
	for id := range used {
		if _, ok := numbered()[id]; !ok {
			t.Errorf("%s is used and has no text", id)
		}
	}
}

var constant = regexp.MustCompile(`^[A-Z]{3}[0-9]{3}$`)

// number is the message that an expression names, message.STP020.
func number(e ast.Expr) (ID, bool) {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok || !constant.MatchString(sel.Sel.Name) {
		return "", false
	}
	pkg, ok := sel.X.(*ast.Ident)
	name := sel.Sel.Name
	return ID(name[:3] + "-" + name[3:]), ok && pkg.Name == "message"
}

func called(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.Ident:
		return f.Name
	}
	return ""
}

func literal(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(l.Value)
	return s, err == nil
}

func list(e ast.Expr) []ast.Expr {
	if c, ok := e.(*ast.CompositeLit); ok {
		return c.Elts
	}
	return nil
}
