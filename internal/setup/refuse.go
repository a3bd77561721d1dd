package setup

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"pgrex/internal/message"
)

func octal(mode uint32) string { return fmt.Sprintf("%04o", mode) }

// plainPath is what a path may be made of that is written into shell text
// (archive_command), configuration files and lists without quotes.
var plainPath = regexp.MustCompile(`^/[A-Za-z0-9._+@/-]*$`)

// name is a role that needs no quotes in pg_hba.conf and the password file.
var name = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// Check reports all that is wrong with the values themselves.
func (w Wanted) Check() []*message.Failure {
	var all []*message.Failure
	for _, p := range []struct{ option, path string }{{"--data", w.Data}, {"--wal", w.WAL}, {"--archive", w.Archive}} {
		if !plainPath.MatchString(p.path) || filepath.Clean(p.path) != p.path || filepath.Dir(p.path) == "/" {
			all = append(all, message.Fail(message.INI011, "option", p.option, "value", p.path))
		}
	}
	if len(all) == 0 {
		all = append(all, w.checkPlaces()...)
	}
	if w.Port < 1 || w.Port > 65535 {
		all = append(all, message.Fail(message.INI012, "value", w.Port))
	}
	if !name.MatchString(w.RepUser) || strings.HasPrefix(w.RepUser, "pg_") || slices.Contains([]string{"all", "replication", "public", "none"}, w.RepUser) {
		all = append(all, message.Fail(message.INI013, "value", w.RepUser))
	}
	return append(all, w.checkAddresses()...)
}

// checkPlaces reports directories that are within each other: what empties one
// would empty the other.
func (w Wanted) checkPlaces() []*message.Failure {
	var all []*message.Failure
	places := []struct{ option, path string }{{"--data", w.Data}, {"--wal", w.WAL}, {"--archive", w.Archive}}
	for i, a := range places {
		for _, b := range places[i+1:] {
			if strings.HasPrefix(a.path+"/", b.path+"/") || strings.HasPrefix(b.path+"/", a.path+"/") {
				all = append(all, message.Fail(message.INI014, "option", a.option, "value", a.path, "other", b.option, "place", b.path))
			}
		}
	}
	return all
}

func (w Wanted) checkAddresses() []*message.Failure {
	var all []*message.Failure
	addresses := []struct {
		option string
		addr   netip.Addr
	}{{"--own-address", w.Own}, {"--peer-address", w.Peer}, {"--vip-rep", w.VIPRep}}
	for i, a := range addresses {
		if !a.addr.IsValid() || a.addr.IsUnspecified() {
			all = append(all, message.Fail(message.INI015, "option", a.option))
			continue
		}
		for _, b := range addresses[i+1:] {
			if a.addr == b.addr {
				all = append(all, message.Fail(message.INI016, "option", a.option, "other", b.option, "value", a.addr))
			}
		}
	}
	return all
}

// CheckPassword reports a password that cannot be stored as what it is.
func CheckPassword(password string) *message.Failure {
	const longest = 200 // libpq before 13 reads lines of the password file up to 319 bytes
	hash := strings.HasPrefix(password, "SCRAM-SHA-256$") || strings.HasPrefix(password, "md5") && len(password) == 35
	if password == "" || len(password) > longest || hash || strings.ContainsFunc(password, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return message.Fail(message.INI017, "max", longest)
	}
	return nil
}

// Refusals are the reasons not to change anything on this node.
func Refusals(o Observed, w Wanted) []*message.Failure {
	var all []*message.Failure
	add := func(f *message.Failure) { all = append(all, f) }
	if o.DataRelease != 0 && o.DataRelease != o.Release {
		add(message.Fail(message.INI020, "path", w.Data, "data", ReleaseName(o.DataRelease), "bin", w.Bin, "programs", ReleaseName(o.Release)))
	}
	for _, path := range []string{filepath.Dir(w.Data), filepath.Dir(w.WAL), w.WAL, w.Archive} {
		if d := o.Dirs[path]; d.Exists && !d.IsDir {
			add(message.Fail(message.INI021, "path", path))
		}
	}
	if w.Role == Primary && o.DataRelease == 0 {
		all = append(all, newDatabaseRefusals(o, w)...)
	}
	// A directory of somebody else is only taken when there is nothing in it.
	if d := o.Dirs[w.Archive]; d.IsDir && d.UID != w.User.UID && len(content(d)) > 0 {
		add(message.Fail(message.INI022, "path", w.Archive, "user", w.User.Name))
	}
	return all
}

// newDatabaseRefusals are about the places of a database that is to be made.
func newDatabaseRefusals(o Observed, w Wanted) []*message.Failure {
	var all []*message.Failure
	add := func(f *message.Failure) { all = append(all, f) }
	switch d := o.Dirs[w.Data]; {
	case d.Exists && !d.IsDir:
		add(message.Fail(message.INI021, "path", w.Data))
	case d.Mount:
		add(message.Fail(message.INI023, "path", w.Data))
	case len(d.Names) > 0:
		add(message.Fail(message.INI024, "path", w.Data).With(d.Names...))
	}
	switch d := o.Dirs[w.WAL]; {
	case o.UnfinishedWAL:
	case len(d.Names) > 0:
		add(message.Fail(message.INI024, "path", w.WAL).With(d.Names...))
	}
	parent := filepath.Dir(w.Data)
	ours := []string{filepath.Base(w.Data), filepath.Base(w.WAL), filepath.Base(w.Archive), filepath.Base(w.staging())}
	if d := o.Dirs[parent]; d.IsDir && d.UID != w.User.UID {
		for _, name := range content(d) {
			if !slices.Contains(ours, name) {
				add(message.Fail(message.INI022, "path", parent, "user", w.User.Name))
				break
			}
		}
	}
	return all
}

// content is what is in a directory besides what a file system has at its root.
func content(d Dir) []string {
	return slices.DeleteFunc(slices.Clone(d.Names), func(n string) bool { return n == "lost+found" })
}

// ReleaseName is a release as people write it.
func ReleaseName(release int) string {
	if release > 900 {
		return fmt.Sprintf("%d.%d", release/100, release%100)
	}
	return fmt.Sprint(release)
}

// Note is something that the operator should know and nothing is done about.
type Note struct {
	ID   message.ID
	Args []any
}

// Notes are what is worth knowing beside the plan.
func Notes(o Observed, w Wanted) []Note {
	var all []Note
	if w.Role == Primary && o.DataRelease != 0 {
		if !o.Own.Exists {
			all = append(all, Note{ID: message.INI030, Args: []any{"path", w.Data, "role", w.RepUser}})
		}
		if o.ConfError != "" {
			all = append(all, Note{ID: message.INI032, Args: []any{"path", o.Conf.Path, "err", o.ConfError}})
		} else if _, elsewhere := amended(o, w); len(elsewhere) > 0 {
			all = append(all, Note{ID: message.INI033, Args: []any{"names", strings.Join(elsewhere, ", "), "path", o.Own.Path}})
		}
	}
	if o.Pacemaker.Path == "" {
		all = append(all, Note{ID: message.INI034})
	}
	if o.UnitsError != "" {
		all = append(all, Note{ID: message.INI035, Args: []any{"err", o.UnitsError}})
	}
	for _, c := range o.Debian {
		if c.Running && c.Port == w.Port && c.Data != w.Data {
			all = append(all, Note{ID: message.INI036, Args: []any{"name", c.Name, "port", c.Port}})
		}
	}
	return all
}
