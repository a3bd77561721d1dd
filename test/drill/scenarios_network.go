package drill

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pgrex/test/audit"
	"pgrex/test/lab"
)

// networkFaults are cut, flapping and one-way LANs.
func networkFaults() []Scenario {
	return []Scenario{
		{
			ID: "F31", Name: "S-LAN of the primary cut", Course: Moves,
			Fault:  Text{"the primary's service LAN loses its link", "Primary のサービス LAN のリンク断"},
			Expect: Text{"the gateway is lost there, the standby takes over", "ゲートウェイに届かなくなり、Standby が引き継ぐ"},
			Strike: cutAll(primary, lab.LinkDown, lab.SLAN), Mend: healAll, Repair: oldPrimaryBack,
		},
		{
			ID: "F31d", Name: "S-LAN of the primary silent", Course: Moves,
			Fault:  Text{"the primary's service LAN drops all packets", "Primary のサービス LAN のパケットがすべて失われる"},
			Expect: Text{"as F31", "F31 と同じ経過になる"},
			Strike: cutAll(primary, lab.Silent, lab.SLAN), Mend: healAll, Repair: oldPrimaryBack,
		},
		{
			ID: "F32", Name: "S-LAN of the standby cut", Course: Stays, Lasts: 30 * time.Second,
			Fault:  Text{"the standby's service LAN loses its link", "Standby のサービス LAN のリンク断"},
			Expect: Text{"the standby is stopped, vip-slave moves to the primary", "Standby が停止し、vip-slave は Primary に移る"},
			Strike: cutAll(standby, lab.LinkDown, lab.SLAN), Mend: healAll, Repair: standbyBack,
		},
		{
			ID: "F33", Name: "S-LAN of both cut", Course: Settles, Lasts: 30 * time.Second,
			Fault: Text{"the service LAN of both nodes loses its link until PostgreSQL has ended on both", "両ノードのサービス LAN のリンク断 (両ノードの PostgreSQL が停止するまで)"},
			Expect: Text{"PostgreSQL stops everywhere, after a take-over when the standby notices it later; after that as F49",
				"両ノードで PostgreSQL が停止する。Standby の検知が遅ければその前に引き継ぎが起こりうる。その後は F49 と同じ経過になる"},
			Strike: inOrder(cutAll(primary, lab.LinkDown, lab.SLAN), cutAll(standby, lab.LinkDown, lab.SLAN), stopsAlone(primary), stopsAlone(standby), healAll),
			Mend:   healAll, Repair: oldPrimaryBack,
		},
		{
			ID: "F34", Name: "D-LAN cut", Course: Stays, Lasts: 45 * time.Second,
			Fault:  Text{"the replication LAN drops all packets", "レプリケーション LAN のパケットがすべて失われる"},
			Expect: Text{"commits go on after the sender's time-out; no fail-over", "送信タイムアウトのあとコミットが再開し、フェイルオーバはしない"},
			Strike: cutAll(standby, lab.Silent, lab.DLAN), Mend: healAll, Repair: standbyBack,
		},
		{
			ID: "F34l", Name: "D-LAN without its link", Course: Stays, Lasts: 45 * time.Second,
			Fault:  Text{"the standby's replication LAN loses its link", "Standby のレプリケーション LAN のリンク断"},
			Expect: Text{"as F34", "F34 と同じ経過になる"},
			Strike: cutAll(standby, lab.LinkDown, lab.DLAN), Mend: healAll, Repair: standbyBack,
		},
		{
			ID: "F35", Name: "one IC-LAN cut", Course: Stays,
			Fault:  Text{"one of two interconnects is cut", "インターコネクト 1 系統の断"},
			Expect: Text{"nothing but a warning: pg-rex_status and pg-rex_doctor name the link", "警告のみ (pg-rex_status と pg-rex_doctor が切れたリンクを示す)"},
			Strike: cutAll(primary, lab.Silent, lab.ICLAN1), Mend: healAll,
			Check: every(says(primary, "pg-rex_doctor", "Corosync: link 0 of 2 is down"), says(standby, "pg-rex_status", "Corosync link 0 is down")),
		},
		{
			ID: "F36", Name: "both IC-LANs cut, with fencing", Course: Stays, Fencing: true, Fenced: "standby",
			Fault:  Text{"both interconnects are cut; the cluster has fencing", "インターコネクト全系統の断 (フェンシングあり)"},
			Expect: Text{"the primary shoots first, the standby's node is fenced", "Primary 側が先に実行し、Standby のノードがフェンシングされる"},
			Strike: cutAll(primary, lab.Silent, lab.ICLAN1, lab.ICLAN2), Mend: healAll, Repair: standbyBack,
		},
		{
			ID: "F36n", Name: "both IC-LANs cut, without fencing", Course: Stays, Lasts: 30 * time.Second,
			Fault:  Text{"both interconnects are cut, the replication LAN is whole; no fencing", "インターコネクト全系統の断 (レプリケーション LAN は正常、フェンシングなし)"},
			Expect: Text{"the standby hears the primary on the replication LAN and is not promoted", "Standby は D-LAN で Primary の応答を確認し、昇格しない"},
			Strike: cutAll(primary, lab.Silent, lab.ICLAN1, lab.ICLAN2),
			Check:  logged(standby, "goes on as primary there"), Mend: inOrder(healAll, together), Repair: standbyBack,
		},
		{
			ID: "F37", Name: "all LANs of the primary cut, with fencing", Course: Moves, Fencing: true, Fenced: "primary",
			Fault: Text{"the primary loses all LANs, and only it can be fenced", "Primary の全 LAN の断 (フェンシングできるのは Primary のみ)"},
			Expect: Text{"the primary's commits freeze, its node is fenced, the standby takes over",
				"Primary のコミットは止まったまま、ノードがフェンシングされて Standby が引き継ぐ"},
			Strike: inOrder(fencingFails(standby), cutAll(primary, lab.Silent, lab.LANs()...)),
			Mend:   inOrder(fencing(lab.PowerMode{}), healAll), Repair: oldPrimaryBack,
		},
		{
			// It has marked the standby that it does not see, and that is no proof.
			ID: "F37g", Name: "F37, and the primary gives up before it is fenced", Course: Moves, Fencing: true, Fenced: "primary",
			Fault: Text{"the primary loses the standby, then the service LAN, and is demoted for want of the gateway while fencing fails; then it can be fenced",
				"Primary が Standby への全経路、続いてサービス LAN を失う。フェンシングが失敗している間にゲートウェイへの疎通を失って降格し、その後フェンシングされる"},
			Expect: Text{"as F37; PGSQL.lock stays on the primary, whose standby is neither seen nor fenced",
				"F37 と同じ。Standby を確認もフェンシングもできないので、Primary の PGSQL.lock は残る"},
			Strike: inOrder(fencing(lab.PowerMode{Fail: []string{"*"}}), cutAll(primary, lab.Silent, lab.ICLAN1, lab.ICLAN2, lab.DLAN),
				logged(primary, "commits go on waiting"), cutAll(primary, lab.Silent, lab.SLAN), givesUpLocked, fencingFails(standby)),
			Mend: inOrder(fencing(lab.PowerMode{}), healAll), Repair: oldPrimaryBack,
		},
		{
			ID: "F37n", Name: "all LANs of the primary cut, without fencing", Course: Moves, Spared: ofTwoWays,
			Fault: Text{"the primary loses all LANs; no fencing", "Primary の全 LAN の断 (フェンシングなし)"},
			Expect: Text{"the standby takes over; the old primary, which no client reaches, loses the gateway and stops",
				"Standby が引き継ぐ。クライアントの届かない旧 Primary は、ゲートウェイへの疎通も失って停止する"},
			Strike: cutAll(primary, lab.Silent, lab.LANs()...), Check: stopsAlone(primary), Mend: inOrder(healAll, together), Repair: oldPrimaryBack,
		},
		{
			ID: "F37p", Name: "the primary's machine stands still, without fencing", Course: Moves, Spared: ofTwoWays,
			Fault: Text{"the primary's machine stands still for 8 s, as when its hypervisor moves or saves it; no fencing",
				"Primary のマシンが 8 秒間停止する (ハイパーバイザによる移行や保存など。フェンシングなし)"},
			Expect: Text{"the standby takes over; the old primary goes on, lets no commit go on without it, and is demoted",
				"Standby が引き継ぐ。再開した旧 Primary は、Standby なしでコミットを再開せず、降格される"},
			Strike: standsStill(8 * time.Second), Mend: inOrder(together, takenOver), Repair: oldPrimaryBack,
		},
		{
			ID: "F38", Name: "all LANs of the standby cut, with fencing", Course: Stays, Lasts: 30 * time.Second, Fencing: true, Fenced: "standby",
			Fault: Text{"the standby loses all LANs, and only it can be fenced", "Standby の全 LAN の断 (フェンシングできるのは Standby のみ)"},
			Expect: Text{"commits freeze until its node is fenced, then the primary goes on alone",
				"ノードのフェンシングまでコミットが止まり、その後 Primary だけで継続する"},
			Strike: inOrder(fencingFails(primary), cutAll(standby, lab.Silent, lab.LANs()...)),
			Mend:   inOrder(fencing(lab.PowerMode{}), healAll), Repair: standbyBack,
		},
		{
			ID: "F38n", Name: "all LANs of the standby cut, without fencing", Course: Stays, Lasts: 20 * time.Second, Spared: ofTwoWays,
			Fault: Text{"the standby loses all LANs; no fencing", "Standby の全 LAN の断 (フェンシングなし)"},
			Expect: Text{"the primary goes on alone; the standby, which no client reaches, loses the gateway and stops",
				"Primary だけで継続する。クライアントの届かない Standby は、ゲートウェイへの疎通も失って停止する"},
			Strike: cutAll(standby, lab.Silent, lab.LANs()...), Check: stopsAlone(standby), Mend: inOrder(healAll, together), Repair: standbyBack,
		},
		{
			ID: "F38w", Name: "F38n, and the standby archives WAL of its own", Course: Stays, Lasts: 20 * time.Second, Spared: ofTwoWays,
			Fault: Text{"the standby loses all LANs; no fencing. It becomes primary without a client, and archives a segment of its timeline",
				"Standby の全 LAN の断 (フェンシングなし)。クライアントのいないまま昇格し、自分のタイムラインの WAL をアーカイブする"},
			Expect: Text{"as F38n; the commands put that segment aside and bring the node back", "F38n と同じ。コマンドはその WAL を退避してノードを戻す"},
			Strike: inOrder(cutAll(standby, lab.Silent, lab.LANs()...), archivesAlone(standby)), Check: stopsAlone(standby),
			Mend: inOrder(healAll, together), Repair: standbyBack,
		},
		{
			ID: "F39", Name: "flapping links", Course: Stays, Restarts: []string{"standby"}, // the gateway may be lost there
			Fault: Text{"a second off and a second on, for 12 s each: both IC-LANs and the D-LAN of the primary, the S-LAN of the standby",
				"リンクの断続 (1 秒断、1 秒接続を 12 秒ずつ): Primary の IC-LAN 2 系統と D-LAN、Standby の S-LAN"},
			Expect: Text{"the roles stay; what broke comes back by itself", "役割は変わらず、切れたものは自動で回復する"},
			Strike: inOrder(flap(primary, lab.ICLAN1), flap(primary, lab.ICLAN2), flap(primary, lab.DLAN), flap(standby, lab.SLAN)),
		},
		{
			ID: "F39s", Name: "flapping S-LAN of the primary", Course: Settles, Lasts: 30 * time.Second,
			Fault:  Text{"the primary's service LAN is a second off and a second on, for 12 s", "Primary のサービス LAN が 12 秒間、1 秒ごとに断続"},
			Expect: Text{"the role stays or moves once, and never comes back", "役割は変わらないか一度だけ移り、往復しない"},
			Strike: flap(primary, lab.SLAN), Repair: whoeverIsDownBack,
		},
		{
			ID: "F40", Name: "one direction of the IC-LANs cut, with fencing", Course: Stays, Fencing: true, Fenced: "standby",
			Fault:  Text{"the primary's interconnects send nothing and receive all; the cluster has fencing", "Primary の IC-LAN 全系統が送信のみ不可 (フェンシングあり)"},
			Expect: Text{"as F36: the standby's node is fenced", "F36 と同じ (Standby のノードがフェンシングされる)"},
			Strike: cutAll(primary, lab.Mute, lab.ICLAN1, lab.ICLAN2), Mend: healAll, Repair: standbyBack,
		},
		{
			ID: "F40d", Name: "one direction of the D-LAN cut", Course: Stays, Lasts: 45 * time.Second,
			Fault:  Text{"the standby's replication LAN receives nothing and sends all", "Standby の D-LAN が受信のみ不可"},
			Expect: Text{"as F34: commits go on after the sender's time-out", "F34 と同じ (送信タイムアウトのあとコミットが再開する)"},
			Strike: cutAll(standby, lab.Deaf, lab.DLAN), Mend: healAll, Repair: standbyBack,
		},
		{
			ID: "F40n", Name: "one direction of the IC-LANs cut, without fencing", Course: Stays, Lasts: 30 * time.Second,
			Fault:  Text{"the primary's interconnects receive nothing and send all; no fencing", "Primary の IC-LAN 全系統が受信のみ不可 (フェンシングなし)"},
			Expect: Text{"as F36n: no two primaries", "F36n と同じ (Primary が 2 つにならない)"},
			Strike: cutAll(primary, lab.Deaf, lab.ICLAN1, lab.ICLAN2), Mend: inOrder(healAll, together), Repair: standbyBack,
		},
		{
			ID: "F40s", Name: "one direction of the S-LAN cut", Course: Moves,
			Fault:  Text{"the primary's service LAN sends nothing and receives all", "Primary のサービス LAN が送信のみ不可"},
			Expect: Text{"as F31: the gateway is lost there, the standby takes over", "F31 と同じ (ゲートウェイに届かなくなり、Standby が引き継ぐ)"},
			Strike: cutAll(primary, lab.Mute, lab.SLAN), Mend: healAll, Repair: oldPrimaryBack,
		},
	}
}

