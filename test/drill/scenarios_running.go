package drill

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"pgrex/test/lab"
)

const wholeConf = "/dbfp/whole.conf"

// garbage replaces the primary's postgresql.conf; whole brings it back.
func garbage(r *Run) error {
	conf := lab.PGData + "/postgresql.conf"
	return in(r.Primary, r, "cp -a "+conf+" "+wholeConf+" && head -c 4096 /dev/urandom > "+conf)
}

func whole(r *Run) error { return in(r.Primary, r, "mv "+wholeConf+" "+lab.PGData+"/postgresql.conf") }

// forget takes the server's user out of the node's user database; known brings it back.
func forget(r *Run) error {
	if err := in(r.Primary, r, "cp -a /etc/passwd /etc/passwd.whole && sed -i '/^postgres:/d' /etc/passwd"); err != nil {
		return err
	}
	if out, err := r.Primary.Run(r, "getent", "passwd", "postgres"); err == nil {
		return fmt.Errorf("the user is still known: %s", out)
	}
	return nil
}

// known: a node that has been booted meanwhile could not make what is that user's.
func known(r *Run) error {
	return in(r.Primary, r, "mv /etc/passwd.whole /etc/passwd && "+strings.Join(lab.SocketDirectory, " "))
}

// unmoved lets some monitors of the primary pass, of which none may fail.
func unmoved(r *Run) error {
	if err := lab.Pause(r, 25*time.Second); err != nil {
		return err
	}
	s, err := r.Status(r)
	if err != nil {
		return err
	}
	if s.Primary() != r.Primary.Name {
		return fmt.Errorf("%s is primary no longer: %s", r.Primary.Name, s)
	}
	return r.noFailure()
}

func noFailure(r *Run) error { return r.noFailure() }

// notDownWhileUp says that no monitor called the primary's server stopped
// before the server itself said these words.
func notDownWhileUp(words string) func(*Run) error {
	return func(r *Run) error {
		lines, err := r.Primary.PostgreSQLLines(r.at)
		if err != nil {
			return err
		}
		var end time.Time
		for _, l := range lines {
			if strings.Contains(l.Text, words) {
				end = l.At
				break
			}
		}
		if end.IsZero() {
			return fmt.Errorf("the server of %s does not say %q", r.Primary.Name, words)
		}
		actions, err := r.Primary.Actions(r.at)
		if err != nil {
			return err
		}
		for _, a := range actions {
			if a.Resource == "pgsql" && a.Name == "monitor" && a.Result == "not running" && a.End.Before(end) {
				return fmt.Errorf("a monitor called the server of %s stopped %.1f s before its end", r.Primary.Name, end.Sub(a.End).Seconds())
			}
		}
		return nil
	}
}

// noPIDFile is what the server says within a minute, when its own file is not its own.
const noPIDFile = "data directory lock file is invalid"

const foreign = "/run/foreign.pid"

