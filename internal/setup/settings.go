package setup

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pgrex/internal/pg"
)

// OwnFile is the name of the file with our settings, beside postgresql.conf.
const OwnFile = "pg-rex.conf"

// includeOwn is the line of postgresql.conf that includes it.
const includeOwn = "include '" + OwnFile + "'"

// setting is one that PG-REX prescribes.
type setting struct {
	pg.Setting
	// fits says that another value is right as well; without it only ours is.
	// The value is as postgres -C prints it: numbers in the base unit.
	fits func(value string) bool
}

// prescribed are the settings for a release (specification 5.3). What the agent
// sets itself is none of them: synchronous_standby_names, primary_conninfo,
// primary_slot_name, restore_command and recovery_target*.
func prescribed(release int, w Wanted) []setting {
	old := !since(release, 10)
	pick := func(from10, until96 string) string {
		if old {
			return until96
		}
		return from10
	}
	list := []setting{
		{pg.Setting{Name: "listen_addresses", Value: "*"}, nil},
		{pg.Setting{Name: "port", Value: strconv.Itoa(w.Port)}, nil},
		{pg.Setting{Name: "wal_level", Value: pick("replica", "hot_standby")}, oneOf("replica", "logical", "hot_standby")},
		{pg.Setting{Name: "hot_standby", Value: "on"}, nil},
		{pg.Setting{Name: "max_wal_senders", Value: pick("10", "4")}, atLeast(3)},
	}
	if !old {
		list = append(list, setting{pg.Setting{Name: "max_replication_slots", Value: "10"}, atLeast(1)})
	}
	list = append(list,
		setting{pg.Setting{Name: "wal_sender_timeout", Value: "20s"}, between(1, 20_000)},
		setting{pg.Setting{Name: "wal_receiver_status_interval", Value: "5s"}, between(1, 9)},
	)
	if !old {
		list = append(list, setting{pg.Setting{Name: "wal_receiver_timeout", Value: "20s"}, between(1, 60_000)})
	}
	if since(release, 13) {
		list = append(list, setting{pg.Setting{Name: "wal_keep_size", Value: "512MB"}, atLeast(512)})
	} else {
		list = append(list, setting{pg.Setting{Name: "wal_keep_segments", Value: "32"}, atLeast(32)})
	}
	list = append(list,
		setting{pg.Setting{Name: "max_standby_streaming_delay", Value: "-1"}, nil},
		setting{pg.Setting{Name: "max_standby_archive_delay", Value: "-1"}, nil},
		setting{pg.Setting{Name: "hot_standby_feedback", Value: "on"}, nil},
		setting{pg.Setting{Name: "synchronous_commit", Value: "on"}, oneOf("on", "remote_apply")},
		setting{pg.Setting{Name: "fsync", Value: "on"}, nil},
		setting{pg.Setting{Name: "full_page_writes", Value: "on"}, nil},
		setting{pg.Setting{Name: "archive_mode", Value: pick("always", "on")}, nil},
		setting{pg.Setting{Name: "archive_command", Value: w.archiveCommand()}, w.archives},
		setting{pg.Setting{Name: "restart_after_crash", Value: "off"}, nil},
	)
	if !old {
		list = append(list,
			setting{pg.Setting{Name: "superuser_reserved_connections", Value: "10"}, atLeast(3)},
			setting{pg.Setting{Name: "password_encryption", Value: "scram-sha-256"}, nil})
	}
	return list
}

// logging is how a new server keeps its messages: the agent sends what it writes
// to standard error to /dev/null. A week is kept.
func logging() []pg.Setting {
	return []pg.Setting{
		{Name: "logging_collector", Value: "on"},
		{Name: "log_filename", Value: "postgresql-%a.log"},
		{Name: "log_rotation_age", Value: "1d"},
		{Name: "log_rotation_size", Value: "0"},
		{Name: "log_truncate_on_rotation", Value: "on"},
		{Name: "log_line_prefix", Value: "%m [%p] %q%u@%d "},
	}
}

