package drill

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"pgrex/test/audit"
	"pgrex/test/lab"
)

// Directories that get a disk of their own: with the WAL, with the data, with both.
var (
	walDir  = filepath.Dir(lab.PGWal)
	dataDir = filepath.Dir(lab.PGData)
	bothDir = "/dbfp"
)

const (
	ownDisk   = "sdp" // the name of a disk that can break
	smallRoom = 64    // MiB that are left on a small one
)

// onSmallDisk moves a directory of the standby onto a small disk.
func onSmallDisk(dir string) func(*Run) error {
	return onDisk(func(r *Run) error { return r.Standby.OwnMemoryDisk(r, dir, smallRoom) })
}

func onDisk(move func(*Run) error) func(*Run) error {
	return inOrder(stopStandby, move, func(r *Run) error {
		return r.operate(r.Standby, "pg-rex_slave_start", "-n", "--yes")
	}, func(r *Run) error { return r.WaitNormal(r) })
}

// thenPrimary makes the standby the primary.
func thenPrimary(r *Run) error { return r.operate(r.Standby, "pg-rex_switchover", "--yes") }

// fill leaves no room in a directory.
func fill(n func(*Run) *lab.Node, dir string) func(*Run) error {
	return func(r *Run) error {
		_, err := n(r).Run(r, "dd", "if=/dev/zero", "of="+dir+"/fill", "bs=64k")
		if err == nil || !strings.Contains(err.Error(), "No space left") {
			return fmt.Errorf("the disk of %s is not full: %w", n(r).Name, err)
		}
		return nil
	}
}

// makeRoom gives the disk of a directory more of it, as much as a node needs to
// come back.
func makeRoom(n func(*Run) *lab.Node, dir string) func(*Run) error {
	return func(r *Run) error { return in(n(r), r, "rm -f "+dir+"/fill && mount -o remount,size=2g "+dir) }
}

// switchWAL begins a new WAL segment on the primary again and again, until cond
// says so.
func switchWAL(r *Run, what string, cond func(error) bool) error {
	return lab.Until(r, what, time.Minute, func(context.Context) (string, bool) {
		_, err := r.sql(r.Primary, "postgres", "SELECT pg_switch_wal()")
		return fmt.Sprint(err), cond(err)
	})
}

// withoutDisk gives a node its old disk back, when the one of its own is broken
// or no longer needed, and a base backup with it.
func withoutDisk(n func(*Run) *lab.Node, name, dir string) func(*Run) error {
	return func(r *Run) error {
		if err := r.operate(n(r), "pg-rex_stop", "--yes", "-f"); err != nil {
			return err
		}
		if err := n(r).RemoveOwnDisk(r, name, dir); err != nil {
			return err
		}
		return r.operate(n(r), "pg-rex_slave_start", "-b", "--remove-lock", "--yes")
	}
}

// refused waits until the primary refuses a commit for want of room.
func refused(r *Run) error {
	return r.told(r.Primary, lab.PostgreSQLLog, "No space left on device")
}

// archiveFails waits until the archiver of the primary has failed, with a file
// that waits for it.
func archiveFails(r *Run) error {
	if _, err := r.sql(r.Primary, "postgres", "SELECT pg_stat_reset_shared('archiver')"); err != nil {
		return err
	}
	if _, err := r.sql(r.Primary, "postgres", "SELECT pg_switch_wal()"); err != nil {
		return err
	}
	return lab.Until(r, "a failure of the archiver", time.Minute, func(context.Context) (string, bool) {
		out, err := r.sql(r.Primary, "postgres", "SELECT failed_count > 0 AND (pg_stat_file('pg_wal/archive_status/'||last_failed_wal||'.ready', true)).size IS NOT NULL FROM pg_stat_archiver")
		return fmt.Sprint(out, err), out == "t"
	})
}

// archiveGoesOn waits until nothing waits for the archiver of a node. A new
// segment wakes one that has given up for a minute.
func archiveGoesOn(n func(*Run) *lab.Node) func(*Run) error {
	return func(r *Run) error {
		if _, err := r.sql(r.Primary, "postgres", "SELECT pg_switch_wal()"); err != nil {
			return err
		}
		return lab.Until(r, "an archive that has all", 2*time.Minute, func(context.Context) (string, bool) {
			out, err := n(r).Run(r, "find", lab.PGWal+"/archive_status", "-name", "*.ready")
			return fmt.Sprint(out, err), err == nil && strings.TrimSpace(out) == ""
		})
	}
}

