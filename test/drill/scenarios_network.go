package drill

import (
	"time"

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
	}
}
