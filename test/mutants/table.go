package main

// mutant is one fault and the test that has to notice it.
type mutant struct {
	fault    string // what the agent does wrong
	file     string
	old, new string // old stands in the file once
	pkg      string
	test     string
	layer    string
	says     string // what the failing test says of this fault
}

const (
	decisions = "./internal/replication"
	actions   = "./internal/agent"
	server    = "./internal/pg"
	cluster   = "./internal/crm"
	programs  = "./internal/run"

	unit       = "unit"
	realServer = "PostgreSQL server"
)

var mutants = []mutant{
	// What is decided.
	{
		fault: "commits go on without a standby before its rights are taken",
		file:  "internal/replication/control.go",
		old:   "changes = append(changes, SetSyncNames{Old: o.ServerNames, New: names, Why: namesReason(o, names, dropped)})",
		new:   "changes = append([]Change{SetSyncNames{Old: o.ServerNames, New: names}}, changes...)",
		pkg:   decisions, test: "TestControlIsSafeAfterEveryInterruption", layer: unit,
		says: "node02 may be promoted",
	},
	{
		fault: "a standby that was marked out of sight counts as fenced",
		file:  "internal/replication/types.go",
		old:   "return fencing && !n.Online && (n.Unclean || !n.Known)",
		new:   "return false",
		pkg:   decisions, test: "TestDemotedLock", layer: unit,
		says: "the_other_was_marked_and_is_not_fenced_yet",
	},
	{
		fault: "rights are given before the server reports the standby synchronous",
		file:  "internal/replication/control.go",
		old:   "v.good = o.Mode == Async && len(o.Nodes) <= 2",
		new:   "v.good = len(o.Nodes) <= 2",
		pkg:   decisions, test: "TestControlCases", layer: unit,
		says: "standby_joins:_waited_for_first,_trusted_later",
	},
	{
		fault: "rights are given to a standby that lacks what was acknowledged before",
		file:  "internal/replication/control.go",
		old:   "|| o.gains(n) && !s.Flushed {",
		new:   "{",
		pkg:   decisions, test: "TestControlRightsNeedWhatWasWrittenBefore", layer: unit,
		says: "rights from",
	},
	{
		fault: "the checkpointer is not waited for before rights are given",
		file:  "internal/agent/control.go",
		old:   "if !waits {",
		new:   "if !waits && false {",
		pkg:   actions, test: "TestNoRightsWhileCommitsDoNotWait", layer: realServer,
		says: "STREAMING|SYNC 100",
	},
	{
		fault: "a primary that was cut off since its verdict lets commits go on",
		file:  "internal/replication/promote.go",
		old:   "case primary && (!o.Quorate || mustHold(o, names) != \"\"):",
		new:   "case false:",
		pkg:   decisions, test: "TestUnusable", layer: unit,
		says: "without quorum",
	},
	{
		fault: "the score of a lost standby is not taken away",
		file:  "internal/replication/control.go",
		old:   "if v.node.Online && (v.node.HasScore && v.node.Score != MinusInfinity || sure) {",
		new:   "if false {",
		pkg:   decisions, test: "TestControlIsSafeAfterEveryInterruption", layer: unit,
		says: "score 100) and commits wait for []",
	},
	{
		fault: "commits go on without a standby and without quorum",
		file:  "internal/replication/control.go",
		old:   "if !o.Quorate {",
		new:   "if false {",
		pkg:   decisions, test: "TestControlReleasesCommitsLast", layer: unit,
		says: "without quorum",
	},
	{
		fault: "a node that comes back alone trusts its old record",
		file:  "internal/replication/elect.go",
		old:   "if o.Mode != Sync || o.Current || own.DataStatus == NoData || own.DataStatus == Latest {",
		new:   "if own.Name != \"\" {",
		pkg:   decisions, test: "TestElectWaitsForThePrimaryThatMayHaveGoneOn", layer: unit,
		says: "primary is away",
	},
	{
		fault: "the lock goes at demote although a node that may be promoted has not proved anything",
		file:  "internal/replication/promote.go",
		old:   "(n.DataStatus == NoData || n.DataStatus.Promotable(d.Mode) || n.unfenced(d.Fencing)) && !contains(d.Covered, n.Name)",
		new:   "false",
		pkg:   decisions, test: "TestDemotedLock", layer: unit,
		says: "a_synchronous_standby_is_active",
	},
	{
		fault: "commits go on without a standby that is not fenced yet",
		file:  "internal/replication/control.go",
		old:   "ok && n.unfenced(o.Fencing) {",
		new:   "ok && n.unfenced(false) {",
		pkg:   decisions, test: "TestControlReleasesCommitsLast", layer: unit,
		says: "while the standby is not fenced",
	},
	{
		fault: "a promotion does not mark the others DISCONNECT",
		file:  "internal/replication/promote.go",
		old:   "attributes = append(attributes, SetDataStatus{Node: n.Name, Old: n.DataStatus, New: Disconnect, Why: why})",
		new:   "_ = why",
		pkg:   decisions, test: "TestPromotionOrder", layer: unit,
		says: "promoted with the other node",
	},
	{
		fault: "a start believes the record alone that nobody was primary since",
		file:  "internal/agent/start.go",
		old:   "if a.isStandbyStill(ctx, h, c) {",
		new:   "if true {",
		pkg:   actions, test: "TestStoppedWithTheRest", layer: realServer,
		says: "start answered success",
	},
	{
		fault: "an old primary follows one that has no history of its own",
		file:  "internal/agent/start.go",
		old:   "if descends {",
		new:   "if _ = descends; true {",
		pkg:   actions, test: "TestSwitchedOverPrimaryComesBack", layer: realServer,
		says: "start answered success",
	},
	{
		fault: "PGSQL.lock is written after the promotion",
		file:  "internal/replication/promote.go",
		old:   "append(then, CreateLock{Why: why}, Promote{Why: \"Pacemaker asks for it\"})",
		new:   "append(then, Promote{Why: \"too early\"}, CreateLock{Why: why})",
		pkg:   decisions, test: "TestPromotionOrder", layer: unit,
		says: "lock false",
	},
	{
		fault: "data that may lack commits is promoted",
		file:  "internal/replication/promote.go",
		old:   "if own.DataStatus != NoData && !own.DataStatus.Promotable(o.Mode) {",
		new:   "if false {",
		pkg:   decisions, test: "TestRefusePromotion", layer: unit,
		says: `refused: "", want true`,
	},
	{
		fault: "the timeline is ignored",
		file:  "internal/replication/types.go",
		old:   "if a.Timeline != 0 && b.Timeline != 0 && a.Timeline != b.Timeline {",
		new:   "if false {",
		pkg:   decisions, test: "TestElectComparesTimelinesFirst", layer: unit,
		says: "older_timeline,_further",
	},
	{
		fault: "the first look of a vote decides",
		file:  "internal/replication/elect.go",
		old:   "if last+1 < o.CheckCount {",
		new:   "if false {",
		pkg:   decisions, test: "TestElectClaimsAfterStableVotes", layer: unit,
		says: "want 1000 after",
	},

	// What the surroundings say.
	{
		fault: "an instance that is being promoted counts as a standby",
		file:  "internal/crm/state.go",
		old:   "// Shown while the action runs. Either way the instance may be a primary.\n\t\treturn Promoted",
		new:   "return Unpromoted",
		pkg:   cluster, test: "TestParseMon", layer: unit,
		says: "pgsql on node02: Unpromoted",
	},
	{
		fault: "a program may overrun the deadline",
		file:  "internal/run/run.go",
		old:   "exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)",
		new:   "exec.CommandContext(context.WithoutCancel(ctx), c.Argv[0], c.Argv[1:]...)",
		pkg:   programs, test: "TestRunKillsTheWholeGroupAtTheDeadline", layer: unit,
		says: "does not carry the cause of the deadline",
	},

	// What is done.
	{
		fault: "PGSQL.lock is not written",
		file:  "internal/agent/apply.go",
		old:   "return a.pg.CreateLock(a.node)",
		new:   "return nil",
		pkg:   actions, test: "TestFirstStart", layer: realServer,
		says: "no PGSQL.lock on a primary",
	},
	{
		fault: "a write that failed does not end the decision",
		file:  "internal/agent/apply.go",
		old:   "if err := a.applyOne(ctx, session, c); err != nil {\n\t\t\treturn err",
		new:   "if err := a.applyOne(ctx, session, c); err != nil {\n\t\t\tcontinue",
		pkg:   actions, test: "TestLostStandby", layer: realServer,
		says: "crm_attribute fails: commits wait for",
	},
	{
		fault: "commits go on before the cluster's record shows the verdict",
		file:  "internal/agent/apply.go",
		old:   "return a.confirmUnusable(ctx, c.Nodes)",
		new:   "return nil",
		pkg:   actions, test: "TestReleaseWaitsForTheRecord", layer: realServer,
		says: "commits go on without node02",
	},
	{
		fault: "the deadline is ignored",
		file:  "internal/agent/main.go",
		old:   "return context.WithTimeoutCause(context.Background(), timeout-margin,",
		new:   "return context.WithTimeoutCause(context.Background(), timeout+margin,",
		pkg:   actions, test: "TestVerdictDoesNotNeedTheCluster", layer: realServer,
		says: "hangs and the time for it",
	},
	{
		fault: "stop answers 0 while the server may still run",
		file:  "internal/agent/server.go",
		old:   "err = a.pg.WaitGone(wait)",
		new:   "_, err = wait, nil",
		pkg:   actions, test: "TestHungServer", layer: realServer,
		says: "answered success and left",
	},
	{
		fault: "a promotion is taken back although the server may have left recovery",
		file:  "internal/agent/promote.go",
		old:   "if !inRecovery || !stopped && a.promoteAsked {",
		new:   "if false && inRecovery && stopped {",
		pkg:   actions, test: "TestServerDiesWhilePromoted", layer: realServer,
		says: "lock: false",
	},
	{
		fault: "any process named in postmaster.pid counts as the server",
		file:  "internal/pg/process.go",
		old:   "\t\tif ours {\n\t\t\tp.Postmaster = pid",
		new:   "\t\tif ours || true {\n\t\t\tp.Postmaster = pid",
		pkg:   server, test: "TestServerPIDReuse", layer: realServer,
		says: "{Postmaster:",
	},
	{
		fault: "a new file is not on the disk when it takes its place",
		file:  "internal/pg/files.go",
		old:   "err = f.Sync()",
		new:   "err = nil",
		pkg:   server, test: "TestFilesSurvivePowerLoss", layer: realServer,
		says: "rename lock, fsync folder, unlink lock, fsync folder, want",
	},
	{
		fault: "files are written in place",
		file:  "internal/pg/files.go",
		old:   "err = os.Rename(f.Name(), path)",
		new:   "err = os.WriteFile(path, []byte(text), 0o600)",
		pkg:   server, test: "TestFilesOwnerAndLinks", layer: realServer,
		says: "not usable by the user of the server",
	},
	{
		fault: "the watcher tells nobody of a death",
		file:  "internal/agent/watch.go",
		old:   "	return a.crm.Fail(ctx, d.Resource, d.Node)",
		new:   "	return nil",
		pkg:   actions, test: "TestWatcherTellsOfADeath", layer: realServer,
		says: "told 0 times",
	},
	{
		fault: "the watcher tells of a server that was shut down in order",
		file:  "internal/agent/watch.go",
		old:   "if d.State == pg.DBShutDown || d.State == pg.DBShutDownInRecovery {",
		new:   "if d.State == pg.DBShutDownInRecovery {",
		pkg:   actions, test: "TestDeathIsExpected", layer: unit,
		says: "the cluster is told",
	},
	{
		fault: "a postmaster that sleeps beside a waiting connection is waited for",
		file:  "internal/agent/hung.go",
		old:   "case s.deaf >= deafTime:",
		new:   "case s.deaf >= 10*deafTime:",
		pkg:   actions, test: "TestHung", layer: unit,
		says: "deaf:10000000000}: false",
	},
	{
		fault: "a receiver that was connecting when the address moved is waited for",
		file:  "internal/agent/notify.go",
		old:   "		a.reconnect(0)\n",
		new:   "",
		pkg:   actions, test: "TestReceiverThatConnectsForEver", layer: realServer,
		says: "waited 20 s for 2 connections",
	},
	{
		fault: "commits go on although the standby's own copy of the record lets it be promoted",
		file:  "internal/agent/apply.go",
		old:   "return a.known(ctx, replication.Informed(o, names)), nil",
		new:   "return true, nil",
		pkg:   actions, test: "TestLostStandby", layer: realServer,
		says: "its own copy of the record is behind",
	},
	{
		fault: "a promotion believes its own marks that nobody is primary",
		file:  "internal/replication/elect.go",
		old:   "if n.Known && !n.Online && !strings.EqualFold(n.Name, o.Own) {",
		new:   "if false && n.Known {",
		pkg:   decisions, test: "TestMayGoOn", layer: unit,
		says: "own LATEST, other",
	},
	{
		fault: "the number of a timeline is its history",
		file:  "internal/pg/covered.go",
		old:   "	case wal.AncestorOf:\n		return end <= at\n",
		new:   "	case wal.AncestorOf, wal.Diverged:\n		return position >= end || end <= at\n",
		pkg:   server, test: "TestDescends", layer: unit,
		says: "the first promotion went another way",
	},
}
