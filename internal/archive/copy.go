package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"pgrex/internal/message"
	"pgrex/internal/node"
)

// Copy brings the archive of one node up to that of another one.
type Copy struct {
	From, To       node.Node
	FromDir, ToDir string
	SegmentSize    int
	// Fork is where the database at To has left that at From, nil if nowhere.
	Fork    *Position
	MaxRate int64 // bytes a second, 0: unlimited
	// AsideDir is the directory in ToDir that conflicting files are moved to.
	AsideDir string
}

// AsideName is the directory that conflicting files of a moment are moved to.
func AsideName(now time.Time) string { return ".pg-rex-conflict-" + MoveName(now) }

// Work is what a copy has to do.
type Work struct {
	Plan
	same map[string]time.Time // files that turned out to be the same
}

// Prepare finds out what is to be copied. It changes nothing. It fails with
// SST-091 where the two archives contradict each other.
func (c Copy) Prepare(ctx context.Context) (Work, error) {
	here, err := list(ctx, c.To, c.ToDir)
	if err != nil {
		return Work{}, err
	}
	there, err := list(ctx, c.From, c.FromDir)
	if err != nil {
		return Work{}, err
	}
	w := Work{Plan: Compare(here, there), same: map[string]time.Time{}}
	if len(w.Compare) == 0 {
		return w, nil
	}
	differ, err := c.compare(ctx, w.Compare)
	if err != nil {
		return Work{}, err
	}
	aside, wrong := Conflicts(differ, c.Fork, c.SegmentSize)
	if len(wrong) > 0 {
		return Work{}, message.Fail(message.SST091, "name", wrong[0]).With(wrong[1:]...)
	}
	w.Aside = append(w.Aside, aside...)
	// In the order of the listing, which the plan has brought into its own.
	fetch := append(w.Fetch, aside...)
	w.Fetch = nil
	for _, f := range Compare(nil, there).Fetch {
		if slices.Contains(fetch, f) {
			w.Fetch = append(w.Fetch, f)
		}
	}
	for _, e := range there {
		if slices.Contains(aside, e.Name) {
			w.Bytes += e.Size
		} else if slices.Contains(w.Compare, e.Name) {
			w.same[e.Name] = e.Modified
		}
	}
	return w, nil
}

func list(ctx context.Context, n node.Node, dir string) ([]node.Entry, error) {
	l, err := node.List.On(ctx, n, dir)
	if err != nil {
		return nil, message.Fail(message.ARC019, "dir", n.Name()+":"+dir, "err", cause(err))
	}
	return l, nil
}

// compare lists the files whose content is not the same on both nodes.
func (c Copy) compare(ctx context.Context, names []string) ([]string, error) {
	type answer struct {
		sums map[string]string
		err  error
	}
	ask := func(n node.Node, dir string) chan answer {
		ch := make(chan answer, 1)
		go func() {
			sums, err := Sums.On(ctx, n, SumIn{dir, names})
			ch <- answer{sums, err}
		}()
		return ch
	}
	fromCh, toCh := ask(c.From, c.FromDir), ask(c.To, c.ToDir)
	from, to := <-fromCh, <-toCh
	if err := errors.Join(from.err, to.err); err != nil {
		return nil, err
	}
	var differ []string
	for _, name := range names {
		a, okA := from.sums[name]
		b, okB := to.sums[name]
		if okA && okB && a != b {
			differ = append(differ, name)
		}
	}
	return differ, nil
}

// Watch learns of a copy while it goes on. Functions may be nil.
type Watch struct {
	Progress func(done, total int64)
	File     func(name string) // is complete
	Aside    func(name, dir string)
	Growing  func(name string) // is left out: it is still being written
}

// Run copies. What it leaves, whenever it ends, are complete files and none.
func (c Copy) Run(ctx context.Context, w Work, watch Watch) error {
	if len(w.same) > 0 {
		if _, err := setTimes.On(ctx, c.To, timesIn{c.ToDir, w.same}); err != nil {
			return err
		}
	}
	if len(w.Fetch) == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	from, err := sendStream.Open(ctx, c.From, sendIn{c.FromDir, w.Fetch, c.SegmentSize, w.Newest, c.MaxRate})
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := receiveStream.Open(ctx, c.To, receiveIn{c.ToDir, w.Fetch, w.Aside, c.AsideDir})
	if err != nil {
		return err
	}
	defer to.Close()
	defer context.AfterFunc(ctx, func() {
		from.Close()
		to.Close()
	})()
	lost := make(chan error, 1)
	go func() {
		var end tail
		_, err := io.Copy(io.MultiWriter(to, &end), from)
		if !end.reached() {
			lost <- errors.Join(err, io.ErrUnexpectedEOF)
			to.Close() // the receiver would wait for more
		}
	}()
	return c.follow(ctx, to, lost, w, watch)
}

// tail keeps the end of what went through it.
type tail struct{ b []byte }

// reached says that nothing more is to come from the sender.
func (t *tail) reached() bool { return bytes.Equal(t.b, lastPart) }

func (t *tail) Write(b []byte) (int, error) {
	t.b = append(t.b, b...)
	t.b = bytes.Clone(t.b[max(0, len(t.b)-len(lastPart)):])
	return len(b), nil
}

// follow listens to the receiver until the end.
func (c Copy) follow(ctx context.Context, to io.Reader, lost <-chan error, w Work, watch Watch) error {
	var failed []error
	in := json.NewDecoder(to)
	for {
		var note receiveNote
		if err := in.Decode(&note); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			select {
			case sendErr := <-lost:
				err = errors.Join(sendErr, err)
			default:
			}
			return fmt.Errorf("the copy of the archive from %s to %s broke off: %w", c.From.Name(), c.To.Name(), err)
		}
		if note.Bytes > 0 && watch.Progress != nil {
			watch.Progress(note.Bytes, max(w.Bytes, note.Bytes))
		}
		switch {
		case note.Done != "" && watch.File != nil:
			watch.File(note.Done)
		case note.Aside != "" && watch.Aside != nil:
			watch.Aside(note.Aside, filepath.Join(c.ToDir, c.AsideDir))
		case note.Left != nil && note.Left.Why != "":
			failed = append(failed, message.Fail(note.Left.Why, "name", note.Name, "size", c.SegmentSize))
		case note.Left != nil && watch.Growing != nil:
			watch.Growing(note.Name)
		case note.Err != "":
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return errors.Join(append(failed, errors.New(note.Err))...)
		case note.End:
			return errors.Join(failed...)
		}
	}
}
