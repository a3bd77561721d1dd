package drill

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"pgrex/test/lab"
)

// The agent's file, whose place depends on the agent (in puts it in), and where
// it is while something stands in its place.
const (
	agentFile  = "{agent}"
	agentWhole = "/usr/lib/ocf/lib/pgsql-whole"
)

// inPlace puts a shell script in the place of a program, which it finds as $whole.
func inPlace(n *lab.Node, r *Run, program, whole, script string) error {
	return in(n, r, fmt.Sprintf("cp -a %[1]s %[2]s && printf '%%s\n' '#!/bin/sh' 'whole=%[2]s' '%[3]s' >%[1]s.new && chmod 755 %[1]s.new && mv %[1]s.new %[1]s",
		program, whole, strings.ReplaceAll(script, "'", `'\''`)))
}

// failStop makes the agent's stop fail on the primary, whatever it is called for.
func failStop(r *Run) error {
	return inPlace(r.Primary, r, agentFile, agentWhole, `[ "$1" = stop ] && { echo "ocf-exit-reason:the stop fails" >&2; exit 1; }; exec $whole "$@"`)
}

func wholeAgent(r *Run) error {
	if err := r.Primary.SwitchOn(r); err != nil {
		return err
	}
	return in(r.Primary, r, "mv "+agentWhole+" "+agentFile)
}

// timeout changes the time of an operation of the server in the definition.
func timeout(n func(*Run) *lab.Node, operation string, seconds int) func(*Run) error {
	return func(r *Run) error {
		id := "pgsql-" + operation + "-0s"
		return in(n(r), r, fmt.Sprintf(`cibadmin --modify --xpath "//op[@id='%[1]s']" --xml-text '<op id="%[1]s" timeout="%[2]ds"/>'`, id, seconds))
	}
}

func onFail(n func(*Run) *lab.Node, operation, what string) func(*Run) error {
	return func(r *Run) error {
		id := "pgsql-" + operation + "-0s"
		return in(n(r), r, fmt.Sprintf(`cibadmin --modify --xpath "//op[@id='%[1]s']" --xml-text '<op id="%[1]s" on-fail="%[2]s"/>'`, id, what))
	}
}

func escalate(seconds int) func(*Run) error {
	return func(r *Run) error {
		return in(r.Standby, r, fmt.Sprintf("crm_resource -r pgsql -p stop_escalate -v %d", seconds))
	}
}

func killPostmaster(r *Run) error { _, err := r.Primary.KillPostgreSQL(); return err }

// unkillable makes a demotion fail: one process of the server hears no signal,
// and the others are gone. The demotion gets 20 s, so that nobody waits for long.
func unkillable(r *Run) error {
	if err := timeout(primary, "demote", 20)(r); err != nil {
		return err
	}
	if err := r.Primary.FreezeServer(r, "walwriter"); err != nil {
		return err
	}
	return killPostmaster(r)
}

func thaw(r *Run) error {
	return errors.Join(r.Primary.Thaw(), timeout(standby, "demote", 300)(r))
}

func stopPrimary(r *Run) error { return r.operate(r.Primary, "pg-rex_stop", "--yes") }

// stopFast is for a server that would not answer a CHECKPOINT.
func stopFast(r *Run) error { return r.operate(r.Primary, "pg-rex_stop", "--yes", "-f") }

