package operation

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"pgrex/internal/archive"
	"pgrex/internal/conf"
	"pgrex/internal/console"
	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
	"pgrex/internal/rebuild"
	"pgrex/internal/rejoin"
	"pgrex/internal/run"
)

// joiner is pg-rex_standby_start.
type joiner struct {
	*session
	normal, rewind, backup, checkOnly bool
	shared, removeLock, keepOld       bool
	noArchiveSync, allMethods         bool
	walMethod                         string
	db                                database
	clone                             string
	pacemaker                         string // release of the peer's
	server                            rebuild.Server
	local                             rejoin.Local
	primary                           rejoin.Primary
	decision                          rejoin.Decision
	places                            rebuild.Facts
	lookedAtPlaces                    bool
	chosen                            rejoin.Method
	began                             time.Time // of the wait for the standby, by this node's clock
	standing                          []string  // processes that only stand in the directories
	orphans                           []string  // segments that would be in no archive
	listed                            bool      // the directories that will be emptied
}

// The phases, as the journal has them.
const (
	phaseRebuild = "rebuild"
	phaseArchive = "archive"
	phaseStart   = "start"
	phaseWait    = "wait"
)

func standbyStart() *command {
	return &command{
		name: "standby-start", names: []string{"pg-rex_standby_start", "pg-rex_slave_start"}, peer: true,
		short: both{"start this node as standby", "自ノードを Standby（Slave）として起動する"},
		long: both{
			"Prepares the database of this node (as it is, after a rewind, or from a base backup), copies archived WAL\nfrom the primary, starts Pacemaker and waits until replication is synchronous.",
			"自ノードの DB クラスタを準備し（そのまま、巻き戻し、ベースバックアップのいずれか）、Primary（Master）から\nアーカイブログを取り込み、Pacemaker を起動して、同期レプリケーションになるまで待ちます。",
		},
		setup: func(f *flags) func(context.Context, *session, []string) error {
			j := &joiner{walMethod: "stream"}
			dryRun := false
			f.boolean(&j.normal, "normal", "n", both{"use the database as it is", "DB クラスタをそのまま使う"})
			f.boolean(&j.rewind, "rewind", "r", both{"rewind the database first, where it cannot be used as it is", "そのまま使えない場合は巻き戻してから起動する"})
			f.boolean(&j.backup, "basebackup", "b", both{"take a base backup first", "ベースバックアップを取得して起動する"})
			f.boolean(&j.checkOnly, "check-only", "c", both{"show which methods are possible", "起動できる方法の表示だけを行う"})
			f.boolean(&dryRun, "dry-run", "d", both{"make all checks, say what would be done, change nothing", "確認だけを行い、実行内容を表示する（変更しない）"})
			f.boolean(&j.shared, "shared-archive-directory", "s", both{"both nodes see the same archive directory", "アーカイブディレクトリを両ノードで共有している"})
			f.boolean(&j.removeLock, "remove-lock", "", both{"remove the lock file once the checks have passed", "確認の後に起動禁止フラグを削除する"})
			f.boolean(&j.keepOld, "keep-old", "", both{"base backup: rename the old directories instead of emptying them", "ベースバックアップ時に古いディレクトリを消去せず改名して残す"})
			f.text(&j.walMethod, "wal-method", "", "stream|none", both{"base backup: how WAL is included (default stream)", "ベースバックアップ時の WAL の取得方法（既定値 stream）"})
			f.boolean(&j.noArchiveSync, "no-archive-sync", "", both{"do not copy archived WAL", "アーカイブログを取り込まない"})
			f.boolean(&j.allMethods, "all-methods", "", both{"offer a rewind although the database can be used as it is", "そのまま使える場合でも巻き戻しを選択肢に含める"})
			return func(ctx context.Context, s *session, _ []string) error {
				j.session = s
				s.dryRun = s.dryRun || dryRun
				if j.walMethod != "stream" && j.walMethod != "none" {
					return message.Fail(message.CMN062, "opt", "--wal-method", "value", j.walMethod)
				}
				return j.run(ctx)
			}
		},
	}
}

func (j *joiner) run(ctx context.Context) error {
	if !j.conf.Stonith {
		j.con.Tell(message.CMN020)
	}
	if j.abort {
		return j.giveUp(ctx)
	}
	if err := j.meet(ctx); err != nil {
		return err
	}
	if j.resume {
		if waits, err := j.takeUp(ctx); err != nil || waits {
			return err
		}
	}
	if err := j.checks(ctx); err != nil {
		return err
	}
	if err := j.state(ctx); err != nil {
		return err
	}
	if j.checkOnly {
		return j.offer()
	}
	if err := j.choose(ctx); err != nil {
		return err
	}
	if err := j.interconnect(ctx); err != nil {
		return err
	}
	return j.carryOut(ctx)
}

