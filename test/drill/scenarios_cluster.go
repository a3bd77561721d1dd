package drill

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pgrex/test/lab"
)

// clusterFaults are those of the cluster stack, its addresses and its fencing.
func clusterFaults() []Scenario {
	return []Scenario{
		{
			ID: "F41", Name: "corosync of the primary killed, with fencing", Course: Moves, Fencing: true, Fenced: "primary",
			Fault:  Text{"kill -9 of corosync on the primary; the cluster has fencing", "Primary の corosync を kill -9 (フェンシングあり)"},
			Expect: Text{"its node is fenced, the standby takes over", "ノードがフェンシングされ、Standby が引き継ぐ"},
			Strike: func(r *Run) error { return in(r.Primary, r, "pkill -KILL -x corosync") }, Repair: oldPrimaryBack,
		},
		{
			ID: "F41f", Name: "corosync of the standby killed, with fencing", Course: Stays, Fencing: true, Fenced: "standby", Lasts: 30 * time.Second,
			Fault:  Text{"kill -9 of corosync on the standby; the cluster has fencing", "Standby の corosync を kill -9 (フェンシングあり)"},
			Expect: Text{"its node is fenced, the primary goes on", "ノードがフェンシングされ、Primary は継続する"},
			Strike: shell(standby, "pkill -KILL -x corosync"), Repair: standbyBack,
		},
		{
			ID: "F41n", Name: "corosync of the primary killed, without fencing", Course: Waits, Lasts: 15 * time.Second,
			Fault: Text{"kill -9 of corosync on the primary; no fencing", "Primary の corosync を kill -9 (フェンシングなし)"},
			Expect: Text{"the server lives on without a cluster, and may not go on alone; the standby is not promoted beside it",
				"サーバは動作を続けるが、クラスタに確認できないためコミットを待たせる。その間 Standby は昇格しない"},
			Strike: shell(primary, "pkill -KILL -x corosync"), Check: logged(standby, "goes on as primary there"), Repair: inOrder(endedThere(primary), primaryBack),
		},
		{
			ID: "F41s", Name: "corosync of the standby killed, without fencing", Course: Stays, Lasts: 30 * time.Second,
			Fault:  Text{"kill -9 of corosync on the standby; no fencing", "Standby の corosync を kill -9 (フェンシングなし)"},
			Expect: Text{"the primary goes on, with the standby that lives on without a cluster, or without it", "Primary は継続する (クラスタなしで動作を続ける Standby とともに、または Primary のみで)"},
			Strike: shell(standby, "pkill -KILL -x corosync"), Repair: inOrder(endedThere(standby), standbyBack),
		},
		{
			ID: "F42", Name: "attrd killed on the primary", Course: Moves,
			Fault: Text{"kill -9 of attrd on the primary; no fencing", "Primary の attrd を kill -9 (フェンシングなし)"},
			Expect: Text{"it is started again without the node's attributes; the rule on the gateway's moves the role",
				"再起動されるがノードの属性が失われ、ゲートウェイ監視の制約により役割が移る"},
			Strike: kill(primary, "KILL", "pacemaker-attrd"), Repair: oldPrimaryBack,
		},
		{
			ID: "F42c", Name: "controld killed on the primary, without fencing", Course: Settles, Lasts: 50 * time.Second,
			Fault: Text{"kill -9 of controld on the primary; no fencing", "Primary の controld を kill -9 (フェンシングなし)"},
			Expect: Text{"it is started again; the other node takes it for lost meanwhile, and two primaries there are never",
				"再起動される。他方のノードは一時的に停止とみなすが、Primary が 2 つにはならない"},
			Strike: kill(primary, "KILL", "pacemaker-controld"), Repair: whoeverIsDownBack,
		},
		{
			ID: "F42e", Name: "fenced, execd and based of the primary killed", Course: Settles, Lasts: 40 * time.Second, Restarts: []string{"primary", "standby"},
			Fault: Text{"kill -9 of fenced, execd and based of the primary, one after the other; no fencing",
				"Primary の fenced、execd、based を順に kill -9 (フェンシングなし)"},
			Expect: Text{"each is started again; the role stays, or moves once", "それぞれ再起動される。役割は変わらないか一度だけ移る"},
			Strike: killed(primary, "pacemaker-fenced", "pacemaker-execd", "pacemaker-based"), Repair: whoeverIsDownBack,
		},
		{
			ID: "F42f", Name: "fenced killed on both nodes, with fencing", Course: Stays, Fencing: true,
			Fault:  Text{"kill -9 of fenced on both nodes; the cluster has fencing", "両ノードの fenced を kill -9 (フェンシングあり)"},
			Expect: Text{"both are started again, nobody is fenced; the devices' monitors have failed until that is cleaned up", "再起動され、フェンシングは起きない。STONITH リソースの監視エラーはクリーンアップするまで残る"},
			Strike: inOrder(killed(primary, "pacemaker-fenced"), killed(standby, "pacemaker-fenced")),
			Repair: func(r *Run) error { return r.operate(r.Primary, "crm_resource", "--cleanup") }, // of the devices' monitors
		},
		{
			ID: "F42p", Name: "controld killed on the primary, with fencing", Course: Moves, Fencing: true, Fenced: "primary", MayFence: true,
			Fault: Text{"kill -9 of controld on the primary; the cluster has fencing", "Primary の controld を kill -9 (フェンシングあり)"},
			// Where it has led the cluster, the new leader may know it again before it is
			// found missing, and promotes the standby before it has probed the old primary.
			Expect: Text{"its node is fenced, or it is back before that and its primary is demoted; the standby takes over",
				"ノードがフェンシングされるか、その前に再起動されて旧 Primary が demote され、Standby が引き継ぐ"},
			Strike: kill(primary, "KILL", "pacemaker-controld"), Repair: oldPrimaryBack,
		},
		{
			ID: "F42q", Name: "based and execd killed on the primary, with fencing", Course: Settles, Lasts: 40 * time.Second, Fencing: true, Fenced: "primary", MayFence: true,
			Fault: Text{"kill -9 of based and execd on the primary at once; the cluster has fencing", "Primary の based と execd を同時に kill -9 (フェンシングあり)"},
			Expect: Text{"controld ends with them: the node is fenced and the standby takes over, or all are started again first",
				"controld も道連れで終了し、ノードがフェンシングされて Standby が引き継ぐか、その前に再起動される"},
			Strike: inOrder(kill(primary, "KILL", "pacemaker-based"), kill(primary, "KILL", "pacemaker-execd")), Repair: whoeverIsDownBack,
		},
		{
			ID: "F42s", Name: "daemons of Pacemaker killed on the standby", Course: Stays,
			Fault: Text{"kill -9 of attrd, fenced, based, execd and controld of the standby, one after the other; no fencing",
				"Standby の attrd、fenced、based、execd、controld を順に kill -9 (フェンシングなし)"},
			Expect: Text{"each is started again, the primary is untouched", "それぞれ再起動され、Primary に影響しない"},
			Strike: killed(standby, daemons...), Repair: standbyBackIfDown,
		},
		{
			ID: "F42t", Name: "controld, based and execd killed on the standby, with fencing", Course: Stays, Lasts: 30 * time.Second, Fencing: true, Fenced: "standby",
			Fault:  Text{"kill -9 of controld, based and execd on the standby at once; the cluster has fencing", "Standby の controld、based、execd を同時に kill -9 (フェンシングあり)"},
			Expect: Text{"its node is fenced, the primary goes on", "ノードがフェンシングされ、Primary は継続する"},
			Strike: inOrder(kill(standby, "KILL", "pacemaker-controld"), kill(standby, "KILL", "pacemaker-based"), kill(standby, "KILL", "pacemaker-execd")),
			Repair: standbyBack,
		},
		{
			ID: "F43", Name: "pacemakerd of the primary frozen", Course: Stays,
			Fault:  Text{"SIGSTOP of pacemakerd on the primary for 30 s; no fencing", "Primary の pacemakerd を 30 秒間 SIGSTOP (フェンシングなし)"},
			Expect: Text{"nothing: the daemons below it go on", "何も起きない (配下のデーモンは動作を続ける)"},
			Strike: inOrder(kill(primary, "STOP", "pacemakerd"), pause(30*time.Second), kill(primary, "CONT", "pacemakerd")),
		},
		{
			ID: "F43f", Name: "pacemakerd of the primary frozen and controld killed, with fencing", Course: Moves, Fencing: true, Fenced: "primary",
			Fault: Text{"SIGSTOP of pacemakerd on the primary, and controld, which it cannot start again, killed; the cluster has fencing",
				"Primary の pacemakerd を SIGSTOP し、再起動されない controld を kill -9 (フェンシングあり)"},
			Expect: Text{"as a hung node: fenced, the standby takes over", "ハングしたノードと同じ (フェンシングされ、Standby が引き継ぐ)"},
			Strike: inOrder(kill(primary, "STOP", "pacemakerd"), kill(primary, "KILL", "pacemaker-controld")), Repair: oldPrimaryBack,
		},
		{
			ID: "F44", Name: "attrd of the primary frozen while replication is lost", Course: Stays, Lasts: 20 * time.Second,
			Fault: Text{"SIGSTOP of attrd on the primary for 20 s, during which replication is cut", "Primary の attrd を 20 秒間 SIGSTOP し、その間にレプリケーションを切断"},
			Expect: Text{"commits go on only after the standby's rights are taken, which needs attrd; actions keep to their time and say why",
				"Standby の昇格資格を取り消せるまで (attrd の復旧まで) コミットは再開しない。アクションは時間内に終わり、理由をログに残す"},
			// No action may fail meanwhile: Pacemaker 2.1.5's controld cannot count it,
			// and ends the cluster on its node.
			Strike: inOrder(kill(primary, "STOP", "pacemaker-attrd"), cutAll(standby, lab.Silent, lab.DLAN), process(primary, "TERM", "walsender"),
				pause(20*time.Second), frozenSince(18*time.Second), kill(primary, "CONT", "pacemaker-attrd")),
			Check: every(logged(primary, "crm_attribute did not end in time"), nothingTimedOut), Mend: healAll, Repair: standbyBack,
		},
		{
			ID: "F45", Name: "vip-master removed by hand", Course: Moves,
			Fault:  Text{"ip addr del of vip-master", "vip-master を ip addr del で削除"},
			Expect: Text{"the monitor fails, and with migration-threshold=1 the role moves", "監視が失敗し、migration-threshold=1 のため役割が移る"},
			Strike: removeVIPMaster, Repair: oldPrimaryBack,
		},
		{
			ID: "F45w", Name: "vip-master removed by hand while there is no standby", Course: Waits,
			Fault: Text{"ip addr del of vip-master while the standby is stopped", "Standby の停止中に vip-master を ip addr del で削除"},
			Expect: Text{"the primary stays without its addresses; pg-rex_status and pg-rex_slave_start name what lets them come back",
				"Primary は仮想 IP なしで残り、pg-rex_status と pg-rex_slave_start が仮想 IP を復旧するコマンドを示す"},
			Strike: inOrder(stopStandby, removeVIPMaster),
			Check: inOrder(says(primary, "pg-rex_status", "crm_resource --cleanup -r vip-master"), func(r *Run) error {
				return r.refused(r.Standby, []string{"SST-016", "next: " + r.Primary.Name + "# crm_resource --cleanup -r vip-master"}, "pg-rex_slave_start", "-n")
			}),
			Repair: func(r *Run) error {
				if err := r.operate(r.Primary, "crm_resource", "--cleanup", "-r", "vip-master"); err != nil {
					return err
				}
				return r.operate(r.Standby, "pg-rex_slave_start", "-n")
			},
		},
		{
			ID: "F46", Name: "vip-master on another host too", Course: Stays,
			Fault:  Text{"another host on the client network has the address of vip-master", "クライアント側ネットワークの別ホストが vip-master と同じアドレスを持つ"},
			Expect: Text{"the cluster does not notice; pg-rex_doctor names the host", "クラスタは検知しない。pg-rex_doctor がそのホストを示す"},
			Strike: func(r *Run) error { return r.AddHost(r, lab.SLAN, lab.VIPMaster) },
			Check:  says(primary, "pg-rex_doctor", "another host ("+lab.HostMAC(lab.SLAN)+") answers for vip-master"),
			Mend:   func(r *Run) error { return r.RemoveHost(r, lab.SLAN, lab.VIPMaster) },
		},
		{
			ID: "F47", Name: "vip-rep of the primary does not stop", Course: Moves,
			Fault: Text{"the primary's postmaster is killed, and vip-rep cannot be stopped there", "Primary の postmaster を kill -9 し、vip-rep の停止も失敗させる"},
			Expect: Text{"the standby takes over; pg-rex_status and pg-rex_doctor name the address that is on both nodes",
				"Standby が引き継ぐ。pg-rex_status と pg-rex_doctor が両ノードにあるアドレスを示す"},
			Strike: func(r *Run) error {
				if err := in(r.Primary, r, vipRepStays); err != nil {
					return err
				}
				_, err := r.Primary.KillPostgreSQL()
				return err
			},
			Check: every(says(standby, "pg-rex_doctor", "vip-rep ("+lab.VIPRep+") is on several nodes"),
				says(standby, "pg-rex_status", "vip-rep ("+lab.VIPRep+") is on more than one node")),
			Mend: shell(primary, "mv /root/IPaddr2 "+ipaddr2),
			Repair: func(r *Run) error {
				if err := in(r.Primary, r, "ip address del "+lab.VIPRep+"/24 dev bond1"); err != nil {
					return err
				}
				return oldPrimaryBack(r)
			},
		},
		{
			ID: "F48", Name: "vip-slave removed by hand", Course: Stays,
			Fault:  Text{"ip addr del of vip-slave", "vip-slave を ip addr del で削除"},
			Expect: Text{"it moves to the primary", "Primary に移る"},
			Strike: func(r *Run) error { return in(r.Standby, r, "ip addr del "+lab.VIPSlave+"/24 dev bond0") }, Repair: standbyBack,
		},
		{
			ID: "F49", Name: "gateway down", Course: Settles, Lasts: 30 * time.Second,
			Fault: Text{"the gateway answers neither node until PostgreSQL has ended on both", "ゲートウェイの停止 (両ノードの PostgreSQL が停止するまで応答なし)"},
			Expect: Text{"PostgreSQL stops everywhere, as the rule on the gateway has it; when that is back, the standby takes over by itself, the lock keeps the old primary out",
				"ゲートウェイ監視の制約により両ノードで PostgreSQL が停止する。回復後は自動で Standby が引き継ぎ、旧 Primary は起動禁止フラグで起動しない"},
			Strike: inOrder(func(r *Run) error { return r.RemoveHost(r, lab.SLAN, lab.Gateway) }, stopsAlone(primary), stopsAlone(standby), gatewayBack),
			Mend:   gatewayBack, Repair: oldPrimaryBack,
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
			ID: "F50f", Name: "power of the primary lost, fencing fails", Course: Waits, Lasts: 20 * time.Second, Fencing: true, Fenced: "primary",
			Fault: Text{"the primary loses its power, and the device fails", "Primary の電源断 (STONITH デバイスも故障)"},
			Expect: Text{"nobody is promoted until the device works again; then the standby takes over by itself",
				"デバイスが復旧するまで昇格せず、復旧後は自動で Standby が引き継ぐ"},
			// Four seconds, so that Pacemaker has not given up when the device works again.
			Strike: func(r *Run) error {
				if err := r.SetPower(lab.PowerMode{Delay: 4 * time.Second, Fail: []string{"*"}}); err != nil {
					return err
				}
				return r.Primary.Kill(r)
			},
			Check: says(standby, "pg-rex_status", "UNCLEAN", "stonith_admin --confirm"), Mend: fencing(lab.PowerMode{}),
			Repair: inOrder((*Run).takeOver, oldPrimaryBack),
		},
		{
			ID: "F50l", Name: "both IC-LANs cut, fencing lies", Course: Stays, Lasts: 30 * time.Second, Fencing: true,
			Fault:  Text{"both interconnects are cut, and the device says that it has taken the power and has not", "インターコネクト全系統の断 (STONITH デバイスは成功を返すが電源を切らない)"},
			Expect: Text{"the standby hears the primary on the replication LAN and is not promoted", "Standby は D-LAN で Primary の応答を確認し、昇格しない"},
			Strike: inOrder(fencing(lab.PowerMode{Lie: true}), cutAll(primary, lab.Silent, lab.ICLAN1, lab.ICLAN2)),
			Check:  logged(standby, "goes on as primary there"), Mend: inOrder(fencing(lab.PowerMode{}), healAll), Repair: standbyBack,
		},
		{
			ID: "F51", Name: "both nodes fence each other", Course: Stays, Lasts: 30 * time.Second, Fencing: true, Fenced: "standby",
			Fault: Text{"both interconnects and the replication LAN are cut; either node can fence the other, which takes 3 s",
				"IC-LAN 全系統と D-LAN の断 (相互にフェンシング可能、所要 3 秒)"},
			Expect: Text{"the delay lets the primary win: the standby's node is fenced, the primary survives", "遅延設定により Primary が勝ち、Standby のノードだけがフェンシングされる"},
			Strike: inOrder(fencing(lab.PowerMode{Delay: 3 * time.Second}), cutAll(primary, lab.Silent, lab.ICLAN1, lab.ICLAN2, lab.DLAN)),
			Mend:   inOrder(fencing(lab.PowerMode{}), healAll), Repair: standbyBack,
		},
		{
			ID: "F68", Name: "agent gone on the standby", Course: Stays, Lasts: 25 * time.Second,
			Fault:  Text{"the agent's program on the standby is renamed", "Standby のエージェントを改名"},
			Expect: Text{"its instance is left alone with an error, the primary is untouched", "Standby のリソースはエラーのまま放置され、Primary には影響しない"},
			Strike: shell(standby, "mv "+agentFile+" /root/pgsql.away"),
			Check: func(r *Run) error {
				return says(primary, "pg-rex_status", "crm_resource --cleanup -r pgsql -N "+r.Standby.Name)(r)
			},
			Mend: shell(standby, "mv /root/pgsql.away "+agentFile),
			Repair: func(r *Run) error {
				return r.operate(r.Primary, "crm_resource", "--cleanup", "-r", "pgsql", "-N", r.Standby.Name)
			},
		},
		{
			ID: "F68f", Name: "agent of the primary not executable, with fencing", Course: Moves, Fencing: true, Fenced: "primary",
			Fault:  Text{"the agent's program on the primary loses its right to be executed; the cluster has fencing", "Primary のエージェントの実行権限を外す (フェンシングあり)"},
			Expect: Text{"it cannot be demoted: its node is fenced, the standby takes over", "降格できないためノードがフェンシングされ、Standby が引き継ぐ"},
			Strike: shell(primary, "chmod 0644 "+agentFile), Mend: inOrder(oldPrimaryPowered, shell(primary, "chmod 0755 "+agentFile)), Repair: oldPrimaryBack,
		},
		{
			ID: "F69", Name: "monitors and notifications of the standby killed by their time-outs", Course: Stays, MayTimeOut: []string{"primary", "standby"}, Lasts: 25 * time.Second,
			Fault:  Text{"the time-outs of the standby's monitor and of notify are 5 ms", "Standby の monitor と notify のタイムアウトを 5 ms にする"},
			Expect: Text{"the standby is given up, the primary goes on", "Standby は停止し、Primary は継続する"},
			Strike: timeOuts(map[string]string{"monitor-10s": "5ms", "notify-0s": "5ms"}),
			Mend:   timeOuts(map[string]string{"monitor-10s": "60s", "notify-0s": "90s"}), Repair: standbyBack,
		},
		{
			ID: "F69f", Name: "demotion killed by its time-out, with fencing", Course: Moves, Fencing: true, Fenced: "primary", MayTimeOut: []string{"primary"},
			Fault:  Text{"vip-master is removed, and the time-out of demote is 5 ms; the cluster has fencing", "vip-master を削除し、demote のタイムアウトを 5 ms にする (フェンシングあり)"},
			Expect: Text{"the primary's node is fenced, the standby takes over", "Primary のノードがフェンシングされ、Standby が引き継ぐ"},
			Strike: inOrder(timeOuts(map[string]string{"demote-0s": "5ms"}), shell(primary, "ip addr del "+lab.VIPMaster+"/24 dev bond0")),
			Mend:   timeOuts(map[string]string{"demote-0s": "300s"}), Repair: oldPrimaryBack,
		},
		{
			ID: "F69p", Name: "promotion killed by its time-out", Course: Waits, MayTimeOut: []string{"standby"}, Lasts: 30 * time.Second,
			Fault:  Text{"the primary's postmaster is killed, and the time-out of promote is 80 ms", "Primary の postmaster を kill -9 し、promote のタイムアウトを 80 ms にする"},
			Expect: Text{"the standby is not promoted; it is started as primary by hand", "Standby は昇格しない。手動で Primary として起動する"},
			Strike: func(r *Run) error {
				if err := timeOuts(map[string]string{"promote-0s": "80ms"})(r); err != nil {
					return err
				}
				_, err := r.Primary.KillPostgreSQL()
				return err
			},
			Mend: timeOuts(map[string]string{"promote-0s": "300s"}),
			Repair: func(r *Run) error {
				for _, n := range r.Nodes() {
					if err := r.operate(n, "pg-rex_stop", "--yes", "-f"); err != nil {
						return err
					}
				}
				if err := r.operate(r.Standby, "pg-rex_master_start", "--remove-lock"); err != nil {
					return err
				}
				return r.operate(r.Primary, "pg-rex_slave_start", "-n", "-r", "-b", "--remove-lock", "--yes")
			},
		},
		{
			ID: "F70", Name: "agent replaced while the cluster runs", Course: Stays,
			Fault:  Text{"the agent's program is replaced on both nodes, 20 times in 20 s", "両ノードのエージェントを 20 秒間に 20 回置き換える"},
			Expect: Text{"nothing", "何も起きない"},
			Strike: func(r *Run) error {
				for range 20 {
					for _, n := range r.Nodes() {
						if err := in(n, r, fmt.Sprintf("cp -p %[1]s %[1]s.new && mv %[1]s.new %[1]s", agentFile)); err != nil {
							return err
						}
					}
					if err := lab.Pause(r, time.Second); err != nil {
						return err
					}
				}
				return nil
			},
		},
	}
}

