package main

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"pgrex/internal/ocf"
)

// The scripts run the real program in processes of its own. Pacemaker's tools
// are stand-ins that note each call; what a refused action must not do is to
// call one.
func TestMain(m *testing.M) {
	commands := map[string]func(){"pgsql-ra": main}
	for _, tool := range []string{"crm_mon", "crm_attribute", "crm_node", "crm_resource", "cibadmin", "attrd_updater", "pg_ctl"} {
		commands[tool] = noteCall
	}
	testscript.Main(m, commands)
}

func noteCall() {
	f, err := os.OpenFile(os.Getenv("CALLS"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintln(f, strings.Join(os.Args, " "))
		for _, kv := range os.Environ() { // what a program is told this way, its children are too
			if err == nil && strings.Contains(kv, "geheim") {
				_, err = fmt.Fprintln(f, kv)
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if filepath.Base(os.Args[0]) == "crm_attribute" {
		os.Exit(0) // else start ends before it comes to the server
	}
	os.Exit(102) // CRM_EX_DISCONNECT
}

func TestScripts(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(scripts) < 4 {
		t.Fatalf("only %d scripts found: %v", len(scripts), err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		// The agent insists on being root or pgdba; no server is started here.
		Setup: func(env *testscript.Env) error {
			env.Setenv("ME", me.Username)
			env.Setenv("CALLS", filepath.Join(env.WorkDir, "calls"))
			return os.WriteFile(filepath.Join(env.WorkDir, "calls"), nil, 0o600)
		},
		Condition: func(cond string) (bool, error) {
			if cond != "root" {
				return false, fmt.Errorf("unknown condition %q", cond)
			}
			return os.Geteuid() == 0, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"agent":     agentCommand,
			"refused":   refusedCommand,
			"remember":  rememberCommand,
			"unchanged": unchangedCommand,
			"edited":    editedCommand,
		},
	})
}

// agentCommand is "agent ACTION STATUS [ARGUMENT...]": the exact exit status,
// which a plain "!" does not check. ACTION "-" stands for none.
func agentCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: agent ACTION STATUS [ARGUMENT...]")
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	argv := []string{"pgsql-ra"}
	if args[0] != "-" {
		argv = append(append(argv, args[0]), args[2:]...)
	}
	if got := run(ts, argv...); got != want {
		ts.Fatalf("%s: exit status %d, want %d", args[0], got, want)
	}
}

func run(ts *testscript.TestScript, argv ...string) int {
	err := ts.Exec(argv[0], argv[1:]...)
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	ts.Fatalf("cannot run the agent: %v", err)
	return -1
}

// refusedCommand is "refused STATUS PARAMETER VALUE TEXT...": with the
// parameter set to the value, validate-all at level 10 and start are refused
// with the status and for one short reason that holds the texts; neither
// prints anything else, calls a program, or touches a file below node/. A
// PARAMETER with a slash before it, /PARAMETER, is one that only start can judge.
func refusedCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: refused STATUS PARAMETER VALUE TEXT...")
	}
	status, err := strconv.Atoi(args[0])
	ts.Check(err)
	name, onlyStart := strings.CutPrefix(args[1], "/")
	actions := []string{"start", "validate-all"}
	if onlyStart {
		actions = actions[:1]
	}
	for _, action := range actions {
		files := checksums(ts, "node")
		got := run(ts, "env", "OCF_RESKEY_"+name+"="+args[2], "pgsql-ra", action)
		reason := ts.ReadFile("stderr")
		switch {
		case got != status:
			ts.Fatalf("%s with %s=%q: exit status %d, want %d", action, name, args[2], got, status)
		case !strings.HasPrefix(reason, "ocf-exit-reason:") || strings.Count(reason, "\n") != 1:
			ts.Fatalf("%s with %s=%q: not one reason: %q", action, name, args[2], reason)
		case len([]rune(reason)) > len("ocf-exit-reason:")+200+1:
			ts.Fatalf("%s with %s=%q: a reason of %d characters: %s", action, name, args[2], len([]rune(reason)), reason)
		case ts.ReadFile("stdout") != "":
			ts.Fatalf("%s with %s=%q prints %q", action, name, args[2], ts.ReadFile("stdout"))
		case checksums(ts, "node") != files:
			ts.Fatalf("%s with %s=%q changed files from\n%s\nto\n%s", action, name, args[2], files, checksums(ts, "node"))
		case ts.ReadFile("calls") != "":
			ts.Fatalf("%s with %s=%q called %s", action, name, args[2], ts.ReadFile("calls"))
		}
		for _, text := range append([]string{name}, args[3:]...) {
			if !strings.Contains(reason, text) {
				ts.Fatalf("%s with %s=%q: the reason lacks %q: %s", action, name, args[2], text, reason)
			}
		}
	}
}

// Every parameter is tried with a wrong value, or there is a reason why it has
// none that can be seen without a server. refusedCommand sees to the rest.
//
// Conformance: 11, 13, 21 (script)
func TestEveryParameterIsTried(t *testing.T) {
	noneIsWrong := map[string]string{
		"psql":                    "not used",
		"pghost":                  "a name of any kind: the server and the name service know",
		"pglibs":                  "a search path: what is not there is not searched",
		"monitor_user":            "a role of the database",
		"monitor_sql":             "a statement: the server knows",
		"pgdb":                    "a database: the server knows",
		"restore_command":         "a command of the server",
		"archive_cleanup_command": "a command of the server",
		"recovery_end_command":    "a command of the server",
		"restart_on_promote":      "what is not true is false",
		"check_wal_receiver":      "what is not true is false",
		"watch_server":            "what is not true is false",
	}
	var scripts []byte
	for _, name := range []string{"refused", "elsewhere"} {
		text, err := os.ReadFile("testdata/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		scripts = append(scripts, text...)
	}
	for _, p := range ocf.Table("") {
		tried := regexp.MustCompile(`(?m)^refused \d /?` + p.Name + ` `).Match(scripts)
		if _, harmless := noneIsWrong[p.Name]; tried == harmless {
			t.Errorf("%s: tried with a wrong value: %t, none is wrong: %t", p.Name, tried, harmless)
		}
	}
}

func rememberCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: remember FOLDER")
	}
	ts.Check(os.WriteFile(ts.MkAbs("checksums"), []byte(checksums(ts, args[0])), 0o600))
}

func unchangedCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: unchanged FOLDER")
	}
	if before, after := ts.ReadFile("checksums"), checksums(ts, args[0]); before != after {
		ts.Fatalf("%s was\n%s\nand is\n%s", args[0], before, after)
	}
}

// editedCommand is "edited MODE": postgresql.conf is the plain one with exactly
// the include lines of the mode at its end.
func editedCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: edited sync|async|eleven")
	}
	line := func(name string) string {
		return "include '" + ts.MkAbs("node/tmp/"+name) + "' # added by pgsql RA\n"
	}
	want := ts.ReadFile("plain.conf")
	if args[0] != "eleven" {
		want += line("recovery.conf")
	}
	if args[0] != "async" {
		want += line("rep_mode.conf")
	}
	if got := ts.ReadFile("node/data/postgresql.conf"); got != want {
		ts.Fatalf("postgresql.conf is\n%s\nwant\n%s", got, want)
	}
}

// checksums describes every file below a folder.
func checksums(ts *testscript.TestScript, folder string) string {
	var b strings.Builder
	ts.Check(filepath.WalkDir(ts.MkAbs(folder), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %v %v", path, fi.Mode(), fi.ModTime())
		if fi.Mode().IsRegular() {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %x", sha256.Sum256(text))
		}
		b.WriteString("\n")
		return nil
	}))
	return b.String()
}

// ocf-tester asks for the meta-data as user nobody, in an empty environment.
//
// Conformance: 1, 5 (script)
func TestDescriptionNeedsNothing(t *testing.T) {
	program := programForAll(t)
	for action, want := range map[string]string{
		"meta-data": "<resource-agent name=\"pgsql\"",
		"methods":   strings.Join(ocf.Methods(), "\n") + "\n",
		"usage":     ocf.Usage(),
		"help":      "pgsql-ra explain [RESOURCE]",
		"-h":        "--help",
		"--help":    strings.Join(ocf.Methods()[:1], ""),
	} {
		cmd := exec.Command(program, action, "and", "more")
		cmd.Env, cmd.Dir = []string{}, "/"
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		asNobody(cmd)
		if err := cmd.Run(); err != nil || stderr.Len() > 0 || !strings.Contains(stdout.String(), want) {
			t.Errorf("%s: %v, %q\n%s", action, err, stderr.String(), stdout.String())
		}
		if action == "meta-data" {
			wellFormed(t, stdout.Bytes())
		}
	}
}

