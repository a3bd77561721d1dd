package operation

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// words plays what the package bash-completion has of this name: it says which
// words are on the line.
const words = `
_get_comp_words_by_ref() { cur=${COMP_WORDS[COMP_CWORD]}; prev=${COMP_WORDS[COMP_CWORD-1]}; words=("${COMP_WORDS[@]}"); cword=$COMP_CWORD; }
compopt() { :; }
`

// Every name of the program completes its options, in bash as it would be
// typed; the scripts for zsh and fish are those of the name.
func TestCompletionOfEveryName(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "pg-rex")
	if out, err := exec.Command("go", "build", "-o", program, "pgrex/cmd/pg-rex").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	wanted := map[string][]string{"pg-rex": nil}
	for _, c := range commands() {
		wanted["pg-rex"] = append(wanted["pg-rex"], c.name)
		for _, name := range c.names {
			if err := os.Symlink("pg-rex", filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			_, f, _ := c.cobra(name, new(common))
			f.set.VisitAll(func(x *pflag.Flag) { wanted[name] = append(wanted[name], "--"+x.Name) })
		}
	}
	if len(wanted) != 18 {
		t.Errorf("%d names, want 18", len(wanted))
	}
	for name, want := range wanted {
		script := func(shell string) string {
			out, err := exec.Command(filepath.Join(dir, name), "completion", shell).Output()
			if err != nil {
				t.Fatalf("%s completion %s: %v", name, shell, err)
			}
			return string(out)
		}
		typed := "--"
		if name == "pg-rex" {
			typed = ""
		}
		bash := exec.Command("bash", "--norc", "-c", script("bash")+words+fmt.Sprintf(`
complete -p %[1]s || exit 1
COMP_WORDS=(%[1]s '%[2]s') COMP_CWORD=1 COMP_LINE='%[1]s %[2]s' COMP_POINT=${#COMP_LINE} COMP_TYPE=9
__start_%[1]s
printf '%%s\n' "${COMPREPLY[@]}"`, name, typed))
		bash.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		out, err := bash.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		var offered []string
		for _, line := range strings.Split(string(out), "\n") {
			first, _, _ := strings.Cut(line, " ")
			offered = append(offered, strings.TrimSuffix(first, "="))
		}
		for _, w := range want {
			if !slices.Contains(offered, w) {
				t.Errorf("%s does not complete %s: %q", name, w, out)
			}
		}
		if s := script("zsh"); !strings.HasPrefix(s, "#compdef "+name+"\n") {
			t.Errorf("%s: zsh: %.40q", name, s)
		}
		if s := script("fish"); !strings.Contains(s, "complete -c "+name+" ") {
			t.Errorf("%s: fish: %.40q", name, s)
		}
	}
}
