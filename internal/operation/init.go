package operation

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pgrex/internal/conf"
	"pgrex/internal/message"
	"pgrex/internal/pg"
	"pgrex/internal/remote"
	"pgrex/internal/setup"
)

// initialiser is pg-rex_init.
type initialiser struct {
	*session
	data, wal, archive, bin     string
	own, peer, vipRep           string
	repUser, osUser             string
	port                        int
	passwordFile                string
	generatePassword, archiveCP bool

	generated bool // the password of this run
}

// The tutorial's places and addresses.
const (
	defaultData    = "/dbfp/pgdata/data"
	defaultWAL     = "/dbfp/pgwal/pg_wal"
	defaultWAL96   = "/dbfp/pgxlog/pg_xlog"
	defaultArchive = "/dbfp/pgarch/arc1"
	tutorialFirst  = "192.168.2.1"
	tutorialSecond = "192.168.2.2"
	tutorialVIP    = "192.168.2.3"
)

func initNode() *command {
	return &command{
		name: "init", names: []string{"pg-rex_init"}, args: "primary|standby", max: 1, lenient: true, unconfigured: true,
		short: both{"set this node up: directories, first database, access, password file", "自ノードを設定する（ディレクトリ、最初のデータベース、アクセス許可、パスワードファイル）"},
		long: both{
			"Sets this node up for PG-REX. primary makes the first database with its settings, access rules and replication role;\n" +
				"standby prepares everything else, and pg-rex_standby_start brings the database. Everything is shown first, files as\na diff, and asked for once. " +
				"A database that is there is left as it is but for what is shown. The command can be\nrun again at any time: it does what is missing, also after an interruption.",
			"自ノードを PG-REX 用に設定します。primary は最初のデータベースを、設定、アクセス許可、レプリケーション用ロールとともに作成します。\n" +
				"standby はデータベース以外を準備します（データベースは pg-rex_standby_start がコピーします）。変更内容はファイルの差分も含めて先に表示し、\n一度だけ確認します。" +
				"既存のデータベースには、表示した変更のほかには手を加えません。何度でも実行でき、\n中断した場合も、もう一度実行すれば残りの設定を行います。",
		},
		setup: func(f *flags) func(context.Context, *session, []string) error {
			i := &initialiser{data: defaultData, repUser: "repuser", port: 5432}
			f.text(&i.data, "data", "", "DIR", both{"data directory (default " + defaultData + ")", "データディレクトリ（既定値 " + defaultData + "）"})
			f.text(&i.wal, "wal", "", "DIR", both{"WAL directory (default " + defaultWAL + ", 9.6: " + defaultWAL96 + ")", "WAL ディレクトリ（既定値 " + defaultWAL + "、9.6 では " + defaultWAL96 + "）"})
			f.text(&i.archive, "archive", "", "DIR", both{"archive directory (default: Archive_dir of the configuration, else " + defaultArchive + ")", "アーカイブディレクトリ（既定値: 設定ファイルの Archive_dir、なければ " + defaultArchive + "）"})
			f.text(&i.bin, "bindir", "", "DIR", both{"directory of PostgreSQL's programs (default: PGPATH of the configuration, else where packages put them)", "PostgreSQL のプログラムのディレクトリ（既定値: 設定ファイルの PGPATH、なければパッケージの標準の場所）"})
			f.text(&i.own, "own-address", "", "ADDRESS", both{"address of this node in the D-LAN (default: from the configuration)", "自ノードの D-LAN アドレス（既定値: 設定ファイルから）"})
			f.text(&i.peer, "peer-address", "", "ADDRESS", both{"address of the peer in the D-LAN (default: from the configuration)", "相手ノードの D-LAN アドレス（既定値: 設定ファイルから）"})
			f.text(&i.vipRep, "vip-rep", "", "ADDRESS", both{"floating address for replication, vip-rep (" + tutorialVIP + " for the nodes " + tutorialFirst + " and " + tutorialSecond + ")", "レプリケーション用の仮想 IP アドレス vip-rep（両ノードが " + tutorialFirst + " と " + tutorialSecond + " のときは " + tutorialVIP + "）"})
			f.text(&i.repUser, "repuser", "", "NAME", both{"role for replication (default repuser)", "レプリケーション用のロール（既定値 repuser）"})
			f.number(&i.port, "port", "PORT", both{"port of the server (default 5432)", "サーバのポート番号（既定値 5432）"})
			f.text(&i.osUser, "user", "", "NAME", both{"user who owns the server (default: PG_OS_USER of the configuration, else postgres)", "サーバを所有する OS ユーザ（既定値: 設定ファイルの PG_OS_USER、なければ postgres）"})
			f.text(&i.passwordFile, "password-file", "", "FILE", both{"file whose first line is the password of the role, mode 0600", "1 行目にロールのパスワードを書いたファイル（モード 0600）"})
			f.boolean(&i.generatePassword, "generate-password", "", both{"make a password and write it to the password file of the user only", "パスワードを生成し、OS ユーザのパスワードファイルにだけ書き込む"})
			f.boolean(&i.archiveCP, "archive-cp", "", both{"cp as archive_command, as in the manual, instead of pg-rex archive", "archive_command に pg-rex archive ではなく、手順書どおり cp を使う"})
			return func(ctx context.Context, s *session, args []string) error {
				i.session = s
				return i.do(ctx, args)
			}
		},
	}
}

