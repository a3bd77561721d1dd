package operation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"pgrex/internal/doctor"
	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
	"pgrex/internal/run"
)

// lookIn is what to look at on a node.
type lookIn struct {
	Settings *pg.Settings // nil when nothing is known of the server
	Journal  string       // of an unfinished operation
	Running  string       // the file that a running operation locks
	Archive  string
}

// look is what a node itself says, which the cluster does not know. What this
// user may not see, or what could not be found out, is nil.
type look struct {
	// Stack are the daemons of the cluster that run there.
	Stack     []node.Process
	Lock      *lockFile
	Journal   *journalLook
	Operation *runningOperation // nil as well when none runs
	PID       *int              // of the server, 0 when it does not run
	Server    *serverLook
	Disks     []disk
	// Addresses are those of the node's interfaces.
	Addresses []heldAddress
	// LinksDown are the links of Corosync that are not connected to every other
	// node, of so many; none as well where it does not say.
	LinksDown []string
	Links     int
}

// heldAddress is an address that an interface has.
type heldAddress struct {
	Prefix netip.Prefix
	Device string
}

// journalLook is the journal of a node: File is nil when nothing is unfinished.
type journalLook struct{ File *journal }

// runningOperation is a command that is at work on a node.
type runningOperation struct {
	PID           int
	Command, Host string
	Since         time.Time
}

// serverLook is what a server says of itself.
type serverLook struct {
	InRecovery   bool
	Current      wal.LSN // of a primary
	ReplayPaused bool
	Receiver     string // of a standby, as pg_stat_wal_receiver has it
	Complaint    string // of a standby that receives nothing: what its receiver said last
	Waits        pg.CommitWaits
	Abandoned    int // commits ended while they waited for the standby, in the end of the log
	Senders      []senderLook
	Archiving    *pg.Archiver // nil: not known
}

// senderLook is a standby as its primary sees it.
type senderLook struct {
	Name, Address, State, Sync string
	Behind                     int64 // bytes until it has replayed all; -1: not known
	Delay                      *time.Duration
}

// disk is the file system of a directory.
type disk struct {
	Path        string
	Free, Total int64
}

// lookAround finds out on a node what only the node knows. It needs no rights:
// what is not to be seen without them stays unknown.
var lookAround = node.Define("look-around", func(ctx context.Context, in lookIn) (look, error) {
	var l look
	if stack, err := node.Stack.On(ctx, node.Local{}, struct{}{}); err == nil {
		l.Stack = stack
	}
	l.Addresses = lookAddresses()
	if slices.ContainsFunc(l.Stack, func(p node.Process) bool { return p.Name == "corosync" }) {
		l.LinksDown, l.Links = downOf(doctor.CorosyncLinks(ctx, run.Local{}))
	}
	l.Journal = lookJournal(in.Journal)
	l.Operation = lookOperation(in.Running)
	if in.Archive != "" {
		l.Disks = addDisk(l.Disks, in.Archive)
	}
	if in.Settings == nil {
		return l, nil
	}
	i, err := serverIn{*in.Settings}.instance(ctx)
	if err != nil {
		return l, nil //nolint:nilerr // without its user nothing can be asked of the server
	}
	if lock, err := lockOf(i); err == nil {
		l.Lock = &lock
	}
	if pid, err := serverPID(i); err == nil {
		l.PID = &pid
	}
	l.Disks = addDisk(l.Disks, i.WALDir())
	l.Server = lookServer(ctx, i)
	return l, nil
})

func lookAddresses() []heldAddress {
	var all []heldAddress
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	for _, i := range interfaces {
		addresses, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addresses {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				all = append(all, heldAddress{p, i.Name})
			}
		}
	}
	return all
}

// downOf are the numbers of those links that are down, and how many there are.
func downOf(links []doctor.Link) (down []string, all int) {
	for _, l := range links {
		if len(l.Down) > 0 {
			down = append(down, l.ID)
		}
	}
	return down, len(links)
}

