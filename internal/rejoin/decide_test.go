package rejoin

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgrex/internal/message"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
)

const mib = 1 << 20

// files are the names of segments of 1 MiB.
func files(t wal.Timeline, from, to wal.Segment) []string {
	var list []string
	for s := from; s <= to; s++ {
		list = append(list, s.File(t, mib))
	}
	return list
}

// pair is a standby that was stopped in order, at 40.5 MiB of timeline 1, and a
// primary that has gone on to 50.5 MiB.
func pair() (Local, Primary) {
	l := Local{
		Data: "/data", ArchiveDir: "/archive", Exists: true, Version: 15, Installed: 15,
		Control: &pg.Control{
			SystemID: 7, State: pg.DBShutDownInRecovery, Checkpoint: 38*mib + 100, Redo: 38*mib + 50, Timeline: 1,
			MinRecovery: 40*mib + mib/2, MinRecoveryTimeline: 1, DataChecksums: true, SegmentSize: mib,
		},
		Ancestry: wal.Ancestry{{Timeline: 1, End: wal.Unended}},
		End:      pg.WALEnd{End: 40*mib + mib/2, Last: 40*mib + mib/2 - 64, Timeline: 1}, WALKnown: true,
		WAL: files(1, 30, 40), Archive: files(1, 10, 39),
	}
	p := Primary{
		Source:   pg.Source{VersionNum: 150004, Timeline: 1, Flush: 50*mib + mib/2, FullPageWrites: true},
		SystemID: 7, SegmentSize: mib, Checkpointed: 1, Ancestry: wal.Ancestry{{Timeline: 1, End: wal.Unended}},
		WAL: files(1, 35, 55), Archive: files(1, 10, 49),
	}
	return l, p
}

// promoted makes the primary one that has left timeline 1 for 2.
func promoted(p *Primary, at wal.LSN) {
	p.Timeline, p.Checkpointed = 2, 2
	p.Ancestry = wal.Ancestry{{Timeline: 1, End: at}, {Timeline: 2, End: wal.Unended}}
	s := wal.SegmentOf(at, mib)
	p.WAL = append(files(1, 35, s), files(2, s, 55)...)
	p.Archive = append(append(files(1, 10, s-1), s.File(1, mib)+".partial"), files(2, s, 49)...)
}

// crashed makes the node a former primary that crashed.
func crashed(l *Local) {
	l.Control.State, l.Control.MinRecovery, l.Control.MinRecoveryTimeline = pg.DBInProduction, 0, 0
}

// said is what a decision comes to, method by method.
func said(d Decision) string {
	var b strings.Builder
	for _, c := range d.Choices {
		fmt.Fprintf(&b, "%c", c.Method)
		switch c.Verdict {
		case Possible:
			b.WriteString("+")
		case NotNeeded:
			b.WriteString("-")
		}
		for _, r := range c.Reasons {
			b.WriteString(" " + strings.TrimPrefix(string(r.ID), "SST-0"))
		}
		b.WriteString("; ")
	}
	return strings.TrimSuffix(b.String(), "; ")
}