// meet connects to the peer, takes the locks and finds the resource.
func (j *joiner) meet(ctx context.Context) error {
	if err := j.connect(ctx); err != nil {
		return err
	}
	// Who names the method takes up what he left unfinished here, and who only
	// looks disturbs nothing.
	j.takesUp = j.normal || j.rewind || j.backup || j.checkOnly || j.dryRun
	if err := j.lockBoth(ctx); err != nil {
		return err
	}
	if f := j.found; f != nil && f.Node != j.own.Name() {
		return message.Fail(message.CMN040, "cmd", j.called(f.Command), "time", stamp(f.Started), "node", f.Node, "phase", f.Phase).
			Then(j.called(f.Command) + " --abort")
	}
	if exists, err := node.Exists.On(ctx, j.own, corosyncFile); err != nil || !exists {
		return message.Fail(message.SST020, "path", corosyncFile)
	}
	return nil
}

const corosyncFile = conf.CorosyncPath

// takeUp goes on with what was left unfinished. It waits where Pacemaker has
// been started and runs; otherwise everything is checked again.
func (j *joiner) takeUp(ctx context.Context) (waits bool, err error) {
	if j.found == nil {
		return false, message.Fail(message.CMN045)
	}
	for _, option := range strings.Fields(j.found.Facts["options"]) {
		if set := j.kept()[option]; set != nil {
			*set = true
		}
	}
	if j.found.Phase != phaseWait {
		return false, nil
	}
	down, _, err := stackDown(ctx, j.own)
	if err != nil || down {
		return false, err
	}
	if err := j.findPrimary(ctx); err != nil {
		return false, err
	}
	j.begin(j.found.Facts, j.own)
	j.began = j.found.Started
	j.interrupts.Changing(message.CMN033)
	return true, j.wait(ctx)
}

// kept are the options that --resume goes on with.
func (j *joiner) kept() map[string]*bool {
	return map[string]*bool{"shared": &j.shared, "remove-lock": &j.removeLock, "keep-old": &j.keepOld, "no-archive-sync": &j.noArchiveSync}
}

// checks are the steps that come before any look at data.
func (j *joiner) checks(ctx context.Context) error {
	if err := j.con.Do(message.SST101, nil, func() error {
		down, running, err := stackDown(ctx, j.own)
		if err == nil && !down {
			return message.Fail(message.SST011).With(lines(running)...).Then("pg-rex_stop")
		}
		return err
	}); err != nil {
		return err
	}
	if err := j.con.Do(message.SST102, nil, func() error { return j.findPrimary(ctx) }); err != nil {
		return err
	}
	if !j.dryRun && !j.checkOnly {
		// A base backup that was killed goes on to write into these directories.
		if err := j.server.EndLeftovers(ctx); err != nil {
			return err
		}
	}
	if err := j.nobodyUses(ctx); err != nil {
		return err
	}
	return j.con.Do(message.SST103, nil, func() error {
		l, err := findLock.On(ctx, j.own, serverIn{j.db.settings})
		if err == nil && l.Exists && !j.removeLock {
			return message.Fail(message.SST013, "path", l.Path).Then(j.called("standby-start") + " --remove-lock")
		}
		return err
	})
}

// findPrimary makes sure of the primary, and learns from its cluster what the
// resource is. The peer's CIB stays in memory.
func (j *joiner) findPrimary(ctx context.Context) error {
	peer := j.peer.Name()
	no := func(err error, why ...string) error {
		return message.Fail(message.SST012, "peer", peer).With(why...).Because(err).Then(j.called("primary-start"))
	}
	db, err := j.runningDatabase(ctx, j.peer)
	if err != nil {
		if message.IsFailure(err, message.CMN009) {
			return err
		}
		return no(err)
	}
	o, err := j.crm(j.peer).Overview(ctx)
	if err != nil {
		return no(err)
	}
	j.db, j.clone, j.pacemaker = db, j.promotable(db), o.Version
	if j.conf.PGOSUser != "" {
		j.db.settings.User.Name = j.conf.PGOSUser
	}
	if ok, why := o.PrimaryRuns(j.clone, j.db.def.Resource, peer); !ok {
		return no(nil, why)
	}
	u, err := pg.LookupUser(ctx, run.Local{}, j.db.settings.User.Name)
	if err != nil {
		return err
	}
	set := j.db.settings
	set.User = u
	if j.conf.PGPath != "" {
		set.PgCtl = filepath.Join(j.conf.PGPath, "pg_ctl")
	}
	ctl, _, _ := strings.Cut(set.PgCtl, " ") // options may follow
	if err := programs(filepath.Dir(ctl), "pg_basebackup", "pg_rewind"); err != nil && filepath.IsAbs(ctl) {
		return err
	}
	j.server = rebuild.Server{Settings: set, Run: logged{j.con, j.own}, Journal: j.machine.State}
	return nil
}

