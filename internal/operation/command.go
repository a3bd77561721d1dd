// Package operation is the commands that an operator types: what each checks,
// asks and does, in which order, and what it leaves when it does not get to the
// end. How things are done belongs to other packages: what is on a node to node
// and pg, the cluster to crm, the decision how a standby comes back to rejoin.
package operation

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pgrex/internal/message"
)

// both is a text in English and Japanese.
type both [2]string

func (b both) in(p message.Printer) string {
	if p.Japanese() {
		return b[1]
	}
	return b[0]
}

// command is one of the commands, which has names of its own and is a
// subcommand of pg-rex too.
type command struct {
	name  string   // of the subcommand
	names []string // of the program, new words first
	args  string   // as shown in the usage, "" for none
	max   int      // how many arguments there may be
	short both
	long  both
	// anyUser says that root is not needed.
	anyUser bool
	// peer says whether the peer's address has to be known.
	peer bool
	// lenient commands go on with a configuration file that has mistakes.
	lenient bool
	// unconfigured commands go on without a configuration file.
	unconfigured bool
	// bare commands are about files that they are given: they need no rights, no
	// configuration, no log and no lock.
	bare bool
	// roles says of a bare command that it speaks of the roles.
	roles bool
	// unlocked commands change nothing and need not be alone.
	unlocked bool
	// unfinished commands run although another operation has not come to its end.
	unfinished bool
	// caseSensitive keeps -V apart from -v.
	caseSensitive bool
	// report commands print one object as JSON, and no events.
	report bool
	// exits are the exit statuses, where they are not those of the operations.
	exits []exitStatus
	// versionLetter is the short form of --version, where it is not v.
	versionLetter string
	setup         func(f *flags) (run func(ctx context.Context, s *session, args []string) error)
}

// commands are all of them, in the order of the manual.
func commands() []*command {
	return []*command{
		primaryStart(), standbyStart(), stop(), switchover(), archivefileDelete(), status(), doctorCommand(),
		makeSheet(), generate(), generatePcs(), plan(), apply(), simulate(), initNode(), archiveOne(),
	}
}

// flags are the options of a command, with their help in both languages.
type flags struct {
	set   *pflag.FlagSet
	help  map[string]both
	value map[string]string // what stands for the value in the help
}

func newFlags(set *pflag.FlagSet) *flags {
	return &flags{set: set, help: map[string]both{}, value: map[string]string{}}
}

func (f *flags) boolean(p *bool, name, short string, help both) {
	f.set.BoolVarP(p, name, short, false, help[0])
	f.help[name] = help
}

func (f *flags) text(p *string, name, short, value string, help both) {
	f.set.StringVarP(p, name, short, *p, help[0])
	f.help[name], f.value[name] = help, value
}

func (f *flags) list(p *[]string, name, value string, help both) {
	f.set.StringArrayVar(p, name, nil, help[0])
	f.help[name], f.value[name] = help, value
}

func (f *flags) number(p *int, name, value string, help both) {
	f.set.IntVar(p, name, *p, help[0])
	f.help[name], f.value[name] = help, value
}

// common are the options of every command.
type common struct {
	help, version, yes, dryRun, verbose bool
	resume, abort                       bool
	config, output, lang, vocabulary    string
	logFile                             string
	timeout                             int // seconds; 0: as configured
}

