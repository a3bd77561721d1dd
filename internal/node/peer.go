package node

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Start starts a helper with the arguments that follow the program's name and
// returns the connection to it.
type Start func(ctx context.Context, args ...string) (io.ReadWriteCloser, error)

// HelperCommand is the first argument that makes the program a helper.
const HelperCommand = "node-helper"

// Peer is the other node, spoken to through a helper.
type Peer struct {
	name  string
	start Start

	conn    io.ReadWriteCloser
	mu      sync.Mutex // of what follows, and of writing to conn
	next    int
	waiting map[int]chan reply
	gone    error // why there will be no more answers
}

// Connect starts the helper. It learns the peer's name from it.
func Connect(ctx context.Context, start Start) (*Peer, error) {
	p := &Peer{start: start, waiting: map[int]chan reply{}}
	conn, r, err := p.session(ctx)
	if err != nil {
		return nil, err
	}
	p.conn = conn
	go p.receive(r)
	info, err := Identify.On(ctx, p, struct{}{})
	if err != nil {
		p.Close()
		return nil, err
	}
	p.name = info.HostName
	return p, nil
}

// session starts one helper and reads up to its greeting.
func (p *Peer) session(ctx context.Context) (io.ReadWriteCloser, *bufio.Reader, error) {
	marker := "pg-rex-" + rand.Text()
	conn, err := p.start(ctx, HelperCommand, marker)
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	r := bufio.NewReader(conn)
	if err := skipNoise(r, marker); err != nil {
		closeErr := conn.Close() // knows how the program there ended
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		return nil, nil, errors.Join(closeErr, err)
	}
	return conn, r, nil
}

// Name implements [Node].
func (p *Peer) Name() string { return p.name }

// Close ends the helper.
func (p *Peer) Close() {
	_ = p.conn.Close()
}

func (p *Peer) receive(r io.Reader) {
	for {
		var a reply
		err := readFrame(r, &a)
		p.mu.Lock()
		if err != nil {
			p.gone = fmt.Errorf("the connection to the peer is lost: %w", err)
			for _, w := range p.waiting {
				close(w)
			}
			p.waiting = nil
			p.mu.Unlock()
			return
		}
		w := p.waiting[a.ID]
		delete(p.waiting, a.ID)
		p.mu.Unlock()
		if w != nil {
			w <- a
		}
	}
}

func (p *Peer) Do(ctx context.Context, op string, in []byte) ([]byte, error) {
	answer := make(chan reply, 1)
	p.mu.Lock()
	if p.gone != nil {
		p.mu.Unlock()
		return nil, p.gone
	}
	p.next++
	id := p.next
	p.waiting[id] = answer
	err := writeFrame(p.conn, request{ID: id, Op: op, In: in})
	p.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("cannot ask the peer for %s: %w", op, err)
	}
	select {
	case a, ok := <-answer:
		switch {
		case !ok:
			return nil, p.gone
		case a.Err != nil:
			return nil, a.Err
		}
		return a.Out, nil
	case <-ctx.Done():
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.waiting, id)
		_ = writeFrame(p.conn, request{ID: id, Cancel: true})
		return nil, context.Cause(ctx)
	}
}

func (p *Peer) Open(ctx context.Context, op string, in []byte) (io.ReadWriteCloser, error) {
	conn, r, err := p.session(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	var a reply
	err = writeFrame(conn, request{ID: 1, Op: op, In: in, Stream: true})
	if err == nil {
		err = readFrame(r, &a)
	}
	if err == nil && a.Err != nil {
		err = a.Err
	}
	if err != nil {
		stop()
		_ = conn.Close()
		return nil, err
	}
	return &closing{ReadWriteCloser: struct {
		io.Reader
		io.Writer
		io.Closer
	}{r, conn, conn}, then: func() { stop() }}, nil
}
