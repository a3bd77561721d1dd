package pg

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"strconv"
	"strings"
	"syscall"

	"pgrex/internal/run"
)

// User is an operating system user with all its groups.
type User struct {
	Name     string
	UID, GID uint32
	Groups   []uint32
	Home     string
}

// ErrUnknownUser is the class of errors of [LookupUser] that say that the name
// service knows no such user. Other errors mean that it could not tell.
var ErrUnknownUser = errors.New("no such user")

// LookupUser asks the name service for a user. Built without cgo, os/user
// reads /etc/passwd and /etc/group and nothing else, so a user from LDAP or
// SSSD is looked up once more with getent, which asks every source that
// nsswitch.conf names.
func LookupUser(ctx context.Context, r run.Runner, name string) (User, error) {
	if u, err := user.Lookup(name); err == nil {
		ids, err := u.GroupIds()
		if err != nil {
			ids = nil // the primary group will do
		}
		return newUser(u.Username, u.Uid, u.Gid, u.HomeDir, ids)
	}
	res, err := r.Run(ctx, run.Command{Argv: []string{"getent", "passwd", "--", name}})
	// getent(1): 2 means that the key was not found.
	const notFound = 2
	if status, ok := run.Status(err); ok && status == notFound {
		return User{}, fmt.Errorf("cannot find user %s: %w", name, ErrUnknownUser)
	}
	if err != nil {
		return User{}, fmt.Errorf("cannot find user %s: %w", name, err)
	}
	line, _, _ := strings.Cut(string(res.Stdout), "\n")
	f := strings.Split(line, ":")
	if len(f) < 7 {
		return User{}, fmt.Errorf("cannot find user %s: getent answers %q", name, line)
	}
	var ids []string
	// The first field of initgroups is the name.
	if res, err := r.Run(ctx, run.Command{Argv: []string{"getent", "initgroups", "--", name}}); err == nil {
		if g := strings.Fields(string(res.Stdout)); len(g) > 1 {
			ids = g[1:]
		}
	}
	return newUser(f[0], f[2], f[3], f[5], ids)
}

func newUser(name, uid, gid, home string, groups []string) (User, error) {
	u := User{Name: name, Home: home}
	for _, id := range []struct {
		text string
		to   *uint32
	}{{uid, &u.UID}, {gid, &u.GID}} {
		v, err := strconv.ParseUint(id.text, 10, 32)
		if err != nil {
			return User{}, fmt.Errorf("cannot read the ids of user %s: %q is not a number", name, id.text)
		}
		*id.to = uint32(v)
	}
	u.Groups = []uint32{u.GID}
	for _, g := range groups {
		v, err := strconv.ParseUint(g, 10, 32)
		if err == nil && uint32(v) != u.GID {
			u.Groups = append(u.Groups, uint32(v))
		}
	}
	return u, nil
}

// Owner is the user of the server for as long as the name service does not know
// its name: the server insists on being run by the owner of its data directory.
func Owner(name, dir string) (User, error) {
	var st syscall.Stat_t
	if err := syscall.Stat(dir, &st); err != nil {
		return User{}, fmt.Errorf("cannot tell who %s belongs to: %w", dir, err)
	}
	return User{Name: name, UID: st.Uid, GID: st.Gid, Groups: []uint32{st.Gid}}, nil
}

// Here is the instance that s describes on this node. Of its user the name
// alone counts: the ids are this node's.
func Here(ctx context.Context, s Settings) (*Instance, error) {
	if s.User.Name != "" {
		u, err := LookupUser(ctx, run.Local{}, s.User.Name)
		if err != nil {
			return nil, err
		}
		s.User = u
	}
	return New(s, run.Local{}), nil
}
