package operation

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"pgrex/internal/message"
)

// The manual pages are made of the same table of commands and options as the
// help, in both languages, when the program is built ("make man").

// manualCommand is the hidden argument that writes the pages below a directory.
const manualCommand = "manual"

// writeManual answers "pg-rex manual DIR".
func writeManual(argv []string, s Streams) (status int, done bool) {
	if len(argv) != 3 || argv[1] != manualCommand {
		return 0, false
	}
	for name, text := range manualPages() {
		file := filepath.Join(argv[2], name)
		err := os.MkdirAll(filepath.Dir(file), 0o755)
		if err == nil {
			err = os.WriteFile(file, []byte(text), 0o644)
		}
		if err != nil {
			fmt.Fprintln(s.Err, "pg-rex:", err)
			return 1, true
		}
	}
	return 0, true
}

// manualPages are the pages by their path below the directory of manual pages.
func manualPages() map[string]string {
	pages := map[string]string{}
	for dir, p := range map[string]message.Printer{"": message.In("en"), "ja": message.In("ja")} {
		add := func(name, section, text string) {
			pages[filepath.Join(dir, "man"+section, name+"."+section)] = text
		}
		add("pg-rex", "8", overviewPage(p))
		add("pg-rex_tools.conf", "5", configPage(p))
		for _, c := range commands() {
			add(c.names[0], "8", commandPage(c, p))
			for _, other := range c.names[1:] {
				add(other, "8", ".so man8/"+c.names[0]+".8\n")
			}
		}
	}
	return pages
}

// roff writes one page.
type roff struct {
	strings.Builder
	p message.Printer
}

