// Package remote is the ssh connection to another host: one per host and run.
//
// It owns how a host is reached, how both sides make sure of each other, and
// how a program is run there. What is run, and what its output means, belongs
// to others. Login banners never reach them; what a login profile prints does,
// so they have to frame their answers.
package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"pgrex/internal/message"
)

// Mode says what follows when no public key was accepted.
type Mode int

// The modes, as the configuration file names them.
const (
	Manual   Mode = iota // a person is asked
	PassFile             // the password is known
	NoPass               // nothing
)

// Options say how to reach a host.
type Options struct {
	// Addresses are names or addresses of one host. The next is tried when one
	// does not answer, and only then.
	Addresses []string
	// User, Port and IdentityFiles go before what ~/.ssh/config says of the
	// address. Sections of that file that begin with Match do not count.
	User          string
	Port          int
	IdentityFiles []string
	// KnownHosts are the files with host keys. Confirmed keys go into the
	// first. Default: the user's and the system's.
	KnownHosts []string
	// ConnectTimeout bounds the time until an address has shown its host key.
	ConnectTimeout time.Duration
	// Home is the calling user's home directory.
	Home string

	Mode             Mode
	PassFilePassword string
	// Password asks a person. Nil, or [ErrNoTerminal]: there is nobody to ask.
	Password func(user, host string) (string, error)
	// ConfirmHostKey asks whether an unknown key is to be trusted. Nil: nobody
	// to ask. It must not answer on its own, whatever a person has agreed to
	// beforehand.
	ConfirmHostKey func(host, keyType, fingerprint string) (bool, error)
	// Sudo runs programs by sudo unless the user is root.
	Sudo bool
	// Notify tells of what is worth knowing and no error.
	Notify func(id message.ID, args ...any)

	keepAlive    time.Duration // between two questions whether the host is there
	loginTimeout time.Duration // of the host's part of one attempt to log in
}

// How often the host may be asked in vain whether it is there.
const keepAliveTries = 3

func (o Options) withDefaults() (Options, error) {
	if len(o.Addresses) == 0 {
		return o, errors.New("cannot connect to a host without an address")
	}
	if o.Home == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return o, err
		}
		o.Home = home
	}
	if len(o.KnownHosts) == 0 {
		o.KnownHosts = []string{filepath.Join(o.Home, ".ssh/known_hosts"), "/etc/ssh/ssh_known_hosts"}
	}
	if o.Notify == nil {
		o.Notify = func(message.ID, ...any) {}
	}
	for value, fallback := range map[*time.Duration]time.Duration{
		&o.ConnectTimeout: 10 * time.Second,
		&o.keepAlive:      15 * time.Second,
		&o.loginTimeout:   30 * time.Second, // a server may look up names meanwhile
	} {
		if *value == 0 {
			*value = fallback
		}
	}
	return o, nil
}

// Conn is a connection to a host.
type Conn struct {
	client  *ssh.Client
	target  target
	sudo    bool
	closing chan struct{}
	once    sync.Once
}

// noAnswer says that an address does not answer, so that the next may.
type noAnswer struct{ reason string }

func (e *noAnswer) Error() string { return e.reason }

// Dial connects and logs in. What the operator has to know is a
// [*message.Failure]: SSH-001 to SSH-004 or SSH-014. Errors of Password and
// ConfirmHostKey are returned as they are.
func Dial(ctx context.Context, o Options) (*Conn, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	find := o.finder()
	password := &password{mode: o.Mode, stored: o.PassFilePassword, ask: o.Password}
	var failure *message.Failure
	for _, address := range o.Addresses {
		t := find(address)
		// Read for each address: the question about one may have changed them.
		keys, err := readHostKeys(o.KnownHosts)
		if err != nil {
			return nil, message.Fail(message.SSH002, "host", t.host).Because(err)
		}
		a := &attempt{Options: o, target: t, keys: keys, password: password}
		client, err := a.connect(ctx)
		var silent *noAnswer
		switch {
		case err == nil:
			c := &Conn{client: client, target: t, sudo: o.Sudo && t.user != "root", closing: make(chan struct{})}
			go c.watch(o.keepAlive)
			return c, nil
		case !errors.As(err, &silent):
			return nil, err
		case failure == nil:
			failure = message.Fail(message.SSH001, "host", bracket(t.host), "port", t.port, "err", silent.reason)
		default:
			failure.With(t.String() + ": " + silent.reason)
		}
	}
	return nil, failure
}

