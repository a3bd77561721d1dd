package operation

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pgrex/internal/durable"
	"pgrex/internal/message"
	"pgrex/internal/review"
	"pgrex/internal/template"
)

// sheetOptions are those of pg-rex sheet. Values of a site that are not given
// are those of the tutorial.
type sheetOptions struct {
	file, target, stonith, nodes, encoding, layout string
	kdump, force                                   bool
	// values are options that stand for one value of the site each.
	values            map[string]*string
	bmcs, addresses   []string
	bmcUser, password string
}

func makeSheet() *command {
	return &command{
		name: "sheet", names: []string{"pg-rex_sheet"}, anyUser: true, bare: true,
		short: both{"make a filled environment sheet", "記入済みの環境定義書を作成する"},
		long: both{
			"Makes an environment sheet of PG-REX, filled with the values that PG-REX needs. What is to be adapted to the " +
				"site is orange in a workbook (.xlsx); options put values there at once, and what is not given is as in the " +
				"tutorial. From the sheet, saved as CSV, pm_crmgen makes the cluster definition. Passwords are never options: " +
				"they come from a file, or are filled in later.",
			"PG-REX に必要な値を記入した環境定義書を作成します。Excel 形式（.xlsx）では、環境に合わせて変更するセルが橙色で" +
				"表示されます。値はオプションでも指定でき、省略した値はチュートリアルの値になります。CSV 形式で保存した環境定義書から、" +
				"pm_crmgen でクラスタ定義を作成します。パスワードはオプションでは指定できません。ファイルで渡すか、後から記入してください。",
		},
		setup: func(f *flags) func(context.Context, *session, []string) error {
			o := &sheetOptions{}
			o.declare(f)
			return func(_ context.Context, s *session, _ []string) error { return s.makeSheet(o) }
		},
	}
}

func (o *sheetOptions) declare(f *flags) {
	f.text(&o.file, "file", "o", "FILE", both{"sheet to write, .xlsx or .csv", "作成するファイル（.xlsx または .csv）"})
	f.text(&o.stonith, "stonith", "", "ipmi|none", both{"with fencing by IPMI, or without fencing (for trials only)", "IPMI によるフェンシングあり、またはフェンシングなし（試用専用）"})
	f.text(&o.nodes, "nodes", "", "A,B", both{"names of the two nodes, as uname -n gives them", "2 ノードの名前（uname -n の値）"})
	o.target = "2"
	f.text(&o.target, "target", "", "1.1|2|3", both{"generation of Pacemaker (default 2)", "Pacemaker の世代（既定値 2）"})
	o.layout = "crmgen"
	f.text(&o.layout, "layout", "", "crmgen|pcsgen", both{"layout of pm_crmgen 2.2, or of its successor pm_pcsgen with the ids of PG-REX 12 and newer (default crmgen)", "pm_crmgen 2.2 の様式、または後継の pm_pcsgen の様式（PG-REX 12 以降のリソース ID。既定値 crmgen）"})
	f.boolean(&o.kdump, "kdump", "", both{"recognise a node that is dumping its memory before IPMI resets it", "IPMI によるリセットの前に、カーネルダンプ中であることを確認する"})
	f.text(&o.encoding, "encoding", "", "cp932|utf8|utf8-bom", both{"encoding of a CSV (default cp932 for Japanese, utf8 otherwise)", "CSV の文字コード（既定値は日本語では cp932、それ以外は utf8）"})
	f.boolean(&o.force, "force", "", both{"replace a file that exists", "既存のファイルを上書きする"})
	o.values = map[string]*string{}
	for _, v := range siteValues {
		o.values[v.option] = new(string)
		f.text(o.values[v.option], v.option, "", v.value, v.help)
	}
	f.list(&o.addresses, "addresses", "NODE=IP,...", both{"all addresses of a node but that of its BMC (Pacemaker 1.1)", "BMC を除くノードの全 IP アドレス（Pacemaker 1.1 用）"})
	f.list(&o.bmcs, "bmc", "NODE=IP", both{"address of a node's BMC (172.20.144.43 and .44)", "ノードの BMC の IP アドレス（既定値 172.20.144.43、.44）"})
	f.text(&o.password, "bmc-passwords", "", "FILE", both{"file with lines NODE=PASSWORD, readable by its owner only", "「ノード名=パスワード」を 1 行ずつ記述したファイル（所有者のみ読み取り可能なもの）"})
}

