package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/internal/replication"
	"pgrex/internal/run"
)

// start brings the server up as a standby. Every server of the cluster begins
// as one; which of them becomes primary is decided later, by scores.
//
// It looks first and changes afterwards: a server that runs already keeps its
// files, and a data directory that may have diverged (PGSQL.lock) is not
// touched at all.
func (a *Agent) start(ctx context.Context) (ocf.Code, error) {
	if code, err := a.systemVerdict(); err != nil {
		return code, err
	}
	stopped, err := a.serverStopped(ctx)
	if err != nil {
		return ocf.ErrGeneric, err
	}
	if stopped {
		if err := a.checkServer(ctx); err != nil {
			return codeOr(err, ocf.ErrGeneric), err
		}
	}
	if !a.replicated() {
		return a.startAlone(ctx, stopped)
	}
	if !stopped {
		return a.alreadyRunning(ctx)
	}
	if err := a.apply(ctx, nil, a.withoutRights(ctx, "it is being started")); err != nil {
		return ocf.ErrGeneric, err
	}
	if err := a.checkLock(ctx); err != nil {
		return ocf.ErrGeneric, err
	}
	if err := a.checkDatabase(ctx); err != nil {
		return ocf.ErrArgs, err
	}
	return a.bringUp(ctx)
}

// checkDatabase refuses the data of another database than the primary's. Its
// server would wait for WAL for as long as start may take, and tell nobody but
// its own log why. What cannot be found out now is no reason not to start.
func (a *Agent) checkDatabase(ctx context.Context) error {
	s, err := a.cluster(ctx)
	if err != nil || replication.OtherPrimary(a.node, a.nodes(s)) == "" {
		return nil
	}
	c, err := a.pg.Control()
	if err != nil {
		return nil // the server will say it better
	}
	peer, err := a.askPrimary(ctx)
	if err != nil {
		a.log.Infof("whether this is the database of the primary is not known: %v", oneLine(err))
		return nil
	}
	if peer.SystemID == c.SystemID {
		return nil
	}
	// Short: see withReason.
	return ocf.Errorf(ocf.ErrArgs, "database system identifier differs from the primary's (%d, there %d): take a base backup", c.SystemID, peer.SystemID)
}

// bringUp makes the stopped server run as the standby that it is to be.
func (a *Agent) bringUp(ctx context.Context) (ocf.Code, error) {
	if err := a.prepare(ctx); err != nil {
		return codeOr(err, ocf.ErrGeneric), err
	}
	session, err := a.launch(ctx)
	if err != nil {
		return ocf.ErrGeneric, err
	}
	defer session.Close()
	return a.confirmStandby(ctx, session)
}

// startAlone starts a server that is not part of a promotable clone: a single
// one, or in mode slave a standby of a primary somewhere else.
func (a *Agent) startAlone(ctx context.Context, stopped bool) (ocf.Code, error) {
	var session *pg.Session
	var err error
	switch {
	case !stopped:
		session, err = a.connectPatiently(ctx)
	case a.params.RepMode == ocf.RepSlave:
		if err = a.prepareFiles(); err == nil {
			session, err = a.launch(ctx)
		}
	default:
		a.removeTemporary()
		if err = permission(a.pg.PrepareStart()); err == nil {
			session, err = a.launch(ctx)
		}
	}
	if err != nil {
		return codeOr(err, ocf.ErrGeneric), err
	}
	defer session.Close()
	if a.params.RepMode == ocf.RepSlave {
		// Its primary is not ours: what the operator has set for it may be meant.
		if err := a.checkOverrides(ctx, session); err != nil {
			a.log.Warn(err)
		}
	}
	if err := session.Exec(ctx, a.params.MonitorSQL); err != nil {
		return ocf.ErrGeneric, fmt.Errorf("PostgreSQL runs, monitor_sql failed: %w", err)
	}
	return ocf.Success, nil
}

// alreadyRunning answers a start that finds a server. A standby is what start
// is asked for; a primary is not, and stays as it is.
func (a *Agent) alreadyRunning(ctx context.Context) (ocf.Code, error) {
	session, err := a.connectPatiently(ctx)
	if err != nil {
		return ocf.ErrGeneric, fmt.Errorf("PostgreSQL runs already but does not serve: %w", err)
	}
	defer session.Close()
	a.log.Info("the server runs already")
	return a.confirmStandby(ctx, session)
}

