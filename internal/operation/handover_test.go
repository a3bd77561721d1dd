package operation

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/run"
)

// pair is a cluster with real servers: the primary's on a, its standby's on b.
type pair struct {
	*switching
	*databases
	in map[*fakeNode]serverIn
}

func realPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{healthySwitching(t), realDatabases(t), map[*fakeNode]serverIn{}}
	p.databases.copy("standby", 0)
	socket := func(name string) string { return p.path("socket-" + name) }
	for n, name := range map[*fakeNode]string{p.a: "base", p.b: "standby"} {
		p.databases.do("mkdir", socket(name), p.path("tmp-"+name))
		p.databases.write(name, "postgresql.auto.conf", "listen_addresses = ''\nunix_socket_directories = '"+socket(name)+"'\nfsync = off\n"+
			"shared_buffers = 4MB\nwal_sender_timeout = 0\nwal_receiver_status_interval = 1\nwal_retrieve_retry_interval = 50ms\n"+
			"primary_conninfo = 'host="+socket("base")+" user=postgres application_name=pgrex02'\n")
		p.in[n] = serverIn{pg.Settings{
			PgCtl: p.bin + "/pg_ctl", Data: p.path(name), Config: p.path(name) + "/postgresql.conf", Port: 5432, DB: "template1",
			LogFile: p.path("log-" + name), SocketDir: socket(name), TmpDir: p.path("tmp-" + name), User: pg.User{Name: "postgres"},
		}}
	}
	p.databases.write("standby", "standby.signal", "")
	t.Cleanup(func() {
		for _, n := range []*fakeNode{p.b, p.a} {
			i := p.instance(n)
			_ = i.Signal(0, pg.Kill)
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			if err := i.WaitGone(ctx); err != nil {
				t.Error(err)
			}
			cancel()
		}
	})
	for _, n := range []*fakeNode{p.a, p.b} {
		if err := p.instance(n).PrepareStart(); err != nil {
			t.Fatal(err)
		}
		if err := p.instance(n).Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.of(n)
	}
	if err := p.instance(p.a).WriteLock(pg.LockInfo{Node: "pgrex01"}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		out, err := observeServer.On(t.Context(), node.Local{}, p.in[p.a])
		if err == nil && len(out.Rows) == 1 && out.Rows[0].State == "streaming" && out.Rows[0].Lag == 0 {
			return p
		}
		if time.Now().After(deadline) {
			t.Fatalf("no replication: %+v, %v", out, err)
		}
	}
}

func (p *pair) instance(n *fakeNode) *pg.Instance {
	set := p.in[n].Settings
	set.User = p.user
	return pg.New(set, run.Local{})
}

// of has operations on the server of a node done on the real one.
func (p *pair) of(n *fakeNode) {
	ctx := context.Background()
	server := p.in[n]
	answer(n, "observe-server", func(serverIn) (sending, error) {
		out, err := observeServer.On(ctx, node.Local{}, server)
		for i := range out.Rows { // there is neither an address nor a second node that would wait
			out.Rows[i].Address, out.Rows[i].Sync = "192.168.2.2", "sync"
		}
		return out, err
	})
	answer(n, "checkpoint", func(serverIn) (time.Duration, error) { return checkpoint.On(ctx, node.Local{}, server) })
	react(n, "stop-server", func(in stopIn) (stopped, error) {
		in.serverIn = server
		return stopServer.On(ctx, node.Local{}, in)
	})
	answer(n, "reach", func(in reachIn) (any, error) {
		in.serverIn = server
		return reach.On(ctx, node.Local{}, in)
	})
	answer(n, "note-holder", func(in heldIn) (struct{}, error) {
		in.serverIn = server
		return noteHolder.On(ctx, node.Local{}, in)
	})
	answer(n, "drop-noted-lock", func(serverIn) (struct{}, error) { return dropNotedLock.On(ctx, node.Local{}, server) })
	react(n, "restart-primary", func(in restartIn) (struct{}, error) {
		in.serverIn = server
		return restart.On(ctx, node.Local{}, in)
	})
}

// does has a server execute a statement.
func (p *pair) does(n *fakeNode, sql string) {
	p.databases.t.Helper()
	s, err := p.instance(n).Connect(context.Background())
	if err != nil {
		p.databases.t.Error(err)
		return
	}
	defer s.Close()
	if err := s.Exec(context.Background(), sql); err != nil {
		p.databases.t.Error(err)
	}
}

// pauseReceiver stops the standby's receiver in its tracks.
func (p *pair) pauseReceiver() {
	procs, err := p.instance(p.b).Processes()
	if err != nil {
		p.databases.t.Error(err)
	}
	main := strconv.Itoa(procs.Postmaster)
	children, _ := os.ReadFile("/proc/" + main + "/task/" + main + "/children")
	for _, child := range strings.Fields(string(children)) {
		pid, _ := strconv.Atoi(child)
		title, _ := os.ReadFile("/proc/" + child + "/cmdline")
		if strings.Contains(string(title), "walreceiver") || strings.Contains(string(title), "wal receiver") {
			if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
				p.databases.t.Error(err)
			}
			p.databases.t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
			return
		}
	}
	p.databases.t.Error("there is no receiver")
}

