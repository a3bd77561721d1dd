package lab

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Suites lists the releases of Debian that nodes can run in place of the
// machine's own, oldest first.
func Suites() []string { return []string{"bullseye", "bookworm", "trixie", "forky"} }

// A suite's root file system is built once and kept below this folder.
const (
	suiteDir    = "/var/cache/pgrex/suites"
	suiteDirEnv = "PGREX_SUITE_DIR" // another folder
	mirrorEnv   = "PGREX_MIRROR"    // another archive than the one of the machine's apt
)

// buildTimeout ends a build that hangs, and the wait for one of another process.
const buildTimeout = 30 * time.Minute

// suite is a place for the root file system of one release.
type suite struct{ name, dir string }

func newSuite(name string) (suite, error) {
	if !slices.Contains(Suites(), name) {
		return suite{}, fmt.Errorf("%w %q: use one of %s", ErrUnknownSuite, name, strings.Join(Suites(), ", "))
	}
	dir := os.Getenv(suiteDirEnv)
	if dir == "" {
		dir = suiteDir
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return suite{}, err
	}
	if strings.ContainsAny(dir, `:,\`) {
		return suite{}, fmt.Errorf("%s: an overlay cannot be mounted over a path with one of these: : , \\", dir)
	}
	return suite{name: name, dir: dir}, nil
}

func (s suite) root() string { return filepath.Join(s.dir, s.name) }
func (s suite) log() string  { return s.root() + ".log" }

// part is where the root file system grows. It gets its name when it is complete.
func (s suite) part() string { return s.root() + ".part" }

func (s suite) built() bool {
	_, err := os.Stat(s.root())
	return err == nil
}

// suiteBase is the root file system of a suite, which is built if it is not there yet.
func suiteBase(ctx context.Context, name string, report func(Step)) (base, error) {
	s, err := newSuite(name)
	if err != nil {
		return "", err
	}
	if s.built() {
		return base(s.root()), nil
	}
	if missing := machine.missing([]string{"debootstrap", "unshare"}); len(missing) > 0 {
		return "", &MissingError{Programs: missing}
	}
	err = step(report, Step{ID: StepSuite, Suite: name}, func(*Step) error {
		ctx, cancel := context.WithTimeoutCause(ctx, buildTimeout, fmt.Errorf("not done within %v", buildTimeout))
		defer cancel()
		return s.locked(ctx, func() error {
			if s.built() { // by whoever had the lock before us
				return nil
			}
			return s.build(ctx)
		})
	})
	if err != nil {
		return "", &SuiteError{Suite: name, Err: err}
	}
	return base(s.root()), nil
}

// BuildSuite builds the root file system of a suite ahead of its first lab.
func BuildSuite(ctx context.Context, name string, report func(Step)) error {
	if err := preflight(); err != nil {
		return err
	}
	_, err := suiteBase(ctx, name, report)
	return err
}

// SuiteError says why the root file system of a suite could not be built.
type SuiteError struct {
	Suite string
	Err   error
}

func (e *SuiteError) Error() string {
	return fmt.Sprintf("cannot build the root file system of %s: %v", e.Suite, e.Err)
}

func (e *SuiteError) Unwrap() error { return e.Err }

// locked calls do while no other process builds or removes this suite.
func (s suite) locked(ctx context.Context, do func() error) error {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(s.root()+".lock", os.O_CREATE|os.O_RDWR|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return err
	}
	defer lock.Close()
	err = Until(ctx, "end of another build", buildTimeout, func(context.Context) (string, bool) {
		err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		return fmt.Sprint(err), err == nil
	})
	if err != nil {
		return err
	}
	return do()
}

//go:embed install-debian.sh
var installScript string

// build makes the root file system with Debian's own packages: a minimal system
// first, then what a node needs. A build that was killed leaves its part, which
// the next one throws away: it has no mounts, see confined.
func (s suite) build(ctx context.Context) error {
	if err := s.removePart(); err != nil {
		return err
	}
	mirror, err := debianMirror(ctx)
	if err != nil {
		return err
	}
	log, err := os.Create(s.log())
	if err != nil {
		return err
	}
	defer log.Close()
	// Newer releases than the machine's have no script of their own here; since
	// Debian 8 all of them are links to this one.
	const script = "/usr/share/debootstrap/scripts/sid"
	err = confined(ctx, log, "", "debootstrap", "--variant=minbase", s.name, s.part(), mirror, script)
	if err != nil {
		return s.failed(err)
	}
	if err := s.install(ctx, log); err != nil {
		return s.failed(err)
	}
	return os.Rename(s.part(), s.root())
}

// install brings in the packages of a node, with the settings with which the
// machine's apt reaches the archive. These are of no use in a node and go again.
func (s suite) install(ctx context.Context, log io.Writer) error {
	const script, settings, authorities = "/root/install-debian.sh", "/etc/apt/apt.conf.d/99machine", "/etc/apt/machine.crt"
	in := base(s.part()).in
	conf, err := aptSettings(ctx)
	if err != nil {
		return err
	}
	files := map[string]string{script: installScript}
	if bundle, err := os.ReadFile("/etc/ssl/certs/ca-certificates.crt"); err == nil {
		files[authorities] = string(bundle)
		conf = fmt.Sprintf("Acquire::https::CaInfo %q;\n", authorities) + conf
	}
	files[settings] = conf
	for path, content := range files {
		if err := os.WriteFile(in(path), []byte(content), 0o644); err != nil {
			return err
		}
	}
	if err := confined(ctx, log, s.part(), "sh", script, "--node"); err != nil {
		return err
	}
	for path := range files {
		if err := os.Remove(in(path)); err != nil {
			return err
		}
	}
	// Downloaded packages would be half of the size.
	return confined(ctx, log, s.part(), "apt-get", "clean")
}

func (s suite) failed(err error) error {
	text, readErr := os.ReadFile(s.log())
	if readErr != nil {
		return errors.Join(err, readErr)
	}
	return fmt.Errorf("%w: %s (all of it: %s)", err, lastLines(string(text), 3), s.log())
}

func (s suite) removePart() error {
	if err := unmountBelow(s.part()); err != nil { // somebody may have looked into it by hand
		return err
	}
	return os.RemoveAll(s.part())
}

// confined runs a program in a mount and a process namespace of its own, so that
// its mounts and all its children end with it, and it with us. An empty root is
// the machine's.
func confined(ctx context.Context, log io.Writer, root string, argv ...string) error {
	enter := []string{"unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"}
	if root != "" {
		enter = append(enter, "--root="+root)
	}
	argv = append(append(enter, "--"), argv...)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(cleanEnv(), proxies(os.Environ())...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	// The signal comes at the death of the thread that started the program.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := cmd.Run()
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// proxies are the variables by which programs find their way out.
func proxies(env []string) []string {
	names := []string{"http_proxy", "https_proxy", "no_proxy"}
	var found []string
	for _, v := range env {
		name, _, _ := strings.Cut(v, "=")
		if slices.Contains(names, strings.ToLower(name)) {
			found = append(found, v)
		}
	}
	return found
}

// debianMirror is where the machine's apt has Debian's packages from; the other
// releases are beside them.
func debianMirror(ctx context.Context) (string, error) {
	if mirror := os.Getenv(mirrorEnv); mirror != "" {
		return mirror, nil
	}
	out, err := run(ctx, "apt-get", "indextargets", "--format", "$(ORIGIN) $(LABEL) $(REPO_URI)", "Created-By: Packages")
	if err != nil {
		return "", err
	}
	return parseMirror(out)
}

func parseMirror(targets string) (string, error) {
	for line := range strings.Lines(targets) {
		// The label of security updates is another one.
		uri, ours := strings.CutPrefix(strings.TrimSpace(line), "Debian Debian ")
		if ours && (strings.HasPrefix(uri, "http://") || strings.HasPrefix(uri, "https://")) {
			return strings.TrimSuffix(uri, "/"), nil
		}
	}
	return "", fmt.Errorf("apt knows no archive of Debian by http or https: run apt-get update, or name one in %s", mirrorEnv)
}

// aptSettings are the machine's settings of how an archive is reached and trusted.
func aptSettings(ctx context.Context) (string, error) {
	out, err := run(ctx, "apt-config", "dump")
	if err != nil {
		return "", err
	}
	return reachSettings(out), nil
}

func reachSettings(dump string) string {
	var kept strings.Builder
	for line := range strings.Lines(dump) {
		for _, prefix := range []string{"Acquire::http", "Acquire::Check-", "Acquire::Retries"} {
			if strings.HasPrefix(line, prefix) {
				kept.WriteString(line)
			}
		}
	}
	return kept.String()
}

// SuiteStatus is what is there of a suite.
type SuiteStatus struct {
	Name, Path string
	Built      bool
	Packages   map[string]string // versions of what a cluster is made of
}

// clusterPackages are the packages by which two clusters are told apart.
var clusterPackages = []string{"pacemaker", "corosync", "resource-agents", "systemd"}

// ListSuites looks at all suites.
func ListSuites(ctx context.Context) ([]SuiteStatus, error) {
	var all []SuiteStatus
	for _, name := range Suites() {
		s, err := newSuite(name)
		if err != nil {
			return nil, err
		}
		st := SuiteStatus{Name: name, Path: s.root(), Built: s.built()}
		if st.Built {
			if st.Packages, err = base(s.root()).packages(ctx); err != nil {
				return nil, err
			}
		}
		all = append(all, st)
	}
	return all, nil
}

// Packages are the versions of the packages that the nodes' cluster is made of:
// pacemaker, corosync, resource-agents, systemd and postgresql.
func (l *Lab) Packages(ctx context.Context) (map[string]string, error) {
	return l.state.Base.packages(ctx)
}

func (b base) packages(ctx context.Context) (map[string]string, error) {
	postgres := "postgresql-" + filepath.Base(filepath.Dir(b.pgBin()))
	argv := append([]string{"dpkg-query", "--admindir=" + b.in("/var/lib/dpkg"), "-W", "-f", "${Package} ${Version}\n", postgres}, clusterPackages...)
	out, err := run(ctx, argv...)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for line := range strings.Lines(out) {
		name, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == postgres {
			name = "postgresql"
		}
		found[name] = version
	}
	return found, nil
}

// RemoveSuite removes the root file system of a suite, also one that is half
// built. One that a lab uses stays.
func RemoveSuite(ctx context.Context, name string) error {
	if os.Geteuid() != 0 {
		return ErrNotRoot
	}
	s, err := newSuite(name)
	if err != nil {
		return err
	}
	if used, err := loadState(); err == nil && used.Base == base(s.root()) {
		return ErrRunning
	}
	if _, err := os.Stat(s.dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return s.locked(ctx, func() error {
		// Renamed first: half of a root file system must not look like one.
		err := s.removePart()
		if err == nil && s.built() {
			err = os.Rename(s.root(), s.part())
		}
		if err != nil {
			return err
		}
		return errors.Join(s.removePart(), removeFile(s.log()))
	})
}

func removeFile(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
