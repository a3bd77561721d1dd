package operation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"pgrex/internal/conf"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/remote"
	"pgrex/internal/run"
	"pgrex/internal/setup"
)

// Here is this machine.
func Here() *Machine {
	name, err := node.HostName()
	if err != nil {
		name = "localhost"
	}
	return &Machine{
		Own: node.Local{HostName: name}, Dial: dialPeer, User: os.Geteuid(), Addresses: conf.OwnAddresses,
		Account:  func(ctx context.Context, name string) (pg.User, error) { return pg.LookupUser(ctx, run.Local{}, name) },
		LockFile: node.LockFile, State: "/var/lib/pg-rex", Host: setup.ThisHost(), Now: time.Now,
		Settle: 500 * time.Millisecond,
	}
}

// installed is where the program is looked for on the peer.
const installed = "/usr/sbin/pg-rex"

// dialPeer connects to the peer of the configuration and starts the helper.
func dialPeer(ctx context.Context, s *session) (node.Node, error) {
	conn, err := s.ssh(ctx, s.peerAddresses(), s.conf.PeerPass, s.conf.SSHUser)
	if err != nil {
		return nil, err
	}
	peer, err := helper(ctx, conn, !s.untouched)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return &connected{peer, conn}, nil
}

// connected is the peer with the connection that ends with it.
type connected struct {
	*node.Peer
	conn io.Closer
}

func (c *connected) Close() {
	c.Peer.Close()
	_ = c.conn.Close()
}

// helper starts the helper on a host: the program that is installed there, or,
// where there is none or one of another release and it may be left there, a copy
// of our own.
func helper(ctx context.Context, conn *remote.Conn, mayCopy bool) (*node.Peer, error) {
	start := func(program string) node.Start {
		return func(ctx context.Context, args ...string) (io.ReadWriteCloser, error) {
			return conn.Start(ctx, append([]string{program}, args...))
		}
	}
	peer, err := node.Connect(ctx, start(installed))
	if err == nil || ctx.Err() != nil || !mayCopy {
		return peer, err
	}
	if !message.IsFailure(err, message.SSH005) && !errors.Is(err, node.ErrRelease) {
		return nil, err
	}
	copied, copyErr := copySelf(ctx, conn)
	if copyErr != nil {
		return nil, errors.Join(err, copyErr)
	}
	return node.Connect(ctx, start(copied))
}

// copySelf puts this program on a host that has none of this release. It takes
// nothing but programs that every system has.
func copySelf(ctx context.Context, conn *remote.Conn) (string, error) {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return "", err
	}
	dir := "/var/lib/pg-rex/helper"
	path := filepath.Join(dir, "pg-rex")
	for _, step := range []struct {
		argv  []string
		stdin []byte
	}{
		{argv: []string{"mkdir", "-p", "-m", "0700", "/var/lib/pg-rex", dir}},
		{argv: []string{"dd", "of=" + path + ".new", "bs=1M", "status=none"}, stdin: self},
		{argv: []string{"chmod", "0700", path + ".new"}},
		{argv: []string{"mv", "-f", path + ".new", path}},
	} {
		if _, err := conn.Run(ctx, step.argv, step.stdin); err != nil {
			return "", fmt.Errorf("cannot copy this program to the peer: %w", err)
		}
	}
	return path, nil
}

// ssh connects to a host by one of its addresses.
func (s *session) ssh(ctx context.Context, addresses []string, pass conf.Pass, user string) (*remote.Conn, error) {
	o := remote.Options{
		Addresses: addresses, User: user, Port: s.conf.SSHPort, ConnectTimeout: s.conf.SSHConnectTimeout,
		Sudo: s.conf.Sudo, Notify: s.con.Tell,
	}
	if s.conf.SSHIdentityFile != "" {
		o.IdentityFiles = []string{s.conf.SSHIdentityFile}
	}
	if s.conf.SSHKnownHosts != "" {
		o.KnownHosts = []string{s.conf.SSHKnownHosts}
	}
	switch pass.Mode {
	case conf.NoPass:
		o.Mode = remote.NoPass
	case conf.PassFile:
		o.Mode = remote.PassFile
		password, problem := pass.Password(s.machine.User)
		if problem != nil {
			return nil, s.problem(*problem)
		}
		o.PassFilePassword = password
	}
	if s.streams.Terminal {
		o.Password = func(user, host string) (string, error) {
			return remote.ReadPassword("/dev/tty", s.con.Say().Text(message.SSH015, "user", user, "host", host)+" ")
		}
		o.ConfirmHostKey = func(host, keyType, fingerprint string) (bool, error) {
			answer, err := s.con.Ask(ctx, message.SSH020, "host", host, "type", keyType, "fingerprint", fingerprint)
			return answer == "y" || answer == "Y", err
		}
	}
	return remote.Dial(ctx, o)
}

// peerAddresses are those at which the peer is tried, the D-LAN first.
func (s *session) peerAddresses() []string {
	return append([]string{s.lans.Peer.String()}, s.lans.Fallback...)
}
