package operation

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"time"

	"pgrex/internal/archive"
	"pgrex/internal/console"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
)

// cleaner is pg-rex_archivefile_delete.
type cleaner struct {
	*session
	move, remove, force        bool
	data                       string
	backups, backupWAL         []string
	noBackup, noPeer, bothDirs bool
	keep, olderThan            int

	named []backup
}

// asConfigured is the value of --keep when it is not given.
const asConfigured = -1

func archivefileDelete() *command {
	return &command{
		name: "archivefile-delete", names: []string{"pg-rex_archivefile_delete"}, args: "[[HOST:]/PATH]", max: 1,
		anyUser: true, peer: true,
		short: both{"delete archived WAL that is no longer needed", "不要になったアーカイブログを削除する"},
		long: both{
			"Deletes archived WAL of this node that neither the databases of the two nodes nor the named base backups\nneed, or moves it to a new directory below the archive directory. HOST:/PATH is a base backup, a plain\ndirectory, that must stay usable.",
			"両ノードの DB クラスタと指定したベースバックアップのどちらにも不要なアーカイブログを、自ノードから\n削除するか、アーカイブディレクトリの下に新しく作るディレクトリへ移動します。HOST:/PATH には、使える\n状態で残すベースバックアップ（通常のディレクトリ）を指定します。",
		},
		setup: func(f *flags) func(context.Context, *session, []string) error {
			c := &cleaner{keep: asConfigured}
			f.boolean(&c.move, "move", "m", both{"move the files to a new directory", "新しいディレクトリに移動する"})
			f.boolean(&c.remove, "remove", "r", both{"delete the files", "削除する"})
			f.boolean(&c.force, "force", "f", both{"ask nothing", "問い合わせをしない"})
			f.text(&c.data, "dbcluster", "D", "DIR", both{"database directory, on both nodes", "DB クラスタのディレクトリ（両ノード共通）"})
			f.list(&c.backups, "backup", "[HOST:]/PATH", both{"base backup that must stay usable (repeatable)", "使える状態で残すベースバックアップ（複数指定可）"})
			f.list(&c.backupWAL, "backup-wal", "NAME", both{"first WAL file that a backup of another kind needs (repeatable)", "その他のバックアップに必要な先頭の WAL ファイル名（複数指定可）"})
			f.boolean(&c.noBackup, "no-backup", "", both{"with -f: make every base backup unusable that is not named", "-f と併用: 指定のないベースバックアップが使えなくなることを許可する"})
			f.boolean(&c.noPeer, "peer-has-no-database", "", both{"leave out the database of the peer", "相手ノードの DB クラスタを基準に含めない"})
			f.boolean(&c.bothDirs, "both-nodes", "", both{"clean the archive of the peer too", "相手ノードのアーカイブも整理する"})
			f.number(&c.keep, "keep", "N", both{"keep N segments more than needed", "必要な分より N セグメント多く残す"})
			f.number(&c.olderThan, "older-than", "DAYS", both{"only files that are at least so old", "DAYS 日以上前のファイルだけを対象にする"})
			return func(ctx context.Context, s *session, args []string) error {
				c.session = s
				return c.do(ctx, args)
			}
		},
	}
}

func (c *cleaner) do(ctx context.Context, args []string) error {
	if err := c.checkOptions(args); err != nil {
		return err
	}
	c.con.Tell(message.ARC101)
	if err := c.askBackup(ctx); err != nil {
		return err
	}
	if err := c.reach(ctx); err != nil {
		return err
	}
	set, err := c.settings(ctx)
	if err != nil {
		return err
	}
	if err := c.warn(ctx, set); err != nil {
		return err
	}
	c.con.Tell(message.ARC102)
	needs, segmentSize, err := c.needs(ctx, set)
	if err != nil {
		return err
	}
	c.con.Tell(message.ARC103)
	h, ok := archive.NewHorizon(needs, c.kept(), segmentSize)
	if !ok {
		c.con.Tell(message.ARC010)
		return nil
	}
	c.con.Tell(message.ARC026, "name", h.File())
	if h.Unusual && h.Held > 0 {
		c.con.Tell(message.ARC033, "source", comma(h.HeldBy), "count", h.Held)
	}
	return c.clean(ctx, h)
}

