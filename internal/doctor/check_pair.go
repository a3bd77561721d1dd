package doctor

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pgrex/internal/message"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
)

func pairChecks() []check {
	return []check{{"DR-22", sizes}, {"DR-23", alike}, {"DR-40", oneSystem}, {"DR-41", oneHistory}, {"DR-45", libraries}}
}

// sizeSettings must be as large on a standby as on its primary, and each node
// may become either.
func sizeSettings(release int) []string {
	names := []string{"max_connections", "max_worker_processes", "max_prepared_transactions", "max_locks_per_transaction"}
	if pg.Has(release, "restore_command") {
		names = append(names, "max_wal_senders")
	}
	return names
}

func sizes(c *Case) []Finding {
	return bothServers(c, func(a, b Node) []Finding {
		sa, sb := server(a), server(b)
		if missing := append(needs(a.Name, sa.Settings, sa.Release), needs(b.Name, sb.Settings)...); missing != nil {
			return missing
		}
		var found []Finding
		for _, name := range sizeSettings(sa.Release.Value) {
			va, _ := strconv.Atoi(sa.Settings.Value[name].Value)
			vb, _ := strconv.Atoi(sb.Settings.Value[name].Value)
			if va == vb {
				continue
			}
			small, large, less, more := a, b, va, vb
			if vb < va {
				small, large, less, more = b, a, vb, va
			}
			found = append(found, Finding{State: Error, Node: small.Name, Found: say(message.DRA022, "name", name, "a", less, "b", more, "other", large.Name),
				Expected: say(message.DRX022), Why: say(message.DRW022), Cure: server(small).cureSetting(name, strconv.Itoa(more))})
		}
		return found
	})
}

// likeSettings are the prescribed settings that have to be equal and that no
// other check compares.
func likeSettings(release int) []string {
	names := []string{
		"archive_command", "archive_library", "archive_mode", "fsync", "full_page_writes", "hot_standby", "hot_standby_feedback",
		"listen_addresses", "log_line_prefix", "logging_collector", "max_replication_slots", "max_slot_wal_keep_size", "max_standby_archive_delay",
		"max_standby_streaming_delay", "max_wal_senders", "password_encryption", "port", "recovery_min_apply_delay", "restart_after_crash",
		"superuser_reserved_connections", "synchronous_commit", "unix_socket_directories", "wal_keep_segments", "wal_keep_size", "wal_level",
		"wal_log_hints", "wal_receiver_status_interval", "wal_receiver_timeout", "wal_sender_timeout",
	}
	return slices.DeleteFunc(names, func(s string) bool { return slices.Contains(sizeSettings(release), s) })
}

func alike(c *Case) []Finding {
	return bothServers(c, func(a, b Node) []Finding {
		sa, sb := server(a), server(b)
		if missing := append(needs(a.Name, sa.Settings, sa.Release), needs(b.Name, sb.Settings)...); missing != nil {
			return missing
		}
		var found []Finding
		for _, name := range likeSettings(sa.Release.Value) {
			va, vb := sa.Settings.Value[name].Value, sb.Settings.Value[name].Value
			if va != vb {
				found = append(found, Finding{State: Warning, Found: say(message.DRA023, "name", name, "a", quoted(va), "node", a.Name, "b", quoted(vb), "other", b.Name),
					Expected: say(message.DRX023), Why: say(message.DRW023), Cure: []Phrase{say(message.DRM023, "name", name, "file", sa.Config.Path)}})
			}
		}
		return found
	})
}

// quoted makes an empty value visible.
func quoted(v string) string {
	if v == "" {
		return "''"
	}
	return v
}

// oneSystem makes sure that both nodes have data of one database cluster.
func oneSystem(c *Case) []Finding {
	return bothServers(c, func(a, b Node) []Finding {
		sa, sb := server(a), server(b)
		if missing := append(needs(a.Name, sa.Control), needs(b.Name, sb.Control)...); missing != nil {
			return missing
		}
		ia, ib := sa.Control.Value.SystemID, sb.Control.Value.SystemID
		if ia == ib {
			return nil
		}
		return []Finding{{State: Critical, Found: say(message.DRA040, "a", ia, "node", a.Name, "b", ib, "other", b.Name),
			Expected: say(message.DRX040), Why: say(message.DRW040), Cure: []Phrase{say(message.DRM040)}}}
	})
}

// oneHistory makes sure that neither node has gone a way of its own.
func oneHistory(c *Case) []Finding {
	return bothServers(c, func(a, b Node) []Finding {
		sa, sb := server(a), server(b)
		if missing := append(needs(a.Name, sa.Ancestry, sa.Control), needs(b.Name, sb.Ancestry, sb.Control)...); missing != nil {
			return missing
		}
		if sa.Control.Value.SystemID != sb.Control.Value.SystemID {
			return nil // DR-40
		}
		at, on, relation := wal.Fork(sa.Ancestry.Value, sb.Ancestry.Value)
		behind := func(s Server) bool { return max(s.Control.Value.MinRecovery, s.Control.Value.Checkpoint) > at }
		switch {
		case relation == wal.Same,
			relation == wal.AncestorOf && !behind(sa), relation == wal.DescendantOf && !behind(sb):
			return nil
		}
		return []Finding{{State: Critical, Found: say(message.DRA041, "timeline", on, "position", at), Expected: say(message.DRX041),
			Why: say(message.DRW041), Cure: []Phrase{say(message.DRM041)}}}
	})
}

// libraries makes sure that what one node preloads is there on the other.
func libraries(c *Case) []Finding {
	return bothServers(c, func(a, b Node) []Finding {
		sa, sb := server(a), server(b)
		names := slices.Concat(preloaded(sa), preloaded(sb))
		slices.Sort(names)
		names = slices.Compact(names)
		if missing := append(needs(a.Name, sa.Settings), needs(b.Name, sb.Settings)...); missing != nil {
			return missing
		}
		if len(names) == 0 {
			return nil
		}
		if missing := append(needs(a.Name, sa.Libraries), needs(b.Name, sb.Libraries)...); missing != nil {
			return missing
		}
		var found []Finding
		for _, n := range []Node{a, b} {
			for _, name := range names {
				if !slices.Contains(server(n).Libraries.Value, name) {
					found = append(found, Finding{State: Error, Node: n.Name, Found: say(message.DRA045, "name", name), Expected: say(message.DRX045),
						Why: say(message.DRW045), Cure: []Phrase{say(message.DRM045, "name", name, "node", n.Name)}})
				}
			}
		}
		return found
	})
}

// preloaded are the libraries that a server loads at its start. One that is
// named with a place of its own is not looked for.
func preloaded(s Server) []string {
	var names []string
	for _, name := range strings.Split(s.Settings.Value["shared_preload_libraries"].Value, ",") {
		name = strings.TrimSuffix(strings.TrimPrefix(strings.Trim(name, ` "`), "$libdir/"), ".so")
		if name != "" && !filepath.IsAbs(name) {
			names = append(names, name)
		}
	}
	return names
}
