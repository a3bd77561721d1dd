package doctor

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pgrex/internal/message"
	"pgrex/internal/pg"
)

func fileChecks() []check {
	return []check{
		{"DR-10", notByHand}, {"DR-11", afterIncludes}, {"DR-24", sockets}, {"DR-25", places}, {"DR-26", signals},
		{"DR-27", pending}, {"DR-28", wrongLines}, {"DR-43", namesPeer},
	}
}

// agents are the settings that the agent writes and nobody else may. Before
// release 12 all but one of them are no settings of the server, which refuses a
// file that has them (DR-28).
func agents(release int, name string) bool {
	if name == "synchronous_standby_names" {
		return true
	}
	own := []string{"primary_conninfo", "primary_slot_name", "restore_command"}
	return pg.Has(release, name) && (slices.Contains(own, name) || strings.HasPrefix(name, "recovery_target"))
}

// agentFile says that a file is one that the agent writes.
func agentFile(c *Case, path string) bool {
	base := filepath.Base(path)
	return (base == "recovery.conf" || base == "rep_mode.conf") && filepath.Dir(path) == filepath.Clean(c.Database.Value.Params.TmpDir)
}

// byHand are the lines that set what only the agent may, with whether they stand
// behind its include lines, and those include lines.
func byHand(c *Case, s Server) (before, after, includes []pg.ConfLine) {
	for _, l := range s.Lines.Value {
		switch {
		case l.Name == "include" && agentFile(c, l.Value):
			includes = append(includes, l)
		case !agents(s.Release.Value, l.Name) || agentFile(c, l.File):
		case len(includes) > 0 && filepath.Base(l.File) != pg.AutoConf:
			after = append(after, l)
		default:
			before = append(before, l)
		}
	}
	return before, after, includes
}

func notByHand(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needs(n.Name, s.Lines, s.Release); missing != nil {
			return missing
		}
		lines, _, _ := byHand(c, s)
		var found []Finding
		for _, l := range lines {
			f := Finding{State: Error, Found: say(message.DRA010, "name", l.Name, "where", l.At()), Expected: say(message.DRX010),
				Why: say(message.DRW010), Cure: []Phrase{say(message.DRM010, "where", l.At())}}
			if filepath.Base(l.File) == pg.AutoConf {
				f.Cure = []Phrase{literal(s.psql("ALTER SYSTEM RESET " + l.Name))}
				if l.Name == "synchronous_standby_names" {
					f.State, f.Why = Critical, say(message.DRV010)
				}
			}
			found = append(found, f)
		}
		return found
	})
}

func afterIncludes(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needs(n.Name, s.Lines, s.Release); missing != nil {
			return missing
		}
		_, lines, includes := byHand(c, s)
		var found []Finding
		add := func(what Phrase, l pg.ConfLine) {
			found = append(found, Finding{State: Error, Found: what, Expected: say(message.DRX011), Why: say(message.DRW011),
				Cure: []Phrase{say(message.DRM010, "where", l.At())}})
		}
		for _, l := range lines {
			add(say(message.DRA011, "name", l.Name, "where", l.At()), l)
		}
		for i, l := range includes {
			if slices.ContainsFunc(includes[:i], func(o pg.ConfLine) bool { return o.Value == l.Value }) {
				add(say(message.DRB011, "path", l.Value, "where", l.At()), l)
			}
		}
		return found
	})
}

// sockets makes sure that the agent looks for the socket where the server has it.
func sockets(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needs(n.Name, s.Settings, c.Database); missing != nil {
			return missing
		}
		p, set := c.Database.Value.Params, s.Settings.Value["unix_socket_directories"]
		if !set.File || p.PgHost != "" {
			return nil
		}
		var dirs []string
		for _, d := range strings.Split(set.Value, ",") {
			dirs = append(dirs, filepath.Clean(strings.Trim(d, ` "`)))
		}
		if p.SocketDir != "" && slices.Contains(dirs, filepath.Clean(p.SocketDir)) {
			return nil
		}
		given := p.SocketDir
		if given == "" {
			given = "''"
		}
		return []Finding{{State: Error, Found: say(message.DRA024, "value", set.Value, "where", set.Where, "given", given),
			Expected: say(message.DRX024), Why: say(message.DRW024), Cure: []Phrase{c.param("socketdir", dirs[0])}}}
	})
}

