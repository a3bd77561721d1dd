package operation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"pgrex/internal/console"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/run"
)

// The names of the programs, new and old.
var (
	newPrograms = []string{"pg-rex_primary_start", "pg-rex_standby_start", "pg-rex_stop", "pg-rex_switchover", "pg-rex_archivefile_delete", "pg-rex_status"}
	oldPrograms = []string{"pg-rex_master_start", "pg-rex_slave_start", "pg-rex_stop", "pg-rex_switchover", "pg-rex_archivefile_delete", "pg-rex_status"}
)

// TestMain makes of the test program a command that takes signals, and a helper.
func TestMain(m *testing.M) {
	if dir := os.Getenv("OPERATION_TEST_DIR"); dir != "" {
		os.Exit(stopInAProcess(dir))
	}
	os.Exit(m.Run())
}

// raw runs a program with nothing but its arguments: no configuration, no
// terminal, on a machine that answers nothing.
func raw(t *testing.T, user int, argv ...string) played {
	t.Helper()
	c := downCluster(t)
	c.machine.User = user
	c.machine.Own = nobody{}
	var out, errOut bytes.Buffer
	status := Run(argv, Streams{In: strings.NewReader(""), Out: &out, Err: &errOut, Getenv: func(string) string { return "" }}, c.machine)
	return played{status, out.String(), errOut.String()}
}

// nobody is a node that must not be asked anything.
type nobody struct{ node.Node }

// Conformance: AT-014 (unit)
func TestHelpAndVersionNeedNothing(t *testing.T) {
	c := downCluster(t)
	lock, _, err := node.Lock(t.Context(), c.a, c.machine.LockFile, node.Holder{PID: 99, Command: "pg-rex_switchover", Host: "pgrex01"})
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	for _, name := range slices.Concat(newPrograms, oldPrograms, []string{"pg-rex"}) {
		for _, option := range []string{"-h", "--help", "-help", "--he", "-v", "--version", "-version"} {
			got := raw(t, 1000, "/usr/sbin/"+name, option)
			line := name + " (pg-rex_operation_tools) " + Version + "\n"
			version := strings.Contains(option, "v")
			if got.status != 0 || got.err != "" || !strings.HasPrefix(got.out, line) || version && got.out != line || !version && !strings.HasPrefix(got.out, line+"\nUsage: "+name+" ") {
				if name != "pg-rex" || option != "--he" { // the overview has no options of its own
					t.Errorf("%s %s: %d\n%s%s", name, option, got.status, got.out, got.err)
				}
			}
		}
	}
	for _, lone := range []string{"-", "--"} {
		if got := raw(t, 1000, "pg-rex_stop", lone); got.status != 0 || !strings.Contains(got.out, "Usage: ") {
			t.Errorf("%s: %+v", lone, got)
		}
	}
}

// Conformance: AT-015 (unit)
func TestOptions(t *testing.T) {
	for _, tt := range []struct {
		argv string
		says string // the message; "" for a run that gets as far as the check for root
		id   string
	}{
		{"pg-rex_stop --nonsense", "Unknown option: --nonsense", "CMN-060"},
		{"pg-rex_stop -x", "Unknown option: -x", "CMN-060"},
		{"pg-rex_stop --ver", "Unknown option: --ver", "CMN-060"}, // verbose, version
		{"pg-rex_stop now", "Too many arguments: now", "CMN-061"},
		{"pg-rex_stop --output xml", "Option --output cannot have this value: xml", "CMN-062"},
		{"pg-rex_stop --lang fr", "Option --lang cannot have this value: fr", "CMN-062"},
		{"pg-rex_stop --vocabulary=middle", "Option --vocabulary cannot have this value: middle", "CMN-062"},
		{"pg-rex_stop --timeout=-1", "Option --timeout cannot have this value: -1", "CMN-062"},
		{"pg-rex_stop --timeout soon", "Option --timeout cannot have this value: soon", "CMN-062"},
		{"pg-rex_stop --fast=perhaps", "Option --fast cannot have this value: perhaps", "CMN-062"},
		{"pg-rex_stop --timeout", `Option --timeout cannot have this value: ""`, "CMN-062"},
		{"pg-rex_stop --verb --fa -y", "", ""},
		{"pg-rex_stop -fast", "", ""},
		{"pg-rex_stop -F", "", ""},
		{"pg-rex_stop -fy", "", ""},
		{"pg-rex_stop --addi", "", ""},
		{"pg-rex_stop -a", "", ""}, // as people have it in their fingers
		{"pg-rex_stop --time 5", "", ""},
		{"pg-rex_stop --time=5", "", ""},
		{"pg-rex_stop --log-file -h", "", ""}, // the name of a file
	} {
		t.Run(tt.argv, func(t *testing.T) {
			t.Chdir(t.TempDir()) // a log file may come to be
			got := raw(t, 1000, strings.Fields(tt.argv)...)
			if tt.says == "" {
				if got.status != 3 || !strings.Contains(got.err, "CMN-001") {
					t.Errorf("%+v", got)
				}
				return
			}
			if got.status != 2 || got.out != "" || !strings.HasPrefix(got.err, tt.id+": ") || !strings.Contains(got.err, tt.says) {
				t.Errorf("%d\n%s%s", got.status, got.out, got.err)
			}
			if tt.id == "CMN-060" && !strings.Contains(got.err, "\nUsage: pg-rex_stop ") || !strings.Contains(got.err, "next: pg-rex_stop --help") {
				t.Errorf("no way on: %s", got.err)
			}
		})
	}
	got := raw(t, 0, "pg-rex", "nonsense")
	if got.status != 2 || !strings.HasPrefix(got.err, "CMN-064: ") || !strings.Contains(got.err, "primary-start") {
		t.Errorf("%+v", got)
	}
}