// do looks, shows, asks, and carries out.
func (i *initialiser) do(ctx context.Context, args []string) error {
	s, err := i.wanted(ctx, args)
	if err != nil {
		return err
	}
	o, err := s.Observe(ctx)
	if err != nil {
		return message.Fail(message.INI041).Because(err)
	}
	if refusals := setup.Refusals(o, s.Wanted); len(refusals) > 0 {
		return together(refusals)
	}
	if err := i.password(o, &s.Wanted); err != nil {
		return err
	}
	steps, role := setup.Plan(o, s.Wanted), i.roleName(s.Role)
	for _, n := range setup.Notes(o, s.Wanted) {
		i.con.Tell(n.ID, n.Args...)
	}
	if len(steps) == 0 {
		i.con.Tell(message.INI001, "role", role)
		return nil
	}
	i.con.Tell(message.INI002, "node", i.session.own.Name(), "role", role, "release", setup.ReleaseName(o.Release))
	i.show(steps, s.Wanted)
	if i.dryRun {
		i.con.Tell(message.CMN050)
		return nil
	}
	yes, err := i.con.Confirm(ctx, message.INI003, "count", len(steps))
	if err != nil {
		return err
	}
	if !yes {
		return message.Fail(message.CMN052)
	}
	i.interrupts.Changing(message.CMN036)
	for _, step := range steps {
		id, args := step.Label(s.Wanted)
		if err := i.con.Do(id, args, func() error { return s.Apply(ctx, o, step) }); err != nil {
			return message.Fail(message.INI040).Because(err)
		}
	}
	if i.generated {
		i.con.Tell(message.INI007, "path", o.PgPass.Path)
	}
	i.con.Tell(message.INI004, "role", role)
	i.con.Tell(message.CMN055, "cmd", i.next(s.Role))
	return nil
}

func (i *initialiser) next(r setup.Role) string {
	if r == setup.Primary {
		return i.called("primary-start") + " FILE"
	}
	return i.called("standby-start")
}

func (i *initialiser) roleName(r setup.Role) string {
	if r == setup.Primary {
		return i.words().Primary
	}
	return i.words().Standby
}

// show lists the steps, with the lines that each changes.
func (i *initialiser) show(steps []setup.Step, w setup.Wanted) {
	for n, step := range steps {
		id, args := step.Label(w)
		lines := []string{"  " + strconv.Itoa(n+1) + ". " + i.con.Say().Text(id, args...)}
		if len(step.Command) > 0 {
			lines = append(lines, "     "+strings.Join(step.Command, " "))
		}
		for _, file := range append([]setup.Step{step}, step.Files...) {
			for _, line := range file.Diff() {
				lines = append(lines, "     "+line)
			}
		}
		i.con.Lines(lines...)
	}
}

// wanted is what options and configuration ask for, checked.
func (i *initialiser) wanted(ctx context.Context, args []string) (setup.Setup, error) {
	s := setup.Setup{Run: logged{i.con, i.session.own}, Host: i.machine.Host}
	switch {
	case len(args) == 1 && (args[0] == "primary" || args[0] == "master"):
		s.Role = setup.Primary
	case len(args) == 1 && (args[0] == "standby" || args[0] == "slave"):
		s.Role = setup.Standby
	default:
		return s, message.Fail(message.INI010)
	}
	if i.passwordFile != "" && i.generatePassword {
		return s, message.Fail(message.INI019, "option", "--password-file", "other", "--generate-password")
	}
	if i.generatePassword && s.Role == setup.Standby {
		return s, message.Fail(message.INI039)
	}
	var err error
	if s.User, err = i.user(ctx); err != nil {
		return s, err
	}
	if s.Bin, err = i.programs(); err != nil {
		return s, err
	}
	release, err := pg.New(pg.Settings{PgCtl: filepath.Join(s.Bin, "pg_ctl"), User: s.User}, s.Run).ProgramRelease(ctx)
	if err != nil {
		return s, message.Fail(message.INI026, "where", " ("+s.Bin+")").Because(err)
	}
	s.Data, s.WAL, s.Archive, s.RepUser, s.Port = i.data, i.wal, i.archive, i.repUser, i.port
	if s.WAL == "" {
		s.WAL = defaultWAL
		if release == 906 {
			s.WAL = defaultWAL96
		}
	}
	s.Archive = cmp.Or(s.Archive, i.conf.ArchiveDir, defaultArchive)
	if !i.archiveCP {
		s.Helper = installed
		if _, err := os.Stat(installed); err != nil && s.Role == setup.Primary {
			return s, message.Fail(message.INI027, "path", installed)
		}
	}
	if err := i.addresses(&s.Wanted); err != nil {
		return s, err
	}
	return s, together(s.Check())
}