// nobodyUses refuses while a process works in the directories of the database.
// A shell that merely stands there is in the way of a rebuild only.
func (j *joiner) nobodyUses(ctx context.Context) error {
	users, err := node.DirUsers.On(ctx, j.own, j.directories())
	if err != nil {
		return err
	}
	// What is left of a base backup that was killed ends before anything is changed.
	left, err := j.server.Leftovers()
	if err != nil {
		return err
	}
	var busy []string
	for _, u := range users {
		if slices.Contains(left, u.PID) {
			continue
		}
		if u.Stands {
			j.standing = append(j.standing, u.Process.String())
		} else {
			busy = append(busy, u.Process.String())
		}
	}
	if len(busy) > 0 {
		return message.Fail(message.CMN011, "path", j.db.settings.Data).With(busy...)
	}
	return nil
}

// directories are those of the database here: data, WAL, tablespaces.
func (j *joiner) directories() []string {
	dirs := []string{j.db.settings.Data}
	for _, name := range []string{"pg_wal", "pg_xlog"} {
		if target, err := filepath.EvalSymlinks(filepath.Join(j.db.settings.Data, name)); err == nil {
			dirs = append(dirs, target)
		}
	}
	links, _ := filepath.Glob(filepath.Join(j.db.settings.Data, "pg_tblspc", "*"))
	for _, l := range links {
		if target, err := filepath.EvalSymlinks(l); err == nil {
			dirs = append(dirs, target)
		}
	}
	return dirs
}

// gatherPrimary are the facts of the primary, read on its node.
var gatherPrimary = node.Define("gather-primary", rejoin.GatherPrimary)

func (j *joiner) in() rejoin.In {
	return rejoin.In{Server: j.db.settings, Archive: j.conf.ArchiveDir, Journal: j.machine.State}
}

// asked are the methods that the options name, all in a dialogue.
func (j *joiner) asked() []rejoin.Method {
	var list []rejoin.Method
	if j.normal || j.rewind {
		list = append(list, rejoin.AsIs)
	}
	if j.rewind {
		list = append(list, rejoin.Rewind)
	}
	if j.backup {
		list = append(list, rejoin.BaseBackup)
	}
	if j.resume && j.found != nil {
		list = nil
		for _, m := range j.found.Facts["methods"] {
			list = append(list, rejoin.Method(m))
		}
	}
	return list
}

// state is the step that finds out how the database can be used.
func (j *joiner) state(ctx context.Context) error {
	if j.checkOnly && (j.normal || j.rewind || j.backup) {
		j.con.Tell(message.SST015)
		j.normal, j.rewind, j.backup = false, false, false
	}
	j.con.Step(message.SST104)
	var err error
	if j.primary, err = gatherPrimary.On(ctx, j.peer, j.in()); err != nil {
		return err
	}
	if err := j.releases(j.pacemaker, j.primary.Release()); err != nil {
		return err
	}
	j.local, err = rejoin.GatherLocalTelling(ctx, j.in(), func(done, total int64) { j.con.Progress(done, total) })
	j.con.ProgressDone()
	if err != nil {
		return err
	}
	o := rejoin.Options{Peer: j.peer.Name(), Shared: j.shared, AllMethods: j.allMethods, NoArchiveCopy: j.noArchiveSync}
	asked := j.asked()
	dialogue := len(asked) == 0
	wants := func(m rejoin.Method) bool { return dialogue || slices.Contains(asked, m) }

	if err := j.findOrphans(ctx); err != nil {
		return err
	}
	j.decide(o)
	asIs := j.tell(message.SST105, rejoin.AsIs, wants(rejoin.AsIs))
	if wants(rejoin.Rewind) && (!asIs || j.allMethods) && j.decision.Relation != wal.Same && j.local.Control != nil {
		in := rejoin.CheckpointIn{In: j.in(), Ancestry: j.local.Ancestry, Fork: j.decision.Fork}
		if at, err := rejoin.CommonCheckpoint(ctx, in); err == nil {
			o.CommonCheckpoint = &at
			j.decide(o)
		}
		if err := j.proveRewind(ctx); err != nil {
			return err
		}
	}
	rewindable := j.tell(message.SST106, rejoin.Rewind, wants(rejoin.Rewind) && (!asIs || j.allMethods))
	if wants(rejoin.BaseBackup) && (dialogue || !asIs && !rewindable) {
		if o.Backup, err = j.backupReasons(ctx); err != nil {
			return err
		}
		proved := j.decision.Choice(rejoin.Rewind)
		j.decide(o)
		j.decision.Choices[1] = proved
		j.tell(message.SST107, rejoin.BaseBackup, true)
	} else {
		j.tell(message.SST107, rejoin.BaseBackup, false)
	}
	return nil
}