// stopFaults are stops and demotions that take their time, or fail.
func stopFaults() []Scenario {
	return []Scenario{
		{
			ID: "F13", Name: "postmaster of the primary frozen before a stop", Course: Moves,
			Fault:  Text{"SIGSTOP of the primary's postmaster, then pg-rex_stop -f there", "Primary の postmaster を SIGSTOP した状態で pg-rex_stop -f を実行"},
			Expect: Text{"the shutdown that it does not hear is followed by SIGKILL, the standby takes over", "届かない停止要求のあと SIGKILL で終了させ、Standby が引き継ぐ"},
			Strike: func(r *Run) error {
				if err := in(r.Primary, r, "kill -STOP "+postmaster); err != nil {
					return err
				}
				return stopFast(r)
			},
			Check: func(r *Run) error {
				return errors.Join(r.told(r.Primary, lab.PacemakerLog, "is stopped (SIGSTOP", "immediate shutdown", "forced shutdown"),
					r.ended(r.Primary, "demote", "ok", 60*time.Second))
			},
			Repair: oldPrimaryBack,
		},
		{
			ID: "F13c", Name: "checkpoint of the primary's shutdown does not end", Course: Moves,
			Fault: Text{"a stop with stop_escalate=10 while the primary's checkpointer is frozen", "Primary の checkpointer を SIGSTOP した状態で pg-rex_stop -f を実行 (stop_escalate=10)"},
			Expect: Text{"fast shutdown for 10 s, then an immediate one, the standby takes over",
				"fast 停止を 10 秒待ってから immediate 停止に切り替え、Standby が引き継ぐ"},
			Strike: inOrder(escalate(10), process(primary, "STOP", "checkpointer"), stopFast),
			Check: func(r *Run) error {
				return errors.Join(r.told(r.Primary, lab.PacemakerLog, "fast shutdown", "immediate shutdown"),
					r.ended(r.Primary, "demote", "ok", 60*time.Second))
			},
			Mend: escalate(0), Repair: oldPrimaryBack,
		},
		{
			ID: "F14", Name: "stop of the primary fails", Course: Waits, Lasts: 25 * time.Second,
			Fault: Text{"the primary's postmaster is killed, and the agent's stop fails there", "Primary の postmaster を kill -9 し、エージェントの stop も失敗"},
			Expect: Text{"the old primary is blocked and nobody is promoted; the status says so, with the command",
				"旧 Primary は blocked となり、誰も昇格しない。pg-rex_status に対処コマンドとともに表示される"},
			Strike: inOrder(failStop, killPostmaster),
			Check: func(r *Run) error {
				if err := r.failure(r.Primary, "stop", "the stop fails"); err != nil {
					return err
				}
				if _, err := r.warned(r.Standby, r.Primary.Name, "the stop fails"); err != nil {
					return err
				}
				return r.refused(r.Primary, []string{"STP-026", "crm_resource --cleanup"}, "pg-rex_stop", "--yes")
			},
			Mend:   wholeAgent,
			Repair: inOrder(func(r *Run) error { return r.asTold(r.Standby, r.Primary.Name, "the stop fails") }, (*Run).takeOver, oldPrimaryBack),
		},
		{
			ID: "F14f", Name: "stop of the primary fails, with fencing", Course: Moves, Fencing: true, Fenced: "primary",
			Fault:  Text{"as F14; the cluster has fencing", "F14 と同じ (フェンシングあり)"},
			Expect: Text{"its node is fenced, the standby takes over", "ノードがフェンシングされ、Standby が引き継ぐ"},
			Strike: inOrder(failStop, killPostmaster), Mend: wholeAgent, Repair: oldPrimaryBack,
		},
		{
			ID: "F15", Name: "demotion of the primary fails", Course: Waits, Lasts: 50 * time.Second,
			Fault: Text{"the primary's postmaster is killed, and one of its processes cannot be", "Primary の postmaster を kill -9 し、サーバプロセスの 1 個が SIGKILL でも終了しない"},
			Expect: Text{"nobody is promoted beside a server that may live; the status names the process and the command",
				"動作している可能性のあるサーバがあるため昇格しない。pg-rex_status にプロセスと対処コマンドが表示される"},
			Strike: unkillable,
			Check: func(r *Run) error {
				if err := r.failure(r.Primary, "demote", "still running"); err != nil {
					return err
				}
				_, err := r.warned(r.Standby, r.Primary.Name, "still running")
				return err
			},
			Mend: thaw,
			Repair: inOrder(func(r *Run) error { return r.asTold(r.Standby, r.Primary.Name, "still running") },
				(*Run).takeOver, oldPrimaryBack),
		},
		{
			ID: "F15f", Name: "demotion of the primary fails, with fencing", Course: Moves, Fencing: true, Fenced: "primary",
			Fault:  Text{"as F15; the cluster has fencing", "F15 と同じ (フェンシングあり)"},
			Expect: Text{"its node is fenced, the standby takes over", "ノードがフェンシングされ、Standby が引き継ぐ"},
			Strike: unkillable, Mend: thaw, Repair: oldPrimaryBack,
		},
	}
}

// bothAgain starts the old primary as the primary and the other node after it.
func bothAgain(r *Run) error { return beginWith(r, r.Primary, r.Standby) }

// otherWay makes the standby the primary, which has all the commits.
func otherWay(r *Run) error { return beginWith(r, r.Standby, r.Primary) }

// asTold does another thing where the command names the other node: its data can
// have a last record that nobody was told of, or a timeline that was just begun.
func asTold(first, then func(*Run) error) func(*Run) error {
	return func(r *Run) error {
		err := first(r)
		if err == nil || !strings.Contains(err.Error(), "PST-022") {
			return err
		}
		return then(r)
	}
}

