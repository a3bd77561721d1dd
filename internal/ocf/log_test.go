package ocf

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
)

var logTime = time.Date(2026, time.March, 5, 1, 2, 3, 4, time.UTC)

// testLog makes a logger with a fixed time; its syslog socket is path.
func testLog(env Env, call Call, terminal bool, path string) (*logrus.Logger, *bytes.Buffer) {
	var stderr bytes.Buffer
	tg := newTargets(env, call, terminal, &stderr)
	tg.now = func() time.Time { return logTime }
	if tg.syslog != nil {
		tg.syslog.path = path
	}
	return newLogger(tg, call), &stderr
}

func tag() string { return fmt.Sprintf("pgsql(R)[%d]", os.Getpid()) }

// Conformance: 15 (unit)
func TestLogWords(t *testing.T) {
	logger, stderr := testLog(Env{}, Call{Instance: "R", Debug: true}, true, "")
	logger.Log(logrus.FatalLevel, "a")
	logger.Error("b")
	logger.Warn("c")
	logger.Info("d\nINFO: forged")
	logger.WithError(errors.New("no way")).WithField("attempt", 2).Debug("e")
	want := strings.ReplaceAll("TAG: CRIT: a\nTAG: ERROR: b\nTAG: WARNING: c\nTAG: INFO: d INFO: forged\nTAG: DEBUG: e attempt=2 error=\"no way\"\n", "TAG", tag())
	if got := stderr.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// Conformance: 15 (unit)
func TestLogDebugOnlyWhenAsked(t *testing.T) {
	logger, stderr := testLog(Env{}, Call{Instance: "R"}, true, "")
	logger.Debug("x")
	if stderr.Len() != 0 {
		t.Errorf("got %q", stderr.String())
	}
}

// Conformance: 15 (unit)
func TestLogTargets(t *testing.T) {
	const line = "Mar 05 01:02:03  TAG:    INFO: hello\n"
	const packet = "<30>Mar  5 01:02:03 TAG: INFO: hello"
	tests := []struct {
		name          string
		env           Env // "DIR" in values is the test's directory
		terminal      bool
		stderr        string
		file, debug   string
		syslogMessage string
	}{
		{name: "nothing set", stderr: line},
		{name: "terminal, and nothing else", env: Env{"HA_LOGFACILITY": "daemon", "HA_LOGFILE": "DIR/log"}, terminal: true, stderr: "TAG: INFO: hello\n"},
		{name: "syslog", env: Env{"HA_LOGFACILITY": "daemon"}, syslogMessage: packet},
		{name: "other facility", env: Env{"HA_LOGFACILITY": "local0"}, syslogMessage: strings.Replace(packet, "30", "134", 1)},
		{name: "unknown facility", env: Env{"HA_LOGFACILITY": "mars"}, syslogMessage: packet},
		{name: "facility none", env: Env{"HA_LOGFACILITY": "none", "PCMK_LOGFACILITY": "daemon"}, stderr: line},
		{name: "HA_LOGD", env: Env{"HA_LOGD": "yes", "HA_LOGFILE": "DIR/log"}, syslogMessage: packet},
		{name: "no HA_LOGD", env: Env{"HA_LOGD": "no", "HA_LOGFILE": "DIR/log"}, file: line},
		{name: "file", env: Env{"HA_LOGFILE": "DIR/log"}, file: line},
		{name: "file and syslog", env: Env{"HA_LOGFILE": "DIR/log", "HA_LOGFACILITY": "daemon"}, file: line, syslogMessage: packet},
		{name: "debug log", env: Env{"HA_LOGFILE": "DIR/log", "HA_DEBUGLOG": "DIR/debug"}, file: line, debug: line},
		{name: "debug log is the log", env: Env{"HA_LOGFILE": "DIR/log", "HA_DEBUGLOG": "DIR/log"}, file: line},
		{name: "debug log alone", env: Env{"HA_DEBUGLOG": "DIR/debug"}, debug: line, stderr: line},
		{name: "new names", env: Env{"PCMK_LOGFILE": "DIR/log", "PCMK_LOGFACILITY": "daemon", "PCMK_DEBUGLOG": "DIR/debug"}, file: line, debug: line, syslogMessage: packet},
		{name: "file none", env: Env{"PCMK_LOGFILE": "none"}, stderr: line},
		{name: "own date", env: Env{"HA_LOGFILE": "DIR/log", "HA_DATEFMT": "%Y/%m/%d_%T"}, file: strings.Replace(line, "Mar 05 01:02:03 ", "2026/03/05_01:02:03", 1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			server := listenSyslog(t, dir)
			env := Env{}
			for name, value := range tt.env {
				env[name] = strings.Replace(value, "DIR", dir, 1)
			}
			logger, stderr := testLog(env, Call{Instance: "R"}, tt.terminal, filepath.Join(dir, "syslog"))
			logger.Info("hello")
			for what, pair := range map[string][2]string{
				"stderr":    {stderr.String(), tt.stderr},
				"file":      {readLog(t, dir, "log"), tt.file},
				"debug log": {readLog(t, dir, "debug"), tt.debug},
				"syslog":    {receive(t, server), tt.syslogMessage},
			} {
				if want := strings.ReplaceAll(pair[1], "TAG", tag()); pair[0] != want {
					t.Errorf("%s: got  %q\nwant %q", what, pair[0], want)
				}
			}
		})
	}
}

func listenSyslog(t *testing.T, dir string) net.PacketConn {
	t.Helper()
	server, err := net.ListenPacket("unixgram", filepath.Join(dir, "syslog"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

// receive takes what has already been sent: a local datagram arrives at once.
func receive(t *testing.T, server net.PacketConn) string {
	t.Helper()
	if err := server.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 4096)
	n, _, err := server.ReadFrom(buffer)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	return string(buffer[:n])
}

func readLog(t *testing.T, dir, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(content)
}

// Conformance: 15 (unit)
func TestLogSeverity(t *testing.T) {
	for text, want := range map[string]int{"CRIT: x": 5, "ERROR: x": 3, "WARNING: x": 4, "INFO: x": 6, "DEBUG: x": 7, "x": 5} {
		if got := severityOf(text); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

func TestLogToStreamSyslog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "syslog")
	server, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	logger, _ := testLog(Env{"HA_LOGFACILITY": "daemon"}, Call{Instance: "R"}, false, path)
	logger.Info("hello")
	conn, err := server.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	buffer := make([]byte, 4096)
	n, _ := conn.Read(buffer)
	if got := string(buffer[:n]); !strings.HasSuffix(got, ": INFO: hello\x00") {
		t.Errorf("got %q", got)
	}
}

func TestLogAppends(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	for range 2 {
		logger, _ := testLog(Env{"HA_LOGFILE": file}, Call{Instance: "R"}, false, "")
		logger.Info("hello")
		logger.Info("again")
	}
	if content, _ := os.ReadFile(file); strings.Count(string(content), "\n") != 4 {
		t.Errorf("got %q", content)
	}
}

// A syslog daemon that no longer reads must not hold up an action for more
// than the wait for one message.
func TestLogSurvivesHungSyslog(t *testing.T) {
	dir := t.TempDir()
	listenSyslog(t, dir)
	logger, _ := testLog(Env{"HA_LOGFACILITY": "daemon"}, Call{Instance: "R"}, false, filepath.Join(dir, "syslog"))
	start := time.Now()
	for range 2000 {
		logger.Info(strings.Repeat("x", 200))
	}
	if took := time.Since(start); took > 3*syslogWait {
		t.Errorf("took %v", took)
	}
}

func TestLogSurvivesBrokenTargets(t *testing.T) {
	env := Env{"HA_LOGFACILITY": "daemon", "HA_LOGFILE": "/nonexistent/log", "HA_DEBUGLOG": "/dev/full"}
	logger, stderr := testLog(env, Call{Instance: "R"}, false, "/nonexistent/syslog")
	for range 2 {
		logger.Info("hello")
	}
	if stderr.Len() != 0 {
		t.Errorf("standard error: %q", stderr.String())
	}
}

// Conformance: 15 (unit)
func TestLogTag(t *testing.T) {
	for instance, want := range map[string]string{"R": "pgsql(R)", "R:0": "pgsql(R:0)", "": "pgsql"} {
		if got := tagName(Call{Instance: instance}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestIsTerminal(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if isTerminal(null) || isTerminal(nil) {
		t.Error("taken for a terminal")
	}
	ptmx, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo terminals here")
	}
	defer ptmx.Close()
	if !isTerminal(ptmx) {
		t.Error("pseudo terminal not recognised")
	}
}

func TestFormatDate(t *testing.T) {
	for format, want := range map[string]string{
		"%b %d %T ": "Mar 05 01:02:03 ", "%F %R": "2026-03-05 01:02", "%N": "000000004", "100%%": "100%", "%Q%": "%Q%",
	} {
		if got := formatDate(format, logTime); got != want {
			t.Errorf("%q: got %q, want %q", format, got, want)
		}
	}
}
