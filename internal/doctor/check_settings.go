package doctor

import (
	"slices"
	"strconv"
	"strings"

	"pgrex/internal/message"
	"pgrex/internal/pg"
)

// values are the settings of a server while one of them is judged.
type values struct {
	release int
	get     func(name string) string
}

// number is a setting as a number, 0 for one that is not there.
func (v values) number(name string) int {
	n, _ := strconv.Atoi(v.get(name))
	return n
}

// settingRule is what is prescribed of one setting. judge says what is wrong with
// its value, [OK] for nothing.
type settingRule struct {
	id, name string
	expected string // values, for people
	line     string // value for the cure
	why      message.ID
	judge    func(v values, value string) State
}

// wants is the judge that accepts some values.
func wants(state State, accepted ...string) func(values, string) State {
	return func(_ values, value string) State {
		if slices.Contains(accepted, value) {
			return OK
		}
		return state
	}
}

// least is the judge that accepts numbers from one on.
func least(state State, n int) func(values, string) State {
	return func(_ values, value string) State {
		if got, err := strconv.Atoi(value); err == nil && got >= n {
			return OK
		}
		return state
	}
}

// settingRules are what is prescribed of single settings (section 5.3).
var settingRules = []settingRule{
	{"DR-02", "wal_level", "replica, logical", "replica", message.DRW002, wants(Error, "replica", "logical")},
	{"DR-03", "hot_standby", "on", "on", message.DRW003, wants(Error, "on")},
	{"DR-04", "synchronous_commit", "on, remote_apply", "on", message.DRW004, wants(Critical, "on", "remote_apply")},
	{"DR-05", "fsync", "on", "on", message.DRW005, wants(Critical, "on")},
	{"DR-05", "full_page_writes", "on", "on", message.DRW005, wants(Critical, "on")},
	{"DR-06", "restart_after_crash", "off", "off", message.DRW006, wants(Error, "off")},
	{"DR-07", "archive_mode", "always", "always", message.DRW007, archiveMode},
	{"DR-12", "listen_addresses", "'*'", "'*'", message.DRW012, listens},
	{"DR-14", "max_wal_senders", ">= 3", "10", message.DRW014, senders},
	{"DR-15", "max_standby_archive_delay", "-1", "-1", message.DRW015, wants(Warning, "-1")},
	{"DR-15", "max_standby_streaming_delay", "-1", "-1", message.DRW015, wants(Warning, "-1")},
	{"DR-16", "hot_standby_feedback", "on", "on", message.DRW016, feedback},
	{"DR-17", "wal_sender_timeout", "1ms - 60s", "20s", message.DRW017, senderTimeout},
	{"DR-17", "wal_receiver_status_interval", "> 0, < wal_sender_timeout / 2", "5s", message.DRW017, statusInterval},
	{"DR-18", "wal_receiver_timeout", "> 0", "20s", message.DRW018, least(Warning, 1)},
	{"DR-19", "wal_keep_segments", ">= 32", "32", message.DRW019, least(Warning, 32)},
	{"DR-19", "wal_keep_size", ">= 512MB", "512MB", message.DRW019, least(Warning, 512)},
	{"DR-29", "recovery_min_apply_delay", "0", "0", message.DRW029, wants(Error, "0")},
}

func archiveMode(v values, value string) State {
	switch {
	case value == "off":
		return Error
	case value == "on" && v.release < 900:
		return Warning
	}
	return OK
}

// listens: addresses that come and go cannot be listed, because the server binds
// those that are there when it starts.
func listens(_ values, value string) State {
	for _, a := range strings.Split(value, ",") {
		if a = strings.TrimSpace(a); a == "*" || a == "0.0.0.0" {
			return OK
		}
	}
	return Error
}

func senders(_ values, value string) State {
	switch n, _ := strconv.Atoi(value); {
	case n <= 0:
		return Error
	case n < 3:
		return Warning
	}
	return OK
}

func feedback(v values, value string) State {
	switch {
	case value == "on":
		return OK
	case v.release >= 17 && v.release < 900:
		return Error
	}
	return Warning
}

func senderTimeout(_ values, value string) State {
	const most = 60_000
	switch ms, _ := strconv.Atoi(value); {
	case ms <= 0:
		return Error
	case ms > most:
		return Warning
	}
	return OK
}

func statusInterval(v values, value string) State {
	seconds, _ := strconv.Atoi(value)
	timeout := v.number("wal_sender_timeout")
	if seconds <= 0 || timeout > 0 && 2*1000*seconds >= timeout {
		return Warning
	}
	return OK
}

func settingChecks() []check {
	list := []check{{"DR-01", releases}, {"DR-13", port}, {"DR-21", rewindable}}
	for _, r := range settingRules {
		if len(list) > 3 && list[len(list)-1].id == r.id {
			continue
		}
		id := r.id
		list = append(list, check{id, func(c *Case) []Finding {
			return eachServer(c, func(n Node, s Server) []Finding { return judge(id, n, s) })
		}})
	}
	return list
}

