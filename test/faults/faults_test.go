package faults

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"pgrex/test/lab"
)

// fault is a way to break one node.
type fault struct {
	name    string
	standby bool // it strikes the standby; otherwise the primary
	strike  func(*breaking)
	// mend undoes what strike did to the machine, not what the cluster made of it.
	mend func(*breaking)
	// takeOver says that another node has to become primary.
	takeOver bool
	// returns says that the node comes back with no more than a cleanup;
	// otherwise it has to be rebuilt.
	returns bool
	// ahead says that a third node may go on receiving from the old primary
	// after the new one was promoted. Its data is then on a branch that has ended.
	ahead   bool
	lasts   time.Duration             // after service is back; 0: 5 s
	prepare func(*breaking) *lab.Node // makes the node that can be struck this way
	kinds   []kind                    // where it is tried without -long
	never   []kind                    // where nothing is promised, with -long too
}

// breaking is one fault under way.
type breaking struct {
	*testing.T
	*site
	ctx  context.Context
	node *lab.Node
}

func (b *breaking) in(argv ...string) {
	b.Helper()
	run(b.T, b.ctx, b.node, argv...)
}

const postmaster = "$(head -n 1 " + lab.PGData + "/postmaster.pid)"

var everyFault = []fault{
	{
		name: "server of the primary killed", takeOver: true,
		strike: func(b *breaking) {
			_, err := b.node.KillPostgreSQL()
			must(b.T, err)
		},
		kinds: []kind{twoAsync}, // two nodes in sync: test/cluster
	},
	{
		name: "power of the primary lost", takeOver: true,
		strike: func(b *breaking) { must(b.T, b.node.Kill(b.ctx)) }, // two nodes in sync: test/cluster
	},
	{
		name: "replication network of the primary cut", returns: true, lasts: 15 * time.Second,
		strike: func(b *breaking) { must(b.T, b.Cut(b.ctx, lab.DLAN, b.node, lab.LinkDown)) },
		mend:   func(b *breaking) { must(b.T, b.Heal(b.ctx, lab.DLAN, b.node)) },
		kinds:  []kind{twoSync},
	},
	{
		name: "cluster network of the primary cut", takeOver: true, ahead: true,
		strike: func(b *breaking) {
			must(b.T, b.Cut(b.ctx, lab.ICLAN1, b.node, lab.Silent))
			must(b.T, b.Cut(b.ctx, lab.ICLAN2, b.node, lab.Silent))
		},
		mend: func(b *breaking) {
			must(b.T, b.HealAll(b.ctx))
			must(b.T, b.WaitStatus(b.ctx, "one cluster again", time.Minute, func(st lab.Status) bool {
				for _, n := range st.Nodes {
					if !n.Online {
						return false
					}
				}
				return st.Primary() != ""
			}))
		},
		kinds: []kind{threeSync},
		// Two nodes without fencing and quorum cannot know who is alone, and
		// mode async has nothing that holds the old primary's commits back.
		never: []kind{twoSync, twoAsync, threeAsync},
	},
	{
		name: "disk of the primary full", takeOver: true,
		prepare: func(b *breaking) *lab.Node { return b.ontoSmallDisk() },
		strike:  func(b *breaking) { b.fillDisk() },
		mend: func(b *breaking) {
			must(b.T, b.node.StopCluster(b.ctx))
			b.in("umount", walDisk)
		},
		kinds: []kind{twoSync},
	},
	{
		name: "postmaster of the primary frozen", takeOver: true,
		strike: func(b *breaking) { b.in("sh", "-c", "kill -STOP "+postmaster) },
		kinds:  []kind{twoSync},
	},
	{
		name: "all server processes of the primary frozen", takeOver: true,
		strike: func(b *breaking) { b.in("pkill", "-STOP", "-U", "postgres") },
	},
	{
		name: "server of the standby frozen", standby: true, returns: true,
		strike: func(b *breaking) { b.in("pkill", "-STOP", "-U", "postgres") },
		mend: func(b *breaking) {
			b.waitFailure(b.T, b.ctx, b.node)
			must(b.T, b.WaitStatus(b.ctx, "end of the frozen server", time.Minute, func(st lab.Status) bool {
				return st.Nodes[b.node.Name].Role == lab.Stopped
			}))
		},
		kinds: []kind{twoSync},
	},
}

// The faults on the cluster of the manual.
//
// Conformance: 121 (lab)
func TestFaultsTwoNodesSync(t *testing.T) { breakAll(t, twoSync) }

// breakAll tries the faults on one kind of cluster.
func breakAll(t *testing.T, k kind) {
	tried := 0
	for _, f := range everyFault {
		if !slices.Contains(f.kinds, k) && (!*long || slices.Contains(f.never, k)) {
			continue
		}
		tried++
		t.Run(strings.ReplaceAll(f.name, " ", "-"), func(t *testing.T) { breakOne(t, k, f) })
	}
	if tried == 0 {
		t.Error("no fault was tried")
	}
}