func (o *common) declare(f *flags, c *command) {
	f.boolean(&o.help, "help", "h", both{"show this help", "このヘルプを表示する"})
	letter := "v"
	if c.versionLetter != "" {
		letter = c.versionLetter
	}
	f.boolean(&o.version, "version", letter, both{"show the version", "バージョンを表示する"})
	o.output = "text"
	f.text(&o.output, "output", "", "text|json", both{"form of the output: text, or one JSON object per line", "出力形式: text、または 1 行 1 オブジェクトの json"})
	f.text(&o.lang, "lang", "", "ja|en", both{"language, instead of that of the locale", "表示言語（ロケールより優先）"})
	if c.roles || !c.bare {
		f.text(&o.vocabulary, "vocabulary", "", "old|new", both{"words for the roles: Master/Slave or Primary/Standby", "役割の呼び方: Master/Slave または Primary/Standby"})
	}
	if c.bare {
		return
	}
	o.config = defaultConfig
	f.text(&o.config, "config", "", "FILE", both{"configuration file (default " + defaultConfig + ")", "設定ファイル（既定値 " + defaultConfig + "）"})
	f.boolean(&o.verbose, "verbose", "", both{"show what is done in detail", "実行内容を詳しく表示する"})
	f.boolean(&o.verbose, "additional_information", "a", both{"same as --verbose", "--verbose と同じ"})
	f.text(&o.logFile, "log-file", "", "FILE", both{"log file", "ログファイル"})
	if c.unlocked {
		return
	}
	f.number(&o.timeout, "timeout", "SEC", both{"how long to wait, in seconds, instead of the configured times", "待ち時間の上限（秒、設定ファイルより優先）"})
	f.boolean(&o.yes, "yes", "y", both{"answer yes to the questions", "問い合わせに y と答える"})
	if f.set.Lookup("dry-run") == nil {
		f.boolean(&o.dryRun, "dry-run", "", both{"make all checks, say what would be done, change nothing", "確認だけを行い、実行内容を表示する（変更しない）"})
	}
	if len(c.names) > 0 && c.resumable() {
		f.boolean(&o.resume, "resume", "", both{"go on with an operation that did not finish", "途中で終わった操作を続ける"})
		f.boolean(&o.abort, "abort", "", both{"give up an operation that did not finish", "途中で終わった操作を取りやめる"})
	}
}

// exitUsage is the exit status after wrong options.
func (c *command) exitUsage() int {
	const wrong = 2
	if c.exits != nil {
		return 1
	}
	return wrong
}

func (c *command) resumable() bool { return c.name == "switchover" || c.name == "standby-start" }

// normalise makes of the forms that the present tools take those that pflag
// knows: unambiguous beginnings of long names, long names after one hyphen,
// capital letters.
func normalise(set *pflag.FlagSet, args []string, caseSensitive bool) []string {
	var out []string
	for n, a := range args {
		if a == "--" || a == "-" {
			out = append(out, "--help")
			continue
		}
		if !strings.HasPrefix(a, "-") {
			out = append(out, a)
			continue
		}
		name, value, hasValue := strings.Cut(strings.TrimLeft(a, "-"), "=")
		if hasValue {
			value = "=" + value
		}
		single := !strings.HasPrefix(a, "--")
		switch full := complete(set, name); {
		case single && len(name) == 1:
			if !caseSensitive && set.ShorthandLookup(name) == nil {
				if other := swapCase(name); set.ShorthandLookup(other) != nil {
					name = other
				}
			}
			out = append(out, "-"+name+value)
		case full != "":
			out = append(out, "--"+full+value)
		case single && letters(set, name):
			out = append(out, a) // -rf
		default:
			out = append(out, a)
		}
		if takesNext(set, out[len(out)-1]) && n+1 < len(args) {
			return append(append(out, args[n+1]), normalise(set, args[n+2:], caseSensitive)...)
		}
	}
	return out
}

// takesNext says that the value of an option is the next argument.
func takesNext(set *pflag.FlagSet, option string) bool {
	if strings.Contains(option, "=") {
		return false
	}
	var f *pflag.Flag
	if name, long := strings.CutPrefix(option, "--"); long {
		f = set.Lookup(name)
	} else if letter := strings.TrimPrefix(option, "-"); len(letter) == 1 {
		f = set.ShorthandLookup(letter)
	}
	return f != nil && f.NoOptDefVal == ""
}

// complete is the option that a beginning stands for, "" when it is none or
// several.
func complete(set *pflag.FlagSet, beginning string) string {
	if set.Lookup(beginning) != nil {
		return beginning
	}
	found, several := "", false
	set.VisitAll(func(f *pflag.Flag) {
		if strings.HasPrefix(f.Name, beginning) {
			several = found != ""
			found = f.Name
		}
	})
	if several {
		return ""
	}
	return found
}

func letters(set *pflag.FlagSet, name string) bool {
	for _, r := range name {
		if set.ShorthandLookup(string(r)) == nil {
			return false
		}
	}
	return true
}

func swapCase(s string) string {
	if up := strings.ToUpper(s); up != s {
		return up
	}
	return strings.ToLower(s)
}

// cobraCommand is a command in the form in which completion is made of it.
func (c *command) cobra(use string, o *common) (*cobra.Command, *flags, func(context.Context, *session, []string) error) {
	cc := &cobra.Command{Use: use, Short: c.short[0], SilenceErrors: true, SilenceUsage: true, DisableAutoGenTag: true}
	f := newFlags(cc.Flags())
	run := c.setup(f)
	o.declare(f, c)
	return cc, f, run
}
