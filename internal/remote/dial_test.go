package remote

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh/agent"

	"pgrex/internal/message"
)

// Conformance: AT-124 (unit)
func TestFallbackWhenAnAddressDoesNotAnswer(t *testing.T) {
	silent := func(t *testing.T, ip string, port int) {
		l, err := net.Listen("tcp", hostPort(ip, port))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
	}
	for name, first := range map[string]func(*testing.T, string, int){
		"refused": func(*testing.T, string, int) {},
		"silent":  silent,
	} {
		t.Run(name, func(t *testing.T) {
			s := plain(t)
			s.serve(t, "127.0.0.2")
			first(t, "127.0.0.1", s.port)
			o, notices := options(t, s, "127.0.0.1", "127.0.0.2")
			o.ConnectTimeout = 300 * time.Millisecond
			c := dial(t, o)
			if c.Address() != "127.0.0.2" {
				t.Errorf("connected to %s", c.Address())
			}
			if want := "127.0.0.1 does not answer; using 127.0.0.2 instead."; notices.String() != want {
				t.Errorf("told %q, want %q", notices, want)
			}
			if out, err := c.Run(t.Context(), []string{"echo", "here"}, nil); string(out) != "here\n" || err != nil {
				t.Errorf("%q, %v", out, err)
			}
		})
	}
}

// Conformance: AT-124 (unit)
func TestNobodyAnswers(t *testing.T) {
	s := plain(t)
	l, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s.port = l.Addr().(*net.TCPAddr).Port
	o, notices := options(t, s, "127.0.0.1", "127.0.0.2")
	o.ConnectTimeout = 300 * time.Millisecond
	start := time.Now()
	f := fails(t, o, message.SSH001)
	if took := time.Since(start); took < o.ConnectTimeout || took > 3*time.Second {
		t.Errorf("took %v", took)
	}
	want := "SSH-001: Cannot connect to " + hostPort("127.0.0.1", s.port) + ": no answer within 300ms"
	if f.Error() != want {
		t.Errorf("%q, want %q", f, want)
	}
	if want := []string{hostPort("127.0.0.2", s.port) + ": connection refused"}; !slices.Equal(f.Lines, want) {
		t.Errorf("%q, want %q", f.Lines, want)
	}
	if notices.String() != "" {
		t.Errorf("told %q", notices)
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	s := plain(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s.port = l.Addr().(*net.TCPAddr).Port
	o, _ := options(t, s, "127.0.0.1", "127.0.0.2")
	cause := errors.New("a signal")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancel(cause) })
	start := time.Now()
	if _, err := Dial(ctx, o); err != cause || time.Since(start) > time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

// Conformance: AT-125 (unit)
func TestPasswords(t *testing.T) {
	asked := errors.New("input ended")
	for _, tt := range []struct {
		name    string
		methods []string
		mode    Mode
		answers []string // of the person; nil for nobody there
		stored  string
		seen    []string // by the server
		failure message.ID
		err     error
		told    string
	}{
		{name: "manual, three wrong", methods: []string{"password"}, answers: []string{"a", "b", "c", "secret"},
			seen: []string{"a", "b", "c"}, failure: message.SSH004},
		{name: "manual, three wrong in either way", methods: []string{"password", "keyboard-interactive"}, answers: []string{"a", "b", "c", "secret"},
			seen: []string{"a", "b", "c"}, failure: message.SSH004},
		{name: "manual, three wrong interactively", methods: []string{"keyboard-interactive"}, answers: []string{"a", "b", "c", "secret"},
			seen: []string{"a", "b", "c"}, failure: message.SSH004},
		{name: "manual, the third is right", methods: []string{"password"}, answers: []string{"a", "b", "secret"},
			seen: []string{"a", "b", "secret"}, told: "Password accepted."},
		{name: "manual, right interactively", methods: []string{"keyboard-interactive"}, answers: []string{"secret"},
			seen: []string{"secret"}, told: "Password accepted."},
		{name: "manual, nobody there", methods: []string{"password", "keyboard-interactive"}, failure: message.SSH014},
		{name: "manual, nobody there, no passwords", failure: message.SSH004},
		{name: "manual, no answer", methods: []string{"password", "keyboard-interactive"}, answers: []string{}, err: asked},
		{name: "file, wrong", methods: []string{"password", "keyboard-interactive"}, mode: PassFile, stored: "a", seen: []string{"a"}, failure: message.SSH004},
		{name: "file, right", methods: []string{"password"}, mode: PassFile, stored: "secret", seen: []string{"secret"}},
		{name: "file, right interactively", methods: []string{"keyboard-interactive"}, mode: PassFile, stored: "secret", seen: []string{"secret"}},
		{name: "none", methods: []string{"password"}, mode: NoPass, answers: []string{"secret"}, stored: "secret", failure: message.SSH004},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := plain(t)
			s.methods = tt.methods
			s.serve(t, "127.0.0.1")
			o, notices := options(t, s, "127.0.0.1", "127.0.0.2")
			o.Mode, o.PassFilePassword = tt.mode, tt.stored
			if tt.answers != nil {
				o.Password = func(user, host string) (string, error) {
					if user != "operator" || host != "127.0.0.1" {
						t.Errorf("asked for the password of %s at %s", user, host)
					}
					if len(tt.answers) == 0 {
						return "", asked
					}
					a := tt.answers[0]
					tt.answers = tt.answers[1:]
					return a, nil
				}
			}
			switch {
			case tt.err != nil:
				if _, err := Dial(t.Context(), o); err != tt.err {
					t.Errorf("%v, want %v", err, tt.err)
				}
			case tt.failure != "":
				f := fails(t, o, tt.failure)
				if want := "Authentication as operator@127.0.0.1 failed."; f.ID == message.SSH004 && !strings.Contains(f.Error(), want) {
					t.Errorf("%q lacks %q", f, want)
				}
			default:
				dial(t, o)
			}
			if !slices.Equal(s.passwords, tt.seen) {
				t.Errorf("the server saw %q, want %q", s.passwords, tt.seen)
			}
			if notices.String() != tt.told {
				t.Errorf("told %q, want %q", notices, tt.told)
			}
		})
	}
}

