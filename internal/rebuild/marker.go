package rebuild

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"pgrex/internal/durable"
	"pgrex/internal/pg"
)

// MarkerName is the file in a data directory that says that the data is not whole.
const MarkerName = ".pg-rex_incomplete"

// oldMark is what earlier tools wrote into postgresql.conf before a rewind.
const oldMark = "# added by pg-rex_standby_start"

// What makes data incomplete.
const (
	Rewind     = "pg_rewind"
	BaseBackup = "pg_basebackup"
)

// Mark says what has left the data incomplete.
type Mark struct {
	What   string    `json:"what"`
	When   time.Time `json:"when"`
	Source string    `json:"source"`
}

// String names it for an operator of any language.
func (m Mark) String() string {
	if m.When.IsZero() {
		return m.What
	}
	return m.What + " " + m.When.Local().Format("2006-01-02 15:04:05")
}

// The mark is kept in two places. pg_rewind removes every file that the other
// server does not have, this one included, and pg_basebackup wants an empty
// directory: so the data directory can be without its mark for a moment, and
// root's journal has it. The journal in turn does not move with the data.

func (s Server) markers() (inData, inJournal string) {
	return filepath.Join(s.Data, MarkerName), filepath.Join(s.Journal, "incomplete-"+url.PathEscape(filepath.Clean(s.Data)))
}

// Incomplete is what has left the data incomplete, nil when nothing has.
func (s Server) Incomplete() (*Mark, error) {
	inData, inJournal := s.markers()
	var text []byte
	err := pg.As(s.User, func() (err error) { text, err = os.ReadFile(inData); return err })
	if errors.Is(err, fs.ErrNotExist) {
		text, err = os.ReadFile(inJournal)
	}
	if err == nil {
		m := &Mark{What: MarkerName} // a mark that cannot be read is one
		_ = json.Unmarshal(text, m)
		return m, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = pg.As(s.User, func() (err error) { text, err = os.ReadFile(filepath.Join(s.Data, "postgresql.conf")); return err })
		if err == nil && bytes.Contains(text, []byte(oldMark)) {
			return &Mark{What: Rewind}, nil
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot tell whether the data is whole: %w", err)
	}
	return nil, nil
}

// mark makes the mark in both places.
func (s Server) mark(m Mark) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, inJournal := s.markers()
	err = os.MkdirAll(s.Journal, 0o700)
	if err == nil {
		err = durable.WriteFile(inJournal, text, 0o600)
	}
	if err == nil {
		err = s.markData(text)
	}
	if err != nil {
		return fmt.Errorf("cannot mark the data as incomplete: %w", err)
	}
	return nil
}

// markData makes the mark in the data directory, if there is one.
func (s Server) markData(text []byte) error {
	inData, _ := s.markers()
	err := pg.As(s.User, func() error {
		if _, err := os.Stat(s.Data); err != nil {
			return err
		}
		return durable.WriteFile(inData, text, 0o600)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// keepMarked brings the mark in the data directory back whenever the program
// that is at work there has removed it, until the function that it returns is
// called. An empty directory stays empty.
func (s Server) keepMarked(m Mark) (stop func()) {
	text, _ := json.Marshal(m)
	inData, _ := s.markers()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	look := func() {
		missing := false
		_ = pg.As(s.User, func() error {
			_, err := os.Lstat(inData)
			missing = errors.Is(err, fs.ErrNotExist) && !empty(s.Data)
			return nil
		})
		if missing {
			_ = s.markData(text) // the journal has it too
		}
	}
	go func() {
		defer close(ended)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				look()
				return
			case <-tick.C:
				look()
			}
		}
	}()
	return func() { cancel(); <-ended }
}

// empty says whether there is nothing in a directory, or no directory.
func empty(dir string) bool {
	d, err := os.Open(dir)
	if err != nil {
		return true
	}
	defer d.Close()
	names, _ := d.Readdirnames(1)
	return len(names) == 0
}

// unmark removes the mark in both places: in the data first, so that a crash
// in between leaves data that counts as incomplete.
func (s Server) unmark() error {
	inData, inJournal := s.markers()
	err := pg.As(s.User, func() error { return removeDurably(inData) })
	if err == nil {
		err = removeDurably(inJournal)
	}
	if err != nil {
		return fmt.Errorf("cannot mark the data as whole: %w", err)
	}
	return nil
}

func removeDurably(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(path))
}
