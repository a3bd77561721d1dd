package console

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"pgrex/internal/message"
)

// Interrupted says that the operator, or the system, stopped the command.
type Interrupted struct {
	ID   message.ID // what that means for the cluster
	Args []any
}

func (i *Interrupted) Error() string { return message.Printer{}.Text(i.ID, i.Args...) }

// Interrupts decides what a signal means at the moment. A step is safe to be
// left at once, or critical: then the wish takes effect when it is over.
type Interrupts struct {
	c      *Console
	cancel context.CancelCauseFunc
	ctx    context.Context

	mu       sync.Mutex // of what follows
	critical int
	pending  bool
	last     time.Time // of a SIGINT in a critical step
	meaning  Interrupted
	detached bool
}

// insists is how soon a second SIGINT has to follow to be taken for insistence.
const insists = 3 * time.Second

// Watch begins to take signals. The context that it returns ends, with an
// *[Interrupted] as cause, when the command is to end.
func Watch(ctx context.Context, c *Console) (context.Context, *Interrupts) {
	ctx, cancel := context.WithCancelCause(ctx)
	i := &Interrupts{c: c, cancel: cancel, ctx: ctx, meaning: Interrupted{ID: message.CMN032}}
	// A reader that went away is an error of writing. To ignore the signal would
	// be passed on to the programs that are started.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		for s := range signals {
			i.take(s)
		}
	}()
	return ctx, i
}

func (i *Interrupts) take(s os.Signal) {
	i.mu.Lock()
	if s == syscall.SIGHUP {
		if i.detached {
			i.mu.Unlock()
			i.c.lost()
			return
		}
	} else if i.critical > 0 {
		now := time.Now()
		again := s == syscall.SIGINT && i.pending && now.Sub(i.last) < insists
		i.pending, i.last = true, now
		i.mu.Unlock()
		if !again {
			i.c.Tell(message.CMN030)
			return
		}
		go i.insist()
		return
	}
	if i.critical > 0 {
		i.pending = true
		i.mu.Unlock()
		return
	}
	meaning := i.meaning
	i.mu.Unlock()
	i.cancel(&meaning)
}

// insist asks whether a critical step is to be left in the middle.
func (i *Interrupts) insist() {
	if answer, err := i.c.Ask(i.ctx, message.CMN031); err == nil && (answer == "y" || answer == "Y") {
		i.mu.Lock()
		meaning := i.meaning
		i.mu.Unlock()
		i.cancel(&meaning)
	}
}

// Critical begins a step that must not be left in the middle. The function that
// it returns ends it.
func (i *Interrupts) Critical() (leave func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.critical++
	return sync.OnceFunc(func() {
		i.mu.Lock()
		i.critical--
		wanted, meaning := i.critical == 0 && i.pending, i.meaning
		i.mu.Unlock()
		if wanted {
			i.cancel(&meaning)
		}
	})
}

// Changing says that the cluster is being changed from here on: a lost terminal
// is no reason to stop any more, because the session may have come over the
// address that moves. meaning is what an interruption now leaves behind.
func (i *Interrupts) Changing(meaning message.ID, args ...any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.detached = true
	i.meaning = Interrupted{meaning, args}
}

// Context is the one that ends with an interruption.
func (i *Interrupts) Context() context.Context { return i.ctx }

// Pending says that an interruption waits for the end of a critical step.
func (i *Interrupts) Pending() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.pending
}

// lost notes that the terminal is gone.
func (c *Console) lost() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.emit(c.o.Err, event{State: "info", ID: message.CMN034}, c.o.Say.Text(message.CMN034, "log", c.o.LogName))
	c.quiet = true
}