// param is how a parameter of the resource is set.
func (c *Case) param(name, value string) Phrase {
	return say(message.DRQ000, "command", "crm_resource -r "+c.Database.Value.Resource+" --set-parameter "+name+" --parameter-value "+value)
}

// places makes sure that definition and server mean the same files.
func places(c *Case) []Finding {
	found := eachServer(c, func(n Node, s Server) []Finding {
		if missing := needs(n.Name, c.Database); missing != nil {
			return missing
		}
		p := c.Database.Value.Params
		var list []Finding
		add := func(what, cure Phrase) {
			list = append(list, Finding{State: Error, Found: what, Expected: say(message.DRX025), Why: say(message.DRW025), Cure: []Phrase{cure}})
		}
		if !s.Config.Exists && s.Directories[dirData].Exists {
			cure := say(message.DRM025, "path", p.Config)
			if d := s.Config.Debian; d != nil {
				cure = c.param("config", d.Config)
			}
			add(say(message.DRA025, "path", p.Config), cure)
		}
		if !s.Settings.Known {
			return append(list, notKnown(n.Name, s.Settings.Why))
		}
		if set := s.Settings.Value["data_directory"]; filepath.Clean(set.Value) != filepath.Clean(p.PgData) && set.Value != s.Directories[dirData].Real {
			add(say(message.DRB025, "value", set.Value, "where", set.Where, "data", p.PgData), c.param("pgdata", set.Value))
		}
		return list
	})
	if len(c.Nodes) < 2 || len(found) > 0 {
		return found
	}
	return append(found, bothServers(c, func(a, b Node) []Finding { return outside(c, a, b) })...)
}

// outside makes sure that a file lies outside of the data on both nodes or on none.
func outside(c *Case, a, b Node) []Finding {
	var found []Finding
	for _, name := range []string{"hba_file", "ident_file"} {
		va, vb := server(a).Settings.Value[name], server(b).Settings.Value[name]
		if filepath.Clean(va.Value) != filepath.Clean(vb.Value) {
			found = append(found, Finding{State: Error, Node: b.Name, Found: say(message.DRC025, "name", name, "a", va.Value, "node", a.Name, "b", vb.Value, "other", b.Name),
				Expected: say(message.DRY025), Why: say(message.DRV025), Cure: []Phrase{say(message.DRN025, "name", name)}})
		}
	}
	return found
}

// signals looks for files that belong to another release.
func signals(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needs(n.Name, s.Release, s.RecoveryConf, s.StandbySignal); missing != nil {
			return missing
		}
		newer := pg.Has(s.Release.Value, "restore_command")
		name := "standby.signal"
		switch {
		case newer && s.RecoveryConf.Value:
			name = "recovery.conf"
		case newer || !s.StandbySignal.Value:
			return nil
		}
		path := filepath.Join(c.Database.Value.Params.PgData, name)
		return []Finding{{State: Error, Found: say(message.DRA026, "path", path, "release", releaseName(s.Release.Value)), Expected: say(message.DRX026),
			Why: say(message.DRW026), Cure: []Phrase{literal("rm " + path)}}}
	})
}

// pending looks for settings that wait for a restart. A server that is stopped
// has none.
func pending(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if s.Running.Known && !s.Running.Value {
			return nil
		}
		if missing := needs(n.Name, s.Survey, s.Settings); missing != nil {
			return missing
		}
		var found []Finding
		for _, name := range pg.KnownSettings() {
			if s.Settings.Value[name].Pending {
				found = append(found, Finding{State: Warning, Found: say(message.DRA027, "name", name, "value", s.Settings.Value[name].Value),
					Expected: say(message.DRX027), Why: say(message.DRW027), Cure: []Phrase{say(message.DRM027, "resource", c.Database.Value.Resource)}})
			}
		}
		return found
	})
}

