package agent_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pgrex/internal/ocf"
	"pgrex/internal/pg"
)

// watcher is the pid of the site's watcher, 0 without one.
func (s *site) watcher() int {
	s.t.Helper()
	entries, err := os.ReadDir("/proc")
	s.must(err)
	parents := map[int]int{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		argv, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		env, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if strings.HasSuffix(string(argv), "pgsql-ra\x00watch\x00") && strings.Contains(string(env), "STANDIN_DIR="+s.dir+"\x00") {
			status, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "status"))
			_, after, _ := strings.Cut(string(status), "\nPPid:\t")
			line, _, _ := strings.Cut(after, "\n")
			parents[pid], _ = strconv.Atoi(line)
		}
	}
	for pid, parent := range parents {
		// A program that the watcher starts looks like it for a moment.
		if _, child := parents[parent]; !child {
			return pid
		}
	}
	return 0
}

// watched waits until there is a watcher that holds the server.
func (s *site) watched() int {
	s.t.Helper()
	var pid int
	s.until("a watcher that holds the server", func() bool {
		pid = s.watcher()
		fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		for _, fd := range fds {
			if to, _ := os.Readlink(fd); to == "anon_inode:[pidfd]" {
				return true
			}
		}
		return false
	})
	return pid
}

// watchedPrimary is a lone primary, as the cluster knows it, with its watcher.
func (s *site) watchedPrimary() {
	s.t.Helper()
	s.params["watch_server"] = "true"
	s.primaryAlone()
	s.change(func(r *record) { r.Role["node01"] = "Promoted" })
	s.watched()
}

// told is how often the cluster was told of a failure.
func (s *site) told() (times int) {
	for _, c := range s.calls() {
		if c == "crm_resource --fail --resource pgsql --node node01" {
			times++
		}
	}
	return times
}

// unwatched waits until there is no watcher, and says how often it has told the cluster.
func (s *site) unwatched() int {
	s.t.Helper()
	s.until("the end of the watcher", func() bool { return s.watcher() == 0 })
	return s.told()
}

// A server that dies is told to the cluster once; a standby as well as a primary.
func TestWatcherTellsOfADeath(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.params["watch_server"] = "true"
	s.standby()
	s.change(func(r *record) { r.Role["node01"] = "Unpromoted" })
	s.watched()
	s.crash()
	if n := s.unwatched(); n != 1 {
		t.Errorf("told %d times", n)
	}
	s.watchedPrimary()
	s.forgetCalls()
	s.crash()
	if n := s.unwatched(); n != 1 {
		t.Errorf("told %d times of the primary", n)
	}
}

// A watcher that still tells of the last server is none of the next one.
func TestWatcherOfAnotherServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.params["watch_server"] = "true"
	s.standby()
	first := s.watched()
	s.change(func(r *record) { r.Hang = "crm_resource" })
	s.crash()
	time.Sleep(time.Second)
	if s.watcher() != first {
		t.Fatal("it tells nobody any more")
	}
	s.want("start", ocf.Success)
	if second := s.watched(); second == first {
		t.Error("the server has the watcher of the one before")
	}
	s.want("stop", ocf.Success)
}

// What is nobody's failure is told to nobody.
func TestWatcherIsSilent(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*site)
	}{
		{"stop", func(s *site) { s.want("stop", ocf.Success) }},
		{"demote", func(s *site) { s.want("demote", ocf.Success) }},
		{"somebody has shut it down in order", func(s *site) {
			s.must(s.instance().Signal(s.postmaster(), pg.Fast))
			s.waitGone()
		}},
		{"the cluster leaves it alone", func(s *site) {
			s.change(func(r *record) { r.Unmanaged = true })
			s.crash()
		}},
		{"the cluster has it not running", func(s *site) {
			s.change(func(r *record) { delete(r.Role, "node01") })
			s.crash()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.watchedPrimary()
			c.do(s)
			if n := s.unwatched(); n != 0 {
				t.Errorf("told %d times", n)
			}
		})
	}
}

