package lab

import (
	"context"
	"sync"
	"time"
)

// writeInterval is the pause between two commits of a Writer.
const writeInterval = 5 * time.Millisecond

// Attempt is one numbered row that a Writer tried to commit.
type Attempt struct {
	N          int64
	Begin, End time.Time
}

// History is what a Writer knows: which rows were acknowledged, and of which it
// cannot say whether they are there.
type History struct {
	Run     string
	Acked   []Attempt
	Unknown []Attempt
}

// Gap is a time without an acknowledged commit.
type Gap struct{ From, To time.Time }

// Length of the gap.
func (g Gap) Length() time.Duration { return g.To.Sub(g.From) }

// LongestGap is the write outage: the longest time between two acknowledgements
// that follow each other. It is zero with fewer than two.
func (h History) LongestGap() Gap {
	var longest Gap
	for i := 1; i < len(h.Acked); i++ {
		if g := (Gap{h.Acked[i-1].End, h.Acked[i].End}); g.Length() > longest.Length() {
			longest = g
		}
	}
	return longest
}

// FirstAckAfter is the first acknowledgement of a commit that was begun after t.
func (h History) FirstAckAfter(t time.Time) (Attempt, bool) {
	for _, a := range h.Acked {
		if a.Begin.After(t) {
			return a, true
		}
	}
	return Attempt{}, false
}

// Writer is a client on the S-LAN that commits numbered rows through vip-master,
// one after the other, and reconnects at once when it is cut off.
type Writer struct {
	mu      sync.Mutex
	history History
	lastErr error
	stop    context.CancelFunc
	done    chan struct{}
}

// StartWriter begins to write; it stops with Stop or when ctx ends.
func (l *Lab) StartWriter(ctx context.Context) *Writer { return l.StartWriterEvery(ctx, writeInterval) }

// StartWriterEvery is StartWriter with another pause between two commits.
func (l *Lab) StartWriterEvery(ctx context.Context, pause time.Duration) *Writer {
	ctx, cancel := context.WithCancel(ctx)
	w := &Writer{
		history: History{Run: time.Now().UTC().Format("20060102T150405.000000000")},
		stop:    cancel,
		done:    make(chan struct{}),
	}
	go w.write(ctx, pause)
	return w
}

func (w *Writer) write(ctx context.Context, interval time.Duration) {
	defer close(w.done)
	s := session{address: VIPMaster}
	defer s.close()
	pause := time.NewTicker(interval)
	defer pause.Stop()
	for n := int64(1); ctx.Err() == nil; n++ {
		// The number is used up whatever becomes of it: a row of unknown fate is
		// never tried again under the same number.
		a := Attempt{N: n, Begin: time.Now()}
		err := s.insert(ctx, "INSERT INTO written (run, n) VALUES ($1, $2)", w.history.Run, n)
		a.End = time.Now()
		w.record(a, err)
		pause.Reset(interval)
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
	}
}

func (w *Writer) record(a Attempt, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lastErr = err
	if err == nil {
		w.history.Acked = append(w.history.Acked, a)
	} else {
		w.history.Unknown = append(w.history.Unknown, a)
	}
}

// Stop ends the writing and returns all that was written.
func (w *Writer) Stop() History {
	w.stop()
	<-w.done
	return w.History()
}

// History is what was written so far.
func (w *Writer) History() History {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.history
	// Later appends go behind these, so the slices can be shared.
	h.Acked, h.Unknown = h.Acked[:len(h.Acked):len(h.Acked)], h.Unknown[:len(h.Unknown):len(h.Unknown)]
	return h
}

// WaitAck waits until a commit that was begun after t is acknowledged.
func (w *Writer) WaitAck(ctx context.Context, t time.Time, timeout time.Duration) (Attempt, error) {
	var found Attempt
	err := Until(ctx, "an acknowledged commit through vip-master", timeout, func(context.Context) (string, bool) {
		a, ok := w.History().FirstAckAfter(t)
		found = a
		return w.lastError(), ok
	})
	return found, err
}

func (w *Writer) lastError() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lastErr == nil {
		return "the last commit was acknowledged"
	}
	return w.lastErr.Error()
}
