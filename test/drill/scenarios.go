package drill

import (
	"context"
	"fmt"
	"time"

	"pgrex/test/lab"
)

const postmaster = "$(head -n 1 " + lab.PGData + "/postmaster.pid)"

// in runs shell text in a node: faults are made as a person makes them.
func in(n *lab.Node, r *Run, text string) error {
	_, err := n.Run(r, "sh", "-c", text)
	return err
}

// rejoin brings a node back as a standby with the product's commands, whatever
// state it is in.
func rejoin(n *lab.Node) func(*Run) error {
	return func(r *Run) error {
		if err := powered(r, n); err != nil {
			return err
		}
		if err := r.operate(n, "pg-rex_stop", "--yes", "-f"); err != nil {
			return err
		}
		return r.operate(n, "pg-rex_slave_start", "-n", "-r", "-b", "--remove-lock", "--yes")
	}
}

// powered waits until a node is up that has lost its power, or was given it.
func powered(r *Run, n *lab.Node) error {
	if !n.Running() {
		if err := n.Boot(r); err != nil && n.Running() {
			return nil // the fencing device was faster
		} else if err != nil {
			return err
		}
	}
	return lab.Until(r, "boot of "+n.Name, lab.Timeouts.Boot, func(ctx context.Context) (string, bool) {
		out, err := n.Run(ctx, "systemctl", "is-active", "multi-user.target")
		return fmt.Sprint(out, err), err == nil
	})
}

func oldPrimaryBack(r *Run) error { return rejoin(r.Primary)(r) }
func standbyBack(r *Run) error    { return rejoin(r.Standby)(r) }

// cutAll cuts LANs of a node.
func cutAll(n func(*Run) *lab.Node, kind lab.CutKind, lans ...lab.LAN) func(*Run) error {
	return func(r *Run) error {
		for _, lan := range lans {
			if err := r.Cut(r, lan, n(r), kind); err != nil {
				return err
			}
		}
		return nil
	}
}

func healAll(r *Run) error { return r.HealAll(r) }

func primary(r *Run) *lab.Node { return r.Primary }
func standby(r *Run) *lab.Node { return r.Standby }

// process kills, stops or continues a process of a node's server by what it calls itself.
func process(n func(*Run) *lab.Node, signal, title string) func(*Run) error {
	return func(r *Run) error { return in(n(r), r, "pkill -"+signal+" -U postgres -f '^postgres: .*"+title+"'") }
}