// What stands before the options is made of the letters that are there.
func TestNormalise(t *testing.T) {
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	set.BoolP("help", "h", false, "")
	set.BoolP("move", "m", false, "")
	set.StringP("Volume", "V", "", "")
	set.BoolP("version", "v", false, "")
	set.Bool("verbose", false, "")
	set.String("file", "", "")
	for in, want := range map[string]string{
		"-h": "-h", "-H": "-h", "-V x": "-V x", "-M": "-m", "--mo": "--move", "-mo": "--move", "--fi=a=b": "--file=a=b", "--fi -h": "--file -h",
		"-": "--help", "--": "--help", "x --he y": "x --help y", "--ver": "--ver", "-mh": "-mh", "--file a --mo": "--file a --move",
	} {
		if got := strings.Join(normalise(set, strings.Fields(in), false), " "); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := normalise(set, []string{"-H", "-v", "-V"}, true); !slices.Equal(got, []string{"-H", "-v", "-V"}) {
		t.Errorf("case counts: %q", got)
	}
}

// Conformance: AT-016 (unit)
func TestRootIsNeeded(t *testing.T) {
	for _, name := range slices.Concat(newPrograms[:4], oldPrograms[:2]) {
		c := healthyCluster(t)
		c.machine.User = 1000
		c.want(c.play(typed{input: "y\ny\n", terminal: true}, name), 3, []string{"CMN-001: This command must be run as root"})
	}
}

// Conformance: AT-017 (unit)
func TestOldNamesAreTheSameCommands(t *testing.T) {
	for i, name := range newPrograms {
		p, ok := find([]string{"/usr/sbin/" + name})
		old, oldOK := find([]string{oldPrograms[i], "-x"})
		if !ok || !oldOK || p.cmd.name != old.cmd.name || p.old || (old.old != (name != oldPrograms[i])) || !slices.Equal(old.args, []string{"-x"}) {
			t.Errorf("%s: %+v, %s: %+v", name, p, oldPrograms[i], old)
		}
		// The help differs in nothing but the name.
		text := raw(t, 0, name, "-h")
		if other := raw(t, 0, oldPrograms[i], "-h"); strings.ReplaceAll(other.out, oldPrograms[i], name) != text.out {
			t.Errorf("the help of %s and %s:\n%s\n%s", name, oldPrograms[i], text.out, other.out)
		}
	}
	for argv, want := range map[string]string{"pg-rex primary-start": "primary-start", "pg-rex slave-start x": "standby-start", "pg-rex stop": "stop"} {
		if p, ok := find(strings.Fields(argv)); !ok || p.cmd.name != want {
			t.Errorf("%s: %+v", argv, p)
		}
	}
}

// The two samples of the specification, as the five commands take them.
//
// Conformance: AT-001, AT-002 (unit)
func TestSamplesAndTheirWords(t *testing.T) {
	for _, tt := range []struct {
		sample string
		own    []string
		names  []string
		words  message.Words
	}{
		{"tutorial.conf", []string{"192.168.2.2"}, oldPrograms, message.OldWords},
		{"new.conf", []string{"10.0.1.1", "10.0.2.1", "10.0.3.1"}, newPrograms, message.NewWords},
	} {
		for _, name := range tt.names {
			p, _ := find([]string{name})
			s := &session{own: node.Local{}, program: p, common: common{config: filepath.Join("..", "conf", "testdata", tt.sample)}, machine: &Machine{
				Addresses: func() ([]netip.Addr, error) {
					var own []netip.Addr
					for _, a := range tt.own {
						own = append(own, netip.MustParseAddr(a))
					}
					return own, nil
				},
			}}
			ok, problems := s.configure()
			if !ok || len(problems) > 0 || s.words() != tt.words || p.cmd.peer && !s.lans.Peer.IsValid() {
				t.Errorf("%s with %s: %v %v %v %v", name, tt.sample, ok, problems, s.words(), s.lans)
			}
		}
	}
}

func TestWords(t *testing.T) {
	for _, tt := range []struct {
		argv, vocabulary string
		oldConf          bool
		want             message.Words
	}{
		{"pg-rex_master_start", "", false, message.OldWords},
		{"pg-rex_primary_start", "", true, message.NewWords},
		{"pg-rex_slave_start", "new", true, message.NewWords},
		{"pg-rex_standby_start", "old", false, message.OldWords},
		{"pg-rex_stop", "", true, message.OldWords},
		{"pg-rex_stop", "", false, message.NewWords},
		{"pg-rex_switchover", "new", true, message.NewWords},
		{"pg-rex master-start", "", false, message.OldWords},
		{"pg-rex primary-start", "", true, message.NewWords},
	} {
		p, _ := find(strings.Fields(tt.argv))
		s := &session{program: p, common: common{vocabulary: tt.vocabulary}}
		s.conf.Old = tt.oldConf
		if got := s.words(); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
	c := healthyCluster(t).old()
	c.want(c.play(typed{}, "pg-rex_stop"), 4, []string{"Stopping Master on pgrex01.", "Slave is running on pgrex02."})
	c.want(c.play(typed{}, "pg-rex_stop", "--vocabulary", "new"), 4, []string{"Stopping Primary on pgrex01.", "Standby is running on pgrex02."})
}

// Conformance: AT-018 (unit)
func TestLanguage(t *testing.T) {
	for _, tt := range []struct {
		env  map[string]string
		lang string
		ja   bool
	}{
		{env: map[string]string{}},
		{env: map[string]string{"LANG": "ja_JP.UTF-8"}, ja: true},
		{env: map[string]string{"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}},
		{env: map[string]string{"LANG": "C", "LC_MESSAGES": "ja_JP.UTF-8"}, ja: true},
		{env: map[string]string{"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}, lang: "ja", ja: true},
		{env: map[string]string{"LC_ALL": "ja_JP.UTF-8"}, lang: "en"},
	} {
		c := downCluster(t)
		argv := []string{"pg-rex_stop"}
		if tt.lang != "" {
			argv = append(argv, "--lang", tt.lang)
		}
		got := c.play(typed{env: tt.env}, argv...)
		if ja := strings.Contains(got.out, "停止しています"); ja != tt.ja || got.status != 0 {
			t.Errorf("%+v: %+v", tt, got)
		}
		if help := c.play(typed{env: tt.env}, append(argv, "-h")...); strings.Contains(help.out, "使い方") != tt.ja {
			t.Errorf("%+v: %s", tt, help.out)
		}
	}
}

// Conformance: AT-019 (unit)
func TestJSONOfACommand(t *testing.T) {
	for name, play := range map[string]func(c *fakeCluster) played{
		"done": func(c *fakeCluster) played {
			return c.play(typed{}, "pg-rex_stop", "--yes", "--output", "json", "--verbose")
		},
		"a question":    func(c *fakeCluster) played { return c.play(typed{terminal: true}, "pg-rex_stop", "--output", "json") },
		"wrong options": func(c *fakeCluster) played { return c.play(typed{}, "pg-rex_stop", "--output", "json", "--nonsense") },
		"too many":      func(c *fakeCluster) played { return c.play(typed{}, "pg-rex_stop", "x", "--output", "json") },
		"not root": func(c *fakeCluster) played {
			c.machine.User = 7
			return c.play(typed{}, "pg-rex_stop", "--output=json")
		},
		"configuration": func(c *fakeCluster) played {
			c.conf = "x"
			return c.play(typed{}, "pg-rex_switchover", "--output=json")
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := play(healthyCluster(t))
			var last map[string]any
			for line := range strings.Lines(got.out) {
				last = nil
				if err := json.Unmarshal([]byte(line), &last); err != nil {
					t.Fatalf("%v: %q", err, line)
				}
			}
			if exit, ok := last["exit"].(float64); !ok || int(exit) != got.status || got.err != "" {
				t.Errorf("status %d, last line %v, standard error %q", got.status, last, got.err)
			}
		})
	}
}

// Programs answer in one language whatever the locale of their user, on both
// nodes: what is read of them is read in that.
//
// Conformance: AT-020 (unit)
func TestProgramsAnswerInOneLanguage(t *testing.T) {
	for _, name := range []string{"LC_ALL", "LANG", "LANGUAGE"} {
		t.Setenv(name, "ja_JP.UTF-8")
	}
	res, err := node.Runner(node.Local{}).Run(t.Context(), run.Command{Argv: []string{"sh", "-c", "echo $LC_ALL $LANG $LANGUAGE"}, Unset: []string{"LANGUAGE"}})
	if err != nil || string(res.Stdout) != "C\n" {
		t.Errorf("%q %v", res.Stdout, err)
	}
}

// Conformance: AT-129 (unit)
func TestSecondCommand(t *testing.T) {
	c := healthyCluster(t)
	since := time.Date(2026, 4, 1, 12, 30, 0, 0, time.Local)
	other := func(n *fakeNode, host string) func() {
		l, _, err := node.Lock(t.Context(), n, c.machine.LockFile, node.Holder{PID: 4711, Command: "pg-rex_switchover", Host: host, Since: since})
		if err != nil {
			t.Fatal(err)
		}
		return func() { _ = l.Close() }
	}
	release := other(c.a, "pgrex01")
	got := c.play(typed{}, "pg-rex_stop", "--yes")
	release()
	c.want(got, 7, []string{"CMN-041: pg-rex_switchover is running on this node (pid 4711, since 2026-04-01 12:30:00)."})
	// Typed on the peer, which has our lock.
	release = other(c.a, "pgrex02")
	got = c.play(typed{}, "pg-rex_stop", "--yes")
	release()
	c.want(got, 7, []string{"CMN-042: pg-rex_switchover is running on pgrex02 (since 2026-04-01 12:30:00)."})

	if err := os.WriteFile(c.a.lockFile(), []byte("4711\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.want(c.play(typed{}, "pg-rex_stop", "--yes"), 0, []string{"Took over a stale lock of pid 4711."}, wholeStop...)
}

func TestLockCannotBeMade(t *testing.T) {
	c := healthyCluster(t)
	if err := os.Symlink("/nonexistent", c.a.lockFile()); err != nil {
		t.Fatal(err)
	}
	got := c.play(typed{}, "pg-rex_stop", "--yes")
	if err := os.Remove(c.a.lockFile()); err != nil {
		t.Fatal(err)
	}
	c.want(got, 3, []string{"CMN-043: "})
}

// Conformance: AT-132 (unit)
func TestJournal(t *testing.T) {
	c := healthyCluster(t)
	ctx := t.Context()
	begin := func(argv string, o common) *session {
		p, _ := find(strings.Fields(argv))
		return &session{program: p, common: o, machine: c.machine, own: c.a, peer: c.b, con: console.New(console.Options{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}})}
	}
	s := begin("pg-rex_switchover", common{})
	s.begin(map[string]string{"from": "pgrex01"}, c.a, c.b)
	if err := s.phase(ctx, "maintenance"); err != nil {
		t.Fatal(err)
	}
	path := "/var/lib/pg-rex/operation.json"
	if c.a.files[path] == "" || c.a.files[path] != c.b.files[path] {
		t.Errorf("the journals differ: %q %q", c.a.files[path], c.b.files[path])
	}
	for _, n := range []node.Node{c.a, c.b} {
		for _, name := range []string{"pg-rex_primary_start", "pg-rex_slave_start", "pg-rex_switchover", "pg-rex_archivefile_delete"} {
			err := begin(name, common{}).unfinished(ctx, n)
			var f *message.Failure
			if !errors.As(err, &f) || f.ID != message.CMN040 || f.ID.Exit() != 7 || f.Next != "pg-rex_switchover --resume" {
				t.Fatalf("%s: %v", name, err)
			}
			text := message.Printer{}.Text(f.ID, f.Args...)
			for _, part := range []string{"pg-rex_switchover of ", "on pgrex01", "(phase: maintenance)", "--resume or --abort"} {
				if !strings.Contains(text, part) {
					t.Errorf("%s: %q is not in %q", name, part, text)
				}
			}
		}
		// Another command with these options does not go on with it either.
		if err := begin("pg-rex_standby_start", common{resume: true}).unfinished(ctx, n); !message.IsFailure(err, message.CMN040) {
			t.Errorf("%v", err)
		}
		for _, o := range []common{{resume: true}, {abort: true}} {
			again := begin("pg-rex_switchover", o)
			if err := again.unfinished(ctx, n); err != nil || again.found == nil || again.found.Phase != "maintenance" || again.found.Facts["from"] != "pgrex01" {
				t.Errorf("%v %+v", err, again.found)
			}
			again.begin(again.found.Facts, c.a)
			if !again.journal.Started.Equal(again.found.Started) {
				t.Errorf("the beginning was forgotten: %+v", again.journal)
			}
		}
	}
	// A phase that cannot be written down is not begun.
	react(c.b, "write-file", func(node.File) (struct{}, error) { return struct{}{}, syscall.ENOSPC })
	if err := s.phase(ctx, "stop"); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "pgrex02") {
		t.Errorf("%v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.finished(cancelled); err != nil || c.a.files[path] != "" || c.b.files[path] != "" {
		t.Errorf("%v %q %q", err, c.a.files[path], c.b.files[path])
	}
	if err := begin("pg-rex_standby_start", common{}).unfinished(ctx, c.a); err != nil {
		t.Error(err)
	}
	c.a.files[path] = "{"
	if err := begin("pg-rex_standby_start", common{}).unfinished(ctx, c.a); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a journal that cannot be read: %v", err)
	}
}

// Waiting ends when nothing is missing, with the limit, with an error, and with
// the context.
func TestUntil(t *testing.T) {
	s := &session{con: console.New(console.Options{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}})}
	s.conf.PollInterval = time.Millisecond
	looks := 0
	missing, err := s.until(t.Context(), "x", time.Minute, func(context.Context) ([]string, error) {
		looks++
		return []string{"a", "b"}[:max(0, 2-looks)], nil
	})
	if len(missing) > 0 || err != nil || looks != 2 {
		t.Errorf("%v %v after %d", missing, err, looks)
	}
	missing, err = s.until(t.Context(), "x", 20*time.Millisecond, func(context.Context) ([]string, error) { return []string{"a"}, nil })
	if !slices.Equal(missing, []string{"a"}) || err != nil {
		t.Errorf("%v %v", missing, err)
	}
	wrong := errors.New("wrong")
	if _, err = s.until(t.Context(), "x", time.Minute, func(context.Context) ([]string, error) { return nil, wrong }); !errors.Is(err, wrong) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	if _, err = s.until(ctx, "x", time.Minute, func(context.Context) ([]string, error) { cancel(wrong); return []string{"a"}, nil }); !errors.Is(err, wrong) {
		t.Error(err)
	}
}

// The help of every command in both languages: each option has both texts, and
// the columns stand under each other.
//
// Conformance: AT-133 (unit)
func TestHelpInBothLanguages(t *testing.T) {
	for _, c := range commands() {
		var o common
		cc, f, _ := c.cobra(c.name, &o)
		texts := map[string]both{"short": c.short, "long": c.long}
		cc.Flags().VisitAll(func(x *pflag.Flag) { texts["--"+x.Name] = f.help[x.Name] })
		for what, b := range texts {
			if b[0] == "" || b[1] == "" || message.Width(b[0]) != len([]rune(b[0])) || message.Width(b[1]) == len([]rune(b[1])) {
				t.Errorf("%s %s: %q", c.name, what, b)
			}
		}
		for _, lang := range []string{"en", "ja"} {
			p := message.In(lang)
			help := helpText(c, c.names[0], f, p)
			if strings.Contains(help, "additional_information") {
				t.Errorf("%s: the hidden option is shown", c.name)
			}
			_, options, _ := strings.Cut(help, both{"Options", "オプション"}.in(p)+":\n")
			column := 0
			cc.Flags().VisitAll(func(x *pflag.Flag) {
				for line := range strings.Lines(options) {
					line = strings.TrimRight(line, "\n")
					if before, ok := strings.CutSuffix(line, f.help[x.Name].in(p)); ok && strings.Contains(before, "--"+x.Name) {
						if column == 0 {
							column = message.Width(before)
						}
						if message.Width(before) != column {
							t.Errorf("%s: %q begins at %d, not %d", c.name, line, message.Width(before), column)
						}
					}
				}
			})
			if column == 0 {
				t.Errorf("%s has no options:\n%s", c.name, help)
			}
		}
	}
	// Texts of commands that are not options: every value of the type.
	if reflect.TypeFor[both]().Len() != 2 {
		t.Error("a third language needs its test")
	}
}

// stopInAProcess plays pg-rex_stop with real signals: systemctl takes as long as
// the file "hold" is there, and the checkpoint as long as "checkpoint" is.
func stopInAProcess(dir string) int {
	t := &outside{dir: dir}
	c := healthyCluster(t)
	c.b.stop()
	wait := func(name string) error {
		t.mark("in-" + name)
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
			if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
				return nil
			}
		}
		return errors.New("waited too long")
	}
	c.a.answers["checkpoint"] = func(ctx context.Context, _ []byte) (any, error) {
		t.mark("in-checkpoint")
		if _, err := os.Lstat(filepath.Join(dir, "checkpoint")); err == nil {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}
		return time.Duration(0), nil
	}
	c.a.programs["systemctl"] = func(argv []string) (string, int) {
		if err := wait("hold"); err != nil {
			return "", 1
		}
		c.a.c.mu.Lock()
		defer c.a.c.mu.Unlock()
		return c.a.systemctl(argv[1], argv[2])
	}
	got := c.play(typed{}, "pg-rex_stop")
	fmt.Printf("%s%schanges: %q\n", got.out, got.err, c.changes())
	return got.status
}

// outside is a test in another process.
type outside struct {
	testing.TB
	dir string
}

func (o *outside) Helper()         {}
func (o *outside) TempDir() string { return o.dir }
func (o *outside) Error(v ...any)  { fmt.Println(v...) }
func (o *outside) Fatal(v ...any)  { panic(fmt.Sprint(v...)) }
func (o *outside) mark(name string) {
	if err := os.WriteFile(filepath.Join(o.dir, name), nil, 0o600); err != nil {
		panic(err)
	}
}

// Conformance: AT-130 (unit)
func TestInterruptedStop(t *testing.T) {
	for _, tt := range []struct {
		name    string
		at      string // the file that says how far it came
		signal  syscall.Signal
		says    []string
		changes string
	}{
		{"safe, SIGINT", "checkpoint", syscall.SIGINT, []string{"Interrupted. Nothing was changed."}, "changes: []"},
		{"safe, SIGTERM", "checkpoint", syscall.SIGTERM, []string{"Interrupted. Nothing was changed."}, "changes: []"},
		{"critical", "hold", syscall.SIGINT,
			[]string{"Interrupt received. It takes effect after the current step.", "1. Stop Pacemaker\n", "...[OK]\n", "No longer waiting."},
			`changes: ["pgrex01: sync" "pgrex01: systemctl stop pacemaker.service" "pgrex01: systemctl stop corosync.service"]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			o := &outside{TB: t, dir: dir}
			o.mark(tt.at)
			cmd := exec.Command("/proc/self/exe")
			cmd.Env = append(os.Environ(), "OPERATION_TEST_DIR="+dir)
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for end := time.Now().Add(10 * time.Second); ; time.Sleep(2 * time.Millisecond) {
				if _, err := os.Lstat(filepath.Join(dir, "in-"+tt.at)); err == nil {
					break
				}
				if time.Now().After(end) {
					_ = cmd.Process.Kill()
					_ = cmd.Wait()
					t.Fatalf("it did not get there:\n%s", out.String())
				}
			}
			sent := time.Now()
			if err := cmd.Process.Signal(tt.signal); err != nil {
				t.Fatal(err)
			}
			if tt.at == "hold" {
				time.Sleep(50 * time.Millisecond) // the signal comes first
				if err := os.Remove(filepath.Join(dir, "hold")); err != nil {
					t.Fatal(err)
				}
			}
			_ = cmd.Wait()
			if status, took := cmd.ProcessState.ExitCode(), time.Since(sent); status != 8 || took > time.Second {
				t.Errorf("status %d after %v\n%s", status, took, out.String())
			}
			for _, text := range append(tt.says, tt.changes) {
				if !strings.Contains(out.String(), text) {
					t.Errorf("%q is not said:\n%s", text, out.String())
				}
			}
		})
	}
}