const (
	ipaddr2 = "/usr/lib/ocf/resource.d/heartbeat/IPaddr2"
	// vipRepStays puts a program before IPaddr2 that fails to stop vip-rep.
	vipRepStays = "mv " + ipaddr2 + " /root/IPaddr2 && printf '#!/bin/sh\n[ \"$1 $OCF_RESKEY_ip\" = \"stop " + lab.VIPRep +
		"\" ] && exit 1\nexec /root/IPaddr2 \"$@\"\n' >" + ipaddr2 + " && chmod 0755 " + ipaddr2
)

// daemons are those that pacemakerd starts. The last three end controld, which
// the other node takes for the loss of the node.
var daemons = []string{"pacemaker-attrd", "pacemaker-fenced", "pacemaker-based", "pacemaker-execd", "pacemaker-controld"}

// timeOuts changes the time-outs of operations of the server's resource.
func timeOuts(ops map[string]string) func(*Run) error {
	return func(r *Run) error {
		for _, op := range slices.Sorted(maps.Keys(ops)) {
			xml := fmt.Sprintf("<op id=%q timeout=%q/>", "pgsql-"+op, ops[op])
			r.tell("time-out of %s: %s", op, ops[op])
			if _, err := r.Standby.Run(r, "cibadmin", "--modify", "--scope", "resources", "--xml-text", xml); err != nil {
				return err
			}
		}
		return nil
	}
}

