package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ToolNames are the names that the program of the operation commands has in
// every node.
var ToolNames = []string{
	"pg-rex_primary_start", "pg-rex_master_start", "pg-rex_standby_start", "pg-rex_slave_start",
	"pg-rex_stop", "pg-rex_switchover", "pg-rex_archivefile_delete", "pg-rex_status", "pg-rex_doctor",
	"pg-rex_sheet", "pm_crmgen", "pm_pcsgen", "pg-rex_plan", "pg-rex_apply", "pg-rex_simulate", "pg-rex_init", "pg-rex_archive",
}

// InstallTools puts the operation commands and their configuration in every node.
func (l *Lab) InstallTools(program, configuration string) error {
	content, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	return inParallel(l.nodes, func(n *Node) error {
		if err := n.WriteFile("/usr/sbin/pg-rex", content, 0o755, "root"); err != nil {
			return err
		}
		for _, name := range ToolNames {
			for link, target := range map[string]string{
				"/usr/sbin/" + name: "pg-rex", "/usr/local/bin/" + name: "/usr/sbin/pg-rex",
			} {
				if err := os.Symlink(target, n.Path(link)); err != nil && !errors.Is(err, os.ErrExist) {
					return err
				}
			}
		}
		return n.WriteFile("/etc/pg-rex_tools.conf", []byte(configuration), 0o644, "root")
	})
}

// Screen is what an operator saw of a command, and its exit status.
type Screen struct {
	Text   string
	Status int
}

// operateTime bounds one command of an operator.
const operateTime = 10 * time.Minute

// Operate types a command on the node, logged in over ssh, in the language of
// a locale. With answers it has a terminal, on which they are typed.
func (n *Node) Operate(ctx context.Context, locale, answers string, argv ...string) (Screen, error) {
	enter, err := n.login(n.Address(SLAN), locale, answers != "", argv)
	if err != nil {
		return Screen{}, err
	}
	noteTyped(n.Name, argv)
	ctx, cancel := context.WithTimeout(ctx, operateTime)
	defer cancel()
	out, err := runInput(ctx, answers, enter...)
	s := Screen{Text: strings.ReplaceAll(out, "\r\n", "\n")}
	var exit *ExitError
	if errors.As(err, &exit) {
		s.Status = exit.Status
		const sshFailed = 255
		if exit.Status != sshFailed {
			err = nil
		}
	}
	return s, err
}

// Typed is a command that an operator has typed on a node.
type Typed struct {
	At   time.Time
	Node string // empty: the one that had an address
	Argv []string
}

// typed is what this process has typed; a lab has one process that does.
var typed struct {
	sync.Mutex
	all []Typed
}

func noteTyped(node string, argv []string) {
	typed.Lock()
	defer typed.Unlock()
	typed.all = append(typed.all, Typed{time.Now(), node, slices.Clone(argv)})
}

// Typed is what operators have typed since a time, in the order in which it was.
func (l *Lab) Typed(since time.Time) []Typed {
	typed.Lock()
	defer typed.Unlock()
	var found []Typed
	for _, t := range typed.all {
		if !t.At.Before(since) {
			found = append(found, t)
		}
	}
	return found
}

