package drill

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pgrex/test/lab"
)

// serverFaults are those of PostgreSQL's processes, configuration and load.
func serverFaults() []Scenario {
	return slices.Concat(processFaults(), stopFaults(), promoteFaults(), startFaults(), runningFaults(), limitFaults())
}

// processFaults are processes killed and frozen, and nodes lost.
func processFaults() []Scenario {
	return []Scenario{
		{
			ID: "F01", Name: "postmaster of the primary killed", Course: Moves,
			Fault:  Text{"kill -9 of the primary's postmaster", "Primary の postmaster を kill -9"},
			Expect: Text{"the standby takes over; the lock keeps the old primary out", "Standby が引き継ぎ、旧 Primary は起動禁止フラグで起動しない"},
			Strike: func(r *Run) error { _, err := r.Primary.KillPostgreSQL(); return err }, Repair: oldPrimaryBack,
		},
		{
			ID: "F01w", Name: "F01, and the watcher was killed before", Course: Moves,
			Fault: Text{"kill -9 of the process that watches the primary's server; when a monitor has started another one, kill -9 of the postmaster",
				"Primary のウォッチャを kill -9。次の monitor で再起動された後、postmaster を kill -9"},
			Expect: Text{"as F01, known from the new watcher and not by a monitor", "F01 と同じ。検知は monitor ではなく、再起動されたウォッチャによる"},
			Strike: killBehindANewWatcher, Check: func(r *Run) error { return r.failure(r.Primary, "asyncmon") }, Repair: oldPrimaryBack,
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
			ID: "F03c", Name: "checkpointer of the primary killed", Course: Moves,
			Fault:  Text{"kill -9 of the primary's checkpointer", "Primary の checkpointer を kill -9"},
			Expect: Text{"as F02", "F02 と同じ経過になる"},
			Strike: process(primary, "KILL", "checkpointer"), Repair: oldPrimaryBack,
		},
		{
			// The catalogue has it come back by itself, as it does after an order to
			// end (F03). To PostgreSQL it is a backend like any other.
			ID: "F03k", Name: "walsender of the primary killed by force", Course: Moves,
			Fault:  Text{"kill -9 of the primary's walsender", "Primary の walsender を kill -9"},
			Expect: Text{"as F02", "F02 と同じ経過になる"},
			Strike: process(primary, "KILL", "walsender"), Repair: oldPrimaryBack,
		},
		{
			ID: "F03w", Name: "walwriter of the primary killed", Course: Moves,
			Fault:  Text{"kill -9 of the primary's walwriter", "Primary の walwriter を kill -9"},
			Expect: Text{"as F02", "F02 と同じ経過になる"},
			Strike: process(primary, "KILL", "walwriter"), Repair: oldPrimaryBack,
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
			ID: "F05s", Name: "startup process of the standby killed", Course: Stays,
			Fault:  Text{"kill -9 of the standby's startup process", "Standby の startup プロセスを kill -9"},
			Expect: Text{"the server ends, then as F04", "サーバが停止し、F04 と同じ経過になる"},
			Strike: process(standby, "KILL", "startup"), Repair: standbyBack,
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
			ID: "F08c", Name: "all server processes of the standby frozen for a time", Course: Stays, Lasts: 20 * time.Second, Restarts: []string{"standby"},
			Fault:  Text{"SIGSTOP of all server processes of the standby, and SIGCONT 4 s later", "Standby の全サーバプロセスを SIGSTOP し、4 秒後に SIGCONT"},
			Expect: Text{"commits go on by then at the latest; the standby goes on, or is given up and started by hand", "遅くともその時点でコミットが再開する。Standby は動作を続けるか、停止して手動で起動する"},
			Strike: inOrder(shell(standby, "pkill -STOP -U postgres"), pause(4*time.Second), shell(standby, "pkill -CONT -U postgres || true")), Repair: standbyBackIfDown,
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
			ID: "F12r", Name: "node of the primary shut down in order", Course: Moves,
			Fault:  Text{"systemctl poweroff on the primary's node, which is switched on later", "Primary のノードを systemctl poweroff で停止し、後で起動"},
			Expect: Text{"the stack is stopped in order, then as F12", "クラスタが正常に停止し、F12 と同じ経過になる"},
			Strike: func(r *Run) error {
				if err := in(r.Primary, r, "systemctl --no-block poweroff"); err != nil {
					return err
				}
				return lab.Until(r, "power off of "+r.Primary.Name, lab.Timeouts.Boot, func(context.Context) (string, bool) { return "", !r.Primary.Running() })
			},
			Repair: oldPrimaryBack,
		},
	}
}

// killBehindANewWatcher kills the watcher of the primary's server, and the server when
// another one is there.
func killBehindANewWatcher(r *Run) error {
	watcher := func(ctx context.Context) string {
		out, _ := r.Primary.Run(ctx, "pgrep", "-f", "/pgsql watch$") // none is an error
		return strings.TrimSpace(out)
	}
	first := watcher(r)
	if first == "" {
		return fmt.Errorf("no watcher on %s", r.Primary.Name)
	}
	if _, err := r.Primary.Run(r, "kill", "-KILL", first); err != nil {
		return err
	}
	err := lab.Until(r, "another watcher on "+r.Primary.Name, lookTime, func(ctx context.Context) (string, bool) {
		now := watcher(ctx)
		return now, now != "" && now != first
	})
	if err != nil {
		return err
	}
	r.tell("another watcher is there")
	if err := lab.Pause(r, time.Second); err != nil { // the monitor that has started it is to be over
		return err
	}
	_, err = r.Primary.KillPostgreSQL()
	return err
}
