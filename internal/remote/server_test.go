package remote

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"pgrex/internal/message"
)

// server is an ssh server that runs what it is asked to with a real shell.
type server struct {
	keys     []ssh.Signer // host keys
	password string
	methods  []string // "password", "keyboard-interactive"
	user     ssh.PublicKey
	banner   string
	deaf     bool     // answers no global request
	env      []string // of programs
	rekey    uint64

	port int
	mu   sync.Mutex
	// What it has seen.
	passwords []string
	offered   []ssh.PublicKey
	logins    []string
	conns     int
}

// serve listens on an address of this machine, on any port unless one is set.
func (s *server) serve(t *testing.T, ip string) {
	t.Helper()
	config := &ssh.ServerConfig{Config: ssh.Config{RekeyThreshold: s.rekey}}
	accept := func(c ssh.ConnMetadata, password string) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.passwords = append(s.passwords, password)
		if s.password == "" || password != s.password {
			return errors.New("wrong password")
		}
		s.logins = append(s.logins, c.User())
		return nil
	}
	for _, m := range s.methods {
		switch m {
		case "password":
			config.PasswordCallback = func(c ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) { return nil, accept(c, string(p)) }
		case "keyboard-interactive":
			config.KeyboardInteractiveCallback = func(c ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
				a, err := ask("", "", []string{"Password: "}, []bool{false})
				if err != nil {
					return nil, err
				}
				return nil, accept(c, a[0])
			}
		}
	}
	config.PublicKeyCallback = func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.offered = append(s.offered, key)
		if s.user == nil || !sameKey(s.user, key) {
			return nil, errors.New("not this key")
		}
		s.logins = append(s.logins, c.User())
		return nil, nil
	}
	config.BannerCallback = func(ssh.ConnMetadata) string { return s.banner }
	config.MaxAuthTries = -1
	for _, key := range s.keys {
		config.AddHostKey(key)
	}
	l, err := net.Listen("tcp", net.JoinHostPort(ip, strconv.Itoa(s.port)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s.port = l.Addr().(*net.TCPAddr).Port
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns++
			s.mu.Unlock()
			go s.talk(c, config)
		}
	}()
}

func (s *server) talk(c net.Conn, config *ssh.ServerConfig) {
	defer c.Close()
	_, channels, requests, err := ssh.NewServerConn(c, config)
	if err != nil {
		return
	}
	if !s.deaf {
		go ssh.DiscardRequests(requests)
	}
	for n := range channels {
		ch, requests, err := n.Accept()
		if err != nil {
			return
		}
		go s.session(ch, requests)
	}
}

func (s *server) session(ch ssh.Channel, requests <-chan *ssh.Request) {
	var cmd *exec.Cmd
	for r := range requests {
		switch r.Type {
		case "exec":
			var line struct{ Text string }
			_ = ssh.Unmarshal(r.Payload, &line)
			cmd = exec.Command("/bin/sh", "-c", line.Text)
			cmd.Env = append(os.Environ(), s.env...)
			cmd.Stdout, cmd.Stderr = ch, ch.Stderr()
			stdin, err := cmd.StdinPipe()
			if err == nil {
				err = cmd.Start()
			}
			_ = r.Reply(err == nil, nil)
			go func() {
				_, _ = io.Copy(stdin, ch)
				stdin.Close()
			}()
			go func() {
				_ = cmd.Wait()
				status := cmd.ProcessState.ExitCode()
				if status >= 0 {
					_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(status)}))
				} else {
					_, _ = ch.SendRequest("exit-signal", false, ssh.Marshal(struct {
						Signal string
						Core   bool
						Text   string
						Lang   string
					}{Signal: "KILL"}))
				}
				ch.Close()
			}()
		case "signal":
			_ = cmd.Process.Kill()
		default:
			_ = r.Reply(false, nil)
		}
	}
}

func newKey(t *testing.T) (ssh.Signer, any) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer(t, private), private
}

func ecdsaKey(t *testing.T) ssh.Signer {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer(t, private)
}

func signer(t *testing.T, private any) ssh.Signer {
	t.Helper()
	s, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// writeKey writes a private key as ssh-keygen does.
func writeKey(t *testing.T, file string, private any, passphrase string) {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(private, "")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, string(pem.EncodeToMemory(block)))
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// notices are what an operator was told.
type notices struct {
	mu  sync.Mutex
	ids []string
}

func (n *notices) notify(id message.ID, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ids = append(n.ids, message.Printer{}.Text(id, args...))
}

func (n *notices) String() string { return strings.Join(n.ids, "\n") }

// options are those of a user who logs in with a password by a server whose
// keys are known, in a home directory without anything else.
func options(t *testing.T, s *server, ips ...string) (Options, *notices) {
	t.Helper()
	t.Setenv("SSH_AUTH_SOCK", "")
	home := t.TempDir()
	var known bytes.Buffer
	for _, ip := range ips {
		for _, key := range s.keys {
			known.WriteString(knownhosts.Line([]string{hostPort(ip, s.port)}, key.PublicKey()) + "\n")
		}
	}
	file := filepath.Join(home, ".ssh/known_hosts")
	write(t, file, known.String())
	n := &notices{}
	return Options{
		Addresses: ips, Port: s.port, User: "operator", Home: home, KnownHosts: []string{file},
		ConnectTimeout: 5 * time.Second, Mode: PassFile, PassFilePassword: s.password, Notify: n.notify,
	}, n
}

func hostPort(ip string, port int) string { return net.JoinHostPort(ip, strconv.Itoa(port)) }

// plain is a server with one host key and a password.
func plain(t *testing.T) *server {
	key, _ := newKey(t)
	return &server{keys: []ssh.Signer{key}, password: "secret", methods: []string{"password"}}
}

func dial(t *testing.T, o Options) *Conn {
	t.Helper()
	c, err := Dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// fails wants a connection to fail with a message.
func fails(t *testing.T, o Options, want message.ID) *message.Failure {
	t.Helper()
	c, err := Dial(t.Context(), o)
	if err == nil {
		c.Close()
		t.Fatalf("connected, want %s", want)
	}
	var f *message.Failure
	if !errors.As(err, &f) || f.ID != want {
		t.Fatalf("%v, want %s", err, want)
	}
	if f.ID.Exit() != 6 {
		t.Errorf("%s ends the program with %d", f.ID, f.ID.Exit())
	}
	return f
}