// standsStill stops the primary's machine for a time: it does nothing, and its
// network answers nothing.
func standsStill(lasts time.Duration) func(*Run) error {
	return func(r *Run) error {
		if err := cutAll(primary, lab.Silent, lab.LANs()...)(r); err != nil {
			return err
		}
		if err := r.Primary.Freeze(r); err != nil {
			return err
		}
		if err := lab.Pause(r, lasts); err != nil {
			return err
		}
		// Its processes find the network as they left it.
		if err := healAll(r); err != nil {
			return err
		}
		return r.Primary.Thaw()
	}
}

// takenOver waits for the cluster to have one primary again, where it has met two.
// When the parts join Pacemaker can lose what it knows of a node, and stop all before
// the agent has noticed: then somebody has its attribute daemon write what it holds.
func takenOver(r *Run) error {
	const itself = 20 * time.Second
	if r.WaitPrimary(r, r.Standby, itself) == nil {
		return nil
	}
	if err := in(r.Standby, r, "attrd_updater -R"); err != nil {
		return err
	}
	return r.WaitStatus(r, "a primary", time.Minute, func(s lab.Status) bool { return s.Primary() != "" })
}

// ofTwoWays is what cannot hold without fencing where each node is primary of a
// part of the cluster: no part sees what is written down in the other one, and whole
// again, the cluster may for a moment have that. No row may be lost all the same.
var ofTwoWays = map[audit.Invariant]string{
	audit.I4: "a standby that is cut off from everything cannot see that the primary has gone on without it",
	audit.I5: "when the parts join, the present primary finds the other one's rights written down, until it corrects them",
}

