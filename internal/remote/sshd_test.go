package remote

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"pgrex/internal/message"
)

// One round against the server that the field uses.
//
// Conformance: AT-126 (unit)
func TestRealServer(t *testing.T) {
	const program = "/usr/sbin/sshd"
	if _, err := os.Stat(program); err != nil || os.Geteuid() != 0 {
		t.Skip("needs sshd and root")
	}
	dir := t.TempDir()
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	user, private := newKey(t)
	_, hostPrivate := newKey(t)
	writeKey(t, dir+"/host", hostPrivate, "")
	write(t, dir+"/banner", "Authorised use only\n")
	write(t, dir+"/authorized", string(ssh.MarshalAuthorizedKey(user.PublicKey())))
	write(t, dir+"/config", strings.Join([]string{
		"Port " + strconv.Itoa(port), "ListenAddress 127.0.0.1", "HostKey " + dir + "/host", "AuthorizedKeysFile " + dir + "/authorized",
		"Banner " + dir + "/banner", "PidFile none", "StrictModes no", "PermitRootLogin prohibit-password", "UsePAM no", "PasswordAuthentication no",
	}, "\n")+"\n")
	server := exec.Command(program, "-D", "-e", "-f", dir+"/config")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	address := hostPort("127.0.0.1", port)
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			break
		}
		if time.Now().After(end) {
			t.Fatal("sshd does not start")
		}
	}

	notices := &notices{}
	o := Options{
		Addresses: []string{"127.0.0.1"}, User: "root", Port: port, Home: dir, KnownHosts: []string{filepath.Join(dir, "known_hosts")},
		Mode: NoPass, Notify: notices.notify, keepAlive: 300 * time.Millisecond, // three of them is how slow the machine may be
	}
	writeKey(t, dir+"/.ssh/id_ed25519", private, "")
	fails(t, o, message.SSH002)
	host := signer(t, hostPrivate).PublicKey()
	write(t, o.KnownHosts[0], knownhosts.Line([]string{address}, host)+"\n")
	c := dial(t, o)
	if out, err := c.Run(t.Context(), []string{"cat"}, []byte("text\n")); string(out) != "text\n" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := c.Run(t.Context(), []string{"no-such-program"}, nil); !message.IsFailure(err, message.SSH005) {
		t.Errorf("%v", err)
	}
	if _, err := c.Run(t.Context(), []string{"sleep", "0.7"}, nil); err != nil { // it is asked twice whether it is there
		t.Error(err)
	}
	if _, err := c.Run(t.Context(), []string{"false"}, nil); !message.IsFailure(err, message.SSH006) {
		t.Errorf("%v", err)
	}
	p, err := c.Start(t.Context(), []string{"cat"})
	if err != nil {
		t.Fatal(err)
	}
	p.kill(nil)
	select {
	case <-p.done:
	case <-time.After(5 * time.Second):
		t.Error("the program runs on")
	}
	write(t, dir+"/.ssh/id_ed25519", "")
	_, wrong := newKey(t)
	writeKey(t, dir+"/.ssh/id_ed25519", wrong, "")
	fails(t, o, message.SSH004)
}