// siteValues are the options of one value each, with where they go.
var siteValues = []struct {
	option, value string
	help          both
	of            func(*template.Site) *string
}{
	{"vip-master", "IP", both{"address of the primary for clients (192.168.0.10)", "Primary の更新用仮想 IP（既定値 192.168.0.10）"}, func(s *template.Site) *string { return &s.Primary }},
	{"vip-rep", "IP", both{"address of the primary for replication (192.168.2.3)", "Primary のレプリケーション用仮想 IP（既定値 192.168.2.3）"}, func(s *template.Site) *string { return &s.Replication }},
	{"vip-slave", "IP|none", both{"address of the standby for reading clients (192.168.0.20)", "Standby の参照用仮想 IP（既定値 192.168.0.20、なしの場合は none）"}, func(s *template.Site) *string { return &s.Standby }},
	{"nic", "NAME", both{"interface of the service LAN (bond0)", "S-LAN のインタフェース名（既定値 bond0）"}, func(s *template.Site) *string { return &s.ServiceNIC }},
	{"rep-nic", "NAME", both{"interface of the replication LAN (bond1)", "D-LAN のインタフェース名（既定値 bond1）"}, func(s *template.Site) *string { return &s.ReplicationNIC }},
	{"netmask", "BITS", both{"length of the netmask (24)", "ネットマスク長（既定値 24）"}, func(s *template.Site) *string { return &s.Netmask }},
	{"gateway", "IP", both{"target that the service LAN is checked by (192.168.0.254)", "S-LAN の監視先（既定値 192.168.0.254）"}, func(s *template.Site) *string { return &s.Gateway }},
	{"os-disk", "DEVICE", both{"whole disk of the operating system (/dev/sda)", "OS のディスク（既定値 /dev/sda）"}, func(s *template.Site) *string { return &s.SystemDisk }},
	{"data-disk", "DEVICE", both{"whole disk of the database (/dev/sdb)", "データベースのディスク（既定値 /dev/sdb）"}, func(s *template.Site) *string { return &s.DataDisk }},
	{"pgdata", "DIR", both{"data directory (/dbfp/pgdata/data)", "データベースクラスタのディレクトリ（既定値 /dbfp/pgdata/data）"}, func(s *template.Site) *string { return &s.PGData }},
	{"archive", "DIR", both{"directory of archived WAL (/dbfp/pgarch/arc1)", "アーカイブディレクトリ（既定値 /dbfp/pgarch/arc1）"}, func(s *template.Site) *string { return &s.Archive }},
	{"bin-dir", "DIR", both{"directory of pg_ctl and psql", "pg_ctl と psql のあるディレクトリ"}, func(s *template.Site) *string { return &s.BinDir }},
	{"port", "NUMBER", both{"port of PostgreSQL (5432)", "PostgreSQL のポート番号（既定値 5432）"}, func(s *template.Site) *string { return &s.Port }},
	{"repuser", "ROLE", both{"role for replication (repuser)", "レプリケーション用ユーザ（既定値 repuser）"}, func(s *template.Site) *string { return &s.RepUser }},
	{"agent", "AGENT", both{"resource agent of PostgreSQL (ocf:heartbeat:pgsql; layout pcsgen: ocf:linuxhajp:pgsql)", "PostgreSQL のリソースエージェント（既定値 ocf:heartbeat:pgsql、pcsgen の様式では ocf:linuxhajp:pgsql）"}, func(s *template.Site) *string { return &s.Agent }},
	{"bmc-user", "NAME", both{"user of the BMCs (Administrator)", "BMC のユーザ名（既定値 Administrator）"}, func(s *template.Site) *string { return &s.BMCUser }},
}

// makeSheet checks everything, then writes.
func (s *session) makeSheet(o *sheetOptions) error {
	kind, encoding, err := o.output(s.con.Say().Japanese())
	if err != nil {
		return err
	}
	site, err := o.site()
	if err != nil {
		return err
	}
	sheet := template.Build(site, s.con.Say().Japanese())
	write := sheet.XLSX
	if kind == ".csv" {
		write = func() ([]byte, error) { return sheet.CSV(encoding) }
	}
	content, err := write()
	if err != nil {
		return message.Fail(message.TPL013, "path", o.file).Because(err)
	}
	mode := fs.FileMode(0o644)
	if sheet.Secret {
		mode = 0o600
	}
	if err := o.write(content, mode); err != nil {
		return err
	}
	s.con.Tell(message.TPL018, "path", o.file)
	if sheet.Secret {
		s.con.Tell(message.TPL020)
	}
	var without []string
	for _, n := range site.Nodes {
		if site.Fencing && n.BMCPassword == "" {
			without = append(without, n.Name)
		}
	}
	if len(without) > 0 {
		s.con.Tell(message.TPL017, "nodes", strings.Join(without, ", "), "text", review.Placeholder)
	}
	return nil
}

