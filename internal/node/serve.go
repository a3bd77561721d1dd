package node

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Serve is the helper: it answers requests until the other side is gone, and
// whatever is under way then ends with it.
func Serve(ctx context.Context, marker string, in io.Reader, out io.Writer) error {
	if _, err := io.WriteString(out, greeting(marker)); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &server{out: out, running: map[int]context.CancelFunc{}}
	r := bufio.NewReader(in)
	for {
		var q request
		if err := readFrame(r, &q); err != nil {
			cancel()
			s.busy.Wait()
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("cannot read a request: %w", err)
		}
		switch {
		case q.Cancel:
			s.cancel(q.ID)
		case q.Stream:
			return s.stream(ctx, q, r)
		default:
			s.start(ctx, q)
		}
	}
}

type server struct {
	busy    sync.WaitGroup
	mu      sync.Mutex // of what follows
	out     io.Writer
	running map[int]context.CancelFunc
}

func (s *server) start(ctx context.Context, q request) {
	ctx, cancel := context.WithCancel(ctx)
	s.mu.Lock()
	s.running[q.ID] = cancel
	s.mu.Unlock()
	s.busy.Add(1)
	go func() {
		defer s.busy.Done()
		defer s.cancel(q.ID)
		a := reply{ID: q.ID}
		out, err := perform(ctx, q.Op, q.In)
		if err == nil {
			a.Out, err = json.Marshal(out)
		}
		if err != nil {
			a.Out, a.Err = nil, toWire(err)
		}
		s.answer(a)
	}()
}

func (s *server) cancel(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel := s.running[id]; cancel != nil {
		cancel()
		delete(s.running, id)
	}
}

// answer writes one reply. That it cannot be written shows in the reading too,
// which ends the helper.
func (s *server) answer(a reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = writeFrame(s.out, a)
}

// stream hands the session over. A closed connection must end an operation that
// only writes, or waits, so reading goes on beside it.
func (s *server) stream(ctx context.Context, q request, in io.Reader) error {
	do, ok := streams[q.Op]
	if !ok {
		err := fmt.Errorf("this program does not know the stream %q: both nodes need the same release", q.Op)
		s.answer(reply{ID: q.ID, Err: toWire(err)})
		return err
	}
	s.answer(reply{ID: q.ID})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	received, feed := io.Pipe()
	go func() {
		_, err := io.Copy(feed, in)
		cancel()
		_ = feed.CloseWithError(err)
	}()
	defer received.Close()
	return do(ctx, q.In, struct {
		io.Reader
		io.Writer
	}{received, s.out})
}
