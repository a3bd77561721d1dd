package remote

import (
	"bytes"
	"errors"
	"io/fs"
	"net"
	"os"
	"slices"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"pgrex/internal/message"
)

// How often a person may mistype a password.
const manualTries = 3

var errNoMoreTries = errors.New("no password left to try")

// password gives passwords to whatever way of logging in asks for one: a wrong
// one counts, whichever way the server wanted it.
type password struct {
	mode   Mode
	stored string
	ask    func(user, host string) (string, error)
	tries  int
	err    error // why nobody can be asked
}

func (p *password) next(a *attempt) (string, error) {
	switch {
	case p.err != nil:
		return "", p.err
	case p.mode == PassFile && p.tries == 0:
		p.tries++
		return p.stored, nil
	case p.mode == PassFile, p.tries == manualTries:
		return "", errNoMoreTries
	case p.ask == nil:
		p.err = ErrNoTerminal
		return "", p.err
	}
	a.wait()
	defer a.resume()
	text, err := p.ask(a.user, a.host)
	if err != nil {
		p.err = err
		return "", err
	}
	p.tries++
	return text, nil
}

// methods are the ways to log in, in their order. The function that they come
// with is to be called after the login.
func (a *attempt) methods() (methods []ssh.AuthMethod, done func()) {
	done = func() {}
	var client agent.ExtendedAgent
	if socket := os.Getenv("SSH_AUTH_SOCK"); socket != "" {
		if conn, err := net.Dial("unix", socket); err == nil {
			client = agent.NewClient(conn)
			done = func() { conn.Close() }
		}
	}
	methods = append(methods, ssh.PublicKeysCallback(func() ([]ssh.Signer, error) { return a.signers(client), nil }))
	if a.Mode == NoPass {
		return methods, done
	}
	ask := func() (string, error) { return a.password.next(a) }
	return append(methods,
		ssh.RetryableAuthMethod(ssh.PasswordCallback(ask), manualTries),
		ssh.RetryableAuthMethod(ssh.KeyboardInteractive(func(_, _ string, questions []string, echo []bool) ([]string, error) {
			switch {
			case len(questions) == 0: // the server just says something
				return nil, nil
			case len(questions) > 1 || echo[0]:
				return nil, errors.New("the server asks for more than a password")
			}
			text, err := ask()
			return []string{text}, err
		}), manualTries),
	), done
}

// signers are the keys to log in with: those of the files, then those that only
// the agent has.
func (a *attempt) signers(client agent.ExtendedAgent) []ssh.Signer {
	var held, signers []ssh.Signer
	if client != nil {
		// An agent that does not answer has no keys.
		held, _ = client.Signers()
	}
	for _, file := range a.identities {
		signer, public, err := readIdentity(file)
		switch {
		case err == nil:
		case public != nil:
			i := slices.IndexFunc(held, func(s ssh.Signer) bool { return sameKey(s.PublicKey(), public) })
			if i < 0 {
				a.Notify(message.SSH017, "path", file)
				continue
			}
			signer = held[i]
		case errors.Is(err, fs.ErrNotExist) && !a.given:
			continue
		default:
			a.Notify(message.SSH018, "path", file, "err", err)
			continue
		}
		signers = append(signers, signer)
	}
	for _, s := range held {
		if !slices.ContainsFunc(signers, func(have ssh.Signer) bool { return sameKey(have.PublicKey(), s.PublicKey()) }) {
			signers = append(signers, s)
		}
	}
	return signers
}

func sameKey(a, b ssh.PublicKey) bool { return bytes.Equal(a.Marshal(), b.Marshal()) }

// readIdentity reads a private key. Of one that is protected by a passphrase it
// returns the public part with the error.
func readIdentity(file string) (ssh.Signer, ssh.PublicKey, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	signer, err := ssh.ParsePrivateKey(text)
	var missing *ssh.PassphraseMissingError
	if !errors.As(err, &missing) {
		return signer, nil, err
	}
	if missing.PublicKey != nil {
		return nil, missing.PublicKey, err
	}
	// The older format keeps the public part to itself.
	if text, readErr := os.ReadFile(file + ".pub"); readErr == nil {
		if public, _, _, _, parseErr := ssh.ParseAuthorizedKey(text); parseErr == nil {
			return nil, public, err
		}
	}
	return nil, nil, err
}