// Conformance: AT-049, AT-050, AT-051, AT-052, AT-053, AT-054, AT-055, AT-056, AT-057, AT-058, AT-059, AT-060, AT-061, AT-062, AT-063, AT-068, AT-069, AT-074 (unit)
func TestDecide(t *testing.T) {
	zero := wal.LSN(0)
	for _, tt := range []struct {
		name string
		set  func(l *Local, p *Primary, o *Options)
		want string
	}{
		{"a stopped standby", func(*Local, *Primary, *Options) {}, "n+; r-; b+"},
		{"all methods, one timeline", func(_ *Local, _ *Primary, o *Options) { o.AllMethods = true }, "n+; r-; b+"},
		{"promoted behind it", func(_ *Local, p *Primary, _ *Options) { promoted(p, 40*mib+mib/2) }, "n+; r-; b+"},
		{"all methods, promoted behind it", func(_ *Local, p *Primary, o *Options) { promoted(p, 45*mib+9); o.AllMethods = true }, "n+; r+; b+"},
		{"crashed primary, promoted behind it", func(l *Local, p *Primary, _ *Options) { crashed(l); promoted(p, 41*mib) }, "n+; r-; b+"},
		{"crashed primary with more", func(l *Local, p *Primary, _ *Options) { crashed(l); promoted(p, 40*mib) }, "n 40; r+; b+"},
		{"clean stop with more", func(l *Local, p *Primary, _ *Options) {
			crashed(l)
			l.Control.State, l.Control.Checkpoint, l.Control.Redo = pg.DBShutDown, l.End.Last, l.End.Last
			promoted(p, 40*mib)
		}, "n 40; r+; b+"},
		{"a byte more", func(l *Local, p *Primary, _ *Options) { promoted(p, l.End.End-8) }, "n 40; r+; b+"},
		{"replayed more than its WAL tells", func(l *Local, p *Primary, _ *Options) { promoted(p, 42*mib); l.Control.MinRecovery = 43 * mib }, "n 40; r+; b+"},
		{"V1 nothing here", func(l *Local, _ *Primary, _ *Options) { *l = Local{} }, "n 30; r 30; b+"},
		{"V1 nothing here and an archive", func(l *Local, _ *Primary, _ *Options) { *l = Local{Archive: files(1, 1, 2), ArchiveSystem: 8} }, "n 30; r 30; b 46"},
		{"V1 nothing here and no WAL", func(l *Local, _ *Primary, _ *Options) { *l = Local{Archive: []string{"00000002.history"}} }, "n 30; r 30; b+"},
		{"V1 nothing here any more", func(l *Local, _ *Primary, _ *Options) { *l = Local{Archive: files(1, 1, 2), ArchiveSystem: 7} }, "n 30; r 30; b+"},
		{"V2 version unknown", func(l *Local, _ *Primary, _ *Options) { l.Version = 0 }, "n 31; r 31; b+"},
		{"V2 another program", func(l *Local, _ *Primary, _ *Options) { l.Installed = 16 }, "n 32; r 32; b+"},
		{"V2 another primary", func(_ *Local, p *Primary, _ *Options) { p.VersionNum = 160001 }, "n 32; r 32; b+"},
		{"V3 another system", func(l *Local, _ *Primary, _ *Options) { l.Control.SystemID = 8; l.Archive = nil }, "n 33; r 33; b+"},
		{"V3, V16 another system with an archive", func(l *Local, _ *Primary, _ *Options) { l.Control.SystemID = 8; l.ArchiveSystem = 7 }, "n 33; r 33; b 46"},
		{"V16 shared archive", func(l *Local, _ *Primary, o *Options) { l.Control.SystemID = 8; o.Shared = true }, "n 33; r 33; b+"},
		{"V4 newer timeline here", func(l *Local, _ *Primary, _ *Options) {
			l.Ancestry = wal.Ancestry{{Timeline: 1, End: 39 * mib}, {Timeline: 2, End: wal.Unended}}
		}, "n 34; r+; b+"},
		{"V4 newer timeline here, from where the primary has not come to", func(l *Local, p *Primary, _ *Options) {
			l.Ancestry = wal.Ancestry{{Timeline: 1, End: 39 * mib}, {Timeline: 2, End: wal.Unended}}
			p.Flush, p.Archive = 38*mib+60, nil
			l.Archive = nil
		}, "n 34; r 39; b+"},
		{"V5 a timeline of its own", func(l *Local, p *Primary, _ *Options) {
			l.Ancestry = wal.Ancestry{{Timeline: 1, End: 39 * mib}, {Timeline: 2, End: wal.Unended}}
			promoted(p, 39*mib)
			p.Timeline = 3
			p.Ancestry[1].Timeline = 3
		}, "n 35; r+; b+"},
		{"V6 two of one number", func(l *Local, p *Primary, _ *Options) {
			l.Ancestry = wal.Ancestry{{Timeline: 1, End: 39 * mib}, {Timeline: 2, End: wal.Unended}}
			promoted(p, 38*mib)
			l.Archive = nil
		}, "n 36; r 36; b+"},
		{"V6 two of one number at one place", func(l *Local, p *Primary, _ *Options) {
			promoted(p, 39*mib)
			l.Ancestry = slices.Clone(p.Ancestry)
			l.Ancestry[1].Mark, p.Ancestry[1].Mark = 1, 2
		}, "n 36; r 36; b+"},
		{"V6 diverged long ago", func(l *Local, p *Primary, _ *Options) {
			l.Ancestry = wal.Ancestry{{Timeline: 1, End: 20 * mib}, {Timeline: 2, End: wal.Unended}}
			p.Ancestry = wal.Ancestry{{Timeline: 1, End: 21 * mib}, {Timeline: 2, End: 45 * mib}, {Timeline: 3, End: wal.Unended}}
			p.Timeline = 3
		}, "n 36; r+; b+"},
		{"a number left out", func(l *Local, p *Primary, _ *Options) {
			l.Ancestry = wal.Ancestry{{Timeline: 1, End: 20 * mib}, {Timeline: 2, End: wal.Unended}}
			p.Ancestry = wal.Ancestry{{Timeline: 1, End: 20 * mib}, {Timeline: 2, End: 45 * mib}, {Timeline: 4, End: wal.Unended}}
			p.Timeline = 4
			p.WAL = append(files(2, 30, 44), files(4, 45, 51)...)
		}, "n+; r-; b+"},
		{"history of the primary missing", func(_ *Local, p *Primary, _ *Options) { promoted(p, 41*mib); p.Ancestry = nil }, "n 23; r 23; b+"},
		{"own history missing", func(l *Local, p *Primary, _ *Options) {
			l.Ancestry, l.WALKnown, l.WALDamage = nil, false, "no history"
		}, "n 48; r 48; b+"},
		{"V7 rewind", func(l *Local, _ *Primary, _ *Options) { l.Unfinished, l.Rewound = "pg_rewind", true }, "n 37 48; r 37 48; b+"},
		{"base backup broken off", func(l *Local, _ *Primary, _ *Options) {
			*l = Local{Exists: true, Version: 15, Installed: 15, Damage: "no file", Unfinished: "pg_basebackup", Archive: files(1, 1, 2), ArchiveSystem: 7}
		}, "n 48 48; r 48 48; b+"},
		{"no control file", func(l *Local, _ *Primary, _ *Options) { l.Control, l.Damage, l.Archive = nil, "no file", nil }, "n 48; r 48; b+"},
		{"V8 archive here ahead", func(l *Local, _ *Primary, _ *Options) { l.Archive = files(1, 49, 50) }, "n 38; r 38; b 38"},
		{"V8 compressed", func(l *Local, _ *Primary, _ *Options) { l.Archive = []string{files(1, 60, 60)[0] + ".zst"} }, "n 38; r 38; b 38"},
		{"V8 of another timeline", func(l *Local, _ *Primary, _ *Options) { l.Archive = files(2, 3, 3) }, "n 38; r+; b+"},
		{"V8 part of a segment", func(l *Local, _ *Primary, _ *Options) { l.Archive = []string{files(1, 60, 60)[0] + ".partial"} }, "n+; r-; b+"},
		{"V8 shared", func(l *Local, _ *Primary, o *Options) { l.Archive, o.Shared = files(1, 50, 50), true }, "n+; r-; b+"},
		{"V9 ahead", func(l *Local, p *Primary, _ *Options) {
			p.Flush, p.Archive, l.Archive = 40*mib+mib/2-8, nil, nil
		}, "n 39; r 39; b+"},
		{"V11 primary's archive ahead", func(_ *Local, p *Primary, _ *Options) { p.Archive = files(1, 50, 50) }, "n 41; r 41; b 41"},
		{"V11 on the border", func(_ *Local, p *Primary, _ *Options) { p.Flush, p.Archive = 50*mib, files(1, 49, 49) }, "n+; r-; b+"},
		{"V12", func(l *Local, p *Primary, _ *Options) { promoted(p, 40*mib); p.FullPageWrites = false }, "n 40; r 42; b+"},
		{"V13", func(l *Local, p *Primary, _ *Options) { promoted(p, 40*mib); l.Control.DataChecksums = false }, "n 40; r 43; b+"},
		{"V13 hints", func(l *Local, p *Primary, _ *Options) {
			promoted(p, 40*mib)
			l.Control.DataChecksums, l.Control.WALLogHints = false, true
		}, "n 40; r+; b+"},
		{"V14 no checkpoint left", func(l *Local, p *Primary, o *Options) { promoted(p, 40*mib); o.CommonCheckpoint = &zero }, "n 40; r 44; b+"},
		{"V15 crashed, old release", func(l *Local, p *Primary, _ *Options) {
			crashed(l)
			promoted(p, 40*mib)
			l.Version, l.Installed, p.VersionNum = 12, 12, 120004
		}, "n 40; r 45; b+"},
		{"V15 stopped, old release", func(l *Local, p *Primary, _ *Options) {
			promoted(p, 40*mib)
			l.Version, l.Installed, p.VersionNum = 906, 906, 90624
		}, "n 40; r+; b+"},
		{"WAL gone here and needed nowhere", func(l *Local, _ *Primary, _ *Options) { l.WAL, l.WALKnown = nil, false }, "n+; r-; b+"},
		{"WAL of a crashed server gone", func(l *Local, _ *Primary, _ *Options) { crashed(l); l.WAL, l.WALKnown = nil, false }, "n 48; r 48; b+"},
		{"gap", func(l *Local, p *Primary, _ *Options) { p.WAL, p.Archive = files(1, 42, 50), nil }, "n 47; r 47; b+"},
		{"no gap with the archive", func(l *Local, p *Primary, _ *Options) {
			p.WAL, p.Archive = files(1, 42, 50), []string{files(1, 41, 41)[0] + ".gz"}
		}, "n+; r-; b+"},
		{"gap without copying", func(l *Local, p *Primary, o *Options) {
			p.WAL, p.Archive, o.NoArchiveCopy = files(1, 42, 50), files(1, 41, 41), true
		}, "n 47; r 47; b+"},
		{"gap where the timeline was left", func(l *Local, p *Primary, _ *Options) {
			promoted(p, 43*mib+9)
			p.WAL, p.Archive = append(files(1, 35, 43), files(2, 44, 50)...), nil
		}, "n 47; r+; b+"},
		{"several at once", func(l *Local, p *Primary, _ *Options) {
			crashed(l)
			promoted(p, 40*mib)
			l.Control.DataChecksums, p.FullPageWrites, l.Unfinished, p.Archive = false, false, "x", files(3, 1, 1)
		}, "n 48 40 41; r 48 41 42 43; b 41"},
		{"no backup", func(_ *Local, _ *Primary, o *Options) { o.Backup = []*message.Failure{message.Fail(message.SST030)} }, "n+; r-; b 49"},
	} {
		l, p := pair()
		var o Options
		tt.set(&l, &p, &o)
		if got := said(Decide(l, p, o)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestDecisionDetails(t *testing.T) {
	l, p := pair()
	promoted(&p, 40*mib+9)
	p.Checkpointed = 1
	l.Archive = files(1, 38, 40)
	d := Decide(l, p, Options{})
	if d.Fork != 40*mib+9 || d.ForkTimeline != 1 || d.Relation != wal.AncestorOf || !d.CheckpointFirst || !d.ProveRewind {
		t.Errorf("%+v", d)
	}
	// The whole segment 40 of timeline 1 goes on where timeline 2 begins.
	if !slices.Equal(d.Stale, files(1, 40, 40)) {
		t.Errorf("stale: %v", d.Stale)
	}
	if got := d.Choice(Rewind).Replay; got != int64(p.Flush-d.Fork) {
		t.Errorf("replay after a rewind: %d", got)
	}
	if got := d.Choice(AsIs).Replay; got != int64(p.Flush-l.Control.Redo) {
		t.Errorf("replay: %d", got)
	}
	p.WAL, p.Archive = files(2, 42, 50), nil
	c := Decide(l, p, Options{}).Choice(AsIs)
	if last := c.Reasons[len(c.Reasons)-1]; last.ID != message.SST047 || last.Args[1] != (wal.Segment(40)).File(2, mib) {
		t.Errorf("gap: %v", last)
	}
	inner := message.Fail(message.SST030)
	if got := Text(message.In("ja"), message.Fail(message.SST049, "reason", inner)); !strings.Contains(got, message.In("ja").Text(message.SST030)) {
		t.Errorf("text: %s", got)
	}
}

// Whatever the facts: data is used as it is only when all of it is the
// primary's too, and a rewind is offered only where pg_rewind sees that there
// is something to do.
//
// Conformance: AT-050, AT-051, AT-055 (unit)
func TestDecideNeverLosesWhatDiverged(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	ancestry := func() wal.Ancestry {
		var a wal.Ancestry
		at := wal.LSN(36 * mib)
		tli := wal.Timeline(1)
		for range r.IntN(3) {
			at += wal.LSN(r.IntN(4)) * mib
			a = append(a, wal.Span{Timeline: tli, End: at, Mark: uint32(r.IntN(3))})
			tli += 1 + wal.Timeline(r.IntN(2))
		}
		return append(a, wal.Span{Timeline: tli, End: wal.Unended, Mark: uint32(r.IntN(3))})
	}
	segments := map[wal.Timeline][]string{}
	for t := range wal.Timeline(10) {
		segments[t] = files(t, 36, 48)
	}
	possible, rewinds := 0, 0
	for range 30000 {
		l, p := pair()
		l.Ancestry, p.Ancestry = ancestry(), ancestry()
		l.Control.State = pg.DBState(r.IntN(7))
		l.Control.MinRecovery = wal.LSN(36+r.IntN(10)) * mib
		l.End.End = wal.LSN(36+r.IntN(10)) * mib
		l.WALKnown = r.IntN(4) > 0
		l.Control.Timeline = l.Ancestry.Timeline()
		p.Timeline = p.Ancestry.Timeline()
		p.Flush = max(wal.LSN(38+r.IntN(10))*mib, p.Ancestry.Begin(len(p.Ancestry)-1))
		l.Archive, p.Archive, p.WAL = nil, nil, nil
		for _, s := range p.Ancestry {
			p.WAL = append(p.WAL, segments[s.Timeline]...)
		}
		d := Decide(l, p, Options{AllMethods: r.IntN(2) == 0, Shared: r.IntN(2) == 0})
		// What the primary has in common with the data here, found by going
		// through both histories position by position.
		shared := wal.LSN(0)
		for at := wal.LSN(0); at <= 60*mib; at += mib {
			a, b := l.Ancestry.At(at), p.Ancestry.At(at)
			if a != b || l.Ancestry[a].Timeline != p.Ancestry[b].Timeline || l.Ancestry.Begin(a) != p.Ancestry.Begin(b) ||
				l.Ancestry[a].Mark != 0 && p.Ancestry[b].Mark != 0 && l.Ancestry[a].Mark != p.Ancestry[b].Mark {
				break
			}
			shared = min(at+mib, p.Flush)
		}
		need := l.Control.MinRecovery
		if l.WALKnown {
			need = max(need, l.End.End)
		}
		if d.Choice(AsIs).Verdict == Possible {
			possible++
			if need > shared || d.Relation == wal.Diverged && need != 0 {
				t.Fatalf("data up to %v taken as it is, shared up to %v\n%+v\n%+v\n%+v", need, shared, l.Ancestry, p.Ancestry, d)
			}
		}
		if d.Choice(Rewind).Verdict == Possible {
			rewinds++
			if l.Ancestry.Timeline() == p.Timeline {
				t.Fatalf("a rewind between equal timelines\n%+v\n%+v", l, p)
			}
		}
	}
	if possible < 1000 || rewinds < 1000 {
		t.Errorf("only %d possible as they are, %d rewinds", possible, rewinds)
	}
}

// Conformance: AT-036, AT-037, AT-039 (unit)
func TestPrimaryStart(t *testing.T) {
	local := func(a wal.Ancestry, end wal.LSN) Local {
		l, _ := pair()
		l.Ancestry, l.End.End, l.Control.MinRecovery = a, end, 0
		l.Control.State = pg.DBShutDown
		l.Control.Checkpoint = end - 120
		return l
	}
	one := wal.Ancestry{{Timeline: 1, End: wal.Unended}}
	two := wal.Ancestry{{Timeline: 1, End: 40 * mib}, {Timeline: 2, End: wal.Unended}}
	other := wal.Ancestry{{Timeline: 1, End: 39 * mib}, {Timeline: 2, End: wal.Unended}}
	with := func(l Local, set func(*Local)) *Local { set(&l); return &l }
	inPieces := func(l *Local) { l.WALKnown, l.Control.State = false, pg.DBInProduction }
	for _, tt := range []struct {
		name      string
		own       Local
		peer      *Local
		want      string
		unrelated bool
	}{
		{"alone", local(one, 50*mib), nil, "", false},
		{"both stopped in order", local(one, 50*mib), with(local(one, 50*mib), func(*Local) {}), "", false},
		{"peer has a later checkpoint and nothing more", local(one, 50*mib), with(local(one, 50*mib), func(l *Local) { l.Control.Checkpoint++ }), "", false},
		{"own WAL damaged, peer has a later checkpoint", *with(local(one, 50*mib), inPieces), with(local(one, 50*mib), func(l *Local) { l.Control.Checkpoint++ }), "PST-022", false},
		{"all WAL damaged, peer has a later checkpoint", *with(local(one, 50*mib), inPieces), with(local(one, 51*mib), inPieces), "PST-022", false},
		{"all WAL damaged, own checkpoint is later", *with(local(one, 51*mib), inPieces), with(local(one, 50*mib), inPieces), "", false},
		{"peer has more WAL", local(one, 50*mib), with(local(one, 51*mib), func(l *Local) { l.Control.Checkpoint = 38 * mib }), "PST-022", false},
		{"peer promoted", local(one, 50*mib), with(local(two, 41*mib), func(*Local) {}), "PST-022", false},
		{"own promoted, peer crashed before", local(two, 45*mib), with(local(one, 50*mib), func(*Local) {}), "", false},
		{"both promoted", local(two, 45*mib), with(local(other, 50*mib), func(*Local) {}), "PST-023", false},
		{"histories gone, peer newer", *with(local(one, 45*mib), func(l *Local) { l.Ancestry = nil }), with(local(two, 50*mib), func(l *Local) { l.Ancestry = nil; l.Control.Timeline = 2 }), "PST-022", false},
		{"histories gone, own newer", *with(local(two, 45*mib), func(l *Local) { l.Ancestry = nil; l.Control.Timeline = 2 }), with(local(one, 50*mib), func(*Local) {}), "", false},
		{"peer without a database", local(one, 50*mib), &Local{}, "", true},
		{"peer of another system", local(one, 50*mib), with(local(one, 60*mib), func(l *Local) { l.Control.SystemID = 9 }), "", true},
		{"nothing here", Local{}, nil, "PST-024", false},
		{"another version", *with(local(one, 50*mib), func(l *Local) { l.Installed = 16 }), nil, "PST-025", false},
		{"no control file", *with(local(one, 50*mib), func(l *Local) { l.Control = nil }), nil, "PST-026", false},
		{"unfinished", *with(local(one, 50*mib), func(l *Local) { l.Unfinished = "pg_rewind" }), nil, "PST-015", false},
		{"backup", *with(local(one, 50*mib), func(l *Local) { l.BackupLabel = true }), nil, "PST-027", false},
		{"much to replay", *with(local(one, 50*mib), func(l *Local) { l.Control.State, l.End.End = pg.DBInProduction, 900*mib }), nil, "PST-028", false},
	} {
		s := PrimaryStart(tt.own, tt.peer, "node02", 20e9)
		var got []string
		for _, f := range append(s.Refusals, s.Older, s.Warning) {
			if f != nil {
				got = append(got, string(f.ID))
			}
		}
		if strings.Join(got, " ") != tt.want || s.Unrelated != tt.unrelated || s.Allowed() != (tt.want == "" || tt.want == "PST-028") {
			t.Errorf("%s: %v %+v", tt.name, got, s)
		}
	}
}
