package operation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"pgrex/internal/crm"
	"pgrex/internal/node"
	"pgrex/internal/pg/wal"
)

// switching is a cluster that a switchover is played on: what the command does
// has effects on it, and Pacemaker reacts to them. The lock of the fake cluster
// is that of its fields.
type switching struct {
	*fakeCluster
	frozen   bool                // the clone's meta-attribute maintenance
	slow     int                 // how often somebody looks before Pacemaker reacts
	idle     int                 // how often somebody has looked since
	edit     func(string) string // of what crm_mon says
	rows     []senderRow         // of the primary, nil for a healthy standby's
	settings map[*fakeNode]map[string]int

	stuck      bool // the primary does not end
	lacks      bool // the standby lacks the shutdown checkpoint
	noStart    bool // the old primary does not start again
	noPromote  bool // the promotion fails
	staysDown  bool // the agent does not bring the demoted server back
	noThaw     func(n *fakeNode) bool
	beforeThat func(what string) // called before a change counts, the lock held

	one     sync.Mutex // of all that is done on the nodes
	running *process   // whose doing it is
}

// process is one run of the command, which may be killed after so many changes.
type process struct {
	killAt, changes int
	dead            bool
	killed          chan struct{} // closed then
}

// killable is a node as a run sees it.
type killable struct {
	*fakeNode
	w *switching
	p *process
}

func (k *killable) Do(ctx context.Context, op string, in []byte) ([]byte, error) {
	if op == "serving" {
		return k.fakeNode.Do(ctx, op, in) // takes long, and changes nothing
	}
	k.w.one.Lock()
	if !k.p.dead {
		k.w.running = k.p
		out, err := k.fakeNode.Do(ctx, op, in)
		if !k.p.dead {
			k.w.one.Unlock()
			return out, err
		}
		close(k.p.killed)
	}
	k.w.one.Unlock()
	select {} // nobody is there any more
}

// Open implements [node.Node]: a lock is held for a moment before the next one is tried.
func (k *killable) Open(ctx context.Context, op string, in []byte) (io.ReadWriteCloser, error) {
	defer time.Sleep(20 * time.Millisecond)
	return k.fakeNode.Open(ctx, op, in)
}

const (
	switchJournal = "/var/lib/pg-rex/operation.json"
	shutdownEnd   = wal.LSN(0x3000100)
)

// healthySwitching has the primary on a; the command is typed there.
func healthySwitching(t *testing.T) *switching {
	t.Helper()
	w := &switching{fakeCluster: healthyCluster(t), settings: map[*fakeNode]map[string]int{}}
	w.noThaw = func(*fakeNode) bool { return false }
	w.fakeCluster.change = w.changedOn
	for _, n := range []*fakeNode{w.a, w.b} {
		n.transient["master-pgsql"] = map[bool]string{true: "1000", false: "100"}[n == w.a]
		n.programs["crm_mon"] = func([]string) (string, int) { return w.monitor(n) }
		n.programs["crm_resource"] = func(argv []string) (string, int) { return w.resource(n, argv) }
		w.serverOf(n)
	}
	w.typedOn(w.a)
	return w
}

// typedOn says where the command is typed next.
func (w *switching) typedOn(n *fakeNode) *process {
	m := *w.machine
	p := &process{killed: make(chan struct{})}
	own, peer := &killable{n, w, p}, &killable{n.peer(), w, p}
	m.Own = own
	m.Dial = func(context.Context, *session) (node.Node, error) { return peer, w.dialErr }
	m.Addresses = func() ([]netip.Addr, error) {
		digit := map[bool]string{true: "1", false: "2"}[n == w.a]
		return []netip.Addr{netip.MustParseAddr("192.168.1." + digit), netip.MustParseAddr("192.168.2." + digit), netip.MustParseAddr("192.168.3." + digit)}, nil
	}
	w.machine = &m
	return p
}

func (w *switching) monitor(n *fakeNode) (string, int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(n.stack) < 2 {
		return "", notConnected
	}
	if w.idle++; w.idle > w.slow {
		w.pacemaker()
	}
	text := w.mon()
	if w.frozen {
		head, rest, _ := strings.Cut(text, "</clone>")
		text = strings.ReplaceAll(head, `managed="true"`, `managed="false" maintenance="true"`) + "</clone>" + rest
	}
	if w.edit != nil {
		text = w.edit(text)
	}
	return text, 0
}