func (j *joiner) decide(o rejoin.Options) {
	j.decision = rejoin.Decide(j.local, j.primary, o)
	if asIs := &j.decision.Choices[0]; len(j.orphans) > 0 {
		asIs.Verdict = rejoin.Impossible
		asIs.Reasons = append(asIs.Reasons, message.Fail(message.SST089, "name", j.orphans[0]))
	}
}

// loses says whether a method takes away what only this node has.
func (j *joiner) loses(m rejoin.Method) bool {
	return m != rejoin.AsIs && (len(j.orphans) > 0 || j.decision.Loses(j.local, j.primary))
}

// archiveStatus are the files in which a server notes what is to be archived.
var archiveStatus = node.Define("archive-status", func(ctx context.Context, in serverIn) ([]string, error) {
	i, err := in.instance(ctx)
	if err != nil {
		return nil, err
	}
	entries, err := node.List.On(ctx, node.Local{}, filepath.Join(i.WALDir(), "archive_status"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name)
	}
	return names, err
})

// findOrphans looks for WAL that a primary has not archived before it crashed:
// as a standby it would remove it.
func (j *joiner) findOrphans(ctx context.Context) error {
	if j.local.Control == nil || !j.local.WALKnown || j.local.Control.SystemID != j.primary.SystemID {
		return nil
	}
	in := serverIn{j.db.settings}
	i, err := in.instance(ctx)
	if err != nil {
		return err
	}
	if mode, err := i.WillUse(ctx, "archive_mode"); err == nil && mode != "on" {
		return nil
	}
	here, err := archiveStatus.On(ctx, j.own, in)
	if err != nil {
		return err
	}
	// What the primary is to archive before what it has: nothing gets between.
	there, err := archiveStatus.On(ctx, j.peer, in)
	if err != nil {
		return err
	}
	archived, err := node.List.On(ctx, j.peer, j.conf.ArchiveDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s := archive.Standby{WAL: j.local.WAL, Archive: j.local.Archive, End: j.local.End.End}
	for _, name := range here {
		if segment, done := strings.CutSuffix(name, ".done"); done {
			s.Done = append(s.Done, segment)
		}
	}
	for _, name := range there {
		if segment, ready := strings.CutSuffix(name, ".ready"); ready {
			s.Kept = append(s.Kept, segment)
		}
	}
	for _, e := range archived {
		s.Kept = append(s.Kept, e.Name)
	}
	j.orphans = s.Orphans(j.primary.SegmentSize)
	return nil
}

// tell shows what is said of one method and answers whether it is possible.
func (j *joiner) tell(label message.ID, m rejoin.Method, looked bool) bool {
	j.con.SubStep(label)
	c := j.decision.Choice(m)
	switch {
	case !looked || c.Verdict == rejoin.NotNeeded:
		j.con.Skip()
		return false
	case c.Verdict == rejoin.Possible && m != rejoin.AsIs && len(j.standing) > 0:
		j.decision.Choices[slices.IndexFunc(j.decision.Choices[:], func(c rejoin.Choice) bool { return c.Method == m })].Verdict = rejoin.Impossible
		j.con.Tell(message.CMN011, "path", j.db.settings.Data)
		j.con.Lines(j.standing...)
	case c.Verdict == rejoin.Possible:
		j.con.OK()
		return true
	}
	for _, r := range c.Reasons {
		j.con.Lines("  " + rejoin.Text(j.con.Say(), r))
	}
	j.con.NG()
	return false
}

// source is the primary as a rewind needs it.
func (j *joiner) source() rebuild.Source {
	return rebuild.Source{Node: j.peer, Settings: j.db.settings, RestoreCommand: j.db.params.RestoreCommand}
}

// proveRewind goes through a rewind without changing anything, where that can be done.
func (j *joiner) proveRewind(ctx context.Context) error {
	c := &j.decision.Choices[slices.IndexFunc(j.decision.Choices[:], func(c rejoin.Choice) bool { return c.Method == rejoin.Rewind })]
	if c.Verdict != rejoin.Possible || !j.decision.ProveRewind {
		return nil
	}
	_, err := j.server.ProveRewind(ctx, j.source())
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		f := message.Fail(message.SST094)
		if !errors.As(err, &f) {
			f = f.Because(err)
		}
		c.Verdict, c.Reasons = rejoin.Impossible, append(c.Reasons, f)
	}
	return nil
}