// runningFaults are what happens to the surroundings of a server that runs.
func runningFaults() []Scenario {
	pidFile := lab.PGData + "/postmaster.pid"
	return []Scenario{
		{
			ID: "F19", Name: "configuration file of the primary gone", Course: Stays, Lasts: 25 * time.Second,
			Fault:  Text{"postgresql.conf of the running primary is renamed", "稼働中の Primary の postgresql.conf を改名"},
			Expect: Text{"nothing: monitors need no file", "何も起きない (監視にファイルは不要)"},
			Strike: func(r *Run) error { return in(r.Primary, r, "mv "+lab.PGData+"/postgresql.conf "+wholeConf) },
			Check:  noFailure, Mend: whole,
		},
		{
			ID: "F19f", Name: "configuration file of the primary is garbage, then a stop", Course: Moves, Fencing: true,
			Fault:  Text{"postgresql.conf of the running primary is garbage; 25 s later pg-rex_stop there", "稼働中の Primary の postgresql.conf を破壊し、25 秒後に pg-rex_stop を実行 (フェンシングあり)"},
			Expect: Text{"no monitor fails, the stop stops, nobody is fenced", "監視は失敗せず、停止も成功し、フェンシングは起きない"},
			Strike: inOrder(garbage, unmoved, stopPrimary),
			Check:  func(r *Run) error { return r.ended(r.Primary, "demote", "ok", 60*time.Second) },
			Mend:   whole, Repair: oldPrimaryBack,
		},
		{
			ID: "F20", Name: "user of the server unknown on the primary", Course: Stays, Lasts: 25 * time.Second,
			Fault:  Text{"the name service of the primary's node does not know postgres", "Primary のノードで postgres ユーザの名前解決に失敗"},
			Expect: Text{"nothing: the server runs", "何も起きない (サーバは動作中)"},
			Strike: forget, Check: noFailure, Mend: known,
		},
		{
			ID: "F20f", Name: "user of the server unknown on the primary, then a stop", Course: Moves, Fencing: true,
			Fault:  Text{"as F20; then the cluster's stack is stopped there", "F20 の状態でクラスタを停止 (フェンシングあり)"},
			Expect: Text{"the stop stops, nobody is fenced", "停止に成功し、フェンシングは起きない"},
			Strike: inOrder(forget, unmoved, stopPrimary),
			Check:  func(r *Run) error { return r.ended(r.Primary, "demote", "ok", 60*time.Second) },
			Mend:   known, Repair: oldPrimaryBack,
		},
		{
			ID: "F21", Name: "postmaster.pid of the primary removed", Course: Moves,
			Fault: Text{"postmaster.pid of the running primary is removed", "稼働中の Primary の postmaster.pid を削除"},
			Expect: Text{"no monitor calls it stopped while it runs; within a minute the server itself notices and ends, then as F01",
				"動作中は「停止」と判定しない。1 分以内にサーバ自身が検知して停止し、F01 と同じ経過になる"},
			Strike: func(r *Run) error { return in(r.Primary, r, "rm "+pidFile) },
			Check:  notDownWhileUp(noPIDFile), Repair: oldPrimaryBack,
		},
		{
			ID: "F21p", Name: "postmaster.pid of the primary names another process", Course: Moves,
			Fault:  Text{"the pid in postmaster.pid of the running primary is that of another program", "稼働中の Primary の postmaster.pid の PID を無関係なプロセスのものに書き換え"},
			Expect: Text{"as F21; the other program gets no signal", "F21 と同じ。無関係なプロセスにはシグナルを送らない"},
			Strike: func(r *Run) error {
				return in(r.Primary, r, "setsid sleep 900 >/dev/null 2>&1 </dev/null & echo $! > "+foreign+"; sed -i \"1s/.*/$(cat "+foreign+")/\" "+pidFile)
			},
			Check: func(r *Run) error {
				if err := notDownWhileUp(noPIDFile)(r); err != nil {
					return err
				}
				return in(r.Primary, r, "grep -q sleep /proc/$(cat "+foreign+")/cmdline")
			},
			Mend:   func(r *Run) error { return in(r.Primary, r, "kill $(cat "+foreign+") && rm "+foreign) },
			Repair: oldPrimaryBack,
		},
		{
			ID: "F22", Name: "connections of the primary used up", Course: Stays, Lasts: 25 * time.Second,
			Fault:  Text{"all connections of the primary are taken", "Primary の接続数を使い切る"},
			Expect: Text{"the primary stays; the monitor warns that it could not ask", "Primary のまま。監視は問い合わせできない旨を警告する"},
			Strike: func(r *Run) error {
				psql := "runuser -u postgres -- " + r.PGBin() + `/psql -XAtqc "SELECT pg_sleep(20)" postgres`
				return in(r.Primary, r, "for i in $(seq 120); do "+psql+" >/dev/null 2>&1 & done")
			},
			Check: func(r *Run) error {
				return errors.Join(r.told(r.Primary, lab.PacemakerLog, "which has to do"), r.noFailure())
			},
			// The server does not notice that a client which waits has gone.
			Mend: shell(primary, "pkill -f '[p]g_sleep'; pkill -TERM -U postgres -f '^postgres: postgres postgres .local. SELECT' || :"),
		},
		Load(40, 4, 30*time.Second),
	}
}

// Load is so many clients of pgbench and endless loops on the primary for a time: F23.
func Load(clients, loops int, lasts time.Duration) Scenario {
	seconds := int(lasts.Seconds())
	return Scenario{
		ID: "F23", Name: "heavy load on the primary", Course: Stays, Lasts: lasts + 5*time.Second,
		Fault: Text{fmt.Sprintf("pgbench with %d clients and %d busy loops on the primary for %d s", clients, loops, seconds),
			fmt.Sprintf("Primary で pgbench (%d クライアント) と CPU 負荷 %d 本を %d 秒間実行", clients, loops, seconds)},
		Expect: Text{"no fail-over, no failed action", "フェイルオーバも監視の失敗もない"},
		Strike: func(r *Run) error {
			bench := "runuser -u postgres -- " + r.PGBin() + "/pgbench "
			if err := in(r.Primary, r, "cd / && "+bench+"-i -q -s 5 postgres >/dev/null 2>&1"); err != nil {
				return err
			}
			return in(r.Primary, r, fmt.Sprintf("cd / && { "+bench+"-n -c %d -j 2 -T %d postgres >/tmp/bench.log 2>&1 & "+
				"for i in $(seq %d); do timeout %[2]d sh -c 'while :; do :; done' & done; } >/dev/null 2>&1", clients, seconds, loops))
		},
		Check: func(r *Run) error {
			err := lab.Until(r, "the end of the load", lab.Timeouts.Command, func(ctx context.Context) (string, bool) {
				out, err := r.Primary.Run(ctx, "grep", "number of transactions actually processed", "/tmp/bench.log")
				if err == nil {
					r.tell("pgbench: %s", strings.TrimSpace(out))
				}
				return fmt.Sprint(out, err), err == nil
			})
			return errors.Join(err, r.noFailure())
		},
		Mend: func(r *Run) error {
			_, err := r.sql(r.Primary, "postgres", "DROP TABLE pgbench_accounts, pgbench_branches, pgbench_history, pgbench_tellers")
			return err
		},
	}
}