func (w *switching) resource(n *fakeNode, argv []string) (string, int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case slices.Contains(argv, "-p"):
		w.frozen = true
	case slices.Contains(argv, "-d"):
		if w.noThaw(n) {
			return "", 124
		}
		w.frozen = false
	default: // a cleanup
		w.failures, w.failCounts = nil, map[string]int{}
	}
	return "", 0
}

// changedOn is told of each change, the lock held.
func (w *switching) changedOn(_ *fakeNode, what string) {
	if w.beforeThat != nil {
		w.beforeThat(what)
	}
	w.idle = 0
	if w.slow == 0 {
		w.pacemaker()
	}
	p := w.running
	p.changes++
	p.dead = p.dead || p.changes == p.killAt
}

// pacemaker does what is to be done. The lock is held.
func (w *switching) pacemaker() {
	if w.frozen || w.maintenance {
		return
	}
	old, other := w.a, w.b
	if w.b.role == crm.Promoted {
		old, other = w.b, w.a
	}
	number := func(n *fakeNode) (score int) {
		_, _ = fmt.Sscan(n.transient["master-pgsql"], &score)
		return score
	}
	switch moves := old.server == 0 || number(other) > number(old); {
	case old.role != crm.Promoted, len(old.stack) < 2:
	case moves && other.role == crm.Unpromoted && other.transient["pgsql-status"] == "HS:sync":
		if w.noPromote {
			w.failures = append(w.failures, fakeFailure{"pgsql_promote_0", other.host, 1, "no", time.Now()})
			old.role, old.server = "", 0
			return
		}
		other.primary()
		old.role, old.server = "", 0
		old.transient["pgsql-status"], old.transient["master-pgsql"] = "STOP", "-INFINITY"
		old.permanent["pgsql-data-status"] = "DISCONNECT"
		if old.lock {
			w.failures = append(w.failures, fakeFailure{"pgsql_start_0", old.host, 1, "PGSQL.lock exists", time.Now()})
		} else if !w.staysDown {
			old.set("HS:sync", "STREAMING|SYNC")
		}
	case old.server == 0:
		old.primary()
	case other.role == "" && len(other.stack) > 1 && !other.lock && len(w.failures) == 0 && !w.staysDown:
		other.set("HS:sync", "STREAMING|SYNC")
	}
	if w.a.role == crm.Promoted && w.b.role == crm.Promoted {
		w.t.Error("two primaries")
	}
}

// serverOf answers the operations on the server of a node.
func (w *switching) serverOf(n *fakeNode) {
	dlan := map[*fakeNode]string{w.a: "192.168.2.1", w.b: "192.168.2.2"}
	answer(n, "observe-server", func(serverIn) (sending, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if n.server == 0 {
			return sending{}, errors.New("no server answers")
		}
		s := sending{InRecovery: n.role != crm.Promoted, Position: 0x3000000, Settings: map[string]int{"max_connections": 100}}
		if v := w.settings[n]; v != nil {
			s.Settings = v
		}
		if !s.InRecovery {
			s.Rows = []senderRow{{n.peer().host, dlan[n.peer()], "streaming", "sync", 0}}
			if w.rows != nil {
				s.Rows = w.rows
			}
		}
		return s, nil
	})
	answer(n, "stop-server", func(stopIn) (stopped, error) {
		w.mu.Lock()
		was := n.server
		if !w.stuck {
			n.server = 0
		}
		w.mu.Unlock()
		if w.stuck {
			n.changed("try to stop the server")
			return stopped{Left: 2}, nil
		}
		if was != 0 {
			n.changed("stop the server")
		}
		return stopped{Clean: true, End: shutdownEnd}, nil
	})
	answer(n, "reach", func(in reachIn) (wal.LSN, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if n.role != crm.Unpromoted || n.server == 0 {
			return 0, errors.New("no standby answers")
		}
		if w.lacks && in.Target == shutdownEnd {
			return in.Target - 1, nil
		}
		w.made = append(w.made, "(proof)")
		return in.Target, nil
	})
	answer(n, "serving", func(serveIn) (time.Time, error) {
		for range 200 {
			w.mu.Lock()
			serves := n.role == crm.Promoted && n.server != 0
			w.mu.Unlock()
			if serves {
				return time.Now(), nil
			}
			time.Sleep(10 * time.Millisecond)
		}
		return time.Time{}, errors.New("not in time")
	})
	answer(n, "restart-primary", func(in restartIn) (struct{}, error) {
		w.mu.Lock()
		if n.peer().role == crm.Promoted {
			w.t.Error("the old primary is started beside the new one")
		}
		was := n.server != 0 && n.lock && !w.stuck
		if in.Node != n.host {
			w.t.Errorf("the lock is to be of %q", in.Node)
		}
		n.lock = true
		if !w.noStart {
			n.server = 2001
		}
		w.mu.Unlock()
		if w.noStart {
			return struct{}{}, errors.New("it does not start")
		}
		if !was {
			n.changed("start the server")
		}
		return struct{}{}, nil
	})
	// A lock that says who has all is in nobody's way, and of no account here.
	n.answers["note-holder"] = func(context.Context, []byte) (any, error) {
		w.mu.Lock()
		if n.server != 0 {
			w.t.Error("the lock of a server that runs is given up")
		}
		was := n.lock
		n.lock = false
		w.mu.Unlock()
		if was {
			n.changed("give the lock up")
		}
		return struct{}{}, nil
	}
	n.answers["drop-noted-lock"] = func(context.Context, []byte) (any, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if n.lock || n.role == crm.Promoted {
			w.t.Errorf("the lock of a primary is removed, %t", n.lock)
		}
		return struct{}{}, nil
	}
}

