package operation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pgrex/internal/console"
	"pgrex/internal/definition"
	"pgrex/internal/message"
	"pgrex/internal/sheet"
)

// generator is pm_crmgen and pm_pcsgen.
type generator struct {
	*session
	command *command
	flags   *flags

	out, xml, sh   string
	verbosity      int
	target, format string
	options        sheet.Options
	check          bool
	strict         bool
	json           bool

	name     string // of the sheet, without directories
	messages []sheet.Message
}

// generatorExits are the exit statuses of the generator, which are those of the
// program that it takes the place of.
var generatorExits = []exitStatus{
	{"0", both{"no error and no warning; the definition was written", "エラーも警告もなく、定義を出力した"}},
	{"1", both{"at least one error, or wrong options; nothing was written", "エラーがある、またはオプションの誤り（何も出力しない）"}},
	{"2", both{"warnings and no error; the definition was written, if there was any", "警告がある（有効なデータがあれば、定義を出力した）"}},
}

func generate() *command {
	c := &command{
		name: "generate", names: []string{"pm_crmgen"}, args: "SHEET",
		short: both{"make a cluster definition of an environment sheet", "環境定義書からクラスタ定義を作成する"},
		long: both{
			"Reads an environment sheet, a CSV file or a worksheet of Excel (.xls, .xlsx), and writes the cluster\ndefinition that it describes. Everything that is wrong with the sheet is told with its row and column.\nNothing is loaded into a cluster.\n\nCalled as pm_crmgen the definition is one for Pacemaker 1.1 unless --target says otherwise.",
			"環境定義書（CSV ファイル、または Excel のワークシート .xls／.xlsx）を読み込み、クラスタ定義を出力します。\n記入の誤りは、行と列を示してまとめて表示します。クラスタへの読み込みは行いません。\n\npm_crmgen として実行した場合、--target を指定しなければ Pacemaker 1.1 用の定義になります。",
		},
	}
	asGenerator(c, func(g *generator, f *flags) {
		f.text(&g.out, "file", "o", "FILE", both{"write the definition to FILE instead of standard output", "定義を標準出力ではなく FILE に書き込む"})
		f.text(&g.format, "format", "", "crm|pcs|xml", both{"text of crmsh (default), shell script of pcs commands, or CIB XML", "出力形式: crmsh の記述（既定値）、pcs コマンドのシェルスクリプト、CIB の XML"})
		f.boolean(&g.options.NoColocations, "no-colocations", "C", both{"do not derive colocations from the LOCATION table", "LOCATION 表から同居制約を作らない"})
		f.boolean(&g.options.NoOrders, "no-orders", "O", both{"do not derive orders from the LOCATION table", "LOCATION 表から順序制約を作らない"})
		f.boolean(&g.options.Braces, "braces", "b", both{"put braces around each recipient of alerts", "アラートの受信者を波括弧で囲む"})
	}, (*generator).generate)
	return c
}

func generatePcs() *command {
	c := &command{
		name: "generate-pcs", names: []string{"pm_pcsgen"}, args: "SHEET", versionLetter: "$",
		short: both{"make CIB XML and pcs commands of an environment sheet", "環境定義書から CIB の XML と pcs コマンドを作成する"},
		long: both{
			"Reads an environment sheet and writes two files beside it: SHEET.xml, the definition for\npg-rex_primary_start, and SHEET.sh, the pcs commands that make the same definition.\npcs is not needed for it. Nothing is loaded into a cluster.",
			"環境定義書を読み込み、同じディレクトリに 2 つのファイルを出力します。pg-rex_primary_start に渡す\n定義 SHEET.xml と、同じ定義を作る pcs コマンド SHEET.sh です。pcs は必要ありません。\nクラスタへの読み込みは行いません。",
		},
	}
	asGenerator(c, func(g *generator, f *flags) {
		g.verbosity = int(sheet.Warning)
		f.text(&g.xml, "xml", "", "FILE", both{"name of the XML file", "XML のファイル名"})
		f.text(&g.sh, "sh", "", "FILE", both{"name of the script", "スクリプトのファイル名"})
	}, (*generator).generatePcs)
	return c
}

// asGenerator makes of c a command that reads a sheet.
func asGenerator(c *command, own func(*generator, *flags), run func(*generator, *sheet.Sheet) []product) {
	// How many arguments there are is said by the command itself, with its help.
	const any = 1 << 16
	c.max, c.bare, c.anyUser, c.report, c.caseSensitive = any, true, true, true, true
	c.exits = generatorExits
	c.setup = func(f *flags) func(context.Context, *session, []string) error {
		g := &generator{command: c, flags: f}
		f.set.CountVarP(&g.verbosity, "verbose", "V", "")
		f.help["verbose"] = both{"show one level more of messages: warnings, notices, information, details; may be repeated", "表示するメッセージを 1 段階増やす（警告、通知、情報、詳細。繰り返し指定できる）"}
		f.text(&g.target, "target", "", "1.1|2|3", both{"generation of Pacemaker that the definition is for", "定義の対象とする Pacemaker の世代"})
		f.text(&g.options.Worksheet, "sheet", "", "NAME|N", both{"worksheet of a workbook (default: the first)", "ブックの中のワークシート（既定値: 先頭）"})
		f.boolean(&g.check, "check", "", both{"read and check only, write nothing", "読み込みと検査だけを行い、出力しない"})
		f.boolean(&g.strict, "strict", "", both{"findings on the finished model are errors", "完成したモデルへの指摘をエラーとして扱う"})
		f.boolean(&g.json, "json", "", both{"messages as lines of JSON on standard error", "メッセージを 1 行 1 オブジェクトの JSON で標準エラーに出力する"})
		own(g, f)
		return func(_ context.Context, s *session, args []string) error {
			g.session = s
			g.json = g.json || s.output == "json"
			return g.run(args, run)
		}
	}
}

