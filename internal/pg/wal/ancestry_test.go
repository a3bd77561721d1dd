package wal

import "testing"

// Conformance: AT-055, AT-056, AT-057 (unit)
func TestFork(t *testing.T) {
	line := func(spans ...Span) Ancestry { return spans }
	one := line(Span{1, Unended, 0})
	two := line(Span{1, 100, 0}, Span{2, Unended, 0})
	for _, tt := range []struct {
		name       string
		own, other Ancestry
		at         LSN
		on         Timeline
		want       Relation
	}{
		{"first timeline", one, one, Unended, 1, Same},
		{"same history", two, two, Unended, 2, Same},
		{"promoted", one, two, 100, 1, AncestorOf},
		{"numbers left out", line(Span{1, 100, 0}, Span{2, Unended, 0}), line(Span{1, 100, 0}, Span{2, 200, 0}, Span{4, Unended, 0}), 200, 2, AncestorOf},
		{"a grandchild", one, line(Span{1, 100, 0}, Span{2, 200, 0}, Span{4, Unended, 0}), 100, 1, AncestorOf},
		{"both left one timeline, one number", two, line(Span{1, 90, 0}, Span{2, Unended, 0}), 90, 1, Diverged},
		{"both left one timeline, two numbers", two, line(Span{1, 100, 0}, Span{3, Unended, 0}), 100, 1, Diverged},
		{"both left one timeline at one place, one number", line(Span{1, 100, 0}, Span{2, Unended, 7}), line(Span{1, 100, 0}, Span{2, Unended, 8}), 100, 1, Diverged},
		{"one record unknown", line(Span{1, 100, 0}, Span{2, Unended, 7}), two, Unended, 2, Same},
		{"diverged long ago, same number now", line(Span{1, 90, 0}, Span{2, 200, 0}, Span{3, Unended, 0}), line(Span{1, 100, 0}, Span{2, 200, 0}, Span{3, Unended, 0}), 90, 1, Diverged},
		{"same number and end, another parent", line(Span{1, 100, 0}, Span{3, Unended, 0}), line(Span{1, 100, 0}, Span{2, 150, 0}, Span{3, Unended, 0}), 100, 1, Diverged},
		{"nothing in common", line(Span{2, Unended, 0}), one, 0, 0, Diverged},
		{"unknown", nil, one, 0, 0, Diverged},
	} {
		at, on, got := Fork(tt.own, tt.other)
		if at != tt.at || on != tt.on || got != tt.want {
			t.Errorf("%s: %v on %d, %v", tt.name, at, on, got)
		}
		back := tt.want
		switch back {
		case AncestorOf:
			back = DescendantOf
		case DescendantOf:
			back = AncestorOf
		}
		if at, on, got := Fork(tt.other, tt.own); at != tt.at || on != tt.on || got != back {
			t.Errorf("%s, the other way round: %v on %d, %v", tt.name, at, on, got)
		}
	}
}

func TestAncestry(t *testing.T) {
	a := History{{1, 100, ""}, {2, 200, ""}}.Ancestry(5)
	if a.Timeline() != 5 || !a.Contains(2) || a.Contains(3) || a.Begin(0) != 0 || a.Begin(2) != 200 {
		t.Errorf("%v", a)
	}
	for at, want := range map[LSN]int{0: 0, 99: 0, 100: 1, 199: 1, 200: 2, Unended: 2} {
		if got := a.At(at); got != want {
			t.Errorf("%v: %d, want %d", at, got, want)
		}
	}
	if History(nil).Ancestry(1).Timeline() != 1 || Ancestry(nil).Timeline() != 0 {
		t.Error("timeline")
	}
}