// frozenSince wants no commit to have been acknowledged for so long.
func frozenSince(d time.Duration) func(*Run) error {
	return func(r *Run) error {
		if a, ok := r.Writer.History().FirstAckAfter(time.Now().Add(-d)); ok {
			return fmt.Errorf("a commit was acknowledged %.1f s after the fault", a.End.Sub(r.at).Seconds())
		}
		return nil
	}
}

// nothingTimedOut wants no action of an agent to have run out of its time.
func nothingTimedOut(r *Run) error {
	st, err := r.Status(r)
	if err != nil {
		return err
	}
	for _, f := range st.Failed {
		if strings.Contains(strings.ToLower(f.Status+f.Reason), "timed out") {
			return fmt.Errorf("%s on %s: %s %s", f.Operation, f.Node, f.Status, f.Reason)
		}
	}
	return nil
}

// standbyBackIfDown brings the standby back if it is not one.
func standbyBackIfDown(r *Run) error {
	st, err := r.Status(r)
	if err != nil || len(r.Deviations(st)) == 0 {
		return err
	}
	return standbyBack(r)
}

func oldPrimaryPowered(r *Run) error { return r.Primary.SwitchOn(r) }

func gatewayBack(r *Run) error { return r.AddHost(r, lab.SLAN, lab.Gateway) }

func removeVIPMaster(r *Run) error {
	return in(r.Primary, r, "ip addr del "+lab.VIPMaster+"/24 dev bond0")
}
