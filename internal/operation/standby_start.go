package operation

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"pgrex/internal/conf"
	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/pg"
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
	rewindBytes                       int64  // that a rewind would copy, by its rehearsal
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
		if err == nil && l.Exists && !l.Held && !j.removeLock {
			return message.Fail(message.SST013, "path", l.Path).Then(j.called("standby-start") + " --remove-lock")
		}
		return err
	})
}

// primaryCorrects is how long a primary may take to put right what the cluster
// says of it: a node that was cut off can bring a verdict on it along when it
// comes back, which the next monitor overwrites. PG-REX has it every 9 s.
const primaryCorrects = 12 * time.Second

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
	missing, err := j.until(ctx, j.words().Primary, primaryCorrects, func(ctx context.Context) ([]string, error) {
		ok, why := o.PrimaryRuns(j.clone, j.db.def.Resource, peer)
		switch {
		case ok:
			return nil, nil
		case o.Role(j.clone, j.db.def.Resource, peer) != crm.Promoted:
			return nil, no(nil, why)
		}
		o, err = j.crm(j.peer).Overview(ctx)
		return []string{why}, err
	})
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return no(nil, missing...)
	}
	if err := j.canConnect(ctx, o); err != nil {
		return err
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

// canConnect makes sure of the address at which a standby finds the primary: one
// that has failed there stays away until somebody says that it may come back, and
// this node would wait for it in vain.
func (j *joiner) canConnect(ctx context.Context, o crm.Overview) error {
	peer, ids := j.peer.Name(), present(o, j.conf.ReplicationIP)
	missing, err := j.until(ctx, comma(ids), primaryCorrects, func(ctx context.Context) ([]string, error) {
		ok, why := o.AllRunOn(ids, peer)
		if ok {
			return nil, nil
		}
		var err error
		o, err = j.crm(j.peer).Overview(ctx)
		return []string{why}, err
	})
	if err != nil || len(missing) == 0 {
		return err
	}
	cure := cleanupAll(ids[0])
	group := slices.Concat(j.conf.PrimaryIP.IDs, ids) // an address before it in the group, perhaps
	for _, f := range o.Failures {
		if slices.Contains(group, f.Resource) {
			cure = cleanupAll(f.Resource)
		}
	}
	for _, r := range o.Resources {
		if r.Disabled && slices.Contains(group, r.ID) {
			cure = enable(r.ID)
		}
	}
	return message.Fail(message.SST016, "ids", comma(ids), "peer", peer).With(missing...).Then(peer + "# " + cure)
}

// enable lets a resource run again that somebody has disabled.
func enable(resource string) string { return "crm_resource -r " + resource + " --meta -d target-role" }

func cleanupAll(resource string) string { return "crm_resource --cleanup -r " + resource }

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
				_, err := logged{j.con, j.own}.Run(ctx, run.Command{Argv: []string{"ping", "-n", "-c", "3", "-i", "0.05", "-W", "1", ring.Peer.String()}})
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
