package remote

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
	"golang.org/x/sys/unix"

	"pgrex/internal/message"
)

// hostKeys are the keys that hosts are known by.
type hostKeys struct {
	lines [][]byte
	check ssh.HostKeyCallback
	own   string // the file that new keys go into
}

// readHostKeys reads known_hosts files, as far as there are any. Lines that
// cannot be read are left out, as ssh does it: a newer ssh writes kinds of keys
// that are not known here, a very old one has written lines of protocol 1.
func readHostKeys(files []string) (*hostKeys, error) {
	h := &hostKeys{own: files[0]}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for line := range bytes.Lines(text) {
			h.lines = append(h.lines, bytes.TrimSpace(line))
		}
	}
	var err error
	if h.check, err = parse(h.lines); err != nil {
		h.lines = slices.DeleteFunc(h.lines, func(line []byte) bool {
			_, err := parse([][]byte{line})
			return err != nil
		})
		h.check, err = parse(h.lines)
	}
	return h, err
}

// parse reads lines of known_hosts. The library reads files only, so it gets
// one in memory, which needs no room on a disk.
func parse(lines [][]byte) (ssh.HostKeyCallback, error) {
	fd, err := unix.MemfdCreate("known_hosts", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "known_hosts")
	defer f.Close()
	if _, err := f.Write(bytes.Join(lines, []byte("\n"))); err != nil {
		return nil, err
	}
	return knownhosts.New(fmt.Sprintf("/proc/self/fd/%d", fd))
}

// verdict is what is known of a key that a host shows.
type verdict int

const (
	known verdict = iota
	unknown
	changed // the host has another key, or the key is revoked
)

func (h *hostKeys) judge(address string, remote net.Addr, key ssh.PublicKey) verdict {
	if cert, ok := key.(*ssh.Certificate); ok {
		// The library looks for the certificate among the revoked keys, not
		// for the keys that it is made of.
		for _, k := range []ssh.PublicKey{cert.Key, cert.SignatureKey} {
			var revoked *knownhosts.RevokedError
			if errors.As(h.check(address, remote, k), &revoked) {
				return changed
			}
		}
		if h.check(address, remote, cert) == nil {
			return known
		}
		key = cert.Key // as ssh: a bad certificate counts for nothing, the key may be known
	}
	err := h.check(address, remote, key)
	if err == nil {
		return known
	}
	var keyErr *knownhosts.KeyError
	if errors.As(err, &keyErr) {
		if plain, _ := h.split(keyErr); len(plain) == 0 {
			return unknown
		}
	}
	return changed
}

// split tells the keys of a host from those of authorities that may vouch for
// it, which the library gives together.
func (h *hostKeys) split(e *knownhosts.KeyError) (plain, authorities []knownhosts.KnownKey) {
	for _, k := range e.Want {
		if bytes.HasPrefix(h.lines[k.Line-1], []byte("@cert-authority")) {
			authorities = append(authorities, k)
		} else {
			plain = append(plain, k)
		}
	}
	return plain, authorities
}

// algorithms are the kinds of host keys to ask an address for, those first by
// which it is known: a server with several keys would otherwise show one that
// nobody has recorded, and look like another server.
func (h *hostKeys) algorithms(address string) []string {
	var certs, first, rest []string
	supported := ssh.SupportedAlgorithms().HostKeys
	slices.Reverse(supported) // Ed25519 first, as ssh does it
	wanted := map[string]bool{}
	for _, algorithm := range supported {
		if strings.Contains(algorithm, "-cert-") {
			certs = append(certs, algorithm)
		}
	}
	var keyErr *knownhosts.KeyError
	errors.As(h.check(address, &net.TCPAddr{}, nobodysKey()), &keyErr)
	if keyErr == nil {
		return nil // all that the library has; the key will be judged all the same
	}
	plain, authorities := h.split(keyErr)
	for _, k := range plain {
		wanted[k.Key.Type()] = true
	}
	if len(authorities) == 0 {
		certs = nil // ssh does not ask either for what nobody can check
	}
	for _, algorithm := range supported {
		kind := algorithm
		if strings.HasPrefix(algorithm, "rsa-sha2-") {
			kind = ssh.KeyAlgoRSA
		}
		switch {
		case strings.Contains(algorithm, "-cert-"):
		case wanted[kind]:
			first = append(first, algorithm)
		default:
			rest = append(rest, algorithm)
		}
	}
	return slices.Concat(certs, first, rest)
}

// nobodysKey is a key that no host has: asking for it tells which ones are known.
func nobodysKey() ssh.PublicKey {
	key, err := ssh.NewPublicKey(ed25519.PublicKey(make([]byte, ed25519.PublicKeySize)))
	if err != nil {
		panic(err) // a constant
	}
	return key
}

// record appends a key to the user's own file.
func (h *hostKeys) record(address string, key ssh.PublicKey) (err error) {
	if err := os.MkdirAll(filepath.Dir(h.own), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(h.own, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	line := knownhosts.Line([]string{address}, key) + "\n"
	size, err := f.Seek(0, 2)
	if err != nil {
		return err
	}
	if size > 0 { // a last line without an end must not swallow the new one
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, size-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			line = "\n" + line
		}
	}
	_, err = f.WriteString(line)
	return err
}

// checkHostKey is called for the first key exchange and for every later one of
// a long transfer.
func (a *attempt) checkHostKey(address string, remote net.Addr, key ssh.PublicKey) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.accepted != nil {
		if !bytes.Equal(a.accepted, key.Marshal()) {
			return message.Fail(message.SSH003, "host", a.host)
		}
		return nil
	}
	if first := a.Addresses[0]; a.name != first {
		a.Notify(message.SSH007, "host", first, "other", a.name)
	}
	if a.refused = a.trust(address, remote, key); a.refused != nil {
		return a.refused
	}
	a.accepted = key.Marshal()
	a.resume()
	return nil
}

func (a *attempt) trust(address string, remote net.Addr, key ssh.PublicKey) error {
	switch a.keys.judge(address, remote, key) {
	case known:
		return nil
	case changed:
		return message.Fail(message.SSH003, "host", a.host)
	}
	refuse := message.Fail(message.SSH002, "host", a.host)
	if a.ConfirmHostKey == nil {
		return refuse
	}
	if cert, ok := key.(*ssh.Certificate); ok {
		key = cert.Key
	}
	a.wait()
	yes, err := a.ConfirmHostKey(a.host, key.Type(), ssh.FingerprintSHA256(key))
	switch {
	case err != nil:
		return err
	case !yes:
		return refuse
	}
	if err := a.keys.record(address, key); err != nil {
		a.Notify(message.SSH019, "path", a.keys.own, "err", err)
	}
	return nil
}