func wellFormed(t *testing.T, text []byte) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Errorf("not XML: %v", err)
			return
		}
	}
}

// programForAll is the program in a folder that everybody may enter, which
// t.TempDir is not.
func programForAll(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgsql-ra")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "pgsql-ra")
	if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(program, self, 0o755)); err != nil {
		t.Fatal(err)
	}
	return program
}

func asNobody(cmd *exec.Cmd) {
	if os.Geteuid() == 0 {
		const nobody = 65534
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
}

// Only root and the server's own user can look after a server; others are told
// so, by every action that would.
//
// Conformance: 9 (script)
func TestStrangersAreRefused(t *testing.T) {
	program := programForAll(t)
	for _, action := range []string{"start", "stop", "status", "monitor", "promote", "demote"} {
		cmd := exec.Command(program, action)
		cmd.Dir = "/"
		cmd.Env = []string{"OCF_RA_VERSION_MAJOR=1", "OCF_RESOURCE_INSTANCE=pgsql", "HA_LOGFILE=/dev/null",
			"OCF_RESKEY_CRM_meta_on_node=node01", "OCF_RESKEY_CRM_meta_clone=0", "OCF_RESKEY_CRM_meta_notify=true",
			"OCF_RESKEY_CRM_meta_master_max=1", "OCF_RESKEY_pgdba=root", "OCF_RESKEY_pgdata=/nowhere",
			"OCF_RESKEY_rep_mode=sync", "OCF_RESKEY_node_list=node01 node02", "OCF_RESKEY_master_ip=192.0.2.1"}
		asNobody(cmd)
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != int(ocf.ErrGeneric) || string(out) != "ocf-exit-reason:must run as root or as root\n" {
			t.Errorf("%s: %v, %q", action, err, out)
		}
	}
}

// Whoever may not look at the server is told what is missing and how to see it.
func TestExplainToStrangers(t *testing.T) {
	program := programForAll(t)
	cmd := exec.Command(program, "explain")
	cmd.Dir = "/"
	cmd.Env = []string{"OCF_RESKEY_pgdba=root", "OCF_RESKEY_pgdata=/nowhere", "PATH=/nowhere"}
	asNobody(cmd)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || len(exit.Stderr) > 0 ||
		!bytes.Contains(out, []byte("must run as root or as root")) || !bytes.Contains(out, []byte("pgdata")) {
		t.Errorf("%v\n%s", err, out)
	}
}

// What is installed on a node is one file.
//
// Conformance: 120 (script)
func TestProgramNeedsNothing(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "pgsql-ra")
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty+".go", []byte("package main\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for into, from := range map[string]string{program: ".", empty: empty + ".go"} {
		build := exec.Command("go", "build", "-trimpath", "-o", into, from) // as the Makefile does
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	f, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	libraries, err := f.ImportedLibraries()
	if err != nil || len(libraries) > 0 {
		t.Errorf("needs %q, %v", libraries, err)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("needs a loader")
		}
	}
	// The quickest of some, in the processor's time. Where a Go program that does
	// nothing takes milliseconds, the machine is slow and not the program.
	best := func(cmd func() *exec.Cmd) time.Duration {
		least := time.Hour
		for range 21 {
			cmd := cmd()
			out, err := cmd.Output()
			if err != nil || cmd.Args[0] == program && !bytes.Contains(out, []byte("<resource-agent")) {
				t.Fatalf("%v\n%s", err, out)
			}
			least = min(least, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
		}
		return least
	}
	nothing := best(func() *exec.Cmd { return exec.Command(empty) })
	took := best(func() *exec.Cmd {
		cmd := exec.Command(program, "meta-data")
		cmd.Env = []string{}
		if os.Geteuid() == 0 { // with nothing else in sight
			cmd.Path, cmd.Dir = "/pgsql-ra", "/"
			cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: dir}
		}
		return cmd
	})
	if limit := max(10*time.Millisecond, 7*nothing); took > limit {
		t.Errorf("takes %v of the processor, a program that does nothing %v", took, nothing)
	}
}