// journals are the phases that are written down on the two nodes.
func (w *switching) journals() (list [2]string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, n := range []*fakeNode{w.a, w.b} {
		var j journal
		if json.Unmarshal([]byte(n.files[switchJournal]), &j) == nil {
			list[i] = j.Phase
		}
	}
	return list
}

// interruptedIn leaves the journal of a run from a to b that was killed in a phase.
func (w *switching) interruptedIn(phase string) {
	b, err := json.Marshal(journal{"switchover", "pgrex01", time.Now(), phase, map[string]string{"from": "pgrex01", "to": "pgrex02", "clone": "pgsql-clone"}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.a.files[switchJournal], w.b.files[switchJournal] = string(b), string(b)
}

// sound checks what every end of it has in common: one primary that serves and
// has its lock, nothing frozen, no journal.
func (w *switching) sound(primary *fakeNode) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pacemaker()
	switch _, a := w.a.files[switchJournal]; {
	case w.frozen:
		return errors.New("frozen")
	case a || w.b.files[switchJournal] != "":
		return errors.New("a journal is left")
	case w.a.role == crm.Promoted == (w.b.role == crm.Promoted):
		return fmt.Errorf("roles %s and %s", w.a.role, w.b.role)
	}
	for _, n := range []*fakeNode{w.a, w.b} {
		if n.role == crm.Promoted && (n.server == 0 || !n.lock || n.transient["master-pgsql"] != "1000") {
			return fmt.Errorf("%s: server %d, lock %t, %v", n.host, n.server, n.lock, n.transient)
		}
		if n.role != crm.Promoted && n.transient["master-pgsql"] == preferred {
			return fmt.Errorf("%s is preferred still", n.host)
		}
		if primary != nil && (n.role == crm.Promoted) != (n == primary) {
			return fmt.Errorf("%s has role %q", n.host, n.role)
		}
	}
	return nil
}

// changesOf are the changes but the journal's.
func (w *switching) changesOf() []string {
	return slices.DeleteFunc(w.changes(), func(c string) bool { return strings.Contains(c, switchJournal) })
}

const (
	freezes = "crm_resource --meta -r pgsql-clone -p maintenance -v true"
	thaws   = "crm_resource --meta -r pgsql-clone -d maintenance"
	scores  = "crm_attribute -l reboot -N pgrex02 -n master-pgsql -v "
)

// handedOver is what a switchover from a changes.
var handedOver = []string{
	"pgrex01: checkpoint", "(proof)", "pgrex01: " + freezes, "pgrex01: " + scores + "2000", "pgrex01: stop the server",
	"(proof)", "pgrex01: give the lock up", "pgrex02: " + thaws,
}

// wentBack is what one changes that is undone once the server has been stopped.
var wentBack = []string{
	"pgrex01: checkpoint", "(proof)", "pgrex01: " + freezes, "pgrex01: " + scores + "2000", "pgrex01: stop the server",
	"pgrex01: start the server", "pgrex01: " + scores + "100", "pgrex02: " + thaws,
}

// Conformance: AT-098 (unit)
func TestSwitchoverRefused(t *testing.T) {
	failed := func(resource, host string) func(*switching) {
		return func(w *switching) {
			w.failures = []fakeFailure{{resource + "_monitor_10000", host, 1, "", time.Now()}}
		}
	}
	edit := func(old, by string) func(*switching) {
		return func(w *switching) {
			w.edit = func(text string) string {
				if !strings.Contains(text, old) {
					w.t.Errorf("no %q in %s", old, text)
				}
				return strings.Replace(text, old, by, 1)
			}
		}
	}
	node2 := `<node name="pgrex02" id="2" online="true" standby="false" standby_onfail="false" maintenance="false" pending="false" unclean="false"`
	ban := func(id string) func(*switching) {
		return edit("</pacemaker-result>", `<bans><ban id="`+id+`" resource="pgsql-clone" node="pgrex02" weight="-1000000" promoted-only="false"/></bans></pacemaker-result>`)
	}
	row := func(r senderRow) func(*switching) { return func(w *switching) { w.rows = []senderRow{r} } }
	for _, tt := range []struct {
		name   string
		state  func(*switching)
		status int
		says   string
	}{
		{"peer stack down", func(w *switching) { w.b.stop() }, 3, "pgrex02: Pacemaker is not online (offline)"},
		{"peer standby", edit(node2, strings.Replace(node2, `standby="false"`, `standby="true"`, 1)), 3, "pgrex02: Pacemaker is not online (standby)"},
		{"peer maintenance", edit(node2, strings.Replace(node2, `maintenance="false"`, `maintenance="true"`, 1)), 3, "pgrex02: Pacemaker is not online (maintenance)"},
		{"peer unclean", edit(node2, strings.Replace(node2, `unclean="false"`, `unclean="true"`, 1)), 3, "pgrex02: Pacemaker is not online (unclean)"},
		{"own node standby", func(w *switching) { w.a.standby = true }, 3, "pgrex01: Pacemaker is not online (standby)"},
		{"no standby", func(w *switching) { w.b.up(); w.slow = 1000 }, 3, "SWO-011: Switchover is not possible now:\n  Exactly one Primary and one Standby are needed (found: pgrex01 Primary"},
		{"asynchronous standby", func(w *switching) { w.b.set("HS:async", "STREAMING|ASYNC") }, 3, "Replication is not synchronous (role=Unpromoted, pgsql-data-status=STREAMING|ASYNC"},
		{"the server calls it asynchronous", row(senderRow{"pgrex02", "192.168.2.2", "streaming", "async", 0}), 3, "Replication is not synchronous (streaming, async)"},
		{"it is catching up", row(senderRow{"pgrex02", "192.168.2.2", "catchup", "sync", 0}), 3, "Replication is not synchronous (catchup, sync)"},
		{"nobody replicates", func(w *switching) { w.rows = []senderRow{} }, 3, "Replication is not synchronous (-)"},
		{"somebody else replicates", row(senderRow{"pgrex03", "192.168.2.2", "streaming", "sync", 0}), 3, "Replication is not synchronous (-)"},
		{"two primaries", func(w *switching) { w.b.primary(); w.slow = 1000 }, 3, "found: pgrex01 Primary, pgrex02 Primary"},
		{"a foreign address", row(senderRow{"pgrex02", "192.168.1.2", "streaming", "sync", 0}), 3, "pgrex02 replicates from address 192.168.1.2, not from its D-LAN address 192.168.2.2"},
		{"too far behind", row(senderRow{"pgrex02", "192.168.2.2", "streaming", "sync", 16777217}), 3, "Standby is 16.0 MiB behind (limit 16.0 MiB)"},
		{"smaller settings", func(w *switching) { w.settings[w.b] = map[string]int{"max_connections": 101} }, 3, "max_connections of pgrex01 is 100, less than 101"},
		{"fail count", func(w *switching) { w.failCounts["pgsql pgrex02"] = 1 }, 3, "Failure recorded: pgsql on pgrex02."},
		{"failed database", failed("pgsql", "pgrex01"), 3, "Failure recorded: pgsql on pgrex01."},
		{"failed address", failed("ipaddr-standby", "pgrex02"), 3, "Failure recorded: ipaddr-standby on pgrex02."},
		{"failed ping", failed("ping", "pgrex02"), 3, "Failure recorded: ping on pgrex02."},
		{"failed fencing", failed("fence1-ipmilan", "pgrex02"), 3, "Failure recorded: fence1-ipmilan on pgrex02."},
		{"maintenance mode", func(w *switching) { w.maintenance = true }, 3, "SWO-014"},
		{"frozen", func(w *switching) { w.frozen = true }, 3, "SWO-014"},
		{"unmanaged", edit(`managed="true"`, `managed="false"`), 3, "SWO-014"},
		{"ban", ban("cli-ban-pgsql-clone-on-pgrex02"), 3, "A constraint keeps pgsql-clone away from pgrex02: cli-ban-pgsql-clone-on-pgrex02."},
		{"the primary does not answer", func(w *switching) { w.a.server = 0; w.slow = 1000 }, 3, "pgrex01: no server answers"},
		{"unfinished", func(w *switching) { w.interruptedIn(phaseStop) }, 7, "CMN-040: pg-rex_switchover of "},
		{"unfinished on the peer", func(w *switching) { w.interruptedIn(phaseStop); delete(w.a.files, switchJournal) }, 7, "(phase: stop)"},
		{"peer not reachable", func(w *switching) { w.dialErr = errors.New("no route") }, 1, "no route"},
		{"nothing to go on with", nil, 3, "CMN-045"},
		{"nothing to give up", nil, 3, "CMN-045"},
		{"a healthy one", nil, 0, "Dry-run finished"},
		{"another ban", ban("location-of-the-operator"), 0, "Dry-run finished"},
		{"another resource failed", failed("other", "pgrex02"), 0, "Dry-run finished"},
		{"a second connection", func(w *switching) {
			w.rows = []senderRow{{"pgrex02", "192.168.2.2", "streaming", "sync", 16777216}, {"pg_receivewal", "192.168.2.2", "streaming", "async", 0}}
		}, 0, "SWO-022: Several replication clients connect from pgrex02"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := healthySwitching(t)
			if tt.state != nil {
				tt.state(w)
			}
			option := map[string]string{"nothing to go on with": "--resume", "nothing to give up": "--abort"}[tt.name]
			if tt.status == 0 {
				option = "--check-only"
			}
			if option == "" {
				option = "--yes"
			}
			got := w.play(typed{}, "pg-rex_switchover", option)
			w.want(got, tt.status, []string{tt.says})
		})
	}
}

