package drill

import (
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
	}
}