// servesAgain checks that the old primary takes writes and has its lock.
func (p *pair) servesAgain() {
	t := p.databases.t
	t.Helper()
	p.does(p.a, "CREATE TABLE again()")
	_, locked, err := p.instance(p.a).ReadLock()
	if !locked || err != nil {
		t.Errorf("the lock: %t, %v", locked, err)
	}
	if w := p.switching; w.frozen || w.b.transient["master-pgsql"] != ordinary || w.journals() != [2]string{} {
		t.Errorf("frozen %t, score %s, journals %v", w.frozen, w.b.transient["master-pgsql"], w.journals())
	}
}

// Conformance: AT-101, AT-102, AT-103 (PostgreSQL server)
func TestSwitchoverOfServers(t *testing.T) {
	after := func(p *pair, change string, do func()) {
		p.beforeThat = func(what string) {
			if what == change {
				do()
			}
		}
	}
	t.Run("too far behind", func(t *testing.T) {
		p := realPair(t)
		p.pauseReceiver()
		p.does(p.a, "CREATE TABLE much AS SELECT repeat('x', 1000) FROM generate_series(1, 3000)")
		got := p.play(typed{}, "pg-rex_switchover", "--yes", "--max-lag=1000000", "--timeout=3")
		p.want(got, 3, []string{"SWO-011", "Standby is ", "(limit 976.6 KiB)"})
	})
	t.Run("the link is cut", func(t *testing.T) {
		p := realPair(t)
		after(p, scores+preferred, func() {
			p.does(p.b, "ALTER SYSTEM SET primary_conninfo = 'host=/nowhere'")
			p.does(p.b, "SELECT pg_reload_conf()")
			for { // until it is gone
				out, err := observeServer.On(context.Background(), node.Local{}, p.in[p.a])
				if err != nil || len(out.Rows) == 0 {
					break
				}
			}
			p.does(p.a, "CREATE TABLE cut()")
		})
		got := p.play(typed{}, "pg-rex_switchover", "--yes", "--timeout=8")
		if got.status != 1 || !strings.Contains(got.err, "SWO-042: Standby did not receive the last WAL (") {
			t.Errorf("%+v", got)
		}
		p.servesAgain()
	})
	t.Run("the primary does not stop", func(t *testing.T) {
		p := realPair(t)
		after(p, scores+preferred, func() {
			p.pauseReceiver()
			p.does(p.a, "CREATE TABLE kept()")
		})
		got := p.play(typed{}, "pg-rex_switchover", "--yes", "--timeout=8")
		if got.status != 1 || !strings.Contains(got.err, "SWO-041") {
			t.Errorf("%+v", got)
		}
		p.does(p.a, "DROP TABLE kept")
		p.servesAgain()
	})
	t.Run("healthy", func(t *testing.T) {
		p := realPair(t)
		in, ctx := p.in[p.a], t.Context()
		p.does(p.a, "CREATE TABLE last()")
		st, err := stopServer.On(ctx, node.Local{}, stopIn{in, 10 * time.Second})
		if err != nil || !st.Clean || st.Left != 0 {
			t.Fatalf("%+v, %v", st, err)
		}
		again, err := stopServer.On(ctx, node.Local{}, stopIn{in, 0})
		if err != nil || again != st {
			t.Errorf("looked at again: %+v, %v", again, err)
		}
		got, err := reach.On(ctx, node.Local{}, reachIn{p.in[p.b], st.End, 10 * time.Second})
		if err != nil || got < st.End {
			t.Errorf("the standby has %v of %v: %v", got, st.End, err)
		}
		if _, err := removeLock.On(ctx, node.Local{}, in); err != nil {
			t.Error(err)
		}
		begun := time.Now()
		if got, err := reach.On(ctx, node.Local{}, reachIn{p.in[p.b], st.End + 1000, 100 * time.Millisecond}); err != nil || got >= st.End+1000 || time.Since(begun) > 2*time.Second {
			t.Errorf("what was never written: %v, %v", got, err)
		}
		if _, err := restart.On(ctx, node.Local{}, restartIn{p.in[p.b], "pgrex02", time.Second}); err == nil || !strings.Contains(err.Error(), "as a standby") {
			t.Errorf("a standby is taken for a primary: %v", err)
		}
		for range 2 { // the second time it runs
			if _, err := restart.On(ctx, node.Local{}, restartIn{in, "pgrex01", 10 * time.Second}); err != nil {
				t.Error(err)
			}
		}
		info, _, err := p.instance(p.a).ReadLock()
		if err != nil || info.Node != "pgrex01" || info.Timeline != 1 || info.Position == 0 {
			t.Errorf("the lock says %+v, %v", info, err)
		}
		begun = time.Now()
		if _, err := serving.On(ctx, node.Local{}, serveIn{in, []string{"127.0.0.1"}, 5 * time.Second}); err != nil {
			t.Error(err)
		}
		for _, in := range []serveIn{{in, []string{"192.0.2.1"}, 100 * time.Millisecond}, {p.in[p.b], nil, 100 * time.Millisecond}} {
			if _, err := serving.On(ctx, node.Local{}, in); err == nil || time.Since(begun) > 5*time.Second {
				t.Errorf("%+v: %v", in, err)
			}
		}
		if err := os.WriteFile(p.path("base")+"/postgresql.auto.conf", []byte("nonsense\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := stopServer.On(ctx, node.Local{}, stopIn{in, 10 * time.Second}); err != nil {
			t.Fatal(err)
		}
		begun = time.Now()
		if _, err := restart.On(ctx, node.Local{}, restartIn{in, "pgrex01", 20 * time.Second}); err == nil || time.Since(begun) > 10*time.Second {
			t.Errorf("a server that ends at once: %v", fmt.Sprint(err))
		}
	})
}