// flap takes a LAN of a node away and gives it back, a second each.
func flap(n func(*Run) *lab.Node, lan lab.LAN) func(*Run) error {
	return func(r *Run) error {
		r.tell("%s of %s off and on", lan, n(r).Name)
		for range 6 {
			if err := r.Cut(r, lan, n(r), lab.LinkDown); err != nil {
				return err
			}
			if err := lab.Pause(r, time.Second); err != nil {
				return err
			}
			if err := r.Heal(r, lan, n(r)); err != nil {
				return err
			}
			if err := lab.Pause(r, time.Second); err != nil {
				return err
			}
		}
		return nil
	}
}

// stopsAlone waits until the server of a node that is cut off from everything
// is stopped: nobody but it can know, by the gateway.
func stopsAlone(n func(*Run) *lab.Node) func(*Run) error { return becomes(n, lab.Stopped) }

// becomes waits until the server of a node has one of these roles, in that node's eyes.
func becomes(n func(*Run) *lab.Node, roles ...lab.Role) func(*Run) error {
	return func(r *Run) error {
		what := fmt.Sprintf("PostgreSQL of %s to be %v", n(r).Name, roles)
		return lab.Until(r, what, lookTime, func(ctx context.Context) (string, bool) {
			st, err := n(r).Status(ctx)
			if err != nil {
				return err.Error(), false
			}
			return st.String(), slices.Contains(roles, st.Nodes[n(r).Name].Role)
		})
	}
}