// A person may take longer than the host.
func TestThinkingHasNoLimit(t *testing.T) {
	s := plain(t)
	s.serve(t, "127.0.0.1")
	o, _ := options(t, s, "127.0.0.1")
	o.ConnectTimeout, o.loginTimeout = 500*time.Millisecond, 500*time.Millisecond
	write(t, o.KnownHosts[0], "")
	o.Mode = Manual
	think := func() { time.Sleep(700 * time.Millisecond) }
	o.ConfirmHostKey = func(_, _, _ string) (bool, error) { think(); return true, nil }
	o.Password = func(_, _ string) (string, error) { think(); return "secret", nil }
	c := dial(t, o)
	think()
	if _, err := c.Run(t.Context(), []string{"true"}, nil); err != nil {
		t.Errorf("the limit holds after the login: %v", err)
	}
}

func TestKeys(t *testing.T) {
	right, private := newKey(t)
	wrong, other := newKey(t)
	t.Run("a file, before any password", func(t *testing.T) {
		s := plain(t)
		s.user = right.PublicKey()
		s.serve(t, "127.0.0.1")
		o, notices := options(t, s, "127.0.0.1")
		writeKey(t, o.Home+"/.ssh/id_ed25519", private, "")
		dial(t, o)
		if len(s.passwords) > 0 || notices.String() != "" {
			t.Errorf("passwords %q, told %q", s.passwords, notices)
		}
	})
	t.Run("the file of the options, with a bad one before", func(t *testing.T) {
		s := plain(t)
		s.user = right.PublicKey()
		s.serve(t, "127.0.0.1")
		o, notices := options(t, s, "127.0.0.1")
		o.Mode = NoPass
		writeKey(t, o.Home+"/good", private, "")
		writeKey(t, o.Home+"/bad", other, "")
		o.IdentityFiles = []string{"~/nothing", "~/bad", o.Home + "/good"}
		dial(t, o)
		if !strings.Contains(notices.String(), o.Home+"/nothing is not used:") {
			t.Errorf("told %q", notices)
		}
	})
	t.Run("with a passphrase, alone", func(t *testing.T) {
		s := plain(t)
		s.user = right.PublicKey()
		s.serve(t, "127.0.0.1")
		o, notices := options(t, s, "127.0.0.1")
		o.Mode = NoPass
		writeKey(t, o.Home+"/.ssh/id_ed25519", private, "phrase")
		fails(t, o, message.SSH004)
		if want := "The key " + o.Home + "/.ssh/id_ed25519 has a passphrase and is not in the agent. It is not used."; notices.String() != want {
			t.Errorf("told %q, want %q", notices, want)
		}
	})
	t.Run("with a passphrase, in the agent", func(t *testing.T) {
		s := plain(t)
		s.user = right.PublicKey()
		s.serve(t, "127.0.0.1")
		o, notices := options(t, s, "127.0.0.1")
		o.Mode = NoPass
		writeKey(t, o.Home+"/.ssh/id_ed25519", private, "phrase")
		withAgent(t, other, private)
		dial(t, o)
		if notices.String() != "" {
			t.Errorf("told %q", notices)
		}
		// A server lets nobody try many keys.
		if !sameKey(s.offered[0], right.PublicKey()) {
			t.Error("another of the agent's keys goes before that of the file")
		}
	})
	t.Run("the agent's only", func(t *testing.T) {
		s := plain(t)
		s.user = wrong.PublicKey()
		s.serve(t, "127.0.0.1")
		o, _ := options(t, s, "127.0.0.1")
		o.Mode = NoPass
		withAgent(t, other)
		dial(t, o)
	})
}