// origin is the primary as a base backup needs it.
func (j *joiner) origin(ctx context.Context) (rebuild.Primary, error) {
	p := rebuild.Primary{
		Address: j.lans.Peer.String(), Port: j.primary.Port, User: j.db.params.RepUser, Options: j.db.params.PrimaryConninfoOpt,
		SystemID: j.primary.SystemID, SegmentSize: j.primary.SegmentSize, WALDir: j.primary.WALDir, VersionDir: j.primary.VersionDir,
		FreeSenders: j.primary.FreeSenders, FreeSlots: j.primary.FreeSlots,
	}
	dirs := []string{j.db.settings.Data}
	for _, t := range j.primary.Tablespaces {
		p.Tablespaces = append(p.Tablespaces, t.Location)
		dirs = append(dirs, t.Location)
	}
	var err error
	p.Sizes, err = rebuild.Measure.On(ctx, j.peer, dirs)
	return p, err
}

func (j *joiner) backupOptions() rebuild.Options {
	return rebuild.Options{Stream: j.walMethod == "stream", KeepOld: j.keepOld, MaxRate: j.conf.BaseBackupMaxRate, Spread: j.conf.SpreadCheckpoint}
}

// apart are directories that a base backup must not empty by mistake.
func (j *joiner) apart() []string { return []string{j.conf.ArchiveDir, j.db.settings.TmpDir} }

// backupReasons look for everything that would stop a base backup half way.
func (j *joiner) backupReasons(ctx context.Context) ([]*message.Failure, error) {
	p, err := j.origin(ctx)
	if err != nil {
		return nil, err
	}
	if j.places, err = j.server.Look(ctx, p, j.apart()); err != nil {
		return nil, err
	}
	j.lookedAtPlaces = true
	no := rebuild.Refusals(j.server, j.places, p, j.backupOptions())
	if f := j.server.TryConnection(ctx, p); f != nil {
		no = append(no, f)
	}
	return no, nil
}

// possible are the methods that were found to be.
func (j *joiner) possible() []rejoin.Method {
	var list []rejoin.Method
	for _, c := range j.decision.Choices {
		if c.Verdict == rejoin.Possible && (c.Method != rejoin.BaseBackup || j.lookedAtPlaces) {
			list = append(list, c.Method)
		}
	}
	return list
}

// offer shows the methods; none is an error.
func (j *joiner) offer() error {
	list := j.possible()
	if len(list) == 0 {
		return message.Fail(message.SST050).Then(j.called("status"))
	}
	j.con.Tell(message.SST051)
	for _, m := range list {
		text := map[rejoin.Method]message.ID{rejoin.AsIs: message.SST055, rejoin.Rewind: message.SST056, rejoin.BaseBackup: message.SST057}[m]
		j.con.Lines("  " + j.con.Say().Text(text) + j.estimate(m))
		if m == rejoin.BaseBackup {
			j.listEmptied()
		}
	}
	return nil
}

// listEmptied names the directories that a base backup will empty, once.
func (j *joiner) listEmptied() {
	if emptied := j.places.Emptied(); len(emptied) > 0 && !j.keepOld && !j.checkOnly && !j.listed {
		j.con.Tell(message.SST054, "list", comma(emptied))
		j.listed = true
	}
}

// estimate says what a method will cost.
func (j *joiner) estimate(m rejoin.Method) string {
	switch m {
	case rejoin.AsIs, rejoin.Rewind:
		return " " + j.con.Say().Text(message.SST064, "size", console.Bytes(j.decision.Choice(m).Replay))
	}
	return ""
}

// choose settles the method: the first of those asked for that is possible, or
// what the operator answers.
func (j *joiner) choose(ctx context.Context) error {
	list := j.possible()
	if asked := j.asked(); len(asked) > 0 {
		for _, m := range list {
			if slices.Contains(asked, m) {
				return j.settle(m)
			}
		}
		return message.Fail(message.SST050).Then(j.called("standby-start") + " -c")
	}
	if err := j.offer(); err != nil {
		return err
	}
	j.con.Lines("  " + j.con.Say().Text(message.SST058))
	switch best := list[0]; {
	case j.yes && !j.loses(best):
		return j.settle(best)
	case j.yes && !j.streams.Terminal:
		return message.Fail(message.SST076, "node", j.own.Name()).Then(fmt.Sprintf("%s -%c", j.called("standby-start"), best))
	}
	var letters []string
	for _, m := range list {
		letters = append(letters, string(m))
	}
	letters = append(letters, "q")
	for {
		answer, err := j.con.Ask(ctx, message.SST059, "letters", strings.Join(letters, "/"))
		if err != nil {
			return err
		}
		switch answer = strings.ToLower(answer); {
		case answer == "q":
			return message.Fail(message.SST052)
		case len(answer) == 1 && slices.Contains(list, rejoin.Method(answer[0])):
			return j.settle(rejoin.Method(answer[0]))
		}
		j.con.Tell(message.SST053)
	}
}

