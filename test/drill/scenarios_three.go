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
			ID: "F71i", Name: "three nodes: the synchronous standby alone in a partition", Nodes: 3, Course: Stays, Lasts: 30 * time.Second,
			Fault: Text{"three nodes: the synchronous standby's interconnects are cut; the D-LAN is whole",
				"3 ノード: 同期 Standby のインターコネクト断 (D-LAN は正常)"},
			Expect: Text{"the minority stops its server; the majority goes on, with the third as its synchronous standby",
				"少数側はサーバを停止し、多数側は 3 台目を同期 Standby として継続する"},
			Strike: cutAll(standby, lab.Silent, lab.ICLAN1, lab.ICLAN2), Check: stopsAlone(standby),
			Mend: inOrder(healAll, together), Repair: followsAgain(standby), Restarts: []string{"standby"},
		},
		{
			ID: "F71s", Name: "three nodes: the primary's machine stands still", Nodes: 3, Course: Moves, Spared: ofTwoWays, Restarts: []string{"standby", "third"}, // see takenOver
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
			Repair: inOrder(rebuilt(primary), followsAgain(third)),
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
		{
			ID: "F73t", Name: "three nodes: power cut of all, started in every order", Nodes: 3, Course: Moves, Restarts: []string{"primary", "standby", "third"},
			Fault: Text{"three nodes: all lose their power under load and are started one after the other, six times, each time in another order",
				"3 ノード: 負荷中に全ノードが電源断。順番を変えながら 1 台ずつ起動する (6 通り)"},
			Expect: Text{"the old primary is refused; the synchronous standby takes over as soon as it is there with one more",
				"旧 Primary は拒否され、同期 Standby は他の 1 台と揃いしだい引き継ぐ"},
			Strike: func(r *Run) error {
				roles := []func(*Run) *lab.Node{primary, standby, third}
				orders := [][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}
				for i, order := range orders {
					if i > 0 {
						if err := r.threeAgain(); err != nil {
							return err
						}
					}
					if err := r.powerCut(); err != nil {
						return err
					}
					for _, role := range order {
						r.tell("%s is started", roles[role](r).Name)
						if err := inOrder(func(r *Run) error { return roles[role](r).StartCluster(r) }, pause(3*time.Second))(r); err != nil {
							return err
						}
					}
					if err := r.takeOver(); err != nil {
						return err
					}
				}
				return nil
			},
			Check:  func(r *Run) error { return r.failure(r.Primary, "start", lab.LockFile) },
			Repair: inOrder(rebuilt(primary), followsAgain(third)),
		},
	}
}

// followsAgain waits for a standby that may come back by itself, and rebuilds it if
// it does not.
func followsAgain(which func(*Run) *lab.Node) func(*Run) error {
	const itself = 20 * time.Second
	return func(r *Run) error {
		if r.WaitStandby(r, which(r), itself) == nil {
			return nil
		}
		return rebuilt(which)(r)
	}
}

// threeAgain makes three nodes whole after a take-over, and says who is what now.
func (r *Run) threeAgain() error {
	if err := inOrder(rebuilt(primary), followsAgain(third))(r); err != nil {
		return err
	}
	if err := r.WaitNormal(r); err != nil {
		return err
	}
	s, err := r.Status(r)
	if err != nil {
		return err
	}
	for _, n := range r.Nodes() {
		switch {
		case n.Name == s.Primary():
			r.Primary = n
		case s.Nodes[n.Name].Attributes["pgsql-status"] == "HS:sync":
			r.Standby = n
		default:
			r.Third = n
		}
	}
	return nil
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
