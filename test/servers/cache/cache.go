// Package cache finds PostgreSQL for tests: the programs of this machine, and
// the releases that "go run ./test/servers" has fetched. It fetches nothing
// itself.
package cache

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// The releases that the product manages and tests want to see.
const Oldest, Newest = 10, 18

// Variables of the environment.
const (
	// Choice is the release that server tests use: the folder of its
	// programs, or a major release in the cache. Without it they use the
	// machine's newest.
	Choice = "PGREX_PG"
	// Place is the folder of the cache where it is not the default.
	Place = "PGREX_SERVERS"
)

// Dir is the folder of the cache; below it are MAJOR/bin, MAJOR/lib and
// MAJOR/share. The servers run as user postgres, who cannot look into the home
// of root: root's cache is in /var/cache.
func Dir() (string, error) {
	if dir := os.Getenv(Place); dir != "" {
		return filepath.Abs(dir)
	}
	if os.Geteuid() == 0 {
		return "/var/cache/pgrex/postgresql", nil
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("cannot tell where to cache PostgreSQL: %w", err)
	}
	return filepath.Join(base, "pgrex", "postgresql"), nil
}

// Releases lists the major releases in the cache, oldest first.
func Releases() ([]int, error) {
	dir, err := Dir()
	if err != nil {
		return nil, err
	}
	var found []int
	servers, _ := filepath.Glob(filepath.Join(dir, "*", "bin", "postgres"))
	for _, path := range servers {
		if major, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))); err == nil {
			found = append(found, major)
		}
	}
	slices.Sort(found)
	return found, nil
}

// Bin is the folder with the programs of one release in the cache.
func Bin(major int) (string, error) {
	dir, err := Dir()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, strconv.Itoa(major), "bin")
	if _, err := os.Stat(filepath.Join(bin, "postgres")); err != nil {
		return "", fmt.Errorf("PostgreSQL %d is not in %s: go run ./test/servers %d fetches it", major, dir, major)
	}
	return bin, nil
}

// Chosen is the folder with the programs that server tests are to use.
func Chosen() (string, error) {
	choice := os.Getenv(Choice)
	if choice == "" {
		return Installed()
	}
	if major, err := strconv.Atoi(choice); err == nil {
		return Bin(major)
	}
	if _, err := os.Stat(filepath.Join(choice, "postgres")); err != nil {
		return "", fmt.Errorf("%s=%s is neither a release nor a folder with the program postgres", Choice, choice)
	}
	return choice, nil
}

// Installed is the folder with the programs of the newest release that is
// installed on this machine, where Debian or Red Hat put them.
func Installed() (string, error) {
	var newest string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"} {
		dirs, _ := filepath.Glob(pattern)
		for _, dir := range dirs {
			if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil && cmp.Compare(release(dir), release(newest)) > 0 {
				newest = dir
			}
		}
	}
	if newest == "" {
		return "", fmt.Errorf("no PostgreSQL server is installed below /usr/lib/postgresql or /usr/pgsql-*; %s can name one", Choice)
	}
	return newest, nil
}

// release is the number in the name of a release's folder.
func release(bin string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(filepath.Base(filepath.Dir(bin)), "pgsql-"))
	return n
}
