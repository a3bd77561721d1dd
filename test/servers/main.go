// Command servers fetches the PostgreSQL servers that the tests of each
// release run, and keeps them:
//
//	servers [-dir DIR] [MAJOR...]
//
// They come as npm packages, by way of the npm program. What is there already
// is looked at and not fetched again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"pgrex/test/servers/cache"
)

func main() {
	syscall.Umask(0o022) // another user runs what this one fetches
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "servers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("servers", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: servers [-dir DIR] [MAJOR...]    fetch PostgreSQL servers for tests; without MAJOR all of them")
		flags.PrintDefaults()
	}
	given := flags.String("dir", "", "where to keep them (tests look there with "+cache.Place+"=DIR)")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	majors, err := wanted(flags.Args())
	if err != nil {
		return err
	}
	dir, err := cache.Dir()
	if *given != "" {
		dir, err = filepath.Abs(*given)
	}
	if err != nil {
		return err
	}
	s, err := newStore(dir)
	if err != nil {
		return err
	}
	return s.provideAll(ctx, majors)
}

// wanted reads the releases named on the command line; none means all.
func wanted(args []string) ([]int, error) {
	all := slices.Sorted(maps.Keys(releases))
	if len(args) == 0 {
		return all, nil
	}
	var majors []int
	for _, arg := range args {
		major, err := strconv.Atoi(arg)
		if err != nil || !slices.Contains(all, major) {
			return nil, fmt.Errorf("%q is not one of the releases %v", arg, all)
		}
		majors = append(majors, major)
	}
	return majors, nil
}

// store is the cache on disk.
type store struct {
	dir  string
	arch string              // as npm calls it
	user *syscall.Credential // who has to be able to run the servers, nil for ourselves
}

func newStore(dir string) (*store, error) {
	s := &store{dir: dir, arch: map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]}
	if s.arch == "" || runtime.GOOS != "linux" {
		return nil, fmt.Errorf("there are no packages for %s on %s", runtime.GOOS, runtime.GOARCH)
	}
	if os.Geteuid() == 0 {
		// A server refuses to be root's.
		u, err := user.Lookup("postgres")
		if err != nil {
			return nil, errors.New("there is no user postgres, who would run the servers: install PostgreSQL of this system first")
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return nil, err
		}
		s.user = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	return s, nil
}

// provideAll goes on behind a release that nobody has for this machine.
func (s *store) provideAll(ctx context.Context, majors []int) error {
	var failed error
	for _, major := range majors {
		err := s.provide(ctx, major)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("cannot provide PostgreSQL %d: %w", major, err))
		}
		if err != nil && !errors.Is(err, errUnpublished) {
			break
		}
	}
	return failed
}

// provide makes sure that a release is there and runs.
func (s *store) provide(ctx context.Context, major int) error {
	version := releases[major].version
	home := filepath.Join(s.dir, strconv.Itoa(major))
	if text, err := os.ReadFile(filepath.Join(home, stamp)); err == nil && string(text) == s.stampText(major) {
		says, err := s.check(ctx, home, major)
		if err == nil {
			fmt.Printf("%s: %s\n", home, says)
			return nil
		}
		fmt.Printf("%s: fetched again: %v\n", home, err)
	}
	begin := time.Now()
	if err := s.fetch(ctx, major, home); err != nil {
		return err
	}
	says, err := s.check(ctx, home, major)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %s (package %s, %v)\n", home, says, version, time.Since(begin).Round(100*time.Millisecond))
	return nil
}

// stamp is the file that says which package a folder was made from. It is
// written last, so that what was broken off is not taken for complete.
const stamp = "package"

func (s *store) stampText(major int) string {
	return fmt.Sprintf("%s\n%s\n", s.spec(major), releases[major].integrity[s.arch])
}

func (s *store) spec(major int) string {
	return "@embedded-postgres/linux-" + s.arch + "@" + releases[major].version
}

// check runs the server for its version, as the user who is to run it.
func (s *store) check(ctx context.Context, home string, major int) (string, error) {
	server := filepath.Join(home, "bin", "postgres")
	cmd := exec.CommandContext(ctx, server, "--version")
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	who := "we"
	if s.user != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.user}
		who = "user postgres"
	}
	out, err := cmd.CombinedOutput()
	text := strings.TrimSpace(string(out))
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "", fmt.Errorf("%s cannot run %s: a folder on the way is closed, use -dir with another one", who, server)
	case err != nil:
		return "", fmt.Errorf("%s does not run: %w: %s", server, err, text)
	case !strings.HasPrefix(text, fmt.Sprintf("postgres (PostgreSQL) %d.", major)):
		return "", fmt.Errorf("%s is %q", server, text)
	}
	return text, nil
}