// withAgent makes an agent with keys.
func withAgent(t *testing.T, keys ...any) {
	t.Helper()
	ring := agent.NewKeyring()
	for _, key := range keys {
		if err := ring.Add(agent.AddedKey{PrivateKey: key}); err != nil {
			t.Fatal(err)
		}
	}
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, c) }()
		}
	}()
	t.Setenv("SSH_AUTH_SOCK", socket)
}

func TestSSHConfig(t *testing.T) {
	right, private := newKey(t)
	s := plain(t)
	s.user = right.PublicKey()
	s.serve(t, "127.0.0.1")
	config := "Match final all\n  Port 1\n\nHost node02\n  HostName 127.0.0.1\n  Port " + portOf(s) +
		"\n  User someone\n  IdentityFile ~/.ssh/%r_key\n\nHost *\n  User nobody\n  Port 2\n"
	t.Run("used", func(t *testing.T) {
		o, notices := options(t, s, "127.0.0.1")
		o.Addresses, o.Port, o.User, o.Mode = []string{"node02"}, 0, "", NoPass
		write(t, o.Home+"/.ssh/config", config)
		writeKey(t, o.Home+"/.ssh/someone_key", private, "")
		c := dial(t, o)
		if got := s.logins[len(s.logins)-1]; got != "someone" || c.Address() != "node02" || notices.String() != "" {
			t.Errorf("logged in as %s at %s, told %q", got, c.Address(), notices)
		}
	})
	t.Run("the options go before", func(t *testing.T) {
		o, _ := options(t, s, "127.0.0.1")
		write(t, o.Home+"/.ssh/config", "Host *\n  Port 1\n  User nobody\n")
		o.User = "me"
		dial(t, o)
		if got := s.logins[len(s.logins)-1]; got != "me" {
			t.Errorf("logged in as %s", got)
		}
	})
	t.Run("not to be understood", func(t *testing.T) {
		o, notices := options(t, s, "127.0.0.1")
		write(t, o.Home+"/more", "Match all\n")
		write(t, o.Home+"/.ssh/config", "Include "+o.Home+"/more\n")
		dial(t, o)
		if !strings.Contains(notices.String(), "/.ssh/config is not used: ") {
			t.Errorf("told %q", notices)
		}
	})
	t.Run("defaults", func(t *testing.T) {
		o := Options{Home: "/home/x"}
		got := o.finder()("node02")
		want := []string{"/home/x/.ssh/id_ed25519", "/home/x/.ssh/id_ecdsa", "/home/x/.ssh/id_rsa"}
		if got.String() != "node02:22" || got.user != currentUser() || got.given || !slices.Equal(got.identities, want) {
			t.Errorf("%+v", got)
		}
	})
}

func portOf(s *server) string {
	_, port, _ := net.SplitHostPort(hostPort("", s.port))
	return port
}

// A host that no longer answers does not hold up whoever waits for it.
func TestKeepAlive(t *testing.T) {
	for _, deaf := range []bool{true, false} {
		s := plain(t)
		s.deaf = deaf
		s.serve(t, "127.0.0.1")
		o, _ := options(t, s, "127.0.0.1")
		o.keepAlive = 50 * time.Millisecond
		c := dial(t, o)
		start := time.Now()
		_, err := c.Run(t.Context(), []string{"sleep", "0.6"}, nil)
		took := time.Since(start)
		switch {
		case deaf && (!message.IsFailure(err, message.SSH008) || took < 150*time.Millisecond || took > 500*time.Millisecond):
			t.Errorf("a host that does not answer: %v after %v", err, took)
		case !deaf && err != nil:
			t.Errorf("a host that answers: %v after %v", err, took)
		}
	}
}

func TestNoAddress(t *testing.T) {
	if _, err := Dial(t.Context(), Options{}); err == nil {
		t.Error("connected to nothing")
	}
}

// The host key is shown again whenever a long transfer changes its keys.
func TestLongTransfer(t *testing.T) {
	s := plain(t)
	s.rekey = 256 << 10
	s.serve(t, "127.0.0.1")
	o, _ := options(t, s, "127.0.0.1")
	o.loginTimeout = 300 * time.Millisecond
	// A key that is trusted but could not be recorded.
	o.KnownHosts = []string{"/proc/none/known_hosts"}
	asked := 0
	o.ConfirmHostKey = func(_, _, _ string) (bool, error) { asked++; return true, nil }
	c := dial(t, o)
	out, err := c.Run(t.Context(), []string{"sh", "-c", "head -c 4000000 /dev/zero; sleep 0.5; echo"}, nil)
	if len(out) != 4000001 || err != nil || asked != 1 {
		t.Errorf("%d bytes, %v, asked %d times", len(out), err, asked)
	}
}

func TestMain(m *testing.M) {
	// What the one who runs the tests has must not matter.
	os.Unsetenv("SSH_AUTH_SOCK")
	os.Exit(m.Run())
}
