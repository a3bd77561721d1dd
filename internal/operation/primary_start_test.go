package operation

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgrex/internal/conf"
	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
	"pgrex/internal/rejoin"
)

// aDatabase is data that was stopped in order at a position of timeline 1.
func aDatabase(end wal.LSN) rejoin.Local {
	return rejoin.Local{
		Data: fakeData, Exists: true, Version: 15, Installed: 15,
		Control:  &pg.Control{SystemID: 7, State: pg.DBShutDown, Checkpoint: end - 120, Redo: end - 120, Timeline: 1, SegmentSize: 16 << 20},
		Ancestry: wal.Ancestry{{Timeline: 1, End: wal.Unended}}, End: pg.WALEnd{End: end, Last: end - 120, Timeline: 1}, WALKnown: true,
	}
}

// ofNode answers all that a start asks of a node.
func ofNode(n *fakeNode, data rejoin.Local) {
	answer(n, "data-dirs", func(serverIn) ([]string, error) { return []string{fakeData}, nil })
	answer(n, "gather-local", func(rejoin.In) (rejoin.Local, error) { return data, nil })
	react(n, "end-standby", func(serverIn) (struct{}, error) { return struct{}{}, nil })
	for _, op := range []string{"save-definition", "restore-definition", "clear-cib"} {
		react(n, op, func(string) (struct{}, error) {
			if op == "clear-cib" {
				n.c.mu.Lock()
				defer n.c.mu.Unlock()
				delete(n.files, crm.CIBFile)
			}
			return struct{}{}, nil
		})
	}
	empty := `<cib validate-with="pacemaker-3.9"/>`
	n.programs["crm_verify"] = func([]string) (string, int) { return "", 0 }
	n.programs["cibadmin"] = func(argv []string) (string, int) {
		switch {
		case slices.Contains(argv, "--empty"):
			return empty, 0
		case slices.Contains(argv, "-Q"):
			n.c.mu.Lock()
			defer n.c.mu.Unlock()
			return n.c.cib(), 0
		}
		return "", 0
	}
}

// startable is a cluster that was stopped in order, and whose node a becomes
// primary as soon as Pacemaker is started there.
func startable(t *testing.T) *fakeCluster {
	c := downCluster(t)
	c.conf += "POLL_INTERVAL = 1\n"
	for _, n := range []*fakeNode{c.a, c.b} {
		ofNode(n, aDatabase(0x5000000))
		n.files[conf.CorosyncPath] = "totem {}"
	}
	c.machine.State = "/state"
	c.change = func(n *fakeNode, what string) {
		if what == "systemctl start pacemaker.service" {
			n.primary()
		}
	}
	return c
}

// Changes that every start makes.
const (
	ended          = "pgrex01: end-standby"
	startsCorosync = "pgrex01: systemctl start corosync.service"
	startsCluster  = "pgrex01: systemctl start pacemaker.service"
)

// wantChanges is [fakeCluster.want] where the inputs of operations do not matter.
func (c *fakeCluster) wantChanges(got played, status int, says []string, changes ...string) {
	c.t.Helper()
	c.mu.Lock()
	c.made = slices.DeleteFunc(c.made, func(made string) bool { return strings.HasSuffix(made, "cibadmin --empty") }) // it only asks
	for i, made := range c.made {
		for _, op := range []string{"end-standby", "save-definition", "restore-definition", "clear-cib"} {
			if at := strings.Index(made, ": "+op); at >= 0 {
				c.made[i] = made[:at] + ": " + op
			}
		}
	}
	c.mu.Unlock()
	c.want(got, status, says, changes...)
}

