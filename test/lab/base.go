package lab

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// base is the root file system below the nodes' own disks: the machine's own,
// or that of a suite. The lab only reads it.
type base string

const machine base = "/"

func (b base) in(path string) string { return filepath.Join(string(b), path) }

// chown sets the user and that user's own group by the base's own list: the
// same user has other numbers in other releases.
func (b base) chown(path, owner string) error {
	uid, gid, err := b.ids(owner)
	if err != nil {
		return err
	}
	return os.Chown(path, uid, gid)
}

func (b base) ids(owner string) (uid, gid int, err error) {
	f, err := os.Open(b.in("/etc/passwd"))
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), ":")
		if len(fields) < 4 || fields[0] != owner {
			continue
		}
		if uid, err = strconv.Atoi(fields[2]); err != nil {
			return 0, 0, fmt.Errorf("%s: user %s: %w", f.Name(), owner, err)
		}
		if gid, err = strconv.Atoi(fields[3]); err != nil {
			return 0, 0, fmt.Errorf("%s: user %s: %w", f.Name(), owner, err)
		}
		return uid, gid, nil
	}
	if err := lines.Err(); err != nil {
		return 0, 0, err
	}
	return 0, 0, fmt.Errorf("%s has no user %s", f.Name(), owner)
}

// pgBin finds the programs of the base's newest PostgreSQL, as nodes see them;
// empty if there is none.
func (b base) pgBin() string {
	const programs = "/usr/lib/postgresql/*/bin/initdb"
	found, _ := filepath.Glob(b.in(programs))
	if len(found) == 0 {
		return ""
	}
	version := func(path string) int {
		v, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return v
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(version(a), version(b)) })
	return filepath.Join("/usr/lib/postgresql", strconv.Itoa(version(newest)), "bin")
}

// dialect is how the base's Pacemaker wants a definition written.
func (b base) dialect() dialect {
	if _, err := os.Stat(b.in("/usr/share/pacemaker/" + promotedSchema + ".rng")); err != nil {
		return dialect{Schema: "pacemaker-3.0", Promoted: "Master"}
	}
	return dialect{Schema: promotedSchema, Promoted: string(Promoted)}
}
