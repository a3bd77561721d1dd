package replication

import (
	"slices"
	"testing"

	"pgrex/internal/pg/wal"
)

func FuzzBranch(f *testing.F) {
	for _, text := range []string{"", "7300000000000000001/12", "1/1", "0/0", "0/3", "7", "x/1", "1/2/3", "-1/2", "+1/2", "18446744073709551615/4294967295", "01/02"} {
		f.Add(text, uint64(7300000000000000001), uint32(2))
	}
	f.Fuzz(func(t *testing.T, text string, id uint64, timeline uint32) {
		b := Branch{SystemID: id, Timeline: wal.Timeline(timeline)}
		if got := ParseBranch(b.String()); got != b {
			t.Errorf("%q comes back as %+v", b, got)
		}
		got := ParseBranch(text)
		if again := ParseBranch(got.String()); again != got {
			t.Errorf("%q is read as %+v, which is read as %+v", text, got, again)
		}
		if got.foreign(got) || got.foreign(Branch{}) || (Branch{}).foreign(got) {
			t.Errorf("%q is foreign to itself or to an unknown one", text)
		}
	})
}

func FuzzScore(f *testing.F) {
	for _, text := range []string{"", "-INFINITY", "infinity", "+INFINITY", "1000", " 100 ", "-1", "+5", "1x", "--1", "1_0", "0x10", "99999999999999999999", "-1000000", "1000001"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseScore(text)
		if err != nil {
			return
		}
		if s < MinusInfinity || s > -MinusInfinity {
			t.Errorf("%q is %d", text, int(s))
		}
		if again, err := ParseScore(s.String()); err != nil || again != s {
			t.Errorf("%q is read as %v, which is read as %v, %v", text, s, again, err)
		}
	})
}

// A vote reads what other nodes, older agents and people have written: nothing
// of it may make a standby claim the promotion with data that may lack commits.
func FuzzElect(f *testing.F) {
	f.Add("STREAMING|SYNC", "0000000003000060", "7/1", "DISCONNECT", "node01 0000000003000060\n", "node01 0000000003000060\n", 3)
	f.Add("DISCONNECT", "", "", "LATEST", "", "x", 0)
	f.Add("", "0000000003000061", "7/2", "STREAMING|SYNC", "node01 0000000003000060\nnode02 0000000003000061\n", "", 1)
	f.Add("LATEST", "zzzz", "8/1", "\xff", "\n", "\x00", -1)
	f.Fuzz(func(t *testing.T, data, loc, branch, otherData, note0, note1 string, count int) {
		o := alone(DataStatus(data))
		o.Branch, o.CheckCount = Branch{SystemID: 7, Timeline: 1}, count%8
		o.Nodes[1].XlogLoc, o.Nodes[1].Branch, o.Nodes[1].DataStatus = loc, ParseBranch(branch), DataStatus(otherData)
		o.Notes = map[int]string{0: note0, 1: note1}
		changes := Elect(o)
		for _, c := range changes {
			if c.String() == "" {
				t.Errorf("%T says nothing", c)
			}
			score, ok := c.(SetScore)
			if !ok {
				continue
			}
			if own := o.Nodes[0]; score.Node != own.Name || own.DataStatus != NoData && !own.DataStatus.Promotable(Sync) {
				t.Errorf("%v from %+v", c, o)
			}
			if loc > at.Padded() && o.Nodes[1].Branch == o.Branch {
				t.Errorf("%v although node02 has %q", c, loc)
			}
		}
		// The order of the nodes is that of node_list, which people may change.
		turned := o
		turned.Nodes = slices.Clone(o.Nodes)
		slices.Reverse(turned.Nodes)
		if a, b := noteText(o.votes(at.Padded())), noteText(turned.votes(at.Padded())); a != b {
			t.Errorf("vote notes %q and %q", a, b)
		}
		_ = RefusePromotion(o)
		_ = Follower("node01", o.Nodes, Shutdown{Clean: true, Checkpoint: at})
		_ = GiveWay("node01", o.Nodes, []string{"node02"})
	})
}