// Conformance: AT-017, AT-028, AT-045 (unit)
func TestPrimaryStartAgain(t *testing.T) {
	c := startable(t)
	got := c.play(typed{}, "pg-rex_primary_start")
	c.wantChanges(got, 0, []string{"pgrex01 is now running as Primary.", "pgrex02# pg-rex_standby_start"}, ended, startsCorosync, startsCluster)
	var labels []string
	for line := range strings.Lines(got.out) {
		if number, label, ok := strings.Cut(line, ". "); ok && len(number) == 1 {
			labels = append(labels, strings.TrimSpace(label))
		}
	}
	want := []string{"Pacemaker and Corosync are stopped on this node", "No Primary is running on the peer", "This node may become Primary",
		"Lock file", "Start Pacemaker", "Wait for Primary"}
	if !slices.Equal(labels, want) {
		t.Errorf("%q", labels)
	}
	if strings.Contains(got.out, "...[NG]") || strings.Count(got.out, "...[OK]") != 6 {
		t.Error(got.out)
	}

	c = startable(t).old()
	c.conf += "POLL_INTERVAL = 1\n"
	got = c.play(typed{}, "pg-rex_master_start")
	c.wantChanges(got, 0, []string{"pgrex01 is now running as Master.", "CMN-020", "No Master is running on the peer", "DISKD_ResourceID"},
		ended, startsCorosync, startsCluster)
}

// Conformance: AT-012 (unit)
func TestPrimaryStartWithoutStandbyIP(t *testing.T) {
	for setting, status := range map[string]int{"enable": 5, "disable": 0} {
		c := startable(t)
		c.conf += "IPADDR_STANDBY = " + setting + "\n"
		c.others[2].where = "nowhere"
		if got := c.play(typed{}, "pg-rex_primary_start", "--timeout", "1"); got.status != status || (status != 0) != strings.Contains(got.err, "IPADDR_STANDBY (") {
			t.Errorf("%s: %+v", setting, got)
		}
	}
}