// archiveCommand is the one for the archive directory, whose path needs no
// quotes ([Wanted.Check]).
func (w Wanted) archiveCommand() string {
	if w.Helper == "" {
		return "/bin/cp %p " + w.Archive + "/%f"
	}
	return w.Helper + " archive %p " + w.Archive
}

// archives says that a command names the archive directory: how it copies is
// the administrator's choice.
func (w Wanted) archives(command string) bool { return strings.Contains(command, w.Archive) }

func oneOf(values ...string) func(string) bool {
	return func(v string) bool { return slices.Contains(values, v) }
}

func atLeast(least int) func(string) bool { return between(least, 1<<31) }

func between(least, most int) func(string) bool {
	return func(v string) bool {
		n, err := strconv.Atoi(v)
		return err == nil && n >= least && n <= most
	}
}

// right says whether a value of a running configuration will do.
func (s setting) right(value string) bool {
	if s.fits != nil {
		return s.fits(value)
	}
	return value == s.Value
}

const ownHeader = "# PG-REX: settings that the cluster needs. Written by pg-rex init.\n" +
	"# Keep this file the same on both nodes.\n"

// newSettings is the file of a new database.
func newSettings(release int, w Wanted) string {
	var b strings.Builder
	b.WriteString(ownHeader)
	for _, s := range prescribed(release, w) {
		writeSetting(&b, s.Setting)
	}
	b.WriteString("\n# The server's log: one file for each day of the week.\n")
	for _, s := range logging() {
		writeSetting(&b, s)
	}
	return b.String()
}

// plainValue is one that people write without quotes.
var plainValue = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

func writeSetting(b *strings.Builder, s pg.Setting) {
	value := s.Value
	if !plainValue.MatchString(value) {
		value = pg.QuoteConf(value)
	}
	b.WriteString(s.Name + " = " + value + "\n")
}

// settingName is what a line of a configuration file sets, "" for nothing.
func settingName(line string) string {
	name, _, _ := strings.Cut(strings.TrimSpace(line), "=")
	name = strings.TrimSpace(name)
	if strings.HasPrefix(name, "#") || strings.ContainsAny(name, " \t") {
		return ""
	}
	return strings.ToLower(name)
}

// amended is the text of our file for a database that is there: what it sets
// stays, and what is wrong in the configuration as a whole is added or
// corrected. elsewhere are settings that our file has right and something after
// it changes.
func amended(o Observed, w Wanted) (text string, elsewhere []string) {
	wrong := map[string]pg.Setting{}
	var order []string
	for _, s := range prescribed(o.Release, w) {
		if value, known := o.Effective[s.Name]; !known || !s.right(value) {
			wrong[s.Name] = s.Setting
			order = append(order, s.Name)
		}
	}
	var b strings.Builder
	included := hasLine(o.Conf.Text, includeOwn)
	for line := range strings.Lines(o.Own.Text) {
		s, isWrong := wrong[settingName(line)]
		if !isWrong {
			b.WriteString(line)
			continue
		}
		var right strings.Builder
		writeSetting(&right, s)
		if included && strings.TrimSpace(line) == strings.TrimSpace(right.String()) {
			elsewhere = append(elsewhere, s.Name)
		}
		b.WriteString(right.String())
		delete(wrong, s.Name)
	}
	for _, name := range order {
		if s, still := wrong[name]; still {
			if b.Len() == 0 {
				b.WriteString(ownHeader)
			}
			writeSetting(&b, s)
		}
	}
	return b.String(), elsewhere
}

// agentMark is in the lines that the agent adds to the end of postgresql.conf,
// where they have to stay.
const agentMark = "# added by pgsql RA"

// withInclude is postgresql.conf with the line for our file, before those of
// the agent.
func withInclude(text string) string {
	if hasLine(text, includeOwn) {
		return text
	}
	const ours = includeOwn + "\n"
	at := 0
	for line := range strings.Lines(text) {
		if strings.Contains(line, agentMark) {
			return text[:at] + ours + text[at:]
		}
		at += len(line)
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text + ours
}

func hasLine(text, want string) bool {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if strings.Join(strings.Fields(line), " ") == want {
			return true
		}
	}
	return false
}
