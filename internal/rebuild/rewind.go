package rebuild

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/run"
)

// Source is the server that data is rewound to.
type Source struct {
	Node node.Node
	// Settings describe the server over there. The resource being the same on
	// both nodes, they are those of the own server.
	Settings pg.Settings
	// RestoreCommand is the resource's; empty when it has none.
	RestoreCommand string
}

// superuser is how a server is spoken to as its owner, whoever monitors it.
func superuser(set pg.Settings) pg.Settings {
	set.MonitorUser, set.MonitorPassword = "", ""
	return set
}

// settle makes the control file of a promoted server tell of its timeline: it
// does so from the first checkpoint on, and pg_rewind goes by the file.
var settle = node.Define("settle-timeline", func(ctx context.Context, set pg.Settings) (bool, error) {
	user, err := pg.LookupUser(ctx, run.Local{}, set.User.Name)
	if err != nil {
		return false, err
	}
	set.User = user
	inst := pg.New(set, run.Local{})
	control, err := inst.Control()
	if err != nil {
		return false, err
	}
	session, err := inst.Connect(ctx)
	if err != nil {
		return false, err
	}
	defer session.Close()
	state, err := session.State(ctx)
	if err != nil || state.InRecovery || state.Timeline == control.Timeline {
		return false, err
	}
	return true, session.Exec(ctx, "CHECKPOINT")
})

// ProveRewind goes through a rewind up to where it would change something, and
// returns how many bytes it would copy. The data must have been shut down in
// order; nothing here is changed.
func (s Server) ProveRewind(ctx context.Context, src Source) (int64, error) {
	text, err := s.rewind(ctx, src, nil, "--dry-run")
	if err != nil {
		return 0, err
	}
	return toCopy(text), nil
}

// Rewind makes the data here what it was when the other server went its own
// way, and the rest a copy of that server's. When it returns an error with
// SST-094 nothing has been changed, with SST-093 only a base backup helps.
func (s Server) Rewind(ctx context.Context, src Source, tell Progress) error {
	m := Mark{What: Rewind, When: time.Now(), Source: src.Node.Name()}
	if err := s.mark(m); err != nil {
		return err
	}
	text, err := s.rewindMarked(ctx, src, tell, m)
	if err == nil {
		if err = s.afterRewind(); err == nil {
			err = s.unmark()
		}
		if err != nil {
			return message.Fail(message.SST093).Because(err)
		}
		return nil
	}
	if begun(ctx, text, err) {
		// Its class, that nothing here has changed, is true no longer.
		var unchanged *message.Failure
		if errors.As(err, &unchanged) && unchanged.ID == message.SST094 && unchanged.Err != nil {
			err = unchanged.Err
		}
		return message.Fail(message.SST093).Because(err).With(lastLines(text)...)
	}
	if unmarkErr := s.unmark(); unmarkErr != nil {
		return errors.Join(err, unmarkErr)
	}
	return err
}

func (s Server) rewindMarked(ctx context.Context, src Source, tell Progress, m Mark) (string, error) {
	defer s.keepMarked(m)()
	// The single-user server that completes a crash recovery does not start
	// with these; the agent writes its own.
	if err := s.removeSignals(); err != nil {
		return "", message.Fail(message.SST094).Because(err)
	}
	return s.rewind(ctx, src, tell)
}

// begun says whether pg_rewind may have overwritten something. It announces how
// much it will copy right before. What a program says that was killed may not
// have arrived.
func begun(ctx context.Context, text string, err error) bool {
	var ended *run.ExitError
	killed := errors.As(err, &ended) && ended.Status < 0
	return ctx.Err() != nil || killed || needToCopy.MatchString(text)
}

var needToCopy = regexp.MustCompile(`need to copy (\d+) MB`)

// toCopy is what pg_rewind has announced.
func toCopy(text string) int64 {
	m := needToCopy.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	n, _ := strconv.ParseInt(m[1], 10, 64) // digits
	return n << 20
}