// Conformance: AT-029, AT-030, AT-031, AT-032, AT-033, AT-034 (unit)
func TestPrimaryStartRefused(t *testing.T) {
	status := func(value string) func(*fakeCluster) {
		return func(c *fakeCluster) {
			c.a.permanent["pgsql-data-status"] = value
			if value == "" {
				delete(c.a.permanent, "pgsql-data-status")
			}
			c.save()
		}
	}
	// A standby start that has lost its primary ends before it is through.
	const journalPath, unfinished = "/state/operation.json", `{"Command": "standby-start", "Node": "pgrex02", "Phase": "rebuild"}`
	all := []string{ended, startsCorosync, startsCluster}
	for _, tt := range []struct {
		name    string
		prepare func(*fakeCluster)
		args    []string
		input   string
		status  int
		says    string
		changes []string
	}{
		{"nothing on record", status(""), nil, "", 0, "", all},
		{"synchronous standby", status("STREAMING|SYNC"), nil, "", 0, "", all},
		{"asynchronous standby", status("STREAMING|ASYNC"), nil, "", 3, `PST-013: pgsql-data-status of this node is "STREAMING|ASYNC"`, nil},
		{"disconnected", status("DISCONNECT"), nil, "", 3, "PST-013", nil},
		{"disconnected, given up", func(c *fakeCluster) {
			status("DISCONNECT")(c)
			c.change = func(n *fakeNode, what string) {
				if strings.HasSuffix(what, "-v LATEST") {
					n.primary() // the agent would not before
				}
			}
		}, []string{"--force-old-data"}, "y\n", 0, "PST-043",
			append(slices.Clone(all), "pgrex01: crm_attribute -l forever -N pgrex01 -n pgsql-data-status -v LATEST")},
		{"disconnected, not given up", status("DISCONNECT"), []string{"--force-old-data"}, "n\n", 4, "PST-041", nil},
		{"lock", func(c *fakeCluster) { c.a.lock = true }, nil, "", 3, "PST-014: Lock file exists: /var/lib/pgsql/tmp/PGSQL.lock", nil},
		{"lock, to be removed", func(c *fakeCluster) { c.a.lock = true }, []string{"--remove-lock"}, "", 0, "",
			append([]string{"pgrex01: remove the lock of the agent"}, all...)},
		{"lock, to be removed, no lock", func(*fakeCluster) {}, []string{"--remove-lock"}, "", 0, "", all},
		{"lock, to be removed from older data", func(c *fakeCluster) {
			c.a.lock = true
			ofNode(c.b, aDatabase(0x6000000))
		}, []string{"--remove-lock"}, "", 3, "PST-022: The data of pgrex02 is newer", nil},
		{"stack up here", func(c *fakeCluster) { c.a.up() }, nil, "", 3, "PST-011", nil},
		{"programs in the data", func(c *fakeCluster) {
			c.a.dirUsers = []node.DirUser{{Process: node.Process{PID: 77, Name: "tar", User: "root"}}}
		}, nil, "", 3, "pid 77: tar (root)", nil},
		{"a shell left in the data", func(c *fakeCluster) {
			c.a.dirUsers = []node.DirUser{{Process: node.Process{PID: 78, Name: "bash", User: "root"}, Stands: true}}
		}, nil, "", 0, "PST-049", all},
		{"primary over there", func(c *fakeCluster) { c.b.up().primary() }, nil, "", 3, "PST-012: A Primary is already running on pgrex02", nil},
		{"standby over there", func(c *fakeCluster) { c.b.up().set("HS:alone", "STREAMING|SYNC") }, nil, "", 3, "PST-029", nil},
		{"stack over there", func(c *fakeCluster) { c.b.up() }, nil, "", 3, "PST-021", nil},
		{"stack over there, waiting", func(c *fakeCluster) {
			c.b.up()
			c.b.programs["corosync-cmapctl"] = waiting
			c.a.programs["corosync-cmapctl"] = waiting
		}, nil, "", 0, "", all},
		{"server over there without a stack", func(c *fakeCluster) { c.b.server = 99 }, nil, "", 3, "CMN-011", nil},
		{"no cluster", func(c *fakeCluster) { delete(c.a.files, conf.CorosyncPath) }, nil, "", 3, "PST-033", nil},
		{"no CIB", func(c *fakeCluster) { delete(c.a.files, crm.CIBFile) }, nil, "", 3, "CMN-008", nil},
		{"peer without a database", func(c *fakeCluster) { ofNode(c.b, rejoin.Local{}) }, nil, "", 0, "pgrex02 has no database", all},
		{"standby start left unfinished over there", func(c *fakeCluster) { c.b.files[journalPath] = unfinished }, nil, "", 0, "", all},
		{"standby start left unfinished here", func(c *fakeCluster) { c.a.files[journalPath] = unfinished }, nil, "", 7, "CMN-040", nil},
		{"two files", func(*fakeCluster) {}, []string{"a", "b"}, "", 2, "CMN-061", nil},
		{"dry run", func(*fakeCluster) {}, []string{"--dry-run"}, "", 0, "Nothing was changed", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := startable(t)
			tt.prepare(c)
			got := c.play(typed{input: tt.input, terminal: tt.input != ""}, append([]string{"pg-rex_primary_start"}, tt.args...)...)
			if tt.says == "PST-043" { // a question has no number on the screen
				tt.says = "Start anyway?"
			}
			c.wantChanges(got, tt.status, []string{tt.says}, tt.changes...)
			if got.status != 0 && tt.changes == nil && c.a.lock != strings.HasPrefix(tt.name, "lock") {
				t.Error("the lock")
			}
		})
	}
}

func waiting([]string) (string, int) { return "runtime.votequorum.wait_for_all_status (u8) = 1\n", 0 }

// A cluster that waits for a stopped peer is told that it is off, and the
// record of that goes again.
func TestPrimaryStartUnblocksQuorum(t *testing.T) {
	c := startable(t)
	c.a.programs["corosync-cmapctl"] = waiting
	got := c.play(typed{}, "pg-rex_primary_start")
	c.wantChanges(got, 0, []string{"Cleared the fencing record of pgrex02"}, ended, startsCorosync, startsCluster,
		"pgrex01: stonith_admin -C pgrex02", "pgrex01: corosync-cmapctl -s quorum.cancel_wait_for_all u8 1", "pgrex01: stonith_admin -c -H pgrex02")
}

