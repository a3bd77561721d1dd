package remote

import (
	"bufio"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kevinburke/ssh_config"

	"pgrex/internal/message"
)

// finder looks addresses up in the user's configuration of ssh. A file that
// cannot be understood is left out with a notice: the options may suffice.
func (o *Options) finder() func(address string) target {
	path := filepath.Join(o.Home, ".ssh/config")
	text, err := os.ReadFile(path)
	config := &ssh_config.Config{}
	if err == nil {
		var parsed *ssh_config.Config
		if parsed, err = ssh_config.DecodeBytes(withoutMatch(text)); err == nil {
			config = parsed
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		o.Notify(message.SSH018, "path", path, "err", err)
	}
	return func(address string) target {
		get := func(key string) string {
			value, _ := config.Get(address, key)
			return value
		}
		t := target{name: address, host: address, port: 22, user: currentUser()}
		if host := get("HostName"); host != "" {
			t.host = strings.NewReplacer("%h", address, "%%", "%").Replace(host)
		}
		if port, err := strconv.Atoi(get("Port")); err == nil {
			t.port = port
		}
		if name := get("User"); name != "" {
			t.user = name
		}
		if o.Port != 0 {
			t.port = o.Port
		}
		if o.User != "" {
			t.user = o.User
		}
		files, _ := config.GetAll(address, "IdentityFile")
		files = append(append([]string{}, o.IdentityFiles...), files...)
		t.given = len(files) > 0
		if !t.given {
			files = []string{"~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"}
		}
		expand := strings.NewReplacer("%%", "%", "%d", o.Home, "%h", t.host, "%r", t.user, "%u", currentUser())
		for _, file := range files {
			file = expand.Replace(strings.Trim(file, `"`))
			if rest, ok := strings.CutPrefix(file, "~/"); ok {
				file = filepath.Join(o.Home, rest)
			}
			t.identities = append(t.identities, file)
		}
		return t
	}
}

// withoutMatch leaves the sections out that begin with Match: the parser
// refuses a file that has one.
func withoutMatch(text []byte) []byte {
	var kept []byte
	skip := false
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		words := strings.FieldsFunc(lines.Text(), func(r rune) bool { return strings.ContainsRune(" \t=", r) })
		if len(words) > 0 && strings.EqualFold(words[0], "match") {
			skip = true
		}
		if len(words) > 0 && strings.EqualFold(words[0], "host") {
			skip = false
		}
		if !skip {
			kept = append(append(kept, lines.Bytes()...), '\n')
		}
	}
	return kept
}

func currentUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return os.Getenv("USER")
}