func (j *joiner) settle(m rejoin.Method) error {
	j.chosen = m
	if j.loses(m) {
		j.con.Tell(message.SST075, "node", j.own.Name())
	}
	switch m {
	case rejoin.AsIs:
		j.con.Tell(message.SST071)
	case rejoin.Rewind:
		j.con.Tell(message.SST072)
		j.con.Tell(message.SST074, "a", j.local.End.End, "b", j.decision.Fork)
	case rejoin.BaseBackup:
		j.con.Tell(message.SST073)
		j.listEmptied()
	}
	return nil
}

// interconnect makes sure that the cluster can form: every ring has to answer.
func (j *joiner) interconnect(ctx context.Context) error {
	return j.con.Do(message.SST108, nil, func() error {
		rings, err := j.rings(ctx)
		if err != nil {
			return err
		}
		var wg sync.WaitGroup
		silent := make([]string, len(rings))
		for i, ring := range rings {
			wg.Add(1)
			go func() {
				defer wg.Done()
				_, err := logged{j.con, j.own}.Run(ctx, run.Command{Argv: []string{"ping", "-n", "-c", "3", "-i", "0.2", "-W", "1", ring.Peer.String()}})
				if err != nil {
					silent[i] = ring.Peer.String()
				}
			}()
		}
		wg.Wait()
		for _, addr := range silent {
			if addr != "" {
				return message.Fail(message.SST014, "addr", addr)
			}
		}
		return context.Cause(ctx)
	})
}

// carryOut does what was decided.
func (j *joiner) carryOut(ctx context.Context) error {
	if j.dryRun {
		return j.rehearse(ctx)
	}
	methods := string(rejoin.AsIs) + string(j.chosen)
	var options []string
	for name, set := range j.kept() {
		if *set {
			options = append(options, name)
		}
	}
	slices.Sort(options)
	j.begin(map[string]string{"methods": methods, "options": strings.Join(options, " ")}, j.own)
	j.interrupts.Changing(message.CMN036)
	if err := j.renew(ctx); err != nil {
		return j.then(ctx, err)
	}
	if err := j.copyArchive(ctx); err != nil {
		return err
	}
	return j.start(ctx)
}

// then adds what an operator can do after a rebuild that failed.
func (j *joiner) then(ctx context.Context, err error) error {
	var f *message.Failure
	if !errors.As(err, &f) {
		return err
	}
	lost := f.ID == message.SST092 || f.ID == message.SST093
	if f.Next == "" {
		f.Next = j.called("standby-start") + " --resume"
		if lost {
			f.Next = j.called("standby-start") + " -b"
		}
	}
	if lost && ctx.Err() != nil {
		// That there is no database any more is worth as much as what has ended it.
		return errors.Join(context.Cause(ctx), message.Fail(f.ID, f.Args...).With(f.Lines...).Then(f.Next))
	}
	return err
}

// renew rewinds or copies, after what that would lose has been put aside.
func (j *joiner) renew(ctx context.Context) error {
	if j.chosen == rejoin.AsIs {
		return nil
	}
	if err := j.phase(ctx, phaseRebuild); err != nil {
		return err
	}
	tell := func(done, total int64) { j.con.Progress(done, total) }
	defer j.con.ProgressDone()
	if j.chosen == rejoin.Rewind {
		return j.con.Do(message.SST109, nil, func() error {
			defer j.interrupts.Critical()()
			ctx := context.WithoutCancel(ctx)
			if err := j.rescue(ctx); err != nil {
				return err
			}
			if j.decision.CheckpointFirst {
				if _, err := checkpoint.On(ctx, j.peer, serverIn{j.db.settings}); err != nil {
					return err
				}
			}
			return j.server.Rewind(ctx, j.source(), tell)
		})
	}
	return j.con.Do(message.SST110, nil, func() error {
		p, err := j.origin(ctx)
		if err != nil {
			return err
		}
		if err := j.rescue(ctx); err != nil {
			return err
		}
		return j.server.BaseBackup(ctx, j.places, p, j.backupOptions(), tell)
	})
}

// rescue keeps the WAL that only this node has, and what explains it.
func (j *joiner) rescue(ctx context.Context) error {
	if j.local.Control == nil || j.local.Control.SystemID != j.primary.SystemID || j.decision.Fork == 0 || !j.loses(j.chosen) {
		return nil // nothing here that the primary does not have, or nothing to compare it with
	}
	r, err := j.server.PlanRescue(ctx, j.divergence())
	if errors.Is(err, fs.ErrNotExist) {
		j.con.Detail("%v", err)
		return nil // what is not there cannot be saved, and must not be in the way
	}
	if err != nil {
		return err
	}
	if len(r.Files) == 0 {
		return nil
	}
	dir, err := j.server.Save(ctx, r, filepath.Dir(j.conf.ArchiveDir), j.places.Emptied(), j.con.Say())
	if err != nil {
		return message.Fail(message.SST068).Because(err)
	}
	j.con.Tell(message.SST095, "dir", dir)
	return nil
}