// After the loss of both nodes the standby alone goes on, once the operator has
// said so: the agent would wait for the primary that it knew. Nothing else on
// record is changed.
func TestPrimaryStartOfTheSurvivor(t *testing.T) {
	lost := []string{"pgrex01: crm_attribute -l forever -N pgrex02 -n pgsql-data-status -v DISCONNECT"}
	for _, tt := range []struct {
		name, own, peer string
		waits           bool // the peer is there, and waits
		changes         []string
	}{
		{"standby, the primary is lost", "STREAMING|SYNC", "LATEST", false, lost},
		{"standby, the primary is there", "STREAMING|SYNC", "LATEST", true, nil},
		{"standby, the other one is none either", "STREAMING|SYNC", "STREAMING|ASYNC", false, nil},
		{"primary itself", "LATEST", "LATEST", false, nil},
		{"nothing known, the other votes are wanted", "", "LATEST", false, []string{"pgrex01: crm_attribute -l forever -N pgrex01 -n pgsql-data-status -v LATEST"}},
		{"nothing known", "", "LATEST", false, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := startable(t)
			c.a.permanent["pgsql-data-status"], c.b.permanent["pgsql-data-status"] = tt.own, tt.peer
			if tt.name == "nothing known" {
				c.params["xlog_check_count"] = "0"
			}
			c.save()
			args := []string{"pg-rex_primary_start"}
			if tt.waits {
				c.b.up().programs["corosync-cmapctl"] = waiting
			} else {
				c.dialErr = message.Fail(message.SSH001, "host", "192.168.2.2", "port", 22, "err", "no route to host")
				args = append(args, "--peer-down", "--confirm-peer-down", "pgrex02")
			}
			c.change = func(n *fakeNode, what string) {
				if what == "systemctl start pacemaker.service" {
					n.primary()
					n.permanent["pgsql-data-status"] = tt.own
					time.AfterFunc(100*time.Millisecond, func() {
						c.mu.Lock()
						defer c.mu.Unlock()
						n.primary()
					})
				}
			}
			c.wantChanges(c.play(typed{}, args...), 0, nil, append([]string{ended, startsCorosync, startsCluster}, tt.changes...)...)
		})
	}
}

// Conformance: AT-038 (unit)
func TestPrimaryStartWithoutThePeer(t *testing.T) {
	unreachable := message.Fail(message.SSH001, "host", "192.168.2.2", "port", 22, "err", "no route to host")
	for _, tt := range []struct {
		name   string
		err    error
		args   []string
		input  string
		status int
		says   string
	}{
		{"nothing said", unreachable, nil, "", 6, "next: pg-rex_primary_start --peer-down"},
		{"wrong name", unreachable, []string{"--peer-down"}, "pgrex01\n", 4, "PST-041"},
		{"yes is no answer", unreachable, []string{"--peer-down", "--yes"}, "", 4, "--confirm-peer-down NAME"},
		{"the name", unreachable, []string{"--peer-down"}, "pgrex02\n", 0, "...[SKIP]"},
		{"the name by option", unreachable, []string{"--peer-down", "--confirm-peer-down", "pgrex02"}, "", 0, ""},
		{"the wrong one by option", unreachable, []string{"--peer-down", "--confirm-peer-down", "pgrex03"}, "", 4, "PST-041"},
		{"it answers", message.Fail(message.SSH004, "user", "root", "host", "192.168.2.2"), []string{"--peer-down"}, "pgrex02\n", 6, "SSH-004"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := startable(t)
			c.dialErr = tt.err
			got := c.play(typed{input: tt.input, terminal: tt.input != ""}, append([]string{"pg-rex_primary_start"}, tt.args...)...)
			changes := []string{ended, startsCorosync, startsCluster}
			if tt.status != 0 {
				changes = nil
			}
			c.wantChanges(got, tt.status, []string{tt.says}, changes...)
		})
	}
}

