package drill

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"pgrex/test/lab"
)

// threeNodeFaults are those of clusters with a majority. The operation commands
// know two nodes; here a node is rebuilt by a base backup of the lab's.
func threeNodeFaults() []Scenario {
	return []Scenario{
		{
			ID: "F71", Name: "three nodes: power of the primary lost", Nodes: 3, Course: Moves,
			Fault:  Text{"three nodes: the primary's node loses its power", "3 ノード: Primary のノードの電源断"},
			Expect: Text{"the synchronous standby takes over, the third follows it", "同期 Standby が引き継ぎ、残る 1 台はそれに追従する"},
			Strike: func(r *Run) error { return r.Primary.Kill(r) },
			Repair: rebuilt(primary),
		},
		{
			ID: "F71d", Name: "three nodes: synchronous standby lost, then the primary", Nodes: 3, Course: Waits, Lasts: 10 * time.Second,
			Fault: Text{"three nodes: the synchronous standby loses its power, then the primary",
				"3 ノード: 同期 Standby、続いて Primary の電源断"},
			Expect: Text{"one of three serves nothing; with the first standby back the newer of the two takes over",
				"1 台では何も提供せず、Standby が戻ると新しいほうが引き継ぐ"},
			Strike: func(r *Run) error {
				if err := r.Standby.Kill(r); err != nil {
					return err
				}
				lost := r.Standby
				err := r.WaitStatus(r, "another synchronous standby", lab.Timeouts.Takeover, func(s lab.Status) bool {
					return s.Nodes[r.Third.Name].Attributes["pgsql-status"] == "HS:sync"
				})
				if err != nil {
					return err
				}
				r.Standby, r.Third = r.Third, lost
				if err := lab.Pause(r, 2*time.Second); err != nil {
					return err
				}
				return r.Primary.Kill(r)
			},
			Repair: func(r *Run) error {
				if err := r.Third.SwitchOn(r); err != nil {
					return err
				}
				if err := r.Third.StartCluster(r); err != nil {
					return err
				}
				if err := r.takeOver(); err != nil {
					return err
				}
				if err := rebuilt(primary)(r); err != nil {
					return err
				}
				return rebuilt(third)(r)
			},
		},
		{
			ID: "F71h", Name: "three nodes: as F71p, and the partition heals while the promotion waits", Nodes: 3, Course: Settles, Lasts: 30 * time.Second,
			Fault: Text{"three nodes: as F71p, the executor does not run for 15 s, and the interconnects are whole again once the promotion waits",
				"3 ノード: F71p と同じ障害 (execd の停止は 15 秒) で、昇格の待機中にインターコネクトが復旧"},
			Expect:     Text{"the old primary goes on, or has ended before the promotion: never two", "旧 Primary が継続するか、停止してから昇格する (Primary が 2 台になることはない)"},
			Restarts:   []string{"primary", "standby", "third"},
			MayTimeOut: []string{"primary"},
			Strike: func(r *Run) error {
				if err := in(r.Primary, r, "pkill -STOP -x pacemaker-execd; (sleep 15; pkill -CONT -x pacemaker-execd) >/dev/null 2>&1 &"); err != nil {
					return err
				}
				if err := cutAll(primary, lab.Silent, lab.ICLAN1, lab.ICLAN2)(r); err != nil {
					return err
				}
				err := lab.Until(r, "the promotion to begin", 30*time.Second, func(ctx context.Context) (string, bool) {
					s, err := r.Standby.Status(ctx)
					role := s.Nodes[r.Standby.Name].Role
					return fmt.Sprint(role, err), err == nil && role != lab.Unpromoted
				})
				return errors.Join(err, healAll(r))
			},
			Check: func(r *Run) error {
				return lab.Until(r, "the end of the promotion", time.Minute, func(context.Context) (string, bool) {
					return "", strings.Contains(r.since(r.Standby, lab.PacemakerLog), "Result of promote operation for pgsql on "+r.Standby.Name)
				})
			},
			Mend: func(r *Run) error {
				return r.WaitStatus(r, "one cluster again", time.Minute, func(s lab.Status) bool {
					return s.Primary() != "" && s.Nodes[r.Primary.Name].Online
				})
			},
			Repair: func(r *Run) error {
				s, err := r.Status(r)
				if err != nil {
					return err
				}
				for _, n := range r.Nodes() {
					if n.Name == s.Primary() {
						continue // the third keeps the position at which it stood by for the promotion until it is started
					}
					if err := rebuilt(func(*Run) *lab.Node { return n })(r); err != nil {
						return err
					}
				}
				_, err = r.Nodes()[0].Run(r, "crm_resource", "--cleanup")
				return err
			},
		},
		{
			ID: "F71s", Name: "three nodes: the primary's machine stands still", Nodes: 3, Course: Moves, Spared: ofTwoWays,
			Fault: Text{"three nodes: the primary's machine stands still for 8 s, as when its hypervisor moves or saves it",
				"3 ノード: Primary のマシンが 8 秒間停止する (ハイパーバイザによる移行や保存など)"},
			Expect: Text{"the majority takes over; the old primary goes on, lets no commit go on without them, and is demoted",
				"多数派が引き継ぐ。再開した旧 Primary は、他ノードなしでコミットを再開せず、降格される"},
			Strike: standsStill(8 * time.Second), Mend: inOrder(together, takenOver), Repair: rebuilt(primary),
		},
		{
			ID: "F71p", Name: "three nodes: the primary alone in a partition whose cluster is slow", Nodes: 3, Course: Moves,
			Fault: Text{"three nodes: the primary's interconnects are cut and its executor does not run for 6 s; the D-LAN is whole",
				"3 ノード: Primary のインターコネクト断。Primary の execd は 6 秒停止し、D-LAN は正常"},
			Expect: Text{"the promotion waits until the minority has stopped its server", "少数側のサーバが停止するのを待って昇格する"},
			Strike: func(r *Run) error {
				if err := in(r.Primary, r, "pkill -STOP -x pacemaker-execd; (sleep 6; pkill -CONT -x pacemaker-execd) >/dev/null 2>&1 &"); err != nil {
					return err
				}
				return cutAll(primary, lab.Silent, lab.ICLAN1, lab.ICLAN2)(r)
			},
			Mend: func(r *Run) error {
				if err := healAll(r); err != nil {
					return err
				}
				return r.WaitStatus(r, "one cluster again", time.Minute, func(s lab.Status) bool {
					return s.Primary() != "" && s.Nodes[r.Primary.Name].Online
				})
			},
			// The third may have received more from the old primary than the new one
			// has; nobody was told so.
			Repair: func(r *Run) error {
				if err := rebuilt(primary)(r); err != nil {
					return err
				}
				if r.WaitStandby(r, r.Third, 20*time.Second) == nil {
					return nil
				}
				return rebuilt(third)(r)
			},
		},
		{
			ID: "F72", Name: "three nodes: primary and newest standby lost", Nodes: 3, Course: Waits, Lasts: 15 * time.Second,
			Fault: Text{"three nodes: the third is cut from the D-LAN, then primary and synchronous standby lose their power; the primary comes back",
				"3 ノード: 3 台目の D-LAN 断のあと、Primary と同期 Standby の電源断。Primary だけが起動"},
			Expect: Text{"nobody is promoted until the standby is back", "同期 Standby が戻るまで誰も昇格しない"},
			Strike: func(r *Run) error {
				if err := r.Cut(r, lab.DLAN, r.Third, lab.Silent); err != nil {
					return err
				}
				if err := lab.Pause(r, 2*time.Second); err != nil {
					return err
				}
				for _, n := range []*lab.Node{r.Primary, r.Standby} {
					if err := n.Kill(r); err != nil {
						return err
					}
				}
				if err := r.Heal(r, lab.DLAN, r.Third); err != nil {
					return err
				}
				if err := r.Primary.SwitchOn(r); err != nil {
					return err
				}
				return r.Primary.StartCluster(r)
			},
			Repair: func(r *Run) error {
				if err := r.Standby.SwitchOn(r); err != nil {
					return err
				}
				if err := r.Standby.StartCluster(r); err != nil {
					return err
				}
				if err := r.takeOver(); err != nil {
					return err
				}
				return rebuilt(primary)(r)
			},
		},
	}
}

func third(r *Run) *lab.Node { return r.Third }

// rebuilt makes a node a standby of the present primary by a base backup.
func rebuilt(which func(*Run) *lab.Node) func(*Run) error {
	return func(r *Run) error {
		n := which(r)
		if err := n.SwitchOn(r); err != nil {
			return err
		}
		r.tell("%s is rebuilt by a base backup", n.Name)
		if r.looks != nil { // nobody looks in a random run, which rebuilds by itself
			r.looks.Consent(n.Name)
		}
		if err := r.JoinStandby(r, n); err != nil {
			return err
		}
		_, err := n.Run(r, "crm_resource", "--cleanup")
		return err
	}
}