func (j *joiner) divergence() rebuild.Divergence {
	// Without a fork what is here may be ahead of what the primary has.
	fork := min(j.decision.Fork, j.primary.Flush)
	if len(j.orphans) > 0 {
		n, _ := wal.ParseName(j.orphans[0])
		if s, ok := n.Segment(j.primary.SegmentSize); ok {
			fork = min(fork, s.Start(j.primary.SegmentSize))
		}
	}
	return rebuild.Divergence{
		Node: j.own.Name(), Source: j.peer.Name(), Fork: fork, End: j.local.End.End,
		Branch: j.decision.ForkTimeline, Own: j.local.End.Timeline, Peer: j.primary.Timeline,
	}
}

// copyArchive brings the archive here up to that of the primary.
func (j *joiner) copyArchive(ctx context.Context) error {
	stale := j.decision.Stale
	if j.shared || j.noArchiveSync && len(stale) == 0 {
		return nil
	}
	if err := j.phase(ctx, phaseArchive); err != nil {
		return err
	}
	return j.con.Do(message.SST111, nil, func() error {
		defer j.con.ProgressDone()
		c := j.archiveCopy()
		var w archive.Work
		if !j.noArchiveSync {
			var err error
			if w, err = c.Prepare(ctx); err != nil {
				return err
			}
		}
		// Recovery would take them for the primary's.
		if err := c.PutAside(ctx, stale); err != nil {
			return err
		}
		for _, name := range stale {
			j.con.Tell(message.SST077, "name", name, "dir", filepath.Join(c.ToDir, c.AsideDir))
		}
		unwanted := append(j.primary.Stale(w.Fetch), stale...)
		isUnwanted := func(name string) bool { return slices.Contains(unwanted, name) }
		w.Fetch, w.Aside = slices.DeleteFunc(w.Fetch, isUnwanted), slices.DeleteFunc(w.Aside, isUnwanted)
		if w.Newer {
			j.con.Tell(message.SST084)
		}
		return c.Run(ctx, w, j.watch())
	})
}

func (j *joiner) archiveCopy() archive.Copy {
	c := archive.Copy{
		From: j.peer, To: j.own, FromDir: j.conf.ArchiveDir, ToDir: j.conf.ArchiveDir, SegmentSize: j.primary.SegmentSize,
		MaxRate: j.conf.ArchiveMaxRate, AsideDir: archive.AsideName(time.Now()),
	}
	if j.decision.Relation != wal.Same && j.decision.Fork != 0 {
		c.Fork = &archive.Position{Timeline: j.decision.ForkTimeline, LSN: j.decision.Fork}
	}
	return c
}

// watch tells the operator of a copy of archived WAL.
func (s *session) watch() archive.Watch {
	return archive.Watch{
		Progress: s.con.Progress,
		File:     func(name string) { s.con.Detail("copied %s", name) },
		Aside:    func(name, dir string) { s.con.Tell(message.SST090, "name", name, "dir", dir) },
		Growing:  func(name string) { s.con.Detail("left out %s: it is still being written", name) },
	}
}

// rehearse says what would be done.
func (j *joiner) rehearse(ctx context.Context) error {
	if j.chosen == rejoin.Rewind && j.decision.ProveRewind {
		size, err := j.server.ProveRewind(ctx, j.source())
		if err != nil {
			return err
		}
		j.con.Tell(message.SST065, "size", console.Bytes(size))
	}
	if j.chosen == rejoin.BaseBackup {
		p, err := j.origin(ctx)
		if err != nil {
			return err
		}
		var total int64
		for _, size := range p.Sizes {
			total += size
		}
		j.con.Tell(message.SST066, "size", console.Bytes(total))
	}
	if !j.shared && !j.noArchiveSync {
		w, err := j.archiveCopy().Prepare(ctx)
		if err != nil {
			return err
		}
		j.con.Tell(message.SST067, "num", len(w.Fetch))
	}
	j.con.Tell(message.CMN050)
	return nil
}

// restorable is how many segments recovery will take from the archive here.
func (j *joiner) restorable(ctx context.Context) int {
	local, err := rejoin.GatherLocal(ctx, j.in())
	if err != nil || local.Control == nil {
		return 0
	}
	var last wal.Segment
	for _, file := range local.Archive {
		if n, ok := wal.ParseName(file); ok && n.Kind == wal.SegmentKind {
			if s, ok := n.Segment(local.Control.SegmentSize); ok {
				last = max(last, s)
			}
		}
	}
	first := wal.SegmentOf(local.Control.Redo, local.Control.SegmentSize)
	if last < first {
		return 0
	}
	return int(last-first) + 1
}

