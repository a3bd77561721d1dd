package pg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"pgrex/internal/pg/wal"
)

// sized is a server whose WAL segments have that many MiB.
func sized(t *testing.T, mib int, settings ...string) *server {
	t.Helper()
	s := emptyServer(t)
	argv := []string{s.bin + "/initdb", "-N", "-k", "-A", "peer", "-D", s.set.Data}
	if mib != 16 {
		argv = append(argv, "--wal-segsize="+strconv.Itoa(mib))
	}
	v, err := s.ProgramRelease(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	if mib != 16 && !since(v, 11) {
		t.Skip("segments of one size only")
	}
	asPostgres(t, s.set.User, argv...)
	if s.major(t) != v {
		t.Errorf("release %d made data of release %d", v, s.major(t))
	}
	keep := "wal_keep_segments = 1000"
	if since(v, 13) {
		keep = "wal_keep_size = 1000MB"
	}
	s.configure(t, append([]string{
		keep, "listen_addresses = ''", "unix_socket_directories = '" + s.dir + "'", "dynamic_shared_memory_type = mmap",
		"fsync = off", "shared_buffers = 4MB", "logging_collector = off", "checkpoint_timeout = 1h", "max_wal_size = 4GB",
		"lc_messages = 'C'",
	}, settings...)...)
	return s
}

// control is the control file.
func (s *server) control(t *testing.T) Control {
	t.Helper()
	c, err := s.Control()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ancestry is that of the timeline in the control file.
func (s *server) ancestry(t *testing.T) wal.Ancestry {
	t.Helper()
	c := s.control(t)
	own := max(c.Timeline, c.MinRecoveryTimeline)
	h, err := s.History(own)
	if err != nil {
		t.Fatal(err)
	}
	return h.Ancestry(own)
}

// end is what the server's WAL ends with, read from the tail and, to compare,
// from the REDO point.
func (s *server) end(t *testing.T) WALEnd {
	t.Helper()
	c, a := s.control(t), s.ancestry(t)
	var last, total int64
	end, err := s.WALEnd(testContext(t), c, a, func(n, of int64) {
		if n < last || n > of {
			t.Errorf("progress from %d to %d of %d", last, n, of)
		}
		last, total = n, of
	})
	if err != nil {
		t.Fatal(err)
	}
	if last == 0 || total > 3*int64(c.SegmentSize) {
		t.Errorf("%d of %d bytes read", last, total)
	}
	r, err := s.walReader(testContext(t), c, a, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	full, err := r.chain(c.Redo, wal.Unended, nil)
	if err != nil || full != end {
		t.Errorf("from the tail %+v, from the REDO point %+v, %v", end, full, err)
	}
	return end
}

var dumped = regexp.MustCompile(`(?m)lsn: ([0-9A-F]+/[0-9A-F]+), prev`)

// dump is where the last record begins as pg_waldump sees it.
func (s *server) dump(t *testing.T) wal.LSN {
	t.Helper()
	c := s.control(t)
	cmd := exec.Command(s.bin+"/pg_waldump", "-p", s.WALDir(), "-t", fmt.Sprint(uint32(c.Timeline)), "-s", c.Redo.String())
	out, _ := cmd.Output() // it fails, because it comes to the end
	all := dumped.FindAllSubmatch(out, -1)
	if len(all) == 0 {
		t.Fatalf("pg_waldump: %.300s", out)
	}
	last, err := wal.ParseLSN(string(all[len(all)-1][1]))
	if err != nil {
		t.Fatal(err)
	}
	return last
}

var (
	redoDone = regexp.MustCompile(`redo done at ([0-9A-F]+/[0-9A-F]+)`)
	redoEnd  = regexp.MustCompile(`(?:invalid record length|record with incorrect prev-link [0-9A-F/]+|invalid magic number [0-9A-F]+ in (?:log|WAL) segment.*|unexpected pageaddr.*) at ([0-9A-F]+/[0-9A-F]+)`)
)

// Conformance: AT-050, AT-064 (PostgreSQL server)
func TestServerWALEnd(t *testing.T) {
	for _, mib := range []int{1, 16, 64} {
		t.Run(fmt.Sprint(mib), func(t *testing.T) {
			s := sized(t, mib)
			_, err := os.Stat(s.bin + "/pg_waldump")
			dumps := err == nil
			s.up(t)
			if err := s.connect(t).Exec(testContext(t), "CREATE TABLE t (n int, x text)"); err != nil {
				t.Fatal(err)
			}
			for round := range 3 {
				c := s.connect(t)
				ctx, cancel := context.WithCancel(testContext(t))
				done := make(chan struct{})
				go func() {
					defer close(done)
					for n := 0; ; n++ {
						// Records of all lengths, among them some longer than a
						// segment, and segments that are left before their end.
						sql := fmt.Sprintf(`INSERT INTO t SELECT g, repeat('x', %d) FROM generate_series(1, 500) g;
SELECT pg_catalog.pg_logical_emit_message(%t, 'test', repeat('x', %d))`, n*37%1999, n%2 == 0, n*n*1777%(2500<<10))
						if n%9 == 8 {
							sql += "; SELECT pg_catalog.pg_switch_wal()"
						}
						if c.Exec(ctx, sql) != nil {
							return
						}
					}
				}()
				time.Sleep(time.Duration(200+150*round) * time.Millisecond)
				if err := s.Signal(0, Kill); err != nil {
					t.Fatal(err)
				}
				<-done
				cancel()
				if err := s.WaitGone(testContext(t)); err != nil {
					t.Fatal(err)
				}
				end := s.end(t)
				if dumps {
					if last := s.dump(t); last != end.Last {
						t.Errorf("pg_waldump has the last record at %v, we at %v", last, end.Last)
					}
				}
				crashed := s.control(t)
				t.Logf("from %v to %v", crashed.Redo, end.End)
				// Its pid may be that of a dead process nobody has waited for.
				if err := errors.Join(os.Truncate(s.set.LogFile, 0), os.Remove(filepath.Join(s.set.Data, "postmaster.pid")),
					os.Remove(filepath.Join(s.dir, ".s.PGSQL.5432.lock"))); err != nil {
					t.Fatal(err)
				}
				s.up(t)
				log, _ := os.ReadFile(s.set.LogFile)
				// What was broken off by the crash is stepped over from then on.
				r, err := s.walReader(testContext(t), crashed, s.ancestry(t), nil)
				if err != nil {
					t.Fatal(err)
				}
				if all, err := r.chain(crashed.Redo, wal.Unended, nil); err != nil || all.Last < s.control(t).Checkpoint {
					t.Errorf("across the crash at %v the WAL goes to %+v, %v, want at least %v", end.End, all, err, s.control(t).Checkpoint)
				}
				r.close()
				if m := redoDone.FindSubmatch(log); m == nil || string(m[1]) != end.Last.String() {
					t.Errorf("we have the last record at %v, the server says:\n%s", end.Last, log)
				}
				if m := redoEnd.FindSubmatch(log); m != nil {
					at, err := wal.ParseLSN(string(m[1]))
					if head := at - end.End; err != nil || head != 0 && head != shortHeader && head != longHeader {
						t.Errorf("we have the end at %v, the server says:\n%s", end.End, log)
					}
				}
			}
			if err := errors.Join(s.Signal(s.processes(t).Postmaster, Fast), s.WaitGone(testContext(t))); err != nil {
				t.Fatal(err)
			}
			end := s.end(t)
			want, err := s.ShutdownEnd(s.control(t))
			if err != nil || wal.LSN(align(uint64(want))) != end.End || s.control(t).Checkpoint != end.Last {
				t.Errorf("after a shutdown %+v, want %v, %v", end, want, err)
			}
			if dumps {
				if last := s.dump(t); last != end.Last {
					t.Errorf("pg_waldump has the last record at %v, we at %v", last, end.Last)
				}
			}

			// Damaged in its middle, the WAL ends there.
			name, offset := wal.SegmentFile(end.Timeline, end.Last, s.control(t).SegmentSize)
			path := filepath.Join(s.WALDir(), name)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			damaged := bytes.Clone(b)
			damaged[offset+30] ^= 1
			if err := os.WriteFile(path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := s.WALEnd(testContext(t), s.control(t), s.ancestry(t), nil); !errors.Is(err, ErrNoWAL) {
				t.Errorf("of a damaged record: %+v, %v", got, err)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if got, err := s.WALEnd(testContext(t), s.control(t), s.ancestry(t), nil); !errors.Is(err, ErrNoWAL) {
				t.Errorf("without WAL: %+v, %v", got, err)
			}
		})
	}
}

// A promoted server that dies before its first checkpoint has an older timeline
// in its control file than in its WAL.
//
// Conformance: AT-050, AT-055 (PostgreSQL server)
func TestServerWALEndAcrossTimelines(t *testing.T) {
	primary := newServer(t)
	primary.up(t)
	standby := standbyOf(t, primary, "node02")
	if err := primary.connect(t).Exec(testContext(t), "CREATE TABLE t AS SELECT generate_series(1, 1000)"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the standby has it", func() bool { return standby.state(t).Position() >= primary.state(t).Current })
	if err := standby.Promote(testContext(t)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the standby is promoted", func() bool { return !standby.state(t).InRecovery })
	if err := standby.connect(t).Exec(testContext(t), "CREATE TABLE u AS SELECT generate_series(1, 1000)"); err != nil {
		t.Fatal(err)
	}
	at := standby.state(t).Current
	for _, s := range []*server{primary, standby} {
		if err := errors.Join(s.Signal(0, Kill), s.WaitGone(testContext(t))); err != nil {
			t.Fatal(err)
		}
	}
	end := standby.end(t)
	if end.Timeline != 2 || end.End < at {
		t.Errorf("%+v, want at least %v", end, at)
	}
	// The first timeline ends where the second begins, wherever the file with
	// that number has more.
	a := standby.ancestry(t)
	if own := primary.end(t); own.Timeline != 1 || own.End < a[0].End {
		t.Errorf("%+v, left at %v", own, a[0].End)
	}
	name := wal.SegmentOf(a[0].End, standby.control(t).SegmentSize).File(2, standby.control(t).SegmentSize)
	if err := os.Rename(filepath.Join(standby.WALDir(), name), filepath.Join(standby.dir, name)); err != nil {
		t.Fatal(err)
	}
	if got, err := standby.WALEnd(testContext(t), standby.control(t), a, nil); err != nil || got.Timeline != 1 || got.End > a[0].End {
		t.Errorf("without the file of timeline 2: %+v, %v", got, err)
	}

	// Its first record is found in the archive as well.
	if err := standby.Marks(testContext(t), standby.control(t), a, standby.dir); err != nil || a[0].Mark != 0 || a[1].Mark == 0 {
		t.Errorf("marks: %+v, %v", a, err)
	}
	c := standby.control(t)
	if got, err := standby.LastCheckpoint(testContext(t), c, a, a[0].End, standby.dir, nil); err != nil || got == 0 || got >= a[0].End {
		t.Errorf("the last checkpoint before %v: %v, %v", a[0].End, got, err)
	}
	if got, err := standby.LastCheckpoint(testContext(t), c, a, 0x100, "", nil); err != nil || got != 0 {
		t.Errorf("a checkpoint before there was WAL: %v, %v", got, err)
	}
}

// What the control file has of hints and of a backup whose end has not been
// reached.
func TestServerControlOfABackup(t *testing.T) {
	s := newServer(t, "wal_log_hints = on")
	s.up(t)
	if err := errors.Join(s.connect(t).Exec(testContext(t), "CHECKPOINT"), s.Signal(s.processes(t).Postmaster, Fast), s.WaitGone(testContext(t))); err != nil {
		t.Fatal(err)
	}
	c := s.control(t)
	if !c.WALLogHints || c.BackupStart != 0 || c.BackupEnd != 0 || c.BackupEndRequired {
		t.Errorf("stopped: %+v", c)
	}
	name, _ := wal.SegmentFile(1, c.Redo, c.SegmentSize)
	label := fmt.Sprintf("START WAL LOCATION: %v (file %s)\nCHECKPOINT LOCATION: %v\nBACKUP METHOD: streamed\nBACKUP FROM: master\n"+
		"START TIME: 2024-01-01 00:00:00 UTC\nLABEL: x\n", c.Redo, name, c.Checkpoint)
	if s.major(t) >= 16 {
		label = string(bytes.Replace([]byte(label), []byte("master"), []byte("primary"), 1))
	}
	settings := []Setting{{"primary_conninfo", "host=/nowhere"}, {"recovery_target_timeline", "latest"}}
	var includes []string
	if s.IncludesRecovery() {
		includes = append(includes, s.RecoveryInclude())
	} else {
		settings = append(settings, Setting{"standby_mode", "on"})
	}
	s.configure(t, "wal_log_hints = off")
	if err := errors.Join(s.PrepareTmpDir(), s.WriteRecovery(settings), s.WriteStandbySignal(), s.EnsureIncludes(includes...),
		s.writeFile(filepath.Join(s.set.Data, "backup_label"), label), s.PrepareStart()); err != nil {
		t.Fatal(err)
	}
	_ = s.Start(testContext(t)) // it waits for WAL that will not come
	eventually(t, "the backup is being recovered", func() bool { return s.control(t).BackupStart != 0 })
	if err := errors.Join(s.Signal(0, Kill), s.WaitGone(testContext(t))); err != nil {
		t.Fatal(err)
	}
	got := s.control(t)
	if got.BackupStart != c.Redo || got.BackupEnd != 0 || !got.BackupEndRequired || got.State != DBInArchiveRecovery {
		t.Errorf("in the middle of a backup: %+v, want %v", got, c.Redo)
	}
	if out, err := exec.Command(s.bin+"/pg_controldata", s.set.Data).Output(); err == nil {
		for _, line := range []string{
			fmt.Sprintf(`Backup start location: +%v`, got.BackupStart), `End-of-backup record required: +yes`, `Backup end location: +0/0`,
			fmt.Sprintf(`Catalog version number: +%d`, got.Catalog),
			fmt.Sprintf(`wal_log_hints setting: +%s`, map[bool]string{true: "on", false: "off"}[got.WALLogHints]),
		} {
			if !regexp.MustCompile(line).Match(out) {
				t.Errorf("pg_controldata does not say %q:\n%s", line, out)
			}
		}
	}
}

// What a standby has to know of its primary.
//
// Conformance: AT-054, AT-057 (PostgreSQL server)
func TestServerSource(t *testing.T) {
	s := newServer(t, "max_wal_senders = 3", "max_replication_slots = 4", "full_page_writes = off")
	s.up(t)
	location := filepath.Join(s.dir, "space")
	if err := errors.Join(os.Mkdir(location, 0o700), os.Chown(location, int(s.set.User.UID), int(s.set.User.GID))); err != nil {
		t.Fatal(err)
	}
	c := s.connect(t)
	if err := errors.Join(c.Exec(testContext(t), "CREATE TABLESPACE more LOCATION '"+location+"'"),
		c.Exec(testContext(t), "SELECT pg_create_physical_replication_slot('x')")); err != nil {
		t.Fatal(err)
	}
	src, err := c.Source(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	want := s.state(t)
	if src.VersionNum != want.VersionNum || src.InRecovery || src.Timeline != 1 || src.Flush == 0 || src.Flush > want.Current ||
		src.FullPageWrites || src.ArchiveMode != "off" || src.Port != 5432 || src.FreeSenders != 3 || src.FreeSlots != 3 ||
		len(src.Tablespaces) != 1 || src.Tablespaces[0].Name != "more" || src.Tablespaces[0].Location != location || src.Tablespaces[0].OID == 0 {
		t.Errorf("%+v", src)
	}
	if err := c.Exec(testContext(t), "DROP TABLESPACE more"); err != nil {
		t.Fatal(err)
	}
	standby := standbyOf(t, s, "node02")
	src, err = standby.connect(t).Source(testContext(t))
	if err != nil || !src.InRecovery || src.Flush != 0 || src.Timeline != 0 {
		t.Errorf("standby: %+v, %v", src, err)
	}
}
