package drill

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"pgrex/test/audit"
	"pgrex/test/lab"
)

// operatorFaults are lost nodes one after the other, and what people do.
func operatorFaults() []Scenario {
	return []Scenario{
		{
			ID: "F11", Name: "power of both nodes lost at once", Course: Waits, Lasts: 10 * time.Second,
			Fault: Text{"both nodes lose their power; the standby lacks the last commits, which nobody was told of",
				"両ノードが同時に電源断。Standby は最後の (応答前の) コミットを受信していない"},
			Expect: Text{"nothing runs after the boot; the start of the older data is refused", "起動後は何も動作せず、古いデータでの起動は拒否される"},
			Strike: lostTogether, Check: olderIsRefused, Repair: newerFirst,
		},
		{
			ID: "F11c", Name: "as F11, soon after a take-over", Course: Waits, Lasts: 10 * time.Second,
			Fault: Text{"as F11, soon after a take-over: the primary has made no checkpoint since, so the standby's last one is later",
				"フェイルオーバ直後に F11 と同じ障害。Primary はまだチェックポイントを作っておらず、Standby の最終チェックポイントの方が新しい"},
			Expect: Text{"as F11: how far the data goes decides, not the checkpoint", "F11 と同じ。判断基準はチェックポイントではなくデータの到達位置"},
			Prepare: func(r *Run) error {
				// What the standby has not written yet keeps its first checkpoint busy.
				for _, sql := range []string{"CREATE TABLE unwritten AS SELECT generate_series(1, 300000)", "CHECKPOINT"} {
					if _, err := r.sql(r.Primary, "postgres", sql); err != nil {
						return err
					}
				}
				if _, err := r.Primary.KillPostgreSQL(); err != nil {
					return err
				}
				if err := r.takeOver(); err != nil {
					return err
				}
				return rejoin(r.Primary)(r)
			},
			Tidy:   func(r *Run) error { _, err := r.sql(r.Primary, "postgres", "DROP TABLE unwritten"); return err },
			Strike: lostTogether, Check: olderIsRefused, Repair: newerFirst,
		},
		{
			ID: "F52", Name: "switchover killed", Course: Waits, Lasts: 10 * time.Second,
			Fault: Text{"pg-rex_switchover is killed when the primary is being stopped and taken back, then killed again before the roles move",
				"pg-rex_switchover を Primary 停止中に強制終了して取り消し、再実行して役割の移動前に再び強制終了"},
			Expect: Text{"nobody is promoted by halves; the status names both ways out, and each leads to a normal state",
				"中途半端に昇格せず、状態表示が再開と取り消しの方法を示し、どちらでも正常な状態に至る"},
			Strike: func(r *Run) error {
				if err := r.killed(r.Primary, inPhase(r.Primary, "stop"), "pg-rex_switchover", "--yes"); err != nil {
					return err
				}
				if err := unfinished(r, "stop"); err != nil {
					return err
				}
				if err := r.operate(r.Primary, "pg-rex_switchover", "--abort"); err != nil {
					return err
				}
				// The standby comes back to the restarted server by itself. What the
				// cluster has on record of it is older until the next monitor.
				err := lab.Until(r, "synchronous standby after --abort", lab.Timeouts.Standby, func(context.Context) (string, bool) {
					n, err := r.sql(r.Primary, "postgres", "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'sync'")
					return fmt.Sprint(n, err), n == "1"
				})
				if err == nil {
					err = r.WaitNormal(r)
				}
				if err != nil {
					return err
				}
				return r.killed(r.Primary, inPhase(r.Primary, "proof"), "pg-rex_switchover", "--yes")
			},
			Check: func(r *Run) error {
				return errors.Join(unfinished(r, "proof", "switch", "stop"), r.nobodyServes(time.Second))
			},
			Repair: func(r *Run) error {
				if err := r.operate(r.Primary, "pg-rex_switchover", "--resume"); err != nil {
					return err
				}
				return r.takeOver()
			},
		},
		{
			ID: "F52n", Name: "power of the primary lost during a switchover", Course: Moves,
			Fault: Text{"the primary's node loses its power while pg-rex_switchover, typed on the other one, stops the primary",
				"Standby で実行した pg-rex_switchover が Primary を停止している間に、Primary のノードが電源断"},
			Expect: Text{"the command takes everything back at its limit, and the standby takes over; the other node has it on record until it is taken back there too",
				"コマンドは制限時間で切り替えを取り消し、Standby が引き継ぐ。元の Primary 側の途中の記録は、そのノードで取り消すまで残る"},
			Strike: func(r *Run) error {
				done := make(chan error, 1)
				go func() {
					s, err := r.Standby.Operate(r, "C.UTF-8", "", "pg-rex_switchover", "--yes")
					if err == nil && s.Status == 0 {
						err = errors.New("pg-rex_switchover has succeeded without the other node")
					}
					done <- err
				}()
				err := lab.Until(r, "the stop of the primary", lab.Timeouts.Command, func(context.Context) (string, bool) {
					return "", inPhase(r.Standby, "stop")()
				})
				if err != nil {
					return err
				}
				r.tell("power of %s lost", r.Primary.Name)
				return errors.Join(r.Primary.Kill(r), <-done)
			},
			Repair: func(r *Run) error {
				if err := r.Primary.SwitchOn(r); err != nil {
					return err
				}
				if err := r.operate(r.Primary, "pg-rex_switchover", "--abort"); err != nil {
					return err
				}
				return oldPrimaryBack(r)
			},
		},
		{
			ID: "F53", Name: "start of the standby killed", Course: Stays,
			Fault: Text{"pg-rex_slave_start is killed in a base backup, and the cluster is started on what there is",
				"pg-rex_slave_start をベースバックアップ中に強制終了し、そのままクラスタを起動"},
			Expect: Text{"no server runs on half data; the next run says so and repairs it", "不完全なデータではサーバが起動せず、次の実行がそれを示して修復する"},
			Strike: func(r *Run) error {
				if err := r.operate(r.Standby, "pg-rex_stop", "--yes"); err != nil {
					return err
				}
				undo, err := r.slowBackup()
				if err != nil {
					return err
				}
				err = r.killed(r.Standby, func() bool { return copying(r.Standby) }, "pg-rex_slave_start", "-b", "--yes")
				if err := errors.Join(err, undo()); err != nil {
					return err
				}
				return r.Standby.StartCluster(r)
			},
			Check: func(r *Run) error {
				if err := r.failure(r.Standby, "start"); err != nil {
					return err
				}
				if err := r.operate(r.Standby, "pg-rex_stop", "--yes", "-f"); err != nil {
					return err
				}
				if err := r.refused(r.Standby, []string{"SST-050"}, "pg-rex_slave_start", "-n", "-r"); err != nil {
					return err
				}
				_, err := r.look(r.Standby, []string{"The database here is incomplete", "b) base backup"}, "pg-rex_slave_start", "-c")
				return err
			},
			Repair: func(r *Run) error {
				if err := r.killed(r.Standby, inPhase(r.Standby, "wait"), "pg-rex_slave_start", "-b", "--yes"); err != nil {
					return err
				}
				if _, err := r.look(r.Standby, []string{"pg-rex_slave_start --resume"}, "pg-rex_status"); err != nil {
					return err
				}
				return r.operate(r.Standby, "pg-rex_slave_start", "--resume")
			},
		},
		{
			ID: "F54", Name: "primary lost during a base backup of the standby", Course: Waits, Lasts: 10 * time.Second,
			Fault:  Text{"the primary loses its power while the standby takes a base backup", "Standby のベースバックアップ取得中に Primary が電源断"},
			Expect: Text{"the copy fails; what there is of it is never a primary", "取得は失敗し、途中までのデータが Primary になることはない"},
			Strike: func(r *Run) error {
				if err := r.operate(r.Standby, "pg-rex_stop", "--yes"); err != nil {
					return err
				}
				undo, err := r.slowBackup()
				if err != nil {
					return err
				}
				failed := make(chan error, 1)
				go func() {
					failed <- r.refused(r.Standby, []string{"SST-092"}, "pg-rex_slave_start", "-b", "--yes")
				}()
				err = lab.Until(r, "base backup under way", lab.Timeouts.Command, func(context.Context) (string, bool) {
					return "none", copying(r.Standby)
				})
				if err == nil {
					err = r.Primary.Kill(r)
				}
				return errors.Join(err, <-failed, undo())
			},
			Check: func(r *Run) error {
				return r.refused(r.Standby, []string{"CMN-040"}, "pg-rex_master_start", "--peer-down", "--confirm-peer-down", r.Primary.Name)
			},
			Repair: func(r *Run) error {
				if err := r.Primary.SwitchOn(r); err != nil {
					return err
				}
				if err := r.operate(r.Primary, "pg-rex_master_start", "--remove-lock"); err != nil {
					return err
				}
				return r.operate(r.Standby, "pg-rex_slave_start", "-b", "--yes")
			},
		},
		{
			ID: "F55", Name: "primary lost while the standby catches up", Course: Waits, Lasts: decided,
			Fault: Text{"the standby was away, and has not caught up yet when the primary loses its power",
				"停止していた Standby が追いつく前に Primary が電源断"},
			Expect: Text{"the standby is not promoted and says what it waits for", "Standby は昇格せず、待っている理由を示す"},
			Strike: func(r *Run) error {
				if err := r.operate(r.Standby, "pg-rex_stop", "--yes"); err != nil {
					return err
				}
				// What it is behind is far more than a walsender sends before it looks up.
				if _, err := r.sql(r.Primary, "postgres", "SELECT pg_logical_emit_message(false, 'lab', repeat('x', 1000000)) FROM generate_series(1, 150)"); err != nil {
					return err
				}
				started := make(chan error, 1)
				go func() { started <- r.Standby.StartCluster(r) }()
				// The receiver is let run for moments only, until it has begun.
				err := lab.Until(r, "standby that catches up", lab.Timeouts.Command, func(context.Context) (string, bool) {
					_ = process(standby, "CONT", "walreceiver")(r)
					_ = lab.Pause(r, 20*time.Millisecond)
					_ = process(standby, "STOP", "walreceiver")(r)
					state, err := r.sql(r.Primary, "postgres", "SELECT string_agg(state, ',') FROM pg_stat_replication")
					return fmt.Sprint(state, err), state == "catchup"
				})
				if err := errors.Join(err, <-started); err != nil {
					return err
				}
				if err := lab.Pause(r, 3*time.Second); err != nil {
					return err
				}
				if err := r.Primary.Kill(r); err != nil {
					return err
				}
				return process(standby, "CONT", "walreceiver")(r)
			},
			Check: func(r *Run) error {
				if err := r.told(r.Standby, lab.PacemakerLog, "its data may lack acknowledged commits"); err != nil {
					return err
				}
				_, err := r.look(r.Standby, []string{"Down: no Master is running", r.Standby.Name + " is not promoted: its data status is"}, "pg-rex_status")
				return err
			},
			Repair: primaryBack,
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
			Check: func(r *Run) error { return r.waits() }, Repair: primaryBack,
		},
		{
			ID: "F57", Name: "primary lost, then the one that took over", Course: Waits, Lasts: decided,
			Fault: Text{"the primary loses its power, the standby takes over, writes go on, it loses its power too, and the old primary comes back alone",
				"Primary の電源断後に Standby が引き継ぎ、書き込みが続いたのちそちらも電源断、旧 Primary だけが起動"},
			Expect: Text{"the old primary is refused: it has the lock and older data", "旧 Primary は起動禁止フラグがありデータも古いため、起動しない"},
			Strike: func(r *Run) error {
				if err := r.Primary.Kill(r); err != nil {
					return err
				}
				if err := r.takeOver(); err != nil {
					return err
				}
				r.exchange()
				if err := lab.Pause(r, 3*time.Second); err != nil {
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
			Check: func(r *Run) error {
				if err := r.failure(r.Standby, "start", lab.LockFile); err != nil {
					return err
				}
				if _, err := r.look(r.Standby, []string{lab.LockFile, r.Primary.Name + "# pg-rex_status"}, "pg-rex_status"); err != nil {
					return err
				}
				if err := r.operate(r.Standby, "pg-rex_stop", "--yes"); err != nil {
					return err
				}
				return r.refused(r.Standby, []string{"PST-020", "--peer-down"}, "pg-rex_master_start", "--remove-lock")
			},
			Mend: func(r *Run) error { return r.Primary.SwitchOn(r) },
			Repair: func(r *Run) error {
				if err := r.refused(r.Standby, []string{"PST-022", r.Primary.Name}, "pg-rex_master_start", "--remove-lock"); err != nil {
					return err
				}
				return primaryBack(r)
			},
		},
		{
			ID: "F58", Name: "fail-over with open and prepared transactions", Course: Moves,
			Fault: Text{"kill -9 of the primary's postmaster with a long and an idle transaction open and 20 prepared",
				"長いトランザクション、idle in transaction、準備済みトランザクション 20 個がある Primary の postmaster を kill -9"},
			Expect:  Text{"the standby takes over with the prepared ones", "Standby が準備済みトランザクションごと引き継ぐ"},
			Prepare: allowPrepared,
			Strike: func(r *Run) error {
				psql := "setpriv --reuid=postgres --regid=postgres --init-groups -- " + r.PGBin() + "/psql -XAtq lab"
				row := "INSERT INTO written (run, n) VALUES ('%s', %s)"
				for _, open := range []string{
					fmt.Sprintf(psql+` -c "BEGIN; `+row+`; SELECT pg_sleep(600)"`, "long", "1"),
					fmt.Sprintf(`(echo "BEGIN; `+row+`;"; sleep 600) | `+psql, "idle", "1"),
				} {
					if err := in(r.Primary, r, "("+open+") >/dev/null 2>&1 &"); err != nil {
						return err
					}
				}
				prepare := fmt.Sprintf("BEGIN; "+row+"; PREPARE TRANSACTION 'p$i';", "prepared", "$i")
				if err := in(r.Primary, r, `for i in $(seq 20); do echo "`+prepare+`"; done | `+psql+" -v ON_ERROR_STOP=1"); err != nil {
					return err
				}
				err := lab.Until(r, "open transactions", lab.Timeouts.Command, func(context.Context) (string, bool) {
					n, err := r.sql(r.Primary, "postgres", "SELECT count(*) FROM pg_stat_activity WHERE datname = 'lab' AND usename = 'postgres' AND backend_xid IS NOT NULL")
					return fmt.Sprint(n, err), n == "2"
				})
				if err != nil {
					return err
				}
				_, err = r.Primary.KillPostgreSQL()
				return err
			},
			Check: func(r *Run) error {
				n, err := r.sql(r.Standby, "postgres", "SELECT count(*) FROM pg_prepared_xacts")
				if err != nil || n != "20" {
					return fmt.Errorf("%s has %q prepared transactions, want 20: %v", r.Standby.Name, n, err)
				}
				return in(r.Standby, r, `for i in $(seq 20); do echo "ROLLBACK PREPARED 'p$i';"; done | `+
					"setpriv --reuid=postgres --regid=postgres --init-groups -- "+r.PGBin()+"/psql -XAtq -v ON_ERROR_STOP=1 lab")
			},
			Repair: oldPrimaryBack,
		},
		{
			ID: "F59", Name: "wait for the standby cancelled", Course: Stays, Lasts: 30 * time.Second,
			Fault: Text{"while the D-LAN is cut, commits that wait for the standby are cancelled with pg_cancel_backend",
				"D-LAN の断の間に、Standby を待っているコミットを pg_cancel_backend で取り消す"},
			Expect: Text{"such a row may be there and was acknowledged to nobody; the status warns of it", "その行は存在しうるが応答済みではない。状態表示が警告する"},
			Strike: func(r *Run) error {
				if err := cutAll(standby, lab.Silent, lab.DLAN)(r); err != nil {
					return err
				}
				// The other clients give up after some seconds; this one waits.
				psql := "setpriv --reuid=postgres --regid=postgres --init-groups -- " + r.PGBin() + "/psql -XAtqc"
				row := `"INSERT INTO written (run, n) VALUES ('cancelled', extract(epoch FROM now())::bigint)"`
				if err := in(r.Primary, r, "("+psql+" "+row+" lab >/dev/null 2>&1 &)"); err != nil {
					return err
				}
				cancelled := 0
				err := lab.Until(r, "commits that wait for the standby", lab.Timeouts.Command, func(context.Context) (string, bool) {
					n, err := r.sql(r.Primary, "postgres", "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query_start < now() - interval '1.5 s'")
					return fmt.Sprint(n, err), err == nil && n != "0"
				})
				if err != nil {
					return err
				}
				if _, err := r.look(r.Primary, []string{"STS-055"}, "pg-rex_status", "--json"); err != nil {
					return err
				}
				for range 10 {
					n, err := r.sql(r.Primary, "postgres", "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
					if err != nil {
						return err
					}
					if n != "0" {
						cancelled++
					}
					if err := lab.Pause(r, 100*time.Millisecond); err != nil {
						return err
					}
				}
				if cancelled == 0 {
					return errors.New("no commit was cancelled")
				}
				return nil
			},
			Check: func(r *Run) error {
				_, err := r.look(r.Primary, []string{"were cancelled while they waited"}, "pg-rex_status")
				return err
			},
			Mend: healAll, Repair: standbyBack,
		},
		{
			ID: "F60", Name: "standby locked out", Course: Stays, Lasts: 30 * time.Second,
			Fault: Text{"the password of the replication role is changed, later pg_hba.conf refuses it; its connection ends each time",
				"レプリケーション用ロールのパスワードを変更し、次に pg_hba.conf で拒否する (いずれも接続を切断)"},
			Expect: Text{"commits go on without the standby, and the status says why it is not connected", "Standby なしでコミットが進み、状態表示が未接続の理由を示す"},
			Strike: func(r *Run) error {
				if _, err := r.sql(r.Primary, "postgres", "ALTER ROLE repuser PASSWORD 'another'"); err != nil {
					return err
				}
				return process(standby, "TERM", "walreceiver")(r)
			},
			Check: func(r *Run) error {
				if err := r.complains(`password authentication failed for user "repuser"`); err != nil {
					return err
				}
				if _, err := r.look(r.Primary, []string{"password authentication failed"}, "pg-rex_doctor", "--connect"); err != nil {
					return err
				}
				if err := r.lockedOut("'reppasswd'", "1i host replication repuser all reject"); err != nil {
					return err
				}
				return r.complains("pg_hba.conf rejects replication connection")
			},
			Mend: func(r *Run) error { return r.lockedOut("'reppasswd'", "/^host replication repuser all reject$/d") },
		},
		{
			ID: "F61", Name: "primary_conninfo of the standby set by hand", Course: Stays, Lasts: 25 * time.Second,
			Fault: Text{"ALTER SYSTEM SET primary_conninfo on the standby, which is stopped and started",
				"Standby で ALTER SYSTEM SET primary_conninfo を実行し、停止・起動"},
			Expect: Text{"the start is refused with setting and file; the primary is not touched", "設定名とファイル名を示して起動が拒否され、Primary には影響しない"},
			Strike: func(r *Run) error {
				if _, err := r.sql(r.Standby, "postgres", "ALTER SYSTEM SET primary_conninfo = 'host=192.0.2.1'"); err != nil {
					return err
				}
				if _, err := r.look(r.Standby, []string{"primary_conninfo", "postgresql.auto.conf"}, "pg-rex_doctor"); err != nil {
					return err
				}
				if err := r.operate(r.Standby, "pg-rex_stop", "--yes"); err != nil {
					return err
				}
				return r.refused(r.Standby, []string{"primary_conninfo", "postgresql.auto.conf"}, "pg-rex_slave_start", "-n")
			},
			Check: func(r *Run) error {
				if err := r.failure(r.Standby, "start", "primary_conninfo"); err != nil {
					return err
				}
				_, err := r.look(r.Primary, []string{"primary_conninfo", "postgresql.auto.conf"}, "pg-rex_status")
				return err
			},
			Mend: func(r *Run) error {
				return in(r.Standby, r, "sed -i /^primary_conninfo/d "+lab.PGData+"/postgresql.auto.conf")
			},
			Repair: standbyBack,
		},
		{
			ID: "F62", Name: "old copy of the standby's data restored", Course: Stays, Lasts: 25 * time.Second, Restarts: []string{"standby"},
			Spared: map[audit.Invariant]string{audit.I9: "the data is replaced by hand"},
			Fault: Text{"the standby's data is replaced by a copy from two timelines ago, and its cluster is started",
				"Standby のデータを 2 つ前のタイムラインの複製に置き換え、クラスタを起動"},
			Expect: Text{"it joins by archive and streaming, and never claims the role", "アーカイブとストリーミングで追いつき、昇格することはない"},
			Prepare: func(r *Run) error {
				if err := r.operate(r.Standby, "pg-rex_stop", "--yes"); err != nil {
					return err
				}
				if err := in(r.Standby, r, "rm -rf /dbfp/old && mkdir /dbfp/old && cp -a "+lab.PGData+" "+lab.PGWal+" /dbfp/old"); err != nil {
					return err
				}
				if err := r.operate(r.Standby, "pg-rex_slave_start", "-n"); err != nil {
					return err
				}
				if err := r.WaitNormal(r); err != nil {
					return err
				}
				return r.switchovers(2)
			},
			Strike: func(r *Run) error {
				if err := r.operate(r.Standby, "pg-rex_stop", "--yes"); err != nil {
					return err
				}
				err := in(r.Standby, r, "rm -rf "+lab.PGData+" "+lab.PGWal+" && mv /dbfp/old/data "+lab.PGData+" && mv /dbfp/old/pg_wal "+lab.PGWal)
				if err != nil {
					return err
				}
				return r.Standby.StartCluster(r)
			},
		},
		{
			ID: "F63", Name: "data of another cluster at the standby, then the primary lost", Course: Waits, Lasts: decided,
			Spared: map[audit.Invariant]string{audit.I9: "the data is replaced by hand"},
			Fault: Text{"the standby's data is replaced by that of another initdb and its cluster started; later the primary loses its power",
				"Standby のデータを別の initdb のものに置き換えてクラスタを起動し、その後 Primary が電源断"},
			Expect: Text{"it is never promoted; the commands refuse it and take a base backup", "昇格することはなく、コマンドはこのデータを拒否してベースバックアップを取得する"},
			Strike: func(r *Run) error {
				if _, err := r.sql(r.Primary, "postgres", "SELECT pg_switch_wal()"); err != nil {
					return err
				}
				err := lab.Until(r, "archived WAL on "+r.Standby.Name, lab.Timeouts.Command, func(context.Context) (string, bool) {
					err := in(r.Standby, r, "ls "+archived)
					return fmt.Sprint(err), err == nil
				})
				if err != nil {
					return err
				}
				if err := r.operate(r.Standby, "pg-rex_stop", "--yes"); err != nil {
					return err
				}
				err = in(r.Standby, r, "rm -rf "+lab.PGData+" "+lab.PGWal+
					" && setpriv --reuid=postgres --regid=postgres --init-groups -- "+r.PGBin()+"/initdb -D "+lab.PGData+" -X "+lab.PGWal)
				if err != nil {
					return err
				}
				if err := r.Standby.StartCluster(r); err != nil {
					return err
				}
				if err := r.told(r.Standby, lab.PacemakerLog, "database system identifier differs"); err != nil {
					return err
				}
				if _, err := r.look(r.Standby, []string{"database system identifier differs"}, "pg-rex_status"); err != nil {
					return err
				}
				return r.Primary.Kill(r)
			},
			Check: func(r *Run) error {
				if err := r.operate(r.Standby, "pg-rex_stop", "--yes"); err != nil {
					return err
				}
				return r.refused(r.Standby, []string{"PST-0"}, "pg-rex_master_start", "--peer-down", "--confirm-peer-down", r.Primary.Name)
			},
			Repair: func(r *Run) error {
				if err := r.Primary.SwitchOn(r); err != nil {
					return err
				}
				if err := r.operate(r.Primary, "pg-rex_master_start", "--remove-lock"); err != nil {
					return err
				}
				if err := r.refused(r.Standby, []string{"System identifiers differ", "SST-050"}, "pg-rex_slave_start", "-n", "-r"); err != nil {
					return err
				}
				// Whose the archive is, only a person knows.
				if err := r.refused(r.Standby, []string{"Archived WAL of another database exists"}, "pg-rex_slave_start", "-b", "--yes"); err != nil {
					return err
				}
				if err := in(r.Standby, r, "rm -f "+archived); err != nil {
					return err
				}
				return r.operate(r.Standby, "pg-rex_slave_start", "-b", "--yes")
			},
		},
		{
			ID: "F64", Name: "pg_receivewal with the standby's name", Course: Stays, Lasts: 25 * time.Second,
			Fault: Text{"the standby is stopped, and pg_receivewal --synchronous connects under its name",
				"Standby を停止し、その名前で pg_receivewal --synchronous を接続"},
			Expect: Text{"it is not taken for the standby: no rights, no commit waits for it", "Standby とは見なされず、昇格資格は付かず、コミットも待たない"},
			Strike: func(r *Run) error {
				if err := r.operate(r.Standby, "pg-rex_stop", "--yes"); err != nil {
					return err
				}
				receive := "setpriv --reuid=postgres --regid=postgres --init-groups -- env HOME=" + r.PostgresHome() + " " + r.PGBin() +
					"/pg_receivewal --synchronous -D /dbfp/received -d 'host=" + lab.VIPRep + " user=repuser application_name=" + r.Standby.Name + "'"
				err := in(r.Standby, r, "install -d -o postgres -g postgres /dbfp/received && rm -rf /dbfp/received/* && ("+receive+" >/dev/null 2>&1 &)")
				if err != nil {
					return err
				}
				return lab.Until(r, "connection of pg_receivewal", lab.Timeouts.Command, func(context.Context) (string, bool) {
					out, err := r.sql(r.Primary, "postgres", "SELECT application_name, state FROM pg_stat_replication")
					return fmt.Sprint(out, err), out == r.Standby.Name+"|streaming"
				})
			},
			Check: func(r *Run) error {
				names, err := r.sql(r.Primary, "postgres", "SELECT current_setting('synchronous_standby_names')")
				if err != nil || names != "" {
					return fmt.Errorf("commits wait for %q: %v", names, err)
				}
				out, err := r.Primary.Run(r, "crm_attribute", "--node="+r.Standby.Name, "--name=pgsql-data-status", "--query", "--quiet")
				if status := strings.TrimSpace(out); err != nil || status != "DISCONNECT" {
					return fmt.Errorf("data status %q: %v", status, err)
				}
				if out, err := r.sql(r.Primary, "postgres", "SELECT count(*) FROM pg_stat_replication"); out != "1" {
					return fmt.Errorf("pg_receivewal is there no longer: %q, %v", out, err)
				}
				_, err = r.look(r.Primary, []string{"runs alone"}, "pg-rex_status")
				return err
			},
			Mend:   func(r *Run) error { return in(r.Standby, r, "pkill -x pg_receivewal") },
			Repair: standbyBack,
		},
		{
			ID: "F73", Name: "power cut of both nodes, started in each order", Course: Moves, Restarts: []string{"primary", "standby"},
			Fault: Text{"both nodes lose their power under load and are started one after the other: the old primary first, the next time the standby first",
				"負荷中に両ノードが電源断。1 回目は旧 Primary から、2 回目は Standby から起動"},
			Expect: Text{"one alone is refused or waits with a reason; with both there the standby, which has everything, is promoted",
				"片方だけでは拒否されるか理由を示して待ち、両方が揃うと、全データを持つ Standby が昇格する"},
			Strike: func(r *Run) error {
				if err := r.powerCut(); err != nil {
					return err
				}
				if err := r.Primary.StartCluster(r); err != nil {
					return err
				}
				if err := r.failure(r.Primary, "start", lab.LockFile); err != nil {
					return err
				}
				if err := r.nobodyServes(10 * time.Second); err != nil {
					return err
				}
				if err := r.Standby.StartCluster(r); err != nil {
					return err
				}
				if err := r.takeOver(); err != nil {
					return err
				}
				if err := oldPrimaryBack(r); err != nil {
					return err
				}
				if err := r.WaitNormal(r); err != nil {
					return err
				}
				r.exchange()

				if err := r.powerCut(); err != nil {
					return err
				}
				if err := r.Standby.StartCluster(r); err != nil {
					return err
				}
				if err := r.told(r.Standby, lab.PacemakerLog, r.Primary.Name+" was the primary"); err != nil {
					return err
				}
				if err := r.nobodyServes(decided); err != nil {
					return err
				}
				if err := r.waits(); err != nil {
					return err
				}
				return r.Primary.StartCluster(r)
			},
			Check:  func(r *Run) error { return r.failure(r.Primary, "start", lab.LockFile) },
			Repair: oldPrimaryBack,
		},
		{
			ID: "F74", Name: "switchovers under load", Course: Moves, Restarts: []string{"primary", "standby"},
			Fault:  Text{"five switchovers under load, typed on either node in turn, and one back", "負荷をかけながら両ノードから交互に計画切り替えを 5 回、最後に 1 回戻す"},
			Expect: Text{"no row is lost, no failure is counted, no lock or journal is left", "行は失われず、故障回数、起動禁止フラグ、途中の記録も残らない"},
			Strike: func(r *Run) error { return r.switchovers(5) },
			Check: func(r *Run) error {
				out, err := r.Primary.Run(r, "crm_mon", "-1", "--output-as=xml", "--failcounts")
				if err == nil && strings.Contains(out, `fail-count="`) {
					err = errors.New("failures are counted")
				}
				for _, n := range r.Nodes() {
					if left := n.Unfinished(); left != "" {
						err = errors.Join(err, fmt.Errorf("a journal is left on %s: %s", n.Name, left))
					}
				}
				return err
			},
			Repair: func(r *Run) error { return r.switchovers(1) },
		},
	}
}

// waits wants the status of a standby that is there alone to say what it waits
// for, and what can be done.
func (r *Run) waits() error {
	words := []string{r.Standby.Name + " waits for " + r.Primary.Name + ", which was the Master",
		r.Standby.Name + "# pg-rex_stop", r.Primary.Name + "# pg-rex_master_start"}
	_, err := r.look(r.Standby, words, "pg-rex_status")
	return err
}

// unfinished wants the status to name an unfinished switchover with both ways out, in
// one of some phases: each node has a journal, and one is written after the other.
func unfinished(r *Run, phases ...string) error {
	var errs []error
	for _, phase := range phases {
		words := []string{"pg-rex_switchover of", "did not finish (phase: " + phase + ")", "pg-rex_switchover --resume", "pg-rex_switchover --abort"}
		_, err := r.look(r.Standby, words, "pg-rex_status")
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// allowPrepared lets both servers have prepared transactions, which needs a restart.
func allowPrepared(r *Run) error {
	if n, err := r.sql(r.Primary, "postgres", "SELECT current_setting('max_prepared_transactions')"); err != nil || n != "0" {
		return err // a drill before this one has done it
	}
	if err := r.operate(r.Primary, "pg-rex_stop", "--all", "--yes"); err != nil {
		return err
	}
	for _, n := range r.Nodes() {
		if err := in(n, r, "echo 'max_prepared_transactions = 20' >> "+lab.PGData+"/postgresql.conf"); err != nil {
			return err
		}
	}
	if err := r.operate(r.Primary, "pg-rex_master_start"); err != nil {
		return err
	}
	return r.operate(r.Standby, "pg-rex_slave_start", "-n")
}

// lockedOut sets the password of the replication role, edits the primary's
// pg_hba.conf with sed, and ends the standby's attempt to connect.
func (r *Run) lockedOut(password, sed string) error {
	if _, err := r.sql(r.Primary, "postgres", "ALTER ROLE repuser PASSWORD "+password); err != nil {
		return err
	}
	if err := in(r.Primary, r, "sed -i '"+sed+"' "+lab.PGData+"/pg_hba.conf"); err != nil {
		return err
	}
	_, err := r.sql(r.Primary, "postgres", "SELECT pg_reload_conf()")
	return err
}

// complains waits until the status says why the standby is not connected.
func (r *Run) complains(words string) error {
	var seen error
	return lab.Until(r, "status that says why", 30*time.Second, func(context.Context) (string, bool) {
		_, seen = r.look(r.Primary, []string{r.Standby.Name + " is not connected", words, "HS:alone"}, "pg-rex_status")
		return fmt.Sprint(seen), seen == nil
	})
}