func beginWith(r *Run, primary, standby *lab.Node) error {
	for _, n := range []*lab.Node{standby, primary} {
		if err := n.SwitchOn(r); err != nil {
			return err
		}
		if err := r.operate(n, "pg-rex_stop", "--yes", "-f"); err != nil {
			return err
		}
	}
	if err := r.operate(primary, "pg-rex_master_start", "--remove-lock"); err != nil {
		return err
	}
	return r.operate(standby, "pg-rex_slave_start", "-n", "-r", "-b", "--remove-lock", "--yes")
}

// closed takes from the standby's server the right to make files in its data
// directory, which a promotion needs; then the primary fails.
func closed(r *Run) error {
	if err := in(r.Standby, r, "chmod 500 "+lab.PGData); err != nil {
		return err
	}
	return killPostmaster(r)
}

func open(r *Run) error {
	if err := r.Standby.SwitchOn(r); err != nil {
		return err
	}
	return in(r.Standby, r, "chmod 700 "+lab.PGData)
}

// notPromoted is what a failed promotion has to leave: no lock and no right.
func notPromoted(words ...string) func(*Run) error {
	return func(r *Run) error {
		if err := r.failure(r.Standby, "promote", words...); err != nil {
			return err
		}
		return lab.Until(r, "a standby without lock and score", lookTime, func(ctx context.Context) (string, bool) {
			s, err := r.Status(ctx)
			if err != nil {
				return err.Error(), false
			}
			n := s.Nodes[r.Standby.Name]
			score := n.Attributes["master-pgsql"]
			return fmt.Sprintf("lock %v, score %q, role %s", n.Locked, score, n.Role),
				!n.Locked && score == "-INFINITY" && n.Role == lab.Stopped
		})
	}
}

// promoteFaults are promotions that fail.
func promoteFaults() []Scenario {
	return []Scenario{
		{
			ID: "F16", Name: "promotion of the standby fails", Course: Waits, Lasts: 25 * time.Second,
			Fault:  Text{"the primary's postmaster is killed, and the standby's data directory is not writable", "Primary の postmaster を kill -9 し、Standby のデータディレクトリに書き込めない"},
			Expect: Text{"nobody is promoted; the standby is stopped, without lock and score", "誰も昇格しない。Standby は停止し、起動禁止フラグは残らず、昇格資格もない"},
			Strike: closed, Check: notPromoted("cannot promote PostgreSQL"), Mend: open, Repair: bothAgain,
		},
		{
			ID: "F16f", Name: "promotion of the standby fails, with fencing", Course: Waits, Lasts: 25 * time.Second, Fencing: true, Fenced: "standby",
			Fault:  Text{"as F16; the cluster has fencing, and promote has on-fail=fence", "F16 と同じ (フェンシングあり、promote の on-fail=fence)"},
			Expect: Text{"the standby's node is fenced, nobody is promoted", "Standby のノードがフェンシングされ、誰も昇格しない"},
			Strike: inOrder(onFail(standby, "promote", "fence"), closed),
			Mend:   inOrder(open, onFail(primary, "promote", "restart")), Repair: asTold(bothAgain, otherWay),
		},
		{
			ID: "F16k", Name: "agent killed in the promotion", Course: Waits, Lasts: 25 * time.Second,
			Fault: Text{"the primary's postmaster is killed, and so is the standby's agent before pg_ctl promote has done anything",
				"Primary の postmaster を kill -9 し、Standby の昇格処理中 (pg_ctl promote の前) にエージェントを kill -9"},
			Expect: Text{"nobody is promoted; the lock that precedes a promotion is gone again", "誰も昇格しない。昇格前に作られた起動禁止フラグは消える"},
			Strike: func(r *Run) error {
				ctl := r.PGBin() + "/pg_ctl"
				if err := inPlace(r.Standby, r, ctl, ctl+".whole", `case "$*" in *promote) exec sleep 60;; esac; exec $whole "$@"`); err != nil {
					return err
				}
				if err := killPostmaster(r); err != nil {
					return err
				}
				return lab.Until(r, "the promotion", lab.Timeouts.Takeover, func(ctx context.Context) (string, bool) {
					_, err := r.Standby.Run(ctx, "pgrep", "-U", "postgres", "-f", "^sleep 60")
					if err != nil || !r.Standby.Locked() {
						return "not yet", false
					}
					_, err = r.Standby.Run(ctx, "pkill", "-KILL", "-f", "resource.d/.*/[p]gsql promote")
					return fmt.Sprint(err), err == nil
				})
			},
			Check: notPromoted(),
			Mend: func(r *Run) error {
				ctl := r.PGBin() + "/pg_ctl"
				return in(r.Standby, r, "mv "+ctl+".whole "+ctl)
			},
			Repair: asTold(otherWay, bothAgain),
		},
	}
}