// withoutRights is what this node is while its server is down: nobody to be promoted.
func (a *Agent) withoutRights(ctx context.Context, why string) []replication.Change {
	own := a.own(ctx)
	return append(statusChange(own, replication.Stopped, why), replication.LoseScore(own, why)...)
}

// checkLock refuses data that may have run ahead of the others'. It removes a
// lock itself only with proof: of a promotion that never happened, or of a
// primary that has everything. An empty lock, as the shell agent or a person
// makes it, has no proof.
func (a *Agent) checkLock(ctx context.Context) error {
	_, exists, err := a.pg.ReadLock()
	if !exists {
		return err
	}
	if err == nil { // a lock that cannot be understood is a lock all the same
		if removed, err := a.dropUnusedLock(); err != nil || removed {
			return err
		}
		if free, err := a.freeToStart(ctx); err != nil || free {
			return err
		}
	}
	return ocf.Errorf(ocf.ErrGeneric,
		"%s exists: this node was primary and its data may differ; rebuild it as a standby, or remove the file if its data is the latest", a.pg.LockFile())
}

// dropUnusedLock removes the lock when the control file proves that the
// promotion it was made for never began: the last run of this data directory
// was in recovery, on the timeline that it had when the lock was written. An
// empty lock, as the shell agent or a person makes it, proves nothing.
func (a *Agent) dropUnusedLock() (bool, error) {
	lock, exists, err := a.pg.ReadLock()
	if err != nil || !exists || lock.Timeline == 0 || !strings.EqualFold(lock.Node, a.node) {
		return false, err
	}
	if len(lock.Covered) > 0 { // it was a primary, and has come back as a standby
		return false, nil
	}
	c, err := a.pg.Control()
	if err != nil {
		return false, err
	}
	inRecovery := c.State == pg.DBShutDownInRecovery || c.State == pg.DBInArchiveRecovery
	if !inRecovery || max(c.Timeline, c.MinRecoveryTimeline) != lock.Timeline {
		return false, nil
	}
	if lock.Before != nil {
		a.log.Infof("%s is that of before again: the promotion of %s never happened", a.pg.LockFile(), lock.Time.Format(time.RFC3339))
		return false, a.pg.WriteLock(*lock.Before)
	}
	a.log.Infof("removing %s: the promotion of %s never happened", a.pg.LockFile(), lock.Time.Format(time.RFC3339))
	return true, a.pg.RemoveLock()
}

// reunion is the time that the start of an old primary gives the nodes that were
// stopped with it to be here again; all are started at once, most likely.
const reunion = 10 * time.Second

// freeToStart says whether a primary that was stopped in order may come back beside
// its lock. The lock goes when the present primary has all of this data: there is
// nothing here that is not there. Where it rests with those that had all when this
// node was stopped, it stays until one of them is primary ([Agent.dropServedLock]).
func (a *Agent) freeToStart(ctx context.Context) (bool, error) {
	lock, _, err := a.pg.ReadLock()
	if err != nil || lock.Timeline == 0 || !strings.EqualFold(lock.Node, a.node) {
		return false, err
	}
	c, err := a.pg.Control()
	if err != nil {
		return false, err
	}
	var v lockVerdict
	ctx, cancel := context.WithTimeoutCause(ctx, reunion, fmt.Errorf("not within %v", reunion))
	defer cancel()
	err = until(ctx, "those who had this node's data when it was stopped", 200*time.Millisecond, func() (bool, error) {
		v = a.judgeLock(ctx, lock, c)
		return !v.notYet, nil
	})
	if err != nil {
		a.log.Info(oneLine(err)) // the file is what the operator has to hear of
	}
	if v.why == "" {
		return false, nil
	}
	if !v.served {
		a.log.Infof("starting beside %s: %s", a.pg.LockFile(), v.why)
		return true, nil
	}
	a.log.Infof("removing %s: %s", a.pg.LockFile(), v.why)
	return true, a.pg.RemoveLock()
}

// lockVerdict says why a start may come beside the lock, or "" and whether that may
// come yet; served is a lock that has nothing to keep out any more.
type lockVerdict struct {
	why            string
	served, notYet bool
}