// hungry is a session that wants 300 MiB after a moment.
func hungry(r *Run) string {
	return "runuser -u postgres -- " + r.PGBin() + `/psql -XAtq -c "SELECT pg_sleep(3)" -c "SELECT length(repeat('x', 300000000))" template1 >/dev/null 2>&1 &`
}

const hungryMiB = 64

func unlimited(r *Run) error { return r.Primary.Unlimit() }

// killedForMemory says that the kernel has killed, and that it was not somebody else.
func killedForMemory(r *Run) error {
	kills, err := r.Primary.OutOfMemoryKills()
	if err == nil && kills == 0 {
		err = errors.New("the kernel has killed nothing for want of memory")
	}
	r.tell("killed by the kernel: %d", kills)
	return err
}

// limitFaults are limits of the system that the server meets.
func limitFaults() []Scenario {
	return []Scenario{
		{
			ID: "F66", Name: "backend of the primary killed for want of memory", Course: Moves,
			Fault:  Text{"a memory limit: the kernel kills a backend of the primary", "メモリ制限により、カーネルが Primary のバックエンドを強制終了"},
			Expect: Text{"as F02", "F02 と同じ"},
			Strike: func(r *Run) error {
				if err := r.Primary.LimitMemory(hungryMiB); err != nil {
					return err
				}
				return in(r.Primary, r, hungry(r))
			},
			Check: func(r *Run) error {
				return errors.Join(killedForMemory(r), r.told(r.Primary, lab.PostgreSQLLog, "was terminated by signal 9"))
			},
			Mend: unlimited, Repair: oldPrimaryBack,
		},
		{
			ID: "F66p", Name: "postmaster of the primary killed for want of memory", Course: Moves,
			Fault:  Text{"a memory limit: the kernel kills the primary's postmaster", "メモリ制限により、カーネルが Primary の postmaster を強制終了"},
			Expect: Text{"as F01", "F01 と同じ"},
			Strike: func(r *Run) error {
				if err := r.Primary.LimitMemory(hungryMiB); err != nil {
					return err
				}
				// The kernel takes the postmaster first, but not what has begun before.
				return in(r.Primary, r, hungry(r)+` until pgrep -f '^postgres: postgres template1 \[local\] SELECT' >/dev/null; do :; done; `+
					`echo 1000 > /proc/`+postmaster+`/oom_score_adj`)
			},
			Check: killedForMemory, Mend: unlimited, Repair: oldPrimaryBack,
		},
		{
			ID: "F67", Name: "server of the primary cannot fork", Course: Moves,
			Fault: Text{"a limit of processes: the primary's server can start none", "プロセス数の制限により、Primary のサーバが fork できない"},
			Expect: Text{"nobody can connect: the monitor fails in its time and never calls the server stopped, the standby takes over",
				"接続できないため監視は時間内に失敗し (「停止」とは判定しない)、Standby が引き継ぐ"},
			Strike: func(r *Run) error { return r.Primary.LimitProcesses() },
			Check:  inOrder(notDownWhileUp("shutdown request"), func(r *Run) error { return r.told(r.Primary, lab.PostgreSQLLog, "could not fork new process") }),
			Mend:   unlimited, Repair: oldPrimaryBack,
		},
		{
			ID: "F67n", Name: "server of the primary can open no file", Course: Moves,
			Fault: Text{"a limit of open files: the primary's postmaster accepts no connection", "オープンファイル数の制限により、Primary の postmaster が接続を受け付けられない"},
			Expect: Text{"nobody can connect: the monitor ends in its time and never calls the server stopped, the standby takes over",
				"接続できないため監視は時間内に失敗し (「停止」とは判定しない)、Standby が引き継ぐ"},
			Strike: func(r *Run) error {
				return in(r.Primary, r, "runuser -u postgres -- prlimit --nofile=3:3 --pid "+postmaster)
			},
			Check:  inOrder(notDownWhileUp("shutdown request"), func(r *Run) error { return r.told(r.Primary, lab.PostgreSQLLog, "Too many open files") }),
			Repair: oldPrimaryBack,
		},
	}
}
