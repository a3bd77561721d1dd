package drill

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"pgrex/test/lab"
)

// What several of the operator's scenarios need.

const (
	toolsConf  = "/etc/pg-rex_tools.conf"
	incomplete = lab.PGData + "/.pg-rex_incomplete" // in data that is not whole
	archived   = lab.PGArchive + "/*"
)

// onAll does something on all nodes at once.
func (r *Run) onAll(do func(*lab.Node) error) error {
	errs := make([]error, len(r.Nodes()))
	var all sync.WaitGroup
	for i, n := range r.Nodes() {
		all.Add(1)
		go func() {
			defer all.Done()
			errs[i] = do(n)
		}()
	}
	all.Wait()
	return errors.Join(errs...)
}

// powerCut takes the power of all nodes at once and gives it back; no cluster
// is started.
func (r *Run) powerCut() error {
	if err := r.onAll(func(n *lab.Node) error { return n.Kill(r) }); err != nil {
		return err
	}
	return r.onAll(func(n *lab.Node) error { return n.Boot(r) })
}

// lostTogether takes the power of both nodes while the standby lacks the last commits.
func lostTogether(r *Run) error {
	if err := process(standby, "STOP", "walreceiver")(r); err != nil {
		return err
	}
	if err := lab.Pause(r, time.Second); err != nil {
		return err
	}
	return r.powerCut()
}

// olderIsRefused looks that nothing runs, and that the older data is no primary.
func olderIsRefused(r *Run) error {
	if err := r.nobodyServes(time.Second); err != nil {
		return err
	}
	if _, err := r.look(r.Standby, []string{"Down: the cluster is stopped on every node"}, "pg-rex_status"); err != nil {
		return err
	}
	if err := r.refused(r.Standby, []string{"PST-022", r.Primary.Name}, "pg-rex_master_start"); err != nil {
		return err
	}
	return r.refused(r.Primary, []string{"PST-014", lab.LockFile}, "pg-rex_master_start")
}

// newerFirst starts the newer data as primary, then the other node.
func newerFirst(r *Run) error {
	if err := r.operate(r.Primary, "pg-rex_master_start", "--remove-lock"); err != nil {
		return err
	}
	return r.operate(r.Standby, "pg-rex_slave_start", "-n")
}

// nobodyServes looks for a while that no node takes writes.
func (r *Run) nobodyServes(lasts time.Duration) error {
	for end := time.Now().Add(lasts); time.Now().Before(end); {
		for _, n := range r.Nodes() {
			if n.Running() && r.writable(n) {
				return fmt.Errorf("%s is a primary, and must not be one", n.Name)
			}
		}
		if err := lab.Pause(r, 200*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// decided is how long a standby has that is going to claim the promotion:
// several monitors.
const decided = 25 * time.Second

// configure adds a line to the configuration of the commands on all nodes.
func (r *Run) configure(line string) (undo func() error, err error) {
	before, err := r.Primary.ReadFile(toolsConf)
	if err != nil {
		return nil, err
	}
	write := func(text string) error {
		for _, n := range r.Nodes() {
			if err := n.WriteFile(toolsConf, []byte(text), 0o644, "root"); err != nil {
				return err
			}
		}
		return nil
	}
	return func() error { return write(string(before)) }, write(string(before) + line + "\n")
}

// killed types a command on a node and kills it as soon as cond says so.
func (r *Run) killed(n *lab.Node, cond func() bool, argv ...string) error {
	r.tell("%s# %s, which is killed", n.Name, strings.Join(argv, " "))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = n.Operate(r, "C.UTF-8", "", argv...) // dies
	}()
	err := n.KillTool(r, argv[0], cond)
	<-done
	return err
}

// endedThere stops a node whose server has outlived its cluster, by the command that
// pg-rex_stop names for it.
func endedThere(which func(*Run) *lab.Node) func(*Run) error {
	return func(r *Run) error {
		n, stop := which(r), []string{"pg-rex_stop", "--yes", "-f"}
		err := r.operate(n, stop...)
		if err == nil || !strings.Contains(err.Error(), "STP-032") {
			return err
		}
		if err := r.operate(n, strings.Fields(Named(err))...); err != nil {
			return err
		}
		return r.operate(n, stop...)
	}
}

// Named is what a command that has failed says that is to be typed; "" for nothing.
func Named(err error) string {
	_, after, _ := strings.Cut(err.Error(), "next: ")
	line, _, _ := strings.Cut(after, " / ")
	return line
}

// inPhase says whether a command is in a phase, by its journal on a node.
func inPhase(n *lab.Node, phase string) func() bool {
	return func() bool { return strings.Contains(n.Unfinished(), `"Phase": "`+phase+`"`) }
}

// copying says whether a base backup has begun and is not whole yet.
func copying(n *lab.Node) bool {
	_, marked := os.Stat(n.Path(incomplete))
	_, label := os.Stat(n.Path(lab.PGData + "/backup_label"))
	_, control := os.Stat(n.Path(lab.PGData + "/global/pg_control"))
	return marked == nil && label == nil && control != nil
}

// slowBackup makes base backups slow enough to be struck in their middle.
func (r *Run) slowBackup() (undo func() error, err error) {
	return r.configure("BASEBACKUP_MAX_RATE = 2M")
}

// primaryBack starts the node that was the primary as one again, and the other
// one as its standby, after both were lost or stopped.
func primaryBack(r *Run) error {
	if err := r.Standby.SwitchOn(r); err != nil {
		return err
	}
	if err := r.operate(r.Standby, "pg-rex_stop", "--yes", "-f"); err != nil {
		return err
	}
	if err := r.Primary.SwitchOn(r); err != nil {
		return err
	}
	if err := r.operate(r.Primary, "pg-rex_stop", "--yes", "-f"); err != nil {
		return err
	}
	if err := r.operate(r.Primary, "pg-rex_master_start", "--remove-lock"); err != nil {
		return err
	}
	return r.operate(r.Standby, "pg-rex_slave_start", "-n", "-r", "-b", "--remove-lock", "--yes")
}

// switchovers moves the role there and back, so many times, each typed on one
// node and the next on the other.
func (r *Run) switchovers(times int) error {
	for i := range times {
		typist := r.Nodes()[i/2%2]
		if err := r.operate(typist, "pg-rex_switchover", "--yes"); err != nil {
			return err
		}
		if err := r.WaitNormal(r); err != nil {
			return err
		}
	}
	return nil
}
