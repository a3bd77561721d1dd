package pg

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// guc is what is known of a setting without a server that could be asked.
type guc struct {
	kind gucKind
	unit string // of whole numbers: "ms", "s", "MB", or "" for none
	// since and until are the releases that have the setting: from since on (0:
	// all), before until (0: still there).
	since, until int
	def          string
	changes      []change // of the default, the oldest first
	// reload is the release from which on a reload is enough, 0 for never.
	reload int
}

type change struct {
	since int
	def   string
}

type gucKind int

const (
	boolean gucKind = iota
	number
	text
	list // of words that count without regard to case
)

// always stands for a release before all others.
const always = 1

// gucs are the settings that PG-REX prescribes something of, with the defaults
// of the releases 9.6 to 18 (guc_tables.c; TestSettingsAreThoseOfTheReleases
// holds them to what servers say).
var gucs = map[string]guc{
	"archive_command":                {kind: text, reload: always},
	"archive_library":                {kind: text, since: 15, reload: always},
	"archive_mode":                   {kind: list, def: "off"},
	"data_directory":                 {kind: text},
	"fsync":                          {kind: boolean, def: "on", reload: always},
	"full_page_writes":               {kind: boolean, def: "on", reload: always},
	"hba_file":                       {kind: text},
	"hot_standby":                    {kind: boolean, def: "off", changes: []change{{10, "on"}}},
	"hot_standby_feedback":           {kind: boolean, def: "off", reload: always},
	"ident_file":                     {kind: text},
	"listen_addresses":               {kind: text, def: "localhost"},
	"log_line_prefix":                {kind: text, changes: []change{{10, "%m [%p] "}}, reload: always},
	"logging_collector":              {kind: boolean, def: "off"},
	"max_connections":                {kind: number, def: "100"},
	"max_locks_per_transaction":      {kind: number, def: "64"},
	"max_prepared_transactions":      {kind: number, def: "0"},
	"max_replication_slots":          {kind: number, def: "0", changes: []change{{10, "10"}}},
	"max_slot_wal_keep_size":         {kind: number, unit: "MB", since: 13, def: "-1", reload: always},
	"max_standby_archive_delay":      {kind: number, unit: "ms", def: "30000", reload: always},
	"max_standby_streaming_delay":    {kind: number, unit: "ms", def: "30000", reload: always},
	"max_wal_senders":                {kind: number, def: "0", changes: []change{{10, "10"}}},
	"max_worker_processes":           {kind: number, def: "8"},
	"password_encryption":            {kind: list, def: "on", changes: []change{{10, "md5"}, {14, "scram-sha-256"}}, reload: always},
	"port":                           {kind: number, def: "5432"},
	"primary_conninfo":               {kind: text, since: 12, reload: 13},
	"primary_slot_name":              {kind: text, since: 12, reload: 13},
	"recovery_min_apply_delay":       {kind: number, unit: "ms", since: 12, def: "0", reload: always},
	"recovery_target":                {kind: text, since: 12},
	"recovery_target_action":         {kind: list, since: 12, def: "pause"},
	"recovery_target_inclusive":      {kind: boolean, since: 12, def: "on"},
	"recovery_target_lsn":            {kind: text, since: 12},
	"recovery_target_name":           {kind: text, since: 12},
	"recovery_target_time":           {kind: text, since: 12},
	"recovery_target_timeline":       {kind: text, since: 12, def: "latest"},
	"recovery_target_xid":            {kind: text, since: 12},
	"restart_after_crash":            {kind: boolean, def: "on", reload: always},
	"restore_command":                {kind: text, since: 12, reload: 14},
	"shared_preload_libraries":       {kind: text},
	"ssl":                            {kind: boolean, def: "off", reload: 10},
	"stats_temp_directory":           {kind: text, until: 15, def: "pg_stat_tmp", reload: always},
	"superuser_reserved_connections": {kind: number, def: "3"},
	"synchronous_commit":             {kind: list, def: "on", reload: always},
	"synchronous_standby_names":      {kind: text, reload: always},
	"unix_socket_directories":        {kind: text, def: "/tmp"},
	"wal_keep_segments":              {kind: number, until: 13, def: "0", reload: always},
	"wal_keep_size":                  {kind: number, unit: "MB", since: 13, def: "0", reload: always},
	"wal_level":                      {kind: list, def: "minimal", changes: []change{{10, "replica"}}},
	"wal_log_hints":                  {kind: boolean, def: "off"},
	"wal_receiver_status_interval":   {kind: number, unit: "s", def: "10", reload: always},
	"wal_receiver_timeout":           {kind: number, unit: "ms", def: "60000", reload: always},
	"wal_sender_timeout":             {kind: number, unit: "ms", def: "60000", reload: always},
}

