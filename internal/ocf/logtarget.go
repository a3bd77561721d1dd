package ocf

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// targets writes each message to every place it belongs to.
type targets struct {
	tag     string
	dateFmt string
	now     func() time.Time

	terminal io.Writer // with the tag only
	stderr   io.Writer // with date and tag
	syslog   *syslogTarget
	files    []*fileTarget
}

const defaultDateFmt = "%b %d %T "

func newTargets(env Env, call Call, terminal bool, stderr io.Writer) *targets {
	t := &targets{
		tag:     fmt.Sprintf("%s[%d]", tagName(call), os.Getpid()),
		dateFmt: env.Get("HA_DATEFMT"),
		now:     time.Now,
	}
	if t.dateFmt == "" {
		t.dateFmt = defaultDateFmt
	}
	if terminal {
		t.terminal = stderr
		return t
	}
	name := logVariable(env, "LOGFACILITY")
	if IsTrue(env.Get("HA_LOGD")) || IsTrue(env.Get("HA_use_logd")) {
		t.syslog = newSyslog(name)
		return t
	}
	if name != "" {
		t.syslog = newSyslog(name)
	}
	logFile := logPath(env, "LOGFILE")
	t.addFile(logFile)
	if debugLog := logPath(env, "DEBUGLOG"); debugLog != logFile {
		t.addFile(debugLog)
	}
	if t.syslog == nil && logFile == "" {
		t.stderr = stderr
	}
	return t
}

// tagName is what log scrapers look for: script and resource.
func tagName(call Call) string {
	if call.Instance == "" {
		return "pgsql"
	}
	return "pgsql(" + oneLine(call.Instance) + ")"
}

// logVariable reads a variable under its older or its newer name. "none" is
// how both say that there is to be no such target.
func logVariable(env Env, name string) string {
	for _, prefix := range []string{"HA_", "PCMK_"} {
		switch value := env.Get(prefix + name); value {
		case "":
		case "none":
			return ""
		default:
			return value
		}
	}
	return ""
}

// logPath takes absolute paths only: the agent's working directory is no
// place for a log.
func logPath(env Env, name string) string {
	if file := logVariable(env, name); filepath.IsAbs(file) {
		return file
	}
	return ""
}

func (t *targets) addFile(path string) {
	if path != "" {
		t.files = append(t.files, &fileTarget{path: path})
	}
}

// Write takes one message. It never fails: logrus would complain on standard
// error, which belongs to the exit reason.
func (t *targets) Write(message []byte) (int, error) {
	text := string(message)
	line := fmt.Sprintf("%s %s:    %s\n", formatDate(t.dateFmt, t.now()), t.tag, text)
	if t.terminal != nil {
		fmt.Fprintf(t.terminal, "%s: %s\n", t.tag, text)
	}
	if t.syslog != nil {
		t.syslog.send(t.now(), t.tag, text)
	}
	for _, file := range t.files {
		file.append(line)
	}
	if t.stderr != nil {
		fmt.Fprint(t.stderr, line)
	}
	return len(message), nil
}

// fileTarget is opened at the first line, so that an action that says nothing
// leaves no trace, and is not tried again once it has failed.
type fileTarget struct {
	path   string
	file   *os.File
	failed bool
}

func (t *fileTarget) append(line string) {
	if t.file == nil && !t.failed {
		// O_NONBLOCK: a pipe without a reader must not hold up the action.
		const flags = os.O_APPEND | os.O_CREATE | os.O_WRONLY | syscall.O_NONBLOCK
		file, err := os.OpenFile(t.path, flags, 0o640)
		t.file, t.failed = file, err != nil
	}
	if t.failed {
		return
	}
	_, err := t.file.WriteString(line)
	t.failed = err != nil
}

// dateVerbs are those of date(1) that make sense in a log, in Go's form.
var dateVerbs = map[byte]string{
	'T': "15:04:05", 'H': "15", 'M': "04", 'S': "05",
	'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'e': "_2", 'j': "002",
	'b': "Jan", 'h': "Jan", 'B': "January", 'a': "Mon", 'A': "Monday",
	'F': "2006-01-02", 'R': "15:04", 'D': "01/02/06", 'z': "-0700", 'Z': "MST",
}

// formatDate writes a time as date(1) would. What it does not know stays as it is.
func formatDate(format string, t time.Time) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		layout, known := dateVerbs[format[i]]
		switch {
		case format[i] == 'N': // Go has fractions only after a point
			fmt.Fprintf(&b, "%09d", t.Nanosecond())
		case format[i] == '%':
			b.WriteByte('%')
		case known:
			b.WriteString(t.Format(layout))
		default:
			b.WriteString(format[i-1 : i+1])
		}
	}
	return b.String()
}
