package rebuild

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"pgrex/internal/durable"
	"pgrex/internal/message"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
	"pgrex/internal/run"
)

func mebibytes(n int64) string { return fmt.Sprintf("%d MiB", (n+1<<20-1)>>20) }

// TryConnection opens a replication connection as the backup will, and returns
// the reason why that is not possible, nil otherwise.
func (s Server) TryConnection(ctx context.Context, p Primary) *message.Failure {
	set := s.Settings
	set.Port = p.Port
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	peer, err := pg.New(set, s.Run).AskPeer(ctx, p.Address, p.User, p.Options)
	if err != nil {
		return message.Fail(message.SST125, "user", p.User, "addr", p.Address, "reason", err)
	}
	if peer.SystemID != p.SystemID {
		return message.Fail(message.SST128, "addr", p.Address, "a", peer.SystemID, "b", p.SystemID)
	}
	return nil
}

// BaseBackup empties the places that f names, or renames them, and fills them
// with a copy of the primary's data. Whatever goes wrong after the first change
// ends with SST-092 and with places that are empty: half of a copy is of no use.
func (s Server) BaseBackup(ctx context.Context, f Facts, p Primary, o Options, tell Progress) error {
	if no := Refusals(s, f, p, o); len(no) > 0 {
		return message.Fail(message.SST049, "reason", no[0].Error())
	}
	argv, err := s.backupCommand(ctx, p, o)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := s.EndLeftovers(ctx); err != nil {
		return err
	}
	m := Mark{What: BaseBackup, When: time.Now(), Source: p.Address}
	var old []string
	if o.KeepOld {
		if old, err = s.setAside(f, m.When); err != nil {
			return message.Fail(message.SST049, "reason", err)
		}
	}
	if err := s.mark(m); err != nil {
		return err
	}
	if err = s.clear(ctx, f); err == nil {
		err = s.copy(ctx, argv, p, o, m, tell)
	}
	if err == nil {
		err = s.unmark()
	}
	if err == nil {
		return nil
	}
	failed := message.Fail(message.SST092).Because(err).With(old...)
	var ended *run.ExitError
	if errors.As(err, &ended) {
		failed.With(lastLines(ended.Stderr)...)
	}
	// There is time for this after a signal, too.
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err := errors.Join(s.EndLeftovers(after), s.clear(after, f)); err != nil {
		return failed.With(err.Error()) // and the mark stays
	}
	if err := s.unmark(); err != nil {
		return failed.With(err.Error())
	}
	return failed
}

