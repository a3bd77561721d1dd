package operation

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pgrex/internal/message"
)

// The releases that the commands are made for. Newer ones are worth a warning
// and no more.
const (
	oldestPacemaker, newestPacemaker = "1.1.14", "3.0"
	newestPostgreSQL                 = 18
)

// pacemakerRelease judges a release of Pacemaker, "2.1.5-10.el9": a failure for
// one that is too old, or a warning for one that nobody has tried.
func pacemakerRelease(version string) (*message.Failure, message.ID) {
	switch v := numbers(version); {
	case v == nil: // it does not say
	case slices.Compare(v, numbers(oldestPacemaker)) < 0:
		return message.Fail(message.CMN005, "ver", version, "min", oldestPacemaker), ""
	case slices.Compare(v[:min(2, len(v))], numbers(newestPacemaker)) > 0:
		return nil, message.CMN007
	}
	return nil, ""
}

// postgresRelease judges a major release of PostgreSQL, 906 being 9.6.
func postgresRelease(major int) (*message.Failure, message.ID) {
	const dotted = 900 // of releases before 10
	switch {
	case major > dotted && major < 906 || major > 0 && major < 10:
		return message.Fail(message.CMN006, "ver", major, "range", "9.6, 10 - "+strconv.Itoa(newestPostgreSQL)), ""
	case major > newestPostgreSQL && major < dotted:
		return nil, message.CMN007
	}
	return nil, ""
}

// numbers are those that a release begins with; nil if it does not begin with one.
func numbers(version string) []int {
	var list []int
	for part := range strings.SplitSeq(version, ".") {
		digits := part
		if i := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
			digits = part[:i]
		}
		n, err := strconv.Atoi(digits)
		if err != nil {
			break
		}
		list = append(list, n)
		if digits != part {
			break
		}
	}
	return list
}

// releases makes sure that the commands are made for what runs here.
func (s *session) releases(pacemaker string, postgres int) error {
	f, warn := pacemakerRelease(pacemaker)
	if f != nil {
		return f
	}
	if warn != "" {
		s.con.Tell(warn, "product", "Pacemaker", "ver", pacemaker)
	}
	if f, warn = postgresRelease(postgres); f != nil {
		return f
	}
	if warn != "" {
		s.con.Tell(warn, "product", "PostgreSQL", "ver", postgres)
	}
	return nil
}

// programs makes sure that programs of the server are where they are looked for.
func programs(dir string, names ...string) error {
	var missing []string
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(dir, name)); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return message.Fail(message.CMN004, "dir", dir, "list", comma(missing))
	}
	return nil
}
