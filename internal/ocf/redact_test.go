package ocf

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
)

func TestRedact(t *testing.T) {
	tests := []struct {
		name               string
		password, conninfo string
		text, want         string
	}{
		{"nothing to hide", "", "", "a=b", "a=b"},
		{"monitor_password", "geheim", "", "PGPASSWORD=geheim x", "PGPASSWORD=*** x"},
		{"conninfo", "", "sslmode=on password=abc k=v", "host=x password=abc k=v", "host=x password=*** k=v"},
		{"value alone", "", "password=abc", "said abc", "said ***"},
		{"value in quotes", "", `password='a b\'c' k=v`, `got "a b'c"`, `got "***"`},
		{"quotes in a text", "", "", "password = 'a b' k=v", "password = *** k=v"},
		{"doubled quotes", "", "", "primary_conninfo = 'password=''a b'' k=v'", "primary_conninfo = 'password=*** k=v'"},
		{"cut off in quotes", "", "", "password='a b", "password=***"},
		{"sslpassword", "", "sslpassword=xyz", "sslpassword=xyz", "sslpassword=***"},
		{"any case", "", "", "PASSWORD=abc", "PASSWORD=***"},
		{"one within the other", "abc", "password=abcdef", "abcdef abc", "*** ***"},
		{"quoted by Go", "a\"b", "", `argument "a\"b"`, `argument "***"`},
		{"quoted by SQL", "a'b", "", `E'a\'b' 'a''b'`, `E'***' '***'`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := Params{MonitorPassword: tt.password, PrimaryConninfoOpt: tt.conninfo}
			if got := p.Redact(tt.text); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestParamsPrintNoPassword(t *testing.T) {
	p := Params{MonitorPassword: "geheim", PrimaryConninfoOpt: "password='noch geheimer' k=v"}
	for _, text := range []string{fmt.Sprint(p), fmt.Sprintf("%+v", p), fmt.Sprint(&p)} {
		if strings.Contains(text, "geheim") || !strings.Contains(text, "k=v") {
			t.Error(text)
		}
	}
}

func TestRedactHook(t *testing.T) {
	var b bytes.Buffer
	logger := logrus.New()
	logger.SetOutput(&b)
	logger.SetFormatter(formatter{})
	logger.AddHook(Params{MonitorPassword: "geheim"}.RedactHook())
	entry := logger.WithError(errors.New("is geheim")).WithField("n", 3)
	entry.Info("also geheim")
	if got, want := b.String(), `INFO: also *** error="is ***" n=3`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if entry.Data["error"].(error).Error() != "is geheim" {
		t.Error("the caller's entry was changed")
	}
}