// Conformance: AT-040, AT-041, AT-042, AT-043 (unit)
func TestPrimaryStartFails(t *testing.T) {
	fails := func(after time.Duration, key string) func(*fakeCluster) {
		return func(c *fakeCluster) {
			c.change = func(n *fakeNode, what string) {
				if what == "systemctl start pacemaker.service" {
					c.failures = []fakeFailure{{"ipaddr-primary_start_0", n.host, 1, "no such address", time.Now().Add(after)},
						{key, n.host, 1, "FATAL: bad setting", time.Now().Add(after)}}
				}
			}
		}
	}
	for _, tt := range []struct {
		name    string
		prepare func(*fakeCluster)
		args    []string
		status  int
		says    []string
		least   time.Duration
		most    time.Duration
	}{
		{"the second failure is ours", fails(0, "pgsql_start_0"), nil, 1, []string{"PST-053: Resource pgsql failed on pgrex01: start: FATAL: bad setting"}, 0, 2 * time.Second},
		{"a numbered instance", fails(0, "pgsql:1_start_0"), nil, 1, []string{"PST-053"}, 0, 2 * time.Second},
		{"an old failure", fails(-time.Hour, "pgsql_start_0"), []string{"--timeout", "2"}, 5, []string{"PST-051"}, 2 * time.Second, 4 * time.Second},
		{"an address does not come", func(c *fakeCluster) {
			c.others[0].where, c.others[4].where, c.others[3].where = "nowhere", "nowhere", "nowhere"
		},
			[]string{"--timeout", "2"}, 5, []string{"within 2 s", "IPADDR_PRIMARY (ipaddr-primary=Stopped)", "PING (ping=Stopped)", "next: pg-rex_status"}, 2 * time.Second, 4 * time.Second},
		{"not one fence agent", func(c *fakeCluster) { c.others[5].where = "nowhere" }, []string{"--timeout", "1", "--stop-on-failure"}, 5, []string{"STONITH (", "Pacemaker on pgrex01 has been stopped"}, time.Second, 3 * time.Second},
		{"the other one is promoted", func(c *fakeCluster) {
			c.b.up()
			c.b.programs["corosync-cmapctl"] = waiting
			c.change = func(n *fakeNode, what string) {
				if what == "systemctl start pacemaker.service" {
					c.b.primary()
				}
			}
		}, nil, 3, []string{"PST-012"}, 0, 2 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := startable(t)
			tt.prepare(c)
			begun := time.Now()
			got := c.play(typed{}, append([]string{"pg-rex_primary_start"}, tt.args...)...)
			took := time.Since(begun)
			if got.status != tt.status || took < tt.least || took > tt.most {
				t.Errorf("%v %+v", took, got)
			}
			for _, s := range tt.says {
				if !strings.Contains(got.out+got.err, s) {
					t.Errorf("%q is not said: %+v", s, got)
				}
			}
			c.unlocked()
		})
	}
}

// The wait can be left: the cluster goes on by itself.
func TestPrimaryStartInterrupted(t *testing.T) {
	c := startable(t)
	c.change = func(_ *fakeNode, what string) {
		if what == "systemctl start pacemaker.service" {
			time.AfterFunc(300*time.Millisecond, func() { _ = syscall.Kill(os.Getpid(), syscall.SIGINT) })
		}
	}
	got := c.play(typed{}, "pg-rex_primary_start", "--stop-on-failure")
	c.wantChanges(got, 8, []string{"No longer waiting. Pacemaker continues"}, ended, startsCorosync, startsCluster)
}

// A start tells of other resources that do not run, and is a success.
func TestPrimaryStartTellsOfOthers(t *testing.T) {
	c := startable(t)
	c.others = append(c.others, fakeResource{id: "billing", kind: "Dummy", where: "everywhere", failed: true})
	if got := c.play(typed{}, "pg-rex_primary_start"); got.status != 0 || !strings.Contains(got.err, "CMN-022: Resource billing is failed on pgrex01") {
		t.Errorf("%+v", got)
	}
}

// crmFile is a definition of the old generation for the cluster of the tests.
const crmFile = `### Cluster Option ###
property no-quorum-policy="ignore" stonith-enabled="false" startup-fencing="false"
ms msPostgresql pgsql \
	meta master-max="1" master-node-max="1" clone-max="2" clone-node-max="1" notify="true"
primitive pgsql ocf:linuxhajapan:pgsql \
	params pgctl="/usr/bin/pg_ctl" pgdata="/dbfp/pgdata/data" tmpdir="/dbfp/tmp" rep_mode="sync" node_list="pgrex01 pgrex02" master_ip="192.168.2.3" repuser="repuser" \
	op start interval="0s" timeout="300s" on-fail="restart" \
	op monitor interval="10s" timeout="60s" on-fail="restart"
`

