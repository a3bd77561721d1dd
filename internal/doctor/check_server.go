package doctor

import (
	"fmt"
	"slices"
	"strings"

	"pgrex/internal/message"
	"pgrex/internal/pg"
)

// serverChecks are those of PostgreSQL.
func serverChecks() []check {
	all := slices.Concat(settingChecks(), archiveChecks(), fileChecks(), slotChecks(), pairChecks(), loginChecks(), placeChecks())
	slices.SortFunc(all, func(a, b check) int { return strings.Compare(a.id, b.id) })
	return all
}

// eachServer makes a check on every node whose server something is known of.
func eachServer(c *Case, do func(n Node, s Server) []Finding) []Finding {
	return eachNode(c, func(n Node, f Facts) []Finding {
		if !f.Server.User.Known {
			return []Finding{notKnown(n.Name, f.Server.User.Why)}
		}
		return do(n, f.Server)
	})
}

// bothServers makes a check that compares the servers of both nodes.
func bothServers(c *Case, do func(a, b Node) []Finding) []Finding {
	return bothNodes(c, func(a, b Node) []Finding {
		for _, n := range []Node{a, b} {
			if u := server(n).User; !u.Known {
				return []Finding{notKnown(n.Name, u.Why)}
			}
		}
		return do(a, b)
	})
}

func server(n Node) Server { return n.Facts.Value.Server }

// tool is how a program of the server is run as its user.
func (s Server) tool(name string, args ...string) string {
	path := s.Programs[name].Path
	if path == "" {
		path = name
	}
	return strings.Join(append([]string{"runuser", "-u", s.User.Value.Name, "--", path}, args...), " ")
}

// psql is how a statement is given to the server.
func (s Server) psql(statement string) string {
	args := []string{"-p", s.Settings.Value["port"].Value}
	if args[1] == "" {
		args = nil
	}
	if dir, _, _ := strings.Cut(s.Settings.Value["unix_socket_directories"].Value, ","); s.Settings.Value["unix_socket_directories"].File {
		args = append(args, "-h", strings.TrimSpace(dir))
	}
	return s.tool("psql", append(args, "-c", `"`+strings.ReplaceAll(statement, `"`, `\"`)+`"`)...)
}

// onPrimary is a statement that changes what a standby has from its primary.
func (s Server) onPrimary(statement string) Phrase {
	return say(message.DRP000, "command", s.psql(statement))
}

// reload is how the server is made to read its files.
func (s Server) reload() string {
	return s.tool("pg_ctl", "reload", "-D", s.Directories[dirData].Path)
}

// releaseName is a release as people write it.
func releaseName(release int) string {
	if release > 900 {
		return fmt.Sprintf("%d.%d", release/100, release%100)
	}
	return fmt.Sprint(release)
}

// cureSetting are the steps to give a setting a value: in the file, on both
// nodes, and out of the file that ALTER SYSTEM writes.
func (s Server) cureSetting(name, value string) []Phrase {
	line := name + " = " + value
	var cure []Phrase
	if set := s.Settings.Value[name]; strings.Contains(set.Where, "/"+pg.AutoConf+":") {
		cure = append(cure, literal(s.psql("ALTER SYSTEM RESET "+name)))
	}
	if pg.NeedsRestart(s.Release.Value, name) {
		return append(cure, say(message.DRN000, "line", line, "file", s.Config.Path))
	}
	return append(cure, say(message.DRM000, "line", line, "file", s.Config.Path, "command", s.reload()))
}
