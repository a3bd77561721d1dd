package rejoin

import (
	"fmt"
	"slices"

	"pgrex/internal/message"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
)

// Method is a way to make a standby of what is on the node.
type Method byte

// The methods, by the letters that operators know them by.
const (
	AsIs       Method = 'n'
	Rewind     Method = 'r'
	BaseBackup Method = 'b'
)

// Verdict is what is said of a method.
type Verdict int

// The verdicts.
const (
	Possible   Verdict = iota
	Impossible         // for the reasons given
	NotNeeded          // a rewind of what can be used as it is
)

// Choice is a method with what is to be said of it.
type Choice struct {
	Method  Method
	Verdict Verdict
	// Reasons are all that stands in the way, as numbered messages. The
	// argument "reason" of SST-049 is a message of its own ([Text]).
	Reasons []*message.Failure
	// Replay is how many bytes of WAL will have to be replayed, as far as is
	// known.
	Replay int64
}

// Options are what the operator wants to differ.
type Options struct {
	// Peer is the name of the primary's node, for messages.
	Peer string
	// Shared: both nodes see one archive directory.
	Shared bool
	// AllMethods: a rewind is offered even if the data can be used as it is.
	AllMethods bool
	// NoArchiveCopy: the archive of the primary will not be copied here.
	NoArchiveCopy bool
	// CommonCheckpoint is the last checkpoint of the data here before the fork
	// ([CommonCheckpoint]). Nil if nobody has looked; zero if there is none left.
	CommonCheckpoint *wal.LSN
	// Backup are reasons why a base backup cannot be taken that are found
	// elsewhere: places, space, connection. They go into SST-049.
	Backup []*message.Failure
}

// Decision is what can be done with the data of a node. Its choices are as is,
// rewind, base backup, which is the order of preference.
type Decision struct {
	Choices [3]Choice
	// Fork is the last position that data here and primary share, ForkTimeline
	// the timeline of it, and Relation how the data here relates to the
	// primary's. Without a known history Relation is Diverged and Fork zero.
	Fork         wal.LSN
	ForkTimeline wal.Timeline
	Relation     wal.Relation
	// ProveRewind: before a rewind is offered it has to be tried without
	// changing anything.
	ProveRewind bool
	// CheckpointFirst: the primary has to make a checkpoint before a rewind,
	// which goes by its control file.
	CheckpointFirst bool
	// Stale are segments in the archive here of timelines that the primary has
	// left before them, and what is there of timelines after the primary's.
	// Recovery could take them for the primary's.
	Stale []string
}

// Choice is what is said of a method.
func (d Decision) Choice(m Method) Choice {
	return d.Choices[slices.IndexFunc(d.Choices[:], func(c Choice) bool { return c.Method == m })]
}

// Decide says what can be done with the data of l to follow p.
func Decide(l Local, p Primary, opt Options) Decision {
	j := judge{l: l, p: p, opt: opt}
	if l.Control != nil && l.Control.SystemID == p.SystemID && len(l.Ancestry) > 0 && len(p.Ancestry) > 0 {
		j.d.Fork, j.d.ForkTimeline, j.d.Relation = wal.Fork(l.Ancestry, p.Ancestry)
		j.related = true
	}
	j.d.CheckpointFirst = p.Checkpointed != p.Timeline
	j.d.Stale = j.stale()
	n := j.asIs()
	r := j.rewind(n)
	j.d.Choices = [3]Choice{n, r, j.baseBackup()}
	return j.d
}

// judge collects what is needed for each method. The order of its checks is
// that of the conditions V1 to V16 of the specification.
type judge struct {
	l       Local
	p       Primary
	opt     Options
	d       Decision
	related bool // the ancestries have been compared
}

// reasons is a list of messages, each once.
type reasons []*message.Failure

func (r *reasons) add(id message.ID, args ...any) {
	f := message.Fail(id, args...)
	for _, have := range *r {
		if have.ID == id && fmt.Sprint(have.Args...) == fmt.Sprint(args...) {
			return
		}
	}
	*r = append(*r, f)
}

func (j *judge) asIs() Choice {
	var no reasons
	j.usable(&no)
	if j.comparable() {
		j.history(&no)
	}
	j.whole(&no)
	j.archiveAhead(&no, j.later)
	if j.comparable() {
		j.ahead(&no)
	}
	j.primaryArchiveAhead(&no)
	if j.comparable() && j.related && j.d.Relation != wal.Diverged {
		j.gap(&no)
	}
	c := choice(AsIs, no)
	if j.comparable() && j.p.Flush > j.l.Control.Redo {
		c.Replay = int64(j.p.Flush - j.l.Control.Redo)
	}
	return c
}

func choice(m Method, no reasons) Choice {
	c := Choice{Method: m, Reasons: no}
	if len(no) > 0 {
		c.Verdict = Impossible
	}
	return c
}