// bracket makes an IPv6 address readable before a colon.
func bracket(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// attempt is the attempt to log in at one address.
type attempt struct {
	Options
	target
	keys     *hostKeys
	password *password

	conn net.Conn
	// The host key is looked at on another goroutine than the login, which may
	// fail while a person still thinks about the key.
	mu       sync.Mutex
	accepted []byte // the host key
	refused  error  // why the host key was not accepted
}

func (a *attempt) connect(ctx context.Context) (*ssh.Client, error) {
	limit := time.Now().Add(a.ConnectTimeout)
	dialer := net.Dialer{Deadline: limit}
	conn, err := dialer.DialContext(ctx, "tcp", a.target.String())
	if ctx.Err() != nil {
		if err == nil {
			conn.Close()
		}
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, a.silent(err)
	}
	a.conn = conn
	_ = conn.SetDeadline(limit)
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()

	methods, closeAgent := a.methods()
	defer closeAgent()
	c, channels, requests, err := ssh.NewClientConn(conn, a.target.String(), &ssh.ClientConfig{
		User:              a.user,
		Auth:              methods,
		HostKeyCallback:   a.checkHostKey,
		HostKeyAlgorithms: a.keys.algorithms(a.target.String()),
	})
	if err != nil {
		return nil, a.explain(ctx, err)
	}
	if !stop() {
		c.Close()
		return nil, context.Cause(ctx)
	}
	_ = conn.SetDeadline(time.Time{})
	if a.Mode == Manual && a.password.tries > 0 {
		a.Notify(message.SSH016)
	}
	return ssh.NewClient(c, channels, requests), nil
}

// explain says why a login failed.
func (a *attempt) explain(ctx context.Context, err error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var netErr net.Error
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case a.refused != nil:
		return a.refused
	case errors.Is(a.password.err, ErrNoTerminal):
		return message.Fail(message.SSH014)
	case a.password.err != nil:
		return a.password.err
	case a.accepted == nil, errors.As(err, &netErr):
		return a.silent(err)
	}
	return message.Fail(message.SSH004, "user", a.user, "host", a.host).Because(err)
}

// silent makes the error of an address that does not answer.
func (a *attempt) silent(err error) error {
	var (
		netErr net.Error
		errno  syscall.Errno
	)
	switch {
	case errors.As(err, &errno):
		return &noAnswer{errno.Error()}
	case errors.As(err, &netErr) && netErr.Timeout():
		return &noAnswer{fmt.Sprintf("no answer within %v", a.ConnectTimeout)}
	}
	return &noAnswer{err.Error()}
}

// wait lets the connection wait for a person, without a limit.
func (a *attempt) wait() { _ = a.conn.SetDeadline(time.Time{}) }

// resume limits how long the host may take for its next steps.
func (a *attempt) resume() { _ = a.conn.SetDeadline(time.Now().Add(a.loginTimeout)) }

// Address is the one of [Options.Addresses] that is used.
func (c *Conn) Address() string { return c.target.name }

// Close ends the connection and everything on it.
func (c *Conn) Close() error {
	c.once.Do(func() { close(c.closing) })
	return c.client.Close()
}

// watch closes the connection when the host no longer answers: what waits for
// the host then ends with an error.
func (c *Conn) watch(interval time.Duration) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-c.closing:
			return
		case <-tick.C:
		}
		answered := make(chan error, 1)
		go func() {
			_, _, err := c.client.SendRequest("keepalive@openssh.com", true, nil)
			answered <- err
		}()
		select {
		case <-c.closing:
			return
		case err := <-answered:
			if err != nil {
				return
			}
		case <-time.After(keepAliveTries * interval):
			c.client.Close()
			return
		}
	}
}

// target is where one address leads.
type target struct {
	name       string // as the caller has it
	host       string
	port       int
	user       string
	identities []string
	given      bool // identities were asked for, so one that is missing is worth a word
}

func (t target) String() string { return net.JoinHostPort(t.host, strconv.Itoa(t.port)) }