// output is what is to be written, by the options.
func (o *sheetOptions) output(japanese bool) (kind string, encoding template.Encoding, err error) {
	var missing []error
	for _, x := range []struct{ option, value string }{{"file", o.file}, {"stonith", o.stonith}, {"nodes", o.nodes}} {
		if x.value == "" {
			missing = append(missing, message.Fail(message.TPL010, "opt", x.option))
		}
	}
	if len(missing) > 0 {
		return "", "", errors.Join(missing...)
	}
	bad := func(option, value string) error {
		return message.Fail(message.CMN062, "opt", "--"+option, "value", value)
	}
	kind = strings.ToLower(filepath.Ext(o.file))
	encoding = template.Encoding(o.encoding)
	if o.encoding == "" {
		encoding = template.UTF8
		if japanese {
			encoding = template.CP932
		}
	}
	switch {
	case kind != ".xlsx" && kind != ".csv":
		return "", "", message.Fail(message.TPL011, "path", o.file)
	case kind == ".xlsx" && o.encoding != "":
		return "", "", message.Fail(message.TPL019, "a", "encoding", "b", "file "+o.file)
	case !slices.Contains([]template.Encoding{template.CP932, template.UTF8, template.UTF8BOM}, encoding):
		return "", "", bad("encoding", o.encoding)
	case o.stonith != "ipmi" && o.stonith != "none":
		return "", "", bad("stonith", o.stonith)
	case o.layout != "crmgen" && o.layout != "pcsgen":
		return "", "", bad("layout", o.layout)
	case !slices.Contains([]string{"1.1", "2", "3"}, o.target):
		return "", "", bad("target", o.target)
	}
	if o.stonith == "none" {
		for option, given := range map[string]bool{"kdump": o.kdump, "bmc": len(o.bmcs) > 0, "bmc-user": *o.values["bmc-user"] != "",
			"bmc-passwords": o.password != "", "addresses": len(o.addresses) > 0} {
			if given {
				return "", "", message.Fail(message.TPL019, "a", option, "b", "stonith none")
			}
		}
	}
	return kind, encoding, nil
}

// site are the values, without mistakes.
func (o *sheetOptions) site() (template.Site, error) {
	generation := map[string]review.Generation{"1.1": review.Pacemaker1, "2": review.Pacemaker2, "3": review.Pacemaker3}[o.target]
	site := template.Defaults(generation)
	site.Fencing, site.Kdump = o.stonith == "ipmi", o.kdump
	if o.layout == "pcsgen" {
		site.Pcsgen, site.Agent = true, template.AgentOfPcsgen
	}
	for _, v := range siteValues {
		if given := *o.values[v.option]; given != "" {
			*v.of(&site) = given
		}
	}
	if site.Standby == "none" {
		site.Standby = ""
	}
	names := strings.Split(o.nodes, ",")
	for i, name := range names {
		if i < len(site.Nodes) {
			site.Nodes[i].Name = strings.TrimSpace(name)
		}
	}
	if len(names) != len(site.Nodes) {
		return site, message.Fail(message.TPL001, "count", len(names))
	}
	if err := o.perNode(&site); err != nil {
		return site, err
	}
	var all []error
	for _, f := range site.Check() {
		all = append(all, f)
	}
	return site, errors.Join(all...)
}

// perNode sets what is given as NODE=VALUE.
func (o *sheetOptions) perNode(site *template.Site) error {
	for _, x := range []struct {
		given []string
		set   func(n *template.Node, value string)
	}{
		{o.bmcs, func(n *template.Node, value string) { n.BMC = value }},
		{o.addresses, func(n *template.Node, value string) {
			n.Addresses = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
		}},
	} {
		seen := map[string]bool{}
		for _, text := range x.given {
			name, value, _ := strings.Cut(text, "=")
			n := nodeNamed(site, name)
			if n == nil || seen[name] {
				return message.Fail(message.TPL021, "value", text, "nodes", nodeNames(site))
			}
			seen[name] = true
			x.set(n, value)
		}
	}
	if o.password == "" {
		return nil
	}
	return o.passwords(site)
}

func nodeNamed(site *template.Site, name string) *template.Node {
	for i := range site.Nodes {
		if site.Nodes[i].Name == name {
			return &site.Nodes[i]
		}
	}
	return nil
}

func nodeNames(site *template.Site) string {
	var names []string
	for _, n := range site.Nodes {
		names = append(names, n.Name)
	}
	return strings.Join(names, ", ")
}

// passwords reads the file of passwords. What it says is never shown.
func (o *sheetOptions) passwords(site *template.Site) error {
	f, err := os.Open(o.password)
	if err != nil {
		return message.Fail(message.TPL014, "path", o.password).Because(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		return message.Fail(message.TPL015, "path", o.password)
	}
	text, err := os.ReadFile(o.password)
	if err != nil {
		return message.Fail(message.TPL014, "path", o.password).Because(err)
	}
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, password, ok := strings.Cut(line, "=")
		n := nodeNamed(site, strings.TrimSpace(name))
		if !ok || password == "" || n == nil || n.BMCPassword != "" {
			return message.Fail(message.TPL016, "line", i+1, "path", o.password, "nodes", nodeNames(site))
		}
		n.BMCPassword = password
	}
	return nil
}

// write refuses to replace a file that nobody has said to replace.
func (o *sheetOptions) write(content []byte, mode fs.FileMode) error {
	if _, err := os.Lstat(o.file); !o.force && !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			return message.Fail(message.TPL012, "path", o.file)
		}
		return message.Fail(message.TPL013, "path", o.file).Because(err)
	}
	if err := durable.WriteFile(o.file, content, mode); err != nil {
		return message.Fail(message.TPL013, "path", o.file).Because(err)
	}
	return nil
}