// comparable says whether the data belongs to the primary's database cluster.
func (j *judge) comparable() bool {
	return j.l.Control != nil && j.l.Control.SystemID == j.p.SystemID
}

// usable is V1 to V3.
func (j *judge) usable(no *reasons) {
	l := j.l
	if !l.Exists {
		no.add(message.SST030)
		return
	}
	switch {
	case l.Version == 0:
		no.add(message.SST031)
	case l.Installed != 0 && l.Version != l.Installed:
		no.add(message.SST032, "a", release(l.Version), "b", release(l.Installed))
	case l.Version != j.p.Release():
		no.add(message.SST032, "a", release(l.Version), "b", release(j.p.Release()))
	}
	if l.Control != nil && !j.comparable() {
		no.add(message.SST033, "a", l.Control.SystemID, "b", j.p.SystemID)
	}
}

// release is the text of a release as of [pg.Instance.Version].
func release(v int) string {
	if v >= 900 {
		return fmt.Sprintf("%d.%d", v/100, v%100)
	}
	return fmt.Sprint(v)
}

// history is V4 to V6.
func (j *judge) history(no *reasons) {
	own := j.l.timeline()
	switch {
	case own > j.p.Timeline:
		no.add(message.SST034, "a", own, "b", j.p.Timeline)
	case len(j.p.Ancestry) == 0:
		no.add(message.SST023, "peer", j.opt.Peer, "tli", j.p.Timeline)
	case len(j.l.Ancestry) == 0:
		no.add(message.SST048, "what", j.l.WALDamage)
	case !j.p.Ancestry.Contains(own):
		no.add(message.SST035, "a", own, "file", j.p.Timeline.File())
	case j.d.Relation == wal.Diverged:
		no.add(message.SST036, "tli", j.d.ForkTimeline)
	}
}

// whole is V7: nothing was left half done.
func (j *judge) whole(no *reasons) {
	l := j.l
	if l.Rewound {
		no.add(message.SST037)
	}
	if l.Unfinished != "" {
		no.add(message.SST048, "what", l.Unfinished)
	}
	if l.Exists && l.Control == nil {
		no.add(message.SST048, "what", l.Damage)
	}
	if l.Control != nil {
		if _, known := l.position(); !known {
			no.add(message.SST048, "what", l.WALDamage)
		}
	}
}

// later says whether an archived file is a segment that the primary has not
// come to the end of yet.
func (j *judge) later(name string) bool {
	return j.p.outgrown(name) || j.laterOfPrimary(name)
}

// laterOfPrimary is [judge.later] on the primary's own timeline.
func (j *judge) laterOfPrimary(name string) bool {
	f, _ := wal.ParseName(name)
	s, ok := f.Segment(j.p.SegmentSize)
	return f.Kind == wal.SegmentKind && ok && f.Timeline == j.p.Timeline && s >= wal.SegmentOf(j.p.Flush, j.p.SegmentSize)
}

// archiveAhead is V8. One archive for both nodes is looked at with the
// primary's eyes only: it grows. Where the data here is replaced, what this node
// has archived on a timeline of its own is no obstacle as V8 has it: it is put
// aside with the rest of that timeline ([Decision.Stale]). A primary that nobody
// followed would else never come back. See docs/decisions/0049-archived-alone.md.
func (j *judge) archiveAhead(no *reasons, ahead func(string) bool) {
	if n := slices.IndexFunc(j.l.Archive, ahead); n >= 0 && !j.opt.Shared {
		no.add(message.SST038, "name", j.l.Archive[n])
	}
}

// primaryArchiveAhead is V11.
func (j *judge) primaryArchiveAhead(no *reasons) {
	if n := slices.IndexFunc(j.p.Archive, j.later); n >= 0 {
		no.add(message.SST041, "name", j.p.Archive[n])
	}
}

// stale are segments of the archive here that lie behind the end of their
// timeline in the primary's history, and files of timelines after its: recovery
// follows the history file with the greatest number that it finds, and ends with
// "requested timeline is not a child of this server's history".
func (j *judge) stale() []string {
	if j.opt.Shared {
		return nil
	}
	var list []string
	for _, name := range j.l.Archive {
		f, known := wal.ParseName(name)
		if known && f.Timeline > j.p.Timeline {
			list = append(list, name)
			continue
		}
		s, ok := f.Segment(j.p.SegmentSize)
		if !ok || f.Kind != wal.SegmentKind {
			continue
		}
		for _, span := range j.p.Ancestry {
			// A whole segment goes on where the timeline was left in its middle.
			if span.Timeline == f.Timeline && (s+1).Start(j.p.SegmentSize) > span.End {
				list = append(list, name)
			}
		}
	}
	return list
}

// ahead is V9 and V10: the data here has nothing that the primary has not.
func (j *judge) ahead(no *reasons) {
	end, known := j.l.position()
	if !j.related || !known {
		return
	}
	switch {
	case j.d.Relation == wal.Same && end > j.p.Flush:
		no.add(message.SST039, "a", end, "b", j.p.Flush)
	case j.d.Relation == wal.AncestorOf && end > j.d.Fork:
		no.add(message.SST040, "lsn", end)
	}
}