// Scenarios are those rows of the catalogue that are played, in its order.
func Scenarios() []Scenario {
	return []Scenario{
		{
			ID: "F01", Name: "postmaster of the primary killed", Course: Moves,
			Fault:  Text{"kill -9 of the primary's postmaster", "Primary の postmaster を kill -9"},
			Expect: Text{"the standby takes over; the lock keeps the old primary out", "Standby が引き継ぎ、旧 Primary は起動禁止フラグで起動しない"},
			Strike: func(r *Run) error { _, err := r.Primary.KillPostgreSQL(); return err }, Repair: oldPrimaryBack,
		},
		{
			ID: "F02", Name: "backend of the primary killed", Course: Moves,
			Fault:  Text{"kill -9 of one backend of the primary", "Primary のバックエンド 1 個を kill -9"},
			Expect: Text{"the server ends (restart_after_crash=off), then as F01", "サーバが停止し (restart_after_crash=off)、F01 と同じ経過になる"},
			// -o: the oldest of those that serve clients, and no other.
			Strike: func(r *Run) error { return in(r.Primary, r, "pkill -KILL -o -U postgres -f '^postgres: lab '") }, Repair: oldPrimaryBack,
		},
		{
			ID: "F03", Name: "archiver and walsender of the primary killed", Course: Stays,
			Fault:  Text{"kill of archiver and walsender", "archiver と walsender を終了させる"},
			Expect: Text{"both come back, nothing else happens", "どちらも再起動し、ほかには何も起きない"},
			Strike: func(r *Run) error {
				if err := process(primary, "TERM", "walsender")(r); err != nil {
					return err
				}
				return process(primary, "TERM", "archiver")(r)
			},
		},
		{
			ID: "F04", Name: "postmaster of the standby killed", Course: Stays,
			Fault:  Text{"kill -9 of the standby's postmaster", "Standby の postmaster を kill -9"},
			Expect: Text{"the standby loses its rights, then commits go on without it", "Standby の昇格資格がなくなってから、Standby なしでコミットが進む"},
			Strike: func(r *Run) error { _, err := r.Standby.KillPostgreSQL(); return err }, Repair: standbyBack,
		},
		{
			ID: "F05", Name: "walreceiver of the standby killed", Course: Stays,
			Fault:  Text{"kill of the standby's walreceiver", "Standby の walreceiver を終了させる"},
			Expect: Text{"it connects again", "再接続する"},
			Strike: process(standby, "TERM", "walreceiver"),
		},
		{
			ID: "F06", Name: "postmaster of the primary frozen", Course: Moves,
			Fault:  Text{"SIGSTOP of the primary's postmaster", "Primary の postmaster を SIGSTOP"},
			Expect: Text{"found to hang, killed, the standby takes over", "ハングと判定されて強制終了し、Standby が引き継ぐ"},
			Strike: func(r *Run) error { return in(r.Primary, r, "kill -STOP "+postmaster) }, Repair: oldPrimaryBack,
		},
		{
			ID: "F07", Name: "all server processes of the primary frozen", Course: Moves,
			Fault:  Text{"SIGSTOP of all server processes of the primary", "Primary の全サーバプロセスを SIGSTOP"},
			Expect: Text{"as F06; commits hang at once", "F06 と同じ (コミットはすぐに止まる)"},
			Strike: func(r *Run) error { return in(r.Primary, r, "pkill -STOP -U postgres") }, Repair: oldPrimaryBack,
		},
		{
			ID: "F08", Name: "all server processes of the standby frozen", Course: Stays, Lasts: 60 * time.Second,
			Fault:  Text{"SIGSTOP of all server processes of the standby", "Standby の全サーバプロセスを SIGSTOP"},
			Expect: Text{"commits go on after the verdict or the sender's time-out", "判定または送信タイムアウトのあと、コミットが再開する"},
			Strike: func(r *Run) error { return in(r.Standby, r, "pkill -STOP -U postgres") }, Repair: standbyBack,
		},
		{
			ID: "F09", Name: "power of the primary lost", Course: Moves,
			Fault:  Text{"the primary's node loses its power", "Primary のノードの電源断"},
			Expect: Text{"the standby takes over", "Standby が引き継ぐ"},
			Strike: func(r *Run) error { return r.Primary.Kill(r) }, Repair: oldPrimaryBack,
		},
		{
			ID: "F10", Name: "power of the standby lost", Course: Stays,
			Fault:  Text{"the standby's node loses its power", "Standby のノードの電源断"},
			Expect: Text{"commits freeze until the cluster has lost the node, then go on", "クラスタがノードの停止を検知するまでコミットが止まり、その後再開する"},
			Strike: func(r *Run) error { return r.Standby.Kill(r) }, Repair: standbyBack,
		},
		{
			ID: "F12", Name: "stack of the primary stopped in order", Course: Moves,
			Fault:  Text{"pg-rex_stop --yes on the primary", "Primary で pg-rex_stop --yes を実行"},
			Expect: Text{"fail-over; the lock stays there", "フェイルオーバし、起動禁止フラグが残る"},
			Strike: func(r *Run) error { return r.operate(r.Primary, "pg-rex_stop", "--yes") }, Repair: oldPrimaryBack,
		},
		{
			ID: "F19", Name: "configuration file of the primary gone", Course: Stays, Lasts: 25 * time.Second,
			Fault:  Text{"postgresql.conf of the running primary is renamed", "稼働中の Primary の postgresql.conf を改名"},
			Expect: Text{"nothing: monitors need no file", "何も起きない (監視にファイルは不要)"},
			Strike: func(r *Run) error { return in(r.Primary, r, "mv "+lab.PGData+"/postgresql.conf /dbfp/away.conf") },
			Mend:   func(r *Run) error { return in(r.Primary, r, "mv /dbfp/away.conf "+lab.PGData+"/postgresql.conf") },
		},
		{
			ID: "F22", Name: "connections of the primary used up", Course: Stays, Lasts: 25 * time.Second,
			Fault:  Text{"all connections of the primary are taken", "Primary の接続数を使い切る"},
			Expect: Text{"the primary stays", "Primary のまま"},
			Strike: func(r *Run) error {
				psql := "runuser -u postgres -- " + r.PGBin() + `/psql -XAtqc "SELECT pg_sleep(20)" postgres`
				return in(r.Primary, r, "for i in $(seq 120); do "+psql+" >/dev/null 2>&1 & done")
			},
		},
		{
			ID: "F31", Name: "S-LAN of the primary cut", Course: Moves,
			Fault:  Text{"the primary's service LAN loses its link", "Primary のサービス LAN のリンク断"},
			Expect: Text{"the gateway is lost there, the standby takes over", "ゲートウェイに届かなくなり、Standby が引き継ぐ"},
			Strike: cutAll(primary, lab.LinkDown, lab.SLAN), Mend: healAll, Repair: oldPrimaryBack,
		},
		{
			ID: "F32", Name: "S-LAN of the standby cut", Course: Stays, Lasts: 30 * time.Second,
			Fault:  Text{"the standby's service LAN loses its link", "Standby のサービス LAN のリンク断"},
			Expect: Text{"the standby is stopped, vip-slave moves to the primary", "Standby が停止し、vip-slave は Primary に移る"},
			Strike: cutAll(standby, lab.LinkDown, lab.SLAN), Mend: healAll, Repair: standbyBack,
		},
		{
			ID: "F34", Name: "D-LAN cut", Course: Stays, Lasts: 45 * time.Second,
			Fault:  Text{"the replication LAN drops all packets", "レプリケーション LAN のパケットがすべて失われる"},
			Expect: Text{"commits go on after the sender's time-out; no fail-over", "送信タイムアウトのあとコミットが再開し、フェイルオーバはしない"},
			Strike: cutAll(standby, lab.Silent, lab.DLAN), Mend: healAll, Repair: standbyBack,
		},
		{
			ID: "F35", Name: "one IC-LAN cut", Course: Stays,
			Fault:  Text{"one of two interconnects is cut", "インターコネクト 1 系統の断"},
			Expect: Text{"nothing", "何も起きない"},
			Strike: cutAll(primary, lab.Silent, lab.ICLAN1), Mend: healAll,
		},
		{
			ID: "F36", Name: "both IC-LANs cut, with fencing", Course: Stays, Fencing: true, Fenced: "standby",
			Fault:  Text{"both interconnects are cut; the cluster has fencing", "インターコネクト全系統の断 (フェンシングあり)"},
			Expect: Text{"the primary shoots first, the standby's node is fenced", "Primary 側が先に実行し、Standby のノードがフェンシングされる"},
			Strike: cutAll(primary, lab.Silent, lab.ICLAN1, lab.ICLAN2), Mend: healAll, Repair: standbyBack,
		},
		{
			ID: "F37", Name: "all LANs of the primary cut, with fencing", Course: Moves, Fencing: true, Fenced: "primary",
			Fault: Text{"the primary loses all LANs, and only it can be fenced", "Primary の全 LAN の断 (フェンシングできるのは Primary のみ)"},
			Expect: Text{"the primary's commits freeze, its node is fenced, the standby takes over",
				"Primary のコミットは止まったまま、ノードがフェンシングされて Standby が引き継ぐ"},
			Strike: func(r *Run) error {
				if err := r.SetPower(lab.PowerMode{Fail: []string{r.Standby.Name}}); err != nil {
					return err
				}
				return cutAll(primary, lab.Silent, lab.LANs()...)(r)
			},
			Mend: func(r *Run) error {
				if err := r.SetPower(lab.PowerMode{}); err != nil {
					return err
				}
				return healAll(r)
			},
			Repair: oldPrimaryBack,
		},
		{
			ID: "F41", Name: "corosync of the primary killed, with fencing", Course: Moves, Fencing: true, Fenced: "primary",
			Fault:  Text{"kill -9 of corosync on the primary; the cluster has fencing", "Primary の corosync を kill -9 (フェンシングあり)"},
			Expect: Text{"its node is fenced, the standby takes over", "ノードがフェンシングされ、Standby が引き継ぐ"},
			Strike: func(r *Run) error { return in(r.Primary, r, "pkill -KILL -x corosync") }, Repair: oldPrimaryBack,
		},
		{
			ID: "F45", Name: "vip-master removed by hand", Course: Moves,
			Fault:  Text{"ip addr del of vip-master", "vip-master を ip addr del で削除"},
			Expect: Text{"the monitor fails, and with migration-threshold=1 the role moves", "監視が失敗し、migration-threshold=1 のため役割が移る"},
			Strike: func(r *Run) error { return in(r.Primary, r, "ip addr del "+lab.VIPMaster+"/24 dev bond0") }, Repair: oldPrimaryBack,
		},
		{
			ID: "F48", Name: "vip-slave removed by hand", Course: Stays,
			Fault:  Text{"ip addr del of vip-slave", "vip-slave を ip addr del で削除"},
			Expect: Text{"it moves to the primary", "Primary に移る"},
			Strike: func(r *Run) error { return in(r.Standby, r, "ip addr del "+lab.VIPSlave+"/24 dev bond0") }, Repair: standbyBack,
		},
		{
			ID: "F50", Name: "power of the primary lost, fencing slow", Course: Moves, Fencing: true, Fenced: "primary",
			Fault:  Text{"the primary loses its power; the device takes 10 s", "Primary の電源断 (STONITH デバイスの応答に 10 秒)"},
			Expect: Text{"the promotion waits for the fencing", "フェンシングの完了を待って昇格する"},
			Strike: func(r *Run) error {
				if err := r.SetPower(lab.PowerMode{Delay: 10 * time.Second}); err != nil {
					return err
				}
				return r.Primary.Kill(r)
			},
			Mend: func(r *Run) error { return r.SetPower(lab.PowerMode{}) }, Repair: oldPrimaryBack,
		},
		{
			ID: "F56", Name: "standby lost, then the primary", Course: Waits, Lasts: 25 * time.Second,
			Fault: Text{"the standby loses its power, writes go on, the primary loses its power, the standby comes back alone",
				"Standby の電源断後も書き込みが続き、Primary も電源断、Standby だけが起動"},
			Expect: Text{"the standby is not promoted: it may lack rows", "Standby は昇格しない (データが不足している可能性がある)"},
			Strike: func(r *Run) error {
				if err := r.Standby.Kill(r); err != nil {
					return err
				}
				if err := lab.Pause(r, 15*time.Second); err != nil {
					return err
				}
				if err := r.Primary.Kill(r); err != nil {
					return err
				}
				if err := r.Standby.Boot(r); err != nil {
					return err
				}
				return r.Standby.StartCluster(r)
			},
			Repair: func(r *Run) error {
				if err := r.operate(r.Standby, "pg-rex_stop", "--yes"); err != nil {
					return err
				}
				if err := powered(r, r.Primary); err != nil {
					return err
				}
				if err := r.operate(r.Primary, "pg-rex_master_start", "--remove-lock"); err != nil {
					return err
				}
				return r.operate(r.Standby, "pg-rex_slave_start", "-n", "-r", "-b", "--remove-lock", "--yes")
			},
		},
	}
}
