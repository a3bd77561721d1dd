package tools

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgrex/test/lab"
)

// Where things are in a cluster that the manual has set up.
const (
	walDir    = "/dbfp/pgxlog"
	rescueDir = "/dbfp/pgarch" // beside the archive
	marker    = lab.PGData + "/.pg-rex_incomplete"
)

// configured gives both nodes a configuration file until the end of the test.
func configured(t *testing.T, text string) {
	t.Helper()
	write := func(text string) {
		for _, n := range shared.Nodes() {
			must(t, n.WriteFile("/etc/pg-rex_tools.conf", []byte(text), 0o644, "root"))
		}
	}
	write(text)
	t.Cleanup(func() { write(configuration) })
}

// lack says which of some texts a screen has and should not.
func lack(t *testing.T, screen string, unwanted ...string) {
	t.Helper()
	for _, u := range unwanted {
		if strings.Contains(screen, u) {
			t.Errorf("the screen says %q:\n%s", u, screen)
		}
	}
}

// noJournal wants no unfinished operation on either node.
func noJournal(t *testing.T) {
	t.Helper()
	for _, n := range shared.Nodes() {
		if left := n.Unfinished(); left != "" {
			t.Errorf("a journal is left on %s: %s", n.Name, left)
		}
	}
}

// primaryIs wants the normal state with a node as its primary.
func primaryIs(t *testing.T, ctx context.Context, n *lab.Node) {
	t.Helper()
	must(t, shared.WaitNormal(ctx))
	s, err := shared.Status(ctx)
	must(t, err)
	if s.Primary() != n.Name {
		t.Errorf("%s is primary, want %s", s.Primary(), n.Name)
	}
}

// sql runs statements on a node as the administrator of the database, and
// returns the last line that they show.
func sql(t *testing.T, ctx context.Context, n *lab.Node, statements ...string) string {
	t.Helper()
	argv := []string{shared.PGBin() + "/psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", "postgres"}
	for _, s := range statements {
		argv = append(argv, "-c", s)
	}
	out, err := n.RunAs(ctx, "postgres", argv...)
	must(t, err)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return lines[len(lines)-1]
}

// Whoever types pg-rex_stop on a primary with a synchronous standby is asked;
// without a yes nothing happens.
//
// Conformance: AT-088 (lab)
func TestStopPrimaryAsked(t *testing.T) {
	ctx, primary, standby := normal(t)
	screen := answered(t, ctx, primary, english, "n\n", 4, "pg-rex_stop")
	have(t, screen, "Slave is running on "+standby.Name, "fail-over", "STP-021")
	have(t, answered(t, ctx, primary, japanese, "\n", 4, "pg-rex_stop"), "フェイルオーバ")
	have(t, typed(t, ctx, primary, english, 4, "pg-rex_stop"), "--yes")
	primaryIs(t, ctx, primary)
}

// A base backup whose command is killed leaves data that nobody takes for a
// database, and the next one repairs it.
//
// Conformance: AT-068 (lab)
func TestBaseBackupKilled(t *testing.T) {
	ctx, primary, standby := normal(t)
	typed(t, ctx, standby, english, 0, "pg-rex_stop")
	configured(t, configuration+"BASEBACKUP_MAX_RATE = 2M\n")
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = standby.Operate(ctx, english, "", "pg-rex_slave_start", "-b", "--yes") // dies
	}()
	must(t, standby.KillTool(ctx, "pg-rex_slave_start", func() bool {
		_, marked := os.Stat(standby.Path(marker))
		_, label := os.Stat(standby.Path(lab.PGData + "/backup_label"))
		return marked == nil && label == nil
	}))
	<-done
	have(t, standby.Unfinished(), `"Phase": "rebuild"`)
	if _, err := os.Stat(standby.Path(lab.PGData + "/global/pg_control")); err == nil {
		t.Error("the base backup was complete before it was killed")
	}
	configured(t, configuration)
	screen := typed(t, ctx, standby, english, 0, "pg-rex_slave_start", "-c")
	have(t, screen, "The database here is incomplete (pg_basebackup", "b) base backup")
	lack(t, screen, "n) use", "r) rewind")
	have(t, typed(t, ctx, standby, english, 3, "pg-rex_slave_start", "-n", "-r"), "SST-050")
	have(t, typed(t, ctx, standby, english, 7, "pg-rex_switchover", "--yes"), "CMN-040")
	typed(t, ctx, standby, english, 0, "pg-rex_slave_start", "-b", "--yes")
	primaryIs(t, ctx, primary)
	noJournal(t)
}

