package wal

// Unended is the end of a timeline that nothing has followed yet.
const Unended = ^LSN(0)

// Span is the part of a history that one timeline covers: from the end of the
// one before it to End.
type Span struct {
	Timeline Timeline
	End      LSN
	// Mark is the check sum of the first record on the timeline, 0 if unknown.
	// That record holds the time of the promotion. It tells two promotions
	// apart that have taken the same number at the same place.
	Mark uint32
}

// Ancestry is how data came to be: the timelines from the first one to that of
// the server, whose span is [Unended]. Their numbers grow, and need not be
// consecutive.
type Ancestry []Span

// Ancestry is the one of a server on timeline own, whose history h is.
func (h History) Ancestry(own Timeline) Ancestry {
	var a Ancestry
	for _, e := range h {
		a = append(a, Span{Timeline: e.Timeline, End: e.SwitchPoint})
	}
	return append(a, Span{Timeline: own, End: Unended})
}

// Timeline is the last one, 0 of an empty ancestry.
func (a Ancestry) Timeline() Timeline {
	if len(a) == 0 {
		return 0
	}
	return a[len(a)-1].Timeline
}

// Begin is where the span of that index begins.
func (a Ancestry) Begin(n int) LSN {
	if n == 0 {
		return 0
	}
	return a[n-1].End
}

// At is the index of the span that the byte at a position belongs to.
func (a Ancestry) At(at LSN) int {
	for n, s := range a {
		if at < s.End {
			return n
		}
	}
	return len(a) - 1
}

// Contains says whether a timeline is one of the ancestry.
func (a Ancestry) Contains(t Timeline) bool {
	for _, s := range a {
		if s.Timeline == t {
			return true
		}
	}
	return false
}

// Relation is how two ancestries relate.
type Relation int

// The relations of one ancestry to another.
const (
	Diverged     Relation = iota // each has what the other has not
	Same                         // both are on one timeline, with one history
	AncestorOf                   // the other has left the last timeline of the one
	DescendantOf                 // the other way round
)

// String is a word for logs.
func (r Relation) String() string {
	return [...]string{"diverged", "same", "ancestor", "descendant"}[r]
}

// Fork is the last position that two ancestries share, the timeline that they
// share it on, and how own relates to other. Of the same ancestry that is
// [Unended]. Numbers alone prove nothing: both servers may have been promoted,
// each beginning a timeline with the next number. So timelines of one number
// that begin or end at different places, or with different records, have
// diverged. Without a common timeline the fork is position 0 of timeline 0.
//
// What a server has written on its last timeline is not part of an ancestry:
// an ancestor may still have WAL behind the fork.
func Fork(own, other Ancestry) (LSN, Timeline, Relation) {
	var at LSN
	var on Timeline
	for n := range min(len(own), len(other)) {
		a, b := own[n], other[n]
		if a.Timeline != b.Timeline || a.Mark != 0 && b.Mark != 0 && a.Mark != b.Mark {
			return at, on, Diverged
		}
		at, on = min(a.End, b.End), a.Timeline
		switch {
		case a.End == b.End && a.End == Unended:
			return at, on, Same
		case a.End == Unended:
			return at, on, AncestorOf
		case b.End == Unended:
			return at, on, DescendantOf
		case a.End != b.End:
			return at, on, Diverged
		}
	}
	return at, on, Diverged
}