// The life of a watcher: one for a server, another one when it is gone or the
// server is a new one, and none when it is not wanted.
func TestWatcherLife(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.standby()
	if pid := s.watcher(); pid != 0 {
		t.Errorf("watcher %d that nobody wants", pid)
	}
	s.params["watch_server"] = "true"
	s.want("monitor", ocf.Success)
	if pid := s.watcher(); pid != 0 {
		t.Errorf("a probe has started watcher %d", pid)
	}
	s.want("monitor", ocf.Success, recurring)
	first := s.watched()
	s.want("monitor", ocf.Success, recurring)
	if pid := s.watcher(); pid != first {
		t.Errorf("watcher %d in place of %d", pid, first)
	}
	s.must(syscall.Kill(first, syscall.SIGKILL))
	s.unwatched()
	s.want("monitor", ocf.Success, recurring)
	second := s.watched()
	if sid, err := unix.Getsid(second); err != nil || sid != second {
		t.Errorf("watcher %d is of session %d (%v): who kills the agent's children kills it", second, sid, err)
	}
	if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", second)); err != nil || anonymous(t, string(status)) > 10<<10 {
		t.Errorf("it holds too much memory: %v\n%s", err, status)
	}

	s.params["watch_server"] = "false"
	s.want("monitor", ocf.Success, recurring)
	s.unwatched()
	s.params["watch_server"] = "true"
	s.want("monitor", ocf.Success, recurring)
	second = s.watched()

	// Frozen, it does not keep the server from being stopped.
	s.must(syscall.Kill(second, syscall.SIGSTOP))
	s.want("stop", ocf.Success)
	if n := s.unwatched(); n != 0 {
		t.Errorf("told %d times", n)
	}

	// Without a server it ends at once.
	if a := s.do("watch"); a.code != ocf.Success || s.watcher() != 0 {
		t.Errorf("without a server: %+v", a)
	}

	s.params["restart_on_promote"] = "true"
	s.want("start", ocf.Success)
	third := s.watched()
	s.takeOver()
	s.want("promote", ocf.Success)
	if fourth := s.watched(); fourth == third {
		t.Error("the watcher of the server before its restart is still there")
	}
	s.want("stop", ocf.Success)
	if n := s.unwatched(); n != 0 {
		t.Errorf("told %d times", n)
	}
}

// A server, or its watcher, is killed while an action is at work on it: the action
// gives the answer, nothing is told twice, and nobody is left who watches nothing.
func TestKilledDuringAnAction(t *testing.T) {
	for _, c := range []struct {
		name   string
		code   ocf.Code
		atMost int // how often the cluster is told beside the action's own answer
		do     func(*site) answer
	}{
		{"server, before it is up", ocf.ErrGeneric, 0, func(s *site) answer {
			s.params["restore_command"] = "sleep 2; false" // it is not up before that
			return s.during("start", func() {
				s.until("a postmaster", func() bool { return s.postmaster() != 0 })
				s.must(syscall.Kill(s.postmaster(), syscall.SIGKILL))
			})
		}},
		{"server, in a stop", ocf.Success, 0, func(s *site) answer {
			s.watchedPrimary()
			return s.during("demote", s.slowStop(func() { s.must(syscall.Kill(s.postmaster(), syscall.SIGKILL)) }))
		}},
		{"watcher, in a stop", ocf.Success, 0, func(s *site) answer {
			s.watchedPrimary()
			pid := s.watcher()
			return s.during("demote", s.slowStop(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })) // it may have ended
		}},
		{"server, in a promotion", ocf.ErrGeneric, 1, func(s *site) answer {
			s.params["watch_server"] = "true"
			s.standby()
			s.change(func(r *record) { r.Role["node01"] = "Unpromoted" })
			s.watched()
			s.takeOver()
			s.forgetCalls()
			return s.do("promote", "STANDIN_KILL_SERVER=after")
		}},
		{"watcher, in a promotion", ocf.Success, 0, func(s *site) answer {
			s.params["watch_server"] = "true"
			s.standby()
			s.change(func(r *record) { r.Role["node01"] = "Unpromoted" })
			pid := s.watched()
			s.takeOver()
			s.forgetCalls()
			a := s.during("promote", func() { s.must(syscall.Kill(pid, syscall.SIGKILL)) })
			s.change(func(r *record) { r.Role["node01"] = "Promoted" })
			s.want("monitor", ocf.RunningPromoted, recurring)
			if next := s.watched(); next == pid {
				s.t.Errorf("watcher %d is alive", pid)
			}
			s.want("demote", ocf.Success)
			return a
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.params["watch_server"], s.params["stop_escalate"] = "true", "20"
			if a := c.do(s); a.code != c.code {
				t.Errorf("answer %+v, want %v", a, c.code)
			}
			s.waitGone()
			if n := s.unwatched(); n > c.atMost {
				t.Errorf("told %d times", n)
			}
		})
	}
}