// Conformance: AT-023, AT-024, AT-025, AT-026 (unit)
func TestPrimaryStartWithFile(t *testing.T) {
	const path = "/root/pgrex.crm"
	const backup = "/state/saved-definition"
	load := "pgrex01: cibadmin -R -o configuration -p"
	saved := []string{"pgrex01: save-definition", "pgrex01: write " + backup, "pgrex02: save-definition", "pgrex02: write " + backup}
	cleared := []string{"pgrex01: clear-cib", "pgrex02: clear-cib"}
	started := []string{ended, startsCorosync, startsCluster, load}
	created := []string{"pgrex02: write /etc/corosync/authkey", "pgrex02: write /etc/corosync/corosync.conf",
		"pgrex01: write /etc/corosync/authkey", "pgrex01: write /etc/corosync/corosync.conf"}
	forgotten := []string{"pgrex01: remove " + backup, "pgrex02: remove " + backup}
	old := func(c *fakeCluster) {
		c.old()
		c.conf += "POLL_INTERVAL = 1\n"
	}
	text := func(from, to string) func(*fakeCluster) {
		return func(c *fakeCluster) {
			old(c)
			c.a.files[path] = strings.Replace(crmFile, from, to, 1)
		}
	}
	for _, tt := range []struct {
		name    string
		prepare func(*fakeCluster)
		args    []string
		input   string // "-": there is no terminal
		status  int
		says    string
		changes [][]string
	}{
		{"old, yes", old, nil, "y\n", 0, "The former definition was saved in /state/backup/", [][]string{saved, cleared, started, forgotten}},
		{"old, no", old, nil, "n\n", 4, "PST-041", nil},
		{"old, empty line", old, nil, "\n", 4, "PST-041", nil},
		{"old, end of input", old, nil, "", 4, "PST-041", nil},
		{"old, nobody there", old, nil, "-", 4, "CMN-051", nil},
		{"old, first start", func(c *fakeCluster) {
			old(c)
			delete(c.a.files, crm.CIBFile)
			delete(c.b.files, crm.CIBFile)
		}, nil, "-", 0, "is now running as Primary", [][]string{saved, started, forgotten}},
		{"old, no Corosync", func(c *fakeCluster) { old(c); delete(c.a.files, conf.CorosyncPath) }, nil, "-", 3, "PST-039", nil},
		{"new, no", newFile, nil, "n\n", 4, "PST-041", nil},
		{"new, yes by option", newFile, []string{"--yes"}, "-", 0, "", [][]string{saved, cleared, created, started, forgotten}},
		{"new, Corosync is kept", newFile, []string{"--yes", "--no-recreate"}, "-", 0, "", [][]string{saved, cleared, started, forgotten}},
		{"new, first start", func(c *fakeCluster) {
			newFile(c)
			for _, n := range []*fakeNode{c.a, c.b} {
				delete(n.files, crm.CIBFile)
				delete(n.files, conf.CorosyncPath)
			}
		}, nil, "-", 0, "Set up the HA cluster", [][]string{created, started}},
		{"new, peer down", func(c *fakeCluster) {
			newFile(c)
			c.dialErr = message.Fail(message.SSH001)
		}, []string{"--yes", "--peer-down", "--confirm-peer-down", "pgrex02"}, "-", 0, "Corosync stays as it is",
			[][]string{saved[:2], cleared[:1], started, {`pgrex01: cibadmin -M -X <cib admin_epoch="1"/>`}, forgotten[:1]}},
		{"new, first start, peer down", func(c *fakeCluster) {
			newFile(c)
			delete(c.a.files, conf.CorosyncPath)
			c.dialErr = message.Fail(message.SSH001)
		}, []string{"--yes", "--peer-down", "--confirm-peer-down", "pgrex02"}, "-", 3, "PST-039", nil},
		{"no file", func(c *fakeCluster) { old(c); delete(c.a.files, path) }, nil, "-", 2, "PST-030", nil},
		{"unknown statement", text("### Cluster", "user root write\n###"), nil, "-", 3, "PST-037: Line 1", nil},
		{"broken XML", func(c *fakeCluster) { old(c); c.a.files[path] = "<cib><configuration>" }, nil, "-", 3, "PST-032", nil},
		{"no pgdata", text(`pgdata="/dbfp/pgdata/data"`, ""), nil, "-", 3, "PST-031: The definition lacks parameter pgdata of resource pgsql", nil},
		{"no repuser", text(`repuser="repuser"`, ""), nil, "-", 3, "parameter repuser", nil},
		{"no node_list", text(`node_list="pgrex01 pgrex02"`, ""), nil, "-", 3, "parameter node_list", nil},
		{"another clone", text("ms msPostgresql", "ms msPostgres"), nil, "-", 3, "PST-035: Resource msPostgresql", nil},
		{"another primitive", text("primitive pgsql", "primitive pg"), nil, "-", 3, "", nil},
		{"foreign nodes", text("pgrex01 pgrex02", "pgrex01 pgrex03"), nil, "-", 3, "PST-034", nil},
		{"configured and missing", func(c *fakeCluster) { old(c); c.conf += "VIP_MASTER_ResourceID = vip-master\n" }, nil, "-", 3, "PST-035: Resource vip-master", nil},
		{"not valid", func(c *fakeCluster) {
			old(c)
			c.a.programs["crm_verify"] = func([]string) (string, int) { return "", 78 }
		}, nil, "-", 3, "PST-036", nil},
		{"peer waits with the former definition", func(c *fakeCluster) {
			old(c)
			c.b.up()
			c.b.programs["corosync-cmapctl"] = waiting
		}, nil, "-", 3, "PST-021", nil},
		{"older data", func(c *fakeCluster) { old(c); ofNode(c.b, aDatabase(0x6000000)) }, nil, "-", 3, "PST-022", nil},
		{"lock in the tmpdir of the file", func(c *fakeCluster) {
			old(c)
			answer(c.a, "agent-lock", func(in serverIn) (lockFile, error) {
				return lockFile{Path: in.Settings.TmpDir + "/PGSQL.lock", Exists: true}, nil
			})
		}, nil, "-", 3, "PST-014: Lock file exists: /dbfp/tmp/PGSQL.lock", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := startable(t)
			c.a.files[path] = crmFile
			tt.prepare(c)
			argv := append([]string{"pg-rex_primary_start"}, tt.args...)
			got := c.play(typed{input: tt.input, terminal: tt.input != "-"}, append(argv, path)...)
			c.wantChanges(got, tt.status, []string{tt.says}, slices.Concat(tt.changes...)...)
			if strings.Contains(got.out, "already defined") != (tt.input != "-" && tt.status != 2) {
				t.Errorf("the question: %s", got.out)
			}
		})
	}
}