// Conformance: AT-099, AT-096, AT-097, AT-106 (unit)
func TestSwitchover(t *testing.T) {
	person := func(answer string) typed { return typed{input: answer, terminal: true} }
	for _, tt := range []struct {
		name    string
		state   func(*switching)
		how     typed
		args    []string
		status  int
		says    []string
		never   string
		changes []string
		primary string
	}{
		{name: "n", how: person("n\n"), status: 4, says: []string{"SWO-021: Not switched.", "pgrex01  Primary  ->  Standby"}, primary: "pgrex01"},
		{name: "end of input", how: person(""), status: 4, says: []string{"SWO-021"}, primary: "pgrex01"},
		{name: "nobody to ask", status: 4, says: []string{"CMN-051"}, primary: "pgrex01"},
		{name: "dry run", how: person("y\n"), args: []string{"--dry-run"}, says: []string{"Dry-run finished."}, never: "(y/N)", primary: "pgrex01"},
		{name: "y", how: person("y\n"), changes: handedOver, primary: "pgrex02",
			says: []string{"**** pgrex02 is Primary now ****", "**** pgrex01 is Standby now ****", "Switchover finished. Service was interrupted for 0."}},
		{name: "a negative lag", args: []string{"--yes", "--max-lag=-1"}, status: 2, says: []string{"CMN-062"}, primary: "pgrex01"},
		{name: "typed on the standby", state: func(w *switching) { w.typedOn(w.b) }, args: []string{"--yes"}, changes: handedOver, primary: "pgrex02"},
		{name: "no lock", state: func(w *switching) { w.a.lock = false }, args: []string{"--yes"}, primary: "pgrex02",
			changes: slices.Delete(slices.Clone(handedOver), 6, 7)},
		{name: "Pacemaker is slow", state: func(w *switching) { w.slow = 2 }, args: []string{"--yes"}, changes: handedOver, primary: "pgrex02"},
		{name: "one node cannot thaw it", state: func(w *switching) { w.noThaw = func(n *fakeNode) bool { return n == w.b } }, args: []string{"--yes"},
			changes: append(slices.Clone(handedOver), "pgrex01: "+thaws), primary: "pgrex02"},
		{name: "no rejoin", args: []string{"--yes", "--no-rejoin"}, changes: handedOver, primary: "pgrex02", never: "pgrex01 is Standby now"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := healthySwitching(t)
			if tt.state != nil {
				tt.state(w)
			}
			got := w.play(tt.how, append([]string{"pg-rex_switchover"}, tt.args...)...)
			made := w.changesOf()
			if got.status != tt.status || !slices.Equal(made, tt.changes) {
				t.Errorf("%d\n%s%s\n%s", got.status, got.out, got.err, strings.Join(made, "\n"))
			}
			for _, text := range tt.says {
				if !strings.Contains(got.out+got.err, text) {
					t.Errorf("%q is not said:\n%s%s", text, got.out, got.err)
				}
			}
			if tt.never != "" && strings.Contains(got.out+got.err, tt.never) {
				t.Errorf("%q is said:\n%s", tt.never, got.out)
			}
			if err := w.sound(map[string]*fakeNode{"pgrex01": w.a, "pgrex02": w.b}[tt.primary]); err != nil {
				t.Error(err)
			}
			w.unlocked()
		})
	}
}