// wrongLines looks for lines that the server would not take.
func wrongLines(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needs(n.Name, s.Lines, s.Release); missing != nil {
			return missing
		}
		var found []Finding
		for _, l := range s.Lines.Value {
			problem := l.Error
			gone := pg.Gone(s.Release.Value, l.Name)
			switch {
			case gone:
				problem = fmt.Sprintf("PostgreSQL %s: unrecognized configuration parameter %q", releaseName(s.Release.Value), l.Name)
			case problem == "" || s.Settings.Value[l.Name].Pending: // which waits for a restart (DR-27)
				continue
			}
			found = append(found, Finding{State: Error, Found: say(message.DRA028, "where", l.At(), "err", problem), Expected: say(message.DRX028),
				Why: say(message.DRW028), Cure: []Phrase{replacement(s.Release.Value, l)}})
		}
		return found
	})
}

// replacement is what takes the place of a line of another release.
func replacement(release int, l pg.ConfLine) Phrase {
	const segment = 16 // MB
	n, _ := strconv.Atoi(l.Value)
	switch {
	case l.Name == "wal_keep_segments" && !pg.Has(release, l.Name):
		return say(message.DRN028, "where", l.At(), "line", fmt.Sprintf("wal_keep_size = %dMB", n*segment))
	case l.Name == "wal_keep_size" && !pg.Has(release, l.Name):
		if v, err := pg.Canonical(l.Name, l.Value); err == nil {
			n, _ = strconv.Atoi(v)
		}
		return say(message.DRN028, "where", l.At(), "line", fmt.Sprintf("wal_keep_segments = %d", (n+segment-1)/segment))
	}
	return say(message.DRM028, "where", l.At())
}

// namesPeer looks for stored settings that go to the peer itself and not to
// where the primary is.
func namesPeer(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needs(n.Name, s.Lines, s.Written, c.Database); missing != nil {
			return missing
		}
		peers := c.peersOf(n)
		var found []Finding
		add := func(name, where, host string) {
			found = append(found, Finding{State: Warning, Found: say(message.DRA043, "name", name, "where", where, "host", host),
				Expected: say(message.DRX043, "address", c.Database.Value.Params.MasterIP), Why: say(message.DRW043), Cure: []Phrase{say(message.DRM043, "where", where)}})
		}
		lines := s.Lines.Value
		if !slices.ContainsFunc(lines, func(l pg.ConfLine) bool { return l.Include() && agentFile(c, l.Value) }) {
			lines = slices.Concat(lines, s.Written.Value)
		}
		for _, l := range lines {
			if l.Include() || l.Name == "synchronous_standby_names" { // which holds names of nodes
				continue
			}
			if host := mentions(l.Value, peers); host != "" {
				add(l.Name, l.At(), host)
			}
		}
		if host := mentions(c.Database.Value.Params.RestoreCommand, peers); host != "" {
			add("restore_command", c.Database.Value.Resource, host)
		}
		return found
	})
}

// peersOf are the names and addresses of the other nodes.
func (c *Case) peersOf(n Node) []string {
	var names []string
	for _, name := range c.Database.Value.Params.NodeList {
		if !strings.EqualFold(name, n.Name) {
			names = append(names, name)
		}
	}
	if _, peer := c.dlan(n); peer.IsValid() {
		names = append(names, peer.String())
	}
	return names
}

// mentions is the first of some hosts that stands in a text as a word.
func mentions(text string, hosts []string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t'\"=,:@/;|&()<>", r) })
	for _, h := range hosts {
		if slices.Contains(words, h) {
			return h
		}
	}
	return ""
}
