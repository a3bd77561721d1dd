package lab

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"
)

// probeInterval is how often every node is asked to accept a write.
const probeInterval = 20 * time.Millisecond

// Span is a time in which a node certainly accepted writes: from the
// acknowledgement of its first probe to the begin of its last one, with no
// refusal between them. A span of a single probe is a moment.
type Span struct {
	From, To time.Time
	Writes   int
}

// Overlap is a time in which two nodes certainly accepted writes.
type Overlap struct {
	Nodes    [2]string
	From, To time.Time
}

// Audit is what a WriteProbe has seen.
type Audit struct {
	Looked   map[string]int     // how often each node was asked and gave an answer
	Accepted map[string][]Span  // when each node accepted writes
	Rows     map[string]History // what each node acknowledged, for Check
}

// WriteProbe asks every node's own address all the time to accept a write. A
// cluster is only right if never two nodes do at once.
type WriteProbe struct {
	mu    sync.Mutex
	audit Audit
	open  map[string]bool // whether a node's last span still goes on
	stop  context.CancelFunc
	done  sync.WaitGroup
}

// StartWriteProbe begins to ask; it stops with Stop or when ctx ends.
func (l *Lab) StartWriteProbe(ctx context.Context) *WriteProbe {
	ctx, cancel := context.WithCancel(ctx)
	p := &WriteProbe{
		audit: Audit{Looked: map[string]int{}, Accepted: map[string][]Span{}, Rows: map[string]History{}},
		open:  map[string]bool{},
		stop:  cancel,
	}
	for _, n := range l.nodes {
		p.done.Add(1)
		go func() {
			defer p.done.Done()
			p.ask(ctx, n)
		}()
	}
	return p
}

func (p *WriteProbe) ask(ctx context.Context, n *Node) {
	s := session{address: n.Address(SLAN), patient: true}
	defer s.close()
	pause := time.NewTicker(probeInterval)
	defer pause.Stop()
	run := fmt.Sprintf("%s %s", n.Name, time.Now().UTC().Format("20060102T150405.000000000"))
	for i := int64(1); ctx.Err() == nil; i++ {
		begin := time.Now()
		err := s.insert(ctx, "INSERT INTO written (run, n) VALUES ($1, $2)", run, i)
		if ctx.Err() == nil {
			p.record(n.Name, run, Attempt{N: i, Begin: begin, End: time.Now()}, err)
		}
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
	}
}

// record keeps one attempt. Silence is no answer, and no look at the node.
func (p *WriteProbe) record(node, run string, a Attempt, err error) {
	accepted := err == nil
	p.mu.Lock()
	defer p.mu.Unlock()
	if !isSilence(err) {
		p.audit.Looked[node]++
	}
	if accepted {
		h := p.audit.Rows[node]
		h.Run, h.Acked = run, append(h.Acked, a)
		p.audit.Rows[node] = h
	}
	spans := p.audit.Accepted[node]
	switch {
	case !accepted:
	case p.open[node]:
		last := &spans[len(spans)-1]
		last.Writes++
		if a.Begin.After(last.To) {
			last.To = a.Begin
		}
	default:
		p.audit.Accepted[node] = append(spans, Span{From: a.End, To: a.End, Writes: 1})
	}
	p.open[node] = accepted
}

// isSilence says that nobody has answered: neither a server nor the kernel of a node
// that has none.
func isSilence(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout() ||
		errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH)
}

// Stop ends the asking and returns what was seen.
func (p *WriteProbe) Stop() Audit {
	p.stop()
	p.done.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.audit
}

// Audit is what was seen so far.
func (p *WriteProbe) Audit() Audit {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := Audit{Looked: maps.Clone(p.audit.Looked), Accepted: map[string][]Span{}, Rows: maps.Clone(p.audit.Rows)}
	for node, spans := range p.audit.Accepted {
		a.Accepted[node] = slices.Clone(spans) // the last one still grows
	}
	for node, h := range a.Rows {
		h.Acked = h.Acked[:len(h.Acked):len(h.Acked)] // later appends go behind these
		a.Rows[node] = h
	}
	return a
}

// Overlaps lists when two nodes accepted writes at once.
func (a Audit) Overlaps() []Overlap {
	var found []Overlap
	names := slices.Sorted(maps.Keys(a.Accepted))
	for i, one := range names {
		for _, other := range names[i+1:] {
			for _, s := range a.Accepted[one] {
				for _, t := range a.Accepted[other] {
					if from, to := later(s.From, t.From), earlier(s.To, t.To); !from.After(to) {
						found = append(found, Overlap{[2]string{one, other}, from, to})
					}
				}
			}
		}
	}
	return found
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