// givesUpLocked waits until a primary that is cut off is none any more, and has its lock.
func givesUpLocked(r *Run) error {
	if err := becomes(primary, lab.Unpromoted, lab.Stopped)(r); err != nil {
		return err
	}
	if !r.Primary.Locked() {
		return fmt.Errorf("%s has no PGSQL.lock", r.Primary.Name)
	}
	return nil
}

// archivesAlone waits until a node that is cut off has become a primary, and has
// it archive a segment.
func archivesAlone(n func(*Run) *lab.Node) func(*Run) error {
	return func(r *Run) error {
		return lab.Until(r, "segment archived by "+n(r).Name+" alone", 30*time.Second, func(context.Context) (string, bool) {
			if !r.writable(n(r)) {
				return "it is a standby", false
			}
			if _, err := r.sql(n(r), "postgres", "SELECT pg_switch_wal()"); err != nil {
				return err.Error(), false
			}
			// A server that has archived nothing since its start says nothing.
			out, err := r.sql(n(r), "postgres", "SELECT last_archived_wal ~ ('^' || left(pg_walfile_name(pg_current_wal_lsn()), 8) || '[0-9A-F]{16}$') FROM pg_stat_archiver")
			if err != nil {
				return err.Error(), false
			}
			return out, out == "t"
		})
	}
}

// whoeverIsDownBack brings the node back that is not as it was: where the role
// has moved, the old primary.
func whoeverIsDownBack(r *Run) error {
	st, err := r.Status(r)
	if err != nil || st.Primary() == r.Primary.Name {
		return err
	}
	return oldPrimaryBack(r)
}