func (c *cleaner) checkOptions(args []string) error {
	if c.move == c.remove {
		return message.Fail(message.ARC002).Then(c.program.invoked + " --help")
	}
	if c.keep < asConfigured {
		return message.Fail(message.CMN062, "opt", "--keep", "value", fmt.Sprint(c.keep))
	}
	if c.olderThan < 0 {
		return message.Fail(message.CMN062, "opt", "--older-than", "value", fmt.Sprint(c.olderThan))
	}
	for _, given := range append(c.backups, args...) {
		b, ok := parseBackup(given)
		if !ok {
			return message.Fail(message.ARC003, "value", given)
		}
		c.named = append(c.named, b)
	}
	for _, name := range c.backupWAL {
		if n, ok := wal.ParseName(name); !ok || n.Kind != wal.SegmentKind || n.Suffix != "" {
			return message.Fail(message.ARC041, "value", name)
		}
	}
	if c.unattended() && !c.haveBackup() && !c.noBackup {
		return message.Fail(message.ARC013).Then(c.program.invoked + " --backup [HOST:]/PATH ...")
	}
	return nil
}

func (c *cleaner) unattended() bool { return c.force || c.yes }

func (c *cleaner) haveBackup() bool { return len(c.named)+len(c.backupWAL) > 0 }

// kept is how many segments are kept beyond those that are needed.
func (c *cleaner) kept() uint64 {
	if c.keep != asConfigured {
		return uint64(c.keep)
	}
	return uint64(c.conf.ArchiveKeepSegments)
}

// backup is a base backup that an operator names.
type backup struct{ host, dir string } // host "": this one

func (b backup) String() string {
	if b.host == "" {
		return b.dir
	}
	return b.host + ":" + b.dir
}

var (
	hostName    = regexp.MustCompile(`^[^-:@;|&/\s][^:@;|&/\s]*$`)
	backupNamed = regexp.MustCompile(`^(?:([^:/]+):)?(/[^\x00\n]*)$`)
)

func parseBackup(s string) (backup, bool) {
	m := backupNamed.FindStringSubmatch(s)
	if m == nil || m[1] != "" && !hostName.MatchString(m[1]) {
		return backup{}, false
	}
	return newBackup(m[1], m[2]), true
}

func newBackup(host, dir string) backup {
	if host == "localhost" {
		host = ""
	}
	return backup{host, path.Clean(dir)}
}

// askBackup asks for a base backup when none is named.
func (c *cleaner) askBackup(ctx context.Context) error {
	if c.haveBackup() || c.noBackup || c.unattended() {
		return nil
	}
	host, err := c.con.Ask(ctx, message.ARC020)
	if err != nil {
		return err
	}
	if host != "" && !hostName.MatchString(host) {
		return message.Fail(message.ARC004, "value", host)
	}
	dir, err := c.con.Ask(ctx, message.ARC024)
	if err != nil || dir == "" {
		return err
	}
	if !path.IsAbs(dir) {
		return message.Fail(message.ARC005, "value", dir)
	}
	b := newBackup(host, dir)
	shown := b.host
	if shown == "" {
		shown = "localhost"
	}
	if err := c.confirm(ctx, message.ARC021, "host", shown, "path", b.dir); err != nil {
		return err
	}
	c.named = append(c.named, b)
	return nil
}

func (c *cleaner) confirm(ctx context.Context, id message.ID, args ...any) error {
	if c.unattended() {
		return nil
	}
	yes, err := c.con.Confirm(ctx, id, args...)
	if err != nil || !yes {
		return declined(err, message.ARC022)
	}
	return nil
}

// reach connects to the peer and takes the locks.
func (c *cleaner) reach(ctx context.Context) error {
	if c.noPeer {
		if c.bothDirs {
			return message.Fail(message.CMN062, "opt", "--peer-has-no-database", "value", "--both-nodes")
		}
		if err := c.confirm(ctx, message.ARC039, "peer", c.lans.Peer.String()); err != nil {
			return err
		}
		return c.lockArchive(ctx)
	}
	if c.conf.SSHUser == "" {
		c.conf.SSHUser = userName(c.machine.User)
	}
	if err := c.connect(ctx); err != nil {
		var f *message.Failure
		if errors.As(err, &f) && f.Next == "" {
			f.Next = c.program.invoked + " --peer-has-no-database ..."
		}
		return err
	}
	if c.bothDirs {
		return c.lockBoth(ctx)
	}
	return c.lockArchive(ctx)
}

