package operation

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/pg"
)

// Every role of the own node beside every one of the peer, in and out of
// maintenance mode, as the table of the specification has it (3.3).
//
// Conformance: AT-088, AT-089, AT-090 (unit)
func TestStopQuestion(t *testing.T) {
	roles := []role{roleUnknown, roleNone, roleIdle, roleStandbyAsync, roleStandbySync, rolePrimary}
	want := func(own, peer role) message.ID {
		switch {
		case own == rolePrimary && peer == roleStandbySync:
			return message.STP020
		case own == rolePrimary && (peer == roleStandbyAsync || peer == roleIdle || peer == roleUnknown):
			return message.STP022
		case own == roleUnknown && peer != rolePrimary:
			return message.STP023
		}
		return ""
	}
	for _, own := range roles {
		for _, peer := range roles {
			if got := stopQuestion(own, []role{peer}, false); got != want(own, peer) {
				t.Errorf("own role %d, peer %d: %q, want %q", own, peer, got, want(own, peer))
			}
			if got := stopQuestion(own, []role{peer}, true); got != message.STP024 {
				t.Errorf("own role %d, peer %d in maintenance: %q", own, peer, got)
			}
			// Of several peers the one that a fail-over would go to counts.
			if got := stopQuestion(own, []role{peer, roleStandbySync}, false); own == rolePrimary && got != message.STP020 {
				t.Errorf("a primary with peers %d and a synchronous standby: %q", peer, got)
			}
		}
		if got := stopQuestion(own, nil, false); own == roleUnknown && got != message.STP023 || own != roleUnknown && got != "" {
			t.Errorf("own role %d and nothing known of the peer: %q", own, got)
		}
	}
}

// stackStopped is what the commands for the stack change, in their order.
var stackStopped = []string{"pgrex01: systemctl stop pacemaker.service", "pgrex01: systemctl stop corosync.service"}

// wholeStop is what a stop changes without option -f.
var wholeStop = slices.Concat([]string{"pgrex01: checkpoint", "pgrex01: sync"}, stackStopped)