// KnownSettings are the names of the settings that something is known of, in
// their order.
func KnownSettings() []string {
	var names []string
	for name := range gucs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Has says whether a release has a setting of those names.
func Has(release int, name string) bool {
	g, known := gucs[name]
	return known && (g.since == 0 || since(release, g.since)) && (g.until == 0 || !since(release, g.until))
}

// Gone says that a setting of those names belongs to other releases: this one
// refuses a file with it.
func Gone(release int, name string) bool {
	_, known := gucs[name]
	return known && !Has(release, name)
}

// NeedsRestart says whether a server takes over a new value only when it is
// started again.
func NeedsRestart(release int, name string) bool {
	r := gucs[name].reload
	return r == 0 || r != always && !since(release, r)
}

// DefaultSetting is the value of a setting that no file sets, "" for one that
// the release does not have. That of unix_socket_directories is PostgreSQL's
// own; distributions have others.
func DefaultSetting(release int, name string) string {
	if !Has(release, name) {
		return ""
	}
	def := gucs[name].def
	for _, c := range gucs[name].changes {
		if since(release, c.since) {
			def = c.def
		}
	}
	return def
}

// Canonical is a value as pg_settings shows it: numbers in the unit of their
// setting, on and off, words in lower case.
func Canonical(name, value string) (string, error) {
	g, known := gucs[name]
	if !known {
		return value, nil
	}
	switch g.kind {
	case boolean:
		b, ok := parseBool(value)
		if !ok {
			return value, fmt.Errorf("%q is neither on nor off", value)
		}
		return map[bool]string{true: "on", false: "off"}[b], nil
	case number:
		n, err := parseNumber(value, g.unit)
		return n, err
	case list:
		return word(name, strings.ToLower(value)), nil
	}
	return value, nil
}

// Readable is a value of pg_settings with its unit, as people write it.
func Readable(name, value string) string {
	unit := gucs[name].unit
	n, err := strconv.Atoi(value)
	switch {
	case unit == "" || err != nil || n <= 0:
		return value
	case unit == "ms" && n%1000 == 0:
		return strconv.Itoa(n/1000) + "s"
	}
	return value + unit
}

// word is the name that the server has for a word with several spellings.
func word(name, value string) string {
	switch name {
	case "wal_level":
		if value == "archive" || value == "hot_standby" {
			return "replica"
		}
	case "synchronous_commit", "archive_mode":
		if b, ok := parseBool(value); ok {
			return map[bool]string{true: "on", false: "off"}[b]
		}
	}
	return value
}

// parseBool takes what the server takes: also the beginnings of the words.
func parseBool(s string) (value, ok bool) {
	s = strings.ToLower(s)
	switch {
	case s == "1" || s == "on":
		return true, true
	case s == "0" || s == "off" || s == "of":
		return false, true
	case s == "":
		return false, false
	case strings.HasPrefix("true", s) || strings.HasPrefix("yes", s):
		return true, true
	case strings.HasPrefix("false", s) || strings.HasPrefix("no", s):
		return false, true
	}
	return false, false
}

// units are how much of the base unit one is. Of memory that is a kilobyte, of
// time a millisecond.
var units = map[string]float64{
	"B": 1.0 / 1024, "kB": 1, "MB": 1 << 10, "GB": 1 << 20, "TB": 1 << 30,
	"us": 0.001, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000,
}

func parseNumber(value, unit string) (string, error) {
	s := strings.TrimSpace(value)
	end := strings.LastIndexFunc(s, func(r rune) bool { return r >= '0' && r <= '9' || r == '.' }) + 1
	digits, given := s[:end], strings.TrimSpace(s[end:])
	n, err := strconv.ParseFloat(digits, 64)
	if whole, wholeErr := strconv.ParseInt(digits, 0, 64); wholeErr == nil {
		n, err = float64(whole), nil // hexadecimal and octal too
	}
	if err != nil {
		return value, fmt.Errorf("%q is no number", value)
	}
	if given != "" {
		from, known := units[given]
		if !known || unit == "" || memory(given) != memory(unit) {
			return value, fmt.Errorf("%q has no unit that fits", value)
		}
		n = n * from / units[unit]
	}
	return strconv.FormatFloat(math.RoundToEven(n), 'f', 0, 64), nil
}

func memory(unit string) bool { return strings.HasSuffix(unit, "B") }