// lockArchive makes sure that nothing else works on this node. A user who may
// not look at the journal of root goes by the lock alone.
func (c *cleaner) lockArchive(ctx context.Context) error {
	err := c.lock(ctx, c.own)
	if c.machine.User != 0 && message.IsFailure(err, message.CMN043) {
		c.con.Detail("%v", err) // root has never made the file, so nothing runs
		err = nil
	}
	if err != nil {
		return err
	}
	if err := c.unfinished(ctx, c.own); c.machine.User == 0 || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

// settings finds the database. What is named on the command line needs no
// cluster; the definition is read by root alone.
func (c *cleaner) settings(ctx context.Context) (pg.Settings, error) {
	set := pg.Settings{Data: c.data, DB: "template1", User: pg.User{Name: c.conf.PGOSUser}}
	if set.User.Name == "" {
		set.User.Name = "postgres"
	}
	if c.machine.User != 0 {
		set.User.Name = userName(c.machine.User)
		if set.Data == "" {
			set.Data = c.streams.Getenv("PGDATA")
		}
	}
	switch {
	case set.Data != "" && !path.IsAbs(set.Data):
		return set, message.Fail(message.ARC005, "value", set.Data)
	case set.Data != "":
		return set, nil
	case c.machine.User != 0:
		return set, message.Fail(message.ARC006)
	}
	db, err := c.runningDatabase(ctx, c.own)
	if err != nil {
		db, _, err = c.savedDatabase(ctx, c.own)
	}
	if err != nil {
		if data := c.streams.Getenv("PGDATA"); data != "" {
			set.Data = data
			return set, nil
		}
		return set, errors.Join(message.Fail(message.ARC006).Then(c.program.invoked+" -D DIR ..."), err)
	}
	return db.settings, nil
}

// warn asks whether base backups may become unusable.
func (c *cleaner) warn(ctx context.Context, set pg.Settings) error {
	if c.haveBackup() || c.noBackup {
		return nil
	}
	peer := "-"
	if c.peer != nil {
		peer = c.peer.Name()
	}
	return c.confirm(ctx, message.ARC023, "a", c.own.Name(), "b", peer, "path", set.Data)
}

// needs gathers what everybody needs.
func (c *cleaner) needs(ctx context.Context, set pg.Settings) ([]archive.Need, int, error) {
	databases, err := c.databases(ctx, set)
	if err != nil {
		return nil, 0, err
	}
	own := databases[0]
	var needs []archive.Need
	for _, b := range c.named {
		read, err := c.readBackup(ctx, b)
		if err != nil {
			return nil, 0, err
		}
		if read.SystemID != 0 && read.SystemID != own.SystemID {
			return nil, 0, message.Fail(message.ARC034, "a", b, "b", own.Node, "x", read.SystemID, "y", own.SystemID)
		}
		n, err := archive.NeedFile(c.con.Say().Text(message.ARC038, "path", b), read.Label.File, own.SegmentSize)
		if err != nil {
			return nil, 0, message.Fail(message.CMN013, "path", b).Because(err)
		}
		needs = append(needs, n)
	}
	for _, name := range c.backupWAL {
		n, err := archive.NeedFile("--backup-wal "+name, name, own.SegmentSize)
		if err != nil {
			return nil, 0, message.Fail(message.ARC041, "value", name).Because(err)
		}
		needs = append(needs, n)
	}
	for _, d := range databases {
		n, err := d.Needs(c.con.Say())
		if err != nil {
			return nil, 0, message.Fail(message.ARC009, "node", d.Node, "path", set.Data).Because(err)
		}
		needs = append(needs, n...)
	}
	for _, n := range needs {
		c.con.Tell(message.ARC025, "source", n.Source, "name", n.Segment.File(n.Timeline, own.SegmentSize))
	}
	return needs, own.SegmentSize, nil
}

// databases looks at those of the two nodes, the own one first.
func (c *cleaner) databases(ctx context.Context, set pg.Settings) ([]archive.Database, error) {
	nodes := []node.Node{c.own}
	if c.peer != nil {
		nodes = append(nodes, c.peer)
	}
	var all []archive.Database
	for _, n := range nodes {
		d, err := archive.ReadDatabase(ctx, n, set, c.conf.ArchiveDir)
		var f *message.Failure
		switch {
		case err != nil && n != c.own && errors.Is(err, fs.ErrNotExist):
			return nil, message.Fail(message.ARC011, "peer", n.Name()).Because(err).Then(c.program.invoked + " --peer-has-no-database ...")
		case err != nil && !errors.As(err, &f):
			return nil, message.Fail(message.ARC009, "node", n.Name(), "path", set.Data).Because(err)
		case err != nil:
			return nil, err
		}
		all = append(all, d)
	}
	if len(all) < 2 {
		return all, nil
	}
	a, b := all[0], all[1]
	if a.SystemID != b.SystemID || a.SegmentSize != b.SegmentSize {
		return nil, message.Fail(message.ARC034, "a", a.Node, "b", b.Node, "x", a.SystemID, "y", b.SystemID)
	}
	for i, n := range nodes {
		at, strayed := archive.Strayed(all[i], all[1-i])
		if !strayed {
			continue
		}
		p, err := archive.CommonCheckpoint(ctx, n, set, c.conf.ArchiveDir, at)
		if err != nil {
			c.con.Detail("%s: last common checkpoint: %v", n.Name(), err)
			all[i].NoCommon = err.Error()
			continue
		}
		all[i].Common = &p
	}
	return all, nil
}

// readBackup looks at a base backup, here or on the host that has it.
func (c *cleaner) readBackup(ctx context.Context, b backup) (archive.Backup, error) {
	if b.host == "" {
		return archive.ReadBackup.On(ctx, c.own, b.dir)
	}
	conn, err := c.ssh(ctx, []string{b.host}, c.conf.BackupPass, userName(c.machine.User))
	if err != nil {
		return archive.Backup{}, message.Fail(message.ARC008, "host", b.host, "err", err)
	}
	defer conn.Close()
	return readLabel(ctx, conn.Run, b)
}

// readLabel reads the label of a backup on a host that need not have this program.
func readLabel(ctx context.Context, run func(context.Context, []string, []byte) ([]byte, error), b backup) (archive.Backup, error) {
	if _, err := run(ctx, []string{"ls", "-d", "--", b.dir + "/"}, nil); err != nil {
		return archive.Backup{}, message.Fail(message.ARC007, "path", b).Because(err)
	}
	file := path.Join(b.dir, "backup_label")
	text, err := run(ctx, []string{"head", "-n", "1", "--", file}, nil)
	bad := message.Fail(message.CMN013, "path", backup{b.host, file})
	if err != nil {
		return archive.Backup{}, bad.Because(err)
	}
	l, err := archive.ParseLabel(text)
	if err != nil {
		return archive.Backup{}, bad
	}
	return archive.Backup{Label: l}, nil
}

// clean acts on one archive, or on both.
func (c *cleaner) clean(ctx context.Context, h archive.Horizon) error {
	if c.move {
		c.con.Tell(message.ARC105)
	} else {
		c.con.Tell(message.ARC104)
	}
	var latest time.Time
	if c.olderThan > 0 {
		latest = c.machine.Now().AddDate(0, 0, -c.olderThan)
	}
	nodes := []node.Node{c.own}
	if c.bothDirs {
		nodes = append(nodes, c.peer)
	}
	// Everything that can be refused is looked at before anything is touched.
	files := make([][]string, len(nodes))
	for i, n := range nodes {
		list, err := node.List.On(ctx, n, c.conf.ArchiveDir)
		if err != nil {
			return message.Fail(message.ARC019, "dir", c.place(n, ""), "err", reason(err))
		}
		for _, e := range h.Select(list, latest) {
			files[i] = append(files[i], e.Name)
		}
	}
	var failed []error
	for i, n := range nodes {
		for _, f := range files[i] {
			c.con.Tell(message.ARC027, "name", c.shown(n, f))
		}
		switch {
		case len(files[i]) == 0:
			c.con.Tell(message.ARC012)
			continue
		case c.dryRun:
			continue
		}
		if err := c.cleanOne(ctx, n, files[i]); err != nil {
			failed = append(failed, err)
			if ctx.Err() != nil {
				break
			}
		}
	}
	if c.dryRun {
		c.con.Tell(message.CMN050)
		return nil
	}
	if len(failed) == 0 && !c.bothDirs && c.peer != nil && len(files[0]) > 0 {
		c.con.Tell(message.ARC032, "peer", c.peer.Name())
	}
	return errors.Join(failed...)
}

// place is a directory of a node as the operator is told of it.
func (c *cleaner) place(n node.Node, sub string) string {
	return c.shown(n, path.Join(c.conf.ArchiveDir, sub))
}

func (c *cleaner) shown(n node.Node, what string) string {
	if c.bothDirs {
		return n.Name() + ":" + what
	}
	return what
}

// cleanOne removes or moves files on one node.
func (c *cleaner) cleanOne(ctx context.Context, n node.Node, files []string) error {
	work := archive.Cleaning{Dir: c.conf.ArchiveDir, Files: files}
	told, wrong := message.ARC028, message.ARC014
	if c.move {
		work.MoveTo = archive.MoveName(c.machine.Now())
		told, wrong = message.ARC029, message.ARC018
	}
	c.interrupts.Changing(message.ARC040, "num", 0, "size", console.Bytes(0))
	var failed []error
	total, err := archive.Clean(ctx, n, work, func(f archive.Cleaned) {
		if f.Err == "" {
			c.con.Tell(told, "name", c.shown(n, f.Name))
		} else {
			failed = append(failed, message.Fail(wrong, "name", c.shown(n, f.Name), "err", f.Err))
		}
	})
	var i *console.Interrupted
	switch {
	case errors.As(err, &i):
		err = &console.Interrupted{ID: message.ARC040, Args: []any{"num", total.Files, "size", console.Bytes(total.Bytes)}}
	case err != nil:
	case c.move:
		c.con.Tell(message.ARC031, "num", total.Files, "size", console.Bytes(total.Bytes), "dir", c.place(n, work.MoveTo))
	default:
		c.con.Tell(message.ARC030, "num", total.Files, "size", console.Bytes(total.Bytes), "dir", c.place(n, ""))
	}
	return errors.Join(append(failed, err)...)
}