// rewind runs pg_rewind and returns what it printed.
func (s Server) rewind(ctx context.Context, src Source, tell Progress, options ...string) (string, error) {
	unchanged := func(err error) error { return message.Fail(message.SST094).Because(err) }
	program, err := s.program("pg_rewind")
	if err != nil {
		return "", unchanged(err)
	}
	release, err := s.instance().Version()
	if err != nil {
		return "", unchanged(err)
	}
	set := superuser(src.Settings)
	if _, err := settle.On(ctx, src.Node, set); err != nil {
		return "", unchanged(err)
	}
	r, err := s.openRelay(ctx, src.Node, set)
	if err != nil {
		return "", unchanged(err)
	}
	defer r.close()
	argv := append([]string{program, "-D", s.Data, "-P", "--source-server=" + s.relayConninfo(r)}, options...)
	more, err := s.restoreOptions(ctx, release, src.RestoreCommand, r.dir)
	if err != nil {
		return "", unchanged(err)
	}
	cmd := s.command(append(argv, more...)...)
	cmd.Live = &watcher{tell: tell}
	res, err := s.Run.Run(ctx, cmd)
	text := string(res.Stdout) + string(res.Stderr)
	switch {
	case err != nil && (strings.Contains(text, "could not connect") || strings.Contains(text, "connection to server")):
		return text, message.Fail(message.SST082, "peer", src.Node.Name()).Because(err)
	case err != nil:
		return text, unchanged(err).(*message.Failure).With(lastLines(text)...)
	case strings.Contains(text, "no rewind required"):
		// So it says too when both histories use the same number for different timelines.
		return text, unchanged(errors.New("pg_rewind sees nothing that differs"))
	}
	return text, nil
}

func (s Server) relayConninfo(r *relay) string {
	return fmt.Sprintf("host=%s port=%d user=%s dbname=%s",
		pg.ConninfoValue(r.dir), s.Port, pg.ConninfoValue(s.User.Name), pg.ConninfoValue(s.DB))
}

// restoreOptions let pg_rewind fetch WAL from the archive. From 13 on it asks
// the server's program for restore_command; from 15 on it can be told which
// configuration to ask for, which has the resource's.
func (s Server) restoreOptions(ctx context.Context, release int, command, dir string) ([]string, error) {
	if !since(release, 13) {
		return nil, nil
	}
	var options []string
	if since(release, 15) {
		text := "include " + pg.QuoteConf(s.Config) + "\n"
		if command != "" {
			text += "restore_command = " + pg.QuoteConf(command) + "\n"
		}
		path := filepath.Join(dir, "postgresql.conf")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return nil, err
		}
		if err := s.give(path); err != nil {
			return nil, err
		}
		options = append(options, "--config-file="+path)
		if command != "" {
			return append(options, "-c"), nil
		}
	}
	// Without a configuration that can be read there is none to be used.
	if set, err := s.instance().WillUse(ctx, "restore_command"); err == nil && set != "" {
		options = append(options, "-c")
	}
	return options, nil
}

// afterRewind removes what a standby must not begin with.
func (s Server) afterRewind() error {
	inst := s.instance()
	release, err := inst.Version()
	if err != nil {
		return err
	}
	control, err := inst.Control()
	if err != nil {
		return err
	}
	if err := s.removeSignals(); err != nil {
		return err
	}
	return pg.As(s.User, func() error {
		// Before 11 they are copies of the other server's, and nobody moves them on.
		if err := emptyDir(filepath.Join(s.Data, "pg_replslot")); err != nil {
			return err
		}
		return removeHalfSegments(filepath.Join(s.Data, walName(release)), control.SegmentSize)
	})
}

// removeSignals removes what makes the server recover: the agent writes what it needs.
func (s Server) removeSignals() error {
	return pg.As(s.User, func() error {
		for _, name := range []string{"standby.signal", "recovery.signal"} {
			if err := removeDurably(filepath.Join(s.Data, name)); err != nil {
				return err
			}
		}
		return nil
	})
}

// removeHalfSegments removes segments that were removed on the other server
// while they were copied: marked for the archive, they would be archived as
// they are.
func removeHalfSegments(dir string, segmentSize int) error {
	status := filepath.Join(dir, "archive_status")
	entries, err := os.ReadDir(status)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, ready := strings.CutSuffix(e.Name(), ".ready")
		const segmentDigits = 24
		if !ready || len(name) != segmentDigits {
			continue
		}
		st, err := os.Stat(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) || err == nil && st.Size() == int64(segmentSize) {
			continue
		}
		if err == nil {
			err = errors.Join(os.Remove(filepath.Join(status, e.Name())), os.Remove(filepath.Join(dir, name)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// emptyDir removes what is in a directory.
func emptyDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// lastLines are the last things that a program has said, without progress.
func lastLines(text string) []string {
	const most = 5
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !percentLine.MatchString(line) {
			lines = append(lines, line)
		}
	}
	return lines[max(0, len(lines)-most):]
}