// during does something while an action is at work.
func (s *site) during(action string, do func()) answer {
	done := make(chan answer)
	go func() { done <- s.do(action) }()
	do()
	return <-done
}

// slowStop keeps the server from ending by its own, and does something meanwhile.
func (s *site) slowStop(do func()) func() {
	s.t.Helper()
	checkpointer, err := strconv.Atoi(s.query("select pid::text from pg_stat_activity where backend_type = 'checkpointer'"))
	s.must(err)
	goOn := s.stopped(checkpointer)
	return func() {
		time.Sleep(500 * time.Millisecond) // the shutdown has been asked for
		do()
		time.Sleep(500 * time.Millisecond)
		goOn()
	}
}

// anonymous is the memory that is a process's alone, in kB: the pages of the
// program's file are shared with every call of the agent.
func anonymous(t *testing.T, status string) int {
	t.Helper()
	for line := range strings.Lines(status) {
		if value, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			n, err := strconv.Atoi(strings.Fields(value)[0])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("no RssAnon")
	return 0
}

// A watcher costs no processor time while nothing happens.
func TestWatcherSleeps(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.params["watch_server"] = "true"
	s.standby()
	s.change(func(r *record) { r.Role["node02"] = "Promoted" }) // there is nothing to vote about
	pid := s.watched()
	time.Sleep(freshAndMore)
	before := ticks(t, pid)
	time.Sleep(2 * time.Second)
	if used := ticks(t, pid) - before; used > 1 {
		t.Errorf("%d hundredths of a second of processor time in 2 s", used)
	}
	s.want("stop", ocf.Success)
}

func ticks(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	f := strings.Fields(rest)
	user, err1 := strconv.Atoi(f[11])
	system, err2 := strconv.Atoi(f[12])
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return user + system
}

// A stranger at the watcher's address is not taken for it and keeps nobody from
// anything.
func TestWatcherOfAStranger(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.params["watch_server"] = "true"
	var st unix.Stat_t
	s.must(unix.Stat(s.data, &st))
	stranger := exec.Command("perl", "-MIO::Socket::UNIX", "-e", fmt.Sprintf(
		`my $s = IO::Socket::UNIX->new(Local => "\0pgsql-ra/watch/%d/%d", Listen => 5) or die; while (my $c = $s->accept) { push @c, $c }`, st.Dev, st.Ino))
	const nobody = 65534
	stranger.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	s.must(stranger.Start())
	t.Cleanup(func() {
		_ = stranger.Process.Kill()
		_ = stranger.Wait() // it was killed
	})
	s.until("the stranger to listen", func() bool {
		text, _ := os.ReadFile("/proc/net/unix")
		return strings.Contains(string(text), fmt.Sprintf("@pgsql-ra/watch/%d/%d", st.Dev, st.Ino))
	})
	s.standby()
	s.want("monitor", ocf.Success, recurring)
	if pid := s.watcher(); pid != 0 {
		t.Errorf("watcher %d beside the stranger", pid)
	}
	s.want("stop", ocf.Success)
	if err := stranger.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the stranger was killed: %v", err)
	}
}