// login is the argument list that types a command, from this node, on the one
// that has an address.
func (n *Node) login(address, locale string, terminal bool, argv []string) ([]string, error) {
	ssh := []string{"ssh", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR"}
	end := " 2>&1"
	if terminal {
		ssh, end = append(ssh, "-tt"), ""
	}
	return n.Enter(append(ssh, "root@"+address, "LC_ALL="+locale+" "+strings.Join(argv, " ")+end)...)
}

// OperateAndLeave types a command from this node on the one that has an address,
// on a terminal that is lost: the client is killed as soon as cond says so, or
// ends by itself because the address is gone. The command may go on.
func (n *Node) OperateAndLeave(ctx context.Context, address, locale string, cond func() bool, argv ...string) error {
	enter, err := n.login(address, locale, true, argv)
	if err != nil {
		return err
	}
	noteTyped("", argv)
	ctx, kill := context.WithTimeout(ctx, operateTime)
	defer kill()
	ended := make(chan error, 1)
	go func() {
		_, err := runInput(ctx, "", enter...)
		ended <- err
	}()
	for !cond() {
		select {
		case err := <-ended:
			return fmt.Errorf("the session of %s ended before it was to be lost: %w", argv[0], err)
		case <-time.After(time.Millisecond):
		}
	}
	kill()
	<-ended
	return nil
}

// WaitTool waits until a command that runs in the node has ended.
func (n *Node) WaitTool(ctx context.Context, name string) error {
	return Until(ctx, "end of "+name+" on "+n.Name, operateTime, func(context.Context) (string, bool) {
		pids := n.toolPIDs(name)
		return fmt.Sprintf("processes %v", pids), len(pids) == 0
	})
}

// SmallDisk mounts an empty file system of the server's user over a directory
// of the node, in which there is room for so many MiB. What it hides is there
// again after RemoveDisk, or after a power loss.
func (n *Node) SmallDisk(ctx context.Context, dir string, mebibytes int) error {
	if _, err := n.Run(ctx, "mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm,mode=0700", mebibytes), "pgrex-small", dir); err != nil {
		return err
	}
	_, err := n.Run(ctx, "chown", postgresMe+":", dir)
	return err
}

// RemoveDisk undoes SmallDisk.
func (n *Node) RemoveDisk(ctx context.Context, dir string) error {
	_, err := n.Run(ctx, "umount", dir)
	return err
}

// KillTool kills a command that runs in the node (SIGKILL) as soon as cond says
// so. What it waits for may last some milliseconds only.
func (n *Node) KillTool(ctx context.Context, name string, cond func() bool) error {
	var pids []int
	err := Until(ctx, name+" on "+n.Name, Timeouts.Command, func(context.Context) (string, bool) {
		pids = n.toolPIDs(name)
		return "it does not run", len(pids) > 0
	})
	if err != nil {
		return err
	}
	const often = 200 // looks between two that cost something
	for look, end := 0, time.Now().Add(Timeouts.Command); !cond(); look++ {
		if look%often == often-1 && len(n.toolPIDs(name)) == 0 {
			return fmt.Errorf("%s on %s ended before it could be killed", name, n.Name)
		}
		if time.Now().After(end) {
			return fmt.Errorf("no reason to kill %s on %s within %v", name, n.Name, Timeouts.Command)
		}
		time.Sleep(200 * time.Microsecond)
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			return fmt.Errorf("cannot kill %s: %w", name, err)
		}
	}
	return nil
}

// toolPIDs are the processes of a tool in the node, by the name that it was called with.
func (n *Node) toolPIDs(name string) []int {
	var pids []int
	for _, pid := range inNamespaces(n.netns()) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if first, _, _ := strings.Cut(string(b), "\x00"); err == nil && filepath.Base(first) == name {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Unfinished is the journal of an operation that is under way on the node, or
// was left there: "" without one.
func (n *Node) Unfinished() string {
	b, err := n.ReadFile("/var/lib/pg-rex/operation.json")
	if err != nil {
		return ""
	}
	return string(b)
}

// HBA is the pg_hba.conf, and Settings what postgresql.conf has besides what
// initdb made of it.
func (l *Lab) HBA() string { return l.hba() }

// Settings see [Lab.HBA].
func (l *Lab) Settings() string { return settings + l.state.Variant.settings() }

// Definition is that of the lab's cluster.
func (l *Lab) Definition() Definition { return l.definition() }

// CreateClients makes on a running primary what the lab's clients need.
func (l *Lab) CreateClients(ctx context.Context, n *Node) error { return l.psql(ctx, n, clients()) }

// PostgresHome is the home directory of the server's user.
func (l *Lab) PostgresHome() string { return "/var/lib/postgresql" }