func (a *Agent) judgeLock(ctx context.Context, lock pg.LockInfo, c pg.Control) lockVerdict {
	s, err := a.clusterNow(ctx)
	if err != nil {
		a.log.Debug(oneLine(err))
		return lockVerdict{notYet: true}
	}
	nodes := a.nodes(s)
	primary := replication.Follower(a.node, nodes, replication.Shutdown{Clean: c.State == pg.DBShutDown, Checkpoint: c.Checkpoint})
	if primary != "" {
		descends, err := a.descends(ctx, c)
		if errors.Is(err, pg.ErrAuth) {
			// Who may not ask goes by the record, which knows the last promotion only.
			descends = true
		}
		if err != nil {
			a.log.Info(oneLine(err))
		}
		if descends {
			return lockVerdict{why: fmt.Sprintf("%s has this node's shutdown checkpoint at %s in its history", primary, c.Checkpoint), served: true}
		}
		return lockVerdict{notYet: err != nil}
	}
	if !lock.Held(c) {
		return lockVerdict{} // nobody had all, or the server has run since
	}
	r := replication.Return{Own: a.node, Mode: a.mode(), Nodes: nodes, Quorate: mayAct(s)}
	for _, h := range lock.Covered {
		r.Covered = append(r.Covered, h.Node)
	}
	ok, notYet := replication.MayReturn(r)
	if notYet { // it rests with their answers
		for _, h := range lock.Covered {
			if a.isStandbyStill(ctx, h, c) {
				r.Answered = append(r.Answered, h.Node)
			}
		}
		ok, notYet = replication.MayReturn(r)
	}
	v := lockVerdict{notYet: notYet}
	if ok {
		v.why = fmt.Sprintf("%v had all of this node's data when it was stopped, and nothing has been written elsewhere but there", lock.Covered)
	}
	return v
}