// plainStart makes the server start neither as a primary nor in an archive
// recovery that somebody once asked for: the agent says what it is to be.
var plainStart = node.Define("plain-start", func(ctx context.Context, in serverIn) (struct{}, error) {
	i, err := in.instance(ctx)
	if err == nil {
		err = i.EndStandby()
	}
	return struct{}{}, err
})

// start hands the node over to Pacemaker.
func (j *joiner) start(ctx context.Context) error {
	j.con.Step(message.SST112, "num", strconv.Itoa(j.restorable(ctx)))
	if err := j.phase(ctx, phaseStart); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	leave := j.interrupts.Critical()
	defer leave()
	if _, err := plainStart.On(ctx, j.own, serverIn{j.db.settings}); err != nil {
		return err
	}
	if j.removeLock || j.chosen != rejoin.AsIs {
		// What is here now is the primary's data, or has been compared with it.
		if _, err := removeLock.On(ctx, j.own, serverIn{j.db.settings}); err != nil {
			return err
		}
	}
	j.began, _ = node.Clock.On(ctx, j.own, struct{}{})
	if err := j.crm(j.own).StartStack(context.WithoutCancel(ctx)); err != nil {
		return message.Fail(message.CMN002, "rc", "-", "cmd", "systemctl start corosync pacemaker").Because(err)
	}
	j.con.OK()
	if err := j.phase(context.WithoutCancel(ctx), phaseWait); err != nil {
		return err
	}
	leave()
	j.interrupts.Changing(message.CMN033)
	return j.wait(j.interrupts.Context())
}

// wait waits for the synchronous standby.
func (j *joiner) wait(ctx context.Context) error {
	own := j.own.Name()
	j.con.Step(message.SST113)
	limit := j.limit(j.conf.TimeoutStart)
	state := crm.NotRunning
	var attributes string
	missing, err := j.until(ctx, j.words().Standby, limit, func(ctx context.Context) ([]string, error) {
		o, err := j.crm(j.own).Overview(ctx)
		if err != nil {
			return []string{"Pacemaker"}, nil
		}
		var missing []string
		note := func(name string, ok bool, why string) {
			if !ok {
				missing = append(missing, name+" ("+why+")")
			}
		}
		online, why := o.Online(own)
		note("Pacemaker", online, why)
		ping, why := o.AllRunOn(existing(o, j.conf.Ping.IDs), own)
		note("PING", ping, why)
		storage, why := o.AllRunOn(existing(o, j.conf.StorageMon.IDs), own)
		note("STORAGE_MON", storage, why)
		if j.conf.Stonith {
			fencing, why := o.AnyRunsOn(existing(o, j.conf.Fencing.IDs), own)
			note("STONITH", fencing, why)
		}
		state, attributes = o.StandbyRuns(j.clone, j.db.def.Resource, own)
		note("PostgreSQL", state == crm.Sync, attributes)
		if j.conf.UseStandbyIP {
			ip, why := o.AllRunOn(existing(o, j.conf.StandbyIP.IDs), own)
			note("IPADDR_STANDBY", ip, why)
		}
		// One that has been got over is none.
		if list := o.FailuresSince(j.db.def.Resource, own, j.began); len(missing) > 0 && len(list) > 0 {
			return nil, message.Fail(message.SST062, "id", list[0].Resource, "node", own, "reason", failureText(list[0])).Then(j.called("status"))
		}
		return missing, nil
	})
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		list := j.con.Say().Text(message.SST061, "list", comma(missing))
		if state == crm.NotSync {
			return message.Fail(message.SST063, "attrs", attributes).With(list).Then(j.called("status"))
		}
		return message.Fail(message.SST060, "sec", int(limit.Seconds())).With(list).Then(j.called("standby-start") + " --resume")
	}
	j.con.OK()
	if err := j.finished(ctx); err != nil {
		return err
	}
	j.con.Tell(message.SST070, "node", own)
	return nil
}

// giveUp closes the journal and says what is left to do. The peer may be down.
func (j *joiner) giveUp(ctx context.Context) error {
	if err := j.lock(ctx, j.own); err != nil {
		return err
	}
	if err := j.unfinished(ctx, j.own); err != nil {
		return err
	}
	if j.found == nil {
		return message.Fail(message.CMN045)
	}
	if j.dryRun {
		j.con.Tell(message.CMN050)
		return nil
	}
	j.begin(j.found.Facts, j.own)
	if err := j.finished(ctx); err != nil {
		return err
	}
	j.con.Tell(message.CMN046)
	next := j.called("standby-start")
	switch j.found.Phase {
	case phaseRebuild:
		next += " -b"
	case phaseWait:
		next = j.called("status")
	}
	j.con.Tell(message.CMN055, "cmd", next)
	return nil
}
