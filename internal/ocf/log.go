package ocf

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"unsafe"

	"github.com/sirupsen/logrus"
)

// NewLogger makes the logger of one invocation. Where it writes follows the
// OCF shell functions, because Pacemaker sets its variables for them:
//
//  1. a person at a terminal reads standard error, and nothing else is written;
//  2. with HA_LOGD, everything goes to syslog (there is no such daemon today);
//  3. HA_LOGFACILITY: syslog, unless it is "none";
//  4. HA_LOGFILE: a line there;
//  5. HA_DEBUGLOG: a line there too, if it is another file;
//  6. neither 3 nor 4: standard error, with the date.
//
// Pacemaker 2.1.7 and newer set the same under names with PCMK_. A message at
// logrus's level Fatal is shown as CRIT; send it with Log(logrus.FatalLevel, …),
// because Fatal would end the process without an exit reason.
//
// A target that does not work is passed over: no action fails for its log.
func NewLogger(env Env, call Call, stdin *os.File, stderr io.Writer) *logrus.Logger {
	return newLogger(newTargets(env, call, isTerminal(stdin), stderr), call)
}

func newLogger(t *targets, call Call) *logrus.Logger {
	logger := logrus.New()
	logger.SetOutput(t)
	logger.SetFormatter(formatter{})
	logger.SetLevel(logrus.InfoLevel)
	if call.Debug {
		logger.SetLevel(logrus.DebugLevel)
	}
	return logger
}

// formatter makes the text of a message; date and tag are the targets' part.
type formatter struct{}

// Format gives one line, whatever the message holds: a line break in it could
// pass for a message of another program.
func (formatter) Format(e *logrus.Entry) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(levelWord(e.Level) + ": " + oneLine(e.Message))
	keys := make([]string, 0, len(e.Data))
	for key := range e.Data {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		b.WriteString(" " + key + "=" + fieldValue(e.Data[key]))
	}
	return b.Bytes(), nil
}

func fieldValue(value any) string {
	s := oneLine(fmt.Sprint(value))
	if s == "" || strings.ContainsAny(s, ` "=`) {
		return fmt.Sprintf("%q", s)
	}
	return s
}

func levelWord(level logrus.Level) string {
	switch level {
	case logrus.PanicLevel, logrus.FatalLevel:
		return "CRIT"
	case logrus.ErrorLevel:
		return "ERROR"
	case logrus.WarnLevel:
		return "WARNING"
	case logrus.InfoLevel:
		return "INFO"
	case logrus.DebugLevel, logrus.TraceLevel:
		return "DEBUG"
	}
	return "INFO"
}

// isTerminal asks the terminal driver: /dev/null is a character device too.
func isTerminal(f *os.File) bool {
	if f == nil {
		return false
	}
	conn, err := f.SyscallConn() // unlike Fd, leaves the file as it is
	if err != nil {
		return false
	}
	terminal := false
	err = conn.Control(func(fd uintptr) {
		var state syscall.Termios
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TCGETS, uintptr(unsafe.Pointer(&state)))
		terminal = errno == 0
	})
	return err == nil && terminal
}