// Conformance: AT-088, AT-089, AT-090, AT-093 (unit)
func TestStop(t *testing.T) {
	person := func(answer string) typed { return typed{input: answer, terminal: true} }
	async := func(c *fakeCluster) { c.b.set("HS:async", "STREAMING|ASYNC") }
	standby := func(c *fakeCluster) {
		c.b.primary()
		c.a.set("HS:sync", "STREAMING|SYNC")
	}
	for _, tt := range []struct {
		name    string
		state   func(c *fakeCluster)
		how     typed
		args    []string
		status  int
		says    []string
		never   string
		changes []string
	}{
		{name: "primary beside a synchronous standby, y", how: person("y\n"), changes: wholeStop,
			says: []string{"Stopping Primary on pgrex01.", "Standby is running on pgrex02.", "1. Stop Pacemaker\n...[OK]\n2. Confirm the stop\n...[OK]\n",
				"Primary on pgrex01 has been stopped.", "The lock file /var/lib/pgsql/tmp/PGSQL.lock remains.", "pg-rex_standby_start"}},
		{name: "n", how: person("n\n"), status: 4, says: []string{"STP-021: Not stopped."}},
		{name: "yes is no y", how: person("yes\n"), status: 4, says: []string{"STP-021"}},
		{name: "an empty line", how: person("\n"), status: 4, says: []string{"STP-021"}},
		{name: "end of input", how: person(""), status: 4, says: []string{"STP-021"}},
		{name: "nobody to ask", how: typed{input: "y\n"}, status: 4, says: []string{"CMN-051"}},
		{name: "--yes", args: []string{"--yes"}, changes: wholeStop, says: []string{"The lock file"}, never: "(y/N)"},
		{name: "--force-primary", args: []string{"--force-primary"}, changes: wholeStop, never: "(y/N)"},
		{name: "-f", how: person("y\n"), args: []string{"-f"}, changes: stackStopped},
		{name: "-F", how: person("Y\n"), args: []string{"-F"}, changes: stackStopped},
		{name: "dry run", how: person("y\n"), args: []string{"--dry-run"}, says: []string{"Dry-run finished."}, never: "1. "},

		{name: "primary beside an asynchronous standby", state: async, how: person("n\n"), status: 4,
			says: []string{"pgrex02 is not synchronous. No fail-over will happen"}},
		{name: "primary beside a stack without database", state: func(c *fakeCluster) { c.b.up() }, how: person("n\n"), status: 4, says: []string{"pgrex02 is not synchronous."}},
		{name: "primary alone", state: func(c *fakeCluster) { c.b.stop() }, changes: wholeStop, never: "The lock file"},
		{name: "standby", state: standby, changes: wholeStop, never: "(y/N)",
			says: []string{"Stopping Standby on pgrex01.", "Primary continues on pgrex02 without Standby.", "Standby on pgrex01 has been stopped."}},
		{name: "stack without database", state: func(c *fakeCluster) { c.a.up() }, changes: stackStopped, says: []string{"Pacemaker on pgrex01 has been stopped."}},
		{name: "the role is changing", state: func(c *fakeCluster) { c.a.set("HS:alone", "STREAMING|SYNC").role = "Promoting" }, how: person("n\n"), status: 4,
			says: []string{"STP-013: The role of this node is unknown.", "This node may be Primary. Stop?"}},
		{name: "a primary whose attributes say otherwise", state: func(c *fakeCluster) { c.a.transient["pgsql-status"] = "HS:alone" }, how: person("n\n"), status: 4,
			says: []string{"Stopping Primary on pgrex01."}},
		{name: "given up by the cluster", state: func(c *fakeCluster) { c.a.blocked = true }, args: []string{"-f"}, status: 3,
			says: []string{"STP-026: The cluster has given up on pgrex01: pgsql.", "next: crm_resource --cleanup -r pgsql -N pgrex01"}},
		{name: "the cluster does not answer", how: person("n\n"), status: 4, says: []string{"STP-013", "This node may be Primary. Stop?"},
			state: func(c *fakeCluster) { c.a.programs["crm_mon"] = func([]string) (string, int) { return "", 124 } }},
		{name: "and is stopped", how: person("y\n"), says: []string{"Pacemaker on pgrex01 has been stopped."}, changes: wholeStop,
			state: func(c *fakeCluster) { c.a.programs["crm_mon"] = func([]string) (string, int) { return "", 124 } }},
		{name: "maintenance mode", state: func(c *fakeCluster) { standby(c); c.maintenance = true }, how: person("n\n"), status: 4,
			says: []string{"Maintenance mode is on: PostgreSQL will keep running."}},
		{name: "a peer of another place in the list", state: func(c *fakeCluster) {
			c.a, c.b = c.b, c.a // the nodes keep their names: what is typed on is the second
			c.machine.Own = c.a
			c.a.set("HS:sync", "STREAMING|SYNC")
			c.b.primary()
		}, says: []string{"Primary continues on pgrex01 without Standby."}, changes: []string{
			"pgrex02: checkpoint", "pgrex02: sync", "pgrex02: systemctl stop pacemaker.service", "pgrex02: systemctl stop corosync.service"}},
		{name: "the shutdown checkpoint cannot be made shorter", how: person("y\n"), says: []string{"STP-025: CHECKPOINT or sync did not complete: no answer", "2. Confirm the stop\n...[OK]"},
			state: func(c *fakeCluster) {
				answer(c.a, "checkpoint", func(serverIn) (time.Duration, error) { return 0, errors.New("no answer") })
			}, changes: stackStopped},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := healthyCluster(t)
			if tt.state != nil {
				tt.state(c)
			}
			got := c.play(tt.how, append([]string{"/usr/sbin/pg-rex_stop"}, tt.args...)...)
			c.want(got, tt.status, tt.says, tt.changes...)
			if tt.never != "" && strings.Contains(got.out+got.err, tt.never) {
				t.Errorf("%q is said:\n%s%s", tt.never, got.out, got.err)
			}
		})
	}
}

// PostgreSQL goes on without Pacemaker where the operator has said that it may.
func TestStopInMaintenanceMode(t *testing.T) {
	c := healthyCluster(t)
	c.maintenance = true
	c.change = func(n *fakeNode, what string) {
		if strings.Contains(what, "stop pacemaker") {
			n.server = 2001
		}
	}
	got := c.play(typed{input: "y\n", terminal: true}, "pg-rex_stop", "-f")
	c.want(got, 0, []string{"Pacemaker on pgrex01 has been stopped."}, stackStopped...)
}

// What takes long shows that it goes on.
func TestStopShowsTheTime(t *testing.T) {
	const long = 1300 * time.Millisecond // it is shown after one second
	c := healthyCluster(t)
	c.b.stop()
	answer(c.a, "checkpoint", func(serverIn) (time.Duration, error) { time.Sleep(long); return long, nil })
	answer(c.a, "sync", func(struct{}) (struct{}, error) { time.Sleep(long); return struct{}{}, nil })
	got := c.play(typed{terminal: true}, "pg-rex_stop")
	c.want(got, 0, []string{"waiting for CHECKPOINT: 1 s", "waiting for sync: 1 s", "2. Confirm the stop\n...[OK]\n"}, stackStopped...)
}