func breakOne(t *testing.T, k kind, f fault) {
	s, ctx := begin(t, k)
	b := &breaking{T: t, site: s, ctx: ctx}
	if f.prepare != nil {
		b.node = f.prepare(b)
	}
	primary, standbys := s.roles(t, ctx)
	if b.node = primary; f.standby {
		b.node = standbys[0]
	}
	w := s.watch(ctx)
	must(t, lab.Pause(ctx, 2*time.Second))
	at := time.Now()
	f.strike(b)
	begun := at.Add(100 * time.Millisecond)
	if f.takeOver {
		s.waitTakeOver(t, ctx, b.node)
		begun = time.Now() // until then the old primary may have gone on
	}
	ack, err := w.writer.WaitAck(ctx, begun, lab.Timeouts.Takeover)
	must(t, err)
	t.Logf("service is back %.1f s after the fault", ack.End.Sub(at).Seconds())
	must(t, lab.Pause(ctx, cmp.Or(f.lasts, 5*time.Second)))
	if f.mend != nil {
		f.mend(b)
	}
	if f.returns {
		s.forgetFailures(t, ctx)
		s.normal(t, ctx)
	}
	r := w.end(t, s)
	s.check(t, ctx, r)
	if !f.returns {
		s.rebuild(t, ctx, b.node)
		if f.ahead {
			s.rebuildAhead(t, ctx)
		}
		s.normal(t, ctx)
		s.check(t, ctx, r)
	}
}

// rebuildAhead rebuilds the standbys that stand behind the point where the
// primary's timeline branched off, which their servers say themselves.
func (s *site) rebuildAhead(t *testing.T, ctx context.Context) {
	t.Helper()
	_, standbys := s.roles(t, ctx)
	for _, n := range standbys {
		if s.WaitStandby(ctx, n, 20*time.Second) == nil {
			continue
		}
		log, err := n.ReadFile(lab.PostgreSQLLog)
		must(t, err)
		if !strings.Contains(string(log), "forked off current database system timeline") {
			t.Fatalf("%s does not follow, and its server does not say that it is ahead", n.Name)
		}
		t.Logf("%s is ahead of the new primary and is rebuilt", n.Name)
		s.rebuild(t, ctx, n)
	}
}

// waitTakeOver waits until, in the eyes of the other nodes, one of them is the
// primary and has its address: a node that is cut off sees another cluster.
func (s *site) waitTakeOver(t *testing.T, ctx context.Context, struck *lab.Node) {
	t.Helper()
	must(t, lab.Until(ctx, "another primary than "+struck.Name, lab.Timeouts.Takeover, func(ctx context.Context) (string, bool) {
		var seen []string
		for _, n := range s.Nodes() {
			if n == struck || !n.Running() {
				continue
			}
			st, err := n.Status(ctx)
			if err != nil {
				seen = append(seen, err.Error())
				continue
			}
			seen = append(seen, n.Name+" sees "+st.String())
			if p := st.Primary(); p != "" && p != struck.Name && st.VIPs["vip-master"] == p {
				return "", true
			}
		}
		return strings.Join(seen, "; "), false
	}))
}

// waitFailure waits until the cluster has found an action of a node failed.
func (s *site) waitFailure(t *testing.T, ctx context.Context, n *lab.Node) {
	t.Helper()
	must(t, s.WaitStatus(ctx, "failure of "+n.Name, time.Minute, func(st lab.Status) bool {
		return slices.ContainsFunc(st.Failed, func(f lab.FailedAction) bool { return f.Node == n.Name })
	}))
}

const walDisk = "/dbfp/pgwal"

// ontoSmallDisk rebuilds the standby with its WAL on a disk of its own and
// makes it the primary.
func (b *breaking) ontoSmallDisk() *lab.Node {
	_, standbys := b.roles(b.T, b.ctx)
	n := standbys[0]
	b.node = n
	must(b.T, n.StopCluster(b.ctx))
	b.in("mount", "-t", "tmpfs", "-o", "size=256m,mode=0700,uid=postgres,gid=postgres", "wal", walDisk)
	b.rebuild(b.T, b.ctx, n)
	b.normal(b.T, b.ctx)
	b.move(b.T, b.ctx, byStandby)
	return n
}

// fillDisk leaves no room for the next WAL segment, and makes the server ask for one.
func (b *breaking) fillDisk() {
	_, err := b.node.Run(b.ctx, "dd", "if=/dev/zero", "of="+walDisk+"/fill", "bs=1M")
	if err == nil || !strings.Contains(err.Error(), "No space left") {
		b.Fatalf("the disk is not full: %v", err)
	}
	err = lab.Until(b.ctx, "the end of a server without room for WAL", time.Minute, func(ctx context.Context) (string, bool) {
		out, err := b.node.RunAs(ctx, "postgres", b.PGBin()+"/psql", "-XAtc", "select pg_switch_wal()", "template1")
		return out, err != nil
	})
	must(b.T, err)
}
