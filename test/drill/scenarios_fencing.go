package drill

import (
	"errors"
	"fmt"
	"time"

	"pgrex/test/lab"
)

// fencingFaults are those that only a cluster with fencing decides.
func fencingFaults() []Scenario {
	return []Scenario{
		{
			ID: "F09f", Name: "power of the primary lost, with fencing", Course: Moves, Fencing: true, Fenced: "primary",
			Fault:  Text{"the primary's node loses its power; the cluster has fencing", "Primary のノードの電源断 (フェンシングあり)"},
			Expect: Text{"the standby takes over when the node is confirmed to be off", "ノードの停止が確認されてから Standby が引き継ぐ"},
			Strike: func(r *Run) error { return r.Primary.Kill(r) }, Repair: oldPrimaryBack,
		},
		{
			ID: "F10f", Name: "power of the standby lost, with fencing", Course: Stays, Fencing: true, Fenced: "standby", Lasts: 20 * time.Second,
			Fault:  Text{"the standby's node loses its power; the cluster has fencing", "Standby のノードの電源断 (フェンシングあり)"},
			Expect: Text{"commits freeze until the node is confirmed to be off, then go on", "ノードの停止が確認されるまでコミットが止まり、その後再開する"},
			Strike: func(r *Run) error { return r.Standby.Kill(r) }, Repair: standbyBack,
		},
		{
			ID: "F27f", Name: "system disk of the primary gone", Course: Moves, Fencing: true,
			Fault:  Text{"the disk that the disk check of the primary's node reads is gone", "Primary のノードでディスク監視の対象ディスクが応答しない"},
			Expect: Text{"the node turns red and gives everything up, the standby takes over", "ノードの状態が red になって全リソースを手放し、Standby が引き継ぐ"},
			Strike: func(r *Run) error { return r.Primary.LoseDisk(r, lab.SystemDisk) },
			Mend:   func(r *Run) error { return r.Primary.AddDisk(r, lab.SystemDisk, 16) },
			Repair: oldPrimaryBack,
		},
		{
			// What the primary acknowledged alone would be lost with its node. The
			// shell agent lost 136 rows here.
			ID: "F37d", Name: "interconnects and D-LAN cut while fencing fails, then the standby's side wins",
			Course: Moves, Fencing: true, Fenced: "primary", Lasts: 50 * time.Second,
			Fault: Text{"the primary's interconnects and D-LAN are cut, fencing fails on both sides for a time, then the standby's side can fence",
				"Primary のインターコネクトと D-LAN の断。しばらく両側のフェンシングが失敗し、その後 Standby 側が成功"},
			Expect: Text{"the primary's commits freeze until its node is fenced; then the standby takes over",
				"Primary のノードがフェンシングされるまでコミットは止まり、その後 Standby が引き継ぐ"},
			Strike: splitWhileFencingFails,
			Mend: func(r *Run) error {
				return errors.Join(r.SetPower(lab.PowerMode{}), healAll(r))
			},
			Repair: oldPrimaryBack,
		},
	}
}

func splitWhileFencingFails(r *Run) error {
	if err := r.SetPower(lab.PowerMode{Delay: 4 * time.Second, Fail: []string{"*"}}); err != nil {
		return err
	}
	cut := time.Now()
	if err := cutAll(primary, lab.Silent, lab.ICLAN1, lab.ICLAN2, lab.DLAN)(r); err != nil {
		return err
	}
	if err := lab.Pause(r, r.Lasts); err != nil {
		return err
	}
	for _, n := range r.Nodes() {
		st, err := n.Status(r)
		if err != nil {
			return err
		}
		if role := st.Nodes[n.Name].Role; (role == lab.Promoted) != (n == r.Primary) {
			return fmt.Errorf("%s is %s after %v without fencing", n.Name, role, r.Lasts)
		}
	}
	if a, ok := r.Writer.History().FirstAckAfter(cut.Add(time.Second)); ok {
		return fmt.Errorf("a commit was acknowledged %.1f s after the cut, which the standby cannot have", a.End.Sub(cut).Seconds())
	}
	r.tell("fencing works on the standby's side")
	return r.SetPower(lab.PowerMode{Delay: time.Second, Fail: []string{r.Standby.Name}})
}