// Conformance: AT-091 (unit)
func TestStopOfAStoppedNode(t *testing.T) {
	c := downCluster(t)
	c.want(c.play(typed{}, "pg-rex_stop"), 0, []string{"Pacemaker and Corosync are not running. Nothing to do."})
	c.a.server = 4711
	c.want(c.play(typed{}, "pg-rex_stop"), 3, []string{"STP-011: Pacemaker is stopped but PostgreSQL is running (pid 4711).", "next: runuser -u postgres -- ", "/pg_ctl -D /dbfp/pgdata/data -m fast -w stop\n"})
}

// Neither the peer nor an address nor a configuration is needed. Programs of
// PostgreSQL are none of what the fake has.
//
// Conformance: AT-092 (unit)
func TestStopNeedsNothing(t *testing.T) {
	for name, spoil := range map[string]func(c *fakeCluster){
		"no D-LAN":                 func(c *fakeCluster) { c.addresses = nil },
		"no peer":                  func(c *fakeCluster) { c.dialErr = errors.New("unreachable") },
		"no configuration":         func(c *fakeCluster) { c.conf = "" },
		"an unreadable one":        func(c *fakeCluster) { c.conf = "nonsense\n" + newConfig },
		"one with a bad value":     func(c *fakeCluster) { c.conf = strings.Replace(newConfig, "/dbfp", "dbfp", 1) },
		"one without the database": func(c *fakeCluster) { c.conf = strings.Replace(newConfig, "PG_REX_Primitive", "PG_REX_Primitve", 1) },
		"an unfinished operation":  func(c *fakeCluster) { c.a.files["/var/lib/pg-rex/operation.json"] = `{"Command":"switchover"}` },
		"a broken journal":         func(c *fakeCluster) { c.a.files["/var/lib/pg-rex/operation.json"] = `{` },
	} {
		t.Run(name, func(t *testing.T) {
			c := healthyCluster(t)
			spoil(c)
			c.want(c.play(typed{input: "y\n", terminal: true}, "pg-rex_stop"), 0, []string{"Standby is running on pgrex02.", "Primary on pgrex01 has been stopped."}, wholeStop...)
		})
	}
}

// Conformance: AT-094 (unit)
func TestStopThatDoesNotEnd(t *testing.T) {
	c := healthyCluster(t)
	c.b.stop()
	c.a.programs["systemctl"] = func([]string) (string, int) { return "", 0 }
	begun := time.Now()
	got := c.play(typed{}, "pg-rex_stop", "--timeout", "1")
	c.want(got, 5, []string{"2. Confirm the stop\n...[NG]\n",
		"STP-031: Pacemaker did not stop within 1 s. Remaining: pid 1001: corosync (root), pid 1002: pacemakerd (root)", "next: pg-rex_status"}, wholeStop...)
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("a limit of one second took %v", took)
	}
}

// What is looked at last is looked at in time, however seldom that is.
func TestStopLimitIsShorterThanThePause(t *testing.T) {
	c := healthyCluster(t)
	c.b.stop()
	c.conf += "POLL_INTERVAL = 30\n"
	c.a.programs["systemctl"] = func([]string) (string, int) { return "", 0 }
	begun := time.Now()
	c.want(c.play(typed{}, "pg-rex_stop", "--timeout", "1"), 5, []string{"STP-031"}, wholeStop...)
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("a limit of one second took %v", took)
	}
}

// A server that is left after the stop is told, and so is a failure of the
// service manager, also one that a signal has ended.
//
// Conformance: AT-131 (unit)
func TestStopFails(t *testing.T) {
	t.Run("a server is left", func(t *testing.T) {
		c := healthyCluster(t)
		c.b.stop()
		c.change = func(n *fakeNode, what string) {
			if strings.Contains(what, "stop corosync") {
				n.server = 4711
			}
		}
		c.want(c.play(typed{}, "pg-rex_stop"), 1, []string{"2. Confirm the stop\n...[NG]", "STP-032: PostgreSQL is still running (pid 4711).", "/pg_ctl -D /dbfp/pgdata/data -m fast -w stop\n"}, wholeStop...)
	})
	for _, status := range []int{1, -1} {
		t.Run(fmt.Sprint("systemctl ends with ", status), func(t *testing.T) {
			c := healthyCluster(t)
			c.b.stop()
			c.a.programs["systemctl"] = func([]string) (string, int) { return "", status }
			c.want(c.play(typed{}, "pg-rex_stop"), 1, []string{"1. Stop Pacemaker\n...[NG]", "CMN-002: ", "cannot stop Pacemaker"}, wholeStop[:3]...)
		})
	}
}