// product is a file to write, or standard output where it has no name.
type product struct {
	name    string
	content string
	mode    fs.FileMode
}

func (g *generator) run(args []string, make func(*generator, *sheet.Sheet) []product) error {
	if err := g.choose(args); err != nil {
		return err
	}
	g.name = filepath.Base(args[0])
	var products []product
	if content, ok := g.read(args[0]); ok {
		s, messages := sheet.Read(content, g.options)
		g.messages = append(g.messages, messages...)
		if errors, _ := sheet.Count(messages); errors == 0 && !slices.ContainsFunc(messages, func(m sheet.Message) bool { return m.ID == message.WRN060 }) {
			g.details(s)
			g.sh, g.xml = beside(args[0], g.sh, ".sh"), beside(args[0], g.xml, ".xml")
			products = make(g, s)
		}
	}
	if errors, _ := sheet.Count(g.messages); errors == 0 && !g.check {
		g.write(products)
	}
	return g.tell()
}

// beside is the name of a file of the sheet with another ending, unless one is
// given.
func beside(name, given, ending string) string {
	if given != "" {
		return given
	}
	return strings.TrimSuffix(name, filepath.Ext(name)) + ending
}

// choose checks what pflag cannot.
func (g *generator) choose(args []string) error {
	if len(args) != 1 {
		return g.usage(message.Fail(message.GEN004))
	}
	if g.format == "" {
		g.format = string(sheet.CRM)
	}
	g.options.Format = sheet.Format(g.format)
	if !slices.Contains([]sheet.Format{sheet.CRM, sheet.PCS, sheet.XML}, g.options.Format) {
		return g.usage(message.Fail(message.CMN062, "opt", "--format", "value", g.format))
	}
	old := g.program.invoked == "pm_crmgen" && g.options.Format != sheet.PCS
	if g.target == "" && !old {
		g.target = "2"
	} else if g.target == "" {
		g.target = "1.1"
	}
	t, err := sheet.ParseTarget(g.target)
	if err != nil || t == sheet.Target11 && g.options.Format == sheet.PCS {
		return g.usage(message.Fail(message.CMN062, "opt", "--target", "value", g.target))
	}
	g.options.Target = t
	return nil
}

// usage ends the command with its help.
func (g *generator) usage(f *message.Failure) error {
	say := g.con.Say()
	fmt.Fprintf(g.streams.Err, "%s: %s\n\n%s", f.ID, say.Text(f.ID, f.Args...), helpText(g.command, g.program.invoked, g.flags, say))
	return console.Ended(g.command.exitUsage())
}

// read is the content of a file.
func (g *generator) read(name string) ([]byte, bool) {
	f, err := os.Open(name)
	if err != nil {
		g.add(message.ERR001, "name", name, "err", systemReason(err))
		return nil, false
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, sheet.MaxFile+1))
	if err != nil {
		g.add(message.ERR002, "err", systemReason(err))
		return nil, false
	}
	return content, true
}

// systemReason is what is wrong, without the names that the message has already.
func systemReason(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

func (g *generator) add(id message.ID, args ...any) {
	g.messages = append(g.messages, sheet.Message{ID: id, Args: args})
}

// generate makes one definition in the format that is asked for.
func (g *generator) generate(s *sheet.Sheet) []product {
	text := s.CRM(g.options)
	cib := g.model(s)
	switch g.options.Format {
	case sheet.PCS:
		text = g.script(s)
	case sheet.XML:
		text = cib
	}
	return []product{{g.out, text, mode(s, 0o644)}}
}

// generatePcs makes the definition and the commands for it.
func (g *generator) generatePcs(s *sheet.Sheet) []product {
	g.options.Format = sheet.XML
	cib := g.model(s)
	return []product{{g.xml, cib, mode(s, 0o644)}, {g.sh, g.script(s), mode(s, 0o744)}}
}

// mode is that of a file, which is nobody else's to read when there is a
// password in it.
func mode(s *sheet.Sheet, usual fs.FileMode) fs.FileMode {
	if s.HasPassword() {
		return usual &^ 0o077
	}
	return usual
}

func (g *generator) script(s *sheet.Sheet) string {
	commands, messages := s.PCS(g.options)
	g.messages = append(g.messages, messages...)
	return sheet.Script(commands)
}

// model reads the definition back as a cluster would, adds what is to be said of
// it, and answers with its XML.
func (g *generator) model(s *sheet.Sheet) string {
	o := g.options
	o.Format = sheet.XML
	d, err := definition.Read([]byte(s.CRM(o)))
	if err != nil {
		if g.options.Format == sheet.XML {
			g.add(message.ERR063, "format", sheet.XML, "detail", err)
		} else {
			g.add(message.INF064, "detail", err)
		}
		return ""
	}
	for _, m := range modelFindings(d, g.options.Target) {
		m.Strict = g.strict
		g.messages = append(g.messages, m)
	}
	t, err := definition.NewTarget(g.options.Target.Schema())
	if err != nil {
		g.add(message.ERR063, "format", sheet.XML, "detail", err)
		return ""
	}
	return string(d.CIB(t))
}

// modelFindings are the findings on a finished definition.
func modelFindings(definition.Definition, sheet.Target) []sheet.Message { return nil }