func (i *initialiser) user(ctx context.Context) (pg.User, error) {
	name := cmp.Or(i.osUser, i.conf.PGOSUser, "postgres")
	u, err := i.machine.Account(ctx, name)
	if errors.Is(err, pg.ErrUnknownUser) {
		return u, message.Fail(message.INI025, "user", name)
	}
	if err == nil && u.UID == 0 {
		return u, message.Fail(message.CMN062, "opt", "--user", "value", name)
	}
	return u, err
}

// programs is the directory with PostgreSQL's programs.
func (i *initialiser) programs() (string, error) {
	given := cmp.Or(i.bin, i.conf.PGPath)
	var found []string
	patterns := []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/bin"}
	if given != "" {
		patterns = []string{given}
	}
	for _, pattern := range patterns {
		dirs, _ := filepath.Glob(pattern)
		for _, dir := range dirs {
			if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil {
				found = append(found, dir)
			}
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", message.Fail(message.INI028, "list", comma(found))
	case given != "":
		return "", message.Fail(message.INI026, "where", " ("+given+")")
	}
	return "", message.Fail(message.INI026, "where", "")
}

// addresses fills in those of the options, of the configuration, and of the
// tutorial where this node has one of them.
func (i *initialiser) addresses(w *setup.Wanted) error {
	here, err := i.machine.Addresses()
	if err != nil {
		return err
	}
	lans, _ := i.conf.Locate(here) // what is wrong with it shows up as an address that is missing
	w.Own, w.Peer = lans.Own, lans.Peer
	if one, two := netip.MustParseAddr(tutorialFirst), netip.MustParseAddr(tutorialSecond); !w.Own.IsValid() && i.conf.DLAN == [2]netip.Addr{} {
		switch {
		case slices.Contains(here, one):
			w.Own, w.Peer = one, two
		case slices.Contains(here, two):
			w.Own, w.Peer = two, one
		}
	}
	for _, o := range []struct {
		option, value string
		to            *netip.Addr
	}{{"--own-address", i.own, &w.Own}, {"--peer-address", i.peer, &w.Peer}, {"--vip-rep", i.vipRep, &w.VIPRep}} {
		if o.value == "" {
			continue
		}
		a, err := netip.ParseAddr(o.value)
		if err != nil || a.Zone() != "" {
			return message.Fail(message.INI018, "option", o.option, "value", o.value)
		}
		*o.to = a.Unmap()
	}
	if !w.VIPRep.IsValid() && slices.Contains([]string{tutorialFirst + tutorialSecond, tutorialSecond + tutorialFirst}, w.Own.String()+w.Peer.String()) {
		w.VIPRep = netip.MustParseAddr(tutorialVIP)
	}
	if w.Own.IsValid() && !slices.Contains(here, w.Own) {
		return message.Fail(message.INI029, "value", w.Own, "list", comma(lines(here)))
	}
	return nil
}

// password fills in the one of the replication role: as the options say, or the
// one that this node uses already, or as it is typed.
func (i *initialiser) password(o setup.Observed, w *setup.Wanted) error {
	known := setup.KnownPassword(o, *w)
	switch {
	case i.passwordFile != "":
		password, problem := conf.CheckPassFile(i.passwordFile, i.machine.User)
		if problem != nil {
			return i.problem(*problem)
		}
		w.Password = password
	case known != "":
		w.Password = known
		i.con.Tell(message.INI008, "role", w.RepUser, "path", o.PgPass.Path)
	case i.generatePassword:
		i.generated = true
		w.Password = rand.Text() // 26 letters and digits, at least 128 bits
	case i.dryRun:
		w.Password = "-" // for the plan, where it is not shown
	default:
		password, err := i.typedPassword(w.RepUser)
		if err != nil {
			return err
		}
		w.Password = password
	}
	if f := setup.CheckPassword(w.Password); f != nil {
		return f
	}
	return nil
}

// typedPassword asks twice: a password that is mistyped is seen by nobody until
// a standby cannot connect.
func (i *initialiser) typedPassword(role string) (string, error) {
	if !i.streams.Terminal {
		return "", message.Fail(message.INI037)
	}
	say := i.con.Say()
	for {
		one, err := remote.ReadPassword(remote.Terminal, say.Text(message.INI005, "role", role)+" ")
		if err != nil {
			return "", message.Fail(message.CMN052)
		}
		two, err := remote.ReadPassword(remote.Terminal, say.Text(message.INI006)+" ")
		if err != nil {
			return "", message.Fail(message.CMN052)
		}
		if one == two {
			return one, nil
		}
		i.con.Tell(message.INI038)
	}
}
