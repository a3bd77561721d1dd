package operation

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"pgrex/internal/archive"
	"pgrex/internal/console"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/pg/wal"
	"pgrex/internal/rebuild"
	"pgrex/internal/rejoin"
)

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
	var err error
	j.rewindBytes, err = j.server.ProveRewind(ctx, j.source())
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
