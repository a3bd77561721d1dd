package console

import (
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"pgrex/internal/message"
)

var pid = os.Getpid()

// bar is the progress of one thing, redrawn in place on a terminal.
type bar struct {
	drawn   *progressbar.ProgressBar
	begun   time.Time
	shown   time.Time
	visible bool
}

// How often progress is shown: in place, and where every showing is a line.
const (
	redraw   = 200 * time.Millisecond
	lineEach = 10 * time.Second
)

// Progress shows how much of something is done, in bytes. A total of 0 is one
// that is not known.
func (c *Console) Progress(done, total int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.o.Now()
	inPlace := c.o.Terminal && !c.o.JSON
	if c.bar == nil {
		c.bar = &bar{begun: now, shown: now}
		if inPlace {
			const width = 20
			c.bar.drawn = progressbar.NewOptions64(total, progressbar.OptionSetWriter(terminal{c}),
				progressbar.OptionSetWidth(width), progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
				progressbar.OptionThrottle(0), progressbar.OptionUseANSICodes(false))
		}
		return
	}
	b := c.bar
	if pause := now.Sub(b.shown); pause < redraw || !inPlace && pause < lineEach {
		return
	}
	b.shown = now
	rate := float64(done) / now.Sub(b.begun).Seconds()
	pct, left := int64(0), "?"
	if total > 0 && rate > 0 {
		pct = done * 100 / total
		left = (time.Duration(float64(total-done)/rate*1000) * time.Millisecond).Round(time.Second).String()
	}
	args := []any{"done", Bytes(done), "total", Bytes(total), "pct", pct, "rate", Bytes(int64(rate)), "eta", left}
	text := c.o.Say.Text(message.CMN054, args...)
	if inPlace {
		b.visible = true
		b.drawn.ChangeMax64(max(total, done, 1))
		b.drawn.Describe(text)
		_ = b.drawn.Set64(done)
		return
	}
	kept := c.bar
	c.bar = nil // emit would clear it
	c.emit(c.o.Out, event{State: "progress", ID: message.CMN054, Params: params(args), Text: text}, text)
	c.bar = kept
}

// ProgressDone ends the showing of progress.
func (c *Console) ProgressDone() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clearBar()
	c.bar = nil
}

// Waiting shows for how long something has been waited for, in place.
func (c *Console) Waiting(what string, since time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.o.Now()
	if c.bar == nil {
		c.bar = &bar{begun: now, shown: since}
	}
	inPlace := c.o.Terminal && !c.o.JSON
	if pause := now.Sub(c.bar.shown); pause < time.Second || !inPlace && pause < lineEach {
		return
	}
	c.bar.shown = now
	args := []any{"what", what, "sec", int(now.Sub(since).Seconds())}
	text := c.o.Say.Text(message.CMN053, args...)
	if inPlace {
		c.bar.visible = true
		c.write(c.o.Out, "\r\x1b[K"+text)
		return
	}
	kept := c.bar
	c.bar = nil
	c.emit(c.o.Out, event{State: "progress", ID: message.CMN053, Params: params(args), Text: text}, text)
	c.bar = kept
}

// clearBar makes room for a line. The lock is held.
func (c *Console) clearBar() {
	if c.bar != nil && c.bar.visible {
		c.bar.visible = false
		c.write(c.o.Out, "\r\x1b[K")
	}
}

// terminal is where the bar is drawn while the lock is held.
type terminal struct{ c *Console }

func (t terminal) Write(b []byte) (int, error) {
	t.c.write(t.c.o.Out, string(b))
	return len(b), nil
}

// Bytes words an amount of data.
func Bytes(n int64) string {
	const step = 1024
	if n < step {
		return fmt.Sprintf("%d B", n)
	}
	f, unit := float64(n)/step, 0
	for f >= step && unit < len("KMGT")-1 {
		f /= step
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", f, "KMGT"[unit])
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()) }