func serverPID(i *pg.Instance) (int, error) {
	p, err := i.Processes()
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	return p.Postmaster, err
}

func lookServer(ctx context.Context, i *pg.Instance) *serverLook {
	ctx, cancel := context.WithTimeout(ctx, serverTime)
	defer cancel()
	s, err := i.Connect(ctx)
	if err != nil {
		return nil
	}
	defer s.Close()
	st, senders, err := s.Observe(ctx)
	if err != nil {
		return nil
	}
	l := &serverLook{InRecovery: st.InRecovery, Current: st.Current, ReplayPaused: st.ReplayPaused, Receiver: st.ReceiverStatus}
	if st.InRecovery && st.ReceiverStatus != "streaming" && st.ReceiverStatus != pg.ReceiverHidden {
		l.Complaint = withoutPrefix(i.ReceiverComplaint())
	}
	if !st.InRecovery {
		l.Abandoned = i.AbandonedCommits()
		if w, err := s.CommitWaits(ctx); err == nil {
			l.Waits = w
		}
	}
	lags, err := s.ReplayLags(ctx)
	if err != nil {
		lags = nil
	}
	if a, err := s.Archiver(ctx); err == nil {
		l.Archiving = &a
	}
	for _, v := range senders {
		if !v.Physical && v.State != "catchup" && v.State != "startup" {
			continue // pg_basebackup, pg_receivewal, a logical subscriber
		}
		l.Senders = append(l.Senders, lookSender(v, st.Current, lags))
	}
	return l
}

// withoutPrefix is a line of the server's log from its severity on.
func withoutPrefix(line string) string {
	for _, severity := range []string{"FATAL:", "ERROR:", "LOG:"} {
		if i := strings.Index(line, severity); i >= 0 {
			return line[i:]
		}
	}
	return line
}

func lookSender(v pg.Sender, current wal.LSN, lags map[int]time.Duration) senderLook {
	out := senderLook{Name: v.Name, Address: v.ClientAddr, State: v.State, Sync: v.SyncState, Behind: -1}
	if v.Replay != 0 && current != 0 {
		out.Behind = max(0, int64(current)-int64(v.Replay))
	}
	if lag, measured := lags[v.PID]; measured {
		out.Delay = &lag
	} else if out.Behind == 0 {
		out.Delay = new(time.Duration) // nothing is on its way
	}
	return out
}

func lookJournal(path string) *journalLook {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &journalLook{}
	}
	var j journal
	if err != nil || json.Unmarshal(b, &j) != nil {
		return nil
	}
	return &journalLook{&j}
}

// lookOperation reads who has the lock of the commands. Of one that was killed
// the name is still there, but not the process.
func lookOperation(path string) *runningOperation {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	const pidCommandHostSince = 4
	lines := strings.Split(string(b), "\n")
	var o runningOperation
	if _, err := fmt.Sscan(lines[0], &o.PID); err != nil || len(lines) < pidCommandHostSince {
		return nil
	}
	o.Command, o.Host = lines[1], lines[2]
	o.Since, _ = time.Parse(time.RFC3339, lines[3])
	own, err := node.HostName()
	if err != nil || o.Host != own {
		return nil // seen on the node that it was typed on
	}
	// The number may be another program's by now.
	if cmd, err := os.ReadFile(filepath.Join("/proc", fmt.Sprint(o.PID), "cmdline")); err != nil || !strings.Contains(string(cmd), "pg-rex") {
		return nil
	}
	return &o
}

// addDisk adds the file system of a directory, unless it is one of those
// already there.
func addDisk(list []disk, path string) []disk {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil || st.Blocks == 0 {
		return list
	}
	return append(list, disk{Path: path, Free: int64(st.Bavail) * st.Bsize, Total: int64(st.Blocks) * st.Bsize})
}