// descends asks the primary whether all that was written here is in its history. With
// restart_on_promote that shows nothing: a promotion begins no timeline.
func (a *Agent) descends(ctx context.Context, c pg.Control) (bool, error) {
	if a.params.RestartOnPromote {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	return a.pg.Descends(ctx, a.params.MasterIP, a.params.RepUser, a.params.PrimaryConninfoOpt, c)
}

// isStandbyStill asks a node that had all of this one's data whether it has been
// promoted since: its timeline would be another one. With restart_on_promote it
// would not.
func (a *Agent) isStandbyStill(ctx context.Context, h pg.Holder, c pg.Control) bool {
	if a.params.RestartOnPromote {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	p, err := a.pg.AskPeer(ctx, h.Address, a.params.RepUser, a.params.PrimaryConninfoOpt)
	if err != nil {
		a.log.Debug(oneLine(err))
		return false
	}
	return p.SystemID == c.SystemID && p.Timeline == c.Timeline && p.Position > c.Checkpoint
}

// prepare makes everything that the server reads at its start.
func (a *Agent) prepare(ctx context.Context) error {
	own := a.own(ctx)
	var gone []replication.Change
	if own.Baseline != "" {
		gone = append(gone, replication.SetBaseline{Node: own.Name, Old: own.Baseline, Why: "it is being started"})
	}
	if own.XlogLoc != "" {
		gone = append(gone, replication.SetXlogLoc{Node: own.Name, Old: own.XlogLoc, Why: "it is being started"})
	}
	if err := a.apply(ctx, nil, gone); err != nil {
		return err
	}
	return a.prepareFiles()
}

// prepareFiles writes what makes the server a standby of the primary, and in
// mode sync one that begins with an empty list of synchronous standbys.
func (a *Agent) prepareFiles() error {
	if err := a.pg.PrepareTmpDir(); err != nil {
		return permission(err)
	}
	a.removeTemporary()
	if err := a.pg.RemoveVoteNotes(); err != nil {
		return permission(err)
	}
	removed, err := a.pg.RemoveLeftovers()
	if err != nil {
		return err
	}
	for _, name := range removed {
		a.log.Warnf("removed %s: PostgreSQL 12 and newer does not start with it", name)
	}
	steps := []func() error{
		a.pg.ClaimTmpDir,
		func() error { return a.pg.WriteRecovery(append(a.recoverySettings(), a.retrySettings()...)) },
		func() error { return a.prepareSyncNames() },
		a.pg.WriteStandbySignal,
		func() error { return a.pg.EnsureIncludes(a.includes()...) },
		a.pg.PrepareStart,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return permission(err)
		}
	}
	return nil
}

// removeTemporary clears away what actions that were killed have left. Nothing
// depends on it.
func (a *Agent) removeTemporary() {
	removed, err := a.pg.RemoveTemporary()
	for _, name := range removed {
		a.log.Infof("removed %s: an action that was killed has left it", name)
	}
	if err != nil {
		a.log.Warn(oneLine(err))
	}
}

func (a *Agent) prepareSyncNames() error {
	if a.params.RepMode == ocf.RepSync {
		return a.pg.WriteSyncNames(nil, false)
	}
	return nil
}

// includes are the lines of ours in postgresql.conf. Before release 12 the
// server finds its standby settings by itself.
func (a *Agent) includes() []string {
	var lines []string
	if a.pg.IncludesRecovery() {
		lines = append(lines, a.pg.RecoveryInclude())
	}
	if a.params.RepMode == ocf.RepSync {
		lines = append(lines, a.pg.SyncInclude())
	}
	return lines
}

// recoverySettings are the settings of a standby, in the order in which the
// shell agent writes them.
func (a *Agent) recoverySettings() []pg.Setting {
	p := a.params
	conninfo := fmt.Sprintf("host=%s port=%d user=%s application_name=%s", pg.ConninfoValue(p.MasterIP), p.PgPort,
		pg.ConninfoValue(p.RepUser), pg.ConninfoValue(strings.ToLower(a.node)))
	if p.PrimaryConninfoOpt != "" {
		conninfo += " " + p.PrimaryConninfoOpt
	}
	settings := []pg.Setting{
		{Name: "primary_conninfo", Value: conninfo},
		{Name: "restore_command", Value: p.RestoreCommand},
		{Name: "recovery_target_timeline", Value: "latest"},
	}
	if !a.pg.IncludesRecovery() {
		settings = append(settings, pg.Setting{Name: "standby_mode", Value: "on"})
	}
	if p.ArchiveCleanupCommand != "" {
		settings = append(settings, pg.Setting{Name: "archive_cleanup_command", Value: p.ArchiveCleanupCommand})
	}
	if p.RecoveryEndCommand != "" {
		settings = append(settings, pg.Setting{Name: "recovery_end_command", Value: p.RecoveryEndCommand})
	}
	if p.SlotName != "" {
		settings = append(settings, pg.Setting{Name: "primary_slot_name", Value: ocf.SlotName(p.SlotName, a.node)})
	}
	return settings
}

// retrySettings let a standby try the primary's address, which moves, and the
// archive every half second. With the server's default of 5 s it joins a new
// primary that much later, and a promotion that falls into such a pause waits
// for its end. What the server is configured with goes before.
func (a *Agent) retrySettings() []pg.Setting {
	const name = "wal_retrieve_retry_interval"
	if !a.pg.IncludesRecovery() || a.pg.Configured(name) {
		return nil
	}
	return []pg.Setting{{Name: name, Value: "500ms"}}
}

// launch starts the server and waits until it answers or has died.
func (a *Agent) launch(ctx context.Context) (*pg.Session, error) {
	if err := a.pg.Start(ctx); err != nil {
		return nil, a.withReason(ctx, "cannot start PostgreSQL", err)
	}
	// The new server takes a moment until its files tell of it; that it has
	// ended shows at once, because it is our child.
	left := run.Left()
	session, err := a.connectUnless(ctx, func() (bool, error) {
		left = slices.DeleteFunc(left, run.Ended)
		return len(left) == 0, nil
	})
	if errors.Is(err, errServerDied) {
		// A start that was killed can have launched a server that nobody saw
		// yet; PostgreSQL lets only one of the two live, and either will do.
		if p, perr := a.pg.Processes(); perr == nil && p.Postmaster != 0 {
			session, err = a.connectPatiently(ctx)
		}
	}
	if err != nil {
		return nil, a.withReason(ctx, "PostgreSQL was started and does not serve", err)
	}
	a.keepWatch()
	return session, nil
}

// withReason adds why the server has not come up. What it says before it has
// opened its log goes to logfile, which is /dev/null unless somebody has changed
// it: for that it is asked once more.
func (a *Agent) withReason(ctx context.Context, what string, err error) error {
	if wrong, cerr := a.pg.ConfErrors(ctx); cerr == nil && len(wrong) > 0 && wrong[0].Error != "" {
		at := wrong[0].File
		if wrong[0].Line > 0 {
			at += fmt.Sprintf(" line %d", wrong[0].Line)
		}
		said := words(wrong[0].Error)
		if _, after, ok := strings.Cut(said, "LOG: "); ok {
			said = strings.TrimSpace(after)
		}
		// Short: of a reason the cluster keeps 127 bytes, and this says it all.
		return fmt.Errorf("cannot start PostgreSQL: %s: %s", at, said)
	}
	// What the server did say in its log comes first.
	if line := a.pg.LogTail(); !strings.Contains(line, "FATAL:") && !strings.Contains(line, "PANIC:") {
		if _, cerr := a.pg.Control(); cerr != nil {
			return fmt.Errorf("%s: %w; %w", what, err, cerr)
		}
	}
	return a.withLog(what, err)
}

// withLog adds what the server itself said last.
func (a *Agent) withLog(what string, err error) error {
	if line := a.pg.LogTail(); line != "" {
		return fmt.Errorf("%s: %w; its log: %s", what, err, words(line))
	}
	return fmt.Errorf("%s: %w", what, err)
}

// words are what the server says in a line of its log, without the time and the
// pid that stand before: a reason is cut where the cluster has no room for more.
func words(line string) string {
	for _, severity := range []string{"FATAL: ", "PANIC: "} {
		if _, after, ok := strings.Cut(line, severity); ok {
			return severity + strings.TrimSpace(after)
		}
	}
	return line
}

// confirmStandby makes sure that what came up is the standby that was asked
// for, and that no other file overrides the agent's settings.
func (a *Agent) confirmStandby(ctx context.Context, session *pg.Session) (ocf.Code, error) {
	st, err := session.State(ctx)
	if err != nil {
		return ocf.ErrGeneric, fmt.Errorf("PostgreSQL runs and does not answer: %w", err)
	}
	if !st.InRecovery {
		return ocf.ErrGeneric, ocf.Errorf(ocf.ErrGeneric, "PostgreSQL runs as a primary that the cluster did not promote")
	}
	if st.SyncNames != "" {
		return ocf.ErrArgs, a.foreignSyncNames(ctx, session, st.SyncNames)
	}
	if err := a.checkOverrides(ctx, session); err != nil {
		return ocf.ErrArgs, err
	}
	// A standby that has not noticed the demotion can still hold its slot here;
	// then the slot goes at the next start.
	a.report(a.dropPeerSlots(ctx))
	own := a.own(ctx)
	if own.Status != replication.NoStatus && own.Status != replication.Stopped && own.Status != replication.Unknown {
		return ocf.Success, nil // its status is known, and may be the primary's to set
	}
	if err := a.apply(ctx, nil, statusChange(own, replication.HSAlone, "started as a standby")); err != nil {
		return ocf.ErrGeneric, err
	}
	return ocf.Success, nil
}

// checkOverrides finds settings in effect, most often those of pg_basebackup -R
// in postgresql.auto.conf, that another file sets over the agent's, or that
// keep the server from being a standby that can become primary.
func (a *Agent) checkOverrides(ctx context.Context, session *pg.Session) error {
	ours := a.recoverySettings()
	names := append([]string{"max_wal_senders", "max_replication_slots", "primary_slot_name"}, pg.RecoveryTargets...)
	for _, s := range ours {
		names = append(names, s.Name)
	}
	settings, err := session.Settings(ctx, names...)
	if err != nil {
		a.log.Warnf("cannot see which standby settings are in effect: %v", oneLine(err))
		return nil
	}
	if _, visible := settings["primary_conninfo"]; !visible && a.pg.IncludesRecovery() {
		a.log.Warnf("monitor_user=%s may not see the state of standbys: grant pg_monitor to it", a.params.MonitorUser)
	}
	for _, want := range ours {
		if got, ok := settings[want.Name]; ok && got.Value != want.Value {
			return a.overridden(got, "remove it there, the agent manages it")
		}
	}
	for _, name := range pg.RecoveryTargets {
		if got := settings[name]; got.Value != "" {
			return a.overridden(got, "remove it, a standby follows its primary for good")
		}
	}
	switch {
	case settings["max_wal_senders"].Value == "0":
		return a.overridden(settings["max_wal_senders"], "no standby can connect to this server when it is the primary")
	case settings["max_replication_slots"].Value == "0" && a.params.SlotName != "":
		return a.overridden(settings["max_replication_slots"], "replication_slot_name needs one slot for each other node")
	}
	if slot := settings["primary_slot_name"]; slot.Value != "" && a.params.SlotName == "" {
		a.log.Warnf("primary_slot_name=%q is set in %s: the agent does not look after that slot (see replication_slot_name)", slot.Value, whereSet(slot))
	}
	return nil
}

func (a *Agent) foreignSyncNames(ctx context.Context, session *pg.Session, names string) error {
	set := pg.ServerSetting{Name: "synchronous_standby_names", Value: names, Source: "another file than " + a.pg.SyncFile()}
	if found, err := session.Settings(ctx, set.Name); err == nil && found[set.Name].File != "" {
		set = found[set.Name]
	}
	return a.overridden(set, "remove it there, the agent manages it")
}

// overridden is the refusal of a setting: name, value, and the file that wins.
// It is about this node: after "not configured", which says that all are wrong,
// Pacemaker would stop a primary that serves on another one.
func (a *Agent) overridden(s pg.ServerSetting, remedy string) error {
	const longest = 40 // of the value: the file is what has to be found
	value := []rune(a.params.Redact(s.Value))
	if len(value) > longest {
		value = append(value[:longest-3], []rune("...")...)
	}
	return ocf.Errorf(ocf.ErrArgs, "%s=%q is set in %s: %s", s.Name, string(value), whereSet(s), remedy)
}

// whereSet is the file that a setting comes from, as far as the user may know.
func whereSet(s pg.ServerSetting) string {
	if s.File == "" {
		return s.Source
	}
	return fmt.Sprintf("%s line %d", s.File, s.Line)
}

// checkServer refuses, before anything is changed, what would keep a server
// from starting or from being asked.
func (a *Agent) checkServer(ctx context.Context) error {
	if v, err := a.pg.Version(); err == nil && v == oldestRelease {
		a.log.Warnf("PostgreSQL %s: nobody has run the agent with it yet, its names and files are from the manual", releaseName(v))
	}
	var errs []error
	for _, bad := range a.pg.CheckPaths(a.params.RepMode != ocf.RepNone) {
		errs = append(errs, &ocf.ParamError{Code: ocf.ErrPerm, Name: bad.Name, Value: bad.Value, Allowed: bad.Allowed})
	}
	if a.params.RepMode != ocf.RepNone {
		errs = append(errs, a.checkHotStandby(ctx))
		if other := a.pg.TmpDirTaken(); other != "" {
			errs = append(errs, &ocf.ParamError{Code: ocf.ErrArgs, Name: "tmpdir", Value: a.params.TmpDir,
				Allowed: "a directory of its own: the server of " + other + " uses this one"})
		}
	}
	code, reason := ocf.FirstReason(errors.Join(errs...))
	if code == ocf.Success {
		return nil
	}
	return ocf.Errorf(code, "%s", reason)
}

// checkHotStandby finds a standby that would answer nobody: until the end of
// its time, start could not tell it from one that is still starting up.
func (a *Agent) checkHotStandby(ctx context.Context) error {
	const name = "hot_standby"
	value, err := a.pg.WillUse(ctx, name)
	if err != nil {
		a.log.Debug(err) // pg_ctl will say what is wrong with the configuration
		return nil
	}
	if value != "off" {
		return nil
	}
	where := a.pg.SetIn(name)
	switch {
	case strings.Contains(a.params.StartOpt, name):
		where = "start_opt"
	case where == "":
		where = "a file that " + a.params.Config + " includes"
	}
	return ocf.Errorf(ocf.ErrArgs, "hot_standby=\"off\" is set in %s: it must be on", where)
}

func permission(err error) error {
	if errors.Is(err, pg.ErrPerm) {
		return ocf.Errorf(ocf.ErrPerm, "%w", err)
	}
	return err
}

// codeOr is the exit status that err carries, or other when it carries none.
func codeOr(err error, other ocf.Code) ocf.Code {
	if code := ocf.CodeOf(err); code != ocf.ErrGeneric {
		return code
	}
	return other
}