// judge holds the settings of a server to the rules of a number.
func judge(id string, n Node, s Server) []Finding {
	if missing := needs(n.Name, s.Settings, s.Release); missing != nil {
		return missing
	}
	v := values{s.Release.Value, func(name string) string { return s.Settings.Value[name].Value }}
	var found []Finding
	for _, r := range settingRules {
		set, there := s.Settings.Value[r.name]
		if r.id != id || !there {
			continue
		}
		expected, line := r.expected, r.line
		if r.name == "archive_mode" && v.release == 906 {
			expected, line = "on", "on"
		}
		if state := r.judge(v, set.Value); state != OK {
			found = append(found, Finding{State: state, Found: s.shown(r.name), Expected: literal(r.name + ": " + expected), Why: say(r.why), Cure: s.cureSetting(r.name, line)})
		}
	}
	if id == "DR-04" {
		found = append(found, roleCommits(n, s)...)
	}
	return found
}

// shown is a setting with where it comes from.
func (s Server) shown(name string) Phrase {
	set := s.Settings.Value[name]
	value := quoted(pg.Readable(name, set.Value))
	if set.Where == "default" {
		return say(message.DRB000, "name", name, "value", value)
	}
	return say(message.DRA000, "name", name, "value", value, "where", set.Where)
}

// roleCommits looks at roles and databases with a synchronous_commit of their own.
func roleCommits(n Node, s Server) []Finding {
	if missing := needs(n.Name, s.Survey); missing != nil {
		return missing
	}
	var found []Finding
	for _, r := range s.Survey.Value.RoleSettings {
		v, err := pg.Canonical("synchronous_commit", r.Value)
		if !strings.EqualFold(r.Name, "synchronous_commit") || err == nil && (v == "on" || v == "remote_apply") {
			continue
		}
		whose := "ALTER ROLE " + pg.QuoteName(r.Role)
		switch {
		case r.Role == "" && r.Database == "":
			whose = "ALTER ROLE ALL"
		case r.Role == "":
			whose = "ALTER DATABASE " + pg.QuoteName(r.Database)
		case r.Database != "":
			whose += " IN DATABASE " + pg.QuoteName(r.Database)
		}
		found = append(found, Finding{State: Critical,
			Found:    say(message.DRB004, "statement", whose+" SET synchronous_commit", "value", r.Value),
			Expected: literal("synchronous_commit: on, remote_apply"), Why: say(message.DRW004),
			Cure: []Phrase{s.onPrimary(whose + " RESET synchronous_commit")}})
	}
	return found
}

// port compares the server's port with the one that the agent looks for it at.
func port(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needs(n.Name, s.Settings, c.Database); missing != nil {
			return missing
		}
		want := strconv.Itoa(c.Database.Value.Params.PgPort)
		if s.Settings.Value["port"].Value == want {
			return nil
		}
		return []Finding{{State: Error, Found: s.shown("port"), Expected: say(message.DRX013, "port", want), Why: say(message.DRW013), Cure: s.cureSetting("port", want)}}
	})
}

// rewindable makes sure that pg_rewind accepts the data.
func rewindable(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if s.Control.Known && s.Control.Value.DataChecksums {
			return nil
		}
		if missing := needs(n.Name, s.Control, s.Settings); missing != nil {
			return missing
		}
		if s.Settings.Value["wal_log_hints"].Value == "on" {
			return nil
		}
		return []Finding{{State: Warning, Found: say(message.DRA021), Expected: say(message.DRX021), Why: say(message.DRW021), Cure: s.cureSetting("wal_log_hints", "on")}}
	})
}

const oldestRelease, newestRelease = 906, 18

// programs are those that are looked at, with the parameters that they are found by.
var programs = []struct{ name, param string }{{"pg_ctl", "pgctl"}, {"postgres", "pgctl"}, {"psql", "psql"}}

// releases looks at the programs and what data they are for.
func releases(c *Case) []Finding {
	found := eachServer(c, func(n Node, s Server) []Finding {
		var list []Finding
		add := func(state State, what Phrase, cure Phrase) {
			list = append(list, Finding{State: state, Found: what, Expected: say(message.DRX001), Why: say(message.DRW001), Cure: []Phrase{cure}})
		}
		for _, k := range programs {
			if p := s.Programs[k.name]; p.Error != "" {
				add(Error, say(message.DRA001, "path", p.Path, "err", p.Error), say(message.DRM001, "param", k.param, "node", n.Name))
			}
		}
		if !s.Release.Known {
			return append(list, notKnown(n.Name, s.Release.Why))
		}
		r := s.Release.Value
		if r > 900 && r < oldestRelease || r > newestRelease && r < 900 || r < 10 {
			add(Error, say(message.DRB001, "release", releaseName(r)), say(message.DRN001))
		}
		for _, k := range programs {
			if p := s.Programs[k.name]; k.name != "pg_ctl" && p.Version != "" && !sameRelease(p.Version, r) {
				add(Error, say(message.DRC001, "path", p.Path, "version", p.Version, "release", releaseName(r)), say(message.DRM001, "param", k.param, "node", n.Name))
			}
		}
		return list
	})
	if len(c.Nodes) < 2 || len(found) > 0 {
		return found
	}
	a, b := server(c.Nodes[0]).Programs["postgres"].Version, server(c.Nodes[1]).Programs["postgres"].Version
	if a != b {
		found = append(found, Finding{State: Warning, Found: say(message.DRD001, "node", c.Nodes[0].Name, "a", a, "other", c.Nodes[1].Name, "b", b),
			Expected: say(message.DRX001), Why: say(message.DRV001), Cure: []Phrase{say(message.DRO001)}})
	}
	return found
}

// sameRelease says whether a version, "15.8" or "9.6.24", is of a major release.
func sameRelease(version string, release int) bool {
	name := releaseName(release)
	return version == name || strings.HasPrefix(version, name+".")
}