// Before each phase, its name is on both nodes; afterwards on none.
func TestSwitchoverJournal(t *testing.T) {
	w := healthySwitching(t)
	var seen []string
	w.beforeThat = func(what string) {
		if strings.Contains(what, switchJournal) {
			return
		}
		var phases []string
		for _, n := range []*fakeNode{w.a, w.b} {
			var j journal
			if err := json.Unmarshal([]byte(n.files[switchJournal]), &j); err != nil {
				t.Errorf("%s: %s: %v", what, n.host, err)
			}
			if j.Command != "switchover" || j.Node != "pgrex01" || j.Started.IsZero() || j.Facts["from"] != "pgrex01" || j.Facts["to"] != "pgrex02" {
				t.Errorf("%+v", j)
			}
			phases = append(phases, j.Phase)
		}
		seen = append(seen, strings.Join(phases, " ")+": "+what)
	}
	got := w.play(typed{}, "pg-rex_switchover", "--yes")
	want := []string{
		"checkpoint checkpoint: checkpoint", "freeze freeze: " + freezes, "freeze freeze: " + scores + "2000", "stop stop: stop the server",
		"proof proof: give the lock up", "switch switch: " + thaws,
	}
	if !slices.Equal(seen, want) || got.status != 0 || w.journals() != [2]string{} {
		t.Errorf("%+v\n%s\n%v", got, strings.Join(seen, "\n"), w.journals())
	}
}

