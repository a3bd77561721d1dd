package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"syscall"
	"testing"
	"time"
)

var epoch = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time {
	return epoch.Add(time.Duration(seconds * float64(time.Second)))
}

func attempt(n int64, begin, end float64) Attempt {
	return Attempt{N: n, Begin: at(begin), End: at(end)}
}

func TestLongestGapIsBetweenAcknowledgements(t *testing.T) {
	tests := []struct {
		name  string
		acked []Attempt
		want  Gap
	}{
		{"nothing acknowledged", nil, Gap{}},
		{"one acknowledged", []Attempt{attempt(1, 0, 1)}, Gap{}},
		{"the longest of three", []Attempt{attempt(1, 0, 0.1), attempt(2, 0.2, 0.3), attempt(9, 4, 4.5), attempt(10, 4.6, 4.7)}, Gap{at(0.3), at(4.5)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := (History{Acked: tt.acked}).LongestGap(); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestFirstAckAfterCountsFromTheBegin(t *testing.T) {
	h := History{Acked: []Attempt{attempt(1, 0.9, 1.1), attempt(2, 1.2, 1.3)}}
	// The first was begun before the fault: it may have been acknowledged by the old primary.
	if a, ok := h.FirstAckAfter(at(1)); !ok || a.N != 2 {
		t.Errorf("got %v %v, want number 2", a, ok)
	}
}

func TestCompareTellsLostFromUnknown(t *testing.T) {
	h := History{
		Acked:   []Attempt{attempt(1, 0, 1), attempt(2, 1, 2), attempt(4, 3, 4)},
		Unknown: []Attempt{attempt(3, 2, 3), attempt(5, 4, 5)},
	}
	got := h.compare(map[int64]bool{1: true, 4: true, 5: true})
	want := Verdict{Acked: 3, Lost: []int64{2}, Unknown: 2, Kept: 1}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// probed plays the answers of nodes to a WriteProbe.
func probed(answers ...func(*WriteProbe)) Audit {
	p := &WriteProbe{audit: Audit{Looked: map[string]int{}, Accepted: map[string][]Span{}, Rows: map[string]History{}}, open: map[string]bool{}}
	for _, a := range answers {
		a(p)
	}
	return p.audit
}

func accepts(node string, begin, end float64) func(*WriteProbe) {
	return func(p *WriteProbe) { p.record(node, "run", Attempt{Begin: at(begin), End: at(end)}, nil) }
}

func refuses(node string, begin, end float64) func(*WriteProbe) {
	return func(p *WriteProbe) { p.record(node, "run", Attempt{Begin: at(begin), End: at(end)}, errRefused) }
}

var errRefused = errors.New("cannot execute INSERT in a read-only transaction")

// A node that is silent has not been looked at, and its span ends all the same.
func TestSilenceIsNoLook(t *testing.T) {
	for _, silence := range []error{context.DeadlineExceeded, fmt.Errorf("dial: %w", syscall.EHOSTUNREACH), &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}} {
		a := probed(accepts("node01", 0, 0.1), func(p *WriteProbe) { p.record("node01", "run", Attempt{}, silence) }, accepts("node01", 0.6, 0.7))
		if a.Looked["node01"] != 2 || len(a.Accepted["node01"]) != 2 {
			t.Errorf("%v: %d looks, %v", silence, a.Looked["node01"], a.Accepted["node01"])
		}
	}
	if a := probed(func(p *WriteProbe) { p.record("node01", "run", Attempt{}, syscall.ECONNREFUSED) }); a.Looked["node01"] != 1 {
		t.Error("the kernel of a node without a server has answered")
	}
}

func TestSpanEndsWithTheFirstRefusal(t *testing.T) {
	a := probed(accepts("node01", 0, 0.1), accepts("node01", 0.2, 0.3), refuses("node01", 0.4, 0.5), accepts("node01", 0.6, 0.7))
	want := []Span{{at(0.1), at(0.2), 2}, {at(0.7), at(0.7), 1}}
	if !reflect.DeepEqual(a.Accepted["node01"], want) {
		t.Errorf("got %v, want %v", a.Accepted["node01"], want)
	}
	if a.Looked["node01"] != 4 {
		t.Errorf("looked %d times, want 4", a.Looked["node01"])
	}
}

func TestOverlaps(t *testing.T) {
	tests := []struct {
		name  string
		audit Audit
		want  []Overlap
	}{
		{"one after the other", probed(
			accepts("node01", 0, 0.1), accepts("node01", 0.2, 0.3), refuses("node01", 0.4, 0.5),
			accepts("node02", 0.6, 0.7), accepts("node02", 0.8, 0.9)), nil},
		{"the last write may have been accepted before the first of the other", probed(
			accepts("node01", 0, 0.1), accepts("node01", 0.2, 0.9),
			accepts("node02", 0.5, 0.6), accepts("node02", 0.7, 0.8)), nil},
		{"one between two of the other", probed(
			accepts("node01", 0, 0.1), accepts("node02", 0.2, 0.3), accepts("node01", 0.4, 0.5)),
			[]Overlap{{[2]string{"node01", "node02"}, at(0.3), at(0.3)}}},
		{"both for a while", probed(
			accepts("node01", 0, 0.1), accepts("node01", 1, 1.1),
			accepts("node02", 0.4, 0.5), accepts("node02", 2, 2.1)),
			[]Overlap{{[2]string{"node01", "node02"}, at(0.5), at(1)}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.audit.Overlaps(); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
