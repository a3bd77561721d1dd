package remote

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"pgrex/internal/message"
)

// hostCert makes a host key with a certificate.
func hostCert(t *testing.T, authority, key ssh.Signer, principal string) ssh.Signer {
	t.Helper()
	cert := &ssh.Certificate{Key: key.PublicKey(), CertType: ssh.HostCert, ValidPrincipals: []string{principal}, ValidBefore: ssh.CertTimeInfinity}
	if err := cert.SignCert(rand.Reader, authority); err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewCertSigner(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Conformance: AT-126 (unit)
func TestHostKeys(t *testing.T) {
	key, _ := newKey(t)
	other, _ := newKey(t)
	authority, _ := newKey(t)
	ec := ecdsaKey(t)
	const ip = "127.0.0.1"
	line := func(host string, k ssh.Signer) string { return knownhosts.Line([]string{host}, k.PublicKey()) + "\n" }
	for _, tt := range []struct {
		name  string
		shows []ssh.Signer
		known func(host string) string
		want  message.ID // "" when it is let in
	}{
		{"known", []ssh.Signer{key}, func(h string) string { return line(h, key) }, ""},
		{"known by a hashed name", []ssh.Signer{key}, func(h string) string {
			return knownhosts.HashHostname(knownhosts.Normalize(h)) + strings.TrimPrefix(line(h, key), knownhosts.Normalize(h))
		}, ""},
		{"another by a hashed name", []ssh.Signer{key}, func(h string) string {
			return knownhosts.HashHostname(knownhosts.Normalize(h)) + strings.TrimPrefix(line(h, other), knownhosts.Normalize(h))
		}, message.SSH003},
		{"not known", []ssh.Signer{key}, func(string) string { return "" }, message.SSH002},
		{"known of another host", []ssh.Signer{key}, func(string) string { return line("127.0.0.9:22", key) }, message.SSH002},
		{"known of another port", []ssh.Signer{key}, func(string) string { return line(ip+":22", key) }, message.SSH002},
		{"changed", []ssh.Signer{key}, func(h string) string { return line(h, other) }, message.SSH003},
		{"changed, of another kind", []ssh.Signer{ec}, func(h string) string { return line(h, key) }, message.SSH003},
		{"several keys, one known", []ssh.Signer{key, ec}, func(h string) string { return line(h, ec) }, ""},
		{"several keys, the other known", []ssh.Signer{ec, key}, func(h string) string { return line(h, key) }, ""},
		{"revoked", []ssh.Signer{key}, func(h string) string { return line(h, key) + "@revoked * " + strings.SplitN(line(h, key), " ", 2)[1] }, message.SSH003},
		{"certificate", []ssh.Signer{hostCert(t, authority, key, ip)}, func(h string) string { return "@cert-authority " + line(h, authority) }, ""},
		{"certificate of a revoked authority", []ssh.Signer{hostCert(t, authority, key, ip)}, func(h string) string {
			return "@cert-authority " + line(h, authority) + "@revoked " + line(h, authority)
		}, message.SSH003},
		{"certificate with a revoked key", []ssh.Signer{hostCert(t, authority, key, ip)}, func(h string) string {
			return "@cert-authority " + line(h, authority) + "@revoked " + line(h, key)
		}, message.SSH003},
		{"certificate of another host", []ssh.Signer{hostCert(t, authority, key, "node09")}, func(h string) string { return "@cert-authority " + line(h, authority) }, message.SSH002},
		{"certificate of another authority", []ssh.Signer{hostCert(t, other, key, ip)}, func(h string) string { return "@cert-authority " + line(h, authority) }, message.SSH002},
		{"certificate nobody asks for", []ssh.Signer{ec, hostCert(t, other, key, ip)}, func(h string) string { return line(h, ec) }, ""},
		{"authority for a host without a certificate", []ssh.Signer{key}, func(h string) string { return "@cert-authority " + line(h, authority) }, message.SSH002},
		{"known, among lines that cannot be read", []ssh.Signer{key}, func(h string) string {
			return "# comment\n\n" + h + " 1024 35 123456789\n|1|bad|hash ssh-rsa AAAA\n@cert-authority x ssh-new AAAA\n  " + line(h, key)
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := plain(t)
			s.keys = tt.shows
			s.serve(t, ip)
			// Another address would be all right, and must not be tried.
			o, notices := options(t, s, ip, "127.0.0.2")
			o.KnownHosts = append(o.KnownHosts, filepath.Join(o.Home, "missing"))
			write(t, o.KnownHosts[0], tt.known(hostPort(ip, s.port)))
			second := &server{keys: s.keys, password: s.password, methods: s.methods, port: s.port}
			second.serve(t, "127.0.0.2")

			if tt.want == "" {
				dial(t, o)
				return
			}
			fails(t, o, tt.want)
			if second.conns != 0 || len(s.passwords) != 0 || notices.String() != "" {
				t.Errorf("%d connections to the other address, passwords %q, told %q", second.conns, s.passwords, notices)
			}
			// A person can let an unknown key in, and nobody a changed one.
			asked := false
			o.ConfirmHostKey = func(string, string, string) (bool, error) { asked = true; return false, nil }
			fails(t, o, tt.want)
			if asked != (tt.want == message.SSH002) {
				t.Errorf("asked: %v", asked)
			}
		})
	}
}

// Conformance: AT-126 (unit)
func TestUnknownKeyIsConfirmed(t *testing.T) {
	s := plain(t)
	s.serve(t, "127.0.0.1")
	o, _ := options(t, s, "127.0.0.1")
	folder := filepath.Join(o.Home, "new")
	o.KnownHosts = []string{filepath.Join(folder, "known_hosts")}
	address := hostPort("127.0.0.1", s.port)

	cause := errors.New("the input ended")
	o.ConfirmHostKey = func(string, string, string) (bool, error) { return false, cause }
	if _, err := Dial(t.Context(), o); err != cause {
		t.Errorf("%v, want %v", err, cause)
	}
	var question []string
	o.ConfirmHostKey = func(host, keyType, fingerprint string) (bool, error) {
		question = []string{host, keyType, fingerprint}
		return true, nil
	}
	dial(t, o)
	if want := "127.0.0.1 ssh-ed25519 " + ssh.FingerprintSHA256(s.keys[0].PublicKey()); strings.Join(question, " ") != want {
		t.Errorf("asked about %q, want %q", question, want)
	}
	line := knownhosts.Line([]string{address}, s.keys[0].PublicKey()) + "\n"
	if got := read(t, o.KnownHosts[0]); got != line {
		t.Errorf("recorded %q, want %q", got, line)
	}
	for path, want := range map[string]os.FileMode{folder: 0o700, o.KnownHosts[0]: 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", path, info.Mode().Perm(), err, want)
		}
	}
	o.ConfirmHostKey = nil
	dial(t, o)

	// A last line without an end stays a line.
	first := "host " + strings.SplitN(strings.TrimSpace(line), " ", 2)[1]
	write(t, o.KnownHosts[0], first)
	o.ConfirmHostKey = func(string, string, string) (bool, error) { return true, nil }
	dial(t, o)
	if got := read(t, o.KnownHosts[0]); got != first+"\n"+line {
		t.Errorf("recorded %q", got)
	}
}

func TestKeyThatCannotBeRecorded(t *testing.T) {
	s := plain(t)
	s.serve(t, "127.0.0.1")
	o, notices := options(t, s, "127.0.0.1")
	o.KnownHosts = []string{"/proc/none/known_hosts"}
	o.ConfirmHostKey = func(string, string, string) (bool, error) { return true, nil }
	dial(t, o)
	if !strings.HasPrefix(notices.String(), "Cannot record the host key in /proc/none/known_hosts: ") {
		t.Errorf("told %q", notices)
	}
}

// A file that is there and cannot be read may hold a revocation.
func TestKnownHostsThatCannotBeRead(t *testing.T) {
	s := plain(t)
	s.serve(t, "127.0.0.1")
	o, _ := options(t, s, "127.0.0.1")
	o.KnownHosts = append(o.KnownHosts, t.TempDir())
	fails(t, o, message.SSH002)
}