// roffText keeps a text from being taken for requests and characters of roff.
// Hyphens are those that can be searched for and copied.
func roffText(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`, `"`, `\(dq`).Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}

func newPage(p message.Printer, name, section string) *roff {
	r := &roff{p: p}
	fmt.Fprintf(r, ".TH %s %s \"\" \"pg\\-rex %s\" \"%s\"\n", roffText(strings.ToUpper(name)), section, roffText(Version),
		both{"PG\\-REX operation commands", "PG\\-REX 運用コマンド"}.in(p))
	// Words are not broken, and lines of Japanese need no even right margin.
	r.WriteString(".nh\n.ad l\n")
	return r
}

// section headings.
var (
	manName        = both{"NAME", "名前"}
	manSynopsis    = both{"SYNOPSIS", "書式"}
	manDescription = both{"DESCRIPTION", "説明"}
	manCommands    = both{"COMMANDS", "コマンド"}
	manOptions     = both{"OPTIONS", "オプション"}
	manExit        = both{"EXIT STATUS", "終了ステータス"}
	manEnvironment = both{"ENVIRONMENT", "環境変数"}
	manFiles       = both{"FILES", "ファイル"}
	manSeeAlso     = both{"SEE ALSO", "関連項目"}
)

func (r *roff) section(title both) { fmt.Fprintf(r, ".SH %s\n", title.in(r.p)) }

// text is a paragraph. Lines of Japanese are joined without a blank between
// them, which roff would put there.
func (r *roff) text(t both) {
	for i, paragraph := range strings.Split(strings.TrimSpace(t.in(r.p)), "\n\n") {
		if i > 0 {
			r.WriteString(".PP\n")
		}
		join := " "
		if r.p.Japanese() {
			join = ""
		}
		r.WriteString(roffText(strings.ReplaceAll(paragraph, "\n", join)) + "\n")
	}
}

// item is an entry of a list: what it is about, in roff already, and a text.
func (r *roff) item(tag string, t both) {
	r.WriteString(".TP\n" + tag + "\n")
	r.text(t)
}

func bold(s string) string   { return `\fB` + roffText(s) + `\fR` }
func italic(s string) string { return `\fI` + roffText(s) + `\fR` }

func commandPage(c *command, p message.Printer) string {
	r := newPage(p, c.names[0], "8")
	r.section(manName)
	fmt.Fprintf(r, "%s \\- %s\n", roffText(strings.Join(c.names, ", ")), roffText(c.short.in(p)))

	r.section(manSynopsis)
	for i, name := range c.names {
		if i > 0 {
			r.WriteString(".br\n")
		}
		fmt.Fprintf(r, "%s [%s...]", bold(name), italic(both{"OPTION", "オプション"}.in(p)))
		if c.args != "" {
			r.WriteString(" " + italic(c.args))
		}
		r.WriteString("\n")
	}

	r.section(manDescription)
	r.text(c.long)
	r.WriteString(".PP\n")
	r.text(both{
		"The same command is pg-rex " + c.name + ".",
		"pg-rex " + c.name + " としても実行できます。",
	})
	if len(c.names) > 1 {
		r.text(both{
			c.names[1] + " does the same. Only the words differ: Master and Slave instead of Primary and Standby.",
			c.names[1] + " も同じ動作です。表示上の呼び方だけが異なります（Primary／Standby に対して Master／Slave）。",
		})
	}

	_, f, _ := c.cobra(c.names[0], new(common))
	r.section(manOptions)
	r.text(both{
		"Long options may be abbreviated as long as they are unambiguous, and may begin with one hyphen.",
		"長いオプションは、一意に決まる範囲で省略でき、ハイフン 1 つでも指定できます。",
	})
	f.set.VisitAll(func(x *pflag.Flag) { r.item(optionTag(x, f), f.help[x.Name]) })

	r.section(manExit)
	for _, e := range c.exitStatuses() {
		r.item(bold(e.status), e.text)
	}
	environment(r)
	if !c.bare {
		r.section(manFiles)
		for _, file := range manualFiles {
			r.item(italic(file.path), file.text)
		}
	}
	seeAlso(r, c.names[0])
	return r.String()
}

func optionTag(x *pflag.Flag, f *flags) string {
	tag := bold("--" + x.Name)
	if x.Shorthand != "" {
		tag = bold("-"+x.Shorthand) + ", " + tag
	}
	if v := f.value[x.Name]; v != "" {
		tag += " " + italic(v)
	}
	return tag
}

func environment(r *roff) {
	r.section(manEnvironment)
	r.item(bold("LC_ALL")+", "+bold("LC_MESSAGES")+", "+bold("LANG"), both{
		"The first of them that is set decides on the language: Japanese when it begins with ja, English otherwise.",
		"最初に設定されているものが表示言語を決めます。ja で始まる場合は日本語、それ以外は英語です。",
	})
}

func seeAlso(r *roff, self string) {
	r.section(manSeeAlso)
	var list []string
	for _, name := range append([]string{"pg-rex"}, newNames()...) {
		if name != self {
			list = append(list, bold(name)+"(8)")
		}
	}
	if self != configName {
		list = append(list, bold(configName)+"(5)")
	}
	r.WriteString(strings.Join(list, ", ") + "\n")
}

func newNames() []string {
	var list []string
	for _, c := range commands() {
		list = append(list, c.names[0])
	}
	return list
}

func overviewPage(p message.Printer) string {
	r := newPage(p, "pg-rex", "8")
	r.section(manName)
	fmt.Fprintf(r, "pg\\-rex \\- %s\n", roffText(both{"operate a PG-REX cluster", "PG-REX クラスタの運用コマンド"}.in(p)))
	r.section(manSynopsis)
	fmt.Fprintf(r, "%s %s [%s...]\n", bold("pg-rex"), italic(both{"COMMAND", "コマンド"}.in(p)), italic(both{"OPTION", "オプション"}.in(p)))
	r.section(manDescription)
	r.text(both{
		"One program is all commands. It acts by the name that it is called with, or by its first argument. " +
			"Every command has a page of its own, and answers --help.",
		"1 つのプログラムが全コマンドを兼ねており、呼び出し名または最初の引数で動作が決まります。各コマンドの詳細は、それぞれのマニュアルか --help を参照してください。",
	})
	r.section(manCommands)
	for _, c := range commands() {
		r.item(bold(c.name)+" ("+roffText(strings.Join(c.names, ", "))+")", c.short)
	}
	r.section(manExit)
	for _, e := range exitStatuses {
		r.item(bold(e.status), e.text)
	}
	environment(r)
	r.section(manFiles)
	for _, file := range manualFiles {
		r.item(italic(file.path), file.text)
	}
	seeAlso(r, "pg-rex")
	return r.String()
}

// exitStatus is an exit status with what it means.
type exitStatus struct {
	status string
	text   both
}

// exitStatuses are those of a command.
func (c *command) exitStatuses() []exitStatus {
	if c.exits != nil {
		return c.exits
	}
	return exitStatuses
}

var exitStatuses = []exitStatus{
	{"0", both{"done, or nothing was to be done", "完了した、または実行すべきことがない"}},
	{"1", both{"failed after the first change; what to do next is told, and the journal stays", "変更開始後に失敗した（次の手順を表示し、作業記録を残す）"}},
	{"2", both{"wrong options or arguments; nothing was changed", "オプションまたは引数の誤り（変更なし）"}},
	{"3", both{"refused by a check; nothing was changed", "確認の結果、実行を拒否した（変更なし）"}},
	{"4", both{"the operator said no, or the input ended at a question; nothing was changed", "問い合わせに同意しなかった、または入力が終わった（変更なし）"}},
	{"5", both{"the time was over while something was waited for; the state is told, and the journal stays", "待機中に時間切れとなった（状態を表示し、作業記録を残す）"}},
	{"6", both{"the peer or the host of a backup cannot be reached, or refuses the login", "相手ノードまたはバックアップノードに接続できない、または認証に失敗した"}},
	{"7", both{"another operation runs on one of the nodes, or one has not come to its end; nothing was changed", "いずれかのノードで別の操作が実行中、または途中で終わった操作がある（変更なし）"}},
	{"8", both{"interrupted by a signal; the journal stays", "シグナルで中断された（作業記録を残す）"}},
	{"9", both{"mistake in the configuration; nothing was changed", "設定ファイルの誤り（変更なし）"}},
}

var manualFiles = []struct {
	path string
	text both
}{
	{defaultConfig, both{"configuration, the same on both nodes", "設定ファイル（両ノード共通）"}},
	{defaultLog, both{"everything that was shown, and the programs that were run", "画面に表示した内容と、実行したプログラムの記録"}},
	{"/var/lib/pg-rex/operation.json", both{"journal of an operation that has not come to its end", "途中の操作の作業記録"}},
	{"/var/run/pg-rex_tools.pid", both{"lock of the operation that runs", "実行中の操作のロック"}},
	{"/etc/corosync/corosync.conf", both{"when it exists, there is a cluster", "存在する場合、クラスタが定義されている"}},
	{"/var/lib/pacemaker/cib/cib.xml", both{"the definition, read while Pacemaker is stopped", "クラスタ定義（Pacemaker の停止中に参照する）"}},
	{"/var/lib/pgsql/tmp/PGSQL.lock", both{"lock of the resource agent on a node that has been primary (directory: tmpdir of the resource)", "Primary であったノードに残るリソースエージェントの起動禁止フラグ（ディレクトリはリソースの tmpdir）"}},
}
