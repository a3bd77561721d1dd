package setup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"pgrex/internal/durable"
	"pgrex/internal/pg"
	"pgrex/internal/run"
)

// Apply carries out one step.
func (s Setup) Apply(ctx context.Context, o Observed, step Step) error {
	switch step.Kind {
	case MakeDir:
		return s.instance(s.Data, "").MakeDir(step.Path, fileMode(step.Mode))
	case WriteUserFile:
		return s.writeUserFile(step)
	case WriteSystemFile:
		return writeSystemFile(step)
	case DisableUnit:
		_, err := s.Run.Run(ctx, run.Command{Argv: []string{"systemctl", "disable", step.Unit}})
		return err
	case RemoveUnfinished:
		return s.removeUnfinished(step)
	case CreateDatabase:
		return s.createDatabase(ctx, o.Release)
	}
	return fmt.Errorf("there is no step of kind %d", step.Kind)
}

// fileMode is a mode of chmod(2) as Go has it.
func fileMode(mode uint32) os.FileMode {
	m := os.FileMode(mode & 0o777)
	if mode&syscall.S_ISGID != 0 {
		m |= os.ModeSetgid
	}
	return m
}

// errChanged says that somebody else was at work since the plan was shown.
var errChanged = errors.New("it has been changed since the plan was made; run the command again")

// writeUserFile writes a file of the database's. The password file is made anew,
// so that owner and mode become right; others keep theirs.
func (s Setup) writeUserFile(step Step) error {
	i := s.instance(s.Data, "")
	if step.New || step.secret {
		// What a killed run has left of such a file may hold the password.
		dir := filepath.Dir(step.Path)
		if _, err := pg.New(pg.Settings{Data: dir, TmpDir: dir, User: s.User}, s.Run).RemoveTemporary(); err != nil {
			return err
		}
		now, err := i.ReadFile(step.Path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return err
		}
		if err == nil && string(now) != step.Before {
			return fmt.Errorf("cannot write %s: %w", step.Path, errChanged)
		}
		return i.WriteFile(step.Path, step.After)
	}
	return i.EditFile(step.Path, edit(step))
}

func edit(step Step) func([]byte) ([]byte, error) {
	return func(now []byte) ([]byte, error) {
		if string(now) != step.Before {
			return nil, errChanged
		}
		return []byte(step.After), nil
	}
}

func writeSystemFile(step Step) error {
	if !step.New {
		return pg.New(pg.Settings{}, nil).EditFile(step.Path, edit(step))
	}
	dir := filepath.Dir(step.Path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if _, err := os.Lstat(step.Path); err == nil {
		return fmt.Errorf("cannot write %s: %w", step.Path, errChanged)
	}
	f, err := os.CreateTemp(dir, ".pg-rex-init-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // renamed already when all went well
	_, err = f.WriteString(step.After)
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), step.Path); err != nil {
		return err
	}
	return durable.SyncDir(dir)
}

// removeUnfinished removes a database that never got its name. The WAL goes
// first: the link to it is what tells the next run that it is ours.
func (s Setup) removeUnfinished(step Step) error {
	return pg.As(s.User, func() error {
		if step.WAL {
			entries, err := os.ReadDir(s.WAL)
			if err != nil {
				return err
			}
			for _, e := range entries {
				if e.Name() == "lost+found" {
					continue
				}
				if err := os.RemoveAll(filepath.Join(s.WAL, e.Name())); err != nil {
					return err
				}
			}
			if err := durable.SyncDir(s.WAL); err != nil {
				return err
			}
		}
		return os.RemoveAll(s.staging())
	})
}

// createDatabase makes the database beside its place and gives it its name when
// it is complete. What is there before that is recognised by the name it has.
func (s Setup) createDatabase(ctx context.Context, release int) error {
	data := s.staging()
	conf := filepath.Join(data, "postgresql.conf")
	i := s.instance(data, conf)
	if err := s.program(ctx, i, initdb(release, s.Wanted, data), ""); err != nil {
		return err
	}
	err := errors.Join(
		i.WriteFile(filepath.Join(data, OwnFile), newSettings(release, s.Wanted)),
		i.WriteFile(filepath.Join(data, "pg_hba.conf"), newHBA(release, s.Wanted)),
		i.EditFile(conf, func(text []byte) ([]byte, error) { return []byte(withInclude(string(text))), nil }),
	)
	if err != nil {
		return err
	}
	if err := s.createRole(ctx, i, data); err != nil {
		return err
	}
	return pg.As(s.User, func() error {
		if err := durable.SyncDir(data); err != nil {
			return err
		}
		// Over an empty directory, and over nothing else.
		if err := os.Rename(data, s.Data); err != nil {
			return err
		}
		return durable.SyncDir(filepath.Dir(s.Data))
	})
}

// createRole makes the replication role with a server of one process, which has
// no socket, listens nowhere and ends with its input. That the server takes the
// settings is shown by it too. The password comes on the standard input, and
// nothing of it gets into a log.
func (s Setup) createRole(ctx context.Context, i *pg.Instance, data string) error {
	argv := []string{filepath.Join(s.Bin, "postgres"), "--single", "-D", data}
	for _, option := range []string{"exit_on_error=true", "archive_mode=off", "logging_collector=off", "log_statement=none",
		"log_min_duration_statement=-1", "log_min_error_statement=panic", "standard_conforming_strings=on"} {
		argv = append(argv, "-c", option)
	}
	sql := "CREATE ROLE " + s.RepUser + " REPLICATION LOGIN PASSWORD '" + strings.ReplaceAll(s.Password, "'", "''") + "'\n"
	return s.program(ctx, i, append(argv, "postgres"), sql)
}

// program runs a program as the server's user; what it said is part of the error.
func (s Setup) program(ctx context.Context, i *pg.Instance, argv []string, input string) error {
	cmd := i.Command(argv...)
	cmd.Dir, cmd.Stdin = "/", []byte(input)
	res, err := s.Run.Run(ctx, cmd)
	if said := strings.TrimSpace(string(res.Stderr)); err != nil && said != "" {
		return fmt.Errorf("%w\n%s", err, strings.ReplaceAll(said, s.Password, "********"))
	}
	return err
}
