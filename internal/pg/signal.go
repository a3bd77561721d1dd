package pg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// StopMode is a way to end the server, named as in pg_ctl stop -m.
type StopMode int

// The modes, from patient to merciless.
const (
	Smart     StopMode = iota // wait for the clients to leave
	Fast                      // disconnect them, shutdown checkpoint
	Immediate                 // no checkpoint: crash recovery at the next start
	Kill                      // SIGKILL to every server process
)

func (m StopMode) String() string {
	switch m {
	case Smart:
		return "smart"
	case Fast:
		return "fast"
	case Immediate:
		return "immediate"
	case Kill:
		return "kill"
	}
	return "StopMode(" + strconv.Itoa(int(m)) + ")"
}

// signal is what the postmaster understands (PostgreSQL manual, "Shutting Down the Server").
func (m StopMode) signal() syscall.Signal {
	switch m {
	case Smart:
		return syscall.SIGTERM
	case Fast:
		return syscall.SIGINT
	case Immediate:
		return syscall.SIGQUIT
	default:
		return syscall.SIGKILL
	}
}

// waitInterval is how often waits look at processes.
const waitInterval = 15 * time.Millisecond

// Signal sends the signal of mode to server process pid. Kill is for all
// processes of the data directory: the postmaster first, lest it replaces
// what dies, then every other one, because SIGKILL leaves the postmaster no
// time to end them itself.
//
// It returns an error with [os.ErrProcessDone] when pid is not, or no longer,
// a process of this data directory; nothing is signalled then, except that
// Kill still ends the others.
func (i *Instance) Signal(pid int, mode StopMode) error {
	dir, err := i.dataDir()
	if err != nil {
		return err
	}
	if mode != Kill {
		return dir.signal(pid, mode.signal())
	}
	var first error
	if pid != 0 {
		first = dir.signal(pid, syscall.SIGKILL)
	}
	// A process can fork between being seen and being killed, so look again
	// until all that is left has been killed already.
	killed := map[member]bool{}
	for {
		all, err := dir.members()
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(m member) bool {
			return killed[member{pid: m.pid, start: m.start}]
		})
		if len(all) == 0 {
			return first
		}
		for _, m := range all {
			killed[member{pid: m.pid, start: m.start}] = true
			if err := dir.signal(m.pid, syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
				first = errors.Join(first, err)
			}
		}
	}
}

// signal sends sig if pid is a process of the directory. On Linux from 5.3 on
// os.Process holds a pidfd: what is checked after it was opened is the process
// that the signal goes to, even if its pid is given to another one meanwhile.
func (d dataDir) signal(pid int, sig syscall.Signal) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return fmt.Errorf("cannot find process %d: %w", pid, err)
	}
	defer func() { _ = p.Release() }()
	ours, err := d.owns(pid)
	if err != nil {
		return err
	}
	if !ours {
		return fmt.Errorf("process %d is not a server of %s: %w", pid, d.path, os.ErrProcessDone)
	}
	if err := p.Signal(sig); err != nil {
		return fmt.Errorf("cannot send %v to process %d: %w", sig, pid, err)
	}
	return nil
}

// WaitGone waits until no process of the data directory is left.
func (i *Instance) WaitGone(ctx context.Context) error {
	tick := time.NewTicker(waitInterval)
	defer tick.Stop()
	var known []member
	for {
		left, err := i.stillThere(known)
		if err != nil {
			return err
		}
		if len(left) == 0 {
			return nil
		}
		known = left
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%d processes of %s are still there, the first is %d: %w",
				len(left), i.set.Data, left[0].pid, context.Cause(ctx))
		}
	}
}

// stillThere looks at the known processes first, which is cheap, and lists all
// only when none of those is left.
func (i *Instance) stillThere(known []member) ([]member, error) {
	var left []member
	for _, k := range known {
		// Not whether it runs postgres: a dying process has lost its program
		// long before it has closed its files.
		if m, err := readStat(k.pid); err == nil && m.start == k.start && m.state != 'Z' && m.state != 'X' {
			left = append(left, m)
		}
	}
	if len(left) > 0 {
		return left, nil
	}
	dir, err := i.dataDir()
	if err != nil {
		return nil, err
	}
	return dir.members()
}

// Reload makes the server read its configuration again. The server does so on
// its own time; what it takes over shows in pg_settings, errors in its log.
func (i *Instance) Reload() error {
	p, err := i.Processes()
	if err != nil {
		return fmt.Errorf("cannot reload: %w", err)
	}
	if p.Postmaster == 0 {
		return fmt.Errorf("cannot reload: no server runs in %s: %w", i.set.Data, os.ErrProcessDone)
	}
	dir, err := i.dataDir()
	if err != nil {
		return fmt.Errorf("cannot reload: %w", err)
	}
	if err := dir.signal(p.Postmaster, syscall.SIGHUP); err != nil {
		return fmt.Errorf("cannot reload: %w", err)
	}
	return nil
}

// EndReceiver ends the process that receives WAL where it was started longer than age
// ago, and says whether there was one. The server starts another, which connects anew.
func (i *Instance) EndReceiver(age time.Duration) (bool, error) {
	p, err := i.Processes()
	if err != nil || p.Postmaster == 0 {
		return false, err
	}
	dir, err := i.dataDir()
	if err != nil {
		return false, err
	}
	all, err := dir.members()
	if err != nil {
		return false, err
	}
	for _, m := range all {
		young := age > 0 && m.start+uint64(age.Seconds()*ticksPerSecond) > ticksNow()
		if m.parent != p.Postmaster || young || !m.receives() {
			continue
		}
		err := dir.end(m.pid)
		return err == nil, err
	}
	return false, nil
}

// EndProcess asks one process of the server to end, as pg_terminate_backend does.
func (i *Instance) EndProcess(pid int) error {
	dir, err := i.dataDir()
	if err != nil {
		return err
	}
	return dir.end(pid)
}

// end asks a process to end; one that has ended by itself has done so too.
func (d dataDir) end(pid int) error {
	err := d.signal(pid, syscall.SIGTERM)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// receives says whether a server's process is its receiver of WAL, by its title:
// "walreceiver", before PostgreSQL 11 "wal receiver process".
func (m member) receives() bool {
	title, _ := os.ReadFile("/proc/" + strconv.Itoa(m.pid) + "/cmdline") // none is gone
	return strings.Contains(strings.ReplaceAll(string(title), " ", ""), "walreceiver")
}