// Conformance: AT-102, AT-103, AT-107 (unit)
func TestSwitchoverFails(t *testing.T) {
	for _, tt := range []struct {
		name    string
		state   func(*switching)
		status  int
		says    []string
		never   string
		changes []string
		journal string
		primary string // "" when it is not sound
	}{
		{name: "the primary does not stop", state: func(w *switching) { w.stuck = true }, status: 1, primary: "pgrex01",
			says: []string{"SWO-041: Primary could not be stopped. Nothing was switched; monitoring is on again.", "2 processes are left"},
			changes: []string{"pgrex01: checkpoint", "(proof)", "pgrex01: " + freezes, "pgrex01: " + scores + "2000", "pgrex01: try to stop the server",
				"pgrex01: start the server", "pgrex01: " + scores + "100", "pgrex02: " + thaws}},
		{name: "the standby lacks the last WAL", state: func(w *switching) { w.lacks = true }, status: 1, primary: "pgrex01",
			says: []string{"SWO-042: Standby did not receive the last WAL (0/30000FF < 0/3000100)."}, changes: wentBack},
		{name: "the standby is gone", state: func(w *switching) {
			w.beforeThat = func(what string) {
				if what == "stop the server" {
					w.b.server = 0
				}
			}
		}, status: 1, primary: "pgrex01", says: []string{"SWO-042", "no standby answers"}, changes: wentBack},
		{name: "and the old primary does not start", state: func(w *switching) { w.lacks, w.noStart = true, true }, status: 1, primary: "", journal: phaseProof,
			says:    []string{"SWO-044: Nothing was switched, but PostgreSQL on pgrex01 could not be started again.", "it does not start"},
			changes: slices.Delete(slices.Clone(wentBack), 5, 6)},
		{name: "and cannot be thawed", state: func(w *switching) { w.lacks, w.noThaw = true, func(*fakeNode) bool { return true } }, status: 1, journal: phaseProof,
			says: []string{"SWO-043: ", "Run at once: " + thaws}, changes: append(slices.Clone(wentBack), "pgrex01: "+thaws)},
		{name: "no thaw", state: func(w *switching) { w.noThaw = func(*fakeNode) bool { return true } }, status: 1, journal: phaseSwitch,
			says:    []string{"SWO-043: Maintenance mode could not be switched off. Run at once: " + thaws},
			changes: append(slices.Clone(handedOver), "pgrex01: "+thaws)},
		{name: "the promotion fails", state: func(w *switching) { w.noPromote = true }, status: 1, journal: phaseSwitch,
			says: []string{"SWO-054: Resource pgsql failed on pgrex02: promote: no"}, changes: handedOver},
		{name: "a journal that cannot be written at once", state: func(w *switching) {
			w.b.answers["write-file"] = func(context.Context, []byte) (any, error) { return nil, errors.New("no space") }
		}, status: 1, says: []string{"no space"}, primary: "pgrex01"},
		{name: "a journal that cannot be written later", state: func(w *switching) { w.noWrite(phaseStop) }, status: 1, primary: "pgrex01",
			says: []string{"SWO-046: Nothing was switched; pgrex01 is serving as Primary again.", "no space"},
			changes: []string{"pgrex01: checkpoint", "(proof)", "pgrex01: " + freezes, "pgrex01: " + scores + "2000",
				"pgrex01: " + scores + "100", "pgrex02: " + thaws}},
		{name: "a journal that cannot be written before the switch", state: func(w *switching) { w.noWrite(phaseSwitch) }, status: 1, primary: "pgrex01",
			says:    []string{"SWO-046"},
			changes: slices.Concat(handedOver[:7], wentBack[5:])},
		{name: "the checkpoint does not get there", state: func(w *switching) {
			answer(w.b, "reach", func(in reachIn) (wal.LSN, error) { return in.Target - 1, nil })
		}, status: 3, says: []string{"SWO-026: CHECKPOINT did not reach pgrex02. Nothing was changed."}, changes: []string{"pgrex01: checkpoint"}, primary: "pgrex01"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := healthySwitching(t)
			tt.state(w)
			begun := time.Now()
			got := w.play(typed{}, "pg-rex_switchover", "--yes")
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
			made := w.changesOf()
			if got.status != tt.status || !slices.Equal(made, tt.changes) {
				t.Errorf("%d\n%s%s\n%s", got.status, got.out, got.err, strings.Join(made, "\n"))
			}
			for _, text := range tt.says {
				if !strings.Contains(got.out+got.err, text) {
					t.Errorf("%q is not said:\n%s%s", text, got.out, got.err)
				}
			}
			if j := w.journals(); j != [2]string{tt.journal, tt.journal} {
				t.Errorf("journals %q", j)
			}
			if tt.primary != "" {
				if err := w.sound(w.a); err != nil {
					t.Error(err)
				}
			}
			w.unlocked()
		})
	}
}

