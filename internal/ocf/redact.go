package ocf

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"
)

const hidden = "***"

// conninfoPassword finds a password in a connection string, also in one that
// another program quotes: password and sslpassword, blanks around the equals
// sign, a value in single quotes or up to the next blank. Inside the quotes of a
// configuration file quotes and backslashes are doubled.
var conninfoPassword = regexp.MustCompile(`(?i)(password\s*=\s*)(''(?:[^'\\]|\\\\(?:''|\\\\|[^'\\]))+''|''(?:[^'\\]|\\.)+''|'(?:[^'\\]|\\.)*(?:'|$)|(?:[^\s'\\]|\\.)(?:[^\s\\]|\\.)*)`)

// Redact takes out of a text what must not be read in a log or an exit reason:
// the values of monitor_password and of passwords in primary_conninfo_opt, and
// whatever follows "password=".
func (p Params) Redact(s string) string {
	s = conninfoPassword.ReplaceAllString(s, "${1}"+hidden)
	for _, secret := range p.secrets() {
		s = strings.ReplaceAll(s, secret, hidden)
	}
	return s
}

// secrets lists the passwords in the forms in which other programs or our own
// quoting may show them, the longest first: one can be part of another.
func (p Params) secrets() []string {
	var all []string
	add := func(secret string) {
		quoted := fmt.Sprintf("%q", secret)
		for _, form := range []string{
			secret,
			strings.ReplaceAll(secret, "'", "''"),
			strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(secret),
			quoted[1 : len(quoted)-1],
		} {
			if form != "" && !slices.Contains(all, form) {
				all = append(all, form)
			}
		}
	}
	add(p.MonitorPassword)
	for _, m := range conninfoPassword.FindAllStringSubmatch(p.PrimaryConninfoOpt, -1) {
		add(m[2])
		add(unquoteConninfo(m[2]))
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return all
}

// unquoteConninfo is the value that libpq takes from a connection string.
func unquoteConninfo(s string) string {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "'"), "'")
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// RedactHook makes a logger pass everything through [Params.Redact].
func (p Params) RedactHook() logrus.Hook { return redactHook{p} }

type redactHook struct{ p Params }

func (redactHook) Levels() []logrus.Level { return logrus.AllLevels }

// Fire gets a copy of the entry, and of its fields.
func (h redactHook) Fire(e *logrus.Entry) error {
	e.Message = h.p.Redact(e.Message)
	for key, value := range e.Data {
		if _, isNumber := value.(int); !isNumber {
			e.Data[key] = h.p.Redact(fmt.Sprint(value))
		}
	}
	return nil
}