// EndLeftovers ends what an earlier base backup has left running here: the
// half of pg_basebackup that receives WAL outlives the other one when that is
// killed, and goes on to write into the directory of the WAL.
func (s Server) EndLeftovers(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		left, err := s.Leftovers()
		if err != nil {
			return fmt.Errorf("cannot look for processes of an earlier base backup: %w", err)
		}
		if len(left) == 0 {
			return nil
		}
		for _, pid := range left {
			_ = unix.Kill(pid, unix.SIGKILL) // it may be gone
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("processes of an earlier base backup do not end (%v): %w", left, context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// Leftovers are the live processes of our calls of pg_basebackup for this data
// directory, by what they were called with.
func (s Server) Leftovers() ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var found []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || owner("/proc/"+e.Name()) != s.User.UID {
			continue
		}
		text, _ := os.ReadFile("/proc/" + e.Name() + "/cmdline") // empty for one that has ended
		args := strings.Split(string(text), "\x00")
		called := func(a string) bool { return strings.Contains(a, applicationName) }
		if i := slices.Index(args, "-D"); filepath.Base(args[0]) == BaseBackup && i > 0 && args[i+1] == s.Data && slices.ContainsFunc(args, called) {
			found = append(found, pid)
		}
	}
	return found, nil
}

// applicationName is what the primary knows the backup by.
const applicationName = "application_name=pg-rex"

// backupCommand is the call of pg_basebackup without the server's address.
func (s Server) backupCommand(ctx context.Context, p Primary, o Options) ([]string, error) {
	program, err := s.program("pg_basebackup")
	if err != nil {
		return nil, err
	}
	release, err := s.release(ctx, program)
	if err != nil {
		return nil, err
	}
	return append([]string{program, "-D", s.Data}, backupOptions(release, p, o)...), nil
}

func backupOptions(release int, p Primary, o Options) []string {
	options := []string{"-P", "-w", "--checkpoint=fast"}
	if o.Spread {
		options[2] = "--checkpoint=spread"
	}
	modern := since(release, 10)
	switch {
	case o.Stream:
		options = append(options, "-X", "stream")
		if modern && p.FreeSlots == 0 {
			options = append(options, "--no-slot")
		}
	case modern: // none is what older ones do unasked
		options = append(options, "-X", "none")
	}
	switch {
	case p.WALDir != "" && modern:
		options = append(options, "--waldir="+p.WALDir)
	case p.WALDir != "":
		options = append(options, "--xlogdir="+p.WALDir)
	}
	if o.MaxRate > 0 {
		const least, most = 32, 1 << 20 // other numbers are refused when the old data is gone already
		options = append(options, fmt.Sprintf("--max-rate=%dk", min(max(o.MaxRate>>10, least), most)))
	}
	if since(release, 13) {
		options = append(options, "--no-manifest") // the server that starts next makes it untrue
	}
	return options
}

// copy runs pg_basebackup into empty places and looks at what it has made.
func (s Server) copy(ctx context.Context, argv []string, p Primary, o Options, m Mark, tell Progress) error {
	options, passwordFile, err := s.connectionOptions(p)
	if err != nil {
		return err
	}
	conninfo := fmt.Sprintf("host=%s port=%d user=%s "+applicationName+" connect_timeout=10"+
		" keepalives_idle=15 keepalives_interval=15 keepalives_count=3", pg.ConninfoValue(p.Address), p.Port, pg.ConninfoValue(p.User))
	cmd := s.command(append(argv, "-d", strings.TrimSpace(conninfo+" "+options))...)
	if passwordFile != "" {
		defer os.RemoveAll(filepath.Dir(passwordFile))
		cmd.Env = append(cmd.Env, "PGPASSFILE="+passwordFile) // the last one counts
	}
	cmd.Live = &watcher{tell: tell}
	stop := s.keepMarked(m)
	_, err = s.Run.Run(ctx, cmd)
	stop()
	if err != nil {
		return err
	}
	return s.proveBackup(p, o)
}

// proveBackup looks whether the data directory holds a backup of that server.
func (s Server) proveBackup(p Primary, o Options) error {
	inst := s.instance()
	control, err := inst.Control()
	if err != nil {
		return err
	}
	if control.SystemID != p.SystemID {
		return fmt.Errorf("the copy is of another database: system identifier %d, not %d", control.SystemID, p.SystemID)
	}
	release, err := inst.Version()
	if err != nil {
		return err
	}
	return pg.As(s.User, func() error {
		if _, err := os.Stat(filepath.Join(s.Data, "backup_label")); err != nil {
			return err
		}
		if o.Stream {
			return nil
		}
		entries, err := os.ReadDir(filepath.Join(s.Data, walName(release)))
		if err != nil {
			return err
		}
		for _, e := range entries {
			if _, isWAL := wal.ParseName(e.Name()); isWAL {
				return message.Fail(message.SST083, "list", e.Name())
			}
		}
		return nil
	})
}

// connectionOptions are those of the primary's keywords that a backup may have.
// A password among them goes into a file that only the user of the server can
// read: arguments and environments of programs are seen by others.
func (s Server) connectionOptions(p Primary) (options, passwordFile string, err error) {
	var kept []string
	for _, kv := range keywords(p.Options) {
		switch kv.key {
		case "host", "hostaddr", "port", "user", "dbname", "replication", "application_name", "fallback_application_name":
		case "password":
			if passwordFile, err = s.passwordFile(kv.value); err != nil {
				return "", "", err
			}
		default:
			kept = append(kept, kv.key+"="+pg.ConninfoValue(kv.value))
		}
	}
	return strings.Join(kept, " "), passwordFile, nil
}

func (s Server) passwordFile(password string) (string, error) {
	dir, err := os.MkdirTemp("", "pg-rex-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "pgpass")
	text := "*:*:*:*:" + strings.NewReplacer(`\`, `\\`, `:`, `\:`).Replace(password) + "\n"
	err = os.WriteFile(path, []byte(text), 0o600)
	if err == nil {
		err = errors.Join(s.give(path), s.give(dir))
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return "", err
	}
	return path, nil
}

type keyword struct{ key, value string }

// keywords takes a connection string apart, which the agent has found in order
// (conninfo_parse in fe-connect.c).
func keywords(s string) []keyword {
	const blanks = " \t\n\v\f\r"
	var all []keyword
	for s = strings.TrimLeft(s, blanks); s != ""; s = strings.TrimLeft(s, blanks) {
		key, rest, _ := strings.Cut(s, "=")
		rest = strings.TrimLeft(rest, blanks)
		quoted := strings.HasPrefix(rest, "'")
		rest = strings.TrimPrefix(rest, "'")
		var value strings.Builder
		k := 0
		for ; k < len(rest); k++ {
			c := rest[k]
			if quoted && c == '\'' || !quoted && strings.IndexByte(blanks, c) >= 0 {
				k++
				break
			}
			if c == '\\' && k+1 < len(rest) {
				k++
				c = rest[k]
			}
			value.WriteByte(c)
		}
		all = append(all, keyword{strings.Trim(key, blanks), value.String()})
		s = rest[k:]
	}
	return all
}

// clear removes what is in the places and leaves the places: they can be mount
// points. The control file goes first, so that a crash leaves nothing that
// could be taken for a database, and the version last, so that it leaves what
// is known to have been one.
func (s Server) clear(ctx context.Context, f Facts) error {
	return pg.As(s.User, func() error {
		err := removeDurably(filepath.Join(s.Data, "global", "pg_control"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, p := range slices.Backward(f.Places) { // the data last
			entries, err := os.ReadDir(p.Real)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			slices.SortStableFunc(entries, func(a, b fs.DirEntry) int { return rank(a.Name()) - rank(b.Name()) })
			for _, e := range entries {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				if err := os.RemoveAll(filepath.Join(p.Real, e.Name())); err != nil {
					return err
				}
			}
			if err := usable(p); err != nil {
				return err
			}
		}
		return nil
	})
}

func rank(name string) int {
	if name == "PG_VERSION" || name == MarkerName {
		return 1
	}
	return 0
}

// usable makes the data directory one that a server starts in.
func usable(p PlaceFacts) error {
	st, err := os.Stat(p.Real)
	if err != nil || p.Kind != Data || st.Mode().Perm()&0o027 == 0 {
		return err
	}
	return os.Chmod(p.Real, 0o700)
}

// setAside renames the places and makes empty ones of the same names. It
// returns where the old ones are. When one of them cannot be renamed, all of
// them are what they were.
func (s Server) setAside(f Facts, now time.Time) (old []string, err error) {
	suffix := ".old-" + now.Format("20060102-150405")
	err = pg.As(s.User, func() error {
		var done []string
		for _, p := range f.Places {
			if !p.Exists || empty(p.Real) {
				continue
			}
			err := os.Rename(p.Real, p.Real+suffix)
			if err == nil {
				done = append(done, p.Real)
				err = errors.Join(os.Mkdir(p.Real, 0o700), durable.SyncDir(filepath.Dir(p.Real)))
			}
			if err != nil {
				for _, dir := range done {
					err = errors.Join(err, os.Remove(dir), os.Rename(dir+suffix, dir))
				}
				return err
			}
			old = append(old, p.Real+suffix)
		}
		return nil
	})
	return old, err
}