// noWrite makes the journal's next writing fail on b once it is at a phase.
func (w *switching) noWrite(phase string) {
	writes := w.b.known("write-file")
	w.b.answers["write-file"] = func(ctx context.Context, raw []byte) (any, error) {
		var f node.File
		if err := json.Unmarshal(raw, &f); err != nil || bytes.Contains(f.Content, []byte(`"`+phase+`"`)) {
			return nil, errors.Join(errors.New("no space"), err)
		}
		return writes(ctx, raw)
	}
}

// The old primary that the agent does not bring back is started anew; one that
// cannot come back is left to the command for that, and the journal is closed.
func TestSwitchoverComesBack(t *testing.T) {
	t.Run("started anew", func(t *testing.T) {
		t.Parallel()
		w := healthySwitching(t)
		w.staysDown = true
		w.beforeThat = func(what string) { w.staysDown = w.staysDown && !strings.HasPrefix(what, "systemctl start") }
		got := w.play(typed{}, "pg-rex_switchover", "--yes")
		if err := w.sound(w.b); got.status != 0 || err != nil || !slices.Contains(w.changes(), "pgrex01: systemctl stop pacemaker.service") {
			t.Errorf("%+v\n%v\n%q", got, err, w.changes())
		}
	})
	t.Run("it cannot", func(t *testing.T) {
		t.Parallel()
		w := healthySwitching(t)
		w.staysDown = true
		w.beforeThat = func(what string) {
			if strings.HasPrefix(what, "systemctl start") {
				w.failures = append(w.failures, fakeFailure{"pgsql_start_0", "pgrex01", 1, "no", time.Now()})
			}
		}
		got := w.play(typed{}, "pg-rex_switchover", "--yes")
		if err := w.sound(w.b); got.status != 1 || err != nil || !strings.Contains(got.err, "SWO-053") || !strings.Contains(got.err, "pg-rex_standby_start") {
			t.Errorf("%+v\n%v\n%q", got, err, w.changes())
		}
	})
	t.Run("failures of this run are forgotten", func(t *testing.T) {
		w := healthySwitching(t)
		w.beforeThat = func(what string) {
			if strings.HasSuffix(what, "-d maintenance") {
				w.failCounts["pgsql pgrex01"] = 1
			}
		}
		got := w.play(typed{}, "pg-rex_switchover", "--yes")
		if err := w.sound(w.b); got.status != 0 || err != nil || len(w.failCounts) != 0 {
			t.Errorf("%+v\n%v\n%v", got, err, w.failCounts)
		}
	})
}