// Conformance: AT-095 (unit)
func TestStopAll(t *testing.T) {
	one := func(host string) []string {
		return []string{host + ": checkpoint", host + ": sync", host + ": systemctl stop pacemaker.service", host + ": systemctl stop corosync.service"}
	}
	for name, state := range map[string]func(c *fakeCluster) []string{
		"from the primary": func(*fakeCluster) []string { return slices.Concat(one("pgrex02"), one("pgrex01")) },
		"from the standby": func(c *fakeCluster) []string {
			c.a.set("HS:sync", "STREAMING|SYNC")
			c.b.primary()
			return slices.Concat(one("pgrex01"), one("pgrex02"))
		},
		"the own node is stopped": func(c *fakeCluster) []string {
			c.b.primary()
			c.a.stop()
			return one("pgrex02")
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := healthyCluster(t)
			changes := state(c)
			got := c.play(typed{}, "pg-rex_stop", "--all")
			c.want(got, 0, nil, changes...)
			if strings.Contains(got.out, "(y/N)") || c.a.lock || c.b.lock {
				t.Errorf("a question, or a lock of the agent is left:\n%s%s", got.out, got.err)
			}
		})
	}
	t.Run("ends with the first failure", func(t *testing.T) {
		c := healthyCluster(t)
		c.b.programs["systemctl"] = func([]string) (string, int) { return "", 1 }
		c.want(c.play(typed{}, "pg-rex_stop", "--all"), 1, []string{"CMN-002"}, one("pgrex02")[:3]...)
	})
	t.Run("needs the peer", func(t *testing.T) {
		c := healthyCluster(t)
		c.dialErr = message.Fail(message.SSH004, "user", "root", "host", "192.168.2.2")
		c.want(c.play(typed{}, "pg-rex_stop", "--all"), 6, []string{"SSH-004"})
	})
	t.Run("and its address", func(t *testing.T) {
		c := healthyCluster(t)
		c.addresses = nil
		c.want(c.play(typed{}, "pg-rex_stop", "--all"), 9, []string{"CFG-012"})
	})
	t.Run("and that it is free", func(t *testing.T) {
		c := healthyCluster(t)
		lock, _, err := node.Lock(t.Context(), c.b, c.machine.LockFile, node.Holder{PID: 99, Command: "pg-rex_switchover", Host: "pgrex02", Since: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		got := c.play(typed{}, "pg-rex_stop", "--all")
		_ = lock.Close()
		c.want(got, 7, []string{"CMN-042: pg-rex_switchover is running on pgrex02"})
	})
}

// The log has what was typed, what was said and answered, and what was run.
func TestStopIsLogged(t *testing.T) {
	c := healthyCluster(t)
	c.play(typed{input: "y\n", terminal: true}, "pg-rex_stop", "-f")
	text, err := os.ReadFile(c.log())
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"pg-rex_stop -f", "Stopping Primary on pgrex01.", "Stop? (y/N) y", "pgrex01: systemctl stop pacemaker.service: ok", "2. Confirm the stop", "...[OK]", "exit 0"} {
		if !strings.Contains(string(text), part) {
			t.Errorf("%q is not in the log:\n%s", part, text)
		}
	}
}

// A stop is not taken for failed because the name service is away.
func TestServerOfAnUnknownUser(t *testing.T) {
	in := serverIn{pg.Settings{Data: t.TempDir(), TmpDir: t.TempDir(), User: pg.User{Name: "nosuchuser"}}}
	if pid, err := serverProcess.On(t.Context(), node.Local{}, in); err != nil || pid != 0 {
		t.Errorf("%d, %v", pid, err)
	}
	if l, err := findLock.On(t.Context(), node.Local{}, in); err != nil || l.Exists {
		t.Errorf("%+v, %v", l, err)
	}
	in.Settings.Data = "/nowhere"
	if _, err := serverProcess.On(t.Context(), node.Local{}, in); !errors.Is(err, pg.ErrUnknownUser) {
		t.Errorf("without data either: %v", err)
	}
}