// newFile makes the definition one for the configuration of today.
func newFile(c *fakeCluster) {
	text := strings.NewReplacer("msPostgresql", "pgsql-clone", `stonith-enabled="false"`, `stonith-enabled="true"`).Replace(crmFile)
	for _, r := range c.others {
		switch {
		case r.clone:
			text += fmt.Sprintf("clone %s %s\n", r.parent, r.id)
		case r.parent != "" && !strings.Contains(text, "group "+r.parent):
			text += fmt.Sprintf("group %s ipaddr-primary ipaddr-replication\n", r.parent)
		}
		text += fmt.Sprintf("primitive %s ocf:heartbeat:%s\n", r.id, r.kind)
	}
	c.a.files["/root/pgrex.crm"] = text
}

// Conformance: AT-027 (unit)
func TestPrimaryStartPutsBack(t *testing.T) {
	c := startable(t).old()
	c.conf += "POLL_INTERVAL = 1\n"
	c.a.files["/root/pgrex.crm"] = crmFile
	before := c.a.programs["cibadmin"]
	c.a.programs["cibadmin"] = func(argv []string) (string, int) {
		if slices.Contains(argv, "-R") {
			return "", 78
		}
		return before(argv)
	}
	got := c.play(typed{}, "pg-rex_primary_start", "--yes", "/root/pgrex.crm")
	if got.status != 1 || !strings.Contains(got.err, "PST-052") || !strings.Contains(got.err, "next: pg-rex_stop ; pg-rex_primary_start --restore") {
		t.Fatalf("%+v", got)
	}
	if got := c.play(typed{}, "pg-rex_primary_start", "--restore"); got.status != 3 || !strings.Contains(got.err, "PST-011") {
		t.Errorf("%+v", got)
	}
	c.a.stop()
	c.mu.Lock()
	c.made = nil
	c.mu.Unlock()
	c.wantChanges(c.play(typed{}, "pg-rex_primary_start", "--restore"), 0, []string{"put back on pgrex01", "put back on pgrex02"},
		"pgrex02: restore-definition", "pgrex02: remove /state/saved-definition", "pgrex01: restore-definition", "pgrex01: remove /state/saved-definition")
	if got := c.play(typed{}, "pg-rex_primary_start", "--restore"); got.status != 3 || !strings.Contains(got.err, "PST-046") {
		t.Errorf("%+v", got)
	}
}