// A wish to stop in the critical phases undoes them, whenever it comes.
func TestSwitchoverInterrupted(t *testing.T) {
	for _, at := range []string{freezes, scores + "2000", "stop the server", "give the lock up"} {
		t.Run(at, func(t *testing.T) {
			w := healthySwitching(t)
			var s *session
			dial := w.machine.Dial
			w.machine.Dial = func(ctx context.Context, now *session) (node.Node, error) {
				s = now
				return dial(ctx, now)
			}
			w.beforeThat = func(what string) {
				if what != at {
					return
				}
				if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
					t.Error(err)
				}
				for deadline := time.Now().Add(5 * time.Second); !s.interrupts.Pending(); time.Sleep(time.Millisecond) {
					if time.Now().After(deadline) {
						t.Error("nobody has noticed the signal")
						return
					}
				}
			}
			got := w.play(typed{}, "pg-rex_switchover", "--yes")
			if err := w.sound(w.a); got.status != 8 || err != nil || !strings.Contains(got.err, "Nothing was switched; pgrex01 is serving as Primary again.") ||
				strings.Contains(got.err, "--resume") {
				t.Errorf("%+v\n%v\n%q", got, err, w.changes())
			}
			if stopped := slices.Contains(w.changes(), "pgrex01: stop the server"); stopped != (at == "stop the server" || at == "give the lock up") {
				t.Errorf("it went on: %q", w.changes())
			}
		})
	}
}

// Conformance: AT-109 (unit)
func TestSwitchoverOnBothNodes(t *testing.T) {
	var rounds sync.WaitGroup
	for range 20 {
		w := healthySwitching(t)
		rounds.Add(1)
		go func() {
			defer rounds.Done()
			var ready, both sync.WaitGroup
			ready.Add(2)
			both.Add(2)
			var status [2]int
			var out [2]bytes.Buffer
			config := filepath.Join(w.dir, "both.conf")
			if err := os.WriteFile(config, []byte(w.conf), 0o600); err != nil {
				t.Error(err)
			}
			for i, n := range []*fakeNode{w.a, w.b} {
				w.typedOn(n)
				m := w.machine
				m.Settle = 500 * time.Millisecond // the other one comes while this one is at work
				dial := m.Dial
				m.Dial = func(ctx context.Context, s *session) (node.Node, error) {
					ready.Done()
					ready.Wait()
					return dial(ctx, s)
				}
				go func() {
					defer both.Done()
					streams := Streams{In: strings.NewReader(""), Out: &out[i], Err: &out[i], Getenv: func(string) string { return "" }}
					status[i] = Run([]string{"pg-rex_switchover", "--yes", "--config", config, "--log-file", filepath.Join(w.dir, n.host)}, streams, m)
				}()
			}
			both.Wait()
			slices.Sort(status[:])
			if err := w.sound(w.b); status != [2]int{0, 7} || err != nil {
				t.Errorf("%v %v\n%s\n%s", status, err, &out[0], &out[1])
			}
			w.unlocked()
		}()
	}
	rounds.Wait()
}