func archiveWarning(r *Run) error {
	_, err := r.warned(r.Standby, r.Primary.Name, "rchiv")
	return err
}

// brokenAtStart looks, after the take-over, that the old primary cannot be
// started, for the server's own reason. What keeps it from starting is taken
// away for that.
func brokenAtStart(words ...string) func(*Run) error {
	return func(r *Run) error {
		if err := r.operate(r.Primary, "pg-rex_stop", "--yes", "-f"); err != nil {
			return err
		}
		if err := in(r.Primary, r, "rm -f "+lab.LockFile); err != nil {
			return err
		}
		if err := r.Primary.StartCluster(r); err != nil {
			return err
		}
		if err := r.failure(r.Primary, "start", words...); err != nil {
			return err
		}
		s, err := r.Standby.Status(r)
		if err == nil && s.Primary() != r.Standby.Name {
			err = fmt.Errorf("%s is primary no longer: %s", r.Standby.Name, s)
		}
		return err
	}
}

// restartPoint makes the standby's next start replay nothing of before: what is
// overwritten then stays so.
func restartPoint(r *Run) error {
	const checkpoint = "SELECT checkpoint_lsn FROM pg_control_checkpoint()"
	if _, err := r.sql(r.Primary, "postgres", "CHECKPOINT"); err != nil {
		return err
	}
	wanted, err := r.sql(r.Primary, "postgres", checkpoint)
	if err != nil {
		return err
	}
	return lab.Until(r, "a restart point at "+wanted, lookTime, func(context.Context) (string, bool) {
		if _, err := r.sql(r.Standby, "postgres", "CHECKPOINT"); err != nil {
			return err.Error(), false
		}
		found, err := r.sql(r.Standby, "postgres", checkpoint)
		return fmt.Sprint(found, err), found == wanted
	})
}