func TestCorosyncText(t *testing.T) {
	text := corosyncText("salesdb", []member{
		{"pgrex01", []string{"192.168.1.1", "192.168.3.1"}}, {"pgrex02", []string{"192.168.1.2", "192.168.3.2"}},
	})
	want := conf.Corosync{Nodes: []conf.CorosyncNode{
		{Name: "pgrex01", Rings: []string{"192.168.1.1", "192.168.3.1"}}, {Name: "pgrex02", Rings: []string{"192.168.1.2", "192.168.3.2"}},
	}}
	if got := conf.CorosyncRings([]byte(text)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v\n%s", got, text)
	}
	for _, line := range []string{"cluster_name: salesdb", "two_node: 1", "transport: knet", "crypto_cipher: aes256", "nodeid: 2"} {
		if !strings.Contains(text, " "+line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
	corosync, err := exec.LookPath("corosync")
	if err != nil {
		t.Skip("there is no corosync here")
	}
	host, err := node.HostName() // Corosync looks for itself among the nodes
	if err != nil {
		t.Fatal(err)
	}
	text = strings.Replace(text, "pgrex01", host, 1)
	dir := t.TempDir()
	file, key := filepath.Join(dir, "corosync.conf"), filepath.Join(dir, "authkey")
	for path, content := range map[string]string{file: strings.Replace(text, "totem {", "totem {\n    keyfile: "+key, 1), key: strings.Repeat("k", 256)} {
		if err := os.WriteFile(path, []byte(content), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(context.Background(), corosync, "-t", "-c", file).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestMoveCIB(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "cib")
	for _, name := range []string{"cib.xml", "cib.xml.sig", "cib-1.raw", "cib-1.raw.sig", "cib.last", "shadow.x"} {
		if err := os.WriteFile(filepath.Join(from, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // again after an interruption
		if err := moveCIB(from, to); err != nil {
			t.Fatal(err)
		}
	}
	left, _ := os.ReadDir(from)
	moved, _ := os.ReadDir(to)
	if len(left) != 1 || left[0].Name() != "shadow.x" || len(moved) != 5 {
		t.Errorf("%v %v", left, moved)
	}
}

func TestClusterTime(t *testing.T) {
	for text, want := range map[string]time.Duration{"300": 300 * time.Second, "60s": time.Minute, "5min": 5 * time.Minute, "1500ms": 1500 * time.Millisecond, "1h": time.Hour} {
		if got, ok := clusterTime(text); !ok || got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	for _, text := range []string{"", "s", "1x", "1 s"} {
		if got, ok := clusterTime(text); ok {
			t.Errorf("%q: %v", text, got)
		}
	}
	d := crm.Definition{Operations: []crm.Operation{{Name: "monitor", Timeout: "60s"}, {Name: "start", Timeout: "300s"}}}
	if startTimeout(d) != 300*time.Second || startTimeout(crm.Definition{}) != 20*time.Second {
		t.Error(startTimeout(d))
	}
}

func TestAdminEpoch(t *testing.T) {
	if adminEpoch([]byte(`<cib admin_epoch="3" epoch="9"><configuration/></cib>`)) != 3 || adminEpoch([]byte("x")) != 0 {
		t.Error("admin_epoch")
	}
}
