package ocf

import (
	"fmt"
	"net"
	"strings"
	"time"
)

// syslogSocket is where the syslog daemon of this machine listens.
const syslogSocket = "/dev/log"

// syslogWait bounds one message: a daemon that hangs must not hold up the action.
const syslogWait = time.Second

// syslogTarget writes to the syslog socket, in the local form of RFC 3164
// (no host name). The package log/syslog is not used because its writes have
// no deadline.
type syslogTarget struct {
	facility int
	path     string
	conn     net.Conn
	stream   bool // the daemon listens on a stream: messages need an end mark
	failed   bool
}

// facilities are the names of syslog(3) that logger(1) knows.
var facilities = map[string]int{
	"kern": 0, "user": 1, "mail": 2, "daemon": 3, "auth": 4, "security": 4, "syslog": 5,
	"lpr": 6, "news": 7, "uucp": 8, "cron": 9, "authpriv": 10, "ftp": 11,
	"local0": 16, "local1": 17, "local2": 18, "local3": 19,
	"local4": 20, "local5": 21, "local6": 22, "local7": 23,
}

// newSyslog takes the name of a facility; daemon, Pacemaker's default, stands
// in for one that does not exist.
func newSyslog(name string) *syslogTarget {
	facility, ok := facilities[strings.ToLower(name)]
	if !ok {
		facility = facilities["daemon"]
	}
	return &syslogTarget{facility: facility, path: syslogSocket}
}

// severityOf goes by the first word, as the OCF shell functions do.
func severityOf(text string) int {
	word, _, _ := strings.Cut(text, ":")
	switch word {
	case "ERROR":
		return 3
	case "WARNING":
		return 4
	case "INFO":
		return 6
	case "DEBUG":
		return 7
	}
	return 5 // notice
}

func (s *syslogTarget) send(now time.Time, tag, text string) {
	if s.failed {
		return
	}
	if s.conn == nil {
		s.connect()
	}
	if s.conn == nil {
		s.failed = true
		return
	}
	message := fmt.Sprintf("<%d>%s %s: %s", s.facility<<3|severityOf(text), now.Format(time.Stamp), tag, text)
	if s.stream {
		message += "\x00"
	}
	// Not time.Now: the deadline is the kernel's business, not a decision's.
	err := s.conn.SetWriteDeadline(time.Now().Add(syslogWait))
	if err == nil {
		_, err = s.conn.Write([]byte(message))
	}
	s.failed = err != nil
}

func (s *syslogTarget) connect() {
	for _, network := range []string{"unixgram", "unix"} {
		conn, err := net.DialTimeout(network, s.path, syslogWait)
		if err == nil {
			s.conn, s.stream = conn, network == "unix"
			return
		}
	}
}