// The data of a primary that has lost its node went on there alone. Offered is
// a rewind, which keeps what it throws away.
//
// Conformance: AT-051, AT-052 (lab)
func TestRewind(t *testing.T) {
	stops := []string{"fast"}
	if *long {
		stops = append(stops, "immediate")
	}
	for _, stop := range stops {
		t.Run(stop, func(t *testing.T) {
			ctx, old, survivor := normal(t)
			writer := shared.StartWriter(ctx)
			must(t, lab.Pause(ctx, time.Second))
			must(t, old.Kill(ctx))
			must(t, shared.WaitPrimary(ctx, survivor, lab.Timeouts.Takeover))
			_, err := writer.WaitAck(ctx, time.Now(), lab.Timeouts.FirstWrite)
			must(t, err)
			history := writer.Stop()

			must(t, old.Boot(ctx))
			ctl := shared.PGBin() + "/pg_ctl"
			_, err = old.RunAs(ctx, "postgres", ctl, "-D", lab.PGData, "-w", "-l", "/dev/null", "-o", "-c synchronous_standby_names=''", "start")
			must(t, err)
			sql(t, ctx, old, "CREATE TABLE alone AS SELECT generate_series(1, 1000) AS n", "INSERT INTO alone VALUES (0)")
			_, err = old.RunAs(ctx, "postgres", ctl, "-D", lab.PGData, "-w", "-m", stop, "stop")
			must(t, err)

			have(t, typed(t, ctx, old, english, 3, "pg-rex_slave_start", "-c"), "SST-013", lab.LockFile)
			screen := typed(t, ctx, old, english, 0, "pg-rex_slave_start", "-c", "--remove-lock")
			have(t, screen, "was promoted before position", "r) rewind", "b) base backup")
			lack(t, screen, "n) use")
			locked(t, old, true)
			have(t, typed(t, ctx, old, english, 3, "pg-rex_slave_start", "-n", "--remove-lock"), "SST-050")
			screen = typed(t, ctx, old, english, 0, "pg-rex_slave_start", "-r", "--remove-lock")
			primaryIs(t, ctx, survivor)
			checkRows(t, ctx, history)
			if alone := sql(t, ctx, old, "SELECT count(*) FROM pg_class WHERE relname = 'alone'"); alone != "0" {
				t.Error("what the old primary had alone is still there")
			}
			noJournal(t)

			saved := regexp.MustCompile(regexp.QuoteMeta(rescueDir) + `/rescue-\d{8}-\d{6}`).FindString(screen)
			if saved == "" {
				t.Fatal("the screen does not say where it was saved")
			}
			summary, err := old.ReadFile(saved + "/summary.txt")
			must(t, err)
			t.Logf("%s", summary)
			have(t, string(summary), old.Name, survivor.Name)
			segments, err := filepath.Glob(old.Path(saved + "/0*"))
			must(t, err)
			if len(segments) == 0 {
				t.Error("no WAL was saved")
			}
		})
	}
}

// Typed on both nodes at once, one switchover is made.
//
// Conformance: AT-109 (lab)
func TestTwoAtOnce(t *testing.T) {
	ctx, from, to := normal(t)
	screens, errs := make([]lab.Screen, 2), make([]error, 2)
	var both sync.WaitGroup
	for i, n := range []*lab.Node{from, to} {
		both.Add(1)
		go func() {
			defer both.Done()
			screens[i], errs[i] = n.Operate(ctx, english, "", "pg-rex_switchover", "--yes")
		}()
	}
	both.Wait()
	var statuses []int
	for i, s := range screens {
		must(t, errs[i])
		t.Logf("exit status %d\n%s", s.Status, s.Text)
		statuses = append(statuses, s.Status)
		if s.Status == 7 && !strings.Contains(s.Text, "CMN-041") && !strings.Contains(s.Text, "CMN-042") {
			t.Errorf("the second one does not say that the first one is running:\n%s", s.Text)
		}
	}
	slices.Sort(statuses)
	if !slices.Equal(statuses, []int{0, 7}) {
		t.Errorf("exit statuses %v, want one of 0 and one of 7", statuses)
	}
	primaryIs(t, ctx, to)
	noJournal(t)
}

// The session of a switchover is lost when the cluster has begun to change: it
// goes on to its end.
//
// Conformance: AT-105 (lab)
func TestSessionLost(t *testing.T) {
	t.Run("client", func(t *testing.T) {
		ctx, from, to := normal(t)
		leave(t, ctx, from, to, from, from.Address(lab.SLAN))
	})
	if *long {
		t.Run("address", func(t *testing.T) {
			// The session is one with the address that moves.
			ctx, from, to := normal(t)
			leave(t, ctx, from, to, to, lab.VIPMaster)
		})
	}
}

// leave switches over from a session that comes from client over an address of
// the primary, and is lost in the phase in which the roles change.
func leave(t *testing.T, ctx context.Context, from, to, client *lab.Node, address string) {
	t.Helper()
	writer := shared.StartWriter(ctx)
	must(t, lab.Pause(ctx, time.Second))
	must(t, client.OperateAndLeave(ctx, address, english, func() bool {
		return strings.Contains(from.Unfinished(), `"Phase": "switch"`)
	}, "pg-rex_switchover", "--yes"))
	must(t, from.WaitTool(ctx, "pg-rex_switchover"))
	noJournal(t)
	primaryIs(t, ctx, to)
	history := writer.Stop()
	checkRows(t, ctx, history)
	log, err := from.ReadFile("/var/log/pg-rex/pg-rex_tools.log")
	must(t, err)
	if lines := strings.Split(strings.TrimSpace(string(log)), "\n"); !strings.HasSuffix(lines[len(lines)-1], "exit 0") {
		t.Errorf("the log does not end with success: %s", strings.Join(lines[max(0, len(lines)-5):], "\n"))
	}
}