// diskFaults are disks full, broken and damaged.
func diskFaults() []Scenario {
	ownBoth := onDisk(func(r *Run) error { return r.Standby.OwnDisk(r, ownDisk, bothDir, 256) })
	archiveAway := lab.PGArchive + ".away"
	return []Scenario{
		{
			ID: "F24", Name: "WAL disk of the primary full", Course: Moves, Prepare: inOrder(onSmallDisk(walDir), thenPrimary),
			Fault:  Text{"no room for the primary's WAL", "Primary の WAL のディスクフル"},
			Expect: Text{"the server panics; then as F01", "サーバが PANIC で停止し、F01 と同じ経過になる"},
			Strike: inOrder(fill(primary, walDir), func(r *Run) error {
				return switchWAL(r, "the end of a server without room for WAL", func(err error) bool { return err != nil })
			}),
			Check:  func(r *Run) error { return r.told(r.Primary, lab.PostgreSQLLog, "PANIC", "No space left on device") },
			Mend:   makeRoom(primary, walDir),
			Repair: oldPrimaryBack, Tidy: withoutDisk(primary, "", walDir),
		},
		{
			ID: "F25", Name: "archive disk of the primary full", Course: Stays,
			Fault:  Text{"no room for the primary's archive", "Primary のアーカイブのディスクフル"},
			Expect: Text{"archiving fails, with a warning, and nothing else", "アーカイブが失敗して警告が出るのみ"},
			Strike: inOrder(func(r *Run) error { return r.Primary.OwnMemoryDisk(r, lab.PGArchive, 4) },
				fill(primary, lab.PGArchive), archiveFails),
			Check: func(r *Run) error {
				_, err := r.warned(r.Primary, "100%")
				return errors.Join(err, archiveWarning(r), r.noFailure())
			},
			Mend: inOrder(func(r *Run) error {
				// What was archived meanwhile comes along.
				return in(r.Primary, r, "rm "+lab.PGArchive+"/fill; mkdir -p /run/below && mount --bind "+filepath.Dir(lab.PGArchive)+" /run/below && "+
					"cp -a "+lab.PGArchive+"/. /run/below/"+filepath.Base(lab.PGArchive)+"/ && umount /run/below && umount "+lab.PGArchive)
			}, archiveGoesOn(primary)),
		},
		{
			ID: "F25d", Name: "data disk of the primary full", Course: Stays, Prepare: inOrder(onSmallDisk(dataDir), thenPrimary),
			Fault:  Text{"no room for the primary's tables, for 20 s", "Primary のデータのディスクフル (20 秒間)"},
			Expect: Text{"inserts are refused, the primary stays one, and goes on when there is room", "INSERT はエラーになるが Primary のままで、空きができると再開する"},
			Strike: inOrder(fill(primary, dataDir), refused, func(r *Run) error { return lab.Pause(r, 20*time.Second) }, noFailure, makeRoom(primary, dataDir)),
			Tidy:   inOrder(thenPrimary, withoutDisk(primary, "", dataDir)),
		},
		{
			ID: "F26", Name: "WAL disk of the standby full", Course: Stays, Prepare: onSmallDisk(walDir), Lasts: 30 * time.Second,
			Fault:  Text{"no room for the standby's WAL", "Standby の WAL のディスクフル"},
			Expect: Text{"as F04: the standby loses its rights, then commits go on without it", "F04 と同じ (Standby の昇格資格がなくなってから、コミットが進む)"},
			Strike: inOrder(fill(standby, walDir), func(r *Run) error {
				return switchWAL(r, "a standby without room for WAL", func(error) bool {
					return strings.Contains(r.since(r.Standby, lab.PostgreSQLLog), "No space left on device")
				})
			}),
			Check: func(r *Run) error {
				s, err := r.Status(r)
				if err == nil && s.Nodes[r.Standby.Name].Attributes["master-pgsql"] == "100" {
					err = fmt.Errorf("the standby has kept its rights: %s", s)
				}
				return err
			},
			Mend: makeRoom(standby, walDir), Repair: standbyBack, Tidy: withoutDisk(standby, "", walDir),
		},
		{
			ID: "F27", Name: "disk of the primary read only", Course: Moves, Prepare: inOrder(ownBoth, thenPrimary),
			Fault:  Text{"the file system of the primary's data and WAL finds an error and goes read only", "Primary のデータと WAL のファイルシステムがエラーで読み取り専用になる"},
			Expect: Text{"the server ends, the standby takes over", "サーバが停止し、Standby が引き継ぐ"},
			Strike: func(r *Run) error { return r.Primary.SpoilDisk(ownDisk) },
			Check:  func(r *Run) error { return r.told(r.Primary, lab.PostgreSQLLog, "Read-only file system") },
			Repair: withoutDisk(primary, ownDisk, bothDir),
		},
		{
			ID: "F27g", Name: "disk of the primary gone", Course: Moves, Prepare: inOrder(ownBoth, thenPrimary),
			Fault:  Text{"every access to the primary's data and WAL is an I/O error", "Primary のデータと WAL への全アクセスが I/O エラーになる"},
			Expect: Text{"the server ends, the standby takes over", "サーバが停止し、Standby が引き継ぐ"},
			Strike: func(r *Run) error { return r.Primary.TakeDisk(bothDir) },
			Check:  func(r *Run) error { return r.told(r.Primary, lab.PostgreSQLLog, "Input/output error") },
			Repair: withoutDisk(primary, ownDisk, bothDir),
		},
		{
			ID: "F28", Name: "block of a table of the standby damaged", Course: Stays,
			Fault:  Text{"a block of a table is overwritten on the standby while its server is down", "停止中の Standby でテーブルのブロックを 1 個上書き"},
			Expect: Text{"the checksum is found wrong by whoever reads it; the primary goes on", "読み取り時にチェックサムの不一致が報告される。Primary には影響しない"},
			Strike: func(r *Run) error {
				file, err := r.sql(r.Primary, "lab", "SELECT pg_relation_filepath('written')")
				if err != nil {
					return err
				}
				if err := restartPoint(r); err != nil {
					return err
				}
				if err := stopStandby(r); err != nil {
					return err
				}
				if err := in(r.Standby, r, "dd if=/dev/urandom of="+lab.PGData+"/"+file+" bs=8192 count=1 conv=notrunc status=none"); err != nil {
					return err
				}
				return r.operate(r.Standby, "pg-rex_slave_start", "-n", "--yes")
			},
			Check: func(r *Run) error {
				_, err := r.sql(r.Standby, "lab", "SELECT max(at) FROM written")
				if err == nil || !strings.Contains(err.Error(), "invalid page in block 0") {
					return fmt.Errorf("%s reads a damaged block: %v", r.Standby.Name, err)
				}
				return r.noFailure()
			},
			Repair: inOrder(stopStandby, func(r *Run) error { return r.operate(r.Standby, "pg-rex_slave_start", "-b", "--yes") },
				func(r *Run) error { _, err := r.sql(r.Standby, "lab", "SELECT max(at) FROM written"); return err }),
		},
		{
			ID: "F29", Name: "control file of the primary damaged", Course: Moves,
			Spared: map[audit.Invariant]string{audit.I9: "the fault overwrites the control file", audit.I6: "the look at a start takes the lock away"},
			Fault:  Text{"pg_control of the primary is overwritten, then its postmaster is killed", "Primary の pg_control を上書きし、postmaster を kill -9"},
			Expect: Text{"the standby takes over; the old primary cannot be started, and the reason is named", "Standby が引き継ぐ。旧 Primary は起動できず、理由が示される"},
			Strike: func(r *Run) error {
				if err := in(r.Primary, r, "dd if=/dev/urandom of="+lab.PGData+"/global/pg_control bs=8192 count=1 conv=notrunc status=none"); err != nil {
					return err
				}
				return killPostmaster(r)
			},
			Check: brokenAtStart("pg_control"), Repair: oldPrimaryBack,
		},
		{
			ID: "F29w", Name: "WAL of the primary damaged", Course: Moves,
			Spared: map[audit.Invariant]string{audit.I9: "the fault removes archived WAL", audit.I6: "the look at a start takes the lock away"},
			Fault:  Text{"the primary's postmaster is killed, then all its WAL is overwritten", "Primary の postmaster を kill -9 し、WAL をすべて上書き"},
			Expect: Text{"the standby takes over; the old primary cannot be started, and the reason is named", "Standby が引き継ぐ。旧 Primary は起動できず、理由が示される"},
			Strike: func(r *Run) error {
				if err := killPostmaster(r); err != nil {
					return err
				}
				return in(r.Primary, r, "for f in $(ls "+lab.PGWal+"/0* | grep -v history); do dd if=/dev/urandom of=$f bs=1M count=16 conv=notrunc status=none; done; rm -f "+lab.PGArchive+"/0*")
			},
			Check: brokenAtStart("checkpoint"), Repair: oldPrimaryBack,
		},
		{
			ID: "F30", Name: "archive directory of the primary missing", Course: Stays,
			Spared: map[audit.Invariant]string{audit.I9: "the fault takes the archive away"},
			Fault:  Text{"the primary's archive directory is renamed", "Primary のアーカイブディレクトリを改名"},
			Expect: Text{"archiving fails, WAL is kept, with a warning; nothing else", "アーカイブが失敗して WAL が残り、警告が出るのみ"},
			Strike: inOrder(func(r *Run) error { return in(r.Primary, r, "mv "+lab.PGArchive+" "+archiveAway) }, archiveFails),
			Check:  func(r *Run) error { return errors.Join(archiveWarning(r), r.noFailure()) },
			Mend:   inOrder(func(r *Run) error { return in(r.Primary, r, "mv "+archiveAway+" "+lab.PGArchive) }, archiveGoesOn(primary)),
		},
		{
			ID: "F30s", Name: "archive directory of the standby missing", Course: Stays, Restarts: []string{"standby"},
			Spared: map[audit.Invariant]string{audit.I9: "the fault takes the archive away"},
			Fault:  Text{"the standby's archive directory is renamed, and its server is started again", "Standby のアーカイブディレクトリを改名し、サーバを再起動"},
			Expect: Text{"restore_command finds nothing, the standby streams and is synchronous", "restore_command は失敗するが、ストリーミングで同期する"},
			Strike: inOrder(stopStandby, func(r *Run) error { return in(r.Standby, r, "mv "+lab.PGArchive+" "+archiveAway) }, startStack),
			Check: func(r *Run) error {
				return errors.Join(r.WaitNormal(r), r.told(r.Standby, lab.PostgreSQLLog, "cannot stat '"+lab.PGArchive))
			},
			Mend: inOrder(func(r *Run) error { return in(r.Standby, r, "mv "+archiveAway+" "+lab.PGArchive) }, archiveGoesOn(standby)),
		},
	}
}
