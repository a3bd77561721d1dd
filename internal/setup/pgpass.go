package setup

import (
	"strconv"
	"strings"

	"github.com/jackc/pgpassfile"
)

// hosts are where this node looks for a primary (specification 5.5).
func (w Wanted) hosts() []string { return []string{w.VIPRep.String(), w.Peer.String()} }

// storedPassword is what the password file has for a host, "" for nothing: the
// first line that matches.
func storedPassword(text, host string, w Wanted) string {
	file, err := pgpassfile.ParsePassfile(strings.NewReader(text))
	if err != nil {
		return ""
	}
	return file.FindPassword(host, strconv.Itoa(w.Port), "replication", w.RepUser)
}

// KnownPassword is the one that the password file of this node has for the
// replication user, "" when it has none.
func KnownPassword(o Observed, w Wanted) string {
	for _, host := range w.hosts() {
		if p := storedPassword(o.PgPass.Text, host, w); p != "" {
			return p
		}
	}
	return ""
}

func escapePass(s string) string { return strings.NewReplacer(`\`, `\\`, ":", `\:`).Replace(s) }

// withPasswords is a password file in which the password is the first that
// matches for both hosts. Other lines stay, in their order.
func withPasswords(text string, w Wanted) string {
	var ours []string
	for _, host := range w.hosts() {
		if storedPassword(text, host, w) == w.Password {
			continue
		}
		key := strings.Join([]string{escapePass(host), strconv.Itoa(w.Port), "replication", escapePass(w.RepUser)}, ":") + ":"
		var kept strings.Builder
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(line, key) {
				kept.WriteString(line)
			}
		}
		text = kept.String()
		ours = append(ours, key+escapePass(w.Password)+"\n")
	}
	return strings.Join(ours, "") + text
}

// masked is a password file to be shown. A line whose password alone differs
// from that in the former text is marked, or nobody would see a difference.
func masked(text, former string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		key, password := splitPass(line)
		if password == "" {
			b.WriteString(line + "\n")
			continue
		}
		mark := "********"
		for there := range strings.Lines(former) {
			if k, p := splitPass(strings.TrimSuffix(there, "\n")); k == key && p != password {
				mark = "******** (another password)"
			}
		}
		b.WriteString(key + mark + "\n")
	}
	return b.String()
}

// splitPass cuts a line behind its fourth colon. A line with fewer is a comment,
// or worth hiding as a whole.
func splitPass(line string) (key, password string) {
	if strings.HasPrefix(strings.TrimSpace(line), "#") || strings.TrimSpace(line) == "" {
		return line, ""
	}
	colons := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case ':':
			if colons++; colons == 4 {
				return line[:i+1], line[i+1:]
			}
		}
	}
	return "", line
}