// gap finds the first segment that recovery needs and nobody has.
func (j *judge) gap(no *reasons) {
	size := j.p.SegmentSize
	have := map[string]bool{}
	lists := [][]string{j.l.WAL, j.l.Archive, j.p.WAL}
	if j.opt.Shared || !j.opt.NoArchiveCopy {
		lists = append(lists, j.p.Archive)
	}
	for _, list := range lists {
		for _, name := range list {
			if f, _ := wal.ParseName(name); f.Kind == wal.SegmentKind {
				have[f.Base[:24]] = true
			}
		}
	}
	if j.p.Flush == 0 {
		return
	}
	last := wal.SegmentOf(j.p.Flush-1, size)
	for s := wal.SegmentOf(j.l.Control.Redo, size); s <= last; s++ {
		// The newest timeline that has the segment has all of it.
		n := len(j.p.Ancestry) - 1
		for n > 0 && wal.SegmentOf(j.p.Ancestry.Begin(n), size) > s {
			n--
		}
		if name := s.File(j.p.Ancestry[n].Timeline, size); !have[name] {
			no.add(message.SST047, "name", name)
			return
		}
	}
}

// rewind decides on pg_rewind. It compares the numbers of timelines alone and
// takes equal ones for the same: where they are, it is no way out. A newer
// timeline here, or one that the primary knows nothing of, is no obstacle.
func (j *judge) rewind(asIs Choice) Choice {
	if asIs.Verdict == Possible && (!j.opt.AllMethods || j.l.timeline() == j.p.Timeline) {
		return Choice{Method: Rewind, Verdict: NotNeeded}
	}
	var no reasons
	j.usable(&no)
	if j.comparable() {
		switch {
		case j.l.timeline() == j.p.Timeline:
			j.history(&no)
			j.ahead(&no)
			if j.related && j.d.Relation == wal.Same {
				j.gap(&no)
			}
		case !j.related:
			j.history(&no)
		case j.d.Relation == wal.DescendantOf && j.p.Flush < j.d.Fork:
			// It would leave blocks from between the two as they are.
			no.add(message.SST039, "a", j.d.Fork, "b", j.p.Flush)
		}
	}
	j.whole(&no)
	j.archiveAhead(&no, j.laterOfPrimary)
	j.primaryArchiveAhead(&no)
	if !j.p.FullPageWrites {
		no.add(message.SST042)
	}
	c := j.l.Control
	if j.comparable() {
		if !c.DataChecksums && !c.WALLogHints {
			no.add(message.SST043)
		}
		if !j.l.WALKnown {
			no.add(message.SST048, "what", j.l.WALDamage)
		}
		if j.related && j.d.Fork == 0 || j.opt.CommonCheckpoint != nil && *j.opt.CommonCheckpoint == 0 {
			no.add(message.SST044)
		}
		clean := c.State == pg.DBShutDown || c.State == pg.DBShutDownInRecovery
		if !clean && (j.p.Release() < 13 || j.p.Release() > 900) {
			no.add(message.SST045, "state", c.State)
		}
		j.d.ProveRewind = clean && len(no) == 0
	}
	choice := choice(Rewind, no)
	if j.related {
		from := min(j.d.Fork, j.p.Flush)
		if j.opt.CommonCheckpoint != nil {
			from = min(from, *j.opt.CommonCheckpoint)
		}
		choice.Replay = int64(j.p.Flush - from)
	}
	return choice
}

// baseBackup decides on a base backup: the data here does not count.
func (j *judge) baseBackup() Choice {
	var no reasons
	j.archiveAhead(&no, j.laterOfPrimary)
	j.primaryArchiveAhead(&no)
	foreign := !j.comparable()
	if j.l.Control == nil && j.l.ArchiveSystem == j.p.SystemID {
		foreign = false // what is left of an attempt before this one
	}
	if foreign && slices.ContainsFunc(j.l.Archive, hasWAL) && !j.opt.Shared {
		no.add(message.SST046, "dir", j.l.ArchiveDir)
	}
	for _, f := range j.opt.Backup {
		no.add(message.SST049, "reason", f)
	}
	return choice(BaseBackup, no)
}

// hasWAL says whether an archived file holds WAL; others say nothing of whose it is.
func hasWAL(name string) bool {
	f, _ := wal.ParseName(name)
	return f.HasWAL()
}

// Text words a reason, and a reason in it, in the printer's language.
func Text(p message.Printer, f *message.Failure) string {
	args := slices.Clone(f.Args)
	for n := range args {
		if inner, ok := args[n].(*message.Failure); ok {
			args[n] = Text(p, inner)
		}
	}
	return p.Text(f.ID, args...)
}
